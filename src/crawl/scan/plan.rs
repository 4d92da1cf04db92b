//! What of a folder is new, changed, gone or back again, told by names, sizes and times alone.

use std::collections::HashSet;

use super::roots::{Target, is_gone};
use super::walk::{self, Found};
use super::{ScanError, ScanOptions, ScanReport, Which, names, path};
use crate::catalog::{Catalog, FileKind, FileStat, FileState, LocalFile, LocalFileId, Root, joined};
use crate::run::RunContext;

/// A file to read.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) root: Root,
    /// Below the root.
    pub(super) path: Vec<u8>,
    pub(super) stat: FileStat,
    /// The text files that speak of it.
    pub(super) sidecars: Vec<Beside>,
    /// Whether the catalog knows a file at this path.
    pub(super) is_known: bool,
    /// The hash of all bytes, where it is known and the file has not changed.
    pub(super) content: Option<[u8; 32]>,
}

impl Job {
    /// Its absolute path.
    pub(super) fn full_path(&self) -> Vec<u8> {
        joined(&self.root.path, &self.path)
    }
}

/// A text file beside a picture.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) found: Found,
    /// Whether the catalog knows a file at this path.
    pub(super) is_known: bool,
}

/// What there is to do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Files to read, in byte order of their paths within a root.
    pub(super) jobs: Vec<Job>,
    /// Files that are no longer there.
    pub(super) gone: Vec<LocalFile>,
    /// Files that were missing and are there again as they were.
    pub(super) returned: Vec<LocalFileId>,
}

/// Looks at every target.
pub(super) fn plan(
    catalog: &mut Catalog,
    targets: &[Target],
    options: &ScanOptions,
    run: &RunContext,
    report: &mut ScanReport,
) -> Result<Plan, ScanError> {
    let mut plan = Plan::default();
    run.progress.begin("walk", None);
    for target in targets {
        let mut known = catalog.local_files(target.root.id, &target.below)?;
        let found = if target.online { look(target, &known, options, run, report) } else { Vec::new() };
        if run.cancel.is_requested() {
            break;
        }
        if found.iter().any(|file| file.path == target.below) {
            // The target is one file; what belongs to it lies beside it.
            for file in found.iter().filter(|file| file.path != target.below) {
                known.extend(catalog.local_files(target.root.id, &file.path)?);
            }
            known.sort_by(|one, other| one.path.cmp(&other.path));
            known.dedup_by(|one, other| one.path == other.path);
        }
        let is_empty = found.is_empty() && !known.is_empty() && target.below.is_empty();
        if !target.online || is_empty && options.which != Which::Failed {
            // A folder that has lost all its files at once is the place where a disk is no longer mounted.
            catalog.mark_root(target.root.id, false, None)?;
            report.offline.push(target.root.path.clone());
            continue;
        }
        Comparison::new(target, known, found, options).settle(&mut plan, report);
    }
    run.progress.end();
    Ok(plan)
}

/// The files that are there, in byte order of their paths.
fn look(
    target: &Target,
    known: &[LocalFile],
    options: &ScanOptions,
    run: &RunContext,
    report: &mut ScanReport,
) -> Vec<Found> {
    let stat_of = |below: &[u8]| {
        let metadata = std::fs::metadata(path::from_bytes(&joined(&target.root.path, below)));
        let metadata = metadata.ok().filter(|metadata| metadata.is_file() && metadata.len() > 0)?;
        Some(Found { path: below.to_vec(), stat: walk::stat(&metadata) })
    };
    if options.which == Which::Failed {
        let failed = known.iter().filter(|file| matches!(file.state, FileState::Failed { .. }));
        let failed = failed.map(|file| file.path.clone()).collect();
        return with_partners(&target.root, failed).iter().filter_map(|path| stat_of(path)).collect();
    }
    let start = joined(&target.root.path, &target.below);
    let start = path::from_bytes(&start);
    match std::fs::symlink_metadata(&start) {
        Ok(metadata) if metadata.is_dir() => {
            let root = path::from_bytes(&target.root.path);
            walk::walk(&root, &start, options, run, report)
        }
        Ok(_) => {
            let paths = with_partners(&target.root, vec![target.below.clone()]);
            paths.iter().filter_map(|path| stat_of(path)).collect()
        }
        Err(_) => Vec::new(),
    }
}

/// These paths, and those of the pictures and sidecars that belong to them; in byte order.
fn with_partners(root: &Root, mut paths: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    paths.sort();
    let mut folders: Vec<&[u8]> = paths.iter().map(|path| names::folder(path)).collect();
    folders.sort_unstable();
    folders.dedup();
    let mut partners = Vec::new();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(path::from_bytes(&joined(&root.path, folder))) else { continue };
        let entries = entries.filter_map(Result::ok).take(names::MOST_NAMES);
        let siblings: Vec<Vec<u8>> = entries
            .map(|entry| match folder {
                b"" => entry.file_name().as_encoded_bytes().to_vec(),
                folder => joined(folder, entry.file_name().as_encoded_bytes()),
            })
            .collect();
        let siblings: Vec<&[u8]> = siblings.iter().map(Vec::as_slice).collect();
        for (picture, sidecar) in names::pairs(&siblings) {
            let pair = [picture, sidecar].map(|place| siblings.get(place).copied().unwrap_or_default());
            if pair.iter().any(|path| paths.binary_search_by(|known| known.as_slice().cmp(path)).is_ok()) {
                partners.extend(pair.map(<[u8]>::to_vec));
            }
        }
    }
    paths.extend(partners);
    paths.sort();
    paths.dedup();
    paths
}

/// What is known beside what is there; both in byte order of their paths.
struct Comparison<'a> {
    target: &'a Target,
    options: &'a ScanOptions,
    found: Vec<Found>,
    /// For each found file, the known one with its path.
    matched: Vec<Option<LocalFile>>,
    /// Known files that were not found.
    absent: Vec<LocalFile>,
}

impl<'a> Comparison<'a> {
    fn new(target: &'a Target, known: Vec<LocalFile>, found: Vec<Found>, options: &'a ScanOptions) -> Self {
        let mut matched = Vec::with_capacity(found.len());
        let mut absent = Vec::new();
        let mut known = known.into_iter().peekable();
        for file in &found {
            while let Some(earlier) = known.next_if(|known| known.path < file.path) {
                absent.push(earlier);
            }
            matched.push(known.next_if(|known| known.path == file.path));
        }
        absent.extend(known);
        Self { target, options, found, matched, absent }
    }

    fn settle(mut self, plan: &mut Plan, report: &mut ScanReport) {
        report.files += self.found.len() as u64;
        let sidecars = Sidecars::of(&self.found, &self.absent);
        let mut changed: Vec<bool> = (0..self.found.len()).map(|place| self.is_changed(place)).collect();
        let is_set = |changed: &[bool], place: usize| changed.get(place) == Some(&true);
        let set = |changed: &mut [bool], place: usize| {
            if let Some(slot) = changed.get_mut(place) {
                *slot = true;
            }
        };
        // A picture is read again with all its sidecars when it or one of them is another than before.
        for picture in &sidecars.bereft {
            set(&mut changed, *picture);
        }
        for place in 0..self.found.len() {
            let was_sidecar = self.known(place).is_some_and(|known| known.kind == FileKind::Sidecar);
            if was_sidecar && !sidecars.all.contains(&place) {
                set(&mut changed, place);
            }
        }
        for (picture, sidecar) in &sidecars.pairs {
            if is_set(&changed, *sidecar) {
                set(&mut changed, *picture);
            }
        }
        for (picture, sidecar) in &sidecars.pairs {
            if is_set(&changed, *picture) {
                set(&mut changed, *sidecar);
            }
        }
        for place in 0..self.found.len() {
            if !is_set(&changed, place) {
                count_unchanged(self.known(place), plan, report);
            } else if !sidecars.all.contains(&place) {
                plan.jobs.extend(self.job(place, &sidecars));
            }
        }
        if self.options.which != Which::Failed {
            let absent = std::mem::take(&mut self.absent);
            plan.gone.extend(absent.into_iter().filter(|file| is_lost(self.target, file)));
        }
    }

    fn known(&self, place: usize) -> Option<&LocalFile> {
        self.matched.get(place).and_then(Option::as_ref)
    }

    fn is_changed(&self, place: usize) -> bool {
        let found = self.found.get(place);
        let Some(known) = self.known(place) else { return true };
        let unhashed = self.options.hash
            && known.content.is_none()
            && matches!(known.kind, FileKind::Image | FileKind::Video)
            && known.state == FileState::Present;
        self.options.which != Which::Changed || unhashed || found.is_none_or(|found| found.stat != known.stat)
    }

    fn job(&self, place: usize, sidecars: &Sidecars) -> Option<Job> {
        let found = self.found.get(place)?;
        let known = self.known(place);
        let same = known.filter(|known| known.stat == found.stat);
        let beside = sidecars.of_picture(place).filter_map(|place| {
            Some(Beside { found: self.found.get(place)?.clone(), is_known: self.known(place).is_some() })
        });
        Some(Job {
            root: self.target.root.clone(),
            path: found.path.clone(),
            stat: found.stat,
            sidecars: beside.collect(),
            is_known: known.is_some(),
            content: same.and_then(|known| known.content),
        })
    }
}

fn count_unchanged(known: Option<&LocalFile>, plan: &mut Plan, report: &mut ScanReport) {
    match known.map(|known| (&known.state, known.id)) {
        Some((FileState::Missing { .. }, id)) => {
            plan.returned.push(id);
            report.returned += 1;
        }
        Some((FileState::Failed { .. }, _)) => report.failed_before += 1,
        Some((FileState::Present, _)) | None => report.unchanged += 1,
    }
}

/// Whether a known file that was not found is gone. One that is only hidden, ignored or out of reach is not.
fn is_lost(target: &Target, file: &LocalFile) -> bool {
    if matches!(file.state, FileState::Missing { .. }) {
        return false;
    }
    let full = joined(&target.root.path, &file.path);
    std::fs::symlink_metadata(path::from_bytes(&full)).is_err_and(|error| is_gone(&error))
}

/// Which found files are sidecars of which pictures, by their places in the list.
struct Sidecars {
    /// Pictures with each of their sidecars, by picture.
    pairs: Vec<(usize, usize)>,
    all: HashSet<usize>,
    /// Pictures that had another one when they were last read.
    bereft: HashSet<usize>,
}

impl Sidecars {
    fn of(found: &[Found], absent: &[LocalFile]) -> Self {
        let is_newly_absent = |file: &&LocalFile| {
            file.kind == FileKind::Sidecar && !matches!(file.state, FileState::Missing { .. })
        };
        let lost = absent.iter().filter(is_newly_absent).map(|file| file.path.as_slice());
        let paths: Vec<&[u8]> = found.iter().map(|file| file.path.as_slice()).chain(lost).collect();
        let (pairs, lost): (Vec<_>, Vec<_>) =
            names::pairs(&paths).into_iter().partition(|(_, sidecar)| *sidecar < found.len());
        Self {
            all: pairs.iter().map(|(_, sidecar)| *sidecar).collect(),
            pairs,
            bereft: lost.into_iter().map(|(picture, _)| picture).collect(),
        }
    }

    fn of_picture(&self, picture: usize) -> impl Iterator<Item = usize> {
        let start = self.pairs.partition_point(|(other, _)| *other < picture);
        let rest = self.pairs.get(start..).unwrap_or_default();
        rest.iter().take_while(move |(other, _)| *other == picture).map(|(_, sidecar)| *sidecar)
    }
}
