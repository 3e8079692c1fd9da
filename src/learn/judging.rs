//! Measuring: every labelled ticket decided by a model that has not seen it, and what that comes to.

use super::calibrate::bin_of;
use super::evaluation::{Table, ece, wilson};
use super::trainer::Trainer;
use crate::error::{Error, Result};
use crate::model::calibration::BINS;
use crate::model::{Model, Predictor, Scratch};
use crate::segment::{Normalized, Normalizer, Segmenter};
use crate::ticket::Labelled;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

/// A ticket decided.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Index of the row.
    pub row: usize,
    /// Its labels, by index; none for those to be abstained from.
    pub truth: Vec<usize>,
    /// Labels given, the likeliest first.
    pub given: Vec<usize>,
    /// Probability of every label.
    pub probabilities: Vec<f32>,
    /// Whether its text is like those of no label.
    pub none: bool,
}

/// What to know where tickets are held out by row numbers.
pub const ROWS_HAVE_NO_IDS: &str =
    "there are rows without an id: row numbers tell which are held out, so another order of the rows holds out others; name an id column with `--id-column`";

/// Whether a ticket is among the tenth that is set aside for measuring: told by its id alone, so that it is for life.
#[must_use]
pub fn is_held_out(id: &str) -> bool {
    xxh3_64(id.as_bytes()) % 10 == 7
}

/// The closed list of labels of some rows, sorted, without the one to abstain from.
#[must_use]
pub fn label_list(rows: &[Labelled], abstain: Option<&str>) -> Vec<String> {
    let mut labels: Vec<String> = rows.iter().flat_map(|r| &r.labels).filter(|l| abstain != Some(l)).cloned().collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// Decides rows by a model; labels are numbered as in `labels`.
#[must_use]
pub fn judge(model: Model, labels: &[String], rows: &[(usize, &Labelled)], segmenter: &Segmenter) -> Vec<Judged> {
    let number: BTreeMap<&str, usize> = labels.iter().enumerate().map(|(i, l)| (l.as_str(), i)).collect();
    let places: Vec<Option<usize>> = model.labels.iter().map(|l| number.get(l.as_str()).copied()).collect();
    let predictor = Predictor::new(model);
    let decide = |(scratch, normal): &mut (Scratch, Normalized), (row, labelled): &(usize, &Labelled)| {
        Normalizer::builtin().fold(&labelled.text, normal);
        scratch.read(normal, segmenter);
        let verdict = predictor.decide(scratch);
        let mut probabilities = vec![0.0; labels.len()];
        for (place, p) in places.iter().zip(&scratch.probabilities) {
            if let Some(place) = place {
                probabilities[*place] = *p;
            }
        }
        let truth = labelled.labels.iter().filter_map(|l| number.get(l.as_str()).copied()).collect();
        Judged { row: *row, truth, given: verdict.labels.iter().filter_map(|l| places[*l]).collect(), probabilities, none: verdict.none }
    };
    rows.par_iter().map_init(<(Scratch, Normalized)>::default, decide).collect()
}

/// Cross-validation: each of `folds` parts decided by a model trained on the others. Equal texts are in one part.
///
/// # Errors
/// Those of [`Trainer::train`]: too few labels in a part.
pub fn cross_validate(trainer: &Trainer, rows: &[Labelled], folds: u64, segmenter: &Segmenter) -> Result<Vec<Judged>> {
    let labels = label_list(rows, trainer.abstain_label.as_deref());
    // Other bits than those by which the trainer makes its own parts.
    let part = |r: &Labelled| (xxh3_64(r.text.as_bytes()) >> 32) % folds;
    let mut all = Vec::with_capacity(rows.len());
    for fold in 0..folds {
        let rest: Vec<Labelled> = rows.iter().filter(|r| part(r) != fold).cloned().collect();
        let held: Vec<(usize, &Labelled)> = rows.iter().enumerate().filter(|(_, r)| part(r) == fold).collect();
        let few = |e: Error| Error { message: format!("too few rows of each label for {folds} parts, of which each is left out once: {}", e.message), ..e };
        let trained = trainer.train(&rest, segmenter).map_err(few)?;
        all.extend(judge(trained.model, &labels, &held, segmenter));
    }
    all.sort_unstable_by_key(|j| j.row);
    if all.is_empty() { Err(Error::input("no row to measure on")) } else { Ok(all) }
}

/// What decisions came to, ready to be shown.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    /// Version of this format.
    pub version: u32,
    /// How it was measured.
    pub method: Method,
    /// Rows with labels of the list.
    pub rows: u64,
    /// Whether rows may have several labels.
    pub several: bool,
    /// Share of rows whose first label is right; with several labels, whose first label is among theirs.
    pub accuracy: Share,
    /// Micro-averaged F1.
    pub micro_f1: f64,
    /// Macro-averaged F1.
    pub macro_f1: f64,
    /// Expected calibration error of the first label's probability.
    pub ece: f64,
    /// Label by label.
    pub labels: Vec<OfLabel>,
    /// Confusions of rows with one label, the commonest first.
    pub confusions: Vec<Confusion>,
    /// Ten bins of probability.
    pub reliability: Vec<Bin>,
    /// How precise it is where it decides only the surest part.
    pub coverage: Vec<Coverage>,
    /// The label to abstain from, if there is one.
    pub abstain: Option<Abstain>,
    /// Rows whose label is probably wrong, the likeliest first.
    pub suspects: Vec<Suspect>,
}

/// How decisions were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Each of so many parts by a model of the others.
    CrossValidation {
        /// Parts.
        folds: u64,
    },
    /// The tenth held out, by a model of the rest.
    HeldOut {
        /// Rows of the rest.
        trained_on: u64,
    },
    /// A model given.
    Model {
        /// Rows it was trained on.
        trained_on: u64,
    },
}

/// A share with its 95 % interval (Wilson).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Share {
    /// The share, 0 to 1.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Share {
    fn of(part: u64, of: u64) -> Share {
        let (low, high) = wilson(part, of);
        Share { value: if of == 0 { 0.0 } else { part as f64 / of as f64 }, low, high }
    }
}

/// One label.
#[derive(Debug, Clone, Serialize)]
pub struct OfLabel {
    /// Its name.
    pub label: String,
    /// Rows that have it.
    pub rows: u64,
    /// Rows that were given it.
    pub given: u64,
    /// Of those given it, the share that has it.
    pub precision: Share,
    /// Of those that have it, the share that was given it.
    pub recall: Share,
    /// Harmonic mean of both.
    pub f1: f64,
}

/// Rows of one label that were given another.
#[derive(Debug, Clone, Serialize)]
pub struct Confusion {
    /// The label they have.
    pub label: String,
    /// The label they were given.
    pub given: String,
    /// How many.
    pub rows: u64,
}

/// Rows by the probability of their first label.
#[derive(Debug, Clone, Serialize)]
pub struct Bin {
    /// Lower end of the bin.
    pub from: f64,
    /// Rows in it.
    pub rows: u64,
    /// Their mean probability.
    pub probability: f64,
    /// The share that is right.
    pub right: f64,
}

/// What deciding only the surest rows gives.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    /// Share of the rows decided.
    pub coverage: f64,
    /// Share of them that is right.
    pub precision: Share,
    /// The lowest probability decided at.
    pub probability: f64,
}

/// How well it abstains from what is none of the labels.
#[derive(Debug, Clone, Serialize)]
pub struct Abstain {
    /// The label to abstain from.
    pub label: String,
    /// Its rows.
    pub rows: u64,
    /// Of them, the share abstained from.
    pub recall: Share,
    /// Of the other rows, the share decided and right.
    pub in_scope_accuracy: Share,
}

/// A row whose label is probably wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Suspect {
    /// Index of the row.
    #[serde(skip)]
    pub row: usize,
    /// Its id.
    pub id: String,
    /// The label it has.
    pub label: String,
    /// The label it probably should have.
    pub likely: String,
    /// The probability of that.
    pub probability: f64,
}

/// Most confusions and suspects that are told.
const MOST_TOLD: usize = 100;

impl Evaluation {
    /// Sums up decisions on `rows`.
    #[must_use]
    pub fn of(method: Method, judged: &[Judged], rows: &[Labelled], labels: &[String], abstain: Option<&str>) -> Evaluation {
        let (inside, outside): (Vec<&Judged>, Vec<&Judged>) = judged.iter().partition(|j| !j.truth.is_empty());
        let table = Table::of(labels.len(), inside.iter().map(|j| (j.truth.clone(), j.given.clone())));
        let is_right = |j: &Judged| j.given.first().is_some_and(|l| j.truth.contains(l));
        let probability = |j: &Judged| j.given.first().map_or(0.0, |l| j.probabilities[*l]);
        let n = inside.len() as u64;
        let right = inside.iter().filter(|j| is_right(j)).count() as u64;
        let mut bins = vec![(0u64, 0f64, 0u64); BINS];
        for j in &inside {
            let bin = &mut bins[bin_of(probability(j))];
            *bin = (bin.0 + 1, bin.1 + f64::from(probability(j)), bin.2 + u64::from(is_right(j)));
        }
        let of_label = |l: usize| {
            let [hits, wrong, missed] = table.counts[l];
            let (precision, recall) = (Share::of(hits, hits + wrong), Share::of(hits, hits + missed));
            OfLabel { label: labels[l].clone(), rows: hits + missed, given: hits + wrong, precision, recall, f1: table.f1(l) }
        };
        let abstained = |j: &&&Judged| j.none || j.given.is_empty();
        Evaluation {
            version: 1,
            method,
            rows: n,
            several: inside.iter().any(|j| j.truth.len() > 1),
            accuracy: Share::of(right, n),
            micro_f1: table.micro_f1(),
            macro_f1: table.macro_f1(),
            ece: ece(&bins),
            labels: (0..labels.len()).map(of_label).collect(),
            confusions: confusions(&table, labels),
            reliability: reliability(&bins),
            coverage: coverage(&inside.iter().map(|j| (probability(j), is_right(j))).collect::<Vec<_>>()),
            abstain: abstain.map(|label| Abstain {
                label: label.to_owned(),
                rows: outside.len() as u64,
                recall: Share::of(outside.iter().filter(abstained).count() as u64, outside.len() as u64),
                in_scope_accuracy: Share::of(inside.iter().filter(|j| !abstained(j) && is_right(j)).count() as u64, n),
            }),
            suspects: suspects(&inside, rows, labels),
        }
    }
}

fn confusions(table: &Table, labels: &[String]) -> Vec<Confusion> {
    let cells = table.confusion.iter().enumerate().flat_map(|(is, row)| row.iter().enumerate().map(move |(given, n)| (is, given, *n)));
    let mut all: Vec<(usize, usize, u64)> = cells.filter(|(is, given, n)| is != given && *n > 0).collect();
    all.sort_by(|a, b| b.2.cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
    all.truncate(MOST_TOLD);
    all.into_iter().map(|(is, given, rows)| Confusion { label: labels[is].clone(), given: labels[given].clone(), rows }).collect()
}

fn reliability(bins: &[(u64, f64, u64)]) -> Vec<Bin> {
    let wide = bins.chunks(BINS / 10).enumerate();
    wide.map(|(i, bins)| {
        let (rows, sum, right) = bins.iter().fold((0, 0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2));
        let share = |x: f64| if rows == 0 { 0.0 } else { x / rows as f64 };
        Bin { from: i as f64 / 10.0, rows, probability: share(sum), right: share(right as f64) }
    })
    .collect()
}

fn coverage(decided: &[(f32, bool)]) -> Vec<Coverage> {
    let mut sorted = decided.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let at = |tenths: usize| {
        let n = (sorted.len() * tenths).div_ceil(10);
        let right = sorted[..n].iter().filter(|d| d.1).count() as u64;
        Some(Coverage { coverage: tenths as f64 / 10.0, precision: Share::of(right, n as u64), probability: f64::from(sorted.get(n.checked_sub(1)?)?.0) })
    };
    (1..=10).rev().filter_map(at).collect()
}

/// Confident learning (Northcutt, Jiang and Chuang 2021): a row is suspect when another label is at least as likely as that label
/// is on average among its own rows, and the row's own label less likely than that.
fn suspects(judged: &[&Judged], rows: &[Labelled], labels: &[String]) -> Vec<Suspect> {
    let mut sums = vec![(0f64, 0u64); labels.len()];
    for j in judged {
        for l in &j.truth {
            sums[*l] = (sums[*l].0 + f64::from(j.probabilities[*l]), sums[*l].1 + 1);
        }
    }
    let usual: Vec<f64> = sums.iter().map(|(sum, n)| if *n == 0 { 1.0 } else { sum / *n as f64 }).collect();
    let mut found: Vec<Suspect> = Vec::new();
    for j in judged {
        let [is] = j.truth[..] else { continue };
        let other = (0..labels.len()).filter(|l| *l != is && f64::from(j.probabilities[*l]) >= usual[*l]);
        let Some(likely) = other.max_by(|a, b| j.probabilities[*a].total_cmp(&j.probabilities[*b]).then(b.cmp(a))) else { continue };
        if f64::from(j.probabilities[is]) < usual[is] && j.probabilities[likely] > j.probabilities[is] {
            let (label, likely_name) = (labels[is].clone(), labels[likely].clone());
            found.push(Suspect { row: j.row, id: rows[j.row].id.clone(), label, likely: likely_name, probability: f64::from(j.probabilities[likely]) });
        }
    }
    found.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.row.cmp(&b.row)));
    found.truncate(MOST_TOLD);
    found
}
