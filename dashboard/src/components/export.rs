//! A table to take away.

use std::rc::Rc;

use yew::prelude::*;

use super::{Icon, Look, button, element};
use crate::{
    dom,
    live::Live,
    view::{Sheet, SheetFormat},
};

/// Two buttons that save a table as a file. `fill` writes the rows that are shown, cell by cell; it is called when one is
/// pressed.
pub fn export_buttons(
    live: &Live,
    name: &str,
    heads: &'static [&'static str],
    fill: impl Fn(&mut Sheet) + 'static,
) -> Html {
    let fill: Rc<dyn Fn(&mut Sheet)> = Rc::new(fill);
    raw(live, name, heads, &fill)
}

fn raw(live: &Live, name: &str, heads: &'static [&'static str], fill: &Rc<dyn Fn(&mut Sheet)>) -> Html {
    let cluster = live.base().cluster.clone();
    let saves = [("Export CSV", SheetFormat::Csv), ("Export JSON", SheetFormat::Json)].map(|(label, format)| {
        let (fill, file) = (fill.clone(), format!("{cluster}-{name}.{}", format.extension()));
        button(Look::Small, Icon::Download, label, move || {
            let mut sheet = Sheet::new(format, heads);
            fill(&mut sheet);
            dom::save(&file, &sheet.finish());
        })
    });
    element("div", "chips", saves.to_vec())
}
