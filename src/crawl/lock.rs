//! One crawler a home: an advisory lock on a small file, which also says who holds it.
//!
//! - In: the folder of the home, and what the holder calls itself.
//! - Out: a lock that ends with its value, or with its process however that ends; or who holds it.
//! - Never: a wait, a deletion of the file: a lock on a deleted file would let a second crawler in.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::entity::Timestamp;

/// Name of the file in the home.
const FILE: &str = "crawl.lock";

/// Most bytes of the file that are read.
const MAX_BYTES: u64 = 4096;

/// The right to send requests on behalf of one home. Dropping it gives the right back.
#[derive(Debug)]
pub struct HomeLock {
    /// Locked for as long as it is open.
    _file: File,
}

/// Who holds the lock of a home, as it said itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockHolder {
    /// Its process number.
    pub pid: u32,
    /// Since when.
    pub since: Option<Timestamp>,
    /// What it does: `crawl images`, `resolve` ...
    pub what: String,
}

/// Why a home could not be locked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process crawls into this home.
    #[error("another process crawls into {}{}", home.display(), told(holder.as_ref()))]
    Held {
        /// The folder of the home.
        home: PathBuf,
        /// Who, where it can be read.
        holder: Option<LockHolder>,
    },
    /// The file could not be made, locked or written.
    #[error("{} could not be locked", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn told(holder: Option<&LockHolder>) -> String {
    let Some(LockHolder { pid, since, what }) = holder else { return String::new() };
    let since = since.map_or_else(String::new, |since| format!(", since {since}"));
    format!(": `stemmata {what}` (process {pid}{since})")
}

impl HomeLock {
    /// Takes the lock of `home`, a folder that exists, for `what` from `now` on.
    ///
    /// # Errors
    ///
    /// [`LockError::Held`] at once when another process, or another value of this one, holds it.
    pub fn take(home: &Path, what: &str, now: Timestamp) -> Result<Self, LockError> {
        let path = home.join(FILE);
        let failed = |source| LockError::File { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { home: home.to_owned(), holder: read_holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        write_holder(&mut file, what, now).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Three lines: process number, moment, words.
fn write_holder(file: &mut File, what: &str, now: Timestamp) -> io::Result<()> {
    let what: String = what.chars().filter(|c| !c.is_control()).take(200).collect();
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(format!("{}\n{now}\n{what}\n", std::process::id()).as_bytes())
}

fn read_holder(file: &mut File) -> Option<LockHolder> {
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    let mut lines = text.lines();
    let pid = lines.next()?.parse().ok()?;
    let since = lines.next().and_then(Timestamp::parse);
    let what = lines.next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    Some(LockHolder { pid, since, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment() -> Timestamp {
        Timestamp::parse("2026-03-04T05:06:07Z").expect("a valid time")
    }

    #[test]
    fn a_second_crawler_is_told_who_holds_the_home_and_gets_it_when_the_first_is_through() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let first = HomeLock::take(home.path(), "crawl images", moment()).expect("nobody holds it");
        let refused = HomeLock::take(home.path(), "sync", moment()).expect_err("the first holds it");
        let LockError::Held { holder: Some(holder), .. } = &refused else { panic!("{refused:?}") };
        assert_eq!((holder.pid, holder.what.as_str()), (std::process::id(), "crawl images"));
        assert!(refused.to_string().ends_with("since 2026-03-04T05:06:07.000Z)"), "{refused}");
        drop(first);
        HomeLock::take(home.path(), "sync", moment()).expect("the first gave it back");
    }

    #[test]
    fn what_an_earlier_holder_wrote_is_replaced_and_strange_content_is_survived() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().join(FILE);
        std::fs::write(&path, b"\xff\xfe not a number, and longer than what is written over it".repeat(9))
            .expect("writable");
        let held = HomeLock::take(home.path(), "crawl\nimages", moment()).expect("nobody holds it");
        let text = std::fs::read_to_string(&path).expect("readable");
        assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), ["2026-03-04T05:06:07.000Z", "crawlimages"]);
        drop(held);
        assert!(HomeLock::take(&home.path().join("missing"), "sync", moment()).is_err());
    }
}
