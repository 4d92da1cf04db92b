use serde_json::json;

use super::*;
use crate::entity::{
    Dialect, Image, ImageName, MediaIdentity, MediaType, MetaState, NsfwLevel, VersionRelation,
};

mod hostile;
mod publications;

const KEY: &str = "0a1b2c3d-1111-4222-8333-444455556666";

fn context(meta_request: MetaRequest) -> Context<'static> {
    Context {
        kind: None,
        meta_request,
        returned_for: None,
        dialect: None,
        document: b"notes/a b.json",
        position: 0,
    }
}

#[track_caller]
fn converted(value: &Value) -> Converted {
    convert(&value.to_string(), &context(MetaRequest::Unknown)).expect("an item")
}

#[track_caller]
fn image_with(value: &Value, context: &Context<'_>) -> Image {
    match convert(&value.to_string(), context).expect("an item").item {
        Item::Image(image) => *image,
        other => unreachable!("a {} instead of an image", other.kind()),
    }
}

#[track_caller]
fn image(value: &Value) -> Image {
    image_with(value, &context(MetaRequest::Unknown))
}

fn site_url(file: &str) -> String {
    format!("https://image.civitai.com/account/{KEY}/original=true/{file}")
}

/// An item of the index dialect with every field that one can have.
fn whole_item() -> Value {
    json!({
        "id": 501, "url": site_url("x.jpeg"), "hash": "U9A1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tUvWx",
        "width": 832, "height": 1216, "type": "image", "nsfw": false, "nsfwLevel": "None", "browsingLevel": 1,
        "createdAt": "2026-01-02T03:04:05.678Z", "postId": 77, "username": "ann", "baseModel": "SDXL 1.0SDXL 1.0",
        "modelVersionIds": [9001, 9002], "tags": [{"id": 1, "name": "kite"}, "sky"], "remixOfId": 33,
        "stats": {"cryCount": 1, "laughCount": 2, "likeCount": 3, "dislikeCount": 0, "heartCount": 4, "commentCount": 5},
        "meta": {"prompt": "a red kite", "steps": 20, "hashes": {"model": "aabbccddee"}}
    })
}

fn warnings(value: &Value) -> Vec<(String, FieldProblem)> {
    let found = converted(value).warnings.into_iter();
    found.map(|warning| (warning.field, warning.problem)).collect()
}

fn level(bits: u32) -> Option<NsfwLevel> {
    Some(NsfwLevel::from_bits(bits))
}

#[test]
fn an_item_of_the_index_is_read_whole() {
    let read = converted(&whole_item());
    assert_eq!(read.warnings, []);
    let image = image(&whole_item());
    assert_eq!(image.name.to_string(), "501");
    assert_eq!(image.dialect, Dialect::Index);
    assert_eq!(image.media.identity.to_string(), format!("civitai-media:{KEY}"));
    assert_eq!((image.media.width, image.media.height), (Some(832), Some(1216)));
    assert_eq!(image.media_type, Some(MediaType::Image));
    assert_eq!(image.created_at.map(|time| time.to_string()).as_deref(), Some("2026-01-02T03:04:05.678Z"));
    assert_eq!(image.published_at, image.created_at);
    assert_eq!(image.post.map(|post| post.get()), Some(77));
    assert_eq!(image.username.as_deref(), Some("ann"));
    assert_eq!(image.base_model.as_deref(), Some("SDXL 1.0SDXL 1.0"));
    assert_eq!(image.stats.expect("stats").reactions(), 10);
    assert_eq!(image.tags, ["kite", "sky"]);
    assert_eq!(image.remix_of.map(|id| id.get()), Some(33));
    assert_eq!(image.meta, MetaState::Present);
    assert_eq!(image.generation.steps, Some(20));
    assert_eq!(image.resources.len(), 3);
    assert_eq!(image.resources[1].sources.names().collect::<Vec<_>>(), ["modelVersionIds (index)"]);
}

#[test]
fn wrapped_metadata_is_of_the_database() {
    let mut item = whole_item();
    item["meta"] = json!({"id": 501, "meta": {"prompt": "a red kite"}});
    item["username"] = json!("unknown");
    let read = image(&item);
    assert_eq!(read.dialect, Dialect::Database);
    assert_eq!(read.generation.prompt.as_deref(), Some("a red kite"));
    assert_eq!(read.published_at, None, "the database path says when the row was made");
    assert!(read.created_at.is_some());
    assert_eq!(read.username.as_deref(), Some("unknown"), "only the index puts a word for nobody");
    assert_eq!(read.resources[0].sources.names().collect::<Vec<_>>(), ["modelVersionIds (database)"]);
}

#[test]
fn metadata_is_unwrapped_at_most_twice_and_only_when_it_is_a_wrapping() {
    let prompt = |meta: Value| image(&json!({"id": 5, "url": site_url("x"), "meta": meta})).generation.prompt;
    let flat = json!({"prompt": "x"});
    assert_eq!(prompt(json!({"meta": flat})).as_deref(), Some("x"));
    assert_eq!(prompt(json!({"id": 9, "meta": flat})).as_deref(), Some("x"));
    assert_eq!(prompt(json!({"id": 5, "nsfw": 1, "meta": flat})).as_deref(), Some("x"));
    assert_eq!(prompt(json!({"id": 5, "meta": {"id": 5, "meta": flat}})).as_deref(), Some("x"));
    assert_eq!(prompt(json!({"prompt": "y", "meta": flat})).as_deref(), Some("y"));
}

#[test]
fn metadata_that_was_written_as_text_is_read() {
    let item = |meta: &str| json!({"id": 5, "url": site_url("x"), "meta": meta});
    let read = image(&item(r#" {"prompt": "a red kite", "steps": "20"}"#));
    assert_eq!((read.meta, read.generation.steps), (MetaState::Present, Some(20)));
    assert_eq!(image(&item("{}")).meta, MetaState::Null);
    let damaged = item(r#"{"prompt": "kite \ud83d"}"#);
    assert_eq!(image(&damaged).generation.prompt.as_deref(), Some("kite \u{fffd}"));
    assert_eq!(warnings(&damaged), [("meta.prompt".to_owned(), FieldProblem::BadCharacter)]);
    for text in ["{", "kite", "[1]", ""] {
        assert_eq!(warnings(&item(text)), [("meta".to_owned(), FieldProblem::WrongType)], "{text}");
    }
}

#[test]
fn a_missing_answer_depends_on_whether_it_was_asked_for() {
    let state = |meta: Value, asked| {
        let item = json!({"id": 5, "url": site_url("x"), "meta": meta});
        image_with(&item, &context(asked)).meta
    };
    assert_eq!(state(Value::Null, MetaRequest::Asked), MetaState::Null);
    assert_eq!(state(Value::Null, MetaRequest::NotAsked), MetaState::NotSaid);
    assert_eq!(state(Value::Null, MetaRequest::Unknown), MetaState::NotSaid);
    assert_eq!(state(json!({"id": 5, "meta": null}), MetaRequest::Unknown), MetaState::Null);
    assert_eq!(state(json!({}), MetaRequest::Asked), MetaState::Null);
    assert_eq!(state(json!("text"), MetaRequest::Asked), MetaState::NotSaid);
    assert_eq!(image(&json!({"id": 5, "url": site_url("x")})).meta, MetaState::NotSaid);
}

#[test]
fn hidden_metadata_is_not_read_even_when_it_is_there() {
    let read = image(&json!({"id": 5, "url": site_url("x"), "hasMeta": false, "meta": {"prompt": "secret"}}));
    assert_eq!(read.meta, MetaState::Hidden);
    assert!(read.generation.is_empty() && read.resources.is_empty());
}

#[test]
fn maturity_of_every_era_is_a_bitmask() {
    let read = |more: Value| {
        let mut item = json!({"id": 5, "url": site_url("x")});
        for (key, value) in more.as_object().expect("an object") {
            item[key] = value.clone();
        }
        image(&item).nsfw_level
    };
    assert_eq!(read(json!({"nsfwLevel": "Soft", "browsingLevel": 4, "nsfw": true})), level(4));
    assert_eq!(read(json!({"nsfwLevel": "Mature", "browsingLevel": "?"})), level(4));
    assert_eq!(read(json!({"nsfwLevel": 16})), level(16));
    assert_eq!(read(json!({"nsfwLevel": "8"})), level(8));
    assert_eq!(read(json!({"nsfwLevel": "Blocked"})), level(32));
    assert_eq!(read(json!({"nsfw": "X"})), level(8));
    assert_eq!(read(json!({"nsfw": false})), level(1));
    assert_eq!(read(json!({"nsfw": true})), level(28));
    assert_eq!(read(json!({"browsingLevel": 0})), level(0));
    assert_eq!(read(json!({})), None);
}

#[test]
fn an_image_without_id_is_named_by_its_url() {
    assert_eq!(
        image(&json!({"url": site_url("501.jpeg")})).name,
        ImageName::Url(format!("civitai-media:{KEY}"))
    );
    let foreign = image(&json!({"url": "https://Example.org/501.png?x", "hash": null}));
    assert_eq!(foreign.name, ImageName::Url("https://example.org/501.png".to_owned()));
    assert_eq!(foreign.url.as_deref(), Some("https://Example.org/501.png?x"));
}

#[test]
fn an_image_without_url_is_known_by_its_id() {
    let read = image(&json!({"id": "501", "url": null, "postId": 7.0}));
    assert_eq!(read.name.to_string(), "501");
    assert_eq!(read.media.identity, MediaIdentity::Url("civitai-image:501".to_owned()));
    assert_eq!(read.post.map(|post| post.get()), Some(7));
}

#[test]
fn the_version_asked_for_is_evidence_of_its_own() {
    let mut asked = context(MetaRequest::Asked);
    asked.returned_for = VersionId::new(9001);
    let read = image_with(&whole_item(), &asked);
    assert_eq!(read.posted_for.len(), 1);
    assert_eq!(read.posted_for[0].relation, VersionRelation::Returned);
}

#[test]
fn a_record_of_a_version_image_keeps_its_surroundings() {
    let read = image(&json!({
        "modelId": 5, "modelType": "LORA", "modelVersionId": 7, "baseModel": "SD 1.5",
        "image": {"url": site_url("501.jpeg"), "nsfw": "Soft", "width": 10, "height": 20, "hash": "U", "meta": null}
    }));
    assert_eq!(read.name.to_string(), "501");
    assert_eq!(read.dialect, Dialect::VersionImage);
    assert_eq!(read.base_model.as_deref(), Some("SD 1.5"));
    assert_eq!(read.posted_for[0].version.get(), 7);
    assert_eq!(read.posted_for[0].relation, VersionRelation::Posted);
    assert_eq!(read.nsfw_level, level(2));
}

#[test]
fn bare_generation_data_is_an_image_named_by_its_document() {
    for bare in [json!({"meta": {"prompt": "x"}, "generation": {}}), json!({"prompt": "x", "steps": 3})] {
        let read = image(&bare);
        assert_eq!(read.name, ImageName::Path(b"notes/a b.json".to_vec()));
        assert_eq!(read.media.identity, MediaIdentity::Url("document:notes/a%20b.json".to_owned()));
        assert_eq!(read.dialect, Dialect::Document);
        assert_eq!(read.meta, MetaState::Present);
        assert_eq!(read.generation.prompt.as_deref(), Some("x"));
    }
    let second = Context { position: 2, ..context(MetaRequest::Unknown) };
    let read = image_with(&json!({"prompt": "x"}), &second);
    assert_eq!(read.name, ImageName::Path(b"notes/a b.json#2".to_vec()));
    assert_eq!(read.media.identity, MediaIdentity::Url("document:notes/a%20b.json%232".to_owned()));
}

#[test]
fn what_is_no_item_says_why() {
    let error = |text: &str| convert(text, &context(MetaRequest::Unknown)).expect_err("no item");
    assert_eq!(error("[]"), ItemError::NotAnObject);
    assert_eq!(error("{}"), ItemError::Unrecognised);
    assert_eq!(error(r#"{"id":1,"name":"a file","sizeKB":3}"#), ItemError::Unrecognised);
    assert_eq!(error(r#"{"url":7}"#), ItemError::NoIdentity { kind: ItemKind::Image });
    assert_eq!(
        error(r#"{"modelVersionId":7,"modelId":5,"hash":"AB"}"#),
        ItemError::HashAnswer { version: 7 }
    );
    assert!(matches!(error(r#"{"id":1,,}"#), ItemError::Syntax { line: 1, .. }));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
    assert_eq!(error(&deep), ItemError::TooDeep);
    let long = format!("{{\"prompt\":\"{}\"}}", "x".repeat(MAX_ITEM_BYTES));
    assert!(matches!(error(&long), ItemError::TooLarge { .. }));
}
