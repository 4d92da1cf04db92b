//! Text from a site without the keys that it repeats.

use std::borrow::Cow;

/// What stands in place of a secret.
pub(super) const REDACTED: &str = "REDACTED";

/// Ends of the names of parameters whose values are never shown.
const SECRET_NAMES: [&str; 3] = ["token", "api_key", "apikey"];

/// How an equals sign is written: plainly, percent-encoded once or twice, or escaped in JSON.
const EQUALS: [&str; 4] = ["=", "%3d", "%253d", "\\u003d"];

/// An ampersand, percent-encoded once or twice, where the equals sign is so too.
const ENCODED_ENDS: [&str; 4] = ["%26", "%2526", "%23", "%2523"];

/// `text` with the value of every parameter whose name ends in `token`, `api_key` or `apikey` replaced by
/// `REDACTED`.
///
/// The site repeats the query of a request in `metadata.nextPage`, and with it a key that was sent as
/// `token=`. Names are compared without case; the sign between name and value may be percent-encoded or escaped
/// as in JSON. A value ends before a blank, a control character or one of `& " ' < > # \`, so that JSON stays
/// JSON. Doing it twice changes nothing more.
pub fn redact_tokens(text: &str) -> Cow<'_, str> {
    let mut redacted = String::new();
    let mut copied = 0;
    let mut position = 0;
    while let Some(value) = next_value(text, position) {
        redacted.push_str(&text[copied..value.start]);
        redacted.push_str(REDACTED);
        copied = value.end;
        position = value.end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    redacted.push_str(&text[copied..]);
    Cow::Owned(redacted)
}

/// Whether the value of a parameter whose name ends like this is never shown.
pub(super) fn is_secret_name(name: &[u8]) -> bool {
    SECRET_NAMES.iter().any(|secret| ends(name, secret))
}

/// The next value that is not to be shown, at or after `from`.
fn next_value(text: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let signs = (from..bytes.len()).filter(|at| matches!(bytes[*at], b'=' | b'%' | b'\\'));
    for at in signs {
        let Some(sign) = EQUALS.iter().find(|sign| begins(&bytes[at..], sign)) else { continue };
        if !is_secret_name(&bytes[..at]) {
            continue;
        }
        let start = at + sign.len();
        let is_encoded = sign.starts_with('%');
        let length = bytes[start..].iter().enumerate().position(|(offset, byte)| {
            is_end(*byte)
                || (is_encoded && ENCODED_ENDS.iter().any(|end| begins(&bytes[start + offset..], end)))
        });
        let end = length.map_or(bytes.len(), |length| start + length);
        if end > start {
            return Some(start..end);
        }
    }
    None
}

/// Each of these is ASCII, so that a value begins and ends between characters.
fn is_end(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || byte.is_ascii_control()
        || matches!(byte, b'&' | b'"' | b'\'' | b'<' | b'>' | b'#' | b'\\')
}

fn begins(bytes: &[u8], word: &str) -> bool {
    bytes.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
}

fn ends(bytes: &[u8], word: &str) -> bool {
    let from = bytes.len().checked_sub(word.len());
    from.is_some_and(|from| bytes[from..].eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        assert_eq!(redact_tokens(text), shown);
    }

    #[test]
    fn the_value_of_a_token_is_hidden_and_the_rest_stays() {
        check("https://x/y?a=1&token=abc&b=2", "https://x/y?a=1&token=REDACTED&b=2");
        check("bad TOKEN=abc", "bad TOKEN=REDACTED");
        check("a?Api_Key=x#frag", "a?Api_Key=REDACTED#frag");
        check("next%3Ftoken%3Dabc%26b%3D2", "next%3Ftoken%3DREDACTED%26b%3D2");
        check(
            r#"{"nextPage":"https:\/\/x?token\u003dabc\u0026c=1"}"#,
            r#"{"nextPage":"https:\/\/x?token\u003dREDACTED\u0026c=1"}"#,
        );
        check("token=", "token=");
        check("token=é token=ß", "token=REDACTED token=REDACTED");
    }

    #[test]
    fn text_without_a_token_is_not_copied() {
        for text in ["", "steps=20&cfg=7", "a token of love", "50% = half \\ token", "é=token"] {
            assert!(matches!(redact_tokens(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_shows_the_value_of_a_token(
            before in ".{0,20}",
            name in "(token|TOKEN|access_token|api_key|apikey)",
            sign in "(=|%3D|%3d|%253D|\\\\u003d)",
            secret in "[a-z0-9]{16}",
            after in "([&\"'<># \\\\].{0,20})?",
        ) {
            let text = format!("{before}{name}{sign}{secret}{after}");
            let shown = redact_tokens(&text);
            prop_assert!(!shown.contains(&secret), "{}", shown);
            prop_assert!(shown.starts_with(&before) || before.contains("token"));
        }

        #[test]
        fn redacting_twice_changes_nothing_more(text in "([a-z&=%\\\\\"]|token=|%3d|é){0,40}") {
            let once = redact_tokens(&text).into_owned();
            prop_assert_eq!(redact_tokens(&once), once.as_str());
        }

        #[test]
        fn json_stays_json(secret in "[a-z%&=é]{0,20}", other in ".{0,20}") {
            let value = serde_json::json!({ "nextPage": format!("https://x?token={secret}"), "other": other });
            let text = value.to_string();
            let read = serde_json::from_str::<serde_json::Value>(&redact_tokens(&text));
            prop_assert!(read.is_ok());
        }
    }
}
