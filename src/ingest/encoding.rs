//! How bytes become characters: byte order mark, else strict UTF-8, else GB18030 or Big5 by evidence. Unsure is an answer.

use crate::error::{Error, Result};
use crate::mask::mask;
use crate::segment::Normalizer;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::OnceLock;

/// A character encoding that exports come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    Utf8,
    /// GB18030, of which GBK and GB2312 are parts.
    Gb18030,
    /// Big5 as the WHATWG Encoding Standard has it (with HKSCS).
    Big5,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Gb18030 => "gb18030",
            Encoding::Big5 => "big5",
            Encoding::Utf16Le => "utf-16le",
            Encoding::Utf16Be => "utf-16be",
        })
    }
}

impl std::str::FromStr for Encoding {
    type Err = String;

    fn from_str(s: &str) -> std::result::Result<Self, String> {
        match s.to_ascii_lowercase().replace(['_', ' '], "-").as_str() {
            "utf-8" | "utf8" | "utf-8-sig" => Ok(Encoding::Utf8),
            "gbk" | "gb2312" | "gb18030" | "gb-18030" | "cp936" | "ansi" => Ok(Encoding::Gb18030),
            "big5" | "big5-hkscs" | "cp950" => Ok(Encoding::Big5),
            "utf-16le" | "utf-16-le" | "utf16le" | "utf-16" | "utf16" | "unicode" => Ok(Encoding::Utf16Le),
            "utf-16be" | "utf-16-be" | "utf16be" => Ok(Encoding::Utf16Be),
            _ => Err(format!("unknown encoding `{s}`, expected utf-8, gb18030 (gbk), big5, utf-16le or utf-16be")),
        }
    }
}

impl Encoding {
    /// The characters of the beginning of a text, with replacements where it is cut in two or wrong: to look at, not to keep.
    #[must_use]
    pub fn glance(self, bytes: &[u8]) -> String {
        self.table().decode_without_bom_handling(bytes).0.into_owned()
    }

    /// Whether `bytes` are this encoding but for a few: of a hundred characters that are not plain ASCII at most one is wrong.
    #[must_use]
    pub fn mostly(self, bytes: &[u8]) -> bool {
        let text = self.table().decode_without_bom_handling(bytes).0;
        let (wrong, all) =
            text.chars().filter(|c| !c.is_ascii()).fold((0, 0), |(wrong, all), c| (wrong + usize::from(c == char::REPLACEMENT_CHARACTER), all + 1));
        wrong * 100 <= all
    }

    /// Bytes that `text` takes in this encoding.
    #[must_use]
    pub fn bytes(self, text: &str) -> usize {
        match self {
            _ if self.is_utf16() => 2 * text.encode_utf16().count(),
            Encoding::Utf8 => text.len(),
            _ => self.table().encode(text).0.len(),
        }
    }

    /// Whether it is UTF-16, of either byte order.
    #[must_use]
    pub fn is_utf16(self) -> bool {
        matches!(self, Encoding::Utf16Le | Encoding::Utf16Be)
    }

    /// Bytes of a code unit: 2 for UTF-16, else 1.
    #[must_use]
    pub fn unit(self) -> usize {
        if self.is_utf16() { 2 } else { 1 }
    }

    fn table(self) -> &'static encoding_rs::Encoding {
        match self {
            Encoding::Utf8 => encoding_rs::UTF_8,
            Encoding::Gb18030 => encoding_rs::GB18030,
            Encoding::Big5 => encoding_rs::BIG5,
            Encoding::Utf16Le => encoding_rs::UTF_16LE,
            Encoding::Utf16Be => encoding_rs::UTF_16BE,
        }
    }

    /// Decodes a stream, whose byte order mark was taken off.
    #[must_use]
    pub fn decoder(self) -> encoding_rs::Decoder {
        self.table().new_decoder_without_bom_handling()
    }

    /// The characters of `bytes`, or `None` if they are not this encoding. Never writes U+FFFD.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        if self == Encoding::Utf8 {
            return simdutf8::basic::from_utf8(bytes).ok().map(Cow::Borrowed);
        }
        self.table().decode_without_bom_handling_and_without_replacement(bytes)
    }
}

/// What the first bytes of a file tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detected {
    /// The encoding.
    pub encoding: Encoding,
    /// Bytes of byte order marks to skip (two when somebody added one to a file that had one).
    pub bom: usize,
}

/// Decides the encoding by the head of a file (`complete`: the whole file).
///
/// # Errors
/// When two readings are equally likely: both are shown, with the option that decides.
pub fn detect(head: &[u8], complete: bool) -> Result<Detected> {
    let marks: [(&[u8], Encoding); 3] = [(b"\xEF\xBB\xBF", Encoding::Utf8), (b"\xFF\xFE", Encoding::Utf16Le), (b"\xFE\xFF", Encoding::Utf16Be)];
    for (mark, encoding) in marks {
        let bom = head.chunks(mark.len()).take_while(|c| *c == mark).count() * mark.len();
        if bom > 0 {
            return Ok(Detected { encoding, bom });
        }
    }
    let of = |encoding| Ok(Detected { encoding, bom: 0 });
    if let Some(encoding) = utf16_without_mark(head) {
        return of(encoding);
    }
    let head = if complete { head } else { &head[..head.iter().rposition(|b| *b == b'\n').map_or(head.len(), |i| i + 1)] };
    if head.is_ascii() {
        return of(Encoding::Utf8);
    }
    let (utf8_lines, other_lines) = line_votes(head);
    if other_lines == 0 {
        return if has_long_sequence(head) { of(Encoding::Utf8) } else { short_utf8(head) };
    }
    if utf8_lines >= other_lines {
        return of(Encoding::Utf8);
    }
    let (gb, big5) = (Reading::new(Encoding::Gb18030, head), Reading::new(Encoding::Big5, head));
    let (best, second) = if big5.score() > gb.score() { (&big5, &gb) } else { (&gb, &big5) };
    let enough = match best.hanzi {
        10.. => 0.05,
        6..10 => 0.25,
        // One rare character more or less says nothing; of three only what cannot be read at all decides.
        4..6 => 0.6,
        _ => 1.1,
    };
    if best.score() - second.score() >= enough && best.score() >= 0.25 {
        return of(best.encoding);
    }
    Err(unsure(&[best, second]))
}

fn unsure(readings: &[&Reading]) -> Error {
    let shown: Vec<String> = readings.iter().map(|r| format!("as {}: `{}`", r.encoding, r.sample)).collect();
    let options: Vec<String> = readings.iter().map(|r| format!("`--encoding {}`", r.encoding)).collect();
    Error::input(format!("cannot tell the encoding from so few characters; {}; say which with {}", shown.join(", "), options.join(" or ")))
}

/// Lines with non-ASCII bytes: how many are UTF-8 with hanzi, how many are not UTF-8.
fn line_votes(head: &[u8]) -> (usize, usize) {
    let (mut utf8, mut other) = (0, 0);
    for line in head.split(|b| *b == b'\n').filter(|l| !l.is_ascii()) {
        match std::str::from_utf8(line) {
            Ok(_) => utf8 += usize::from(has_long_sequence(line)),
            Err(_) => other += 1,
        }
    }
    (utf8, other)
}

fn has_long_sequence(bytes: &[u8]) -> bool {
    bytes.iter().any(|b| *b >= 0xE0)
}

/// Valid UTF-8 whose every non-ASCII character has two bytes: Latin or Cyrillic text, or a few hanzi in GBK (谢谢 reads лл).
fn short_utf8(head: &[u8]) -> Result<Detected> {
    let utf8 = Reading::new(Encoding::Utf8, head);
    let gb = Reading::new(Encoding::Gb18030, head);
    let text = String::from_utf8_lossy(head);
    let chars: Vec<char> = text.chars().collect();
    let in_latin_words =
        chars.windows(2).any(|w| w[0].is_ascii_alphabetic() != w[1].is_ascii_alphabetic() && w.iter().all(|c| c.is_alphabetic() && (*c as u32) < 0x250));
    // Few hanzi may all be rare ones.
    if in_latin_words || (gb.score() < 0.5 && (gb.hanzi >= 6 || gb.bad_lines > 0)) {
        return Ok(Detected { encoding: Encoding::Utf8, bom: 0 });
    }
    Err(unsure(&[&utf8, &gb]))
}

fn utf16_without_mark(head: &[u8]) -> Option<Encoding> {
    let sample = &head[..head.len().min(4096) & !1];
    if sample.len() < 4 || !sample.contains(&0) {
        return None;
    }
    [Encoding::Utf16Le, Encoding::Utf16Be].into_iter().find(|e| {
        let text = e.decode(sample).or_else(|| e.decode(&sample[..sample.len() - 2]));
        text.is_some_and(|t| {
            let n = t.chars().count();
            let plain = t
                .chars()
                .filter(|c| matches!(c, '\t' | '\r' | '\n' | ' '..='~' | '\u{4e00}'..='\u{9fff}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}'))
                .count();
            plain * 10 >= n * 9 && t.chars().any(|c| matches!(c, '\n' | ',' | '\t' | ';'))
        })
    })
}

/// One way of reading the bytes, and how much it looks like Chinese.
struct Reading {
    encoding: Encoding,
    hanzi: usize,
    common: usize,
    bad_lines: usize,
    lines: usize,
    sample: String,
}

impl Reading {
    fn new(encoding: Encoding, head: &[u8]) -> Reading {
        let common = common_hanzi();
        let normalizer = Normalizer::builtin();
        let mut r = Reading { encoding, hanzi: 0, common: 0, bad_lines: 0, lines: 0, sample: String::new() };
        for line in head.split(|b| *b == b'\n').filter(|l| !l.is_ascii()).take(2000) {
            r.lines += 1;
            let Some(text) = encoding.decode(line) else {
                r.bad_lines += 1;
                continue;
            };
            if r.sample.is_empty() {
                // Masked before it is cut: half a number is not seen to be one.
                let line: String = text.trim().chars().filter(|c| !c.is_control()).take(200).collect();
                r.sample = mask(&line).chars().take(24).collect();
            }
            for c in normalizer.folded(&text).chars().filter(|c| *c >= '\u{2e80}') {
                if matches!(c, '\u{4e00}'..='\u{9fff}') {
                    r.common += usize::from(common.contains(&c));
                }
                if !matches!(c, '\u{3000}'..='\u{303f}') {
                    r.hanzi += 1;
                }
            }
        }
        r
    }

    /// From 0 to 1: share of common characters, less the lines it cannot read.
    fn score(&self) -> f64 {
        let share = |n: usize, of: usize| if of == 0 { 0.0 } else { n as f64 / of as f64 };
        share(self.common, self.hanzi) - 2.0 * share(self.bad_lines, self.lines)
    }
}

pub(super) fn common_hanzi() -> &'static HashSet<char> {
    static COMMON: OnceLock<HashSet<char>> = OnceLock::new();
    COMMON.get_or_init(|| include_str!("../../data/normalize/common.txt").chars().filter(|c| *c >= '\u{4e00}').collect())
}

/// The characters of one line: in the file's encoding, or in the other one that a pasted line may have. The flag says that it was the other.
#[must_use]
pub fn decode_line(encoding: Encoding, line: &[u8]) -> Option<(Cow<'_, str>, bool)> {
    match encoding {
        Encoding::Utf8 => match simdutf8::basic::from_utf8(line) {
            Ok(s) => Some((Cow::Borrowed(s), false)),
            Err(_) => Encoding::Gb18030.decode(line).map(|s| (s, true)),
        },
        Encoding::Gb18030 | Encoding::Big5 => {
            if line.is_ascii() {
                return encoding.decode(line).map(|s| (s, false));
            }
            // GB or Big5 bytes that happen to be valid UTF-8 with three-byte sequences are all but impossible.
            match simdutf8::basic::from_utf8(line) {
                Ok(s) if has_long_sequence(line) => Some((Cow::Borrowed(s), true)),
                _ => encoding.decode(line).map(|s| (s, false)),
            }
        }
        _ => encoding.decode(line).map(|s| (s, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(encoding: Encoding, text: &str) -> Vec<u8> {
        match encoding {
            Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            _ => encoding.table().encode(text).0.into_owned(),
        }
    }

    #[test]
    fn each_encoding_is_recognised() {
        let simplified = "编号,内容\n1,活动奖励一直没有收到，请问什么时候可以发给我\n2,账号登录不上去\n";
        let traditional = "編號,內容\n1,活動獎勵一直沒有收到，請問什麼時候可以發給我\n2,帳號登入不上去\n";
        for (encoding, text) in [
            (Encoding::Utf8, simplified),
            (Encoding::Gb18030, simplified),
            (Encoding::Big5, traditional),
            (Encoding::Utf16Le, simplified),
            (Encoding::Utf16Be, traditional),
        ] {
            assert_eq!(detect(&encode(encoding, text), true).unwrap().encoding, encoding);
        }
    }

    #[test]
    fn two_hanzi_are_not_enough_to_tell() {
        let e = detect(&encode(Encoding::Gb18030, "id,text\n1,谢谢\n"), true).unwrap_err();
        assert_eq!(e.exit_code(), 65);
        assert!(e.message.contains("谢谢") && e.message.contains("лл") && e.message.contains("--encoding"), "{}", e.message);
    }

    #[test]
    fn what_is_shown_to_tell_is_masked() {
        let e = detect(&encode(Encoding::Gb18030, "id,text\n1,谢谢 13812345678\n"), true).unwrap_err();
        assert!(e.message.contains("谢谢 138********") && !e.message.contains("13812345678"), "{}", e.message);
    }

    #[test]
    fn accents_are_utf8() {
        assert_eq!(detect("id,text\n1,the café was closed\n".as_bytes(), true).unwrap().encoding, Encoding::Utf8);
    }

    #[test]
    fn every_two_byte_code_with_a_delimiter_as_second_byte_survives() {
        for encoding in [Encoding::Gb18030, Encoding::Big5] {
            for lead in 0x81..=0xFEu8 {
                for trail in [b'|', b'\\', b'@', b'~'] {
                    if let Some(text) = encoding.decode(&[lead, trail]) {
                        let bytes = [lead, trail];
                        let Some((line, _)) = decode_line(encoding, &bytes) else { panic!("{lead:x} {trail:x}") };
                        assert_eq!(line, text);
                        assert!(!line.contains('\u{FFFD}'));
                    }
                }
            }
        }
    }
}
