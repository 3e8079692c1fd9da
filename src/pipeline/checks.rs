//! What checks found on its way from tickets, or from the history, to a digest.

use super::night::Names;
use super::summary::SHOWN_IDS;
use crate::counts::service::{Seen, ServiceCounts};
use crate::error::Result;
use crate::history::{CheckCount, FoundIn, History, Looked};
use crate::prediction::Kind;
use crate::taxonomy::Taxonomy;
use crate::taxonomy::check::{About, Check};
use jiff::civil::Date;
use std::collections::HashMap;

/// Counts what checks found in a ticket.
pub(super) fn count<'f>(counts: &mut ServiceCounts, ticket: Seen<'_>, talked: bool, fired: impl Iterator<Item = (usize, &'f str)>, checks: &[Check]) {
    if talked {
        counts.talked(ticket, 1);
    }
    for (at, sentence) in fired {
        match checks.get(at).map(|check| counted_as(check, ticket.kind)) {
            Some(As::Risk) => counts.risk(ticket, at, sentence),
            Some(As::Service) => counts.fired(ticket, at, sentence),
            Some(As::Nothing) | None => {}
        }
    }
}

/// What a check is counted as in tickets of a kind.
enum As {
    Risk,
    Service,
    Nothing,
}

fn counted_as(check: &Check, kind: Option<Kind>) -> As {
    match check {
        check if !check.concerns(kind) => As::Nothing,
        check if check.risk => As::Risk,
        check if check.about == About::Agent => As::Service,
        _ => As::Nothing,
    }
}

/// What checks found on a day, ticket by ticket.
pub(super) struct DayChecks {
    pub counts: ServiceCounts,
    /// Checks by their ids.
    ids: HashMap<String, usize>,
}

impl DayChecks {
    /// Every risk of the day is told.
    pub fn new(taxonomy: &Taxonomy) -> DayChecks {
        DayChecks { counts: ServiceCounts::with_all_risks(SHOWN_IDS), ids: ids(taxonomy) }
    }

    /// Counts a ticket; checks that the taxonomy has no more say nothing.
    pub fn add(&mut self, names: &mut Names, ticket: Looked) {
        let cause = names.cause(&ticket.cause, &ticket.pack).1;
        let key = names.key(&ticket.product);
        let seen = Seen { product: &key, kind: ticket.kind, cause, id: &ticket.id, agent: &ticket.agent };
        let mut fired: Vec<(usize, &str)> = ticket.fired.iter().filter_map(|(id, sentence)| Some((*self.ids.get(id)?, sentence.as_str()))).collect();
        fired.sort_unstable();
        count(&mut self.counts, seen, ticket.talked, fired.into_iter(), &names.taxonomy.checks);
    }
}

fn ids(taxonomy: &Taxonomy) -> HashMap<String, usize> {
    taxonomy.checks.iter().enumerate().map(|(i, c)| (c.id.clone(), i)).collect()
}

/// What checks found on many days, as each day was counted: only tickets that are shown are read. `only` is a product's key.
///
/// # Errors
/// What SQLite gives.
pub(super) fn of_days(history: &History, (first, last): (Date, Date), names: &mut Names, only: Option<&str>) -> Result<ServiceCounts> {
    let mut days = Days { history, counts: ServiceCounts::new(SHOWN_IDS), ids: ids(&names.taxonomy), day: None, shown: Vec::new() };
    history.check_counts(first, last, |found| {
        let key = names.key(&found.product);
        if only.is_none_or(|only| only == key) { days.add(names, &key, &found) } else { Ok(()) }
    })?;
    days.tell();
    let Days { mut counts, ids, .. } = days;
    history.agents(first, last, |found| {
        if only.is_some_and(|only| only != names.key(&found.product)) {
            return;
        }
        if found.check.is_empty() {
            counts.served_by(&found.agent, found.count);
        } else if let Some(check) = ids.get(&found.check).copied()
            && matches!(counted_as(&names.taxonomy.checks[check], found.kind), As::Service)
        {
            counts.fired_by(&found.agent, check, found.count, found.first.into_iter());
        }
    })?;
    Ok(counts)
}

/// A ticket that is shown.
struct Shown {
    ticket: FoundIn,
    check: usize,
    risk: bool,
    product: String,
    kind: Option<Kind>,
    cause: Option<usize>,
}

/// Days on their way into one count.
struct Days<'h> {
    history: &'h History,
    counts: ServiceCounts,
    ids: HashMap<String, usize>,
    /// The day that is read, and its tickets that are shown.
    day: Option<Date>,
    shown: Vec<Shown>,
}

impl Days<'_> {
    fn add(&mut self, names: &mut Names, key: &str, found: &CheckCount) -> Result<()> {
        if self.day.replace(found.day).is_some_and(|day| day != found.day) {
            self.tell();
        }
        let cause = names.cause(&found.cause, "").1;
        let cell = Seen { product: key, kind: found.kind, cause, id: "", agent: "" };
        if found.check.is_empty() {
            self.counts.talked(cell, found.count);
            return Ok(());
        }
        let Some(check) = self.ids.get(&found.check).copied() else { return Ok(()) };
        let (risk, room) = match counted_as(&names.taxonomy.checks[check], found.kind) {
            As::Risk => (true, self.counts.room_of_risk(check)),
            As::Service => (false, self.counts.room_of(cell, check)),
            As::Nothing => return Ok(()),
        };
        let before = self.shown.len();
        for number in found.first.iter().take(room) {
            if let Some(ticket) = self.history.found_in(*number, &found.check)? {
                self.shown.push(Shown { ticket, check, risk, product: key.to_owned(), kind: found.kind, cause });
            }
        }
        let more = found.count.saturating_sub((self.shown.len() - before) as u64);
        if risk {
            self.counts.more_risks(check, more)
        } else {
            self.counts.more(cell, check, more)
        }
        Ok(())
    }

    /// Counts the tickets of a day that are shown, in its order.
    fn tell(&mut self) {
        self.shown.sort_by(|a, b| {
            let order = |s: &Shown| (s.ticket.second, s.ticket.id.len());
            order(a).cmp(&order(b)).then_with(|| a.ticket.id.cmp(&b.ticket.id))
        });
        for shown in self.shown.drain(..) {
            let seen = Seen { product: &shown.product, kind: shown.kind, cause: shown.cause, id: &shown.ticket.id, agent: "" };
            let counts = &mut self.counts;
            if shown.risk { counts.risk(seen, shown.check, &shown.ticket.sentence) } else { counts.fired(seen, shown.check, &shown.ticket.sentence) }
        }
    }
}
