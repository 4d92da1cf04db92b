//! Prompts in, their chunks between commas out: tags as people write them.
//!
//! - Input: a prompt, with whatever syntax its generator reads.
//! - Output: each distinct chunk once, in order: folded as words are, without emphasis, underscores as blanks, escaped
//!   brackets as brackets. `(Red_Hair:1.2), miku \(vocaloid\)` has the chunks `red hair` and `miku (vocaloid)`.
//! - Never: more than [`MAX_CHUNKS`], or one that is longer than tags are: [`MAX_CHUNK_WORDS`] and [`MAX_CHUNK_BYTES`].
//!   Sentences are no tags; their words are found as words.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::syntax::{Step, step};
use crate::tokenizer::{fold, has_word};

/// Most distinct chunks of one text; later ones are left out.
pub const MAX_CHUNKS: usize = 256;
/// Most bytes of a chunk, folded; a longer one is left out.
pub const MAX_CHUNK_BYTES: usize = 64;
/// Most words of a chunk, as separated by blanks; a chunk with more is left out.
pub const MAX_CHUNK_WORDS: usize = 6;

/// The distinct chunks of a prompt, in the order of their first occurrence.
pub fn chunks(text: &str) -> Chunks<'_> {
    Chunks { text, at: 0, raw: String::new(), given: Vec::new() }
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
        let (mut fits, mut is_wide) = (true, false);
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
                    if fits {
                        is_wide |= kind == Step::Wide;
                        self.raw.push_str(&self.text[from..end]);
                        // A wide comma ends a chunk as a plain one does; what follows it is read again.
                        if kind == Step::Wide
                            && let Some(place) = wide_break(&self.text[from..end])
                        {
                            self.raw.truncate(self.raw.len() - (end - from) + place);
                            let skipped = self.text[from + place..].chars().next().map_or(1, char::len_utf8);
                            self.at = from + place + skipped;
                            break;
                        }
                    }
                }
            }
        }
        fits && finish(&self.raw, is_wide, chunk)
    }
}

/// The place of a comma beyond ASCII.
fn wide_break(text: &str) -> Option<usize> {
    text.find(['，', '、', '｜'])
}

/// Folds the text of a chunk and trims it. Whether it is a chunk.
fn finish(raw: &str, is_wide: bool, chunk: &mut String) -> bool {
    chunk.clear();
    if is_wide {
        let mut folded = String::with_capacity(raw.len());
        fold(raw, &mut folded);
        for word in folded.split_whitespace() {
            if !chunk.is_empty() {
                chunk.push(' ');
            }
            chunk.push_str(word);
        }
    } else {
        chunk.push_str(raw);
        chunk.make_ascii_lowercase();
    }
    let is_edge = |c: char| c.is_whitespace() || matches!(c, '.' | ';' | '"');
    let kept = chunk.trim_end_matches(is_edge).len();
    chunk.truncate(kept);
    let skipped = kept - chunk.trim_start_matches(is_edge).len();
    chunk.drain(..skipped);
    chunk.len() <= MAX_CHUNK_BYTES && chunk.split(' ').count() <= MAX_CHUNK_WORDS && has_word(chunk)
}

/// Splits a prompt into its chunks, for the column of them.
#[derive(Clone, Default)]
pub(crate) struct ChunkTokenizer {
    token: Token,
}

impl Tokenizer for ChunkTokenizer {
    type TokenStream<'a> = ChunkStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> ChunkStream<'a> {
        self.token.reset();
        ChunkStream { chunks: chunks(text), token: &mut self.token }
    }
}

/// The chunks of one text as tokens.
pub(crate) struct ChunkStream<'a> {
    chunks: Chunks<'a>,
    token: &'a mut Token,
}

impl TokenStream for ChunkStream<'_> {
    fn advance(&mut self) -> bool {
        self.token.position = self.token.position.wrapping_add(1);
        self.chunks.next_into(&mut self.token.text)
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}
