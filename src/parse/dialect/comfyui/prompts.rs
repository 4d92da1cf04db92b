//! Prompts: from a pass through its conditioning up to the texts that were encoded.

use std::collections::BTreeSet;

use super::graph::{Input, Link, Node};
use super::text::Text;
use super::walk::{Found, MAX_CHAIN, Walk, Want};

/// Which prompt of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Positive,
    Negative,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
        }
    }
}

/// What one side of a pass was conditioned on.
#[derive(Debug, Default)]
pub(super) struct Conditioning {
    /// The texts in the order in which they are combined, equal ones once.
    pub(super) texts: Vec<Text>,
    /// The guidance of distilled models, from the nearest node that sets one.
    pub(super) guidance: Option<Found>,
    /// Whether it ends in nothing on purpose.
    pub(super) zeroed: bool,
}

/// Inputs of encoders that hold their texts; the first group that is there counts.
const ENCODED: [&[&str]; 10] = [
    &["text"],
    &["prompt"],
    &["text_g", "text_l"],
    &["clip_l", "clip_g", "t5xxl", "llama"],
    &["prompt_1", "prompt_2", "prompt_3"],
    &["user_prompt"],
    &["bert", "mt5xl"],
    &["tags", "caption"],
    &["populated_text"],
    &["wildcard_text"],
];

impl<'a> Walk<'_, 'a> {
    /// What one side of a pass was conditioned on.
    pub(super) fn conditioning(&self, node: &Node<'a>, side: Side) -> Conditioning {
        let mut found = Conditioning::default();
        let mut seen = BTreeSet::new();
        let names: &[&str] = match side {
            Side::Positive => &["positive", "conditioning", "cond1", "pos", "cond"],
            Side::Negative => &["negative", "neg"],
        };
        let guider = self.behind(node, "guider");
        let embeds = self.behind(node, "text_embeds");
        for node in [Some(node), guider, embeds].into_iter().flatten() {
            let Some((holder, input)) = names.iter().find_map(|name| self.lookup(node, name)) else {
                continue;
            };
            match input {
                Input::Link(link) => self.follow(link, side, &mut seen, &mut found, 0),
                Input::Literal(_) => found.add(self.text(holder, input, 0)),
            }
            if side == Side::Positive && found.texts.is_empty() {
                // Guiders of two conditions have the edited text in the second.
                if let Some((_, Input::Link(link))) = self.lookup(node, "cond2") {
                    self.follow(link, side, &mut seen, &mut found, 0);
                }
            }
            return found;
        }
        if let Some(embeds) = embeds {
            self.encoded(embeds, side, &mut seen, &mut found, 0);
        }
        found
    }

    fn follow(
        &self,
        link: Link,
        side: Side,
        seen: &mut BTreeSet<(Link, bool)>,
        found: &mut Conditioning,
        depth: u32,
    ) {
        let fresh = seen.insert((link, side == Side::Positive));
        if depth >= MAX_CHAIN || !self.step() || !fresh {
            return;
        }
        let depth = depth.saturating_add(1);
        let Some(node) = self.node(link.node) else { return };
        if let Some(chosen) = self.chosen(node, depth) {
            if let Some(Input::Link(link)) = chosen {
                self.follow(link, side, seen, found, depth);
            }
            return;
        }
        // Nothing is what it conditions on, whatever stands before it.
        if node.class_has("zeroout") || node.class_has("zero out") {
            found.zeroed = true;
            return;
        }
        if found.guidance.is_none() && !self.is_encoder(node) {
            found.guidance = self.scalar(node, &["guidance"], Want::Number, 0);
        }
        if node.has("positive") && node.has("negative") {
            return self.two_sided(node, link.slot, side, seen, found, depth);
        }
        let before = found.texts.len();
        if self.is_encoder(node) {
            self.encoded(node, side, seen, found, depth);
            if found.guidance.is_none() {
                found.guidance = self.scalar(node, &["guidance"], Want::Number, 0);
            }
            if found.texts.len() > before {
                return;
            }
        }
        let mut links: Vec<_> =
            node.links().iter().filter(|(name, _)| is_conditioning(name)).copied().collect();
        links.sort_by_key(|(name, _)| order(name));
        for (_, link) in links {
            self.follow(link, side, seen, found, depth);
        }
    }

    /// A node that takes and gives both sides: the output decides which. Loaders with prompts of their own have
    /// other outputs before these, so there the side decides.
    fn two_sided(
        &self,
        node: &Node<'a>,
        slot: usize,
        side: Side,
        seen: &mut BTreeSet<(Link, bool)>,
        found: &mut Conditioning,
        depth: u32,
    ) {
        let is_loader = node.has_any(&["ckpt_name", "base_ckpt_name"]);
        let side = match slot {
            _ if is_loader => side,
            0 => Side::Positive,
            1 => Side::Negative,
            _ => side,
        };
        match node.input(side.name()) {
            Some(Input::Link(link)) if !is_loader => self.follow(link, side, seen, found, depth),
            Some(input) => found.add(self.text(node, input, depth)),
            None => {}
        }
    }

    /// Whether a node makes conditioning from texts.
    fn is_encoder(&self, node: &Node<'a>) -> bool {
        let has_text = ENCODED.iter().any(|group| node.has_any(group))
            || node.has_any(&["positive_prompt", "negative_prompt"]);
        let encodes = node.links().iter().any(|(name, _)| {
            let name = name.to_ascii_lowercase();
            name.contains("clip") || matches!(name.as_str(), "t5" | "gemma" | "text_encoder" | "llm_model")
        });
        has_text && (encodes || ["encode", "prompt", "conditioning"].iter().any(|word| node.class_has(word)))
    }

    fn encoded(
        &self,
        node: &Node<'a>,
        side: Side,
        seen: &mut BTreeSet<(Link, bool)>,
        found: &mut Conditioning,
        depth: u32,
    ) {
        let own = match side {
            Side::Positive => "positive_prompt",
            Side::Negative => "negative_prompt",
        };
        if let Some(input) = node.input(own) {
            return found.add(self.text(node, input, depth));
        }
        // What a wildcard was resolved to stands beside it.
        let populated = node.literal("populated_text").map(Input::Literal);
        let populated = populated.and_then(|input| self.text(node, input, depth));
        if let Some(text) = populated.filter(|text| !text.text.is_empty()) {
            return found.add(Some(text));
        }
        for group in ENCODED {
            let mut any = false;
            for name in group {
                let Some(input) = node.input(name) else { continue };
                // Some nodes take conditioning under a name of texts.
                if let Input::Link(link) = input {
                    let is_text = self.text(node, input, depth).is_some();
                    if !is_text && self.node(link.node).is_some_and(|node| self.is_encoder(node)) {
                        self.follow(link, side, seen, found, depth);
                        any = true;
                        continue;
                    }
                }
                let text = self.text(node, input, depth);
                any |= text.as_ref().is_some_and(|text| !text.text.is_empty() || text.incomplete);
                found.add(text);
            }
            if any || (group.len() == 1 && node.has_any(group)) {
                return;
            }
        }
    }
}

impl Conditioning {
    fn add(&mut self, text: Option<Text>) {
        let Some(text) = text else { return };
        let is_known =
            self.texts.iter().any(|known| known.text == text.text && known.incomplete == text.incomplete);
        if !is_known {
            self.texts.push(text);
        }
    }

    /// The texts as one, each on lines of its own.
    pub(super) fn joined(&self, walk: &Walk<'_, '_>) -> Option<Text> {
        let said: Vec<&Text> = self.texts.iter().filter(|text| !text.text.is_empty()).collect();
        let incomplete = self.texts.iter().any(|text| text.incomplete);
        match said.as_slice() {
            [] if self.texts.is_empty() => self.zeroed.then(Text::default),
            [] => {
                let first = self.texts.first().cloned().unwrap_or_default();
                Some(Text { incomplete, ..first })
            }
            [one] => Some(Text { incomplete, ..(*one).clone() }),
            several => {
                let mut joined = Text { incomplete, ..Text::default() };
                for (at, text) in several.iter().enumerate() {
                    joined.positional |= text.positional;
                    let before = if at == 0 { "" } else { "\n" };
                    if !walk.push(&mut joined.text, before) || !walk.push(&mut joined.text, &text.text) {
                        joined.incomplete = true;
                        break;
                    }
                }
                Some(joined)
            }
        }
    }
}

fn is_conditioning(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("conditioning")
        || name.starts_with("cond")
        || matches!(name.as_str(), "positive" | "negative")
        || name.contains("embeds")
        || name == "input"
        || name == "value"
        || name == "anything"
}

/// What something is combined with comes after that.
fn order(name: &str) -> u8 {
    match name {
        "conditioning_to" => 0,
        "conditioning_from" => 1,
        _ => 0,
    }
}
