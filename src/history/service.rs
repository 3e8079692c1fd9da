//! What checks found in tickets: kept beside them, and read for digests and reports.
//!
//! The customer's part belongs to the version of a ticket that counts. Of the conversation the longest that was seen counts, whatever
//! the order in which exports came: a later export has the end of it.

use super::tickets::kind_of;
use super::{History, Writing, number};
use crate::error::Result;
use crate::prediction::Kind;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};
use xxhash_rust::xxh3::Xxh3;

/// What checks found in a ticket: ids of checks, each with its sentence as it may be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Characters that agents said; `None` without a conversation.
    pub talk: Option<u32>,
    /// What fired in it.
    pub heard: Vec<(String, Option<String>)>,
    /// What fired in the customer's words.
    pub noted: Vec<(String, Option<String>)>,
}

impl Checked {
    /// How long, and a hash of what was found: the greatest counts.
    fn rank(&self) -> Option<(i64, i64)> {
        let mut hasher = Xxh3::new();
        for (check, sentence) in &self.heard {
            hasher.update(check.as_bytes());
            hasher.update(sentence.as_deref().unwrap_or_default().as_bytes());
        }
        self.talk.map(|length| (i64::from(length), (hasher.digest() >> 1) as i64))
    }
}

/// A ticket with what checks found in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// Its id.
    pub id: String,
    /// Product as decided.
    pub product: String,
    /// Kind.
    pub kind: Option<Kind>,
    /// Cause and its pack; empty where it has none.
    pub cause: String,
    /// See `cause`.
    pub pack: String,
    /// Whether it has a conversation.
    pub talked: bool,
    /// Ids of the checks that fired, with their sentences.
    pub fired: Vec<(String, String)>,
}

impl Writing<'_> {
    /// Keeps what checks found in the ticket put last.
    pub(super) fn keep_checked(&mut self, checked: &Checked) -> Result<()> {
        if let Some((ticket, _, known)) = self.written {
            self.keep_noted(ticket, checked, known)?;
        }
        // Of a ticket that was forgotten there is neither.
        if let Some((ticket, day)) = self.written.map(|(ticket, day, _)| (ticket, day)).or(self.seen)
            && self.keep_talk(ticket, checked)?
        {
            self.days.insert(day);
        }
        Ok(())
    }

    /// Keeps what was found in the customer's words of the version of a ticket that counts.
    fn keep_noted(&mut self, ticket: i64, checked: &Checked, known: bool) -> Result<()> {
        if known {
            self.db.prepare_cached("DELETE FROM noted WHERE ticket = ?").and_then(|mut s| s.execute([ticket])).map_err(|e| self.wrong(&e))?;
        }
        self.keep_checks("INSERT OR IGNORE INTO noted VALUES (?, ?, ?)", ticket, &checked.noted)
    }

    /// Keeps a conversation, unless a longer one is kept; whether that changed anything.
    fn keep_talk(&mut self, ticket: i64, checked: &Checked) -> Result<bool> {
        let Some(rank) = checked.rank() else { return Ok(false) };
        let known = |db: &Connection| {
            let mut statement = db.prepare_cached("SELECT length, heard FROM talks WHERE ticket = ?")?;
            statement.query_row([ticket], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).optional()
        };
        if known(self.db).map_err(|e| self.wrong(&e))?.is_some_and(|known| known >= rank) {
            return Ok(false);
        }
        let write = |db: &Connection| {
            db.prepare_cached("INSERT OR REPLACE INTO talks VALUES (?, ?, ?)")?.execute(params![ticket, rank.0, rank.1])?;
            db.prepare_cached("DELETE FROM talk_checks WHERE ticket = ?")?.execute([ticket])
        };
        write(self.db).map_err(|e| self.wrong(&e))?;
        self.keep_checks("INSERT OR IGNORE INTO talk_checks VALUES (?, ?, ?)", ticket, &checked.heard)?;
        Ok(true)
    }

    fn keep_checks(&mut self, sql: &str, ticket: i64, checks: &[(String, Option<String>)]) -> Result<()> {
        for (check, sentence) in checks {
            let name = self.name(check)?;
            self.db.prepare_cached(sql).and_then(|mut s| s.execute(params![ticket, name, sentence])).map_err(|e| self.wrong(&e))?;
        }
        Ok(())
    }

    /// See [`History::looked`].
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn looked(&self, from: Date, to: Date, mut each: impl FnMut(Looked)) -> Result<()> {
        looked(self.db, (from, to), &mut each).map_err(|e| self.wrong(&e))
    }
}

impl History {
    /// Calls `each` for the tickets of days that have a conversation, or in which a check fired, in an order that does not depend on
    /// the order in which they came.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn looked(&self, from: Date, to: Date, mut each: impl FnMut(Looked)) -> Result<()> {
        looked(&self.db, (from, to), &mut each).map_err(|e| self.failed("read", &e))
    }
}

fn looked(db: &Connection, (from, to): (Date, Date), each: &mut dyn FnMut(Looked)) -> rusqlite::Result<()> {
    let some: bool = db.query_row("SELECT EXISTS (SELECT 1 FROM talks) OR EXISTS (SELECT 1 FROM noted)", [], |row| row.get(0))?;
    if !some {
        return Ok(());
    }
    let sql = "SELECT t.ticket, t.id, p.text, t.kind, a.text, k.text, EXISTS (SELECT 1 FROM talks l WHERE l.ticket = t.ticket), n.text, f.sentence
               FROM tickets t JOIN names c ON c.name = t.channel JOIN names p ON p.name = t.product JOIN names a ON a.name = t.cause
               JOIN names k ON k.name = t.pack
               LEFT JOIN (SELECT ticket, name, sentence FROM talk_checks UNION ALL SELECT ticket, name, sentence FROM noted) f ON f.ticket = t.ticket
               LEFT JOIN names n ON n.name = f.name
               WHERE t.day BETWEEN ? AND ? AND (f.ticket IS NOT NULL OR t.ticket IN (SELECT ticket FROM talks))
               ORDER BY t.day, t.second, c.text, length(t.id), t.id, t.ticket, n.text";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![number(from), number(to)])?;
    let mut last: Option<(i64, Looked)> = None;
    while let Some(row) = rows.next()? {
        let ticket: i64 = row.get(0)?;
        if last.as_ref().is_none_or(|(known, _)| *known != ticket) {
            last.take().into_iter().for_each(|(_, looked)| each(looked));
            let looked = Looked {
                id: row.get(1)?,
                product: row.get(2)?,
                kind: kind_of(row.get(3)?),
                cause: row.get(4)?,
                pack: row.get(5)?,
                talked: row.get(6)?,
                fired: Vec::new(),
            };
            last = Some((ticket, looked));
        }
        if let (Some((_, looked)), Some(check)) = (&mut last, row.get::<_, Option<String>>(7)?) {
            looked.fired.push((check, row.get::<_, Option<String>>(8)?.unwrap_or_default()));
        }
    }
    last.into_iter().for_each(|(_, looked)| each(looked));
    Ok(())
}
