//! Versions of a ticket: which of them decides.

use super::Writing;
use super::tickets::{Known, Put, Record};
use rusqlite::{OptionalExtension, params};

/// A day and a second of it.
type Time = (i32, Option<u32>);

/// The version that decides: of the latest time. Of one time it is the version that a later run brought, since exports tell when a ticket
/// was opened, whatever was corrected since. What a run reads again beside the version that decides already is no news, so that reading
/// all files again changes nothing. Of two that are new in one run the longer decides.
const LATEST: &str = "SELECT content FROM versions WHERE ticket = ? ORDER BY day DESC, second DESC, turn DESC, length DESC, content DESC LIMIT 1";
/// Tells whose a ticket is.
const WHOSE: &str = "UPDATE tickets SET customer = ?1 WHERE ticket = ?2 AND customer IS NOT ?1";
/// Turns of one run, see `to-5.sql`.
const TURNS: i64 = 1000;

impl Writing<'_> {
    /// The latest time of a ticket.
    pub(super) fn latest(&self, known: &Known) -> rusqlite::Result<Time> {
        if !known.versions {
            return Ok((known.day, known.second));
        }
        let sql = "SELECT day, second FROM versions WHERE ticket = ? ORDER BY day DESC, second DESC LIMIT 1";
        self.db.prepare_cached(sql)?.query_row([known.ticket], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Another text or time of a known ticket, or one that has several: the latest decides, and the ticket is of the day on which it was
    /// seen first.
    pub(super) fn put_version(&mut self, r: &Record, known: &Known, names: [i64; 7], content: i64, time: Time) -> rusqlite::Result<Put> {
        let db = &self.db;
        if !known.versions {
            let sql = "INSERT INTO versions (ticket, content, day, second, length, written, text, run, turn, turn_before, customer)
                       SELECT ticket, content, day, second, coalesce(length, length(text), 0), written, text, run, run * ?2 + ?2 - 1, run * ?2 + ?2 - 1, customer
                       FROM tickets WHERE ticket = ?1";
            db.prepare_cached(sql)?.execute([known.ticket, TURNS])?;
        }
        let before: Option<(Time, i64)> = db
            .prepare_cached("SELECT day, second, turn FROM versions WHERE ticket = ? AND content = ?")?
            .query_row(params![known.ticket, content], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))
            .optional()?;
        let last = before.map_or(time, |before| before.0.max(time));
        let turn = self.turn(known, before.map(|b| b.1))?;
        let sql = "INSERT INTO versions (ticket, content, day, second, length, written, text, run, turn, turn_before, customer)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?11)
                   ON CONFLICT (ticket, content) DO UPDATE SET day = ?3, second = ?4, turn = ?9, turn_before = iif(turn < ?10, turn, turn_before),
                   customer = coalesce(?11, customer)";
        let customer = self.customer(&r.customer);
        let row = params![known.ticket, content, last.0, last.1, r.length, names[1], r.text, self.run, turn, self.run * TURNS, customer];
        db.prepare_cached(sql)?.execute(row)?;
        let latest: i64 = db.prepare_cached(LATEST)?.query_row([known.ticket], |row| row.get(0))?;
        let first = time.min((known.day, known.second));
        // Only the one in hand can have become the latest.
        let changes = (latest == content && latest != known.content, first != (known.day, known.second));
        if changes.0 {
            self.write(r, known.identity, names, content, first)?;
            self.written = Some((known.ticket, first.0, true));
        }
        if changes.1 {
            db.prepare_cached("UPDATE tickets SET day = ?, second = ? WHERE ticket = ?")?.execute(params![first.0, first.1, known.ticket])?;
        }
        // The latest version that tells of a customer tells whose the ticket is.
        let sql = "SELECT customer FROM versions WHERE ticket = ? AND customer IS NOT NULL ORDER BY day DESC, second DESC, turn DESC, length DESC, content DESC LIMIT 1";
        let customer: Option<i64> = db.prepare_cached(sql)?.query_row([known.ticket], |row| row.get(0)).optional()?;
        let whose = customer.is_some() && db.prepare_cached(WHOSE)?.execute(params![customer, known.ticket])? > 0;
        if whose || changes != (false, false) {
            self.days.extend([known.day, first.0]);
        }
        Ok(if before.is_none() { Put::Revised } else { Put::Known })
    }

    /// Notes the customer of a known ticket that says what it said: whoever was told last.
    pub(super) fn put_customer(&mut self, r: &Record, known: &Known) -> rusqlite::Result<()> {
        let customer = self.customer(&r.customer);
        if customer.is_some() && customer != known.customer {
            self.db.prepare_cached(WHOSE)?.execute(params![customer, known.ticket])?;
            self.days.insert(known.day);
        }
        Ok(())
    }

    /// The turn of a version that this run sees, by the one that it had: the last of the run's for a new one, else its place among those
    /// that are known from before. So the order of a run's files does not matter.
    fn turn(&self, known: &Known, before: Option<i64>) -> rusqlite::Result<i64> {
        let first = self.run * TURNS;
        match before {
            None => Ok(first + TURNS - 1),
            Some(turn) if turn >= first => Ok(turn),
            Some(turn) => {
                let sql = "SELECT count(*) FROM versions WHERE ticket = ?1 AND iif(turn >= ?2, turn_before, turn) < ?3";
                let place: i64 = self.db.prepare_cached(sql)?.query_row([known.ticket, first, turn], |row| row.get(0))?;
                Ok(first + place.min(TURNS - 2))
            }
        }
    }
}
