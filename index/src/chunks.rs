//! Prompts in, their chunks between commas out: tags as people write them.
//!
//! - Input: a prompt, with whatever syntax its generator reads.
//! - Output: each distinct chunk once, in order: folded as words are, without emphasis, underscores as blanks, escaped
//!   brackets as brackets. `(Red_Hair:1.2), miku \(vocaloid\)` has the chunks `red hair` and `miku (vocaloid)`.
//! - Never: more than [`MAX_CHUNKS`], or one that is longer than tags are: [`MAX_CHUNK_WORDS`] and [`MAX_CHUNK_BYTES`].
//!   Sentences are no tags; their words are found as words.

use crate::digest::Hasher;
use crate::syntax::{Step, step};
use crate::tokenizer::{fold, has_word, next_word};

/// Most distinct chunks of one text; later ones are left out.
pub const MAX_CHUNKS: usize = 256;
/// Most bytes of a chunk, folded; a longer one is left out.
pub const MAX_CHUNK_BYTES: usize = 64;
/// Most words of a chunk, as separated by blanks; a chunk with more is left out.
pub const MAX_CHUNK_WORDS: usize = 6;

/// The distinct chunks of a prompt, in the order of their first occurrence.
pub fn chunks(text: &str) -> Chunks<'_> {
    let words = Words { hasher: Hasher::new(), is_empty: true, folded: String::new() };
    Chunks { text, at: 0, raw: String::new(), given: Vec::new(), words }
}

/// The chunk that a text is as a whole; `None` for one that is no chunk. A query for a chunk asks for this.
pub fn chunk(text: &str) -> Option<String> {
    let mut all = chunks(text);
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

/// The chunks of one text. See [`chunks`].
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    text: &'a str,
    at: usize,
    raw: String,
    given: Vec<u64>,
    words: Words,
}

/// A hash of the words that were read.
#[derive(Clone, Debug)]
struct Words {
    hasher: Hasher,
    is_empty: bool,
    folded: String,
}

impl Words {
    /// Takes a word of ASCII.
    fn take(&mut self, word: &str) {
        self.folded.clear();
        self.folded.push_str(word);
        self.folded.make_ascii_lowercase();
        self.hasher.bytes(self.folded.as_bytes());
        self.is_empty = false;
    }

    /// Takes the words of a stretch beyond ASCII.
    fn fold_and_take(&mut self, text: &str) {
        fold(text, &mut self.folded);
        let mut at = 0;
        while let Some((start, end)) = next_word(&self.folded, at) {
            self.hasher.bytes(&self.folded.as_bytes()[start..end]);
            self.is_empty = false;
            at = end;
        }
    }
}

/// What one pass over a prompt finds.
#[derive(Debug)]
pub(crate) struct Reading {
    /// All chunks, one behind the other.
    text: String,
    ends: Vec<usize>,
    /// A hash of all words in order; `None` without words. Prompts that differ in emphasis, case and punctuation alone
    /// have the same.
    pub(crate) words: Option<u64>,
}

impl Reading {
    /// A chunk by its place among the chunks of the prompt.
    pub(crate) fn chunk(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)?;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end])
    }
}

/// Reads a prompt to its end.
pub(crate) fn read(text: &str) -> Reading {
    let mut chunks = chunks(text);
    let mut reading = Reading { text: String::with_capacity(text.len()), ends: Vec::new(), words: None };
    let mut chunk = String::with_capacity(MAX_CHUNK_BYTES);
    while chunks.next_into(&mut chunk) {
        reading.text.push_str(&chunk);
        reading.ends.push(reading.text.len());
    }
    // What lies behind the last chunk that is kept has words too.
    while chunks.at < text.len() {
        chunks.read(&mut chunk);
    }
    reading.words = (!chunks.words.is_empty).then(|| chunks.words.hasher.finish());
    reading
}

impl Iterator for Chunks<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut chunk = String::new();
        self.next_into(&mut chunk).then_some(chunk)
    }
}

impl Chunks<'_> {
    /// Puts the next chunk into `chunk`. Whether there was one.
    fn next_into(&mut self, chunk: &mut String) -> bool {
        while self.at < self.text.len() && self.given.len() < MAX_CHUNKS {
            if !self.read(chunk) {
                continue;
            }
            let hash = crate::digest::hash(chunk.as_bytes());
            if !self.given.contains(&hash) {
                self.given.push(hash);
                return true;
            }
        }
        false
    }

    /// Reads up to the next break. Whether what lies before it is a chunk.
    fn read(&mut self, chunk: &mut String) -> bool {
        self.raw.clear();
        let (mut fits, mut is_wide, mut has_word) = (true, false, false);
        while self.at < self.text.len() {
            let from = self.at;
            let (kind, end) = step(self.text, from);
            self.at = end;
            match kind {
                Step::Break => break,
                Step::Escape => {}
                Step::Blank | Step::Dropped => {
                    if !self.raw.is_empty() && !self.raw.ends_with(' ') {
                        self.raw.push(' ');
                    }
                }
                Step::Ascii | Step::Wide | Step::Sign => {
                    fits &= self.raw.len() + (end - from) <= 4 * MAX_CHUNK_BYTES;
                    if kind == Step::Ascii {
                        has_word = true;
                        if fits {
                            let start = self.raw.len();
                            self.raw.push_str(&self.text[from..end]);
                            self.raw[start..].make_ascii_lowercase();
                            self.words.hasher.bytes(&self.raw.as_bytes()[start..]);
                            self.words.is_empty = false;
                        } else {
                            self.words.take(&self.text[from..end]);
                        }
                    } else if fits {
                        is_wide |= kind == Step::Wide;
                        self.raw.push_str(&self.text[from..end]);
                        // A wide comma ends a chunk as a plain one does; what follows it is read again.
                        if kind == Step::Wide
                            && let Some(place) = wide_break(&self.text[from..end])
                        {
                            self.raw.truncate(self.raw.len() - (end - from) + place);
                            let skipped = self.text[from + place..].chars().next().map_or(1, char::len_utf8);
                            self.at = from + place + skipped;
                            self.words.fold_and_take(&self.text[from..from + place]);
                            break;
                        }
                    }
                    if kind == Step::Wide {
                        self.words.fold_and_take(&self.text[from..end]);
                    }
                }
            }
        }
        if !is_wide {
            return fits && has_word && keep(&self.raw, chunk);
        }
        fits && finish(&self.raw, chunk)
    }
}

/// The place of a comma beyond ASCII.
fn wide_break(text: &str) -> Option<usize> {
    text.find(['，', '、', '｜'])
}

/// Folds the text of a chunk that is not all ASCII and trims it. Whether it is a chunk.
fn finish(raw: &str, chunk: &mut String) -> bool {
    let mut folded = String::with_capacity(raw.len());
    fold(raw, &mut folded);
    let mut text = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    keep(&text, chunk) && has_word(chunk)
}

/// Trims a folded text. Whether it is short enough for a chunk.
fn keep(folded: &str, chunk: &mut String) -> bool {
    chunk.clear();
    let is_edge = |c: char| c.is_whitespace() || matches!(c, '.' | ';' | '"');
    let text = folded.trim_matches(is_edge);
    let blanks = text.bytes().filter(|byte| *byte == b' ').take(MAX_CHUNK_WORDS).count();
    let fits = !text.is_empty() && text.len() <= MAX_CHUNK_BYTES && blanks < MAX_CHUNK_WORDS;
    if fits {
        chunk.push_str(text);
    }
    fits
}
