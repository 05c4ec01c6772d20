//! A replica beside a leader: the state as what the leader stored leads to it, batch by batch.

use std::io;

use lookupd_core::{Batch, CatchUp, Change, Replica, Timestamp, http};

use crate::differences::comparable;
use crate::http::{Client, Request};

/// A replica that is fed by `/v1/snapshot` and `/v1/changes`.
#[derive(Debug, Default)]
pub struct Follower {
    replica: Replica,
    moment: u64,
}

impl Follower {
    /// Asks the leader for what is missing, and follows it. Returns whether that was a whole snapshot.
    ///
    /// # Panics
    ///
    /// When the leader has no answer, or one that doesn't follow on the state.
    pub fn follow(&mut self, leader: Client) -> bool {
        self.try_follow(leader).expect("an answer")
    }

    /// As [`follow`](Self::follow), of a leader that may be gone.
    ///
    /// # Errors
    ///
    /// When the leader has no answer.
    ///
    /// # Panics
    ///
    /// When its answer doesn't follow on the state.
    pub fn try_follow(&mut self, leader: Client) -> io::Result<bool> {
        let cursor = self.replica.cursor();
        let target = cursor.map_or_else(|| "/v1/snapshot".to_owned(), |cursor| format!("/v1/changes?since={cursor}"));
        let answer = leader.try_send(&Request::get(target))?;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("Content-Type"), Some("application/octet-stream"));
        let answer = CatchUp::decode(&answer.body).expect("what the leader encoded");
        self.moment += 1;
        let asked_at = Timestamp::from_millis(self.moment);
        self.replica.catch_up(&answer, asked_at, asked_at).expect("what follows on the state");
        assert_eq!(self.replica.cursor(), Some(answer.cursor));
        Ok(answer.anew)
    }

    /// How many batches led to its state.
    pub fn revision(&self) -> u64 {
        self.replica.registry().revision()
    }

    /// Answers each of these questions as the leader does.
    ///
    /// # Panics
    ///
    /// When it doesn't, or one is no question.
    pub fn assert_agrees(&self, leader: Client, questions: &[&str]) {
        for target in questions {
            let parsed = http::Target::parse(target.as_bytes()).expect("a target");
            let route = http::Route::find("GET", &parsed, None).expect("a route");
            let Ok(http::Request::Read(read)) = http::Request::parse(route, &parsed) else { panic!("{target}") };
            let now = self.replica.leader_now(Timestamp::from_millis(self.moment));
            let own = http::answer(&read, self.replica.registry(), self.replica.lifetimes(), now, |_| None);
            let leaders = leader.get(target);
            assert_eq!(own.status, leaders.status, "{target}");
            let own = comparable(&String::from_utf8_lossy(&own.body), false);
            assert_eq!(own, comparable(&leaders.text(), false), "{target}");
        }
    }

    /// Whether both are at the same point of the same history.
    pub fn is_level_with(&self, other: &Self) -> bool {
        self.replica.cursor() == other.replica.cursor()
    }
}

/// What came of the tombstones that nsqds were to complete, as a leader's log tells it: node and topic, and why it isn't deleted.
///
/// # Panics
///
/// When the leader has no answer that can be read.
pub fn completions(leader: Client) -> Vec<(String, Option<String>)> {
    let answer = CatchUp::decode(&leader.get("/v1/snapshot").body).expect("what the leader encoded");
    let batches = answer.batches.iter().map(|bytes| Batch::decode(bytes).expect("what the leader encoded"));
    let ended = |change| match change {
        Change::CompletionEnded { topic, node, problem } => Some((format!("{node} {topic}"), problem)),
        _ => None,
    };
    batches.flat_map(|batch| batch.changes).filter_map(ended).collect()
}
