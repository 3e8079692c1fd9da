//! Labelled texts as a sparse matrix: TF-IDF with sublinear term frequency, rows of length one.

use crate::model::features::{self, Feature, Known};
use crate::model::predictor::{norms, term_frequency};
use crate::segment::{Normalized, Segmenter};
use rayon::prelude::*;

/// Rows of a sparse matrix, one behind the other.
#[derive(Debug, Default)]
pub struct Matrix {
    /// Where each row ends in `columns` and `values`; the first entry is 0.
    ends: Vec<usize>,
    /// Column of each value.
    columns: Vec<u32>,
    /// Its values.
    values: Vec<f32>,
    /// Whether each column is a word.
    words: Vec<bool>,
}

impl Matrix {
    /// The n-th row: its columns, ascending, and their values.
    #[must_use]
    pub fn row(&self, n: usize) -> (&[u32], &[f32]) {
        let range = self.ends[n]..self.ends[n + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ends.len() - 1
    }

    /// Number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.words.len()
    }

    /// Which columns some of these rows have.
    #[must_use]
    pub fn seen(&self, rows: &[u32]) -> Vec<bool> {
        let mut seen = vec![false; self.width()];
        rows.iter().for_each(|r| self.row(*r as usize).0.iter().for_each(|c| seen[*c as usize] = true));
        seen
    }

    /// What each label's weights make of a row of which only the columns in `seen` were known when they were found.
    #[must_use]
    pub fn scores(&self, row: usize, weights: &[Vec<f32>], seen: &[bool]) -> Vec<f32> {
        let (columns, values) = self.row(row);
        let squares = |word: bool| {
            let known = columns.iter().zip(values).filter(|(c, _)| self.words[**c as usize] == word && seen[**c as usize]);
            known.map(|(_, v)| v * v).sum::<f32>()
        };
        let (of_words, of_runs) = norms(squares(true), squares(false));
        let score = |w: &Vec<f32>| {
            let (mut words, mut runs) = (0f32, 0f32);
            for (c, v) in columns.iter().zip(values) {
                let sum = if self.words[*c as usize] { &mut words } else { &mut runs };
                *sum += w[*c as usize] * v;
            }
            words * of_words + runs * of_runs + w[w.len() - 1]
        };
        weights.iter().map(score).collect()
    }
}

/// The features that a model knows, in the order of its columns.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// The features, the commonest first, so that they lie together in memory.
    pub features: Vec<Feature>,
    /// Their inverse document frequencies.
    pub idf: Vec<f32>,
    /// Features seen, before the rarest were left out.
    pub seen: usize,
}

/// Texts' features with how often each is there.
#[must_use]
pub fn counted(texts: &[&str], segmenter: &Segmenter) -> Vec<Vec<(Feature, u32)>> {
    texts.par_iter().map_init(Normalized::default, |normal, text| features::counted(text, segmenter, normal)).collect()
}

impl Vocabulary {
    /// The features that at least `least` of the texts have, at most `most` of them.
    #[must_use]
    pub fn of(texts: &[Vec<(Feature, u32)>], least: u32, most: usize) -> Vocabulary {
        let mut all: Vec<Feature> = Vec::with_capacity(texts.iter().map(Vec::len).sum());
        texts.iter().for_each(|t| all.extend(t.iter().map(|f| f.0)));
        all.par_sort_unstable();
        let mut seen = 0;
        let mut kept: Vec<(u32, Feature)> =
            all.chunk_by(|a, b| a == b).inspect(|_| seen += 1).map(|same| (same.len() as u32, same[0])).filter(|(n, _)| *n >= least).collect();
        kept.par_sort_unstable_by(|a, b| b.cmp(a));
        kept.truncate(most);
        let n = texts.len() as f32;
        let idf = kept.iter().map(|(df, _)| ((1.0 + n) / (1.0 + *df as f32)).ln() + 1.0).collect();
        Vocabulary { features: kept.into_iter().map(|(_, f)| f).collect(), idf, seen }
    }

    /// The rows of texts.
    #[must_use]
    pub fn matrix(&self, texts: &[Vec<(Feature, u32)>]) -> Matrix {
        let columns: Known<u32> = self.features.iter().enumerate().map(|(i, f)| (*f, i as u32)).collect();
        let words: Vec<bool> = self.features.iter().map(|f| features::is_word(*f)).collect();
        let row = |text: &Vec<(Feature, u32)>| {
            let value = |(f, n): &(Feature, u32)| columns.get(f).map(|c| (*c, term_frequency(*n as usize) * self.idf[*c as usize]));
            let mut row: Vec<(u32, f32)> = text.iter().filter_map(value).collect();
            row.sort_unstable_by_key(|(c, _)| *c);
            let squares = |word: bool| row.iter().filter(|(c, _)| words[*c as usize] == word).map(|(_, v)| v * v).sum::<f32>();
            let (of_words, of_runs) = norms(squares(true), squares(false));
            row.iter_mut().for_each(|(c, v)| *v *= if words[*c as usize] { of_words } else { of_runs });
            row
        };
        let rows: Vec<Vec<(u32, f32)>> = texts.par_iter().map(row).collect();
        let mut matrix = Matrix { ends: vec![0], words: words.clone(), ..Matrix::default() };
        for row in rows {
            matrix.columns.extend(row.iter().map(|(c, _)| *c));
            matrix.values.extend(row.iter().map(|(_, v)| *v));
            matrix.ends.push(matrix.columns.len());
        }
        matrix
    }
}
