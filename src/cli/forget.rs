//! `ahu forget`: personal data requests, and what is too old to keep.

use super::issue::Issuer;
use super::lock::Lock;
use super::output;
use super::run::{decider_of, job_of};
use super::setup::{TaxonomyArgs, day_of};
use super::summarize::LangArg;
use ahu::error::{Error, Result};
use ahu::history::{Forget, History, Writing};
use ahu::ingest::dates;
use ahu::report::Lang;
use jiff::{Timestamp, ToSpan};
use std::process::ExitCode;

/// Take tickets out of the history: of one customer, of one id, or the texts of old ones; digests are issued without them
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true)))]
pub struct Args {
    /// All tickets of this customer, as the customer's column writes it
    #[arg(long, value_name = "NAME", group = "what")]
    customer: Option<String>,
    /// The ticket with this id, as the export writes it or as a digest shows it; where several have it, they are listed
    #[arg(long, value_name = "ID", group = "what")]
    id: Option<String>,
    /// The ticket with this number, as `--id` lists them
    #[arg(long, value_name = "N", group = "what")]
    ticket: Option<i64>,
    /// The texts and customers of tickets older than so many days; their counts stay
    #[arg(long, value_name = "DAYS", group = "what", value_parser = clap::value_parser!(u32).range(..=40_000))]
    older_than: Option<u32>,
    /// Of `--id`: only in this channel
    #[arg(long, value_name = "NAME", requires = "id")]
    channel: Option<String>,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
    /// The day from which age is reckoned [default: today]
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// Tell how many it would be, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Language of what people read: zh, zh-Hant, en [default: zh]
    #[arg(long)]
    lang: Option<LangArg>,
}

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let now = Timestamp::now();
    let settings = args.taxonomy.settings_here()?;
    let run = job_of(&settings, args.taxonomy.config.as_deref())?;
    let lang = LangArg::choose(args.lang, &args.taxonomy)?;
    let today = day_of("--as-of", args.as_of.as_ref())?.unwrap_or_else(|| now.to_zoned(dates::china()).date());
    // There must be something to forget.
    History::read(&run.history)?;
    let _lock = Lock::take(&run.history, "forget")?;
    let classifier = args.taxonomy.classifier(&settings, &[])?;
    let issuer = Issuer::new(&run, &settings, &classifier, lang)?;
    let mut history = History::open(&run.history)?;
    if !args.dry_run {
        issuer.heal(&mut history, &classifier)?;
    }
    let mut writing = history.begin(today, &now.to_string(), &decider_of(&args.taxonomy, &settings, &classifier)?)?;
    let (forgotten, kept) = match (args.customer, args.id, args.ticket) {
        (Some(customer), _, _) => (writing.forget(&Forget::Customer(customer.trim().to_owned()))?, false),
        (_, Some(id), _) => (one_called(&writing, id.trim(), args.channel.as_deref())?.map_or(Ok(0), |t| writing.forget(&Forget::Ticket(t)))?, false),
        (_, _, Some(ticket)) => (writing.forget(&Forget::Ticket(ticket))?, false),
        _ => (writing.forget(&Forget::Before(today.saturating_sub(i64::from(args.older_than.unwrap_or(40_000)).days())))?, true),
    };
    writing.close("forget", 0, 0)?;
    let days = issuer.issue(writing, &classifier, args.dry_run)?;
    if !args.dry_run {
        history.clean()?;
    }
    output::complain(&said(forgotten, days.len(), kept, args.dry_run, lang));
    Ok(ExitCode::SUCCESS)
}

/// The ticket that an id means; an error where it may be one of several.
fn one_called(writing: &Writing<'_>, id: &str, channel: Option<&str>) -> Result<Option<i64>> {
    let found = writing.tickets_called(id, channel.map(str::trim))?;
    if found.len() < 2 {
        return Ok(found.first().map(|f| f.ticket));
    }
    for f in found.iter().take(SHOWN) {
        output::complain(&format!("--ticket {}  {}  {}  {}  {}", f.ticket, f.day, f.channel, f.id, f.text));
    }
    let n = found.len();
    Err(Error::setup(format!(
        "{n} tickets may be meant by the id `{id}`, and nothing was forgotten: name one with `--ticket N`, or its channel with `--channel`"
    )))
}

/// Tickets that are listed where several may be meant.
const SHOWN: usize = 20;

fn said(forgotten: u64, days: usize, counts_stay: bool, dry: bool, lang: Lang) -> String {
    let kept = if counts_stay { lang.pick("（件数保留）", "（件數保留）", " (their counts stay)") } else { "" };
    let nothing = lang.pick(
        "没有符合的工单；编号和客户要和导出里写的一样",
        "沒有符合的工單；編號和客戶要和匯出裡寫的一樣",
        "no ticket is so: ids and customers are told as the export writes them",
    );
    match (forgotten, lang, dry) {
        (0, ..) if !counts_stay => nothing.to_owned(),
        (n, Lang::Zh, false) => format!("已删除 {n} 件工单{kept}，重发 {days} 天的日报"),
        (n, Lang::Zh, true) => format!("试运行：会删除 {n} 件工单{kept}，会重发 {days} 天的日报"),
        (n, Lang::ZhHant, false) => format!("已刪除 {n} 件工單{kept}，重發 {days} 天的日報"),
        (n, Lang::ZhHant, true) => format!("試運行：會刪除 {n} 件工單{kept}，會重發 {days} 天的日報"),
        (n, Lang::En, false) => format!("{n} tickets are forgotten{kept}; {days} digests are issued without them"),
        (n, Lang::En, true) => format!("{n} tickets would be forgotten{kept}; {days} digests would be issued without them"),
    }
}
