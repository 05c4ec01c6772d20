//! What is known of something, line by line.

use yew::prelude::*;

use super::element;

/// Each fact with what it is a fact about.
pub fn facts(lines: Vec<(String, Html)>) -> Html {
    let line = |(label, value): (String, Html)| {
        element("div", "", vec![element("dt", "", vec![label.into()]), element("dd", "", vec![value])])
    };
    element("dl", "facts", lines.into_iter().map(line).collect())
}
