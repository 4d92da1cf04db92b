//! Texts at the end of links: holders, joins, replacements, wildcards, displays; and what only a run could know.

use std::ops::Range;

use crate::parse::json::{Data, Json};

use super::graph::{Input, Node};
use super::walk::{MAX_CHAIN, Walk, Want};

/// A text and how far it can be trusted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text {
    pub(super) text: String,
    /// The bytes of the graph's text that say it, where one value does.
    pub(super) span: Option<Range<usize>>,
    /// Whether a part of it was made while the graph ran and is not in the file.
    pub(super) incomplete: bool,
    pub(super) positional: bool,
}

impl Text {
    fn unknown() -> Self {
        Self { incomplete: true, ..Self::default() }
    }
}

/// Inputs that hold the text of a node, in the order of trust.
const HOLDERS: [&str; 16] = [
    "text",
    "value",
    "string",
    "String",
    "Text",
    "prompt",
    "prompt_text",
    "texts",
    "input_string",
    "input_text",
    "anything",
    "input",
    "Value",
    "text_a",
    "wildcard_text",
    "text_0",
];

/// Texts that one node joins.
const MAX_PARTS: usize = 256;

/// Words in classes whose text comes from outside of the graph: models that write, files, pickers.
const RUNTIME: [&str; 25] = [
    "loadpreset",
    "load preset",
    "llm",
    "ollama",
    "gpt",
    "gemini",
    "claude",
    "openai",
    "florence",
    "joycaption",
    "joy_caption",
    "caption",
    "interrogat",
    "tagger",
    "vlm",
    "llava",
    "qwenvl",
    "loadtext",
    "load text",
    "textfile",
    "promptgenerator",
    "prompt generator",
    "autonegative",
    "dpmagicprompt",
    "dpfeelinglucky",
];

/// Words in classes that pick from templates and do not store what they picked.
const PICKERS: [&str; 4] = ["dprandom", "dpcombinatorial", "dpjinja", "wildcard"];

/// Whether something in a text is still to be picked: `{a|b}`, `__animal__`, `{% .. %}`.
fn is_template(text: &str) -> bool {
    let has_choice = text.contains('{') && text.contains('}');
    has_choice || text.matches("__").nth(1).is_some()
}

impl<'a> Walk<'_, 'a> {
    /// The text of an input; `None` where it holds none at all.
    pub(super) fn text(&self, node: &Node<'a>, input: Input<'a>, depth: u32) -> Option<Text> {
        let link = match input {
            Input::Literal(json) => return self.literal_text(node, json),
            Input::Link(link) => link,
        };
        if depth >= MAX_CHAIN || !self.step() {
            return Some(Text::unknown());
        }
        let producer = self.node(link.node)?;
        let depth = depth.saturating_add(1);
        if let Some(chosen) = self.chosen(producer, depth) {
            return self.text(producer, chosen?, depth);
        }
        if let Some(told) = self.texts.borrow().get(&link) {
            let fits = told.as_ref().is_none_or(|text| self.spend(text.text.len()));
            return if fits { told.clone() } else { Some(Text::unknown()) };
        }
        // Until it is told, whoever asks for it again asks in a circle.
        self.texts.borrow_mut().insert(link, Some(Text::unknown()));
        let told = self.text_of(producer, link.slot, depth);
        self.texts.borrow_mut().insert(link, told.clone());
        told
    }

    /// The text that a node puts out.
    fn text_of(&self, node: &Node<'a>, slot: usize, depth: u32) -> Option<Text> {
        // What a wildcard was resolved to is stored beside it.
        for stored in ["populated_text", "result"] {
            if let Some(text) = node.literal(stored).and_then(|json| self.literal_text(node, json)) {
                return Some(text);
            }
        }
        let shown = ["text_0", "text_1"].iter().find_map(|name| node.literal(name));
        if RUNTIME.iter().any(|word| node.class_has(word)) {
            let stored = shown.and_then(|json| self.literal_text(node, json));
            return Some(stored.unwrap_or_else(Text::unknown));
        }
        if let Some(text) = self.toggled(node) {
            return Some(text);
        }
        if node.class_has("text string") && node.has("text_b") {
            // One output for each of its texts.
            let name = ["text", "text_b", "text_c", "text_d"].get(slot)?;
            return self.text(node, node.input(name)?, depth);
        }
        if let Some(text) = self.replaced(node, depth).or_else(|| self.joined(node, depth)) {
            return Some(text);
        }
        // Styles and the like have one output for each side.
        for (side, names) in [(0, ["text_positive", "positive"]), (1, ["text_negative", "negative"])] {
            let input = names.iter().find_map(|name| node.input(name)).filter(|_| side == slot);
            if let Some(text) = input.and_then(|input| self.text(node, input, depth)) {
                let styled = node.has_any(&["style", "styles"]);
                return Some(Text { incomplete: text.incomplete || styled, ..text });
            }
        }
        let held = HOLDERS.iter().find_map(|name| self.text(node, node.input(name)?, depth));
        // What was picked is not stored: the template is all that the file has.
        let picks = PICKERS.iter().any(|word| node.class_has(word));
        let held = held.map(|text| match picks && is_template(&text.text) {
            true => Text { incomplete: true, ..text },
            false => text,
        });
        match (held, shown.and_then(|json| self.literal_text(node, json))) {
            // A display keeps what ran through it: all that is left of a text made while the graph ran.
            (Some(Text { incomplete: true, .. }) | None, Some(shown)) => Some(shown),
            (held, _) => Some(held.unwrap_or_else(Text::unknown)),
        }
    }

    /// The words of a list that are switched on.
    fn toggled(&self, node: &Node<'a>) -> Option<Text> {
        let list = node.literal("toggle_trigger_words")?;
        let items = list.get("__value__").unwrap_or(list);
        if !items.is_array() {
            return None;
        }
        let is_on = |item: &&Json<'_>| item.get("active").and_then(Json::boolean).unwrap_or(true);
        let words: Vec<&str> =
            items.items().iter().filter(is_on).filter_map(|item| item.get("text")?.text()).collect();
        let mut text = Text { span: Some(list.span.clone()), positional: node.positional, ..Text::default() };
        text.incomplete = !self.push(&mut text.text, &words.join(", "));
        Some(text)
    }

    /// The result of a node that replaces one text by another.
    fn replaced(&self, node: &Node<'a>, depth: u32) -> Option<Text> {
        let is_function = node.literal("action").and_then(Json::text) == Some("replace");
        let names = if is_function {
            ["text_a", "text_b", "text_c"]
        } else if node.has("find") && node.has("replace") {
            [*["string", "text"].iter().find(|name| node.has(name))?, "find", "replace"]
        } else {
            return None;
        };
        let [text, find, replace] = names.map(|name| self.text(node, node.input(name)?, depth));
        let (text, find, replace) = (text?, find?, replace.unwrap_or_default());
        let incomplete = text.incomplete || find.incomplete || replace.incomplete;
        if find.text.is_empty() || !text.text.contains(&find.text) {
            return Some(Text { incomplete, ..text });
        }
        let count = text.text.matches(&find.text).count();
        let bytes = count.saturating_mul(replace.text.len()).saturating_add(text.text.len());
        if bytes > self.max_joined_bytes || !self.spend(bytes) {
            return Some(Text { incomplete: true, ..text });
        }
        let text = Text { text: text.text.replace(&find.text, &replace.text), span: None, ..text };
        Some(Text { incomplete, ..text })
    }

    /// The parts of a node that joins texts, joined.
    fn joined(&self, node: &Node<'a>, depth: u32) -> Option<Text> {
        let parts: Vec<_> =
            node.inputs.iter().filter(|(name, _)| is_part(name)).take(MAX_PARTS).copied().collect();
        if parts.len() < 2 {
            return None;
        }
        let delimiter =
            self.scalar(node, &["delimiter", "separator", "Separator", "seperator"], Want::Text, depth);
        let delimiter = delimiter.and_then(|found| found.text().map(unescaped));
        let delimiter = delimiter.unwrap_or_else(|| default_delimiter(node).to_owned());
        let mut joined = Text::default();
        let mut count = 0_usize;
        for (_, input) in parts {
            if joined.text.len() >= self.max_joined_bytes {
                joined.incomplete = true;
                break;
            }
            let Some(part) = self.text(node, input, depth) else { continue };
            joined.incomplete |= part.incomplete;
            joined.positional |= part.positional;
            if part.text.is_empty() {
                continue;
            }
            joined.span = if count == 0 { part.span } else { None };
            let before = if count == 0 { "" } else { delimiter.as_str() };
            count = count.saturating_add(1);
            if !self.push(&mut joined.text, before) || !self.push(&mut joined.text, &part.text) {
                joined.incomplete = true;
                break;
            }
        }
        Some(joined)
    }

    /// A text as it stands; lists are lines.
    fn literal_text(&self, node: &Node<'a>, json: &Json<'a>) -> Option<Text> {
        let text = match &json.data {
            Data::Text(text) => text.as_ref(),
            Data::Array(items) if !items.is_empty() && items.iter().all(|item| item.text().is_some()) => {
                let lines: Vec<&str> = items.iter().filter_map(Json::text).collect();
                &lines.join("\n")
            }
            _ => return None,
        };
        if !self.spend(text.len()) {
            return Some(Text::unknown());
        }
        let (text, span) = (text.to_owned(), Some(json.span.clone()));
        Some(Text { text, span, incomplete: false, positional: node.positional })
    }

    /// Adds to a text as much as the limits allow; whether that was all.
    pub(super) fn push(&self, text: &mut String, more: &str) -> bool {
        let room = self.max_joined_bytes.saturating_sub(text.len());
        let mut end = room.min(more.len());
        while !more.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let part = more.get(..end).unwrap_or_default();
        if !self.spend(part.len()) {
            return false;
        }
        text.push_str(part);
        end == more.len()
    }
}

/// Whether an input is one of several texts that a node joins: `string_a`, `text2`, `prompt_3`, `a`.
fn is_part(name: &str) -> bool {
    if matches!(name, "a" | "b" | "c" | "d" | "prepend" | "append") {
        return true;
    }
    let Some(tail) =
        ["string", "text", "prompt", "part", "str", "arg"].iter().find_map(|stem| name.strip_prefix(stem))
    else {
        return false;
    };
    let tail = tail.trim_start_matches(['_', ' ']);
    let is_letter = tail.len() == 1 && tail.bytes().all(|byte| byte.is_ascii_lowercase());
    // `text_g` and `text_l` are the two texts of an encoder.
    let is_letter = is_letter && !matches!(tail, "g" | "l");
    is_letter || (!tail.is_empty() && tail != "0" && tail.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What a node puts between texts when it has no input for it.
fn default_delimiter(node: &Node<'_>) -> &'static str {
    if node.class_has("concat") && !node.class_has("text concatenate") {
        ""
    } else if node.class_has("stringfunction") {
        ", "
    } else {
        " "
    }
}

fn unescaped(delimiter: &str) -> String {
    delimiter.replace("\\n", "\n").replace("\\t", "\t")
}
