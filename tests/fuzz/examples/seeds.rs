//! Writes what fuzzing begins with where nothing was found yet, a folder for each target: the requests whose answers by the
//! real nsqlookupd are recorded, and what a small registry stores and sends. `tools/fuzz.sh corpus` then keeps what covers
//! something.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    num::NonZeroU16,
    path::PathBuf,
    time::Duration,
};

use lookupd_core::{
    Batch, CatchUp, Change, ChannelName, ClaimKey, Cursor, GRANT, Leader, LeaderSettings, Lifetimes, Limits, LogEntry,
    Node, ProducerInfo, Registry, Store as _, Timestamp, TopicName, Via,
    link::{Refused, ToFollower, ToLeader},
};
use lookupd_tests::{Step, read_stories, unescape};

#[allow(dead_code, reason = "of all that the leader's own tests break, nothing is broken here")]
#[path = "../../../core/tests/leader/disk.rs"]
mod disk;

use disk::Disk;

const TCP: &str = include_str!("../../../core/tests/protocol/recorded.txt");
const HTTP: &str = include_str!("../../recorded/http.txt");

fn main() {
    let folder = PathBuf::from(env::args().nth(1).expect("the folder to write to"));
    for (target, seeds) in [
        ("session", sessions()),
        ("http", scripts()),
        ("json", bodies()),
        ("decoding", stored()),
        (
            "leader",
            (0_u8..32)
                .map(|start| {
                    (0_u8..96).map(|step| start.wrapping_mul(97).wrapping_add(step.wrapping_mul(41))).collect()
                })
                .collect(),
        ),
        ("link", said()),
    ] {
        let folder = folder.join(target);
        fs::create_dir_all(&folder).expect("a folder for the seeds");
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:03}")), seed).expect("a seed");
        }
    }
}

/// What each recorded client sends.
fn sessions() -> Vec<Vec<u8>> {
    let mut sessions: Vec<Vec<u8>> = Vec::new();
    for line in TCP.lines() {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let bytes = match kind {
            "case" => {
                sessions.push(Vec::new());
                continue;
            }
            "magic" => b"  V1".to_vec(),
            "send" => unescape(rest),
            "identify" => {
                let body = unescape(rest);
                let length = u32::try_from(body.len()).expect("a short body").to_be_bytes();
                [b"IDENTIFY\n", &length[..], &body].concat()
            }
            _ => continue,
        };
        if let Some(session) = sessions.last_mut() {
            session.extend(bytes);
        }
    }
    sessions
}

/// What each recorded story asks, eight requests at a time.
fn scripts() -> Vec<Vec<u8>> {
    let mut scripts = Vec::new();
    for story in read_stories(HTTP) {
        let requests: Vec<_> = story
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Note(_) => None,
                Step::Announce(body) => Some(format!("POST /register HTTP/1.1\r\n\r\n{body}").into_bytes()),
                Step::Send { lines, .. } => Some(Step::request(lines).bytes().to_vec()),
            })
            .collect();
        scripts.extend(requests.chunks(8).map(|some| some.join(&b"\n---\n"[..])));
    }
    let one = |text: &str| text.as_bytes().to_vec();
    scripts.extend([
        one("POST /register?topic=t&channel=c\n\n{\"broadcast_address\":\"b\",\"tcp_port\":1,\"http_port\":2,\"version\":\"1\"}\n---\nPOST /unregister?node=b:2&topic=t\n---\nGET /v1/explain?topic=t\n---\nGET /v1/changes?since=1-0000000000000000"),
        one("POST /topic/create?topic=t&dry_run\nAuthorization: Bearer a\nAnonymous: none\n---\nGET /registrations?category=topic&key=*\nAuthorization: Bearer r\n---\nGET /v1/snapshot\nAfter: 400"),
        one("GET /\nAccept: text/html\nOrigin: https://a.example\nHost: nsqlookupd:4161\n---\nPOST /topic/delete?topic=t\nOrigin: null"),
    ]);
    scripts
}

/// What recorded clients say of themselves, over TCP and over HTTP.
fn bodies() -> Vec<Vec<u8>> {
    let identified = TCP.lines().filter_map(|line| line.strip_prefix("identify ")).map(unescape);
    let stories = read_stories(HTTP);
    let announced = stories.iter().flat_map(|story| &story.steps).filter_map(|step| match step {
        Step::Announce(body) => Some(body.clone().into_bytes()),
        _ => None,
    });
    identified.chain(announced).collect()
}

/// What a registry stores and sends, and names.
fn stored() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    let mut registry = Registry::default();
    let mut cursor = Cursor::default();
    let mut batches = Vec::new();
    for (revision, changes) in (1..).zip(history()) {
        let batch = Batch { revision, at: Timestamp::from_millis(revision), changes };
        registry.apply(&batch).expect("the next batch");
        let bytes = batch.encode();
        cursor = Cursor { revision, check: cursor.check.next(&bytes) };
        seeds.push([b"b", &bytes[..]].concat());
        batches.push(bytes);
    }
    let unsealed = |part: &Vec<u8>| part[..part.len() - 8].to_vec();
    let snapshot: Vec<_> = registry.snapshot(cursor).iter().map(unsealed).collect();
    seeds.push([b"s", &snapshot[0][..]].concat());

    let now = Timestamp::from_millis(400);
    let catch_up = |anew, snapshot: &[Vec<u8>], batches: &[Vec<u8>]| {
        let lifetimes = Lifetimes::default();
        CatchUp {
            now,
            lifetimes,
            cursor,
            anew,
            snapshot: snapshot.to_vec(),
            batches: batches.to_vec(),
            fresh_for: Duration::ZERO,
        }
        .encode()
    };
    let whole = piece(&catch_up(true, &snapshot, &[]));
    seeds.push([b"c", &whole[..]].concat());
    for split in 0..batches.len() {
        let (first, second) = batches.split_at(split);
        let answers = [piece(&catch_up(true, &[], first)), piece(&catch_up(false, &[], second)), whole.clone()];
        seeds.push([b"c", &answers.concat()[..]].concat());
    }

    let entries: Vec<_> = batches.iter().map(|batch| piece(&[b"l", &batch[..]].concat())).collect();
    seeds.push([b"d", &entries.concat()[..]].concat());
    seeds.push(
        [
            b"d",
            &piece(&[b"s", &snapshot[0][..]].concat())[..],
            &piece(b"h\x01\x00"),
            &piece(&[&b"n"[..], &now.as_millis().to_le_bytes()].concat()),
        ]
        .concat(),
    );

    seeds.extend([&[][..], &batches[..]].map(|batches| [b"f", &log_file(batches)[..]].concat()));

    let names = [
        "orders",
        "orders#ephemeral",
        "*",
        "b:4151",
        "[::1]:4151",
        "[[a:]:1",
        "http",
        "agent:x",
        "5m0s",
        "42-0000000000000abc",
    ];
    seeds.extend(names.map(|name| format!("t{name}").into_bytes()));
    seeds
}

/// The file that a leader with this history exports.
fn log_file(batches: &[Vec<u8>]) -> Vec<u8> {
    let settings = LeaderSettings { lifetimes: Lifetimes::default(), limits: Limits::EDGE, grant: GRANT };
    let mut disk = Disk::default();
    let mut check = Cursor::default().check;
    for (revision, bytes) in (1..).zip(batches) {
        check = check.next(bytes);
        let at = Timestamp::from_millis(revision);
        disk.append(&LogEntry { revision, at, check, bytes: bytes.clone() }).expect("the next entry");
    }
    let now = Timestamp::from_millis(400);
    let leader = Leader::load(disk, settings, now).expect("a whole disk");
    leader.history().expect("it is in memory").to_file("west", &settings.lifetimes, now).expect("it is whole")
}

/// What an agent says and hears, each of it alone and some of it in a row.
fn said() -> Vec<Vec<u8>> {
    let info = info();
    let (node, topic) = (info.node(), TopicName::parse("u").expect("a topic"));
    let topics = BTreeMap::from([(topic.clone(), BTreeSet::from([ChannelName::parse("c").expect("a channel")]))]);
    let announce =
        |complete, silent| ToLeader::Announce { info: info.clone(), topics: topics.clone(), complete, silent };
    let messages = [
        announce(false, None),
        announce(true, None),
        announce(true, Some(Duration::from_secs(200))),
        ToLeader::Update { node: node.clone(), unregister: vec![(topic, None)], register: BTreeMap::new() },
        ToLeader::Update { node: node.clone(), unregister: Vec::new(), register: topics.clone() },
        ToLeader::Silent { node: node.clone(), age: Duration::from_secs(200) },
        ToLeader::Settled { nodes: BTreeSet::from([node.clone()]) },
        ToLeader::Leave { node: node.clone() },
        ToLeader::Settled { nodes: BTreeSet::new() },
    ];
    let says: Vec<_> = (1..).zip(&messages).map(|(number, said)| step(2, &said.encode(number))).collect();
    let (push, pull) = (step(5, &[]), step(6, &[]));
    let heard = history().into_iter().zip(1..).map(|(changes, revision)| {
        let bytes = Batch { revision, at: Timestamp::from_millis(revision), changes }.encode();
        step(4, &ToFollower::Batch { bytes, check: Cursor::default().check }.encode())
    });
    let others = [
        ToFollower::Doorbell { revision: 9 },
        ToFollower::Beacon {
            cursor: Cursor::default(),
            now: Timestamp::from_millis(9),
            lifetimes: Lifetimes::default(),
        },
        ToFollower::Resync,
        ToFollower::Acknowledged { through: 1 },
        ToFollower::Refused(Refused { sequence: 1, node: Some(node), is_unknown: true, reason: "no".into() }),
    ];
    let mut seeds = Vec::new();
    for start in 0..says.len() {
        let some = &says[start..];
        seeds.push(some.concat());
        seeds.push(some.iter().flat_map(|said| [&said[..], &push, &pull].concat()).collect());
    }
    seeds.extend(heard.chain(others.map(|other| step(4, &other.encode()))));
    seeds.push([&says[0][..], &step(7, &[]), &says[1]].concat());
    seeds
}

fn step(what: u8, bytes: &[u8]) -> Vec<u8> {
    [&[what][..], &piece(bytes)].concat()
}

fn piece(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("a small one").to_le_bytes()[..], bytes].concat()
}

fn history() -> Vec<Vec<Change>> {
    let topic = |name| TopicName::parse(name).expect("a topic");
    let channel = |name| ChannelName::parse(name).expect("a channel");
    let port = NonZeroU16::new(4151).expect("a port");
    let node = Node::new("::1", port);
    let claim = ClaimKey { node: node.clone(), via: Via::Http };
    let info = info();
    let tcp = ClaimKey { node: node.clone(), via: Via::Tcp };
    let at = Timestamp::from_millis(3);
    vec![
        vec![
            Change::TopicCreated { topic: topic("t") },
            Change::ChannelCreated { topic: topic("u"), channel: channel("c") },
        ],
        vec![
            Change::Identified { claim: claim.clone(), info: info.clone() },
            Change::Registered {
                claim: claim.clone(),
                topics: vec![(topic("t"), vec![channel("c"), channel("d#ephemeral")])],
            },
        ],
        vec![Change::Announced {
            claim: tcp.clone(),
            info,
            announced: 3,
            topics: vec![(topic("e#ephemeral"), vec![]), (topic("t"), vec![channel("c")])],
        }],
        vec![Change::Tombstoned { topic: topic("t"), node: node.clone(), at }],
        vec![Change::Silent { claim: claim.clone(), since: at }, Change::Heard { claim: claim.clone() }],
        vec![Change::Unregistered { claim: tcp.clone(), topic: topic("t"), channel: Some(channel("c")) }],
        vec![
            Change::ChannelDeleted { topic: topic("u"), channel: channel("c") },
            Change::TombstoneForgotten { topic: topic("t"), node },
        ],
        vec![Change::Left { claim: tcp }, Change::TopicDeleted { topic: topic("t") }],
    ]
}

fn info() -> ProducerInfo {
    let port = NonZeroU16::new(4151).expect("a port");
    ProducerInfo {
        remote_address: "10.0.0.1:5".into(),
        hostname: "h".into(),
        broadcast_address: "::1".into(),
        tcp_port: port,
        http_port: port,
        version: "1".into(),
        topology_zone: "z".into(),
        topology_region: "".into(),
    }
}
