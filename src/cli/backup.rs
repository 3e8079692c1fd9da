//! `ahu backup`: a copy of the history.

use super::output;
use super::run::history_of;
use super::setup::TaxonomyArgs;
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
    taxonomy: TaxonomyArgs,
    /// The history [default: the one of the settings file]
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let (path, _) = history_of(args.history.as_ref(), &mut args.taxonomy)?;
    History::read(&path)?.backup(&args.to)?;
    output::complain(&format!("the history `{}` is copied to `{}`", path.display(), args.to.display()));
    Ok(ExitCode::SUCCESS)
}
