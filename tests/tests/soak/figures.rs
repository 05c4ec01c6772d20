//! What happened, in figures.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How often each fault happened, and how long it took until every agent was back.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    came: Duration,
    returned: BTreeMap<&'static str, Vec<Duration>>,
    commands: u64,
}

impl Figures {
    pub(crate) fn came(&mut self, within: Duration) {
        self.came = within;
    }

    pub(crate) fn returned(&mut self, after: &'static str, within: Duration) {
        self.returned.entry(after).or_default().push(within);
    }

    pub(crate) fn commanded(&mut self) {
        self.commands += 1;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all were there after {:.1} s; {} commands", self.came.as_secs_f64(), self.commands)?;
        for (after, times) in &self.returned {
            let sum: Duration = times.iter().sum();
            let mean = sum.as_secs_f64() / times.len() as f64;
            let most = times.iter().max().copied().unwrap_or_default().as_secs_f64();
            write!(f, "\n  {after}: {} times; all back after {mean:.1} s, at most {most:.1} s", times.len())?;
        }
        Ok(())
    }
}

#[expect(clippy::print_stderr, reason = "shown with --nocapture")]
pub(crate) fn report(text: &str) {
    eprintln!("{text}");
}
