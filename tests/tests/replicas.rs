//! What replicas will live on: a copy fed by `/v1/snapshot` and `/v1/changes` answers as the leader does.

use lookupd_core::{CatchUp, Replica, Timestamp, http};
use lookupd_tests::{Bindings, Edge, Request, announcement, comparable, identify};

/// Asks the leader for what is missing, and follows it. Returns whether that was a whole snapshot.
fn follow(edge: &Edge, replica: &mut Replica, moment: &mut u64) -> bool {
    let target =
        replica.cursor().map_or_else(|| "/v1/snapshot".to_owned(), |cursor| format!("/v1/changes?since={cursor}"));
    let answer = edge.get(target);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("Content-Type"), Some("application/octet-stream"));
    let answer = CatchUp::decode(&answer.body).expect("what the leader encoded");
    *moment += 1;
    let asked_at = Timestamp::from_millis(*moment);
    replica.catch_up(&answer, asked_at, asked_at).expect("what follows on the state");
    assert_eq!(replica.cursor(), Some(answer.cursor));
    answer.anew
}

/// The replica answers each question as the leader does.
fn assert_agrees(edge: &Edge, replica: &Replica, moment: u64) {
    for target in [
        "/topics",
        "/nodes",
        "/lookup?topic=t",
        "/lookup?topic=unknown",
        "/channels?topic=t",
        "/registrations?category=channel",
        "/debug",
    ] {
        let parsed = http::Target::parse(target.as_bytes()).expect("a target");
        let route = http::Route::find("GET", &parsed, None).expect("a route");
        let Ok(http::Request::Read(read)) = http::Request::parse(route, parsed.query) else { panic!("{target}") };
        let now = replica.leader_now(Timestamp::from_millis(moment));
        let own = http::answer(&read, replica.registry(), replica.lifetimes(), now, |_| None);
        let leaders = edge.get(target);
        assert_eq!(own.status, leaders.status, "{target}");
        assert_eq!(
            comparable(&String::from_utf8_lossy(&own.body), false),
            comparable(&leaders.text(), false),
            "{target}"
        );
    }
}

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
    let (mut replica, mut moment) = (Replica::default(), 0);
    assert_eq!(edge.post("/topic/create?topic=first").status, 200);
    assert!(follow(&edge, &mut replica, &mut moment));
    assert_agrees(&edge, &replica, moment);
    for (number, command) in commands().iter().enumerate() {
        assert_eq!(edge.send(command).status, 200, "{command:?}");
        match number {
            2 => edge.evict(),
            4 => edge.restart(),
            _ => {}
        }
        assert!(!follow(&edge, &mut replica, &mut moment), "a cursor of this history is known");
        assert_agrees(&edge, &replica, moment);
    }
    // One that was away for all of it gets the same state.
    let mut late = Replica::default();
    assert!(follow(&edge, &mut late, &mut moment));
    assert_eq!(late.cursor(), replica.cursor());
    assert_agrees(&edge, &late, moment);
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
    let (mut replica, mut moment) = (Replica::default(), 0);
    follow(&one, &mut replica, &mut moment);
    assert!(follow(&other, &mut replica, &mut moment));
    assert_agrees(&other, &replica, moment);
    // Back to the one that is behind: its cursor is unknown there as well.
    assert!(follow(&one, &mut replica, &mut moment));
    assert_agrees(&one, &replica, moment);
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
