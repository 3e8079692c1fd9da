//! `ahu check`: taxonomy, rules and their examples.

use super::deliver::Post;
use super::output;
use super::setup::{TaxonomyArgs, read_model};
use super::train::summary;
use ahu::error::Result;
use ahu::model::file::MAGIC;
use ahu::report::{Lang, harmless};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Verify taxonomy files: their rules, and that every example is decided as it should be
#[derive(clap::Args)]
pub struct Args {
    /// Taxonomy files to check together with the built-in ones, and models to tell about
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
}

/// Whether a file is a model and no taxonomy.
fn is_model(path: &Path) -> bool {
    let mut start = [0; MAGIC.len()];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == MAGIC
}

/// Examples of each sort that a cause should have.
const ENOUGH_EXAMPLES: usize = 2;
/// And that a check should have.
const ENOUGH_OF_A_CHECK: usize = 3;

pub fn execute(mut args: Args) -> Result<ExitCode> {
    let (models, files): (Vec<PathBuf>, Vec<PathBuf>) = args.files.into_iter().partition(|path| is_model(path));
    args.files = files;
    args.taxonomy.model.extend(models);
    // Examples show what the rules decide.
    args.taxonomy.rules_alone = true;
    let settings = args.taxonomy.settings()?;
    let classifier = args.taxonomy.classifier(&settings, &args.files)?;
    let t = classifier.taxonomy();
    let post = Post::of(&settings, Lang::Zh)?;
    post.check_teams(t)?;
    let mut out = String::new();
    for path in args.taxonomy.models(&settings) {
        let (model, bytes) = (read_model(path)?, std::fs::metadata(path).map_or(0, |m| m.len()));
        let other = if model.summary.taxonomy == t.hash() { "" } else { "; trained beside another taxonomy than this" };
        out.push_str(&format!("{}: model of `{}`: {}{other}\n", path.display(), model.target.code(), summary(&model, bytes as usize)));
    }
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
    for c in t.checks.iter().filter(|c| c.matches.len() < ENOUGH_OF_A_CHECK || c.rejects.len() < ENOUGH_OF_A_CHECK) {
        out.push_str(&format!(
            "{}, line {}: warning: check `{}` has {} match and {} reject examples; write at least {ENOUGH_OF_A_CHECK} of each\n",
            c.file,
            c.line,
            c.id,
            c.matches.len(),
            c.rejects.len()
        ));
    }
    let wrong_checks = classifier.failing_checks();
    for f in &wrong_checks {
        let c = &t.checks[f.check];
        let must = if f.must_match { "must fire, but does not" } else { "must not fire, but does" };
        out.push_str(&format!("{}, line {}: in `{}` check `{}` {must}\n", c.file, f.example.line, harmless(&f.example.text), c.id));
    }
    let failures = classifier.failing_examples();
    for f in &failures {
        let c = &t.causes[f.cause];
        let decided = f.decided.map_or("no cause".to_owned(), |d| format!("`{}`", t.causes[d].name()));
        let (must, is) = if f.must_match { ("must", format!("is {decided}")) } else { ("must not", "is".to_owned()) };
        out.push_str(&format!("{}, line {}: `{}` {must} be decided as `{}`, but {is}\n", c.file, f.example.line, f.example.text, c.name()));
    }
    let of_checks: usize = t.checks.iter().map(|c| c.matches.len() + c.rejects.len()).sum();
    let examples = t.causes.iter().map(|c| c.matches.len() + c.rejects.len()).sum::<usize>() + of_checks;
    let failing = failures.len() + wrong_checks.len();
    let rules: usize = t.causes.iter().map(|c| c.rules.len()).sum();
    out.push_str(&format!(
        "{} packs, {} products, {} causes, {rules} rules, {} checks, {examples} examples: {}\n",
        t.packs.len(),
        t.products.len(),
        t.causes.len(),
        t.checks.len(),
        if failing == 0 { "all right".to_owned() } else { format!("{failing} examples fail") }
    ));
    out.push_str(&post.describe());
    output::publish(&out, None, &[])?;
    Ok(ExitCode::from(if failing == 0 { 0 } else { 2 }))
}
