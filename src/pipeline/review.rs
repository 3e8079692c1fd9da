//! `review`: from many tickets a sheet of few for a person to correct, and the sheet read back.

use super::{Consumer, Job, Outcome, Output, Rejects, Row};
use crate::classify::{Classifier, Scratch};
use crate::error::{Error, Result, nearest};
use crate::ingest::reader::{Layout, Reject};
use crate::ingest::{self, ColumnNames, Source};
use crate::model::Target;
use crate::prediction::{Evidence, Kind, Prediction};
use crate::review::sample::{Chosen, KNOWN_TEXTS, Sampler, Ticket, pairs};
use crate::review::sheet::{COLUMNS, FACT_NAMES, FACTS, Facts, SHEETS, Sheet, at};
use crate::review::{Labels, Returned, Stratum, is_row_number, key, shown_text};
use crate::segment::Normalized;
use rayon::prelude::*;
use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

/// What sheet to make.
pub struct Options {
    /// What its labels are.
    pub target: Target,
    /// How many tickets.
    pub size: usize,
    /// Keys of tickets that were looked at, see [`key`].
    pub known: HashSet<String>,
    /// Texts that were looked at, the latest last.
    pub known_texts: Vec<String>,
    /// Labels beside those of taxonomy and models.
    pub more_labels: Vec<String>,
}

/// The closed list of labels: those of the taxonomy and of the models.
#[must_use]
pub fn labels(classifier: &Classifier, target: Target) -> Labels {
    let taxonomy = classifier.taxonomy();
    match target {
        Target::Kind => Labels::new(target, Kind::ALL.map(|k| k.code().to_owned())),
        Target::Cause => {
            let causes = taxonomy.causes.iter().enumerate().filter(|(i, c)| c.counted_as == *i);
            Labels::new(target, causes.map(|(_, c)| c.name()))
        }
        Target::Product => {
            let learned = classifier.models().filter(|m| m.target == target).flat_map(|m| m.labels.iter().cloned());
            Labels::new(target, taxonomy.products.iter().map(|p| p.name.clone()).chain(learned))
        }
    }
}

/// What decisions and sheets of this classifier are made by.
#[must_use]
pub fn facts(classifier: &Classifier, target: Target) -> Facts {
    let models: Vec<String> = classifier.models().map(|m| format!("{:016x}", m.hash())).collect();
    Facts { target, taxonomy: format!("{:016x}", classifier.taxonomy().hash()), model: models.join(" ") }
}

/// Reads, decides and chooses.
///
/// # Errors
/// Whatever reading gave; broken accounting.
pub fn review<R: Write + Send>(job: &Job<'_>, options: &Options, rejects: Option<Rejects<R>>) -> Result<(Sheet, Outcome, Option<R>)> {
    let mut collected = Collected { sampler: Sampler::new(options.size), rejects };
    let outcome = super::run(job, &Tickets { job, options }, &mut collected)?;
    let rejects = collected.rejects.take().map(Rejects::finish).transpose()?;
    let texts = &options.known_texts[options.known_texts.len().saturating_sub(KNOWN_TEXTS)..];
    let known: Vec<Vec<u32>> = texts.par_iter().map_init(Normalized::default, |normal, text| pairs(text, normal)).collect();
    let unknown = |texts: &[&str]| {
        let share = |scratch: &mut _, text: &&str| job.classifier.unknown(text, options.target, scratch);
        texts.par_iter().map_init(|| job.classifier.scratch(), share).collect::<Option<Vec<f32>>>()
    };
    let chosen: Chosen = collected.sampler.finish(&known, unknown);
    let rows: Chosen = chosen.into_par_iter().map(|(stratum, t)| (stratum, Arc::new(may_leave(&t, job.mask)))).collect();
    let mut labels = labels(job.classifier, options.target);
    options.more_labels.iter().for_each(|name| labels.add(name.clone()));
    rows.iter().flat_map(|(_, t)| &t.decided).for_each(|name| labels.add(name.clone()));
    Ok((Sheet { rows, labels, facts: facts(job.classifier, options.target) }, outcome, rejects))
}

/// The ticket as the sheet shows it.
fn may_leave(ticket: &Ticket, mask: bool) -> Ticket {
    Ticket {
        id: shown_text(&ticket.id, false),
        text: shown_text(&ticket.text, mask),
        product: shown_text(&ticket.product, mask),
        evidence: shown_text(&ticket.evidence, false),
        pairs: Vec::new(),
        ..ticket.clone()
    }
}

struct Tickets<'a> {
    job: &'a Job<'a>,
    options: &'a Options,
}

struct Part {
    normal: Normalized,
    scratch: Scratch,
    /// `None` for those that no sheet needs.
    tickets: Vec<Option<Ticket>>,
}

impl Output for Tickets<'_> {
    type Part = Part;

    fn begin(&self, _: &Layout) -> Part {
        Part { normal: Normalized::default(), scratch: self.job.classifier.scratch(), tickets: Vec::new() }
    }

    fn row(&self, part: &mut Part, row: &Row<'_>) {
        let t = row.ticket;
        let known = || {
            let text = if is_row_number(&t.id) { shown_text(&t.text, self.job.mask) } else { String::new() };
            !self.options.known.is_empty() && self.options.known.contains(&key(&t.id, &text))
        };
        if t.text.trim().is_empty() || known() {
            part.tickets.push(None);
            return;
        }
        let mut ticket = self.ticket(row, pairs(&t.text, &mut part.normal));
        if ticket.decided.is_empty() {
            ticket.confidence = self.job.classifier.margin(&t.text, self.options.target, &mut part.scratch).unwrap_or(0.0);
        }
        part.tickets.push(Some(ticket));
    }
}

impl Tickets<'_> {
    fn ticket(&self, row: &Row<'_>, pairs: Vec<u32>) -> Ticket {
        let (p, t) = (row.prediction, row.ticket);
        let taxonomy = self.job.classifier.taxonomy();
        let by = p.by_model.as_deref();
        let (decided, confidence, conflict) = match self.options.target {
            Target::Kind => {
                let kinds = p.kind.iter().map(|k| k.code().to_owned()).collect();
                (kinds, p.kind_confidence, by.is_some_and(|by| by.kind_of_rules.is_some()))
            }
            Target::Product => {
                let names: Vec<String> = p.product.iter().flat_map(|names| names.split('|')).map(str::to_owned).collect();
                (names, by.and_then(|by| by.product).unwrap_or(1.0), false)
            }
            Target::Cause => {
                let more = by.into_iter().flat_map(|by| &by.more_causes);
                let mut names: Vec<String> = p.cause.iter().chain(more).map(|c| taxonomy.causes[*c].name()).collect();
                names.sort_unstable();
                (names, p.cause_confidence, by.is_some_and(|by| by.cause_of_rules.is_some() || by.cause_overruled.is_some()))
            }
        };
        Ticket {
            id: t.id.to_string(),
            text: t.text.to_string(),
            product: p.product.clone().unwrap_or_else(|| t.product.to_string()),
            confidence: if decided.is_empty() { 0.0 } else { confidence },
            decided,
            conflict,
            evidence: self.evidence(p, !t.product.trim().is_empty()),
            pairs,
        }
    }

    /// `奖励 没到账（规则）`: the words that decided, who decided by them, and what the other said.
    fn evidence(&self, p: &Prediction, product_told: bool) -> String {
        let cause = |c: usize| self.job.classifier.taxonomy().causes[c].name();
        let by = p.by_model.as_deref();
        let words = |evidence: &[Evidence], who: &str| {
            let words: Vec<&str> = evidence.iter().map(|e| e.words.as_str()).collect();
            match (words.is_empty(), p.cause) {
                // A kind may be known by its cause alone.
                (true, Some(c)) => format!("原因是「{}」（{who}）", cause(c)),
                (true, None) => format!("没有明显的词（{who}）"),
                (false, _) => format!("{}（{who}）", words.join(" ")),
            }
        };
        let who = |model: bool| if model { "模型" } else { "规则" };
        let mut told = match self.options.target {
            Target::Kind if p.kind.is_some() => words(&p.kind_evidence, who(by.is_some_and(|by| by.kind))),
            Target::Cause if p.cause.is_some() => words(&p.cause_evidence, who(by.is_some_and(|by| by.cause))),
            Target::Product if by.is_some_and(|by| by.product.is_some()) => words(by.map_or(&[], |by| &by.product_evidence), "模型"),
            Target::Product if p.product.is_some() => (if product_told { "（产品列）" } else { "（文中提到）" }).to_owned(),
            _ => String::new(),
        };
        let other = by.and_then(|by| match self.options.target {
            Target::Kind => by.kind_of_rules.map(|k| ("规则", self.kind(k))),
            Target::Cause => by.cause_of_rules.map(|c| ("规则", cause(c))).or(by.cause_overruled.map(|c| ("模型", cause(c)))),
            Target::Product => None,
        });
        if let Some((who, label)) = other {
            told.push_str(&format!("；{who}判为「{label}」"));
        }
        told
    }

    fn kind(&self, kind: Kind) -> String {
        Labels::new(Target::Kind, []).shown(kind.code()).to_owned()
    }
}

struct Collected<R: Write> {
    sampler: Sampler,
    rejects: Option<Rejects<R>>,
}

impl<R: Write + Send> Consumer<Part> for Collected<R> {
    fn part(&mut self, part: Part, new: &[bool]) -> Result<()> {
        let tickets = part.tickets.into_iter().zip(new).filter(|(_, new)| **new);
        tickets.filter_map(|(ticket, _)| ticket).for_each(|ticket| self.sampler.take(ticket));
        Ok(())
    }

    fn reject(&mut self, reject: &Reject) -> Result<()> {
        self.rejects.as_mut().map_or(Ok(()), |r| r.write(reject))
    }
}

/// How sheets are read: by their own columns, whatever the user said of other files.
fn by_columns(text: &str, sheets: Vec<String>) -> ingest::Config {
    let none = || Some("none".to_owned());
    let columns = ColumnNames {
        id: none(),
        time: none(),
        product: none(),
        text: vec![text.to_owned()],
        channel: none(),
        role: none(),
        customer: none(),
        served_by: None,
        text_optional: false,
    };
    ingest::Config { columns, sheets, ..ingest::Config::default() }
}

/// Reads the sheets of the job's sources.
///
/// # Errors
/// What reading gave; a sheet without the columns; rows that cannot be read: none may be lost.
pub fn returned(job: &Job<'_>) -> Result<Vec<Returned>> {
    let ingest = ingest::Config { encoding: job.ingest.encoding, ..by_columns(COLUMNS[at::TEXT], Vec::new()) };
    let job = Job { ingest: &ingest, only_ids: None, keep_raw: false, max_quarantined: 1.0, dates: job.dates.clone(), ..*job };
    let mut rows = Rows(Vec::new());
    let outcome = super::run(&job, &Sheets, &mut rows)?;
    outcome.refused.map_or(Ok(()), Err)?;
    Ok(rows.0)
}

/// The facts of a sheet that is a workbook; `None` where it has none.
#[must_use]
pub fn facts_of(job: &Job<'_>, source: &Source) -> Option<Facts> {
    let ingest = by_columns(FACTS[1], vec![SHEETS[2].to_owned()]);
    let sources = [source.clone()];
    let job = Job { ingest: &ingest, sources: &sources, only_ids: None, keep_raw: false, max_quarantined: 1.0, dates: job.dates.clone(), ..*job };
    let (told, ..) = super::labelled::labelled(&job, super::labelled::Teller::Column(FACTS[0]), None::<Rejects<Vec<u8>>>).ok()?;
    let fact = |name: &str| told.rows.iter().find(|r| r.labels == [name]).map(|r| r.text.trim().to_owned());
    Some(Facts {
        target: fact(FACT_NAMES[0])?.parse().ok()?,
        taxonomy: fact(FACT_NAMES[1]).unwrap_or_default(),
        model: fact(FACT_NAMES[2]).unwrap_or_default(),
    })
}

struct Sheets;

struct SheetPart {
    file: String,
    header: Vec<String>,
    columns: [Option<usize>; COLUMNS.len()],
    rows: Vec<Returned>,
}

impl Output for Sheets {
    type Part = SheetPart;

    fn decides(&self) -> bool {
        false
    }

    fn begin(&self, layout: &Layout) -> SheetPart {
        let columns = COLUMNS.map(|name| layout.header.iter().position(|h| h.trim() == name));
        SheetPart { file: layout.file.clone(), header: layout.header.clone(), columns, rows: Vec::new() }
    }

    fn row(&self, part: &mut SheetPart, row: &Row<'_>) {
        let cell = |at: usize| part.columns[at].map_or("", |c| row.cells.get(row.line, c)).trim();
        // A cell that was kept from being a formula.
        let plain = |cell: &str| cell.strip_prefix('\'').filter(|rest| crate::cell::is_formula(rest)).unwrap_or(cell).to_owned();
        let number = row.ticket.id.rsplit_once('#').map_or("", |(_, n)| n);
        part.rows.push(Returned {
            file: part.file.clone(),
            row: number.to_owned(),
            id: plain(cell(at::ID)),
            text: plain(cell(at::TEXT)),
            decided: plain(cell(at::DECIDED)),
            stratum: Stratum::from_shown(cell(at::STRATUM)),
            answer: plain(cell(at::ANSWER)),
        });
    }
}

struct Rows(Vec<Returned>);

impl Consumer<SheetPart> for Rows {
    fn part(&mut self, part: SheetPart, _: &[bool]) -> Result<()> {
        if let Some(at) = [at::ID, at::DECIDED, at::STRATUM, at::ANSWER].into_iter().find(|at| part.columns[*at].is_none()) {
            let near = nearest(COLUMNS[at], part.header.iter().map(String::as_str)).map_or(String::new(), |n| format!("; the nearest is `{n}`"));
            let message = format!("expected a sheet that `ahu review` has written, found no column `{}`{near}", COLUMNS[at]);
            return Err(Error::input(message).in_file(&part.file));
        }
        self.0.extend(part.rows);
        Ok(())
    }

    fn reject(&mut self, reject: &Reject) -> Result<()> {
        Err(Error::input(format!("the row cannot be read ({}): {}", reject.row.reason.code(), reject.row.detail))
            .in_file(&reject.row.file)
            .at_line(reject.row.line))
    }
}
