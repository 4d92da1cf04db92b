//! Following links within a budget: switches, bundles of inputs, and values that other nodes hold.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::Range;

use crate::parse::Limits;
use crate::parse::json::{Data, Json};

use super::calc::calculate;
use super::graph::{Graph, Input, Link, Node};
use super::text::Text;

/// Links followed in a row before a chain counts as endless.
pub(super) const MAX_CHAIN: u32 = 40;

/// Longest text that is looked at as a name, in bytes.
const MAX_NAME_BYTES: usize = 4096;

/// Inputs of a node that only holds a value, in the order of trust.
const HOLDERS: [&str; 14] = [
    "value",
    "Value",
    "int",
    "float",
    "Number",
    "number",
    "seed",
    "noise_seed",
    "string",
    "String",
    "text",
    "Text",
    "int_value",
    "float_value",
];

/// One graph with what may still be spent on it.
pub(super) struct Walk<'g, 'a> {
    pub(super) graph: &'g Graph<'a>,
    steps: Cell<u32>,
    text_bytes: Cell<usize>,
    exhausted: Cell<bool>,
    cut: Cell<bool>,
    /// Values that were found before, by the node asked, the name and the kind.
    values: RefCell<HashMap<(usize, String, Want), Option<Found>>>,
    /// Texts that were told before, by the output that gives them.
    pub(super) texts: RefCell<HashMap<Link, Option<Text>>>,
    pub(super) max_joined_bytes: usize,
}

/// A value at the end of its links.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) value: Scalar,
    /// The bytes of the text that say it; `None` for what was computed.
    pub(super) span: Option<Range<usize>>,
    /// Whether the node that holds it matched its values by position.
    pub(super) positional: bool,
}

/// A number or a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Integer(i128),
    Number(f64),
    Text(String),
}

/// Which kind of value is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Want {
    Number,
    Text,
}

impl Found {
    pub(super) fn integer(&self) -> Option<i128> {
        match &self.value {
            Scalar::Integer(value) => Some(*value),
            #[expect(clippy::cast_possible_truncation, reason = "checked to be exact")]
            Scalar::Number(value) => (value.fract() == 0.0 && value.abs() < 1e15).then_some(*value as i128),
            Scalar::Text(_) => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match &self.value {
            #[expect(clippy::cast_precision_loss, reason = "the nearest number is what was asked for")]
            Scalar::Integer(value) => Some(*value as f64),
            Scalar::Number(value) => Some(*value),
            Scalar::Text(_) => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Scalar::Text(text) = &self.value { Some(text) } else { None }
    }
}

impl<'g, 'a> Walk<'g, 'a> {
    pub(super) fn new(graph: &'g Graph<'a>, limits: &Limits) -> Self {
        Self {
            graph,
            steps: Cell::new(limits.max_steps),
            text_bytes: Cell::new(limits.max_joined_bytes.saturating_mul(64)),
            exhausted: Cell::new(false),
            cut: Cell::new(false),
            values: RefCell::new(HashMap::new()),
            texts: RefCell::new(HashMap::new()),
            max_joined_bytes: limits.max_joined_bytes,
        }
    }

    /// Takes one step; false when none is left.
    pub(super) fn step(&self) -> bool {
        match self.steps.get().checked_sub(1) {
            Some(left) => self.steps.set(left),
            None => self.exhausted.set(true),
        }
        !self.exhausted.get()
    }

    /// Takes bytes for a text; false when not as many are left.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        let left = self.text_bytes.get().checked_sub(bytes);
        match left {
            Some(left) => self.text_bytes.set(left),
            None => self.cut.set(true),
        }
        left.is_some()
    }

    /// Whether a limit was reached.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted.get() || self.cut.get()
    }

    /// The node at a place. One with very many inputs costs more steps, as all of them are looked through.
    pub(super) fn node(&self, at: usize) -> Option<&'g Node<'a>> {
        let node = self.graph.node(at)?;
        let cost = u32::try_from(node.inputs.len() / 8).unwrap_or(u32::MAX);
        match self.steps.get().checked_sub(cost) {
            Some(left) => self.steps.set(left),
            None => self.exhausted.set(true),
        }
        (!self.exhausted.get()).then_some(node)
    }

    /// The input that a switch passes on; outer `None` for nodes that are no switch.
    ///
    /// A switch whose setting cannot be told passes its first linked input on.
    pub(super) fn chosen(&self, node: &Node<'a>, depth: u32) -> Option<Option<Input<'a>>> {
        let linked_first = |inputs: &[(&str, Input<'a>)]| {
            inputs.iter().find(|(_, input)| matches!(input, Input::Link(_))).map(|(_, input)| *input)
        };
        let is_numbered = |name: &str, stem: &str| {
            name.strip_prefix(stem).is_some_and(|rest| {
                let digits = rest.trim_start_matches('_');
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        if node.has_any(&["on_true", "on_false"]) {
            let setting = self.flag(node, &["switch", "boolean", "condition"], depth);
            let name = if setting.unwrap_or(true) { "on_true" } else { "on_false" };
            return Some(node.input(name));
        }
        if node.class_has("switch") {
            let stems =
                ["input", "any", "text", "model", "image", "conditioning", "latent", "clip", "vae", "value"];
            let of_stem = |(name, _): &&(&str, Input<'a>)| stems.iter().any(|stem| is_numbered(name, stem));
            let branches: Vec<_> = node.inputs.iter().filter(of_stem).copied().collect();
            let setting = self.scalar(node, &["select", "Input", "index"], Want::Number, depth);
            let number = setting.and_then(|found| found.integer());
            let chosen = number.and_then(|number| {
                let digits = number.to_string();
                let is_it = |name: &str| {
                    let tail = name.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_start_matches('0');
                    tail == digits
                };
                branches.iter().find(|(name, _)| is_it(name)).map(|(_, input)| *input)
            });
            if chosen.is_some() || !branches.is_empty() {
                return Some(chosen.or_else(|| linked_first(&branches)));
            }
            for kind in ["image", "text", "latent", "model", "clip", "vae", "conditioning", "number"] {
                let (first, second) = (format!("{kind}_a"), format!("{kind}_b"));
                if node.has_any(&[&first, &second]) {
                    let setting = self.flag(node, &["boolean", "boolean_number"], depth).unwrap_or(true);
                    return Some(node.input(if setting { &first } else { &second }));
                }
            }
        }
        None
    }

    fn flag(&self, node: &Node<'a>, names: &[&str], depth: u32) -> Option<bool> {
        let name = names.iter().find(|name| node.has(name))?;
        let mut input = node.input(name)?;
        for _ in depth..MAX_CHAIN {
            match input {
                Input::Literal(json) => {
                    return json.boolean().or_else(|| json.number().map(|number| number != 0.0));
                }
                Input::Link(link) => {
                    if !self.step() {
                        return None;
                    }
                    let holder = self.node(link.node)?;
                    input = ["boolean", "value", "switch", "number"]
                        .iter()
                        .find_map(|name| holder.input(name))?;
                }
            }
        }
        None
    }

    /// The value of the first of these inputs that has one, on the node or in what it takes in bundles.
    pub(super) fn scalar(&self, node: &Node<'a>, names: &[&str], want: Want, depth: u32) -> Option<Found> {
        names.iter().find_map(|name| {
            let (holder, input) = self.lookup(node, name)?;
            self.value(holder, input, name, want, depth)
        })
    }

    /// An input of this name, of the node itself or of the nearest node whose bundle it takes.
    pub(super) fn lookup<'n>(&self, node: &'n Node<'a>, name: &str) -> Option<(&'n Node<'a>, Input<'a>)>
    where
        'g: 'n,
    {
        if let Some(input) = node.input(name) {
            return Some((node, input));
        }
        let mut seen = BTreeSet::new();
        let mut waiting: VecDeque<Link> = node.bundles().iter().copied().collect();
        while let Some(link) = waiting.pop_front() {
            if !self.step() || !seen.insert(link.node) {
                continue;
            }
            let Some(producer) = self.node(link.node) else { continue };
            if let Some(input) = producer.input(name) {
                return Some((producer, input));
            }
            waiting.extend(producer.bundles());
        }
        None
    }

    fn value(
        &self,
        holder: &Node<'a>,
        input: Input<'a>,
        name: &str,
        want: Want,
        depth: u32,
    ) -> Option<Found> {
        let link = match input {
            Input::Literal(json) => return literal(holder, json, want),
            Input::Link(link) => link,
        };
        if depth >= MAX_CHAIN || !self.step() {
            return None;
        }
        let key = (link.node, name.to_owned(), want);
        if let Some(found) = self.values.borrow().get(&key) {
            return found.clone();
        }
        // Until it is found, whoever asks for it again asks in a circle.
        self.values.borrow_mut().insert(key.clone(), None);
        let found = self.held(link, name, want, depth.saturating_add(1));
        self.values.borrow_mut().insert(key, found.clone());
        found
    }

    /// The value that a node holds for whoever calls it by this name.
    fn held(&self, link: Link, name: &str, want: Want, depth: u32) -> Option<Found> {
        let node = self.node(link.node)?;
        if let Some(chosen) = self.chosen(node, depth) {
            return self.value(node, chosen?, name, want, depth);
        }
        if let Some(computed) = self.arithmetic(node, depth).filter(|_| want == Want::Number) {
            return computed;
        }
        let of = |name: &&str| self.value(node, node.input(name)?, name, want, depth);
        let held = [name].iter().chain(HOLDERS.iter().filter(|holder| **holder != name)).find_map(of);
        // A reroute has one input under whatever name.
        held.or_else(|| match node.inputs.as_slice() {
            [(other, input @ Input::Link(_))] => self.value(node, *input, other, want, depth),
            _ => None,
        })
    }

    /// The result of a node that computes; outer `None` for nodes that do not.
    fn arithmetic(&self, node: &Node<'a>, depth: u32) -> Option<Option<Found>> {
        let number = |name: &str| self.scalar(node, &[name], Want::Number, depth)?.number();
        let computed = |value: Option<f64>| {
            let value = value.filter(|value| value.is_finite())?;
            let whole = Found { value: Scalar::Number(value), span: None, positional: node.positional };
            Some(match whole.integer() {
                Some(value) => Found { value: Scalar::Integer(value), ..whole },
                None => whole,
            })
        };
        if node.has("multiplier") && node.has("number") {
            return Some(computed(number("number").zip(number("multiplier")).map(|(a, b)| a * b)));
        }
        if let Some(expression) = node.literal("expression") {
            let letter = |letter: char| number(letter.encode_utf8(&mut [0; 4]));
            return Some(computed(expression.text().and_then(|text| calculate(text, &letter))));
        }
        let operator = ["op", "operation", "operator"].iter().find_map(|name| node.literal(name))?;
        let operands = number("a").zip(number("b"));
        let result = match operator.text().unwrap_or_default().to_ascii_lowercase().as_str() {
            "add" | "+" | "a + b" => operands.map(|(a, b)| a + b),
            "sub" | "subtract" | "-" | "a - b" => operands.map(|(a, b)| a - b),
            "mul" | "multiply" | "*" | "a * b" => operands.map(|(a, b)| a * b),
            "div" | "divide" | "/" | "a / b" => operands.map(|(a, b)| a / b),
            _ => None,
        };
        Some(computed(result))
    }

    /// The node at the end of a link, through switches and nodes that only pass on.
    pub(super) fn target(&self, link: Link) -> Option<(Link, &'g Node<'a>)> {
        let mut link = link;
        for depth in 0..MAX_CHAIN {
            if !self.step() {
                return None;
            }
            let node = self.node(link.node)?;
            let next = match self.chosen(node, depth) {
                Some(chosen) => chosen?,
                None => match node.inputs.as_slice() {
                    // A reroute has one input and nothing else.
                    [(_, input @ Input::Link(_))] if node.class_has("reroute") => *input,
                    _ => return Some((link, node)),
                },
            };
            let Input::Link(next) = next else { return Some((link, node)) };
            link = next;
        }
        None
    }
}

fn literal(holder: &Node<'_>, json: &Json<'_>, want: Want) -> Option<Found> {
    let value = match (&json.data, want) {
        (Data::Integer(value), Want::Number) => Scalar::Integer(*value),
        (Data::Number(value), Want::Number) => Scalar::Number(*value),
        (Data::Text(_), Want::Number) => {
            json.integer().map(Scalar::Integer).or_else(|| json.number().map(Scalar::Number))?
        }
        (Data::Text(text), Want::Text) if text.len() <= MAX_NAME_BYTES => {
            Scalar::Text(text.as_ref().to_owned())
        }
        _ => return None,
    };
    Some(Found { value, span: Some(json.span.clone()), positional: holder.positional })
}
