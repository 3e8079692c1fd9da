//! Corrected counts beside plain counting, over artificial days whose mix of labels is not that of the training.
//!
//! `AHU_BENCH_DATA=../shared/data cargo bench --bench counts` trains on half of citizen-type's rows (halved in 20 ways) and of tasks made of banking77
//! (five intents that people confuse; one intent against the rest), draws 1,000 days of 300 tickets from the other half, each with
//! shares drawn evenly from all that are possible (Dirichlet 1), and compares plain and corrected counts with the true ones.

use ahu::learn::{Trainer, judging};
use ahu::model::Target;
use ahu::prevalence::{Cell, Reference, Soft, estimate};
use ahu::segment::Segmenter;
use ahu::ticket::Labelled;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64_with_seed;

const DAYS: u64 = 1_000;
const TICKETS: usize = 300;
/// Ways to halve the rows: each half has its own luck.
const HALVES: u64 = 20;

fn main() {
    let Some(folder) = std::env::var_os("AHU_BENCH_DATA").map(PathBuf::from) else {
        println!("set AHU_BENCH_DATA to a folder of labelled sets");
        return;
    };
    println!("{DAYS} days of {TICKETS} tickets a task");
    println!("task | labels | plain: mean absolute error | corrected | ratio (wanted: at most 0.5) | 95 % intervals hold (wanted: 0.93) | mean width");
    let citizens = read(&folder.join("citizen-type.train.csv"));
    measure("citizen-type", &citizens);
    measure("citizen-department", &read(&folder.join("citizen-department.train.csv")));
    let reviews = read(&folder.join("shopping-product.train.csv"));
    measure("shopping-product, 5,000 rows", &reviews.into_iter().filter(|r| xxh3_64_with_seed(r.id.as_bytes(), 1).is_multiple_of(10)).collect::<Vec<_>>());
    let banking = [read(&folder.join("banking77.train.csv")), read(&folder.join("banking77.test.csv"))].concat();
    let some = ["card_arrival", "card_delivery_estimate", "lost_or_stolen_card", "card_not_working", "declined_card_payment"];
    measure("banking77, five intents", &banking.iter().filter(|r| some.contains(&r.labels[0].as_str())).cloned().collect::<Vec<_>>());
    let about = |word: &str| -> Vec<Labelled> {
        let label = |r: &Labelled| if r.labels[0].contains(word) { "it" } else { "rest" }.to_owned();
        banking.iter().map(|r| Labelled { labels: vec![label(r)], ..r.clone() }).collect()
    };
    for word in ["transfer", "top_up", "pending"] {
        measure(&format!("banking77, {word} or not"), &about(word));
    }
}

fn read(path: &Path) -> Vec<Labelled> {
    let mut reader = csv::Reader::from_path(path).expect("a labelled set");
    let row = |r: csv::StringRecord| Labelled { id: r[0].to_owned(), text: r[1].to_owned(), labels: vec![r[2].to_owned()] };
    reader.records().map(|r| row(r.expect("a row"))).collect()
}

fn measure(task: &str, rows: &[Labelled]) {
    let halves: Vec<(usize, Vec<[f64; 4]>)> = (0..HALVES).map(|seed| days(rows, seed)).collect();
    let labels = halves[0].0;
    let mean = |i: usize| halves.iter().flat_map(|h| &h.1).map(|d| d[i]).sum::<f64>() / (DAYS as f64 * labels as f64);
    let (plain, corrected, holds, width) = (mean(0), mean(1), mean(2), mean(3));
    println!("{task} | {labels} | {plain:.2} | {corrected:.2} | {:.2} | {holds:.3} | {width:.1}", corrected / plain);
}

/// Some days drawn from a half of the rows by a model of the other: number of labels; per day the sums over labels of the errors of
/// plain and corrected counts, of intervals that hold, of their widths.
fn days(rows: &[Labelled], half: u64) -> (usize, Vec<[f64; 4]>) {
    let (train, rest): (Vec<Labelled>, Vec<Labelled>) = rows.iter().cloned().partition(|r| xxh3_64_with_seed(r.text.as_bytes(), half).is_multiple_of(2));
    let segmenter = Segmenter::new(Vec::new());
    let model = Trainer::new(Target::Product).train(&train, &segmenter).expect("two labels").model;
    let labels = model.labels.clone();
    let reference = Reference::new(labels.len(), model.reference.iter().copied()).expect("a measured model");
    let all: Vec<(usize, &Labelled)> = rest.iter().enumerate().collect();
    let judged = judging::judge(model, &labels, &all, &segmenter);
    let of_label: Vec<Vec<Cell>> = (0..labels.len()).map(|l| judged.iter().filter(|j| j.truth[0] == l).map(|j| Cell::of(&j.probabilities)).collect()).collect();
    let day = |seed: u64| {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let weights: Vec<f64> = labels.iter().map(|_| -random.unit().ln()).collect();
        let sum: f64 = weights.iter().sum();
        let mut true_counts = vec![0u64; labels.len()];
        let mut soft = Soft::default();
        for _ in 0..TICKETS {
            let mut at = random.unit() * sum;
            let label = weights
                .iter()
                .position(|w| {
                    at -= w;
                    at < 0.0
                })
                .unwrap_or(labels.len() - 1);
            true_counts[label] += 1;
            soft.add(of_label[label][(random.unit() * of_label[label].len() as f64) as usize]);
        }
        let mut sums = [0f64; 4];
        for (is, e) in true_counts.iter().zip(estimate(&soft, &reference)) {
            let is = *is as f64;
            sums[0] += (e.plain as f64 - is).abs();
            sums[1] += (e.count - is).abs();
            sums[2] += f64::from(u8::from((e.low.floor()..=e.high.ceil()).contains(&is)));
            sums[3] += e.high - e.low;
        }
        sums
    };
    let seeds = half * DAYS + 1..half * DAYS + 1 + DAYS / HALVES;
    (labels.len(), seeds.into_par_iter().map(day).collect())
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    /// Between 0 and 1, neither of them.
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }
}
