//! Tables of web pages, which many systems write and name `.xls`: read as they stream by, without a tree in memory.
//!
//! [`tables`] finds those worth reading (layout tables nest the real ones), [`rows`] reads one. `Page` follows the tags; how
//! characters become tags is html5gum's.

mod text;
mod tokens;

use super::characters::Characters;
use super::grid::{Grid, MAX_ACROSS};
use super::packed::{bomb, is_bomb, read_error};
use super::table::{Gone, Rows, Table};
use crate::error::{Error, Result};
use crate::ingest::encoding::Detected;
use crate::ingest::records::Cut;
use crate::mask::mask;
use html5gum::{IoReader, Tokenizer};
use std::fs::File;
use std::io::Seek;
use text::Text;
use tokens::{Tag, Tokens};

/// Most rows that a cell may reach down, as browsers have it.
const MAX_DOWN: usize = 65_534;
/// Most tables of a page.
const MAX_TABLES: usize = 256;
/// Tables in tables in tables.
const MAX_NESTED: usize = 64;
/// What a table begins with.
const TAG: &[u8] = b"<table";
/// Most characters of a title to show.
const MAX_TITLE: usize = 80;

/// A table of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its number, counted from 1 in the order of the tags.
    pub number: usize,
    /// Where its tag is, in bytes of the page's characters as UTF-8.
    from: u64,
}

/// Which tables of a page may be read.
///
/// # Errors
/// What reading gave; a page without a table, with what it seems to be instead.
pub fn tables(file: File, text: Detected) -> Result<Vec<Place>> {
    let input = Characters::of_file(file, text).map_err(|e| read_error(&e))?;
    let page = follow(input, Page::new(Survey::default()))?;
    let found = page.of;
    if found.good.len() > MAX_TABLES {
        return Err(Error::input(format!("expected a table, found {} on one page; export the tickets as one table", found.good.len())));
    }
    match (found.good.is_empty(), found.small.is_empty()) {
        // Who exports shows no password to fill in: the session was over.
        _ if found.password => Err(no_table(&found)),
        (false, _) => Ok(found.good),
        // A header without rows is an export too.
        (true, false) => Ok(found.small),
        (true, true) => Err(no_table(&found)),
    }
}

fn no_table(page: &Survey) -> Error {
    let title = page.title.split_whitespace().collect::<Vec<_>>().join(" ");
    let titled = if title.is_empty() { String::new() } else { format!(" titled `{}`", mask(&title)) };
    Error::input(match &page.frame {
        _ if page.password => format!("expected a table, found a login page{titled}; sign in and export again"),
        Some(frame) => format!("expected a table, found a web page{titled} that shows other files, such as `{frame}`; give those, or save it as xlsx or CSV"),
        None => format!("expected a table, found a web page{titled} without any; open it in a browser to see what it says, and export again"),
    })
}

/// The rows of the `table`th table of a page; `cut` is set where the page ends in a row.
pub fn rows(file: File, text: Detected, table: Place, keep_raw: bool, cut: Cut) -> Table {
    Table::spawn(keep_raw, move |rows| {
        let (input, begun, read) = at(&file, text, table).map_err(|e| read_error(&e))?;
        let page = follow(input, Page { begun, read, ..Page::new(Extract::new(rows, table.number)) })?;
        if page.of.broken_off {
            cut.set("its table is not closed".to_owned());
        }
        match page.of.stop {
            Some(Stop::Gone) => Ok(Err(Gone)),
            Some(Stop::Bomb) => Err(bomb()),
            Some(Stop::Done) | None => Ok(Ok(())),
        }
    })
}

/// The page from a table's tag on, with the tables and the bytes before it; or from its top, where the tag is not found again.
///
/// What is passed over is only decoded: of many tables each would else be looked for among the tags of all before it.
fn at(file: &File, text: Detected, table: Place) -> std::io::Result<(Characters<File>, usize, u64)> {
    let mut input = Characters::of_file(file.try_clone()?, text)?;
    let from = table.from.saturating_sub(TAG.len() as u64);
    input.pass_over(from)?;
    if input.pass_to(TAG)? {
        return Ok((input, table.number.saturating_sub(1), from));
    }
    let mut top = file;
    top.rewind()?;
    Ok((Characters::of_file(file.try_clone()?, text)?, 0, 0))
}

/// Reads all of `input`, or until `page` has enough.
fn follow<U: Use>(input: Characters<File>, page: Page<U>) -> Result<Page<U>> {
    let mut tokenizer = Tokenizer::new_with_emitter(IoReader::new(input), Tokens::new(page));
    match tokenizer.next() {
        Some(page) => page.map_err(|e| read_error(&e)),
        None => Err(Error::input("the page's end was not reached")),
    }
}

/// What is done with the tables of a page.
trait Use {
    /// A table ends; `cut`: because the page does.
    fn table_ends(&mut self, _table: &Open, _cut: bool) {}
    /// A cell ends.
    fn cell_ends(&mut self, _table: &Open, _text: &mut Text, _across: usize, _down: usize) {}
    /// A row ends; `cut`: because the page does.
    fn row_ends(&mut self, _table: &Open, _read: u64, _cut: bool) {}
    /// A group of rows ends.
    fn group_ends(&mut self, _table: &Open) {}
    /// A tag that belongs to no table.
    fn other(&mut self, _tag: &Tag) {}
    /// Characters of the page's title.
    fn title(&mut self, _text: &str) {}
    /// Whether the text of cells in this table is wanted.
    fn wants(&self, _table: usize) -> bool {
        false
    }
    /// Whether nothing more is wanted.
    fn has_enough(&self) -> bool {
        false
    }
}

/// A table whose end is still to come.
#[derive(Default)]
struct Open {
    number: usize,
    /// Where its tag is.
    from: u64,
    rows: u64,
    columns: usize,
    /// Cells of the row under way.
    row: Option<usize>,
    /// Columns and rows that the cell under way reaches over.
    cell: Option<(usize, usize)>,
    /// Rows of two columns and more.
    wide: u64,
    /// Such rows of the greatest table worth reading that is in it.
    inner: u64,
    /// Whether any table is in it.
    nests: bool,
}

impl Open {
    /// A layout table has fewer rows than the one it is around; one of tickets has more than what somebody pasted into a cell.
    fn is_good(&self) -> bool {
        self.rows >= 2 && self.wide > self.inner
    }
}

/// Follows the tags of a page.
struct Page<U> {
    of: U,
    open: Vec<Open>,
    begun: usize,
    text: Text,
    read: u64,
}

impl<U: Use> Page<U> {
    fn new(of: U) -> Self {
        Page { of, open: Vec::new(), begun: 0, text: Text::default(), read: 0 }
    }

    /// Whether characters here are a cell's that is wanted.
    fn in_wanted_cell(&self) -> bool {
        self.open.iter().any(|t| t.cell.is_some() && self.of.wants(t.number))
    }

    fn start(&mut self, tag: &Tag) {
        match tag.name() {
            "table" => self.table_starts(tag.from),
            "tr" => {
                self.end_row(false);
                if let Some(table) = self.open.last_mut() {
                    table.row = Some(0);
                }
            }
            "td" | "th" => {
                self.end_cell();
                if let Some(table) = self.open.last_mut() {
                    table.row.get_or_insert(0);
                    // 0 rows: down to the end.
                    let down = tag.number("rowspan").map_or(1, |n| if n == 0 { MAX_DOWN } else { n.min(MAX_DOWN) });
                    table.cell = Some((tag.number("colspan").unwrap_or(1).clamp(1, MAX_ACROSS), down));
                }
                let around = self.open.len().saturating_sub(1);
                let inside = self.open.iter().take(around).any(|t| t.cell.is_some() && self.of.wants(t.number));
                self.text.begin(!inside);
            }
            "thead" | "tbody" | "tfoot" => self.end_group(),
            name => {
                self.text.tag(name, true);
                self.of.other(tag);
            }
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "table" => self.table_ends(false),
            "tr" => self.end_row(false),
            "td" | "th" => self.end_cell(),
            "thead" | "tbody" | "tfoot" => self.end_group(),
            // A page that goes on to its end was not broken off, though its tables may not be closed.
            "body" | "html" => self.finish(false),
            name => self.text.tag(name, false),
        }
    }

    fn table_starts(&mut self, from: u64) {
        // Outside a cell a table is not inside another: that one was not closed.
        if self.open.last().is_some_and(|t| t.cell.is_none()) || self.open.len() >= MAX_NESTED {
            self.table_ends(false);
        }
        self.text.line();
        self.begun += 1;
        self.open.push(Open { number: self.begun, from, ..Open::default() });
    }

    fn table_ends(&mut self, cut: bool) {
        self.end_row(cut);
        let Some(table) = self.open.pop() else { return };
        self.of.table_ends(&table, cut);
        self.text.line();
        if let Some(around) = self.open.last_mut() {
            around.nests = true;
            around.inner = around.inner.max(if table.is_good() { table.wide } else { table.inner });
        }
    }

    fn end_group(&mut self) {
        self.end_row(false);
        if let Some(table) = self.open.last() {
            self.of.group_ends(table);
        }
    }

    fn end_row(&mut self, cut: bool) {
        self.end_cell();
        let Some(table) = self.open.last_mut() else { return };
        if let Some(cells) = table.row.take() {
            table.rows += 1;
            table.wide += u64::from(cells >= 2);
            table.columns = table.columns.max(cells);
            self.of.row_ends(table, self.read, cut);
        }
        self.text.line();
    }

    fn end_cell(&mut self) {
        let Some(table) = self.open.last_mut() else { return };
        if let Some((across, down)) = table.cell.take() {
            table.row = table.row.map(|n| n + across);
            self.of.cell_ends(table, &mut self.text, across, down);
        }
        self.text.line();
    }

    /// The page ends; `cut`: in the middle, if a table is still open.
    fn finish(&mut self, cut: bool) {
        while !self.open.is_empty() {
            self.table_ends(cut);
        }
    }
}

/// Finds the tables worth reading.
#[derive(Default)]
struct Survey {
    /// Two rows and two columns at least, and more rows than any like it inside.
    good: Vec<Place>,
    /// Smaller ones without another inside.
    small: Vec<Place>,
    title: String,
    password: bool,
    frame: Option<String>,
}

impl Use for Survey {
    fn table_ends(&mut self, table: &Open, _: bool) {
        if table.is_good() {
            // Those that began in it are text of its cells.
            self.good.retain(|t| t.number < table.number);
        }
        let list = if table.is_good() { &mut self.good } else { &mut self.small };
        if table.is_good() || (!table.nests && table.rows > 0 && table.columns > 0) {
            list.push(Place { number: table.number, from: table.from });
        }
    }

    fn other(&mut self, tag: &Tag) {
        match tag.name() {
            "input" => self.password |= tag.value("type").is_some_and(|t| t.eq_ignore_ascii_case("password")),
            "frame" | "iframe" if self.frame.is_none() => self.frame = tag.value("src").map(str::to_owned),
            _ => {}
        }
    }

    fn title(&mut self, text: &str) {
        let free = MAX_TITLE.saturating_sub(self.title.chars().count());
        self.title.extend(text.chars().take(free));
    }
}

/// Why reading ends before the page does.
enum Stop {
    Gone,
    Bomb,
    Done,
}

/// Reads one table.
struct Extract<'a> {
    grid: Grid<'a>,
    wanted: usize,
    stop: Option<Stop>,
    broken_off: bool,
}

impl<'a> Extract<'a> {
    fn new(rows: &'a mut Rows, wanted: usize) -> Self {
        Extract { grid: Grid::new(rows), wanted, stop: None, broken_off: false }
    }
}

impl Use for Extract<'_> {
    fn table_ends(&mut self, table: &Open, cut: bool) {
        if table.number == self.wanted {
            self.broken_off |= cut;
            self.stop.get_or_insert(Stop::Done);
        }
    }

    fn cell_ends(&mut self, table: &Open, text: &mut Text, across: usize, down: usize) {
        if table.number == self.wanted && self.stop.is_none() {
            self.grid.skip_covered();
            self.grid.cell(text.end(), across, down);
        }
    }

    fn row_ends(&mut self, table: &Open, read: u64, cut: bool) {
        if table.number != self.wanted || self.stop.is_some() {
            return;
        }
        if self.grid.end_row(table.rows, cut).is_err() {
            self.stop = Some(Stop::Gone);
        } else if is_bomb(read, self.grid.made) {
            self.stop = Some(Stop::Bomb);
        }
    }

    fn group_ends(&mut self, table: &Open) {
        if table.number == self.wanted {
            self.grid.end_group();
        }
    }

    fn wants(&self, table: usize) -> bool {
        table == self.wanted
    }

    fn has_enough(&self) -> bool {
        self.stop.is_some()
    }
}
