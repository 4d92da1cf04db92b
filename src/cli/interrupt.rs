//! Ctrl-C: the first asks to stop after the item in hand, the second stops at once.

use std::io;
use std::process;
use std::thread;

use stemmata::run::Cancel;
use tokio::runtime::{Builder, Runtime};

use super::exit::Exit;
use super::talk::Talk;

/// Watches for Ctrl-C until the process ends. From the return on, the first Ctrl-C no longer ends the process.
///
/// Where signals cannot be watched, Ctrl-C ends the process as if this had not been called; what was
/// committed stays either way.
pub(crate) fn watch(cancel: Cancel, talk: Talk) {
    if let Err(error) = try_watch(cancel, talk) {
        tracing::warn!(%error, "Ctrl-C is not watched");
    }
}

fn try_watch(cancel: Cancel, talk: Talk) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let presses = {
        let _within = runtime.enter();
        presses()?
    };
    thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || wait(&runtime, presses, &cancel, &talk))?;
    Ok(())
}

#[cfg(unix)]
type Presses = tokio::signal::unix::Signal;
#[cfg(windows)]
type Presses = tokio::signal::windows::CtrlC;

#[cfg(unix)]
fn presses() -> io::Result<Presses> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn presses() -> io::Result<Presses> {
    tokio::signal::windows::ctrl_c()
}

fn wait(runtime: &Runtime, mut presses: Presses, cancel: &Cancel, talk: &Talk) {
    runtime.block_on(async {
        if presses.recv().await.is_none() {
            return;
        }
        cancel.request();
        talk.warn("finishing the page or file in hand; press Ctrl-C again to stop at once");
        if presses.recv().await.is_some() {
            process::exit(i32::from(Exit::Interrupted.code()));
        }
    });
}
