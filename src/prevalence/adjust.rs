//! Counts from what the reference's mean posteriors say of each label, whether or not the posteriors are calibrated.

use super::calibrate::{DENSE, Fit};
use super::cell::Soft;
use super::matrix::inverse;
use super::mixture::{Calibrated, Logs, Mixture, Posterior, cross, fixed_point};
use super::reference::Reference;

/// Tickets that the posteriors put to each label's mean: with few tickets in the reference it would be anything.
const OWN: f64 = 3.0;

/// Cells of the reference with the posterior they are calibrated to and one to be averaged.
struct Averaged<'a> {
    fit: &'a Fit,
    calibrated: &'a [Posterior],
    spread: &'a [f64],
    averaged: &'a [Posterior],
    averaged_spread: &'a [f64],
}

impl Averaged<'_> {
    /// The weight of one ticket in its label's mean.
    fn weight(&self, label: usize) -> f64 {
        1.0 / (self.fit.per_label[label] + OWN)
    }

    /// The weight of one ticket of any label in a label's mean, before its probability of that label.
    fn weight_of_any(&self, label: usize) -> f64 {
        OWN * self.weight(label) / (self.fit.total.max(1.0) * self.fit.implied[label])
    }

    /// The mean posterior of each label's tickets, one row a label.
    fn means(&self) -> Vec<f64> {
        let labels = self.spread.len();
        let cells = self.calibrated.iter().zip(self.averaged).zip(&self.fit.seen);
        let mut means = cross(cells.map(|((p, q), n)| (*n, *p, *q)), self.spread, self.averaged_spread);
        for (y, row) in means.chunks_mut(labels).enumerate() {
            let weight = self.weight_of_any(y);
            row.iter_mut().for_each(|m| *m *= weight);
        }
        let mut rest = vec![0.0; labels];
        for row in &self.fit.rows {
            let (q, weight) = (&self.averaged[row.cell], row.count * self.weight(row.label));
            rest[row.label] += weight * q.rest;
            means[row.label * labels + q.first as usize] += weight * q.a;
            means[row.label * labels + q.second as usize] += weight * q.b;
        }
        for (row, rest) in means.chunks_mut(labels).zip(&rest) {
            row.iter_mut().zip(self.averaged_spread).for_each(|(m, v)| *m += rest * v);
        }
        means
    }

    /// The covariance that the sum of `counts[y]` tickets' mean posteriors has because the reference is finite.
    fn noise(&self, means: &[f64], counts: &[f64]) -> Vec<f64> {
        let labels = self.spread.len();
        let mut weights = vec![0.0; self.averaged.len()];
        for row in &self.fit.rows {
            weights[row.cell] += row.count * (counts[row.label] * self.weight(row.label)).powi(2);
        }
        let any: Vec<f64> = (0..labels).map(|y| counts[y] * counts[y] * self.weight(y) * self.weight_of_any(y)).collect();
        let any_spread = any.iter().zip(self.spread).map(|(a, v)| a * v).sum();
        for ((weight, p), n) in weights.iter_mut().zip(self.calibrated).zip(&self.fit.seen) {
            *weight += n * p.dot(&any, any_spread).max(0.0);
        }
        let cells = weights.iter().zip(self.averaged).map(|(w, q)| (*w, *q, *q));
        let mut noise = cross(cells, self.averaged_spread, self.averaged_spread);
        for (y, mean) in means.chunks(labels).enumerate() {
            let weight = counts[y] * counts[y] * self.weight(y);
            for (i, m) in mean.iter().enumerate().filter(|(_, m)| **m * weight > 0.0) {
                noise[i * labels..(i + 1) * labels].iter_mut().zip(mean).for_each(|(out, other)| *out -= weight * m * other);
            }
        }
        noise
    }
}

/// The shares whose mix of `means` comes nearest to `seen`, in relative entropy.
fn nearest(means: &[f64], seen: &[f64], start: Vec<f64>) -> Vec<f64> {
    let labels = seen.len();
    let mut mixed = vec![0.0; labels];
    fixed_point(start, 1e-6, |shares, out| {
        mixed.fill(1e-300);
        for (share, mean) in shares.iter().zip(means.chunks(labels)) {
            mixed.iter_mut().zip(mean).for_each(|(x, m)| *x += share * m);
        }
        mixed.iter_mut().zip(seen).for_each(|(x, s)| *x = s / *x);
        for ((out, share), mean) in out.iter_mut().zip(shares).zip(means.chunks(labels)) {
            *out = share * mean.iter().zip(&mixed).map(|(m, x)| m * x).sum::<f64>().max(0.0);
        }
        let sum: f64 = out.iter().sum::<f64>().max(1e-300);
        out.iter_mut().for_each(|x| *x /= sum);
    })
}

/// The day's shares of labels by probabilistic adjusted counting (Bella et al. 2010, after Forman 2008): the mix of labels whose mean
/// posteriors in the reference add up to the day's mean posterior.
///
/// One share a label, together 1; for an empty day the reference's priors, without any ticket in the reference the day's mean
/// posterior. Needs no calibrated posteriors, but loses more to chance than [`emq`](super::emq). All labels are solved for together,
/// above 400 labels each against the others. Cells whose first label is not the reference's are left out.
///
/// ```
/// use ahu::prevalence::{Cell, Reference, Soft, pacc};
/// let (a, b) = (Cell::of(&[0.9, 0.1]), Cell::of(&[0.1, 0.9]));
/// // Far too sure of itself: 3 in 10 of label 1 are taken for label 0.
/// let reference = Reference::new(2, [(0, a, 1000), (1, a, 300), (1, b, 700)])?;
/// let mut day = Soft::default();
/// day.add_many(a, 65);
/// day.add_many(b, 35);
/// assert!((pacc(&day, &reference)[0] - 0.5).abs() < 0.01);
/// # Ok::<(), String>(())
/// ```
#[must_use]
pub fn pacc(day: &Soft, reference: &Reference) -> Vec<f64> {
    let labels = reference.labels();
    if labels < 2 {
        return vec![1.0];
    }
    let fit = reference.fit();
    let now = fit.calibrated(None);
    let (mut seen, mut total) = (vec![0.0; labels], 0.0);
    for (cell, count) in day.cells() {
        if let Some(logs) = Logs::of(cell, reference.priors()) {
            add(&mut seen, &now.posterior(&logs), &now.spread, f64::from(count));
            total += f64::from(count);
        }
    }
    if total <= 0.0 {
        return reference.priors().to_vec();
    }
    seen.iter_mut().for_each(|s| *s /= total);
    if fit.total <= 0.0 {
        return seen;
    }
    let posteriors = calibrated(fit, &now);
    if labels > DENSE {
        return each_against_others(fit, &posteriors, &now.spread, &seen);
    }
    let all = Averaged { fit, calibrated: &posteriors, spread: &now.spread, averaged: &posteriors, averaged_spread: &now.spread };
    nearest(&all.means(), &seen, vec![1.0 / labels as f64; labels])
}

/// The reference's cells under a calibration.
fn calibrated(fit: &Fit, now: &Calibrated) -> Vec<Posterior> {
    fit.logs.iter().map(|logs| now.posterior(logs)).collect()
}

fn add(sum: &mut [f64], posterior: &Posterior, spread: &[f64], count: f64) {
    sum.iter_mut().zip(spread).for_each(|(s, v)| *s += count * posterior.rest * v);
    sum[posterior.first as usize] += count * posterior.a;
    sum[posterior.second as usize] += count * posterior.b;
}

/// Adjusted counting of each label against all others as they are mixed in the reference.
fn each_against_others(fit: &Fit, posteriors: &[Posterior], spread: &[f64], seen: &[f64]) -> Vec<f64> {
    let mut own = vec![0.0; seen.len()];
    for row in &fit.rows {
        own[row.label] += row.count * posteriors[row.cell].of(row.label, spread);
    }
    let total = fit.total.max(1.0);
    let mut shares: Vec<f64> = (0..seen.len())
        .map(|y| {
            let others = (total * fit.implied[y] - own[y]).max(0.0) / (total - fit.per_label[y] + OWN);
            let own = (own[y] + OWN * fit.implied[y].max(others)) / (fit.per_label[y] + OWN);
            if own - others > 1e-3 { ((seen[y] - others) / (own - others)).clamp(0.0, 1.0) } else { seen[y] }
        })
        .collect();
    let sum: f64 = shares.iter().sum();
    if sum > 0.0 {
        shares.iter_mut().for_each(|s| *s /= sum);
        return shares;
    }
    seen.to_vec()
}

/// How far `counts`, found by the calibrated posteriors, have to be moved, and the variance that this adds; `None` if not at all.
///
/// Tickets of the reference, mixed as `counts` says and with posteriors reweighted to that mix, must have the mean posterior of the
/// day. If they miss it by more than chance, the calibration does not fit, and adjusted counting on those reweighted posteriors
/// takes over as far as the miss is no chance.
pub(super) fn misfit(fit: &Fit, now: &Calibrated, day: &Mixture, counts: &[f64]) -> Option<Vec<(f64, f64)>> {
    let labels = counts.len();
    if labels > DENSE || fit.total <= 0.0 || day.total <= 0.0 {
        return None;
    }
    let shares: Vec<f64> = counts.iter().map(|n| (n / day.total).max(1e-6)).collect();
    let mut weights = Vec::new();
    let spread = day.weights(&shares, &mut weights);
    let reweighted = |p: &Posterior| {
        let sum = p.dot(&weights, spread).max(1e-300);
        Posterior { a: p.a * weights[p.first as usize] / sum, b: p.b * weights[p.second as usize] / sum, rest: p.rest / sum, ..*p }
    };
    let posteriors = calibrated(fit, now);
    let averaged: Vec<Posterior> = posteriors.iter().map(reweighted).collect();
    let averaged_spread: Vec<f64> = day.spread.iter().zip(&weights).map(|(v, w)| v * w).collect();
    let mut seen = vec![0.0; labels];
    day.cells.iter().for_each(|(p, count)| add(&mut seen, &reweighted(p), &averaged_spread, *count));
    let all = Averaged { fit, calibrated: &posteriors, spread: &now.spread, averaged: &averaged, averaged_spread: &averaged_spread };
    let means = all.means();
    let noise = all.noise(&means, counts);
    let mut missed: Vec<f64> = seen.iter().map(|s| -s).collect();
    for (mean, count) in means.chunks(labels).zip(counts) {
        missed.iter_mut().zip(mean).for_each(|(x, m)| *x += count * m);
    }
    let (miss, chance) = (missed.iter().map(|x| x * x).sum::<f64>(), (0..labels).map(|y| noise[y * labels + y]).sum::<f64>());
    let trust = (1.0 - chance / miss.max(1e-9)).clamp(0.0, 1.0);
    if trust.is_nan() || trust <= 0.0 {
        return None;
    }
    seen.iter_mut().for_each(|s| *s /= day.total);
    let start = counts.iter().map(|n| (n + 0.5) / (day.total + 0.5 * labels as f64)).collect();
    let adjusted = nearest(&means, &seen, start);
    let back = inverse(&means, labels);
    let variance = |y: usize| {
        let column: Vec<f64> = (0..labels).map(|i| back[i * labels + y]).collect();
        let inner = noise.chunks(labels).zip(&column).map(|(row, c)| c * row.iter().zip(&column).map(|(n, d)| n * d).sum::<f64>());
        inner.sum::<f64>().max(0.0)
    };
    Some((0..labels).map(|y| (trust * (adjusted[y] * day.total - counts[y]), trust * variance(y))).collect())
}
