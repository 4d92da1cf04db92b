//! How the same items looked at other times and on other paths of the site.

use serde_json::{Map, Value, json};

use super::super::demo_site::paging::{Boundary, Scheme};
use super::super::demo_site::{Answer, Asked, Query, World};

/// A time, and for today one of the two image indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// Numbers for cursors, and null for those that no number can say; `meta` without being asked for; no word of
    /// versions; pictures of versions with generation data.
    July2023,
    /// Texts for cursors, maturity in bits, a base model.
    June2024,
    /// The image index: offsets for cursors, and `withMeta=true` hides what has no generation data.
    October2024,
    /// Whatever the documents say.
    Today,
    /// The other image index of today: its cursors hold JSON, its times whole seconds.
    TodayAlternate,
}

/// Keys of an image that came after an era.
const SINCE_JUNE_2024: &[&str] = &["modelVersionIds", "type"];
const SINCE_JULY_2023: &[&str] = &["modelVersionIds", "type", "baseModel", "browsingLevel"];

impl Era {
    /// The answer as it was then; `None` where it differs in nothing but its items.
    pub(super) fn page(self, world: &World, asked: &Asked<'_>) -> Option<Answer> {
        let kind = asked.path.rsplit('/').next()?;
        let is_newest = asked.query.get("sort") == Some("Newest");
        match (self, kind) {
            (Self::July2023 | Self::June2024, "images") => {
                let query = with(asked.query, "withMeta", "true");
                let mut answer =
                    world.answer_by(&Asked { query: &query, ..*asked }, Scheme::Id(Boundary::Kept));
                let metadata = &mut answer.body["metadata"];
                let cursor = metadata["nextCursor"].take();
                if self == Self::June2024 && is_newest && !cursor.is_null() {
                    metadata["nextCursor"] = json!(cursor.to_string());
                } else if self == Self::July2023 && is_newest {
                    metadata["nextCursor"] = cursor;
                } else if self == Self::June2024 {
                    metadata.as_object_mut()?.remove("nextCursor");
                }
                Some(answer)
            }
            (Self::October2024 | Self::TodayAlternate, "images") => {
                let mut answer = world.answer_by(&plain(asked, &plain_query(asked.query)), Scheme::Offset);
                if let (Self::TodayAlternate, Some(cursor)) =
                    (self, answer.body["metadata"]["nextCursor"].as_str())
                {
                    let (offset, _) = cursor.split_once('|')?;
                    answer.body["metadata"]["nextCursor"] =
                        json!(format!("{offset}|bdx:{{\"shard\":\"b c\",\"at\":[7]}}"));
                }
                Some(answer)
            }
            _ => None,
        }
    }

    /// Makes an image of today one of this era.
    pub(super) fn dress_image(self, image: &mut Value) {
        let width = image["width"].as_u64().unwrap_or(450);
        let Some(object) = image.as_object_mut() else { return };
        match self {
            Self::July2023 => forget(object, SINCE_JULY_2023),
            Self::June2024 | Self::October2024 => forget(object, SINCE_JUNE_2024),
            Self::Today => return,
            Self::TodayAlternate => {
                if let Some((seconds, _)) = object["createdAt"].as_str().and_then(|text| text.split_once('.'))
                {
                    object["createdAt"] = json!(format!("{seconds}Z"));
                }
                if object.get("username").is_some_and(Value::is_null) {
                    object.remove("username");
                }
                return;
            }
        }
        widen(object, width);
    }

    /// Makes a model of today one of this era.
    pub(super) fn dress_model(self, model: &mut Value) {
        let id = model["id"].clone();
        match self {
            Self::July2023 => {
                model["allowCommercialUse"] = json!("Sell");
                model["mode"] = Value::Null;
                model["stats"] =
                    json!({ "downloadCount": 7, "favoriteCount": 3, "ratingCount": 2, "rating": 4.5 });
            }
            Self::June2024 | Self::October2024 => model["allowCommercialUse"] = json!(["Image", "Rent"]),
            Self::Today | Self::TodayAlternate => return,
        }
        for version in model["modelVersions"].as_array_mut().into_iter().flatten() {
            if self == Self::July2023 {
                version["modelId"] = id.clone();
                version["earlyAccessTimeFrame"] = json!(0);
                version["createdAt"] = version["publishedAt"].clone();
                version["updatedAt"] = version["publishedAt"].clone();
            }
            for image in version["images"].as_array_mut().into_iter().flatten() {
                self.dress_version_image(image);
            }
        }
    }

    fn dress_version_image(self, image: &mut Value) {
        let Some(object) = image.as_object_mut() else { return };
        forget(object, &["hasPositivePrompt", "remixOfId", "minor", "poi"]);
        widen(object, 450);
        if self == Self::July2023 {
            forget(object, &["nsfwLevel", "hasMeta", "onSite", "type"]);
            object.insert("nsfw".to_owned(), json!("None"));
            object.entry("meta").or_insert(json!({ "prompt": "a red kite", "seed": 11, "steps": 20 }));
        }
    }
}

fn forget(object: &mut Map<String, Value>, keys: &[&str]) {
    keys.iter().for_each(|key| drop(object.remove(*key)));
}

/// URLs named a width until September 2025.
fn widen(object: &mut Map<String, Value>, width: u64) {
    if let Some(url) = object.get("url").and_then(Value::as_str) {
        object["url"] = json!(url.replace("original=true", &format!("width={width}")));
    }
}

fn with(query: &Query, name: &str, value: &str) -> Query {
    let pairs = query.pairs().iter().filter(|(known, _)| known != name);
    let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str())).chain([(name, value)]);
    Query::parse(&url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// The query whose cursor is an offset and nothing more.
fn plain_query(query: &Query) -> Query {
    let offset = query.get("cursor").and_then(|cursor| cursor.split('|').next());
    offset.map_or_else(|| query.clone(), |offset| with(query, "cursor", offset))
}

fn plain<'a>(asked: &Asked<'a>, query: &'a Query) -> Asked<'a> {
    Asked { query, ..*asked }
}
