//! What the real nsqlookupd answered, byte for byte: `recorded.txt`, whose first lines describe it.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read, Write as _},
    net::{Shutdown, TcpStream},
    process::{Command, Stdio},
};

use crate::home::{Manner, bodies, run};

const RECORDED: &str = include_str!("recorded.txt");

#[derive(Debug, Default)]
struct Case {
    name: String,
    /// Its lines but for the frames.
    text: String,
    input: Vec<u8>,
    frames: Vec<Vec<u8>>,
    /// What is answered here instead, where that is meant to differ.
    ours: Option<Vec<Vec<u8>>>,
}

#[test]
fn every_recorded_answer_is_given() {
    let cases = cases(RECORDED);
    assert!(cases.len() > 80, "{}", cases.len());
    for case in cases {
        let expected = match case.ours {
            None => case.frames,
            Some(ours) => {
                assert_ne!(ours, case.frames, "{} is no difference", case.name);
                ours
            }
        };
        let by_bytes = Manner { pieces: vec![1; case.input.len()], ..Manner::default() };
        for manner in [Manner::default(), by_bytes] {
            let seen = run(&case.input, &manner);
            assert!(seen.closed);
            let (seen, expected) = (escaped_each(&bodies(&seen.sent)), escaped_each(&expected));
            assert_eq!(seen, expected, "{}", case.name);
        }
    }
}

/// Where the two disagree, the real daemon is right: `LOOKUPD_RECORD=1` writes its frames into `recorded.txt`.
#[test]
fn the_real_daemon_still_answers_so() {
    let Some(daemon) = env::var_os("LOOKUPD_NSQLOOKUPD_BIN") else {
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "no nsqlookupd: LOOKUPD_NSQLOOKUPD_BIN isn't set");
        return println!("skipped: no nsqlookupd to compare with: LOOKUPD_NSQLOOKUPD_BIN isn't set");
    };
    let mut daemon = Command::new(daemon)
        .args(["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0", "-broadcast-address=b"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(daemon.stderr.take().unwrap()).lines();
    let (mut tcp, mut http) = (None, None);
    while tcp.is_none() || http.is_none() {
        let line = log.next().unwrap().unwrap();
        let port = |what| line.split_once(what).map(|(_, address)| address.rsplit_once(':').unwrap().1.to_owned());
        tcp = tcp.or(port("TCP: listening on "));
        http = http.or(port("HTTP: listening on "));
    }
    std::thread::spawn(move || log.for_each(drop));
    let (tcp, http) = (tcp.unwrap(), http.unwrap());
    let hostname = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();

    let mut text: String = RECORDED.lines().take_while(|line| line.starts_with('#')).fold(String::new(), append_line);
    for case in cases(RECORDED) {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{tcp}")).unwrap();
        // It may close before all is written.
        let _ = stream.write_all(&case.input);
        let _ = stream.shutdown(Shutdown::Write);
        let mut sent = Vec::new();
        let mut piece = [0; 4_096];
        // It closes with input unread, which may end in an error instead of an end.
        while let Ok(length @ 1..) = stream.read(&mut piece) {
            sent.extend_from_slice(&piece[..length]);
        }
        text += &case.text;
        for body in bodies(&sent) {
            let body = escaped(&body)
                .replace(&format!("\"hostname\":\"{}\"", hostname.trim()), "\"hostname\":\"h\"")
                .replace(&format!("\"tcp_port\":{tcp}"), "\"tcp_port\":4160")
                .replace(&format!("\"http_port\":{http}"), "\"http_port\":4161");
            writeln!(text, "frame {body}").unwrap();
        }
    }
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    if env::var_os("LOOKUPD_RECORD").is_some() {
        fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/protocol/recorded.txt"), &text).unwrap();
    }
    for (seen, recorded) in text.lines().zip(RECORDED.lines()) {
        assert_eq!(seen, recorded);
    }
    assert_eq!(text.lines().count(), RECORDED.lines().count());
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    // What stands before a case belongs to it; the file's own first lines don't.
    let mut before = String::new();
    for line in text.lines().skip_while(|line| line.starts_with('#')) {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        if matches!(kind, "" | "#") {
            before = append_line(before, line);
            continue;
        }
        if kind == "case" {
            let text = append_line(std::mem::take(&mut before), line);
            cases.push(Case { name: rest.to_owned(), text, ..Case::default() });
            continue;
        }
        let case = cases.last_mut().expect("a line within a case");
        let bytes = unescaped(rest);
        match kind {
            "frame" => {
                case.frames.push(bytes);
                continue;
            }
            "ours" => case.ours.get_or_insert_default().push(bytes),
            "send" => case.input.extend(bytes),
            "magic" => case.input.extend(b"  V1"),
            "identify" => {
                case.input.extend(b"IDENTIFY\n");
                case.input.extend(i32::try_from(bytes.len()).unwrap().to_be_bytes());
                case.input.extend(bytes);
            }
            _ => panic!("{line}"),
        }
        case.text = append_line(std::mem::take(&mut case.text), line);
    }
    cases
}

fn append_line(text: String, line: &str) -> String {
    text + line + "\n"
}

fn escaped_each(bodies: &[Vec<u8>]) -> Vec<String> {
    bodies.iter().map(|body| escaped(body)).collect()
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'"' | b'\'' => text.push(char::from(*byte)),
            other => write!(text, "{}", other.escape_ascii()).unwrap(),
        }
    }
    // A blank at a line's end is easily lost.
    match text.strip_suffix(' ') {
        Some(rest) => format!("{rest}\\x20"),
        None => text,
    }
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, others @ ..] = rest {
        let (byte, behind) = match (byte, others) {
            (b'\\', [b'n', behind @ ..]) => (b'\n', behind),
            (b'\\', [b'r', behind @ ..]) => (b'\r', behind),
            (b'\\', [b't', behind @ ..]) => (b'\t', behind),
            (b'\\', [b'\\', behind @ ..]) => (b'\\', behind),
            (b'\\', [b'x', high, low, behind @ ..]) => {
                let digits = [*high, *low];
                (u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap(), behind)
            }
            (b'\\', _) => panic!("{text}"),
            (byte, behind) => (*byte, behind),
        };
        bytes.push(byte);
        rest = behind;
    }
    bytes
}
