//! What an answer other than success means.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, LOCATION, RETRY_AFTER, SERVER};

use crate::entity::Timestamp;

use super::body::{self, Look};
use super::retry::retry_after;
use super::{FetchError, SafeUrl};

/// Endpoints where a `page` number too large is answered with 429 for ever.
const PAGE_CAPPED_ENDPOINTS: [&str; 2] = ["images", "models"];

/// `page * limit` beyond which these answer so.
const PAGE_CAP_ITEMS: u64 = 1000;

/// Items a page where the request does not say.
const DEFAULT_PAGE_ITEMS: u64 = 100;

/// The header by which an edge says what it did with a request.
const MITIGATED: HeaderName = HeaderName::from_static("cf-mitigated");

/// Words of the pages that only a browser passes, in lower case.
const CHALLENGE_WORDS: [&[u8]; 6] = [
    b"just a moment",
    b"challenge-platform",
    b"cf-chl",
    b"captcha",
    b"attention required",
    b"enable javascript and cookies",
];

/// Bytes of a web page that are searched for these words.
const MAX_PAGE_BYTES_SEARCHED: usize = 16 * 1024;

/// A complete answer before it is judged.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        header(&self.headers, name)
    }

    /// What the body is.
    pub(super) fn look(&self) -> Look {
        body::look(&self.bytes, self.header(&reqwest::header::CONTENT_TYPE))
    }

    /// Whether this is a page that an edge puts before the API for those that it takes for robots.
    ///
    /// A plain web page with status 200 or 503 is none: maintenance looks like that.
    pub(super) fn is_challenge(&self) -> bool {
        if self.header(&MITIGATED).is_some_and(|how| how.eq_ignore_ascii_case("challenge")) {
            return true;
        }
        if self.look() != Look::Html {
            return false;
        }
        let is_edge = self.header(&SERVER).is_some_and(|server| server.eq_ignore_ascii_case("cloudflare"));
        match self.status {
            403 | 429 => true,
            503 if is_edge => true,
            200..=299 | 503 => self.names_challenge(),
            _ => false,
        }
    }

    fn names_challenge(&self) -> bool {
        let page = self.bytes.get(..MAX_PAGE_BYTES_SEARCHED).unwrap_or(&self.bytes).to_ascii_lowercase();
        CHALLENGE_WORDS.iter().any(|word| page.windows(word.len()).any(|part| part == *word))
    }

    /// How long the server asks to wait.
    pub(super) fn asked_wait(&self, now: Timestamp) -> Option<Duration> {
        retry_after(self.header(&RETRY_AFTER)?, now)
    }

    /// The error for a status other than success; `message` is what the body says.
    pub(super) fn refusal(&self, url: &SafeUrl, wait: Option<Duration>, message: String) -> FetchError {
        let (url, status) = (url.clone(), self.status);
        match status {
            429 if wait.is_none() && is_page_capped(&url) => FetchError::PageCap { url },
            429 => FetchError::Throttled { host: url.host(), wait },
            451 => FetchError::RegionBlocked { host: url.host() },
            408 | 500.. => FetchError::Server { url, status, wait, message },
            // A page instead of JSON means that no API answered, but another server: nothing is known about the
            // key or about what was asked for.
            401 | 403 | 404 | 410 if self.look() == Look::Html => FetchError::Html { url, status },
            401 | 403 => FetchError::Refused { url, status },
            404 | 410 => FetchError::NotFound { url, status },
            _ => FetchError::Rejected { url, status, message },
        }
    }
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The error for a redirect that is not followed; names the host that it leads to and nothing else of it.
pub(super) fn redirected(headers: &HeaderMap, from: &url::Url, url: &SafeUrl) -> FetchError {
    let to = header(headers, &LOCATION).and_then(|location| from.join(location).ok());
    let host = to.and_then(|to| to.host_str().map(str::to_owned));
    FetchError::Redirected { url: url.clone(), to: host.unwrap_or_else(|| "nowhere".to_owned()) }
}

/// Whether the request asks for a page beyond the site's cap, which it refuses for ever with a 429.
fn is_page_capped(url: &SafeUrl) -> bool {
    let endpoint = url.path().rsplit('/').next().unwrap_or_default();
    let Some(page) = url.parameter("page") else { return false };
    let limit = url.parameter("limit").and_then(|limit| limit.parse().ok()).unwrap_or(DEFAULT_PAGE_ITEMS);
    let reaches = page.parse().map_or(u64::MAX, |page: u64| page.saturating_mul(limit));
    PAGE_CAPPED_ENDPOINTS.contains(&endpoint) && reaches > PAGE_CAP_ITEMS
}
