//! Deciding by a model.

use super::features::{self, Feature};
use super::{Model, Target};
use crate::segment::{Normalized, Segmenter};

/// Share of the words in a text's squared length; the runs of characters have the rest.
pub const WORDS_SHARE: f32 = 0.3;

/// A model, ready to decide: made once, used by any number of threads.
pub struct Predictor {
    model: Model,
    /// A bit for each hash that a feature may have: half of a text's features are unknown and end here.
    filter: Box<[u64]>,
    /// Open addressing by hash; a power of two, at most half full.
    slots: Box<[Slot]>,
}

#[derive(Clone, Copy)]
struct Slot {
    feature: Feature,
    index: u32,
}

const FREE: u32 = u32::MAX;

/// Buffers of one thread.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Features of the text at hand, with their places in characters.
    found: Vec<(Feature, u16, u16)>,
    /// Those that the model knows: index, start, end.
    known: Vec<(u32, u16, u16)>,
    /// Scores of words and of runs, then the labels' probabilities.
    words: Vec<f32>,
    runs: Vec<f32>,
    /// Raw score of each label: the signed distance from its boundary.
    pub scores: Vec<f32>,
    /// Calibrated probability of each label; for one label a ticket they add up to 1.
    pub probabilities: Vec<f32>,
}

/// The labels that a model gives a ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Indexes into [`Model::labels`], the most likely first; never empty.
    pub labels: Vec<usize>,
    /// Probability of the first.
    pub probability: f32,
    /// How far the first is ahead of the next label that is not given.
    pub margin: f32,
    /// Whether none of the labels fits: the text is unlike those of every label.
    pub none: bool,
}

impl Scratch {
    /// Takes a text apart; all models then decide on it.
    pub fn read(&mut self, normal: &Normalized, segmenter: &Segmenter) {
        self.found.clear();
        features::each(&normal.chars, segmenter, |feature, place| self.found.push((feature, place.start as u16, place.end as u16)));
    }
}

impl Predictor {
    /// Prepares a model.
    #[must_use]
    pub fn new(model: Model) -> Predictor {
        let slots = (model.features.len().max(4) * 2).next_power_of_two();
        let mut p = Predictor { filter: vec![0; slots / 8].into(), slots: vec![Slot { feature: 0, index: FREE }; slots].into(), model };
        for (index, feature) in p.model.features.iter().enumerate() {
            let bit = filter_bit(*feature, p.filter.len());
            p.filter[bit / 64] |= 1 << (bit % 64);
            let mut i = slot_of(*feature) & (slots - 1);
            while p.slots[i].index != FREE {
                i = (i + 1) & (slots - 1);
            }
            p.slots[i] = Slot { feature: *feature, index: index as u32 };
        }
        p
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What it tells.
    #[must_use]
    pub fn target(&self) -> Target {
        self.model.target
    }

    #[inline]
    fn index(&self, feature: Feature) -> Option<u32> {
        let bit = filter_bit(feature, self.filter.len());
        if self.filter[bit / 64] & (1 << (bit % 64)) == 0 {
            return None;
        }
        let mask = self.slots.len() - 1;
        let mut i = slot_of(feature) & mask;
        loop {
            let slot = self.slots[i];
            if slot.index == FREE {
                return None;
            }
            if slot.feature == feature {
                return Some(slot.index);
            }
            i = (i + 1) & mask;
        }
    }

    /// The share of features that the model does not know, of the text that `scratch` has read; 1 of a text without any.
    #[must_use]
    pub fn unknown(&self, scratch: &Scratch) -> f32 {
        let known = scratch.found.iter().filter(|(feature, ..)| self.index(*feature).is_some()).count();
        1.0 - known as f32 / scratch.found.len().max(1) as f32
    }

    /// Decides on the text that `scratch` has read; leaves scores and probabilities in it.
    pub fn decide(&self, scratch: &mut Scratch) -> Verdict {
        let m = &self.model;
        let labels = m.labels.len();
        let Scratch { found, known, words, runs, scores, probabilities } = scratch;
        known.clear();
        known.extend(found.iter().filter_map(|(f, start, end)| self.index(*f).map(|i| (i, *start, *end))));
        known.sort_unstable();
        for sums in [&mut *words, &mut *runs] {
            sums.clear();
            sums.resize(labels, 0.0);
        }
        let (mut squares_of_words, mut squares_of_runs) = (0f32, 0f32);
        for same in known.chunk_by(|a, b| a.0 == b.0) {
            let index = same[0].0 as usize;
            let tf = term_frequency(same.len());
            let (sums, squares) = if features::is_word(m.features[index]) { (&mut *words, &mut squares_of_words) } else { (&mut *runs, &mut squares_of_runs) };
            let value = tf * m.idf[index];
            *squares += value * value;
            for (sum, weight) in sums.iter_mut().zip(&m.weights[index * labels..(index + 1) * labels]) {
                *sum += tf * f32::from(*weight);
            }
        }
        let (of_words, of_runs) = norms(squares_of_words, squares_of_runs);
        scores.clear();
        scores.extend((0..labels).map(|l| m.scale[l] * (words[l] * of_words + runs[l] * of_runs) + m.bias[l]));
        m.calibration.apply(scores, m.several, probabilities);
        m.calibration.verdict(scores, probabilities, m.several)
    }

    /// The places that spoke most for a label in the text decided last: start, end and weight, the strongest first. Each feature is
    /// shown once, and single hanzi only where nothing longer spoke.
    #[must_use]
    pub fn evidence(&self, scratch: &Scratch, label: usize, most: usize) -> Vec<(usize, usize, f32)> {
        let m = &self.model;
        let weight = |i: u32| f32::from(m.weights[i as usize * m.labels.len() + label]) * m.scale[label];
        let firsts = scratch.known.chunk_by(|a, b| a.0 == b.0).map(|same| same[0]);
        let mut all: Vec<(usize, usize, f32)> = firsts.map(|(i, start, end)| (usize::from(start), usize::from(end), weight(i))).filter(|e| e.2 > 0.0).collect();
        all.sort_by(|a, b| (a.1 - a.0 < 2).cmp(&(b.1 - b.0 < 2)).then(b.2.total_cmp(&a.2)).then(a.0.cmp(&b.0)).then(b.1.cmp(&a.1)));
        let mut best: Vec<(usize, usize, f32)> = Vec::new();
        for e in all {
            if best.len() == most {
                break;
            }
            // A run inside of what is shown already says nothing more.
            if !best.iter().any(|b| e.0 < b.1 && b.0 < e.1) {
                best.push(e);
            }
        }
        best
    }
}

/// Sublinear term frequency.
#[must_use]
pub fn term_frequency(n: usize) -> f32 {
    if n == 1 { 1.0 } else { 1.0 + (n as f32).ln() }
}

/// Factors that give the words and the runs their shares of a length of one.
#[must_use]
pub fn norms(squares_of_words: f32, squares_of_runs: f32) -> (f32, f32) {
    let factor = |share: f32, squares: f32| if squares > 0.0 { (share / squares).sqrt() } else { 0.0 };
    (factor(WORDS_SHARE, squares_of_words), factor(1.0 - WORDS_SHARE, squares_of_runs))
}

fn slot_of(feature: Feature) -> usize {
    (feature >> 17) as usize
}

fn filter_bit(feature: Feature, words: usize) -> usize {
    (feature >> 3) as usize & (words * 64 - 1)
}
