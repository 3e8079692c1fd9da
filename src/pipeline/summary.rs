//! `summarize`: tickets in, one digest out.

use super::{Consumer, Job, Outcome, Output, Rejects, Row};
use crate::counts::{Contact, Counted, Counts, Wording, wording};
use crate::digest::{Digest, Header};
use crate::error::Result;
use crate::ingest::reader::{Layout, Reject};
use crate::prediction::Kind;
use crate::prevalence::Cell;
use crate::segment::Normalizer;
use crate::taxonomy::Taxonomy;
use jiff::civil::Date;
use std::collections::HashMap;
use std::io::Write;

/// What to put into a digest.
pub struct Options {
    /// Keep every id, not only the first ten of a cause.
    pub all_ids: bool,
    /// The digest's day; `None`: the last day of the tickets.
    pub as_of: Option<String>,
    /// Days within which a customer who comes again for the same cause comes for the same matter.
    pub repeat_days: u32,
}

/// Ids of a cause that a digest shows unless it shows all.
const SHOWN_IDS: usize = 10;

/// Reads, classifies and counts.
///
/// # Errors
/// Whatever reading gave; broken accounting.
pub fn summarize<W: Write + Send>(job: &Job<'_>, options: Options, rejects: Option<Rejects<W>>) -> Result<(Digest, Outcome, Option<W>)> {
    let mut counter = Counter { taxonomy: job.classifier.taxonomy(), counts: Counts::new(if options.all_ids { usize::MAX } else { SHOWN_IDS }), rejects };
    let outcome = super::run(job, &Summary, &mut counter)?;
    let rejects = counter.rejects.take().map(Rejects::finish).transpose()?;
    let digest = Digest::new(
        &counter.counts,
        outcome.accounting,
        job.classifier.taxonomy(),
        job.classifier.corrections(),
        Header { as_of: options.as_of, ids_not_found: outcome.ids_not_found.clone(), repeat_days: options.repeat_days },
    )?;
    Ok((digest, outcome, rejects))
}

/// The tickets of a batch, reduced to what is counted.
#[derive(Default)]
struct Part {
    products: Vec<(String, String)>,
    index: HashMap<String, u32>,
    ids: String,
    tickets: Vec<Ticket>,
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
}

struct Summary;

impl Output for Summary {
    type Part = Part;

    fn begin(&self, _: &Layout) -> Part {
        Part::default()
    }

    fn row(&self, part: &mut Part, row: &Row<'_>) {
        let name = row.prediction.product.as_deref().unwrap_or("");
        let product = match part.index.get(name) {
            Some(i) => *i,
            None => {
                let i = part.products.len() as u32;
                let spelling = name.split_whitespace().collect::<Vec<_>>().join(" ");
                part.products.push((Normalizer::builtin().folded(&spelling), spelling));
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
        part.tickets.push(Ticket {
            contact,
            wording: wording(&row.ticket.text),
            product,
            kind: p.kind,
            cause: p.cause.map(|c| c as u32),
            id: (from, part.ids.len() as u32),
            day,
            cells: p.by_model.as_ref().map_or([None; 2], |by| [by.kind_cell, by.cause_cell]),
        });
    }
}

struct Counter<'a, W: Write> {
    taxonomy: &'a Taxonomy,
    counts: Counts,
    rejects: Option<Rejects<W>>,
}

impl<W: Write + Send> Consumer<Part> for Counter<'_, W> {
    fn part(&mut self, mut part: Part, new: &[bool]) -> Result<()> {
        for (t, _) in part.tickets.iter().zip(new).filter(|(_, new)| **new) {
            let (key, name) = &part.products[t.product as usize];
            let cause = t.cause.map(|c| c as usize);
            let counted_as = cause.map(|c| self.taxonomy.causes[c].counted_as);
            let id = &part.ids[t.id.0 as usize..t.id.1 as usize];
            self.counts.add(
                (key, name),
                &Counted { kind: t.kind, cause, counted_as, id, contact: t.contact, wording: t.wording, kind_cell: t.cells[0], cause_cell: t.cells[1] },
            );
            part.first = [part.first, t.day].into_iter().flatten().min();
            part.last = [part.last, t.day].into_iter().flatten().max();
        }
        self.counts.add_days(part.first, part.last);
        Ok(())
    }

    fn reject(&mut self, reject: &Reject) -> Result<()> {
        self.rejects.as_mut().map_or(Ok(()), |r| r.write(reject))
    }
}
