//! The key of an account: kept from every log by its type.

use std::fmt;
use std::path::{Path, PathBuf};

use reqwest::header::HeaderValue;
use thiserror::Error;

use super::redact::REDACTED;

/// The largest file that may hold a token, in bytes.
const MAX_TOKEN_FILE_BYTES: u64 = 4096;

/// The shortest key that is looked for in bodies, in bytes; the site's have 32.
const MIN_KEY_BYTES_SOUGHT: usize = 8;

/// What stands before the key in its header.
const SCHEME: &str = "Bearer ";

/// A secret that goes into one header and nowhere else.
#[derive(Clone)]
pub struct Token(HeaderValue);

/// Why a token cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Empty, or with characters that no header may carry.
    #[error("the token is empty or has characters that a header cannot carry")]
    Malformed,
    /// Other people of this machine may read it.
    #[error("{} may be read by others; run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// Not readable at all.
    #[error("the token file {} could not be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Token {
    /// Takes the key as the site shows it; blanks around it are dropped.
    ///
    /// # Errors
    ///
    /// [`TokenError::Malformed`] when nothing remains or a header could not carry it.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Malformed);
        }
        let mut header =
            HeaderValue::from_str(&format!("{SCHEME}{text}")).map_err(|_| TokenError::Malformed)?;
        header.set_sensitive(true);
        Ok(Self(header))
    }

    /// Reads the key from a file that nobody else may read (mode 0600 or stricter where modes exist).
    ///
    /// # Errors
    ///
    /// [`TokenError::Exposed`] when others may read it, [`TokenError::Unreadable`], [`TokenError::Malformed`].
    pub fn from_file(path: &Path) -> Result<Self, TokenError> {
        let unreadable = |source| TokenError::Unreadable { path: path.to_owned(), source };
        let facts = std::fs::metadata(path).map_err(unreadable)?;
        if is_exposed(&facts) {
            return Err(TokenError::Exposed { path: path.to_owned() });
        }
        if facts.len() > MAX_TOKEN_FILE_BYTES {
            return Err(TokenError::Malformed);
        }
        Self::parse(&std::fs::read_to_string(path).map_err(unreadable)?)
    }

    /// The value of the `Authorization` header, marked as sensitive.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// `text` without the key, should a server repeat it.
    pub(super) fn scrub(&self, text: &str) -> String {
        text.replace(self.key(), REDACTED)
    }

    /// A body without the key, should a server repeat it.
    ///
    /// A body with the key that is not UTF-8 loses what is not. A key shorter than any real one is not sought:
    /// it would occur by chance.
    pub(super) fn scrub_body(&self, bytes: Vec<u8>) -> Vec<u8> {
        let text = String::from_utf8_lossy(&bytes);
        if self.key().len() < MIN_KEY_BYTES_SOUGHT || !text.contains(self.key()) {
            return bytes;
        }
        self.scrub(&text).into_bytes()
    }

    fn key(&self) -> &str {
        let header = self.0.to_str().expect("`parse` takes visible ASCII only");
        header.strip_prefix(SCHEME).expect("`parse` puts it in front")
    }
}

#[cfg(unix)]
fn is_exposed(facts: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    facts.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_exposed(_facts: &std::fs::Metadata) -> bool {
    false
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(REDACTED)")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}
