//! HTTP/1.1 to the byte. A client library would tidy up what these tests are about: odd targets, the case of
//! header names, whether a length was sent, who closed the connection.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::wait::PATIENCE;

/// No answer of ours is longer; it bounds what a runaway one can cost.
const LONGEST_ANSWER: usize = 64 << 20;

/// The bytes of one request.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    method: Vec<u8>,
    bytes: Vec<u8>,
}

impl Request {
    /// Exactly `bytes`: head, body, everything. The first word is taken for the method.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let method = bytes.split(|byte| *byte == b' ').next().unwrap_or_default().to_vec();
        Self { method, bytes }
    }

    /// A request without a body, with a `Host` and nothing else.
    pub fn new(method: &str, target: impl AsRef<[u8]>) -> Self {
        let mut bytes = method.as_bytes().to_vec();
        bytes.push(b' ');
        bytes.extend_from_slice(target.as_ref());
        bytes.extend_from_slice(b" HTTP/1.1\r\nHost: nsqlookupd:4161\r\n\r\n");
        Self { method: method.into(), bytes }
    }

    /// `GET target`.
    pub fn get(target: impl AsRef<[u8]>) -> Self {
        Self::new("GET", target)
    }

    /// `POST target`, without a body until one is given.
    pub fn post(target: impl AsRef<[u8]>) -> Self {
        Self::new("POST", target)
    }

    /// Adds a header after those already there.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let end = self.end_of_head();
        let mut line = name.as_bytes().to_vec();
        line.extend_from_slice(b": ");
        line.extend_from_slice(value.as_ref());
        line.extend_from_slice(b"\r\n");
        self.bytes.splice(end..end, line);
        self
    }

    /// The header that carries a token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// Appends a body and declares its length.
    #[must_use]
    pub fn body(self, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        self.declared(body.len(), body)
    }

    /// Appends `sent` after declaring a body of `length` bytes, which `sent` need not have.
    #[must_use]
    pub fn declared(self, length: usize, sent: impl AsRef<[u8]>) -> Self {
        let mut request = self.header("Content-Length", length.to_string());
        request.bytes.extend_from_slice(sent.as_ref());
        request
    }

    /// Appends a body in chunks of at most `size` bytes, with no length declared.
    #[must_use]
    pub fn chunked(self, body: impl AsRef<[u8]>, size: usize) -> Self {
        let mut request = self.header("Transfer-Encoding", "chunked");
        for chunk in body.as_ref().chunks(size) {
            request.bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            request.bytes.extend_from_slice(chunk);
            request.bytes.extend_from_slice(b"\r\n");
        }
        request.bytes.extend_from_slice(b"0\r\n\r\n");
        request
    }

    /// Its method.
    pub fn method(&self) -> &[u8] {
        &self.method
    }

    /// The bytes as they go over the wire.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where another header line belongs: before the blank line that ends the head.
    fn end_of_head(&self) -> usize {
        find(&self.bytes, b"\r\n\r\n").map_or(self.bytes.len(), |blank| blank + 2)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.bytes[..self.bytes.len().min(400)];
        write!(formatter, "{}", shown.escape_ascii())
    }
}

/// One answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// What the status line says after the code.
    pub reason: String,
    /// Name and value of every header line, in order, spelt as they came.
    pub headers: Vec<(String, String)>,
    /// The body, without any chunking.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of the first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are none become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The `message` of an error's body, or nothing where there is none.
    pub fn message(&self) -> String {
        serde_json::from_slice::<serde_json::Value>(&self.body)
            .ok()
            .and_then(|body| Some(body.get("message")?.as_str()?.to_owned()))
            .unwrap_or_default()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} {}", self.status, self.reason)?;
        for (name, value) in &self.headers {
            writeln!(formatter, "  {name}: {value}")?;
        }
        write!(formatter, "  {}", self.body[..self.body.len().min(2_000)].escape_ascii())
    }
}

/// Sends requests to one address, each on a connection of its own.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    address: SocketAddr,
}

impl Client {
    /// To a server on `address`.
    pub fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Where it sends to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a request and reads its answer whole.
    ///
    /// # Errors
    ///
    /// When the server is away, closes before the answer is complete, or is silent for half a minute.
    pub fn try_send(&self, request: &Request) -> io::Result<Response> {
        let mut connection = Connection::open(self.address)?;
        // A server that refuses early may answer and close while the rest is still being written.
        let written = connection.write(&request.bytes);
        match connection.read_answer(&request.method) {
            Err(error) => Err(written.err().unwrap_or(error)),
            answer => answer,
        }
    }

    /// As [`try_send`](Self::try_send), for a server that must answer.
    ///
    /// # Panics
    ///
    /// When no answer came.
    pub fn send(&self, request: &Request) -> Response {
        self.try_send(request).unwrap_or_else(|error| panic!("no answer ({error}) to {request:?}"))
    }

    /// `GET target`.
    pub fn get(&self, target: impl AsRef<[u8]>) -> Response {
        self.send(&Request::get(target))
    }

    /// `POST target` without a body.
    pub fn post(&self, target: impl AsRef<[u8]>) -> Response {
        self.send(&Request::post(target))
    }
}

/// A name within a URL: of all that names are made of, `#` alone would end it.
pub fn encoded(name: &str) -> String {
    name.replace('#', "%23")
}

/// One connection, on which requests may follow one another.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// What came behind the last answer.
    ahead: Vec<u8>,
}

impl Connection {
    /// To a server on `address`.
    ///
    /// # Errors
    ///
    /// When nobody listens there.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, ahead: Vec::new() })
    }

    /// Sends bytes, be they a request, a part of one, or several.
    ///
    /// # Errors
    ///
    /// When the server has closed.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Says that no more will be sent.
    ///
    /// # Errors
    ///
    /// When the server has closed.
    pub fn end_of_requests(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Reads the next answer whole, to a request of this method.
    ///
    /// # Errors
    ///
    /// When the server closes before the answer is complete, or is silent for half a minute.
    pub fn read_answer(&mut self, method: &[u8]) -> io::Result<Response> {
        read_answer(&mut self.stream, method, &mut self.ahead)
    }
}

/// Reads one answer; interim ones (100 Continue) are passed over. `buffer` is what was read beyond the last one.
fn read_answer(stream: &mut impl Read, method: &[u8], buffer: &mut Vec<u8>) -> io::Result<Response> {
    loop {
        let (mut answer, head) = read_head(stream, buffer)?;
        buffer.drain(..head);
        if answer.status < 200 {
            continue;
        }
        let bodiless = method == b"HEAD" || answer.status == 204 || answer.status == 304;
        let chunked = answer.header("Transfer-Encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        let length = answer.header("Content-Length").map(str::parse).transpose().map_err(io::Error::other)?;
        answer.body = match (bodiless, chunked, length) {
            (true, _, _) => Vec::new(),
            (false, true, _) => read_chunks(stream, buffer)?,
            (false, false, Some(length)) => take(stream, buffer, length)?,
            (false, false, None) => {
                while fill(stream, buffer)? {}
                std::mem::take(buffer)
            }
        };
        return Ok(answer);
    }
}

/// The head, and how many bytes of the buffer it fills.
fn read_head(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<(Response, usize)> {
    let end = loop {
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            break end;
        }
        if !fill(stream, buffer)? {
            return Err(cut(buffer));
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut status_line = lines.next().unwrap_or_default().splitn(3, ' ');
    let _version = status_line.next();
    let status = status_line.next().and_then(|code| code.parse().ok()).ok_or_else(|| cut(buffer))?;
    let reason = status_line.next().unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    Ok((Response { status, reason, headers, body: Vec::new() }, end + 4))
}

fn read_chunks(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = loop {
            if let Some(line) = find(buffer, b"\r\n") {
                break line;
            }
            if !fill(stream, buffer)? {
                return Err(cut(buffer));
            }
        };
        let size = std::str::from_utf8(&buffer[..line]).map_err(io::Error::other)?;
        let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
        buffer.drain(..line + 2);
        let chunk = take(stream, buffer, size + 2)?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

/// The next `length` bytes.
fn take(stream: &mut impl Read, buffer: &mut Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    while buffer.len() < length {
        if !fill(stream, buffer)? {
            return Err(cut(buffer));
        }
    }
    let rest = buffer.split_off(length);
    Ok(std::mem::replace(buffer, rest))
}

/// Reads some more; `false` at the end of the stream.
fn fill(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<bool> {
    if buffer.len() > LONGEST_ANSWER {
        return Err(io::Error::other("the answer has no end"));
    }
    let mut piece = [0; 16 << 10];
    let count = stream.read(&mut piece)?;
    buffer.extend_from_slice(&piece[..count]);
    Ok(count > 0)
}

fn cut(buffer: &[u8]) -> io::Error {
    let came = buffer[..buffer.len().min(200)].escape_ascii();
    io::Error::new(io::ErrorKind::UnexpectedEof, format!("the answer ended early: {came}"))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: &[u8], bytes: &[u8]) -> io::Result<Response> {
        read_answer(&mut { bytes }, method, &mut Vec::new())
    }

    #[test]
    fn headers_and_body_are_added_where_they_belong() {
        let request = Request::post("/x").header("A", "b").body("cd");
        let expected = b"POST /x HTTP/1.1\r\nHost: nsqlookupd:4161\r\nA: b\r\nContent-Length: 2\r\n\r\ncd";
        assert_eq!(request.bytes(), expected);
        let request = Request::post("/x").chunked("abcde", 3);
        assert!(request.bytes().ends_with(b"chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
    }

    #[test]
    fn a_body_ends_by_length_chunk_or_close() {
        let cases: [(&[u8], &[u8], &[u8]); 5] = [
            (b"GET", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabrest", b"ab"),
            (b"GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", b"abc"),
            (b"GET", b"HTTP/1.1 200 OK\r\n\r\nto the end", b"to the end"),
            (b"HEAD", b"HTTP/1.1 405 No\r\nContent-Length: 2\r\n\r\n", b""),
            (b"POST", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x"),
        ];
        for (method, bytes, body) in cases {
            assert_eq!(answer(method, bytes).expect("an answer").body, body, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn an_answer_cut_short_is_an_error() {
        for bytes in
            [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", b"junk\r\n\r\n"]
        {
            assert!(answer(b"GET", bytes).is_err(), "{}", bytes.escape_ascii());
        }
    }
}
