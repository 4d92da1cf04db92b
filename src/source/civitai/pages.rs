//! One document of the site in, the texts of its items out.
//!
//! - Input: a whole document: a page, one entity, an array of entities, an error body, HTML. Lines of NDJSON are
//!   split by the caller and come here one at a time.
//! - Output: [`Opened`], whose items are slices of the input; [`super::convert()`] reads them.
//! - Never: I/O, values built from items, a page lost for one damaged item.

use serde_json::Value;
use thiserror::Error;

use super::convert::MetaRequest;
use super::scan::{Scanner, Span, Stop};
use crate::entity::Pagination;

#[cfg(test)]
mod tests;

/// Longest error message kept, in characters.
const MAX_MESSAGE_CHARS: usize = 500;

/// A document taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    /// Its items that are objects, in order.
    pub items: Vec<RawItem<'a>>,
    /// How the listing goes on; empty for anything but a page.
    pub pagination: Pagination,
    /// Its items that are not, in order.
    pub problems: Vec<ItemProblem>,
}

impl Opened<'_> {
    /// What the document itself shows of whether generation data was asked for.
    ///
    /// [`MetaRequest::Asked`] as soon as one item carries some, which makes a null beside it an answer;
    /// else [`MetaRequest::Unknown`].
    pub fn meta_request(&self) -> MetaRequest {
        let carries = |item: &RawItem<'_>| {
            item.text.match_indices("\"meta\"").any(|(at, key)| {
                let rest = item.text.get(at + key.len()..).unwrap_or_default();
                let rest = rest.trim_start().strip_prefix(':').unwrap_or_default();
                rest.trim_start().starts_with('{')
            })
        };
        if self.items.iter().any(carries) { MetaRequest::Asked } else { MetaRequest::Unknown }
    }
}

/// One item as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawItem<'a> {
    /// The JSON object, without blanks around it. Balanced, but perhaps damaged inside.
    pub text: &'a str,
    /// Its position among all items of the document, from 0.
    pub position: usize,
}

/// An item that cannot be read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemProblem {
    /// Its position among all items of the document, from 0.
    pub position: usize,
    /// What is wrong with it.
    pub kind: ItemProblemKind,
}

/// Why an item cannot be read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ItemProblemKind {
    /// It is null; answers of the by-hash endpoint contain such.
    #[error("item is null")]
    Null,
    /// It is text, a number, an array or no JSON at all.
    #[error("item is not an object")]
    NotAnObject,
    /// Its brackets nest deeper than 127.
    #[error("item is nested too deep")]
    TooDeep,
    /// The document breaks off in it; only [`salvage`] says so.
    #[error("document breaks off in this item")]
    CutOff,
}

/// Why a document holds no items.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Nothing but blanks.
    #[error("document is empty")]
    Empty,
    /// HTML: a maintenance page, an edge error or a bot challenge, whatever its status said.
    #[error("document is HTML, not JSON")]
    Html,
    /// The site reports an error.
    #[error("site reports an error: {message}")]
    Api {
        /// What it says, at most 500 characters.
        message: String,
    },
    /// The text ends inside a value.
    #[error("document ends in the middle of a value")]
    Truncated,
    /// The text is not JSON.
    #[error("document is not JSON at byte {offset}")]
    Syntax {
        /// Where it stops being JSON, in bytes.
        offset: usize,
    },
    /// Brackets nest deeper than 127.
    #[error("document is nested too deep")]
    TooDeep,
    /// More follows after the first value; NDJSON must be given a line at a time.
    #[error("more than one value, the second at byte {offset}")]
    SeveralValues {
        /// Where the second value begins, in bytes.
        offset: usize,
    },
    /// A single string, number or word.
    #[error("document is neither an object nor an array")]
    NotADocument,
    /// A page whose `items` is not an array.
    #[error("items of the page are not an array")]
    ItemsNotAnArray,
}

/// Takes one document apart. A leading byte order mark is accepted.
///
/// # Errors
///
/// [`DocumentError`] when there is nothing to take apart; damaged items are [`Opened::problems`] instead.
pub fn open(text: &str) -> Result<Opened<'_>, DocumentError> {
    let mut document = Document::default();
    document.read(text)?;
    document.finish()
}

/// Takes the whole items out of a document that [`open`] refuses as truncated or as no JSON.
///
/// For files, of which there will be no better copy; a crawl asks again instead. The item in which the document
/// breaks off is a problem. How the listing goes on is not known.
pub fn salvage(text: &str) -> Opened<'_> {
    let mut document = Document::default();
    let read = document.read(text);
    let mut items = document.items;
    if matches!(read, Err(DocumentError::Truncated | DocumentError::Syntax { .. })) {
        let position = items.count();
        items.problems.push(ItemProblem { position, kind: ItemProblemKind::CutOff });
    }
    items.opened(Pagination::default())
}

fn stop_error(stop: Stop) -> DocumentError {
    match stop {
        Stop::End => DocumentError::Truncated,
        Stop::Unexpected(offset) => DocumentError::Syntax { offset },
    }
}

#[derive(Default)]
struct Items<'a> {
    good: Vec<RawItem<'a>>,
    problems: Vec<ItemProblem>,
}

impl<'a> Items<'a> {
    fn count(&self) -> usize {
        self.good.len() + self.problems.len()
    }

    fn opened(self, pagination: Pagination) -> Opened<'a> {
        Opened { items: self.good, pagination, problems: self.problems }
    }

    fn add(&mut self, span: Span<'a>) {
        let position = self.count();
        let kind = match span {
            Span { too_deep: true, .. } => ItemProblemKind::TooDeep,
            Span { text, .. } if text.starts_with('{') => {
                self.good.push(RawItem { text, position });
                return;
            }
            Span { text: "null", .. } => ItemProblemKind::Null,
            Span { .. } => ItemProblemKind::NotAnObject,
        };
        self.problems.push(ItemProblem { position, kind });
    }
}

/// Members of the outermost object that are looked at when it is no page; more make it no error body.
const MAX_MEMBERS: usize = 64;

/// What one pass over the outermost value finds.
#[derive(Default)]
struct Document<'a> {
    items: Items<'a>,
    is_page: bool,
    metadata: Option<&'a str>,
    too_deep: bool,
    members: Vec<(&'a str, &'a str)>,
    whole: &'a str,
}

impl<'a> Document<'a> {
    fn read(&mut self, text: &'a str) -> Result<(), DocumentError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut scanner = Scanner::new(text);
        let start = match scanner.peek().ok_or(DocumentError::Empty)? {
            b'<' => return Err(DocumentError::Html),
            b'[' => {
                scanner.array(|span| self.items.add(span)).map_err(stop_error)?;
                None
            }
            b'{' => {
                let start = scanner.offset();
                scanner.object(|scanner, key| self.member(scanner, key)).map_err(stop_error)?;
                Some(start)
            }
            _ => {
                let word = scanner.value().map_err(stop_error)?.text;
                let is_json = serde_json::from_str::<Value>(word).is_ok();
                return Err(if is_json {
                    DocumentError::NotADocument
                } else {
                    DocumentError::Syntax { offset: 0 }
                });
            }
        };
        self.whole = start.and_then(|start| text.get(start..scanner.offset())).unwrap_or_default();
        if scanner.peek().is_some() {
            return Err(DocumentError::SeveralValues { offset: scanner.offset() });
        }
        Ok(())
    }

    fn member(&mut self, scanner: &mut Scanner<'a>, key: &'a str) -> Result<(), Stop> {
        if key == "items" && !self.is_page && scanner.peek() == Some(b'[') {
            self.is_page = true;
            return scanner.array(|item| self.items.add(item));
        }
        let span = scanner.value()?;
        if key == "metadata" {
            self.metadata = Some(span.text);
        }
        self.too_deep |= span.too_deep;
        if self.members.len() < MAX_MEMBERS {
            self.members.push((key, span.text));
        }
        Ok(())
    }

    fn finish(self) -> Result<Opened<'a>, DocumentError> {
        if self.is_page {
            let pagination = self.metadata.map(read_pagination).unwrap_or_default();
            return Ok(self.items.opened(pagination));
        }
        if self.whole.is_empty() {
            return self.array();
        }
        if let Some(message) = error_message(&self.members) {
            return Err(DocumentError::Api { message });
        }
        if self.members.iter().any(|(key, _)| *key == "items") {
            return Err(DocumentError::ItemsNotAnArray);
        }
        if self.too_deep {
            return Err(DocumentError::TooDeep);
        }
        let whole = RawItem { text: self.whole, position: 0 };
        Ok(Opened { items: vec![whole], pagination: Pagination::default(), problems: Vec::new() })
    }

    /// An array of items, or of validation issues: `/creators` and `/tags` answer 400 so.
    fn array(self) -> Result<Opened<'a>, DocumentError> {
        if let Some(first) = self.items.good.first()
            && let Ok(Value::Object(issue)) = serde_json::from_str::<Value>(first.text)
            && issue.contains_key("code")
            && issue.contains_key("path")
            && let Some(message) = issue.get("message").and_then(Value::as_str)
        {
            return Err(DocumentError::Api { message: shorten(message) });
        }
        Ok(self.items.opened(Pagination::default()))
    }
}

/// Keys of error bodies; a body of other keys besides is an entity with an odd field.
const ERROR_KEYS: [&str; 9] =
    ["error", "message", "issues", "code", "name", "status", "statusCode", "cause", "stack"];

fn error_message(members: &[(&str, &str)]) -> Option<String> {
    if !members.iter().all(|(key, _)| ERROR_KEYS.contains(key)) {
        return None;
    }
    let member = |wanted: &str| members.iter().find(|(key, text)| *key == wanted && *text != "null");
    let (_, text) = member("error").or_else(|| member("message"))?;
    let detail = member("message").map_or("", |(_, text)| text);
    let message = readable(text);
    let detail = readable(detail);
    if detail.is_empty() || detail == message {
        return Some(shorten(&message));
    }
    Some(shorten(&format!("{message}: {detail}")))
}

/// The words of an `error` of any shape: text, an object with a message or issues, an array of issues.
fn readable(text: &str) -> String {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    let issues = match &value {
        Value::String(message) => return message.clone(),
        Value::Object(object) => {
            if let Some(message) = object.get("message").and_then(Value::as_str) {
                return message.to_owned();
            }
            object.get("issues")
        }
        other => Some(other),
    };
    let first = issues.and_then(|issues| issues.get(0)).and_then(|issue| issue.get("message"));
    first.and_then(Value::as_str).map_or_else(|| text.to_owned(), str::to_owned)
}

fn shorten(message: &str) -> String {
    message.chars().take(MAX_MESSAGE_CHARS).collect()
}

fn read_pagination(text: &str) -> Pagination {
    let metadata: Value = serde_json::from_str(text).unwrap_or_default();
    let words = |key: &str| match metadata.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let number = |key: &str| match metadata.get(key) {
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(number) => number.as_u64(),
        None => None,
    };
    Pagination {
        next_cursor: words("nextCursor"),
        next_page: words("nextPage"),
        prev_page: words("prevPage"),
        current_page: number("currentPage"),
        page_size: number("pageSize"),
        total_items: number("totalItems"),
        total_pages: number("totalPages"),
    }
}
