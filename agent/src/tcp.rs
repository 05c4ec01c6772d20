//! nsqd's connections: bytes between a socket and a [`Session`], requests between a session and whoever carries them out.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use lookupd_core::{
    Node,
    protocol::{Greeting, Output, Progress, Request, Session},
};
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    leader::{Ask, SessionId, Verdict},
    role::Role,
    serving::{Stopping, close, stopped},
};

/// What all connections share.
pub(crate) struct Tcp {
    role: Role,
    greeting: Greeting,
    stopping: Stopping,
    next_session: AtomicU64,
}

impl Tcp {
    pub(crate) fn new(role: Role, greeting: Greeting, stopping: Stopping) -> Arc<Self> {
        Arc::new(Self { role, greeting, stopping, next_session: AtomicU64::new(0) })
    }

    /// Serves one connection to its end. Where that isn't the daemon's, the node is gone with it.
    pub(crate) async fn serve(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        tracing::info!("TCP: new client({peer})");
        let id = self.next_session.fetch_add(1, Ordering::Relaxed);
        let mut connection = Connection::new(&self, stream, peer, id);
        match connection.run().await {
            Ok(Ending::Stopped) => return,
            Ok(Ending::Said) => {}
            Err(error) => tracing::error!("client({peer}) - {error}"),
        }
        if let Some(error) = connection.session.error() {
            tracing::error!("client({peer}) - {}", String::from_utf8_lossy(&error.body()));
        }
        if let Some(node) = connection.node.take() {
            self.role.end(id, node).await;
        }
        tracing::info!("PROTOCOL(V1): [{peer}] exiting ioloop");
        close(connection.stream, &mut self.stopping.clone()).await;
    }
}

/// How a connection ended that no socket's failure ended.
enum Ending {
    /// By what was said on it.
    Said,
    /// By the daemon's end: the node is still there.
    Stopped,
}

struct Connection<'a> {
    shared: &'a Tcp,
    stream: TcpStream,
    id: SessionId,
    session: Session,
    /// From IDENTIFY on.
    node: Option<Node>,
    answers: mpsc::UnboundedSender<Verdict>,
    /// As many are due at most as the session has requests outstanding.
    verdicts: mpsc::UnboundedReceiver<Verdict>,
    outstanding: usize,
    /// Frames that wait for the next ones, to be written with them.
    unsent: Vec<u8>,
}

impl<'a> Connection<'a> {
    fn new(shared: &'a Tcp, stream: TcpStream, peer: SocketAddr, id: SessionId) -> Self {
        let session = Session::new(shared.greeting.clone(), &peer.to_string());
        let (answers, verdicts) = mpsc::unbounded_channel();
        Self { shared, stream, id, session, node: None, answers, verdicts, outstanding: 0, unsent: Vec::new() }
    }

    async fn run(&mut self) -> io::Result<Ending> {
        let mut stopping = self.shared.stopping.clone();
        let began = Instant::now();
        let mut command_began: Option<Instant> = None;
        loop {
            if self.settle().await? {
                return Ok(Ending::Said);
            }
            command_began =
                if self.session.is_within_command() { command_began.or_else(|| Some(Instant::now())) } else { None };
            let is_known = !matches!(self.session.progress(), Progress::Silent | Progress::Anonymous);
            let deadline = if is_known { command_began } else { Some(began) };
            let deadline = deadline.map(|since| since + PATIENCE);
            tokio::select! {
                // What is done is told before more is understood.
                biased;
                Some(verdict) = self.verdicts.recv(), if self.outstanding > 0 => match verdict {
                    Verdict::Done(outcome) => {
                        self.outstanding -= 1;
                        self.session.carried_out(outcome);
                    }
                    Verdict::Over => return Ok(Ending::Said),
                },
                () = stopped(&mut stopping), if self.outstanding == 0 => return Ok(Ending::Stopped),
                readable = self.stream.readable(), if self.session.wants_input() => {
                    readable?;
                    if self.read()? {
                        command_began = None;
                    }
                }
                () = sleep_until(deadline.unwrap_or(began)), if deadline.is_some() => self.session.time_out(),
            }
        }
    }

    /// Does what the session says, until it has nothing more to say. Says whether it is over.
    async fn settle(&mut self) -> io::Result<bool> {
        let mut is_over = false;
        while let Some(output) = self.session.poll() {
            match output {
                Output::Send(frame) => {
                    self.unsent.extend_from_slice(&frame);
                    if self.unsent.len() >= SENT_AT_ONCE {
                        self.flush().await?;
                    }
                }
                Output::Request(request) => self.ask(request).await,
                Output::Close => is_over = true,
            }
        }
        self.flush().await?;
        Ok(is_over)
    }

    async fn ask(&mut self, request: Request) {
        let ask = match (request, &self.node, self.session.producer()) {
            (Request::Identify, _, Some(info)) => {
                tracing::info!(
                    "CLIENT({}): IDENTIFY Address:{} TCP:{} HTTP:{} Version:{}",
                    info.remote_address,
                    info.broadcast_address.escape_debug(),
                    info.tcp_port,
                    info.http_port,
                    info.version.escape_debug(),
                );
                self.node = Some(info.node());
                Ask::Identify(info.clone())
            }
            (request, Some(node), _) => Ask::Other(node.clone(), request),
            // There is a producer as soon as there is a request.
            (_, None, _) => return,
        };
        self.outstanding += 1;
        self.shared.role.ask(self.id, ask, &self.answers).await;
    }

    /// Writes what waits. A client that doesn't read it is given up.
    async fn flush(&mut self) -> io::Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        timeout(PATIENCE, self.stream.write_all(&self.unsent)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        // Most clients then wait for the next PING, and need no memory for that.
        self.unsent = Vec::new();
        Ok(())
    }

    /// Reads what is there. Says whether a command may have ended in it: then the next one has its time anew.
    fn read(&mut self) -> io::Result<bool> {
        let mut bytes = [0; READ_AT_ONCE];
        match self.stream.try_read(&mut bytes) {
            Ok(0) => {
                self.session.end_of_input();
                Ok(false)
            }
            Ok(length) => {
                let bytes = bytes.get(..length).unwrap_or_default();
                self.session.input(bytes);
                Ok(self.session.progress() == Progress::Identified && bytes.contains(&b'\n'))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// How long a client may take to say who it is, to finish a command that it began, and to read what it is told. nsqd gives
/// itself a second for each.
const PATIENCE: Duration = Duration::from_secs(10);

/// A page's worth: a command is shorter, and a burst of them takes several turns.
const READ_AT_ONCE: usize = 4_096;

/// So much is kept of frames before it is written.
const SENT_AT_ONCE: usize = 4_096;
