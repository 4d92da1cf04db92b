//! What a target stands for: an image of the catalog, a file on disk, or both.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use stemmata::catalog::{Catalog, FileState, LocalFile, NamedImage, StoredFingerprint};
use stemmata::crawl::scan::{self, Inspected, record};
use stemmata::entity::{HexHash, ImageKey, ImageName, MediaIdentity, MetaState, Timestamp};
use stemmata::link::{self, ImageRef, Trace, Via};
use stemmata::parse::{self, Container, Limits, Parsed};

use super::model::{self, ShownModel};
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Named};
use crate::cli::history;
use crate::cli::scan::DECODER;
use crate::cli::session::Session;
use crate::cli::target::{self, Found};

/// Everything known about one target.
pub(crate) struct Subject {
    /// What the user gave.
    pub(crate) target: String,
    /// The image in the catalog.
    pub(crate) image: Option<NamedImage>,
    /// What it is called.
    pub(crate) name: ImageName,
    /// Its resources, linked; `None` without a catalog.
    pub(crate) trace: Option<Trace>,
    /// What its metadata says, read from the file or from its raw record.
    pub(crate) parsed: Option<Parsed>,
    /// The file, as it is or as it was last seen.
    pub(crate) file: Option<FileFacts>,
    /// The raw record of an image that has no file.
    pub(crate) raw: Option<String>,
    /// Model files of this machine that its resources name by hash.
    pub(crate) models: Vec<ModelHere>,
    /// Other images with the same bytes, by name.
    pub(crate) duplicates: Vec<ImageName>,
    /// What changed about it since it was first seen, earliest first.
    pub(crate) history: Vec<history::Event>,
    /// What is known of its pixels.
    pub(crate) look: Option<StoredFingerprint>,
    /// BLAKE3 of all bytes.
    pub(crate) content: Option<[u8; 32]>,
    /// What else is to be known.
    pub(crate) warnings: Vec<String>,
}

/// A model file of this machine that a resource names.
pub(crate) struct ModelHere {
    /// The hash by which it is named.
    pub(crate) hash: HexHash,
    /// Its absolute path.
    pub(crate) path: ImageName,
    /// `present` or `missing`.
    pub(crate) state: &'static str,
}

/// A file on disk.
pub(crate) struct FileFacts {
    /// Its absolute path.
    pub(crate) path: ImageName,
    /// Its size.
    pub(crate) size_bytes: u64,
    /// When it was last changed.
    pub(crate) modified_at: Option<Timestamp>,
    /// `present`, `missing`, `failed`, or `unknown` for one that was not scanned.
    pub(crate) state: &'static str,
    /// When it was noticed to be gone.
    pub(crate) missing_since: Option<Timestamp>,
}

/// Finds what `target` stands for. A file on disk comes before an image of the same name.
///
/// # Errors
///
/// [`Exit::NotFound`] when nothing of this name is known, [`Exit::Usage`] when the text names no image.
pub(crate) fn find(target: &OsStr, session: &Session) -> Result<Subject, Failure> {
    let text = target.to_string_lossy().into_owned();
    let path = Path::new(target);
    if path.is_dir() {
        return Err(Failure::usage(format!("{text} is a folder"))
            .hint("`stemmata scan` takes folders, `show` one picture of them"));
    }
    if !path.is_file() {
        if path.exists() {
            return Err(Failure::usage(format!("{text} is neither a file nor a folder")));
        }
        let catalog = session.catalog().map_err(|failure| match failure {
            // Without a catalog a path can only be meant as a file.
            Failure::Named(named) if is_missing(&named) && is_path(path) => nothing_at(&text),
            other => other,
        })?;
        let found = match path.to_str() {
            Some(text) => target::image(&catalog, text).map_err(|failure| match failure {
                Failure::Named(named) if named.code == "usage" && is_path(path) => nothing_at(text),
                other => other,
            })?,
            // Only a path can have such a name.
            None => found(by_path(&catalog, path)?.ok_or_else(|| target::unknown(&text))?),
        };
        return of_catalog(&catalog, text, found);
    }
    let catalog = some_catalog(session)?;
    let known = match (&catalog, path.to_str()) {
        (Some(catalog), Some(text)) => target::local(catalog, text)?.map(|found| found.key),
        (Some(catalog), None) => by_path(catalog, path)?,
        (None, _) => None,
    };
    let read = scan::inspect(path, &Limits::default(), Some(DECODER))
        .map_err(|error| Failure::file(format!("reading {text}"), &error))?;
    let is_picture = !matches!(read.parsed.container, Container::Unknown | Container::Sidecar);
    match (&catalog, known) {
        // A document that was imported describes another picture.
        (Some(catalog), Some(key)) if !is_picture => of_catalog(catalog, text, found(key)),
        _ if !is_picture && read.parsed.claims.is_empty() => Err(Failure::new(
            Exit::NotFound,
            "show.no_picture",
            format!("{text} is no picture or video that Stemmata can read, and no sidecar of one"),
        )),
        _ => of_file(catalog.as_ref(), text, path, known, read),
    }
}

/// The model file that `target` names, if it is one.
///
/// # Errors
///
/// When the file or the catalog cannot be read.
pub(super) fn model(target: &OsStr, session: &Session) -> Result<Option<ShownModel>, Failure> {
    let path = Path::new(target);
    if path.exists() && !path.is_file() {
        return Ok(None);
    }
    let catalog = some_catalog(session)?;
    model::find(path, &target.to_string_lossy(), catalog.as_ref())
}

/// The catalog, where there is one.
fn some_catalog(session: &Session) -> Result<Option<Catalog>, Failure> {
    match session.catalog() {
        Ok(catalog) => Ok(Some(catalog)),
        Err(Failure::Named(named)) if is_missing(&named) => Ok(None),
        Err(other) => Err(other),
    }
}

fn found(key: ImageKey) -> Found {
    Found { key, via: Via::Id }
}

/// Whether a target can only be a path: it names a folder or a file of a kind that is read here.
fn is_path(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let has_ending = path.extension().is_some() && !text.contains(['/', ':']);
    (text.contains('/') && !text.contains("://")) || has_ending
}

fn nothing_at(text: &str) -> Failure {
    Failure::usage(format!("there is no file {text}, and no image of that name is known"))
        .hint("check the spelling; `stemmata scan --list` names the folders scanned before")
}

fn is_missing(named: &Named) -> bool {
    named.code == "catalog.missing"
}

pub(super) fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

fn path_name(path: &Path) -> ImageName {
    ImageName::Path(path.as_os_str().as_encoded_bytes().to_vec())
}

fn by_path(catalog: &Catalog, path: &Path) -> Result<Option<ImageKey>, Failure> {
    match catalog.image_by_name(&path_name(&absolute(path)))? {
        Some(key) => Ok(Some(key)),
        None => Ok(catalog.image_by_name(&path_name(path))?),
    }
}

fn of_file(
    catalog: Option<&Catalog>,
    target: String,
    path: &Path,
    key: Option<ImageKey>,
    read: Inspected,
) -> Result<Subject, Failure> {
    let Inspected { stat, content, parsed } = read;
    let name = path_name(&absolute(path));
    let mut warnings = Vec::new();
    let scanned = catalog.zip(key).map(|(catalog, key)| scanned_file(catalog, key)).transpose()?.flatten();
    if scanned.as_ref().is_some_and(|file| file.stat != stat) {
        warnings.push("the file has changed since it was scanned; `stemmata scan` reads it again".to_owned());
    }
    let file = FileFacts {
        path: name.clone(),
        size_bytes: stat.size_bytes,
        modified_at: Timestamp::from_millis(stat.modified_ns.div_euclid(1_000_000)),
        state: scanned.map_or("unknown", |file| file.state.as_str()),
        missing_since: None,
    };
    let image = catalog.zip(key).map(|(catalog, key)| catalog.named_image(key)).transpose()?.flatten();
    let trace = catalog.map(|catalog| traced(catalog, &target, &parsed, image.as_ref())).transpose()?;
    let duplicates = match catalog {
        Some(catalog) => duplicates(catalog, key, content)?,
        None => Vec::new(),
    };
    let name = image.as_ref().map_or(name, |image| image.name.clone());
    Ok(Subject {
        target,
        image,
        name,
        models: catalog
            .zip(trace.as_ref())
            .map_or(Ok(Vec::new()), |(catalog, trace)| models_here(catalog, trace))?,
        trace,
        parsed: Some(parsed),
        file: Some(file),
        raw: None,
        duplicates,
        history: past(catalog, key)?,
        look: look(catalog, key)?,
        content,
        warnings,
    })
}

fn of_catalog(catalog: &Catalog, target: String, found: Found) -> Result<Subject, Failure> {
    let Some(image) = catalog.named_image(found.key)? else { return Err(target::unknown(&target)) };
    let raw = catalog.raw_of(image.row.key)?;
    let parsed =
        raw.as_deref().and_then(record::read).map(|found| parse::interpret(found, &Limits::default()));
    let scanned = scanned_file(catalog, image.row.key)?;
    let mut warnings: Vec<String> = Vec::new();
    let trace = match &parsed {
        Some(parsed) => traced(catalog, &target, parsed, Some(&image))?,
        None => {
            warnings.extend(state_warning(image.row.meta).map(str::to_owned));
            link::trace(catalog, &target, found.key, found.via, None)?
        }
    };
    let look = look(Some(catalog), Some(image.row.key))?;
    let content = match &image.media {
        MediaIdentity::Content(content) => Some(*content),
        MediaIdentity::Key(_) | MediaIdentity::Url(_) => look.as_ref().and_then(|look| look.content),
    };
    let file = scanned.map(|file| seen_file(&image.name, &file, &mut warnings));
    Ok(Subject {
        target,
        name: image.name.clone(),
        models: models_here(catalog, &trace)?,
        duplicates: duplicates(catalog, Some(image.row.key), content)?,
        history: past(Some(catalog), Some(image.row.key))?,
        image: Some(image),
        trace: Some(trace),
        raw: raw.filter(|_| parsed.is_none()),
        parsed,
        file,
        look,
        content,
        warnings,
    })
}

/// What is known of the pixels of an image of the catalog.
fn look(catalog: Option<&Catalog>, key: Option<ImageKey>) -> Result<Option<StoredFingerprint>, Failure> {
    let Some((catalog, key)) = catalog.zip(key) else { return Ok(None) };
    let media = catalog.media_of_image(key)?;
    Ok(media.map(|media| catalog.fingerprint(media)).transpose()?.flatten())
}

fn seen_file(name: &ImageName, file: &LocalFile, warnings: &mut Vec<String>) -> FileFacts {
    match &file.state {
        FileState::Present => {
            warnings.push("the file is out of reach; this is what it said when it was last read".to_owned());
        }
        FileState::Missing { since } => {
            let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
            warnings.push(format!("the file is missing{since}; this is what it said when it was last read"));
        }
        FileState::Failed { reason } => {
            warnings.push(format!("the file could not be read ({reason}); this is what it said before"));
        }
    }
    FileFacts {
        path: name.clone(),
        size_bytes: file.stat.size_bytes,
        modified_at: Timestamp::from_millis(file.stat.modified_ns.div_euclid(1_000_000)),
        state: file.state.as_str(),
        missing_since: missing(file),
    }
}

/// The picture's own file, if a scan has seen it.
fn scanned_file(catalog: &Catalog, key: ImageKey) -> Result<Option<LocalFile>, Failure> {
    Ok(catalog.files_of_image(key)?.into_iter().next())
}

fn missing(file: &LocalFile) -> Option<Timestamp> {
    match file.state {
        FileState::Missing { since } => since,
        _ => None,
    }
}

/// The resources that a file names, linked as the catalog can link them now.
fn traced(
    catalog: &Catalog,
    target: &str,
    parsed: &Parsed,
    image: Option<&NamedImage>,
) -> Result<Trace, Failure> {
    let mut trace = link::trace_uses(catalog, target, &parsed.resources)?;
    trace.image = image.map(|image| ImageRef(image.name.clone()));
    Ok(trace)
}

/// The model files of this machine that the resources of an image name by hash, by path.
fn models_here(catalog: &Catalog, trace: &Trace) -> Result<Vec<ModelHere>, Failure> {
    let mut found = Vec::new();
    for hash in trace.resources.iter().filter_map(|resource| resource.hash.as_ref()) {
        for model in catalog.local_models_with_hash(hash)? {
            let (hash, path) = (hash.clone(), ImageName::Path(model.path));
            found.push(ModelHere { hash, path, state: model.state.as_str() });
        }
    }
    found.sort_by(|one, other| (&one.path, &one.hash).cmp(&(&other.path, &other.hash)));
    found.dedup_by(|later, first| later.path == first.path);
    Ok(found)
}

/// What changed about an image of the catalog.
fn past(catalog: Option<&Catalog>, key: Option<ImageKey>) -> Result<Vec<history::Event>, Failure> {
    let changes = catalog.zip(key).map(|(catalog, key)| catalog.image_history(key)).transpose()?;
    Ok(history::events(changes.unwrap_or_default()))
}

fn duplicates(
    catalog: &Catalog,
    key: Option<ImageKey>,
    content: Option<[u8; 32]>,
) -> Result<Vec<ImageName>, Failure> {
    let by_content = content.map(|content| catalog.media_with_content(&content)).transpose()?;
    let by_image = key.map(|key| catalog.media_of_image(key)).transpose()?.flatten();
    let mut names = Vec::new();
    for media in by_content.into_iter().flatten().chain(by_image) {
        for other in catalog.images_of_media(media)?.into_iter().filter(|other| Some(*other) != key) {
            names.extend(catalog.image_name(other)?);
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn state_warning(state: MetaState) -> Option<&'static str> {
    match state {
        MetaState::Present => None,
        MetaState::Hidden => Some("its generation data was withdrawn, or its owner hides it"),
        MetaState::Null | MetaState::Withheld => Some("the site has no generation data for it"),
        MetaState::NotSaid => Some("no document with generation data was seen yet"),
    }
}
