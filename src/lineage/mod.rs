//! Reports per model: figures, and their forms.
//!
//! - In: a model or version of the catalog, and the images that name any resource: those that matter from the
//!   index, or all of them from the catalog.
//! - Out: a [`LineageReport`], which serialises to the machine contract, and its text for a terminal.
//! - Never: an image counted by its name alone, "made with" mixed with "posted for", or an order that
//!   depends on how the figures were gathered.

mod error;
mod figures;
mod indexed;
mod report;
mod scope;
mod text;

pub use crate::catalog::Usage;
pub use error::LineageError;
pub use figures::{
    Census, CoUse, Figures, Links, Representative, Representatives, Spread, Tally, VersionFigures, lift,
};
pub use indexed::{is_current, report_from_index};
pub use report::{
    Ancestry, BaseModel, CoUsed, Counted, Everywhere, ImageCounts, LineageReport, Options, Sampling,
    ScopeOut, Unresolved, UnresolvedResource, VersionReport, WeightSpread, report, report_of,
    representatives,
};
pub use scope::{Candidate, Scope, ScopeKind, Wanted, find_scope};
pub use text::render;

/// Result of an operation of this stage.
pub type Result<T> = std::result::Result<T, LineageError>;
