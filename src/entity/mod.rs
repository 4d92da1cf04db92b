//! The vocabulary: what an image, a model, a resource and a link are.
//!
//! - Plain values with their invariants; everything else in the crate speaks in them.
//! - Never: I/O, clocks, threads, JSON of any site.

mod air;
mod ancestry;
mod decision;
mod fingerprint;
mod fit;
mod generation;
mod hash;
mod id;
mod image;
mod item;
mod link;
mod media;
mod model;
mod name;
mod resource;
mod sampler;
mod time;
mod turn;

pub use air::Air;
pub use ancestry::{AncestryEdge, Descent, ParentEvidence};
pub use decision::{Decision, Decisions, Refused, Ruling};
pub use fingerprint::{CHROMA_VALUES, FINGERPRINT_ALGORITHM, Fingerprint};
pub use fit::{Fit, fit, holds_weights};
pub use generation::{GenerationData, MAX_SEED, MIN_SEED, Traits};
pub use hash::{FileHash, HashFault, HashKind, HexHash, JUNK_HASHES, JunkReason};
pub use id::{FileId, ImageId, ImageKey, ImageName, ModelId, PostId, VersionId};
pub use image::{Dialect, Image, ImageStats, MediaType, MetaState, NsfwLevel, PostedFor, VersionRelation};
pub use item::Item;
pub use link::{Confidence, Evidence, EvidenceClass, Link, LostReason, Relation};
pub use media::{Media, MediaIdentity, MediaKey};
pub use model::{Creator, Model, ModelFile, ModelStats, ModelVersion, Page, Pagination, PublishState, Tag};
pub use name::normalised_name;
pub use resource::{Resource, ResourceKind, ResourceSources, ResourceUse};
pub use sampler::{Sampling, canonical_sampler, canonical_scheduler, sampler_label};
pub use time::Timestamp;
pub use turn::Turn;
