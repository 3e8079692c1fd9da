//! OpenDocument sheets, looked through before they are read: their reader never ends on a sheet that breaks off, and sets memory
//! aside for every cell and space that a few bytes say is repeated.

use super::table::unreadable;
use crate::error::{Error, Result};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io::BufRead;

/// Most rows and columns of a sheet.
const MOST: (u64, u64) = (1_048_576, 16_384);
/// Bytes of a cell beside its text.
const CELL: u64 = 32;
/// Bytes that any sheet may have, however short its file.
const HARMLESS: u64 = 64 << 20;
/// Bytes in memory for each byte of the file above which a sheet is a bomb.
const MAX_RATIO: u64 = 40;

/// A sheet, measured while it goes by.
#[derive(Default)]
struct Sheet {
    /// Rows to the last that has anything, and empty ones after it.
    height: u64,
    empty_rows: u64,
    /// Columns of the widest row.
    width: u64,
    /// Bytes of all texts.
    bytes: u64,
    /// The row under way: how often it is repeated, its cells, those to the last that has anything, their texts' bytes.
    rows: u64,
    cells: u64,
    filled: u64,
    row_bytes: u64,
    /// The cell under way: how often it is repeated, where it begins, whether it has anything, spaces written as a number.
    columns: u64,
    begins: u64,
    has_value: bool,
    spaces: u64,
}

impl Sheet {
    fn start(&mut self, tag: &BytesStart<'_>, at: u64) {
        match tag.name().as_ref() {
            "table:table" => *self = Sheet::default(),
            "table:table-row" => {
                (self.cells, self.filled, self.row_bytes) = (0, 0, 0);
                self.rows = number(tag, "table:number-rows-repeated").min(MOST.0);
            }
            "table:table-cell" | "table:covered-table-cell" => {
                (self.begins, self.spaces) = (at, 0);
                self.columns = number(tag, "table:number-columns-repeated").min(MOST.1);
                let value = |name: &str| name.starts_with("office:") || name.starts_with("calcext:") || name == "table:formula";
                self.has_value = tag.attributes().with_checks(false).flatten().any(|a| value(a.key.as_ref()));
            }
            "text:s" => self.spaces = self.spaces.saturating_add(number(tag, "text:c")),
            _ => {}
        }
    }

    fn end(&mut self, name: &str, at: u64) {
        match name {
            "table:table-cell" | "table:covered-table-cell" => {
                self.cells = self.cells.saturating_add(self.columns);
                if self.has_value {
                    self.filled = self.cells;
                    let text = self.spaces.saturating_add(at - self.begins);
                    self.row_bytes = self.row_bytes.saturating_add(text.saturating_mul(self.columns));
                }
            }
            "table:table-row" if self.filled == 0 => self.empty_rows += self.rows,
            "table:table-row" => {
                self.height += std::mem::take(&mut self.empty_rows) + self.rows;
                self.width = self.width.max(self.filled);
                self.bytes = self.bytes.saturating_add(self.row_bytes.saturating_mul(self.rows));
            }
            _ => {}
        }
    }

    fn is_bomb(&self, read: u64) -> bool {
        let bytes = self.height.saturating_mul(self.width).saturating_mul(CELL).saturating_add(self.bytes);
        bytes > HARMLESS && bytes / MAX_RATIO > read
    }
}

/// How often something is repeated.
fn number(tag: &BytesStart<'_>, name: &str) -> u64 {
    tag.try_get_attribute(name).ok().flatten().and_then(|a| a.value.trim().parse().ok()).unwrap_or(1)
}

/// Looks through a document's content.
///
/// # Errors
/// A document that is not whole, or that is a bomb.
pub fn look_through(content: impl BufRead) -> Result<()> {
    let wrong = |e: String| unreadable("a workbook", e);
    let mut xml = Reader::from_reader(content);
    xml.config_mut().expand_empty_elements = true;
    let (mut buffer, mut open, mut sheet) = (Vec::new(), 0u64, Sheet::default());
    loop {
        buffer.clear();
        let at = xml.buffer_position();
        match xml.read_event_into(&mut buffer).map_err(|e| wrong(e.to_string()))? {
            Event::Eof if open > 0 => return Err(wrong("it breaks off".to_owned())),
            Event::Eof => return Ok(()),
            Event::Start(tag) => {
                open += 1;
                sheet.start(&tag, at);
            }
            Event::End(tag) => {
                open = open.saturating_sub(1);
                sheet.end(tag.name().as_ref(), xml.buffer_position());
                if sheet.is_bomb(xml.buffer_position()) {
                    return Err(Error::input("refused: a sheet of few bytes repeats its cells beyond measure; save it as xlsx or CSV"));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(rows: &str) -> bool {
        look_through(format!("<c><table:table>{rows}</table:table></c>").as_bytes()).is_ok()
    }

    #[test]
    fn sheets_that_break_off_or_repeat_too_much_are_refused() {
        let cell = |attributes: &str| format!("<table:table-cell office:value-type=\"string\" {attributes}><text:p>a</text:p></table:table-cell>");
        let row = |times: u64, cells: &str| format!("<table:table-row table:number-rows-repeated=\"{times}\">{cells}</table:table-row>");
        let empty = "<table:table-cell table:number-columns-repeated=\"16384\"/>";
        // Every sheet ends in so many empty rows and columns.
        assert!(look(&(row(1, &(cell("") + empty)) + &row(1_048_575, empty))));
        assert!(look(&row(1000, &cell("table:number-columns-repeated=\"100\""))));
        assert!(!look(&row(1_048_576, &cell("table:number-columns-repeated=\"1000\""))));
        assert!(!look(&(row(1, &cell("")) + &row(1_048_000, "") + &row(1, &(empty.to_owned() + &cell(""))))));
        assert!(!look(&row(1, &cell("").replace('a', "<text:s text:c=\"99999999999\"/>"))));
        for broken in ["<table:table-row>", "<table:table-row></table:table-cell>", "</table:table>", "<a b"] {
            assert!(!look(broken), "{broken}");
        }
    }
}
