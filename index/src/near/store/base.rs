//! The base of a table: a header of 64 bytes, then rows.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use super::{Record, STORE_FORMAT, Stamp, StoreError};

const MAGIC: &[u8; 8] = b"STMNEAR\n";

/// Bytes of the header; the last four are its own checksum.
const HEADER: usize = 64;

/// Rows that are read or written at once.
const ROWS_AT_ONCE: usize = 16 * 1024;

/// Which base a log continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// Checksum of the header.
    pub(super) header: u32,
    /// Checksum of all rows.
    pub(super) rows: u32,
    /// How many rows it has.
    pub(super) records: u64,
}

/// Replaces the file in one step.
pub(super) fn write<R: Record>(path: &Path, stamp: Stamp, records: &[R]) -> Result<Identity, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let temporary = Path::new(&name);
    let identity = write_whole(temporary, stamp, records).map_err(StoreError::io(temporary))?;
    fs::rename(temporary, path).map_err(StoreError::io(path))?;
    sync_folder(path).map_err(StoreError::io(path))?;
    Ok(identity)
}

fn write_whole<R: Record>(path: &Path, stamp: Stamp, records: &[R]) -> io::Result<Identity> {
    let mut file = File::create(path)?;
    let mut checksum = crc32fast::Hasher::new();
    let mut buffer = vec![0; R::BYTES * ROWS_AT_ONCE.min(records.len())];
    // The header is known only after the rows; a file of zeros in its place is no table.
    file.write_all(&[0; HEADER])?;
    for part in records.chunks(ROWS_AT_ONCE) {
        let rows = &mut buffer[..part.len() * R::BYTES];
        for (row, record) in rows.chunks_exact_mut(R::BYTES).zip(part) {
            record.write(row);
        }
        checksum.update(rows);
        file.write_all(rows)?;
    }
    let rows = checksum.finalize();
    let header = header::<R>(stamp, records.len() as u64, rows);
    io::Seek::rewind(&mut file)?;
    file.write_all(&header)?;
    file.sync_all()?;
    Ok(Identity { header: number(&header, 60), rows, records: records.len() as u64 })
}

fn header<R: Record>(stamp: Stamp, records: u64, rows: u32) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&STORE_FORMAT.to_le_bytes());
    header[12..16].copy_from_slice(&R::KIND);
    header[16..20].copy_from_slice(&row_bytes::<R>().to_le_bytes());
    header[20..24].copy_from_slice(&stamp.algorithm.to_le_bytes());
    header[24..32].copy_from_slice(&stamp.generation.to_le_bytes());
    header[32..40].copy_from_slice(&records.to_le_bytes());
    header[40..44].copy_from_slice(&rows.to_le_bytes());
    let own = crc32fast::hash(&header[..60]);
    header[60..].copy_from_slice(&own.to_le_bytes());
    header
}

fn row_bytes<R: Record>() -> u32 {
    u32::try_from(R::BYTES).unwrap_or(u32::MAX)
}

/// What a file holds: which it is, what it shows, its rows in order.
pub(super) type Held<R> = (Identity, Stamp, Vec<R>);

/// Everything in the file; `None` if there is none.
pub(super) fn read<R: Record>(path: &Path) -> Result<Option<Held<R>>, StoreError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::io(path)(source)),
    };
    let bytes = file.metadata().map_err(StoreError::io(path))?.len();
    let mut header = [0; HEADER];
    file.read_exact(&mut header).map_err(|error| cut_short(path, error))?;
    let (identity, stamp) = check_header::<R>(path, &header, bytes)?;
    let records = read_rows(path, &mut file, identity)?;
    Ok(Some((identity, stamp, records)))
}

fn check_header<R: Record>(
    path: &Path,
    header: &[u8; HEADER],
    bytes: u64,
) -> Result<(Identity, Stamp), StoreError> {
    if &header[..8] != MAGIC {
        return Err(StoreError::damaged(path));
    }
    let format = number(header, 8);
    if format != STORE_FORMAT {
        return Err(StoreError::OtherFormat { path: path.to_owned(), found: format });
    }
    let own = number(header, 60);
    let right_kind = header[12..16] == R::KIND && number(header, 16) == row_bytes::<R>();
    let records = long_number(header, 32);
    // The length of the file bounds what is reserved for its rows.
    let expected = records.checked_mul(R::BYTES as u64).and_then(|rows| rows.checked_add(HEADER as u64));
    if own != crc32fast::hash(&header[..60]) || !right_kind || expected != Some(bytes) {
        return Err(StoreError::damaged(path));
    }
    let stamp = Stamp { generation: long_number(header, 24), algorithm: number(header, 20) };
    Ok((Identity { header: own, rows: number(header, 40), records }, stamp))
}

fn read_rows<R: Record>(path: &Path, file: &mut File, identity: Identity) -> Result<Vec<R>, StoreError> {
    let mut left = usize::try_from(identity.records).map_err(|_| StoreError::damaged(path))?;
    let mut records: Vec<R> = Vec::with_capacity(left);
    let mut checksum = crc32fast::Hasher::new();
    let mut buffer = vec![0; R::BYTES * ROWS_AT_ONCE.min(left)];
    while left > 0 {
        let count = left.min(ROWS_AT_ONCE);
        let rows = &mut buffer[..count * R::BYTES];
        file.read_exact(rows).map_err(|error| cut_short(path, error))?;
        checksum.update(rows);
        for row in rows.chunks_exact(R::BYTES) {
            records.push(R::read(row).ok_or_else(|| StoreError::damaged(path))?);
        }
        left -= count;
    }
    if checksum.finalize() != identity.rows || !records.is_sorted_by(|a, b| a < b) {
        return Err(StoreError::damaged(path));
    }
    Ok(records)
}

/// A file that ends too early is damaged; every other trouble is the disk's.
fn cut_short(path: &Path, error: io::Error) -> StoreError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        StoreError::damaged(path)
    } else {
        StoreError::io(path)(error)
    }
}

/// Deletes a file; that there is none is no error.
pub(super) fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io(path)(error)),
        _ => Ok(()),
    }
}

/// Makes the name of a new file last.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Folders cannot be opened here; renaming lasts by itself.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The number at a place of a header or row, little endian.
pub(super) fn number(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

/// The long number at a place of a header or row, little endian.
pub(super) fn long_number(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}
