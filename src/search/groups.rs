//! Hits that belong together, as one line each.
//!
//! - In: a query, and what makes two images one group.
//! - Out: the best image of each group with the size of the group, a page at a time.
//! - Never: a judgement of what is a copy of what: that was settled before, and comes in as a table.

use stemmata_index::near::{Copies, CopyClass};
use stemmata_index::query::{Grouping, Parsed};
use stemmata_index::{GroupBy, Reader};

use super::cursor::{PageCursor, Question};
use super::{
    CatalogResolver, FoundImage, SearchError, SearchSettings, complete, continued, limit_of, order_of,
};

/// What makes two images one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// The words of the prompt, whatever their emphasis, case and punctuation.
    Prompt,
    /// The first checkpoint, as written.
    Model,
    /// The seed.
    Seed,
    /// Being copies of one another.
    Dup,
}

impl GroupKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Model => "model",
            Self::Seed => "seed",
            Self::Dup => "dup",
        }
    }
}

impl From<Grouping> for GroupKind {
    fn from(said: Grouping) -> Self {
        match said {
            Grouping::Prompt => Self::Prompt,
            Grouping::Model => Self::Model,
            Grouping::Seed => Self::Seed,
            Grouping::Dup => Self::Dup,
        }
    }
}

/// One group.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundGroup {
    /// The first of its images in the order asked for.
    pub best: FoundImage,
    /// How many images it has.
    pub count: u64,
}

/// A page of groups.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupPage {
    /// All images that match.
    pub total: u64,
    /// All groups.
    pub groups_in_all: u64,
    /// Images in no group, because they have no such value.
    pub without: u64,
    /// The groups of this page, in the order of their best images.
    pub groups: Vec<FoundGroup>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
    /// The generation of the catalog that the index shows.
    pub generation: u64,
    /// As [`super::Page::continued_from`].
    pub continued_from: Option<u64>,
}

/// Answers a query in groups. Copies are those of `copies` that share their pixels; without a table only the same stored
/// bytes are one group.
///
/// # Errors
///
/// As [`super::answer`].
pub fn answer_groups(
    resolver: &CatalogResolver<'_>,
    reader: &Reader,
    parsed: &Parsed,
    settings: &SearchSettings,
    kind: GroupKind,
    copies: Option<&Copies>,
) -> Result<GroupPage, SearchError> {
    let (limit, sort) = (limit_of(parsed, settings), order_of(parsed, settings));
    let question = Question::new(&parsed.query, &sort, kind.as_str());
    let after = settings.after.as_deref().map(|text| continued(text, question)).transpose()?;
    let options = stemmata_index::SearchOptions {
        limit: limit.saturating_add(1),
        sort,
        after: after.as_ref().map(|cursor| cursor.place.clone()),
    };
    let group_of = |media: u64| match copies {
        Some(copies) => copies.representative(media, CopyClass::ReEncode),
        None => media,
    };
    let by = match kind {
        GroupKind::Prompt => GroupBy::Prompt,
        GroupKind::Model => GroupBy::Model,
        GroupKind::Seed => GroupBy::Seed,
        GroupKind::Dup => GroupBy::Media(&group_of),
    };
    let mut found = reader.groups(resolver, &parsed.query, by, &options)?;
    let is_last = found.groups.len() <= limit;
    found.groups.truncate(limit);
    let place = found.groups.last().filter(|_| !is_last).map(|group| group.best.cursor.clone());
    let mut groups = Vec::with_capacity(found.groups.len());
    for group in &found.groups {
        let best = complete(resolver.catalog(), group.best.key, group.best.score)?;
        groups.extend(best.map(|best| FoundGroup { best, count: group.count }));
    }
    let generation = reader.generation();
    Ok(GroupPage {
        total: found.total,
        groups_in_all: found.distinct,
        without: found.without,
        groups,
        next: place.map(|place| PageCursor { question, generation, place }.to_string()),
        generation,
        continued_from: after.map(|cursor| cursor.generation).filter(|then| *then != generation),
    })
}
