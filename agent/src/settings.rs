//! What the daemon is told, complete: a flag counts before a variable, that before the config file, that before a default.

use std::{fmt::Display, fs, path::PathBuf, time::Duration};

use lookupd_core::{
    GRANT, LeaderSettings, Lifetimes, Limits,
    http::{Access, Anonymous, Hosts, Origins},
    parse_duration,
};
use toml::{Table, Value};

use crate::{log::Level, options::Options};

/// Everything, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) log_level: Level,
    pub(crate) log_prefix: String,
    pub(crate) tcp_address: String,
    pub(crate) http_address: String,
    pub(crate) broadcast_address: String,
    pub(crate) leader: LeaderSettings,
    /// Nothing: the registry is forgotten at the end.
    pub(crate) data_path: Option<PathBuf>,
    /// The leaders to follow; none where this process is one.
    pub(crate) upstreams: Vec<String>,
    pub(crate) upstream_token: Option<String>,
    /// Whether nsqds that are connected here may be asked to delete topics.
    pub(crate) complete_tombstones: bool,
    pub(crate) anonymous: Anonymous,
    /// Whether any token was given.
    pub(crate) has_tokens: bool,
    pub(crate) access: Access,
    pub(crate) origins: Origins,
    /// Without the broadcast address, which is known with its port once that is open.
    pub(crate) hosts: Hosts,
    pub(crate) max_connections: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            log_level: Level::Info,
            log_prefix: "[nsqlookupd] ".into(),
            tcp_address: "0.0.0.0:4160".into(),
            http_address: "0.0.0.0:4161".into(),
            broadcast_address: hostname(),
            leader: LeaderSettings { lifetimes: Lifetimes::default(), limits: Limits::NATIVE, grant: GRANT },
            data_path: None,
            upstreams: Vec::new(),
            upstream_token: None,
            complete_tombstones: false,
            anonymous: Anonymous::Write,
            has_tokens: false,
            access: Access::new(Anonymous::Write, None, None, None),
            origins: Origins::default(),
            hosts: Hosts::default(),
            max_connections: 20_000,
        }
    }
}

impl Settings {
    /// Completes the command line by its config file and the defaults.
    ///
    /// # Errors
    /// What is wrong with which of them, in a sentence.
    pub(crate) fn of(options: Options) -> Result<Self, String> {
        let file = match &options.config {
            // As nsqlookupd: an empty path is none.
            Some(path) if !path.as_os_str().is_empty() => {
                let failed = |reason: &dyn Display| format!("failed to load config file {} - {reason}", path.display());
                let text = fs::read_to_string(path).map_err(|error| failed(&error))?;
                File(text.parse().map_err(|error: toml::de::Error| failed(&error.to_string().trim_end()))?)
            }
            _ => File::default(),
        };
        let default = Self::default();
        let Lifetimes { inactive_producer_timeout, tombstone_lifetime } = default.leader.lifetimes;
        let lifetimes = Lifetimes {
            inactive_producer_timeout: pick(
                options.inactive_producer_timeout,
                file.duration("inactive_producer_timeout")?,
            )
            .unwrap_or(inactive_producer_timeout),
            tombstone_lifetime: pick(options.tombstone_lifetime, file.duration("tombstone_lifetime")?)
                .unwrap_or(tombstone_lifetime),
        };
        if lifetimes.inactive_producer_timeout < SHORTEST_TIMEOUT {
            return Err(format!("inactive-producer-timeout is less than {SHORTEST_TIMEOUT:?}: nobody would be found"));
        }
        let log_level = pick(options.log_level, file.text("log_level").map(|text| Level::parse(&text)).transpose()?);
        let tokens = [
            pick(options.admin_token, file.text("admin_token")),
            pick(options.register_token, file.text("register_token")),
            pick(options.read_token, file.text("read_token")),
        ];
        let [admin, register, read] = tokens.each_ref().map(Option::as_deref);
        let has_tokens = tokens.iter().flatten().any(|token| !token.trim().is_empty());
        let anonymous = match pick(options.anonymous, file.text("anonymous")).filter(|text| !text.is_empty()) {
            Some(text) => Anonymous::parse(&text)
                .ok_or_else(|| format!("invalid value {text:?} of anonymous: expected none, read or write"))?,
            None if has_tokens => Anonymous::None,
            None => default.anonymous,
        };
        let upstreams = if options.upstream.is_empty() { file.texts("upstream") } else { options.upstream };
        let max_connections = pick(options.max_connections, file.number("max_connections")?);
        Ok(Self {
            log_level: log_level.unwrap_or(default.log_level),
            log_prefix: pick(options.log_prefix, file.text("log_prefix")).unwrap_or(default.log_prefix),
            tcp_address: pick(options.tcp_address, file.text("tcp_address")).unwrap_or(default.tcp_address),
            http_address: pick(options.http_address, file.text("http_address")).unwrap_or(default.http_address),
            broadcast_address: pick(options.broadcast_address, file.text("broadcast_address"))
                .unwrap_or(default.broadcast_address),
            leader: LeaderSettings { lifetimes, ..default.leader },
            data_path: pick(options.data_path, file.text("data_path").map(PathBuf::from))
                .filter(|path| !path.as_os_str().is_empty()),
            upstreams: upstreams.into_iter().filter(|url| !url.is_empty()).collect(),
            upstream_token: pick(options.upstream_token, file.text("upstream_token"))
                .map(|token| token.trim().to_owned())
                .filter(|token| !token.is_empty()),
            complete_tombstones: pick(options.complete_tombstones, file.switch("complete_tombstones")?)
                .unwrap_or(default.complete_tombstones),
            anonymous,
            has_tokens,
            access: Access::new(anonymous, admin, register, read),
            origins: Origins::parse(&pick(options.cors_origins, file.text("cors_origins")).unwrap_or_default()),
            hosts: Hosts::parse(&pick(options.hosts, file.text("hosts")).unwrap_or_default()),
            max_connections: max_connections.unwrap_or(default.max_connections).max(1),
        })
    }

    /// The default of a flag as Go's help tells it; nothing where it is empty.
    pub(crate) fn told(&self, flag: &str) -> Option<String> {
        Some(match flag {
            "log-level" => self.log_level.to_string(),
            "log-prefix" => format!("{:?}", self.log_prefix),
            "tcp-address" => format!("{:?}", self.tcp_address),
            "http-address" => format!("{:?}", self.http_address),
            "broadcast-address" => format!("{:?}", self.broadcast_address),
            "inactive-producer-timeout" => in_go(self.leader.lifetimes.inactive_producer_timeout),
            "tombstone-lifetime" => in_go(self.leader.lifetimes.tombstone_lifetime),
            "max-connections" => self.max_connections.to_string(),
            _ => return None,
        })
    }
}

/// A duration as Go writes it, to the second: `5m0s`, `45s`.
fn in_go(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// Less can't be kept by any producer.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(100);

fn pick<T>(said: Option<T>, otherwise: Option<T>) -> Option<T> {
    said.or(otherwise)
}

/// The config file. Keys that it doesn't know are ignored, as nsqlookupd does; the flags' names with `_` for `-` are known.
#[derive(Default)]
struct File(Table);

impl File {
    fn text(&self, key: &str) -> Option<String> {
        Some(match self.0.get(key)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// A text, or a list of them.
    fn texts(&self, key: &str) -> Vec<String> {
        match self.0.get(key) {
            Some(Value::Array(texts)) => {
                texts.iter().map(|text| text.as_str().map_or_else(|| text.to_string(), String::from)).collect()
            }
            _ => self.text(key).into_iter().collect(),
        }
    }

    /// A text, or a number of milliseconds.
    fn duration(&self, key: &str) -> Result<Option<Duration>, String> {
        let invalid = |problem: &str| format!("invalid value of {key} in the config file: {problem}");
        match self.0.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => {
                parse_duration(text).map(Some).map_err(|problem| invalid(&problem.to_string()))
            }
            Some(Value::Integer(millis)) => {
                let millis = u64::try_from(*millis).map_err(|_| invalid("it is negative"))?;
                Ok(Some(Duration::from_millis(millis)))
            }
            Some(_) => Err(invalid("expected a duration such as \"300s\"")),
        }
    }

    fn switch(&self, key: &str) -> Result<Option<bool>, String> {
        let parsed = self.text(key).map(|text| text.parse()).transpose();
        parsed.map_err(|_| format!("invalid value of {key} in the config file: expected true or false"))
    }

    fn number(&self, key: &str) -> Result<Option<usize>, String> {
        let parsed = self.text(key).map(|text| text.parse()).transpose();
        parsed.map_err(|_| format!("invalid value of {key} in the config file: expected a number"))
    }
}

fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &[&str]) -> Result<Settings, String> {
        Settings::of(Options::read(arguments.iter().map(Into::into)).expect("flags"))
    }

    #[test]
    fn nothing_said_is_nsqlookupd_as_it_comes() {
        assert_eq!(of(&[]), Ok(Settings::default()));
    }

    #[test]
    fn a_token_closes_what_was_open() {
        assert_eq!(of(&["-admin-token=a"]).map(|settings| settings.anonymous), Ok(Anonymous::None));
        assert_eq!(of(&["-admin-token= "]).map(|settings| settings.anonymous), Ok(Anonymous::Write));
        let open = of(&["-admin-token=a", "-anonymous=read"]);
        assert_eq!(open.map(|settings| settings.anonymous), Ok(Anonymous::Read));
        assert!(of(&["-anonymous=all"]).is_err());
    }

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (seconds, text) in [(0, "0s"), (45, "45s"), (300, "5m0s"), (3_661, "1h1m1s")] {
            assert_eq!(in_go(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn mistakes_are_told() {
        for bad in ["-inactive-producer-timeout=0s", "-config=/nonexistent/nsqlookupd.cfg"] {
            assert!(of(&[bad]).is_err(), "{bad}");
        }
    }
}
