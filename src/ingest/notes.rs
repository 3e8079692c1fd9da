//! What the user of a file should know beside its rows.

use super::reader::Legible;

/// What reading and repairing a file came to; rows are counted once each under what repaired them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Whether the columns are told by their values, for want of a header.
    pub headerless: bool,
    /// In words: columns that do not hold what their headers say.
    pub remarks: Vec<String>,
    /// Messages that were joined into the rows, in a file of one message a row.
    pub messages: u64,
    /// The chats that came of it.
    pub chats: u64,
    /// Rows with a delimiter inside the text.
    pub delimiters: u64,
    /// Rows with quotes that are not doubled or not closed.
    pub quotes: u64,
    /// Rows with another delimiter than the file's.
    pub other_dialect: u64,
    /// Rows read under the header of a later table.
    pub other_table: u64,
    /// Line of the first header of another table.
    pub second_table: Option<u64>,
    /// The columns of later tables that the first one has not.
    pub columns_lost: Vec<String>,
    /// The number of rows that the file says it has, where it is another.
    pub stated_rows: Option<u64>,
    /// What was found row by row.
    pub rows: RowNotes,
}

/// How many rows had something that their user should know: told on any thread, added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowNotes {
    /// Cells were read in the wrong encoding once, and were brought back.
    pub mojibake: u64,
    /// Characters were lost before the file was written.
    pub damaged: u64,
    /// A date without a year, and nothing to reckon it from.
    pub yearless: u64,
    /// An id that a spreadsheet has rounded (`1.23457E+17`): the row has a made-up one.
    pub rounded_ids: u64,
    /// Rules and model name different kinds or causes.
    pub conflicts: u64,
}

impl std::ops::AddAssign for RowNotes {
    fn add_assign(&mut self, more: RowNotes) {
        self.mojibake += more.mojibake;
        self.damaged += more.damaged;
        self.yearless += more.yearless;
        self.rounded_ids += more.rounded_ids;
        self.conflicts += more.conflicts;
    }
}

impl From<Legible> for RowNotes {
    fn from(row: Legible) -> RowNotes {
        match row {
            Legible::Yes => RowNotes::default(),
            Legible::Again => RowNotes { mojibake: 1, ..RowNotes::default() },
            Legible::Lost => RowNotes { damaged: 1, ..RowNotes::default() },
        }
    }
}

impl Notes {
    /// All repaired rows.
    #[must_use]
    pub fn repaired(&self) -> u64 {
        self.delimiters + self.quotes + self.other_dialect + self.other_table + self.rows.mojibake
    }
}
