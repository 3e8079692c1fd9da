//! A rule for a group: words, and pairs of words in one clause, that its tickets say and the others do not.
//!
//! Greedy set covering: of the candidates that are right often enough, the one that takes most of what is not yet taken.

use super::terms::Terms;
use super::vocabulary::{Clauses, Role, Words, base};
use crate::segment::{Normalized, Segmenter};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use xxhash_rust::xxh3::xxh3_64;

/// Most texts that rules are tried on.
const MOST_TEXTS: usize = 40_000;
/// Words of a group that rules are made of: those that tell most.
const MOST_WORDS: usize = 36;
/// Most rules of a group, most spellings of a word.
const MOST_RULES: usize = 8;
const MOST_FORMS: usize = 6;
/// Share of a candidate's texts that must be the group's, and of the group that is enough; a second try is content with less.
const TRIES: [(f64, f64); 2] = [(0.8, 0.95), (0.6, 0.6)];
/// A text of another group weighs this much against one of the group, and one of no group: that one may say two things.
const AGAINST: f64 = 1.2;
const OF_NONE: f64 = 0.3;
/// Share of the group at which a rule is worth having.
const WORTH: f64 = 0.03;
/// Farthest that two words of a pair may stand apart: hanzi, letters.
const APART: (u32, u32) = (16, 40);

/// Texts that rules are found in.
///
/// ```
/// use ahu::{discover::Texts, segment::Segmenter};
/// let texts = Texts::of(&["充值没到账", "充值三天没到账", "充值有优惠吗", "没到时间"], &Segmenter::new(vec![]));
/// let rules = texts.rules(&[Some(0), Some(0), None, None], 1, &Default::default());
/// assert!(rules[0].iter().any(|rule| rule.contains("充值")), "{rules:?}");
/// ```
pub struct Texts {
    /// Those that rules are tried on.
    tried: Vec<usize>,
    terms: Vec<Terms>,
}

impl Texts {
    /// Segments texts.
    #[must_use]
    pub fn of(texts: &[&str], segmenter: &Segmenter) -> Texts {
        let mut tried: Vec<usize> = (0..texts.len()).collect();
        if tried.len() > MOST_TEXTS {
            tried.sort_by_cached_key(|i| xxh3_64(texts[*i].as_bytes()));
            tried.truncate(MOST_TEXTS);
        }
        let terms = tried.par_iter().map_init(Normalized::default, |normal, i| Terms::of(texts[*i], segmenter, normal)).collect();
        Texts { tried, terms }
    }

    /// Rules of each of `count` groups, in the language of `docs/rules.md`, the one that takes most first. `groups[i]` is the group
    /// of the i-th text; texts of none are better left alone. Rules that are `banned` for a group are not tried.
    #[must_use]
    pub fn rules(&self, groups: &[Option<usize>], count: usize, banned: &HashSet<(usize, String)>) -> Vec<Vec<String>> {
        let Texts { tried, terms } = self;
        let mut words = Words::default();
        let clauses: Vec<Clauses> = terms.iter().map(|t| words.clauses(t)).collect();
        let index = Index::of(&clauses, tried.iter().map(|i| groups[*i].is_some()).collect(), words.len());
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); count];
        tried.iter().zip(0..).for_each(|(i, at)| groups[*i].iter().for_each(|g| members[*g].push(at)));
        let written = |(group, members): (usize, &Vec<u32>)| {
            let forms = forms(members.iter().map(|at| &terms[*at as usize]));
            let spelt = |rule: &[u32]| spelt(rule, &words, &forms).filter(|rule| !banned.contains(&(group, rule.clone())));
            covering(members, &index, &words, &spelt)
        };
        members.par_iter().enumerate().map(written).collect()
    }
}

/// The words of a rule that [`Texts::rules`] wrote, with their spellings: a text that it takes says one of each.
#[must_use]
pub fn words<'r>(rule: &'r str) -> Vec<Vec<&'r str>> {
    let spellings = |part: &'r str| part.split_whitespace().last().unwrap_or_default().split('|').map(|word| word.trim_matches('"')).collect();
    rule.split(" ~").map(spellings).collect()
}

/// Where words are.
struct Index {
    /// For each word the clauses that have it, ascending; for each clause its text.
    clauses: Vec<Vec<u32>>,
    text: Vec<u32>,
    words: Vec<Vec<u32>>,
    /// Whether a text is in a group.
    grouped: Vec<bool>,
}

impl Index {
    fn of(texts: &[Clauses], grouped: Vec<bool>, words: usize) -> Index {
        let mut index = Index { clauses: vec![Vec::new(); words], text: Vec::new(), words: Vec::new(), grouped };
        for (clause, at) in texts.iter().zip(0..).flat_map(|(clauses, at)| clauses.iter().map(move |c| (c, at))) {
            let mut distinct = clause.clone();
            distinct.sort_unstable();
            distinct.dedup();
            distinct.iter().for_each(|word| index.clauses[*word as usize].push(index.text.len() as u32));
            index.text.push(at);
            index.words.push(distinct);
        }
        index
    }

    /// Texts with all of these words in one clause, ascending.
    fn texts(&self, rule: &[u32]) -> Vec<u32> {
        let rarest = rule.iter().min_by_key(|word| self.clauses[**word as usize].len());
        let has = |clause: &&u32| rule.iter().all(|word| self.words[**clause as usize].binary_search(word).is_ok());
        let mut texts: Vec<u32> = rarest.iter().flat_map(|word| &self.clauses[**word as usize]).filter(has).map(|c| self.text[*c as usize]).collect();
        texts.dedup();
        texts
    }
}

/// A candidate: its words, its texts in the group, in others, and in none.
struct Candidate {
    rule: Vec<u32>,
    inside: Vec<u32>,
    outside: Vec<u32>,
    of_none: Vec<u32>,
}

impl Candidate {
    fn of(rule: Vec<u32>, members: &[u32], index: &Index) -> Candidate {
        let texts = index.texts(&rule);
        let (inside, others): (Vec<u32>, Vec<u32>) = texts.into_iter().partition(|t| members.binary_search(t).is_ok());
        let (outside, of_none) = others.into_iter().partition(|t| index.grouped[*t as usize]);
        Candidate { rule, inside, outside, of_none }
    }

    fn precision(&self) -> f64 {
        let inside = self.inside.len() as f64;
        inside / (inside + self.outside.len() as f64 + OF_NONE * self.of_none.len() as f64).max(1.0)
    }
}

/// Rules that together take most of the group; `spelt` writes one, if it may be.
fn covering(members: &[u32], index: &Index, words: &Words<'_>, spelt: &dyn Fn(&[u32]) -> Option<String>) -> Vec<String> {
    let least = ((members.len() as f64 * WORTH) as usize).max(2.min(members.len()));
    let mut counts: HashMap<u32, usize> = HashMap::new();
    let of_members = index.text.iter().zip(&index.words).filter(|(text, _)| members.binary_search(text).is_ok());
    of_members.flat_map(|(_, words)| words).for_each(|word| *counts.entry(*word).or_default() += 1);
    let usable = |word: u32| !words.word(word).chars().any(|c| c.is_ascii_digit() || c == '"');
    let told = counts.into_iter().filter(|(word, n)| *n >= least && usable(*word));
    let mut told: Vec<(f64, u32)> = told.map(|(word, n)| (n as f64 * (n as f64 / index.clauses[word as usize].len() as f64), word)).collect();
    told.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| words.word(a.1).cmp(words.word(b.1))));
    told.truncate(MOST_WORDS);
    let alone = |word: u32| words.role(word) == Role::Content && words.word(word).chars().count() > 1;
    let singles = told.iter().filter(|t| alone(t.1)).map(|t| vec![t.1]);
    let pairs = told.iter().enumerate().flat_map(|(i, a)| told[..i].iter().map(move |b| vec![b.1, a.1]));
    let pairs = pairs.filter(|pair| pair.iter().any(|w| words.role(*w) == Role::Content));
    let candidates: Vec<Candidate> =
        singles.chain(pairs).map(|rule| Candidate::of(rule, members, index)).filter(|c| c.inside.len() >= least && spelt(&c.rule).is_some()).collect();
    let mut chosen: Vec<&Candidate> = Vec::new();
    for (precision, enough) in TRIES {
        choose(&mut chosen, &candidates, precision, (enough * members.len() as f64, least));
    }
    chosen.into_iter().filter_map(|c| spelt(&c.rule)).collect()
}

/// Adds candidates of a precision until they take enough together.
fn choose<'c>(chosen: &mut Vec<&'c Candidate>, candidates: &'c [Candidate], precision: f64, (enough, least): (f64, usize)) {
    let mut taken: BTreeSet<u32> = chosen.iter().flat_map(|c| &c.inside).copied().collect();
    let mut mistaken: BTreeSet<u32> = chosen.iter().flat_map(|c| &c.outside).copied().collect();
    while chosen.len() < MOST_RULES && (taken.len() as f64) < enough {
        let gain = |c: &Candidate| c.inside.iter().filter(|t| !taken.contains(t)).count();
        let loss = |c: &Candidate| c.outside.iter().filter(|t| !mistaken.contains(t)).count();
        let worth = |c: &Candidate| gain(c) as f64 - AGAINST * (loss(c) as f64 + OF_NONE * c.of_none.len() as f64);
        let right = candidates.iter().filter(|c| c.precision() >= precision && gain(c) >= least);
        // Of equals the first, which has the more telling words.
        let best = right.reduce(|best, one| if worth(one) > worth(best) { one } else { best });
        let Some(best) = best.filter(|best| worth(best) > 0.0) else { break };
        taken.extend(&best.inside);
        mistaken.extend(&best.outside);
        chosen.push(best);
    }
}

/// How words of some texts are spelt, by their base, with how often.
fn forms<'t>(texts: impl Iterator<Item = &'t Terms>) -> HashMap<&'t str, BTreeMap<&'t str, usize>> {
    let mut forms: HashMap<&str, BTreeMap<&str, usize>> = HashMap::new();
    for word in texts.flat_map(|t| t.clauses(usize::MAX)).flatten() {
        *forms.entry(base(word)).or_default().entry(word).or_default() += 1;
    }
    forms
}

/// A rule as it is written.
fn spelt(rule: &[u32], words: &Words<'_>, forms: &HashMap<&str, BTreeMap<&str, usize>>) -> Option<String> {
    let of = |word: &u32| {
        let mut spellings: Vec<(&str, usize)> = forms.get(words.word(*word))?.iter().map(|(form, n)| (*form, *n)).collect();
        spellings.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let plain = |form: &str| form.chars().all(char::is_alphanumeric);
        let quoted: Vec<String> =
            spellings.iter().take(MOST_FORMS).map(|(form, _)| if plain(form) { (*form).to_owned() } else { format!("\"{form}\"") }).collect();
        Some(quoted.join("|"))
    };
    let spelt: Option<Vec<String>> = rule.iter().map(of).collect();
    let apart = if rule.iter().all(|w| words.word(*w).is_ascii()) { APART.1 } else { APART.0 };
    Some(spelt?.join(&format!(" ~{apart} ")))
}
