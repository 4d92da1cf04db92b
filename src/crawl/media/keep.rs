//! Bytes kept on disk, under the name of their hash.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::parse::{self, Container};

/// Bytes could not be kept.
#[derive(Debug, Error)]
#[error("{} could not be written", path.display())]
pub struct KeepError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Writes `bytes` into a folder, unless they are there; says whether they were not.
///
/// The file appears whole or not at all, and one of this name is never touched.
pub(super) fn keep(folder: &Path, content: &[u8; 32], bytes: &[u8]) -> Result<bool, KeepError> {
    let name = format!("{}.{}", blake3::Hash::from_bytes(*content), extension(bytes));
    let path = folder.join(&name);
    let failed = |path: &Path, source| KeepError { path: path.to_owned(), source };
    if path.symlink_metadata().is_ok() {
        return Ok(false);
    }
    let part = folder.join(format!(".{name}.{}.part", std::process::id()));
    let written = write(&part, bytes).and_then(|()| {
        // Unlike a renaming, a second name is refused where there is a file by now.
        match fs::hard_link(&part, &path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            // Not every file system has second names.
            Err(_) => fs::rename(&part, &path).map(|()| true),
        }
    });
    // It is gone already where it was renamed.
    fs::remove_file(&part).unwrap_or_default();
    written.map_err(|source| failed(&path, source))
}

fn write(part: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn extension(bytes: &[u8]) -> &'static str {
    match parse::sniff(bytes) {
        Container::Jpeg => "jpg",
        Container::Png => "png",
        Container::WebP => "webp",
        Container::Gif => "gif",
        Container::Avif => "avif",
        Container::Tiff => "tiff",
        Container::Bmp => "bmp",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_appear_whole_under_their_hash_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let bytes = b"GIF89a and more";
        let content = *blake3::hash(bytes).as_bytes();
        assert!(keep(folder.path(), &content, bytes).expect("writes"));
        let path = folder.path().join(format!("{}.gif", blake3::hash(bytes)));
        assert_eq!(fs::read(&path).expect("is there"), bytes);
        fs::write(&path, b"somebody else's").expect("writes");
        assert!(!keep(folder.path(), &content, bytes).expect("leaves it"));
        assert_eq!(fs::read(&path).expect("is there"), b"somebody else's");
        assert_eq!(fs::read_dir(folder.path()).expect("reads").count(), 1, "no part is left behind");
        assert!(keep(&folder.path().join("nowhere"), &content, bytes).is_err());
    }
}
