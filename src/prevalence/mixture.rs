//! Posteriors of cells over all labels in a few numbers each, and what a day is mixed of: one step costs cells + labels, not
//! cells * labels.

use super::cell::{Cell, Soft};

/// Logarithm of nothing; finite, so that nothing times it is nothing.
const NOTHING: f64 = -1e9;

/// What a cell says of the labels: logarithms of the first and second one's probability; a label `y` beside them has the
/// probability `exp(rest) * priors[y]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Logs {
    pub first: usize,
    pub second: usize,
    pub ln_first: f64,
    pub ln_second: f64,
    pub ln_rest: f64,
}

impl Logs {
    /// Of a cell among at least two labels; `None` where its first label is none of them.
    pub(super) fn of(cell: Cell, priors: &[f64]) -> Option<Logs> {
        let (first, mut second) = (usize::from(cell.first), usize::from(cell.second));
        if first >= priors.len() || priors.len() < 2 {
            return None;
        }
        let (p, mut q) = cell.probabilities();
        let p = p.min(1.0 - 1e-6);
        if second >= priors.len() || second == first {
            // Nothing is known of the others: any of them is the second one, with its share of what is left.
            second = usize::from(first == 0);
            q = (1.0 - p) * priors[second] / (1.0 - priors[first]).max(1e-9);
        }
        if priors.len() == 2 {
            return Some(Logs { first, second, ln_first: p.ln(), ln_second: (1.0 - p).ln(), ln_rest: NOTHING });
        }
        let others = (1.0 - priors[first] - priors[second]).max(1e-9);
        Some(Logs { first, second, ln_first: p.ln(), ln_second: q.max(1e-9).ln(), ln_rest: ((1.0 - p - q).max(1e-9) / others).ln() })
    }
}

/// Probabilities of all labels: label `y` has `rest * spread[y]`, the first one `a` and the second one `b` on top (which may be
/// negative).
#[derive(Debug, Clone, Copy)]
pub(super) struct Posterior {
    pub first: u32,
    pub second: u32,
    pub a: f64,
    pub b: f64,
    pub rest: f64,
}

impl Posterior {
    /// The sum over all labels of probability * `weights`, where `spread` = the sum of the spread labels' weights.
    pub(super) fn dot(&self, weights: &[f64], spread: f64) -> f64 {
        self.rest * spread + self.a * weights[self.first as usize] + self.b * weights[self.second as usize]
    }

    /// The probability of one label.
    pub(super) fn of(&self, label: usize, spread: &[f64]) -> f64 {
        let on_top = if label == self.first as usize { self.a } else { 0.0 } + if label == self.second as usize { self.b } else { 0.0 };
        (self.rest * spread[label] + on_top).max(0.0)
    }
}

/// Makes posteriors of cells: multiplies log-probabilities by `scale` and label `y` by `lift[y]` (temperature scaling with a bias
/// for each label).
pub(super) struct Calibrated {
    scale: f64,
    lift: Vec<f64>,
    /// `lift[y] * priors[y]^scale`: how labels beside a cell's two share what is left.
    pub spread: Vec<f64>,
    total: f64,
}

impl Calibrated {
    pub(super) fn new(scale: f64, bias: impl Iterator<Item = f64>, ln_priors: &[f64]) -> Calibrated {
        let lift: Vec<f64> = bias.map(f64::exp).collect();
        let spread: Vec<f64> = lift.iter().zip(ln_priors).map(|(l, p)| l * (scale * p).exp()).collect();
        let total = spread.iter().sum();
        Calibrated { scale, lift, spread, total }
    }

    pub(super) fn posterior(&self, logs: &Logs) -> Posterior {
        let Logs { first, second, .. } = *logs;
        let a = self.lift[first] * (self.scale * logs.ln_first).exp();
        let b = self.lift[second] * (self.scale * logs.ln_second).exp();
        let rest = (self.scale * logs.ln_rest).exp();
        let others = (self.total - self.spread[first] - self.spread[second]).max(0.0);
        let sum = (a + b + rest * others).max(1e-300);
        let rest = rest / sum;
        Posterior { first: first as u32, second: second as u32, a: a / sum - rest * self.spread[first], b: b / sum - rest * self.spread[second], rest }
    }
}

/// A day's cells as posteriors under the prior `implied`, with their numbers of tickets.
pub(super) struct Mixture {
    pub cells: Vec<(Posterior, f64)>,
    pub spread: Vec<f64>,
    pub implied: Vec<f64>,
    pub total: f64,
}

impl Mixture {
    /// What each label's probability is to be multiplied by when labels are as frequent as `shares`.
    pub(super) fn weights(&self, shares: &[f64], weights: &mut Vec<f64>) -> f64 {
        weights.clear();
        weights.extend(shares.iter().zip(&self.implied).map(|(q, p)| q / p));
        weights.iter().zip(&self.spread).map(|(w, s)| w * s).sum()
    }

    /// One step of expectation and maximisation: the mean posterior when labels are as frequent as `shares`. With `more` tickets of
    /// each label on top, the step of the most probable shares.
    pub(super) fn step(&self, shares: &[f64], more: f64, weights: &mut Vec<f64>, out: &mut [f64]) {
        let spread = self.weights(shares, weights);
        out.fill(0.0);
        let mut rest = 0.0;
        for (posterior, count) in &self.cells {
            let g = count / posterior.dot(weights, spread).max(1e-300);
            out[posterior.first as usize] += g * posterior.a;
            out[posterior.second as usize] += g * posterior.b;
            rest += g * posterior.rest;
        }
        let total = self.total + more * out.len() as f64;
        for ((out, w), s) in out.iter_mut().zip(weights).zip(&self.spread) {
            *out = ((*w * (*out + rest * s)).max(0.0) + more) / total;
        }
    }

    /// The shares of labels that make the day most likely, with `more` tickets of each label on top; their sum is 1.
    pub(super) fn solve(&self, more: f64) -> Vec<f64> {
        let mut weights = Vec::new();
        // A hundredth of a ticket is nobody's concern.
        fixed_point(self.implied.clone(), 0.01 / self.total.max(100.0), |shares, out| self.step(shares, more, &mut weights, out))
    }
}

/// Repeats `step` on shares until they move less than `least`, with squared extrapolation (SQUAREM: Varadhan and Roland 2008), which
/// needs a tenth of the steps where labels are alike.
pub(super) fn fixed_point(mut shares: Vec<f64>, least: f64, mut step: impl FnMut(&[f64], &mut [f64])) -> Vec<f64> {
    let (mut one, mut two) = (shares.clone(), shares.clone());
    for _ in 0..100 {
        step(&shares, &mut one);
        step(&one, &mut two);
        let (mut moved, mut bent, mut most) = (0.0, 0.0, 0.0f64);
        for ((s, o), t) in shares.iter().zip(&one).zip(&two) {
            moved += (o - s) * (o - s);
            bent += (t - o - (o - s)) * (t - o - (o - s));
            most = most.max((t - o).abs());
        }
        if most < least || bent <= 0.0 {
            return two;
        }
        let far = (moved / bent).sqrt().clamp(1.0, 50.0);
        for ((s, o), t) in shares.iter_mut().zip(&one).zip(&two) {
            // Never to the edge, from which no step leads back.
            *s = (*s + 2.0 * far * (o - *s) + far * far * (t - o - (o - *s))).max(t * 0.05);
        }
        let sum: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|s| *s /= sum);
    }
    shares
}

/// The day's shares of labels by expectation maximisation (Saerens, Latinne and Decaestecker 2002): the posteriors, made under the
/// `priors` of the training, are reweighted until their mean is the prior they are reweighted to.
///
/// One share per prior, together 1; for an empty day the priors. Cells whose first label has no prior are left out. Right only as
/// far as the posteriors are calibrated: [`estimate`](super::estimate) recalibrates them first.
///
/// ```
/// use ahu::prevalence::{Cell, Soft, emq};
/// let mut day = Soft::default();
/// day.add_many(Cell::of(&[0.8, 0.2]), 30);
/// day.add_many(Cell::of(&[0.2, 0.8]), 70);
/// // 30 + 70 seen is what 17 + 83 look like when one in five is mistaken; cells are a little coarse.
/// let shares = emq(&day, &[0.5, 0.5]);
/// assert!((shares[0] - 0.17).abs() < 0.05);
/// ```
#[must_use]
pub fn emq(day: &Soft, priors: &[f64]) -> Vec<f64> {
    let sum: f64 = priors.iter().map(|p| p.max(1e-9)).sum();
    let priors: Vec<f64> = priors.iter().map(|p| p.max(1e-9) / sum).collect();
    let ln_priors: Vec<f64> = priors.iter().map(|p| p.ln()).collect();
    let as_is = Calibrated::new(1.0, priors.iter().map(|_| 0.0), &ln_priors);
    let cells: Vec<(Posterior, f64)> = day.cells().filter_map(|(cell, count)| Some((as_is.posterior(&Logs::of(cell, &priors)?), f64::from(count)))).collect();
    let total = cells.iter().map(|(_, count)| count).sum();
    if cells.is_empty() {
        return priors;
    }
    Mixture { cells, spread: as_is.spread, implied: priors, total }.solve(0.0)
}

/// The sum over weighted pairs of posteriors (with the same first and second label) of the first one's probabilities times the
/// second one's, for every pair of labels: a square matrix, row after row.
pub(super) fn cross(pairs: impl Iterator<Item = (f64, Posterior, Posterior)>, spread: &[f64], spread_too: &[f64]) -> Vec<f64> {
    let labels = spread.len();
    let mut out = vec![0.0; labels * labels];
    let (mut both, mut left, mut right) = (0.0, vec![0.0; labels], vec![0.0; labels]);
    for (weight, p, q) in pairs {
        let (first, second) = (p.first as usize, p.second as usize);
        both += weight * p.rest * q.rest;
        left[first] += weight * p.a * q.rest;
        left[second] += weight * p.b * q.rest;
        right[first] += weight * p.rest * q.a;
        right[second] += weight * p.rest * q.b;
        out[first * labels + first] += weight * p.a * q.a;
        out[first * labels + second] += weight * p.a * q.b;
        out[second * labels + first] += weight * p.b * q.a;
        out[second * labels + second] += weight * p.b * q.b;
    }
    for (y, row) in out.chunks_mut(labels.max(1)).enumerate() {
        for ((out, v), r) in row.iter_mut().zip(spread_too).zip(&right) {
            *out += spread[y] * (both * v + r) + left[y] * v;
        }
    }
    out
}
