//! `ahu evaluate`: how good decisions are, on tickets whose labels people have told.

use super::output;
use super::setup::{InputArgs, TaxonomyArgs, read_model};
use super::summarize::LangArg;
use super::train::LabelArgs;
use ahu::error::{Error, Result};
use ahu::learn::judging::{self, Coverage, Evaluation, Method, Share};
use ahu::mask;
use ahu::model::Target;
use ahu::report::{Lang, harmless};
use ahu::review::Labels;
use ahu::segment::Segmenter;
use ahu::ticket::Labelled;
use std::path::PathBuf;
use std::process::ExitCode;
use unicode_width::UnicodeWidthStr;

/// Measure on labelled tickets: with --model that model, else what a model would learn from them, by cross-validation
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    labels: LabelArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
    /// Parts for cross-validation
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=50))]
    folds: u64,
    /// Measure only on the tenth of the tickets that `train --hold-out` leaves out (told by their ids)
    #[arg(long)]
    hold_out: bool,
    /// How to write the result
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArg,
    /// Language of what people read: zh, zh-Hant, en [default: zh]
    #[arg(long)]
    lang: Option<LangArg>,
    /// Write to FILE instead of stdout; replaced whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum FormatArg {
    Text,
    Json,
}

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let lang = LangArg::choose(args.lang, &args.taxonomy)?;
    let paths = args.taxonomy.models(&args.taxonomy.settings()?).to_vec();
    args.taxonomy.rules_alone = args.labels.from_rules;
    let setup = args.input.setup(&args.taxonomy)?;
    setup.refuse_one_file(&[("-o", args.output.as_deref())])?;
    let target = args.labels.trainer.target;
    let models = paths.iter().map(|p| read_model(p)).filter(|m| m.as_ref().map_or(true, |m| m.target == target));
    let model = models.collect::<Result<Vec<_>>>()?.pop();
    if model.is_none() && !paths.is_empty() {
        return Err(Error::setup(format!("none of the models tells the target `{}`", target.code())));
    }
    let trainer = args.labels.trainer.trainer(&setup)?;
    let rows = args.labels.rows(&setup)?;
    if args.hold_out && rows.iter().any(|r| ahu::review::is_row_number(&r.id)) {
        output::complain(ahu::learn::judging::ROWS_HAVE_NO_IDS);
    }
    let (rows, rest): (Vec<Labelled>, Vec<Labelled>) = rows.into_iter().partition(|r| !args.hold_out || judging::is_held_out(&r.id));
    if rows.is_empty() {
        return Err(Error::input("no labelled row to measure on"));
    }
    let segmenter = Segmenter::new(Vec::new());
    let abstain = trainer.abstain_label.as_deref();
    let all: Vec<(usize, &Labelled)> = rows.iter().enumerate().collect();
    let (labels, judged, method) = match model {
        None if args.hold_out => {
            let labels = judging::label_list(&[&rows[..], &rest[..]].concat(), abstain);
            let model = trainer.train(&rest, &segmenter)?.model;
            (labels.clone(), judging::judge(model, &labels, &all, &segmenter), Method::HeldOut { trained_on: rest.len() as u64 })
        }
        None => {
            let judged = judging::cross_validate(&trainer, &rows, args.folds, &segmenter)?;
            (judging::label_list(&rows, abstain), judged, Method::CrossValidation { folds: args.folds })
        }
        Some(model) => {
            let unknown: Vec<String> = judging::label_list(&rows, abstain).into_iter().filter(|l| !model.labels.contains(l)).collect();
            if !unknown.is_empty() {
                output::complain(&format!("the model does not know these labels, and cannot give them: {}", unknown.join(", ")));
            }
            let mut labels = [judging::label_list(&rows, abstain), model.labels.clone()].concat();
            labels.sort_unstable();
            labels.dedup();
            let method = Method::Model { trained_on: model.summary.rows };
            (labels.clone(), judging::judge(model, &labels, &all, &segmenter), method)
        }
    };
    let evaluation = Evaluation::of(method, &judged, &rows, &labels, abstain);
    let text = match args.format {
        FormatArg::Json => serde_json::to_string(&evaluation).map_err(|e| Error::setup(e.to_string()))? + "\n",
        FormatArg::Text => render(&evaluation, &rows, target, lang, setup.mask),
    };
    output::publish(&text, args.output.as_deref(), &setup.kept)?;
    Ok(ExitCode::SUCCESS)
}

/// Most lines of a list.
const SHOWN: usize = 20;
/// Most labels of which each has its line.
const SHOWN_LABELS: usize = 200;
/// Characters of a suspect's text.
const EXCERPT: usize = 30;

fn percent(share: Share) -> String {
    // Of nothing there is no share.
    if share.low <= 0.0 && share.high >= 1.0 {
        return "—".to_owned();
    }
    format!("{:.1} % ({:.1}–{:.1})", share.value * 100.0, share.low * 100.0, share.high * 100.0)
}

/// Columns that align whatever their widths are.
fn table(out: &mut String, rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns).map(|c| rows.iter().map(|r| r[c].width()).max().unwrap_or(0)).collect();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width()))).collect();
        out.push_str("  ");
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
}

fn heading(out: &mut String, lang: Lang, zh: &'static str, hant: &'static str, en: &'static str) {
    out.push_str(&format!("\n{}\n", lang.pick(zh, hant, en)));
}

/// How it was measured.
fn method(method: Method, lang: Lang) -> String {
    match (method, lang) {
        (Method::CrossValidation { folds }, Lang::Zh) => format!("{folds} 折交叉验证"),
        (Method::CrossValidation { folds }, Lang::ZhHant) => format!("{folds} 折交叉驗證"),
        (Method::CrossValidation { folds }, Lang::En) => format!("{folds}-fold cross-validation"),
        (Method::HeldOut { trained_on }, Lang::Zh) => format!("用 {trained_on} 条训练，在留出的十分之一上测"),
        (Method::HeldOut { trained_on }, Lang::ZhHant) => format!("用 {trained_on} 條訓練，在留出的十分之一上測"),
        (Method::HeldOut { trained_on }, Lang::En) => format!("trained on {trained_on} rows, measured on the tenth held out"),
        (Method::Model { trained_on }, Lang::Zh) => format!("用 {trained_on} 条训练的模型"),
        (Method::Model { trained_on }, Lang::ZhHant) => format!("用 {trained_on} 條訓練的模型"),
        (Method::Model { trained_on }, Lang::En) => format!("a model trained on {trained_on} rows"),
    }
}

fn render(e: &Evaluation, rows: &[Labelled], target: Target, lang: Lang, masked: bool) -> String {
    let mut out = String::new();
    let kinds = Labels::new(target, []);
    let name = |label: &str| if lang == Lang::En { label.to_owned() } else { kinds.shown(label).to_owned() };
    let accuracy = if e.several {
        lang.pick("首个标签准确率", "首個標籤準確率", "first label right")
    } else {
        lang.pick("准确率", "準確率", "accuracy")
    };
    out.push_str(&format!("{}{}{}\n", lang.pick("测评", "測評", "Evaluation"), lang.colon(), method(e.method, lang)));
    out.push_str(&format!("{} {}{}{accuracy} {}\n", e.rows, lang.pick("条", "條", "rows"), lang.comma(), percent(e.accuracy)));
    out.push_str(&format!("micro-F1 {:.3}  macro-F1 {:.3}  ECE {:.3}\n", e.micro_f1, e.macro_f1, e.ece));
    if let Some(a) = &e.abstain {
        let (none, rest) = (lang.pick("弃判率", "棄判率", "abstained from"), lang.pick("其余行判对率", "其餘行判對率", "other rows decided rightly"));
        out.push_str(&format!(
            "{} {} {}{}{none} {}{}{rest} {}\n",
            harmless(&a.label),
            a.rows,
            lang.pick("条", "條", "rows"),
            lang.comma(),
            percent(a.recall),
            lang.comma(),
            percent(a.in_scope_accuracy)
        ));
    }
    heading(&mut out, lang, "各标签（括号里是 95 % 区间）", "各標籤（括號裡是 95 % 區間）", "Labels (95 % intervals in brackets)");
    let mut lines = vec![
        [("标签", "標籤", "label"), ("条数", "條數", "rows"), ("精确率", "精確率", "precision"), ("召回率", "召回率", "recall"), ("F1", "F1", "F1")]
            .map(|(zh, hant, en)| lang.pick(zh, hant, en).to_owned())
            .to_vec(),
    ];
    lines.extend(
        e.labels
            .iter()
            .take(SHOWN_LABELS)
            .map(|l| vec![harmless(&name(&l.label)), l.rows.to_string(), percent(l.precision), percent(l.recall), format!("{:.3}", l.f1)]),
    );
    table(&mut out, &lines);
    if !e.confusions.is_empty() {
        heading(&mut out, lang, "最常混淆（应为 → 判成）", "最常混淆（應為 → 判成）", "Confused most (label → given)");
        table(
            &mut out,
            &e.confusions
                .iter()
                .take(SHOWN)
                .map(|c| vec![c.rows.to_string(), format!("{} → {}", harmless(&name(&c.label)), harmless(&name(&c.given)))])
                .collect::<Vec<_>>(),
        );
    }
    heading(&mut out, lang, "把握与准确率", "把握與準確率", "Confidence and accuracy");
    let bar = |right: f64| "█".repeat((right * 20.0).round() as usize);
    let head = |names: &[(&'static str, &'static str, &'static str)]| names.iter().map(|(zh, hant, en)| lang.pick(zh, hant, en).to_owned()).collect::<Vec<_>>();
    let mut lines =
        vec![head(&[("把握", "把握", "confidence"), ("条数", "條數", "rows"), ("平均把握", "平均把握", "mean"), ("判对", "判對", "right"), ("", "", "")])];
    lines.extend(e.reliability.iter().filter(|b| b.rows > 0).map(|b| {
        vec![
            format!("{:.0}–{:.0} %", b.from * 100.0, b.from * 100.0 + 10.0),
            b.rows.to_string(),
            format!("{:.1} %", b.probability * 100.0),
            format!("{:.1} %", b.right * 100.0),
            bar(b.right),
        ]
    }));
    table(&mut out, &lines);
    heading(&mut out, lang, "只判最有把握的一部分", "只判最有把握的一部分", "Deciding only the surest");
    let line = |c: &Coverage| vec![format!("{:.0} %", c.coverage * 100.0), percent(c.precision), format!("{:.3}", c.probability)];
    let mut lines = vec![head(&[("判多少", "判多少", "decided"), ("判对", "判對", "right"), ("把握至少", "把握至少", "confidence")])];
    lines.extend(e.coverage.iter().map(line));
    table(&mut out, &lines);
    if !e.suspects.is_empty() {
        heading(&mut out, lang, "疑似标错（现标签 → 更像）", "疑似標錯（現標籤 → 更像）", "Labels that are probably wrong (label → likelier)");
        let excerpt = |row: usize| {
            let text: String = rows[row].text.split_whitespace().collect::<Vec<_>>().join(" ");
            let shown = if masked { mask::mask(&text).into_owned() } else { text };
            harmless(&shown).chars().take(EXCERPT).collect::<String>()
        };
        let line = |s: &judging::Suspect| {
            vec![
                harmless(&s.id),
                format!("{} → {}", harmless(&name(&s.label)), harmless(&name(&s.likely))),
                format!("{:.0} %", s.probability * 100.0),
                excerpt(s.row),
            ]
        };
        table(&mut out, &e.suspects.iter().take(SHOWN).map(line).collect::<Vec<_>>());
    }
    out
}
