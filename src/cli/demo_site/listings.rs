//! Which items a listing holds and in which order, and how an item looks in it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::paging::{Scheme, by_cursor};
use super::{Answer, Asked, Query, World, id_of, items};

/// Which of the site's code paths answers a listing of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImagePath {
    Index,
    Database,
}

impl ImagePath {
    pub(super) fn of(query: &Query) -> Self {
        let of_model = query.get("modelId").is_some() && query.get("modelVersionId").is_none();
        if of_model || query.get("imageId").is_some() { Self::Database } else { Self::Index }
    }
}

impl World {
    pub(super) fn image_page(&self, asked: &Asked<'_>, scheme: Scheme) -> Answer {
        let query = asked.query;
        let with_meta = query.says_yes("withMeta");
        let wraps = match query.get("flatMeta") {
            Some(_) => !query.says_yes("flatMeta"),
            None => ImagePath::of(query) == ImagePath::Database,
        };
        by_cursor(self.images(query), asked, scheme).body(|image| {
            let mut image = image.clone();
            if !with_meta {
                image["meta"] = Value::Null;
            }
            if wraps {
                image["meta"] = json!({ "id": image["id"], "meta": image["meta"] });
            }
            image
        })
    }

    fn images(&self, query: &Query) -> Vec<&Value> {
        let version: Option<u64> = query.number("modelVersionId");
        let of_model: Option<BTreeSet<u64>> = query.number("modelId").map(|model| self.versions_of(model));
        let mask = browsing_mask(query);
        let bases: Option<Vec<&str>> = query.get("baseModels").map(|names| names.split(',').collect());
        let tags = query.numbers("tags");
        let since = since(query, self.images.iter().filter_map(|image| image["createdAt"].as_str()).max());
        let mut images: Vec<&Value> = self
            .images
            .iter()
            .filter(|image| {
                let linked = numbers(&image["modelVersionIds"]);
                version.is_none_or(|version| linked.contains(&version))
                    && of_model.as_ref().is_none_or(|versions| !versions.is_disjoint(&linked))
                    && query.number("imageId").is_none_or(|id| id_of(image) == id)
                    && query.number("postId").is_none_or(|post| image["postId"].as_u64() == Some(post))
                    && query.get("username").is_none_or(|name| image["username"] == name)
                    && query.get("type").is_none_or(|kind| image["type"] == kind)
                    && bases.as_ref().is_none_or(|bases| bases.iter().any(|base| image["baseModel"] == *base))
                    && tags.as_ref().is_none_or(|tags| has_tag(image, tags))
                    && since.is_none_or(|since| is_since(&image["createdAt"], since))
                    && image["browsingLevel"].as_u64().is_none_or(|level| level & mask == level)
            })
            .collect();
        match query.get("sort") {
            Some("Newest") => {}
            Some("Oldest") => images.reverse(),
            // The database knows no reactions.
            _ if ImagePath::of(query) == ImagePath::Database => {}
            _ => images.sort_by_key(|image| Reverse(image["stats"]["likeCount"].as_u64())),
        }
        images
    }

    pub(super) fn models(&self, query: &Query) -> Vec<&Value> {
        let ids = query.numbers("ids");
        let versions = query.numbers("modelVersionIds");
        let (types, bases) = (query.all("types"), query.all("baseModels"));
        let words = query.get("query").map(str::to_lowercase);
        let tag = query.get("tag").filter(|tag| self.models.iter().any(|model| is_tagged(model, tag)));
        let since = since(query, self.models.iter().filter_map(published_at).max());
        let has_version = |model: &Value, wanted: &dyn Fn(&Value) -> bool| {
            items(&model["modelVersions"]).iter().any(wanted)
        };
        let name = |model: &Value| model["name"].as_str().unwrap_or_default().to_lowercase();
        let archived = query.get("archived").is_some_and(|text| !text.is_empty());
        let mut models: Vec<&Value> = self
            .models
            .iter()
            .filter(|model| {
                ids.as_ref().is_none_or(|ids| ids.contains(&id_of(model)))
                    && versions
                        .as_ref()
                        .is_none_or(|ids| has_version(model, &|version| ids.contains(&id_of(version))))
                    && (types.is_empty() || types.iter().any(|kind| model["type"] == *kind))
                    && (bases.is_empty()
                        || has_version(model, &|version| {
                            bases.iter().any(|base| version["baseModel"] == *base)
                        }))
                    && query.get("username").is_none_or(|user| has_creator(model, user))
                    && tag.is_none_or(|tag| is_tagged(model, tag))
                    && words.as_ref().is_none_or(|words| name(model).contains(words))
                    && since
                        .is_none_or(|since| published_at(model).is_some_and(|at| is_since(&json!(at), since)))
                    && (archived || model["mode"] != "Archived")
                    && (query.says_yes("nsfw") || model["nsfw"] != true)
            })
            .collect();
        match query.get("sort") {
            Some("Newest") => models.sort_by_key(|model| Reverse((published_at(model), id_of(model)))),
            Some("Oldest") => models.sort_by_key(|model| (published_at(model), id_of(model))),
            _ => {
                models.sort_by_key(|model| (Reverse(model["stats"]["downloadCount"].as_u64()), id_of(model)));
            }
        }
        models
    }

    pub(super) fn creators(&self, query: &Query) -> Vec<Value> {
        let names = self.models.iter().filter_map(|model| model["creator"]["username"].as_str());
        let part = query.get("query").unwrap_or_default().to_lowercase();
        let link = |name: &str| format!("https://civitai.com/api/v1/models?username={name}");
        counted(names)
            .into_iter()
            .filter(|(name, _)| name.to_lowercase().contains(&part))
            .map(|(name, count)| json!({ "username": name, "modelCount": count, "link": link(name) }))
            .collect()
    }

    pub(super) fn tags(&self, query: &Query) -> Vec<Value> {
        let names = self.models.iter().flat_map(|model| items(&model["tags"])).filter_map(Value::as_str);
        let start = query.get("query").unwrap_or_default();
        let link = |name: &str| format!("https://civitai.com/api/v1/models?tag={name}");
        counted(names)
            .into_iter()
            .filter(|(name, _)| name.starts_with(start))
            .map(|(name, _)| json!({ "name": name, "link": link(name) }))
            .collect()
    }

    fn versions_of(&self, model: u64) -> BTreeSet<u64> {
        let model = self.models.iter().find(|document| id_of(document) == model);
        model.map(|model| items(&model["modelVersions"]).iter().map(id_of).collect()).unwrap_or_default()
    }
}

/// A model as the listing gives it: its versions do not say whose they are.
pub(super) fn list_model(model: &Value) -> Value {
    let mut model = model.clone();
    for version in model["modelVersions"].as_array_mut().into_iter().flatten() {
        if let Some(version) = version.as_object_mut() {
            version.remove("modelId");
        }
    }
    model
}

/// The date of a model's last version.
pub(super) fn published_at(model: &Value) -> Option<&str> {
    items(&model["modelVersions"]).iter().filter_map(|version| version["publishedAt"].as_str()).max()
}

/// Names as the site compares them: without case, blanks and punctuation.
pub(super) fn slug(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

pub(super) fn has_creator(model: &Value, name: &str) -> bool {
    model["creator"]["username"].as_str().is_some_and(|had| slug(had) == slug(name))
}

fn is_tagged(model: &Value, tag: &str) -> bool {
    items(&model["tags"]).iter().filter_map(Value::as_str).any(|had| had.to_lowercase() == tag.to_lowercase())
}

fn has_tag(image: &Value, wanted: &[u64]) -> bool {
    items(&image["tags"]).iter().any(|tag| wanted.contains(&id_of(tag)))
}

/// The maturity bits that a query selects; `browsingLevel` wins over `nsfw`.
fn browsing_mask(query: &Query) -> u64 {
    if let Some(levels) = query.number("browsingLevel") {
        return levels & 31;
    }
    match query.get("nsfw").map(str::to_lowercase).as_deref() {
        Some("soft") => 3,
        Some("mature") => 7,
        Some("x") => 31,
        Some("true") => 28,
        _ => 1,
    }
}

/// From when on items of the period in `query` are, where the newest item is of `newest`.
fn since(query: &Query, newest: Option<&str>) -> Option<Timestamp> {
    let days = match query.get("period")? {
        "Day" => 1,
        "Week" => 7,
        "Month" => 30,
        "Year" => 365,
        _ => return None,
    };
    let newest: Timestamp = newest?.parse().ok()?;
    newest.checked_sub(jiff::SignedDuration::from_hours(24 * days)).ok()
}

fn is_since(date: &Value, since: Timestamp) -> bool {
    date.as_str().and_then(|date| date.parse::<Timestamp>().ok()).is_some_and(|date| date >= since)
}

fn counted<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, u64> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

fn numbers(value: &Value) -> BTreeSet<u64> {
    items(value).iter().filter_map(Value::as_u64).collect()
}
