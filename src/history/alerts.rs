//! Alerts kept: one for each problem, however many days it lasts.

use super::tickets::{kind_number, kind_of};
use super::{History, Writing, date, number};
use crate::alert::{Alert, State};
use crate::error::Result;
use crate::prediction::Kind;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};

/// An alert that was quiet for more days than this has ended; for more than these it is another problem.
const ENDS: i32 = 3;
const FORGOTTEN: i32 = 28;

/// A spike as it is found, before it is known which problem it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// Product.
    pub product: String,
    /// Kind.
    pub kind: Option<Kind>,
    /// Cause.
    pub cause: String,
    /// Whether the cause was never there before.
    pub unknown: bool,
    /// Tickets, expected ones, and the bounds of 95 of 100 such days.
    pub observed: u64,
    /// See `observed`.
    pub expected: f64,
    /// See `observed`.
    pub low: u64,
    /// See `observed`.
    pub high: u64,
}

impl Writing<'_> {
    /// Keeps the spikes of a day, instead of those that were kept of it before.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn raise(&mut self, day: Date, all: &[Raised]) -> Result<()> {
        let day = number(day);
        let mut numbers = Vec::new();
        for r in all {
            let (product, cause) = (self.name(&r.product)?, self.name(&r.cause)?);
            numbers.push(problem(self.db, (product, kind_number(r.kind), cause), day, r.unknown).map_err(|e| self.wrong(&e))?);
        }
        let keep = |db: &Connection| -> rusqlite::Result<()> {
            db.prepare_cached("DELETE FROM alert_days WHERE day = ?1")?.execute([day])?;
            let mut insert = db.prepare_cached("INSERT INTO alert_days VALUES (?, ?, ?, ?, ?, ?)")?;
            for (r, alert) in all.iter().zip(numbers) {
                insert.execute(params![alert, day, r.observed as i64, r.expected, r.low as i64, r.high as i64])?;
            }
            Ok(())
        };
        keep(self.db).map_err(|e| self.wrong(&e))
    }

    /// Takes the problems away that have no day any more.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn end_alerts(&mut self) -> Result<()> {
        let unused = "DELETE FROM alerts WHERE NOT EXISTS (SELECT 1 FROM alert_days d WHERE d.alert = alerts.alert)";
        self.db.execute(unused, []).map(|_| ()).map_err(|e| self.wrong(&e))
    }

    /// Holds the alerts of days against their counts, as they are now: those that are no more than is usual end.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn correct_alerts(&mut self, days: impl Iterator<Item = Date>) -> Result<()> {
        let correct = |db: &Connection, day: i32| -> rusqlite::Result<()> {
            let counted = "UPDATE alert_days SET observed = (SELECT coalesce(sum(n.count), 0) FROM counts n JOIN alerts a USING (product, kind, cause)
                           WHERE n.day = alert_days.day AND a.alert = alert_days.alert) WHERE day = ?";
            db.prepare_cached(counted)?.execute([day])?;
            db.prepare_cached("DELETE FROM alert_days WHERE day = ? AND observed <= high")?.execute([day]).map(|_| ())
        };
        for day in days {
            correct(self.db, number(day)).map_err(|e| self.wrong(&e))?;
        }
        self.end_alerts()
    }

    /// Calls `each` for the alerts that are kept of some days: day, product, kind, cause, and what was expected.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn raised(&self, from: Date, to: Date, mut each: impl FnMut(Date, (String, Option<Kind>, String), f64)) -> Result<()> {
        let mut read = || -> rusqlite::Result<()> {
            let sql = "SELECT d.day, p.text, a.kind, c.text, d.expected FROM alert_days d JOIN alerts a USING (alert) JOIN names p ON p.name = a.product
                       JOIN names c ON c.name = a.cause WHERE d.day BETWEEN ? AND ?";
            let mut statement = self.db.prepare_cached(sql)?;
            let mut rows = statement.query(params![number(from), number(to)])?;
            while let Some(row) = rows.next()? {
                each(date(row.get(0)?), (row.get(1)?, kind_of(row.get(2)?), row.get(3)?), row.get(4)?);
            }
            Ok(())
        };
        read().map_err(|e| self.wrong(&e))
    }

    /// See [`History::alerts`].
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn alerts(&self, day: Date) -> Result<Vec<Alert>> {
        alerts(self.db, number(day)).map_err(|e| self.wrong(&e))
    }
}

impl History {
    /// The alerts of a day, the newest problems first.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn alerts(&self, day: Date) -> Result<Vec<Alert>> {
        alerts(&self.db, number(day)).map_err(|e| self.failed("read", &e))
    }
}

/// The problem that a spike of a day is of: the one that it was of before it is told again, or of the last four weeks, or of the next
/// days; else a new one.
fn problem(db: &Connection, (product, kind, cause): (i64, i64, i64), day: i32, unknown: bool) -> rusqlite::Result<i64> {
    let sql = "SELECT a.alert FROM alerts a JOIN alert_days d USING (alert) WHERE (product, kind, cause) = (?1, ?2, ?3) AND d.day BETWEEN ?4 - ?5 AND ?4 + ?5
               ORDER BY d.day > ?4, abs(d.day - ?4) LIMIT 1";
    let known: Option<i64> = db.prepare_cached(sql)?.query_row(params![product, kind, cause, day, FORGOTTEN], |row| row.get(0)).optional()?;
    if let Some(alert) = known {
        return Ok(alert);
    }
    let sql = "INSERT INTO alerts (product, kind, cause, unknown) VALUES (?, ?, ?, ?)";
    db.prepare_cached(sql)?.execute(params![product, kind, cause, unknown])?;
    Ok(db.last_insert_rowid())
}

fn alerts(db: &Connection, day: i32) -> rusqlite::Result<Vec<Alert>> {
    let sql = "SELECT a.alert, p.text, a.kind, c.text, d.observed, d.expected, d.low, d.high, a.unknown,
               (SELECT min(day) FROM alert_days f WHERE f.alert = a.alert), (SELECT max(day) FROM alert_days l WHERE l.alert = a.alert AND l.day < ?1),
               (SELECT group_concat(ids, char(10)) FROM counts n WHERE n.day = ?1 AND (n.product, n.kind, n.cause) = (a.product, a.kind, a.cause))
               FROM alert_days d JOIN alerts a USING (alert) JOIN names p ON p.name = a.product JOIN names c ON c.name = a.cause
               WHERE d.day = ?1 ORDER BY 10 DESC, d.observed - d.expected DESC, a.alert";
    let mut statement = db.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| {
        let (unknown, before): (bool, Option<i32>) = (row.get(8)?, row.get(10)?);
        let state = match before {
            None if unknown => State::Unknown,
            None => State::New,
            Some(before) if day - before <= ENDS => State::Ongoing,
            Some(_) => State::Reopened,
        };
        let ids: Option<String> = row.get(11)?;
        Ok(Alert {
            number: row.get(0)?,
            product: row.get(1)?,
            kind: kind_of(row.get(2)?),
            cause: row.get(3)?,
            observed: row.get::<_, i64>(4)? as u64,
            expected: row.get(5)?,
            low: row.get::<_, i64>(6)? as u64,
            high: row.get::<_, i64>(7)? as u64,
            state,
            since: date(row.get(9)?).to_string(),
            ids: ids.unwrap_or_default().lines().take(super::days::IDS).map(str::to_owned).collect(),
        })
    };
    statement.query_map([day], read)?.collect()
}
