//! What a group is called: what its tickets say and the others do not, in a few words as people say them.
//!
//! Words are weighed by their log-odds against all other texts with an informative Dirichlet prior (Monroe, Colaresi and Quinn,
//! *Fightin' Words*, 2008). A name is the piece of a clause, without its empty words, that says most of the telling ones and is
//! said often: `card not arrived` stands for `my card still hasn't arrived`.

use super::terms::Terms;
use super::vocabulary::{Clauses, Role, Words, base, has_one_spelling};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};

/// Most words with a meaning of their own in a name, most words in all, most hanzi.
const MOST_CONTENT: usize = 5;
const MOST_WORDS: usize = 6;
const MOST_HANZI: usize = 12;
/// What names of one, two, … such words gain by saying more.
const SAYING_MORE: [f64; MOST_CONTENT] = [1.0, 1.45, 1.6, 1.65, 1.65];
/// How often a piece must be said counts this little beside how telling its words are.
const OFTEN: f64 = 0.25;
/// The most telling words of a group, of which a name must have one.
const TELLING: usize = 12;
/// A piece that is said within the same longer one this often is but a part of it.
const PART: f64 = 0.75;
/// Pieces of which one becomes the name.
const CANDIDATES: usize = 40;
/// How telling a second piece must be beside the first.
const SECOND: f64 = 0.4;
/// Weight of the prior, in texts.
const PRIOR: f64 = 20.0;
/// Texts of a group whose spelling is looked at.
const MOST_SPELT: usize = 60;
/// A name for each group of texts; no two are alike. Those that have a name keep it. `spelt` tells how words of a text are written:
/// each with its folded form.
pub(super) fn names(groups: &[Vec<usize>], terms: &[Terms], given: &[Option<&str>], spelt: impl Fn(usize) -> Vec<(String, String)> + Sync) -> Vec<String> {
    let mut words = Words::default();
    let clauses: Vec<Clauses> = terms.iter().map(|t| words.clauses(t)).collect();
    let of_group: Vec<HashMap<u32, u32>> = groups.par_iter().map(|texts| seen(texts.iter().map(|i| &clauses[*i]))).collect();
    let mut everywhere = vec![0u32; words.len()];
    of_group.iter().flatten().for_each(|(word, n)| everywhere[*word as usize] += n);
    let total: usize = groups.iter().map(Vec::len).sum();
    let ranked: Vec<Vec<Piece>> = groups
        .par_iter()
        .zip(&of_group)
        .map(|(texts, counts)| {
            let telling =
                counts.iter().map(|(word, n)| (*word, telling((*n, texts.len()), (everywhere[*word as usize], total)))).filter(|t| t.1 > 0.0).collect();
            pieces(texts.iter().map(|i| &clauses[*i]), texts.len(), &telling, &words)
        })
        .collect();
    let spellings: Vec<HashMap<&str, String>> = groups.par_iter().map(|texts| spellings(texts, &words, &spelt)).collect();
    let mut taken: HashSet<String> = given.iter().flatten().map(|name| (*name).to_owned()).collect();
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|g| std::cmp::Reverse(groups[*g].len()));
    let mut names = vec![String::new(); groups.len()];
    for g in order {
        if let Some(name) = given[g] {
            names[g] = name.to_owned();
            continue;
        }
        let spell = |piece: &Piece| joined(piece.words.iter().map(|w| words.word(*w)).map(|w| spellings[g].get(w).map_or(w, String::as_str)));
        let free = ranked[g].iter().map(|piece| named(piece, &ranked[g], &words, &spell)).find(|name| !taken.contains(name));
        // Texts of nothing but empty words are called by one of them.
        let of_text = || groups[g].first().map(|i| spelt(*i).into_iter().map(|w| w.1).filter(|w| !w.is_empty()).take(MOST_WORDS).collect::<Vec<_>>());
        names[g] = free.or_else(|| ranked[g].first().map(spell)).or_else(|| of_text().map(|w| joined(w.iter().map(String::as_str)))).unwrap_or_default();
        taken.insert(names[g].clone());
    }
    names
}

/// In how many texts each word is.
fn seen<'c>(texts: impl Iterator<Item = &'c Clauses>) -> HashMap<u32, u32> {
    let mut counts = HashMap::new();
    for clauses in texts {
        let mut words: Vec<u32> = clauses.iter().flatten().copied().collect();
        words.sort_unstable();
        words.dedup();
        words.into_iter().for_each(|w| *counts.entry(w).or_default() += 1);
    }
    counts
}

/// How telling a word is of a group: (texts with it, texts) there and everywhere.
pub(super) fn telling(here: (u32, usize), everywhere: (u32, usize)) -> f64 {
    let (n, size, all, total) = (f64::from(here.0), here.1 as f64, f64::from(everywhere.0), everywhere.1 as f64);
    let prior = PRIOR * all / total;
    let odds = |has: f64, of: f64| ((has + prior) / (of + PRIOR - has - prior).max(0.5)).ln();
    let difference = odds(n, size) - odds(all - n, total - size);
    let deviation = (1.0 / (n + prior) + 1.0 / (all - n + prior)).sqrt();
    difference / deviation * (n / size).powf(0.25)
}

/// A piece that may name a group.
#[derive(Debug, Clone)]
struct Piece {
    words: Vec<u32>,
    score: f64,
    content: usize,
}

/// The pieces of a group's texts that say a telling word, the best first.
fn pieces<'c>(texts: impl Iterator<Item = &'c Clauses> + Clone, size: usize, weights: &HashMap<u32, f64>, words: &Words<'_>) -> Vec<Piece> {
    let mut telling: Vec<(u32, f64)> = weights.iter().map(|(w, t)| (*w, *t)).filter(|(w, _)| words.role(*w) == Role::Content).collect();
    telling.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| words.word(a.0).cmp(words.word(b.0))));
    telling.truncate(TELLING);
    let telling: HashSet<u32> = telling.iter().map(|t| t.0).collect();
    let mut counts: HashMap<&[u32], u32> = HashMap::new();
    let mut of_text: HashSet<&[u32]> = HashSet::new();
    for clauses in texts {
        of_text.clear();
        for clause in clauses {
            for start in (0..clause.len()).filter(|s| words.role(clause[*s]).begins()) {
                let (mut content, mut hanzi, mut tells) = (0, 0, false);
                for end in start..clause.len().min(start + MOST_WORDS) {
                    let role = words.role(clause[end]);
                    content += usize::from(role == Role::Content);
                    hanzi += words.hanzi(clause[end]);
                    tells |= telling.contains(&clause[end]);
                    if content > MOST_CONTENT || hanzi > MOST_HANZI {
                        break;
                    }
                    if role.ends() && tells {
                        of_text.insert(&clause[start..=end]);
                    }
                }
            }
        }
        of_text.iter().for_each(|piece| *counts.entry(piece).or_default() += 1);
    }
    // What only one of them says names no group, if there is anything else.
    let said =
        |least: u32| counts.iter().filter(|(_, n)| **n >= least).filter_map(|(piece, n)| scored(piece, *n, size, weights, words)).collect::<Vec<Piece>>();
    let mut all = said(2);
    if all.is_empty() {
        all = said(1);
    }
    // What is nearly always said within one longer piece is no piece.
    let mut whole: HashMap<&[u32], u32> = HashMap::new();
    for (piece, n) in counts.iter().filter(|(piece, n)| piece.len() > 1 && **n >= 3) {
        for part in [&piece[1..], &piece[..piece.len() - 1]] {
            whole.entry(part).and_modify(|most| *most = *n.max(most)).or_insert(*n);
        }
    }
    all.retain(|p| whole.get(&p.words[..]).is_none_or(|most| f64::from(*most) < PART * f64::from(counts[&p.words[..]])));
    let spelt = |p: &Piece| p.words.iter().map(|w| words.word(*w)).collect::<Vec<_>>();
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| spelt(a).cmp(&spelt(b))));
    all.truncate(CANDIDATES);
    all
}

fn scored(piece: &[u32], n: u32, size: usize, weights: &HashMap<u32, f64>, words: &Words<'_>) -> Option<Piece> {
    let mut distinct = piece.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let content = distinct.iter().filter(|w| words.role(**w) == Role::Content).count();
    // One hanzi alone says nothing.
    let thin = piece.len() == 1 && words.word(piece[0]).chars().count() < 2;
    let halting = piece.windows(2).any(|w| words.role(w[0]) == Role::Inside && words.role(w[1]) == Role::Inside);
    if distinct.len() < piece.len() || thin || halting {
        return None;
    }
    let weight: f64 = distinct.iter().filter_map(|w| weights.get(w)).sum();
    let score = weight * (f64::from(n) / size as f64).powf(OFTEN) * SAYING_MORE[content.clamp(1, MOST_CONTENT) - 1];
    Some(Piece { words: piece.to_vec(), score, content })
}

/// A piece that says but one thing gets a second one beside it.
fn named(piece: &Piece, ranked: &[Piece], words: &Words<'_>, spell: &impl Fn(&Piece) -> String) -> String {
    let hanzi: usize = piece.words.iter().map(|w| words.hanzi(*w)).sum();
    if piece.content > 1 || hanzi > 4 {
        return spell(piece);
    }
    let overlaps = |other: &Piece| other.words.iter().any(|w| piece.words.contains(w));
    match ranked.iter().find(|other| other.score > piece.score * SECOND && !overlaps(other)) {
        Some(second) => format!("{}·{}", spell(piece), spell(second)),
        None => spell(piece),
    }
}

/// How the words of a group are mostly written.
fn spellings<'t>(texts: &[usize], words: &Words<'t>, spelt: &impl Fn(usize) -> Vec<(String, String)>) -> HashMap<&'t str, String> {
    let mut counts: HashMap<&str, HashMap<String, u32>> = HashMap::new();
    for (folded, written) in texts.iter().take(MOST_SPELT).flat_map(|i| spelt(*i)) {
        let Some((word, role)) = words.known(base(&folded)).filter(|_| !(folded.is_ascii() && has_one_spelling(&folded))) else {
            continue;
        };
        let written = if role != Role::Content { written.to_lowercase() } else { written };
        *counts.entry(word).or_default().entry(written).or_default() += 1;
    }
    let commonest = |spellings: HashMap<String, u32>| {
        // At the beginning of a sentence a word is written large.
        let small = |w: &str| w.chars().next().is_some_and(char::is_lowercase);
        spellings.into_iter().max_by(|a, b| (a.1 * if small(&a.0) { 3 } else { 1 }).cmp(&(b.1 * if small(&b.0) { 3 } else { 1 })).then_with(|| b.0.cmp(&a.0)))
    };
    counts.into_iter().filter_map(|(word, spellings)| Some((word, commonest(spellings)?.0))).collect()
}

/// Words in a row, with spaces where both neighbours are Latin.
fn joined<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let mut out = String::new();
    for word in words {
        if out.chars().next_back().is_some_and(|c| c.is_ascii()) && word.chars().next().is_some_and(|c| c.is_ascii()) {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
