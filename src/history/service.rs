//! What checks found in tickets: kept beside them, and read for digests and reports.
//!
//! The customer's part belongs to the version of a ticket that counts. Of the conversation the longest that was seen counts, whatever
//! the order in which exports came: a later export has the end of it.

use super::tickets::kind_of;
use super::{History, Writing, date, number};
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
    /// Who served, as it may be kept; empty where that is not to be told.
    pub agent: String,
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
    /// Who served; empty where that is not told.
    pub agent: String,
    /// Ids of the checks that fired, with their sentences.
    pub fired: Vec<(String, String)>,
}

/// What a check found on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckCount {
    /// The day.
    pub day: Date,
    /// Product as decided.
    pub product: String,
    /// Kind.
    pub kind: Option<Kind>,
    /// Cause; empty where there is none.
    pub cause: String,
    /// Id of the check; empty: tickets that have a conversation.
    pub check: String,
    /// How many tickets.
    pub count: u64,
    /// Numbers of the first of them.
    pub first: Vec<i64>,
}

/// What a check found in an agent's conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfAgent {
    /// Who served.
    pub agent: String,
    /// Product as decided.
    pub product: String,
    /// Kind.
    pub kind: Option<Kind>,
    /// Id of the check; empty: tickets that have a conversation.
    pub check: String,
    /// How many tickets.
    pub count: u64,
    /// Ids of the first of them.
    pub first: Vec<String>,
}

/// A ticket in which a check fired.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundIn {
    /// Second of its day; `None` where only a day was written.
    pub second: Option<u32>,
    /// Its id.
    pub id: String,
    /// The sentence; empty where texts are not kept.
    pub sentence: String,
}

/// Numbers of tickets kept of each count.
const FIRST: i64 = 50;

impl Writing<'_> {
    /// Keeps what checks found in the ticket put last.
    pub(super) fn keep_checked(&mut self, checked: &Checked) -> Result<()> {
        if let Some((ticket, _, known)) = self.written {
            self.keep_noted(ticket, &checked.noted, known)?;
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
    pub(super) fn keep_noted(&mut self, ticket: i64, noted: &[(String, Option<String>)], known: bool) -> Result<()> {
        if known {
            self.db.prepare_cached("DELETE FROM noted WHERE ticket = ?").and_then(|mut s| s.execute([ticket])).map_err(|e| self.wrong(&e))?;
        }
        self.keep_checks("INSERT OR IGNORE INTO noted VALUES (?, ?, ?)", ticket, noted)
    }

    /// Keeps a conversation, unless a longer one is kept; whether that changed anything.
    fn keep_talk(&mut self, ticket: i64, checked: &Checked) -> Result<bool> {
        let Some(rank) = checked.rank() else { return Ok(false) };
        let known = |db: &Connection| {
            let mut statement = db.prepare_cached("SELECT length, heard FROM talks WHERE ticket = ?")?;
            statement.query_row([ticket], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).optional()
        };
        if known(self.db).map_err(|e| self.wrong(&e))?.is_some_and(|known| known >= rank) {
            // The settings may name the column of who served only now.
            return self.keep_agent("INSERT OR IGNORE INTO served VALUES (?, ?)", ticket, &checked.agent);
        }
        let write = |db: &Connection| {
            db.prepare_cached("INSERT OR REPLACE INTO talks VALUES (?, ?, ?)")?.execute(params![ticket, rank.0, rank.1])?;
            db.prepare_cached("DELETE FROM talk_checks WHERE ticket = ?")?.execute([ticket])
        };
        write(self.db).map_err(|e| self.wrong(&e))?;
        self.keep_checks("INSERT OR IGNORE INTO talk_checks VALUES (?, ?, ?)", ticket, &checked.heard)?;
        self.keep_agent("INSERT OR REPLACE INTO served VALUES (?, ?)", ticket, &checked.agent)?;
        Ok(true)
    }

    /// Keeps who served, where that is told; whether that changed anything.
    fn keep_agent(&mut self, sql: &str, ticket: i64, agent: &str) -> Result<bool> {
        if agent.is_empty() {
            return Ok(false);
        }
        let agent = self.name(agent)?;
        self.db.prepare_cached(sql).and_then(|mut s| s.execute([ticket, agent])).map(|n| n > 0).map_err(|e| self.wrong(&e))
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
    pub fn looked(&self, day: Date, mut each: impl FnMut(Looked)) -> Result<()> {
        looked(self.db, number(day), &mut each).map_err(|e| self.wrong(&e))
    }
}

impl History {
    /// Calls `each` for the tickets of a day that have a conversation, or in which a check fired, in an order that does not depend on
    /// the order in which they came.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn looked(&self, day: Date, mut each: impl FnMut(Looked)) -> Result<()> {
        looked(&self.db, number(day), &mut each).map_err(|e| self.failed("read", &e))
    }

    /// Calls `each` for what checks found on some days, as it was counted: day by day.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn check_counts(&self, from: Date, to: Date, mut each: impl FnMut(CheckCount) -> Result<()>) -> Result<()> {
        let failed = |e: rusqlite::Error| self.failed("read", &e);
        let sql = "SELECT f.day, p.text, f.kind, a.text, n.text, f.count, f.first FROM check_counts f
                   JOIN names p ON p.name = f.product JOIN names a ON a.name = f.cause JOIN names n ON n.name = f.name
                   WHERE f.day BETWEEN ? AND ? ORDER BY f.day, p.text, f.kind, a.text, n.text";
        let mut statement = self.db.prepare_cached(sql).map_err(failed)?;
        let read = |row: &rusqlite::Row<'_>| {
            let first: String = row.get(6)?;
            Ok(CheckCount {
                day: date(row.get(0)?),
                product: row.get(1)?,
                kind: kind_of(row.get(2)?),
                cause: row.get(3)?,
                check: row.get(4)?,
                count: row.get::<_, i64>(5)? as u64,
                first: first.split(' ').filter_map(|n| n.parse().ok()).collect(),
            })
        };
        let rows = statement.query_map(params![number(from), number(to)], read).map_err(failed)?;
        for row in rows {
            each(row.map_err(failed)?)?;
        }
        Ok(())
    }

    /// Calls `each` for what checks found in the conversations of each agent, where that was kept: tickets are read for it.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn agents(&self, from: Date, to: Date, mut each: impl FnMut(OfAgent)) -> Result<()> {
        let read = |row: &rusqlite::Row<'_>| {
            let first: String = row.get(5)?;
            Ok(OfAgent {
                agent: row.get(0)?,
                product: row.get(1)?,
                kind: kind_of(row.get(2)?),
                check: row.get(3)?,
                count: row.get::<_, i64>(4)? as u64,
                first: first.lines().map(str::to_owned).collect(),
            })
        };
        let mut all = || -> rusqlite::Result<()> {
            if !self.db.query_row("SELECT EXISTS (SELECT 1 FROM served)", [], |row| row.get::<_, bool>(0))? {
                return Ok(());
            }
            let sql = "SELECT g.text, p.text, f.kind, n.text, f.count, f.ids FROM (
                         SELECT agent, product, kind, name, count(*) AS count, group_concat(replace(id, char(10), ' '), char(10) ORDER BY nth) FILTER (WHERE nth <= ?3) AS ids FROM (
                           SELECT f.*, s.agent, row_number() OVER (PARTITION BY s.agent, f.product, f.kind, f.name ORDER BY f.day, f.second, length(f.id), f.id) AS nth
                           FROM found f CROSS JOIN served s ON s.ticket = f.ticket WHERE f.day BETWEEN ?1 AND ?2)
                         GROUP BY agent, product, kind, name) f
                       JOIN names g ON g.name = f.agent JOIN names p ON p.name = f.product JOIN names n ON n.name = f.name ORDER BY g.text, p.text, f.kind, n.text";
            let mut statement = self.db.prepare(sql)?;
            statement.query_map(params![number(from), number(to), super::days::IDS as i64], read)?.try_for_each(|row| row.map(&mut each))
        };
        all().map_err(|e| self.failed("read", &e))
    }

    /// A ticket in which a check fired; `None` where it is not kept any more.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn found_in(&self, ticket: i64, check: &str) -> Result<Option<FoundIn>> {
        let sql = "SELECT t.second, t.id, f.sentence FROM names n
                   JOIN (SELECT ticket, name, sentence FROM talk_checks WHERE ticket = ?1 UNION ALL SELECT ticket, name, sentence FROM noted WHERE ticket = ?1) f
                   ON f.name = n.name JOIN tickets t ON t.ticket = f.ticket WHERE n.text = ?2";
        let read =
            |row: &rusqlite::Row<'_>| Ok(FoundIn { second: row.get(0)?, id: row.get(1)?, sentence: row.get::<_, Option<String>>(2)?.unwrap_or_default() });
        let find = || self.db.prepare_cached(sql)?.query_row(params![ticket, check], read).optional();
        find().map_err(|e| self.failed("read", &e))
    }
}

fn looked(db: &Connection, day: i32, each: &mut dyn FnMut(Looked)) -> rusqlite::Result<()> {
    let sql = "SELECT f.ticket, f.id, p.text, f.kind, a.text, k.text, n.text, coalesce(h.sentence, o.sentence), coalesce(g.text, '')
               FROM found f JOIN names c ON c.name = f.channel JOIN names p ON p.name = f.product JOIN names a ON a.name = f.cause JOIN names n ON n.name = f.name
               JOIN tickets t ON t.ticket = f.ticket JOIN names k ON k.name = t.pack
               LEFT JOIN talk_checks h ON h.ticket = f.ticket AND h.name = f.name LEFT JOIN noted o ON o.ticket = f.ticket AND o.name = f.name
               LEFT JOIN served s ON s.ticket = f.ticket LEFT JOIN names g ON g.name = s.agent
               WHERE f.day = ? ORDER BY f.second, c.text, length(f.id), f.id, f.ticket, n.text";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([day])?;
    let mut last: Option<(i64, Looked)> = None;
    while let Some(row) = rows.next()? {
        let ticket: i64 = row.get(0)?;
        if last.as_ref().is_none_or(|(known, _)| *known != ticket) {
            last.take().into_iter().for_each(|(_, looked)| each(looked));
            let (id, product, cause, pack, agent) = (row.get(1)?, row.get(2)?, row.get(4)?, row.get(5)?, row.get(8)?);
            let looked = Looked { id, product, kind: kind_of(row.get(3)?), cause, pack, agent, ..Looked::default() };
            last = Some((ticket, looked));
        }
        let check: String = row.get(6)?;
        match &mut last {
            Some((_, looked)) if check.is_empty() => looked.talked = true,
            Some((_, looked)) => looked.fired.push((check, row.get::<_, Option<String>>(7)?.unwrap_or_default())),
            None => {}
        }
    }
    last.into_iter().for_each(|(_, looked)| each(looked));
    Ok(())
}

/// Counts what checks found on a day anew.
pub(super) fn recount(db: &Connection, day: i32) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM check_counts WHERE day = ?")?.execute([day])?;
    let sql = "INSERT INTO check_counts
               SELECT day, product, kind, cause, name, count(*), group_concat(ticket, ' ' ORDER BY nth) FILTER (WHERE nth <= ?2) FROM (
                 SELECT f.*, row_number() OVER (PARTITION BY product, kind, cause, f.name ORDER BY second, c.text, length(id), id, ticket) AS nth
                 FROM found f JOIN names c ON c.name = f.channel WHERE f.day = ?1)
               GROUP BY day, product, kind, cause, name";
    db.prepare_cached(sql)?.execute(params![day, FIRST]).map(|_| ())
}
