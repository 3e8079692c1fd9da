//! `why`: the tickets with certain ids, each with every step of its decision.

use super::{Consumer, Job, Outcome, Output, Row};
use crate::classify::{Classifier, Explanation};
use crate::error::Result;
use crate::ingest::reader::{Layout, Reject};
use crate::ticket::Ticket;

/// A ticket with its explanation.
pub struct Explained {
    /// Its id.
    pub id: String,
    /// Its text as written.
    pub text: String,
    /// Its product as written.
    pub product: String,
    /// Every step.
    pub explanation: Explanation,
}

impl Explained {
    fn new(ticket: &Ticket<'_>, explanation: Explanation) -> Explained {
        Explained { id: ticket.id.to_string(), text: ticket.text.to_string(), product: ticket.product.to_string(), explanation }
    }
}

/// Explains the tickets of `job.only_ids`.
///
/// # Errors
/// Whatever reading gave.
pub fn inspect(job: &Job<'_>) -> Result<(Vec<Explained>, Outcome)> {
    let mut collected = Collected(Vec::new());
    let outcome = super::run(job, &Inspect(job.classifier), &mut collected)?;
    Ok((collected.0, outcome))
}

struct Inspect<'a>(&'a Classifier);

impl Output for Inspect<'_> {
    type Part = Vec<Explained>;

    fn begin(&self, _: &Layout) -> Self::Part {
        Vec::new()
    }

    fn row(&self, part: &mut Self::Part, row: &Row<'_>) {
        let explanation = self.0.explain(row.ticket, row.field, &mut self.0.scratch());
        part.push(Explained::new(row.ticket, explanation));
    }
}

struct Collected(Vec<Explained>);

impl Consumer<Vec<Explained>> for Collected {
    fn part(&mut self, part: Vec<Explained>, _: &[bool]) -> Result<()> {
        self.0.extend(part);
        Ok(())
    }

    fn reject(&mut self, _: &Reject) -> Result<()> {
        Ok(())
    }
}
