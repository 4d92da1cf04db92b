//! Comparisons of numbers and dates to engine queries.
//!
//! - Input: a field and a test. Output: a query that only filters.
//! - Never: a value of another type than its column has.

use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{EmptyQuery, RangeQuery};
use tantivy::schema::Field;

use super::ast::Test;
use super::date::Date;
use super::field::{IntegerField, RealField};
use super::lower::{Engine, Lowering, exact, filter, union};
use super::scan::{Look, Scan};
use super::weighted::Interval;
use crate::entry::UNSCALED;

impl Lowering<'_> {
    pub(super) fn integer(&self, field: IntegerField, test: Test<i64>) -> Engine {
        let fields = self.fields;
        let column = match field {
            IntegerField::Seed => return filter(signed_range(fields.seed, test)),
            IntegerField::Steps => fields.steps,
            IntegerField::ClipSkip => fields.clip_skip,
            IntegerField::Width => fields.width,
            IntegerField::Height => fields.height,
            IntegerField::Likes => fields.likes,
            IntegerField::Reactions => fields.reactions,
            IntegerField::Comments => fields.comments,
            IntegerField::Nsfw => fields.nsfw,
            IntegerField::Post => fields.post,
            IntegerField::Id => fields.image,
            IntegerField::PostedFor => fields.posted_for,
        };
        match (field.has_terms(), test) {
            (true, Test::Equal(value)) => filter(match u64::try_from(value) {
                Ok(value) => exact(Term::from_field_u64(column, value)),
                Err(_) => Box::new(EmptyQuery),
            }),
            _ => filter(unsigned_range(column, test)),
        }
    }

    /// Numbers that begin so. Only of seeds anybody asks that.
    pub(super) fn digits(field: IntegerField, digits: i64) -> Engine {
        match field {
            IntegerField::Seed => filter(Box::new(Scan(Look::Seed(digits)))),
            _ => Box::new(EmptyQuery),
        }
    }

    pub(super) fn real(&self, field: RealField, test: Test<f64>) -> Engine {
        let range = Interval::of(test);
        let column = match field {
            RealField::Cfg => self.fields.cfg,
            RealField::Denoise => self.fields.denoise,
            RealField::Megapixels => return filter(Box::new(Scan(Look::Megapixels(range)))),
            RealField::Ratio => return filter(Box::new(Scan(Look::Ratio(range)))),
            RealField::Hires => return self.scaled(range),
        };
        let Interval { low, high } = range;
        if low.is_nan() || high.is_nan() || low > high {
            return Box::new(EmptyQuery);
        }
        let term = |value| Bound::Included(Term::from_field_f64(column, value));
        filter(Box::new(RangeQuery::new(term(low), term(high))))
    }

    /// Pictures that were enlarged so many times. Those that were not have a word in place of a number.
    fn scaled(&self, range: Interval) -> Engine {
        let (low, high) = ((range.low * 100.0).ceil() as u64, (range.high * 100.0).floor() as u64);
        if range.high < 0.0 || low > high {
            return Box::new(EmptyQuery);
        }
        let term = |value| Bound::Included(Term::from_field_u64(self.fields.upscale, value));
        let mut found: Vec<Engine> = vec![Box::new(RangeQuery::new(term(low), term(high)))];
        if (low..=high).contains(&100) {
            found.push(self.term(self.fields.has, UNSCALED));
        }
        filter(union(found))
    }

    pub(super) fn created(&self, test: Test<Date>) -> Engine {
        let range = match test {
            Test::Equal(date) => Test::Between(date.start_ms(), date.end_ms() - 1),
            Test::Above(date) => Test::AtLeast(date.end_ms()),
            Test::AtLeast(date) => Test::AtLeast(date.start_ms()),
            Test::Below(date) => Test::Below(date.start_ms()),
            Test::AtMost(date) => Test::Below(date.end_ms()),
            Test::Between(first, last) => Test::Between(first.start_ms(), last.end_ms() - 1),
        };
        filter(signed_range(self.fields.created, range))
    }
}

/// The whole numbers that pass a test, ends included; `None` when there are none.
fn integer_bounds(test: Test<i64>) -> Option<(i64, i64)> {
    let (low, high) = match test {
        Test::Equal(value) => (value, value),
        Test::Above(value) => (value.checked_add(1)?, i64::MAX),
        Test::AtLeast(value) => (value, i64::MAX),
        Test::Below(value) => (i64::MIN, value.checked_sub(1)?),
        Test::AtMost(value) => (i64::MIN, value),
        Test::Between(low, high) => (low, high),
    };
    (low <= high).then_some((low, high))
}

fn signed_range(field: Field, test: Test<i64>) -> Engine {
    let Some((low, high)) = integer_bounds(test) else { return Box::new(EmptyQuery) };
    let term = |value| Bound::Included(Term::from_field_i64(field, value));
    Box::new(RangeQuery::new(term(low), term(high)))
}

fn unsigned_range(field: Field, test: Test<i64>) -> Engine {
    let Some((low, high)) = integer_bounds(test) else { return Box::new(EmptyQuery) };
    let Ok(high) = u64::try_from(high) else { return Box::new(EmptyQuery) };
    // The language counts to i64::MAX; a column may hold more, which "at least" must find.
    let high = if high == i64::MAX as u64 { u64::MAX } else { high };
    let low = u64::try_from(low).unwrap_or(0);
    let term = |value| Bound::Included(Term::from_field_u64(field, value));
    Box::new(RangeQuery::new(term(low), term(high)))
}
