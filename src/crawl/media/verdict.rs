//! What an answer of the host means for a picture, and for how long.

use std::sync::Mutex;
use std::time::Duration;

use crate::crawl::scan::pixels::Described;
use crate::entity::Timestamp;
use crate::fetch::{Body, FetchError};
use crate::parse::{self, Container};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What came of one picture.
pub(super) enum Verdict {
    /// It was described.
    Seen {
        described: Box<Described>,
        /// Whether its bytes were kept, and were not there before.
        kept: bool,
    },
    /// There is nothing to see.
    Failed {
        /// The same words for all pictures that fail so.
        reason: String,
        /// For how long it is not asked for again; for ever where it is `None`.
        spared_for: Option<Duration>,
        /// The error, where many in a row would be the fault of the host.
        suspect: Option<Box<Mutex<Option<FetchError>>>>,
    },
}

impl Verdict {
    /// What no later answer will change.
    pub(super) fn lasting(reason: &str) -> Self {
        Self::Failed { reason: reason.to_owned(), spared_for: None, suspect: None }
    }

    /// What came is no picture that can be read here. A later version may read it, and the host may have been ill.
    pub(super) fn undecodable(reason: String) -> Self {
        Self::Failed { reason, spared_for: Some(WEEK), suspect: None }
    }
}

/// The bytes of a picture, or what is wrong with it.
///
/// # Errors
///
/// What says nothing of this picture: the host cannot be reached or asks for patience, no budget is left, or somebody
/// asked to stop.
pub(super) fn judge(fetched: Result<Body, FetchError>) -> Result<Result<Vec<u8>, Verdict>, FetchError> {
    let error = match fetched {
        Ok(body) => return Ok(picture(body)),
        Err(error) => error,
    };
    let (reason, spared_for, is_suspect) = match &error {
        FetchError::NotFound { .. } => ("not found".to_owned(), Some(WEEK), false),
        FetchError::TooLarge { limit_bytes, .. } => {
            (format!("more than {} MiB", limit_bytes >> 20), None, false)
        }
        FetchError::Refused { status, .. } => (format!("refused (status {status})"), Some(DAY), true),
        FetchError::Rejected { status, .. } => (format!("rejected (status {status})"), Some(DAY), true),
        FetchError::Redirected { .. } => ("redirected to another place".to_owned(), Some(DAY), true),
        FetchError::Html { .. } => ("a web page instead of a picture".to_owned(), Some(HOUR), true),
        FetchError::Server { status, .. } => (format!("failed (status {status})"), Some(HOUR), true),
        FetchError::Truncated { .. } => ("cut short".to_owned(), Some(HOUR), true),
        FetchError::Empty { .. } => ("empty".to_owned(), Some(HOUR), true),
        FetchError::Timeout { .. } => ("no answer in time".to_owned(), Some(HOUR), true),
        FetchError::UnknownCoding { .. } => ("packed in an unknown way".to_owned(), Some(DAY), true),
        _ => return Err(error),
    };
    let suspect = is_suspect.then(|| Box::new(Mutex::new(Some(error))));
    Ok(Err(Verdict::Failed { reason, spared_for, suspect }))
}

/// Takes a body for a picture if it begins like one and is not said to be something else.
fn picture(body: Body) -> Result<Vec<u8>, Verdict> {
    let failed =
        |what: &str| Verdict::Failed { reason: what.to_owned(), spared_for: Some(DAY), suspect: None };
    match parse::sniff(&body.bytes) {
        Container::Mp4 | Container::Matroska => return Err(failed("a video instead of a picture")),
        Container::Unknown | Container::Sidecar => return Err(failed("no picture")),
        _ => {}
    }
    let kind = body.content_type.unwrap_or_default().to_ascii_lowercase();
    let is_plausible = kind.is_empty() || kind.starts_with("image/") || kind.contains("octet-stream");
    if is_plausible { Ok(body.bytes) } else { Err(failed("not said to be a picture")) }
}

/// The end of a span; `None` beyond the years that a timestamp can hold.
pub(super) fn after(now: Timestamp, span: Duration) -> Option<Timestamp> {
    let span = i64::try_from(span.as_millis()).ok()?;
    Timestamp::from_millis(now.as_millis().checked_add(span)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(bytes: &[u8], content_type: Option<&str>) -> Body {
        let content_type = content_type.map(str::to_owned);
        Body { bytes: bytes.to_vec(), status: 200, content_type, validators: None }
    }

    #[track_caller]
    fn check(fetched: Result<Body, FetchError>, expected: Option<&str>, hours: Option<u64>) {
        let (reason, spared) = match judge(fetched) {
            Ok(Ok(_)) => (None, None),
            Ok(Err(Verdict::Failed { reason, spared_for, .. })) => (Some(reason), spared_for),
            Ok(Err(Verdict::Seen { .. })) => unreachable!("nobody has described it"),
            Err(_) => (Some("ends".to_owned()), None),
        };
        assert_eq!(reason.as_deref(), expected);
        assert_eq!(spared.map(|span| span.as_secs() / 3600), hours);
    }

    #[test]
    fn a_body_is_a_picture_by_its_first_bytes_and_unless_it_is_said_to_be_something_else() {
        let jpeg = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0";
        check(Ok(body(jpeg, Some("image/jpeg"))), None, None);
        check(Ok(body(jpeg, Some("Application/Octet-Stream"))), None, None);
        check(Ok(body(jpeg, None)), None, None);
        check(Ok(body(jpeg, Some("text/plain"))), Some("not said to be a picture"), Some(24));
        check(Ok(body(b"a kite", Some("image/jpeg"))), Some("no picture"), Some(24));
        let film = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41";
        check(Ok(body(film, Some("image/jpeg"))), Some("a video instead of a picture"), Some(24));
    }

    #[test]
    fn what_the_host_answers_for_ends_the_run_and_what_the_picture_does_is_remembered() {
        let host = || "image.civitai.com".to_owned();
        check(Err(FetchError::Throttled { host: host(), wait: None }), Some("ends"), None);
        check(Err(FetchError::RegionBlocked { host: host() }), Some("ends"), None);
        check(Err(FetchError::Cancelled), Some("ends"), None);
        check(Err(FetchError::Timeout { host: host() }), Some("no answer in time"), Some(1));
    }
}
