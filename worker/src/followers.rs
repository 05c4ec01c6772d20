//! The streams that are open to a leader: hibernating WebSockets, which outlive the object's memory.
//! <https://developers.cloudflare.com/durable-objects/best-practices/websockets/>
//!
//! A heartbeat is answered by the runtime, which notes when; nobody is woken for it and nothing is written. What is kept of a
//! stream lies in its socket's attachment.

use std::{cell::RefCell, time::Duration};

use js_sys::{Array, Date, Object, Reflect, Uint8Array};
use lookupd_core::{
    Timestamp,
    link::{Closing, LeaderEnd, PING, PONG, ToFollower},
};
use wasm_bindgen::prelude::*;
use web_sys::{Headers, ResponseInit};

/// All of an object's streams.
pub(crate) struct Followers {
    sockets: Sockets,
    /// Nothing before they are first needed after the object woke up.
    open: RefCell<Option<Vec<Follower>>>,
}

/// What is kept of one stream.
pub(crate) struct Stream {
    /// When it was opened, or the last message came.
    pub(crate) heard_at: Timestamp,
    /// The leader's end of it, where an agent opened it.
    pub(crate) end: Option<LeaderEnd>,
}

impl Followers {
    /// Of the object with this state.
    pub(crate) fn of(state: JsValue) -> Self {
        Self { sockets: state.unchecked_into(), open: RefCell::new(None) }
    }

    /// Opens a stream: gives its nearer end, and the answer to whoever asked for it.
    ///
    /// # Errors
    /// Where the object holds as many as the runtime allows.
    pub(crate) fn open(&self, stream: &Stream, protocol: Option<&str>) -> Result<(Socket, web_sys::Response), JsValue> {
        let pair = SocketPair::new()?;
        let (client, socket) = (Reflect::get_u32(&pair, 0)?, Reflect::get_u32(&pair, 1)?);
        let socket: Socket = socket.unchecked_into();
        let tags = stream.end.iter().map(|end| JsValue::from(end.agent().to_string())).collect();
        self.sockets.accept(&socket, &tags)?;
        self.sockets.set_auto_response(&PingPong::new(PING, PONG)?)?;
        socket.keep(stream)?;
        if let Some(open) = &mut *self.open.borrow_mut() {
            open.push(Follower::new(socket.clone()));
        }
        let init = ResponseInit::new();
        init.set_status(101);
        Reflect::set(&init, &"webSocket".into(), &client)?;
        if let Some(protocol) = protocol {
            let headers = Headers::new()?;
            headers.set("Sec-WebSocket-Protocol", protocol)?;
            init.set_headers(&headers);
        }
        Ok((socket, web_sys::Response::new_with_opt_str_and_init(None, &init)?))
    }

    /// Of this agent's other streams closes those that the new one replaces. Where one replaces the new one, that is closed.
    pub(crate) fn replace(&self, socket: &Socket, end: &LeaderEnd) {
        for other in self.sockets.tagged(&end.agent().to_string()).iter() {
            let other: Socket = other.unchecked_into();
            if other == *socket {
                continue;
            }
            if other.stream().and_then(|stream| stream.end).is_some_and(|other| other.replaces(end)) {
                return self.close(socket, Closing::Replaced);
            }
            self.close(&other, Closing::Replaced);
        }
    }

    /// Sends each follower what was decided. One of which nothing was heard while much was sent is told to ask instead, once,
    /// and sent nothing more until it is heard: what waits for it lies in memory.
    pub(crate) fn push(&self, messages: &[ToFollower]) {
        if messages.is_empty() {
            return;
        }
        let messages: Vec<Uint8Array> = messages.iter().map(|message| bytes(&message.encode())).collect();
        self.with_open(|open| open.retain_mut(|follower| follower.push(&self.sockets, &messages)));
    }

    /// Sends each follower the beacon, and closes the streams of which nothing was heard for `timeout`.
    pub(crate) fn beacon(&self, beacon: &ToFollower, timeout: Duration, now: Timestamp) {
        for socket in self.sockets() {
            if now.since(self.sockets.heard_at(&socket)) > timeout {
                self.close(&socket, Closing::TooSlow);
            }
        }
        self.push(std::slice::from_ref(beacon));
    }

    /// The agents' streams, each with when it was last heard.
    pub(crate) fn agents(&self) -> impl Iterator<Item = (LeaderEnd, Timestamp)> {
        self.sockets().into_iter().filter_map(|socket| self.agent(&socket))
    }

    /// The leader's end of a stream that is an agent's, with when it was last heard.
    pub(crate) fn agent(&self, socket: &Socket) -> Option<(LeaderEnd, Timestamp)> {
        Some((socket.stream()?.end?, self.sockets.heard_at(socket)))
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.with_open(|open| open.len() as u64)
    }

    /// Whether there are any.
    pub(crate) fn is_empty(&self) -> bool {
        self.with_open(|open| open.is_empty())
    }

    /// Closes one with its code. One that is closed already stays so.
    pub(crate) fn close(&self, socket: &Socket, closing: Closing) {
        self.end(socket, closing.code(), closing.reason());
    }

    /// Closes one with any code, and forgets it.
    pub(crate) fn end(&self, socket: &Socket, code: u16, reason: &str) {
        let _ = socket.close(code, reason);
        self.with_open(|open| open.retain(|follower| follower.socket != *socket));
    }

    fn sockets(&self) -> Vec<Socket> {
        self.with_open(|open| open.iter().map(|follower| follower.socket.clone()).collect())
    }

    fn with_open<T>(&self, act: impl FnOnce(&mut Vec<Follower>) -> T) -> T {
        let mut open = self.open.borrow_mut();
        act(open.get_or_insert_with(|| {
            self.sockets.all().iter().map(|socket| Follower::new(socket.unchecked_into())).collect()
        }))
    }
}

/// One stream, as long as the object isn't hibernating.
struct Follower {
    socket: Socket,
    /// What was sent since it was last heard.
    unheard: usize,
    /// When that was, as far as it was looked.
    heard_at: Timestamp,
    is_skipped: bool,
}

impl Follower {
    fn new(socket: Socket) -> Self {
        Self { socket, unheard: 0, heard_at: Timestamp::from_millis(Date::now() as u64), is_skipped: false }
    }

    /// Says whether the stream is still there.
    fn push(&mut self, sockets: &Sockets, messages: &[Uint8Array]) -> bool {
        let length: usize = messages.iter().map(|message| message.length() as usize + OVERHEAD).sum();
        if self.unheard + length > MAX_UNHEARD && !self.was_heard_again(sockets) {
            let tells = !std::mem::replace(&mut self.is_skipped, true);
            return !tells || self.socket.send(&bytes(&ToFollower::Resync.encode())).is_ok();
        }
        self.unheard += length;
        messages.iter().all(|message| self.socket.send(message).is_ok())
    }

    fn was_heard_again(&mut self, sockets: &Sockets) -> bool {
        let heard_at = sockets.heard_at(&self.socket);
        let is_new = heard_at > self.heard_at;
        if is_new {
            *self = Self { heard_at, ..Self::new(self.socket.clone()) };
        }
        is_new
    }
}

/// How much is sent to one that isn't heard, in bytes: what is sent between two heartbeats is far less.
const MAX_UNHEARD: usize = 1 << 20;

/// What a message costs beside its bytes.
const OVERHEAD: usize = 256;

impl Sockets {
    /// The latest of a stream's beginning, its last message and its last heartbeat.
    fn heard_at(&self, socket: &Socket) -> Timestamp {
        let said = socket.stream().map_or(Timestamp::default(), |stream| stream.heard_at);
        let pinged = self.auto_response_at(socket).ok().flatten();
        said.max(pinged.map_or(Timestamp::default(), |date| Timestamp::from_millis(date.get_time() as u64)))
    }
}

impl Socket {
    /// What was kept of it; nothing where that can't be read.
    pub(crate) fn stream(&self) -> Option<Stream> {
        let kept: Array = self.deserialize_attachment().ok()?.dyn_into().ok()?;
        let heard_at = Timestamp::from_millis(kept.get(0).as_f64()? as u64);
        let end = match kept.get(1).dyn_into::<Uint8Array>() {
            Ok(bytes) => Some(LeaderEnd::decode(&bytes.to_vec()).ok()?),
            Err(_) => None,
        };
        Some(Stream { heard_at, end })
    }

    /// Keeps it for when the object's memory is gone.
    ///
    /// # Errors
    /// Where the runtime refuses.
    pub(crate) fn keep(&self, Stream { heard_at, end }: &Stream) -> Result<(), JsValue> {
        let end = end.as_ref().map_or(JsValue::NULL, |end| bytes(&end.encode()).into());
        self.serialize_attachment(&Array::of2(&JsValue::from_f64(heard_at.as_millis() as f64), &end))
    }

    /// Sends a text, as heartbeats are. A stream that is gone takes none.
    pub(crate) fn say_text(&self, text: &str) {
        let _ = self.send_text(text);
    }

    /// Sends one message. A stream that is gone takes none.
    pub(crate) fn say(&self, message: &ToFollower) {
        let _ = self.send(&bytes(&message.encode()));
    }
}

fn bytes(bytes: &[u8]) -> Uint8Array {
    Uint8Array::from(bytes)
}

// The crate `worker` has no `getWebSocketAutoResponseTimestamp`, and its other methods don't catch what JavaScript throws.
#[wasm_bindgen]
extern "C" {
    type Sockets;
    #[wasm_bindgen(method, catch, js_name = acceptWebSocket)]
    fn accept(this: &Sockets, socket: &Socket, tags: &Array) -> Result<(), JsValue>;
    #[wasm_bindgen(method, js_name = getWebSockets)]
    fn all(this: &Sockets) -> Array;
    #[wasm_bindgen(method, js_name = getWebSockets)]
    fn tagged(this: &Sockets, tag: &str) -> Array;
    #[wasm_bindgen(method, catch, js_name = setWebSocketAutoResponse)]
    fn set_auto_response(this: &Sockets, pair: &PingPong) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = getWebSocketAutoResponseTimestamp)]
    fn auto_response_at(this: &Sockets, socket: &Socket) -> Result<Option<Date>, JsValue>;

    /// The leader's end of a stream.
    #[derive(Clone, PartialEq)]
    pub(crate) type Socket;
    #[wasm_bindgen(method, catch)]
    fn send(this: &Socket, message: &Uint8Array) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = send)]
    fn send_text(this: &Socket, text: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &Socket, code: u16, reason: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = serializeAttachment)]
    fn serialize_attachment(this: &Socket, value: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = deserializeAttachment)]
    fn deserialize_attachment(this: &Socket) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(extends = Object, js_name = WebSocketPair)]
    type SocketPair;
    #[wasm_bindgen(constructor, catch, js_class = "WebSocketPair")]
    fn new() -> Result<SocketPair, JsValue>;

    #[wasm_bindgen(js_name = WebSocketRequestResponsePair)]
    type PingPong;
    #[wasm_bindgen(constructor, catch, js_class = "WebSocketRequestResponsePair")]
    fn new(request: &str, response: &str) -> Result<PingPong, JsValue>;
}
