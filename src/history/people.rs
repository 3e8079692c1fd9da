//! Who was hurt, and what they said: of one product over many days.

use super::tickets::kind_of;
use super::{History, date, number};
use crate::error::Result;
use crate::prediction::Kind;
use jiff::civil::Date;
use rusqlite::params;

/// Tickets of one product, kind and cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hurt {
    /// Kind.
    pub kind: Option<Kind>,
    /// Cause; empty for what no cause took.
    pub cause: String,
    /// Tickets.
    pub tickets: u64,
    /// Customers that are known.
    pub customers: u64,
    /// Tickets of which nobody knows the customer.
    pub unnamed: u64,
}

/// What a customer wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Ticket's id.
    pub id: String,
    /// Its day.
    pub day: Date,
    /// Its text, masked.
    pub text: String,
}

/// Of so many quotes one in other words is looked for.
const ALIKE: usize = 8;
/// Shortest and longest quote, in characters.
const LENGTHS: (i64, i64) = (6, 60);

impl History {
    /// Tickets and customers of a product (in all its spellings) by kind and cause, most tickets first.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn hurt(&self, product: &[String], from: Date, to: Date) -> Result<Vec<Hurt>> {
        let sql = "SELECT t.kind, c.text, count(*), count(DISTINCT t.customer), count(*) - count(t.customer) FROM tickets t JOIN names c ON c.name = t.cause
                   WHERE t.product IN (SELECT name FROM names JOIN json_each(?) ON text = value) AND t.day BETWEEN ? AND ? GROUP BY t.kind, t.cause ORDER BY 3 DESC, 2";
        let read = |row: &rusqlite::Row<'_>| {
            let n = |at: usize| row.get::<_, i64>(at).map(|n| n as u64);
            Ok(Hurt { kind: kind_of(row.get(0)?), cause: row.get(1)?, tickets: n(2)?, customers: n(3)?, unnamed: n(4)? })
        };
        let all = || -> rusqlite::Result<Vec<Hurt>> { self.db.prepare(sql)?.query_map(params![list(product), number(from), number(to)], read)?.collect() };
        all().map_err(|e| self.failed("read", &e))
    }

    /// What customers wrote: the latest texts of a good length, each of another customer and in other words.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn quotes(&self, product: &[String], kind: Option<Kind>, cause: &str, (from, to): (Date, Date), most: usize) -> Result<Vec<Quote>> {
        let sql = "SELECT id, max(day), text, wording FROM tickets WHERE product IN (SELECT name FROM names JOIN json_each(?1) ON text = value) AND kind = ?2
                   AND cause = (SELECT name FROM names WHERE text = ?3) AND day BETWEEN ?4 AND ?5 AND length(trim(text, char(10) || ' ')) BETWEEN ?6 AND ?7
                   GROUP BY coalesce(customer, ticket) ORDER BY 2 DESC, id LIMIT ?8";
        let read = |row: &rusqlite::Row<'_>| Ok((Quote { id: row.get(0)?, day: date(row.get(1)?), text: row.get(2)? }, row.get::<_, u32>(3)?));
        let kind = super::tickets::kind_number(kind);
        let row = params![list(product), kind, cause, number(from), number(to), LENGTHS.0, LENGTHS.1, (most * ALIKE) as i64];
        let all = || -> rusqlite::Result<Vec<(Quote, u32)>> { self.db.prepare_cached(sql)?.query_map(row, read)?.collect() };
        let mut said = std::collections::HashSet::new();
        let others = all().map_err(|e| self.failed("read", &e))?.into_iter().filter(|(_, wording)| said.insert(*wording));
        Ok(others.take(most).map(|(quote, _)| quote).collect())
    }

    /// How often a kind and cause of a product was told as unusual: the days, the first one first.
    ///
    /// # Errors
    /// What SQLite gives.
    pub fn alert_days(&self, product: &[String], kind: Option<Kind>, cause: &str, (from, to): (Date, Date)) -> Result<Vec<Date>> {
        let sql =
            "SELECT DISTINCT d.day FROM alert_days d JOIN alerts a USING (alert) WHERE a.product IN (SELECT name FROM names JOIN json_each(?) ON text = value)
                   AND a.kind = ? AND a.cause = (SELECT name FROM names WHERE text = ?) AND d.day BETWEEN ? AND ? ORDER BY d.day";
        let row = params![list(product), super::tickets::kind_number(kind), cause, number(from), number(to)];
        let all = || -> rusqlite::Result<Vec<Date>> { self.db.prepare_cached(sql)?.query_map(row, |row| row.get(0).map(date))?.collect() };
        all().map_err(|e| self.failed("read", &e))
    }
}

/// Words as SQLite's `json_each` takes them.
fn list(words: &[String]) -> String {
    // Text always serialises.
    serde_json::to_string(words).unwrap_or_default()
}
