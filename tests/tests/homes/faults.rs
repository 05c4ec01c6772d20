//! The edge is killed, or its object and its worker are replaced, with agents connected.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use lookupd_tests::{Bindings, Client, Request, assert_becomes, identify};

use crate::scene::{ImpatientSession, Scene, SetOnDrop, is_settled, producers, sorted, timed};

#[test]
fn an_edge_killed_by_9_has_what_it_acknowledged_and_gets_its_agents_back() {
    let Some(mut scene) = Scene::start() else { return };
    let (Some(here), Some(elsewhere)) = (scene.agent(), scene.agent()) else { return };
    let nsqds = [scene.nsqd_with(&here, "a"), scene.nsqd_with(&elsewhere, "b")];
    let (network, is_over) = (scene.network.address(), AtomicBool::new(false));
    let said = [AtomicU64::new(0), AtomicU64::new(0)];
    let acknowledged = thread::scope(|scope| {
        let over_http = scope.spawn(|| register_until(&is_over, Client::new(network)));
        let over_tcp = [(here.tcp(), &said[0]), (elsewhere.tcp(), &said[1])].map(|(agent, said)| {
            scope.spawn({
                let is_over = &is_over;
                move || announce_until(is_over, agent, said)
            })
        });
        let ends = SetOnDrop(&is_over);
        for _ in 0..3 {
            let before = said.each_ref().map(|said| said.load(Ordering::Relaxed));
            scene.edge.kill9();
            // nsqds are answered while it is gone.
            assert_becomes(
                || said.iter().zip(before).all(|(said, before)| said.load(Ordering::Relaxed) > before + 20),
                true,
            );
            scene.restart_edge();
            scene.edge.get("/topics");
            thread::sleep(BETWEEN_KILLS);
        }
        drop(ends);
        let sessions = over_tcp.map(|session| session.join().expect("every nsqd was answered"));
        let acknowledged = over_http.join().expect("a writer");
        assert!(acknowledged.len() > 10, "only {acknowledged:?} were acknowledged");
        // Their sessions are still there: so is what they announced.
        for (agent, (host, topics, _session)) in [&here, &elsewhere].into_iter().zip(&sessions) {
            let differing = |client| served_by(client, host).symmetric_difference(topics).cloned().collect::<Vec<_>>();
            assert_becomes(|| differing(scene.edge.client()), [""; 0]);
            assert_eq!(differing(agent.client()), [""; 0]);
        }
        acknowledged
    });
    let topics = scene.edge.get("/topics").json();
    let topics = topics["topics"].as_array().expect("a list");
    for topic in &acknowledged {
        assert!(topics.iter().any(|known| known == topic), "{topic} was acknowledged, and is gone");
    }
    for (nsqd, topic) in nsqds.iter().zip(["a", "b"]) {
        for client in [scene.edge.client(), here.client(), elsewhere.client()] {
            assert_becomes(|| producers(client, topic), [nsqd.node()]);
        }
    }
}

#[test]
fn an_object_that_is_evicted_and_a_worker_that_is_redeployed_change_no_answer() {
    let Some(mut scene) = Scene::start() else { return };
    let (Some(here), Some(elsewhere)) = (scene.agent(), scene.agent()) else { return };
    let nsqds = [scene.nsqd_with(&here, "a"), scene.nsqd_with(&elsewhere, "b")];
    // Whatever is still to be said of channels was said.
    assert_becomes(|| [&here, &elsewhere].map(is_settled), [true, true]);
    let state = scene.edge.state("");
    let lookups = |client: Client| ["a", "b"].map(|topic| client.get(format!("/lookup?topic={topic}")).text());
    let answers = [here.client(), elsewhere.client(), scene.edge.client()].map(lookups);
    for round in 0..2 {
        scene.edge.evict();
        assert_eq!(scene.edge.state(""), state, "evicted, {round}");
        assert_eq!([here.client(), elsewhere.client(), scene.edge.client()].map(lookups), answers);
        // A new version, by other variables.
        scene.edge.redeploy(&timed(Bindings::open()).with("TOMBSTONE_LIFETIME", &format!("{}s", 44 - round)));
        scene.network.lead_to(scene.edge.address());
        assert_eq!(scene.edge.state(""), state, "redeployed, {round}");
        assert_eq!([here.client(), elsewhere.client(), scene.edge.client()].map(lookups), answers);
    }
    // They are all at work: what happens now is seen everywhere.
    scene.nsq.publish(&nsqds[0], "new", &["1"]);
    scene.nsq.publish(&nsqds[1], "new", &["2"]);
    let both = sorted([nsqds[0].node(), nsqds[1].node()]);
    for client in [here.client(), elsewhere.client(), scene.edge.client()] {
        assert_becomes(|| producers(client, "new"), both.clone());
    }
}

/// Long enough for something to be written, and for agents to come back in the middle of it.
const BETWEEN_KILLS: Duration = Duration::from_secs(2);

/// Registers one topic after the other over HTTP; gives those that were acknowledged.
fn register_until(is_over: &AtomicBool, client: Client) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let topic = format!("http-{number}");
        let body = identify("writer.example").to_string();
        let answer = client.try_send(&Request::post(format!("/register?topic={topic}")).body(body));
        match answer {
            Ok(answer) if answer.status == 200 => acknowledged.push(topic),
            _ => thread::sleep(Duration::from_millis(5)),
        }
    }
    acknowledged
}

/// Registers topics on one session and takes some of them off again, each answered within nsqd's second. Gives who it was, and
/// what it serves in the end.
fn announce_until(
    is_over: &AtomicBool,
    agent: SocketAddr,
    said: &AtomicU64,
) -> (String, BTreeSet<String>, ImpatientSession) {
    let host = format!("session-{}.example", agent.port());
    let mut session = ImpatientSession::identified(agent, &host);
    session.say("PING");
    let mut served = BTreeSet::new();
    for number in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let topic = format!("tcp-{number}");
        session.say(&format!("REGISTER {topic} c"));
        if number % 3 == 0 {
            session.say(&format!("UNREGISTER {topic}"));
        } else {
            served.insert(topic);
        }
        said.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(10));
    }
    (host, served, session)
}

/// The topics of a node.
fn served_by(client: Client, host: &str) -> BTreeSet<String> {
    let nodes = client.get("/nodes").json();
    let node = nodes["producers"].as_array().into_iter().flatten().find(|node| node["broadcast_address"] == host);
    let topics = node.and_then(|node| node["topics"].as_array()).into_iter().flatten();
    topics.map(|topic| topic.as_str().unwrap_or_default().to_owned()).collect()
}
