//! How many people say a chunk, and how much of it one of them says.
//!
//! - In: images with their owner and the chunks that were asked for. Out: two counts for each of these chunks.
//! - Never: an owner's name beyond the counting.

use super::figures::{Counts, Names, by_key, one_more, sum};

/// Who says one chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkOwners {
    /// Owners of images with it, as far as they are known.
    pub owners: u64,
    /// Images of the one who has most of them.
    pub most_of_one: u64,
}

/// A count in progress: prompts, then negative prompts.
#[derive(Default)]
pub(super) struct OwnerCount {
    names: Names,
    images: [Counts<(u32, u32)>; 2],
}

impl OwnerCount {
    /// Counts one image; its chunks are places in the lists of those that were asked for.
    pub(super) fn add(&mut self, owner: Option<&str>, said: [&[u32]; 2]) {
        let Some(owner) = owner.and_then(stemmata_index::kept_keyword) else { return };
        let owner = self.names.number(owner);
        for (images, chunks) in self.images.iter_mut().zip(said) {
            chunks.iter().for_each(|chunk| one_more(images, (*chunk, owner)));
        }
    }

    /// Takes the counts of other images.
    pub(super) fn take(&mut self, other: Self) {
        let now = self.names.take(other.names);
        let here = |owner: u32| now.get(owner as usize).copied().unwrap_or(owner);
        for (mine, others) in self.images.iter_mut().zip(other.images) {
            sum(mine, others, |(chunk, owner)| (chunk, here(owner)));
        }
    }

    /// For each of so many chunks.
    pub(super) fn finish(self, asked: [usize; 2]) -> [Vec<ChunkOwners>; 2] {
        let [prompt, negative] = self.images;
        let list = |images: Counts<(u32, u32)>, asked: usize| {
            let mut found = vec![ChunkOwners::default(); asked];
            for ((chunk, _), images) in by_key(&images) {
                if let Some(chunk) = found.get_mut(chunk as usize) {
                    chunk.owners += 1;
                    chunk.most_of_one = chunk.most_of_one.max(images);
                }
            }
            found
        };
        [list(prompt, asked[0]), list(negative, asked[1])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_count_once_a_chunk_however_the_images_were_split() {
        let images: [(Option<&str>, &[u32], &[u32]); 6] = [
            (Some("ann"), &[0, 1], &[]),
            (Some(" ann "), &[0], &[0]),
            (Some("bob"), &[0], &[0]),
            (None, &[0, 1, 2], &[0]),
            (Some(""), &[2], &[]),
            (Some("cat"), &[7], &[]),
        ];
        for split in 0..=images.len() {
            let mut parts = [OwnerCount::default(), OwnerCount::default()];
            for (place, (owner, prompt, negative)) in images.iter().enumerate() {
                parts[usize::from(place >= split)].add(*owner, [prompt, negative]);
            }
            let [mut whole, other] = parts;
            whole.take(other);
            let who = |owners, most_of_one| ChunkOwners { owners, most_of_one };
            assert_eq!(whole.finish([3, 1]), [vec![who(2, 2), who(1, 1), who(0, 0)], vec![who(2, 1)]]);
        }
    }
}
