//! `ahu report`: a digest of a day, week, month, quarter, year or any days from the history.

use super::issue::REPEAT_DAYS;
use super::output;
use super::setup::{HistoryArgs, day_of, read_text, zone_of};
use super::summarize::{FormatArg, LangArg};
use ahu::error::{Error, Result};
use ahu::history::History;
use ahu::ingest::{Source, dates};
use ahu::pipeline::period::{self, Amounts, By, Length};
use ahu::report::{self, Format};
use jiff::ToSpan;
use jiff::civil::Date;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write a digest of days from the history, held against the days before: day, week, month, quarter, year, or any days
#[derive(clap::Args)]
pub struct Args {
    /// How long: the one that `--as-of` is in, up to that day
    #[arg(value_enum, default_value = "day")]
    length: LengthArg,
    #[command(flatten)]
    history: HistoryArgs,
    /// The last day [default: the last one that has tickets]
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// The first day, instead of a length; held against as many days before
    #[arg(long, value_name = "DATE", conflicts_with = "length")]
    since: Option<String>,
    /// As tickets were decided at the end of that day: later restatements are left away
    #[arg(long, value_name = "DATE")]
    as_decided: Option<String>,
    /// Only this product
    #[arg(long, value_name = "NAME")]
    product: Option<String>,
    /// Count by something else as well; repeatable
    #[arg(long, value_enum)]
    by: Vec<ByArg>,
    /// CSV of orders or active users: day, product (may be missing), number; complaints are told as a rate of them
    #[arg(long, value_name = "FILE")]
    rates: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArg,
    /// Language of what people read: zh, zh-Hant, en [default: zh]
    #[arg(long)]
    lang: Option<LangArg>,
    /// Write to FILE instead of stdout; replaced whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum LengthArg {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// What tickets are told apart by.
#[derive(Clone, Copy, clap::ValueEnum)]
enum ByArg {
    /// Channel
    Channel,
    /// Team that owns the cause
    Team,
    /// Stage of the customer's journey
    Stage,
    /// First part of the cause
    Area,
}

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let lang = LangArg::choose(args.lang, &args.history.taxonomy)?;
    let (path, settings) = args.history.find()?;
    let mut history = History::read(&path)?;
    if let Some(day) = day_of("--as-decided", args.as_decided.as_ref())? {
        let zone = zone_of(settings.time_zone.as_ref())?;
        let end = day.saturating_add(1.day()).to_zoned(zone).map_err(|e| Error::setup(format!("`--as-decided`: {e}")))?;
        history.read_as_decided_before(&end.timestamp().to_string())?;
    }
    let Some((first, last)) = history.span()? else {
        output::complain("the history has no tickets yet");
        return Ok(ExitCode::SUCCESS);
    };
    let until = day_of("--as-of", args.as_of.as_ref())?.unwrap_or(last);
    let length = match args.length {
        LengthArg::Day => Length::Day,
        LengthArg::Week => Length::Week,
        LengthArg::Month => Length::Month,
        LengthArg::Quarter => Length::Quarter,
        LengthArg::Year => Length::Year,
    };
    let (days, before) = match day_of("--since", args.since.as_ref())? {
        None => length.of(until),
        Some(since) if since > until => return Err(Error::setup(format!("`--since` {since} is after {until}"))),
        Some(since) => ((since, until), earlier(since, until)),
    };
    if days.1 < first || days.0 > last {
        output::complain(&format!("the history has tickets from {first} to {last}"));
    }
    let by = args.by.iter().map(|by| match by {
        ByArg::Channel => By::Channel,
        ByArg::Team => By::Team,
        ByArg::Stage => By::Stage,
        ByArg::Area => By::Area,
    });
    let week_ago = (days.0 == days.1).then(|| days.0.saturating_sub(7.days()));
    let format = args.format.format();
    let options = period::Options {
        days,
        before,
        week_ago,
        product: args.product,
        by: by.collect(),
        repeat_days: REPEAT_DAYS,
        list: format.tickets(),
        draw: format == Format::Text || format.tickets() > 0,
    };
    let rates =
        args.rates.as_deref().map(|path| Amounts::parse(&read_text(path)?, &dates::day).map_err(|e| e.in_file(&path.display().to_string()))).transpose()?;
    let classifier = args.history.taxonomy.classifier(&settings, &[])?;
    if let Some(rates) = &rates {
        rates.gaps(&history, &options)?.iter().for_each(|gap| output::complain(&format!("`--rates`: {gap}")));
    }
    let (mut digest, listing) = period::report(&history, &classifier, &options, rates.as_ref())?;
    if settings.columns.agent.is_none() {
        digest.agents.clear();
    }
    let text =
        report::render(&digest, &listing, format, report::Options { colour: output::is_coloured(args.output.as_deref()), ..report::Options::plain(lang) })?;
    let kept: Vec<Source> = [Some(path), args.rates].into_iter().flatten().map(Source::File).collect();
    output::publish(&text, args.output.as_deref(), &kept)?;
    Ok(ExitCode::SUCCESS)
}

/// As many days before.
fn earlier(since: Date, until: Date) -> (Date, Date) {
    let days = until.since(since).map_or(0, |s| s.get_days());
    let end = since.saturating_sub(1.day());
    (end.saturating_sub(days.days()), end)
}
