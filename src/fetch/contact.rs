//! Whom a site may ask about this client.

use std::fmt;

use thiserror::Error;

/// The longest contact, in bytes.
const MAX_CONTACT_BYTES: usize = 120;

/// A mail address or a web address, fit for the comment of a user agent (RFC 9110, section 10.1.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact(String);

/// A text that is no contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a mail address or an http(s) address of at most {MAX_CONTACT_BYTES} characters, without blanks and parentheses"
)]
pub struct ContactError;

impl Contact {
    /// Takes `ann@example.org` or `https://example.org/bot`; blanks around it are dropped.
    ///
    /// # Errors
    ///
    /// [`ContactError`] for anything else, and for characters that would end the comment.
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        let text = text.trim();
        let is_fit = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'\\' | b';' | b'"');
        let is_known = is_mail(text) || is_web(text);
        if text.len() > MAX_CONTACT_BYTES || !is_known || !text.bytes().all(is_fit) {
            return Err(ContactError);
        }
        Ok(Self(text.to_owned()))
    }
}

fn is_mail(text: &str) -> bool {
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let Some((name, host)) = text.split_once('@') else { return false };
    let is_host = host.split('.').all(|label| !label.is_empty()) && host.contains('.');
    !name.is_empty() && is_host && !text.contains(['/', ':']) && !host.contains('@')
}

fn is_web(text: &str) -> bool {
    let is_safe = |url: &url::Url| url.username().is_empty() && url.password().is_none();
    let Ok(url) = url::Url::parse(text) else { return false };
    matches!(url.scheme(), "https" | "http") && url.has_host() && is_safe(&url)
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_contact_is_a_mail_or_a_web_address() {
        for good in ["ann@example.org", " https://example.org/bot?a=1 ", "mailto:ann@example.org"] {
            assert!(Contact::parse(good).is_ok(), "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(MAX_CONTACT_BYTES));
        for bad in [
            "",
            "ann",
            "@example.org",
            "ann@localhost",
            "ann@example..org",
            "a b@example.org",
            "ann@example.org) curl/8",
            "ftp://example.org",
            "https://ann:secret@example.org",
            "ann@example.org\r\nX-Evil: 1",
            &long,
        ] {
            assert_eq!(Contact::parse(bad), Err(ContactError), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_contact_ends_its_comment_or_its_header(text in "[ -~]{0,40}|.*") {
            if let Ok(contact) = Contact::parse(&text) {
                let shown = contact.to_string();
                prop_assert!(shown.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(!shown.contains(['(', ')', ';']));
            }
        }
    }
}
