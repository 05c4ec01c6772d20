//! The libraries that know more of nsqlookupd than `/lookup` ask for all of it, and get from us what the real nsqlookupd
//! gives them.

use lookupd_tests::{Bindings, ClientProgram, Lookupd, Nsq, Nsqd, assert_becomes};
use serde_json::{Value, json};

use super::{BROADCAST, announce, identity, worker};

/// By hand, as no nsqd has it.
const TOPIC: &str = "audit#ephemeral";

#[test]
fn gnsq_asks_the_real_nsqlookupd() {
    lookupd_answers(Lookupd::nsqlookupd(BROADCAST), ClientProgram::python("drive_gnsq.py"), "http://", gnsq);
}

#[test]
fn gnsq_asks_the_agent() {
    lookupd_answers(Lookupd::agent(BROADCAST), ClientProgram::python("drive_gnsq.py"), "http://", gnsq);
}

#[test]
fn gnsq_asks_the_worker() {
    worker_answers(ClientProgram::python("drive_gnsq.py"), "http://", gnsq);
}

#[test]
fn ansq_asks_the_real_nsqlookupd() {
    lookupd_answers(Lookupd::nsqlookupd(BROADCAST), ClientProgram::python("drive_ansq.py"), "", ansq);
}

#[test]
fn ansq_asks_the_agent() {
    lookupd_answers(Lookupd::agent(BROADCAST), ClientProgram::python("drive_ansq.py"), "", ansq);
}

#[test]
fn ansq_asks_the_worker() {
    worker_answers(ClientProgram::python("drive_ansq.py"), "", ansq);
}

/// The calls of gnsq's `LookupdClient`, all of them, and what each gives where `nsqd` serves the topic `orders` with the
/// channel `billing`.
fn gnsq(nsqd: &Nsqd) -> Vec<(Value, Value)> {
    let producer = identity(nsqd);
    let mut calls = common(&producer, |status, _| json!({"error": format!("http error <{status}>")}));
    let tombstoned = with(&producer, json!({"tombstones": [true], "topics": ["orders"]}));
    calls.extend([
        (json!(["tombstone_topic", "orders", nsqd.node()]), json!("")),
        (json!(["lookup", "orders"]), json!({"channels": ["billing"], "producers": []})),
        (json!(["nodes"]), json!({"producers": [tombstoned]})),
    ]);
    calls
}

/// The same of ansq's `NsqLookupd`. What it asks for to tombstone a producer, nsqlookupd doesn't have.
fn ansq(nsqd: &Nsqd) -> Vec<(Value, Value)> {
    let error = |status, code: &str| {
        let body = json!({"message": code}).to_string();
        json!({"error": format!("TransportError({status}, '{body}')")})
    };
    let mut calls = common(&identity(nsqd), error);
    calls.extend([
        (json!(["create_topic", "no name"]), error(400, "INVALID_ARG_TOPIC")),
        (json!(["tombstone_topic_producer", "orders", nsqd.node()]), error(404, "NOT_FOUND")),
    ]);
    calls
}

/// The calls that both have.
fn common(producer: &Value, error: impl Fn(u16, &str) -> Value) -> Vec<(Value, Value)> {
    let node = with(producer, json!({"tombstones": [false], "topics": ["orders"]}));
    vec![
        (json!(["ping"]), json!("OK")),
        (json!(["info"]), json!({"version": "1.3.0"})),
        (json!(["topics"]), json!({"topics": ["orders"]})),
        (json!(["channels", "orders"]), json!({"channels": ["billing"]})),
        (json!(["lookup", "orders"]), json!({"channels": ["billing"], "producers": [producer]})),
        (json!(["nodes"]), json!({"producers": [node]})),
        (json!(["lookup", TOPIC]), error(404, "TOPIC_NOT_FOUND")),
        (json!(["create_topic", TOPIC]), json!("")),
        (json!(["create_channel", TOPIC, "log"]), json!("")),
        (json!(["topics"]), json!({"topics": [TOPIC, "orders"]})),
        (json!(["channels", TOPIC]), json!({"channels": ["log"]})),
        (json!(["lookup", TOPIC]), json!({"channels": ["log"], "producers": []})),
        (json!(["delete_channel", TOPIC, "log"]), json!("")),
        (json!(["delete_channel", TOPIC, "log"]), error(404, "CHANNEL_NOT_FOUND")),
        (json!(["delete_topic", TOPIC]), json!("")),
        (json!(["topics"]), json!({"topics": ["orders"]})),
    ]
}

fn lookupd_answers(
    lookupd: Option<Lookupd>,
    program: Option<ClientProgram>,
    scheme: &str,
    calls: fn(&Nsqd) -> Vec<(Value, Value)>,
) {
    let (Some(lookupd), Some(program), Some(nsq)) = (lookupd, program, Nsq::find()) else { return };
    let nsqd = nsq.nsqd(&[lookupd.tcp()]);
    for target in ["/topic/create?topic=orders", "/channel/create?topic=orders&channel=billing"] {
        assert_eq!(nsqd.client().post(target).status, 200, "{target}");
    }
    assert_becomes(|| (lookupd.nodes().len(), lookupd.channels("orders").len()), (1, 1));
    answers(&program, &format!("{scheme}{}", lookupd.http()), calls(&nsqd));
}

fn worker_answers(program: Option<ClientProgram>, scheme: &str, calls: fn(&Nsqd) -> Vec<(Value, Value)>) {
    let (Some(edge), Some(program), Some(nsq)) = (worker(Bindings::open()), program, Nsq::find()) else { return };
    let nsqd = nsq.nsqd(&[]);
    announce(&edge, "", "topic=orders&channel=billing", &nsqd);
    answers(&program, &format!("{scheme}{}", edge.client().address()), calls(&nsqd));
}

fn answers(program: &ClientProgram, lookupd: &str, calls: Vec<(Value, Value)>) {
    let input: String = calls.iter().map(|(call, _)| format!("{call}\n")).collect();
    let printed = program.run(&[lookupd], &input);
    assert_eq!(printed.len(), calls.len(), "{printed:?}");
    for ((call, expected), line) in calls.into_iter().zip(printed) {
        let mut answer: Value = serde_json::from_str(&line).expect("a line of JSON");
        normalise(&mut answer);
        assert_eq!(answer, expected, "{call}");
    }
}

/// Without what differs from run to run, what the newest nsqlookupd alone says, and the real one's random order.
fn normalise(answer: &mut Value) {
    if let Some(topics) = answer.get_mut("topics").and_then(Value::as_array_mut) {
        topics.sort_by_key(Value::to_string);
    }
    for producer in answer.get_mut("producers").and_then(Value::as_array_mut).into_iter().flatten() {
        let producer = producer.as_object_mut().expect("a producer");
        for field in ["remote_address", "topology_zone", "topology_region"] {
            producer.remove(field);
        }
    }
}

fn with(object: &Value, more: Value) -> Value {
    let objects = [object.clone(), more];
    objects.into_iter().flat_map(|object| object.as_object().cloned().expect("an object")).collect()
}
