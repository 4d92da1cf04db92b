//! Numbers, and comparisons of all kinds: `5`, `>5`, `5..7`.

use super::ast::{Node, Query, Span, Test};
use super::date::{self, Date};
use super::error::QueryError;
use super::field::{IntegerField, RealField};
use super::value::{bad, clip};

/// How far a ratio may be from the one that is asked for as `16:9`, or an enlargement from the one that is asked for, as
/// a part of it. Generators round sides to multiples of 64, which makes 1344x768 of 16:9.
const RATIO_TOLERANCE: f64 = 0.02;

pub(super) fn integer(field: IntegerField, text: &str, span: Span) -> Result<Query, QueryError> {
    let (ranges, negated) = comparison(text, span, |text| levels(field, text, span))?;
    let test = match ranges {
        Test::Equal((low, high)) if low == high => Test::Equal(low),
        Test::Equal((low, high)) | Test::Between((low, _), (_, high)) => Test::Between(low, high),
        Test::Above((_, high)) => Test::Above(high),
        Test::AtLeast((low, _)) => Test::AtLeast(low),
        Test::Below((low, _)) => Test::Below(low),
        Test::AtMost((_, high)) => Test::AtMost(high),
    };
    Ok(excluding(negated, Query::new(Node::Integer { field, test }, span)))
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

/// A comparison of a real number; for a ratio, its ends may be written as `16:9`.
pub(super) fn real_field(field: RealField, text: &str, span: Span) -> Result<Query, QueryError> {
    let one = |text: &str| match text.split_once(':').filter(|_| field == RealField::Ratio) {
        Some((width, height)) => {
            let ratio = real(width, span)? / real(height, span)?;
            if ratio.is_finite() && ratio > 0.0 { Ok(ratio) } else { Err(bad("a ratio is above zero", span)) }
        }
        None => real(text, span),
    };
    let (test, negated) = comparison(text, span, one)?;
    let test = match test {
        Test::Equal(ratio)
            if field == RealField::Hires || field == RealField::Ratio && text.contains(':') =>
        {
            Test::Between(ratio * (1.0 - RATIO_TOLERANCE), ratio * (1.0 + RATIO_TOLERANCE))
        }
        test => test,
    };
    Ok(excluding(negated, Query::new(Node::Real { field, test }, span)))
}

/// A whole number.
pub(super) fn whole(text: &str, span: Span) -> Result<i64, QueryError> {
    text.parse().map_err(|_| bad(format!("`{}` is not a whole number", clip(text)), span))
}

/// A length of time, in milliseconds.
pub(super) fn length_of_time(text: &str, span: Span) -> Result<i64, QueryError> {
    let read = date::duration(text).map(|(length_ms, _)| length_ms);
    read.ok_or_else(|| {
        bad(format!("`{}` is not a length of time", clip(text)), span)
            .hint("such as 12h, 7d, 2w, 3mo (of 30 days) or 1y (of 365 days)")
    })
}

/// A number of bytes, such as `2MB` or `512KiB`.
pub(super) fn bytes(text: &str, span: Span) -> Result<i64, QueryError> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        _ => f64::NAN,
    };
    if let (true, Ok(bytes)) = (factor == 1.0, number.parse()) {
        return Ok(bytes);
    }
    let bytes = number.parse().unwrap_or(f64::NAN) * factor;
    if (0.0..9e18).contains(&bytes) {
        return Ok(bytes.round() as i64);
    }
    Err(bad(format!("`{}` is not a number of bytes", clip(text)), span).hint("such as 500kB, 2MB or 1.5GiB"))
}

pub(super) fn real(text: &str, span: Span) -> Result<f64, QueryError> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| bad(format!("`{}` is not a number", clip(text)), span))
}

pub(super) fn real_test(text: &str, span: Span) -> Result<Test<f64>, QueryError> {
    match comparison(text, span, |text| real(text, span))? {
        (test, Negated::No) => Ok(test),
        (_, Negated::Yes) => Err(bad("`!=` cannot stand here", span)),
    }
}

/// Whether a comparison was `!=`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Negated {
    Yes,
    No,
}

/// The test, or its opposite. An unknown value is not a different value: it passes neither.
pub(super) fn excluding(negated: Negated, query: Query) -> Query {
    match negated {
        Negated::Yes => query.negate(),
        Negated::No => query,
    }
}

/// What can be an end of a range.
pub(super) trait End {
    /// Whether a range from this to `other` holds nothing.
    fn is_after(&self, other: &Self) -> bool;
}

impl End for f64 {
    fn is_after(&self, other: &Self) -> bool {
        self > other
    }
}

impl End for i64 {
    fn is_after(&self, other: &Self) -> bool {
        self > other
    }
}

/// The first and the last number that a word stands for.
impl End for (i64, i64) {
    fn is_after(&self, other: &Self) -> bool {
        self.0 > other.1
    }
}

impl End for Date {
    fn is_after(&self, other: &Self) -> bool {
        self.start_ms() >= other.end_ms()
    }
}

/// Reads `5`, `=5`, `!=5`, `>5`, `>=5`, `<5`, `<=5`, `5..7`, `5..`, `..7` and, for plain digits, `5-7`.
pub(super) fn comparison<T: End + Copy>(
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
        if low.is_after(&high) {
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
