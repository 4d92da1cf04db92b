//! Images: items of listings, images inside versions, documents of bare generation data.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::{Map, Value};

use super::convert::{Context, FieldProblem, MetaRequest};
use super::detect::{is_bare_meta, is_version_image};
use super::model::{level, read_level, read_tags};
use super::wire::Fields;
use super::{meta, url};
use crate::entity::{
    Dialect, GenerationData, Image, ImageId, ImageName, ImageStats, Media, MediaIdentity, MediaType,
    MetaState, NsfwLevel, PostId, PostedFor, Resource, ResourceKind, ResourceSources, ResourceUse, VersionId,
    VersionRelation,
};
use crate::parse::resources::Resources;

/// What stays as it is in the path of a document's media identity.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// How a null `meta` is read; see [`MetaRequest`].
#[derive(Clone, Copy)]
struct Asking {
    /// What a plain null means.
    plain_null: MetaState,
    /// What a null inside the database's wrapping means, which nobody gets without asking for it.
    wrapped_null: MetaState,
}

/// Reads an item that stands by itself; `None` when nothing identifies it.
pub(super) fn read_item(fields: &Fields<'_>, context: &Context<'_>) -> Option<Image> {
    if is_version_image(fields.map) {
        let version = fields.number("modelVersionId", VersionId::new);
        let mut image = read_version_image(&fields.object("image")?, version)?;
        image.base_model = image.base_model.or_else(|| fields.text("baseModel"));
        return Some(image);
    }
    let asking = match context.meta_request {
        MetaRequest::Asked => Asking { plain_null: MetaState::Null, wrapped_null: MetaState::Null },
        MetaRequest::NotAsked => Asking { plain_null: MetaState::NotSaid, wrapped_null: MetaState::NotSaid },
        MetaRequest::Unknown => Asking { plain_null: MetaState::NotSaid, wrapped_null: MetaState::Null },
    };
    let mut image =
        read(fields, Place::Item(context.dialect), asking, || document_name(fields.map, context))?;
    if let Some(version) = context.returned_for {
        image.posted_for.push(PostedFor { version, relation: VersionRelation::Returned });
    }
    Some(image)
}

/// Reads an image inside a version; `None` when it has neither id nor URL.
pub(super) fn read_version_image(fields: &Fields<'_>, version: Option<VersionId>) -> Option<Image> {
    // Since 2024 a null is said only where the data was asked for and is missing; before, everywhere.
    let asking = Asking { plain_null: MetaState::Null, wrapped_null: MetaState::Null };
    let mut image = read(fields, Place::Version, asking, || None)?;
    if let Some(version) = version {
        image.posted_for.push(PostedFor { version, relation: VersionRelation::Posted });
    }
    Some(image)
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// With the path of the site that answered, where the request tells.
    Item(Option<Dialect>),
    Version,
}

fn read(
    fields: &Fields<'_>,
    place: Place,
    asking: Asking,
    document: impl FnOnce() -> Option<(ImageName, MediaIdentity)>,
) -> Option<Image> {
    let url = fields.text("url");
    let stored = url.as_deref().and_then(|url| {
        let identity = url::media_identity(url);
        if identity.is_none() {
            fields.warn("url", FieldProblem::BadValue);
        }
        identity
    });
    let stem = || url.as_deref().filter(|_| place == Place::Version).and_then(url::numeric_stem);
    let id = fields.number("id", ImageId::new).or_else(stem);
    let (name, identity) = match (id, stored) {
        (Some(id), Some(stored)) => (ImageName::Site(id), stored),
        // The bytes are not known, so they are those of this image and of no other.
        (Some(id), None) => (ImageName::Site(id), MediaIdentity::Url(format!("civitai-image:{id}"))),
        (None, Some(stored)) => (ImageName::Url(stored.to_string()), stored),
        (None, None) => document()?,
    };
    let found = find_meta(fields, id, asking);
    let dialect = match (place, &name) {
        (Place::Version, _) => Dialect::VersionImage,
        (Place::Item(_), ImageName::Path(_)) => Dialect::Document,
        (Place::Item(Some(known)), _) => known,
        (Place::Item(None), _) if found.wrapped => Dialect::Database,
        (Place::Item(None), _) => Dialect::Index,
    };
    let Generated { state, generation, resources, remix_of } = read_generated(fields, found, dialect);
    let created_at = fields.time("createdAt");
    let published_at = fields.time("publishedAt").or(created_at.filter(|_| dialect == Dialect::Index));
    let username = fields.text("username").filter(|name| !(dialect == Dialect::Index && name == "unknown"));
    Some(Image {
        name,
        dialect,
        media: read_media(fields, identity),
        url,
        media_type: fields.word("type").map(|word| MediaType::from_word(&word)),
        nsfw_level: read_nsfw(fields),
        created_at,
        published_at,
        post: fields.number("postId", PostId::new),
        username,
        base_model: fields.text("baseModel"),
        stats: read_stats(fields),
        tags: read_tags(fields),
        meta: state,
        generation,
        resources,
        remix_of: fields.number("remixOfId", ImageId::new).or(remix_of),
        posted_for: Vec::new(),
    })
}

/// The name of a picture that only its document names, if it holds generation data.
fn document_name(map: &Map<String, Value>, context: &Context<'_>) -> Option<(ImageName, MediaIdentity)> {
    if !is_bare_meta(map) && !map.get("meta").is_some_and(Value::is_object) {
        return None;
    }
    let mut path = context.document.to_vec();
    if context.position > 0 {
        path.extend(format!("#{}", context.position).into_bytes());
    }
    let identity = format!("document:{}", percent_encode(&path, PATH));
    Some((ImageName::Path(path), MediaIdentity::Url(identity)))
}

fn read_media(fields: &Fields<'_>, identity: MediaIdentity) -> Media {
    // On documents that are bare generation data the size means the same.
    let metadata =
        fields.get("metadata").filter(|field| field.value.is_object()).and_then(|field| field.object());
    let pixels = |key: &str| {
        let outside = fields.pixels(key);
        outside.or_else(|| metadata.as_ref().and_then(|metadata| metadata.pixels(key)))
    };
    let blurhash =
        fields.text("hash").or_else(|| metadata.as_ref().and_then(|metadata| metadata.text("hash")));
    Media { identity, blurhash, width: pixels("width"), height: pixels("height") }
}

/// `browsingLevel` wins over `nsfwLevel`, which wins over `nsfw`.
fn read_nsfw(fields: &Fields<'_>) -> Option<NsfwLevel> {
    if let Some(exact) = fields.get("browsingLevel").and_then(level) {
        return Some(exact);
    }
    if let Some(level) = read_level(fields) {
        return Some(level);
    }
    let nsfw = fields.get("nsfw")?;
    match nsfw.value {
        // The site's own reading of a bare truth value: PG, or any of R, X and XXX.
        Value::Bool(false) => Some(NsfwLevel::from_bits(1)),
        Value::Bool(true) => Some(NsfwLevel::from_bits(28)),
        _ => level(nsfw),
    }
}

fn read_stats(fields: &Fields<'_>) -> Option<ImageStats> {
    let stats = fields.object("stats")?;
    let count = |key: &str| stats.unsigned(key).unwrap_or(0);
    Some(ImageStats {
        likes: count("likeCount"),
        hearts: count("heartCount"),
        laughs: count("laughCount"),
        cries: count("cryCount"),
        dislikes: count("dislikeCount"),
        comments: count("commentCount"),
    })
}

/// Where the generation data of an item is.
struct FoundMeta<'a> {
    state: MetaState,
    wrapped: bool,
    fields: Option<Fields<'a>>,
}

/// Finds `meta` and unwraps it: an object with a `meta` of its own, which is an object or null, and either
/// nothing else but an `id` or the image's own `id`, stands for that inner value. At most twice.
fn find_meta<'a>(fields: &'a Fields<'a>, id: Option<ImageId>, asking: Asking) -> FoundMeta<'a> {
    let nothing = |state| FoundMeta { state, wrapped: false, fields: None };
    let Some(outer) = fields.map.get("meta") else {
        if fields.map.get("hasMeta") == Some(&Value::Bool(false)) {
            return nothing(MetaState::Hidden);
        }
        if is_bare_meta(fields.map) {
            return FoundMeta { state: MetaState::Present, wrapped: false, fields: Some(*fields) };
        }
        return nothing(MetaState::NotSaid);
    };
    let mut inner = outer;
    let mut wrapped = false;
    for _ in 0..2 {
        let Value::Object(map) = inner else { break };
        let Some(deeper @ (Value::Object(_) | Value::Null)) = map.get("meta") else { break };
        let only_id = map.keys().all(|key| key == "id" || key == "meta");
        let same_id = id.is_some_and(|id| map.get("id").and_then(Value::as_u64) == Some(id.get()));
        if !only_id && !same_id {
            break;
        }
        inner = deeper;
        wrapped = true;
    }
    if fields.map.get("hasMeta") == Some(&Value::Bool(false)) {
        return FoundMeta { state: MetaState::Hidden, wrapped, fields: None };
    }
    match inner {
        Value::Object(map) if map.is_empty() => FoundMeta { state: MetaState::Null, wrapped, fields: None },
        Value::Object(map) => {
            FoundMeta { state: MetaState::Present, wrapped, fields: Some(fields.at("meta", map)) }
        }
        Value::Null if wrapped => FoundMeta { state: asking.wrapped_null, wrapped, fields: None },
        // Said to be there, and kept back by this endpoint.
        Value::Null if fields.map.get("hasMeta") == Some(&Value::Bool(true)) => nothing(MetaState::NotSaid),
        Value::Null => nothing(asking.plain_null),
        _ => {
            fields.warn("meta", FieldProblem::WrongType);
            nothing(MetaState::NotSaid)
        }
    }
}

/// What was generated, and of what.
struct Generated {
    state: MetaState,
    generation: GenerationData,
    resources: Vec<ResourceUse>,
    remix_of: Option<ImageId>,
}

fn read_generated(fields: &Fields<'_>, found: FoundMeta<'_>, dialect: Dialect) -> Generated {
    let mut resources = Resources::default();
    let mut generation = GenerationData::default();
    let mut remix_of = None;
    if let Some(meta) = found.fields {
        generation = meta::read(&meta, &mut resources);
        let extra =
            meta.get("extra").filter(|extra| extra.value.is_object()).and_then(|extra| extra.object());
        remix_of = extra.and_then(|extra| extra.number("remixOfId", ImageId::new));
    }
    let source = match dialect {
        Dialect::Database => ResourceSources::ITEM_DATABASE,
        Dialect::Index | Dialect::VersionImage | Dialect::Document | Dialect::Picture => {
            ResourceSources::ITEM_INDEX
        }
    };
    fields.each("modelVersionIds", |id| {
        if let Some(version) = id.number(VersionId::new) {
            let kind = ResourceKind::Unknown;
            let resource = Resource { kind, name: None, hash: None, version: Some(version), air: None };
            resources.add(resource, None, source);
        }
    });
    if resources.overflowed() {
        fields.warn("meta", FieldProblem::TooMany);
    }
    Generated { state: found.state, generation, resources: resources.finish(), remix_of }
}
