//! What a server calls the present state of a document, so that it can be asked whether that has changed.

use reqwest::header::{ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};

/// The longest validator that is kept, in bytes; a longer one is as good as none.
const MAX_VALIDATOR_BYTES: usize = 256;

/// The marks of one state of one document (RFC 9110, section 8.8): at least one of the two.
///
/// Each is 1 to 256 bytes of visible ASCII and inner blanks, so that it can be stored as text and sent back as
/// it came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Validators {
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Validators {
    /// Takes marks as they were stored; one that no header could carry is dropped. `None` when none is left.
    pub fn new(etag: Option<&str>, last_modified: Option<&str>) -> Option<Self> {
        let etag = etag.and_then(kept);
        let last_modified = last_modified.and_then(kept);
        (etag.is_some() || last_modified.is_some()).then_some(Self { etag, last_modified })
    }

    /// The entity tag, with its quotes and its `W/`.
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// When the document last changed, in the server's own words.
    pub fn last_modified(&self) -> Option<&str> {
        self.last_modified.as_deref()
    }

    /// The marks of an answer.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        Self::new(text(ETAG), text(LAST_MODIFIED))
    }

    /// The headers that ask for the document only if it has changed.
    pub(super) fn conditions(&self) -> HeaderMap {
        let marks = [(IF_NONE_MATCH, &self.etag), (IF_MODIFIED_SINCE, &self.last_modified)];
        marks
            .into_iter()
            .filter_map(|(name, mark)| Some((name, HeaderValue::from_str(mark.as_deref()?).ok()?)))
            .collect()
    }
}

fn kept(mark: &str) -> Option<String> {
    let mark = mark.trim();
    let is_visible = mark.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    (is_visible && (1..=MAX_VALIDATOR_BYTES).contains(&mark.len())).then(|| mark.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_marks_are_sent_back_as_they_came() {
        let marks = Validators::new(Some("W/\"5f-a b\""), Some("Wed, 21 Oct 2015 07:28:00 GMT"));
        let headers = marks.expect("both can be sent").conditions();
        assert_eq!(headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()), Some("W/\"5f-a b\""));
        assert_eq!(headers.len(), 2);
    }

    #[test]
    fn a_mark_too_long_or_unfit_for_a_header_is_dropped() {
        let long = "x".repeat(MAX_VALIDATOR_BYTES + 1);
        assert_eq!(Validators::new(Some(&long), Some("a\r\nX-Evil: 1")), None);
        assert_eq!(Validators::new(Some(" "), None), None);
        let kept = Validators::new(Some(&long), Some("now")).expect("one is left");
        assert_eq!((kept.etag(), kept.last_modified()), (None, Some("now")));
    }

    proptest! {
        #[test]
        fn whatever_is_kept_survives_its_storage(etag: Option<String>, changed: Option<String>) {
            let marks = Validators::new(etag.as_deref(), changed.as_deref());
            if let Some(marks) = &marks {
                let stored = Validators::new(marks.etag(), marks.last_modified());
                prop_assert_eq!(stored.as_ref(), Some(marks));
                let sent = usize::from(marks.etag().is_some()) + usize::from(marks.last_modified().is_some());
                prop_assert_eq!(marks.conditions().len(), sent);
            }
        }
    }
}
