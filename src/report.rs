//! A digest written down: for people (text, Markdown) and for machines (JSON, CSV). No arithmetic, no sorting: the numbers and
//! their order are the digest's.

pub mod chat;
pub mod folder;
pub mod machine;
pub mod markdown;
pub mod page;
pub mod phrases;
mod service;
pub mod text;
pub mod transfer;
pub mod workbook;

use crate::digest::Digest;
use crate::error::Result;
use crate::listing::Listing;
pub use phrases::Lang;

/// How a digest can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// The stable format for programs.
    Json,
    /// One line a product, kind and cause.
    Csv,
    /// For chats and wikis.
    Markdown,
    /// A page for browsers, with the tickets behind the numbers.
    Html,
    /// A workbook for Excel, with the tickets.
    Xlsx,
}

impl Format {
    /// How many tickets it shows beside the digest.
    #[must_use]
    pub fn tickets(self) -> usize {
        match self {
            Format::Html => page::MOST_TICKETS,
            Format::Xlsx => workbook::MOST_TICKETS,
            Format::Text | Format::Json | Format::Csv | Format::Markdown => 0,
        }
    }
}

/// What the user may set.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Language of what people read.
    pub lang: Lang,
    /// Show every id instead of the first few.
    pub all_ids: bool,
    /// Colour text for a terminal.
    pub colour: bool,
}

impl Options {
    /// Few ids, no colour: for files.
    #[must_use]
    pub fn plain(lang: Lang) -> Options {
        Options { lang, all_ids: false, colour: false }
    }
}

/// Ids of a cause shown to people unless all are.
pub(crate) const EXAMPLE_IDS: usize = 3;

/// Writes the digest down, with its tickets where the format shows them.
///
/// # Errors
/// What writing a workbook gives.
pub fn render(digest: &Digest, listing: &Listing, format: Format, options: Options) -> Result<Vec<u8>> {
    let text = match format {
        Format::Text => text::render(digest, options),
        Format::Json => machine::json(digest),
        Format::Csv => machine::csv(digest),
        Format::Markdown => markdown::render(digest, options),
        Format::Html => page::render(digest, listing, options),
        Format::Xlsx => return workbook::render(digest, listing, options),
    };
    Ok(text.into_bytes())
}

/// Text from a ticket for a terminal or a page: control characters and those that turn the direction of writing are dropped,
/// line breaks become spaces.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The ids to show behind a count, and whether there are more.
pub(crate) fn shown_ids(ids: &[String], count: u64, options: Options) -> (Vec<String>, bool) {
    let n = if options.all_ids { ids.len() } else { EXAMPLE_IDS.min(ids.len()) };
    (ids[..n].iter().map(|id| harmless(id)).collect(), (n as u64) < count)
}
