//! nsqlookupd's TCP protocol V1 without sockets: bytes go in, frames and requests come out.
//!
//! A client, which is an nsqd, sends `  V1` once, and then commands: a line each, and behind `IDENTIFY` a length and a JSON
//! body. Every command is answered by one frame: its length as an int32, big-endian, then that many bytes. What is
//! accepted, and what is said to the rest, is nsqlookupd's to the byte (nsqio/nsq, `nsqlookupd/tcp.go`,
//! `nsqlookupd/lookup_protocol_v1.go`, `internal/protocol/`); where it differs on purpose, everything that a client can make
//! long is bounded, and a port is one.
//!
//! A home gives each of its connections a [`Session`], whose documentation tells the order of calls. The session knows
//! nothing of the registry: it asks its home to carry a [`Request`] out, and answers the client when it is told that this
//! is done. Which session speaks for a node is the home's to know, too.

mod buffer;
mod error;
mod frame;
mod greeting;
mod identify;
mod json;
mod line;
mod request;
mod session;

pub use self::{
    error::{Error, Failure},
    frame::Frame,
    greeting::{Daemon, Greeting},
    line::{MAX_LINE_LENGTH, Verb},
    request::Request,
    session::{MAX_OUTSTANDING, Output, Progress, Session},
};
pub use crate::producer::IDENTIFY_LIMIT as MAX_BODY_LENGTH;
