//! Rows of a query: a SQLite file, PostgreSQL or MySQL by URL. Passwords come from the environment or a file, and are in no
//! message.

use super::table::{Gone, Rows, Table, unreadable};
use crate::error::{Error, Result};
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Where the password of a database comes from when the URL has none.
pub const PASSWORD_VARIABLE: &str = "AHU_SQL_PASSWORD";

/// A server's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// As the user wrote it, without a password.
    pub shown: String,
    url: String,
}

impl Database {
    /// The database of a URL such as `postgres://reader@db.example/desk`; `None` for anything else.
    #[must_use]
    pub fn from_url(text: &str) -> Option<Database> {
        let (scheme, rest) = text.split_once("://")?;
        if !matches!(scheme, "postgres" | "postgresql" | "mysql" | "mariadb") {
            return None;
        }
        let (who, host) = rest.rsplit_once('@').unwrap_or(("", rest));
        let user = who.split_once(':').map_or(who, |(user, _)| user);
        let at = if user.is_empty() { "" } else { "@" };
        Some(Database { shown: format!("{scheme}://{user}{at}{host}"), url: text.to_owned() })
    }

    fn is_mysql(&self) -> bool {
        self.url.starts_with("mysql") || self.url.starts_with("mariadb")
    }

    /// What a driver says, without what the user must keep secret.
    fn failed(&self, doing: &str, cause: &impl Display, secret: &str) -> Error {
        let mut text = cause.to_string();
        for hidden in [secret, self.url.split_once("://").and_then(|(_, r)| r.rsplit_once('@')).and_then(|(w, _)| w.split_once(':')).map_or("", |(_, p)| p)] {
            if !hidden.is_empty() {
                text = text.replace(hidden, "***");
            }
        }
        Error::new(crate::error::ErrorKind::Io, format!("cannot {doing} the database: {text}"))
    }
}

/// The rows that `query` gives.
pub fn rows(database: Database, query: String, password: Option<String>, keep_raw: bool) -> Table {
    Table::spawn(keep_raw, move |rows| {
        let secret = password.unwrap_or_default();
        if database.is_mysql() { mysql(&database, &query, &secret, rows) } else { postgres(&database, &query, &secret, rows) }
    })
}

fn postgres(database: &Database, query: &str, secret: &str, rows: &mut Rows) -> Result<std::result::Result<(), Gone>> {
    use postgres::{Config, NoTls, SimpleQueryMessage};
    let wrong = |doing: &'static str| {
        move |e: postgres::Error| {
            let cause = e.as_db_error().map_or_else(|| e.to_string(), |d| d.message().to_owned());
            database.failed(doing, &cause, secret)
        }
    };
    let mut config: Config = database.url.parse().map_err(wrong("understand"))?;
    if config.get_password().is_none() && !secret.is_empty() {
        config.password(secret);
    }
    let mut client = config.connect(NoTls).map_err(wrong("reach"))?;
    // Text of every type as the server writes it; a cursor, so that rows are never collected; read only.
    client.batch_execute("SET default_transaction_read_only = on; SET DateStyle = ISO; BEGIN").map_err(wrong("ask"))?;
    let query = query.trim().trim_end_matches(';');
    client.batch_execute(&format!("DECLARE ahu NO SCROLL CURSOR FOR {query}")).map_err(wrong("ask"))?;
    let (mut line, mut header) = (1u64, true);
    loop {
        let messages = client.simple_query("FETCH 2000 FROM ahu").map_err(wrong("read"))?;
        let mut fetched = 0;
        for message in &messages {
            match message {
                SimpleQueryMessage::RowDescription(columns) if std::mem::take(&mut header) => {
                    columns.iter().for_each(|c| rows.cell(c.name()));
                    if let Err(gone) = rows.end_row(line) {
                        return Ok(Err(gone));
                    }
                }
                SimpleQueryMessage::Row(row) => {
                    (0..row.len()).for_each(|i| rows.cell(row.get(i).unwrap_or("")));
                    line += 1;
                    fetched += 1;
                    if let Err(gone) = rows.end_row(line) {
                        return Ok(Err(gone));
                    }
                }
                _ => {}
            }
        }
        if fetched == 0 {
            return Ok(Ok(()));
        }
    }
}

fn mysql(database: &Database, query: &str, secret: &str, rows: &mut Rows) -> Result<std::result::Result<(), Gone>> {
    use mysql::prelude::Queryable;
    use mysql::{Conn, Opts, OptsBuilder};
    let url = database.url.replacen("mariadb://", "mysql://", 1);
    let opts = Opts::from_url(&url).map_err(|e| database.failed("understand", &e, secret))?;
    let opts = if opts.get_pass().is_none() && !secret.is_empty() { OptsBuilder::from_opts(opts).pass(Some(secret)).into() } else { opts };
    let mut client = Conn::new(opts).map_err(|e| database.failed("reach", &e, secret))?;
    let failed = |e: mysql::Error| database.failed("ask", &e, secret);
    client.query_drop("SET SESSION TRANSACTION READ ONLY").map_err(failed)?;
    let result = client.query_iter(query).map_err(failed)?;
    result.columns().as_ref().iter().for_each(|c| rows.cell(&c.name_str()));
    let mut line = 1;
    if let Err(gone) = rows.end_row(line) {
        return Ok(Err(gone));
    }
    for row in result {
        let row = row.map_err(failed)?;
        for value in row.unwrap_raw() {
            match value.unwrap_or(mysql::Value::NULL) {
                mysql::Value::NULL => rows.cell(""),
                mysql::Value::Bytes(b) => rows.cell(&String::from_utf8_lossy(&b)),
                mysql::Value::Int(n) => rows.cell(&n.to_string()),
                mysql::Value::UInt(n) => rows.cell(&n.to_string()),
                mysql::Value::Float(n) => rows.cell(&n.to_string()),
                mysql::Value::Double(n) => rows.cell(&n.to_string()),
                mysql::Value::Date(y, mo, d, h, mi, s, _) => rows.cell(&format!("{y:04}-{mo:02}-{d:02} {h:02}:{mi:02}:{s:02}")),
                mysql::Value::Time(negative, d, h, mi, s, _) => {
                    rows.cell(&format!("{}{:02}:{mi:02}:{s:02}", if negative { "-" } else { "" }, u32::from(h) + d * 24));
                }
            }
        }
        line += 1;
        if let Err(gone) = rows.end_row(line) {
            return Ok(Err(gone));
        }
    }
    Ok(Ok(()))
}

/// The tables and views of a SQLite file.
///
/// # Errors
/// A file that is no readable database.
pub fn sqlite_tables(path: &Path) -> Result<Vec<String>> {
    let wrong = |e: rusqlite::Error| unreadable("a SQLite database", e);
    let client = open(path)?;
    let mut statement = client
        .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name")
        .map_err(wrong)?;
    let names = statement.query_map([], |row| row.get(0)).map_err(wrong)?;
    names.collect::<std::result::Result<_, _>>().map_err(wrong)
}

/// The query for all rows of a table.
#[must_use]
pub fn all_of(table: &str) -> String {
    format!("SELECT * FROM \"{}\"", table.replace('"', "\"\""))
}

fn open(path: &Path) -> Result<rusqlite::Connection> {
    use rusqlite::OpenFlags;
    rusqlite::Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|e| unreadable("a SQLite database", e))
}

/// The rows that `query` gives on a SQLite file.
pub fn sqlite_rows(path: PathBuf, query: String, keep_raw: bool) -> Table {
    use rusqlite::types::ValueRef;
    Table::spawn(keep_raw, move |rows| {
        let wrong = |e: rusqlite::Error| unreadable("a query on the SQLite database", e);
        let client = open(&path)?;
        let mut statement = client.prepare(&query).map_err(wrong)?;
        let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        names.iter().for_each(|n| rows.cell(n));
        let mut line = 1;
        if let Err(gone) = rows.end_row(line) {
            return Ok(Err(gone));
        }
        let mut found = statement.query([]).map_err(wrong)?;
        while let Some(row) = found.next().map_err(wrong)? {
            for i in 0..names.len() {
                match row.get_ref(i).map_err(wrong)? {
                    ValueRef::Null => rows.cell(""),
                    ValueRef::Integer(n) => rows.cell(&n.to_string()),
                    ValueRef::Real(n) => rows.cell(&n.to_string()),
                    ValueRef::Text(b) | ValueRef::Blob(b) => rows.cell(&String::from_utf8_lossy(b)),
                }
            }
            line += 1;
            if let Err(gone) = rows.end_row(line) {
                return Ok(Err(gone));
            }
        }
        Ok(Ok(()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let d = Database::from_url("postgres://reader:s3cret@db.example:5432/desk?sslmode=disable").unwrap();
        assert_eq!(d.shown, "postgres://reader@db.example:5432/desk?sslmode=disable");
        let e = d.failed("reach", &"no user reader with s3cret or other", "other");
        assert!(!e.to_string().contains("s3cret") && !e.to_string().contains("other"), "{e}");
        assert_eq!(Database::from_url("C://tickets.csv"), None);
    }
}
