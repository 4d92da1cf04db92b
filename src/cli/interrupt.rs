//! Ctrl-C: the first asks to stop after the item in hand, the second stops at once.

use std::process;
use std::thread;

use stemmata::run::Cancel;

use super::exit::Exit;
use super::talk::Talk;

/// Watches for Ctrl-C until the process ends.
///
/// Where signals cannot be watched, Ctrl-C ends the process as if this had not been called; what was
/// committed stays either way.
pub(crate) fn watch(cancel: Cancel, talk: Talk) {
    let watcher = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            cancel.request();
            talk.warn("stopping after the present item; press Ctrl-C again to stop at once");
            if tokio::signal::ctrl_c().await.is_ok() {
                process::exit(i32::from(Exit::Interrupted.code()));
            }
        });
    };
    if thread::Builder::new().name("interrupt".to_owned()).spawn(watcher).is_err() {
        tracing::warn!("no thread to watch for Ctrl-C");
    }
}
