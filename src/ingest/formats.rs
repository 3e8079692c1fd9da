//! What an input is, told by its first bytes and not by its name; and the formats that are no text.
//!
//! Every format becomes records of cells, written as CSV: what follows (header, columns, quarantine, decisions) is the same
//! for all. [`packed`] undoes compression within bounds, [`table`] carries rows from a reader's own thread, the others are
//! one format each.

pub mod json;
pub mod packed;
pub mod parquet;
pub mod sql;
pub mod table;
pub mod workbook;

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text: CSV and its kin, or JSON, which only a look at the characters tells.
    Text,
    /// A zip archive: a workbook or packed files.
    Zip,
    /// An Excel workbook of before 2007, or a locked one of later.
    OldWorkbook,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// Apache Parquet.
    Parquet,
    /// A SQLite database.
    Sqlite,
    /// An HTML page, as some systems name `.xls`.
    Html,
}

impl Format {
    /// Tells the format of a file from its head.
    ///
    /// ```
    /// use ahu::ingest::formats::Format;
    /// assert_eq!(Format::of(b"PAR1\x15\x04"), Format::Parquet);
    /// assert_eq!(Format::of("工单号,内容\n".as_bytes()), Format::Text);
    /// ```
    #[must_use]
    pub fn of(head: &[u8]) -> Format {
        let marks: [(&[u8], Format); 7] = [
            (b"PK\x03\x04", Format::Zip),
            (b"PK\x05\x06", Format::Zip),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Format::OldWorkbook),
            (b"\x1F\x8B", Format::Gzip),
            (b"\x28\xB5\x2F\xFD", Format::Zstd),
            (b"PAR1", Format::Parquet),
            (b"SQLite format 3\0", Format::Sqlite),
        ];
        if let Some((_, format)) = marks.iter().find(|(mark, _)| head.starts_with(mark)) {
            return *format;
        }
        let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
        let starts = |word: &str| text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word.as_bytes()));
        if starts("<!doctype html") || starts("<html") || starts("<table") || starts("<meta") { Format::Html } else { Format::Text }
    }
}
