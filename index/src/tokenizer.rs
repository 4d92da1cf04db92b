//! Text in, words out: the analyzers of the index and of queries.
//!
//! A word is a run of letters and digits, folded: NFKC, lower case, without accents. Everything else separates
//! words, underscores included, so `red_hair` is `red hair`. Han, kana and hangul characters and pictographs are words
//! of their own, so that a phrase finds any part of a text without spaces. Positions count words that are kept: a phrase
//! does not see what was dropped between them. Words are not stemmed: `glass` and `glasses`, `1girl` and `2girls` are
//! different tags.
//!
//! - A prompt also loses what only steers a generator; see [`crate::syntax`]. Those that are indexed were read before,
//!   for their chunks, and come as folded words with blanks between them.
//! - `name` keeps all words of a resource's name, without the ending of a model file.
//! - `keyword` keeps the whole value as one folded word.
//!
//! Never: allocates for a word of ASCII.

use std::sync::OnceLock;

use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer, TokenizerManager};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

pub(crate) use crate::syntax::after_tag;
use crate::syntax::{Step, plain_step, step};

/// Name of the analyzer of names of resources.
pub(crate) const NAME: &str = "stemmata_name";
/// Name of the analyzer of keywords.
pub(crate) const KEYWORD: &str = "stemmata_keyword";
/// Name of the analyzer of what was read before or the writer itself says: words with a blank between two, kept as they
/// are but for the ends of long ones.
pub(crate) const BLANKS: &str = "stemmata_blanks";

/// Longest word, in characters; the rest of a longer one is dropped.
pub(crate) const MAX_WORD_CHARS: usize = 64;

/// What an analyzer drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A prompt: drops the syntax of generators.
    Prompt,
    /// A name: drops the ending of a model file.
    Name,
    /// Drops nothing: a chunk, whose syntax was dropped before.
    Plain,
}

/// Registers the analyzers with an index.
pub(crate) fn register(manager: &TokenizerManager) {
    manager.register(NAME, TextAnalyzer::from(WordTokenizer::new(Kind::Name)));
    manager.register(BLANKS, TextAnalyzer::from(BlankTokenizer::default()));
    manager.register(KEYWORD, TextAnalyzer::from(KeywordTokenizer::default()));
}

/// The words of a text.
pub(crate) fn words(kind: Kind, text: &str) -> Vec<String> {
    let mut tokenizer = WordTokenizer::new(kind);
    let mut stream = tokenizer.token_stream(text);
    let mut words = Vec::new();
    while stream.advance() {
        words.push(stream.token().text.clone());
    }
    words
}

/// The words of a prompt as the index knows them, each with the bytes of the text that it stands for.
pub fn prompt_words(text: &str) -> Vec<(std::ops::Range<usize>, String)> {
    let mut tokenizer = WordTokenizer::new(Kind::Prompt);
    let mut stream = tokenizer.token_stream(text);
    let mut words = Vec::new();
    while stream.advance() {
        let token = stream.token();
        words.push((token.offset_from..token.offset_to, token.text.clone()));
    }
    words
}

/// Folds a keyword: trimmed, NFKC, lower case, runs of white space as one space.
pub(crate) fn keyword(text: &str) -> String {
    let mut out = String::new();
    fold_keyword(text, &mut out);
    out
}

fn fold_keyword(text: &str, out: &mut String) {
    out.clear();
    if is_folded_keyword(text) {
        out.push_str(text);
        out.make_ascii_lowercase();
        return;
    }
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    for word in folded.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// Whether only the case of a keyword can need folding, as of nearly all of them.
fn is_folded_keyword(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        if !(byte.is_ascii_graphic() || byte == b' ' && before != b' ') {
            return false;
        }
        before = byte;
    }
    before != b' '
}

/// Splits into words.
#[derive(Clone)]
struct WordTokenizer {
    kind: Kind,
    token: Token,
    /// Folded form of the stretch that holds letters beyond ASCII.
    folded: String,
}

impl WordTokenizer {
    fn new(kind: Kind) -> Self {
        Self { kind, token: Token::default(), folded: String::new() }
    }
}

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        self.folded.clear();
        let text = match self.kind {
            Kind::Prompt | Kind::Plain => text,
            Kind::Name => without_file_ending(text),
        };
        WordStream { kind: self.kind, text, at: 0, stretch: (0, 0), folded_at: 0, state: self }
    }
}

/// The words of one text, one after the other.
struct WordStream<'a> {
    kind: Kind,
    text: &'a str,
    /// The next byte of `text` to look at.
    at: usize,
    /// Where in `text` the folded stretch comes from.
    stretch: (usize, usize),
    /// The next byte of the folded stretch to look at.
    folded_at: usize,
    state: &'a mut WordTokenizer,
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        if self.next_folded() {
            return true;
        }
        while self.at < self.text.len() {
            let from = self.at;
            let (kind, end) = match self.kind {
                Kind::Prompt => step(self.text, from),
                Kind::Name | Kind::Plain => plain_step(self.text, from),
            };
            self.at = end;
            let took = match kind {
                Step::Ascii => self.take(from, end),
                Step::Wide => self.fold_and_take(from, end),
                Step::Blank | Step::Sign | Step::Dropped | Step::Escape | Step::Break => false,
            };
            if took {
                return true;
            }
        }
        false
    }

    fn token(&self) -> &Token {
        &self.state.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.state.token
    }
}

impl WordStream<'_> {
    /// Takes a word of ASCII.
    fn take(&mut self, start: usize, end: usize) -> bool {
        let token = begin(&mut self.state.token, start, end);
        token.text.push_str(&self.text[start..end.min(start + MAX_WORD_CHARS)]);
        token.text.make_ascii_lowercase();
        true
    }

    /// Folds a stretch and takes its first word, if it has one.
    fn fold_and_take(&mut self, start: usize, end: usize) -> bool {
        self.stretch = (start, end);
        self.folded_at = 0;
        fold(&self.text[start..end], &mut self.state.folded);
        self.next_folded()
    }

    /// Takes the next word of the folded stretch, if it has one.
    fn next_folded(&mut self) -> bool {
        let Some((start, end)) = next_word(&self.state.folded, self.folded_at) else {
            self.folded_at = self.state.folded.len();
            return false;
        };
        let word = cut(&self.state.folded[start..end]);
        begin(&mut self.state.token, self.stretch.0, self.stretch.1).text.push_str(word);
        self.folded_at = end;
        true
    }
}

/// The next word of a folded text at or behind `at`.
pub(crate) fn next_word(folded: &str, at: usize) -> Option<(usize, usize)> {
    let start = at + folded[at..].find(begins_word)?;
    Some((start, start + first_word(&folded[start..])))
}

/// A word without what is too long of it.
fn cut(word: &str) -> &str {
    if word.len() <= MAX_WORD_CHARS {
        return word;
    }
    word.char_indices().nth(MAX_WORD_CHARS).map_or(word, |(end, _)| &word[..end])
}

/// Whether a text has any word.
pub(crate) fn has_word(text: &str) -> bool {
    text.contains(begins_word)
}

fn begins_word(c: char) -> bool {
    c.is_alphanumeric() || is_pictograph(c)
}

/// Empties the token for the word of `start..end` at the next position.
fn begin(token: &mut Token, start: usize, end: usize) -> &mut Token {
    token.text.clear();
    token.offset_from = start;
    token.offset_to = end;
    token.position = token.position.wrapping_add(1);
    token
}

/// Bytes of the word that `text` begins with: one character of a script without spaces, or a run of others.
fn first_word(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    let Some((_, first)) = chars.next() else { return 0 };
    let alone = stands_alone(first) || is_pictograph(first);
    for (at, next) in chars {
        let goes_on = is_combining_mark(next) || (!alone && next.is_alphanumeric() && !stands_alone(next));
        if !goes_on {
            return at;
        }
    }
    text.len()
}

/// Whether a character is a word by itself: Han, kana, hangul.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}' | '\u{1B000}'..='\u{1B16F}' | '\u{20000}'..='\u{3FFFF}')
}

/// Emoji and their like. Those that only change the look of the one before are dropped when folding.
fn is_pictograph(c: char) -> bool {
    matches!(c,
        '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1F3FA}' | '\u{1F400}'..='\u{1FAFF}')
}

/// Folds width, case and accents. Marks of scripts that need them, such as those of kana, stay.
pub(crate) fn fold(text: &str, out: &mut String) {
    out.clear();
    for c in text.chars() {
        match c {
            '\0'..='\x7F' => out.push(c.to_ascii_lowercase()),
            '\u{A0}'..LATIN_END => out.push_str(folded_latin(c)),
            // No character of these changes, or does so with one behind it.
            '\u{4E00}'..='\u{9FFF}' | '‘'..='‟' | '–' | '—' => out.push(c),
            _ => return fold_any(text, out),
        }
    }
}

/// The end of the letters whose folded forms are kept.
const LATIN_END: char = '\u{180}';

/// The folded form of a character before [`LATIN_END`].
fn folded_latin(c: char) -> &'static str {
    static FOLDED: OnceLock<Vec<String>> = OnceLock::new();
    let fold_one = |c: char| {
        let mut folded = String::new();
        fold_any(c.encode_utf8(&mut [0; 4]), &mut folded);
        folded
    };
    let folded = FOLDED.get_or_init(|| ('\0'..LATIN_END).map(fold_one).collect());
    folded.get(c as usize).map_or("", String::as_str)
}

/// As [`fold`], for any text.
pub(crate) fn fold_any(text: &str, out: &mut String) {
    out.clear();
    let plain = text
        .nfkd()
        .filter(|c| !is_dropped(*c))
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|c| !is_dropped(*c));
    for c in plain.nfc() {
        match c {
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'þ' => out.push_str("th"),
            'ø' => out.push('o'),
            'đ' | 'ð' => out.push('d'),
            'ł' => out.push('l'),
            'ı' => out.push('i'),
            'ς' => out.push('σ'),
            other => out.push(other),
        }
    }
}

/// Accents of Latin, Greek and Cyrillic, and characters that are not seen.
fn is_dropped(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{AD}' | '\u{200C}' | '\u{200D}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{1F3FB}'..='\u{1F3FF}')
}

/// The name of a file without the ending that model files have.
fn without_file_ending(name: &str) -> &str {
    const ENDINGS: [&str; 6] = [".safetensors", ".ckpt", ".pth", ".pt", ".bin", ".gguf"];
    let name = name.trim_end();
    for ending in ENDINGS {
        let Some(split) = name.len().checked_sub(ending.len()) else { continue };
        if name.is_char_boundary(split) && name[split..].eq_ignore_ascii_case(ending) && split > 0 {
            return &name[..split];
        }
    }
    name
}

/// Splits at blanks.
#[derive(Clone, Default)]
struct BlankTokenizer {
    token: Token,
}

impl Tokenizer for BlankTokenizer {
    type TokenStream<'a> = BlankStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> BlankStream<'a> {
        self.token.reset();
        BlankStream { text, at: 0, token: &mut self.token }
    }
}

/// What stands between blanks, one after the other.
struct BlankStream<'a> {
    text: &'a str,
    at: usize,
    token: &'a mut Token,
}

impl TokenStream for BlankStream<'_> {
    fn advance(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        let start = self.at;
        self.at = next_blank(bytes, start);
        if self.at == start {
            return false;
        }
        let token = begin(self.token, start, self.at);
        token.text.push_str(cut(&self.text[start..self.at]));
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// The place of the next blank at or behind `at`, or the end.
fn next_blank(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    while let Some(eight) = bytes[end..].first_chunk::<8>() {
        let differs = u64::from_le_bytes(*eight) ^ (ONES * u64::from(b' '));
        // The lowest bit that is left belongs to the first byte that is a blank.
        let blanks = differs.wrapping_sub(ONES) & !differs & (ONES << 7);
        if blanks != 0 {
            return end + blanks.trailing_zeros() as usize / 8;
        }
        end += 8;
    }
    bytes[end..].iter().position(|byte| *byte == b' ').map_or(bytes.len(), |place| end + place)
}

/// A one in each of eight bytes.
const ONES: u64 = 0x0101_0101_0101_0101;

/// Keeps the whole value as one word.
#[derive(Clone, Default)]
struct KeywordTokenizer {
    token: Token,
    /// The value that the token is the folded form of: one document often says what the one before said.
    value: String,
}

impl Tokenizer for KeywordTokenizer {
    type TokenStream<'a> = KeywordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> KeywordStream<'a> {
        if self.value != text {
            fold_keyword(text, &mut self.token.text);
            self.value.clear();
            self.value.push_str(text);
        }
        (self.token.offset_to, self.token.position) = (text.len(), 0);
        KeywordStream { is_new: !self.token.text.is_empty(), token: &mut self.token }
    }
}

/// At most one word.
struct KeywordStream<'a> {
    token: &'a mut Token,
    is_new: bool,
}

impl TokenStream for KeywordStream<'_> {
    fn advance(&mut self) -> bool {
        std::mem::replace(&mut self.is_new, false)
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}
