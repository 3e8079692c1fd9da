//! Tickets whose labels people have told: what models learn from and are measured by.

use super::{Consumer, Job, Outcome, Output, Rejects, Row};
use crate::error::{Error, Result, nearest};
use crate::ingest::reader::{Layout, Reject};
use crate::model::Target;
use crate::prediction::Kind;
use crate::taxonomy::Taxonomy;
use crate::ticket::Labelled;
use std::collections::HashMap;
use std::io::Write;

/// Who tells the labels.
#[derive(Debug, Clone, Copy)]
pub enum Teller<'a> {
    /// People, in the column of this name; several labels are joined by `|`.
    Column(&'a str),
    /// The rules, where they are sure: weak supervision for a desk that has no labels yet.
    Rules(Target),
}

/// How sure rules must be to teach.
const SURE: f32 = 0.75;

/// Labelled tickets of some files.
#[derive(Debug, Default)]
pub struct Told {
    /// Those to learn from.
    pub rows: Vec<Labelled>,
    /// How many have no label or no text.
    pub left_out: u64,
    /// Ids of rows that repeat a ticket with another label, which does not hold.
    pub contradictions: Vec<String>,
}

/// Reads the tickets of the job's sources with their labels.
///
/// # Errors
/// What reading gave; a file without that column.
pub fn labelled<R: Write + Send>(job: &Job<'_>, teller: Teller<'_>, rejects: Option<Rejects<R>>) -> Result<(Told, Outcome, Option<R>)> {
    let mut collected = Collected { teller, told: Told::default(), first: HashMap::new(), rejects };
    let outcome = super::run(job, &Labels { teller, taxonomy: job.classifier.taxonomy() }, &mut collected)?;
    let rejects = collected.rejects.take().map(Rejects::finish).transpose()?;
    Ok((collected.told, outcome, rejects))
}

struct Labels<'a> {
    teller: Teller<'a>,
    taxonomy: &'a Taxonomy,
}

struct Part {
    file: String,
    header: Vec<String>,
    at: Option<usize>,
    rows: Vec<Labelled>,
}

impl Output for Labels<'_> {
    type Part = Part;

    fn decides(&self) -> bool {
        matches!(self.teller, Teller::Rules(_))
    }

    fn begin(&self, layout: &Layout) -> Part {
        let at = match self.teller {
            Teller::Column(name) => layout.header.iter().position(|h| h.trim() == name.trim()),
            Teller::Rules(_) => None,
        };
        Part { file: layout.file.clone(), header: layout.header.clone(), at, rows: Vec::new() }
    }

    fn row(&self, part: &mut Part, row: &Row<'_>) {
        let p = row.prediction;
        let labels = match self.teller {
            Teller::Column(_) => part.at.map_or("", |at| row.cells.get(row.line, at)),
            Teller::Rules(Target::Kind) => p.kind.filter(|_| p.kind_confidence >= SURE).map_or("", Kind::code),
            Teller::Rules(Target::Product) => p.product.as_deref().unwrap_or(""),
            Teller::Rules(Target::Cause) => &p.cause.filter(|_| p.cause_confidence >= SURE).map_or(String::new(), |c| self.taxonomy.causes[c].name()),
        };
        let mut labels: Vec<String> = labels.split('|').map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()).collect();
        labels.sort_unstable();
        labels.dedup();
        part.rows.push(Labelled { id: row.ticket.id.to_string(), text: row.ticket.text.to_string(), labels });
    }
}

struct Collected<'a, R: Write> {
    teller: Teller<'a>,
    told: Told,
    /// Where the first row of an id is.
    first: HashMap<String, usize>,
    rejects: Option<Rejects<R>>,
}

impl<R: Write + Send> Consumer<Part> for Collected<'_, R> {
    fn part(&mut self, part: Part, new: &[bool]) -> Result<()> {
        if let (Teller::Column(column), None) = (self.teller, part.at) {
            let near = nearest(column, part.header.iter().map(String::as_str)).map_or(String::new(), |n| format!("; the nearest is `{n}`"));
            let all = part.header.join("`, `");
            return Err(Error::setup(format!("no column is called `{}`{near}; the columns are `{all}`", column)).in_file(&part.file));
        }
        for (row, new) in part.rows.into_iter().zip(new) {
            if !new {
                let first = self.first.get(&row.id).map(|at| &self.told.rows[*at]);
                if !row.labels.is_empty() && first.is_some_and(|first| first.labels != row.labels) {
                    self.told.contradictions.push(row.id);
                }
            } else if row.labels.is_empty() || row.text.trim().is_empty() {
                self.told.left_out += 1;
            } else {
                self.first.entry(row.id.clone()).or_insert(self.told.rows.len());
                self.told.rows.push(row);
            }
        }
        Ok(())
    }

    fn reject(&mut self, reject: &Reject) -> Result<()> {
        self.rejects.as_mut().map_or(Ok(()), |r| r.write(reject))
    }
}
