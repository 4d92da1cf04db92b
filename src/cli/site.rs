//! What every command that asks the site needs: a client, a runtime, and words for what goes wrong.

use std::time::Duration;

use stemmata::crawl;
use stemmata::fetch::{self, Backoff, Client, FetchError, SafeUrl};

use super::args::{PaceFlags, SiteFlags};
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use super::token;

/// The first and the longest wait between tries of a site on this machine, which is a demo or a test and needs no more
/// rest than it asks for.
const LOOPBACK_WAITS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(200));

/// A client for the site. `--offline` forbids every site but one on this machine.
///
/// # Errors
///
/// A usage failure for an address or a pace that is not allowed, [`Exit::Network`] under `--offline`,
/// [`Exit::Authentication`] for a token that cannot be used.
pub(crate) fn client(flags: &SiteFlags, session: &Session) -> Result<Client, Failure> {
    let base = base(flags)?;
    if !base.is_loopback() {
        session.settings.require_network()?;
    }
    let settings =
        fetch::Settings { token: token::read(flags.token_file.as_deref())?, ..settings(&flags.pace, base) };
    Ok(Client::new(settings)?)
}

/// How a host is asked, without a token.
pub(crate) fn settings(flags: &PaceFlags, base: SafeUrl) -> fetch::Settings {
    fetch::Settings {
        contact: flags.contact.clone(),
        max_rps: flags.max_rps,
        max_in_flight: flags.max_in_flight.into(),
        max_requests: flags.max_requests,
        max_bytes: flags.max_bytes,
        timeout: flags.timeout,
        backoff: backoff(&base),
        ..fetch::Settings::new(base)
    }
}

/// When to try again: sooner where the site is on this machine.
fn backoff(base: &SafeUrl) -> Backoff {
    if !base.is_loopback() {
        return Backoff::default();
    }
    let (first, ceiling) = LOOPBACK_WAITS;
    Backoff { first, ceiling, ..Backoff::default() }
}

/// Where the API is.
///
/// # Errors
///
/// A usage failure for an address that is not allowed.
pub(crate) fn base(flags: &SiteFlags) -> Result<SafeUrl, Failure> {
    crawl::api_base(flags.api_base.as_deref().unwrap_or(crawl::DEFAULT_API_BASE))
        .map_err(|error| bad_address(&error))
}

/// The address itself is not repeated: it may hold a password.
fn bad_address(error: &FetchError) -> Failure {
    Failure::new(Exit::Usage, "crawl.bad_address", format!("--api-base is {error}"))
        .hint(format!("such as {}", crawl::DEFAULT_API_BASE))
}

/// Threads that wait for the network.
///
/// # Errors
///
/// When the system gives none.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::file("starting the network threads", &error))
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        fetch_failure(&error, &error)
    }
}

/// Words for `error`, exit code and hint for the request behind it.
pub(crate) fn fetch_failure(cause: &FetchError, error: &dyn std::error::Error) -> Failure {
    let (exit, code, hint) = match cause {
        FetchError::Refused { .. } => {
            (Exit::Authentication, "network.refused", Some("set CIVITAI_TOKEN, or give --token-file"))
        }
        FetchError::NotFound { .. } => (Exit::NotFound, "network.not_found", None),
        FetchError::Throttled { .. } => (
            Exit::RateLimited,
            "network.rate_limited",
            Some("run the same line again later, perhaps with a lower --max-rps"),
        ),
        FetchError::Challenge { .. } => (
            Exit::RateLimited,
            "network.challenge",
            Some(
                "run the same line again in some hours, with a lower --max-rps and your address in --contact; \
                 if it stays, the address of this machine is blocked, and only the site can lift that",
            ),
        ),
        FetchError::RegionBlocked { .. } => (
            Exit::Network,
            "network.region_blocked",
            Some("the law where this machine stands is the reason; trying again won't help"),
        ),
        FetchError::Redirected { .. } => (
            Exit::Network,
            "network.redirected",
            Some(
                "a token is never taken to another host: if the site has moved, give its new address in --api-base",
            ),
        ),
        FetchError::Html { status: 300..500, .. } => (
            Exit::Network,
            "network.web_page",
            Some("check the address in --api-base; if it is right, run the same line again later"),
        ),
        FetchError::BudgetSpent { .. } => {
            (Exit::Done, "network.budget_spent", Some("run the same line again to go on"))
        }
        FetchError::TooFast { .. } => (
            Exit::Usage,
            "network.too_fast",
            Some("lower --max-rps or --max-in-flight; a site on this machine is asked as fast as you like"),
        ),
        FetchError::BadUrl | FetchError::Insecure { .. } => {
            (Exit::Usage, "network.bad_address", Some("--api-base is an https URL, or http to this machine"))
        }
        FetchError::Rejected { .. } | FetchError::PageCap { .. } => (Exit::Usage, "network.rejected", None),
        FetchError::Cancelled => (Exit::Interrupted, "interrupted", Some("run the same line again to go on")),
        _ => (Exit::Network, "network.failed", Some("run the same line again to go on")),
    };
    let failure = Failure::of(exit, code, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
