//! Any moment that the log reaches back to, shown again.

use std::time::Duration;

use crate::scene::{Cluster, START, delete, leave, register, tombstone};
use lookupd_core::{Cursor, NoSuchPast, Registry, Timestamp};

/// A state to the byte, whatever led to it.
pub(crate) fn portrait(registry: &Registry) -> Vec<Vec<u8>> {
    registry.snapshot(Cursor { revision: registry.revision(), ..Cursor::default() })
}

fn as_of(cluster: &Cluster, time: Timestamp) -> Result<Registry, NoSuchPast> {
    cluster.leader.past(time).unwrap().replay()
}

/// Changes a little for so many seconds, and tells the state after each hundredth.
fn remembered(cluster: &mut Cluster, seconds: usize) -> Vec<(Timestamp, Vec<Vec<u8>>)> {
    let mut moments = Vec::new();
    for second in 0..seconds {
        cluster.after(Duration::from_secs(1));
        let (comes, goes) = if second % 2 == 0 { ("a", "b") } else { ("b", "a") };
        cluster.does(&register(comes, ["t c", "u", "v d"][second % 3]));
        cluster.does(&tombstone("t", &format!("{comes}:4151")));
        cluster.does(&leave(goes));
        if second % 100 == 0 {
            moments.push((cluster.now, portrait(cluster.leader.registry())));
        }
    }
    moments
}

#[test]
fn every_moment_since_the_log_began_is_shown_as_it_was() {
    let mut cluster = Cluster::new();
    let moments = remembered(&mut cluster, 1_000);
    assert_eq!(cluster.disk.snapshot_revision(), 0, "nothing is compacted yet");
    cluster.does(&delete("t"));
    for (time, state) in &moments {
        assert_eq!(portrait(&as_of(&cluster, *time).unwrap()), *state);
        let between = time.plus(Duration::from_millis(500));
        assert_eq!(portrait(&as_of(&cluster, between).unwrap()), *state, "until the next change");
    }
    let before = as_of(&cluster, START).unwrap();
    assert_eq!((before.revision(), before.topic_count()), (0, 0), "there was nothing before the first");
    let now = as_of(&cluster, cluster.now.plus(Duration::from_secs(1))).unwrap();
    assert_eq!(portrait(&now), portrait(cluster.leader.registry()), "what is to come is as it is now");
}

#[test]
fn a_compaction_takes_away_the_oldest_moments_alone() {
    let mut cluster = Cluster::new();
    let moments = remembered(&mut cluster, 12_000);
    assert!(cluster.disk.snapshot_revision() > 10_000, "many times over");
    cluster.restarted();
    let shown: Vec<bool> = moments
        .iter()
        .map(|(time, state)| match as_of(&cluster, *time) {
            Ok(registry) => {
                assert_eq!(portrait(&registry), *state);
                true
            }
            Err(problem) => {
                assert!(matches!(problem, NoSuchPast::Forgotten(since) if since > *time), "{problem:?}");
                false
            }
        })
        .collect();
    assert!(shown.is_sorted(), "the oldest are gone");
    assert!(shown.iter().filter(|is_shown| **is_shown).count() > 20, "and not many more than must be");
    assert!(!shown[0]);
}

#[test]
fn a_log_without_the_snapshot_before_it_begins_after_the_one_that_is_there() {
    let mut cluster = Cluster::new();
    let moments = remembered(&mut cluster, 6_000);
    let compacted_at = cluster.disk.snapshot_revision();
    assert!(compacted_at > 0);
    for revision in 1..=100 {
        cluster.disk.lose_log_entry(revision);
    }
    let (latest, earliest) = (&moments[moments.len() - 1], &moments[0]);
    let shown = as_of(&cluster, latest.0).map(|registry| portrait(&registry));
    assert_eq!(shown, Ok(latest.1.clone()));
    let forgotten = as_of(&cluster, earliest.0).map(|registry| portrait(&registry));
    assert!(matches!(forgotten, Err(NoSuchPast::Forgotten(_))), "{forgotten:?}");
}

#[test]
fn a_damaged_log_shows_nothing() {
    let mut cluster = Cluster::new();
    let moments = remembered(&mut cluster, 200);
    cluster.disk.lose_log_entry(50);
    assert_eq!(as_of(&cluster, moments[1].0).map(drop), Err(NoSuchPast::Broken(51)));
    assert!(as_of(&cluster, moments[0].0).is_ok(), "what comes before it is whole");
}
