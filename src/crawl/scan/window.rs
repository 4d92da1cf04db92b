//! A file whose beginning is held, read by position: seeking costs no call of the system.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::catalog::FileStat;

/// How much of the beginning is read in one go. Generators write their text in front of the pixels where the format
/// lets them, so that most pictures need nothing else.
const HEAD_BYTES: usize = 16 << 10;

/// How much of either end goes into a sample.
const SAMPLE_BYTES: usize = 4 << 10;

/// A file, its beginning held.
pub(super) struct Window<'b> {
    file: File,
    head: &'b [u8],
    size_bytes: u64,
    position: u64,
}

impl<'b> Window<'b> {
    /// Reads the beginning of a file into `buffer`.
    pub(super) fn open(file: File, size_bytes: u64, buffer: &'b mut Vec<u8>) -> io::Result<Self> {
        buffer.resize(HEAD_BYTES, 0);
        let read = read_at(&file, buffer, 0)?;
        buffer.truncate(read);
        Ok(Self { file, head: buffer, size_bytes, position: 0 })
    }

    /// The bytes held.
    pub(super) fn head(&self) -> &[u8] {
        self.head
    }

    /// 64 bits of a BLAKE3 over the size, the first and the last bytes: what two files that differ hardly share.
    pub(super) fn sample(&mut self) -> io::Result<i64> {
        let first = self.head.get(..SAMPLE_BYTES).unwrap_or(self.head);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.size_bytes.to_le_bytes());
        hasher.update(first);
        let mut last = [0_u8; SAMPLE_BYTES];
        self.seek(SeekFrom::Start(self.size_bytes.saturating_sub(SAMPLE_BYTES as u64)))?;
        let read = self.read_whole(&mut last)?;
        hasher.update(last.get(..read).unwrap_or_default());
        let mut digest = [0_u8; 8];
        hasher.finalize_xof().fill(&mut digest);
        Ok(i64::from_le_bytes(digest))
    }

    /// BLAKE3 of all bytes.
    pub(super) fn content(&mut self) -> io::Result<[u8; 32]> {
        self.position = 0;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0_u8; 256 << 10];
        loop {
            match self.read(&mut buffer)? {
                0 => return Ok(*hasher.finalize().as_bytes()),
                read => drop(hasher.update(buffer.get(..read).unwrap_or_default())),
            }
        }
    }

    /// Fills a buffer as far as the file goes.
    fn read_whole(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.read(room)? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(filled)
    }
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let held = usize::try_from(self.position).ok().and_then(|position| self.head.get(position..));
        let read = match held {
            Some(held) if !held.is_empty() => {
                let read = held.len().min(buffer.len());
                buffer.iter_mut().zip(held).for_each(|(slot, byte)| *slot = *byte);
                read
            }
            _ => read_at(&self.file, buffer, self.position)?,
        };
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.size_bytes.checked_add_signed(by),
        };
        self.position = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    use std::os::unix::fs::FileExt as _;
    if i64::try_from(position).is_err() {
        return Ok(0);
    }
    loop {
        match file.read_at(buffer, position) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(not(unix))]
fn read_at(mut file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(position))?;
    file.read(buffer)
}

/// Opens a file to read it, unless it is no longer what it was when it was found: a pipe could be waited for forever.
pub(super) fn open(path: &std::path::Path) -> io::Result<(File, FileStat)> {
    let file = open_without_waiting(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("no longer a file"));
    }
    let stat = super::walk::stat(&metadata);
    Ok((file, stat))
}

fn open_without_waiting(path: &std::path::Path) -> io::Result<File> {
    let found = std::fs::metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::other("no longer a file"));
    }
    File::open(path)
}
