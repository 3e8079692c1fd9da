//! Messages that wait: written in the transaction of the tickets they tell of, so that neither is without the other.
//!
//! A message is noted as being sent before it is, so that one that a killed run has sent is known. No secret is in it.

use super::{History, Writing, date, number};
use crate::error::Result;
use jiff::civil::Date;
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// What the same message is told by.
    pub key: String,
    /// The delivery's name.
    pub name: String,
    /// The day it tells of.
    pub day: Date,
    /// How often that day's digest was issued before.
    pub revision: u32,
    /// The request's body.
    pub body: String,
}

/// A message that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its number in the history.
    pub number: i64,
    /// The message.
    pub owed: Owed,
    /// Requests for it that got no answer.
    pub unanswered: u32,
    /// When it was last tried.
    pub tried: Option<String>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// The message has arrived.
    Sent,
    /// It has certainly not; it waits.
    NotSent,
    /// Nobody knows.
    Unanswered,
}

/// Messages by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outbox {
    /// Those that wait.
    pub waiting: u64,
    /// Those of which nobody knows whether they arrived, and which are not sent again.
    pub unsure: u64,
}

/// Requests without an answer after which a message is not sent again.
const MOST_UNANSWERED: u32 = 2;

impl Writing<'_> {
    /// Keeps a message, unless it is there already, and drops those of earlier revisions that still wait. Gives whether it is new.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn owe(&mut self, message: &Owed, now: &str) -> Result<bool> {
        let day = number(message.day);
        let keep = |db: &Connection| {
            let sql = "INSERT OR IGNORE INTO deliveries (key, name, day, revision, body, state, attempts, unanswered, error, made)
                       VALUES (?, ?, ?, ?, ?, 'waiting', 0, 0, '', ?)";
            let new = db.prepare_cached(sql)?.execute(params![message.key, message.name, day, message.revision, message.body, now])? > 0;
            if new {
                let sql = "UPDATE deliveries SET state = 'dropped', body = '', error = 'a later one of that day took its place', done = ?4
                           WHERE name = ?1 AND day = ?2 AND key != ?3 AND state IN ('waiting', 'sending')";
                db.prepare_cached(sql)?.execute(params![message.name, day, message.key, now])?;
            }
            Ok(new)
        };
        keep(self.db).map_err(|e| self.wrong(&e))
    }

    /// The last revision of a day that a delivery has told of, or is about to.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn told(&self, name: &str, day: Date) -> Result<Option<u32>> {
        let sql = "SELECT max(revision) FROM deliveries WHERE name = ? AND day = ?";
        let read = |db: &Connection| db.prepare_cached(sql)?.query_row(params![name, number(day)], |row| row.get(0));
        read(self.db).map_err(|e| self.wrong(&e))
    }

    /// Drops what waits of the days that have changed: it names tickets that are to be forgotten.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn withdraw(&mut self) -> Result<()> {
        for day in self.days() {
            let sql = "UPDATE deliveries SET state = 'dropped', body = '', error = 'tickets of that day were forgotten' WHERE day = ? AND body != ''";
            self.db.execute(sql, [number(day)]).map_err(|e| self.wrong(&e))?;
        }
        Ok(())
    }
}

impl History {
    /// Messages to be sent, of the earliest day first; those of days whose digests are not in their places must wait. What two requests
    /// got no answer for is given up.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn due(&mut self) -> Result<Vec<Due>> {
        let read = |db: &Connection| -> rusqlite::Result<Vec<Due>> {
            db.execute("UPDATE deliveries SET state = 'unsure', body = '' WHERE state IN ('waiting', 'sending') AND unanswered >= ?", [MOST_UNANSWERED])?;
            let sql = "SELECT delivery, key, name, day, revision, body, unanswered, tried FROM deliveries v WHERE state IN ('waiting', 'sending')
                       AND EXISTS (SELECT 1 FROM days d WHERE d.day = v.day AND d.published = 1) ORDER BY day, delivery";
            let due = |row: &rusqlite::Row<'_>| {
                let owed = Owed { key: row.get(1)?, name: row.get(2)?, day: date(row.get(3)?), revision: row.get(4)?, body: row.get(5)? };
                Ok(Due { number: row.get(0)?, owed, unanswered: row.get(6)?, tried: row.get(7)? })
            };
            db.prepare(sql)?.query_map([], due)?.collect()
        };
        read(&self.db).map_err(|e| self.failed("write", &e))
    }

    /// Notes that a request is about to be made: should nobody be left to note what became of it, it got no answer.
    ///
    /// # Errors
    /// What SQLite gives; then it must not be made.
    pub fn sending(&mut self, message: i64, now: &str) -> Result<()> {
        let sql = "UPDATE deliveries SET state = 'sending', attempts = attempts + 1, unanswered = unanswered + 1, tried = ? WHERE delivery = ?";
        self.db.execute(sql, params![now, message]).map(|_| ()).map_err(|e| self.failed("write", &e))
    }

    /// Notes what became of a request. What has arrived is kept without its body.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn noted(&mut self, message: i64, what: Noted, error: &str, now: &str) -> Result<()> {
        let sql = match what {
            Noted::Sent => "UPDATE deliveries SET state = 'sent', unanswered = unanswered - 1, body = '', error = ?1, done = ?2 WHERE delivery = ?3",
            Noted::NotSent => "UPDATE deliveries SET state = 'waiting', unanswered = unanswered - 1, error = ?1, tried = ?2 WHERE delivery = ?3",
            Noted::Unanswered => {
                "UPDATE deliveries SET state = iif(unanswered >= 2, 'unsure', 'waiting'), body = iif(unanswered >= 2, '', body), error = ?1, tried = ?2,
                 done = iif(unanswered >= 2, ?2, NULL)
                 WHERE delivery = ?3"
            }
        };
        self.db.execute(sql, params![error, now, message]).map(|_| ()).map_err(|e| self.failed("write", &e))
    }

    /// When each delivery was last tried.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn last_tried(&self) -> Result<BTreeMap<String, String>> {
        let read = |db: &Connection| -> rusqlite::Result<BTreeMap<String, String>> {
            let sql = "SELECT name, max(tried) FROM deliveries WHERE tried IS NOT NULL GROUP BY name";
            db.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        read(&self.db).map_err(|e| self.failed("read", &e))
    }

    /// Which of these messages are not sent again, because nobody knows whether they arrived.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn unsure(&self, messages: &[i64]) -> Result<BTreeSet<i64>> {
        let read = |db: &Connection| -> rusqlite::Result<BTreeSet<i64>> {
            let mut statement = db.prepare("SELECT 1 FROM deliveries WHERE delivery = ? AND state = 'unsure'")?;
            let mut found = BTreeSet::new();
            for message in messages {
                if statement.exists([message])? {
                    found.insert(*message);
                }
            }
            Ok(found)
        };
        read(&self.db).map_err(|e| self.failed("read", &e))
    }

    /// Messages that killed runs left unsure, with their days, each told once.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn given_up(&mut self) -> Result<Vec<(String, Date)>> {
        let read = |db: &Connection| -> rusqlite::Result<Vec<(String, Date)>> {
            let sql = "UPDATE deliveries SET done = tried, error = iif(error = '', 'no answer: the run was ended', error)
                       WHERE state = 'unsure' AND done IS NULL RETURNING name, day";
            db.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, date(row.get(1)?))))?.collect()
        };
        read(&self.db).map_err(|e| self.failed("write", &e))
    }

    /// Gives up what waits for a delivery, and tells how many messages.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn drop_waiting(&mut self, name: &str, now: &str) -> Result<usize> {
        let sql =
            "UPDATE deliveries SET state = 'dropped', body = '', error = 'given up on request', done = ? WHERE name = ? AND state IN ('waiting', 'sending')";
        self.db.execute(sql, params![now, name]).map_err(|e| self.failed("write", &e))
    }

    /// How many messages wait, and of how many nobody knows.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn outbox(&self) -> Result<Outbox> {
        let sql = "SELECT count(*) FILTER (WHERE state IN ('waiting', 'sending')), count(*) FILTER (WHERE state = 'unsure') FROM deliveries";
        let read = |row: &rusqlite::Row<'_>| Ok(Outbox { waiting: row.get::<_, i64>(0)? as u64, unsure: row.get::<_, i64>(1)? as u64 });
        self.db.query_row(sql, [], read).map_err(|e| self.failed("read", &e))
    }
}
