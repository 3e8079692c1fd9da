//! A chat as JSON in a cell: `[{"role":"user","content":"…"},…]`, as bots and their platforms log it.

use super::{Role, Turn};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Keys of who speaks, and of the words; the first that is there counts.
const SPEAKERS: [&str; 10] = ["role", "sender", "speaker", "from", "author", "角色", "发送方", "发送人", "说话人", "type"];
/// Keys of when.
const TIMES: [&str; 6] = ["time", "timestamp", "created_at", "createdAt", "sent_at", "时间"];
const WORDS: [&str; 8] = ["content", "text", "message", "msg", "body", "内容", "消息", "消息内容"];

/// The turns; `None` when the cell is no such array. Words are as they stand between the quotes, escapes and all.
pub(super) fn turns(cell: &str) -> Option<Vec<Turn<'_>>> {
    if !cell.trim_start().starts_with("[{") || !cell.trim_end().ends_with("}]") {
        return None;
    }
    let messages: Vec<BTreeMap<Cow<'_, str>, &RawValue>> = serde_json::from_str(cell).ok()?;
    let mut turns = Vec::with_capacity(messages.len());
    for message in &messages {
        let one_of = |keys: &[&str]| keys.iter().find_map(|k| message.get(*k)).and_then(|v| v.get().strip_prefix('"')?.strip_suffix('"'));
        let (speaker, words) = (one_of(&SPEAKERS)?, one_of(&WORDS)?);
        let role = Role::named(speaker)?;
        if !words.trim().is_empty() {
            // The words are a piece of the cell: this is where.
            let start = (words.as_ptr() as usize).checked_sub(cell.as_ptr() as usize)?;
            let minute = one_of(&TIMES).and_then(super::times::minute);
            turns.push(Turn { role, speaker, text: words, start, minute });
        }
    }
    (!turns.is_empty()).then_some(turns)
}
