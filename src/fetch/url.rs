//! A URL that may be shown: what is secret in it never reaches a log, an error or the catalog.

use std::fmt;

use url::{Host, Url};

use super::FetchError;
use super::redact::{REDACTED, is_secret_name};

/// An absolute URL over TLS, or over plain HTTP to this very machine.
///
/// `Display` and `Debug` redact secrets; nothing else gives the text.
#[derive(Clone, PartialEq, Eq)]
pub struct SafeUrl(Box<Url>);

impl SafeUrl {
    /// Reads an absolute URL; drops its fragment.
    ///
    /// # Errors
    ///
    /// [`FetchError::BadUrl`] when it is no URL, carries a user name or has no host,
    /// [`FetchError::Insecure`] for anything but `https`, except `http` to a loopback host.
    pub fn parse(text: &str) -> Result<Self, FetchError> {
        let mut url = Url::parse(text.trim()).map_err(|_| FetchError::BadUrl)?;
        url.set_fragment(None);
        if url.host().is_none() || !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::BadUrl);
        }
        let url = Self(Box::new(url));
        match url.0.scheme() {
            "https" => Ok(url),
            "http" if url.is_loopback() => Ok(url),
            _ => Err(FetchError::Insecure { url }),
        }
    }

    /// The host with its port where that is not the scheme's own: `civitai.com`, `127.0.0.1:8080`.
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The path, beginning with a slash.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// This URL with `path` appended and exactly `parameters` as its query, percent-encoded.
    #[must_use]
    pub fn join(&self, path: &str, parameters: &[(String, String)]) -> Self {
        let mut url = self.0.clone();
        let joined = format!("{}/{}", url.path().trim_end_matches('/'), path.trim_start_matches('/'));
        url.set_path(joined.trim_end_matches('/'));
        url.set_query(None);
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Self(url)
    }

    /// The value of one query parameter, decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.0.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The URL for the client that sends it.
    pub(super) fn as_url(&self) -> &Url {
        &self.0
    }
}

/// Whether both have the same scheme, host and port, so that a secret for one may go to the other.
pub(super) fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.query_pairs().any(|(key, _)| is_secret_name(key.as_bytes())) {
            return self.0.fmt(f);
        }
        let mut shown = self.0.clone();
        shown.query_pairs_mut().clear().extend_pairs(self.0.query_pairs().map(|(key, value)| {
            let value = if is_secret_name(key.as_bytes()) { REDACTED.into() } else { value };
            (key, value)
        }));
        shown.fmt(f)
    }
}

impl fmt::Debug for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafeUrl({self})")
    }
}
