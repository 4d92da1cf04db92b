use proptest::prelude::*;

use super::*;
use crate::entity::{HexHash, Resource, ResourceSources, VersionId};

fn claim(field: Field, value: Value, dialect: Dialect, strength: Strength, block: usize) -> Claim {
    Claim { field, value, dialect, strength, block, span: None }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn said(field: Field, value: Value, block: usize) -> Claim {
    claim(field, value, Dialect::Infotext, Strength::Said, block)
}

fn named(
    kind: ResourceKind,
    name: &str,
    hash: &str,
    version: u64,
    weight: Option<f64>,
    sources: ResourceSources,
) -> Claim {
    let resource = Resource {
        kind,
        name: (!name.is_empty()).then(|| name.to_owned()),
        hash: HexHash::parse(hash),
        version: VersionId::new(version),
        air: None,
    };
    said(Field::Resource, Value::Resource(Box::new(ResourceUse { resource, weight, sources })), 0)
}

#[test]
fn the_stronger_claim_counts_then_the_more_special_grammar_then_the_first() {
    let prompt =
        |value: &str, dialect, strength, block| claim(Field::Prompt, text(value), dialect, strength, block);
    let merged = |claims: &[Claim]| merge(claims).generation.prompt;
    let graph = prompt("graph", Dialect::ComfyPrompt, Strength::Ran, 2);
    let stale = prompt("stale", Dialect::ComfyWorkflow, Strength::Stale, 1);
    let infotext = prompt("text", Dialect::Infotext, Strength::Said, 0);
    let own = prompt("own", Dialect::SwarmUi, Strength::Ran, 3);
    let second = prompt("second", Dialect::Infotext, Strength::Said, 4);
    assert_eq!(merged(&[infotext.clone(), stale.clone(), graph.clone(), own]).as_deref(), Some("own"));
    assert_eq!(merged(&[infotext.clone(), stale.clone(), graph]).as_deref(), Some("graph"));
    assert_eq!(merged(&[stale, infotext.clone(), second]).as_deref(), Some("text"));
    assert_eq!(merged(&[infotext]).as_deref(), Some("text"));
}

#[test]
fn known_to_be_empty_hides_a_weaker_text() {
    let empty = claim(Field::NegativePrompt, text(""), Dialect::ComfyPrompt, Strength::Ran, 0);
    let stale = claim(Field::NegativePrompt, text("blur"), Dialect::ComfyWorkflow, Strength::Stale, 1);
    assert_eq!(merge(&[empty, stale]).generation.negative_prompt, None);
}

#[test]
fn a_seed_that_was_not_told_yields_to_one_that_was() {
    let unknown = claim(Field::Seed, Value::Integer(-1), Dialect::TensorArt, Strength::Ran, 0);
    let known = said(Field::Seed, Value::Integer(9), 1);
    let merged = merge(&[unknown.clone(), known]);
    assert_eq!(merged.generation.seed, Some(9));
    assert_eq!(merged.conflicts, []);
    assert_eq!(merge(&[unknown]).generation.seed, None);
}

#[test]
fn spelling_is_no_conflict_and_a_difference_is() {
    let check = |field: Field, a: Value, b: Value, differ: bool| {
        let claims = [said(field.clone(), a.clone(), 0), said(field.clone(), b.clone(), 1)];
        let found = merge(&claims).conflicts;
        let expected = if differ { vec![Conflict { field, kept: 0, other: 1 }] } else { Vec::new() };
        assert_eq!(found, expected, "{a:?} {b:?}");
    };
    check(Field::Prompt, text("a  kite\r\n"), text("a kite"), false);
    check(Field::Prompt, text("a kite"), text("a hat"), true);
    check(Field::Model, text("dir/Kite.safetensors"), text("kite"), false);
    check(Field::Model, text("kite"), text("hat"), true);
    check(Field::ModelHash, text("blake3:0A1B2C3D4E55"), text("0a1b2c3d4e"), false);
    check(Field::ModelHash, text("0a1b2c3d4e"), text("1a1b2c3d4e"), true);
    check(Field::Cfg, Value::Integer(7), Value::Number(7.0), false);
    check(Field::Cfg, Value::Number(7.5), Value::Number(7.0), true);
    check(Field::Seed, Value::Integer(7), Value::Integer(8), true);
}

#[test]
fn resources_are_joined_by_version_hash_and_name_and_weights_of_lists_beat_tags() {
    use ResourceKind::{Lora, Model, Unknown};
    let claims = [
        named(Lora, "wind", "", 0, Some(0.5), ResourceSources::PROMPT_TAG),
        named(Lora, "Wind.safetensors", "1b2c3d4e5f", 0, None, ResourceSources::HASHES),
        named(Unknown, "", "1b2c3d4e5f6a", 9002, Some(0.8), ResourceSources::CIVITAI_RESOURCES),
        named(Model, "kite", "0a1b2c3d4e", 0, None, ResourceSources::HASH_KEY),
    ];
    let merged = merge(&claims);
    assert_eq!(merged.resources.len(), 2);
    let wind = &merged.resources[0];
    assert_eq!((wind.resource.version, wind.weight), (VersionId::new(9002), Some(0.8)));
    assert_eq!(wind.resource.hash.as_ref().map(ToString::to_string).as_deref(), Some("1b2c3d4e5f6a"));
    assert_eq!(wind.resource.kind, Lora);
    assert_eq!(merged.generation.model.as_deref(), Some("kite"));
    assert_eq!(merged.generation.model_hash.as_deref(), Some("0a1b2c3d4e"));
}

#[test]
fn resources_of_a_stale_copy_count_only_alone() {
    let mut stale = named(ResourceKind::Lora, "old", "", 0, None, ResourceSources::RESOURCES);
    stale.strength = Strength::Stale;
    assert_eq!(merge(std::slice::from_ref(&stale)).resources.len(), 1);
    let firm = named(ResourceKind::Lora, "new", "", 0, None, ResourceSources::RESOURCES);
    let names: Vec<_> = merge(&[stale, firm]).resources.into_iter().map(|used| used.resource.name).collect();
    assert_eq!(names, [Some("new".to_owned())]);
}

/// The claim that counts, found by comparing every pair.
fn strongest(claims: &[Claim], field: &Field) -> Option<usize> {
    let beats = |a: usize, b: usize| {
        let (x, y) = (&claims[a], &claims[b]);
        (x.strength, std::cmp::Reverse(specificity(x.dialect)), std::cmp::Reverse(a))
            > (y.strength, std::cmp::Reverse(specificity(y.dialect)), std::cmp::Reverse(b))
    };
    let about: Vec<usize> =
        (0..claims.len()).filter(|at| claims[*at].field == *field && !is_unknown(&claims[*at])).collect();
    about.iter().copied().find(|a| about.iter().all(|b| a == b || beats(*a, *b)))
}

proptest! {
    #[test]
    fn the_winner_beats_every_other(picks in proptest::collection::vec((0_usize..3, 0_usize..4, 0_usize..5, -1_i128..4), 0..12)) {
        const DIALECTS: [Dialect; 3] = [Dialect::SwarmUi, Dialect::ComfyPrompt, Dialect::Infotext];
        const STRENGTHS: [Strength; 4] = [Strength::Guess, Strength::Stale, Strength::Said, Strength::Ran];
        let claims: Vec<Claim> = picks
            .iter()
            .map(|(dialect, strength, block, seed)| {
                claim(Field::Seed, Value::Integer(*seed), DIALECTS[*dialect], STRENGTHS[*strength], *block)
            })
            .collect();
        let merged = merge(&claims);
        let expected = strongest(&claims, &Field::Seed);
        let seed = expected.map(|at| match claims[at].value { Value::Integer(seed) => seed, _ => 0 });
        prop_assert_eq!(merged.generation.seed, seed);
        for conflict in &merged.conflicts {
            prop_assert_eq!(Some(conflict.kept), expected);
            prop_assert!(claims[conflict.kept].value != claims[conflict.other].value);
            prop_assert!(claims[conflict.kept].block != claims[conflict.other].block);
        }
    }
}
