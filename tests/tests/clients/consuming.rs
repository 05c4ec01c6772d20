//! What was published to two nsqds reaches a consumer that asks us where to get it.

use lookupd_tests::{Bindings, ClientProgram, Edge, Lookupd, Nsq, Nsqd, Request, assert_becomes, encoded};

use super::{BROADCAST, announce, worker};

/// All that a topic's name may be made of, and the end that makes it an ephemeral one.
const TOPIC: &str = "Orders.v1-eu_west";
const EPHEMERAL: &str = "Orders.v1-eu_west#ephemeral";

/// What is published to each of the two.
const MESSAGES: [&[&str]; 2] = [&["first: bread", "first: größer \"☃\""], &["second: cheese", "second: wine"]];

mod through_the_agent {
    use super::*;

    #[test]
    fn pynsq() {
        agent_leads(ClientProgram::python("consume_pynsq.py"), "http://", &[TOPIC, EPHEMERAL]);
    }

    #[test]
    fn gnsq() {
        agent_leads(ClientProgram::python("consume_gnsq.py"), "http://", &[TOPIC, EPHEMERAL]);
    }

    #[test]
    fn ansq() {
        agent_leads(ClientProgram::python("consume_ansq.py"), "", &[TOPIC, EPHEMERAL]);
    }

    #[test]
    fn nsqjs() {
        agent_leads(ClientProgram::node("consume_nsqjs.js"), "http://", &[TOPIC, EPHEMERAL]);
    }

    #[test]
    fn go_nsq() {
        agent_leads(ClientProgram::go(), "http://", &[TOPIC, EPHEMERAL]);
    }

    /// Its requests end at the `#` of an ephemeral topic.
    #[test]
    fn tokio_nsq() {
        agent_leads(ClientProgram::rust("tokio-nsq"), "http://", &[TOPIC]);
    }

    /// It refuses ephemeral topics.
    #[test]
    fn nsq_async_rs() {
        agent_leads(ClientProgram::rust("nsq-async-rs"), "http://", &[TOPIC]);
    }

    /// A topic that nobody serves yet is a 404, which they take as that, and ask again. nsq-async-rs gives up; gnsq asks
    /// again, but stumbles over two nsqds that it finds while it runs.
    #[test]
    fn consumers_that_came_before_their_topic() {
        let Some((agent, nsqds)) = agent_and_nsqds() else { return };
        let (bare, url) = (agent.http().to_string(), format!("http://{}", agent.http()));
        let programs = [
            ("early.pynsq", ClientProgram::python("consume_pynsq.py"), &url),
            ("early.ansq", ClientProgram::python("consume_ansq.py"), &bare),
            ("early.nsqjs", ClientProgram::node("consume_nsqjs.js"), &url),
            ("early.go-nsq", ClientProgram::go(), &url),
            ("early.tokio-nsq", ClientProgram::rust("tokio-nsq"), &url),
        ];
        let count = messages().len().to_string();
        let consumers: Vec<_> = programs
            .into_iter()
            .filter_map(|(topic, program, lookupd)| {
                Some((topic, program?.start(&[lookupd, topic, "billing", &count], "")))
            })
            .collect();
        let mut log = Vec::new();
        for (topic, _) in &consumers {
            let refused = format!("404 GET /lookup?topic={topic} ");
            assert_becomes(
                || {
                    log.extend(agent.log());
                    log.iter().any(|line| line.contains(&refused))
                },
                true,
            );
            publish(&nsqds, topic);
        }
        for (topic, consumer) in consumers {
            assert_eq!(sorted(consumer.printed()), messages(), "{topic}");
        }
    }

    /// It asks for `//lookup` then, and follows where it is led.
    #[test]
    fn nsq_async_rs_with_a_slash_too_many() {
        let Some(program) = ClientProgram::rust("nsq-async-rs") else { return };
        let Some((agent, nsqds)) = agent_and_nsqds() else { return };
        publish(&nsqds, TOPIC);
        assert_becomes(|| agent.producers(TOPIC).len(), nsqds.len());
        assert_eq!(consume(&program, &format!("http://{}/", agent.http()), TOPIC, &[]), messages());
    }
}

mod through_the_worker {
    use super::*;

    #[test]
    fn pynsq() {
        worker_leads(ClientProgram::python("consume_pynsq.py"), "http://", &[TOPIC, EPHEMERAL]);
    }

    #[test]
    fn gnsq() {
        worker_leads(ClientProgram::python("consume_gnsq.py"), "http://", &[TOPIC, EPHEMERAL]);
    }

    #[test]
    fn ansq() {
        worker_leads(ClientProgram::python("consume_ansq.py"), "", &[TOPIC, EPHEMERAL]);
    }

    #[test]
    fn nsqjs() {
        worker_leads(ClientProgram::node("consume_nsqjs.js"), "http://", &[TOPIC, EPHEMERAL]);
    }

    #[test]
    fn go_nsq() {
        worker_leads(ClientProgram::go(), "http://", &[TOPIC, EPHEMERAL]);
    }

    #[test]
    fn tokio_nsq() {
        worker_leads(ClientProgram::rust("tokio-nsq"), "http://", &[TOPIC]);
    }

    #[test]
    fn nsq_async_rs() {
        worker_leads(ClientProgram::rust("nsq-async-rs"), "http://", &[TOPIC]);
    }

    #[test]
    fn nsq_async_rs_with_a_slash_too_many() {
        let Some(program) = ClientProgram::rust("nsq-async-rs") else { return };
        let Some((edge, nsqds)) = worker_and_nsqds(Bindings::open()) else { return };
        publish_and_announce(&edge, "", &nsqds, TOPIC);
        assert_eq!(consume(&program, &format!("http://{}/", edge.client().address()), TOPIC, &[]), messages());
    }

    /// Whoever keeps the path of the address that it is given reaches any cluster. gnsq drops it, ansq takes none.
    #[test]
    fn a_cluster_by_its_path() {
        let Some((edge, nsqds)) = worker_and_nsqds(Bindings::open().with("CLUSTERS", "default,west")) else { return };
        // A topic each: what nsqd has sent to a consumer that just left, no other gets before a minute.
        let programs = [
            ("west.pynsq", ClientProgram::python("consume_pynsq.py"), "/clusters/west/lookup"),
            ("west.nsqjs", ClientProgram::node("consume_nsqjs.js"), "/clusters/west/lookup"),
            ("west.go-nsq", ClientProgram::go(), "/clusters/west/lookup"),
            ("west.tokio-nsq", ClientProgram::rust("tokio-nsq"), "/clusters/west"),
            ("west.nsq-async-rs", ClientProgram::rust("nsq-async-rs"), "/clusters/west"),
        ];
        for (topic, program, path) in programs {
            let Some(program) = program else { continue };
            publish_and_announce(&edge, "/clusters/west", &nsqds, topic);
            let lookupd = format!("http://{}{path}", edge.client().address());
            assert_eq!(consume(&program, &lookupd, topic, &[]), messages(), "{topic}");
        }
    }

    /// go-nsq shows its `auth_secret` to whom it asks.
    #[test]
    fn go_nsq_with_a_token() {
        let Some(program) = ClientProgram::go() else { return };
        let closed = Bindings::none().with("READ_TOKEN", "of consumers");
        let Some((edge, nsqds)) = worker_and_nsqds(closed) else { return };
        publish_and_announce(&edge, "", &nsqds, TOPIC);
        let lookupd = edge.client().address().to_string();
        assert_eq!(consume(&program, &lookupd, TOPIC, &["of consumers"]), messages());
    }
}

fn agent_leads(program: Option<ClientProgram>, scheme: &str, topics: &[&str]) {
    let Some(program) = program else { return };
    let Some((agent, nsqds)) = agent_and_nsqds() else { return };
    for topic in topics {
        publish(&nsqds, topic);
        assert_becomes(|| agent.producers(topic).len(), nsqds.len());
        assert_eq!(consume(&program, &format!("{scheme}{}", agent.http()), topic, &[]), messages(), "{topic}");
    }
}

fn worker_leads(program: Option<ClientProgram>, scheme: &str, topics: &[&str]) {
    let Some(program) = program else { return };
    let Some((edge, nsqds)) = worker_and_nsqds(Bindings::open()) else { return };
    let lookupd = format!("{scheme}{}", edge.client().address());
    for topic in topics {
        publish_and_announce(&edge, "", &nsqds, topic);
        assert_eq!(consume(&program, &lookupd, topic, &[]), messages(), "{topic}");
    }
}

fn agent_and_nsqds() -> Option<(Lookupd, [Nsqd; 2])> {
    let (nsq, agent) = (Nsq::find()?, Lookupd::agent(BROADCAST)?);
    let nsqds = [(); 2].map(|()| nsq.nsqd(&[agent.tcp()]));
    Some((agent, nsqds))
}

fn worker_and_nsqds(bindings: Bindings) -> Option<(Edge, [Nsqd; 2])> {
    let (nsq, edge) = (Nsq::find()?, worker(bindings)?);
    let nsqds = [(); 2].map(|()| nsq.nsqd(&[]));
    Some((edge, nsqds))
}

fn publish_and_announce(edge: &Edge, base: &str, nsqds: &[Nsqd; 2], topic: &str) {
    publish(nsqds, topic);
    for nsqd in nsqds {
        announce(edge, base, &format!("topic={}", encoded(topic)), nsqd);
    }
}

fn publish(nsqds: &[Nsqd; 2], topic: &str) {
    for (nsqd, messages) in nsqds.iter().zip(MESSAGES) {
        for message in messages {
            let request = Request::post(format!("/pub?topic={}", encoded(topic))).body(message);
            assert_eq!(nsqd.client().send(&request).text(), "OK");
        }
    }
}

fn consume(program: &ClientProgram, lookupd: &str, topic: &str, more: &[&str]) -> Vec<String> {
    let count = messages().len().to_string();
    sorted(program.run(&[&[lookupd, topic, "billing", &count], more].concat(), ""))
}

/// Messages come in no order from two nsqds.
fn sorted(mut messages: Vec<String>) -> Vec<String> {
    messages.sort();
    messages
}

fn messages() -> Vec<&'static str> {
    MESSAGES.concat()
}
