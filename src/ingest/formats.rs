//! What an input is, told by its first bytes and not by its name; and the formats that are no text.
//!
//! Every format becomes records of cells, written as CSV: what follows (header, columns, quarantine, decisions) is the same
//! for all. [`packed`] undoes compression within bounds, [`table`] carries rows from a reader's own thread, [`characters`] and
//! [`grid`] are for marked-up text, the others are one format each.

pub mod characters;
pub mod grid;
pub mod html;
pub mod json;
mod ods;
pub mod packed;
pub mod parquet;
pub mod spreadsheet_xml;
pub mod sql;
pub mod table;
pub mod workbook;
mod xls;

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
    /// A workbook as one XML file, as others name `.xls`.
    SpreadsheetXml,
    /// A web page with all that belongs to it, as browsers and Excel save it.
    WebArchive,
}

/// Elements that a page may begin with.
const HTML: [&str; 17] =
    ["!doctype html", "html", "head", "meta", "title", "style", "link", "script", "body", "table", "thead", "tbody", "tr", "div", "form", "center", "font"];

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
        Format::of_text(head)
    }

    /// Tells marked-up text from other text.
    fn of_text(head: &[u8]) -> Format {
        // Marks are plain ASCII: without the zeros UTF-16 reads the same.
        let plain: Vec<u8> = head.iter().take(1 << 14).copied().filter(|b| *b != 0).collect();
        let text = String::from_utf8_lossy(&plain).to_ascii_lowercase();
        let mut text = text.trim_start_matches(|c: char| c == '\u{feff}' || c == char::REPLACEMENT_CHARACTER || c.is_whitespace());
        if text.starts_with("mime-version:") || (text.starts_with("from:") && text.contains("\nmime-version:")) {
            return Format::WebArchive;
        }
        let starts = |text: &str, name: &str| {
            text.strip_prefix(name).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ':')))
        };
        // What an XML file says of itself, and comments.
        while let Some(inside) = text.strip_prefix('<') {
            let end = match inside {
                _ if inside.starts_with('?') => "?>",
                _ if inside.starts_with("!--") => "-->",
                _ if HTML.iter().any(|name| starts(inside, name)) => return Format::Html,
                _ => {
                    let name = inside.split_once(':').filter(|(prefix, _)| prefix.chars().all(char::is_alphanumeric)).map_or(inside, |(_, name)| name);
                    return if starts(name, "workbook") { Format::SpreadsheetXml } else { Format::Text };
                }
            };
            let Some((_, rest)) = inside.split_once(end) else { break };
            text = rest.trim_start();
        }
        Format::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_up_text_is_told_from_other_text() {
        let utf16: Vec<u8> = "\u{feff}<html>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(Format::of(&utf16), Format::Html);
        for (text, format) in [
            ("\u{feff}\r\n <!DOCTYPE HTML PUBLIC \"-//W3C//DTD\">", Format::Html),
            ("<!-- 导出 -->\n<TABLE border=1>", Format::Html),
            ("<?xml version=\"1.0\"?><html xmlns=\"x\">", Format::Html),
            ("<style>td{mso-number-format:'@'}</style><table>", Format::Html),
            ("<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n<Workbook xmlns=\"x\">", Format::SpreadsheetXml),
            ("<ss:Workbook xmlns:ss=\"x\">", Format::SpreadsheetXml),
            ("MIME-Version: 1.0\r\nContent-Type: multipart/related;", Format::WebArchive),
            ("From: <Saved by Blink>\r\nSubject: x\r\nMIME-Version: 1.0\r\n", Format::WebArchive),
            ("<tickets><t/></tickets>", Format::Text),
            ("<tablet>,内容\n", Format::Text),
            ("from:,内容\n1,闪退\n", Format::Text),
            ("<!-- ", Format::Text),
        ] {
            assert_eq!(Format::of(text.as_bytes()), format, "{text}");
        }
    }
}
