//! How far a tombstone is that an nsqd was asked to complete.

use std::{rc::Rc, time::Duration};

use lookupd_core::{Change, Node, Registry, Revision, Via};

use super::{EventRow, Happening, event};

/// A step on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It is still to come.
    Waiting,
    /// It is done.
    Done,
    /// It won't be, for this reason.
    Failed(String),
}

/// A topic that goes from one node, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// The topic.
    pub topic: String,
    /// The node.
    pub node: String,
    /// What was known before it was asked for.
    pub since: Revision,
}

impl Leaving {
    /// The steps, as far as the registry and what happened (oldest first) tell: hidden, asked, deleted, gone. `waited` is for how
    /// long.
    pub fn steps(&self, registry: &Registry, happened: &[Rc<Happening>], waited: Duration) -> [StepState; 4] {
        let mut asked = false;
        let mut ended = None;
        let recent = happened.iter().rev().filter_map(|happening| event(happening));
        for EventRow { change, .. } in recent.take_while(|row| row.revision > self.since) {
            match change {
                Change::CompletionAsked { topic, node } if self.is(topic, node) => asked = true,
                // Where several agents were asked, one that could is enough.
                Change::CompletionEnded { topic, node, problem }
                    if self.is(topic, node) && ended != Some(StepState::Done) =>
                {
                    ended = Some(problem.clone().map_or(StepState::Done, StepState::Failed));
                }
                _ => {}
            }
        }
        let is_gone = !serves(registry, &self.topic, &self.node, &|_| true);
        let is_hidden = Node::parse(&self.node).is_ok_and(|node| registry.tombstoned_at(&self.topic, &node).is_some());
        let of = |done| if done { StepState::Done } else { StepState::Waiting };
        let deleted = ended.unwrap_or_else(|| match is_gone {
            true => StepState::Done,
            false if waited > PATIENCE => StepState::Failed("nobody answered: is its agent connected?".into()),
            false => StepState::Waiting,
        });
        [of(is_hidden || is_gone), of(asked || deleted == StepState::Done), deleted, of(is_gone)]
    }

    fn is(&self, topic: &str, node: &Node) -> bool {
        topic == self.topic && node.to_string() == self.node
    }
}

/// Whether the node serves the topic in a way in which its nsqd can be asked for something.
pub fn can_complete(registry: &Registry, topic: &str, node: &str) -> bool {
    serves(registry, topic, node, &|via| *via != Via::Http)
}

fn serves(registry: &Registry, topic: &str, node: &str, is_meant: &dyn Fn(&Via) -> bool) -> bool {
    registry.topic(topic).is_some_and(|entry| {
        entry.producers().any(|producer| producer.key.node.to_string() == node && is_meant(&producer.key.via))
    })
}

/// An agent does it within a minute or not at all.
const PATIENCE: Duration = Duration::from_secs(75);

#[cfg(test)]
mod tests {
    use lookupd_core::{AgentId, Batch, ClaimKey, Command, Limits};

    use super::{
        StepState::{Done, Failed, Waiting},
        *,
    };
    use crate::view::{
        testing::{at, info, topic},
        write_events,
    };

    const NODE: &str = "[::1]:4151";

    /// What a page knows: the registry, and what happened.
    #[derive(Default)]
    struct Seen(Registry, Vec<Rc<Happening>>);

    impl Seen {
        fn command(&mut self, command: &Command) {
            let batch: Batch = self.0.decide(command, &Limits::EDGE, at(0)).unwrap().unwrap();
            let mut rows = Vec::new();
            write_events(batch.clone(), &self.0, &mut rows);
            self.1.extend(rows.into_iter().map(|row| Rc::new(Happening::Event(row))));
            self.0.apply(&batch).unwrap();
        }

        fn steps(&self, since: Revision, waited: u64) -> [StepState; 4] {
            let leaving = Leaving { topic: "t".into(), node: NODE.into(), since };
            leaving.steps(&self.0, &self.1, Duration::from_secs(waited))
        }
    }

    fn via() -> Via {
        Via::Agent(AgentId::parse("x").unwrap())
    }

    fn claim() -> ClaimKey {
        ClaimKey { node: Node::parse(NODE).unwrap(), via: via() }
    }

    fn served() -> Seen {
        let mut seen = Seen::default();
        for name in ["t", "u"] {
            seen.command(&Command::Register { via: via(), info: info(NODE), topic: topic(name), channel: None });
        }
        seen
    }

    fn complete() -> Command {
        Command::CompleteTombstone { topic: topic("t"), node: claim().node }
    }

    fn ended(name: &str, problem: Option<&str>) -> Command {
        Command::EndCompletion { claim: claim(), topic: topic(name), problem: problem.map(String::from) }
    }

    #[test]
    fn each_step_is_seen_as_it_happens() {
        let mut seen = served();
        let since = seen.0.revision();
        assert_eq!(seen.steps(since, 0), [Waiting, Waiting, Waiting, Waiting]);
        seen.command(&complete());
        assert_eq!(seen.steps(since, 1), [Done, Done, Waiting, Waiting]);
        seen.command(&ended("u", Some("of another topic")));
        assert_eq!(seen.steps(since, 2), [Done, Done, Waiting, Waiting]);
        seen.command(&ended("t", None));
        assert_eq!(seen.steps(since, 3), [Done, Done, Done, Waiting]);
        seen.command(&Command::Unregister { claim: claim(), topic: topic("t"), channel: None });
        assert_eq!(seen.steps(since, 3), [Done, Done, Done, Done]);
    }

    #[test]
    fn what_fails_and_what_nobody_answers_is_told() {
        let mut seen = served();
        seen.command(&complete());
        seen.command(&ended("t", Some("of an earlier attempt")));
        let since = seen.0.revision();
        seen.command(&complete());
        assert_eq!(seen.steps(since, 60), [Done, Done, Waiting, Waiting]);
        let nobody = Failed("nobody answered: is its agent connected?".into());
        assert_eq!(seen.steps(since, 76), [Done, Done, nobody, Waiting]);
        seen.command(&ended("t", Some("no")));
        assert_eq!(seen.steps(since, 76), [Done, Done, Failed("no".into()), Waiting]);
        // Another agent could.
        seen.command(&ended("t", None));
        assert_eq!(seen.steps(since, 76)[2], Done);
    }

    #[test]
    fn what_came_as_a_whole_tells_how_it_ended() {
        let mut seen = served();
        seen.command(&complete());
        seen.command(&Command::Leave { claim: claim() });
        seen.1.clear();
        assert_eq!(seen.steps(0, 1), [Done, Done, Done, Done]);
    }

    #[test]
    fn only_what_is_connected_to_an_agent_can_be_asked() {
        let mut seen = served();
        let over_http = info("h:4151");
        seen.command(&Command::Register { via: Via::Http, info: over_http, topic: topic("t"), channel: None });
        let can = |topic, node| can_complete(&seen.0, topic, node);
        assert_eq!([can("t", NODE), can("t", "h:4151"), can("t", "x:1"), can("v", NODE)], [true, false, false, false]);
    }
}
