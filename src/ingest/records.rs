//! Lines joined into rows by the quoting rules of RFC 4180, strictly: what breaks them is quarantined line by line and reading
//! goes on at the next line, so that one bad quote costs one line and not the rest of the file.

use super::encoding::{Encoding, decode_line};
use super::formats::packed::read_error;
use super::lines::{LineReader, LineSpan, MAX_ROW, RawLine};
use crate::error::Result;
use crate::ticket::Reason;
use std::collections::VecDeque;
use std::io::Read;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Most lines of one row.
const MAX_ROW_LINES: usize = 20_000;

/// Bytes of a row in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSpan {
    /// Line of its first byte, from 1.
    pub line: u64,
    /// Offset of its first byte.
    pub start: u64,
    /// Length in bytes, last line end included.
    pub len: u64,
}

impl From<LineSpan> for RowSpan {
    fn from(l: LineSpan) -> Self {
        RowSpan { line: l.number, start: l.start, len: l.len }
    }
}

/// One line of a row that has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowLine {
    /// Bytes of its characters in the row's text, line end included; the last one has none.
    pub len: usize,
    span: LineSpan,
}

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub enum Record {
    /// A row, appended to the caller's text without its line end.
    Row {
        /// Where its characters are in the caller's text.
        text: Range<usize>,
        /// Whether it has a `"`.
        quoted: bool,
        /// How many cells it has.
        cells: usize,
        /// Where its bytes are.
        span: RowSpan,
        /// Its lines, where it has several.
        lines: Vec<RowLine>,
        /// Its bytes, if they are kept.
        raw: Option<Vec<u8>>,
    },
    /// A blank line.
    Blank(RowSpan),
    /// No row.
    Bad {
        /// Where its bytes are.
        span: RowSpan,
        /// Why.
        reason: Reason,
        /// What was expected and found.
        detail: String,
        /// Its characters, where only its quotes are wrong.
        text: Option<String>,
        /// Its bytes, if they are kept.
        raw: Option<Vec<u8>>,
    },
}

/// The records of one input, whatever its format.
pub trait Records: Send {
    /// The next record; a row's characters, as CSV, are appended to `out`.
    ///
    /// # Errors
    /// What reading gave.
    fn next_record(&mut self, out: &mut String) -> Result<Option<Record>>;
    /// Tells how many cells the header has.
    fn set_width(&mut self, width: usize);
    /// Bytes read so far, counted from the start of the input; 0 for formats without bytes of their own.
    fn offset(&self) -> u64;
    /// Whether a span's line is the row's number as people see it, rows that are left out counted.
    fn lines_are_rows(&self) -> bool {
        false
    }
    /// Lines that were in another encoding than the input.
    fn mixed_lines(&self) -> u64;
    /// A row of several lines that turned out to be none, read again: its first line is bad, the others are read by themselves.
    fn apart(&self, text: &str, lines: &[RowLine], raw: Option<&[u8]>) -> Vec<(String, Record)> {
        let _ = (text, lines, raw);
        Vec::new()
    }
}

impl<R: Read + Send> Records for RecordReader<R> {
    fn next_record(&mut self, out: &mut String) -> Result<Option<Record>> {
        self.read_record(out).map_err(|e| read_error(&e))
    }

    fn set_width(&mut self, width: usize) {
        self.width = Some(width);
    }

    fn offset(&self) -> u64 {
        self.lines.offset()
    }

    fn mixed_lines(&self) -> u64 {
        self.mixed_lines
    }

    fn apart(&self, text: &str, lines: &[RowLine], raw: Option<&[u8]>) -> Vec<(String, Record)> {
        let nothing = LineReader::new(std::io::empty(), self.encoding, 0);
        let mut reader = RecordReader::new(nothing, self.encoding, self.delimiter);
        reader.width = self.width;
        let (mut at, mut byte) = (0, 0);
        for line in lines {
            let end = byte + line.span.len as usize;
            let raw = raw.and_then(|raw| raw.get(byte..end)).map(<[u8]>::to_vec);
            let text = text.get(at..at + line.len).unwrap_or_default().to_owned();
            reader.open.push(Item::Text { text, span: line.span, raw });
            (at, byte) = (at + line.len, end);
        }
        let mut records = vec![(String::new(), reader.give_up(None, SWALLOWS))];
        loop {
            let mut text = String::new();
            // What is read is in memory: nothing can fail.
            let Ok(Some(record)) = reader.read_record(&mut text) else { return records };
            records.push((text, record));
        }
    }
}

const SWALLOWS: &str = "a quoted cell swallows the lines after it";

#[derive(Debug)]
enum Item {
    Text { text: String, span: LineSpan, raw: Option<Vec<u8>> },
    Bad { span: LineSpan, reason: Reason, raw: Option<Vec<u8>> },
}

/// Whether an input ended in the middle, and how that was noticed: shared between who unpacks it and who reads it.
#[derive(Debug, Clone, Default)]
pub struct Cut(Arc<OnceLock<String>>);

impl Cut {
    /// Notes the end.
    pub fn set(&self, how: String) {
        // The first to notice tells it best.
        let _ = self.0.set(how);
    }

    /// Whether it was noticed.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.get().is_some()
    }

    /// How it was noticed.
    #[must_use]
    pub fn how(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// Joins the lines of `input` into records.
pub struct RecordReader<R> {
    lines: LineReader<R>,
    encoding: Encoding,
    /// Delimiter of cells.
    pub delimiter: u8,
    /// Cells of a row, once the header is known.
    pub width: Option<usize>,
    /// Whether to keep the bytes of each row, for a rejects file.
    pub keep_raw: bool,
    /// Lines that were in another encoding than the file.
    pub mixed_lines: u64,
    /// Set once the input turns out to end in the middle: its last line is no row then.
    pub cut: Cut,
    replay: VecDeque<Item>,
    open: Vec<Item>,
    open_bytes: usize,
    state: Quote,
    cells: usize,
}

impl<R: Read> RecordReader<R> {
    /// Reads from `lines`.
    pub fn new(lines: LineReader<R>, encoding: Encoding, delimiter: u8) -> Self {
        RecordReader {
            lines,
            encoding,
            delimiter,
            width: None,
            keep_raw: false,
            mixed_lines: 0,
            cut: Cut::default(),
            replay: VecDeque::new(),
            open: Vec::new(),
            open_bytes: 0,
            state: Quote::CellStart,
            cells: 1,
        }
    }

    /// The next record; a row's characters are appended to `out`.
    ///
    /// # Errors
    /// What reading gave.
    pub fn read_record(&mut self, out: &mut String) -> std::io::Result<Option<Record>> {
        loop {
            if self.open.is_empty()
                && self.replay.is_empty()
                && let Fast::Done(record) = self.fast(out)?
            {
                return Ok(record);
            }
            let Some(item) = self.next_item()? else {
                if self.open.is_empty() {
                    return Ok(None);
                }
                return Ok(Some(self.give_up(None, "a quoted cell is never closed")));
            };
            match item {
                Item::Bad { span, reason, raw } if self.open.is_empty() => {
                    let detail = match reason {
                        Reason::TooLong => format!("line of {} bytes, at most {MAX_ROW} are read", span.len),
                        Reason::CutOff => "the input ends in the middle of it".to_owned(),
                        _ => format!("bytes that are not {}", self.encoding),
                    };
                    return Ok(Some(Record::Bad { span: span.into(), reason, detail, text: None, raw }));
                }
                Item::Bad { .. } => return Ok(Some(self.give_up(Some(item), "a quoted cell runs into an unreadable line"))),
                Item::Text { ref text, .. } => {
                    let cells = if self.open.is_empty() { 1 } else { self.cells };
                    let state = if self.open.is_empty() { Quote::CellStart } else { self.state };
                    let Some((state, cells)) = scan(text, self.delimiter, state, cells) else {
                        return Ok(Some(self.give_up(Some(item), "text after a closing quote; a quote inside a cell is doubled: `\"\"`")));
                    };
                    self.open_bytes += text.len();
                    self.state = state;
                    self.cells = cells;
                    if state == Quote::Open {
                        let too_much = self.open_bytes > MAX_ROW || self.open.len() >= MAX_ROW_LINES;
                        if too_much {
                            return Ok(Some(self.give_up(Some(item), "a quoted cell is not closed within the longest row")));
                        }
                        self.open.push(item);
                        continue;
                    }
                    if !self.open.is_empty() && self.width.is_some_and(|w| w != cells) {
                        return Ok(Some(self.give_up(Some(item), SWALLOWS)));
                    }
                    self.open.push(item);
                    return Ok(Some(self.join(out)));
                }
            }
        }
    }

    /// A line without quotes, or with quotes that it closes itself: straight into `out`.
    fn fast(&mut self, out: &mut String) -> std::io::Result<Fast> {
        let Some(line) = self.lines.next_line()? else { return Ok(Fast::Done(None)) };
        let (bytes, span) = match line {
            RawLine::Line(bytes, span) => (bytes, span),
            RawLine::TooLong(span) => {
                self.replay.push_back(Item::Bad { span, reason: Reason::TooLong, raw: None });
                return Ok(Fast::Slow);
            }
        };
        let raw = self.keep_raw.then(|| bytes.to_vec());
        if self.cut.is_set() && !bytes.ends_with(b"\n") && !bytes.ends_with(b"\0") {
            self.replay.push_back(Item::Bad { span, reason: Reason::CutOff, raw });
            return Ok(Fast::Slow);
        }
        let Some((text, mixed)) = decode_line(self.encoding, bytes) else {
            self.replay.push_back(Item::Bad { span, reason: Reason::BadEncoding, raw });
            return Ok(Fast::Slow);
        };
        self.mixed_lines += u64::from(mixed);
        let body = text.trim_end_matches(['\n', '\r']);
        if body.is_empty() {
            return Ok(Fast::Done(Some(Record::Blank(span.into()))));
        }
        let quoted = memchr::memchr(b'"', body.as_bytes()).is_some();
        let cells = if quoted {
            let Some((Quote::Cell | Quote::CellStart | Quote::Closed, cells)) = scan(&text, self.delimiter, Quote::CellStart, 1) else {
                let text = text.into_owned();
                self.replay.push_back(Item::Text { text, span, raw });
                return Ok(Fast::Slow);
            };
            cells
        } else {
            memchr::memchr_iter(self.delimiter, body.as_bytes()).count() + 1
        };
        let from = out.len();
        out.push_str(body);
        Ok(Fast::Done(Some(Record::Row { text: from..out.len(), quoted, cells, span: span.into(), lines: Vec::new(), raw })))
    }

    fn next_item(&mut self) -> std::io::Result<Option<Item>> {
        if let Some(item) = self.replay.pop_front() {
            return Ok(Some(item));
        }
        let Some(line) = self.lines.next_line()? else { return Ok(None) };
        Ok(Some(match line {
            RawLine::TooLong(span) => Item::Bad { span, reason: Reason::TooLong, raw: None },
            RawLine::Line(bytes, span) => {
                let raw = self.keep_raw.then(|| bytes.to_vec());
                match decode_line(self.encoding, bytes) {
                    Some((text, mixed)) => {
                        self.mixed_lines += u64::from(mixed);
                        Item::Text { text: text.into_owned(), span, raw }
                    }
                    None => Item::Bad { span, reason: Reason::BadEncoding, raw },
                }
            }
        }))
    }

    /// The open row is none: its first line is quarantined, the rest is read again from its start.
    fn give_up(&mut self, last: Option<Item>, why: &str) -> Record {
        let mut items: VecDeque<Item> = self.open.drain(..).chain(last).collect();
        self.open_bytes = 0;
        let first = items.pop_front();
        items.append(&mut self.replay);
        self.replay = items;
        let (span, raw, text) = match first {
            Some(Item::Text { span, raw, text }) => (span, raw, Some(text)),
            Some(Item::Bad { span, raw, .. }) => (span, raw, None),
            None => (LineSpan { number: 0, start: self.lines.offset(), len: 0 }, None, None),
        };
        Record::Bad { span: span.into(), reason: Reason::BadQuote, detail: why.to_owned(), text, raw }
    }

    fn join(&mut self, out: &mut String) -> Record {
        let from = out.len();
        let mut span: Option<RowSpan> = None;
        let mut bytes: Option<Vec<u8>> = None;
        let mut lines = Vec::new();
        for item in self.open.drain(..) {
            let Item::Text { text, span: s, raw } = item else { continue };
            out.push_str(&text);
            lines.push(RowLine { len: text.len(), span: s });
            match &mut span {
                None => span = Some(s.into()),
                Some(span) => span.len += s.len,
            }
            if let Some(raw) = raw {
                bytes.get_or_insert_default().extend_from_slice(&raw);
            }
        }
        self.open_bytes = 0;
        let line_end = out.len() - from - out[from..].trim_end_matches(['\n', '\r']).len();
        out.truncate(out.len() - line_end);
        match &mut lines[..] {
            [] | [_] => lines.clear(),
            [.., last] => last.len = last.len.saturating_sub(line_end),
        }
        let span = span.unwrap_or(RowSpan { line: 0, start: self.lines.offset(), len: 0 });
        if out.len() == from {
            return Record::Blank(span);
        }
        let quoted = out[from..].contains('"');
        Record::Row { text: from..out.len(), quoted, cells: self.cells, span, lines, raw: bytes }
    }
}

enum Fast {
    Done(Option<Record>),
    Slow,
}

/// Where the scan stands with regard to quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    CellStart,
    Cell,
    Open,
    /// After the quote that closes, or the first of a doubled one.
    Closed,
}

/// Scans a line; returns the state at its end and the number of cells so far, or `None` where the quoting is broken.
pub(super) fn scan(text: &str, delimiter: u8, mut state: Quote, mut cells: usize) -> Option<(Quote, usize)> {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let b = bytes[i];
        state = match state {
            Quote::Open => {
                let Some(next) = memchr::memchr(b'"', &bytes[i..]) else { return Some((Quote::Open, cells)) };
                i += next;
                Quote::Closed
            }
            Quote::Closed if b == b'"' => Quote::Open,
            Quote::CellStart if b == b'"' => Quote::Open,
            _ if b == delimiter => {
                cells += 1;
                Quote::CellStart
            }
            _ if b == b'\n' || b == b'\r' => return Some((Quote::Cell, cells)),
            Quote::Closed => return None,
            _ => Quote::Cell,
        };
        i += 1;
    }
    Some((state, cells))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(input: &str, width: usize) -> Vec<Record> {
        let mut r = RecordReader::new(LineReader::new(input.as_bytes(), Encoding::Utf8, 0), Encoding::Utf8, b',');
        r.width = Some(width);
        let mut text = String::new();
        let mut all = Vec::new();
        while let Some(record) = r.read_record(&mut text).unwrap() {
            all.push(record);
        }
        all
    }

    #[test]
    fn an_unclosed_quote_costs_one_line() {
        let all = read("1,a\n2,\"b\n3,c\n4,\"d\ne\"\n5,\"f\"\n", 2);
        let bad: Vec<u64> = all.iter().filter_map(|r| if let Record::Bad { span, .. } = r { Some(span.line) } else { None }).collect();
        assert_eq!(bad, [2]);
        assert_eq!(all.len(), 5);
    }

    proptest! {
        /// Whatever the bytes, the spans of all records lie one behind the other and cover the input.
        #[test]
        fn spans_tile_the_input(input in "[a,\"\n\r|é上]{0,80}", width in 1usize..4) {
            let mut at = 0;
            for record in read(&input, width) {
                let (Record::Row { span, .. } | Record::Blank(span) | Record::Bad { span, .. }) = record;
                prop_assert_eq!(span.start, at);
                at += span.len;
            }
            prop_assert_eq!(at, input.len() as u64);
        }
    }
}
