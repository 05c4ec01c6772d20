//! A connection on which every request's target is kept as it came.
//!
//! hyper takes a target for a URI: it refuses bytes that Go takes, and drops everything from a `#` on, which for NSQ
//! belongs to the name. So hyper is shown `/` in every request line, and who answers is given what really stood there.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use lookupd_core::http::MAX_TARGET_LENGTH;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// The target of the request that hyper reads or has just read: one at a time.
#[derive(Clone, Default)]
pub(super) struct RequestTarget(Arc<Mutex<Slot>>);

#[derive(Default)]
struct Slot {
    target: Option<Vec<u8>>,
    /// The stream that waits for room.
    waiting: Option<Waker>,
    /// Whether the next one didn't come in time.
    is_late: bool,
}

impl RequestTarget {
    /// Takes it, and so lets the next request's line be read.
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        let mut slot = self.slot();
        if let Some(waiting) = slot.waiting.take() {
            waiting.wake();
        }
        slot.target.take()
    }

    /// Whether there is room for the next one; if not, the task is woken when there is.
    fn has_room(&self, context: &Context<'_>) -> bool {
        let mut slot = self.slot();
        if slot.target.is_some() {
            slot.waiting = Some(context.waker().clone());
        }
        slot.target.is_none()
    }

    fn put(&self, target: Vec<u8>) {
        self.slot().target = Some(target);
    }

    /// Whether the connection ended because a request's head took too long.
    pub(super) fn is_late(&self) -> bool {
        self.slot().is_late
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection. Also gives a client up that doesn't end what it began to ask, or doesn't read what it is sent.
pub(super) struct RequestStream<S> {
    stream: S,
    target: RequestTarget,
    lines: Lines,
    /// What was read and not looked at yet: the next request's line waits for the last one's target to be taken.
    unread: Vec<u8>,
    /// What hyper is to read.
    shown: Vec<u8>,
    /// How much of it was.
    taken: usize,
    /// Runs while a head has begun and hasn't ended.
    late: Option<Pin<Box<Sleep>>>,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> RequestStream<S> {
    pub(super) fn new(stream: S, target: RequestTarget) -> Self {
        let lines = Lines::default();
        Self { stream, target, lines, unread: Vec::new(), shown: Vec::new(), taken: 0, late: None, stalled: None }
    }

    /// Looks through what was read. Says whether it has to wait.
    fn look(&mut self, context: &Context<'_>) -> bool {
        let mut rest = &self.unread[..];
        let mut waits = false;
        while !rest.is_empty() {
            if self.lines.is_at_request_line() && !self.target.has_room(context) {
                waits = true;
                break;
            }
            let (taken, target) = self.lines.take(rest, &mut self.shown);
            rest = &rest[taken..];
            if !self.lines.is_within_head() {
                self.late = None;
            }
            if let Some(target) = target {
                self.target.put(target);
            }
        }
        let length = rest.len();
        if length == 0 {
            self.unread = Vec::new();
        } else {
            self.unread.drain(..self.unread.len() - length);
        }
        waits
    }

    /// Ends the connection once a head took too long, however steadily its bytes came. Not while a response is being read
    /// slowly: then nobody may be told.
    fn check_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.lines.is_within_head() || self.stalled.is_some() {
            return Poll::Pending;
        }
        let late = self.late.get_or_insert_with(|| Box::pin(sleep(PATIENCE_WITHIN_HEAD)));
        ready!(late.as_mut().poll(context));
        self.target.slot().is_late = true;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for RequestStream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            let ready = this.shown.get(this.taken..).unwrap_or_default();
            if !ready.is_empty() {
                let length = ready.len().min(buffer.remaining());
                buffer.put_slice(&ready[..length]);
                this.taken += length;
                if this.taken == this.shown.len() {
                    // Most connections then wait for long.
                    (this.shown, this.taken) = (Vec::new(), 0);
                }
                return Poll::Ready(Ok(()));
            }
            let waits = this.look(context);
            if !this.shown.is_empty() {
                continue;
            }
            if waits {
                return Poll::Pending;
            }
            let mut bytes = [0; READ_AT_ONCE];
            let mut read = ReadBuf::new(&mut bytes);
            match Pin::new(&mut this.stream).poll_read(context, &mut read) {
                Poll::Ready(result) => result?,
                Poll::Pending => return this.check_patience(context),
            }
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.unread.extend_from_slice(read.filled());
        }
    }
}

impl<S: AsyncWrite + Unpin> RequestStream<S> {
    /// Turns a write that waits for too long into an error.
    fn within_time<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for RequestStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.within_time(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.within_time(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    /// Leaves it to whoever serves the connection, who may have a last word.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

const READ_AT_ONCE: usize = 8 << 10;

/// How long a head may take from its first byte to its last.
const PATIENCE_WITHIN_HEAD: Duration = Duration::from_secs(10);

/// How long a client may not read what it is sent.
const PATIENCE: Duration = Duration::from_secs(30);

/// Follows the requests on a connection, as far as it takes to know where each begins. Whatever is wrong with them is
/// shown to hyper as it is, and hyper refuses it and closes.
#[derive(Default)]
struct Lines {
    stage: Stage,
    /// The beginning of the line that is being read; of a header as much as matters.
    line: Vec<u8>,
    /// How long the request's body will be.
    body: u64,
    /// Whether the body's end can't be told from here, or what follows may be another protocol: the connection ends with
    /// this request.
    is_last: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    RequestLine,
    Header,
    Body,
    /// No more requests.
    Rest,
}

impl Lines {
    /// Whether a request's line is next, or isn't complete.
    fn is_at_request_line(&self) -> bool {
        self.stage == Stage::RequestLine
    }

    /// Whether a request's head has begun and hasn't ended.
    fn is_within_head(&self) -> bool {
        match self.stage {
            Stage::RequestLine => !self.line.is_empty(),
            Stage::Header => true,
            Stage::Body | Stage::Rest => false,
        }
    }

    /// Looks at some bytes, of which there are some, and puts what hyper is to see of them behind `shown`. Says at how many
    /// it looked, and the target of a request whose line ended there.
    fn take(&mut self, bytes: &[u8], shown: &mut Vec<u8>) -> (usize, Option<Vec<u8>>) {
        let line_length = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1);
        let (line, _) = bytes.split_at(line_length);
        let is_complete = line.ends_with(b"\n");
        match self.stage {
            Stage::RequestLine => {
                self.keep(line, LONGEST_REQUEST_LINE);
                let target = if is_complete { self.end_request_line(shown) } else { None };
                (line_length, target)
            }
            Stage::Header => {
                self.keep(line, LONGEST_FRAMING_HEADER);
                shown.extend_from_slice(line);
                if is_complete {
                    self.end_header();
                }
                (line_length, None)
            }
            Stage::Body => {
                let length = usize::try_from(self.body).unwrap_or(usize::MAX).min(bytes.len());
                shown.extend_from_slice(bytes.get(..length).unwrap_or_default());
                self.body -= length as u64;
                if self.body == 0 {
                    self.stage = Stage::RequestLine;
                }
                (length, None)
            }
            Stage::Rest => {
                shown.extend_from_slice(bytes);
                (bytes.len(), None)
            }
        }
    }

    fn keep(&mut self, line: &[u8], at_most: usize) {
        let room = at_most.saturating_sub(self.line.len()).min(line.len());
        self.line.extend_from_slice(&line[..room]);
    }

    fn end_request_line(&mut self, shown: &mut Vec<u8>) -> Option<Vec<u8>> {
        let mut line = std::mem::take(&mut self.line);
        if line.len() >= LONGEST_REQUEST_LINE {
            // Its end wasn't kept: core refuses such a target, whatever it would have been.
            line.extend_from_slice(b" HTTP/1.1\r\n");
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            // Before a request, such lines are nothing.
            return None;
        }
        let first = text.iter().position(|byte| *byte == b' ');
        let last = text.iter().rposition(|byte| *byte == b' ');
        let (Some(first), Some(last)) = (first, last) else { return self.give_up(&line, shown) };
        if last <= first + 1 {
            return self.give_up(&line, shown);
        }
        let (method, version) = (&text[..first], &text[last..]);
        shown.extend_from_slice(method);
        shown.extend_from_slice(b" /");
        shown.extend_from_slice(version);
        shown.extend_from_slice(b"\r\n");
        (self.stage, self.body, self.is_last) = (Stage::Header, 0, false);
        Some(text[first + 1..last].to_vec())
    }

    fn give_up(&mut self, line: &[u8], shown: &mut Vec<u8>) -> Option<Vec<u8>> {
        shown.extend_from_slice(line);
        self.stage = Stage::Rest;
        None
    }

    fn end_header(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_ascii();
        if line.is_empty() {
            self.stage = match self.body {
                _ if self.is_last => Stage::Rest,
                0 => Stage::RequestLine,
                _ => Stage::Body,
            };
            return;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let is_plain = value.iter().all(u8::is_ascii_digit);
            match str::from_utf8(value).ok().and_then(|value| value.parse().ok()).filter(|_| is_plain) {
                Some(length) => self.body = length,
                None => self.is_last = true,
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") || name.eq_ignore_ascii_case(b"upgrade") {
            self.is_last = true;
        }
    }
}

/// Method and version are short; core refuses what is left over.
const LONGEST_REQUEST_LINE: usize = MAX_TARGET_LENGTH + 256;

/// Longer than any length of a body in digits that isn't wrong.
const LONGEST_FRAMING_HEADER: usize = 256;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        time::Instant,
    };

    use super::*;

    fn connection() -> (DuplexStream, RequestStream<DuplexStream>, RequestTarget) {
        let (client, server) = duplex(1 << 10);
        let target = RequestTarget::default();
        (client, RequestStream::new(server, target.clone()), target)
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_its_time_however_steadily_it_comes() {
        for head in ["GET /", "GET / HTTP/1.1\r\n"] {
            let (mut client, mut stream, target) = connection();
            // Before its first byte it isn't late.
            sleep(PATIENCE_WITHIN_HEAD * 3).await;
            let began = Instant::now();
            client.write_all(head.as_bytes()).await.unwrap();
            tokio::spawn(async move {
                while client.write_all(b"x").await.is_ok() {
                    sleep(Duration::from_secs(1)).await;
                }
            });
            let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
            assert_eq!((error.kind(), target.is_late()), (io::ErrorKind::TimedOut, true));
            assert_eq!(began.elapsed().as_secs(), PATIENCE_WITHIN_HEAD.as_secs());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_head_has_its_own_time() {
        let (mut client, mut stream, target) = connection();
        // There is always a part of the next one there.
        client.write_all(b"GET /").await.unwrap();
        let taken = target.clone();
        let reads = tokio::spawn(async move {
            let mut shown = Vec::new();
            let mut bytes = [0; 100];
            while let Ok(length @ 1..) = stream.read(&mut bytes).await {
                shown.extend_from_slice(&bytes[..length]);
                taken.take();
            }
            shown
        });
        for _ in 0..3 {
            sleep(PATIENCE_WITHIN_HEAD * 2 / 3).await;
            client.write_all(b"a HTTP/1.1\r\n\r\nGET /").await.unwrap();
        }
        drop(client);
        assert_eq!(reads.await.unwrap(), b"GET / HTTP/1.1\r\n\r\n".repeat(3));
        assert!(!target.is_late());
    }
}
