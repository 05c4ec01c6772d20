//! Consumers who ask at the edge and at real agents, all the time.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lookupd_tests::{Client, Request};

use crate::scene::{READ_TOPIC, Scene};

/// All of them.
pub(crate) struct Readers {
    is_over: Arc<AtomicBool>,
    latest_fault: Arc<Mutex<&'static str>>,
    places: Vec<Arc<Place>>,
    threads: Vec<JoinHandle<Reading>>,
}

/// Where one asks.
struct Place {
    name: String,
    address: Mutex<SocketAddr>,
    /// Whether whoever answers there is being killed: then it may answer nothing.
    is_away: AtomicBool,
}

/// What one reader saw.
#[derive(Default)]
struct Reading {
    name: String,
    requests: u64,
    /// Answers other than 200.
    errors: u64,
    /// No answer while somebody was there to give one.
    unanswered: u64,
    /// No answer while whoever answers was being killed.
    away: u64,
    stale: u64,
    /// A node was missing that lived throughout.
    missing: u64,
    oldest: Duration,
    /// Of answers that weren't marked stale.
    oldest_fresh: Duration,
    slowest: Duration,
    /// What went wrong last when that was asked.
    slowest_after: &'static str,
    unanswered_after: Vec<&'static str>,
}

/// The edge's place; the agents' follow in their order.
pub(crate) const EDGE: usize = 0;

impl Readers {
    pub(crate) fn start(scene: &Scene) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let latest_fault = Arc::new(Mutex::new("nothing"));
        let agents = scene.agents.iter().enumerate();
        let agents = agents.map(|(number, real)| (format!("agent {}", number + 1), real.agent.http()));
        let place =
            |(name, address)| Arc::new(Place { name, address: Mutex::new(address), is_away: AtomicBool::new(false) });
        let places: Vec<_> =
            [("isolate".to_owned(), scene.edge.address())].into_iter().chain(agents).map(place).collect();
        let nodes = scene.agents.iter().map(|real| real.nsqd.node()).collect::<Vec<_>>();
        let read = |place: &Arc<Place>| {
            let (place, is_over, nodes) = (Arc::clone(place), Arc::clone(&is_over), nodes.clone());
            let latest_fault = Arc::clone(&latest_fault);
            thread::spawn(move || read(&place, &is_over, &latest_fault, &nodes))
        };
        let threads = places.iter().map(read).collect();
        Self { is_over, latest_fault, places, threads }
    }

    /// This goes wrong now.
    pub(crate) fn note(&self, fault: &'static str) {
        *self.latest_fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Whoever answers at this place is killed now, by this; afterwards it is there, and where it says.
    pub(crate) fn while_away(&self, place: usize, act: impl FnOnce() -> SocketAddr) {
        let place = &self.places[place];
        place.is_away.store(true, Ordering::SeqCst);
        let address = act();
        *place.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
        place.is_away.store(false, Ordering::SeqCst);
    }

    /// What they saw.
    pub(crate) fn stop(self) -> Readings {
        self.is_over.store(true, Ordering::SeqCst);
        Readings(self.threads.into_iter().map(|thread| thread.join().expect("a reader")).collect())
    }
}

/// What all of them saw.
pub(crate) struct Readings(Vec<Reading>);

impl Readings {
    /// Answers that were errors, or in which a node was missing that lived.
    pub(crate) fn wrong(&self) -> u64 {
        self.0.iter().map(|reading| reading.errors + reading.missing).sum()
    }
}

impl fmt::Display for Readings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  {:<8} {:>9} {:>7} {:>10} {:>5} {:>7} {:>7} {:>12} {:>12} {:>10}",
            "reader",
            "requests",
            "non-200",
            "unanswered",
            "away",
            "missing",
            "stale",
            "oldest fresh",
            "oldest stale",
            "slowest"
        )?;
        self.0.iter().try_for_each(|reading| write!(f, "\n{reading}"))
    }
}

fn read(place: &Place, is_over: &AtomicBool, latest_fault: &Mutex<&'static str>, nodes: &[String]) -> Reading {
    let mut reading = Reading { name: place.name.clone(), ..Reading::default() };
    while !is_over.load(Ordering::SeqCst) {
        let was_away = place.is_away.load(Ordering::SeqCst);
        let address = *place.address.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = *latest_fault.lock().unwrap_or_else(PoisonError::into_inner);
        let began = Instant::now();
        let answer = Client::new(address).try_send(&Request::get(format!("/lookup?topic={READ_TOPIC}")));
        let took = began.elapsed();
        reading.requests += 1;
        match answer {
            Err(_) if was_away || place.is_away.load(Ordering::SeqCst) => reading.away += 1,
            Err(_) => {
                reading.unanswered += 1;
                reading.unanswered_after.push(fault);
            }
            Ok(answer) if answer.status != 200 => reading.errors += 1,
            Ok(answer) => {
                let text = answer.text();
                let has = |node: &String| {
                    let (address, port) = node.rsplit_once(':').unwrap_or_default();
                    text.contains(&format!("\"broadcast_address\":\"{address}\""))
                        && text.contains(&format!("\"http_port\":{port},"))
                };
                reading.missing += u64::from(!nodes.iter().all(has));
                let age = answer.header("X-Lookupd-Age").and_then(|age| age.parse().ok()).unwrap_or(0);
                let age = Duration::from_millis(age);
                if answer.header("X-Lookupd-Stale") == Some("true") {
                    reading.stale += 1;
                    reading.oldest = reading.oldest.max(age);
                } else {
                    reading.oldest_fresh = reading.oldest_fresh.max(age);
                }
                if took > reading.slowest {
                    (reading.slowest, reading.slowest_after) = (took, fault);
                }
            }
        }
        thread::sleep(BETWEEN_QUESTIONS);
    }
    reading
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, requests, errors, unanswered, away, missing, stale, .. } = self;
        let [fresh, oldest, slowest] =
            [self.oldest_fresh, self.oldest, self.slowest].map(|time| format!("{:.3} s", time.as_secs_f64()));
        write!(
            f,
            "  {name:<8} {requests:>9} {errors:>7} {unanswered:>10} {away:>5} {missing:>7} {stale:>7} {fresh:>12} {oldest:>12} {slowest:>10}"
        )?;
        write!(f, "  after: {}", self.slowest_after)?;
        if unanswered > &0 { write!(f, "; unanswered after: {}", self.unanswered_after.join(", ")) } else { Ok(()) }
    }
}

/// A consumer asks once a minute; this is a thousand of them.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(60);
