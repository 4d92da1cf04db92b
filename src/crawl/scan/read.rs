//! Files read: their metadata as images of the catalog, with raw records.
//!
//! - In: files that are new or have changed. Out: batches in the order of the files.
//! - A file that cannot be read, or on which the reader fails, costs only itself.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::inspect;
use super::moves::{self, Arrival, Candidates};
use super::plan::{Beside, Job};
use super::report::{ScanFailure, ScanWarning};
use super::walk::Found;
use super::window::{self, Window};
use super::{ScanOptions, names, path, record};
use crate::catalog::{
    Batch, FileKind, FileStat, LocalFileId, RawBlock, Record, ScanBatch, ScannedFile, joined, raw_hash,
};
use crate::entity::{Dialect, Image, ImageName, Item, Media, MediaIdentity, MediaType, MetaState, Timestamp};
use crate::parse::{self, Container, Extraction, Parsed};

/// Raw text in one batch, in bytes, after which it is closed.
const BATCH_BYTES: usize = 16 << 20;

/// What stays as it is in the path of a media identity.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// What reading files needs to know.
pub(super) struct Reader<'a> {
    pub(super) options: &'a ScanOptions,
    /// Files that are gone, with which new ones are compared.
    pub(super) moves: Arc<Candidates>,
    pub(super) at: Timestamp,
}

/// Some files, read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) batch: ScanBatch,
    /// How many jobs it stands for.
    pub(super) jobs: u64,
    /// Pictures and videos that say nothing about how they were made.
    pub(super) silent: u64,
    pub(super) failures: Vec<ScanFailure>,
    pub(super) warnings: BTreeMap<&'static str, ScanWarning>,
    /// Files that may have moved: their places in the batch, and what they may be, the likeliest first.
    pub(super) origins: Vec<(usize, Vec<LocalFileId>)>,
}

/// Files on their way to a batch.
#[derive(Default)]
struct Stretch {
    source: Option<String>,
    files: Vec<ScannedFile>,
    texts: Vec<String>,
    bytes: usize,
    records: Vec<Record>,
    jobs: u64,
    silent: u64,
    failures: Vec<ScanFailure>,
    warnings: BTreeMap<&'static str, ScanWarning>,
    origins: Vec<(usize, Vec<LocalFileId>)>,
}

/// What one file turned out to be.
struct Seen {
    stat: FileStat,
    kind: FileKind,
    sample: i64,
    content: Option<[u8; 32]>,
    /// Its metadata, if it is of a kind that has any.
    extraction: Option<Extraction>,
}

impl Reader<'_> {
    /// Reads files until a batch is full, and gives those that are left.
    pub(super) fn read<'j>(&self, jobs: &'j [Job]) -> (Reading, &'j [Job]) {
        let mut open = Stretch::default();
        let mut rest = jobs;
        while let Some((job, left)) = rest.split_first().filter(|_| open.bytes < BATCH_BYTES) {
            self.job(job, &mut open);
            rest = left;
        }
        (self.close(open), rest)
    }

    fn job(&self, job: &Job, open: &mut Stretch) {
        open.jobs += 1;
        open.source.get_or_insert_with(|| path::shown(&job.root.path));
        let full = job.full_path();
        match self.guarded(|| self.see(&full, job)) {
            Ok(seen) => self.seen(job, full, seen, open),
            Err(reason) => {
                open.failures.push(ScanFailure::new(&full, &reason));
                let failure = Some(reason);
                open.files.push(ScannedFile { failure, ..bare(job, &job.path, job.stat, FileKind::Other) });
            }
        }
    }

    /// Runs a reader of hostile bytes; if it fails in a way that it should not, that costs this file.
    fn guarded<T>(&self, read: impl FnOnce() -> io::Result<T>) -> Result<T, String> {
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the reader failed on this file; please report it".to_owned()),
        }
    }

    fn see(&self, full: &[u8], job: &Job) -> io::Result<Seen> {
        let (file, stat) = window::open(&path::from_bytes(full))?;
        let mut buffer = Vec::new();
        let mut window = Window::open(file, stat.size_bytes, &mut buffer)?;
        let container = parse::sniff(window.head());
        let kind = kind(container, &job.path);
        let has_metadata = matches!(kind, FileKind::Image | FileKind::Video);
        let extraction =
            has_metadata.then(|| parse::extract(&mut window, &self.options.limits)).transpose()?;
        let content = match job.content.filter(|_| stat == job.stat) {
            None if self.options.hash && has_metadata => Some(window.content()?),
            known => known,
        };
        Ok(Seen { stat, kind, sample: window.sample()?, content, extraction })
    }

    fn seen(&self, job: &Job, full: Vec<u8>, seen: Seen, open: &mut Stretch) {
        let place = open.files.len();
        let mut file = ScannedFile {
            sample: Some(seen.sample),
            content: seen.content,
            ..bare(job, &job.path, seen.stat, seen.kind)
        };
        let mut hash = None;
        if let Some(mut extraction) = seen.extraction {
            file.image = Some(full.clone());
            open.files.push(file);
            self.sidecars(job, &full, &mut extraction, open);
            if let Some(decoder) = self.options.decoder {
                inspect::hidden(decoder, &path::from_bytes(&full), &mut extraction, &self.options.limits);
            }
            let text = record::write(&extraction, seen.content.as_ref());
            hash = Some(raw_hash(&text));
            match self.guarded(|| Ok(parse::interpret(extraction, &self.options.limits))) {
                Ok(parsed) => self.keep(&full, &seen.stat, seen.sample, seen.content, &parsed, text, open),
                Err(reason) => self.refuse(place, &full, reason, open),
            }
        } else {
            open.files.push(file);
            // They stand beside a file that has the name of a picture and is none.
            for Beside { found, .. } in &job.sidecars {
                open.files.push(bare(job, &found.path, found.stat, FileKind::Other));
            }
        }
        if !job.is_known {
            let (stat, kind, sample) = (seen.stat, seen.kind, seen.sample);
            let arrival = Arrival { path: &job.path, stat, kind, sample, raw_hash: hash };
            let origins = moves::origins(&self.moves, &arrival, || seen.content.or_else(|| content(&full)));
            if !origins.is_empty() {
                open.origins.push((place, origins));
            }
        }
    }

    fn refuse(&self, place: usize, full: &[u8], reason: String, open: &mut Stretch) {
        open.failures.push(ScanFailure::new(full, &reason));
        if let Some(file) = open.files.get_mut(place) {
            file.failure = Some(reason);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is one fact about the same file")]
    fn keep(
        &self,
        full: &[u8],
        stat: &FileStat,
        sample: i64,
        content: Option<[u8; 32]>,
        parsed: &Parsed,
        text: String,
        open: &mut Stretch,
    ) {
        for warning in &parsed.warnings {
            let first = || ScanWarning { count: 0, first: full.to_vec() };
            open.warnings.entry(warning.code).or_insert_with(first).count += 1;
        }
        let identity = match content {
            Some(content) => MediaIdentity::Content(content),
            None => MediaIdentity::Url(place_of(full, sample)),
        };
        let image = image(full.to_vec(), identity, moves::modified(stat), parsed);
        open.silent += u64::from(image.meta == MetaState::Null);
        open.records.push(Record {
            item: Item::Image(Box::new(image)),
            raw_position: u32::try_from(open.texts.len()).unwrap_or(u32::MAX),
            raw_hash: raw_hash(&text),
        });
        open.bytes += text.len();
        open.texts.push(text);
    }

    /// Adds what the sidecars of a picture say to what it says itself.
    fn sidecars(&self, job: &Job, full: &[u8], extraction: &mut Extraction, open: &mut Stretch) {
        for Beside { found, is_known } in &job.sidecars {
            let mut file = ScannedFile {
                image: Some(full.to_vec()),
                ..bare(job, &found.path, found.stat, FileKind::Sidecar)
            };
            match self.guarded(|| self.sidecar(job, found)) {
                Ok((sample, more)) => {
                    file.sample = Some(sample);
                    extraction.blocks.extend(more.blocks);
                    extraction.warnings.extend(more.warnings);
                    let arrival = Arrival {
                        path: &found.path,
                        stat: found.stat,
                        kind: FileKind::Sidecar,
                        sample,
                        raw_hash: None,
                    };
                    let origins =
                        if *is_known { Vec::new() } else { moves::origins(&self.moves, &arrival, || None) };
                    if !origins.is_empty() {
                        open.origins.push((open.files.len(), origins));
                    }
                }
                Err(reason) => {
                    let full = joined(&job.root.path, &found.path);
                    open.failures.push(ScanFailure::new(&full, &reason));
                    file.failure = Some(reason);
                }
            }
            open.files.push(file);
        }
    }

    fn sidecar(&self, job: &Job, sidecar: &Found) -> io::Result<(i64, Extraction)> {
        let full = joined(&job.root.path, &sidecar.path);
        let (file, stat) = window::open(&path::from_bytes(&full))?;
        let mut buffer = Vec::new();
        let mut window = Window::open(file, stat.size_bytes, &mut buffer)?;
        let mut bytes = Vec::new();
        (&mut window).take(self.options.limits.max_block_bytes).read_to_end(&mut bytes)?;
        let name = path::shown(&sidecar.path);
        Ok((window.sample()?, parse::sidecar(&bytes, &name, &self.options.limits)))
    }

    fn close(&self, stretch: Stretch) -> Reading {
        let texts: Vec<&str> = stretch.texts.iter().map(String::as_str).collect();
        let mut failures = stretch.failures;
        let source = stretch.source.unwrap_or_default();
        let (raw, records, files) = match RawBlock::pack(&texts) {
            Ok(raw) => (raw, stretch.records, stretch.files),
            Err(error) => {
                failures.push(ScanFailure::new(source.as_bytes(), error.to_string()));
                (RawBlock { items: 0, data: Vec::new() }, Vec::new(), Vec::new())
            }
        };
        let batch = Batch { stage: "scan", source, at: self.at, raw, records, crawl: None };
        Reading {
            batch: ScanBatch { batch, files },
            jobs: stretch.jobs,
            silent: stretch.silent,
            failures,
            warnings: stretch.warnings,
            origins: stretch.origins,
        }
    }
}

/// A file of which nothing more is known.
fn bare(job: &Job, path: &[u8], stat: FileStat, kind: FileKind) -> ScannedFile {
    ScannedFile {
        root: job.root.id,
        path: path.to_vec(),
        stat,
        kind,
        failure: None,
        sample: None,
        content: None,
        image: None,
        moved_from: None,
    }
}

fn kind(container: Container, path: &[u8]) -> FileKind {
    match container {
        Container::Mp4 | Container::Matroska => FileKind::Video,
        Container::Unknown | Container::Sidecar if names::is_model(path) => FileKind::Model,
        Container::Unknown | Container::Sidecar => FileKind::Other,
        _ => FileKind::Image,
    }
}

fn content(full: &[u8]) -> Option<[u8; 32]> {
    let (file, stat) = window::open(&path::from_bytes(full)).ok()?;
    let mut buffer = Vec::new();
    Window::open(file, stat.size_bytes, &mut buffer).ok()?.content().ok()
}

/// What stands for the bytes of a file that nobody has hashed: its place, and what tells it from another file that
/// takes the place later.
fn place_of(full: &[u8], sample: i64) -> String {
    format!("file://{}#{sample:016x}", percent_encode(full, PATH))
}

fn image(name: Vec<u8>, identity: MediaIdentity, created_at: Option<Timestamp>, parsed: &Parsed) -> Image {
    let says_something =
        !parsed.generation.is_empty() || !parsed.resources.is_empty() || parsed.remix_of.is_some();
    let media_type = match parsed.container {
        Container::Mp4 | Container::Matroska => MediaType::Video,
        _ => MediaType::Image,
    };
    Image {
        name: ImageName::Path(name),
        dialect: Dialect::Picture,
        media: Media { identity, blurhash: None, width: parsed.width, height: parsed.height },
        url: None,
        media_type: Some(media_type),
        nsfw_level: None,
        created_at,
        published_at: None,
        post: None,
        username: None,
        base_model: None,
        stats: None,
        tags: Vec::new(),
        meta: if says_something { MetaState::Present } else { MetaState::Null },
        generation: parsed.generation.clone(),
        resources: parsed.resources.clone(),
        remix_of: parsed.remix_of,
        posted_for: Vec::new(),
    }
}
