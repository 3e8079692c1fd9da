//! Deciding by a model.

use super::features::{self, Feature};
use super::{Model, Target};
use crate::segment::{Normalized, Segmenter};

/// Share of the words in a text's squared length; the runs of characters have the rest.
pub const WORDS_SHARE: f32 = 0.5;

/// A model, ready to decide: made once, used by any number of threads.
pub struct Predictor {
    model: Model,
    /// A bit for each hash that a feature may have: half of a text's features are unknown and end here.
    filter: Box<[u64]>,
    /// Open addressing by hash; a power of two, at most half full.
    slots: Box<[Slot]>,
    /// Per feature its inverse document frequency and its weights, side by side: one fetch from memory, not two.
    records: Box<[u8]>,
}

/// 32 bits tell features apart where their slots are near; `index` is [`FREE`] in a free slot.
#[derive(Clone, Copy)]
struct Slot {
    rest: u32,
    index: u32,
}

const FREE: u32 = u32::MAX;
/// Bytes of a record before its weights.
const IDF: usize = size_of::<f32>();

/// A feature that the model knows: the first of its places in a text, in characters, and how many there are.
#[derive(Debug, Clone, Copy)]
struct Sighting {
    index: u32,
    start: u16,
    end: u16,
    times: u16,
    word: bool,
    idf: f32,
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Features of the text at hand, with their places in characters.
    found: Vec<(Feature, u16, u16)>,
    /// Those that the model may know.
    likely: Vec<(Feature, u16, u16)>,
    /// Those that it knows, each once, and where each is in that list, by a hash of its index.
    known: Vec<Sighting>,
    places: Vec<u16>,
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
    /// Whether none of the labels fits: the text is unlike those of every label, or nothing in it is known.
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
        let mut p =
            Predictor { filter: vec![0; slots / 8].into(), slots: vec![Slot { rest: 0, index: FREE }; slots].into(), records: Vec::new().into(), model };
        for (index, feature) in p.model.features.iter().enumerate() {
            let bit = filter_bit(*feature, p.filter.len());
            p.filter[bit / 64] |= 1 << (bit % 64);
            let mut i = slot_of(*feature) & (slots - 1);
            while p.slots[i].index != FREE {
                i = (i + 1) & (slots - 1);
            }
            p.slots[i] = Slot { rest: rest_of(*feature), index: index as u32 };
        }
        let weights = p.model.weights.chunks_exact(p.model.labels.len());
        let record = |(idf, weights): (&f32, &[i8])| idf.to_le_bytes().into_iter().chain(weights.iter().map(|w| w.cast_unsigned())).collect::<Vec<u8>>();
        p.records = p.model.idf.iter().zip(weights).flat_map(record).collect();
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
    fn may_know(&self, feature: Feature) -> bool {
        let bit = filter_bit(feature, self.filter.len());
        self.filter[bit / 64] & (1 << (bit % 64)) != 0
    }

    #[inline]
    fn index(&self, feature: Feature) -> Option<u32> {
        let (mask, rest) = (self.slots.len() - 1, rest_of(feature));
        let mut i = slot_of(feature) & mask;
        loop {
            let slot = self.slots[i];
            if slot.index == FREE {
                return None;
            }
            if slot.rest == rest {
                return Some(slot.index);
            }
            i = (i + 1) & mask;
        }
    }

    /// Inverse document frequency of a feature, and its weight for each label as the bits of an `i8`.
    #[inline]
    fn record(&self, index: u32) -> (f32, &[u8]) {
        let length = IDF + self.model.labels.len();
        let record = &self.records[index as usize * length..][..length];
        record.split_first_chunk::<IDF>().map_or((0.0, record), |(idf, weights)| (f32::from_le_bytes(*idf), weights))
    }

    /// The share of features that the model does not know, of the text that `scratch` has read; 1 of a text without any.
    #[must_use]
    pub fn unknown(&self, scratch: &Scratch) -> f32 {
        let known = scratch.found.iter().filter(|(feature, ..)| self.may_know(*feature) && self.index(*feature).is_some()).count();
        1.0 - known as f32 / scratch.found.len().max(1) as f32
    }

    /// Finds the features of the text at hand in the model. Most of the time goes into waiting for memory: each step is a loop of
    /// its own over all of them, so that many fetches are under way at once.
    fn look_up(&self, scratch: &mut Scratch) {
        let Scratch { found, likely, known, places, .. } = scratch;
        likely.clear();
        likely.resize(found.len() + 1, (0, 0, 0));
        let mut n = 0;
        for one in found.iter() {
            likely[n] = *one;
            n += usize::from(self.may_know(one.0));
        }
        known.clear();
        places.clear();
        places.resize((n * 2).next_power_of_two(), 0);
        let mask = places.len() - 1;
        for (feature, start, end) in &likely[..n] {
            let Some(index) = self.index(*feature) else { continue };
            // Place 0 is free, so places count from one.
            let mut at = index as usize & mask;
            while places[at] != 0 && known[usize::from(places[at]) - 1].index != index {
                at = (at + 1) & mask;
            }
            if places[at] != 0 {
                let seen: &mut Sighting = &mut known[usize::from(places[at]) - 1];
                seen.times = seen.times.saturating_add(1);
            } else if known.len() < usize::from(u16::MAX) {
                known.push(Sighting { index, start: *start, end: *end, times: 1, word: features::is_word(*feature), idf: self.record(index).0 });
                places[at] = known.len() as u16;
            }
        }
    }

    /// Decides on the text that `scratch` has read; leaves scores and probabilities in it.
    pub fn decide(&self, scratch: &mut Scratch) -> Verdict {
        let m = &self.model;
        let labels = m.labels.len();
        self.look_up(scratch);
        let Scratch { known, words, runs, scores, probabilities, .. } = scratch;
        for sums in [&mut *words, &mut *runs] {
            sums.clear();
            sums.resize(labels, 0.0);
        }
        let (mut squares_of_words, mut squares_of_runs) = (0f32, 0f32);
        for seen in known.iter() {
            let tf = term_frequency(usize::from(seen.times));
            let (sums, squares) = if seen.word { (&mut *words, &mut squares_of_words) } else { (&mut *runs, &mut squares_of_runs) };
            let value = tf * seen.idf;
            *squares += value * value;
            for (sum, weight) in sums.iter_mut().zip(self.record(seen.index).1) {
                *sum += tf * f32::from(weight.cast_signed());
            }
        }
        let (of_words, of_runs) = norms(squares_of_words, squares_of_runs);
        scores.clear();
        scores.extend((0..labels).map(|l| m.scale[l] * (words[l] * of_words + runs[l] * of_runs) + m.bias[l]));
        m.calibration.apply(scores, m.several, probabilities);
        let verdict = m.calibration.verdict(scores, probabilities, m.several);
        Verdict { none: verdict.none || known.is_empty(), ..verdict }
    }

    /// The places that spoke most for a label in the text decided last: start, end and weight, the strongest first. Each feature is
    /// shown once, and single hanzi only where nothing longer spoke.
    #[must_use]
    pub fn evidence(&self, scratch: &Scratch, label: usize, most: usize) -> Vec<(usize, usize, f32)> {
        let m = &self.model;
        let weight = |s: &Sighting| f32::from(self.record(s.index).1[label].cast_signed()) * m.scale[label];
        let weighed = scratch.known.iter().map(|s| (usize::from(s.start), usize::from(s.end), weight(s)));
        let mut left: Vec<(usize, usize, f32)> = weighed.filter(|e| e.2 > 0.0).collect();
        let order = |a: &(usize, usize, f32), b: &(usize, usize, f32)| {
            (a.1 - a.0 < 2).cmp(&(b.1 - b.0 < 2)).then(b.2.total_cmp(&a.2)).then(a.0.cmp(&b.0)).then(b.1.cmp(&a.1))
        };
        let mut best = Vec::new();
        while best.len() < most
            && let Some(next) = left.iter().copied().min_by(order)
        {
            best.push(next);
            // A run inside of what is shown already says nothing more.
            left.retain(|e| e.0 >= next.1 || next.0 >= e.1);
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

fn rest_of(feature: Feature) -> u32 {
    (feature ^ (feature >> 32)) as u32
}

fn filter_bit(feature: Feature, words: usize) -> usize {
    (feature >> 3) as usize & (words * 64 - 1)
}
