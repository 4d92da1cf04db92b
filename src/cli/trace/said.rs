//! Where a file says what a trace names: blocks, grammars and bytes.

use stemmata::entity::{HexHash, Resource, ResourceUse, normalised_name};
use stemmata::link::{Said, TraceResource};
use stemmata::parse::{Claim, Field, Parsed, Value};

/// The claims of a file that say a reference, in the order of its blocks.
pub(super) fn in_file(parsed: &Parsed, resource: &TraceResource) -> Vec<Said> {
    parsed.claims.iter().filter(|claim| says(claim, resource)).map(|claim| place(parsed, claim)).collect()
}

fn says(claim: &Claim, resource: &TraceResource) -> bool {
    match (&claim.field, &claim.value) {
        (_, Value::Resource(used)) => is_same(&used.resource, resource),
        (Field::ModelHash, Value::Text(text)) => {
            let written = HexHash::parse(text);
            written.zip(resource.hash.as_ref()).is_some_and(|(written, hash)| written.is_form_of(hash))
        }
        _ => false,
    }
}

/// Whether a claim speaks of the reference that several claims were joined to.
fn is_same(written: &Resource, resource: &TraceResource) -> bool {
    let same_version = written.version.is_some() && written.version == resource.version;
    let same_hash = written
        .hash
        .as_ref()
        .zip(resource.hash.as_ref())
        .is_some_and(|(written, hash)| written.is_form_of(hash));
    let name = |text: Option<&str>| text.map(|text| normalised_name(text).unwrap_or_else(|| text.to_owned()));
    let same_name = written.kind == resource.kind
        && written.name.is_some()
        && name(written.name.as_deref()) == name(resource.name.as_deref());
    same_version || same_hash || same_name
}

fn place(parsed: &Parsed, claim: &Claim) -> Said {
    let block = parsed.blocks.get(claim.block);
    let text = block.and_then(|block| block.text());
    let written = claim.span.clone().and_then(|span| text.as_deref()?.get(span));
    let carrier = block.map(|block| block.carrier.to_string()).unwrap_or_default();
    let raw = written.map_or_else(|| in_words(&claim.value), str::to_owned);
    Said {
        block: Some(claim.block),
        range: block
            .filter(|block| block.range.start < block.range.end)
            .map(|block| [block.range.start, block.range.end]),
        span: claim.span.as_ref().map(|span| [span.start, span.end]),
        ..Said::new(format!("{carrier}, {}", claim.dialect.as_str()), &raw)
    }
}

/// What a claim says that no single range of bytes does.
fn in_words(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Resource(used) => {
            let ResourceUse { resource, weight, .. } = used.as_ref();
            let parts = [
                resource.name.clone(),
                resource.hash.as_ref().map(ToString::to_string),
                resource.version.map(|version| format!("version {version}")),
                resource.air.map(|air| air.to_string()),
                weight.map(|weight| format!("weight {weight}")),
            ];
            parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
    }
}
