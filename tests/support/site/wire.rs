//! HTTP as bytes on a connection: a request read, an answer written, neither of them necessarily well.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::demo_site::Query;
use super::Stop;

/// Longest head of a request.
const MOST_HEAD_BYTES: usize = 64 * 1024;

/// Longest body of a request: ten thousand hashes are 700 KB.
const MOST_BODY_BYTES: usize = 4 << 20;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
}

impl Request {
    /// The first value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        Query::parse(&self.query).get(name).map(str::to_owned)
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn read(head: &str) -> Option<Self> {
        let (line, rest) = head.split_once("\r\n")?;
        let mut words = line.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = rest.lines().filter_map(|line| line.split_once(':'));
        Some(Self {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
            body: Vec::new(),
            at: Instant::now(),
        })
    }
}

/// A connection whose request has been read up to its last line feed.
pub(super) struct Open(TcpStream);

impl Open {
    /// Reads the head of a request but for the line feed at its end, so that something is left unread.
    pub(super) fn read_head(mut stream: TcpStream) -> Option<(Request, Self)> {
        // An answer is written in pieces; none must wait until the one before is acknowledged.
        stream.set_nodelay(true).ok()?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r") {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            head.extend(byte);
            if head.len() > MOST_HEAD_BYTES {
                return None;
            }
        }
        let request = Request::read(std::str::from_utf8(&head).ok()?)?;
        Some((request, Self(stream)))
    }

    /// Reads the rest of a request.
    pub(super) fn read_body(&mut self, request: &Request) -> Option<Vec<u8>> {
        let length: usize = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut rest = vec![0; 1 + length.min(MOST_BODY_BYTES)];
        self.0.read_exact(&mut rest).ok()?;
        Some(rest.split_off(1))
    }

    /// Errors are the client's business: it may hang up whenever it likes.
    pub(super) fn write(&mut self, reply: &Reply) {
        drop(self.0.write_all(reply.head().as_bytes()).and_then(|()| self.0.write_all(&reply.body)));
    }

    /// Writes half of a body; what else becomes of the connection is decided by what was read of it.
    pub(super) fn write_half(&mut self, reply: &Reply) {
        let half = &reply.body[..reply.body.len() / 2];
        drop(self.0.write_all(reply.head().as_bytes()).and_then(|()| self.0.write_all(half)));
    }

    /// Writes a body a byte at a time, until its end or that of the site.
    pub(super) fn trickle(&mut self, reply: &Reply, pause: Duration, stop: &Stop) {
        if self.0.write_all(reply.head().as_bytes()).is_err() {
            return;
        }
        for byte in &reply.body {
            if self.0.write_all(&[*byte]).is_err() || stop.wait(pause) {
                return;
            }
        }
    }
}

/// One answer as it goes over the wire.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// How many bytes the header promises beyond those that come.
    pub(super) missing_bytes: usize,
}

impl Reply {
    pub(super) fn bytes(status: u16, body: Vec<u8>) -> Self {
        Self { status, kind: "application/json", headers: Vec::new(), body, missing_bytes: 0 }
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        Self::bytes(status, body.as_bytes().to_vec())
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, &body.to_string())
    }

    /// A web page.
    pub(super) fn html(status: u16, title: &str) -> Self {
        Self { kind: "text/html", ..Self::text(status, &format!("<!DOCTYPE html><p>{title}")) }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Compresses the body if the request allows it.
    pub(super) fn compressed_for(mut self, request: &Request) -> Self {
        if request.header("accept-encoding").is_some_and(|accepted| accepted.contains("gzip")) {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(&self.body).expect("memory takes every byte");
            self.body = packer.finish().expect("memory takes every byte");
            self.headers.push(("Content-Encoding", "gzip".to_owned()));
        }
        self
    }

    fn head(&self) -> String {
        let mut head = format!(
            "HTTP/1.1 {} Scripted\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n",
            self.status,
            self.kind,
            self.body.len() + self.missing_bytes
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head + "\r\n"
    }
}
