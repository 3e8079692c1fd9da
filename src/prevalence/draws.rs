//! Chance: draws of how many tickets of each label a day may hold.

use super::calibrate::Fit;
use super::mixture::{Logs, Mixture, Posterior};

/// By how much log-probabilities may have moved since the reference was made, for each label: the classifier in use is not quite the
/// one that was measured. A standard deviation.
const DRIFT: f64 = 0.04;
/// Draws thrown away while the chain forgets where it began.
const WARM_UP: usize = 8;
/// Cells of a day above which half the draws must do, each made in half the steps.
const MANY: usize = 3000;

/// Random numbers that only depend on the seed (splitmix64: Steele, Lea and Flood 2014).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Even between 0 and 1 (excluded).
    pub(super) fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(super) fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Of the gamma distribution with that shape (Marsaglia and Tsang 2000).
    pub(super) fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * (1.0 - self.uniform()).powf(1.0 / shape.max(1e-3));
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && (1.0 - self.uniform()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// How many of `n` have a property with probability `p`; above 30 expected ones by the normal distribution.
    pub(super) fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if n == 0 || p.is_nan() || p <= 0.0 {
            return 0;
        }
        if p > 0.5 {
            return n - if p >= 1.0 { 0 } else { self.binomial(n, 1.0 - p) };
        }
        if n <= 12 {
            return (0..n).filter(|_| self.uniform() < p).count() as u64;
        }
        let mean = n as f64 * p;
        if mean > 30.0 {
            return (mean + (mean * (1.0 - p)).sqrt() * self.normal()).round().clamp(0.0, n as f64) as u64;
        }
        // From one that has it to the next.
        let (ln_not, mut at, mut count) = ((1.0 - p).ln(), 0.0, 0);
        loop {
            at += ((1.0 - self.uniform()).ln() / ln_not).floor() + 1.0;
            if at > n as f64 {
                return count;
            }
            count += 1;
        }
    }

    /// `count` draws of the labels in proportion to `weights`, without two of them, added to `out`. `sums` are the running sums of
    /// the weights.
    fn others(&mut self, count: u64, without: (usize, usize), weights: &[f64], sums: &[f64], out: &mut [u64]) {
        let total = sums.last().copied().unwrap_or(0.0);
        if total <= 0.0 {
            return;
        }
        let left = |y: usize| if y == without.0 || y == without.1 { 0.0 } else { weights[y] };
        if count <= weights.len() as u64 {
            'draws: for _ in 0..count {
                for _ in 0..20 {
                    let at = self.uniform() * total;
                    let y = sums.partition_point(|s| *s <= at).min(sums.len() - 1);
                    if y != without.0 && y != without.1 {
                        out[y] += 1;
                        continue 'draws;
                    }
                }
                // Nearly all weight is on the two.
                self.each(1, &left, out);
            }
        } else {
            self.each(count, &left, out);
        }
    }

    fn each(&mut self, mut count: u64, weight: &impl Fn(usize) -> f64, out: &mut [u64]) {
        let mut total: f64 = (0..out.len()).map(weight).sum();
        for (y, out) in out.iter_mut().enumerate() {
            if count == 0 || total <= 0.0 {
                return;
            }
            let drawn = self.binomial(count, (weight(y) / total).min(1.0));
            *out += drawn;
            count -= drawn;
            total -= weight(y);
        }
    }

    /// Shares of labels that may have brought about `counts`, with `more` tickets of each on top.
    fn shares(&mut self, counts: &[f64], more: f64, out: &mut [f64]) {
        out.iter_mut().zip(counts).for_each(|(out, n)| *out = self.gamma(n + more));
        let sum: f64 = out.iter().sum::<f64>().max(1e-300);
        out.iter_mut().for_each(|x| *x /= sum);
    }
}

/// Draws of how many tickets of each label the day holds, given its cells: one list a label.
///
/// Calibration, shares of labels and the label of each ticket are drawn in turn (data augmentation: Tanner and Wong 1987): the
/// calibration from what the reference leaves open, the shares from the tickets' labels with `more` tickets of each label on top, the
/// labels from the posteriors reweighted to the shares. `estimated` are the shares found for the day.
pub(super) fn draw(fit: &Fit, logs: &[Logs], day: &Mixture, estimated: &[f64], more: f64, random: &mut Random) -> Vec<Vec<f64>> {
    let labels = estimated.len();
    let (draws, steps, turns) = if logs.len() > MANY { (100, 3, 1) } else { (200, 6, 2) };
    let mut drawn = vec![Vec::with_capacity(draws); labels];
    let mut moved = Mixture { cells: day.cells.clone(), spread: Vec::new(), implied: Vec::new(), total: day.total };
    let (mut shares, mut next, mut weights, mut sums) = (vec![0.0; labels], vec![0.0; labels], Vec::new(), Vec::new());
    let (mut counts, mut settled_before): (Vec<u64>, Vec<f64>) = (vec![0; labels], Vec::new());
    for round in 0..draws + WARM_UP {
        let mut noise = |n: usize| -> Vec<f64> { (0..n).map(|_| random.normal()).collect() };
        let (mut by, implied) = fit.uncertain(&noise(labels + 1), &noise(labels));
        by.iter_mut().zip(noise(labels)).for_each(|(by, drift)| *by += DRIFT * drift);
        let calibrated = fit.calibrated(Some(&by));
        moved.cells.iter_mut().zip(logs).for_each(|((posterior, _), logs)| *posterior = calibrated.posterior(logs));
        (moved.spread, moved.implied) = (calibrated.spread, implied);
        // The calibration is drawn anew each time, so the shares must follow at once: a few steps to what is likely under it ...
        shares.copy_from_slice(estimated);
        for _ in 0..steps {
            moved.step(&shares, more, &mut weights, &mut next);
            std::mem::swap(&mut shares, &mut next);
        }
        // ... and as far from there as the last draw was from what was likely under its own.
        let settled = shares.clone();
        if !settled_before.is_empty() {
            let on_top = moved.total + more * labels as f64;
            for (y, share) in shares.iter_mut().enumerate() {
                *share *= (counts[y] as f64 + more) / on_top / settled_before[y].max(1e-12);
            }
            let sum: f64 = shares.iter().sum::<f64>().max(1e-300);
            shares.iter_mut().for_each(|s| *s /= sum);
        }
        settled_before = settled;
        let mut likely: Vec<f64> = shares.iter().map(|s| s * moved.total).collect();
        for _ in 0..turns {
            random.shares(&likely, more, &mut shares);
            label(&moved, &shares, &mut weights, &mut sums, &mut counts, random);
            likely.iter_mut().zip(&counts).for_each(|(likely, n)| *likely = *n as f64);
        }
        if round >= WARM_UP {
            drawn.iter_mut().zip(&counts).for_each(|(drawn, n)| drawn.push(*n as f64));
        }
    }
    drawn
}

/// Draws a label for each ticket when labels are as frequent as `shares`, and counts them.
fn label(day: &Mixture, shares: &[f64], weights: &mut Vec<f64>, sums: &mut Vec<f64>, counts: &mut [u64], random: &mut Random) {
    let spread = day.weights(shares, weights);
    let others: Vec<f64> = weights.iter().zip(&day.spread).map(|(w, v)| w * v).collect();
    sums.clear();
    sums.extend(others.iter().scan(0.0, |sum, x| {
        *sum += x;
        Some(*sum)
    }));
    counts.fill(0);
    for (posterior, tickets) in &day.cells {
        let Posterior { first, second, a, b, rest } = *posterior;
        let (first, second) = (first as usize, second as usize);
        let of_first = (a * weights[first] + rest * others[first]).max(0.0);
        let of_second = (b * weights[second] + rest * others[second]).max(0.0);
        let of_rest = (rest * (spread - others[first] - others[second])).max(0.0);
        let tickets = *tickets as u64;
        let firsts = random.binomial(tickets, of_first / (of_first + of_second + of_rest));
        let seconds = random.binomial(tickets - firsts, if of_rest > 0.0 { of_second / (of_second + of_rest) } else { 1.0 });
        counts[first] += firsts;
        counts[second] += seconds;
        random.others(tickets - firsts - seconds, (first, second), &others, sums, counts);
    }
}
