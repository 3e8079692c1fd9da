//! For a terminal: what 阿虎 would have written on a sheet of paper.

use super::{Options, harmless, service, shown_ids};
use crate::alert::Alert;
use crate::digest::{Against, Breakdown, Changed, Digest, KindDigest, ProductDigest, Revision, Share};
use std::collections::HashSet;
use unicode_width::UnicodeWidthStr;

/// Writes the digest down.
#[must_use]
pub fn render(digest: &Digest, options: Options) -> String {
    let lang = options.lang;
    let mut out = format!("{}\n", options.paint(Paint::Head, &lang.title(digest.since.as_deref(), digest.as_of.as_deref())));
    if let Some(revision) = &digest.revision {
        out.push_str(&format!("{}\n", revised(revision, lang)));
    }
    if !digest.risks.is_empty() {
        out.push_str(&format!("\n{}\n", options.paint(Paint::Alarm, lang.risks())));
        for risk in &digest.risks {
            let (head, lines) = service::risk(risk, options);
            out.push_str(&format!("  {head}\n"));
            lines.iter().for_each(|l| out.push_str(&format!("    {l}\n")));
        }
        out.push('\n');
    }
    let a = &digest.accounting;
    if a.rows == 0 {
        out.push_str(lang.pick("没有工单。\n", "沒有工單。\n", "No tickets.\n"));
    } else {
        out.push_str(&overview(digest, options));
        out.push('\n');
    }
    if !digest.alerts.is_empty() {
        out.push_str(&format!("\n{}\n", options.paint(Paint::Warning, lang.pick("异常", "異常", "Unusual"))));
        digest.alerts.iter().for_each(|a| out.push_str(&format!("  {}\n", alert(a, options))));
    }
    for product in &digest.products {
        out.push('\n');
        product_lines(&mut out, product, options);
    }
    service_lines(&mut out, digest, options);
    if !digest.agents.is_empty() {
        out.push_str(&format!("\n{}\n", options.paint(Paint::Head, lang.agents())));
        digest.agents.iter().for_each(|a| out.push_str(&format!("  {}\n", service::agent(a, options))));
    }
    let scripts = service::scripts(digest, options);
    if !scripts.is_empty() {
        out.push_str(&format!("\n{}\n", options.paint(Paint::Head, lang.scripts())));
        scripts.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
    }
    digest.breakdowns.iter().for_each(|b| breakdown(&mut out, b, digest.against.is_some(), lang));
    if !digest.ids_not_found.is_empty() {
        let ids: Vec<String> = digest.ids_not_found.iter().map(|id| harmless(id)).collect();
        out.push_str(&format!("\n{} {}{}{}\n", lang.pick("没有找到的编号", "沒有找到的編號", "ids not found"), ids.len(), lang.colon(), ids.join(" ")));
    }
    out.push('\n');
    if let Some(days) = &digest.against {
        out.push_str(&lang.against_days(days));
        out.push('\n');
    }
    if digest.is_corrected() {
        out.push_str(lang.corrections());
        out.push('\n');
    }
    if let Some(days) = said_twice(digest) {
        out.push_str(&lang.repeats(days));
        out.push('\n');
    }
    if let Some(line) = trends_are(digest, lang) {
        out.push_str(&format!("{line}\n"));
    }
    let measured = service::precisions(digest, lang);
    if !measured.is_empty() {
        out.push_str(&format!("{measured}\n"));
    }
    out.push_str(&accounting_line(digest, options));
    out.push('\n');
    out
}

/// What a line of blocks stands for: `▁▂█ 2026-10-24 起每天一格`.
fn trends_are(digest: &Digest, lang: super::Lang) -> Option<String> {
    let drawn = digest.products.iter().flat_map(|p| &p.kinds).flat_map(|k| &k.causes).any(|c| !spark(&c.trend).is_empty());
    let points = &digest.points[digest.points.len().saturating_sub(SPARKS)..];
    let [first, second, ..] = points else { return None };
    let days = |text: &String| text.parse::<jiff::civil::Date>().ok();
    let step = days(second)?.since(days(first)?).ok()?.get_days();
    let each = match step {
        1 => lang.pick("每天一格", "每天一格", "a block a day"),
        2..=7 => lang.pick("每周一格", "每週一格", "a block a week"),
        _ => lang.pick("每月一格", "每月一格", "a block a month"),
    };
    drawn.then(|| match lang {
        super::Lang::En => format!("▁▂█ {each} since {first}"),
        _ => format!("▁▂█ {first} 起{each}"),
    })
}

/// How the desk served, by product.
fn service_lines(out: &mut String, digest: &Digest, options: Options) {
    if digest.service.is_empty() {
        return;
    }
    let lang = options.lang;
    out.push_str(&format!("\n{}\n", options.paint(Paint::Head, lang.service())));
    for of_product in digest.service.chunk_by(|a, b| a.product == b.product) {
        let name = &of_product[0].product;
        out.push_str(&format!("  【{}】\n", if name.is_empty() { lang.no_product().to_owned() } else { harmless(name) }));
        let (most, more) = service::most_served(of_product, options);
        for served in most {
            out.push_str(&format!("    {}\n", service::served(served, options)));
            service::quotes(served, options).iter().for_each(|q| out.push_str(&format!("      {q}\n")));
        }
        if !more.is_empty() {
            out.push_str(&format!("    {more}\n"));
        }
    }
}

/// `A 投诉「活动 / 奖品未到账」45 件，平时 5–20；新  EV1 EV2 …`
pub(crate) fn alert(a: &Alert, options: Options) -> String {
    let lang = options.lang;
    let product = if a.product.is_empty() { lang.no_product().to_owned() } else { harmless(&a.product) };
    let cause = if a.cause.is_empty() { lang.unassigned().to_owned() } else { harmless(&a.cause) };
    let kind = lang.kind(a.kind.map_or(crate::digest::UNDECIDED, crate::prediction::Kind::code));
    let (ids, more) = shown_ids(&a.ids, a.observed, options);
    let ids = format!("{}{}", ids.join(" "), if more { " …" } else { "" });
    let state = lang.alert(a.state, &a.since);
    match lang {
        super::Lang::Zh => format!("{product} {kind}「{cause}」{} 件，平时 {}–{} 件；{state}  {ids}", a.observed, a.low, a.high),
        super::Lang::ZhHant => format!("{product} {kind}「{cause}」{} 件，平時 {}–{} 件；{state}  {ids}", a.observed, a.low, a.high),
        super::Lang::En => format!("{product} {kind} \"{cause}\": {}, usually {}–{}; {state}  {ids}", a.observed, a.low, a.high),
    }
}

/// Tickets by channel, team, stage or area.
fn breakdown(out: &mut String, breakdown: &Breakdown, against: bool, lang: super::Lang) {
    let (head, nameless) = lang.by(breakdown.by);
    out.push_str(&format!("\n{head}\n"));
    let name = |s: &Share| if s.name.is_empty() { nameless.to_owned() } else { harmless(&s.name) };
    let digits = breakdown.rows.iter().map(|s| s.count.to_string().len()).max().unwrap_or(1);
    let width = breakdown.rows.iter().map(|s| name(s).width()).max().unwrap_or(0).min(40);
    for s in &breakdown.rows {
        let name = name(s);
        let pad = " ".repeat(width.saturating_sub(name.width()));
        let kinds = [lang.counted("complaint", s.complaints), lang.counted("inquiry", s.inquiries)].join(lang.comma());
        // Beside the total, whose it is.
        let against = lang.against(against.then_some(Against { before: s.before, ..Against::default() }), s.count);
        out.push_str(&format!("    {:>digits$}  {name}{against}{pad}  {kinds}\n", s.count));
    }
}

/// Changes that a revised digest names.
const SHOWN_CHANGES: usize = 8;

/// `修订 2：游戏甲 投诉 活动 / 奖品未到账 12 → 13`.
pub(crate) fn revised(revision: &Revision, lang: super::Lang) -> String {
    let change = |c: &Changed| {
        let product = if c.product.is_empty() { lang.no_product().to_owned() } else { harmless(&c.product) };
        let cause = if c.cause.is_empty() { lang.unassigned().to_owned() } else { harmless(&c.cause) };
        format!("{product} {} {cause} {} → {}", lang.kind(c.kind.map_or(crate::digest::UNDECIDED, crate::prediction::Kind::code)), c.before, c.after)
    };
    let shown: Vec<String> = revision.changed.iter().take(SHOWN_CHANGES).map(change).collect();
    // What was forgotten is not named.
    let shown = if shown.is_empty() {
        vec![lang.pick("按要求删除了工单", "按要求刪除了工單", "tickets were taken out on request").to_owned()]
    } else {
        shown
    };
    let more = if revision.changed.len() > SHOWN_CHANGES { " …" } else { "" };
    let head = match lang {
        super::Lang::Zh => format!("第 {} 次修订", revision.number),
        super::Lang::ZhHant => format!("第 {} 次修訂", revision.number),
        super::Lang::En => format!("Revision {}", revision.number),
    };
    format!("{head}{}{}{more}", lang.colon(), shown.join(lang.pick("；", "；", "; ")))
}

/// The days within which one matter was told several times, if any was.
pub(crate) fn said_twice(digest: &Digest) -> Option<u32> {
    let mut causes = digest.products.iter().flat_map(|p| &p.kinds).flat_map(|k| &k.causes);
    digest.repeat_days.filter(|_| causes.any(|c| c.matters.is_some_and(|n| n < c.count)))
}

/// `共 64 件，3 个产品：投诉 41，咨询 23`.
pub(crate) fn overview(digest: &Digest, options: Options) -> String {
    let lang = options.lang;
    let kinds = ["complaint", "inquiry", "suggestion", "praise", "other", crate::digest::UNDECIDED];
    let counted: Vec<String> = kinds.iter().map(|k| (*k, digest.total(k))).filter(|(_, n)| *n > 0).map(|(k, n)| lang.counted(k, n)).collect();
    let total = digest.accounting.classified;
    let products = match (lang, digest.products.iter().filter(|p| !p.product.is_empty()).count()) {
        (_, 0) => String::new(),
        (super::Lang::Zh, n) => format!("，{n} 个产品"),
        (super::Lang::ZhHant, n) => format!("，{n} 個產品"),
        (super::Lang::En, n) => format!(", {n} product{}", if n == 1 { "" } else { "s" }),
    };
    let head = match lang {
        super::Lang::Zh | super::Lang::ZhHant => format!("共 {total} 件{products}"),
        super::Lang::En => format!("{total} tickets{products}"),
    };
    format!("{head}{}{}", lang.colon(), counted.join(lang.comma()))
}

/// `读入 64 行 = 归类 64 + 重复 0 + 隔离 0`.
pub(crate) fn accounting_line(digest: &Digest, options: Options) -> String {
    let (lang, a) = (options.lang, &digest.accounting);
    if digest.from_history {
        // Its rows were accounted for by the runs that read them.
        return match (lang, digest.since == digest.as_of) {
            (super::Lang::Zh, true) => format!("当天工单 {} 件", a.rows),
            (super::Lang::Zh, false) => format!("这段时间工单 {} 件", a.rows),
            (super::Lang::ZhHant, true) => format!("當天工單 {} 件", a.rows),
            (super::Lang::ZhHant, false) => format!("這段時間工單 {} 件", a.rows),
            (super::Lang::En, true) => format!("{} tickets of this day", a.rows),
            (super::Lang::En, false) => format!("{} tickets of these days", a.rows),
        };
    }
    let mut line = match lang {
        super::Lang::Zh => format!("读入 {} 行 = 归类 {} + 重复 {} + 隔离 {}", a.rows, a.classified, a.duplicates, a.quarantined),
        super::Lang::ZhHant => format!("讀入 {} 行 = 歸類 {} + 重複 {} + 隔離 {}", a.rows, a.classified, a.duplicates, a.quarantined),
        super::Lang::En => format!("{} rows read = {} classified + {} duplicates + {} quarantined", a.rows, a.classified, a.duplicates, a.quarantined),
    };
    if a.not_asked_for > 0 {
        line.push_str(&match lang {
            super::Lang::Zh => format!("（另有 {} 行不在所要的编号里）", a.not_asked_for),
            super::Lang::ZhHant => format!("（另有 {} 行不在所要的編號裡）", a.not_asked_for),
            super::Lang::En => format!(" ({} more rows not among the ids asked for)", a.not_asked_for),
        });
    }
    line
}

fn product_lines(out: &mut String, product: &ProductDigest, options: Options) {
    let lang = options.lang;
    let name = if product.product.is_empty() { lang.no_product().to_owned() } else { harmless(&product.product) };
    let kinds: Vec<String> = product.kinds.iter().map(|k| counted(k, lang)).collect();
    out.push_str(&format!("{}{}\n", options.paint(Paint::Head, &format!("【{name}】")), kinds.join(lang.comma())));
    if let Some(rate) = &product.rate {
        out.push_str(&format!("  {}\n", lang.rate(rate)));
    }
    for kind in product.kinds.iter().filter(|k| k.count > 0 || !k.causes.is_empty()) {
        kind_lines(out, kind, options);
    }
    if !product.read_for_certainty.is_empty() {
        let (read, more) = shown_ids(&product.read_for_certainty, product.read_for_certainty.len() as u64, options);
        out.push_str(&format!("  {}{}{}{}\n", lang.read_for_certainty(), lang.colon(), read.join(" "), if more { " …" } else { "" }));
    }
}

/// `投诉 30（27–33）`, `没有咨询`.
pub(crate) fn counted(kind: &KindDigest, lang: super::Lang) -> String {
    if kind.shown() == 0 && kind.corrected.is_none_or(|c| c.high == 0) && kind.against.is_none_or(|a| a.before == 0) {
        return lang.none_of(kind.kind);
    }
    lang.counted(kind.kind, kind.shown()) + &lang.interval(kind.corrected) + &lang.against(kind.against, kind.count)
}

/// Groups shown beside what has causes, and where there are no causes.
const GROUPS_IN_LINE: usize = 5;
const GROUPS_AS_LINES: usize = 20;

/// A line of the table under a kind: count, cause, ids.
struct Line {
    count: u64,
    cause: String,
    trend: String,
    ids: String,
}

fn kind_lines(out: &mut String, kind: &KindDigest, options: Options) {
    let lang = options.lang;
    let ids = |ids: &[String], count: u64| {
        let (shown, more) = shown_ids(ids, count, options);
        options.paint(Paint::Aside, &format!("{}{}", shown.join(" "), if more { " …" } else { "" }))
    };
    let head = counted(kind, lang);
    let paint = |text: &str| options.paint(Paint::of_kind(kind.kind), text);
    match &kind.causes[..] {
        [only] if only.count == kind.count => {
            let cause = harmless(&only.cause);
            let again = lang.beside(only.count, only.matters, only.same_text) + &lang.against(only.against, only.count);
            let said = if only.count == 1 { format!("{}{cause}", lang.colon()) } else { format!("{}{}", lang.comma(), lang.all_are(&cause)) };
            let spark = spark(&only.trend);
            let spark = if spark.is_empty() { spark } else { format!("    {}", options.paint(Paint::Trend, &spark)) };
            out.push_str(&format!("  {}{said}{again}{spark}    {}\n", paint(&head), ids(&only.ids, only.count)));
            return;
        }
        [] if kind.unassigned.shown_groups(GROUPS_AS_LINES).0.is_empty() => {
            let said =
                format!("{}{}", lang.comma(), if kind.count == 1 { lang.unassigned() } else { lang.pick("都未归类", "都未歸類", "none of a known cause") });
            out.push_str(&format!("  {}{said}    {}\n", paint(&head), ids(&kind.unassigned.ids, kind.count)));
            return;
        }
        _ => {}
    }
    let none =
        if kind.causes.is_empty() { lang.comma().to_owned() + lang.pick("都未归类", "都未歸類", "none of a known cause") } else { String::new() };
    out.push_str(&format!("  {}{none}\n", paint(&head)));
    let mut lines: Vec<Line> = kind
        .causes
        .iter()
        .map(|c| Line {
            count: c.shown(),
            cause: harmless(&c.cause) + &lang.interval(c.corrected) + &lang.beside(c.count, c.matters, c.same_text) + &lang.against(c.against, c.count),
            trend: spark(&c.trend),
            ids: ids(&c.ids, c.count),
        })
        .collect();
    let u = &kind.unassigned;
    if kind.causes.is_empty() {
        // Groups are all there is: they stand where causes would.
        let (groups, rest) = u.shown_groups(GROUPS_AS_LINES);
        lines.extend(groups.iter().map(|g| Line { count: g.count, cause: lang.group(&harmless(&g.cause)), trend: String::new(), ids: ids(&g.ids, g.count) }));
        if rest > 0 {
            let shown: HashSet<&String> = groups.iter().flat_map(|g| &g.ids).collect();
            let others: Vec<String> = u.ids.iter().filter(|id| !shown.contains(id)).cloned().collect();
            lines.push(Line { count: rest, cause: lang.others().to_owned(), trend: String::new(), ids: ids(&others, rest) });
        }
    } else if u.count > 0 {
        let cause =
            lang.unassigned().to_owned() + &lang.beside(u.count, None, u.same_text) + &lang.against(u.against, u.count) + &lang.groups(u, GROUPS_IN_LINE);
        lines.push(Line { count: u.count, cause, trend: spark(&u.trend), ids: ids(&u.ids, u.count) });
    }
    let digits = lines.iter().map(|l| l.count.to_string().len()).max().unwrap_or(1);
    let width = lines.iter().map(|l| l.cause.width()).max().unwrap_or(0).min(40);
    let trends = lines.iter().map(|l| l.trend.chars().count()).max().unwrap_or(0);
    for l in lines {
        let pad = " ".repeat(width.saturating_sub(l.cause.width()));
        let blank = " ".repeat(trends - l.trend.chars().count());
        let trend = if trends == 0 { String::new() } else { format!("  {}{blank}", options.paint(Paint::Trend, &l.trend)) };
        out.push_str(&format!("    {:>digits$}  {}{pad}{trend}  {}\n", l.count, l.cause, l.ids));
    }
}

/// What stands out on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paint {
    Head,
    Alarm,
    Warning,
    Complaint,
    Inquiry,
    Trend,
    Aside,
    Plain,
}

impl Paint {
    fn of_kind(kind: &str) -> Paint {
        match kind {
            "complaint" => Paint::Complaint,
            "inquiry" => Paint::Inquiry,
            _ => Paint::Plain,
        }
    }

    /// As ECMA-48 calls it (SGR): the eight colours that every terminal and theme has.
    fn code(self) -> &'static str {
        match self {
            Paint::Head => "1",
            Paint::Alarm => "1;31",
            Paint::Warning => "1;33",
            Paint::Complaint => "31",
            Paint::Inquiry => "34",
            Paint::Trend => "36",
            Paint::Aside => "2",
            Paint::Plain => "",
        }
    }
}

impl Options {
    /// The text, standing out where it is coloured.
    fn paint(self, paint: Paint, text: &str) -> String {
        if !self.colour || text.is_empty() || paint == Paint::Plain {
            return text.to_owned();
        }
        format!("\x1b[{}m{text}\x1b[0m", paint.code())
    }
}

/// Points of a line of blocks.
const SPARKS: usize = 31;

/// Counts over time as a line of blocks, the last points of them: `▁▁▂█▃`; empty where there is nothing to see.
fn spark(trend: &[u64]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let last = &trend[trend.len().saturating_sub(SPARKS)..];
    let most = last.iter().copied().max().unwrap_or(0);
    if most == 0 || last.len() < 2 {
        return String::new();
    }
    // Whatever is there at all stands out from nothing.
    let block = |n: u64| if n == 0 { BLOCKS[0] } else { BLOCKS[(n * 7).div_ceil(most) as usize] };
    last.iter().map(|n| block(*n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparks_tell_something_from_nothing() {
        assert_eq!(spark(&[0, 1, 100, 50, 0]), "▁▂█▅▁");
        assert_eq!((spark(&[]), spark(&[0, 0]), spark(&[3])), (String::new(), String::new(), String::new()));
        assert_eq!(spark(&vec![u64::from(u32::MAX); 400]).chars().count(), SPARKS);
    }

    #[test]
    fn colour_is_beside_the_text() {
        let plain = Options::plain(super::super::Lang::Zh);
        let coloured = Options { colour: true, ..plain };
        assert_eq!((plain.paint(Paint::Alarm, "甲"), coloured.paint(Paint::Alarm, "甲")), ("甲".to_owned(), "\x1b[1;31m甲\x1b[0m".to_owned()));
    }
}
