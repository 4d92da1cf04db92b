//! Documents as the engine takes them: their values in the order of the schema, with all texts in one buffer.
//!
//! - Input: a [`Document`].
//! - Output: what each field gets. Prompts are read for their words and chunks by the thread that indexes them, once.
//! - Never: allocates for a value, or looks at one before the engine asks for it: it goes through all of them four times,
//!   and needs most of them in one of these.

use std::ops::Range;
use std::sync::OnceLock;

use tantivy::schema::document::{ReferenceValue, ReferenceValueLeaf, Value as EngineValue};
use tantivy::schema::{Document as EngineDocument, Field};

use crate::chunks::{Reading, read};
use crate::document::{Document, NameKind};
use crate::facts;
use crate::schema::{Fields, PROMPT_HASH_BITS};

/// Most bytes of one text that are indexed; the rest of a longer text is not.
pub const MAX_TEXT_BYTES: usize = 1 << 20;
/// Most bytes of one keyword that are indexed.
pub const MAX_KEYWORD_BYTES: usize = 1 << 10;

/// Bytes of the buffer of texts that an entry begins with: those of most images.
const USUAL_TEXT_BYTES: usize = 1 << 10;
/// Values that most images have.
const USUAL_VALUES: usize = 48;

/// The word of a picture that is as large as it was generated.
pub(crate) const UNSCALED: &str = "unscaled";
/// The word of a picture whose metadata nobody searched for traits.
pub(crate) const UNREAD: &str = "unread";
/// Largest picture that does not count as enlarged, in hundredths: generators round sides.
const LARGEST_UNSCALED_PERCENT: u64 = 102;

/// What becomes of one document.
#[derive(Debug)]
pub(crate) struct Entry {
    text: String,
    values: Vec<(Field, Kept)>,
    /// Where in `text` the prompts are, by [`Prompt`].
    prompts: [Range<usize>; 2],
    readings: OnceLock<[Reading; 2]>,
}

/// Which prompt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Prompt {
    Positive,
    Negative,
}

/// A value, small enough to be moved around.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kept {
    Text(usize, usize),
    Signed(i64),
    Unsigned(u64),
    Real(f64),
    Weight(facts::WrittenWeight),
    Words(Prompt),
    WordsHash(Prompt),
    Chunks(Prompt),
}

impl Entry {
    /// The entry of a document.
    pub(crate) fn new(fields: &Fields, document: &Document) -> Self {
        let mut entry = Self {
            text: String::with_capacity(USUAL_TEXT_BYTES),
            values: Vec::with_capacity(USUAL_VALUES),
            prompts: [0..0, 0..0],
            readings: OnceLock::new(),
        };
        entry.values.push((fields.key, Kept::Signed(document.key)));
        entry.prompt(fields.prompt, Prompt::Positive, document.prompt.as_deref());
        entry.prompt(fields.negative, Prompt::Negative, document.negative.as_deref());
        for (kind, name) in &document.names {
            entry.text(fields.name(*kind), cut(name, MAX_KEYWORD_BYTES));
        }
        entry.words(fields, document);
        entry.keywords(fields, document);
        entry.uses(fields, document);
        entry.numbers(fields, document);
        entry.values.extend([
            (fields.prompt_hash, Kept::WordsHash(Prompt::Positive)),
            (fields.chunk, Kept::Chunks(Prompt::Positive)),
            (fields.negative_chunk, Kept::Chunks(Prompt::Negative)),
        ]);
        entry
    }

    fn prompt(&mut self, field: Field, which: Prompt, text: Option<&str>) {
        if let Some(text) = kept_text(text) {
            let start = self.text.len();
            self.text.push_str(text);
            self.prompts[which as usize] = start..self.text.len();
            self.values.push((field, Kept::Words(which)));
        }
    }

    /// What a document has, as words with blanks between them.
    fn words(&mut self, fields: &Fields, document: &Document) {
        let start = self.text.len();
        let mut word = |word: &str| {
            self.text.push_str(word);
            self.text.push(' ');
        };
        if kept_text(document.prompt.as_deref()).is_some() {
            word("prompt");
        }
        if kept_text(document.negative.as_deref()).is_some() {
            word("negative");
        }
        for kind in NameKind::ALL {
            if document.names.iter().any(|(named, _)| *named == kind) {
                word(kind.as_str());
            }
        }
        if !document.names.is_empty() || !document.resources.is_empty() {
            word("resource");
        }
        if document.says_how() {
            word("meta");
        }
        document.shape().into_iter().for_each(&mut word);
        document.scale().into_iter().for_each(&mut word);
        match document.traits {
            Some(traits) => {
                let known =
                    [(traits.workflow, "workflow"), (traits.c2pa, "c2pa"), (traits.trained, "trained")];
                known.into_iter().filter(|(has, _)| *has).for_each(|(_, name)| word(name));
            }
            None => word(UNREAD),
        }
        self.values.push((fields.has, Kept::Text(start, self.text.len())));
    }

    fn keywords(&mut self, fields: &Fields, document: &Document) {
        for (field, value) in [
            (fields.sampler, &document.sampler),
            (fields.scheduler, &document.scheduler),
            (fields.base, &document.base_model),
            (fields.user, &document.username),
            (fields.tool, &document.tool),
            (fields.media_type, &document.media_type),
            (fields.source, &document.source),
        ] {
            if let Some(value) = value.as_deref().and_then(kept_keyword) {
                self.text(field, value);
            }
        }
    }

    fn uses(&mut self, fields: &Fields, document: &Document) {
        self.values.extend(document.resources.iter().map(|used| (fields.resource, Kept::Unsigned(used.id))));
        self.values.extend(
            document
                .resources
                .iter()
                .map(|used| (fields.weight, Kept::Weight(facts::written_weight(used.weight)))),
        );
        self.values
            .extend(document.posted_for.iter().map(|version| (fields.posted_for, Kept::Unsigned(*version))));
    }

    fn numbers(&mut self, fields: &Fields, document: &Document) {
        self.values.push((fields.digest, Kept::Unsigned(document.digest().into())));
        for (field, value) in [
            (fields.image, document.image),
            (fields.media, document.media),
            (fields.model, document.model),
            (fields.width, document.width),
            (fields.height, document.height),
            (fields.steps, document.steps),
            (fields.clip_skip, document.clip_skip),
            (fields.post, document.post),
            (fields.nsfw, document.nsfw_bits),
            (fields.likes, document.likes),
            (fields.reactions, document.reactions),
            (fields.comments, document.comments),
            (fields.upscale, document.upscale_percent.filter(|percent| *percent != 100)),
        ] {
            self.values.extend(value.map(|value| (field, Kept::Unsigned(value))));
        }
        for (field, value) in [(fields.created, document.created_ms), (fields.seed, document.seed)] {
            self.values.extend(value.map(|value| (field, Kept::Signed(value))));
        }
        for (field, value) in [(fields.cfg, document.cfg), (fields.denoise, document.denoise)] {
            let value = value.filter(|value| value.is_finite());
            self.values.extend(value.map(|value| (field, Kept::Real(value))));
        }
    }

    /// Puts in a text.
    fn text(&mut self, field: Field, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.values.push((field, Kept::Text(start, self.text.len())));
    }

    /// What a prompt says, read when it is first asked for.
    fn reading(&self, which: Prompt) -> &Reading {
        let read = || self.prompts.clone().map(|place| read(&self.text[place]));
        &self.readings.get_or_init(read)[which as usize]
    }
}

impl EngineDocument for Entry {
    type Value<'a> = Value<'a>;
    type FieldsValuesIter<'a> = Values<'a>;

    fn iter_fields_and_values(&self) -> Values<'_> {
        Values { entry: self, values: self.values.iter() }
    }
}

/// The values of an entry, one after the other.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    entry: &'a Entry,
    values: std::slice::Iter<'a, (Field, Kept)>,
}

impl<'a> Iterator for Values<'a> {
    type Item = (Field, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<(Field, Value<'a>)> {
        let (field, kept) = self.values.next()?;
        Some((*field, Value::Kept(self.entry, kept)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.values.size_hint()
    }
}

/// A value as the engine reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Kept(&'a Entry, &'a Kept),
    Chunk(&'a str),
}

impl<'a> EngineValue<'a> for Value<'a> {
    type ArrayIter = ChunkValues<'a>;
    type ObjectIter = std::iter::Empty<(&'a str, Self)>;

    #[inline]
    fn as_value(&self) -> ReferenceValue<'a, Self> {
        let (entry, kept) = match *self {
            Self::Kept(entry, kept) => (entry, kept),
            Self::Chunk(text) => return ReferenceValue::Leaf(ReferenceValueLeaf::Str(text)),
        };
        ReferenceValue::Leaf(match kept {
            Kept::Text(start, end) => ReferenceValueLeaf::Str(&entry.text[*start..*end]),
            Kept::Signed(value) => ReferenceValueLeaf::I64(*value),
            Kept::Unsigned(value) => ReferenceValueLeaf::U64(*value),
            Kept::Real(value) => ReferenceValueLeaf::F64(*value),
            Kept::Weight(weight) => ReferenceValueLeaf::Bytes(weight.bytes()),
            Kept::Words(which) => ReferenceValueLeaf::Str(entry.reading(*which).words()),
            Kept::WordsHash(which) => {
                let hash = entry.reading(*which).hash().map(|hash| hash >> (u64::BITS - PROMPT_HASH_BITS));
                hash.map_or(ReferenceValueLeaf::Null, ReferenceValueLeaf::U64)
            }
            Kept::Chunks(which) => {
                return ReferenceValue::Array(ChunkValues { reading: entry.reading(*which), at: 0 });
            }
        })
    }
}

/// The chunks of a prompt as values.
#[derive(Debug)]
pub(crate) struct ChunkValues<'a> {
    reading: &'a Reading,
    at: usize,
}

impl<'a> Iterator for ChunkValues<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let chunk = self.reading.chunk(self.at)?;
        self.at += 1;
        Some(Value::Chunk(chunk))
    }
}

impl Document {
    /// Whether anything says how the picture was made.
    fn says_how(&self) -> bool {
        self.prompt.is_some()
            || self.sampler.is_some()
            || self.steps.is_some()
            || self.seed.is_some()
            || self.cfg.is_some()
            || !self.resources.is_empty()
    }

    fn shape(&self) -> Option<&'static str> {
        Some(match self.width?.cmp(&self.height?) {
            std::cmp::Ordering::Greater => "landscape",
            std::cmp::Ordering::Less => "portrait",
            std::cmp::Ordering::Equal => "square",
        })
    }
}

impl Document {
    /// The word for a picture as large as it was generated, which needs no number, or for one that was enlarged.
    fn scale(&self) -> Option<&'static str> {
        match self.upscale_percent? {
            100 => Some(UNSCALED),
            101..=LARGEST_UNSCALED_PERCENT | ..100 => None,
            _ => Some("hires"),
        }
    }
}

/// What the index keeps of a keyword, and [`crate::Facts`] give back: the text without blanks around it, at most
/// [`MAX_KEYWORD_BYTES`] of it; `None` when that is nothing.
pub fn kept_keyword(value: &str) -> Option<&str> {
    Some(cut(value.trim(), MAX_KEYWORD_BYTES).trim_end()).filter(|value| !value.is_empty())
}

/// What is indexed of a prompt.
fn kept_text(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty()).map(|text| cut(text, MAX_TEXT_BYTES))
}

/// The longest beginning of `text` of at most `bytes` bytes that ends between characters.
fn cut(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let end = (0..=bytes).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    &text[..end]
}
