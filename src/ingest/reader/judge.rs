//! What each row of a text file is: a row, structure, one that can be repaired, or none.

use super::{Batch, FOOTER_LINES, Reader, Reject, is_blank};
use crate::error::Result;
use crate::ingest::cells::Cells;
use crate::ingest::mojibake;
use crate::ingest::records::{Record, RowLine, RowSpan};
use crate::ingest::repair::{self, OtherTable, Profile};
use crate::ticket::Reason;
use std::sync::Arc;

/// What becomes of a row.
pub(super) enum Fate {
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

impl Reader {
    /// Learns from the rows read ahead what the columns look like.
    pub(super) fn learn(&mut self) {
        let width = self.layout.header.len();
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
        let odd = |cell: &str| mojibake::may_be_mojibake(cell, true) && (mojibake::is_damaged(cell) || mojibake::bring_back(cell).is_some());
        let wary = self.layout.header.iter().chain(rows.iter().flatten()).any(|cell| odd(cell));
        Arc::make_mut(&mut self.layout).wary = wary;
        if self.checks.text {
            self.profile = Profile::learn(&rows, &self.layout.columns);
        }
    }

    /// Whether a row of several lines is none: a quote that belongs to another row closes its cell, and a line that it swallowed
    /// is a row of this file by itself.
    pub(super) fn swallows(&self, text: &str, lines: &[RowLine]) -> bool {
        let Some(profile) = self.profile.as_ref().filter(|_| self.table.is_none() && !self.in_dialect) else { return false };
        let delimiter = self.layout.delimiter;
        let mut at = 0;
        let own = lines.iter().map(|l| {
            at += l.len;
            text[at - l.len..at].trim_end_matches(['\n', '\r'])
        });
        let own: Vec<&str> = own.collect();
        let [first, inner @ .., last] = &own[..] else { return false };
        inner.iter().any(|line| profile.is_row(line, delimiter)) || (profile.is_row(last, delimiter) && matches!(profile.quotes(first, delimiter), Ok(Some(_))))
    }

    /// What a row is, given its text. Asked about every row: most fit and are done after two comparisons.
    pub(super) fn judge(&mut self, line: &str, quoted: bool, cells: usize, span: RowSpan) -> Result<Fate> {
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
            if !same {
                self.report.notes.columns_lost.extend(table.lost.iter().filter(|c| !self.report.notes.columns_lost.contains(c)).cloned().collect::<Vec<_>>());
            }
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
    pub(super) fn requote(&mut self, line: &str) -> Option<Vec<String>> {
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
    pub(super) fn half_follows(&mut self) -> Result<bool> {
        let Some(profile) = &self.profile else { return Ok(false) };
        if !profile.is_half("", true) {
            return Ok(false);
        }
        if self.pending.is_empty() && !self.pend()? {
            return Ok(false);
        }
        Ok(matches!(self.pending.front(), Some((_, Record::Row { cells: 1, .. }))))
    }

    /// The last row turns out to be half a row.
    pub(super) fn take_back_last(&self, batch: &mut Batch, next: RowSpan) {
        let Some(last) = batch.rows.pop_if(|r| r.span.start + r.span.len == next.start) else { return };
        let detail = "the line after it is the other half of its text".to_owned();
        batch.rejects.push(Reject::new(&self.report.file, last.span, Reason::WrongWidth, detail, last.raw));
    }

    /// Whether nothing but footers is left: reads a few lines ahead.
    fn only_footers_follow(&mut self) -> Result<bool> {
        for i in 0..FOOTER_LINES {
            if i == self.pending.len() && !self.pend()? {
                return Ok(true);
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
}
