//! A fake Civitai on this machine, with the site's quirks and with faults on request.
//!
//! It speaks HTTP by hand over `std::net`, because half of the faults are broken HTTP that a proper server refuses
//! to write. One thread a connection, one request a connection.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::demo_site::World;

mod era;
mod evolve;
mod fault;
pub(crate) mod media;
mod quirks;
mod seeded;
mod wire;

pub(crate) use era::Era;
pub(crate) use evolve::Change;
pub(crate) use fault::Fault;
pub(crate) use quirks::{Cursors, Quirks};
pub(crate) use seeded::Seeded;
pub(crate) use wire::Request;

/// What a running site knows.
struct State {
    quirks: Quirks,
    present: Mutex<Present>,
    script: Mutex<VecDeque<Fault>>,
    seeded: Mutex<Option<Seeded>>,
    requests: Mutex<Vec<Request>>,
    stopping: AtomicBool,
    stop: Stop,
}

/// What the site publishes now, and what is to become of it.
struct Present {
    documents: Vec<Value>,
    world: Arc<World>,
    /// How often the documents have changed.
    revision: u64,
    /// Changes by the number of the request before whose answer they happen, from 1.
    planned: BTreeMap<u64, Vec<Change>>,
}

impl Present {
    fn apply(&mut self, changes: &[Change]) {
        changes.iter().for_each(|change| change.apply(&mut self.documents));
        self.world = Arc::new(World::new(self.documents.clone()));
        self.revision += 1;
    }
}

/// Wakes what waits when the site is dropped.
#[derive(Default)]
struct Stop {
    is_over: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Waits for `most`, or for the end; says whether it is the end.
    fn wait(&self, most: Duration) -> bool {
        let is_over = self.is_over.lock().expect("no thread panics with it");
        let waited = self.changed.wait_timeout_while(is_over, most, |is_over| !*is_over);
        *waited.expect("no thread panics with it").0
    }

    fn announce(&self) {
        *self.is_over.lock().expect("no thread panics with it") = true;
        self.changed.notify_all();
    }
}

/// A running site; stops when dropped.
pub(crate) struct Site {
    address: SocketAddr,
    state: Arc<State>,
    acceptor: Option<JoinHandle<()>>,
}

impl Site {
    /// Serves `documents` with `quirks`.
    pub(crate) fn start(documents: Vec<Value>, quirks: Quirks) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let world = Arc::new(World::new(documents.clone()));
        let state = Arc::new(State {
            quirks,
            present: Mutex::new(Present { documents, world, revision: 0, planned: BTreeMap::new() }),
            script: Mutex::default(),
            seeded: Mutex::default(),
            requests: Mutex::default(),
            stopping: AtomicBool::new(false),
            stop: Stop::default(),
        });
        let shared = Arc::clone(&state);
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.stopping.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&shared);
                std::thread::spawn(move || state.serve(stream));
            }
        });
        Self { address, state, acceptor: Some(acceptor) }
    }

    /// What `--api-base` takes.
    pub(crate) fn base(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    /// What `--media-base` takes.
    pub(crate) fn media_base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The faults of the next requests, one each; later requests are answered properly.
    pub(crate) fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.script.lock().expect("no thread panics with it").extend(faults);
    }

    /// Forgets what is left of the script.
    pub(crate) fn forgive(&self) {
        self.state.script.lock().expect("no thread panics with it").clear();
    }

    /// Faults from now on for every request that no script speaks for; `None` ends them.
    pub(crate) fn seed(&self, seeded: Option<Seeded>) {
        *self.state.seeded.lock().expect("no thread panics with it") = seeded;
    }

    /// Changes what is published, now.
    pub(crate) fn evolve(&self, changes: impl IntoIterator<Item = Change>) {
        let changes: Vec<Change> = changes.into_iter().collect();
        self.state.present.lock().expect("no thread panics with it").apply(&changes);
    }

    /// Changes what is published before request number `request` is answered, from 1.
    pub(crate) fn evolve_at(&self, request: u64, changes: impl IntoIterator<Item = Change>) {
        let mut present = self.state.present.lock().expect("no thread panics with it");
        present.planned.entry(request).or_default().extend(changes);
    }

    /// Every request so far, in order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().expect("no thread panics with it").clone()
    }

    /// How many requests have arrived.
    pub(crate) fn request_count(&self) -> usize {
        self.state.requests.lock().expect("no thread panics with it").len()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.state.stopping.store(true, Ordering::Relaxed);
        self.state.stop.announce();
        // One last connection wakes the acceptor, which then sees that it is to stop.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

impl State {
    fn serve(&self, stream: TcpStream) {
        let Some((request, mut open)) = wire::Open::read_head(stream) else { return };
        let mut request = Request { at: Instant::now(), ..request };
        let number = self.requests.lock().expect("no thread panics with it").len() as u64 + 1;
        let fault = self.fault(number);
        // What is left unread makes the system reset the connection instead of closing it.
        if !matches!(fault, Fault::Reset) {
            let Some(body) = open.read_body(&request) else { return };
            request.body = body;
        }
        self.requests.lock().expect("no thread panics with it").push(request.clone());
        let (world, revision) = self.world(number);
        let answering = quirks::Answering { quirks: &self.quirks, world: &world, revision };
        fault.befall(&answering, &request, &mut open, &self.stop);
    }

    /// The fault of this request: the script's, else a seeded one.
    fn fault(&self, number: u64) -> Fault {
        if let Some(fault) = self.script.lock().expect("no thread panics with it").pop_front() {
            return fault;
        }
        let mut seeded = self.seeded.lock().expect("no thread panics with it");
        seeded.as_mut().map_or(Fault::None, |seeded| seeded.pick(number))
    }

    /// What is published when this request is answered.
    fn world(&self, number: u64) -> (Arc<World>, u64) {
        let mut present = self.present.lock().expect("no thread panics with it");
        let later = present.planned.split_off(&(number + 1));
        let due = std::mem::replace(&mut present.planned, later);
        if !due.is_empty() {
            let changes: Vec<Change> = due.into_values().flatten().collect();
            present.apply(&changes);
        }
        (Arc::clone(&present.world), present.revision)
    }
}
