//! Finds the markers that open turns.

use super::roles::{self, Trust};
use super::{Role, roles::LONGEST};
use aho_corasick::packed::Searcher;
use std::collections::HashMap;
use std::sync::OnceLock;

/// What stands before a turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marker<'t> {
    pub start: usize,
    /// Where the turn's text may begin.
    pub end: usize,
    pub name: &'t str,
    pub role: Option<Role>,
    trust: Trust,
    shape: Shape,
    /// Whether it has a time, and what follows is set off by a colon or a line break.
    pub timed: bool,
    pub begins_line: bool,
}

/// How a marker is written. One transcript keeps to one shape inside its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Bracket,
    Colon,
    Timed,
    Bare,
}

/// Keys of forms. Beside roles that say a name each, they make a form and no chat.
const FORM_KEYS: [&str; 40] = [
    "问题",
    "产品",
    "设备",
    "机型",
    "订单",
    "单号",
    "电话",
    "手机",
    "联系",
    "姓名",
    "地址",
    "描述",
    "内容",
    "时间",
    "日期",
    "类型",
    "分类",
    "区服",
    "服务器",
    "角色",
    "等级",
    "版本",
    "账号",
    "帐号",
    "金额",
    "备注",
    "诉求",
    "状态",
    "渠道",
    "原因",
    "标题",
    "编号",
    "车型",
    "车牌",
    "型号",
    "品牌",
    "id",
    "order",
    "product",
    "issue",
];

/// Words of a chat's header, the longest first where one holds another.
const HEADER_WORDS: [&str; 62] = [
    "聊天记录",
    "对话记录",
    "会话记录",
    "通话录音",
    "通话记录",
    "服务记录",
    "沟通记录",
    "接入时间",
    "开始时间",
    "结束时间",
    "创建时间",
    "会话时间",
    "进线时间",
    "服务时间",
    "会话编号",
    "工单编号",
    "技能组",
    "排队",
    "会话",
    "对话",
    "聊天",
    "工单",
    "通话",
    "录音",
    "转写",
    "记录",
    "编号",
    "单号",
    "来源",
    "渠道",
    "时间",
    "日期",
    "接入",
    "开始",
    "结束",
    "进线",
    "时长",
    "分钟",
    "秒",
    "分",
    "在线",
    "微信",
    "网页",
    "公众号",
    "号",
    "年",
    "月",
    "日",
    "周",
    "星期",
    "上午",
    "下午",
    "如下",
    "全文",
    "详情",
    "session",
    "chat",
    "transcript",
    "conversation",
    "channel",
    "date",
    "time",
];

const HEADER_LATIN: &str = " id no web app h5 wechat qq started start ended end ticket log history line am pm sid web pc ios android gmt utc cst ";

/// Longest header, in bytes.
const HEADER: usize = 240;

/// Whether text before the first marker is the chat system's and not a person's: times, ids, words of headers.
pub(super) fn is_header(text: &str) -> bool {
    if text.len() > HEADER {
        return false;
    }
    let mut rest = text.to_lowercase();
    for word in HEADER_WORDS {
        if rest.contains(word) {
            rest = rest.replace(word, " ");
        }
    }
    let known = rest.len() < text.len();
    let tokens = rest.split(|c: char| !c.is_alphanumeric());
    let plain = tokens.filter(|t| !t.is_empty()).all(|t| {
        let latin = t.is_ascii() && (t.bytes().any(|b| b.is_ascii_digit()) || t.len() == 1 || HEADER_LATIN.split(' ').any(|w| w == t));
        latin || t.chars().all(|c| c.is_numeric())
    });
    plain && (known || rest.chars().any(|c| c.is_numeric() || matches!(c, '-' | '=' | '—' | '*')))
}

/// Whether a cell has a character that every marker has one of.
pub(super) fn has_sign(cell: &str) -> bool {
    const WIDE: [&str; 8] = ["：", "︰", "∶", "【", "［", "〔", "〖", "》"];
    static SEARCHER: OnceLock<Option<Searcher>> = OnceLock::new();
    let bytes = cell.as_bytes();
    memchr::memchr3(b':', b'[', b'>', bytes).is_some()
        || memchr::memchr2(b'|', b'\t', bytes).is_some()
        // Without the machine's vector instructions there is no searcher.
        || SEARCHER.get_or_init(|| Searcher::new(WIDE)).as_ref().map_or_else(|| WIDE.iter().any(|w| cell.contains(w)), |s| s.find(bytes).is_some())
}

/// The markers of a cell, in order. Whether they make a chat is not yet said.
pub(super) fn find(cell: &str) -> Vec<Marker<'_>> {
    let mut found: Vec<Marker<'_>> = Vec::new();
    // Most cells are no chat, and most of those have none of these.
    if !has_sign(cell) {
        return found;
    }
    let mut shape = None;
    let mut end = 0;
    let mut of_one_line = None;
    for (pos, begins_line) in places(cell, false) {
        if pos < end {
            continue;
        }
        if !begins_line && shape.is_none() && pos > HEADER {
            if *of_one_line.get_or_insert_with(|| !may_break(&cell.as_bytes()[pos..])) {
                break;
            }
            continue;
        }
        let Some(mut marker) = Scan { cell, at: pos }.marker(begins_line) else { continue };
        if !begins_line && shape.is_none() {
            // A header on the same line is no sentence in which a marker would be a quotation.
            marker.begins_line = cell.get(..pos).is_some_and(is_header);
        }
        let stray = shape != Some(marker.shape)
            || marker.role.is_none()
            || (marker.trust == Trust::Pair && found.first().is_none_or(|m| m.trust != Trust::Pair))
            || found.first().is_some_and(|m| m.name.starts_with(|c: char| c.is_ascii_uppercase()) && marker.name.starts_with(|c: char| c.is_ascii_lowercase()));
        if !marker.begins_line && stray {
            continue;
        }
        if marker.role.is_some() {
            shape = shape.or(Some(marker.shape));
        }
        end = marker.end;
        found.push(marker);
    }
    settle(cell, &mut found);
    found
}

/// Drops what the whole shows to be no marker, and gives nameless roles.
fn settle(cell: &str, found: &mut Vec<Marker<'_>>) {
    let known = |m: &Marker<'_>| m.role.is_some();
    let timed = found.iter().filter(|m| known(m) && m.timed).count();
    let untimed = found.iter().filter(|m| known(m) && !m.timed).count();
    let has = |role, trust: Option<Trust>| found.iter().any(|m| m.role == Some(role) && trust.is_none_or(|t| m.trust == t));
    let pairs = has(Role::Customer, Some(Trust::Pair)) && has(Role::Agent, Some(Trust::Pair));
    let customer = has(Role::Customer, None);
    let desk = has(Role::Agent, None) || has(Role::Robot, None);
    let mut names: HashMap<&str, usize> = HashMap::new();
    for m in found.iter().filter(|m| !known(m)) {
        *names.entry(m.name).or_default() += 1;
    }
    let ends: Vec<usize> = found.iter().skip(1).map(|m| m.start).chain([cell.len()]).collect();
    let mut ends = ends.into_iter();
    found.retain_mut(|m| {
        let end = ends.next().unwrap_or(cell.len());
        if m.role.is_none() {
            // A nickname in a log, or one that returns, is the side that has no name of its own.
            let speaker = if timed > untimed { m.timed } else { !m.timed && timed == 0 && names.get(m.name).is_some_and(|n| *n >= 2) };
            if !speaker || (!customer && !desk) {
                return false;
            }
            m.role = Some(if desk || !customer { Role::Customer } else { Role::Agent });
            return true;
        }
        if timed > untimed && timed >= 2 && !m.timed && m.shape != Shape::Bracket {
            return false;
        }
        match m.trust {
            Trust::Pair => pairs,
            Trust::Notice => m.timed || m.shape == Shape::Bracket || trimmed(cell, m.end, end).is_some_and(|(_, text)| of_session(text)),
            _ => true,
        }
    });
}

/// Whether a notice is about the chat, and not a message of the product that the customer quotes.
fn of_session(text: &str) -> bool {
    [
        "会话",
        "會話",
        "对话",
        "對話",
        "接入",
        "转接",
        "轉接",
        "排队",
        "排隊",
        "为您服务",
        "為您服務",
        "评价",
        "評價",
        "客服",
        "超时",
        "joined",
        "session",
        "chat",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// Whether the roles are a form's fields: each says no more than a name, beside keys of a form.
pub(super) fn is_form(cell: &str, markers: &[Marker<'_>]) -> bool {
    let once = |role| markers.iter().filter(|m| m.role == Some(role)).count() <= 1;
    if markers.len() > 4 || markers.iter().any(|m| m.timed) || !once(Role::Customer) || !once(Role::Agent) {
        return false;
    }
    // Before the first role stands a header.
    let first = markers.first().map_or(0, |m| m.start);
    let keys: Vec<(usize, bool)> = places(cell, true).filter(|(pos, _)| *pos >= first).filter_map(|(pos, _)| Some((pos, key(cell, pos)?))).collect();
    if !keys.iter().any(|(_, of_form)| *of_form) {
        return false;
    }
    let ends = markers.iter().skip(1).map(|m| m.start).chain([cell.len()]);
    markers.iter().zip(ends).all(|(m, end)| {
        let end = keys.iter().find(|(key, _)| *key >= m.end).map_or(end, |(key, _)| end.min(*key));
        trimmed(cell, m.end, end).is_none_or(|(_, value)| if value.is_ascii() { value.len() <= 16 } else { value.chars().count() <= 5 })
    })
}

/// Whether the key at `pos`, if there is one, is a form's.
fn key(cell: &str, pos: usize) -> Option<bool> {
    let rest = cell.get(pos..)?;
    let end = rest.char_indices().take(13).find(|(_, c)| matches!(c, ':' | '：')).map(|(i, _)| i)?;
    let key = rest.get(..end)?;
    (!key.is_empty() && key.chars().all(char::is_alphanumeric)).then(|| is_form_key(key))
}

/// The text between two bytes without white space and separators at its ends, and where it begins; `None` when nothing is left.
pub(super) fn trimmed(cell: &str, start: usize, end: usize) -> Option<(usize, &str)> {
    let mut scan = Scan { cell, at: start };
    while scan.at < end && (scan.blank() || scan.line_break()) {}
    let start = scan.at;
    let mut text = cell.get(start..end)?;
    loop {
        let before = text.len();
        text = text.trim_end_matches(|c: char| c == '|' || is_blank(c) || is_break(c));
        for escape in ["\\n", "\\r", "\\t"] {
            text = text.strip_suffix(escape).unwrap_or(text);
        }
        if text.ends_with('>')
            && let Some(open) = text.rfind('<').filter(|open| text.len() - open <= 8)
            && text.get(open..).is_some_and(|tag| break_tag(tag) == Some(tag.len()))
        {
            text = text.get(..open).unwrap_or(text);
        }
        if text.len() == before {
            break;
        }
    }
    (!text.is_empty()).then_some((start, text))
}

fn is_blank(c: char) -> bool {
    (c.is_whitespace() && !is_break(c)) || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Whether a line may begin somewhere in a text: looks for the first bytes of all that [`Scan::line_break`] knows, and TAB.
fn may_break(text: &[u8]) -> bool {
    memchr::memchr3(b'\n', b'\r', b'|', text).is_some() || memchr::memchr3(b'\\', b'<', b'\t', text).is_some() || memchr::memchr2(0xC2, 0xE2, text).is_some()
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Length of the tag that breaks a line with which `text` begins.
fn break_tag(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let close = inner.bytes().take(7).position(|b| b == b'>')?;
    let name = inner.get(..close)?.trim_matches(['/', ' ']);
    ["br", "p", "div", "li"].iter().any(|tag| name.eq_ignore_ascii_case(tag)).then_some(close + 2)
}

/// Places where a marker may begin, and whether a line does there. A form's key may, unlike a marker, stand behind a comma.
fn places(cell: &str, commas: bool) -> impl Iterator<Item = (usize, bool)> {
    let mut scan = Scan { cell, at: 0 };
    let mut line = true;
    let mut inline = true;
    std::iter::from_fn(move || {
        loop {
            let at = scan.at;
            if scan.line_break() {
                line = true;
                continue;
            }
            let c = scan.bump()?;
            if is_blank(c) {
                line |= c == '\t';
                inline = true;
                continue;
            }
            let place = line || inline || matches!(c, '【' | '[' | '［' | '〔' | '〖');
            let begins = std::mem::take(&mut line);
            inline = (commas && matches!(c, ',' | '，'))
                || matches!(c, '。' | '！' | '？' | '!' | '?' | '；' | ';' | '…' | '~' | '～' | '”' | '"' | '）' | ')' | '】' | ']' | '］');
            if place {
                return Some((at, begins));
            }
        }
    })
}

/// A place in the cell.
#[derive(Clone, Copy)]
struct Scan<'t> {
    cell: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    fn rest(&self) -> &'t str {
        self.cell.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, wanted: impl FnOnce(char) -> bool) -> bool {
        match self.peek().filter(|c| wanted(*c)) {
            Some(c) => {
                self.at += c.len_utf8();
                true
            }
            None => false,
        }
    }

    fn colon(&mut self) -> bool {
        self.eat(|c| matches!(c, ':' | '：' | '︰' | '∶'))
    }

    fn blank(&mut self) -> bool {
        self.eat(is_blank)
    }

    fn blanks(&mut self) -> bool {
        let at = self.at;
        while self.blank() {}
        self.at > at
    }

    /// A line break of any kind, or a bar between turns.
    fn line_break(&mut self) -> bool {
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

    fn at_break(mut self) -> bool {
        self.line_break()
    }

    fn at_time(mut self) -> bool {
        self.time()
    }

    fn digits(&mut self, most: usize) -> Option<(u32, usize)> {
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

    fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut ahead = *self;
        let found = read(&mut ahead)?;
        *self = ahead;
        Some(found)
    }

    /// A time, a date or both, in brackets or not. Only its look matters here.
    fn time(&mut self) -> bool {
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
    fn date(&mut self) -> Option<bool> {
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

    fn clock(&mut self) -> Option<()> {
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
    fn marker(mut self, begins_line: bool) -> Option<Marker<'t>> {
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

    /// `>>`, `-`, `1.` before a name; whether it is an arrow.
    fn bullet(&mut self) -> bool {
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
    fn bracketed(&mut self) -> Option<(&'t str, bool)> {
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
    fn plain(&mut self, begins_line: bool, arrow: bool, after_time: bool) -> Option<&'t str> {
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
    fn at_account(mut self) -> bool {
        self.bump();
        let from = self.at;
        while self.at - from < 40 && self.eat(char::is_alphanumeric) {}
        let named = self.at > from;
        self.blanks();
        named && self.time()
    }

    /// A time behind the name, with bars or tabs around it in a log of columns.
    fn separated_time(&mut self, before: bool) -> bool {
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
fn is_name_inside(name: &str) -> bool {
    let lead = |word: &str| ["live", "online", "virtual", "chat", "senior"].iter().any(|lead| word.eq_ignore_ascii_case(lead));
    name.split_once(' ').is_none_or(|(word, _)| lead(word) || roles::of(word).is_some())
}

fn colon_or_header(colon: bool, timed: bool, bracket: bool) -> bool {
    !bracket && (colon || timed)
}

/// Whether this may be a person's name though no role is in it.
fn nickname(name: &str) -> bool {
    let mut chars = name.chars();
    chars.by_ref().take(16).all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*' | '(' | ')' | '（' | '）' | ' ' | '·'))
        && chars.next().is_none()
        && name.chars().any(char::is_alphabetic)
}

fn is_form_key(name: &str) -> bool {
    let name = name.to_lowercase();
    let word = |key: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == key);
    FORM_KEYS.iter().any(|key| if key.is_ascii() { word(key) } else { name.contains(key) })
}
