//! The ledger of shipped fixes.

use super::{History, date, failed, number};
use crate::error::Result;
use jiff::civil::Date;
use rusqlite::params;

/// A fix that was shipped.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// Its number.
    pub number: i64,
    /// Product.
    pub product: String,
    /// Cause.
    pub cause: String,
    /// The day from which customers have it.
    pub shipped: Date,
    /// What share of the tickets was expected to be left.
    pub expected: f64,
    /// What was done.
    pub note: String,
    /// The day on which it was written down.
    pub stated: Date,
}

impl History {
    /// Writes a fix down, and gives its number.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn add_fix(&mut self, fix: &Fix) -> Result<i64> {
        let sql = "INSERT INTO fixes (product, cause, shipped, expected, note, stated) VALUES (?, ?, ?, ?, ?, ?)";
        let row = params![fix.product, fix.cause, number(fix.shipped), fix.expected, fix.note, number(fix.stated)];
        self.db.execute(sql, row).map_err(|e| failed(&self.path, "write", &e))?;
        Ok(self.db.last_insert_rowid())
    }

    /// Takes a fix off the ledger; tells whether it was there.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn remove_fix(&mut self, number: i64) -> Result<bool> {
        self.db.execute("DELETE FROM fixes WHERE fix = ?", [number]).map(|n| n > 0).map_err(|e| failed(&self.path, "write", &e))
    }

    /// By how many taxonomies and models the tickets were decided that came on some night or later.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn deciders_since(&self, night: Date) -> Result<u64> {
        // Restating decides all by one; what came after it was decided as it came.
        let sql = "SELECT count(DISTINCT d.taxonomy || ' ' || d.models) FROM (
                     SELECT decider FROM runs WHERE night >= ? AND new + revised > 0 AND started > coalesce((SELECT max(at) FROM restatements), '')
                     UNION SELECT decider FROM restatements WHERE restatement = (SELECT max(restatement) FROM restatements))
                   JOIN deciders d USING (decider)";
        self.db.query_row(sql, [number(night)], |row| row.get::<_, i64>(0)).map(|n| n as u64).map_err(|e| self.failed("read", &e))
    }

    /// All fixes, the first shipped first.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn fixes(&self) -> Result<Vec<Fix>> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Fix {
                number: row.get(0)?,
                product: row.get(1)?,
                cause: row.get(2)?,
                shipped: date(row.get(3)?),
                expected: row.get(4)?,
                note: row.get(5)?,
                stated: date(row.get(6)?),
            })
        };
        let all = || -> rusqlite::Result<Vec<Fix>> {
            let mut statement = self.db.prepare("SELECT fix, product, cause, shipped, expected, note, stated FROM fixes ORDER BY shipped, fix")?;
            statement.query_map([], read)?.collect()
        };
        all().map_err(|e| self.failed("read", &e))
    }
}
