//! The file of decisions on disk: read whole, changed under a lock, replaced at once.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use super::overlay::{LineFault, Overlay};
use crate::catalog::{CatalogError, Result};

/// Longest file that is read: some 400,000 decisions.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Lines that are no decisions, from 1.
pub type Faults = Vec<(u64, LineFault)>;

/// `decisions.ndjson`, which may not exist yet.
#[derive(Clone, Debug)]
pub struct DecisionsFile {
    path: PathBuf,
}

impl DecisionsFile {
    /// The file that belongs to the catalog at `catalog`.
    pub fn beside(catalog: &Path) -> Self {
        Self { path: catalog.with_file_name("decisions.ndjson") }
    }

    /// A file anywhere, such as one from somebody else.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it; `None` when there is no such file.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Decisions`] when it cannot be read, is longer than 64 MiB or is not UTF-8.
    pub fn read(&self) -> Result<Option<Overlay>> {
        Ok(self.read_with_faults()?.map(|(overlay, _)| overlay))
    }

    /// As [`Self::read`], with the lines that are no decisions, from 1.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn read_with_faults(&self) -> Result<Option<(Overlay, Faults)>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let mut text = String::new();
        let read = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text);
        if read.map_err(|error| self.failed(error))? as u64 > MAX_FILE_BYTES {
            return Err(self.failed(io::Error::from(io::ErrorKind::FileTooLarge)));
        }
        Ok(Some(Overlay::read(&text)))
    }

    /// Changes it while no other process does. Where there is no file, `otherwise` is what it begins with.
    ///
    /// The file is replaced as a whole, so that a reader sees the old or the new one; it is left alone when `work`
    /// changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Self::read`], and when it cannot be written.
    pub fn change<T>(&self, otherwise: Overlay, work: impl FnOnce(&mut Overlay) -> T) -> Result<T> {
        let lock_path = self.path.with_extension("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(lock_path);
        let lock = lock.map_err(|error| self.failed(error))?;
        lock.lock().map_err(|error| self.failed(error))?;
        let before = self.read()?;
        let mut overlay = before.clone().unwrap_or(otherwise);
        let done = work(&mut overlay);
        if before.as_ref() != Some(&overlay) {
            self.write(&overlay)?;
        }
        Ok(done)
    }

    fn write(&self, overlay: &Overlay) -> Result<()> {
        let next = self.path.with_extension("ndjson.new");
        let written = File::create(&next).and_then(|mut file| {
            file.write_all(overlay.to_text().as_bytes())?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&next, &self.path)).map_err(|error| self.failed(error))
    }

    fn failed(&self, cause: io::Error) -> CatalogError {
        CatalogError::Decisions { path: self.path.clone(), cause }
    }
}
