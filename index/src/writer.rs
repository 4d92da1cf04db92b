//! Documents in, committed index out.
//!
//! - Input: [`Document`]s and keys to delete, in any order, then the generation that they bring the index to.
//! - Output: nothing is visible before [`Writer::commit`]; after it everything is, with its generation.
//! - Never: reads the caller's store, keeps texts, or loses a committed document when it is dropped or killed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tantivy::IndexWriter;
use tantivy::indexer::{IndexWriterOptions, NoMergePolicy};

use crate::document::Document;
use crate::entry::Entry;
use crate::error::IndexError;
use crate::query::scan::{IdSet, Look, Scan};
use crate::schema::{self, Fields, Stamp};
use crate::segments::{self, Evenly};

/// The engine's own bounds for the memory of one thread, in bytes.
const THREAD_MEMORY_BYTES: std::ops::RangeInclusive<usize> = 16 << 20..=2 << 30;
const MAX_THREADS: usize = 8;

/// How often, and after which pause, a writer asks for the lock of an index before it takes it for somebody's.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(30);

/// How much of the machine a writer may use.
#[derive(Clone, Copy, Debug)]
pub struct WriterOptions {
    /// Indexing threads, 1 to 8; other values are moved into that range.
    pub threads: usize,
    /// Memory for documents that are not on disk yet, in bytes, over all threads; at least 16 MiB a thread.
    pub memory_bytes: usize,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self { threads: 4, memory_bytes: 512 << 20 }
    }
}

/// The one writer of an index. Dropping it forgets what was not committed.
pub struct Writer {
    inner: IndexWriter<Entry>,
    fields: Fields,
    committed: u64,
    mark: Option<u64>,
}

impl Writer {
    /// Opens the index in `dir` for writing, and creates folder and index where they are missing.
    ///
    /// # Errors
    ///
    /// [`IndexError::Locked`] while another writer is open, in this process or another;
    /// [`IndexError::NeedsRebuild`] for an index of another format.
    pub fn open(dir: &Path, options: WriterOptions) -> Result<Self, IndexError> {
        std::fs::create_dir_all(dir).map_err(IndexError::Io)?;
        let fields = Fields::new();
        let index = match schema::open(dir, &fields)? {
            Some(index) => index,
            None => schema::create(dir, &fields)?,
        };
        let threads = options.threads.clamp(1, MAX_THREADS);
        let memory =
            (options.memory_bytes / threads).clamp(*THREAD_MEMORY_BYTES.start(), *THREAD_MEMORY_BYTES.end());
        let settings = IndexWriterOptions::builder()
            .num_worker_threads(threads)
            .memory_budget_per_thread(memory)
            .num_merge_threads(threads.div_ceil(2))
            .build();
        let inner = patiently(|| index.writer_with_options(settings.clone()))
            .map_err(|error| locked(error, dir.to_path_buf()))?;
        inner.set_merge_policy(Box::new(Evenly));
        // A writer that was killed within a commit leaves files that the same commit, made again, would refuse to overwrite.
        inner.garbage_collect_files().wait()?;
        let stamp = Stamp::of(&index.load_metas()?);
        let (committed, mark) = stamp.map_or((0, None), |stamp| (stamp.generation, stamp.mark));
        Ok(Self { inner, fields, committed, mark })
    }

    /// The generation of the last commit; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.committed
    }

    /// What the last commit said beside its generation; see [`Self::commit_marked`].
    pub fn mark(&self) -> Option<u64> {
        self.mark
    }

    /// Adds a document whose key is not in the index; [`Self::remove`] takes out one that is.
    ///
    /// # Errors
    ///
    /// Fails when an indexing thread has failed, such as on a full disk.
    pub fn add(&mut self, document: &Document) -> Result<(), IndexError> {
        self.inner.add_document(Entry::new(&self.fields, document))?;
        Ok(())
    }

    /// Removes what has these keys and was added before, committed or not.
    ///
    /// Each call is a look at the keys of all documents, some nanoseconds for each: many are better removed at once.
    ///
    /// # Errors
    ///
    /// Only what a damaged index causes.
    pub fn remove(&mut self, keys: Vec<i64>) -> Result<(), IndexError> {
        if !keys.is_empty() {
            self.inner.delete_query(Box::new(Scan(Look::Key(Arc::new(IdSet::new(keys))))))?;
        }
        Ok(())
    }

    /// Makes everything since the last commit visible and durable, as the state of `generation`.
    ///
    /// # Errors
    ///
    /// On a failure the last commit stays as it was.
    pub fn commit(&mut self, generation: u64) -> Result<(), IndexError> {
        self.commit_marked(generation, None)
    }

    /// As [`Self::commit`], with a mark that tells this generation from one of the same number in another store.
    ///
    /// # Errors
    ///
    /// As [`Self::commit`].
    pub fn commit_marked(&mut self, generation: u64, mark: Option<u64>) -> Result<(), IndexError> {
        let mut prepared = self.inner.prepare_commit()?;
        prepared.set_payload(&Stamp::new(generation, mark).to_payload());
        prepared.commit()?;
        (self.committed, self.mark) = (generation, mark);
        Ok(())
    }

    /// Forgets everything since the last commit.
    ///
    /// # Errors
    ///
    /// Fails when the engine cannot restart its threads.
    pub fn rollback(&mut self) -> Result<(), IndexError> {
        self.inner.rollback()?;
        Ok(())
    }

    /// Merges what is committed into a few segments of about the same size and drops deleted documents, so that queries
    /// are as fast and rank as after a rebuild. What was added and not committed is forgotten.
    ///
    /// # Errors
    ///
    /// On a failure the last commit stays as it was.
    pub fn compact(&mut self) -> Result<(), IndexError> {
        self.inner.rollback()?;
        // The policy would start merges of its own between ours.
        self.inner.set_merge_policy(Box::new(NoMergePolicy));
        let segments = self.inner.index().searchable_segment_metas()?;
        let merges: Vec<_> =
            segments::compaction(&segments).iter().map(|ids| self.inner.merge(ids)).collect();
        let merged = merges.into_iter().try_for_each(|merge| merge.wait().map(drop));
        self.inner.set_merge_policy(Box::new(Evenly));
        merged?;
        self.inner.garbage_collect_files().wait()?;
        Ok(())
    }

    /// Waits for merges of segments that are under way, then closes. What was not committed is forgotten.
    ///
    /// # Errors
    ///
    /// Fails when a merge failed; the last commit stays readable.
    pub fn close(self) -> Result<(), IndexError> {
        self.inner.wait_merging_threads()?;
        Ok(())
    }
}

/// Tries for a moment to get the lock of an index. A process that somebody starts in the meantime holds every open file
/// of this one until it has become another program, and so a lock that was just given back.
fn patiently<T>(mut open: impl FnMut() -> tantivy::Result<T>) -> tantivy::Result<T> {
    for _ in 1..LOCK_TRIES {
        match open() {
            Err(tantivy::TantivyError::LockFailure(..)) => std::thread::sleep(LOCK_PAUSE),
            other => return other,
        }
    }
    open()
}

fn locked(error: tantivy::TantivyError, path: PathBuf) -> IndexError {
    match error {
        tantivy::TantivyError::LockFailure(..) => IndexError::Locked { path },
        other => other.into(),
    }
}
