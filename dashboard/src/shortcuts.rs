//! Keyboard shortcuts: which keys do what.
//!
//! They are single keys, so they are off in fields, and can be switched off altogether (WCAG 2.2, success criterion 2.1.4).

use std::time::Duration;

use lookupd_core::Timestamp;

use crate::route::Route;

/// What keys ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortcut {
    /// A list of the shortcuts.
    Help,
    /// The page's search.
    Search,
    /// A page.
    Go(Route),
}

/// The pages that a key leads to after `g`.
pub const PAGES: [(&str, Route); 7] = [
    ("o", Route::Overview),
    ("t", Route::Topics),
    ("n", Route::Nodes),
    ("l", Route::Lookup),
    ("e", Route::Events),
    ("g", Route::Graph),
    ("s", Route::Settings),
];

/// The keys that were pressed.
#[derive(Debug, Default)]
pub struct Keys {
    /// Until when a `g` waits for the key after it.
    waits_until: Timestamp,
}

impl Keys {
    /// A key, named as the browser names it, was pressed at `now`.
    pub fn press(&mut self, key: &str, now: Timestamp) -> Option<Shortcut> {
        let waits = now < std::mem::take(&mut self.waits_until);
        match key {
            "?" => Some(Shortcut::Help),
            "/" => Some(Shortcut::Search),
            _ if waits => PAGES.iter().find(|(letter, _)| *letter == key).map(|(_, page)| Shortcut::Go(page.clone())),
            "g" => {
                self.waits_until = now.plus(BETWEEN_KEYS);
                None
            }
            _ => None,
        }
    }
}

/// How long a `g` waits for the key after it.
const BETWEEN_KEYS: Duration = Duration::from_millis(1_500);

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(keys: &[(&str, u64)]) -> Vec<Shortcut> {
        let mut state = Keys::default();
        keys.iter().filter_map(|(key, at)| state.press(key, Timestamp::from_millis(1_000 + at))).collect()
    }

    #[test]
    fn g_and_a_letter_lead_to_a_page() {
        for (letter, page) in &PAGES {
            assert_eq!(pressed(&[("g", 0), (letter, 100)]), [Shortcut::Go(page.clone())]);
        }
        assert_eq!(pressed(&[("g", 0), ("t", 1_499), ("n", 1_499)]), [Shortcut::Go(Route::Topics)], "once");
        assert_eq!(pressed(&[("g", 0), ("t", 1_500)]), [], "too late");
        assert_eq!(pressed(&[("t", 0), ("g", 1), ("x", 2), ("t", 3)]), [], "something stands between");
    }

    #[test]
    fn help_and_search_are_one_key_each() {
        assert_eq!(pressed(&[("?", 0), ("/", 1), ("Escape", 2)]), [Shortcut::Help, Shortcut::Search]);
        assert_eq!(pressed(&[("g", 0), ("?", 1), ("t", 2)]), [Shortcut::Help]);
    }
}
