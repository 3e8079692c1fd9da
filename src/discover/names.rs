//! What a group is called: the pieces of speech that it has and the others have not, as people say them.
//!
//! Pieces are ranked by their log-odds against all other texts with an informative Dirichlet prior (Monroe, Colaresi and Quinn,
//! *Fightin' Words*, 2008).

use super::terms::Terms;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};

/// Most words of a piece, and most characters of one in hanzi.
const MOST_WORDS: usize = 4;
const MOST_HANZI: usize = 10;
/// How telling a longer piece must be beside the word in it, and a second piece beside the first.
const LONGER: f64 = 0.5;
const SECOND: f64 = 0.4;
/// Weight of the prior, in texts.
const PRIOR: f64 = 20.0;

/// Words that no piece begins or ends with: they say nothing alone.
const EMPTY: &str = include_str!("../../data/empty-words.txt");

fn empty() -> &'static HashSet<&'static str> {
    static EMPTY_WORDS: std::sync::OnceLock<HashSet<&'static str>> = std::sync::OnceLock::new();
    EMPTY_WORDS.get_or_init(|| EMPTY.lines().filter(|l| !l.starts_with('#')).flat_map(str::split_whitespace).collect())
}

fn is_latin(word: &str) -> bool {
    word.is_ascii()
}

/// The pieces of a text, each once.
fn pieces(terms: &Terms) -> HashSet<String> {
    let mut out = HashSet::new();
    for clause in terms.spoken.split(String::is_empty) {
        for start in 0..clause.len() {
            if empty().contains(clause[start].as_str()) {
                continue;
            }
            let mut piece = String::new();
            for (n, word) in clause[start..].iter().take(MOST_WORDS).enumerate() {
                if n > 0 && (is_latin(word) || clause[start + n - 1].is_ascii()) {
                    piece.push(' ');
                }
                piece.push_str(word);
                if !is_latin(&piece) && piece.chars().count() > MOST_HANZI {
                    break;
                }
                let says = piece.chars().count() > 1 && !piece.chars().all(|c| c.is_ascii_digit() || c == ' ');
                if says && !empty().contains(word.as_str()) {
                    out.insert(piece.clone());
                }
            }
        }
    }
    out
}

/// A name for each group of texts.
pub(super) fn names(groups: &[Vec<usize>], terms: &[Terms]) -> Vec<String> {
    let of_group: Vec<HashMap<String, u32>> = groups
        .par_iter()
        .map(|texts| {
            let mut counts = HashMap::new();
            for i in texts {
                pieces(&terms[*i]).into_iter().for_each(|p| *counts.entry(p).or_default() += 1);
            }
            counts
        })
        .collect();
    let mut all: HashMap<&str, u32> = HashMap::new();
    of_group.iter().flatten().for_each(|(p, n)| *all.entry(p).or_default() += n);
    let total: usize = groups.iter().map(Vec::len).sum();
    of_group.par_iter().zip(groups).map(|(counts, texts)| name(counts, texts.len(), &all, total)).collect()
}

fn name(counts: &HashMap<String, u32>, size: usize, all: &HashMap<&str, u32>, total: usize) -> String {
    let score = |piece: &str, n: u32| {
        let (n, everywhere, size, total) = (f64::from(n), f64::from(all[piece]), size as f64, total.max(1) as f64);
        let prior = PRIOR * everywhere / total;
        let odds = |has: f64, of: f64| ((has + prior) / (of + PRIOR - has - prior).max(0.5)).ln();
        let difference = odds(n, size) - odds(everywhere - n, total - size);
        let deviation = (1.0 / (n + prior) + 1.0 / (everywhere - n + prior)).sqrt();
        difference / deviation * (n / size).powf(0.25)
    };
    let least = if size < 8 { 2 } else { 3 };
    let mut ranked: Vec<(f64, &str)> = counts.iter().filter(|(_, n)| **n >= least).map(|(p, n)| (score(p, *n) * longer(p), p.as_str())).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let Some(first) = ranked.first() else {
        let most = counts.iter().max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)));
        return most.map_or_else(String::new, |(p, _)| p.clone());
    };
    // A longer piece around a telling word says it as people do.
    let said = |piece: &(f64, &str)| {
        ranked.iter().filter(|r| r.1.len() > piece.1.len() && r.1.contains(piece.1)).find(|r| r.0 > piece.0 * LONGER).map_or(piece.1, |r| r.1).to_owned()
    };
    let shown = said(first);
    let overlaps = |a: &str, b: &str| if is_latin(a) { a.split(' ').any(|w| b.split(' ').any(|v| v == w)) } else { a.chars().any(|c| b.contains(c)) };
    match ranked.iter().skip(1).find(|r| r.0 > first.0 * SECOND && !overlaps(r.1, &shown)) {
        Some(second) if !overlaps(&said(second), &shown) => format!("{shown}·{}", said(second)),
        Some(second) => format!("{shown}·{}", second.1),
        None => shown,
    }
}

/// Pieces of several words say more.
fn longer(piece: &str) -> f64 {
    let words = if is_latin(piece) { piece.split(' ').count() as f64 } else { (piece.chars().count() as f64 / 2.0).max(1.0) };
    1.0 + 0.15 * (words.min(4.0) - 1.0)
}
