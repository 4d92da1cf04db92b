//! Creators and tags.

use super::wire::Fields;
use crate::entity::{Creator, Tag};

/// `None` without a name, as for deleted accounts.
pub(super) fn read_creator(fields: &Fields<'_>) -> Option<Creator> {
    Some(Creator {
        username: fields.text("username")?,
        image: fields.text("image"),
        model_count: fields.unsigned("modelCount"),
        link: fields.text("link"),
    })
}

/// `None` without a name.
pub(super) fn read_tag(fields: &Fields<'_>) -> Option<Tag> {
    Some(Tag {
        name: fields.text("name")?,
        model_count: fields.unsigned("modelCount"),
        link: fields.text("link"),
    })
}
