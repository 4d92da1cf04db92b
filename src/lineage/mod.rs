//! Reports per model: figures, and their forms.
//!
//! - In: a model, version, creator, base model, tag or query, and the images that name any resource: those that matter
//!   from the index, or all of them from the catalog.
//! - Out: a [`LineageReport`], which serialises to the machine contract and is read back from it, its text for a
//!   terminal, a [`Comparison`] of two of them, and a [`Ranking`] of all models.
//! - Never: an image counted by its name alone, "made with" mixed with "posted for", or an order that
//!   depends on how the figures were gathered.

mod compare;
mod direct;
mod divergence;
mod drift;
mod error;
mod explain;
mod family;
mod figures;
mod forms;
mod indexed;
mod lift;
mod owners;
mod ranking;
mod report;
mod scope;
mod score;
mod text;
mod themes;

pub use crate::catalog::{Usage, Works};
pub use compare::{Comparison, ListChange, NumberChange, RowChange, compare};
pub use direct::{report, representatives};
pub use divergence::{Divergence, Pair};
pub use error::LineageError;
pub use explain::{Explained, explain};
pub use figures::{
    ByNumber, Census, Counts, Figures, Habits, Known, Members, Names, NumberHasher, Period, Representative,
    Representatives, Sighting, Spread, Strength, Tally, VersionFigures, monday, week_name, week_of,
};
pub use forms::{CsvFile, ProvImage, ProvUse, csv, dot, html, markdown, mermaid, prov, prov_images};
pub use indexed::{is_current, report_from_index, report_on_matches};
pub use lift::{lift, shrunk_lift};
pub use owners::ChunkOwners;
pub use ranking::{RankedModel, Ranking, ranking};
pub use report::*;
pub use scope::{Candidate, Scope, ScopeKind, Wanted, find_scope};
pub use score::FORMULA;
pub use text::{render, render_comparison, render_explanations};
pub use themes::log_odds;

/// Result of an operation of this stage.
pub type Result<T> = std::result::Result<T, LineageError>;
