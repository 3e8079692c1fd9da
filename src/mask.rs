//! Personal data in a text: finding it, and masking it so that positions in the text stay what they were.
//!
//! Most texts hold none: one scan of their bytes says so. The others are folded once into a buffer (width, case), and read from
//! left to right. What is found is struck out in that buffer at once, and nothing is ever read across a `*`: so a masked text
//! masks to itself.

mod address;
mod columns;
mod contact;
mod number;
#[cfg(test)]
mod tests;

pub use columns::{Cells, mask_id, mask_whole};

use std::borrow::Cow;
use std::ops::Range;

/// Kinds of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Personal {
    /// A mobile's number, of the mainland, Hong Kong, Macau or Taiwan.
    Mobile,
    /// A resident's identity card number.
    IdCard,
    /// A passport's or a travel permit's number.
    Document,
    /// A bank card's number.
    BankCard,
    /// An e-mail address.
    Email,
    /// A landline's number.
    Landline,
    /// A car's number plate.
    Plate,
    /// A QQ account.
    Qq,
    /// A `WeChat` account.
    WeChat,
    /// An address with house-number precision.
    Address,
}

/// Personal data and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Personal,
    /// Bytes of the text.
    pub range: Range<usize>,
}

/// The personal data of a text, ascending, not overlapping.
///
/// ```
/// use ahu::mask::{Personal, find};
/// let text = "电话13812345678";
/// let found = find(text);
/// assert_eq!(found.len(), 1);
/// assert_eq!((found[0].kind, &text[found[0].range.clone()]), (Personal::Mobile, "13812345678"));
/// ```
#[must_use]
pub fn find(text: &str) -> Vec<Found> {
    let Some(read) = read(text) else { return Vec::new() };
    let mut starts = text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len()));
    let mut passed = 0;
    // Characters ascend from one span to the next, so one walk over the text serves all.
    let mut byte = |char_index: usize| {
        let at = starts.nth(char_index - passed);
        passed = char_index + 1;
        at.unwrap_or(text.len())
    };
    let mut found: Vec<Found> = Vec::with_capacity(read.spans.len());
    let mut last_end = (0, 0);
    for span in &read.spans {
        // A span may begin where the one before it ended: that place of the walk is behind us.
        let start = if span.start == last_end.0 && span.start != 0 { last_end.1 } else { byte(span.start) };
        let end = byte(span.end);
        last_end = (span.end, end);
        found.push(Found { kind: span.kind, range: start..end });
    }
    found
}

/// The text with `*` for each character of its personal data, but for what identifies nobody and helps reading: a mobile's and
/// an identity card's first three, a bank card's first six, a landline's area code, a plate's province, an e-mail's domain, an
/// address' city and district, spaces and hyphens. It has as many characters as before; borrowed when nothing was found.
///
/// ```
/// use ahu::mask::mask;
/// assert_eq!(mask("请回电 138-1234-5678，订单号 20231012001"), "请回电 138-****-****，订单号 20231012001");
/// assert_eq!(mask("住在上海市浦东新区张江路123弄5号602室"), "住在上海市浦东新区*************");
/// ```
#[must_use]
pub fn mask(text: &str) -> Cow<'_, str> {
    let Some(read) = read(text).filter(|r| !r.spans.is_empty()) else { return Cow::Borrowed(text) };
    let mut masked = String::with_capacity(text.len());
    // A full-width star was read as one, but is not struck out.
    masked.extend(text.chars().zip(&read.chars).map(|(c, now)| if *now == STRUCK && c != '＊' { STRUCK } else { c }));
    Cow::Owned(masked)
}

const STRUCK: char = '*';
/// A text is read again so many times at most; no text that a person wrote needs a third.
const MAX_ROUNDS: usize = 8;

/// Reads a text in which there may be something.
fn read(text: &str) -> Option<Reading> {
    if !worth_reading(text.as_bytes()) {
        return None;
    }
    let mut reading = Reading::new(text);
    reading.run();
    Some(reading)
}

/// Whether a text has a digit, an `@` (or `(at)`), or a word that may introduce personal data without either.
fn worth_reading(bytes: &[u8]) -> bool {
    let mut i = 0;
    while let Some(&lead) = bytes.get(i) {
        if lead < 0x80 {
            match lead {
                b'0'..=b'9' | b'@' => return true,
                b'(' | b'[' if bytes.get(i + 1..i + 3).is_some_and(|at| at.eq_ignore_ascii_case(b"at")) => return true,
                b'q' | b'Q' | b'v' | b'V' | b'w' | b'W' if latin_context(bytes, i) => return true,
                _ => i += 1,
            }
        } else if lead < 0xe0 {
            i += 2;
        } else if lead < 0xf0 {
            let (Some(&second), Some(page)) = (bytes.get(i + 1), HINT_PAGES.get(usize::from(lead & 15))) else { return false };
            if page >> (second & 63) & 1 != 0 && hint(bytes, i) {
                return true;
            }
            i += 3;
        } else {
            i += 4;
        }
    }
    false
}

/// Hanzi that may introduce personal data, see [`hint`].
const HINTS: [char; 13] = ['微', '薇', '威', '徽', '扣', '址', '栋', '幢', '元', '一', '幺', '壹', '号'];

/// The second bytes (of UTF-8) of [`HINTS`] and of full-width letters and digits, by the last bits of the first.
const HINT_PAGES: [u64; 16] = {
    let mut pages = [0; 16];
    let mut i = 0;
    while i < HINTS.len() {
        let code = HINTS[i] as u32;
        pages[(code >> 12) as usize] |= 1 << (code >> 6 & 63);
        i += 1;
    }
    pages[0xf] |= 1 << 0x3c | 1 << 0x3d;
    pages
};

/// Whether the character at `i`, three bytes long, introduces personal data.
fn hint(bytes: &[u8], i: usize) -> bool {
    let at = |i: usize| three(bytes, i);
    let Some(c) = at(i) else { return false };
    let digit_at = |i: usize| at(i).and_then(spoken_digit);
    let space = |i: usize| usize::from(bytes.get(i) == Some(&b' '));
    match c {
        '０'..='９' | '＠' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '址' | '栋' | '幢' => true,
        '（' => bytes.get(i + 3..i + 5).is_some_and(|at| at.eq_ignore_ascii_case(b"at")),
        '微' | '薇' | '威' | '徽' => at(i + 3) == Some('信'),
        '扣' => at(i + 3) == Some('扣'),
        '元' => i >= 3 && at(i - 3) == Some('单'),
        '号' => i >= 3 && (digit_at(i - 3).is_some() || at(i - 3) == Some('十')),
        '一' | '幺' | '壹' => {
            let second = i + 3 + space(i + 3);
            digit_at(second).is_some_and(|d| d >= 3) && digit_at(second + 3 + space(second + 3)).is_some()
        }
        _ => false,
    }
}

/// The character of three bytes at `i`.
fn three(bytes: &[u8], i: usize) -> Option<char> {
    match bytes.get(i..i + 3)? {
        [a @ 0xe0..=0xef, b, c] => char::from_u32(u32::from(a & 15) << 12 | u32::from(b & 63) << 6 | u32::from(c & 63)),
        _ => None,
    }
}

/// Whether `qq`, `vx`, `wx`, `wechat`, `weixin`, `v信` or a lone `v` or `q` stands at `i`.
fn latin_context(bytes: &[u8], i: usize) -> bool {
    let lower = |i: usize| bytes.get(i).map(u8::to_ascii_lowercase);
    let letter = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_alphabetic);
    match lower(i) {
        Some(b'w') => lower(i + 1) == Some(b'x') || lower(i + 1) == Some(b'e') && matches!(lower(i + 2), Some(b'c' | b'i')),
        Some(b'v') => lower(i + 1) == Some(b'x') || !(letter(i + 1) || i > 0 && letter(i - 1)),
        _ => lower(i + 1) == Some(b'q'),
    }
}

/// A digit written as a word.
fn spoken_digit(c: char) -> Option<u8> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '幺' | '壹' => 1,
        '二' | '贰' | '两' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

/// Traditional characters of the words that matter here, and what they are folded to.
const TRADITIONAL: [(char, char); 28] = [
    ('護', '护'),
    ('臺', '台'),
    ('電', '电'),
    ('話', '话'),
    ('機', '机'),
    ('號', '号'),
    ('碼', '码'),
    ('證', '证'),
    ('銀', '银'),
    ('儲', '储'),
    ('訂', '订'),
    ('單', '单'),
    ('編', '编'),
    ('帳', '帐'),
    ('賬', '账'),
    ('聯', '联'),
    ('絡', '络'),
    ('區', '区'),
    ('縣', '县'),
    ('鎮', '镇'),
    ('鄉', '乡'),
    ('棟', '栋'),
    ('樓', '楼'),
    ('層', '层'),
    ('組', '组'),
    ('庫', '库'),
    ('為', '为'),
    ('運', '运'),
];

/// The characters of [`TRADITIONAL`]: the others are not looked for there.
const TRADITIONAL_BITS: Bits = {
    let mut bits = Bits([0; 16]);
    let mut i = 0;
    while i < TRADITIONAL.len() {
        bits = bits.with(TRADITIONAL[i].0);
        i += 1;
    }
    bits
};

/// Hanzi at which [`Reading::run`] stops.
const STOPS: [char; 26] = [
    '微', '薇', '威', '徽', '扣', '址', '零', '〇', '一', '幺', '壹', '二', '贰', '两', '三', '叁', '四', '肆', '五', '伍', '六', '陆', '七', '八', '九', '玖',
];

const STOP_BITS: Bits = {
    let mut bits = Bits([0; 16]).with('柒').with('捌');
    let mut i = 0;
    while i < STOPS.len() {
        bits = bits.with(STOPS[i]);
        i += 1;
    }
    bits
};

/// A set of characters by their last ten bits: it may hold others, too.
#[derive(Clone, Copy)]
struct Bits([u64; 16]);

impl Bits {
    const fn with(mut self, c: char) -> Bits {
        self.0[(c as usize >> 6) & 15] |= 1 << (c as u32 & 63);
        self
    }

    #[inline]
    fn may_have(&self, c: char) -> bool {
        self.0.get((c as usize >> 6) & 15).is_some_and(|word| word >> (c as u32 & 63) & 1 != 0)
    }
}

/// Full-width to ASCII, capitals to small letters, spaces to one space, hyphens to one hyphen.
fn fold(c: char) -> char {
    match c {
        '\0'..='\u{7f}' => c.to_ascii_lowercase(),
        '\u{4e00}'..='\u{9fff}' if !TRADITIONAL_BITS.may_have(c) => c,
        '\u{4e00}'..='\u{9fff}' => TRADITIONAL.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c).to_ascii_lowercase(),
        '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{b7}' | '\u{2022}' | '\u{2027}' | '\u{30fb}' => '·',
        _ => c,
    }
}

/// Personal data and its place in characters.
#[derive(Debug, Clone, Copy)]
struct Span {
    kind: Personal,
    start: usize,
    end: usize,
}

/// A text while it is read.
struct Reading {
    /// Folded, what was found struck out.
    chars: Vec<char>,
    has_at: bool,
    spans: Vec<Span>,
    /// End and digits of the last number that its context says is nobody's.
    neutral: Option<(usize, usize)>,
}

/// What is left of spans outside of others; both ascend, and neither overlaps itself.
fn without(spans: Vec<Span>, others: &[Span]) -> Vec<Span> {
    let mut left = Vec::with_capacity(spans.len());
    let mut next = 0;
    for mut span in spans {
        next += others[next..].iter().take_while(|o| o.end <= span.start).count();
        for other in others[next..].iter().take_while(|o| o.start < span.end) {
            left.push(Span { end: other.start, ..span });
            span.start = other.end;
        }
        left.push(span);
    }
    left.retain(|s| s.start < s.end);
    left
}

impl Reading {
    fn new(text: &str) -> Reading {
        let mut chars = Vec::with_capacity(text.len() / 2);
        let (mut has_at, mut last) = (false, ' ');
        chars.extend(text.chars().map(|c| {
            let c = fold(c);
            // `(at)` stands for it.
            has_at |= c == '@' || last == 't' && matches!(c, ')' | ']');
            last = c;
            c
        }));
        Reading { chars, has_at, spans: Vec::new(), neutral: None }
    }

    /// Reads until nothing more is found: what stood inside something else, or was glued to it, shows when that is struck out.
    fn run(&mut self) {
        let mut known: Vec<Span> = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let before = self.chars.clone();
            self.neutral = None;
            self.round();
            let mut more = std::mem::take(&mut self.spans);
            more.retain(|s| before[s.start..s.end] != self.chars[s.start..s.end]);
            if more.is_empty() {
                break;
            }
            // What stands before an address may be found after it.
            more.sort_unstable_by_key(|s| s.start);
            for i in 1..more.len() {
                // A name that begins in another's domain.
                let (before, after) = more.split_at_mut(i);
                let (last, next) = (&mut before[i - 1], &mut after[0]);
                (last.end, next.end) = (last.end.min(next.start), last.end.max(next.end));
            }
            more.retain(|s| s.start < s.end);
            known = without(known, &more);
            known.append(&mut more);
            known.sort_unstable_by_key(|s| s.start);
        }
        self.spans = known;
    }

    fn round(&mut self) {
        let mut i = 0;
        while let Some(c) = self.get(i) {
            let next = match c {
                '0'..='9' => self.digits(i),
                'a'..='z' => self.word(i),
                // The domain of an address that was struck out is not read again.
                '@' if self.is_before(self.skip_back(i, usize::MAX, |c| c == '-'), |c| c == STRUCK) => self.domain(i + 1).0,
                '@' => self.hanzi_email(i).unwrap_or(i + 1),
                c if c < '\u{3000}' || !STOP_BITS.may_have(c) => i + 1,
                '微' | '薇' | '威' | '徽' if self.get(i + 1) == Some('信') => self.contact(i, i + 2, Personal::WeChat),
                '扣' if self.get(i + 1) == Some('扣') => self.contact(i, i + 2, Personal::Qq),
                '址' if self.is_before(i, |c| c == '地' || c == '住') => self.clause(i + 1),
                c if spoken_digit(c).is_some() => self.spoken(i),
                _ => i + 1,
            };
            i = next.max(i + 1);
        }
    }

    fn get(&self, i: usize) -> Option<char> {
        self.chars.get(i).copied()
    }

    /// The character before `i`.
    fn before(&self, i: usize) -> Option<char> {
        self.get(i.checked_sub(1)?)
    }

    fn is(&self, i: usize, what: impl Fn(char) -> bool) -> bool {
        self.get(i).is_some_and(what)
    }

    fn is_before(&self, i: usize, what: impl Fn(char) -> bool) -> bool {
        self.before(i).is_some_and(what)
    }

    /// The first place from `i` on that is not `what`, at most `most` further.
    fn skip(&self, i: usize, most: usize, what: impl Fn(char) -> bool) -> usize {
        i + self.chars.iter().skip(i).take(most).take_while(|c| what(**c)).count()
    }

    /// The first place of the characters that are `what` and end at `end`, at most `most` back.
    fn skip_back(&self, end: usize, most: usize, what: impl Fn(char) -> bool) -> usize {
        end - self.chars.get(..end).unwrap_or(&[]).iter().rev().take(most).take_while(|c| what(**c)).count()
    }

    /// Whether the characters before `end` are `word`.
    fn ends_with(&self, end: usize, word: &str) -> bool {
        let mut rest = self.chars.get(..end).unwrap_or(&[]).iter().rev();
        word.chars().rev().all(|c| rest.next() == Some(&c))
    }

    fn starts_with(&self, start: usize, word: &str) -> bool {
        let mut rest = self.chars.iter().skip(start);
        word.chars().all(|c| rest.next() == Some(&c))
    }

    /// Whether any of `words` ends at `end`.
    fn any_ends(&self, end: usize, words: &[&str]) -> bool {
        words.iter().any(|w| self.ends_with(end, w))
    }

    /// Records a find from `start` to `end`, and strikes out all of it but spaces and hyphens.
    fn strike(&mut self, kind: Personal, start: usize, end: usize) -> usize {
        self.strike_from(kind, start, start, end)
    }

    /// As [`Reading::strike`], but what is before `from` stays.
    fn strike_from(&mut self, kind: Personal, start: usize, from: usize, end: usize) -> usize {
        for c in self.chars.iter_mut().take(end).skip(from) {
            if !matches!(*c, ' ' | '-') {
                *c = STRUCK;
            }
        }
        self.spans.push(Span { kind, start, end });
        end
    }
}
