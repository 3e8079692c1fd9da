//! A stream of bytes cut into physical lines, each with its place; a line over the limit is passed over, not collected.

use super::encoding::Encoding;
use memchr::memchr2;
use std::io::Read;

/// Longest row (and line) that is read, in bytes.
pub const MAX_ROW: usize = 4 << 20;
const BLOCK: usize = 1 << 18;

/// Where a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineSpan {
    /// Number, from 1.
    pub number: u64,
    /// Offset of its first byte.
    pub start: u64,
    /// Length in bytes, line end included.
    pub len: u64,
}

/// A line, or only its place where it is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawLine<'a> {
    /// Its bytes, line end (`\n`, `\r\n` or `\r`) included.
    Line(&'a [u8], LineSpan),
    /// Longer than [`MAX_ROW`].
    TooLong(LineSpan),
}

/// Cuts `input` into lines.
pub struct LineReader<R> {
    input: R,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    done: bool,
    offset: u64,
    number: u64,
    encoding: Encoding,
    /// A byte after which long lines are cut.
    cut_after: Option<u8>,
    /// Whether the last piece had no line end: the next one is of the same line.
    continued: bool,
}

/// Pieces of a line that is cut have about so many bytes.
const PIECE: usize = 1 << 14;

impl<R: Read> LineReader<R> {
    /// Reads from `input`, which begins at byte `offset` of its file (after a byte order mark).
    pub fn new(input: R, encoding: Encoding, offset: u64) -> Self {
        LineReader { input, buffer: vec![0; BLOCK], from: 0, to: 0, done: false, offset, number: 0, encoding, cut_after: None, continued: false }
    }

    /// Hands lines of more than a few thousand bytes out in pieces, each of which ends with `byte`, where the encoding allows it: a
    /// whole file may be one line.
    pub fn cut_after(mut self, byte: u8) -> Self {
        // In the other encodings the byte may be half a character.
        self.cut_after = Some(byte).filter(|_| self.encoding == Encoding::Utf8);
        self
    }

    /// The length of the next piece of a long line.
    fn piece(&self) -> Option<usize> {
        let byte = self.cut_after?;
        let window = self.buffer.get(self.from..self.from + PIECE).filter(|_| self.to - self.from >= PIECE)?;
        if memchr2(b'\n', b'\r', window).is_some() { None } else { memchr::memrchr(byte, window).map(|at| at + 1) }
    }

    /// Bytes handed out so far, counted from the start of the file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// What reading gave.
    pub fn next_line(&mut self) -> std::io::Result<Option<RawLine<'_>>> {
        let mut searched = 0;
        let mut dropped = 0u64;
        loop {
            let piece = self.piece().filter(|_| dropped == 0);
            let found = piece.or_else(|| self.find_end(searched));
            let available = self.to - self.from;
            let len = match found {
                Some(len) => len,
                None if self.done && available == 0 && dropped == 0 => return Ok(None),
                None if self.done => available,
                None => {
                    searched = available.saturating_sub(2 * self.encoding.unit());
                    if available > MAX_ROW {
                        // Too long to be a row: keep only its place, and the tail that may hold half a line end.
                        let cut = (available - 4) & !1;
                        self.from += cut;
                        dropped += cut as u64;
                        searched = 0;
                    }
                    self.fill()?;
                    continue;
                }
            };
            self.number += u64::from(!std::mem::replace(&mut self.continued, piece.is_some()));
            let total = dropped + len as u64;
            let span = LineSpan { number: self.number, start: self.offset, len: total };
            self.offset += total;
            let at = self.from;
            self.from += len;
            if dropped > 0 || len > MAX_ROW {
                return Ok(Some(RawLine::TooLong(span)));
            }
            return Ok(Some(RawLine::Line(&self.buffer[at..at + len], span)));
        }
    }

    /// Length of the first line in the buffer, line end included, if its end is there.
    fn find_end(&self, searched: usize) -> Option<usize> {
        let data = &self.buffer[self.from..self.to];
        match self.encoding.unit() {
            1 => {
                let at = searched + memchr2(b'\n', b'\r', data.get(searched..)?)?;
                if data[at] == b'\n' {
                    return Some(at + 1);
                }
                match data.get(at + 1) {
                    Some(b'\n') => Some(at + 2),
                    Some(_) => Some(at + 1),
                    None if self.done => Some(at + 1),
                    None => None,
                }
            }
            _ => {
                let unit = |i: usize| -> Option<u16> {
                    let pair = [*data.get(i)?, *data.get(i + 1)?];
                    Some(if self.encoding == Encoding::Utf16Le { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
                };
                let mut i = searched & !1;
                loop {
                    match unit(i)? {
                        0x0A => return Some(i + 2),
                        0x0D => {
                            return match unit(i + 2) {
                                Some(0x0A) => Some(i + 4),
                                Some(_) => Some(i + 2),
                                None if self.done => Some(i + 2),
                                None => None,
                            };
                        }
                        _ => i += 2,
                    }
                }
            }
        }
    }

    fn fill(&mut self) -> std::io::Result<()> {
        if self.from > 0 {
            self.buffer.copy_within(self.from..self.to, 0);
            self.to -= self.from;
            self.from = 0;
        }
        if self.buffer.len() - self.to < BLOCK / 2 {
            let size = (self.buffer.len() * 2).min(MAX_ROW + 2 * BLOCK).max(self.buffer.len());
            self.buffer.resize(size, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.to..]) {
                Ok(0) => {
                    self.done = true;
                    return Ok(());
                }
                Ok(n) => {
                    self.to += n;
                    return Ok(());
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], encoding: Encoding) -> Vec<(Option<Vec<u8>>, LineSpan)> {
        let mut reader = LineReader::new(bytes, encoding, 0);
        let mut all = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            all.push(match line {
                RawLine::Line(b, s) => (Some(b.to_vec()), s),
                RawLine::TooLong(s) => (None, s),
            });
        }
        assert_eq!(reader.offset(), bytes.len() as u64);
        all
    }

    #[test]
    fn every_line_end_is_one() {
        let all = lines(b"a\nb\r\nc\rd", Encoding::Utf8);
        assert_eq!(all.iter().map(|l| l.0.as_deref().unwrap()).collect::<Vec<_>>(), [&b"a\n"[..], b"b\r\n", b"c\r", b"d"]);
        let wide: Vec<u8> = "a\r\n上\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(lines(&wide, Encoding::Utf16Be).iter().map(|l| l.1.len).collect::<Vec<_>>(), [6, 4]);
    }

    #[test]
    fn a_line_over_the_limit_is_only_a_place() {
        let mut bytes = b"a\n".to_vec();
        bytes.resize(MAX_ROW + 3 * BLOCK, b'x');
        bytes.extend_from_slice(b"\nb\n");
        let all = lines(&bytes, Encoding::Utf8);
        assert_eq!(all.len(), 3);
        assert!(all[1].0.is_none());
        assert_eq!(all.iter().map(|l| l.1.len).sum::<u64>(), bytes.len() as u64);
        assert_eq!(all[2].0.as_deref(), Some(&b"b\n"[..]));
    }
}
