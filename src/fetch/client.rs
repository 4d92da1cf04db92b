//! One host's client: builds the request, waits its turn, reads the answer within bounds, tries again.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode, redirect};

use crate::run::{Cancel, RunContext};

use super::body::{self, Look};
use super::pace::{Pace, or_cancelled};
use super::retry::retry_after;
use super::url::same_origin;
use super::{Backoff, Body, FetchError, SafeUrl, Token};

/// How often a server may redirect within its own host.
const MAX_REDIRECTS: usize = 5;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Bytes of an error answer that are read; the rest is dropped with the connection.
const MAX_ERROR_BYTES: u64 = 64 * 1024;

/// Endpoints where a `page` number too large is answered with 429 for ever.
const PAGE_CAPPED_ENDPOINTS: [&str; 2] = ["images", "models"];

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What every path is appended to.
    pub base: SafeUrl,
    /// The key of an account.
    pub token: Option<Token>,
    /// Requests a second, evenly spaced; kept between 0.001 and 10,000.
    pub max_rps: f64,
    /// Requests at once; at least 1.
    pub max_in_flight: usize,
    /// For one request, from the connection to the last byte.
    pub timeout: Duration,
    /// Of one answer after decompression.
    pub body_limit_bytes: u64,
    /// What the client calls itself.
    pub user_agent: String,
    /// When to try again.
    pub backoff: Backoff,
}

impl Settings {
    /// The polite defaults for `base`: no token, 2 requests a second, 2 at once, 60 s, 128 MiB.
    pub fn new(base: SafeUrl) -> Self {
        Self {
            base,
            token: None,
            max_rps: 2.0,
            max_in_flight: 2,
            timeout: Duration::from_secs(60),
            body_limit_bytes: 128 * 1024 * 1024,
            user_agent: concat!("stemmata/", env!("CARGO_PKG_VERSION")).to_owned(),
            backoff: Backoff::default(),
        }
    }
}

/// What a client has sent and received since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests sent, repeated tries included.
    pub requests: u64,
    /// Tries that failed and were repeated.
    pub retries: u64,
    /// Bytes of bodies after decompression.
    pub bytes: u64,
}

/// A client for one host. Clones share its pace.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    settings: Settings,
    pace: Pace,
    requests: AtomicU64,
    retries: AtomicU64,
    bytes: AtomicU64,
}

impl Client {
    /// Sets a client up; sends nothing.
    ///
    /// # Errors
    ///
    /// [`FetchError::Setup`] when the HTTP library refuses, for instance a user agent no header can carry.
    pub fn new(settings: Settings) -> Result<Self, FetchError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(&settings.user_agent)
            .timeout(settings.timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(settings.timeout))
            .redirect(redirect::Policy::custom(within_origin))
            .https_only(!settings.base.is_loopback())
            .referer(false)
            .gzip(true);
        if settings.base.is_loopback() {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(FetchError::Setup)?;
        let pace = Pace::new(settings.max_rps, settings.max_in_flight);
        let counters = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let (requests, retries, bytes) = counters;
        Ok(Self(Arc::new(Inner { http, settings, pace, requests, retries, bytes })))
    }

    /// What every path is appended to.
    pub fn base(&self) -> &SafeUrl {
        &self.0.settings.base
    }

    /// What was sent and received so far, by all clones together.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            requests: self.0.requests.load(Ordering::Relaxed),
            retries: self.0.retries.load(Ordering::Relaxed),
            bytes: self.0.bytes.load(Ordering::Relaxed),
        }
    }

    /// Asks for one JSON document: paced, and tried again while the failure is passing.
    ///
    /// # Errors
    ///
    /// The failure of the last try. [`FetchError::Cancelled`] within 100 ms of a request to stop.
    pub async fn get(
        &self,
        path: &str,
        parameters: &[(String, String)],
        context: &RunContext,
    ) -> Result<Body, FetchError> {
        let url = self.base().join(path, parameters);
        let mut delays = self.0.settings.backoff.delays();
        loop {
            let error = match self.try_once(&url, context).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            let Some(wait) = self.wait_after(&error, &mut delays) else { return Err(error) };
            tracing::info!(%url, %error, wait_ms = wait.as_millis(), "trying again");
            context.progress.waiting(&error, wait);
            self.0.retries.fetch_add(1, Ordering::Relaxed);
            or_cancelled(&context.cancel, tokio::time::sleep(wait)).await?;
        }
    }

    /// How long to wait before the next try; `None` when there is to be none.
    fn wait_after(
        &self,
        error: &FetchError,
        delays: &mut impl Iterator<Item = Duration>,
    ) -> Option<Duration> {
        if !error.is_transient() {
            return None;
        }
        let delay = delays.next()?;
        let Some(asked) = error.asked_wait() else { return Some(delay) };
        if asked > self.0.settings.backoff.patience {
            return None;
        }
        self.0.pace.pause(asked);
        Some(asked)
    }

    async fn try_once(&self, url: &SafeUrl, context: &RunContext) -> Result<Body, FetchError> {
        let _turn = self.0.pace.turn(&context.cancel).await?;
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        let mut request = self.0.http.get(url.as_url().clone()).header(ACCEPT, "application/json");
        if let Some(token) = &self.0.settings.token {
            request = request.header(AUTHORIZATION, token.header());
        }
        let sent = or_cancelled(&context.cancel, request.send()).await?;
        let response = sent.map_err(|error| transport_error(error, url))?;
        let status = response.status();
        if status.is_success() {
            self.accept(response, url, &context.cancel).await
        } else {
            self.refuse(response, url, context).await
        }
    }

    async fn accept(&self, response: Response, url: &SafeUrl, cancel: &Cancel) -> Result<Body, FetchError> {
        let status = response.status().as_u16();
        let kind = header(response.headers(), &CONTENT_TYPE);
        let bytes = self.read(response, url, self.0.settings.body_limit_bytes, cancel).await?;
        match body::look(&bytes, kind.as_deref()) {
            Look::Plausible => Ok(Body { bytes, status }),
            Look::Empty => Err(FetchError::Empty { url: url.clone() }),
            Look::Html => Err(FetchError::Html { url: url.clone(), status }),
            Look::CutShort => Err(FetchError::Truncated { url: url.clone() }),
        }
    }

    /// Turns an answer other than success into its error.
    async fn refuse(
        &self,
        response: Response,
        url: &SafeUrl,
        context: &RunContext,
    ) -> Result<Body, FetchError> {
        let status = response.status();
        let headers = response.headers().clone();
        let from = response.url().clone();
        if status.is_redirection() {
            return Err(redirected(&headers, &from, url));
        }
        let wait = header(&headers, &RETRY_AFTER).and_then(|text| retry_after(&text, context.clock.now()));
        let kind = header(&headers, &CONTENT_TYPE);
        let bytes = match self.read(response, url, MAX_ERROR_BYTES, &context.cancel).await {
            Err(FetchError::Cancelled) => return Err(FetchError::Cancelled),
            other => other.unwrap_or_default(),
        };
        let is_html = body::look(&bytes, kind.as_deref()) == Look::Html;
        let said = body::message(&bytes);
        let message = self.0.settings.token.as_ref().map_or(said.clone(), |token| token.scrub(&said));
        Err(refusal(status, url, wait, is_html, message))
    }

    /// Reads a body of at most `limit_bytes`, counted after decompression.
    async fn read(
        &self,
        mut response: Response,
        url: &SafeUrl,
        limit_bytes: u64,
        cancel: &Cancel,
    ) -> Result<Vec<u8>, FetchError> {
        let too_large = || FetchError::TooLarge { url: url.clone(), limit_bytes };
        if response.content_length().is_some_and(|length| length > limit_bytes) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        loop {
            let chunk = or_cancelled(cancel, response.chunk()).await?;
            let Some(chunk) = chunk.map_err(|error| body_error(error, url))? else { return Ok(bytes) };
            self.0.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            if (bytes.len() as u64).saturating_add(chunk.len() as u64) > limit_bytes {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

/// Follows a redirect only to where the token may go too.
fn within_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let first = attempt.previous().first();
    let stays = first.is_some_and(|first| same_origin(first, attempt.url()));
    if stays && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

fn header(headers: &HeaderMap, name: &reqwest::header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn redirected(headers: &HeaderMap, from: &url::Url, url: &SafeUrl) -> FetchError {
    let to = header(headers, &LOCATION).and_then(|location| from.join(&location).ok());
    let host = to.and_then(|to| to.host_str().map(str::to_owned));
    FetchError::Redirected { url: url.clone(), to: host.unwrap_or_else(|| "nowhere".to_owned()) }
}

fn refusal(
    status: StatusCode,
    url: &SafeUrl,
    wait: Option<Duration>,
    is_html: bool,
    message: String,
) -> FetchError {
    let url = url.clone();
    let status = status.as_u16();
    match status {
        429 if wait.is_none() && is_page_capped(&url) => FetchError::PageCap { url },
        429 => FetchError::Throttled { host: url.host(), wait },
        451 => FetchError::RegionBlocked { host: url.host() },
        408 | 500.. => FetchError::Server { url, status, wait, message },
        // A page instead of JSON means that no API answered, but an edge with a challenge or another server:
        // nothing is known about the key or about what was asked for.
        401 | 403 | 404 | 410 if is_html => FetchError::Html { url, status },
        401 | 403 => FetchError::Refused { url, status },
        404 | 410 => FetchError::NotFound { url, status },
        _ => FetchError::Rejected { url, status, message },
    }
}

fn is_page_capped(url: &SafeUrl) -> bool {
    let endpoint = url.path().rsplit('/').next().unwrap_or_default();
    PAGE_CAPPED_ENDPOINTS.contains(&endpoint) && url.parameter("page").is_some()
}

/// The error for a request that brought no answer.
fn transport_error(error: reqwest::Error, url: &SafeUrl) -> FetchError {
    if error.is_timeout() {
        return FetchError::Timeout { host: url.host() };
    }
    if error.is_redirect() {
        return FetchError::Redirected { url: url.clone(), to: url.host() };
    }
    FetchError::Connect { host: url.host(), source: error.without_url() }
}

/// The error for an answer that broke off.
fn body_error(error: reqwest::Error, url: &SafeUrl) -> FetchError {
    if error.is_timeout() {
        return FetchError::Timeout { host: url.host() };
    }
    FetchError::Truncated { url: url.clone() }
}
