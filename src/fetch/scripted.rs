//! A server for tests: answers the requests in turn as it is told, byte by byte.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Backoff, Breaker, SafeUrl, Settings};

/// What the server does with one request.
#[derive(Clone)]
pub(super) enum Reply {
    /// Writes these bytes and hangs up.
    Raw(Vec<u8>),
    /// Writes the head, then a byte every so often, for as long as the client listens.
    Trickle(Duration),
    /// Says nothing for as long as the client listens.
    Silence,
}

/// A running server; requests beyond the script are answered with an empty object.
pub(super) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers one request with each of `script`.
    pub(super) fn start(script: Vec<Reply>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            let mut script = script.into_iter();
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = read(&stream) else { continue };
                seen.lock().expect("no thread panics with it").push(request);
                let reply = script.next().unwrap_or_else(|| json("{}"));
                std::thread::spawn(move || answer(stream, &reply));
            }
        });
        Self { port, requests }
    }

    /// Settings for this server that never wait long by themselves.
    pub(super) fn settings(&self) -> Settings {
        let base =
            SafeUrl::parse(&format!("http://127.0.0.1:{}/api", self.port)).expect("a loopback address");
        let (first, ceiling) = (Duration::from_millis(1), Duration::from_millis(2));
        Settings {
            max_rps: 10_000.0,
            timeout: Duration::from_secs(20),
            body_limit_bytes: 1 << 16,
            backoff: Backoff { first, ceiling, patience: Duration::from_secs(3), ..Backoff::default() },
            breaker: Breaker { challenges: 3, first, ceiling, rests: 4 },
            ..Settings::new(base)
        }
    }

    /// Every request so far, head and body.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no thread panics with it").clone()
    }
}

/// An answer with `status`, further `headers` (each ended by a line break) and `body`.
pub(super) fn reply(status: u16, headers: &str, body: &[u8]) -> Reply {
    let head = format!(
        "HTTP/1.1 {status} Scripted\r\nConnection: close\r\nContent-Length: {}\r\n{}\r\n",
        body.len(),
        headers.replace('\n', "\r\n")
    );
    Reply::Raw([head.as_bytes(), body].concat())
}

/// A success with this document.
pub(super) fn json(body: &str) -> Reply {
    reply(200, "Content-Type: application/json\n", body.as_bytes())
}

/// The page that only a browser passes.
pub(super) fn challenge() -> Reply {
    let headers = "Content-Type: text/html\nServer: cloudflare\ncf-mitigated: challenge\n";
    reply(403, headers, b"<!DOCTYPE html><title>Just a moment...</title>")
}

fn answer(mut stream: TcpStream, reply: &Reply) {
    match reply {
        Reply::Raw(bytes) => stream.write_all(bytes).unwrap_or_default(),
        Reply::Trickle(every) => {
            let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{";
            let mut written = stream.write_all(head);
            while written.is_ok() {
                std::thread::sleep(*every);
                written = stream.write_all(b" ");
            }
        }
        // Ends when the client hangs up.
        Reply::Silence => drop(stream.read(&mut [0])),
    }
}

fn read(mut stream: &TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split_once("content-length: ").map_or("0", |(_, rest)| rest);
            let length: usize = length.lines().next()?.trim().parse().ok()?;
            if body.len() >= length {
                return String::from_utf8(bytes).ok();
            }
        }
        match stream.read(&mut buffer).ok()? {
            0 => return None,
            more => bytes.extend_from_slice(&buffer[..more]),
        }
    }
}
