//! What a text is made of for grouping: runs of characters, words, and pieces that may name a group.

use super::vocabulary::is_empty;
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
    /// The words in their order, a line each; an empty line where a clause ends.
    spoken: String,
}

impl Terms {
    /// A hash of what it says; 0 where it says nothing. Numbers, case, punctuation do not count, nor do empty words beside others.
    pub fn key(&self) -> u64 {
        let said = |all: bool| {
            let (mut hasher, mut empty) = (Xxh3::new(), true);
            for word in self.spoken.lines().filter(|w| !w.is_empty() && (all || !is_empty(w))) {
                // However long a number is.
                let number = word.bytes().all(|b| b.is_ascii_digit());
                hasher.update(if number { b"0" } else { word.as_bytes() });
                hasher.update(b" ");
                empty = false;
            }
            if empty { 0 } else { hasher.digest().max(1) }
        };
        match said(false) {
            0 => said(true),
            key => key,
        }
    }

    /// Takes a text apart.
    pub fn of(text: &str, segmenter: &Segmenter, normal: &mut Normalized) -> Terms {
        Normalizer::builtin().fold(&nameless(text), normal);
        let chars: Vec<char> = known(normal).collect();
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
        let mut spoken = String::with_capacity(text.len() * 3 / 2);
        let mut words: Vec<u64> = Vec::new();
        each_word(&text, segmenter, |word| {
            spoken.push_str(word);
            spoken.push('\n');
            if !word.is_empty() {
                words.push(xxh3_64(word.as_bytes()));
            }
        });
        words.sort_unstable();
        words.dedup();
        Terms { runs, words, spoken }
    }

    /// The words of each clause, of the first `most` words.
    pub fn clauses(&self, most: usize) -> impl Iterator<Item = impl Iterator<Item = &str>> {
        let end = self.spoken.match_indices('\n').nth(most).map_or(self.spoken.len(), |m| m.0);
        self.spoken[..end].split("\n\n").map(str::lines)
    }
}

/// A text without anybody's data: masked, and what is masked left out.
fn nameless(text: &str) -> String {
    let masked = mask::mask(text);
    let joins = |a: char, b: char| a.is_ascii_graphic() && b.is_ascii_graphic();
    let chars: Vec<char> = masked.chars().collect();
    let parts = chars.chunk_by(|a, b| joins(*a, *b));
    parts.flat_map(|part| if part.contains(&'*') { vec!['\n'] } else { part.to_vec() }).collect()
}

/// What is looked at of a text: numbers are all the same number.
fn known(normal: &Normalized) -> impl Iterator<Item = char> {
    normal.chars.iter().take(MOST_CHARS).map(|c| if c.is_ascii_digit() { '0' } else { *c })
}

/// The words of a text, each folded and as it is written.
pub(super) fn written(text: &str, segmenter: &Segmenter, normal: &mut Normalized) -> Vec<(String, String)> {
    let text = nameless(text);
    Normalizer::builtin().fold(&text, normal);
    let originals: Vec<char> = text.chars().collect();
    let folded: String = known(normal).collect();
    let (mut at, mut out) = (0, Vec::new());
    let mut cut = |word: &str| {
        let length = word.chars().count();
        let (from, to) = (normal.origin[at] as usize, normal.origin[at + length] as usize);
        at += length;
        out.push((word.to_owned(), originals[from..to].iter().collect::<String>().trim().to_owned()));
    };
    pieces(&folded, segmenter, &mut cut);
    out
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
fn each_word(text: &str, segmenter: &Segmenter, mut word: impl FnMut(&str)) {
    let mut in_clause = false;
    pieces(text, segmenter, |piece| {
        if piece.chars().any(char::is_alphanumeric) {
            word(piece);
            in_clause = true;
        } else if in_clause && !piece.trim().is_empty() {
            word("");
            in_clause = false;
        }
    });
}

/// Words and what is between them.
fn pieces<'t>(text: &'t str, segmenter: &Segmenter, mut piece: impl FnMut(&'t str)) {
    if !text.is_ascii() {
        return segmenter.cut(text).into_iter().for_each(piece);
    }
    let part = |c: char| c.is_ascii_alphanumeric() || c == '\'';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| part(c) != part(first)).unwrap_or(rest.len());
        piece(&rest[..end]);
        rest = &rest[end..];
    }
}
