//! The order of a table, as a link carries it.

use std::cmp::Ordering;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// By which column a table is ordered: `name` or `-producers` in a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// One of the table's own keys.
    pub key: &'static str,
    /// Which way.
    pub direction: Direction,
}

impl Order {
    /// Reads what [`Display`](std::fmt::Display) writes, where the key is one of `keys`; else the first of them, ascending.
    pub fn parse(text: &str, keys: &[&'static str]) -> Self {
        let (direction, name) = match text.strip_prefix('-') {
            Some(name) => (Direction::Descending, name),
            None => (Direction::Ascending, text),
        };
        match keys.iter().find(|key| **key == name) {
            Some(key) => Self { key, direction },
            None => Self { key: keys.first().copied().unwrap_or_default(), direction: Direction::Ascending },
        }
    }

    /// The order after a press on the head of the column `key`: the other way round, or that column; one of numbers with
    /// the largest first, since those are looked for.
    #[must_use]
    pub fn pressed(self, key: &'static str, numeric: bool) -> Self {
        let direction = match (self.key == key, self.direction) {
            (true, Direction::Ascending) => Direction::Descending,
            (true, Direction::Descending) => Direction::Ascending,
            (false, _) if numeric => Direction::Descending,
            (false, _) => Direction::Ascending,
        };
        Self { key, direction }
    }

    /// Orders places of rows: by `compare`, equals as they stand, which is by name.
    pub fn sort(self, places: &mut [usize], compare: &dyn Fn(usize, usize) -> Ordering) {
        match self.direction {
            Direction::Ascending => sort_places(places, compare),
            Direction::Descending => sort_places(places, &|a, b| compare(b, a)),
        }
    }
}

/// Orders places by `compare`, equals as they stand. The one sort of the dashboard: each further one would add 4 KB to
/// what a browser loads.
pub(super) fn sort_places(places: &mut [usize], compare: &dyn Fn(usize, usize) -> Ordering) {
    places.sort_by(|&a, &b| compare(a, b));
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.direction == Direction::Descending { "-" } else { "" };
        write!(f, "{sign}{}", self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 2] = ["name", "producers"];

    #[test]
    fn a_link_carries_the_order() {
        for (text, written) in [("", "name"), ("name", "name"), ("-producers", "-producers"), ("-nope", "name")] {
            assert_eq!(Order::parse(text, &KEYS).to_string(), written, "{text}");
        }
    }

    #[test]
    fn pressing_a_head_turns_it_or_takes_it() {
        let order = Order::parse("", &KEYS);
        let turned = order.pressed("name", false);
        assert_eq!(turned.to_string(), "-name");
        assert_eq!(turned.pressed("name", false).to_string(), "name");
        assert_eq!(order.pressed("producers", true).to_string(), "-producers");
    }

    #[test]
    fn equals_keep_their_place_either_way() {
        let (rows, mut places) = ([1, 2, 1], [0, 1, 2]);
        Order::parse("-producers", &KEYS).sort(&mut places, &|a, b| rows[a].cmp(&rows[b]));
        assert_eq!(places, [1, 0, 2]);
    }
}
