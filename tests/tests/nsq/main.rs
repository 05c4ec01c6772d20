//! Real NSQ around us: nsqd, nsqadmin, `to_nsq` and `nsq_tail`, none of which knows that we are not nsqlookupd.
//!
//! Most stories are told twice, with our agent and with the real nsqlookupd, so that what they expect is what NSQ
//! does. Where the two differ, the story says so by the number in `COMPATIBILITY.md`.

mod cluster;

mod administration;
mod completions;
mod discovery;
mod restarts;
mod tombstones;
mod two_lookupds;
