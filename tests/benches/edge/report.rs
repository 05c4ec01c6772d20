//! What was measured, as `BENCHMARKS.md` shows it.

use std::{fmt, fs, path::Path};

use crate::{hardware, wrk};

/// One figure beside its aim.
pub(crate) struct Row {
    pub(crate) work: String,
    /// What it is compared with.
    pub(crate) base: String,
    pub(crate) ours: String,
    pub(crate) ratio: Option<f64>,
    pub(crate) aim: Option<Aim>,
}

/// What was aimed at, and whether it is reached.
pub(crate) struct Aim {
    pub(crate) text: String,
    pub(crate) is_met: bool,
}

impl Row {
    /// Rates, of which ours should be at least this part.
    pub(crate) fn rates(work: &str, (base, what): (f64, &str), ours: f64, at_least: Option<f64>) -> Self {
        let ratio = ours / base;
        let aim = at_least.map(|least| Aim { text: format!("≥ {least:.2}"), is_met: ratio >= least });
        Self {
            work: work.into(),
            base: format!("{base:.0}/s {what}"),
            ours: format!("{ours:.0}/s"),
            ratio: Some(ratio),
            aim,
        }
    }

    /// A figure that is compared with nothing but its aim.
    pub(crate) fn figure(work: &str, ours: String, aim: Option<Aim>) -> Self {
        Self { work: work.into(), base: "–".into(), ours, ratio: None, aim }
    }
}

impl Aim {
    /// At most so much.
    pub(crate) fn at_most(limit: f64, unit: &str, measured: f64) -> Option<Self> {
        Some(Self { text: format!("≤ {limit}{unit}"), is_met: measured <= limit })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let (aim, met) = match &self.aim {
            None => ("", ""),
            Some(Aim { text, is_met: true }) => (&**text, "yes"),
            Some(Aim { text, is_met: false }) => (&**text, "**no**"),
        };
        write!(f, "| {} | {} | {} | {ratio} | {aim} | {met} |", self.work, self.base, self.ours)
    }
}

/// Writes the tables into `BENCHMARKS.md`.
///
/// # Panics
/// Where the page doesn't say where.
pub(crate) fn write(rows: &[Row], costs: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../BENCHMARKS.md");
    let page = fs::read_to_string(&path).expect("BENCHMARKS.md");
    let (before, rest) = page.split_once(BEGIN).expect("the tables' beginning is marked");
    let (_, after) = rest.split_once(END).expect("the tables' end is marked");
    let mut text = format!("{}. {}.\n\n", hardware::describe(), wrk::version());
    text.push_str("| work | beside | ours | ratio | aim | met |\n|---|--:|--:|--:|--:|---|\n");
    for row in rows {
        text.push_str(&format!("{row}\n"));
    }
    fs::write(&path, format!("{before}{BEGIN}\n{text}\n{costs}{END}{after}")).expect("BENCHMARKS.md is written");
}

/// The middle one.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The smallest that this many in a hundred don't exceed.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[(values.len() * percent / 100).min(values.len() - 1)]
}

const BEGIN: &str = "<!-- written by `make bench-edge` -->";
const END: &str = "<!-- the edge's until here -->";
