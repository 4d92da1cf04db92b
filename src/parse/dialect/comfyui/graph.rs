//! One graph, whichever of the two it came from: nodes with named inputs, each a value or a link.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::parse::json::{Data, Json};

/// What stands at an input.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input<'a> {
    /// A value.
    Literal(&'a Json<'a>),
    /// An output of another node.
    Link(Link),
}

/// An output of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Link {
    /// The node, by its place in [`Graph::nodes`].
    pub(super) node: usize,
    /// Which of its outputs.
    pub(super) slot: usize,
}

/// One node.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// The class, empty where it is not said.
    pub(super) class: &'a str,
    /// The class in lower case.
    lower: String,
    /// Inputs in the natural order of their names.
    pub(super) inputs: Vec<(&'a str, Input<'a>)>,
    /// The places of the inputs in the order of bytes, for finding them.
    by_name: Vec<usize>,
    /// The inputs that are linked, in the natural order of their names.
    links: Vec<(&'a str, Link)>,
    /// Links of inputs that carry many things at once.
    bundles: Vec<Link>,
    /// Whether its values were matched to names by position.
    pub(super) positional: bool,
}

impl<'a> Node<'a> {
    pub(super) fn new(class: &'a str, mut inputs: Vec<(&'a str, Input<'a>)>, positional: bool) -> Self {
        inputs.sort_by(|a, b| natural(a.0, b.0));
        let mut by_name: Vec<usize> = (0..inputs.len()).collect();
        by_name.sort_by_key(|at| inputs.get(*at).map(|(name, _)| *name));
        let linked = |(name, input): &(&'a str, Input<'a>)| match input {
            Input::Link(link) => Some((*name, *link)),
            Input::Literal(_) => None,
        };
        let links: Vec<_> = inputs.iter().filter_map(linked).collect();
        let bundles = links.iter().filter(|(name, _)| is_bundle(name)).map(|(_, link)| *link).collect();
        Self { class, lower: class.to_ascii_lowercase(), inputs, by_name, links, bundles, positional }
    }

    pub(super) fn input(&self, name: &str) -> Option<Input<'a>> {
        let name_at = |at: &usize| self.inputs.get(*at).map_or("", |(name, _)| *name);
        let at = self.by_name.binary_search_by(|at| name_at(at).cmp(name)).ok()?;
        self.inputs.get(*self.by_name.get(at)?).map(|(_, input)| *input)
    }

    pub(super) fn literal(&self, name: &str) -> Option<&'a Json<'a>> {
        match self.input(name)? {
            Input::Literal(json) => Some(json),
            Input::Link(_) => None,
        }
    }

    pub(super) fn link(&self, name: &str) -> Option<Link> {
        match self.input(name)? {
            Input::Link(link) => Some(link),
            Input::Literal(_) => None,
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.input(name).is_some()
    }

    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }

    /// Every link, in the natural order of the names.
    pub(super) fn links(&self) -> &[(&'a str, Link)] {
        &self.links
    }

    /// Links of inputs that carry many things at once.
    pub(super) fn bundles(&self) -> &[Link] {
        &self.bundles
    }

    /// Whether the class contains a word, which is in lower case, in any case.
    pub(super) fn class_has(&self, word: &str) -> bool {
        self.lower.contains(word)
    }
}

/// Nodes in the natural order of their ids, so that the order of the text does not matter.
#[derive(Debug, Default)]
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// Whether there were more nodes than are read.
    pub(super) limited: bool,
}

impl<'a> Graph<'a> {
    pub(super) fn node(&self, at: usize) -> Option<&Node<'a>> {
        self.nodes.get(at)
    }

    /// Reads an executed graph; other members than nodes are left out.
    pub(super) fn executed(json: &'a Json<'a>, max_nodes: usize) -> Self {
        let is_node = |value: &Json<'_>| value.get("class_type").and_then(Json::text).is_some();
        let mut members: Vec<_> = json.members().iter().filter(|member| is_node(&member.value)).collect();
        members.sort_by(|a, b| natural(&a.key, &b.key));
        let limited = members.len() > max_nodes;
        members.truncate(max_nodes);
        let places: HashMap<&str, usize> =
            members.iter().enumerate().map(|(at, member)| (member.key.as_ref(), at)).collect();
        let nodes = members.iter().map(|member| {
            let inputs = member.value.get("inputs").map(Json::members).unwrap_or_default();
            let input = |value: &'a Json<'a>| link(value, &places).map_or(Input::Literal(value), Input::Link);
            let class = member.value.get("class_type").and_then(Json::text).unwrap_or_default();
            let inputs = inputs.iter().map(|entry| (entry.key.as_ref(), input(&entry.value))).collect();
            Node::new(class, inputs, false)
        });
        Self { nodes: nodes.collect(), limited }
    }
}

fn is_bundle(name: &str) -> bool {
    name.contains("pipe") || matches!(name, "context" | "base_ctx" | "ctx" | "sdxl_tuple" | "settings")
}

/// A pair of a node's id and a slot. A pair that names no node is a value of two elements.
fn link(value: &Json<'_>, places: &HashMap<&str, usize>) -> Option<Link> {
    let [id, slot] = value.items() else { return None };
    let node = match &id.data {
        Data::Text(id) => places.get(id.as_ref()),
        Data::Integer(id) => places.get(id.to_string().as_str()),
        _ => None,
    }?;
    let Data::Integer(slot) = slot.data else { return None };
    Some(Link { node: *node, slot: usize::try_from(slot).ok()? })
}

/// Orders names as people count: `2` before `10`, `lora_2` before `lora_10`, `4:1` after `4`.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (left_run, left_rest) = run(left);
        let (right_run, right_rest) = run(right);
        let order = match (number(left_run), number(right_run)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left_run.cmp(right_run),
        };
        if order != Ordering::Equal || left_run.is_empty() {
            return order.then_with(|| a.cmp(b));
        }
        (left, right) = (left_rest, right_rest);
    }
}

/// The digits, or the other characters, that a text starts with, and the rest.
fn run(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn number(run: &str) -> Option<u64> {
    run.parse().ok()
}
