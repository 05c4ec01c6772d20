//! A running agent, and HTTP to it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::Duration,
};

use crate::nsqd::Nsqd;

/// Only an agent that hangs takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Agent {
    child: Child,
    pub(crate) tcp: SocketAddr,
    pub(crate) http: SocketAddr,
    /// The lines of its log.
    pub(crate) log: mpsc::Receiver<String>,
}

/// The program with nothing of the environment that it would read.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookupd-agent"));
    for name in ["ADMIN_TOKEN", "REGISTER_TOKEN", "READ_TOKEN", "UPSTREAM_TOKEN", "ANONYMOUS", "CORS_ORIGINS", "HOSTS"]
    {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

impl Agent {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = command();
        command.args(["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0"]).args(arguments);
        Self::spawn(&mut command)
    }

    pub(crate) fn durable(folder: &Folder) -> Self {
        Self::start(&["--data-path", folder.path().to_str().unwrap()])
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let (told, log) = mpsc::channel();
        let mut listening = |kind: &str| {
            let found = lines.find_map(|line| {
                let address =
                    line.split_once(&format!("INFO: {kind}: listening on ")).map(|(_, address)| address.to_owned());
                let _ = told.send(line);
                address
            });
            let address: SocketAddr = found.expect("it says where it listens").parse().unwrap();
            let ip = if address.ip().is_unspecified() { [127, 0, 0, 1].into() } else { address.ip() };
            SocketAddr::new(ip, address.port())
        };
        let (tcp, http) = (listening("TCP"), listening("HTTP"));
        // Whether or not anyone looks at it, the log must be read.
        std::thread::spawn(move || lines.for_each(|line| drop(told.send(line))));
        Self { child, tcp, http, log }
    }

    pub(crate) fn connect(&self) -> Nsqd {
        Nsqd::connect(self.tcp)
    }

    /// All that comes back for these bytes until the connection is closed, by us after sending.
    pub(crate) fn raw(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(&self.raw_bytes(bytes)).into_owned()
    }

    pub(crate) fn raw_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = open(self.http);
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    /// Status and body.
    pub(crate) fn ask(&self, method: &str, target: &str) -> (u16, String) {
        let answer = self.raw(format!("{method} {target} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.into())
    }

    pub(crate) fn get(&self, target: &str) -> String {
        self.ask("GET", target).1
    }

    pub(crate) fn post(&self, target: &str) -> u16 {
        self.ask("POST", target).0
    }

    /// Who serves a topic, by the addresses that they broadcast.
    pub(crate) fn producers(&self, topic: &str) -> Vec<String> {
        let answer = self.get(&format!("/lookup?topic={topic}"));
        let parts = answer.split("\"broadcast_address\":\"").skip(1);
        parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
    }

    /// Waits until nobody serves the topic: what a connection's end does is seen soon after, not with it.
    pub(crate) fn until_nobody_serves(&self, topic: &str) {
        self.until(|agent| agent.producers(topic).is_empty());
    }

    pub(crate) fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let began = std::time::Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < PATIENCE, "it never is");
            std::thread::yield_now();
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Ends it as its users do.
    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.wait().code(), Some(0));
    }

    /// Ends it as a power failure would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.wait();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn open(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A folder of its own, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
