//! The keyboard shortcuts, for who wants to know them.

use yew::prelude::*;

use super::{element, facts};
use crate::shortcuts::PAGES;

/// Each shortcut with what it does.
pub fn shortcut_list() -> Html {
    let mut lines = vec![
        ("This list".to_owned(), keys(&["?"])),
        ("Search on this page".to_owned(), keys(&["/"])),
        ("Close a dialog".to_owned(), keys(&["Esc"])),
    ];
    lines.extend(PAGES.iter().map(|(letter, page)| (format!("To {}", page.title()), keys(&["g", letter]))));
    facts(lines)
}

fn keys(keys: &[&'static str]) -> Html {
    element("span", "keys", keys.iter().map(|key| element("kbd", "", vec![(*key).into()])).collect())
}
