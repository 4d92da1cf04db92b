//! Images and how they were made.

use serde_json::{Value, json};

use crate::entity::ImageName;
use crate::lineage::report::LineageReport;

use super::super::prov_images::ProvImage;
use super::document::{Document, moment};
use super::names::{self, agent, qualified, version};

/// All images of the scope as one thing.
const COLLECTION: &str = "stemmata:images";

/// What made them.
const GENERATION: &str = "stemmata:generation";

pub(super) fn collection(document: &mut Document, report: &LineageReport) {
    if report.images == 0 {
        return;
    }
    let mut attributes = vec![
        ("prov:type", qualified("prov:Collection")),
        ("stemmata:images", json!(report.images)),
        ("stemmata:different_in_bytes", json!(report.counts.made_with_deduplicated)),
        ("stemmata:verified", json!(false)),
    ];
    attributes.extend(
        report.counts.made_with_distinct.map(|images| ("stemmata:different_pictures", json!(images))),
    );
    attributes.extend(report.score.as_ref().map(|score| ("stemmata:provenance_score", json!(score.value))));
    attributes.extend(report.first_seen.map(|at| ("stemmata:first_seen", moment(at))));
    attributes.extend(report.last_seen.map(|at| ("stemmata:last_seen", moment(at))));
    document.entity(COLLECTION, attributes);
    document.activity(GENERATION, [("prov:type", qualified("stemmata:ImageGeneration"))]);
    document.relation("wasGeneratedBy", ("prov:entity", COLLECTION), ("prov:activity", GENERATION), []);
    for used in report.versions.iter().filter(|used| used.images.made_with > 0) {
        let mut attributes = vec![("stemmata:images", json!(used.images.made_with))];
        for (kind, images) in &used.evidence {
            attributes.push(("stemmata:evidence", json!(format!("{}:{images}", kind.as_str()))));
        }
        let confidence = used.confidence;
        for (word, images) in [
            ("certain", confidence.certain),
            ("strong", confidence.strong),
            ("likely", confidence.likely),
            ("weak", confidence.weak),
        ] {
            if images > 0 {
                attributes.push(("stemmata:confidence", json!(format!("{word}:{images}"))));
            }
        }
        let id = version(&used.id.to_string());
        document.relation("used", ("prov:activity", GENERATION), ("prov:entity", &id), attributes);
    }
    for other in &report.co_used {
        let id = version(&other.version.to_string());
        let label =
            other.name.as_ref().filter(|_| !document.has_label(&id)).map(|name| ("prov:label", json!(name)));
        document.entity(&id, [("prov:type", qualified("stemmata:ModelVersion"))].into_iter().chain(label));
        let attributes = [("stemmata:images", json!(other.images)), ("stemmata:lift", json!(other.lift))];
        document.relation("used", ("prov:activity", GENERATION), ("prov:entity", &id), attributes);
    }
    for creator in &report.creators {
        let id = agent("user", &creator.name);
        document.agent(&id, [("prov:label", json!(creator.name))]);
        let attributes = [("stemmata:images", json!(creator.images))];
        document.relation("wasAttributedTo", ("prov:entity", COLLECTION), ("prov:agent", &id), attributes);
    }
}

/// One image: what made it used its versions.
pub(super) fn image(document: &mut Document, image: &ProvImage) {
    let id = names::image(&image.name);
    let activity = format!("stemmata:generation/{}", id.replacen(':', "/", 1));
    document.entity(&id, [("prov:type", qualified("stemmata:Image"))]);
    document.activity(&activity, [("prov:type", qualified("stemmata:ImageGeneration"))]);
    let at = image.created_at.map(|at| ("prov:time", json!(at.to_string())));
    document.relation("wasGeneratedBy", ("prov:entity", &id), ("prov:activity", &activity), at);
    if document.has("entity", COLLECTION) {
        document.relation("hadMember", ("prov:collection", COLLECTION), ("prov:entity", &id), []);
    }
    for used in &image.uses {
        let of = version(&used.version.to_string());
        document.entity(&of, [("prov:type", qualified("stemmata:ModelVersion"))]);
        let mut attributes: Vec<(&str, Value)> = vec![
            ("stemmata:evidence", json!(used.evidence.as_str())),
            ("stemmata:confidence", json!(used.confidence.as_f64())),
        ];
        attributes.extend(used.weight.map(|weight| ("stemmata:weight", json!(weight))));
        document.relation("used", ("prov:activity", &activity), ("prov:entity", &of), attributes);
    }
    if let Some(creator) = &image.creator {
        let creator_id = agent("user", creator);
        document.agent(&creator_id, [("prov:label", json!(creator))]);
        document.relation("wasAttributedTo", ("prov:entity", &id), ("prov:agent", &creator_id), []);
    }
    if let Some(tool) = &image.tool {
        let tool_id = agent("tool", tool);
        document
            .agent(&tool_id, [("prov:type", qualified("prov:SoftwareAgent")), ("prov:label", json!(tool))]);
        document.relation("wasAssociatedWith", ("prov:activity", &activity), ("prov:agent", &tool_id), []);
    }
    if let Some(parent) = image.made_from {
        remix(document, image, parent, &id);
    }
}

/// Ids of the site count up, so that a parent with a lower one was there before: no cycle can come of it. One with a
/// higher id is a mistake of somebody, and only an influence.
fn remix(document: &mut Document, image: &ProvImage, parent: u64, id: &str) {
    let parent_id = format!("civitai:images/{parent}");
    if parent_id == id {
        return;
    }
    let is_older = matches!(&image.name, ImageName::Site(own) if parent < own.get());
    let (kind, descendant, ancestor) = if is_older {
        ("wasDerivedFrom", "prov:generatedEntity", "prov:usedEntity")
    } else {
        ("wasInfluencedBy", "prov:influencee", "prov:influencer")
    };
    document.entity(&parent_id, [("prov:type", qualified("stemmata:Image"))]);
    let attributes = [("stemmata:evidence", json!("remix_of"))];
    document.relation(kind, (descendant, id), (ancestor, &parent_id), attributes);
}
