//! `ahu backup`: a copy of the history.

use super::output;
use super::setup::HistoryArgs;
use ahu::error::Result;
use ahu::history::History;
use std::path::PathBuf;
use std::process::ExitCode;

/// Copy the history to a new file, also while a run is writing to it
#[derive(clap::Args)]
pub struct Args {
    /// The copy; must not be there yet
    #[arg(value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    history: HistoryArgs,
}

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let (path, _) = args.history.find()?;
    History::read(&path)?.backup(&args.to)?;
    output::complain(&format!("the history `{}` is copied to `{}`", path.display(), args.to.display()));
    Ok(ExitCode::SUCCESS)
}
