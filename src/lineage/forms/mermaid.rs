//! The family tree as a Mermaid flowchart, for Markdown that draws such charts.

use std::fmt::Write as _;

use crate::lineage::report::{LineageReport, NodeKind, Tie};

use super::graph::{edges, label};
use super::words::{count, cut, relation};

/// Longest text of one node, in characters.
const MOST_TEXT: usize = 60;

/// Most edges and nodes: Mermaid draws no chart with more than 500 edges, or more than 50,000 characters.
const MOST_EDGES: usize = 250;
const MOST_NODES: usize = 110;

/// The family tree, or the part of it that Mermaid draws: nodes of the scope and known ones come first. Arrows lead from
/// a descendant to its ancestor; what only others name is dashed.
pub fn mermaid(report: &LineageReport) -> String {
    let graph = &report.ancestry.graph;
    let mut out = String::from("flowchart RL\n");
    let mut chosen: Vec<usize> = (0..graph.nodes.len()).collect();
    chosen.sort_by_key(|place| graph.nodes.get(*place).map(|node| (!node.in_scope, !node.known, *place)));
    chosen.truncate(MOST_NODES);
    chosen.sort_unstable();
    for place in &chosen {
        let Some(node) = graph.nodes.get(*place) else { continue };
        let [title, kind] = label(node);
        let text = format!("{}<br/>{}", escape(&cut(&title, MOST_TEXT)), escape(&kind));
        let (open, close) = if node.kind == NodeKind::BaseModel { ("([", "])") } else { ("[", "]") };
        let class = match (node.known, node.in_scope) {
            (false, _) => ":::unknown",
            (true, true) => ":::scope",
            (true, false) => "",
        };
        let _ = writeln!(out, "  n{place}{open}\"{text}\"{close}{class}");
    }
    let shown: Vec<(usize, usize, usize)> = edges(graph)
        .into_iter()
        .filter(|(from, to, _)| chosen.binary_search(from).is_ok() && chosen.binary_search(to).is_ok())
        .take(MOST_EDGES)
        .collect();
    for (from, to, edge) in &shown {
        let Some(edge) = graph.edges.get(*edge) else { continue };
        let arrow = match edge.relation {
            Tie::BasedOn | Tie::SucceedsVersion => "-.->",
            Tie::SameFile | Tie::SharesVae => "---",
            _ => "-->",
        };
        let _ = writeln!(out, "  n{from} {arrow}|\"{}\"| n{to}", escape(&relation(edge)));
    }
    out.push_str("  classDef scope stroke-width:3px\n  classDef unknown stroke-dasharray:5 4\n");
    let left = (graph.nodes.len() - chosen.len(), graph.edges.len() - shown.len());
    if left != (0, 0) {
        let _ =
            writeln!(out, "  %% left out: {} nodes, {} edges", count(left.0 as u64), count(left.1 as u64));
    }
    out
}

/// Text within quotes. Mermaid has no escapes but its entity codes, `#` with a name or a number and `;`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Directives (`%%{`), markdown strings (back quotes), HTML and the codes themselves.
        if matches!(c, '"' | '#' | '&' | '<' | '>' | '`' | '%' | '\\' | ';' | '{' | '}' | '|') {
            let _ = write!(out, "#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_ends_its_quotes_or_begins_a_directive() {
        assert_eq!(escape("\"]; %%{init}"), "#34;]#59; #37;#37;#123;init#125;");
        assert_eq!(escape("<b>#quot;</b>"), "#60;b#62;#35;quot#59;#60;/b#62;");
    }
}
