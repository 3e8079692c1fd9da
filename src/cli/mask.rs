//! `ahu mask`: every row again, without personal data.

use super::setup::{InputArgs, TaxonomyArgs};
use ahu::error::{Error, Result};
use ahu::pipeline::annotate::Options;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write the rows with telephone numbers, id and bank cards, e-mails, addresses masked, and nothing else changed
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// Leave cells that begin like a formula (= + - @) as they are; otherwise they get a leading '
    #[arg(long)]
    raw_cells: bool,
    /// Begin with a byte order mark, so that Excel takes it for UTF-8
    #[arg(long)]
    bom: bool,
    /// Write to FILE instead of stdout; replaced whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
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
    let options = Options { raw_cells: args.raw_cells, bom: args.bom, decisions: false };
    super::classify::write(setup, &options, args.output.as_deref())
}
