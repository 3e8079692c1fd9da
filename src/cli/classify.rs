//! `ahu classify`: every row out again with its decision.

use super::output::{self, Stream};
use super::setup::{self, InputArgs, Setup, TaxonomyArgs, tell_about, tell_of_ids};
use ahu::error::Result;
use ahu::pipeline::annotate;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write every row with its kind, product, cause, confidence and evidence in five more columns (CSV, UTF-8)
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
    /// Two more columns: `ahu_risk` and `ahu_service`, the checks of what customer and agent said that fired
    #[arg(long)]
    service: bool,
    /// One more column: `ahu_script`, the reply script of the ticket's cause, for an agent to look over
    #[arg(long)]
    scripts: bool,
    #[command(flatten)]
    out: RowsOut,
}

/// What is added to rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Adds {
    Decisions,
    Service,
    Scripts,
}

/// How rows are written.
#[derive(clap::Args)]
pub struct RowsOut {
    /// Leave cells that a spreadsheet would run as formulas as they are, without the `'` before them
    #[arg(long)]
    raw_cells: bool,
    /// Begin with a byte order mark, so that Excel opens the file as UTF-8
    #[arg(long)]
    bom: bool,
    /// Write to FILE instead of stdout; replaced whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn execute(args: Args) -> Result<ExitCode> {
    let asked = [(true, Adds::Decisions), (args.service, Adds::Service), (args.scripts, Adds::Scripts)];
    let adds: Vec<Adds> = asked.into_iter().filter(|(asked, _)| *asked).map(|(_, adds)| adds).collect();
    write(args.input.setup(&args.taxonomy)?, &args.out, &adds)
}

/// Writes every readable row again, with decisions or without.
pub fn write(setup: Setup, out: &RowsOut, adds: &[Adds]) -> Result<ExitCode> {
    let decisions = adds.contains(&Adds::Decisions);
    let options =
        annotate::Options { raw_cells: out.raw_cells, bom: out.bom, decisions, service: adds.contains(&Adds::Service), scripts: adds.contains(&Adds::Scripts) };
    let output = out.output.as_deref();
    setup.refuse_one_file(&[("-o", output)])?;
    let (rejects_published, rejects) = setup.open_rejects()?.unzip();
    let (stream, published) = Stream::open(output, &setup.kept)?;
    let name = output.map_or("stdout".to_owned(), |p| p.display().to_string());
    let job = setup.job();
    let done = setup.with_progress(|| annotate::annotate(&job, &options, stream, &name, rejects));
    let (outcome, stream, rejects) = match done {
        Err(e) if output::is_closed_pipe(&e) => return Ok(ExitCode::SUCCESS),
        done => done?,
    };
    tell_about(&outcome, setup.rejects.as_deref());
    setup::publish_rejects(rejects_published, rejects)?;
    outcome.refused.map_or(Ok(()), Err)?;
    if let (Some(published), Some(file)) = (published, stream.file()) {
        published.publish(file)?;
    }
    let a = &outcome.accounting;
    output::complain(&if decisions {
        format!("{} rows read = {} classified + {} duplicates + {} quarantined", a.rows, a.classified, a.duplicates, a.quarantined)
    } else {
        format!("{} rows read = {} written + {} quarantined", a.rows, a.classified + a.duplicates, a.quarantined)
    });
    tell_of_ids(&outcome.ids_not_found);
    Ok(ExitCode::SUCCESS)
}
