//! Icons, drawn by hand on a grid of 20, one stroked path each. They stand in the page itself, which is no part of the wasm's budget.

use yew::prelude::*;

/// What an icon stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// The overview.
    Overview,
    /// A topic.
    Topic,
    /// A channel.
    Channel,
    /// A node.
    Node,
    /// Looking for something.
    Search,
    /// Something more.
    Plus,
    /// Away with it.
    Trash,
    /// Out of the way.
    Close,
    /// Into the clipboard.
    Copy,
    /// Done, or well.
    Check,
    /// By day.
    Sun,
    /// By night.
    Moon,
    /// As the system has it.
    Screen,
    /// Stands still.
    Pause,
    /// Goes on.
    Play,
    /// Once more.
    Refresh,
    /// Look here.
    Alert,
    /// Not heard of late.
    Clock,
    /// Hidden.
    Hidden,
    /// A token.
    Key,
    /// Further in.
    Right,
    /// Back.
    Left,
    /// Back in time.
    History,
    /// From a file.
    Upload,
    /// Upwards.
    Up,
    /// Downwards.
    Down,
    /// Not heard any more.
    Off,
    /// A leave.
    Exit,
    /// What is connected with what.
    Graph,
    /// What a person may choose.
    Settings,
    /// What the keys do.
    Help,
    /// Into a file.
    Download,
    /// Nothing there.
    None,
}

impl Icon {
    /// The symbol of the page (`index.html`) that draws it.
    fn symbol(self) -> &'static str {
        match self {
            Self::Alert => "#icon-alert",
            Self::Channel => "#icon-channel",
            Self::Check => "#icon-check",
            Self::Clock => "#icon-clock",
            Self::Close => "#icon-close",
            Self::Copy => "#icon-copy",
            Self::Down => "#icon-down",
            Self::Download => "#icon-download",
            Self::Exit => "#icon-exit",
            Self::Graph => "#icon-graph",
            Self::Help => "#icon-help",
            Self::Hidden => "#icon-hidden",
            Self::History => "#icon-history",
            Self::Key => "#icon-key",
            Self::Left => "#icon-left",
            Self::Moon => "#icon-moon",
            Self::Node => "#icon-node",
            Self::None => "#icon-none",
            Self::Off => "#icon-off",
            Self::Overview => "#icon-overview",
            Self::Pause => "#icon-pause",
            Self::Play => "#icon-play",
            Self::Plus => "#icon-plus",
            Self::Refresh => "#icon-refresh",
            Self::Right => "#icon-right",
            Self::Screen => "#icon-screen",
            Self::Search => "#icon-search",
            Self::Settings => "#icon-settings",
            Self::Sun => "#icon-sun",
            Self::Topic => "#icon-topic",
            Self::Trash => "#icon-trash",
            Self::Up => "#icon-up",
            Self::Upload => "#icon-upload",
        }
    }
}

/// The icon; a decoration beside words, which say the same.
pub fn icon(icon: Icon) -> Html {
    html! { <svg class="icon" aria-hidden="true" focusable="false"><use href={icon.symbol()} /></svg> }
}

#[cfg(test)]
mod tests {
    use super::Icon;

    #[test]
    fn the_page_draws_every_icon() {
        let page = include_str!("../../index.html");
        let drawn = |icon: &Icon| page.contains(&format!("<symbol id=\"{}\"", icon.symbol().trim_start_matches('#')));
        let missing: Vec<_> = ALL.iter().filter(|icon| !drawn(icon)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(page.matches("<symbol ").count(), ALL.len(), "and no other");
    }

    const ALL: [Icon; 33] = [
        Icon::Alert,
        Icon::Channel,
        Icon::Check,
        Icon::Clock,
        Icon::Close,
        Icon::Copy,
        Icon::Down,
        Icon::Download,
        Icon::Exit,
        Icon::Graph,
        Icon::Help,
        Icon::Hidden,
        Icon::History,
        Icon::Key,
        Icon::Left,
        Icon::Moon,
        Icon::Node,
        Icon::None,
        Icon::Off,
        Icon::Overview,
        Icon::Pause,
        Icon::Play,
        Icon::Plus,
        Icon::Refresh,
        Icon::Right,
        Icon::Screen,
        Icon::Search,
        Icon::Settings,
        Icon::Sun,
        Icon::Topic,
        Icon::Trash,
        Icon::Up,
        Icon::Upload,
    ];
}
