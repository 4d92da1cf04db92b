//! What a damaged index does to a command that reads it.
//!
//! - In: a command. Out: its outcome; where the engine gave up over bytes that are not those that were written, a failure
//!   that says so.
//! - Never: a fault of our own that is blamed on the disk: checksums decide.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex, PoisonError};

use stemmata_index::{IndexError, Reader};

use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::session::Session;

/// Runs a command that reads the index. The engine trusts the bytes of its files and panics where they are wrong; what it
/// says then is kept for ourselves.
pub(crate) fn guarded(session: &Session, command: impl FnOnce() -> Outcome) -> Outcome {
    let said = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&said);
    set_hook(Box::new(move |info| {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.is_empty() {
            *heard = info.to_string();
        }
    }));
    let outcome = catch_unwind(AssertUnwindSafe(command));
    let outcome = match outcome {
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

/// The failure for an index whose files are not those that were written.
fn damaged(session: &Session) -> Option<Failure> {
    let look = || Reader::open(&session.settings.index()).and_then(|reader| reader.damaged_files());
    // Opening an index reads the ends of its files, which may be the wrong ones.
    let Ok(looked) = catch_unwind(AssertUnwindSafe(look)) else {
        let message = "the index is damaged: its files cannot be opened";
        return Some(
            Failure::new(Exit::Unready, "index.damaged", message).hint("run `stemmata index rebuild`"),
        );
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
