//! A chat in one cell: who said what.
//!
//! Every chat system writes its transcripts in its own way. All put a marker before a turn: a speaker's name with a colon, a
//! bracket or a time beside it. The marker at the cell's beginning tells the style; what stands inside a line is a marker only in
//! that style, so that a customer may write `客服：` in the middle of a sentence. When in doubt, a cell is no transcript: its whole
//! text stays the customer's.

mod boilerplate;
mod json;
mod markers;
mod roles;
mod times;

pub use boilerplate::is_boilerplate;

pub use crate::ticket::Role;
use crate::ticket::Talk;
use markers::Marker;
use std::borrow::Cow;

impl Role {
    /// The role that a name tells: a word for the role, alone or with a name or number beside it, or a code of a role column.
    ///
    /// ```
    /// use ahu::transcript::Role;
    /// assert_eq!(Role::named("在线客服007"), Some(Role::Agent));
    /// assert_eq!(Role::named("VIP玩家夜雨"), Some(Role::Customer));
    /// assert_eq!(Role::named("in"), Some(Role::Customer));
    /// assert_eq!(Role::named("客户端"), None);
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Role> {
        roles::of(name).map(|(role, _)| role)
    }
}

/// What one speaker said at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn<'t> {
    /// Who.
    pub role: Role,
    /// The name as written, without times and brackets; empty where none was.
    pub speaker: &'t str,
    /// The words, never empty; line breaks inside are as written.
    pub text: &'t str,
    /// Byte of `text` in the cell.
    pub start: usize,
    /// When it was said, in minutes from any moment; `None` where no time is written.
    pub minute: Option<u32>,
}

/// A cell taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split<'t> {
    /// What the customer said.
    pub customer: Cow<'t, str>,
    /// What the desk said, one message a line; `None` when the cell is no chat.
    pub desk: Option<String>,
    /// Who said what; `None` when the cell is no chat.
    pub talk: Option<Box<Talk>>,
}

/// The turns of a chat; `None` when the cell is none. Markers, and the white space and separators around turns, belong to no turn;
/// everything else does.
///
/// ```
/// use ahu::transcript::{Role, turns};
/// let chat = turns("客服:您好 玩家:充值没到账").unwrap();
/// assert_eq!((chat[1].role, chat[1].text), (Role::Customer, "充值没到账"));
/// assert!(turns("产品:星海手游 问题:闪退").is_none());
/// assert!(turns("客服:说三天到账,到现在没到").is_none());
/// ```
#[must_use]
pub fn turns(cell: &str) -> Option<Vec<Turn<'_>>> {
    if let Some(turns) = json::turns(cell) {
        return Some(turns);
    }
    let markers = markers::find(cell);
    let first = markers.first()?;
    if !is_chat(cell, &markers) {
        return None;
    }
    let mut turns = Vec::with_capacity(markers.len() + 1);
    if let Some((start, text)) = markers::trimmed(cell, 0, first.start) {
        let role = if markers::is_header(text) { Role::System } else { Role::Customer };
        turns.push(Turn { role, speaker: "", text, start, minute: None });
    }
    let ends = markers.iter().skip(1).map(|m| m.start).chain([cell.len()]);
    for (marker, end) in markers.iter().zip(ends) {
        let (Some(role), Some((start, text))) = (marker.role, markers::trimmed(cell, marker.end, end)) else { continue };
        let minute = times::minute(&cell[marker.start..marker.end]);
        turns.push(Turn { role, speaker: marker.name, text, start, minute });
    }
    Some(turns)
}

/// What the customer said in a cell, and what the desk said, one message a line; the cell as it is when it is no chat.
///
/// The customer's words stay at their places: everything else, phrases that say nothing too, becomes white space of the same
/// length, so that positions are those of the cell.
///
/// ```
/// use ahu::transcript::split;
/// let chat = split("客服:您好 玩家:充值没到账".into());
/// assert_eq!((chat.customer.trim(), chat.desk.as_deref()), ("充值没到账", Some("您好")));
/// assert_eq!(split("充值没到账".into()).desk, None);
/// ```
#[must_use]
pub fn split(cell: Cow<'_, str>) -> Split<'_> {
    let Some(chat) = turns(&cell) else { return Split { customer: cell, desk: None, talk: None } };
    let mut customer = String::with_capacity(cell.len());
    let mut desk = String::new();
    let mut talk = Talk::default();
    let mut at = 0;
    for turn in &chat {
        talk.push(turn.role, turn.text, turn.minute);
        match turn.role {
            Role::Customer if !is_boilerplate(turn.text) => {
                push_blank(&mut customer, &cell[at..turn.start]);
                at = turn.start + turn.text.len();
                customer.push_str(&cell[turn.start..at]);
            }
            Role::Agent | Role::Robot => push_line(&mut desk, turn.text),
            Role::Customer | Role::System => {}
        }
    }
    push_blank(&mut customer, &cell[at..]);
    Split { customer: Cow::Owned(customer), desk: Some(desk), talk: Some(Box::new(talk)) }
}

/// White space as long as `text`, which ends a sentence.
fn push_blank(out: &mut String, text: &str) {
    out.extend(text.chars().enumerate().map(|(i, _)| if i == 0 { '\n' } else { ' ' }));
}

fn push_line(out: &mut String, text: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(text);
}

/// Ends a message in a chat that was joined from messages: a private character, which nobody writes.
const END: char = '\u{e0a1}';

/// Between who says a message of a joined chat and when.
const AT: char = '@';

/// A message as part of a joined chat, and how many characters of it stand before its words. `minute` tells when it was said, in
/// minutes from any moment.
#[must_use]
pub fn message(said: Role, minute: Option<u32>, words: &str) -> (usize, String) {
    let name = match said {
        Role::Customer => "客户",
        Role::Agent => "客服",
        Role::Robot => "机器人",
        Role::System => "系统",
    };
    let opening = minute.map_or_else(|| format!("{name}："), |minute| format!("{name}{AT}{minute}："));
    (opening.chars().count(), format!("{opening}{words}{END}"))
}

/// As [`split`], for a chat joined from [`message`]s.
#[must_use]
pub fn split_messages<'t>(cell: &str) -> Split<'t> {
    let (mut customer, mut desk, mut talk) = (String::with_capacity(cell.len()), String::new(), Talk::default());
    for part in cell.split_inclusive(END) {
        let (opening, words) = part.split_once('：').unwrap_or(("", part));
        let (name, minute) = opening.split_once(AT).map_or((opening, None), |(name, minute)| (name, minute.parse().ok()));
        let words = words.trim_end_matches(END);
        let before = part.len() - part.trim_end_matches(END).len();
        let before = part.len() - before - words.len();
        if !words.trim().is_empty() {
            talk.push(Role::named(name).unwrap_or(Role::Customer), words.trim(), minute);
        }
        match Role::named(name) {
            Some(Role::Customer) | None if !is_boilerplate(words) => {
                push_blank(&mut customer, &part[..before]);
                customer.push_str(words);
                push_blank(&mut customer, &part[before + words.len()..]);
            }
            said => {
                push_blank(&mut customer, part);
                if matches!(said, Some(Role::Agent | Role::Robot)) {
                    push_line(&mut desk, words);
                }
            }
        }
    }
    Split { customer: Cow::Owned(customer), desk: Some(desk), talk: Some(Box::new(talk)) }
}

/// Whether these markers make a chat, and not a form or a customer's account of one.
fn is_chat(cell: &str, markers: &[Marker<'_>]) -> bool {
    let Some(first) = markers.first() else { return false };
    let ends = markers.iter().skip(1).map(|m| m.start).chain([cell.len()]);
    let spoken: Vec<&Marker<'_>> = markers.iter().zip(ends).filter(|(m, end)| markers::trimmed(cell, m.end, *end).is_some()).map(|(m, _)| m).collect();
    let count = |wanted: fn(&Marker<'_>) -> bool| spoken.iter().filter(|m| wanted(m)).count();
    let customers = count(|m| m.role == Some(Role::Customer));
    if customers > 0 {
        let begins = markers::trimmed(cell, 0, first.start).is_none_or(|(_, text)| markers::is_header(text));
        return (spoken.len() >= 2 || begins) && !markers::is_form(cell, markers);
    }
    // A customer tells what the agent said in just this way: it takes a log's times, or several turns that each begin a line.
    count(|m| m.timed && matches!(m.role, Some(Role::Agent | Role::Robot))) > 0 || count(|m| m.begins_line) >= 2
}

#[cfg(test)]
mod tests;
