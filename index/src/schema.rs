//! The fields of the index and its format number.
//!
//! Nothing is stored besides columns of numbers and keywords: the caller's own store has the texts, and an
//! index without them is less than half as large and answers faster.

use std::path::Path;

use tantivy::directory::MmapDirectory;
use tantivy::schema::{
    FAST, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::store::Compressor;
use tantivy::{Index, IndexMeta, IndexSettings};

use crate::document::NameKind;
use crate::error::IndexError;
use crate::tokenizer::{self, BLANKS, KEYWORD, NAME};

/// The format that this version writes and reads. It grows when fields or analyzers change.
pub const INDEX_FORMAT: u32 = 3;

/// Bits of the hash of its words that the column of prompts keeps: among ten million prompts, two have the
/// same by chance in one index out of five.
pub(crate) const PROMPT_HASH_BITS: u32 = 48;

/// Handles of the fields.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) schema: Schema,
    pub(crate) key: Field,
    pub(crate) image: Field,
    pub(crate) media: Field,
    pub(crate) prompt: Field,
    pub(crate) negative: Field,
    pub(crate) names: [Field; 8],
    pub(crate) chunk: Field,
    pub(crate) negative_chunk: Field,
    pub(crate) prompt_hash: Field,
    pub(crate) model: Field,
    pub(crate) digest: Field,
    pub(crate) has: Field,
    pub(crate) resource: Field,
    pub(crate) weight: Field,
    pub(crate) posted_for: Field,
    pub(crate) sampler: Field,
    pub(crate) scheduler: Field,
    pub(crate) base: Field,
    pub(crate) user: Field,
    pub(crate) tool: Field,
    pub(crate) media_type: Field,
    pub(crate) source: Field,
    pub(crate) created: Field,
    pub(crate) width: Field,
    pub(crate) height: Field,
    pub(crate) steps: Field,
    pub(crate) clip_skip: Field,
    pub(crate) post: Field,
    pub(crate) nsfw: Field,
    pub(crate) likes: Field,
    pub(crate) reactions: Field,
    pub(crate) comments: Field,
    pub(crate) upscale: Field,
    pub(crate) cfg: Field,
    pub(crate) denoise: Field,
    pub(crate) seed: Field,
}

impl Fields {
    /// The fields of [`INDEX_FORMAT`].
    pub(crate) fn new() -> Self {
        let mut builder = Schema::builder();
        let column: NumericOptions = FAST.into();
        // Without lengths: nothing is ranked by how many numbers a document has.
        let exact = NumericOptions::default().set_fast().set_indexed();
        let prompt_text = text(BLANKS, IndexRecordOption::WithFreqsAndPositions, true);
        let negative_text = text(BLANKS, IndexRecordOption::WithFreqsAndPositions, false);
        let chunks = TextOptions::default().set_fast("raw");
        let name_text = text(NAME, IndexRecordOption::WithFreqsAndPositions, false);
        let keyword_column = text(KEYWORD, IndexRecordOption::Basic, false).set_fast("raw");
        // In the order in which an entry gives its values.
        Self {
            key: builder.add_i64_field("key", column.clone()),
            prompt: builder.add_text_field("prompt", prompt_text),
            negative: builder.add_text_field("negative", negative_text),
            names: NameKind::ALL
                .map(|kind| builder.add_text_field(&format!("name_{}", kind.as_str()), name_text.clone())),
            has: builder.add_text_field("has", text(BLANKS, IndexRecordOption::Basic, false)),
            sampler: builder.add_text_field("sampler", keyword_column.clone()),
            scheduler: builder.add_text_field("scheduler", keyword_column.clone()),
            base: builder.add_text_field("base", keyword_column.clone()),
            user: builder.add_text_field("user", keyword_column.clone()),
            tool: builder.add_text_field("tool", keyword_column.clone()),
            media_type: builder.add_text_field("type", keyword_column.clone()),
            source: builder.add_text_field("source", keyword_column),
            resource: builder.add_u64_field("resource", exact.clone()),
            weight: builder.add_bytes_field("weight", FAST),
            posted_for: builder.add_u64_field("posted_for", exact),
            digest: builder.add_u64_field("digest", column.clone()),
            image: builder.add_u64_field("image", column.clone()),
            media: builder.add_u64_field("media", column.clone()),
            model: builder.add_u64_field("model", column.clone()),
            width: builder.add_u64_field("width", column.clone()),
            height: builder.add_u64_field("height", column.clone()),
            steps: builder.add_u64_field("steps", column.clone()),
            clip_skip: builder.add_u64_field("clip_skip", column.clone()),
            post: builder.add_u64_field("post", column.clone()),
            nsfw: builder.add_u64_field("nsfw", column.clone()),
            likes: builder.add_u64_field("likes", column.clone()),
            reactions: builder.add_u64_field("reactions", column.clone()),
            comments: builder.add_u64_field("comments", column.clone()),
            upscale: builder.add_u64_field("upscale", column.clone()),
            created: builder.add_i64_field("created", column.clone()),
            seed: builder.add_i64_field("seed", column.clone()),
            cfg: builder.add_f64_field("cfg", column.clone()),
            denoise: builder.add_f64_field("denoise", column.clone()),
            prompt_hash: builder.add_u64_field("prompt_hash", column),
            chunk: builder.add_text_field("chunk", chunks.clone()),
            negative_chunk: builder.add_text_field("negative_chunk", chunks),
            schema: builder.build(),
        }
    }

    /// The field of names of one kind.
    pub(crate) fn name(&self, kind: NameKind) -> Field {
        self.names[kind as usize]
    }
}

fn text(tokenizer: &str, record: IndexRecordOption, with_lengths: bool) -> TextOptions {
    TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer(tokenizer)
            .set_index_option(record)
            .set_fieldnorms(with_lengths),
    )
}

/// Creates an empty index in a folder that has none.
pub(crate) fn create(dir: &Path, fields: &Fields) -> Result<Index, IndexError> {
    let settings = IndexSettings {
        docstore_compression: Compressor::Lz4,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    };
    let index = Index::builder().schema(fields.schema.clone()).settings(settings).create_in_dir(dir)?;
    tokenizer::register(index.tokenizers());
    Ok(index)
}

/// Opens the index of a folder; `None` where there is none.
pub(crate) fn open(dir: &Path, fields: &Fields) -> Result<Option<Index>, IndexError> {
    if !dir.is_dir() {
        return Ok(None);
    }
    let files = MmapDirectory::open(dir).map_err(tantivy::TantivyError::from)?;
    if !Index::exists(&files).map_err(tantivy::TantivyError::from)? {
        return Ok(None);
    }
    let index = Index::open(files)?;
    let found = Stamp::of(&index.load_metas()?).map_or(0, |stamp| stamp.format);
    if index.schema() != fields.schema {
        let found = if found == INDEX_FORMAT { 0 } else { found };
        return Err(IndexError::NeedsRebuild { found, expected: INDEX_FORMAT });
    }
    // An index that was created and never committed says no format.
    if found != INDEX_FORMAT && found != 0 {
        return Err(IndexError::NeedsRebuild { found, expected: INDEX_FORMAT });
    }
    tokenizer::register(index.tokenizers());
    Ok(Some(index))
}

/// What a commit says about itself, kept as the engine's payload: `format=1 generation=5 mark=8f3a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) format: u32,
    pub(crate) generation: u64,
    /// What tells this generation from one of the same number in another store; `None` where the caller says nothing.
    pub(crate) mark: Option<u64>,
}

impl Stamp {
    /// The stamp of a commit of this version.
    pub(crate) fn new(generation: u64, mark: Option<u64>) -> Self {
        Self { format: INDEX_FORMAT, generation, mark }
    }

    /// The payload.
    pub(crate) fn to_payload(self) -> String {
        let mark = self.mark.map(|mark| format!(" mark={mark:x}")).unwrap_or_default();
        format!("format={} generation={}{mark}", self.format, self.generation)
    }

    /// The stamp of the last commit; `None` before the first one and for a payload of another program.
    pub(crate) fn of(meta: &IndexMeta) -> Option<Self> {
        let (format, rest) = meta.payload.as_deref()?.split_once(' ')?;
        let (generation, mark) = rest.split_once(' ').unwrap_or((rest, ""));
        Some(Self {
            format: format.strip_prefix("format=")?.parse().ok()?,
            generation: generation.strip_prefix("generation=")?.parse().ok()?,
            mark: mark.strip_prefix("mark=").and_then(|mark| u64::from_str_radix(mark, 16).ok()),
        })
    }
}
