//! How good decisions are, measured on tickets whose labels are known.

use super::calibrate::bin_of;
use crate::model::calibration::{BINS, Calibration};

/// Tickets by their labels and by what they were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Per label: given and there, given and not there, there and not given.
    pub counts: Vec<[u64; 3]>,
    /// Tickets.
    pub rows: u64,
    /// Tickets of one label, by it (outer) and by the first they were given (inner).
    pub confusion: Vec<Vec<u64>>,
}

impl Table {
    /// Counts pairs of true and given labels.
    pub fn of(labels: usize, pairs: impl IntoIterator<Item = (Vec<usize>, Vec<usize>)>) -> Table {
        let mut t = Table { counts: vec![[0; 3]; labels], rows: 0, confusion: vec![vec![0; labels]; labels] };
        for (are, given) in pairs {
            t.rows += 1;
            given.iter().for_each(|l| t.counts[*l][usize::from(!are.contains(l))] += 1);
            are.iter().filter(|l| !given.contains(l)).for_each(|l| t.counts[*l][2] += 1);
            if let ([is], Some(first)) = (&are[..], given.first()) {
                t.confusion[*is][*first] += 1;
            }
        }
        t
    }

    /// Precision of a label; 0 where it was never given.
    #[must_use]
    pub fn precision(&self, label: usize) -> f64 {
        let [hits, wrong, _] = self.counts[label];
        share(hits, hits + wrong)
    }

    /// Recall of a label.
    #[must_use]
    pub fn recall(&self, label: usize) -> f64 {
        let [hits, _, missed] = self.counts[label];
        share(hits, hits + missed)
    }

    /// F1 of a label.
    #[must_use]
    pub fn f1(&self, label: usize) -> f64 {
        let [hits, wrong, missed] = self.counts[label];
        share(2 * hits, 2 * hits + wrong + missed)
    }

    /// F1 over all decisions; with one label a ticket and none abstained from, that is accuracy.
    #[must_use]
    pub fn micro_f1(&self) -> f64 {
        let [hits, wrong, missed] = self.counts.iter().fold([0; 3], |a, c| [a[0] + c[0], a[1] + c[1], a[2] + c[2]]);
        share(2 * hits, 2 * hits + wrong + missed)
    }

    /// The mean of the labels' F1, of those that were given or should have been.
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        let seen: Vec<usize> = (0..self.counts.len()).filter(|l| self.counts[*l] != [0; 3]).collect();
        if seen.is_empty() { 0.0 } else { seen.iter().map(|l| self.f1(*l)).sum::<f64>() / seen.len() as f64 }
    }
}

fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

/// Interval of a share that holds with 95 % (Wilson 1927); 0 to 1 where nothing was seen.
#[must_use]
pub fn wilson(part: u64, of: u64) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    let (n, p, z) = (of as f64, part as f64 / of as f64, 1.959_964);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// Decisions of a calibrated model against the truth.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Given and true labels.
    pub table: Table,
    /// By the first label's probability, in [`BINS`] even bins: tickets, the sum of their probabilities, right ones.
    pub reliability: Vec<(u64, f64, u64)>,
    /// Expected calibration error: how far the mean probability is from the share of right ones, over ten bins.
    pub ece: f64,
}

impl Measured {
    /// Decides each ticket by its scores.
    #[must_use]
    pub fn of(calibration: &Calibration, scores: &[Vec<f32>], truth: &[Vec<usize>], several: bool) -> Measured {
        let labels = calibration.offset.len();
        let mut reliability = vec![(0, 0.0, 0); BINS];
        let mut probabilities = Vec::new();
        let pairs: Vec<_> = scores
            .iter()
            .zip(truth)
            .map(|(scores, truth)| {
                calibration.apply(scores, several, &mut probabilities);
                let verdict = calibration.verdict(scores, &probabilities, several);
                let bin = &mut reliability[bin_of(verdict.probability)];
                *bin = (bin.0 + 1, bin.1 + f64::from(verdict.probability), bin.2 + u64::from(truth.contains(&verdict.labels[0])));
                (truth.clone(), verdict.labels)
            })
            .collect();
        let ece = ece(&reliability);
        Measured { table: Table::of(labels, pairs), reliability, ece }
    }
}

/// Expected calibration error over ten even bins (Guo et al. 2017).
#[must_use]
pub fn ece(reliability: &[(u64, f64, u64)]) -> f64 {
    let all: u64 = reliability.iter().map(|b| b.0).sum();
    let gap = |bins: &[(u64, f64, u64)]| {
        let sum = bins.iter().fold((0.0, 0u64), |a, b| (a.0 + b.1, a.1 + b.2));
        (sum.0 - sum.1 as f64).abs()
    };
    if all == 0 { 0.0 } else { reliability.chunks(reliability.len().div_ceil(10)).map(gap).sum::<f64>() / all as f64 }
}
