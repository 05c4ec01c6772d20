//! nsqlookupd's own command line, as the real binary tells it: every flag is the agent's too.

use std::collections::BTreeMap;
use std::process::Output;

use lookupd_tests::Lookupd;

/// A flag by its name, with the two lines that the help has of it: its spelling and type, and its text and default.
type Flags = BTreeMap<String, [String; 2]>;

#[test]
fn each_flag_of_the_real_one_has_the_same_spelling_text_and_default() {
    let (Some(theirs), Some(ours)) = (Lookupd::nsqlookupd(&[]), Lookupd::agent(&[])) else { return };
    let [their_flags, our_flags] = [flags(&theirs), flags(&ours)];
    assert_eq!(their_flags.len(), 10, "{their_flags:?}");
    for (name, told) in &their_flags {
        assert_eq!(our_flags.get(name), Some(told), "{name}");
    }
}

#[test]
fn each_flag_of_the_real_one_is_taken_with_its_default() {
    let (Some(theirs), Some(ours)) = (Lookupd::nsqlookupd(&[]), Lookupd::agent(&[])) else { return };
    let mut tried = 0;
    for (name, [_, told]) in &flags(&theirs) {
        let Some((_, default)) = told.rsplit_once("(default ") else { continue };
        let default = default.trim_end_matches(')').trim_matches('"');
        for arguments in [
            &[&*format!("-{name}={default}")][..],
            &[&*format!("--{name}={default}")],
            &[&*format!("-{name}"), default],
            &[&*format!("--{name}"), default],
        ] {
            for lookupd in [&theirs, &ours] {
                let Output { status, stdout, .. } = lookupd.run_beside(&[arguments, &["--version"]].concat());
                assert!(status.success() && stdout.starts_with(b"nsqlookupd v1.3.0 (built w/"), "{arguments:?}");
            }
            tried += 1;
        }
    }
    assert_eq!(tried, 7 * 4, "all but config, verbose and version have a default");
}

#[test]
fn what_is_no_flag_ends_both_alike() {
    let (Some(theirs), Some(ours)) = (Lookupd::nsqlookupd(&[]), Lookupd::agent(&[])) else { return };
    for (arguments, code) in [
        (&["-no-such-flag"][..], 2),
        (&["-tombstone-lifetime=soon"], 2),
        (&["-tcp-address"], 2),
        (&["-verbose=maybe"], 2),
        (&["-h"], 0),
        (&["-config=/nonexistent/nsqlookupd.cfg"], 1),
        (&["-log-level=loud"], 2),
        (&["-http-address=nowhere"], 1),
    ] {
        let codes = [&theirs, &ours].map(|lookupd| lookupd.run_beside(arguments).status.code());
        assert_eq!(codes, [Some(code); 2], "{arguments:?}");
    }
}

fn flags(lookupd: &Lookupd) -> Flags {
    let Output { status, stderr, .. } = lookupd.run_beside(&["--help"]);
    assert!(status.success());
    let help = String::from_utf8(stderr).expect("a text");
    let mut lines = help.lines();
    assert_eq!(lines.next(), Some("Usage of nsqlookupd:"));
    let mut flags = Flags::new();
    while let Some(spelling) = lines.next() {
        let name = spelling.trim_start().trim_start_matches('-').split(' ').next().unwrap_or_default().to_owned();
        let text = lines.next().expect("a flag's text").to_owned();
        flags.insert(name, [spelling.to_owned(), text]);
    }
    flags
}
