//! Questions that nsqlookupd has no endpoint for: the wildcard search, why a producer is left out, and what a
//! command would change.

use lookupd_tests::{Bindings, Edge, Request, announcement, identify};
use serde_json::{Value, json};

fn edge_with_two_producers() -> Option<Edge> {
    let edge = Edge::start(&Bindings::open())?;
    for (host, topics) in [("a.example", &[("t", &["c", "d"][..]), ("u", &["c"])][..]), ("b.example", &[("t", &["c"])])]
    {
        let answer = edge.send(&Request::post("/register").body(announcement(host, topics).to_string()));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(edge.post("/channel/create?topic=empty&channel=c").status, 200);
    Some(edge)
}

/// `key subkey` of each registration, and the hosts of the producers.
fn search(edge: &Edge, query: &str) -> (Vec<String>, Vec<String>) {
    let answer = edge.get(format!("/registrations?{query}"));
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let answer = answer.json();
    let list = |key: &str| answer[key].as_array().expect(key).clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let registrations = list("registrations");
    let category = query.split('&').next().and_then(|pair| pair.strip_prefix("category="));
    assert!(registrations.iter().all(|found| found["category"].as_str() == category), "{answer}");
    let found = |entry: &Value| format!("{} {}", text(&entry["key"]), text(&entry["subkey"])).trim().to_owned();
    let host = |producer: &Value| text(&producer["node"]).trim_end_matches(":4151").to_owned();
    (registrations.iter().map(found).collect(), list("producers").iter().map(host).collect())
}

#[test]
fn registrations_are_found_by_category_key_and_subkey() {
    let Some(edge) = edge_with_two_producers() else { return };
    let (a, b) = ("a.example", "b.example");
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("category=topic", &["empty", "t", "u"], &[a, b]),
        ("category=topic&key=*", &["empty", "t", "u"], &[a, b]),
        ("category=topic&key=*&subkey=*", &["empty", "t", "u"], &[a, b]),
        ("category=topic&key=u", &["u"], &[a]),
        ("category=topic&key=empty", &["empty"], &[]),
        ("category=topic&key=unknown", &[], &[]),
        ("category=topic&key=t&subkey=c", &[], &[]),
        ("category=channel", &["empty c", "t c", "t d", "u c"], &[a, b]),
        ("category=channel&key=t", &["t c", "t d"], &[a, b]),
        ("category=channel&key=t&subkey=*", &["t c", "t d"], &[a, b]),
        ("category=channel&key=*&subkey=c", &["empty c", "t c", "u c"], &[a, b]),
        ("category=channel&key=*&subkey=d", &["t d"], &[a]),
        ("category=channel&key=t&subkey=d", &["t d"], &[a]),
        ("category=channel&key=*&subkey=unknown", &[], &[]),
        ("category=client", &[""], &[a, b]),
        ("category=client&key=*&subkey=*", &[""], &[a, b]),
    ];
    for (query, registrations, producers) in cases {
        let (found, from) = search(&edge, query);
        assert_eq!((&found[..], &from[..]), (&owned(registrations)[..], &owned(producers)[..]), "{query}");
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn a_search_says_what_it_expected() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    for (query, code, part) in [
        ("", "MISSING_ARG_CATEGORY", "client, topic or channel"),
        ("?category=", "INVALID_ARG_CATEGORY", "client, topic or channel"),
        ("?category=*", "INVALID_ARG_CATEGORY", "*"),
        ("?category=topic&key=%zz", "INVALID_REQUEST", ""),
    ] {
        let answer = edge.get(format!("/registrations{query}"));
        assert_eq!((answer.status, answer.message().as_str()), (400, code), "{query}");
        assert!(answer.text().contains(part), "{query}: {answer:?}");
    }
}

#[test]
fn it_is_explained_what_a_consumer_sees() {
    let Some(edge) = edge_with_two_producers() else { return };
    edge.post("/topic/tombstone?topic=t&node=b.example:4151");
    let answer = edge.get("/v1/explain?topic=t").json();
    assert_eq!((&answer["topic"], &answer["exists"]), (&json!("t"), &json!(true)));
    assert_eq!(answer["channels"], json!(["c", "d"]));
    let (a, b) = (&answer["producers"][0], &answer["producers"][1]);
    assert_eq!(
        (&a["node"], &a["verdict"], &a["channels"]),
        (&json!("a.example:4151"), &json!("visible"), &json!(["c", "d"]))
    );
    assert_eq!(
        (&b["node"], &b["verdict"], &b["channels"]),
        (&json!("b.example:4151"), &json!("tombstoned"), &json!(["c"]))
    );
    assert_eq!((&a["tombstoned_at"], &a["silent_since_at"]), (&Value::Null, &Value::Null));
    let (now, at, until) = (&answer["now_at"], &b["tombstoned_at"], &b["tombstoned_until_at"]);
    let (now, at, until) = (now.as_u64(), at.as_u64(), until.as_u64());
    assert!(at <= now && now < until, "{answer}");
    assert_eq!(until.zip(at).map(|(until, at)| until - at), Some(45_000), "{answer}");

    let unknown = edge.get("/v1/explain?topic=unknown");
    assert_eq!(unknown.status, 200);
    assert_eq!((&unknown.json()["exists"], &unknown.json()["producers"]), (&json!(false), &json!([])));
    let missing = edge.get("/v1/explain");
    assert_eq!((missing.status, missing.message().as_str()), (400, "MISSING_ARG_TOPIC"));
}

#[test]
fn a_dry_run_tells_what_would_change_and_changes_nothing() {
    let Some(edge) = edge_with_two_producers() else { return };
    edge.post("/topic/tombstone?topic=u&node=a.example:4151");
    let whole = announcement("a.example", &[("t", &["d"]), ("w", &[])]).to_string();
    let one = identify("c.example").to_string();
    let cases: &[(&str, &str, &str)] = &[
        ("/topic/create?topic=t", "", ""),
        ("/topic/create?topic=v", "", "+topic v"),
        ("/channel/create?topic=v&channel=c", "", "+topic v +channel v c"),
        ("/channel/delete?topic=t&channel=d", "", "-channel t d -registration a t d"),
        ("/topic/delete?topic=unknown", "", ""),
        ("/topic/delete?topic=$", "", ""),
        ("/topic/delete?topic=u", "", "-topic u -channel u c -registration a u -registration a u c -tombstone u a"),
        ("/topic/tombstone?topic=t&node=a.example:4151", "", "+tombstone t a"),
        ("/topic/tombstone?topic=u&node=a.example:4151", "", "+tombstone u a -tombstone u a"),
        ("/topic/tombstone?topic=t&node=unknown:1", "", ""),
        ("/register?topic=t", &one, "+producer c +registration c t"),
        ("/register?", &whole, "+topic w +registration a w -registration a t c -registration a u -registration a u c"),
        ("/unregister?node=b.example:4151", "", "-producer b -registration b t -registration b t c"),
        ("/unregister?node=b.example:4151&topic=t&channel=c", "", "-registration b t c"),
        ("/unregister?node=unknown:1", "", ""),
    ];
    let state = edge.state("");
    for (target, body, changes) in cases {
        for flag in ["dry_run=true", "dry_run=1", "dry_run"] {
            let target = format!("{target}&{flag}").replace("?&", "?");
            let mut request = Request::post(&target);
            if !body.is_empty() {
                request = request.body(body);
            }
            let answer = edge.send(&request);
            assert_eq!(answer.status, 200, "{target}: {answer:?}");
            assert_eq!(answer.json()["dry_run"], json!(true), "{target}");
            assert_eq!(summary(&answer.json()["changes"]), *changes, "{target}: {answer:?}");
        }
    }
    assert_eq!(edge.state(""), state);
}

/// `+topic v -channel t c`: what comes and goes, in the order of the answer.
fn summary(changes: &Value) -> String {
    let mut words = Vec::new();
    for (kind, singular) in [
        ("topics", "topic"),
        ("channels", "channel"),
        ("producers", "producer"),
        ("registrations", "registration"),
        ("tombstones", "tombstone"),
    ] {
        for (sign, key) in [("+", "added"), ("-", "removed")] {
            for entry in changes[kind][key].as_array().expect("a list") {
                words.push(format!("{sign}{singular} {}", short(entry)));
            }
        }
    }
    words.join(" ")
}

/// A topic's name, or the parts of a path: node, topic, channel, whatever there is.
fn short(entry: &Value) -> String {
    let text = |value: &Value| value.as_str().map(|text| text.trim_end_matches(".example:4151").to_owned());
    let order: &[&str] =
        if entry.get("via").is_some() { &["node", "topic", "channel"] } else { &["topic", "channel", "node"] };
    let parts = || order.iter().filter_map(|key| text(&entry[*key])).collect::<Vec<_>>().join(" ");
    text(entry).unwrap_or_else(parts)
}

#[test]
fn a_dry_run_is_refused_as_the_command_would_be() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    for (target, status, code) in [
        ("/channel/delete?topic=t&channel=c&dry_run=true", 404, "CHANNEL_NOT_FOUND"),
        ("/topic/create?topic=$&dry_run=true", 400, "INVALID_ARG_TOPIC"),
        ("/topic/create?dry_run=true", 400, "MISSING_ARG_TOPIC"),
        // A word that may mean either must not carry the command out.
        ("/topic/create?topic=t&dry_run=yes", 400, "INVALID_ARG_DRY_RUN"),
        ("/topic/create?topic=t&dry_run=TRUE", 400, "INVALID_ARG_DRY_RUN"),
    ] {
        let answer = edge.post(target);
        assert_eq!((answer.status, answer.message().as_str()), (status, code), "{target}");
    }
    assert_eq!(edge.get("/topics").json(), json!({"topics": []}));
    assert_eq!(edge.post("/topic/create?topic=t&dry_run=false").status, 200);
    assert_eq!(edge.get("/topics").json(), json!({"topics": ["t"]}));
}
