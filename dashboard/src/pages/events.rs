//! What changed of late.

use yew::prelude::*;

use super::{nothing, page};
use crate::live::Live;

/// What changed, newest first.
pub fn events(_live: &Live) -> Html {
    page(nothing(), "Events", nothing(), nothing(), nothing())
}
