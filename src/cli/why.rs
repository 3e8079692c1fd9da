//! `ahu why`: the decision for one ticket, step by step.

use super::output;
use super::setup::{InputArgs, TaxonomyArgs};
use ahu::classify::{Candidate, Classifier, Field};
use ahu::error::{Error, Result};
use ahu::model::Target;
use ahu::pipeline::inspect::{Explained, inspect};
use ahu::prediction::{Evidence, Fired};
use ahu::report::{Lang, harmless};
use ahu::review::Labels;
use ahu::ticket::Ticket;
use std::process::ExitCode;

/// Show the decision for one ticket step by step: `ahu why EV123 june.csv`, or `ahu why --text '奖励没到账'`
#[derive(clap::Args)]
pub struct Args {
    /// Event id to look for in the inputs (with --text: not needed)
    #[arg(value_name = "ID", required_unless_present = "text")]
    id: Option<String>,
    /// A text to decide instead of a ticket from a file
    #[arg(long, value_name = "T", conflicts_with = "id")]
    text: Option<String>,
    /// The product of that text
    #[arg(long, value_name = "NAME", requires = "text")]
    product: Option<String>,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
}

pub fn execute(args: Args) -> Result<ExitCode> {
    if let Some(text) = &args.text {
        let classifier = args.taxonomy.classifier(&args.taxonomy.settings()?, &[])?;
        let ticket = Ticket { text: text.into(), product: args.product.as_deref().unwrap_or("").into(), ..Ticket::default() };
        let explained = Explained::new(&classifier, &ticket, Field::UNKNOWN, !args.input.no_mask);
        let lines = steps(&classifier, &explained);
        output::publish(&lines, None, &[])?;
        return Ok(ExitCode::SUCCESS);
    }
    let id = args.id.unwrap_or_default();
    let mut setup = args.input.setup(&args.taxonomy)?;
    setup.only_ids = Some([id.clone()].into());
    let job = setup.job();
    let (found, _) = setup.with_progress(|| inspect(&job))?;
    if found.is_empty() {
        return Err(Error::input(format!("no row has the id `{id}`")));
    }
    let mut out = String::new();
    for (i, ticket) in found.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        out.push_str(&format!("工单　{}　{}\n", harmless(&ticket.id), harmless(&ticket.product)));
        out.push_str(&steps(&setup.classifier, ticket));
    }
    output::publish(&out, None, &setup.sources)?;
    Ok(ExitCode::SUCCESS)
}

fn words(evidence: &[Evidence]) -> String {
    evidence.iter().map(|e| format!("「{}」@{}", harmless(&e.words), e.at)).collect::<Vec<_>>().join(" ")
}

/// The steps, in Chinese, one a line.
fn steps(classifier: &Classifier, explained: &Explained) -> String {
    let t = classifier.taxonomy();
    let (text, e) = (&explained.text, &explained.explanation);
    let mut out =
        format!("原文　{}\n规范　{}\n分词　{}\n", harmless(text), harmless(&e.normalized), e.words.iter().map(|w| harmless(w)).collect::<Vec<_>>().join("/"));
    let fields: Vec<String> =
        e.fields.iter().map(|(p, n)| if e.field_told { t.packs[*p].name.clone() } else { format!("{}（{n} 个行业词）", t.packs[*p].name) }).collect();
    let fields = if fields.is_empty() { "看不出，只用通用原因".to_owned() } else { fields.join("、") };
    out.push_str(&format!("领域　{fields}{}\n", if e.field_told { "（由产品得知）" } else { "" }));
    if let Some(p) = e.prediction.as_ref().and_then(|p| p.product.as_deref()) {
        out.push_str(&format!("产品　{}\n", harmless(p)));
    }
    for (i, c) in e.candidates.iter().enumerate() {
        out.push_str(if i == 0 { "原因　" } else { "　　　" });
        out.push_str(&candidate(classifier, c));
    }
    if e.candidates.is_empty() {
        out.push_str("原因　没有规则命中\n");
    }
    for (i, cue) in e.cues.iter().enumerate() {
        let c = &t.cues[cue.cue];
        out.push_str(&format!("{}{} {:+.1}　{}\n", if i == 0 { "语气　" } else { "　　　" }, Lang::Zh.kind(c.kind.code()), c.weight, words(&cue.evidence)));
    }
    let scores: Vec<String> = e.kinds.iter().map(|(k, s)| format!("{} {s:.1}", Lang::Zh.kind(k.code()))).collect();
    out.push_str(&format!("得分　{}\n", scores.join("　")));
    for m in &e.models {
        let of = match m.target {
            Target::Kind => "类型",
            Target::Product => "产品",
            Target::Cause => "原因",
        };
        let names = Labels::new(m.target, []);
        let labels: Vec<String> = m.labels.iter().map(|(l, p)| format!("{} {:.1} %", harmless(names.shown(l)), p * 100.0)).collect();
        let words: Vec<String> = m.words.iter().map(|(e, weight)| format!("「{}」@{} {weight:+.2}", harmless(&e.words), e.at)).collect();
        let sure = if m.sure { "" } else { "　✗ 没有把握，不采用" };
        out.push_str(&format!("模型　{of}：{}　{}{sure}\n", labels.join("　"), words.join(" ")));
    }
    out.push_str(&checks(classifier, &explained.fired));
    if let Some(p) = &e.prediction {
        let kind = p.kind.map_or("未判定", |k| Lang::Zh.kind(k.code()));
        let cause = p.cause.map_or("未归类".to_owned(), |c| t.causes[c].name());
        out.push_str(&format!(
            "结论　{kind}（{:.2}）　{cause}{}\n",
            p.kind_confidence,
            if p.cause.is_some() { format!("（{:.2}）", p.cause_confidence) } else { String::new() }
        ));
        if let Some(script) = p.cause.and_then(|c| t.causes[c].script.as_deref()) {
            out.push_str(&format!("话术　{script}\n"));
        }
    }
    out
}

/// Checks that fired, each with its sentence.
fn checks(classifier: &Classifier, fired: &[Fired]) -> String {
    let mut out = String::new();
    for (i, f) in fired.iter().enumerate() {
        let check = &classifier.taxonomy().checks[f.check];
        let sort = if check.risk {
            "风险"
        } else if check.good {
            "做到"
        } else {
            "没做好"
        };
        let said = if f.sentence.words.is_empty() { String::new() } else { format!("　「{}」", harmless(&f.sentence.words)) };
        let place = format!("{} 第 {} 行", check.file, check.line);
        out.push_str(&format!("{}{sort} {}{said}　{place}\n", if i == 0 { "质检　" } else { "　　　" }, check.name.zh));
    }
    out
}

/// Longest piece of a rule that is shown, in characters; its file and line tell the rest.
const SHOWN_RULE: usize = 60;

fn shorten(rule: &str) -> String {
    let mut chars = rule.chars();
    let mut shown: String = chars.by_ref().take(SHOWN_RULE).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

fn candidate(classifier: &Classifier, c: &Candidate) -> String {
    let t = classifier.taxonomy();
    let cause = &t.causes[c.cause];
    let rule = &cause.rules[c.rule];
    let dropped = c.dropped.map_or("", |d| match d {
        "of another product" => "　✗ 属于别的产品",
        "of another field" => "　✗ 属于别的领域",
        _ => "　✗ 看不出属于哪个领域",
    });
    format!("{:.1} 分　{}　{}　{} 第 {} 行：{}{dropped}\n", c.score, cause.name(), words(&c.evidence), cause.file, rule.line, shorten(&rule.text))
}
