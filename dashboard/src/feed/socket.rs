//! The browser's WebSocket, opened as `/v1/stream` wants it.

use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use lookupd_core::{Cursor, http::STREAM_PROTOCOL, link::PING};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

use crate::{dom, prefs, route::encode};

/// What happens on a stream.
pub(super) enum Incident {
    /// It is there.
    Opened,
    /// Somebody answered a ping.
    Pong,
    /// A message came.
    Message(Vec<u8>),
    /// It is gone, or was refused, with the code that its end gave.
    Closed(u16),
}

/// A stream. It is closed when this is dropped, and then nothing happens on it any more.
pub(super) struct Socket {
    socket: WebSocket,
    _listeners: [EventListener; 3],
}

impl Socket {
    /// Opens the stream of the API below this prefix; nothing where the browser refuses even to try.
    pub(super) fn open(prefix: &str, since: Cursor, happens: impl Fn(Incident) + 'static) -> Option<Self> {
        let url = format!("{}{prefix}/v1/stream?since={since}", dom::stream_origin());
        let protocols: Array =
            protocols(prefs::token().as_deref()).iter().map(|name| JsValue::from_str(name)).collect();
        let socket = WebSocket::new_with_str_sequence(&url, &protocols).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let happens = Rc::new(happens);
        let listen = |name, incident: fn(&Event) -> Incident| {
            let happens = happens.clone();
            EventListener::new(&socket, name, move |event| happens(incident(event)))
        };
        // An error is always followed by the end.
        let listeners = [listen("open", |_| Incident::Opened), listen("message", message), listen("close", closed)];
        Some(Self { socket, _listeners: listeners })
    }

    /// Says that somebody is there. A stream that is gone takes nothing, and tells so by itself.
    pub(super) fn ping(&self) {
        let _ = self.socket.send_with_str(PING);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = self.socket.close();
    }
}

fn message(event: &Event) -> Incident {
    let data = event.unchecked_ref::<MessageEvent>().data();
    data.dyn_ref::<ArrayBuffer>().map_or(Incident::Pong, |buffer| Incident::Message(Uint8Array::new(buffer).to_vec()))
}

fn closed(event: &Event) -> Incident {
    Incident::Closed(event.unchecked_ref::<CloseEvent>().code())
}

/// The subprotocols that are offered. A browser can send no header, so the token is one of them.
fn protocols(token: Option<&str>) -> Vec<String> {
    let mut protocols = vec![STREAM_PROTOCOL.to_owned()];
    protocols.extend(token.map(|token| format!("bearer.{}", encode(token))));
    protocols
}

#[cfg(test)]
mod tests {
    use lookupd_core::http::authorization_in;

    use super::*;

    #[test]
    fn any_token_comes_through_a_subprotocol() {
        assert_eq!(protocols(None), ["lookupd"]);
        for token in ["s3cret", "a/b+c==", "(x) [y] {z}", "\"quoted\", and more; \\", "ä€😀", "%41", "!#$&'*+-.^_`|~"]
        {
            let offered = protocols(Some(token));
            assert_eq!(authorization_in(&offered.join(", ")).as_deref(), Some(&*format!("Bearer {token}")), "{token}");
            // RFC 9110's token, which a browser insists on.
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            assert!(offered.iter().all(|name| name.bytes().all(is_allowed)), "{offered:?}");
        }
    }
}
