//! Cells that reach over several columns and rows, put into rows: the columns beside stay empty, and the rows below have the
//! value again, since who merges the cells of a product means it for each of its rows.

use super::characters::WRONG;
use super::table::{Gone, Rows};
use crate::ingest::lines::MAX_ROW;
use crate::ticket::Reason;
use std::result::Result;

/// Most columns that a cell may reach over.
pub const MAX_ACROSS: usize = 1_000;
/// Most columns of a row.
const MAX_COLUMNS: usize = 16_384;

/// A value and the rows below that have it too.
type Below = Option<(String, usize)>;

/// Puts cells into the rows of a table.
pub struct Grid<'a> {
    rows: &'a mut Rows,
    column: usize,
    /// By column: what the rows above reach down with.
    above: Vec<Below>,
    /// What this row will reach down with.
    fresh: Vec<(usize, String, usize)>,
    /// Bytes of the row.
    bytes: usize,
    /// Whether the row has bytes that are no characters.
    wrong: bool,
    /// Bytes of all rows.
    pub made: u64,
}

impl<'a> Grid<'a> {
    /// Puts its cells into `rows`.
    pub fn new(rows: &'a mut Rows) -> Self {
        Grid { rows, column: 0, above: Vec::new(), fresh: Vec::new(), bytes: 0, wrong: false, made: 0 }
    }

    fn put(&mut self, value: &str) {
        self.column += 1;
        self.bytes += value.len() + 1;
        self.made += value.len() as u64 + 1;
        self.wrong |= value.contains(WRONG);
        // What is too long is counted and not kept.
        if self.bytes <= MAX_ROW && self.column <= MAX_COLUMNS {
            self.rows.cell(value);
        }
    }

    /// Puts what reaches down into this column, if anything does.
    fn put_above(&mut self) -> bool {
        let Some(slot) = self.above.get_mut(self.column) else { return false };
        let Some((value, left)) = slot.take() else { return false };
        if left > 1 {
            *slot = Some((value.clone(), left - 1));
        }
        self.put(&value);
        true
    }

    /// Goes to the next column that no cell above reaches into.
    pub fn skip_covered(&mut self) {
        while self.put_above() {}
    }

    /// Goes to this column.
    pub fn go_to(&mut self, column: usize) {
        while self.column < column.min(MAX_COLUMNS + 1) {
            if !self.put_above() {
                self.put("");
            }
        }
    }

    /// Adds a cell that reaches over so many columns and rows.
    pub fn cell(&mut self, value: &str, across: usize, down: usize) {
        for i in 0..across.clamp(1, MAX_ACROSS) {
            let value = if i == 0 { value } else { "" };
            if let Some(covered) = self.above.get_mut(self.column) {
                *covered = None;
            }
            let column = self.column;
            self.put(value);
            if down > 1 && column < MAX_COLUMNS && self.bytes <= MAX_ROW {
                self.fresh.push((column, value.to_owned(), down - 1));
            }
        }
    }

    /// Ends the row under way, the table's `number`th; `cut` says that the file ends in it.
    ///
    /// # Errors
    /// [`Gone`] when nobody reads any more.
    pub fn end_row(&mut self, number: u64, cut: bool) -> Result<(), Gone> {
        let last = self.above.iter().rposition(Option::is_some);
        self.go_to(last.map_or(0, |i| i + 1));
        for (column, value, left) in self.fresh.drain(..) {
            if self.above.len() <= column {
                self.above.resize(column + 1, None);
            }
            if let Some(slot) = self.above.get_mut(column) {
                *slot = Some((value, left));
            }
        }
        let (bytes, columns) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.column));
        let wrong = std::mem::take(&mut self.wrong);
        if bytes > MAX_ROW || columns > MAX_COLUMNS {
            let detail = format!("row of {columns} columns and {bytes} bytes, at most {MAX_COLUMNS} and {MAX_ROW} are read");
            return self.rows.bad_row(number, Reason::TooLong, detail);
        }
        if wrong {
            return self.rows.bad_row(number, Reason::BadEncoding, "bytes that are not the file's encoding".to_owned());
        }
        if cut {
            return self.rows.bad_row(number, Reason::CutOff, "the file ends in this row".to_owned());
        }
        self.rows.end_row(number)
    }

    /// Forgets what reaches down.
    pub fn end_group(&mut self) {
        self.above.clear();
    }
}
