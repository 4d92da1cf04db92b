//! What a damaged index does to a command that reads or feeds it.
//!
//! - In: a command. Out: its outcome; where the engine gave up over bytes that are not those that were written, a failure
//!   that says so.
//! - Never: a fault of our own that is blamed on the disk: checksums decide.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex, PoisonError};

use stemmata_index::IndexError;

use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::session::Session;

/// Runs a command. The engine trusts the bytes of its files and panics where they are wrong; what it says then is kept for
/// ourselves.
pub(crate) fn guarded(session: &Session, command: impl FnOnce() -> Outcome) -> Outcome {
    let said = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&said);
    set_hook(Box::new(move |info| {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.is_empty() {
            *heard = info.to_string();
        }
    }));
    let outcome = match catch_unwind(AssertUnwindSafe(command)) {
        // Errors of the engine may come from wrong bytes as well.
        Ok(Err(Failure::Named(named))) if named.code == "index.failed" => {
            Err(damaged(session).unwrap_or(Failure::Named(named)))
        }
        Ok(outcome) => outcome,
        Err(_) => Err(damaged(session).unwrap_or_else(|| {
            let said = said.lock().unwrap_or_else(PoisonError::into_inner);
            let lines: Vec<&str> = said.lines().map(str::trim).collect();
            Failure::new(Exit::General, "internal", lines.join(": "))
                .hint("this is a fault of the program; please report it with the command that you ran")
        })),
    };
    drop(take_hook());
    outcome
}

/// The failure for an index whose files are not those that were written. It is not opened for reading, which is where
/// the engine may have given up.
fn damaged(session: &Session) -> Option<Failure> {
    let folder = session.settings.index();
    let Ok(looked) = catch_unwind(AssertUnwindSafe(|| stemmata_index::damaged_files(&folder))) else {
        return Some(failure(Exit::Unready, 1, "the end of a file"));
    };
    match looked {
        Ok(files) => files.first().map(|first| failure(Exit::Unready, files.len(), first)),
        Err(error @ (IndexError::Damaged(_) | IndexError::NeedsRebuild { .. })) => Some(error.into()),
        Err(_) => None,
    }
}

/// Says which files are damaged.
pub(crate) fn failure(exit: Exit, files: usize, first: &str) -> Failure {
    let others = match files {
        0 | 1 => String::new(),
        2 => " and one other file".to_owned(),
        _ => format!(" and {} other files", files - 1),
    };
    Failure::new(
        exit,
        "index.damaged",
        format!("the index is damaged: {first}{others} changed since it was written"),
    )
    .hint("run `stemmata index rebuild`")
}
