// SPDX-License-Identifier: Apache-2.0
//! The functions of etl.wit over table.rs.

mod cbor;
mod csv;
mod number;
mod table;

use crate::bindings::*;
use cbor::Writer;

static OUT: State<Writer> = State::new(Writer::new());

pub struct Component;

impl Guest for Component {
    fn encode<'a>(call: &'a Call, csv: Text<'a>) -> Result<List<'a, u8>, Fault> {
        let out = &mut *OUT.borrow_mut();
        out.clear();
        table::encode(csv.as_bytes(), out).map_err(fault)?;
        Ok(List::of(copied(call, out)))
    }

    fn decode<'a>(call: &'a Call, cbor: List<'a, u8>) -> Result<Text<'a>, Fault> {
        let out = &mut *OUT.borrow_mut();
        out.clear();
        table::decode(&cbor, out).map_err(fault)?;
        match core::str::from_utf8(copied(call, out)) {
            Ok(text) => Ok(Text::of(text)),
            // Every text in it was looked at.
            Err(_) => Err(Fault { place: 0, reason: Reason::Cbor }),
        }
    }
}

fn copied<'a>(call: &'a Call, out: &Writer) -> &'a [u8] {
    let room = call.list(out.length, 0u8);
    room.copy_from_slice(&out.bytes[..out.length]);
    room
}

fn fault((place, reason): table::Fault) -> Fault {
    let reason = match reason {
        table::Reason::Empty => Reason::Empty,
        table::Reason::Quotes => Reason::Quotes,
        table::Reason::Fields => Reason::Fields,
        table::Reason::Names => Reason::Names,
        table::Reason::Cbor => Reason::Cbor,
        table::Reason::TooLarge => Reason::TooLarge,
    };
    Fault { place, reason }
}
