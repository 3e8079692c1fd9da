//! What checks found, counted by product, kind and cause beside the tickets themselves.

use crate::prediction::Kind;
use std::collections::BTreeMap;

/// Sentences kept of each count.
const SENTENCES: usize = 2;
/// Tickets of a risk that are kept unless all ids are: somebody has to call them back today.
const RISKS: usize = 50;

/// A ticket as checks saw it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen<'a> {
    /// The key its product is counted under.
    pub product: &'a str,
    /// Its kind.
    pub kind: Option<Kind>,
    /// Index that stands for all causes of its path.
    pub cause: Option<usize>,
    /// Its id.
    pub id: &'a str,
    /// Who served; empty where that is not to be told.
    pub agent: &'a str,
}

/// Tickets in which a check fired.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// How many.
    pub count: u64,
    /// The ids of the first of them.
    pub ids: Vec<String>,
    /// The first different sentences.
    pub sentences: Vec<String>,
}

/// A ticket whose customer threatens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Risky {
    /// The key its product is counted under.
    pub product: String,
    /// Index that stands for all causes of its path.
    pub cause: Option<usize>,
    /// Its id.
    pub id: String,
    /// The sentence.
    pub sentence: String,
}

/// Conversations of one product, kind and cause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Served {
    /// How many tickets have a conversation.
    pub tickets: u64,
    /// By check.
    pub checks: BTreeMap<usize, Found>,
}

/// What conversations are counted under: product's key, kind, cause.
pub type ServedKey = (String, Option<Kind>, Option<usize>);

/// What checks found in many tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceCounts {
    /// Conversations.
    pub served: BTreeMap<ServedKey, Served>,
    /// By risk: how many tickets, and the first of them.
    pub risks: BTreeMap<usize, (u64, Vec<Risky>)>,
    /// By agent, where that is told.
    pub agents: BTreeMap<String, Served>,
    max_ids: usize,
    max_risks: usize,
}

impl ServiceCounts {
    /// Empty counts that keep at most `max_ids` ids a count.
    #[must_use]
    pub fn new(max_ids: usize) -> ServiceCounts {
        ServiceCounts { max_ids, max_risks: max_ids.max(RISKS), ..ServiceCounts::default() }
    }

    /// As [`ServiceCounts::new`], with every ticket of a risk.
    #[must_use]
    pub fn with_all_risks(max_ids: usize) -> ServiceCounts {
        ServiceCounts { max_ids, max_risks: usize::MAX, ..ServiceCounts::default() }
    }

    /// Counts tickets that have a conversation.
    pub fn talked(&mut self, ticket: Seen<'_>, count: u64) {
        self.served_of(ticket).tickets += count;
        if !ticket.agent.is_empty() {
            self.served_by(ticket.agent, count);
        }
    }

    /// Counts conversations of an agent.
    pub fn served_by(&mut self, agent: &str, count: u64) {
        self.agents.entry(agent.to_owned()).or_default().tickets += count;
    }

    /// Counts tickets of an agent in which a check fired, of which the first are known.
    pub fn fired_by(&mut self, agent: &str, check: usize, count: u64, first: impl Iterator<Item = String>) {
        let found = self.agents.entry(agent.to_owned()).or_default().checks.entry(check).or_default();
        found.count += count;
        let room = self.max_ids.saturating_sub(found.ids.len());
        found.ids.extend(first.take(room));
    }

    /// Counts tickets in which a check fired, and that are not shown.
    pub fn more(&mut self, ticket: Seen<'_>, check: usize, count: u64) {
        self.served_of(ticket).checks.entry(check).or_default().count += count;
    }

    /// How many more tickets of a check would be shown.
    #[must_use]
    pub fn room_of(&mut self, ticket: Seen<'_>, check: usize) -> usize {
        self.max_ids.saturating_sub(self.served_of(ticket).checks.get(&check).map_or(0, |found| found.ids.len()))
    }

    /// Counts tickets of a risk that are not shown.
    pub fn more_risks(&mut self, check: usize, count: u64) {
        self.risks.entry(check).or_default().0 += count;
    }

    /// How many more tickets of a risk would be shown.
    #[must_use]
    pub fn room_of_risk(&self, check: usize) -> usize {
        self.max_risks.saturating_sub(self.risks.get(&check).map_or(0, |(_, tickets)| tickets.len()))
    }

    /// Counts a check that fired in a conversation.
    pub fn fired(&mut self, ticket: Seen<'_>, check: usize, sentence: &str) {
        let max_ids = self.max_ids;
        if !ticket.agent.is_empty() {
            self.fired_by(ticket.agent, check, 1, std::iter::once(ticket.id.to_owned()));
        }
        let found = self.served_of(ticket).checks.entry(check).or_default();
        found.count += 1;
        if found.ids.len() < max_ids {
            found.ids.push(ticket.id.to_owned());
        }
        if !sentence.is_empty() && found.sentences.len() < SENTENCES && !found.sentences.iter().any(|s| s == sentence) {
            found.sentences.push(sentence.to_owned());
        }
    }

    /// Counts a risk.
    pub fn risk(&mut self, ticket: Seen<'_>, check: usize, sentence: &str) {
        let max = self.max_risks;
        let (count, tickets) = self.risks.entry(check).or_default();
        *count += 1;
        if tickets.len() < max {
            tickets.push(Risky { product: ticket.product.to_owned(), cause: ticket.cause, id: ticket.id.to_owned(), sentence: sentence.to_owned() });
        }
    }

    fn served_of(&mut self, ticket: Seen<'_>) -> &mut Served {
        self.served.entry((ticket.product.to_owned(), ticket.kind, ticket.cause)).or_default()
    }
}
