//! One ticket as its export wrote it, and a row that could not be read.

use serde::Serialize;
use std::borrow::Cow;

/// A ticket: one event that the desk handled. Fields are as written in the export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ticket<'a> {
    /// Event id; the row's number (`#18`) where the export has none.
    pub id: Cow<'a, str>,
    /// Whether `id` was made from the row's number.
    pub id_is_row: bool,
    /// When it happened, as written.
    pub time: Cow<'a, str>,
    /// Product as written; empty when unknown.
    pub product: Cow<'a, str>,
    /// Channel as written.
    pub channel: Cow<'a, str>,
    /// What the customer said: title and text, joined by a line break.
    pub text: Cow<'a, str>,
    /// Who the customer is, as written: an account, a telephone number.
    pub customer: Cow<'a, str>,
    /// What the agent said or noted.
    pub agent: Cow<'a, str>,
}

/// Why a row could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A quoted cell that never ends, or ends in mid-cell.
    BadQuote,
    /// More or fewer cells than the header has.
    WrongWidth,
    /// A row longer than the limit.
    TooLong,
    /// Bytes that the file's encoding does not have.
    BadEncoding,
    /// Not the JSON object that the file's other lines are.
    BadJson,
    /// The last row of a file that ends in the middle.
    CutOff,
    /// A time that is none, such as 30 February.
    BadDate,
}

impl Reason {
    /// Every reason, in the order in which reports show them.
    pub const ALL: [Reason; 7] = [Reason::BadQuote, Reason::WrongWidth, Reason::TooLong, Reason::BadEncoding, Reason::BadJson, Reason::CutOff, Reason::BadDate];

    /// The code used in files for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Reason::BadQuote => "bad-quote",
            Reason::WrongWidth => "wrong-width",
            Reason::TooLong => "too-long",
            Reason::BadEncoding => "bad-encoding",
            Reason::BadJson => "bad-json",
            Reason::CutOff => "cut-off",
            Reason::BadDate => "bad-date",
        }
    }
}

/// A row that could not be read: where its bytes are, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// File name as given.
    pub file: String,
    /// Line of its first byte, from 1.
    pub line: u64,
    /// Offset of its first byte in the file.
    pub byte_start: u64,
    /// Length in bytes, line end included.
    pub byte_len: u64,
    /// Why.
    pub reason: Reason,
    /// What was expected and found, in words.
    pub detail: String,
}

/// A text whose labels a person has told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labelled {
    /// The ticket's id.
    pub id: String,
    /// What the customer wrote.
    pub text: String,
    /// One label, or several.
    pub labels: Vec<String>,
}
