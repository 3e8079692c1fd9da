//! A file, opened: its encoding, delimiter and columns found, its rows handed out in batches, every byte accounted for.

use super::cells::Cells;
use super::columns::{self, Columns};
use super::dates;
use super::encoding::Encoding;
use super::records::{Cut, Record, Records, RowSpan};
use super::repair::{self, LEARN_ROWS, Notes, OtherTable, Profile};
use super::source::{Source, Spool};
use super::{ColumnNames, Config};
use crate::cell::push_cell;
use crate::error::{Error, ErrorKind, Result};
use crate::mask;
use crate::ticket::{Quarantined, Reason, Ticket};
use crate::transcript::{self, Role};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
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
pub(super) const HEADER_ROWS: usize = 30;
/// Unreadable rows before the first readable one after which a file is given up.
const MAX_BAD_BEFORE_HEADER: usize = 100;
/// Bytes that are read ahead to learn what the columns look like.
const LEARN_BYTES: usize = 1 << 20;
/// Lines that a file may have under its rows.
const FOOTER_LINES: usize = 8;

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
    pub remarks: Vec<String>,
    /// How it was noticed that the input ends in the middle, if it does.
    pub incomplete: Option<String>,
    /// What was repaired, and what else is to be told.
    pub notes: Notes,
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
    pending: VecDeque<(String, Record)>,
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
            reader.learn()?;
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
                let headers: Vec<Cow<'_, str>> = cells.iter(&text).map(legible).collect();
                let headers: Vec<&str> = headers.iter().map(AsRef::as_ref).collect();
                let named = |n: &String| headers.iter().any(|h| h.trim() == n.trim());
                let c = &config.columns;
                let is_named = [&c.id, &c.time, &c.product, &c.channel].into_iter().flatten().any(named) || c.text.iter().any(named);
                let known = columns::recognised(&headers);
                // A later row is the header only if it clearly is one: a ticket may say 问题 in a cell.
                let is_header = match first_width {
                    // Values are no names, though a ticket may hold a word that names hold.
                    None => is_named || known > 0 || (!headers.iter().any(|h| is_value(h)) && columns::find(&headers, &config.columns).is_ok()),
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
        if chosen.is_none()
            && let Some(columns) = self.without_header(&mut first, config)
        {
            let width = cells_of(&first, &mut cells);
            let names = (1..=width).map(|i| format!("列{i}")).collect();
            self.report.notes.headerless = true;
            self.header_is(names, columns);
            self.pending = first.into();
            return Ok(true);
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
        let names: Vec<String> = cells.iter(text).map(|c| legible(c).into_owned()).collect();
        let refs: Vec<&str> = names.iter().map(String::as_str).collect();
        let columns = columns::find(&refs, &config.columns).map_err(|e| e.in_file(&self.report.file))?;
        self.header_text = text.clone();
        self.header_is(names, columns);
        self.pending = early.into_iter().chain(rest).collect();
        Ok(true)
    }

    fn header_is(&mut self, names: Vec<String>, columns: Columns) {
        self.records.set_width(names.len());
        let layout = Arc::make_mut(&mut self.layout);
        layout.masks = names.iter().enumerate().map(|(i, name)| masks(i, name, &columns)).collect();
        layout.columns = columns;
        layout.header = names;
    }

    /// The columns of a file whose first row is data already; blank lines above it are counted.
    fn without_header(&mut self, first: &mut Vec<(String, Record)>, config: &Config) -> Option<Columns> {
        let blank = first.iter().take_while(|(_, r)| matches!(r, Record::Blank(_))).count();
        let mut cells = Cells::new(self.layout.delimiter);
        let mut rows: Vec<Vec<String>> = Vec::new();
        for (text, record) in &*first {
            if let Record::Row { quoted, .. } = record {
                cells.split(text, *quoted);
                rows.push(cells.iter(text).map(str::to_owned).collect());
            }
        }
        let found = repair::headerless(&rows)?;
        let c = &config.columns;
        let given = [&c.id, &c.time, &c.product, &c.channel].into_iter().any(Option::is_some) || !c.text.is_empty();
        let columns = if given {
            let names: Vec<String> = (1..=rows[0].len()).map(|i| format!("列{i}")).collect();
            let named = columns::find(&names.iter().map(String::as_str).collect::<Vec<_>>(), &ColumnNames { text_optional: true, ..c.clone() }).ok()?;
            let text = if named.text.is_empty() { found.text } else { named.text };
            // What the user named is taken; what is left is told by the values.
            let free = |own: Option<usize>, told: Option<usize>| own.or(told.filter(|t| !text.contains(t)));
            Columns {
                id: free(named.id, found.id),
                time: free(named.time, found.time),
                product: free(named.product, found.product),
                channel: free(named.channel, found.channel),
                text: text.clone(),
                ..Columns::default()
            }
        } else {
            found
        };
        let above: Vec<_> = first.drain(..blank).collect();
        self.structure(&above);
        Some(columns)
    }

    /// Reads ahead and learns what the columns look like.
    fn learn(&mut self) -> Result<()> {
        let width = self.layout.header.len();
        let mut bytes: usize = self.pending.iter().map(|(text, _)| text.len()).sum();
        while self.checks.text && self.pending.len() < LEARN_ROWS && bytes < LEARN_BYTES {
            let mut text = String::new();
            let Some(record) = self.read_record(&mut text)? else { break };
            bytes += text.len();
            self.pending.push_back((text, record));
        }
        let mut cells = Cells::new(self.layout.delimiter);
        let (mut rows, mut trailing): (Vec<Vec<String>>, Vec<Vec<String>>) = (Vec::new(), Vec::new());
        for (text, record) in &mut self.pending {
            let Record::Row { quoted, cells: n, text: range, .. } = record else { continue };
            if !self.checks.text {
                // Read before the width was known: empty cells at the end are left out by these formats.
                for _ in *n..width {
                    text.push(char::from(self.layout.delimiter));
                }
                (*n, *range) = (width.max(*n), 0..text.len());
            } else if *text != self.header_text && !is_blank(text, self.layout.delimiter) && repair::footer(text, self.layout.delimiter).is_none() {
                cells.split(text, *quoted);
                let surplus = cells.len() > width && (width..cells.len()).all(|i| cells.get(text, i).trim().is_empty());
                if cells.len() == width || surplus {
                    let kind = if surplus { &mut trailing } else { &mut rows };
                    kind.push(cells.iter(text).take(width).map(str::to_owned).collect());
                }
            }
        }
        // A row that ends in a delimiter too many may be one that is shifted: it teaches nothing, unless that is how this file is.
        self.trailing = trailing.len() > rows.len();
        if self.trailing {
            rows = trailing;
        }
        if self.checks.text {
            self.profile = Profile::learn(&rows, &self.layout.columns);
        }
        Ok(())
    }

    /// What a row is, given its text. Asked about every row: most fit and are done after two comparisons.
    fn judge(&mut self, line: &str, quoted: bool, cells: usize, span: RowSpan) -> Result<Fate> {
        let (width, delimiter) = (self.layout.header.len(), self.layout.delimiter);
        if line == self.header_text {
            (self.table, self.in_dialect) = (None, false);
            return Ok(Fate::Structural);
        }
        if is_blank(line, delimiter) {
            return Ok(Fate::Structural);
        }
        if repair::may_be_footer(line)
            && let Some(footer) = repair::footer(line, delimiter)
            && self.only_footers_follow()?
        {
            self.report.notes.stated_rows = self.report.notes.stated_rows.or(footer.rows.filter(|n| *n != self.report.rows));
            return Ok(Fate::Structural);
        }
        let c = &self.layout.columns;
        if (c.id.is_some() || c.time.is_some())
            && repair::may_be_header(line)
            && let Some(table) = OtherTable::begin(line, delimiter, span.line, &self.layout.header, c, &self.names)
        {
            let same = cells == width && Cells::is_row(line, quoted, delimiter, &self.layout.header);
            self.report.notes.second_table = self.report.notes.second_table.or((!same).then_some(span.line));
            (self.table, self.in_dialect) = ((!same).then_some(table), false);
            return Ok(Fate::Structural);
        }
        if let Some(table) = &self.table {
            return Ok(match table.row(line, delimiter) {
                Some(row) => {
                    self.report.notes.other_table += 1;
                    Fate::Repaired(row)
                }
                None => Fate::Bad(format!(
                    "expected {} cells as in the header on line {}, whose table begins there, and a text among them",
                    table.width, table.line
                )),
            });
        }
        if std::mem::take(&mut self.half) && cells == width {
            return Ok(Fate::Bad("the line before it is the other half of its text".to_owned()));
        }
        // Text with commas in a row of semicolons may have the header's width by accident.
        let [a, b, c] = match delimiter {
            b';' => [b',', b'\t', b'|'],
            b'\t' => [b',', b';', b'|'],
            b'|' => [b',', b';', b'\t'],
            _ => [b';', b'\t', b'|'],
        };
        if cells == width && !self.in_dialect && memchr::memchr3(a, b, c, line.as_bytes()).is_none() {
            return Ok(Fate::Row);
        }
        let Some(profile) = &self.profile else { return Ok(Fate::Row) };
        let own = || -> Vec<String> {
            let mut own = Cells::new(delimiter);
            own.split(line, quoted);
            own.iter(line).map(str::to_owned).collect()
        };
        let other = repair::other_dialect(line, delimiter, width).map(|(_, row)| row);
        if let Some(row) = &other
            && row.iter().zip(&self.layout.header).all(|(a, b)| a.trim() == b.trim())
        {
            self.in_dialect = true;
            return Ok(Fate::Structural);
        }
        let other = other.filter(|row| profile.fits(row, true));
        if cells == width {
            return Ok(match other {
                None => {
                    self.in_dialect = false;
                    Fate::Row
                }
                Some(_) if !self.in_dialect && profile.fits(&own(), true) => Fate::Row,
                Some(_) if profile.fits(&own(), true) => Fate::Bad("it has the header's width with two delimiters".to_owned()),
                Some(row) => self.of_other_dialect(row),
            });
        }
        let merged = if cells > width { profile.reread(line, delimiter) } else { None };
        if cells > width
            && let own = own()
            && own[width..].iter().all(|c| c.trim().is_empty())
        {
            // Cut off at the width, as before, unless the columns say that the row is shifted.
            return Ok(if self.trailing || profile.fits(&own[..width], false) {
                Fate::Row
            } else if let Some(row) = merged {
                self.report.notes.delimiters += 1;
                Fate::Repaired(row)
            } else {
                Fate::Bad(format!("expected {width} cells as in the header, found {cells}, the last ones empty"))
            });
        }
        Ok(match (other, merged) {
            (Some(row), None) => self.of_other_dialect(row),
            (None, Some(row)) => {
                self.report.notes.delimiters += 1;
                Fate::Repaired(row)
            }
            // Which row a half belongs to is told where rows begin or end with the text: that row is no row either.
            (None, None) if cells == 1 => {
                self.half = profile.is_half(line, false);
                if profile.is_half(line, true) { Fate::Half } else { Fate::Row }
            }
            _ => Fate::Row,
        })
    }

    fn of_other_dialect(&mut self, row: Vec<String>) -> Fate {
        self.in_dialect = true;
        self.report.notes.other_dialect += 1;
        Fate::Repaired(row)
    }

    /// The only reading of a line whose quotes are broken.
    fn requote(&mut self, line: &str) -> Option<Vec<String>> {
        let profile = self.profile.as_ref().filter(|_| self.table.is_none())?;
        let line = line.trim_end_matches(['\n', '\r']);
        let other = repair::other_dialect(line, self.layout.delimiter, self.layout.header.len()).map(|(_, row)| row);
        if let Some(row) = other.filter(|row| profile.fits(row, true)) {
            self.in_dialect = true;
            self.report.notes.other_dialect += 1;
            return Some(row);
        }
        let row = profile.quotes(line, self.layout.delimiter).ok()??;
        self.report.notes.quotes += 1;
        Some(row)
    }

    /// Whether the next line is half of the text of the row before, which must not be handed out then.
    fn half_follows(&mut self) -> Result<bool> {
        let Some(profile) = &self.profile else { return Ok(false) };
        if !profile.is_half("", true) {
            return Ok(false);
        }
        if self.pending.is_empty() {
            let mut text = String::new();
            let Some(record) = self.read_record(&mut text)? else { return Ok(false) };
            self.pending.push_back((text, record));
        }
        Ok(matches!(self.pending.front(), Some((_, Record::Row { cells: 1, .. }))))
    }

    /// The last row turns out to be half a row.
    fn take_back_last(&self, batch: &mut Batch, next: RowSpan) {
        let Some(last) = batch.rows.pop_if(|r| r.span.start + r.span.len == next.start) else { return };
        let detail = "the line after it is the other half of its text".to_owned();
        let (span, file) = (last.span, self.report.file.clone());
        let row = Quarantined { file, line: span.line, byte_start: span.start, byte_len: span.len, reason: Reason::WrongWidth, detail };
        batch.rejects.push(Reject { row, raw: last.raw });
    }

    /// Whether nothing but footers is left: reads a few lines ahead.
    fn only_footers_follow(&mut self) -> Result<bool> {
        for i in 0..FOOTER_LINES {
            if i == self.pending.len() {
                let mut text = String::new();
                let Some(record) = self.read_record(&mut text)? else { return Ok(true) };
                self.pending.push_back((text, record));
            }
            let is_footer = match &self.pending[i] {
                (_, Record::Blank(_)) => true,
                (text, Record::Row { .. }) => is_blank(text, self.layout.delimiter) || repair::footer(text, self.layout.delimiter).is_some(),
                _ => false,
            };
            if !is_footer {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Reads the first rows, which tell what the columns hold.
    fn look_ahead(&mut self) -> Result<()> {
        while self.pending.len() < ROWS_LOOKED_AT {
            let mut line = String::new();
            let Some(record) = self.read_record(&mut line)? else { break };
            self.pending.push_back((line, record));
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
                .remarks
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
                .remarks
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
            let (line, record) = match self.pending.pop_front() {
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
        while (batch.text.len() < BATCH_BYTES && batch.rows.len() + batch.rejects.len() < BATCH_ROWS)
            || (batch.rows.len() <= BATCH_ROWS && self.half_follows()?)
        {
            let record = match self.pending.pop_front() {
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
                Record::Row { text, quoted, cells, span, raw } => {
                    let fate = self.judge(&batch.text[text.clone()], quoted, cells, span)?;
                    if matches!(fate, Fate::Structural) {
                        self.report.structural += 1;
                        continue;
                    }
                    self.report.rows += 1;
                    match fate {
                        Fate::Repaired(row) => {
                            batch.text.truncate(text.start);
                            self.push_repaired(&mut batch, &row, span, raw);
                        }
                        Fate::Half => {
                            self.take_back_last(&mut batch, span);
                            batch.rows.push(BatchRow { text, quoted, span, number: self.number, raw });
                        }
                        Fate::Bad(detail) => {
                            batch.text.truncate(text.start);
                            let reason = Reason::WrongWidth;
                            let row =
                                Quarantined { file: self.report.file.clone(), line: span.line, byte_start: span.start, byte_len: span.len, reason, detail };
                            batch.rejects.push(Reject { row, raw });
                        }
                        Fate::Row | Fate::Structural => batch.rows.push(BatchRow { text, quoted, span, number: self.number, raw }),
                    }
                }
                Record::Bad { span, reason, detail, text, raw } => {
                    self.report.rows += 1;
                    if let Some(row) = text.and_then(|text| self.requote(&text)) {
                        self.push_repaired(&mut batch, &row, span, raw);
                        continue;
                    }
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

    /// A repaired row goes on as if the file had it as it should be.
    fn push_repaired(&self, batch: &mut Batch, row: &[String], span: RowSpan, raw: Option<Vec<u8>>) {
        let from = batch.text.len();
        for (i, cell) in row.iter().enumerate() {
            if i > 0 {
                batch.text.push(char::from(self.layout.delimiter));
            }
            push_cell(&mut batch.text, cell, self.layout.delimiter);
        }
        let quoted = batch.text[from..].contains('"');
        batch.rows.push(BatchRow { text: from..batch.text.len(), quoted, span, number: self.number, raw });
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

/// What becomes of a row.
enum Fate {
    /// It is as it is; the width is looked at when it is split.
    Row,
    /// Its cells, repaired.
    Repaired(Vec<String>),
    /// Header, title, footer, nothing.
    Structural,
    /// It is the second half of the row before, and as little a row.
    Half,
    /// It cannot be read.
    Bad(String),
}

/// A header's cell as it was meant.
fn legible(cell: &str) -> Cow<'_, str> {
    if repair::may_be_mojibake(cell) { repair::mojibake(cell).map_or(Cow::Borrowed(cell), Cow::Owned) } else { Cow::Borrowed(cell) }
}

/// Whether a cell of the first row is certainly no column's name.
fn is_value(cell: &str) -> bool {
    let cell = cell.trim();
    (cell.len() >= 6 && cell.bytes().any(|b| b.is_ascii_digit()) && dates::day(cell).is_some()) || cell.bytes().filter(u8::is_ascii_digit).count() >= 6
}

/// The width of the first row.
fn cells_of(records: &[(String, Record)], cells: &mut Cells) -> usize {
    records.iter().find_map(|(text, r)| if let Record::Row { quoted, .. } = r { Some((text, *quoted)) } else { None }).map_or(0, |(text, quoted)| {
        cells.split(text, quoted);
        cells.len()
    })
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
    fn into_records(self) -> VecDeque<(String, Record)> {
        let row = |(cells, record): (Vec<String>, Record)| {
            let mut line = String::new();
            for (i, cell) in cells.iter().enumerate() {
                if i > 0 {
                    line.push(char::from(self.delimiter));
                }
                push_cell(&mut line, cell, self.delimiter);
            }
            let record = match record {
                Record::Row { span, raw, .. } => Record::Row { text: 0..line.len(), quoted: line.contains('"'), cells: cells.len(), span, raw },
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

/// Whether a row's text could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legible {
    /// As it is.
    Yes,
    /// It was read in the wrong encoding and saved; it was brought back.
    Again,
    /// Characters of it were lost before.
    Lost,
}

impl Layout {
    /// Splits a row of this file into cells, and brings back what was read in the wrong encoding once.
    ///
    /// # Errors
    /// The reason and what was found, when the row has not the header's width.
    pub fn split(&self, row: &BatchRow, text: &str, cells: &mut Cells) -> std::result::Result<Legible, (Reason, String)> {
        let line = &text[row.text.clone()];
        cells.split(line, row.quoted);
        let width = self.header.len();
        if cells.len() > width && (width..cells.len()).all(|i| cells.get(line, i).trim().is_empty()) {
            cells.truncate(width);
        }
        if cells.len() != width {
            return Err((Reason::WrongWidth, format!("expected {width} cells as in the header, found {}", cells.len())));
        }
        if !repair::may_be_mojibake(line) {
            return Ok(Legible::Yes);
        }
        let repaired: Vec<Option<String>> = cells.iter(line).map(repair::mojibake).collect();
        let lost = cells.iter(line).any(repair::is_damaged);
        let brought_back = repaired.iter().any(Option::is_some);
        if brought_back {
            let own: Vec<String> = cells.iter(line).zip(repaired).map(|(cell, repaired)| repaired.unwrap_or_else(|| cell.to_owned())).collect();
            cells.set(&own);
        }
        Ok(match (lost, brought_back) {
            (true, _) => Legible::Lost,
            (_, true) => Legible::Again,
            _ => Legible::Yes,
        })
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
