//! `--data-path`: what was acknowledged is there again.

use std::{
    fs,
    io::{Read, Write},
    process::Stdio,
};

use crate::{
    agent::{Agent, Folder, command, open},
    nsqd::Nsqd,
};

#[test]
fn a_restart_forgets_nothing_and_finds_nobody_dead() {
    let folder = Folder::new("restart");
    let agent = Agent::durable(&folder);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    nsqd.say("REGISTER gone c");
    assert_eq!(agent.post("/topic/create?topic=made"), 200);
    agent.stop();

    let agent = Agent::durable(&folder);
    assert_eq!(agent.get("/topics"), "{\"topics\":[\"gone\",\"made\",\"t\"]}");
    // Its nsqd isn't back yet, and found all the same.
    assert_eq!(agent.producers("t"), ["a"]);
    assert!(agent.get("/v1/explain?topic=t").contains("silent"));
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    nsqd.say("PING");
    assert_eq!((agent.producers("t"), agent.producers("gone").len()), (vec!["a".into()], 0));
    drop(nsqd);
    agent.until_nobody_serves("t");
    agent.stop();
    assert_eq!(Agent::durable(&folder).producers("t"), [""; 0]);
}

#[test]
fn who_does_not_come_back_is_no_longer_found() {
    let folder = Folder::new("expiry");
    let agent = Agent::durable(&folder);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    agent.kill();
    let agent = Agent::start(&["-data-path", folder.path().to_str().unwrap(), "-inactive-producer-timeout=1s"]);
    assert_eq!(agent.producers("t"), ["a"]);
    agent.until_nobody_serves("t");
}

#[test]
fn without_a_data_path_everything_is_forgotten() {
    let agent = Agent::start(&[]);
    assert_eq!(agent.post("/topic/create?topic=t"), 200);
    agent.stop();
    assert_eq!(Agent::start(&[]).get("/topics"), "{\"topics\":[]}");
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = Folder::new("kill");
    let mut acknowledged = 0;
    for life in 0..5 {
        let agent = Agent::durable(&folder);
        let topics = agent.get("/topics");
        assert!((0..acknowledged).all(|number| topics.contains(&format!("\"t{number}\""))), "life {life}: {topics}");
        // Commands are sent far ahead of what is acknowledged, so that the kill falls among them.
        let mut nsqd = Nsqd::identified(agent.tcp, "a");
        let first = acknowledged;
        let commands: String = (first..first + 400).map(|number| format!("REGISTER t{number} c\n")).collect();
        nsqd.send(commands.as_bytes());
        for _ in 0..40 + life * 37 {
            assert_eq!(nsqd.hear().as_deref(), Some("OK"));
            acknowledged += 1;
        }
        agent.kill();
    }
}

#[test]
fn two_agents_never_share_a_folder() {
    let folder = Folder::new("shared");
    let _first = Agent::durable(&folder);
    let problem = refusal(&folder);
    assert!(problem.contains("registry.sqlite is in use by another process"), "{problem}");
}

#[test]
fn a_foreign_or_damaged_file_is_refused_and_left_alone() {
    let folder = Folder::new("damaged");
    let file = folder.path().join("registry.sqlite");
    fs::write(&file, "somebody's notes, which are no database at all").unwrap();
    let problem = refusal(&folder);
    assert!(problem.contains("registry.sqlite is no registry of this program"), "{problem}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "somebody's notes, which are no database at all");

    fs::remove_file(&file).unwrap();
    let agent = Agent::durable(&folder);
    for number in 0..200 {
        assert_eq!(agent.post(&format!("/topic/create?topic=a-topic-of-some-length-{number}")), 200);
    }
    agent.stop();
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.windows(30).rposition(|window| window.starts_with(b"a-topic-of-some-length-10")).unwrap();
    bytes[at] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let problem = refusal(&folder);
    assert!(problem.contains("the stored registry") && problem.contains(folder.path().to_str().unwrap()), "{problem}");
    assert!(problem.contains("move it away"), "{problem}");
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

#[test]
fn a_burst_over_many_connections_is_stored_whole() {
    let folder = Folder::new("burst");
    let agent = Agent::durable(&folder);
    let (http, tcp) = (agent.http, agent.tcp);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            scope.spawn(move || {
                let mut nsqd = Nsqd::identified(tcp, &format!("n{writer}"));
                for number in 0..50 {
                    nsqd.say(&format!("REGISTER t{number} c{writer}"));
                }
                // Its connection ends without a word to the leader: the process is killed first.
                std::mem::forget(nsqd);
            });
            scope.spawn(move || {
                let mut stream = open(http);
                for number in 0..20 {
                    let request = format!("POST /topic/create?topic=w{writer}-{number} HTTP/1.1\r\nHost: h\r\n\r\n");
                    stream.write_all(request.as_bytes()).unwrap();
                    let mut answer = [0; 15];
                    stream.read_exact(&mut answer).unwrap();
                    assert_eq!(&answer, b"HTTP/1.1 200 OK");
                    let mut rest = vec![0; 4096];
                    assert_ne!(stream.read(&mut rest).unwrap(), 0);
                }
            });
        }
    });
    agent.kill();
    let agent = Agent::durable(&folder);
    for number in 0..50 {
        assert_eq!(agent.producers(&format!("t{number}")).len(), 8);
    }
    assert_eq!(agent.get("/topics").matches("\"w").count(), 160);
}

/// What an agent says that doesn't start over the folder.
fn refusal(folder: &Folder) -> String {
    let output = command()
        .args(["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0", "-log-level=fatal", "-data-path"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}
