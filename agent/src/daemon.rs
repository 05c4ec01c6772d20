//! From the start to the end: init, start, wait for SIGINT or SIGTERM, stop.

use std::process;

use lookupd_core::{
    http::Anonymous,
    protocol::{Daemon, Greeting},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use crate::{
    completing::Completing,
    follower::Following,
    help,
    http::Http,
    leader::Leadership,
    listen::listen,
    role::Role,
    serving::{Stopping, accept, stopped},
    settings::Settings,
    store::{Disk, Memory, Sqlite},
    tcp::Tcp,
};

/// Runs until it is told to stop.
///
/// # Errors
/// Why it can't start, in one line.
pub(crate) fn run(settings: &Settings) -> Result<(), String> {
    tracing::info!("{}", help::version());
    allow_many_connections();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("failed to start - {error}"))?;
    let ended = runtime.block_on(serve(settings));
    // What is still about now was given its time.
    runtime.shutdown_background();
    ended
}

async fn serve(settings: &Settings) -> Result<(), String> {
    // From here on a signal ends it in order.
    let mut signals = Signals::new()?;
    announce_access(settings);
    let (stop, stopping) = watch::channel(false);
    // Nobody is let in before everything is there.
    let (role, duties) = take_role(settings, &stopping)?;
    let tcp_listener = listen(&settings.tcp_address).await?;
    let http_listener = listen(&settings.http_address).await?;
    let (tcp_address, http_address) = match (tcp_listener.local_addr(), http_listener.local_addr()) {
        (Ok(tcp), Ok(http)) => (tcp, http),
        (Err(error), _) | (_, Err(error)) => return Err(format!("listen failed - {error}")),
    };
    let greeting = Greeting::new(&Daemon {
        broadcast_address: &settings.broadcast_address,
        hostname: &Settings::default().broadcast_address,
        http_port: http_address.port(),
        tcp_port: tcp_address.port(),
    });
    let tcp = Tcp::new(role.clone(), greeting, stopping.clone());
    let (access, origins) = (settings.access.clone(), settings.origins.clone());
    let hosts = settings.hosts.clone().and(&host_and_port(&settings.broadcast_address, http_address.port()));
    let judges_tokens = settings.has_tokens || matches!(role, Role::Leader(_));
    let http = Http::new(role, access, judges_tokens, origins, hosts, stopping.clone());
    tracing::info!("TCP: listening on {tcp_address}");
    tracing::info!("HTTP: listening on {http_address}");
    let tcp =
        tokio::spawn(accept("TCP", tcp_listener, settings.max_connections, stopping.clone(), move |stream, peer| {
            tcp.clone().serve(stream, peer)
        }));
    let http = tokio::spawn(accept("HTTP", http_listener, settings.max_connections, stopping, move |stream, peer| {
        http.clone().serve(stream, peer)
    }));

    signals.next().await;
    tokio::spawn(async move {
        signals.next().await;
        process::exit(1);
    });
    let _ = stop.send(true);
    let _ = tokio::join!(tcp, http);
    duties.end().await;
    Ok(())
}

/// What a role does beside answering, until the daemon stops.
enum Duties {
    Leader { leadership: Leadership, thread: std::thread::JoinHandle<()>, sweeper: tokio::task::JoinHandle<()> },
    Follower(tokio::task::JoinSet<()>),
}

fn take_role(settings: &Settings, stopping: &Stopping) -> Result<(Role, Duties), String> {
    let (data_path, completing) = (settings.data_path.as_deref(), Completing::new(settings.complete_tombstones));
    if !settings.upstreams.is_empty() {
        let urls = &settings.upstreams;
        let (token, timeout) =
            (settings.upstream_token.as_deref(), settings.leader.lifetimes.inactive_producer_timeout);
        let (following, tasks) = Following::start(urls, token, data_path, timeout, completing, stopping)?;
        return Ok((Role::Follower(following), Duties::Follower(tasks)));
    }
    let disk = match data_path {
        None => Disk::new(Memory::default()),
        Some(folder) => Disk::new(Sqlite::open(folder).map_err(|error| error.to_string())?),
    };
    let (leadership, thread) =
        Leadership::start(disk, settings.leader, completing).map_err(|error| match data_path {
            None => error.to_string(),
            Some(folder) => format!("--data-path {}: {error}", folder.display()),
        })?;
    let sweeper = tokio::spawn(sweep(leadership.clone(), stopping.clone()));
    Ok((Role::Leader(leadership.clone()), Duties::Leader { leadership, thread, sweeper }))
}

impl Duties {
    /// Waits until they are done, once the daemon stops.
    async fn end(self) {
        match self {
            Self::Leader { leadership, thread, sweeper } => {
                let _ = sweeper.await;
                leadership.stop().await;
                // It has nothing to do but what was asked before, and whoever can't wait for its disk sends a second signal.
                let _ = tokio::task::spawn_blocking(|| thread.join()).await;
            }
            Self::Follower(tasks) => drop(tasks.join_all().await),
        }
    }
}

/// As nsqd joins them when it asks for a topic's channels (Go's `net.JoinHostPort`).
fn host_and_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

async fn sweep(leadership: Leadership, mut stopping: Stopping) {
    let mut timer = interval(leadership.sweep_interval());
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = timer.tick() => leadership.sweep().await,
            () = stopped(&mut stopping) => return,
        }
    }
}

fn announce_access(settings: &Settings) {
    let Settings { anonymous, has_tokens, upstreams, .. } = settings;
    match anonymous {
        Anonymous::Write if !upstreams.is_empty() => {
            tracing::info!("HTTP: whoever reaches it may read; what changes something is the leader's to permit");
        }
        Anonymous::Write => tracing::info!("HTTP: open, as nsqlookupd is: whoever reaches it may change everything"),
        Anonymous::Read => tracing::info!("HTTP: whoever reaches it may read; changes take a token"),
        Anonymous::None if *has_tokens => tracing::info!("HTTP: everything takes a token"),
        Anonymous::None => tracing::warn!("HTTP: closed to everyone: --anonymous is none, and there is no token"),
    }
}

/// Each connection takes a file descriptor. Go's runtime does the same at its start.
fn allow_many_connections() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        tracing::warn!("the limit of open files stays at {current:?}");
    }
}

/// What ends a daemon.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self, String> {
        let signal = |kind| signal(kind).map_err(|error| format!("signals can't be received - {error}"));
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
