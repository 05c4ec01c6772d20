//! What the browser keeps: the token and the theme.

use web_sys::Storage;

use crate::dom;

/// The token that every request carries.
///
/// It is kept in the session's storage: gone with its tab, so that a token which may change things doesn't lie on a disk
/// or meet whoever opens the browser next. A reload keeps it; a new tab asks once.
pub fn token() -> Option<String> {
    session()?.get_item(TOKEN).ok().flatten().filter(|token| !token.is_empty())
}

/// Keeps a token, or forgets it.
pub fn set_token(token: Option<&str>) {
    if let Some(storage) = session() {
        // A full or forbidden storage leaves the token unkept: the server asks again.
        let _ = match token {
            Some(token) => storage.set_item(TOKEN, token),
            None => storage.remove_item(TOKEN),
        };
    }
}

/// Light, dark, or as the system has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The theme that was chosen here before.
    pub fn load() -> Self {
        match local().and_then(|storage| storage.get_item(THEME).ok().flatten()).as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// Shows this theme, and keeps the choice.
    pub fn choose(self) {
        self.show();
        if let Some(storage) = local() {
            let _ = match self.key() {
                Some(key) => storage.set_item(THEME, key),
                None => storage.remove_item(THEME),
            };
        }
    }

    /// Shows this theme.
    pub fn show(self) {
        let Some(root) = dom::document().document_element() else { return };
        let _ = match self.key() {
            Some(key) => root.set_attribute("data-theme", key),
            None => root.remove_attribute("data-theme"),
        };
    }

    /// The one after it, for a button that goes round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    /// In a word.
    pub fn label(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn key(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

const TOKEN: &str = "lookupd-token";
const THEME: &str = "lookupd-theme";

fn session() -> Option<Storage> {
    dom::window().session_storage().ok().flatten()
}

fn local() -> Option<Storage> {
    dom::window().local_storage().ok().flatten()
}
