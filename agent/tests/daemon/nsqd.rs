//! What an nsqd says, and hears.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

use crate::agent::open;

pub(crate) struct Nsqd(pub(crate) TcpStream);

impl Nsqd {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self(open(address))
    }

    /// Connects, and says who it is: a node with this broadcast address.
    pub(crate) fn identified(address: SocketAddr, broadcast_address: &str) -> Self {
        let mut nsqd = Self::connect(address);
        nsqd.send(b"  V1");
        nsqd.send(&identify(broadcast_address, 4150));
        let answer = nsqd.hear().unwrap();
        assert!(answer.starts_with("{\"broadcast_address\":"), "{answer}");
        nsqd
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// Sends a line that is to be answered by OK.
    pub(crate) fn say(&mut self, line: &str) {
        self.send(format!("{line}\n").as_bytes());
        assert_eq!(self.hear().as_deref(), Some("OK"), "{line}");
    }

    /// The next frame; nothing at the connection's end.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let mut length = [0; 4];
        if self.0.read(&mut length[..1]).unwrap() == 0 {
            return None;
        }
        self.0.read_exact(&mut length[1..]).unwrap();
        let mut body = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut body).unwrap();
        Some(String::from_utf8_lossy(&body).into_owned())
    }

    pub(crate) fn half_close(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }
}

pub(crate) fn identify(broadcast_address: &str, tcp_port: u16) -> Vec<u8> {
    identify_at(broadcast_address, tcp_port, 4151)
}

pub(crate) fn identify_at(broadcast_address: &str, tcp_port: u16, http_port: u16) -> Vec<u8> {
    let body = format!(
        "{{\"broadcast_address\":\"{broadcast_address}\",\"hostname\":\"h\",\"tcp_port\":{tcp_port},\
         \"http_port\":{http_port},\"version\":\"1.3.0\"}}"
    );
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [b"IDENTIFY\n", &length[..], body.as_bytes()].concat()
}
