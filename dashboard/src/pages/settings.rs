//! What a person may choose, and who that is to the server.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{card, nothing, page};
use crate::{
    acts::Ask,
    client::Client,
    components::{Icon, Look, button, choice, element, icon, log_buttons, shortcut_list},
    dom, format,
    live::Live,
    prefs::{self, Choice},
    problem::Problem,
    route::encode,
};

/// Each choice with its options, the cluster, and the token.
pub fn settings(live: &Live) -> Html {
    let looks = choices(live, &[Choice::Theme, Choice::Density], String::new());
    let example = format!(
        "Written as in {}, this browser's first language: {} and {}.",
        dom::language(),
        format::count(1_234_567),
        format::moment(live.leader_now())
    );
    let times = choices(live, &[Choice::Clock, Choice::Moments], example);
    let keys = vec![
        choices(live, &[Choice::Shortcuts], "Single keys, which do nothing while you type.".into()),
        shortcut_list(),
    ];
    let left = vec![
        card("card", "Looks", nothing(), looks),
        card("card", "Times and numbers", nothing(), times),
        card("card", "Cluster", nothing(), cluster(live)),
        card("card", "Access", nothing(), token(live)),
    ];
    let file = vec![
        said("What the leader still holds of this cluster's history, as a file, and such a file as pages."),
        log_buttons(live),
    ];
    let right = vec![
        card("card", "Keyboard", nothing(), element("div", "", keys)),
        card("card", "History", nothing(), element("div", "form", file)),
    ];
    let content = element("div", "columns", vec![element("div", "column", left), element("div", "column", right)]);
    page(nothing(), "Settings", said("Kept in this browser, for all its tabs."), nothing(), content)
}

fn choices(live: &Live, offered: &[Choice], note: String) -> Html {
    let mut lines: Vec<Html> = offered.iter().map(|offer| choice(live, *offer)).collect();
    lines.push(element("p", "field-note", vec![note.into()]));
    element("div", "form", lines)
}

fn said(text: &str) -> Html {
    element("p", "muted", vec![text.into()])
}

const CLUSTER: &str = "cluster";

/// The cluster that is shown, and the way to another.
fn cluster(live: &Live) -> Html {
    let visiting = live.clone();
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        visit(&visiting, dom::value_by_id(CLUSTER).trim().to_owned());
    });
    let name = element("bdi", "name", vec![live.base().cluster.clone().into()]);
    let shown = element("p", "", vec!["This is the cluster ".into(), name, ".".into()]);
    html! {
        <form class="form" {onsubmit}>
            { shown }
            <div class="field">
                <label for={CLUSTER}>{ "Go to another" }</label>
                <input id={CLUSTER} required=true autocomplete="off" autocapitalize="none" spellcheck="false" />
            </div>
            <div class="form-acts"><button type="submit" class="button">{ icon(Icon::Right) }{ "Go there" }</button></div>
        </form>
    }
}

/// Goes to another cluster's dashboard, if the server knows it.
fn visit(live: &Live, name: String) {
    let prefix = if name == "default" { String::new() } else { format!("/clusters/{}", encode(&name)) };
    let live = live.clone();
    spawn_local(async move {
        match Client::new(&prefix).ping().await {
            Err(Problem::Refused { status: 404, .. }) => live.notify(format!("This server has no cluster {name}.")),
            Err(problem) => live.notify(format!("{}.", problem.title())),
            Ok(()) => dom::visit(&format!("{prefix}/ui/")),
        }
    });
}

/// Whether a token is kept, and what to do about it.
fn token(live: &Live) -> Html {
    let (asking, forgetting) = (live.clone(), live.clone());
    let enter = button(Look::Plain, Icon::Key, "Enter a token", move || asking.ask(Ask::Token));
    let mut acts = vec![enter];
    let told = if prefs::token().is_some() {
        acts.insert(0, button(Look::Plain, Icon::Exit, "Forget the token", move || forgetting.forget_token()));
        "A token is kept for this tab, and goes with it."
    } else {
        "None is kept: what is shown is what anyone may see."
    };
    element("div", "form", vec![said(told), element("div", "form-acts", acts)])
}
