//! One request and its answer: sent once, read within bounds, judged.

use std::time::Duration;

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use reqwest::{Method, Response, StatusCode, redirect};

use crate::run::{Cancel, RunContext};

use super::body::{self, Look};
use super::client::{Ask, Client};
use super::decode::{self, DecodeError, Decoder};
use super::pace::or_cancelled;
use super::refusal::{Answer, header, redirected};
use super::url::same_origin;
use super::{Body, FetchError, Fetched, SafeUrl, Settings, Validators, redact_tokens};

/// How often a server may redirect within its own host.
const MAX_REDIRECTS: usize = 5;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Bytes of an error answer that are read; the rest is dropped with the connection.
const MAX_ERROR_BYTES: u64 = 64 * 1024;

/// Characters of a content type that are kept.
const MAX_TYPE_CHARS: usize = 100;

/// The HTTP library, set up so that it never talks to anyone but the host of `settings`.
///
/// # Errors
///
/// [`FetchError::Setup`].
pub(super) fn http(settings: &Settings) -> Result<reqwest::Client, FetchError> {
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
    builder.build().map_err(FetchError::Setup)
}

impl Client {
    /// Sends the request once and judges what comes.
    pub(super) async fn exchange(&self, ask: &Ask<'_>, context: &RunContext) -> Result<Fetched, FetchError> {
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
        // A redirect may turn the look-up into a plain request, whose answer is one to another question.
        if ask.json.is_some() && response.url() != url.as_url() {
            return Err(FetchError::Redirected { url: url.clone(), to: url.host() });
        }
        if status.is_redirection() {
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
        headers.insert(ACCEPT, HeaderValue::from_static(ask.accept));
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

    /// Reads the body; of an answer other than success what comes of it, up to [`MAX_ERROR_BYTES`].
    async fn answer(&self, response: Response, url: &SafeUrl, cancel: &Cancel) -> Result<Answer, FetchError> {
        let (status, headers) = (response.status(), response.headers().clone());
        let coding = header(&headers, &CONTENT_ENCODING);
        let limit_bytes = self.0.settings.body_limit_bytes;
        let failed = |error| match error {
            DecodeError::TooLarge => FetchError::TooLarge { url: url.clone(), limit_bytes },
            DecodeError::Broken => FetchError::Truncated { url: url.clone() },
            DecodeError::Unknown => FetchError::UnknownCoding { url: url.clone() },
        };
        let bytes = if status.is_success() {
            if response.content_length().is_some_and(|length| length > limit_bytes) {
                return Err(failed(DecodeError::TooLarge));
            }
            let mut decoder = Decoder::new(coding, limit_bytes).map_err(failed)?;
            self.read(response, &mut decoder, url, cancel).await?.map_err(failed)?;
            decoder.finish().map_err(failed)?
        } else {
            let Ok(mut decoder) = Decoder::new(coding, MAX_ERROR_BYTES) else {
                return Ok(Answer { status: status.as_u16(), headers, bytes: Vec::new() });
            };
            match self.read(response, &mut decoder, url, cancel).await {
                Err(FetchError::Cancelled) => return Err(FetchError::Cancelled),
                // The status has said enough, should the body break off.
                Ok(_) | Err(_) => decoder.into_partial(),
            }
        };
        self.0.counters.unpacked(bytes.len() as u64);
        Ok(Answer { status: status.as_u16(), headers, bytes })
    }

    /// Unpacks a body into `decoder`, until either fails.
    async fn read(
        &self,
        mut response: Response,
        decoder: &mut Decoder,
        url: &SafeUrl,
        cancel: &Cancel,
    ) -> Result<Result<(), DecodeError>, FetchError> {
        loop {
            let chunk = or_cancelled(cancel, response.chunk()).await?;
            let Some(chunk) = chunk.map_err(|error| body_error(&error, url))? else { return Ok(Ok(())) };
            self.0.counters.received(chunk.len() as u64);
            let pushed = decoder.push(&chunk);
            if pushed.is_err() {
                return Ok(pushed);
            }
        }
    }
}

fn accept(answer: Answer, url: &SafeUrl) -> Result<Body, FetchError> {
    let Answer { status, .. } = answer;
    match answer.look() {
        Look::Plausible => {
            let validators = Validators::of(&answer.headers);
            let content_type = header(&answer.headers, &CONTENT_TYPE);
            let content_type = content_type.map(|text| text.chars().take(MAX_TYPE_CHARS).collect());
            Ok(Body { bytes: answer.bytes, status, content_type, validators })
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
