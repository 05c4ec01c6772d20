//! Two lookupds at once, which is how NSQ survives the loss of one: nsqd announces itself to both, whoever asks asks
//! both, and they know nothing of each other.

use lookupd_tests::{Nsq, Nsqadmin, assert_becomes};
use serde_json::{Value, json};

use crate::cluster::{Kind, sorted};

#[test]
fn of_two_agents_one_is_enough() {
    one_is_enough(Kind::Agent, Kind::Agent);
}

#[test]
fn an_agent_is_enough_when_nsqlookupd_is_lost() {
    one_is_enough(Kind::Nsqlookupd, Kind::Agent);
}

#[test]
fn nsqlookupd_is_enough_when_an_agent_is_lost() {
    one_is_enough(Kind::Agent, Kind::Nsqlookupd);
}

/// Both are there, the first is lost and comes back.
fn one_is_enough(first: Kind, second: Kind) {
    let Some(nsq) = Nsq::find() else { return };
    let Some(mut lost) = first.start() else { return };
    let Some(kept) = second.start() else { return };
    let (tcp, http) = ([lost.tcp(), kept.tcp()], [lost.http(), kept.http()]);
    let a = nsq.nsqd(&tcp);
    let tail = nsq.tail(&http, "orders", "print");
    let nsqadmin = nsq.nsqadmin(&http);
    nsq.publish(&a, "orders", &["to both"]);
    assert_eq!(tail.messages(1), ["to both"]);
    for lookupd in [&lost, &kept] {
        assert_becomes(|| lookupd.channels("orders"), ["print"]);
        assert_eq!(lookupd.nodes(), [a.node()]);
    }
    nsqadmin.change("POST", "/topics", &json!({"topic": "planned", "channel": "billing"}));
    assert_eq!((lost.channels("planned"), kept.channels("planned")), (vec!["billing".into()], vec!["billing".into()]));
    assert_eq!(nodes_shown(&nsqadmin), (vec![(a.node(), 2)], vec![]));

    lost.kill9();
    let b = nsq.nsqd(&tcp);
    nsq.publish(&b, "orders", &["from a new nsqd"]);
    assert_eq!(tail.messages(1), ["from a new nsqd"]);
    nsq.publish(&a, "orders", &["as before"]);
    assert_eq!(tail.messages(1), ["as before"]);
    let both = sorted([a.node(), b.node()]);
    let each_by = |lookupds| both.clone().map(|node| (node, lookupds)).to_vec();
    assert_eq!(nodes_shown(&nsqadmin), (each_by(1), vec![http[0].to_string()]));
    assert_eq!(nsqadmin.show("/topics")["topics"], json!(["orders", "planned"]));
    let half_done = nsqadmin.try_change("DELETE", "/topics/planned", &json!({}));
    assert_eq!((half_done.status, unreachable(&half_done.json())), (200, vec![http[0].to_string()]));
    assert_becomes(|| kept.topics(), ["orders"]);

    lost.restart();
    for nsqd in [&a, &b] {
        // With the first it notices, with the second it connects anew.
        nsq.publish(nsqd, "notices", &["first"]);
        nsq.publish(nsqd, "connects", &["first"]);
    }
    for lookupd in [&lost, &kept] {
        assert_becomes(|| lookupd.producers("connects"), &both);
        assert_becomes(|| lookupd.channels("orders"), ["print"]);
        assert_eq!(lookupd.producers("orders"), both);
    }
    assert_eq!(nodes_shown(&nsqadmin), (each_by(2), vec![]));
}

/// Each node that nsqadmin shows with the number of lookupds that know it, sorted, and what it says beside them.
fn nodes_shown(nsqadmin: &Nsqadmin) -> (Vec<(String, usize)>, Vec<String>) {
    let shown = nsqadmin.show("/nodes");
    let nodes = shown["nodes"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let mut nodes: Vec<_> = nodes
        .map(|node| {
            let address = node["broadcast_address"].as_str().expect("an address");
            let lookupds = node["remote_addresses"].as_array().map_or(0, Vec::len);
            (format!("{address}:{}", node["http_port"]), lookupds)
        })
        .collect();
    nodes.sort();
    (nodes, unreachable(&shown))
}

/// Whom nsqadmin couldn't reach for its answer, by the message in it.
fn unreachable(answer: &Value) -> Vec<String> {
    let message = answer["message"].as_str().expect("a message");
    let mut addresses: Vec<_> = message
        .lines()
        .map(|line| {
            let (_, address) = line.split_once("dial tcp ").unwrap_or_else(|| panic!("{message}"));
            address.trim_end_matches(": connect: connection refused").to_owned()
        })
        .collect();
    addresses.dedup();
    addresses
}
