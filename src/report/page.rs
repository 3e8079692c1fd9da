//! One HTML file with everything in it: opens by a double click, without a network, and prints. The first screen is written here; the
//! tickets stand in it as JSON, which its script shows when a number is clicked.
//!
//! Nothing of a ticket is ever markup: maud escapes all text, the script writes text nodes only, and the page's policy lets no other
//! script run than its own, by their hashes.

mod charts;
mod data;
mod desk;

use super::{Lang, Options, harmless, text};
use crate::alert::Alert;
use crate::digest::{Breakdown, CauseDigest, Corrected, Digest, KindDigest, ProductDigest, UNDECIDED};
use crate::listing::Listing;
use crate::prediction::Kind;
use base64::Engine;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// Most tickets that a page has room for.
pub const MOST_TICKETS: usize = 10_000;
/// Causes of a kind that stand in the open; the others are a click away.
const SHOWN_CAUSES: usize = 15;
/// Groups shown of what no cause took.
const SHOWN_GROUPS: usize = 10;

/// Writes the digest down, with its tickets.
#[must_use]
pub fn render(digest: &Digest, listing: &Listing, options: Options) -> String {
    let lang = options.lang;
    let title = lang.title(digest.since.as_deref(), digest.as_of.as_deref());
    let page = Page { digest, listing, options };
    html! {
        (DOCTYPE)
        html lang=(lang.pick("zh-CN", "zh-Hant", "en")) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { (lang.pick("跳到正文", "跳到正文", "Skip to the digest")) }
                header { (page.head(&title)) }
                main id="main" {
                    (desk::risks(digest, options))
                    (page.alerts())
                    (page.overview())
                    @for (n, product) in digest.products.iter().enumerate() { (page.product(n, product)) }
                    (desk::served(digest, options))
                    (desk::agents(digest, options))
                    (desk::scripts(digest, options))
                    @for b in &digest.breakdowns { (page.breakdown(b)) }
                    (page.unread())
                }
                footer { (page.foot()) }
                (page.drawer())
                script type="application/json" id="data" { (PreEscaped(data::json(listing, lang))) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

/// Nothing but the page's own style and script.
fn policy() -> String {
    let hash = |text: &str| base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'", hash(STYLE), hash(SCRIPT))
}

/// The address of tickets within the page: those of a product, kind, cause or group.
fn address(product: &str, kind: Option<&str>, cause: Option<&str>, group: Option<&str>) -> String {
    let parts = [("p", Some(product)), ("k", kind), ("c", cause), ("g", group)];
    let said: Vec<String> = parts.iter().filter_map(|(key, value)| Some(format!("{key}={}", percent(&harmless((*value)?))))).collect();
    format!("#t?{}", said.join("&"))
}

fn percent(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

struct Page<'a> {
    digest: &'a Digest,
    listing: &'a Listing,
    options: Options,
}

impl Page<'_> {
    fn product_name(&self, name: &str) -> String {
        if name.is_empty() { self.options.lang.no_product().to_owned() } else { harmless(name) }
    }

    /// Whether counts are held against those of other days, and drawn over time.
    fn held(&self) -> bool {
        self.digest.against.is_some()
    }

    fn drawn(&self) -> bool {
        self.digest.points.len() > 1
    }

    fn head(&self, title: &str) -> Markup {
        let lang = self.options.lang;
        html! {
            h1 { (title) }
            @if self.digest.accounting.rows == 0 { p.lead { (lang.pick("没有工单。", "沒有工單。", "No tickets.")) } }
            @else { p.lead { (text::overview(self.digest, self.options)) } }
            @if let Some(days) = &self.digest.against { p.note { (lang.against_days(days)) } }
            @if let Some(revision) = &self.digest.revision { p.note { (text::revised(revision, lang)) } }
            @if self.digest.products.len() > 3 {
                nav aria-label=(lang.pick("产品", "產品", "Products")) {
                    @for (n, p) in self.digest.products.iter().enumerate().take(60) { a href=(format!("#p{n}")) { (self.product_name(&p.product)) } }
                }
            }
        }
    }

    fn alerts(&self) -> Markup {
        let lang = self.options.lang;
        html! {
            @if !self.digest.alerts.is_empty() {
                section.alerts {
                    h2 { (lang.pick("异常", "異常", "Unusual")) }
                    @for a in &self.digest.alerts { (self.alert(a)) }
                }
            }
        }
    }

    fn alert(&self, a: &Alert) -> Markup {
        let lang = self.options.lang;
        let kind = a.kind.map_or(UNDECIDED, Kind::code);
        let cause = if a.cause.is_empty() { lang.unassigned().to_owned() } else { harmless(&a.cause) };
        let usual = match lang {
            Lang::Zh => format!("平时 {}–{} 件", a.low, a.high),
            Lang::ZhHant => format!("平時 {}–{} 件", a.low, a.high),
            Lang::En => format!("usually {}–{}", a.low, a.high),
        };
        html! {
            a.alert href=(address(&a.product, Some(kind), Some(&a.cause), None)) {
                strong { (self.product_name(&a.product)) } " " (lang.kind(kind)) " "
                span.cause { (cause) } " "
                b.number { (a.observed) }
                span.note { (usual) (lang.pick("；", "；", "; ")) (lang.alert(a.state, &a.since)) }
            }
        }
    }

    fn overview(&self) -> Markup {
        let lang = self.options.lang;
        let kinds: Vec<&str> = Kind::ALL.into_iter().map(Kind::code).chain([UNDECIDED]).filter(|k| self.digest.total(k) > 0).collect();
        let most = self.digest.products.iter().flat_map(|p| &p.kinds).map(KindDigest::shown).max().unwrap_or(1);
        html! {
            @if self.digest.products.len() > 1 {
                section {
                    h2 { (lang.pick("总览", "總覽", "Overview")) }
                    div.scroll { table.overview {
                        thead { tr {
                            th scope="col" { (lang.pick("产品", "產品", "Product")) }
                            @for k in &kinds { th.n scope="col" { (lang.kind(k)) } }
                            th.n scope="col" { (lang.pick("合计", "合計", "All")) }
                        } }
                        tbody { @for (n, p) in self.digest.products.iter().enumerate() { tr {
                            th scope="row" { a href=(format!("#p{n}")) { (self.product_name(&p.product)) } }
                            @for k in &kinds { td.n { @if let Some(kind) = p.kinds.iter().find(|d| d.kind == *k) { (self.overview_cell(p, kind, most)) } } }
                            td.n { (p.count) }
                        } } }
                    } }
                }
            }
        }
    }

    fn overview_cell(&self, product: &ProductDigest, kind: &KindDigest, most: u64) -> Markup {
        html! {
            @if kind.shown() > 0 || kind.against.is_some_and(|a| a.before > 0) {
                a href=(address(&product.product, Some(kind.kind), None, None)) { (kind.shown()) }
                span.against { (self.options.lang.against(kind.against, kind.count)) }
                (charts::bar(kind.shown(), most, span(kind.corrected), class(kind.kind)))
            } @else { span.none { "–" } }
        }
    }

    fn product(&self, n: usize, product: &ProductDigest) -> Markup {
        let lang = self.options.lang;
        let said: Vec<String> = product.kinds.iter().map(|k| text::counted(k, lang)).collect();
        let line = |code: &'static str| {
            let points = product.kinds.iter().find(|k| k.kind == code).map_or(&[][..], |k| &k.trend);
            charts::Line { class: class(code), points }
        };
        let label = format!("{}: {}", self.product_name(&product.product), lang.pick("投诉与咨询走势", "投訴與諮詢走勢", "complaints and inquiries over time"));
        html! {
            section.product id=(format!("p{n}")) {
                h2 { (self.product_name(&product.product)) }
                p.lead { (said.join(lang.comma())) }
                @if let Some(rate) = &product.rate { p.note { (lang.rate(rate)) } }
                @if self.digest.points.len() > 2 {
                    (charts::lines(&self.digest.points, &[line("complaint"), line("inquiry")], &label))
                    p.legend { span.complaint { (lang.kind("complaint")) } span.inquiry { (lang.kind("inquiry")) } }
                }
                @for kind in product.kinds.iter().filter(|k| k.count > 0 || !k.causes.is_empty()) { (self.kind(product, kind)) }
                @if !product.read_for_certainty.is_empty() {
                    p.note { (lang.read_for_certainty()) (lang.colon()) (product.read_for_certainty.iter().map(|id| harmless(id)).collect::<Vec<_>>().join(" ")) }
                }
            }
        }
    }

    fn kind(&self, product: &ProductDigest, kind: &KindDigest) -> Markup {
        let lang = self.options.lang;
        let most = kind.causes.iter().map(|c| c.corrected.map_or(c.count, |c| c.high)).chain([kind.unassigned.count]).max().unwrap_or(1);
        let areas = kind.areas();
        let mut shown = 0;
        let (open, closed): (Vec<_>, Vec<_>) = areas.into_iter().partition(|a| {
            let before = shown;
            shown += a.causes.len();
            before < SHOWN_CAUSES
        });
        let hidden: usize = closed.iter().map(|a| a.causes.len()).sum();
        let more = match lang {
            Lang::Zh => format!("其余 {hidden} 个原因"),
            Lang::ZhHant => format!("其餘 {hidden} 個原因"),
            Lang::En => format!("{hidden} more causes"),
        };
        let rows = |areas: &[crate::digest::Area<'_>]| {
            html! { @for area in areas {
                @if let [only] = area.causes[..] { (self.cause(product, kind, only, &harmless(&only.cause), most, false)) }
                @else {
                    tr.area { th scope="row" { (harmless(area.name)) } td.n { (area.count) } }
                    @for c in &area.causes {
                        (self.cause(product, kind, c, &harmless(c.cause.split_once(" / ").map_or(c.cause.as_str(), |p| p.1)), most, true))
                    }
                }
            } }
        };
        html! {
            h3.(class(kind.kind)) { a href=(address(&product.product, Some(kind.kind), None, None)) { (text::counted(kind, lang)) } }
            table.causes {
                tbody { (rows(&open)) (self.unassigned(product, kind, most)) }
            }
            @if hidden > 0 { details { summary { (more) } table.causes { tbody { (rows(&closed)) } } } }
        }
    }

    fn cause(&self, product: &ProductDigest, kind: &KindDigest, c: &CauseDigest, name: &str, most: u64, inner: bool) -> Markup {
        let lang = self.options.lang;
        let unusual =
            self.digest.alerts.iter().find(|a| a.cause == c.cause && a.product == product.product && a.kind.map_or(UNDECIDED, Kind::code) == kind.kind);
        html! {
            tr.inner[inner] {
                th scope="row" {
                    a href=(address(&product.product, Some(kind.kind), Some(&c.cause), None)) { (name) }
                    @if let Some(a) = unusual { span.badge { (lang.alert(a.state, &a.since)) } }
                    span.note { (lang.beside(c.count, c.matters, c.same_text)) }
                }
                td.n { (c.shown()) span.note { (lang.interval(c.corrected)) } }
                td.bars { (charts::bar(c.shown(), most, span(c.corrected), class(kind.kind))) }
                @if self.held() { td.against { (lang.against(c.against, c.count)) } }
                @if self.drawn() { td.trend.(class(kind.kind)) { (charts::spark(&c.trend)) } }
                td.ids { (self.ids(&c.ids, c.count)) }
            }
        }
    }

    fn unassigned(&self, product: &ProductDigest, kind: &KindDigest, most: u64) -> Markup {
        let (lang, u) = (self.options.lang, &kind.unassigned);
        let (groups, rest) = u.shown_groups(SHOWN_GROUPS);
        html! {
            @if u.count > 0 || u.against.is_some_and(|a| a.before > 0) {
                tr.unassigned {
                    th scope="row" { a href=(address(&product.product, Some(kind.kind), Some(""), None)) { (lang.unassigned()) } span.note { (lang.beside(u.count, None, u.same_text)) } }
                    td.n { (u.count) }
                    td.bars { (charts::bar(u.count, most, None, "rest")) }
                    @if self.held() { td.against { (lang.against(u.against, u.count)) } }
                    @if self.drawn() { td.trend { (charts::spark(&u.trend)) } }
                    td.ids { (self.ids(&u.ids, u.count)) }
                }
                @for g in groups {
                    tr.inner.unassigned {
                        th scope="row" { a href=(address(&product.product, Some(kind.kind), Some(""), Some(&g.cause))) { (lang.group(&harmless(&g.cause))) } }
                        td.n { (g.count) }
                        td.bars { (charts::bar(g.count, most, None, "rest")) }
                        @if self.held() { td.against {} } @if self.drawn() { td.trend {} }
                        td.ids { (self.ids(&g.ids, g.count)) }
                    }
                }
                @if !groups.is_empty() && rest > 0 {
                    tr.inner.unassigned { th scope="row" { (lang.others()) } td.n { (rest) } td.bars { (charts::bar(rest, most, None, "rest")) } }
                }
            }
        }
    }

    fn ids(&self, ids: &[String], count: u64) -> Markup {
        let (shown, more) = super::shown_ids(ids, count, self.options);
        html! {
            @for id in &shown { a href=(format!("#t?id={}", percent(id))) { (id) } " " }
            @if more { "…" }
        }
    }

    fn breakdown(&self, b: &Breakdown) -> Markup {
        let lang = self.options.lang;
        let (head, nameless) = lang.by(b.by);
        let most = b.rows.iter().map(|r| r.count).max().unwrap_or(1);
        html! {
            section {
                h2 { (head) }
                table.causes { tbody { @for row in &b.rows { tr {
                    th scope="row" { @if row.name.is_empty() { (nameless) } @else { (harmless(&row.name)) } }
                    td.n { (row.count) }
                    td.bars { (charts::bar(row.count, most, None, "rest")) }
                    td.against { (lang.against(self.digest.against.is_some().then_some(crate::digest::Against { before: row.before, ..Default::default() }), row.count)) }
                    td { (lang.counted("complaint", row.complaints)) (lang.comma()) (lang.counted("inquiry", row.inquiries)) }
                } } } }
            }
        }
    }

    fn unread(&self) -> Markup {
        let (lang, listing) = (self.options.lang, self.listing);
        html! {
            @if listing.unread_total > 0 {
                section id="unread" {
                    h2 { (lang.pick("没有读进来的行", "沒有讀進來的行", "Rows that could not be read")) " " (listing.unread_total) }
                    div.scroll { table.unread {
                        thead { tr {
                            @for head in [lang.pick("文件", "檔案", "File"), lang.pick("行", "列", "Line"), lang.pick("原因", "原因", "Reason"), lang.pick("说明", "說明", "Detail")] {
                                th scope="col" { (head) }
                            }
                        } }
                        tbody { @for row in &listing.unread { tr {
                            td { (harmless(&row.file)) } td.n { (row.line) } td { (lang.reason(row.reason)) } td { (harmless(&row.detail)) }
                        } } }
                    } }
                    @if listing.unread_total > listing.unread.len() as u64 {
                        p.note { (lang.pick("这里只列出最前面的；加 --rejects 文件名 可以得到全部。", "這裡只列出最前面的；加 --rejects 檔名 可以得到全部。", "Only the first are listed; --rejects FILE gives all.")) }
                    }
                }
            }
        }
    }

    fn foot(&self) -> Markup {
        let lang = self.options.lang;
        html! {
            @if self.digest.is_corrected() { p { (lang.corrections()) } }
            @if let Some(days) = text::said_twice(self.digest) { p { (lang.repeats(days)) } }
            @if !self.digest.ids_not_found.is_empty() {
                p { (lang.pick("没有找到的编号", "沒有找到的編號", "ids not found")) (lang.colon()) (self.digest.ids_not_found.iter().map(|id| harmless(id)).collect::<Vec<_>>().join(" ")) }
            }
            p { (text::accounting_line(self.digest, self.options)) }
            @if self.listing.total > self.listing.tickets.len() as u64 {
                p { (match lang {
                    Lang::Zh => format!("本页附有 {} 件工单中的 {} 件：每个原因都有最前面的一些。", self.listing.total, self.listing.tickets.len()),
                    Lang::ZhHant => format!("本頁附有 {} 件工單中的 {} 件：每個原因都有最前面的一些。", self.listing.total, self.listing.tickets.len()),
                    Lang::En => format!("{} of {} tickets stand in this page: the first of every cause.", self.listing.tickets.len(), self.listing.total),
                }) }
            }
            noscript { p { (lang.pick("要点开看工单，请允许本页的脚本。", "要點開看工單，請允許本頁的腳本。", "To look at tickets, let this page's script run.")) } }
        }
    }

    /// Where tickets are shown: hidden until a number is clicked.
    fn drawer(&self) -> Markup {
        let lang = self.options.lang;
        let select = |id: &str, label: &'static str| html! { label { span { (label) } select id=(id) {} } };
        html! {
            @if !self.listing.tickets.is_empty() {
                a.all href="#t?" { (lang.pick("查工单", "查工單", "Find tickets")) }
                aside id="drawer" hidden tabindex="-1" aria-label=(lang.pick("工单", "工單", "Tickets")) {
                    div.bar {
                        h2 id="found" aria-live="polite" {}
                        button id="close" type="button" aria-label=(lang.pick("关闭", "關閉", "Close")) { "×" }
                    }
                    form id="filter" {
                        (select("fp", lang.pick("产品", "產品", "Product")))
                        (select("fk", lang.pick("类型", "類型", "Kind")))
                        (select("fc", lang.pick("原因", "原因", "Cause")))
                        label.wide { span { (lang.pick("包含文字或编号", "包含文字或編號", "Text or id")) } input id="fq" type="search" autocomplete="off"; }
                    }
                    ol id="list" {}
                    button id="more" type="button" hidden { (lang.pick("再看 100 件", "再看 100 件", "100 more")) }
                }
            }
        }
    }
}

/// The class that a kind's colour goes by.
fn class(kind: &str) -> &'static str {
    match kind {
        "complaint" => "complaint",
        "inquiry" => "inquiry",
        _ => "rest",
    }
}

fn span(corrected: Option<Corrected>) -> Option<(u64, u64)> {
    corrected.map(|c| (c.low, c.high))
}
