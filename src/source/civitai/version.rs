//! Versions and their files.

use super::convert::FieldProblem;
use super::model::{read_level, read_stats};
use super::wire::{Field, Fields};
use super::{air, image};
use crate::entity::{
    FileHash, FileId, HashKind, HexHash, Image, ModelFile, ModelId, ModelVersion, PublishState, VersionId,
};

/// Reads a version and its images; `parent` is the model that holds it. `None` without an id.
pub(super) fn read_version(
    fields: &Fields<'_>,
    parent: Option<ModelId>,
) -> Option<(ModelVersion, Vec<Image>)> {
    let printed = fields.text("air").and_then(|text| {
        let air = air::parse(&text);
        if air.is_none() {
            fields.warn("air", FieldProblem::BadValue);
        }
        air
    });
    let id = fields.number("id", VersionId::new).or_else(|| printed?.version)?;
    let described = fields.object("model");
    let of_model = |key: &str| described.as_ref().and_then(|model| model.text(key));
    let version = ModelVersion {
        id,
        model: fields.number("modelId", ModelId::new).or(parent).or_else(|| printed.map(|air| air.model)),
        model_name: of_model("name").or_else(|| fields.text("modelName")),
        model_kind: of_model("type"),
        name: fields.text("name").or_else(|| fields.text("versionName")),
        description: fields.text("description"),
        base_model: fields.text("baseModel"),
        base_model_type: fields.text("baseModelType"),
        trained_words: fields.texts("trainedWords"),
        created_at: fields.time("createdAt"),
        published_at: fields.time("publishedAt"),
        state: read_state(fields),
        nsfw_level: read_level(fields),
        air: printed,
        stats: read_stats(fields),
        files: read_files(fields),
    };
    Some((version, read_images(fields, Some(id))))
}

/// From `status`; a version that does not say is served, because somebody was served it.
fn read_state(fields: &Fields<'_>) -> PublishState {
    match fields.text("status").as_deref() {
        Some(
            "Draft"
            | "Training"
            | "Scheduled"
            | "Unpublished"
            | "UnpublishedViolation"
            | "GatherInterest"
            | "Deleted",
        ) => PublishState::Unpublished,
        _ => PublishState::Published,
    }
}

/// The images inside a version, which stand for themselves when the version itself cannot be read.
pub(super) fn read_images(fields: &Fields<'_>, version: Option<VersionId>) -> Vec<Image> {
    let mut images = Vec::new();
    fields.each_object("images", |shown| match image::read_version_image(&shown, version) {
        Some(image) => images.push(image),
        None => shown.warn("id", FieldProblem::NoIdentity),
    });
    images
}

fn read_files(fields: &Fields<'_>) -> Vec<ModelFile> {
    let mut files = Vec::new();
    fields.each_object("files", |file| files.push(read_file(&file)));
    files
}

fn read_file(file: &Fields<'_>) -> ModelFile {
    let metadata = file.object("metadata");
    let detail = |key: &str| {
        let inside = metadata.as_ref().and_then(|metadata| metadata.text(key));
        inside.or_else(|| file.text(key))
    };
    ModelFile {
        id: file.number("id", FileId::new),
        name: file.text("name"),
        kind: file.text("type"),
        size_bytes: file.get("sizeKB").and_then(size_bytes),
        format: detail("format"),
        size_class: detail("size"),
        precision: detail("fp"),
        primary: file.flag("primary").unwrap_or(false),
        hashes: file.object("hashes").map(|hashes| read_hashes(&hashes)).unwrap_or_default(),
        download_url: file.text("downloadUrl"),
    }
}

/// Kilobytes of 1024 as bytes.
fn size_bytes(field: Field<'_>) -> Option<u64> {
    /// 2^53: every whole number below has its own float.
    const MAX_BYTES: f64 = 9_007_199_254_740_992.0;
    let bytes = (field.float()? * 1024.0).round();
    if !(0.0..MAX_BYTES).contains(&bytes) {
        field.warn(FieldProblem::OutOfRange);
        return None;
    }
    Some(bytes as u64)
}

/// Hashes of known kinds, in the order in which the catalog numbers the kinds. Unknown kinds stay in the
/// raw record.
fn read_hashes(hashes: &Fields<'_>) -> Vec<FileHash> {
    let mut read = Vec::new();
    for (key, field) in hashes.members() {
        let Some(kind) = HashKind::from_name(key) else { continue };
        let Some(text) = field.text() else { continue };
        match file_hash(kind, &text) {
            Some(hash) => read.push(hash),
            None => field.warn(FieldProblem::BadValue),
        }
    }
    read.sort();
    read.dedup();
    read
}

/// A hash of the length that its kind has. AutoV3 was served in full until 2024 and is cut to its 12 digits.
fn file_hash(kind: HashKind, text: &str) -> Option<FileHash> {
    let value = HexHash::parse(text)?;
    let digits = match kind {
        HashKind::Sha256 | HashKind::Blake3 => 64,
        HashKind::AutoV3 if value.as_str().len() == 64 => {
            return file_hash(kind, value.as_str().get(..12)?);
        }
        HashKind::AutoV3 => 12,
        HashKind::AutoV2 => 10,
        HashKind::AutoV1 | HashKind::Crc32 => 8,
    };
    (value.as_str().len() == digits).then_some(FileHash { kind, value })
}
