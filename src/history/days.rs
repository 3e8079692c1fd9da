//! Days counted: what a digest and a report are made of.

use super::tickets::{kind_number, kind_of, unpacked};
use super::{History, Writing, date, number};
use crate::digest::{Changed, Digest, Revision};
use crate::error::Result;
use crate::prediction::Kind;
use crate::prevalence::Cell;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

/// Ids that are kept of each count.
pub(super) const IDS: usize = 10;

/// A ticket of a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its number in the history.
    pub ticket: i64,
    /// Its id.
    pub id: String,
    /// Its channel.
    pub channel: String,
    /// Second of its day; `None` where only a day was written.
    pub second: Option<u32>,
    /// Its product as decided.
    pub product: String,
    /// Its kind.
    pub kind: Option<Kind>,
    /// Its cause, and the pack that it is of; empty where it has none.
    pub cause: String,
    /// See `cause`.
    pub pack: String,
    /// What models of kinds and causes think of it.
    pub cells: [Option<Cell>; 2],
    /// Hash of its customer.
    pub customer: Option<u64>,
    /// Hash of its wording.
    pub wording: u32,
    /// Its text, where it was kept and is asked for.
    pub text: Option<String>,
}

/// What is counted together: product, channel, kind, cause.
type Key = (i64, i64, i64, i64);

/// Calls `each` for the tickets of a day, with the numbers of what each is counted under: by their time, channel and id, so that the
/// order in which they came does not matter.
fn each_ticket(db: &Connection, day: i32, texts: bool, mut each: impl FnMut(Key, Stored)) -> rusqlite::Result<()> {
    let sql = "SELECT t.ticket, t.id, c.text, p.text, t.kind, a.text, t.kind_cell, t.cause_cell, t.customer, t.wording, CASE WHEN ?2 THEN t.text END,
               t.product, t.channel, t.cause, k.text, t.second
               FROM tickets t JOIN names c ON c.name = t.channel JOIN names p ON p.name = t.product JOIN names a ON a.name = t.cause
               JOIN names k ON k.name = t.pack WHERE t.day = ?1 ORDER BY t.second, c.text, length(t.id), t.id";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![day, texts])?;
    while let Some(row) = rows.next()? {
        let kind: i64 = row.get(4)?;
        let cell = |at: usize| row.get::<_, Option<i64>>(at).map(|c| c.map(unpacked));
        let stored = Stored {
            ticket: row.get(0)?,
            id: row.get(1)?,
            channel: row.get(2)?,
            second: row.get(15)?,
            product: row.get(3)?,
            kind: kind_of(kind),
            cause: row.get(5)?,
            pack: row.get(14)?,
            cells: [cell(6)?, cell(7)?],
            customer: row.get::<_, Option<i64>>(8)?.map(|c| c as u64),
            wording: row.get(9)?,
            text: row.get(10)?,
        };
        each((row.get(11)?, row.get(12)?, kind, row.get(13)?), stored);
    }
    Ok(())
}

impl History {
    /// The tickets of some days that no cause took, with their texts where they are kept, as [`History::tickets_of`].
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn without_cause(&self, from: Date, to: Date, mut each: impl FnMut(Stored)) -> Result<()> {
        for day in number(from)..=number(to) {
            let mut loose = |_: Key, stored: Stored| {
                if stored.cause.is_empty() {
                    each(stored)
                }
            };
            each_ticket(&self.db, day, true, &mut loose).map_err(|e| self.failed("read", &e))?;
        }
        Ok(())
    }

    /// Calls `each` for the tickets of a day, in an order that does not depend on the order in which they came.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn tickets_of(&self, day: Date, texts: bool, mut each: impl FnMut(Stored)) -> Result<()> {
        each_ticket(&self.db, number(day), texts, |_, stored| each(stored)).map_err(|e| self.failed("read", &e))
    }

    /// Days whose digest is not in its place yet: a run ended before it was.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn unpublished(&self) -> Result<Vec<Date>> {
        let days = |db: &Connection| {
            let mut statement = db.prepare("SELECT day FROM days WHERE published = 0 ORDER BY day")?;
            statement.query_map([], |row| Ok(date(row.get(0)?)))?.collect::<rusqlite::Result<Vec<Date>>>()
        };
        days(&self.db).map_err(|e| self.failed("read", &e))
    }

    /// The days that have tickets.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn days(&self) -> Result<Vec<Date>> {
        let days = || -> rusqlite::Result<Vec<Date>> {
            self.db.prepare("SELECT day FROM days WHERE tickets > 0 ORDER BY day")?.query_map([], |row| row.get(0).map(date))?.collect()
        };
        days().map_err(|e| self.failed("read", &e))
    }

    /// Notes that the digests of these days are not in their places.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn unpublish(&mut self, days: &[Date]) -> Result<()> {
        let all = |db: &mut Connection| {
            let all = db.transaction()?;
            days.iter().try_for_each(|day| all.prepare_cached("UPDATE days SET published = 0 WHERE day = ?")?.execute([number(*day)]).map(|_| ()))?;
            all.commit()
        };
        all(&mut self.db).map_err(|e| super::failed(&self.path, "write", &e))
    }

    /// Where the digests are.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn output(&self) -> Result<Option<String>> {
        let sql = "SELECT value FROM settings WHERE key = 'output'";
        self.db.query_row(sql, [], |row| row.get(0)).optional().map_err(|e| self.failed("read", &e))
    }

    /// Keeps where the digests are.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn set_output(&mut self, output: &str) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO settings VALUES ('output', ?)";
        self.db.execute(sql, [output]).map(|_| ()).map_err(|e| super::failed(&self.path, "write", &e))
    }

    /// How often a day's digest was issued before, and what changed the last time.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn revision_of(&self, day: Date) -> Result<Revision> {
        revision_of(&self.db, number(day)).map(Option::unwrap_or_default).map_err(|e| self.failed("read", &e))
    }

    /// Notes that the digests of these days are in their places.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn published(&mut self, days: &[Date]) -> Result<()> {
        published(&mut self.db, days).map_err(|e| super::failed(&self.path, "write", &e))
    }
}

pub(super) fn published(db: &mut Connection, days: &[Date]) -> rusqlite::Result<()> {
    let all = db.transaction()?;
    for day in days {
        all.prepare_cached("UPDATE days SET published = 1 WHERE day = ?")?.execute([number(*day)])?;
    }
    all.commit()
}

fn revision_of(db: &Connection, day: i32) -> rusqlite::Result<Option<Revision>> {
    let read = |row: &rusqlite::Row<'_>| {
        let changed: String = row.get(1)?;
        // It was written by `recount`; what else somebody may have put there says nothing.
        Ok(Revision { number: row.get(0)?, changed: serde_json::from_str(&changed).unwrap_or_default() })
    };
    db.prepare_cached("SELECT revision, changed FROM days WHERE day = ?")?.query_row([day], read).optional()
}

impl Writing<'_> {
    /// Counts the tickets of a day anew, so that its digest is issued, and calls `each` for them as [`History::tickets_of`]. A day that changed after its digest was
    /// issued is revised.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn recount(&mut self, day: Date, texts: bool, mut each: impl FnMut(Stored)) -> Result<Revision> {
        let forgetting = self.forgetting;
        self.days.insert(number(day));
        let mut recount = || {
            let day = number(day);
            let before = counts_of(self.db, day)?;
            let mut counts: BTreeMap<Key, (u64, String)> = BTreeMap::new();
            each_ticket(self.db, day, texts, |key, stored| {
                let (count, ids) = counts.entry(key).or_default();
                if *count < IDS as u64 {
                    ids.push_str(if ids.is_empty() { "" } else { "\n" });
                    ids.push_str(&stored.id.replace(['\n', '\r'], " "));
                }
                *count += 1;
                each(stored);
            })?;
            self.db.prepare_cached("DELETE FROM counts WHERE day = ?")?.execute([day])?;
            let mut insert = self.db.prepare_cached("INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?, ?)")?;
            for ((product, channel, kind, cause), (count, ids)) in &counts {
                insert.execute(params![day, product, channel, kind, cause, *count as i64, ids])?;
            }
            super::service::recount(self.db, day)?;
            let after = counts_of(self.db, day)?;
            let known = revision_of(self.db, day)?;
            let changed = if known.is_some() { differences(&before, &after) } else { Vec::new() };
            let state = match known {
                None => Revision::default(),
                // What moved within a count is no change to tell, but its digest may name other ids.
                Some(known) if changed.is_empty() => known,
                // What was forgotten is not named any more.
                Some(known) => Revision { number: known.number + 1, changed: changed.into_iter().filter(|c| !forgetting || c.after > 0).collect() },
            };
            let told = serde_json::to_string(&state.changed).unwrap_or_default();
            let tickets: u64 = counts.values().map(|c| c.0).sum();
            self.db
                .prepare_cached(
                    "INSERT INTO days VALUES (?1, ?2, ?3, ?4, 0)
                     ON CONFLICT (day) DO UPDATE SET tickets = ?2, revision = ?3, changed = ?4, published = 0",
                )?
                .execute(params![day, tickets as i64, state.number, told])?;
            Ok(state)
        };
        recount().map_err(|e| self.wrong(&e))
    }
}

impl Writing<'_> {
    /// See [`History::tickets_of`].
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn tickets_of(&self, day: Date, texts: bool, mut each: impl FnMut(Stored)) -> Result<()> {
        each_ticket(self.db, number(day), texts, |_, stored| each(stored)).map_err(|e| self.wrong(&e))
    }

    /// Keeps the groups of a day's digest.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn keep_groups(&mut self, day: Date, digest: &Digest) -> Result<()> {
        let day = number(day);
        let clear = |db: &Connection| db.prepare_cached("DELETE FROM day_groups WHERE day = ?")?.execute([day]);
        clear(self.db).map_err(|e| self.wrong(&e))?;
        for product in &digest.products {
            let name = self.name(&product.product)?;
            for kind in &product.kinds {
                let number = kind_number(Kind::ALL.into_iter().find(|k| k.code() == kind.kind));
                for group in &kind.unassigned.groups {
                    let row = params![day, name, number, group.cause, group.count as i64, group.ids.join("\n")];
                    let insert = |db: &Connection| db.prepare_cached("INSERT OR REPLACE INTO day_groups VALUES (?, ?, ?, ?, ?, ?)")?.execute(row);
                    insert(self.db).map_err(|e| self.wrong(&e))?;
                }
            }
        }
        Ok(())
    }
}

/// The counts of a day over all channels, by product, kind and cause.
fn counts_of(db: &Connection, day: i32) -> rusqlite::Result<BTreeMap<(String, i64, String), u64>> {
    let sql = "SELECT p.text, n.kind, a.text, sum(n.count) FROM counts n JOIN names p ON p.name = n.product JOIN names a ON a.name = n.cause
               WHERE n.day = ? GROUP BY p.text, n.kind, a.text";
    let mut statement = db.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| Ok(((row.get(0)?, row.get(1)?, row.get(2)?), row.get::<_, i64>(3)? as u64));
    statement.query_map([day], read)?.collect()
}

fn differences(before: &BTreeMap<(String, i64, String), u64>, after: &BTreeMap<(String, i64, String), u64>) -> Vec<Changed> {
    let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let of = |all: &BTreeMap<_, u64>, key: &_| all.get(key).copied().unwrap_or(0);
    let changed = keys.into_iter().map(|key| (key, of(before, key), of(after, key))).filter(|(_, before, after)| before != after);
    changed.map(|(key, before, after)| Changed { product: key.0.clone(), kind: kind_of(key.1), cause: key.2.clone(), before, after }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_numbers() {
        for kind in Kind::ALL.into_iter().map(Some).chain([None]) {
            assert_eq!(kind_of(kind_number(kind)), kind);
        }
    }
}
