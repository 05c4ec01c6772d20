//! One client that never stops asking for changes, over TCP and over HTTP, in names of its own.

use std::net::SocketAddr;

use lookupd_tests::{Client, Request, Seed, Session, identify};

use crate::facts::{Effect, Fact, Facts};

pub(crate) struct Writer {
    number: usize,
    seed: Seed,
    pub(crate) facts: Facts,
    pub(crate) acknowledged: usize,
}

/// The agent is gone.
struct Gone;

impl Writer {
    pub(crate) fn new(number: usize, seed: Seed) -> Self {
        Self { number, seed, facts: Facts::default(), acknowledged: 0 }
    }

    /// Writes as fast as it can, until the agent is killed.
    pub(crate) fn write_until_the_end(&mut self, life: usize, tcp: SocketAddr, client: Client) {
        // Another host in each life: those of earlier ones stay known, since nobody ever unregistered them.
        let host = format!("w{}-{life}", self.number);
        let Ok(mut session) = self.connect(&host, tcp) else { return };
        while self.burst(&mut session, &host).and_then(|()| self.ask(&host, client)).is_ok() {}
    }

    fn connect(&mut self, host: &str, tcp: SocketAddr) -> Result<Session, Gone> {
        let mut session = Session::try_open(tcp).map_err(|_| Gone)?;
        let producer = identify(host).to_string();
        session.send_identify(&producer).and_then(|()| session.hear()).map_err(|_| Gone)?;
        Ok(session)
    }

    /// Several commands at once, so that the kill falls among them.
    fn burst(&mut self, session: &mut Session, host: &str) -> Result<(), Gone> {
        let commands: Vec<_> = (0..=self.seed.below(24)).map(|_| self.draw_line()).collect();
        let lines: String = commands.iter().map(Line::text).collect();
        let mut is_gone = session.send(lines.as_bytes()).is_err();
        for line in &commands {
            // What a command ends depends on those before it.
            let effect = line.effect(host, &self.facts);
            match session.hear() {
                Ok(answer) if !is_gone => {
                    assert_eq!(answer, "OK", "{}", line.text());
                    self.facts.acknowledge(effect);
                    self.acknowledged += 1;
                }
                _ => {
                    is_gone = true;
                    self.facts.doubt(effect);
                }
            }
        }
        if is_gone { Err(Gone) } else { Ok(()) }
    }

    /// One request over HTTP.
    fn ask(&mut self, host: &str, client: Client) -> Result<(), Gone> {
        let (request, effect) = self.draw_request(host);
        match client.try_send(&request) {
            Ok(answer) => {
                // A channel that isn't there can't be deleted.
                let is_done = answer.status == 200 || answer.message() == "CHANNEL_NOT_FOUND";
                assert!(is_done, "{request:?} {answer:?}");
                self.facts.acknowledge(effect);
                self.acknowledged += 1;
                Ok(())
            }
            Err(_) => {
                self.facts.doubt(effect);
                Err(Gone)
            }
        }
    }

    fn draw_line(&mut self) -> Line {
        let (topic, channel) = (self.draw_topic(), self.draw_channel());
        match self.seed.below(8) {
            0..5 => Line::Register(topic, Some(channel)),
            5 => Line::Register(topic, None),
            6 => Line::Unregister(topic, Some(channel)),
            _ => Line::Unregister(topic, None),
        }
    }

    fn draw_request(&mut self, host: &str) -> (Request, Effect) {
        let (topic, channel) = (self.draw_topic(), self.draw_channel());
        let post = |target: String| Request::post(target);
        match self.seed.below(8) {
            0 => {
                let makes = vec![Fact::topic(&topic)];
                (post(format!("/topic/create?topic={topic}")), Effect { makes, ends: Vec::new() })
            }
            1 | 2 => {
                let makes = vec![Fact::topic(&topic), Fact::channel(&topic, &channel)];
                (post(format!("/channel/create?topic={topic}&channel={channel}")), Effect { makes, ends: Vec::new() })
            }
            3 => {
                let ends = self.facts.possible(|fact| fact.topic == topic);
                (post(format!("/topic/delete?topic={topic}")), Effect { makes: Vec::new(), ends })
            }
            4 => {
                let ends =
                    self.facts.possible(|fact| fact.topic == topic && fact.channel.as_deref() == Some(&*channel));
                (post(format!("/channel/delete?topic={topic}&channel={channel}")), Effect { makes: Vec::new(), ends })
            }
            5 => {
                // A producer beside the session's, announced over HTTP.
                let other = format!("{host}-http");
                let makes = registered(&topic, Some(&channel), &other);
                let request = post(format!("/register?topic={topic}&channel={channel}"));
                (request.body(identify(&other).to_string()), Effect { makes, ends: Vec::new() })
            }
            _ => {
                // Whom nobody knows can't be hidden.
                let makes = if self.facts.is_there(&Fact::served(&topic, host)) {
                    vec![Fact::hidden(&topic, host)]
                } else {
                    Vec::new()
                };
                let target = format!("/topic/tombstone?topic={topic}&node={host}:4151");
                (post(target), Effect { makes, ends: Vec::new() })
            }
        }
    }

    fn draw_topic(&mut self) -> String {
        format!("w{}-t{}", self.number, self.seed.below(6))
    }

    fn draw_channel(&mut self) -> String {
        format!("c{}", self.seed.below(4))
    }
}

/// A command over TCP.
enum Line {
    Register(String, Option<String>),
    Unregister(String, Option<String>),
}

impl Line {
    fn text(&self) -> String {
        match self {
            Self::Register(topic, channel) => format!("REGISTER {topic} {}\n", channel.as_deref().unwrap_or_default()),
            Self::Unregister(topic, channel) => {
                format!("UNREGISTER {topic} {}\n", channel.as_deref().unwrap_or_default())
            }
        }
    }

    fn effect(&self, host: &str, facts: &Facts) -> Effect {
        match self {
            Self::Register(topic, channel) => {
                Effect { makes: registered(topic, channel.as_deref(), host), ends: Vec::new() }
            }
            Self::Unregister(topic, Some(channel)) => {
                Effect { makes: Vec::new(), ends: vec![Fact::channel_served(topic, channel, host)] }
            }
            Self::Unregister(topic, None) => {
                let is_served = |fact: &Fact| fact.topic == *topic && fact.host.as_deref() == Some(host);
                Effect { makes: Vec::new(), ends: facts.possible(is_served) }
            }
        }
    }
}

fn registered(topic: &str, channel: Option<&str>, host: &str) -> Vec<Fact> {
    let mut facts = vec![Fact::topic(topic), Fact::served(topic, host)];
    if let Some(channel) = channel {
        facts.push(Fact::channel(topic, channel));
        facts.push(Fact::channel_served(topic, channel, host));
    }
    facts
}
