//! Where one picture is looked for.
//!
//! - In: a catalog, and the folder `near/` beside it.
//! - Out: what may look like a picture, the same whether the folder is there, behind, or missing.
//! - Never: a change of either.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;

use stemmata_index::near::codes::Code;

use super::reader::{Gathered, LookReader, Orders};
use super::similar::turned;
use super::tables::{Rows, Sought, TableCounts, Tables};
use super::update::{changed, listed, media_of};
use super::{Compared, Look, NearFolder, SimilarOptions};
use crate::catalog::{Catalog, CatalogError};

/// Most media that are read one by one; of more, everything is read in one go.
const MOST_READ: usize = 1 << 14;

/// Everything that a picture can be compared with.
pub struct Ground<'c> {
    reader: LookReader<'c>,
    /// Which media may look like a picture, where that is known.
    tables: Option<Known>,
    /// Everything, once it was needed.
    all: OnceCell<Gathered>,
}

/// Tables, and the media of which they say nothing that holds.
struct Known {
    tables: Tables,
    changed: BTreeSet<u64>,
    counts: TableCounts,
}

impl<'c> Ground<'c> {
    /// Opens it: the tables of the folder where they can be used, else everything in the catalog.
    ///
    /// # Errors
    ///
    /// When the catalog cannot be read.
    pub fn open(reader: LookReader<'c>, folder: &NearFolder) -> Result<Self, CatalogError> {
        let tables = folder.tables(reader.catalog())?.map(|tables| Known::new(reader, tables));
        let ground = Self { reader, tables: tables.transpose()?.flatten(), all: OnceCell::new() };
        if ground.tables.is_none() {
            ground.all()?;
        }
        Ok(ground)
    }

    /// The catalog.
    pub fn catalog(&self) -> &'c Catalog {
        self.reader.catalog()
    }

    /// How many media there are of each kind.
    pub(super) fn counts(&self) -> Result<TableCounts, CatalogError> {
        match &self.tables {
            Some(known) => Ok(known.counts),
            None => Ok(TableCounts::of_gathered(self.all()?)),
        }
    }

    /// Everything that may look like a picture, and more.
    pub(super) fn around(
        &self,
        look: &Look,
        options: SimilarOptions,
    ) -> Result<Cow<'_, Compared>, CatalogError> {
        let found = self.tables.as_ref().map(|known| known.around(look, options));
        match found.filter(|found| found.len() <= MOST_READ) {
            Some(found) => Ok(Cow::Owned(self.reader.some(media_of(&found), Orders::Zero)?.compared)),
            None => Ok(Cow::Borrowed(&self.all()?.compared)),
        }
    }

    fn all(&self) -> Result<&Gathered, CatalogError> {
        if let Some(all) = self.all.get() {
            return Ok(all);
        }
        let all = self.reader.all(Orders::Zero)?;
        Ok(self.all.get_or_init(|| all))
    }
}

impl Known {
    /// `None` where so much changed since that reading everything is as quick.
    fn new(reader: LookReader<'_>, tables: Tables) -> Result<Option<Self>, CatalogError> {
        let mut changed_since = BTreeSet::new();
        let mut counts = tables.counts();
        if reader.catalog().has_pictures_since(tables.generation())? {
            let Some((_, changed)) =
                changed(reader, &tables)?.filter(|(_, changed)| changed.len() <= MOST_READ)
            else {
                return Ok(None);
            };
            let Some(new) = Rows::of(&reader.some(media_of(&changed), Orders::Zero)?) else {
                return Ok(None);
            };
            counts = tables.counts_with(&tables.rows(&listed(&changed)), &new);
            changed_since = changed;
        }
        Ok(Some(Self { tables, changed: changed_since, counts }))
    }

    fn around(&self, look: &Look, options: SimilarOptions) -> BTreeSet<u64> {
        let mut sought = Sought::like(look);
        let turned = turned(look, options.turns);
        sought.codes.extend(turned.iter().map(|(_, fingerprint)| Code(fingerprint.code())));
        let mut found = self.tables.around(&sought, options.reach);
        found.extend(&self.changed);
        found
    }
}
