//! The web application in which people watch NSQ and change things. Its pages ask the API that is asked here.

use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;

use super::flags;
use crate::http::{Client, Request, Response};
use crate::process::Process;

/// A running nsqadmin.
#[derive(Debug)]
pub struct Nsqadmin {
    _process: Process,
    http: SocketAddr,
}

impl Nsqadmin {
    pub(super) fn start(command: &mut Command, lookupds: &[SocketAddr]) -> Self {
        command
            .arg("-http-address=127.0.0.1:0")
            // An nsqd that hangs is waited for so long.
            .arg("-http-client-request-timeout=2s")
            .args(flags("lookupd-http-address", lookupds));
        let process = Process::start(command, "", None);
        let [http] = process.listening(["HTTP"]);
        Self { _process: process, http }
    }

    /// Where it listens.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// What it shows under `/api`, such as `/topics` or `/nodes`.
    ///
    /// # Panics
    ///
    /// When it can't.
    pub fn show(&self, page: &str) -> Value {
        let answer = Client::new(self.http).get(format!("/api{page}"));
        assert_eq!(answer.status, 200, "{page}: {answer:?}");
        answer.json()
    }

    /// Asks it to change something under `/api`.
    ///
    /// # Panics
    ///
    /// When it refuses, or does only a part of it.
    pub fn change(&self, method: &str, page: &str, body: &Value) {
        let answer = self.try_change(method, page, body);
        assert_eq!((answer.status, &*answer.message()), (200, ""), "{method} {page} {body}: {answer:?}");
    }

    /// As [`change`](Self::change), whatever comes of it.
    pub fn try_change(&self, method: &str, page: &str, body: &Value) -> Response {
        Client::new(self.http).send(&Request::new(method, format!("/api{page}")).body(body.to_string()))
    }
}
