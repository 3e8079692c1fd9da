//! How many tickets of a day truly have each label, from a classifier that is sometimes wrong.
//!
//! Counting each ticket under its most likely label is biased: where a label was a third of the training and is a tenth of the day, a
//! part of the day's other tickets is mistaken for it, and a small label is mostly such mistakes. What the classifier mistakes for
//! what is known from tickets it did not learn from (the [`Reference`]); so counts can be corrected, with an interval that says how
//! far they can be trusted. All this works on how many tickets had which posterior ([`Soft`]), never on the tickets themselves, so
//! days can be counted in parts.
//!
//! It holds as long as only the labels' shares change and tickets of one label keep looking alike.
//!
//! - The posteriors are recalibrated on the reference (temperature and a bias for each label: Alexandari, Kundaje and Shrikumar,
//!   *Maximum likelihood with bias-corrected calibration is hard-to-beat at label shift adaptation*, 2020), then reweighted until
//!   they agree with their own mean (Saerens, Latinne and Decaestecker, *Adjusting the outputs of a classifier to new a priori
//!   probabilities*, 2002): [`emq`].
//! - Adjusted counting (Forman, *Quantifying counts and costs via classification*, 2008; with probabilities: Bella et al.,
//!   *Quantification via probability estimators*, 2010) needs no calibration: [`pacc`]. Where the reference shows that no such
//!   recalibration fits, [`estimate`] moves towards adjusted counting on the reweighted posteriors, as far as the misfit is no chance.
//! - The interval is of the realised counts, not of the shares in the long run: draws of the calibration, the shares and the labels of
//!   these very tickets (Tanner and Wong, *The calculation of posterior distributions by data augmentation*, 1987).

mod adjust;
mod calibrate;
mod cell;
mod draws;
mod matrix;
mod mixture;
mod reference;
#[cfg(test)]
mod tests;

pub use adjust::pacc;
pub use cell::{Cell, Soft};
pub use mixture::emq;
pub use reference::Reference;

use draws::Random;
use mixture::{Logs, Mixture, Posterior};

/// How much wider an interval is than what chance explains: the reference is scored by models without a part of the rows, a day by
/// the model of all. Without it intervals that should hold in 95 % of the days held in 89–92 % where texts are few and long.
const BETWEEN_MODELS: f64 = 1.15;

/// How many tickets of a day have a label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Tickets whose most likely label it is.
    pub plain: u64,
    /// Corrected: the estimate of all tickets that have the label. The counts of all labels add up to the day's tickets.
    pub count: f64,
    /// Lower end of the 95 % interval; not above `count`, not below 0.
    pub low: f64,
    /// Upper end of the 95 % interval; not below `count`, not above the day's tickets.
    pub high: f64,
}

/// Corrected counts of a day's tickets, one [`Estimate`] for each label of the reference.
///
/// Intervals hold for one label each, not for all at once. The same input gives the same output. Cells whose first
/// label is not the reference's are left out of all numbers. A label without tickets in the reference keeps what the posteriors say
/// of it, with a wide interval.
///
/// ```
/// use ahu::prevalence::{Cell, Reference, Soft, estimate};
/// let (a, b) = (Cell::of(&[0.8, 0.2]), Cell::of(&[0.2, 0.8]));
/// let reference = Reference::new(2, [(0, a, 400), (0, b, 100), (1, a, 100), (1, b, 400)])?;
/// let mut day = Soft::default();
/// day.add_many(a, 60);
/// day.add_many(b, 240);
/// let first = estimate(&day, &reference)[0];
/// // 60 were counted, but a fifth of 300 are mistaken for it anyway: there is hardly any.
/// assert_eq!(first.plain, 60);
/// assert!(first.count < 15.0 && first.low < 1.0 && first.high < 45.0);
/// # Ok::<(), String>(())
/// ```
#[must_use]
pub fn estimate(day: &Soft, reference: &Reference) -> Vec<Estimate> {
    let labels = reference.labels();
    let mut plain = vec![0u64; labels];
    for (cell, count) in day.cells() {
        if let Some(plain) = plain.get_mut(usize::from(cell.first)) {
            *plain += u64::from(count);
        }
    }
    let n = plain.iter().sum::<u64>() as f64;
    if labels < 2 || n <= 0.0 {
        // Nothing to be mistaken for.
        return plain.iter().map(|plain| Estimate { plain: *plain, count: *plain as f64, low: *plain as f64, high: *plain as f64 }).collect();
    }
    let fit = reference.fit();
    let now = fit.calibrated(None);
    let known = day.cells().filter_map(|(cell, count)| Some((Logs::of(cell, reference.priors())?, f64::from(count))));
    let (logs, counts): (Vec<Logs>, Vec<f64>) = known.unzip();
    let cells: Vec<(Posterior, f64)> = logs.iter().zip(counts).map(|(logs, count)| (now.posterior(logs), count)).collect();
    let day_seen = Mixture { cells, spread: now.spread.clone(), implied: fit.implied.clone(), total: n };

    // Before any ticket is seen all shares are thought equally likely; of many labels and few tickets, that most labels are rare.
    let more = (n.sqrt() / labels as f64).min(1.0);
    let shares = day_seen.solve(more);
    let mut counts = vec![0.0; labels];
    day_seen.step(&shares, 0.0, &mut Vec::new(), &mut counts);
    counts.iter_mut().for_each(|c| *c *= n);

    let drawn = draws::draw(fit, &logs, &day_seen, &shares, more, &mut Random::new(seed(day, reference)));
    let moves = adjust::misfit(fit, &now, &day_seen, &counts).unwrap_or_else(|| vec![(0.0, 0.0); labels]);
    let each = plain.iter().zip(&counts).zip(drawn).zip(moves);
    each.map(|(((plain, count), drawn), (by, variance))| interval(*plain, *count, drawn, by, variance, n)).collect()
}

/// The estimate of one label from its count, draws of it, how far it is moved and the variance that adds.
fn interval(plain: u64, count: f64, mut drawn: Vec<f64>, by: f64, variance: f64, n: f64) -> Estimate {
    drawn.sort_by(f64::total_cmp);
    let (low, high) = (quantile(&drawn, 0.025).min(count), quantile(&drawn, 0.975).max(count));
    let moved = (count + by).clamp(0.0, n);
    // A count that grows does so in proportion, down to the lower end: from "perhaps none" it stays perhaps none.
    let low = if moved > count && count > 0.0 { low * moved / count } else { low + moved - count };
    let wider = 1.96 * 1.96 * variance;
    let (down, up) = (BETWEEN_MODELS * (moved - low).hypot(wider.sqrt()), BETWEEN_MODELS * (high - count).hypot(wider.sqrt()));
    Estimate { plain, count: moved, low: (moved - down).max(0.0), high: (moved + up).min(n) }
}

/// Quantile of sorted numbers, between two of them in proportion.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p * (sorted.len().max(1) - 1) as f64;
    let (below, above) = (sorted.get(at as usize), sorted.get(at as usize + 1));
    let below = below.copied().unwrap_or(0.0);
    below + (above.copied().unwrap_or(below) - below) * at.fract()
}

/// A seed that only depends on the input.
fn seed(day: &Soft, reference: &Reference) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut mix = |x: u64| hash = (hash ^ x).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let packed = |cell: Cell| u64::from(cell.first) << 48 | u64::from(cell.second) << 32 | u64::from(cell.p_first) << 24 | u64::from(cell.p_second) << 16;
    for (cell, count) in day.cells() {
        mix(packed(cell));
        mix(u64::from(count));
    }
    for (label, cell, count) in reference.rows() {
        mix(packed(cell) | u64::from(label));
        mix(u64::from(count));
    }
    hash
}
