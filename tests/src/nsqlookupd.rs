//! The real daemon, and the way an nsqd announces itself to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::http::Client;
use crate::tools;

/// A running nsqlookupd on ports of its own. Dropping it ends it.
#[derive(Debug)]
pub struct Nsqlookupd {
    child: Child,
    tcp: SocketAddr,
    http: SocketAddr,
}

impl Nsqlookupd {
    /// Starts one with its default lifetimes. `None` where it isn't built and that may be; the reason has been
    /// printed.
    ///
    /// # Panics
    ///
    /// When it doesn't start, or with `CI=true` when it isn't built.
    pub fn start() -> Option<Self> {
        let [binary] = tools::find([tools::NSQLOOKUPD])?;
        let mut child = Command::new(binary)
            .args(["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nsqlookupd starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a piped log")).lines();
        let (mut tcp, mut http) = (None, None);
        // It opens both at once, so either may be the first to say so.
        while tcp.is_none() || http.is_none() {
            let line = lines.next().and_then(Result::ok).expect("nsqlookupd says where it listens");
            tcp = tcp.or_else(|| listening(&line, "TCP"));
            http = http.or_else(|| listening(&line, "HTTP"));
        }
        thread::spawn(move || lines.for_each(drop));
        Some(Self { child, tcp: tcp?, http: http? })
    }

    /// Whom to send HTTP requests to.
    pub fn client(&self) -> Client {
        Client::new(self.http)
    }

    /// Announces a producer as nsqd would. It stays registered for as long as the stream is open.
    ///
    /// # Panics
    ///
    /// When nsqlookupd refuses anything of it.
    pub fn announce(&self, producer: &str) -> TcpStream {
        announce(self.tcp, producer)
    }
}

impl Drop for Nsqlookupd {
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

fn read_frame(stream: &mut TcpStream) -> String {
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("a frame");
    let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).expect("a length")];
    stream.read_exact(&mut frame).expect("a frame's body");
    String::from_utf8_lossy(&frame).into_owned()
}
