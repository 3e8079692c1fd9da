//! From labelled tickets to a model: settings by cross-validation, all labels one against the rest, calibration out of fold.

use super::dataset::{self, Matrix, Vocabulary};
use super::solver::{self, Solution};
use super::{calibrate, evaluation};
use crate::error::{Error, Result};
use crate::model::{Calibration, Model, Summary, Target};
use crate::prevalence::Cell;
use crate::segment::Segmenter;
use crate::ticket::Labelled;
use rayon::prelude::*;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

/// Most features of a model, and most weights.
const MAX_FEATURES: usize = 1 << 18;
const MAX_WEIGHTS: usize = 1 << 25;
/// With more rows than these a feature of a single row is left out.
const ROWS_WITH_RARE_FEATURES: usize = 20_000;
/// Parts into which rows are cut, by their texts: equal texts are never on both sides. Of few rows more parts, so that models
/// without one of them are nearly as good as the one of all.
const FOLDS: u64 = 5;
const FOLDS_OF_FEW: u64 = 20;
const FEW_ROWS: usize = 3_000;
const FEW_LABELS: usize = 30;
/// Rows on which settings are tried, and rows out of fold that are enough to calibrate.
const ROWS_TO_TRY: usize = 10_000;
const ROWS_TO_CALIBRATE: usize = 10_000;
/// Where the solver stops, for the model and for scores out of fold. LIBLINEAR's own 0.1 takes twice as long and decides no
/// better on any of the sets in `docs/measurements.md`.
const TOLERANCE: f32 = 0.3;
const TOLERANCE_OUT_OF_FOLD: f32 = 1.0;
const PASSES: usize = 200;
/// Settings that are tried: balances at a cost of 1, then costs at the better balance. The first of each served best on most of
/// the sets in `docs/measurements.md`: another must be better by more than chance is on so few rows.
const BALANCES: [f32; 2] = [1.0, 0.0];
const COSTS: [f32; 3] = [1.0, 4.0, 0.25];
const BETTER: f64 = 0.003;

/// What to train, and how. Settings that are `None` are chosen by cross-validation.
#[derive(Debug, Clone)]
pub struct Trainer {
    /// What the labels are.
    pub target: Target,
    /// This label is none of them: its rows are examples of what is like no label.
    pub abstain_label: Option<String>,
    /// Cost of an error, positive.
    pub cost: Option<f32>,
    /// How far rare labels' errors cost more, 0 to 1.
    pub balance: Option<f32>,
    /// Hash of the taxonomy in use, for the model's summary.
    pub taxonomy: u64,
    /// Hash of the segmenter's own words, for the model's summary.
    pub dictionary: u64,
}

/// A model, and what it made of rows while it had not seen them.
#[derive(Debug)]
pub struct Trained {
    /// The model.
    pub model: Model,
    /// The rows scored out of fold.
    pub held_out: Vec<HeldOut>,
}

/// A row scored by a model that was trained without it.
#[derive(Debug, Clone)]
pub struct HeldOut {
    /// Index of the row.
    pub row: usize,
    /// Raw score of each label.
    pub scores: Vec<f32>,
    /// Its labels, by index; none for the label to abstain from.
    pub labels: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Setting {
    cost: f32,
    balance: f32,
}

/// Labels and features of all rows.
struct Problem {
    matrix: Matrix,
    /// Per label and row: has it?
    has: Vec<Vec<bool>>,
    truth: Vec<Vec<usize>>,
    several: bool,
    folds: u64,
    /// Per row, below `folds`.
    fold: Vec<u64>,
}

impl Problem {
    fn labels(&self) -> usize {
        self.has.len()
    }

    fn fit(&self, rows: &[u32], setting: Setting, tolerance: f32, before: Option<&[Solution]>) -> Vec<Solution> {
        let fit = |l: usize| {
            let with = rows.iter().filter(|r| self.has[l][**r as usize]).count().max(1);
            let positive = (rows.len() as f32 / (self.labels() * with) as f32).powf(setting.balance);
            let config = solver::Config { cost: setting.cost, positive, tolerance, passes: PASSES };
            solver::solve(&self.matrix, rows, &self.has[l], &config, before.map(|b| &b[l].duals[..]))
        };
        (0..self.labels()).into_par_iter().with_max_len(1).map(fit).collect()
    }

    /// Scores of the rows of the first `folds` parts by models trained on the other rows.
    fn out_of_fold(&self, rows: &[u32], folds: u64, setting: Setting, before: Option<&[Solution]>) -> Vec<HeldOut> {
        let mut all = Vec::new();
        for fold in 0..folds {
            let (held, rest): (Vec<u32>, Vec<u32>) = rows.iter().partition(|r| self.fold[**r as usize] == fold);
            let solutions = self.fit(&rest, setting, TOLERANCE_OUT_OF_FOLD, before);
            let weights: Vec<Vec<f32>> = solutions.into_iter().map(|s| s.weights).collect();
            let seen = self.matrix.seen(&rest);
            all.par_extend(held.par_iter().map(|row| {
                let row = *row as usize;
                HeldOut { row, scores: self.matrix.scores(row, &weights, &seen), labels: self.truth[row].clone() }
            }));
        }
        all.sort_unstable_by_key(|h| h.row);
        all
    }

    /// How good a setting is: the mean of accuracy (or micro-averaged F1) and macro-averaged F1.
    fn quality(&self, held: &[HeldOut]) -> f64 {
        let given = |h: &HeldOut| {
            let best = (0..h.scores.len()).max_by(|a, b| h.scores[*a].total_cmp(&h.scores[*b]).then(b.cmp(a))).unwrap_or(0);
            let also = (0..h.scores.len()).filter(|l| self.several && *l != best && h.scores[*l] > 0.0);
            std::iter::once(best).chain(also).collect::<Vec<_>>()
        };
        let table = evaluation::Table::of(self.labels(), held.iter().filter(|h| !h.labels.is_empty()).map(|h| (h.labels.clone(), given(h))));
        (table.micro_f1() + table.macro_f1()) / 2.0
    }

    /// The best setting on a sample of the rows.
    fn choose(&self, trainer: &Trainer) -> Setting {
        let mut rows: Vec<u32> = (0..self.matrix.rows() as u32).collect();
        if rows.len() > ROWS_TO_TRY {
            let step = rows.len() as f64 / ROWS_TO_TRY as f64;
            rows = (0..ROWS_TO_TRY).map(|i| (i as f64 * step) as u32).collect();
        }
        let folds = if rows.len() <= FEW_ROWS { self.folds } else { 2 };
        let balances = trainer.balance.map_or(BALANCES.to_vec(), |b| vec![b]);
        let costs = trainer.cost.map_or(COSTS.to_vec(), |c| vec![c]);
        let mut best = Setting { cost: costs[0], balance: balances[0] };
        if balances.len() + costs.len() == 2 {
            return best;
        }
        let quality = |setting: Setting| self.quality(&self.out_of_fold(&rows, folds, setting, None));
        let mut reached = quality(best);
        let mut look_at = |setting: Setting, best: &mut Setting| {
            let q = quality(setting);
            if q > reached + BETTER {
                (reached, *best) = (q, setting);
            }
        };
        balances[1..].iter().for_each(|balance| look_at(Setting { cost: costs[0], balance: *balance }, &mut best));
        let balance = best.balance;
        costs[1..].iter().for_each(|cost| look_at(Setting { cost: *cost, balance }, &mut best));
        best
    }
}

impl Trainer {
    /// A trainer that chooses everything itself.
    #[must_use]
    pub fn new(target: Target) -> Trainer {
        Trainer { target, abstain_label: None, cost: None, balance: None, taxonomy: 0, dictionary: 0 }
    }

    /// Trains. The same rows in the same order give the same model, on any number of threads.
    ///
    /// # Errors
    /// Fewer than two labels, or fewer than two rows of them.
    ///
    /// ```
    /// use ahu::{learn::Trainer, model::Target, segment::Segmenter, ticket::Labelled};
    /// let row = |text: &str, label: &str| Labelled { id: String::new(), text: text.into(), labels: vec![label.into()] };
    /// let rows = ["闪退", "一进就闪退", "又闪退了"].map(|t| row(t, "故障")).into_iter().chain(["退款", "什么时候退款", "退款没到"].map(|t| row(t, "退款")));
    /// let trained = Trainer::new(Target::Cause).train(&rows.collect::<Vec<_>>(), &Segmenter::new(vec![])).unwrap();
    /// assert_eq!(trained.model.labels, ["故障", "退款"]);
    /// ```
    pub fn train(&self, rows: &[Labelled], segmenter: &Segmenter) -> Result<Trained> {
        let (labels, problem, vocabulary) = self.prepare(rows, segmenter)?;
        let setting = problem.choose(self);
        let all: Vec<u32> = (0..problem.matrix.rows() as u32).collect();
        let solutions = problem.fit(&all, setting, TOLERANCE, None);
        let folds = (ROWS_TO_CALIBRATE as u64 * problem.folds).div_ceil(all.len().max(1) as u64).clamp(1, problem.folds);
        let held_out = problem.out_of_fold(&all, folds, setting, Some(&solutions));
        let inside: Vec<&HeldOut> = held_out.iter().filter(|h| !h.labels.is_empty()).collect();
        let scores: Vec<Vec<f32>> = inside.iter().map(|h| h.scores.clone()).collect();
        let truth: Vec<Vec<usize>> = inside.iter().map(|h| h.labels.clone()).collect();
        let calibration = calibrate::fit(&scores, &truth, labels.len(), problem.several);
        let measured = evaluation::Measured::of(&calibration, &scores, &truth, problem.several);
        let summary = Summary {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            rows: rows.len() as u64,
            label_rows: problem.has.iter().map(|h| h.iter().filter(|h| **h).count() as u64).collect(),
            rows_with_several: problem.truth.iter().filter(|t| t.len() > 1).count() as u64,
            abstain_label: self.abstain_label.clone(),
            cost: setting.cost,
            balance: setting.balance,
            features_seen: vocabulary.seen as u64,
            accuracy: measured.table.micro_f1() as f32,
            macro_f1: measured.table.macro_f1() as f32,
            ece: measured.ece as f32,
            measured_rows: inside.len() as u64,
            taxonomy: self.taxonomy,
            dictionary: self.dictionary,
        };
        let reference = if problem.several { Vec::new() } else { reference(&calibration, &scores, &truth) };
        let weights: Vec<Vec<f32>> = solutions.into_iter().map(|s| s.weights).collect();
        let (packed, scale) = quantised(&weights, &vocabulary.idf);
        let bias = weights.iter().map(|w| w[w.len() - 1]).collect();
        let model = Model {
            target: self.target,
            labels,
            several: problem.several,
            summary,
            features: vocabulary.features,
            idf: vocabulary.idf,
            weights: packed,
            scale,
            bias,
            calibration,
            reference,
        };
        Ok(Trained { model, held_out })
    }

    fn prepare(&self, rows: &[Labelled], segmenter: &Segmenter) -> Result<(Vec<String>, Problem, Vocabulary)> {
        let mut number: BTreeMap<&str, usize> = rows.iter().flat_map(|r| &r.labels).map(|l| (l.as_str(), 0)).collect();
        if let Some(none) = &self.abstain_label
            && number.remove(none.as_str()).is_none()
        {
            return Err(Error::setup(format!("no row has the label `{none}`, which is to be abstained from")));
        }
        if number.len() < 2 {
            let found = number.keys().next().map_or("none".to_owned(), |l| format!("only `{l}`"));
            return Err(Error::input(format!("expected at least two different labels to learn from, found {found}")));
        }
        number.values_mut().enumerate().for_each(|(i, n)| *n = i);
        let labels: Vec<String> = number.keys().map(|l| (*l).to_owned()).collect();
        let truth: Vec<Vec<usize>> = rows.iter().map(|r| r.labels.iter().filter_map(|l| number.get(l.as_str()).copied()).collect()).collect();
        let texts: Vec<&str> = rows.iter().map(|r| r.text.as_str()).collect();
        let counted = dataset::counted(&texts, segmenter);
        let least = if rows.len() > ROWS_WITH_RARE_FEATURES { 2 } else { 1 };
        let most = MAX_FEATURES.min(MAX_WEIGHTS / labels.len());
        let vocabulary = Vocabulary::of(&counted, least, most);
        let folds = if rows.len() <= FEW_ROWS && labels.len() <= FEW_LABELS { FOLDS_OF_FEW } else { FOLDS };
        let problem = Problem {
            matrix: vocabulary.matrix(&counted),
            has: (0..labels.len()).map(|l| truth.iter().map(|t| t.contains(&l)).collect()).collect(),
            several: truth.iter().any(|t| t.len() > 1),
            truth,
            folds,
            fold: rows.iter().map(|r| xxh3_64(r.text.as_bytes()) % folds).collect(),
        };
        Ok((labels, problem, vocabulary))
    }
}

/// Posteriors out of fold by true label.
fn reference(calibration: &Calibration, scores: &[Vec<f32>], truth: &[Vec<usize>]) -> Vec<(u16, Cell, u32)> {
    let mut counts: BTreeMap<(u16, Cell), u32> = BTreeMap::new();
    let mut probabilities = Vec::new();
    for (scores, truth) in scores.iter().zip(truth) {
        calibration.apply(scores, false, &mut probabilities);
        *counts.entry((truth[0] as u16, Cell::of(&probabilities))).or_default() += 1;
    }
    counts.into_iter().map(|((label, cell), n)| (label, cell, n)).collect()
}

/// Weights times idf in 8 bits, and what a unit of each label is worth.
fn quantised(weights: &[Vec<f32>], idf: &[f32]) -> (Vec<i8>, Vec<f32>) {
    let largest = |w: &Vec<f32>| w.iter().zip(idf).map(|(w, idf)| (w * idf).abs()).fold(1e-6, f32::max);
    let scale: Vec<f32> = weights.par_iter().map(|w| largest(w) / 127.0).collect();
    let packed = (0..idf.len()).into_par_iter().flat_map_iter(|f| weights.iter().zip(&scale).map(move |(w, s)| (w[f] * idf[f] / s).round() as i8)).collect();
    (packed, scale)
}
