//! `summarize`: tickets in, one digest out.

use super::{Consumer, Job, Outcome, Output, Rejects, Row, checks};
use crate::counts::service::{Seen, ServiceCounts};
use crate::counts::{Contact, Counted, Counts, Wording, wording};
use crate::digest::{CauseDigest, Digest, Groups, Header, Trends};
use crate::discover::discover;
use crate::error::Result;
use crate::ingest::dates::When;
use crate::ingest::reader::{Layout, Reject};
use crate::listing::{Collector, Listed, Listing, Unread, marks, tidied};
use crate::mask;
use crate::prediction::{Fired, Kind};
use crate::prevalence::Cell;
use crate::segment::{Normalizer, Segmenter};
use crate::taxonomy::{Cause, Taxonomy};
use jiff::civil::Date;
use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// What to put into a digest.
pub struct Options {
    /// Keep every id, not only the first ten of a cause.
    pub all_ids: bool,
    /// The digest's day; `None`: the last day of the tickets.
    pub as_of: Option<String>,
    /// Days within which a customer who comes again for the same cause comes for the same matter.
    pub repeat_days: u32,
    /// Group what no cause took.
    pub groups: bool,
    /// List so many of the tickets at most; 0 lists none, and draws no counts over time.
    pub list: usize,
}

/// Fewest and most tickets without a cause that are grouped: fewer are read sooner, and more take longer than all the rest.
pub(super) const GROUPED: std::ops::RangeInclusive<usize> = 8..=30_000;

/// Ids of a cause that a digest shows unless it shows all.
pub(super) const SHOWN_IDS: usize = 10;

/// What `summarize` gives.
pub struct Summarized<W> {
    /// The digest.
    pub digest: Digest,
    /// Tickets, where they were asked for.
    pub listing: Listing,
    /// What reading came to.
    pub outcome: Outcome,
    /// The rejects' file.
    pub rejects: Option<W>,
}

/// Reads, classifies and counts.
///
/// # Errors
/// Whatever reading gave; broken accounting.
pub fn summarize<W: Write + Send>(job: &Job<'_>, options: Options, rejects: Option<Rejects<W>>) -> Result<Summarized<W>> {
    let keep = AtomicBool::new(options.groups);
    let mut counter = Counter {
        taxonomy: job.classifier.taxonomy(),
        counts: Counts::new(if options.all_ids { usize::MAX } else { SHOWN_IDS }),
        service: ServiceCounts::new(if options.all_ids { usize::MAX } else { SHOWN_IDS }),
        loose: Vec::new(),
        keep: &keep,
        listed: (options.list > 0).then(|| (Collector::new(options.list), Trends::default())),
        rejects,
    };
    let summary = Summary { keep: &keep, taxonomy: job.classifier.taxonomy(), list: options.list > 0, mask: job.mask };
    let outcome = super::run(job, &summary, &mut counter)?;
    let rejects = counter.rejects.take().map(Rejects::finish).transpose()?;
    let shown = if options.all_ids { usize::MAX } else { SHOWN_IDS };
    let (groups, of_ticket) = grouped(&counter.loose, shown, job.classifier.segmenter(), job.mask);
    let mut digest = Digest::new(
        &counter.counts,
        outcome.accounting,
        job.classifier.taxonomy(),
        job.classifier.corrections(),
        Header {
            groups,
            as_of: options.as_of,
            ids_not_found: outcome.ids_not_found.clone(),
            repeat_days: options.repeat_days,
            revision: None,
            from_history: false,
            service: counter.service,
        },
    )?;
    let mut listing = Listing::default();
    if let Some((collector, trends)) = counter.listed {
        let counts = &counter.counts;
        listing = collector.finish(|key| counts.products.get(key).map_or_else(String::new, |p| p.name().to_owned()));
        let groups = group_of(counter.loose, of_ticket);
        for ticket in listing.tickets.iter_mut().filter(|t| t.cause.is_empty()) {
            ticket.group = groups.get(&ticket.id).cloned().unwrap_or_default();
        }
        if let (Some(first), Some(last), false) = (counts.first_day, counts.last_day, trends.is_of_one_day()) {
            digest.draw(&trends, (first, last), &key);
        }
    }
    Ok(Summarized { digest, listing, outcome, rejects })
}

/// The name of each ticket's group by its id.
pub(super) fn group_of(loose: Vec<Loose>, of_ticket: Vec<Option<String>>) -> HashMap<String, String> {
    loose.into_iter().zip(of_ticket).filter_map(|(ticket, group)| Some((ticket.id, group?))).collect()
}

/// A ticket that no cause took.
pub(super) struct Loose {
    /// The key its product is counted under.
    pub product: String,
    pub kind: Option<Kind>,
    pub id: String,
    pub text: String,
}

/// Tickets that no cause took, in groups: over all products and kinds, so that few tickets are enough, and counted for each. Beside
/// them the name of each ticket's group.
pub(super) fn grouped(loose: &[Loose], shown: usize, segmenter: &Segmenter, masked: bool) -> (Groups, Vec<Option<String>>) {
    if !GROUPED.contains(&loose.len()) {
        return (Groups::new(), Vec::new());
    }
    let texts: Vec<&str> = loose.iter().map(|t| t.text.as_str()).collect();
    let found = discover(&texts, segmenter);
    let name = |name: &String| if masked { mask::mask(name).into_owned() } else { name.clone() };
    let names: Vec<String> = found.groups.iter().map(|g| name(&g.name)).collect();
    let mut groups: HashMap<(&str, Option<Kind>, usize), CauseDigest> = HashMap::new();
    for (ticket, group) in loose.iter().zip(&found.of_text) {
        let Some(group) = group else { continue };
        let new = || CauseDigest { cause: names[*group].clone(), ..CauseDigest::default() };
        let counted = groups.entry((&ticket.product, ticket.kind, *group)).or_insert_with(new);
        counted.count += 1;
        if counted.ids.len() < shown {
            counted.ids.push(ticket.id.clone());
        }
    }
    let mut all = Groups::new();
    for ((product, kind, _), group) in groups {
        all.entry((product.to_owned(), kind)).or_default().push(group);
    }
    (all, found.of_text.iter().map(|group| group.map(|g| names[g].clone())).collect())
}

/// A product's name as it is shown.
pub(super) fn spelling(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The key that a product is counted under, however it is spelled.
pub(super) fn key(product: &str) -> String {
    Normalizer::builtin().folded(product)
}

/// The tickets of a batch, reduced to what is counted.
#[derive(Default)]
struct Part {
    products: Vec<(String, String)>,
    index: HashMap<String, u32>,
    ids: String,
    tickets: Vec<Ticket>,
    /// Texts of those without a cause, by their place in `tickets`.
    loose: HashMap<usize, String>,
    /// As they are listed, where they are.
    listed: Vec<Listed>,
    file: String,
    first: Option<Date>,
    last: Option<Date>,
}

struct Ticket {
    contact: Option<Contact>,
    wording: Wording,
    product: u32,
    kind: Option<Kind>,
    cause: Option<u32>,
    id: (u32, u32),
    day: Option<Date>,
    /// What models of kinds and causes think of it.
    cells: [Option<Cell>; 2],
    /// What checks found; `None` where there is nothing to tell, as in most.
    checked: Option<Box<Checked>>,
}

/// What checks found in a ticket.
pub(super) struct Checked {
    /// Whether it has a conversation.
    talked: bool,
    fired: Vec<Fired>,
    /// Who served, where that is told.
    agent: String,
}

impl Checked {
    /// Of a row; `None` where nothing was found, and nobody at the desk said anything.
    fn of(row: &Row<'_>, masked: bool) -> Option<Box<Checked>> {
        let talked = row.ticket.talk.as_ref().is_some_and(|t| t.has_desk());
        let noted = &row.prediction.noted;
        let agent = row.served_by(masked);
        (talked || !noted.is_empty()).then(|| Box::new(Checked { talked, fired: noted.iter().chain(row.heard).cloned().collect(), agent }))
    }
}

struct Summary<'k> {
    /// Whether texts without a cause are kept.
    keep: &'k AtomicBool,
    taxonomy: &'k Taxonomy,
    list: bool,
    mask: bool,
}

impl Summary<'_> {
    /// A ticket as it is listed; its product is named when all are counted.
    fn listed(&self, file: &str, row: &Row<'_>) -> Listed {
        let (t, p) = (row.ticket, row.prediction);
        let masked = |text: &str| if self.mask { mask::mask(text).into_owned() } else { text.to_owned() };
        let time = |w: When| w.time.map_or_else(|| w.day.to_string(), |t| format!("{} {:02}:{:02}", w.day, t.hour(), t.minute()));
        let cause = p.cause.map(|c| &self.taxonomy.causes[c]);
        let (text, marks) = tidied(&masked(&t.text), &marks(p));
        Listed {
            id: t.id.to_string(),
            when: row.when.map_or_else(String::new, time),
            channel: masked(t.channel.trim()),
            kind: p.kind,
            cause: cause.map_or_else(String::new, Cause::name),
            team: p.cause.and_then(|c| self.taxonomy.team(c)).unwrap_or_default().to_owned(),
            text,
            marks,
            confidence: p.confidence(),
            by_model: p.by_model.as_ref().is_some_and(|by| by.kind || by.cause),
            place: format!("{file}:{}", row.span.line),
            ..Listed::default()
        }
    }
}

impl Output for Summary<'_> {
    type Part = Part;

    fn listens(&self) -> bool {
        true
    }

    fn begin(&self, layout: &Layout) -> Part {
        Part { file: layout.file.clone(), ..Part::default() }
    }

    fn row(&self, part: &mut Part, row: &Row<'_>) {
        let name = row.prediction.product.as_deref().unwrap_or("");
        let product = match part.index.get(name) {
            Some(i) => *i,
            None => {
                let i = part.products.len() as u32;
                let spelling = spelling(name);
                part.products.push((key(&spelling), spelling));
                part.index.insert(name.to_owned(), i);
                i
            }
        };
        let from = part.ids.len() as u32;
        part.ids.push_str(&row.ticket.id);
        let day = row.when.map(|w| w.day);
        // Days are counted from any day; tickets without one are of the same.
        let number = day.map_or(0, |d| d.since(jiff::civil::Date::constant(2000, 1, 1)).map_or(0, |s| s.get_days()));
        let customer = row.ticket.customer.trim();
        let contact = (!customer.is_empty()).then(|| (xxhash_rust::xxh3::xxh3_64(customer.as_bytes()), number));
        let p = row.prediction;
        if p.cause.is_none() && self.keep.load(Ordering::Relaxed) {
            part.loose.insert(part.tickets.len(), row.ticket.text.to_string());
        }
        if self.list {
            let listed = self.listed(&part.file, row);
            part.listed.push(listed);
        }
        part.tickets.push(Ticket {
            contact,
            wording: wording(&row.ticket.text),
            product,
            kind: p.kind,
            cause: p.cause.map(|c| c as u32),
            id: (from, part.ids.len() as u32),
            day,
            cells: p.by_model.as_ref().map_or([None; 2], |by| [by.kind_cell, by.cause_cell]),
            checked: Checked::of(row, self.mask),
        });
    }
}

struct Counter<'a, W: Write> {
    taxonomy: &'a Taxonomy,
    counts: Counts,
    service: ServiceCounts,
    loose: Vec<Loose>,
    keep: &'a AtomicBool,
    /// What is listed, and counted over time, where that is asked for.
    listed: Option<(Collector, Trends)>,
    rejects: Option<Rejects<W>>,
}

impl<W: Write + Send> Consumer<Part> for Counter<'_, W> {
    fn part(&mut self, mut part: Part, new: &[bool]) -> Result<()> {
        for (at, (t, _)) in part.tickets.iter().zip(new).enumerate().filter(|(_, (_, new))| **new) {
            let (key, name) = &part.products[t.product as usize];
            let cause = t.cause.map(|c| c as usize);
            let counted_as = cause.map(|c| self.taxonomy.causes[c].counted_as);
            let id = &part.ids[t.id.0 as usize..t.id.1 as usize];
            self.counts.add(
                (key, name),
                &Counted { kind: t.kind, cause, counted_as, id, contact: t.contact, wording: t.wording, kind_cell: t.cells[0], cause_cell: t.cells[1] },
            );
            if let Some(checked) = &t.checked {
                let fired = checked.fired.iter().map(|f| (f.check, f.sentence.words.as_str()));
                let seen = Seen { product: key, kind: t.kind, cause: counted_as, id, agent: &checked.agent };
                checks::count(&mut self.service, seen, checked.talked, fired, &self.taxonomy.checks);
            }
            if t.cause.is_none() && self.keep.load(Ordering::Relaxed) {
                let text = part.loose.remove(&at).unwrap_or_default();
                self.loose.push(Loose { product: key.clone(), kind: t.kind, id: id.to_owned(), text });
                if self.loose.len() > *GROUPED.end() {
                    self.keep.store(false, Ordering::Relaxed);
                    self.loose = Vec::new();
                }
            }
            if let Some((collector, trends)) = &mut self.listed {
                let name = counted_as.map_or_else(String::new, |c| self.taxonomy.causes[c].name());
                t.day.iter().for_each(|day| trends.add(*day, (key, t.kind, &name), 1));
                collector.add((key, t.kind, &name), || std::mem::take(&mut part.listed[at]));
            }
            part.first = [part.first, t.day].into_iter().flatten().min();
            part.last = [part.last, t.day].into_iter().flatten().max();
        }
        self.counts.add_days(part.first, part.last);
        Ok(())
    }

    fn reject(&mut self, reject: &Reject) -> Result<()> {
        if let Some((collector, _)) = &mut self.listed {
            let row = &reject.row;
            collector.unread(|| Unread { file: row.file.clone(), line: row.line, reason: row.reason, detail: mask::mask(&row.detail).into_owned() });
        }
        self.rejects.as_mut().map_or(Ok(()), |r| r.write(reject))
    }
}
