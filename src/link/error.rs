//! What can go wrong while linking.

use thiserror::Error;

use crate::catalog::CatalogError;
use crate::entity::ImageKey;

/// A failed operation of linking or tracing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The catalog does not have the image.
    #[error("no image {} in the catalog", image.get())]
    NoImage {
        /// Its row number: the site's id, or a negative number.
        image: ImageKey,
    },
    /// The catalog could not be read or written.
    #[error("failed to link")]
    Catalog(#[from] CatalogError),
}
