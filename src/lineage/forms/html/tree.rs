//! The family tree as a layered drawing: ancestors on the left, every edge to the right.
//!
//! It keeps its size, so that text can be read; a narrow screen scrolls inside its box.

mod layout;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use crate::lineage::report::{Edge, FamilyGraph, Node, Tie};
use crate::page::escape;

use super::super::graph::{edges, label};
use super::super::words::{count, tie};
use super::svg::{fit, foreign, width};
use layout::{Layout, lay_out};

/// Nodes that are drawn at most; the table below has them all.
const MOST_NODES: usize = 60;

/// Size of a node and the room between two columns, in pixels.
const WIDTH: f64 = 200.0;
const HEIGHT: f64 = 58.0;
const COLUMN_GAP: f64 = 76.0;
const ROW_GAP: f64 = 16.0;
const MARGIN: f64 = 8.0;

const FONT: f64 = 13.0;

/// The drawing with its legend; `None` where nothing is related to anything.
pub(super) fn tree(graph: &FamilyGraph) -> Option<String> {
    let edges = edges(graph);
    if edges.is_empty() {
        return None;
    }
    let drawn = chosen(graph, &edges);
    let place: BTreeMap<usize, usize> =
        drawn.iter().enumerate().map(|(place, node)| (*node, place)).collect();
    let mut shown: Vec<(usize, usize, usize)> = edges
        .iter()
        .filter_map(|(from, to, edge)| Some((*place.get(to)?, *place.get(from)?, *edge)))
        .filter(|(ancestor, descendant, _)| ancestor != descendant)
        .collect();
    // Several statements of the same two are drawn once, the first of them.
    let mut seen = BTreeSet::new();
    shown.retain(|(ancestor, descendant, edge)| {
        let class = graph.edges.get(*edge).map(|edge| class(edge.relation));
        seen.insert((*ancestor, *descendant, class))
    });
    let ends: Vec<(usize, usize)> =
        shown.iter().map(|(ancestor, descendant, _)| (*ancestor, *descendant)).collect();
    let layout = lay_out(drawn.len(), &ends);
    let nodes: Vec<&Node> = drawn.iter().filter_map(|node| graph.nodes.get(*node)).collect();
    Some(legend(graph, &shown) + &drawing(graph, &nodes, &shown, &layout) + &left_out(graph, nodes.len()))
}

/// The nodes to draw: the scope, then what is nearest to it.
fn chosen(graph: &FamilyGraph, edges: &[(usize, usize, usize)]) -> Vec<usize> {
    let mut next: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (from, to, _) in edges {
        next.entry(*from).or_default().push(*to);
        next.entry(*to).or_default().push(*from);
    }
    let is_related = |node: &usize| next.contains_key(node);
    let scope = graph.nodes.iter().enumerate().filter(|(_, node)| node.in_scope).map(|(place, _)| place);
    let mut open: VecDeque<usize> = scope.filter(is_related).collect();
    // A file that was read back may have no scope, or parts that do not hang together.
    let others: Vec<usize> = (0..graph.nodes.len()).filter(is_related).collect();
    let mut found: Vec<usize> = Vec::new();
    let mut seen: BTreeSet<usize> = open.iter().copied().collect();
    let mut others = others.into_iter();
    while found.len() < MOST_NODES {
        let Some(node) = open.pop_front() else {
            match others.find(|node| seen.insert(*node)) {
                Some(node) => open.push_back(node),
                None => break,
            }
            continue;
        };
        found.push(node);
        for neighbour in next.get(&node).into_iter().flatten() {
            if seen.insert(*neighbour) {
                open.push_back(*neighbour);
            }
        }
    }
    found.sort_unstable();
    found
}

/// How an edge is drawn.
fn class(tie: Tie) -> &'static str {
    match tie {
        Tie::TrainedOn | Tie::DerivedFrom => "made",
        Tie::MergedFrom | Tie::BakesLora | Tie::VaeOf => "merged",
        Tie::BasedOn | Tie::TrainedWithVae => "based",
        Tie::SameFile | Tie::SharesVae => "shared",
        Tie::SucceedsVersion => "follows",
    }
}

fn legend(graph: &FamilyGraph, shown: &[(usize, usize, usize)]) -> String {
    let used: BTreeSet<&str> =
        shown.iter().filter_map(|(_, _, edge)| Some(class(graph.edges.get(*edge)?.relation))).collect();
    let all = [
        ("made", "trained on, derived from"),
        ("merged", "merged from, baked in"),
        ("based", "works with, trained with"),
        ("shared", "same file"),
        ("follows", "later version"),
    ];
    let mut out = String::from("<ul class=\"legend\">\n");
    for (class, text) in all.into_iter().filter(|(class, _)| used.contains(class)) {
        let _ = writeln!(
            out,
            "<li><svg width=\"36\" height=\"8\" aria-hidden=\"true\"><path class=\"edge {class}\" d=\"M0 4H36\"/></svg>{text}</li>"
        );
    }
    let is_guess =
        |(_, _, edge): &(usize, usize, usize)| graph.edges.get(*edge).is_some_and(Edge::is_guessed);
    if shown.iter().any(is_guess) {
        out.push_str(
            "<li><svg width=\"36\" height=\"8\" aria-hidden=\"true\"><path class=\"edge guess\" d=\"M0 4H36\"/></svg>thin: a guess \
             by its name</li>\n",
        );
    }
    out.push_str("</ul>\n");
    out
}

fn drawing(graph: &FamilyGraph, nodes: &[&Node], shown: &[(usize, usize, usize)], layout: &Layout) -> String {
    let x = |layer: usize| MARGIN + layer as f64 * (WIDTH + COLUMN_GAP);
    let y = |place: usize| MARGIN + layout.tops.get(place).copied().unwrap_or(0.0);
    let layer = |place: usize| layout.layers.get(place).copied().unwrap_or(0);
    let (across, down) = (x(layout.columns) - COLUMN_GAP + MARGIN, layout.height + 2.0 * MARGIN);
    let mut out = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Family tree, drawing\">\n\
         <svg class=\"tree\" role=\"img\" aria-labelledby=\"tree-t tree-d\" width=\"{across:.0}\" height=\"{down:.0}\">\
         <title id=\"tree-t\">Family tree</title><desc id=\"tree-d\">{} and {} between them; the table below has each \
         one</desc>\n<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto-start-reverse\"><path class=\"arrow\" \
         d=\"M0 0L8 4L0 8Z\"/></marker></defs>\n",
        things(nodes.len(), "relative"),
        things(shown.len(), "relation"),
    );
    for ((ancestor, descendant, edge), way) in shown.iter().zip(&layout.ways) {
        let Some(edge) = graph.edges.get(*edge) else { continue };
        let (Some(parent), Some(child)) = (nodes.get(*ancestor), nodes.get(*descendant)) else { continue };
        let backwards = layer(*ancestor) >= layer(*descendant);
        let (left, right) = if backwards { (*descendant, *ancestor) } else { (*ancestor, *descendant) };
        let mut path = format!("M{:.1} {:.1}", x(layer(left)) + WIDTH, y(left) + HEIGHT / 2.0);
        let mut from = (x(layer(left)) + WIDTH, y(left) + HEIGHT / 2.0);
        for (step, top) in way.iter().enumerate() {
            let column = x(layer(left) + step + 1);
            curve(&mut path, from, (column, MARGIN + top));
            let _ = write!(path, "H{:.1}", column + WIDTH);
            from = (column + WIDTH, MARGIN + top);
        }
        curve(&mut path, from, (x(layer(right)) - 1.0, y(right) + HEIGHT / 2.0));
        let class = class(edge.relation);
        let guess = if edge.is_guessed() { " guess" } else { "" };
        let marker = match class {
            "shared" => "",
            _ if backwards => " marker-start=\"url(#arrow)\"",
            _ => " marker-end=\"url(#arrow)\"",
        };
        let told = format!("{} {} {} (by {})", child.title, tie(edge.relation), parent.title, edge.grounds());
        let _ = writeln!(
            out,
            "<path class=\"edge {class}{guess}\" d=\"{path}\"{marker}><title>{}</title></path>",
            foreign(&told, 300)
        );
    }
    for (place, node) in nodes.iter().enumerate() {
        draw_node(&mut out, node, x(layer(place)), y(place));
    }
    out.push_str("</svg>\n</div>\n");
    out
}

fn curve(path: &mut String, from: (f64, f64), to: (f64, f64)) {
    let middle = f64::midpoint(from.0, to.0);
    let _ = write!(path, "C{middle:.1} {:.1} {middle:.1} {:.1} {:.1} {:.1}", from.1, to.1, to.0, to.1);
}

fn draw_node(out: &mut String, node: &Node, x: f64, y: f64) {
    let [title, kind] = label(node);
    let class = match (node.known, node.in_scope) {
        (false, _) => "node unknown",
        (true, true) => "node scope",
        (true, false) => "node",
    };
    let unknown = if node.known { "" } else { ", only named by others" };
    let _ = write!(
        out,
        "<g class=\"{class}\"><title>{} ({}{unknown})</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" rx=\"5\"/>",
        foreign(&node.title, 300),
        foreign(&node.id, 120)
    );
    let lines = wrap(&title);
    let begin = if lines.len() == 1 { 25.0 } else { 18.0 };
    for (number, line) in lines.iter().enumerate() {
        let down = y + begin + number as f64 * 16.0;
        let _ = write!(out, "<text x=\"{:.1}\" y=\"{down:.1}\">{}</text>", x + 10.0, escape(line));
    }
    let down = y + begin + lines.len() as f64 * 16.0;
    let kind = fit(&kind, WIDTH - 20.0, 12.0);
    let _ = writeln!(
        out,
        "<text class=\"small\" x=\"{:.1}\" y=\"{down:.1}\">{}</text></g>",
        x + 10.0,
        escape(&kind)
    );
}

/// One line or two; what does not fit is cut.
fn wrap(text: &str) -> Vec<String> {
    let room = WIDTH - 20.0;
    if width(text) * FONT <= room {
        return vec![text.to_owned()];
    }
    let mut end = 0;
    for (place, c) in text.char_indices() {
        let here = place + c.len_utf8();
        if width(text.get(..here).unwrap_or_default()) * FONT > room {
            break;
        }
        // A line ends after a blank or a mark within a name.
        if c.is_whitespace() || matches!(c, '_' | '-' | '.' | '/') {
            end = here;
        }
    }
    match text.split_at_checked(end) {
        Some((first, rest)) if end > 0 => vec![first.trim_end().to_owned(), fit(rest, room, FONT)],
        _ => vec![fit(text, room, FONT)],
    }
}

fn left_out(graph: &FamilyGraph, drawn: usize) -> String {
    let related = graph.nodes.len().saturating_sub(drawn);
    let truncated = graph.truncated;
    let mut told = Vec::new();
    if related > 0 {
        told.push(format!("{} not drawn, in the table only", things(related, "relative")));
    }
    if truncated.nodes > 0 {
        told.push(format!(
            "{} left out of the report",
            things(usize::try_from(truncated.nodes).unwrap_or(usize::MAX), "relative")
        ));
    }
    if truncated.at_depth > 0 {
        told.push(format!("{} generations away nobody was asked for further relatives", truncated.depth));
    }
    if told.is_empty() { String::new() } else { format!("<p class=\"more\">{}.</p>\n", told.join("; ")) }
}

fn things(number: usize, word: &str) -> String {
    format!("{} {word}{}", count(number as u64), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_title_takes_two_lines_and_no_more() {
        assert_eq!(wrap("short"), ["short"]);
        let lines = wrap("a rather long title of a model that nobody can read at once, v2.5 final");
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines.iter().all(|line| width(line) * FONT <= WIDTH - 20.0), "{lines:?}");
        assert_eq!(wrap(&"x".repeat(10_000)).len(), 1);
    }
}
