//! What customers threaten with, and how the desk served, as sections of a page.

use super::super::{Lang, Options, harmless, service, shown_ids};
use super::{address, class, percent};
use crate::digest::{CheckDigest, Digest, RiskDigest, ServiceDigest};
use crate::prediction::Kind;
use maud::{Markup, html};

/// Customers to call back: before any count.
pub(super) fn risks(digest: &Digest, options: Options) -> Markup {
    html! {
        @if !digest.risks.is_empty() {
            section.risks id="risks" {
                h2 { (options.lang.risks()) }
                @for risk in &digest.risks { (of_risk(risk, options)) }
            }
        }
    }
}

/// Tickets of a risk that stand in the open.
const OPEN: usize = 5;

fn of_risk(risk: &RiskDigest, options: Options) -> Markup {
    let lang = options.lang;
    let ticket = |t: &crate::digest::RiskTicket| {
        html! {
            li {
                a href=(format!("#t?id={}", percent(&harmless(&t.id)))) { (harmless(&t.id)) } " "
                @if !t.product.is_empty() { span.note { (harmless(&t.product)) } " " }
                @if !t.sentence.is_empty() { q { (harmless(&t.sentence)) } }
            }
        }
    };
    let (open, closed) = risk.tickets.split_at(OPEN.min(risk.tickets.len()));
    html! {
        h3 { (lang.named(&risk.name)) " " (risk.count) }
        ul.said { @for t in open { (ticket(t)) } }
        @if !closed.is_empty() {
            details { summary { (lang.pick("其余", "其餘", "More")) " " (closed.len()) } ul.said { @for t in closed { (ticket(t)) } } }
        }
        @if risk.count > risk.tickets.len() as u64 {
            @let shown = risk.tickets.len();
            p.note { (match lang {
                Lang::Zh => format!("共 {} 件，这里列出 {shown} 件", risk.count),
                Lang::ZhHant => format!("共 {} 件，這裡列出 {shown} 件", risk.count),
                Lang::En => format!("{shown} of {}", risk.count),
            }) }
        }
    }
}

/// How the desk served, by product and cause.
pub(super) fn served(digest: &Digest, options: Options) -> Markup {
    let lang = options.lang;
    html! {
        @if !digest.service.is_empty() {
            section id="service" {
                h2 { (lang.service()) }
                @for of_product in digest.service.chunk_by(|a, b| a.product == b.product) {
                    @let name = &of_product[0].product;
                    h3 { @if name.is_empty() { (lang.no_product()) } @else { (harmless(name)) } }
                    div.scroll { table.service { tbody { @for s in of_product { (of_cause(s, options)) } } } }
                }
                @let measured = service::precisions(digest, lang);
                @if !measured.is_empty() { p.note { (measured) } }
            }
        }
    }
}

/// How each agent served.
pub(super) fn agents(digest: &Digest, options: Options) -> Markup {
    html! {
        @if !digest.agents.is_empty() {
            section id="agents" {
                h2 { (options.lang.agents()) }
                div.scroll { table.service { tbody {
                    @for a in &digest.agents {
                        tr {
                            th scope="row" { (harmless(&a.agent)) " " span.note { (a.tickets) } }
                            td { @for c in &a.checks { (of_check(c, a.tickets, options)) " " } }
                        }
                    }
                } } }
            }
        }
    }
}

/// What reply scripts lack.
pub(super) fn scripts(digest: &Digest, options: Options) -> Markup {
    let lang = options.lang;
    let missing = &digest.scripts.missing;
    html! {
        @if !digest.scripts.is_empty() {
            section id="scripts" {
                h2 { (lang.scripts()) }
                ul.said {
                    @for (nth, line) in service::scripts(digest, options).iter().enumerate() {
                        li {
                            @if let Some(m) = missing.get(nth).filter(|_| nth < service::most_scripts(options)) {
                                a href=(address(&m.product, Some(Kind::Inquiry.code()), Some(&m.cause), None)) { (line) }
                            } @else { (line) }
                        }
                    }
                }
            }
        }
    }
}

fn of_cause(s: &ServiceDigest, options: Options) -> Markup {
    let lang = options.lang;
    let cause = if s.cause.is_empty() { lang.unassigned().to_owned() } else { harmless(&s.cause) };
    html! {
        tr {
            th scope="row" {
                a href=(address(&s.product, Some(s.kind), Some(&s.cause), None)) { (cause) } " "
                span.note { (lang.counted(s.kind, s.tickets)) }
            }
            td {
                @for c in &s.checks { (of_check(c, s.tickets, options)) " " }
                @for q in service::quotes(s, options) { p.note { (q) } }
            }
        }
    }
}

/// A check beside how many tickets it could have fired in; of faults the tickets.
fn of_check(c: &CheckDigest, tickets: u64, options: Options) -> Markup {
    let (shown, more) = shown_ids(&c.ids, c.count, options);
    let colour = if c.good { class("inquiry") } else { class("complaint") };
    html! {
        span.chip.(colour) {
            (options.lang.named(&c.name)) " " b { (c.count) } "/" (tickets)
            @if !c.good { @for id in &shown { " " a href=(format!("#t?id={}", percent(id))) { (id) } } @if more { " …" } }
        }
    }
}
