//! The stages connected: batches are read, classified on all cores and consumed in the order of the input, at the same time.
//! What comes out does not depend on the number of threads.

pub mod advise;
pub mod annotate;
mod checks;
pub mod discover;
pub mod fixes;
pub mod inspect;
pub mod labelled;
pub mod listing;
pub mod night;
pub mod outgoing;
pub mod period;
pub mod propose;
pub mod restate;
pub mod review;
pub mod scripts;
pub mod summary;
pub mod teams;
pub mod watch;

use crate::cell::push_cell;
use crate::classify::{Classifier, Field, Scratch};
use crate::digest::Accounting;
use crate::error::{Error, ErrorKind, Result};
use crate::ingest::cells::Cells;
use crate::ingest::dates::{self, Found, When};
use crate::ingest::notes::RowNotes;
use crate::ingest::reader::{FileReport, Layout, Message, Reject};
use crate::ingest::records::RowSpan;
use crate::ingest::seen::SeenRows;
use crate::ingest::{self, Batch, Opened, Reader, Source};
use crate::mask;
use crate::prediction::{Evidence, Fired, Prediction};
use crate::ticket::{Reason, Ticket};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use xxhash_rust::xxh3::Xxh3;

/// Batches in flight, per thread.
const BATCHES_A_THREAD: usize = 8;

/// What to read and how.
pub struct Job<'a> {
    /// Decides the tickets.
    pub classifier: &'a Classifier,
    /// How to read.
    pub ingest: &'a ingest::Config,
    /// What to read, in this order.
    pub sources: &'a [Source],
    /// Only tickets with these ids.
    pub only_ids: Option<&'a HashSet<String>>,
    /// Whether to keep the bytes of rows for a rejects file.
    pub keep_raw: bool,
    /// Largest share of quarantined rows, 0 to 1; small files may have ten anyway.
    pub max_quarantined: f64,
    /// Reads the tickets' times.
    pub dates: dates::Reader,
    /// Whether personal data is masked in all that leaves.
    pub mask: bool,
    /// Bytes read so far, for a progress bar.
    pub progress: &'a AtomicU64,
}

/// What reading everything came to.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Where the rows went.
    pub accounting: Accounting,
    /// Per file.
    pub files: Vec<FileReport>,
    /// Ids asked for that no row has, sorted.
    pub ids_not_found: Vec<String>,
    /// Why nothing but the rejects may be published: too many rows could not be read, or an input ends in the middle.
    pub refused: Option<Error>,
    /// Parts of files that are left out, with the reason.
    pub left_out: Vec<String>,
    /// How long its stages took.
    pub took: Took,
}

/// How long stages took; they run side by side, so that together they are longer than the whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Took {
    /// Reading and taking apart, on one thread.
    pub reading: Duration,
    /// Deciding, over all threads.
    pub deciding: Duration,
    /// Counting or writing, on one thread.
    pub counting: Duration,
}

/// What `work` gives, with the time it took added to `sum`.
fn timed<T>(sum: &AtomicU64, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    sum.fetch_add(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    done
}

/// A row on its way: its ticket, its decision, its cells as text.
pub(crate) struct Row<'a> {
    pub ticket: &'a Ticket<'a>,
    pub prediction: &'a Prediction,
    /// Checks of its conversation that fired, where the output listens.
    pub heard: &'a [Fired],
    pub line: &'a str,
    pub cells: &'a Cells,
    /// How its columns are masked; empty where they are not.
    pub masks: &'a [mask::Cells],
    /// The rows it was joined from, where it is a chat.
    pub messages: &'a [Message],
    /// When it happened, where that was written and understood.
    pub when: Option<When>,
    /// What the header tells of the field.
    pub field: Field,
    /// Where its bytes are.
    pub span: RowSpan,
}

impl Row<'_> {
    /// Who served, where that is to be told; `masked` masks it.
    pub fn served_by(&self, masked: bool) -> String {
        let name = self.ticket.served_by.trim();
        if masked { mask::mask(name).into_owned() } else { name.to_owned() }
    }
}

/// Writes cells as they may leave as the beginning of a CSV row; `raw` leaves formulas as they are.
pub(crate) fn push_cells<'c>(out: &mut String, cells: impl Iterator<Item = &'c str>, masks: &[mask::Cells], raw: bool) {
    let cell = if raw { crate::cell::push_cell } else { crate::cell::push_safe_cell };
    for (i, value) in masked(cells, masks).enumerate() {
        if i > 0 {
            out.push(',');
        }
        cell(out, &value, b',');
    }
}

/// Cells as they may leave.
pub(crate) fn masked<'c>(cells: impl Iterator<Item = &'c str>, masks: &[mask::Cells]) -> impl Iterator<Item = Cow<'c, str>> {
    let masks = masks.iter().copied().chain(std::iter::repeat(mask::Cells::Keep));
    cells.zip(masks).map(|(cell, how)| match how {
        mask::Cells::Keep => Cow::Borrowed(cell),
        mask::Cells::Ids | mask::Cells::Orders => mask::mask_id(cell, how),
        mask::Cells::Search => mask::mask(cell),
        mask::Cells::Whole => Cow::Owned(mask::mask_whole(cell)),
    })
}

/// Masks what a decision quotes; positions stay.
pub(crate) fn mask_prediction(prediction: &mut Prediction, text: &str) {
    if let Some(Cow::Owned(name)) = prediction.product.as_deref().map(mask::mask) {
        prediction.product = Some(name);
    }
    // Words of rules are nobody's: only what quotes numbers or addresses may hold more.
    let may_tell = |e: &Evidence| e.words.bytes().any(|b| b.is_ascii_digit() || b == b'@');
    let by_model = prediction.by_model.as_mut().map(|m| &mut m.product_evidence);
    let mut all = [Some(&mut prediction.cause_evidence), Some(&mut prediction.kind_evidence), by_model];
    if (!prediction.noted.is_empty() || all.iter().flatten().any(|e| e.iter().any(may_tell)))
        && let Cow::Owned(masked) = mask::mask(text)
    {
        all.iter_mut().flatten().for_each(|e| mask_evidence(e, &masked));
        prediction.noted.iter_mut().for_each(|f| mask_evidence(std::slice::from_mut(&mut f.sentence), &masked));
    }
}

/// Quotes the masked text instead.
pub(crate) fn mask_evidence(evidence: &mut [Evidence], masked: &str) {
    for e in evidence {
        e.words = masked.chars().skip(e.at).take(e.words.chars().count()).collect();
    }
}

/// What one batch leaves for the consumer.
pub(crate) struct Done<T> {
    /// One entry a ticket: its hash (0: cannot be a duplicate).
    hashes: Vec<u128>,
    /// The ids found among those asked for.
    found: Vec<String>,
    rejects: Vec<Reject>,
    not_asked_for: u64,
    /// What was found in its rows, and their file.
    notes: RowNotes,
    layout: Arc<Layout>,
    part: T,
}

/// One thread's buffers.
struct Worker {
    scratch: Scratch,
    cells: Cells,
}

/// A kind of output: `T` is what a batch contributes to it.
pub(crate) trait Output: Sync {
    type Part: Send;
    /// Whether tickets are decided for it.
    fn decides(&self) -> bool {
        true
    }
    /// Whether conversations are looked over for it.
    fn listens(&self) -> bool {
        false
    }
    /// Called on any thread.
    fn begin(&self, layout: &Layout) -> Self::Part;
    /// Called on any thread, for each ticket.
    fn row(&self, part: &mut Self::Part, row: &Row<'_>);
}

/// Consumes parts in the order of the input.
pub(crate) trait Consumer<T>: Send {
    /// `new[i]` tells whether the i-th ticket of the batch is no duplicate.
    fn part(&mut self, part: T, new: &[bool]) -> Result<()>;
    /// A row that could not be read.
    fn reject(&mut self, reject: &Reject) -> Result<()>;
}

/// Runs the job.
pub(crate) fn run<O: Output>(job: &Job<'_>, output: &O, consumer: &mut impl Consumer<O::Part>) -> Result<Outcome> {
    let threads = rayon::current_num_threads();
    let workers = Mutex::new(Vec::new());
    let mut feed = Feed {
        job,
        queue: job.sources.iter().cloned().collect(),
        several: job.sources.len() > 1,
        left_out: Vec::new(),
        current: None,
        files: Vec::new(),
        finished_bytes: 0,
    };
    let mut sink = Sink { job, consumer, seen: SeenRows::default(), accounting: Accounting::default(), found: HashSet::new(), notes: HashMap::new() };
    let [reading, deciding, counting] = [(); 3].map(|()| AtomicU64::new(0));
    let mut batches = timed(&reading, || feed.read(threads * BATCHES_A_THREAD))?;
    let mut done: Vec<Done<O::Part>> = Vec::new();
    while !batches.is_empty() || !done.is_empty() {
        let finished = std::mem::take(&mut done);
        let work = std::mem::take(&mut batches);
        let (consumed, (next, processed)) = rayon::join(
            || timed(&counting, || finished.into_iter().try_for_each(|d| sink.take(d))),
            || {
                rayon::join(
                    || timed(&reading, || feed.read(threads * BATCHES_A_THREAD)),
                    || work.into_par_iter().with_max_len(1).map(|b| timed(&deciding, || process(job, output, &workers, b))).collect::<Vec<_>>(),
                )
            },
        );
        consumed?;
        batches = next?;
        done = processed;
    }
    for file in &mut feed.files {
        file.notes.rows += sink.notes.get(&file.file).copied().unwrap_or_default();
    }
    let mut accounting = sink.accounting;
    accounting.structural = feed.files.iter().map(|f| f.structural).sum();
    let read: u64 = feed.files.iter().map(|f| f.rows).sum();
    if read != accounting.rows + accounting.not_asked_for {
        let message = format!("{read} rows read, but {} arrived; nothing is published; please report this", accounting.rows + accounting.not_asked_for);
        return Err(Error::new(ErrorKind::Accounting, message));
    }
    accounting.check()?;
    let mut ids_not_found: Vec<String> = job.only_ids.into_iter().flatten().filter(|id| !sink.found.contains(*id)).cloned().collect();
    ids_not_found.sort();
    let bad = accounting.quarantined as f64;
    let refused = (bad > job.max_quarantined * (accounting.rows + accounting.not_asked_for) as f64 && accounting.quarantined > 10).then(|| {
        Error::input(format!(
            "{} of {} rows cannot be read, more than the {} % allowed; look at them with `--rejects FILE`; if they are right, raise `--max-quarantined`",
            accounting.quarantined,
            accounting.rows + accounting.not_asked_for,
            job.max_quarantined * 100.0
        ))
    });
    let incomplete = feed.files.iter().find_map(|f| Some((f, f.incomplete.as_ref()?)));
    let incomplete = incomplete.map(|(f, how)| Error::input(format!("the file ends in the middle ({how})")).in_file(&f.file));
    let [reading, deciding, counting] = [reading, deciding, counting].map(|sum| Duration::from_nanos(sum.into_inner()));
    let took = Took { reading, deciding, counting };
    Ok(Outcome { accounting, files: feed.files, ids_not_found, refused: incomplete.or(refused), left_out: feed.left_out, took })
}

/// Reads the sources one after the other.
struct Feed<'a, 'j> {
    job: &'j Job<'a>,
    queue: VecDeque<Source>,
    /// Whether there is more than one input.
    several: bool,
    left_out: Vec<String>,
    current: Option<Box<Reader>>,
    files: Vec<FileReport>,
    finished_bytes: u64,
}

impl Feed<'_, '_> {
    fn read(&mut self, batches: usize) -> Result<Vec<Batch>> {
        let mut read = Vec::with_capacity(batches);
        while read.len() < batches {
            let Some(reader) = &mut self.current else {
                let Some(source) = self.queue.pop_front() else { break };
                match Reader::open(&source, self.job.ingest, self.job.keep_raw, self.several)? {
                    Opened::Empty(report) => self.files.push(*report),
                    Opened::Reader(reader) => self.current = Some(reader),
                    Opened::Parts(parts, left_out) => {
                        self.left_out.extend(left_out);
                        self.several |= parts.len() > 1;
                        parts.into_iter().rev().for_each(|p| self.queue.push_front(p));
                    }
                }
                continue;
            };
            if let Some(batch) = reader.next_batch()? {
                self.job.progress.store(self.finished_bytes + reader.offset(), Ordering::Relaxed);
                read.push(batch);
            } else if let Some(reader) = self.current.take() {
                self.finished_bytes += reader.offset();
                self.files.push(reader.finish()?);
            }
        }
        Ok(read)
    }
}

/// Classifies a batch, on any thread.
fn process<O: Output>(job: &Job<'_>, output: &O, workers: &Mutex<Vec<Worker>>, mut batch: Batch) -> Done<O::Part> {
    let layout = &*Arc::clone(&batch.layout);
    let pooled = workers.lock().ok().and_then(|mut w| w.pop());
    let mut worker = pooled.unwrap_or_else(|| Worker { scratch: job.classifier.scratch(), cells: Cells::new(layout.delimiter) });
    if worker.cells.delimiter() != layout.delimiter {
        worker.cells = Cells::new(layout.delimiter);
    }
    let field = layout.columns.product.map_or(Field::UNKNOWN, |c| job.classifier.field_of_header(&layout.header[c]));
    let mut done = Done {
        hashes: Vec::with_capacity(batch.rows.len()),
        found: Vec::new(),
        rejects: std::mem::take(&mut batch.rejects),
        not_asked_for: 0,
        notes: RowNotes::default(),
        layout: Arc::clone(&batch.layout),
        part: output.begin(layout),
    };
    for row in &batch.rows {
        let set_aside = |reason, mut detail: String| {
            // The messages of a chat need not stand together.
            row.messages.iter().skip(1).for_each(|m| detail.push_str(&format!("; more of it: {} bytes from byte {}", m.span.len, m.span.start)));
            Reject::new(&layout.file, row.span, reason, detail, row.raw.clone())
        };
        match layout.split(row, &batch.text, &mut worker.cells) {
            Ok(legible) => done.notes += legible.into(),
            Err((reason, detail)) => {
                done.rejects.push(set_aside(reason, detail));
                continue;
            }
        }
        let line = &batch.text[row.text.clone()];
        let ticket = layout.ticket(row, line, &worker.cells);
        let when = match job.dates.read(&ticket.time) {
            Found::When(when) => Some(when),
            Found::Empty => None,
            // Who does not decide needs no date.
            Found::Bad if !output.decides() => None,
            // Only its year is missing.
            Found::Bad if job.dates.read_any(&ticket.time) != Found::Bad => {
                done.notes.yearless += 1;
                None
            }
            Found::Bad => {
                done.rejects.push(set_aside(Reason::BadDate, format!("expected a date, found `{}`", ticket.time.trim())));
                continue;
            }
        };
        done.notes.rounded_ids += u64::from(ticket.id_is_row && layout.has_id(line, &worker.cells));
        if let Some(ids) = job.only_ids {
            if !ids.contains(ticket.id.as_ref()) {
                done.not_asked_for += 1;
                continue;
            }
            done.found.push(ticket.id.to_string());
        }
        done.hashes.push(hash(&ticket));
        let mut prediction = Prediction::default();
        if output.decides() {
            prediction = job.classifier.classify(&ticket, field, &mut worker.scratch);
            done.notes.conflicts += u64::from(prediction.by_model.as_ref().is_some_and(|by| by.is_conflict()));
            if job.mask {
                mask_prediction(&mut prediction, &ticket.text);
            }
        }
        let talk = ticket.talk.as_ref().filter(|_| output.listens());
        let heard = talk.map_or_else(Vec::new, |talk| job.classifier.listen(talk, job.classifier.script(&prediction), &mut worker.scratch, job.mask));
        let masks: &[mask::Cells] = if job.mask { &layout.masks } else { &[] };
        output.row(
            &mut done.part,
            &Row {
                ticket: &ticket,
                prediction: &prediction,
                heard: &heard,
                line,
                cells: &worker.cells,
                masks,
                messages: &row.messages,
                when,
                field,
                span: row.span,
            },
        );
    }
    done.rejects.sort_by_key(|r| r.row.byte_start);
    if let Ok(mut w) = workers.lock() {
        w.push(worker);
    }
    done
}

/// What makes two rows the same ticket: id, channel, product and text. A made-up id makes a row unlike any other (0).
fn hash(ticket: &Ticket<'_>) -> u128 {
    if ticket.id_is_row {
        return 0;
    }
    let mut hasher = Xxh3::new();
    for part in [&ticket.id, &ticket.channel, &ticket.product, &ticket.text] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.digest128().max(1)
}

/// Consumes batches in order: duplicates, accounting, then the output's consumer.
struct Sink<'a, 'j, C> {
    job: &'j Job<'a>,
    consumer: &'j mut C,
    seen: SeenRows,
    accounting: Accounting,
    found: HashSet<String>,
    /// By file.
    notes: HashMap<String, RowNotes>,
}

impl<C> Sink<'_, '_, C> {
    fn take<T>(&mut self, done: Done<T>) -> Result<()>
    where
        C: Consumer<T>,
    {
        let a = &mut self.accounting;
        a.rows += (done.hashes.len() + done.rejects.len()) as u64;
        a.not_asked_for += done.not_asked_for;
        if done.notes != RowNotes::default() {
            *self.notes.entry(done.layout.file.clone()).or_default() += done.notes;
        }
        if self.job.only_ids.is_some() {
            self.found.extend(done.found);
        }
        for reject in &done.rejects {
            a.quarantined += 1;
            self.consumer.reject(reject)?;
        }
        let mut new = Vec::with_capacity(done.hashes.len());
        for hash in done.hashes {
            let is_new = hash == 0 || self.seen.insert(hash)?;
            a.classified += u64::from(is_new);
            a.duplicates += u64::from(!is_new);
            new.push(is_new);
        }
        self.consumer.part(done.part, &new)
    }
}

/// Where quarantined rows are written: CSV with the place, the reason, and the bytes in base64 (left empty, when masking, for
/// rows with personal data: their place in the input finds them).
pub struct Rejects<W: std::io::Write> {
    out: W,
    name: String,
    mask: bool,
}

/// Bytes of an unknown encoding as text: in all of them digits and Latin letters are what they look like.
fn glance(raw: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(raw) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(raw.iter().filter(|b| **b != 0).map(|b| if b.is_ascii() { char::from(*b) } else { '口' }).collect()),
    }
}

impl<W: std::io::Write> Rejects<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// What writing gave.
    pub fn new(out: W, name: &str, mask: bool) -> Result<Self> {
        let mut rejects = Rejects { out, name: name.to_owned(), mask };
        rejects.line("file,line,byte_start,byte_len,reason,detail,bytes_base64\n")?;
        Ok(rejects)
    }

    fn line(&mut self, line: &str) -> Result<()> {
        self.out.write_all(line.as_bytes()).map_err(|e| Error::io(&self.name, "write", &e))
    }

    /// Writes one row.
    ///
    /// # Errors
    /// What writing gave.
    pub fn write(&mut self, reject: &Reject) -> Result<()> {
        use base64::Engine;
        let r = &reject.row;
        let mut line = String::new();
        push_cell(&mut line, &r.file, b',');
        line.push_str(&format!(",{},{},{},{},", r.line, r.byte_start, r.byte_len, r.reason.code()));
        push_cell(&mut line, &mask::mask(&r.detail), b',');
        line.push(',');
        // Bytes that hold personal data stay in the input, where their place finds them.
        if let Some(raw) = reject.raw.as_ref().filter(|raw| !self.mask || mask::find(&glance(raw)).is_empty()) {
            base64::engine::general_purpose::STANDARD.encode_string(raw, &mut line);
        }
        line.push('\n');
        self.line(&line)
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// What writing gave.
    pub fn finish(mut self) -> Result<W> {
        self.out.flush().map_err(|e| Error::io(&self.name, "write", &e))?;
        Ok(self.out)
    }
}
