//! `ahu restate`: the past, as today's taxonomy and models see it.

use super::issue::Issuer;
use super::lock::Lock;
use super::output;
use super::run::{decider_of, job_of};
use super::setup::TaxonomyArgs;
use super::summarize::LangArg;
use ahu::error::Result;
use ahu::history::History;
use ahu::ingest::dates;
use ahu::pipeline::restate::restate;
use ahu::report::{Lang, harmless};
use jiff::Timestamp;
use std::process::ExitCode;

/// Decide the tickets of the history anew, by the taxonomy, rules and models of today; digests are issued again, marked revised
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
    /// Tell what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Language of what people read: zh, zh-Hant, en [default: zh]
    #[arg(long)]
    lang: Option<LangArg>,
}

/// Counts that are shown.
const SHOWN: usize = 40;

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let now = Timestamp::now();
    let settings = args.taxonomy.settings_here()?;
    let run = job_of(&settings, args.taxonomy.config.as_deref())?;
    let lang = LangArg::choose(args.lang, &args.taxonomy)?;
    History::read(&run.history)?;
    let _lock = Lock::take(&run.history, "restate")?;
    let classifier = args.taxonomy.classifier(&settings, &[])?;
    let issuer = Issuer::new(&run, &settings, &classifier, lang)?;
    let mut history = History::open(&run.history)?;
    if !args.dry_run {
        issuer.heal(&mut history, &classifier)?;
    }
    let today = now.to_zoned(dates::china()).date();
    let mut writing = history.begin(today, &now.to_string(), &decider_of(&args.taxonomy, &settings, &classifier)?)?;
    let began = std::time::Instant::now();
    let restated = restate(&mut writing, &classifier, &now.to_string())?;
    output::detail(&format!("deciding {} tickets: {:.2} s", restated.decided, began.elapsed().as_secs_f64()));
    writing.close("restate", 0, 0)?;
    let days = issuer.issue(writing, &classifier, args.dry_run)?;
    let (decided, changed, issued) = (restated.decided, restated.changed, days.len());
    let mut out = match lang {
        Lang::Zh => format!("重新归类 {decided} 件，{changed} 件变了，{issued} 天的日报要重发\n"),
        Lang::ZhHant => format!("重新歸類 {decided} 件，{changed} 件變了，{issued} 天的日報要重發\n"),
        Lang::En => format!("{decided} tickets decided anew, {changed} of them changed, the digests of {issued} days are issued again\n"),
    };
    for c in restated.counts.iter().take(SHOWN) {
        let product = if c.product.is_empty() { lang.no_product().to_owned() } else { harmless(&c.product) };
        let cause = if c.cause.is_empty() { lang.unassigned().to_owned() } else { harmless(&c.cause) };
        let kind = lang.kind(c.kind.map_or(ahu::digest::UNDECIDED, ahu::prediction::Kind::code));
        out.push_str(&format!("  {:+}  {product} {kind} {cause}  {} → {}\n", c.after as i64 - c.before as i64, c.before, c.after));
    }
    if restated.counts.len() > SHOWN {
        out.push_str(&format!("  … {}\n", restated.counts.len() - SHOWN));
    }
    output::publish(&out, None, &[])?;
    if restated.without_text > 0 {
        let n = restated.without_text;
        output::complain(&match lang {
            Lang::Zh => format!("{n} 件工单没有保留原文，归类不变"),
            Lang::ZhHant => format!("{n} 件工單沒有保留原文，歸類不變"),
            Lang::En => format!("{n} tickets have no text any more and stay as they were decided"),
        });
    }
    if args.dry_run {
        output::complain(lang.pick("试运行：什么都没有改", "試運行：什麼都沒有改", "a dry run: nothing was changed"));
    }
    Ok(ExitCode::SUCCESS)
}
