//! `ahu doctor`: how the history is.

use super::output;
use super::setup::HistoryArgs;
use ahu::error::{Error, ErrorKind, Result};
use ahu::history::History;
use std::process::ExitCode;

/// Look the history over: whether the file is whole, counts are those of the tickets, digests are in their places
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    history: HistoryArgs,
}

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let (path, _) = args.history.find()?;
    let health = History::read(&path)?.health()?;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let mut out = format!(
        "{} tickets on {} days from {} runs, {:.1} MiB ({:.1} MiB of them free)\n",
        health.tickets,
        health.days,
        health.runs,
        mib(health.bytes),
        mib(health.free)
    );
    let days = |days: &[jiff::civil::Date]| days.iter().take(10).map(ToString::to_string).collect::<Vec<_>>().join(" ");
    if health.outdated > 0 {
        out.push_str(&format!("{} tickets were decided by other rules or models than the last run's; `ahu restate` decides them anew\n", health.outdated));
    }
    if !health.unpublished.is_empty() {
        out.push_str(&format!(
            "{} digests are not in their places ({}); the next `ahu run` puts them there\n",
            health.unpublished.len(),
            days(&health.unpublished)
        ));
    }
    let mut wrong = Vec::new();
    wrong.extend(health.damage.iter().map(|line| format!("the file is damaged: {line}")));
    if !health.miscounted.is_empty() {
        wrong.push(format!("the counts of {} days are not those of their tickets: {}", health.miscounted.len(), days(&health.miscounted)));
    }
    if wrong.is_empty() {
        out.push_str("all right\n");
        output::publish(&out, None, &[])?;
        return Ok(ExitCode::SUCCESS);
    }
    output::publish(&out, None, &[])?;
    wrong.push("put a backup in its place".to_owned());
    Err(Error::new(ErrorKind::Io, wrong.join("; ")).in_file(&path.display().to_string()))
}
