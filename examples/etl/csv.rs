// SPDX-License-Identifier: Apache-2.0
//! Lines and fields of CSV (RFC 4180). Lines end with LF or CR LF; the last one may do without.

/// One field: its bytes as they stand, without the quotes around them but with doubled ones inside.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    pub bytes: &'a [u8],
    pub quoted: bool,
}

/// What stands behind a field.
#[derive(PartialEq)]
pub enum End {
    Comma,
    Line,
    Text,
}

#[derive(Clone)]
pub struct Cursor<'a> {
    pub text: &'a [u8],
    pub at: usize,
    /// From 1.
    pub line: u32,
}

impl<'a> Cursor<'a> {
    pub fn done(&self) -> bool {
        self.at >= self.text.len()
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The next field and what ends it; None for wrong quotes.
    pub fn field(&mut self) -> Option<(Field<'a>, End)> {
        let field = if self.peek() == Some(b'"') { self.quoted()? } else { self.plain()? };
        self.line += field.bytes.iter().filter(|byte| **byte == b'\n').count() as u32;
        let end = match self.peek() {
            None => End::Text,
            Some(b',') => End::Comma,
            Some(b'\n') => End::Line,
            Some(b'\r') if self.text.get(self.at + 1) == Some(&b'\n') => {
                self.at += 1;
                End::Line
            }
            _ => return None,
        };
        self.at += (end != End::Text) as usize;
        self.line += (end == End::Line) as u32;
        Some((field, end))
    }

    fn plain(&mut self) -> Option<Field<'a>> {
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b',' | b'\n' => break,
                b'\r' if self.text.get(self.at + 1) == Some(&b'\n') => break,
                b'"' => return None,
                _ => self.at += 1,
            }
        }
        Some(Field { bytes: &self.text[start..self.at], quoted: false })
    }

    fn quoted(&mut self) -> Option<Field<'a>> {
        let start = self.at + 1;
        self.at = start;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            if byte == b'"' {
                if self.peek() != Some(b'"') {
                    return Some(Field { bytes: &self.text[start..self.at - 1], quoted: true });
                }
                self.at += 1;
            }
        }
    }
}

/// Whether a text has to stand in quotes.
pub fn needs_quotes(text: &[u8]) -> bool {
    text.is_empty() || super::number::parse(text).is_some() || text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
}
