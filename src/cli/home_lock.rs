//! The right to crawl into the home, for every command that sends requests on its behalf.

use stemmata::crawl::{HomeLock, LockError};
use stemmata::run::Clock;

use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;

/// Takes the lock of the home for `what`, and makes the home if it is missing.
///
/// # Errors
///
/// When another process holds it, or the home cannot be made or written.
pub(crate) fn take(session: &Session, what: &str) -> Result<HomeLock, Failure> {
    session.settings.create_home()?;
    Ok(HomeLock::take(&session.settings.home, what, Clock::System.now())?)
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match &error {
            LockError::Held { .. } => Self::of(Exit::Unready, "home.locked", &error)
                .hint("wait until it ends, or crawl into another home with --home; reading works meanwhile"),
            _ => Self::of(Exit::General, "file", &error),
        }
    }
}
