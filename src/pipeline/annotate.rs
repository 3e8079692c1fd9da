//! `classify`: every readable row out again, its cells unchanged and in order, with the decision in five more columns.

use super::{Consumer, Job, Outcome, Output, Rejects, Row, push_cells};
use crate::cell::{push_cell, push_safe_cell};
use crate::error::{Error, Result};
use crate::ingest;
use crate::ingest::cells::Cells;
use crate::ingest::reader::{Layout, Message, Reject};
use crate::mask;
use crate::prediction::{Evidence, Prediction};
use crate::taxonomy::Taxonomy;
use std::io::Write;

/// The columns added.
pub const COLUMNS: [&str; 5] = ["ahu_kind", "ahu_product", "ahu_cause", "ahu_confidence", "ahu_evidence"];

/// The columns added on request: ids of the risks and of the other checks that fired, joined by `|`.
pub const SERVICE_COLUMNS: [&str; 2] = ["ahu_risk", "ahu_service"];
/// The column added on request: the reply script of the ticket's cause, for an agent to look over; nothing is sent to anybody.
pub const SCRIPT_COLUMN: &str = "ahu_script";

/// How to write.
pub struct Options {
    /// Leave cells that a spreadsheet would run as formulas as they are.
    pub raw_cells: bool,
    /// Begin with a byte order mark.
    pub bom: bool,
    /// Decide, and add the columns of the decision.
    pub decisions: bool,
    /// Add [`SERVICE_COLUMNS`].
    pub service: bool,
    /// Add [`SCRIPT_COLUMN`].
    pub scripts: bool,
}

impl Options {
    /// The columns added.
    fn added(&self) -> Vec<&'static str> {
        let decisions = if self.decisions { &COLUMNS[..] } else { &[] };
        let service = if self.decisions && self.service { &SERVICE_COLUMNS[..] } else { &[] };
        let script: &[&'static str] = if self.decisions && self.scripts { &[SCRIPT_COLUMN] } else { &[] };
        [decisions, service, script].concat()
    }
}

/// Reads, classifies and writes to `out`, named `name` in messages.
///
/// # Errors
/// Whatever reading and writing gave; broken accounting; a second file with other columns than the first.
pub fn annotate<W: Write + Send, R: Write + Send>(
    job: &Job<'_>,
    options: &Options,
    out: W,
    name: &str,
    rejects: Option<Rejects<R>>,
) -> Result<(Outcome, W, Option<R>)> {
    // Every row is written, messages too.
    let ingest = ingest::Config { keep_messages: true, ..job.ingest.clone() };
    let job = &Job { ingest: &ingest, dates: job.dates.clone(), ..*job };
    let annotated = Annotate {
        taxonomy: job.classifier.taxonomy(),
        raw_cells: options.raw_cells,
        decisions: options.decisions,
        service: options.service,
        scripts: options.scripts,
        mask: job.mask,
    };
    let mut writer = Writer { out, name, rejects, header: None, messages: (String::new(), Vec::new()), options };
    let outcome = super::run(job, &annotated, &mut writer)?;
    writer.write_messages()?;
    let rejects = writer.rejects.take().map(Rejects::finish).transpose()?;
    writer.out.flush().map_err(|e| Error::io(name, "write", &e))?;
    Ok((outcome, writer.out, rejects))
}

struct Annotate<'a> {
    taxonomy: &'a Taxonomy,
    raw_cells: bool,
    decisions: bool,
    service: bool,
    scripts: bool,
    mask: bool,
}

struct Part {
    file: String,
    header: Vec<String>,
    text: String,
    /// Rows that are written when all of their file are known, by their place.
    messages: Vec<(u64, String)>,
}

impl Output for Annotate<'_> {
    type Part = Part;

    fn decides(&self) -> bool {
        self.decisions
    }

    fn listens(&self) -> bool {
        self.decisions && self.service
    }

    fn begin(&self, layout: &Layout) -> Part {
        // A row of data may have been taken for the header.
        let name = |name: &String| if self.mask { mask::mask(name).into_owned() } else { name.clone() };
        Part { file: layout.file.clone(), header: layout.header.iter().map(name).collect(), text: String::new(), messages: Vec::new() }
    }

    fn row(&self, part: &mut Part, row: &Row<'_>) {
        if row.messages.is_empty() {
            push_cells(&mut part.text, row.cells.iter(row.line), row.masks, self.raw_cells);
            self.push_decision(&mut part.text, row, None);
            return;
        }
        let mut cells = Cells::new(row.cells.delimiter());
        for message in row.messages {
            cells.split(&message.line, message.line.contains('"'));
            let mut out = String::with_capacity(message.line.len() + 64);
            push_cells(&mut out, cells.iter(&message.line), row.masks, self.raw_cells);
            self.push_decision(&mut out, row, Some(message));
            part.messages.push((message.place, out));
        }
    }
}

impl Annotate<'_> {
    /// The decision's cells, and the end of the line.
    fn push_decision(&self, out: &mut String, row: &Row<'_>, message: Option<&Message>) {
        let p = row.prediction;
        if !self.decisions {
            out.push('\n');
            return;
        }
        let cell = if self.raw_cells { push_cell } else { push_safe_cell };
        out.push(',');
        out.push_str(p.kind.map_or("", crate::prediction::Kind::code));
        out.push(',');
        cell(out, p.product.as_deref().unwrap_or(""), b',');
        out.push(',');
        if let Some(cause) = p.cause {
            let more = p.by_model.iter().flat_map(|m| m.more_causes.iter().copied());
            let mut names: Vec<String> = std::iter::once(cause).chain(more).map(|c| self.taxonomy.causes[c].name()).collect();
            names.sort_unstable();
            cell(out, &names.join("|"), b',');
        }
        out.push(',');
        push_confidence(out, p.confidence());
        out.push(',');
        push_evidence(out, p, self.taxonomy, message);
        if self.service {
            let fired = |risk: bool| {
                let checks = p.noted.iter().chain(row.heard).map(|f| &self.taxonomy.checks[f.check]).filter(move |c| c.risk == risk && c.concerns(p.kind));
                checks.map(|c| c.id.as_str()).collect::<Vec<_>>().join("|")
            };
            out.push_str(&format!(",{},{}", fired(true), fired(false)));
        }
        if self.scripts {
            out.push(',');
            cell(out, p.cause.and_then(|c| self.taxonomy.script(c, p.product.as_deref().unwrap_or(""))).unwrap_or(""), b',');
        }
        out.push('\n');
    }
}

/// Two decimals, without the cost of general formatting.
fn push_confidence(out: &mut String, confidence: f32) {
    let hundredths = (confidence.clamp(0.0, 1.0) * 100.0).round() as u32;
    out.push(char::from(b'0' + (hundredths / 100) as u8));
    out.push('.');
    out.push(char::from(b'0' + (hundredths / 10 % 10) as u8));
    out.push(char::from(b'0' + (hundredths % 10) as u8));
}

/// `奖励@4 没到账@8 (game:699) 还没@7`: the words with their place, the rule's pack and line or `model`, then the words that
/// decided the kind, and what was overruled (`≠rules:inquiry`).
/// In a chat's message, words of other messages have no place.
fn push_evidence(out: &mut String, p: &Prediction, taxonomy: &Taxonomy, message: Option<&Message>) {
    let mut text = String::new();
    let words = |text: &mut String, evidence: &[Evidence]| {
        for e in evidence {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&e.words);
            let words = message.map_or(0..usize::MAX, |m| m.words.clone());
            if words.contains(&e.at) {
                text.push('@');
                push_number(text, e.at - words.start);
            }
        }
    };
    let by = p.by_model.as_deref();
    if let Some(by) = by.filter(|by| by.product.is_some()) {
        words(&mut text, &by.product_evidence);
        text.push_str(" (model:product)");
    }
    if let Some(cause) = p.cause {
        words(&mut text, &p.cause_evidence);
        if by.is_some_and(|by| by.cause) {
            text.push_str(" (model:cause)");
        } else {
            let cause = &taxonomy.causes[cause];
            text.push_str(" (");
            text.push_str(&taxonomy.packs[cause.pack].id);
            text.push(':');
            push_number(&mut text, cause.rules[p.rule].line as usize);
            text.push(')');
        }
    }
    if p.kind.is_some() {
        words(&mut text, &p.kind_evidence);
        if by.is_some_and(|by| by.kind) {
            text.push_str(" (model:kind)");
        }
    }
    // Where rules and model name different things, the one that was overruled.
    if let Some(by) = by.filter(|by| by.is_conflict()) {
        let cause = |c: usize| taxonomy.causes[c].name();
        let others = [by.kind_of_rules.map(|k| format!("rules:{}", k.code())), by.cause_of_rules.map(|c| format!("rules:{}", cause(c)))];
        for other in others.into_iter().chain([by.cause_overruled.map(|c| format!("model:{}", cause(c)))]).flatten() {
            text.push_str(" ≠");
            text.push_str(&other);
        }
    }
    push_safe_cell(out, &text, b',');
}

fn push_number(out: &mut String, n: usize) {
    let mut digits = [0u8; 20];
    let (mut i, mut n) = (digits.len(), n);
    loop {
        i -= 1;
        digits[i] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.extend(digits[i..].iter().map(|d| char::from(*d)));
}

struct Writer<'n, W: Write, R: Write> {
    out: W,
    name: &'n str,
    rejects: Option<Rejects<R>>,
    header: Option<Vec<String>>,
    /// A file, and its messages that wait for each other.
    messages: (String, Vec<(u64, String)>),
    options: &'n Options,
}

impl<W: Write, R: Write> Writer<'_, W, R> {
    fn write(&mut self, text: &str) -> Result<()> {
        self.out.write_all(text.as_bytes()).map_err(|e| Error::io(self.name, "write", &e))
    }

    /// Writes the messages of the last file, in its order.
    fn write_messages(&mut self) -> Result<()> {
        let mut messages = std::mem::take(&mut self.messages.1);
        messages.sort_unstable_by_key(|(place, _)| *place);
        messages.iter().try_for_each(|(_, line)| self.write(line))
    }
}

impl<W: Write + Send, R: Write + Send> Consumer<Part> for Writer<'_, W, R> {
    fn part(&mut self, part: Part, _: &[bool]) -> Result<()> {
        if self.messages.0 != part.file {
            self.write_messages()?;
            self.messages.0.clone_from(&part.file);
        }
        let mut text = String::new();
        match &self.header {
            Some(header) if *header == part.header => {}
            Some(_) => {
                let message = "its columns are not those of the first file; classify files with different columns one by one";
                return Err(Error::setup(message).in_file(&part.file));
            }
            None => {
                if self.options.bom {
                    text.push('\u{feff}');
                }
                let added = self.options.added();
                for (i, name) in part.header.iter().map(String::as_str).chain(added.iter().copied()).enumerate() {
                    if i > 0 {
                        text.push(',');
                    }
                    push_safe_cell(&mut text, name, b',');
                }
                text.push('\n');
                self.header = Some(part.header);
            }
        }
        self.messages.1.extend(part.messages);
        text.push_str(&part.text);
        self.write(&text)
    }

    fn reject(&mut self, reject: &Reject) -> Result<()> {
        self.rejects.as_mut().map_or(Ok(()), |r| r.write(reject))
    }
}
