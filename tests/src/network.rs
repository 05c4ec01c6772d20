//! A network between two programs that does what networks do.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What becomes of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// They arrive.
    Fair,
    /// They arrive so much later.
    Slow(Duration),
    /// Connections are reset, and none is made.
    Cut,
    /// They are taken and never arrive, in either direction; connections stay.
    Swallowed,
    /// Those from the server are taken and never arrive; the others do.
    Deaf,
    /// Those to the server are taken and never arrive; the others do.
    Mute,
}

/// A TCP proxy on an address of its own, which stays whatever becomes of the server behind it. Dropping it resets every
/// connection.
///
/// What it took while the weather was bad is lost, as it is to a connection that nobody mends: when the weather becomes fair,
/// connections that lost something are reset.
#[derive(Debug)]
pub struct Network {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    weather: Weather,
    server: SocketAddr,
    /// Counts the times that connections were reset: one that began before the latest is over.
    resets: u64,
    /// Both ends of each connection, to be reset.
    connections: Vec<[TcpStream; 2]>,
    is_over: bool,
}

impl Network {
    /// Leads to the server.
    ///
    /// # Panics
    ///
    /// When the system gives no port.
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let connections = Vec::new();
        let state = State { weather: Weather::Fair, server, resets: 0, connections, is_over: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Self { address, shared }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// As agents are told of it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads new connections to another server.
    pub fn lead_to(&self, server: SocketAddr) {
        self.shared.state().server = server;
    }

    /// Changes the weather.
    pub fn set(&self, weather: Weather) {
        let mut state = self.shared.state();
        let loses = |weather| matches!(weather, Weather::Swallowed | Weather::Deaf | Weather::Mute);
        if weather == Weather::Cut || loses(state.weather) {
            state.reset();
        }
        state.weather = weather;
        self.shared.changed.notify_all();
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.is_over = true;
        state.reset();
        self.shared.changed.notify_all();
        drop(state);
        // The listener's thread sees it with the next connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn reset(&mut self) {
        self.resets += 1;
        for stream in self.connections.drain(..).flatten() {
            reset(&stream);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming().map_while(Result::ok) {
            let (server, is_cut) = {
                let state = self.state();
                if state.is_over {
                    return;
                }
                (state.server, state.weather == Weather::Cut)
            };
            match TcpStream::connect(server) {
                Ok(server) if !is_cut => self.carry(client, server),
                // A connection that is there for a moment and reset is what a client sees of either.
                _ => reset(&client),
            }
        }
    }

    fn carry(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let clone = |stream: &TcpStream| stream.try_clone().expect("a socket");
        for stream in [&client, &server] {
            let _ = stream.set_nodelay(true);
        }
        let resets = {
            let mut state = self.state();
            state.connections.retain(|[client, _]| client.peer_addr().is_ok());
            state.connections.push([clone(&client), clone(&server)]);
            state.resets
        };
        let ways = [(clone(&client), clone(&server), Way::ToServer), (server, client, Way::ToClient)];
        for (from, to, way) in ways {
            let shared = Arc::clone(self);
            thread::Builder::new()
                .stack_size(STACK)
                .spawn(move || {
                    // Its other end is told of the end of this one.
                    let _ = shared.copy(&from, &to, way, resets);
                    let _ = to.shutdown(Shutdown::Write);
                })
                .expect("a thread");
        }
    }

    fn copy(&self, mut from: &TcpStream, mut to: &TcpStream, way: Way, resets: u64) -> io::Result<()> {
        let mut bytes = [0; PIECE];
        loop {
            let length = from.read(&mut bytes)?;
            if length == 0 {
                return Ok(());
            }
            if self.arrives(way, resets)? {
                to.write_all(&bytes[..length])?;
            }
        }
    }

    /// Whether what was read now arrives; waits for as long as that takes.
    ///
    /// # Errors
    ///
    /// Where the connection was reset meanwhile.
    fn arrives(&self, way: Way, resets: u64) -> io::Result<bool> {
        let read_at = Instant::now();
        let mut state = self.state();
        loop {
            if state.resets != resets {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            match (state.weather, way) {
                (Weather::Slow(delay), _) => {
                    let left = delay.saturating_sub(read_at.elapsed());
                    if left.is_zero() {
                        return Ok(true);
                    }
                    state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
                }
                (Weather::Fair | Weather::Cut, _) => return Ok(true),
                (Weather::Deaf, Way::ToServer) | (Weather::Mute, Way::ToClient) => return Ok(true),
                (Weather::Swallowed, _) | (Weather::Deaf, _) | (Weather::Mute, _) => return Ok(false),
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

/// As much as a test's connections need; there may be a thousand of them.
const STACK: usize = 128 << 10;

const PIECE: usize = 16 << 10;

/// Ends a connection as one does whose machine has gone: nothing more arrives.
fn reset(stream: &TcpStream) {
    // Closing with time 0 to linger is a reset (Linux, socket(7)).
    let _ = rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO));
    let _ = stream.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A server that sends everything back.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it listens");
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || io::copy(&mut &stream, &mut &stream));
            }
        });
        address
    }

    fn connect(network: &Network) -> TcpStream {
        let stream = TcpStream::connect(network.address()).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
        stream
    }

    fn hear(mut stream: &TcpStream) -> Option<u8> {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok().map(|()| byte[0])
    }

    fn echoed(mut stream: &TcpStream, byte: u8) -> Option<u8> {
        stream.write_all(&[byte]).ok()?;
        hear(stream)
    }

    #[test]
    fn bytes_fare_as_the_weather_is() {
        let network = Network::to(echo());
        let first = connect(&network);
        assert_eq!(echoed(&first, 1), Some(1));
        network.set(Weather::Slow(Duration::from_millis(50)));
        let began = Instant::now();
        assert_eq!(echoed(&first, 2), Some(2));
        assert!(began.elapsed() >= Duration::from_millis(100), "there and back: {:?}", began.elapsed());
        for weather in [Weather::Swallowed, Weather::Deaf, Weather::Mute] {
            network.set(Weather::Fair);
            let stream = connect(&network);
            assert_eq!(echoed(&stream, 3), Some(3));
            network.set(weather);
            assert_eq!(echoed(&stream, 4), None, "{weather:?}");
            network.set(Weather::Fair);
            assert_eq!(echoed(&stream, 5), None, "what lost something is over: {weather:?}");
        }
        let cut = connect(&network);
        assert_eq!(echoed(&cut, 6), Some(6));
        network.set(Weather::Cut);
        assert_eq!(echoed(&cut, 7), None);
        assert_eq!(TcpStream::connect(network.address()).ok().and_then(|stream| echoed(&stream, 8)), None);
        network.set(Weather::Fair);
        assert_eq!(echoed(&connect(&network), 9), Some(9));
        network.lead_to((Ipv4Addr::LOCALHOST, 1).into());
        assert_eq!(TcpStream::connect(network.address()).ok().and_then(|stream| echoed(&stream, 10)), None);
    }

    #[test]
    fn only_one_direction_is_lost_of_a_halved_network() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let network = Network::to(listener.local_addr().expect("it listens"));
        let (sender, servers) = mpsc::channel();
        thread::spawn(move || listener.incoming().for_each(|stream| drop(sender.send(stream))));
        for (weather, arrives) in [(Weather::Deaf, [true, false]), (Weather::Mute, [false, true])] {
            let mut client = connect(&network);
            let mut server = servers.recv().expect("a connection").expect("a connection");
            server.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
            network.set(weather);
            client.write_all(&[1]).expect("it is taken");
            server.write_all(&[2]).expect("it is taken");
            assert_eq!([hear(&server).is_some(), hear(&client).is_some()], arrives, "{weather:?}");
            network.set(Weather::Fair);
        }
    }
}
