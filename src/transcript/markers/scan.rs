//! A cell read from a place on: names, brackets, times, colons, and whether together they open a turn.

use super::super::roles::{self, LONGEST, Trust};
use super::{FORM_KEYS, Marker, Shape, break_tag, is_blank, is_break};

/// A place in the cell.
#[derive(Clone, Copy)]
pub(super) struct Scan<'t> {
    pub(super) cell: &'t str,
    pub(super) at: usize,
}

impl<'t> Scan<'t> {
    pub(super) fn rest(&self) -> &'t str {
        self.cell.get(self.at..).unwrap_or("")
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn eat(&mut self, wanted: impl FnOnce(char) -> bool) -> bool {
        match self.peek().filter(|c| wanted(*c)) {
            Some(c) => {
                self.at += c.len_utf8();
                true
            }
            None => false,
        }
    }

    pub(super) fn colon(&mut self) -> bool {
        self.eat(|c| matches!(c, ':' | '：' | '︰' | '∶'))
    }

    pub(super) fn blank(&mut self) -> bool {
        self.eat(is_blank)
    }

    pub(super) fn blanks(&mut self) -> bool {
        let at = self.at;
        while self.blank() {}
        self.at > at
    }

    /// A line break of any kind, or a bar between turns.
    pub(super) fn line_break(&mut self) -> bool {
        let rest = self.rest();
        let len = match rest.as_bytes() {
            [b'\n' | b'\r' | b'|', ..] => 1,
            [b'\\', b'n' | b'r' | b't', ..] => 2,
            [b'<', ..] => break_tag(rest).unwrap_or(0),
            [0xc2 | 0xe2, ..] => rest.chars().next().filter(|c| is_break(*c)).map_or(0, char::len_utf8),
            _ => 0,
        };
        self.at += len;
        len > 0
    }

    pub(super) fn at_break(mut self) -> bool {
        self.line_break()
    }

    pub(super) fn at_time(mut self) -> bool {
        self.time()
    }

    pub(super) fn digits(&mut self, most: usize) -> Option<(u32, usize)> {
        let (mut value, mut len) = (0, 0);
        while len < most
            && let Some(d) = self.peek().and_then(|c| c.to_digit(10))
        {
            value = value * 10 + d;
            len += 1;
            self.at += 1;
        }
        (len > 0).then_some((value, len))
    }

    pub(super) fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut ahead = *self;
        let found = read(&mut ahead)?;
        *self = ahead;
        Some(found)
    }

    /// A time, a date or both, in brackets or not. Only its look matters here.
    pub(super) fn time(&mut self) -> bool {
        self.attempt(|s| {
            let close = match s.peek()? {
                '(' | '（' => Some([')', '）']),
                '[' | '［' => Some([']', '］']),
                '【' => Some(['】', '】']),
                '<' => Some(['>', '>']),
                _ => None,
            };
            if close.is_some() {
                s.bump();
            }
            let date = s.date();
            let full = date.is_some_and(|year| year);
            if date.is_some() {
                let _ = s.eat(|c| c == 'T') || s.blanks();
            }
            let clock = s.clock().is_some();
            if !clock && !full {
                return None;
            }
            match close {
                Some(close) => {
                    s.blanks();
                    s.eat(|c| close.contains(&c)).then_some(())
                }
                None => Some(()),
            }
        })
        .is_some()
    }

    /// A date; whether it has a year.
    pub(super) fn date(&mut self) -> Option<bool> {
        self.attempt(|s| {
            let (_, len) = s.digits(4)?;
            let sep = s.bump().filter(|c| matches!(c, '-' | '/' | '.' | '年' | '月'))?;
            let (_, len2) = s.digits(2)?;
            let next = if sep == '年' { '月' } else { sep };
            if sep != '月' && s.eat(|c| c == next) {
                s.digits(4)?;
                s.eat(|c| matches!(c, '日' | '号' | '號'));
                return Some(true);
            }
            s.eat(|c| matches!(c, '日' | '号' | '號'));
            (len <= 2 && len2 <= 2 && sep != '.').then_some(false)
        })
    }

    pub(super) fn clock(&mut self) -> Option<()> {
        self.attempt(|s| {
            for part in ["上午", "下午", "凌晨", "早上", "中午", "晚上", "AM", "PM"] {
                if s.rest().starts_with(part) {
                    s.at += part.len();
                    s.blanks();
                    break;
                }
            }
            s.digits(2).filter(|(hour, _)| *hour <= 24)?;
            if !s.colon() {
                return None;
            }
            s.digits(2).filter(|(minute, len)| *minute < 60 && *len == 2)?;
            let second = s.attempt(|s| if s.colon() { s.digits(2).filter(|(second, len)| *second <= 60 && *len == 2) } else { None });
            if second.is_some() {
                let _ = s.attempt(|s| if s.eat(|c| matches!(c, '.' | ',')) { s.digits(9) } else { None });
            }
            let _ = s.attempt(|s| {
                s.blanks();
                let half = s.rest().get(..2)?;
                s.at += 2;
                (["am", "pm"].iter().any(|h| half.eq_ignore_ascii_case(h)) && !s.peek().is_some_and(|c| c.is_ascii_alphanumeric())).then_some(())
            });
            let _ = s.attempt(|s| {
                if s.eat(|c| c == 'Z') {
                    return Some(());
                }
                s.blanks();
                if !s.eat(|c| c == '+') {
                    return None;
                }
                s.digits(4)?;
                let _ = s.attempt(|s| if s.colon() { s.digits(2) } else { None });
                Some(())
            });
            (!s.peek().is_some_and(|c| c.is_ascii_digit())).then_some(())
        })
    }

    /// The marker that begins here.
    pub(super) fn marker(mut self, begins_line: bool) -> Option<Marker<'t>> {
        let start = self.at;
        let arrow = begins_line && self.bullet();
        let before = self.time();
        if before {
            while self.blank() || self.eat(|c| matches!(c, '|' | '-' | '—' | ',' | '，')) {}
            if begins_line && self.line_break() {
                while self.blank() || self.line_break() {}
            }
        }
        let bracket = self.bracketed();
        let (name, bracket_time) = match bracket {
            Some(found) => found,
            None => (self.plain(begins_line, arrow, before)?, false),
        };
        let found = roles::of(name);
        if found.is_some_and(|(_, trust)| trust == Trust::Code) {
            return None;
        }
        let _ = self.attempt(Scan::addressee);
        let tab = self.rest().starts_with('\t');
        self.blanks();
        let after = !bracket_time && self.separated_time(before);
        let clocked = before || after || bracket_time;
        let colon = self.colon();
        let ends_line = colon || self.at_break();
        let role = found.map(|(role, _)| role);
        let trust = found.map_or(Trust::Sure, |(_, trust)| trust);
        let shape = match (bracket.is_some(), clocked) {
            (_, true) => Shape::Timed,
            (true, false) => Shape::Bracket,
            (false, _) if colon => Shape::Colon,
            _ => Shape::Bare,
        };
        let timed = clocked && (ends_line || bracket.is_some());
        let good = match (role, shape) {
            (None, _) => begins_line && colon_or_header(colon, timed, bracket.is_some()) && nickname(name) && !is_form_key(name),
            (_, Shape::Bracket) => true,
            (_, Shape::Timed) => timed || trust == Trust::Sure,
            (_, Shape::Colon) => begins_line || matches!(trust, Trust::Pair | Trust::Sure),
            (_, Shape::Bare) => begins_line && trust == Trust::Sure && (arrow || tab),
        };
        let good = good && (begins_line || bracket.is_some() || is_name_inside(name));
        good.then_some(Marker { start, end: self.at, name, role, trust, shape, timed, begins_line })
    }

    /// ` -> 客户` between a speaker and the colon: to whom it is said.
    fn addressee(&mut self) -> Option<()> {
        self.blanks();
        let arrow = ["->", "=>", "→", "➜", "对"].into_iter().find(|a| self.rest().starts_with(a))?;
        self.at += arrow.len();
        self.blanks();
        let rest = self.rest();
        let end = rest.char_indices().take(LONGEST).find(|(_, c)| matches!(c, ':' | '：') || is_break(*c)).map(|(i, _)| i)?;
        roles::of(rest.get(..end)?.trim())?;
        self.at += end;
        Some(())
    }

    /// `>>`, `-`, `1.` before a name; whether it is an arrow.
    pub(super) fn bullet(&mut self) -> bool {
        let mut arrow = false;
        while let Some(c) = self.peek().filter(|c| matches!(c, '>' | '》' | '-' | '*' | '•' | '●' | '#')) {
            arrow |= matches!(c, '>' | '》');
            self.bump();
        }
        self.blanks();
        let _ = self.attempt(|s| {
            s.digits(3)?;
            (s.eat(|c| matches!(c, '.' | '、' | ')' | '）')) && !s.peek().is_some_and(|c| c.is_ascii_digit())).then(|| s.blanks())
        });
        arrow
    }

    /// `【客服 08:05】`: the name, and whether there is a time beside it.
    pub(super) fn bracketed(&mut self) -> Option<(&'t str, bool)> {
        self.attempt(|s| {
            let close = match s.bump()? {
                '【' => '】',
                '[' => ']',
                '［' => '］',
                '〔' => '〕',
                '〖' => '〗',
                '<' => '>',
                '「' => '」',
                _ => return None,
            };
            let rest = s.rest();
            let end = rest.char_indices().take(LONGEST + 24).find(|(_, c)| *c == close || is_break(*c)).filter(|(_, c)| *c == close).map(|(i, _)| i)?;
            let inner = rest.get(..end)?;
            s.at += end + close.len_utf8();
            let time = inner.char_indices().filter(|(_, c)| is_blank(*c)).map(|(i, _)| i).find(|i| {
                let mut time = Scan { cell: inner, at: *i };
                time.blanks();
                time.time() && time.rest().trim().is_empty()
            });
            let name = inner.get(..time.unwrap_or(end))?.trim();
            roles::of(name)?;
            Some((name, time.is_some()))
        })
    }

    /// A name that ends where a colon, a time or the line's end is.
    pub(super) fn plain(&mut self, begins_line: bool, arrow: bool, after_time: bool) -> Option<&'t str> {
        let start = self.at;
        let mut last = None;
        for length in 0..=LONGEST {
            let name = self.cell.get(start..self.at)?;
            let Some(c) = self.peek() else { return (!name.is_empty()).then_some(name) };
            let known = || matches!(roles::of(name), Some((_, Trust::Sure)));
            if c == ':' && name.ends_with('店') && self.at_account() {
                last = self.bump();
                continue;
            }
            if matches!(c, ':' | '：' | '︰' | '∶') || c == '|' || self.at_break() {
                return (length > 0).then_some(name);
            }
            let mut ahead = *self;
            if length > 0 && ahead.addressee().is_some() && roles::of(name).is_some() {
                return Some(name);
            }
            if is_blank(c) {
                let mut ahead = *self;
                ahead.blanks();
                if ahead.time() || ahead.colon() || ahead.line_break() || (c == '\t' && known()) || ((arrow || after_time) && known()) {
                    return Some(name);
                }
                // Only Latin names have spaces inside.
                let latin = last.is_some_and(|c: char| c.is_ascii_alphanumeric() || c == '.');
                let mut ahead = *self;
                ahead.blanks();
                let next = ahead.peek()?;
                let goes_on = c != '\t' && ((latin && next.is_ascii_alphanumeric()) || matches!(next, '(' | '（') || (begins_line && known()));
                if !goes_on {
                    return None;
                }
                self.at = ahead.at;
                last = Some(' ');
                continue;
            }
            if matches!(c, '(' | '（' | '[' | '［') {
                if length > 0 && self.at_time() {
                    return Some(name);
                }
                if length == 0 {
                    return None;
                }
                let close = if matches!(c, '(' | '（') { [')', '）'] } else { [']', '］'] };
                let rest = self.rest();
                let end = rest.char_indices().take(LONGEST).find(|(_, c)| close.contains(c) || is_break(*c)).filter(|(_, c)| close.contains(c))?;
                self.at += end.0 + end.1.len_utf8();
                last = Some(')');
                continue;
            }
            if c.is_ascii_digit() && last.is_some_and(|l| !l.is_ascii_digit() && l != ' ') {
                let mut ahead = *self;
                // Glued to the name, a time must be a whole one: `客服1:30分` might be.
                if ahead.time() && ahead.at - self.at >= 8 {
                    return Some(name);
                }
            }
            if matches!(c, '。' | '，' | ',' | '！' | '!' | '？' | '?' | '；' | ';' | '“' | '”' | '"' | '…' | '、' | '<' | '【' | '{' | '=') {
                return None;
            }
            last = Some(c);
            self.bump();
        }
        None
    }

    /// Whether this colon stands between a shop's name and the account of one of its staff: `旗舰店:小美 (2026-11-01 08:05):`.
    pub(super) fn at_account(mut self) -> bool {
        self.bump();
        let from = self.at;
        while self.at - from < 40 && self.eat(char::is_alphanumeric) {}
        let named = self.at > from;
        self.blanks();
        named && self.time()
    }

    /// A time behind the name, with bars or tabs around it in a log of columns.
    pub(super) fn separated_time(&mut self, before: bool) -> bool {
        let found = self.attempt(|s| {
            let _ = s.eat(|c| c == '|') && s.blanks();
            if s.time() { Some(()) } else { None }
        });
        self.blanks();
        if before || found.is_some() {
            let _ = self.eat(|c| c == '|');
            self.blanks();
        }
        found.is_some()
    }
}

/// Whether a name inside a line is one, and not the end of a sentence with a name behind it (`it crashes Agent: …`).
pub(super) fn is_name_inside(name: &str) -> bool {
    let lead = |word: &str| ["live", "online", "virtual", "chat", "senior"].iter().any(|lead| word.eq_ignore_ascii_case(lead));
    name.split_once(' ').is_none_or(|(word, _)| lead(word) || roles::of(word).is_some())
}

pub(super) fn colon_or_header(colon: bool, timed: bool, bracket: bool) -> bool {
    !bracket && (colon || timed)
}

/// Whether this may be a person's name though no role is in it.
pub(super) fn nickname(name: &str) -> bool {
    let mut chars = name.chars();
    chars.by_ref().take(16).all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*' | '(' | ')' | '（' | '）' | ' ' | '·'))
        && chars.next().is_none()
        && name.chars().any(char::is_alphabetic)
}

pub(super) fn is_form_key(name: &str) -> bool {
    let name = name.to_lowercase();
    let word = |key: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == key);
    FORM_KEYS.iter().any(|key| if key.is_ascii() { word(key) } else { name.contains(key) })
}
