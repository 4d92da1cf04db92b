//! Query text to tokens.
//!
//! - Input: any text.
//! - Output: tokens in order, with brackets that have no partner left out: a pasted prompt may hold any
//!   punctuation.
//! - Never: fails, judges a field or a value, or looks at a byte more than a few times.

use super::ast::Span;
use super::pattern::MAX_PATTERN_BYTES;
use super::table::{self, AskKind, FieldKind};
use crate::tokenizer::after_tag;

/// How far the closing bracket of a name such as `miku_(vocaloid)` is looked for, in bytes.
const MAX_NAME_BRACKET_BYTES: usize = 64;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// `(`, `[` or `{` that is closed later.
    Open(Bracket),
    /// The bracket that closes the last open one.
    Close,
    /// `,`.
    Comma,
    /// `|`.
    Pipe,
    /// `-` before something.
    Minus,
    /// A word, or the value after a field.
    Word,
    /// Text in quotes, without them and without escapes.
    Quote(String),
    /// Text between slashes, without them.
    Regex(String),
    /// A name before a colon; its span is without the colon.
    Field,
    /// `<kind:name:weight>`.
    Tag,
}

/// The kinds of brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bracket {
    /// `( )`.
    Round,
    /// `[ ]`.
    Square,
    /// `{ }`.
    Curly,
}

impl Bracket {
    const ALL: [Self; 3] = [Self::Round, Self::Square, Self::Curly];

    fn opened_by(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|bracket| bracket.bytes().0 == byte)
    }

    fn closed_by(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|bracket| bracket.bytes().1 == byte)
    }

    fn bytes(self) -> (u8, u8) {
        match self {
            Self::Round => (b'(', b')'),
            Self::Square => (b'[', b']'),
            Self::Curly => (b'{', b'}'),
        }
    }
}

/// One token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
    /// Whether nothing, not even white space, lies between it and the token before.
    pub(crate) glued: bool,
}

/// Splits a query.
pub(crate) fn lex(source: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        source,
        at: 0,
        glued: false,
        has_quotes: true,
        tokens: Vec::new(),
        open: Vec::new(),
        open_of: [0; 3],
        dropped: Vec::new(),
    };
    while let Some(c) = source[lexer.at..].chars().next() {
        lexer.step(c);
    }
    lexer.finish()
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    /// Whether the last token ended right here.
    glued: bool,
    /// Whether a quote may still be closed. One that is not closed is punctuation, such as the sign for inches.
    has_quotes: bool,
    tokens: Vec<Token>,
    /// Brackets that are open, with the number of their token.
    open: Vec<(Bracket, usize)>,
    /// How many of each kind are open.
    open_of: [usize; 3],
    /// Numbers of tokens of brackets without a partner.
    dropped: Vec<usize>,
}

impl Lexer<'_> {
    fn step(&mut self, c: char) {
        let byte = self.source.as_bytes()[self.at];
        if c.is_whitespace() || c.is_control() {
            self.at += c.len_utf8();
            self.glued = false;
            return;
        }
        if let Some(bracket) = Bracket::opened_by(byte) {
            self.open.push((bracket, self.tokens.len()));
            self.open_of[bracket as usize] += 1;
            return self.push(TokenKind::Open(bracket), self.at + 1);
        }
        if let Some(bracket) = Bracket::closed_by(byte) {
            return self.close(bracket);
        }
        match byte {
            b',' => self.push(TokenKind::Comma, self.at + 1),
            b'|' => self.push(TokenKind::Pipe, self.at + 1),
            b'"' if self.has_quotes => self.quote(),
            b'"' => self.skip(1),
            b'-' if !self.in_value() => self.minus(),
            b'/' => match self.regex() {
                Some(text) => {
                    let end = self.at + text.len() + 2;
                    self.push(TokenKind::Regex(text), end);
                }
                None => self.word(),
            },
            b'<' if !self.in_value() => match after_tag(self.source.as_bytes(), self.at) {
                Some(end) => self.push(TokenKind::Tag, end),
                None => self.word(),
            },
            _ => self.word(),
        }
    }

    fn push(&mut self, kind: TokenKind, end: usize) {
        self.tokens.push(Token { kind, span: Span::new(self.at, end), glued: self.glued });
        self.at = end;
        self.glued = true;
    }

    /// Goes past something that means nothing here.
    fn skip(&mut self, bytes: usize) {
        self.at += bytes;
        self.glued = false;
    }

    /// Whether a value must begin here: right after a field and its colon.
    fn in_value(&self) -> bool {
        self.glued && self.tokens.last().is_some_and(|token| token.kind == TokenKind::Field)
    }

    fn close(&mut self, bracket: Bracket) {
        if self.open_of[bracket as usize] == 0 {
            return self.skip(1);
        }
        while let Some((open, number)) = self.open.pop() {
            self.open_of[open as usize] -= 1;
            if open == bracket {
                break;
            }
            self.dropped.push(number);
        }
        self.push(TokenKind::Close, self.at + 1);
    }

    fn minus(&mut self) {
        let next = self.source[self.at + 1..].chars().next();
        let after_word = self.glued
            && self
                .tokens
                .last()
                .is_some_and(|token| matches!(token.kind, TokenKind::Close | TokenKind::Quote(_)));
        if after_word || next.is_none_or(char::is_whitespace) {
            return self.skip(1);
        }
        self.push(TokenKind::Minus, self.at + 1);
    }

    fn quote(&mut self) {
        let mut text = String::new();
        let mut chars = self.source[self.at + 1..].char_indices();
        while let Some((offset, c)) = chars.next() {
            match c {
                '"' => return self.push(TokenKind::Quote(text), self.at + 1 + offset + 1),
                '\\' => match chars.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => {}
                },
                other => text.push(other),
            }
        }
        self.has_quotes = false;
        self.skip(1);
    }

    /// The expression between the slash that is here and the next one, where that ends the word. Without a field it
    /// must look like an expression: pasted prompts have slashes, too.
    fn regex(&self) -> Option<String> {
        let in_value = self.in_value();
        if in_value && self.takes_path() {
            return None;
        }
        let after_word = self.glued
            && self.tokens.last().is_some_and(|token| {
                matches!(
                    token.kind,
                    TokenKind::Word | TokenKind::Quote(_) | TokenKind::Regex(_) | TokenKind::Close
                )
            });
        let bytes = &self.source.as_bytes()[self.at + 1..];
        let mut escaped = false;
        let length = bytes.iter().take(MAX_PATTERN_BYTES + 1).position(|byte| {
            let closes = *byte == b'/' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            closes
        })?;
        let ends =
            bytes.get(length + 1).is_none_or(|byte| byte.is_ascii_whitespace() || b",|)]}".contains(byte));
        let text = self.source.get(self.at + 1..self.at + 1 + length)?;
        let is_plain = !text.contains(|c: char| ".*+?[(|^$\\".contains(c));
        let has_space = text.contains(|c: char| c.is_whitespace() || c.is_control());
        let is_text = !in_value && (is_plain || has_space || after_word);
        (length > 0 && ends && !is_text).then(|| text.to_owned())
    }

    /// Whether the field before the present place takes paths.
    fn takes_path(&self) -> bool {
        let name = self.tokens.last().map(|token| &self.source[token.span.start..token.span.end]);
        let kind = name.and_then(table::find).map(|field| field.kind);
        matches!(
            kind,
            Some(FieldKind::Ask(
                AskKind::Path
                    | AskKind::Root
                    | AskKind::Like
                    | AskKind::Blur
                    | AskKind::CopyOf
                    | AskKind::Raw
            ))
        )
    }

    fn word(&mut self) {
        let in_value = self.in_value();
        let rest = &self.source[self.at..];
        if !in_value && rest.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("not:")) {
            let is_sign = rest[4..].chars().next().is_some_and(|next| !next.is_whitespace());
            if is_sign {
                return self.push(TokenKind::Minus, self.at + 4);
            }
        }
        if !in_value && let Some(name) = field_name(rest) {
            self.push(TokenKind::Field, self.at + name);
            self.at += 1;
            return;
        }
        let length = word_length(rest);
        self.push(TokenKind::Word, self.at + length);
    }

    fn finish(mut self) -> Vec<Token> {
        self.dropped.extend(self.open.iter().map(|(_, number)| *number));
        self.dropped.sort_unstable();
        let mut kept = Vec::with_capacity(self.tokens.len());
        let mut cut = false;
        for (number, mut token) in self.tokens.into_iter().enumerate() {
            if self.dropped.binary_search(&number).is_ok() {
                cut = true;
                continue;
            }
            token.glued &= !cut;
            cut = false;
            kept.push(token);
        }
        kept
    }
}

/// The length of a field name that a colon follows.
fn field_name(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if !bytes.first()?.is_ascii_alphabetic() {
        return None;
    }
    let length = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    if bytes.get(length) == Some(&b':') {
        return Some(length);
    }
    // A hyphen makes a name only of a field that has one.
    let dashed = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte)).count();
    let is_field = bytes.get(dashed) == Some(&b':') && table::find(&text[..dashed]).is_some();
    is_field.then_some(dashed)
}

/// The length of the word that `text` begins with; at least one character.
fn word_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let ends = match c {
            ',' | '|' | ')' | '[' | ']' | '{' | '}' | '"' => true,
            '(' => match name_bracket(bytes, at) {
                Some(end) => {
                    while chars.next_if(|(next, _)| *next < end).is_some() {}
                    continue;
                }
                None => true,
            },
            '<' => at > 0 && after_tag(bytes, at).is_some(),
            '\\' => {
                chars.next_if(|(_, next)| !next.is_whitespace());
                false
            }
            c => c.is_whitespace() || c.is_control(),
        };
        if ends && at > 0 {
            return at;
        }
    }
    text.len()
}

/// The byte after the bracket of a name such as `miku_(vocaloid)`, whose opening one is at `at`.
fn name_bracket(bytes: &[u8], at: usize) -> Option<usize> {
    if at == 0 || bytes[at - 1] != b'_' {
        return None;
    }
    let inner = &bytes[at + 1..bytes.len().min(at + 1 + MAX_NAME_BRACKET_BYTES)];
    let length = inner.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"_-'.!".contains(byte)))?;
    (inner[length] == b')').then_some(at + 1 + length + 1)
}
