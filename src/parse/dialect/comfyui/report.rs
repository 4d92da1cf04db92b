//! What one graph says, as claims.

use std::collections::BTreeSet;

use super::super::said::Speaker;
use crate::entity::{MAX_SEED, MIN_SEED, ResourceKind, ResourceSources};
use crate::parse::mention::Mention;
use crate::parse::{Field, Limits, Strength, Value};

use super::graph::{Graph, Node};
use super::live::Live;
use super::models::{Loaded, embeddings};
use super::passes::Pass;
use super::prompts::Side;
use super::unwrap::Shape;
use super::walk::{Found, Walk, Want};

/// Most unused resources that are named.
const MAX_UNUSED: usize = 64;

/// Most passes beside the first that are told in full.
const MAX_OTHER_PASSES: usize = 8;

/// Why a prompt is not whole.
const MADE_WHILE_IT_RAN: &str = "a part of it was made while the graph ran and is not in the file";

/// One graph about to be told.
pub(super) struct Report<'g, 'a> {
    walk: Walk<'g, 'a>,
    shape: Shape,
    limited: bool,
}

impl<'g, 'a> Report<'g, 'a> {
    pub(super) fn new(graph: &'g Graph<'a>, shape: Shape, limits: &Limits) -> Self {
        Self { walk: Walk::new(graph, limits), shape, limited: graph.limited }
    }

    /// Says everything; whether anything was sampled or loaded.
    pub(super) fn speak(&self, speaker: &mut Speaker<'_, '_>) -> bool {
        // Programs that run ComfyUI inside say so elsewhere, and count before it.
        speaker.with(Strength::Stale).tool("comfyui");
        let (live, passes) = self.picture();
        if passes.is_empty() {
            self.asked(speaker, &live);
        }
        if let Some(pass) = passes.first() {
            self.settings(speaker, pass);
            self.prompts(speaker, pass);
            self.model(speaker, pass, &live);
            self.clip_skip(speaker, pass);
        }
        for (number, pass) in passes.iter().enumerate().skip(1).take(MAX_OTHER_PASSES) {
            self.other_pass(speaker, pass, number);
        }
        self.noted(speaker, &live);
        let loads = self.resources(speaker, &live);
        self.embeddings(speaker, &passes);
        self.unused(speaker, &live);
        if live.outputs > 1 && passes.len() > 1 {
            let detail =
                format!("{} outputs end the graph; which of them wrote this file is not said", live.outputs);
            speaker.warn("ambiguous_output", "graph", detail);
        }
        if self.walk.is_exhausted() || self.limited {
            speaker.warn(
                "limit",
                "graph",
                "the graph is too large or too tangled; it was read in part".to_owned(),
            );
        }
        !passes.is_empty() || loads
    }

    /// The live set that has passes, or else the likeliest one.
    fn picture(&self) -> (Live, Vec<Pass>) {
        let mut likeliest = None;
        for live in self.walk.live_sets() {
            let passes = self.walk.passes(&live);
            if !passes.is_empty() {
                return (live, passes);
            }
            likeliest = likeliest.or(Some(live));
        }
        (likeliest.unwrap_or_default(), Vec::new())
    }

    /// How much something counts that was found in this graph.
    fn strength(&self, positional: bool) -> Strength {
        match self.shape {
            Shape::Executed => Strength::Ran,
            Shape::Editor if positional => Strength::Guess,
            Shape::Editor => Strength::Stale,
        }
    }

    fn settings(&self, speaker: &mut Speaker<'_, '_>, pass: &Pass) {
        let counts =
            [(Field::Steps, &pass.steps), (Field::Width, &pass.width), (Field::Height, &pass.height)];
        for (field, found) in counts {
            let count = found
                .as_ref()
                .and_then(Found::integer)
                .filter(|count| (1..=i128::from(u32::MAX)).contains(count));
            self.claim(speaker, field, found.as_ref().zip(count.map(Value::Integer)));
        }
        let seed =
            pass.seed.as_ref().and_then(Found::integer).filter(|seed| (MIN_SEED..=MAX_SEED).contains(seed));
        self.claim(speaker, Field::Seed, pass.seed.as_ref().zip(seed.map(Value::Integer)));
        let cfg = pass.cfg.as_ref().and_then(Found::number).map(Value::Number);
        self.claim(speaker, Field::Cfg, pass.cfg.as_ref().zip(cfg));
        let denoise =
            pass.denoise.as_ref().and_then(Found::number).filter(|share| (0.0..=1.0).contains(share));
        self.claim(speaker, Field::Denoise, pass.denoise.as_ref().zip(denoise.map(Value::Number)));
        let (sampler, scheduler) = pass.sampling();
        self.claim(speaker, Field::Sampler, pass.sampler.as_ref().zip(sampler.map(Value::Text)));
        let said_by = pass.scheduler.as_ref().or(pass.sampler.as_ref());
        self.claim(speaker, Field::Scheduler, said_by.zip(scheduler.map(Value::Text)));
    }

    fn claim(&self, speaker: &mut Speaker<'_, '_>, field: Field, said: Option<(&Found, Value)>) {
        if let Some((found, value)) = said {
            speaker.with(self.strength(found.positional)).claim(field, value, found.span.clone());
        }
    }

    fn prompts(&self, speaker: &mut Speaker<'_, '_>, pass: &Pass) {
        let Some(node) = self.walk.node(pass.node) else { return };
        for (side, field) in [(Side::Positive, Field::Prompt), (Side::Negative, Field::NegativePrompt)] {
            let conditioning = self.walk.conditioning(node, side);
            if side == Side::Positive {
                let guidance = conditioning.guidance.as_ref();
                let value = guidance.and_then(Found::number).map(Value::Number);
                self.claim(speaker, Field::Other("guidance".to_owned()), guidance.zip(value));
            }
            let Some(text) = conditioning.joined(&self.walk) else { continue };
            if text.incomplete {
                speaker.warn("prompt_incomplete", field.as_str(), MADE_WHILE_IT_RAN.to_owned());
            }
            // An empty text that is all there was says that there was none.
            if !text.incomplete || !text.text.trim().is_empty() {
                // What a save node wrote after the run knows more than the half that the graph has.
                let strength = if text.incomplete { Strength::Guess } else { self.strength(text.positional) };
                speaker.with(strength).text(field, &text.text, text.span);
            }
        }
    }

    /// Without a sampler: what was asked of a node that makes pictures by itself or elsewhere.
    fn asked(&self, speaker: &mut Speaker<'_, '_>, live: &Live) {
        let Some(node) = self.walk.maker(live) else { return };
        for (names, field) in [
            (["prompt", "positive_prompt", "positive", "text"], Field::Prompt),
            (["negative_prompt", "negative", "negativePrompt", "neg_prompt"], Field::NegativePrompt),
        ] {
            let input = names.iter().find_map(|name| node.input(name));
            let Some(text) = input.and_then(|input| self.walk.text(node, input, 0)) else { continue };
            if text.incomplete {
                speaker.warn("prompt_incomplete", field.as_str(), MADE_WHILE_IT_RAN.to_owned());
            } else {
                speaker.with(self.strength(text.positional)).text(field, &text.text, text.span);
            }
        }
        let number = |names: &[&str]| self.walk.scalar(node, names, Want::Number, 0);
        let seed = number(&["seed", "noise_seed"]);
        let value =
            seed.as_ref().and_then(Found::integer).filter(|seed| (MIN_SEED..=MAX_SEED).contains(seed));
        self.claim(speaker, Field::Seed, seed.as_ref().zip(value.map(Value::Integer)));
        let steps = number(&["steps"]);
        let value = steps.as_ref().and_then(Found::integer).filter(|steps| (1..=10_000).contains(steps));
        self.claim(speaker, Field::Steps, steps.as_ref().zip(value.map(Value::Integer)));
    }

    /// What a node that writes files was given to write down. It counts where the way to the sampler is unknown.
    fn noted(&self, speaker: &mut Speaker<'_, '_>, live: &Live) {
        let takes_notes =
            |node: &&Node<'_>| node.class_has("save") && node.has_any(&["seed_value", "modelname"]);
        let Some(node) = live.nodes.iter().filter_map(|at| self.walk.node(*at)).find(takes_notes) else {
            return;
        };
        let fields: [(Field, &[&str], Want); 6] = [
            (Field::Seed, &["seed_value", "seed"], Want::Number),
            (Field::Steps, &["steps"], Want::Number),
            (Field::Cfg, &["cfg"], Want::Number),
            (Field::Sampler, &["sampler_name"], Want::Text),
            (Field::Scheduler, &["scheduler", "scheduler_name"], Want::Text),
            (Field::Model, &["modelname"], Want::Text),
        ];
        speaker.with(Strength::Guess);
        for (field, names, want) in fields {
            let Some(found) = self.walk.scalar(node, names, want, 0) else { continue };
            let text = found.text().map(str::to_owned).or_else(|| Some(found.number()?.to_string()));
            let text = found.integer().map(|number| number.to_string()).or(text).unwrap_or_default();
            speaker.written(field, &text, found.span);
        }
        for (field, name) in [(Field::Prompt, "positive"), (Field::NegativePrompt, "negative")] {
            let text = node.input(name).and_then(|input| self.walk.text(node, input, 0));
            // One of these nodes writes this word where nothing is linked.
            if let Some(text) = text.filter(|text| !text.incomplete && text.text != "unknown") {
                speaker.text(field, &text.text, text.span);
            }
        }
    }

    fn model(&self, speaker: &mut Speaker<'_, '_>, pass: &Pass, live: &Live) {
        let Some(node) = self.walk.node(pass.node) else { return };
        let found = match self.walk.model(node, live) {
            // The way to the model leads through something unknown.
            (None, None) => (self.walk.only_checkpoint(live), None),
            found => found,
        };
        match found {
            (Some(loaded), _) => {
                speaker.with(self.strength(loaded.positional)).text(Field::Model, &loaded.name, loaded.span);
            }
            (None, Some(merge)) => {
                if let Some(text) = self.walk.merge(merge, live, 0) {
                    speaker.with(self.strength(false)).text(Field::Other("merge".to_owned()), &text, None);
                }
            }
            (None, None) => {}
        }
    }

    /// Layers skipped, from the nodes that the first pass is made from; ComfyUI counts them from the end.
    fn clip_skip(&self, speaker: &mut Speaker<'_, '_>, pass: &Pass) {
        let behind = self.walk.ancestors(&[pass.node]);
        let found = behind.nodes.iter().find_map(|at| {
            let node = self.walk.node(*at)?;
            let names = ["stop_at_clip_layer", "clip_skip", "base_clip_skip"];
            names.iter().find(|name| node.has(name))?;
            self.walk.scalar(node, &names, Want::Number, 0)
        });
        let layers =
            found.as_ref().and_then(Found::integer).map(i128::abs).filter(|layers| (1..=64).contains(layers));
        self.claim(speaker, Field::ClipSkip, found.as_ref().zip(layers.map(Value::Integer)));
    }

    /// A pass beside the first, under the word for its role.
    fn other_pass(&self, speaker: &mut Speaker<'_, '_>, pass: &Pass, number: usize) {
        let (sampler, scheduler) = pass.sampling();
        let number_of = |found: &Option<Found>| found.as_ref().and_then(Found::number).map(Value::Number);
        let whole = |found: &Option<Found>| found.as_ref().and_then(Found::integer).map(Value::Integer);
        let told = [
            ("seed", &pass.seed, whole(&pass.seed)),
            ("steps", &pass.steps, whole(&pass.steps)),
            ("cfg", &pass.cfg, number_of(&pass.cfg)),
            ("sampler", &pass.sampler, sampler.map(Value::Text)),
            ("scheduler", &pass.scheduler, scheduler.map(Value::Text)),
            ("denoise", &pass.denoise, number_of(&pass.denoise)),
        ];
        for (name, found, value) in told {
            let field = format!("pass {} ({}) {name}", number.saturating_add(1), pass.role.as_str());
            self.claim(speaker, Field::Other(field), found.as_ref().zip(value));
        }
    }

    /// Everything that the live nodes load; whether there was anything.
    fn resources(&self, speaker: &mut Speaker<'_, '_>, live: &Live) -> bool {
        let mut seen: BTreeSet<(ResourceKind, String)> = BTreeSet::new();
        for at in &live.nodes {
            let Some(node) = self.walk.node(*at) else { continue };
            for loaded in self.walk.loaded(*at, node, live) {
                if seen.insert((loaded.kind, loaded.name.clone())) {
                    self.resource(speaker, loaded);
                }
            }
        }
        !seen.is_empty()
    }

    fn resource(&self, speaker: &mut Speaker<'_, '_>, loaded: Loaded) {
        let Loaded { kind, name, weight, span, positional, tag } = loaded;
        let sources = if tag { ResourceSources::PROMPT_TAG } else { ResourceSources::ADDITIONAL };
        let mention = Mention::named(&name).weighted(weight);
        speaker.with(self.strength(positional)).resource(kind, mention, sources, span);
    }

    /// Embeddings that the prompts of all passes call for.
    fn embeddings(&self, speaker: &mut Speaker<'_, '_>, passes: &[Pass]) {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for pass in passes {
            let Some(node) = self.walk.node(pass.node) else { continue };
            for side in [Side::Positive, Side::Negative] {
                for text in self.walk.conditioning(node, side).texts {
                    for name in embeddings(&text.text) {
                        if seen.insert(name.to_owned()) {
                            let mention = Mention::named(name);
                            let speaker = speaker.with(self.strength(text.positional));
                            speaker.resource(
                                ResourceKind::Embedding,
                                mention,
                                ResourceSources::PROMPT_TAG,
                                text.span.clone(),
                            );
                        }
                    }
                }
            }
        }
    }

    /// What stands in the graph but had no part in the picture.
    fn unused(&self, speaker: &mut Speaker<'_, '_>, live: &Live) {
        let mut told = 0_usize;
        let everything = Live::default();
        for (at, node) in self.walk.graph.nodes.iter().enumerate() {
            if live.nodes.contains(&at) || told >= MAX_UNUSED || self.walk.node(at).is_none() {
                continue;
            }
            for loaded in self.walk.loaded(at, node, &everything) {
                told = told.saturating_add(1);
                let text = format!("{}: {}", loaded.kind, loaded.name);
                speaker.with(self.strength(loaded.positional)).text(
                    Field::Other("unused_resource".to_owned()),
                    &text,
                    loaded.span,
                );
            }
        }
    }
}
