//! Which files to read.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

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

    /// The platform's bytes of its path, which name a document that has no other name.
    pub(super) fn path_bytes(&self) -> Vec<u8> {
        match self {
            Self::Path(path) => path.as_os_str().as_encoded_bytes().to_vec(),
            Self::Stdin => b"-".to_vec(),
        }
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
            Input::Path(path) if path.exists() => files.push(InputFile::Path(path.clone())),
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
    skipped.extend(others.into_iter().filter(|failure| !failure.is_other_file()));
    if files.len() == before { Err(not_found()) } else { Ok(()) }
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

/// Adds the wanted files below a folder, in byte order of their paths; hidden files are left out.
fn walk(
    folder: &Path,
    wanted: impl Fn(&Path) -> bool,
    files: &mut Vec<InputFile>,
    skipped: &mut Vec<Failure>,
) {
    let mut found = Vec::new();
    let walker = ignore::WalkBuilder::new(folder).standard_filters(false).hidden(true).build();
    for entry in walker {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_dir()) => {}
            Ok(entry) if wanted(entry.path()) => found.push(entry.into_path()),
            Ok(entry) => skipped.push(Failure::other_file(&entry.into_path())),
            Err(error) => skipped.push(Failure::unreadable(folder, &error)),
        }
    }
    found.sort_unstable_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    files.extend(found.into_iter().map(InputFile::Path));
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
        assert_eq!(skipped.len(), 1);
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
