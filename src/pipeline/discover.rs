//! `discover`: the tickets that no cause took, in groups.

use super::{Consumer, Job, Outcome, Output, Rejects, Row, push_cells};
use crate::cell::push_safe_cell;
use crate::classify::Field;
use crate::discover::{Grouping, Identity, Registry, Seen, discover};
use crate::error::{Error, Result};
use crate::ingest::cells::Cells;
use crate::ingest::reader::{Layout, Reject};
use crate::mask;
use crate::prediction::Kind;
use jiff::civil::Date;
use std::collections::HashMap;
use std::io::Write;
use xxhash_rust::xxh3::xxh3_64;

/// The column that tells a row's group.
pub const COLUMN: &str = "ahu_group";

/// A ticket to be grouped.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Its id.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its kind.
    pub kind: Option<Kind>,
    /// Its product as written.
    pub product: String,
    /// What the header tells of the field.
    pub field: Field,
    /// Who the customer is; the id where nobody knows.
    pub customer: String,
}

/// Tickets in groups, and the rows they came from.
pub struct Discovered {
    /// Those that were grouped.
    pub tickets: Vec<Ticket>,
    /// Their groups.
    pub grouping: Grouping,
    /// What is known of each group from other days; empty where no groups are kept.
    pub identities: Vec<Identity>,
    /// The day that was added to those groups.
    pub day: Option<Date>,
    /// How many have a cause, and were not grouped.
    pub with_a_cause: u64,
    /// Those that have a cause, where they are kept.
    pub decided: Vec<Ticket>,
    /// What reading came to.
    pub outcome: Outcome,
    header: Vec<String>,
    /// Each row as it was, and which ticket it is of.
    rows: Vec<(String, Option<usize>)>,
}

/// What to group.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Tickets that have a cause too.
    pub all: bool,
    /// Keep the rows, for [`Discovered::assigned`].
    pub keep_rows: bool,
    /// Keep tickets that have a cause, for [`propose`](super::propose::propose).
    pub keep_decided: bool,
}

/// Groups of other days, and which day is added to them.
pub struct Days<'r> {
    /// The groups.
    pub registry: &'r mut Registry,
    /// The day, where the user tells it.
    pub day: Option<Date>,
    /// The day of tickets without a date.
    pub today: Date,
}

/// Reads, decides, and groups what no cause took. `registry` holds the groups of other days, and is added to: for
/// the given day, or for the last one of the tickets, or where they have none for the one that `today` tells.
///
/// # Errors
/// What reading gave; to keep the rows of files with different columns.
pub fn discovered<R: Write + Send>(
    job: &Job<'_>,
    options: Options,
    rejects: Option<Rejects<R>>,
    registry: Option<Days<'_>>,
) -> Result<(Discovered, Option<R>)> {
    let mut collected = Collected {
        options,
        tickets: Vec::new(),
        with_a_cause: 0,
        decided: Vec::new(),
        last_day: None,
        header: None,
        rows: Vec::new(),
        first: HashMap::new(),
        rejects,
    };
    let outcome = super::run(job, &Tickets { options, mask: job.mask }, &mut collected)?;
    let rejects = collected.rejects.take().map(Rejects::finish).transpose()?;
    let segmenter = job.classifier.segmenter();
    let mut added = None;
    let (grouping, identities) = if let Some(Days { registry, day, today }) = registry {
        let seen: Vec<Seen<'_>> = collected.tickets.iter().map(|t| Seen { id: &t.id, text: &t.text, customer: &t.customer }).collect();
        let masked = |text: &str| if job.mask { mask::mask(text).into_owned() } else { text.to_owned() };
        let day = day.or(collected.last_day).unwrap_or(today);
        added = Some(day);
        registry.add(&seen, &day.to_string(), segmenter, &masked)
    } else {
        let texts: Vec<&str> = collected.tickets.iter().map(|t| t.text.as_str()).collect();
        (discover(&texts, segmenter), Vec::new())
    };
    let Collected { tickets, with_a_cause, decided, header, rows, .. } = collected;
    Ok((Discovered { tickets, grouping, identities, day: added, with_a_cause, decided, outcome, header: header.unwrap_or_default(), rows }, rejects))
}

impl Discovered {
    /// How many of some tickets are of each kind, and of none yet; kinds that none is of are left out.
    #[must_use]
    pub fn kinds(&self, tickets: &[usize]) -> Vec<(Option<Kind>, usize)> {
        let of = |kind: Option<Kind>| tickets.iter().filter(|t| self.tickets[**t].kind == kind).count();
        Kind::ALL.into_iter().map(Some).chain([None]).map(|kind| (kind, of(kind))).filter(|(_, n)| *n > 0).collect()
    }

    /// Every row with the name of its group in one more column; empty where it has none. CSV in UTF-8.
    #[must_use]
    pub fn assigned(&self) -> String {
        let mut out = String::new();
        for name in &self.header {
            push_safe_cell(&mut out, name, b',');
            out.push(',');
        }
        out.push_str(COLUMN);
        out.push('\n');
        for (row, ticket) in &self.rows {
            out.push_str(row);
            out.push(',');
            if let Some(group) = ticket.and_then(|t| self.grouping.of_text[t]) {
                push_safe_cell(&mut out, &self.grouping.groups[group].name, b',');
            }
            out.push('\n');
        }
        out
    }
}

struct Tickets {
    options: Options,
    mask: bool,
}

/// A ticket with whether it is grouped, if anybody needs it, and its rows, if they are kept.
type Taken = (Option<(Ticket, bool)>, Vec<String>);

struct Part {
    file: String,
    header: Vec<String>,
    last_day: Option<Date>,
    tickets: Vec<Taken>,
}

impl Output for Tickets {
    type Part = Part;

    fn begin(&self, layout: &Layout) -> Part {
        // A row of data may have been taken for the header.
        let name = |name: &String| if self.mask { mask::mask(name).into_owned() } else { name.clone() };
        Part { file: layout.file.clone(), header: layout.header.iter().map(name).collect(), last_day: None, tickets: Vec::new() }
    }

    fn row(&self, part: &mut Part, row: &Row<'_>) {
        let t = row.ticket;
        let grouped = self.options.all || row.prediction.cause.is_none();
        let ticket = (grouped || self.options.keep_decided).then(|| Ticket {
            id: t.id.to_string(),
            text: t.text.to_string(),
            kind: row.prediction.kind,
            product: t.product.to_string(),
            field: row.field,
            customer: if t.customer.trim().is_empty() { t.id.to_string() } else { t.customer.trim().to_owned() },
        });
        let ticket = ticket.map(|ticket| (ticket, grouped));
        part.last_day = part.last_day.max(row.when.map(|w| w.day));
        let mut rows = Vec::new();
        if self.options.keep_rows {
            if row.messages.is_empty() {
                rows.push(joined(row.cells.iter(row.line), row.masks));
            }
            let mut cells = Cells::new(row.cells.delimiter());
            for message in row.messages {
                cells.split(&message.line, message.line.contains('"'));
                rows.push(joined(cells.iter(&message.line), row.masks));
            }
        }
        part.tickets.push((ticket, rows));
    }
}

fn joined<'c>(cells: impl Iterator<Item = &'c str>, masks: &[mask::Cells]) -> String {
    let mut out = String::new();
    push_cells(&mut out, cells, masks, false);
    out
}

struct Collected<R: Write> {
    options: Options,
    tickets: Vec<Ticket>,
    with_a_cause: u64,
    decided: Vec<Ticket>,
    last_day: Option<Date>,
    header: Option<Vec<String>>,
    rows: Vec<(String, Option<usize>)>,
    /// The ticket of each id and text, for rows that come again.
    first: HashMap<(String, u64), usize>,
    rejects: Option<Rejects<R>>,
}

impl<R: Write + Send> Consumer<Part> for Collected<R> {
    fn part(&mut self, part: Part, new: &[bool]) -> Result<()> {
        if self.options.keep_rows && *self.header.get_or_insert_with(|| part.header.clone()) != part.header {
            let message = "its columns are not those of the first file; assign groups to files with different columns one by one";
            return Err(Error::setup(message).in_file(&part.file));
        }
        self.last_day = self.last_day.max(part.last_day);
        for ((ticket, rows), new) in part.tickets.into_iter().zip(new) {
            // A row that comes again is no other ticket, but its rows are all written.
            let at = match ticket {
                Some((ticket, true)) if !new => self.first.get(&(ticket.id.clone(), xxh3_64(ticket.text.as_bytes()))).copied(),
                Some((ticket, true)) => {
                    if self.options.keep_rows {
                        self.first.entry((ticket.id.clone(), xxh3_64(ticket.text.as_bytes()))).or_insert(self.tickets.len());
                    }
                    self.tickets.push(ticket);
                    Some(self.tickets.len() - 1)
                }
                decided => {
                    self.with_a_cause += u64::from(*new);
                    self.decided.extend(decided.map(|(ticket, _)| ticket).filter(|_| *new));
                    None
                }
            };
            self.rows.extend(rows.into_iter().map(|row| (row, at)));
        }
        Ok(())
    }

    fn reject(&mut self, reject: &Reject) -> Result<()> {
        self.rejects.as_mut().map_or(Ok(()), |r| r.write(reject))
    }
}
