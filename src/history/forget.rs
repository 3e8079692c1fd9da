//! Tickets forgotten: those of a person who asks for it, and what is too old to keep.

use super::{History, Writing, date, failed, number};
use crate::error::{Error, ErrorKind, Result};
use crate::mask;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use std::collections::BTreeSet;

/// Tickets to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forget {
    /// Those before a day: their texts and customers, while their counts stay.
    Before(Date),
    /// All of one customer.
    Customer(String),
    /// One, by its number in the history.
    Ticket(i64),
}

/// A ticket that an id may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its number in the history.
    pub ticket: i64,
    /// Its id as it is shown, and its channel.
    pub id: String,
    /// See `id`.
    pub channel: String,
    /// Its day.
    pub day: Date,
    /// How its text begins, masked; empty where it is not kept.
    pub text: String,
}

/// Characters of a text that tell which ticket it is.
const BEGINNING: i64 = 20;
/// Set where something was forgotten that may still stand in the file.
const UNCLEAN: &str = "unclean";

impl Writing<'_> {
    /// The tickets that an id means: as an export writes it, or as digests show it (masked, and with their file where a row has none).
    /// Several where channels share it, or where ids look alike when they are masked.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn tickets_called(&self, id: &str, channel: Option<&str>) -> Result<Vec<Found>> {
        let shown = mask::mask_id(id, mask::Cells::Ids).into_owned();
        let find = || -> rusqlite::Result<Vec<Found>> {
            let texts = |sql: &str| -> rusqlite::Result<Vec<String>> { self.db.prepare(sql)?.query_map([], |row| row.get(0))?.collect() };
            let channels = texts("SELECT text FROM names WHERE name IN (SELECT DISTINCT channel FROM counts)")?;
            let mut tickets: BTreeSet<i64> = BTreeSet::new();
            for channel in channels {
                // Of ids with one hash the later stand beside it.
                let mut identity = self.identity_of(&channel, id);
                while let Some((ticket, is)) = identified(self.db, identity, (&shown, &channel))? {
                    tickets.extend(is.then_some(ticket));
                    identity = if is { break } else { identity.wrapping_add(1) };
                }
            }
            let mut named = self.db.prepare("SELECT ticket FROM tickets WHERE id = ?")?;
            tickets.extend(named.query_map([id], |row| row.get::<_, i64>(0))?.collect::<rusqlite::Result<Vec<_>>>()?);
            let all = tickets.into_iter().map(|ticket| found(self.db, ticket)).collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(all.into_iter().filter(|f| channel.is_none_or(|c| c == f.channel)).collect())
        };
        find().map_err(|e| self.wrong(&e))
    }

    /// Forgets tickets and gives how many. Those of a customer, and one by its number, are gone for good: counts are made without them, and
    /// the same rows read again do not bring them back.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn forget(&mut self, what: &Forget) -> Result<u64> {
        let gone = match what {
            Forget::Before(day) => self.forget_before(number(*day)),
            Forget::Customer(customer) => self.delete("customer = ?", Value::from(self.customer(customer))),
            Forget::Ticket(ticket) => self.delete("ticket = ?", Value::from(*ticket)),
        };
        let mark = |db: &Connection| db.execute("INSERT OR REPLACE INTO settings VALUES (?, 1)", [UNCLEAN]);
        gone.and_then(|gone| mark(self.db).map(|_| gone)).map_err(|e| self.wrong(&e))
    }

    fn forget_before(&mut self, day: i32) -> rusqlite::Result<u64> {
        // Groups are named after what texts say: their days' digests are issued without them.
        let grouped: Vec<i32> =
            self.db.prepare("SELECT DISTINCT day FROM day_groups WHERE day < ?")?.query_map([day], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        self.days.extend(grouped);
        self.db.execute("UPDATE versions SET text = NULL, customer = NULL WHERE ticket IN (SELECT ticket FROM tickets WHERE day < ?)", [day])?;
        for table in ["talk_checks", "noted"] {
            self.db.execute(&format!("UPDATE {table} SET sentence = NULL WHERE ticket IN (SELECT ticket FROM tickets WHERE day < ?)"), [day])?;
        }
        self.db.execute("DELETE FROM served WHERE ticket IN (SELECT ticket FROM tickets WHERE day < ?)", [day])?;
        let sql = "UPDATE tickets SET text = NULL, customer = NULL WHERE day < ? AND (text IS NOT NULL OR customer IS NOT NULL)";
        self.db.execute(sql, [day]).map(|n| n as u64)
    }

    fn delete(&mut self, is: &str, value: Value) -> rusqlite::Result<u64> {
        self.forgetting = true;
        let days: Vec<i32> = self
            .db
            .prepare(&format!("SELECT DISTINCT day FROM tickets WHERE {is}"))?
            .query_map([&value], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        self.days.extend(days);
        self.db.execute(&format!("INSERT OR IGNORE INTO forgotten SELECT identity FROM tickets WHERE {is}"), [&value])?;
        for table in ["versions", "talks", "talk_checks", "noted", "served"] {
            self.db.execute(&format!("DELETE FROM {table} WHERE ticket IN (SELECT ticket FROM tickets WHERE {is})"), [&value])?;
        }
        self.db.execute(&format!("DELETE FROM tickets WHERE {is}"), [&value]).map(|n| n as u64)
    }
}

/// The ticket of an identity, and whether it has this id and channel.
fn identified(db: &Connection, identity: i64, (id, channel): (&str, &str)) -> rusqlite::Result<Option<(i64, bool)>> {
    let sql = "SELECT t.ticket, t.id = ? AND c.text = ? FROM tickets t JOIN names c ON c.name = t.channel WHERE t.identity = ?";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![id, channel, identity])?;
    rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

fn found(db: &Connection, ticket: i64) -> rusqlite::Result<Found> {
    let sql = "SELECT t.id, c.text, t.day, coalesce(substr(t.text, 1, ?), '') FROM tickets t JOIN names c ON c.name = t.channel WHERE t.ticket = ?";
    let read = |row: &rusqlite::Row<'_>| Ok(Found { ticket, id: row.get(0)?, channel: row.get(1)?, day: date(row.get(2)?), text: row.get(3)? });
    db.prepare_cached(sql)?.query_row([BEGINNING, ticket], read)
}

/// Where a word may stand that tickets were read with. Days that have changed are counted without what is forgotten already.
const WORDS: [(&str, &str); 22] = [
    ("talk_checks", "name"),
    ("noted", "name"),
    ("tickets", "channel"),
    ("tickets", "written"),
    ("tickets", "header"),
    ("tickets", "product"),
    ("tickets", "cause"),
    ("tickets", "pack"),
    ("tickets", "file"),
    ("versions", "written"),
    ("quarantined", "file"),
    ("counts", "product"),
    ("counts", "channel"),
    ("counts", "cause"),
    ("served", "agent"),
    ("check_counts", "product"),
    ("check_counts", "cause"),
    ("check_counts", "name"),
    ("alerts", "product"),
    ("alerts", "cause"),
    ("restated", "product"),
    ("restated", "cause"),
];

impl History {
    /// Whether something was forgotten that may still stand in the file: the program ended, or another one was reading.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn is_unclean(&self) -> Result<bool> {
        self.db.prepare_cached("SELECT 1 FROM settings WHERE key = ?").and_then(|mut s| s.exists([UNCLEAN])).map_err(|e| self.failed("read", &e))
    }

    /// Takes words out that no ticket has any more, and overwrites what was deleted: it is in the file no more.
    ///
    /// # Errors
    /// What SQLite gives; [`ErrorKind::Busy`] where another program reads the file: what was forgotten is forgotten, and still stands in it.
    pub fn clean(&mut self) -> Result<()> {
        let failed = |e: rusqlite::Error| failed(&self.path, "write", &e);
        let used: Vec<String> = WORDS.iter().map(|(table, column)| format!("SELECT {column} FROM {table}")).collect();
        let unused = format!("DELETE FROM names WHERE name != 0 AND name NOT IN ({} UNION SELECT product FROM day_groups)", used.join(" UNION "));
        // Whether a word is used was asked; SQLite would ask once more for each.
        self.db.pragma_update(None, "foreign_keys", false).map_err(failed)?;
        let swept = self.db.execute(&unused, []).map_err(failed);
        self.db.pragma_update(None, "foreign_keys", true).map_err(failed)?;
        swept?;
        let written = |db: &Connection| db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0)).map(|busy| !busy);
        let done = written(&self.db).and_then(|done| self.db.execute_batch("VACUUM").and_then(|()| written(&self.db)).map(|last| done && last));
        if !done.map_err(failed)? {
            let path = self.path.display();
            let message = format!(
                "another program is reading the history `{path}`: what was forgotten is in no digest and no view, but its bytes still stand in the file; \
                 close that program and run `ahu forget` again, or wait for the next `ahu run`"
            );
            return Err(Error::new(ErrorKind::Busy, message));
        }
        self.db.execute("DELETE FROM settings WHERE key = ?", params_from_iter([UNCLEAN])).map(|_| ()).map_err(failed)
    }
}
