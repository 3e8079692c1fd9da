//! A history looked after: tickets forgotten, a copy made while it is in use, its health.

use super::{History, Writing, failed, number};
use crate::error::{Error, Result};
use jiff::civil::Date;
use std::path::Path;
use std::time::Duration;

/// Tickets to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forget {
    /// Those before a day: their texts and customers, while their counts stay.
    Before(Date),
    /// All of one customer.
    Customer(String),
    /// Those with this id, in every channel.
    Id(String),
}

impl Writing<'_> {
    /// Forgets tickets and gives how many. Those of a customer or an id are gone for good: counts are made without them, and the same
    /// rows read again do not bring them back.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn forget(&mut self, what: &Forget) -> Result<u64> {
        let mut forget = || -> rusqlite::Result<usize> {
            let gone = match what {
                Forget::Before(day) => {
                    let day = number(*day);
                    self.db.execute("UPDATE versions SET text = NULL WHERE ticket IN (SELECT ticket FROM tickets WHERE day < ?)", [day])?;
                    for table in ["talk_checks", "noted"] {
                        self.db.execute(&format!("UPDATE {table} SET sentence = NULL WHERE ticket IN (SELECT ticket FROM tickets WHERE day < ?)"), [day])?;
                    }
                    let sql = "UPDATE tickets SET text = NULL, customer = NULL WHERE day < ? AND (text IS NOT NULL OR customer IS NOT NULL)";
                    return self.db.execute(sql, [day]);
                }
                Forget::Customer(customer) => ("customer = ?", rusqlite::types::Value::from(self.customer(customer))),
                Forget::Id(id) => ("id = ?", rusqlite::types::Value::from(id.clone())),
            };
            let (is, value) = gone;
            let days: Vec<i32> = {
                let mut statement = self.db.prepare(&format!("SELECT DISTINCT day FROM tickets WHERE {is}"))?;
                statement.query_map([&value], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
            };
            self.days.extend(days);
            self.db.execute(&format!("INSERT OR IGNORE INTO forgotten SELECT identity FROM tickets WHERE {is}"), [&value])?;
            for table in ["versions", "talks", "talk_checks", "noted"] {
                self.db.execute(&format!("DELETE FROM {table} WHERE ticket IN (SELECT ticket FROM tickets WHERE {is})"), [&value])?;
            }
            self.db.execute(&format!("DELETE FROM tickets WHERE {is}"), [&value])
        };
        forget().map(|n| n as u64).map_err(|e| self.wrong(&e))
    }
}

/// Pages copied at a time, so that others may write between.
const PAGES: i32 = 4096;

/// How a history is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// What SQLite finds wrong in the file; empty where it is whole.
    pub damage: Vec<String>,
    /// Days whose counts are not those of their tickets.
    pub miscounted: Vec<Date>,
    /// Days whose digests are not in their places.
    pub unpublished: Vec<Date>,
    /// Tickets, days, runs.
    pub tickets: u64,
    /// See `tickets`.
    pub days: u64,
    /// See `tickets`.
    pub runs: u64,
    /// Tickets decided by something else than the last run.
    pub outdated: u64,
    /// Bytes of the file, and of those in it that are free.
    pub bytes: u64,
    /// See `bytes`.
    pub free: u64,
}

impl History {
    /// Overwrites what was deleted: it is in the file no more.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn vacuum(&mut self) -> Result<()> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);";
        self.db.execute_batch(sql).map_err(|e| failed(&self.path, "write", &e))
    }

    /// Copies the history as it is at one moment, while others use it. The copy must be a file that is not there yet.
    ///
    /// # Errors
    /// What SQLite gives; when the file is there.
    pub fn backup(&self, to: &Path) -> Result<()> {
        if to.exists() {
            return Err(Error::setup(format!("`{}` is there already; name a new file", to.display())));
        }
        let copy = || -> rusqlite::Result<()> {
            let mut target = rusqlite::Connection::open(to)?;
            rusqlite::backup::Backup::new(&self.db, &mut target)?.run_to_completion(PAGES, Duration::ZERO, None)
        };
        copy().map_err(|e| failed(to, "write", &e))
    }

    /// Looks the history over.
    ///
    /// # Errors
    /// What SQLite gives, unless it is damage.
    pub fn health(&self) -> Result<Health> {
        let look = || -> rusqlite::Result<Health> {
            let db = &self.db;
            let texts = |sql: &str| -> rusqlite::Result<Vec<String>> { db.prepare(sql)?.query_map([], |row| row.get(0))?.collect() };
            let days = |sql: &str| -> rusqlite::Result<Vec<Date>> { db.prepare(sql)?.query_map([], |row| row.get(0).map(super::date))?.collect() };
            let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|n| n as u64);
            let mut damage = texts("PRAGMA integrity_check(20)")?;
            damage.retain(|line| line != "ok");
            let counted = "SELECT day FROM days d WHERE tickets != (SELECT count(*) FROM tickets t WHERE t.day = d.day)
                           OR tickets != (SELECT coalesce(sum(count), 0) FROM counts c WHERE c.day = d.day) ORDER BY day";
            Ok(Health {
                damage,
                miscounted: days(counted)?,
                unpublished: days("SELECT day FROM days WHERE published = 0 ORDER BY day")?,
                tickets: one("SELECT count(*) FROM tickets")?,
                days: one("SELECT count(*) FROM days WHERE tickets > 0")?,
                runs: one("SELECT count(*) FROM runs")?,
                outdated: one("SELECT count(*) FROM tickets WHERE decider != (SELECT decider FROM runs ORDER BY run DESC LIMIT 1)")?,
                bytes: one("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")?,
                free: one("SELECT freelist_count * page_size FROM pragma_freelist_count(), pragma_page_size()")?,
            })
        };
        look().map_err(|e| self.failed("read", &e))
    }
}
