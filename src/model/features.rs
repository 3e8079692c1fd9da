//! What a text is made of for a linear model: words and pairs of words, and runs of one or two hanzi or, inside Latin words, of
//! two to four letters. Runs of three and four hanzi beside words and their pairs were no better on any of the sets in
//! `docs/measurements.md`, worse on two, and twice the work.
//!
//! A feature is the hash of its characters, so that nothing is allocated and a model keeps no strings: whoever wants to show a
//! feature finds its characters in the text at hand.

use crate::segment::{Normalized, Normalizer, Segmenter};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

/// A feature: the hash of its sort and its characters.
pub type Feature = u64;

/// Longest run of hanzi, and of letters inside a word.
const LONGEST_RUN: usize = 2;
const LONGEST_PART: usize = 4;
/// Most characters of a text that are taken apart.
const MAX_CHARS: usize = 60_000;

/// Sorts of features, as the beginning of their hashes.
const RUN: u64 = 0x51_7c_c1_b7_27_22_0a_95;
const PART: u64 = 0xa0_76_1d_64_78_bd_64_2f;
const WORD: u64 = 0xe7_03_7e_d1_a0_b4_28_db;
const PAIR: u64 = 0x8e_bc_6a_f0_9c_88_c6_e3;

fn mix(hash: u64, c: u64) -> u64 {
    (hash ^ c).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(27)
}

fn finish(hash: u64) -> Feature {
    (hash ^ (hash >> 32)) & !1
}

/// Whether a feature is a word or a pair of words, and no run of characters.
#[must_use]
pub fn is_word(feature: Feature) -> bool {
    feature & 1 == 1
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

/// A hasher for features, which are hashes already.
#[derive(Default)]
pub struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, n: u64) {
        self.0 = n.rotate_left(20);
    }
}

/// What is known of each feature.
pub type Known<T> = HashMap<Feature, T, BuildHasherDefault<AsIs>>;

/// The features of a text, each with how often it is there, in the order of the features.
#[must_use]
pub fn counted(text: &str, segmenter: &Segmenter, normal: &mut Normalized) -> Vec<(Feature, u32)> {
    Normalizer::builtin().fold(text, normal);
    let mut all = Vec::with_capacity(normal.chars.len() * 5);
    each(&normal.chars, segmenter, |feature, _| all.push(feature));
    all.sort_unstable();
    all.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32)).collect()
}

/// Calls `found` for each feature of a normalised text at each of its places, in characters.
pub fn each(chars: &[char], segmenter: &Segmenter, mut found: impl FnMut(Feature, Range<usize>)) {
    let chars = &chars[..chars.len().min(MAX_CHARS)];
    let mut at = 0;
    while at < chars.len() {
        let latin = is_latin(chars[at]);
        let end = at + chars[at..].iter().take_while(|c| !c.is_whitespace() && is_latin(**c) == latin).count();
        if end == at {
            at += 1;
            continue;
        }
        if latin {
            parts(&chars[at..end], at, &mut found);
        } else {
            for start in at..end {
                let mut hash = RUN;
                for (i, c) in chars[start..end.min(start + LONGEST_RUN)].iter().enumerate() {
                    hash = mix(hash, *c as u64);
                    found(finish(hash), start..start + i + 1);
                }
            }
        }
        at = end;
    }
    words(chars, segmenter, found);
}

/// The runs of letters of a word with a mark before and after it.
fn parts(word: &[char], at: usize, found: &mut impl FnMut(Feature, Range<usize>)) {
    let get = |i: usize| if i == 0 || i > word.len() { ' ' } else { word[i - 1] };
    let padded = word.len() + 2;
    for start in 0..padded {
        let mut hash = PART;
        for i in start..padded.min(start + LONGEST_PART) {
            hash = mix(hash, get(i) as u64);
            if i > start {
                found(finish(hash), at + start.saturating_sub(1)..at + i.min(word.len()));
            }
        }
    }
}

fn words(chars: &[char], segmenter: &Segmenter, mut found: impl FnMut(Feature, Range<usize>)) {
    let mut before: Option<(u64, usize)> = None;
    let mut word = |range: Range<usize>| {
        let word = &chars[range.clone()];
        if word.iter().all(|c| c.is_whitespace()) {
            return;
        }
        let hash = word.iter().fold(WORD, |h, c| mix(h, *c as u64));
        if word.len() > 1 || is_latin(word[0]) {
            found(finish(hash) | 1, range.clone());
        }
        if let Some((before, start)) = before {
            found(finish(mix(mix(PAIR, before), hash)) | 1, start..range.end);
        }
        before = Some((hash, range.start));
    };
    if chars.iter().all(char::is_ascii) {
        let mut at = 0;
        while at < chars.len() {
            let end = at + chars[at..].iter().take_while(|c| is_latin(**c)).count();
            if end > at {
                word(at..end);
            }
            at = end.max(at + 1);
        }
        return;
    }
    let text: String = chars.iter().collect();
    let mut at = 0;
    for token in segmenter.cut(&text) {
        let end = at + token.chars().count();
        word(at..end);
        at = end;
    }
}
