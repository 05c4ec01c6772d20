//! What happened of late, as far as the page saw it: bounded.

use std::rc::Rc;

use lookupd_core::{Batch, CatchUp, Registry, Revision, Timestamp};

use crate::view::{EventRow, Happening, event, write_events};

/// How much is kept: events, and the names in them. Some megabytes where all of them are names.
const MAX_WEIGHT: usize = 50_000;

/// What happened, and since when all of it is known.
#[derive(Debug, Default)]
pub struct Recent {
    /// Oldest first.
    all: Vec<Rc<Happening>>,
    weight: usize,
    /// The number of the first of them: each keeps its own, whatever comes or goes before it.
    first: isize,
    begins: Option<Timestamp>,
    is_filled: bool,
    /// What was there when the list was made to stand still.
    held: Option<Listed>,
}

/// What is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Oldest first.
    pub happenings: Vec<Rc<Happening>>,
    /// The number of the first of them, which it keeps for as long as it is there.
    pub first: isize,
    /// What happened before then isn't known; nothing where all is, from the registry's beginning.
    pub begins: Option<Timestamp>,
    /// Whether that is so by the leader's log, which can't tell more.
    pub is_filled: bool,
}

/// What an answer or a push tells of what happened, if it can be followed.
pub(super) struct Told {
    gap: Option<(Option<Timestamp>, Timestamp)>,
    rows: Vec<EventRow>,
}

impl Told {
    /// What a pushed batch tells to who is at this registry.
    pub(super) fn by_push(bytes: &Vec<u8>, registry: &Registry) -> Self {
        Self { gap: None, rows: rows(std::slice::from_ref(bytes), registry, false) }
    }

    /// What an answer tells to who is at this registry. Where it begins anew, what led to where it begins is unknown, unless
    /// that is where the registry itself began.
    pub(super) fn by_answer(answer: &CatchUp, registry: &Registry, is_loaded: bool) -> Self {
        let rows = rows(&answer.batches, registry, answer.anew);
        let until = rows.first().map_or(answer.now, |row| row.at);
        let is_whole = !answer.anew || (!is_loaded && answer.snapshot.is_empty());
        Self { gap: (!is_whole).then(|| (is_loaded.then(|| registry.at()), until)), rows }
    }
}

/// What batches tell that aren't in the registry yet.
fn rows(batches: &[Vec<u8>], registry: &Registry, anew: bool) -> Vec<EventRow> {
    let mut rows = Vec::new();
    for bytes in batches {
        // What can't be decoded can't be followed either.
        let Ok(batch) = Batch::decode(bytes) else { break };
        // The history that begins anew may be another one, in which a revision tells nothing.
        if batch.revision > registry.revision() || (anew && batch.at > registry.at()) {
            write_events(batch, registry, &mut rows);
        }
    }
    rows
}

impl Recent {
    /// All that is known of a past that ends there.
    pub(super) fn of(all: Vec<Rc<Happening>>, begins: Option<Timestamp>) -> Self {
        Self { all, begins, is_filled: true, ..Self::default() }
    }

    /// Takes over what was told, once it was followed.
    pub(super) fn take(&mut self, told: Told) {
        match told.gap {
            Some((Some(since), until)) => self.push(Happening::Unknown { since, until }),
            Some((None, until)) => self.begins = Some(until),
            None => {}
        }
        for row in told.rows {
            self.push(Happening::Event(row));
        }
        self.forget();
    }

    /// Takes over all that a log tells, which leads to this revision, in place of what is known of that. What came later stays.
    pub(super) fn fill(&mut self, log: &Self, end: Revision) {
        let is_told = |happening: &Rc<Happening>| event(happening).is_some_and(|row| row.revision <= end);
        let later = self.all.iter().rposition(is_told).map_or(0, |last| last + 1);
        let later = self.all.split_off(later);
        self.first += self.all.len() as isize - log.all.len() as isize;
        (self.all, self.begins, self.is_filled) = (log.all.clone(), log.begins, true);
        self.all.extend(later);
        self.weight = self.all.iter().map(|happening| weight(happening)).sum();
        self.forget();
    }

    /// Lets go of the oldest where all of it is too much.
    fn forget(&mut self) {
        let mut gone = 0;
        while self.weight > MAX_WEIGHT && gone + 1 < self.all.len() {
            self.weight -= weight(&self.all[gone]);
            gone += 1;
        }
        if gone > 0 {
            self.all.drain(..gone);
            self.first += gone as isize;
            self.begins = self.all.first().map(|first| match **first {
                Happening::Event(ref row) => row.at,
                Happening::Unknown { until, .. } => until,
            });
        }
    }

    fn push(&mut self, happening: Happening) {
        self.weight += weight(&happening);
        self.all.push(Rc::new(happening));
    }

    /// Lets the list stand still, or go on.
    pub(super) fn hold(&mut self, hold: bool) -> bool {
        let was_held = self.is_held();
        if hold != was_held {
            self.held = hold.then(|| self.now());
        }
        hold != was_held
    }

    /// Whether the list stands still.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// What the list shows: all, or what was there when it was made to stand still.
    pub fn listed(&self) -> Listed {
        self.held.clone().unwrap_or_else(|| self.now())
    }

    /// What came since the list was made to stand still; oldest first.
    pub fn waiting(&self) -> &[Rc<Happening>] {
        let Some(held) = &self.held else { return &[] };
        let next = held.first + held.happenings.len() as isize;
        let place = usize::try_from(next - self.first).unwrap_or_default();
        self.all.get(place..).unwrap_or_default()
    }

    /// All that is kept; oldest first.
    pub fn all(&self) -> &[Rc<Happening>] {
        &self.all
    }

    fn now(&self) -> Listed {
        Listed { happenings: self.all.clone(), first: self.first, begins: self.begins, is_filled: self.is_filled }
    }
}

fn weight(happening: &Happening) -> usize {
    match happening {
        Happening::Event(row) => row.weight(),
        Happening::Unknown { .. } => 1,
    }
}
