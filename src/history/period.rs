//! Counts over many days, from what is kept of each.

use super::tickets::kind_of;
use super::{History, Writing, date, number};
use crate::error::Result;
use crate::prediction::Kind;
use jiff::civil::Date;
use rusqlite::{Connection, params};

/// Tickets of one day, product, channel, kind and cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCount {
    /// Day.
    pub day: Date,
    /// Product.
    pub product: String,
    /// Channel.
    pub channel: String,
    /// Kind; `None` where it was not decided.
    pub kind: Option<Kind>,
    /// Cause; empty for what no cause took.
    pub cause: String,
    /// Tickets.
    pub count: u64,
    /// The ids of the first of them, a line each.
    pub ids: String,
}

/// The last day that has tickets, as far as it is not after the last night: a ticket may be dated years ahead by mistake. Where all are
/// after it, it was the night that was told wrong.
const LAST_DAY: &str =
    "SELECT coalesce((SELECT max(day) FROM days WHERE tickets > 0 AND day <= (SELECT max(night) FROM runs)), (SELECT max(day) FROM days WHERE tickets > 0))";

impl History {
    /// The first and the last day that have tickets; days after the last night are none.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn span(&self) -> Result<Option<(Date, Date)>> {
        let read = |row: &rusqlite::Row<'_>| Ok(row.get::<_, Option<i32>>(0)?.zip(row.get::<_, Option<i32>>(1)?));
        let sql = format!("SELECT min(day), ({LAST_DAY}) FROM days WHERE tickets > 0");
        let span = self.db.query_row(&sql, [], read).map_err(|e| self.failed("read", &e))?;
        Ok(span.map(|(first, last)| (date(first), date(last))))
    }

    /// Whether any ticket is of this cause.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn has_cause(&self, cause: &str) -> Result<bool> {
        self.has("SELECT 1 FROM counts n JOIN names c ON c.name = n.cause WHERE c.text = ? LIMIT 1", cause)
    }

    /// The products that tickets have, as they are spelt.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn products(&self) -> Result<Vec<String>> {
        let sql = "SELECT text FROM names WHERE name != 0 AND name IN (SELECT DISTINCT product FROM counts) ORDER BY text";
        let all = || -> rusqlite::Result<Vec<String>> { self.db.prepare(sql)?.query_map([], |row| row.get(0))?.collect() };
        all().map_err(|e| self.failed("read", &e))
    }

    fn has(&self, sql: &str, text: &str) -> Result<bool> {
        self.db.prepare_cached(sql).and_then(|mut s| s.exists([text])).map_err(|e| self.failed("read", &e))
    }

    /// Calls `each` for the counts of days, in the order of days.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn counts(&self, from: Date, to: Date, mut each: impl FnMut(DayCount)) -> Result<()> {
        counts(&self.db, (from, to), &mut each).map_err(|e| self.failed("read", &e))
    }
}

impl Writing<'_> {
    /// See [`History::counts`].
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn counts(&self, from: Date, to: Date, mut each: impl FnMut(DayCount)) -> Result<()> {
        counts(self.db, (from, to), &mut each).map_err(|e| self.wrong(&e))
    }

    /// The last day that has tickets; days after the last night are none.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn last_day(&self) -> Result<Option<Date>> {
        let read = |row: &rusqlite::Row<'_>| Ok(row.get::<_, Option<i32>>(0)?.map(date));
        self.db.query_row(LAST_DAY, [], read).map_err(|e| self.wrong(&e))
    }
}

fn counts(db: &Connection, (from, to): (Date, Date), each: &mut dyn FnMut(DayCount)) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT n.day, p.text, c.text, n.kind, a.text, n.count, n.ids FROM counts n JOIN names p ON p.name = n.product
                 JOIN names c ON c.name = n.channel JOIN names a ON a.name = n.cause WHERE n.day BETWEEN ? AND ? ORDER BY n.day, c.text",
    )?;
    let mut rows = statement.query(params![number(from), number(to)])?;
    while let Some(row) = rows.next()? {
        each(DayCount {
            day: date(row.get(0)?),
            product: row.get(1)?,
            channel: row.get(2)?,
            kind: kind_of(row.get(3)?),
            cause: row.get(4)?,
            count: row.get::<_, i64>(5)? as u64,
            ids: row.get(6)?,
        });
    }
    Ok(())
}
