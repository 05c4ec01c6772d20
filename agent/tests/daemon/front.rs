//! What stands between an agent and its leader: the network, which can be cut and mended, and may lead to something else.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// Listens on one address as long as it lives, and leads where it is told to.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    way: Way,
    /// Whether what is said is lost, on connections that stay.
    swallows: bool,
    connections: Vec<TcpStream>,
}

#[derive(Clone)]
pub(crate) enum Way {
    /// To whoever listens there.
    To(SocketAddr),
    /// There too, but for what opens a stream: some proxies know no WebSockets.
    WithoutStreams(SocketAddr),
    /// Nowhere: connections are closed at once.
    Closed,
    /// Connections are accepted, and that is all.
    Silent,
    /// Everything is answered with this.
    Says(Vec<u8>),
}

impl Front {
    pub(crate) fn new(way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { way, swallows: false, connections: Vec::new() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let way = {
                    let mut state = shared.lock().unwrap();
                    state.connections.push(stream.try_clone().unwrap());
                    state.way.clone()
                };
                let shared = Arc::clone(&shared);
                thread::spawn(move || lead(stream, way, &shared));
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Loses everything from now on, and cuts nothing.
    pub(crate) fn swallow(&self) {
        self.state.lock().unwrap().swallows = true;
    }

    /// Leads there from now on, and cuts the connections that are there.
    pub(crate) fn lead(&self, way: Way) {
        let mut state = self.state.lock().unwrap();
        (state.way, state.swallows) = (way, false);
        for connection in state.connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

fn lead(mut stream: TcpStream, way: Way, state: &Arc<Mutex<State>>) {
    match way {
        Way::To(address) | Way::WithoutStreams(address) => {
            let Ok(other) = TcpStream::connect(address) else { return drop(stream.shutdown(Shutdown::Both)) };
            state.lock().unwrap().connections.push(other.try_clone().unwrap());
            let (back, forth) = (stream.try_clone().unwrap(), other.try_clone().unwrap());
            let shared = Arc::clone(state);
            thread::spawn(move || pass_on(other, back, |_| true, &shared));
            let has_streams = matches!(way, Way::To(_));
            pass_on(stream, forth, |bytes| has_streams || !bytes.starts_with(b"GET /v1/stream"), state);
        }
        Way::Closed => drop(stream.shutdown(Shutdown::Both)),
        // It is kept with the others.
        Way::Silent => {}
        Way::Says(bytes) => {
            let mut read = [0; 4096];
            while stream.read(&mut read).is_ok_and(|length| length > 0) && stream.write_all(&bytes).is_ok() {}
        }
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, passes: impl Fn(&[u8]) -> bool, state: &Mutex<State>) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        if !passes(&bytes[..length]) {
            let _ = from.shutdown(Shutdown::Both);
            break;
        }
        if !state.lock().unwrap().swallows && to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    if !state.lock().unwrap().swallows {
        let _ = to.shutdown(Shutdown::Write);
    }
}
