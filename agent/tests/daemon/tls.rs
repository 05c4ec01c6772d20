//! A leader that is reached by `https://`, as on the edge.

use std::{fs, net::SocketAddr, sync::Arc, thread};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

use crate::{
    agent::{Agent, Folder, command},
    nsqd::Nsqd,
};

#[test]
fn a_leader_is_followed_by_tls_where_its_certificate_is_trusted() {
    let leader = Agent::spawn(
        command()
            .args(["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0"])
            .envs([("REGISTER_TOKEN", "registers"), ("ANONYMOUS", "read")]),
    );
    let folder = Folder::new("tls");
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let trusted = folder.path().join("trusted.pem");
    fs::write(&trusted, certified.cert.pem()).unwrap();
    let front = terminate_tls(&certified, leader.http);
    let upstream = format!("-upstream=https://localhost:{}", front.port());
    let start = |trusted: &str| {
        let mut command = command();
        command.args(["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0", &upstream]);
        Agent::spawn(command.envs([("UPSTREAM_TOKEN", "registers"), ("SSL_CERT_FILE", trusted)]))
    };

    let agent = start(trusted.to_str().unwrap());
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t");
    leader.until(|leader| leader.producers("t") == ["a"]);
    assert_eq!(agent.producers("t"), ["a"]);

    // Whoever it is that others would believe is told nothing.
    let other = folder.path().join("other.pem");
    fs::write(&other, rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem()).unwrap();
    let distrustful = start(other.to_str().unwrap());
    assert!(distrustful.log.iter().any(|line| line.contains("not connected: invalid peer certificate")));
    let mut nsqd = Nsqd::identified(distrustful.tcp, "b");
    nsqd.say("REGISTER t");
    assert_eq!(distrustful.producers("t"), ["b"]);
    assert_eq!(leader.producers("t"), ["a"]);
}

/// What stands before a leader and takes TLS off.
fn terminate_tls(certified: &rcgen::CertifiedKey<rcgen::KeyPair>, leader: SocketAddr) -> SocketAddr {
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![certified.cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let serve = async move {
        let listener = TcpListener::from_std(listener).unwrap();
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let (mut caller, mut leader) = (acceptor.accept(stream).await?, TcpStream::connect(leader).await?);
                copy_bidirectional(&mut caller, &mut leader).await
            });
        }
    };
    thread::spawn(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(serve));
    address
}
