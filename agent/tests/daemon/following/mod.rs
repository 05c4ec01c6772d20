//! An agent that follows a leader: what it announces, what it answers, and what becomes of that while the leader is away.

mod announcing;
mod answering;
mod away;

use std::time::{Duration, Instant};

use crate::agent::{Agent, PATIENCE};

/// An agent is heard every 600 ms, and comes back within as long; an nsqd that says nothing is found for longer than a story
/// takes.
const SHORT: &str = "-inactive-producer-timeout=12s";

fn following(url: &str, arguments: &[&str]) -> Agent {
    // Until the leader says it, it goes by the same.
    Agent::start(&[&["-upstream", url, SHORT][..], arguments].concat())
}

fn url(leader: &Agent) -> String {
    format!("http://{}", leader.http)
}

impl Agent {
    /// The answer's head and body.
    fn get_whole(&self, target: &str) -> (String, String) {
        let answer = self.raw(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
        (head.to_owned(), body.to_owned())
    }

    fn is_stale(&self, target: &str) -> bool {
        let (head, _) = self.get_whole(target);
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("X-Nsq-Content-Type: "), "{head}");
        head.contains("X-Lookupd-Stale: true")
    }

    /// The one sample of a metric that begins so.
    fn count(&self, metric: &str) -> f64 {
        let metrics = self.get("/metrics");
        let samples: Vec<_> = metrics.lines().filter(|line| line.starts_with(metric)).collect();
        assert_eq!(samples.len(), 1, "{metric}: {metrics}");
        samples[0].rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Waits until it says this.
    fn until_it_says(&self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let line = self.log.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("it never says {words:?}"));
            if line.contains(words) {
                return;
            }
        }
    }
}

/// What nsqd gives it.
fn within_a_second<T>(act: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = act();
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    done
}
