use lookupd_core::{Batch, Change, Check, ClaimKey, DecodeError, Node, ProducerInfo, TopicName, Via, http::Right};

use super::*;
use crate::view::{EventRow, Happening, event};

/// A leader's side of the conversation: encoded batches and the cursor they lead to.
#[derive(Default)]
struct History {
    batches: Vec<Vec<u8>>,
    cursor: Cursor,
}

impl History {
    fn push(&mut self, at: Timestamp, changes: Vec<Change>) {
        let bytes = Batch { revision: self.cursor.revision + 1, at, changes }.encode();
        self.cursor = Cursor { revision: self.cursor.revision + 1, check: self.cursor.check.next(&bytes) };
        self.batches.push(bytes);
    }

    /// The push of a batch.
    fn batch(&self, revision: u64) -> ToFollower {
        let bytes = &self.batches[..revision as usize];
        let check = bytes.iter().fold(Check::default(), |check, bytes| check.next(bytes));
        ToFollower::Batch { bytes: bytes[bytes.len() - 1].clone(), check }
    }

    fn beacon(&self, now: Timestamp) -> ToFollower {
        ToFollower::Beacon { cursor: self.cursor, now, lifetimes: Lifetimes::default() }
    }

    fn since(&self, revision: u64, now: Timestamp) -> CatchUp {
        CatchUp {
            now,
            lifetimes: Lifetimes::default(),
            cursor: self.cursor,
            anew: revision == 0,
            snapshot: vec![],
            batches: self.batches[revision as usize..].to_vec(),
            fresh_for: Duration::ZERO,
        }
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).plus(Duration::from_secs(seconds))
}

fn topic(name: &str) -> Change {
    Change::TopicCreated { topic: TopicName::parse(name).unwrap() }
}

fn answered(store: &mut Store, answer: CatchUp, now: Timestamp) {
    store.update(Event::News(News::Answer { answer, right: Right::Admin, asked_at: now, now }));
}

fn linked(store: &mut Store, link: Link) {
    store.update(Event::News(News::Link(link)));
}

fn pushed(store: &mut Store, message: ToFollower, now: Timestamp) -> bool {
    store.update(Event::News(News::Pushed { message, now }))
}

fn failed(store: &mut Store, problem: Problem, retry_at: Timestamp) {
    store.update(Event::News(News::Failed { problem, retry_at }));
}

#[test]
fn it_follows_the_leader_and_keeps_its_place() {
    let (mut store, mut history) = (Store::default(), History::default());
    assert_eq!((store.connection(), store.cursor()), (Connection::Connecting, None));
    history.push(at(0), vec![topic("a")]);
    answered(&mut store, history.since(0, at(0)), at(0));
    assert_eq!((store.connection(), store.cursor()), (Connection::Connecting, Some(history.cursor)));
    linked(&mut store, Link::Closed);
    assert_eq!(store.connection(), Connection::Polling);
    let epoch = store.epoch();
    answered(&mut store, history.since(1, at(2)), at(2));
    assert_eq!(store.epoch(), epoch, "nothing new");
    history.push(at(3), vec![topic("b")]);
    answered(&mut store, history.since(1, at(4)), at(4));
    assert_ne!(store.epoch(), epoch);
    assert_eq!(store.registry().topic_count(), 2);
}

#[test]
fn a_failure_keeps_what_is_there_and_says_so() {
    let (mut store, mut history) = (Store::default(), History::default());
    failed(&mut store, Problem::Unreachable, at(2));
    assert_eq!(store.connection(), Connection::Connecting, "nothing to show yet");
    history.push(at(0), vec![topic("a")]);
    answered(&mut store, history.since(0, at(0)), at(0));
    assert_eq!(store.problem(), None);
    failed(&mut store, Problem::Unreachable, at(4));
    assert_eq!(store.connection(), Connection::Reconnecting);
    assert_eq!((store.problem(), store.retry_at()), (Some(&Problem::Unreachable), Some(at(4))));
    assert_eq!(store.registry().topic_count(), 1);
    assert_eq!(store.age(at(10)), Some(Duration::from_secs(10)));
    failed(&mut store, Problem::Unauthorized { detail: None }, at(4));
    assert_eq!(store.connection(), Connection::Locked);
    linked(&mut store, Link::Closed);
    answered(&mut store, history.since(1, at(11)), at(11));
    assert_eq!((store.connection(), store.retry_at()), (Connection::Polling, None));
}

#[test]
fn what_cannot_be_followed_is_asked_for_anew() {
    let (mut store, mut history) = (Store::default(), History::default());
    history.push(at(0), vec![topic("a")]);
    answered(&mut store, history.since(0, at(0)), at(0));
    history.push(at(1), vec![topic("b")]);
    history.push(at(1), vec![topic("c")]);
    let mut gap = history.since(1, at(2));
    gap.batches.remove(0);
    answered(&mut store, gap, at(2));
    assert_eq!((store.cursor(), store.registry().topic_count()), (None, 1));
    assert!(matches!(store.problem(), Some(Problem::Garbled { .. })));
    answered(&mut store, history.since(0, at(3)), at(3));
    assert_eq!((store.cursor(), store.registry().topic_count()), (Some(history.cursor), 3));
    assert_eq!(store.problem(), None);
    assert_eq!(CatchUp::decode(&[9, 9]), Err(DecodeError::UnknownFormat(9)));
}

/// A store that follows on a stream, one topic in it.
fn live() -> (Store, History) {
    let (mut store, mut history) = (Store::default(), History::default());
    history.push(at(0), vec![topic("a")]);
    answered(&mut store, history.since(0, at(0)), at(0));
    linked(&mut store, Link::Open);
    assert_eq!((store.connection(), store.standing().is_behind), (Connection::Live, false));
    (store, history)
}

#[test]
fn what_is_pushed_is_there_at_once_and_one_missing_is_asked_for() {
    let (mut store, mut history) = live();
    for name in ["b", "c", "d"] {
        history.push(at(1), vec![topic(name)]);
    }
    let epoch = store.epoch();
    assert!(pushed(&mut store, history.batch(2), at(1)));
    assert_eq!((store.epoch(), store.registry().topic_count()), (epoch + 1, 2));
    assert!(!pushed(&mut store, history.batch(4), at(1)), "a gap");
    assert_eq!((store.standing().is_behind, store.registry().topic_count()), (true, 2));
    assert!(!pushed(&mut store, history.batch(2), at(1)), "once more");
    answered(&mut store, history.since(2, at(2)), at(2));
    assert_eq!((store.standing().is_behind, store.registry().topic_count()), (false, 4));
    assert_eq!((store.problem(), store.connection()), (None, Connection::Live));
    for message in [ToFollower::Resync, ToFollower::Doorbell { revision: 9 }] {
        pushed(&mut store, message, at(3));
        assert!(store.standing().is_behind);
        answered(&mut store, history.since(4, at(4)), at(4));
        assert!(!store.standing().is_behind);
    }
}

#[test]
fn a_leader_that_was_put_back_is_asked_and_no_answer_from_before_settles_that() {
    let (mut store, _) = live();
    let elsewhere = ToFollower::Beacon { cursor: Cursor::default(), now: at(5), lifetimes: Lifetimes::default() };
    pushed(&mut store, elsewhere, at(5));
    assert!(store.standing().is_behind);
    let empty = CatchUp { anew: true, ..History::default().since(0, at(5)) };
    store.update(Event::News(News::Answer { answer: empty.clone(), right: Right::Admin, asked_at: at(4), now: at(6) }));
    assert!(store.standing().is_behind);
    answered(&mut store, empty, at(6));
    assert_eq!((store.standing().is_behind, store.registry().topic_count()), (false, 0));
}

#[test]
fn a_beacon_says_that_all_is_well_again() {
    let (mut store, mut history) = live();
    failed(&mut store, Problem::Timeout, at(9));
    assert!(pushed(&mut store, history.beacon(at(8)), at(8)));
    assert_eq!((store.problem(), store.connection()), (None, Connection::Live));
    failed(&mut store, Problem::Timeout, at(9));
    history.push(at(8), vec![topic("b")]);
    pushed(&mut store, history.beacon(at(8)), at(8));
    assert_eq!(store.connection(), Connection::Reconnecting, "something is missing that could not be asked for");
}

#[test]
fn an_unknown_format_is_told_apart_and_keeps_what_is_there() {
    let (mut store, _) = live();
    let unknown = ToFollower::Batch { bytes: vec![9, 9], check: Check::default() };
    assert!(pushed(&mut store, unknown, at(1)));
    assert_eq!((store.problem(), store.registry().topic_count()), (Some(&Problem::UnknownFormat), 1));
    assert!(store.standing().is_behind);
    let mut answer = History::default().since(0, at(2));
    (answer.batches, answer.anew) = (vec![vec![9, 9]], true);
    answered(&mut store, answer, at(2));
    assert_eq!((store.problem(), store.registry().topic_count()), (Some(&Problem::UnknownFormat), 1));
}

#[test]
fn data_is_as_old_as_the_last_that_was_heard_while_nothing_was_missing() {
    let (mut store, history) = live();
    let age = |store: &Store, now: u64| store.age(at(now)).unwrap().as_secs();
    assert_eq!(age(&store, 100), 100);
    store.update(Event::News(News::Heard { as_of: at(95) }));
    assert_eq!(age(&store, 100), 5);
    pushed(&mut store, ToFollower::Resync, at(99));
    store.update(Event::News(News::Heard { as_of: at(99) }));
    assert_eq!(age(&store, 100), 5, "something is missing");
    answered(&mut store, history.since(1, at(100)), at(100));
    assert_eq!(age(&store, 101), 1);
}

#[test]
fn a_stream_that_is_back_at_once_is_not_read_aloud() {
    let (mut store, _) = live();
    let mut said = vec![];
    for second in 1..40 {
        match second {
            10 | 20 => linked(&mut store, Link::Closed),
            11 | 30 => linked(&mut store, Link::Open),
            _ => {}
        }
        store.update(Event::Tick(at(second)));
        if said.last() != Some(&store.said()) {
            said.push(store.said());
        }
    }
    assert_eq!(said, [Connection::Connecting, Connection::Live, Connection::Polling, Connection::Live]);
}

#[test]
fn what_may_be_done_is_what_the_server_said_last() {
    let mut store = Store::default();
    assert!(!store.may(Right::Read), "nobody said anything yet");
    let answered = |store: &mut Store, right| {
        let answer = History::default().since(0, at(0));
        store.update(Event::News(News::Answer { answer, right, asked_at: at(0), now: at(0) }));
    };
    answered(&mut store, Right::Register);
    assert_eq!([Right::Read, Right::Register, Right::Admin].map(|right| store.may(right)), [true, true, false]);
    failed(&mut store, Problem::Unreachable, at(1));
    assert!(store.may(Right::Register), "it may be back at once");
    failed(&mut store, Problem::Unauthorized { detail: None }, at(1));
    assert!(!store.may(Right::Read));
    answered(&mut store, Right::Admin);
    assert!(store.may(Right::Admin));
}

#[test]
fn hidden_or_held_it_pauses() {
    let mut store = Store::default();
    assert!(store.update(Event::Hidden(true)));
    assert!(!store.update(Event::Hidden(true)), "no news");
    assert_eq!(store.connection(), Connection::Paused);
    store.update(Event::Held(true));
    store.update(Event::Hidden(false));
    assert!(store.is_paused() && store.is_held());
    store.update(Event::Held(false));
    assert!(!store.is_paused());
}

#[test]
fn the_clock_alone_changes_what_is_shown_where_something_ends() {
    let (mut store, mut history) = (Store::default(), History::default());
    let node = Node::parse("a:1").unwrap();
    let claim = ClaimKey { node: node.clone(), via: Via::Http };
    let info = ProducerInfo {
        remote_address: "".into(),
        hostname: "".into(),
        broadcast_address: "a".into(),
        tcp_port: 4150.try_into().unwrap(),
        http_port: 1.try_into().unwrap(),
        version: "1".into(),
        topology_zone: "".into(),
        topology_region: "".into(),
    };
    let name = TopicName::parse("t").unwrap();
    let topics = vec![(name.clone(), vec![])];
    history.push(at(0), vec![Change::Announced { claim: claim.clone(), info, announced: 1, topics }]);
    history.push(at(10), vec![Change::Tombstoned { topic: name, node, at: at(10) }]);
    history.push(at(20), vec![Change::Silent { claim, since: at(20) }]);
    // The leader's clock is 100 s behind ours.
    answered(&mut store, history.since(0, at(20)), at(120));
    assert_eq!(store.now(), at(20));
    let epoch = store.epoch();
    assert!(!store.update(Event::Tick(at(154))));
    assert!(store.update(Event::Tick(at(155))), "the tombstone ends 45 s after it was set");
    assert!(!store.update(Event::Tick(at(420))), "silent for 300 s is active still");
    assert!(store.update(Event::Tick(at(421))));
    assert!(!store.update(Event::Tick(at(9_999))), "nothing else ends");
    assert_eq!(store.epoch(), epoch + 2);
    assert_eq!(Check::default(), Cursor::default().check);
}

/// What is listed, oldest first: topics that events name, and `?` for what isn't known.
fn listed(happenings: &[std::rc::Rc<Happening>]) -> String {
    let names = happenings.iter().map(|happening| {
        let topic = |row: &EventRow| row.told().named.get(0).map(|(topic, _)| topic.to_string());
        event(happening).map_or(Some("?".into()), topic).unwrap_or_default()
    });
    names.collect::<Vec<String>>().join(" ")
}

fn listed_by(store: &Store) -> String {
    listed(&store.recent().listed().happenings)
}

#[test]
fn every_change_is_an_event_once_pushed_or_asked_for() {
    let (mut store, mut history) = live();
    for name in ["b", "c", "d", "e"] {
        history.push(at(1), vec![topic(name)]);
    }
    pushed(&mut store, history.batch(2), at(1));
    pushed(&mut store, history.batch(2), at(1));
    pushed(&mut store, history.batch(4), at(1));
    assert_eq!(listed_by(&store), "a b", "what can't be applied yet is no event yet");
    answered(&mut store, history.since(1, at(2)), at(2));
    pushed(&mut store, history.batch(4), at(2));
    answered(&mut store, history.since(2, at(3)), at(3));
    assert_eq!(listed_by(&store), "a b c d e");
    assert_eq!(store.recent().listed().begins, None, "the registry's first batch is among them");
}

#[test]
fn what_came_as_a_whole_is_a_gap() {
    let mut history = History::default();
    history.push(at(1), vec![topic("a")]);
    let registry = {
        let (mut store, _) = live();
        answered(&mut store, history.since(0, at(1)), at(1));
        store.registry().snapshot(history.cursor)
    };
    let whole = |history: &History, now| CatchUp { snapshot: registry.clone(), anew: true, ..history.since(1, now) };
    let mut store = Store::default();
    history.push(at(5), vec![topic("b")]);
    answered(&mut store, whole(&history, at(6)), at(6));
    assert_eq!((listed_by(&store), store.recent().listed().begins), ("b".into(), Some(at(5))));
    history.push(at(7), vec![topic("c")]);
    history.push(at(9), vec![topic("d")]);
    answered(&mut store, whole(&history, at(10)), at(10));
    assert_eq!(listed_by(&store), "b ? c d");
    let gap = Happening::Unknown { since: at(5), until: at(7) };
    assert_eq!(*store.recent().listed().happenings[1], gap, "up to what is known again");
}

#[test]
fn a_list_that_stands_still_loses_nothing() {
    let (mut store, mut history) = live();
    assert!(store.update(Event::EventsHeld(true)));
    assert!(!store.update(Event::EventsHeld(true)), "no news");
    for (place, name) in ["b", "c"].into_iter().enumerate() {
        history.push(at(1), vec![topic(name)]);
        pushed(&mut store, history.batch(place as u64 + 2), at(1));
    }
    assert_eq!((listed_by(&store), listed(store.recent().waiting())), ("a".into(), "b c".into()));
    store.update(Event::EventsHeld(false));
    assert_eq!((listed_by(&store), listed(store.recent().waiting())), ("a b c".into(), String::new()));
}

#[test]
fn the_oldest_events_go_when_too_much_is_named() {
    let (mut store, mut history) = live();
    store.update(Event::EventsHeld(true));
    let topics: Vec<Change> = (0..20_000).map(|number| topic(&format!("t{number}"))).collect();
    for revision in 2..=4 {
        history.push(at(revision), topics.clone());
        pushed(&mut store, history.batch(revision), at(revision));
    }
    assert_eq!(listed_by(&store), "a", "what stands still stays");
    let recent = store.recent();
    assert_eq!((recent.all().len(), recent.waiting().len()), (25_000, 25_000));
    store.update(Event::EventsHeld(false));
    let listed = store.recent().listed();
    assert_eq!((listed.first, listed.begins), (35_001, Some(at(3))));
}

/// A log of a topic a second, each deleted two seconds later, and the registry after each second.
fn log(seconds: u64) -> (LogFile, Vec<Registry>) {
    let (mut start, mut registries) = (Registry::default(), vec![]);
    let mut batches = vec![];
    for second in 0..seconds {
        let mut changes = vec![topic(&format!("t{second}"))];
        if let Some(before) = second.checked_sub(2) {
            changes.push(Change::TopicDeleted { topic: TopicName::parse(&format!("t{before}")).unwrap() });
        }
        let batch = Batch { revision: second + 1, at: at(second), changes };
        start.apply(&batch).unwrap();
        registries.push(start.clone());
        batches.push(batch);
    }
    let lifetimes = Lifetimes { tombstone_lifetime: Duration::from_secs(7), ..Lifetimes::default() };
    let file = LogFile { cluster: "west".into(), exported_at: at(seconds), lifetimes, snapshot: vec![], batches };
    (file, registries)
}

fn names(registry: &Registry) -> Vec<String> {
    registry.topics().map(|topic| topic.name().to_string()).collect()
}

fn travelled(store: &mut Store, to: Option<u64>) {
    assert!(store.update(Event::Travelled(to.map(at))));
}

#[test]
fn every_moment_of_the_log_is_shown_whichever_way_one_comes_to_it() {
    let (mut store, _) = live();
    let (file, registries) = log(50);
    travelled(&mut store, Some(20));
    assert!(!store.is_loaded(), "what is now isn't shown as then");
    store.update(Event::Logged(Ok(Box::new(file))));
    for second in [20, 3, 4, 49, 0, 30, 29, 30] {
        let epoch = store.epoch();
        travelled(&mut store, Some(second));
        assert_ne!(store.epoch(), epoch);
        assert_eq!(names(store.registry()), names(&registries[second as usize]), "{second}");
        assert_eq!((store.now(), store.leader_now(at(9_999))), (at(second), at(second)));
        assert_eq!(store.lifetimes().tombstone_lifetime, Duration::from_secs(7));
        let told = store.recent().all().len() as u64;
        assert_eq!(told, 2 * (second + 1) - (second + 1).min(2), "what happened until then");
        let past = store.past().unwrap();
        assert_eq!(past.previous(), second.checked_sub(1).map(at));
        assert_eq!(past.next(), (second < 49).then(|| at(second + 1)));
    }
    for (asked, shown) in [(0, 0), (9_999, 50)] {
        travelled(&mut store, Some(asked));
        assert_eq!(store.past().unwrap().time(), at(shown), "the nearest that there is");
    }
    let early = at(0).minus(Duration::from_secs(60));
    store.update(Event::Travelled(Some(early)));
    assert_eq!((store.past().unwrap().time(), store.wanted()), (at(0), Some(early)));
}

#[test]
fn the_feed_goes_on_beneath_and_nothing_may_be_done() {
    let (mut store, mut history) = live();
    assert!(store.may(Right::Admin));
    travelled(&mut store, Some(5));
    assert!(!store.may(Right::Register), "as soon as it is asked for");
    store.update(Event::Logged(Ok(Box::new(log(9).0))));
    history.push(at(100), vec![topic("b")]);
    assert!(pushed(&mut store, history.batch(2), at(100)));
    store.update(Event::Tick(at(200)));
    assert_eq!((names(store.registry()), store.now()), (vec!["t4".to_owned(), "t5".to_owned()], at(5)));
    assert_eq!((store.connection(), store.cursor()), (Connection::Live, Some(history.cursor)));
    assert!(!store.may(Right::Register));
    travelled(&mut store, None);
    assert_eq!((names(store.registry()), store.now() >= at(100)), (vec!["a".to_owned(), "b".to_owned()], true));
    assert!(store.may(Right::Admin) && store.past().is_none());
}

#[test]
fn a_log_that_nobody_waits_for_is_dropped_and_one_that_is_missing_is_said_to_be() {
    let (mut store, _) = live();
    store.update(Event::Logged(Ok(Box::new(log(9).0))));
    assert!(store.past().is_none());
    travelled(&mut store, Some(5));
    store.update(Event::Logged(Err(Problem::Timeout)));
    assert_eq!((store.no_log(), store.is_loaded()), (Some(&Problem::Timeout), false));
    travelled(&mut store, Some(5));
    assert_eq!(store.no_log(), None, "asked once more");
    travelled(&mut store, None);
    assert!(store.is_loaded());
}

#[test]
fn a_file_is_shown_until_it_is_closed_with_or_without_a_server() {
    let mut store = Store::default();
    failed(&mut store, Problem::Unreachable, at(2));
    store.update(Event::Opened("west.ndjson".into(), Box::new(log(9).0)));
    assert!(store.is_loaded() && store.is_offline() && !store.may(Right::Register));
    assert_eq!((names(store.registry()), store.now()), (vec!["t7".to_owned(), "t8".to_owned()], at(9)));
    travelled(&mut store, Some(1));
    assert_eq!((names(store.registry()), store.wanted()), (vec!["t0".to_owned(), "t1".to_owned()], None));
    store.update(Event::Travelled(None));
    assert!(store.is_offline(), "an address without a moment closes nothing");
    store.update(Event::Closed);
    assert!(!store.is_loaded() && !store.is_offline());
}

#[test]
fn a_log_fills_what_the_list_of_events_does_not_know() {
    let mut history = History::default();
    for (second, name) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        history.push(at(second as u64), vec![topic(name)]);
    }
    let batches: Vec<Batch> = history.batches.iter().map(|bytes| Batch::decode(bytes).unwrap()).collect();
    let snapshot_at = |revision: usize| {
        let mut registry = Registry::default();
        batches[..revision].iter().for_each(|batch| registry.apply(batch).unwrap());
        let check = history.batches[..revision].iter().fold(Check::default(), |check, bytes| check.next(bytes));
        registry.snapshot(Cursor { revision: revision as u64, check })
    };
    // It begins with b, misses c, and ends with d and e.
    let mut store = Store::default();
    for (from, to) in [(1, 2), (3, 5)] {
        let check = history.batches[..to].iter().fold(Check::default(), |check, bytes| check.next(bytes));
        let cursor = Cursor { revision: to as u64, check };
        let (snapshot, batches) = (snapshot_at(from), history.batches[from..to].to_vec());
        let answer = CatchUp { cursor, anew: true, snapshot, batches, ..history.since(0, at(9)) };
        answered(&mut store, answer, at(9 + to as u64));
    }
    assert_eq!((listed_by(&store), store.recent().listed().is_filled), ("b ? d e".into(), false));
    let number_of_e = |store: &Store| {
        let listed = store.recent().listed();
        listed.first + listed.happenings.len() as isize - 1
    };
    let number = number_of_e(&store);
    let (snapshot, lifetimes) = (vec![], Lifetimes::default());
    let file =
        LogFile { cluster: "default".into(), exported_at: at(9), lifetimes, snapshot, batches: batches[..4].to_vec() };
    store.update(Event::Logged(Ok(Box::new(file))));
    let listed = store.recent().listed();
    assert_eq!((listed_by(&store), listed.begins, listed.is_filled), ("a b c d e".into(), None, true));
    assert_eq!(number_of_e(&store), number, "each keeps its number");
    store.update(Event::Logged(Err(Problem::Timeout)));
    assert_eq!(store.no_log(), Some(&Problem::Timeout));
}
