//! `ahu check`: taxonomy, rules and their examples.

use super::output;
use super::setup::TaxonomyArgs;
use ahu::error::Result;
use std::path::PathBuf;
use std::process::ExitCode;

/// Verify taxonomy files: their rules, and that every example is decided as it should be
#[derive(clap::Args)]
pub struct Args {
    /// Taxonomy files to check together with the built-in ones
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
}

/// Examples of each sort that a cause should have.
const ENOUGH_EXAMPLES: usize = 2;

pub fn execute(args: Args) -> Result<ExitCode> {
    let settings = args.taxonomy.settings()?;
    let classifier = args.taxonomy.classifier(&settings, &args.files)?;
    let t = classifier.taxonomy();
    let mut out = String::new();
    for c in t.causes.iter().filter(|c| c.matches.len() < ENOUGH_EXAMPLES || c.rejects.len() < ENOUGH_EXAMPLES) {
        out.push_str(&format!(
            "{}, line {}: warning: cause `{}` has {} match and {} reject examples; write at least {ENOUGH_EXAMPLES} of each\n",
            c.file,
            c.line,
            c.name(),
            c.matches.len(),
            c.rejects.len()
        ));
    }
    let failures = classifier.failing_examples();
    for f in &failures {
        let c = &t.causes[f.cause];
        let decided = f.decided.map_or("no cause".to_owned(), |d| format!("`{}`", t.causes[d].name()));
        let (must, is) = if f.must_match { ("must", format!("is {decided}")) } else { ("must not", "is".to_owned()) };
        out.push_str(&format!("{}, line {}: `{}` {must} be decided as `{}`, but {is}\n", c.file, f.example.line, f.example.text, c.name()));
    }
    let examples: usize = t.causes.iter().map(|c| c.matches.len() + c.rejects.len()).sum();
    let rules: usize = t.causes.iter().map(|c| c.rules.len()).sum();
    out.push_str(&format!(
        "{} packs, {} products, {} causes, {rules} rules, {examples} examples: {}\n",
        t.packs.len(),
        t.products.len(),
        t.causes.len(),
        if failures.is_empty() { "all right".to_owned() } else { format!("{} examples fail", failures.len()) }
    ));
    output::publish(&out, None, &[])?;
    Ok(ExitCode::from(if failures.is_empty() { 0 } else { 2 }))
}
