//! Words of tickets as names and rules need them: empty ones left out, spellings and forms of one word taken together.
//!
//! Which words are empty, or may stand where in a name, is in `data/naming.toml`.

use super::terms::Terms;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// Words of a text that are looked at.
const MOST_READ: usize = 400;

/// What a word may do in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It has a meaning of its own.
    Content,
    Inside,
    Begin,
    End,
    BeginOrEnd,
}

impl Role {
    pub fn begins(self) -> bool {
        matches!(self, Role::Content | Role::Begin | Role::BeginOrEnd)
    }

    pub fn ends(self) -> bool {
        matches!(self, Role::Content | Role::End | Role::BeginOrEnd)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    drop: String,
    inside: String,
    begin: String,
    end: String,
    same: Vec<String>,
}

/// `data/naming.toml`.
struct Naming {
    dropped: HashSet<&'static str>,
    roles: HashMap<&'static str, Role>,
    same: HashMap<&'static str, &'static str>,
}

fn naming() -> &'static Naming {
    static NAMING: OnceLock<Naming> = OnceLock::new();
    NAMING.get_or_init(|| {
        let lists: &'static Lists = Box::leak(Box::new(toml::from_str(include_str!("../../data/naming.toml")).expect("data/naming.toml is valid")));
        let mut roles: HashMap<&str, Role> = lists.inside.split_whitespace().map(|w| (w, Role::Inside)).collect();
        roles.extend(lists.begin.split_whitespace().map(|w| (w, Role::Begin)));
        for word in lists.end.split_whitespace() {
            roles.entry(word).and_modify(|r| *r = if *r == Role::Begin { Role::BeginOrEnd } else { Role::End }).or_insert(Role::End);
        }
        let spellings = |line: &'static String| {
            let first = line.split_whitespace().next().unwrap_or_default();
            line.split_whitespace().map(move |w| (w, first))
        };
        Naming { dropped: lists.drop.split_whitespace().collect(), roles, same: lists.same.iter().flat_map(spellings).collect() }
    })
}

/// One word for its spellings and, in English, its forms: a light stemmer (after Harman, *How effective is suffixing?*, 1991).
pub(super) fn base(word: &str) -> &str {
    if let Some(first) = naming().same.get(word) {
        return first;
    }
    if !word.is_ascii() || word.len() < 4 || naming().roles.contains_key(word) {
        return word;
    }
    let keeps = |stem: &str| stem.len() >= 3 && stem.bytes().any(|b| b"aeiouy".contains(&b));
    let undoubled = |stem: &'_ str| -> usize {
        let b = stem.as_bytes();
        let n = b.len();
        if n > 3 && b[n - 1] == b[n - 2] && !b"lsz".contains(&b[n - 1]) { n - 1 } else { n }
    };
    for suffix in ["ing", "ed"] {
        if let Some(stem) = word.strip_suffix(suffix).filter(|s| keeps(s)) {
            return &stem[..undoubled(stem)];
        }
    }
    let word = match word {
        w if w.ends_with("ies") => &w[..w.len() - 2],
        w if w.ends_with("es") && w.len() > 4 && !w.ends_with("ees") => &w[..w.len() - 1],
        w if w.ends_with('s') && !w.ends_with("ss") && !w.ends_with("us") => &w[..w.len() - 1],
        w => w,
    };
    // `charge` and `charging` are one.
    if word.len() > 4 { word.strip_suffix('e').unwrap_or(word) } else { word }
}

/// Whether it is shown as its first spelling, however it is written.
pub(super) fn has_one_spelling(word: &str) -> bool {
    naming().same.contains_key(word)
}

/// Whether it says nothing beside others.
pub(super) fn is_empty(word: &str) -> bool {
    naming().dropped.contains(word) || is_number(word)
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
}

/// Words that are not empty, by number.
#[derive(Default)]
pub(super) struct Words<'t> {
    numbers: HashMap<&'t str, u32>,
    words: Vec<(&'t str, Role)>,
}

impl<'t> Words<'t> {
    /// The number of a word; none of an empty one.
    pub fn number(&mut self, word: &'t str) -> Option<u32> {
        if is_empty(word) {
            return None;
        }
        let base = base(word);
        Some(*self.numbers.entry(base).or_insert_with(|| {
            // A letter alone says nothing.
            let other = if base.len() == 1 { Role::Inside } else { Role::Content };
            self.words.push((base, naming().roles.get(base).copied().unwrap_or(other)));
            self.words.len() as u32 - 1
        }))
    }

    /// A text, taken down in numbers.
    pub fn clauses(&mut self, terms: &'t Terms) -> Clauses {
        let numbered = |clause| {
            let mut counted = false;
            let mut told = Vec::new();
            for word in clause {
                // What is counted goes with the number: of `4人吃不饱` nobody says `人吃不饱`.
                let measure = std::mem::replace(&mut counted, is_number(word)) && word.chars().count() == 1;
                told.extend(self.number(word).filter(|number| !measure || self.role(*number) != Role::Content));
            }
            told
        };
        terms.clauses(MOST_READ).map(numbered).collect()
    }

    /// A word that was met, and what it may do.
    pub fn known(&self, word: &str) -> Option<(&'t str, Role)> {
        self.numbers.get(word).map(|number| self.words[*number as usize])
    }

    pub fn word(&self, number: u32) -> &'t str {
        self.words[number as usize].0
    }

    pub fn len(&self) -> usize {
        self.words.len()
    }

    pub fn role(&self, number: u32) -> Role {
        self.words[number as usize].1
    }

    pub fn hanzi(&self, number: u32) -> usize {
        let word = self.words[number as usize].0;
        if word.is_ascii() { 0 } else { word.chars().count() }
    }
}

/// A text without its empty words: clauses of numbers.
pub(super) type Clauses = Vec<Vec<u32>>;
