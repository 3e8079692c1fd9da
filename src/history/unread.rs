//! Rows that no run could read, for the page that tells of them.

use super::{History, Writing, number};
use crate::error::Result;
use crate::listing::Unread;
use crate::ticket::Reason;
use jiff::civil::Date;
use rusqlite::{Connection, params};

impl Writing<'_> {
    /// Lets a day's page tell of the rows that this run could not read.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn tell_unread_on(&mut self, day: Date) -> Result<()> {
        let note = |db: &Connection| db.execute("UPDATE runs SET page = ? WHERE run = ? AND quarantined > 0", params![number(day), self.run]);
        note(self.db).map(|_| ()).map_err(|e| self.wrong(&e))
    }

    /// See [`History::unread`].
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn unread(&self, day: Date, mut each: impl FnMut(Unread)) -> Result<()> {
        unread(self.db, number(day), &mut each).map_err(|e| self.wrong(&e))
    }
}

impl History {
    /// Calls `each` for the rows that a day's page tells of, by file and line.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn unread(&self, day: Date, mut each: impl FnMut(Unread)) -> Result<()> {
        unread(&self.db, number(day), &mut each).map_err(|e| self.failed("read", &e))
    }
}

fn unread(db: &Connection, day: i32, each: &mut dyn FnMut(Unread)) -> rusqlite::Result<()> {
    let sql = "SELECT f.text, q.line, q.reason, q.detail FROM runs r JOIN quarantined q ON q.run = r.run JOIN names f ON f.name = q.file
               WHERE r.page = ? ORDER BY f.text, q.byte_start, q.reason";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([day])?;
    while let Some(row) = rows.next()? {
        let reason: String = row.get(2)?;
        // A later version may know a reason that this one does not.
        if let Some(reason) = Reason::ALL.into_iter().find(|r| r.code() == reason) {
            each(Unread { file: row.get(0)?, line: row.get::<_, i64>(1)? as u64, reason, detail: row.get(3)? });
        }
    }
    Ok(())
}
