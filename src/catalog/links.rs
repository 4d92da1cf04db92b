//! What linking, tracing and lineage read from the catalog, and the links that they write to it.
//!
//! - In: row numbers, hashes, names; links with the resource that they belong to.
//! - Out: plain values in a stated order. No statement or row of SQLite leaves this module.
//! - Never: a judgement. Which candidate wins is decided in `link`, and only stored here.

mod asked;
mod columns;
#[cfg(test)]
mod fixture;
mod here;
mod ledger;
mod lineage;
mod linking;
mod lookup;
mod names;
mod report;
mod touched;
mod usage;

use crate::entity::{
    ImageKey, ImageName, Link, MetaState, ModelId, PublishState, Resource, ResourceSources, Timestamp,
    VersionId,
};

pub use asked::{LinkedBy, NameKind, PictureFile};
#[cfg(test)]
pub(crate) use fixture::{Fixture, SomeFile, SomeImage, SomeVersion, text_resource};
pub use here::{LocalUse, LocalUses, NamingImage, Removal, Removed};
pub use ledger::HashFact;
pub use lineage::{RemixCounts, Works};
pub use names::Bearer;
pub use report::{ModelFacts, SharedFile, VersionTitle};
pub use touched::HasLinks;
pub use usage::Usage;

/// A resource with its row number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredResource {
    /// The row number, the same one that the text index stores.
    pub id: i64,
    /// What metadata wrote.
    pub resource: Resource,
}

/// What linking needs of one published file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileFacts {
    /// The row number.
    pub file: i64,
    /// The version that lists it.
    pub version: VersionId,
    /// The site's number, which a file keeps when another version lists it too.
    pub site_id: Option<i64>,
    /// The name it is downloaded as.
    pub name: Option<String>,
    /// The site's word: `Model`, `VAE` ...
    pub kind: Option<String>,
    /// Whether the site offers it first.
    pub primary: bool,
    /// Whether its version no longer lists it.
    pub former: bool,
}

/// What linking needs of one version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionFacts {
    /// The version.
    pub version: VersionId,
    /// The site's word for the type of its model; `None` when the model was never seen.
    pub model_kind: Option<String>,
    /// Whether the site serves it.
    pub state: PublishState,
    /// When it was published, or else when its row was made.
    pub date: Option<Timestamp>,
}

/// What tracing needs of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFacts {
    /// Its row number.
    pub key: ImageKey,
    /// What it is known by.
    pub name: ImageName,
    /// Whether its generation data may be shown.
    pub meta: MetaState,
    /// The image it was remixed from.
    pub remix_of: Option<ImageKey>,
}

/// One image's use of a stored resource.
#[derive(Clone, Debug, PartialEq)]
pub struct UseFacts {
    /// What it names.
    pub resource: StoredResource,
    /// How strongly; finite.
    pub weight: Option<f64>,
    /// Where it says so.
    pub sources: ResourceSources,
}

/// One image's use of a resource with one of its links, for exports.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageLink {
    /// The image.
    pub image: ImageKey,
    /// What it names.
    pub resource: StoredResource,
    /// Where it says so.
    pub sources: ResourceSources,
    /// The candidate. Its confidence is that of the resource; see `link::confidence_in_use`.
    pub link: Link,
    /// The model of the candidate, where known.
    pub model: Option<ModelId>,
}
