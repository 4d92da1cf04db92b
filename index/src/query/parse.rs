//! Query text to [`Query`] and control terms.
//!
//! Three kinds of text come in and all must mean what they look like: queries (`negative:blurry steps:20..`),
//! tags (`1girl -comic`) and whole prompts that somebody pasted (`(masterpiece:1.2), <lora:detail:0.8>`). So
//! punctuation without a meaning is passed over, but a name before a colon that is no field is an error.
//!
//! Never: panics, recurses deeper than [`MAX_DEPTH`] brackets, or guesses a field.

use super::ast::{Node, Pattern, Query, Span};
use super::control::Grouping;
use super::error::{ErrorCode, Note, QueryError};
use super::field::{self, FieldEntry, FieldKind, RealField, TextField};
use super::lex::{self, Bracket, Token, TokenKind};
use super::options::{ParseOptions, UnknownFields};
use super::pattern::MAX_PATTERNS;
use super::value::{self, Value};
use crate::rank::SortKey;
use crate::tokenizer::{self, Kind};

/// Longest query, in bytes.
pub const MAX_QUERY_BYTES: usize = 64 << 10;
/// Deepest nesting of brackets.
pub const MAX_DEPTH: usize = 64;
/// Most conditions.
pub const MAX_CLAUSES: usize = 1024;

/// Largest number that can be the weight of a word, as in `(word:1.2)`.
const LARGEST_WEIGHT: f64 = 10.0;

/// What fields of other programs are called here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("score", "reactions"),
    ("rating", "nsfw"),
    ("fav", "likes"),
    ("favcount", "likes"),
    ("posted", "date"),
    ("uploader", "user"),
    ("author", "user"),
    ("filetype", "ext"),
    ("guidance", "cfg"),
    ("similar", "like"),
    ("folder", "path"),
];

/// A query with its control terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// What is asked.
    pub query: Query,
    /// The order asked for by `sort:`; empty when it says nothing.
    pub sort: Vec<SortKey>,
    /// What `limit:` says.
    pub limit: Option<u64>,
    /// What `group:` says.
    pub group: Option<Grouping>,
    /// What may be worth saying about it; each kind once.
    pub notes: Vec<Note>,
}

/// Reads a query. Empty text asks for every image.
///
/// # Errors
///
/// The first thing that cannot be read, with its place.
pub fn parse(source: &str) -> Result<Parsed, QueryError> {
    parse_with(source, &ParseOptions::default())
}

/// Reads a query that may depend on the time, on saved queries and on how strict to be.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_with(source: &str, options: &ParseOptions<'_>) -> Result<Parsed, QueryError> {
    check_length(source, Span::default())?;
    let mut parser = Parser::new(source, *options);
    let query = parser.alternatives()?.unwrap_or_else(Query::all);
    let Shared { sort, limit, group, notes, .. } = parser.shared;
    Ok(Parsed { query, sort, limit, group, notes })
}

pub(super) fn check_length(source: &str, span: Span) -> Result<(), QueryError> {
    if source.len() <= MAX_QUERY_BYTES {
        return Ok(());
    }
    let message = format!("the query is longer than {MAX_QUERY_BYTES} bytes");
    Err(QueryError::new(ErrorCode::TooLarge, message, span))
}

/// What the texts of a query and of the aliases in it have together.
#[derive(Default)]
pub(super) struct Shared {
    clauses: usize,
    patterns: usize,
    pub(super) expansions: usize,
    pub(super) sort: Vec<SortKey>,
    pub(super) limit: Option<u64>,
    pub(super) group: Option<Grouping>,
    notes: Vec<Note>,
}

/// Reads one query.
pub(super) struct Parser<'a> {
    source: &'a str,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    /// The field that bare words belong to.
    scope: &'static FieldEntry,
    /// The brackets around the present place.
    pub(super) brackets: Vec<Bracket>,
    /// Whether the present place is inside a negation.
    pub(super) is_negated: bool,
    pub(super) options: ParseOptions<'a>,
    /// The aliases that led here, outermost first.
    pub(super) aliases: Vec<String>,
    pub(super) shared: Shared,
}

/// A part of a query; `None` for what asks nothing, such as a lone sign.
pub(super) type Part = Result<Option<Query>, QueryError>;

impl<'a> Parser<'a> {
    pub(super) fn new(source: &'a str, options: ParseOptions<'a>) -> Self {
        Self {
            source,
            tokens: lex::lex(source),
            at: 0,
            scope: &field::FIELDS[0],
            brackets: Vec::new(),
            is_negated: false,
            options,
            aliases: Vec::new(),
            shared: Shared::default(),
        }
    }

    /// Keeps something to say, unless something of its kind was said before.
    pub(super) fn note(&mut self, code: &'static str, message: String, span: Span) {
        if self.shared.notes.iter().all(|note| note.code != code) {
            self.shared.notes.push(Note { code, message, span });
        }
    }
}

impl Parser<'_> {
    pub(super) fn alternatives(&mut self) -> Part {
        let mut choices = Vec::new();
        loop {
            choices.extend(self.conjunction()?);
            if !self.takes_or() {
                break;
            }
        }
        Ok(if choices.is_empty() { None } else { Some(Query::or(choices)) })
    }

    fn takes_or(&mut self) -> bool {
        let is_or = self.is_or(self.at);
        self.at += usize::from(is_or);
        is_or
    }

    fn is_or(&self, at: usize) -> bool {
        self.kind(at) == Some(&TokenKind::Pipe) || matches!(self.word(at), Some("or" | "OR"))
    }

    fn conjunction(&mut self) -> Part {
        let mut parts = Vec::new();
        while let Some(kind) = self.kind(self.at) {
            if *kind == TokenKind::Close || self.is_or(self.at) {
                break;
            }
            if *kind == TokenKind::Comma {
                self.at += 1;
                continue;
            }
            parts.extend(self.unary()?);
        }
        Ok(if parts.is_empty() { None } else { Some(Query::and(parts)) })
    }

    /// Signs are counted, not nested: a text may begin with thousands of them.
    fn unary(&mut self) -> Part {
        let mut signs = 0;
        while self.kind(self.at) == Some(&TokenKind::Minus)
            || matches!(self.word(self.at), Some("not" | "NOT"))
        {
            self.at += 1;
            signs += 1;
        }
        let ends = matches!(self.kind(self.at), None | Some(TokenKind::Close | TokenKind::Comma));
        if ends || self.is_or(self.at) {
            return Ok(None);
        }
        let outside = self.is_negated;
        self.is_negated |= signs > 0;
        let part = self.primary();
        self.is_negated = outside;
        Ok(part?.map(|part| if signs % 2 == 1 { part.negate() } else { part }))
    }

    fn primary(&mut self) -> Part {
        let Some(token) = self.tokens.get(self.at).cloned() else { return Ok(None) };
        self.at += 1;
        match token.kind {
            TokenKind::Open(bracket) => self.group(bracket, token.span),
            TokenKind::Quote(text) => {
                let value = self.quoted(&text, token.span);
                if self.is_bare() && tokenizer::words(Kind::Prompt, &text).is_empty() {
                    return Ok(None);
                }
                self.leaf(self.scope, value)
            }
            TokenKind::Regex(text) => {
                let value = Value { pattern: Some(Pattern::Regex(text)), ..Value::plain("", token.span) };
                self.leaf(self.scope, value)
            }
            TokenKind::Tag => self.tag(token.span),
            TokenKind::Field => self.field(token.span),
            TokenKind::Word if self.is_bare() => self.bare_word(token.span),
            TokenKind::Word => self.scoped_word(token.span),
            TokenKind::Close | TokenKind::Comma | TokenKind::Pipe | TokenKind::Minus => Ok(None),
        }
    }

    fn group(&mut self, bracket: Bracket, span: Span) -> Part {
        if self.brackets.len() >= MAX_DEPTH {
            let message = format!("brackets are nested deeper than {MAX_DEPTH}");
            return Err(QueryError::new(ErrorCode::TooLarge, message, span));
        }
        self.brackets.push(bracket);
        let inner = self.alternatives();
        self.brackets.pop();
        self.at += 1;
        inner
    }

    /// Whether bare words search the prompt because nothing says otherwise.
    fn is_bare(&self) -> bool {
        self.scope.kind == FieldKind::Text(TextField::Prompt)
    }

    /// Whether the present place is inside `[ ]` or `{ }`, where colons belong to a generator.
    fn is_generator_syntax(&self) -> bool {
        self.brackets.iter().any(|bracket| *bracket != Bracket::Round)
    }

    fn bare_word(&mut self, span: Span) -> Part {
        let text = self.text(span);
        if text == "*" {
            return Ok(Some(Query::new(Node::All, span)));
        }
        let text = match text.rsplit_once(':') {
            Some((word, number)) if is_weight(number) && self.closes_here() => word,
            _ => text,
        };
        if self.is_generator_syntax() {
            return self.pieces(text, span);
        }
        if let Some(name) = text.strip_prefix('@')
            && let Some(query) = self.alias(name, span)?
        {
            return Ok(query);
        }
        if let Some(part) = self.compared_word(text, span) {
            return part;
        }
        self.prompt_words(text, span)
    }

    /// Words of the prompt; nothing when the text has none.
    fn prompt_words(&mut self, text: &str, span: Span) -> Part {
        if tokenizer::words(Kind::Prompt, text).is_empty() {
            return Ok(None);
        }
        let text = text.trim_start_matches(|c: char| c.is_ascii_punctuation() && !"*_\\/(".contains(c));
        let text = text.trim_end_matches(|c: char| c.is_ascii_punctuation() && !"*_\\/)".contains(c));
        // The words of `none` and `/a/` mean something only after a field.
        let value = Value { is_quoted: true, ..Value::bare(text, self.scope, span)? };
        self.leaf(self.scope, value)
    }

    /// The words of `[from:to:0.5]`: each of them, without the number.
    fn pieces(&mut self, text: &str, span: Span) -> Part {
        let mut parts = Vec::new();
        for piece in text.split(':').filter(|piece| piece.parse::<f64>().is_err()) {
            parts.extend(self.prompt_words(piece, span)?);
        }
        Ok(if parts.is_empty() { None } else { Some(Query::and(parts)) })
    }

    /// A value in the brackets of `field:(a | b)`. Words of a keyword, such as `Euler a`, are one value.
    fn scoped_word(&mut self, mut span: Span) -> Part {
        if matches!(self.scope.kind, FieldKind::Keyword(_)) {
            while self.kind(self.at) == Some(&TokenKind::Word) && !self.is_or(self.at) {
                span = span.to(self.tokens[self.at].span);
                self.at += 1;
            }
        }
        let value = Value::bare(self.text(span), self.scope, span)?;
        self.leaf(self.scope, value)
    }

    fn tag(&mut self, span: Span) -> Part {
        let inner = self.text(span).trim_matches(['<', '>']);
        let mut parts = inner.split(':');
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let name = parts.next().unwrap_or_default().trim();
        let entry = match kind.as_str() {
            "lora" | "lyco" | "locon" | "loha" => field::find("lora"),
            "hypernet" => field::find("hypernetwork"),
            "embedding" => field::find("embedding"),
            _ => None,
        };
        let Some(entry) = entry.filter(|_| !name.is_empty()) else { return Ok(None) };
        self.leaf(entry, Value { is_quoted: true, ..Value::plain(name, span) })
    }

    fn field(&mut self, name_span: Span) -> Part {
        let name = self.text(name_span);
        let entry = field::find(name);
        let text = match self.not_a_field(name_span, entry) {
            Err(_) if self.options.unknown_fields == UnknownFields::AsText => {
                let message = format!("`{}` is no field and was searched as text", value::clip(name));
                self.note("unknown_field", message, name_span);
                return self.prompt_words(name, name_span);
            }
            text => text?,
        };
        if let Some(text) = text {
            return if self.is_generator_syntax() {
                let whole = name_span.to(text);
                self.pieces(&self.source[whole.start..whole.end], whole)
            } else {
                self.prompt_words(&self.source[text.start..text.end], text)
            };
        }
        let Some(entry) = entry else { return Ok(None) };
        match entry.kind {
            FieldKind::Later => {
                let message = format!("`{}:` is not indexed yet", entry.name);
                let hint = format!("{}; quote the text to search the prompt for it: \"{name}\"", entry.about);
                Err(QueryError::new(ErrorCode::NotIndexed, message, name_span).hint(hint))
            }
            FieldKind::Sort | FieldKind::Limit | FieldKind::Group => {
                self.control(entry, name_span).map(|()| None)
            }
            _ => self.values(entry, name_span),
        }
    }

    /// The text that `name:` is part of, where it is text and no field: the weight of a word, a web address, a
    /// colon in prose, syntax of a generator. Takes the tokens that belong to it.
    fn not_a_field(
        &mut self,
        name_span: Span,
        entry: Option<&FieldEntry>,
    ) -> Result<Option<Span>, QueryError> {
        let glued = self.tokens.get(self.at).filter(|token| token.glued && token.kind == TokenKind::Word);
        let glued = glued.map(|token| token.span);
        let value = glued.map(|span| self.text(span));
        if self.is_generator_syntax() {
            self.at += usize::from(glued.is_some());
            return Ok(Some(glued.map_or(name_span, |span| name_span.to(span))));
        }
        let number = value.is_some_and(is_weight);
        let is_fraction = value.is_some_and(|value| value.contains('.') && !value.contains(".."));
        let closed = matches!(self.kind(self.at + 1), Some(TokenKind::Close));
        let name = self.text(name_span);
        // A colon in prose, `style: anime`, is nearer to a mistyped field only by a single letter.
        let has_value = self.tokens.get(self.at).is_some_and(|token| token.glued && is_operand(&token.kind));
        let near = || field::nearest(name, names(), if has_value { 2 } else { 1 });
        // `(hires:1.2)` is a word of prompts with its weight.
        let takes_fraction = matches!(entry, Some(FieldEntry { kind: FieldKind::Real(field), .. }) if *field != RealField::Hires);
        let is_text = match entry {
            Some(_) => number && closed && is_fraction && !takes_fraction,
            None => number && (closed || near().is_none()),
        };
        if is_text {
            self.at += 1;
            return Ok(Some(name_span));
        }
        if entry.is_some() {
            return Ok(None);
        }
        if let (Some(value), Some(span)) = (value, glued)
            && value.starts_with("//")
        {
            self.at += 1;
            return Ok(Some(name_span.to(span)));
        }
        if !has_value && near().is_none() {
            return Ok(Some(name_span));
        }
        let error = QueryError::new(
            ErrorCode::UnknownField,
            format!("unknown field `{}`", value::clip(name)),
            name_span,
        );
        let elsewhere = ELSEWHERE.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        Err(match elsewhere.map(|(_, ours)| *ours).or_else(near) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("quote the text to search for it: \"{}:...\"", value::clip(name))),
        })
    }

    /// The values after a known field.
    fn values(&mut self, entry: &'static FieldEntry, name_span: Span) -> Part {
        if let Some(token) = self.tokens.get(self.at)
            && !token.glued
            && token.kind != TokenKind::Comma
        {
            let message = format!("`{}: value` is read as `{}:value`", entry.name, entry.name);
            self.note("space_after_colon", message, name_span);
        }
        if let Some(TokenKind::Open(bracket)) = self.kind(self.at).cloned() {
            let span = self.tokens[self.at].span;
            if bracket != Bracket::Round
                && let Some(range) = self.lucene_range(span, name_span)?
            {
                return self.leaf(entry, range);
            }
            self.at += 1;
            let outside = std::mem::replace(&mut self.scope, entry);
            let inner = self.group(bracket, span);
            self.scope = outside;
            return inner;
        }
        let mut choices = Vec::new();
        loop {
            let value = self.value(entry, name_span)?;
            choices.extend(self.leaf(entry, value)?);
            if !self.takes_list_comma() {
                break;
            }
        }
        if entry.kind == FieldKind::ResourceIds {
            let span = choices.iter().map(|choice| choice.span).fold(name_span, Span::to);
            let ids = choices.into_iter().flat_map(|choice| match choice.node {
                Node::ResourceIds(ids) => ids,
                _ => Vec::new(),
            });
            return Ok(Some(Query::new(Query::resource_ids(ids.collect()).node, span)));
        }
        Ok(Some(Query::or(choices)))
    }

    /// Whether a list goes on: a comma with a value right after it, that is not the next field.
    fn takes_list_comma(&mut self) -> bool {
        let glued = |at: usize| self.tokens.get(at).is_some_and(|token| token.glued);
        let goes_on = self.kind(self.at) == Some(&TokenKind::Comma)
            && glued(self.at)
            && glued(self.at + 1)
            && matches!(
                self.kind(self.at + 1),
                Some(TokenKind::Word | TokenKind::Quote(_) | TokenKind::Regex(_))
            );
        self.at += usize::from(goes_on);
        goes_on
    }

    /// One value; white space before it is allowed.
    fn value(&mut self, entry: &FieldEntry, name_span: Span) -> Result<Value, QueryError> {
        let Some(token) = self.tokens.get(self.at).cloned() else {
            return Err(missing_value(entry, name_span));
        };
        let is_numeric = matches!(entry.kind, FieldKind::Integer(_) | FieldKind::Real(_));
        self.at += 1;
        match token.kind {
            TokenKind::Word => {
                let span = Span::new(name_span.start, token.span.end);
                Value::bare(self.text(token.span), entry, span)
            }
            TokenKind::Quote(text) => {
                let mut value = self.quoted(&text, token.span);
                value.span.start = name_span.start;
                Ok(value)
            }
            TokenKind::Regex(text) => {
                let span = name_span.to(token.span);
                Ok(Value { pattern: Some(Pattern::Regex(text)), ..Value::plain("", span) })
            }
            TokenKind::Minus if is_numeric && self.word(self.at).is_some() => {
                let end = self.tokens[self.at].span.end;
                self.at += 1;
                Value::bare(&self.source[token.span.start..end], entry, Span::new(name_span.start, end))
            }
            _ => Err(missing_value(entry, name_span)),
        }
    }

    /// Text in quotes with the tail that is glued to it.
    fn quoted(&mut self, text: &str, span: Span) -> Value {
        let tail = self.tokens.get(self.at).filter(|token| token.glued && token.kind == TokenKind::Word);
        if let Some(tail) = tail.map(|token| token.span)
            && let Some(value) = Value::quoted(text, self.text(tail), span.to(tail))
        {
            self.at += 1;
            return value;
        }
        Value { is_quoted: true, ..Value::plain(text, span) }
    }

    pub(super) fn leaf(&mut self, entry: &FieldEntry, value: Value) -> Part {
        let span = value.span;
        if value.pattern.is_some() {
            self.shared.patterns += 1;
            if self.shared.patterns > MAX_PATTERNS {
                let message = format!("the query has more than {MAX_PATTERNS} patterns");
                return Err(QueryError::new(ErrorCode::TooLarge, message, span));
            }
        }
        let query = value::condition(entry, value, self.options.now_ms)?;
        self.shared.clauses += query.clauses();
        if self.shared.clauses > MAX_CLAUSES {
            let message = format!("the query has more than {MAX_CLAUSES} conditions");
            return Err(QueryError::new(ErrorCode::TooLarge, message, span));
        }
        if matches!(&query.node, Node::Pattern { pattern: Pattern::Wildcard(text), .. } if text.starts_with('*'))
        {
            let message = "a `*` in front looks at every word of the index; `word*` is much cheaper";
            self.note("leading_wildcard", message.into(), span);
        }
        Ok(Some(query))
    }

    pub(super) fn kind(&self, at: usize) -> Option<&TokenKind> {
        self.tokens.get(at).map(|token| &token.kind)
    }

    pub(super) fn word(&self, at: usize) -> Option<&str> {
        self.tokens.get(at).filter(|token| token.kind == TokenKind::Word).map(|token| self.text(token.span))
    }

    fn closes_here(&self) -> bool {
        self.kind(self.at) == Some(&TokenKind::Close)
    }
}

impl<'a> Parser<'a> {
    pub(super) fn text(&self, span: Span) -> &'a str {
        &self.source[span.start..span.end]
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    field::FIELDS.iter().flat_map(|entry| std::iter::once(entry.name).chain(entry.aliases.iter().copied()))
}

fn is_weight(text: &str) -> bool {
    text.parse().is_ok_and(|number: f64| number.abs() <= LARGEST_WEIGHT)
}

fn is_operand(kind: &TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Word | TokenKind::Quote(_) | TokenKind::Regex(_) | TokenKind::Open(_) | TokenKind::Field
    )
}

pub(super) fn missing_value(entry: &FieldEntry, span: Span) -> QueryError {
    value::bad(format!("`{}:` needs a value", entry.name), span)
}
