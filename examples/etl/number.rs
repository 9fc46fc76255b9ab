// SPDX-License-Identifier: Apache-2.0
//! Plain decimal numbers, digit for digit: what is read is written back the same.

use super::cbor::Writer;

/// Digits that a double would hold exactly, too.
const MOST_DIGITS: usize = 15;

/// (mantissa, decimal places), or None for text that is no plain number: no leading zeros, no plus, no exponent, no minus zero.
pub fn parse(text: &[u8]) -> Option<(i64, u32)> {
    let (negative, digits) = match text.first()? {
        b'-' => (true, &text[1..]),
        _ => (false, text),
    };
    let point = digits.iter().position(|byte| *byte == b'.');
    let whole = point.unwrap_or(digits.len());
    if whole == 0 || (whole > 1 && digits[0] == b'0') || point == Some(digits.len() - 1) {
        return None;
    }
    let places = point.map_or(0, |at| digits.len() - 1 - at);
    if whole + places > MOST_DIGITS {
        return None;
    }
    let mut mantissa = 0i64;
    for (at, byte) in digits.iter().enumerate() {
        if Some(at) != point {
            mantissa = mantissa * 10 + byte.checked_sub(b'0').filter(|digit| *digit < 10)? as i64;
        }
    }
    match (negative, mantissa) {
        (true, 0) => None,
        (true, _) => Some((-mantissa, places as u32)),
        _ => Some((mantissa, places as u32)),
    }
}

/// The inverse of `parse`; None for a mantissa of more digits than that reads.
pub fn write(out: &mut Writer, mantissa: i64, places: u32) -> Option<()> {
    let mut digits = [b'0'; 20];
    let (mut rest, mut at) = (mantissa.unsigned_abs(), digits.len());
    while rest > 0 || digits.len() - at <= places as usize {
        at = at.checked_sub(1)?;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if digits.len() - at > MOST_DIGITS {
        return None;
    }
    if mantissa < 0 {
        out.put(b"-");
    }
    let whole = digits.len() - places as usize;
    out.put(&digits[at..whole]);
    if places > 0 {
        out.put(b".");
        out.put(&digits[whole..]);
    }
    Some(())
}
