//! Where an index stands beside its catalog.

use stemmata_index::Reader;

use crate::catalog::{Catalog, Result};

/// How an index relates to a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It shows the last generation.
    Current,
    /// It lacks the last generations.
    Behind,
    /// It shows a generation that the catalog does not have: an older catalog was put in the place of the one it was fed
    /// from.
    Ahead,
    /// It shows a generation of another catalog, or of another life of this one.
    Foreign,
}

impl Standing {
    /// The word for it in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Behind => "behind",
            Self::Ahead => "ahead",
            Self::Foreign => "foreign",
        }
    }

    /// Whether what it shows was taken from this catalog, so that it can be brought up to date.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Current | Self::Behind)
    }
}

/// Compares an index with a catalog by generation and by the mark that was committed with it. Two look-ups by key.
///
/// # Errors
///
/// When the catalog cannot be read.
pub fn standing(catalog: &Catalog, reader: &Reader) -> Result<Standing> {
    compare(catalog, reader.generation(), reader.mark())
}

pub(super) fn compare(catalog: &Catalog, shown: u64, mark: Option<u64>) -> Result<Standing> {
    let newest = catalog.generation()?;
    if shown > newest {
        return Ok(Standing::Ahead);
    }
    let is_foreign = mark.is_some() && shown > 0 && catalog.generation_mark(shown)? != mark;
    Ok(match (is_foreign, shown == newest) {
        (true, _) => Standing::Foreign,
        (false, true) => Standing::Current,
        (false, false) => Standing::Behind,
    })
}
