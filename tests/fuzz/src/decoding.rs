//! Bytes and texts that were stored or sent by one of us, or by somebody who wants to be taken for one.

use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use lookupd_core::{
    AgentId, Batch, CatchUp, ChannelName, Command, Cursor, GRANT, Leader, LeaderSettings, Lifetimes, Limits, LogEntry,
    LogFile, Match, Node, ProducerInfo, Registry, Replica, SnapshotPart, Store as _, StoredSnapshot, Timestamp,
    TopicName, UnreadableLog, Via, http,
    link::{ToFollower, ToLeader},
    parse_duration,
};
use xxhash_rust::xxh64::xxh64;

use crate::{
    disk::Disk,
    http::check_answer,
    memory::within,
    state::{Described, check},
};

/// A letter that says what the rest is taken for:
///
/// - `b`: a batch. `s`: a part of a snapshot, to which its hash is added. `m`: what an agent says.
/// - `c`: pieces (a length as two bytes, little-endian, and so many more), each what a replica is answered, or pushed: as it
///   is, and again with its hashes and its cursor put right, which no mutation would do.
/// - `d`: pieces, each for a disk: `s`, `l` or `h` and then a part, a log entry or what was heard; or `n` and the time.
/// - `f`: a log file, as it is, and again with its checks, its sum and its count put right.
/// - anything else: a text, which is taken for each kind of name.
///
/// Whatever is decoded is encoded to what decodes to the same, memory is bounded by the input's length, a replica that can't
/// follow stays as it was, and a leader of such a disk works as any.
pub fn decoding(input: &[u8]) {
    let (kind, rest) = input.split_first().unwrap_or((&b't', &[]));
    let memory = MEMORY + MEMORY_PER_BYTE * input.len();
    match kind {
        b'b' => within(memory, || batch(rest)),
        b's' => within(memory, || snapshot(&sealed(rest))),
        b'c' => within(memory, || follow(pieces(rest))),
        b'd' => within(memory, || load(pieces(rest))),
        b'm' => within(memory, || said(rest)),
        b'f' => within(memory, || log_file(rest)),
        _ => {
            if let Ok(text) = str::from_utf8(rest) {
                within(memory, || names(text));
            }
        }
    }
}

/// serde sets up to 1 MiB aside for a list before it knows whether it is there, in each of three levels.
const MEMORY: usize = 4 << 20;

/// A change of three bytes takes some 250 of memory, and here there are several copies of it.
const MEMORY_PER_BYTE: usize = 2_048;

fn batch(bytes: &[u8]) {
    let Ok(mut batch) = Batch::decode(bytes) else { return };
    assert_eq!(Batch::decode(&batch.encode()).as_ref(), Ok(&batch));
    batch.revision = 1;
    let mut registry = Registry::default();
    registry.apply(&batch).unwrap();
    let applied = check(&registry, Cursor { revision: 1, ..Cursor::default() });
    registry.apply(&batch).unwrap();
    assert_eq!(Described::of(&registry), applied, "applied once");
}

fn snapshot(bytes: &[u8]) {
    let Ok(part) = SnapshotPart::decode(bytes) else { return };
    assert_eq!(SnapshotPart::decode(&part.encode()), Ok(part));
    if let Ok((registry, cursor)) = Registry::from_snapshot(&[bytes]) {
        check(&registry, cursor);
    }
}

fn follow<'a>(answers: impl Iterator<Item = &'a [u8]>) {
    let mut replica = Replica::default();
    for (clock, bytes) in (1..).map(Timestamp::from_millis).zip(answers) {
        let Ok(mut answer) = CatchUp::decode(bytes) else {
            push(&mut replica, bytes, clock);
            continue;
        };
        assert_eq!(CatchUp::decode(&answer.encode()).as_ref(), Ok(&answer));
        // Some are answers to a request that began earlier than another one that was answered already.
        let asked_at = if answer.now.as_millis() % 4 == 3 { clock.minus(Duration::from_millis(2)) } else { clock };
        follow_one(&mut replica, &answer, asked_at, clock);
        answer.snapshot = answer.snapshot.iter().map(|part| sealed(part)).collect();
        answer.cursor = leads_to(&answer, &replica);
        follow_one(&mut replica, &answer, asked_at, clock);
    }
}

fn push(replica: &mut Replica, bytes: &[u8], now: Timestamp) {
    let Ok(mut message) = ToFollower::decode(bytes) else { return };
    assert_eq!(ToFollower::decode(&message.encode()).as_ref(), Ok(&message));
    push_one(replica, &message, now);
    if let ToFollower::Batch { bytes, check } = &mut message {
        *check = replica.cursor().unwrap_or_default().check.next(bytes);
    }
    push_one(replica, &message, now);
}

fn push_one(replica: &mut Replica, message: &ToFollower, now: Timestamp) {
    let before = (replica.registry().revision(), Described::of(replica.registry()));
    match replica.push(message, now) {
        Ok(true) => {
            let cursor = replica.cursor().unwrap_or(Cursor { revision: before.0 + 1, ..Cursor::default() });
            assert_eq!(cursor.revision, before.0 + 1);
            check(replica.registry(), cursor);
        }
        Err(_) | Ok(false) => {
            let now = (replica.registry().revision(), Described::of(replica.registry()));
            assert_eq!(now, before, "nothing is half followed");
        }
    }
}

/// What an agent says.
fn said(bytes: &[u8]) {
    if let Ok((sequence, message)) = ToLeader::decode(bytes) {
        assert_eq!(ToLeader::decode(&message.encode(sequence)), Ok((sequence, message)));
    }
}

fn follow_one(replica: &mut Replica, answer: &CatchUp, asked_at: Timestamp, now: Timestamp) {
    let before = (replica.cursor(), *replica.lifetimes(), Described::of(replica.registry()));
    let revision = replica.registry().revision();
    match replica.catch_up(answer, asked_at, now) {
        Err(_) | Ok(false) => {
            let (cursor, _, described) = &before;
            assert_eq!(&Described::of(replica.registry()), described, "nothing is half followed");
            assert_eq!(replica.registry().revision(), revision);
            assert!(replica.cursor() == *cursor || cursor.is_none());
        }
        Ok(true) => {
            assert_eq!(replica.cursor(), Some(answer.cursor));
            check(replica.registry(), answer.cursor);
        }
    }
    for read in [http::Read::Nodes, http::Read::Debug, http::Read::Topics] {
        let now = replica.leader_now(now);
        check_answer(&http::answer(&read, replica.registry(), replica.lifetimes(), now, |_| None));
    }
    for topic in replica.registry().topics() {
        let topic = || topic.name().as_str().into();
        for read in [http::Read::Lookup { topic: topic() }, http::Read::Explain { topic: topic() }] {
            check_answer(&http::answer(&read, replica.registry(), replica.lifetimes(), now, |_| None));
        }
    }
}

/// Where an answer leads a replica, if everything in it is whole.
fn leads_to(answer: &CatchUp, replica: &Replica) -> Cursor {
    let start = match (answer.anew, answer.snapshot.is_empty()) {
        (false, _) => replica.cursor(),
        (true, true) => None,
        (true, false) => Registry::from_snapshot(&answer.snapshot).ok().map(|(_, cursor)| cursor),
    };
    let mut cursor = start.unwrap_or_default();
    for bytes in &answer.batches {
        match Batch::decode(bytes) {
            Ok(Batch { revision, .. }) if revision > cursor.revision || answer.anew => {
                cursor = Cursor { revision: revision.max(cursor.revision), check: cursor.check.next(bytes) };
            }
            _ => {}
        }
    }
    cursor
}

fn load<'a>(pieces: impl Iterator<Item = &'a [u8]>) {
    let mut disk = Disk::default();
    let (mut parts, mut log, mut heard, mut now) = (Vec::new(), Vec::new(), None, Timestamp::default());
    for piece in pieces {
        match piece.split_first() {
            Some((b's', part)) => parts.push(sealed(part)),
            Some((b'l', entry)) => log.push(entry),
            Some((b'h', bytes)) => heard = Some(bytes),
            Some((b'n', bytes)) => {
                now = bytes.first_chunk().map_or(now, |time| Timestamp::from_millis(u64::from_le_bytes(*time)));
            }
            _ => {}
        }
    }
    let cursor = parts.first().and_then(|part| SnapshotPart::decode(part).ok()).map(|part| part.cursor);
    let Cursor { revision, mut check } = cursor.unwrap_or_default();
    // No disk has room for a higher one.
    if revision > i64::MAX as u64 {
        return;
    }
    disk.compact(&StoredSnapshot { revision, parts }, heard.unwrap_or(&[1, 0]), 0).unwrap();
    for bytes in log {
        check = check.next(bytes);
        let (revision, at) = Batch::decode(bytes).map_or((revision + 1, now), |batch| (batch.revision, batch.at));
        if revision <= i64::MAX as u64 {
            // One that is there already isn't stored; then the log is broken, which has to be noticed.
            let _ = disk.append(&LogEntry { revision, at, check, bytes: bytes.to_vec() });
        }
    }
    let Ok(leader) = Leader::load(disk.clone(), SETTINGS, now) else { return };
    work(leader, &disk, now);
}

fn work(mut leader: Leader<Disk>, disk: &Disk, now: Timestamp) {
    leader.sweep_now(now).unwrap();
    let info = ProducerInfo {
        remote_address: "127.0.0.1:5".into(),
        hostname: "h".into(),
        broadcast_address: "b".into(),
        tcp_port: PORT,
        http_port: PORT,
        version: "1".into(),
        topology_zone: "".into(),
        topology_region: "".into(),
    };
    let topic = TopicName::parse("t").unwrap();
    leader.execute(&Command::Register { via: Via::Tcp, info, topic, channel: None }, now).unwrap();
    let described = check(leader.registry(), leader.cursor());
    let again = Leader::load(disk.clone(), SETTINGS, now).unwrap();
    assert_eq!(again.cursor(), leader.cursor());
    assert_eq!(Described::of(again.registry()), described, "a restart changes nothing");
    let mut replica = Replica::default();
    replica.catch_up(&leader.catch_up(None, now).unwrap(), now, now).unwrap();
    assert_eq!(Described::of(replica.registry()), described, "a replica holds the same");
}

const PORT: std::num::NonZeroU16 = std::num::NonZeroU16::new(4151).unwrap();

const SETTINGS: LeaderSettings = LeaderSettings {
    lifetimes: Lifetimes {
        inactive_producer_timeout: Duration::from_secs(300),
        tombstone_lifetime: Duration::from_secs(45),
    },
    limits: Limits::NATIVE,
    grant: GRANT,
};

fn log_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    read_log(&text);
    read_log(&put_right(&text));
}

fn read_log(text: &str) {
    match LogFile::read(text) {
        Ok(file) => {
            let mut registry = file.start();
            for batch in &file.batches {
                registry.apply(batch).unwrap();
            }
            check(&registry, Cursor { revision: registry.revision(), ..Cursor::default() });
            for length in [0, text.len() / 2, text.len() - 1] {
                assert!(LogFile::read(&text[..text.floor_char_boundary(length)]).is_err(), "cut");
            }
        }
        Err(UnreadableLog { line, .. }) => {
            let lines = text.split_inclusive('\n').count();
            assert!((1..=lines.max(1)).contains(&line), "line {line} of {lines}");
        }
    }
}

/// The file with the checks, the sum and the count that belong to its lines, as far as these look like such.
fn put_right(text: &str) -> String {
    let (mut file, mut check, mut count) = (String::new(), Cursor::default().check, 0);
    for line in text.lines().filter(|line| !line.starts_with("{\"end\"")) {
        let between =
            |before: &str| line.split_once(before).and_then(|(_, rest)| rest.split_once('"')).map(|(text, _)| text);
        let decoded = |text: &str| Base64::decode_vec(text).unwrap_or_default();
        if let Some(part) = between("{\"snapshot\":\"").and_then(|text| SnapshotPart::decode(&decoded(text)).ok()) {
            check = part.cursor.check;
        }
        let told = between("\"check\":\"").filter(|told| told.len() == 16);
        match (told, between("\"batch\":\"")) {
            (Some(told), Some(batch)) => {
                check = check.next(&decoded(batch));
                file += &line.replacen(told, &check.to_string(), 1);
            }
            _ => file += line,
        }
        file.push('\n');
        count += 1;
    }
    let sum = xxh64(file.as_bytes(), 0);
    let end = format!("{{\"end\":{{\"lines\":{},\"sum\":\"{sum:016x}\"}}}}\n", count + 1);
    file + &end
}

fn names(text: &str) {
    let stem = text.strip_suffix("#ephemeral").unwrap_or(text);
    let is_name = (1..=64).contains(&text.len())
        && !stem.is_empty()
        && stem.chars().all(|c| matches!(c, '.' | '_' | '-' | 'a'..='z' | 'A'..='Z' | '0'..='9'));
    assert_eq!(TopicName::parse(text).ok().map(|name| name.to_string()), is_name.then(|| text.to_owned()));
    assert_eq!(ChannelName::parse(text).ok().map(|name| name.to_string()), is_name.then(|| text.to_owned()));

    if let Ok(node) = Node::parse(text) {
        assert_eq!(Node::parse(&node.to_string()), Ok(node.clone()));
        assert_eq!(serde_json::from_str::<Node>(&serde_json::to_string(&node).unwrap()).unwrap(), node);
    }
    if !text.is_empty() {
        // What a producer says of its own address is any text.
        let node = Node::new(text, PORT);
        assert_eq!(Node::parse(&node.to_string()), Ok(node));
    }
    if let Ok(via) = Via::parse(text) {
        assert_eq!(via.to_string(), text);
    }
    assert_eq!(AgentId::parse(text).is_ok(), Via::parse(&format!("agent:{text}")).is_ok());
    if let Ok(cursor) = Cursor::parse(text) {
        assert_eq!(Cursor::parse(&cursor.to_string()), Ok(cursor));
    }
    let _ = (parse_duration(text), Match::parse(text));
}

/// A part of a snapshot with the hash that belongs at its end.
fn sealed(content: &[u8]) -> Vec<u8> {
    [content, &xxh64(content, 0).to_be_bytes()].concat()
}

fn pieces(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_le_bytes(*length)).min(behind.len());
        let (piece, behind) = behind.split_at(length);
        rest = behind;
        Some(piece)
    })
}
