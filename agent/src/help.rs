//! What is said of the program itself, in Go's form: `--help` and `--version`.

use std::fmt::Write as _;

use clap::{ArgAction, CommandFactory as _};
use lookupd_core::http::NSQLOOKUPD_VERSION;

use crate::{options::Options, settings::Settings};

/// As nsqlookupd's first log line and `--version` begin; then who it really is.
pub(crate) fn version() -> String {
    let (built_with, own) = (env!("BUILT_WITH"), env!("CARGO_PKG_VERSION"));
    format!("nsqlookupd v{NSQLOOKUPD_VERSION} (built w/{built_with}) lookupd-agent v{own}")
}

/// All flags as Go's `flag.PrintDefaults` writes them: by name, each with its default.
pub(crate) fn help() -> String {
    let defaults = Settings::default();
    let mut command = Options::command();
    command.build();
    let mut flags: Vec<_> = command.get_arguments().filter(|flag| !flag.is_hide_set()).collect();
    flags.sort_by_key(|flag| flag.get_long());
    let mut text = String::from("Usage of nsqlookupd:\n");
    for flag in flags {
        let name = flag.get_long().unwrap_or_default();
        let is_switch = matches!(flag.get_action(), ArgAction::Set) && flag.is_require_equals_set();
        let kind = flag.get_value_names().and_then(|names| names.first()).filter(|_| !is_switch);
        let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
        let default = defaults.told(name).map(|default| format!(" (default {default})")).unwrap_or_default();
        let kind = kind.map(|kind| format!(" {kind}")).unwrap_or_default();
        let _ = writeln!(text, "  -{name}{kind}\n    \t{help}{default}");
    }
    text
}
