//! A JSON file cut into its objects, wherever its lines end.

use crate::error::Result;
use crate::ingest::encoding::{Encoding, decode_line};
use crate::ingest::formats::packed::read_error;
use crate::ingest::lines::{LineReader, MAX_ROW, RawLine};
use crate::ingest::records::RowSpan;
use crate::ticket::Reason;
use serde_json::value::RawValue;
use std::io::Read;

/// A piece of a JSON file.
pub(super) enum Object {
    Text(String, RowSpan),
    /// White space, or the brackets and commas of the array.
    Blank(RowSpan),
    Bad(RowSpan, Reason, String, Option<Vec<u8>>),
}

/// Cuts a file into objects. A line that is an object by itself is one; else lines are joined until the braces close.
pub(super) struct Objects<R> {
    pub(super) lines: LineReader<R>,
    encoding: Encoding,
    pub(super) mixed_lines: u64,
    /// What is left of a line on which an object ended.
    rest: Option<Line>,
    /// Whether the file is an array, or several.
    in_array: bool,
    /// Whether anything but white space came.
    begun: bool,
}

/// A line, of which a part may be read. It may hold very many objects: what is left is not copied for each.
struct Line {
    text: String,
    /// Where what is left begins.
    at: usize,
    /// The place of what is left.
    span: RowSpan,
    /// What its bytes are.
    encoding: Encoding,
}

impl Line {
    fn left(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes the text up to `end`, with the white space and marks of the array that end the line.
    fn take(&mut self, end: usize) -> RowSpan {
        let left = self.text.get(end..).unwrap_or_default();
        let end = if matches!(left.trim(), "" | "," | "]") { self.text.len() } else { end };
        // Bytes that no character needs go to the last piece.
        let bytes = if end == self.text.len() { self.span.len } else { self.encoding.bytes(self.text.get(self.at..end).unwrap_or_default()) as u64 };
        let len = bytes.min(self.span.len);
        let taken = RowSpan { len, ..self.span };
        self.at = end;
        self.span = RowSpan { line: self.span.line, start: self.span.start + len, len: self.span.len - len };
        taken
    }

    /// What is left, if anything is.
    fn rest(self) -> Option<Line> {
        Some(self).filter(|l| !l.left().is_empty())
    }
}

impl<R: Read> Objects<R> {
    pub(super) fn new(lines: LineReader<R>, encoding: Encoding) -> Self {
        Objects { lines, encoding, mixed_lines: 0, rest: None, in_array: false, begun: false }
    }

    fn line(&mut self) -> Result<Option<std::result::Result<Line, Object>>> {
        let line = self.lines.next_line().map_err(|e| read_error(&e))?;
        Ok(match line {
            None => None,
            Some(RawLine::TooLong(span)) => {
                let detail = format!("line of {} bytes, at most {MAX_ROW} are read", span.len);
                Some(Err(Object::Bad(span.into(), Reason::TooLong, detail, None)))
            }
            Some(RawLine::Line(bytes, span)) => match decode_line(self.encoding, bytes) {
                Some((text, mixed)) => {
                    self.mixed_lines += u64::from(mixed);
                    let encoding = match self.encoding {
                        Encoding::Utf8 if mixed => Encoding::Gb18030,
                        _ if mixed => Encoding::Utf8,
                        encoding => encoding,
                    };
                    Some(Ok(Line { text: text.into_owned(), at: 0, span: span.into(), encoding }))
                }
                None => Some(Err(Object::Bad(span.into(), Reason::BadEncoding, format!("bytes that are not {}", self.encoding), Some(bytes.to_vec())))),
            },
        })
    }

    pub(super) fn next_object(&mut self) -> Result<Option<Object>> {
        let mut line = match self.rest.take() {
            Some(rest) => rest,
            None => match self.line()? {
                None => return Ok(None),
                Some(Err(bad)) => return Ok(Some(bad)),
                Some(Ok(line)) => line,
            },
        };
        let begin = line.text.len() - self.without_marks(line.left()).len();
        let body = line.text.get(begin..).unwrap_or_default();
        if body.is_empty() {
            return Ok(Some(Object::Blank(line.span)));
        }
        if body.starts_with('{') {
            return self.object(line, begin).map(Some);
        }
        // What is no object costs its line, in an array its place.
        let end = if self.in_array { begin + element(body) } else { line.text.len() };
        let raw = line.text.get(begin..end).map(|t| t.as_bytes().to_vec());
        let span = line.take(end);
        self.rest = line.rest();
        Ok(Some(Object::Bad(span, Reason::BadJson, "expected an object `{…}`".to_owned(), raw)))
    }

    /// What comes after white space and the array's own marks.
    fn without_marks<'a>(&mut self, text: &'a str) -> &'a str {
        let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
        let mut body = text.trim_start_matches(blank);
        self.in_array |= !self.begun && body.starts_with('[');
        self.begun |= !body.is_empty();
        if !self.in_array {
            return body;
        }
        loop {
            body = body.trim_start_matches(|c| blank(c) || c == ',' || c == ']');
            // Pages of an array come one after the other, each in its brackets; other brackets are no rows.
            match body.strip_prefix('[').map(|t| t.trim_start_matches(blank)) {
                Some(inside) if inside.is_empty() || inside.starts_with(['{', '[', ']']) => body = inside,
                Some(inside) if text.trim_start_matches(blank).len() == body.len() => body = inside,
                _ => return body,
            }
        }
    }

    /// The object that begins at `begin`, as far as its lines go.
    fn object(&mut self, mut line: Line, mut begin: usize) -> Result<Object> {
        let mut scan = Scan::default();
        let mut looked = begin;
        // The place of the lines before the last.
        let mut before: Option<RowSpan> = None;
        loop {
            if let Some(end) = scan.end(&line.text, looked) {
                let object = line.text.get(begin..end).unwrap_or_default().to_owned();
                let last = line.take(end);
                self.rest = line.rest();
                return Ok(Object::Text(object, joined(before, last)));
            }
            line.text.drain(..std::mem::take(&mut begin));
            let mut span = joined(before, line.span);
            let open = |span, text: String| Object::Bad(span, Reason::BadJson, "the object is not closed".to_owned(), Some(text.into_bytes()));
            looked = line.text.len();
            if looked > MAX_ROW {
                return self.skip(scan, span);
            }
            // An object that never ends costs one line.
            if !self.in_array && scan.broken_line {
                return Ok(open(span, line.text));
            }
            match self.line()? {
                None => return Ok(open(span, line.text)),
                Some(Err(Object::Bad(bad, reason, detail, _))) => {
                    span.len += bad.len;
                    return Ok(Object::Bad(span, reason, detail, Some(line.text.into_bytes())));
                }
                Some(Err(_)) => {}
                Some(Ok(more)) => {
                    // A new object on a line of its own while the last is open: that one was cut off.
                    if more.text.starts_with("{\"") && serde_json::from_str::<&RawValue>(more.text.trim_end().trim_end_matches(',')).is_ok() {
                        self.rest = Some(more);
                        return Ok(open(span, line.text));
                    }
                    before = Some(span);
                    line.text.push_str(&more.text);
                    line = Line { text: line.text, at: looked, ..more };
                }
            }
        }
    }

    /// Passes over the rest of an object that is too long, as far as it is on the same line.
    fn skip(&mut self, mut scan: Scan, mut span: RowSpan) -> Result<Object> {
        while let Some(line) = self.line()? {
            match line {
                Ok(mut more) if more.span.line == span.line => {
                    let end = scan.end(&more.text, 0);
                    span.len += more.take(end.unwrap_or(more.text.len())).len;
                    if end.is_some() {
                        self.rest = more.rest();
                        break;
                    }
                }
                Ok(more) => {
                    self.rest = Some(more);
                    break;
                }
                Err(Object::Bad(bad, ..) | Object::Blank(bad)) => span.len += bad.len,
                Err(Object::Text(..)) => {}
            }
        }
        Ok(Object::Bad(span, Reason::TooLong, format!("object of more than {MAX_ROW} bytes"), None))
    }
}

/// The place of lines, and of a part of the next.
fn joined(before: Option<RowSpan>, last: RowSpan) -> RowSpan {
    before.map_or(last, |b| RowSpan { len: b.len + last.len, ..b })
}

/// Where an array's element that is no object ends: before the comma, the bracket, or an object that follows without a comma.
fn element(text: &str) -> usize {
    let (mut scan, mut depth) = (Scan::default(), 0u32);
    for (i, b) in text.bytes().enumerate() {
        let in_string = scan.in_string;
        scan.step(b);
        match b {
            _ if in_string => {}
            b',' | b']' | b'{' if depth == 0 && i > 0 => return i,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    // A string that is not closed, or brackets, would take the objects after it along.
    text.find(",{").or_else(|| text.find(", {")).unwrap_or(text.len())
}

/// Finds the brace that closes an object.
#[derive(Default)]
pub(super) struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// A string runs over a line's end, which JSON does not have.
    broken_line: bool,
}

impl Scan {
    /// Takes in a byte; `true` where a bracket closes the first.
    fn step(&mut self, b: u8) -> bool {
        if self.in_string {
            match b {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                b'\n' => self.broken_line = true,
                _ => {}
            }
            return false;
        }
        match b {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }

    pub(super) fn end(&mut self, text: &str, from: usize) -> Option<usize> {
        let found = text.as_bytes().get(from..)?.iter().position(|b| self.step(*b))?;
        Some(from + found + 1)
    }
}

/// Where the string ends with which a text begins.
pub(super) fn string_end(text: &str) -> Option<usize> {
    let mut scan = Scan::default();
    let end = text.bytes().position(|b| {
        scan.step(b);
        !scan.in_string
    });
    end.filter(|end| *end > 0).map(|end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_a_place_of_its_own() {
        let text = "[{\"id\":\"甲\"}, 5,{\"id\":\"乙丙\"},\n{\"id\":\n3},{\"id\":4}]\n";
        for (encoding, bytes) in [
            (Encoding::Utf8, text.as_bytes().to_vec()),
            (Encoding::Gb18030, encoding_rs::GB18030.encode(text).0.into_owned()),
            (Encoding::Utf16Le, text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ] {
            let mut objects = Objects::new(LineReader::new(&bytes[..], encoding, 0), encoding);
            let (mut all, mut end) = (Vec::new(), 0);
            while let Some(object) = objects.next_object().unwrap() {
                let (Object::Text(_, span) | Object::Blank(span) | Object::Bad(span, ..)) = &object;
                assert_eq!(span.start, end);
                end += span.len;
                let piece = encoding.decode(&bytes[span.start as usize..end as usize]).unwrap();
                all.push(piece.trim_matches(['[', ',', ' ', '\n', ']']).to_owned());
            }
            assert_eq!(end, bytes.len() as u64);
            assert_eq!(all, ["{\"id\":\"甲\"}", "5", "{\"id\":\"乙丙\"}", "{\"id\":\n3}", "{\"id\":4}"], "{encoding}");
        }
    }
}
