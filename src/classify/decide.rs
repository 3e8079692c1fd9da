//! Weighing what fired: kind and cause together, product and field before them.
//!
//! A kind's score is the sum of the weights of its cues (log-odds, `data/kinds.toml`). A cause's score is the number of
//! characters its best rule covers, times its weight. The pair (cause, kind) with the highest joint score wins; a ticket
//! without any cause is the pair (none, kind) with joint score of the kind alone.

use super::matching::{Match, Texts};
use super::program::{Field, Target};
use super::{Classifier, Scratch};
use crate::prediction::{Evidence, Kind, Prediction};
use crate::segment::{Normalized, Normalizer};
use crate::ticket::Ticket;

/// What one covered character of a cause's rule is worth beside the kinds' log-odds.
const CHARACTER: f32 = 0.6;
/// A cause's usual kind (the first it lists) is this much likelier than its others.
const USUAL_KIND: f32 = 0.4;
/// A pack's own cause beats a universal one of the same length.
const OWN_FIELD: f32 = 1.15;
/// A cause of the desk's own taxonomy beats a built-in one.
const OWN_TAXONOMY: f32 = 1.5;
/// Two fields as likely as that by the text are both in doubt: causes of either are passed over when both have one.
const FIELD_TIE: f32 = 0.9;

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
    /// The decision.
    pub prediction: Option<Prediction>,
}

struct Fired {
    cause: usize,
    rule: usize,
    found: Match,
    score: f32,
    dropped: Option<&'static str>,
}

pub(super) fn decide(c: &Classifier, ticket: &Ticket<'_>, header: Field, scratch: &mut Scratch, mut explain: Option<&mut Explanation>) -> Prediction {
    let normalizer = Normalizer::builtin();
    normalizer.fold(&ticket.text, &mut scratch.customer.normal);
    scratch.customer.scan(&c.program, &c.segmenter);
    if c.program.reads_agent {
        normalizer.fold(&ticket.agent, &mut scratch.agent.normal);
        scratch.agent.scan(&c.program, &c.segmenter);
    }
    let product = product_of(c, ticket, header, scratch);
    let field = FieldEvidence::new(c, product.field, scratch);
    let (mut fired, cues) = fire(c, product.index, &field, scratch, explain.is_some());
    drop_doubtful_fields(c, &field, &mut fired);
    let kinds = score_kinds(c, &cues, scratch.customer.normal.chars());
    let choice = choose(c, &fired, &kinds);

    let quote = |m: &Match| quote(&ticket.text, &scratch.customer.normal, m);
    let sure = |confidence: f32| confidence >= c.config.min_confidence;
    let kind = Some(choice.kind).filter(|_| sure(choice.kind_confidence));
    let cause = choice.fired.filter(|_| kind.is_some() && sure(choice.cause_confidence));
    let prediction = Prediction {
        kind,
        product: product.name,
        cause: cause.map(|i| fired[i].cause),
        kind_confidence: choice.kind_confidence,
        cause_confidence: if cause.is_some() { choice.cause_confidence } else { 0.0 },
        cause_evidence: cause.map_or_else(Vec::new, |i| quote(&fired[i].found)),
        kind_evidence: best_cue(c, &cues, choice.kind).map_or_else(Vec::new, |m| quote(&m)),
        rule: cause.map_or(0, |i| fired[i].rule),
    };
    if let Some(e) = explain.as_deref_mut() {
        e.normalized = scratch.customer.normal.text.clone();
        e.words = c.segmenter.cut(&e.normalized).into_iter().map(str::to_owned).collect();
        e.field_told = !product.field.is_unknown();
        e.fields = field.considered(c);
        e.cues = cues.iter().map(|(cue, m)| FiredCue { cue: *cue, evidence: quote(m) }).collect();
        e.kinds = Kind::ALL.into_iter().zip(kinds).collect();
        fired.sort_by(|a, b| a.dropped.is_some().cmp(&b.dropped.is_some()).then(b.score.total_cmp(&a.score)));
        e.candidates = fired
            .iter()
            .map(|f| Candidate { cause: f.cause, rule: f.rule, score: f.score, evidence: quote(&f.found), dropped: f.dropped })
            .collect();
    }
    prediction
}

struct ProductFound {
    name: Option<String>,
    index: Option<usize>,
    /// Told by the product or its column's header.
    field: Field,
}

/// Product from its column, else from aliases in the text.
fn product_of(c: &Classifier, ticket: &Ticket<'_>, header: Field, scratch: &mut Scratch) -> ProductFound {
    let written = ticket.product.trim();
    let known = |index: usize| {
        let p = &c.taxonomy.products[index];
        let told = Field::of(p.packs.iter().copied());
        let by_name = c.program.field_of_name(&Normalizer::builtin().folded(&p.name));
        let field = [told, by_name, header].into_iter().find(|f| !f.is_unknown()).unwrap_or(Field::UNKNOWN);
        ProductFound { name: Some(p.name.clone()), index: Some(index), field }
    };
    if !written.is_empty() {
        Normalizer::builtin().fold(written, &mut scratch.product);
        let folded = scratch.product.text.trim();
        if let Some(index) = c.program.products.get(folded) {
            return known(*index);
        }
        let by_name = c.program.field_of_name(folded);
        let field = if by_name.is_unknown() { header } else { by_name };
        return ProductFound { name: Some(written.to_owned()), index: None, field };
    }
    let mentioned = c
        .program
        .alias_groups
        .iter()
        .filter_map(|(group, product)| scratch.customer.hits(*group).first().map(|s| (*s, *product)))
        .min_by_key(|(s, product)| (s.start, u32::MAX - s.end, *product));
    match mentioned {
        Some((_, product)) => known(product),
        None => ProductFound { name: None, index: None, field: header },
    }
}

/// Which packs' causes may be considered.
struct FieldEvidence {
    told: Field,
    /// Per pack: distinct cues in the text.
    counts: Vec<usize>,
    most: usize,
}

impl FieldEvidence {
    fn new(c: &Classifier, told: Field, scratch: &Scratch) -> FieldEvidence {
        let distinct = |group: &Option<u32>| {
            let Some(group) = group else { return 0 };
            let mut spans: Vec<&str> = Vec::new();
            for s in scratch.customer.hits(*group) {
                let words = slice(&scratch.customer.normal, s.start, s.end);
                if !spans.contains(&words) {
                    spans.push(words);
                }
            }
            spans.len()
        };
        let counts: Vec<usize> = if told.is_unknown() { c.program.cue_groups.iter().map(distinct).collect() } else { Vec::new() };
        let most = counts.iter().copied().max().unwrap_or(0);
        FieldEvidence { told, counts, most }
    }

    fn allows(&self, c: &Classifier, pack: usize) -> bool {
        if c.program.universal.has(pack) {
            return true;
        }
        if self.told.is_unknown() { self.most > 0 && self.counts[pack] == self.most } else { self.told.has(pack) }
    }

    fn considered(&self, c: &Classifier) -> Vec<(usize, usize)> {
        let all = 0..c.taxonomy.packs.len();
        all.filter(|p| !c.program.universal.has(*p) && self.allows(c, *p)).map(|p| (p, self.counts.get(p).copied().unwrap_or(0))).collect()
    }
}

fn slice(normal: &Normalized, start: u32, end: u32) -> &str {
    let mut indices = normal.text.char_indices().map(|(i, _)| i).skip(start as usize);
    let from = indices.next().unwrap_or(normal.text.len());
    let to = indices.nth((end - start - 1) as usize).unwrap_or(normal.text.len());
    &normal.text[from..to]
}

/// Evaluates the rules whose literals were seen.
fn fire(c: &Classifier, product: Option<usize>, field: &FieldEvidence, scratch: &mut Scratch, explain: bool) -> (Vec<Fired>, Vec<(usize, Match)>) {
    scratch.round = scratch.round.wrapping_add(1);
    if scratch.round == 0 {
        scratch.seen_rules.fill(0);
        scratch.round = 1;
    }
    let (round, seen) = (scratch.round, &mut scratch.seen_rules);
    let texts = Texts { customer: &scratch.customer, agent: &scratch.agent };
    let p = &c.program;
    let by_customer = scratch.customer.touched.iter().flat_map(|g| &p.anchored[*g as usize]);
    let by_agent = scratch.agent.touched.iter().filter(|_| p.reads_agent).flat_map(|g| &p.anchored_agent[*g as usize]);
    let mut fired: Vec<Fired> = Vec::new();
    let mut cues = Vec::new();
    for id in by_customer.chain(by_agent).chain(&p.always) {
        let id = *id as usize;
        if std::mem::replace(&mut seen[id], round) == round {
            continue;
        }
        let rule = &p.rules[id];
        if rule.required.iter().any(|g| scratch.customer.hits(*g).is_empty()) {
            continue;
        }
        match rule.target {
            Target::Cue(cue) => {
                if cues.iter().all(|(seen, _)| *seen != cue) {
                    cues.extend(texts.best(&rule.node).map(|m| (cue, m)));
                }
            }
            Target::Cause(cause, n) => {
                let dropped = not_eligible(c, cause, product, field);
                if dropped.is_some() && !explain {
                    continue;
                }
                let Some(found) = texts.best(&rule.node) else { continue };
                let score = found.cover() as f32 * strength(c, cause, field);
                match fired.iter_mut().find(|f| f.cause == cause) {
                    Some(f) if (score, std::cmp::Reverse(n)) > (f.score, std::cmp::Reverse(f.rule)) => *f = Fired { cause, rule: n, found, score, dropped },
                    Some(_) => {}
                    None => fired.push(Fired { cause, rule: n, found, score, dropped }),
                }
            }
        }
    }
    // The order of hits is the text's; the order of decisions is the taxonomy's.
    fired.sort_by_key(|f| f.cause);
    cues.sort_by_key(|(cue, _)| *cue);
    cues.dedup_by_key(|(cue, _)| *cue);
    (fired, cues)
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
    let own = if !cause.file.starts_with("data/") { OWN_TAXONOMY } else { 1.0 };
    let field = if !c.program.universal.has(cause.pack) && !field.told.is_unknown() { OWN_FIELD } else { 1.0 };
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
        (0..c.taxonomy.packs.len()).filter(|p| !c.program.universal.has(*p)).map(|p| (p, best_by_pack(fired, p))).filter(|(_, s)| *s > 0.0).collect();
    bests.sort_by(|a, b| b.1.total_cmp(&a.1));
    if let [(_, first), (_, second), ..] = bests[..]
        && second >= first * FIELD_TIE
    {
        for f in fired.iter_mut().filter(|f| !c.program.universal.has(c.taxonomy.causes[f.cause].pack)) {
            f.dropped = f.dropped.or(Some("the text does not tell which field"));
        }
    }
}

/// Log-odds of each kind, in the order of [`Kind::ALL`].
fn score_kinds(c: &Classifier, cues: &[(usize, Match)], chars: usize) -> [f32; 5] {
    // Without any cue a long text is a tale of something wrong, a short one a greeting or a number.
    let other = (1.0 - 0.12 * chars as f32).max(-4.0);
    let mut scores = [0.2, 0.0, -1.0, -1.0, other];
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
            let joint = kinds[*kind as usize] - top + CHARACTER * f.score + usual;
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
        let rivals: f32 = fired.iter().enumerate().filter(|(j, f)| *j != i && f.dropped.is_none()).map(|(_, f)| (CHARACTER * (f.score - fired[i].score)).exp().min(1.0)).sum();
        let none = (-CHARACTER * fired[i].score).exp();
        1.0 / (1.0 + rivals + none)
    });
    Choice { kind: Kind::ALL[winner], kind_confidence: 1.0 / total, fired: cause, cause_confidence }
}

/// The words of a match as the customer wrote them.
fn quote(original: &str, normal: &Normalized, m: &Match) -> Vec<Evidence> {
    let mut parts = m.parts().to_vec();
    parts.sort_unstable();
    parts.dedup();
    parts
        .iter()
        .filter(|p| p.end > p.start)
        .map(|p| {
            let from = normal.origin[p.start as usize] as usize;
            let last = normal.origin[p.end as usize - 1] as usize;
            let to = (normal.origin[p.end as usize] as usize).max(last + 1);
            let words = original.chars().skip(from).take(to - from).collect::<String>();
            Evidence { words: words.trim_end().to_owned(), at: from }
        })
        .collect()
}
