//! An agent that follows the worker: what its nsqds say is found at the edge, and what the edge knows beside them, also while
//! that is away.

use lookupd_tests::{Bindings, Edge, Lookupd, Request, announcement, assert_becomes, identify};

#[test]
fn an_agent_announces_to_the_edge_and_answers_without_it() {
    let bindings = Bindings::none().with("REGISTER_TOKEN", "registers").with("READ_TOKEN", "reads");
    let Some(mut edge) = Edge::start(&bindings) else { return };
    let url = format!("-upstream=http://{}", edge.address());
    let Some(agent) = Lookupd::agent(&[&url, "-upstream-token=registers"]) else { return };
    let elsewhere = Lookupd::agent(&[&url, "-upstream-token=registers"]).expect("the same");
    let found_at_the_edge = || {
        let lookup = Request::get("/lookup?topic=t").header("Authorization", "Bearer reads");
        edge.send(&lookup).json()["producers"].as_array().map_or(0, Vec::len)
    };
    let is_stale = || agent.client().get("/lookup?topic=t").header("X-Lookupd-Stale").is_some();

    let session = agent.announce(&announcement("here", &[("t", &["c"])]).to_string());
    assert_becomes(found_at_the_edge, 1);
    assert_becomes(|| elsewhere.producers("t"), ["here:4151"]);
    let register = Request::post("/register?topic=t").header("Authorization", "Bearer registers");
    assert_eq!(elsewhere.client().send(&register.body(identify("http").to_string())).status, 200);
    // Whoever changes something sees it, and everyone else soon.
    assert_eq!(elsewhere.producers("t"), ["here:4151", "http:4151"]);
    assert_becomes(|| agent.producers("t"), ["here:4151", "http:4151"]);
    assert_becomes(is_stale, false);

    edge.kill9();
    assert_becomes(is_stale, true);
    let later = agent.announce(&announcement("later", &[("t", &[])]).to_string());
    assert_eq!(agent.producers("t"), ["here:4151", "http:4151", "later:4151"]);
    drop((session, later));
    assert_becomes(|| agent.producers("t"), ["http:4151"]);
}
