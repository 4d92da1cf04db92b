//! What a walk looks at in an item: its identity, and whether it is what was asked for. Pure.

use crate::catalog::{Record, raw_hash};
use crate::entity::{ImageName, Item, MetaState, Model, Timestamp};

use super::check::satisfies;
use super::page::identity;
use super::plan::Listing;

/// One item as the decisions of a walk see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    /// Its number, or a hash of its name.
    pub(super) id: u64,
    /// Whether it contradicts no filter.
    pub(super) satisfies: bool,
    /// Whether generation data was asked for and did not come. Data that the owner hides is no lack.
    pub(super) lacks_meta: bool,
    /// Maturity bits; 0 where the item says nothing.
    pub(super) nsfw_level: u32,
    /// Its date in the order of the listing.
    pub(super) at: Option<Timestamp>,
}

impl Sight {
    pub(super) fn of(record: &Record, listing: &Listing) -> Self {
        let item = &record.item;
        let (lacks_meta, nsfw_level, at) = match item {
            Item::Image(image) => (
                matches!(image.meta, MetaState::Null | MetaState::Withheld | MetaState::NotSaid),
                image.nsfw_level.map_or(0, |level| level.bits()),
                image.published_at.or(image.created_at),
            ),
            Item::Model(model, _) => {
                (false, model.nsfw_level.map_or(0, |level| level.bits()), last_version(model))
            }
            Item::Version(..) | Item::Creator(_) | Item::Tag(_) => (false, 0, None),
        };
        Self { id: number(item), satisfies: satisfies(listing, item), lacks_meta, nsfw_level, at }
    }
}

/// The site's number of an item, or a hash of its name.
pub(super) fn number(item: &Item) -> u64 {
    match item {
        Item::Image(image) => match image.name {
            ImageName::Site(id) => id.get(),
            ImageName::Url(_) | ImageName::Path(_) => hashed(item),
        },
        Item::Model(model, _) => model.id.get(),
        Item::Version(version, _) => version.id.get(),
        Item::Creator(_) | Item::Tag(_) => hashed(item),
    }
}

/// A collision would miscount one item.
fn hashed(item: &Item) -> u64 {
    raw_hash(&identity(item)).cast_unsigned()
}

fn last_version(model: &Model) -> Option<Timestamp> {
    model.versions.iter().filter_map(|version| version.published_at.or(version.created_at)).max()
}
