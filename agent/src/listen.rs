//! Listening as Go's `net.Listen("tcp", …)` does.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream, lookup_host};

/// Listens on `host:port`. Every interface, by IPv6 and IPv4, where the host is empty, `0.0.0.0` or `[::]`; a name's IPv4
/// address where it has one.
///
/// # Errors
/// In a sentence.
pub(crate) async fn listen(address: &str) -> Result<TcpListener, String> {
    let failed = |error: &dyn std::fmt::Display| format!("listen ({address}) failed - {error}");
    let address = resolve(address).await.map_err(|error| failed(&error))?;
    bind(address).map_err(|error| failed(&error))
}

async fn resolve(address: &str) -> io::Result<SocketAddr> {
    let invalid = |problem: &str| io::Error::new(io::ErrorKind::InvalidInput, problem.to_owned());
    let (host, port) = address.rsplit_once(':').ok_or_else(|| invalid("missing port in address"))?;
    let port: u16 = if port.is_empty() { 0 } else { port.parse().map_err(|_| invalid("invalid port"))? };
    let host = host.strip_prefix('[').and_then(|inside| inside.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return Ok(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)));
    }
    let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::from((ip, port))],
        Err(_) => lookup_host((host, port)).await?.collect(),
    };
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| invalid("no such host"))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    if !address.ip().is_unspecified() {
        return bind_to(address, true);
    }
    let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, address.port()));
    match bind_to(everywhere, false) {
        // A machine without IPv6.
        Err(error) if error.kind() != io::ErrorKind::AddrInUse && address.port() != 0 => {
            bind_to(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())), true)
        }
        result => result,
    }
}

fn bind_to(address: SocketAddr, only_its_own_kind: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(only_its_own_kind)?;
    }
    // Connections of a process that ended must not keep the next one from the port.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// As many connections may wait to be accepted: all nsqds come at once when they notice that their lookupd is back.
const BACKLOG: i32 = 4_096;

/// Prepares an accepted connection as Go does: answers leave at once, and a peer that vanished without a word is noticed
/// by the third minute.
pub(crate) fn prepare(stream: &TcpStream) -> io::Result<()> {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE).with_retries(9);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)?;
    stream.set_nodelay(true)
}

const KEEPALIVE: Duration = Duration::from_secs(15);

/// An address as Go writes it: one that came over IPv6 but is IPv4's is written as such.
pub(crate) fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
