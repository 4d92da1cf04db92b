//! Text of one value to a condition.

use super::asked;
use super::ast::{Node, Pattern, Query, Span, Test};
use super::compare::{comparison, excluding, integer, length_of_time, real_field, real_test, whole};
use super::date;
use super::error::{ErrorCode, QueryError};
use super::field::{
    self, FieldEntry, FieldKind, IntegerField, KeywordField, Presence, RealField, ResourceField, Shape,
    WordField,
};
use super::pattern::{Fits, MAX_PATTERN_BYTES};
use super::table::AskKind;
use crate::tokenizer::{self, Kind};

/// Most words that may lie between those of a phrase.
pub(crate) const MAX_SLOP: u32 = 64;

/// Most bits in which fingerprints that count as alike may be said to differ.
const MAX_BITS: u32 = 64;

/// A value as it stands in the query.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) text: String,
    pub(crate) is_quoted: bool,
    pub(crate) prefix: bool,
    /// The whole number after `~`.
    pub(crate) slop: Option<u32>,
    /// The number after `~` where it has a point, in hundredths.
    pub(crate) hundredths: Option<u32>,
    pub(crate) weight: Option<Test<f64>>,
    /// A pattern in place of the text.
    pub(crate) pattern: Option<Pattern>,
    pub(crate) span: Span,
}

impl Value {
    /// A text and nothing else.
    pub(crate) fn plain(text: &str, span: Span) -> Self {
        Self {
            text: text.into(),
            is_quoted: false,
            prefix: false,
            slop: None,
            hundredths: None,
            weight: None,
            pattern: None,
            span,
        }
    }

    /// A bare word: takes a trailing `*` and, for a resource, the strength after `@` off it.
    pub(crate) fn bare(text: &str, entry: &FieldEntry, span: Span) -> Result<Self, QueryError> {
        let mut value = Self::plain(text, span);
        let takes_weight = matches!(entry.kind, FieldKind::Resource(field) if field != ResourceField::Air);
        if takes_weight
            && let Some((name, test)) = text.rsplit_once('@')
            && let Ok(test) = real_test(test, span)
        {
            value.text = name.into();
            value.weight = Some(test);
        }
        if matches!(entry.kind, FieldKind::Ask(AskKind::Like | AskKind::Blur))
            && let Some((image, distance)) = text.rsplit_once('~')
            && value.take_distance(distance)
        {
            value.text = image.into();
        }
        if entry.kind == FieldKind::Integer(IntegerField::Seed)
            && let Some(digits) = text.strip_suffix('*')
        {
            value.text = digits.into();
            value.prefix = true;
        }
        if takes_text(entry.kind) {
            value.take_star(entry)?;
        }
        Ok(value)
    }

    /// The number after `~`: whether it is one.
    fn take_distance(&mut self, text: &str) -> bool {
        self.slop = text.parse().ok();
        if self.slop.is_none() && text.starts_with(|c: char| c.is_ascii_digit()) {
            let number = text.parse().ok().map(|number: f64| (number * 100.0).round());
            self.hundredths = number
                .filter(|number| (0.0..=f64::from(u32::MAX)).contains(number))
                .map(|number| number as u32);
        }
        self.slop.is_some() || self.hundredths.is_some()
    }

    /// A `*` at the end is a beginning; one before the end makes a pattern of one word.
    fn take_star(&mut self, entry: &FieldEntry) -> Result<(), QueryError> {
        let inner = self.text.trim_end_matches('*');
        if inner.trim_matches('*').is_empty() || !inner.contains('*') {
            self.prefix = self.text.ends_with('*') && !inner.is_empty();
            self.text = inner.into();
            return Ok(());
        }
        let is_keyword = matches!(entry.kind, FieldKind::Keyword(_));
        let letters = |piece: &str| piece.chars().all(char::is_alphanumeric);
        if is_keyword || inner.split('*').all(letters) {
            self.pattern = Some(Pattern::Wildcard(self.text.clone()));
            return Ok(());
        }
        if inner.trim_matches('*').contains('*') && inner.split('*').all(ends_in_letters) {
            let message = "`*` before the end stands for a part of one word";
            let hint = format!("quote it to search the text itself: \"{}\"", clip(&self.text));
            return Err(QueryError::new(ErrorCode::Unsupported, message, self.span).hint(hint));
        }
        self.prefix = self.text.ends_with('*');
        self.text = inner.trim_matches('*').into();
        Ok(())
    }

    /// Text in quotes with what is glued to its end: `*`, `~2`, `@0.5..`. `None` when `tail` is something else.
    pub(crate) fn quoted(text: &str, tail: &str, span: Span) -> Option<Self> {
        let mut value = Self { is_quoted: true, ..Self::plain(text, span) };
        let mut rest = tail;
        if let Some(after) = rest.strip_prefix('*') {
            value.prefix = true;
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('~') {
            let digits =
                after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
            let number = &after[..digits];
            if !value.take_distance(number) && !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            if value.slop.is_none() && value.hundredths.is_none() {
                value.slop = Some(u32::MAX).filter(|_| digits > 0);
            }
            rest = &after[digits..];
        }
        if let Some(after) = rest.strip_prefix('@') {
            value.weight = Some(real_test(after, span).ok()?);
            rest = "";
        }
        rest.is_empty().then_some(value)
    }

    fn says(&self, word: &str) -> bool {
        !self.is_quoted && self.text.eq_ignore_ascii_case(word)
    }
}

fn ends_in_letters(part: &str) -> bool {
    part.is_empty() || part.starts_with(char::is_alphanumeric) || part.ends_with(char::is_alphanumeric)
}

fn takes_text(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Text(_) | FieldKind::Keyword(_) | FieldKind::Resource(_))
}

/// The condition that a value of a field means.
///
/// `now_ms` is the present moment, for dates that depend on it.
pub(crate) fn condition(entry: &FieldEntry, value: Value, now_ms: Option<i64>) -> Result<Query, QueryError> {
    let span = value.span;
    if let Some(pattern) = value.pattern {
        return pattern_of(entry, pattern, span);
    }
    if value.says("none")
        && entry.kind != FieldKind::Integer(IntegerField::Nsfw)
        && let Some(presence) = entry.presence
    {
        return Ok(Query::new(Node::Absent(presence), span));
    }
    check_form(entry, &value)?;
    let text = value.text.as_str();
    Ok(match entry.kind {
        FieldKind::Text(field) => {
            let words = tokenizer::words(Kind::Prompt, text);
            if words.is_empty() {
                return Err(QueryError::new(
                    ErrorCode::NothingToSearch,
                    format!("`{}` has no word to search", clip(text)),
                    span,
                ));
            }
            let slop = value.slop.unwrap_or(0);
            Query::new(Node::Text { field, text: value.text, slop, prefix: value.prefix }, span)
        }
        FieldKind::Chunk(field) => {
            if crate::chunks::chunk(text).is_none() {
                return Err(QueryError::new(
                    ErrorCode::NothingToSearch,
                    format!("`{}` is no single tag", clip(text)),
                    span,
                )
                .hint("a tag is at most six words without a comma; use a phrase in quotes for more"));
            }
            Query::new(Node::Chunk { field, text: value.text }, span)
        }
        FieldKind::Keyword(field) => keyword(field, value)?,
        FieldKind::Resource(field) => resource(field, value)?,
        FieldKind::Integer(field) if value.prefix => digits(field, text, span)?,
        FieldKind::Integer(field) => integer(field, text, span)?,
        FieldKind::Real(RealField::Hires) => match yes_or_no(text) {
            Some(wanted) => said(Presence::Hires, wanted, span),
            None => real_field(RealField::Hires, text, span)?,
        },
        FieldKind::Real(field) => real_field(field, text, span)?,
        FieldKind::Trait(presence) => {
            let wanted = yes_or_no(text).ok_or_else(|| no_trait(entry, text, span))?;
            said(presence, wanted, span)
        }
        FieldKind::Workflow => match yes_or_no(text).filter(|_| !value.is_quoted) {
            Some(wanted) => said(Presence::Workflow, wanted, span),
            None => {
                let records = asked::ask(AskKind::Raw, &value, now_ms)?;
                Query::and(vec![said(Presence::Workflow, true, span), records])
            }
        },
        FieldKind::Date => {
            let (test, negated) = comparison(text, span, |text| date::read(text, now_ms, span))?;
            excluding(negated, Query::new(Node::Created(test), span))
        }
        FieldKind::Age => {
            let now_ms = now_ms.ok_or_else(|| bad("an age cannot stand here", span))?;
            let (test, negated) = comparison(text, span, |text| length_of_time(text, span))?;
            excluding(negated, Query::new(Node::Created(date::age(test, now_ms, span)?), span))
        }
        FieldKind::Uses(field) => {
            let (test, negated) = comparison(text, span, |text| whole(text, span))?;
            excluding(negated, Query::new(Node::Uses { field, test }, span))
        }
        FieldKind::Is => asked::is(text, span)?,
        FieldKind::Ask(kind) => asked::ask(kind, &value, now_ms)?,
        FieldKind::Size => size(text, span)?,
        FieldKind::Has => Query::new(Node::Has(presence(text, span)?), span),
        FieldKind::ResourceIds if value.says("none") => Query::new(Node::ResourceIds(Vec::new()), span),
        FieldKind::ResourceIds => {
            let id = text.parse().map_err(|_| bad(format!("`{}` is not a number", clip(text)), span))?;
            Query::new(Node::ResourceIds(vec![id]), span)
        }
        FieldKind::Sort | FieldKind::Limit | FieldKind::Group | FieldKind::Later => {
            return Err(QueryError::new(
                ErrorCode::Misplaced,
                format!("`{}:` cannot stand here", entry.name),
                span,
            ));
        }
    })
}

/// A pattern, where the field takes one. It is built once, to see whether it can be.
fn pattern_of(entry: &FieldEntry, pattern: Pattern, span: Span) -> Result<Query, QueryError> {
    let field = match entry.kind {
        FieldKind::Text(field) => WordField::Text(field),
        FieldKind::Keyword(field) => WordField::Keyword(field),
        FieldKind::Resource(field) if field.names().is_some() => WordField::Name(field),
        _ => {
            let message = format!("`{}:` does not take a pattern", entry.name);
            return Err(QueryError::new(ErrorCode::Unsupported, message, span)
                .hint("texts, keywords and names of resources do"));
        }
    };
    let refuse = |message: String| QueryError::new(ErrorCode::BadPattern, message, span);
    let (Pattern::Wildcard(text) | Pattern::Regex(text)) = &pattern;
    if text.len() > MAX_PATTERN_BYTES {
        return Err(refuse(format!("the pattern is longer than {MAX_PATTERN_BYTES} bytes")));
    }
    if !matches!(field, WordField::Keyword(_)) && text.contains(char::is_whitespace) {
        return Err(refuse("a pattern fits one word, which holds no space".into())
            .hint("write one pattern a word, or a phrase in quotes"));
    }
    Fits::new(&pattern).map_err(refuse)?;
    Ok(Query::new(Node::Pattern { field, pattern }, span))
}

/// Refuses `~`, `*` and `@` where they mean nothing, rather than ignoring them.
fn check_form(entry: &FieldEntry, value: &Value) -> Result<(), QueryError> {
    let refuse = |what: &str| {
        let message = format!("`{}:` does not take {what}", entry.name);
        Err(QueryError::new(ErrorCode::Unsupported, message, value.span))
    };
    if value.weight.is_some() && !matches!(entry.kind, FieldKind::Resource(_)) {
        return refuse("a strength after `@`");
    }
    let takes_star = takes_text(entry.kind) || entry.kind == FieldKind::Integer(IntegerField::Seed);
    if value.prefix && !takes_star {
        return refuse("`*`");
    }
    if value.hundredths.is_some() && entry.kind != FieldKind::Ask(AskKind::Blur) {
        return refuse("a number with a point after `~`");
    }
    let Some(slop) = value.slop else { return Ok(()) };
    if entry.kind == FieldKind::Ask(AskKind::Blur) {
        return Ok(());
    }
    if entry.kind == FieldKind::Ask(AskKind::Like) {
        return if slop <= MAX_BITS {
            Ok(())
        } else {
            Err(bad(format!("pictures that differ in more than {MAX_BITS} bits are not alike"), value.span))
        };
    }
    if !matches!(entry.kind, FieldKind::Text(_)) {
        return refuse("`~`");
    }
    if slop > MAX_SLOP {
        return Err(bad(format!("more than {MAX_SLOP} words cannot lie between"), value.span));
    }
    if slop > 0 && value.prefix {
        return refuse("`*` and `~` together");
    }
    Ok(())
}

fn keyword(field: KeywordField, value: Value) -> Result<Query, QueryError> {
    if tokenizer::keyword(&value.text).is_empty() {
        return Err(bad("the value is empty", value.span));
    }
    let known: &[&str] = match field {
        KeywordField::Source => &["civitai", "url", "local"],
        KeywordField::Type => &["image", "video", "audio", "other"],
        _ => &[],
    };
    let folded = tokenizer::keyword(&value.text);
    if field == KeywordField::Source && folded == "trained" && !value.prefix {
        return Ok(said(Presence::Trained, true, value.span));
    }
    if !known.is_empty() && !value.prefix && !known.contains(&folded.as_str()) {
        let error = bad(format!("`{}` is none of {}", clip(&value.text), known.join(", ")), value.span);
        return Err(match field::nearest(&folded, known.iter().copied(), 2) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        });
    }
    Ok(Query::new(Node::Keyword { field, value: value.text, prefix: value.prefix }, value.span))
}

fn resource(field: ResourceField, value: Value) -> Result<Query, QueryError> {
    let text = value.text.trim();
    let all = |allowed: fn(char) -> bool| !text.is_empty() && text.chars().all(allowed);
    let (is_good, wanted) = match field {
        ResourceField::Version | ResourceField::ModelId => (all(|c| c.is_ascii_digit()), "a number"),
        ResourceField::Hash => {
            (all(|c| c.is_ascii_hexdigit()) && text.len() >= 4, "at least 4 hexadecimal digits")
        }
        _ => (!text.is_empty(), "a name"),
    };
    if !is_good {
        return Err(bad(format!("`{}` is not {wanted}", clip(text)), value.span));
    }
    let (text, span) = (text.to_owned(), value.span);
    Ok(Query::new(Node::Resource { field, value: text, prefix: value.prefix, weight: value.weight }, span))
}

fn size(text: &str, span: Span) -> Result<Query, QueryError> {
    if text.contains(':') {
        return real_field(RealField::Ratio, text, span);
    }
    if let Some(shape) = Shape::ALL.into_iter().find(|shape| shape.as_str().eq_ignore_ascii_case(text)) {
        return Ok(Query::new(Node::Shape(shape), span));
    }
    let digits_at = text.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let (sign, numbers) = text.split_at(digits_at);
    let test: fn(i64) -> Test<i64> = match sign {
        "" | "=" => Test::Equal,
        ">=" => Test::AtLeast,
        "<=" => Test::AtMost,
        ">" => Test::Above,
        "<" => Test::Below,
        _ => return Err(bad_size(text, span)),
    };
    let (width, height) = numbers.split_once(['x', 'X', '×']).ok_or_else(|| bad_size(text, span))?;
    let side = |field, text: &str| -> Result<Query, QueryError> {
        let pixels = text.parse().map_err(|_| bad_size(text, span))?;
        Ok(Query::new(Node::Integer { field, test: test(pixels) }, span))
    };
    Ok(Query::and(vec![side(IntegerField::Width, width)?, side(IntegerField::Height, height)?]))
}

/// Whether the words say that something is so; `None` for other words.
fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "present" => Some(true),
        "no" | "false" | "absent" => Some(false),
        _ => None,
    }
}

/// Something is known to be there, or known not to be.
fn said(presence: Presence, wanted: bool, span: Span) -> Query {
    let query = Query::new(Node::Has(presence), span);
    if wanted { query } else { query.negate() }
}

fn no_trait(entry: &FieldEntry, text: &str, span: Span) -> QueryError {
    let error = bad(format!("`{}:` does not know `{}`", entry.name, clip(text)), span);
    match text.to_ascii_lowercase().as_str() {
        "valid" | "invalid" | "verified" => {
            error.hint("no signature is checked here: `c2pa:present` is all that is known")
        }
        _ => error.hint("it knows yes, no and none"),
    }
}

/// `123*`.
fn digits(field: IntegerField, text: &str, span: Span) -> Result<Query, QueryError> {
    let number: i64 = text.parse().ok().filter(|number| *number > 0).ok_or_else(|| {
        bad(format!("`{}*` does not begin with digits of a number above zero", clip(text)), span)
    })?;
    Ok(Query::new(Node::Digits { field, digits: number }, span))
}

fn bad_size(text: &str, span: Span) -> QueryError {
    bad(format!("`{}` is not a size", clip(text)), span)
        .hint("sizes look like 512x768, >=512x512, 16:9, landscape, portrait or square")
}

fn presence(word: &str, span: Span) -> Result<Presence, QueryError> {
    field::presence(word).ok_or_else(|| {
        let error = bad(format!("`has:` does not know `{}`", clip(word)), span);
        let known = field::FIELDS
            .iter()
            .filter(|entry| entry.presence.is_some() && entry.kind != FieldKind::Has)
            .map(|entry| entry.name);
        match field::nearest(word, known, 2) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("such as has:meta, has:negative, has:seed, has:lora"),
        }
    })
}

pub(crate) fn bad(message: impl Into<String>, span: Span) -> QueryError {
    QueryError::new(ErrorCode::BadValue, message, span)
}

/// The beginning of a text, short enough for a message.
pub(crate) fn clip(text: &str) -> String {
    const CHARS: usize = 40;
    let mut out: String = text.chars().take(CHARS).collect();
    if out.len() < text.len() {
        out.push_str("...");
    }
    out
}
