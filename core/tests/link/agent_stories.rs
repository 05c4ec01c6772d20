//! Stories of an agent that follows a leader.

use std::time::Duration;

use crate::scene::{
    SETTINGS, Scene, T, claim, delete, info, names, node, register, register_over_http, tombstone, topic, unregister,
};
use lookupd_core::{
    Batch, Change, Command, DecodeError, LeaderSettings, Limits, Replica,
    link::{Closing, Completion, MAX_MESSAGE_LENGTH, ToLeader},
    protocol::Request,
};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn what_an_nsqd_says_is_found_at_the_leader_and_at_once_at_the_agent() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t", "t c"], scene.now);
    assert_eq!(side.found("t", scene.now), ["a"]);
    assert_eq!(scene.found("t"), ["no such topic"]);
    scene.talk(&mut side);
    assert_eq!(scene.found("t"), ["a"]);
    assert!(side.agent.end().is_settled());

    side.asks(1, "a", &register("u"), scene.now);
    side.asks(1, "a", &unregister("t c"), scene.now);
    scene.talk(&mut side);
    assert_eq!(scene.found("u"), ["a"]);
    assert_eq!(scene.leader.registry().lookup_registrations(&claim("a")).len(), 3, "the client, t and u");

    side.leaves(1, "a");
    assert!(side.found("t", scene.now).is_empty());
    scene.talk(&mut side);
    assert!(scene.found("t").is_empty());
}

#[test]
fn an_agent_is_asked_to_complete_a_tombstone_once_and_tells_what_came_of_it() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    side.nsqd(2, "b", &["t"], scene.now);
    scene.talk(&mut side);
    let complete = |address| Command::CompleteTombstone { topic: topic("t"), node: node(address) };
    scene.does(&tombstone("t", "b"));
    scene.does(&complete("a"));
    scene.talk(&mut side);
    let asked = side.agent.take_completions();
    assert_eq!(asked, [Completion { info: info("a"), topic: topic("t") }]);
    assert_eq!(side.agent.take_completions(), []);

    // What came of it waits for a stream, and is told once.
    side.agent.closed();
    side.agent.completed(node("a"), topic("t"), Some("nsqd answers 500".into()));
    let revision = scene.leader.registry().revision();
    scene.connects(&mut side).unwrap();
    let told = |scene: &mut Scene| {
        let log = scene.leader.catch_up(None, scene.now).unwrap().batches;
        let changes = log.iter().map(|bytes| Batch::decode(bytes).unwrap()).filter(|batch| batch.revision > revision);
        let ended = |change| match change {
            Change::CompletionEnded { topic, node, problem } => Some((topic, node, problem)),
            _ => None,
        };
        changes.flat_map(|batch| batch.changes).filter_map(ended).collect::<Vec<_>>()
    };
    assert_eq!(told(&mut scene), [(topic("t"), node("a"), Some("nsqd answers 500".into()))]);
    scene.connects(&mut side).unwrap();
    assert_eq!(told(&mut scene).len(), 1);
    assert_eq!(side.refused, []);

    // Of another's node nothing is taken down, and nothing that nobody would read.
    side.agent.completed(node("other"), topic("t"), None);
    scene.talk(&mut side);
    assert_eq!(told(&mut scene).len(), 1);
    let long = ToLeader::Completed { node: node("a"), topic: topic("t"), problem: Some("x".repeat(1_001)) };
    assert_eq!(ToLeader::decode(&long.encode(1)), Err(DecodeError::Damaged));
}

#[test]
fn a_completion_that_was_asked_for_long_ago_or_of_an_earlier_life_is_not_done() {
    let complete = Command::CompleteTombstone { topic: topic("t"), node: node("a") };
    // How long the agent is away from when it is asked, and whether it starts again meanwhile.
    for (away, restarts, is_done) in [(1, false, true), (59, false, true), (62, false, false), (1, true, false)] {
        let mut scene = Scene::new();
        let mut side = scene.agent(1);
        side.nsqd(1, "a", &["t"], scene.now);
        scene.talk(&mut side);
        side.agent.closed();
        scene.does(&complete);
        // Nothing was pushed to it.
        scene.leader.take_pushes();
        scene.after(away * SECOND);
        if restarts {
            let saved = side.agent.replica().save().unwrap();
            let replica = Replica::restore(&saved, SETTINGS.lifetimes, scene.now).unwrap();
            side = scene.unconnected(2, replica);
            side.nsqd(1, "a", &["t"], scene.now);
        }
        scene.connects(&mut side).unwrap();
        let asked = side.agent.take_completions().len();
        assert_eq!(asked, usize::from(is_done), "{away} s later, {restarts}");
    }
    // One that gets the whole state gets no history.
    let mut scene = Scene::new();
    let mut first = scene.agent(1);
    first.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut first);
    let mut side = scene.unconnected(2, Replica::default());
    side.nsqd(1, "a", &["t"], scene.now);
    scene.does(&complete);
    scene.leader.take_pushes();
    scene.connects(&mut side).unwrap();
    assert_eq!(side.agent.take_completions(), []);
}

#[test]
fn an_agent_without_its_leader_answers_for_its_own() {
    let scene = Scene::new();
    let mut side = scene.unconnected(1, Replica::default());
    side.nsqd(1, "a", &["t"], scene.now);
    assert_eq!(side.found("t", scene.now), ["a"]);
    assert_eq!(side.agent.poll(scene.now), None, "there is nobody to be told");
}

#[test]
fn what_others_announce_is_found_at_the_agent() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.does(&register_over_http("b", "t"));
    scene.talk(&mut side);
    assert_eq!(side.found("t", scene.now), ["a", "b"]);
    assert_eq!(side.agent.replica().cursor(), Some(scene.leader.cursor()));
}

#[test]
fn a_restart_with_the_nsqds_alive_removes_no_producer() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    let saved = side.agent.replica().save().unwrap();

    scene.after(5 * SECOND);
    let replica = Replica::restore(&saved, SETTINGS.lifetimes, scene.now).unwrap();
    let mut side = scene.unconnected(2, replica);
    assert_eq!(side.found("t", scene.now), ["a"], "from what was saved");
    scene.connects(&mut side).unwrap();
    assert_eq!(scene.found("t"), ["a"], "settled, and a isn't back yet");
    assert_eq!(side.found("t", scene.now), ["a"]);

    // nsqd identifies, and says what it serves only then.
    side.agent.identify(1, &crate::scene::info("a"), scene.now);
    scene.talk(&mut side);
    assert_eq!(scene.found("t"), ["a"]);
    assert_eq!(side.found("t", scene.now), ["a"]);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    scene.after(T + SECOND).sweeps(&[&side]);
    assert_eq!(scene.found("t"), ["a"], "confirmed, so it stays");
}

#[test]
fn an_nsqd_that_does_not_return_after_a_restart_expires() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    let mut side = scene.agent(2);
    scene.after(T - SECOND).sweeps(&[&side]);
    assert_eq!(scene.found("t"), ["a"]);
    scene.after(2 * SECOND).sweeps(&[&side]);
    scene.talk(&mut side);
    assert!(scene.found("t").is_empty());
    assert!(side.found("t", scene.now).is_empty());
}

#[test]
fn a_reconnection_of_the_same_life_writes_nothing() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t", "t c"], scene.now);
    side.nsqd(2, "b", &[], scene.now);
    scene.talk(&mut side);
    let writes = scene.disk.writes();
    for _ in 0..3 {
        scene.after(10 * SECOND);
        scene.connects(&mut side).unwrap();
        scene.restarted();
        scene.connects(&mut side).unwrap();
    }
    assert_eq!(scene.disk.writes(), writes);
    assert!(side.agent.end().is_settled());
}

#[test]
fn what_is_not_announced_again_in_the_same_life_is_over_once_settled() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    side.nsqd(2, "b", &["t"], scene.now);
    scene.talk(&mut side);
    side.agent.closed();
    side.leaves(1, "a");
    assert_eq!(scene.found("t"), ["a", "b"], "nobody told it");
    scene.connects(&mut side).unwrap();
    assert_eq!(scene.found("t"), ["b"]);
}

#[test]
fn several_reconnections_of_a_new_life_still_keep_what_an_older_one_announced() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    let mut side = scene.agent(2);
    for _ in 0..3 {
        scene.restarted();
        scene.connects(&mut side).unwrap();
        assert_eq!(scene.found("t"), ["a"]);
    }
}

#[test]
fn the_end_of_an_older_connection_removes_nothing() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    side.nsqd(2, "a", &["t"], scene.now);
    side.leaves(1, "a");
    scene.talk(&mut side);
    assert_eq!(scene.found("t"), ["a"]);
    assert_eq!(side.found("t", scene.now), ["a"]);
}

#[test]
fn a_deletion_is_seen_at_the_agent_and_holds_until_its_nsqd_registers_again() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t c", "u c", "u d"], scene.now);
    scene.talk(&mut side);
    scene.does(&delete("t"));
    let (u, c) = names("u c");
    scene.does(&Command::DeleteChannel { topic: u, channel: c.unwrap() });
    scene.talk(&mut side);
    assert_eq!(side.found("t", scene.now), ["no such topic"]);
    side.asks(1, "a", &Request::Ping, scene.now);
    scene.talk(&mut side);
    assert_eq!(scene.found("t"), ["no such topic"], "a heartbeat says nothing new");
    // The nsqd knows nothing of streams, and as little of their breaking.
    scene.connects(&mut side).unwrap();
    assert_eq!(scene.found("t"), ["no such topic"]);
    for registry in [scene.leader.registry(), side.agent.registry()] {
        let channels: Vec<_> = registry.topic("u").unwrap().channels().map(ToString::to_string).collect();
        assert_eq!(channels, ["d"]);
    }
    // What it serves is the truth, once it says so.
    side.asks(1, "a", &register("t"), scene.now);
    scene.talk(&mut side);
    assert_eq!([scene.found("t"), side.found("t", scene.now)], [["a"], ["a"]]);
}

#[test]
fn a_deletion_while_the_stream_was_away_holds_where_it_is_heard_of_first() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t", "u"], scene.now);
    scene.talk(&mut side);
    side.agent.closed();
    scene.does(&delete("t"));
    scene.does(&delete("u"));
    // The one that is registered again meanwhile is no less than it.
    side.asks(1, "a", &register("u"), scene.now);
    let answer = scene.catch_up(side.agent.replica());
    side.agent.pulled(&answer, scene.now, scene.now).unwrap();
    scene.connects(&mut side).unwrap();
    assert_eq!([scene.found("t"), side.found("t", scene.now)], [["no such topic"], ["no such topic"]]);
    assert_eq!([scene.found("u"), side.found("u", scene.now)], [["a"], ["a"]]);
}

#[test]
fn what_is_registered_while_it_is_deleted_is_announced_still() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    // What it says is on its way while the leader deletes.
    side.asks(1, "a", &register("t"), scene.now);
    scene.does(&delete("t"));
    scene.talk(&mut side);
    assert_eq!(scene.found("t"), ["a"]);
    scene.connects(&mut side).unwrap();
    assert_eq!([scene.found("t"), side.found("t", scene.now)], [["a"], ["a"]]);
}

#[test]
fn unregistering_and_registering_before_the_leader_hears_of_either_ends_the_tombstone() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t", "t c"], scene.now);
    scene.talk(&mut side);
    scene.does(&tombstone("t", "a"));
    scene.talk(&mut side);
    assert!(scene.found("t").is_empty());
    assert!(side.found("t", scene.now).is_empty());
    side.asks(1, "a", &unregister("t"), scene.now);
    side.asks(1, "a", &register("t"), scene.now);
    assert_eq!(side.found("t", scene.now), ["a"]);
    scene.talk(&mut side);
    assert_eq!(scene.found("t"), ["a"]);
    assert!(scene.leader.registry().topic("t").unwrap().channel_producers("c").unwrap().next().is_none());
}

#[test]
fn a_reconnection_does_not_end_a_tombstone() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    scene.does(&tombstone("t", "a"));
    scene.connects(&mut side).unwrap();
    side.leaves(1, "a");
    side.nsqd(2, "a", &["t"], scene.now);
    scene.talk(&mut side);
    assert!(scene.found("t").is_empty());
    assert!(side.found("t", scene.now).is_empty());
}

#[test]
fn a_node_that_the_leader_forgot_is_announced_anew() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    scene.does(&Command::Leave { claim: claim("a") });
    side.asks(1, "a", &register("u"), scene.now);
    scene.talk(&mut side);
    assert_eq!((scene.found("t"), scene.found("u")), (vec!["a".to_string()], vec!["a".to_string()]));
    assert!(side.refused.is_empty(), "that is mended without a word");
}

#[test]
fn what_a_full_registry_refuses_is_told_once() {
    let limits = Limits { topics: 1, ..Limits::EDGE };
    let mut scene = Scene::with(LeaderSettings { limits, ..SETTINGS });
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    side.asks(1, "a", &register("u"), scene.now);
    scene.talk(&mut side);
    let refused: Vec<_> = side.refused.iter().map(|refused| (refused.node.clone(), refused.reason.as_str())).collect();
    assert_eq!(refused, [(Some(node("a")), "the registry holds at most 1 topics")]);
    assert!(side.agent.end().is_settled());
    assert_eq!(side.found("u", scene.now), ["a"], "its agent knows better");
}

#[test]
fn an_nsqd_that_is_connected_and_silent_expires_and_comes_back() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    scene.after(T / 2 + SECOND);
    side.agent.tick(scene.now);
    scene.talk(&mut side);
    assert_eq!(scene.found("t"), ["a"]);
    scene.after(T / 2);
    assert!(scene.found("t").is_empty());
    assert!(side.found("t", scene.now).is_empty());
    side.asks(1, "a", &Request::Ping, scene.now);
    scene.talk(&mut side);
    assert_eq!(scene.found("t"), ["a"]);
    assert_eq!(side.found("t", scene.now), ["a"]);
}

#[test]
fn a_reconnection_does_not_wake_a_silent_nsqd() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    scene.after(T / 2 + SECOND);
    side.agent.tick(scene.now);
    scene.talk(&mut side);
    let writes = scene.disk.writes();
    scene.after(T / 2);
    scene.opens(&mut side).unwrap();
    while let Some(message) = side.agent.poll(scene.now) {
        side.end.as_mut().unwrap().receive(&mut scene.leader, &message, scene.now).unwrap().unwrap();
        assert!(scene.found("t").is_empty());
    }
    assert_eq!(scene.disk.writes(), writes);
}

#[test]
fn an_agent_that_is_silent_takes_its_producers_with_it_and_back() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    scene.after(T / 5 + SECOND).sweeps(&[]);
    scene.after(T).sweeps(&[]);
    assert!(scene.found("t").is_empty());
    assert_eq!(side.found("t", scene.now), ["a"], "the agent itself knows better");
    let writes = scene.disk.writes();
    scene.connects(&mut side).unwrap();
    assert_eq!(scene.found("t"), ["a"]);
    assert_eq!(scene.disk.writes(), writes + 1, "that it is back is one row, however many nsqds it has");
}

#[test]
fn an_agent_whose_heartbeats_come_late_is_back_without_a_word() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    scene.after(T / 5 + SECOND).sweeps(&[]);
    scene.after(T / 3).sweeps(&[&side]);
    scene.after(T / 3).sweeps(&[&side]);
    scene.after(T / 3).sweeps(&[&side]);
    assert_eq!(scene.found("t"), ["a"]);
}

#[test]
fn only_who_knows_of_all_agents_heartbeats_says_that_one_is_silent() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    let writes = scene.disk.writes();
    // Its heartbeats are answered without waking the leader, and then somebody asks.
    scene.after(T / 3 + SECOND);
    scene.leader.sweep(scene.now).unwrap();
    assert_eq!(scene.disk.writes(), writes);
    scene.sweeps(&[&side]);
    assert_eq!(scene.disk.writes(), writes);
}

#[test]
fn a_superseded_connection_does_not_speak_for_the_silent_one() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    side.nsqd(2, "a", &["t"], scene.now);
    scene.talk(&mut side);
    scene.after(T / 2 + SECOND);
    side.agent.tick(scene.now);
    scene.talk(&mut side);
    side.asks(1, "a", &Request::Ping, scene.now);
    scene.talk(&mut side);
    scene.after(T / 2);
    assert!(scene.found("t").is_empty());
}

#[test]
fn what_cannot_be_followed_is_asked_for_as_a_whole() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    scene.after(SECOND).does(&register_over_http("b", "t"));
    let mut answer = scene.leader.catch_up(side.agent.cursor(), scene.now).unwrap();
    answer.batches.clear();
    assert!(side.agent.pulled(&answer, scene.now, scene.now).is_err());
    assert!(side.agent.must_pull());
    assert_eq!(side.agent.cursor(), None);
    scene.talk(&mut side);
    assert_eq!(side.found("t", scene.now), ["a", "b"]);
}

#[test]
fn what_left_while_the_stream_was_away_is_gone_from_a_large_announcement_too() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    let served: Vec<String> = (0..20_000).map(|number| format!("{number:0>30}")).collect();
    let served: Vec<&str> = served.iter().map(String::as_str).collect();
    side.nsqd(1, "a", &served, scene.now);
    scene.connects(&mut side).unwrap();
    assert_eq!(scene.found(served[0]), ["a"]);
    side.agent.closed();
    side.asks(1, "a", &unregister(served[0]), scene.now);
    scene.connects(&mut side).unwrap();
    assert_eq!(scene.found(served[0]), [""; 0]);
    assert_eq!(scene.found(served[1]), ["a"]);
}

#[test]
fn a_large_announcement_goes_in_pieces() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    let served: Vec<String> = (0..16_000).map(|number| format!("{number:0>60}")).collect();
    let served: Vec<&str> = served.iter().map(String::as_str).collect();
    side.nsqd(1, "a", &served, scene.now);
    scene.opens(&mut side).unwrap();
    let mut pieces = 0;
    while let Some(bytes) = side.agent.poll(scene.now) {
        assert!(bytes.len() < MAX_MESSAGE_LENGTH);
        pieces += usize::from(matches!(ToLeader::decode(&bytes).unwrap().1, ToLeader::Announce { .. }));
        scene.after(Duration::from_millis(1));
    }
    assert!(pieces > 1);
    scene.connects(&mut side).unwrap();
    assert_eq!(scene.leader.registry().topic_count(), served.len());
    assert!(side.agent.end().is_settled());
    assert!(side.refused.is_empty());
}

#[test]
fn an_older_life_is_refused() {
    let mut scene = Scene::new();
    let mut older = scene.agent(1);
    older.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut older);
    let _newer = scene.agent(2);
    let late = {
        older.asks(1, "a", &unregister("t"), scene.now);
        older.says(scene.now)
    };
    let answer = older.end.as_mut().unwrap().receive(&mut scene.leader, &late, scene.now).unwrap();
    assert_eq!(answer, Err(Closing::Superseded));
    assert_eq!(scene.found("t"), ["a"], "its late message does nothing");
    assert_eq!(scene.connects(&mut older), Err(Closing::Superseded));
    assert_eq!(scene.leader.registry().topic(&topic("t")).unwrap().producers().len(), 1);
}
