//! Ten thousand connections that are up to no good, and everyone else meanwhile: each is closed with its error by the
//! handshake's deadline, none holds more memory than its kind may, and nsqds and consumers are served within nsqd's second.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lookupd_tests::{Client, Lookupd, Request, Session, allow_open_files, identify, resident_bytes};

/// Many connections that do the same.
struct Kind {
    count: usize,
    /// What each says at once.
    says: Vec<u8>,
    /// Whether it goes on by one byte a second.
    drips: bool,
    /// What it is told before it is closed; nothing where it is left alone.
    told: Option<&'static str>,
    /// How much memory one of them may take.
    holds: usize,
}

/// A connection's task, its session, and the piece that was read last, in a debug build: 5 KiB were measured over TCP, and
/// 20 KiB over HTTP, where hyper has a buffer for each direction.
const TCP_CONNECTION: usize = 8 << 10;
const HTTP_CONNECTION: usize = 24 << 10;

/// IDENTIFY's body, or a request's target: of 64 KiB at most, in memory that grows by doubling.
const LARGEST_PIECE: usize = 128 << 10;

#[test]
fn ten_thousand_tcp_connections_are_closed_each_with_its_error() {
    let identify = |length: i32| [b"  V1IDENTIFY\n", &length.to_be_bytes()[..]].concat();
    let refused = |says, told| Kind { count: 900, says, drips: false, told: Some(told), holds: TCP_CONNECTION };
    let late =
        |count, says, drips, holds| Kind { count, says, drips, told: Some("E_TIMEOUT client took too long"), holds };
    let almost_a_body = [identify(65_536), vec![b' '; 65_535]].concat();
    let kinds = [
        late(3_500, Vec::new(), false, TCP_CONNECTION),
        late(3_500, identify(256), true, TCP_CONNECTION),
        late(300, almost_a_body, false, TCP_CONNECTION + LARGEST_PIECE),
        refused([b"  V1", &[b'x'; 16 << 10][..]].concat(), "E_INVALID command too big > 4096"),
        refused(identify(-1), "E_BAD_BODY IDENTIFY failed to read body size"),
        refused(identify(i32::MAX), "E_BAD_BODY IDENTIFY body too big 2147483647 > 65536"),
    ];
    let frame = |told: &str| {
        let length = u32::try_from(told.len()).expect("a short text").to_be_bytes();
        [&length[..], told.as_bytes()].concat()
    };
    withstand(&kinds, |agent| agent.tcp(), |answer, told| answer == frame(told));
}

#[test]
fn ten_thousand_http_connections_are_closed_each_with_its_error() {
    let head = |line: &str| format!("{line} HTTP/1.1\r\nHost: h\r\n").into_bytes();
    let endless = |start: Vec<u8>| [start, vec![b'x'; 200 << 10]].concat();
    let two_gib = b"Content-Length: 2147483648\r\n\r\n".to_vec();
    let kind = |count, says, told| Kind { count, says, drips: false, told: Some(told), holds: HTTP_CONNECTION };
    let kinds = [
        Kind { told: None, ..kind(3_500, Vec::new(), "") },
        Kind { drips: true, ..kind(3_500, [head("GET /topics"), b"X: ".to_vec()].concat(), "408 Request Timeout") },
        Kind { holds: HTTP_CONNECTION + LARGEST_PIECE, ..kind(300, endless(b"GET /".to_vec()), "408 Request Timeout") },
        kind(900, endless([head("GET /topics"), b"X: ".to_vec()].concat()), "431 Request Header Fields Too Large"),
        kind(900, [head("POST /register?topic=t"), two_gib.clone()].concat(), "413 Payload Too Large"),
        kind(900, [head("POST /topic/create?topic=t"), two_gib].concat(), "400 Bad Request"),
    ];
    withstand(
        &kinds,
        |agent| agent.http(),
        |answer, told| answer.starts_with(format!("HTTP/1.1 {told}\r\n").as_bytes()),
    );
}

/// Lets the whole crowd come to an agent, and checks on it, on its memory and on its other clients.
fn withstand(kinds: &[Kind], address: fn(&Lookupd) -> SocketAddr, is_told: impl Fn(&[u8], &str) -> bool) {
    // Both crowds together would be more than some systems allow.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(kinds.iter().map(|kind| kind.count).sum::<usize>(), 10_000);
    if !allow_open_files(10_500) {
        return;
    }
    let Some(agent) = Lookupd::agent(&[]) else { return };
    let address = address(&agent);
    serve_once(agent.tcp(), agent.client());
    let before = resident_bytes(agent.pid());
    let (tcp, client, is_over) = (agent.tcp(), agent.client(), AtomicBool::new(false));
    thread::scope(|scope| {
        let others = scope.spawn(|| {
            let mut waits = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                waits.push(serve_once(tcp, client));
            }
            waits
        });
        // Dropped wherever this ends, so that the other thread ends too.
        let ends = SetOnDrop(&is_over);
        let began = Instant::now();
        let mut crowd: Vec<_> = kinds.iter().map(|kind| (kind, connect(kind, address))).collect();
        let mut most = resident_bytes(agent.pid());
        while began.elapsed() < DRIPPING {
            for stream in crowd.iter_mut().filter(|(kind, _)| kind.drips).flat_map(|(_, streams)| streams) {
                stream.write_all(b" ").expect("it has its time");
            }
            most = most.max(resident_bytes(agent.pid()));
            thread::sleep(Duration::from_secs(1));
        }
        let allowed: usize = kinds.iter().map(|kind| kind.count * kind.holds).sum();
        let grown = most.saturating_sub(before);
        assert!(grown <= allowed as u64, "it took {grown} bytes, and may take {allowed}");

        for (kind, streams) in &mut crowd {
            for stream in streams {
                let shown = || kind.says[..kind.says.len().min(60)].escape_ascii().to_string();
                match kind.told {
                    Some(told) => {
                        let mut answer = Vec::new();
                        // What was sent on after the end may have reset the connection; what was said before has arrived.
                        let _ = stream.read_to_end(&mut answer);
                        assert!(is_told(&answer, told), "{} is told {}", shown(), answer.escape_ascii());
                    }
                    None => assert!(is_left_alone(stream), "{}", shown()),
                }
            }
        }
        drop(ends);
        let mut waits = others.join().expect("everyone else was served");
        waits.sort();
        let (served, slowest) = (waits.len(), waits.last().copied().unwrap_or_default());
        // A machine that is busy with more than this may halt anyone for a moment.
        let nearly_all = waits[served * 99 / 100];
        assert!(nearly_all < NSQDS_PATIENCE, "99 of 100 waited {nearly_all:?} at most, and one {slowest:?}");
        report(&format!("{grown} of {allowed} bytes; {served} others waited {nearly_all:?}, and at most {slowest:?}"));
    });
    serve_once(tcp, client);
}

/// From the first connection on; shorter than the handshake's deadline, which is 10 s.
const DRIPPING: Duration = Duration::from_secs(9);

fn connect(kind: &Kind, address: SocketAddr) -> Vec<TcpStream> {
    let connect = |number| {
        if number % AT_ONCE == 0 {
            wait_for_room(address);
        }
        let mut stream = TcpStream::connect(address).expect("there is room for everyone");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        // Whoever is refused early may not get rid of all of it.
        let _ = stream.write_all(&kind.says);
        stream
    };
    (0..kind.count).map(connect).collect()
}

/// Waits until those that came were accepted, which is done in order: the system itself turns connections away where
/// thousands wait for that, whoever they are.
fn wait_for_room(address: SocketAddr) {
    let mut last = TcpStream::connect(address).expect("there is room for everyone");
    last.set_read_timeout(Some(PATIENCE)).expect("a socket");
    // Either protocol has an answer to this, and closes.
    last.write_all(b"?\r\n\r\n").expect("it is sent");
    assert_ne!(last.read_to_end(&mut Vec::new()).expect("an answer"), 0);
}

/// As many connections come at once as no system turns away.
const AT_ONCE: usize = 100;

/// Only a daemon that hangs takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

fn is_left_alone(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    matches!(stream.read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// An nsqd comes, registers, is found by a consumer, and goes; and how long the longest wait of theirs was.
fn serve_once(tcp: SocketAddr, client: Client) -> Duration {
    let mut slowest = Duration::ZERO;
    let mut timed = |act: &mut dyn FnMut()| {
        let began = Instant::now();
        act();
        slowest = slowest.max(began.elapsed());
    };
    let mut nsqd = Session::open(tcp);
    timed(&mut || assert!(nsqd.identify(&identify("good.example").to_string()).starts_with('{')));
    for line in ["REGISTER good c", "PING"] {
        timed(&mut || nsqd.say(line));
    }
    timed(&mut || {
        let answer = client.send(&Request::get("/lookup?topic=good")).json();
        assert_eq!(answer["producers"][0]["broadcast_address"], "good.example");
    });
    slowest
}

/// As long as nsqd waits for each answer before it gives its lookupd up.
const NSQDS_PATIENCE: Duration = Duration::from_secs(1);

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[expect(clippy::print_stderr, reason = "shown with --nocapture")]
fn report(text: &str) {
    eprintln!("{text}");
}
