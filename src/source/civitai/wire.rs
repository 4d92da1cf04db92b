//! The site's JSON, field by field, whatever type an era gave it.
//!
//! - Input: one JSON object. Output: plain values; `None` for what is absent, null or empty.
//! - A field that cannot be read is `None` and adds a [`FieldWarning`].
//! - Never: an error for a whole object, an unknown key noticed.

use std::borrow::Cow;
use std::cell::RefCell;

use serde_json::{Map, Value};

use super::convert::{FieldProblem, FieldWarning};
use crate::entity::{MAX_SEED, MIN_SEED, Timestamp};

/// Elements of one array that are read.
const MAX_ELEMENTS: usize = 20_000;

/// Warnings that one item keeps.
const MAX_WARNINGS: usize = 200;

/// The longest path of a field in a warning, in bytes; keys come from anyone.
const MAX_PATH_BYTES: usize = 200;

/// Gathers the warnings of one item.
#[derive(Default)]
pub(super) struct Notes(RefCell<Vec<FieldWarning>>);

impl Notes {
    pub(super) fn starting_with(warnings: Vec<FieldWarning>) -> Self {
        Self(RefCell::new(warnings))
    }

    pub(super) fn into_warnings(self) -> Vec<FieldWarning> {
        self.0.into_inner()
    }

    fn add(&self, path: Path<'_>, problem: FieldProblem) {
        let mut warnings = self.0.borrow_mut();
        if warnings.len() < MAX_WARNINGS {
            warnings.push(FieldWarning { field: path.written(), problem });
        } else if warnings.len() == MAX_WARNINGS {
            warnings.push(FieldWarning { field: String::new(), problem: FieldProblem::TooMany });
        }
    }
}

/// Where a value stands in its item.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Element(&'p Path<'p>),
}

impl Path<'_> {
    fn written(self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        if let Some((cut, _)) = out.char_indices().find(|(at, _)| *at >= MAX_PATH_BYTES) {
            out.truncate(cut);
        }
        out
    }

    fn write(self, out: &mut String) {
        match self {
            Self::Root => {}
            Self::Key(parent, key) => {
                parent.write(out);
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
            Self::Element(parent) => {
                parent.write(out);
                out.push_str("[]");
            }
        }
    }
}

/// One value with its place.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) value: &'a Value,
    path: Path<'a>,
    notes: &'a Notes,
}

impl<'a> Field<'a> {
    pub(super) fn warn(&self, problem: FieldProblem) {
        self.notes.add(self.path, problem);
    }

    fn kept<T>(&self, read: Result<Option<T>, FieldProblem>) -> Option<T> {
        read.unwrap_or_else(|problem| {
            self.warn(problem);
            None
        })
    }

    /// Text that is not blank, NUL removed; a number as it is written.
    pub(super) fn text(&self) -> Option<String> {
        self.word().map(Cow::into_owned)
    }

    /// As [`Field::text`], copied only where it must be.
    pub(super) fn word(&self) -> Option<Cow<'a, str>> {
        let word = match self.value {
            Value::String(text) if text.contains('\0') => {
                self.warn(FieldProblem::BadCharacter);
                Cow::Owned(text.replace('\0', ""))
            }
            Value::String(text) => Cow::Borrowed(text.as_str()),
            Value::Number(number) => Cow::Owned(number.to_string()),
            _ => return self.kept(Err(FieldProblem::WrongType)),
        };
        Some(word).filter(|word| !word.trim().is_empty())
    }

    /// A number from 0 to 2^64 - 1, also as text or as a float without fraction.
    pub(super) fn unsigned(&self) -> Option<u64> {
        self.kept(self.whole().and_then(|whole| {
            whole.map(|whole| u64::try_from(whole).map_err(|_| FieldProblem::OutOfRange)).transpose()
        }))
    }

    /// A number that fits 64 bits with a sign, also as text or as a float without fraction.
    pub(super) fn signed(&self) -> Option<i64> {
        self.kept(self.whole().and_then(|whole| {
            whole.map(|whole| i64::try_from(whole).map_err(|_| FieldProblem::OutOfRange)).transpose()
        }))
    }

    /// A seed of 64 bits, with or without a sign; may be text.
    pub(super) fn seed(&self) -> Option<i128> {
        let fits = |seed| {
            if (MIN_SEED..=MAX_SEED).contains(&seed) { Ok(seed) } else { Err(FieldProblem::OutOfRange) }
        };
        self.kept(self.whole().and_then(|whole| whole.map(fits).transpose()))
    }

    /// An id or count that `make` accepts.
    pub(super) fn number<T>(&self, make: impl Fn(u64) -> Option<T>) -> Option<T> {
        let number = self.unsigned()?;
        let made = make(number);
        if made.is_none() {
            self.warn(FieldProblem::OutOfRange);
        }
        made
    }

    fn whole(&self) -> Result<Option<i128>, FieldProblem> {
        match self.value {
            Value::Number(number) => {
                let whole = number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from));
                whole
                    .map_or_else(|| number.as_f64().ok_or(FieldProblem::OutOfRange).and_then(from_float), Ok)
                    .map(Some)
            }
            Value::String(text) if text.trim().is_empty() => Ok(None),
            Value::String(text) => {
                let text = text.trim();
                let float = || text.parse().map_err(|_| FieldProblem::BadValue).and_then(from_float);
                text.parse().or_else(|_| float()).map(Some)
            }
            _ => Err(FieldProblem::WrongType),
        }
    }

    /// A finite number, also as text.
    pub(super) fn float(&self) -> Option<f64> {
        let read = match self.value {
            Value::Number(number) => number.as_f64().map(Some).ok_or(FieldProblem::OutOfRange),
            Value::String(text) if text.trim().is_empty() => Ok(None),
            Value::String(text) => text.trim().parse().map(Some).map_err(|_| FieldProblem::BadValue),
            _ => Err(FieldProblem::WrongType),
        };
        let finite = |value: f64| if value.is_finite() { Ok(value) } else { Err(FieldProblem::BadValue) };
        self.kept(read.and_then(|value| value.map(finite).transpose()))
    }

    /// A truth value, also as 0 or 1 or in words.
    pub(super) fn flag(&self) -> Option<bool> {
        let read = match self.value {
            Value::Bool(flag) => Ok(Some(*flag)),
            Value::Number(number) => match number.as_u64() {
                Some(0) => Ok(Some(false)),
                Some(1) => Ok(Some(true)),
                _ => Err(FieldProblem::OutOfRange),
            },
            Value::String(word) if word.trim().is_empty() => Ok(None),
            Value::String(word) if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Value::String(word) if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Value::String(_) => Err(FieldProblem::BadValue),
            _ => Err(FieldProblem::WrongType),
        };
        self.kept(read)
    }

    fn time(&self) -> Option<Timestamp> {
        let text = self.word()?;
        let read = Timestamp::parse(&text).map(Some).ok_or(FieldProblem::BadValue);
        self.kept(read)
    }

    /// The object that this value is.
    pub(super) fn object(self) -> Option<Fields<'a>> {
        match self.value {
            Value::Object(map) => Some(Fields { map, path: self.path, notes: self.notes }),
            _ => self.kept(Err(FieldProblem::WrongType)),
        }
    }

    /// Visits the elements of this array that are not null. A single object or text counts as an array of one.
    pub(super) fn each(&self, mut visit: impl FnMut(Field<'_>)) {
        match self.value {
            Value::Array(elements) => {
                let path = Path::Element(&self.path);
                for value in elements.iter().take(MAX_ELEMENTS).filter(|value| !value.is_null()) {
                    visit(Field { value, path, notes: self.notes });
                }
                if elements.len() > MAX_ELEMENTS {
                    self.warn(FieldProblem::TooMany);
                }
            }
            Value::Object(_) | Value::String(_) => visit(*self),
            _ => self.warn(FieldProblem::WrongType),
        }
    }
}

/// A float without fraction as a whole number; the cast saturates, which the callers' ranges refuse.
fn from_float(value: f64) -> Result<i128, FieldProblem> {
    if value.is_nan() || value.fract() != 0.0 {
        return Err(FieldProblem::BadValue);
    }
    Ok(value as i128)
}

/// The members of one object, with its place.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) map: &'a Map<String, Value>,
    path: Path<'a>,
    notes: &'a Notes,
}

impl<'a> Fields<'a> {
    pub(super) fn root(map: &'a Map<String, Value>, notes: &'a Notes) -> Self {
        Self { map, path: Path::Root, notes }
    }

    /// The same place with other members, for objects whose keys had to be cleaned.
    pub(super) fn with_map<'s>(&'s self, map: &'s Map<String, Value>) -> Fields<'s> {
        Fields { map, path: self.path, notes: self.notes }
    }

    /// An object somewhere below this member.
    pub(super) fn at(&'a self, key: &'a str, map: &'a Map<String, Value>) -> Self {
        Self { map, path: Path::Key(&self.path, key), notes: self.notes }
    }

    /// A member that is there and not null.
    pub(super) fn get<'s>(&'s self, key: &'s str) -> Option<Field<'s>> {
        let value = self.map.get(key).filter(|value| !value.is_null())?;
        Some(Field { value, path: Path::Key(&self.path, key), notes: self.notes })
    }

    /// Every member that is not null, in the order of the keys.
    pub(super) fn members<'s>(&'s self) -> impl Iterator<Item = (&'s str, Field<'s>)> {
        let present = self.map.iter().filter(|(_, value)| !value.is_null());
        present.map(|(key, value)| {
            let path = Path::Key(&self.path, key);
            (key.as_str(), Field { value, path, notes: self.notes })
        })
    }

    pub(super) fn warn(&self, key: &str, problem: FieldProblem) {
        self.notes.add(Path::Key(&self.path, key), problem);
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.text()
    }

    pub(super) fn word<'s>(&'s self, key: &'s str) -> Option<Cow<'s, str>> {
        self.get(key)?.word()
    }

    pub(super) fn unsigned(&self, key: &str) -> Option<u64> {
        self.get(key)?.unsigned()
    }

    pub(super) fn number<T>(&self, key: &str, make: impl Fn(u64) -> Option<T>) -> Option<T> {
        self.get(key)?.number(make)
    }

    pub(super) fn float(&self, key: &str) -> Option<f64> {
        self.get(key)?.float()
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.flag()
    }

    pub(super) fn time(&self, key: &str) -> Option<Timestamp> {
        self.get(key)?.time()
    }

    /// A number of pixels, never zero.
    pub(super) fn pixels(&self, key: &str) -> Option<u32> {
        self.number(key, |pixels| u32::try_from(pixels).ok().filter(|pixels| *pixels > 0))
    }

    pub(super) fn object<'s>(&'s self, key: &'s str) -> Option<Fields<'s>> {
        self.get(key)?.object()
    }

    /// Visits the elements of an array that are not null; see [`Field::each`].
    pub(super) fn each(&self, key: &str, visit: impl FnMut(Field<'_>)) {
        if let Some(field) = self.get(key) {
            field.each(visit);
        }
    }

    /// Visits the elements of an array that are objects.
    pub(super) fn each_object(&self, key: &str, mut visit: impl FnMut(Fields<'_>)) {
        self.each(key, |element| {
            if let Some(fields) = element.object() {
                visit(fields);
            }
        });
    }

    /// The texts of an array.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        let mut texts = Vec::new();
        self.each(key, |element| texts.extend(element.text()));
        texts
    }
}
