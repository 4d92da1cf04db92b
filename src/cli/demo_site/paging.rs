//! How a listing is cut into pages: by an offset, by the id of an item, by what it is sorted by, by page number.

use serde_json::{Value, json};

use super::listings::{ImagePath, published_at};
use super::{Answer, Asked, Query, id_of};

/// What the cursor of the image index ends with: the moment at which its snapshot was taken.
const SNAPSHOT: &str = "|1754611200000";

/// What a cursor says, and what is skipped when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// `20|1754611200000`: how many items lie behind. Items drift when the listing changes.
    Offset,
    /// A number: the id of the first item that was not returned.
    Id(Boundary),
    /// `2024-05-06T07:08:09.000Z|12`: date and id of the first model that was not returned. The next page begins
    /// behind it in a descending list, with it in an ascending one.
    DateAndId(Boundary),
    /// `4711|12|5`: downloads, likes and id of the first model that was not returned.
    CountsAndId,
}

/// What becomes of the item that a cursor names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// The next page begins with it.
    Kept,
    /// The next page begins behind it: no page holds it.
    Lost,
}

impl Scheme {
    /// What the site uses for a request.
    pub(super) fn of(asked: &Asked<'_>) -> Self {
        let is_oldest = asked.query.get("sort") == Some("Oldest");
        let boundary = if is_oldest { Boundary::Kept } else { Boundary::Lost };
        if asked.path.trim_end_matches('/').ends_with("/images") {
            return match ImagePath::of(asked.query) {
                ImagePath::Index => Self::Offset,
                ImagePath::Database => Self::Id(boundary),
            };
        }
        match asked.query.get("sort") {
            _ if asked.query.get("query").is_some() => Self::Offset,
            Some("Newest" | "Oldest") => Self::DateAndId(boundary),
            _ => Self::CountsAndId,
        }
    }

    /// Where in `items` the page of `cursor` begins; `None` for a cursor of another scheme.
    fn start(self, items: &[&Value], cursor: &str) -> Option<usize> {
        match self {
            Self::Offset => usize::try_from(cursor.split('|').next()?.parse::<u64>().ok()?).ok(),
            Self::Id(boundary) => {
                let id: u64 = cursor.parse().ok()?;
                let is_ascending =
                    items.first().map(|item| id_of(item)) < items.last().map(|item| id_of(item));
                Some(items.partition_point(|item| match boundary {
                    _ if is_ascending => id_of(item) < id,
                    Boundary::Kept => id_of(item) > id,
                    Boundary::Lost => id_of(item) >= id,
                }))
            }
            Self::DateAndId(boundary) => {
                let (date, id) = cursor.split_once('|').filter(|(date, _)| !date.is_empty())?;
                let named = (Some(date), id.parse::<u64>().ok()?);
                Some(items.partition_point(|model| {
                    let key = (published_at(model), id_of(model));
                    if boundary == Boundary::Kept { key < named } else { key >= named }
                }))
            }
            Self::CountsAndId => {
                let parts: Vec<u64> = cursor.split('|').map(str::parse).collect::<Result<_, _>>().ok()?;
                let [downloads, _, id] = parts.as_slice() else { return None };
                Some(items.partition_point(|model| {
                    let count = model["stats"]["downloadCount"].as_u64().unwrap_or(0);
                    count > *downloads || (count == *downloads && id_of(model) < *id)
                }))
            }
        }
    }

    /// The cursor of the page that begins with `first`, which is item number `offset`.
    fn cursor(self, first: &Value, offset: usize) -> Value {
        match self {
            Self::Offset => json!(format!("{offset}{SNAPSHOT}")),
            Self::Id(_) => first["id"].clone(),
            Self::DateAndId(_) => {
                json!(format!("{}|{}", published_at(first).unwrap_or_default(), id_of(first)))
            }
            Self::CountsAndId => {
                let count = |name: &str| first["stats"][name].as_u64().unwrap_or(0);
                json!(format!("{}|{}|{}", count("downloadCount"), count("thumbsUpCount"), id_of(first)))
            }
        }
    }
}

/// A page of references, or why there is none.
pub(super) struct Page<'a> {
    items: Vec<&'a Value>,
    metadata: Value,
    refusal: Option<Answer>,
}

impl Page<'_> {
    /// The answer, where each item looks as `dress` makes it.
    pub(super) fn body(self, dress: impl Fn(&Value) -> Value) -> Answer {
        if let Some(refusal) = self.refusal {
            return refusal;
        }
        let items: Vec<Value> = self.items.into_iter().map(dress).collect();
        Answer::ok(json!({ "items": items, "metadata": self.metadata }))
    }
}

/// The page of `items` that a request asks for by cursor.
pub(super) fn by_cursor<'a>(items: Vec<&'a Value>, asked: &Asked<'_>, scheme: Scheme) -> Page<'a> {
    let limit = limit(asked.query, 100);
    let start = match asked.query.get("cursor") {
        None => Some(0),
        Some(cursor) => scheme.start(&items, cursor),
    };
    let Some(start) = start else {
        let refusal = json!({ "error": { "name": "ZodError", "message": "Invalid cursor" } });
        let refusal = Some(Answer { status: 400, body: refusal });
        return Page { items: Vec::new(), metadata: Value::Null, refusal };
    };
    let end = start.saturating_add(limit);
    let mut metadata = json!({ "pageSize": limit });
    if let Some(first) = items.get(end) {
        let cursor = scheme.cursor(first, end);
        metadata["nextPage"] = json!(next_page(asked, &cursor));
        metadata["nextCursor"] = cursor;
    }
    Page { items: items.into_iter().skip(start).take(limit).collect(), metadata, refusal: None }
}

/// The link to the page of `cursor`: everything that was asked for, a key in the query included.
pub(crate) fn next_page(asked: &Asked<'_>, cursor: &Value) -> String {
    let cursor = cursor.as_str().map_or_else(|| cursor.to_string(), str::to_owned);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(asked.query.pairs().iter().filter(|(name, _)| name != "cursor"));
    query.append_pair("cursor", &cursor);
    format!("{}{}?{}", asked.origin, asked.path, query.finish())
}

/// Whether a listing says how many pages it has.
#[derive(Clone, Copy)]
pub(super) enum Count {
    Told,
    /// As `/tags`: no items on one page, whatever there is.
    Hidden,
}

/// A page of a listing by number.
pub(super) fn by_number(items: Vec<Value>, query: &Query, count: Count) -> Answer {
    let limit = limit(query, 20).max(1);
    let page = query.number("page").unwrap_or(1).max(1);
    let total = items.len();
    let (total, pages) = match count {
        Count::Told => (total, total.div_ceil(limit)),
        Count::Hidden => (0, 1),
    };
    let metadata =
        json!({ "totalItems": total, "currentPage": page, "pageSize": limit, "totalPages": pages });
    let start = usize::try_from(page - 1).unwrap_or(usize::MAX).saturating_mul(limit);
    let items: Vec<Value> = items.into_iter().skip(start).take(limit).collect();
    Answer::ok(json!({ "items": items, "metadata": metadata }))
}

/// Items a page; an empty text counts as 0.
fn limit(query: &Query, default: usize) -> usize {
    let Some(text) = query.get("limit") else { return default };
    text.parse().unwrap_or(0).min(200)
}
