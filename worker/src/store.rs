//! The leader's disk: SQLite in its Durable Object.
//!
//! SQL is synchronous there, and what is written with no await in between becomes durable together; the runtime holds
//! every answer back until it is. A single statement happens whole or not at all; several do only in `transactionSync`.
//! <https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/>

use js_sys::{Array, Uint8Array};
use lookupd_core::{Check, LogEntry, Revision, Store, Stored, StoredSnapshot, Timestamp};
use std::cell::Cell;
use wasm_bindgen::prelude::*;

/// What SQLite or the runtime said was wrong.
#[derive(Debug)]
pub(crate) struct StorageError(String);

impl std::fmt::Display for StorageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<JsValue> for StorageError {
    fn from(thrown: JsValue) -> Self {
        let message = thrown.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
        Self(message.unwrap_or_else(|| format!("{thrown:?}")))
    }
}

/// The tables `log`, `snapshot` and `heard` of one object, made with the first write: opening an unused object writes
/// nothing; and `earlier`, made when the first snapshot is replaced.
pub(crate) struct SqliteStore {
    storage: Storage,
    sql: Sql,
    has_tables: Cell<bool>,
}

impl SqliteStore {
    /// Over the object's own storage; reads which tables are there.
    ///
    /// # Errors
    /// Where the storage can't be opened, or holds something else.
    pub(crate) fn open(storage: &JsValue) -> Result<Self, StorageError> {
        let storage: Storage = storage.clone().unchecked_into();
        let sql = storage.sql()?;
        let store = Self { storage, sql, has_tables: Cell::new(false) };
        let tables = store.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('log', 'snapshot', 'heard')",
            &Array::new(),
        )?;
        match tables.length() {
            0 => {}
            3 => store.has_tables.set(true),
            _ => return Err(StorageError("some of its tables are missing".into())),
        }
        Ok(store)
    }

    fn rows(&self, query: &str, bindings: &Array) -> Result<Array, StorageError> {
        Ok(self.sql.exec(query, bindings)?.raw()?.to_array()?)
    }

    fn run(&self, query: &str, bindings: &Array) -> Result<(), JsValue> {
        self.sql.exec(query, bindings).map(drop)
    }

    /// Runs statements as one, with the tables there.
    fn write(&self, mut statements: impl FnMut() -> Result<(), JsValue>) -> Result<(), StorageError> {
        let creates_tables = !self.has_tables.get();
        self.storage.transaction_sync(&mut || {
            if creates_tables {
                self.run(TABLES, &Array::new())?;
            }
            statements()
        })?;
        self.has_tables.set(true);
        Ok(())
    }

    fn snapshot_in(&self, query: &str) -> Result<StoredSnapshot, StorageError> {
        let mut snapshot = StoredSnapshot::default();
        for row in self.rows(query, &Array::new())?.iter() {
            snapshot.revision = integer_at(&row, 0)?;
            snapshot.parts.push(bytes_at(&row, 1)?);
        }
        Ok(snapshot)
    }

    fn insert(&self, LogEntry { revision, at, check, bytes }: &LogEntry) -> Result<(), JsValue> {
        let row = Array::of4(&number(*revision), &number(at.as_millis()), &blob(&check.to_bytes()), &blob(bytes));
        self.run("INSERT INTO log (revision, at, hash, bytes) VALUES (?, ?, ?, ?)", &row)
    }

    fn put_heard(&self, heard: &[u8]) -> Result<(), JsValue> {
        self.run("INSERT OR REPLACE INTO heard (id, bytes) VALUES (0, ?)", &Array::of1(&blob(heard)))
    }
}

impl Store for SqliteStore {
    type Error = StorageError;

    fn load(&self) -> Result<Stored, StorageError> {
        if !self.has_tables.get() {
            return Ok(Stored::default());
        }
        let snapshot = self.snapshot()?;
        let log = self.log_from(snapshot.revision + 1)?;
        let heard = self.rows("SELECT bytes FROM heard", &Array::new())?;
        let heard = heard.iter().next().map(|row| bytes_at(&row, 0)).transpose()?;
        Ok(Stored { snapshot, log, heard })
    }

    fn append(&mut self, entry: &LogEntry) -> Result<(), StorageError> {
        if self.has_tables.get() { Ok(self.insert(entry)?) } else { self.write(|| self.insert(entry)) }
    }

    fn save_heard(&mut self, heard: &[u8]) -> Result<(), StorageError> {
        self.write(|| self.put_heard(heard))
    }

    fn compact(&mut self, snapshot: &StoredSnapshot, heard: &[u8], drop_through: Revision) -> Result<(), StorageError> {
        self.write(|| {
            self.run(EARLIER, &Array::new())?;
            self.run("INSERT INTO earlier SELECT revision, part, bytes FROM snapshot", &Array::new())?;
            self.run("DELETE FROM earlier WHERE revision <> ?", &Array::of1(&number(drop_through)))?;
            self.run("DELETE FROM snapshot", &Array::new())?;
            for (part, bytes) in (0..).zip(&snapshot.parts) {
                let row = Array::of3(&number(part), &number(snapshot.revision), &blob(bytes));
                self.run("INSERT INTO snapshot (part, revision, bytes) VALUES (?, ?, ?)", &row)?;
            }
            self.put_heard(heard)?;
            self.run("DELETE FROM log WHERE revision <= ?", &Array::of1(&number(drop_through)))
        })
    }

    fn snapshot(&self) -> Result<StoredSnapshot, StorageError> {
        if self.has_tables.get() {
            self.snapshot_in("SELECT revision, bytes FROM snapshot ORDER BY part")
        } else {
            Ok(StoredSnapshot::default())
        }
    }

    fn earlier(&self) -> Result<StoredSnapshot, StorageError> {
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'earlier'";
        if self.rows(tables, &Array::new())?.length() == 0 {
            return Ok(StoredSnapshot::default());
        }
        self.snapshot_in("SELECT revision, bytes FROM earlier ORDER BY part")
    }

    fn log_from(&self, revision: Revision) -> Result<Vec<LogEntry>, StorageError> {
        if !self.has_tables.get() {
            return Ok(Vec::new());
        }
        let query = "SELECT revision, at, hash, bytes FROM log WHERE revision >= ? ORDER BY revision";
        let rows = self.rows(query, &Array::of1(&number(revision)))?;
        rows.iter()
            .map(|row| {
                let hash = bytes_at(&row, 2)?.try_into().map_err(|_| unexpected())?;
                Ok(LogEntry {
                    revision: integer_at(&row, 0)?,
                    at: Timestamp::from_millis(integer_at(&row, 1)?),
                    check: Check::from_bytes(hash),
                    bytes: bytes_at(&row, 3)?,
                })
            })
            .collect()
    }

    fn last_before(&self, time: Timestamp) -> Result<Option<Revision>, StorageError> {
        if !self.has_tables.get() {
            return Ok(None);
        }
        let query = "SELECT revision FROM log WHERE at < ? ORDER BY revision DESC LIMIT 1";
        let rows = self.rows(query, &Array::of1(&number(time.as_millis())))?;
        rows.iter().next().map(|row| integer_at(&row, 0)).transpose()
    }
}

const TABLES: &str = "
    CREATE TABLE log (revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL);
    CREATE TABLE snapshot (part INTEGER PRIMARY KEY, revision INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE TABLE heard (id INTEGER PRIMARY KEY CHECK (id = 0), bytes BLOB NOT NULL);
";

const EARLIER: &str = "
    CREATE TABLE IF NOT EXISTS earlier
        (revision INTEGER NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (revision, part));
";

/// Revisions and milliseconds stay far below 2⁵³, where a JavaScript number is exact.
fn number(value: u64) -> JsValue {
    JsValue::from_f64(value as f64)
}

fn blob(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

fn integer_at(row: &JsValue, column: u32) -> Result<u64, StorageError> {
    let value = row.unchecked_ref::<Array>().get(column).as_f64().ok_or_else(unexpected)?;
    if value >= 0.0 && value.fract() == 0.0 { Ok(value as u64) } else { Err(unexpected()) }
}

fn bytes_at(row: &JsValue, column: u32) -> Result<Vec<u8>, StorageError> {
    let value = row.unchecked_ref::<Array>().get(column);
    let buffer = value.dyn_into::<js_sys::ArrayBuffer>().map_err(|_| unexpected())?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

fn unexpected() -> StorageError {
    StorageError("a row is not as it was written".into())
}

// The crate `worker` has no `transactionSync`, and some of its cursor's methods don't catch what JavaScript throws.
#[wasm_bindgen]
extern "C" {
    type Storage;
    #[wasm_bindgen(method, getter, catch)]
    fn sql(this: &Storage) -> Result<Sql, JsValue>;
    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &Storage,
        statements: &mut dyn FnMut() -> Result<(), JsValue>,
    ) -> Result<JsValue, JsValue>;

    type Sql;
    #[wasm_bindgen(method, catch, variadic)]
    fn exec(this: &Sql, query: &str, bindings: &Array) -> Result<Cursor, JsValue>;

    type Cursor;
    #[wasm_bindgen(method, catch)]
    fn raw(this: &Cursor) -> Result<Rows, JsValue>;

    type Rows;
    #[wasm_bindgen(method, catch, js_name = toArray)]
    fn to_array(this: &Rows) -> Result<Array, JsValue>;
}
