//! Every hash by which a model file is named anywhere, in one pass over its bytes.
//!
//! - In: a file, read once from its start. Out: SHA-256, BLAKE3, CRC-32, AutoV1 and the hash of its tensors.
//! - One thread reads; three hash what it read, because two SHA-256 of different stretches cannot share their work.
//! - Never: the whole file in memory; at most [`QUEUE`] + 2 chunks a hash.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use sha2::{Digest, Sha256};

use crate::entity::{FileHash, HashKind, HexHash};
use crate::run::RunContext;

/// Bytes read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// Chunks that may wait for a hash.
const QUEUE: usize = 4;

/// The window of AutoV1, in bytes from the start of the file.
const AUTO_V1_START: u64 = 0x10_0000;
const AUTO_V1_END: u64 = 0x11_0000;

/// A stretch of the file, and where it starts.
type Chunk = (u64, Arc<Vec<u8>>);

/// The hashes of one model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelHashes {
    /// Length of what was read, in bytes.
    pub size_bytes: u64,
    /// SHA-256 of all of it.
    pub sha256: [u8; 32],
    /// BLAKE3 of all of it.
    pub blake3: [u8; 32],
    /// CRC-32 (IEEE) of all of it.
    pub crc32: u32,
    /// SHA-256 of the 64 KiB that start at 1 MiB; `None` where nothing lies there.
    pub auto_v1: Option<[u8; 32]>,
    /// SHA-256 of what follows the header of a safetensors file; `None` for other files, and where nothing follows.
    pub tensors: Option<[u8; 32]>,
}

impl ModelHashes {
    /// The hashes as the site spells and cuts them: SHA256, BLAKE3, AutoV3, AutoV2, AutoV1, CRC32.
    pub fn as_file_hashes(&self) -> Vec<FileHash> {
        let whole = |bytes: &[u8; 32]| hex(bytes);
        let cut = |bytes: &[u8; 32], digits: usize| {
            let mut text = hex(bytes);
            text.truncate(digits);
            text
        };
        // The site prints the four bytes of a CRC-32 in reverse.
        let crc32 = format!("{:08x}", self.crc32.swap_bytes());
        let found = [
            (HashKind::Sha256, Some(whole(&self.sha256))),
            (HashKind::Blake3, Some(whole(&self.blake3))),
            (HashKind::AutoV3, self.tensors.as_ref().map(|bytes| cut(bytes, 12))),
            (HashKind::AutoV2, Some(cut(&self.sha256, 10))),
            (HashKind::AutoV1, self.auto_v1.as_ref().map(|bytes| cut(bytes, 8))),
            (HashKind::Crc32, Some(crc32)),
        ];
        found
            .into_iter()
            .filter_map(|(kind, digits)| Some(FileHash { kind, value: HexHash::parse(&digits?)? }))
            .collect()
    }

    /// The hash of the tensors in full, to hold a header's claims against.
    pub fn tensor_hash(&self) -> Option<HexHash> {
        HexHash::parse(&hex(self.tensors.as_ref()?))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hashes a model file; `None` when asked to stop.
///
/// `data_start` is where the weights of a safetensors file start, in bytes.
///
/// # Errors
///
/// What reading fails with.
pub fn hash_model_file(
    source: &mut dyn Read,
    data_start: Option<u64>,
    context: &RunContext,
) -> io::Result<Option<ModelHashes>> {
    thread::scope(|scope| {
        let (to_whole, whole) = sync_channel(QUEUE);
        let (to_tensors, tensors) = sync_channel(QUEUE);
        let (to_others, others) = sync_channel(QUEUE);
        let whole = scope.spawn(move || sha256_from(0, whole));
        let tensors = scope.spawn(move || data_start.and_then(|start| sha256_from(start, tensors)));
        let others = scope.spawn(move || blake3_and_crc32(others));
        let mut queues = vec![to_whole, to_others];
        if data_start.is_some() {
            queues.push(to_tensors);
        }
        let window = read_all(source, &queues, context);
        drop(queues);
        let join = "a hash does not panic";
        let (whole, tensors) = (whole.join().expect(join), tensors.join().expect(join));
        let (blake3, crc32) = others.join().expect(join);
        let Some(Extent { size_bytes, auto_v1 }) = window? else { return Ok(None) };
        let sha256 = whole.unwrap_or_else(|| Sha256::digest([]).into());
        Ok(Some(ModelHashes { size_bytes, sha256, blake3, crc32, auto_v1, tensors }))
    })
}

/// What the reading thread finds out by itself.
struct Extent {
    size_bytes: u64,
    auto_v1: Option<[u8; 32]>,
}

/// Reads to the end and hands each chunk to each queue; `None` when asked to stop.
fn read_all(
    source: &mut dyn Read,
    queues: &[SyncSender<Chunk>],
    context: &RunContext,
) -> io::Result<Option<Extent>> {
    let mut at = 0_u64;
    let mut window = Sha256::new();
    let mut pool = Pool::default();
    loop {
        if context.cancel.is_requested() {
            return Ok(None);
        }
        let mut bytes = pool.take();
        (&mut *source).take(CHUNK_BYTES as u64).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len() as u64;
        window.update(between(&bytes, at, AUTO_V1_START, AUTO_V1_END));
        let bytes = pool.lend(bytes);
        for queue in queues {
            // A hash ends before its queue only if it panicked, which joining it tells.
            drop(queue.send((at, Arc::clone(&bytes))));
        }
        at += length;
        context.progress.advance(length);
    }
    let auto_v1 = (at > AUTO_V1_START).then(|| window.finalize().into());
    Ok(Some(Extent { size_bytes: at, auto_v1 }))
}

/// Chunks that come back once every hash is through with them: fresh memory for each would cost more than a hash.
#[derive(Default)]
struct Pool(VecDeque<Arc<Vec<u8>>>);

impl Pool {
    /// An empty buffer: the oldest chunk, if nobody holds it any more.
    fn take(&mut self) -> Vec<u8> {
        let is_free = self.0.front().is_some_and(|oldest| Arc::strong_count(oldest) == 1);
        let oldest = if is_free { self.0.pop_front() } else { None };
        let mut bytes = oldest.and_then(|chunk| Arc::try_unwrap(chunk).ok()).unwrap_or_default();
        bytes.clear();
        bytes.reserve(CHUNK_BYTES);
        bytes
    }

    fn lend(&mut self, bytes: Vec<u8>) -> Arc<Vec<u8>> {
        let chunk = Arc::new(bytes);
        self.0.push_back(Arc::clone(&chunk));
        chunk
    }
}

/// The part of `bytes`, which start at `at`, that lies between two places of the file.
fn between(bytes: &[u8], at: u64, start: u64, end: u64) -> &[u8] {
    let place = |of: u64| usize::try_from(of.saturating_sub(at)).unwrap_or(usize::MAX).min(bytes.len());
    bytes.get(place(start)..place(end)).unwrap_or_default()
}

/// SHA-256 of what lies from `start` on; `None` if nothing does.
fn sha256_from(start: u64, chunks: Receiver<Chunk>) -> Option<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut is_empty = true;
    for (at, bytes) in chunks {
        let part = between(&bytes, at, start, u64::MAX);
        is_empty &= part.is_empty();
        hasher.update(part);
    }
    (!is_empty).then(|| hasher.finalize().into())
}

fn blake3_and_crc32(chunks: Receiver<Chunk>) -> ([u8; 32], u32) {
    let mut blake3 = blake3::Hasher::new();
    let mut crc32 = crc32fast::Hasher::new();
    for (_, bytes) in chunks {
        blake3.update(&bytes);
        crc32.update(&bytes);
    }
    (*blake3.finalize().as_bytes(), crc32.finalize())
}

#[cfg(test)]
mod tests;
