//! Texts as points: what they say in characters and in words, so that texts of one matter lie near each other.
//!
//! Two views side by side, each of length one. Latent semantic analysis of runs of characters (Deerwester et al., 1990) sees the
//! wording, typing errors and all. The mean of the text's word vectors sees that different words are used alike: the vectors come
//! from these very texts, from positive pointwise mutual information of words in one text (Levy and Goldberg, *Neural word
//! embedding as implicit matrix factorization*, 2014), rare words weighing more and the common direction taken out (Arora, Liang
//! and Ma, *A simple but tough-to-beat baseline for sentence embeddings*, 2017).

use super::sparse::{Dense, Sparse, left_singular};
use super::terms::Terms;
use rayon::prelude::*;
use std::collections::HashMap;

/// Directions of each view.
const RANK: usize = 100;
/// With fewer texts than these, words of two texts have a vector; else words of five.
const FEW_TEXTS: usize = 500;
/// Half of the weight of a word that is this share of all words (Arora et al.).
const COMMON: f32 = 1e-3;
/// Words of a text that are looked at: the first ones.
const MOST_WORDS: usize = 200;

/// Numbers the terms that at least `least` texts have; also in how many texts each is. Numbers go by the terms' hashes.
fn vocabulary(texts: &[Vec<(u64, u32)>], least: u32) -> (HashMap<u64, u32>, Vec<u32>) {
    let mut counts: HashMap<u64, u32> = HashMap::new();
    texts.iter().flatten().for_each(|(t, _)| *counts.entry(*t).or_default() += 1);
    let mut kept: Vec<(u64, u32)> = counts.into_iter().filter(|c| c.1 >= least).collect();
    kept.sort_unstable();
    (kept.iter().zip(0..).map(|((t, _), i)| (*t, i)).collect(), kept.iter().map(|k| k.1).collect())
}

/// Points of all texts, in order; a text without any known term is at zero.
pub(super) fn embed(terms: &[Terms]) -> Dense {
    let (runs, words) = rayon::join(|| of_runs(terms), || of_words(terms));
    let mut all = Dense::zeros(terms.len(), runs.width + words.width);
    all.rows_mut().enumerate().for_each(|(i, row)| {
        row[..runs.width].copy_from_slice(runs.row(i));
        row[runs.width..].copy_from_slice(words.row(i));
    });
    all.normalise();
    all
}

fn of_runs(terms: &[Terms]) -> Dense {
    let texts: Vec<Vec<(u64, u32)>> = terms.par_iter().map(|t| t.runs.clone()).collect();
    let (number, seen) = vocabulary(&texts, 2);
    let n = terms.len() as f32;
    let rows = texts.par_iter().map(|text| {
        let mut row: Vec<(u32, f32)> = text
            .iter()
            .filter_map(|(t, times)| {
                let i = *number.get(t)?;
                Some((i, (1.0 + (*times as f32).ln()) * (((1.0 + n) / (1.0 + seen[i as usize] as f32)).ln() + 1.0)))
            })
            .collect();
        let length = row.iter().map(|(_, x)| x * x).sum::<f32>().sqrt().max(1e-12);
        row.iter_mut().for_each(|(_, x)| *x /= length);
        row
    });
    let matrix = Sparse::new(number.len(), rows.collect::<Vec<_>>());
    let (mut points, values) = left_singular(&matrix, RANK);
    points.rows_mut().for_each(|row| row.iter_mut().zip(&values).for_each(|(x, v)| *x *= v));
    points.normalise();
    points
}

fn of_words(terms: &[Terms]) -> Dense {
    let texts: Vec<Vec<(u64, u32)>> = terms.iter().map(|t| t.words.iter().take(MOST_WORDS).map(|w| (*w, 1)).collect()).collect();
    let (number, seen) = vocabulary(&texts, if texts.len() < FEW_TEXTS { 2 } else { 5 });
    let rows = texts.iter().map(|text| text.iter().filter_map(|(t, _)| Some((*number.get(t)?, 1.0))).collect());
    let has = Sparse::new(number.len(), rows);
    let vectors = word_vectors(&has);
    let total = seen.iter().map(|s| *s as f32).sum::<f32>().max(1.0);
    let weight = |w: u32| COMMON / (COMMON + seen[w as usize] as f32 / total);
    let weighed = Sparse::new(
        has.columns,
        (0..has.rows()).map(|i| {
            let row = has.row(i);
            row.iter().map(|(w, _)| (*w, weight(*w) / row.len() as f32)).collect()
        }),
    );
    let mut points = weighed.times(&vectors);
    without_the_common_direction(&mut points);
    points.normalise();
    points
}

/// A vector of length one for each word.
fn word_vectors(has: &Sparse) -> Dense {
    let of_word = has.transposed();
    let together = |w: usize, sums: &mut Vec<f32>| {
        sums.clear();
        sums.resize(has.columns, 0.0);
        for (text, _) in of_word.row(w) {
            has.row(*text as usize).iter().for_each(|(v, _)| sums[*v as usize] += 1.0);
        }
        sums[w] = 0.0;
    };
    let totals: Vec<f32> = (0..has.columns)
        .into_par_iter()
        .map_init(Vec::new, |sums, w| {
            together(w, sums);
            sums.iter().sum()
        })
        .collect();
    let smoothed: Vec<f32> = totals.iter().map(|t| t.powf(0.75)).collect();
    let sum: f32 = smoothed.iter().sum::<f32>().max(1e-12);
    let row = |sums: &mut Vec<f32>, w: usize| {
        together(w, sums);
        let pointwise = |(v, n): (usize, &f32)| {
            let information = (n * sum / (totals[w] * smoothed[v])).ln();
            (*n > 0.0 && information > 0.0).then_some((v as u32, information))
        };
        sums.iter().enumerate().filter_map(pointwise).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<(u32, f32)>> = (0..has.columns).into_par_iter().map_init(Vec::new, row).collect();
    let (mut vectors, values) = left_singular(&Sparse::new(has.columns, rows), RANK);
    vectors.rows_mut().for_each(|row| row.iter_mut().zip(&values).for_each(|(x, v)| *x *= v.sqrt()));
    vectors.normalise();
    vectors
}

/// Takes out the direction that most points share.
fn without_the_common_direction(points: &mut Dense) {
    const ROUNDS: usize = 20;
    let width = points.width;
    let mut direction = vec![1f64; width];
    for _ in 0..ROUNDS {
        let mut next = vec![0f64; width];
        for i in 0..points.rows() {
            let row = points.row(i);
            let along: f64 = row.iter().zip(&direction).map(|(x, d)| f64::from(*x) * d).sum();
            next.iter_mut().zip(row).for_each(|(n, x)| *n += along * f64::from(*x));
        }
        let length = next.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length < 1e-12 {
            return;
        }
        direction = next.iter().map(|x| x / length).collect();
    }
    points.rows_mut().for_each(|row| {
        let along: f64 = row.iter().zip(&direction).map(|(x, d)| f64::from(*x) * d).sum();
        row.iter_mut().zip(&direction).for_each(|(x, d)| *x -= (along * d) as f32);
    });
}
