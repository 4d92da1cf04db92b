//! The machine contract of `show`.

use serde::Serialize;
use stemmata::entity::{
    Dialect, GenerationData, HexHash, ImageName, PostId, ResourceKind, ResourceUse, Timestamp, VersionId,
};
use stemmata::link::TraceResource;
use stemmata::parse::{Block, Parsed, Value};

use super::pixels::Pixels;
use super::subject::{FileFacts, ModelHere, Subject};
use crate::cli::history::Event;
use crate::cli::names::{self, called};
use crate::cli::output::SCHEMA;

/// Everything known about one image.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    schema: u32,
    target: &'a str,
    #[serde(serialize_with = "called")]
    image: ImageName,
    /// Whether the catalog holds it.
    in_catalog: bool,
    pub(super) media: Option<String>,
    pub(super) source: &'static str,
    pub(super) url: Option<&'a str>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) username: Option<&'a str>,
    pub(super) post: Option<PostId>,
    pub(super) base_model: Option<&'a str>,
    pub(super) tags: &'a [String],
    pub(super) file: Option<File>,
    pub(super) generation: Generation<'a>,
    pub(super) claims: Vec<Claim<'a>>,
    pub(super) conflicts: Vec<Conflict<'a>>,
    pub(super) blocks: Vec<StoredBlock>,
    links: Vec<Link<'a>>,
    /// Model files of this machine that its resources name by hash.
    pub(super) models: Vec<ModelFile<'a>>,
    pub(super) fingerprints: Fingerprints<'a>,
    pub(super) duplicates: Vec<CalledImage<'a>>,
    pub(super) history: &'a [Event],
    pub(super) warnings: Vec<String>,
    /// The raw record of an image of the site, with `--raw`.
    pub(super) raw: Option<&'a str>,
}

/// One view of how it was made.
#[derive(Serialize)]
pub(super) struct Generation<'a> {
    prompt: &'a Option<String>,
    negative_prompt: &'a Option<String>,
    sampler: &'a Option<String>,
    scheduler: &'a Option<String>,
    steps: Option<u32>,
    cfg: Option<f64>,
    seed: Option<i128>,
    width: Option<u32>,
    height: Option<u32>,
    clip_skip: Option<u32>,
    denoise: Option<f64>,
    model: &'a Option<String>,
    model_hash: &'a Option<String>,
    tool: &'a Option<String>,
    tool_version: &'a Option<String>,
    pub(super) resources: Vec<NamedResource<'a>>,
}

/// A resource that it names.
#[derive(Serialize)]
pub(super) struct NamedResource<'a> {
    pub(super) kind: &'static str,
    pub(super) name: Option<&'a str>,
    pub(super) weight: Option<f64>,
    pub(super) hash: Option<&'a HexHash>,
    pub(super) version: Option<VersionId>,
}

/// One thing that a document or a block says.
#[derive(Serialize)]
pub(super) struct Claim<'a> {
    source: &'static str,
    dialect: &'static str,
    pub(super) field: Option<&'a str>,
    value: Option<serde_json::Value>,
    strength: Option<&'static str>,
    /// The place of the block in `blocks`.
    block: Option<usize>,
    /// The bytes of the block's text that say it.
    span: Option<[usize; 2]>,
}

impl Claim<'_> {
    /// Where it is said, for people.
    pub(super) fn place(&self) -> String {
        let block = self.block.map(|block| format!(" in block {}", block + 1)).unwrap_or_default();
        format!("{}{block}", self.dialect)
    }
}

/// Two claims that do not agree, by their places in `claims`.
#[derive(Serialize)]
pub(super) struct Conflict<'a> {
    pub(super) field: &'a str,
    pub(super) kept: usize,
    pub(super) other: usize,
}

/// A raw block of a file.
#[derive(Serialize)]
pub(super) struct StoredBlock {
    pub(super) carrier: String,
    pub(super) encoding: &'static str,
    pub(super) bytes: usize,
    /// The bytes of the file that hold it, where it lies in one range.
    pub(super) range: Option<[u64; 2]>,
    pub(super) truncated: bool,
    /// With `--raw`: the text.
    pub(super) text: Option<String>,
    /// With `--raw`: the bytes in hexadecimal, where they are no text.
    pub(super) hex: Option<String>,
}

/// A model file of this machine.
#[derive(Serialize)]
pub(super) struct ModelFile<'a> {
    hash: &'a HexHash,
    pub(super) path: Option<String>,
    /// In hexadecimal, where they are not UTF-8.
    path_bytes: Option<String>,
    pub(super) state: &'static str,
}

impl<'a> ModelFile<'a> {
    fn new(here: &'a ModelHere) -> Self {
        let (path, path_bytes) = names::path(&here.path);
        Self { hash: &here.hash, path, path_bytes, state: here.state }
    }
}

#[derive(Serialize)]
struct Link<'a> {
    resource: NamedResource<'a>,
    version: VersionId,
    evidence: &'static str,
    raw: &'a str,
    confidence: f64,
    rank: u32,
}

/// What its bytes and pixels are like.
#[derive(Serialize)]
pub(super) struct Fingerprints<'a> {
    pub(super) blurhash: Option<&'a str>,
    pub(super) blake3: Option<String>,
    /// Null where nobody has looked at the pixels.
    pub(super) pixels: Option<Pixels<'a>>,
}

/// The file on disk.
#[derive(Serialize)]
pub(super) struct File {
    pub(super) path: Option<String>,
    /// In hexadecimal, where they are not UTF-8.
    path_bytes: Option<String>,
    pub(super) size_bytes: u64,
    pub(super) modified_at: Option<Timestamp>,
    pub(super) container: Option<&'static str>,
    pub(super) state: &'static str,
    missing_since: Option<Timestamp>,
}

/// Another image.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct CalledImage<'a>(#[serde(serialize_with = "called")] pub(super) &'a ImageName);

impl<'a> Shown<'a> {
    /// `raw` asks for what is kept verbatim.
    pub(super) fn new(subject: &'a Subject, raw: bool) -> Self {
        let (image, parsed) = (subject.image.as_ref(), subject.parsed.as_ref());
        let row = image.map(|image| &image.row);
        let size = |stored: Option<u32>, read: Option<u32>| read.or(stored);
        let mut warnings = subject.warnings.clone();
        warnings.extend(
            parsed
                .into_iter()
                .flat_map(|parsed| &parsed.warnings)
                .map(|warning| format!("{}: {warning}", warning.code)),
        );
        let blake3 = subject.content.map(|content| hex(&content));
        let media = image.map(|image| image.media.to_string());
        Self {
            schema: SCHEMA,
            target: &subject.target,
            image: subject.name.clone(),
            in_catalog: image.is_some(),
            media: media.or_else(|| blake3.as_ref().map(|digits| format!("blake3:{digits}"))),
            source: subject.name.source(),
            url: row.and_then(|row| row.url.as_deref()),
            width: size(image.and_then(|image| image.width), parsed.and_then(|parsed| parsed.width)),
            height: size(image.and_then(|image| image.height), parsed.and_then(|parsed| parsed.height)),
            created_at: row.and_then(|row| row.created_at),
            username: row.and_then(|row| row.username.as_deref()),
            post: row.and_then(|row| row.post),
            base_model: row.and_then(|row| row.base_model.as_deref()),
            tags: row.map_or(&[], |row| row.tags.as_slice()),
            file: subject.file.as_ref().map(|file| File::new(file, parsed)),
            generation: Generation::new(subject),
            claims: claims(subject),
            conflicts: parsed.map(conflicts).unwrap_or_default(),
            blocks: parsed
                .map(|parsed| parsed.blocks.iter().map(|block| stored(block, raw)).collect())
                .unwrap_or_default(),
            models: subject.models.iter().map(ModelFile::new).collect(),
            links: subject.trace.iter().flat_map(|trace| &trace.resources).flat_map(links_of).collect(),
            fingerprints: Fingerprints {
                blurhash: image.and_then(|image| image.blurhash.as_deref()),
                blake3,
                pixels: subject.look.as_ref().map(Pixels::new),
            },
            duplicates: subject.duplicates.iter().map(CalledImage).collect(),
            history: &subject.history,
            warnings,
            raw: subject.raw.as_deref().filter(|_| raw),
        }
    }
}

impl<'a> Generation<'a> {
    fn new(subject: &'a Subject) -> Self {
        let data = generation(subject);
        Self {
            prompt: &data.prompt,
            negative_prompt: &data.negative_prompt,
            sampler: &data.sampler,
            scheduler: &data.scheduler,
            steps: data.steps,
            cfg: data.cfg,
            seed: data.seed,
            width: data.width,
            height: data.height,
            clip_skip: data.clip_skip,
            denoise: data.denoise,
            model: &data.model,
            model_hash: &data.model_hash,
            tool: &data.tool,
            tool_version: &data.tool_version,
            resources: resources(subject),
        }
    }
}

impl File {
    fn new(file: &FileFacts, parsed: Option<&Parsed>) -> Self {
        let (path, path_bytes) = names::path(&file.path);
        Self {
            path,
            path_bytes,
            size_bytes: file.size_bytes,
            modified_at: file.modified_at,
            container: parsed.map(|parsed| parsed.container.as_str()),
            state: file.state,
            missing_since: file.missing_since,
        }
    }
}

const NOTHING: &GenerationData = &GenerationData {
    prompt: None,
    negative_prompt: None,
    sampler: None,
    scheduler: None,
    steps: None,
    cfg: None,
    seed: None,
    width: None,
    height: None,
    clip_skip: None,
    denoise: None,
    model: None,
    model_hash: None,
    tool: None,
    tool_version: None,
    traits: None,
};

/// The view of how it was made: what the file says now, else what the catalog holds.
pub(super) fn generation(subject: &Subject) -> &GenerationData {
    let stored = subject.image.as_ref().map(|image| &image.row.generation_data);
    subject.parsed.as_ref().map(|parsed| &parsed.generation).or(stored).unwrap_or(NOTHING)
}

/// The resources that it names, linked where there is a catalog.
pub(super) fn resources(subject: &Subject) -> Vec<NamedResource<'_>> {
    match (&subject.trace, &subject.parsed) {
        (Some(trace), _) => trace.resources.iter().map(linked).collect(),
        (None, Some(parsed)) => parsed.resources.iter().map(written).collect(),
        (None, None) => Vec::new(),
    }
}

fn linked(resource: &TraceResource) -> NamedResource<'_> {
    NamedResource {
        kind: ResourceKind::as_str(resource.kind),
        name: resource.name.as_deref(),
        weight: resource.weight,
        hash: resource.hash.as_ref(),
        version: resource.links.first().filter(|link| link.rank == 1).map(|link| link.version),
    }
}

fn written(used: &ResourceUse) -> NamedResource<'_> {
    NamedResource {
        kind: ResourceKind::as_str(used.resource.kind),
        name: used.resource.name.as_deref(),
        weight: used.weight,
        hash: used.resource.hash.as_ref(),
        version: used.resource.version,
    }
}

fn links_of(resource: &TraceResource) -> impl Iterator<Item = Link<'_>> {
    resource.links.iter().map(|link| Link {
        resource: linked(resource),
        version: link.version,
        evidence: link.evidence.as_str(),
        raw: &link.raw,
        confidence: link.confidence.as_f64(),
        rank: link.rank,
    })
}

/// What the blocks of a file say, or which kinds of documents described the image.
fn claims(subject: &Subject) -> Vec<Claim<'_>> {
    if let Some(parsed) = &subject.parsed {
        return parsed.claims.iter().map(claim).collect();
    }
    let Some(image) = &subject.image else { return Vec::new() };
    let described =
        Dialect::ALL.into_iter().filter(|dialect| image.row.dialects & (1 << dialect.code()) != 0);
    described
        .map(|dialect| Claim {
            source: image.name.source(),
            dialect: dialect_word(dialect),
            field: None,
            value: None,
            strength: None,
            block: None,
            span: None,
        })
        .collect()
}

fn claim(claim: &stemmata::parse::Claim) -> Claim<'_> {
    use stemmata::parse::Strength;
    Claim {
        source: "file",
        dialect: claim.dialect.as_str(),
        field: Some(claim.field.as_str()),
        value: Some(value(&claim.value)),
        strength: Some(match claim.strength {
            Strength::Guess => "guess",
            Strength::Stale => "stale",
            Strength::Said => "said",
            Strength::Ran => "ran",
        }),
        block: Some(claim.block),
        span: claim.span.as_ref().map(|span| [span.start, span.end]),
    }
}

fn value(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Integer(number) => whole(*number),
        Value::Number(number) => (*number).into(),
        Value::Resource(used) => serde_json::json!(written(used)),
    }
}

/// A whole number; one that JSON numbers of this program cannot hold is text.
fn whole(number: i128) -> serde_json::Value {
    match (i64::try_from(number), u64::try_from(number)) {
        (Ok(number), _) => number.into(),
        (Err(_), Ok(number)) => number.into(),
        (Err(_), Err(_)) => number.to_string().into(),
    }
}

fn conflicts(parsed: &Parsed) -> Vec<Conflict<'_>> {
    let conflict = |conflict: &'_ stemmata::parse::Conflict| (conflict.kept, conflict.other);
    parsed
        .conflicts
        .iter()
        .map(|one| {
            let (kept, other) = conflict(one);
            Conflict { field: one.field.as_str(), kept, other }
        })
        .collect()
}

fn stored(block: &Block, raw: bool) -> StoredBlock {
    let text = if raw { block.text().map(std::borrow::Cow::into_owned) } else { None };
    StoredBlock {
        carrier: block.carrier.to_string(),
        encoding: block.encoding.as_str(),
        bytes: block.bytes.len(),
        range: (block.range.start < block.range.end).then_some([block.range.start, block.range.end]),
        truncated: block.truncated,
        hex: (raw && text.is_none()).then(|| hex(&block.bytes)),
        text,
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    text
}

fn dialect_word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Index => "image index",
        Dialect::Database => "image database",
        Dialect::VersionImage => "version image",
        Dialect::Document => "document",
        Dialect::Picture => "picture",
    }
}
