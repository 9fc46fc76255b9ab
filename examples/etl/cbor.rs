// SPDX-License-Identifier: Apache-2.0
//! The part of CBOR (RFC 8949) that a table needs: arrays, maps, text, integers, decimal fractions, null; every head as
//! short as it can be.

pub const LIMIT: usize = 2048;

pub const UINT: u8 = 0;
pub const NEGATIVE: u8 = 1;
pub const TEXT: u8 = 3;
pub const ARRAY: u8 = 4;
pub const MAP: u8 = 5;
const TAG: u8 = 6;
const NULL: u8 = 0xF6;
/// Decimal fraction, RFC 8949 section 3.4.4: an array of exponent and mantissa.
const DECIMAL: u64 = 4;

/// Bytes on their way out. What does not fit marks it full and is left out.
pub struct Writer {
    pub bytes: [u8; LIMIT],
    pub length: usize,
    pub full: bool,
}

impl Writer {
    pub const fn new() -> Writer {
        Writer { bytes: [0; LIMIT], length: 0, full: false }
    }

    pub fn clear(&mut self) {
        self.length = 0;
        self.full = false;
    }

    pub fn put(&mut self, bytes: &[u8]) {
        match self.bytes.get_mut(self.length..self.length + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.length += bytes.len();
            }
            None => self.full = true,
        }
    }

    pub fn head(&mut self, major: u8, value: u64) {
        let all = value.to_be_bytes();
        let (info, bytes) = match value {
            0..=23 => (value as u8, 0),
            24..=0xFF => (24, 1),
            0x100..=0xFFFF => (25, 2),
            0x1_0000..=0xFFFF_FFFF => (26, 4),
            _ => (27, 8),
        };
        self.put(&[major << 5 | info]);
        self.put(&all[8 - bytes..]);
    }

    pub fn text(&mut self, text: &[u8]) {
        self.head(TEXT, text.len() as u64);
        self.put(text);
    }

    pub fn null(&mut self) {
        self.put(&[NULL]);
    }

    pub fn integer(&mut self, value: i64) {
        if value < 0 {
            self.head(NEGATIVE, !value as u64);
        } else {
            self.head(UINT, value as u64);
        }
    }

    /// mantissa / 10^places
    pub fn decimal(&mut self, mantissa: i64, places: u32) {
        self.head(TAG, DECIMAL);
        self.head(ARRAY, 2);
        self.integer(-(places as i64));
        self.integer(mantissa);
    }
}

pub enum Item<'a> {
    Number(i64, u32),
    Text(&'a [u8]),
    Null,
}

/// Reads what Writer wrote; None for all else.
pub struct Reader<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Reader<'a> {
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    /// (major type, value) of a head in its shortest form.
    fn any_head(&mut self) -> Option<(u8, u64)> {
        let first = *self.take(1)?.first()?;
        let (info, extra) = (first & 31, [1usize, 2, 4, 8]);
        if info < 24 {
            return Some((first >> 5, info as u64));
        }
        let count = *extra.get(info as usize - 24)?;
        let value = self.take(count)?.iter().fold(0u64, |sum, byte| sum << 8 | *byte as u64);
        let shortest = [24u64, 0x100, 0x1_0000, 0x1_0000_0000];
        if value < *shortest.get(info as usize - 24)? {
            return None;
        }
        Some((first >> 5, value))
    }

    pub fn head(&mut self, major: u8) -> Option<usize> {
        match self.any_head()? {
            (found, value) if found == major && value <= LIMIT as u64 => Some(value as usize),
            _ => None,
        }
    }

    pub fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.head(TEXT)?;
        self.take(length)
    }

    fn integer(&mut self) -> Option<i64> {
        match self.any_head()? {
            (UINT, value) => i64::try_from(value).ok(),
            (NEGATIVE, value) => Some(!i64::try_from(value).ok()?),
            _ => None,
        }
    }

    fn decimal(&mut self) -> Option<Item<'a>> {
        if self.any_head()? != (TAG, DECIMAL) || self.head(ARRAY)? != 2 {
            return None;
        }
        match self.integer()? {
            exponent if (-15..0).contains(&exponent) => Some(Item::Number(self.integer()?, -exponent as u32)),
            _ => None,
        }
    }

    pub fn item(&mut self) -> Option<Item<'a>> {
        let first = *self.bytes.get(self.at)?;
        match first >> 5 {
            TEXT => Some(Item::Text(self.text()?)),
            TAG => self.decimal(),
            _ if first == NULL => self.take(1).map(|_| Item::Null),
            _ => Some(Item::Number(self.integer()?, 0)),
        }
    }
}
