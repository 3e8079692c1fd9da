//! What a text is made of for grouping: runs of characters, words, and pieces that may name a group.

use crate::mask;
use crate::segment::{Normalized, Normalizer, Segmenter};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Longest run of hanzi; shortest and longest run of letters with the marks of a word's ends.
const LONGEST_RUN: usize = 3;
const PARTS: std::ops::RangeInclusive<usize> = 3..=5;
/// Most characters of a text that are looked at.
const MOST_CHARS: usize = 2_000;

/// A text, taken apart. Numbers are all the same number.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    /// Hashes of runs of characters, each with how often it is there.
    pub runs: Vec<(u64, u32)>,
    /// Hashes of words, each once.
    pub words: Vec<u64>,
    /// The words in their order; an empty one where a clause ends.
    pub spoken: Vec<String>,
}

impl Terms {
    /// A hash of what it says; 0 where it says nothing. Numbers, case, punctuation do not count.
    pub fn key(&self) -> u64 {
        let mut hasher = Xxh3::new();
        let mut empty = true;
        for word in self.spoken.iter().filter(|w| !w.is_empty()) {
            hasher.update(word.as_bytes());
            hasher.update(b" ");
            empty = false;
        }
        if empty { 0 } else { hasher.digest().max(1) }
    }

    /// Takes a text apart.
    pub fn of(text: &str, segmenter: &Segmenter, normal: &mut Normalized) -> Terms {
        Normalizer::builtin().fold(&mask::mask(text), normal);
        let chars: Vec<char> = normal.chars.iter().take(MOST_CHARS).map(|c| if c.is_ascii_digit() { '0' } else { *c }).collect();
        let mut runs = Vec::new();
        for part in chars.chunk_by(|a, b| kind(*a) == kind(*b)) {
            match kind(part[0]) {
                Kind::Gap => {}
                Kind::Letters => {
                    let padded: Vec<char> = [' '].into_iter().chain(part.iter().copied()).chain([' ']).collect();
                    PARTS.for_each(|n| runs.extend(padded.windows(n).map(hash)));
                }
                Kind::Other => (1..=LONGEST_RUN).for_each(|n| runs.extend(part.windows(n).map(hash))),
            }
        }
        runs.sort_unstable();
        let runs = runs.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32)).collect();
        let text: String = chars.iter().collect();
        let spoken: Vec<String> = words(&text, segmenter);
        let mut words: Vec<u64> = spoken.iter().filter(|w| !w.is_empty()).map(|w| xxh3_64(w.as_bytes())).collect();
        words.sort_unstable();
        words.dedup();
        Terms { runs, words, spoken }
    }
}

#[derive(PartialEq, Eq)]
enum Kind {
    Gap,
    Letters,
    Other,
}

fn kind(c: char) -> Kind {
    if c.is_whitespace() || (c.is_ascii() && !c.is_ascii_alphanumeric()) {
        Kind::Gap
    } else if c.is_ascii() {
        Kind::Letters
    } else {
        Kind::Other
    }
}

fn hash(run: &[char]) -> u64 {
    run.iter().fold(run.len() as u64, |h, c| (h ^ u64::from(*c)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29))
}

/// Words in their order, with an empty one at each end of a clause.
fn words(text: &str, segmenter: &Segmenter) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = |w: &str| {
        let says = w.chars().any(char::is_alphanumeric);
        if says {
            out.push(w.to_owned());
        } else if !w.trim().is_empty() && out.last().is_some_and(|l| !l.is_empty()) {
            out.push(String::new());
        }
    };
    if text.is_ascii() {
        let part = |c: char| c.is_ascii_alphanumeric() || c == '\'';
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|c| part(c) != part(first)).unwrap_or(rest.len());
            word(&rest[..end]);
            rest = &rest[end..];
        }
    } else {
        segmenter.cut(text).into_iter().for_each(&mut word);
    }
    out
}
