//! What the browser keeps: what a person chose, the token, and when the page reloaded itself.

use std::{cell::Cell, time::Duration};

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

/// Something that a person may choose. It is kept in this browser, for all tabs, and shown at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Light, dark, or as the system has it.
    Theme,
    /// How high a table's rows are.
    Density,
    /// Whose clock moments are told by.
    Clock,
    /// Whether a moment is told by how long ago it was.
    Moments,
    /// Whether keys are shortcuts.
    Shortcuts,
}

/// A choice's options: what is kept, and what a person reads. The first is chosen where nobody chose.
type Options = &'static [(&'static str, &'static str)];

impl Choice {
    const ALL: [Self; 5] = [Self::Theme, Self::Density, Self::Clock, Self::Moments, Self::Shortcuts];

    /// The place of the option that is chosen.
    pub fn chosen(self) -> usize {
        CHOSEN.get()[self as usize]
    }

    /// Takes an option, shows it, and keeps it.
    pub fn choose(self, option: usize) {
        self.set(option);
        if let (Some(storage), Some((key, _))) = (local(), self.options().get(option)) {
            // Where it can't be kept it holds for this page.
            let _ = storage.set_item(&self.kept_as(), key);
        }
        show_choices();
    }

    /// The option after the one that is chosen, for a button that goes round.
    pub fn next(self) -> usize {
        (self.chosen() + 1) % self.options().len()
    }

    /// What there is to choose.
    pub fn label(self) -> &'static str {
        match self {
            Self::Theme => "Theme",
            Self::Density => "Rows of tables",
            Self::Clock => "Clock",
            Self::Moments => "Moments",
            Self::Shortcuts => "Shortcuts",
        }
    }

    /// All options.
    pub fn options(self) -> Options {
        match self {
            Self::Theme => &[("system", "As the system has it"), ("light", "Light"), ("dark", "Dark")],
            Self::Density => &[("comfortable", "Comfortable"), ("compact", "Compact")],
            Self::Clock => &[("local", "Local time"), ("utc", "UTC")],
            Self::Moments => &[("relative", "How long ago"), ("absolute", "Date and time")],
            Self::Shortcuts => &[("on", "On"), ("off", "Off")],
        }
    }

    /// What it is called where it is kept, and as an attribute of the page's root.
    fn name(self) -> &'static str {
        match self {
            Self::Theme => "theme",
            Self::Density => "density",
            Self::Clock => "clock",
            Self::Moments => "moments",
            Self::Shortcuts => "shortcuts",
        }
    }

    fn kept_as(self) -> String {
        format!("lookupd-{}", self.name())
    }

    pub(crate) fn set(self, option: usize) {
        let mut chosen = CHOSEN.get();
        chosen[self as usize] = option;
        CHOSEN.set(chosen);
    }
}

/// Takes over what is kept, and shows it: at the start, and when another tab chose.
pub fn load_choices() {
    for choice in Choice::ALL {
        let kept = local().and_then(|storage| storage.get_item(&choice.kept_as()).ok().flatten());
        let option = choice.options().iter().position(|(key, _)| Some(*key) == kept.as_deref());
        choice.set(option.unwrap_or(0));
    }
    show_choices();
}

/// The stylesheet reads the attributes of the page's root.
fn show_choices() {
    let Some(root) = dom::document().document_element() else { return };
    for choice in Choice::ALL {
        let (key, _) = choice.options()[choice.chosen()];
        let _ = root.set_attribute(&format!("data-{}", choice.name()), key);
    }
}

thread_local! {
    /// By choice, the place of its option. What shows time asks for every moment that it shows.
    static CHOSEN: Cell<[usize; Choice::ALL.len()]> = const { Cell::new([0; Choice::ALL.len()]) };
}

const TOKEN: &str = "lookupd-token";
const RELOADED: &str = "lookupd-reloaded-at";

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

    #[test]
    fn a_button_that_goes_round_meets_every_option() {
        for choice in Choice::ALL {
            let mut met = Vec::new();
            for _ in choice.options() {
                met.push(choice.chosen());
                choice.set(choice.next());
            }
            assert_eq!(met, (0..choice.options().len()).collect::<Vec<_>>(), "{choice:?}");
            assert_eq!(choice.chosen(), 0, "{choice:?}");
        }
    }
}
