//! What a leader holds of what was, as a file and back.

use std::time::Duration;

use crate::{
    history::portrait,
    scene::{Cluster, START, announce, delete, leave, register, settings, tombstone},
};
use lookupd_core::{DecodeError, Flaw, LogFile, MAX_STORED_LENGTH, Timestamp, UnreadableLog};

fn exported(cluster: &Cluster) -> Vec<u8> {
    cluster.leader.history().unwrap().to_file("west", &settings().lifetimes, cluster.now).unwrap()
}

/// A cluster that changes every second, compacted many times over where it is many seconds.
fn changing(seconds: usize) -> Cluster {
    let mut cluster = Cluster::new();
    for second in 0..seconds {
        cluster.after(Duration::from_secs(1));
        let (comes, goes) = if second % 2 == 0 { ("a", "::1") } else { ("::1", "a") };
        cluster.does(&register(comes, ["t c", "u", "v d", "w#ephemeral"][second % 4]));
        cluster.does(&leave(goes));
        cluster.does(&tombstone("t", "a:4151"));
        if second % 7 == 6 {
            cluster.does(&delete("t"));
        }
    }
    cluster
}

/// A small file of every kind of line, and its lines, each with its end.
fn small() -> (Vec<u8>, Vec<Vec<u8>>) {
    let file = compacted();
    let lines: Vec<Vec<u8>> = file.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    assert!(lines[1].starts_with(b"{\"snapshot\":") && lines.len() == 6, "{}", String::from_utf8_lossy(&file));
    (file, lines)
}

/// One part of a snapshot, and three batches.
fn compacted() -> Vec<u8> {
    let mut cluster = Cluster::new();
    for second in 0.. {
        cluster.after(Duration::from_secs(1));
        let names: Vec<String> = (0..2_000).map(|number| format!("t{}", number + second % 2)).collect();
        let topics: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), &["c"][..])).collect();
        cluster.does(&announce("a", &topics));
        if cluster.disk.snapshot_revision() > 0 {
            break;
        }
    }
    cluster.does(&announce("a", &[("t", &["c"])]));
    // The log before it is dropped with the next one.
    for revision in 1..=cluster.disk.snapshot_revision() {
        cluster.disk.lose_log_entry(revision);
    }
    cluster.after(Duration::from_secs(1));
    cluster.does(&register("b", "t c"));
    cluster.does(&tombstone("t", "a:4151"));
    exported(&cluster)
}

/// What is no text any more is read as browsers do.
fn read(file: &[u8]) -> Result<LogFile, UnreadableLog> {
    LogFile::read(&String::from_utf8_lossy(file))
}

fn refused(file: &[u8]) -> (usize, Flaw) {
    let UnreadableLog { line, flaw } = read(file).expect_err("it isn't as it was written");
    (line, flaw)
}

#[test]
fn every_moment_is_in_the_file_as_the_leader_shows_it() {
    for seconds in [0, 1, 40, 5_000] {
        let cluster = changing(seconds);
        let file = read(&exported(&cluster)).unwrap();
        assert_eq!((file.cluster.as_str(), file.exported_at), ("west", cluster.now));
        assert_eq!(file.lifetimes, settings().lifetimes);
        let mut registry = file.start();
        for (place, batch) in file.batches.iter().enumerate() {
            registry.apply(batch).unwrap();
            let is_last_then = file.batches.get(place + 1).is_none_or(|next| next.at > batch.at);
            if is_last_then && place % 997 < 2 {
                let shown = cluster.leader.past(batch.at).unwrap().replay().unwrap();
                assert_eq!(portrait(&registry), portrait(&shown), "{seconds} s, batch {place}");
            }
        }
        assert_eq!(portrait(&registry), portrait(cluster.leader.registry()), "{seconds} s");
        let is_complete = file.start().revision() == 0;
        assert_eq!(is_complete, seconds < 5_000, "what was dropped isn't in it");
    }
}

#[test]
fn it_is_lines_of_json_that_say_to_people_what_happened() {
    let (file, lines) = small();
    assert_eq!(exported(&Cluster::new()).split(|byte| *byte == b'\n').count(), 3, "of nothing: a header and an end");
    let json: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_slice(line).unwrap()).collect();
    assert_eq!((&json[0]["lookupd_edge_log"], &json[0]["cluster"]), (&1.into(), &"west".into()));
    assert_eq!(json[3]["changes"][1]["registered"]["topics"], serde_json::json!([["t", ["c"]]]));
    assert_eq!(json[4]["changes"][0]["tombstoned"]["node"], "a:4151");
    assert_eq!(json[4]["revision"], json[0]["to"]["revision"]);
    assert_eq!(json[5]["end"]["lines"], 6);
    assert!(file.ends_with(b"\"}}\n"));
}

#[test]
fn whatever_byte_is_altered_it_is_refused() {
    let (file, lines) = small();
    // Of the long lines, as much as lies at either end.
    let places = (0..file.len()).filter(|place| {
        let (mut begins, mut inside) = (0, *place);
        while inside >= lines[begins].len() {
            inside -= lines[begins].len();
            begins += 1;
        }
        inside < 300 || lines[begins].len() - inside < 100 || inside % 997 == 0
    });
    for place in places {
        let mut other = file.clone();
        other[place] ^= [1, 0x20, 0x80][place % 3];
        let (line, flaw) = refused(&other);
        assert!(line <= lines.len(), "byte {place}: {flaw:?} at {line}");
    }
}

#[test]
fn wherever_it_is_cut_it_is_refused_with_the_line_at_which_it_ends() {
    let (file, _) = small();
    assert_eq!(refused(b""), (1, Flaw::Foreign));
    for length in (1..file.len()).filter(|length| length % 61 == 0 || file.len() - length < 100 || *length < 300) {
        let kept = &file[..length];
        let lines = kept.split_inclusive(|byte| *byte == b'\n').count();
        assert_eq!(refused(kept), (lines, Flaw::Cut), "{length} of {}", file.len());
    }
}

#[test]
fn lines_that_are_missing_doubled_or_swapped_are_named() {
    let (_, lines) = small();
    let with =
        |places: &[usize]| refused(&places.iter().map(|place| lines[*place].clone()).collect::<Vec<_>>().concat());
    let first = read(&lines.concat()).unwrap().start().revision() + 1;
    let out_of_order = |expected: u64, found: u64| Flaw::OutOfOrder { expected, found };
    assert_eq!(with(&[0, 1, 3, 4, 5]), (3, out_of_order(first, first + 1)));
    assert_eq!(with(&[0, 1, 3, 2, 4, 5]), (3, out_of_order(first, first + 1)));
    assert_eq!(with(&[0, 1, 2, 2, 3, 4, 5]), (4, out_of_order(first + 1, first)));
    assert_eq!(with(&[0, 1, 2, 3, 5]), (5, Flaw::Altered), "the last one");
    assert_eq!(with(&[0, 2, 3, 4, 5]), (2, out_of_order(1, first)), "the snapshot");
    assert_eq!(with(&[0, 1, 1, 2, 3, 4, 5]), (3, Flaw::Undecodable(DecodeError::Damaged)));
    assert_eq!(with(&[1, 0, 2, 3, 4, 5]), (1, Flaw::Foreign));
    assert_eq!(with(&[0, 1, 2, 3, 4, 5, 5]), (7, Flaw::BehindTheEnd));
    assert_eq!(with(&[0, 1, 2, 3, 5, 4]).0, 5);
    assert_eq!(with(&[0, 5]).0, 2);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let (file, lines) = small();
    let text = String::from_utf8(file).unwrap();
    let altered = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let other_lifetime = altered("\"tombstone_lifetime_ms\":45000", "\"tombstone_lifetime_ms\":46000");
    let long = format!("{{\"snapshot\":\"{}\"}}\n", "A".repeat(2 * MAX_STORED_LENGTH));
    for (file, told) in [
        ("<html>\n<p>Not found</p>\n".to_owned(), "line 1: this is no log of a lookupd-edge cluster"),
        ("{}\n".into(), "line 1: this is no log of a lookupd-edge cluster"),
        ("PK\u{3}\u{4}".into(), "line 1: this is no log of a lookupd-edge cluster"),
        (altered("log\":1,", "log\":2,"), "line 1: version 2 of the format, where this release reads 1"),
        (altered("\"cluster\":\"west\"", "\"cluster\":\"<b>\""), "line 1: not as it was written"),
        (altered("\"cluster\":", "\"cluster\": "), "line 1: not as it was written"),
        (text.replace('\n', "\r\n"), "line 1: not as it was written"),
        (text.replacen("\n{\"revision\"", "\n {\"revision\"", 1), "line 3: not as it was written"),
        (String::from_utf8_lossy(&lines[0]).into_owned() + &long, "line 2: its bytes can't be decoded: damaged"),
        (
            altered("\"b:4151\"", "\"c:4151\""),
            "line 6: something was altered or is missing: the check isn't that of what stands there",
        ),
        (other_lifetime, "line 6: something was altered or is missing: the check isn't that of what stands there"),
        (text.trim_end().into(), "line 6: the file ends here, before its end: it was cut"),
        (format!("{text}\n"), "line 7: something stands behind the end"),
    ] {
        assert_eq!(LogFile::read(&file).unwrap_err().to_string(), told);
    }
}

#[test]
fn a_long_history_begins_at_the_latest_snapshot() {
    let mut cluster = Cluster::new();
    let names: Vec<String> = (0..2_000).map(|number| format!("a-topic-of-a-middling-length-{number}")).collect();
    for second in 0..300 {
        cluster.after(Duration::from_secs(1));
        let topics: Vec<(&str, &[&str])> = names.iter().skip(second % 2).map(|name| (name.as_str(), &[][..])).collect();
        cluster.does(&announce("a", &topics));
    }
    let file = exported(&cluster);
    assert!(cluster.leader.past(START.plus(Duration::from_secs(1))).unwrap().replay().is_ok(), "more is held");
    let read = self::read(&file).unwrap();
    assert_eq!(read.start().revision(), cluster.disk.snapshot_revision());
    assert!(read.start().revision() > 200 && file.len() < 8 << 20, "{} bytes", file.len());
}

#[test]
fn what_is_broken_is_not_exported() {
    for damage in [|cluster: &Cluster| cluster.disk.damage_log(5), |cluster: &Cluster| cluster.disk.lose_log_entry(5)] {
        let cluster = changing(10);
        damage(&cluster);
        let history = cluster.leader.history().unwrap();
        assert!(history.to_file("west", &settings().lifetimes, Timestamp::from_millis(0)).is_err());
    }
}
