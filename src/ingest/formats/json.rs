//! JSON: one object a line, or an array of objects. Objects inside objects become columns `outer.inner`; arrays stay text.

mod objects;

use crate::cell::push_row;
use crate::error::{Error, Result};
use crate::ingest::columns;
use crate::ingest::encoding::Encoding;
use crate::ingest::lines::LineReader;
use crate::ingest::records::{Record, Records, RowSpan};
use crate::ticket::Reason;
use objects::{Object, Objects, Scan, string_end};
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
    object(text) || text.strip_prefix('[').is_some_and(|t| t.trim_start().starts_with(']') || object(after_scalars(t)))
}

/// What comes after `null`s and numbers at an array's beginning.
fn after_scalars(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        let rest = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
        match rest.trim_start().strip_prefix(',') {
            Some(next) if rest.len() < text.len() => text = next,
            _ => return text,
        }
    }
}

/// The key under which an object holds the rows, such as `data.list`, where a text is one object around an array of them.
///
/// What is known of an object: it does not end in this text, or nothing comes after it; and more of the rows' keys are names of
/// columns than of its own.
#[must_use]
pub fn rows_inside(head: &str) -> Option<String> {
    let text = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let after = Scan::default().end(text, 0).and_then(|end| text.get(end..)).unwrap_or_default();
    if !text.starts_with('{') || !after.trim().is_empty() {
        return None;
    }
    let (path, keys, rows) = around(text)?;
    let row = rows.get(..Scan::default().end(rows, 0)?)?;
    let inner = flat(row).ok()?;
    let names = |all: Vec<&str>| columns::recognised(&all);
    (names(inner.iter().map(|(k, _)| k.as_str()).collect()) > names(keys.iter().map(String::as_str).collect())).then_some(path)
}

/// The way to the first array of objects in an object (or in one in it), the keys of the values before it, and the array's inside.
fn around(text: &str) -> Option<(String, Vec<String>, &str)> {
    let (mut path, mut keys, mut at) = (Vec::new(), Vec::new(), 1);
    loop {
        let rest = text.get(at..)?.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        at = text.len() - rest.len();
        if rest.starts_with('}') {
            path.pop()?;
            at += 1;
            continue;
        }
        let end = string_end(rest)?;
        let key: String = serde_json::from_str(rest.get(..end)?).ok()?;
        let value = rest.get(end..)?.trim_start().strip_prefix(':')?.trim_start();
        at = text.len() - value.len();
        let inside = value.strip_prefix('[').map(str::trim_start).filter(|t| t.starts_with('{'));
        if let Some(rows) = inside {
            path.push(key);
            return Some((path.join("."), keys, rows));
        }
        at += match value.bytes().next()? {
            b'{' if path.is_empty() => {
                path.push(key);
                1
            }
            b'{' | b'[' => Scan::default().end(value, 0)?,
            b'"' => {
                keys.push(key);
                string_end(value)?
            }
            _ => {
                keys.push(key);
                value.find([',', '}'])?
            }
        };
    }
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
    use crate::ingest::lines::MAX_ROW;
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

    #[test]
    fn what_is_no_object_in_an_array_is_a_bad_row_of_its_own() {
        let good = |text: &str| read(text).into_iter().map(|r| r.unwrap_or_else(|_| "!".to_owned())).collect::<Vec<_>>();
        assert_eq!(good("[{\"id\":1},null,{\"id\":2},5,{\"id\":3}]"), ["id", "1", "!", "2", "!", "3"]);
        assert_eq!(good("[null,{\"id\":1},\"a,]{\",[1,{\"id\":9}],\n{\"id\":2}\n,true]\n"), ["id", "!", "1", "!", "!", "2", "!"]);
        assert_eq!(good("[{\"id\":1},\"open, {\"id\":2}]"), ["id", "1", "!", "2"]);
        assert!(is_json("[null, -1.5 ,{\"id\":1}]") && !is_json("[工单],内容\n") && !is_json("[1,2\n"));
    }

    #[test]
    fn arrays_come_one_after_the_other() {
        let expected = ["id", "1", "2", "3"];
        assert_eq!(rows("[{\"id\":1},{\"id\":2}][{\"id\":3}]"), expected);
        assert_eq!(rows("[{\"id\":1}]\n[{\"id\":2}]\n[ ]\n[{\"id\":3}]\n"), expected);
        assert_eq!(rows("[\n{\"id\":1},\n{\"id\":2}\n]\n[\n{\"id\":3}\n]\n"), expected);
    }

    #[test]
    fn rows_in_an_object_are_found() {
        for (text, expected) in [
            ("{\"code\":0,\"data\":[{\"工单号\":1,\"内容\":\"闪退\"}]}", Some("data")),
            ("{\"page\":{\"n\":1},\"data\":{\"total\":2,\"list\":[\n {\"工单号\":1,\"内容\":\"闪退\"},", Some("data.list")),
            ("{\"工单号\":1,\"内容\":\"闪退\",\"回复\":[{\"内容\":\"好\"}]}", None),
            ("{\"id\":1,\"tags\":[{\"内容\":\"a\"}]}\n{\"id\":2}", None),
            ("{\"data\":[1,2]}", None),
        ] {
            assert_eq!(rows_inside(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_accounted_for(text in "[\\[\\]{}\",:ab1\\\\\n ]{0,60}") {
            read(&text);
        }
    }
}
