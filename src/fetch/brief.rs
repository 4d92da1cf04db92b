//! A failure in few words, for a place with little room.

use std::fmt;

use super::FetchError;
use super::error::said;

/// What went wrong and at which host, without the address that was asked; made by [`FetchError::brief`].
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a>(pub(super) &'a FetchError);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            FetchError::Truncated { url } => write!(f, "the answer of {} is cut short", url.host()),
            FetchError::Empty { url } => write!(f, "the answer of {} is empty", url.host()),
            FetchError::Html { url, status } => {
                write!(f, "{} answered with a web page (status {status})", url.host())
            }
            FetchError::TooLarge { url, limit_bytes } => {
                write!(f, "the answer of {} is larger than {limit_bytes} bytes", url.host())
            }
            FetchError::UnknownCoding { url } => {
                write!(f, "the answer of {} is packed in an unknown way", url.host())
            }
            FetchError::Redirected { url, to } => {
                write!(f, "{} redirects to {to}, which is not followed", url.host())
            }
            FetchError::PageCap { url } => {
                write!(f, "{} serves no page numbers that large", url.host())
            }
            FetchError::Refused { url, status } => write!(f, "{} refused (status {status})", url.host()),
            FetchError::NotFound { url, status } => {
                write!(f, "{} has nothing there (status {status})", url.host())
            }
            FetchError::Rejected { url, status, message } => {
                write!(f, "{} rejected the request with status {status}{}", url.host(), said(message))
            }
            FetchError::Server { url, status, message, .. } => {
                write!(f, "{} failed with status {status}{}", url.host(), said(message))
            }
            error @ (FetchError::BadUrl
            | FetchError::Insecure { .. }
            | FetchError::Setup(_)
            | FetchError::TooFast { .. }
            | FetchError::BudgetSpent { .. }
            | FetchError::Challenge { .. }
            | FetchError::Cancelled
            | FetchError::Connect { .. }
            | FetchError::Timeout { .. }
            | FetchError::Throttled { .. }
            | FetchError::RegionBlocked { .. }) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SafeUrl;
    use super::*;

    #[test]
    fn a_failure_in_few_words_names_the_host_and_not_the_query() {
        let url = SafeUrl::parse("https://civitai.com/api/v1/images?a=1&cursor=2").expect("valid");
        let server = FetchError::Server { url, status: 503, wait: None, message: "busy".to_owned() };
        assert_eq!(server.brief().to_string(), "civitai.com failed with status 503: busy");
        let throttled = FetchError::Throttled { host: "civitai.com".to_owned(), wait: None };
        assert_eq!(throttled.brief().to_string(), throttled.to_string());
    }
}
