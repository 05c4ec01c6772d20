//! The page around all pages: header, navigation, what is wrong, what is asked.

use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    acts::AskDialog,
    components::{Banner, Icon, Link, Notices, Pill, ThemeButton, TokenPanel, icon, skeleton},
    dom,
    live::{LiveProvider, use_live},
    pages,
    prefs::Theme,
    route::{Base, Route},
    store::Connection,
};

/// The whole dashboard.
#[component]
pub fn App() -> Html {
    let base = use_memo((), |()| Base::of(&dom::window().location().pathname().unwrap_or_default()));
    use_effect_with((), |()| Theme::load().show());
    html! {
        <BrowserRouter basename={Some(AttrValue::from(base.ui.clone()))}>
            <LiveProvider base={(*base).clone()}>
                <Shell />
            </LiveProvider>
        </BrowserRouter>
    }
}

/// The navigation, in order.
const SECTIONS: [(Route, Icon, &str); 4] = [
    (Route::Overview, Icon::Overview, "Overview"),
    (Route::Topics, Icon::Topic, "Topics"),
    (Route::Nodes, Icon::Node, "Nodes"),
    (Route::Lookup, Icon::Search, "Lookup"),
];

#[component]
fn Shell() -> Html {
    let live = use_live();
    let route = use_route::<Route>().unwrap_or_default();
    let first = use_mut_ref(|| true);
    let cluster = live.base().cluster.clone();
    {
        let cluster = cluster.clone();
        use_effect_with(route.clone(), move |route| {
            let place = if cluster == "default" { "lookupd-edge".to_owned() } else { format!("{cluster} · lookupd-edge") };
            dom::document().set_title(&format!("{} · {place}", route.title()));
            // Who can't see that the page changed is led to its heading; at the start the browser does so itself.
            if !first.replace(false) {
                dom::focus("title");
            }
        });
    }
    let (connection, loaded) = {
        let store = live.store();
        (store.connection(), store.is_loaded())
    };
    let page = match (loaded, connection) {
        (true, _) => switch(&route),
        (false, Connection::Locked) => html! { <TokenPanel /> },
        (false, _) => html! { <div class="page" aria-busy="true"><h1 id="title" tabindex="-1">{ route.title() }</h1>{ skeleton(8) }</div> },
    };
    let section = route.section();
    html! {
        <div class="shell">
            <a class="skip" href="#main">{ "Skip to content" }</a>
            <header class="top">
                <Link to={Route::Overview} class="brand">
                    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
                        <rect width="32" height="32" rx="8" class="mark-ground" />
                        <path d="M9 16h5M18 16h5M16 9v5M16 18v5" class="mark-line" />
                        <circle cx="16" cy="16" r="3" class="mark-dot" />
                    </svg>
                    <span class="brand-name">{ "lookupd" }<b>{ "-edge" }</b></span>
                </Link>
                <span class="cluster" hidden={cluster == "default"}>
                    <span class="visually-hidden">{ "Cluster " }</span>{ &cluster }
                </span>
                <nav class="nav" aria-label="Main">
                    { for SECTIONS.iter().map(|(to, symbol, label)| html! {
                        <Link key={*label} to={to.clone()} class="nav-link" current={*to == section}>
                            { icon(*symbol) }<span>{ *label }</span>
                        </Link>
                    }) }
                </nav>
                <div class="tools">
                    <Pill />
                    <ThemeButton />
                </div>
            </header>
            <main id="main" tabindex="-1">
                <Banner />
                <div class="page-frame">{ page }</div>
            </main>
            <Notices />
            <AskDialog />
        </div>
    }
}

fn switch(route: &Route) -> Html {
    use crate::route::from_segment;
    let text = |segment: &str| AttrValue::from(from_segment(segment).to_owned());
    match route {
        Route::Overview => html! { <pages::Overview /> },
        Route::Topics => html! { <pages::Topics /> },
        Route::Topic { topic } => html! { <pages::Topic topic={text(topic)} /> },
        Route::Channel { topic, channel } => html! { <pages::Channel topic={text(topic)} channel={text(channel)} /> },
        Route::Nodes => html! { <pages::Nodes /> },
        Route::Node { node } => html! { <pages::Node node={text(node)} /> },
        Route::Lookup => html! { <pages::Lookup /> },
        Route::NotFound => html! { <pages::NotFound /> },
    }
}
