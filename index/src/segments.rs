//! Which segments become one: while an index grows, and when it is compacted.
//!
//! Queries look at all segments at once, so that the largest decides how long they take, and many cost each query a look
//! into each. A handful of about the same size is best.

use tantivy::SegmentMeta;
use tantivy::index::SegmentId;
use tantivy::indexer::{MergeCandidate, MergePolicy};

/// Segments that a finished index has at least: as many as look at them at once on most machines.
const SEGMENTS: usize = 4;
/// Fewer documents than this are not worth a segment of their own.
const SMALL_SEGMENT: u64 = 50_000;

/// Fewest segments that are merged into one: each document is written again once for every sixfold growth of the index.
const MERGED_AT_ONCE: usize = 6;
/// The largest segment of a merge has at most this many times the documents of the least.
const MERGED_SPREAD: u64 = 2;
/// Segments of fewer documents than this count as having this many.
const LEAST_SEGMENT: u64 = 20_000;
/// A segment more than one in so many of whose documents are deleted is written again without them.
const DELETED_ONE_IN: u32 = 4;

/// Merges segments of about the same size, but never into one with more than its share of all documents.
#[derive(Debug)]
pub(crate) struct Evenly;

impl MergePolicy for Evenly {
    fn compute_merge_candidates(&self, segments: &[SegmentMeta]) -> Vec<MergeCandidate> {
        let (wasteful, kept): (Vec<_>, Vec<_>) = segments.iter().partition(|segment| is_wasteful(segment));
        let total = segments.iter().map(documents).sum();
        let sizes: Vec<u64> = kept.iter().copied().map(documents).collect();
        let groups = groups(&sizes, total);
        let groups = groups.iter().map(|group| group.iter().map(|place| kept[*place].id()).collect());
        let alone = wasteful.iter().map(|segment| vec![segment.id()]);
        alone.chain(groups).map(MergeCandidate).collect()
    }
}

fn documents(segment: &SegmentMeta) -> u64 {
    segment.num_docs().into()
}

fn is_wasteful(segment: &SegmentMeta) -> bool {
    segment.num_deleted_docs() > segment.max_doc() / DELETED_ONE_IN
}

/// Segments to merge, by their places in `sizes`, which are documents; `total` is how many documents the index has.
fn groups(sizes: &[u64], total: u64) -> Vec<Vec<usize>> {
    let largest = (total / SEGMENTS as u64).max(SMALL_SEGMENT);
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|place| sizes[*place]);
    let mut groups: Vec<Vec<usize>> = vec![Vec::new()];
    let (mut least, mut merged) = (0, 0);
    for place in order {
        let size = sizes[place];
        let fits = size <= least * MERGED_SPREAD && merged + size <= largest;
        match groups.last_mut().filter(|_| fits) {
            Some(group) => group.push(place),
            None => {
                groups.push(vec![place]);
                (least, merged) = (size.max(LEAST_SEGMENT), 0);
            }
        }
        merged += size;
    }
    groups.retain(|group| group.len() >= MERGED_AT_ONCE);
    groups
}

/// Segments to merge so that a few of about the same size remain, without deleted documents.
pub(crate) fn compaction(segments: &[SegmentMeta]) -> Vec<Vec<SegmentId>> {
    let total: u64 = segments.iter().map(documents).sum();
    let wanted = usize::try_from(total / SMALL_SEGMENT).unwrap_or(SEGMENTS).clamp(1, SEGMENTS);
    let mut by_size: Vec<&SegmentMeta> = segments.iter().collect();
    by_size.sort_by_key(|segment| (std::cmp::Reverse(segment.num_docs()), segment.id()));
    let mut bins: Vec<(u64, Vec<&SegmentMeta>)> = vec![(0, Vec::new()); wanted];
    for segment in by_size {
        if let Some(bin) = bins.iter_mut().min_by_key(|(documents, _)| *documents) {
            bin.0 += documents(segment);
            bin.1.push(segment);
        }
    }
    let is_done = |bin: &[&SegmentMeta]| bin.len() < 2 && bin.iter().all(|segment| !segment.has_deletes());
    let bins = bins.into_iter().filter(|(_, bin)| !is_done(bin));
    bins.map(|(_, bin)| bin.into_iter().map(SegmentMeta::id).collect()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Takes segments in as they come and merges after each; gives the sizes that remain and how many documents were
    /// written again.
    fn grown(coming: &[u64]) -> (Vec<u64>, u64) {
        let (mut sizes, mut rewritten) = (Vec::new(), 0);
        for size in coming {
            sizes.push(*size);
            loop {
                let groups = groups(&sizes, sizes.iter().sum());
                let Some(group) = groups.first() else { break };
                let merged: u64 = group.iter().map(|place| sizes[*place]).sum();
                rewritten += merged;
                let mut place = 0;
                sizes.retain(|_| {
                    place += 1;
                    !group.contains(&(place - 1))
                });
                sizes.push(merged);
            }
        }
        (sizes, rewritten)
    }

    #[test]
    fn a_large_load_ends_in_segments_of_about_the_same_size() {
        let (sizes, rewritten) = grown(&[125_000; 80]);
        assert!(sizes.len() <= 20, "{sizes:?}");
        assert!(sizes.iter().all(|size| *size <= 10_000_000 / 4), "{sizes:?}");
        assert!(rewritten <= 15_000_000, "{rewritten}");
    }

    #[test]
    fn a_load_of_few_segments_is_left_as_it_is() {
        assert_eq!(grown(&[125_000; 8]), (vec![125_000; 8], 0));
    }

    #[test]
    fn small_additions_do_not_pile_up() {
        let (sizes, _) = grown(&[10; 1_000]);
        assert!(sizes.len() <= 12, "{sizes:?}");
    }

    proptest! {
        #[test]
        fn merges_come_to_an_end_and_keep_their_measure(
            coming in proptest::collection::vec(1_u64..300_000, 1..200),
        ) {
            let (sizes, rewritten) = grown(&coming);
            let total: u64 = coming.iter().sum();
            prop_assert_eq!(sizes.iter().sum::<u64>(), total);
            let largest = coming.iter().copied().max().unwrap_or(0).max(total / 4).max(SMALL_SEGMENT);
            prop_assert!(sizes.iter().all(|size| *size <= largest));
            prop_assert!(sizes.len() <= 60, "{:?}", sizes);
            prop_assert!(rewritten <= total * 12);
        }
    }
}
