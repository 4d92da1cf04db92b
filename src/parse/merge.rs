//! One view of all claims: the strongest about each field, every resource once, and where claims disagree.
//!
//! - In: claims in the order of their blocks. Out: [`Merged`].
//! - Of several claims the stronger counts, then that of the more specific grammar, then the first.
//! - A stronger claim that a prompt is empty hides a weaker one that has words.
//! - Never: a claim dropped; what does not count is a [`Conflict`].

use crate::entity::{GenerationData, ImageId, MAX_SEED, MIN_SEED, ResourceKind, ResourceUse, Traits};

use super::mention::rank;
use super::provenance::{AiUse, ai_use};
use super::resources::{Resources, without_extension};
use super::{Claim, Conflict, Dialect, Field, Strength, Value};

#[cfg(test)]
mod tests;

/// Longest generation data kept of one text, in bytes; the raw block has the rest.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// The view that [`merge`] makes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Merged {
    pub(super) generation: GenerationData,
    pub(super) resources: Vec<ResourceUse>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) remix_of: Option<ImageId>,
    /// There were more mentions of resources than are kept.
    pub(super) too_many_resources: bool,
}

/// Joins claims.
pub(super) fn merge(claims: &[Claim]) -> Merged {
    let mut resources = Resources::default();
    let (names, hashes) = add_resources(claims, &mut resources);
    let too_many_resources = resources.overflowed();
    let view = View { claims };
    let text = |field: &Field| view.text(field);
    let count = |field: &Field| view.integer(field).and_then(|count| u32::try_from(count).ok());
    let generation = GenerationData {
        prompt: text(&Field::Prompt),
        negative_prompt: text(&Field::NegativePrompt),
        sampler: text(&Field::Sampler),
        scheduler: text(&Field::Scheduler),
        steps: count(&Field::Steps),
        cfg: view.number(&Field::Cfg),
        seed: view.integer(&Field::Seed).filter(|seed| (MIN_SEED..=MAX_SEED).contains(seed)),
        width: count(&Field::Width),
        height: count(&Field::Height),
        clip_skip: count(&Field::ClipSkip),
        denoise: view.number(&Field::Denoise),
        model: text(&Field::Model).or(names),
        model_hash: text(&Field::ModelHash).or(hashes),
        tool: text(&Field::Tool),
        tool_version: text(&Field::ToolVersion),
        traits: Some(traits(claims)),
    };
    let remix = view.integer(&Field::RemixOf).and_then(|id| ImageId::new(u64::try_from(id).ok()?));
    let conflicts = view.conflicts();
    Merged { generation, resources: resources.finish(), conflicts, remix_of: remix, too_many_resources }
}

/// What the claims show to be there besides what they say.
fn traits(claims: &[Claim]) -> Traits {
    let mut found = Traits::default();
    for claim in claims {
        match (&claim.field, &claim.value, claim.dialect) {
            (_, _, Dialect::ComfyPrompt | Dialect::ComfyWorkflow) => found = found.with(Traits::WORKFLOW),
            (Field::Source, Value::Text(text), Dialect::Provenance) => {
                let Some((standard, word)) = text.split_once(": ") else { continue };
                if standard == "c2pa" {
                    found = found.with(Traits::C2PA);
                }
                if matches!(ai_use(word), AiUse::Made | AiUse::Edited) {
                    found = found.with(Traits::TRAINED);
                }
            }
            _ => {}
        }
    }
    found
}

/// Adds what claims name, and returns the name and the hash of the first checkpoint among them.
///
/// What only a stale copy or a guess names counts if nothing else names anything.
fn add_resources(claims: &[Claim], resources: &mut Resources) -> (Option<String>, Option<String>) {
    let used = |claim: &'_ Claim| match &claim.value {
        Value::Resource(used) => Some((**used).clone()),
        Value::Text(_) | Value::Integer(_) | Value::Number(_) => None,
    };
    let is_firm = |claim: &&Claim| claim.field == Field::Resource && claim.strength >= Strength::Said;
    let any_firm = claims.iter().any(|claim| is_firm(&claim));
    for claim in claims.iter().filter(|claim| !any_firm || is_firm(claim)) {
        if let Some(ResourceUse { resource, weight, sources }) = used(claim) {
            let weight = weight.map(|weight| (rank::of(sources), weight));
            resources.add(resource, weight, sources);
        }
    }
    let name = resources.name_of(ResourceKind::Model).map(|name| without_extension(name).to_owned());
    (name, resources.hash_of(ResourceKind::Model).map(ToString::to_string))
}

struct View<'c> {
    claims: &'c [Claim],
}

impl View<'_> {
    /// The claim that counts, by its place.
    fn winner(&self, field: &Field) -> Option<usize> {
        let about =
            self.claims.iter().enumerate().filter(|(_, claim)| claim.field == *field && !is_unknown(claim));
        let first_of_best = |(at, claim): &(usize, &Claim)| {
            (claim.strength, std::cmp::Reverse(specificity(claim.dialect)), std::cmp::Reverse(*at))
        };
        about.max_by_key(first_of_best).map(|(at, _)| at)
    }

    fn value(&self, field: &Field) -> Option<&Value> {
        self.winner(field).and_then(|at| self.claims.get(at)).map(|claim| &claim.value)
    }

    /// Text that is not blank, cut where it is too long to be kept twice.
    fn text(&self, field: &Field) -> Option<String> {
        let text = match self.value(field)? {
            Value::Text(text) => text,
            Value::Integer(_) | Value::Number(_) | Value::Resource(_) => return None,
        };
        let mut end = text.len().min(MAX_TEXT_BYTES);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        text.get(..end).filter(|text| !text.trim().is_empty()).map(str::to_owned)
    }

    fn integer(&self, field: &Field) -> Option<i128> {
        match self.value(field)? {
            Value::Integer(integer) => Some(*integer),
            Value::Text(_) | Value::Number(_) | Value::Resource(_) => None,
        }
    }

    fn number(&self, field: &Field) -> Option<f64> {
        match self.value(field)? {
            Value::Number(number) => Some(*number),
            #[expect(clippy::cast_precision_loss, reason = "settings are small numbers")]
            Value::Integer(integer) => Some(*integer as f64),
            Value::Text(_) | Value::Resource(_) => None,
        }
    }

    /// For each field and each other block the first claim that does not agree with the one that counts.
    fn conflicts(&self) -> Vec<Conflict> {
        let mut found = Vec::new();
        let block = |claim: Option<&Claim>| claim.map(|claim| claim.block);
        if block(self.claims.first()) == block(self.claims.last()) {
            return found;
        }
        for field in COMPARED {
            let Some(kept) = self.winner(&field) else { continue };
            let Some(winner) = self.claims.get(kept) else { continue };
            let mut blocks = vec![winner.block];
            for (other, claim) in self.claims.iter().enumerate().filter(|(_, claim)| claim.field == field) {
                if claim.strength == Strength::Guess || blocks.contains(&claim.block) || is_unknown(claim) {
                    continue;
                }
                blocks.push(claim.block);
                if !agree(&field, &winner.value, &claim.value) {
                    found.push(Conflict { field: field.clone(), kept, other });
                }
            }
        }
        found
    }
}

/// Fields of which one file should say one thing.
const COMPARED: [Field; 14] = [
    Field::Prompt,
    Field::NegativePrompt,
    Field::Sampler,
    Field::Scheduler,
    Field::Steps,
    Field::Cfg,
    Field::Seed,
    Field::Width,
    Field::Height,
    Field::ClipSkip,
    Field::Denoise,
    Field::Model,
    Field::ModelHash,
    Field::RemixOf,
];

/// A seed of −1 says that one was drawn and not which.
fn is_unknown(claim: &Claim) -> bool {
    claim.field == Field::Seed && claim.value == Value::Integer(-1)
}

/// How special a grammar is, 0 most: what says more about its own program than another counts before it.
fn specificity(dialect: Dialect) -> u8 {
    match dialect {
        Dialect::SwarmUi
        | Dialect::NovelAi
        | Dialect::InvokeAi
        | Dialect::TensorArt
        | Dialect::StabilityMatrix
        | Dialect::Fooocus
        | Dialect::HfSpace
        | Dialect::DrawThings
        | Dialect::Civitai
        | Dialect::EasyDiffusion
        | Dialect::Mochi
        | Dialect::Midjourney => 0,
        Dialect::ComfyPrompt => 1,
        Dialect::Infotext => 2,
        Dialect::ComfyWorkflow => 3,
        Dialect::Generic => 4,
        Dialect::Provenance => 5,
    }
}

/// Whether two values say the same, however they are spelt.
fn agree(field: &Field, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => match field {
            Field::Model => plain_name(a) == plain_name(b),
            Field::ModelHash => {
                let (a, b) = (digits(a), digits(b));
                a.starts_with(&b) || b.starts_with(&a)
            }
            _ => a.split_whitespace().eq(b.split_whitespace()),
        },
        #[expect(clippy::cast_precision_loss, reason = "settings are small numbers")]
        (Value::Number(number), Value::Integer(integer))
        | (Value::Integer(integer), Value::Number(number)) => same_number(*number, *integer as f64),
        (Value::Number(a), Value::Number(b)) => same_number(*a, *b),
        (a, b) => a == b,
    }
}

/// Writers round differently.
fn same_number(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1.0)
}

/// A model's name without folders and extension, in lower case.
fn plain_name(name: &str) -> String {
    without_extension(name.rsplit(['/', '\\']).next().unwrap_or(name).trim()).to_lowercase()
}

/// A hash without the word for its kind, in lower case.
fn digits(hash: &str) -> String {
    hash.rsplit_once(':')
        .map_or(hash, |(_, digits)| digits)
        .trim()
        .trim_start_matches("0x")
        .to_ascii_lowercase()
}
