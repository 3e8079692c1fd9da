//! Opening an input: what its bytes are, unpacked, decoded, taken apart into its sheets, files, tables.

use super::Config;
use super::cells::Cells;
use super::columns;
use super::encoding::{self, Detected, Encoding};
use super::formats::table::DELIMITER;
use super::formats::{Format, characters, html, json, packed, parquet, spreadsheet_xml, sql, workbook};
use super::lines::{LineReader, RawLine};
use super::notes::Notes;
use super::reader::{Checks, FileReport, HEADER_ROWS, Layout, Opened, Reader, stamp};
use super::records::{Cut, RecordReader, Records};
use super::source::{Part, Source, Spool, Which};
use crate::error::{Error, ErrorKind, Result};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;

/// Bytes looked at to decide format, encoding and delimiter.
const HEAD: usize = 1 << 20;
/// Stands for "no delimiter" in files of one column.
const NO_DELIMITER: u8 = 0x1f;
/// A packed file in a packed file in a packed file is as deep as it goes.
const MAX_PACKED: usize = 3;

impl Reader {
    /// Opens `source` and finds out format, encoding, delimiter and columns. `keep_raw` keeps each row's bytes; `several` says
    /// that there are other inputs, so that made-up ids need the file's name.
    ///
    /// # Errors
    /// What opening and reading gave; an encoding that cannot be told; columns that cannot be found.
    pub fn open(source: &Source, config: &Config, keep_raw: bool, several: bool) -> Result<Opened> {
        let name = source.name();
        let opening = Opening { name: &name, config, keep_raw, several, packed: 0 };
        let opened = match source {
            Source::Stdin => opening.stream(Box::new(std::io::stdin()), None, &Cut::default()),
            Source::File(path) => {
                let file = File::open(path).map_err(|e| Error::io(&name, "open", &e))?;
                opening.stream(Box::new(file), Some(path), &Cut::default())
            }
            Source::Database(database) => {
                let Some(query) = config.query.clone() else {
                    return Err(Error::setup("a database needs `--query`, for example `--query 'SELECT id, created_at, product, text FROM tickets'`"));
                };
                opening.table(Box::new(sql::rows(database.clone(), query, config.password.clone(), keep_raw)), None, Cut::default())
            }
            Source::Part(part) => opening.part(part),
        };
        opened.map_err(|e| e.in_file(&name))
    }

    /// As [`Reader::open`], for bytes that come from anywhere; `name` is used in messages.
    ///
    /// # Errors
    /// As [`Reader::open`].
    ///
    /// ```
    /// use ahu::ingest::{Config, Opened, Reader};
    /// let bytes = std::io::Cursor::new("工单号,内容\n1,闪退\n");
    /// let Opened::Reader(mut reader) = Reader::from_stream("bytes", Box::new(bytes), &Config::default()).unwrap() else { panic!() };
    /// assert_eq!(reader.next_batch().unwrap().unwrap().rows.len(), 1);
    /// ```
    pub fn from_stream(name: &str, bytes: Box<dyn Read + Send>, config: &Config) -> Result<Opened> {
        let opening = Opening { name, config, keep_raw: true, several: false, packed: 0 };
        opening.stream(bytes, None, &Cut::default()).map_err(|e| e.in_file(name))
    }
}

struct Opening<'a> {
    name: &'a str,
    config: &'a Config,
    keep_raw: bool,
    several: bool,
    /// How many times over its bytes were packed.
    packed: usize,
}

impl Opening<'_> {
    fn stream(&self, mut input: Box<dyn Read + Send>, path: Option<&Path>, cut: &Cut) -> Result<Opened> {
        let mut head = Vec::new();
        input.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(|e| packed::read_error(&e))?;
        let format = Format::of(&head);
        // A file is read from its own place; what came out of another is copied where it has to be read twice.
        let whole = |head: Vec<u8>, input: Box<dyn Read + Send>| match path {
            Some(path) if stamp(path).is_some() => Ok(Arc::new(Spool::of_file(path))),
            _ => Spool::copy(Cursor::new(head).chain(input)).map(Arc::new),
        };
        match format {
            Format::Text => self.text(head, input, path, cut),
            Format::Gzip | Format::Zstd => {
                let inside = self.inside()?;
                let unpacked = packed::unpack(format, Cursor::new(head).chain(input), cut).map_err(|e| packed::read_error(&e))?;
                inside.stream(unpacked, None, cut)
            }
            Format::Zip => {
                let file = whole(head, input)?;
                match packed::look_into(&file.open()?)? {
                    packed::Archive::Workbook => self.sheets(workbook::sheets(file.open()?)?, &file, Which::Sheet),
                    packed::Archive::Files(names) => self.inside()?.parts(names.into_iter().map(Which::Entry), &file, "files", Vec::new()),
                }
            }
            Format::OldWorkbook => {
                let file = whole(head, input)?;
                self.sheets(workbook::sheets(file.open()?)?, &file, Which::Sheet)
            }
            Format::Parquet => {
                let file = whole(head, input)?;
                self.table(Box::new(parquet::rows(file.open()?, self.keep_raw)), Some(&file), Cut::default())
            }
            Format::Sqlite => {
                let file = whole(head, input)?;
                match &self.config.query {
                    Some(query) => self.part(&Part { shown: self.name.to_owned(), file, which: Which::Query(query.clone()), packed: self.packed }),
                    None => {
                        let tables = sql::sqlite_tables(file.path())?;
                        self.parts(tables.into_iter().map(|t| Which::Query(sql::all_of(&t))), &file, "tables", Vec::new())
                    }
                }
            }
            Format::SpreadsheetXml => {
                let text = self.markup(&head, path)?;
                let file = whole(head, input)?;
                self.sheets(spreadsheet_xml::sheets(file.open()?, text)?, &file, |name| Which::XmlSheet(name, text))
            }
            Format::Html => {
                let text = self.markup(&head, path)?;
                let file = whole(head, input)?;
                let tables = html::tables(file.open()?, text)?;
                self.parts(tables.into_iter().map(|t| Which::HtmlTable(t, text)), &file, "tables", Vec::new())
            }
            Format::WebArchive => {
                Err(Error::input("expected a table, found a web archive (`.mht`, which some systems call .xls); open it in Excel or WPS and save it as xlsx"))
            }
        }
    }

    /// The encoding of a page or an XML file: by its mark or its bytes, else as it says.
    fn markup(&self, head: &[u8], path: Option<&Path>) -> Result<Detected> {
        // Where a tag ends no character is cut in two.
        let cut = head.iter().rposition(|b| *b == b'>').map_or(head.len(), |i| i + 1);
        let whole = if head.len() < HEAD || head.is_ascii() { head } else { head.get(..cut).unwrap_or(head) };
        let found = detect(self.config, path, whole);
        let certain = self.config.encoding.is_some()
            || found.as_ref().is_ok_and(|d| d.bom > 0 || d.encoding.is_utf16() || (d.encoding == Encoding::Utf8 && !whole.is_ascii()));
        let Some(named) = characters::named(whole).filter(|_| !certain) else { return found };
        // Some bytes of no character are their rows' trouble. What reads as UTF-8 is, though it says otherwise.
        let likely = [Encoding::Utf8, named].into_iter().find(|e| e.mostly(whole));
        match if named.decode(whole).is_some() { Some(named) } else { likely } {
            Some(encoding) => Ok(Detected { encoding, bom: 0 }),
            None => found,
        }
    }

    /// For what is packed in this.
    fn inside(&self) -> Result<Self> {
        if self.packed == MAX_PACKED {
            return Err(Error::input(format!("packed more than {MAX_PACKED} times over")));
        }
        Ok(Opening { packed: self.packed + 1, ..*self })
    }

    /// The sheets that people see, or those that the user named.
    fn sheets(&self, sheets: Vec<workbook::Sheet>, file: &Arc<Spool>, which: impl Fn(String) -> Which) -> Result<Opened> {
        if self.config.sheets.is_empty() {
            let (hidden, seen): (Vec<_>, Vec<_>) = sheets.into_iter().partition(|s| s.hidden);
            let left_out = hidden.into_iter().map(|s| format!("`{} » {}` is left out: the sheet is hidden; `--sheet {}` reads it", self.name, s.name, s.name));
            return self.parts(seen.into_iter().map(|s| which(s.name)), file, "sheets", left_out.collect());
        }
        let known: Vec<String> = sheets.into_iter().map(|s| s.name).collect();
        if let Some(unknown) = self.config.sheets.iter().find(|s| !known.contains(s)) {
            return Err(Error::setup(format!("`--sheet`: no sheet is called `{unknown}`; there are {}", quoted(&known))));
        }
        let parts = self.config.sheets.iter().map(|s| Source::Part(self.one(which(s.clone()), file))).collect();
        Ok(Opened::Parts(parts, Vec::new()))
    }

    fn one(&self, which: Which, file: &Arc<Spool>) -> Part {
        let of = match &which {
            Which::Sheet(name) | Which::XmlSheet(name, _) | Which::Entry(name) => name.clone(),
            Which::HtmlTable(table, _) => format!("table {}", table.number),
            Which::Query(query) => query.clone(),
        };
        Part { shown: format!("{} » {of}", self.name), file: Arc::clone(file), which, packed: self.packed }
    }

    /// The parts that have rows and the columns; a single part as it is, with its errors.
    fn parts(&self, parts: impl Iterator<Item = Which>, file: &Arc<Spool>, what: &str, mut left_out: Vec<String>) -> Result<Opened> {
        let mut all: Vec<Part> = parts.map(|w| self.one(w, file)).collect();
        if all.len() == 1
            && let Some(only) = all.pop()
        {
            return if left_out.is_empty() { self.part(&only) } else { Ok(Opened::Parts(vec![Source::Part(only)], left_out)) };
        }
        let (mut good, mut first_error) = (Vec::new(), None);
        for part in all {
            match self.part(&part) {
                Ok(Opened::Empty(_)) => {}
                Ok(_) => good.push(Source::Part(part)),
                Err(e) if e.kind == ErrorKind::Io => return Err(e),
                Err(e) => {
                    left_out.push(format!("`{}` is left out: {}", part.shown, e.message));
                    first_error.get_or_insert(e.in_file(&part.shown));
                }
            }
        }
        match (good.is_empty(), first_error) {
            (true, Some(e)) => Err(Error::new(e.kind, format!("none of its {what} can be used; the first: {}", e.message))),
            _ => Ok(Opened::Parts(good, left_out)),
        }
    }

    fn part(&self, part: &Part) -> Result<Opened> {
        let opening = Opening { name: &part.shown, packed: part.packed, ..*self };
        let cut = Cut::default();
        match &part.which {
            Which::Sheet(sheet) => opening.table(Box::new(workbook::rows(part.file.open()?, sheet.clone(), self.keep_raw)), Some(&part.file), cut),
            Which::XmlSheet(sheet, text) => {
                let rows = spreadsheet_xml::rows(part.file.open()?, *text, sheet.clone(), self.keep_raw, cut.clone());
                opening.table(Box::new(rows), Some(&part.file), cut)
            }
            Which::HtmlTable(table, text) => {
                let rows = html::rows(part.file.open()?, *text, *table, self.keep_raw, cut.clone());
                opening.table(Box::new(rows), Some(&part.file), cut)
            }
            Which::Query(query) => opening.table(Box::new(sql::sqlite_rows(part.file.path().to_owned(), query.clone(), self.keep_raw)), Some(&part.file), cut),
            Which::Entry(name) => opening.stream(packed::entry(part.file.open()?, name)?, None, &cut),
        }
    }

    fn report(&self, encoding: Encoding, delimiter: u8) -> FileReport {
        FileReport { file: self.name.to_owned(), encoding, delimiter, rows: 0, structural: 0, mixed_lines: 0, notes: Notes::default(), incomplete: None }
    }

    fn layout(&self, delimiter: u8) -> Layout {
        let row_prefix = if self.several { self.name.to_owned() } else { String::new() };
        Layout { file: self.name.to_owned(), delimiter, row_prefix, ..Layout::default() }
    }

    fn table(&self, records: Box<dyn Records>, file: Option<&Arc<Spool>>, cut: Cut) -> Result<Opened> {
        let own = file.filter(|f| f.is_own()).and_then(|f| Some((f.path().to_owned(), stamp(f.path())?)));
        let checks = Checks { file: own, cut, _kept: file.cloned(), ..Checks::default() };
        Reader::begin(records, self.layout(DELIMITER), self.report(Encoding::Utf8, DELIMITER), self.config, checks)
    }

    fn text(&self, head: Vec<u8>, input: Box<dyn Read + Send>, path: Option<&Path>, cut: &Cut) -> Result<Opened> {
        let detected = detect(self.config, path, &head)?;
        let body = head.get(detected.bom..).unwrap_or_default();
        let first = &body[..body.len().min(4096)];
        // Only its first characters matter, and a character may be cut in two at the end.
        let first = detected.encoding.glance(first);
        let before = path.and_then(|p| Some((p.to_owned(), stamp(p)?)));
        let mut checks = Checks { file: before, every_byte: true, text: false, cut: cut.clone(), _kept: None };
        if json::is_json(&first) {
            if let Some(key) = json::rows_inside(&detected.encoding.glance(body)) {
                return Err(rows_inside(&key));
            }
            let file = match path {
                Some(path) if stamp(path).is_some() => Spool::of_file(path),
                _ => Spool::copy(Cursor::new(head).chain(input))?,
            };
            let lines = || -> Result<_> {
                let mut file = file.open()?;
                std::io::copy(&mut file.by_ref().take(detected.bom as u64), &mut std::io::sink()).map_err(|e| Error::io(self.name, "read", &e))?;
                Ok(LineReader::new(file, detected.encoding, detected.bom as u64).cut_after(b'}'))
            };
            let keys = json::Keys::read(lines()?, detected.encoding)?;
            let records = json::JsonRecords::new(lines()?, detected.encoding, keys, self.keep_raw);
            return Reader::begin(Box::new(records), self.layout(DELIMITER), self.report(detected.encoding, DELIMITER), self.config, checks);
        }
        let delimiter = self.config.delimiter.unwrap_or_else(|| sniff_delimiter(&head[detected.bom..], detected.encoding));
        let mut rest = Cursor::new(head);
        rest.set_position(detected.bom as u64);
        let lines = LineReader::new(rest.chain(input), detected.encoding, detected.bom as u64);
        let mut records = RecordReader::new(lines, detected.encoding, delimiter);
        checks.text = true;
        records.keep_raw = self.keep_raw;
        records.cut = cut.clone();
        Reader::begin(Box::new(records), self.layout(delimiter), self.report(detected.encoding, delimiter), self.config, checks)
    }
}

fn rows_inside(key: &str) -> Error {
    let take_out = format!("take them out, for example with `jq '.{key}' export.json > tickets.json`");
    Error::input(format!("expected an array of objects or one object a line, found one object whose rows seem to be inside `{key}`; {take_out}"))
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

fn detect(config: &Config, path: Option<&Path>, head: &[u8]) -> Result<Detected> {
    let complete = head.len() < HEAD;
    let found = match config.encoding {
        Some(encoding) => {
            let found = encoding::detect(head, complete).ok().filter(|d| d.bom > 0);
            // A mark tells the byte order, which `utf-16` leaves open.
            let same_but_order = |d: &Detected| d.encoding == encoding || (d.encoding.is_utf16() && encoding.is_utf16());
            return Ok(found.filter(same_but_order).unwrap_or(Detected { encoding, bom: 0 }));
        }
        None => encoding::detect(head, complete)?,
    };
    if found.encoding == Encoding::Utf8
        && found.bom == 0
        && !complete
        && head.is_ascii()
        && let Some(path) = path
        && stamp(path).is_some()
        && let Some(later) = first_non_ascii(path)
    {
        return encoding::detect(&later, false);
    }
    Ok(found)
}

/// The first part of a file that is not plain ASCII, for files that begin with very many plain rows.
fn first_non_ascii(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let mut block = vec![0; HEAD];
    loop {
        let n = file.read(&mut block).ok().filter(|n| *n > 0)?;
        let Some(at) = block[..n].iter().position(|b| !b.is_ascii()) else { continue };
        let from = block[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let mut part = block[from..n].to_vec();
        file.take(HEAD as u64).read_to_end(&mut part).ok()?;
        return Some(part);
    }
}

/// The delimiter that splits the first lines into the same number of cells, most of them with known names.
fn sniff_delimiter(head: &[u8], encoding: Encoding) -> u8 {
    let mut reader = LineReader::new(head, encoding, 0);
    let mut lines = Vec::new();
    while let Ok(Some(line)) = reader.next_line()
        && lines.len() < 2 * HEADER_ROWS
    {
        if let RawLine::Line(bytes, _) = line
            && let Some((text, _)) = encoding::decode_line(encoding, bytes)
        {
            let text = text.trim_end_matches(['\n', '\r']).to_owned();
            if !text.trim().is_empty() {
                lines.push(text);
            }
        }
    }
    let score = |delimiter: u8| {
        let mut cells = Cells::new(delimiter);
        let mut rows = Vec::new();
        for line in &lines {
            cells.split(line, line.contains('"'));
            let names: Vec<&str> = cells.iter(line).collect();
            rows.push((cells.len(), columns::recognised(&names)));
        }
        let header = |i: usize| (rows[i].1, rows[i..].iter().filter(|r| r.0 == rows[i].0).count(), rows[i].0);
        (0..rows.len().min(HEADER_ROWS)).filter(|i| rows[*i].0 > 1).map(header).max().unwrap_or_default()
    };
    let scored = [b',', b'\t', b';', b'|'].map(|d| (score(d), d));
    let best = scored.iter().rev().max_by_key(|(s, _)| *s);
    best.filter(|((_, _, width), _)| *width > 1).map_or(NO_DELIMITER, |(_, d)| *d)
}
