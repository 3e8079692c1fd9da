//! `run`: a night's tickets into the history, and the digests of the days that they changed.

use super::checks::DayChecks;
use super::summary::{GROUPED, Loose, SHOWN_IDS, group_of, grouped, key, spelling};
use super::{Consumer, Job, Outcome, Output, Rejects, Row};
use crate::classify::Classifier;
use crate::counts::{Counted, Counts, wording};
use crate::digest::{Accounting, Digest, Groups, Header, Revision};
use crate::error::Result;
use crate::history::{Checked, Decider, Decision, History, Put, Quarantine, Record, Stored, Writing, number};
use crate::ingest::reader::{Layout, Reject};
use crate::mask;
use crate::prediction::{Fired, Prediction};
use crate::taxonomy::{Cause, Taxonomy};
use jiff::civil::Date;
use std::collections::HashMap;
use std::io::Write;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// How tickets are kept.
#[derive(Debug, Clone, Copy)]
pub struct Keeping<'a> {
    /// Whether their texts are kept.
    pub texts: bool,
    /// The folder that files are named from, as the inputs begin: so that they are called alike wherever the program is started.
    pub folder: &'a str,
}

impl Keeping<'_> {
    /// What a file is called in the history.
    fn name(&self, file: &str) -> String {
        let within = file.strip_prefix(self.folder).filter(|_| !self.folder.is_empty()).map_or(file, |rest| rest.trim_start_matches(['/', '\\']));
        within.strip_prefix("./").unwrap_or(within).replace('\\', "/")
    }
}

/// Reads, decides, and puts all tickets into the history, masked.
///
/// # Errors
/// What reading gave, or SQLite.
pub fn record<W: Write + Send>(job: &Job<'_>, keeping: Keeping<'_>, history: &mut Writing<'_>, rejects: Option<Rejects<W>>) -> Result<(Outcome, Option<W>)> {
    let taxonomy = job.classifier.taxonomy();
    let mut recorder = Recorder { history, rejects, keeping };
    let outcome = super::run(job, &Records { taxonomy, keeping }, &mut recorder)?;
    let (a, rejects) = (outcome.accounting, recorder.rejects);
    let tally = history.tally();
    // Of rows that come again in one night only the first is another ticket; the history has found the same.
    let counted = tally.new + tally.revised + tally.known + tally.forgotten + a.quarantined;
    let accounting = Accounting { classified: counted - a.quarantined, duplicates: 0, ..a };
    accounting.check()?;
    Ok((outcome, rejects.map(Rejects::finish).transpose()?))
}

struct Records<'t> {
    taxonomy: &'t Taxonomy,
    keeping: Keeping<'t>,
}

struct Part {
    file: String,
    header: String,
    records: Vec<Record>,
}

impl Output for Records<'_> {
    type Part = Part;

    fn listens(&self) -> bool {
        true
    }

    fn begin(&self, layout: &Layout) -> Part {
        let header = layout.columns.product.and_then(|c| layout.header.get(c)).cloned().unwrap_or_default();
        Part { file: self.keeping.name(&layout.file), header, records: Vec::new() }
    }

    fn row(&self, part: &mut Part, row: &Row<'_>) {
        let (t, p) = (row.ticket, row.prediction);
        let text = masked(&t.text);
        let said = xxh3_64(text.as_bytes());
        let id = if t.id_is_row { "" } else { &*t.id };
        // Named by its file however many are read beside it.
        let by_row = || format!("{}#{}", part.file, t.id.rsplit('#').next().unwrap_or_default());
        let shown_id = if t.id_is_row { by_row() } else { mask::mask_id(&t.id, mask::Cells::Ids).into_owned() };
        part.records.push(Record {
            id: id.to_owned(),
            shown_id,
            channel: masked(t.channel.trim()),
            day: row.when.map(|w| w.day),
            second: row
                .when
                .and_then(|w| w.time)
                .map(|t| (u32::from(t.hour().unsigned_abs()) * 60 + u32::from(t.minute().unsigned_abs())) * 60 + u32::from(t.second().unsigned_abs())),
            written: masked(t.product.trim()),
            header: String::new(),
            decision: decision(p, self.taxonomy),
            customer: t.customer.trim().to_owned(),
            wording: wording(&t.text),
            length: u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
            text: self.keeping.texts.then_some(text),
            said,
            checked: self.checked(row),
            file: String::new(),
            line: row.span.line,
            byte_start: row.span.start,
            byte_len: row.span.len,
        });
    }
}

impl Records<'_> {
    /// What checks found, as it may be kept.
    fn checked(&self, row: &Row<'_>) -> Checked {
        let talk = row.ticket.talk.as_ref().filter(|t| t.has_desk());
        let kept = |fired: &[Fired]| {
            let sentence = |f: &Fired| self.keeping.texts.then(|| masked(&f.sentence.words));
            fired.iter().map(|f| (self.taxonomy.checks[f.check].id.clone(), sentence(f))).collect()
        };
        Checked {
            talk: talk.map(|t| u32::try_from(t.agent_length()).unwrap_or(u32::MAX)),
            heard: kept(row.heard),
            noted: kept(&row.prediction.noted),
            agent: row.served_by(true),
        }
    }
}

fn masked(text: &str) -> String {
    mask::mask(text).into_owned()
}

/// A prediction as it is kept.
pub(super) fn decision(p: &Prediction, taxonomy: &Taxonomy) -> Decision {
    let by = p.by_model.as_deref();
    Decision {
        product: spelling(p.product.as_deref().unwrap_or("")),
        kind: p.kind,
        cause: p.cause.map_or_else(String::new, |c| taxonomy.causes[c].name()),
        pack: p.cause.map_or_else(String::new, |c| taxonomy.packs[taxonomy.causes[c].pack].id.clone()),
        confidence: p.confidence(),
        by_model: by.map_or([false; 3], |by| [by.kind, by.cause, by.product.is_some()]),
        cells: by.map_or([None; 2], |by| [by.kind_cell, by.cause_cell]),
    }
}

struct Recorder<'w, 'h, W: Write> {
    history: &'w mut Writing<'h>,
    rejects: Option<Rejects<W>>,
    keeping: Keeping<'w>,
}

impl<W: Write + Send> Consumer<Part> for Recorder<'_, '_, W> {
    // The history knows better which tickets are new: the earliest of equal rows tells a ticket's day, whichever comes first.
    fn part(&mut self, part: Part, _: &[bool]) -> Result<()> {
        for record in part.records {
            let _: Put = self.history.put(&Record { file: part.file.clone(), header: part.header.clone(), ..record })?;
        }
        Ok(())
    }

    fn reject(&mut self, reject: &Reject) -> Result<()> {
        let detail = mask::mask(&reject.row.detail);
        let file = self.keeping.name(&reject.row.file);
        self.history.quarantine(&Quarantine { row: &reject.row, file: &file, detail: &detail })?;
        self.rejects.as_mut().map_or(Ok(()), |r| r.write(reject))
    }
}

/// What a classifier is told from others by.
#[must_use]
pub fn decider(classifier: &Classifier, models: &[Vec<u8>], settings: &str) -> Decider {
    let hash = |parts: &mut dyn Iterator<Item = &[u8]>| {
        let mut hasher = Xxh3::new();
        parts.for_each(|part| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        });
        format!("{:016x}", hasher.digest())
    };
    Decider {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        taxonomy: format!("{:016x}", classifier.taxonomy().hash()),
        models: if models.is_empty() { String::new() } else { hash(&mut models.iter().map(Vec::as_slice)) },
        dictionary: hash(&mut classifier.taxonomy().words.iter().map(String::as_bytes)),
        settings: settings.to_owned(),
    }
}

/// How days are counted.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Group what no cause took.
    pub groups: bool,
    /// Days within which a customer who comes again for the same cause comes for the same matter.
    pub repeat_days: u32,
}

/// The name of the group that a ticket without a cause is in, by its id.
pub type GroupOf = HashMap<String, String>;

/// Counts a day that has changed, and makes its digest: of all its tickets, in an order that does not depend on how they came.
///
/// # Errors
/// What SQLite gives; broken accounting.
pub fn issue(history: &mut Writing<'_>, day: Date, classifier: &Classifier, options: Options) -> Result<(Digest, GroupOf)> {
    let mut counted = Counter::new(day, classifier.taxonomy());
    let revision = history.recount(day, options.groups, |ticket| counted.add(ticket))?;
    history.looked(day, |ticket| counted.checks.add(&mut counted.names, ticket))?;
    let issued = counted.digest(classifier, options, revision)?;
    history.keep_groups(day, &issued.0)?;
    Ok(issued)
}

/// The digest of a day as it was counted last, with its alerts; of one product only, where its folded name is given.
///
/// # Errors
/// As [`issue`].
pub fn reissue(history: &History, day: Date, product: Option<&str>, classifier: &Classifier, options: Options) -> Result<(Digest, GroupOf)> {
    let mut counted = Counter::new(day, classifier.taxonomy());
    let mut keys = Names::new(classifier.taxonomy());
    let mut wanted = |name: &str| product.is_none_or(|product| keys.key(name) == product);
    history.tickets_of(day, options.groups, |ticket| {
        if wanted(&ticket.product) {
            counted.add(ticket);
        }
    })?;
    history.looked(day, |ticket| {
        if wanted(&ticket.product) {
            counted.checks.add(&mut counted.names, ticket);
        }
    })?;
    let mut revision = history.revision_of(day)?;
    revision.changed.retain(|c| wanted(&c.product));
    if product.is_some() && revision.changed.is_empty() {
        revision.number = 0;
    }
    let (mut digest, groups) = counted.digest(classifier, options, revision)?;
    digest.alerts = history.alerts(day)?;
    digest.alerts.retain(|a| wanted(&a.product));
    Ok((digest, groups))
}

/// Tickets of a day on their way from the history to a digest.
struct Counter {
    day: Date,
    counts: Counts,
    loose: Vec<Loose>,
    names: Names,
    checks: DayChecks,
}

/// What names in the history mean: causes as indexes, products as the keys they are counted under.
pub(super) struct Names {
    /// The taxonomy, with the causes that it no longer has.
    pub taxonomy: Taxonomy,
    /// By name and pack, and by name alone.
    causes: HashMap<(String, String), usize>,
    keys: HashMap<String, String>,
}

impl Names {
    pub fn new(taxonomy: &Taxonomy) -> Names {
        let of_pack = |(i, c): (usize, &Cause)| [((c.name(), taxonomy.packs[c.pack].id.clone()), i), ((c.name(), String::new()), c.counted_as)];
        let causes = taxonomy.causes.iter().enumerate().flat_map(of_pack).collect();
        Names { taxonomy: taxonomy.without_rules(), causes, keys: HashMap::new() }
    }

    /// The cause of this name and pack, and the one that it is counted under; made where the taxonomy has it no more.
    pub fn cause(&mut self, name: &str, pack: &str) -> (Option<usize>, Option<usize>) {
        if name.is_empty() {
            return (None, None);
        }
        let key = (name.to_owned(), pack.to_owned());
        let known = self.causes.get(&key).or_else(|| self.causes.get(&(name.to_owned(), String::new()))).copied();
        let cause = known.unwrap_or_else(|| self.taxonomy.cause_named(name));
        self.causes.insert(key, cause);
        (Some(cause), Some(self.taxonomy.causes[cause].counted_as))
    }

    /// The key that a product is counted under.
    pub fn key(&mut self, product: &str) -> String {
        self.keys.entry(product.to_owned()).or_insert_with(|| key(product)).clone()
    }
}

impl Counter {
    fn new(day: Date, taxonomy: &Taxonomy) -> Counter {
        Counter { day, counts: Counts::new(SHOWN_IDS), loose: Vec::new(), names: Names::new(taxonomy), checks: DayChecks::new(taxonomy) }
    }

    fn add(&mut self, ticket: Stored) {
        let (cause, counted_as) = self.names.cause(&ticket.cause, &ticket.pack);
        let key = self.names.key(&ticket.product);
        let contact = ticket.customer.map(|customer| (customer, number(self.day)));
        let counted = Counted {
            kind: ticket.kind,
            cause,
            counted_as,
            id: &ticket.id,
            contact,
            wording: ticket.wording,
            kind_cell: ticket.cells[0],
            cause_cell: ticket.cells[1],
        };
        self.counts.add((&key, &ticket.product), &counted);
        if let Some(text) = ticket.text.filter(|_| cause.is_none() && self.loose.len() <= *GROUPED.end()) {
            self.loose.push(Loose { product: key, kind: ticket.kind, id: ticket.id, text });
        }
    }

    fn digest(mut self, classifier: &Classifier, options: Options, revision: Revision) -> Result<(Digest, GroupOf)> {
        self.counts.add_days(Some(self.day), Some(self.day));
        let total = self.counts.total();
        let accounting = Accounting { rows: total, classified: total, ..Accounting::default() };
        let (groups, of_ticket) = if options.groups { grouped(&self.loose, SHOWN_IDS, classifier.segmenter(), true) } else { (Groups::new(), Vec::new()) };
        let group_of = group_of(self.loose, of_ticket);
        let revision = (revision.number > 0).then_some(revision);
        let service = self.checks.counts;
        let header = Header { groups, revision, repeat_days: options.repeat_days, from_history: true, service, ..Header::default() };
        Ok((Digest::new(&self.counts, accounting, &self.names.taxonomy, classifier.corrections(), header)?, group_of))
    }
}
