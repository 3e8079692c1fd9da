//! Finds the markers that open turns.

mod scan;

use super::Role;
use super::roles::Trust;
use aho_corasick::packed::Searcher;
use scan::{Scan, is_form_key};
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

/// Whether a line may begin somewhere in a text: looks for the beginnings of all that [`Scan::line_break`] knows, and TAB.
fn may_break(text: &[u8]) -> bool {
    memchr::memchr3(b'\n', b'\r', b'|', text).is_some()
        || memchr::memchr3(b'\\', b'<', b'\t', text).is_some()
        || memchr::memchr2_iter(0xC2, 0xE2, text).any(|at| matches!(&text[at..], [0xC2, 0x85, ..] | [0xE2, 0x80, 0xA8 | 0xA9, ..]))
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
