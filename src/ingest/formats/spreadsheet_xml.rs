//! Workbooks as one XML file ("XML Spreadsheet 2003"), which many systems write and name `.xls`.

use super::characters::Characters;
use super::grid::Grid;
use super::packed::{bomb, is_bomb, read_error};
use super::table::{Rows, Table, unreadable};
use super::workbook::{Sheet, number};
use crate::error::{Error, Result};
use crate::ingest::encoding::Detected;
use crate::ingest::records::Cut;
use quick_xml::errors::Error as XmlError;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::fs::File;
use std::io::{BufRead, Read};

/// Most bytes between two tags: a text longer than that is no cell's.
const MAX_TEXT: u64 = 64 << 20;
/// Greatest number of a row that a file may say; it is only shown.
const MAX_INDEX: u64 = 1 << 32;
/// Most sheets.
const MAX_SHEETS: usize = 256;

/// Its sheets.
///
/// # Errors
/// A file that cannot be read, or that has no sheet.
pub fn sheets(file: File, text: Detected) -> Result<Vec<Sheet>> {
    let mut sheets: Vec<Sheet> = Vec::new();
    let mut visible = false;
    let whole = follow(file, text, |piece, _| {
        match piece {
            Piece::Starts("Worksheet", tag) => sheets.push(Sheet { name: attribute(tag, "Name").unwrap_or_default(), hidden: false }),
            Piece::Starts(name, _) => visible = name == "Visible",
            Piece::Text(t) if visible && (t.starts_with("SheetHidden") || t.starts_with("SheetVeryHidden")) => {
                sheets.iter_mut().last().into_iter().for_each(|s| s.hidden = true);
            }
            Piece::Ends("Visible") => visible = false,
            _ => {}
        }
        Ok(sheets.len() <= MAX_SHEETS)
    });
    match whole {
        // What breaks off is told when its rows are read.
        Ok(_) if !sheets.is_empty() => Ok(sheets),
        Ok(_) => Err(Error::input("expected a workbook with sheets, found none in it; open it in Excel or WPS and save it as xlsx")),
        Err(e) => Err(e),
    }
}

/// The rows of a sheet; `cut` is set where the file ends in it.
pub fn rows(file: File, text: Detected, sheet: String, keep_raw: bool, cut: Cut) -> Table {
    Table::spawn(keep_raw, move |rows| {
        let mut reading = Reading::new(rows, sheet);
        let whole = follow(file, text, |piece, read| reading.take(piece, read))?;
        if let Some(gone) = reading.gone {
            return Ok(Err(gone));
        }
        if !whole && reading.inside {
            cut.set("its last sheet is not closed".to_owned());
            if reading.in_row {
                return Ok(reading.grid.end_row(reading.row, true));
            }
        }
        Ok(Ok(()))
    })
}

/// A sheet on its way to be rows.
struct Reading<'a> {
    grid: Grid<'a>,
    sheet: String,
    /// Whether this is the sheet.
    inside: bool,
    row: u64,
    in_row: bool,
    column: usize,
    /// Columns and rows that the cell reaches over.
    reach: (usize, usize),
    /// What kind of value comes, in a cell's `Data`.
    kind: Option<String>,
    value: String,
    comment: bool,
    gone: Option<super::table::Gone>,
}

impl<'a> Reading<'a> {
    fn new(rows: &'a mut Rows, sheet: String) -> Self {
        let (grid, value) = (Grid::new(rows), String::new());
        Reading { grid, sheet, inside: false, row: 0, in_row: false, column: 0, reach: (1, 1), kind: None, value, comment: false, gone: None }
    }

    /// `false` when nothing more is wanted.
    fn take(&mut self, piece: Piece<'_>, read: u64) -> Result<bool> {
        match piece {
            Piece::Starts("Worksheet", tag) => self.inside = attribute(tag, "Name").unwrap_or_default() == self.sheet,
            Piece::Ends("Worksheet") if self.inside => return Ok(false),
            _ if !self.inside => {}
            Piece::Starts("Row", tag) => {
                let due = self.row.saturating_add(1);
                let next = index(tag, "Index").map_or(due, |i| (i as u64).min(MAX_INDEX));
                if next != due {
                    self.grid.end_group();
                }
                (self.row, self.column, self.in_row) = (next, 0, true);
            }
            Piece::Starts("Cell", tag) => {
                self.column = index(tag, "Index").unwrap_or_else(|| self.column.saturating_add(1));
                let reach = |name| index(tag, name).map_or(1, |n| n.saturating_add(1));
                self.reach = (reach("MergeAcross"), reach("MergeDown"));
                self.value.clear();
            }
            Piece::Starts("Comment", _) => self.comment = true,
            Piece::Ends("Comment") => self.comment = false,
            Piece::Starts("Data", tag) if !self.comment => self.kind = Some(attribute(tag, "Type").unwrap_or_default()),
            Piece::Ends("Data") if !self.comment => {
                if let Some(kind) = self.kind.take() {
                    self.value = shown(&kind, std::mem::take(&mut self.value));
                }
            }
            Piece::Text(text) if self.kind.is_some() => self.value.push_str(text),
            Piece::Ends("Cell") => {
                self.grid.go_to(self.column.saturating_sub(1));
                self.grid.cell(&self.value, self.reach.0, self.reach.1);
                self.column = self.column.saturating_add(self.reach.0 - 1);
            }
            Piece::Ends("Row") => {
                self.in_row = false;
                if let Err(gone) = self.grid.end_row(self.row, false) {
                    self.gone = Some(gone);
                    return Ok(false);
                }
                if is_bomb(read, self.grid.made) {
                    return Err(bomb());
                }
            }
            _ => {}
        }
        Ok(true)
    }
}

/// A value as a person sees it, with dates in ISO 8601.
fn shown(kind: &str, value: String) -> String {
    match kind {
        "DateTime" => {
            let text = value.trim();
            let text = text.split_once('.').map_or(text, |(t, _)| t).trim_end_matches('Z');
            let (day, time) = text.split_once('T').unwrap_or((text, ""));
            match time {
                "" | "00:00:00" => day.to_owned(),
                // The day of a time alone is the one on which spreadsheets begin to count.
                time if day == "1899-12-31" => time.to_owned(),
                time => format!("{day} {time}"),
            }
        }
        // Digits are what was typed, as long as they are all there.
        "Number" if value.len() > 15 || value.contains(['e', 'E']) => value.trim().parse().map_or(value, number),
        "Boolean" => if value.trim() == "1" { "TRUE" } else { "FALSE" }.to_owned(),
        _ => value,
    }
}

/// A part of the XML; names are without their prefix.
enum Piece<'a> {
    Starts(&'a str, &'a BytesStart<'a>),
    Ends(&'a str),
    Text(&'a str),
}

/// Hands all pieces to `take`, with the number of bytes read, until it says `false`; `Ok(false)` where the file breaks off.
fn follow(file: File, text: Detected, mut take: impl FnMut(Piece<'_>, u64) -> Result<bool>) -> Result<bool> {
    let characters = Characters::of_file(file, text).map_err(|e| read_error(&e))?;
    let mut reader = Reader::from_reader(Bounded { inner: characters, left: MAX_TEXT });
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.allow_dangling_amp = true;
    let (mut buffer, mut depth) = (Vec::new(), 0u64);
    loop {
        buffer.clear();
        reader.get_mut().left = MAX_TEXT;
        let at = reader.buffer_position();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(XmlError::Io(e)) => return Err(read_error(&e)),
            Err(XmlError::Syntax(_)) if reader.get_mut().inner.fill_buf().is_ok_and(<[u8]>::is_empty) => return Ok(false),
            Err(e) => return Err(unreadable("a workbook in XML", format!("{e}, at byte {at}"))),
        };
        let goes_on = match &event {
            Event::Start(tag) => {
                depth += 1;
                take(Piece::Starts(tag.local_name().into_inner(), tag), at)?
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                take(Piece::Ends(tag.local_name().into_inner()), at)?
            }
            Event::Text(t) => take(Piece::Text(&t.xml10_content()), at)?,
            Event::CData(t) => take(Piece::Text(&t.xml10_content()), at)?,
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(c)) => take(Piece::Text(c.encode_utf8(&mut [0; 4])), at)?,
                _ => take(Piece::Text(&entity(name)), at)?,
            },
            Event::Eof => return Ok(depth == 0),
            _ => true,
        };
        if !goes_on {
            return Ok(true);
        }
    }
}

/// The character of a named entity; what is none stays as it is written.
fn entity(name: &str) -> String {
    quick_xml::escape::resolve_predefined_entity(name).map_or_else(|| format!("&{name};"), str::to_owned)
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.attributes().with_checks(false).flatten().find(|a| a.key.local_name().into_inner() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

fn index(tag: &BytesStart<'_>, name: &str) -> Option<usize> {
    attribute(tag, name)?.trim().parse().ok()
}

/// Ends with an error where no tag comes for too long.
struct Bounded {
    inner: Characters<File>,
    left: u64,
}

impl Read for Bounded {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.inner.read(buf)
    }
}

impl BufRead for Bounded {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.left == 0 {
            return Err(std::io::Error::other(format!("a text of more than {} MiB", MAX_TEXT >> 20)));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
        self.inner.consume(amount);
    }
}
