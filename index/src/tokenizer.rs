//! Text in, words out: the two analyzers of the index, and one for keywords.
//!
//! A word is a run of letters and digits, folded: NFKC, lower case, without accents. Everything else separates
//! words, underscores included, so `red_hair` is `red hair`. Han, kana and hangul characters are words of their
//! own, so that a phrase finds any part of a text without spaces. Positions count words that are kept: a phrase
//! does not see what was dropped between them.
//!
//! - `prompt` also drops what only steers a generator: `<lora:name:0.8>` tags, the number of `(word:1.2)` and
//!   `[a:b:0.5]`, the keywords `BREAK` and `AND`.
//! - `name` keeps all words of a resource's name, without the ending of a model file.
//! - `keyword` keeps the whole value as one folded word.
//!
//! Never: allocates for a word of ASCII, or looks further ahead than [`MAX_TAG_BYTES`].

use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer, TokenizerManager};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Name of the analyzer of prompts.
pub(crate) const PROMPT: &str = "stemmata_prompt";
/// Name of the analyzer of names of resources.
pub(crate) const NAME: &str = "stemmata_name";
/// Name of the analyzer of keywords.
pub(crate) const KEYWORD: &str = "stemmata_keyword";

/// Longest word, in characters; the rest of a longer one is dropped.
pub(crate) const MAX_WORD_CHARS: usize = 64;
/// Longest `<kind:name:weight>` tag that is recognised, in bytes.
pub(crate) const MAX_TAG_BYTES: usize = 512;
/// Longest number that counts as a weight, in bytes.
const MAX_WEIGHT_BYTES: usize = 16;

/// What an analyzer drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A prompt: drops the syntax of generators.
    Prompt,
    /// A name: drops the ending of a model file.
    Name,
}

/// Registers the analyzers with an index.
pub(crate) fn register(manager: &TokenizerManager) {
    manager.register(PROMPT, analyzer(Kind::Prompt));
    manager.register(NAME, analyzer(Kind::Name));
    manager.register(KEYWORD, TextAnalyzer::from(KeywordTokenizer));
}

fn analyzer(kind: Kind) -> TextAnalyzer {
    TextAnalyzer::from(WordTokenizer::new(kind))
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

/// The words of a text with their places, in bytes.
pub(crate) fn located(kind: Kind, text: &str) -> Vec<(String, std::ops::Range<usize>)> {
    let mut tokenizer = WordTokenizer::new(kind);
    let mut stream = tokenizer.token_stream(text);
    let mut words = Vec::new();
    while stream.advance() {
        let token = stream.token();
        words.push((token.text.clone(), token.offset_from..token.offset_to));
    }
    words
}

/// Folds a keyword: trimmed, NFKC, lower case, runs of white space as one space.
pub(crate) fn keyword(text: &str) -> String {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let mut out = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
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
            Kind::Prompt => text,
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
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if byte.is_ascii_alphanumeric() || !byte.is_ascii() {
                if self.stretch_from(self.at) {
                    return true;
                }
                continue;
            }
            self.at = match byte {
                b'<' if self.kind == Kind::Prompt => after_tag(bytes, self.at).unwrap_or(self.at + 1),
                b':' if self.kind == Kind::Prompt => after_weight(bytes, self.at).unwrap_or(self.at + 1),
                _ => self.at + 1,
            };
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
    /// Takes the stretch of letters that begins at `start`. Whether that gave a word.
    fn stretch_from(&mut self, start: usize) -> bool {
        let rest = &self.text.as_bytes()[start..];
        let ascii = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if rest.get(ascii).is_some_and(|byte| !byte.is_ascii()) {
            return self.fold_from(start);
        }
        let end = start + ascii;
        self.at = end;
        let word = &self.text[start..end];
        if self.kind == Kind::Prompt && matches!(word, "BREAK" | "AND") {
            return false;
        }
        let token = begin(&mut self.state.token, start, end);
        token.text.push_str(&word[..word.len().min(MAX_WORD_CHARS)]);
        token.text.make_ascii_lowercase();
        true
    }

    /// Folds the stretch up to the next ASCII separator and takes its first word.
    fn fold_from(&mut self, start: usize) -> bool {
        let rest = &self.text.as_bytes()[start..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()).count();
        self.at = start + length;
        self.stretch = (start, self.at);
        self.folded_at = 0;
        fold(&self.text[start..self.at], &mut self.state.folded);
        self.next_folded()
    }

    /// Takes the next word of the folded stretch, if it has one.
    fn next_folded(&mut self) -> bool {
        let folded = &self.state.folded[self.folded_at..];
        let Some(skipped) = folded.find(char::is_alphanumeric) else {
            self.folded_at = self.state.folded.len();
            return false;
        };
        let from = &folded[skipped..];
        let length = first_word(from);
        let word = &from[..length];
        let kept = word.char_indices().nth(MAX_WORD_CHARS).map_or(length, |(end, _)| end);
        let token = begin(&mut self.state.token, self.stretch.0, self.stretch.1);
        token.text.push_str(&word[..kept]);
        self.folded_at += skipped + length;
        true
    }
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
    let alone = stands_alone(first);
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

/// Folds width, case and accents. Marks of scripts that need them, such as those of kana, stay.
fn fold(text: &str, out: &mut String) {
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
    matches!(c, '\u{300}'..='\u{36F}' | '\u{AD}' | '\u{200C}' | '\u{200D}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// The byte after a tag such as `<lora:name:0.8>` that begins at `at`.
pub(crate) fn after_tag(bytes: &[u8], at: usize) -> Option<usize> {
    let inner = bytes.get(at + 1..)?;
    let inner = &inner[..inner.len().min(MAX_TAG_BYTES)];
    let kind = inner.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    if kind == 0 || inner.get(kind) != Some(&b':') {
        return None;
    }
    let end = inner.iter().position(|byte| matches!(byte, b'>' | b'<' | b'\n'))?;
    (inner[end] == b'>').then_some(at + 1 + end + 1)
}

/// The byte after a weight such as the `:1.2` of `(word:1.2)`, where `at` is its colon and a bracket closes it.
fn after_weight(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at + 1..)?;
    let spaces = |bytes: &[u8]| bytes.iter().take(MAX_WEIGHT_BYTES).take_while(|byte| **byte == b' ').count();
    let start = spaces(rest);
    let number = &rest[start..];
    let sign = usize::from(matches!(number.first(), Some(b'+' | b'-')));
    let digits = number[sign..]
        .iter()
        .take(MAX_WEIGHT_BYTES)
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    if !number[sign..sign + digits].iter().any(u8::is_ascii_digit) {
        return None;
    }
    let end = start + sign + digits;
    let end = end + spaces(&rest[end..]);
    matches!(rest.get(end), Some(b')' | b']')).then_some(at + 1 + end)
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

/// Keeps the whole value as one word.
#[derive(Clone)]
struct KeywordTokenizer;

impl Tokenizer for KeywordTokenizer {
    type TokenStream<'a> = KeywordStream;

    fn token_stream(&mut self, text: &str) -> KeywordStream {
        let token = Token { text: keyword(text), offset_to: text.len(), position: 0, ..Token::default() };
        KeywordStream { is_new: !token.text.is_empty(), token }
    }
}

/// At most one word.
struct KeywordStream {
    token: Token,
    is_new: bool,
}

impl TokenStream for KeywordStream {
    fn advance(&mut self) -> bool {
        std::mem::replace(&mut self.is_new, false)
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
