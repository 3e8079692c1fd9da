//! A file, opened: its encoding, delimiter and columns found, its rows handed out in batches, every byte accounted for.
//!
//! `header` finds the header, `judge` says of each row of a text what it is, `messages` joins messages into chats,
//! `layout` makes a row into a ticket.

mod header;
mod judge;
mod layout;
mod messages;

pub use layout::{Layout, Legible};
use messages::Chat;

use super::encoding::Encoding;
use super::notes::Notes;
use super::records::{Cut, Record, Records, RowSpan};
use super::repair::{OtherTable, Profile};
use super::source::{Source, Spool};
use super::{ColumnNames, Config};
use crate::cell::push_row;
use crate::error::{Error, ErrorKind, Result};
use crate::ticket::{Quarantined, Reason};
use judge::Fate;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A batch is full at so many bytes or rows.
const BATCH_BYTES: usize = 1 << 17;
const BATCH_ROWS: usize = 1024;
/// Rows that are read ahead, and their bytes: they tell what the columns hold.
const LOOK_AHEAD_ROWS: usize = 200;
const LOOK_AHEAD_BYTES: usize = 1 << 20;
/// Rows among which the header is looked for.
pub(super) const HEADER_ROWS: usize = 30;
/// Unreadable rows before the first readable one after which a file is given up.
const MAX_BAD_BEFORE_HEADER: usize = 100;
/// Lines that a file may have under its rows.
const FOOTER_LINES: usize = 8;

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
    /// The rows it was joined from, where it is a chat.
    pub messages: Vec<Message>,
}

/// A row of a file of one message a row.
#[derive(Debug)]
pub struct Message {
    /// Its place among all messages of the file, from 0.
    pub place: u64,
    /// Where its bytes are.
    pub span: RowSpan,
    /// Which characters of the chat's text are its words.
    pub words: Range<usize>,
    /// Its characters, if messages are kept.
    pub line: String,
}

/// A quarantined row with its bytes, if they are kept.
#[derive(Debug)]
pub struct Reject {
    /// Where and why.
    pub row: Quarantined,
    /// Its bytes.
    pub raw: Option<Vec<u8>>,
}

impl Reject {
    /// A row of `file`.
    #[must_use]
    pub fn new(file: &str, span: RowSpan, reason: Reason, detail: String, raw: Option<Vec<u8>>) -> Reject {
        Reject { row: Quarantined { file: file.to_owned(), line: span.line, byte_start: span.start, byte_len: span.len, reason, detail }, raw }
    }
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
    /// How it was noticed that the input ends in the middle, if it does.
    pub incomplete: Option<String>,
    /// What its user should know.
    pub notes: Notes,
}

/// An input, opened: empty, or ready to hand out batches.
pub enum Opened {
    /// No header, no rows.
    Empty(Box<FileReport>),
    /// With a header.
    Reader(Box<Reader>),
    /// A file of several parts, each to be opened by itself; and those that are left out, with the reason.
    Parts(Vec<Source>, Vec<String>),
}

/// Hands out the rows of one input.
pub struct Reader {
    layout: Arc<Layout>,
    records: Box<dyn Records>,
    pending: VecDeque<(String, Record)>,
    /// The chats of a file of messages, all of them.
    chats: VecDeque<Chat>,
    /// Rows among the messages that are none.
    set_aside: Vec<Reject>,
    header_text: String,
    names: ColumnNames,
    /// What the values look like; `None` where rows cannot be repaired.
    profile: Option<Profile>,
    /// Whether the file's own rows end in a delimiter too many.
    trailing: bool,
    /// Whether the last row had another delimiter than the file's.
    in_dialect: bool,
    /// The later table that the rows belong to.
    table: Option<OtherTable>,
    /// Whether the last line was the first half of a text.
    half: bool,
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
    /// Whether it is text whose rows may be broken.
    pub text: bool,
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
            pending: VecDeque::new(),
            chats: VecDeque::new(),
            set_aside: Vec::new(),
            header_text: String::new(),
            names: config.columns.clone(),
            profile: None,
            trailing: false,
            in_dialect: false,
            table: None,
            half: false,
            report,
            number: 0,
            accounted,
            checks,
            done: false,
            handed_out: false,
        };
        if reader.find_header(config)? {
            reader.look_ahead()?;
            reader.learn();
            reader.check_times(config.columns.time.is_some());
            reader.check_texts();
            reader.group_messages(config.columns.role.is_some(), config.keep_messages)?;
            Ok(Opened::Reader(Box::new(reader)))
        } else {
            Ok(Opened::Empty(Box::new(reader.finish()?)))
        }
    }

    /// The file's layout.
    #[must_use]
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Reads the first rows, which tell what the columns hold.
    fn look_ahead(&mut self) -> Result<()> {
        let mut bytes: usize = self.pending.iter().map(|(text, _)| text.len()).sum();
        while self.pending.len() < LOOK_AHEAD_ROWS && bytes < LOOK_AHEAD_BYTES && self.pend()? {
            bytes += self.pending.back().map_or(0, |(text, _)| text.len());
        }
        Ok(())
    }

    /// Reads one more record ahead; `false` at the end.
    fn pend(&mut self) -> Result<bool> {
        let mut text = String::new();
        let Some(record) = self.read_record(&mut text)? else { return Ok(false) };
        self.pending.push_back((text, record));
        Ok(true)
    }

    /// Accounts for a record's bytes and numbers it.
    fn account(&mut self, record: &Record) {
        let (Record::Row { span, .. } | Record::Blank(span) | Record::Bad { span, .. }) = record;
        self.accounted += span.len;
        self.number = if self.records.lines_are_rows() { span.line } else { self.number + 1 };
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
            rejects: std::mem::take(&mut self.set_aside),
        };
        while (batch.text.len() < BATCH_BYTES && batch.rows.len() + batch.rejects.len() < BATCH_ROWS)
            || (batch.rows.len() <= BATCH_ROWS && self.half_follows()?)
        {
            if let Some(chat) = self.chats.pop_front() {
                self.push_chat(&mut batch, chat);
                continue;
            }
            let Some(record) = self.next_record(&mut batch.text)? else {
                self.done = true;
                break;
            };
            self.take(&mut batch, record)?;
        }
        // The first batch is handed out even if empty: its layout tells the header.
        let empty = batch.rows.is_empty() && batch.rejects.is_empty() && self.handed_out;
        self.handed_out = true;
        Ok(if empty && self.done { None } else { Some(batch) })
    }

    /// The next record, read ahead or not; its characters are appended to `text`.
    fn next_record(&mut self, text: &mut String) -> Result<Option<Record>> {
        loop {
            let from = text.len();
            let record = match self.pending.pop_front() {
                Some((own, mut record)) => {
                    text.push_str(&own);
                    if let Record::Row { text: range, .. } = &mut record {
                        *range = from..text.len();
                    }
                    record
                }
                None => match self.read_record(text)? {
                    Some(record) => record,
                    None => return Ok(None),
                },
            };
            let Record::Row { lines, raw, .. } = &record else { return Ok(Some(record)) };
            if lines.is_empty() || !self.swallows(&text[from..], lines) {
                return Ok(Some(record));
            }
            for again in self.records.apart(&text[from..], lines, raw.as_deref()).into_iter().rev() {
                self.pending.push_front(again);
            }
            text.truncate(from);
        }
    }

    /// Puts a record where it belongs.
    fn take(&mut self, batch: &mut Batch, record: Record) -> Result<()> {
        self.account(&record);
        match record {
            Record::Blank(_) => self.report.structural += 1,
            Record::Row { text, quoted, cells, span, raw, .. } => {
                let fate = self.judge(&batch.text[text.clone()], quoted, cells, span)?;
                if matches!(fate, Fate::Structural) {
                    self.report.structural += 1;
                    return Ok(());
                }
                self.report.rows += 1;
                match fate {
                    Fate::Repaired(row) => {
                        batch.text.truncate(text.start);
                        self.push_repaired(batch, &row, span, raw);
                    }
                    Fate::Half => {
                        self.take_back_last(batch, span);
                        batch.rows.push(BatchRow { text, quoted, span, number: self.number, raw, messages: Vec::new() });
                    }
                    Fate::Bad(detail) => {
                        batch.text.truncate(text.start);
                        batch.rejects.push(Reject::new(&self.report.file, span, Reason::WrongWidth, detail, raw));
                    }
                    Fate::Row | Fate::Structural => batch.rows.push(BatchRow { text, quoted, span, number: self.number, raw, messages: Vec::new() }),
                }
            }
            Record::Bad { span, reason, detail, text, raw } => {
                self.report.rows += 1;
                if let Some(row) = text.and_then(|text| self.requote(&text)) {
                    self.push_repaired(batch, &row, span, raw);
                } else {
                    batch.rejects.push(Reject::new(&self.report.file, span, reason, detail, raw));
                }
            }
        }
        Ok(())
    }

    /// A repaired row goes on as if the file had it as it should be.
    fn push_repaired(&self, batch: &mut Batch, row: &[String], span: RowSpan, raw: Option<Vec<u8>>) {
        let from = batch.text.len();
        push_row(&mut batch.text, row, self.layout.delimiter);
        let quoted = batch.text[from..].contains('"');
        batch.rows.push(BatchRow { text: from..batch.text.len(), quoted, span, number: self.number, raw, messages: Vec::new() });
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

fn is_blank(row: &str, delimiter: u8) -> bool {
    row.bytes().all(|b| b == delimiter || b == b' ')
}
