//! Having the nsqds that are connected here finish what their tombstones began.

use std::sync::Arc;

use lookupd_core::{ProducerInfo, TopicName};
use tokio::{runtime::Handle, sync::mpsc::WeakSender};

use super::Job;
use crate::completing::Completing;

/// Asks nsqds beside the leader's thread, which waits for nobody.
pub(super) struct Completions {
    completing: Arc<Completing>,
    runtime: Handle,
    /// Weak, so that the thread ends with whoever else may ask it for something.
    jobs: WeakSender<Job>,
}

impl Completions {
    pub(super) fn new(completing: Completing, jobs: WeakSender<Job>) -> Self {
        Self { completing: Arc::new(completing), runtime: Handle::current(), jobs }
    }

    /// Has the nsqd delete the topic, and the leader take down what came of it.
    pub(super) fn begin(&self, nsqd: ProducerInfo, topic: TopicName) {
        let (completing, jobs) = (self.completing.clone(), self.jobs.clone());
        self.runtime.spawn(async move {
            let problem = completing.complete(&nsqd, &topic).await;
            if let Some(jobs) = jobs.upgrade() {
                // Where the owner is gone the process ends.
                let _ = jobs.send(Job::Completed { node: nsqd.node(), topic, problem }).await;
            }
        });
    }
}
