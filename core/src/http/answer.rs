//! Answers to questions, from any copy of the registry and at any time, in order.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    error::Error,
    request::Read,
    response::{Response, json},
};
use crate::{
    api,
    producer::{ClaimKey, Lifetimes, Node, Via},
    registry::{NodeEntry, Producer, Registration, RegistrationPattern, Registry, TopicEntry},
    time::Timestamp,
};

/// The version of nsqlookupd whose behaviour this is.
pub const NSQLOOKUPD_VERSION: &str = "1.3.0";

/// The answer as of `now`. Lists are sorted by name or node, and no name or node is in one twice, but that `/debug`,
/// `/registrations` and `/v1/explain` tell of each way in which a node is announced.
///
/// `last_heard` is what is known of when claims were heard, which is no part of the registry: the leader has
/// [`last_heard`](crate::Leader::last_heard), a replica nothing. Only `/debug` and `/v1/explain` tell of it.
pub fn answer(
    read: &Read,
    registry: &Registry,
    lifetimes: &Lifetimes,
    now: Timestamp,
    last_heard: impl Fn(&ClaimKey) -> Option<Timestamp>,
) -> Response {
    let view = View { registry, lifetimes, now, last_heard: &last_heard };
    let body = match read {
        Read::Ping => return Response::text(200, "OK"),
        Read::Info => json(&api::Info { version: NSQLOOKUPD_VERSION }),
        Read::Topics => json(&api::Topics { topics: registry.topics().map(|topic| &**topic.name()).collect() }),
        Read::Channels { topic } => {
            json(&api::Channels { channels: registry.topic(topic).map_or_else(Vec::new, channels) })
        }
        Read::Lookup { topic } => match registry.topic(topic) {
            Some(topic) => json(&api::Lookup {
                channels: channels(topic),
                producers: topic.visible(lifetimes, now).map(|producer| producer.info.into()).collect(),
            }),
            None => return Error::TopicNotFound.into(),
        },
        Read::Nodes => json(&api::Nodes {
            producers: registry.nodes(lifetimes, now).map(|node| node_producer(&node, lifetimes, now)).collect(),
        }),
        Read::Debug => json(&view.debug()),
        Read::Registrations(pattern) => json(&view.registrations(pattern)),
        Read::Explain { topic } => json(&view.explain(topic)),
    };
    Response::json(200, body)
}

pub(super) fn channels(topic: TopicEntry<'_>) -> Vec<&str> {
    topic.channels().map(|name| &**name).collect()
}

pub(super) fn node_producer<'a>(
    node: &NodeEntry<'a>,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> api::NodeProducer<&'a str> {
    let hidden = |(_, tombstoned_at): &(_, Option<Timestamp>)| lifetimes.is_tombstoned(*tombstoned_at, now);
    api::NodeProducer {
        producer: node.producer.info.into(),
        tombstones: node.topics.iter().map(hidden).collect(),
        topics: node.topics.iter().map(|(name, _)| name.as_str()).collect(),
    }
}

/// What the longer answers are made from.
struct View<'a> {
    registry: &'a Registry,
    lifetimes: &'a Lifetimes,
    now: Timestamp,
    last_heard: &'a dyn Fn(&ClaimKey) -> Option<Timestamp>,
}

impl<'a> View<'a> {
    fn debug(&self) -> api::Debug<&'a str> {
        let mut entries = api::Debug::new();
        let mut add = |key: String, producers: Vec<api::DebugProducer<_>>| {
            if !producers.is_empty() {
                entries.insert(key, producers);
            }
        };
        add("client::".into(), self.registry.claims().map(|producer| self.debug_producer(&producer, None)).collect());
        for topic in self.registry.topics() {
            let name = topic.name();
            // nsqlookupd keeps a tombstone with the topic's entry alone.
            let producers = topic.producers().map(|producer| self.debug_producer(&producer, producer.tombstoned_at));
            add(format!("topic:{name}:"), producers.collect());
            for channel in topic.channels() {
                let producers = topic.channel_producers(channel).into_iter().flatten();
                let producers = producers.map(|producer| self.debug_producer(&producer, None));
                add(format!("channel:{name}:{channel}"), producers.collect());
            }
        }
        entries
    }

    fn debug_producer(&self, producer: &Producer<'a>, tombstoned_at: Option<Timestamp>) -> api::DebugProducer<&'a str> {
        let info = producer.info;
        api::DebugProducer {
            broadcast_address: &info.broadcast_address,
            hostname: &info.hostname,
            http_port: info.http_port,
            id: &info.remote_address,
            last_update: nanoseconds(self.heard_at(producer).unwrap_or(self.now)),
            tcp_port: info.tcp_port,
            tombstoned: tombstoned_at.is_some(),
            tombstoned_at: tombstoned_at.map_or(api::NEVER_TOMBSTONED_AT, nanoseconds),
            topology_region: &info.topology_region,
            topology_zone: &info.topology_zone,
            version: &info.version,
        }
    }

    fn heard_at(&self, producer: &Producer<'_>) -> Option<Timestamp> {
        producer.silent_since.or_else(|| (self.last_heard)(producer.key))
    }

    fn registrations(&self, pattern: &RegistrationPattern) -> api::Registrations<&'a str> {
        let registration =
            |Registration { category, key, subkey }| api::Registration { category: category.as_str(), key, subkey };
        let found = |producer: Producer<'_>| api::FoundProducer {
            node: producer.node().clone(),
            via: producer.via().clone(),
            active: producer.is_active(self.lifetimes, self.now),
        };
        api::Registrations {
            registrations: self.registry.find_registrations(pattern).into_iter().map(registration).collect(),
            producers: self.registry.find_producers(pattern).into_iter().map(found).collect(),
        }
    }

    fn explain(&self, name: &str) -> api::Explain {
        let mut explain = api::Explain {
            topic: name.into(),
            exists: false,
            channels: Vec::new(),
            now_at: self.now,
            revision: self.registry.revision(),
            producers: Vec::new(),
        };
        let Some(topic) = self.registry.topic(name) else {
            return explain;
        };
        // To collect them would sort them again, which weighs 8 KB in the worker.
        let mut listed: BTreeMap<&Node, &Via> = BTreeMap::new();
        listed.extend(topic.visible(self.lifetimes, self.now).map(|producer| (producer.node(), producer.via())));
        let mut served: BTreeMap<&ClaimKey, Vec<String>> = BTreeMap::new();
        for channel in topic.channels() {
            for producer in topic.channel_producers(channel).into_iter().flatten() {
                served.entry(producer.key).or_default().push(channel.to_string());
            }
        }
        explain.exists = true;
        explain.channels = topic.channels().map(ToString::to_string).collect();
        let explained = topic.producers().map(|producer| {
            let channels = served.remove(producer.key).unwrap_or_default();
            self.explained(&producer, listed.get(producer.node()).copied(), channels)
        });
        explain.producers = explained.collect();
        explain
    }

    fn explained(&self, producer: &Producer<'_>, listed: Option<&Via>, channels: Vec<String>) -> api::Explained {
        let Lifetimes { inactive_producer_timeout, tombstone_lifetime } = *self.lifetimes;
        let superseded_by = listed.filter(|via| *via != producer.via());
        let verdict = if !producer.is_active(self.lifetimes, self.now) {
            api::Verdict::Inactive
        } else if producer.is_tombstoned(self.lifetimes, self.now) {
            api::Verdict::Tombstoned
        } else if superseded_by.is_some() {
            api::Verdict::Superseded
        } else {
            api::Verdict::Visible
        };
        api::Explained {
            node: producer.node().clone(),
            via: producer.via().clone(),
            verdict,
            heard_at: self.heard_at(producer),
            silent_since_at: producer.silent_since,
            inactive_at: producer.silent_since.map(|since| since.plus(inactive_producer_timeout)),
            tombstoned_at: producer.tombstoned_at,
            tombstoned_until_at: producer.tombstoned_at.map(|at| at.plus(tombstone_lifetime)),
            superseded_by: superseded_by.cloned(),
            channels,
            announced_revision: producer.announced,
            producer: producer.info.into(),
        }
    }
}

fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use core::{num::NonZeroU16, time::Duration};

    use super::*;
    use crate::{
        command::{Command, Limits},
        name::{ChannelName, TopicName},
        producer::ProducerInfo,
        registry::{Category, Match},
    };

    const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn at(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    fn topic(name: &str) -> TopicName {
        TopicName::parse(name).unwrap()
    }

    fn info(address: &str, version: &str) -> ProducerInfo {
        ProducerInfo {
            remote_address: "1.2.3.4:5".into(),
            hostname: "h&h".into(),
            broadcast_address: address.into(),
            tcp_port: NonZeroU16::new(4150).unwrap(),
            http_port: NonZeroU16::new(4151).unwrap(),
            version: version.into(),
            topology_zone: "".into(),
            topology_region: "r".into(),
        }
    }

    fn register(via: Via, info: ProducerInfo, name: &str, channel: Option<&str>) -> Command {
        let channel = channel.map(|name| ChannelName::parse(name).unwrap());
        Command::Register { via, info, topic: topic(name), channel }
    }

    fn key(address: &str, via: Via) -> ClaimKey {
        ClaimKey { node: info(address, "").node(), via }
    }

    fn registry(commands: &[Command]) -> Registry {
        let mut registry = Registry::default();
        for command in commands {
            if let Some(batch) = registry.decide(command, &Limits::EDGE, START).unwrap() {
                registry.apply(&batch).unwrap();
            }
        }
        registry
    }

    fn asked(read: &Read, registry: &Registry, now: Timestamp) -> String {
        let response = answer(read, registry, &Lifetimes::default(), now, |_| None);
        assert_eq!(response.status, 200);
        String::from_utf8(response.body).unwrap()
    }

    #[test]
    fn an_empty_registry_answers_with_empty_lists() {
        let empty = Registry::default();
        for (read, expected) in [
            (Read::Ping, "OK"),
            (Read::Info, r#"{"version":"1.3.0"}"#),
            (Read::Topics, r#"{"topics":[]}"#),
            (Read::Nodes, r#"{"producers":[]}"#),
            (Read::Debug, "{}"),
            (Read::Channels { topic: "".into() }, r#"{"channels":[]}"#),
        ] {
            assert_eq!(asked(&read, &empty, START), expected);
        }
        for name in ["t", "", "*"] {
            let response = answer(&Read::Lookup { topic: name.into() }, &empty, &Lifetimes::default(), START, |_| None);
            assert_eq!((response.status, &response.body[..]), (404, &br#"{"message":"TOPIC_NOT_FOUND"}"#[..]));
        }
        let ping = answer(&Read::Ping, &empty, &Lifetimes::default(), START, |_| None);
        assert_eq!(ping.header("Content-Type"), Some("text/plain; charset=utf-8"));
        assert_eq!(ping.header("X-Nsq-Content-Type"), None);
        let info = answer(&Read::Info, &empty, &Lifetimes::default(), START, |_| None);
        assert_eq!(info.header("X-Nsq-Content-Type"), Some("nsq; version=1.0"));
    }

    #[test]
    fn a_topic_without_producers_is_known() {
        let registry = registry(&[Command::CreateTopic { topic: topic("t") }]);
        assert_eq!(asked(&Read::Lookup { topic: "t".into() }, &registry, START), r#"{"channels":[],"producers":[]}"#);
        assert_eq!(asked(&Read::Debug, &registry, START), "{}");
    }

    #[test]
    fn bodies_are_nsqlookupds_to_the_byte() {
        let registry = registry(&[
            register(Via::Http, info("b", "v<1"), "t", Some("c")),
            register(Via::Http, info("b", "v<1"), "s", None),
            register(Via::Tcp, info("::1", "v"), "t", Some("a#ephemeral")),
            Command::Tombstone { topic: topic("s"), node: info("b", "").node() },
        ]);
        let b = concat!(
            r#"{"remote_address":"1.2.3.4:5","hostname":"h\u0026h","broadcast_address":"b","tcp_port":4150,"#,
            r#""http_port":4151,"version":"v\u003c1","topology_zone":"","topology_region":"r""#
        );
        let v6 = b.replace(r#""b""#, r#""::1""#).replace(r"v\u003c1", "v");
        assert_eq!(asked(&Read::Topics, &registry, START), r#"{"topics":["s","t"]}"#);
        assert_eq!(
            asked(&Read::Channels { topic: "t".into() }, &registry, START),
            r#"{"channels":["a#ephemeral","c"]}"#
        );
        assert_eq!(
            asked(&Read::Lookup { topic: "t".into() }, &registry, START),
            format!(r#"{{"channels":["a#ephemeral","c"],"producers":[{v6}}},{b}}}]}}"#)
        );
        let nodes = |hidden: bool| {
            format!(
                r#"{{"producers":[{v6},"tombstones":[false],"topics":["t"]}},{b},"tombstones":[{hidden},false],"topics":["s","t"]}}]}}"#
            )
        };
        assert_eq!(asked(&Read::Nodes, &registry, at(44)), nodes(true));
        assert_eq!(asked(&Read::Nodes, &registry, at(45)), nodes(false), "as long as topics, also when it has ended");
        let hidden = Read::Lookup { topic: "s".into() };
        assert_eq!(asked(&hidden, &registry, at(44)), r#"{"channels":[],"producers":[]}"#);
        assert_eq!(asked(&hidden, &registry, at(45)), format!(r#"{{"channels":[],"producers":[{b}}}]}}"#));
    }

    #[test]
    fn debug_is_nsqlookupds_to_the_byte() {
        let node = info("b", "v").node();
        let registry = registry(&[
            register(Via::Http, info("b", "v"), "t", Some("c")),
            Command::CreateTopic { topic: topic("lonely") },
            Command::Tombstone { topic: topic("t"), node: node.clone() },
        ]);
        let entry = |tombstone| {
            format!(
                concat!(
                    r#"{{"broadcast_address":"b","hostname":"h\u0026h","http_port":4151,"id":"1.2.3.4:5","#,
                    r#""last_update":1699999999000000000,"tcp_port":4150,{},"topology_region":"r","#,
                    r#""topology_zone":"","version":"v"}}"#
                ),
                tombstone
            )
        };
        let never = entry(r#""tombstoned":false,"tombstoned_at":-6795364578871345152"#);
        let hidden = entry(r#""tombstoned":true,"tombstoned_at":1700000000000000000"#);
        let heard = |claim: &ClaimKey| (claim.node == node).then(|| START.minus(Duration::from_secs(1)));
        // Long after the tombstone's end.
        let response = answer(&Read::Debug, &registry, &Lifetimes::default(), at(9_999), heard);
        assert_eq!(
            str::from_utf8(&response.body).unwrap(),
            format!(r#"{{"channel:t:c":[{never}],"client::":[{never}],"topic:t:":[{hidden}]}}"#)
        );
    }

    #[test]
    fn each_producer_is_explained() {
        let silent = |address| (key(address, Via::Http), at(10));
        let registry = registry(&[
            register(Via::Tcp, info("twice", "old"), "t", Some("c")),
            register(Via::Http, info("twice", "new"), "t", None),
            register(Via::Http, info("hidden", "v"), "t", None),
            register(Via::Http, info("gone", "v"), "t", None),
            register(Via::Http, info("other", "v"), "u", None),
            Command::Tombstone { topic: topic("t"), node: info("hidden", "").node() },
            Command::Tombstone { topic: topic("t"), node: info("gone", "").node() },
            Command::silence([silent("gone")].into()),
        ]);
        let explained = |now| -> api::Explain {
            serde_json::from_str(&asked(&Read::Explain { topic: "t".into() }, &registry, now)).unwrap()
        };
        let verdicts = |now| -> Vec<_> {
            let producers = explained(now).producers;
            producers.into_iter().map(|one| (one.node.to_string(), one.via.to_string(), one.verdict)).collect()
        };
        use api::Verdict::{Inactive, Superseded, Tombstoned, Visible};
        let expect = |gone, hidden| {
            [
                ("gone:4151", "http", gone),
                ("hidden:4151", "http", hidden),
                ("twice:4151", "http", Visible),
                ("twice:4151", "tcp", Superseded),
            ]
            .map(|(node, via, verdict)| (node.into(), via.into(), verdict))
        };
        assert_eq!(verdicts(at(44)), expect(Tombstoned, Tombstoned));
        assert_eq!(verdicts(at(310)), expect(Visible, Visible));
        assert_eq!(verdicts(at(311)), expect(Inactive, Visible));

        let explain = explained(at(44));
        assert_eq!((explain.exists, explain.now_at, explain.revision), (true, at(44), registry.revision()));
        assert_eq!(explain.channels, ["c"]);
        let [gone, _, new, old] = &explain.producers[..] else { panic!("{explain:?}") };
        assert_eq!(
            (gone.silent_since_at, gone.heard_at, gone.inactive_at),
            (Some(at(10)), Some(at(10)), Some(at(310)))
        );
        assert_eq!((gone.tombstoned_at, gone.tombstoned_until_at), (Some(at(0)), Some(at(45))));
        assert_eq!((old.superseded_by.as_ref(), new.superseded_by.as_ref()), (Some(&Via::Http), None));
        assert_eq!((&old.channels[..], &*new.producer.version), (&["c".into()][..], "new"));
        assert_eq!((new.heard_at, new.silent_since_at, new.tombstoned_at), (None, None, None));

        let unknown = asked(&Read::Explain { topic: "<no>".into() }, &registry, START);
        assert!(
            unknown.starts_with(r#"{"topic":"\u003cno\u003e","exists":false,"channels":[],"now_at":17"#),
            "{unknown}"
        );
    }

    #[test]
    fn visible_is_exactly_what_lookup_lists() {
        let registry = registry(&[
            register(Via::Tcp, info("a", "1"), "t", None),
            register(Via::Http, info("a", "2"), "t", None),
            register(Via::Http, info("b", "3"), "t", None),
            Command::Tombstone { topic: topic("t"), node: info("b", "").node() },
            Command::silence([(key("a", Via::Http), at(0))].into()),
        ]);
        for now in [at(0), at(44), at(45), at(300), at(301)] {
            let name = || "t".into();
            let lookup: api::Lookup =
                serde_json::from_str(&asked(&Read::Lookup { topic: name() }, &registry, now)).unwrap();
            let explain: api::Explain =
                serde_json::from_str(&asked(&Read::Explain { topic: name() }, &registry, now)).unwrap();
            let visible = explain.producers.into_iter().filter(|one| one.verdict == api::Verdict::Visible);
            assert_eq!(visible.map(|one| one.producer).collect::<Vec<_>>(), lookup.producers, "{now:?}");
        }
    }

    #[test]
    fn registrations_are_found_with_their_producers() {
        let registry = registry(&[
            register(Via::Http, info("a", "v"), "t", Some("c")),
            register(Via::Http, info("b", "v"), "u", None),
            Command::silence([(key("b", Via::Http), at(0))].into()),
        ]);
        let find = |category, key, subkey| {
            let pattern = RegistrationPattern { category, key: Match::parse(key), subkey: Match::parse(subkey) };
            asked(&Read::Registrations(pattern), &registry, at(301))
        };
        assert_eq!(
            find(Category::Topic, "*", ""),
            concat!(
                r#"{"registrations":[{"category":"topic","key":"t","subkey":""},{"category":"topic","key":"u","subkey":""}],"#,
                r#""producers":[{"node":"a:4151","via":"http","active":true},{"node":"b:4151","via":"http","active":false}]}"#
            )
        );
        assert_eq!(
            find(Category::Channel, "t", "*"),
            concat!(
                r#"{"registrations":[{"category":"channel","key":"t","subkey":"c"}],"#,
                r#""producers":[{"node":"a:4151","via":"http","active":true}]}"#
            )
        );
        assert_eq!(find(Category::Channel, "u", "*"), r#"{"registrations":[],"producers":[]}"#);
    }
}
