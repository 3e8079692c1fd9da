//! A day's digest as one message for a group chat: what an operations person reads on a telephone between two meetings.
//!
//! Headline with counts beside those of the day before, then who threatens, what is unusual, then each product's complaints by cause. A message is made of
//! lines, each whole in itself; what does not fit is counted in a last line, so nothing is ever cut within a character or a construct.

mod markup;
mod words;

pub use markup::Markup;

use super::{EXAMPLE_IDS, Lang, harmless, text};
use crate::digest::{CauseDigest, Digest, KindDigest, ProductDigest, Unassigned};
use markup::{cut, shown_id};

/// What a message is made for.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Language of what people read.
    pub lang: Lang,
    /// Whose markup.
    pub markup: Markup,
    /// Most bytes of the text, as it stands in JSON.
    pub bytes: usize,
    /// The team whose part of the digest it is.
    pub team: Option<&'a str>,
}

/// A message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Headline without markup.
    pub title: String,
    /// All of it, with markup.
    pub text: String,
    /// Whether it tells of something unusual.
    pub alert: bool,
}

/// Most lines that are read on a telephone.
const MOST_LINES: usize = 60;
/// Causes named of a product, inquiries beside them, alerts, groups of what no cause took.
const MOST_CAUSES: usize = 8;
const MOST_INQUIRIES: usize = 3;
const MOST_ALERTS: usize = 10;
const MOST_GROUPS: usize = 3;
/// Characters of a name, and of a whole alert or list of changes.
const NAME: usize = 40;
const SENTENCE: usize = 200;
/// Bytes that the line is given that says what was left out.
const REST: usize = 240;

/// What is not told when a line is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Lost {
    risks: u64,
    alerts: u64,
    products: u64,
    causes: u64,
    tickets: u64,
}

/// A line, whole in itself.
struct Line {
    text: String,
    /// Whether it stands under the one before it.
    item: bool,
    lost: Lost,
}

/// Makes the message.
#[must_use]
pub fn message(digest: &Digest, options: Options<'_>) -> Message {
    let lang = options.lang;
    let mut title = lang.title(None, digest.as_of.as_deref()).replace("  ", " ");
    if let Some(team) = options.team {
        title.push_str(&format!(" · {}", cut(&harmless(team), NAME)));
    }
    let title = title.replace('@', "＠");
    let mut lines = Vec::new();
    if options.markup != Markup::Feishu {
        lines.push(head(options.markup.bold(&options.markup.text(&title))));
    }
    lines.push(head(overview(digest, options)));
    if let Some(revision) = digest.revision.as_ref().filter(|r| !r.changed.is_empty()) {
        lines.push(head(options.markup.text(&cut(&text::revised(revision, lang), SENTENCE))));
    }
    risks(&mut lines, digest, options);
    alerts(&mut lines, digest, options);
    digest.products.iter().for_each(|product| self::product(&mut lines, product, options));
    Message { title, text: fitted(&lines, options), alert: !digest.alerts.is_empty() }
}

/// A line that is never left out.
fn head(text: String) -> Line {
    Line { text, item: false, lost: Lost::default() }
}

/// As many lines as fit, and what was left out.
fn fitted(lines: &[Line], options: Options<'_>) -> String {
    let mut out = String::new();
    let mut used = 0;
    for (i, line) in lines.iter().enumerate() {
        let before = options.markup.between(i.checked_sub(1).map(|at| lines[at].item), line.item);
        let cost = measure(before) + measure(&line.text);
        let last = i + 1 == lines.len();
        // A product's name alone says nothing: it stays with its first line.
        let with_next = if line.item { 0 } else { lines.get(i + 1).filter(|l| l.item).map_or(0, |l| measure(&l.text) + 4) };
        if used + cost + with_next + if last { 0 } else { REST } > options.bytes || i >= MOST_LINES {
            let rest = lines[i..].iter().fold(Lost::default(), |sum, l| sum.and(l.lost));
            out.push_str(options.markup.between(Some(true), false));
            out.push_str(&options.markup.text(&options.lang.rest_of_message(rest)));
            break;
        }
        out.push_str(before);
        out.push_str(&line.text);
        used += cost;
    }
    out
}

impl Lost {
    fn and(self, more: Lost) -> Lost {
        Lost {
            risks: self.risks + more.risks,
            alerts: self.alerts + more.alerts,
            products: self.products + more.products,
            causes: self.causes + more.causes,
            tickets: self.tickets + more.tickets,
        }
    }
}

/// Bytes of a text as it stands in JSON.
fn measure(text: &str) -> usize {
    // A text always serialises.
    serde_json::to_string(text).map_or(usize::MAX / 4, |json| json.len() - 2)
}

/// `共 64 件（前一天 58）：投诉 41（前一天 38），咨询 23（前一天 20）`.
fn overview(digest: &Digest, options: Options<'_>) -> String {
    let lang = options.lang;
    let kinds = ["complaint", "inquiry", "suggestion", "praise", "other", crate::digest::UNDECIDED];
    let of = |code: &str| digest.products.iter().flat_map(|p| &p.kinds).filter(move |k| k.kind == code).collect::<Vec<_>>();
    let before = |all: &[&KindDigest]| digest.against.as_ref().map(|_| all.iter().filter_map(|k| k.against).map(|a| a.before).sum::<u64>());
    let counted = kinds.iter().filter_map(|code| {
        let all = of(code);
        let (now, before) = (all.iter().map(|k| k.shown()).sum::<u64>(), before(&all));
        (now > 0 || before.is_some_and(|n| n > 0)).then(|| lang.counted(code, now) + &lang.day_before(before))
    });
    let counted: Vec<String> = counted.collect();
    let all: Vec<&KindDigest> = digest.products.iter().flat_map(|p| &p.kinds).collect();
    let mut line = lang.tickets(digest.accounting.classified) + &lang.day_before(before(&all));
    if !counted.is_empty() {
        line.push_str(lang.colon());
        line.push_str(&counted.join(lang.comma()));
    }
    options.markup.text(&line)
}

/// Customers to be called back, by what they threaten with: `曝光媒体 2 件：EV3 EV8`.
fn risks(lines: &mut Vec<Line>, digest: &Digest, options: Options<'_>) {
    let (lang, markup) = (options.lang, options.markup);
    if !digest.risks.is_empty() {
        lines.push(Line { text: markup.bold(&markup.text(lang.risks())), item: false, lost: Lost::default() });
    }
    for risk in &digest.risks {
        let said = lang.cause_line(&cut(&harmless(lang.named(&risk.name)), NAME), risk.count, "");
        let called: Vec<String> = risk.tickets.iter().map(|t| t.id.clone()).collect();
        let text = markup.item(&(markup.text(&said) + &ids(&called, risk.count, options)));
        lines.push(Line { text, item: true, lost: Lost { risks: risk.count, ..Lost::default() } });
    }
}

fn alerts(lines: &mut Vec<Line>, digest: &Digest, options: Options<'_>) {
    if digest.alerts.is_empty() {
        return;
    }
    let lost = |alerts: u64| Lost { alerts, ..Lost::default() };
    let title = options.lang.unusual(digest.alerts.len());
    lines.push(Line { text: options.markup.bold(&options.markup.text(&title)), item: false, lost: Lost::default() });
    let plain = super::Options::plain(options.lang);
    for alert in digest.alerts.iter().take(MOST_ALERTS) {
        let said = cut(text::alert(alert, plain).trim_end(), SENTENCE);
        lines.push(Line { text: options.markup.item(&options.markup.text(&said)), item: true, lost: lost(1) });
    }
    if let Some(more) = digest.alerts.len().checked_sub(MOST_ALERTS).filter(|n| *n > 0) {
        let rest = options.lang.rest_of_message(lost(more as u64));
        lines.push(Line { text: options.markup.item(&options.markup.text(&rest)), item: true, lost: lost(more as u64) });
    }
}

/// A product's line, and its complaints by cause.
fn product(lines: &mut Vec<Line>, product: &ProductDigest, options: Options<'_>) {
    let (lang, markup) = (options.lang, options.markup);
    let name = if product.product.is_empty() { lang.no_product().to_owned() } else { cut(&harmless(&product.product), NAME) };
    let kinds: Vec<String> = product.kinds.iter().map(|kind| counted(kind, lang)).collect();
    let text = format!("{} {}", markup.bold(&markup.text(&name)), markup.text(&kinds.join(lang.comma())));
    lines.push(Line { text, item: false, lost: Lost { products: 1, ..Lost::default() } });
    for kind in &product.kinds {
        match kind.kind {
            "complaint" => complaints(lines, kind, options),
            "inquiry" => inquiries(lines, kind, options),
            _ => {}
        }
    }
}

/// `投诉 30（27–33）（前一天 25）`, `没有咨询`.
fn counted(kind: &KindDigest, lang: Lang) -> String {
    let before = kind.against.map(|a| a.before);
    if kind.shown() == 0 && kind.corrected.is_none_or(|c| c.high == 0) && before.unwrap_or(0) == 0 {
        return lang.none_of(kind.kind);
    }
    lang.counted(kind.kind, kind.shown()) + &lang.interval(kind.corrected) + &lang.day_before(before)
}

fn complaints(lines: &mut Vec<Line>, kind: &KindDigest, options: Options<'_>) {
    let (lang, markup) = (options.lang, options.markup);
    let mut push = |text: String, causes: u64, tickets: u64| {
        lines.push(Line { text: markup.item(&text), item: true, lost: Lost { causes, tickets, ..Lost::default() } });
    };
    // What was there only the day before is no news of today.
    let (shown, more): (Vec<&CauseDigest>, Vec<&CauseDigest>) = {
        let all: Vec<&CauseDigest> = kind.causes.iter().filter(|c| c.count > 0).collect();
        // One line for a single cause is no longer than the line that leaves it out.
        let most = if all.len() == MOST_CAUSES + 1 { all.len() } else { MOST_CAUSES.min(all.len()) };
        (all[..most].to_vec(), all[most..].to_vec())
    };
    for cause in shown {
        let before = lang.day_before(cause.against.map(|a| a.before));
        let said = lang.cause_line(&cut(&harmless(&cause.cause), NAME), cause.shown(), &(lang.interval(cause.corrected) + &before));
        push(markup.text(&said) + &ids(&cause.ids, cause.count, options), 1, cause.count);
    }
    let tickets = more.iter().map(|c| c.count).sum();
    if !more.is_empty() {
        push(markup.text(&lang.more_causes(more.len() as u64, tickets)), more.len() as u64, tickets);
    }
    if kind.unassigned.count > 0 {
        push(unassigned(&kind.unassigned, options), 1, kind.unassigned.count);
    }
}

fn unassigned(u: &Unassigned, options: Options<'_>) -> String {
    let lang = options.lang;
    let before = lang.day_before(u.against.map(|a| a.before));
    let said = lang.cause_line(lang.unassigned(), u.count, &before);
    let groups = cut(&lang.groups(u, MOST_GROUPS), SENTENCE);
    if groups.is_empty() { options.markup.text(&said) + &ids(&u.ids, u.count, options) } else { options.markup.text(&(said + &groups)) }
}

/// `咨询最多的：活动 / 活动与奖励规则 18，…`.
fn inquiries(lines: &mut Vec<Line>, kind: &KindDigest, options: Options<'_>) {
    let lang = options.lang;
    let causes: Vec<&CauseDigest> = kind.causes.iter().filter(|c| c.count > 0).collect();
    if causes.is_empty() {
        return;
    }
    let named: Vec<String> = causes.iter().take(MOST_INQUIRIES).map(|c| format!("{} {}", cut(&harmless(&c.cause), NAME), c.shown())).collect();
    let more = if causes.len() > MOST_INQUIRIES { " …" } else { "" };
    let text = format!("{}{}{more}", lang.most_asked(), named.join(lang.comma()));
    lines.push(Line {
        text: options.markup.item(&options.markup.text(&text)),
        item: true,
        lost: Lost { causes: causes.len() as u64, tickets: kind.count, ..Lost::default() },
    });
}

/// `：EV1 EV2 EV3 …`.
fn ids(ids: &[String], count: u64, options: Options<'_>) -> String {
    let shown: Vec<String> = ids.iter().take(EXAMPLE_IDS).map(|id| options.markup.text(&shown_id(id))).collect();
    if shown.is_empty() {
        return String::new();
    }
    let more = if (shown.len() as u64) < count { " …" } else { "" };
    format!("{}{}{more}", options.lang.colon(), shown.join(" "))
}

#[cfg(test)]
mod tests;
