//! What the reference says of the posteriors: how to recalibrate them, and how sure that is.

use super::cell::Cell;
use super::matrix::Root;
use super::mixture::{Calibrated, Logs, Posterior, cross};
use super::reference::Reference;
use std::collections::BTreeMap;

/// Above this many labels what they do to each other's calibration is left out: matrices of all pairs would take too long.
pub(super) const DENSE: usize = 400;
/// Tickets of each label that the posteriors themselves put to the reference: with few tickets a label keeps its posterior.
const OWN: f64 = 2.0;
/// How little is known of a label's bias without any ticket: 1 / variance in log-odds.
const KNOWN: f64 = 0.5;

/// Tickets of one true label in one cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub label: usize,
    /// Index into [`Fit::logs`].
    pub cell: usize,
    pub count: f64,
}

/// A reference as it is calculated with. It has at least two labels.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    pub rows: Vec<Row>,
    /// Its cells.
    pub logs: Vec<Logs>,
    /// Tickets in each cell.
    pub seen: Vec<f64>,
    /// Tickets of each label.
    pub per_label: Vec<f64>,
    /// All tickets.
    pub total: f64,
    pub ln_priors: Vec<f64>,
    /// What log-probabilities are multiplied by.
    scale: f64,
    /// What is added to the log-probability of each label.
    bias: Vec<f64>,
    /// The mean of the recalibrated posteriors: the prior they stand for.
    pub implied: Vec<f64>,
    /// Root of the information on biases and scale (last).
    information: Root,
    /// Root of the covariance of `implied` that comes from which tickets happen to be in the reference.
    sampling: Root,
}

/// Sums over cells under a calibration.
struct Sums {
    /// Of the posteriors, by label.
    labels: Vec<f64>,
    /// Of the mean log-probability as the cell has it.
    logs: f64,
    /// Of its variance.
    variance: f64,
}

impl Fit {
    pub(super) fn of(reference: &Reference) -> Fit {
        let priors = reference.priors();
        let labels = priors.len();
        let mut places: BTreeMap<Cell, usize> = BTreeMap::new();
        let (mut logs, mut seen, mut rows, mut per_label) = (Vec::new(), Vec::new(), Vec::new(), vec![0.0; labels]);
        for (label, cell, count) in reference.rows() {
            let place = match places.get(&cell) {
                Some(place) => *place,
                None => {
                    let Some(of_cell) = Logs::of(cell, priors) else { continue };
                    logs.push(of_cell);
                    seen.push(0.0);
                    places.insert(cell, logs.len() - 1);
                    logs.len() - 1
                }
            };
            let (label, count) = (usize::from(label), f64::from(count));
            rows.push(Row { label, cell: place, count });
            seen[place] += count;
            per_label[label] += count;
        }
        let ln_priors: Vec<f64> = priors.iter().map(|p| p.ln()).collect();
        let (total, bias) = (seen.iter().sum(), vec![0.0; labels]);
        let none = Root::diagonal(&[], 0.0);
        let (information, sampling) = (none.clone(), none);
        let mut fit = Fit { rows, logs, seen, per_label, total, ln_priors, scale: 1.0, bias, implied: priors.to_vec(), information, sampling };
        fit.climb();
        fit.measure();
        fit
    }

    /// The calibration, each bias and (last) the scale moved by `by`.
    pub(super) fn calibrated(&self, by: Option<&[f64]>) -> Calibrated {
        let moved = |i: usize| by.map_or(0.0, |by| by[i]);
        let scale = (self.scale + moved(self.bias.len())).clamp(0.05, 10.0);
        Calibrated::new(scale, self.bias.iter().enumerate().map(|(y, b)| b + moved(y)), &self.ln_priors)
    }

    /// Noise by which the calibration may be off, given standard normal noise for each label and the scale; and, given as much noise
    /// again for each label, the prior implied then.
    pub(super) fn uncertain(&self, noise: &[f64], again: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let by = self.information.solve(noise);
        if self.total <= 0.0 {
            return (by, self.implied.clone());
        }
        // How far the mean posterior moves with the calibration: the information without what was known before.
        let pulled = self.information.times(noise);
        let drawn = self.sampling.times(again);
        let moved = |y: usize| (pulled[y] - KNOWN * by[y]) / self.total + drawn[y];
        let implied = self.implied.iter().enumerate().map(|(y, p)| p * (moved(y) / p).clamp(-3.0, 3.0).exp()).collect();
        (by, implied)
    }

    /// Finds the most likely calibration: temperature scaling with a bias for each label (Alexandari, Kundaje and Shrikumar 2020).
    fn climb(&mut self) {
        if self.total <= 0.0 {
            return;
        }
        let own = OWN * self.bias.len() as f64 / self.total;
        let before = self.sums(&self.seen);
        let ln = |row: &Row| {
            let logs = &self.logs[row.cell];
            if row.label == logs.first {
                logs.ln_first
            } else if row.label == logs.second {
                logs.ln_second
            } else {
                logs.ln_rest + self.ln_priors[row.label]
            }
        };
        let goal_logs = self.rows.iter().map(|row| row.count * ln(row)).sum::<f64>() + own * before.logs;
        let goal: Vec<f64> = self.per_label.iter().zip(&before.labels).map(|(n, p)| n + own * p).collect();
        let seen: Vec<f64> = self.seen.iter().map(|n| n * (1.0 + own)).collect();
        for _ in 0..100 {
            let sums = self.sums(&seen);
            let step = ((goal_logs - sums.logs) / sums.variance.max(1e-9)).clamp(-0.3, 0.3);
            self.scale = (self.scale + step).clamp(0.05, 5.0);
            let mut most = step.abs();
            for ((bias, goal), got) in self.bias.iter_mut().zip(&goal).zip(&sums.labels) {
                let step = ((goal + 1e-6) / (got + 1e-6)).ln().clamp(-1.0, 1.0);
                *bias = (*bias + step).clamp(-12.0, 12.0);
                most = most.max(step.abs());
            }
            if most < 1e-4 {
                break;
            }
        }
    }

    fn sums(&self, seen: &[f64]) -> Sums {
        let now = self.calibrated(None);
        let spread = &now.spread;
        let all = self.powers(spread);
        let mut sums = Sums { labels: vec![0.0; self.bias.len()], logs: 0.0, variance: 0.0 };
        let mut rest = 0.0;
        for (logs, count) in self.logs.iter().zip(seen) {
            let p = now.posterior(logs);
            sums.labels[logs.first] += count * p.a;
            sums.labels[logs.second] += count * p.b;
            rest += count * p.rest;
            let (mean, square) = self.moments(logs, &p, spread, all);
            sums.logs += count * mean;
            sums.variance += count * (square - mean * mean).max(0.0);
        }
        sums.labels.iter_mut().zip(spread).for_each(|(sum, v)| *sum += rest * v);
        sums
    }

    /// Sums over all labels of spread * ln(prior) to the power of 0, 1 and 2.
    fn powers(&self, spread: &[f64]) -> [f64; 3] {
        spread.iter().zip(&self.ln_priors).fold([0.0; 3], |sum, (v, l)| [sum[0] + v, sum[1] + v * l, sum[2] + v * l * l])
    }

    /// The mean of a cell's log-probability and of its square, under its recalibrated posterior `p`.
    fn moments(&self, logs: &Logs, p: &Posterior, spread: &[f64], mut others: [f64; 3]) -> (f64, f64) {
        let (mut mean, mut square) = (0.0, 0.0);
        for (y, ln) in [(logs.first, logs.ln_first), (logs.second, logs.ln_second)] {
            let share = p.of(y, spread);
            mean += share * ln;
            square += share * ln * ln;
            let l = self.ln_priors[y];
            others = [others[0] - spread[y], others[1] - spread[y] * l, others[2] - spread[y] * l * l];
        }
        if p.rest > 0.0 {
            let l = logs.ln_rest;
            mean += p.rest * (l * others[0] + others[1]);
            square += p.rest * (l * l * others[0] + 2.0 * l * others[1] + others[2]);
        }
        (mean, square)
    }

    /// Measures how sure the calibration is.
    fn measure(&mut self) {
        let labels = self.bias.len();
        let sums = self.sums(&self.seen);
        let total = self.total.max(1.0);
        if self.total > 0.0 {
            self.implied = sums.labels.iter().map(|n| (n / total).max(1e-9)).collect();
        }
        let now = self.calibrated(None);
        let posteriors: Vec<Posterior> = self.logs.iter().map(|logs| now.posterior(logs)).collect();
        if labels > DENSE {
            let mut squares = vec![0.0; labels];
            for (p, n) in posteriors.iter().zip(&self.seen) {
                // Of the labels beside a cell's two the squares are too small to matter.
                for y in [p.first as usize, p.second as usize] {
                    squares[y] += n * p.of(y, &now.spread).powi(2);
                }
            }
            let mut known: Vec<f64> = sums.labels.iter().zip(&squares).map(|(sum, square)| (sum - square).max(0.0) + KNOWN).collect();
            known.push(sums.variance + KNOWN);
            self.information = Root::diagonal(&known, 1e-9);
            let drawn: Vec<f64> = squares.iter().zip(&self.implied).map(|(square, p)| (square / total - p * p) / total).collect();
            self.sampling = Root::diagonal(&drawn, 0.0);
            return;
        }
        let squares = cross(posteriors.iter().zip(&self.seen).map(|(p, n)| (*n, *p, *p)), &now.spread, &now.spread);
        // Covariance of each label with the log-probability.
        let (mut with_scale, mut off, mut rest) = (vec![0.0; labels], 0.0, 0.0);
        let all = self.powers(&now.spread);
        for ((logs, p), n) in self.logs.iter().zip(&posteriors).zip(&self.seen) {
            let (first, second) = (p.of(logs.first, &now.spread), p.of(logs.second, &now.spread));
            let beside = |y: usize| logs.ln_rest + self.ln_priors[y];
            let (mean, _) = self.moments(logs, p, &now.spread, all);
            for (y, share, ln) in [(logs.first, first, logs.ln_first), (logs.second, second, logs.ln_second)] {
                with_scale[y] += n * (share * (ln - mean) - p.rest * now.spread[y] * (beside(y) - mean));
            }
            off += n * p.rest * (logs.ln_rest - mean);
            rest += n * p.rest;
        }
        let size = labels + 1;
        let mut information = vec![0.0; size * size];
        let mut drawn = vec![0.0; labels * labels];
        for y in 0..labels {
            for z in 0..labels {
                information[y * size + z] = -squares[y * labels + z];
                drawn[y * labels + z] = (squares[y * labels + z] / total - self.implied[y] * self.implied[z]) / total;
            }
            information[y * size + y] += sums.labels[y] + KNOWN;
            let covariance = with_scale[y] + now.spread[y] * (off + rest * self.ln_priors[y]);
            information[y * size + labels] = covariance;
            information[labels * size + y] = covariance;
        }
        information[labels * size + labels] = sums.variance + KNOWN;
        self.information = Root::dense(&information, size, 1e-9);
        self.sampling = Root::dense(&drawn, labels, 1e-14);
    }
}
