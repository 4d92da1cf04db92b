//! Relatives, for a terminal.

use std::collections::BTreeMap;

use crate::lineage::report::{FamilyGraph, LineageReport, Node, Tie};

use super::page::{Page, images};

/// Edges that a terminal shows of each direction.
const MOST_EDGES: usize = 20;

impl Page {
    pub(super) fn ancestry(&mut self, report: &LineageReport) {
        let ancestry = &report.ancestry;
        let graph = &ancestry.graph;
        let (up, down) = sides(graph);
        let remixes = ancestry.remixes.unwrap_or_default();
        let remixed = remixes.made_from_others + remixes.children > 0;
        if ancestry.base_models.is_empty() && up.is_empty() && down.is_empty() && !remixed {
            return;
        }
        self.title("Ancestry");
        for base in &ancestry.base_models {
            let versions: Vec<String> = base.versions.iter().take(20).map(ToString::to_string).collect();
            let more = if base.versions.len() > 20 { ", ..." } else { "" };
            self.line(&format!("  base model {}: {}{more}", base.name, versions.join(", ")));
        }
        self.edges("descends from", &up);
        self.edges("went into, or is shared with", &down);
        let truncated = graph.truncated;
        if truncated.nodes + truncated.at_depth > 0 {
            self.line(&format!(
                "  not shown: {} relatives beyond the size of the graph, {} beyond {} generations",
                truncated.nodes, truncated.at_depth, truncated.depth
            ));
        }
        if remixed {
            self.line(&format!(
                "  {} made from other images ({} of them its own); {} made from {} of these",
                images(remixes.made_from_others),
                remixes.made_from_own,
                images(remixes.children),
                remixes.parents
            ));
        }
    }

    fn edges(&mut self, title: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.line(&format!("  {title}:"));
        for line in lines.iter().take(MOST_EDGES) {
            self.indented(4, line);
        }
        if lines.len() > MOST_EDGES {
            self.line(&format!("    ... and {} more", lines.len() - MOST_EDGES));
        }
    }
}

/// The edges that lead away from the scope, and those that lead to it, in words. Base models have lines of their own,
/// and that versions follow each other is plain from their list.
fn sides(graph: &FamilyGraph) -> (Vec<String>, Vec<String>) {
    let nodes: BTreeMap<&str, &Node> = graph.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let told = |id: &str| match nodes.get(id) {
        Some(node) if node.title == node.id => node.id.clone(),
        Some(node) if node.known => format!("{} ({})", node.title, node.id),
        Some(node) => format!("{} ({}, not in the catalog)", node.title, node.id),
        None => id.to_owned(),
    };
    // What can be reached from the scope by way of parents is above it.
    let mut above: Vec<&str> =
        graph.nodes.iter().filter(|node| node.in_scope).map(|node| node.id.as_str()).collect();
    let mut seen: std::collections::BTreeSet<&str> = above.iter().copied().collect();
    while let Some(id) = above.pop() {
        for edge in graph.edges.iter().filter(|edge| edge.from == id) {
            if seen.insert(&edge.to) {
                above.push(&edge.to);
            }
        }
    }
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for edge in &graph.edges {
        if matches!(edge.relation, Tie::BasedOn | Tie::SucceedsVersion) {
            continue;
        }
        let detail = edge.detail.as_deref().map(|detail| format!(" [{detail}]")).unwrap_or_default();
        let line = format!(
            "{} {} {} by {}{detail}",
            told(&edge.from),
            words(edge.relation),
            told(&edge.to),
            edge.grounds()
        );
        if seen.contains(edge.from.as_str()) { up.push(line) } else { down.push(line) }
    }
    (up, down)
}

fn words(tie: Tie) -> &'static str {
    match tie {
        Tie::BasedOn => "is based on",
        Tie::TrainedOn => "was trained on",
        Tie::TrainedWithVae => "was trained with the VAE",
        Tie::MergedFrom => "was merged from",
        Tie::BakesLora => "has baked in",
        Tie::VaeOf => "has the VAE",
        Tie::DerivedFrom => "was derived from",
        Tie::SameFile => "is the same file as",
        Tie::SharesVae => "shares a VAE file with",
        Tie::SucceedsVersion => "follows",
    }
}
