//! Claims in the making: each grammar speaks about one text at a time.
//!
//! - In: fields with the values that a writer gave them, as text or as JSON. Out: [`Claim`]s and [`Warning`]s.
//! - Every field is read on its own: one that makes no sense is a warning and costs nothing else.
//! - Never: more claims than [`Limits::max_nodes`], more warnings than [`MAX_WARNINGS`].

use std::borrow::Cow;
use std::ops::Range;

use super::pieces::Piece;
use crate::entity::{
    MAX_SEED, MIN_SEED, ResourceKind, ResourceSources, canonical_sampler, canonical_scheduler,
};
use crate::parse::json::{Data, Json};
use crate::parse::mention::Mention;
use crate::parse::{Claim, Dialect, Field, Limits, Strength, Value, Warning, prompt};

/// Most warnings kept about one file.
pub(super) const MAX_WARNINGS: usize = 256;

/// Longest quotation in a warning, in bytes.
const MAX_QUOTED_BYTES: usize = 60;

/// Bytes of a text, if one range of it says something.
pub(super) type Span = Option<Range<usize>>;

/// All that was said so far about one file.
pub(in crate::parse) struct Said<'l> {
    pub(super) limits: &'l Limits,
    pub(super) claims: Vec<Claim>,
    pub(super) warnings: Vec<Warning>,
    taken: Vec<bool>,
    overflowed: bool,
}

impl<'l> Said<'l> {
    pub(in crate::parse) fn new(limits: &'l Limits, blocks: usize) -> Self {
        Self {
            limits,
            claims: Vec::new(),
            warnings: Vec::new(),
            taken: vec![false; blocks],
            overflowed: false,
        }
    }

    /// Whether a grammar has read this block.
    pub(super) fn is_taken(&self, block: usize) -> bool {
        self.taken.get(block).copied().unwrap_or_default()
    }

    /// Marks a block as read.
    pub(super) fn take(&mut self, block: usize) {
        if let Some(taken) = self.taken.get_mut(block) {
            *taken = true;
        }
    }

    /// Lets a grammar speak about a text, which counts as read from now on.
    pub(super) fn about<'s>(
        &'s mut self,
        piece: &Piece<'_>,
        dialect: Dialect,
        strength: Strength,
    ) -> Speaker<'s, 'l> {
        self.take(piece.block);
        self.beside(piece, dialect, strength)
    }

    /// As [`Self::about`], but the block stays free for other grammars.
    pub(super) fn beside<'s>(
        &'s mut self,
        piece: &Piece<'_>,
        dialect: Dialect,
        strength: Strength,
    ) -> Speaker<'s, 'l> {
        let (block, within) = (piece.block, piece.within.clone());
        Speaker { dialect, strength, block, within, said: self }
    }

    pub(super) fn warn(&mut self, code: &'static str, place: &str, detail: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(Warning { code, place: place.to_owned(), detail });
        }
    }

    fn push(&mut self, claim: Claim) {
        let most = usize::try_from(self.limits.max_nodes).unwrap_or(usize::MAX);
        if self.claims.len() < most {
            self.claims.push(claim);
        } else if !self.overflowed {
            self.overflowed = true;
            self.warn(
                "limit",
                "",
                format!("the metadata says more than {most} things; the rest was left alone"),
            );
        }
    }
}

/// One grammar about one text.
pub(super) struct Speaker<'s, 'l> {
    said: &'s mut Said<'l>,
    dialect: Dialect,
    strength: Strength,
    block: usize,
    /// Where the string stands whose inside is spoken about.
    within: Option<Range<usize>>,
}

impl<'l> Speaker<'_, 'l> {
    pub(super) fn limits(&self) -> &'l Limits {
        self.said.limits
    }

    /// From now on with another strength.
    pub(super) fn with(&mut self, strength: Strength) -> &mut Self {
        self.strength = strength;
        self
    }

    /// From now on about JSON inside of a string: what it says stands where the string stands.
    pub(super) fn inside(&mut self, string: &Json<'_>) -> &mut Self {
        self.within.get_or_insert_with(|| string.span.clone());
        self
    }

    /// A claim as it is; texts lose their NULs.
    pub(super) fn claim(&mut self, field: Field, value: Value, span: Span) {
        let span = self.within.clone().or(span);
        let value = match value {
            Value::Text(text) if text.contains('\0') => Value::Text(text.replace('\0', "")),
            other => other,
        };
        let (dialect, strength, block) = (self.dialect, self.strength, self.block);
        self.said.push(Claim { field, value, dialect, strength, block, span });
    }

    pub(super) fn warn(&mut self, code: &'static str, place: &str, detail: String) {
        self.said.warn(code, place, detail);
    }

    /// The program, by its stable word.
    pub(super) fn tool(&mut self, word: &str) {
        self.claim(Field::Tool, Value::Text(word.to_owned()), None);
    }

    /// A field whose value is text as written.
    pub(super) fn text(&mut self, field: Field, text: &str, span: Span) {
        self.claim(field, Value::Text(text.to_string()), span);
    }

    /// A prompt whose tags call for resources, as slices of the block where `span` is given.
    pub(super) fn tagged_prompt(&mut self, text: &str, span: Span, is_verbatim: bool) {
        for tag in prompt::tags(text) {
            let start = span.as_ref().map(|span| span.start);
            let inside = start
                .filter(|_| is_verbatim)
                .map(|start| start.saturating_add(tag.span.start)..start.saturating_add(tag.span.end));
            let mention = Mention::named(tag.name).weighted(tag.weight);
            self.resource(tag.kind, mention, ResourceSources::PROMPT_TAG, inside.or_else(|| span.clone()));
        }
        self.text(Field::Prompt, text, span);
    }

    /// A resource; a mention that names nothing is dropped.
    pub(super) fn resource(
        &mut self,
        kind: ResourceKind,
        mention: Mention,
        sources: ResourceSources,
        span: Span,
    ) {
        if let Some(used) = mention.used_as(kind, sources) {
            self.claim(Field::Resource, Value::Resource(Box::new(used)), span);
        }
    }

    /// A field as text wrote it.
    pub(super) fn written(&mut self, field: Field, text: &str, span: Span) {
        let data = Data::Text(Cow::Borrowed(text));
        self.read(field, &Json { data, span: 0..0 }, span);
    }

    /// A field as JSON has it; what is absent, null or empty says nothing, except about prompts.
    pub(super) fn json(&mut self, field: Field, value: Option<&Json<'_>>) {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            self.read(field, value, Some(value.span.clone()));
        }
    }

    /// The first of these keys that is there.
    pub(super) fn member(&mut self, field: Field, object: &Json<'_>, keys: &[&str]) {
        self.json(field, keys.iter().find_map(|key| object.get(key).filter(|value| !value.is_null())));
    }

    /// Each field under the first of its keys that is there.
    pub(super) fn members(&mut self, fields: &[(Field, &[&str])], object: &Json<'_>) {
        for (field, keys) in fields {
            self.member(field.clone(), object, keys);
        }
    }

    /// The prompt under a key, with its tags.
    pub(super) fn prompt_member(&mut self, object: &Json<'_>, key: &str) {
        if let Some((text, span)) =
            object.get(key).and_then(|value| Some((value.text()?, value.span.clone())))
        {
            self.tagged_prompt(text, Some(span), false);
        }
    }

    fn read(&mut self, field: Field, value: &Json<'_>, span: Span) {
        let read = match field {
            Field::Prompt | Field::NegativePrompt => value.text().map(|text| Value::Text(text.to_string())),
            Field::Sampler => return self.sampler(value, span),
            Field::Scheduler => return self.scheduler(value, span),
            Field::Steps | Field::Width | Field::Height => return self.count(field, value, span),
            Field::ClipSkip => return self.clip_skip(value, span),
            Field::Seed => {
                value.integer().filter(|seed| (MIN_SEED..=MAX_SEED).contains(seed)).map(Value::Integer)
            }
            Field::Cfg => value.number().map(Value::Number),
            Field::Denoise => value.number().filter(|part| (0.0..=1.0).contains(part)).map(Value::Number),
            _ => return self.word(field, value, span),
        };
        match read {
            Some(read) => self.claim(field, read, span),
            None => self.odd(&field, value),
        }
    }

    /// A sampler, and the scheduler that its name may end with.
    fn sampler(&mut self, value: &Json<'_>, span: Span) {
        let Some(text) = value.text() else { return self.odd(&Field::Sampler, value) };
        let read = canonical_sampler(text);
        if let Some(sampler) = read.sampler {
            self.claim(Field::Sampler, Value::Text(sampler), span.clone());
        }
        if let Some(scheduler) = read.scheduler {
            self.claim(Field::Scheduler, Value::Text(scheduler), span);
        }
    }

    fn scheduler(&mut self, value: &Json<'_>, span: Span) {
        let Some(text) = value.text() else { return self.odd(&Field::Scheduler, value) };
        if let Some(scheduler) = canonical_scheduler(text) {
            self.claim(Field::Scheduler, Value::Text(scheduler), span);
        }
    }

    /// A number of at least 1 that fits 32 bits.
    fn count(&mut self, field: Field, value: &Json<'_>, span: Span) {
        match value.integer() {
            Some(count) if (1..=i128::from(u32::MAX)).contains(&count) => {
                self.claim(field, Value::Integer(count), span);
            }
            // Nothing was asked for.
            Some(0) => {}
            _ => self.odd(&field, value),
        }
    }

    /// Graph tools count layers from the end, with a minus sign.
    fn clip_skip(&mut self, value: &Json<'_>, span: Span) {
        match value.integer().map(i128::unsigned_abs).map(u32::try_from) {
            Some(Ok(0)) => {}
            Some(Ok(layers)) => self.claim(Field::ClipSkip, Value::Integer(layers.into()), span),
            _ => self.odd(&Field::ClipSkip, value),
        }
    }

    /// Any other field: text, or a number as it is.
    fn word(&mut self, field: Field, value: &Json<'_>, span: Span) {
        let read = match &value.data {
            Data::Text(text) if text.trim().is_empty() => return,
            Data::Text(text) if matches!(field, Field::Other(_)) => Value::Text(text.to_string()),
            Data::Text(text) => Value::Text(text.trim().to_owned()),
            Data::Integer(number) => Value::Integer(*number),
            Data::Number(number) => Value::Number(*number),
            Data::Bool(flag) => Value::Text(flag.to_string()),
            Data::Null | Data::Array(_) | Data::Object(_) => return,
        };
        let read = match read {
            // A name or a version that is written as a number is a name nevertheless.
            Value::Integer(number) if !matches!(field, Field::Other(_)) => Value::Text(number.to_string()),
            Value::Number(number) if !matches!(field, Field::Other(_)) => Value::Text(number.to_string()),
            other => other,
        };
        self.claim(field, read, span);
    }

    /// Reports a value that its field cannot hold; blank text is only absent.
    fn odd(&mut self, field: &Field, value: &Json<'_>) {
        let quoted = match &value.data {
            Data::Text(text) if text.trim().is_empty() => return,
            Data::Text(text) => format!("`{}`", start_of(text)),
            Data::Integer(number) => number.to_string(),
            Data::Number(number) => number.to_string(),
            Data::Bool(flag) => flag.to_string(),
            Data::Array(_) => "a list".to_owned(),
            Data::Object(_) => "an object".to_owned(),
            Data::Null => return,
        };
        self.warn("bad_value", field.as_str(), format!("{quoted} is no {}", expected(field)));
    }
}

fn expected(field: &Field) -> &'static str {
    match field {
        Field::Seed => "seed of 64 bits",
        Field::Denoise => "number from 0 to 1",
        Field::Cfg => "number",
        Field::Steps | Field::Width | Field::Height | Field::ClipSkip => "whole number of that size",
        _ => "text",
    }
}

/// The first words of a text that is too long for a warning.
fn start_of(text: &str) -> &str {
    let mut end = text.len().min(MAX_QUOTED_BYTES);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

/// `WIDTHxHEIGHT` in any spelling: blanks, `×`, brackets and a comma as in `(896, 1152)`.
pub(super) fn size_of(text: &str) -> Option<(&str, &str)> {
    let text = text.trim().trim_matches(['(', ')', '[', ']']);
    let (width, height) = text.split_once(['x', 'X', '×', ',', '*'])?;
    let is_number = |side: &str| !side.is_empty() && side.bytes().all(|byte| byte.is_ascii_digit());
    let (width, height) = (width.trim(), height.trim());
    // What follows the height is a remark, as in `1024 x 1024 (1:1)`.
    let height = height.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    (is_number(width) && is_number(height)).then_some((width, height))
}

impl Speaker<'_, '_> {
    /// Width and height in one text.
    pub(super) fn size(&mut self, text: &str, span: Span) {
        match size_of(text) {
            Some((width, height)) => {
                self.written(Field::Width, width, span.clone());
                self.written(Field::Height, height, span);
            }
            None if text.trim().is_empty() => {}
            None => self.warn("bad_value", "size", format!("`{}` is no width and height", start_of(text))),
        }
    }
}
