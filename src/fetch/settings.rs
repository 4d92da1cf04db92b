//! How a client behaves, and how far it may be pushed.

use std::time::Duration;

use super::{Backoff, Breaker, Contact, FetchError, SafeUrl, Token};

/// Requests a second that no host but this machine is ever asked for.
pub const MAX_RPS: f64 = 20.0;

/// Requests at once that no host but this machine is ever asked for.
pub const MAX_IN_FLIGHT: usize = 8;

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What every path is appended to.
    pub base: SafeUrl,
    /// The key of an account.
    pub token: Option<Token>,
    /// Whom the site may ask about this client; goes into the user agent.
    pub contact: Option<Contact>,
    /// Requests a second, evenly spaced; from 0.001, at most [`MAX_RPS`] for another machine.
    pub max_rps: f64,
    /// Requests at once; at least 1, at most [`MAX_IN_FLIGHT`] for another machine.
    pub max_in_flight: usize,
    /// Requests that may be sent in all, repeated tries included.
    pub max_requests: Option<u64>,
    /// Bytes of bodies, as they come over the wire, after which no request is sent any more. A body under way is
    /// read to its end.
    pub max_bytes: Option<u64>,
    /// For one request, from the connection to the last byte.
    pub timeout: Duration,
    /// For the next byte of an answer, the first included.
    pub read_timeout: Duration,
    /// Of one answer after decompression.
    pub body_limit_bytes: u64,
    /// When to try again.
    pub backoff: Backoff,
    /// When to stop asking a site that answers with bot challenges.
    pub breaker: Breaker,
}

impl Settings {
    /// The polite defaults for `base`: no token, 2 requests a second, 2 at once, 60 s in all and 40 s without a
    /// byte, 128 MiB, no budget. A site on this machine, which needs no rest, is left alone for moments only.
    pub fn new(base: SafeUrl) -> Self {
        let breaker = if base.is_loopback() { Breaker::BRIEF } else { Breaker::default() };
        Self {
            base,
            token: None,
            contact: None,
            max_rps: 2.0,
            max_in_flight: 2,
            max_requests: None,
            max_bytes: None,
            timeout: Duration::from_secs(60),
            read_timeout: Duration::from_secs(40),
            body_limit_bytes: 128 * 1024 * 1024,
            backoff: Backoff::default(),
            breaker,
        }
    }

    /// What the client calls itself: its version, its home page, and the contact if there is one.
    pub fn user_agent(&self) -> String {
        let contact = self.contact.as_ref().map(|contact| format!("; {contact}")).unwrap_or_default();
        concat!("stemmata/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY")).to_owned()
            + &contact
            + ")"
    }

    /// Whether the pace is one that the host may be asked at.
    ///
    /// # Errors
    ///
    /// [`FetchError::TooFast`] beyond [`MAX_RPS`] or [`MAX_IN_FLIGHT`], unless the host is this machine.
    pub(super) fn check_pace(&self) -> Result<(), FetchError> {
        // Written so that a rate which is no number is too fast.
        let is_polite = self.max_rps <= MAX_RPS && self.max_in_flight <= MAX_IN_FLIGHT;
        if is_polite || self.base.is_loopback() {
            return Ok(());
        }
        Err(FetchError::TooFast { host: self.base.host() })
    }
}
