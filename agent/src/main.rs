//! `lookupd-agent`: nsqlookupd for nsqd, for consumers, for nsqadmin and for scripts, as one native process.
//!
//! It is started with nsqlookupd's own command line and behaves as nsqlookupd does, but for the numbered differences in
//! `tests/COMPATIBILITY.md`. What it answers and decides is core's; here are sockets, a clock, and a disk:
//!
//! - `options`, `settings`, `help`: the command line and the config file.
//! - `daemon`: from the start to the end of the process; `log`: what it says meanwhile.
//! - `listen`, `serving`: listening, and bounded connections.
//! - `tcp`: nsqd's sessions. `http`: everyone else's requests, and the dashboard.
//! - `role`: whom those talk to, which is one of two.
//! - `leader`: the one that writes, and reading beside it. `store`: what it writes to.
//! - `follower`: announcing to a leader elsewhere, and answering by what it says.
//! - `completing`: asking an nsqd that is connected here to delete a topic.

mod completing;
mod daemon;
mod follower;
mod help;
mod http;
mod leader;
mod listen;
mod log;
mod options;
mod role;
mod serving;
mod settings;
mod store;
mod tcp;
mod waiters;

use std::{
    env,
    io::{self, Write as _},
    process::ExitCode,
};

use mimalloc::MiMalloc;

use crate::{options::Options, settings::Settings};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let options = match Options::read(env::args_os().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            // As Go's flag package: what is wrong, what there is, and status 2.
            let _ = write!(io::stderr(), "{error}\n{}", help::help());
            return ExitCode::from(2);
        }
    };
    if options.help {
        let _ = write!(io::stderr(), "{}", help::help());
        return ExitCode::SUCCESS;
    }
    if options.version == Some(true) {
        let _ = writeln!(io::stdout(), "{}", help::version());
        return ExitCode::SUCCESS;
    }
    let settings = match Settings::of(options) {
        Ok(settings) => settings,
        Err(problem) => {
            log::fatal(&Settings::default().log_prefix, &problem);
            return ExitCode::FAILURE;
        }
    };
    log::start(settings.log_level, &settings.log_prefix);
    match daemon::run(&settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            log::fatal(&settings.log_prefix, &problem);
            ExitCode::FAILURE
        }
    }
}
