//! How soon an agent sees what was registered.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use lookupd_core::{Batch, link::ToFollower};
use lookupd_tests::{Bindings, Edge, Request, announcement};
use tokio::{net::TcpStream, runtime};
use tokio_tungstenite::{client_async, tungstenite::Message};

use crate::report::{Aim, Row, percentile};

pub(crate) fn measure() -> Vec<Row> {
    let edge = Edge::start(&Bindings::open()).expect("the worker is built");
    let waits = waits(&edge);
    assert_eq!(waits.len(), AGENTS * CHANGES, "each agent sees each change");
    [(50, 10.0), (99, 100.0)]
        .map(|(percent, limit)| {
            let wait = percentile(&waits, percent);
            let work = format!("from a registration sent to each of 100 streaming agents having it, p{percent}");
            Row::figure(&work, format!("{wait:.1} ms"), Aim::at_most(limit, " ms", wait))
        })
        .into()
}

/// In milliseconds, from before a registration is sent until the batch is decoded at each agent.
fn waits(edge: &Edge) -> Vec<f64> {
    let address = edge.address();
    let sent = Arc::new(Mutex::new(Instant::now()));
    let (registered, since) = (edge.client(), Arc::clone(&sent));
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut agents = Vec::new();
        for number in 0..AGENTS {
            let stream = TcpStream::connect(address).await.expect("the worker listens");
            stream.set_nodelay(true).expect("no delay");
            let url = format!("ws://{address}/v1/stream?agent=a{number}&incarnation=1&connection=1");
            let (mut socket, _) = client_async(url, stream).await.expect("a stream");
            let sent = Arc::clone(&sent);
            agents.push(tokio::spawn(async move {
                let mut waits = Vec::new();
                while waits.len() < CHANGES {
                    let Some(Ok(Message::Binary(bytes))) = socket.next().await else { break };
                    let Ok(ToFollower::Batch { bytes, .. }) = ToFollower::decode(&bytes) else { continue };
                    if format!("{:?}", Batch::decode(&bytes).expect("a batch")).contains("pushed") {
                        let sent = *sent.lock().unwrap_or_else(PoisonError::into_inner);
                        waits.push(sent.elapsed().as_secs_f64() * 1_000.0);
                    }
                }
                waits
            }));
        }
        let registering = thread::spawn(move || {
            for number in 0..CHANGES {
                thread::sleep(Duration::from_millis(100));
                let body = announcement(&format!("pushed{number}.example"), &[("t", &["c"])]).to_string();
                *since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                assert_eq!(registered.send(&Request::post("/register").body(body)).status, 200);
            }
        });
        let mut waits = Vec::new();
        for agent in agents {
            waits.extend(agent.await.expect("it doesn't panic"));
        }
        registering.join().expect("it doesn't panic");
        waits
    })
}

const AGENTS: usize = 100;
const CHANGES: usize = 100;
