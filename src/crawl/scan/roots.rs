//! What a caller names, as roots of the catalog and places below them.

use std::io;
use std::path::{Path, PathBuf};

use super::{ScanError, path};
use crate::catalog::{Catalog, Forget, LocalStats, Root, below};
use crate::run::RunContext;

/// A root, or a place below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) root: Root,
    /// The place below the root that is meant; empty for all of it.
    pub(super) below: Vec<u8>,
    /// Whether it is there.
    pub(super) online: bool,
}

/// What `given` stands for, in byte order of the paths; every root where it is empty. New folders become roots.
pub(super) fn targets(catalog: &mut Catalog, given: &[PathBuf]) -> Result<Vec<Target>, ScanError> {
    let mut places: Vec<(Vec<u8>, Presence)> = if given.is_empty() {
        let roots = catalog.roots()?;
        roots
            .into_iter()
            .map(|root| Ok((root.path.clone(), presence(&path::from_bytes(&root.path))?)))
            .collect::<Result<_, ScanError>>()?
    } else {
        given.iter().map(|one| place(catalog, one)).collect::<Result<_, _>>()?
    };
    places.sort_unstable();
    places.dedup_by(|later, first| below(&first.0, &later.0).is_some());
    // Outer folders first, so that a root is not made inside another.
    let mut targets = Vec::new();
    for (place, presence) in places {
        targets.push(target(catalog, &place, presence)?);
    }
    // A root that was made around another has taken its place.
    let roots = catalog.roots()?;
    targets.retain(|target: &Target| roots.iter().any(|root| root.id == target.root.id));
    Ok(targets)
}

/// The folders that are scanned, by path.
///
/// # Errors
///
/// [`ScanError::Catalog`].
pub fn root_paths(catalog: &Catalog) -> Result<Vec<PathBuf>, ScanError> {
    Ok(catalog.roots()?.iter().map(|root| path::from_bytes(&root.path).into_owned()).collect())
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Presence {
    Folder,
    File,
    Nothing,
}

fn presence(at: &Path) -> Result<Presence, ScanError> {
    match std::fs::metadata(at) {
        Ok(metadata) if metadata.is_dir() => Ok(Presence::Folder),
        Ok(metadata) if metadata.is_file() => Ok(Presence::File),
        Ok(_) => Err(ScanError::Special { path: at.to_owned() }),
        Err(error) if is_gone(&error) => Ok(Presence::Nothing),
        Err(source) => Err(ScanError::Unreachable { path: at.to_owned(), source }),
    }
}

/// Whether an error says that nothing is there, and not that it cannot be told.
pub(super) fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The absolute path of what was given, and what is there. Something that is not there may only be what was
/// scanned before.
fn place(catalog: &Catalog, given: &Path) -> Result<(Vec<u8>, Presence), ScanError> {
    let presence = presence(given)?;
    let absolute = given.canonicalize().or_else(|_| std::path::absolute(given));
    let absolute = absolute.map_err(|source| ScanError::Unreachable { path: given.to_owned(), source })?;
    let bytes = path::bytes(&absolute).to_vec();
    let is_known = || -> Result<bool, ScanError> {
        Ok(catalog.roots()?.iter().any(|root| below(&root.path, &bytes).is_some()))
    };
    if presence == Presence::Nothing && !is_known()? {
        return Err(ScanError::NotFound { path: given.to_owned() });
    }
    Ok((bytes, presence))
}

fn target(catalog: &mut Catalog, place: &[u8], presence: Presence) -> Result<Target, ScanError> {
    let covering = catalog.roots()?.into_iter().find_map(|root| {
        let below = below(&root.path, place)?.to_vec();
        Some((root, below))
    });
    if let Some((root, below)) = covering {
        let online = path::from_bytes(&root.path).is_dir();
        return Ok(Target { root, below, online });
    }
    let folder = match presence {
        Presence::File => path::from_bytes(place).parent().map(path::bytes).unwrap_or(place).to_vec(),
        Presence::Folder | Presence::Nothing => place.to_vec(),
    };
    let root = catalog.add_root(&folder)?;
    let below = below(&root.path, place).unwrap_or_default().to_vec();
    Ok(Target { root, below, online: true })
}

/// A root, and how many files of it are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootSummary {
    /// The root.
    pub root: Root,
    /// Whether it is there now.
    pub is_there: bool,
    /// Its files.
    pub files: LocalStats,
}

/// The roots that `paths` lie in, or every root, by path.
///
/// # Errors
///
/// [`ScanError::Catalog`]; [`ScanError::NotFound`] for a path in no root.
pub fn roots_of(catalog: &Catalog, paths: &[PathBuf]) -> Result<Vec<RootSummary>, ScanError> {
    let roots = catalog.roots()?;
    let mut named: Vec<&Root> = Vec::new();
    for given in paths {
        let absolute = given.canonicalize().or_else(|_| std::path::absolute(given));
        let absolute = absolute.map_err(|source| ScanError::Unreachable { path: given.clone(), source })?;
        let root = roots.iter().find(|root| below(&root.path, path::bytes(&absolute)).is_some());
        named.push(root.ok_or_else(|| ScanError::NotFound { path: given.clone() })?);
    }
    named.sort_by(|one, other| one.path.cmp(&other.path));
    named.dedup_by_key(|root| root.id);
    let chosen = if paths.is_empty() { roots.iter().collect() } else { named };
    let summary = |root: &Root| -> Result<RootSummary, ScanError> {
        let is_there = path::from_bytes(&root.path).is_dir();
        Ok(RootSummary { root: root.clone(), is_there, files: catalog.root_stats(root.id)? })
    };
    chosen.into_iter().map(summary).collect()
}

/// Forgets files of these roots, and the images that they were. Gives how many files.
///
/// Of missing files, those of a root that is not there stay: nobody can tell whether they are gone.
///
/// # Errors
///
/// [`ScanError::Catalog`]; nothing is forgotten then.
pub fn forget(
    catalog: &mut Catalog,
    what: &[RootSummary],
    which: Forget,
    run: &RunContext,
) -> Result<u64, ScanError> {
    let wanted = what.iter().filter(|one| which == Forget::All || one.is_there);
    let roots: Vec<_> = wanted.map(|one| one.root.id).collect();
    Ok(catalog.forget_files(&roots, which, run.clock.now())?)
}
