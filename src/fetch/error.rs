//! What can go wrong with a request.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::{Brief, MAX_IN_FLIGHT, MAX_RPS, SafeUrl};

/// A failed request. No variant carries a secret.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Not an absolute URL with a host, or one with a user name in it.
    #[error("not an absolute URL with a host and without a user name")]
    BadUrl,
    /// Plain HTTP to another machine.
    #[error("{url} is not https")]
    Insecure {
        /// The URL.
        url: SafeUrl,
    },
    /// The HTTP library could not be set up.
    #[error("the HTTP client could not be set up")]
    Setup(#[source] reqwest::Error),
    /// A pace that no other machine may be asked at.
    #[error("{host} is asked at most {MAX_RPS} times a second and {MAX_IN_FLIGHT} times at once")]
    TooFast {
        /// The host.
        host: String,
    },
    /// As much as the caller allowed was sent or received; nothing more is sent.
    #[error("the budget of {budget} is spent")]
    BudgetSpent {
        /// What was allowed.
        budget: Budget,
    },
    /// The site takes this client for a robot and answers with a web page that only a browser passes.
    #[error("{host} answers with a bot challenge (status {status}){}", given_up(*given_up_after))]
    Challenge {
        /// The host.
        host: String,
        /// The status.
        status: u16,
        /// How long it asked to wait, if it said so.
        wait: Option<Duration>,
        /// How long the client waited for the challenge to pass before it gave up; `None` when it stopped for
        /// another reason.
        given_up_after: Option<Duration>,
    },
    /// The caller asked to stop while this request waited.
    #[error("interrupted")]
    Cancelled,
    /// No connection, or it broke before the answer began.
    #[error("no connection to {host}")]
    Connect {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// No complete answer in time.
    #[error("{host} did not answer in time")]
    Timeout {
        /// The host.
        host: String,
    },
    /// The body ended before it was complete.
    #[error("the answer to {url} is cut short")]
    Truncated {
        /// The URL.
        url: SafeUrl,
    },
    /// A success without a body.
    #[error("the answer to {url} is empty")]
    Empty {
        /// The URL.
        url: SafeUrl,
    },
    /// A web page where JSON was due: maintenance, a challenge, or a wrong path.
    #[error("{url} answered with a web page (status {status}) instead of JSON")]
    Html {
        /// The URL.
        url: SafeUrl,
        /// The status.
        status: u16,
    },
    /// The body is larger than permitted.
    #[error("the answer to {url} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The URL.
        url: SafeUrl,
        /// The limit.
        limit_bytes: u64,
    },
    /// A body packed in a way that was not asked for.
    #[error("the answer to {url} is packed in a way that this program does not read")]
    UnknownCoding {
        /// The URL.
        url: SafeUrl,
    },
    /// The server points to another host or runs in circles; not followed.
    #[error("{url} redirects to {to}, which is not followed")]
    Redirected {
        /// The URL.
        url: SafeUrl,
        /// The host it points to, or the same host when it never ends.
        to: String,
    },
    /// Too many requests; passing.
    #[error("{host} asked to slow down{}", asked_wait(*wait))]
    Throttled {
        /// The host.
        host: String,
        /// How long it asked to wait, if it said so.
        wait: Option<Duration>,
    },
    /// Too deep a page; the same request will never succeed.
    #[error("{url} lies beyond the depth that page numbers reach")]
    PageCap {
        /// The URL.
        url: SafeUrl,
    },
    /// A key is needed, or this one does not suffice.
    #[error("{url} is refused (status {status})")]
    Refused {
        /// The URL.
        url: SafeUrl,
        /// 401 or 403.
        status: u16,
    },
    /// Unknown or not visible.
    #[error("{url} is not found")]
    NotFound {
        /// The URL.
        url: SafeUrl,
        /// 404 or 410.
        status: u16,
    },
    /// Blocked by law where this machine stands.
    #[error("{host} does not serve this region")]
    RegionBlocked {
        /// The host.
        host: String,
    },
    /// The request itself is wrong.
    #[error("{url} is rejected with status {status}{}", said(message))]
    Rejected {
        /// The URL.
        url: SafeUrl,
        /// The status, from 300 to 499.
        status: u16,
        /// What the server said, shortened; perhaps empty.
        message: String,
    },
    /// The server failed.
    #[error("{url} failed with status {status}{}", said(message))]
    Server {
        /// The URL.
        url: SafeUrl,
        /// The status, 408 or from 500.
        status: u16,
        /// How long the server asked to wait, if it said so.
        wait: Option<Duration>,
        /// What the server said, shortened; perhaps empty.
        message: String,
    },
}

/// What a client was allowed in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// So many requests.
    Requests(u64),
    /// So many bytes of bodies, as they come over the wire.
    Bytes(u64),
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requests(count) => write!(f, "{count} requests"),
            Self::Bytes(count) => write!(f, "{count} bytes"),
        }
    }
}

/// Who can do something about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Time: run the same line again later.
    Later,
    /// The user, with another parameter, address or key.
    User,
    /// Nobody: what was asked for is not there.
    Nobody,
}

impl FetchError {
    /// Whether the same request may succeed after a wait.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Truncated { .. }
            | Self::Empty { .. }
            | Self::Throttled { .. }
            | Self::Challenge { given_up_after: None, .. }
            | Self::Server { .. } => true,
            Self::Html { status, .. } => *status < 300 || *status >= 500,
            Self::BadUrl
            | Self::Insecure { .. }
            | Self::Setup(_)
            | Self::TooFast { .. }
            | Self::BudgetSpent { .. }
            | Self::Challenge { given_up_after: Some(_), .. }
            | Self::Cancelled
            | Self::TooLarge { .. }
            | Self::UnknownCoding { .. }
            | Self::Redirected { .. }
            | Self::PageCap { .. }
            | Self::Refused { .. }
            | Self::NotFound { .. }
            | Self::RegionBlocked { .. }
            | Self::Rejected { .. } => false,
        }
    }

    /// Whether it was the API that answered, as opposed to the network or an edge before it.
    pub(super) fn is_of_api(&self) -> bool {
        match self {
            Self::PageCap { .. }
            | Self::Refused { .. }
            | Self::NotFound { .. }
            | Self::Rejected { .. }
            | Self::Server { .. }
            | Self::TooLarge { .. } => true,
            Self::BadUrl
            | Self::Insecure { .. }
            | Self::Setup(_)
            | Self::TooFast { .. }
            | Self::BudgetSpent { .. }
            | Self::Challenge { .. }
            | Self::Cancelled
            | Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Truncated { .. }
            | Self::Empty { .. }
            | Self::Html { .. }
            | Self::UnknownCoding { .. }
            | Self::Redirected { .. }
            | Self::Throttled { .. }
            | Self::RegionBlocked { .. } => false,
        }
    }

    /// The failure in few words, without the address that was asked.
    pub fn brief(&self) -> Brief<'_> {
        Brief(self)
    }

    /// Who can do something about it.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Cancelled => Actor::Later,
            Self::Challenge { given_up_after: Some(_), .. } => Actor::User,
            Self::NotFound { .. } | Self::RegionBlocked { .. } | Self::PageCap { .. } => Actor::Nobody,
            _ if self.is_transient() => Actor::Later,
            _ => Actor::User,
        }
    }

    /// How long the server asked to wait before the next request.
    pub fn asked_wait(&self) -> Option<Duration> {
        match self {
            Self::Throttled { wait, .. } | Self::Challenge { wait, .. } | Self::Server { wait, .. } => *wait,
            _ => None,
        }
    }
}

fn asked_wait(wait: Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| format!(" for {} s", wait.as_secs()))
}

fn given_up(after: Option<Duration>) -> String {
    after.map_or_else(String::new, |after| {
        format!(", and still did after {} min of rest, so nothing more is sent", after.as_secs().div_ceil(60))
    })
}

pub(super) fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}
