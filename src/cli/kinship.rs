//! What queries and reports ask of copies and look-alikes, answered from `near/` and from the fingerprints of the catalog.
//!
//! - In: the groups as last worked out; what the catalog knows of how pictures look.
//! - Out: answers for the resolver of queries, worked out when they are first asked for.
//! - Never: new groups. A command that asks does not write.

use std::cell::{Cell, OnceCell};

use serde::Serialize;
use stemmata::catalog::{Catalog, CatalogError, MediaId};
use stemmata::link::copies::{Ground, Look, Reach, SimilarOptions, alike, blurred};
use stemmata::search::{CatalogResolver, Kinship};
use stemmata_index::near::Copies;

use super::exit::Exit;
use super::failure::Failure;
use super::near;
use super::session::Session;

/// How the groups of copies stand beside the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NearStanding {
    /// They show what it says.
    Current,
    /// They lack the latest changes.
    Behind,
    /// They show more than the catalog, as after restoring a backup.
    Ahead,
    /// There are none, or none that can be used.
    Missing,
}

impl NearStanding {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Behind => "behind",
            Self::Ahead => "ahead",
            Self::Missing => "missing",
        }
    }

    /// Compares the folder with the catalog.
    ///
    /// # Errors
    ///
    /// When the catalog cannot be read.
    pub(crate) fn of(session: &Session, catalog: &Catalog) -> Result<Self, Failure> {
        Ok(known(session, catalog)?.0)
    }
}

/// How the groups of copies stand, and those that are true of this catalog, now or as of an earlier generation.
fn known(session: &Session, catalog: &Catalog) -> Result<(NearStanding, Option<Copies>), CatalogError> {
    let folder = near::folder(session);
    if let Some((copies, _)) = folder.current(catalog)? {
        return Ok((NearStanding::Current, Some(copies)));
    }
    Ok(match folder.last() {
        None => (NearStanding::Missing, None),
        Some((_, state)) if state.generation > catalog.generation()? => (NearStanding::Ahead, None),
        Some((copies, _)) => (NearStanding::Behind, Some(copies)),
    })
}

/// A distance that no two BlurHashes keep.
const NOTHING: f32 = -1.0;

/// The near index of one run.
pub(crate) struct Near<'s> {
    session: &'s Session,
    catalog: &'s Catalog,
    copies: OnceCell<Result<Option<Copies>, String>>,
    ground: OnceCell<Result<Ground<'s>, String>>,
    standing: Cell<NearStanding>,
}

impl<'s> Near<'s> {
    /// Reads nothing yet.
    pub(crate) fn new(session: &'s Session, catalog: &'s Catalog) -> Self {
        let standing = Cell::new(NearStanding::Current);
        Self { session, catalog, copies: OnceCell::new(), ground: OnceCell::new(), standing }
    }

    /// A resolver that can ask for copies and look-alikes as well.
    pub(crate) fn resolver(&self) -> CatalogResolver<'_> {
        CatalogResolver::new(self.catalog).with_kinship(self)
    }

    /// The groups, for those who group hits by them; `None` where nobody worked them out yet, which is said.
    ///
    /// # Errors
    ///
    /// When they cannot be used.
    pub(crate) fn groups(&self) -> Result<Option<&Copies>, Failure> {
        let copies = self.copies().map_err(|message| {
            Failure::new(Exit::Unready, "near.unready", message).hint("`stemmata dupes` works them out anew")
        })?;
        if copies.is_none() {
            self.session.talk.warn(
                "copies were not worked out yet, so only the same stored bytes are one group; `stemmata dupes` works them \
                 out",
            );
        }
        Ok(copies)
    }

    /// Says when groups were asked for that lack the latest changes.
    pub(crate) fn warn(&self) {
        if self.standing.get() == NearStanding::Behind {
            self.session.talk.warn(
                "the groups of copies lack the latest changes; `stemmata dupes` brings them up to date",
            );
        }
    }

    /// The groups, for those who do without where there are none that can be used, and who say themselves of which
    /// generation they are.
    pub(crate) fn into_groups(self) -> Option<Copies> {
        self.read().unwrap_or_else(|message| {
            self.session.talk.warn(&format!("{message}; `stemmata dupes` works them out anew"));
            None
        })
    }

    /// How a media looks; `None` where the catalog has none of that number.
    fn look(&self, media: u64) -> Result<Option<Look>, String> {
        let Some(media) = MediaId::new(media) else { return Ok(None) };
        near::reader(self.catalog).look(media).map_err(|error| error.to_string())
    }

    fn ground(&self) -> Result<&Ground<'s>, String> {
        let open = || near::ground(self.session, self.catalog).map_err(|error| error.to_string());
        self.ground.get_or_init(open).as_ref().map_err(Clone::clone)
    }

    fn read(&self) -> Result<Option<Copies>, String> {
        let (standing, copies) = known(self.session, self.catalog).map_err(|error| error.to_string())?;
        self.standing.set(standing);
        match standing {
            NearStanding::Ahead => {
                Err("the groups of copies show more than the catalog, as after restoring a backup".into())
            }
            NearStanding::Current | NearStanding::Behind | NearStanding::Missing => Ok(copies),
        }
    }
}

impl Kinship for Near<'_> {
    fn copies(&self) -> Result<Option<&Copies>, String> {
        self.copies.get_or_init(|| self.read()).as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    fn alike(&self, media: u64, bits: Option<u32>) -> Result<Option<Vec<u64>>, String> {
        let look = self.look(media)?;
        let Some(look) = look.filter(|look| look.blur.is_some() || look.comparable().is_some()) else {
            return Ok(None);
        };
        let usual = SimilarOptions::default();
        let reach = match bits {
            // Bits are counted between pixels: what only has a BlurHash has no such distance.
            Some(bits) if look.comparable().is_some() => Reach { bits, blur: NOTHING },
            _ => usual.reach,
        };
        let found = alike(self.ground()?, &look, SimilarOptions { reach, ..usual });
        let found = found.map_err(|error| error.to_string())?;
        let mut found: Vec<u64> = found.into_iter().map(MediaId::get).collect();
        found.push(media);
        found.sort_unstable();
        found.dedup();
        Ok(Some(found))
    }

    fn blurred(&self, media: u64, distance: Option<f64>) -> Result<Option<Vec<u64>>, String> {
        let Some(look) = self.look(media)?.filter(|look| look.blur.is_some()) else { return Ok(None) };
        let most = distance.map_or(SimilarOptions::default().reach.blur, |distance| distance as f32);
        let found = blurred(self.ground()?, &look, most).map_err(|error| error.to_string())?;
        Ok(Some(found.into_iter().map(MediaId::get).collect()))
    }
}
