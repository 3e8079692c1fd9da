//! The characters of a marked-up file, whatever its encoding, as a stream of UTF-8.

use crate::ingest::encoding::{Detected, Encoding};
use std::fs::File;
use std::io::{BufRead, Read};

/// Stands where bytes are not the file's encoding: a character that no text has.
pub const WRONG: char = '\u{fdd0}';
const BLOCK: usize = 1 << 16;

/// Decodes `input` as it is read.
pub struct Characters<R> {
    input: R,
    decoder: encoding_rs::Decoder,
    raw: Vec<u8>,
    from: usize,
    to: usize,
    ended: bool,
    done: bool,
    out: String,
    at: usize,
}

impl Characters<File> {
    /// The characters of a file, after its byte order mark.
    ///
    /// # Errors
    /// What reading gave.
    pub fn of_file(mut file: File, text: Detected) -> std::io::Result<Self> {
        std::io::copy(&mut file.by_ref().take(text.bom as u64), &mut std::io::sink())?;
        Ok(Self::new(file, text.encoding))
    }
}

impl<R: Read> Characters<R> {
    /// The characters of `input`.
    pub fn new(input: R, encoding: Encoding) -> Self {
        let (raw, out) = (vec![0; BLOCK], String::with_capacity(2 * BLOCK));
        Characters { input, decoder: encoding.decoder(), raw, from: 0, to: 0, ended: false, done: false, out, at: 0 }
    }

    /// Passes over so many bytes of UTF-8.
    ///
    /// # Errors
    /// What reading gave.
    pub fn pass_over(&mut self, mut bytes: u64) -> std::io::Result<()> {
        while bytes > 0 {
            let waiting = self.fill_buf()?.len();
            if waiting == 0 {
                break;
            }
            let now = usize::try_from(bytes).map_or(waiting, |b| b.min(waiting));
            self.consume(now);
            bytes -= now as u64;
        }
        Ok(())
    }

    /// Passes to `tag` (in ASCII, of either case), which begins within twice its length; `false` if it does not.
    ///
    /// # Errors
    /// What reading gave.
    pub fn pass_to(&mut self, tag: &[u8]) -> std::io::Result<bool> {
        let mut rest = self.out.split_off(self.at.min(self.out.len()));
        while rest.len() < 3 * tag.len() && !self.done {
            self.fill()?;
            rest.push_str(&self.out);
        }
        let found = rest.as_bytes().windows(tag.len()).take(2 * tag.len()).position(|w| w.eq_ignore_ascii_case(tag));
        (self.out, self.at) = (rest, found.unwrap_or_default());
        Ok(found.is_some())
    }

    fn fill(&mut self) -> std::io::Result<()> {
        self.out.clear();
        self.at = 0;
        while self.out.is_empty() && !self.done {
            if self.from == self.to && !self.ended {
                (self.from, self.to) = (0, self.input.read(&mut self.raw)?);
                self.ended = self.to == 0;
            }
            let bytes = self.raw.get(self.from..self.to).unwrap_or_default();
            let (result, read) = self.decoder.decode_to_string_without_replacement(bytes, &mut self.out, self.ended);
            self.from += read;
            match result {
                encoding_rs::DecoderResult::InputEmpty => self.done = self.ended,
                encoding_rs::DecoderResult::OutputFull => {}
                encoding_rs::DecoderResult::Malformed(..) => self.out.push(WRONG),
            }
        }
        Ok(())
    }
}

impl<R: Read> BufRead for Characters<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.at >= self.out.len() {
            self.fill()?;
        }
        Ok(self.out.as_bytes().get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl<R: Read> Read for Characters<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let mut waiting = self.fill_buf()?;
        let n = waiting.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

/// The encoding that a page or an XML file says it has (`charset=gb2312`, `encoding="gb2312"`).
#[must_use]
pub fn named(head: &[u8]) -> Option<Encoding> {
    let text = String::from_utf8_lossy(head.get(..4096).unwrap_or(head)).to_ascii_lowercase();
    let after = |mark: &str| {
        let at = text.find(mark)? + mark.len();
        let name: String =
            text.get(at..)?.trim_start_matches(['=', ' ', '"', '\'']).chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
        name.parse::<Encoding>().ok()
    };
    // Whoever could read this much in bytes has no UTF-16 before him.
    after("charset").or_else(|| after("encoding")).filter(|e| !e.is_utf16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_says_of_itself() {
        for (page, expected) in [
            ("<meta http-equiv=Content-Type content=\"text/html; charset=gb2312\">", Some(Encoding::Gb18030)),
            ("<META CHARSET='GBK'>", Some(Encoding::Gb18030)),
            ("<meta charset = big5>", Some(Encoding::Big5)),
            ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", Some(Encoding::Utf8)),
            ("<meta charset=iso-8859-1>", None),
            ("<meta charset=utf-16>", None),
            ("<table>", None),
        ] {
            assert_eq!(named(page.as_bytes()), expected, "{page}");
        }
    }

    #[test]
    fn bytes_of_no_character_are_marked_and_none_is_lost() {
        let mut text = String::new();
        let bytes: Vec<u8> = [&"登录".repeat(70_000).into_bytes()[..], b"\xff\xfe<", "不上".as_bytes(), b"\xe7"].concat();
        Characters::new(&bytes[..], Encoding::Utf8).read_to_string(&mut text).unwrap();
        assert_eq!(text, format!("{}{WRONG}{WRONG}<不上{WRONG}", "登录".repeat(70_000)));
    }
}
