//! The registry as plainly as it can be said: sets of statements, searched from end to end.

use std::collections::{BTreeMap, BTreeSet};

use lookupd_core::{Command, Lifetimes, Limits, ProducerInfo, Timestamp};

type Name = String;
/// Node and the way it is announced.
type Who = (String, String);

#[derive(Clone, Default)]
pub(crate) struct Reference {
    pub(crate) now: Timestamp,
    topics: BTreeSet<Name>,
    channels: BTreeSet<(Name, Name)>,
    claims: BTreeMap<Who, Claim>,
    served: BTreeSet<(Who, Name, Option<Name>)>,
    tombstones: BTreeMap<(Name, String), Timestamp>,
    agents: BTreeMap<String, u64>,
    announcements: u64,
}

#[derive(Clone)]
struct Claim {
    info: ProducerInfo,
    announced: u64,
    heard: Timestamp,
    /// Where an agent announces it: since when it hasn't, in the life that it is in.
    unconfirmed_since: Option<Timestamp>,
}

/// What became of a command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    ChannelNotFound,
    UnknownClaim,
    NoAgent,
    Superseded,
    Full,
}

impl Reference {
    pub(crate) fn execute(&mut self, command: &Command, limits: &Limits) -> Verdict {
        let before = self.clone();
        match command {
            Command::CreateTopic { topic } => {
                self.topics.insert(topic.to_string());
            }
            Command::CreateChannel { topic, channel } => {
                self.topics.insert(topic.to_string());
                self.channels.insert((topic.to_string(), channel.to_string()));
            }
            Command::DeleteTopic { topic } => self.drop_topic(topic),
            Command::DeleteChannel { topic, channel } => {
                if !self.channels.contains(&(topic.to_string(), channel.to_string())) {
                    return Verdict::ChannelNotFound;
                }
                self.drop_channel(topic, channel);
            }
            Command::Tombstone { topic, node } | Command::CompleteTombstone { topic, node } => {
                let node = node.to_string();
                let mut serving = self.served.iter().filter(|((who, _), name, _)| *who == node && **name == **topic);
                let serves = serving.clone().next().is_some();
                if serves
                    && matches!(command, Command::CompleteTombstone { .. })
                    && serving.all(|((_, via), ..)| via == "http")
                {
                    return Verdict::NoAgent;
                }
                if serves {
                    self.tombstones.insert((topic.to_string(), node), self.now);
                }
            }
            Command::EndCompletion { .. } => {}
            Command::Identify { via, info } => {
                self.identify((info.node().to_string(), via.to_string()), info);
            }
            Command::Register { via, info, topic, channel } => {
                let who = (info.node().to_string(), via.to_string());
                self.identify(who.clone(), info);
                self.serve(&who, topic, channel.as_deref());
            }
            Command::Announce { via, info, topics } => {
                let who = (info.node().to_string(), via.to_string());
                let wanted: BTreeSet<(Name, Option<Name>)> = topics
                    .iter()
                    .flat_map(|(topic, channels)| {
                        std::iter::once((topic.to_string(), None))
                            .chain(channels.iter().map(|channel| (topic.to_string(), Some(channel.to_string()))))
                    })
                    .collect();
                let had: BTreeSet<_> = self.names_of(&who);
                let is_new = !self.claims.contains_key(&who);
                self.identify(who.clone(), info);
                if had != wanted && !is_new {
                    // What it says anew makes it the one announced latest.
                    self.announcements += 1;
                    if let Some(claim) = self.claims.get_mut(&who) {
                        claim.announced = self.announcements;
                        claim.info = info.clone();
                    }
                }
                // Held against the limits before anything is withdrawn.
                for (topic, channel) in &wanted {
                    self.serve(&who, topic, channel.as_deref());
                }
                if self.exceeds(limits, &before) {
                    return Verdict::Full;
                }
                for (topic, channel) in had.difference(&wanted) {
                    self.withdraw(&who, topic, channel.as_deref());
                }
                return Verdict::Done;
            }
            Command::Unregister { claim, topic, channel } => {
                self.unregister((claim.node.to_string(), claim.via.to_string()), topic, channel.as_deref());
            }
            Command::Leave { claim } => self.leave(&(claim.node.to_string(), claim.via.to_string())),
            Command::Update { claim, unregister, register } => {
                let who = (claim.node.to_string(), claim.via.to_string());
                if !self.claims.contains_key(&who) {
                    return Verdict::UnknownClaim;
                }
                let serve_all = |state: &mut Self| {
                    for (topic, channels) in register {
                        state.serve(&who, topic, None);
                        channels.iter().for_each(|channel| state.serve(&who, topic, Some(channel)));
                    }
                };
                // Held against the limits before anything is withdrawn.
                let mut fullest = self.clone();
                serve_all(&mut fullest);
                if fullest.exceeds(limits, &before) {
                    return Verdict::Full;
                }
                self.hear(&who);
                for (topic, channel) in unregister {
                    self.unregister(who.clone(), topic, channel.as_deref());
                }
                serve_all(self);
                return Verdict::Done;
            }
            Command::StartAgent { agent, incarnation } => {
                let via = format!("agent:{agent}");
                let known = self.agents.get(&agent.to_string()).copied();
                if known > Some(*incarnation) {
                    return Verdict::Superseded;
                }
                if known < Some(*incarnation) {
                    self.agents.insert(agent.to_string(), *incarnation);
                    let now = self.now;
                    for (_, claim) in self.claims.iter_mut().filter(|((_, of), _)| *of == via) {
                        claim.unconfirmed_since = Some(claim.unconfirmed_since.map_or(now, |since| since.min(now)));
                    }
                }
            }
            Command::Settle { agent, nodes } => {
                let via = format!("agent:{agent}");
                let nodes: BTreeSet<String> = nodes.iter().map(ToString::to_string).collect();
                let over: Vec<Who> = self
                    .claims
                    .iter()
                    .filter(|((node, of), claim)| {
                        *of == via && claim.unconfirmed_since.is_none() && !nodes.contains(node)
                    })
                    .map(|(who, _)| who.clone())
                    .collect();
                over.iter().for_each(|who| self.leave(who));
            }
            Command::Sweep { .. } => unreachable!("the leader's own"),
        }
        if self.exceeds(limits, &before) { Verdict::Full } else { Verdict::Done }
    }

    fn exceeds(&self, limits: &Limits, before: &Self) -> bool {
        let most_channels = |channels: &BTreeSet<(Name, Name)>| {
            self.topics.iter().map(|topic| channels.iter().filter(|(name, _)| name == topic).count()).max().unwrap_or(0)
        };
        let grew = |now: usize, before: usize, limit: usize| now > before && now > limit;
        grew(self.topics.len(), before.topics.len(), limits.topics)
            || grew(most_channels(&self.channels), most_channels(&before.channels), limits.channels_per_topic)
            || grew(self.served.len(), before.served.len(), limits.registrations)
            || grew(self.claims.len(), before.claims.len(), limits.claims)
    }

    fn unregister(&mut self, who: Who, topic: &str, channel: Option<&str>) {
        let served = self.served.contains(&(who.clone(), topic.to_string(), None));
        match channel {
            Some(channel) => self.withdraw(&who, topic, Some(channel)),
            None => {
                let names = self.names_of(&who);
                for (_, channel) in names.iter().filter(|(name, _)| name == topic) {
                    self.withdraw(&who, topic, channel.as_deref());
                }
                if served && !self.served.iter().any(|((node, _), name, _)| *node == who.0 && name == topic) {
                    self.tombstones.remove(&(topic.to_string(), who.0));
                }
            }
        }
        self.drop_if_ephemeral(topic, channel);
    }

    fn leave(&mut self, who: &Who) {
        for (topic, channel) in self.names_of(who) {
            self.withdraw(who, &topic, channel.as_deref());
        }
        self.claims.remove(who);
    }

    fn hear(&mut self, who: &Who) {
        let now = self.now;
        if let Some(claim) = self.claims.get_mut(who) {
            (claim.heard, claim.unconfirmed_since) = (now, None);
        }
    }

    fn identify(&mut self, who: Who, info: &ProducerInfo) {
        let now = self.now;
        match self.claims.get_mut(&who) {
            Some(claim) => {
                (claim.heard, claim.unconfirmed_since) = (now, None);
                if claim.info.version != info.version {
                    self.announcements += 1;
                    claim.announced = self.announcements;
                    claim.info = info.clone();
                }
            }
            None => {
                self.announcements += 1;
                let claim =
                    Claim { info: info.clone(), announced: self.announcements, heard: now, unconfirmed_since: None };
                self.claims.insert(who, claim);
            }
        }
    }

    fn serve(&mut self, who: &Who, topic: &str, channel: Option<&str>) {
        self.topics.insert(topic.to_string());
        self.served.insert((who.clone(), topic.to_string(), None));
        if let Some(channel) = channel {
            self.channels.insert((topic.to_string(), channel.to_string()));
            self.served.insert((who.clone(), topic.to_string(), Some(channel.to_string())));
        }
    }

    fn withdraw(&mut self, who: &Who, topic: &str, channel: Option<&str>) {
        if self.served.remove(&(who.clone(), topic.to_string(), channel.map(str::to_string))) {
            self.drop_if_ephemeral(topic, channel);
        }
    }

    fn drop_if_ephemeral(&mut self, topic: &str, channel: Option<&str>) {
        let name = channel.unwrap_or(topic);
        let is_served = self.served.iter().any(|(_, other, of)| other == topic && of.as_deref() == channel);
        if name.ends_with("#ephemeral") && !is_served {
            match channel {
                Some(channel) => self.drop_channel(topic, channel),
                None => self.drop_topic(topic),
            }
        }
    }

    fn drop_topic(&mut self, topic: &str) {
        self.topics.remove(topic);
        self.channels.retain(|(name, _)| name != topic);
        self.served.retain(|(_, name, _)| name != topic);
        self.tombstones.retain(|(name, _), _| name != topic);
    }

    fn drop_channel(&mut self, topic: &str, channel: &str) {
        self.channels.remove(&(topic.to_string(), channel.to_string()));
        self.served.retain(|(_, name, of)| !(name == topic && of.as_deref() == Some(channel)));
    }

    fn names_of(&self, who: &Who) -> BTreeSet<(Name, Option<Name>)> {
        self.served.iter().filter(|(other, ..)| other == who).map(|(_, t, c)| (t.clone(), c.clone())).collect()
    }

    /// When each claim was last heard, but for those of agents: the leader hears of them through these.
    pub(crate) fn heard(&mut self) -> impl Iterator<Item = (&Who, &mut Timestamp)> {
        self.claims
            .iter_mut()
            .filter(|((_, via), _)| !via.starts_with("agent:"))
            .map(|(who, claim)| (who, &mut claim.heard))
    }

    pub(crate) fn topics(&self) -> Vec<&str> {
        self.topics.iter().map(String::as_str).collect()
    }

    pub(crate) fn channels(&self) -> Vec<(&str, &str)> {
        self.channels.iter().map(|(topic, channel)| (topic.as_str(), channel.as_str())).collect()
    }

    pub(crate) fn claims(&self) -> Vec<Who> {
        self.claims.keys().cloned().collect()
    }

    pub(crate) fn served(&self) -> &BTreeSet<(Who, Name, Option<Name>)> {
        &self.served
    }

    /// What consumers of the topic find: node and version.
    pub(crate) fn lookup(&self, topic: &str, lifetimes: &Lifetimes) -> Vec<(String, String)> {
        let mut found: BTreeMap<&String, &Claim> = BTreeMap::new();
        for (who, _, _) in self.served.iter().filter(|(_, name, channel)| name == topic && channel.is_none()) {
            let claim = &self.claims[who];
            let is_active = self.is_active(who, claim, lifetimes);
            let hidden = self
                .tombstones
                .get(&(topic.to_string(), who.0.clone()))
                .is_some_and(|at| self.now.since(*at) < lifetimes.tombstone_lifetime);
            if is_active && !hidden && found.get(&who.0).is_none_or(|other| other.announced < claim.announced) {
                found.insert(&who.0, claim);
            }
        }
        found.into_iter().map(|(node, claim)| (node.clone(), claim.info.version.to_string())).collect()
    }

    fn is_active(&self, who: &Who, claim: &Claim, lifetimes: &Lifetimes) -> bool {
        let silent_since = if who.1.starts_with("agent:") { claim.unconfirmed_since } else { Some(claim.heard) };
        silent_since.is_none_or(|since| self.now.since(since) <= lifetimes.inactive_producer_timeout)
    }

    /// The nodes that are alive, with their topics.
    pub(crate) fn nodes(&self, lifetimes: &Lifetimes) -> Vec<(String, Vec<String>)> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (who, claim) in &self.claims {
            if self.is_active(who, claim, lifetimes) {
                let topics = found.entry(who.0.clone()).or_default();
                topics
                    .extend(self.served.iter().filter(|(w, _, c)| w == who && c.is_none()).map(|(_, t, _)| t.clone()));
            }
        }
        found.into_iter().map(|(node, topics)| (node, topics.into_iter().collect())).collect()
    }
}
