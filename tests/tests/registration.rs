//! Producers that register over HTTP, and what can be asked about them beyond nsqlookupd's own endpoints.

use lookupd_tests::{Bindings, Edge, Request, Response, announcement, identify};
use serde_json::{Value, json};

/// Registers one topic, and perhaps a channel, of the producer on `host`.
fn register(edge: &Edge, host: &str, query: &str) -> Value {
    ok(&edge.send(&Request::post(format!("/register?{query}")).body(identify(host).to_string())))
}

/// Announces everything that the producer on `host` serves.
fn announce(edge: &Edge, host: &str, topics: &[(&str, &[&str])]) -> Value {
    ok(&edge.send(&Request::post("/register").body(announcement(host, topics).to_string())))
}

fn ok(answer: &Response) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The hosts that `/lookup` lists, and the channels beside them.
fn lookup(edge: &Edge, topic: &str) -> (Vec<String>, Vec<String>) {
    let answer = ok(&edge.get(format!("/lookup?topic={topic}")));
    let texts = |list: &Value, text: fn(&Value) -> &Value| {
        list.as_array().expect("a list").iter().map(|item| text(item).as_str().expect("a text").to_owned()).collect()
    };
    (
        texts(&answer["producers"], |producer| &producer["broadcast_address"]),
        texts(&answer["channels"], |channel| channel),
    )
}

/// What `/nodes` says of the producer on `host`: its topics, each with whether it is hidden there.
fn serves(edge: &Edge, host: &str) -> Option<Vec<(String, bool)>> {
    let answer = ok(&edge.get("/nodes"));
    let nodes = answer["producers"].as_array().expect("a list");
    let node = nodes.iter().find(|node| node["broadcast_address"] == host)?;
    let topics = node["topics"].as_array().expect("topics").iter();
    let hidden = node["tombstones"].as_array().expect("tombstones").iter();
    assert_eq!(topics.len(), hidden.len(), "nsqadmin crashes on this: {node}");
    let name = |topic: &Value| topic.as_str().expect("a name").to_owned();
    Some(topics.zip(hidden).map(|(topic, hidden)| (name(topic), hidden == &json!(true))).collect())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_producer_registers_and_is_found() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let answer = register(&edge, "a.example", "topic=t&channel=c");
    let lease = answer["lease_ms"].as_u64().expect("a lease");
    let interval = answer["interval_ms"].as_u64().expect("an interval");
    assert_eq!(
        answer,
        json!({
            "node": "a.example:4151",
            "new": true,
            "changed": true,
            "lease_ms": lease,
            "interval_ms": interval,
            "revision": 1,
        })
    );
    // nsqlookupd forgets a producer after 300 s; a heartbeat that is missed once must do no harm.
    assert!(lease <= 300_000 && interval * 2 <= lease, "{answer}");
    assert_eq!(lookup(&edge, "t"), (names(&["a.example"]), names(&["c"])));
    assert_eq!(serves(&edge, "a.example"), Some(vec![("t".to_owned(), false)]));
    assert_eq!(ok(&edge.get("/channels?topic=t")), json!({"channels": ["c"]}));
    assert_eq!(ok(&edge.get("/topics")), json!({"topics": ["t"]}));
}

#[test]
fn the_same_call_again_is_a_heartbeat_and_changes_nothing() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    for (query, body) in
        [("?topic=t&channel=c", identify("a.example")), ("", announcement("b.example", &[("t", &["c"]), ("u", &[])]))]
    {
        let request = Request::post(format!("/register{query}")).body(body.to_string());
        let first = ok(&edge.send(&request));
        assert_eq!((&first["new"], &first["changed"]), (&json!(true), &json!(true)));
        let state = edge.state("");
        // Each on a connection of its own, so from another port.
        for _ in 0..3 {
            let again = ok(&edge.send(&request));
            assert_eq!((&again["new"], &again["changed"]), (&json!(false), &json!(false)), "{again}");
            assert_eq!(again["revision"], first["revision"]);
            edge.evict();
        }
        assert_eq!(edge.state(""), state);
    }
}

#[test]
fn topics_are_added_one_by_one() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    register(&edge, "a.example", "topic=t");
    let second = register(&edge, "a.example", "topic=u&channel=c");
    assert_eq!((&second["new"], &second["changed"]), (&json!(false), &json!(true)));
    assert_eq!(serves(&edge, "a.example"), Some(vec![("t".to_owned(), false), ("u".to_owned(), false)]));
    assert_eq!(lookup(&edge, "t"), (names(&["a.example"]), names(&[])));
    assert_eq!(lookup(&edge, "u"), (names(&["a.example"]), names(&["c"])));
}

#[test]
fn what_a_producer_says_of_itself_is_kept_up_to_date() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    register(&edge, "a.example", "topic=t");
    let mut identity = identify("a.example");
    identity["version"] = json!("1.4.0");
    identity["tcp_port"] = json!(14150);
    identity["hostname"] = json!("renamed");
    identity["topology_zone"] = json!("z");
    identity["topology_region"] = json!("r");
    let answer = ok(&edge.send(&Request::post("/register?topic=t").body(identity.to_string())));
    assert_eq!((&answer["new"], &answer["changed"]), (&json!(false), &json!(true)));
    let answer = ok(&edge.get("/lookup?topic=t"));
    let producer = &answer["producers"][0];
    for (key, value) in identity.as_object().expect("an object") {
        assert_eq!(&producer[key], value, "{key}");
    }
    assert_eq!(answer["producers"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_whole_node_is_announced_at_once() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    announce(&edge, "a.example", &[("t", &["c", "d"]), ("u", &["c"]), ("v", &[])]);
    assert_eq!(ok(&edge.get("/topics")), json!({"topics": ["t", "u", "v"]}));
    assert_eq!(lookup(&edge, "t"), (names(&["a.example"]), names(&["c", "d"])));
    // What isn't named any more is over; the names stay, as they do when a producer of nsqlookupd's unregisters.
    announce(&edge, "a.example", &[("t", &["d"]), ("w", &[])]);
    assert_eq!(serves(&edge, "a.example"), Some(vec![("t".to_owned(), false), ("w".to_owned(), false)]));
    assert_eq!(lookup(&edge, "u"), (names(&[]), names(&["c"])));
    assert_eq!(lookup(&edge, "t"), (names(&["a.example"]), names(&["c", "d"])));
    let found = ok(&edge.get("/registrations?category=channel&key=t&subkey=c"));
    assert_eq!(found["producers"], json!([]), "the producer serves this channel no longer");
    // Nothing at all.
    announce(&edge, "a.example", &[]);
    assert_eq!(serves(&edge, "a.example"), Some(vec![]));
}

#[test]
fn a_producer_unregisters_a_channel_a_topic_or_itself() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    announce(&edge, "a.example", &[("t", &["c", "d"]), ("u", &["c"])]);
    announce(&edge, "b.example", &[("t", &["c"])]);
    let unregister = |query: &str| ok(&edge.post(format!("/unregister?node=a.example:4151{query}")));

    let answer = unregister("&topic=t&channel=c");
    let expected = json!({"node": "a.example:4151", "changed": true, "revision": answer["revision"]});
    assert_eq!(answer, expected);
    assert_eq!(lookup(&edge, "t"), (names(&["a.example", "b.example"]), names(&["c", "d"])));
    let found = ok(&edge.get("/registrations?category=channel&key=t&subkey=c"));
    assert_eq!(found["producers"].as_array().map(Vec::len), Some(1), "{found}");

    unregister("&topic=t");
    assert_eq!(lookup(&edge, "t"), (names(&["b.example"]), names(&["c", "d"])));
    assert_eq!(serves(&edge, "a.example"), Some(vec![("u".to_owned(), false)]));

    unregister("");
    assert_eq!(serves(&edge, "a.example"), None);
    assert_eq!(lookup(&edge, "u"), (names(&[]), names(&["c"])));

    let state = edge.state("");
    for query in ["", "&topic=t", "&topic=t&channel=c", "&topic=unknown", "&topic=t&channel=unknown"] {
        assert_eq!(unregister(query)["changed"], json!(false), "{query}");
    }
    assert_eq!(edge.state(""), state);
}

#[test]
fn an_ephemeral_name_goes_with_its_last_producer() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let topics: &[(&str, &[&str])] = &[("t", &["c#ephemeral", "d"]), ("e#ephemeral", &["c"])];
    announce(&edge, "a.example", topics);
    announce(&edge, "b.example", topics);
    ok(&edge.post("/unregister?node=a.example:4151"));
    assert_eq!(lookup(&edge, "t"), (names(&["b.example"]), names(&["c#ephemeral", "d"])));
    assert_eq!(lookup(&edge, "e%23ephemeral"), (names(&["b.example"]), names(&["c"])));
    ok(&edge.post("/unregister?node=b.example:4151&topic=e%23ephemeral"));
    ok(&edge.post("/unregister?node=b.example:4151&topic=t&channel=c%23ephemeral"));
    assert_eq!(ok(&edge.get("/topics")), json!({"topics": ["t"]}));
    assert_eq!(edge.get("/lookup?topic=e%23ephemeral").status, 404);
    // The topic took its channel along.
    assert_eq!(ok(&edge.get("/channels?topic=e%23ephemeral")), json!({"channels": []}));
    assert_eq!(lookup(&edge, "t"), (names(&["b.example"]), names(&["d"])));
}

#[test]
fn one_address_with_two_http_ports_is_two_nodes() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    register(&edge, "a.example", "topic=t");
    let mut other = identify("a.example");
    other["http_port"] = json!(4153);
    ok(&edge.send(&Request::post("/register?topic=t").body(other.to_string())));
    assert_eq!(lookup(&edge, "t").0, names(&["a.example", "a.example"]));
    edge.post("/topic/tombstone?topic=t&node=a.example:4153");
    let answer = ok(&edge.get("/lookup?topic=t"));
    assert_eq!(answer["producers"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["producers"][0]["http_port"], json!(4151));
}

#[test]
fn a_node_with_an_ipv6_address_is_named_with_and_without_brackets() {
    for node in ["[::1]:4151", "::1:4151", "%5B::1%5D%3A4151"] {
        let Some(edge) = Edge::start(&Bindings::open()) else { return };
        let answer = register(&edge, "::1", "topic=t");
        assert_eq!(answer["node"], json!("[::1]:4151"));
        edge.post(format!("/topic/tombstone?topic=t&node={node}"));
        assert_eq!(lookup(&edge, "t").0, names(&[]), "{node}");
        ok(&edge.post(format!("/unregister?node={node}")));
        assert_eq!(serves(&edge, "::1"), None, "{node}");
    }
}

#[test]
fn a_tombstone_is_ended_by_unregistering_and_by_nothing_else_a_producer_does() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    announce(&edge, "a.example", &[("t", &["c"]), ("u", &[])]);
    edge.post("/topic/tombstone?topic=t&node=a.example:4151");
    let hidden = || lookup(&edge, "t").0.is_empty();
    assert!(hidden());
    assert_eq!(lookup(&edge, "u").0, names(&["a.example"]));
    assert_eq!(serves(&edge, "a.example"), Some(vec![("t".to_owned(), true), ("u".to_owned(), false)]));

    register(&edge, "a.example", "topic=t&channel=c");
    assert!(hidden(), "after a heartbeat");
    announce(&edge, "a.example", &[("t", &["c", "d"])]);
    assert!(hidden(), "after another announcement");
    announce(&edge, "a.example", &[("u", &[])]);
    announce(&edge, "a.example", &[("t", &[])]);
    assert!(hidden(), "after an announcement that left the topic out");
    ok(&edge.post("/unregister?node=a.example:4151"));
    register(&edge, "a.example", "topic=t");
    assert!(hidden(), "after the producer left and came back");
    ok(&edge.post("/unregister?node=a.example:4151&topic=t"));
    register(&edge, "a.example", "topic=t");
    assert!(!hidden(), "after it unregistered the topic");
}

#[test]
fn a_deleted_topic_is_back_when_a_producer_registers_it_again() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    register(&edge, "a.example", "topic=t&channel=c");
    edge.post("/topic/tombstone?topic=t&node=a.example:4151");
    edge.post("/topic/delete?topic=t");
    assert_eq!(edge.get("/lookup?topic=t").status, 404);
    assert_eq!(serves(&edge, "a.example"), Some(vec![]));
    let answer = register(&edge, "a.example", "topic=t");
    assert_eq!(answer["changed"], json!(true));
    // Its tombstones and channels went with it.
    assert_eq!(lookup(&edge, "t"), (names(&["a.example"]), names(&[])));
}
