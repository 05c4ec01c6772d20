//! The documented differences, each by its number in `COMPATIBILITY.md`: how it is recognised where the two daemons were
//! seen to differ, and what is then done to one of them so that both are in the same state again. Where they don't
//! differ, nothing here is asked.

use std::collections::BTreeSet;

use crate::{
    conversation::Conversation,
    requests::OUR_PATHS,
    side::{Answer, Heard, is_error},
    state::{Node, Producer, State, node},
    step::{Ask, On, Step},
};

/// The differences that a run has to meet.
pub(crate) const MET: &[(u8, &str)] = &[
    (1, "a negative length of IDENTIFY's body ends the real daemon"),
    (2, "a line or a body beyond our bounds is taken there"),
    (3, "`*` in a parameter is a wildcard there"),
    (5, "a producer that reconnects loses its tombstones there"),
    (6, "a node with brackets around its address can't be tombstoned there"),
    (7, "ephemeral names outlive their last producer there"),
    (9, "ports that are none are taken there"),
    (11, "a restart forgets everything there"),
    (12, "there is profiling there"),
    (13, "a node that connects again is there twice"),
    (14, "a browser is led to the dashboard here"),
    (22, "texts beyond our bounds are taken there"),
    (25, "targets are bounded here"),
    (26, "what is no HTTP is refused in other words there"),
    (27, "which connections live on"),
    (28, "long answers are chunked there"),
    (29, "more is answered here"),
    (30, "pages of other sites may change nothing here"),
];

/// Those that no scenario can show, and why.
pub(crate) const NOT_MET: &[(u8, &str)] = &[
    (4, "a race is not reproducible from a seed"),
    (8, "one request at a time sees one state there, too"),
    (10, "a matter of time, which is measured elsewhere"),
    (15, "concerns the edge alone"),
    (16, "concerns the edge alone"),
    (17, "concerns the edge alone"),
    (18, "concerns the edge alone"),
    (19, "concerns the edge alone"),
    (20, "concerns the edge alone"),
    (21, "a registry of a million topics would have to be filled; core's tests fill a small one"),
    (23, "takes 10 s and more; tests/crowds.rs shows it"),
    (24, "a command line; agent/tests/daemon/command_line.rs shows it"),
    (31, "concerns the edge, and agents that follow"),
    (32, "a parameter of ours; agent/tests/daemon/waiting.rs shows it"),
    (33, "a parameter of ours; agent/tests/daemon/past.rs shows it"),
    (34, "a parameter of ours; tests/nsq/completions.rs shows it with a real nsqd"),
];

/// The frames of one client differ: which difference is it? Ours has ended with a refusal, then.
pub(crate) fn in_frames(talk: &Conversation, theirs: &Heard, ours: &Heard) -> Option<u8> {
    let (last, before) = ours.frames.split_last()?;
    let there = theirs.frames.get(before.len())?;
    if !ours.closed || theirs.frames.get(..before.len())? != before {
        return None;
    }
    let refusal = std::str::from_utf8(last).ok()?;
    if refusal == "E_INVALID command too big > 4096" {
        return (talk.longest_line() > 4_096).then_some(2);
    }
    let too_long = talk.announced().filter(|length| *length > 65_536);
    if too_long.is_some_and(|length| refusal == format!("E_BAD_BODY IDENTIFY body too big {length} > 65536")) {
        return Some(2);
    }
    if is_error(there) {
        return None;
    }
    let identity = String::from_utf8_lossy(talk.identity().unwrap_or_default());
    let refusal = refusal.strip_prefix("E_BAD_BODY IDENTIFY ")?;
    if let Some((field, port)) = refusal.strip_suffix("' is not valid").and_then(|text| text.split_once(" '")) {
        let is_none = port.parse::<i64>().is_ok_and(|port| !(1..=65_535).contains(&port));
        return (matches!(field, "tcp_port" | "http_port") && is_none && identity.contains(port)).then_some(9);
    }
    let (field, limit) = refusal.split_once(" too big > ")?;
    let right = matches!((field, limit), ("hostname" | "version", "1024") | ("broadcast_address", "255"));
    (right && identity.len() > limit.parse().ok()?).then_some(22)
}

/// The answers to a request differ: which differences are it?
pub(crate) fn in_answers(ask: &Ask, theirs: &[Answer], ours: &[Answer]) -> Option<Vec<u8>> {
    let (mut theirs, mut ours) = (theirs.to_vec(), ours.to_vec());
    let mut met = Vec::new();
    for (there, here) in theirs.iter_mut().zip(&mut ours) {
        if is_chunked(there) && has_length(here) && there.body.len() > LONGEST_UNCHUNKED {
            (*there, *here) = (there.without_header("Transfer-Encoding"), here.without_header("Content-Length"));
            met.push(28);
        }
    }
    if let ([there, ..], [here, ..]) = (&mut theirs[..], &mut ours[..])
        && is_unusual(ask)
        && there.closes() != here.closes()
    {
        (*there, *here) = (there.without_header("Connection"), here.without_header("Connection"));
        theirs.truncate(1);
        ours.truncate(1);
        met.push(27);
    }
    if theirs != ours {
        met.push(in_http(ask, &theirs, &ours).or_else(|| in_what_is_asked(ask, &theirs, &ours))?);
    }
    Some(met)
}

/// What the two HTTP servers make of it, whatever the daemons say.
fn in_http(ask: &Ask, theirs: &[Answer], ours: &[Answer]) -> Option<u8> {
    if let Some((_, there, here)) = JUDGED_OTHERWISE.iter().find(|(request, _, _)| *request == ask.request.bytes()) {
        let statuses = |answers: &[Answer]| answers.first().map(|answer| answer.status);
        return (statuses(theirs) == Some(*there) && statuses(ours) == Some(*here)).then_some(26);
    }
    // What could be answered before is answered alike.
    let same = theirs.iter().zip(ours).take_while(|(there, here)| there == here).count();
    let is_refusal =
        |answer: &Answer| answer.status == 400 && answer.closes() && answer.header("X-Nsq-Content-Type").is_none();
    match (&theirs[same..], &ours[same..]) {
        ([there], [here]) if is_refusal(there) && is_refusal(here) => Some(26),
        ([there], []) if is_refusal(there) && ask.connection == On::Ended => Some(26),
        _ => None,
    }
}

/// Whether Go's server and ours may go on differently behind it.
fn is_unusual(ask: &Ask) -> bool {
    let head = ask.head();
    ["\ntransfer-encoding:", "\nupgrade:", "\nexpect:"].iter().any(|header| head.contains(header))
        || head.starts_with("connect ")
}

fn is_chunked(answer: &Answer) -> bool {
    answer.header("Transfer-Encoding") == Some("chunked") && answer.header("Content-Length").is_none()
}

fn has_length(answer: &Answer) -> bool {
    answer.header("Content-Length").is_some() && answer.header("Transfer-Encoding").is_none()
}

/// What the two HTTP servers don't agree on: their statuses, and ours.
const JUDGED_OTHERWISE: &[(&[u8], u16, u16)] = &[
    (b"\r\n\r\nGET /ping HTTP/1.1\r\nHost: a\r\n\r\n", 400, 200),
    (b"GET /ping HTTP/2.0\r\nHost: a\r\n\r\n", 505, 400),
    (b"POST /topic/create?topic=t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501, 400),
    (b"GET /ping HTTP/1.2\r\nHost: a\r\n\r\n", 200, 400),
    (b"GET /ping HTTP/1.1\r\nHost: a b\r\n\r\n", 400, 200),
];

/// Go's `net/http` keeps as much of an answer before it sends it in chunks. Ours is what was made comparable.
const LONGEST_UNCHUNKED: usize = 1_500;

/// What the daemons themselves answer otherwise. The connection lives on as there.
fn in_what_is_asked(ask: &Ask, theirs: &[Answer], ours: &[Answer]) -> Option<u8> {
    let ((theirs, their_rest), (ours, our_rest)) = (theirs.split_first()?, ours.split_first()?);
    let is = |status, body: &str| ours.status == status && ours.body == body;
    let target = String::from_utf8_lossy(ask.target());
    if ask.target().len() > LONGEST_TARGET {
        return (ours.status == 414 && ours.closes() && theirs.status == 200).then_some(25);
    }
    if their_rest != our_rest {
        return None;
    }
    let path = percent_decoded(target.split('?').next().unwrap_or_default().as_bytes()).to_ascii_lowercase();
    let head = ask.head();
    if is_wildcard(ask) && theirs.status == 200 {
        let ours_is_none = match path.trim_start_matches("http://nsqlookupd:4161") {
            "/lookup" => is(404, r#"{"message":"TOPIC_NOT_FOUND"}"#),
            "/channels" => is(200, r#"{"channels":[]}"#),
            _ => false,
        };
        return ours_is_none.then_some(3);
    }
    if path.contains("/debug/pprof") {
        let body = if ask.request.method() == b"HEAD" { "" } else { r#"{"message":"NOT_FOUND"}"# };
        return is(404, body).then_some(12);
    }
    let is_unknown = theirs.status == 404 && theirs.body == r#"{"message":"NOT_FOUND"}"#;
    if path == "/" && head.contains("accept: text/html") {
        let leads = ours.header("Location") == Some(&*target.replacen('/', "/ui/", 1));
        return (is_unknown && leads && is(302, "")).then_some(14);
    }
    if OUR_PATHS.iter().any(|ours| target.eq_ignore_ascii_case(ours)) {
        return (is_unknown && matches!(ours.status, 200 | 301 | 400 | 405)).then_some(29);
    }
    if head.contains("\norigin: ") && !head.contains("\norigin: http://nsqlookupd:4161") && head.starts_with("post ") {
        return (ours.status == 403 && ours.body.starts_with(r#"{"message":"FOREIGN_ORIGIN","#)).then_some(30);
    }
    None
}

/// No target of ours is longer.
const LONGEST_TARGET: usize = 64 << 10;

/// What is known when the states of both daemons differ.
pub(crate) struct Moment<'a> {
    pub(crate) step: &'a Step,
    /// The commands that it made whole.
    pub(crate) said: &'a [u8],
    /// What both showed before the step.
    pub(crate) before: &'a State,
    pub(crate) theirs: &'a State,
    pub(crate) ours: &'a State,
    /// What was tombstoned in both, and not unregistered since.
    pub(crate) tombstones: &'a BTreeSet<(String, Node)>,
    /// The step's client: whether it has just said who it is, and whether it is still there.
    pub(crate) identified: Option<Node>,
    pub(crate) is_connected: bool,
}

/// What makes both daemons the same again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// A change of the real daemon.
    ChangeTheirs(&'static str, Vec<(&'static str, String)>),
    /// A change of ours.
    ChangeOurs(&'static str, Vec<(&'static str, String)>),
    /// The older connection of a node ends, and the newer one sends its first PING, as when an nsqd has come back.
    Supersede { older: String, newer: String },
    /// A client's connections end.
    End(String),
}

/// The states differ: which difference is it, and what undoes it?
pub(crate) fn in_state(moment: &Moment<'_>) -> Option<(u8, Vec<Remedy>)> {
    let known = [wildcard, node_in_brackets, two_connections, lost_tombstones, leaked_names];
    let (number, remedies) = known.iter().find_map(|difference| difference(moment))?;
    (!remedies.is_empty()).then_some((number, remedies))
}

/// 3: what `*` did there is done here by name.
fn wildcard(moment: &Moment<'_>) -> Option<(u8, Vec<Remedy>)> {
    let Step::Ask(ask) = moment.step else { return None };
    if !is_wildcard(ask) {
        return None;
    }
    let remedies = if percent_decoded(ask.target()).contains("/topic/delete?") {
        let deleted = moment.theirs.topics.is_empty() && moment.theirs.channels.is_empty();
        let topics = moment.ours.topics.iter().filter(|_| deleted);
        topics.map(|topic| Remedy::ChangeOurs("/topic/delete", vec![("topic", topic.clone())])).collect()
    } else {
        let missing = tombstones_missing(moment.ours, moment.theirs);
        missing.map(|(topic, producer)| tombstone(topic, producer, Remedy::ChangeOurs)).collect()
    };
    Some((3, remedies))
}

/// 6: the node is there by the other of its two names.
fn node_in_brackets(moment: &Moment<'_>) -> Option<(u8, Vec<Remedy>)> {
    let Step::Ask(ask) = moment.step else { return None };
    let target = percent_decoded(ask.target());
    let named = target.split('&').find_map(|parameter| parameter.rsplit_once("node=")).map(|(_, value)| value)?;
    let (address, http_port) = named.rsplit_once(':')?;
    let named_node = node(address, http_port.parse().ok()?);
    let missing = tombstones_missing(moment.theirs, moment.ours)
        .filter(|(_, producer)| producer.node == named_node && producer.node_text != named);
    let remedies = missing.map(|(topic, producer)| tombstone(topic, producer, Remedy::ChangeTheirs));
    Some((6, remedies.collect()))
}

/// 13: a client says it is a node that another client is, too.
fn two_connections(moment: &Moment<'_>) -> Option<(u8, Vec<Remedy>)> {
    let newer = moment.step.client()?;
    let node = moment.identified.as_ref()?;
    let older = moment.before.producers.iter().find(|producer| producer.node == *node)?;
    // Unless that was settled already.
    moment.theirs.producer_of(&older.client)?;
    let in_ours: Vec<_> = moment.ours.producers.iter().filter(|producer| producer.node == *node).collect();
    if !moment.is_connected {
        // It spoke for the node, and ended.
        return in_ours.is_empty().then(|| (13, vec![Remedy::End(older.client.clone())]));
    }
    let [in_ours] = in_ours[..] else { return None };
    let theirs = moment.theirs.producer_of(&newer)?;
    let topics_before = moment.theirs.producer_of(&older.client)?.topics.keys();
    let served: BTreeSet<_> = theirs.topics.keys().chain(topics_before).collect();
    let is_the_newer = in_ours.says == theirs.says
        && in_ours.topics.keys().all(|topic| served.contains(topic))
        && theirs.topics.keys().all(|topic| in_ours.topics.contains_key(topic));
    is_the_newer.then(|| (13, vec![Remedy::Supersede { older: older.client.clone(), newer }]))
}

/// 5: tombstoned here, as before its connection ended.
fn lost_tombstones(moment: &Moment<'_>) -> Option<(u8, Vec<Remedy>)> {
    let client = moment.step.client()?;
    let missing = tombstones_missing(moment.theirs, moment.ours).filter(|(topic, producer)| {
        producer.client == client
            && moment.tombstones.contains(&((*topic).clone(), producer.node.clone()))
            && !moment.before.producer_of(&client).is_some_and(|before| before.topics.contains_key(*topic))
    });
    let remedies: Vec<_> = missing.map(|(topic, producer)| tombstone(topic, producer, Remedy::ChangeTheirs)).collect();
    (!remedies.is_empty()).then_some((5, remedies))
}

/// 7: nobody serves these ephemeral names any more, as the step's client has left.
fn leaked_names(moment: &Moment<'_>) -> Option<(u8, Vec<Remedy>)> {
    let client = moment.step.client()?;
    let (theirs, ours) = (moment.theirs, moment.ours);
    // The step's, and one that it has superseded.
    let leaving = |served_by: &String| {
        let superseded =
            moment.before.producer_of(served_by).filter(|producer| Some(&producer.node) == moment.identified.as_ref());
        *served_by == client || superseded.is_some()
    };
    let has_left = |topic: &str, channel: &str| {
        let named = contains(moment.said, topic);
        let served = moment.before.served.iter().any(|(t, c, by)| t == topic && c == channel && leaving(by));
        let is_served = theirs.served.iter().any(|(t, c, _)| t == topic && c == channel);
        (served || named) && !is_served
    };
    let topics: BTreeSet<_> = theirs
        .topics
        .difference(&ours.topics)
        .filter(|topic| is_ephemeral(topic) && has_left(topic, ""))
        .map(String::as_str)
        .collect();
    let unregisters = |topic: &str| contains(moment.said, &format!("UNREGISTER {topic}"));
    // Though it may be there again by now.
    let is_gone = |topic: &str| !ours.topics.contains(topic) && has_left(topic, "") || unregisters(topic);
    let gone_with_their_topic = |topic: &str| is_ephemeral(topic) && is_gone(topic);
    let channels = theirs
        .channels
        .difference(&ours.channels)
        .filter(|(topic, channel)| gone_with_their_topic(topic) || is_ephemeral(channel) && has_left(topic, channel));
    let mut remedies: Vec<_> = channels
        .map(|(topic, channel)| {
            Remedy::ChangeTheirs("/channel/delete", vec![("topic", topic.clone()), ("channel", channel.clone())])
        })
        .collect();
    remedies
        .extend(topics.into_iter().map(|topic| Remedy::ChangeTheirs("/topic/delete", vec![("topic", topic.into())])));
    (!remedies.is_empty()).then_some((7, remedies))
}

/// What is tombstoned in one state and not in the other, though it is served in both.
fn tombstones_missing<'a>(without: &'a State, with: &'a State) -> impl Iterator<Item = (&'a String, &'a Producer)> {
    with.tombstones().filter_map(|(topic, producer)| {
        let same = without.producers.iter().find(|other| other.client == producer.client)?;
        (same.topics.get(topic) == Some(&false)).then_some((topic, same))
    })
}

fn tombstone(
    topic: &str,
    producer: &Producer,
    change: impl Fn(&'static str, Vec<(&'static str, String)>) -> Remedy,
) -> Remedy {
    change("/topic/tombstone", vec![("topic", topic.into()), ("node", producer.node_text.clone())])
}

/// Whether the topic that counts is `*`.
fn is_wildcard(ask: &Ask) -> bool {
    let target = String::from_utf8_lossy(ask.target());
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let topic = query.split('&').find_map(|parameter| parameter.strip_prefix("topic="));
    topic.is_some_and(|topic| topic == "*" || topic.eq_ignore_ascii_case("%2a"))
}

fn is_ephemeral(name: &str) -> bool {
    name.ends_with("#ephemeral")
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

fn percent_decoded(target: &[u8]) -> String {
    let mut decoded = Vec::new();
    let mut rest = target;
    while let [first, left @ ..] = rest {
        let digits = left.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => (decoded.push(byte), rest = &left[2..]).1,
            None => (decoded.push(*first), rest = left).1,
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
