//! Icons, drawn by hand on a grid of 20, one stroked path each.

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
    fn path(self) -> &'static str {
        match self {
            Self::Overview => "M3 3h5v6H3zM12 3h5v3h-5zM12 10h5v7h-5zM3 13h5v4H3z",
            Self::Topic => "M3 5.5 10 2l7 3.5L10 9zM3 10l7 3.5 7-3.5M3 14.5 10 18l7-3.5",
            Self::Channel => "M4 3v8a3 3 0 0 0 3 3h9M12.5 10.5 16 14l-3.5 3.5",
            Self::Node => "M3 3.5h14v5H3zM3 11.5h14v5H3zM6 6h.01M6 14h.01",
            Self::Search => "M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12zM13.5 13.5 17.5 17.5",
            Self::Plus => "M10 4v12M4 10h12",
            Self::Trash => "M3.5 5.5h13M8 5.5V3h4v2.5M5 5.5 6 17h8l1-11.5M8.5 9v5M11.5 9v5",
            Self::Close => "m5 5 10 10M15 5 5 15",
            Self::Copy => "M7 7h10v10H7zM13 7V3H3v10h4",
            Self::Check => "m4 10.5 4 4 8-9",
            Self::Sun => {
                "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM10 1.5V3M10 17v1.5M1.5 10H3M17 10h1.5M4 4l1 1M15 15l1 1M16 4l-1 1M5 15l-1 1"
            }
            Self::Moon => "M16.5 12.5A7 7 0 0 1 7.5 3.5a7 7 0 1 0 9 9z",
            Self::Screen => "M2.5 3.5h15v10h-15zM7 17h6M10 13.5V17",
            Self::Pause => "M7 4v12M13 4v12",
            Self::Play => "M6 3.5v13l10-6.5z",
            Self::Refresh => "M16.5 10a6.5 6.5 0 1 1-2-4.7L17 7.5M17 3v4.5h-4.5",
            Self::Alert => "M10 2.5 18.5 17h-17zM10 8v4M10 14.5h.01",
            Self::Clock => "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 5.5V10l3 2",
            Self::Hidden => {
                "M3 3l14 14M8.2 4.8A8 8 0 0 1 18 10a11 11 0 0 1-2 2.8M5.5 6.2A11 11 0 0 0 2 10a8.6 8.6 0 0 0 11 4.6M8.2 8.2a2.5 2.5 0 0 0 3.6 3.6"
            }
            Self::Key => "M12.5 11.5a4.5 4.5 0 1 0-4-4L2.5 13.5v4h4v-2.5H9v-2.5zM13.5 6.5h.01",
            Self::Right => "m7.5 4.5 5.5 5.5-5.5 5.5",
            Self::Left => "m12.5 4.5-5.5 5.5 5.5 5.5",
            Self::History => "M3.5 10a6.5 6.5 0 1 0 2-4.7L3 7.5M3 3v4.5h4.5M10 6.5V10l2.5 1.5",
            Self::Upload => "M10 13V3.5M6 7l4-4 4 4M3 16.5h14",
            Self::Up => "m5 12.5 5-5 5 5",
            Self::Down => "m5 7.5 5 5 5-5",
            Self::Off => "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM4.8 4.8l10.4 10.4",
            Self::Exit => "M8 3H3.5v14H8M7.5 10h9M13 6.5l3.5 3.5-3.5 3.5",
            Self::Graph => "M4 4h4v4H4zM12 3h5v4h-5zM12 13h5v4h-5zM8 6h4M8 7l4 8",
            Self::Settings => {
                "M10 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM10 2.5v2.5M10 15v2.5M2.5 10H5M15 10h2.5M4.7 4.7l1.8 1.8M13.5 13.5l1.8 1.8M15.3 4.7l-1.8 1.8M6.5 13.5l-1.8 1.8"
            }
            Self::Help => {
                "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM7.8 7.6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M10 13.8h.01"
            }
            Self::Download => "M10 3v9.5M6 9l4 4 4-4M3 16.5h14",
            Self::None => "M4 10h12",
        }
    }
}

/// The icon; a decoration beside words, which say the same.
pub fn icon(icon: Icon) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path d={icon.path()} />
        </svg>
    }
}
