//! Where a file's header is, and what the columns under it hold.

use super::layout::masks;
use super::{HEADER_ROWS, MAX_BAD_BEFORE_HEADER, Reader};
use crate::error::{Error, Result};
use crate::ingest::cells::Cells;
use crate::ingest::columns::{self, Columns};
use crate::ingest::records::Record;
use crate::ingest::{ColumnNames, Config, dates, mojibake, repair};
use crate::mask::mask;
use std::borrow::Cow;
use std::sync::Arc;

impl Reader {
    /// Looks for the header among the first rows; `false` if there is no row at all.
    pub(super) fn find_header(&mut self, config: &Config) -> Result<bool> {
        let mut cells = Cells::new(self.layout.delimiter);
        let mut first: Vec<(String, Record)> = Vec::new();
        let mut rows = 0;
        let mut chosen = None;
        let (mut bad, mut first_width) = (0, None);
        // What is enough to mask a table is not enough to be its header.
        let with_text = ColumnNames { text_optional: false, ..config.columns.clone() };
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
                    None => is_named || known > 0 || (!headers.iter().any(|h| is_value(h)) && columns::find(&headers, &with_text).is_ok()),
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
        // Of names that say nothing, those of several columns: a title has one cell.
        let mut several = |(text, r): &(String, Record)| match r {
            Record::Row { quoted, .. } => {
                cells.split(text, *quoted);
                cells.iter(text).filter(|c| !c.trim().is_empty()).count() > 1
            }
            _ => false,
        };
        let unknown = first.iter().position(&mut several).or_else(|| first.iter().position(|(_, r)| matches!(r, Record::Row { .. })));
        let header = chosen.or(unknown);
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

    /// Counts records before (and with) the header.
    fn structure(&mut self, records: &[(String, Record)]) {
        for (_, record) in records {
            self.account(record);
            self.report.structural += 1;
        }
    }

    /// A column of times that hardly ever holds one is none, unless the user said so.
    pub(super) fn check_times(&mut self, asked_for: bool) {
        let Some(time) = self.layout.columns.time.filter(|_| !asked_for) else { return };
        let mut cells = Cells::new(self.layout.delimiter);
        let (mut filled, mut good) = (0, 0);
        for (line, record) in &self.pending {
            let Record::Row { quoted, .. } = record else { continue };
            cells.split(line, *quoted);
            // Under another header the column is another one.
            if cells.len() != self.layout.header.len() || columns::recognised(&cells.iter(line).collect::<Vec<_>>()) > 1 {
                break;
            }
            match dates::Reader::default().read_any(cells.get(line, time)) {
                dates::Found::Empty => {}
                found => {
                    filled += 1;
                    good += usize::from(found != dates::Found::Bad);
                }
            }
        }
        if good * 2 < filled {
            let header = mask(self.layout.header.get(time).map_or("", String::as_str));
            self.report
                .notes
                .remarks
                .push(format!("column `{header}` holds no dates that are understood; the rows are read without; name another with `--time-column`"));
            let layout = Arc::make_mut(&mut self.layout);
            layout.columns.time = None;
            // What it holds instead may be somebody's.
            let how = masks(time, layout.header.get(time).map_or("", String::as_str), &layout.columns);
            if let Some(mask) = layout.masks.get_mut(time) {
                *mask = how;
            }
        }
    }

    /// A column of texts without words is hardly the customer's.
    pub(super) fn check_texts(&mut self) {
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
            let header = mask(self.layout.header.get(text).map_or("", String::as_str));
            self.report
                .notes
                .remarks
                .push(format!("column `{header}`, taken for the customer's text, holds hardly any words; name the right one with `--text-column`"));
        }
    }
}

/// A header's cell as it was meant.
fn legible(cell: &str) -> Cow<'_, str> {
    if mojibake::may_be_mojibake(cell, true) { mojibake::bring_back(cell).map_or(Cow::Borrowed(cell), Cow::Owned) } else { Cow::Borrowed(cell) }
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
