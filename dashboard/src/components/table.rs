//! Tables; of long ones only the rows in view are there.

use lookupd_core::http::Right;
use yew::prelude::*;

use super::{Icon, element, icon};
use crate::{
    dom,
    live::Live,
    view::{Direction, Order},
};

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// What its head says.
    pub label: &'static str,
    /// Its classes; `numeric` holds numbers.
    pub class: &'static str,
    /// What the table is ordered by when its head is pressed; empty where it can't be.
    pub by: &'static str,
}

/// The heads of columns; those that can be pressed set `sort` in the address.
pub fn heads(live: &Live, columns: &[Column], order: Option<Order>) -> Html {
    html! { <tr>{ for columns.iter().map(|column| head(live, *column, order)) }</tr> }
}

/// The columns without the last, which holds what can be done, where whoever looks may do none of it.
pub fn with_acts<'a>(live: &Live, right: Right, columns: &'a [Column]) -> &'a [Column] {
    if live.may(right) { columns } else { columns.split_last().map_or(columns, |(_, others)| others) }
}

fn head(live: &Live, Column { label, class, by }: Column, order: Option<Order>) -> Html {
    let Some(order) = order.filter(|_| !by.is_empty()) else {
        return html! { <th scope="col" {class}>{ label }</th> };
    };
    let (sort, symbol) = match (order.key == by, order.direction) {
        (false, _) => (None, None),
        (true, Direction::Ascending) => (Some("ascending"), Some(Icon::Up)),
        (true, Direction::Descending) => (Some("descending"), Some(Icon::Down)),
    };
    let live = live.clone();
    let onclick = Callback::from(move |_| {
        live.set_query("sort", &order.pressed(by, class.split(' ').any(|one| one == "numeric")).to_string());
    });
    html! {
        <th scope="col" {class} aria-sort={sort}>
            <button type="button" class="head" {onclick}>
                <span>{ label }</span><span class="head-mark">{ symbol.map(icon) }</span>
            </button>
        </th>
    }
}

/// Which rows of a long table to render.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    first: usize,
    last: usize,
    row_height: u32,
}

/// Rows rendered beyond either edge of the view, so that scrolling and tabbing meet rows.
const OVERSCAN: u32 = 10;

impl Window {
    /// Before anything was measured.
    pub const START: Self = Self { first: 0, last: 40, row_height: 49 };

    /// The rows in view of a table body whose top stands at `top` in a view of this height.
    fn of(top: i32, view_height: u32, row_height: u32) -> Self {
        // In steps, so that a small scroll changes nothing.
        const STEP: u32 = 5;
        let above = u32::try_from(top.saturating_neg()).unwrap_or(0);
        let first = (above / row_height).saturating_sub(OVERSCAN) / STEP * STEP;
        let bottom = u32::try_from(i64::from(view_height) - i64::from(top)).unwrap_or(0);
        let last = (bottom.div_ceil(row_height) + OVERSCAN).div_ceil(STEP) * STEP;
        Self { first: first as usize, last: last as usize, row_height }
    }

    /// Within so many rows.
    fn within(self, count: usize) -> Self {
        let last = self.last.min(count);
        // What was scrolled to may be gone: then the end is shown.
        Self { first: self.first.min(last.saturating_sub(OVERSCAN as usize)), last, ..self }
    }
}

/// A table of any length, in a frame of its own: see [`long_rows`].
pub fn long_table(
    live: &Live,
    caption: &str,
    columns: &[Column],
    order: Order,
    count: usize,
    row: &dyn Fn(usize) -> (String, Html),
) -> Html {
    element("section", "card flush", vec![long_rows(live, caption, columns, order, count, row)])
}

/// A table of any length, with rows of one height, that scrolls with the page; one a page. `row` gives the cells of the row at
/// a place, and what tells it from all others.
pub fn long_rows(
    live: &Live,
    caption: &str,
    columns: &[Column],
    order: Order,
    count: usize,
    row: &dyn Fn(usize) -> (String, Html),
) -> Html {
    let Window { first, last, row_height } = live.window().within(count);
    let rows = (first..last).map(|place| {
        let (key, cells) = row(place);
        html! { <tr {key} aria-rowindex={(place + 2).to_string()}>{ cells }</tr> }
    });
    let mut body = vec![spacer("before first", first, row_height)];
    body.extend(rows);
    body.push(spacer("after last", count - last, row_height));
    let heads = heads(live, columns, Some(order));
    html! {
        <table class="table fixed" aria-rowcount={(count + 1).to_string()}>
            <caption class="visually-hidden">{ caption }</caption>
            <thead>{ heads }</thead>
            <tbody>{ body }</tbody>
        </table>
    }
}

/// An empty row as high as all rows that aren't rendered before or after those that are.
fn spacer(key: &'static str, rows: usize, row_height: u32) -> Html {
    // An attribute, since the page's policy takes no inline style.
    let height = (rows * row_height as usize).to_string();
    html! { <tr {key} class="spacer" aria-hidden="true" hidden={rows == 0}><td {height}></td></tr> }
}

/// Which rows of the long table in the page are in view now; nothing where there is no such table.
pub fn measure_table() -> Option<Window> {
    let body = dom::document().query_selector(".table.fixed tbody").ok().flatten()?;
    let row = body.query_selector("tr:not(.spacer)").ok().flatten()?;
    let height = row.get_bounding_client_rect().height().round() as u32;
    let view = dom::window().inner_height().ok().and_then(|height| height.as_f64())? as u32;
    Some(Window::of(body.get_bounding_client_rect().top() as i32, view, height.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_rows_in_view_and_a_few_more_are_there() {
        for (top, first, last) in [
            (200, 0, 25),
            (0, 0, 30),
            (-40 * 1_000, 990, 1_030),
            (-40 * 19_990, 19_980, 20_000),
            (-40 * 50_000, 19_990, 20_000),
        ] {
            let window = Window::of(top, 800, 40).within(20_000);
            assert_eq!((window.first, window.last), (first, last), "{top}");
            assert!(window.last - window.first <= 80);
        }
        assert_eq!(Window::of(100, 800, 40).within(3), Window { first: 0, last: 3, row_height: 40 });
    }
}
