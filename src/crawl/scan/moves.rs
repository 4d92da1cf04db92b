//! Files that are gone from one place and new in another.
//!
//! A file is the one that is gone if both have the same size and the same sample of bytes, and one of these holds too:
//! both are the same file of the file system, both were last changed at the same nanosecond, all bytes hash to the
//! same, or their metadata are the same to the byte. A file that is still where it was is never taken for moved.

use std::collections::{HashMap, HashSet};

use super::read::Reading;
use crate::catalog::{Catalog, FileKind, LocalFile, LocalFileId};
use crate::entity::Timestamp;

use super::ScanError;

/// A file that is gone.
#[derive(Debug)]
pub(super) struct Gone {
    pub(super) file: LocalFile,
    /// Tells the raw record of its image apart.
    pub(super) raw_hash: Option<i64>,
}

/// Files that are gone, by size and sample; within one, in the order of their paths.
pub(super) type Candidates = HashMap<(u64, i64), Vec<Gone>>;

/// What of a new file can be compared.
pub(super) struct Arrival<'a> {
    pub(super) path: &'a [u8],
    pub(super) stat: crate::catalog::FileStat,
    pub(super) kind: FileKind,
    pub(super) sample: i64,
    pub(super) raw_hash: Option<i64>,
}

/// The files that `arrival` may be, the likeliest first. `content` hashes all its bytes, if need be.
pub(super) fn origins(
    candidates: &Candidates,
    arrival: &Arrival<'_>,
    mut content: impl FnMut() -> Option<[u8; 32]>,
) -> Vec<LocalFileId> {
    let Some(gone) = candidates.get(&(arrival.stat.size_bytes, arrival.sample)) else { return Vec::new() };
    let mut hash: Option<Option<[u8; 32]>> = None;
    let mut likely: Vec<(Likeness, bool, LocalFileId)> = Vec::new();
    for one in gone.iter().filter(|one| one.file.kind == arrival.kind) {
        let likeness = match likeness(one, arrival) {
            Some(likeness) => Some(likeness),
            None => match one.file.content {
                Some(known) => {
                    (*hash.get_or_insert_with(&mut content) == Some(known)).then_some(Likeness::Bytes)
                }
                None => None,
            },
        };
        let other_name = name(&one.file.path) != name(arrival.path);
        likely.extend(likeness.map(|likeness| (likeness, other_name, one.file.id)));
    }
    likely.sort_unstable();
    likely.into_iter().map(|(_, _, id)| id).collect()
}

/// What two files have in common, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    SameInode,
    Bytes,
    SameTime,
    Metadata,
}

fn likeness(gone: &Gone, arrival: &Arrival<'_>) -> Option<Likeness> {
    let (old, new) = (gone.file.stat, arrival.stat);
    let numbered = new.inode != 0 && (old.device, old.inode) == (new.device, new.inode);
    if numbered && old.modified_ns == new.modified_ns {
        return Some(Likeness::SameInode);
    }
    if old.modified_ns == new.modified_ns {
        return Some(Likeness::SameTime);
    }
    let same_metadata = gone.raw_hash.is_some() && gone.raw_hash == arrival.raw_hash;
    same_metadata.then_some(Likeness::Metadata)
}

fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/' || *byte == b'\\').next().unwrap_or(path)
}

/// Which gone files have been found again.
pub(super) struct Moves {
    candidates: std::sync::Arc<Candidates>,
    /// Those that were present until this scan.
    fresh: Vec<LocalFileId>,
    claimed: HashSet<LocalFileId>,
}

impl Moves {
    /// `gone` are the files that this scan did not find, in the order of their paths. Files that were missing before
    /// count, too.
    /// `wanted` says whether there is anything to compare them with.
    pub(super) fn new(catalog: &Catalog, gone: Vec<LocalFile>, wanted: bool) -> Result<Self, ScanError> {
        let fresh = gone.iter().map(|file| file.id).collect();
        let mut candidates = Candidates::new();
        if !wanted {
            return Ok(Self { candidates: candidates.into(), fresh, claimed: HashSet::new() });
        }
        let known: HashSet<LocalFileId> = gone.iter().map(|file| file.id).collect();
        let before = catalog.missing_files()?.into_iter().filter(|file| !known.contains(&file.id));
        for file in gone.into_iter().chain(before) {
            let Some(sample) = file.sample else { continue };
            let raw_hash = match (file.kind, file.image) {
                (FileKind::Image | FileKind::Video, Some(image)) => catalog.raw_hash_of(image)?,
                _ => None,
            };
            candidates.entry((file.stat.size_bytes, sample)).or_default().push(Gone { file, raw_hash });
        }
        Ok(Self { candidates: candidates.into(), fresh, claimed: HashSet::new() })
    }

    /// What readers compare new files with.
    pub(super) fn candidates(&self) -> std::sync::Arc<Candidates> {
        self.candidates.clone()
    }

    /// Gives each new file the likeliest origin that no file before it has. Says how many got one.
    pub(super) fn settle(&mut self, reading: &mut Reading) -> u64 {
        let mut moved = 0;
        for (position, origins) in std::mem::take(&mut reading.origins) {
            let Some(origin) = origins.into_iter().find(|origin| !self.claimed.contains(origin)) else {
                continue;
            };
            if let Some(file) = reading.batch.files.get_mut(position) {
                file.moved_from = Some(origin);
                self.claimed.insert(origin);
                moved += u64::from(file.kind != FileKind::Sidecar);
            }
        }
        moved
    }

    /// The files that were present until this scan and were not found anywhere.
    pub(super) fn unclaimed(&self) -> Vec<LocalFileId> {
        self.fresh.iter().copied().filter(|file| !self.claimed.contains(file)).collect()
    }
}

/// When a file was last changed, as a moment of the catalog.
pub(super) fn modified(stat: &crate::catalog::FileStat) -> Option<Timestamp> {
    Timestamp::from_millis(stat.modified_ns.div_euclid(1_000_000))
}
