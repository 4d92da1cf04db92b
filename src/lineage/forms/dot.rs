//! The family tree in DOT, for Graphviz.

use std::fmt::Write as _;

use crate::lineage::report::{LineageReport, NodeKind, Tie};

use super::graph::{edges, label};
use super::words::{called, cut, relation, shown};

/// The whole family tree. Arrows lead from a descendant to its ancestor; what only others name is dashed.
pub fn dot(report: &LineageReport) -> String {
    let graph = &report.ancestry.graph;
    let mut out = String::from("digraph lineage {\n  graph [rankdir=RL, fontname=\"sans-serif\", ");
    let title = quoted(&cut(&shown(&called(&report.scope)), 200));
    let _ = writeln!(out, "label={title}, tooltip={title}];");
    out.push_str("  node [shape=box, style=\"rounded\", fontname=\"sans-serif\"];\n");
    out.push_str("  edge [fontname=\"sans-serif\", fontsize=10];\n");
    for (place, node) in graph.nodes.iter().enumerate() {
        let [title, kind] = label(node);
        let mut attributes =
            format!("label={}, tooltip={}", lines(&[&title, &kind]), quoted(&shown(&node.id)));
        if !node.known {
            attributes.push_str(", style=\"rounded,dashed\"");
        } else if node.in_scope {
            attributes.push_str(", style=\"rounded,bold\"");
        }
        if node.kind == NodeKind::BaseModel {
            attributes.push_str(", shape=ellipse");
        }
        let _ = writeln!(out, "  n{place} [{attributes}];");
    }
    for (from, to, edge) in edges(graph) {
        let Some(edge) = graph.edges.get(edge) else { continue };
        let mut attributes = format!("label={}", quoted(&relation(edge)));
        let detail = edge.detail.as_deref().map(|detail| format!(", {detail}")).unwrap_or_default();
        let told = format!("by {}{detail}", edge.grounds());
        let _ = write!(attributes, ", tooltip={}", quoted(&cut(&shown(&told), 200)));
        match edge.relation {
            Tie::BasedOn => attributes.push_str(", style=dotted"),
            Tie::SameFile | Tie::SharesVae => attributes.push_str(", style=dashed, dir=none"),
            Tie::SucceedsVersion => attributes.push_str(", color=gray50"),
            _ => {}
        }
        let _ = writeln!(out, "  n{from} -> n{to} [{attributes}];");
    }
    out.push_str("}\n");
    out
}

fn quoted(text: &str) -> String {
    lines(&[text])
}

/// A quoted string of several lines. Graphviz reads escapes and HTML entities in labels.
fn lines(texts: &[&str]) -> String {
    let texts: Vec<String> = texts
        .iter()
        .map(|text| text.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\""))
        .collect();
    format!("\"{}\"", texts.join("\\n"))
}
