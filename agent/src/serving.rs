//! Accepting connections, bounded, until the daemon stops; and closing them.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::listen::{plain, prepare};

/// Becomes true when the daemon stops. Everyone who waits for something else waits for this, too.
pub(crate) type Stopping = watch::Receiver<bool>;

/// Waits until the daemon stops.
pub(crate) async fn stopped(stopping: &mut Stopping) {
    // Whoever could say it is gone: that is the end as well.
    let _ = stopping.wait_for(|stops| *stops).await;
}

/// Closes a connection so that what was sent last arrives: a socket that is closed with something unread resets the
/// connection, and the client may never see why it ended.
pub(crate) async fn close(mut stream: TcpStream, stopping: &mut Stopping) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut drained = 0;
    let drain = async {
        while drained < DRAINED_AT_MOST && stream.readable().await.is_ok() {
            let mut bytes = [0; READ_AT_ONCE];
            match stream.try_read(&mut bytes) {
                Ok(0) => return,
                Ok(length) => drained += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    tokio::select! {
        _ = timeout(TIME_TO_DRAIN, drain) => {}
        () = stopped(stopping) => {}
    }
}

/// Accepts connections and serves each in a task of its own. When the daemon stops, listens no more, gives the connections
/// [`TIME_TO_END`], and ends those that are left.
pub(crate) async fn accept<F>(
    kind: &'static str,
    listener: TcpListener,
    max_connections: usize,
    mut stopping: Stopping,
    serve: impl Fn(TcpStream, SocketAddr) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(max_connections));
    let mut connections = JoinSet::new();
    let mut full_told_at: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stopping) => break,
        };
        while connections.try_join_next().is_some() {}
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, plain(peer)),
            Err(error) => {
                // Out of file descriptors, mostly: connections that end give some back.
                tracing::warn!("{kind}: temporary Accept() failure - {error}");
                sleep(PAUSE_AFTER_FAILURE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            if full_told_at.is_none_or(|at| at.elapsed() > TIME_BETWEEN_WARNINGS) {
                tracing::warn!("{kind}: {max_connections} connections are open, closing new ones (--max-connections)");
                full_told_at = Some(Instant::now());
            }
            continue;
        };
        if prepare(&stream).is_err() {
            // It is closed already.
            continue;
        }
        // On the heap: an async block keeps what it awaits twice, and there may be thousands that only wait.
        let served = Box::pin(serve(stream, peer));
        connections.spawn(async move {
            served.await;
            drop(place);
        });
    }
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    drop(listener);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(TIME_TO_END, all_ended).await;
    connections.shutdown().await;
    tracing::info!("{kind}: closing {address}");
}

/// How long connections are given to finish what they are about when the daemon stops.
const TIME_TO_END: Duration = Duration::from_secs(2);

const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);

const TIME_BETWEEN_WARNINGS: Duration = Duration::from_secs(10);

/// How long to wait for a client to close its side.
const TIME_TO_DRAIN: Duration = Duration::from_secs(1);

/// And how much to read of it meanwhile: longer than what may be on its way when a connection ends.
const DRAINED_AT_MOST: usize = 1 << 20;

const READ_AT_ONCE: usize = 4_096;
