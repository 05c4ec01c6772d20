//! The page around all pages: header, navigation, what is wrong, what is asked.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlAnchorElement};
use yew::prelude::*;

use crate::{
    acts::{Ask, ask_dialog},
    components::{
        Icon, banner, icon, link, link_with, notices, open_button, pill, refused, square, theme_button, token_buttons,
        token_panel, travel_bar, travel_button,
    },
    dom,
    live::Live,
    pages, prefs,
    route::{Query, Route},
    store::Connection,
};

/// The whole dashboard. A component by its trait: hooks would weigh 2 KB more.
pub(crate) struct App {
    live: Live,
    /// The page that the window is titled by.
    titled: Option<Route>,
}

impl Component for App {
    type Message = ();
    type Properties = ();

    fn create(context: &Context<Self>) -> Self {
        prefs::load_choices();
        let (live, link) = (Live::new(), context.link().clone());
        live.start(Rc::new(move || link.send_message(())));
        Self { live, titled: None }
    }

    fn view(&self, _: &Context<Self>) -> Html {
        shell(&self.live)
    }

    fn rendered(&mut self, _: &Context<Self>, first: bool) {
        let route = self.live.route();
        if self.titled.as_ref() != Some(&route) {
            let cluster = &self.live.base().cluster;
            let at = if cluster == "default" { String::new() } else { format!("{cluster} · ") };
            dom::document().set_title(&format!("{} · {at}lookupd-edge", route.title()));
            // Who can't see that the page changed is led to its heading; at the start the browser does so itself.
            if !first {
                dom::focus("title");
            }
            self.titled = Some(route);
        }
        self.live.rendered();
    }
}

/// The navigation, in order.
const SECTIONS: [(Route, Icon, &str); 6] = [
    (Route::Overview, Icon::Overview, "Overview"),
    (Route::Topics, Icon::Topic, "Topics"),
    (Route::Nodes, Icon::Node, "Nodes"),
    (Route::Lookup, Icon::Search, "Lookup"),
    (Route::Events, Icon::Clock, "Events"),
    (Route::Graph, Icon::Graph, "Graph"),
];

fn shell(live: &Live) -> Html {
    let route = live.route();
    let (connection, loaded, offline, failed) = {
        let store = live.store();
        (store.connection(), store.is_loaded(), store.is_offline(), store.problem().or(store.no_log()).is_some())
    };
    let page = match (loaded, connection) {
        (true, _) => switch(live, &route),
        (false, Connection::Locked) => token_panel(live),
        (false, _) => pages::loading(&route.title()),
    };
    // Where nothing comes from a server, a file may still be shown.
    let opening = if failed && !loaded {
        open_button(live)
    } else {
        html! { <span hidden=true /> }
    };
    let section = route.section();
    let cluster = live.base().cluster.clone();
    let onclick = {
        let live = live.clone();
        Callback::from(move |event: MouseEvent| follow(&live, &event))
    };
    let brand = html! {
        <>
            <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
                <rect width="32" height="32" rx="8" class="mark-ground" />
                <path d="M9 16h4M19 16h4M16 9v4M16 19v4" class="mark-line" />
                <circle cx="16" cy="16" r="3" class="mark-dot" />
            </svg>
            <span class="brand-name">{ "lookupd" }<b>{ "-edge" }</b></span>
        </>
    };
    let sections = SECTIONS.iter().map(|(to, symbol, label)| {
        let content = html! { <>{ icon(*symbol) }<span>{ *label }</span></> };
        link_with(live, to, &Query::default(), "nav-link", *to == section, content)
    });
    let to_settings = html! { <>{ icon(Icon::Settings) }<span class="visually-hidden">{ "Settings" }</span></> };
    let settings = link_with(
        live,
        &Route::Settings,
        &Query::default(),
        "button quiet square",
        route == Route::Settings,
        to_settings,
    );
    let helping = live.clone();
    let to_help = Callback::from(move |_| helping.ask(Ask::Shortcuts));
    let help = square("button quiet square wide", to_help, Icon::Help, "Keyboard shortcuts".into());
    html! {
        <div class="shell" {onclick}>
            <a class="skip" href="#main">{ "Skip to content" }</a>
            <header class="top">
                { link(live, &Route::Overview, "brand", brand) }
                <span class="cluster" hidden={cluster == "default"}><span class="visually-hidden">{ "Cluster " }</span>{ &cluster }</span>
                <nav class="nav" aria-label="Main">{ for sections }</nav>
                <div class="tools">
                    <div class="feed" hidden={offline}>{ pill(live) }</div>
                    { travel_button(live) }{ token_buttons(live) }{ theme_button(live) }{ help }{ settings }
                </div>
                <div class="travel-place">{ travel_bar(live) }</div>
            </header>
            <main id="main" tabindex="-1">
                <div class="banner-place">{ refused(live) }</div>
                <div hidden={offline}>{ banner(live) }</div>
                <div class="banner-place">{ opening }</div>
                <div class="page-frame">{ page }</div>
            </main>
            { notices(live) }
            <div class="dialog-place">{ ask_dialog(live) }</div>
        </div>
    }
}

fn switch(live: &Live, route: &Route) -> Html {
    match route {
        Route::Overview => pages::overview(live),
        Route::Topics => pages::topics(live),
        Route::Topic(topic) => pages::topic(live, topic),
        Route::Channel(topic, channel) => pages::channel(live, topic, channel),
        Route::Nodes => pages::nodes(live),
        Route::Node(node) => pages::node(live, node),
        Route::Lookup => pages::lookup(live),
        Route::Events => pages::events(live),
        Route::Graph => pages::graph(live),
        Route::Settings => pages::settings(live),
        #[cfg(feature = "gallery")]
        Route::Components => pages::gallery(live),
        Route::NotFound => pages::not_found(live),
    }
}

/// Follows a link of the dashboard within the page; leaves every other click to the browser.
fn follow(live: &Live, event: &MouseEvent) {
    let elsewhere = event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key();
    if elsewhere || event.button() != 0 || event.default_prevented() {
        return;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let link = target.and_then(|target| target.closest("a[href^='/']").ok().flatten());
    let Some(link) = link.and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) else { return };
    event.prevent_default();
    live.go(live.base().route(&link.pathname()), Query::parse(&link.search()));
}
