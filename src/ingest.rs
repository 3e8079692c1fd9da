//! Bytes to tickets or quarantined rows: encodings, lines, records, columns. Opens files; decides nothing about tickets.
//!
//! [`encoding`] decides how bytes become characters, [`lines`] cuts a stream into physical lines with their byte spans,
//! [`records`] joins lines into rows and quarantines what is no row, [`columns`] finds out what the columns hold,
//! [`source`] opens what the user named, [`reader`] is all of them together, in batches.

pub mod cells;
pub mod columns;
pub mod dates;
pub mod encoding;
pub mod formats;
pub mod lines;
pub mod mojibake;
pub mod notes;
mod open;
pub mod reader;
pub mod records;
pub mod repair;
pub mod seen;
pub mod source;

pub use columns::{ColumnNames, Columns};
pub use encoding::Encoding;
pub use reader::{Batch, FileReport, Opened, Reader};
pub use source::Source;

/// What the user may set about reading.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Encoding of every input; `None`: told by the bytes.
    pub encoding: Option<Encoding>,
    /// Delimiter of every input; `None`: told by the first lines.
    pub delimiter: Option<u8>,
    /// Column names the user gave.
    pub columns: ColumnNames,
    /// Sheets to read, by name; empty: those that people see and that have the columns.
    pub sheets: Vec<String>,
    /// What to ask databases.
    pub query: Option<String>,
    /// Keep each message's own row beside the chat it was joined into: for outputs that write every row.
    pub keep_messages: bool,
    /// Password of databases whose URL has none.
    pub password: Option<String>,
}
