//! Whoever registers: a connection as nsqd opens it.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use lookupd_tests::{announce, identify};

/// A producer that is connected and has identified itself.
pub(crate) struct Nsqd {
    stream: TcpStream,
}

impl Nsqd {
    /// Connects the one of this number.
    pub(crate) fn connect(lookupd: SocketAddr, number: usize) -> Self {
        let stream = announce(lookupd, &identify(&format!("nsqd-{number}.example")).to_string()).into_stream();
        stream.set_nodelay(true).expect("a connection");
        Self { stream }
    }

    /// Registers these topics and a channel of each, many at a time.
    pub(crate) fn register(&mut self, topics: impl Iterator<Item = usize>) {
        let commands: Vec<String> = topics.map(register).collect();
        for commands in commands.chunks(SENT_AT_ONCE) {
            self.ask(commands.concat().as_bytes(), commands.len());
        }
    }

    /// Says that it is alive.
    pub(crate) fn ping(&mut self) {
        self.ask(b"PING\n", 1);
    }

    /// The connection, for who moves its bytes in another way.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    fn ask(&mut self, commands: &[u8], count: usize) {
        self.stream.write_all(commands).expect("a command is sent");
        let mut answers = vec![0; OK.len() * count];
        self.stream.read_exact(&mut answers).expect("an answer to each command");
        assert!(all_ok(&answers), "{}", answers.escape_ascii());
    }
}

/// The command that registers a topic and its channel.
pub(crate) fn register(topic: usize) -> String {
    format!("REGISTER topic-{topic} archive\n")
}

/// The answer to every command that was carried out.
pub(crate) const OK: &[u8] = b"\0\0\0\x02OK";

/// Whether these are such answers and nothing else.
pub(crate) fn all_ok(answers: &[u8]) -> bool {
    answers.chunks(OK.len()).all(|answer| answer == OK)
}

/// Their answers fit into the buffers of any socket, so that neither end waits for the other.
const SENT_AT_ONCE: usize = 1_000;
