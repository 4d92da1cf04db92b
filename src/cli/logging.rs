//! The log: for those who look for a fault, on stderr, quiet unless asked.

use tracing_subscriber::EnvFilter;

use super::talk::Talk;

/// Starts the log.
///
/// `STEMMATA_LOG` holds a filter such as `stemmata::fetch=debug`; without it, each `-v` adds a level, for
/// Stemmata's own code only.
pub(crate) fn start(verbosity: u8, talk: &Talk) {
    let filter = std::env::var("STEMMATA_LOG")
        .ok()
        .and_then(|text| match EnvFilter::try_new(&text) {
            Ok(filter) => Some(filter),
            Err(error) => {
                talk.warn(&format!("STEMMATA_LOG is not a log filter: {error}"));
                None
            }
        })
        .unwrap_or_else(|| EnvFilter::new(default_filter(verbosity)));
    let voice = talk.clone();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(move || voice.clone())
        .finish();
    tracing::subscriber::set_global_default(log).expect("the log is started once, here");
}

fn default_filter(verbosity: u8) -> &'static str {
    match verbosity {
        0 => "error",
        1 => "warn,stemmata=info",
        2 => "warn,stemmata=debug,stemmata_index=debug",
        _ => "info,stemmata=trace,stemmata_index=trace",
    }
}
