//! `ahu advise`: the proposal to one product's team.

use super::fix;
use super::output;
use super::setup::{HistoryArgs, day_of};
use super::summarize::LangArg;
use ahu::error::{Error, Result};
use ahu::history::History;
use ahu::ingest::Source;
use ahu::pipeline::advise::{Advice, Point, advise};
use ahu::report::{Lang, harmless, markdown::escape};
use jiff::ToSpan;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write the proposal to one product's team: what hurt most people, whether it grows, what was fixed, what people ask, in their words
#[derive(clap::Args)]
pub struct Args {
    /// The product
    #[arg(value_name = "PRODUCT")]
    product: String,
    #[command(flatten)]
    history: HistoryArgs,
    /// The last day [default: the last one that has tickets]
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// The first day [default: a year before]
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Language of what people read: zh, zh-Hant, en [default: zh]
    #[arg(long)]
    lang: Option<LangArg>,
    /// Write to FILE instead of stdout; replaced whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let lang = LangArg::choose(args.lang, &args.history.taxonomy)?;
    let (path, settings) = args.history.find()?;
    let history = History::read(&path)?;
    let (first, last) = history.span()?.ok_or_else(|| Error::setup("the history has no tickets yet"))?;
    let until = day_of("--as-of", args.as_of.as_ref())?.map_or(last, |day| day.min(last));
    let since = day_of("--since", args.since.as_ref())?.unwrap_or_else(|| until.saturating_sub(1.year()).saturating_add(1.day())).max(first);
    let classifier = args.history.taxonomy.classifier(&settings, &[])?;
    let advice = advise(&history, classifier.taxonomy(), &args.product, (since, until))?;
    output::publish(&markdown(&advice, lang), args.output.as_deref(), &[Source::File(path)])?;
    Ok(ExitCode::SUCCESS)
}

fn markdown(a: &Advice, lang: Lang) -> String {
    let (product, (from, to)) = (escape(&a.product), a.days);
    let mut out = match lang {
        Lang::Zh => format!("# 给「{product}」团队的建议\n\n{from} 至 {to}：投诉 {} 件，咨询 {} 件。\n", a.complaints, a.inquiries),
        Lang::ZhHant => format!("# 給「{product}」團隊的建議\n\n{from} 至 {to}：投訴 {} 件，諮詢 {} 件。\n", a.complaints, a.inquiries),
        Lang::En => format!("# Proposal to the team of {product}\n\n{from} to {to}: {} complaints, {} inquiries.\n", a.complaints, a.inquiries),
    };
    let mut part = |head: &str, points: &[Point], all: u64| {
        if !points.is_empty() {
            out.push_str(&format!("\n## {head}\n"));
            points.iter().enumerate().for_each(|(i, p)| out.push_str(&point(i + 1, p, all, lang)));
        }
    };
    part(lang.pick("最伤人的", "最傷人的", "What hurt most people"), &a.hurt, a.complaints);
    part(
        lang.pick("大家总在问的（产品里没说清楚）", "大家總在問的（產品裡沒說清楚）", "What people ask because the product does not say it"),
        &a.asked,
        a.inquiries,
    );
    if !a.fixes.is_empty() {
        out.push_str(&format!("\n## {}\n\n```text\n", lang.pick("修过的，管不管用", "修過的，管不管用", "What was fixed, and whether it worked")));
        out.push_str(&a.fixes.iter().map(|j| fix::one(j, lang)).collect::<Vec<_>>().join("\n"));
        out.push_str("```\n");
    }
    out
}

fn point(number: usize, p: &Point, all: u64, lang: Lang) -> String {
    let h = &p.hurt;
    let percent = (h.tickets as f64 * 100.0 / all.max(1) as f64).round();
    let share = if percent < 1.0 { lang.pick("不到 1", "不到 1", "less than 1").to_owned() } else { format!("{percent}") };
    let cause = escape(&h.cause);
    let people = match (h.customers, h.unnamed, lang) {
        (0, ..) => String::new(),
        (n, 0, Lang::Zh) => format!("，{n} 位客户"),
        (n, 0, Lang::ZhHant) => format!("，{n} 位客戶"),
        (n, 0, Lang::En) => format!(", {n} customers"),
        (n, m, Lang::Zh) => format!("，已知 {n} 位客户，另有 {m} 件不知道是谁"),
        (n, m, Lang::ZhHant) => format!("，已知 {n} 位客戶，另有 {m} 件不知道是誰"),
        (n, m, Lang::En) => format!(", {n} known customers, and {m} tickets of nobody known"),
    };
    let mut out = match lang {
        Lang::Zh => format!("\n### {number}. {cause}\n\n- {} 件（占 {share} %）{}\n", h.tickets, people),
        Lang::ZhHant => format!("\n### {number}. {cause}\n\n- {} 件（占 {share} %）{}\n", h.tickets, people),
        Lang::En => format!("\n### {number}. {cause}\n\n- {} tickets ({share} %){}\n", h.tickets, people),
    };
    if let Some((last, before)) = p.trend.filter(|(last, before)| last + before > 0) {
        let change = match (before, lang) {
            (0, _) => String::new(),
            (_, Lang::En) => format!(" ({:+.0} %)", (last as f64 / before as f64 - 1.0) * 100.0),
            _ => format!("（{:+.0} %）", (last as f64 / before as f64 - 1.0) * 100.0),
        };
        out.push_str(&match lang {
            Lang::Zh => format!("- 最近三个整月 {last} 件，前三个月 {before} 件{change}\n"),
            Lang::ZhHant => format!("- 最近三個整月 {last} 件，前三個月 {before} 件{change}\n"),
            Lang::En => format!("- the last three whole months {last}, the three before {before}{change}\n"),
        });
    }
    if p.months.len() > 1 && p.months.iter().any(|m| m.1 > 0) {
        let peak = p.months.iter().max_by_key(|m| m.1).map_or(String::new(), |m| m.0.strftime("%Y-%m").to_string());
        let row: Vec<String> = p.months.iter().map(|m| m.1.to_string()).collect();
        let first = p.months[0].0.strftime("%Y-%m");
        out.push_str(&match lang {
            Lang::Zh => format!("- 从 {first} 起每月：{}；最多的是 {peak}\n", row.join(" ")),
            Lang::ZhHant => format!("- 從 {first} 起每月：{}；最多的是 {peak}\n", row.join(" ")),
            Lang::En => format!("- a month from {first} on: {}; most in {peak}\n", row.join(" ")),
        });
    }
    if !p.returns.is_empty() {
        let days: Vec<String> = p.returns.iter().map(ToString::to_string).collect();
        out.push_str(&match lang {
            Lang::Zh => format!("- 突然变多过 {} 次：{}\n", days.len(), days.join("、")),
            Lang::ZhHant => format!("- 突然變多過 {} 次：{}\n", days.len(), days.join("、")),
            Lang::En => format!("- it rose suddenly {} times: {}\n", days.len(), days.join(", ")),
        });
    }
    for q in &p.quotes {
        out.push_str(&format!("- {}“{}”（{} {}）\n", lang.pick("原话", "原話", "in their words: "), escape(&harmless(&q.text)), escape(&q.id), q.day));
    }
    let none = lang.pick("（请在这里写上要做的事）", "（請在這裡寫上要做的事）", "(write here what is to be done)");
    out.push_str(&format!("- {}{}{}\n", lang.pick("建议", "建議", "suggestion"), lang.colon(), p.suggestion.as_deref().map_or(none.to_owned(), escape)));
    out
}
