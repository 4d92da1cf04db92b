//! Does an item satisfy the filter that was asked for? The site has ignored filters for weeks at a time.

use crate::entity::{Image, Item, Model};

use super::plan::{ImageFilter, Listing, ModelFilter};

/// Whether `item` is of the listing's kind and contradicts none of its filters.
///
/// Only contradictions count: a filter that the item says nothing about is taken as satisfied. Membership of a
/// model or version cannot be seen in an image, because the site also returns images by their posts.
pub(super) fn satisfies(listing: &Listing, item: &Item) -> bool {
    match (listing, item) {
        (Listing::Images(filter), Item::Image(image)) => image_satisfies(filter, image),
        (Listing::Models(filter), Item::Model(model, _)) => model_satisfies(filter, model),
        (Listing::Creators { query }, Item::Creator(creator)) => {
            query.as_deref().is_none_or(|part| contains(&creator.username, part))
        }
        (Listing::Tags { query }, Item::Tag(tag)) => {
            query.as_deref().is_none_or(|part| contains(&tag.name, part))
        }
        _ => false,
    }
}

fn image_satisfies(filter: &ImageFilter, image: &Image) -> bool {
    let agrees = |asked: Option<u64>, found: Option<u64>| match (asked, found) {
        (Some(asked), Some(found)) => asked == found,
        _ => true,
    };
    let id = match image.name {
        crate::entity::ImageName::Site(id) => Some(id.get()),
        _ => None,
    };
    agrees(filter.image.map(|id| id.get()), id)
        && agrees(filter.post.map(|id| id.get()), image.post.map(|id| id.get()))
        && same_name(filter.username.as_deref(), image.username.as_deref())
        && filter.media_type.is_none_or(|asked| image.media_type.is_none_or(|found| found == asked))
        && image.nsfw_level.is_none_or(|level| level.bits() & !filter.browsing_level == 0)
        && any_contained(&filter.base_models, image.base_model.as_deref())
}

fn model_satisfies(filter: &ModelFilter, model: &Model) -> bool {
    let kind_agrees = |kind: &str| filter.types.iter().any(|asked| asked.eq_ignore_ascii_case(kind));
    let creator = model.creator.as_ref().map(|creator| creator.username.as_str());
    (filter.ids.is_empty() || filter.ids.contains(&model.id))
        && (filter.types.is_empty() || model.kind.as_deref().is_none_or(kind_agrees))
        && same_name(filter.username.as_deref(), creator)
        && filter.tag.as_deref().is_none_or(|asked| has_tag(model, asked))
}

fn has_tag(model: &Model, asked: &str) -> bool {
    model.tags.is_empty() || model.tags.iter().any(|tag| tag.to_lowercase() == asked.to_lowercase())
}

/// Names as the site compares them: without case, blanks and punctuation.
fn same_name(asked: Option<&str>, found: Option<&str>) -> bool {
    let slug = |name: &str| {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>()
    };
    match (asked, found) {
        (Some(asked), Some(found)) => slug(asked) == slug(found),
        _ => true,
    }
}

fn any_contained(asked: &[String], found: Option<&str>) -> bool {
    asked.is_empty() || found.is_none_or(|found| asked.iter().any(|part| contains(found, part)))
}

fn contains(whole: &str, part: &str) -> bool {
    whole.to_lowercase().contains(&part.to_lowercase())
}
