//! `ahu forget`: personal data requests, and what is too old to keep.

use super::issue::Issuer;
use super::lock::Lock;
use super::output;
use super::run::{decider_of, job_of};
use super::setup::{TaxonomyArgs, day_of};
use super::summarize::LangArg;
use ahu::error::Result;
use ahu::history::{Forget, History};
use ahu::ingest::dates;
use jiff::{Timestamp, ToSpan};
use std::process::ExitCode;

/// Take tickets out of the history: of one customer, of one id, or the texts of old ones; digests are issued without them
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true)))]
pub struct Args {
    /// All tickets of this customer, as the customer's column writes it
    #[arg(long, value_name = "NAME", group = "what")]
    customer: Option<String>,
    /// The tickets with this id
    #[arg(long, value_name = "ID", group = "what")]
    id: Option<String>,
    /// The texts and customers of tickets older than so many days; their counts stay
    #[arg(long, value_name = "DAYS", group = "what")]
    older_than: Option<u32>,
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
    let what = match (args.customer, args.id, args.older_than) {
        (Some(customer), _, _) => Forget::Customer(customer.trim().to_owned()),
        (_, Some(id), _) => Forget::Id(id),
        (_, _, days) => Forget::Before(today.saturating_sub(i64::from(days.unwrap_or(u32::MAX)).days())),
    };
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
    let forgotten = writing.forget(&what)?;
    writing.close("forget", 0, 0)?;
    writing.withdraw()?;
    let days = issuer.issue(writing, &classifier, args.dry_run)?;
    if !args.dry_run {
        history.vacuum()?;
    }
    let said = if args.dry_run { "would be" } else { "are" };
    let kept = if matches!(what, Forget::Before(_)) { "; their counts stay" } else { "" };
    output::complain(&format!("{forgotten} tickets {said} forgotten{kept}; {} digests {said} issued without them", days.len()));
    Ok(ExitCode::SUCCESS)
}
