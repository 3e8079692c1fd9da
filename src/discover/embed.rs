//! Texts as points: what they say in characters and in words, so that texts of one matter lie near each other.
//!
//! Two views side by side, each of length one. Latent semantic analysis of runs of characters (Deerwester et al., 1990) sees the
//! wording, typing errors and all. The mean of the text's word vectors sees that different words are used alike: the vectors come
//! from these very texts, from positive pointwise mutual information of words in one text (Levy and Goldberg, *Neural word
//! embedding as implicit matrix factorization*, 2014), rare words weighing more and the common direction taken out (Arora, Liang
//! and Ma, *A simple but tough-to-beat baseline for sentence embeddings*, 2017).

use super::sparse::{Dense, Sparse, left_singular, normalise};
use super::terms::Terms;
use rayon::prelude::*;
use std::collections::HashMap;

/// Directions of each view.
const RANK: usize = 100;
/// Few texts have fewer directions of their characters: one for so many texts.
const TEXTS_A_DIRECTION: usize = 6;
/// With fewer texts than these, words of two texts have a vector; else words of five.
const FEW_TEXTS: usize = 500;
/// Half of the weight of a word that is this share of all words (Arora et al.).
const COMMON: f32 = 1e-3;
/// Words of a text that are looked at: the first ones.
const MOST_WORDS: usize = 200;

/// Most terms of a view: the commonest.
const MOST_TERMS: usize = 60_000;

/// Numbers the terms that at least `least` texts have, in the order of their hashes; also in how many texts each is.
fn vocabulary(texts: impl Iterator<Item = impl Iterator<Item = u64>>, least: u32) -> (HashMap<u64, u32>, Vec<u32>, Vec<u64>) {
    let mut counts: HashMap<u64, u32> = HashMap::new();
    texts.flatten().for_each(|t| *counts.entry(t).or_default() += 1);
    let mut kept: Vec<(u64, u32)> = counts.into_iter().filter(|c| c.1 >= least).collect();
    if kept.len() > MOST_TERMS {
        kept.select_nth_unstable_by_key(MOST_TERMS, |(t, n)| (std::cmp::Reverse(*n), *t));
        kept.truncate(MOST_TERMS);
    }
    kept.sort_unstable();
    (kept.iter().zip(0..).map(|((t, _), i)| (*t, i)).collect(), kept.iter().map(|k| k.1).collect(), kept.iter().map(|k| k.0).collect())
}

/// What places texts: learnt from some, it places others too.
pub(super) struct Space {
    runs: Runs,
    words: Words,
}

struct Runs {
    number: HashMap<u64, u32>,
    /// Inverse document frequencies.
    idf: Vec<f32>,
    /// For each term its part in each direction.
    directions: Dense,
}

struct Words {
    number: HashMap<u64, u32>,
    weights: Vec<f32>,
    vectors: Dense,
    /// What most texts share.
    common: Vec<f32>,
}

impl Space {
    /// Learns from texts.
    pub fn of(terms: &[Terms]) -> Space {
        let (runs, words) = rayon::join(|| Runs::of(terms), || Words::of(terms));
        Space { runs, words }
    }

    /// Coordinates of a point.
    pub fn width(&self) -> usize {
        self.runs.directions.width + self.words.vectors.width
    }

    /// Points of texts, in their order, of length one; a text without any known term is at zero.
    pub fn points(&self, terms: &[Terms]) -> Dense {
        let mut all = Dense::zeros(terms.len(), self.width());
        all.rows_mut().zip(terms).for_each(|(point, terms)| self.place(terms, point));
        all
    }

    /// Writes the point of a text.
    pub fn place(&self, terms: &Terms, point: &mut [f32]) {
        let (runs, words) = point.split_at_mut(self.runs.directions.width);
        self.runs.place(terms, runs);
        self.words.place(terms, words);
        normalise(point);
    }
}

impl Runs {
    fn of(terms: &[Terms]) -> Runs {
        let (number, seen, keys) = vocabulary(terms.iter().map(|t| t.runs.iter().map(|(t, _)| *t)), 2);
        let n = terms.len() as f32;
        let idf: Vec<f32> = seen.iter().map(|seen| ((1.0 + n) / (1.0 + *seen as f32)).ln() + 1.0).collect();
        let mut runs = Runs { number, idf, directions: Dense::zeros(0, 0) };
        let matrix = Sparse::new(runs.number.len(), terms.par_iter().map(|t| runs.row(t)).collect::<Vec<_>>());
        let (left, values) = left_singular(&matrix, &keys, RANK.min((terms.len() / TEXTS_A_DIRECTION).max(3)));
        let mut directions = matrix.transposed().times(&left);
        directions.rows_mut().for_each(|row| row.iter_mut().zip(&values).for_each(|(x, v)| *x /= v.max(1e-6)));
        runs.directions = directions;
        runs
    }

    /// A text's terms with their weights, of length one.
    fn row(&self, terms: &Terms) -> Vec<(u32, f32)> {
        let weighed = |(term, times): &(u64, u32)| self.number.get(term).map(|i| (*i, (1.0 + (*times as f32).ln()) * self.idf[*i as usize]));
        let mut row: Vec<(u32, f32)> = terms.runs.iter().filter_map(weighed).collect();
        let length = row.iter().map(|(_, x)| x * x).sum::<f32>().sqrt().max(1e-12);
        row.iter_mut().for_each(|(_, x)| *x /= length);
        row
    }

    fn place(&self, terms: &Terms, point: &mut [f32]) {
        for (term, weight) in self.row(terms) {
            point.iter_mut().zip(self.directions.row(term as usize)).for_each(|(p, d)| *p += weight * d);
        }
        normalise(point);
    }
}

impl Words {
    fn of(terms: &[Terms]) -> Words {
        let (number, seen, keys) = vocabulary(terms.iter().map(|t| t.words.iter().take(MOST_WORDS).copied()), if terms.len() < FEW_TEXTS { 2 } else { 5 });
        let rows = terms.iter().map(|t| t.words.iter().take(MOST_WORDS).filter_map(|w| Some((*number.get(w)?, 1.0))).collect());
        let has = Sparse::new(number.len(), rows);
        let total = seen.iter().map(|s| *s as f32).sum::<f32>().max(1.0);
        let weights = seen.iter().map(|seen| COMMON / (COMMON + *seen as f32 / total)).collect();
        let mut words = Words { number, weights, vectors: word_vectors(&has, &keys), common: Vec::new() };
        let mut points = Dense::zeros(terms.len(), words.vectors.width);
        points.rows_mut().zip(terms).for_each(|(point, terms)| words.mean(terms, point));
        words.common = common_direction(&points);
        words
    }

    fn mean(&self, terms: &Terms, point: &mut [f32]) {
        let known: Vec<u32> = terms.words.iter().take(MOST_WORDS).filter_map(|w| self.number.get(w).copied()).collect();
        for word in &known {
            let weight = self.weights[*word as usize] / known.len() as f32;
            point.iter_mut().zip(self.vectors.row(*word as usize)).for_each(|(p, v)| *p += weight * v);
        }
    }

    fn place(&self, terms: &Terms, point: &mut [f32]) {
        self.mean(terms, point);
        let along: f32 = point.iter().zip(&self.common).map(|(x, d)| x * d).sum();
        point.iter_mut().zip(&self.common).for_each(|(x, d)| *x -= along * d);
        normalise(point);
    }
}

/// A vector of length one for each word.
fn word_vectors(has: &Sparse, keys: &[u64]) -> Dense {
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
    let (mut vectors, values) = left_singular(&Sparse::new(has.columns, rows), keys, RANK);
    vectors.rows_mut().for_each(|row| row.iter_mut().zip(&values).for_each(|(x, v)| *x *= v.sqrt()));
    vectors.normalise();
    vectors
}

/// The direction that most points share, of length one; zero where there is none.
fn common_direction(points: &Dense) -> Vec<f32> {
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
            return vec![0.0; width];
        }
        direction = next.iter().map(|x| x / length).collect();
    }
    direction.into_iter().map(|x| x as f32).collect()
}
