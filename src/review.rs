//! Review sheets: which tickets a person should look at, how they are written down, and what the filled-in cells say.
//!
//! [`sample`] picks the tickets, [`sheet`] writes them as a workbook or as CSV, [`labels`] is the closed list of labels and
//! understands what people write into the sheet. It opens no file and decides no ticket.

pub mod labels;
pub mod sample;
pub mod sheet;

pub use labels::{Answer, Labels, UNDECIDED};

use crate::mask::mask;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Why a ticket is in the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stratum {
    /// By chance: these alone tell how often decisions are right.
    Random,
    /// The decision was not sure.
    Uncertain,
    /// Its text is unlike the others.
    New,
}

impl Stratum {
    /// Every stratum.
    pub const ALL: [Stratum; 3] = [Stratum::Random, Stratum::Uncertain, Stratum::New];

    /// The word in the sheet.
    #[must_use]
    pub fn shown(self) -> &'static str {
        match self {
            Stratum::Random => "随机",
            Stratum::Uncertain => "没把握",
            Stratum::New => "少见",
        }
    }

    /// The stratum of a word of the sheet.
    #[must_use]
    pub fn from_shown(word: &str) -> Option<Stratum> {
        Stratum::ALL.into_iter().find(|s| s.shown() == word.trim())
    }
}

/// A row of a sheet that came back, its cells as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// The file.
    pub file: String,
    /// The row's number in it.
    pub row: String,
    /// The ticket's id.
    pub id: String,
    /// Its text as the sheet showed it.
    pub text: String,
    /// What was decided.
    pub decided: String,
    /// Why it was in the sheet.
    pub stratum: Option<Stratum>,
    /// What a person says.
    pub answer: String,
}

/// Most characters of a text in a sheet: a spreadsheet's cell holds 32,767.
const MAX_CHARS: usize = 30_000;

/// A text as a sheet shows it: masked if asked for, without control characters, no longer than a cell.
#[must_use]
pub fn shown_text(text: &str, masked: bool) -> String {
    let text = if masked { mask(text) } else { text.into() };
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars().take(MAX_CHARS) {
        match c {
            '\n' | '\t' => out.push(c),
            // Not allowed in a workbook, or turning the direction of writing.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// What a ticket is known by when it comes again: its id, or its text (as the sheet shows it) where the id is only a row's
/// number.
///
/// ```
/// use ahu::review::key;
/// assert_eq!(key("EV1", "闪退"), "EV1");
/// assert_eq!(key("#18", "闪退"), key("june.csv#2", " 闪退\n"));
/// ```
#[must_use]
pub fn key(id: &str, text: &str) -> String {
    if is_row_number(id) { format!("text:{:016x}", text_key(text)) } else { id.trim().to_owned() }
}

/// Whether an id is none of the desk's own, but the row's number.
#[must_use]
pub fn is_row_number(id: &str) -> bool {
    let id = id.trim();
    id.is_empty() || id.rsplit_once('#').is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// A hash of a text that spaces and line ends do not change.
#[must_use]
pub fn text_key(text: &str) -> u64 {
    let solid: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    xxh3_64(solid.as_bytes())
}
