//! Ports of one's own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket, sockopt};

/// A free port of this machine, which nobody is given by chance for as long as this value is there: a program that was
/// told of it finds it free whenever it is started again. Nobody listens to it meanwhile.
#[derive(Debug)]
pub(crate) struct Port {
    address: SocketAddr,
    _bound: Option<OwnedFd>,
}

impl Port {
    /// Takes one.
    ///
    /// # Errors
    ///
    /// When the system has none.
    pub(crate) fn take() -> io::Result<Self> {
        let bound = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        // So that whoever says the same may bind it, too, where nobody has bound it to listen (Linux, socket(7)).
        sockopt::set_socket_reuseaddr(&bound, true)?;
        bind(&bound, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = SocketAddr::try_from(getsockname(&bound)?)?;
        // Elsewhere only one may, whatever it says.
        Ok(Self { address, _bound: cfg!(target_os = "linux").then_some(bound) })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn only_who_is_told_of_a_port_gets_it() {
        let port = Port::take().expect("a free port");
        for _ in 0..2 {
            assert!(TcpStream::connect(port.address()).is_err(), "nobody listens");
            let by_chance = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
            assert_eq!(bind(&by_chance, &port.address()), Err(rustix::io::Errno::ADDRINUSE));
            // As every daemon does, this says that the address may be in use.
            let listener = TcpListener::bind(port.address()).expect("it is free");
            let _client = TcpStream::connect(port.address()).expect("it listens");
            listener.accept().expect("a connection");
        }
    }
}
