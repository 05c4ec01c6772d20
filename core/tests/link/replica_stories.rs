//! Stories of a replica: what it takes over, and when it may answer.

use std::time::Duration;

use crate::scene::{SETTINGS, START, Scene, delete, found, register_over_http, tombstone};
use lookupd_core::{
    CannotFollow, Confirmation, FORMAT, GRANT, Leader, Plan, Replica,
    link::{MAX_PUSH_LENGTH, ToFollower},
};

const MS: Duration = Duration::from_millis(1);

fn following(scene: &mut Scene) -> Replica {
    let mut replica = Replica::default();
    scene.pulls(&mut replica);
    replica
}

#[test]
fn a_replica_knows_when_it_may_answer() {
    use Confirmation::{Granted, Needed};
    use Plan::{Answer, AnswerAndRefresh, Forward, RefreshFirst};
    let mut scene = Scene::new();
    assert_eq!(Replica::default().plan(Granted, START), Forward);
    let replica = following(&mut scene);
    let stories = [
        (0, Answer, Answer),
        (249, Answer, Answer),
        (250, Answer, RefreshFirst),
        (500, Answer, RefreshFirst),
        (501, AnswerAndRefresh, RefreshFirst),
        (999, AnswerAndRefresh, RefreshFirst),
        (1000, RefreshFirst, RefreshFirst),
        (9000, RefreshFirst, RefreshFirst),
    ];
    for (age, granted, needed) in stories {
        let now = START.plus(age * MS);
        assert_eq!((replica.plan(Granted, now), replica.plan(Needed, now)), (granted, needed), "at {age} ms");
        assert_eq!(replica.is_fresh(now), age < 1000);
    }
    assert_eq!(replica.plan(Granted, START.minus(MS)), RefreshFirst, "the clock stepped back");
}

#[test]
fn one_refresh_at_a_time_and_no_lock_to_stay_behind() {
    let mut scene = Scene::new();
    let mut replica = following(&mut scene);
    let now = START.plus(600 * MS);
    replica.begin_refresh(now);
    assert_eq!(replica.plan(Confirmation::Granted, now), Plan::Answer);
    // The request that refreshes was cancelled: nobody ever says that it ended.
    let later = START.plus(5000 * MS);
    assert!(!replica.is_refreshing(now.plus(2000 * MS)));
    assert_eq!(replica.plan(Confirmation::Granted, later), Plan::RefreshFirst);
    replica.begin_refresh(now);
    replica.end_refresh();
    assert_eq!(replica.plan(Confirmation::Granted, now), Plan::AnswerAndRefresh);
}

#[test]
fn a_push_is_followed_and_one_that_came_already_is_no_news() {
    let mut scene = Scene::new();
    let mut replica = following(&mut scene);
    scene.does(&register_over_http("a", "t"));
    let pushes = scene.leader.take_pushes();
    assert_eq!(replica.push(&pushes[0], scene.now), Ok(true));
    assert_eq!(replica.push(&pushes[0], scene.now), Ok(false));
    assert_eq!(replica.cursor(), Some(scene.leader.cursor()));
    assert!(!replica.is_behind());
}

#[test]
fn doorbell_beacon_and_resync_lead_to_a_pull() {
    let mut scene = Scene::new();
    let old = following(&mut scene);
    scene.does(&register_over_http("a", "t"));
    let revision = scene.leader.cursor().revision;
    for hint in [ToFollower::Doorbell { revision }, scene.leader.beacon(scene.now), ToFollower::Resync] {
        let mut replica = old.clone();
        assert_eq!(replica.push(&hint, scene.now), Ok(false));
        assert!(replica.is_behind(), "{hint:?}");
        scene.after(MS).pulls(&mut replica);
        assert!(!replica.is_behind(), "{hint:?}");
        assert_eq!(replica.cursor(), Some(scene.leader.cursor()));
    }
}

#[test]
fn a_large_batch_is_only_told_of() {
    let mut scene = Scene::new();
    let mut replica = following(&mut scene);
    let topics =
        (0..2_000).map(|number| (crate::scene::topic(&format!("{number:0>60}")), Default::default())).collect();
    let via = lookupd_core::Via::Http;
    scene.does(&lookupd_core::Command::Announce { via, info: crate::scene::info("a"), topics });
    let pushes = scene.leader.take_pushes();
    assert_eq!(pushes, [ToFollower::Doorbell { revision: 1 }]);
    assert!(pushes[0].encode().len() < MAX_PUSH_LENGTH);
    assert_eq!(replica.push(&pushes[0], scene.now), Ok(false));
    assert!(replica.is_behind());
}

#[test]
fn a_push_that_does_not_follow_changes_nothing() {
    let mut scene = Scene::new();
    let mut replica = following(&mut scene);
    scene.does(&register_over_http("a", "t"));
    scene.does(&register_over_http("b", "t"));
    let pushes = scene.leader.take_pushes();
    assert!(matches!(replica.push(&pushes[1], scene.now), Err(CannotFollow::Gap(_))));
    assert!(replica.is_behind());
    assert_eq!(replica.registry().topic_count(), 0);

    let mut elsewhere = Scene::new();
    elsewhere.does(&register_over_http("c", "u"));
    let other_history = elsewhere.leader.take_pushes();
    assert_eq!(replica.push(&pushes[0], scene.now), Ok(true));
    let ToFollower::Batch { bytes, .. } = &pushes[1] else { panic!("a small batch") };
    let ToFollower::Batch { check, .. } = &other_history[0] else { panic!("a small batch") };
    let forged = ToFollower::Batch { bytes: bytes.clone(), check: *check };
    assert_eq!(replica.push(&forged, scene.now), Err(CannotFollow::Diverged));
    assert_eq!(found(replica.registry(), "t", scene.now), ["a"]);
}

#[test]
fn a_beacon_unmasks_a_leader_that_was_put_back() {
    let mut scene = Scene::new();
    scene.does(&register_over_http("a", "t"));
    let mut replica = following(&mut scene);
    let mut elsewhere = Scene::new();
    elsewhere.does(&register_over_http("b", "t"));
    assert_eq!(replica.push(&elsewhere.leader.beacon(scene.now), scene.now), Err(CannotFollow::Diverged));
    elsewhere.after(MS).pulls(&mut replica);
    assert_eq!(found(replica.registry(), "t", scene.now), ["b"]);
}

#[test]
fn an_unknown_format_is_not_applied_in_part() {
    let mut scene = Scene::new();
    let mut replica = following(&mut scene);
    scene.does(&register_over_http("a", "t"));
    let mut answer = scene.catch_up(&replica);
    let newer = |bytes: &mut Vec<u8>| bytes[0] = FORMAT as u8 + 1;
    scene.does(&register_over_http("b", "u"));
    let whole = scene.catch_up(&replica);
    answer = lookupd_core::CatchUp { batches: whole.batches.clone(), cursor: whole.cursor, ..answer };
    newer(&mut answer.batches[1]);
    assert!(matches!(replica.catch_up(&answer, scene.now, scene.now), Err(CannotFollow::Undecodable(_))));
    assert_eq!(replica.registry().topic_count(), 0, "not the first batch either");
    let mut push = scene.leader.take_pushes().remove(0);
    if let ToFollower::Batch { bytes, .. } = &mut push {
        newer(bytes);
    }
    assert!(matches!(replica.push(&push, scene.now), Err(CannotFollow::Undecodable(_))));
    assert!(replica.is_fresh(scene.now), "and it goes on answering");
}

#[test]
fn a_replica_is_saved_and_restored() {
    let mut scene = Scene::new();
    scene.does(&register_over_http("a", "t"));
    let replica = following(&mut scene);
    let saved = replica.save().unwrap();
    let mut restored = Replica::restore(&saved, SETTINGS.lifetimes, scene.now).unwrap();
    assert_eq!(restored.cursor(), replica.cursor());
    assert!(!restored.is_fresh(scene.now));
    assert_eq!(restored.plan(Confirmation::Granted, scene.now), Plan::RefreshFirst);
    scene.does(&register_over_http("b", "t"));
    scene.after(MS).pulls(&mut restored);
    assert!(restored.is_fresh(scene.now));
    assert_eq!(found(restored.registry(), "t", scene.now), ["a", "b"]);
    assert_eq!(Replica::default().save(), None);
}

#[test]
fn what_a_command_hides_is_held_until_no_fresh_replica_shows_it() {
    let mut scene = Scene::new();
    scene.does(&register_over_http("a", "t"));
    scene.after(2 * GRANT);
    assert_eq!(scene.execute(&tombstone("t", "a")).hold, Duration::ZERO, "nobody was granted anything");
    let replica = following(&mut scene);
    scene.after(400 * MS);
    let hold = scene.execute(&tombstone("t", "a")).hold;
    assert_eq!(hold, 600 * MS);
    assert!(!replica.is_fresh(scene.now.plus(hold)));
    assert!(replica.is_fresh(scene.now.plus(hold - MS)));
    assert_eq!(scene.execute(&register_over_http("b", "t")).hold, Duration::ZERO, "which hides nothing");
    assert_eq!(scene.execute(&delete("t")).hold, 600 * MS);
}

#[test]
fn a_leader_that_has_just_loaded_holds_for_what_the_one_before_granted() {
    let mut scene = Scene::new();
    scene.does(&register_over_http("a", "t"));
    scene.after(9 * GRANT);
    scene.leader = Leader::load(scene.disk.clone(), SETTINGS, scene.now).unwrap();
    assert_eq!(scene.execute(&tombstone("t", "a")).hold, GRANT);
}

#[test]
fn a_leader_of_an_unused_disk_holds_nothing() {
    let mut scene = Scene::new();
    scene.does(&register_over_http("a", "t"));
    assert_eq!(scene.execute(&tombstone("t", "a")).hold, Duration::ZERO, "no leader before it had anything to show");
    following(&mut scene);
    assert_eq!(scene.execute(&tombstone("t", "a")).hold, GRANT);
}

#[test]
fn what_was_hidden_already_is_held_too() {
    let mut scene = Scene::new();
    scene.does(&register_over_http("a", "t"));
    scene.after(2 * GRANT);
    following(&mut scene);
    scene.after(100 * MS);
    assert_eq!(scene.execute(&delete("t")).hold, 900 * MS);
    // Its answer was lost, so whoever asked asks again.
    scene.after(100 * MS);
    let again = scene.execute(&delete("t"));
    assert_eq!((again.changed, again.hold), (false, 800 * MS));
}

#[test]
fn a_clock_that_stepped_back_neither_ends_a_hold_nor_makes_it_longer_than_a_grant() {
    let mut scene = Scene::new();
    scene.does(&register_over_http("a", "t"));
    scene.after(100 * GRANT);
    following(&mut scene);
    scene.now = scene.now.minus(50 * GRANT);
    assert_eq!(scene.execute(&tombstone("t", "a")).hold, GRANT);

    scene.now = START.minus(50 * GRANT);
    scene.restarted();
    assert_eq!(scene.execute(&tombstone("t", "a")).hold, GRANT);
}

#[test]
fn a_late_answer_never_takes_the_state_back() {
    let mut scene = Scene::new();
    scene.does(&register_over_http("a", "t"));
    // Two requests for everything are under way; the one that began later is answered first, and arrives last.
    let (asked_first, asked_later) = (scene.now, scene.now.plus(MS));
    let mut replica = Replica::default();
    let answered_first = scene.catch_up(&replica);
    scene.does(&register_over_http("b", "t"));
    let answered_later = scene.catch_up(&replica);
    let now = scene.after(10 * MS).now;
    assert_eq!(replica.catch_up(&answered_later, asked_first, now), Ok(true));
    assert_eq!(replica.catch_up(&answered_first, asked_later, now), Ok(false));
    assert_eq!(found(replica.registry(), "t", now), ["a", "b"]);
}

#[test]
fn an_answer_that_a_push_overtook_still_proves_the_state_current() {
    let mut scene = Scene::new();
    scene.does(&register_over_http("a", "u"));
    scene.leader.take_pushes();
    let mut replica = following(&mut scene);
    scene.after(2000 * MS).does(&register_over_http("a", "t"));
    let asked_at = scene.now;
    let answer = scene.catch_up(&replica);
    scene.does(&register_over_http("b", "t"));
    let now = scene.after(MS).now;
    for push in scene.leader.take_pushes() {
        replica.push(&push, now).unwrap();
    }
    assert!(!replica.is_fresh(now));
    assert_eq!(replica.catch_up(&answer, asked_at, now), Ok(false));
    assert_eq!(found(replica.registry(), "t", now), ["a", "b"]);
    assert_eq!((replica.age(now), replica.is_fresh(now)), (Some(MS), true));
    assert!(!replica.is_fresh(asked_at.plus(GRANT)), "from when it was asked for");
}

#[test]
fn what_was_missed_while_an_answer_was_on_its_way_is_still_known_to_be_missed() {
    let mut scene = Scene::new();
    let mut replica = following(&mut scene);
    scene.after(MS).does(&register_over_http("a", "t"));
    let (asked_at, answer) = (scene.now, scene.catch_up(&replica));
    scene.does(&register_over_http("b", "t"));
    scene.does(&register_over_http("c", "t"));
    let last = scene.leader.take_pushes().pop().unwrap();
    let now = scene.after(MS).now;
    assert!(replica.push(&last, now).is_err());
    assert_eq!(replica.catch_up(&answer, asked_at, now), Ok(true));
    assert!(replica.is_behind());
}

#[test]
fn a_restored_replica_follows_though_its_clock_is_behind_the_leader_s() {
    let mut scene = Scene::new();
    scene.does(&register_over_http("a", "t"));
    let saved = following(&mut scene).save().unwrap();
    let mut elsewhere = Scene::new();
    elsewhere.does(&register_over_http("b", "t"));
    let clock = START.minus(Duration::from_secs(600));
    let mut restored = Replica::restore(&saved, SETTINGS.lifetimes, clock).unwrap();
    let answer = elsewhere.catch_up(&restored);
    assert_eq!(restored.catch_up(&answer, clock, clock), Ok(true));
    assert_eq!(found(restored.registry(), "t", START), ["b"]);
}
