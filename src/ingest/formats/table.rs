//! Rows that a library hands out in its own way, carried from a thread of their own as records.

use crate::cell::push_cell;
use crate::error::{Error, ErrorKind, Result};
use crate::ingest::lines::MAX_ROW;
use crate::ingest::records::{Record, Records, RowSpan};
use crate::ticket::Reason;
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Name of the threads that read: what they say when they give up is not for people.
pub const THREAD: &str = "ahu-reader";
/// A block is sent at so many bytes.
const BLOCK_BYTES: usize = 1 << 16;
/// Blocks that may wait.
const BLOCKS: usize = 8;
/// Delimiter of the cells in a record's text.
pub const DELIMITER: u8 = b',';

#[derive(Default)]
struct Block {
    text: String,
    rows: Vec<Item>,
    /// Nothing comes after it.
    last: bool,
}

struct Item {
    text: Range<usize>,
    cells: usize,
    quoted: bool,
    line: u64,
    bad: Option<(Reason, String)>,
}

/// Where a format's thread puts its rows.
pub struct Rows {
    out: SyncSender<Result<Block>>,
    block: Block,
    quoted: bool,
    cells: usize,
    from: usize,
}

/// The other side has gone: reading ends early, and nobody minds.
#[derive(Debug)]
pub struct Gone;

impl Rows {
    /// Adds a cell to the row under way.
    pub fn cell(&mut self, value: &str) {
        // A row over the limit is none: the rest of it is not kept.
        if self.block.text.len() - self.from > MAX_ROW {
            return;
        }
        if self.cells > 0 {
            self.block.text.push(char::from(DELIMITER));
        }
        let from = self.block.text.len();
        push_cell(&mut self.block.text, value, DELIMITER);
        self.quoted |= self.block.text[from..].starts_with('"');
        self.cells += 1;
    }

    /// Ends the row under way, which begins at `line` (a row number for formats without lines).
    ///
    /// # Errors
    /// [`Gone`] when nobody reads any more.
    pub fn end_row(&mut self, line: u64) -> std::result::Result<(), Gone> {
        let length = self.block.text.len() - self.from;
        let bad = (length > MAX_ROW).then(|| (Reason::TooLong, format!("row of {length} bytes or more, at most {MAX_ROW} are read")));
        self.push(line, bad)
    }

    /// Ends the row under way as one that cannot be read.
    ///
    /// # Errors
    /// [`Gone`] when nobody reads any more.
    pub fn bad_row(&mut self, line: u64, reason: Reason, detail: String) -> std::result::Result<(), Gone> {
        self.push(line, Some((reason, detail)))
    }

    fn push(&mut self, line: u64, bad: Option<(Reason, String)>) -> std::result::Result<(), Gone> {
        let text = self.from..self.block.text.len();
        self.block.rows.push(Item { text, cells: self.cells, quoted: self.quoted, line, bad });
        (self.from, self.cells, self.quoted) = (self.block.text.len(), 0, false);
        if self.block.text.len() >= BLOCK_BYTES || self.block.rows.len() >= 1024 { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> std::result::Result<(), Gone> {
        self.from = 0;
        self.out.send(Ok(std::mem::take(&mut self.block))).map_err(|_| Gone)
    }
}

/// The reading side.
pub struct Table {
    blocks: Option<Receiver<Result<Block>>>,
    block: Block,
    next: usize,
    width: Option<usize>,
    keep_raw: bool,
}

impl Table {
    /// Runs `produce` on a thread of its own; what it returns is the end, or the error after the rows sent so far.
    pub fn spawn(keep_raw: bool, produce: impl FnOnce(&mut Rows) -> Result<std::result::Result<(), Gone>> + Send + 'static) -> Table {
        let (out, blocks) = sync_channel(BLOCKS);
        let work = move || {
            let mut rows = Rows { out: out.clone(), block: Block::default(), quoted: false, cells: 0, from: 0 };
            let done = guarded(|| produce(&mut rows));
            // Rows before an error are worth having; when nobody listens any more nothing is lost.
            let _ = rows.send();
            let _ = match done {
                Err(e) => out.send(Err(e)),
                Ok(_) => out.send(Ok(Block { last: true, ..Block::default() })),
            };
        };
        // Without a thread there is no end either, which is an error.
        let _ = std::thread::Builder::new().name(THREAD.to_owned()).spawn(work);
        Table { blocks: Some(blocks), block: Block::default(), next: 0, width: None, keep_raw }
    }
}

impl Records for Table {
    fn next_record(&mut self, out: &mut String) -> Result<Option<Record>> {
        while self.next == self.block.rows.len() {
            let Some(blocks) = &self.blocks else { return Ok(None) };
            match blocks.recv() {
                Ok(block) => {
                    self.block = block?;
                    self.next = 0;
                }
                Err(_) => return Err(Error::input("the file is damaged: its reader ended without a word")),
            }
            if self.block.last {
                self.blocks = None;
            }
        }
        let item = &mut self.block.rows[self.next];
        self.next += 1;
        let text = &self.block.text[item.text.clone()];
        let span = RowSpan { line: item.line, start: 0, len: 0 };
        let raw = self.keep_raw.then(|| text.as_bytes().to_vec());
        if let Some((reason, detail)) = item.bad.take() {
            return Ok(Some(Record::Bad { span, reason, detail, text: None, raw }));
        }
        if text.bytes().all(|b| b == DELIMITER) {
            return Ok(Some(Record::Blank(span)));
        }
        let from = out.len();
        out.push_str(text);
        // Formats that leave out empty cells at a row's end mean empty cells.
        for _ in item.cells..self.width.unwrap_or(item.cells) {
            out.push(char::from(DELIMITER));
        }
        Ok(Some(Record::Row {
            text: from..out.len(),
            quoted: item.quoted,
            cells: item.cells.max(self.width.unwrap_or(item.cells)),
            span,
            lines: Vec::new(),
            raw,
        }))
    }

    fn set_width(&mut self, width: usize) {
        self.width = Some(width);
    }

    fn lines_are_rows(&self) -> bool {
        true
    }

    fn offset(&self) -> u64 {
        0
    }

    fn mixed_lines(&self) -> u64 {
        0
    }
}

/// Runs a reader of an intricate format, which may panic on a file that somebody made to break it.
fn guarded<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Error::input("the file is damaged: its reader gave up")))
}

/// What `read` gives, from a thread of its own, where it may panic unheard.
///
/// # Errors
/// What `read` gave; that it panicked; that there is no thread.
pub fn on_a_thread<T: Send>(read: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(THREAD.to_owned()).spawn_scoped(scope, || guarded(read));
        let thread = thread.map_err(|e| Error::new(ErrorKind::Io, format!("cannot start a thread: {e}")))?;
        thread.join().unwrap_or_else(|e| std::panic::resume_unwind(e))
    })
}

/// An error of reading `what`, a format, in words for its user.
pub fn unreadable(what: &str, cause: impl std::fmt::Display) -> Error {
    Error::input(format!("expected {what} that can be read; copy or export the file again if it was cut off; the reader says: {cause}"))
}
