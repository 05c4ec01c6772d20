//! The page's query as state: search, sort and filter live in the address.

use yew::prelude::*;
use yew_router::prelude::*;

use crate::route::{Query, Route};

/// The query of the address, and how to set one key of it. Setting replaces the address, so that each key pressed in a
/// search is no step to go back through.
#[hook]
pub fn use_query() -> (Query, Callback<(&'static str, String)>) {
    let navigator = use_navigator();
    let location = use_location();
    let route = use_route::<Route>().unwrap_or_default();
    let query = Query::parse(location.as_ref().map_or("", |location| location.query_str()));
    let set = {
        let query = query.clone();
        Callback::from(move |(key, value): (&'static str, String)| {
            let Some(navigator) = &navigator else { return };
            let query = query.clone().with(key, &value).to_string();
            if query.is_empty() {
                navigator.replace(&route);
            } else {
                let replaced = navigator.replace_with_query(&route, yew_router::query::Raw(query));
                replaced.unwrap_or_else(|never| match never {});
            }
        })
    };
    (query, set)
}
