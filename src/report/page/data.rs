//! The tickets of a page, as its script reads them.

use super::super::{Lang, harmless};
use crate::digest::UNDECIDED;
use crate::listing::{Listed, Listing};
use crate::prediction::Kind;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Bytes of texts that a page holds; where there are more, long ones are cut.
const MOST_BYTES: usize = 5_000_000;

/// JSON that may stand inside a `script` element.
pub(super) fn json(listing: &Listing, lang: Lang) -> String {
    let longest = longest(listing);
    let mut names = Names::default();
    let tickets: Vec<Value> = listing.tickets.iter().map(|t| ticket(t, longest, &mut names)).collect();
    let kinds: Vec<Value> = Kind::ALL.into_iter().map(Kind::code).chain([UNDECIDED]).map(|k| json!([k, lang.kind(k)])).collect();
    let words = json!({
        "all": lang.pick("全部", "全部", "all"), "found": lang.pick("件工单", "件工單", "tickets"), "of": lang.pick("本页附有的工单中", "本頁附有的工單中", "of those in this page"),
        "none": lang.pick("没有符合的工单", "沒有符合的工單", "no such tickets"), "copy": lang.pick("复制编号", "複製編號", "copy the id"),
        "copied": lang.pick("已复制", "已複製", "copied"), "unassigned": lang.unassigned(), "noProduct": lang.no_product(),
        "model": lang.pick("模型判定", "模型判定", "by a model"), "team": lang.pick("负责", "負責", "owner"),
    });
    let data = json!({"tickets": tickets, "names": names.all, "kinds": kinds, "total": listing.total, "words": words});
    // `<` begins an element or a comment, even here.
    data.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// Characters of a text that there is room for.
fn longest(listing: &Listing) -> usize {
    let lengths: Vec<usize> = listing.tickets.iter().map(|t| t.text.len()).collect();
    let bytes = |longest: usize| lengths.iter().map(|n| (*n).min(longest * 3)).sum::<usize>();
    [usize::MAX / 4, 4_000, 2_000, 1_000, 500, 300].into_iter().find(|l| bytes(*l) <= MOST_BYTES).unwrap_or(150)
}

/// Names that many tickets share, each once.
#[derive(Default)]
struct Names {
    all: Vec<String>,
    places: HashMap<String, usize>,
}

impl Names {
    fn of(&mut self, name: &str) -> usize {
        let name = &harmless(name);
        if let Some(place) = self.places.get(name.as_str()) {
            return *place;
        }
        self.all.push(name.clone());
        self.places.insert(name.clone(), self.all.len() - 1);
        self.all.len() - 1
    }
}

fn ticket(t: &Listed, longest: usize, names: &mut Names) -> Value {
    let cut = t.text.char_indices().nth(longest).map(|(at, _)| &t.text[..at]);
    let text = cut.map_or_else(|| visible(&t.text), |cut| visible(cut) + "…");
    let marks: Vec<u32> = t.marks.iter().flat_map(|(start, length)| [*start, *length]).collect();
    let kind = t.kind.map_or(UNDECIDED, Kind::code);
    let [product, kind, cause, group, channel, team] = [&t.product, kind, &t.cause, &t.group, &t.channel, &t.team].map(|name| names.of(name));
    json!([harmless(&t.id), harmless(&t.when), product, kind, cause, group, channel, team, text, marks, u8::from(t.by_model), harmless(&t.place)])
}

/// As [`harmless`], but line breaks stay and every character keeps its place.
fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' => '\n',
        '\r' | '\t' => ' ',
        c if c.is_control() || harmless(c.encode_utf8(&mut [0; 4])).is_empty() => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}
