//! A miniature site on this machine: what `stemmata demo` crawls, so that the first minute needs no network.
//!
//! - In: the documents under `fixtures/api/demo`, all invented, or any others of the same form.
//! - Out: the site's API over loopback: `/images`, `/models`, `/creators`, `/tags`, `/models/{id}`,
//!   `/model-versions/{id}`, `/model-versions/by-hash/{hash}`, with its filters, cursors and page numbers.
//! - Never: another interface than 127.0.0.1, a disk, a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

/// The bundled documents: a gzip file of NDJSON, models first.
const BUNDLED: &[u8] = include_bytes!("../../fixtures/api/demo/site.ndjson.gz");

/// Below which path the API lives.
const API_PATH: &str = "/api/v1/";

/// Documents of a site, and how to answer questions about them.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// In the order served for `Newest`: the highest id first.
    images: Vec<Value>,
    models: Vec<Value>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The JSON document.
    pub(crate) body: Value,
}

impl World {
    /// The bundled miniature site.
    ///
    /// # Errors
    ///
    /// When the bundled file is damaged.
    pub(crate) fn bundled() -> io::Result<Self> {
        let mut text = String::new();
        GzDecoder::new(BUNDLED).read_to_string(&mut text)?;
        let documents = text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>();
        Ok(Self::new(documents.map_err(io::Error::other)?))
    }

    /// Takes documents as the API gives them: models have `modelVersions`, everything else is an image.
    pub(crate) fn new(documents: Vec<Value>) -> Self {
        let (mut models, mut images): (Vec<Value>, Vec<Value>) =
            documents.into_iter().partition(|document| document.get("modelVersions").is_some());
        models.sort_by_key(|model| std::cmp::Reverse(id_of(model)));
        images.sort_by_key(|image| std::cmp::Reverse(id_of(image)));
        Self { images, models }
    }

    /// Answers a request for `path` with decoded `query` parameters.
    pub(crate) fn answer(&self, path: &str, query: &Query) -> Answer {
        let segments: Vec<&str> =
            path.strip_prefix(API_PATH).unwrap_or_default().trim_end_matches('/').split('/').collect();
        match segments.as_slice() {
            ["images"] => cursor_page(self.images(query), query, 100),
            ["models"] => cursor_page(self.models(query), query, 100),
            ["creators"] => number_page(self.creators(query), query, Count::Told),
            ["tags"] => number_page(self.tags(query), query, Count::Hidden),
            ["models", id] => found(self.model(id), "model", id),
            ["model-versions", id] => found(self.version(|version| has_id(version, id)), "version", id),
            ["model-versions", "by-hash", hash] => {
                found(self.version(|version| has_hash(version, hash)), "file", hash)
            }
            _ => Answer { status: 404, body: json!({ "error": "no such endpoint" }) },
        }
    }

    fn images(&self, query: &Query) -> Vec<Value> {
        let version: Option<u64> = query.number("modelVersionId");
        let of_model: Option<BTreeSet<u64>> = query.number("modelId").map(|model| self.versions_of(model));
        let mask = query.number("browsingLevel").unwrap_or(1);
        let bases: Option<Vec<&str>> = query.get("baseModels").map(|names| names.split(',').collect());
        let mut images: Vec<Value> = self
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
                    && image["browsingLevel"].as_u64().is_none_or(|level| level & mask == level)
            })
            .cloned()
            .collect();
        match query.get("sort") {
            Some("Newest") => {}
            Some("Oldest") => images.reverse(),
            _ => images.sort_by_key(|image| std::cmp::Reverse(image["stats"]["likeCount"].as_u64())),
        }
        if query.get("withMeta") != Some("true") {
            images.iter_mut().for_each(|image| image["meta"] = Value::Null);
        }
        images
    }

    fn models(&self, query: &Query) -> Vec<Value> {
        let ids: Option<Vec<u64>> =
            query.get("ids").map(|ids| ids.split(',').filter_map(|id| id.parse().ok()).collect());
        let types = query.all("types");
        let bases = query.all("baseModels");
        let words = query.get("query").map(str::to_lowercase);
        let has_base = |model: &Value| {
            items(&model["modelVersions"])
                .iter()
                .any(|version| bases.iter().any(|base| version["baseModel"] == *base))
        };
        let name = |model: &Value| model["name"].as_str().unwrap_or_default().to_lowercase();
        let mut models: Vec<Value> = self
            .models
            .iter()
            .filter(|model| {
                ids.as_ref().is_none_or(|ids| ids.contains(&id_of(model)))
                    && (types.is_empty() || types.iter().any(|kind| model["type"] == *kind))
                    && (bases.is_empty() || has_base(model))
                    && query.get("username").is_none_or(|user| model["creator"]["username"] == user)
                    && query.get("tag").is_none_or(|tag| items(&model["tags"]).iter().any(|had| had == tag))
                    && words.as_ref().is_none_or(|words| name(model).contains(words))
            })
            .cloned()
            .collect();
        match query.get("sort") {
            Some("Newest") => {}
            Some("Oldest") => models.reverse(),
            _ => models.sort_by_key(|model| std::cmp::Reverse(model["stats"]["downloadCount"].as_u64())),
        }
        models
    }

    fn creators(&self, query: &Query) -> Vec<Value> {
        let names = self.models.iter().filter_map(|model| model["creator"]["username"].as_str());
        let part = query.get("query").unwrap_or_default().to_lowercase();
        let link = |name: &str| format!("https://civitai.com/api/v1/models?username={name}");
        counted(names)
            .into_iter()
            .filter(|(name, _)| name.to_lowercase().contains(&part))
            .map(|(name, count)| json!({ "username": name, "modelCount": count, "link": link(name) }))
            .collect()
    }

    fn tags(&self, query: &Query) -> Vec<Value> {
        let names = self.models.iter().flat_map(|model| items(&model["tags"])).filter_map(Value::as_str);
        let start = query.get("query").unwrap_or_default();
        let link = |name: &str| format!("https://civitai.com/api/v1/models?tag={name}");
        counted(names)
            .into_iter()
            .filter(|(name, _)| name.starts_with(start))
            .map(|(name, _)| json!({ "name": name, "link": link(name) }))
            .collect()
    }

    fn model(&self, id: &str) -> Option<Value> {
        self.models.iter().find(|model| has_id(model, id)).cloned()
    }

    /// The first version that satisfies `wanted`, as the endpoint for one version gives it.
    fn version(&self, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        for model in &self.models {
            let Some(version) = items(&model["modelVersions"]).iter().find(|version| wanted(version)) else {
                continue;
            };
            let mut version = version.as_object().cloned().unwrap_or_default();
            version.insert("modelId".to_owned(), model["id"].clone());
            let mut parent = Map::new();
            for key in ["name", "type", "nsfw", "poi"] {
                parent.insert(key.to_owned(), model[key].clone());
            }
            version.insert("model".to_owned(), Value::Object(parent));
            return Some(Value::Object(version));
        }
        None
    }

    fn versions_of(&self, model: u64) -> BTreeSet<u64> {
        let model = self.models.iter().find(|document| id_of(document) == model);
        model.map(|model| items(&model["modelVersions"]).iter().map(id_of).collect()).unwrap_or_default()
    }
}

/// The parameters of a request, decoded, in the order given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes the part of a URL behind the question mark.
    pub(crate) fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a parameter, if it is a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// Serves `world` on a free port of 127.0.0.1 until the task is aborted.
///
/// # Errors
///
/// When no port can be had.
pub(crate) async fn serve(world: World) -> io::Result<(SocketAddr, JoinHandle<io::Result<()>>)> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let world = Arc::new(world);
    let router = Router::new().fallback(move |uri: Uri| {
        let answer = world.answer(uri.path(), &Query::parse(uri.query().unwrap_or_default()));
        std::future::ready(respond(answer))
    });
    let task = tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((address, task))
}

fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, "application/json")], answer.body.to_string()).into_response()
}

/// A page of a listing by cursor: an offset, as the image index gives it.
fn cursor_page(items: Vec<Value>, query: &Query, default_limit: u64) -> Answer {
    let limit = query.number("limit").unwrap_or(default_limit).clamp(1, 200);
    let offset = query.get("cursor").map_or(Some(0), |cursor| cursor.split('|').next()?.parse::<u64>().ok());
    let Some(offset) = offset else {
        return Answer { status: 400, body: json!({ "error": { "message": "Invalid cursor" } }) };
    };
    let end = offset.saturating_add(limit);
    let metadata = if end < items.len() as u64 {
        json!({ "nextCursor": format!("{end}|1754611200000"), "pageSize": limit })
    } else {
        json!({ "pageSize": limit })
    };
    Answer { status: 200, body: json!({ "items": window(items, offset, limit), "metadata": metadata }) }
}

/// Whether a listing says how many pages it has.
#[derive(Clone, Copy)]
enum Count {
    Told,
    /// As `/tags`: no items on one page, whatever there is.
    Hidden,
}

/// A page of a listing by number.
fn number_page(items: Vec<Value>, query: &Query, count: Count) -> Answer {
    let limit = query.number("limit").unwrap_or(20).clamp(1, 200);
    let page = query.number("page").unwrap_or(1).max(1);
    let total = items.len() as u64;
    let (total, pages) = match count {
        Count::Told => (total, total.div_ceil(limit)),
        Count::Hidden => (0, 1),
    };
    let metadata =
        json!({ "totalItems": total, "currentPage": page, "pageSize": limit, "totalPages": pages });
    let items = window(items, (page - 1).saturating_mul(limit), limit);
    Answer { status: 200, body: json!({ "items": items, "metadata": metadata }) }
}

fn window(items: Vec<Value>, offset: u64, limit: u64) -> Vec<Value> {
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    items.into_iter().skip(offset).take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
}

fn found(document: Option<Value>, what: &str, name: &str) -> Answer {
    match document {
        Some(body) => Answer { status: 200, body },
        None => Answer { status: 404, body: json!({ "error": format!("No {what} with id {name}") }) },
    }
}

fn counted<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, u64> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn numbers(value: &Value) -> BTreeSet<u64> {
    items(value).iter().filter_map(Value::as_u64).collect()
}

fn id_of(document: &Value) -> u64 {
    document["id"].as_u64().unwrap_or(0)
}

fn has_id(document: &Value, id: &str) -> bool {
    id.parse().is_ok_and(|id: u64| id_of(document) == id)
}

fn has_hash(version: &Value, hash: &str) -> bool {
    let files = items(&version["files"]).iter().filter_map(|file| file["hashes"].as_object());
    let mut hashes = files.flat_map(Map::values).filter_map(Value::as_str);
    hashes.any(|stored| stored.eq_ignore_ascii_case(hash))
}
