//! Clusters have the same surface and share nothing.

use lookupd_tests::{Bindings, Edge, Request, Response, announcement, identify};
use serde_json::json;

const WEST: &str = "/clusters/west";
const EAST: &str = "/clusters/east";

fn edge() -> Option<Edge> {
    Edge::start(&Bindings::open().with("CLUSTERS", "default,west,east"))
}

fn post(edge: &Edge, target: String) -> Response {
    let answer = edge.post(target);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

#[test]
fn what_happens_in_one_is_not_seen_in_another() {
    let Some(edge) = edge() else { return };
    let (empty, west) = (edge.state(EAST), edge.state(WEST));
    assert_eq!(empty, west);
    for (base, host) in [(WEST, "a.example"), (EAST, "b.example")] {
        let body = announcement(host, &[("t", &["c"])]).to_string();
        let answer = edge.send(&Request::post(format!("{base}/register")).body(body));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(edge.state(""), empty, "nothing happened in the default cluster");
    for (base, host) in [(WEST, "a.example"), (EAST, "b.example")] {
        let found = edge.get(format!("{base}/lookup?topic=t")).json();
        assert_eq!(found["producers"][0]["broadcast_address"], json!(host));
        assert_eq!(found["producers"].as_array().map(Vec::len), Some(1));
    }

    let east = edge.state(EAST);
    post(&edge, format!("{WEST}/topic/tombstone?topic=t&node=b.example:4151"));
    post(&edge, format!("{WEST}/topic/tombstone?topic=t&node=a.example:4151"));
    post(&edge, format!("{WEST}/channel/delete?topic=t&channel=c"));
    post(&edge, format!("{WEST}/unregister?node=b.example:4151"));
    post(&edge, format!("{WEST}/topic/delete?topic=t"));
    post(&edge, "/topic/delete?topic=t".to_owned());
    assert_eq!(edge.state(EAST), east);
    assert_eq!(edge.get(format!("{WEST}/topics")).json(), json!({"topics": []}));
}

#[test]
fn bare_paths_are_the_cluster_default() {
    let Some(edge) = edge() else { return };
    post(&edge, "/topic/create?topic=bare".to_owned());
    post(&edge, "/clusters/default/topic/create?topic=named".to_owned());
    for base in ["", "/clusters/default"] {
        assert_eq!(edge.get(format!("{base}/topics")).json(), json!({"topics": ["bare", "named"]}));
    }
}

#[test]
fn a_cluster_that_is_not_named_does_not_exist() {
    for clusters in [None, Some("default,west"), Some("west")] {
        let bindings = Bindings::open();
        let bindings = clusters.map_or(bindings.clone(), |clusters| bindings.with("CLUSTERS", clusters));
        let Some(edge) = Edge::start(&bindings) else { return };
        for name in ["north", "West", "west%20", "wes", "%77est", "*", "", "default%00"] {
            let answer = edge.get(format!("/clusters/{name}/topics"));
            assert_eq!((answer.status, answer.message().as_str()), (404, "NOT_FOUND"), "{clusters:?} {name}");
            let body = identify("a.example").to_string();
            let answer = edge.send(&Request::post(format!("/clusters/{name}/register?topic=t")).body(body));
            assert_eq!(answer.status, 404, "{clusters:?} {name}");
        }
    }
}

#[test]
fn redirects_stay_in_their_cluster() {
    let Some(edge) = edge() else { return };
    for (method, target, status, location) in [
        ("GET", "/clusters/west/Lookup?topic=t", 301, "/clusters/west/lookup?topic=t"),
        ("GET", "/clusters/west/ping/", 301, "/clusters/west/ping"),
        ("GET", "/clusters/west//ping", 301, "/clusters/west/ping"),
        ("GET", "/clusters/west/../../ping", 301, "/clusters/west/ping"),
        ("POST", "/clusters/west/topic/create/?topic=t", 307, "/clusters/west/topic/create?topic=t"),
    ] {
        let answer = edge.send(&Request::new(method, target));
        assert_eq!((answer.status, answer.header("Location")), (status, Some(location)), "{target}");
    }
    let browser = Request::get("/clusters/west/").header("Accept", "text/html");
    assert_eq!(edge.send(&browser).header("Location"), Some("/clusters/west/ui/"));
}

#[test]
fn a_cluster_outlives_the_process_by_itself() {
    let Some(mut edge) = edge() else { return };
    post(&edge, format!("{WEST}/topic/create?topic=w"));
    post(&edge, format!("{EAST}/topic/create?topic=e"));
    edge.restart();
    for (base, topics) in [("", json!([])), (WEST, json!(["w"])), (EAST, json!(["e"]))] {
        assert_eq!(edge.get(format!("{base}/topics")).json(), json!({"topics": topics}), "{base}");
    }
    // One that is taken out of CLUSTERS is closed, and as it was when it is back.
    edge.redeploy(&Bindings::open());
    assert_eq!(edge.get(format!("{WEST}/topics")).status, 404);
    edge.redeploy(&Bindings::open().with("CLUSTERS", "west"));
    assert_eq!(edge.get(format!("{WEST}/topics")).json(), json!({"topics": ["w"]}));
}
