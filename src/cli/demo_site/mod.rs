//! A miniature site on this machine: what `stemmata demo` crawls, so that the first minute needs no network.
//!
//! - In: the documents under `fixtures/api/demo`, all invented, or any others of the same form.
//! - Out: the site's API over loopback, as it is today: the listings with their filters, their three ways of paging
//!   and the items that these lose, single entities, look-ups by hash, `/enums`.
//! - Never: another interface than 127.0.0.1, a disk, a secret.

use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

mod check;
mod entities;
pub(crate) mod faults;
mod hashes;
mod listings;
pub(crate) mod paging;
mod query;

pub(crate) use query::Query;

use faults::Faults;
use paging::{Count, Scheme, by_cursor, by_number};

/// The bundled documents: a gzip file of NDJSON, models first.
const BUNDLED: &[u8] = include_bytes!("../../../fixtures/api/demo/site.ndjson.gz");

/// Below which path the API lives.
const API_PATH: &str = "/api/v1/";

/// Documents of a site, and how to answer questions about them.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// In the order served for `Newest`: the highest id first.
    images: Vec<Value>,
    /// The highest id first.
    models: Vec<Value>,
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Decoded.
    pub(crate) query: &'a Query,
    pub(crate) body: &'a [u8],
    /// Scheme, host and port, as the asker names them; links to further pages begin with it.
    pub(crate) origin: &'a str,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The JSON document.
    pub(crate) body: Value,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    fn error(status: u16, message: &str) -> Self {
        Self { status, body: json!({ "error": message }) }
    }
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

    /// Answers as the site does, which refuses what it does not understand.
    pub(crate) fn answer(&self, asked: &Asked<'_>) -> Answer {
        self.refusal(asked).unwrap_or_else(|| self.answer_by(asked, Scheme::of(asked)))
    }

    /// Answers without looking whether the site would; listings with cursors are paged by `scheme`.
    pub(crate) fn answer_by(&self, asked: &Asked<'_>, scheme: Scheme) -> Answer {
        let query = asked.query;
        match (asked.method, segments(asked.path).as_slice()) {
            (_, ["images"]) => self.image_page(asked, scheme),
            (_, ["models"]) => by_cursor(self.models(query), asked, scheme).body(listings::list_model),
            (_, ["creators"]) => by_number(self.creators(query), query, Count::Told),
            (_, ["tags"]) => by_number(self.tags(query), query, Count::Hidden),
            (_, ["enums"]) => Answer::ok(self.enums()),
            (_, ["models", id]) => found(self.model(id), "model", id),
            ("POST", ["model-versions", "by-hash"]) => self.versions_by_hashes(asked.body),
            ("POST", ["model-versions", "by-hash", "ids"]) => self.ids_by_hashes(asked.body),
            (_, ["model-versions", "by-hash", hash]) => found(self.version_by_hash(hash), "file", hash),
            (_, ["model-versions", "mini", id]) => found(self.mini(id), "version", id),
            (_, ["model-versions", id]) => found(self.version(id), "version", id),
            _ => Answer::error(404, "no such endpoint"),
        }
    }
}

/// Serves `world` on a free port of 127.0.0.1 until the task is aborted.
///
/// # Errors
///
/// When no port can be had.
pub(crate) async fn serve(world: World) -> io::Result<(SocketAddr, JoinHandle<io::Result<()>>)> {
    serve_with(world, None).await
}

/// The same, where a third of the requests fail, which ones and how by `seed`.
///
/// # Errors
///
/// When no port can be had.
pub(crate) async fn serve_failing(
    world: World,
    seed: u64,
) -> io::Result<(SocketAddr, JoinHandle<io::Result<()>>)> {
    serve_with(world, Some(Faults::new(seed))).await
}

async fn serve_with(
    world: World,
    faults: Option<Faults>,
) -> io::Result<(SocketAddr, JoinHandle<io::Result<()>>)> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let site = Arc::new((world, faults));
    let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        let (world, faults) = site.as_ref();
        let fault = faults.as_ref().and_then(Faults::next);
        std::future::ready(fault.unwrap_or_else(|| answered(world, &method, &uri, &headers, &body)))
    };
    let router = Router::new().fallback(handler);
    let task = tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((address, task))
}

fn answered(world: &World, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Response {
    let asked = Asked {
        method: method.as_str(),
        path: uri.path(),
        query: &Query::parse(uri.query().unwrap_or_default()),
        body,
        origin: &format!("http://{}", text(headers, &HOST)),
    };
    respond(&world.answer(&asked), text(headers, &IF_NONE_MATCH))
}

/// The validator of a body: the same for the same bytes.
pub(crate) fn etag(body: &[u8]) -> String {
    format!("W/\"{}\"", &blake3::hash(body).to_hex()[..16])
}

fn respond(answer: &Answer, known: &str) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = answer.body.to_string();
    let tag = etag(body.as_bytes());
    if status == StatusCode::OK && known == tag {
        return (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response();
    }
    let kind = "application/json".to_owned();
    (status, [(CONTENT_TYPE, kind), (ETAG, tag)], body).into_response()
}

fn text<'a>(headers: &'a HeaderMap, name: &axum::http::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The parts of a path below the API's base; one empty part for any other path.
fn segments(path: &str) -> Vec<&str> {
    path.strip_prefix(API_PATH).unwrap_or_default().trim_end_matches('/').split('/').collect()
}

fn found(document: Option<Value>, what: &str, name: &str) -> Answer {
    document.map_or_else(|| Answer::error(404, &format!("No {what} with id {name}")), Answer::ok)
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn id_of(document: &Value) -> u64 {
    document["id"].as_u64().unwrap_or(0)
}

fn has_id(document: &Value, id: &str) -> bool {
    id.parse().is_ok_and(|id: u64| id_of(document) == id)
}
