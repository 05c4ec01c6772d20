//! What replicas will live on: a copy fed by `/v1/snapshot` and `/v1/changes` answers as the leader does.

use lookupd_tests::{Bindings, Edge, Follower, Request, announcement, identify};

const QUESTIONS: &[&str] = &[
    "/topics",
    "/nodes",
    "/lookup?topic=t",
    "/lookup?topic=unknown",
    "/channels?topic=t",
    "/registrations?category=channel",
    "/debug",
];

fn commands() -> Vec<Request> {
    vec![
        Request::post("/register?topic=t&channel=c").body(identify("a.example").to_string()),
        Request::post("/register")
            .body(announcement("b.example", &[("t", &["c", "d#ephemeral"]), ("u", &[])]).to_string()),
        Request::post("/topic/tombstone?topic=t&node=a.example:4151"),
        Request::post("/channel/create?topic=v&channel=c"),
        Request::post("/unregister?node=b.example:4151&topic=t"),
        Request::post("/topic/delete?topic=u"),
        Request::post("/register").body(announcement("b.example", &[("t", &["c"])]).to_string()),
    ]
}

#[test]
fn a_replica_follows_every_change() {
    let Some(mut edge) = Edge::start(&Bindings::open()) else { return };
    let mut replica = Follower::default();
    assert_eq!(edge.post("/topic/create?topic=first").status, 200);
    assert!(replica.follow(edge.client()));
    replica.assert_agrees(edge.client(), QUESTIONS);
    for (number, command) in commands().iter().enumerate() {
        assert_eq!(edge.send(command).status, 200, "{command:?}");
        match number {
            2 => edge.evict(),
            4 => edge.restart(),
            _ => {}
        }
        assert!(!replica.follow(edge.client()), "a cursor of this history is known");
        replica.assert_agrees(edge.client(), QUESTIONS);
    }
    // One that was away for all of it gets the same state.
    let mut late = Follower::default();
    assert!(late.follow(edge.client()));
    assert!(late.is_level_with(&replica));
    late.assert_agrees(edge.client(), QUESTIONS);
}

#[test]
fn a_cursor_of_another_history_begins_anew() {
    let (Some(one), Some(other)) = (Edge::start(&Bindings::open()), Edge::start(&Bindings::open())) else { return };
    for command in &commands()[..3] {
        one.send(command);
    }
    for command in commands() {
        other.send(&command);
    }
    other.post("/topic/create?topic=other");
    let mut replica = Follower::default();
    replica.follow(one.client());
    assert!(replica.follow(other.client()));
    replica.assert_agrees(other.client(), QUESTIONS);
    // Back to the one that is behind: its cursor is unknown there as well.
    assert!(replica.follow(one.client()));
    replica.assert_agrees(one.client(), QUESTIONS);
}

#[test]
fn a_cursor_that_is_none_is_refused() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    for since in [
        "",
        "7",
        "7-",
        "-0000000000000000",
        "x-0000000000000000",
        "7-00000000000000001",
        "7-000000000000000g",
        "99999999999999999999-0000000000000000",
    ] {
        let answer = edge.get(format!("/v1/changes?since={since}"));
        assert_eq!((answer.status, answer.message().as_str()), (400, "INVALID_ARG_SINCE"), "{since}");
    }
    let answer = edge.get("/v1/changes");
    assert_eq!((answer.status, answer.message().as_str()), (400, "MISSING_ARG_SINCE"));
}
