//! What the deployment says: variables and secrets, read once an isolate.

use std::{cell::OnceCell, rc::Rc, time::Duration};

use lookupd_core::{
    GRANT, LeaderSettings, Lifetimes, Limits,
    http::{Access, Anonymous, DEFAULT_CLUSTER, Hosts, Origins},
    parse_duration,
};
use worker::Env;

/// The deployment's variables and secrets, checked.
pub(crate) struct Config {
    pub(crate) access: Access,
    pub(crate) origins: Origins,
    pub(crate) hosts: Hosts,
    pub(crate) leader: LeaderSettings,
    /// The largest state that an isolate holds a copy of, in the bytes that it is loaded from.
    pub(crate) replica_max_bytes: usize,
    /// Where a leader is created, if that was said.
    pub(crate) location_hint: Option<String>,
    clusters: Vec<String>,
}

/// A variable that isn't what it should be, told in a sentence.
#[derive(Clone, Debug)]
pub(crate) struct Misconfigured(pub(crate) String);

impl Config {
    /// Whether the cluster exists.
    pub(crate) fn has_cluster(&self, name: &str) -> bool {
        self.clusters.iter().any(|cluster| cluster == name)
    }

    /// The deployment's, which is the same as long as an isolate lives.
    ///
    /// # Errors
    /// [`Misconfigured`], naming the variable.
    pub(crate) fn of(env: &Env) -> Result<Rc<Self>, Misconfigured> {
        thread_local! {
            static CONFIG: OnceCell<Result<Rc<Config>, Misconfigured>> = const { OnceCell::new() };
        }
        CONFIG.with(|config| config.get_or_init(|| Self::read(env).map(Rc::new)).clone())
    }

    fn read(env: &Env) -> Result<Self, Misconfigured> {
        let variable = |name: &str| env.var(name).ok().map(|value| value.to_string()).filter(|value| !value.is_empty());
        let anonymous = match variable("ANONYMOUS") {
            None => Anonymous::None,
            Some(text) => Anonymous::parse(&text).ok_or_else(|| expected("ANONYMOUS", "none, read or write", &text))?,
        };
        let duration = |name: &str, default: Duration| match variable(name) {
            None => Ok(default),
            Some(text) => match parse_duration(&text) {
                Ok(duration) if duration > Duration::ZERO => Ok(duration),
                _ => Err(expected(name, "a duration such as 300s or 1m30s", &text)),
            },
        };
        let Lifetimes { inactive_producer_timeout, tombstone_lifetime } = Lifetimes::default();
        let lifetimes = Lifetimes {
            inactive_producer_timeout: duration("INACTIVE_PRODUCER_TIMEOUT", inactive_producer_timeout)?,
            tombstone_lifetime: duration("TOMBSTONE_LIFETIME", tombstone_lifetime)?,
        };
        let replica_max_bytes = match variable("REPLICA_MAX_BYTES") {
            None => REPLICA_MAX_BYTES,
            Some(text) => text.parse().map_err(|_| expected("REPLICA_MAX_BYTES", "a number of bytes", &text))?,
        };
        let [admin, register, read] = ["ADMIN_TOKEN", "REGISTER_TOKEN", "READ_TOKEN"].map(variable);
        Ok(Self {
            access: Access::new(anonymous, admin.as_deref(), register.as_deref(), read.as_deref()),
            origins: Origins::parse(&variable("CORS_ORIGINS").unwrap_or_default()),
            hosts: Hosts::parse(&variable("HOSTS").unwrap_or_default()),
            leader: LeaderSettings { lifetimes, limits: Limits::EDGE, grant: GRANT },
            replica_max_bytes,
            location_hint: variable("LOCATION_HINT"),
            clusters: clusters(&variable("CLUSTERS").unwrap_or_else(|| DEFAULT_CLUSTER.into()))?,
        })
    }
}

/// A state takes more in memory than what it is loaded from, and an isolate of 128 MB may hold a leader too.
const REPLICA_MAX_BYTES: usize = 4_000_000;

fn clusters(text: &str) -> Result<Vec<String>, Misconfigured> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_string()).collect();
    let is_valid = |name: &String| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    };
    if names.iter().all(is_valid) {
        Ok(names)
    } else {
        Err(expected("CLUSTERS", "names of .a-zA-Z0-9_- with commas between them", text))
    }
}

fn expected(name: &str, what: &str, text: &str) -> Misconfigured {
    Misconfigured(format!("the variable {name} should be {what}, and is {text:?}"))
}
