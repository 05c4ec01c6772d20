//! Long tables: only the rows in view are there.

use gloo_events::EventListener;
use web_sys::{Element, HtmlSelectElement};
use yew::prelude::*;

use super::Icon;
use crate::{
    dom,
    view::{Direction, Order},
};

/// Which rows of a table to render, and the room that the others take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The first.
    pub first: usize,
    /// The one after the last.
    pub last: usize,
    row_height: f64,
    count: usize,
}

/// Rows rendered beyond either edge of the view, so that scrolling and tabbing meet rows.
const OVERSCAN: usize = 10;

/// Before a row was measured: roughly a row.
const GUESSED_HEIGHT: f64 = 48.0;

impl Window {
    fn at_start(count: usize) -> Self {
        Self { first: 0, last: count.min(40), row_height: GUESSED_HEIGHT, count }
    }

    /// The rows in view of a table body whose top stands at `top` in a view of this height.
    fn of(top: f64, view_height: f64, row_height: f64, count: usize) -> Self {
        // In steps, so that a small scroll changes nothing.
        const STEP: usize = 5;
        let first = (-top / row_height).max(0.0) as usize;
        let last = ((view_height - top) / row_height).max(0.0).ceil() as usize;
        let first = first.saturating_sub(OVERSCAN) / STEP * STEP;
        let last = (last + OVERSCAN).div_ceil(STEP) * STEP;
        Self { first: first.min(count), last: last.min(count), row_height, count }
    }

    /// An empty row as high as all rows before those rendered.
    pub fn before(&self) -> Html {
        self.spacer("before", self.first)
    }

    /// An empty row as high as all rows after those rendered.
    pub fn after(&self) -> Html {
        self.spacer("after", self.count - self.last.min(self.count))
    }

    fn spacer(&self, key: &'static str, rows: usize) -> Html {
        // An attribute, since the page's policy takes no inline style.
        let height = (rows as f64 * self.row_height).round().to_string();
        html! { <tr {key} class="spacer" aria-hidden="true" hidden={rows == 0}><td colspan="99" {height}></td></tr> }
    }
}

/// The window of a table of `count` rows of equal height in the page, and the reference that its body must carry.
#[hook]
pub fn use_window(count: usize) -> (NodeRef, Window) {
    let body = use_node_ref();
    let window = use_state_eq(|| Window::at_start(count));
    {
        let (body, window) = (body.clone(), window.setter());
        use_effect_with(count, move |&count| {
            let measure = move || {
                let Some(element) = body.cast::<Element>() else { return };
                let row = element.query_selector("tr:not(.spacer)").ok().flatten();
                let height = row.map_or(0.0, |row| row.get_bounding_client_rect().height());
                let height = if height > 0.0 { height } else { GUESSED_HEIGHT };
                let view = dom::window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(1_000.0);
                window.set(Window::of(element.get_bounding_client_rect().top(), view, height, count));
            };
            measure();
            // Browsers send one such event a frame at most.
            let again = measure.clone();
            let scrolled = EventListener::new(&dom::window(), "scroll", move |_| measure());
            let resized = EventListener::new(&dom::window(), "resize", move |_| again());
            move || drop((scrolled, resized))
        });
    }
    // Between a change of the count and its measurement the window may reach beyond the end.
    let mut current = *window;
    current.count = count;
    current.last = current.last.min(count);
    current.first = current.first.min(current.last);
    if current.first == current.last && count > 0 {
        current = Window::at_start(count);
    }
    (body, current)
}

/// What [`Head`] takes.
#[derive(Properties, PartialEq)]
pub struct HeadProps {
    /// What the column is ordered by; not at all without it.
    #[prop_or_default]
    pub by: Option<&'static str>,
    /// How the table is ordered.
    pub order: Order,
    /// Called with the order wanted.
    pub onorder: Callback<Order>,
    /// Whether it holds numbers.
    #[prop_or_default]
    pub numeric: bool,
    /// Its classes.
    #[prop_or_default]
    pub class: Classes,
    /// What it says.
    pub label: AttrValue,
}

/// The head of a column that a table can be ordered by.
#[component]
pub fn Head(props: &HeadProps) -> Html {
    let class = classes!(props.class.clone(), props.numeric.then_some("numeric"));
    let Some(by) = props.by else { return html! { <th scope="col" {class}>{ props.label.clone() }</th> } };
    let (sort, symbol) = match (props.order.key == by, props.order.direction) {
        (false, _) => (None, None),
        (true, Direction::Ascending) => (Some("ascending"), Some(Icon::Up)),
        (true, Direction::Descending) => (Some("descending"), Some(Icon::Down)),
    };
    let onclick = {
        let (order, numeric, onorder) = (props.order, props.numeric, props.onorder.clone());
        Callback::from(move |_| onorder.emit(order.pressed(by, numeric)))
    };
    html! {
        <th scope="col" {class} aria-sort={sort}>
            <button type="button" class="head" {onclick}>
                <span>{ props.label.clone() }</span>
                <span class="head-mark">{ symbol.map(super::icon) }</span>
            </button>
        </th>
    }
}

/// What [`StateFilter`] takes.
#[derive(Properties, PartialEq)]
pub struct StateFilterProps {
    /// Every state: its key and what it is called.
    pub states: Vec<(&'static str, &'static str)>,
    /// The key of the one chosen; empty for all.
    pub chosen: AttrValue,
    /// Called with the key wanted.
    pub onchoose: Callback<String>,
}

/// Which rows of a table to show.
#[component]
pub fn StateFilter(props: &StateFilterProps) -> Html {
    let onchange = {
        let onchoose = props.onchoose.clone();
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            onchoose.emit(select.value());
        })
    };
    html! {
        <select class="select" aria-label="State" {onchange}>
            <option value="" selected={props.chosen.is_empty()}>{ "Every state" }</option>
            { for props.states.iter().map(|(key, label)| html! {
                <option value={*key} selected={props.chosen == *key}>{ *label }</option>
            }) }
        </select>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_rows_in_view_and_a_few_more_are_there() {
        for (top, first, last) in [
            (200.0, 0, 30),
            (0.0, 0, 30),
            (-40.0 * 1_000.0, 990, 1_030),
            (-40.0 * 19_990.0, 19_980, 20_000),
            (-40.0 * 50_000.0, 20_000, 20_000),
        ] {
            let window = Window::of(top, 800.0, 40.0, 20_000);
            assert_eq!((window.first, window.last), (first, last), "{top}");
            assert!(window.last - window.first <= 80);
        }
        assert_eq!(Window::of(100.0, 800.0, 40.0, 3).last, 3);
    }
}
