//! Graphs in whatever they are wrapped in: prefixes, wrapper objects, queue payloads, strings of JSON.

use crate::parse::Limits;
use crate::parse::json::{self, Document, Json};

use super::super::pieces::Piece;
use super::editor;

/// Wrapper objects inside of wrapper objects.
const MAX_WRAPPERS: u32 = 6;

/// Keys of wrapper objects under which graphs stand.
const WRAPPERS: [&str; 10] = [
    "prompt",
    "workflow",
    "extra_data",
    "extra_pnginfo",
    "output",
    "prompt_api",
    "comf",
    "comfy",
    "api_prompt",
    "graph",
];

/// Which of the two graphs it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// What ran.
    Executed,
    /// What the editor showed.
    Editor,
}

/// One graph.
pub(super) struct Found<'a> {
    pub(super) piece: usize,
    pub(super) shape: Shape,
    pub(super) json: &'a Json<'a>,
    /// The string of the block's text that it stands in, if it does.
    pub(super) string: Option<&'a Json<'a>>,
}

/// A value that may be a graph or wrap one.
pub(super) struct Root<'a> {
    piece: usize,
    json: &'a Json<'a>,
    string: Option<&'a Json<'a>>,
}

/// Documents behind a prefix such as `prompt:`, by piece.
pub(super) struct Prefixed<'t>(Vec<Option<Document<'t>>>);

/// The documents that a string holds.
pub(super) struct Embedded<'a> {
    piece: usize,
    string: &'a Json<'a>,
    document: Document<'a>,
}

/// Reads what the pieces themselves cannot: texts with a prefix, strings of JSON.
pub(super) fn roots<'t>(pieces: &[Piece<'t>], limits: &Limits) -> Prefixed<'t> {
    let read = |piece: &Piece<'t>| {
        let text = piece.text;
        if !may_hold_graph(text) {
            return None;
        }
        let start = text.find(|c: char| !c.is_whitespace() && c != '\u{feff}')?;
        let rest = text.get(start..)?;
        if rest.starts_with(['{', '[']) {
            return None;
        }
        if rest.starts_with('"') {
            return json::parse_at(text, start, limits);
        }
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-'))?;
        let behind = rest.get(word..)?.trim_start().strip_prefix(':')?;
        if word > 64 || !behind.trim_start().starts_with(['{', '[', '"']) {
            return None;
        }
        json::parse_at(text, text.len().checked_sub(behind.len())?, limits)
    };
    Prefixed(pieces.iter().map(read).collect())
}

impl Prefixed<'_> {
    /// The values of all pieces.
    pub(super) fn roots<'a>(&'a self, pieces: &'a [Piece<'_>], limits: &Limits) -> Vec<Root<'a>> {
        let root = |(piece, (own, text)): (usize, (&'a Option<Document<'_>>, &'a Piece<'_>))| {
            let document = match own {
                Some(document) => document,
                None if may_hold_graph(text.text) => text.document(limits)?,
                None => return None,
            };
            Some(Root { piece, json: &document.root, string: None })
        };
        self.0.iter().zip(pieces).enumerate().filter_map(root).collect()
    }
}

/// Whether it is worth the time to read a text as JSON.
fn may_hold_graph(text: &str) -> bool {
    text.contains("class_type") || text.contains("nodes")
}

/// Reads the strings of JSON among these values.
pub(super) fn embedded<'a>(roots: &[Root<'a>], limits: &Limits) -> Vec<Embedded<'a>> {
    let mut found = Vec::new();
    for root in roots {
        let mut strings = Vec::new();
        walk(root.json, 0, &mut |json| {
            if json.text().is_some_and(may_hold_graph) {
                strings.push(json);
            }
        });
        for string in strings {
            if let Some(document) = string.embedded(limits) {
                found.push(Embedded { piece: root.piece, string: root.string.unwrap_or(string), document });
            }
        }
    }
    found
}

/// The values of embedded documents.
pub(super) fn inner<'a>(embedded: &'a [Embedded<'_>]) -> Vec<Root<'a>> {
    let root = |found: &'a Embedded<'_>| Root {
        piece: found.piece,
        json: &found.document.root,
        string: Some(found.string),
    };
    embedded.iter().map(root).collect()
}

/// The graphs among this value and what it wraps.
pub(super) fn graphs<'a>(root: &Root<'a>, found: &mut Vec<Found<'a>>) {
    walk(root.json, 0, &mut |json| {
        let shape = if is_executed(json) {
            Shape::Executed
        } else if editor::is_editor(json) {
            Shape::Editor
        } else {
            return;
        };
        found.push(Found { piece: root.piece, shape, json, string: root.string });
    });
}

fn is_executed(json: &Json<'_>) -> bool {
    json.members()
        .iter()
        .any(|member| member.value.get("class_type").is_some_and(|class| class.text().is_some()))
}

/// Visits a value and what it wraps.
fn walk<'a>(json: &'a Json<'a>, depth: u32, visit: &mut impl FnMut(&'a Json<'a>)) {
    visit(json);
    if depth >= MAX_WRAPPERS || editor::is_editor(json) {
        return;
    }
    // An entry of the queue's history: number, id, graph, extra data, outputs.
    if (2..=8).contains(&json.items().len()) {
        for item in json.items().iter().filter(|item| item.is_object()) {
            walk(item, depth.saturating_add(1), visit);
        }
    }
    for key in WRAPPERS {
        // A node of the graph may have such an id, too.
        let wrapped = json.get(key).filter(|value| value.get("class_type").is_none());
        if let Some(value) = wrapped {
            walk(value, depth.saturating_add(1), visit);
        }
    }
}
