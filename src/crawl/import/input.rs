//! Which files to read.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use ignore::{DirEntry, WalkBuilder};

use super::ImportError;
use super::report::Failure;

/// What a caller asks to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, a folder, or a pattern such as `dump/*.json.gz` where no such file exists.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

/// One file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InputFile {
    Path(PathBuf),
    Stdin,
}

impl InputFile {
    /// Size on disk, for progress; `None` where it cannot be known.
    pub(super) fn size_bytes(&self) -> Option<u64> {
        match self {
            Self::Path(path) => std::fs::metadata(path).ok().map(|metadata| metadata.len()),
            Self::Stdin => None,
        }
    }

    /// How messages call it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Path(path) => path.to_string_lossy().into_owned(),
            Self::Stdin => "standard input".to_owned(),
        }
    }

    /// What names a document in it that has no other name.
    ///
    /// The absolute path without symbolic links, so that the same file has one name from every folder. A pipe
    /// has no path that means the same again.
    pub(super) fn document_name(&self) -> DocumentName {
        let Self::Path(path) = self else { return DocumentName::Content };
        if !path.is_file() {
            return DocumentName::Content;
        }
        let absolute = path.canonicalize().or_else(|_| std::path::absolute(path));
        let path = absolute.as_deref().unwrap_or(path);
        DocumentName::Path(path.as_os_str().as_encoded_bytes().to_vec())
    }
}

/// What names a document that has no other name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DocumentName {
    /// The platform's bytes of its file's path.
    Path(Vec<u8>),
    /// What it holds.
    Content,
}

/// The files that inputs stand for, in the order of reading, and what was left out.
///
/// Made before anything is written, so that a mistyped path changes nothing.
#[derive(Debug, Default)]
pub struct Plan {
    pub(super) files: Vec<InputFile>,
    pub(super) skipped: Vec<Failure>,
}

impl Plan {
    /// Expands inputs.
    ///
    /// # Errors
    ///
    /// [`ImportError::NotFound`] and [`ImportError::BadPattern`].
    pub fn new(inputs: &[Input]) -> Result<Self, ImportError> {
        let (files, skipped) = files_of(inputs)?;
        Ok(Self { files, skipped })
    }
}

/// Endings of files that a folder is searched for, compared without case; `.gz` and `.zst` may follow.
const DOCUMENT_ENDINGS: [&str; 5] = [".json", ".jsonl", ".ndjson", ".info", ".metadata"];

/// Endings of compressed files.
const COMPRESSED_ENDINGS: [&str; 2] = [".gz", ".zst"];

/// Expands inputs to files, and says what was left out and why.
pub(super) fn files_of(inputs: &[Input]) -> Result<(Vec<InputFile>, Vec<Failure>), ImportError> {
    let mut files = Vec::new();
    let mut skipped = Vec::new();
    for input in inputs {
        match input {
            Input::Stdin => files.push(InputFile::Stdin),
            Input::Path(path) if path.is_dir() => walk(path, is_document, &mut files, &mut skipped),
            // What cannot be looked at is for its reader to report.
            Input::Path(path) if path.try_exists().unwrap_or(true) => {
                files.push(InputFile::Path(path.clone()));
            }
            Input::Path(path) => expand(path, &mut files, &mut skipped)?,
        }
    }
    Ok((files, skipped))
}

/// Takes a path that does not exist as a pattern.
fn expand(pattern: &Path, files: &mut Vec<InputFile>, skipped: &mut Vec<Failure>) -> Result<(), ImportError> {
    let not_found = || ImportError::NotFound { path: pattern.to_owned() };
    let text = pattern.to_str().filter(|text| text.contains(['*', '?', '[', '{'])).ok_or_else(not_found)?;
    let glob = GlobBuilder::new(text)
        .literal_separator(true)
        .build()
        .map_err(|source| ImportError::BadPattern { path: pattern.to_owned(), source })?
        .compile_matcher();
    let root = literal_root(pattern);
    let before = files.len();
    let start = if root.as_os_str().is_empty() { Path::new(".") } else { &root };
    let matches = |path: &Path| matches_below(&glob, path, &root);
    let mut others = Vec::new();
    walk(start, matches, files, &mut others);
    let unreadable = skipped.len();
    skipped.extend(others.into_iter().filter(|failure| !failure.is_other_file()));
    if files.len() == before && skipped.len() == unreadable { Err(not_found()) } else { Ok(()) }
}

/// The leading components of a pattern that hold no special character.
fn literal_root(pattern: &Path) -> PathBuf {
    pattern
        .components()
        .take_while(|part| !part.as_os_str().as_encoded_bytes().iter().any(|byte| b"*?[{".contains(byte)))
        .collect()
}

fn matches_below(glob: &GlobMatcher, path: &Path, root: &Path) -> bool {
    if root.as_os_str().is_empty() {
        glob.is_match(path.strip_prefix(".").unwrap_or(path))
    } else {
        glob.is_match(path)
    }
}

/// Adds the wanted files below a folder, in byte order of their paths.
///
/// Hidden files and folders and what a home of Stemmata keeps for itself count as other files. Only regular files are
/// wanted: reading a pipe or a device may never end.
fn walk(
    folder: &Path,
    wanted: impl Fn(&Path) -> bool,
    files: &mut Vec<InputFile>,
    skipped: &mut Vec<Failure>,
) {
    if is_kept(folder) {
        return skipped.push(Failure::other_file(folder));
    }
    let mut found = Vec::new();
    let (sender, left_out) = std::sync::mpsc::channel();
    let enters = move |entry: &DirEntry| {
        let is_left_out = is_kept(entry.path()) || entry.depth() > 0 && is_hidden(entry.path());
        if is_left_out {
            // The receiver outlives the walk.
            sender.send(entry.path().to_owned()).unwrap_or_default();
        }
        !is_left_out
    };
    let walker = WalkBuilder::new(folder).standard_filters(false).filter_entry(enters).build();
    for entry in walker {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_dir()) => {}
            Ok(entry) if !wanted(entry.path()) => skipped.push(Failure::other_file(entry.path())),
            Ok(entry) if is_special(entry.path()) => skipped.push(Failure::special(entry.path())),
            Ok(entry) => found.push(entry.into_path()),
            Err(error) => skipped.push(unreadable(folder, &error)),
        }
    }
    skipped.extend(left_out.try_iter().map(|path| Failure::other_file(&path)));
    found.sort_unstable_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    files.extend(found.into_iter().map(InputFile::Path));
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Files and folders of a home, beside its catalog, that look like documents or hold what does.
const KEPT_IN_HOME: [&str; 5] = ["index", "index.next", "index.former", "near", "decisions.ndjson"];

/// Whether this is what a home keeps for itself: an index wherever it lies, and what stands beside a catalog.
fn is_kept(path: &Path) -> bool {
    let is_named = path.file_name().is_some_and(|name| KEPT_IN_HOME.iter().any(|kept| name == *kept));
    let is_in_home = || path.parent().is_some_and(|home| home.join("catalog.db").is_file());
    is_named && is_in_home() || path.join(".managed.json").exists() && path.join("meta.json").exists()
}

/// Whether this is neither a regular file nor a link to one. A broken link is for its reader to report.
fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

/// Names the entry that cannot be read where the walker knows it, else the folder that was walked.
fn unreadable(folder: &Path, error: &ignore::Error) -> Failure {
    match error {
        ignore::Error::WithDepth { err, .. } => unreadable(folder, err),
        ignore::Error::WithPath { path, err } => unreadable(path, err),
        other => match other.io_error() {
            Some(cause) => Failure::unreadable(folder, cause),
            None => Failure::unreadable(folder, other),
        },
    }
}

fn is_document(path: &Path) -> bool {
    let name = path.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default().to_ascii_lowercase();
    let stem =
        COMPRESSED_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending.as_bytes())).unwrap_or(&name);
    DOCUMENT_ENDINGS.iter().any(|ending| stem.ends_with(ending.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("has a parent")).expect("creates");
            std::fs::write(path, "{}").expect("writes");
        }
        folder
    }

    fn names(folder: &Path, input: &str) -> Vec<String> {
        let (files, _) = files_of(&[Input::Path(folder.join(input))]).expect("expands");
        files
            .iter()
            .map(|file| match file {
                InputFile::Path(path) => {
                    path.strip_prefix(folder).expect("below").to_string_lossy().into_owned()
                }
                InputFile::Stdin => "-".to_owned(),
            })
            .collect()
    }

    #[test]
    fn a_folder_gives_its_documents_in_byte_order_and_counts_the_rest() {
        let folder = folder(&["b.json", "a/x.JSONL.gz", "a/y.civitai.info", "c.png", ".hidden.json"]);
        assert_eq!(names(folder.path(), ""), ["a/x.JSONL.gz", "a/y.civitai.info", "b.json"]);
        let (_, skipped) = files_of(&[Input::Path(folder.path().to_owned())]).expect("expands");
        assert_eq!(skipped.len(), 2, "the picture and the hidden file: {skipped:?}");
    }

    #[test]
    fn the_files_of_an_index_are_no_documents_and_those_beside_it_are() {
        let folder = folder(&["home/index/meta.json", "home/index/.managed.json", "home/dump.json"]);
        assert_eq!(names(folder.path(), ""), ["home/dump.json"]);
        assert_eq!(names(folder.path(), "home/index"), [""; 0]);
    }

    #[test]
    fn what_a_home_keeps_is_no_document_and_what_is_called_the_same_elsewhere_is_one() {
        let kept = ["near/state.json", "decisions.ndjson", "index.next/meta.json", "index.former/meta.json"];
        let home = folder(&[&["catalog.db", "page.json"][..], &kept].concat());
        assert_eq!(names(home.path(), ""), ["page.json"]);
        assert_eq!(names(home.path(), "near"), [""; 0]);
        let elsewhere = folder(&kept);
        assert_eq!(names(elsewhere.path(), "").len(), kept.len());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_a_folder_is_named_instead_of_waited_for() {
        let folder = folder(&["a.json"]);
        let pipe = folder.path().join("b.json");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
        assert!(made.success());
        let plan = Plan::new(&[Input::Path(folder.path().to_owned())]).expect("expands");
        assert_eq!(plan.files, [InputFile::Path(folder.path().join("a.json"))]);
        let reasons: Vec<&str> = plan.skipped.iter().map(|failure| failure.reason.as_str()).collect();
        assert_eq!(reasons, ["neither a file nor a folder"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_looked_at_is_not_taken_for_missing() {
        let folder = folder(&[]);
        let looped = folder.path().join("a.json");
        std::os::unix::fs::symlink(&looped, &looped).expect("links");
        let plan = Plan::new(&[Input::Path(looped.clone())]).expect("expands");
        assert_eq!(plan.files, [InputFile::Path(looped)]);
    }

    #[cfg(unix)]
    #[test]
    fn a_document_has_one_name_from_every_folder() {
        let folder = folder(&["a/x.json"]);
        std::os::unix::fs::symlink(folder.path().join("a"), folder.path().join("b")).expect("links");
        let name = |path: &str| InputFile::Path(folder.path().join(path)).document_name();
        assert_eq!(name("a/../a/x.json"), name("b/x.json"));
        assert!(matches!(name("b/x.json"), DocumentName::Path(path) if path.starts_with(b"/")));
        assert_eq!(InputFile::Stdin.document_name(), DocumentName::Content);
    }

    #[test]
    fn a_pattern_gives_what_it_matches_and_stars_stop_at_separators() {
        let folder = folder(&["a1.json", "a2.txt", "sub/a3.json"]);
        assert_eq!(names(folder.path(), "a*"), ["a1.json", "a2.txt"]);
        assert_eq!(names(folder.path(), "**/*.json"), ["a1.json", "sub/a3.json"]);
    }

    #[test]
    fn a_file_whose_name_looks_like_a_pattern_is_that_file() {
        let folder = folder(&["a[1].json"]);
        assert_eq!(names(folder.path(), "a[1].json"), ["a[1].json"]);
    }

    #[test]
    fn nothing_there_is_an_error() {
        let folder = folder(&[]);
        for name in ["missing.json", "*.json"] {
            let found = files_of(&[Input::Path(folder.path().join(name))]);
            assert!(matches!(found, Err(ImportError::NotFound { .. })), "{name}");
        }
    }
}
