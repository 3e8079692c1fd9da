//! A chat in one cell: who said what.
//!
//! Every chat system writes its transcripts in its own way. All put a marker before a turn: a speaker's name with a colon, a
//! bracket or a time beside it. The marker at the cell's beginning tells the style; what stands inside a line is a marker only in
//! that style, so that a customer may write `客服：` in the middle of a sentence. When in doubt, a cell is no transcript: its whole
//! text stays the customer's.

mod boilerplate;
mod markers;
mod roles;

pub use boilerplate::is_boilerplate;

use markers::Marker;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Whoever asks.
    Customer,
    /// A person at the desk.
    Agent,
    /// A program that answers in the desk's place.
    Robot,
    /// The chat system itself: notices, headers.
    System,
}

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
    let markers = markers::find(cell);
    let first = markers.first()?;
    if !is_chat(cell, &markers) {
        return None;
    }
    let mut turns = Vec::with_capacity(markers.len() + 1);
    if let Some((start, text)) = markers::trimmed(cell, 0, first.start) {
        let role = if markers::is_header(text) { Role::System } else { Role::Customer };
        turns.push(Turn { role, speaker: "", text, start });
    }
    let ends = markers.iter().skip(1).map(|m| m.start).chain([cell.len()]);
    for (marker, end) in markers.iter().zip(ends) {
        let (Some(role), Some((start, text))) = (marker.role, markers::trimmed(cell, marker.end, end)) else { continue };
        turns.push(Turn { role, speaker: marker.name, text, start });
    }
    Some(turns)
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
