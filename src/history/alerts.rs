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
        let clear = "DELETE FROM alert_days WHERE day = ?1";
        let unused = "DELETE FROM alerts WHERE NOT EXISTS (SELECT 1 FROM alert_days d WHERE d.alert = alerts.alert)";
        self.db.execute(clear, [day]).and_then(|_| self.db.execute(unused, [])).map_err(|e| self.wrong(&e))?;
        for r in all {
            let (product, cause) = (self.name(&r.product)?, self.name(&r.cause)?);
            let keep = |db: &Connection| -> rusqlite::Result<()> {
                let sql = "SELECT a.alert FROM alerts a JOIN alert_days d USING (alert) WHERE (product, kind, cause) = (?, ?, ?) AND d.day BETWEEN ? AND ?
                           ORDER BY d.day DESC LIMIT 1";
                let known: Option<i64> =
                    db.prepare_cached(sql)?.query_row(params![product, kind_number(r.kind), cause, day - FORGOTTEN, day - 1], |row| row.get(0)).optional()?;
                let alert = match known {
                    Some(alert) => alert,
                    None => {
                        let sql = "INSERT INTO alerts (product, kind, cause, unknown) VALUES (?, ?, ?, ?)";
                        db.prepare_cached(sql)?.execute(params![product, kind_number(r.kind), cause, r.unknown])?;
                        db.last_insert_rowid()
                    }
                };
                let sql = "INSERT INTO alert_days VALUES (?, ?, ?, ?, ?, ?)";
                db.prepare_cached(sql)?.execute(params![alert, day, r.observed as i64, r.expected, r.low as i64, r.high as i64])?;
                Ok(())
            };
            keep(self.db).map_err(|e| self.wrong(&e))?;
        }
        Ok(())
    }

    /// Calls `each` for the alerts before `until` that are kept, from `from` on: day, product, kind, cause, and what was expected.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn raised(&self, from: Date, until: Date, mut each: impl FnMut(Date, (String, Option<Kind>, String), f64)) -> Result<()> {
        let mut read = || -> rusqlite::Result<()> {
            let sql = "SELECT d.day, p.text, a.kind, c.text, d.expected FROM alert_days d JOIN alerts a USING (alert) JOIN names p ON p.name = a.product
                       JOIN names c ON c.name = a.cause WHERE d.day >= ? AND d.day < ?";
            let mut statement = self.db.prepare_cached(sql)?;
            let mut rows = statement.query(params![number(from), number(until)])?;
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
