//! One host's client: builds the request, waits its turn, reads the answer within bounds, tries again.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::run::{Counted, RunContext};

use super::breaker::{Fate, Gate, Guard, Pass};
use super::exchange;
use super::pace::{Pace, or_cancelled};
use super::traffic::{Counters, Reason};
use super::{Body, Budget, FetchError, Fetched, SafeUrl, Settings, Traffic, Validators};

/// The status that stands for a challenge when nothing was sent any more.
const FORBIDDEN: u16 = 403;

/// A client for one host. Clones share its pace, its budget and its breaker.
#[derive(Clone)]
pub struct Client(pub(super) Arc<Inner>);

/// What the clones of a client share.
pub(super) struct Inner {
    pub(super) http: reqwest::Client,
    pub(super) settings: Settings,
    pace: Pace,
    guard: Guard,
    pub(super) counters: Counters,
}

/// What one request asks, however often it is tried.
pub(super) struct Ask<'a> {
    pub(super) url: SafeUrl,
    /// What is sent along, for a look-up.
    pub(super) json: Option<&'a str>,
    /// The state that is known.
    pub(super) known: Option<&'a Validators>,
    /// Fewer tries than the settings allow, for a question that others should not wait for.
    pub(super) most_tries: Option<u32>,
    /// What may come.
    pub(super) accept: &'static str,
}

/// What the API answers with.
const JSON: &str = "application/json";

/// Pictures, in the formats that are read here.
const PICTURES: &str = "image/jpeg, image/png, image/webp;q=0.9, image/gif;q=0.8";

impl Client {
    /// Sets a client up; sends nothing.
    ///
    /// # Errors
    ///
    /// [`FetchError::TooFast`] when the settings would push another machine too hard, [`FetchError::Setup`] when
    /// the HTTP library refuses.
    pub fn new(settings: Settings) -> Result<Self, FetchError> {
        settings.check_pace()?;
        let http = exchange::http(&settings)?;
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
        let url = self.base().join(path, parameters);
        let ask = Ask { url, json: None, known: None, most_tries: None, accept: JSON };
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
        let url = self.base().join(path, &[]);
        let ask = Ask { url, json: Some(json), known: None, most_tries: None, accept: JSON };
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
        let url = self.base().join(path, parameters);
        let ask = Ask { url, json: None, known, most_tries, accept: JSON };
        self.ask(&ask, context).await
    }

    /// Asks for a picture, with at most `most_tries` tries where the settings allow more; what comes may be anything.
    ///
    /// # Errors
    ///
    /// As [`Client::get`].
    pub async fn get_picture(
        &self,
        path: &str,
        most_tries: Option<u32>,
        context: &RunContext,
    ) -> Result<Body, FetchError> {
        let url = self.base().join(path, &[]);
        let ask = Ask { url, json: None, known: None, most_tries, accept: PICTURES };
        self.body(&ask, context).await
    }

    async fn body(&self, ask: &Ask<'_>, context: &RunContext) -> Result<Body, FetchError> {
        match self.ask(ask, context).await? {
            Fetched::Body(body) => Ok(body),
            // `exchange` answers so only to a question that knew the document.
            Fetched::Unchanged => Err(FetchError::Empty { url: ask.url.clone() }),
        }
    }

    /// Tries until an answer comes, the failure is a lasting one, or patience is over.
    ///
    /// What the server asks to wait is the least that is waited, and holds for every request to it. While the
    /// breaker rests, the next turn waits for its end, so that no wait is added here.
    async fn ask(&self, ask: &Ask<'_>, context: &RunContext) -> Result<Fetched, FetchError> {
        let Settings { backoff, breaker, .. } = &self.0.settings;
        let most_tries = ask.most_tries.unwrap_or(u32::MAX);
        let mut delays = backoff.delays().take(most_tries.saturating_sub(1) as usize);
        let mut rests_left = breaker.rests.saturating_add(1);
        let mut tried = 0;
        loop {
            let error = match self.try_once(ask, tried, context).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => error,
            };
            tried += 1;
            let asked = error.asked_wait();
            if !error.is_transient() || asked.is_some_and(|asked| asked > backoff.patience) {
                return Err(error);
            }
            self.0.pace.pause(asked.unwrap_or_default());
            if matches!(error, FetchError::Challenge { .. }) && self.0.guard.is_resting() && rests_left > 0 {
                rests_left -= 1;
                continue;
            }
            let Some(delay) = delays.next() else { return Err(error) };
            let wait = asked.unwrap_or_default().max(delay);
            tracing::info!(url = %ask.url, %error, wait_ms = wait.as_millis(), "trying again");
            context.progress.waiting(&error.brief(), wait);
            let reason = if asked.is_some() { Reason::Asked } else { Reason::Retry };
            let _waiting = self.0.counters.waiting(reason);
            or_cancelled(&context.cancel, tokio::time::sleep(wait)).await?;
        }
    }

    async fn try_once(&self, ask: &Ask<'_>, tried: u64, context: &RunContext) -> Result<Fetched, FetchError> {
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
                    return Err(self.challenge(FORBIDDEN, None, Some(rested)));
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

    /// The error for a challenge by this host.
    pub(super) fn challenge(
        &self,
        status: u16,
        wait: Option<Duration>,
        given_up_after: Option<Duration>,
    ) -> FetchError {
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
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
