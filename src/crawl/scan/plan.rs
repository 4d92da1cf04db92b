//! What of a folder is new, changed, gone or back again, told by names, sizes and times alone.

use std::collections::{HashMap, HashSet};

use super::roots::{Target, is_gone};
use super::walk::{self, Found};
use super::{ScanError, ScanOptions, ScanReport, Which, path};
use crate::catalog::{Catalog, FileKind, FileStat, FileState, LocalFile, LocalFileId, Root, joined};
use crate::entity::ImageKey;
use crate::run::RunContext;

/// A file to read.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) root: Root,
    /// Below the root.
    pub(super) path: Vec<u8>,
    pub(super) stat: FileStat,
    /// The text files that speak of it.
    pub(super) sidecars: Vec<Found>,
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
        let known = catalog.local_files(target.root.id, &target.below)?;
        let found = if target.online { look(target, &known, options, run, report) } else { Vec::new() };
        if run.cancel.is_requested() {
            break;
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
        return failed.filter_map(|file| stat_of(&file.path)).collect();
    }
    let start = joined(&target.root.path, &target.below);
    let start = path::from_bytes(&start);
    match std::fs::symlink_metadata(&start) {
        Ok(metadata) if metadata.is_dir() => {
            let root = path::from_bytes(&target.root.path);
            walk::walk(&root, &start, options, run, report)
        }
        Ok(_) => stat_of(&target.below).into_iter().collect(),
        Err(_) => Vec::new(),
    }
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
        let sidecars = Sidecars::of(&self.found);
        let lost = self.lost_sidecars();
        let mut changed: Vec<bool> =
            (0..self.found.len()).map(|place| self.is_changed(place, &lost)).collect();
        for (picture, place) in sidecars.pairs() {
            let wanted = changed.get(picture) == Some(&true) || changed.get(place) == Some(&true);
            [picture, place].into_iter().for_each(|place| {
                if let Some(slot) = changed.get_mut(place) {
                    *slot |= wanted;
                }
            });
        }
        // A picture with several sidecars may have been found to be changed by a later one.
        for (picture, place) in sidecars.pairs() {
            let wanted = changed.get(picture) == Some(&true);
            if let Some(slot) = changed.get_mut(place) {
                *slot |= wanted;
            }
        }
        for place in 0..self.found.len() {
            let known = self.matched.get_mut(place).and_then(Option::take);
            if changed.get(place) != Some(&true) {
                count_unchanged(known.as_ref(), plan, report);
            } else if !sidecars.is_sidecar(place) {
                plan.jobs.extend(self.job(place, known, &sidecars));
            }
        }
        if self.options.which != Which::Failed {
            plan.gone.extend(self.absent.into_iter().filter(|file| is_lost(self.target, file)));
        }
    }

    /// The images that have lost a sidecar.
    fn lost_sidecars(&self) -> HashSet<ImageKey> {
        let sidecars = self.absent.iter().filter(|file| {
            file.kind == FileKind::Sidecar && !matches!(file.state, FileState::Missing { .. })
        });
        sidecars.filter_map(|file| file.image).collect()
    }

    fn is_changed(&self, place: usize, lost: &HashSet<ImageKey>) -> bool {
        let found = self.found.get(place);
        let Some(known) = self.matched.get(place).and_then(Option::as_ref) else { return true };
        let unhashed = self.options.hash
            && known.content.is_none()
            && matches!(known.kind, FileKind::Image | FileKind::Video)
            && known.state == FileState::Present;
        self.options.which != Which::Changed
            || unhashed
            || found.is_none_or(|found| found.stat != known.stat)
            || known.image.is_some_and(|image| lost.contains(&image))
    }

    fn job(&self, place: usize, known: Option<LocalFile>, sidecars: &Sidecars) -> Option<Job> {
        let found = self.found.get(place)?;
        let same = known.as_ref().filter(|known| known.stat == found.stat);
        Some(Job {
            root: self.target.root.clone(),
            path: found.path.clone(),
            stat: found.stat,
            sidecars: sidecars.of_picture(place).filter_map(|place| self.found.get(place).cloned()).collect(),
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
    by_picture: HashMap<usize, Vec<usize>>,
    all: HashSet<usize>,
}

impl Sidecars {
    fn of(found: &[Found]) -> Self {
        let mut by_stem: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (place, file) in found.iter().enumerate() {
            if let Some(stem) = super::names::sidecar_stem(&file.path) {
                by_stem.entry(stem).or_default().push(place);
            }
        }
        let mut sidecars = Self { by_picture: HashMap::new(), all: HashSet::new() };
        if by_stem.is_empty() {
            return sidecars;
        }
        for (picture, file) in found.iter().enumerate() {
            let Some(stem) = super::names::picture_stem(&file.path) else { continue };
            // Two pictures of one stem: the first in byte order has the sidecars.
            if let Some(places) = by_stem.remove(&stem) {
                sidecars.all.extend(&places);
                sidecars.by_picture.insert(picture, places);
            }
        }
        sidecars
    }

    fn is_sidecar(&self, place: usize) -> bool {
        self.all.contains(&place)
    }

    fn of_picture(&self, picture: usize) -> impl Iterator<Item = usize> {
        self.by_picture.get(&picture).into_iter().flatten().copied()
    }

    /// Every picture with each of its sidecars, in no order that matters.
    fn pairs(&self) -> Vec<(usize, usize)> {
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for (picture, places) in &self.by_picture {
            pairs.extend(places.iter().map(|place| (*picture, *place)));
        }
        pairs.sort_unstable();
        pairs
    }
}
