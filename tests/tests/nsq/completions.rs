//! A tombstone whose agent asks the real nsqd to delete the topic, as nsqadmin does from outside.

use lookupd_tests::{Lookupd, Nsq, Nsqd, assert_becomes, completions};

use crate::cluster::{ARGUMENTS, NONE};

/// An agent, and an nsqd of which it knows that it serves `orders` and `clicks`, with a message in each that nobody has read.
fn serving(nsq: &Nsq, arguments: &[&str]) -> Option<(Lookupd, Nsqd)> {
    let agent = Lookupd::agent(&[ARGUMENTS, arguments].concat())?;
    let nsqd = nsq.nsqd(&[agent.tcp()]);
    nsq.publish(&nsqd, "orders", &["unread"]);
    nsq.publish(&nsqd, "clicks", &["unread"]);
    assert_becomes(|| agent.producers("clicks"), [nsqd.node()]);
    assert_eq!(agent.producers("orders"), [nsqd.node()]);
    Some((agent, nsqd))
}

fn complete(agent: &Lookupd, nsqd: &Nsqd) {
    let target = format!("/topic/tombstone?topic=orders&node={}&complete=true", nsqd.node());
    assert_eq!(agent.client().post(target).status, 200);
}

#[test]
fn a_topic_is_gone_from_nsqd_with_its_messages() {
    let Some(nsq) = Nsq::find() else { return };
    let Some((agent, nsqd)) = serving(&nsq, &["-complete-tombstones"]) else { return };
    complete(&agent, &nsqd);
    assert_becomes(|| completions(agent.client()), [(format!("{} orders", nsqd.node()), None)]);
    assert_eq!(nsqd.topic("orders"), None, "it is deleted by then");
    // nsqd says so itself, and then its tombstone has gone too.
    let nodes = || agent.client().get("/nodes").json()["producers"][0]["topics"].clone();
    assert_becomes(nodes, serde_json::json!(["clicks"]));
    assert_becomes(|| agent.producers("orders"), NONE);

    // Whoever publishes there again begins with an empty one, which consumers find at once.
    nsq.publish(&nsqd, "orders", &["new"]);
    assert_becomes(|| agent.producers("orders"), [nsqd.node()]);
    assert_eq!(nsqd.topic("orders").expect("it is back")["depth"], 1);
    assert_eq!(nsqd.topic("clicks").expect("it was left alone")["depth"], 1);
}

#[test]
fn without_the_flag_nothing_is_deleted_and_the_tombstone_stands() {
    let Some(nsq) = Nsq::find() else { return };
    let Some((agent, nsqd)) = serving(&nsq, &[]) else { return };
    complete(&agent, &nsqd);
    let problem = "the agent that it is connected to was started without --complete-tombstones".to_owned();
    assert_becomes(|| completions(agent.client()), [(format!("{} orders", nsqd.node()), Some(problem))]);
    assert_eq!(nsqd.topic("orders").expect("it stays")["depth"], 1);
    assert_eq!(agent.producers("orders"), NONE);
}
