//! The one place that accepts commands for a cluster.

use alloc::vec::Vec;
use core::{fmt, time::Duration};

use crate::{
    change::{Batch, CatchUp, Change, Check, Cursor, DecodeError, MAX_STORED_LENGTH, Revision},
    command::{Command, Limits, Refusal},
    link::ToFollower,
    log_file::History,
    name::TopicName,
    observations::Observations,
    past::Past,
    producer::{AgentId, ClaimKey, Lifetimes, Node},
    registry::{Impact, Registry, Touched},
    store::{LogEntry, Store, Stored, StoredSnapshot},
    time::Timestamp,
};

/// What a leader is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderSettings {
    /// How long producers and tombstones live.
    pub lifetimes: Lifetimes,
    /// How much it holds.
    pub limits: Limits,
    /// How long those who ask for changes may answer others from what they were told: [`GRANT`], or nothing where only those
    /// ask who say how old their answers are.
    pub grant: Duration,
}

/// What isolates on the edge are granted: short, since a tombstone waits for as long, and long enough that one which asks
/// at half of it asks twice a second.
pub const GRANT: Duration = Duration::from_secs(1);

/// A registry, the disk that holds its history, what was heard of its claims, and what it granted to those who follow it.
///
/// A command is decided, stored, applied and answered in one go; what is to be pushed to followers is taken with
/// [`take_pushes`](Self::take_pushes) once it is durable. After [`Fault::NotStored`] the leader may be behind its
/// disk: drop it, and [`load`](Self::load) another.
pub struct Leader<S> {
    store: S,
    settings: LeaderSettings,
    registry: Registry,
    check: Check,
    observations: Observations,
    /// Bytes in the log since the snapshot, and in the snapshot: compaction is due when the former outgrow the latter.
    log_length: usize,
    snapshot_length: usize,
    snapshot_revision: Revision,
    /// Until when somebody may answer from what this leader, or the one before it on this disk, told.
    granted_until: Timestamp,
    pushes: Vec<ToFollower>,
    /// Nothing where nobody asks.
    touched: Option<Touched>,
    /// The same.
    completions: Option<Vec<(TopicName, Node)>>,
    done: Done,
}

/// What became of commands since the leader was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Carried out, whether or not that changed anything.
    pub done: u64,
    /// Refused.
    pub refused: u64,
    /// Perhaps not stored.
    pub not_stored: u64,
}

/// How long a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSize {
    /// Batches since the snapshot.
    pub entries: u64,
    /// Their bytes.
    pub length: usize,
    /// The snapshot's bytes.
    pub snapshot_length: usize,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it changed anything.
    pub changed: bool,
    /// The revision that answers to it: whoever sees this one sees what the command asked for.
    pub revision: Revision,
    /// How long to wait before whoever asked is told: then nobody who may answer from a copy shows what the command hid.
    pub hold: Duration,
}

/// Why a command wasn't carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault<E> {
    /// It can't be; nothing changed.
    Refused(Refusal),
    /// It could not be stored; whether it was is unknown.
    NotStored(E),
}

impl<E: fmt::Display> fmt::Display for Fault<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::NotStored(error) => write!(f, "not stored: {error}"),
        }
    }
}

impl<E: fmt::Display + fmt::Debug> core::error::Error for Fault<E> {}

/// Why a disk gives no leader. Nothing was written to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError<E> {
    /// It can't be read.
    Unreadable(E),
    /// What it holds can't be decoded.
    Undecodable(DecodeError),
    /// Its log doesn't follow on its snapshot, or an entry is not what was stored: the first one that isn't.
    Broken(Revision),
}

impl<E: fmt::Display> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "the registry can't be read: {error}"),
            Self::Undecodable(error) => write!(f, "the stored registry can't be used: {error}"),
            Self::Broken(revision) => write!(f, "the stored registry is broken at revision {revision}"),
        }
    }
}

impl<E: fmt::Display + fmt::Debug> core::error::Error for LoadError<E> {}

impl<E> From<DecodeError> for LoadError<E> {
    fn from(error: DecodeError) -> Self {
        Self::Undecodable(error)
    }
}

impl<S: Store> Leader<S> {
    /// The leader that was there when the disk was last written to, but for what it had only heard. What that one granted is
    /// not known either: as if it had done so just `now`, unless there is nothing that a copy could show.
    ///
    /// # Errors
    /// [`LoadError`] for a disk that can't be read, or whose content isn't whole.
    pub fn load(store: S, settings: LeaderSettings, now: Timestamp) -> Result<Self, LoadError<S::Error>> {
        let Stored { snapshot, log, heard } = store.load().map_err(LoadError::Unreadable)?;
        let (mut registry, Cursor { mut check, .. }) =
            if snapshot.parts.is_empty() { Default::default() } else { Registry::from_snapshot(&snapshot.parts)? };
        if registry.revision() != snapshot.revision {
            return Err(LoadError::Broken(snapshot.revision));
        }
        let mut observations = Observations::default();
        let mut log_length = 0;
        for entry in log {
            let batch = Batch::decode(&entry.bytes)?;
            check = check.next(&entry.bytes);
            let follows = batch.revision == entry.revision && batch.revision > registry.revision();
            if check != entry.check || !follows || registry.apply(&batch).is_err() {
                return Err(LoadError::Broken(entry.revision));
            }
            observations.learn(&batch);
            log_length += entry.bytes.len();
        }
        observations.recall(&registry, heard.as_deref())?;
        let snapshot_revision = snapshot.revision;
        let snapshot_length = length_of(&snapshot);
        let may_be_shown = registry.revision() > 0;
        let granted_until = if may_be_shown { now.max(registry.at()).plus(settings.grant) } else { now };
        Ok(Self {
            store,
            settings,
            registry,
            check,
            observations,
            log_length,
            snapshot_length,
            snapshot_revision,
            granted_until,
            pushes: Vec::new(),
            touched: None,
            completions: None,
            done: Done::default(),
        })
    }

    /// Carries a command out. When this returns, it is stored.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn execute(&mut self, command: &Command, now: Timestamp) -> Result<Outcome, Fault<S::Error>> {
        let executed = self.carry_out(command, now);
        *match executed {
            Ok(_) => &mut self.done.done,
            Err(Fault::Refused(_)) => &mut self.done.refused,
            Err(Fault::NotStored(_)) => &mut self.done.not_stored,
        } += 1;
        executed
    }

    fn carry_out(&mut self, command: &Command, now: Timestamp) -> Result<Outcome, Fault<S::Error>> {
        let now = self.now(now);
        let batch = self.registry.decide(command, &self.settings.limits, now).map_err(Fault::Refused)?;
        let changed = batch.is_some();
        if let Some(batch) = batch {
            self.commit(&batch)?;
        }
        if let Some(claim) = heard_by(command) {
            self.hear(&claim, now)?;
        }
        // Also where it was hidden before: that answer may have been lost, and this one come at once. And never longer than
        // a grant lasts, whatever the clock did since.
        let hold = self.granted_until.since(now).min(self.settings.grant);
        let hold = if command.hides() { hold } else { Duration::ZERO };
        Ok(Outcome { changed, revision: self.registry.revision(), hold })
    }

    /// What the command would add and remove, without changing anything.
    ///
    /// # Errors
    /// [`Refusal`], as if it were carried out.
    pub fn rehearse(&self, command: &Command, now: Timestamp) -> Result<Impact, Refusal> {
        let now = self.now(now);
        let batch = self.registry.decide(command, &self.settings.limits, now)?;
        let batch = batch.unwrap_or(Batch { revision: 0, at: now, changes: Vec::new() });
        fits_a_row(&batch.encode())?;
        Ok(self.registry.impact(&batch))
    }

    /// Takes down what fell silent, where the last look is long ago. Before every read and command this makes answers
    /// right whether or not a timer fired.
    ///
    /// # Errors
    /// [`Fault::NotStored`].
    pub fn sweep(&mut self, now: Timestamp) -> Result<(), Fault<S::Error>> {
        if self.observations.is_sweep_due(&self.settings.lifetimes, self.now(now)) {
            self.look(false, now)
        } else {
            Ok(())
        }
    }

    /// Takes down what fell silent, for the timer that fires each [`Lifetimes::sweep_interval`]: then replicas, which
    /// can't look themselves, learn in time too. Before it, [`hear_agent`](Self::hear_agent) is told of every agent that is
    /// connected: any other is silent. After it, every follower is sent the [`beacon`](Self::beacon).
    ///
    /// # Errors
    /// [`Fault::NotStored`].
    pub fn sweep_now(&mut self, now: Timestamp) -> Result<(), Fault<S::Error>> {
        self.look(true, now)
    }

    fn look(&mut self, hears_agents: bool, now: Timestamp) -> Result<(), Fault<S::Error>> {
        let now = self.now(now);
        let Self { observations, registry, settings, .. } = self;
        for command in observations.sweep(registry, &settings.lifetimes, hears_agents, now) {
            self.carry_out(&command, now)?;
        }
        Ok(())
    }

    /// Takes down that an agent was heard: by the latest of its connection's beginning, its last message and its last ping.
    /// Its home says so before each [`sweep_now`](Self::sweep_now) of all that are connected, and when a connection ends: else
    /// the pings since the last sweep are forgotten with it, and what the agent announced expires too early.
    /// It costs no row, unless the agent was taken for silent: then the next sweep says that it is back.
    ///
    /// Both times are the wall's. Where that stepped back, this leader's clock [stands still](Self::now): so long ago counts.
    pub fn hear_agent(&mut self, agent: &AgentId, at: Timestamp, now: Timestamp) {
        self.observations.hear_agent(agent, self.now(now).minus(now.since(at)));
    }

    /// What was decided since this was asked last, for every follower, oldest first. Push it once it is durable.
    pub fn take_pushes(&mut self) -> Vec<ToFollower> {
        core::mem::take(&mut self.pushes)
    }

    /// Which topics' answers may have become others since this was asked last; any, at the first time. From then on it is
    /// noted: only ask it where somebody waits.
    pub fn take_touched(&mut self) -> Touched {
        self.touched.replace(Touched::default()).unwrap_or(Touched::All)
    }

    /// The tombstones that were to be completed since this was asked last. From the first time on they are noted: only ask it
    /// where nsqds are connected.
    pub fn take_completions(&mut self) -> Vec<(TopicName, Node)> {
        self.completions.replace(Vec::new()).unwrap_or_default()
    }

    /// What tells a follower whether it missed a push, or follows a leader that was superseded.
    pub fn beacon(&self, now: Timestamp) -> ToFollower {
        ToFollower::Beacon { cursor: self.cursor(), now: self.now(now), lifetimes: self.settings.lifetimes }
    }

    /// Replaces the log by a snapshot, where it outgrew the state. Nothing that was acknowledged depends on it: call it
    /// after the answer is made, and where it fails, drop the leader and load another.
    ///
    /// # Errors
    /// Where the disk can't be read or written.
    pub fn compact(&mut self, now: Timestamp) -> Result<(), S::Error> {
        if self.log_length <= 2 * self.snapshot_length + SMALL_LOG {
            return Ok(());
        }
        let revision = self.registry.revision();
        let snapshot = StoredSnapshot { revision, parts: self.registry.snapshot(self.cursor()) };
        let heard = self.observations.save();
        let outdated = self.store.last_before(now.minus(LOG_RETENTION))?.unwrap_or(0);
        let beyond_tail = revision.saturating_sub(LOG_TAIL);
        let begins_at = self.store.earlier()?.revision;
        // The log begins after a snapshot, so that any moment since can be shown; all that is wanted of it stays.
        let drop_through = if begins_at >= beyond_tail && self.snapshot_revision > outdated {
            begins_at
        } else if self.snapshot_revision >= beyond_tail {
            self.snapshot_revision
        } else {
            revision
        };
        self.store.compact(&snapshot, &heard, drop_through)?;
        self.log_length = 0;
        self.snapshot_revision = revision;
        self.snapshot_length = length_of(&snapshot);
        Ok(())
    }

    /// What brings a replica from there to here; the whole state where the cursor is none of this history's. Whoever asked may
    /// answer from it for [`LeaderSettings::grant`].
    ///
    /// # Errors
    /// Where the disk can't be read.
    pub fn catch_up(&mut self, since: Option<Cursor>, now: Timestamp) -> Result<CatchUp, S::Error> {
        let (now, LeaderSettings { lifetimes, grant, .. }) = (self.now(now), self.settings);
        self.granted_until = self.granted_until.max(now.plus(grant));
        let answer = |anew, snapshot, batches| {
            let (cursor, fresh_for) = (self.cursor(), grant);
            CatchUp { now, lifetimes, cursor, anew, snapshot, batches, fresh_for }
        };
        let bytes = |log: Vec<LogEntry>| log.into_iter().map(|entry| entry.bytes).collect();
        if let Some(since) = since
            && let Some(log) = self.log_after(since)?
        {
            return Ok(answer(false, Vec::new(), bytes(log)));
        }
        let snapshot = self.store.snapshot()?.parts;
        let log = self.store.log_from(self.snapshot_revision + 1)?;
        Ok(answer(true, snapshot, bytes(log)))
    }

    /// The entries after the cursor; `None` where the cursor is none of this history's, or so old that the whole state is
    /// shorter.
    fn log_after(&self, since: Cursor) -> Result<Option<Vec<LogEntry>>, S::Error> {
        if since == self.cursor() {
            return Ok(Some(Vec::new()));
        }
        let mut log = self.store.log_from(since.revision)?.into_iter();
        let known = log.next().is_some_and(|entry| entry.revision == since.revision && entry.check == since.check);
        let length: usize = log.as_slice().iter().map(|entry| entry.bytes.len()).sum();
        let is_shortest = since.revision >= self.snapshot_revision || length <= self.snapshot_length + self.log_length;
        Ok((known && is_shortest).then(|| log.collect()))
    }

    /// What leads to the state as it was then, as far back as the log goes.
    ///
    /// # Errors
    /// Where the disk can't be read.
    pub fn past(&self, time: Timestamp) -> Result<Past, S::Error> {
        let until = self.store.last_before(time.plus(Duration::from_millis(1)))?;
        // The nearest one before then leaves least to be replayed.
        let is_recent = until.is_some_and(|until| until >= self.snapshot_revision);
        let History { snapshot, mut log } = if is_recent { self.recent()? } else { self.all_held()? };
        log.retain(|entry| until.is_some_and(|until| entry.revision <= until));
        Ok(Past { time, snapshot, log })
    }

    /// Everything that is held of what was; where that is much, what happened since the latest snapshot.
    ///
    /// # Errors
    /// Where the disk can't be read.
    pub fn history(&self) -> Result<History, S::Error> {
        let all = self.all_held()?;
        if all.length() > LONGEST_HISTORY && all.snapshot.revision < self.snapshot_revision {
            drop(all);
            return self.recent();
        }
        Ok(all)
    }

    fn recent(&self) -> Result<History, S::Error> {
        let snapshot = self.store.snapshot()?;
        let log = self.store.log_from(snapshot.revision + 1)?;
        Ok(History { snapshot, log })
    }

    fn all_held(&self) -> Result<History, S::Error> {
        let snapshot = self.store.earlier()?;
        let log = self.store.log_from(snapshot.revision + 1)?;
        if log.first().is_some_and(|first| first.revision == snapshot.revision + 1) {
            Ok(History { snapshot, log })
        } else {
            // Nothing happened since, or it was left by a release that kept no earlier snapshot.
            self.recent()
        }
    }

    /// Where this leader's history stands.
    pub fn cursor(&self) -> Cursor {
        Cursor { revision: self.registry.revision(), check: self.check }
    }

    /// The leader's clock at this moment of the wall's: one that stepped back stands still until it is past the latest
    /// batch. What is asked of the registry is asked as of this.
    pub fn now(&self, wall: Timestamp) -> Timestamp {
        wall.max(self.registry.at())
    }

    /// The state.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What it was told.
    pub fn settings(&self) -> &LeaderSettings {
        &self.settings
    }

    /// What became of the commands that it was given; those of its own sweeps don't count.
    pub fn done(&self) -> Done {
        self.done
    }

    /// How much is stored.
    pub fn log(&self) -> LogSize {
        LogSize {
            entries: self.registry.revision().saturating_sub(self.snapshot_revision),
            length: self.log_length,
            snapshot_length: self.snapshot_length,
        }
    }

    /// When the claim was last heard, as far as this process knows.
    pub fn last_heard(&self, claim: &ClaimKey) -> Option<Timestamp> {
        self.observations.last_heard(claim)
    }

    /// Whether the command would change nothing but that the claim, which its agent confirmed, is heard again.
    pub(crate) fn would_only_hear(&self, claim: &ClaimKey, command: &Command, now: Timestamp) -> bool {
        let decided = self.registry.decide(command, &self.settings.limits, self.now(now));
        let is_heard = |change: &Change| matches!(change, Change::Heard { .. });
        self.registry.is_confirmed(claim)
            && decided.is_ok_and(|batch| batch.is_none_or(|batch| batch.changes.iter().all(is_heard)))
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), Fault<S::Error>> {
        let bytes = batch.encode();
        fits_a_row(&bytes).map_err(Fault::Refused)?;
        let check = self.check.next(&bytes);
        let length = bytes.len();
        let entry = LogEntry { revision: batch.revision, at: batch.at, check, bytes };
        self.store.append(&entry).map_err(Fault::NotStored)?;
        if let Some(touched) = &mut self.touched {
            batch.changes.iter().for_each(|change| touched.add(change, &self.registry));
        }
        if let Some(completions) = &mut self.completions {
            completions.extend(batch.changes.iter().filter_map(|change| match change {
                Change::CompletionAsked { topic, node } => Some((topic.clone(), node.clone())),
                _ => None,
            }));
        }
        let applied = self.registry.apply(batch);
        debug_assert!(applied.is_ok(), "decided on this very state");
        self.check = check;
        self.log_length += length;
        self.observations.learn(batch);
        self.pushes.push(ToFollower::of_batch(entry));
        Ok(())
    }

    fn hear(&mut self, claim: &ClaimKey, now: Timestamp) -> Result<(), Fault<S::Error>> {
        if self.observations.hear(claim, heard_tolerance(&self.settings.lifetimes), now) {
            let heard = self.observations.save();
            self.store.save_heard(&heard).map_err(Fault::NotStored)?;
        }
        Ok(())
    }
}

impl Lifetimes {
    /// How long an HTTP producer may be unheard: shorter than the timeout by what a leader that lost its memory may have
    /// forgotten of when it was heard.
    pub fn lease(&self) -> Duration {
        self.inactive_producer_timeout - heard_tolerance(self)
    }

    /// How often a leader looks for what fell silent.
    pub fn sweep_interval(&self) -> Duration {
        self.inactive_producer_timeout / 3
    }

    /// How often an HTTP producer should register again.
    pub fn heartbeat_interval(&self) -> Duration {
        self.inactive_producer_timeout / 5
    }
}

/// By how much the saved time of a claim may lag behind what was heard. Longer than the heartbeats' interval, so that
/// one row a minute serves all producers: at the second heartbeat of one since the last row, all others are new too.
fn heard_tolerance(lifetimes: &Lifetimes) -> Duration {
    lifetimes.inactive_producer_timeout / 4
}

/// A log of this many bytes isn't worth compacting.
const SMALL_LOG: usize = 256 << 10;

/// How far back the log reaches behind a snapshot, for replicas that were away.
const LOG_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// And how many entries it has at most.
const LOG_TAIL: Revision = 10_000;

/// A history of more bytes isn't handed out whole: as text it is several times as long, and an object on the edge has 128 MB.
const LONGEST_HISTORY: usize = 8 << 20;

fn length_of(snapshot: &StoredSnapshot) -> usize {
    snapshot.parts.iter().map(Vec::len).sum()
}

fn fits_a_row(bytes: &[u8]) -> Result<(), Refusal> {
    if bytes.len() > MAX_STORED_LENGTH { Err(Refusal::TooLarge { limit: MAX_STORED_LENGTH }) } else { Ok(()) }
}

/// Whose heartbeat the command is. Of what agents announce it hears through them.
fn heard_by(command: &Command) -> Option<ClaimKey> {
    let claim = match command {
        Command::Identify { via, info } | Command::Register { via, info, .. } | Command::Announce { via, info, .. } => {
            ClaimKey { node: info.node(), via: via.clone() }
        }
        _ => return None,
    };
    claim.via.agent().is_none().then_some(claim)
}
