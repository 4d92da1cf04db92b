//! One host's client: builds the request, waits its turn, reads the answer within bounds, tries again.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use reqwest::{Method, Response, StatusCode, redirect};

use crate::run::{Cancel, Counted, RunContext};

use super::body::{self, Look};
use super::breaker::{Fate, Gate, Guard, Pass};
use super::decode::{self, DecodeError, Decoder};
use super::pace::{Pace, or_cancelled};
use super::refusal::{Answer, header, redirected};
use super::traffic::{Counters, Reason};
use super::url::same_origin;
use super::{Body, Budget, FetchError, Fetched, SafeUrl, Settings, Traffic, Validators, redact_tokens};

/// How often a server may redirect within its own host.
const MAX_REDIRECTS: usize = 5;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Bytes of an error answer that are read; the rest is dropped with the connection.
const MAX_ERROR_BYTES: u64 = 64 * 1024;

/// A client for one host. Clones share its pace, its budget and its breaker.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    settings: Settings,
    pace: Pace,
    guard: Guard,
    counters: Counters,
}

/// What one request asks, however often it is tried.
struct Ask<'a> {
    url: SafeUrl,
    json: Option<&'a str>,
    known: Option<&'a Validators>,
    /// Fewer tries than the settings allow, for a question that others should not wait for.
    most_tries: Option<u32>,
}

impl Client {
    /// Sets a client up; sends nothing.
    ///
    /// # Errors
    ///
    /// [`FetchError::TooFast`] when the settings would push another machine too hard, [`FetchError::Setup`] when
    /// the HTTP library refuses.
    pub fn new(settings: Settings) -> Result<Self, FetchError> {
        settings.check_pace()?;
        let mut builder = reqwest::Client::builder()
            .user_agent(settings.user_agent())
            .timeout(settings.timeout)
            .read_timeout(settings.read_timeout.min(settings.timeout))
            .connect_timeout(CONNECT_TIMEOUT.min(settings.timeout))
            .redirect(redirect::Policy::custom(within_origin))
            .https_only(!settings.base.is_loopback())
            .referer(false);
        if settings.base.is_loopback() {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(FetchError::Setup)?;
        let pace = Pace::new(settings.max_rps, settings.max_in_flight);
        let guard = Guard::new(settings.breaker);
        Ok(Self(Arc::new(Inner { http, settings, pace, guard, counters: Counters::default() })))
    }

    /// What every path is appended to.
    pub fn base(&self) -> &SafeUrl {
        &self.0.settings.base
    }

    /// What was sent and received so far, by all clones together.
    pub fn traffic(&self) -> Traffic {
        self.0.counters.traffic()
    }

    /// Asks for one JSON document: paced, and tried again while the failure is passing.
    ///
    /// # Errors
    ///
    /// The failure of the last try. [`FetchError::BudgetSpent`] instead of a try beyond the budget,
    /// [`FetchError::Challenge`] when the site goes on taking the client for a robot, [`FetchError::Cancelled`]
    /// within 100 ms of a request to stop.
    pub async fn get(
        &self,
        path: &str,
        parameters: &[(String, String)],
        context: &RunContext,
    ) -> Result<Body, FetchError> {
        let ask = Ask { url: self.base().join(path, parameters), json: None, known: None, most_tries: None };
        self.body(&ask, context).await
    }

    /// Looks something up by sending `json`: paced and tried again like [`Client::get`].
    ///
    /// Only for questions that change nothing on the site, because one may be sent several times.
    ///
    /// # Errors
    ///
    /// As [`Client::get`].
    pub async fn post_json(&self, path: &str, json: &str, context: &RunContext) -> Result<Body, FetchError> {
        let ask = Ask { url: self.base().join(path, &[]), json: Some(json), known: None, most_tries: None };
        self.body(&ask, context).await
    }

    /// Asks for one JSON document, unless it is still the one of which `known` was told with its body.
    ///
    /// # Errors
    ///
    /// As [`Client::get`].
    pub async fn get_if_changed(
        &self,
        path: &str,
        parameters: &[(String, String)],
        known: Option<&Validators>,
        context: &RunContext,
    ) -> Result<Fetched, FetchError> {
        self.get_if_changed_within(path, parameters, known, None, context).await
    }

    /// As [`Client::get_if_changed`], with at most `most_tries` tries where the settings allow more.
    ///
    /// # Errors
    ///
    /// As [`Client::get`].
    pub async fn get_if_changed_within(
        &self,
        path: &str,
        parameters: &[(String, String)],
        known: Option<&Validators>,
        most_tries: Option<u32>,
        context: &RunContext,
    ) -> Result<Fetched, FetchError> {
        let ask = Ask { url: self.base().join(path, parameters), json: None, known, most_tries };
        self.ask(&ask, context).await
    }

    async fn body(&self, ask: &Ask<'_>, context: &RunContext) -> Result<Body, FetchError> {
        match self.ask(ask, context).await? {
            Fetched::Body(body) => Ok(body),
            // `try_once` answers so only to a question that knew the document.
            Fetched::Unchanged => Err(FetchError::Empty { url: ask.url.clone() }),
        }
    }

    async fn ask(&self, ask: &Ask<'_>, context: &RunContext) -> Result<Fetched, FetchError> {
        let settings = &self.0.settings;
        let most_tries = ask.most_tries.unwrap_or(u32::MAX);
        let mut delays = settings.backoff.delays().take(most_tries.saturating_sub(1) as usize);
        let mut challenges_left = settings.backoff.tries.saturating_add(settings.breaker.rests);
        for tried in 0_u32.. {
            let error = match self.try_once(ask, tried, context).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => error,
            };
            if matches!(error, FetchError::Challenge { .. }) && self.0.guard.is_resting() {
                // The next turn waits for the end of the rest, and tells so.
                challenges_left = challenges_left.saturating_sub(1);
                if challenges_left == 0
                    || self.wait_after(&error, &mut std::iter::once(Duration::ZERO)).is_none()
                {
                    return Err(error);
                }
                continue;
            }
            let Some(wait) = self.wait_after(&error, &mut delays) else { return Err(error) };
            tracing::info!(url = %ask.url, %error, wait_ms = wait.as_millis(), "trying again");
            context.progress.waiting(&error, wait);
            let reason = if error.asked_wait().is_some() { Reason::Asked } else { Reason::Retry };
            let _waiting = self.0.counters.waiting(reason);
            or_cancelled(&context.cancel, tokio::time::sleep(wait)).await?;
        }
        Err(FetchError::Cancelled)
    }

    /// How long to wait before the next try; `None` when there is to be none.
    ///
    /// What the server asks for is the least that is waited, and holds for every request to it.
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
        Some(asked.max(delay))
    }

    async fn try_once(&self, ask: &Ask<'_>, tried: u32, context: &RunContext) -> Result<Fetched, FetchError> {
        let _turn = self.0.pace.turn(&self.0.counters, &context.cancel).await?;
        let pass = self.pass(context).await?;
        self.spend()?;
        if tried > 0 {
            self.0.counters.retry();
            context.progress.count(Counted::Retry, 1);
        }
        let answered = self.exchange(ask, context).await;
        let fate = match &answered {
            Ok(_) => Fate::Answered,
            Err(FetchError::Challenge { .. }) => Fate::Challenged,
            Err(error) if error.is_of_api() => Fate::Answered,
            Err(_) => Fate::Unknown,
        };
        if fate == Fate::Challenged {
            self.0.counters.challenge();
        }
        pass.settle(fate, Instant::now());
        answered.map_err(|error| self.with_end_of_patience(error))
    }

    /// Waits while the site is left alone because it took the client for a robot.
    async fn pass(&self, context: &RunContext) -> Result<Pass<'_>, FetchError> {
        loop {
            let wait = match self.0.guard.gate(Instant::now()) {
                Gate::Open(pass) => return Ok(pass),
                Gate::Closed(rested) => {
                    return Err(self.challenge(StatusCode::FORBIDDEN.as_u16(), None, Some(rested)));
                }
                Gate::Rest(wait) => {
                    let host = self.base().host();
                    context.progress.waiting(&format_args!("{host} takes this program for a robot"), wait);
                    wait
                }
                Gate::Probing(wait) => wait,
            };
            let _waiting = self.0.counters.waiting(Reason::Challenge);
            or_cancelled(&context.cancel, tokio::time::sleep(wait)).await?;
        }
    }

    fn challenge(&self, status: u16, wait: Option<Duration>, given_up_after: Option<Duration>) -> FetchError {
        FetchError::Challenge { host: self.base().host(), status, wait, given_up_after }
    }

    fn with_end_of_patience(&self, error: FetchError) -> FetchError {
        match error {
            FetchError::Challenge { status, wait, .. } => {
                self.challenge(status, wait, self.0.guard.given_up_after())
            }
            error => error,
        }
    }

    /// Takes one request from the budget.
    fn spend(&self) -> Result<(), FetchError> {
        let Settings { max_requests, max_bytes, .. } = &self.0.settings;
        if let Some(most) = max_bytes.filter(|most| self.0.counters.wire_bytes() >= *most) {
            return Err(FetchError::BudgetSpent { budget: Budget::Bytes(most) });
        }
        if self.0.counters.try_request(*max_requests) {
            return Ok(());
        }
        Err(FetchError::BudgetSpent { budget: Budget::Requests(max_requests.unwrap_or(u64::MAX)) })
    }

    /// Sends the request once and judges what comes.
    async fn exchange(&self, ask: &Ask<'_>, context: &RunContext) -> Result<Fetched, FetchError> {
        let url = &ask.url;
        let method = if ask.json.is_some() { Method::POST } else { Method::GET };
        let mut request = self.0.http.request(method, url.as_url().clone()).headers(self.headers(ask));
        if let Some(json) = ask.json {
            request = request.body(json.to_owned());
        }
        let sent = or_cancelled(&context.cancel, request.send()).await?;
        let response = sent.map_err(|error| transport_error(error, url))?;
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED {
            if ask.known.is_none() {
                let message = String::new();
                return Err(FetchError::Rejected { url: url.clone(), status: status.as_u16(), message });
            }
            self.0.counters.unchanged();
            return Ok(Fetched::Unchanged);
        }
        // A redirected question loses its body on the way: what comes is an answer to another one.
        let is_lost = ask.json.is_some() && response.url() != url.as_url();
        if status.is_redirection() || is_lost {
            return Err(redirected(response.headers(), response.url(), url));
        }
        let answer = self.answer(response, url, &context.cancel).await?;
        if answer.is_challenge() {
            return Err(self.challenge(answer.status, answer.asked_wait(context.clock.now()), None));
        }
        if !status.is_success() {
            let wait = answer.asked_wait(context.clock.now());
            return Err(answer.refusal(url, wait, self.redacted(&body::message(&answer.bytes))));
        }
        let mut body = accept(answer, url)?;
        if let Some(token) = &self.0.settings.token {
            body.bytes = token.scrub_body(body.bytes);
        }
        Ok(Fetched::Body(body))
    }

    fn headers(&self, ask: &Ask<'_>) -> HeaderMap {
        let mut headers = ask.known.map(Validators::conditions).unwrap_or_default();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(decode::ACCEPTED));
        if ask.json.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(token) = &self.0.settings.token {
            headers.insert(AUTHORIZATION, token.header());
        }
        headers
    }

    /// `text` of the site without keys: neither this client's nor any that is named as one.
    fn redacted(&self, text: &str) -> String {
        let own = self.0.settings.token.as_ref().map(|token| token.scrub(text));
        redact_tokens(own.as_deref().unwrap_or(text)).into_owned()
    }

    /// Reads the body; of an answer other than success as much as comes, up to [`MAX_ERROR_BYTES`].
    async fn answer(&self, response: Response, url: &SafeUrl, cancel: &Cancel) -> Result<Answer, FetchError> {
        let (status, headers) = (response.status(), response.headers().clone());
        let read = if status.is_success() {
            self.read(response, url, self.0.settings.body_limit_bytes, cancel).await?
        } else {
            match self.read(response, url, MAX_ERROR_BYTES, cancel).await {
                Err(FetchError::Cancelled) => return Err(FetchError::Cancelled),
                read => read.unwrap_or_default(),
            }
        };
        Ok(Answer { status: status.as_u16(), headers, bytes: read })
    }

    /// Reads a body of at most `limit_bytes`, counted after decompression.
    async fn read(
        &self,
        mut response: Response,
        url: &SafeUrl,
        limit_bytes: u64,
        cancel: &Cancel,
    ) -> Result<Vec<u8>, FetchError> {
        let failed = |error| match error {
            DecodeError::TooLarge => FetchError::TooLarge { url: url.clone(), limit_bytes },
            DecodeError::Broken => FetchError::Truncated { url: url.clone() },
            DecodeError::Unknown => FetchError::UnknownCoding { url: url.clone() },
        };
        if response.content_length().is_some_and(|length| length > limit_bytes) {
            return Err(failed(DecodeError::TooLarge));
        }
        let coding = header(response.headers(), &CONTENT_ENCODING);
        let mut decoder = Decoder::new(coding, limit_bytes).map_err(failed)?;
        while let Some(chunk) =
            or_cancelled(cancel, response.chunk()).await?.map_err(|error| body_error(&error, url))?
        {
            let before = decoder.unpacked_bytes();
            let pushed = decoder.push(&chunk);
            let unpacked = decoder.unpacked_bytes().saturating_sub(before);
            self.0.counters.received(chunk.len() as u64, unpacked);
            pushed.map_err(failed)?;
        }
        decoder.finish().map_err(failed)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

fn accept(answer: Answer, url: &SafeUrl) -> Result<Body, FetchError> {
    let Answer { status, .. } = answer;
    match answer.look() {
        Look::Plausible => {
            let validators = Validators::of(&answer.headers);
            Ok(Body { bytes: answer.bytes, status, validators })
        }
        Look::Empty => Err(FetchError::Empty { url: url.clone() }),
        Look::Html => Err(FetchError::Html { url: url.clone(), status }),
        Look::CutShort => Err(FetchError::Truncated { url: url.clone() }),
    }
}

/// Follows a redirect only to where the token may go too.
fn within_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let first = attempt.previous().first();
    let stays = first.is_some_and(|first| same_origin(first, attempt.url()));
    if stays && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
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
fn body_error(error: &reqwest::Error, url: &SafeUrl) -> FetchError {
    if error.is_timeout() {
        return FetchError::Timeout { host: url.host() };
    }
    FetchError::Truncated { url: url.clone() }
}
