//! What was found, as lines and as a table.

use std::fmt;

use crate::daemons::{Both, OURS, THEIRS};

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    work: String,
    theirs: Option<String>,
    ours: String,
    ratio: Option<f64>,
    aim: String,
    is_met: Option<bool>,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Something in each second.
    Rate,
    Seconds,
    Bytes,
    /// How much of one CPU is used.
    ShareOfCpu,
    Times,
}

/// What the figure should be; where it is compared, its ratio to theirs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aim {
    AtLeast(f64),
    AtMost(f64),
    None,
}

impl Row {
    /// The same work by both: the aim is for the ratio of ours to theirs.
    pub(crate) fn compared(work: &str, unit: Unit, figures: Both<f64>, aim: Aim) -> Self {
        Self::with_ratio(work, unit, figures, figures.ours / figures.theirs, aim)
    }

    /// The time that the same work takes both: the aim is for how often ours is done in theirs.
    pub(crate) fn speedup(work: &str, seconds: Both<f64>, aim: Aim) -> Self {
        Self::with_ratio(work, Unit::Seconds, seconds, seconds.theirs / seconds.ours, aim)
    }

    fn with_ratio(work: &str, unit: Unit, figures: Both<f64>, ratio: f64, aim: Aim) -> Self {
        Self {
            work: work.into(),
            theirs: Some(unit.show(figures.theirs)),
            ours: unit.show(figures.ours),
            ratio: Some(ratio),
            aim: aim.show(Unit::Times),
            is_met: aim.is_met(ratio),
        }
    }

    /// Work that the real one doesn't do, or that isn't compared: the aim is for the figure itself.
    pub(crate) fn of_ours(work: &str, unit: Unit, figure: f64, aim: Aim) -> Self {
        let (aim, is_met) = (aim.show(unit), aim.is_met(figure));
        Self { work: work.into(), theirs: None, ours: unit.show(figure), ratio: None, aim, is_met }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { work, theirs, ours, .. } = self;
        write!(f, "{work}: ")?;
        if let (Some(theirs), Some(ratio)) = (theirs, self.ratio) {
            write!(f, "{theirs} {THEIRS}, {ours} {OURS}: {}", Unit::Times.show(ratio))?;
        } else {
            write!(f, "{ours}")?;
        }
        match self.is_met {
            Some(true) => write!(f, " (aim {}: met)", self.aim),
            Some(false) => write!(f, " (aim {}: NOT MET)", self.aim),
            None => Ok(()),
        }
    }
}

impl Unit {
    fn show(self, figure: f64) -> String {
        match self {
            Self::Rate => format!("{}/s", grouped(figure.round() as usize)),
            Self::Seconds if figure < 1e-3 => format!("{:.1} µs", figure * 1e6),
            Self::Seconds if figure < 1.0 => format!("{:.1} ms", figure * 1e3),
            Self::Seconds => format!("{figure:.1} s"),
            Self::Bytes => format!("{:.1} MB", figure / 1e6),
            Self::ShareOfCpu => format!("{:.2}%", figure * 100.0),
            Self::Times if figure < 10.0 => format!("{figure:.2}×"),
            Self::Times => format!("{}×", grouped(figure.round() as usize)),
        }
    }
}

impl Aim {
    fn show(self, unit: Unit) -> String {
        match self {
            Self::AtLeast(bound) => format!("≥ {}", unit.show(bound)),
            Self::AtMost(bound) => format!("≤ {}", unit.show(bound)),
            Self::None => String::new(),
        }
    }

    fn is_met(self, figure: f64) -> Option<bool> {
        match self {
            Self::AtLeast(bound) => Some(figure >= bound),
            Self::AtMost(bound) => Some(figure <= bound),
            Self::None => None,
        }
    }
}

/// The page with this table between its markers.
pub(crate) fn insert(page: &str, machine: &str, rows: &[Row]) -> String {
    let (before, rest) = page.split_once(BEGIN).expect("the table's beginning is marked");
    let (_, after) = rest.split_once(END).expect("the table's end is marked");
    let mut table =
        format!("{machine}\n\n| work | {THEIRS} | {OURS} | ratio | aim | met |\n|---|--:|--:|--:|--:|---|\n");
    for Row { work, theirs, ours, ratio, aim, is_met } in rows {
        let theirs = theirs.as_deref().unwrap_or("–");
        let ratio = ratio.map_or("–".into(), |ratio| Unit::Times.show(ratio));
        let is_met = is_met.map_or("", |is_met| if is_met { "yes" } else { "**no**" });
        table += &format!("| {work} | {theirs} | {ours} | {ratio} | {aim} | {is_met} |\n");
    }
    format!("{before}{BEGIN}\n{table}{END}{after}")
}

const BEGIN: &str = "<!-- written by `make bench-nsq` -->";
const END: &str = "<!-- until here -->";

/// With a comma before each three digits.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
