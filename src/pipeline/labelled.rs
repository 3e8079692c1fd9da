//! Tickets whose labels people have told: what models learn from and are measured by.

use super::{Consumer, Job, Outcome, Output, Row};
use crate::error::{Error, Result, nearest};
use crate::ingest::reader::{Layout, Reject};
use crate::ticket::Labelled;

/// Reads the tickets of the job's sources with the labels in the column called `column`; several labels are joined by `|`.
/// Tickets without a label or without a text are left out and counted.
///
/// # Errors
/// What reading gave; a file without that column.
pub fn labelled(job: &Job<'_>, column: &str) -> Result<(Vec<Labelled>, u64, Outcome)> {
    let mut collected = Collected { column, rows: Vec::new(), left_out: 0 };
    let outcome = super::run(job, &Labels(column), &mut collected)?;
    Ok((collected.rows, collected.left_out, outcome))
}

struct Labels<'a>(&'a str);

struct Part {
    file: String,
    header: Vec<String>,
    at: Option<usize>,
    rows: Vec<Labelled>,
}

impl Output for Labels<'_> {
    type Part = Part;

    fn decides(&self) -> bool {
        false
    }

    fn begin(&self, layout: &Layout) -> Part {
        let at = layout.header.iter().position(|h| h.trim() == self.0.trim());
        Part { file: layout.file.clone(), header: layout.header.clone(), at, rows: Vec::new() }
    }

    fn row(&self, part: &mut Part, row: &Row<'_>) {
        let labels = part.at.map_or("", |at| row.cells.get(row.line, at));
        let mut labels: Vec<String> = labels.split('|').map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()).collect();
        labels.sort_unstable();
        labels.dedup();
        part.rows.push(Labelled { id: row.ticket.id.to_string(), text: row.ticket.text.to_string(), labels });
    }
}

struct Collected<'a> {
    column: &'a str,
    rows: Vec<Labelled>,
    left_out: u64,
}

impl Consumer<Part> for Collected<'_> {
    fn part(&mut self, part: Part, new: &[bool]) -> Result<()> {
        if part.at.is_none() {
            let near = nearest(self.column, part.header.iter().map(String::as_str)).map_or(String::new(), |n| format!("; the nearest is `{n}`"));
            let all = part.header.join("`, `");
            return Err(Error::setup(format!("no column is called `{}`{near}; the columns are `{all}`", self.column)).in_file(&part.file));
        }
        for (row, _) in part.rows.into_iter().zip(new).filter(|(_, new)| **new) {
            if row.labels.is_empty() || row.text.trim().is_empty() {
                self.left_out += 1;
            } else {
                self.rows.push(row);
            }
        }
        Ok(())
    }

    fn reject(&mut self, _: &Reject) -> Result<()> {
        Ok(())
    }
}
