//! The worker on the real runtime.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::config::{Bindings, write_storage_reader, write_worker};
use crate::differences::comparable;
use crate::directory::Directory;
use crate::http::{Client, Request, Response};
use crate::tools;

/// How long workerd may take to listen. It takes 40 ms; a machine that compiles meanwhile can be slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// The built worker, running in workerd on a port and a data directory of its own.
///
/// Its process ends with this value, and so it does if the test's process is killed. The log of the runtime
/// is shown when a test fails.
#[derive(Debug)]
pub struct Edge {
    workerd: PathBuf,
    worker: PathBuf,
    directory: Directory,
    process: Option<Process>,
}

/// How requests reach the leader.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    /// They do.
    Open,
    /// They fail at once.
    Cut,
    /// They are never answered.
    Silent,
}

impl Edge {
    /// Starts the worker with these bindings on an empty data directory.
    ///
    /// `None` where the runtime or the built worker is missing and that may be (see the README's section on
    /// tests); the reason has been printed.
    ///
    /// # Panics
    ///
    /// When workerd doesn't start, or with `CI=true` when a tool is missing.
    pub fn start(bindings: &Bindings) -> Option<Self> {
        let [build] = tools::find([tools::WORKER_BUILD])?;
        Self::start_build(&build, bindings)
    }

    /// As [`start`](Self::start), with another worker: its modules lie in `build`, `index.js` and what that imports, with a
    /// class `Leader` for the object.
    ///
    /// # Panics
    ///
    /// When workerd doesn't start, or with `CI=true` when a tool is missing.
    pub fn start_build(build: &Path, bindings: &Bindings) -> Option<Self> {
        let [workerd] = tools::find([tools::WORKERD])?;
        let directory = Directory::new();
        let worker = write_worker(directory.path(), build, bindings).expect("the worker's build is copied");
        let mut edge = Self { workerd, worker, directory, process: None };
        edge.run_worker();
        Some(edge)
    }

    /// Whom to send requests to. The address changes with a restart.
    ///
    /// # Panics
    ///
    /// When the process was killed and not started again.
    pub fn client(&self) -> Client {
        Client::new(self.running().http)
    }

    /// Ends the runtime at once, as a power cut would.
    pub fn kill9(&mut self) {
        self.process = None;
    }

    /// Starts the runtime again on the same data, after killing it if it runs.
    pub fn restart(&mut self) {
        self.kill9();
        self.run_worker();
    }

    /// Starts the runtime again on the same data with other bindings: a redeployment.
    ///
    /// # Panics
    ///
    /// When the worker can't be copied again.
    pub fn redeploy(&mut self, bindings: &Bindings) {
        let [_, build] = tools::find([tools::WORKERD, tools::WORKER_BUILD]).expect("what was there at the start");
        self.worker = write_worker(self.directory.path(), &build, bindings).expect("the worker's build is copied");
        self.restart();
    }

    /// Takes every Durable Object out of memory. The next request builds it again from its storage.
    ///
    /// # Panics
    ///
    /// When the runtime refuses.
    pub fn evict(&self) {
        let answer = Client::new(self.running().eviction).get("/");
        assert_eq!(answer.text(), "evicted", "{answer:?}");
    }

    /// How often the leader was asked, and what woke it, of a worker that is [observed](Bindings::observed): by the names
    /// `calls`, `constructed`, `fetch`, `alarm`, `message`, `close`; and by `rows` how many rows it wrote.
    pub fn observed(&self, count: &str) -> u64 {
        self.get("/observer").json()[count].as_u64().unwrap_or_else(|| panic!("{count} isn't counted"))
    }

    /// Cuts the way to the leader of a worker that is [observed](Bindings::observed), or opens it again.
    pub fn way(&self, way: Way) {
        let way = match way {
            Way::Open => "open",
            Way::Cut => "cut",
            Way::Silent => "silent",
        };
        assert_eq!(self.get(format!("/observer?way={way}")).status, 200);
    }

    /// The process that runs it.
    pub fn pid(&self) -> u32 {
        self.running().child.id()
    }

    /// Where it listens. It changes with a restart.
    pub fn address(&self) -> SocketAddr {
        self.running().http
    }

    /// Runs SQL on the stored rows of a cluster's leader, past the worker: to see what was written, or to
    /// spoil it. The worker is stopped for it and is running again afterwards, with nothing in memory.
    ///
    /// # Panics
    ///
    /// When the SQL fails.
    pub fn sql(&mut self, cluster: &str, statement: &str) -> serde_json::Value {
        self.kill9();
        let config = write_storage_reader(self.directory.path()).expect("the storage reader is written");
        self.process = Some(Process::start(&self.workerd, &config, self.directory.path()));
        let answer = self.client().send(&Request::post(format!("/{cluster}")).body(statement));
        assert_eq!(answer.status, 200, "{statement}: {answer:?}");
        self.restart();
        answer.json()
    }

    /// The files that hold the objects' rows.
    pub fn storage(&self) -> PathBuf {
        self.directory.path().join("storage")
    }

    /// What the runtime and the worker have printed so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join(LOG)).unwrap_or_default()
    }

    /// Everything that can be read of a registry but for moments, as one text: equal texts are equal registries.
    ///
    /// `base` is `/clusters/NAME`, or nothing for the default cluster.
    pub fn state(&self, base: &str) -> String {
        STATE.map(|target| comparable(&self.get(format!("{base}{target}")).text(), false)).join("\n")
    }

    /// Sends a request and reads its answer, on a connection of its own.
    pub fn send(&self, request: &Request) -> Response {
        self.client().send(request)
    }

    /// `GET target`.
    pub fn get(&self, target: impl AsRef<[u8]>) -> Response {
        self.client().get(target)
    }

    /// `POST target` without a body.
    pub fn post(&self, target: impl AsRef<[u8]>) -> Response {
        self.client().post(target)
    }

    fn run_worker(&mut self) {
        self.process = Some(Process::start(&self.workerd, &self.worker, self.directory.path()));
        // The first request compiles the wasm; no test should have to pay for it within a deadline of its own.
        let _ = self.client().try_send(&Request::get("/ping"));
    }

    fn running(&self) -> &Process {
        self.process.as_ref().expect("the runtime runs")
    }
}

impl Drop for Edge {
    #[expect(clippy::print_stderr, reason = "a failing test shows what the runtime said")]
    fn drop(&mut self) {
        self.kill9();
        if thread::panicking() {
            eprintln!("--- workerd\n{}---", self.log());
        }
    }
}

/// A running workerd. Dropping it is `kill -9`.
#[derive(Debug)]
struct Process {
    child: Child,
    /// Kills the runtime when this process is gone without having dropped anything.
    watchdog: Child,
    http: SocketAddr,
    eviction: SocketAddr,
    /// The watchdog waits for this end to be closed.
    _leash: Option<ChildStdin>,
}

impl Process {
    fn start(workerd: &Path, config: &Path, directory: &Path) -> Self {
        let log = File::options().create(true).append(true).open(directory.join(LOG)).expect("a log file");
        let mut child = Command::new(workerd)
            .args(["serve", "--experimental", "--control-fd=1"])
            .arg(config)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().expect("a log file"))
            .spawn()
            .expect("workerd starts");
        let mut watchdog = Command::new("sh")
            .args(["-c", "read _; kill -9 \"$0\"", &child.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let leash = watchdog.stdin.take();
        let output = child.stdout.take().expect("a piped output");
        let listening = follow(BufReader::new(output), log);
        let mut process = Self { child, watchdog, http: nowhere(), eviction: nowhere(), _leash: leash };
        while process.http == nowhere() || process.eviction == nowhere() {
            let Ok(socket) = listening.recv_timeout(PATIENCE) else {
                let log = fs::read_to_string(directory.join(LOG)).unwrap_or_default();
                panic!("workerd does not listen: {log}");
            };
            match socket {
                (name, address) if name == "http" => process.http = address,
                (_, address) => process.eviction = address,
            }
        }
        process
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The watchdog first: once the runtime is reaped, its number may belong to another process.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Passes on where each socket listens, and writes the rest of the output into the log.
fn follow(output: impl BufRead + Send + 'static, mut log: File) -> Receiver<(String, SocketAddr)> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in output.lines() {
            let Ok(line) = line else { return };
            match listening(&line) {
                Some(socket) => drop(sender.send(socket)),
                None => drop(writeln!(log, "{line}")),
            }
        }
    });
    receiver
}

/// `{"event":"listen","socket":"http","port":41615}`
fn listening(line: &str) -> Option<(String, SocketAddr)> {
    let event: serde_json::Value = serde_json::from_str(line).ok()?;
    let port = u16::try_from(event.get("port")?.as_u64()?).ok()?;
    Some((event.get("socket")?.as_str()?.to_owned(), (Ipv4Addr::LOCALHOST, port).into()))
}

/// The address of a socket that isn't known yet.
fn nowhere() -> SocketAddr {
    (Ipv4Addr::UNSPECIFIED, 0).into()
}

/// What is asked to see all of a registry.
const STATE: [&str; 5] = [
    "/registrations?category=topic",
    "/registrations?category=channel",
    "/registrations?category=client",
    "/nodes",
    "/debug",
];

/// What workerd and the worker print, within the directory.
const LOG: &str = "workerd.log";
