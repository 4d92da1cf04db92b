//! One level of an editor graph: the whole of it, the inside of a subgraph, or the inside of a group.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::parse::json::{Data, Json};

use super::Socket;

/// An output of a node, by the node's key in the flat graph.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Source {
    pub(super) key: String,
    pub(super) slot: usize,
}

/// Nodes and links of one level.
pub(super) struct Scope<'a> {
    pub(super) nodes: &'a [Json<'a>],
    /// What stands before the ids of this level.
    prefix: String,
    /// Where each link comes from, by its id.
    origins: HashMap<i128, (String, usize)>,
    /// Where the inputs of nodes of a group come from, by node and socket.
    grouped: HashMap<(usize, usize), (usize, usize)>,
    /// The sockets of a group that stand for outer inputs, with the slots of those.
    free: HashMap<(usize, usize), usize>,
    /// Outputs that a group shows outside although it uses them inside.
    shown: BTreeSet<(usize, usize)>,
    /// The ids of what stands for the outer inputs and outputs.
    boundary: Option<(String, String)>,
    /// Where the outer outputs of a subgraph come from, by slot.
    ends: BTreeMap<usize, (String, usize)>,
    is_group: bool,
}

/// The definitions of subgraphs by their names.
pub(super) fn definitions<'a>(json: &'a Json<'a>) -> BTreeMap<&'a str, &'a Json<'a>> {
    let listed = json.get("definitions").and_then(|definitions| definitions.get("subgraphs"));
    let listed = listed.map(Json::items).unwrap_or_default().iter();
    listed.filter_map(|definition| Some((definition.get("id")?.text()?, definition))).collect()
}

/// The name of a group of nodes in the class of a node that stands for it.
pub(super) fn group_name(class: &str) -> Option<&str> {
    class.strip_prefix("workflow>").or_else(|| class.strip_prefix("workflow/"))
}

/// An id, written as a number or as text.
pub(super) fn id_text(json: &Json<'_>) -> Option<String> {
    match &json.data {
        Data::Integer(id) => Some(id.to_string()),
        Data::Text(id) => Some(id.as_ref().to_owned()),
        _ => None,
    }
}

/// How much of a node, or of a definition, there is to look at.
pub(super) fn parts(json: &Json<'_>) -> usize {
    let lists = ["inputs", "outputs", "widgets_values", "links"].into_iter();
    lists.filter_map(|list| json.get(list)).fold(1, |sum: usize, list| sum.saturating_add(list.items().len()))
}

fn place(json: Option<&Json<'_>>) -> Option<usize> {
    usize::try_from(json?.integer()?).ok()
}

impl<'a> Scope<'a> {
    /// The whole graph.
    pub(super) fn top(json: &'a Json<'a>) -> Self {
        Self::of(json, String::new(), None)
    }

    /// The inside of a subgraph.
    pub(super) fn subgraph(json: &'a Json<'a>, key: &str) -> Self {
        let id = |name: &str, default: &str| {
            json.get(name)
                .and_then(|node| node.get("id"))
                .and_then(id_text)
                .unwrap_or_else(|| default.to_owned())
        };
        let boundary = (id("inputNode", "-10"), id("outputNode", "-20"));
        Self::of(json, format!("{key}:"), Some(boundary))
    }

    fn of(json: &'a Json<'a>, prefix: String, boundary: Option<(String, String)>) -> Self {
        let mut origins = HashMap::new();
        let mut ends = BTreeMap::new();
        for link in json.get("links").map(Json::items).unwrap_or_default() {
            let row = link.items();
            let part = |name: &str, at: usize| link.get(name).or_else(|| row.get(at));
            let origin = part("origin_id", 1).and_then(id_text).zip(place(part("origin_slot", 2)));
            let (Some(id), Some(origin)) = (part("id", 0).and_then(Json::integer), origin) else { continue };
            let target = part("target_id", 3).and_then(id_text);
            if boundary.as_ref().is_some_and(|(_, output)| target.as_ref() == Some(output)) {
                ends.extend(place(part("target_slot", 4)).map(|slot| (slot, origin.clone())));
            }
            origins.insert(id, origin);
        }
        let nodes = json.get("nodes").map(Json::items).unwrap_or_default();
        Self {
            nodes,
            prefix,
            origins,
            grouped: HashMap::new(),
            free: HashMap::new(),
            shown: BTreeSet::new(),
            boundary,
            ends,
            is_group: false,
        }
    }

    /// The inside of a group, which names its nodes by their places.
    pub(super) fn group(json: &'a Json<'a>, key: &str) -> Self {
        let mut scope = Self::of(json, format!("{key}:"), None);
        scope.is_group = true;
        for link in json.get("links").map(Json::items).unwrap_or_default() {
            let row = link.items();
            let number = |at: usize| place(row.get(at));
            if let (Some(from), Some(output), Some(to), Some(input)) =
                (number(0), number(1), number(2), number(3))
            {
                scope.grouped.insert((to, input), (from, output));
            }
        }
        for shown in json.get("external").map(Json::items).unwrap_or_default() {
            let row = shown.items();
            scope.shown.extend(place(row.first()).zip(place(row.get(1))));
        }
        scope.free = scope.free_inputs().into_iter().zip(0_usize..).collect();
        scope
    }

    /// The id of a node: its own, or its place in a group.
    pub(super) fn id_of(&self, node: &Json<'a>, at: usize) -> Option<String> {
        if self.is_group { Some(at.to_string()) } else { node.get("id").and_then(id_text) }
    }

    pub(super) fn key(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    /// The key of what stands for the outer inputs.
    pub(super) fn inner_input(&self) -> String {
        self.key(self.boundary.as_ref().map_or("<", |(input, _)| input))
    }

    /// The sockets of a node with what they are linked to.
    pub(super) fn sockets(&self, node: &'a Json<'a>, at: usize) -> Vec<Socket<'a>> {
        let listed = node.get("inputs").map(Json::items).unwrap_or_default();
        let socket = |(slot, socket): (usize, &'a Json<'a>)| {
            let source = if self.is_group {
                let inner = self.grouped.get(&(at, slot));
                inner
                    .map(|(from, output)| Source { key: self.key(&from.to_string()), slot: *output })
                    .or_else(|| {
                        self.free.get(&(at, slot)).map(|slot| Source { key: self.inner_input(), slot: *slot })
                    })
            } else {
                let link = socket.get("link").and_then(Json::integer);
                let origin = link.and_then(|link| self.origins.get(&link));
                origin.map(|(id, slot)| Source { key: self.key(id), slot: *slot })
            };
            let text = |name: &str| socket.get(name).and_then(Json::text);
            let widget = socket.get("widget").and_then(|widget| widget.get("name")).and_then(Json::text);
            Socket {
                name: widget.or_else(|| text("name")).unwrap_or_default(),
                kind: text("type").unwrap_or_default(),
                source,
                is_widget: widget.is_some(),
            }
        };
        listed.iter().enumerate().map(socket).collect()
    }

    /// The sockets of a group's nodes that nothing inside is linked to, in order.
    fn free_inputs(&self) -> Vec<(usize, usize)> {
        let mut free = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            for (slot, socket) in node.get("inputs").map(Json::items).unwrap_or_default().iter().enumerate() {
                if !self.grouped.contains_key(&(at, slot)) && socket.get("widget").is_none() {
                    free.push((at, slot));
                }
            }
        }
        free
    }

    /// What the outer outputs come from, in order.
    pub(super) fn outputs(&self, outer: &Json<'a>) -> Vec<Option<Source>> {
        if !self.is_group {
            let last = self.ends.keys().next_back().copied();
            let slots = 0..last.map_or(0, |last| last.saturating_add(1).min(1024));
            let source = |slot: usize| {
                self.ends.get(&slot).map(|(id, slot)| Source { key: self.key(id), slot: *slot })
            };
            return slots.map(source).collect();
        }
        let used: BTreeSet<(usize, usize)> = self.origins_of_group();
        let mut found = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            for slot in 0..node.get("outputs").map_or(0, |outputs| outputs.items().len()) {
                if !used.contains(&(at, slot)) || self.shown.contains(&(at, slot)) {
                    found.push(Some(Source { key: self.key(&at.to_string()), slot }));
                }
            }
        }
        let wanted = outer.get("outputs").map_or(0, |outputs| outputs.items().len());
        if found.len() == wanted { found } else { Vec::new() }
    }

    /// Outputs that a group uses inside.
    fn origins_of_group(&self) -> BTreeSet<(usize, usize)> {
        #[expect(clippy::disallowed_methods, reason = "collected into an ordered set")]
        self.grouped.values().copied().collect()
    }
}
