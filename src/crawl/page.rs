//! The items of one document, converted on all threads and counted: what a batch is made of. Pure.

use rayon::prelude::*;

use crate::catalog::{self, RawBlock, Record};
use crate::entity::{Dialect, Item, VersionId, VersionRelation};
use crate::source::civitai::{
    Context, Converted, FieldWarning, ItemError, ItemKind, MetaRequest, Opened, RawItem, convert,
};

use super::context::{VersionList, mark_version_lists, mark_withheld};
use super::report::{ItemFailure, Tally};

/// What the caller knows of a document's items.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) kind: ItemKind,
    pub(super) meta_request: MetaRequest,
    pub(super) returned_for: Option<VersionId>,
    pub(super) dialect: Option<Dialect>,
    /// The number of the page, for failures.
    pub(super) page: u64,
    /// Items at the head of the page that an earlier run has taken.
    pub(super) skip: usize,
    /// The most items to take.
    pub(super) take: usize,
    /// Whether models come with all their versions.
    pub(super) versions: VersionList,
}

/// Items of one page, in the order received.
#[derive(Debug)]
pub(super) struct ReadPage {
    pub(super) raw: RawBlock,
    pub(super) records: Vec<Record>,
    /// Items that the page held for this run, damaged ones included.
    pub(super) items: u64,
}

/// Converts the items of a document; a damaged item is counted in `tally` and costs only itself.
///
/// # Errors
///
/// When the raw texts cannot be packed.
pub(super) fn read_page(
    opened: &Opened<'_>,
    expected: Expected,
    tally: &mut Tally,
) -> catalog::Result<ReadPage> {
    let range = expected.skip..expected.skip.saturating_add(expected.take);
    let failure = |position, reason| ItemFailure { page: expected.page, position, reason };
    let mut items = 0;
    for problem in opened.problems.iter().filter(|problem| range.contains(&problem.position)) {
        items += 1;
        tally.fail(failure(problem.position, problem.kind.to_string()));
    }
    let taken: Vec<&RawItem<'_>> =
        opened.items.iter().filter(|item| range.contains(&item.position)).collect();
    items += taken.len() as u64;
    let texts: Vec<&str> = taken.iter().map(|item| item.text).collect();
    // The catalog is written by one thread, which waits for this.
    let (raw, converted) = rayon::join(
        || RawBlock::pack(&texts),
        || taken.par_iter().map(|item| read_item(item, expected)).collect::<Vec<_>>(),
    );
    let mut records = Vec::with_capacity(taken.len());
    for ((raw_position, item), converted) in (0..).zip(taken).zip(converted) {
        match converted {
            Err(error) => tally.fail(failure(item.position, error.to_string())),
            Ok((converted, raw_hash)) => {
                warn(&converted.warnings, tally);
                records.push(Record { item: converted.item, raw_position, raw_hash });
            }
        }
    }
    mark_version_lists(&mut records, expected.versions);
    mark_withheld(&mut records);
    tally.items += items;
    Ok(ReadPage { raw: raw?, records, items })
}

/// One item, and the hash of its text.
fn read_item(item: &RawItem<'_>, expected: Expected) -> Result<(Converted, i64), ItemError> {
    let context = Context {
        kind: Some(expected.kind),
        meta_request: expected.meta_request,
        returned_for: expected.returned_for,
        dialect: expected.dialect,
        document: b"",
        position: item.position,
    };
    Ok((convert(item.text, &context)?, catalog::raw_hash(item.text)))
}

/// Takes back the note that an image was returned for a version: the filter was not obeyed.
pub(super) fn forget_returned_for(item: &mut Item) {
    if let Item::Image(image) = item {
        image.posted_for.retain(|posted| posted.relation != VersionRelation::Returned);
    }
}

/// What tells one item of a listing from another.
pub(super) fn identity(item: &Item) -> String {
    match item {
        Item::Image(image) => image.name.to_string(),
        Item::Model(model, _) => model.id.to_string(),
        Item::Version(version, _) => version.id.to_string(),
        Item::Creator(creator) => creator.username.clone(),
        Item::Tag(tag) => tag.name.clone(),
    }
}

fn warn(warnings: &[FieldWarning], tally: &mut Tally) {
    warnings.iter().for_each(|warning| tally.warn(&warning.field));
}
