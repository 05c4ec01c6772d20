//! Flags, the config file, and what is printed.

use std::{fs, process::Output};

use crate::agent::{Agent, Folder, command};

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command().args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// How it ends, and with which words.
pub(crate) fn fails(arguments: &[&str]) -> (Option<i32>, String) {
    let (code, _, printed) = run(&[&["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0"][..], arguments].concat());
    (code, printed)
}

#[test]
fn the_version_is_nsqlookupds_and_then_ours() {
    for flag in ["-version", "--version", "-version=true"] {
        let (code, printed, _) = run(&[flag]);
        assert_eq!(code, Some(0));
        assert!(printed.starts_with("nsqlookupd v1.3.0 (built w/rustc1."), "{printed}");
        assert!(printed.ends_with(concat!(") lookupd-agent v", env!("CARGO_PKG_VERSION"), "\n")), "{printed}");
    }
}

#[test]
fn help_tells_every_flag_with_its_default() {
    // nsqlookupd's own are compared with what the real one prints, in the package of tests.
    for flag in ["-h", "-help", "--help"] {
        let (code, _, printed) = run(&[flag]);
        assert_eq!(code, Some(0));
        assert!(printed.starts_with("Usage of nsqlookupd:\n"), "{printed}");
        for expected in [
            "  -complete-tombstones\n    \tlet whoever may tombstone a topic also",
            "  -data-path string\n    \tfolder to keep the registry in",
            "  -hosts string\n    \thosts that are answered to over HTTP",
            "  -max-connections int\n    \tnumber of connections served at once, for TCP and for HTTP each (default 20000)\n",
        ] {
            assert!(printed.contains(expected), "{expected}\n{printed}");
        }
    }
}

#[test]
fn mistakes_end_it_with_a_word() {
    for (arguments, code, word) in [
        (&["-nonsense"][..], 2, "--nonsense"),
        (&["-tombstone-lifetime=soon"], 2, "tombstone-lifetime"),
        (&["-log-level=loud"], 2, "invalid log level 'loud'"),
        (&["-config=/nonexistent.cfg"], 1, "failed to load config file /nonexistent.cfg"),
        (&["-http-address=nowhere"], 1, "listen (nowhere) failed"),
        (&["-anonymous=all"], 1, "expected none, read or write"),
        (&["-upstream=lookup.example"], 1, "--upstream lookup.example: it begins with neither https:// nor http://"),
        (
            &["-upstream=http://a/", "-upstream=http://b", "-upstream=http://a"],
            1,
            "--upstream http://a: it is there twice",
        ),
    ] {
        let (status, _, printed) = run(arguments);
        assert_eq!(status, Some(code), "{printed}");
        assert!(printed.contains(word), "{printed}");
    }
}

#[test]
fn a_flag_counts_before_the_config_file() {
    let folder = Folder::new("config");
    let file = folder.path().join("nsqlookupd.cfg");
    let text = "log_level = \"info\"\nhttp_address = \"127.0.0.1:0\"\nbroadcast_address = \"from-file\"\n\
        inactive_producer_timeout = \"300s\"\ntombstone_lifetime = 45000\nunknown = [1]\nlog_prefix = \"[other] \"\n";
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    for (arguments, address) in [(&[][..], "from-file"), (&["-broadcast-address", "from-flag"], "from-flag")] {
        let mut command = command();
        command.args(["-config", file, "-tcp-address", "127.0.0.1:0", "-verbose"]).args(arguments);
        let agent = Agent::spawn(&mut command);
        let mut nsqd = agent.connect();
        nsqd.send(b"  V1");
        nsqd.send(&crate::nsqd::identify("a", 4150));
        assert!(nsqd.hear().unwrap().contains(address));
        agent.signal("TERM");
        assert!(agent.log.iter().all(|line| line.starts_with("[other] ")));
    }
}
