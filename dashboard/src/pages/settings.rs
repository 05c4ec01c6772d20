//! What a person may choose.

use yew::prelude::*;

use super::{nothing, page};
use crate::live::Live;

/// Theme and whatever else is kept in this browser.
pub fn settings(_live: &Live) -> Html {
    page(nothing(), "Settings", nothing(), nothing(), nothing())
}
