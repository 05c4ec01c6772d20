//! Flags, the config file, and what is printed.

use std::{fs, process::Output};

use crate::agent::{Agent, Folder, command};

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command().args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
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
fn help_tells_every_flag_of_nsqlookupd_in_its_words() {
    // As `nsqlookupd --help` of v1.3.0 prints it, but for the machine's name.
    for expected in [
        "  -broadcast-address string\n    \taddress of this lookupd node, (default to the OS hostname) (default \"",
        "  -config string\n    \tpath to config file\n",
        "  -http-address string\n    \t<addr>:<port> to listen on for HTTP clients (default \"0.0.0.0:4161\")\n",
        "  -inactive-producer-timeout duration\n    \tduration of time a producer will remain in the active list since its \
         last ping (default 5m0s)\n",
        "  -log-level value\n    \tset log verbosity: debug, info, warn, error, or fatal (default INFO)\n",
        "  -log-prefix string\n    \tlog message prefix (default \"[nsqlookupd] \")\n",
        "  -tcp-address string\n    \t<addr>:<port> to listen on for TCP clients (default \"0.0.0.0:4160\")\n",
        "  -tombstone-lifetime duration\n    \tduration of time a producer will remain tombstoned if registration \
         remains (default 45s)\n",
        "  -verbose\n    \t[deprecated] has no effect, use --log-level\n",
        "  -version\n    \tprint version string\n",
    ] {
        for flag in ["-h", "-help", "--help"] {
            let (code, _, printed) = run(&[flag]);
            assert_eq!(code, Some(0));
            assert!(
                printed.starts_with("Usage of nsqlookupd:\n") && printed.contains(expected),
                "{expected}\n{printed}"
            );
        }
    }
}

#[test]
fn mistakes_end_it_with_a_word() {
    for (arguments, code, word) in [
        (&["-nonsense"][..], 2, "--nonsense"),
        (&["-tombstone-lifetime=soon"], 2, "tombstone-lifetime"),
        (&["-log-level=loud"], 1, "invalid log level 'loud'"),
        (&["-config=/nonexistent.cfg"], 1, "failed to load config file /nonexistent.cfg"),
        (&["-http-address=nowhere"], 1, "listen (nowhere) failed"),
        (&["-anonymous=all"], 1, "expected none, read or write"),
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
