//! Facts of matching documents from the columns, for aggregations over millions of images.
//!
//! Words are looked up once for each segment and ordinal, not once for each document.

use std::ops::Range;

use tantivy::columnar::{BytesColumn, Column, StrColumn};
use tantivy::{DocId, SegmentReader};

use crate::document::DocumentResource;
use crate::error::IndexError;

/// After so many single look-ups in one segment the whole dictionary of a column is read in one pass, which costs
/// less than as many more look-ups again.
const SINGLE_LOOKUPS: usize = 512;

/// What the columns know of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facts<'a> {
    /// The key of its document.
    pub key: i64,
    /// The caller's number for its bytes.
    pub media: Option<u64>,
    /// When it was made or posted, in milliseconds since 1970 (UTC).
    pub created_ms: Option<i64>,
    /// Steps.
    pub steps: Option<u64>,
    /// Guidance scale.
    pub cfg: Option<f64>,
    /// Pixels across.
    pub width: Option<u64>,
    /// Pixels down.
    pub height: Option<u64>,
    /// Seed.
    pub seed: Option<i64>,
    /// Canonical sampler.
    pub sampler: Option<&'a str>,
    /// Canonical scheduler.
    pub scheduler: Option<&'a str>,
    /// Who posted it.
    pub username: Option<&'a str>,
    /// Base model.
    pub base_model: Option<&'a str>,
    /// Its resources, in the order of the document.
    pub resources: &'a [FactResource],
    /// Versions that it was posted for, in the order of the document.
    pub posted_for: &'a [u64],
}

/// One use of a resource, as the document said it.
pub type FactResource = DocumentResource;

/// The columns of one segment.
pub(crate) struct SegmentFacts {
    key: Column<i64>,
    media: Column<u64>,
    created: Column<i64>,
    steps: Column<u64>,
    cfg: Column<f64>,
    width: Column<u64>,
    height: Column<u64>,
    seed: Column<i64>,
    uses: Uses,
    posted_for: Column<u64>,
    sampler: Words,
    scheduler: Words,
    username: Words,
    base_model: Words,
    resources: Vec<FactResource>,
    versions: Vec<u64>,
}

impl SegmentFacts {
    pub(crate) fn open(segment: &SegmentReader) -> Result<Self, IndexError> {
        let columns = segment.fast_fields();
        let words = |name| -> Result<Words, IndexError> { Ok(Words::new(columns.str(name)?)) };
        Ok(Self {
            key: columns.i64("key")?,
            media: columns.u64("media")?,
            created: columns.i64("created")?,
            steps: columns.u64("steps")?,
            cfg: columns.f64("cfg")?,
            width: columns.u64("width")?,
            height: columns.u64("height")?,
            seed: columns.i64("seed")?,
            uses: Uses::open(segment)?,
            posted_for: columns.u64("posted_for")?,
            sampler: words("sampler")?,
            scheduler: words("scheduler")?,
            username: words("user")?,
            base_model: words("base")?,
            resources: Vec::new(),
            versions: Vec::new(),
        })
    }

    /// The facts of one document; `None` for one without a key, which no writer of ours makes.
    pub(crate) fn of(&mut self, doc: DocId) -> Result<Option<Facts<'_>>, IndexError> {
        let Some(key) = self.key.first(doc) else { return Ok(None) };
        self.resources.clear();
        self.resources.extend(self.uses.of(doc));
        self.versions.clear();
        self.versions.extend(self.posted_for.values_for_doc(doc));
        Ok(Some(Facts {
            key,
            media: self.media.first(doc),
            created_ms: self.created.first(doc),
            steps: self.steps.first(doc),
            cfg: self.cfg.first(doc),
            width: self.width.first(doc),
            height: self.height.first(doc),
            seed: self.seed.first(doc),
            sampler: self.sampler.of(doc)?,
            scheduler: self.scheduler.of(doc)?,
            username: self.username.of(doc)?,
            base_model: self.base_model.of(doc)?,
            resources: &self.resources,
            posted_for: &self.versions,
        }))
    }
}

/// The resources of documents with their weights: two columns of the same length and order. Few weights are in use, so
/// that a number for each of them takes an eighth of the weight itself.
pub(crate) struct Uses {
    resource: Column<u64>,
    weight: Option<BytesColumn>,
    /// The weight that each ordinal of the column stands for.
    weights: Vec<Option<f64>>,
}

impl Uses {
    pub(crate) fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        let weight = columns.bytes("weight")?;
        let mut weights = Vec::new();
        if let Some(column) = &weight {
            let mut terms = column.dictionary().stream()?;
            while terms.advance() {
                weights.push(read_weight(terms.key()));
            }
        }
        Ok(Self { resource: columns.u64("resource")?, weight, weights })
    }

    /// The resources of one document, in its order.
    pub(crate) fn of(&self, doc: DocId) -> impl Iterator<Item = FactResource> + '_ {
        let weights = self.weight.iter().flat_map(move |column| column.term_ords(doc));
        let weights =
            weights.map(|ordinal| usize::try_from(ordinal).ok().and_then(|at| *self.weights.get(at)?));
        self.resource.values_for_doc(doc).zip(weights).map(|(id, weight)| FactResource { id, weight })
    }
}

/// A weight as the column has it; one byte stands for none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrittenWeight(Option<[u8; 8]>);

impl WrittenWeight {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_ref().map_or(&[0], |bytes| &bytes[..])
    }
}

/// A weight as the column has it.
pub(crate) fn written_weight(weight: Option<f64>) -> WrittenWeight {
    WrittenWeight(weight.filter(|weight| weight.is_finite()).map(f64::to_be_bytes))
}

fn read_weight(bytes: &[u8]) -> Option<f64> {
    bytes.try_into().ok().map(f64::from_be_bytes)
}

/// A column of words, with those that were already looked up.
struct Words {
    column: Option<StrColumn>,
    text: String,
    /// Where in `text` each ordinal's word lies; empty until the first look-up.
    places: Vec<Option<Range<usize>>>,
    looked_up: usize,
}

impl Words {
    fn new(column: Option<StrColumn>) -> Self {
        Self { column, text: String::new(), places: Vec::new(), looked_up: 0 }
    }

    fn of(&mut self, doc: DocId) -> Result<Option<&str>, IndexError> {
        let Some(column) = &self.column else { return Ok(None) };
        let Some(ordinal) = column.ords().first(doc) else { return Ok(None) };
        let Ok(index) = usize::try_from(ordinal) else { return Ok(None) };
        if self.places.len() <= index {
            self.places.resize(column.num_terms().max(index + 1), None);
        }
        if self.places[index].is_none() {
            self.look_up(ordinal)?;
        }
        Ok(self.places[index].clone().map(|place| &self.text[place]))
    }

    fn look_up(&mut self, ordinal: u64) -> Result<(), IndexError> {
        let Some(column) = &self.column else { return Ok(()) };
        self.looked_up += 1;
        if self.looked_up > SINGLE_LOOKUPS {
            return self.read_all();
        }
        let mut word = String::new();
        if column.ord_to_str(ordinal, &mut word).map_err(IndexError::Io)? {
            self.keep(ordinal, &word);
        }
        Ok(())
    }

    fn read_all(&mut self) -> Result<(), IndexError> {
        let Some(column) = self.column.clone() else { return Ok(()) };
        let mut terms = column.dictionary().stream().map_err(IndexError::Io)?;
        while terms.advance() {
            let ordinal = terms.term_ord();
            if let Ok(word) = std::str::from_utf8(terms.key()) {
                self.keep(ordinal, word);
            }
        }
        Ok(())
    }

    fn keep(&mut self, ordinal: u64, word: &str) {
        let Ok(index) = usize::try_from(ordinal) else { return };
        let Some(place) = self.places.get_mut(index).filter(|place| place.is_none()) else { return };
        let start = self.text.len();
        self.text.push_str(word);
        *place = Some(start..self.text.len());
    }
}
