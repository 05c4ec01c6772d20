//! What an agent says of its nsqds to its leader, and what comes of it.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use super::{SHORT, following, url, within_a_second};
use crate::{
    agent::{Agent, Folder},
    front::{Front, Way},
    nsqd::Nsqd,
    waiting::{Asked, until_topics_are_waited_for},
};

#[test]
fn what_an_nsqd_says_here_is_found_everywhere() {
    let leader = Agent::start(&[SHORT]);
    let (here, elsewhere) = (following(&url(&leader), &[]), following(&url(&leader), &[]));
    let mut nsqd = Nsqd::identified(here.tcp, "a");
    nsqd.say("REGISTER t c");
    assert_eq!(here.producers("t"), ["a"]);
    for agent in [&leader, &elsewhere] {
        agent.until(|agent| agent.producers("t") == ["a"]);
        agent.until(|agent| agent.get("/channels?topic=t") == "{\"channels\":[\"c\"]}");
    }
    here.until_it_says("announced 1 nodes");
    assert!(leader.get("/v1/explain?topic=t").contains("\"via\":\"agent:"));
    nsqd.say("UNREGISTER t");
    nsqd.say("REGISTER u");
    assert_eq!(here.producers("t"), [""; 0]);
    for agent in [&leader, &elsewhere] {
        agent.until(|agent| agent.producers("u") == ["a"]);
        agent.until_nobody_serves("t");
    }
    drop(nsqd);
    for agent in [&here, &leader, &elsewhere] {
        agent.until_nobody_serves("u");
    }
}

#[test]
fn a_leader_that_forgot_everything_is_told_everything() {
    let front = Front::new(Way::Closed);
    let agent = following(&front.url(), &[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    for _ in 0..3 {
        let leader = Agent::start(&[SHORT]);
        front.lead(Way::To(leader.http));
        leader.until(|leader| leader.producers("t") == ["a"]);
        assert_eq!(leader.get("/channels?topic=t"), "{\"channels\":[\"c\"]}");
        agent.until(|agent| !agent.is_stale("/lookup?topic=t"));
    }
}

#[test]
fn it_is_heard_as_often_as_its_leader_asks_for() {
    // It learns of that only after it has come.
    let leader = Agent::start(&["-inactive-producer-timeout=1s"]);
    let agent = Agent::start(&["-upstream", &url(&leader)]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t");
    leader.until(|leader| leader.producers("t") == ["a"]);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        nsqd.say("PING");
        assert_eq!(leader.producers("t"), ["a"], "after {:?}", began.elapsed());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_later_process_of_the_same_agent_takes_its_place() {
    let (leader, folder, copied) = (Agent::start(&[SHORT]), Folder::new("earlier"), Folder::new("later"));
    let start = |folder: &Folder| following(&url(&leader), &["--data-path", folder.path().to_str().unwrap()]);
    let earlier = start(&folder);
    let mut nsqd = Nsqd::identified(earlier.tcp, "a");
    nsqd.say("REGISTER t");
    earlier.until_it_says("announced 1 nodes");
    fs::copy(folder.path().join("agent"), copied.path().join("agent")).unwrap();
    let later = start(&copied);
    let mut other = Nsqd::identified(later.tcp, "b");
    other.say("REGISTER t");
    earlier.until_it_says("ANNOUNCED NO LONGER");
    leader.until(|leader| leader.producers("t").contains(&"b".into()));
    // It goes on following.
    earlier.until(|agent| agent.producers("t").contains(&"b".into()));
    assert_eq!(leader.post("/topic/create?topic=u"), 200);
    earlier.until(|agent| agent.get("/topics").contains("\"u\""));
    within_a_second(|| nsqd.say("REGISTER v"));
    earlier.until(|agent| !agent.is_stale("/lookup?topic=v"));
    assert_eq!(leader.ask("GET", "/lookup?topic=v").0, 404);
    // By a stream that says nothing, and stays.
    earlier.until(|agent| agent.count("lookupd_upstream_connections_total{") >= 3.0);
    let waiting = Asked::send(&earlier, "topic=w&wait=60s");
    until_topics_are_waited_for(&earlier, 1);
    other.say("REGISTER w");
    assert_eq!(waiting.answer().status, 200);
    earlier.signal("TERM");
    assert!(!earlier.log.iter().any(|line| line.contains("ANNOUNCED NO LONGER")), "it is said once");
    // Two processes never share a folder.
    let (code, printed) =
        crate::command_line::fails(&["-upstream", &url(&leader), "--data-path", copied.path().to_str().unwrap()]);
    assert!(code == Some(1) && printed.contains("another process uses it"), "{printed}");
}

#[test]
fn what_was_deleted_comes_back_with_its_nsqd_and_not_with_the_network() {
    let leader = Agent::start(&[SHORT]);
    let front = Front::new(Way::To(leader.http));
    let agent = following(&front.url(), &[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    for topic in ["t", "u", "v"] {
        nsqd.say(&format!("REGISTER {topic}"));
    }
    leader.until(|leader| leader.producers("v") == ["a"]);
    agent.until(|agent| !agent.is_stale("/topics"));
    // Until the leader has answered, what it deletes may have been registered since.
    let owes = |agent: &Agent, what: &str| agent.count(&format!("lookupd_upstream_{what}{{")) > 0.0;
    agent.until(|agent| !owes(agent, "pending_nodes") && !owes(agent, "unanswered_messages"));
    assert_eq!(leader.post("/topic/delete?topic=t"), 200);
    agent.until(|agent| agent.get("/topics") == "{\"topics\":[\"u\",\"v\"]}");
    front.lead(Way::Closed);
    assert_eq!(leader.post("/topic/delete?topic=u"), 200);
    nsqd.say("REGISTER w");
    front.lead(Way::To(leader.http));
    leader.until(|leader| leader.producers("w") == ["a"]);
    assert_eq!(leader.get("/topics"), "{\"topics\":[\"v\",\"w\"]}");
    agent.until(|agent| agent.get("/topics") == "{\"topics\":[\"v\",\"w\"]}");
    nsqd.say("REGISTER t");
    leader.until(|leader| leader.producers("t") == ["a"]);
}

#[test]
fn an_agent_that_ends_says_nothing_and_comes_back() {
    let (leader, folder) = (Agent::start(&["-inactive-producer-timeout=60s"]), Folder::new("comes-back"));
    let data_path = ["--data-path", folder.path().to_str().unwrap()];
    let agent = following(&url(&leader), &data_path);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    leader.until(|leader| leader.producers("t") == ["a"]);
    agent.stop();
    assert_eq!(leader.producers("t"), ["a"]);
    let agent = following(&url(&leader), &data_path);
    // Before its nsqd is back, it is found here, too.
    assert_eq!(agent.producers("t"), ["a"]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER u c");
    nsqd.say("PING");
    // What it served and doesn't any more is over.
    leader.until(|leader| leader.producers("u") == ["a"]);
    leader.until_nobody_serves("t");
    assert_eq!(leader.get("/nodes").matches("\"broadcast_address\"").count(), 1);
}
