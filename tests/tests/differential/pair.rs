//! Both daemons, to which every step is done, and the comparison after it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use lookupd_tests::{Directory, Lookupd};

use crate::{
    conversation::Conversation,
    differences::{self, Moment, Remedy},
    side::{Answer, Heard, Side, shown},
    state::{self, Node, State},
    step::{Ask, CLIENTS, On, Step},
};

/// The real daemon and ours, in the same state.
pub(crate) struct Pair {
    theirs: Side,
    ours: Side,
    talks: [Option<Conversation>; CLIENTS + 1],
    /// What both showed last.
    agreed: State,
    /// What was tombstoned in both, and not unregistered since.
    tombstones: BTreeSet<(String, Node)>,
    hits: Hits,
    /// Where ours keeps its data, if it does.
    data: Option<Directory>,
}

/// How often each documented difference was met.
pub(crate) type Hits = BTreeMap<u8, usize>;

/// What came of a scenario in which nothing undocumented differs.
#[derive(Debug, Default)]
pub(crate) struct Agreement {
    /// How many of its steps could be done.
    pub(crate) steps: usize,
    pub(crate) hits: Hits,
}

/// An undocumented difference.
#[derive(Debug, Clone)]
pub(crate) struct Disagreement {
    /// The step's number in its scenario.
    pub(crate) step: usize,
    pub(crate) what: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

/// Plays a scenario on daemons that were just started. None where they aren't built, and that may be.
pub(crate) fn play(steps: &[Step], durable: bool) -> Option<Result<Agreement, Disagreement>> {
    let mut pair = Pair::start(durable)?;
    let mut done = 0;
    for (number, step) in steps.iter().enumerate() {
        match pair.take(step) {
            Ok(was_done) => done += usize::from(was_done),
            Err(what) => return Some(Err(Disagreement { step: number, what })),
        }
    }
    Some(Ok(Agreement { steps: done, hits: pair.hits }))
}

impl Pair {
    fn start(durable: bool) -> Option<Self> {
        let data = durable.then(Directory::new);
        // Nothing ends by time: how long a step takes isn't to be seen.
        let mut arguments = vec!["-tombstone-lifetime=1h", "-inactive-producer-timeout=1h"];
        let theirs = Side::new(Lookupd::nsqlookupd(&arguments)?, true);
        let path = data.as_ref().map(|folder| folder.path().to_string_lossy().into_owned());
        arguments.extend(path.iter().flat_map(|path| ["--data-path", path]));
        let ours = Side::new(Lookupd::agent(&arguments)?, false);
        let (talks, agreed, tombstones) = Default::default();
        let mut pair = Self { theirs, ours, talks, agreed, tombstones, hits: Hits::new(), data };
        pair.agreed = pair.observe().0;
        Some(pair)
    }

    /// Does a step to both and compares what they say of it, and what they show of their registry then. Says whether the
    /// step could be done.
    fn take(&mut self, step: &Step) -> Result<bool, String> {
        let mut identified = None;
        let said = self.said_with(step);
        match step {
            Step::Ask(ask) => self.ask(ask)?,
            Step::NegativeLength(length) => return self.announce_negative_length(*length).map(|()| true),
            Step::Restart if self.data.is_none() => return Ok(false),
            Step::Restart => return self.restart().map(|()| true),
            Step::Connect(client) if self.talks[*client].is_none() => {
                self.theirs.connect(*client);
                self.ours.connect(*client);
                self.talks[*client] = Some(Conversation::default());
            }
            Step::Send(client, pieces) if self.takes(*client, pieces) => identified = self.send(*client, pieces)?,
            Step::HalfClose(client) if self.talks[*client].is_some() => {
                let (theirs, ours) = (self.theirs.half_close(*client), self.ours.half_close(*client));
                let (theirs, ours) = (theirs?, ours?);
                self.compare_heard(*client, &theirs, &ours)?;
                self.end(*client)?;
            }
            Step::Close(client) | Step::Reset(client) if self.talks[*client].is_some() => {
                // A reset needs an answer that isn't read, so an unfinished command would be finished by it.
                let is_idle = self.talks[*client].as_ref().is_some_and(|talk| !talk.is_within_command());
                let resets = matches!(step, Step::Reset(_)) && is_idle;
                self.theirs.close(*client, resets);
                self.ours.close(*client, resets);
                self.end(*client)?;
            }
            _ => return Ok(false),
        }
        self.compare_states(step, &said, identified.as_deref())?;
        Ok(true)
    }

    /// The commands that a step makes whole, with what was sent of them before.
    fn said_with(&self, step: &Step) -> Vec<u8> {
        let Step::Send(client, pieces) = step else { return Vec::new() };
        let begun = self.talks[*client].as_ref().map(Conversation::unfinished).unwrap_or_default();
        [begun, &pieces.concat()].concat()
    }

    /// Whether a client is there to send this, and doesn't by accident announce a body of negative length or make a line
    /// too long for ours that it began before: of that one, the real daemon would carry the beginning out.
    fn takes(&self, client: usize, pieces: &[Vec<u8>]) -> bool {
        let Some(mut talk) = self.talks[client].clone() else { return false };
        let had_begun = talk.is_within_command();
        talk.said(&pieces.concat());
        talk.announced().is_none_or(|length| length >= 0) && !(had_begun && talk.longest_line() > 4_096)
    }

    fn compare_heard(&mut self, client: usize, theirs: &Heard, ours: &Heard) -> Result<(), String> {
        if theirs == ours {
            return Ok(());
        }
        let talk = self.talks[client].as_ref().ok_or("it talks")?;
        let number = differences::in_frames(talk, theirs, ours)
            .ok_or_else(|| differ("the answers to a client", &heard(theirs), &heard(ours)))?;
        self.hit(number);
        Ok(())
    }

    /// Gives the IDENTIFY that was accepted with it.
    fn send(&mut self, client: usize, pieces: &[Vec<u8>]) -> Result<Option<Vec<u8>>, String> {
        let talk = self.talks[client].as_mut().expect("it talks");
        let knew = talk.identity().is_some();
        let due = talk.said(&pieces.concat());
        let identity = talk.identity().filter(|_| !knew).map(<[u8]>::to_vec);
        self.theirs.send(client, pieces);
        self.ours.send(client, pieces);
        let (theirs, ours) = (self.theirs.hear(client, due), self.ours.hear(client, due));
        let (theirs, ours) = match (theirs, ours) {
            (Ok(theirs), Ok(ours)) => (theirs, ours),
            (theirs, ours) => {
                return Err(differ("the answers to a client", &format!("{theirs:?}"), &format!("{ours:?}")));
            }
        };
        self.compare_heard(client, &theirs, &ours)?;
        if theirs.closed || ours.closed {
            self.end(client)?;
        }
        let greeted = ours.frames.iter().any(|frame| frame.starts_with(b"{"));
        Ok(identity.filter(|_| greeted))
    }

    fn ask(&mut self, ask: &Ask) -> Result<(), String> {
        let (theirs, ours) = (self.theirs.ask(ask), self.ours.ask(ask));
        let (theirs, ours) = (self.theirs.answers(ask, theirs), self.ours.answers(ask, ours));
        if let On::Kept(number) = ask.connection {
            self.theirs.keep_as(number, &mut self.ours);
        }
        if theirs == ours {
            return Ok(());
        }
        let met = differences::in_answers(ask, &theirs, &ours)
            .ok_or_else(|| differ("the answers over HTTP", &answered(&theirs), &answered(&ours)))?;
        met.into_iter().for_each(|number| self.hit(number));
        Ok(())
    }

    /// Ends what is left of a client's connections, and waits until both daemons know.
    fn end(&mut self, client: usize) -> Result<(), String> {
        self.talks[client] = None;
        self.theirs.until_gone(client).map_err(|what| format!("nsqlookupd: {what}"))?;
        self.ours.until_gone(client).map_err(|what| format!("the agent: {what}"))
    }

    /// Compares all that both show. Where a documented difference is seen it is counted, and undone.
    fn compare_states(&mut self, step: &Step, said: &[u8], identity: Option<&[u8]>) -> Result<(), String> {
        for _ in 0..DIFFERENCES_AT_ONCE {
            let (theirs, ours) = self.observe();
            if theirs.answers == ours.answers {
                self.remember_tombstones(&theirs);
                self.agreed = theirs;
                return Ok(());
            }
            let is_connected = matches!(step, Step::Send(client, _) if self.talks[*client].is_some());
            let moment = Moment {
                step,
                said,
                before: &self.agreed,
                theirs: &theirs,
                ours: &ours,
                tombstones: &self.tombstones,
                identified: identity.and_then(|identity| identified(step, &theirs, identity)),
                is_connected,
            };
            let (number, remedies) = differences::in_state(&moment).ok_or_else(|| states_differ(&theirs, &ours))?;
            self.hit(number);
            for remedy in remedies {
                self.undo(remedy)?;
            }
        }
        let (theirs, ours) = self.observe();
        Err(states_differ(&theirs, &ours))
    }

    fn undo(&mut self, remedy: Remedy) -> Result<(), String> {
        match remedy {
            Remedy::ChangeTheirs(path, parameters) => self.theirs.post(path, &parameters),
            Remedy::ChangeOurs(path, parameters) => self.ours.post(path, &parameters),
            Remedy::End(client) => self.end(number_of(&client))?,
            Remedy::Supersede { older, newer } => self.supersede(number_of(&older), number_of(&newer))?,
        }
        Ok(())
    }

    fn supersede(&mut self, older: usize, newer: usize) -> Result<(), String> {
        self.ours.close(older, false);
        self.ours.hand_over(older, newer);
        self.talks[older] = None;
        self.theirs.until_gone(older)?;
        let talk = self.talks[newer].as_mut().ok_or("it has ended")?;
        if talk.is_within_command() {
            return self.end(newer);
        }
        let due = talk.said(b"PING\n");
        for side in [&mut self.theirs, &mut self.ours] {
            side.send(newer, &[b"PING\n".to_vec()]);
            let heard = side.hear(newer, due)?;
            if heard.frames != [b"OK"] {
                return Err(format!("a PING is answered {:?}", shown(&heard.frames)));
            }
        }
        Ok(())
    }

    fn observe(&mut self) -> (State, State) {
        self.theirs.observe();
        self.ours.observe();
        (self.theirs.observed(), self.ours.observed())
    }

    fn remember_tombstones(&mut self, now: &State) {
        let before = &self.agreed;
        self.tombstones.retain(|(topic, node)| {
            let counts = |producer: &state::Producer| producer.node == *node;
            let was_seen_to_end = now.producers.iter().filter(|producer| counts(producer)).any(|producer| {
                let served = before.producer_of(&producer.client).is_some_and(|then| then.topics.contains_key(topic));
                match producer.topics.get(topic) {
                    Some(tombstoned) => !tombstoned,
                    None => served,
                }
            });
            now.topics.contains(topic) && !was_seen_to_end
        });
        self.tombstones.extend(now.tombstones().map(|(topic, producer)| (topic.clone(), producer.node.clone())));
    }

    /// 1: the real daemon ends, ours refuses.
    fn announce_negative_length(&mut self, length: i32) -> Result<(), String> {
        let sent = [&b"  V1IDENTIFY\n"[..], &length.to_be_bytes()].concat();
        for side in [&mut self.theirs, &mut self.ours] {
            side.connect(CLIENTS);
            side.send(CLIENTS, std::slice::from_ref(&sent));
        }
        let ours = self.ours.hear(CLIENTS, 1)?;
        let refusal = b"E_BAD_BODY IDENTIFY failed to read body size".to_vec();
        if ours != (Heard { frames: vec![refusal], closed: true }) {
            return Err(format!("ours says {}", heard(&ours)));
        }
        if !self.theirs.has_ended() {
            return Err("the real daemon goes on".into());
        }
        self.ours.observe();
        let ours = self.ours.observed();
        if ours.answers != self.agreed.answers {
            return Err(states_differ(&self.agreed, &ours));
        }
        self.hit(1);
        Ok(())
    }

    /// 11: the real daemon has forgotten everything, ours nothing.
    fn restart(&mut self) -> Result<(), String> {
        self.theirs.restart();
        self.ours.restart();
        let (theirs, ours) = self.observe();
        if !theirs.topics.is_empty() || !theirs.producers.is_empty() {
            return Err(format!("the real daemon remembers {:?}", theirs.answers));
        }
        if ours.answers != self.agreed.answers {
            return Err(states_differ(&self.agreed, &ours));
        }
        if !ours.topics.is_empty() {
            self.hit(11);
        }
        Ok(())
    }

    fn hit(&mut self, number: u8) {
        *self.hits.entry(number).or_default() += 1;
    }
}

/// Who the step's client has just said it is: as the real daemon lists it, or as it was said where it has ended again.
fn identified(step: &Step, theirs: &State, identity: &[u8]) -> Option<Node> {
    let listed = step.client().and_then(|client| theirs.producer_of(&client));
    listed.map(|producer| producer.node.clone()).or_else(|| node_of(identity))
}

/// The node that an ordinary IDENTIFY names.
fn node_of(identity: &[u8]) -> Option<Node> {
    let identity: serde_json::Value = serde_json::from_slice(identity).ok()?;
    Some(state::node(identity["broadcast_address"].as_str()?, identity["http_port"].as_i64()?))
}

fn number_of(client: &str) -> usize {
    client.trim_start_matches("client ").parse().expect("a client's name")
}

fn differ(what: &str, theirs: &str, ours: &str) -> String {
    format!("{what} differ\n  nsqlookupd: {theirs}\n  the agent:  {ours}")
}

fn states_differ(theirs: &State, ours: &State) -> String {
    let differing = theirs.answers.iter().zip(&ours.answers).filter(|(theirs, ours)| theirs != ours);
    let shown: Vec<_> = differing.map(|(theirs, ours)| differ(&theirs.0, &theirs.1, &ours.1)).collect();
    format!("the states differ:\n{}", shown.join("\n"))
}

fn heard(heard: &Heard) -> String {
    format!("{:?}{}", shown(&heard.frames), if heard.closed { ", closed" } else { "" })
}

fn answered(answers: &[Answer]) -> String {
    let mut text = String::new();
    for Answer { status, reason, headers, body } in answers {
        let body = body.get(..600).unwrap_or(body).escape_debug();
        text.push_str(&format!("\n    {status} {reason} {headers:?} {body}"));
    }
    text + "\n    closed or left"
}

/// What one step can bring at most.
const DIFFERENCES_AT_ONCE: usize = 6;
