//! Chunks of text into batches of entities. Pure, so that any thread may do it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::chunk::{Chunk, ChunkFile, Content};
use super::input::DocumentName;
use super::report::{Failure, Warned, warn};
use crate::catalog::{Batch, RawBlock, Record, raw_hash};
use crate::entity::Timestamp;
use crate::source::civitai::{
    Context, DocumentError, ItemKind, ItemProblemKind, MetaRequest, Opened, RawItem, convert, open, salvage,
};

/// Items in one batch at most: small enough that an interrupted run loses little, large enough that the cost of
/// a transaction does not show.
const BATCH_ITEMS: usize = 8_000;

/// Raw text in one batch, in bytes, after which it is closed.
const BATCH_BYTES: usize = 16 << 20;

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
    pub(super) warnings: BTreeMap<String, Warned>,
    /// Bytes on disk that this stands for.
    pub(super) read_bytes: u64,
}

/// Reads chunks that follow one another; the readings are in the order of their items.
pub(super) fn read(chunks: &[Chunk], kind: Option<ItemKind>, at: Timestamp) -> Vec<Reading> {
    let Some(first) = chunks.first() else { return Vec::new() };
    let mut reader = Reader { file: &first.file, kind, at, done: Vec::new(), open: Stretch::default() };
    for chunk in chunks {
        reader.chunk(chunk);
    }
    reader.finish(chunks.iter().map(|chunk| chunk.read_bytes).sum())
}

/// The text as UTF-8 if it begins with a byte order mark of UTF-16, as what a Windows shell redirects does.
fn from_utf16(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    let (unit, rest): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (u16::from_le_bytes, rest),
        [0xFE, 0xFF, rest @ ..] => (u16::from_be_bytes, rest),
        _ => return None,
    };
    let units: Vec<u16> = rest.as_chunks().0.iter().map(|pair| unit(*pair)).collect();
    Some(Cow::Owned(String::from_utf16_lossy(&units).into_bytes()))
}

/// Where a document stands in its file.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The line, from 1, in a file with one document a line.
    line: Option<u64>,
    /// How many documents of the line, or of the file, come before it.
    before: u64,
}

impl Place {
    /// What sets a document apart from the first one of its file.
    fn suffix(self) -> String {
        let line = self.line.filter(|line| *line > 1).map(|line| format!("#line-{line}")).unwrap_or_default();
        if self.before == 0 { line } else { format!("{line}#value-{}", self.before + 1) }
    }
}

struct Reader<'a> {
    file: &'a ChunkFile,
    kind: Option<ItemKind>,
    at: Timestamp,
    done: Vec<Reading>,
    open: Stretch,
}

/// Items on their way to a batch.
#[derive(Default)]
struct Stretch {
    /// The file of the first item.
    source: Option<String>,
    texts: Vec<String>,
    bytes: usize,
    records: Vec<Record>,
    items: u64,
    failures: Vec<Failure>,
    warnings: BTreeMap<String, Warned>,
}

/// Whether a text that is no document by itself holds one a line, the first of which is damaged.
fn mostly_lines(text: &[u8]) -> bool {
    let whole = String::from_utf8_lossy(text);
    if !text.contains(&b'\n') || !open(&whole).is_err_and(|error| is_damage(&error)) {
        return false;
    }
    let lines = whole.lines().filter(|line| !line.trim().is_empty());
    let (good, all) =
        lines.fold((0_usize, 0_usize), |(good, all), line| (good + usize::from(open(line).is_ok()), all + 1));
    good * 2 >= all
}

/// Whether a document is one of which a part may still be read.
fn is_damage(error: &DocumentError) -> bool {
    matches!(error, DocumentError::Truncated | DocumentError::Syntax { .. })
}

impl<'a> Reader<'a> {
    fn chunk(&mut self, chunk: &'a Chunk) {
        self.file = &chunk.file;
        match &chunk.content {
            Content::Broken(reason) => self.fail(Place::default(), None, reason.clone()),
            Content::Whole(text) => {
                let text = from_utf16(text).unwrap_or(Cow::Borrowed(text));
                if mostly_lines(&text) {
                    self.lines(1, &text);
                } else {
                    self.document(&text, Place::default());
                }
            }
            Content::Lines { first, text } => self.lines(*first, text),
        }
    }

    fn lines(&mut self, first: u64, text: &[u8]) {
        for (line, text) in (first..).zip(text.split(|byte| *byte == b'\n')) {
            if !text.trim_ascii().is_empty() {
                self.document(text, Place { line: Some(line), before: 0 });
            }
        }
    }

    /// Reads one document: a page, an entity, an array; or several, one after the other.
    fn document(&mut self, bytes: &[u8], mut place: Place) {
        let text = String::from_utf8_lossy(bytes);
        if matches!(text, Cow::Owned(_)) {
            self.warn("document: not UTF-8, bytes replaced", place, None);
        }
        let mut rest: &str = &text;
        loop {
            match open(rest) {
                Err(DocumentError::SeveralValues { offset }) => {
                    let (value, after) = rest.split_at_checked(offset).unwrap_or((rest, ""));
                    self.value(value, open(value), place);
                    place.before += 1;
                    rest = after;
                }
                opened => return self.value(rest, opened, place),
            }
        }
    }

    /// Reads one JSON value; of a damaged one, the items before the damage.
    fn value(&mut self, text: &str, opened: Result<Opened<'_>, DocumentError>, place: Place) {
        match opened {
            Ok(opened) => self.items(&opened, place),
            Err(error) if is_damage(&error) => {
                let mut saved = salvage(text);
                if saved.items.is_empty() {
                    return self.fail(place, None, error.to_string());
                }
                for cut in std::mem::take(&mut saved.problems) {
                    let reason = match cut.kind {
                        ItemProblemKind::CutOff => format!("{error}; this item and all after it are lost"),
                        other => other.to_string(),
                    };
                    self.fail(place, Some(cut.position), reason);
                }
                self.items(&saved, place);
            }
            Err(error) => self.fail(place, None, error.to_string()),
        }
    }

    fn items(&mut self, opened: &Opened<'_>, place: Place) {
        for problem in &opened.problems {
            self.fail(place, Some(problem.position), problem.kind.to_string());
        }
        let meta_request = opened.meta_request();
        for item in &opened.items {
            self.item(*item, meta_request, place);
        }
    }

    fn item(&mut self, item: RawItem<'_>, meta_request: MetaRequest, place: Place) {
        let raw_hash = raw_hash(item.text);
        let (document, position) = match &self.file.document {
            DocumentName::Path(path) => ([path, place.suffix().as_bytes()].concat(), item.position),
            DocumentName::Content => (format!("stdin:{raw_hash:016x}").into_bytes(), 0),
        };
        let context = Context {
            kind: self.kind,
            meta_request,
            returned_for: None,
            dialect: None,
            document: &document,
            position,
        };
        match convert(item.text, &context) {
            Err(error) => self.fail(place, Some(item.position), error.to_string()),
            Ok(converted) => {
                self.open.items += 1;
                for warning in &converted.warnings {
                    let name = format!("{}: {}", warning.field, warning.problem);
                    self.warn(&name, place, Some(item.position));
                }
                self.open.records.push(Record {
                    item: converted.item,
                    raw_position: u32::try_from(self.open.texts.len()).unwrap_or(u32::MAX),
                    raw_hash,
                });
                self.open.source.get_or_insert_with(|| self.file.name.clone());
                self.open.bytes += item.text.len();
                self.open.texts.push(item.text.to_owned());
            }
        }
        if self.open.texts.len() >= BATCH_ITEMS || self.open.bytes >= BATCH_BYTES {
            self.close();
        }
    }

    fn failure(&self, place: Place, item: Option<usize>, reason: String) -> Failure {
        Failure { file: self.file.name.clone(), line: place.line, item, reason }
    }

    fn fail(&mut self, place: Place, item: Option<usize>, reason: String) {
        self.open.items += u64::from(item.is_some());
        let failure = self.failure(place, item, reason);
        self.open.failures.push(failure);
    }

    fn warn(&mut self, name: &str, place: Place, item: Option<usize>) {
        let first = self.failure(place, item, name.to_owned());
        warn(&mut self.open.warnings, name, &Warned { count: 1, first });
    }

    /// Packs what has been collected.
    fn close(&mut self) {
        let stretch = std::mem::take(&mut self.open);
        let texts: Vec<&str> = stretch.texts.iter().map(String::as_str).collect();
        let mut failures = stretch.failures;
        let batch = match RawBlock::pack(&texts) {
            Ok(raw) if !stretch.records.is_empty() => Some(Batch {
                stage: "import",
                source: stretch.source.unwrap_or_default(),
                at: self.at,
                raw,
                records: stretch.records,
                crawl: None,
            }),
            Ok(_) => None,
            Err(error) => {
                let name = self.file.name.clone();
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

    fn finish(mut self, read_bytes: u64) -> Vec<Reading> {
        self.close();
        if let Some(last) = self.done.last_mut() {
            last.read_bytes = read_bytes;
        }
        self.done
    }
}
