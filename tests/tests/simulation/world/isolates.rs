//! Isolates, which answer reads from their copies; and whatever was asked for is answered.

use lookupd_core::{CatchUp, Confirmation, Plan, Timestamp};

use super::{BASE, Due, Reading, World};
use crate::checks::Holder;

impl World {
    pub(super) fn read(&mut self, place: usize, needs_confirmation: bool, is_cancelled: bool) {
        let confirmation = if needs_confirmation { Confirmation::Needed } else { Confirmation::Granted };
        let local = self.local(self.isolates[place].ahead_ms);
        let isolate = &mut self.isolates[place];
        let plan = isolate.replica.plan(confirmation, local);
        let (holder, cursor) = (Holder::Isolate(place, isolate.life), isolate.replica.cursor());
        let asks = plan != Plan::Answer;
        if asks {
            isolate.replica.begin_refresh(local);
        }
        if matches!(plan, Plan::Answer | Plan::AnswerAndRefresh) {
            self.checks.answered(&isolate.replica, local, self.now, self.now);
        }
        if asks {
            let reading = Reading { began: self.now, is_cancelled };
            let read = if plan == Plan::RefreshFirst || is_cancelled { Some(reading) } else { None };
            self.travels(Due::Pull { holder, cursor, asked: self.now, read });
        }
    }

    pub(super) fn install(&mut self, place: usize, life: u64, bytes: &[u8], began: u64) {
        let isolate = &self.isolates[place];
        let (local, asked) =
            (self.local(isolate.ahead_ms), Timestamp::from_millis(BASE - 600_000 + isolate.ahead_ms + began));
        let isolate = &mut self.isolates[place];
        if isolate.life != life {
            return;
        }
        let before = isolate.replica.cursor();
        let followed = CatchUp::decode(bytes).map(|answer| isolate.replica.catch_up(&answer, asked, local));
        if !matches!(followed, Ok(Ok(_))) {
            let is_same = isolate.replica.cursor() == before;
            self.checks.expect(22, is_same, || format!("{followed:?}, and a part was applied"));
        }
        self.checks.replica(Holder::Isolate(place, life), &self.isolates[place].replica);
    }

    pub(super) fn pulled(&mut self, holder: Holder, bytes: Option<Vec<u8>>, asked: u64, read: Option<Reading>) {
        match holder {
            Holder::Isolate(place, life) => {
                if self.isolates[place].life != life || read.is_some_and(|read| read.is_cancelled) {
                    return;
                }
                if let Some(bytes) = &bytes {
                    self.install(place, life, bytes, asked);
                }
                let local = self.local(self.isolates[place].ahead_ms);
                let isolate = &mut self.isolates[place];
                isolate.replica.end_refresh();
                let Some(Reading { began, .. }) = read else { return };
                let is_proved =
                    isolate.replica.age(local).is_some_and(|age| lookupd_core::millis(age) <= self.now - began);
                // Else it is marked as stale.
                if isolate.replica.is_fresh(local) || is_proved {
                    self.checks.answered(&self.isolates[place].replica, local, began, self.now);
                }
            }
            Holder::Agent(place, life) => {
                let ahead_ms = self.agents[place].ahead_ms;
                let (local, asked) = (self.local(ahead_ms), Timestamp::from_millis(BASE - 600_000 + ahead_ms + asked));
                let machine = &mut self.agents[place];
                let Some(agent) = machine.process.as_mut().filter(|_| machine.life == life) else { return };
                machine.pulls_until = 0;
                if let Some(answer) = bytes.and_then(|bytes| CatchUp::decode(&bytes).ok()) {
                    let _ = agent.pulled(&answer, asked, local);
                    self.checks.replica(holder, agent.replica());
                } else {
                    machine.pulls_until = self.now + 2_000;
                }
            }
            Holder::Follower(place) => {
                let (local, asked) = (self.local(0), Timestamp::from_millis(BASE - 600_000 + asked));
                let follower = &mut self.followers[place];
                follower.pulls_until = self.now + 2_000;
                if let Some(answer) = bytes.and_then(|bytes| CatchUp::decode(&bytes).ok()) {
                    follower.pulls_until = 0;
                    follower.must_pull = follower.replica.catch_up(&answer, asked, local).is_err();
                    self.checks.replica(holder, &follower.replica);
                }
            }
        }
    }
}
