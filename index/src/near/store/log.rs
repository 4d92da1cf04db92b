//! The log of a table: what was put and removed since its base was written.
//!
//! A header of 24 bytes (magic, format, the two checksums of the base, its own checksum), then frames: length and
//! checksum of the payload, then the payload (generation, counts, rows put, keys removed). What follows the last whole
//! frame is the remainder of a write that a crash cut short; the next append writes over it.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::base::{self, Identity, long_number, number};
use super::{Key, Record, STORE_FORMAT, StoreError};

const MAGIC: &[u8; 8] = b"STMNLOG\n";

const HEADER: usize = 24;

/// Bytes before the rows of a payload: generation and two counts.
const FRAME_HEAD: usize = 16;

const KEY_BYTES: usize = 16;

/// Rows and keys of one frame: more are spread over several, so that lengths fit.
const MOST_IN_FRAME: usize = 1 << 16;

/// What a log says.
#[derive(Debug)]
pub(super) struct Replayed<R> {
    /// Of the last whole frame; `None` without one.
    pub(super) generation: Option<u64>,
    /// Bytes up to the end of the last whole frame; zero where the log does not belong to the base.
    pub(super) bytes: u64,
    /// The last word on each key: a record, or nothing.
    changes: BTreeMap<Key, Option<R>>,
}

impl<R: Record> Replayed<R> {
    fn none() -> Self {
        Self { generation: None, bytes: 0, changes: BTreeMap::new() }
    }

    /// The records of the base with the changes made.
    pub(super) fn apply(self, mut records: Vec<R>) -> Vec<R> {
        records.retain(|record| !self.changes.contains_key(&record.key()));
        records.extend(self.changes.into_values().flatten());
        // Two ascending runs: the stable sort merges them.
        records.sort();
        records
    }
}

fn path_of(base: &Path) -> PathBuf {
    let mut name = base.as_os_str().to_owned();
    name.push(".log");
    PathBuf::from(name)
}

/// Deletes the log of a base.
pub(super) fn remove(base: &Path) -> Result<(), StoreError> {
    base::remove_file(&path_of(base))
}

fn header(base: Identity) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&STORE_FORMAT.to_le_bytes());
    header[12..16].copy_from_slice(&base.header.to_le_bytes());
    header[16..20].copy_from_slice(&base.rows.to_le_bytes());
    let own = crc32fast::hash(&header[..20]);
    header[20..].copy_from_slice(&own.to_le_bytes());
    header
}

/// What the log of a base says, up to its last whole frame.
///
/// A log of another base is what a crash left between writing the new base and deleting the old log: it says nothing.
pub(super) fn read<R: Record>(base_path: &Path, base: Identity) -> Result<Replayed<R>, StoreError> {
    let path = path_of(base_path);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Replayed::none()),
        Err(source) => return Err(StoreError::io(&path)(source)),
    };
    let Some(mut rest) = bytes.strip_prefix(&header(base)) else { return Ok(Replayed::none()) };
    let mut replayed = Replayed::none();
    // Frames of one append share its generation and count only together: see `Frame::is_last`.
    let mut open: Vec<Frame<'_>> = Vec::new();
    while let Some((frame, behind)) = Frame::split::<R>(rest) {
        rest = behind;
        let is_last = frame.is_last;
        open.push(frame);
        if !is_last {
            continue;
        }
        for frame in open.drain(..) {
            frame.replay(&mut replayed.changes).ok_or_else(|| StoreError::damaged(&path))?;
            replayed.generation = Some(frame.generation);
        }
        replayed.bytes = (bytes.len() - rest.len()) as u64;
    }
    if replayed.bytes == 0 {
        replayed.bytes = HEADER as u64;
    }
    Ok(replayed)
}

/// One frame whose checksum is right.
struct Frame<'a> {
    generation: u64,
    /// Whether the append ends here.
    is_last: bool,
    rows: &'a [u8],
    keys: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The first frame and what is behind it; `None` where no whole frame begins.
    fn split<R: Record>(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (head, rest) = bytes.split_at_checked(8)?;
        let (payload, rest) = rest.split_at_checked(usize::try_from(number(head, 0)).ok()?)?;
        if crc32fast::hash(payload) != number(head, 4) {
            return None;
        }
        let (counts, body) = payload.split_at_checked(FRAME_HEAD)?;
        let (put, marked) = (number(counts, 8) as usize, number(counts, 12));
        let (rows, keys) = body.split_at_checked(put.checked_mul(R::BYTES)?)?;
        let removed = (marked >> 1) as usize;
        let is_right = keys.len() == removed.checked_mul(KEY_BYTES)?;
        let is_last = marked & 1 == 1;
        is_right.then_some((Self { generation: long_number(counts, 0), is_last, rows, keys }, rest))
    }

    fn replay<R: Record>(&self, changes: &mut BTreeMap<Key, Option<R>>) -> Option<()> {
        for key in self.keys.chunks_exact(KEY_BYTES) {
            changes.insert([long_number(key, 0), long_number(key, 8)], None);
        }
        for row in self.rows.chunks_exact(R::BYTES) {
            let record = R::read(row)?;
            changes.insert(record.key(), Some(record));
        }
        Some(())
    }
}

/// Writes one append behind the first `whole` bytes; returns how long the log is then.
pub(super) fn append<R: Record>(
    base_path: &Path,
    base: Identity,
    whole: u64,
    generation: u64,
    put: &[R],
    removed: &[Key],
) -> Result<u64, StoreError> {
    let path = path_of(base_path);
    let mut bytes = Vec::new();
    if whole == 0 {
        bytes.extend_from_slice(&header(base));
    }
    push_frames(&mut bytes, generation, put, removed);
    write_behind(&path, whole, &bytes).map_err(StoreError::io(&path))?;
    Ok(whole + bytes.len() as u64)
}

fn write_behind(path: &Path, whole: u64, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    file.set_len(whole)?;
    file.seek(SeekFrom::Start(whole))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The removals first, then the rows; the last frame says that it is.
fn push_frames<R: Record>(bytes: &mut Vec<u8>, generation: u64, put: &[R], removed: &[Key]) {
    let frames_of_keys = removed.chunks(MOST_IN_FRAME).map(|keys| (&[][..], keys));
    let frames_of_rows = put.chunks(MOST_IN_FRAME).map(|rows| (rows, &[][..]));
    let frames: Vec<(&[R], &[Key])> = frames_of_keys.chain(frames_of_rows).collect();
    let Some((last, others)) = frames.split_last() else {
        return push_frame::<R>(bytes, generation, &[], &[], 1);
    };
    for (rows, keys) in others {
        push_frame(bytes, generation, rows, keys, 0);
    }
    push_frame(bytes, generation, last.0, last.1, 1);
}

fn push_frame<R: Record>(bytes: &mut Vec<u8>, generation: u64, rows: &[R], keys: &[Key], last: u32) {
    let mut payload = Vec::with_capacity(FRAME_HEAD + rows.len() * R::BYTES + keys.len() * KEY_BYTES);
    payload.extend_from_slice(&generation.to_le_bytes());
    payload.extend_from_slice(&count(rows.len()).to_le_bytes());
    payload.extend_from_slice(&(count(keys.len()) << 1 | last).to_le_bytes());
    for row in rows {
        let from = payload.len();
        payload.resize(from + R::BYTES, 0);
        row.write(&mut payload[from..]);
    }
    for part in keys.iter().flatten() {
        payload.extend_from_slice(&part.to_le_bytes());
    }
    bytes.extend_from_slice(&count(payload.len()).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&payload).to_le_bytes());
    bytes.append(&mut payload);
}

fn count(length: usize) -> u32 {
    u32::try_from(length).expect("a frame has at most 65,536 rows of at most 4,096 bytes")
}
