//! What the browser keeps: the token, the theme, and when the page reloaded itself.

use std::time::Duration;

use lookupd_core::Timestamp;
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

/// When this tab last reloaded itself for a format that it didn't read.
pub fn reloaded_at() -> Option<Timestamp> {
    session()?.get_item(RELOADED).ok().flatten()?.parse().ok().map(Timestamp::from_millis)
}

/// Keeps when. Says whether that is kept: what isn't would be tried for ever.
pub fn set_reloaded_at(now: Timestamp) -> bool {
    session().is_some_and(|storage| storage.set_item(RELOADED, &now.as_millis().to_string()).is_ok())
}

/// Whether the page may reload itself for a format that it doesn't read: once, and again only where it could read what came
/// meanwhile, and long after. So servers of mixed releases don't make it flicker.
pub fn may_reload(reloaded_at: Option<Timestamp>, is_loaded: bool, now: Timestamp) -> bool {
    reloaded_at.is_none_or(|at| is_loaded && now.since(at) > BETWEEN_RELOADS)
}

const BETWEEN_RELOADS: Duration = Duration::from_secs(600);

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
const RELOADED: &str = "lookupd-reloaded-at";
const THEME: &str = "lookupd-theme";

fn session() -> Option<Storage> {
    dom::window().session_storage().ok().flatten()
}

fn local() -> Option<Storage> {
    dom::window().local_storage().ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reloads_itself_once_and_not_again_while_that_did_not_help() {
        let at = |seconds: u64| Timestamp::from_millis(1_700_000_000_000 + 1_000 * seconds);
        assert!(may_reload(None, false, at(0)));
        assert!(!may_reload(Some(at(0)), false, at(86_400)), "it read nothing since");
        assert!(!may_reload(Some(at(0)), true, at(600)));
        assert!(may_reload(Some(at(0)), true, at(601)), "a later release");
    }
}
