//! Which tickets a person should look at: a third at random, a third of those not decided surely, a third unlike the others.
//!
//! Tickets come one by one, in the order of the input, and only few are kept: memory and time hardly depend on how many come.
//! What is chosen depends on ids and texts, not on chance, clock or threads.

use super::{Stratum, key, text_key};
use crate::segment::{Normalized, Normalizer};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Pairs of characters are counted in so many places.
const PLACES: usize = 1 << 18;
/// Most pairs of a text that are looked at.
const MAX_PAIRS: usize = 64;
/// Texts of fewer pairs say too little to be new.
const MIN_PAIRS: usize = 4;
/// Rare texts among which the new ones are chosen, at least.
const MIN_POOL: usize = 4_000;
/// So many texts have most pairs that mean something more than once.
const MANY_TEXTS: u64 = 1_000;
/// Texts that are known already and looked at when new ones are chosen.
pub const KNOWN_TEXTS: usize = 500;

/// A ticket that may go into the sheet.
#[derive(Debug, Clone, Default)]
pub struct Ticket {
    /// Its id.
    pub id: String,
    /// Its text.
    pub text: String,
    /// The product in its decision, or as written.
    pub product: String,
    /// The labels that were decided; none: nothing was.
    pub decided: Vec<String>,
    /// How sure that is, 0 to 1; where nothing was decided, how far the likeliest label was ahead.
    pub confidence: f32,
    /// Whether rules and model say different things.
    pub conflict: bool,
    /// The words that decided, for people.
    pub evidence: String,
    /// See [`pairs`].
    pub pairs: Vec<u32>,
}

/// The pairs of characters of a text, as places in a table: digits are alike, signs and spaces say nothing.
#[must_use]
pub fn pairs(text: &str, normal: &mut Normalized) -> Vec<u32> {
    Normalizer::builtin().fold(text, normal);
    let mut found = Vec::new();
    let mut before = None;
    for c in &normal.chars {
        let now = c.is_alphanumeric().then_some(if c.is_numeric() { '0' } else { *c });
        if let (Some(a), Some(b)) = (before, now) {
            let mixed = ((u64::from(u32::from(a)) << 21) ^ u64::from(u32::from(b))).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            found.push((mixed >> 46) as u32);
        }
        before = now;
        if found.len() == 4 * MAX_PAIRS {
            break;
        }
    }
    found.sort_unstable();
    found.dedup();
    // Of a long text every n-th: which is as good as chance.
    let step = found.len().div_ceil(MAX_PAIRS).max(1);
    found.into_iter().step_by(step).collect()
}

/// The tickets of the lowest ranks, each key once.
struct Lowest {
    most: usize,
    kept: BTreeMap<(u64, u64), (u64, Arc<Ticket>)>,
    keys: HashSet<u64>,
}

impl Lowest {
    fn new(most: usize) -> Lowest {
        Lowest { most, kept: BTreeMap::new(), keys: HashSet::new() }
    }

    fn offer(&mut self, rank: (u64, u64), key: u64, ticket: &Arc<Ticket>) {
        let full = self.kept.len() == self.most;
        if full && self.kept.last_key_value().is_none_or(|(last, _)| *last <= rank) || !self.keys.insert(key) {
            return;
        }
        if full && let Some((_, (key, _))) = self.kept.pop_last() {
            self.keys.remove(&key);
        }
        self.kept.insert(rank, (key, Arc::clone(ticket)));
    }

    fn tickets(&self) -> impl Iterator<Item = &Arc<Ticket>> {
        self.kept.values().map(|(_, ticket)| ticket)
    }
}

/// Chooses tickets while they come by.
pub struct Sampler {
    size: usize,
    random: Lowest,
    doubtful: Lowest,
    undecided: Lowest,
    /// Texts of rare pairs, and their hashes.
    rare: Vec<Arc<Ticket>>,
    rare_texts: HashSet<u64>,
    /// A text is only looked at when it is about as rare as those kept.
    rare_enough: f32,
    /// In how many texts each pair is.
    counts: Vec<u32>,
    texts: u64,
}

/// Tickets chosen, each with the reason.
pub type Chosen = Vec<(Stratum, Arc<Ticket>)>;

impl Sampler {
    /// For a sheet of `size` tickets.
    #[must_use]
    pub fn new(size: usize) -> Sampler {
        Sampler {
            size,
            random: Lowest::new(size),
            doubtful: Lowest::new(2 * size),
            undecided: Lowest::new(2 * size),
            rare: Vec::new(),
            rare_texts: HashSet::new(),
            rare_enough: 0.0,
            counts: vec![0; PLACES],
            texts: 0,
        }
    }

    fn pool(&self) -> usize {
        MIN_POOL.max(self.size)
    }

    /// A ticket comes by.
    pub fn take(&mut self, ticket: Ticket) {
        let ticket = Arc::new(ticket);
        let by_id = |seed| xxh3_64_with_seed(ticket.id.as_bytes(), seed);
        let (text, chance) = (text_key(&ticket.text), by_id(2));
        self.random.offer((by_id(1), text), by_id(0), &ticket);
        let sure = ticket.confidence * if ticket.conflict { 0.5 } else { 1.0 };
        let rank = u64::from(sure.max(0.0).to_bits()) << 20 | chance >> 44;
        let unsure = if ticket.decided.is_empty() { &mut self.undecided } else { &mut self.doubtful };
        unsure.offer((rank, text), text, &ticket);
        self.texts += 1;
        ticket.pairs.iter().for_each(|p| self.counts[*p as usize] += 1);
        if ticket.pairs.len() >= MIN_PAIRS && self.rarity(&ticket) > self.rare_enough && self.rare_texts.insert(text) {
            self.rare.push(ticket);
            if self.rare.len() == 2 * self.pool() {
                self.thin_out();
            }
        }
    }

    /// How seldom a pair is, 0 (in all texts) to 1.
    fn weight(&self, pair: u32) -> f32 {
        let all = (self.texts + 2) as f32;
        (all / (self.counts[pair as usize] + 1) as f32).ln().max(0.0) / all.ln()
    }

    /// How rare the pairs of a text are. Those that nobody else has written are mostly slips of the fingers, and count little
    /// where there are many texts.
    fn rarity(&self, ticket: &Ticket) -> f32 {
        let alone = if self.texts > MANY_TEXTS { 0.25 } else { 1.0 };
        let value = |p: &u32| self.weight(*p) * if self.counts[*p as usize] <= 1 { alone } else { 1.0 };
        ticket.pairs.iter().map(value).sum::<f32>() / ticket.pairs.len().max(1) as f32
    }

    /// Keeps the rarest, by what is counted now.
    fn thin_out(&mut self) {
        let mut ranked: Vec<(f32, u64, Arc<Ticket>)> = std::mem::take(&mut self.rare).into_iter().map(|t| (self.rarity(&t), text_key(&t.text), t)).collect();
        ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.truncate(self.pool());
        // What is counted more later may be as rare as these then.
        self.rare_enough = ranked.last().map_or(0.0, |last| last.0 * 0.95);
        self.rare_texts = ranked.iter().map(|r| r.1).collect();
        self.rare = ranked.into_iter().map(|r| r.2).collect();
    }

    /// The choice, in an order that says nothing. `known` are pairs of texts that people have looked at already; `unknown`
    /// tells of texts which share of them a model does not know.
    #[must_use]
    pub fn finish(mut self, known: &[Vec<u32>], unknown: impl FnOnce(&[&str]) -> Option<Vec<f32>>) -> Chosen {
        self.thin_out();
        let size = self.size.min(self.random.kept.len());
        let [first, second, third] = [size.div_ceil(3), (size + 1) / 3, size / 3];
        let mut choice = Choice::default();
        self.random.tickets().take(first).for_each(|t| choice.add(Stratum::Random, t));
        // Half of them decided without being sure, half not decided.
        let (mut doubtful, mut undecided) = (self.doubtful.tickets(), self.undecided.tickets());
        let until = choice.rows.len() + second;
        loop {
            let before = choice.rows.len();
            for from in [&mut doubtful, &mut undecided] {
                if choice.rows.len() < until
                    && let Some(ticket) = from.find(|t| choice.is_open(t))
                {
                    choice.add(Stratum::Uncertain, ticket);
                }
            }
            if choice.rows.len() == before {
                break;
            }
        }
        drop((doubtful, undecided));
        self.rare.retain(|t| choice.is_open(t));
        let unknown = unknown(&self.rare.iter().map(|t| t.text.as_str()).collect::<Vec<_>>());
        self.farthest(third, known, unknown.as_deref(), &mut choice);
        // Where there are too few of a sort, more at random: who was chosen before for another reason is one of them now, or
        // they would not be a fair sample any more.
        for ticket in self.random.tickets().skip(first) {
            if choice.rows.len() == size {
                break;
            }
            choice.at_random(ticket);
        }
        let mut rows = choice.rows;
        rows.sort_by_key(|(_, t)| (xxh3_64_with_seed(t.id.as_bytes(), 3), text_key(&t.text)));
        rows
    }

    /// Farthest first: again and again the text least like all that are known or chosen, the rarer the better.
    fn farthest(&self, most: usize, known: &[Vec<u32>], unknown: Option<&[f32]>, choice: &mut Choice) {
        let norm = |pairs: &[u32]| pairs.iter().map(|p| self.weight(*p).powi(2)).sum::<f32>().sqrt().max(1e-6);
        let norms: Vec<f32> = self.rare.iter().map(|t| norm(&t.pairs)).collect();
        let value: Vec<f32> = self.rare.iter().enumerate().map(|(i, t)| self.rarity(t) * (0.5 + unknown.map_or(0.5, |u| u[i]))).collect();
        let mut nearest = vec![0f32; self.rare.len()];
        let come_nearer = |nearest: &mut [f32], pairs: &[u32]| {
            let of = norm(pairs);
            for (i, ticket) in self.rare.iter().enumerate() {
                let like = self.common(&ticket.pairs, pairs) / (norms[i] * of);
                nearest[i] = nearest[i].max(like);
            }
        };
        known.iter().for_each(|pairs| come_nearer(&mut nearest, pairs));
        choice.rows.iter().for_each(|(_, t)| come_nearer(&mut nearest, &t.pairs));
        let until = choice.rows.len() + most;
        let mut left: Vec<usize> = (0..self.rare.len()).collect();
        while choice.rows.len() < until {
            let gain = |i: usize| (1.0 - nearest[i]).max(0.0) * value[i];
            let best = (0..left.len()).max_by(|a, b| gain(left[*a]).total_cmp(&gain(left[*b])).then(left[*b].cmp(&left[*a])));
            let Some(best) = best else { return };
            let ticket = &self.rare[left.swap_remove(best)];
            // Several tickets may have one id.
            if choice.is_open(ticket) {
                choice.add(Stratum::New, ticket);
                come_nearer(&mut nearest, &ticket.pairs);
            }
        }
    }

    /// The squared weights of the pairs that both have.
    fn common(&self, a: &[u32], b: &[u32]) -> f32 {
        let (mut i, mut j, mut sum) = (0, 0, 0f32);
        while i < a.len() && j < b.len() {
            match a[i].cmp(&b[j]) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    sum += self.weight(a[i]).powi(2);
                    (i, j) = (i + 1, j + 1);
                }
            }
        }
        sum
    }
}

/// What was chosen so far.
#[derive(Default)]
struct Choice {
    rows: Chosen,
    ids: HashSet<String>,
    texts: HashSet<u64>,
}

impl Choice {
    fn add(&mut self, stratum: Stratum, ticket: &Arc<Ticket>) {
        self.ids.insert(key(&ticket.id, &ticket.text));
        self.texts.insert(text_key(&ticket.text));
        self.rows.push((stratum, Arc::clone(ticket)));
    }

    /// Adds a ticket as one of those at random, whether it was chosen before or not.
    fn at_random(&mut self, ticket: &Arc<Ticket>) {
        match self.rows.iter_mut().find(|(_, t)| t.id == ticket.id && t.text == ticket.text) {
            Some(row) => row.0 = Stratum::Random,
            None if self.ids.contains(&key(&ticket.id, &ticket.text)) => {}
            None => self.add(Stratum::Random, ticket),
        }
    }

    /// Whether neither the ticket nor its text was chosen.
    fn is_open(&self, ticket: &Ticket) -> bool {
        !self.ids.contains(&key(&ticket.id, &ticket.text)) && !self.texts.contains(&text_key(&ticket.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickets(n: usize) -> impl Iterator<Item = Ticket> {
        (0..n).map(|i| {
            let text = if i % 500 == 7 {
                format!("鹦鹉学舌{}号{}", i, ["甲乙丙丁", "天地玄黄", "宇宙洪荒"][i / 500 % 3])
            } else {
                format!("奖励还没有到账第{i}次")
            };
            let pairs = pairs(&text, &mut Normalized::default());
            let decided = if i % 10 == 3 { vec![] } else { vec!["a".to_owned()] };
            Ticket { id: format!("E{i}"), text, decided, confidence: (i % 97) as f32 / 97.0, pairs, ..Ticket::default() }
        })
    }

    fn choose(n: usize, size: usize) -> Chosen {
        let mut sampler = Sampler::new(size);
        tickets(n).for_each(|t| sampler.take(t));
        sampler.finish(&[], |_| None)
    }

    #[test]
    fn thirds_and_what_is_in_them() {
        let of = |chosen: &Chosen, s: Stratum| chosen.iter().filter(|c| c.0 == s).count();
        for (n, size, thirds) in [(20_000, 60, [20, 20, 20]), (20_000, 61, [21, 20, 20]), (30, 60, [10, 10, 10]), (2, 60, [1, 1, 0]), (0, 60, [0; 3])] {
            let chosen = choose(n, size);
            assert_eq!(Stratum::ALL.map(|s| of(&chosen, s)), thirds, "{n} {size}");
            let ids: HashSet<&str> = chosen.iter().map(|c| c.1.id.as_str()).collect();
            assert_eq!(ids.len(), chosen.len());
        }
        let chosen = choose(20_000, 60);
        let uncertain = chosen.iter().filter(|c| c.0 == Stratum::Uncertain);
        assert!(uncertain.clone().all(|c| c.1.decided.is_empty() || c.1.confidence < 0.02), "{:?}", uncertain.collect::<Vec<_>>());
        let new = chosen.iter().filter(|c| c.0 == Stratum::New && c.1.text.contains("鹦鹉")).count();
        assert!(new >= 3, "{new} of 20");
    }

    #[test]
    fn where_texts_are_alike_more_are_chosen_at_random() {
        let mut sampler = Sampler::new(30);
        for i in 0..200 {
            let text = if i % 100 == 50 { "登录不上去怎么办".to_owned() } else { "在吗".to_owned() };
            sampler.take(Ticket { id: format!("E{i}"), pairs: pairs(&text, &mut Normalized::default()), text, ..Ticket::default() });
        }
        let chosen = sampler.finish(&[], |_| None);
        let random: HashSet<&str> = chosen.iter().filter(|c| c.0 == Stratum::Random).map(|c| c.1.id.as_str()).collect();
        assert!(chosen.len() == 30 && random.len() >= 29, "{chosen:?}");
        // They are those of the lowest ranks, as if there had never been another sort.
        let mut all: Vec<String> = (0..200).map(|i| format!("E{i}")).collect();
        all.sort_by_key(|id| xxh3_64_with_seed(id.as_bytes(), 1));
        assert!(all[..random.len()].iter().all(|id| random.contains(id.as_str())));
    }

    #[test]
    fn the_random_third_is_uniform() {
        // Twenty parts of a thousand ids each; 300 chosen: 15 expected of each part.
        let mut parts = [0u32; 20];
        for (_, t) in choose(20_000, 900).iter().filter(|c| c.0 == Stratum::Random) {
            parts[t.id[1..].parse::<usize>().unwrap() / 1000] += 1;
        }
        let chi: f64 = parts.iter().map(|n| (f64::from(*n) - 15.0).powi(2) / 15.0).sum();
        assert!(parts.iter().sum::<u32>() == 300 && chi < 43.8, "{parts:?}: {chi}");
    }
}
