//! What a page tells of its items beyond what each says itself.

use crate::catalog::Record;
use crate::entity::{Item, MetaState};

/// Whether a model in an answer lists all its versions that are to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VersionList {
    /// It does.
    Whole,
    /// A filter may have left some out.
    Part,
}

/// Tells each model whether its list of versions is whole.
pub(super) fn mark_version_lists(records: &mut [Record], list: VersionList) {
    for record in records {
        if let Item::Model(model, _) = &mut record.item {
            model.lists_all_versions = list == VersionList::Whole;
        }
    }
}

/// Takes a null for data withheld where the same answer gives other images theirs: the server had them to give.
///
/// Where nobody has any, the server failed at all of them, or nobody was asked.
pub(super) fn mark_withheld(records: &mut [Record]) {
    let state = |record: &Record| match &record.item {
        Item::Image(image) => Some(image.meta),
        _ => None,
    };
    if !records.iter().any(|record| state(record) == Some(MetaState::Present)) {
        return;
    }
    for record in records {
        if let Item::Image(image) = &mut record.item
            && image.meta == MetaState::Null
        {
            image.meta = MetaState::Withheld;
            // The same text says more than it would among others without data.
            record.raw_hash = !record.raw_hash;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::catalog::raw_hash;
    use crate::source::civitai::{Context, ItemKind, MetaRequest, convert};

    fn records(metas: &[Value]) -> Vec<Record> {
        let record = |(position, meta): (usize, &Value)| {
            let key = format!("0a1b2c3d-1111-4222-8333-{position:012}");
            let text =
                json!({ "id": position + 1, "url": format!("https://image.civitai.com/k/{key}/x.jpeg"), "meta": meta })
                    .to_string();
            let context = Context {
                kind: Some(ItemKind::Image),
                meta_request: MetaRequest::Asked,
                returned_for: None,
                dialect: None,
                document: b"",
                position,
            };
            let item = convert(&text, &context).expect("an image").item;
            Record { item, raw_position: 0, raw_hash: raw_hash(&text) }
        };
        metas.iter().enumerate().map(record).collect()
    }

    fn states(records: &[Record]) -> Vec<MetaState> {
        records
            .iter()
            .map(|record| match &record.item {
                Item::Image(image) => image.meta,
                other => unreachable!("{other:?} is no image"),
            })
            .collect()
    }

    #[test]
    fn a_null_among_images_with_data_is_withheld_and_one_among_nulls_is_not() {
        let mut mixed = records(&[json!({ "prompt": "a kite" }), Value::Null]);
        let hashes: Vec<i64> = mixed.iter().map(|record| record.raw_hash).collect();
        mark_withheld(&mut mixed);
        assert_eq!(states(&mixed), [MetaState::Present, MetaState::Withheld]);
        assert_eq!(mixed[0].raw_hash, hashes[0]);
        assert_ne!(mixed[1].raw_hash, hashes[1], "or the same text would count as known");
        let mut nulls = records(&[Value::Null, Value::Null]);
        mark_withheld(&mut nulls);
        assert_eq!(states(&nulls), [MetaState::Null; 2]);
    }
}
