//! `-complete-tombstones`: what becomes of a tombstone at the nsqd, whatever that answers. Real ones are in the package of tests.

use std::time::{Duration, Instant};

use lookupd_core::{Batch, Change, link::ToFollower};

use crate::{
    agent::Agent,
    front::{Front, Way},
    nsqd::Nsqd,
    stream::Stream,
};

/// Has the topic `t#ephemeral` tombstoned and completed at a node that says this of itself; gives why it isn't deleted.
fn complete(arguments: &[&str], broadcast_address: &str, http_port: u16) -> Option<String> {
    let agent = Agent::start(arguments);
    let mut nsqd = Nsqd::connect(agent.tcp);
    nsqd.send(b"  V1");
    nsqd.send(&crate::nsqd::identify_at(broadcast_address, 4150, http_port));
    assert!(nsqd.hear().unwrap().starts_with('{'));
    nsqd.say("REGISTER t#ephemeral");
    let mut stream = Stream::open(agent.http, "");
    // From here on everything is pushed.
    stream.hear_until(|message| matches!(message, ToFollower::Beacon { .. }).then_some(()));
    let node = format!("{broadcast_address}:{http_port}").replace('?', "%3F");
    assert_eq!(agent.post(&format!("/topic/tombstone?topic=t%23ephemeral&node={node}&complete=true")), 200);
    assert!(agent.producers("t%23ephemeral").is_empty());
    stream.hear_until(|message| {
        let ToFollower::Batch { bytes, .. } = message else { return None };
        Batch::decode(bytes).unwrap().changes.into_iter().find_map(|change| match change {
            Change::CompletionEnded { topic, node, problem } => {
                assert_eq!(topic.as_str(), "t#ephemeral");
                assert_eq!(node.to_string(), format!("{broadcast_address}:{http_port}"));
                Some(problem)
            }
            _ => None,
        })
    })
}

#[test]
fn what_an_nsqd_answers_is_told() {
    let long = format!("HTTP/1.1 500 No\r\nContent-Length: 3003\r\n\r\n\u{1b}[1m{}", "x".repeat(2_999));
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", None),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 29\r\n\r\n{\"message\":\"TOPIC_NOT_FOUND\"}", None),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nhm?", Some("its nsqd answers 404: hm?".to_owned())),
        (
            "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
            Some("its nsqd answers 302: ".into()),
        ),
        (&long, Some(format!("its nsqd answers 500: [1m{}", "x".repeat(197)))),
    ] {
        let nsqd = Front::new(Way::Says(answer.into()));
        let problem = complete(&["-complete-tombstones"], "127.0.0.1", nsqd.address.port());
        assert_eq!(problem.as_deref().map(str::trim_end), expected.as_deref().map(str::trim_end), "{answer}");
    }
}

#[test]
fn an_nsqd_that_can_not_be_asked_is_told() {
    for (way, expected) in
        [(Way::Closed, "its nsqd can't be asked: "), (Way::Silent, "its nsqd doesn't answer within 5s")]
    {
        let nsqd = Front::new(way);
        let began = Instant::now();
        let problem = complete(&["-complete-tombstones"], "127.0.0.1", nsqd.address.port()).expect("a problem");
        assert!(problem.starts_with(expected), "{problem}");
        assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    }
}

#[test]
fn nobody_is_asked_but_who_said_where_he_is_and_only_where_that_is_wanted() {
    // Whatever it says, it would be asked for another path, or by another's name.
    let trap = Front::new(Way::Says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()));
    let port = trap.address.port();
    for address in ["127.0.0.1/x?", "user@127.0.0.1"] {
        let problem = complete(&["-complete-tombstones"], address, port).expect("a problem");
        assert!(problem.ends_with("is no address of an nsqd"), "{problem}");
    }
    for arguments in [&[][..], &["-complete-tombstones=false"]] {
        let problem = complete(arguments, "127.0.0.1", port).expect("a problem");
        assert!(problem.ends_with("was started without --complete-tombstones"), "{problem}");
    }
}

#[test]
fn where_no_agent_is_at_the_node_nothing_is_done() {
    let agent = Agent::start(&["-complete-tombstones"]);
    let body = r#"{"broadcast_address":"h","hostname":"h","tcp_port":4150,"http_port":4151,"version":"1"}"#;
    let register =
        format!("POST /register?topic=t HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    assert!(agent.raw(register.as_bytes()).starts_with("HTTP/1.1 200 "));
    for dry_run in ["", "&dry_run=true"] {
        let target = format!("/topic/tombstone?topic=t&node=h:4151&complete=true{dry_run}");
        let (status, answer) = agent.ask("POST", &target);
        assert_eq!(status, 409, "{answer}");
        assert!(answer.contains("NO_AGENT") && answer.contains("connected to no agent"), "{answer}");
    }
    assert_eq!(agent.producers("t"), ["h"]);
    assert_eq!(agent.ask("POST", "/topic/tombstone?topic=t&node=h:4151&complete=maybe").0, 400);
}
