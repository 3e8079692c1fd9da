//! `ahu review`: a sheet of tickets for a person to correct.

use super::output::{self, Published};
use super::setup::{self, InputArgs, TaxonomyArgs, tell_about, tell_of_ids};
use ahu::error::{Error, Result};
use ahu::learn::store::Store;
use ahu::model::Target;
use ahu::pipeline::review::{self, Options};
use ahu::review::Stratum;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write a sheet of tickets to correct: a third at random, a third not decided surely, a third unlike the others; `ahu learn` takes it back
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
    /// What is to be corrected: kind, product or cause
    #[arg(long, value_name = "TARGET")]
    target: Target,
    /// How many tickets, 1 to 10000
    #[arg(long, value_name = "N", default_value_t = 60)]
    size: usize,
    /// Store that `ahu learn` writes: tickets in it were looked at, and are left out
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Write to FILE, a workbook (.xlsx) or CSV (.csv) [default: CSV to stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Largest sheet: nobody looks at more.
const MAX_SIZE: usize = 10_000;

/// Reads a store; one that is not there yet is empty.
pub fn read_store(path: &Path) -> Result<(Store, Vec<u8>)> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(Error::io(path.display(), "read", &e)),
    };
    let name = path.display().to_string();
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::input("expected a store that `ahu learn` has written, found other bytes").in_file(&name))?;
    Ok((Store::parse(text, &name)?, bytes))
}

pub fn execute(args: Args) -> Result<ExitCode> {
    if !(1..=MAX_SIZE).contains(&args.size) {
        return Err(Error::setup(format!("`--size`: expected 1 to {MAX_SIZE}, found {}", args.size)));
    }
    let workbook = args.output.as_deref().map(is_workbook).transpose()?.unwrap_or(false);
    let mut setup = args.input.setup(&args.taxonomy)?;
    setup.refuse_one_file(&[("-o", args.output.as_deref())])?;
    let store = match &args.store {
        None => Store::default(),
        Some(path) => {
            if !path.exists() {
                output::complain(&format!("`{}` is not there yet; no ticket is left out", path.display()));
            }
            setup.kept.push(ahu::ingest::Source::File(path.clone()));
            read_store(path)?.0
        }
    };
    let published = args.output.as_deref().map(|path| Published::create(path, &setup.kept)).transpose()?;
    let options = Options {
        target: args.target,
        size: args.size,
        known: store.known(args.target),
        known_texts: store.current(args.target).map(|e| e.text.clone()).collect(),
        more_labels: store.current(args.target).flat_map(|e| e.labels()).collect(),
    };
    let job = setup.job();
    let (rejects_published, rejects) = setup.open_rejects()?.unzip();
    let (sheet, outcome, rejects) = setup.with_progress(|| review::review(&job, &options, rejects))?;
    tell_about(&outcome, setup.rejects.as_deref());
    setup::publish_rejects(rejects_published, rejects)?;
    outcome.refused.map_or(Ok(()), Err)?;
    if sheet.rows.is_empty() {
        return Err(Error::input("no ticket is left to look at: all are without a text, or in the store"));
    }
    let bytes = sheet.bytes(workbook)?;
    match published {
        Some((published, file)) => published.publish_bytes(file, &bytes)?,
        None => output::publish(&bytes, None, &[])?,
    }
    tell_what_was_chosen(&sheet, &outcome.ids_not_found);
    Ok(ExitCode::SUCCESS)
}

fn tell_what_was_chosen(sheet: &ahu::review::sheet::Sheet, not_found: &[String]) {
    let [random, uncertain, new] = Stratum::ALL.map(|s| sheet.rows.iter().filter(|r| r.0 == s).count());
    output::complain(&format!("{} tickets: {random} at random, {uncertain} not decided surely, {new} unlike the others", sheet.rows.len()));
    if sheet.labels.names().is_empty() {
        output::complain("no label is known to choose from; name products in a file given with `--taxonomy`, or give `ahu learn` `--new-labels`");
    }
    tell_of_ids(not_found);
}

/// Whether a sheet of this name is a workbook.
fn is_workbook(path: &Path) -> Result<bool> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref() {
        Some("xlsx") => Ok(true),
        Some("csv") => Ok(false),
        _ => Err(Error::setup(format!("`-o`: expected a name ending in .xlsx or .csv, found `{}`", path.display()))),
    }
}
