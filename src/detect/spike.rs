//! Days on which a cause comes more often than it should.
//!
//! Each series is expected to go on at its level (the mean of the last eight weeks, recent days weighing more) on such a weekday; the
//! counts scatter as a negative binomial whose dispersion is estimated for each series and shrunk to that of all. What the estimates
//! may be off by widens the expectation. What is spread over two days is tested as such. The probabilities are calibrated by the past: how often past days fell below a probability
//! tells what it is worth. Over all series the false discovery rate is bounded by Benjamini and Hochberg's step-up procedure in its
//! form for counts (Heyse, *A false discovery rate procedure for categorical data*, 2011), at the rate at which quiet days give as
//! many false alarms as the user allows. After Farrington (1996) and Noufaily et al. (2013), with pooling instead of long histories.

use super::{at_least, least_beyond};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Counts of one product, kind and cause, a number a day.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// A number that tells it from others, the same every day.
    pub key: u64,
    /// Series of one product share their weekdays.
    pub product: usize,
    /// A count a day, the last one today's.
    pub counts: &'a [u32],
}

/// More than expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spike {
    /// Index of the series.
    pub series: usize,
    /// Today's count.
    pub observed: u32,
    /// What was expected.
    pub expected: f64,
    /// 95 of 100 such days have a count from here…
    pub low: u32,
    /// … to here.
    pub high: u32,
    /// The calibrated probability of at least so many.
    pub p: f64,
}

/// Fewest days of history.
pub const LEAST_DAYS: usize = 14;
/// Days that tell the level, those that tell the dispersion, and those by which probabilities are calibrated.
const LEVEL_DAYS: usize = 56;
const DISPERSION_DAYS: usize = 180;
const CALIBRATION_DAYS: usize = 112;
/// A day weighs 1/e of one so many days later.
const FADING: f64 = 28.0;
/// The weekdays of a series are shrunk to its product's as if that had so many tickets each.
const SHRINKING: f64 = 20.0;
/// Fewest tickets that are a spike.
const LEAST_TICKETS: u32 = 3;
/// Probabilities between these tell the calibration: smaller ones may be true spikes.
const TAIL: (f64, f64) = (0.02, 1e-4);
/// What is thought of the calibration before: the power, and how many such probabilities that is worth.
const PRIOR: (f64, f64) = (0.9, 15.0);
/// Probabilities above are no spike's.
const MOST: f64 = 0.05;
/// Days of a month.
const MONTH: f64 = 30.4;

/// Spikes of today, the surest first. `classes` tells for each day which ones are alike: the weekday (0 to 6), or a number of its own
/// for each sort of known day (a version's day, a holiday). `budget` is how many false alarms a month are allowed over all series.
///
/// ```
/// use ahu::detect::spike::{Series, spikes};
/// let mut counts: Vec<u32> = (0..60).map(|day| 18 + day * 7 % 5).collect();
/// counts.push(70);
/// let classes: Vec<u8> = (0..61).map(|day| day % 7).collect();
/// let found = spikes(&[Series { key: 1, product: 0, counts: &counts }], &classes, 1.0);
/// assert_eq!((found[0].observed, found[0].expected.round()), (70, 20.0));
/// ```
#[must_use]
pub fn spikes(series: &[Series<'_>], classes: &[u8], budget: f64) -> Vec<Spike> {
    let days = classes.len();
    if days <= LEAST_DAYS || series.is_empty() {
        return Vec::new();
    }
    let today = days - 1;
    let calibration = Calibration::of(series, classes, today);
    let expected = Expected::of(series, classes, today);
    let observed = |s: usize| series[s].counts[today];
    let p = |s: usize| if observed(s) < LEAST_TICKETS { 1.0 } else { calibration.of_p(expected[s].p(series[s].counts, today, 0.0)) };
    let mut ranked: Vec<(f64, usize)> = (0..series.len()).map(|s| (p(s), s)).filter(|(p, _)| *p <= MOST).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    // On quiet days the step-up procedure at rate q gives q / (1 - q)² false alarms.
    let a_day = (budget / MONTH).max(1e-9);
    let rate = (1.0 + 2.0 * a_day - (1.0 + 4.0 * a_day).sqrt()) / (2.0 * a_day);
    // How many false alarms a threshold gives: no more than counts can reach.
    let false_alarms = |threshold: f64| {
        let raw = calibration.raw(threshold);
        let reached = |e: &Expected| {
            let least = least_beyond(raw, e.today.mean, e.today.variance()).max(u64::from(LEAST_TICKETS));
            calibration.of_p(e.today.at_least(least))
        };
        expected.iter().map(reached).sum::<f64>()
    };
    let last = (0..ranked.len()).rev().find(|i| false_alarms(ranked[*i].0) <= rate * (*i + 1) as f64);
    let spike = |&(p, s): &(f64, usize)| {
        let e = &expected[s].today;
        let high = least_beyond(0.025, e.mean, e.variance()).saturating_sub(1);
        let low = least_beyond(0.975, e.mean, e.variance()).saturating_sub(1);
        Spike { series: s, observed: observed(s), expected: e.mean, low: low as u32, high: high as u32, p }
    };
    ranked[..last.map_or(0, |l| l + 1)].iter().map(spike).collect()
}

/// What a series should have.
#[derive(Debug, Clone, Copy)]
struct Expectation {
    mean: f64,
    /// Variance of the counts, and of the estimate.
    scatter: f64,
    unsure: f64,
}

impl Expectation {
    fn variance(&self) -> f64 {
        self.scatter + self.unsure
    }

    fn at_least(&self, count: u64) -> f64 {
        at_least(count, self.mean, self.variance())
    }

    /// Of two days whose estimates err alike.
    fn and(&self, other: &Expectation) -> Expectation {
        let unsure = (self.unsure.sqrt() + other.unsure.sqrt()).powi(2);
        Expectation { mean: self.mean + other.mean, scatter: self.scatter + other.scatter, unsure }
    }
}

/// What a series should have today, and yesterday and today together; and yesterday.
#[derive(Debug, Clone, Copy)]
struct Expected {
    today: Expectation,
    both: Expectation,
    yesterday: Expectation,
}

/// A day less probable than this was told by itself: the day after is not told for it again.
const TOLD: f64 = 5e-4;

impl Expected {
    fn of(series: &[Series<'_>], classes: &[u8], day: usize) -> Vec<Expected> {
        // Yesterday is no measure of the two together.
        let before = expectations(series, classes, day - 1, &[day - 1, day]);
        let today = expectations(series, classes, day, &[day]);
        before.into_iter().zip(today).map(|(b, t)| Expected { today: t[0], both: b[0].and(&b[1]), yesterday: b[0] }).collect()
    }

    /// The smaller probability: of at least today's count, or of at least that of both days. `draw` tells where in its step a count
    /// falls: 0 at its end.
    fn p(&self, counts: &[u32], day: usize, draw: f64) -> f64 {
        let drawn = |e: &Expectation, count: u64| {
            let whole = e.at_least(count);
            if draw > 0.0 { whole - draw * (whole - e.at_least(count + 1)) } else { whole }
        };
        let (now, before) = (u64::from(counts[day]), u64::from(counts[day - 1]));
        let alone = drawn(&self.today, now);
        // A low count today is no part of a spike.
        let told = self.yesterday.at_least(before) < TOLD || (now as f64) < self.today.mean;
        if told { alone } else { alone.min(drawn(&self.both, now + before)) }
    }
}

/// What each series should have on `days`, by those before `until`.
fn expectations(series: &[Series<'_>], classes: &[u8], until: usize, days: &[usize]) -> Vec<Vec<Expectation>> {
    let level = Window::of(series, classes, until, LEVEL_DAYS);
    let dispersions =
        if until > LEVEL_DAYS { Window::of(series, classes, until, DISPERSION_DAYS).dispersions(series, classes) } else { level.dispersions(series, classes) };
    let weights: Vec<f64> = level.days.clone().map(|d| (-((until - 1 - d) as f64) / FADING).exp()).collect();
    let (sum, squares) = (weights.iter().sum::<f64>(), weights.iter().map(|w| w * w).sum::<f64>());
    let worth = sum * sum / squares;
    let of = |(s, series): (usize, &Series<'_>)| {
        let factors = &level.factors[s];
        let counts = level.days.clone().zip(&weights).map(|(d, w)| f64::from(series.counts[d]) * w).sum::<f64>();
        let exposure: f64 = level.days.clone().zip(&weights).map(|(d, w)| factors[usize::from(classes[d])] * w).sum();
        let rate = (counts / exposure.max(1e-9)).max(0.5 / level.days.len() as f64);
        let on = |day: &usize| {
            let (mean, spread) = (rate * factors[usize::from(classes[*day])], 1.0 / rate + dispersions[s]);
            // The level is known from so many days' worth, the weekday from a seventh of them and its product's.
            let unsure = mean * mean * spread * (1.0 / worth + 1.0 / (level.days.len() as f64 / 7.0 + SHRINKING / rate));
            Expectation { mean, scatter: mean + dispersions[s] * mean * mean, unsure }
        };
        days.iter().map(on).collect()
    };
    series.iter().enumerate().map(of).collect()
}

/// Days before one, and how large each sort of day is in each series; on the mean 1.
struct Window {
    days: std::ops::Range<usize>,
    factors: Vec<Vec<f64>>,
}

impl Window {
    fn of(series: &[Series<'_>], classes: &[u8], day: usize, length: usize) -> Window {
        let days = day.saturating_sub(length)..day;
        let sorts = classes.iter().map(|c| usize::from(*c) + 1).max().unwrap_or(0);
        let mut of_class: Vec<Vec<usize>> = vec![Vec::new(); sorts];
        days.clone().for_each(|d| of_class[usize::from(classes[d])].push(d));
        let products = series.iter().map(|s| s.product + 1).max().unwrap_or(0);
        let mut totals = vec![vec![0.0; day]; products];
        for s in series {
            days.clone().for_each(|d| totals[s.product][d] += f64::from(s.counts[d]));
        }
        let of_product: Vec<Vec<f64>> = totals
            .iter()
            .map(|total| {
                let mean = days.clone().map(|d| total[d]).sum::<f64>() / days.len() as f64;
                // One more day like all.
                let factor = |of: &Vec<usize>| (of.iter().map(|d| total[*d]).sum::<f64>() + mean) / (mean * (of.len() + 1) as f64);
                of_class.iter().map(|of| if mean > 0.0 { factor(of) } else { 1.0 }).collect()
            })
            .collect();
        let of_series = |s: &Series<'_>| {
            let mean = days.clone().map(|d| f64::from(s.counts[d])).sum::<f64>() / days.len() as f64;
            let factor = |(shared, of): (&f64, &Vec<usize>)| {
                let got = of.iter().map(|d| f64::from(s.counts[*d])).sum::<f64>();
                shared * (got + SHRINKING) / (mean * shared * of.len() as f64 + SHRINKING)
            };
            let mut factors: Vec<f64> = of_product[s.product].iter().zip(&of_class).map(factor).collect();
            let mean_factor = days.clone().map(|d| factors[usize::from(classes[d])]).sum::<f64>() / days.len() as f64;
            factors.iter_mut().for_each(|f| *f /= mean_factor);
            factors
        };
        Window { factors: series.iter().map(of_series).collect(), days }
    }

    /// The dispersion of each series: its variance is mean + dispersion × mean². By moments, each shrunk to what all have in common.
    fn dispersions(&self, series: &[Series<'_>], classes: &[u8]) -> Vec<f64> {
        let n = self.days.len() as f64;
        // The level and, half-heartedly, six weekdays are estimated from the same days.
        let lost = n / (n - 4.0).max(1.0);
        let own: Vec<(f64, f64, f64)> = series
            .iter()
            .zip(&self.factors)
            .map(|(s, factors)| {
                let factor = |d: usize| factors[usize::from(classes[d])];
                let exposure: f64 = self.days.clone().map(factor).sum();
                let rate = (self.days.clone().map(|d| f64::from(s.counts[d])).sum::<f64>() / exposure).max(0.5 / n);
                let (mut excess, mut squares) = (0.0, 0.0);
                for d in self.days.clone() {
                    let mean = rate * factor(d);
                    excess += (f64::from(s.counts[d]) - mean).powi(2) * lost - mean;
                    squares += mean * mean;
                }
                (excess / squares, squares, rate)
            })
            .collect();
        let all = (own.iter().map(|o| o.0 * o.1).sum::<f64>() / own.iter().map(|o| o.1).sum::<f64>()).max(0.0);
        // How sure each is: the variance of the moment estimate if its dispersion were that of all.
        let weight = |rate: f64| n * rate.powi(2) / (2.0 * (1.0 + all * rate).powi(2));
        let weights: Vec<f64> = own.iter().map(|o| weight(o.2)).collect();
        let sum: f64 = weights.iter().sum();
        let common = (own.iter().zip(&weights).map(|(o, w)| o.0 * w).sum::<f64>() / sum).max(0.0);
        let scatter = own.iter().zip(&weights).map(|(o, w)| w * (o.0 - common).powi(2)).sum::<f64>() / sum;
        let between = (scatter - own.len() as f64 / sum).max(1e-4);
        let shrunk = |(o, w): (&(f64, f64, f64), &f64)| ((o.0 * w + common / between) / (w + 1.0 / between)).max(0.2 * common);
        own.iter().zip(&weights).map(shrunk).collect()
    }
}

/// What probabilities are worth: below the tail's end `p` is `share · (p / end) ^ power`.
#[derive(Debug, Clone, Copy)]
struct Calibration {
    share: f64,
    power: f64,
}

impl Calibration {
    /// Learnt from the days before `day`.
    fn of(series: &[Series<'_>], classes: &[u8], day: usize) -> Calibration {
        let (end, least) = TAIL;
        let (mut all, mut below, mut inside, mut depth) = (0.0, 0.0, 0.0, 0.0);
        // What was expected with far less history says little of today.
        for past in day.saturating_sub(CALIBRATION_DAYS).max(LEAST_DAYS).max(day / 2)..day {
            for (s, e) in series.iter().zip(Expected::of(series, classes, past)) {
                // A count has few probabilities: where in its step it falls is drawn, the same every time.
                let draw = (xxh3_64_with_seed(&(past as u64).to_le_bytes(), s.key) >> 11) as f64 / (1u64 << 53) as f64;
                let p = e.p(s.counts, past, draw);
                all += 1.0;
                if p <= end {
                    below += 1.0;
                    inside += f64::from(u8::from(p > least));
                    depth += (end / p.max(least)).ln();
                }
            }
        }
        let (power, worth) = PRIOR;
        Calibration { share: (below + worth) / (all + worth / end), power: (inside + worth) / (depth + worth / power) }
    }

    fn of_p(self, p: f64) -> f64 {
        if p > TAIL.0 { p } else { self.share * (p / TAIL.0).powf(self.power) }
    }

    /// The probability that is worth `p`.
    fn raw(self, p: f64) -> f64 {
        if p > self.share { p.max(TAIL.0) } else { TAIL.0 * (p / self.share).powf(1.0 / self.power) }
    }
}
