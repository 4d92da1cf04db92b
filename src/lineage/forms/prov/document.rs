//! A PROV-JSON document in the making: every identifier once, every relation with an identifier of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::entity::Timestamp;

use super::attributes;
use super::names::prefixes;

/// Records by kind, then by identifier.
#[derive(Default)]
pub(super) struct Document {
    kinds: BTreeMap<&'static str, Map<String, Value>>,
    /// Relations that were told, with their kind: said twice is said once.
    told: BTreeSet<(&'static str, String)>,
}

impl Document {
    pub(super) fn entity<'a>(&mut self, id: &str, given: impl IntoIterator<Item = (&'a str, Value)>) {
        self.thing("entity", id, given);
    }

    pub(super) fn agent<'a>(&mut self, id: &str, given: impl IntoIterator<Item = (&'a str, Value)>) {
        self.thing("agent", id, given);
    }

    pub(super) fn activity<'a>(&mut self, id: &str, given: impl IntoIterator<Item = (&'a str, Value)>) {
        self.thing("activity", id, given);
    }

    /// Something told again is merged: PROV-CONSTRAINTS 22, key-object.
    fn thing<'a>(&mut self, kind: &'static str, id: &str, given: impl IntoIterator<Item = (&'a str, Value)>) {
        let all = self.kinds.entry(kind).or_default();
        let known = all.remove(id).and_then(|value| match value {
            Value::Object(known) => Some(known),
            _ => None,
        });
        let mut told: Vec<(String, Value)> = Vec::new();
        for (name, value) in known.unwrap_or_default() {
            match value {
                Value::Array(values) => told.extend(values.into_iter().map(|value| (name.clone(), value))),
                value => told.push((name, value)),
            }
        }
        told.extend(given.into_iter().map(|(name, value)| (name.to_owned(), value)));
        all.insert(id.to_owned(), Value::Object(attributes(told)));
    }

    pub(super) fn has(&self, kind: &'static str, id: &str) -> bool {
        self.kinds.get(kind).is_some_and(|all| all.contains_key(id))
    }

    pub(super) fn has_label(&self, id: &str) -> bool {
        let entity = self.kinds.get("entity").and_then(|all| all.get(id));
        entity.is_some_and(|entity| entity.get("prov:label").is_some())
    }

    /// A relation between two things that were told; it is named by its kind and place.
    pub(super) fn relation<'a>(
        &mut self,
        kind: &'static str,
        (first_role, first): (&'a str, &str),
        (second_role, second): (&'a str, &str),
        given: impl IntoIterator<Item = (&'a str, Value)>,
    ) {
        let ends = [(first_role, json!(first)), (second_role, json!(second))];
        let record = Value::Object(attributes(
            ends.into_iter().chain(given).map(|(name, value)| (name.to_owned(), value)),
        ));
        if self.told.insert((kind, record.to_string())) {
            let all = self.kinds.entry(kind).or_default();
            all.insert(format!("_:{kind}{}", all.len() + 1), record);
        }
    }

    pub(super) fn finish(self) -> Value {
        let mut document = Map::new();
        document.insert("prefix".to_owned(), prefixes());
        for (kind, records) in self.kinds {
            document.insert(kind.to_owned(), Value::Object(records));
        }
        Value::Object(document)
    }
}

/// A time as a typed literal.
pub(super) fn moment(at: Timestamp) -> Value {
    json!({ "$": at.to_string(), "type": "xsd:dateTime" })
}
