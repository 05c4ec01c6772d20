//! When claims were last heard: soft, the leader's own, and no part of the registry.

use alloc::{collections::BTreeMap, format, vec::Vec};
use core::time::Duration;

use xxhash_rust::xxh64::xxh64;

use crate::{
    change::{Batch, Change, DecodeError, FORMAT, decode, encode},
    command::Command,
    name::TopicName,
    producer::{ClaimKey, Lifetimes, Node},
    registry::Registry,
    time::Timestamp,
};

/// How long a silent claim is kept.
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// What a leader has heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observations {
    heard: BTreeMap<ClaimKey, Heard>,
    swept_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    at: Timestamp,
    /// What of it survives the process.
    saved_at: Timestamp,
}

impl Observations {
    /// Completes what the log told, which was [`learn`](Self::learn)ed, by what was saved.
    pub(crate) fn recall(&mut self, registry: &Registry, saved: Option<&[u8]>) -> Result<(), DecodeError> {
        let saved: Vec<(u64, Timestamp)> = saved.map_or(Ok(Vec::new()), decode)?;
        let mut heard_at: BTreeMap<u64, Timestamp> = BTreeMap::new();
        heard_at.extend(saved);
        for claim in registry.claims() {
            let learned = self.last_heard(claim.key);
            let heard = learned.max(heard_at.get(&short(claim.key)).copied());
            // A claim of which nothing survived was announced at the latest by the latest batch.
            let at = heard.unwrap_or(registry.at());
            self.heard.insert(claim.key.clone(), Heard { at, saved_at: at });
        }
        Ok(())
    }

    /// What survives of what was heard, to be saved. Few bytes a claim, so that all fits one row.
    pub(crate) fn save(&mut self) -> Vec<u8> {
        let mut saved = Vec::with_capacity(self.heard.len());
        for (key, heard) in &mut self.heard {
            heard.saved_at = heard.at;
            saved.push((short(key), heard.at));
        }
        encode(&(FORMAT, saved))
    }

    /// When the claim was last heard, as far as is known.
    pub(crate) fn last_heard(&self, key: &ClaimKey) -> Option<Timestamp> {
        self.heard.get(key).map(|heard| heard.at)
    }

    /// Takes down that the claim is heard now. Says whether too little of that would survive the process.
    pub(crate) fn hear(&mut self, key: &ClaimKey, tolerance: Duration, now: Timestamp) -> bool {
        let heard = self.heard.entry(key.clone()).or_insert(Heard { at: now, saved_at: Timestamp::default() });
        heard.at = now;
        now.since(heard.saved_at) > tolerance
    }

    /// Takes down what a stored batch tells of its claims: it survives with the batch.
    pub(crate) fn learn(&mut self, batch: &Batch) {
        for change in &batch.changes {
            match change {
                Change::Identified { claim, .. }
                | Change::Registered { claim, .. }
                | Change::Announced { claim, .. }
                | Change::Heard { claim } => {
                    self.heard.insert(claim.clone(), Heard { at: batch.at, saved_at: batch.at });
                }
                Change::Left { claim } => {
                    self.heard.remove(claim);
                }
                _ => {}
            }
        }
    }

    /// Whether it is time to look for what fell silent: a third of the timeout after the last look, so that silence is
    /// noticed before it makes a difference. Also where the clock stepped back.
    pub(crate) fn is_sweep_due(&self, lifetimes: &Lifetimes, now: Timestamp) -> bool {
        self.swept_at.is_none_or(|at| now < at || now.since(at) >= lifetimes.sweep_interval())
    }

    /// What to tell the registry now, in commands small enough to be stored.
    pub(crate) fn sweep(&mut self, registry: &Registry, lifetimes: &Lifetimes, now: Timestamp) -> Vec<Command> {
        self.swept_at = Some(now);
        let unheard_for = lifetimes.inactive_producer_timeout / 2;
        let mut silent: Vec<(ClaimKey, Timestamp)> = Vec::new();
        let mut gone: Vec<ClaimKey> = Vec::new();
        for claim in registry.claims() {
            match claim.silent_since {
                Some(since) if now.since(since) > RETENTION => gone.push(claim.key.clone()),
                Some(_) => {}
                None => {
                    let heard_at = self.last_heard(claim.key).unwrap_or(registry.at());
                    if now.since(heard_at) > unheard_for {
                        silent.push((claim.key.clone(), heard_at));
                    }
                }
            }
        }
        let ended: Vec<(TopicName, Node)> = registry
            .tombstones()
            .filter(|(topic, node, at)| !lifetimes.is_tombstoned(Some(*at), now) && !registry.node_serves(node, topic))
            .map(|(topic, node, _)| (topic.clone(), node.clone()))
            .collect();

        let mut commands = Vec::new();
        commands.extend(silent.chunks(SWEPT_AT_ONCE).map(|some| sweep_command(some, &[], &[])));
        commands.extend(gone.chunks(SWEPT_AT_ONCE).map(|some| sweep_command(&[], some, &[])));
        commands.extend(ended.chunks(SWEPT_AT_ONCE).map(|some| sweep_command(&[], &[], some)));
        commands
    }
}

/// Some 400 bytes each at most, so a batch of them stays far below what is stored at once.
const SWEPT_AT_ONCE: usize = 1_000;

fn sweep_command(silent: &[(ClaimKey, Timestamp)], gone: &[ClaimKey], ended: &[(TopicName, Node)]) -> Command {
    Command::Sweep { silent: silent.to_vec(), gone: gone.to_vec(), ended: ended.to_vec() }
}

/// Stands for a claim where its names would take too much room. Two claims that share it would only be taken for heard
/// together.
fn short(key: &ClaimKey) -> u64 {
    xxh64(format!("{} {}", key.node, key.via).as_bytes(), 0)
}
