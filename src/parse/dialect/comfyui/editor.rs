//! The editor graph made into one like the executed graph: subgraphs and groups laid open, muted and bypassed nodes
//! gone, links led through what only exists in the editor, and widgets given their names.

use std::collections::{BTreeMap, HashMap};

use crate::parse::Limits;
use crate::parse::json::{Data, Json};

use super::graph::{Graph, Input, Link, Node, natural};
use super::walk::MAX_CHAIN;
use super::widgets;

mod scope;

use scope::{Scope, Source};

/// Subgraphs inside of subgraphs that are laid open.
const MAX_NESTING: u32 = 8;

/// Sockets, values and links laid open for each node that the limits allow.
const PARTS_PER_NODE: usize = 4;

/// A node of the editor with everything around it laid flat.
pub(super) struct Flat<'a> {
    key: String,
    class: &'a str,
    json: &'a Json<'a>,
    /// Its sockets in order.
    inputs: Vec<Socket<'a>>,
    /// Values that an outer node gives to its widgets.
    overrides: Vec<(&'a str, &'a Json<'a>)>,
}

/// An input of a node of the editor.
#[derive(Clone)]
struct Socket<'a> {
    name: &'a str,
    kind: &'a str,
    source: Option<Source>,
    /// Whether it stands for a widget.
    is_widget: bool,
}

/// Reads an editor graph.
pub(super) fn read<'a>(json: &'a Json<'a>, limits: &Limits) -> Graph<'a> {
    let mut flat = Flattener {
        definitions: scope::definitions(json),
        groups: json.get("extra").and_then(|extra| extra.get("groupNodes")),
        nodes: Vec::new(),
        aliases: HashMap::new(),
        literals: HashMap::new(),
        left: usize::try_from(limits.max_nodes).unwrap_or(usize::MAX).saturating_mul(PARTS_PER_NODE),
        limited: false,
    };
    flat.scope(&Scope::top(json), 0);
    flat.nodes.sort_by(|a, b| natural(&a.key, &b.key));
    flat.lead_through();
    flat.broadcast();
    flat.graph()
}

struct Flattener<'a> {
    definitions: BTreeMap<&'a str, &'a Json<'a>>,
    groups: Option<&'a Json<'a>>,
    nodes: Vec<Flat<'a>>,
    /// Outputs that stand for others.
    aliases: HashMap<Source, Option<Source>>,
    /// Outputs that stand for values.
    literals: HashMap<Source, &'a Json<'a>>,
    /// Nodes, sockets, values and links that may still be laid open.
    left: usize,
    limited: bool,
}

impl<'a> Flattener<'a> {
    /// Takes the nodes of one graph, of a subgraph or of a group.
    fn scope(&mut self, scope: &Scope<'a>, nesting: u32) {
        for (at, node) in scope.nodes.iter().enumerate() {
            if !self.take(scope::parts(node)) {
                return;
            }
            let Some(id) = scope.id_of(node, at) else { continue };
            let class = node.get("type").and_then(Json::text).unwrap_or_default();
            let key = scope.key(&id);
            let mode = node.get("mode").and_then(Json::integer).unwrap_or_default();
            let inputs = scope.sockets(node, at);
            if mode == 2 {
                continue;
            }
            if mode == 4 {
                self.bypass(&key, node, &inputs);
                continue;
            }
            let subgraph = self.definitions.get(class).copied();
            let group = scope::group_name(class).and_then(|name| self.groups?.get(name));
            match subgraph.or(group) {
                Some(definition) if nesting < MAX_NESTING => {
                    if !self.take(scope::parts(definition)) {
                        return;
                    }
                    let inner = match subgraph {
                        Some(definition) => Scope::subgraph(definition, &key),
                        None => Scope::group(definition, &key),
                    };
                    self.bind(&key, node, &inputs, &inner);
                    let first = self.nodes.len();
                    self.scope(&inner, nesting.saturating_add(1));
                    self.promote(first, &key, node);
                }
                Some(_) => self.limited = true,
                None => self.nodes.push(Flat { key, class, json: node, inputs, overrides: Vec::new() }),
            }
        }
    }

    /// Takes parts from what may still be laid open; false when there are not that many.
    fn take(&mut self, parts: usize) -> bool {
        let left = self.left.checked_sub(parts);
        self.left = left.unwrap_or_default();
        self.limited |= left.is_none();
        left.is_some()
    }

    /// Joins the sockets of a subgraph or group to those inside of it.
    fn bind(&mut self, key: &str, node: &'a Json<'a>, inputs: &[Socket<'a>], inner: &Scope<'a>) {
        for (slot, socket) in inputs.iter().enumerate() {
            let outer = Source { key: inner.inner_input(), slot };
            self.aliases.insert(outer, socket.source.clone());
        }
        for (slot, source) in inner.outputs(node).into_iter().enumerate() {
            self.aliases.insert(Source { key: key.to_owned(), slot }, source);
        }
        // The values of promoted widgets stand at the outer node, in the order of its widget sockets.
        let promoted: Vec<usize> =
            inputs.iter().enumerate().filter(|(_, socket)| socket.is_widget).map(|(slot, _)| slot).collect();
        let values = node.get("widgets_values").map(Json::items).unwrap_or_default();
        if promoted.len() != values.len() {
            return;
        }
        for (slot, value) in promoted.into_iter().zip(values) {
            if inputs.get(slot).is_some_and(|socket| socket.source.is_none()) {
                self.literals.insert(Source { key: inner.inner_input(), slot }, value);
            }
        }
    }

    /// Gives inner widgets the values that the outer node lists by node and name.
    fn promote(&mut self, first: usize, key: &str, node: &'a Json<'a>) {
        let listed = node.get("properties").and_then(|properties| properties.get("proxyWidgets"));
        let listed = listed.map(Json::items).unwrap_or_default();
        let values = node.get("widgets_values").map(Json::items).unwrap_or_default();
        if listed.is_empty() || listed.len() != values.len() {
            return;
        }
        let inner = self.nodes.iter_mut().skip(first);
        let mut inner: HashMap<String, &mut Flat<'a>> = inner.map(|flat| (flat.key.clone(), flat)).collect();
        for (pair, value) in listed.iter().zip(values) {
            let [id, name] = pair.items() else { continue };
            let (Some(id), Some(name)) = (scope::id_text(id), name.text()) else { continue };
            if let Some(flat) = inner.get_mut(&format!("{key}:{id}")) {
                flat.overrides.push((name, value));
            }
        }
    }

    /// Each output of a bypassed node stands for its first input of the same kind.
    fn bypass(&mut self, key: &str, node: &'a Json<'a>, inputs: &[Socket<'a>]) {
        for (slot, output) in node.get("outputs").map(Json::items).unwrap_or_default().iter().enumerate() {
            let kind = output.get("type").and_then(Json::text).unwrap_or_default();
            let same = inputs.iter().find(|socket| socket.kind == kind && socket.source.is_some());
            let source = same.and_then(|socket| socket.source.clone());
            self.aliases.insert(Source { key: key.to_owned(), slot }, source);
        }
    }

    /// Leads links through reroutes and named variables.
    fn lead_through(&mut self) {
        let name = |flat: &Flat<'a>| {
            flat.json.get("widgets_values").and_then(|values| values.items().first()).and_then(Json::text)
        };
        let mut set: HashMap<&str, Source> = HashMap::new();
        for flat in &self.nodes {
            let source = flat.inputs.iter().find_map(|socket| socket.source.clone());
            match flat.class {
                "SetNode" => {
                    if let (Some(name), Some(source)) = (name(flat), source) {
                        set.entry(name).or_insert(source);
                    }
                }
                "Reroute" | "ReroutePrimitive|pysssss" => {
                    self.aliases.insert(Source { key: flat.key.clone(), slot: 0 }, source);
                }
                _ => {}
            }
        }
        for flat in self.nodes.iter().filter(|flat| flat.class == "GetNode") {
            let source = name(flat).and_then(|name| set.get(name)).cloned();
            self.aliases.insert(Source { key: flat.key.clone(), slot: 0 }, source);
        }
    }

    /// Links the free sockets of the kinds that an `Anything Everywhere` node sends out.
    fn broadcast(&mut self) {
        let kinds = self.output_kinds();
        let mut sent: BTreeMap<(String, &'static str), Source> = BTreeMap::new();
        for flat in &self.nodes {
            let prompts = flat.class == "Prompts Everywhere";
            if !prompts && !flat.class.starts_with("Anything Everywhere") {
                continue;
            }
            for (slot, socket) in flat.inputs.iter().enumerate() {
                let Some(source) = socket.source.clone().and_then(|source| self.resolve(source)) else {
                    continue;
                };
                let Some(kind) = kinds.get(&source) else { continue };
                let name = match slot {
                    0 if prompts => "positive",
                    1 if prompts => "negative",
                    _ => "",
                };
                sent.entry(((*kind).to_owned(), name)).or_insert(source);
            }
        }
        if sent.is_empty() {
            return;
        }
        for flat in &mut self.nodes {
            for socket in flat.inputs.iter_mut().filter(|socket| socket.source.is_none() && !socket.is_widget)
            {
                let side = if socket.name.contains("negative") { "negative" } else { "positive" };
                let named = sent.get(&(socket.kind.to_owned(), side));
                socket.source = named.or_else(|| sent.get(&(socket.kind.to_owned(), ""))).cloned();
            }
        }
    }

    fn output_kinds(&self) -> HashMap<Source, &'a str> {
        let mut kinds = HashMap::new();
        for flat in &self.nodes {
            for (slot, output) in
                flat.json.get("outputs").map(Json::items).unwrap_or_default().iter().enumerate()
            {
                if let Some(kind) = output.get("type").and_then(Json::text) {
                    kinds.insert(Source { key: flat.key.clone(), slot }, kind);
                }
            }
        }
        kinds
    }

    /// What an output stands for in the end.
    fn resolve(&self, mut source: Source) -> Option<Source> {
        for _ in 0..MAX_CHAIN {
            match self.aliases.get(&source) {
                Some(next) => source = next.clone()?,
                None => return Some(source),
            }
        }
        None
    }

    /// The value that an output stands for, if it stands for one.
    fn literal(&self, mut source: Source) -> Option<&'a Json<'a>> {
        for _ in 0..MAX_CHAIN {
            if let Some(value) = self.literals.get(&source) {
                return Some(value);
            }
            source = self.aliases.get(&source)?.clone()?;
        }
        None
    }

    fn graph(self) -> Graph<'a> {
        let is_real = |flat: &&Flat<'a>| {
            !matches!(
                flat.class,
                "SetNode" | "GetNode" | "Reroute" | "ReroutePrimitive|pysssss" | "Note" | "MarkdownNote" | ""
            ) && !flat.class.starts_with("Anything Everywhere")
                && flat.class != "Prompts Everywhere"
        };
        let real: Vec<&Flat<'a>> = self.nodes.iter().filter(is_real).collect();
        let places: HashMap<&str, usize> =
            real.iter().enumerate().map(|(at, flat)| (flat.key.as_str(), at)).collect();
        let nodes = real.iter().map(|flat| {
            let named = widgets::named(flat.class, flat.json);
            let mut inputs: BTreeMap<&'a str, Input<'a>> = BTreeMap::new();
            for (name, value) in named.values.into_iter().chain(flat.overrides.iter().copied()) {
                inputs.insert(name, Input::Literal(value));
            }
            for socket in &flat.inputs {
                let Some(source) = socket.source.clone() else { continue };
                let link = self
                    .resolve(source.clone())
                    .and_then(|end| Some(Link { node: *places.get(end.key.as_str())?, slot: end.slot }));
                if let Some(link) = link {
                    inputs.insert(socket.name, Input::Link(link));
                } else if let Some(value) = self.literal(source) {
                    inputs.insert(socket.name, Input::Literal(value));
                }
            }
            let inputs = inputs.into_iter().collect();
            Node::new(flat.class, inputs, named.positional)
        });
        Graph { nodes: nodes.collect(), limited: self.limited }
    }
}

/// Whether this is an editor graph.
pub(super) fn is_editor(json: &Json<'_>) -> bool {
    let nodes = json.get("nodes").map(Json::items).unwrap_or_default();
    let is_node = |node: &Json<'_>| matches!(node.get("type").map(|kind| &kind.data), Some(Data::Text(_)));
    nodes.iter().any(is_node)
}
