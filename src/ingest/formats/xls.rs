//! Old workbooks, looked through before they are read: their reader follows sectors in a circle without end, and sets memory aside
//! for every cell between the first and the last, wherever those say they are. What else is wrong it tells itself.

use super::table::unreadable;
use crate::error::{Error, Result};

/// Most rows and columns of a sheet.
const MOST: (u32, u32) = (65_536, 256);
/// Bytes of a cell.
const CELL: u64 = 32;
/// Bytes that the sheets of any workbook may have.
const HARMLESS: u64 = 64 << 20;
/// Bytes in memory for each byte of the file above which it is a bomb.
const MAX_RATIO: u64 = 40;
/// Streams shorter than this are kept in small sectors.
const SHORT: usize = 4096;
const SMALL_SECTOR: usize = 64;
/// Numbers of sectors end here; what is above ends a chain.
const RESERVED: u32 = 0xFFFF_FFFA;

/// Looks through a whole file.
///
/// # Errors
/// A file whose sectors go in a circle, cells where none can be, a bomb.
pub fn look_through(file: &[u8]) -> Result<()> {
    let Some(container) = Container::of(file)? else { return Ok(()) };
    for name in ["workbook", "book"] {
        if let Some(stream) = container.stream(name)? {
            return records(&stream, file.len() as u64);
        }
    }
    Ok(())
}

fn damaged(what: &str) -> Error {
    unreadable("a workbook", what)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).filter_map(|c| u32_at(c, 0))
}

/// The sectors that follow each other from `start` on, as `next` tells.
fn chain(start: u32, next: &[u32]) -> Result<Vec<usize>> {
    let (mut all, mut at) = (Vec::new(), start);
    while at < RESERVED {
        if all.len() > next.len() {
            return Err(damaged("its sectors go in a circle"));
        }
        all.push(at as usize);
        let Some(n) = next.get(at as usize) else { break };
        at = *n;
    }
    Ok(all)
}

/// The bytes of sectors, one behind the other.
fn joined(sectors: &[usize], size: usize, bytes: &[u8]) -> Vec<u8> {
    let sector = |id: &usize| -> &[u8] {
        let from = id.saturating_mul(size).min(bytes.len());
        &bytes[from..from.saturating_add(size).min(bytes.len())]
    };
    sectors.iter().flat_map(sector).copied().collect()
}

/// The compound file that a workbook is kept in.
struct Container<'a> {
    /// What follows the header.
    bytes: &'a [u8],
    size: usize,
    next: Vec<u32>,
    small: Vec<u8>,
    next_small: Vec<u32>,
    directory: Vec<u8>,
}

impl<'a> Container<'a> {
    /// `None` where its reader refuses it at once.
    fn of(file: &'a [u8]) -> Result<Option<Container<'a>>> {
        let size = match u16_at(file, 30) {
            Some(9) => 512,
            Some(12) => 4096,
            _ => return Ok(None),
        };
        let header = |at| u32_at(file, at).unwrap_or(RESERVED);
        let bytes = file.get(size..).unwrap_or_default();
        let sectors = bytes.len() / size + 1;
        let mut tables: Vec<u32> = numbers(file.get(76..512).unwrap_or_default()).collect();
        let (mut more, mut seen) = (header(68), 0);
        while more < RESERVED {
            seen += 1;
            if seen > sectors {
                return Err(damaged("its sectors go in a circle"));
            }
            tables.extend(numbers(&joined(&[more as usize], size, bytes)));
            more = tables.pop().unwrap_or(RESERVED);
        }
        let tables: Vec<usize> = tables.into_iter().filter(|t| *t < RESERVED).map(|t| t as usize).collect();
        if tables.len() > sectors {
            return Err(damaged("it has more tables of sectors than sectors"));
        }
        let next: Vec<u32> = numbers(&joined(&tables, size, bytes)).collect();
        let directory = joined(&chain(header(48), &next)?, size, bytes);
        let small = joined(&chain(u32_at(&directory, 116).unwrap_or(RESERVED), &next)?, size, bytes);
        let next_small = numbers(&joined(&chain(header(60), &next)?, size, bytes)).collect();
        Ok(Some(Container { bytes, size, next, small, next_small, directory }))
    }

    /// The bytes of a stream; `name` in small letters.
    fn stream(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let is_named = |entry: &&[u8]| {
            let letters = entry.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).take_while(|c| *c != 0);
            char::decode_utf16(letters.take(32)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER).to_ascii_lowercase()).eq(name.chars())
        };
        let Some(entry) = self.directory.chunks_exact(128).find(is_named) else { return Ok(None) };
        let (Some(start), Some(len)) = (u32_at(entry, 116), u32_at(entry, 120)) else { return Ok(None) };
        let mut bytes = if (len as usize) < SHORT {
            joined(&chain(start, &self.next_small)?, SMALL_SECTOR, &self.small)
        } else {
            joined(&chain(start, &self.next)?, self.size, self.bytes)
        };
        bytes.truncate(len as usize);
        Ok(Some(bytes))
    }
}

/// Type and bytes of each record.
fn each(stream: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (kind, len) = (u16_at(stream, at)?, u16_at(stream, at + 2)?);
        let body = stream.get(at + 4..at + 4 + usize::from(len))?;
        at += 4 + body.len();
        Some((kind, body))
    })
}

const BEGIN: u16 = 0x0809;
const END: u16 = 0x000A;
const SHEET: u16 = 0x0085;
const DIMENSIONS: u16 = 0x0200;
const SEVERAL: u16 = 0x00BD;
const CELLS: [u16; 8] = [0x0006, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E, SEVERAL];

/// Where the sheets' cells are, and what memory that takes.
fn records(stream: &[u8], file: u64) -> Result<()> {
    let sheets = each(stream).take_while(|(kind, _)| *kind != END).filter(|(kind, _)| *kind == SHEET).filter_map(|(_, body)| u32_at(body, 0));
    let mut bytes = 0u64;
    for start in sheets {
        let (mut rows, mut columns) = ((u32::MAX, 0), (u32::MAX, 0));
        let mut depth = 0;
        for (kind, body) in each(stream.get(start as usize..).unwrap_or_default()) {
            match kind {
                BEGIN => depth += 1,
                END if depth <= 1 => break,
                END => depth -= 1,
                // A chart inside the sheet.
                _ if depth > 1 => {}
                DIMENSIONS => {
                    let long = body.len() >= 14;
                    let row = |i: usize| if long { u32_at(body, 4 * i) } else { u16_at(body, 2 * i).map(u32::from) };
                    let last_column = u16_at(body, if long { 10 } else { 6 }).map(u32::from);
                    let (first, last) = (row(0).unwrap_or(0), row(1).unwrap_or(0));
                    if last > MOST.0 || last_column.is_some_and(|c| c > MOST.1) || first >= last.max(1) && first > 0 {
                        return Err(damaged("a sheet larger than sheets can be"));
                    }
                }
                _ if CELLS.contains(&kind) => {
                    let (Some(row), Some(first)) = (u16_at(body, 0), u16_at(body, 2)) else { continue };
                    let last = if kind == SEVERAL { u16_at(body, body.len().saturating_sub(2)).unwrap_or(first).max(first) } else { first };
                    if u32::from(last) >= MOST.1 {
                        return Err(damaged("a cell in a column that sheets do not have"));
                    }
                    rows = (rows.0.min(row.into()), rows.1.max(row.into()));
                    columns = (columns.0.min(first.into()), columns.1.max(last.into()));
                }
                _ => {}
            }
        }
        if rows.0 <= rows.1 {
            bytes += u64::from(rows.1 - rows.0 + 1) * u64::from(columns.1 - columns.0 + 1) * CELL;
        }
        // Many names may be given to one sheet: each is read.
        bytes += stream.len() as u64 / 64;
        if bytes > HARMLESS && bytes / MAX_RATIO > file {
            return Err(Error::input("refused: a workbook of few cells that lie as far apart as they can; save it as xlsx or CSV"));
        }
    }
    Ok(())
}
