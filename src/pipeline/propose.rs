//! `discover -o`: groups as entries of a taxonomy, each with a rule, examples, and what the rule is worth on these very tickets.

use super::discover::{Discovered, Ticket};
use crate::classify::Classifier;
use crate::discover::{Texts, alike, words};
use crate::error::Result;
use crate::mask;
use crate::prediction::Kind;
use crate::segment::Normalizer;
use crate::ticket;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The name by which proposals are known while they are tried.
pub const NAME: &str = "(proposals)";

/// A proposed cause.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proposal {
    /// Indexes of its groups: several where they extend one cause.
    pub groups: Vec<usize>,
    /// Its path: the group's name, or that of the cause that is extended.
    pub path: String,
    /// Kinds of the group's tickets, the commonest first.
    pub kinds: Vec<Kind>,
    /// Its rules.
    pub rules: Vec<String>,
    /// Texts that it takes, and texts that it does not.
    pub matches: Vec<String>,
    /// See `matches`.
    pub rejects: Vec<String>,
    /// Tickets that it takes.
    pub taken: Taken,
    /// The cause of the taxonomy that is most alike, and how far, 0 to 1.
    pub nearest: Option<(String, f32)>,
    /// Whether it extends that cause.
    pub extends: bool,
}

/// Tickets that a proposal takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Of its group.
    pub own: usize,
    /// Of other groups.
    pub others: usize,
    /// Of causes that there are.
    pub decided: usize,
}

/// What a proposal must reach: the share of the tickets of groups it takes that are its group's. It takes no more from causes.
const LEAST_PRECISION: f64 = 0.6;
/// And the share of its group.
const LEAST_COVERAGE: f64 = 0.2;
/// Times that rules are looked for when some take other causes' examples.
const ROUNDS: usize = 4;
/// From here on a cause is the same as a group.
const SAME: f32 = 0.6;
/// Share of a group's tickets from which on a kind is one of its kinds.
const KIND_SHARE: f64 = 0.05;
/// Examples that are tried and that are kept; their longest.
const TRIED: usize = 8;
const KEPT: usize = 2;
const LONGEST: usize = 160;

/// Proposes a cause for each group that a rule can take. `compile` makes classifiers that know these taxonomy entries beside the
/// user's, the first as the user asked; an example must hold in all of them.
///
/// # Errors
/// What `compile` gives.
pub fn propose(found: &Discovered, segmenter: &crate::segment::Segmenter, compile: &dyn Fn(&str) -> Result<Vec<Classifier>>) -> Result<Vec<Proposal>> {
    let all: Vec<&Ticket> = found.tickets.iter().chain(&found.decided).collect();
    let groups: Vec<Option<usize>> = found.grouping.of_text.iter().copied().chain(found.decided.iter().map(|_| None)).collect();
    let texts = Texts::of(&all.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), segmenter);
    let known = compile("")?;
    let failing_before: HashSet<String> = known.iter().flat_map(Classifier::failing_examples).map(|f| f.example.text).collect();
    let mut nearest = nearest(found, fullest(&known), segmenter);
    let mut banned: HashSet<(usize, String)> = HashSet::new();
    let mut drafts = Vec::new();
    for _ in 0..ROUNDS {
        drafts = drafted(found, &nearest, &groups, &texts, &banned);
        let classifiers = compile(&toml(&drafts, &|_| String::new()))?;
        // What takes the examples of a cause is no other cause: it extends that one. A rule that takes some gives way to the next.
        let adopted = fullest(&classifiers).is_some_and(|classifier| adopt(&drafts, &mut nearest, classifier));
        let (_, wrong) = broken(&drafts, &failing_before, &classifiers);
        let before = banned.len();
        banned.extend(drafts.iter().flat_map(|d| wrong.iter().filter(|w| w.0 == d.path).map(|w| (d.groups[0], w.1.clone()))));
        if !adopted && banned.len() == before {
            break;
        }
    }
    // Whatever goes changes what the others take.
    loop {
        measure(&mut drafts, &all, &groups, compile)?;
        let before = drafts.clone();
        let size = |d: &Proposal| d.groups.iter().map(|g| found.grouping.groups[*g].texts.len()).sum::<usize>();
        drafts.retain(|d| {
            let (right, wrong) = (d.taken.own as f64, d.taken.others as f64);
            let robs = d.taken.decided > d.taken.own && !d.extends;
            !robs && right >= LEAST_PRECISION * (right + wrong) && right >= LEAST_COVERAGE * size(d) as f64
        });
        hold(&mut drafts, &failing_before, compile)?;
        if drafts.len() == before.len() && drafts.iter().zip(&before).all(|(a, b)| a.rules == b.rules) {
            break;
        }
    }
    for draft in &mut drafts {
        draft.matches.truncate(KEPT);
        draft.rejects.truncate(KEPT);
    }
    Ok(drafts)
}

/// The cause that a group is most like, and how far.
type Nearest = Option<(String, f32)>;

/// A draft for each group that is like no cause, and for each cause that groups are like. Rules banned for a draft's first group are
/// banned for it.
fn drafted(found: &Discovered, nearest: &[Nearest], groups: &[Option<usize>], texts: &Texts, banned: &HashSet<(usize, String)>) -> Vec<Proposal> {
    let mut drafts: Vec<Proposal> = Vec::new();
    let mut draft_of = Vec::new();
    for (group, nearest) in nearest.iter().enumerate() {
        let name = &found.grouping.groups[group].name;
        let same = |(cause, near): &&(String, f32)| *near >= SAME || cause.rsplit('/').next().is_some_and(|last| last.trim() == name);
        let extended = nearest.as_ref().filter(same).map(|n| n.0.clone());
        let path = extended.clone().unwrap_or_else(|| name.replace('/', "·"));
        // Two groups that extend one cause do it together.
        let at = drafts.iter().position(|d| d.path == path).unwrap_or(drafts.len());
        if at == drafts.len() {
            drafts.push(Proposal { path, nearest: nearest.clone(), extends: extended.is_some(), ..Proposal::default() });
        }
        drafts[at].groups.push(group);
        draft_of.push(at);
    }
    let at = |group: usize| drafts.iter().position(|d| d.groups[0] == group);
    let banned = banned.iter().filter_map(|(group, rule)| Some((at(*group)?, rule.clone()))).collect();
    let labels: Vec<Option<usize>> = groups.iter().map(|g| g.map(|g| draft_of[g])).collect();
    for (draft, rules) in drafts.iter_mut().zip(texts.rules(&labels, draft_of.iter().max().map_or(0, |m| m + 1), &banned)) {
        draft.kinds = kinds(found, &draft.groups);
        draft.rules = rules;
    }
    drafts.retain(|d| !d.rules.is_empty());
    drafts
}

/// The one that knows most causes.
fn fullest(classifiers: &[Classifier]) -> Option<&Classifier> {
    classifiers.iter().max_by_key(|c| c.taxonomy().causes.len())
}

/// Lets groups extend the causes whose examples their drafts take: the nearest one, or any of whose examples they take half. Tells
/// whether any did.
fn adopt(drafts: &[Proposal], nearest: &mut [Nearest], classifier: &Classifier) -> bool {
    let causes = &classifier.taxonomy().causes;
    let mut taken: BTreeMap<(String, usize), usize> = BTreeMap::new();
    for failure in classifier.failing_examples().iter().filter(|f| f.must_match && causes[f.cause].file != NAME) {
        if let Some(taker) = failure.decided.map(|d| &causes[d]).filter(|d| d.file == NAME) {
            *taken.entry((taker.name(), failure.cause)).or_default() += 1;
        }
    }
    let mut adopted = false;
    for ((path, cause), count) in taken {
        let cause = &causes[cause];
        let Some(draft) = drafts.iter().find(|d| d.path == path && !d.extends) else { continue };
        let near = draft.nearest.as_ref().filter(|n| n.0 == cause.name()).map(|n| n.1);
        if near.is_some() || count * 2 >= cause.matches.len() {
            adopted = true;
            draft.groups.iter().for_each(|g| nearest[*g] = Some((cause.name(), near.unwrap_or(SAME).max(SAME))));
        }
    }
    adopted
}

/// The cause that is most like each group.
fn nearest(found: &Discovered, known: Option<&Classifier>, segmenter: &crate::segment::Segmenter) -> Vec<Nearest> {
    let causes = known.map_or(&[][..], |c| &c.taxonomy().causes);
    let of_cause =
        |c: &crate::taxonomy::Cause| c.matches.iter().map(|e| e.text.as_str()).chain(c.path.iter().map(String::as_str)).collect::<Vec<&str>>().join("\n");
    let causes: Vec<(String, String)> = causes.iter().filter(|c| !c.matches.is_empty()).map(|c| (c.name(), of_cause(c))).collect();
    let groups: Vec<Vec<&str>> = found.grouping.groups.iter().map(|g| g.texts.iter().map(|t| found.tickets[*t].text.as_str()).collect()).collect();
    let texts: Vec<&str> = causes.iter().map(|c| c.1.as_str()).collect();
    alike(&groups, &texts, segmenter).into_iter().map(|best| best.map(|(i, near)| (causes[i].0.clone(), near))).collect()
}

fn kinds(found: &Discovered, groups: &[usize]) -> Vec<Kind> {
    let texts: Vec<usize> = groups.iter().flat_map(|g| &found.grouping.groups[*g].texts).copied().collect();
    let known = found.kinds(&texts).into_iter().filter_map(|(kind, n)| Some((n, kind.filter(|k| *k != Kind::Other)?)));
    let mut kinds: Vec<(usize, Kind)> = known.filter(|(n, _)| *n as f64 >= KIND_SHARE * texts.len() as f64).collect();
    kinds.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
    if kinds.is_empty() { vec![Kind::Complaint, Kind::Inquiry] } else { kinds.into_iter().map(|k| k.1).collect() }
}

/// Lets the drafts decide the tickets: what they take, and which texts can be examples.
fn measure(drafts: &mut [Proposal], all: &[&Ticket], groups: &[Option<usize>], compile: &dyn Fn(&str) -> Result<Vec<Classifier>>) -> Result<()> {
    let classifiers = compile(&toml(drafts, &|_| String::new()))?;
    let Some(classifier) = classifiers.first() else { return Ok(()) };
    let of_path: HashMap<&str, usize> = drafts.iter().enumerate().map(|(i, d)| (d.path.as_str(), i)).collect();
    let causes = &classifier.taxonomy().causes;
    let draft_of = |cause: usize| (causes[cause].file == NAME).then(|| of_path.get(causes[cause].name().as_str()).copied()).flatten();
    let decide = |scratch: &mut crate::classify::Scratch, t: &&Ticket| {
        let ticket = ticket::Ticket { text: t.text.as_str().into(), product: t.product.as_str().into(), ..ticket::Ticket::default() };
        classifier.classify(&ticket, t.field, scratch).cause.and_then(draft_of)
    };
    let decided: Vec<Option<usize>> = all.par_iter().map_init(|| classifier.scratch(), decide).collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    // Short texts make good examples; those of a few words make poor ones.
    order.sort_by_cached_key(|i| (all[*i].text.chars().count().abs_diff(24), all[*i].text.clone()));
    for (d, draft) in drafts.iter_mut().enumerate() {
        let of_draft = |i: usize| groups[i].is_some_and(|g| draft.groups.contains(&g));
        let mine = |i: &&usize| of_draft(**i);
        draft.taken = Taken::default();
        for group in (0..all.len()).filter(|i| decided[*i] == Some(d)).map(|i| groups[i]) {
            match group {
                None => draft.taken.decided += 1,
                Some(g) if draft.groups.contains(&g) => draft.taken.own += 1,
                Some(_) => draft.taken.others += 1,
            }
        }
        draft.matches = examples(order.iter().filter(|i| decided[**i] == Some(d)).filter(mine).map(|i| all[*i]));
        // The best example to the contrary is nearly taken: it says one of the words.
        let said: Vec<&str> = draft.rules.iter().flat_map(|rule| words(rule)).flatten().collect();
        let others = || order.iter().filter(|i| decided[**i] != Some(d) && !of_draft(**i)).map(|i| all[*i]);
        let near = others().filter(|t| said.iter().any(|w| t.text.contains(w)));
        draft.rejects = examples(near.take(TRIED).chain(others().take(TRIED)));
    }
    Ok(())
}

/// Different texts as they may leave.
fn examples<'t>(tickets: impl Iterator<Item = &'t Ticket>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for ticket in tickets {
        let masked = mask::mask(&ticket.text);
        let text: String = masked.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        if !text.is_empty() && !out.contains(&text) {
            out.push(text);
        }
        if out.len() == TRIED {
            break;
        }
    }
    out
}

/// What is wrong with drafts, by path: examples of theirs that do not hold, and rules that take other causes' examples.
type Broken = (HashSet<(String, String)>, HashSet<(String, String)>);

fn broken(drafts: &[Proposal], failing_before: &HashSet<String>, classifiers: &[Classifier]) -> Broken {
    let (mut examples, mut rules) = (HashSet::new(), HashSet::new());
    for classifier in classifiers {
        let causes = &classifier.taxonomy().causes;
        for failure in classifier.failing_examples() {
            let taker = failure.decided.map(|d| &causes[d]).filter(|d| d.file == NAME);
            let cause = &causes[failure.cause];
            if cause.file == NAME {
                examples.insert((cause.name(), failure.example.text));
            } else if let Some(taker) = taker {
                rules.insert((taker.name(), taker.rules[failure.rule].text.clone()));
            } else if !failing_before.contains(&failure.example.text) {
                // Beside a proposal another decision is less sure.
                let folded = Normalizer::builtin().folded(&failure.example.text);
                let said = drafts.iter().flat_map(|d| d.rules.iter().map(move |rule| (d, rule))).filter(|(_, rule)| says(&folded, rule));
                rules.extend(said.map(|(draft, rule)| (draft.path.clone(), rule.clone())));
            }
        }
    }
    (examples, rules)
}

/// Keeps examples that hold, and rules that take no other cause's example; a proposal without enough of them goes.
fn hold(drafts: &mut Vec<Proposal>, failing_before: &HashSet<String>, compile: &dyn Fn(&str) -> Result<Vec<Classifier>>) -> Result<()> {
    loop {
        let (examples, rules) = broken(drafts, failing_before, &compile(&toml(drafts, &|_| String::new()))?);
        let before = drafts.len();
        for draft in drafts.iter_mut() {
            let wrong = |all: &HashSet<(String, String)>, text: &String| all.contains(&(draft.path.clone(), text.clone()));
            draft.rules.retain(|rule| !wrong(&rules, rule));
            draft.matches.retain(|text| !wrong(&examples, text));
            draft.rejects.retain(|text| !wrong(&examples, text));
        }
        drafts.retain(|d| !d.rules.is_empty() && d.matches.len() >= KEPT && d.rejects.len() >= KEPT);
        // Where one goes, others take its texts.
        if examples.is_empty() && rules.is_empty() && before == drafts.len() {
            return Ok(());
        }
    }
}

/// Whether a folded text has all words of a rule that was mined.
fn says(text: &str, rule: &str) -> bool {
    words(rule).iter().all(|spellings| spellings.iter().any(|w| text.contains(w)))
}

/// Taxonomy entries, each with a note above it.
#[must_use]
pub fn toml(proposals: &[Proposal], note: &dyn Fn(&Proposal) -> String) -> String {
    let quoted = |text: &String| toml::Value::String(text.clone()).to_string();
    let list = |texts: &[String]| match texts {
        [] => "[]".to_owned(),
        texts => format!("[\n{}]", texts.iter().map(|t| format!("  {},\n", quoted(t))).collect::<String>()),
    };
    let mut out = String::new();
    for p in proposals {
        let kinds: Vec<String> = p.kinds.iter().map(|k| format!("\"{}\"", k.code())).collect();
        let entries = [("rules", &p.rules), ("match", &p.matches), ("reject", &p.rejects)].map(|(key, texts)| format!("{key} = {}\n", list(texts)));
        out.push_str(&format!("\n{}[[cause]]\npath = {}\nkinds = [{}]\n{}", note(p), quoted(&p.path), kinds.join(", "), entries.concat()));
    }
    out
}
