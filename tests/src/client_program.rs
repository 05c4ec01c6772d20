//! NSQ's client libraries, unmodified, each in a small program of `tests/clients`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Process;
use crate::tools;

/// A program that does with one client library what the library's users do.
#[derive(Debug, Clone)]
pub struct ClientProgram {
    command: Vec<PathBuf>,
}

/// Each is `None` where the program can't be run and that may be; the reason has been printed. With `CI=true` that is a
/// panic.
impl ClientProgram {
    /// A script of `tests/clients/python`.
    pub fn python(script: &str) -> Option<Self> {
        let [python] = tools::find([tools::CLIENTS_PYTHON])?;
        Some(Self { command: vec![python, sources().join("python").join(script)] })
    }

    /// A script of `tests/clients/node`.
    pub fn node(script: &str) -> Option<Self> {
        let [node, _] = tools::find([tools::NODE, tools::CLIENTS_NODE])?;
        Some(Self { command: vec![node, sources().join("node").join(script)] })
    }

    /// The program of `tests/clients/go`.
    pub fn go() -> Option<Self> {
        let [program] = tools::find([tools::CLIENTS_GO])?;
        Some(Self { command: vec![program] })
    }

    /// A program of `tests/clients/rust`.
    pub fn rust(name: &str) -> Option<Self> {
        let [programs] = tools::find([tools::CLIENTS_RUST])?;
        Some(Self { command: vec![programs.join(name)] })
    }
}

impl ClientProgram {
    /// Runs it to its end with `input` to read, and gives the lines that it printed.
    ///
    /// # Panics
    ///
    /// When it fails, or hangs.
    pub fn run(&self, arguments: &[&str], input: &str) -> Vec<String> {
        self.start(arguments, input).printed()
    }

    /// Starts it with `input` to read.
    ///
    /// # Panics
    ///
    /// When it doesn't start.
    pub fn start(&self, arguments: &[&str], input: &str) -> RunningClient {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).args(arguments);
        RunningClient { process: Process::start(&mut command, input, None) }
    }
}

/// A [`ClientProgram`] that was started. Dropping it ends it.
#[derive(Debug)]
pub struct RunningClient {
    process: Process,
}

impl RunningClient {
    /// The lines that it has printed at its end.
    ///
    /// # Panics
    ///
    /// When it fails, or hangs.
    pub fn printed(mut self) -> Vec<String> {
        let lines = self.process.printed_to_the_end();
        let status = self.process.wait();
        assert!(status.success(), "{status}: {:?}", self.process);
        lines
    }
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}
