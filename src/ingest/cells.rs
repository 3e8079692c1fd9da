//! One row into cells. Rows without quotes are split in place; the others go through csv-core.

use std::ops::Range;

/// The cells of one row. Reuse one value for many rows.
#[derive(Debug)]
pub struct Cells {
    /// Made for the first row with quotes: its tables take longer than a small file does, which counts where there are very many.
    core: Option<Box<csv_core::Reader>>,
    delimiter: u8,
    ranges: Vec<Range<usize>>,
    /// Unquoted text of a quoted row; empty for a plain one, whose ranges point into the row itself.
    unquoted: Option<String>,
    output: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    /// For rows with this delimiter.
    #[must_use]
    pub fn new(delimiter: u8) -> Cells {
        Cells { core: None, delimiter, ranges: Vec::new(), unquoted: None, output: Vec::new(), ends: Vec::new() }
    }

    /// The delimiter it splits at.
    #[must_use]
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Splits `row`; `quoted` says whether it has a `"`.
    pub fn split(&mut self, row: &str, quoted: bool) {
        self.ranges.clear();
        self.unquoted = None;
        if !quoted {
            let mut from = 0;
            for at in memchr::memchr_iter(self.delimiter, row.as_bytes()) {
                self.ranges.push(from..at);
                from = at + 1;
            }
            self.ranges.push(from..row.len());
            return;
        }
        let core = self.core.get_or_insert_with(|| Box::new(csv_core::ReaderBuilder::new().delimiter(self.delimiter).build()));
        core.reset();
        let size = row.len() + 8;
        self.output.resize(size.max(self.output.len()), 0);
        let most = memchr::memchr_iter(self.delimiter, row.as_bytes()).count() + 2;
        self.ends.resize(most.max(self.ends.len()), 0);
        let (mut read, mut written, mut cells) = (0, 0, 0);
        // Twice at most: the row, then the end of input that closes its last cell.
        for _ in 0..4 {
            let (result, r, w, c) = core.read_record(&row.as_bytes()[read..], &mut self.output[written..], &mut self.ends[cells..]);
            read += r;
            written += w;
            cells += c;
            if matches!(result, csv_core::ReadRecordResult::Record | csv_core::ReadRecordResult::End) {
                break;
            }
        }
        let mut from = 0;
        for end in &self.ends[..cells] {
            self.ranges.push(from..*end);
            from = *end;
        }
        // Unquoting removes only ASCII characters: what is left is UTF-8 still.
        self.unquoted = Some(String::from_utf8_lossy(&self.output[..written]).into_owned());
    }

    /// Takes these cells instead of those of the row.
    pub fn set(&mut self, cells: &[String]) {
        let mut text = String::new();
        self.ranges.clear();
        for cell in cells {
            self.ranges.push(text.len()..text.len() + cell.len());
            text.push_str(cell);
        }
        self.unquoted = Some(text);
    }

    /// Whether `row` has exactly these cells, but for spaces around them.
    #[must_use]
    pub fn is_row(row: &str, quoted: bool, delimiter: u8, wanted: &[String]) -> bool {
        let mut cells = Cells::new(delimiter);
        cells.split(row, quoted);
        cells.len() == wanted.len() && cells.iter(row).zip(wanted).all(|(a, b)| a.trim() == b.trim())
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there is no cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Drops cells from `width` on.
    pub fn truncate(&mut self, width: usize) {
        self.ranges.truncate(width);
    }

    /// The n-th cell of `row`, the row given to [`Cells::split`]; empty past the last.
    #[must_use]
    pub fn get<'a>(&'a self, row: &'a str, n: usize) -> &'a str {
        let text = self.unquoted.as_deref().unwrap_or(row);
        self.ranges.get(n).map_or("", |r| &text[r.clone()])
    }

    /// All cells of `row`.
    pub fn iter<'a>(&'a self, row: &'a str) -> impl Iterator<Item = &'a str> {
        (0..self.len()).map(move |i| self.get(row, i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(row: &str) -> Vec<String> {
        let mut c = Cells::new(b',');
        c.split(row, row.contains('"'));
        c.iter(row).map(str::to_owned).collect()
    }

    #[test]
    fn quotes_are_undone() {
        assert_eq!(cells("a,,c"), ["a", "", "c"]);
        assert_eq!(cells("\"a,\"\"b\"\"\n二\",,\"\""), ["a,\"b\"\n二", "", ""]);
        assert_eq!(cells("6.1\" 屏,碎了"), ["6.1\" 屏", "碎了"]);
        assert_eq!(cells("\"only\""), ["only"]);
    }
}
