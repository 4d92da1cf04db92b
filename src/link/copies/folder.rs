//! The folder `near/`: what was worked out, kept for the next command.
//!
//! - In: the table of copies as of a generation, and the pairs behind it.
//! - Out: both, where they still say what the catalog says.
//! - Never: truth. A file that is missing, damaged or of another version is as if nobody had worked anything out.
//!
//! `copies-0` or `copies-1` holds the groups, `state.json` says which, and what they were made of; `code-pairs` and
//! `blur-pairs` are the [`PairMemory`], `blurs`, `codes` and `marks` the tables by which groups are brought up to date.
//! New groups are written beside the present ones, and the state last: until then, the present ones are used. Tables of
//! another generation than the state are what a crash left, and not used.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stemmata_index::near::Copies;
use stemmata_index::near::store::{Key, Opened, Record, Stamp, StoreError, Table};
use thiserror::Error;

use super::PairMemory;
use super::edges::Half;
use super::reader::{LookReader, Orders};
use super::tables::{self, Rows, Tables};
use super::update::{Updated, update};
use crate::catalog::{Catalog, CatalogError};
use crate::entity::FINGERPRINT_ALGORITHM;
use crate::link::duplicates::{DuplicateCounts, DuplicateError, DuplicateOptions, Duplicates, of_gathered};
use crate::run::RunContext;

/// Counts changes of the way in which verdicts and groups are made: what an older one made is made anew.
const WAY: u32 = 2;

/// Files that hold groups, of which one is the present one.
const SLOTS: [&str; 2] = ["copies-0", "copies-1"];

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
    /// What tells that generation from one of the same number in another catalog.
    mark: Option<u64>,
    /// The decisions that they respect.
    decisions: String,
    /// What was compared.
    pub counts: DuplicateCounts,
    /// Which of the files holds the groups.
    slot: usize,
}

/// The groups as of now, and why they could not be kept.
#[derive(Debug)]
pub struct UpToDate {
    /// The groups, and what they were made of.
    pub found: Duplicates,
    /// What is not kept is worked out again the next time.
    pub not_kept: Option<FolderError>,
}

/// Groups, and whether they could be kept.
type Kept = (Duplicates, Result<(), FolderError>);

/// The folder.
#[derive(Clone, Debug)]
pub struct NearFolder(PathBuf);

impl NearFolder {
    /// The folder at a path; it need not be there.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The groups, if they show what the catalog says now: of the same generation, or of one after which nothing changed
    /// that they depend on.
    ///
    /// # Errors
    ///
    /// When the catalog cannot be read.
    pub fn current(&self, catalog: &Catalog) -> Result<Option<(Copies, FolderState)>, CatalogError> {
        let Some((copies, state)) = self.last() else { return Ok(None) };
        let is_current = is_of(&state, catalog)? && !catalog.has_pictures_since(state.generation)?;
        Ok(is_current.then_some((copies, state)))
    }

    /// The groups as they were last worked out, however long ago.
    pub fn last(&self) -> Option<(Copies, FolderState)> {
        // Who reads the state just before it is replaced may find its groups replaced as well, but not twice.
        (0..2).find_map(|_| {
            let state = self.state()?;
            let copies = Copies::open(&self.0.join(SLOTS.get(state.slot)?), algorithm()).ok().flatten()?;
            (copies.generation() == state.generation).then_some((copies, state))
        })
    }

    fn state(&self) -> Option<FolderState> {
        let path = self.0.join("state.json");
        if fs::metadata(&path).ok()?.len() > MOST_STATE_BYTES {
            return None;
        }
        let state: FolderState = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (state.algorithm == algorithm()).then_some(state)
    }

    /// The tables, if they are what the last groups were made of, and the catalog still is the one that they show.
    ///
    /// # Errors
    ///
    /// When the catalog cannot be read.
    pub(super) fn tables(&self, catalog: &Catalog) -> Result<Option<Tables>, CatalogError> {
        let Some(state) = self.state() else { return Ok(None) };
        if !is_of(&state, catalog)? {
            return Ok(None);
        }
        let tables = Tables::open(&self.0, algorithm());
        Ok(tables.filter(|tables| tables.generation() == state.generation))
    }

    /// The groups as of now: kept ones if they still hold, else brought up to date, or worked out from nothing, and kept.
    ///
    /// # Errors
    ///
    /// [`DuplicateError`]. What cannot be kept is told beside the groups.
    pub fn up_to_date(&self, reader: LookReader<'_>, run: &RunContext) -> Result<UpToDate, DuplicateError> {
        let catalog = reader.catalog();
        if let Some((copies, state)) = self.current(catalog)? {
            let found = Duplicates { copies, counts: state.counts };
            return Ok(UpToDate { found, not_kept: None });
        }
        // Held until what is found is kept, so that nobody else changes what it was made of.
        let held = self.lock();
        let (found, kept) = match &held {
            Ok(_) => self.brought_up_to_date(reader, run)?,
            Err(_) => None,
        }
        .map_or_else(|| self.worked_out(reader, held.is_ok(), run), Ok)?;
        Ok(UpToDate { found, not_kept: held.err().or(kept.err()) })
    }

    pub(super) fn brought_up_to_date(
        &self,
        reader: LookReader<'_>,
        run: &RunContext,
    ) -> Result<Option<Kept>, DuplicateError> {
        let catalog = reader.catalog();
        let (Some((copies, state)), Some(tables)) = (self.last(), self.tables(catalog)?) else {
            return Ok(None);
        };
        let options = DuplicateOptions::default();
        let updated = update(reader, (&copies, state.counts), &tables, &options, run)?;
        Ok(updated.map(|Updated { found, old, new }| {
            let replaced = tables.replace(&old, &new, found.copies.generation());
            let kept = replaced.map_err(FolderError::from).and_then(|()| self.keep(catalog, &found));
            (found, kept)
        }))
    }

    fn worked_out(
        &self,
        reader: LookReader<'_>,
        is_kept: bool,
        run: &RunContext,
    ) -> Result<Kept, DuplicateError> {
        let catalog = reader.catalog();
        let generation = catalog.generation()?;
        let gathered = reader.all(Orders::Read)?;
        let rows = Rows::of(&gathered).filter(|_| is_kept);
        let (mut memory, options) = (self.memory(), DuplicateOptions::default());
        let found = of_gathered(reader, gathered, generation, &options, &mut memory, run)?;
        let keep = || {
            self.keep_basis(rows.as_ref(), &memory, generation)?;
            self.keep(catalog, &found)
        };
        let kept = if is_kept { keep() } else { Ok(()) };
        Ok((found, kept))
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

    /// Takes the right to write, until the file is dropped.
    fn lock(&self) -> Result<File, FolderError> {
        fs::create_dir_all(&self.0).map_err(unwritten(&self.0))?;
        let lock = self.0.join("lock");
        let held = File::create(&lock).map_err(unwritten(&lock))?;
        match held.try_lock() {
            Ok(()) => Ok(held),
            Err(_) => Err(FolderError::Locked { path: self.0.clone() }),
        }
    }

    /// Keeps what groups were made of, in place of what is there.
    fn keep_basis(
        &self,
        rows: Option<&Rows>,
        memory: &PairMemory,
        generation: u64,
    ) -> Result<(), FolderError> {
        let stamp = Stamp { generation, algorithm: algorithm() };
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
        match rows {
            Some(rows) => Tables::write(&self.0, rows, stamp)?,
            None => self.remove(&tables::NAMES)?,
        }
        Ok(())
    }

    /// Keeps groups, and makes them the present ones.
    fn keep(&self, catalog: &Catalog, found: &Duplicates) -> Result<(), FolderError> {
        let present = self.state().map(|state| state.slot);
        let slot = usize::from(present == Some(0));
        found.copies.save(&self.0.join(SLOTS[slot]), algorithm())?;
        let state = FolderState {
            algorithm: algorithm(),
            generation: found.copies.generation(),
            mark: catalog.generation_mark(found.copies.generation())?,
            decisions: decisions_digest(catalog)?,
            counts: found.counts,
            slot,
        };
        let text = serde_json::to_vec(&state).expect("a state has text keys and plain values only");
        let (path, fresh) = (self.0.join("state.json"), self.0.join("state.json.new"));
        let mut file = File::create(&fresh).map_err(unwritten(&fresh))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(unwritten(&fresh))?;
        fs::rename(&fresh, &path).map_err(unwritten(&path))
    }

    /// Forgets everything that was worked out.
    ///
    /// # Errors
    ///
    /// When a file cannot be deleted.
    pub fn clear(&self) -> Result<(), FolderError> {
        self.remove(&["state.json", "code-pairs", "blur-pairs"])?;
        self.remove(&SLOTS)?;
        self.remove(&tables::NAMES)
    }

    fn remove(&self, names: &[&str]) -> Result<(), FolderError> {
        names.iter().try_for_each(|name| Ok(stemmata_index::near::store::remove(&self.0.join(name))?))
    }
}

fn unwritten(path: &Path) -> impl FnOnce(std::io::Error) -> FolderError + use<> {
    let path = path.to_owned();
    move |source| FolderError::Write { path, source }
}

/// Whether the catalog is the one that a state shows, as of then or later, with the same decisions.
fn is_of(state: &FolderState, catalog: &Catalog) -> Result<bool, CatalogError> {
    Ok(state.generation <= catalog.generation()?
        && state.mark == catalog.generation_mark(state.generation)?
        && state.decisions == decisions_digest(catalog)?)
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

    fn keep(folder: &NearFolder, catalog: &Catalog, found: &Duplicates) {
        let _held = folder.lock().expect("nobody else");
        let generation = found.copies.generation();
        folder.keep_basis(Some(&Rows::default()), &memory(), generation).expect("writes");
        folder.keep(catalog, found).expect("writes");
    }

    #[test]
    fn what_is_kept_is_found_again_while_the_catalog_says_the_same() {
        let home = tempfile::tempdir().expect("a folder");
        let catalog = catalog(home.path());
        let folder = NearFolder::new(&home.path().join("near"));
        assert!(folder.current(&catalog).expect("readable").is_none());
        keep(&folder, &catalog, &found());
        let (copies, _) = folder.current(&catalog).expect("readable").expect("current");
        assert_eq!(copies, found().copies);
        assert_eq!(folder.memory(), memory());
        let other = Duplicates { copies: Copies::new(4, Vec::new()), ..Duplicates::default() };
        keep(&folder, &catalog, &other);
        assert!(folder.current(&catalog).expect("readable").is_none(), "of another generation");
        assert!(folder.last().is_some());
        keep(&folder, &catalog, &found());
        catalog.execute_for_tests(
            "INSERT INTO generations (generation, at, stage, source, items) VALUES (1, 0, 'x', 'x', 0)",
        );
        assert!(
            folder.current(&catalog).expect("readable").is_some(),
            "what is new says nothing of pictures"
        );
        catalog.execute_for_tests(
            "INSERT INTO fingerprints_gone (media, algorithm, generation) VALUES (1, 1, 1)",
        );
        assert!(folder.current(&catalog).expect("readable").is_none(), "a picture is gone");
        folder.clear().expect("deletes");
        assert!(folder.last().is_none());
    }

    #[test]
    fn damaged_files_are_as_if_nothing_were_there() {
        let home = tempfile::tempdir().expect("a folder");
        let catalog = catalog(home.path());
        for name in ["copies-0", "state.json", "code-pairs", "blur-pairs", "blurs", "codes", "marks"] {
            let folder = NearFolder::new(&home.path().join(name));
            keep(&folder, &catalog, &found());
            let path = home.path().join(name).join(name);
            let mut bytes = fs::read(&path).expect("it is there");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            fs::write(&path, bytes).expect("writes");
            let is_whole = folder.current(&catalog).expect("readable").is_some();
            assert_eq!(is_whole, !["copies-0", "state.json"].contains(&name), "{name}");
            assert_eq!(folder.memory() == memory(), !name.ends_with("pairs"), "{name}");
            let has_tables = folder.tables(&catalog).expect("readable").is_some();
            assert_eq!(has_tables, name.ends_with("pairs") || name.starts_with("copies"), "{name}");
        }
    }

    #[test]
    fn groups_are_written_beside_the_present_ones() {
        let home = tempfile::tempdir().expect("a folder");
        let catalog = catalog(home.path());
        let folder = NearFolder::new(&home.path().join("near"));
        keep(&folder, &catalog, &found());
        // What a crash leaves that comes before the state is written.
        Copies::new(7, Vec::new()).save(&home.path().join("near/copies-1"), algorithm()).expect("writes");
        assert_eq!(folder.last().expect("is there").0, found().copies);
        let later = Duplicates { copies: Copies::new(9, Vec::new()), ..Duplicates::default() };
        keep(&folder, &catalog, &later);
        assert_eq!(folder.last().expect("is there").0, later.copies);
        keep(&folder, &catalog, &found());
        assert_eq!(folder.last().expect("is there").0, found().copies);
    }

    #[test]
    fn a_folder_that_another_process_writes_is_left_alone() {
        let home = tempfile::tempdir().expect("a folder");
        let catalog = catalog(home.path());
        let folder = NearFolder::new(&home.path().join("near"));
        fs::create_dir_all(home.path().join("near")).expect("makes");
        let lock = File::create(home.path().join("near/lock")).expect("makes");
        lock.lock().expect("locks");
        let reader = LookReader::new(&catalog, |_| Err(super::super::Unfit::Malformed));
        let outcome = folder.up_to_date(reader, &RunContext::quiet()).expect("groups");
        assert!(matches!(outcome.not_kept, Some(FolderError::Locked { .. })));
        assert!(folder.last().is_none());
    }
}
