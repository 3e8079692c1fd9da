//! Tickets written: new ones, versions of known ones, and those that are known already.

use super::{Checked, Decision, History, number};
use crate::error::Result;
use crate::prediction::Kind;
use crate::prevalence::Cell;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// The number of a kind in the tables; that of tickets whose kind is not decided is one more.
pub(super) fn kind_number(kind: Option<Kind>) -> i64 {
    kind.map_or(Kind::ALL.len() as i64, |k| k as i64)
}

/// The kind of a number in the tables.
pub(super) fn kind_of(number: i64) -> Option<Kind> {
    usize::try_from(number).ok().and_then(|n| Kind::ALL.get(n).copied())
}

/// A cell as one number.
pub(super) fn packed(cell: Cell) -> i64 {
    (i64::from(cell.first) << 32) | (i64::from(cell.second) << 16) | (i64::from(cell.p_first) << 8) | i64::from(cell.p_second)
}

/// The cell that a number is.
pub(super) fn unpacked(number: i64) -> Cell {
    let part = |shift: u32| (number >> shift) as u16;
    Cell { first: part(32), second: part(16), p_first: part(8) as u8, p_second: number as u8 }
}

/// A ticket as it is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// Its id as written; empty where its row has none. Then it is told by what it says, and by how many rows of its file said the same
    /// before.
    pub id: String,
    /// Its id as it may be kept; its file and the row's number (`in/a.csv#18`) where it has none.
    pub shown_id: String,
    /// Channel as written.
    pub channel: String,
    /// Its day; `None` where it has no date: it then belongs to the night that saw it first.
    pub day: Option<Date>,
    /// Second of that day; `None` where only a day was written.
    pub second: Option<u32>,
    /// Product as written, and the header of its column.
    pub written: String,
    /// See `written`.
    pub header: String,
    /// What was decided.
    pub decision: Decision,
    /// Who the customer is; empty where nobody knows. Only a keyed hash is kept.
    pub customer: String,
    /// Hash of its wording, see [`crate::counts::wording`].
    pub wording: u32,
    /// Its text as it may be kept: masked, or none.
    pub text: Option<String>,
    /// Characters of its text, kept or not.
    pub length: u32,
    /// Hash of what it says, as it may be kept.
    pub said: u64,
    /// What checks found in it.
    pub checked: Checked,
    /// Where its row is: file, line, first byte, bytes.
    pub file: String,
    /// See `file`.
    pub line: u64,
    /// See `file`.
    pub byte_start: u64,
    /// See `file`.
    pub byte_len: u64,
}

/// A row that could not be read.
#[derive(Debug, Clone, Copy)]
pub struct Quarantine<'a> {
    /// See [`crate::ticket::Quarantined`].
    pub row: &'a crate::ticket::Quarantined,
    /// What its file is called here.
    pub file: &'a str,
    /// What was wrong, masked.
    pub detail: &'a str,
}

/// A file as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Where it is, absolute.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// When it was last written to: nanoseconds since 1970.
    pub modified: i64,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// A ticket that was not there.
    New,
    /// A version of a known ticket.
    Revised,
    /// Nothing new.
    Known,
    /// A ticket that was forgotten on request.
    Forgotten,
}

/// Records by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// See [`Put`].
    pub new: u64,
    /// See [`Put`].
    pub revised: u64,
    /// See [`Put`].
    pub known: u64,
    /// See [`Put`].
    pub forgotten: u64,
    /// New ones without a date: they are counted on the day of the night.
    pub undated: u64,
}

/// A run that writes: all of it, or nothing when it is dropped before [`Writing::commit`].
pub struct Writing<'h> {
    /// In a transaction, until `commit` or `drop`.
    pub(super) db: &'h mut Connection,
    committed: bool,
    pub(super) path: PathBuf,
    names: HashMap<String, i64>,
    /// For each file the rows without an id that said the same.
    said: HashMap<(i64, u64), u64>,
    /// A secret that hashes of customers are made with, so that nobody finds out a number by trying all.
    secret: u64,
    night: i32,
    pub(super) run: i64,
    pub(super) decider: i64,
    /// Days whose tickets have changed.
    pub(super) days: BTreeSet<i32>,
    /// Whether tickets are taken out: what is no more is not told as a change.
    pub(super) forgetting: bool,
    tally: Tally,
    /// Of the ticket put last: its number and day where it was written, and whether it was known; number and day where it was known.
    pub(super) written: Option<(i64, i32, bool)>,
    pub(super) seen: Option<(i64, i32)>,
}

/// What decides, told by hashes: the same ones decide alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decider {
    /// The program's version.
    pub program: String,
    /// Of products, causes and rules.
    pub taxonomy: String,
    /// Of model files.
    pub models: String,
    /// Of the dictionary.
    pub dictionary: String,
    /// Thresholds.
    pub settings: String,
}

/// How a ticket stands in the tables.
pub(super) struct Known {
    pub ticket: i64,
    pub identity: i64,
    pub day: i32,
    pub second: Option<u32>,
    pub content: i64,
    /// Hash of its customer.
    pub customer: Option<i64>,
    /// Whether it has versions in a table of their own.
    pub versions: bool,
}

impl History {
    /// Begins a run of `night`, started at `started` (any text that tells a time).
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn begin(&mut self, night: Date, started: &str, decider: &Decider) -> Result<Writing<'_>> {
        let path = self.path.clone();
        let wrong = |e: rusqlite::Error| super::failed(&path, "write", &e);
        let db = &mut self.db;
        db.execute_batch("BEGIN IMMEDIATE").map_err(wrong)?;
        let mut writing = Writing::of(db, path.clone(), number(night));
        let db = &*writing.db;
        let d = decider;
        db.execute(
            "INSERT OR IGNORE INTO deciders (program, taxonomy, models, dictionary, settings) VALUES (?, ?, ?, ?, ?)",
            params![d.program, d.taxonomy, d.models, d.dictionary, d.settings],
        )
        .map_err(wrong)?;
        let decider: i64 = db
            .query_row(
                "SELECT decider FROM deciders WHERE (program, taxonomy, models, dictionary, settings) = (?, ?, ?, ?, ?)",
                params![d.program, d.taxonomy, d.models, d.dictionary, d.settings],
                |row| row.get(0),
            )
            .map_err(wrong)?;
        db.execute("INSERT OR IGNORE INTO settings VALUES ('secret', abs(random()))", []).map_err(wrong)?;
        let secret: i64 = db.query_row("SELECT value FROM settings WHERE key = 'secret'", [], |row| row.get(0)).map_err(wrong)?;
        db.execute(
            "INSERT INTO runs (started, night, decider, inputs, rows, new, revised, known, forgotten, quarantined) VALUES (?, ?, ?, '', 0, 0, 0, 0, 0, 0)",
            params![started, number(night), decider],
        )
        .map_err(wrong)?;
        let run = db.last_insert_rowid();
        (writing.secret, writing.run, writing.decider) = (secret as u64, run, decider);
        Ok(writing)
    }
}

impl History {
    /// Whether a file was read as it is, and in the same way: `read_as` tells of the settings that say how.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn has_read(&self, input: &Input, read_as: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM inputs WHERE (path, size, modified, read_as) = (?, ?, ?, ?)";
        let known = |db: &Connection| db.prepare_cached(sql)?.exists(params![input.path, input.size as i64, input.modified, read_as]);
        known(&self.db).map_err(|e| self.failed("read", &e))
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if !self.committed {
            // Where even this fails, SQLite takes the transaction back when the file is opened again.
            let _ = self.db.execute_batch("ROLLBACK");
        }
    }
}

impl<'h> Writing<'h> {
    fn of(db: &'h mut Connection, path: PathBuf, night: i32) -> Writing<'h> {
        let (names, said, days, tally) = (HashMap::new(), HashMap::new(), BTreeSet::new(), Tally::default());
        Writing { db, committed: false, path, names, said, secret: 0, night, run: 0, decider: 0, days, forgetting: false, tally, written: None, seen: None }
    }

    pub(super) fn wrong(&self, e: &rusqlite::Error) -> crate::error::Error {
        super::failed(&self.path, "write", e)
    }

    /// The number of a word.
    pub(super) fn name(&mut self, text: &str) -> Result<i64> {
        if text.is_empty() {
            return Ok(0);
        }
        if let Some(name) = self.names.get(text) {
            return Ok(*name);
        }
        let find = |db: &Connection| {
            let known = db.prepare_cached("SELECT name FROM names WHERE text = ?")?.query_row([text], |row| row.get(0)).optional()?;
            match known {
                Some(name) => Ok(name),
                None => db.prepare_cached("INSERT INTO names (text) VALUES (?)")?.execute([text]).map(|_| db.last_insert_rowid()),
            }
        };
        let name: i64 = find(self.db).map_err(|e| self.wrong(&e))?;
        self.names.insert(text.to_owned(), name);
        Ok(name)
    }

    /// Puts a ticket into the history.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn put(&mut self, record: &Record) -> Result<Put> {
        let names = [&record.channel, &record.written, &record.header, &record.decision.product, &record.decision.cause, &record.file, &record.decision.pack];
        let mut numbers = [0; 7];
        for (number, text) in numbers.iter_mut().zip(names) {
            *number = self.name(text)?;
        }
        let identity = self.identity(record, numbers[5]);
        (self.written, self.seen) = (None, None);
        let put = self.put_as(record, identity, numbers).map_err(|e| self.wrong(&e))?;
        self.keep_checked(&record.checked)?;
        match put {
            Put::New => self.tally.new += 1,
            Put::Revised => self.tally.revised += 1,
            Put::Known => self.tally.known += 1,
            Put::Forgotten => self.tally.forgotten += 1,
        }
        Ok(put)
    }

    fn hash(&self, parts: &[&[u8]]) -> u64 {
        let mut hasher = Xxh3::with_seed(self.secret);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.digest()
    }

    /// Hash of what tells a ticket with an id from all others.
    pub(super) fn identity_of(&self, channel: &str, id: &str) -> i64 {
        self.hash(&[b"id", channel.as_bytes(), id.as_bytes()]) as i64
    }

    /// Hash of what tells the ticket from all others.
    fn identity(&mut self, record: &Record, file: i64) -> i64 {
        if !record.id.is_empty() {
            return self.identity_of(&record.channel, &record.id);
        }
        let time = record.day.map(|d| (super::number(d), record.second)).map_or_else(String::new, |t| format!("{t:?}"));
        let said = record.said.to_le_bytes();
        let same = self.hash(&[b"row", record.channel.as_bytes(), record.written.as_bytes(), record.customer.as_bytes(), time.as_bytes(), &said]);
        let before = self.said.entry((file, same)).and_modify(|n| *n += 1).or_default();
        let before = *before;
        self.hash(&[&same.to_le_bytes(), &before.to_le_bytes()]) as i64
    }

    fn put_as(&mut self, r: &Record, mut identity: i64, numbers: [i64; 7]) -> rusqlite::Result<Put> {
        let db = &self.db;
        if db.prepare_cached("SELECT 1 FROM forgotten WHERE identity = ?")?.exists([identity])? {
            return Ok(Put::Forgotten);
        }
        let content = xxh3_64(&[r.written.as_bytes(), &r.said.to_le_bytes()].concat()) as i64;
        let (day, second) = (r.day.map_or(self.night, number), r.second);
        let known = loop {
            let sql = "SELECT ticket, day, second, content, id, channel, EXISTS (SELECT 1 FROM versions v WHERE v.ticket = t.ticket),
                       customer FROM tickets t WHERE identity = ?";
            let found = db
                .prepare_cached(sql)?
                .query_row([identity], |row| {
                    let (day, second) = (row.get(1)?, row.get(2)?);
                    let (content, versions, customer) = (row.get(3)?, row.get(6)?, row.get(7)?);
                    let known = Known { ticket: row.get(0)?, identity, day, second, content, customer, versions };
                    Ok((known, r.id.is_empty() || (row.get::<_, String>(4)? == r.shown_id && row.get::<_, i64>(5)? == numbers[0])))
                })
                .optional()?;
            match found {
                // Two ids of one hash, in ten million tickets once in a million histories.
                Some((_, false)) => identity = identity.wrapping_add(1),
                found => break found.map(|f| f.0),
            }
        };
        let Some(known) = known else {
            let ticket = self.write(r, identity, numbers, content, (day, second))?;
            self.days.insert(day);
            self.tally.undated += u64::from(r.day.is_none());
            self.written = Some((ticket, day, false));
            return Ok(Put::New);
        };
        self.seen = Some((known.ticket, known.day));
        // Without a date it may have come on any day: no earlier than what is known of it.
        let (day, second) = if r.day.is_none() { self.latest(&known)? } else { (day, second) };
        if known.content == content && !known.versions && (day, second) == (known.day, known.second) {
            self.put_customer(r, &known)?;
            return Ok(Put::Known);
        }
        self.put_version(r, &known, numbers, content, (day, second))
    }

    /// Writes a ticket, or its latest version over those before; its day and second are only written the first time.
    pub(super) fn write(&self, r: &Record, identity: i64, names: [i64; 7], content: i64, (day, second): (i32, Option<u32>)) -> rusqlite::Result<i64> {
        let [channel, written, header, product, cause, file, pack] = names;
        let cells = r.decision.cells.map(|c| c.map(packed));
        self.db
            .prepare_cached(
                "INSERT INTO tickets (identity, id, channel, day, second, written, header, product, kind, cause, pack, confidence, decided_by, kind_cell, cause_cell,
                 customer, wording, text, length, content, file, line, byte_start, byte_len, run, decider)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (identity) DO UPDATE SET (written, header, product, kind, cause, pack, confidence, decided_by, kind_cell, cause_cell, customer, wording,
                 text, length, content, file, line, byte_start, byte_len, run, decider) = (excluded.written, excluded.header, excluded.product, excluded.kind, excluded.cause,
                 excluded.pack, excluded.confidence, excluded.decided_by, excluded.kind_cell, excluded.cause_cell, coalesce(excluded.customer, customer),
                 excluded.wording, excluded.text, excluded.length, excluded.content, excluded.file, excluded.line, excluded.byte_start, excluded.byte_len, excluded.run,
                 excluded.decider) RETURNING ticket",
            )?
            .query_row(params![
                identity,
                r.shown_id,
                channel,
                day,
                second,
                written,
                header,
                product,
                kind_number(r.decision.kind),
                cause,
                pack,
                f64::from(r.decision.confidence),
                r.decision.by(),
                cells[0],
                cells[1],
                self.customer(&r.customer),
                r.wording,
                r.text,
                r.length,
                content,
                file,
                r.line as i64,
                r.byte_start as i64,
                r.byte_len as i64,
                self.run,
                self.decider
            ], |row| row.get(0))
    }

    /// The keyed hash of a customer.
    pub(super) fn customer(&self, customer: &str) -> Option<i64> {
        (!customer.is_empty()).then(|| xxhash_rust::xxh3::xxh3_64_with_seed(customer.as_bytes(), self.secret) as i64)
    }

    /// Notes a row that could not be read; each is kept once.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn quarantine(&mut self, q: &Quarantine<'_>) -> Result<()> {
        let file = self.name(q.file)?;
        let row = params![file, q.row.line as i64, q.row.byte_start as i64, q.row.byte_len as i64, q.row.reason.code(), q.detail, self.run];
        let insert = |db: &Connection| db.prepare_cached("INSERT OR IGNORE INTO quarantined VALUES (?, ?, ?, ?, ?, ?, ?)")?.execute(row);
        insert(self.db).map_err(|e| self.wrong(&e)).map(|_| ())
    }

    /// What became of the records so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Days whose tickets have changed so far.
    #[must_use]
    pub fn days(&self) -> Vec<Date> {
        self.days.iter().map(|d| super::date(*d)).collect()
    }

    /// Writes down what the run came to: what it read, how many rows, how many of them could not be read.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn close(&mut self, inputs: &str, rows: u64, quarantined: u64) -> Result<()> {
        let t = self.tally;
        self.db
            .execute(
                "UPDATE runs SET inputs = ?, rows = ?, new = ?, revised = ?, known = ?, forgotten = ?, quarantined = ? WHERE run = ?",
                params![inputs, rows as i64, t.new as i64, t.revised as i64, t.known as i64, t.forgotten as i64, quarantined as i64, self.run],
            )
            .map(|_| ())
            .map_err(|e| self.wrong(&e))
    }

    /// Notes that a file was read whole.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn read(&mut self, input: &Input, read_as: &str) -> Result<()> {
        let row = params![input.path, input.size as i64, input.modified, read_as, self.run];
        self.db.execute("INSERT OR REPLACE INTO inputs VALUES (?, ?, ?, ?, ?)", row).map(|_| ()).map_err(|e| self.wrong(&e))
    }

    /// Makes all of it stay, lets `publish` put the digests of the days that have changed in their places, and notes that they are.
    ///
    /// # Errors
    /// What SQLite gives; then nothing of it stays. What `publish` gives; then the next run does it.
    pub fn commit(mut self, publish: impl FnOnce() -> Result<()>) -> Result<()> {
        self.db.execute_batch("COMMIT").map_err(|e| self.wrong(&e))?;
        self.committed = true;
        publish()?;
        super::days::published(self.db, &self.days()).map_err(|e| self.wrong(&e))
    }
}
