//! JSON: one object a line, or an array of objects. Objects inside objects become columns `outer.inner`; arrays stay text.

use super::packed::read_error;
use crate::cell::push_row;
use crate::error::{Error, Result};
use crate::ingest::encoding::{Encoding, decode_line};
use crate::ingest::lines::{LineReader, LineSpan, MAX_ROW, RawLine};
use crate::ingest::records::{Record, Records, RowSpan};
use crate::ticket::Reason;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::io::Read;

/// Delimiter of the cells in a record's text.
const DELIMITER: u8 = super::table::DELIMITER;
/// Objects inside objects are taken apart down to here.
const MAX_NESTING: usize = 8;
/// Most different keys of a file.
const MAX_KEYS: usize = 2_000;

/// Whether a text that begins like this is JSON: an object, or an array of objects.
#[must_use]
pub fn is_json(head: &str) -> bool {
    let text = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let object = |t: &str| t.strip_prefix('{').is_some_and(|t| t.trim_start().starts_with(['"', '}']));
    object(text) || text.strip_prefix('[').is_some_and(|t| object(t.trim_start()) || t.trim_start().starts_with(']'))
}

/// The keys of all objects, in the order in which they appear.
#[derive(Default)]
pub struct Keys {
    names: Vec<String>,
    index: HashMap<String, usize>,
}

impl Keys {
    /// Reads all objects of `input` for their keys. What is no object is passed over.
    ///
    /// # Errors
    /// What reading gave; more than two thousand different keys.
    pub fn read<R: Read + Send>(lines: LineReader<R>, encoding: Encoding) -> Result<Keys> {
        let mut keys = Keys::default();
        let mut objects = Objects::new(lines, encoding);
        while let Some(object) = objects.next_object()? {
            let Object::Text(text, _) = object else { continue };
            for (key, _) in flat(&text).unwrap_or_default() {
                if !keys.index.contains_key(&key) {
                    if keys.names.len() == MAX_KEYS {
                        return Err(Error::input(format!("expected objects with the same keys, found more than {MAX_KEYS} different ones")));
                    }
                    keys.index.insert(key.clone(), keys.names.len());
                    keys.names.push(key);
                }
            }
        }
        Ok(keys)
    }
}

/// The objects of a JSON file as records under a header of their keys.
pub struct JsonRecords<R> {
    objects: Objects<R>,
    keys: Keys,
    header_due: bool,
    keep_raw: bool,
}

impl<R: Read + Send> JsonRecords<R> {
    /// Reads the objects of `lines`, whose keys are known.
    pub fn new(lines: LineReader<R>, encoding: Encoding, keys: Keys, keep_raw: bool) -> Self {
        JsonRecords { objects: Objects::new(lines, encoding), header_due: !keys.names.is_empty(), keys, keep_raw }
    }
}

impl<R: Read + Send> Records for JsonRecords<R> {
    fn next_record(&mut self, out: &mut String) -> Result<Option<Record>> {
        let from = out.len();
        if std::mem::take(&mut self.header_due) {
            push_row(out, &self.keys.names, DELIMITER);
            let span = RowSpan { line: 0, start: 0, len: 0 };
            return Ok(Some(Record::Row {
                text: from..out.len(),
                quoted: out[from..].contains('"'),
                cells: self.keys.names.len(),
                span,
                lines: Vec::new(),
                raw: None,
            }));
        }
        let (text, span) = match self.objects.next_object()? {
            None => return Ok(None),
            Some(Object::Blank(span)) => return Ok(Some(Record::Blank(span))),
            Some(Object::Bad(span, reason, detail, raw)) => {
                return Ok(Some(Record::Bad { span, reason, detail, text: None, raw: raw.filter(|_| self.keep_raw) }));
            }
            Some(Object::Text(text, span)) => (text, span),
        };
        let raw = self.keep_raw.then(|| text.clone().into_bytes());
        let cells = match flat(&text) {
            Ok(cells) => cells,
            Err(detail) => return Ok(Some(Record::Bad { span, reason: Reason::BadJson, detail, text: None, raw })),
        };
        let mut row = vec![None; self.keys.names.len()];
        for (key, value) in cells {
            match self.keys.index.get(&key).map(|i| &mut row[*i]) {
                Some(slot @ None) => *slot = Some(value),
                Some(Some(_)) => {
                    return Ok(Some(Record::Bad { span, reason: Reason::BadJson, detail: format!("key `{key}` is there twice"), text: None, raw }));
                }
                None => {
                    return Ok(Some(Record::Bad {
                        span,
                        reason: Reason::BadJson,
                        detail: format!("key `{key}` is new since the file was looked at"),
                        text: None,
                        raw,
                    }));
                }
            }
        }
        push_row(out, row.into_iter().map(Option::unwrap_or_default), DELIMITER);
        Ok(Some(Record::Row { text: from..out.len(), quoted: out[from..].contains('"'), cells: self.keys.names.len(), span, lines: Vec::new(), raw }))
    }

    fn set_width(&mut self, _: usize) {}

    fn offset(&self) -> u64 {
        self.objects.lines.offset()
    }

    fn mixed_lines(&self) -> u64 {
        self.objects.mixed_lines
    }
}

/// A piece of a JSON file.
enum Object {
    Text(String, RowSpan),
    /// White space, or the brackets and commas of the array.
    Blank(RowSpan),
    Bad(RowSpan, Reason, String, Option<Vec<u8>>),
}

/// Cuts a file into objects. A line that is an object by itself is one; else lines are joined until the braces close.
struct Objects<R> {
    lines: LineReader<R>,
    encoding: Encoding,
    mixed_lines: u64,
    /// A line on which an object ended, where its rest begins, and that rest's place.
    rest: Option<(String, usize, RowSpan)>,
    /// Whether the file is one array.
    in_array: bool,
    /// Whether anything but white space came.
    begun: bool,
}

impl<R: Read> Objects<R> {
    fn new(lines: LineReader<R>, encoding: Encoding) -> Self {
        Objects { lines, encoding, mixed_lines: 0, rest: None, in_array: false, begun: false }
    }

    fn line(&mut self) -> Result<Option<std::result::Result<(String, LineSpan), Object>>> {
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
                    Some(Ok((text.into_owned(), span)))
                }
                None => Some(Err(Object::Bad(span.into(), Reason::BadEncoding, format!("bytes that are not {}", self.encoding), Some(bytes.to_vec())))),
            },
        })
    }

    fn next_object(&mut self) -> Result<Option<Object>> {
        // A line may hold very many objects: what is left of it is not copied for each.
        let (mut text, from, mut span) = match self.rest.take() {
            Some(rest) => rest,
            None => match self.line()? {
                None => return Ok(None),
                Some(Err(bad)) => return Ok(Some(bad)),
                Some(Ok((text, span))) => (text, 0, span.into()),
            },
        };
        // The array's own marks around the object.
        let mut body = text[from..].trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let first = !self.begun && !body.is_empty();
        self.begun |= first;
        if first && let Some(inside) = body.strip_prefix('[') {
            self.in_array = true;
            body = inside;
        }
        if self.in_array {
            body = body.trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == ']');
        }
        let mut begin = text.len() - body.len();
        if body.is_empty() {
            return Ok(Some(Object::Blank(span)));
        }
        let is_object = body.starts_with('{');
        let mut scan = Scan::default();
        let mut looked = begin;
        loop {
            if let Some(end) = scan.end(&text, looked) {
                let object = text[begin..end].to_owned();
                if !matches!(text[end..].trim(), "" | "," | "]") {
                    self.rest = Some((text, end, RowSpan { line: span.line, start: span.start + span.len, len: 0 }));
                }
                return Ok(Some(Object::Text(object, span)));
            }
            text.drain(..std::mem::take(&mut begin));
            // A line that does not begin an object, or an object that never ends, costs one line.
            if !is_object {
                let detail = "expected an object `{…}`".to_owned();
                return Ok(Some(Object::Bad(span, Reason::BadJson, detail, Some(text.into_bytes()))));
            }
            looked = text.len();
            if looked > MAX_ROW {
                return self.skip(scan, span).map(Some);
            }
            if !self.in_array && scan.broken_line {
                return Ok(Some(Object::Bad(span, Reason::BadJson, "the object is not closed".to_owned(), Some(text.into_bytes()))));
            }
            match self.line()? {
                None => return Ok(Some(Object::Bad(span, Reason::BadJson, "the object is not closed".to_owned(), Some(text.into_bytes())))),
                Some(Err(Object::Bad(bad, reason, detail, _))) => {
                    span.len += bad.len;
                    return Ok(Some(Object::Bad(span, reason, detail, Some(text.into_bytes()))));
                }
                Some(Err(_)) => {}
                Some(Ok((line, more))) => {
                    // A new object on a line of its own while the last is open: that one was cut off.
                    if line.starts_with("{\"") && serde_json::from_str::<&RawValue>(line.trim_end().trim_end_matches(',')).is_ok() {
                        self.rest = Some((line, 0, more.into()));
                        return Ok(Some(Object::Bad(span, Reason::BadJson, "the object is not closed".to_owned(), Some(text.into_bytes()))));
                    }
                    text.push_str(&line);
                    span.len += more.len;
                }
            }
        }
    }

    /// Passes over the rest of an object that is too long, as far as it is on the same line.
    fn skip(&mut self, mut scan: Scan, mut span: RowSpan) -> Result<Object> {
        while let Some(line) = self.line()? {
            match line {
                Ok((text, more)) if more.number == span.line => {
                    span.len += more.len;
                    if let Some(end) = scan.end(&text, 0) {
                        let rest = RowSpan { line: span.line, start: span.start + span.len, len: 0 };
                        self.rest = (!matches!(text[end..].trim(), "" | "," | "]")).then_some((text, end, rest));
                        break;
                    }
                }
                Ok((text, more)) => {
                    self.rest = Some((text, 0, more.into()));
                    break;
                }
                Err(Object::Bad(bad, ..) | Object::Blank(bad)) => span.len += bad.len,
                Err(Object::Text(..)) => {}
            }
        }
        Ok(Object::Bad(span, Reason::TooLong, format!("object of more than {MAX_ROW} bytes"), None))
    }
}

/// Finds the brace that closes an object.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// A string runs over a line's end, which JSON does not have.
    broken_line: bool,
}

impl Scan {
    fn end(&mut self, text: &str, from: usize) -> Option<usize> {
        for (i, b) in text.as_bytes().iter().enumerate().skip(from) {
            if self.in_string {
                match b {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    b'\n' => self.broken_line = true,
                    _ => {}
                }
                continue;
            }
            match b {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(i + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// An object's keys and values, those inside joined by dots; numbers keep their digits.
fn flat(text: &str) -> std::result::Result<Vec<(String, String)>, String> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, &'de RawValue)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry::<String, &'de RawValue>()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    impl<'de> DeserializeSeed<'de> for Pairs {
        type Value = Vec<(String, &'de RawValue)>;
        fn deserialize<D: serde::Deserializer<'de>>(self, d: D) -> std::result::Result<Self::Value, D::Error> {
            d.deserialize_map(Pairs)
        }
    }
    fn add(prefix: &str, text: &str, depth: usize, out: &mut Vec<(String, String)>) -> std::result::Result<(), String> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let pairs = Pairs.deserialize(&mut reader).map_err(|e| e.to_string())?;
        for (key, value) in pairs {
            let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
            let raw = value.get();
            match raw.as_bytes().first() {
                Some(b'"') => out.push((key, serde_json::from_str::<String>(raw).map_err(|e| e.to_string())?)),
                Some(b'{') if depth < MAX_NESTING => add(&key, raw, depth + 1, out)?,
                Some(b'n') => out.push((key, String::new())),
                _ => out.push((key, raw.to_owned())),
            }
        }
        Ok(())
    }
    let mut out = Vec::new();
    add("", text, 0, &mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<std::result::Result<String, String>> {
        let lines = || LineReader::new(std::io::Cursor::new(text.as_bytes().to_vec()), Encoding::Utf8, 0).cut_after(b'}');
        let keys = Keys::read(lines(), Encoding::Utf8).unwrap();
        let mut records = JsonRecords::new(lines(), Encoding::Utf8, keys, false);
        let (mut out, mut all, mut bytes) = (String::new(), Vec::new(), 0);
        while let Some(record) = records.next_record(&mut out).unwrap() {
            let (Record::Row { span, .. } | Record::Blank(span) | Record::Bad { span, .. }) = &record;
            bytes += span.len;
            match record {
                Record::Row { text, .. } => all.push(Ok(out[text].to_owned())),
                Record::Bad { detail, .. } => all.push(Err(detail)),
                Record::Blank(_) => {}
            }
        }
        assert_eq!(bytes, text.len() as u64, "{text}");
        all
    }

    fn rows(text: &str) -> Vec<String> {
        read(text).into_iter().map(|r| r.unwrap_or_else(|e| format!("!{e}"))).collect()
    }

    #[test]
    fn lines_arrays_and_pretty_ones_are_the_same() {
        let expected = ["id,text,user.name", "12345678901234567890,\"a,b\",小虎", "2,,"];
        assert_eq!(rows("{\"id\":12345678901234567890,\"text\":\"a,b\",\"user\":{\"name\":\"小虎\"}}\n{\"id\":2,\"text\":null}\n"), expected);
        assert_eq!(rows("[{\"id\":12345678901234567890,\"text\":\"a,b\",\"user\":{\"name\":\"小虎\"}},{\"id\":2}]"), expected);
        assert_eq!(rows("[\n  {\n    \"id\": 12345678901234567890,\n \"text\": \"a,b\",\n \"user\": {\"name\": \"小虎\"}\n  },\n  {\"id\": 2}\n]\n"), expected);
    }

    #[test]
    fn an_array_on_one_line_may_be_long() {
        let objects: Vec<String> = (0..60_000).map(|i| format!("{{\"id\":{i},\"text\":\"没到账}}{{，急，{}\"}}", "等".repeat(i % 40))).collect();
        let text = format!("[{}]", objects.join(","));
        assert!(text.len() > MAX_ROW, "{}", text.len());
        let all = rows(&text);
        assert_eq!(all.len(), 60_001);
        let long = format!("[{{\"id\":1}},{{\"id\":2,\"text\":\"{}\"}},{{\"id\":3}}]\n", "等}急".repeat(900_000));
        assert_eq!(rows(&long), ["id", "1", "!object of more than 4194304 bytes", "3"]);
        assert_eq!(all[60_000], format!("59999,没到账}}{{，急，{}", "等".repeat(39)));
    }

    #[test]
    fn a_bad_object_hurts_only_itself() {
        let all = read("{\"id\":1}\n{\"id\":2,\"id\":3}\n{\"id\":\"\\ud83d\"}\nhello\n{\"id\":4\n{\"id\":5}\n");
        let good: Vec<&String> = all.iter().flatten().collect();
        assert_eq!(good, ["id", "1", "5"]);
        assert_eq!(all.iter().filter(|r| r.is_err()).count(), 4);
        assert!(rows(&format!("{{\"id\":1}}\n{}\n", "[".repeat(100_000))).len() == 3);
        assert!(rows(&format!("{{\"a\":{}1{}}}\n{{\"a\":2}}\n", "{\"a\":".repeat(100_000), "}".repeat(100_000))).contains(&",2".to_owned()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_accounted_for(text in "[\\[\\]{}\",:ab1\\\\\n ]{0,60}") {
            read(&text);
        }
    }
}
