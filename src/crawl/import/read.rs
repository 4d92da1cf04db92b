//! Chunks of text into batches of entities. Pure, so that any thread may do it.

use std::collections::BTreeMap;

use super::chunk::{Chunk, Content};
use super::report::Failure;
use crate::catalog::{Batch, RawBlock, Record, raw_hash};
use crate::entity::Timestamp;
use crate::source::civitai::{Context, DocumentError, ItemKind, MetaRequest, RawItem, convert, open};

/// Items in one batch at most: small enough that an interrupted run loses little, large enough that the cost of
/// a transaction does not show.
const BATCH_ITEMS: usize = 2_000;

/// Raw text in one batch, in bytes, after which it is closed.
const BATCH_BYTES: usize = 8 << 20;

/// What one stretch of a file holds.
#[derive(Debug)]
pub(super) struct Reading {
    /// Items to store; `None` where there are none.
    pub(super) batch: Option<Batch>,
    /// Items found, good or bad.
    pub(super) items: u64,
    /// What could not be read.
    pub(super) failures: Vec<Failure>,
    /// Fields that were left out, by name and problem.
    pub(super) warnings: BTreeMap<String, u64>,
    /// Bytes on disk that this stands for.
    pub(super) read_bytes: u64,
}

/// Reads a chunk; the readings are in the order of its items.
pub(super) fn read(chunk: &Chunk, kind: Option<ItemKind>, at: Timestamp) -> Vec<Reading> {
    let mut reader = Reader { chunk, kind, at, done: Vec::new(), open: Stretch::default() };
    match &chunk.content {
        Content::Broken(reason) => reader.fail(None, None, reason.clone()),
        Content::Whole(text) if mostly_lines(text) => reader.lines(1, text),
        Content::Whole(text) => reader.document(text, None),
        Content::Lines { first, text } => reader.lines(*first, text),
    }
    reader.finish()
}

struct Reader<'a> {
    chunk: &'a Chunk,
    kind: Option<ItemKind>,
    at: Timestamp,
    done: Vec<Reading>,
    open: Stretch,
}

/// Items on their way to a batch.
#[derive(Default)]
struct Stretch {
    texts: Vec<String>,
    bytes: usize,
    records: Vec<Record>,
    items: u64,
    failures: Vec<Failure>,
    warnings: BTreeMap<String, u64>,
}

/// Whether a text that is no document by itself holds one a line, the first of which is damaged.
fn mostly_lines(text: &[u8]) -> bool {
    let whole = String::from_utf8_lossy(text);
    if !text.contains(&b'\n') || !matches!(open(&whole), Err(DocumentError::Syntax { .. })) {
        return false;
    }
    let lines = whole.lines().filter(|line| !line.trim().is_empty());
    let (good, all) =
        lines.fold((0_usize, 0_usize), |(good, all), line| (good + usize::from(open(line).is_ok()), all + 1));
    good * 2 >= all
}

impl Reader<'_> {
    fn lines(&mut self, first: u64, text: &[u8]) {
        for (line, text) in (first..).zip(text.split(|byte| *byte == b'\n')) {
            if !text.trim_ascii().is_empty() {
                self.document(text, Some(line));
            }
        }
    }

    /// Reads one document: a page, an entity, an array; or several, one after the other.
    fn document(&mut self, bytes: &[u8], line: Option<u64>) {
        let text = String::from_utf8_lossy(bytes);
        if matches!(text, std::borrow::Cow::Owned(_)) {
            *self.open.warnings.entry("document: not UTF-8, bytes replaced".to_owned()).or_default() += 1;
        }
        let mut rest: &str = &text;
        while let Err(DocumentError::SeveralValues { offset }) = open(rest) {
            let (document, after) = rest.split_at_checked(offset).unwrap_or((rest, ""));
            self.value(document, line);
            rest = after;
        }
        self.value(rest, line);
    }

    /// Reads one JSON value.
    fn value(&mut self, text: &str, line: Option<u64>) {
        let opened = match open(text) {
            Ok(opened) => opened,
            Err(error) => return self.fail(line, None, error.to_string()),
        };
        for problem in &opened.problems {
            self.fail(line, Some(problem.position), problem.kind.to_string());
        }
        let meta_request = opened.meta_request();
        for item in &opened.items {
            self.item(*item, meta_request, line);
        }
    }

    fn item(&mut self, item: RawItem<'_>, meta_request: MetaRequest, line: Option<u64>) {
        let line_position = line.and_then(|line| usize::try_from(line - 1).ok());
        let context = Context {
            kind: self.kind,
            meta_request,
            returned_for: None,
            document: &self.chunk.file.path_bytes,
            position: line_position.unwrap_or(item.position),
        };
        self.open.items += 1;
        match convert(item.text, &context) {
            Err(error) => {
                self.open.items -= 1;
                self.fail(line, Some(item.position), error.to_string());
            }
            Ok(converted) => {
                for warning in &converted.warnings {
                    let name = format!("{}: {}", warning.field, warning.problem);
                    *self.open.warnings.entry(name).or_default() += 1;
                }
                self.open.records.push(Record {
                    item: converted.item,
                    raw_position: u32::try_from(self.open.texts.len()).unwrap_or(u32::MAX),
                    raw_hash: raw_hash(item.text),
                });
                self.open.bytes += item.text.len();
                self.open.texts.push(item.text.to_owned());
            }
        }
        if self.open.texts.len() >= BATCH_ITEMS || self.open.bytes >= BATCH_BYTES {
            self.close();
        }
    }

    fn fail(&mut self, line: Option<u64>, item: Option<usize>, reason: String) {
        self.open.items += u64::from(item.is_some());
        let file = self.chunk.file.name.clone();
        self.open.failures.push(Failure { file, line, item, reason });
    }

    /// Packs what has been collected.
    fn close(&mut self) {
        let stretch = std::mem::take(&mut self.open);
        let texts: Vec<&str> = stretch.texts.iter().map(String::as_str).collect();
        let mut failures = stretch.failures;
        let batch = match RawBlock::pack(&texts) {
            Ok(raw) if !stretch.records.is_empty() => Some(Batch {
                stage: "import",
                source: self.chunk.file.name.clone(),
                at: self.at,
                raw,
                records: stretch.records,
                crawl: None,
            }),
            Ok(_) => None,
            Err(error) => {
                let name = self.chunk.file.name.clone();
                failures.push(Failure::file(name, error.to_string()));
                None
            }
        };
        self.done.push(Reading {
            batch,
            items: stretch.items,
            failures,
            warnings: stretch.warnings,
            read_bytes: 0,
        });
    }

    fn finish(mut self) -> Vec<Reading> {
        self.close();
        if let Some(last) = self.done.last_mut() {
            last.read_bytes = self.chunk.read_bytes;
        }
        self.done
    }
}
