//! A topic is taken from one node, and consumers must not carry it back: NSQ's docs, "nsqlookupd", "Deletion and
//! Tombstones".

use lookupd_tests::{Nsqadmin, Nsqd, assert_becomes};
use serde_json::{Value, json};

use crate::cluster::{Cluster, NONE, sorted, with_each_lookupd};

with_each_lookupd! {
    a_topic_is_taken_from_one_node_for_good
    a_node_that_hangs_is_tombstoned_all_the_same
    a_tombstone_and_an_nsqd_that_reconnects
}

fn a_topic_is_taken_from_one_node_for_good(cluster: &Cluster) {
    let nsqadmin = cluster.nsqadmin();
    let (a, b) = (cluster.nsqd_with("orders"), cluster.nsqd_with("orders"));
    cluster.serve(&a, "clicks");
    let tail = cluster.tail("orders", "print");
    assert_eq!(tail.messages(2), ["first", "first"]);

    nsqadmin.change("DELETE", &format!("/nodes/{}", a.node()), &json!({"topic": "orders"}));
    assert_eq!(a.topic("orders"), None);
    assert_eq!(cluster.lookupd.producers("orders"), [b.node()]);
    // The consumer was cut off, and each time that it asks it could go back, which would make the topic anew.
    tail.asks_again(4);
    assert_eq!(a.topic("orders"), None);
    assert_eq!(cluster.lookupd.producers("orders"), [b.node()]);
    cluster.publish(&b, "orders", &["elsewhere"]);
    assert_eq!(tail.messages(1), ["elsewhere"]);
    // What else it serves it keeps, and its tombstone has gone with the topic.
    assert_becomes(|| topics_shown(&nsqadmin, &a), json!([{"topic": "clicks", "tombstoned": false}]));

    // Whoever publishes there again brings it back.
    cluster.publish(&a, "orders", &["back"]);
    assert_eq!(tail.messages(1), ["back"]);
    assert_eq!(cluster.lookupd.producers("orders"), sorted([a.node(), b.node()]));
}

fn a_node_that_hangs_is_tombstoned_all_the_same(cluster: &Cluster) {
    let nsqadmin = cluster.nsqadmin();
    let (a, b) = (cluster.nsqd_with("orders"), cluster.nsqd_with("orders"));
    a.freeze();
    let asked = nsqadmin.try_change("DELETE", &format!("/nodes/{}", a.node()), &json!({"topic": "orders"}));
    // The topic can't be deleted there, and so the tombstone is all there is.
    assert_eq!(asked.status, 502, "{asked:?}");
    assert_eq!(cluster.lookupd.producers("orders"), [b.node()]);
    assert_eq!(topics_shown(&nsqadmin, &a), json!([{"topic": "orders", "tombstoned": true}]));
    assert_eq!(topics_shown(&nsqadmin, &b), json!([{"topic": "orders", "tombstoned": false}]));
    let tail = cluster.tail("orders", "print");
    assert_eq!(tail.messages(1), ["first"]);

    // Once it runs again, it is asked again.
    a.thaw();
    nsqadmin.change("DELETE", &format!("/nodes/{}", a.node()), &json!({"topic": "orders"}));
    assert_becomes(|| topics_shown(&nsqadmin, &a), Value::Null);
    assert_eq!(a.topic("orders"), None);
}

fn a_tombstone_and_an_nsqd_that_reconnects(cluster: &Cluster) {
    let nsqadmin = cluster.nsqadmin();
    let nsqd = cluster.nsqd_with("orders");
    let tombstone = format!("/topic/tombstone?topic=orders&node={}", nsqd.node());
    assert_eq!(cluster.lookupd.client().post(tombstone).status, 200);
    assert_eq!(cluster.lookupd.producers("orders"), NONE);

    nsqd.set_lookupds(&[]);
    assert_becomes(|| cluster.lookupd.nodes(), NONE);
    nsqd.set_lookupds(&[cluster.lookupd.tcp()]);
    assert_becomes(|| topics_shown(&nsqadmin, &nsqd)[0]["topic"].clone(), "orders");
    let tombstoned = cluster.by_difference(5, false, true);
    assert_eq!(topics_shown(&nsqadmin, &nsqd)[0]["tombstoned"], tombstoned);
    assert_eq!(cluster.lookupd.producers("orders").is_empty(), tombstoned);
}

/// The topics of a node as nsqadmin shows them; null where it has none, or isn't known.
fn topics_shown(nsqadmin: &Nsqadmin, nsqd: &Nsqd) -> Value {
    let shown = nsqadmin.show("/nodes");
    let mut nodes = shown["nodes"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
    nodes.find(|node| node["http_port"] == nsqd.http().port()).map(|node| node["topics"].clone()).unwrap_or_default()
}
