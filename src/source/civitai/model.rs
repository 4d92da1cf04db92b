//! Models, and what models and versions have in common.

use serde_json::Value;

use super::convert::FieldProblem;
use super::creator::read_creator;
use super::version::{read_images, read_version};
use super::wire::{Field, Fields};
use crate::entity::{Image, Model, ModelId, ModelStats, NsfwLevel};

/// Reads a model, its versions and their images; `None` without an id.
pub(super) fn read_model(fields: &Fields<'_>) -> Option<(Model, Vec<Image>)> {
    let id = fields.number("id", ModelId::new)?;
    let mut versions = Vec::new();
    let mut images = Vec::new();
    fields.each_object("modelVersions", |version| match read_version(&version, Some(id)) {
        Some((version, shown)) => {
            versions.push(version);
            images.extend(shown);
        }
        None => {
            version.warn("id", FieldProblem::NoIdentity);
            images.extend(read_images(&version, None));
        }
    });
    let model = Model {
        id,
        name: fields.text("name"),
        description: fields.text("description"),
        kind: fields.text("type"),
        nsfw: fields.flag("nsfw"),
        nsfw_level: read_level(fields),
        poi: fields.flag("poi"),
        allow_commercial_use: read_uses(fields),
        allow_no_credit: fields.flag("allowNoCredit"),
        allow_derivatives: fields.flag("allowDerivatives"),
        allow_different_license: fields.flag("allowDifferentLicense"),
        mode: fields.text("mode"),
        availability: fields.text("availability"),
        stats: read_stats(fields),
        creator: fields.object("creator").and_then(|creator| read_creator(&creator)),
        tags: read_tags(fields),
        versions,
        lists_all_versions: false,
    };
    Some((model, images))
}

/// Uses in one word, in an array, or in one text such as `{Image,RentCivit}`.
fn read_uses(fields: &Fields<'_>) -> Vec<String> {
    let texts = fields.texts("allowCommercialUse");
    let words = texts.iter().flat_map(|text| text.trim_matches(['{', '}', ' ']).split(','));
    words
        .map(|word| word.trim().trim_matches('"'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Tags as names, or as objects with one.
pub(super) fn read_tags(fields: &Fields<'_>) -> Vec<String> {
    let mut tags = Vec::new();
    fields.each("tags", |tag| {
        tags.extend(if tag.value.is_object() {
            tag.object().and_then(|tag| tag.text("name").or_else(|| tag.text("id")))
        } else {
            tag.text()
        });
    });
    tags
}

/// Counters of either era: thumbs since 2024, favourites and ratings before.
pub(super) fn read_stats(fields: &Fields<'_>) -> ModelStats {
    let Some(stats) = fields.object("stats") else { return ModelStats::default() };
    ModelStats {
        downloads: stats.unsigned("downloadCount"),
        thumbs_up: stats.unsigned("thumbsUpCount").or_else(|| stats.unsigned("favoriteCount")),
        thumbs_down: stats.unsigned("thumbsDownCount"),
        comments: stats.unsigned("commentCount"),
        ratings: stats.unsigned("ratingCount"),
        rating: stats.float("rating"),
    }
}

/// The bits, or the word that stood for them before 2024.
pub(super) fn read_level(fields: &Fields<'_>) -> Option<NsfwLevel> {
    level(fields.get("nsfwLevel")?)
}

/// A level as bits, as bits in text, or in a word of any era.
pub(super) fn level(field: Field<'_>) -> Option<NsfwLevel> {
    if let Value::String(word) = field.value
        && let Some(level) = level_of_word(word.trim())
    {
        return Some(level);
    }
    field.number(|bits| u32::try_from(bits).ok()).map(NsfwLevel::from_bits)
}

fn level_of_word(word: &str) -> Option<NsfwLevel> {
    let bits = match word.to_ascii_lowercase().as_str() {
        "pg" => 1,
        "pg13" => 2,
        "r" => 4,
        "xxx" => 16,
        _ => return NsfwLevel::from_word(word),
    };
    Some(NsfwLevel::from_bits(bits))
}
