//! What is the same for all rows of a file, and a row made into a ticket by it.

use super::BatchRow;
use crate::ingest::cells::Cells;
use crate::ingest::columns::Columns;
use crate::ingest::mojibake;
use crate::mask;
use crate::ticket::{Reason, Role, Talk, Ticket};
use crate::transcript::{self, Split};
use std::borrow::Cow;

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
    /// Whether its first rows hold text that was read in the wrong encoding once, so that others are likely.
    pub wary: bool,
    /// Put before `#row` where a row has no id: empty for a single input.
    pub row_prefix: String,
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
    /// Splits a row of this file into cells, and brings back what was read in the wrong encoding once; in a chat that was done
    /// message by message.
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
        Ok(if row.messages.is_empty() { self.bring_back(line, cells) } else { Legible::Yes })
    }

    /// Brings back cells of `line` that were read in the wrong encoding once.
    pub(super) fn bring_back(&self, line: &str, cells: &mut Cells) -> Legible {
        if !mojibake::may_be_mojibake(line, self.wary) {
            return Legible::Yes;
        }
        let repaired: Vec<Option<String>> = cells.iter(line).map(mojibake::bring_back).collect();
        let lost = cells.iter(line).any(mojibake::is_damaged);
        let brought_back = repaired.iter().any(Option::is_some);
        if brought_back {
            let own: Vec<String> = cells.iter(line).zip(repaired).map(|(cell, repaired)| repaired.unwrap_or_else(|| cell.to_owned())).collect();
            cells.set(&own);
        }
        match (lost, brought_back) {
            (true, _) => Legible::Lost,
            (_, true) => Legible::Again,
            _ => Legible::Yes,
        }
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
        let Split { customer: body, desk: said, mut talk } = if row.messages.is_empty() { transcript::split(body) } else { transcript::split_messages(&body) };
        let agent = get(c.agent);
        if c.agent_replies && !agent.trim().is_empty() {
            let talk = talk.get_or_insert_with(|| {
                let mut talk = Box::<Talk>::default();
                talk.push(Role::Customer, body.trim(), None);
                talk
            });
            talk.push(Role::Agent, agent.trim(), None);
        }
        let agent = match said {
            Some(said) if agent.trim().is_empty() => Cow::Owned(said),
            Some(said) => Cow::Owned(format!("{said}\n{agent}")),
            None => agent,
        };
        let id = c.id.map_or("", |i| cells.get(line, i)).trim();
        // An id that a spreadsheet has rounded is many tickets' id.
        let id_is_row = id.is_empty() || is_rounded(id);
        let id = if id_is_row { Cow::Owned(format!("{}#{}", self.row_prefix, row.number)) } else { Cow::Borrowed(id) };
        Ticket {
            id,
            id_is_row,
            time: get(c.time),
            product: get(c.product),
            channel: get(c.channel),
            text: body,
            customer: get(c.customer),
            agent,
            served_by: get(c.served_by),
            talk,
        }
    }
}

/// Whether a spreadsheet has rounded the id: `1.23457E+17`.
fn is_rounded(id: &str) -> bool {
    let Some((digits, exponent)) = id.split_once(['E', 'e']) else { return false };
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    digits.contains('.') && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && exponent.len() == 2 && exponent.bytes().all(|b| b.is_ascii_digit())
}

/// Ids and times stay; what people wrote is searched, whatever its header says.
pub(super) fn masks(column: usize, name: &str, columns: &Columns) -> mask::Cells {
    if columns.id == Some(column) || columns.time == Some(column) {
        mask::Cells::Keep
    } else if columns.text.contains(&column) || [columns.agent, columns.product, columns.channel].contains(&Some(column)) {
        mask::Cells::Search
    } else {
        mask::Cells::of_header(name)
    }
}
