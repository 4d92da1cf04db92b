//! The folder `near/`: what was worked out, kept for the next command.
//!
//! - In: the table of copies as of a generation, and the pairs behind it.
//! - Out: both, where they still say what the catalog says.
//! - Never: truth. A file that is missing, damaged or of another version is as if nobody had worked anything out.
//!
//! `copies` holds the groups, `state.json` what they were made of, `code-pairs` and `blur-pairs` the [`PairMemory`]. The
//! state is written last: groups without their state are not used.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stemmata_index::near::Copies;
use stemmata_index::near::store::{Key, Opened, Record, Stamp, StoreError, Table};
use thiserror::Error;

use super::PairMemory;
use super::edges::Half;
use crate::catalog::{Catalog, CatalogError};
use crate::entity::FINGERPRINT_ALGORITHM;
use crate::link::duplicates::{DuplicateCounts, Duplicates};

/// Counts changes of the way in which verdicts and groups are made: what an older one made is made anew.
const WAY: u32 = 1;

/// Largest state that is read, in bytes.
const MOST_STATE_BYTES: u64 = 1 << 16;

/// A folder that could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The catalog could not be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A table could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be written.
    #[error("failed to write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process writes it.
    #[error("another process writes {}", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
}

/// What the groups of a folder were made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FolderState {
    /// The algorithm that made them.
    algorithm: u32,
    /// The generation of the catalog that they show.
    pub generation: u64,
    /// The decisions that they respect.
    decisions: String,
    /// What was compared.
    pub counts: DuplicateCounts,
    /// What else whoever compares wants to tell of it.
    pub told: serde_json::Value,
}

/// The folder.
#[derive(Clone, Debug)]
pub struct NearFolder(PathBuf);

impl NearFolder {
    /// The folder at a path; it need not be there.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The groups, if they show what the catalog says now.
    ///
    /// # Errors
    ///
    /// When the catalog cannot be read.
    pub fn current(&self, catalog: &Catalog) -> Result<Option<(Copies, FolderState)>, CatalogError> {
        let Some((copies, state)) = self.last() else { return Ok(None) };
        let is_current =
            state.generation == catalog.generation()? && state.decisions == decisions_digest(catalog)?;
        Ok(is_current.then_some((copies, state)))
    }

    /// The groups as they were last worked out, however long ago.
    pub fn last(&self) -> Option<(Copies, FolderState)> {
        let state = self.state()?;
        let copies = Copies::open(&self.0.join("copies"), algorithm()).ok().flatten()?;
        (copies.generation() == state.generation).then_some((copies, state))
    }

    fn state(&self) -> Option<FolderState> {
        let path = self.0.join("state.json");
        if fs::metadata(&path).ok()?.len() > MOST_STATE_BYTES {
            return None;
        }
        let state: FolderState = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (state.algorithm == algorithm()).then_some(state)
    }

    /// The pairs that were found before; none where there are no files that can be used.
    pub fn memory(&self) -> PairMemory {
        let half = |name: &str| -> Option<Half> {
            let Opened { records, .. } = Table::<Row>::open(&self.0.join(name), algorithm()).ok()??;
            let (known, pairs): (Vec<Row>, Vec<Row>) =
                records.into_iter().partition(|row| row.one == row.other);
            let pair = |row: Row| (row.one, row.other, f32::from_bits(row.distance));
            Some((known.into_iter().map(|row| row.one).collect(), pairs.into_iter().map(pair).collect()))
        };
        let parts = half("code-pairs").zip(half("blur-pairs"));
        parts.and_then(|(codes, blurs)| PairMemory::from_parts([codes, blurs])).unwrap_or_default()
    }

    /// Keeps what was worked out from this catalog.
    ///
    /// # Errors
    ///
    /// [`FolderError`]; what is not kept is worked out again the next time.
    pub fn keep(
        &self,
        catalog: &Catalog,
        found: &Duplicates,
        memory: &PairMemory,
        told: serde_json::Value,
    ) -> Result<(), FolderError> {
        let write = |path: &Path| {
            let path = path.to_owned();
            move |source| FolderError::Write { path, source }
        };
        fs::create_dir_all(&self.0).map_err(write(&self.0))?;
        let lock = self.0.join("lock");
        let held = File::create(&lock).map_err(write(&lock))?;
        if held.try_lock().is_err() {
            return Err(FolderError::Locked { path: self.0.clone() });
        }
        let stamp = Stamp { generation: found.copies.generation(), algorithm: algorithm() };
        for ((known, pairs), name) in memory.parts().into_iter().zip(["code-pairs", "blur-pairs"]) {
            let known = known.into_iter().map(|key| Row { one: key, other: key, distance: 0 });
            let pairs = pairs.into_iter().map(|(one, other, distance)| Row {
                one,
                other,
                distance: distance.to_bits(),
            });
            let mut rows: Vec<Row> = known.chain(pairs).collect();
            rows.sort_unstable();
            Table::write(&self.0.join(name), stamp, &rows)?;
        }
        found.copies.save(&self.0.join("copies"), algorithm())?;
        let state = FolderState {
            algorithm: algorithm(),
            generation: found.copies.generation(),
            decisions: decisions_digest(catalog)?,
            counts: found.counts,
            told,
        };
        let text = serde_json::to_vec(&state).expect("a state has text keys and plain values only");
        let (path, fresh) = (self.0.join("state.json"), self.0.join("state.json.new"));
        let mut file = File::create(&fresh).map_err(write(&fresh))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(write(&fresh))?;
        fs::rename(&fresh, &path).map_err(write(&path))
    }

    /// Forgets everything that was worked out.
    ///
    /// # Errors
    ///
    /// When a file cannot be deleted.
    pub fn clear(&self) -> Result<(), FolderError> {
        for name in ["state.json", "copies", "code-pairs", "blur-pairs"] {
            let path = self.0.join(name);
            stemmata_index::near::store::remove(&path)?;
        }
        Ok(())
    }
}

fn algorithm() -> u32 {
    FINGERPRINT_ALGORITHM * 1000 + WAY
}

/// Tells two states of the decisions apart.
fn decisions_digest(catalog: &Catalog) -> Result<String, CatalogError> {
    let mut hasher = blake3::Hasher::new();
    for decision in catalog.decisions()?.in_force() {
        hasher.update(format!("{decision:?}\n").as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// A pair of looks, or a look with itself: one that was compared with all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    one: u64,
    other: u64,
    /// The bits of the number.
    distance: u32,
}

impl Record for Row {
    const KIND: [u8; 4] = *b"LOOK";
    const BYTES: usize = 20;

    fn key(&self) -> Key {
        [self.one, self.other]
    }

    fn write(&self, row: &mut [u8]) {
        row[..8].copy_from_slice(&self.one.to_le_bytes());
        row[8..16].copy_from_slice(&self.other.to_le_bytes());
        row[16..20].copy_from_slice(&self.distance.to_le_bytes());
    }

    fn read(row: &[u8]) -> Option<Self> {
        let (one, rest) = row.split_first_chunk()?;
        let (other, rest) = rest.split_first_chunk()?;
        let (distance, _) = rest.split_first_chunk()?;
        Some(Self {
            one: u64::from_le_bytes(*one),
            other: u64::from_le_bytes(*other),
            distance: u32::from_le_bytes(*distance),
        })
    }
}

#[cfg(test)]
mod tests {
    use stemmata_index::near::{CopyClass, CopyGroup};

    use super::*;
    use crate::catalog::Access;

    fn catalog(home: &Path) -> Catalog {
        Catalog::open(&home.join("catalog.db"), Access::Write).expect("a new catalog")
    }

    fn found() -> Duplicates {
        let group = |class, members: &[u64]| CopyGroup { class, members: members.to_vec() };
        let groups = vec![group(CopyClass::SamePixels, &[3, 1]), group(CopyClass::Candidate, &[7, 1, 3])];
        Duplicates { copies: Copies::new(0, groups), ..Duplicates::default() }
    }

    fn memory() -> PairMemory {
        let codes = (vec![1, 5, 9], vec![(1, 9, 7.0)]);
        let blurs = (vec![2, 4], vec![(2, 4, 0.25)]);
        PairMemory::from_parts([codes, blurs]).expect("sorted")
    }

    #[test]
    fn what_is_kept_is_found_again_while_the_catalog_says_the_same() {
        let home = tempfile::tempdir().expect("a folder");
        let catalog = catalog(home.path());
        let folder = NearFolder::new(&home.path().join("near"));
        assert!(folder.current(&catalog).expect("readable").is_none());
        folder.keep(&catalog, &found(), &memory(), serde_json::json!({ "a": 1 })).expect("writes");
        let (copies, state) = folder.current(&catalog).expect("readable").expect("current");
        assert_eq!((copies, state.told), (found().copies, serde_json::json!({ "a": 1 })));
        assert_eq!(folder.memory(), memory());
        let other = Duplicates { copies: Copies::new(4, Vec::new()), ..Duplicates::default() };
        folder.keep(&catalog, &other, &memory(), serde_json::Value::Null).expect("writes");
        assert!(folder.current(&catalog).expect("readable").is_none(), "of another generation");
        assert!(folder.last().is_some());
        folder.clear().expect("deletes");
        assert!(folder.last().is_none());
    }

    #[test]
    fn damaged_files_are_as_if_nothing_were_there() {
        let home = tempfile::tempdir().expect("a folder");
        let catalog = catalog(home.path());
        let folder = NearFolder::new(&home.path().join("near"));
        for name in ["copies", "state.json", "code-pairs", "blur-pairs"] {
            folder.keep(&catalog, &found(), &memory(), serde_json::Value::Null).expect("writes");
            let path = home.path().join("near").join(name);
            let mut bytes = fs::read(&path).expect("it is there");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            fs::write(&path, bytes).expect("writes");
            let is_whole = folder.current(&catalog).expect("readable").is_some();
            assert_eq!(is_whole, name.ends_with("pairs"), "{name}");
            assert_eq!(folder.memory() == memory(), !name.ends_with("pairs"), "{name}");
        }
    }

    #[test]
    fn a_folder_that_another_process_writes_is_left_alone() {
        let home = tempfile::tempdir().expect("a folder");
        let catalog = catalog(home.path());
        let folder = NearFolder::new(&home.path().join("near"));
        fs::create_dir_all(home.path().join("near")).expect("makes");
        let lock = File::create(home.path().join("near/lock")).expect("makes");
        lock.lock().expect("locks");
        let outcome = folder.keep(&catalog, &found(), &memory(), serde_json::Value::Null);
        assert!(matches!(outcome, Err(FolderError::Locked { .. })));
    }
}
