//! `ahu learn`: a corrected sheet goes into the store, and a model is trained with it.

use super::output::{self, Published};
use super::review::read_store;
use super::setup::{InputArgs, Setup, TaxonomyArgs};
use super::train::{TrainerArgs, summary};
use ahu::error::{Error, ErrorKind, Result};
use ahu::ingest::{Source, dates};
use ahu::learn::evaluation::wilson;
use ahu::learn::reviewed::{self, Reviewed};
use ahu::learn::store::Store;
use ahu::learn::{Trained, Trainer};
use ahu::model::Target;
use ahu::pipeline::labelled::Teller;
use ahu::pipeline::review;
use ahu::review::Labels;
use ahu::segment::Segmenter;
use ahu::ticket::Labelled;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Take corrected sheets of `ahu review` into the store, and train with it: `ahu learn sheet.xlsx --store labels.jsonl --target cause -o cause.ahu`
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    taxonomy: TaxonomyArgs,
    #[command(flatten)]
    trainer: TrainerArgs,
    /// Store of all that people have told, JSON lines; only added to
    #[arg(long, value_name = "FILE")]
    store: PathBuf,
    /// Who has filled in the sheets
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// The day on which they were filled in [default: today]
    #[arg(long, value_name = "DATE")]
    reviewed_at: Option<String>,
    /// Take labels that are in no list (products and causes)
    #[arg(long)]
    new_labels: bool,
    /// Labelled tickets to train on beside the store, as for `ahu train`
    #[arg(long, value_name = "FILE", requires = "label_column")]
    train_from: Option<PathBuf>,
    /// Their column of labels; several labels of a ticket are joined by `|`
    #[arg(long, value_name = "NAME", requires = "train_from")]
    label_column: Option<String>,
    /// Write the model to FILE; without it only the store is written
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Corrections shown, the commonest first.
const SHOWN_CHANGES: usize = 8;
/// A model of fewer tickets than these is worth a warning.
const FEW: usize = 200;

pub fn execute(args: Args) -> Result<ExitCode> {
    let told = [("--only-ids", args.input.only_ids.is_some()), ("--sheet", !args.input.sheet.is_empty()), ("--delimiter", args.input.delimiter.is_some())];
    if let Some((option, _)) = told.iter().find(|(_, given)| *given && args.train_from.is_none()) {
        return Err(Error::setup(format!("`{option}` is for `--train-from`: review sheets are taken whole, by their own columns")));
    }
    let day = day(args.reviewed_at.as_deref(), args.input.time_zone.as_deref())?;
    let mut setup = args.input.setup(&args.taxonomy)?;
    setup.refuse_one_file(&[("-o", args.output.as_deref()), ("--store", Some(&args.store))])?;
    setup.kept.extend(args.train_from.iter().cloned().map(Source::File));
    let (published, mut file) = Published::create(&args.store, &setup.kept)?;
    setup.kept.push(Source::File(args.store.clone()));
    let model_file = args.output.as_deref().map(|path| Published::create(path, &setup.kept)).transpose()?;
    let trainer = args.trainer.trainer(&setup)?;
    let (mut store, before) = read_store(&args.store)?;
    let original = args
        .train_from
        .as_deref()
        .map_or_else(|| Ok(Vec::new()), |path| rows_of(path, &args.trainer, args.label_column.as_deref().unwrap_or_default(), &mut setup))?;
    let mut known = known_labels(&setup, trainer.target, &store, &original, trainer.abstain_label.as_deref());
    let reviewed = take_back(&setup, &mut known, args.new_labels)?;
    let outcome = reviewed::add(&mut store, &reviewed, args.by.as_deref(), Some(&day));
    if store.added() > 0 {
        write_store(&args.store, &before, &store, &mut file)?;
        published.publish(&file)?;
    }
    tell(&outcome, &known, &args.store, store.added(), &store);
    let Some(((published, mut file), path)) = model_file.zip(args.output) else { return Ok(ExitCode::SUCCESS) };
    let (trained, first) = train(trainer, &store, original).map_err(|e| Error { message: format!("{}; what was told is in the store", e.message), ..e })?;
    let bytes = trained.model.to_bytes()?;
    file.write_all(&bytes).map_err(|e| Error::io(path.display(), "write", &e))?;
    published.publish(&file)?;
    tell_quality(&setup, &trained, bytes.len(), &store, first);
    Ok(ExitCode::SUCCESS)
}

/// The day that goes into the store.
fn day(given: Option<&str>, zone: Option<&str>) -> Result<String> {
    match given {
        Some(text) => {
            let wrong = || Error::setup(format!("`--reviewed-at`: expected a date from 1990 to 2100 such as 2026-11-22, found `{text}`"));
            Ok(dates::day(text).ok_or_else(wrong)?.to_string())
        }
        None => {
            let zone = zone.map_or_else(|| Ok(dates::china()), dates::zone)?;
            Ok(jiff::Timestamp::now().to_zoned(zone).date().to_string())
        }
    }
}

/// The labelled tickets of another file.
fn rows_of(path: &Path, trainer: &TrainerArgs, column: &str, setup: &mut Setup) -> Result<Vec<Labelled>> {
    if !path.exists() {
        return Err(Error::io(path.display(), "open", &std::io::Error::new(std::io::ErrorKind::NotFound, "no such file")));
    }
    let sheets = std::mem::replace(&mut setup.sources, vec![Source::File(path.to_owned())]);
    let only_ids = setup.only_ids.take();
    let rows = trainer.rows(setup, Teller::Column(column));
    (setup.sources, setup.only_ids) = (sheets, only_ids);
    rows
}

/// The closed list: the taxonomy's labels, the models', and what was told before.
fn known_labels(setup: &Setup, target: Target, store: &Store, original: &[Labelled], abstain: Option<&str>) -> Labels {
    let mut labels = review::labels(&setup.classifier, target);
    let told = store.current(target).flat_map(|e| e.labels()).chain(original.iter().flat_map(|r| r.labels.iter().cloned()));
    told.filter(|l| Some(l.as_str()) != abstain).for_each(|l| labels.add(l));
    labels
}

/// Reads the sheets and checks every row.
fn take_back(setup: &Setup, labels: &mut Labels, new_labels: bool) -> Result<Vec<Reviewed>> {
    let now = review::facts(&setup.classifier, labels.target());
    let mut all = Vec::new();
    for source in &setup.sources {
        let sources = [source.clone()];
        let job = ahu::pipeline::Job { sources: &sources, ..setup.job() };
        let facts = if matches!(source, Source::File(_)) { review::facts_of(&job, source) } else { None };
        if let Some(facts) = &facts {
            if facts.target != labels.target() {
                let message = format!("the sheet is about `{}`, `--target` says `{}`", facts.target.code(), labels.target().code());
                return Err(Error::setup(message).in_file(&source.name()));
            }
            if facts.taxonomy != now.taxonomy {
                output::complain(&format!("{}: the taxonomy has changed since the sheet was made", source.name()));
            }
        }
        let rows = review::returned(&job)?;
        if labels.target() == Target::Product {
            // A column may name products that no list has.
            rows.iter().flat_map(|r| labels.decided(&r.decided)).collect::<Vec<_>>().into_iter().for_each(|name| labels.add(name));
        }
        all.extend(reviewed::check(&rows, labels, new_labels, &facts.unwrap_or_else(|| now.clone()))?);
    }
    Ok(all)
}

/// The store with its new lines, beside its place.
fn write_store(path: &Path, before: &[u8], store: &Store, file: &mut File) -> Result<()> {
    // Somebody else may have added meanwhile: their lines must not be lost.
    if std::fs::metadata(path).map_or(0, |m| m.len()) != before.len() as u64 {
        return Err(Error::new(ErrorKind::Busy, "the store was changed meanwhile; run again").in_file(&path.display().to_string()));
    }
    let end = if before.last().is_some_and(|b| *b != b'\n') { "\n" } else { "" };
    let lines = store.lines()?;
    [before, end.as_bytes(), lines.as_bytes()].iter().try_for_each(|part| file.write_all(part)).map_err(|e| Error::io(path.display(), "write", &e))
}

fn train(mut trainer: Trainer, store: &Store, original: Vec<Labelled>) -> Result<(Trained, usize)> {
    let none = trainer.abstain_label.clone().unwrap_or_else(|| ahu::review::labels::NONE.to_owned());
    let (rows, first) = store.joined(original, trainer.target, &none);
    if store.current(trainer.target).any(|e| e.label.is_empty()) {
        trainer.abstain_label = Some(none);
    }
    Ok((trainer.train(&rows, &Segmenter::new(Vec::new()))?, first))
}

fn percent(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

/// What came back.
fn tell(outcome: &reviewed::Outcome, labels: &Labels, store: &Path, added: usize, all: &Store) {
    let o = outcome;
    output::complain(&format!(
        "{} rows: {} corrected, {} confirmed, {} not looked at; {added} added to `{}`, which tells of {} tickets now",
        o.corrected + o.confirmed + o.not_looked_at,
        o.corrected,
        o.confirmed,
        o.not_looked_at,
        store.display(),
        all.current(labels.target()).count()
    ));
    if !o.contradictions.is_empty() {
        let ids = o.contradictions.iter().take(SHOWN_CHANGES).cloned().collect::<Vec<_>>().join(" ");
        output::complain(&format!("{} tickets have different labels in different rows; the last one holds: {ids}", o.contradictions.len()));
    }
    let (n, right) = o.random;
    if n > 0 {
        let (low, high) = wilson(right, n);
        let (share, low, high) = (percent(right as f64 / n as f64), percent(low), percent(high));
        output::complain(&format!("of the rows chosen at random {right} of {n} decisions were right: {share} % (95 % interval {low} to {high} %)"));
    }
    if !o.changes.is_empty() {
        output::complain(&format!("corrected: {}", reviewed::shown_changes(o, labels, SHOWN_CHANGES)));
    }
}

/// How good the old model was and the new one is.
fn tell_quality(setup: &Setup, trained: &Trained, bytes: usize, store: &Store, first: usize) {
    let model = &trained.model;
    if let Some(old) = setup.classifier.models().find(|m| m.target == model.target) {
        let s = &old.summary;
        output::complain(&format!(
            "old model: {} rows, {} labels; on {} rows out of fold: accuracy {:.3}, macro-averaged F1 {:.3}",
            s.rows,
            old.labels.len(),
            s.measured_rows,
            s.accuracy,
            s.macro_f1
        ));
    }
    output::complain(&format!("new model: {}", summary(model, bytes)));
    let old = setup.classifier.models().find(|m| m.target == model.target).map(|m| m.summary.accuracy);
    let worse = old.is_some_and(|old| model.summary.accuracy < old);
    if worse || store.current(model.target).count() < FEW && first == 0 {
        let few = "it has learnt from the store alone; `--train-from FILE --label-column NAME` adds what the old model had learnt from";
        output::complain(&format!("the new model {}: {few}", if worse { "is worse than the old one" } else { "knows few tickets" }));
    }
    let (n, before, now) = reviewed::before_and_now(trained, store, first);
    if n > 0 {
        output::complain(&format!("on {n} rows that people have looked at: {before} were decided rightly before, {now} by the new model out of fold"));
    }
}
