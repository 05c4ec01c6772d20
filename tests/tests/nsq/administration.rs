//! nsqadmin: what it shows, and what it changes, through us and then at each nsqd that it found through us.

use lookupd_tests::{Nsqd, assert_becomes};
use serde_json::{Value, json};

use crate::cluster::{Cluster, NONE, sorted, with_each_lookupd};

with_each_lookupd! {
    nsqadmin_shows_topics_nodes_and_counts
    nsqadmin_creates_topics_and_channels
    nsqadmin_deletes_channels_and_topics
    nsqadmin_empties_channels_and_topics
    nsqadmin_pauses_channels_and_topics
}

fn nsqadmin_shows_topics_nodes_and_counts(cluster: &Cluster) {
    let (a, b) = (cluster.nsqd_with("orders"), cluster.nsqd_with("orders"));
    cluster.serve(&b, "clicks");
    let tail = cluster.tail("orders", "print");
    assert_eq!(tail.messages(2), ["first", "first"]);
    assert_eq!(cluster.lookupd.client().post("/channel/create?topic=planned&channel=billing").status, 200);

    let nsqadmin = cluster.nsqadmin();
    assert_eq!(nsqadmin.show("/topics"), json!({"topics": ["clicks", "orders", "planned"], "message": ""}));
    let nobodys = nsqadmin.show("/topics?inactive=true");
    assert_eq!(nobodys, json!({"topics": {"planned": ["billing"]}, "message": ""}));

    let nodes = nsqadmin.show("/nodes");
    assert_eq!(nodes["message"], "");
    for (nsqd, topics) in [(&a, &["orders"][..]), (&b, &["clicks", "orders"])] {
        let node = only(&nodes["nodes"], |node| node["http_port"] == nsqd.http().port());
        assert_eq!((&node["broadcast_address"], &node["tcp_port"]), (&json!("127.0.0.1"), &json!(nsqd.tcp().port())));
        assert_eq!((&node["version"], &node["out_of_date"]), (&json!("1.3.0"), &json!(false)));
        let topics: Vec<_> = topics.iter().map(|topic| json!({"topic": topic, "tombstoned": false})).collect();
        assert_eq!(node["topics"], json!(topics));
        // One for each lookupd that knows the node; more would be shown as a fault.
        let [via] = &node["remote_addresses"].as_array().expect("a list")[..] else { panic!("{node}") };
        let known_by = format!("{}/127.0.0.1:", cluster.lookupd.http());
        assert!(via.as_str().is_some_and(|via| via.starts_with(&known_by)), "{node}");
    }
    assert_eq!(nodes["nodes"].as_array().map(Vec::len), Some(2));

    let orders = nsqadmin.show("/topics/orders");
    assert_eq!((&orders["topic_name"], &orders["message_count"]), (&json!("orders"), &json!(2)));
    assert_eq!(addresses(&orders["nodes"]), sorted([a.node(), b.node()]));
    let channel = nsqadmin.show("/topics/orders/print");
    assert_eq!((&channel["client_count"], &channel["message_count"]), (&json!(2), &json!(2)));
    assert_eq!(addresses(&channel["nodes"]), sorted([a.node(), b.node()]));

    let node = nsqadmin.show(&format!("/nodes/{}", b.node()));
    assert_eq!((&node["total_messages"], &node["total_clients"]), (&json!(2), &json!(1)));
    let counter = nsqadmin.show("/counter");
    assert_eq!(counter["stats"][format!("orders:print:{}", a.node())]["message_count"], 1);
}

fn nsqadmin_creates_topics_and_channels(cluster: &Cluster) {
    let nsqadmin = cluster.nsqadmin();
    let lookupd = &cluster.lookupd;
    nsqadmin.change("POST", "/topics", &json!({"topic": "orders"}));
    assert_eq!((lookupd.topics(), lookupd.channels("orders").len()), (vec!["orders".to_owned()], 0));
    nsqadmin.change("POST", "/topics", &json!({"topic": "orders", "channel": "billing"}));
    assert_eq!(lookupd.channels("orders"), ["billing"]);

    // With someone who serves the topic, the channel is made there, too.
    let nsqd = cluster.nsqd_with("orders");
    nsqadmin.change("POST", "/topics", &json!({"topic": "orders", "channel": "archive"}));
    assert!(nsqd.channel("orders", "archive").is_some());
    assert_eq!(lookupd.channels("orders"), ["archive", "billing"]);
}

fn nsqadmin_deletes_channels_and_topics(cluster: &Cluster) {
    let nsqadmin = cluster.nsqadmin();
    let lookupd = &cluster.lookupd;
    let (a, b) = (cluster.nsqd_with("orders"), cluster.nsqd_with("orders"));
    nsqadmin.change("POST", "/topics", &json!({"topic": "orders", "channel": "billing"}));
    nsqadmin.change("POST", "/topics", &json!({"topic": "orders", "channel": "archive"}));
    // A REGISTER that is still under way would bring back what is deleted.
    for channel in ["billing", "archive"] {
        assert_becomes(|| registered(cluster, &format!("channel:orders:{channel}")), 2);
    }

    nsqadmin.change("DELETE", "/topics/orders/billing", &json!({}));
    assert_becomes(|| lookupd.channels("orders"), ["archive"]);
    assert!([&a, &b].iter().all(|nsqd| nsqd.channel("orders", "billing").is_none()));

    nsqadmin.change("DELETE", "/topics/orders", &json!({}));
    assert!([&a, &b].iter().all(|nsqd| nsqd.topic("orders").is_none()));
    assert_becomes(|| lookupd.topics(), NONE);
    assert_eq!(lookupd.channels("orders"), NONE);
    assert_eq!(nsqadmin.show("/topics")["topics"], Value::Null);
    // Without topics they are nodes as before.
    assert_eq!(lookupd.nodes(), sorted([a.node(), b.node()]));
    assert_eq!(nsqadmin.show("/nodes")["nodes"][0]["topics"], Value::Null);
}

fn nsqadmin_empties_channels_and_topics(cluster: &Cluster) {
    let nsqadmin = cluster.nsqadmin();
    let nsqd = cluster.nsqd_with("orders");
    cluster.publish(&nsqd, "orders", &["second"]);
    assert_eq!(nsqadmin.show("/topics/orders")["depth"], 2);
    nsqadmin.change("POST", "/topics/orders", &json!({"action": "empty"}));
    assert_eq!(nsqadmin.show("/topics/orders")["depth"], 0);

    nsqadmin.change("POST", "/topics", &json!({"topic": "orders", "channel": "billing"}));
    cluster.publish(&nsqd, "orders", &["third"]);
    assert_becomes(|| nsqadmin.show("/topics/orders/billing")["depth"].clone(), 1);
    nsqadmin.change("POST", "/topics/orders/billing", &json!({"action": "empty"}));
    assert_eq!(nsqadmin.show("/topics/orders/billing")["depth"], 0);
}

fn nsqadmin_pauses_channels_and_topics(cluster: &Cluster) {
    let nsqadmin = cluster.nsqadmin();
    let (a, b) = (cluster.nsqd_with("orders"), cluster.nsqd_with("orders"));
    let tail = cluster.tail("orders", "print");
    assert_eq!(tail.messages(2), ["first", "first"]);
    for page in ["/topics/orders", "/topics/orders/print"] {
        nsqadmin.change("POST", page, &json!({"action": "pause"}));
        assert_eq!(nsqadmin.show(page)["paused"], true);
        cluster.publish(&a, "orders", &["a"]);
        cluster.publish(&b, "orders", &["b"]);
        assert_becomes(|| nsqadmin.show(page)["depth"].clone(), 2);
        nsqadmin.change("POST", page, &json!({"action": "unpause"}));
        assert_eq!(nsqadmin.show(page)["paused"], false);
        assert_eq!(tail.messages(2), ["a", "b"]);
    }
    let paused = |nsqd: &Nsqd| nsqd.topic("orders").expect("it serves it")["paused"].clone();
    assert_eq!((paused(&a), paused(&b)), (json!(false), json!(false)));
}

/// The nodes that counts came from, sorted.
fn addresses(counts: &Value) -> Vec<String> {
    let counts = counts.as_array().expect("a list").iter();
    let mut addresses: Vec<_> = counts.map(|count| count["node"].as_str().expect("an address").to_owned()).collect();
    addresses.sort();
    addresses
}

/// How many producers have registered something, by its key in `/debug`.
fn registered(cluster: &Cluster, key: &str) -> usize {
    cluster.lookupd.client().get("/debug").json()[key].as_array().map_or(0, Vec::len)
}

fn only(list: &Value, is_it: impl Fn(&Value) -> bool) -> &Value {
    let mut found = list.as_array().expect("a list").iter().filter(|element| is_it(element));
    let first = found.next().unwrap_or_else(|| panic!("nobody: {list}"));
    assert!(found.next().is_none(), "more than one: {list}");
    first
}
