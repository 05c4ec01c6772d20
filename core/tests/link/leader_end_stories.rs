//! Stories of the leader's end of a stream.

use crate::scene::{Scene, Side, T, agent_id, info, node, register, via_agent};
use lookupd_core::{
    ClaimKey, FORMAT, LeaderSettings, Limits, ProducerInfo,
    link::{Closing, LeaderEnd, MAX_MESSAGE_LENGTH, ToFollower, ToLeader},
};

fn receive(scene: &mut Scene, side: &mut Side, bytes: &[u8]) -> Result<ToFollower, Closing> {
    side.end.as_mut().unwrap().receive(&mut scene.leader, bytes, scene.now).unwrap()
}

fn leave(address: &str) -> ToLeader {
    ToLeader::Leave { node: node(address) }
}

#[test]
fn whoever_does_not_speak_the_protocol_is_told_by_a_code() {
    let well_formed = leave("a").encode(1);
    let mut unknown_format = well_formed.clone();
    unknown_format[0] = FORMAT as u8 + 1;
    let mut longer = well_formed.clone();
    longer.push(0);
    let announced = |info| ToLeader::Announce { info, topics: Default::default(), complete: true, silent: None };
    let without_address = announced(ProducerInfo { broadcast_address: "".into(), ..info("a") }).encode(1);
    let with_a_long_name = announced(ProducerInfo { hostname: "h".repeat(5_000).into(), ..info("a") }).encode(1);
    let stories: [(&str, Vec<u8>, Closing); 10] = [
        // It could be stored, and not be read again.
        ("a producer without an address", without_address, Closing::Malformed),
        ("a producer with a name that is too long", with_a_long_name, Closing::Malformed),
        ("nothing", vec![], Closing::Malformed),
        ("garbage", vec![0xff; 40], Closing::Malformed),
        ("a message cut short", well_formed[..well_formed.len() - 1].to_vec(), Closing::Malformed),
        ("a message with more behind it", longer, Closing::Malformed),
        ("a message over its bound", vec![FORMAT as u8; MAX_MESSAGE_LENGTH + 1], Closing::Malformed),
        ("another release's message", unknown_format, Closing::UnknownFormat),
        ("a number twice", leave("a").encode(0), Closing::OutOfSequence),
        ("a number left out", leave("a").encode(3), Closing::OutOfSequence),
    ];
    for (name, bytes, closing) in stories {
        let mut scene = Scene::new();
        let mut side = scene.unconnected(1, Default::default());
        scene.opens(&mut side).unwrap();
        let (cursor, writes) = (scene.leader.cursor(), scene.disk.writes());
        assert_eq!(receive(&mut scene, &mut side, &bytes), Err(closing), "{name}");
        assert_eq!((scene.leader.cursor(), scene.disk.writes()), (cursor, writes), "{name}");
    }
}

#[test]
fn a_second_delivery_writes_nothing() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    let message = side.says(scene.now);
    assert!(receive(&mut scene, &mut side, &message).is_ok());
    let writes = scene.disk.writes();
    assert_eq!(receive(&mut scene, &mut side, &message), Err(Closing::OutOfSequence));
    assert_eq!(scene.disk.writes(), writes);
}

#[test]
fn a_later_stream_and_a_later_life_replace() {
    let mut scene = Scene::new();
    let mut open = |incarnation, connection| {
        LeaderEnd::open(&mut scene.leader, agent_id(), incarnation, connection, scene.now).unwrap().unwrap()
    };
    let ends = [open(1, 1), open(1, 2), open(2, 1)];
    for (place, end) in ends.iter().enumerate() {
        for (other_place, other) in ends.iter().enumerate() {
            assert_eq!(end.replaces(other), place > other_place);
        }
    }
    let other = lookupd_core::AgentId::parse("y").unwrap();
    let other = LeaderEnd::open(&mut scene.leader, other, 9, 9, scene.now).unwrap().unwrap();
    assert!(!other.replaces(&ends[0]));
}

#[test]
fn an_end_survives_its_leader_s_memory() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    let attachment = side.end.take().unwrap().encode();
    assert!(attachment.len() < 100);
    scene.restarted();
    side.end = Some(LeaderEnd::decode(&attachment).unwrap());
    side.asks(1, "a", &register("u"), scene.now);
    scene.talk(&mut side);
    assert_eq!(scene.found("u"), ["a"]);
}

#[test]
fn an_agent_speaks_for_itself_alone() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    let y = lookupd_core::AgentId::parse("y").unwrap();
    let mut other = LeaderEnd::open(&mut scene.leader, y, 1, 1, scene.now).unwrap().unwrap();
    assert!(other.receive(&mut scene.leader, &leave("a").encode(1), scene.now).unwrap().is_ok());
    let settled = ToLeader::Settled { nodes: Default::default() };
    assert!(other.receive(&mut scene.leader, &settled.encode(2), scene.now).unwrap().is_ok());
    assert_eq!(scene.found("t"), ["a"]);
    assert!(scene.leader.registry().producer(&ClaimKey { node: node("a"), via: via_agent() }).is_some());
}

#[test]
fn an_agent_is_heard_although_the_wall_clock_stepped_back() {
    let mut scene = Scene::new();
    let mut side = scene.agent(1);
    side.nsqd(1, "a", &["t"], scene.now);
    scene.talk(&mut side);
    let stood_still_at = scene.now;
    scene.now = scene.now.minus(T / 3);
    let (agent, pinged_at) = (side.agent.identity().0.clone(), scene.now);
    scene.sweeps(&[&side]);
    let silent_since = |scene: &Scene| scene.leader.registry().agent(&agent).unwrap().silent_since;
    assert_eq!(silent_since(&scene), None);
    scene.now = scene.now.plus(T);
    scene.leader.hear_agent(&agent, pinged_at, scene.now);
    scene.leader.sweep_now(scene.now).unwrap();
    assert_eq!(silent_since(&scene), Some(stood_still_at), "when this leader's clock stood still");
}

#[test]
fn a_registry_without_room_for_the_agent_says_so() {
    let limits = Limits { agents: 0, ..Limits::EDGE };
    let mut scene = Scene::with(LeaderSettings { limits, ..crate::scene::SETTINGS });
    let mut side = scene.unconnected(1, Default::default());
    assert_eq!(scene.opens(&mut side), Err(Closing::Full));
}

#[test]
fn what_cannot_be_stored_is_not_acknowledged_and_said_again_on_the_next_stream() {
    for failure in [crate::disk::Failure::BeforeItStores, crate::disk::Failure::AfterItStored] {
        let mut scene = Scene::new();
        let mut side = scene.agent(1);
        side.nsqd(1, "a", &["t"], scene.now);
        let message = side.says(scene.now);
        scene.disk.fail_next_write(failure);
        let end = side.end.as_mut().unwrap();
        assert!(end.receive(&mut scene.leader, &message, scene.now).is_err());
        scene.restarted();
        scene.connects(&mut side).unwrap();
        assert_eq!(scene.found("t"), ["a"]);
        assert_eq!(side.agent.end().announcement(&info("a").node()).unwrap().topics.len(), 1);
    }
}

#[test]
fn a_close_code_is_known_again() {
    for code in 4000..=4007 {
        assert_eq!(Closing::of_code(code).map(Closing::code), Some(code));
    }
    assert_eq!(Closing::of_code(1006), None);
}
