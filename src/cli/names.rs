//! What an image is called in output: the site's number as a number, anything else as text.

use serde::{Serialize, Serializer};
use stemmata::entity::ImageName;

/// `image` of the machine contract.
pub(crate) struct Called<'a>(pub(crate) &'a ImageName);

impl Serialize for Called<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ImageName::Site(id) => serializer.serialize_u64(id.get()),
            name => serializer.collect_str(name),
        }
    }
}

/// As [`Called`], for `#[serde(serialize_with)]`.
pub(crate) fn called<S: Serializer>(name: &ImageName, serializer: S) -> Result<S::Ok, S::Error> {
    Called(name).serialize(serializer)
}

/// The path of a local image as text, and its bytes in hexadecimal where they are not UTF-8.
pub(crate) fn path(name: &ImageName) -> (Option<String>, Option<String>) {
    let ImageName::Path(bytes) = name else { return (None, None) };
    let hex = std::str::from_utf8(bytes)
        .is_err()
        .then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    (Some(name.to_string()), hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_text_keeps_its_bytes() {
        assert_eq!(path(&ImageName::Path(b"a.png".to_vec())), (Some("a.png".to_owned()), None));
        assert_eq!(
            path(&ImageName::Path(vec![0x61, 0xff])),
            (Some("a\u{fffd}".to_owned()), Some("61ff".to_owned()))
        );
        assert_eq!(path(&ImageName::Url("https://h/x".to_owned())), (None, None));
    }
}
