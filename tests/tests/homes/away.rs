//! Who answers while the leader is stopped.

use lookupd_tests::{Bindings, Client, Response, Way, assert_becomes};

use crate::scene::{Scene, nodes};

#[test]
fn an_agent_and_an_isolate_answer_while_the_leader_is_stopped() {
    let Some(mut scene) = Scene::with(Bindings::open().observed()) else { return };
    let Some(agent) = scene.agent() else { return };
    let nsqd = scene.nsqd_with(&agent, "orders");
    show("with the leader: the isolate", scene.edge.client());
    show("with the leader: the agent", agent.client());

    // The isolate's way to its leader ends, and the agent's with it.
    scene.edge.way(Way::Cut);
    for (who, client) in [("the isolate", scene.edge.client()), ("the agent", agent.client())] {
        assert_becomes(|| is_stale(&lookup(client)), true);
        assert_eq!(nodes(&show(&format!("its leader stopped: {who}"), client)), [nsqd.node()]);
    }
    // Then all of the edge is gone.
    scene.edge.kill9();
    assert_becomes(|| is_stale(&lookup(agent.client())), true);
    assert_eq!(nodes(&show("the edge killed: the agent", agent.client())), [nsqd.node()]);
    scene.restart_edge();
    assert_becomes(|| is_stale(&lookup(agent.client())), false);
    show("the edge started again: the agent", agent.client());
}

fn lookup(client: Client) -> Response {
    client.get("/lookup?topic=orders")
}

fn is_stale(answer: &Response) -> bool {
    answer.header("X-Lookupd-Stale") == Some("true")
}

/// Prints an answer with its headers.
#[expect(clippy::print_stderr, reason = "shown with --nocapture")]
fn show(what: &str, client: Client) -> Response {
    let answer = lookup(client);
    let mut text = format!("# {what}\nGET http://{}/lookup?topic=orders\n", client.address());
    text += &format!("HTTP/1.1 {} {}\n", answer.status, answer.reason);
    for (name, value) in &answer.headers {
        text += &format!("{name}: {value}\n");
    }
    eprintln!("{text}\n{}\n", answer.text());
    answer
}
