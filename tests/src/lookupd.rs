//! The real nsqlookupd and our agent, which are started and asked in one way.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use std::{iter, mem, thread};

use crate::http::Client;
use crate::tools;

/// A running daemon on ports of its own. Dropping it ends it.
#[derive(Debug)]
pub struct Lookupd {
    binary: PathBuf,
    arguments: Vec<String>,
    log_file: Option<PathBuf>,
    process: Option<Process>,
    tcp: SocketAddr,
    http: SocketAddr,
}

#[derive(Debug)]
struct Process {
    child: Child,
    log: Receiver<String>,
}

impl Lookupd {
    /// Starts the real nsqlookupd. `None` where it isn't built and that may be; the reason has been printed.
    ///
    /// # Panics
    ///
    /// When it doesn't start, or with `CI=true` when it isn't built.
    pub fn nsqlookupd(arguments: &[&str]) -> Option<Self> {
        let [binary] = tools::find([tools::NSQLOOKUPD])?;
        Some(Self::start(binary, arguments))
    }

    /// Starts our agent. `None` where it isn't built and that may be; the reason has been printed.
    ///
    /// # Panics
    ///
    /// When it doesn't start, or with `CI=true` when it isn't built.
    pub fn agent(arguments: &[&str]) -> Option<Self> {
        let [binary] = tools::find([tools::AGENT])?;
        Some(Self::start(binary, arguments))
    }

    fn start(binary: PathBuf, arguments: &[&str]) -> Self {
        let anywhere: SocketAddr = ([127, 0, 0, 1], 0).into();
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut lookupd = Self { binary, arguments, log_file: None, process: None, tcp: anywhere, http: anywhere };
        lookupd.run();
        lookupd
    }

    /// Starts it anew with its log in a file, to be measured: who reads its log takes time that it could have.
    ///
    /// # Panics
    ///
    /// When it doesn't start, or the file can't be written.
    #[must_use]
    pub fn logging_to(mut self, file: PathBuf) -> Self {
        self.log_file = Some(file);
        self.restart();
        self
    }

    /// Where it speaks the TCP protocol.
    pub fn tcp(&self) -> SocketAddr {
        self.tcp
    }

    /// Where it speaks HTTP.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// What its binary says to `--version`.
    ///
    /// # Panics
    ///
    /// When it can't be run.
    pub fn version(&self) -> String {
        let output = Command::new(&self.binary).arg("--version").output().expect("its version");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Whom to send HTTP requests to.
    pub fn client(&self) -> Client {
        Client::new(self.http)
    }

    /// Its process's number.
    ///
    /// # Panics
    ///
    /// When it was ended and not started again.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").child.id()
    }

    /// The lines that it has logged since the last call; none where they go to a file.
    pub fn log(&self) -> Vec<String> {
        self.process.iter().flat_map(|process| process.log.try_iter()).collect()
    }

    /// Announces a producer as nsqd would. It stays registered for as long as the stream is open.
    ///
    /// # Panics
    ///
    /// When anything of it is refused.
    pub fn announce(&self, producer: &str) -> TcpStream {
        announce(self.tcp, producer)
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
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(sent.success(), "{pid} takes a signal");
        let process = self.process.as_mut().expect("it runs");
        let status = process.child.wait().expect("a child's end");
        self.process = None;
        status
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
        let log = match &self.log_file {
            None => Stdio::piped(),
            Some(file) => File::create(file).expect("a file for the log").into(),
        };
        let mut child = Command::new(&self.binary)
            .args([format!("-tcp-address={}", self.tcp), format!("-http-address={}", self.http)])
            .args(&self.arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the daemon starts");
        let mut lines: Box<dyn Iterator<Item = String> + Send> = match (child.stderr.take(), &self.log_file) {
            (Some(pipe), _) => {
                let lines = BufReader::new(pipe).split(b'\n').map_while(Result::ok);
                Box::new(lines.map(|line| String::from_utf8_lossy(&line).into_owned()))
            }
            (None, Some(file)) => Box::new(growing_lines(file)),
            (None, None) => Box::new(iter::empty()),
        };
        let (mut tcp, mut http) = (None, None);
        // It opens both at once, so either may be the first to say so.
        while tcp.is_none() || http.is_none() {
            let line = lines.next().expect("the daemon says where it listens");
            tcp = tcp.or_else(|| listening(&line, "TCP"));
            http = http.or_else(|| listening(&line, "HTTP"));
        }
        let (told, log) = mpsc::channel();
        if self.log_file.is_none() {
            // Whether or not anyone looks at it, and text or not, the pipe must be read: its closed end would kill the daemon.
            thread::spawn(move || lines.for_each(|line| drop(told.send(line))));
        }
        self.tcp = tcp.unwrap_or(self.tcp);
        self.http = http.unwrap_or(self.http);
        self.process = Some(Process { child, log });
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Announces a producer over the TCP protocol: IDENTIFY with `producer`, which is its JSON, and REGISTER for each
/// of its `topics` and their channels.
///
/// # Panics
///
/// When the other end refuses anything of it.
pub fn announce(address: SocketAddr, producer: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("nsqlookupd listens");
    let mut identify = b"  V1IDENTIFY\n".to_vec();
    identify.extend_from_slice(&u32::try_from(producer.len()).expect("a short body").to_be_bytes());
    identify.extend_from_slice(producer.as_bytes());
    stream.write_all(&identify).expect("IDENTIFY is sent");
    let answer = read_frame(&mut stream);
    assert!(answer.starts_with('{'), "{producer}: {answer}");
    let info: serde_json::Value = serde_json::from_str(producer).expect("a producer's JSON");
    let no_topics = serde_json::Map::new();
    for (topic, channels) in info["topics"].as_object().unwrap_or(&no_topics) {
        let channels = channels.as_array().expect("a list of channels").iter();
        let channels = channels.map(|channel| channel.as_str().expect("a channel's name"));
        for channel in std::iter::once("").chain(channels) {
            stream.write_all(format!("REGISTER {topic} {channel}").trim_end().as_bytes()).expect("REGISTER is sent");
            stream.write_all(b"\n").expect("REGISTER is sent");
            assert_eq!(read_frame(&mut stream), "OK", "{topic} {channel}");
        }
    }
    stream
}

/// The address at the end of `… TCP: listening on 127.0.0.1:40193`.
fn listening(line: &str, protocol: &str) -> Option<SocketAddr> {
    let (_, address) = line.split_once(&format!("{protocol}: listening on "))?;
    address.parse().ok()
}

/// The lines of a file that is being written, for as long as a daemon may take to start.
fn growing_lines(file: &Path) -> impl Iterator<Item = String> + use<> {
    let mut reader = BufReader::new(File::open(file).expect("the log's file"));
    let mut line = String::new();
    let began = Instant::now();
    iter::from_fn(move || {
        while !line.ends_with('\n') {
            if reader.read_line(&mut line).ok()? == 0 {
                if began.elapsed() > PATIENCE {
                    return None;
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
        Some(mem::take(&mut line).trim_end().to_owned())
    })
}

/// How long a daemon may take to say where it listens.
const PATIENCE: Duration = Duration::from_secs(60);

fn read_frame(stream: &mut TcpStream) -> String {
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("a frame");
    let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).expect("a length")];
    stream.read_exact(&mut frame).expect("a frame's body");
    String::from_utf8_lossy(&frame).into_owned()
}
