//! How names and identities are spelt in columns: a number for the kind, and bytes.

use super::{CatalogError, Result};
use crate::entity::{ImageKey, ImageName, MediaIdentity, MediaKey};

/// `image_names.kind` of a canonical URL.
const URL_NAME: i64 = 2;

/// `image_names.kind` of a path.
pub(super) const PATH_NAME: i64 = 3;

/// Where the catalog keeps a name.
pub(super) enum NamePlace<'n> {
    /// It is the row number of the image.
    Row(ImageKey),
    /// In `image_names`, with this kind and these bytes.
    Columns(i64, &'n [u8]),
}

/// Finds the place of a name.
pub(super) fn place_of(name: &ImageName) -> NamePlace<'_> {
    match name {
        ImageName::Site(id) => NamePlace::Row((*id).into()),
        ImageName::Url(url) => NamePlace::Columns(URL_NAME, url.as_bytes()),
        ImageName::Path(path) => NamePlace::Columns(PATH_NAME, path),
    }
}

/// Reads a row of `image_names`.
pub(super) fn read_name(kind: i64, bytes: Vec<u8>) -> Result<ImageName> {
    let name = match kind {
        URL_NAME => String::from_utf8(bytes).ok().map(ImageName::Url),
        PATH_NAME => Some(ImageName::Path(bytes)),
        _ => None,
    };
    name.ok_or(CatalogError::Damaged { table: "image_names", column: "name" })
}

/// Kind and bytes of an identity, as columns of `media`.
pub(super) fn identity_columns(identity: &MediaIdentity) -> (i64, &[u8]) {
    match identity {
        MediaIdentity::Key(key) => (1, key.as_bytes()),
        MediaIdentity::Url(url) => (2, url.as_bytes()),
        MediaIdentity::Content(hash) => (3, hash),
    }
}

/// Reads the identity of a row of `media`.
pub(super) fn read_identity(kind: i64, bytes: Vec<u8>) -> Result<MediaIdentity> {
    let identity = match kind {
        1 => bytes.try_into().ok().map(|key| MediaIdentity::Key(MediaKey::from_bytes(key))),
        2 => String::from_utf8(bytes).ok().map(MediaIdentity::Url),
        3 => bytes.try_into().ok().map(MediaIdentity::Content),
        _ => None,
    };
    identity.ok_or(CatalogError::Damaged { table: "media", column: "identity" })
}
