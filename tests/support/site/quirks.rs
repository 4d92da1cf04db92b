//! What differs between the site's code paths, times and moods, and how a request is answered with it.

use serde_json::{Value, json};

use super::super::demo_site::paging::{Boundary, Scheme, next_page};
use super::super::demo_site::{Answer, Asked, Query, World, etag};
use super::era::Era;
use super::media;
use super::wire::{Reply, Request};

/// How the site writes the cursors of its listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cursors {
    /// `20|1754611200000`: the image index.
    OffsetAndTime,
    /// `20|bdx:{"a":"b c"}`: the alternate image index.
    OffsetAndJson,
    /// `2024-05-06 07:08:09|3|20`: models, as an offset.
    Bars,
    /// A JSON number: the database path. The id of the first image that was not returned; for anything that is not
    /// ordered by id, an offset.
    Number,
    /// What the site does today, path by path, and it refuses what it does not understand: unknown names, limits out
    /// of range, page numbers too high. Descending lists of the database, and models by date, lose the item
    /// that the cursor names.
    AsTheSite,
}

/// What differs between the site's code paths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quirks {
    pub(crate) cursors: Cursors,
    /// How items look, and with another than [`Era::Today`] also how images are paged.
    pub(crate) era: Era,
    /// Whether the item that a cursor names is skipped, as for descending listings of the database path.
    /// [`Cursors::AsTheSite`] knows by itself.
    pub(crate) loses_boundary_items: bool,
    /// Whether `meta` comes as `{id, meta}` unless `flatMeta=true` is asked for.
    pub(crate) wraps_meta: bool,
    /// Whether the index tells the day of publication, a day after the database's, and the base models of all
    /// checkpoints in one word.
    pub(crate) paths_differ: bool,
    /// Filters that are accepted and ignored.
    pub(crate) ignored_parameter: Option<&'static str>,
    /// How many items of the image index can be reached: the page that reaches so far has no cursor.
    pub(crate) depth_limit: Option<u64>,
    /// Whether `/creators` has no order: the last of a page is the first of the next, and another is skipped.
    pub(crate) shuffles_creators: bool,
    /// Whether answers carry `ETag` and `Last-Modified`, and questions with them may get 304.
    pub(crate) validates: bool,
    /// Whether `nextPage` holds the key, even one that came in a header.
    pub(crate) echoes_token: bool,
    /// Pages of more items than this are padded to this many bytes.
    pub(crate) oversized_above: Option<(u64, usize)>,
    /// The image of this id has this many bytes of graph.
    pub(crate) huge_item: Option<(u64, usize)>,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            cursors: Cursors::OffsetAndTime,
            era: Era::Today,
            loses_boundary_items: false,
            wraps_meta: false,
            paths_differ: false,
            ignored_parameter: None,
            depth_limit: None,
            shuffles_creators: false,
            validates: true,
            echoes_token: false,
            oversized_above: None,
            huge_item: None,
        }
    }
}

/// What a request meets.
pub(super) struct Answering<'a> {
    pub(super) quirks: &'a Quirks,
    pub(super) world: &'a World,
    /// How often the world has changed.
    pub(super) revision: u64,
}

impl Answering<'_> {
    /// The proper answer.
    pub(super) fn reply(&self, request: &Request) -> Reply {
        if let Some(picture) = media::reply(request) {
            return picture;
        }
        let Answer { status, body } = self.document(request);
        let reply = self.padded(Reply::json(status, &body), request);
        if status != 200 || !self.quirks.validates {
            return reply.compressed_for(request);
        }
        let (tag, changed) = (etag(&reply.body), self.last_modified());
        let is_known = match request.header("if-none-match") {
            Some(known) => known == tag,
            None => request.header("if-modified-since") == Some(changed.as_str()),
        };
        let reply = if is_known { Reply::text(304, "") } else { reply.compressed_for(request) };
        reply.with("ETag", tag).with("Last-Modified", changed)
    }

    /// The document of the proper answer, quirks included.
    pub(super) fn document(&self, request: &Request) -> Answer {
        let kept = self.kept(request);
        let query = Query::parse(&kept);
        let origin = format!("http://{}", request.header("host").unwrap_or_default());
        let asked = Asked {
            method: &request.method,
            path: &request.path,
            query: &query,
            body: &request.body,
            origin: &origin,
        };
        let mut answer = match self.quirks.era.page(self.world, &asked) {
            Some(answer) => answer,
            None if self.quirks.cursors == Cursors::AsTheSite => self.world.answer(&asked),
            None => self.answer_otherwise(&asked),
        };
        if request.path.ends_with("/images") {
            self.change_images(&asked, &mut answer.body);
        }
        if request.path.contains("/models") {
            self.change_models(&mut answer.body);
        }
        if self.quirks.shuffles_creators && request.path.ends_with("/creators") {
            self.shuffle(&asked, &mut answer);
        }
        if self.quirks.echoes_token
            && let Some(key) = request.header("authorization").and_then(|text| text.strip_prefix("Bearer "))
            && let Some(link) = answer.body["metadata"]["nextPage"].as_str()
        {
            answer.body["metadata"]["nextPage"] = json!(format!("{link}&token={key}"));
        }
        answer
    }

    /// The query without what is ignored.
    fn kept(&self, request: &Request) -> String {
        let query = Query::parse(&request.query);
        let kept =
            query.pairs().iter().filter(|(name, _)| Some(name.as_str()) != self.quirks.ignored_parameter);
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }

    /// The answer with cursors in the form of the quirk.
    fn answer_otherwise(&self, asked: &Asked<'_>) -> Answer {
        let is_by_id = asked.path.ends_with("/images")
            && (matches!(asked.query.get("sort"), Some("Newest" | "Oldest"))
                || asked.query.get("imageId").is_some());
        if self.quirks.cursors == Cursors::Number && is_by_id {
            let lost = if self.quirks.loses_boundary_items { Boundary::Lost } else { Boundary::Kept };
            return self.world.answer_by(asked, Scheme::Id(lost));
        }
        let mut pairs = asked.query.pairs().to_vec();
        for (name, value) in &mut pairs {
            if name == "cursor" {
                let Some(offset) = read_cursor(self.quirks, value) else {
                    let body = json!({ "error": { "name": "ZodError", "message": "Invalid cursor" } });
                    return Answer { status: 400, body };
                };
                *value = offset.to_string();
            }
        }
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let query = Query::parse(&encoded);
        let mut answer = self.world.answer_by(&Asked { query: &query, ..*asked }, Scheme::Offset);
        if let Some(offset) = offset_of(&answer.body) {
            let cursor = write_cursor(self.quirks.cursors, offset);
            answer.body["metadata"]["nextPage"] = json!(next_page(asked, &cursor));
            answer.body["metadata"]["nextCursor"] = cursor;
        }
        answer
    }

    fn change_images(&self, asked: &Asked<'_>, body: &mut Value) {
        if let (Some(depth), Some(offset)) = (self.quirks.depth_limit, offset_of(body))
            && offset >= depth
            && let Some(metadata) = body["metadata"].as_object_mut()
        {
            metadata.remove("nextCursor");
            metadata.remove("nextPage");
        }
        let hides = self.quirks.era == Era::October2024 && asked.query.get("withMeta") == Some("true");
        let Some(items) = body.get_mut("items").and_then(Value::as_array_mut) else { return };
        items.retain(|item| !hides || !item["meta"].is_null());
        for item in items {
            self.quirks.era.dress_image(item);
            if self.quirks.paths_differ && !is_of_database(asked) {
                as_published(item);
            }
            if let Some((id, bytes)) = self.quirks.huge_item
                && item["id"] == id
            {
                item["meta"]["comfy"] = json!("x".repeat(bytes));
            }
            if self.quirks.wraps_meta && asked.query.get("flatMeta") != Some("true") {
                item["meta"] = json!({ "id": item["id"], "meta": item["meta"] });
            }
        }
    }

    fn change_models(&self, body: &mut Value) {
        if body["modelVersions"].is_array() {
            self.quirks.era.dress_model(body);
        }
        for model in body.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
            self.quirks.era.dress_model(model);
        }
    }

    /// From the second page on, begins with the last item of the page before instead of its own first.
    fn shuffle(&self, asked: &Asked<'_>, answer: &mut Answer) {
        let page = asked.query.number("page").unwrap_or(1);
        if page < 2 || answer.body["items"].as_array().is_none_or(Vec::is_empty) {
            return;
        }
        let pairs = asked.query.pairs().iter().map(|(name, value)| {
            let value = if name == "page" { (page - 1).to_string() } else { value.clone() };
            (name.clone(), value)
        });
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let query = Query::parse(&encoded);
        let before = self.world.answer_by(&Asked { query: &query, ..*asked }, Scheme::Offset);
        if let Some(last) = before.body["items"].as_array().and_then(|items| items.last()) {
            answer.body["items"][0] = last.clone();
        }
    }

    fn padded(&self, mut reply: Reply, request: &Request) -> Reply {
        let asked = request.parameter("limit").and_then(|limit| limit.parse::<u64>().ok());
        if let (Some((limit, bytes)), Some(asked)) = (self.quirks.oversized_above, asked)
            && asked > limit
        {
            let missing = bytes.saturating_sub(reply.body.len());
            reply.body.extend(std::iter::repeat_n(b' ', missing));
        }
        reply
    }

    /// A second later with each change.
    fn last_modified(&self) -> String {
        let (minutes, seconds) = ((self.revision / 60) % 60, self.revision % 60);
        format!("Thu, 01 Jan 2026 00:{minutes:02}:{seconds:02} GMT")
    }
}

fn is_of_database(asked: &Asked<'_>) -> bool {
    let of_model = asked.query.get("modelId").is_some() && asked.query.get("modelVersionId").is_none();
    of_model || asked.query.get("imageId").is_some()
}

/// The image as the index has it, where the documents are the database's.
fn as_published(image: &mut Value) {
    if let Some(text) = image["createdAt"].as_str() {
        image["createdAt"] = json!(text.replacen("-01-02T", "-01-03T", 1));
    }
    if let Some(base) = image["baseModel"].as_str() {
        image["baseModel"] = json!(base.repeat(2));
    }
}

/// The offset in the cursor of a page whose cursor is of the index.
fn offset_of(body: &Value) -> Option<u64> {
    let (offset, _) = body["metadata"]["nextCursor"].as_str()?.split_once('|')?;
    offset.parse().ok()
}

fn write_cursor(cursors: Cursors, offset: u64) -> Value {
    match cursors {
        Cursors::OffsetAndTime | Cursors::AsTheSite => json!(format!("{offset}|1754611200000")),
        Cursors::OffsetAndJson => json!(format!("{offset}|bdx:{{\"a\":\"b c\"}}")),
        Cursors::Bars => json!(format!("2024-05-06 07:08:09|3|{offset}")),
        Cursors::Number => json!(offset),
    }
}

/// Where a cursor leads; `None` for one that this site never wrote.
fn read_cursor(quirks: &Quirks, cursor: &str) -> Option<u64> {
    let digits = match quirks.cursors {
        Cursors::OffsetAndTime | Cursors::AsTheSite => cursor.strip_suffix("|1754611200000")?,
        Cursors::OffsetAndJson => cursor.strip_suffix("|bdx:{\"a\":\"b c\"}")?,
        Cursors::Bars => cursor.strip_prefix("2024-05-06 07:08:09|3|")?,
        Cursors::Number => cursor,
    };
    let offset: u64 = digits.parse().ok()?;
    Some(offset + u64::from(quirks.loses_boundary_items))
}
