//! A file, opened: its encoding, delimiter and columns found, its rows handed out in batches, every byte accounted for.

use super::Config;
use super::cells::Cells;
use super::columns::{self, Columns};
use super::dates;
use super::encoding::Encoding;
use super::records::{Cut, Record, Records, RowSpan};
use super::source::{Source, Spool};
use crate::cell::push_cell;
use crate::error::{Error, ErrorKind, Result};
use crate::mask;
use crate::ticket::{Quarantined, Reason, Ticket};
use crate::transcript::{self, Role};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A batch is full at so many bytes or rows.
const BATCH_BYTES: usize = 1 << 17;
const BATCH_ROWS: usize = 1024;
/// Rows that tell what the columns hold, and whether each row is one message of a chat.
const ROWS_LOOKED_AT: usize = 100;
/// Rows among which the header is looked for.
pub(super) const HEADER_ROWS: usize = 10;
/// Unreadable rows before the first readable one after which a file is given up.
const MAX_BAD_BEFORE_HEADER: usize = 100;

/// What is the same for all rows of a file.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// File name as given.
    pub file: String,
    /// Header cells.
    pub header: Vec<String>,
    /// What they hold.
    pub columns: Columns,
    /// Delimiter.
    pub delimiter: u8,
    /// How each column is masked.
    pub masks: Vec<mask::Cells>,
    /// Whether rows are chats that were joined from messages.
    pub messages: bool,
    /// Put before `#row` where a row has no id: empty for a single input.
    pub row_prefix: String,
}

/// A row of a batch.
#[derive(Debug)]
pub struct BatchRow {
    /// Where its characters are in [`Batch::text`].
    pub text: Range<usize>,
    /// Whether it has a `"`.
    pub quoted: bool,
    /// Where its bytes are in the file.
    pub span: RowSpan,
    /// Row number as a spreadsheet shows it: the header is 1 where it is the first row.
    pub number: u64,
    /// Its bytes, if they are kept.
    pub raw: Option<Vec<u8>>,
}

/// A quarantined row with its bytes, if they are kept.
#[derive(Debug)]
pub struct Reject {
    /// Where and why.
    pub row: Quarantined,
    /// Its bytes.
    pub raw: Option<Vec<u8>>,
}

/// Some rows of one file.
#[derive(Debug)]
pub struct Batch {
    /// The file's layout.
    pub layout: Arc<Layout>,
    /// Characters of all rows.
    pub text: String,
    /// The rows.
    pub rows: Vec<BatchRow>,
    /// What was no row.
    pub rejects: Vec<Reject>,
}

/// What reading a file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// File name as given.
    pub file: String,
    /// Its encoding.
    pub encoding: Encoding,
    /// Its delimiter.
    pub delimiter: u8,
    /// Rows of data, readable or not.
    pub rows: u64,
    /// Header, repeated header, title and blank lines.
    pub structural: u64,
    /// Lines in another encoding than the file's.
    pub mixed_lines: u64,
    /// Messages that were joined into the rows, in a file of one message a row.
    pub messages: u64,
    /// What else its user should know.
    pub notes: Vec<String>,
    /// How it was noticed that the input ends in the middle, if it does.
    pub incomplete: Option<String>,
}

/// An input, opened: empty, or ready to hand out batches.
pub enum Opened {
    /// No header, no rows.
    Empty(FileReport),
    /// With a header.
    Reader(Box<Reader>),
    /// A file of several parts, each to be opened by itself; and those that are left out, with the reason.
    Parts(Vec<Source>, Vec<String>),
}

/// Hands out the rows of one input.
pub struct Reader {
    layout: Arc<Layout>,
    records: Box<dyn Records>,
    pending: Vec<(String, Record)>,
    header_text: String,
    report: FileReport,
    number: u64,
    /// Bytes of all records handed out: must be all bytes read.
    accounted: u64,
    checks: Checks,
    done: bool,
    handed_out: bool,
}

/// What is looked at when all was read.
#[derive(Default)]
pub(super) struct Checks {
    /// The file, as it was before.
    pub file: Option<(PathBuf, Stamp)>,
    /// Whether each of the file's bytes is a byte of a record.
    pub every_byte: bool,
    /// Set when the input turned out to end in the middle.
    pub cut: Cut,
    /// A temporary file that goes when the reader goes.
    pub _kept: Option<Arc<Spool>>,
}

/// What tells that a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub len: u64,
    modified: Option<SystemTime>,
}

pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let m = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some(Stamp { len: m.len(), modified: m.modified().ok() })
}

impl Reader {
    /// A reader of `records`, whose header is looked for; [`Opened::Empty`] if there is no row at all.
    pub(super) fn begin(records: Box<dyn Records>, layout: Layout, report: FileReport, config: &Config, checks: Checks) -> Result<Opened> {
        let accounted = records.offset();
        let mut reader = Reader {
            layout: Arc::new(layout),
            records,
            pending: Vec::new(),
            header_text: String::new(),
            report,
            number: 0,
            accounted,
            checks,
            done: false,
            handed_out: false,
        };
        if reader.find_header(config)? {
            reader.look_ahead()?;
            reader.check_times(config.columns.time.is_some());
            reader.check_texts();
            reader.group_messages(config.columns.role.is_some())?;
            Ok(Opened::Reader(Box::new(reader)))
        } else {
            Ok(Opened::Empty(reader.finish()?))
        }
    }

    /// The file's layout.
    #[must_use]
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Looks for the header among the first rows; `false` if there is no row at all.
    fn find_header(&mut self, config: &Config) -> Result<bool> {
        let mut cells = Cells::new(self.layout.delimiter);
        let mut first: Vec<(String, Record)> = Vec::new();
        let mut rows = 0;
        let mut chosen = None;
        let (mut bad, mut first_width) = (0, None);
        while rows < HEADER_ROWS {
            let mut text = String::new();
            let Some(record) = self.read_record(&mut text)? else { break };
            if let Record::Row { quoted, .. } = &record {
                cells.split(&text, *quoted);
                let headers: Vec<&str> = cells.iter(&text).collect();
                let named = |n: &String| headers.iter().any(|h| h.trim() == n.trim());
                let c = &config.columns;
                let is_named = [&c.id, &c.time, &c.product, &c.channel].into_iter().flatten().any(named) || c.text.iter().any(named);
                let known = columns::recognised(&headers);
                // A later row is the header only if it clearly is one: a ticket may say 问题 in a cell.
                let is_header = match first_width {
                    None => is_named || known > 0 || columns::find(&headers, &config.columns).is_ok(),
                    Some(width) => is_named || known > 1 || (known > 0 && headers.len() > width),
                };
                first_width.get_or_insert(headers.len());
                rows += 1;
                if is_header {
                    chosen = Some(first.len());
                }
            } else if matches!(record, Record::Bad { .. }) {
                bad += 1;
                if bad > MAX_BAD_BEFORE_HEADER {
                    break;
                }
            }
            first.push((text, record));
            if chosen.is_some() {
                break;
            }
        }
        let header = chosen.or_else(|| first.iter().position(|(_, r)| matches!(r, Record::Row { .. })));
        let Some(header) = header else {
            if let Some((_, Record::Bad { span, detail, .. })) = first.iter().find(|(_, r)| matches!(r, Record::Bad { .. })) {
                let message = format!("expected a header, found no readable row; the first problem: {detail}");
                return Err(Error::input(message).in_file(&self.report.file).at_line(span.line));
            }
            self.structure(&first);
            return Ok(false);
        };
        let rest = first.split_off(header + 1);
        // Unreadable rows before the header are rows all the same: they go on to the quarantine.
        let (early, structural): (Vec<_>, Vec<_>) = first.into_iter().partition(|(_, r)| matches!(r, Record::Bad { .. }));
        self.structure(&structural);
        let Some((text, record)) = structural.last() else { return Ok(false) };
        let quoted = matches!(record, Record::Row { quoted: true, .. });
        cells.split(text, quoted);
        let names: Vec<String> = cells.iter(text).map(str::to_owned).collect();
        let refs: Vec<&str> = names.iter().map(String::as_str).collect();
        let columns = columns::find(&refs, &config.columns).map_err(|e| e.in_file(&self.report.file))?;
        self.records.set_width(names.len());
        let layout = Arc::make_mut(&mut self.layout);
        layout.masks = names.iter().enumerate().map(|(i, name)| masks(i, name, &columns)).collect();
        layout.columns = columns;
        layout.header = names;
        self.header_text = text.clone();
        self.pending = early.into_iter().chain(rest).collect();
        self.pending.reverse();
        Ok(true)
    }

    /// Reads the first rows, which tell what the columns hold.
    fn look_ahead(&mut self) -> Result<()> {
        while self.pending.len() < ROWS_LOOKED_AT {
            let mut line = String::new();
            let Some(record) = self.read_record(&mut line)? else { break };
            // The next to be handed out is the last.
            self.pending.insert(0, (line, record));
        }
        Ok(())
    }

    /// A column of times that hardly ever holds one is none, unless the user said so.
    fn check_times(&mut self, asked_for: bool) {
        let Some(time) = self.layout.columns.time.filter(|_| !asked_for) else { return };
        let mut cells = Cells::new(self.layout.delimiter);
        let (mut filled, mut good) = (0, 0);
        for (line, record) in &self.pending {
            let Record::Row { quoted, .. } = record else { continue };
            cells.split(line, *quoted);
            match dates::Reader::default().read_any(cells.get(line, time)) {
                dates::Found::Empty => {}
                found => {
                    filled += 1;
                    good += usize::from(found != dates::Found::Bad);
                }
            }
        }
        if good * 2 < filled {
            let header = self.layout.header.get(time).map_or("", String::as_str);
            self.report
                .notes
                .push(format!("column `{header}` holds no dates that are understood; the rows are read without; name another with `--time-column`"));
            Arc::make_mut(&mut self.layout).columns.time = None;
        }
    }

    /// A column of texts without words is hardly the customer's.
    fn check_texts(&mut self) {
        let [text] = self.layout.columns.text[..] else { return };
        let mut cells = Cells::new(self.layout.delimiter);
        let (mut filled, mut bare) = (0, 0);
        for (line, record) in &self.pending {
            let Record::Row { quoted, .. } = record else { continue };
            cells.split(line, *quoted);
            let cell = cells.get(line, text).trim();
            filled += usize::from(!cell.is_empty());
            bare += usize::from(!cell.is_empty() && !cell.chars().any(char::is_alphabetic));
        }
        if filled >= 5 && bare * 5 > filled * 4 {
            let header = self.layout.header.get(text).map_or("", String::as_str);
            self.report
                .notes
                .push(format!("column `{header}`, taken for the customer's text, holds hardly any words; name the right one with `--text-column`"));
        }
    }

    /// Where each row is one message of a chat, joins those of one id into one row, at the place of its first.
    fn group_messages(&mut self, asked_for: bool) -> Result<()> {
        let columns = self.layout.columns.clone();
        let (Some(role), Some(id), [text]) = (columns.role, columns.id, &columns.text[..]) else { return Ok(()) };
        let mut cells = Cells::new(self.layout.delimiter);
        let (mut named, mut rows, mut ids) = (0, 0, HashSet::new());
        for (line, record) in &self.pending {
            let Record::Row { quoted, .. } = record else { continue };
            cells.split(line, *quoted);
            rows += 1;
            named += usize::from(Role::named(cells.get(line, role).trim()).is_some());
            ids.insert(cells.get(line, id).trim().to_owned());
        }
        if rows == 0 || (!asked_for && (named * 10 < rows * 9 || ids.len() == rows)) {
            return Ok(());
        }
        let mut chats = Chats { delimiter: self.layout.delimiter, text: *text, ..Chats::default() };
        loop {
            let (line, record) = match self.pending.pop() {
                Some(next) => next,
                None => {
                    let mut line = String::new();
                    let Some(record) = self.read_record(&mut line)? else { break };
                    (line, record)
                }
            };
            let Record::Row { quoted, .. } = &record else {
                chats.others.push((line, record));
                continue;
            };
            cells.split(&line, *quoted);
            if cells.len() != self.layout.header.len() || line == self.header_text || cells.get(&line, id).trim().is_empty() {
                chats.others.push((line, record));
                continue;
            }
            let said = Role::named(cells.get(&line, role).trim()).unwrap_or(Role::Customer);
            let id = cells.get(&line, id).trim().to_owned();
            chats.add(id, said, &cells, &line, record);
        }
        self.report.messages = chats.messages;
        self.pending = chats.into_records();
        self.pending.reverse();
        Arc::make_mut(&mut self.layout).messages = true;
        Ok(())
    }

    /// Counts records before (and with) the header.
    fn structure(&mut self, records: &[(String, Record)]) {
        for (_, record) in records {
            self.account(record);
            self.report.structural += 1;
            self.number += 1;
        }
    }

    fn account(&mut self, record: &Record) {
        let (Record::Row { span, .. } | Record::Blank(span) | Record::Bad { span, .. }) = record;
        self.accounted += span.len;
    }

    fn read_record(&mut self, text: &mut String) -> Result<Option<Record>> {
        self.records.next_record(text).map_err(|e| e.in_file(&self.report.file))
    }

    /// The next rows; `None` at the end, when [`Reader::finish`] is due.
    ///
    /// # Errors
    /// What reading gave.
    pub fn next_batch(&mut self) -> Result<Option<Batch>> {
        if self.done {
            return Ok(None);
        }
        let mut batch = Batch {
            layout: Arc::clone(&self.layout),
            text: String::with_capacity(BATCH_BYTES + BATCH_BYTES / 4),
            rows: Vec::with_capacity(BATCH_ROWS),
            rejects: Vec::new(),
        };
        while batch.text.len() < BATCH_BYTES && batch.rows.len() + batch.rejects.len() < BATCH_ROWS {
            let record = match self.pending.pop() {
                Some((text, mut record)) => {
                    let from = batch.text.len();
                    batch.text.push_str(&text);
                    if let Record::Row { text, .. } = &mut record {
                        *text = from..batch.text.len();
                    }
                    record
                }
                None => match self.read_record(&mut batch.text)? {
                    Some(record) => record,
                    None => {
                        self.done = true;
                        break;
                    }
                },
            };
            self.account(&record);
            self.number += 1;
            match record {
                Record::Blank(_) => self.report.structural += 1,
                Record::Row { text, .. } if batch.text[text.clone()] == self.header_text || is_blank(&batch.text[text.clone()], self.layout.delimiter) => {
                    self.report.structural += 1;
                }
                Record::Row { text, quoted, span, raw } => {
                    self.report.rows += 1;
                    batch.rows.push(BatchRow { text, quoted, span, number: self.number, raw });
                }
                Record::Bad { span, reason, detail, raw } => {
                    self.report.rows += 1;
                    let row = Quarantined { file: self.report.file.clone(), line: span.line, byte_start: span.start, byte_len: span.len, reason, detail };
                    batch.rejects.push(Reject { row, raw });
                }
            }
        }
        // The first batch is handed out even if empty: its layout tells the header.
        let empty = batch.rows.is_empty() && batch.rejects.is_empty() && self.handed_out;
        self.handed_out = true;
        Ok(if empty && self.done { None } else { Some(batch) })
    }

    /// Bytes read so far.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.records.offset()
    }

    /// The report, once all batches were handed out.
    ///
    /// # Errors
    /// When the file changed while it was read, or bytes are unaccounted for.
    pub fn finish(mut self) -> Result<FileReport> {
        self.report.mixed_lines = self.records.mixed_lines();
        self.report.incomplete = self.checks.cut.how().map(str::to_owned);
        if self.accounted != self.records.offset() {
            let message = format!("{} bytes read but {} accounted for; nothing is published; please report this", self.records.offset(), self.accounted);
            return Err(Error::new(ErrorKind::Accounting, message).in_file(&self.report.file));
        }
        if let Some((path, before)) = &self.checks.file {
            let read = if self.checks.every_byte { self.accounted } else { before.len };
            still_growing(path, *before, read, self.checks.every_byte).map_err(|e| e.in_file(&self.report.file))?;
        }
        Ok(self.report)
    }
}

/// A file that changes while it is read, or that was written a moment ago and grows, is not whole yet.
fn still_growing(path: &Path, before: Stamp, read: u64, lines: bool) -> Result<()> {
    let busy = || Err(Error::new(ErrorKind::Busy, "the file is still being written; run again when it is complete"));
    if stamp(path) != Some(before) || read != before.len {
        return busy();
    }
    let age = before.modified.and_then(|m| SystemTime::now().duration_since(m).ok());
    let fresh = age.is_some_and(|a| a < Duration::from_secs(2));
    if fresh && lines && !ends_with_line_end(path) {
        std::thread::sleep(Duration::from_millis(250));
        if stamp(path) != Some(before) {
            return busy();
        }
    }
    Ok(())
}

fn ends_with_line_end(path: &Path) -> bool {
    let last_bytes = || -> std::io::Result<Vec<u8>> {
        let mut f = File::open(path)?;
        let len = f.metadata()?.len();
        f.seek(SeekFrom::Start(len.saturating_sub(2)))?;
        let mut last = Vec::new();
        f.read_to_end(&mut last)?;
        Ok(last)
    };
    last_bytes().map_or(true, |last| last.is_empty() || last.iter().any(|b| matches!(b, b'\n' | b'\r')))
}

/// Messages on their way to chats.
#[derive(Default)]
struct Chats {
    delimiter: u8,
    /// The column of the words.
    text: usize,
    chats: Vec<(Vec<String>, Record)>,
    of_id: HashMap<String, usize>,
    /// What is no message.
    others: Vec<(String, Record)>,
    messages: u64,
}

impl Chats {
    fn add(&mut self, id: String, said: Role, cells: &Cells, line: &str, record: Record) {
        self.messages += 1;
        let words = transcript::message(said, cells.get(line, self.text));
        match self.of_id.get(&id).and_then(|i| self.chats.get_mut(*i)) {
            Some((first, Record::Row { span, raw, .. })) => {
                for (mine, more) in first.iter_mut().zip(cells.iter(line)).filter(|(mine, _)| mine.trim().is_empty()) {
                    more.clone_into(mine);
                }
                first[self.text].push_str(&words);
                if let Record::Row { span: more, raw: bytes, .. } = record {
                    span.len += more.len;
                    if let (Some(raw), Some(bytes)) = (raw, bytes) {
                        raw.extend_from_slice(&bytes);
                    }
                }
            }
            _ => {
                self.of_id.insert(id, self.chats.len());
                let mut first: Vec<String> = cells.iter(line).map(str::to_owned).collect();
                first[self.text] = words;
                self.chats.push((first, record));
            }
        }
    }

    /// The chats as rows, then what was no message.
    fn into_records(self) -> Vec<(String, Record)> {
        let row = |(cells, record): (Vec<String>, Record)| {
            let mut line = String::new();
            for (i, cell) in cells.iter().enumerate() {
                if i > 0 {
                    line.push(char::from(self.delimiter));
                }
                push_cell(&mut line, cell, self.delimiter);
            }
            let record = match record {
                Record::Row { span, raw, .. } => Record::Row { text: 0..line.len(), quoted: line.contains('"'), span, raw },
                other => other,
            };
            (line, record)
        };
        self.chats.into_iter().map(row).chain(self.others).collect()
    }
}

/// Whether a spreadsheet has rounded the id: `1.23457E+17`.
fn is_rounded(id: &str) -> bool {
    let Some((digits, exponent)) = id.split_once(['E', 'e']) else { return false };
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    digits.contains('.') && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && exponent.len() == 2 && exponent.bytes().all(|b| b.is_ascii_digit())
}

/// Ids and times stay; what people wrote is searched, whatever its header says.
fn masks(column: usize, name: &str, columns: &Columns) -> mask::Cells {
    if columns.id == Some(column) || columns.time == Some(column) {
        mask::Cells::Keep
    } else if columns.text.contains(&column) || [columns.agent, columns.product, columns.channel].contains(&Some(column)) {
        mask::Cells::Search
    } else {
        mask::Cells::of_header(name)
    }
}

fn is_blank(row: &str, delimiter: u8) -> bool {
    row.bytes().all(|b| b == delimiter || b == b' ')
}

impl Layout {
    /// Splits a row of this file into cells.
    ///
    /// # Errors
    /// The reason and what was found, when the row has not the header's width.
    pub fn split(&self, row: &BatchRow, text: &str, cells: &mut Cells) -> std::result::Result<(), (Reason, String)> {
        let line = &text[row.text.clone()];
        cells.split(line, row.quoted);
        let width = self.header.len();
        if cells.len() > width && (width..cells.len()).all(|i| cells.get(line, i).trim().is_empty()) {
            cells.truncate(width);
        }
        if cells.len() == width { Ok(()) } else { Err((Reason::WrongWidth, format!("expected {width} cells as in the header, found {}", cells.len()))) }
    }

    /// Whether the row has an id written.
    #[must_use]
    pub fn has_id(&self, line: &str, cells: &Cells) -> bool {
        self.columns.id.is_some_and(|i| !cells.get(line, i).trim().is_empty())
    }

    /// The ticket of a row, from its cells; `line` is the row's text.
    #[must_use]
    pub fn ticket<'a>(&self, row: &BatchRow, line: &'a str, cells: &'a Cells) -> Ticket<'a> {
        let get = |column: Option<usize>| -> Cow<'a, str> { Cow::Borrowed(column.map_or("", |c| cells.get(line, c))) };
        let c = &self.columns;
        let body = match c.text[..] {
            [one] => Cow::Borrowed(cells.get(line, one)),
            _ => Cow::Owned(c.text.iter().map(|i| cells.get(line, *i)).filter(|t| !t.trim().is_empty()).collect::<Vec<_>>().join("\n")),
        };
        let (body, said) = if self.messages { transcript::split_messages(&body) } else { transcript::split(body) };
        let agent = get(c.agent);
        let agent = match said {
            Some(said) if agent.trim().is_empty() => Cow::Owned(said),
            Some(said) => Cow::Owned(format!("{said}\n{agent}")),
            None => agent,
        };
        let id = c.id.map_or("", |i| cells.get(line, i)).trim();
        // An id that a spreadsheet has rounded is many tickets' id.
        let id_is_row = id.is_empty() || is_rounded(id);
        let id = if id_is_row { Cow::Owned(format!("{}#{}", self.row_prefix, row.number)) } else { Cow::Borrowed(id) };
        Ticket { id, id_is_row, time: get(c.time), product: get(c.product), channel: get(c.channel), text: body, customer: get(c.customer), agent }
    }
}
