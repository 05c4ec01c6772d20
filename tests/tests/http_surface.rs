//! nsqlookupd's own HTTP surface: every recorded answer of the real daemon, asked of the worker.
//!
//! The stories are in `recorded/http.txt`. A story is a test: its requests go, in order, to a worker that was just
//! started, and each answer is compared to the byte with what the real daemon said, but for the differences of
//! `COMPATIBILITY.md`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use lookupd_tests::{
    Answer, Bindings, DIFFERENCES, Edge, Ours, Request, Response, Step, Story, comparable, expected, read_stories,
};

macro_rules! stories {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                replay($name);
            }
        )*

        const NAMES: &[&str] = &[$($name),*];
    };
}

stories! {
    what_needs_no_registry: "what needs no registry",
    an_empty_registry: "an empty registry",
    missing_arguments: "missing arguments",
    names: "names",
    topics_and_channels_come_and_go: "topics and channels come and go",
    ephemeral_names_without_a_producer: "ephemeral names without a producer",
    a_wildcard_is_a_name_like_any_other: "a wildcard is a name like any other",
    a_producer: "a producer",
    two_producers: "two producers",
    a_tombstone: "a tombstone",
    a_tombstone_for_a_node_with_an_ipv6_address: "a tombstone for a node with an IPv6 address",
    what_a_producer_says_is_text: "what a producer says is text",
    the_smallest_and_the_largest_ports: "the smallest and the largest ports",
    how_a_query_is_read: "how a query is read",
    raw_bytes_in_a_query: "raw bytes in a query",
    bodies_are_not_read_for_arguments: "bodies are not read for arguments",
    wrong_methods: "wrong methods",
    options: "options",
    unknown_paths: "unknown paths",
    redirects_of_a_get: "redirects of a GET",
    redirects_of_a_post: "redirects of a POST",
    encoded_paths: "encoded paths",
    headers_that_change_nothing: "headers that change nothing",
    requests_that_are_no_good_http: "requests that are no good HTTP",
    nothing_to_profile: "nothing to profile",
}

#[test]
fn every_recorded_story_is_replayed() {
    let recorded: Vec<_> = recorded().into_iter().map(|story| story.name).collect();
    assert_eq!(recorded, NAMES);
}

#[test]
fn every_difference_is_in_a_recorded_story() {
    let requests: BTreeSet<_> = recorded()
        .into_iter()
        .flat_map(|story| {
            let name = story.name;
            story.steps.into_iter().filter_map(move |step| match step {
                Step::Send { lines, .. } => Some((name.clone(), lines.join(" | "))),
                _ => None,
            })
        })
        .collect();
    for difference in DIFFERENCES {
        assert!(requests.contains(&(difference.story.to_owned(), difference.request.to_owned())), "{difference:?}");
    }
}

fn recorded() -> Vec<Story> {
    read_stories(include_str!("../recorded/http.txt"))
}

/// Sends a story's requests and reports every answer that is wrong, not just the first.
fn replay(name: &str) {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let story = recorded().into_iter().find(|story| story.name == name).expect("a recorded story");
    let mut wrong = String::new();
    for step in &story.steps {
        let faults = match step {
            Step::Note(_) => continue,
            Step::Announce(producer) => {
                let answer = edge.send(&Request::post("/register").body(producer));
                assert_eq!(answer.status, 200, "{producer}: {answer:?}");
                continue;
            }
            Step::Send { lines, answer: recorded } => {
                let recorded = recorded.as_ref().expect("a recorded answer");
                let answer = edge.send(&Step::request(lines));
                let faults = compare(name, &lines.join(" | "), recorded, &answer);
                faults.map(|faults| format!("{}\n{answer:?}\nrecorded: {recorded:?}\n{faults}", lines.join(" | ")))
            }
        };
        if let Some(faults) = faults {
            let _ = writeln!(wrong, "\n{faults}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What is wrong with an answer, if anything.
fn compare(story: &str, request: &str, recorded: &Answer, answer: &Response) -> Option<String> {
    let difference = DIFFERENCES.iter().find(|difference| difference.story == story && difference.request == request);
    let same = compare_to(recorded, &expected(recorded), answer);
    let Some(difference) = difference else { return same };
    if same.is_none() && !repeated(story, request) {
        return Some(format!("this is no difference (number {})", difference.number));
    }
    match difference.ours {
        Ours::Status(status) => (answer.status != status).then(|| format!("ours is a {status}")),
        Ours::Body(body) => compare_to(recorded, body, answer),
        Ours::Answer { status, location, body } => {
            let right = answer.status == status
                && answer.header("Location") == location
                && answer.text() == body
                && answer.header("Server").is_some_and(|server| server.starts_with("lookupd-edge/"));
            (!right).then(|| format!("ours answers {:?}", difference.ours))
        }
    }
}

/// Whether a story sends a request twice: then it may differ in one place only.
fn repeated(story: &str, request: &str) -> bool {
    let story = recorded().into_iter().find(|recorded| recorded.name == story).expect("a recorded story");
    let times =
        story.steps.iter().filter(|step| matches!(step, Step::Send { lines, .. } if lines.join(" | ") == request));
    times.count() > 1
}

/// What differs from status, headers and body of a recorded answer.
fn compare_to(recorded: &Answer, body: &str, answer: &Response) -> Option<String> {
    let mut faults = Vec::new();
    if answer.status != recorded.status {
        faults.push(format!("status {} instead of {}", answer.status, recorded.status));
    }
    for (name, value) in &recorded.headers {
        // How long a connection lives is the runtime's affair. A body that differs has another length.
        if name != "Connection" && name != "Content-Length" && !answer.headers.contains(&(name.clone(), value.clone()))
        {
            faults.push(format!("no header {name}: {value}"));
        }
    }
    for (name, value) in &answer.headers {
        let recorded = recorded.headers.iter().any(|(recorded, _)| recorded == name);
        if !recorded && !OUR_HEADERS.iter().any(|ours| name.starts_with(ours)) {
            faults.push(format!("a header more, {name}: {value}"));
        }
    }
    if comparable(&answer.text(), false) != body {
        faults.push(format!("body {}\n  instead of {body}", comparable(&answer.text(), false)));
    }
    // An answer to HEAD has none, and says how long it would be.
    let length = answer.header("Content-Length").and_then(|length| length.parse::<usize>().ok());
    let bodiless = recorded.body.is_empty()
        && recorded.headers.iter().any(|(name, value)| name == "Content-Length" && value != "0");
    if !bodiless && length != Some(answer.body.len()) {
        faults.push(format!("Content-Length {length:?} of a body of {}", answer.body.len()));
    }
    (!faults.is_empty()).then(|| faults.join("\n"))
}

/// Headers that the real daemon doesn't send; it leaves the length out where it closes.
const OUR_HEADERS: &[&str] = &["Server", "X-Lookupd-", "Content-Length"];
