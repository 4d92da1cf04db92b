//! Merge recipes as the web UIs write them: `sd_merge_recipe` for the file, `sd_merge_models` for its ancestors.
//!
//! The list of ancestors is flat: one entry a hash, with the recipe by which that parent was merged itself, if it was.

use super::ModelHeader;
use super::ancestry::{edge, usable_hash};
use crate::entity::{AncestryEdge, Descent, HexHash, ParentEvidence};
use crate::parse::Limits;
use crate::parse::json::{self, Json};

/// Where a recipe names the models that it takes, with their part in it.
const PARENTS: [(&str, &str); 6] = [
    ("primary_model_hash", "A"),
    ("secondary_model_hash", "B"),
    ("tertiary_model_hash", "C"),
    ("model_a", "A"),
    ("model_b", "B"),
    ("model_c", "C"),
];

/// Numbers and words that say how models were merged, in the order in which they are told.
const METHODS: [&str; 9] = [
    "interp_method",
    "mode",
    "merge_mode",
    "calcmode",
    "multiplier",
    "alpha",
    "beta",
    "base_alpha",
    "base_beta",
];

/// Most ancestors that are read.
const MAX_ANCESTORS: usize = 1_000;

const RECIPE: &str = "sd_merge_recipe";
const MODELS: &str = "sd_merge_models";

/// The edges of a header's recipe, and of the recipes of its ancestors.
pub(super) fn edges(header: &ModelHeader) -> Vec<AncestryEdge> {
    let (recipe, models) = (header.value(RECIPE), header.value(MODELS));
    let names = models.map(|text| with_json(text, names).unwrap_or_default()).unwrap_or_default();
    let name_of =
        |hash: &HexHash| names.iter().find(|(known, _)| known == hash).and_then(|(_, name)| name.clone());
    let mut found = recipe
        .and_then(|text| with_json(text, |recipe| of_recipe(recipe, None, &name_of)))
        .unwrap_or_default();
    let deeper = models.and_then(|text| {
        with_json(text, |models| {
            let entries = models.members().iter().take(MAX_ANCESTORS);
            let of_entry = |(hash, recipe): (HexHash, &Json<'_>)| {
                with_nested(recipe, |recipe| of_recipe(recipe, Some(&hash), &name_of))
            };
            entries
                .filter_map(|member| Some((usable_hash(&member.key)?.0, member.value.get(RECIPE)?)))
                .flat_map(of_entry)
                .collect::<Vec<_>>()
        })
    });
    found.extend(deeper.unwrap_or_default());
    found
}

/// What the list of ancestors calls each.
fn names(models: &Json<'_>) -> Vec<(HexHash, Option<String>)> {
    let entries = models.members().iter().take(MAX_ANCESTORS);
    entries
        .filter_map(|member| {
            let name = member.value.get("name").and_then(Json::text).map(str::to_owned);
            Some((usable_hash(&member.key)?.0, name))
        })
        .collect()
}

fn of_recipe(
    recipe: &Json<'_>,
    of: Option<&HexHash>,
    name_of: &dyn Fn(&HexHash) -> Option<String>,
) -> Vec<AncestryEdge> {
    let key = if of.is_some() { MODELS } else { RECIPE };
    let method = method(recipe);
    let parents = PARENTS.into_iter().filter_map(|(field, role)| {
        let (hash, evidence) = usable_hash(recipe.get(field)?.text()?)?;
        Some(AncestryEdge {
            name: name_of(&hash),
            hash: Some(hash),
            role: Some(role.to_owned()),
            method: method.clone(),
            of: of.cloned(),
            ..edge(Descent::MergedFrom, evidence, key)
        })
    });
    let vae = recipe.get("bake_in_vae").and_then(Json::text).filter(|name| !matches!(*name, "" | "None"));
    let vae = vae.map(|name| AncestryEdge {
        name: Some(name.to_owned()),
        of: of.cloned(),
        ..edge(Descent::VaeOf, ParentEvidence::Name, key)
    });
    parents.chain(vae).collect()
}

fn method(recipe: &Json<'_>) -> Option<String> {
    let said = METHODS.into_iter().filter_map(|key| {
        let value = recipe.get(key)?;
        let text =
            value.text().map(str::to_owned).or_else(|| value.number().map(|number| number.to_string()))?;
        let is_name = value.text().is_some_and(|text| text.parse::<f64>().is_err());
        Some(if is_name { text } else { format!("{key} {text}") })
    });
    let said: Vec<String> = said.filter(|text| !text.is_empty()).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// Reads JSON that may be JSON in a string once more: some tools encode it twice.
fn with_json<T>(text: &str, read: impl FnOnce(&Json<'_>) -> T) -> Option<T> {
    let limits = Limits { max_depth: 64, ..Limits::default() };
    let document = json::parse(text, &limits)?;
    Some(with_nested(&document.root, read))
}

fn with_nested<T>(value: &Json<'_>, read: impl FnOnce(&Json<'_>) -> T) -> T {
    match value.embedded(&Limits::default()) {
        Some(inner) => read(&inner.root),
        None => read(value),
    }
}
