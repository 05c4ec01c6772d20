//! Topics, producers and zones as a picture.

use yew::prelude::*;

use super::{nothing, page};
use crate::live::Live;

/// Which producers serve which topics, and where they are.
pub fn graph(_live: &Live) -> Html {
    page(nothing(), "Graph", nothing(), nothing(), nothing())
}
