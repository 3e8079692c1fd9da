//! Tickets as they are shown: with their texts and places.

use super::tickets::kind_of;
use super::{History, Writing, date, number};
use crate::error::Result;
use crate::prediction::Kind;
use jiff::civil::Date;
use rusqlite::{Connection, params};

/// A ticket with all that is shown of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// Its channel.
    pub channel: String,
    /// Its day, and the second of that day where it is known.
    pub day: Date,
    /// See `day`.
    pub second: Option<u32>,
    /// Product as decided.
    pub product: String,
    /// Product as written, and the header of its column.
    pub written: String,
    /// See `written`.
    pub header: String,
    /// Its kind.
    pub kind: Option<Kind>,
    /// Its cause, and the pack that it is of; empty where it has none.
    pub cause: String,
    /// See `cause`.
    pub pack: String,
    /// How sure the decision is.
    pub confidence: f32,
    /// Whether a model had a say in it.
    pub by_model: bool,
    /// Its text, masked; `None` where it was not kept.
    pub text: Option<String>,
    /// The file and the line that it came from.
    pub file: String,
    /// See `file`.
    pub line: u64,
}

impl History {
    /// Calls `each` for the tickets of days, by day, time, channel and id.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn shown(&self, from: Date, to: Date, mut each: impl FnMut(Shown)) -> Result<()> {
        shown(&self.db, (from, to), &mut each).map_err(|e| self.failed("read", &e))
    }
}

impl Writing<'_> {
    /// See [`History::shown`].
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn shown(&self, from: Date, to: Date, mut each: impl FnMut(Shown)) -> Result<()> {
        shown(self.db, (from, to), &mut each).map_err(|e| self.wrong(&e))
    }
}

fn shown(db: &Connection, (from, to): (Date, Date), each: &mut dyn FnMut(Shown)) -> rusqlite::Result<()> {
    let sql = "SELECT t.id, c.text, t.day, t.second, p.text, w.text, h.text, t.kind, a.text, k.text, t.confidence, t.decided_by, t.text, f.text, t.line
               FROM tickets t JOIN names c ON c.name = t.channel JOIN names p ON p.name = t.product JOIN names w ON w.name = t.written
               JOIN names h ON h.name = t.header JOIN names a ON a.name = t.cause JOIN names k ON k.name = t.pack JOIN names f ON f.name = t.file
               WHERE t.day = ? ORDER BY t.second, c.text, length(t.id), t.id";
    let mut statement = db.prepare_cached(sql)?;
    for day in number(from)..=number(to) {
        let mut rows = statement.query(params![day])?;
        while let Some(row) = rows.next()? {
            each(Shown {
                id: row.get(0)?,
                channel: row.get(1)?,
                day: date(row.get(2)?),
                second: row.get(3)?,
                product: row.get(4)?,
                written: row.get(5)?,
                header: row.get(6)?,
                kind: kind_of(row.get(7)?),
                cause: row.get(8)?,
                pack: row.get(9)?,
                confidence: row.get::<_, f64>(10)? as f32,
                by_model: row.get::<_, i64>(11)? != 0,
                text: row.get(12)?,
                file: row.get(13)?,
                line: row.get::<_, i64>(14)? as u64,
            });
        }
    }
    Ok(())
}
