//! The command line: nsqlookupd's, and ours beside it (nsqio/nsq, `apps/nsqlookupd/`).

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{ArgAction, Parser};
use lookupd_core::parse_duration;

use crate::log::Level;

/// What was said on the command line or in the environment; the rest is the config file's or a default.
///
/// nsqlookupd's flags have nsqlookupd's texts.
#[derive(Debug, Default, Parser)]
#[command(name = "nsqlookupd", disable_help_flag = true, disable_version_flag = true, args_override_self = true)]
pub(crate) struct Options {
    #[arg(help = "path to config file", long, value_name = "string")]
    pub(crate) config: Option<PathBuf>,
    #[arg(help = "print version string", long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = parse_bool)]
    pub(crate) version: Option<bool>,
    #[arg(help = "set log verbosity: debug, info, warn, error, or fatal", long, value_name = "value", value_parser = Level::parse)]
    pub(crate) log_level: Option<Level>,
    #[arg(help = "log message prefix", long, value_name = "string")]
    pub(crate) log_prefix: Option<String>,
    #[arg(help = "[deprecated] has no effect, use --log-level", long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = parse_bool)]
    pub(crate) verbose: Option<bool>,
    #[arg(help = "<addr>:<port> to listen on for TCP clients", long, value_name = "string")]
    pub(crate) tcp_address: Option<String>,
    #[arg(help = "<addr>:<port> to listen on for HTTP clients", long, value_name = "string")]
    pub(crate) http_address: Option<String>,
    #[arg(help = "address of this lookupd node, (default to the OS hostname)", long, value_name = "string")]
    pub(crate) broadcast_address: Option<String>,
    #[arg(help = "duration of time a producer will remain in the active list since its last ping", long, value_name = "duration", value_parser = parse_duration)]
    pub(crate) inactive_producer_timeout: Option<Duration>,
    #[arg(help = "duration of time a producer will remain tombstoned if registration remains", long, value_name = "duration", value_parser = parse_duration)]
    pub(crate) tombstone_lifetime: Option<Duration>,

    #[arg(
        help = "folder to keep the registry in; without one it is forgotten at the end",
        long,
        value_name = "string"
    )]
    pub(crate) data_path: Option<PathBuf>,
    #[arg(
        help = "URL of a leader to follow, on the edge or another agent, as in https://lookup.example/clusters/west (may be given multiple times)",
        long,
        value_name = "value"
    )]
    pub(crate) upstream: Vec<String>,
    #[arg(
        help = "token that permits this agent to announce and to read there (or UPSTREAM_TOKEN)",
        long,
        env = "UPSTREAM_TOKEN",
        hide_env_values = true,
        value_name = "string"
    )]
    pub(crate) upstream_token: Option<String>,
    #[arg(
        help = "token that permits everything over HTTP (or the variable ADMIN_TOKEN)",
        long,
        env = "ADMIN_TOKEN",
        hide_env_values = true,
        value_name = "string"
    )]
    pub(crate) admin_token: Option<String>,
    #[arg(
        help = "token that permits reading and registering over HTTP (or REGISTER_TOKEN)",
        long,
        env = "REGISTER_TOKEN",
        hide_env_values = true,
        value_name = "string"
    )]
    pub(crate) register_token: Option<String>,
    #[arg(
        help = "token that permits reading over HTTP (or READ_TOKEN)",
        long,
        env = "READ_TOKEN",
        hide_env_values = true,
        value_name = "string"
    )]
    pub(crate) read_token: Option<String>,
    #[arg(
        help = "what callers without a token may do over HTTP: none, read, or write (or ANONYMOUS; default write, or none where a token is given)",
        long,
        env = "ANONYMOUS",
        value_name = "value"
    )]
    pub(crate) anonymous: Option<String>,
    #[arg(
        help = "origins whose web pages may ask, by comma (or CORS_ORIGINS)",
        long,
        env = "CORS_ORIGINS",
        value_name = "string"
    )]
    pub(crate) cors_origins: Option<String>,
    #[arg(
        help = "hosts that are answered to over HTTP, by comma, as in localhost:4161; the broadcast address always is (or HOSTS; default any)",
        long,
        env = "HOSTS",
        value_name = "string"
    )]
    pub(crate) hosts: Option<String>,
    #[arg(
        help = "let whoever may tombstone a topic also have the nsqds that are connected here delete it, with its messages",
        long,
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = parse_bool
    )]
    pub(crate) complete_tombstones: Option<bool>,
    #[arg(help = "number of connections served at once, for TCP and for HTTP each", long, value_name = "int")]
    pub(crate) max_connections: Option<usize>,

    #[arg(help = "show this", long, action = ArgAction::SetTrue, hide = true)]
    pub(crate) help: bool,
}

impl Options {
    /// Reads the arguments behind the program's name.
    ///
    /// # Errors
    /// What is wrong with them, as [`clap`] says it.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(in_one_form(arguments))
    }
}

/// The arguments as [`clap`] is to see them: Go takes one dash for two, and looks at nothing behind the first word that is
/// neither a flag nor the value of one (Go's `flag`, "Command line flag syntax").
fn in_one_form(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments = arguments.into_iter();
    let mut flags = vec![OsString::from("nsqlookupd")];
    while let Some(argument) = arguments.next() {
        let Some(name) = argument.to_str().and_then(|text| text.strip_prefix('-')) else { break };
        let name = name.strip_prefix('-').unwrap_or(name);
        if name.is_empty() {
            break;
        }
        let mut flag = OsString::from(if name == "h" { "--help".into() } else { format!("--{name}") });
        if !name.contains('=')
            && !SWITCHES.contains(&name)
            && let Some(value) = arguments.next()
        {
            flag.push("=");
            flag.push(value);
        }
        flags.push(flag);
    }
    flags
}

/// The flags that take no value from the next argument.
const SWITCHES: [&str; 5] = ["complete-tombstones", "h", "help", "verbose", "version"];

/// Go's `strconv.ParseBool`.
fn parse_bool(text: &str) -> Result<bool, &'static str> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected true or false"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Options, clap::Error> {
        Options::read(arguments.iter().map(OsString::from))
    }

    #[test]
    fn flags_are_written_as_for_nsqlookupd() {
        for arguments in [
            &["-tcp-address=h:1", "-verbose", "--inactive-producer-timeout", "1m30s"][..],
            &["--tcp-address", "h:1", "--verbose=true", "-inactive-producer-timeout=90s"],
            &[
                "-tcp-address",
                "x:9",
                "-verbose=1",
                "-inactive-producer-timeout=1.5m",
                "-tcp-address",
                "h:1",
                "stray",
                "-x",
            ],
        ] {
            let options = read(arguments).expect("they are");
            assert_eq!(options.tcp_address.as_deref(), Some("h:1"), "{arguments:?}");
            assert_eq!(options.verbose, Some(true));
            assert_eq!(options.inactive_producer_timeout, Some(Duration::from_secs(90)));
        }
        assert_eq!(read(&["-version"]).expect("a flag").version, Some(true));
        assert_eq!(read(&["-version=false", "-log-prefix", "-x-"]).expect("flags").log_prefix.as_deref(), Some("-x-"));
        assert_eq!(read(&["-verbose", "true", "-version"]).expect("a stray word ends them").version, None);
        for (argument, is_on) in [("-complete-tombstones", true), ("--complete-tombstones=false", false)] {
            let options = read(&[argument, "-tcp-address=h:1"]).expect("flags");
            assert_eq!((options.complete_tombstones, options.tcp_address.as_deref()), (Some(is_on), Some("h:1")));
        }
        assert!(read(&["-h"]).expect("a flag").help && read(&["--help"]).expect("a flag").help);
    }

    #[test]
    fn what_is_no_flag_is_told() {
        for bad in [
            &["-nonsense"][..],
            &["--tombstone-lifetime=5"],
            &["-tcp-address"],
            &["-verbose=maybe"],
            &["-log-level=loud"],
            &["-complete-tombstones=perhaps"],
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
