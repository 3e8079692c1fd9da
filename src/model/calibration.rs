//! Scores to probabilities that hold: of the tickets given a label with 0.9, nine in ten have it.

use super::Verdict;
use serde::{Deserialize, Serialize};

/// Bins of [`Calibration::precision`].
pub const BINS: usize = 50;

/// How scores become probabilities and verdicts, fitted on tickets that the model was not trained on (out of fold).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// One label a ticket: the softmax of `slope` times score plus `offset` (bias-corrected temperature scaling, Alexandari,
    /// Kundaje and Shrikumar 2020).
    pub slope: f32,
    /// Of each label.
    pub offset: Vec<f32>,
    /// Of each label alone: slope and offset of a sigmoid of the score (Platt 1999).
    pub sigmoid: Vec<(f32, f32)>,
    /// Several labels a ticket: those with at least this probability are given.
    pub given: f32,
    /// The highest of the labels' own sigmoids below which a text is like those of none.
    pub none_below: f32,
    /// Of each label when given first: tickets and right ones by probability, in [`BINS`] even bins.
    pub precision: Vec<Vec<(u32, u32)>>,
}

impl Calibration {
    /// Probabilities of all labels from their scores.
    pub fn apply(&self, scores: &[f32], several: bool, out: &mut Vec<f32>) {
        out.clear();
        if several {
            out.extend(scores.iter().zip(&self.sigmoid).map(|(s, (slope, offset))| sigmoid(slope * s + offset)));
            return;
        }
        out.extend(scores.iter().zip(&self.offset).map(|(s, offset)| self.slope * s + offset));
        softmax(out);
    }

    /// The labels to give.
    #[must_use]
    pub fn verdict(&self, scores: &[f32], probabilities: &[f32], several: bool) -> Verdict {
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        // Of equals the first: nothing depends on how they are sorted.
        let better = |a: &usize, b: &usize| probabilities[*b].total_cmp(&probabilities[*a]).then(a.cmp(b));
        let given = if several {
            order.sort_unstable_by(better);
            order.iter().take_while(|l| probabilities[**l] >= self.given).count().max(1)
        } else {
            if order.len() > 2 {
                order.select_nth_unstable_by(1, better);
            }
            order[..2.min(probabilities.len())].sort_unstable_by(better);
            1
        };
        let next = order.get(given).map_or(0.0, |l| probabilities[*l]);
        let probability = probabilities[order[0]];
        let likeness = scores.iter().zip(&self.sigmoid).map(|(s, (slope, offset))| sigmoid(slope * s + offset)).fold(0.0, f32::max);
        order.truncate(given);
        Verdict { labels: order, probability, margin: probability - next, none: likeness < self.none_below }
    }

    /// Per label the lowest probability from which on it is right with at least the `target` precision, by the tickets out of
    /// fold. Labels seen too seldom to tell take what holds for all; 1.01 where nothing reaches the target.
    #[must_use]
    pub fn thresholds(&self, target: f32) -> Vec<f32> {
        let mut all = vec![(0, 0); BINS];
        for label in &self.precision {
            all.iter_mut().zip(label).for_each(|(a, b)| *a = (a.0 + b.0, a.1 + b.1));
        }
        let pooled = threshold(&all, target);
        let of = |label: &Vec<(u32, u32)>| if label.iter().map(|b| b.0).sum::<u32>() >= 50 { threshold(label, target) } else { pooled };
        self.precision.iter().map(of).collect()
    }
}

fn threshold(bins: &[(u32, u32)], target: f32) -> f32 {
    let (mut n, mut right, mut best) = (0, 0, 1.01);
    for (bin, (tickets, of_them)) in bins.iter().enumerate().rev() {
        n += tickets;
        right += of_them;
        if n > 0 && right as f32 >= target * n as f32 {
            best = bin as f32 / BINS as f32;
        }
    }
    best
}

/// The logistic function.
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Makes log-odds probabilities that add up to 1.
pub fn softmax(values: &mut [f32]) {
    let top = values.iter().copied().fold(f32::MIN, f32::max);
    values.iter_mut().for_each(|v| *v = (*v - top).exp());
    let sum: f32 = values.iter().sum();
    values.iter_mut().for_each(|v| *v /= sum);
}
