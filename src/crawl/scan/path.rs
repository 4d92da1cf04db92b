//! Paths as the bytes that the catalog keeps, and back.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

/// The platform's bytes of a path.
pub(super) fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// The path of such bytes. On Unix any bytes are one; elsewhere only text comes back as it was.
pub(super) fn from_bytes(bytes: &[u8]) -> Cow<'_, Path> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        Cow::Borrowed(Path::new(OsStr::from_bytes(bytes)))
    }
    #[cfg(not(unix))]
    {
        match String::from_utf8_lossy(bytes) {
            Cow::Borrowed(text) => Cow::Borrowed(Path::new(OsStr::new(text))),
            Cow::Owned(text) => Cow::Owned(text.into()),
        }
    }
}

/// How messages call it; bytes that are not UTF-8 are replaced.
pub(super) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
