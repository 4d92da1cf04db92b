//! Text of one value to a condition.

use super::ast::{Date, Node, Query, Span, Test};
use super::error::{ErrorCode, QueryError};
use super::field::{self, FieldEntry, FieldKind, IntegerField, KeywordField, Presence, ResourceField, Shape};
use crate::tokenizer::{self, Kind};

/// Most words that may lie between those of a phrase.
pub(crate) const MAX_SLOP: u32 = 64;

/// A value as it stands in the query.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) text: String,
    pub(crate) is_quoted: bool,
    pub(crate) prefix: bool,
    pub(crate) slop: u32,
    pub(crate) weight: Option<Test<f64>>,
    pub(crate) span: Span,
}

impl Value {
    /// A bare word: takes a trailing `*` and, for a resource, the strength after `@` off it.
    pub(crate) fn bare(text: &str, entry: &FieldEntry, span: Span) -> Result<Self, QueryError> {
        let mut value =
            Self { text: text.into(), is_quoted: false, prefix: false, slop: 0, weight: None, span };
        let takes_weight = matches!(entry.kind, FieldKind::Resource(field) if field != ResourceField::Air);
        if takes_weight
            && let Some((name, test)) = text.rsplit_once('@')
            && let Ok(test) = real_test(test, span)
        {
            value.text = name.into();
            value.weight = Some(test);
        }
        if takes_text(entry.kind) {
            value.take_star()?;
        }
        Ok(value)
    }

    fn take_star(&mut self) -> Result<(), QueryError> {
        let inner = self.text.trim_matches('*');
        if inner.contains('*') && inner.split('*').all(ends_in_letters) {
            let message = "`*` stands only at the end of a word so far";
            let hint = format!("quote it to search the text itself: \"{}\"", self.text);
            return Err(QueryError::new(ErrorCode::Unsupported, message, self.span).hint(hint));
        }
        self.prefix = self.text.ends_with('*') && !inner.is_empty();
        self.text = inner.into();
        Ok(())
    }

    /// Text in quotes with what is glued to its end: `*`, `~2`, `@0.5..`. `None` when `tail` is something else.
    pub(crate) fn quoted(text: &str, tail: &str, span: Span) -> Option<Self> {
        let mut value =
            Self { text: text.into(), is_quoted: true, prefix: false, slop: 0, weight: None, span };
        let mut rest = tail;
        if let Some(after) = rest.strip_prefix('*') {
            value.prefix = true;
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('~') {
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits == 0 {
                return None;
            }
            value.slop = after[..digits].parse().unwrap_or(u32::MAX);
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
    part.starts_with(char::is_alphanumeric) || part.ends_with(char::is_alphanumeric)
}

fn takes_text(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Text(_) | FieldKind::Keyword(_) | FieldKind::Resource(_))
}

/// The condition that a value of a field means.
pub(crate) fn condition(entry: &FieldEntry, value: Value) -> Result<Query, QueryError> {
    let span = value.span;
    if value.says("none")
        && entry.kind != FieldKind::Integer(IntegerField::Nsfw)
        && let Some(presence) = entry.presence
    {
        return Ok(Query::new(Node::Has(presence), span).negate());
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
            Query::new(Node::Text { field, text: value.text, slop: value.slop, prefix: value.prefix }, span)
        }
        FieldKind::Keyword(field) => keyword(field, value)?,
        FieldKind::Resource(field) => resource(field, value)?,
        FieldKind::Integer(field) => integer(entry, field, text, span)?,
        FieldKind::Real(field) => {
            let (test, negated) = comparison(text, span, |text| real(text, span))?;
            excluding(negated, entry, Query::new(Node::Real { field, test }, span))
        }
        FieldKind::Date => {
            let (test, negated) = comparison(text, span, |text| date(text, span))?;
            excluding(negated, entry, Query::new(Node::Created(test), span))
        }
        FieldKind::Size => size(text, span)?,
        FieldKind::Has => Query::new(Node::Has(presence(text, span)?), span),
        FieldKind::ResourceIds if value.says("none") => Query::new(Node::ResourceIds(Vec::new()), span),
        FieldKind::ResourceIds => {
            let id = text.parse().map_err(|_| bad(format!("`{}` is not a number", clip(text)), span))?;
            Query::new(Node::ResourceIds(vec![id]), span)
        }
        FieldKind::Sort | FieldKind::Limit | FieldKind::Later => {
            return Err(QueryError::new(
                ErrorCode::Misplaced,
                format!("`{}:` cannot stand here", entry.name),
                span,
            ));
        }
    })
}

/// Refuses `~`, `*` and `@` where they mean nothing, rather than ignoring them.
fn check_form(entry: &FieldEntry, value: &Value) -> Result<(), QueryError> {
    let refuse = |what: &str| {
        let message = format!("`{}:` does not take {what}", entry.name);
        Err(QueryError::new(ErrorCode::Unsupported, message, value.span))
    };
    let is_regex = !value.is_quoted && value.text.len() > 2 && value.text.starts_with('/');
    if is_regex && value.text.ends_with('/') {
        let error = QueryError::new(ErrorCode::Unsupported, "patterns are not understood yet", value.span);
        return Err(error.hint("use words, or the beginning of one: `cat*`"));
    }
    if value.weight.is_some() && !matches!(entry.kind, FieldKind::Resource(_)) {
        return refuse("a strength after `@`");
    }
    if value.prefix && !takes_text(entry.kind) {
        return refuse("`*`");
    }
    if value.slop > 0 && !matches!(entry.kind, FieldKind::Text(_)) {
        return refuse("`~`");
    }
    if value.slop > MAX_SLOP {
        return Err(bad(format!("more than {MAX_SLOP} words cannot lie between"), value.span));
    }
    if value.slop > 0 && value.prefix {
        return refuse("`*` and `~` together");
    }
    Ok(())
}

fn keyword(field: KeywordField, value: Value) -> Result<Query, QueryError> {
    if tokenizer::keyword(&value.text).is_empty() {
        return Err(bad("the value is empty", value.span));
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

fn integer(entry: &FieldEntry, field: IntegerField, text: &str, span: Span) -> Result<Query, QueryError> {
    let (ranges, negated) = comparison(text, span, |text| levels(field, text, span))?;
    let test = match ranges {
        Test::Equal((low, high)) if low == high => Test::Equal(low),
        Test::Equal((low, high)) | Test::Between((low, _), (_, high)) => Test::Between(low, high),
        Test::Above((_, high)) => Test::Above(high),
        Test::AtLeast((low, _)) => Test::AtLeast(low),
        Test::Below((low, _)) => Test::Below(low),
        Test::AtMost((_, high)) => Test::AtMost(high),
    };
    Ok(excluding(negated, entry, Query::new(Node::Integer { field, test }, span)))
}

/// One whole number, or the numbers that a word for an NSFW level stands for: first and last.
fn levels(field: IntegerField, text: &str, span: Span) -> Result<(i64, i64), QueryError> {
    if field == IntegerField::Nsfw {
        let level = match text.to_ascii_lowercase().as_str() {
            "unrated" => Some((0, 0)),
            "none" => Some((1, 1)),
            "soft" => Some((2, 3)),
            "mature" => Some((4, 7)),
            "x" => Some((8, 31)),
            "blocked" => Some((32, i64::MAX)),
            _ => None,
        };
        if let Some(level) = level {
            return Ok(level);
        }
    }
    let number = text.parse().map_err(|_| {
        let error = bad(format!("`{}` is not a whole number", clip(text)), span);
        match field {
            IntegerField::Nsfw => error.hint("levels are none, soft, mature, x, blocked, unrated"),
            _ => error,
        }
    })?;
    Ok((number, number))
}

fn real(text: &str, span: Span) -> Result<f64, QueryError> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| bad(format!("`{}` is not a number", clip(text)), span))
}

fn real_test(text: &str, span: Span) -> Result<Test<f64>, QueryError> {
    match comparison(text, span, |text| real(text, span))? {
        (test, Negated::No) => Ok(test),
        (_, Negated::Yes) => Err(bad("`!=` cannot stand here", span)),
    }
}

/// Whether a comparison was `!=`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Negated {
    Yes,
    No,
}

/// An unknown value is not a different value: `!=` asks for a known one.
fn excluding(negated: Negated, entry: &FieldEntry, query: Query) -> Query {
    match (negated, entry.presence) {
        (Negated::Yes, Some(presence)) => {
            let known = Query::new(Node::Has(presence), query.span);
            Query::and(vec![known, query.negate()])
        }
        (Negated::Yes, None) => query.negate(),
        (Negated::No, _) => query,
    }
}

/// Reads `5`, `=5`, `!=5`, `>5`, `>=5`, `<5`, `<=5`, `5..7`, `5..`, `..7` and, for plain digits, `5-7`.
fn comparison<T: PartialOrd + Copy>(
    text: &str,
    span: Span,
    one: impl Fn(&str) -> Result<T, QueryError>,
) -> Result<(Test<T>, Negated), QueryError> {
    const SIGNS: [&str; 7] = [">=", "<=", "!=", "==", ">", "<", "="];
    let text = text.trim();
    for sign in SIGNS {
        let Some(rest) = text.strip_prefix(sign) else { continue };
        let value = one(rest.trim())?;
        let test = match sign {
            ">=" => Test::AtLeast(value),
            "<=" => Test::AtMost(value),
            ">" => Test::Above(value),
            "<" => Test::Below(value),
            _ => Test::Equal(value),
        };
        return Ok((test, if sign == "!=" { Negated::Yes } else { Negated::No }));
    }
    let between = |low: &str, high: &str| -> Result<Test<T>, QueryError> {
        let (low, high) = (one(low)?, one(high)?);
        if low > high {
            let error = bad("the range is empty: it ends before it begins", span);
            return Err(error.hint("swap its ends"));
        }
        Ok(Test::Between(low, high))
    };
    let test = match text.split_once("..") {
        Some(("", "")) => return Err(bad("a range needs at least one end", span)),
        Some((low, "")) => Test::AtLeast(one(low)?),
        Some(("", high)) => Test::AtMost(one(high)?),
        Some((low, high)) => between(low, high)?,
        None => match (one(text), dashed(text)) {
            (Err(_), Some((low, high))) => between(low, high)?,
            (value, _) => Test::Equal(value?),
        },
    };
    Ok((test, Negated::No))
}

/// The ends of `20-40`.
fn dashed(text: &str) -> Option<(&str, &str)> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('-').filter(|(low, high)| digits(low) && digits(high))
}

fn date(text: &str, span: Span) -> Result<Date, QueryError> {
    let wrong = || {
        let message = format!("`{}` is not a date", clip(text));
        bad(message, span).hint("dates look like 2024, 2024-01 or 2024-01-15")
    };
    let number = |text: &str, digits: usize| -> Result<u16, QueryError> {
        let is_good = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_good { text.parse().map_err(|_| wrong()) } else { Err(wrong()) }
    };
    let mut parts = text.split('-');
    let year = number(parts.next().unwrap_or_default(), 4)?;
    let month = parts.next().map(|text| number(text, 2)).transpose()?;
    let day = parts.next().map(|text| number(text, 2)).transpose()?;
    if parts.next().is_some() || year == 0 {
        return Err(wrong());
    }
    Ok(match (month, day) {
        (None, _) => Date::Year(year),
        (Some(month @ 1..=12), None) => Date::Month(year, month as u8),
        (Some(month @ 1..=12), Some(day)) if (1..=month_days(year, month)).contains(&day) => {
            Date::Day(year, month as u8, day as u8)
        }
        _ => return Err(wrong()),
    })
}

fn month_days(year: u16, month: u16) -> u16 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn size(text: &str, span: Span) -> Result<Query, QueryError> {
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

fn bad_size(text: &str, span: Span) -> QueryError {
    bad(format!("`{}` is not a size", clip(text)), span)
        .hint("sizes look like 512x768, >=512x512, landscape, portrait or square")
}

fn presence(word: &str, span: Span) -> Result<Presence, QueryError> {
    field::presence(word).ok_or_else(|| {
        let error = bad(format!("`has:` does not know `{}`", clip(word)), span);
        let known = field::FIELDS.iter().filter(|entry| entry.presence.is_some()).map(|entry| entry.name);
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
