//! A report as PROV-JSON, the JSON form of the W3C's provenance model.
//!
//! Structure: "The PROV-JSON Serialization", W3C Member Submission of 24 April 2013. Meaning: PROV-DM and
//! PROV-CONSTRAINTS, W3C Recommendations of 30 April 2013.
//!
//! - Versions specialise their model and files their version; what went into a file is `wasDerivedFrom`; another upload
//!   of the same file is `alternateOf`. What does not say that one came of the other (a base model that it works with,
//!   an earlier version, a VAE that training used) is only `wasInfluencedBy`.
//! - The images of the scope are one collection, made by one activity that used the versions. Single images are named
//!   where asked for, each with its own activity.
//! - Evidence, confidence and counts are attributes in our namespace. Nothing here was verified, and says so.
//! - Never: a cycle of derivations, which PROV-CONSTRAINTS forbids (a thing is older than what derives from it). Where
//!   headers contradict each other in a cycle, each of its edges is an influence and says why.

mod document;
mod images;
mod names;

use serde_json::{Map, Value, json};

use crate::lineage::report::{LineageReport, Node, NodeKind, Tie, VersionReport};

use super::graph::{components, edges};
use super::prov_images::ProvImage;
use super::words::{called, node_kind};
use document::Document;
use names::{agent, file, model, node, qualified, version};

/// The whole report, with such images of it as are given.
pub fn prov(report: &LineageReport, images: &[ProvImage]) -> Value {
    let mut document = Document::default();
    scope(&mut document, report);
    for described in &report.versions {
        version_entity(&mut document, report, described);
    }
    family(&mut document, report);
    images::collection(&mut document, report);
    for image in images {
        images::image(&mut document, image);
    }
    stamp(&mut document, report);
    document.finish()
}

fn scope(document: &mut Document, report: &LineageReport) {
    let (crate::lineage::scope::ScopeKind::Model, Some(id)) = (report.scope.kind, report.scope.id) else {
        return;
    };
    let attributes =
        [("prov:label", json!(called(&report.scope))), ("prov:type", qualified("stemmata:Model"))];
    document.entity(&model(id), attributes);
}

fn version_entity(document: &mut Document, report: &LineageReport, described: &VersionReport) {
    let id = version(&described.id.to_string());
    let mut attributes = vec![
        ("prov:type", qualified("stemmata:ModelVersion")),
        ("stemmata:state", json!(described.state)),
        ("stemmata:made_with", json!(described.images.made_with)),
        ("stemmata:posted_for", json!(described.images.posted_for)),
    ];
    attributes.extend(described.name.as_ref().map(|name| ("prov:label", json!(name))));
    attributes.extend(described.published_at.map(|at| ("stemmata:published_at", document::moment(at))));
    document.entity(&id, attributes);
    if let (crate::lineage::scope::ScopeKind::Model, Some(of)) = (report.scope.kind, report.scope.id) {
        document.relation(
            "specializationOf",
            ("prov:specificEntity", &id),
            ("prov:generalEntity", &model(of)),
            [],
        );
    }
    for listed in &described.files {
        let Some(name) = file(&listed.hashes) else { continue };
        let mut attributes = vec![("prov:type", qualified("stemmata:ModelFile"))];
        attributes.extend(listed.name.as_ref().map(|name| ("prov:label", json!(name))));
        for (kind, hash) in &listed.hashes {
            attributes.push(("stemmata:hash", json!(format!("{kind}:{hash}"))));
        }
        document.entity(&name, attributes);
        document.relation(
            "specializationOf",
            ("prov:specificEntity", &name),
            ("prov:generalEntity", &id),
            [],
        );
    }
}

fn family(document: &mut Document, report: &LineageReport) {
    let graph = &report.ancestry.graph;
    for relative in &graph.nodes {
        family_entity(document, relative);
    }
    let edges = edges(graph);
    let is_derived = |edge: &usize| graph.edges.get(*edge).is_some_and(|edge| derives(edge.relation));
    let derivations: Vec<(usize, usize)> =
        edges.iter().filter(|(_, _, edge)| is_derived(edge)).map(|(from, to, _)| (*from, *to)).collect();
    let component = components(graph.nodes.len(), &derivations);
    for (from, to, edge) in edges {
        let (Some(edge), Some(descendant), Some(ancestor)) =
            (graph.edges.get(edge), graph.nodes.get(from), graph.nodes.get(to))
        else {
            continue;
        };
        let (descendant, ancestor) = (node(&descendant.id), node(&ancestor.id));
        let mut attributes =
            vec![("stemmata:relation", json!(edge.relation)), ("stemmata:evidence", json!(edge.evidence))];
        attributes.extend(edge.detail.as_ref().map(|detail| ("stemmata:detail", json!(detail))));
        let in_a_cycle = component.get(from) == component.get(to);
        if derives(edge.relation) && in_a_cycle {
            attributes.push(("stemmata:contradicted", json!("it is part of a cycle of derivations")));
        }
        match edge.relation {
            Tie::SameFile => document.relation(
                "alternateOf",
                ("prov:alternate1", &descendant),
                ("prov:alternate2", &ancestor),
                attributes,
            ),
            tie if derives(tie) && !in_a_cycle => document.relation(
                "wasDerivedFrom",
                ("prov:generatedEntity", &descendant),
                ("prov:usedEntity", &ancestor),
                attributes,
            ),
            _ => document.relation(
                "wasInfluencedBy",
                ("prov:influencee", &descendant),
                ("prov:influencer", &ancestor),
                attributes,
            ),
        }
    }
}

/// Whether a relation says that one file was made out of another.
fn derives(tie: Tie) -> bool {
    matches!(tie, Tie::TrainedOn | Tie::MergedFrom | Tie::BakesLora | Tie::VaeOf | Tie::DerivedFrom)
}

fn family_entity(document: &mut Document, relative: &Node) {
    let kind = match relative.kind {
        NodeKind::Version => "stemmata:ModelVersion",
        NodeKind::BaseModel => "stemmata:BaseModel",
        NodeKind::LocalFile | NodeKind::UnknownFile => "stemmata:ModelFile",
        NodeKind::UnknownName => "stemmata:NamedOnly",
    };
    let id = node(&relative.id);
    let mut attributes = vec![("prov:type", qualified(kind)), ("stemmata:known", json!(relative.known))];
    if !document.has_label(&id) {
        attributes.push(("prov:label", json!(relative.title)));
    }
    attributes.push(("stemmata:kind", json!(node_kind(relative.kind))));
    document.entity(&id, attributes);
}

fn stamp(document: &mut Document, report: &LineageReport) {
    let Some(stamp) = &report.stamp else { return };
    let writer = agent("program", &stamp.program);
    document.agent(
        &writer,
        [("prov:type", qualified("prov:SoftwareAgent")), ("prov:label", json!(stamp.program))],
    );
    let attributes = [
        ("prov:type", qualified("stemmata:Report")),
        ("stemmata:generation", json!(stamp.generation)),
        ("stemmata:made_at", document::moment(stamp.at)),
        ("stemmata:verified", json!(false)),
    ];
    document.entity("stemmata:report", attributes);
    document.relation("wasAttributedTo", ("prov:entity", "stemmata:report"), ("prov:agent", &writer), []);
}

/// Attributes by name; a name that occurs again becomes a list.
fn attributes(given: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in given {
        match all.get_mut(&name) {
            None => {
                all.insert(name, value);
            }
            Some(Value::Array(values)) if !values.contains(&value) => values.push(value),
            Some(Value::Array(_)) => {}
            Some(one) if *one == value => {}
            Some(one) => *one = json!([one.take(), value]),
        }
    }
    all
}
