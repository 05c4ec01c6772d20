//! One of the two daemons, with the clients that talk to it.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::{Duration, Instant},
};

use lookupd_tests::{Connection, Lookupd, Request, Response, comparable_with_clients};

use crate::{
    state::{self, State},
    step::{Ask, CLIENTS, KEPT_CONNECTIONS, On},
};

/// What was heard on a connection of the TCP protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The frames' bodies.
    pub(crate) frames: Vec<Vec<u8>>,
    /// Whether the daemon closed behind them.
    pub(crate) closed: bool,
}

/// What came back over HTTP, in a form that can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// All but `Date` and `Server`, sorted: Go's order says nothing.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The answer but for a header.
    pub(crate) fn without_header(&self, name: &str) -> Self {
        let mut without = self.clone();
        without.headers.retain(|(found, _)| found != name);
        without
    }

    /// Whether it says that no other will follow.
    pub(crate) fn closes(&self) -> bool {
        self.header("Connection") == Some("close")
    }
}

/// A daemon and who talks to it.
pub(crate) struct Side {
    daemon: Lookupd,
    /// Whether the other one says more of producers.
    lacks_topology: bool,
    clients: [Option<TcpStream>; CLIENTS + 1],
    /// Whose an address is; the last entry counts.
    owners: Vec<(String, usize)>,
    observer: Option<Connection>,
    kept: [Option<Connection>; KEPT_CONNECTIONS],
}

impl Side {
    pub(crate) fn new(daemon: Lookupd, lacks_topology: bool) -> Self {
        Self {
            daemon,
            lacks_topology,
            clients: Default::default(),
            owners: Vec::new(),
            observer: None,
            kept: Default::default(),
        }
    }

    pub(crate) fn connect(&mut self, client: usize) {
        let stream = TcpStream::connect(self.daemon.tcp()).expect("a daemon listens");
        stream.set_nodelay(true).expect("a socket's option");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket's option");
        let address = stream.local_addr().expect("a connected socket").to_string();
        self.owners.push((address, client));
        self.clients[client] = Some(stream);
    }

    /// Sends pieces one by one. A daemon that closed meanwhile doesn't take them all, and needn't.
    pub(crate) fn send(&mut self, client: usize, pieces: &[Vec<u8>]) {
        for piece in pieces {
            let _ = self.stream(client).write_all(piece);
        }
    }

    /// Hears so many frames, and the end of the connection where an error is among them.
    pub(crate) fn hear(&mut self, client: usize, frames_due: usize) -> Result<Heard, String> {
        let mut heard = Heard { frames: Vec::new(), closed: false };
        while !heard.closed
            && (heard.frames.len() < frames_due || heard.frames.last().is_some_and(|frame| is_error(frame)))
        {
            match read_frame(self.stream(client)) {
                Ok(Some(frame)) => heard.frames.push(self.without_ports(frame)),
                Ok(None) => heard.closed = true,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(format!("nothing more comes after {:?}", shown(&heard.frames)));
                }
                // Whether it reset the connection depends on how much it had left to read.
                Err(_) => heard.closed = true,
            }
        }
        Ok(heard)
    }

    /// Closes the client's side and hears the rest.
    pub(crate) fn half_close(&mut self, client: usize) -> Result<Heard, String> {
        let _ = self.stream(client).shutdown(Shutdown::Write);
        self.hear(client, usize::MAX)
    }

    /// Closes the connection; by a reset where that is asked for.
    pub(crate) fn close(&mut self, client: usize, resets: bool) {
        if resets {
            // A socket that is closed with something unread resets its connection.
            let stream = self.stream(client);
            let _ = stream.write_all(b"PING\n");
            let _ = stream.peek(&mut [0]);
        }
        self.clients[client] = None;
    }

    /// Waits until nothing of this client's connections is in the registry.
    pub(crate) fn until_gone(&mut self, client: usize) -> Result<(), String> {
        self.clients[client] = None;
        let began = Instant::now();
        let gone: Vec<_> = self.owners.iter().filter(|(_, owner)| *owner == client).cloned().collect();
        loop {
            let debug = self.get("/debug").text();
            if !gone.iter().any(|(address, _)| debug.contains(&format!("\"{address}\""))) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("client {client} is still there: {debug}"));
            }
            thread::yield_now();
        }
    }

    /// What the daemon shows of one client counts as of another from now on.
    pub(crate) fn hand_over(&mut self, from: usize, to: usize) {
        let mut addresses: Vec<_> = self.owners.extract_if(.., |(_, owner)| *owner == from).collect();
        addresses.iter_mut().for_each(|(_, owner)| *owner = to);
        self.owners.splice(0..0, addresses);
    }

    /// Sends an HTTP request. [`answers`](Self::answers) hears what comes back.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Connection {
        let kept = if let On::Kept(number) = ask.connection { self.kept[number].take() } else { None };
        let mut connection = kept.unwrap_or_else(|| self.open());
        for piece in ask.pieces() {
            let _ = connection.write(piece);
        }
        if ask.connection == On::Ended {
            let _ = connection.end_of_requests();
        }
        connection
    }

    /// All that is answered until the connection is closed; on a new connection also the answer to another request
    /// behind it, if that is taken.
    pub(crate) fn answers(&mut self, ask: &Ask, mut connection: Connection) -> Vec<Answer> {
        let mut answers: Vec<_> = connection.read_answer(ask.request.method()).into_iter().collect();
        match ask.connection {
            On::New => {
                let again = Request::get("/ping").header("Connection", "close");
                if connection.write(again.bytes()).is_ok() {
                    answers.extend(connection.read_answer(again.method()));
                }
            }
            On::Ended => {
                while let Ok(answer) = connection.read_answer(ask.request.method()) {
                    answers.push(answer);
                }
            }
            On::Kept(number) => {
                let stays = answers.first().is_some_and(|answer| answer.header("Connection") != Some("close"));
                self.kept[number] = stays.then_some(connection);
            }
        }
        answers.into_iter().map(|answer| self.comparable(answer)).collect()
    }

    /// Keeps a connection only where the other one keeps it, too.
    pub(crate) fn keep_as(&mut self, number: usize, other: &mut Self) {
        if self.kept[number].is_none() || other.kept[number].is_none() {
            (self.kept[number], other.kept[number]) = (None, None);
        }
    }

    fn get(&mut self, target: &str) -> Response {
        let observer = self.observer();
        observer.write(Request::get(target).bytes()).expect("a daemon takes requests");
        observer.read_answer(b"GET").expect("a daemon answers")
    }

    /// Changes something in this daemon alone.
    pub(crate) fn post(&mut self, path: &str, parameters: &[(&str, String)]) {
        let query = parameters.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value)));
        let target = format!("{path}?{}", query.collect::<Vec<_>>().join("&"));
        let observer = self.observer();
        observer.write(Request::post(target).bytes()).expect("a daemon takes requests");
        observer.read_answer(b"POST").expect("a daemon answers");
    }

    /// Asks for all that it shows. [`observed`](Self::observed) hears it.
    pub(crate) fn observe(&mut self) {
        state::ask(self.observer());
    }

    pub(crate) fn observed(&mut self) -> State {
        let mut observer = self.observer.take().expect("it was asked");
        let state = state::answered(&mut observer, self.lacks_topology, |address| self.client_at(address));
        self.observer = Some(observer);
        state
    }

    /// Whether it takes no connections any more.
    pub(crate) fn has_ended(&self) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if TcpStream::connect(self.daemon.tcp()).is_err() {
                return true;
            }
            thread::yield_now();
        }
        false
    }

    /// Kills it, and starts it again with nobody connected.
    pub(crate) fn restart(&mut self) {
        self.daemon.restart();
        self.clients = Default::default();
        self.kept = Default::default();
        self.observer = None;
    }

    fn stream(&mut self, client: usize) -> &mut TcpStream {
        self.clients[client].as_mut().expect("a connected client")
    }

    fn open(&self) -> Connection {
        Connection::open(self.daemon.http()).expect("a daemon listens")
    }

    fn observer(&mut self) -> &mut Connection {
        let address = self.daemon.http();
        self.observer.get_or_insert_with(|| Connection::open(address).expect("a daemon listens"))
    }

    fn client_at(&self, address: &str) -> String {
        let owner = self.owners.iter().rev().find(|(known, _)| known == address);
        owner.map_or_else(|| address.to_owned(), |(_, client)| format!("client {client}"))
    }

    fn comparable(&self, answer: Response) -> Answer {
        let Response { status, reason, mut headers, body } = answer;
        let text = String::from_utf8_lossy(&body);
        let comparable = comparable_with_clients(&text, self.lacks_topology, |address| self.client_at(address));
        headers.retain(|(name, _)| name != "Date" && name != "Server");
        // Bodies of one length may say the same in another order, and those that are compared say where it differs. A wrong
        // length would not have been read.
        for (name, value) in &mut headers {
            if name == "Content-Length" && !body.is_empty() && *value == body.len().to_string() {
                *value = "the body's".into();
            }
        }
        headers.sort();
        Answer { status, reason, headers, body: comparable }
    }

    /// The answer to IDENTIFY tells where each daemon listens.
    fn without_ports(&self, frame: Vec<u8>) -> Vec<u8> {
        if !frame.starts_with(b"{\"broadcast_address\":") {
            return frame;
        }
        String::from_utf8_lossy(&frame)
            .replace(&format!("\"http_port\":{},", self.daemon.http().port()), "\"http_port\":HTTP,")
            .replace(&format!("\"tcp_port\":{},", self.daemon.tcp().port()), "\"tcp_port\":TCP,")
            .into_bytes()
    }
}

/// Whether a frame tells of an error. All of nsqlookupd's end the connection.
pub(crate) fn is_error(frame: &[u8]) -> bool {
    frame.starts_with(b"E_")
}

/// Frames as text.
pub(crate) fn shown(frames: &[Vec<u8>]) -> Vec<String> {
    frames.iter().map(|frame| lookupd_tests::escape(&frame[..frame.len().min(300)])).collect()
}

/// The next frame; none at the end of the connection.
fn read_frame(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    if stream.read(&mut length[..1])? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut length[1..])?;
    let length = u32::from_be_bytes(length);
    if length > LONGEST_FRAME {
        return Err(io::Error::other(format!("a frame of {length} bytes")));
    }
    let mut frame = vec![0; length as usize];
    stream.read_exact(&mut frame)?;
    Ok(Some(frame))
}

fn percent_encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// Only a daemon that hangs takes so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Errors quote what was sent, of which no scenario has more.
const LONGEST_FRAME: u32 = 1 << 20;
