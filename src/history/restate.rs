//! Kept tickets decided anew. What was decided before is kept, so that a report can tell what it would have said.

use super::tickets::{kind_number, kind_of, packed};
use super::{History, Writing, date, number};
use crate::digest::Changed;
use crate::error::Result;
use crate::prediction::Kind;
use crate::prevalence::Cell;
use jiff::civil::Date;
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, HashMap};

/// Tickets decided at a time.
const PART: i64 = 50_000;

/// A ticket as it was read, to be decided again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    /// Its text.
    pub text: String,
    /// Product as written, and the header of its column.
    pub written: String,
    /// See `written`.
    pub header: String,
    /// Channel.
    pub channel: String,
}

/// A decision.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    /// Product.
    pub product: String,
    /// Kind.
    pub kind: Option<Kind>,
    /// Name of the cause, and the pack that it is of; empty where there is none.
    pub cause: String,
    /// See `cause`.
    pub pack: String,
    /// How sure, 0 to 1.
    pub confidence: f32,
    /// What a model decided: the kind, the cause, the product.
    pub by_model: [bool; 3],
    /// What models of kinds and causes think of it.
    pub cells: [Option<Cell>; 2],
}

impl Decision {
    /// What a model decided, as the tables have it.
    pub(super) fn by(&self) -> i64 {
        self.by_model.iter().rev().fold(0, |bits, by| bits << 1 | i64::from(*by))
    }
}

/// A ticket decided anew: the decision, and the checks that fired in its text, as [`Checked::noted`](super::Checked).
pub type Anew = (Decision, Vec<(String, Option<String>)>);

/// What restating came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restated {
    /// Tickets decided anew, and those among them that are something else now.
    pub decided: u64,
    /// See `decided`.
    pub changed: u64,
    /// Tickets whose texts are not kept: they stay as they are.
    pub without_text: u64,
    /// Counts over all days that are others now.
    pub counts: Vec<Changed>,
}

/// What tickets are counted under: product, kind, cause.
type Under = (i64, i64, i64);

impl Writing<'_> {
    /// Decides all tickets whose texts are kept anew. `decide` gives a decision, and the checks that fired, for each of some tickets, in their order; `at` tells the
    /// time in any words.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn restate(&mut self, at: &str, mut decide: impl FnMut(&[Kept]) -> Vec<Anew>) -> Result<Restated> {
        let insert = |db: &Connection| db.execute("INSERT INTO restatements (at, decider) VALUES (?, ?)", params![at, self.decider]);
        insert(self.db).map_err(|e| self.wrong(&e))?;
        let restatement = self.db.last_insert_rowid();
        let mut restated = Restated::default();
        let mut moved: BTreeMap<(Under, Under), u64> = BTreeMap::new();
        let last: i64 = self.db.query_row("SELECT coalesce(max(ticket), 0) FROM tickets", [], |row| row.get(0)).map_err(|e| self.wrong(&e))?;
        let mut from = 0;
        while from < last {
            let (rows, without) = part(self.db, from).map_err(|e| self.wrong(&e))?;
            restated.without_text += without;
            restated.decided += rows.len() as u64;
            let kept: Vec<Kept> = rows.iter().map(|r| r.kept.clone()).collect();
            let mut noted = noted(self.db, from).map_err(|e| self.wrong(&e))?;
            for (row, (decision, fired)) in rows.iter().zip(decide(&kept)) {
                if !noted.remove(&row.ticket).unwrap_or_default().iter().eq(fired.iter().map(|(check, _)| check)) {
                    self.keep_noted(row.ticket, &fired, true)?;
                    self.days.insert(row.day);
                }
                let names = [self.name(&decision.product)?, self.name(&decision.cause)?, self.name(&decision.pack)?];
                let now = (names[0], kind_number(decision.kind), names[1]);
                if now != row.under {
                    restated.changed += 1;
                    *moved.entry((row.under, now)).or_default() += 1;
                    self.days.insert(row.day);
                }
                if now != row.under || row.pack != names[2] || row.cells != decision.cells.map(|c| c.map(packed)) {
                    self.decide_anew(row.ticket, &decision, names, restatement, now != row.under).map_err(|e| self.wrong(&e))?;
                }
            }
            from += PART;
        }
        // Tickets that stay what they are were decided by the same as the others now.
        let all = "UPDATE tickets SET decider = ?1 WHERE text IS NOT NULL AND decider != ?1";
        self.db.execute(all, [self.decider]).map_err(|e| self.wrong(&e))?;
        if restated.changed == 0 {
            self.db.execute("DELETE FROM restatements WHERE restatement = ?", [restatement]).map_err(|e| self.wrong(&e))?;
        }
        restated.counts = self.differences(&moved).map_err(|e| self.wrong(&e))?;
        Ok(restated)
    }

    fn decide_anew(&self, ticket: i64, d: &Decision, [product, cause, pack]: [i64; 3], restatement: i64, counted: bool) -> rusqlite::Result<()> {
        if counted {
            let sql = "INSERT INTO restated SELECT ?, ticket, product, kind, cause, decider FROM tickets WHERE ticket = ?";
            self.db.prepare_cached(sql)?.execute([restatement, ticket])?;
        }
        let sql = "UPDATE tickets SET product = ?, kind = ?, cause = ?, pack = ?, confidence = ?, decided_by = ?, kind_cell = ?, cause_cell = ?, decider = ?
                   WHERE ticket = ?";
        let cells = d.cells.map(|c| c.map(packed));
        let row = params![product, kind_number(d.kind), cause, pack, f64::from(d.confidence), d.by(), cells[0], cells[1], self.decider, ticket];
        self.db.prepare_cached(sql)?.execute(row).map(|_| ())
    }

    /// Counts that have changed, of all days.
    fn differences(&self, moved: &BTreeMap<(Under, Under), u64>) -> rusqlite::Result<Vec<Changed>> {
        let mut change: BTreeMap<Under, i64> = BTreeMap::new();
        for ((from, to), n) in moved {
            *change.entry(*from).or_default() -= *n as i64;
            *change.entry(*to).or_default() += *n as i64;
        }
        let mut counts = Vec::new();
        for ((product, kind, cause), by) in change.into_iter().filter(|c| c.1 != 0) {
            let text = |name: i64| self.db.prepare_cached("SELECT text FROM names WHERE name = ?")?.query_row([name], |row| row.get::<_, String>(0));
            let sql = "SELECT coalesce(sum(count), 0) FROM counts WHERE (product, kind, cause) = (?, ?, ?)";
            let before: i64 = self.db.prepare_cached(sql)?.query_row([product, kind, cause], |row| row.get(0))?;
            let after = (before + by).max(0) as u64;
            counts.push(Changed { product: text(product)?, kind: kind_of(kind), cause: text(cause)?, before: before as u64, after });
        }
        counts.sort_by_key(|c| (std::cmp::Reverse(c.after.abs_diff(c.before)), c.product.clone(), c.cause.clone()));
        Ok(counts)
    }
}

/// A kept ticket with what it was decided as.
struct Row {
    ticket: i64,
    day: i32,
    under: Under,
    pack: i64,
    cells: [Option<i64>; 2],
    kept: Kept,
}

/// The tickets of a part, and how many of them have no text.
fn part(db: &Connection, from: i64) -> rusqlite::Result<(Vec<Row>, u64)> {
    let sql = "SELECT t.ticket, t.day, t.product, t.kind, t.cause, t.pack, t.kind_cell, t.cause_cell, t.text, w.text, h.text, c.text FROM tickets t
               JOIN names w ON w.name = t.written JOIN names h ON h.name = t.header JOIN names c ON c.name = t.channel WHERE t.ticket > ? AND t.ticket <= ?";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([from, from + PART])?;
    let (mut all, mut without) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let Some(text) = row.get::<_, Option<String>>(8)? else {
            without += 1;
            continue;
        };
        all.push(Row {
            ticket: row.get(0)?,
            day: row.get(1)?,
            under: (row.get(2)?, row.get(3)?, row.get(4)?),
            pack: row.get(5)?,
            cells: [row.get(6)?, row.get(7)?],
            kept: Kept { text, written: row.get(9)?, header: row.get(10)?, channel: row.get(11)? },
        });
    }
    Ok((all, without))
}

/// Ids of the checks that fired in the texts of a part's tickets, in order.
fn noted(db: &Connection, from: i64) -> rusqlite::Result<HashMap<i64, Vec<String>>> {
    let sql = "SELECT f.ticket, n.text FROM noted f JOIN names n ON n.name = f.name WHERE f.ticket > ? AND f.ticket <= ? ORDER BY f.ticket, n.text";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([from, from + PART])?;
    let mut all: HashMap<i64, Vec<String>> = HashMap::new();
    while let Some(row) = rows.next()? {
        all.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(all)
}

impl History {
    /// From now on this history reads as it was decided before a moment (as [`Writing::restate`] was told it): later restatements are
    /// left away. Nothing is written to the file.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn read_as_decided_before(&mut self, at: &str) -> Result<()> {
        // Temporary tables and views come before the file's own of the same names.
        let read = |db: &Connection| {
            db.execute_batch("CREATE TEMP TABLE moment (at TEXT NOT NULL)")?;
            db.execute("INSERT INTO temp.moment VALUES (?)", [at])?;
            db.execute_batch(include_str!("as_decided.sql"))
        };
        read(&self.db).map_err(|e| self.failed("read", &e))
    }

    /// Calls `each` for what the last restatement changed in the counts of days: the count as it was decided before it, and as it is
    /// now; product, kind, cause and by how much more.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn restated(&self, from: Date, to: Date, mut each: impl FnMut(Date, (String, Option<Kind>, String), i64)) -> Result<()> {
        let mut read = || -> rusqlite::Result<()> {
            let last = "r.restatement = (SELECT max(restatement) FROM restatements) AND t.day BETWEEN ?1 AND ?2";
            let sql = format!(
                "SELECT day, p.text, kind, c.text, sum(n) FROM (
                   SELECT t.day, t.product, t.kind, t.cause, 1 AS n FROM restated r JOIN tickets t USING (ticket) WHERE {last}
                   UNION ALL SELECT t.day, r.product, r.kind, r.cause, -1 FROM restated r JOIN tickets t USING (ticket) WHERE {last})
                 JOIN names p ON p.name = product JOIN names c ON c.name = cause GROUP BY 1, 2, 3, 4 HAVING sum(n) != 0"
            );
            let mut statement = self.db.prepare(&sql)?;
            let mut rows = statement.query(params![number(from), number(to)])?;
            while let Some(row) = rows.next()? {
                each(date(row.get(0)?), (row.get(1)?, kind_of(row.get(2)?), row.get(3)?), row.get(4)?);
            }
            Ok(())
        };
        read().map_err(|e| self.failed("read", &e))
    }
}
