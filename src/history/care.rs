//! A history looked after: a copy made while it is in use, its health.

use super::{History, failed};
use crate::error::{Error, Result};
use jiff::civil::Date;
use std::path::Path;
use std::time::Duration;

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
