//! What has happened, night by night: one SQLite file of tickets with their decisions, of runs, and of counts kept for reports.
//!
//! Tickets are told by channel and id; the same rows in any order, split over any nights, give the same tickets as long as no two
//! texts of one have the same time. A ticket that comes
//! again with another text has a new version, and is decided by the latest (of one time the one that a later run brought); it stays on
//! the day of its first. `docs/history.md`
//! describes the tables and views.

mod alerts;
mod care;
mod days;
mod fixes;
mod forget;
mod listed;
mod outbox;
mod people;
mod period;
mod restate;
mod service;
mod tickets;
mod unread;
mod versions;

pub use alerts::Raised;
pub use care::Health;
pub use days::Stored;
pub use fixes::Fix;
pub use forget::{Forget, Found};
pub use listed::Shown;
pub use outbox::{Due, Noted, Outbox, Owed};
pub use people::{Hurt, Quote};
pub use period::DayCount;
pub use restate::{Anew, Decision, Kept, Restated};
pub use service::{CheckCount, Checked, FoundIn, Looked, OfAgent};
pub use tickets::{Decider, Input, Put, Quarantine, Record, Tally, Writing};

use crate::error::{Error, ErrorKind, Result};
use jiff::civil::Date;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Marks a SQLite file as one of ours: `ahu!` in ASCII.
const APPLICATION: i32 = 0x6168_7521;
/// The schema, and what makes each version of it the next.
const SCHEMA: &str = include_str!("history/schema.sql");
const MIGRATIONS: [&str; 6] = [
    include_str!("history/to-2.sql"),
    include_str!("history/to-3.sql"),
    include_str!("history/to-4.sql"),
    include_str!("history/to-5.sql"),
    include_str!("history/to-6.sql"),
    include_str!("history/to-7.sql"),
];
const VERSION: usize = 1 + MIGRATIONS.len();
/// Memory for pages, in KiB.
const CACHE_KIB: i64 = 128 * 1024;
/// How long another program that looks into the file may keep us waiting.
const PATIENCE: Duration = Duration::from_secs(10);
/// Days count from here.
const EPOCH: Date = Date::constant(1970, 1, 1);

/// The number of a day.
#[must_use]
pub fn number(day: Date) -> i32 {
    // Both are within the years that dates have.
    day.since(EPOCH).map_or(0, |span| span.get_days())
}

/// The day of a number.
#[must_use]
pub fn date(number: i32) -> Date {
    EPOCH.saturating_add(jiff::Span::new().days(number))
}

/// A history that is open.
#[derive(Debug)]
pub struct History {
    db: Connection,
    path: PathBuf,
}

impl History {
    /// Opens a history for writing; makes it where there is none, and brings an older one up to date.
    ///
    /// # Errors
    /// When the file is no history, of a later version, or cannot be written.
    pub fn open(path: &Path) -> Result<History> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = |e| failed(path, "open", &e);
        let history = History::connect(path, flags).map_err(failed)?;
        history.db.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        history.db.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        let version = history.version()?;
        if version < VERSION {
            history.migrate(version)?;
        }
        Ok(history)
    }

    /// Opens a history for reading only.
    ///
    /// # Errors
    /// When there is none, or as [`History::open`].
    pub fn read(path: &Path) -> Result<History> {
        if !path.exists() {
            return Err(Error::setup(format!("there is no history `{}` yet; `ahu run` makes it", path.display())));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let readable = |h: History| h.db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map(|_| h);
        let history = match History::connect(path, flags).and_then(readable) {
            // Who may not write beside the file cannot join those who use it; a file that nobody writes to can be read as it lies there.
            Err(e) if is_for_readers(&e) && !beside(path, "-wal").exists() => {
                History::connect(&immutable(path), flags | OpenFlags::SQLITE_OPEN_URI).map(|h| History { path: path.to_owned(), ..h })
            }
            done => done,
        };
        let history = history.map_err(|e| failed(path, "open", &e))?;
        match history.version()? {
            VERSION => Ok(history),
            _ => Err(Error::setup(format!("the history `{}` is of an earlier version; the next `ahu run` brings it up to date", path.display()))),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<History> {
        let db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(PATIENCE)?;
        db.pragma_update(None, "cache_size", -CACHE_KIB)?;
        db.pragma_update(None, "foreign_keys", true)?;
        db.set_prepared_statement_cache_capacity(64);
        Ok(History { db, path: path.to_owned() })
    }

    /// The version of the schema; 0 for a file that is empty.
    fn version(&self) -> Result<usize> {
        let pragma = |name| self.db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(|e| self.failed("read", &e));
        let (application, version) = (pragma("application_id")?, pragma("user_version")?);
        let tables = self.one("SELECT count(*) FROM sqlite_schema")?;
        let foreign = || Error::setup(format!("`{}` is a SQLite file, but no history of ahu; name another file", self.path.display()));
        match usize::try_from(version) {
            _ if tables == 0 && application == 0 => Ok(0),
            Ok(version) if application == i64::from(APPLICATION) && version <= VERSION => Ok(version),
            Ok(_) if application == i64::from(APPLICATION) => {
                Err(Error::setup(format!("the history `{}` was written by a later version of ahu; use that one", self.path.display())))
            }
            _ => Err(foreign()),
        }
    }

    fn migrate(&self, version: usize) -> Result<()> {
        let steps = [SCHEMA].into_iter().chain(MIGRATIONS).skip(version).collect::<Vec<_>>().join("\n");
        let sql = format!("BEGIN IMMEDIATE;\n{steps}\nPRAGMA application_id = {APPLICATION};\nPRAGMA user_version = {VERSION};\nCOMMIT;");
        self.db.execute_batch(&sql).map_err(|e| self.failed("write", &e))
    }

    /// A single number that a query gives.
    fn one(&self, sql: &str) -> Result<i64> {
        self.db.query_row(sql, [], |row| row.get(0)).map_err(|e| self.failed("read", &e))
    }

    fn failed(&self, doing: &str, cause: &rusqlite::Error) -> Error {
        failed(&self.path, doing, cause)
    }
}

/// Whether what went wrong is that only the owner of a file may write beside it.
fn is_for_readers(e: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, ReadOnly};
    matches!(e.sqlite_error_code(), Some(ReadOnly | CannotOpen))
}

/// The file that SQLite keeps beside a history.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The address of a file that nobody writes to.
fn immutable(path: &Path) -> PathBuf {
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    PathBuf::from(format!("file:{escaped}?immutable=1"))
}

/// What went wrong with a file, in the words of the other files' errors.
fn failed(path: &Path, doing: &str, cause: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseCorrupt, DatabaseLocked, NotADatabase, ReadOnly, SystemIoFailure};
    let path = path.display();
    match cause.sqlite_error_code() {
        Some(ReadOnly) => {
            let message = format!(
                "cannot {doing} the history `{path}`: only its owner may write in its folder, and a run is at work or was killed; ask its owner to run `ahu run`, or for `ahu backup FILE`"
            );
            Error::new(ErrorKind::Io, message)
        }
        Some(NotADatabase) => Error::setup(format!("`{path}` is no history: it is no SQLite file; name another file")),
        Some(DatabaseCorrupt) => Error::new(ErrorKind::Io, format!("the history `{path}` is damaged ({cause}); put a backup in its place")),
        Some(DatabaseBusy | DatabaseLocked) => Error::new(ErrorKind::Busy, format!("another program is writing to the history `{path}`; try again later")),
        Some(SystemIoFailure) => Error::new(ErrorKind::Io, format!("cannot {doing} the history `{path}`: {cause}; the disk may be full, or failing")),
        _ => Error::new(ErrorKind::Io, format!("cannot {doing} the history `{path}`: {cause}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_history_is_brought_up_to_date() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("history.db");
        let first = format!("{SCHEMA}\nINSERT INTO names VALUES (7, '甲');\nPRAGMA application_id = {APPLICATION};\nPRAGMA user_version = 1;");
        Connection::open(&path).and_then(|db| db.execute_batch(&first)).expect("a history of version 1");
        assert!(History::read(&path).expect_err("an earlier one").to_string().contains("the next `ahu run`"));
        let now = History::open(&path).expect("it is brought up to date");
        assert_eq!((now.version().expect("a version"), now.one("SELECT count(*) FROM names").expect("its rows")), (VERSION, 2));
        let made = History::open(&folder.path().join("new.db")).expect("a new one");
        let schema = |of: &History| {
            let mut all = of.db.prepare("SELECT sql FROM sqlite_schema ORDER BY name").expect("a schema");
            all.query_map([], |row| row.get::<_, Option<String>>(0)).expect("rows").collect::<rusqlite::Result<Vec<_>>>().expect("rows")
        };
        assert_eq!(schema(&now), schema(&made));
    }
}
