//! A fake Civitai on this machine, with the site's quirks and with faults on request.
//!
//! It speaks HTTP by hand over `std::net`, because half of the faults are broken HTTP that a proper server refuses
//! to write. One thread a connection, one request a connection.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use serde_json::{Value, json};

use super::demo_site::{Query, World};

/// How the site writes the cursors of its listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cursors {
    /// `20|1754611200000`: the image index.
    OffsetAndTime,
    /// `20|bdx:{"a":"b c"}`: the alternate image index.
    OffsetAndJson,
    /// `2024-05-06 07:08:09|3|20`: models.
    Bars,
    /// A JSON number: the database path.
    Number,
}

/// What differs between the site's code paths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quirks {
    pub(crate) cursors: Cursors,
    /// Whether the item that a cursor names is skipped, as for descending listings of the database path.
    pub(crate) loses_boundary_items: bool,
    /// Whether `meta` comes as `{id, meta}` unless `flatMeta=true` is asked for.
    pub(crate) wraps_meta: bool,
    /// Filters that are accepted and ignored.
    pub(crate) ignored_parameter: Option<&'static str>,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            cursors: Cursors::OffsetAndTime,
            loses_boundary_items: false,
            wraps_meta: false,
            ignored_parameter: None,
        }
    }
}

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Nothing: the request is answered properly.
    None,
    /// This status with a JSON error.
    Status(u16),
    /// This status with a `Retry-After`.
    RetryAfter(u16, String),
    /// A web page with this status.
    Html(u16),
    /// A body shorter than its `Content-Length`.
    BrokenOff,
    /// A complete HTTP answer whose JSON ends in the middle.
    CutShort,
    /// JSON that is wrong in the middle and looks whole at its ends.
    Garbled,
    /// No body.
    Empty,
    /// No items and no cursor.
    NoItems,
    /// No items, and the cursor of the page that should have come.
    NoItemsButCursor,
    /// A page whose cursor is this one.
    Cursor(&'static str),
    /// A page whose first item is null and whose second is a number.
    DamagedItems,
    /// No answer at all until the site is dropped.
    Hang,
    /// A redirect to this URL.
    Redirect(String),
    /// A body of this many bytes.
    Oversized(usize),
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
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
}

struct State {
    world: World,
    quirks: Quirks,
    faults: Mutex<VecDeque<Fault>>,
    requests: Mutex<Vec<Request>>,
    stopping: AtomicBool,
    /// Disconnected when the site is dropped: what hangs, hangs on this.
    hang: Mutex<Receiver<()>>,
}

/// A running site; stops when dropped.
pub(crate) struct Site {
    address: SocketAddr,
    state: Arc<State>,
    release: Option<Sender<()>>,
    acceptor: Option<JoinHandle<()>>,
}

impl Site {
    /// Serves `documents` with `quirks`.
    pub(crate) fn start(documents: Vec<Value>, quirks: Quirks) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (release, hang) = channel();
        let state = Arc::new(State {
            world: World::new(documents),
            quirks,
            faults: Mutex::default(),
            requests: Mutex::default(),
            stopping: AtomicBool::new(false),
            hang: Mutex::new(hang),
        });
        let shared = Arc::clone(&state);
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.stopping.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(&state, stream));
            }
        });
        Self { address, state, release: Some(release), acceptor: Some(acceptor) }
    }

    /// What `--api-base` takes.
    pub(crate) fn base(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    /// The faults of the next requests, one each; later requests are answered properly.
    pub(crate) fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults.lock().expect("no thread panics with it").extend(faults);
    }

    /// Every request so far, in order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().expect("no thread panics with it").clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.state.stopping.store(true, Ordering::Relaxed);
        drop(self.release.take());
        // One last connection wakes the acceptor, which then sees that it is to stop.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

fn serve(state: &State, mut stream: TcpStream) {
    let Some(request) = read_request(&stream) else { return };
    let fault = state.faults.lock().expect("no thread panics with it").pop_front();
    state.requests.lock().expect("no thread panics with it").push(request.clone());
    let proper = || answer(state, &request);
    let reply = match fault.unwrap_or(Fault::None) {
        Fault::None => proper(),
        Fault::Status(status) => Reply::json(status, &json!({ "error": { "message": "as scripted" } })),
        Fault::RetryAfter(status, wait) => Reply {
            headers: vec![("Retry-After", wait)],
            ..Reply::json(status, &json!({ "error": "slow down" }))
        },
        Fault::Html(status) => {
            Reply { kind: "text/html", ..Reply::text(status, "<!DOCTYPE html><p>maintenance") }
        }
        Fault::BrokenOff => Reply { missing_bytes: 100, ..proper() },
        Fault::CutShort => {
            let mut reply = Reply::json(200, &document(state, &request).1);
            reply.body.truncate(reply.body.len() / 2);
            while matches!(reply.body.last(), Some(b'}' | b']')) {
                reply.body.pop();
            }
            reply
        }
        Fault::Garbled => Reply::text(200, "{\"items\": [{\"id\": 1}, oops {\"id\": 2}], \"metadata\": {}}"),
        Fault::Empty => Reply::text(200, ""),
        Fault::NoItems => Reply::json(200, &json!({ "items": [], "metadata": {} })),
        Fault::NoItemsButCursor => {
            let mut page = document(state, &request).1;
            page["items"] = json!([]);
            Reply::json(200, &page)
        }
        Fault::Cursor(cursor) => {
            let mut page = document(state, &request).1;
            page["metadata"]["nextCursor"] = json!(cursor);
            Reply::json(200, &page)
        }
        Fault::DamagedItems => {
            let mut page = document(state, &request).1;
            page["items"][0] = Value::Null;
            page["items"][1] = json!(7);
            Reply::json(200, &page)
        }
        Fault::Hang => {
            let _ = state.hang.lock().expect("no thread panics with it").recv();
            return;
        }
        Fault::Redirect(to) => Reply { headers: vec![("Location", to)], ..Reply::text(302, "") },
        Fault::Oversized(bytes) => Reply::text(200, &" ".repeat(bytes)),
    };
    reply.write(&mut stream);
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream.take(64 * 1024));
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let target = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Request { path: path.to_owned(), query: query.to_owned(), headers, at: Instant::now() })
}

fn answer(state: &State, request: &Request) -> Reply {
    let (status, body) = document(state, request);
    let mut reply = Reply::json(status, &body);
    if request.header("accept-encoding").is_some_and(|accepted| accepted.contains("gzip")) {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(&reply.body).expect("memory takes every byte");
        reply.body = packer.finish().expect("memory takes every byte");
        reply.headers.push(("Content-Encoding", "gzip".to_owned()));
    }
    reply
}

/// The proper document for a request, quirks included.
fn document(state: &State, request: &Request) -> (u16, Value) {
    let quirks = &state.quirks;
    let asked = Query::parse(&request.query);
    let mut parameters: Vec<(String, String)> =
        url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
    parameters.retain(|(name, _)| Some(name.as_str()) != quirks.ignored_parameter);
    for (name, value) in &mut parameters {
        if name == "cursor" {
            let Some(offset) = read_cursor(quirks, value) else {
                return (400, json!({ "error": { "name": "ZodError", "message": "Invalid cursor" } }));
            };
            *value = offset.to_string();
        }
    }
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&parameters).finish();
    let mut answer = state.world.answer(&request.path, &Query::parse(&encoded));
    let next =
        answer.body["metadata"]["nextCursor"].as_str().and_then(|next| next.split('|').next()?.parse().ok());
    if let Some(offset) = next {
        answer.body["metadata"]["nextCursor"] = write_cursor(quirks.cursors, offset);
    }
    if quirks.wraps_meta && asked.get("flatMeta") != Some("true") {
        for item in answer.body["items"].as_array_mut().into_iter().flatten() {
            item["meta"] = json!({ "id": item["id"], "meta": item["meta"] });
        }
    }
    (answer.status, answer.body)
}

fn write_cursor(cursors: Cursors, offset: u64) -> Value {
    match cursors {
        Cursors::OffsetAndTime => json!(format!("{offset}|1754611200000")),
        Cursors::OffsetAndJson => json!(format!("{offset}|bdx:{{\"a\":\"b c\"}}")),
        Cursors::Bars => json!(format!("2024-05-06 07:08:09|3|{offset}")),
        Cursors::Number => json!(offset),
    }
}

/// Where a cursor leads; `None` for one that this site never wrote.
fn read_cursor(quirks: &Quirks, cursor: &str) -> Option<u64> {
    let digits = match quirks.cursors {
        Cursors::OffsetAndTime => cursor.strip_suffix("|1754611200000")?,
        Cursors::OffsetAndJson => cursor.strip_suffix("|bdx:{\"a\":\"b c\"}")?,
        Cursors::Bars => cursor.strip_prefix("2024-05-06 07:08:09|3|")?,
        Cursors::Number => cursor,
    };
    let offset: u64 = digits.parse().ok()?;
    Some(offset + u64::from(quirks.loses_boundary_items))
}

/// One answer as it goes over the wire.
struct Reply {
    status: u16,
    kind: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// How many bytes the header promises beyond those that come.
    missing_bytes: usize,
}

impl Reply {
    fn text(status: u16, body: &str) -> Self {
        let body = body.as_bytes().to_vec();
        Self { status, kind: "application/json", headers: Vec::new(), body, missing_bytes: 0 }
    }

    fn json(status: u16, body: &Value) -> Self {
        Self::text(status, &body.to_string())
    }

    /// Errors are the client's business: it may hang up whenever it likes.
    fn write(&self, stream: &mut TcpStream) {
        let mut head = format!(
            "HTTP/1.1 {} Scripted\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n",
            self.status,
            self.kind,
            self.body.len() + self.missing_bytes
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&self.body)));
    }
}
