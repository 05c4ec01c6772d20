//! The registry as it was: a cluster's log, and the moment of it that is shown.

use std::{fmt::Write, rc::Rc};

use lookupd_core::{LogFile, Registry, Timestamp};

use super::Recent;
use crate::view::{Happening, event, write_events};

/// A log with the state at one moment of it.
#[derive(Debug)]
pub struct Past {
    /// Its batches are in `rows`.
    log: LogFile,
    file: Option<String>,
    /// What happened, oldest first.
    rows: Vec<Rc<Happening>>,
    /// When each batch was decided, and how many rows there are after it.
    batches: Vec<(Timestamp, usize)>,
    picture: String,
    time: Timestamp,
    registry: Registry,
    /// How many rows are in it.
    applied: usize,
    /// The first moment of which the state is known, where something was before.
    begins: Option<Timestamp>,
    recent: Recent,
}

impl Past {
    /// The log at this moment of it. `file` is what it was opened from, where that wasn't the server.
    pub(super) fn new(mut log: LogFile, file: Option<String>, time: Timestamp) -> Self {
        let batches = std::mem::take(&mut log.batches);
        let registry = log.start();
        let mut past = Self {
            begins: (registry.revision() > 0).then(|| registry.at()),
            log,
            file,
            rows: Vec::new(),
            batches: Vec::new(),
            picture: String::new(),
            time,
            registry,
            applied: 0,
            recent: Recent::default(),
        };
        for batch in batches {
            let (at, mut rows) = (batch.at, Vec::new());
            write_events(batch, &past.registry, &mut rows);
            past.rows.extend(rows.into_iter().map(|row| Rc::new(Happening::Event(row))));
            past.batches.push((at, past.rows.len()));
            past.apply(past.rows.len());
        }
        past.picture = past.draw();
        past.show(time);
        past
    }

    /// Goes to a moment; to the nearest one that is in the log.
    pub(super) fn show(&mut self, time: Timestamp) {
        self.time = time.clamp(self.from(), self.until());
        let rows = self.shown().checked_sub(1).map_or(0, |last| self.batches[last].1);
        if rows < self.applied {
            // Nothing can be taken back.
            (self.registry, self.applied) = (self.log.start(), 0);
        }
        self.apply(rows);
        self.recent = Recent::of(self.rows[..rows].to_vec(), self.begins);
    }

    fn apply(&mut self, until: usize) {
        for row in self.rows[self.applied..until].iter().filter_map(|happening| event(happening)) {
            self.registry.apply_one(row.revision, row.at, &row.change);
        }
        self.applied = until;
    }

    /// How many batches had been decided.
    fn shown(&self) -> usize {
        self.batches.partition_point(|(at, _)| *at <= self.time)
    }

    /// The log itself.
    pub fn log(&self) -> &LogFile {
        &self.log
    }

    /// The file that it was opened from; nothing where the server told it.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The moment that is shown.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The registry as it was then.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What had happened by then.
    pub fn recent(&self) -> &Recent {
        &self.recent
    }

    /// The first moment of which the state is known. Where nothing was dropped, that of the first change.
    pub fn from(&self) -> Timestamp {
        self.begins.unwrap_or_else(|| self.batches.first().map_or(self.log.exported_at, |(at, _)| *at))
    }

    /// The last one.
    pub fn until(&self) -> Timestamp {
        self.log.exported_at.max(self.batches.last().map_or(self.from(), |(at, _)| *at))
    }

    /// When the latest change was before this moment.
    pub fn previous(&self) -> Option<Timestamp> {
        let before = self.batches.partition_point(|(at, _)| *at < self.time);
        before.checked_sub(1).map(|place| self.batches[place].0)
    }

    /// When the next change comes.
    pub fn next(&self) -> Option<Timestamp> {
        self.batches.get(self.shown()).map(|(at, _)| *at)
    }

    /// When how much changed: the path of [`BARS`] bars in a picture of [`BARS`] by [`TALLEST`].
    pub fn picture(&self) -> &str {
        &self.picture
    }

    fn draw(&self) -> String {
        let since_start = |time: Timestamp| time.as_millis().saturating_sub(self.from().as_millis());
        // The last moment is in the last bar.
        let width = since_start(self.until()) / BARS as u64 + 1;
        let mut counts = [0_usize; BARS];
        for (at, _) in &self.batches {
            counts[(since_start(*at) / width) as usize] += 1;
        }
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        let mut path = String::new();
        for (place, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            // Writing to a String can't fail. A single change is seen beside thousands.
            let height = (count * TALLEST).div_ceil(most).max(2);
            let _ = write!(path, "M{place} {TALLEST}v-{height}h1v{height}z");
        }
        path
    }
}

/// How many bars the picture has.
pub const BARS: usize = 160;

/// And how tall the tallest is.
pub const TALLEST: usize = 24;
