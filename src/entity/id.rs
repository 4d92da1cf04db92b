//! Numbers and names that identify things.

use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

macro_rules! site_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Never zero and at most `i64::MAX`, so that it fits a column of the catalog.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u64", into = "u64")]
        pub struct $name(NonZeroU64);

        impl $name {
            /// `None` for zero and for numbers above `i64::MAX`.
            pub fn new(value: u64) -> Option<Self> {
                i64::try_from(value).ok()?;
                NonZeroU64::new(value).map(Self)
            }

            /// The number itself.
            pub fn get(self) -> u64 {
                self.0.get()
            }

            /// The number as a catalog column holds it.
            pub fn as_i64(self) -> i64 {
                self.0.get().cast_signed()
            }

            /// Reads a catalog column; `None` for anything but a positive number.
            pub fn from_i64(value: i64) -> Option<Self> {
                u64::try_from(value).ok().and_then(Self::new)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl TryFrom<u64> for $name {
            type Error = &'static str;

            fn try_from(value: u64) -> Result<Self, Self::Error> {
                Self::new(value).ok_or("an id is a number from 1 to 2^63 - 1")
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> u64 {
                id.get()
            }
        }
    };
}

site_id!(
    /// The site's own number for an image.
    ImageId
);
site_id!(
    /// The site's number for a model.
    ModelId
);
site_id!(
    /// The site's number for one version of a model.
    VersionId
);
site_id!(
    /// The site's number for one file of a version.
    FileId
);
site_id!(
    /// The site's number for a post, which holds one or more images.
    PostId
);

/// The catalog's row number for an image.
///
/// Positive: the site's own id. Negative: an image that the site never numbered (a document or a
/// picture on disk, a foreign URL); its [`ImageName`] is in the catalog. Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageKey(i64);

impl ImageKey {
    /// `None` for zero.
    pub fn new(value: i64) -> Option<Self> {
        (value != 0).then_some(Self(value))
    }

    /// The row number.
    pub fn get(self) -> i64 {
        self.0
    }

    /// The site's id, if the site numbered this image.
    pub fn site_id(self) -> Option<ImageId> {
        ImageId::from_i64(self.0)
    }
}

impl From<ImageId> for ImageKey {
    fn from(id: ImageId) -> Self {
        Self(id.as_i64())
    }
}

/// What an image is known by, outside the catalog.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImageName {
    /// The site's number.
    Site(ImageId),
    /// A canonical URL on a host that is not the site's; see `source::civitai::url`.
    Url(String),
    /// A path on disk as the platform's bytes, which need not be UTF-8.
    Path(Vec<u8>),
}

impl ImageName {
    /// The word that `export` and sorting use: `civitai`, `url` or `local`.
    pub fn source(&self) -> &'static str {
        match self {
            Self::Site(_) => "civitai",
            Self::Url(_) => "url",
            Self::Path(_) => "local",
        }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site(id) => id.fmt(f),
            Self::Url(url) => url.fmt(f),
            Self::Path(bytes) => String::from_utf8_lossy(bytes).fmt(f),
        }
    }
}
