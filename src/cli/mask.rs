//! `ahu mask`: every row again, without personal data.

use super::classify::{self, RowsOut};
use super::setup::{InputArgs, TaxonomyArgs};
use ahu::error::{Error, Result};
use std::path::PathBuf;
use std::process::ExitCode;

/// Write the rows with telephone numbers, id and bank cards, e-mails, addresses masked, and nothing else changed
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    out: RowsOut,
    /// Settings file (TOML); options given here win over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub fn execute(args: Args) -> Result<ExitCode> {
    if args.input.no_mask {
        return Err(Error::setup("`ahu mask --no-mask` would do nothing"));
    }
    let taxonomy = TaxonomyArgs { config: args.config, taxonomy: vec!["none".into()], ..TaxonomyArgs::default() };
    let mut setup = args.input.setup(&taxonomy)?;
    setup.ingest.columns.text_optional = true;
    classify::write(setup, &args.out, &[])
}
