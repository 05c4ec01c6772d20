//! What workerd is told to run: the worker with its bindings, and beside it two small ones. One stands for the store
//! of the dashboard's files, the other, on a socket of its own, takes every Durable Object out of memory.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The variables and secrets of one deployment. One that isn't given is absent, as on a fresh account.
#[derive(Debug, Clone, Default)]
pub struct Bindings {
    texts: Vec<(String, String)>,
    is_observed: bool,
}

impl Bindings {
    /// Nothing configured.
    pub fn none() -> Self {
        Self::default()
    }

    /// Anyone may do anything, as under `make dev`.
    pub fn open() -> Self {
        Self::none().with("ANONYMOUS", "write")
    }

    /// Has the way to the leader watched, and cut on demand: see [`Edge::observed`](crate::Edge::observed).
    #[must_use]
    pub fn observed(mut self) -> Self {
        self.is_observed = true;
        self
    }

    /// Sets one variable or secret.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.texts.retain(|(present, _)| present != name);
        self.texts.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The worker of this project, as worker-build left it in `build`.
pub(crate) fn write_worker(directory: &Path, build: &Path, bindings: &Bindings) -> io::Result<PathBuf> {
    let mut modules = String::new();
    if bindings.is_observed {
        fs::write(directory.join("observer.js"), OBSERVER)?;
        modules.push_str("    (name = \"observer.js\", esModule = embed \"observer.js\"),\n");
    }
    for name in modules_of(build)? {
        fs::copy(build.join(&name), directory.join(&name))?;
        let kind = if name.ends_with(".wasm") { "wasm" } else { "esModule" };
        let _ = writeln!(modules, "    (name = {0}, {kind} = embed {0}),", quoted(&name));
    }
    write(directory, "worker.capnp", &modules, &bindings.texts)
}

/// A worker that answers a statement of SQL in a request's body with the rows it gives, from the storage that
/// the real worker's object left behind.
pub(crate) fn write_storage_reader(directory: &Path) -> io::Result<PathBuf> {
    fs::write(directory.join("storage.js"), STORAGE_READER)?;
    write(directory, "storage.capnp", "    (name = \"storage.js\", esModule = embed \"storage.js\"),\n", &[])
}

fn write(directory: &Path, name: &str, modules: &str, texts: &[(String, String)]) -> io::Result<PathBuf> {
    fs::write(directory.join("eviction.js"), EVICTION)?;
    fs::write(directory.join("files.js"), FILES)?;
    fs::create_dir_all(directory.join("storage"))?;
    let mut bindings = String::new();
    for (name, value) in texts {
        let _ = writeln!(bindings, "    (name = {}, text = {}),", quoted(name), quoted(value));
    }
    let deployment = Deployment::read()?;
    let config = TEMPLATE
        .replace("MODULES", modules)
        .replace("BINDINGS", &bindings)
        .replace("DATE", &deployment.compatibility_date)
        .replace("FLAGS", &deployment.compatibility_flags);
    let path = directory.join(name);
    fs::write(&path, config)?;
    Ok(path)
}

/// The modules of a build, the main one first: workerd takes that for the worker.
fn modules_of(build: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(build)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".wasm") || name.ends_with(".js") {
            names.push(name);
        }
    }
    names.sort_by_key(|name| (name != "index.js", name.clone()));
    if names.first().is_none_or(|first| first != "index.js") {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("no index.js in {}", build.display())));
    }
    Ok(names)
}

/// What `wrangler.toml` says of the runtime, so that the tests run what is deployed.
struct Deployment {
    compatibility_date: String,
    compatibility_flags: String,
}

impl Deployment {
    fn read() -> io::Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wrangler.toml");
        let text = fs::read_to_string(path)?;
        let value = |key: &str| {
            text.lines()
                .filter_map(|line| line.split_once('='))
                .find(|(found, _)| found.trim() == key)
                .map(|(_, value)| value.trim().to_owned())
        };
        let compatibility_date =
            value("compatibility_date").ok_or_else(|| io::Error::other("wrangler.toml has no compatibility_date"))?;
        let compatibility_flags = value("compatibility_flags").unwrap_or_else(|| "[]".to_owned());
        Ok(Self { compatibility_date, compatibility_flags })
    }
}

/// A text as Cap'n Proto writes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

const TEMPLATE: &str = r#"using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "eviction", worker = .eviction),
    (name = "files", worker = .files),
    (name = "storage", disk = (path = "storage", writable = true)),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (), service = "worker"),
    (name = "eviction", address = "127.0.0.1:0", http = (), service = "eviction"),
  ],
);

const worker :Workerd.Worker = (
  modules = [
MODULES  ],
  compatibilityDate = DATE,
  compatibilityFlags = FLAGS,
  bindings = [
    (name = "LEADER", durableObjectNamespace = "Leader"),
    (name = "ASSETS", service = "files"),
BINDINGS  ],
  durableObjectNamespaces = [(className = "Leader", uniqueKey = "lookupd-edge-Leader", enableSql = true)],
  durableObjectStorage = (localDisk = "storage"),
);

const files :Workerd.Worker = (
  modules = [(name = "files.js", esModule = embed "files.js")],
  compatibilityDate = DATE,
);

const eviction :Workerd.Worker = (
  modules = [(name = "eviction.js", esModule = embed "eviction.js")],
  compatibilityDate = DATE,
  compatibilityFlags = ["unsafe_module"],
);
"#;

const EVICTION: &str = r#"import unsafe from "workerd:unsafe";
export default {
  async fetch() {
    await unsafe.abortAllDurableObjects();
    return new Response("evicted");
  },
};
"#;

/// Stands for the store of the dashboard's files, which is no part of the runtime.
const FILES: &str = r#"const files = { "/ui/": "the page", "/ui/app.js": "the script" };
export default {
  fetch(request) {
    const path = new URL(request.url).pathname;
    return new Response(files[path] ?? "no such file", { status: path in files ? 200 : 404 });
  },
};
"#;

/// Stands in front of the built worker and of its object: counts what passes between the two and what wakes the object, and
/// cuts the way where it is told to. All else is the built worker's.
const OBSERVER: &str = r#"import Built, { Leader as BuiltLeader } from "./index.js";
const counts = { calls: 0, constructed: 0, fetch: 0, alarm: 0, message: 0, close: 0, rows: 0 };
let way = "open";
let countsRows = false;
// What the platform takes money for: rows that are written, and an alarm that is set counts as one.
function countRows(storage) {
  if (countsRows) return;
  countsRows = true;
  const sql = Object.getPrototypeOf(storage.sql);
  const { exec } = sql;
  sql.exec = function (...statement) {
    const cursor = exec.apply(this, statement);
    counts.rows += cursor.rowsWritten;
    return cursor;
  };
  const alarms = Object.getPrototypeOf(storage);
  const { setAlarm } = alarms;
  alarms.setAlarm = function (...alarm) {
    counts.rows += 1;
    return setAlarm.apply(this, alarm);
  };
}
class DurableObjectNamespace {
  constructor(leaders) {
    this.leaders = leaders;
  }
  getByName(...name) {
    const stub = this.leaders.getByName(...name);
    return {
      fetch(request) {
        counts.calls += 1;
        if (way === "cut") return Promise.reject(new Error("the way is cut"));
        if (way === "silent") {
          return new Promise((_, reject) => {
            request.signal.addEventListener("abort", () => reject(request.signal.reason));
          });
        }
        return stub.fetch(request);
      },
    };
  }
}
export class Leader {
  constructor(ctx, env) {
    counts.constructed += 1;
    countRows(ctx.storage);
    this.leader = new BuiltLeader(ctx, env);
  }
  fetch(request) {
    counts.fetch += 1;
    return this.leader.fetch(request);
  }
  alarm() {
    counts.alarm += 1;
    return this.leader.alarm();
  }
  webSocketMessage(...message) {
    counts.message += 1;
    return this.leader.webSocketMessage(...message);
  }
  webSocketClose(...close) {
    counts.close += 1;
    return this.leader.webSocketClose(...close);
  }
  webSocketError(...error) {
    return this.leader.webSocketError(...error);
  }
}
export default {
  fetch(request, env, ctx) {
    const url = new URL(request.url);
    if (url.pathname === "/observer") {
      way = url.searchParams.get("way") ?? way;
      return Response.json(counts);
    }
    const LEADER = new DurableObjectNamespace(env.LEADER);
    return Built.fetch(request, { ...env, LEADER }, ctx);
  },
};
"#;

const STORAGE_READER: &str = r#"export class Leader {
  constructor(ctx) {
    this.ctx = ctx;
  }
  async fetch(request) {
    const text = (value) => (value instanceof ArrayBuffer ? Array.from(new Uint8Array(value)) : value);
    try {
      const rows = this.ctx.storage.sql.exec(await request.text()).raw().toArray();
      return Response.json(rows.map((row) => row.map(text)));
    } catch (error) {
      return Response.json({ error: String(error) }, { status: 500 });
    }
  }
  alarm() {}
}
export default {
  fetch(request, env) {
    const cluster = decodeURIComponent(new URL(request.url).pathname.slice(1));
    return env.LEADER.get(env.LEADER.idFromName(cluster)).fetch(request);
  },
};
"#;
