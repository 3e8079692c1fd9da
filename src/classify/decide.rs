//! Weighing what fired: kind and cause together, product and field before them.
//!
//! A kind's score is the sum of the weights of its cues (log-odds, `data/kinds.toml`). A cause's score is the number of
//! characters its best rule covers, times its weight. The pair (cause, kind) with the highest joint score wins; a ticket
//! without any cause is the pair (none, kind) with joint score of the kind alone.

use super::fields::{Field, ProductFound, TextFields};
use super::learned::Learned;
use super::matching::{Match, Texts};
use super::program::Target;
use super::service::Checked;
use super::{Classifier, Scratch};
use crate::prediction::{ByModel, Evidence, Kind, Prediction};
use crate::segment::{Normalized, Normalizer};
use crate::ticket::Ticket;
use std::borrow::Cow;

/// What one covered character of a cause's rule is worth beside the kinds' log-odds.
const CHARACTER: f32 = 0.6;
/// A cause's usual kind (the first it lists) is this much likelier than its others.
const USUAL_KIND: f32 = 0.4;
/// A pack's own cause beats a universal one of the same length.
const OWN_FIELD: f32 = 1.25;
/// A cause of the desk's own taxonomy beats a built-in one.
const OWN_TAXONOMY: f32 = 1.5;
/// Two fields as likely as that by the text are both in doubt: causes of either are passed over when both have one.
const FIELD_TIE: f32 = 0.9;

/// Log-odds of the kinds before any cue, in the order of [`Kind::ALL`]; that of `other` depends on the text's length.
const BASE: [f32; 5] = [0.2, 0.0, -1.0, -1.0, 0.0];
/// What a cause of praise or suggestion loses where no word praises or suggests.
const NO_CUE: f32 = 1.0;

/// A cause that fired.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Index into `Taxonomy::causes`.
    pub cause: usize,
    /// Index of its best rule.
    pub rule: usize,
    /// Characters covered, times weights.
    pub score: f32,
    /// The words.
    pub evidence: Vec<Evidence>,
    /// Why it was not considered, if it was not.
    pub dropped: Option<&'static str>,
}

/// A kind cue that fired.
#[derive(Debug, Clone)]
pub struct FiredCue {
    /// Index into `Taxonomy::cues`.
    pub cue: usize,
    /// The words.
    pub evidence: Vec<Evidence>,
}

/// Every step of a decision.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// The normalised text.
    pub normalized: String,
    /// Its words.
    pub words: Vec<String>,
    /// Fields considered, by pack index, with the number of cues seen in the text.
    pub fields: Vec<(usize, usize)>,
    /// Whether the field was told by the product rather than by the text.
    pub field_told: bool,
    /// Causes that fired, best first.
    pub candidates: Vec<Candidate>,
    /// Cues that fired.
    pub cues: Vec<FiredCue>,
    /// Kinds with their scores.
    pub kinds: Vec<(Kind, f32)>,
    /// What models say, in their order.
    pub models: Vec<ModelStep>,
    /// The decision.
    pub prediction: Option<Prediction>,
}

/// What a model says of a ticket.
#[derive(Debug, Clone)]
pub struct ModelStep {
    /// What it tells.
    pub target: crate::model::Target,
    /// Its likeliest labels with their probabilities.
    pub labels: Vec<(String, f32)>,
    /// The words that speak most for the first of them, with their weights.
    pub words: Vec<(Evidence, f32)>,
    /// Whether it is sure enough to decide.
    pub sure: bool,
}

struct Fired {
    cause: usize,
    rule: usize,
    found: Match,
    score: f32,
    dropped: Option<&'static str>,
}

pub(super) fn decide(c: &Classifier, ticket: &Ticket<'_>, header: Field, scratch: &mut Scratch, explain: Option<&mut Explanation>) -> Prediction {
    Normalizer::builtin().fold(&ticket.text, &mut scratch.customer.normal);
    let named = name_product(c, ticket, scratch, explain.is_some());
    let ticket = named.as_ref().map_or(ticket, |(t, _)| t);
    let (product, text) = product_of(c, ticket, header, scratch);
    let field = FieldEvidence::new(product.field, text, scratch.customer.normal.chars.len());
    // An explanation also shows the causes of other fields, dropped.
    let packs = if explain.is_some() { Field::of(0..c.taxonomy.packs.len()).minus(c.fields.universal) } else { field.packs(c) };
    let mut found = std::mem::take(&mut scratch.found);
    found.begin(c);
    let latin = scratch.customer.normal.chars.iter().any(char::is_ascii_alphabetic);
    let packs = if latin { packs.and(c.programs.latin) } else { packs };
    fire(c, None, product.index, &field, ticket, scratch, explain.is_some(), &mut found);
    for pack in packs.packs() {
        fire(c, Some(pack), product.index, &field, ticket, scratch, explain.is_some(), &mut found);
    }
    let Found { fired, cues, checks, .. } = &mut found;
    // The order of hits is the text's; the order of decisions is the taxonomy's.
    fired.sort_unstable_by_key(|f| f.cause);
    cues.sort_unstable_by_key(|(cue, _)| *cue);
    drop_doubtful_fields(c, &field, fired);
    let kinds = score_kinds(c, cues, scratch.customer.normal.chars.len());
    let choice = choose(c, fired, &kinds);

    let told: &[Learned] = if explain.is_some() { &c.learned } else { &[] };
    let models = told.iter().map(|l| l.explain(&ticket.text, scratch)).collect();
    let quote = |m: &Match| quote(&ticket.text, &scratch.customer.normal, m);
    let sure = |confidence: f32| confidence >= c.config.min_confidence;
    let kind = Some(choice.kind).filter(|_| sure(choice.kind_confidence));
    let cause = choice.fired.filter(|_| kind.is_some() && sure(choice.cause_confidence));
    let mut prediction = Prediction {
        kind,
        product: product.name,
        cause: cause.map(|i| fired[i].cause),
        kind_confidence: choice.kind_confidence,
        cause_confidence: if cause.is_some() { choice.cause_confidence } else { 0.0 },
        cause_evidence: cause.map_or_else(Vec::new, |i| quote(&fired[i].found)),
        kind_evidence: best_cue(c, cues, choice.kind).map_or_else(Vec::new, |m| quote(&m)),
        rule: cause.map_or(0, |i| fired[i].rule),
        by_model: named.as_ref().map(|(_, by)| Box::new(by.clone())),
        noted: checks.fired(&ticket.text, &scratch.customer.normal),
    };
    if let Some(e) = explain {
        e.models = models;
        e.normalized = scratch.customer.normal.text();
        e.words = c.segmenter.cut(&e.normalized).into_iter().map(str::to_owned).collect();
        e.field_told = !product.field.is_unknown();
        e.fields = field.considered(c);
        e.cues = cues.iter().map(|(cue, m)| FiredCue { cue: *cue, evidence: quote(m) }).collect();
        e.kinds = Kind::ALL.into_iter().zip(kinds).collect();
        fired.sort_by(|a, b| a.dropped.is_some().cmp(&b.dropped.is_some()).then(b.score.total_cmp(&a.score)));
        e.candidates =
            fired.iter().map(|f| Candidate { cause: f.cause, rule: f.rule, score: f.score, evidence: quote(&f.found), dropped: f.dropped }).collect();
    }
    scratch.found = found;
    for learned in &c.learned {
        learned.overrule(&ticket.text, &c.taxonomy, scratch, &mut prediction);
    }
    prediction
}

/// Lets the models read the ticket; where it has no product and a model names one, the ticket with it.
fn name_product<'t>(c: &Classifier, ticket: &'t Ticket<'_>, scratch: &mut Scratch, explain: bool) -> Option<(Ticket<'t>, ByModel)> {
    let told = !ticket.product.trim().is_empty();
    // A model of products has nothing to say where the product is told.
    if c.learned.iter().all(|l| told && !explain && l.names_products()) {
        return None;
    }
    scratch.learned.read(&scratch.customer.normal, &c.plain);
    if told {
        return None;
    }
    let models = c.learned.iter().rev().filter(|l| l.names_products());
    let (name, by) = models.filter_map(|l| l.product(&ticket.text, scratch)).next()?;
    let named = Ticket {
        product: name.into(),
        text: Cow::Borrowed(&ticket.text),
        agent: Cow::Borrowed(&ticket.agent),
        channel: Cow::Borrowed(&ticket.channel),
        ..Ticket::default()
    };
    Some((named, by))
}

/// Products remembered as written, per thread.
const REMEMBERED: usize = 4096;

/// Product from its column, else from aliases in the text; and what the text tells of fields where the product does not.
fn product_of(c: &Classifier, ticket: &Ticket<'_>, header: Field, scratch: &mut Scratch) -> (ProductFound, Option<TextFields>) {
    if scratch.products_header != header {
        scratch.products.clear();
        scratch.products_header = header;
    }
    if let Some(known) = scratch.products.get(ticket.product.as_ref()) {
        let known = known.clone();
        let text = known.field.is_unknown().then(|| c.fields.in_text(&scratch.customer.normal));
        return (known, text);
    }
    if let Some(found) = c.fields.product(&c.taxonomy, ticket, header) {
        if scratch.products.len() >= REMEMBERED {
            scratch.products.clear();
        }
        scratch.products.insert(ticket.product.to_string(), found.clone());
        let text = found.field.is_unknown().then(|| c.fields.in_text(&scratch.customer.normal));
        return (found, text);
    }
    let text = c.fields.in_text(&scratch.customer.normal);
    let found = text.product.map_or(ProductFound { name: None, index: None, field: header }, |p| c.fields.known(&c.taxonomy, p, header));
    let text = found.field.is_unknown().then_some(text);
    (found, text)
}

/// Characters of text for which one more cue is wanted before the text alone is believed to tell its field.
const CHARS_A_CUE: usize = 50;
/// More distinct cues than these are believed in a text of any length.
const CUES_ENOUGH: usize = 4;

/// Which packs' causes may be considered.
struct FieldEvidence {
    told: Field,
    /// Per pack: distinct cues in the text; empty where the field was told.
    counts: Vec<usize>,
    most: usize,
}

impl FieldEvidence {
    fn new(told: Field, text: Option<TextFields>, chars: usize) -> FieldEvidence {
        let counts = text.map_or(Vec::new(), |t| t.counts);
        let most = counts.iter().copied().max().unwrap_or(0);
        // Too few for so long a text, or one word each for several fields: nothing told.
        let tie = counts.iter().filter(|n| **n == most).count() > 1;
        let most = if most > (chars / CHARS_A_CUE).min(CUES_ENOUGH) && (most > 1 || !tie) { most } else { 0 };
        FieldEvidence { told, counts, most }
    }

    fn allows(&self, c: &Classifier, pack: usize) -> bool {
        if c.fields.universal.has(pack) {
            return true;
        }
        if self.told.is_unknown() { self.most > 0 && self.counts[pack] == self.most } else { self.told.has(pack) }
    }

    /// The packs considered beside the universal ones.
    fn packs(&self, c: &Classifier) -> Field {
        if !self.told.is_unknown() {
            return self.told.minus(c.fields.universal);
        }
        Field::of((0..self.counts.len()).filter(|p| self.allows(c, *p))).minus(c.fields.universal)
    }

    fn considered(&self, c: &Classifier) -> Vec<(usize, usize)> {
        let all = 0..c.taxonomy.packs.len();
        all.filter(|p| !c.fields.universal.has(*p) && self.allows(c, *p)).map(|p| (p, self.counts.get(p).copied().unwrap_or(0))).collect()
    }
}

/// What fired in one ticket.
#[derive(Default)]
pub(super) struct Found {
    fired: Vec<Fired>,
    cues: Vec<(usize, Match)>,
    checks: Checked,
    /// Per cause: the ticket it last fired in, and its place in `fired`.
    of_cause: Vec<(u32, u32)>,
    /// Per cue: the ticket it last fired in.
    of_cue: Vec<u32>,
    ticket: u32,
}

impl Found {
    /// Forgets what fired in the ticket before.
    fn begin(&mut self, c: &Classifier) {
        self.fired.clear();
        self.cues.clear();
        self.checks.clear();
        self.ticket = self.ticket.wrapping_add(1);
        if self.ticket == 0 || self.of_cause.is_empty() {
            self.of_cause = vec![(0, 0); c.taxonomy.causes.len()];
            self.of_cue = vec![0; c.taxonomy.cues.len()];
            self.ticket = 1;
        }
    }

    /// Keeps the best rule of each cause, the first of equals.
    fn add(&mut self, new: Fired) {
        let (ticket, at) = &mut self.of_cause[new.cause];
        if *ticket == self.ticket {
            let old = &mut self.fired[*at as usize];
            if (new.score, std::cmp::Reverse(new.rule)) > (old.score, std::cmp::Reverse(old.rule)) {
                *old = new;
            }
        } else {
            (*ticket, *at) = (self.ticket, self.fired.len() as u32);
            self.fired.push(new);
        }
    }
}

/// Evaluates the rules of a pack, or of the universal ones, whose literals are in the text.
#[allow(clippy::too_many_arguments)] // one call site, and a struct of these would only rename them
fn fire(
    c: &Classifier,
    pack: Option<usize>,
    product: Option<usize>,
    field: &FieldEvidence,
    ticket: &Ticket<'_>,
    scratch: &mut Scratch,
    explain: bool,
    found: &mut Found,
) {
    let p = c.programs.of(&c.taxonomy, c.fields.universal, pack);
    scratch.customer.scan(p, &c.segmenter);
    if p.reads_agent {
        Normalizer::builtin().fold(&ticket.agent, &mut scratch.agent.normal);
        scratch.agent.scan(p, &c.segmenter);
    }
    let (tried, stack) = (&mut scratch.tried, &mut scratch.stack);
    let texts = Texts { program: p, customer: &scratch.customer, agent: &scratch.agent };
    tried.each(&texts, |rule| match rule.target {
        Target::Cue(cue) => {
            let cue = cue as usize;
            if found.of_cue[cue] != found.ticket
                && let Some(m) = texts.best(rule.node, stack)
            {
                found.of_cue[cue] = found.ticket;
                found.cues.push((cue, m));
            }
        }
        Target::Cause(cause, n) => {
            let (cause, n) = (cause as usize, n as usize);
            let dropped = not_eligible(c, cause, product, field);
            if dropped.is_some() && !explain {
                return;
            }
            let Some(m) = texts.best(rule.node, stack) else { return };
            let score = m.cover() as f32 * strength(c, cause, field);
            found.add(Fired { cause, rule: n, found: m, score, dropped });
        }
        Target::Check(_) | Target::Unless(_) => found.checks.take(rule, &texts, stack),
    });
}

fn not_eligible(c: &Classifier, cause: usize, product: Option<usize>, field: &FieldEvidence) -> Option<&'static str> {
    let cause = &c.taxonomy.causes[cause];
    if !cause.products.is_empty() && !product.is_some_and(|p| cause.products.contains(&p)) {
        return Some("of another product");
    }
    if field.allows(c, cause.pack) { None } else { Some("of another field") }
}

fn strength(c: &Classifier, cause: usize, field: &FieldEvidence) -> f32 {
    let cause = &c.taxonomy.causes[cause];
    let own = if cause.own { OWN_TAXONOMY } else { 1.0 };
    let field = if !c.fields.universal.has(cause.pack) && !field.told.is_unknown() { OWN_FIELD } else { 1.0 };
    cause.weight * own * field
}

/// Where only the text tells the field and two fields claim the ticket alike, neither is believed.
fn drop_doubtful_fields(c: &Classifier, field: &FieldEvidence, fired: &mut [Fired]) {
    if !field.told.is_unknown() {
        return;
    }
    let best_by_pack = |fired: &[Fired], pack: usize| {
        fired.iter().filter(|f| f.dropped.is_none() && c.taxonomy.causes[f.cause].pack == pack).map(|f| f.score).fold(0.0, f32::max)
    };
    let mut bests: Vec<(usize, f32)> =
        (0..c.taxonomy.packs.len()).filter(|p| !c.fields.universal.has(*p)).map(|p| (p, best_by_pack(fired, p))).filter(|(_, s)| *s > 0.0).collect();
    bests.sort_by(|a, b| b.1.total_cmp(&a.1));
    if let [(_, first), (_, second), ..] = bests[..]
        && second >= first * FIELD_TIE
    {
        for f in fired.iter_mut().filter(|f| !c.fields.universal.has(c.taxonomy.causes[f.cause].pack)) {
            f.dropped = f.dropped.or(Some("the text does not tell which field"));
        }
    }
}

/// Log-odds of each kind, in the order of [`Kind::ALL`].
fn score_kinds(c: &Classifier, cues: &[(usize, Match)], chars: usize) -> [f32; 5] {
    // Without any cue a long text is a tale of something wrong, a short one a greeting or a number.
    let other = (1.0 - 0.12 * chars as f32).max(-4.0);
    let mut scores = BASE;
    scores[Kind::Other as usize] = other;
    for (cue, _) in cues {
        let cue = &c.taxonomy.cues[*cue];
        scores[cue.kind as usize] += cue.weight;
    }
    scores
}

fn best_cue(c: &Classifier, cues: &[(usize, Match)], kind: Kind) -> Option<Match> {
    let own = cues.iter().filter(|(cue, _)| c.taxonomy.cues[*cue].kind == kind && c.taxonomy.cues[*cue].weight > 0.0);
    own.max_by(|a, b| c.taxonomy.cues[a.0].weight.total_cmp(&c.taxonomy.cues[b.0].weight).then(b.0.cmp(&a.0))).map(|(_, m)| *m)
}

struct Choice {
    kind: Kind,
    kind_confidence: f32,
    /// Index into the fired causes.
    fired: Option<usize>,
    cause_confidence: f32,
}

fn choose(c: &Classifier, fired: &[Fired], kinds: &[f32; 5]) -> Choice {
    let top = kinds.iter().copied().fold(f32::MIN, f32::max);
    // Per kind: the best joint score, with or without a cause.
    let mut best: [(f32, Option<usize>); 5] = kinds.map(|k| (k - top, None));
    for (i, f) in fired.iter().enumerate().filter(|(_, f)| f.dropped.is_none()) {
        for (n, kind) in c.taxonomy.causes[f.cause].kinds.iter().enumerate() {
            let usual = if n == 0 { USUAL_KIND } else { 0.0 };
            let silent = matches!(kind, Kind::Praise | Kind::Suggestion) && kinds[*kind as usize] <= BASE[*kind as usize];
            let joint = kinds[*kind as usize] - top + CHARACTER * f.score + usual - if silent { NO_CUE } else { 0.0 };
            let slot = &mut best[*kind as usize];
            if joint > slot.0 {
                *slot = (joint, Some(i));
            }
        }
    }
    let winner = (0..5).rev().max_by(|a, b| best[*a].0.total_cmp(&best[*b].0)).unwrap_or(0);
    let (joint, cause) = best[winner];
    let total: f32 = best.iter().map(|b| (b.0 - joint).exp()).sum();
    let cause_confidence = cause.map_or(0.0, |i| {
        // Only the nearest rival counts: three near-synonyms are no reason to name none of them.
        let rivals = fired.iter().enumerate().filter(|(j, f)| *j != i && f.dropped.is_none());
        let rival = rivals.map(|(_, f)| (CHARACTER * (f.score - fired[i].score)).exp().min(1.0)).fold(0.0, f32::max);
        let none = (-CHARACTER * fired[i].score).exp();
        1.0 / (1.0 + rival + none)
    });
    Choice { kind: Kind::ALL[winner], kind_confidence: 1.0 / total, fired: cause, cause_confidence }
}

/// The words of a match as the customer wrote them.
fn quote(original: &str, normal: &Normalized, m: &Match) -> Vec<Evidence> {
    let mut parts = m.parts().to_vec();
    parts.sort_unstable();
    parts.dedup();
    parts.iter().filter(|p| p.end > p.start).map(|p| quote_span(original, normal, usize::from(p.start), usize::from(p.end))).collect()
}

/// The words of some characters of the normalised text, as the customer wrote them; at least one character.
pub(super) fn quote_span(original: &str, normal: &Normalized, start: usize, end: usize) -> Evidence {
    let from = normal.origin[start] as usize;
    let last = normal.origin[end - 1] as usize;
    let to = (normal.origin[end] as usize).max(last + 1);
    let words = original.chars().skip(from).take(to - from).collect::<String>();
    Evidence { words: words.trim_end().to_owned(), at: from }
}

#[cfg(test)]
mod tests;
