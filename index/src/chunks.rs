//! Prompts in, their chunks between commas out: tags as people write them.
//!
//! - Input: a prompt, with whatever syntax its generator reads.
//! - Output: each distinct chunk once, in order: folded as words are, without emphasis, underscores as blanks, escaped
//!   brackets as brackets. `(Red_Hair:1.2), miku \(vocaloid\)` has the chunks `red hair` and `miku (vocaloid)`.
//! - Never: more than [`MAX_CHUNKS`], or one that is longer than tags are: [`MAX_CHUNK_WORDS`] and [`MAX_CHUNK_BYTES`].
//!   Sentences are no tags; their words are found as words.

use std::ops::Range;

use crate::digest;
use crate::syntax::{Step, long_step};
use crate::tokenizer::{fold, has_word, next_word};

/// Most distinct chunks of one text; later ones are left out.
pub const MAX_CHUNKS: usize = 256;
/// Most bytes of a chunk, folded; a longer one is left out.
pub const MAX_CHUNK_BYTES: usize = 64;
/// Most words of a chunk, as separated by blanks; a chunk with more is left out.
pub const MAX_CHUNK_WORDS: usize = 6;

/// Most bytes of a chunk before it is folded and trimmed.
const MAX_RAW_BYTES: usize = 4 * MAX_CHUNK_BYTES;
/// Chunks that most prompts have.
const USUAL_CHUNKS: usize = 32;

/// The distinct chunks of a prompt, in the order of their first occurrence.
pub fn chunks(text: &str) -> Chunks {
    Chunks { reading: read(text), at: 0 }
}

/// The chunk that a text is as a whole; `None` for one that is no chunk. A query for a chunk asks for this.
pub fn chunk(text: &str) -> Option<String> {
    let mut all = chunks(text);
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

/// The chunks of one text. See [`chunks`].
#[derive(Clone, Debug)]
pub struct Chunks {
    reading: Reading,
    at: usize,
}

impl Iterator for Chunks {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let chunk = self.reading.chunk(self.at)?.to_owned();
        self.at += 1;
        Some(chunk)
    }
}

/// What one pass over a prompt finds.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// All words in order, folded, each with a blank behind it.
    words: String,
    /// The chunks that are no stretch of `words`, one behind the other.
    others: String,
    chunks: Vec<Place>,
}

/// Where a chunk lies.
#[derive(Clone, Debug)]
enum Place {
    Words(Range<usize>),
    Others(Range<usize>),
}

impl Reading {
    /// A chunk by its place among the chunks of the prompt.
    pub(crate) fn chunk(&self, place: usize) -> Option<&str> {
        Some(match self.chunks.get(place)? {
            Place::Words(place) => &self.words[place.clone()],
            Place::Others(place) => &self.others[place.clone()],
        })
    }

    /// All words of the prompt in order, folded, as long as they are, each with a blank behind it.
    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// A hash of all words in order; `None` without words. Prompts that differ in emphasis, case and punctuation alone
    /// have the same.
    pub(crate) fn hash(&self) -> Option<u64> {
        (!self.words.is_empty()).then(|| digest::hash(self.words.as_bytes()))
    }
}

/// Reads a prompt to its end.
pub(crate) fn read(text: &str) -> Reading {
    let reading = Reading {
        words: String::with_capacity(text.len() + 1),
        others: String::new(),
        chunks: Vec::with_capacity(USUAL_CHUNKS),
    };
    let given = Given { hashes: Vec::with_capacity(USUAL_CHUNKS), bits: [0; 4] };
    let mut scan = Scan { text, at: 0, reading, given, raw: String::new(), folded: String::new() };
    while scan.at < text.len() {
        scan.read_chunk();
    }
    scan.reading
}

/// A pass over a prompt.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    reading: Reading,
    given: Given,
    /// The chunk that is read, where it has more than words.
    raw: String,
    folded: String,
}

impl Scan<'_> {
    /// Reads up to the next break. Most chunks are words with blanks between them, and so a stretch of the words.
    fn read_chunk(&mut self) {
        let first = self.reading.words.len();
        let mut is_behind_word = false;
        while self.at < self.text.len() {
            let (kind, end) = long_step(self.text, self.at);
            match kind {
                Step::Ascii => {
                    self.take_words(end);
                    is_behind_word = true;
                }
                Step::Blank | Step::Dropped => is_behind_word = false,
                Step::Escape => {}
                Step::Break => {
                    self.at = end;
                    break;
                }
                Step::Wide | Step::Sign => {
                    self.raw.clear();
                    self.raw.push_str(&self.reading.words[first..]);
                    if is_behind_word {
                        self.raw.pop();
                    }
                    return self.read_rest();
                }
            }
            self.at = end;
        }
        let place = first..self.reading.words.len().saturating_sub(1);
        if let Some(chunk) = self.reading.words.get(place.clone())
            && fits(chunk)
            && self.given.insert(chunk)
        {
            self.reading.chunks.push(Place::Words(place));
        }
    }

    /// Reads up to the next break, where `raw` has the words before.
    fn read_rest(&mut self) {
        let mut has_ascii = !self.raw.is_empty();
        let mut is_wide = false;
        let mut is_short = self.raw.trim_end().len() <= MAX_RAW_BYTES;
        while self.at < self.text.len() {
            let (kind, end) = long_step(self.text, self.at);
            let step = &self.text[self.at..end];
            match kind {
                Step::Ascii => {
                    has_ascii = true;
                    self.take_words(end);
                }
                Step::Wide => {
                    is_wide = true;
                    self.take_wide(step);
                }
                Step::Sign | Step::Escape => {}
                Step::Blank | Step::Dropped => {
                    if !self.raw.is_empty() && !self.raw.ends_with(' ') {
                        self.raw.push(' ');
                    }
                }
                Step::Break => {
                    self.at = end;
                    break;
                }
            }
            if matches!(kind, Step::Ascii | Step::Wide | Step::Sign) {
                is_short &= self.raw.len() + step.len() <= MAX_RAW_BYTES;
                if is_short {
                    self.raw.push_str(step);
                }
            }
            self.at = end;
        }
        if !is_short {
            return;
        }
        if is_wide {
            self.fold_raw();
        } else {
            self.raw.make_ascii_lowercase();
        }
        let chunk = trim(&self.raw);
        if (has_ascii || is_wide && has_word(chunk)) && fits(chunk) && self.given.insert(chunk) {
            let start = self.reading.others.len();
            self.reading.others.push_str(chunk);
            self.reading.chunks.push(Place::Others(start..self.reading.others.len()));
        }
    }

    /// Takes the words of ASCII before `end`, with one blank between two.
    fn take_words(&mut self, end: usize) {
        let words = &mut self.reading.words;
        let start = words.len();
        words.push_str(&self.text[self.at..end]);
        words[start..].make_ascii_lowercase();
        words.push(' ');
    }

    /// Takes the words of a stretch with characters beyond ASCII.
    fn take_wide(&mut self, text: &str) {
        fold(text, &mut self.folded);
        let mut at = 0;
        while let Some((start, end)) = next_word(&self.folded, at) {
            self.reading.words.push_str(&self.folded[start..end]);
            self.reading.words.push(' ');
            at = end;
        }
    }

    /// Folds `raw`, with one blank for all white space between two words.
    fn fold_raw(&mut self) {
        fold(&self.raw, &mut self.folded);
        self.raw.clear();
        for word in self.folded.split_whitespace() {
            if !self.raw.is_empty() {
                self.raw.push(' ');
            }
            self.raw.push_str(word);
        }
    }
}

/// Hashes of the chunks that were given.
struct Given {
    hashes: Vec<u64>,
    /// The bits that any of them would set, which spare nearly all comparisons.
    bits: [u64; 4],
}

impl Given {
    /// Takes a chunk. Whether it is new, and not one too many.
    fn insert(&mut self, chunk: &str) -> bool {
        if self.hashes.len() >= MAX_CHUNKS {
            return false;
        }
        let hash = digest::hash(chunk.as_bytes());
        let bits = &mut self.bits[(hash >> 62) as usize];
        let bit = 1 << (hash >> 56 & 63);
        if *bits & bit != 0 && self.hashes.contains(&hash) {
            return false;
        }
        *bits |= bit;
        self.hashes.push(hash);
        true
    }
}

/// A folded text without what is no part of a chunk at its ends.
fn trim(folded: &str) -> &str {
    folded.trim_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ';' | '"'))
}

/// Whether a folded text is short enough for a chunk, and any.
fn fits(text: &str) -> bool {
    let blanks = || text.bytes().filter(|byte| *byte == b' ').count();
    !text.is_empty() && text.len() <= MAX_CHUNK_BYTES && blanks() < MAX_CHUNK_WORDS
}
