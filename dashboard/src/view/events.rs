//! What happened: each change of a batch in a line.

use std::{rc::Rc, slice::from_ref};

use lookupd_core::{
    AgentId, Batch, Change, ChannelName, ClaimKey, Node, Registry, Revision, Timestamp, TopicName, Topics,
};

use super::topics::contains;

/// A line of the list of events.
#[allow(clippy::large_enum_variant, reason = "nearly all are events, and each is behind an Rc")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// One change.
    Event(EventRow),
    /// Nobody here knows what: the registry came as a whole.
    Unknown {
        /// After the last that is known.
        since: Timestamp,
        /// Before the first that is known again.
        until: Timestamp,
    },
}

/// One change in one line, however many topics it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// The revision that its batch led to.
    pub revision: Revision,
    /// When the leader decided it.
    pub at: Timestamp,
    /// What it decided.
    pub change: Change,
    /// What a producer that left served until then: the change doesn't say.
    pub served: Topics,
}

/// A change as a line tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told<'a> {
    /// What it is about.
    pub kind: EventKind,
    /// What it means for whoever looks for producers.
    pub tone: Tone,
    /// What happened, in a few words.
    pub words: &'static str,
    /// Whom it is about.
    pub who: Who<'a>,
    /// The topics that it is about.
    pub named: Named<'a>,
}

/// Whom a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    /// A topic or a channel alone.
    Nobody,
    /// A node in one of the ways in which it is announced.
    Claim(&'a ClaimKey),
    /// A node in all of them.
    Node(&'a Node),
    /// An agent with all that it announces.
    Agent(&'a AgentId),
}

/// The topics that a change is about, with channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    /// One, with the channels that it is about, if they are.
    One(&'a TopicName, &'a [ChannelName]),
    /// Any number.
    Many(&'a [(TopicName, Vec<ChannelName>)]),
}

impl<'a> Named<'a> {
    /// How many there are.
    pub fn count(self) -> usize {
        match self {
            Self::One(..) => 1,
            Self::Many(topics) => topics.len(),
        }
    }

    /// One of them.
    pub fn get(self, place: usize) -> Option<(&'a TopicName, &'a [ChannelName])> {
        match self {
            Self::One(topic, channels) => (place == 0).then_some((topic, channels)),
            Self::Many(topics) => topics.get(place).map(|(topic, channels)| (topic, &channels[..])),
        }
    }

    /// The first of them as text, each as `topic` or `topic: channel, channel` and ended by `end`.
    pub fn list(self, at_most: usize, end: &str) -> String {
        let mut list = String::new();
        for (topic, channels) in (0..self.count().min(at_most)).filter_map(|place| self.get(place)) {
            list.push_str(topic);
            let mut before = ": ";
            for channel in channels {
                list.push_str(before);
                list.push_str(channel);
                before = ", ";
            }
            list.push_str(end);
        }
        list
    }

    fn any(self, is_meant: &dyn Fn(&TopicName, &[ChannelName]) -> bool) -> bool {
        (0..self.count()).filter_map(|place| self.get(place)).any(|(topic, channels)| is_meant(topic, channels))
    }
}

impl<'a> Who<'a> {
    /// The node.
    pub fn node(self) -> Option<&'a Node> {
        match self {
            Self::Claim(claim) => Some(&claim.node),
            Self::Node(node) => Some(node),
            Self::Nobody | Self::Agent(_) => None,
        }
    }

    /// The node's or the agent's name, and the way in which the node is announced; empty where there is none.
    pub fn texts(self) -> (String, String) {
        match self {
            Self::Nobody => Default::default(),
            Self::Claim(claim) => (claim.node.to_string(), claim.via.to_string()),
            Self::Node(node) => (node.to_string(), String::new()),
            Self::Agent(agent) => (agent.to_string(), String::new()),
        }
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A topic came or went.
    Topic,
    /// A channel came or went.
    Channel,
    /// A producer came or went, or what it serves did.
    Producer,
    /// A producer is not heard, or heard again.
    Liveness,
    /// A producer is hidden under a topic, or not any more.
    Tombstone,
    /// An agent came, went, or is not heard.
    Agent,
}

/// What an event means for whoever looks for producers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something is there.
    Came,
    /// Something isn't there any more.
    Went,
    /// Something may not be there any more.
    Doubt,
    /// Something is there and isn't found.
    Hidden,
}

impl EventKind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] =
        [Self::Topic, Self::Channel, Self::Producer, Self::Liveness, Self::Tombstone, Self::Agent];

    /// As a link says it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Channel => "channel",
            Self::Producer => "producer",
            Self::Liveness => "liveness",
            Self::Tombstone => "tombstone",
            Self::Agent => "agent",
        }
    }

    /// As people say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Topic => "Topics",
            Self::Channel => "Channels",
            Self::Producer => "Producers",
            Self::Liveness => "Liveness",
            Self::Tombstone => "Tombstones",
            Self::Agent => "Agents",
        }
    }

    /// Reads a link's word; anything else is no filter.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == text)
    }
}

impl EventRow {
    /// How many names it keeps, itself counted too.
    pub fn weight(&self) -> usize {
        let named = self.told().named;
        let names = (0..named.count()).filter_map(|place| named.get(place));
        names.map(|(_, channels)| 1 + channels.len()).sum::<usize>() + 1
    }

    /// How a line tells it.
    pub fn told(&self) -> Told<'_> {
        use EventKind::{Agent, Channel, Liveness, Producer, Tombstone, Topic};
        use Tone::{Came, Doubt, Hidden, Went};
        use Who::{Claim, Nobody, Node};
        let nothing = Named::Many(&[]);
        let (kind, tone, words, who, named) = match &self.change {
            Change::TopicCreated { topic } => (Topic, Came, "Topic created", Nobody, Named::One(topic, &[])),
            Change::TopicDeleted { topic } => (Topic, Went, "Topic deleted", Nobody, Named::One(topic, &[])),
            Change::ChannelCreated { topic, channel } => {
                (Channel, Came, "Channel created", Nobody, Named::One(topic, from_ref(channel)))
            }
            Change::ChannelDeleted { topic, channel } => {
                (Channel, Went, "Channel deleted", Nobody, Named::One(topic, from_ref(channel)))
            }
            Change::Identified { claim, .. } => (Producer, Came, "Identified", Claim(claim), nothing),
            Change::Registered { claim, topics } => (Producer, Came, "Registered", Claim(claim), Named::Many(topics)),
            Change::Unregistered { claim, topic, channel } => {
                (Producer, Went, "Unregistered", Claim(claim), Named::One(topic, channel.as_slice()))
            }
            Change::Announced { claim, topics, .. } => (Producer, Came, "Announced", Claim(claim), Named::Many(topics)),
            Change::Left { claim } => (Producer, Went, "Left", Claim(claim), Named::Many(&self.served)),
            Change::Silent { claim, .. } => (Liveness, Doubt, "Fell silent", Claim(claim), nothing),
            Change::Heard { claim } => (Liveness, Came, "Heard again", Claim(claim), nothing),
            Change::Tombstoned { topic, node, .. } => {
                (Tombstone, Hidden, "Tombstoned", Node(node), Named::One(topic, &[]))
            }
            Change::TombstoneForgotten { topic, node } => {
                (Tombstone, Came, "Tombstone forgotten", Node(node), Named::One(topic, &[]))
            }
            Change::AgentStarted { agent, .. } => (Agent, Came, "Agent started", Who::Agent(agent), nothing),
            Change::AgentSilent { agent, .. } => (Agent, Doubt, "Agent fell silent", Who::Agent(agent), nothing),
            Change::AgentHeard { agent } => (Agent, Came, "Agent heard again", Who::Agent(agent), nothing),
            Change::CompletionAsked { topic, node } => {
                (Tombstone, Hidden, "nsqd asked to delete", Node(node), Named::One(topic, &[]))
            }
            Change::CompletionEnded { topic, node, problem: None } => {
                (Tombstone, Went, "Deleted by nsqd", Node(node), Named::One(topic, &[]))
            }
            Change::CompletionEnded { topic, node, .. } => {
                (Tombstone, Doubt, "Not deleted by nsqd", Node(node), Named::One(topic, &[]))
            }
            Change::AgentForgotten { agent } => (Agent, Went, "Agent forgotten", Who::Agent(agent), nothing),
        };
        Told { kind, tone, words, who, named }
    }
}

impl Told<'_> {
    fn names(&self, topic: &str) -> bool {
        self.named.any(&|name, _| **name == *topic)
    }

    /// Whether it has this in any text that is shown of it.
    fn says(&self, search: &str) -> bool {
        if search.is_empty() {
            return true;
        }
        let (who, via) = self.who.texts();
        [self.words, &who, &via].iter().any(|text| contains(text, search))
            || self.named.any(&|topic, channels| {
                contains(topic, search) || channels.iter().any(|channel| contains(channel, search))
            })
    }
}

/// Writes the changes of a batch down, in order. `before` is the registry that they changed, as far as it is known.
pub fn write_events(batch: Batch, before: &Registry, rows: &mut Vec<EventRow>) {
    let Batch { revision, at, changes } = batch;
    for change in changes {
        let mut served = Topics::new();
        if let Change::Left { claim } = &change {
            for registration in before.lookup_registrations(claim) {
                if registration.subkey.is_empty()
                    && let Ok(topic) = TopicName::parse(registration.key)
                {
                    served.push((topic, Vec::new()));
                }
            }
        }
        rows.push(EventRow { revision, at, change, served });
    }
}

/// Which events are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventFilter<'a> {
    /// What they are about.
    pub kind: Option<EventKind>,
    /// The topic that they name, or whose producers they are about; empty for any.
    pub topic: &'a str,
    /// What they say, in any case; empty for anything.
    pub search: &'a str,
}

/// Those of `all`, which is oldest first, that match, by place and newest first. What isn't known is among them: it may
/// have matched. `registry` tells whose events are a topic's.
pub fn find_events(all: &[Rc<Happening>], filter: &EventFilter<'_>, registry: &Registry) -> Vec<usize> {
    let EventFilter { kind, topic, search } = *filter;
    let search = search.trim().to_ascii_lowercase();
    let mut named: Vec<&Node> = Vec::new();
    let mut serving: Vec<&ClaimKey> = Vec::new();
    if let Some(topic) = registry.topic(topic) {
        serving.extend(topic.producers().map(|producer| producer.key));
    }
    for told in all.iter().filter_map(|happening| event(happening)).map(EventRow::told) {
        if let Some(node) = told.who.node().filter(|node| told.names(topic) && !named.contains(node)) {
            named.push(node);
        }
    }
    let is_of_topic = |told: &Told<'_>| match told.who {
        _ if topic.is_empty() || told.names(topic) => true,
        // What names other topics is no business of this one.
        _ if told.named.count() > 0 => false,
        Who::Claim(ClaimKey { node, .. }) | Who::Node(node) => {
            named.contains(&node) || serving.binary_search_by(|key| key.node.cmp(node)).is_ok()
        }
        Who::Agent(agent) => serving.iter().any(|key| key.via.agent() == Some(agent)),
        Who::Nobody => false,
    };
    let mut found = Vec::new();
    for place in (0..all.len()).rev() {
        let matches = event(&all[place])
            .map(EventRow::told)
            .is_none_or(|told| kind.is_none_or(|kind| kind == told.kind) && is_of_topic(&told) && told.says(&search));
        if matches {
            found.push(place);
        }
    }
    found
}

/// The event, where it is one.
pub fn event(happening: &Happening) -> Option<&EventRow> {
    match happening {
        Happening::Event(row) => Some(row),
        Happening::Unknown { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use lookupd_core::{ProducerInfo, Via};

    use super::*;
    use crate::view::testing::{Fixture, at, info, topic};

    const NODE: &str = "[::1]:4151";

    fn claim(via: Via) -> ClaimKey {
        ClaimKey { node: Node::parse(NODE).unwrap(), via }
    }

    fn channel(name: &str) -> ChannelName {
        ChannelName::parse(name).unwrap()
    }

    fn rows_of(changes: Vec<Change>, before: &Fixture) -> Vec<EventRow> {
        let batch = Batch { revision: 7, at: at(60), changes };
        let mut rows = Vec::new();
        before.read(60, |registry, _, _| write_events(batch.clone(), registry, &mut rows));
        rows
    }

    /// A change of each variant, and how it is told: what about, what, topics and channels, who, via. A variant that comes to be
    /// doesn't compile before it is told of here.
    fn expected(change: &Change) -> (&'static str, &'static str, &'static str, &'static str, &'static str) {
        match change {
            Change::TopicCreated { .. } => ("topic", "Topic created", "t;", "", ""),
            Change::TopicDeleted { .. } => ("topic", "Topic deleted", "t;", "", ""),
            Change::ChannelCreated { .. } => ("channel", "Channel created", "t: c;", "", ""),
            Change::ChannelDeleted { .. } => ("channel", "Channel deleted", "t: c;", "", ""),
            Change::Identified { .. } => ("producer", "Identified", "", NODE, "tcp"),
            Change::Registered { .. } => ("producer", "Registered", "t: c;u;", NODE, "tcp"),
            Change::Unregistered { channel: None, .. } => ("producer", "Unregistered", "t;", NODE, "tcp"),
            Change::Unregistered { .. } => ("producer", "Unregistered", "t: c;", NODE, "tcp"),
            Change::Announced { .. } => ("producer", "Announced", "t: c;u;", NODE, "agent:dc1"),
            Change::Left { .. } => ("producer", "Left", "orders;", NODE, "http"),
            Change::Silent { .. } => ("liveness", "Fell silent", "", NODE, "tcp"),
            Change::Heard { .. } => ("liveness", "Heard again", "", NODE, "tcp"),
            Change::Tombstoned { .. } => ("tombstone", "Tombstoned", "t;", NODE, ""),
            Change::TombstoneForgotten { .. } => ("tombstone", "Tombstone forgotten", "t;", NODE, ""),
            Change::CompletionAsked { .. } => ("tombstone", "nsqd asked to delete", "t;", NODE, ""),
            Change::CompletionEnded { problem: None, .. } => ("tombstone", "Deleted by nsqd", "t;", NODE, ""),
            Change::CompletionEnded { .. } => ("tombstone", "Not deleted by nsqd", "t;", NODE, ""),
            Change::AgentStarted { .. } => ("agent", "Agent started", "", "dc1", ""),
            Change::AgentSilent { .. } => ("agent", "Agent fell silent", "", "dc1", ""),
            Change::AgentHeard { .. } => ("agent", "Agent heard again", "", "dc1", ""),
            Change::AgentForgotten { .. } => ("agent", "Agent forgotten", "", "dc1", ""),
        }
    }

    fn one_of_each() -> Vec<Change> {
        let (topic, channel, agent) = (topic("t"), channel("c"), AgentId::parse("dc1").unwrap());
        let (tcp, node) = (claim(Via::Tcp), claim(Via::Tcp).node);
        let info: ProducerInfo = info(NODE);
        let topics = vec![(topic.clone(), vec![channel.clone()]), (self::topic("u"), vec![])];
        let since = at(50);
        vec![
            Change::TopicCreated { topic: topic.clone() },
            Change::TopicDeleted { topic: topic.clone() },
            Change::ChannelCreated { topic: topic.clone(), channel: channel.clone() },
            Change::ChannelDeleted { topic: topic.clone(), channel: channel.clone() },
            Change::Identified { claim: tcp.clone(), info: info.clone() },
            Change::Registered { claim: tcp.clone(), topics: topics.clone() },
            Change::Unregistered { claim: tcp.clone(), topic: topic.clone(), channel: None },
            Change::Unregistered { claim: tcp.clone(), topic: topic.clone(), channel: Some(channel) },
            Change::Announced { claim: claim(Via::Agent(agent.clone())), info, announced: 7, topics },
            Change::Left { claim: claim(Via::Http) },
            Change::Silent { claim: tcp.clone(), since },
            Change::Heard { claim: tcp },
            Change::Tombstoned { topic: topic.clone(), node: node.clone(), at: since },
            Change::TombstoneForgotten { topic: topic.clone(), node: node.clone() },
            Change::CompletionAsked { topic: topic.clone(), node: node.clone() },
            Change::CompletionEnded { topic: topic.clone(), node: node.clone(), problem: None },
            Change::CompletionEnded { topic, node, problem: Some("no".into()) },
            Change::AgentStarted { agent: agent.clone(), incarnation: 1, since },
            Change::AgentSilent { agent: agent.clone(), since },
            Change::AgentHeard { agent: agent.clone() },
            Change::AgentForgotten { agent },
        ]
    }

    #[test]
    fn every_change_is_told_in_one_line() {
        let before = Fixture::new().serves(NODE, "orders", &["mail"]);
        let changes = one_of_each();
        let rows = rows_of(changes.clone(), &before);
        assert_eq!(rows.len(), changes.len());
        for (row, change) in rows.iter().zip(&changes) {
            let told = row.told();
            let (who, via) = told.who.texts();
            assert_eq!((told.kind.key(), told.words, &*told.named.list(9, ";"), &*who, &*via), expected(change));
            assert_eq!((row.revision, row.at), (7, at(60)));
        }
    }

    #[test]
    fn an_announcement_of_many_topics_is_one_line() {
        let topics: Topics = (0..500).map(|number| (topic(&format!("t{number}")), vec![channel("c")])).collect();
        let rows = rows_of(vec![Change::Registered { claim: claim(Via::Tcp), topics }], &Fixture::new());
        assert_eq!((rows.len(), rows[0].weight()), (1, 1_001));
        assert_eq!(rows[0].told().named.list(2, "\n"), "t0: c\nt1: c\n");
    }

    fn happenings(changes: Vec<Change>, before: &Fixture) -> Vec<Rc<Happening>> {
        let rows = rows_of(changes, before).into_iter();
        rows.map(|row| Rc::new(Happening::Event(row))).collect()
    }

    #[test]
    fn events_are_found_by_kind_topic_and_text() {
        let fixture = Fixture::new();
        let mut all = happenings(one_of_each(), &fixture);
        let found = |all: &[Rc<Happening>], kind, topic, search| -> Vec<&'static str> {
            let filter = EventFilter { kind, topic, search };
            let places = fixture.read(60, |registry, _, _| find_events(all, &filter, registry));
            places.into_iter().map(|place| event(&all[place]).map_or("?", |row| row.told().words)).collect()
        };
        assert_eq!(found(&all, None, "", "").len(), 21);
        assert_eq!(found(&all, Some(EventKind::Liveness), "", ""), ["Heard again", "Fell silent"], "newest first");
        assert_eq!(found(&all, None, "", " TOMBSTONE").len(), 2);
        assert_eq!(found(&all, None, "", "agent:dc1"), ["Announced"]);
        assert_eq!(found(&all, None, "u", "")[..2], ["Heard again", "Fell silent"], "of a producer that it names");
        assert_eq!(found(&all, Some(EventKind::Producer), "u", ""), ["Left", "Announced", "Registered", "Identified"]);
        assert_eq!(found(&all, None, "none", ""), [""; 0]);
        all.insert(9, Rc::new(Happening::Unknown { since: at(1), until: at(2) }));
        assert_eq!(found(&all, None, "none", ""), ["?"], "what isn't known may have matched");
    }

    #[test]
    fn a_topics_events_are_those_of_who_serves_it_too() {
        let agent = AgentId::parse("dc1").unwrap();
        let fixture = Fixture::new().serves_via(NODE, &Via::Agent(agent.clone()), "orders", &[]).serves(
            "other:1",
            "payments",
            &[],
        );
        let other = ClaimKey { node: Node::parse("other:1").unwrap(), via: Via::Http };
        let changes = vec![
            Change::Silent { claim: claim(Via::Agent(agent.clone())), since: at(1) },
            Change::Silent { claim: other.clone(), since: at(1) },
            Change::AgentSilent { agent, since: at(1) },
            Change::AgentSilent { agent: AgentId::parse("dc2").unwrap(), since: at(1) },
            Change::Left { claim: other },
        ];
        let all = happenings(changes, &fixture);
        let of = |topic| {
            let filter = EventFilter { topic, ..EventFilter::default() };
            fixture.read(60, |registry, _, _| find_events(&all, &filter, registry))
        };
        assert_eq!(of("orders"), [2, 0]);
        assert_eq!(of("payments"), [4, 1], "it left, and served this one until then");
    }

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.key()), Some(kind));
        }
        assert_eq!(EventKind::parse("all"), None);
    }
}
