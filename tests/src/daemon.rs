//! What NSQ's daemons and ours have in common: a TCP and an HTTP address, and how they are started and ended.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Output};

use crate::http::Client;
use crate::ports::Port;
use crate::process::Process;

/// A daemon on ports of its own. Dropping it ends it.
#[derive(Debug)]
pub struct Daemon {
    binary: PathBuf,
    arguments: Vec<String>,
    log_file: Option<PathBuf>,
    process: Option<Process>,
    tcp: Port,
    http: Port,
}

impl Daemon {
    /// Starts `binary` on free ports, with `arguments` behind those that name them.
    pub(crate) fn start(binary: PathBuf, arguments: Vec<String>) -> Self {
        let [tcp, http] = [(); 2].map(|()| Port::take().expect("a free port"));
        let mut daemon = Self { binary, arguments, log_file: None, process: None, tcp, http };
        daemon.run();
        daemon
    }

    /// Starts it anew with its log in a file.
    pub(crate) fn log_to(&mut self, file: PathBuf) {
        self.log_file = Some(file);
        self.restart();
    }

    /// Where it speaks its TCP protocol.
    pub fn tcp(&self) -> SocketAddr {
        self.tcp.address()
    }

    /// Where it speaks HTTP.
    pub fn http(&self) -> SocketAddr {
        self.http.address()
    }

    /// Whom to send HTTP requests to.
    pub fn client(&self) -> Client {
        Client::new(self.http())
    }

    /// What its binary says to `--version`.
    ///
    /// # Panics
    ///
    /// When it can't be run.
    pub fn version(&self) -> String {
        String::from_utf8_lossy(&self.run_beside(&["--version"]).stdout).trim().to_owned()
    }

    /// Runs its binary once more with these arguments alone, which end it at once.
    ///
    /// # Panics
    ///
    /// When it can't be run.
    pub fn run_beside(&self, arguments: &[&str]) -> Output {
        Command::new(&self.binary).args(arguments).env_clear().output().expect("it runs")
    }

    /// Its process's number.
    ///
    /// # Panics
    ///
    /// When it was ended and not started again.
    pub fn pid(&self) -> u32 {
        self.running().pid()
    }

    /// The lines that it has logged since the last call; none where they go to a file.
    pub fn log(&self) -> Vec<String> {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }

    /// Ends it at once, as a power cut would.
    pub fn kill9(&mut self) {
        self.process = None;
    }

    /// Ends it as its users do, by SIGTERM.
    ///
    /// # Panics
    ///
    /// When it doesn't run.
    pub fn terminate(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("it runs");
        process.signal("TERM");
        process.wait()
    }

    /// Stops it where it stands: its connections stay open, and nobody gets an answer.
    ///
    /// # Panics
    ///
    /// When it doesn't run.
    pub fn freeze(&self) {
        self.running().signal("STOP");
    }

    /// Lets it run on after [`freeze`](Self::freeze).
    ///
    /// # Panics
    ///
    /// When it doesn't run.
    pub fn thaw(&self) {
        self.running().signal("CONT");
    }

    /// Starts it on the ports that it had and with the same arguments, after killing it if it runs.
    ///
    /// # Panics
    ///
    /// When it doesn't start.
    pub fn restart(&mut self) {
        self.kill9();
        self.run();
    }

    fn run(&mut self) {
        let mut command = Command::new(&self.binary);
        command.args([format!("-tcp-address={}", self.tcp()), format!("-http-address={}", self.http())]);
        let process = Process::start(command.args(&self.arguments), "", self.log_file.as_deref());
        assert_eq!(process.listening(["TCP", "HTTP"]), [self.tcp(), self.http()]);
        self.process = Some(process);
    }

    fn running(&self) -> &Process {
        self.process.as_ref().expect("it runs")
    }
}
