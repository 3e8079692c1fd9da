//! Who threatens, and how the desk served: what checks found, ordered and named.

use super::{Digest, ProductDigest, UNDECIDED};
use crate::counts::service::{Served, ServiceCounts};
use crate::prediction::Kind;
use crate::taxonomy::Taxonomy;
use crate::taxonomy::check::{About, Check, Name, Shape};
use serde::Serialize;
use std::collections::HashMap;

/// Customers who threaten with one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RiskDigest {
    /// Id of the check.
    pub flag: String,
    /// What people call it.
    pub name: Name,
    /// How many tickets.
    pub count: u64,
    /// The first 50 of them, or all where all ids are shown, in the order of the input.
    pub tickets: Vec<RiskTicket>,
}

/// A customer to call back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RiskTicket {
    /// Product; empty where none is known.
    pub product: String,
    /// Cause; empty where none took it.
    pub cause: String,
    /// Event id.
    pub id: String,
    /// What the customer said, masked; empty where texts are not kept.
    pub sentence: String,
}

impl RiskDigest {
    /// Keeps only some of its tickets, and counts these: of a day from the history, where all are known, that is how many there are.
    fn keep(&mut self, which: impl FnMut(&RiskTicket) -> bool) {
        self.tickets.retain(which);
        self.count = self.tickets.len() as u64;
    }
}

impl Digest {
    /// Keeps what checks found in tickets of some products and causes.
    pub(super) fn keep_checked(&mut self, which: impl Fn(&str, &str) -> bool) {
        self.risks.iter_mut().for_each(|risk| risk.keep(|t| which(&t.product, &t.cause)));
        self.risks.retain(|risk| risk.count > 0);
        self.service.retain(|s| which(&s.product, &s.cause));
        // Who served is a matter of the desk.
        self.agents.clear();
        let (risks, service) = (&self.risks, &self.service);
        self.precisions.retain(|p| is_shown(&p.check, risks, service));
    }
}

/// How the desk served tickets of one product, kind and cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceDigest {
    /// Product; empty where none is known.
    pub product: String,
    /// The kind's code.
    pub kind: &'static str,
    /// Cause; empty for tickets that no cause took.
    pub cause: String,
    /// How many tickets have a conversation: what both sides said, or a reply.
    pub tickets: u64,
    /// Every virtue, and the faults that were found.
    pub checks: Vec<CheckDigest>,
}

/// How one agent served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentDigest {
    /// Who, as the export calls them.
    pub agent: String,
    /// How many tickets have a conversation.
    pub tickets: u64,
    /// Every virtue, and the faults that were found.
    pub checks: Vec<CheckDigest>,
}

/// In how many of them a check fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckDigest {
    /// Id of the check.
    pub check: String,
    /// What people call it.
    pub name: Name,
    /// Whether it is a virtue.
    pub good: bool,
    /// How many.
    pub count: u64,
    /// Event ids, in the order of the input.
    pub ids: Vec<String>,
    /// One or two of the sentences that fired, masked.
    pub sentences: Vec<String>,
}

/// How far a check of the digest is to be believed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Precision {
    /// Id of the check.
    pub check: String,
    /// What people call it.
    pub name: Name,
    /// The share of what it finds that a person agreed with, 0 to 1.
    pub precision: f64,
}

/// Names of products by the key they are counted under.
pub(super) type ProductNames<'a> = HashMap<&'a str, &'a str>;

/// Risks in the order of the taxonomy.
pub(super) fn risks(counts: &ServiceCounts, taxonomy: &Taxonomy, names: &ProductNames<'_>) -> Vec<RiskDigest> {
    let product = |key: &str| names.get(key).map_or(key, |name| *name).to_owned();
    let cause = |cause: Option<usize>| cause.map_or_else(String::new, |c| taxonomy.causes[c].name());
    let flags = counts.risks.iter().filter_map(|(check, risky)| Some((taxonomy.checks.get(*check)?, risky)));
    flags
        .map(|(check, (count, tickets))| RiskDigest {
            flag: check.id.clone(),
            name: check.name.clone(),
            count: *count,
            tickets: tickets
                .iter()
                .map(|t| RiskTicket { product: product(&t.product), cause: cause(t.cause), id: t.id.clone(), sentence: t.sentence.clone() })
                .collect(),
        })
        .collect()
}

/// Conversations: products as in the digest, complaints before the others, the commonest causes first.
pub(super) fn service(counts: &ServiceCounts, taxonomy: &Taxonomy, products: &[ProductDigest], names: &ProductNames<'_>) -> Vec<ServiceDigest> {
    let place: HashMap<&str, usize> = products.iter().enumerate().map(|(i, p)| (p.product.as_str(), i)).collect();
    let mut all: Vec<ServiceDigest> = Vec::new();
    for ((key, kind, cause), served) in &counts.served {
        let checks = checks(served, taxonomy, &|check| check.concerns(*kind));
        if checks.is_empty() || served.tickets == 0 {
            continue;
        }
        all.push(ServiceDigest {
            product: names.get(key.as_str()).map_or(key.as_str(), |name| *name).to_owned(),
            kind: kind.map_or(UNDECIDED, Kind::code),
            cause: cause.map_or_else(String::new, |c| taxonomy.causes[c].name()),
            tickets: served.tickets,
            checks,
        });
    }
    let kind = |s: &ServiceDigest| Kind::ALL.iter().position(|k| k.code() == s.kind).unwrap_or(Kind::ALL.len());
    let order = |s: &ServiceDigest| (place.get(s.product.as_str()).copied().unwrap_or(usize::MAX), kind(s), s.cause.is_empty(), std::cmp::Reverse(s.tickets));
    all.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.cause.cmp(&b.cause)));
    all
}

/// How each agent served, who served most first.
pub(super) fn agents(counts: &ServiceCounts, taxonomy: &Taxonomy) -> Vec<AgentDigest> {
    let of = |(agent, served): (&String, &Served)| AgentDigest { agent: agent.clone(), tickets: served.tickets, checks: checks(served, taxonomy, &|_| true) };
    let mut all: Vec<AgentDigest> = counts.agents.iter().map(of).collect();
    all.sort_by_key(|a| std::cmp::Reverse(a.tickets));
    all
}

/// Every virtue that is asked for, and the faults that were found.
fn checks(served: &Served, taxonomy: &Taxonomy, asked: &dyn Fn(&Check) -> bool) -> Vec<CheckDigest> {
    // Not every desk has scripts.
    let always = |check: &Check| check.good && check.shape != Some(Shape::Script);
    let about_agents = |check: &Check| check.about == About::Agent && asked(check);
    let checks = taxonomy.checks.iter().enumerate().filter(|(i, c)| about_agents(c) && (always(c) || served.checks.contains_key(i)));
    let told = |(i, c): (usize, &Check)| {
        let found = served.checks.get(&i).cloned().unwrap_or_default();
        CheckDigest { check: c.id.clone(), name: c.name.clone(), good: c.good, count: found.count, ids: found.ids, sentences: found.sentences }
    };
    checks.map(told).collect()
}

/// What was measured of the checks that a digest shows.
pub(super) fn precisions(risks: &[RiskDigest], service: &[ServiceDigest], taxonomy: &Taxonomy) -> Vec<Precision> {
    let measured = taxonomy.checks.iter().filter(|c| is_shown(&c.id, risks, service)).filter_map(|c| Some((c, c.precision?)));
    measured.map(|(c, precision)| Precision { check: c.id.clone(), name: c.name.clone(), precision }).collect()
}

/// Whether a digest tells of a check.
fn is_shown(check: &str, risks: &[RiskDigest], service: &[ServiceDigest]) -> bool {
    risks.iter().any(|r| r.flag == check) || service.iter().flat_map(|s| &s.checks).any(|c| c.check == check && c.count > 0)
}
