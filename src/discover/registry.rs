//! Groups that keep their identity: those of other days stay what they are and are called what they were called, today's tickets
//! join them, and what fits none of them is told as new when enough customers say it and the past did not.
//!
//! Whether the past said it is tested by words: of all texts with a word too many are of today (binomial, given
//! all);
//! over all words of a day the false discovery rate is bounded (Benjamini and Hochberg, 1995). A group is new that has such a
//! rising word among its telling ones; where rising words lie in known groups, the texts that say them become a group.

use super::names::telling;
use super::terms::Terms;
use super::vocabulary::{Role, Words};
use super::{Found, Grouping, Known, find};
use crate::error::{Error, Result};
use crate::segment::{Normalized, Segmenter};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Texts that stand for a group on other days, and keys of texts that are known to be of it.
const TEXTS: usize = 40;
const MOST_KEYS: usize = 20_000;
/// Tickets of other days that are still without a group: how many are kept, and how many days.
const MOST_WAITING: usize = 2_000;
const WAITING_DAYS: i32 = 28;
/// Words of the past that are counted; each day the past counts a little less.
const MOST_WORDS: usize = 100_000;
const FADING: f64 = 27.0 / 28.0;
/// A new group has so many customers at least.
const CUSTOMERS: usize = 3;
/// Share of false ones among the words that are told as rising.
const FALSE_DISCOVERIES: f64 = 0.005;
/// A rising word has so many texts, and is so many times as frequent as before; one that so large a share of the day's texts has is
/// the day's talk and no matter of its own.
const RISING_TEXTS: f64 = 3.0;
const RISING_TIMES: f64 = 5.0;
const TALK: f64 = 0.5;
/// Telling words of a group that are tested, and the share of its tickets that have such a word.
const TESTED: usize = 5;
const SHARE: f64 = 0.3;
/// Longest text that is kept.
const LONGEST: usize = 400;

/// The groups of a desk, as a file keeps them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Version of this format.
    version: u32,
    /// The resolution at which the first groups were found.
    resolution: f64,
    /// The last day that was added.
    day: String,
    /// The groups.
    groups: Vec<Registered>,
    /// Tickets that are in no registered group yet.
    waiting: Vec<Waiting>,
    /// How many different texts the past has, and in how many of them each word is.
    texts: f64,
    words: BTreeMap<String, f64>,
    /// Hashes of the tickets of the last day, which are not counted again when that day is added again.
    counted: Vec<String>,
}

/// A group that is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Registered {
    name: String,
    /// Its first and its last day.
    first: String,
    last: String,
    /// How many tickets it has had, and how many of them on the registry's last day.
    count: u64,
    today: u64,
    /// Whether it was told as new on its first day.
    new: bool,
    /// Some of its texts.
    texts: Vec<String>,
    /// Hashes of what its texts say.
    keys: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waiting {
    day: String,
    customer: String,
    text: String,
}

/// A ticket to be grouped.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'t> {
    /// Its id.
    pub id: &'t str,
    /// What the customer wrote.
    pub text: &'t str,
    /// Who the customer is, or the ticket's id where nobody knows.
    pub customer: &'t str,
}

/// What is known of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The day on which it was first seen; none where it is not registered.
    pub first: Option<String>,
    /// Whether it is new today.
    pub new: bool,
    /// Tickets of other days.
    pub before: u64,
}

const VERSION: u32 = 1;

impl Registry {
    /// Reads a file's text.
    ///
    /// # Errors
    /// Text that is no registry, or one of another version.
    pub fn from_json(text: &str) -> Result<Registry> {
        let other = |e: &dyn std::fmt::Display| Error::setup(format!("expected the groups that `ahu discover --groups` wrote, found something else ({e})"));
        let value: serde_json::Value = serde_json::from_str(text).map_err(|e| other(&e))?;
        if let Some(version) = value.get("version").and_then(serde_json::Value::as_u64).filter(|version| *version != u64::from(VERSION)) {
            return Err(Error::setup(format!("expected groups of version {VERSION}, found version {version}; another release of ahu wrote them")));
        }
        let registry: Registry = serde_json::from_value(value).map_err(|e| other(&e))?;
        let sane = |x: f64| (0.0..=1e12).contains(&x);
        if !sane(registry.resolution) || !sane(registry.texts) || !registry.words.values().all(|n| sane(*n)) {
            return Err(other(&"a number that cannot be"));
        }
        if registry.day.parse::<jiff::civil::Date>().is_err() {
            return Err(other(&format!("the day `{}`", registry.day)));
        }
        Ok(registry)
    }

    /// The last day that was added; empty where there is none.
    #[must_use]
    pub fn day(&self) -> &str {
        &self.day
    }

    /// A file's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A value of strings and numbers always serialises.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Groups a day's tickets with what is known, and adds them to it. `mask` makes of a text what may be kept. A day that is added
    /// again changes nothing.
    ///
    /// ```
    /// use ahu::{discover::{Registry, Seen}, segment::Segmenter};
    /// let day = |matter: [&str; 2]| (0..12).map(|i| format!("{}{}", matter[i % 2], ["啊", "吧", "呢", "呀"][i / 3])).collect::<Vec<_>>();
    /// let mut registry = Registry::default();
    /// let mut add = |texts: &[String], day: &str| {
    ///     let seen: Vec<Seen> = texts.iter().map(|t| Seen { id: t, text: t, customer: t }).collect();
    ///     registry.add(&seen, day, &Segmenter::new(vec![]), &str::to_owned)
    /// };
    /// let (first, _) = add(&day(["充值没到账", "一进去就闪退"]), "2026-11-21");
    /// let (second, known) = add(&day(["充值了没到账", "一进去又闪退"]), "2026-11-22");
    /// assert!(first.groups.iter().all(|g| second.groups.iter().any(|h| h.name == g.name)));
    /// assert!(known.iter().all(|k| !k.new));
    /// ```
    pub fn add(&mut self, tickets: &[Seen<'_>], day: &str, segmenter: &Segmenter, mask: &(dyn Fn(&str) -> String + Sync)) -> (Grouping, Vec<Identity>) {
        let old = std::mem::take(self);
        // What is still waiting is grouped with today's.
        let waiting: Vec<&Waiting> = old.waiting.iter().filter(|w| w.day != day).collect();
        let texts: Vec<&str> = tickets.iter().map(|t| t.text).chain(waiting.iter().map(|w| w.text.as_str())).collect();
        let Judged { found, new, unseen, said } = judge(&old, tickets, &waiting, &texts, day, segmenter);
        // An earlier day than the last is added without being the last.
        let (same_day, earlier, next) = (old.day == day, day < old.day.as_str(), !old.day.is_empty() && old.day.as_str() < day);
        let ticket = |t: &Seen<'_>| format!("{:016x}", xxhash_rust::xxh3::xxh3_64(format!("{}\n{}", t.id, t.text).as_bytes()));
        let mut of_day: BTreeSet<String> = if same_day { old.counted.iter().cloned().collect() } else { BTreeSet::new() };
        let uncounted: Vec<bool> = tickets.iter().map(|t| of_day.insert(ticket(t))).collect();
        // Into the registry go all groups at first, and later those that are told as new.
        let beginning = old.groups.is_empty();
        let mut groups = old.groups.clone();
        if next {
            groups.iter_mut().for_each(|g| g.today = 0);
        }
        let (mut identities, mut homes) = (Vec::new(), Vec::new());
        for (g, group) in found.grouping.groups.iter().enumerate() {
            let mut home = found.known[g];
            if home.is_none() && (beginning || new.contains(&g)) {
                groups.push(Registered { name: group.name.clone(), first: day.to_owned(), new: !beginning, ..Registered::default() });
                home = Some(groups.len() - 1);
            }
            homes.push(home);
            let Some(known) = home.map(|k| &mut groups[k]) else {
                identities.push(Identity::default());
                continue;
            };
            let before = known.count - if same_day { known.today.min(known.count) } else { 0 };
            identities.push(Identity { first: Some(known.first.clone()), new: known.new && known.first == day, before });
            let of_today = group.texts.iter().filter(|t| **t < tickets.len() && uncounted[**t]).count() as u64;
            known.count = known.count.saturating_add(of_today);
            known.today = known.today.saturating_add(if earlier { 0 } else { of_today });
            if known.last.as_str() < day {
                day.clone_into(&mut known.last);
            }
            let members = group.texts.iter().filter(|t| unseen[**t]).map(|t| (found.keys[*t], texts[*t]));
            remember(known, members, segmenter, mask);
        }
        let homeless = |at: usize| unseen[at] && found.grouping.of_text[at].is_none_or(|g| homes[g].is_none());
        let fresh = (0..tickets.len()).filter(|at| homeless(*at)).map(|at| Waiting {
            day: day.to_owned(),
            customer: nameless(tickets[at].customer),
            text: kept(texts[at], mask),
        });
        let still = (0..waiting.len()).filter(|at| homeless(tickets.len() + at) && age(&waiting[*at].day, day) <= WAITING_DAYS).map(|at| waiting[at].clone());
        let mut waiting: Vec<Waiting> = still.chain(fresh).collect();
        waiting.sort_by(|a, b| (&b.day, &a.text, &a.customer).cmp(&(&a.day, &b.text, &b.customer)));
        waiting.dedup();
        waiting.truncate(MOST_WAITING);
        let (past, words) = said.added_to(old.texts, old.words, next);
        let last = if earlier { old.day } else { day.to_owned() };
        let counted = if earlier { old.counted } else { of_day.into_iter().collect() };
        *self = Registry { version: VERSION, resolution: found.resolution, day: last, groups, waiting, texts: past, words, counted };
        only_of_today(found.grouping, identities, tickets.len())
    }
}

/// A day's tickets and those that wait, in groups.
struct Judged {
    found: Found,
    /// The groups that are new.
    new: BTreeSet<usize>,
    /// Which texts are of no registered group yet.
    unseen: Vec<bool>,
    said: Said,
}

fn judge(old: &Registry, tickets: &[Seen<'_>], waiting: &[&Waiting], texts: &[&str], day: &str, segmenter: &Segmenter) -> Judged {
    let number = |key: &String| u64::from_str_radix(key, 16).ok();
    let mut known = Known {
        groups: old.groups.iter().map(|g| (Some(g.name.as_str()), g.texts.iter().map(String::as_str).collect())).collect(),
        placed: old.groups.iter().enumerate().flat_map(|(k, g)| g.keys.iter().filter_map(number).map(move |key| (key, k))).collect(),
        resolution: old.resolution,
        waiting: waiting.len(),
    };
    let customer = |t: usize| tickets.get(t).map_or_else(|| waiting[t - tickets.len()].customer.clone(), |t| nameless(t.customer));
    let customers = |texts: &[usize]| texts.iter().map(|t| customer(*t)).collect::<BTreeSet<String>>().len();
    let found = find(texts, &known, segmenter);
    let unseen: Vec<bool> = found.keys.iter().map(|key| *key != 0 && !known.placed.contains_key(key)).collect();
    // What waits since today was counted when this day was added before.
    let key = |w: &Waiting| Terms::of(&w.text, segmenter, &mut Normalized::default()).key();
    let counted: HashSet<u64> = old.waiting.iter().filter(|w| w.day == day).map(key).collect();
    let terms: Vec<Terms> = texts.par_iter().map_init(Normalized::default, |normal, text| Terms::of(text, segmenter, normal)).collect();
    let said = Said::of(&terms, (texts, tickets), |at| unseen[at] && !counted.contains(&found.keys[at]));
    if old.groups.is_empty() {
        return Judged { found, new: BTreeSet::new(), unseen, said };
    }
    let rising = said.rising(old.texts, &old.words);
    let candidate = |found: &Found, g: usize| found.known[g].is_none() && customers(&found.grouping.groups[g].texts) >= CUSTOMERS;
    let tells = |g: usize| said.tells(&found.grouping.groups[g].texts).iter().any(|word| rising.contains(word));
    let new: BTreeSet<usize> = (0..found.grouping.groups.len()).filter(|g| candidate(&found, *g) && tells(*g)).collect();
    // Rising words that no new group has: who says them leaves the known groups.
    let mut taken: BTreeSet<usize> = new.iter().flat_map(|g| &found.grouping.groups[*g].texts).copied().collect();
    let mut carved: Vec<Vec<usize>> = Vec::new();
    for word in &rising {
        let with: Vec<usize> = said.texts_with(word).filter(|t| unseen[*t]).collect();
        let rest: Vec<usize> = with.iter().copied().filter(|t| !taken.contains(t)).collect();
        if rest.len() * 2 > with.len() && rest.len() as f64 >= RISING_TEXTS && customers(&rest) >= CUSTOMERS {
            taken.extend(&rest);
            carved.push(rest);
        }
    }
    if carved.is_empty() {
        return Judged { found, new, unseen, said };
    }
    let before = known.groups.len();
    let news = new.iter().map(|g| found.grouping.groups[*g].texts.clone()).chain(carved);
    known.groups.extend(news.map(|members| (None, members.iter().map(|t| texts[*t]).collect())));
    let mut found = find(texts, &known, segmenter);
    let fixed: Vec<usize> = (0..found.known.len()).filter(|g| found.known[*g].is_some_and(|k| k >= before)).collect();
    fixed.iter().for_each(|g| found.known[*g] = None);
    let new = fixed.into_iter().filter(|g| candidate(&found, *g)).collect();
    Judged { found, new, unseen, said }
}

/// A customer as the file knows one: enough to tell some customers apart, and too little to find out a telephone number.
fn nameless(customer: &str) -> String {
    format!("{:05x}", xxhash_rust::xxh3::xxh3_64(customer.as_bytes()) >> 44)
}

/// Days from one to another; 0 where either is none.
fn age(from: &str, to: &str) -> i32 {
    let day = |text: &str| text.parse::<jiff::civil::Date>().ok();
    day(from).zip(day(to)).and_then(|(a, b)| b.since(a).ok()).map_or(0, |s| s.get_days())
}

fn kept(text: &str, mask: &(dyn Fn(&str) -> String + Sync)) -> String {
    mask(text).chars().take(LONGEST).collect()
}

/// Adds texts to what a group remembers: of all texts it ever had, those of the least hashes stand for it.
fn remember<'t>(group: &mut Registered, texts: impl Iterator<Item = (u64, &'t str)>, segmenter: &Segmenter, mask: &(dyn Fn(&str) -> String + Sync)) {
    let mut normal = Normalized::default();
    let mut key = |text: &str| Terms::of(text, segmenter, &mut normal).key();
    let mut all: BTreeMap<u64, String> = group.texts.iter().map(|text| (key(text), text.clone())).collect();
    let mut keys: Vec<u64> = Vec::new();
    for (key, text) in texts {
        keys.push(key);
        if all.len() < TEXTS || all.last_key_value().is_some_and(|(last, _)| key < *last) {
            all.insert(key, kept(text, mask));
        }
    }
    group.texts = all.into_values().take(TEXTS).collect();
    keys.sort_unstable();
    keys.dedup();
    group.keys.extend(keys.iter().map(|key| format!("{key:016x}")));
    // The oldest are forgotten first.
    let too_many = group.keys.len().saturating_sub(MOST_KEYS);
    group.keys.drain(..too_many);
}

/// Leaves out what only other days' tickets are in.
fn only_of_today(grouping: Grouping, identities: Vec<Identity>, today: usize) -> (Grouping, Vec<Identity>) {
    let mut out = Grouping { groups: Vec::new(), of_text: vec![None; today] };
    let mut all: Vec<(super::Group, Identity)> = grouping.groups.into_iter().zip(identities).collect();
    for (group, _) in &mut all {
        group.texts.retain(|t| *t < today);
    }
    all.retain(|(group, _)| !group.texts.is_empty());
    all.sort_by(|(a, _), (b, _)| b.texts.len().cmp(&a.texts.len()).then_with(|| a.name.cmp(&b.name)));
    let mut known = Vec::new();
    for (group, identity) in all {
        group.texts.iter().for_each(|t| out.of_text[*t] = Some(out.groups.len()));
        out.groups.push(group);
        known.push(identity);
    }
    (out, known)
}

/// The words of today's texts, and of those that wait.
struct Said {
    /// For each text its words.
    of_text: Vec<BTreeSet<String>>,
    everywhere: HashMap<String, u32>,
    /// How many different texts no day has heard before, and in how many of them each word is.
    texts: f64,
    words: BTreeMap<String, f64>,
    /// Texts of today.
    today: f64,
}

/// Words that have a meaning of their own, and pairs of them that follow each other in a clause.
fn content(terms: &[Terms]) -> Vec<BTreeSet<String>> {
    let mut words = Words::default();
    let all: Vec<Vec<Vec<u32>>> = terms.iter().map(|t| words.clauses(t)).collect();
    let of = |clauses: &Vec<Vec<u32>>| {
        let mut said = BTreeSet::new();
        for clause in clauses {
            let content: Vec<&str> = clause.iter().filter(|w| words.role(**w) == Role::Content).map(|w| words.word(*w)).collect();
            said.extend(content.iter().map(|w| (*w).to_owned()));
            said.extend(content.windows(2).map(|pair| pair.join(" ")));
        }
        said
    };
    all.par_iter().map(of).collect()
}

impl Said {
    /// Of `texts` the first are today's; `fresh` tells of which no day has heard.
    fn of(terms: &[Terms], (texts, tickets): (&[&str], &[Seen<'_>]), fresh: impl Fn(usize) -> bool) -> Said {
        // Texts that say the same may be cut into clauses differently: the least one speaks for all.
        let mut least: HashMap<u64, usize> = HashMap::new();
        for (at, terms) in terms.iter().enumerate() {
            least.entry(terms.key()).and_modify(|l| *l = if texts[at] < texts[*l] { at } else { *l }).or_insert(at);
        }
        let of_text = content(terms);
        let of_text: Vec<BTreeSet<String>> = terms.iter().map(|t| of_text[least[&t.key()]].clone()).collect();
        let today = tickets.len();
        let mut everywhere: HashMap<String, u32> = HashMap::new();
        of_text.iter().flatten().for_each(|w| *everywhere.entry(w.clone()).or_default() += 1);
        // A customer says the same once.
        let mut once: HashSet<(u64, &str)> = HashSet::new();
        let fresh: Vec<usize> = (0..today).filter(|at| fresh(*at) && once.insert((terms[*at].key(), tickets[*at].customer))).collect();
        let mut words: BTreeMap<String, f64> = BTreeMap::new();
        fresh.iter().flat_map(|at| &of_text[*at]).for_each(|w| *words.entry(w.clone()).or_default() += 1.0);
        Said { of_text, everywhere, texts: fresh.len() as f64, words, today: today as f64 }
    }

    /// The words that tell a group from the others, the most telling first.
    fn tells<'s>(&'s self, group: &[usize]) -> Vec<&'s str> {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        group.iter().flat_map(|t| &self.of_text[*t]).for_each(|w| *counts.entry(w).or_default() += 1);
        let often = counts.into_iter().filter(|(_, n)| f64::from(*n) >= SHARE * group.len() as f64 && *n > 1);
        let mut told: Vec<(f64, &str)> = often.map(|(w, n)| (telling((n, group.len()), (self.everywhere[w], self.of_text.len())), w)).collect();
        told.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        told.into_iter().take(TESTED).map(|t| t.1).collect()
    }

    fn texts_with<'s>(&'s self, word: &'s str) -> impl Iterator<Item = usize> + 's {
        self.of_text.iter().enumerate().filter(move |(_, words)| words.contains(word)).map(|(t, _)| t)
    }

    /// Words that are said more than the past did, the surest first.
    fn rising<'s>(&'s self, past: f64, words: &BTreeMap<String, f64>) -> Vec<&'s str> {
        let of = |(word, n): (&'s String, &f64)| {
            let before = words.get(word).copied().unwrap_or(0.0).ceil();
            let times = (n / self.texts) / ((before + 0.5) / (past + 1.0));
            (at_least(*n as u32, (n + before) as u32, self.texts / (self.texts + past)), word.as_str(), times >= RISING_TIMES && *n <= TALK * self.today)
        };
        let mut tested: Vec<(f64, &str, bool)> = self.words.iter().filter(|(_, n)| **n >= RISING_TEXTS).map(of).collect();
        tested.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        let all = tested.len() as f64;
        let last = tested.iter().enumerate().rev().find(|(i, t)| t.0 <= FALSE_DISCOVERIES * (i + 1) as f64 / all).map_or(0, |(i, _)| i + 1);
        tested[..last].iter().filter(|t| t.2).map(|t| t.1).collect()
    }

    /// The past with today in it.
    fn added_to(&self, texts: f64, mut words: BTreeMap<String, f64>, next_day: bool) -> (f64, BTreeMap<String, f64>) {
        let fading = if next_day { FADING } else { 1.0 };
        words.values_mut().for_each(|n| *n *= fading);
        for (word, n) in &self.words {
            *words.entry(word.clone()).or_default() += n;
        }
        if words.len() > MOST_WORDS {
            let mut counts: Vec<(f64, String)> = words.iter().map(|(w, n)| (*n, w.clone())).collect();
            counts.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            counts.drain(MOST_WORDS..).for_each(|(_, word)| {
                words.remove(&word);
            });
        }
        // Rounded, so that the file says the same on every machine.
        words.values_mut().for_each(|n| *n = (*n * 1000.0).round() / 1000.0);
        (((texts * fading + self.texts) * 1000.0).round() / 1000.0, words)
    }
}

/// The probability of at least `n` of `all` where each is one with this chance (binomial): given all texts with a word, how many are
/// of today tells whether its rate has changed (Przyborowski and Wilenski, 1940).
fn at_least(n: u32, all: u32, chance: f64) -> f64 {
    let (n, all) = (f64::from(n), f64::from(all));
    if n <= 0.0 {
        return 1.0;
    }
    // The logarithm of the first term; each further one is a multiple of the one before.
    let mut term = n * chance.ln() + (all - n) * (1.0 - chance).ln();
    let mut i = 1.0;
    while i <= all - n {
        term += ((n + i) / i).ln();
        i += 1.0;
    }
    let (mut sum, mut relative, mut k) = (0.0, 1.0, n);
    while k <= all && relative > 1e-12 * sum {
        sum += relative;
        relative *= (all - k) / (k + 1.0) * chance / (1.0 - chance);
        k += 1.0;
    }
    (term.exp() * sum).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_of_counts() {
        // As scipy 1.16's binom.sf(n - 1, all, chance).
        for (n, all, chance, p) in [(3, 10, 0.5, 0.945_312_5), (0, 2, 0.1, 1.0), (8, 8, 0.5, 0.003_906_25), (9, 40, 0.1, 0.015_495_1)] {
            assert!((at_least(n, all, chance) - p).abs() < 1e-6, "{n} of {all}: {}", at_least(n, all, chance));
        }
    }

    #[test]
    fn a_foreign_file_is_refused() {
        assert!(Registry::from_json("{}").is_err());
        let mut registry = Registry { version: VERSION, day: "2026-11-22".to_owned(), ..Registry::default() };
        assert_eq!(Registry::from_json(&registry.to_json()).expect("its own"), registry);
        registry.version += 1;
        assert!(Registry::from_json(&registry.to_json()).expect_err("a later one").to_string().contains("version"));
    }
}
