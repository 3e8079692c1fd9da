//! How many false alarms spikes give, and how many true ones are found: on simulated desks of 200 series in 6 products, with weekdays
//! and more scatter than Poisson. `cargo bench --bench alerts`; `AHU_BENCH_DESKS` tells how many desks (default 12).

use ahu::detect::effect::{Week, effect};
use ahu::detect::spike::{Series, Spike, spikes};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, Gamma, LogNormal, Poisson};
use rayon::prelude::*;

const SERIES: usize = 200;
const PRODUCTS: usize = 6;
const NIGHTS: usize = 100;
const BUDGETS: [f64; 4] = [1.0, 3.0, 6.0, 20.0];
/// A series large enough for its spikes to be asked for.
const LARGE: f64 = 20.0;

struct Desk {
    product: Vec<usize>,
    counts: Vec<Vec<u32>>,
}

impl Desk {
    fn new(seed: u64, days: usize) -> Desk {
        let random = &mut StdRng::seed_from_u64(seed);
        let log_uniform = |random: &mut StdRng, low: f64, high: f64| (random.random_range(low.ln()..high.ln())).exp();
        let weekdays =
            |random: &mut StdRng, spread: f64| -> Vec<f64> { (0..7).map(|_| LogNormal::new(0.0, spread).expect("a spread").sample(random)).collect() };
        let of_product: Vec<Vec<f64>> = (0..PRODUCTS).map(|_| weekdays(random, 0.25)).collect();
        let product: Vec<usize> = (0..SERIES).map(|_| random.random_range(0..PRODUCTS)).collect();
        let counts = product.iter().map(|p| {
            let (mean, size, own) = (log_uniform(random, 0.3, 60.0), log_uniform(random, 4.0, 40.0), weekdays(random, 0.08));
            (0..days).map(|d| count(mean * of_product[*p][d % 7] * own[d % 7], size, random)).collect()
        });
        Desk { counts: counts.collect(), product }
    }

    /// Spikes of a day; `raised` is a series that has three times its count on some days.
    fn spikes(&self, day: usize, raised: Option<(usize, &[usize])>, budget: f64) -> Vec<Spike> {
        let mut counts: Vec<Vec<u32>> = self.counts.iter().map(|c| c[..=day].to_vec()).collect();
        if let Some((series, days)) = raised {
            days.iter().filter(|d| **d <= day).for_each(|d| counts[series][*d] *= 3);
        }
        let series: Vec<Series<'_>> =
            counts.iter().zip(&self.product).zip(0..).map(|((counts, product), key)| Series { key, product: *product, counts }).collect();
        let classes: Vec<u8> = (0..=day).map(|d| (d % 7) as u8).collect();
        spikes(&series, &classes, budget)
    }
}

/// A negative binomial count.
fn count(mean: f64, size: f64, random: &mut impl Rng) -> u32 {
    let rate = mean * Gamma::new(size, 1.0 / size).expect("a size").sample(random);
    if rate > 0.0 { Poisson::new(rate).expect("a rate").sample(random) as u32 } else { 0 }
}

/// Whether a fix that leaves `rate` of what was before is said to have worked, on weeks that scatter more than Poisson.
fn fixes() {
    println!("tickets a week | weeks after | said to have fallen where nothing changed | where the rate was halved");
    let random = &mut StdRng::seed_from_u64(7);
    for rate in [3.0, 10.0, 30.0, 100.0] {
        for after in [2, 4, 8] {
            let mut said = |left: f64| {
                let told = (0..4_000).filter(|_| {
                    let mut weeks = |n: usize, rate: f64| -> Vec<Week> {
                        (0..n).map(|_| Week { count: u64::from(count(rate, 20.0, random)), control: u64::from(count(rate * 20.0, 100.0, random)) }).collect()
                    };
                    let (before, mut after) = (weeks(12, rate), weeks(after, rate * left));
                    // Only the cause was fixed.
                    let controls = weeks(after.len(), rate);
                    after.iter_mut().zip(controls).for_each(|(w, c)| w.control = c.control);
                    effect(&before, &after).is_some_and(|e| e.fell)
                });
                told.count() as f64 / 40.0
            };
            println!("{rate} | {after} | {:.1} % | {:.1} %", said(1.0), said(0.5));
        }
    }
}

fn main() {
    fixes();
    let desks: u64 = std::env::var("AHU_BENCH_DESKS").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    println!("days of history | allowed a month | false alarms a month | two-day spikes of three times found (series of 20 a day and more)");
    for history in [21, 35, 70, 300] {
        for budget in BUDGETS {
            let of_desk = |seed: u64| {
                let desk = Desk::new(seed, history + NIGHTS);
                let false_alarms: usize = (history..history + NIGHTS).map(|day| desk.spikes(day, None, budget).len()).sum();
                let mean = |s: &usize| desk.counts[*s].iter().map(|n| f64::from(*n)).sum::<f64>() / desk.counts[*s].len() as f64;
                let large: Vec<usize> = (0..SERIES).filter(|s| mean(s) >= LARGE).collect();
                let days: Vec<usize> = (history..history + NIGHTS - 1).step_by(5).collect();
                let found = days.iter().filter(|day| {
                    let series = large[**day % large.len()];
                    let raised = [**day, **day + 1];
                    raised.iter().any(|d| desk.spikes(*d, Some((series, &raised)), budget).iter().any(|s| s.series == series))
                });
                (false_alarms, found.count(), days.len())
            };
            let all: Vec<(usize, usize, usize)> = (0..desks).into_par_iter().map(of_desk).collect();
            let sum = |of: fn(&(usize, usize, usize)) -> usize| all.iter().map(of).sum::<usize>() as f64;
            let months = desks as f64 * NIGHTS as f64 / 30.4;
            println!("{history} | {budget} | {:.2} | {:.0} %", sum(|a| a.0) / months, 100.0 * sum(|a| a.1) / sum(|a| a.2));
        }
    }
}
