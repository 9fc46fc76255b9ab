// SPDX-License-Identifier: Apache-2.0
//! CSV to CBOR and back, row by row.

use super::cbor::{Item, Reader, Writer, ARRAY, LIMIT, MAP, TEXT};
use super::csv::{needs_quotes, Cursor, End, Field};
use super::number;

const MOST_COLUMNS: usize = 16;

#[derive(Clone, Copy)]
pub enum Reason {
    Empty,
    Quotes,
    Fields,
    Names,
    Cbor,
    TooLarge,
}

/// (line or byte, reason)
pub type Fault = (u32, Reason);

#[derive(Clone, Copy)]
struct Columns<'a> {
    names: [&'a [u8]; MOST_COLUMNS],
    count: usize,
}

impl<'a> Columns<'a> {
    const NONE: Columns<'static> = Columns { names: [&[]; MOST_COLUMNS], count: 0 };

    fn names(&self) -> &[&'a [u8]] {
        &self.names[..self.count]
    }

    fn add(&mut self, name: &'a [u8]) -> Result<(), Reason> {
        if self.names().contains(&name) {
            return Err(Reason::Names);
        }
        *self.names.get_mut(self.count).ok_or(Reason::TooLarge)? = name;
        self.count += 1;
        Ok(())
    }
}

pub fn encode(csv: &[u8], out: &mut Writer) -> Result<(), Fault> {
    if csv.len() > LIMIT {
        return Err((1, Reason::TooLarge));
    }
    let mut cursor = Cursor { text: csv, at: 0, line: 1 };
    let columns = header(&mut cursor)?;
    // CBOR says how many rows there are before the first of them.
    let (mut counted, mut count) = (cursor.clone(), 0);
    while !counted.done() {
        row(&mut counted, &columns, |_, _| ())?;
        count += 1;
    }
    out.head(ARRAY, count);
    while !cursor.done() {
        out.head(MAP, columns.count as u64);
        row(&mut cursor, &columns, |name, field| {
            unescaped(out, name);
            value(out, field);
        })?;
    }
    if out.full { Err((cursor.line, Reason::TooLarge)) } else { Ok(()) }
}

fn header<'a>(cursor: &mut Cursor<'a>) -> Result<Columns<'a>, Fault> {
    if cursor.done() {
        return Err((1, Reason::Empty));
    }
    let mut columns = Columns::NONE;
    loop {
        let (field, end) = cursor.field().ok_or((cursor.line, Reason::Quotes))?;
        columns.add(field.bytes).map_err(|reason| (1, reason))?;
        if end != End::Comma {
            return Ok(columns);
        }
    }
}

fn row<'a>(cursor: &mut Cursor<'a>, columns: &Columns<'a>, mut each: impl FnMut(&[u8], Field)) -> Result<(), Fault> {
    let line = cursor.line;
    for (at, name) in columns.names().iter().enumerate() {
        let (field, end) = cursor.field().ok_or((line, Reason::Quotes))?;
        if (end == End::Comma) != (at + 1 < columns.count) {
            return Err((line, Reason::Fields));
        }
        each(name, field);
    }
    Ok(())
}

fn value(out: &mut Writer, field: Field) {
    match number::parse(field.bytes) {
        _ if field.quoted => unescaped(out, field.bytes),
        _ if field.bytes.is_empty() => out.null(),
        Some((mantissa, 0)) => out.integer(mantissa),
        Some((mantissa, places)) => out.decimal(mantissa, places),
        None => unescaped(out, field.bytes),
    }
}

/// Doubled quotes become one: only quoted fields have any.
fn unescaped(out: &mut Writer, bytes: &[u8]) {
    let quotes = bytes.iter().filter(|byte| **byte == b'"').count();
    out.head(TEXT, (bytes.len() - quotes / 2) as u64);
    let mut kept = true;
    for byte in bytes {
        kept = *byte != b'"' || !kept;
        if kept {
            out.put(&[*byte]);
        }
    }
}

pub fn decode(cbor: &[u8], out: &mut Writer) -> Result<(), Fault> {
    let mut reader = Reader { bytes: cbor, at: 0 };
    match rows(&mut reader, out) {
        None => Err((reader.at as u32, Reason::Cbor)),
        Some(()) if reader.at < cbor.len() => Err((reader.at as u32, Reason::Cbor)),
        Some(()) if out.full => Err((reader.at as u32, Reason::TooLarge)),
        Some(()) => Ok(()),
    }
}

fn rows(reader: &mut Reader, out: &mut Writer) -> Option<()> {
    let count = reader.head(ARRAY)?;
    let mut columns = Columns::NONE;
    for at in 0..count {
        let start = reader.at;
        if at == 0 {
            columns = keys(reader)?;
            line(out, columns.names(), |out, name| quoted(out, name));
            reader.at = start;
        }
        values(reader, &columns, out)?;
    }
    Some(())
}

/// The keys of the map that comes next, each once.
fn keys<'a>(reader: &mut Reader<'a>) -> Option<Columns<'a>> {
    let mut columns = Columns::NONE;
    for _ in 0..reader.head(MAP).filter(|count| *count > 0)? {
        columns.add(utf8(reader.text()?)?).ok()?;
        reader.item()?;
    }
    Some(columns)
}

fn values(reader: &mut Reader, columns: &Columns, out: &mut Writer) -> Option<()> {
    if reader.head(MAP)? != columns.count {
        return None;
    }
    let mut fine = Some(());
    line(out, columns.names(), |out, name| {
        fine = fine.and_then(|_| if reader.text()? == *name { field(out, reader.item()?) } else { None });
    });
    fine
}

fn field(out: &mut Writer, item: Item) -> Option<()> {
    match item {
        Item::Null => Some(()),
        Item::Number(mantissa, places) => number::write(out, mantissa, places),
        Item::Text(text) => utf8(text).map(|text| quoted(out, text)),
    }
}

fn line<T>(out: &mut Writer, parts: &[T], mut each: impl FnMut(&mut Writer, &T)) {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.put(b",");
        }
        each(out, part);
    }
    out.put(b"\n");
}

fn quoted(out: &mut Writer, text: &[u8]) {
    if !needs_quotes(text) {
        return out.put(text);
    }
    out.put(b"\"");
    for byte in text {
        out.put(if *byte == b'"' { b"\"\"" } else { core::slice::from_ref(byte) });
    }
    out.put(b"\"");
}

fn utf8(text: &[u8]) -> Option<&[u8]> {
    core::str::from_utf8(text).ok().map(|_| text)
}
