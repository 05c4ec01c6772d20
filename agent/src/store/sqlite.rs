//! `--data-path`: one SQLite file, which no second process may open.
//!
//! In WAL mode with `synchronous = FULL` a commit is on the disk when it returns. <https://sqlite.org/pragma.html>

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use lookupd_core::{Check, LogEntry, Revision, Stored, StoredSnapshot, Timestamp};
use rusqlite::{Connection, Error, ErrorCode, OptionalExtension as _, Row, params};

use super::{Medium, StorageError};

/// The tables `log`, `snapshot`, `earlier` and `heard`, as the worker has them.
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Sqlite {
    /// Opens the registry in this folder; makes both where they are missing.
    ///
    /// # Errors
    /// Where they can't be made, another process has them open, or the file is damaged or somebody else's: it is left as
    /// it is, and the error says so, with its name and what to do.
    pub(crate) fn open(folder: &Path) -> Result<Self, StorageError> {
        fs::create_dir_all(folder)
            .map_err(|error| StorageError(format!("the folder {} can't be made: {error}", folder.display())))?;
        let path = folder.join(FILE);
        match prepare(&path) {
            Ok(connection) => Ok(Self { path, connection: Mutex::new(connection) }),
            Err(problem) => Err(problem.tell(&path)),
        }
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // SQLite itself keeps a statement whole.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a write, within the transaction that the next commit ends.
    fn write<T>(&self, act: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StorageError> {
        let connection = self.connection();
        let begin = || if connection.is_autocommit() { connection.execute_batch("BEGIN IMMEDIATE") } else { Ok(()) };
        begin().and_then(|()| act(&connection)).map_err(|error| self.failed(&error))
    }

    fn read<T>(&self, act: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StorageError> {
        act(&self.connection()).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &Error) -> StorageError {
        StorageError(format!("{}: {error}", self.path.display()))
    }
}

impl Medium for Sqlite {
    fn load(&self) -> Result<Stored, StorageError> {
        let snapshot = self.snapshot()?;
        let log = self.log_from(snapshot.revision + 1)?;
        let heard =
            self.read(|connection| connection.query_row("SELECT bytes FROM heard", [], |row| row.get(0)).optional())?;
        Ok(Stored { snapshot, log, heard })
    }

    fn append(&self, LogEntry { revision, at, check, bytes }: &LogEntry) -> Result<(), StorageError> {
        self.write(|connection| {
            let row = params![revision, at.as_millis(), check.to_bytes(), bytes];
            let insert = "INSERT INTO log (revision, at, hash, bytes) VALUES (?, ?, ?, ?)";
            connection.prepare_cached(insert)?.execute(row).map(drop)
        })
    }

    fn save_heard(&self, heard: &[u8]) -> Result<(), StorageError> {
        self.write(|connection| put_heard(connection, heard))
    }

    fn compact(&self, snapshot: &StoredSnapshot, heard: &[u8], drop_through: Revision) -> Result<(), StorageError> {
        self.write(|connection| {
            connection.execute("INSERT INTO earlier SELECT revision, part, bytes FROM snapshot", [])?;
            connection.execute("DELETE FROM earlier WHERE revision <> ?", [drop_through])?;
            connection.execute("DELETE FROM snapshot", [])?;
            let mut insert = connection.prepare("INSERT INTO snapshot (part, revision, bytes) VALUES (?, ?, ?)")?;
            for (part, bytes) in (0_u32..).zip(&snapshot.parts) {
                insert.execute(params![part, snapshot.revision, bytes])?;
            }
            put_heard(connection, heard)?;
            connection.execute("DELETE FROM log WHERE revision <= ?", [drop_through]).map(drop)
        })
    }

    fn snapshot(&self) -> Result<StoredSnapshot, StorageError> {
        self.read(|connection| snapshot_in(connection, "SELECT revision, bytes FROM snapshot ORDER BY part"))
    }

    fn earlier(&self) -> Result<StoredSnapshot, StorageError> {
        self.read(|connection| snapshot_in(connection, "SELECT revision, bytes FROM earlier ORDER BY part"))
    }

    fn log_from(&self, revision: Revision) -> Result<Vec<LogEntry>, StorageError> {
        self.read(|connection| {
            let query = "SELECT revision, at, hash, bytes FROM log WHERE revision >= ? ORDER BY revision";
            connection.prepare(query)?.query_map([revision], entry)?.collect()
        })
    }

    fn last_before(&self, time: Timestamp) -> Result<Option<Revision>, StorageError> {
        self.read(|connection| {
            let query = "SELECT revision FROM log WHERE at < ? ORDER BY revision DESC LIMIT 1";
            connection.query_row(query, [time.as_millis()], |row| row.get(0)).optional()
        })
    }

    fn commit(&self) -> Result<(), StorageError> {
        let connection = self.connection();
        if connection.is_autocommit() {
            return Ok(());
        }
        connection.execute_batch("COMMIT").map_err(|error| self.failed(&error))
    }

    fn abandon(&self) -> Result<(), StorageError> {
        let connection = self.connection();
        if connection.is_autocommit() {
            return Ok(());
        }
        connection.execute_batch("ROLLBACK").map_err(|error| self.failed(&error))
    }
}

fn snapshot_in(connection: &Connection, query: &str) -> rusqlite::Result<StoredSnapshot> {
    let mut snapshot = StoredSnapshot::default();
    for row in connection.prepare(query)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
        let (revision, bytes) = row?;
        snapshot.revision = revision;
        snapshot.parts.push(bytes);
    }
    Ok(snapshot)
}

fn put_heard(connection: &Connection, heard: &[u8]) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT OR REPLACE INTO heard (id, bytes) VALUES (0, ?)")?.execute([heard]).map(drop)
}

fn entry(row: &Row<'_>) -> rusqlite::Result<LogEntry> {
    Ok(LogEntry {
        revision: row.get(0)?,
        at: Timestamp::from_millis(row.get(1)?),
        check: Check::from_bytes(row.get(2)?),
        bytes: row.get(3)?,
    })
}

/// The file's name within the folder.
const FILE: &str = "registry.sqlite";

/// Stands in the header of every registry of ours, and in no other file: the letters `lked`.
const APPLICATION_ID: i32 = 0x6c6b_6564;

/// The version of the tables below.
const TABLES_VERSION: i32 = 1;

const TABLES: &str = "
    CREATE TABLE log (revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL);
    CREATE TABLE snapshot (part INTEGER PRIMARY KEY, revision INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE TABLE heard (id INTEGER PRIMARY KEY CHECK (id = 0), bytes BLOB NOT NULL);
";

/// The log reached back only to the snapshot before there was this one.
const EARLIER: &str = "
    CREATE TABLE IF NOT EXISTS earlier
        (revision INTEGER NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (revision, part));
";

/// Why a file is not used.
enum Problem {
    Sqlite(Error),
    Foreign,
    Newer(i32),
    Damaged(String),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}

impl Problem {
    fn tell(self, path: &Path) -> StorageError {
        let path = path.display();
        StorageError(match self {
            Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                format!("{path} is in use by another process: stop that one, or use another --data-path")
            }
            Self::Sqlite(error) => format!("{path} can't be opened: {error}"),
            Self::Foreign => format!(
                "{path} is no registry of this program: it was left as it is; move it away, or use another --data-path"
            ),
            Self::Newer(version) => format!(
                "{path} is of a newer release (tables {version}, known are {TABLES_VERSION}): it was left as it is; \
                 start that release, or use another --data-path"
            ),
            Self::Damaged(what) => format!(
                "{path} is damaged ({what}): it was left as it is; put a copy back in its place, or move it away and \
                 start empty"
            ),
        })
    }
}

/// Opens the file, and takes it for this process alone. Nothing is written to one that isn't ours.
fn prepare(path: &Path) -> Result<Connection, Problem> {
    let connection = Connection::open(path)?;
    // What is locked stays locked until the process ends, however it ends.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    let is_new = application == 0 && version == 0 && tables == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(Problem::Foreign);
    }
    if version > TABLES_VERSION {
        return Err(Problem::Newer(version));
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    if is_new {
        // A process that ends in between leaves an empty file, or a whole one.
        connection.execute_batch(&format!(
            "BEGIN EXCLUSIVE; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {TABLES_VERSION}; COMMIT"
        ))?;
    } else {
        connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    }
    connection.execute_batch(EARLIER)?;
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(connection) } else { Err(Problem::Damaged(found)) }
}
