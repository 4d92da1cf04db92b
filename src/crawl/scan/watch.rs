//! Folders watched: which of them changed, told in bursts.
//!
//! - In: folders, and what the system says of changes in them. Out: the folders to scan again, outer ones for all that
//!   is in them.
//! - Where the system cannot watch, every folder is to be scanned again after a while.
//! - Never: a scan. An event says where to look, never what is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::run::Cancel;

/// How long it must be quiet before a burst of changes counts as over: a program may still be writing.
const QUIET: Duration = Duration::from_millis(400);
/// How long a burst is waited for at most.
const LONGEST_BURST: Duration = Duration::from_secs(5);
/// Time between two looks where the system cannot watch.
const POLL_EVERY: Duration = Duration::from_secs(30);
/// How often a request to stop is looked for.
const PATIENCE: Duration = Duration::from_millis(100);
/// Folders that are told apart; beyond that all are scanned.
const MOST_FOLDERS: usize = 256;

/// Watches folders for as long as it lives.
#[derive(Debug)]
pub struct Watch {
    folders: Vec<PathBuf>,
    exclude: Vec<PathBuf>,
    changes: Receiver<Change>,
    /// Ends with this value; `None` where the system cannot watch.
    watcher: Option<RecommendedWatcher>,
    reason: Option<String>,
}

/// Where something happened.
#[derive(Debug)]
enum Change {
    In(Vec<PathBuf>),
    /// The system lost count.
    Anywhere,
}

impl Watch {
    /// Starts to watch, through symbolic links if asked to. Changes below `exclude` do not count.
    pub fn new(folders: &[PathBuf], exclude: &[PathBuf], follow_links: bool) -> Self {
        let (sender, changes) = channel();
        let heard = move |event: notify::Result<notify::Event>| {
            let change = match event {
                Ok(event) if event.need_rescan() => Change::Anywhere,
                Ok(event) if is_change(event.kind) => Change::In(event.paths),
                Ok(_) => return,
                Err(_) => Change::Anywhere,
            };
            // Nobody listens any more: the watch is over.
            sender.send(change).unwrap_or_default();
        };
        let config = notify::Config::default().with_follow_symlinks(follow_links);
        let started = RecommendedWatcher::new(heard, config).and_then(|mut watcher| {
            folders.iter().try_for_each(|folder| watcher.watch(folder, RecursiveMode::Recursive))?;
            Ok(watcher)
        });
        let (watcher, reason) = match started {
            Ok(watcher) => (Some(watcher), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self { folders: folders.to_vec(), exclude: exclude.to_vec(), changes, watcher, reason }
    }

    /// Why the system cannot watch, so that the folders are looked at every half minute; `None` if it can.
    pub fn polls_because(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Waits until something changed and it is quiet again. The folders to scan, sorted; `None` when asked to stop.
    pub fn next(&self, cancel: &Cancel) -> Option<Vec<PathBuf>> {
        if self.watcher.is_none() {
            let until = Instant::now() + POLL_EVERY;
            while Instant::now() < until {
                if cancel.is_requested() {
                    return None;
                }
                std::thread::sleep(PATIENCE);
            }
            return Some(self.folders.clone());
        }
        let mut burst = Burst::default();
        while !cancel.is_requested() {
            match self.changes.recv_timeout(PATIENCE) {
                Ok(change) => self.add(change, &mut burst),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
            if burst.is_over() {
                return Some(self.settled(burst));
            }
        }
        None
    }

    fn add(&self, change: Change, burst: &mut Burst) {
        let folders = match change {
            Change::Anywhere => self.folders.clone(),
            Change::In(paths) => paths.iter().filter_map(|path| self.folder_of(path)).collect(),
        };
        if folders.is_empty() {
            return;
        }
        let now = Instant::now();
        burst.began.get_or_insert(now);
        burst.last = Some(now);
        burst.folders.extend(folders);
    }

    /// The folder to scan for a change of `path`: the one that holds it, or itself if it is watched.
    fn folder_of(&self, path: &Path) -> Option<PathBuf> {
        if self.exclude.iter().any(|folder| path.starts_with(folder)) {
            return None;
        }
        if self.folders.iter().any(|folder| folder == path) {
            return Some(path.to_owned());
        }
        path.parent().map(Path::to_owned)
    }

    fn settled(&self, burst: Burst) -> Vec<PathBuf> {
        if burst.folders.len() > MOST_FOLDERS {
            return self.folders.clone();
        }
        let mut outer: Vec<PathBuf> = Vec::new();
        for folder in burst.folders {
            if !outer.iter().any(|known| folder.starts_with(known)) {
                outer.push(folder);
            }
        }
        outer
    }
}

/// Changes that belong together.
#[derive(Default)]
struct Burst {
    folders: BTreeSet<PathBuf>,
    began: Option<Instant>,
    last: Option<Instant>,
}

impl Burst {
    fn is_over(&self) -> bool {
        let (Some(began), Some(last)) = (self.began, self.last) else { return false };
        last.elapsed() >= QUIET || began.elapsed() >= LONGEST_BURST
    }
}

/// Whether an event can mean that a file is another than before. Reading one is no change.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_names_its_folder_and_nothing_else_does() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("is there");
        std::fs::create_dir_all(root.join("in/deep")).expect("creates");
        std::fs::create_dir_all(root.join("home")).expect("creates");
        std::fs::write(root.join("in/old.png"), "x").expect("writes");
        let watch = Watch::new(std::slice::from_ref(&root), &[root.join("home")], false);
        assert_eq!(watch.polls_because(), None);
        std::fs::write(root.join("home/catalog.db"), "x").expect("writes");
        std::fs::read(root.join("in/old.png")).expect("reads");
        std::fs::write(root.join("in/deep/new.png"), "x").expect("writes");
        std::fs::write(root.join("in/new.png"), "x").expect("writes");
        assert_eq!(watch.next(&Cancel::default()), Some(vec![root.join("in")]));
    }

    #[test]
    fn a_watch_ends_when_asked_to() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let watch = Watch::new(&[folder.path().to_owned()], &[], false);
        let cancel = Cancel::default();
        cancel.request();
        assert_eq!(watch.next(&cancel), None);
    }

    #[test]
    fn a_folder_that_cannot_be_watched_is_looked_at_now_and_then() {
        let watch = Watch::new(&[PathBuf::from("/no/such/folder")], &[], false);
        assert!(watch.polls_because().is_some());
    }
}
