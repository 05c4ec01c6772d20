//! A program that runs beside a test.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;

use crate::log::{Log, follow};
use crate::wait::PATIENCE;

/// A running program. Dropping it is `kill -9`; a test that fails shows what it logged and nobody read.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    output: Receiver<String>,
    log: Log,
}

impl Process {
    /// Starts a program with nothing of the environment, and gives it `input` to read. Its log goes to the file, if one
    /// is given.
    ///
    /// # Panics
    ///
    /// When it doesn't start, or the file can't be written.
    pub(crate) fn start(command: &mut Command, input: &str, log_file: Option<&Path>) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let log = log_file.map_or_else(Stdio::piped, |file| File::create(file).expect("a file for the log").into());
        let mut child = command
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        // A program that ends before it has read all of it is seen by its status.
        let _ = child.stdin.take().expect("a piped input").write_all(input.as_bytes());
        let output = follow(child.stdout.take().expect("a piped output"));
        let log = match log_file {
            None => Log::Pipe(follow(child.stderr.take().expect("a piped log"))),
            Some(file) => Log::File(file.to_owned()),
        };
        Self { name, child, output, log }
    }

    /// Where it listens, by what its log says of each protocol: `TCP` or `HTTP`, in any order.
    ///
    /// # Panics
    ///
    /// When it ends without saying so.
    pub(crate) fn listening<const N: usize>(&self, protocols: [&str; N]) -> [SocketAddr; N] {
        let mut found = [None; N];
        let mut said = String::new();
        let mut lines = self.log.lines();
        while found.contains(&None) {
            let line = lines.next().unwrap_or_else(|| panic!("{} doesn't say where it listens: {said}", self.name));
            for (address, protocol) in found.iter_mut().zip(protocols) {
                *address = address.or_else(|| listening(&line, protocol));
            }
            said.push_str(&line);
            said.push('\n');
        }
        found.map(|address| address.expect("all were found"))
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The lines that it has logged since the last call; none where they go to a file.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.news()
    }

    /// The next line that it logs with `part` in it; those before are passed over.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub(crate) fn logged(&self, part: &str) -> String {
        let line = self.log.lines().find(|line| line.contains(part));
        line.unwrap_or_else(|| panic!("{} doesn't log {part:?}", self.name))
    }

    /// The next line that it prints.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub(crate) fn printed(&self) -> String {
        self.output.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{} prints nothing more", self.name))
    }

    /// All further lines that it prints, until it closes its output.
    ///
    /// # Panics
    ///
    /// When it neither prints nor closes it.
    pub(crate) fn printed_to_the_end(&self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.output.recv_timeout(PATIENCE) {
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Disconnected) => return lines,
                Err(RecvTimeoutError::Timeout) => panic!("{} printed {lines:?} and hangs", self.name),
            }
        }
    }

    /// Sends it a signal by its name without `SIG`.
    ///
    /// # Panics
    ///
    /// When it can't be sent.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args([format!("-{name}"), pid]).status().expect("kill runs");
        assert!(sent.success(), "{} takes SIG{name}", self.name);
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When its status can't be had.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("a child's end")
    }
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "a failing test shows what its programs said")]
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- {}\n{}", self.name, self.log().join("\n"));
        }
    }
}

/// The address at the end of `… TCP: listening on 127.0.0.1:40193`.
fn listening(line: &str, protocol: &str) -> Option<SocketAddr> {
    let (_, address) = line.split_once(&format!(" {protocol}: listening on "))?;
    address.parse().ok()
}
