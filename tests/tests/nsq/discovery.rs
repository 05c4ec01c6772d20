//! Producers announce, consumers find.

use std::time::{Duration, Instant};

use lookupd_tests::assert_becomes;

use crate::cluster::{Cluster, NONE, sorted, with_each_lookupd};

/// What nsqd lets pass between two PINGs; nothing is noticed sooner by their absence.
const PING: Duration = Duration::from_secs(15);

with_each_lookupd! {
    a_consumer_finds_the_messages_of_two_nsqd
    an_nsqd_killed_by_9_is_gone_at_once
    an_ephemeral_channel_goes_with_its_consumer
    an_ephemeral_topic_goes_with_its_consumer
    ephemeral_names_go_with_an_nsqd_that_was_killed
    a_channel_created_beforehand_is_there_when_nsqd_creates_the_topic
}

fn a_consumer_finds_the_messages_of_two_nsqd(cluster: &Cluster) {
    // It asks for a topic that nobody has yet.
    let tail = cluster.tail("orders", "print");
    tail.asks_again(2);
    let (a, b) = (cluster.nsqd(), cluster.nsqd());
    cluster.publish(&a, "orders", &["a1", "a2"]);
    cluster.publish(&b, "orders", &["b1", "b2"]);
    assert_eq!(tail.messages(4), ["a1", "a2", "b1", "b2"]);

    let lookupd = &cluster.lookupd;
    assert_becomes(|| lookupd.producers("orders"), sorted([a.node(), b.node()]));
    assert_becomes(|| lookupd.channels("orders"), ["print"]);
    assert_eq!(lookupd.topics(), ["orders"]);
    assert_eq!(lookupd.nodes(), sorted([a.node(), b.node()]));
}

fn an_nsqd_killed_by_9_is_gone_at_once(cluster: &Cluster) {
    let (mut a, b) = (cluster.nsqd_with("orders"), cluster.nsqd_with("orders"));
    let lookupd = &cluster.lookupd;
    assert_eq!(lookupd.nodes(), sorted([a.node(), b.node()]));
    let before = Instant::now();
    a.kill9();
    assert_becomes(|| lookupd.nodes(), [b.node()]);
    assert_eq!(lookupd.producers("orders"), [b.node()]);
    assert!(before.elapsed() < PING, "that was for want of a PING");

    a.restart();
    cluster.publish(&a, "orders", &["again"]);
    assert_becomes(|| lookupd.producers("orders"), sorted([a.node(), b.node()]));
    assert_eq!(lookupd.nodes(), sorted([a.node(), b.node()]));
}

fn an_ephemeral_channel_goes_with_its_consumer(cluster: &Cluster) {
    let _nsqd = cluster.nsqd_with("orders");
    let lookupd = &cluster.lookupd;
    for _ in 0..2 {
        let tail = cluster.tail("orders", "tail#ephemeral");
        assert_becomes(|| lookupd.channels("orders"), ["tail#ephemeral"]);
        tail.stop();
        assert_becomes(|| lookupd.channels("orders"), NONE);
    }
    assert_eq!(lookupd.topics(), ["orders"]);
}

fn an_ephemeral_topic_goes_with_its_consumer(cluster: &Cluster) {
    let nsqd = cluster.nsqd_with("clicks#ephemeral");
    let lookupd = &cluster.lookupd;
    let tail = cluster.tail("clicks#ephemeral", "tail#ephemeral");
    assert_eq!(tail.messages(1), ["first"]);
    assert_becomes(|| lookupd.channels("clicks#ephemeral"), ["tail#ephemeral"]);
    tail.stop();
    assert_becomes(|| lookupd.topics(), NONE);
    assert_becomes(|| lookupd.channels("clicks#ephemeral"), NONE);
    assert_eq!(lookupd.nodes(), [nsqd.node()]);
}

fn ephemeral_names_go_with_an_nsqd_that_was_killed(cluster: &Cluster) {
    let (mut nsqd, _other) = (cluster.nsqd_with("clicks#ephemeral"), cluster.nsqd_with("orders"));
    let lookupd = &cluster.lookupd;
    let _tail = cluster.tail("clicks#ephemeral", "tail#ephemeral");
    assert_becomes(|| lookupd.channels("clicks#ephemeral"), ["tail#ephemeral"]);
    nsqd.kill9();
    assert_becomes(|| lookupd.producers("clicks#ephemeral"), NONE);
    let topics = cluster.by_difference(7, &["clicks#ephemeral", "orders"][..], &["orders"]);
    assert_eq!(lookupd.topics(), topics);
    let channels = cluster.by_difference(7, &["tail#ephemeral"][..], &[]);
    assert_eq!(lookupd.channels("clicks#ephemeral"), channels);
}

fn a_channel_created_beforehand_is_there_when_nsqd_creates_the_topic(cluster: &Cluster) {
    let nsqd = cluster.nsqd_with("clicks");
    // Once it has announced a topic that it didn't have when it connected, it knows where its lookupd speaks HTTP.
    cluster.serve(&nsqd, "views");
    let created = cluster.lookupd.client().post("/channel/create?topic=orders&channel=billing");
    assert_eq!(created.status, 200, "{created:?}");
    cluster.publish(&nsqd, "orders", &["kept for billing"]);
    // Nobody consumes, and the message has left the topic for the channel.
    assert_becomes(|| nsqd.channel("orders", "billing").map(|channel| channel["depth"].clone()), Some(1.into()));
    // A second channel, made later, doesn't get what was published before it.
    let late = cluster.tail("orders", "late");
    assert_becomes(|| nsqd.consumers("orders", "late"), 1);
    assert_becomes(|| cluster.lookupd.channels("orders"), ["billing", "late"]);
    cluster.publish(&nsqd, "orders", &["for both"]);
    assert_eq!(late.messages(1), ["for both"]);
    assert_eq!(cluster.tail("orders", "billing").messages(2), ["for both", "kept for billing"]);
}
