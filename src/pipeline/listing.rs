//! The tickets behind a digest from the history, and its counts over time.

use super::night::Names;
use super::summary::key;
use crate::classify::{Classifier, Scratch};
use crate::counts::Counts;
use crate::digest::{Digest, Trends};
use crate::error::Result;
use crate::history::{DayCount, History, Shown, Stored, Writing};
use crate::listing::{Collector, Listed, Listing, Unread, marks, tidied};
use crate::ticket::Ticket;
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::HashMap;

/// Days that a day's counts are drawn over.
const DRAWN: i32 = 30;

/// Where tickets and counts are read from: a history, also while it is written.
pub trait Tickets {
    /// As [`History::shown`].
    ///
    /// # Errors
    /// What SQLite gives.
    fn shown(&self, from: Date, to: Date, each: &mut dyn FnMut(Shown)) -> Result<()>;
    /// As [`History::counts`].
    ///
    /// # Errors
    /// What SQLite gives.
    fn counts(&self, from: Date, to: Date, each: &mut dyn FnMut(DayCount)) -> Result<()>;
    /// As [`History::tickets_of`], with texts.
    ///
    /// # Errors
    /// What SQLite gives.
    fn tickets_of(&self, day: Date, each: &mut dyn FnMut(Stored)) -> Result<()>;
    /// As [`History::unread`].
    ///
    /// # Errors
    /// What SQLite gives.
    fn unread(&self, day: Date, each: &mut dyn FnMut(Unread)) -> Result<()>;
}

impl Tickets for History {
    fn shown(&self, from: Date, to: Date, each: &mut dyn FnMut(Shown)) -> Result<()> {
        History::shown(self, from, to, each)
    }

    fn counts(&self, from: Date, to: Date, each: &mut dyn FnMut(DayCount)) -> Result<()> {
        History::counts(self, from, to, each)
    }

    fn tickets_of(&self, day: Date, each: &mut dyn FnMut(Stored)) -> Result<()> {
        History::tickets_of(self, day, true, each)
    }

    fn unread(&self, day: Date, each: &mut dyn FnMut(Unread)) -> Result<()> {
        History::unread(self, day, each)
    }
}

impl Tickets for Writing<'_> {
    fn shown(&self, from: Date, to: Date, each: &mut dyn FnMut(Shown)) -> Result<()> {
        Writing::shown(self, from, to, each)
    }

    fn counts(&self, from: Date, to: Date, each: &mut dyn FnMut(DayCount)) -> Result<()> {
        Writing::counts(self, from, to, each)
    }

    fn tickets_of(&self, day: Date, each: &mut dyn FnMut(Stored)) -> Result<()> {
        Writing::tickets_of(self, day, true, each)
    }

    fn unread(&self, day: Date, each: &mut dyn FnMut(Unread)) -> Result<()> {
        Writing::unread(self, day, each)
    }
}

/// Draws a digest of a day over the month before it, one of more days over these.
///
/// # Errors
/// What SQLite gives.
pub fn draw(kept: &impl Tickets, (first, last): (Date, Date), digest: &mut Digest, classifier: &Classifier) -> Result<()> {
    let from = if first == last { last.saturating_sub((DRAWN - 1).days()) } else { first };
    let mut names = Names::new(classifier.taxonomy());
    let mut trends = Trends::default();
    let mut first_counted = last;
    kept.counts(from, last, &mut |count| {
        first_counted = first_counted.min(count.day);
        let (_, cause) = names.cause(&count.cause, "");
        let cause = cause.map_or_else(String::new, |c| names.taxonomy.causes[c].name());
        trends.add(count.day, (&names.key(&count.product), count.kind, &cause), count.count);
    })?;
    if !trends.is_of_one_day() {
        // Days before the first one that was counted are not known to have had nothing.
        digest.draw(&trends, (from.max(first_counted), last), &key);
    }
    Ok(())
}

/// At most `room` tickets of days. `groups` gives the group of a ticket that no cause took, by its id; `only` a product's key.
///
/// # Errors
/// What SQLite gives.
pub fn listing(
    kept: &impl Tickets,
    (first, last): (Date, Date),
    classifier: &Classifier,
    room: usize,
    groups: &HashMap<String, String>,
    only: Option<&str>,
) -> Result<Listing> {
    let mut names = Names::new(classifier.taxonomy());
    let mut counts = Counts::new(0);
    let mut collector = Collector::new(room);
    let mut scratch = classifier.scratch();
    kept.shown(first, last, &mut |shown| {
        let key = names.key(&shown.product);
        if only.is_some_and(|only| only != key) {
            return;
        }
        let (_, cause) = names.cause(&shown.cause, &shown.pack);
        let name = cause.map_or_else(String::new, |c| names.taxonomy.causes[c].name());
        let team = cause.and_then(|c| names.taxonomy.team(c)).unwrap_or_default().to_owned();
        counts.add_many((&key, &shown.product), shown.kind, (cause, cause), 1, &[]);
        let group = groups.get(&shown.id).filter(|_| cause.is_none()).cloned().unwrap_or_default();
        collector.add((&key, shown.kind, &name), || Listed { group, team, cause: name.clone(), ..listed(&shown, classifier, &mut scratch) });
    })?;
    if first == last && only.is_none() {
        kept.unread(first, &mut |row| collector.unread(|| row))?;
    }
    Ok(collector.finish(|key| counts.products.get(key).map_or_else(String::new, |p| p.name().to_owned())))
}

/// A ticket with the places that speak for what it was decided as: it is decided again for these.
fn listed(shown: &Shown, classifier: &Classifier, scratch: &mut Scratch) -> Listed {
    let time = |s: u32| format!("{} {:02}:{:02}", shown.day, s / 3_600, s / 60 % 60);
    let text = shown.text.clone().unwrap_or_default();
    let ticket = Ticket { text: text.as_str().into(), product: shown.written.as_str().into(), channel: shown.channel.as_str().into(), ..Ticket::default() };
    let decided = classifier.classify(&ticket, classifier.field_of_header(&shown.header), scratch);
    let same = decided.cause.map_or_else(String::new, |c| classifier.taxonomy().causes[c].name()) == shown.cause;
    let (text, marks) = tidied(&text, &if same { marks(&decided) } else { Vec::new() });
    Listed {
        id: shown.id.clone(),
        when: shown.second.map_or_else(|| shown.day.to_string(), time),
        channel: shown.channel.clone(),
        kind: shown.kind,
        marks,
        confidence: shown.confidence,
        by_model: shown.by_model,
        place: format!("{}:{}", shown.file, shown.line),
        text,
        ..Listed::default()
    }
}
