//! What drawings of a family tree have in common.

use std::collections::BTreeMap;

use crate::lineage::report::{FamilyGraph, Node};

use super::words::{cut, node_kind, shown};

/// Longest label of a node, in characters.
const MOST_LABEL: usize = 120;

/// The place of each node by its id.
pub(super) fn places(graph: &FamilyGraph) -> BTreeMap<&str, usize> {
    graph.nodes.iter().enumerate().map(|(place, node)| (node.id.as_str(), place)).collect()
}

/// Edges by the places of their ends, with the place of the edge; those without an end are left out, as no report
/// of ours has any, but a file may.
pub(super) fn edges(graph: &FamilyGraph) -> Vec<(usize, usize, usize)> {
    let places = places(graph);
    let found = graph.edges.iter().enumerate().filter_map(|(edge, ends)| {
        Some((*places.get(ends.from.as_str())?, *places.get(ends.to.as_str())?, edge))
    });
    found.collect()
}

/// What stands in a node: what it is called, and what it is.
pub(super) fn label(node: &Node) -> [String; 2] {
    let title = if node.title.is_empty() { &node.id } else { &node.title };
    let mut kind = node_kind(node.kind).to_owned();
    if let Some(number) = node.id.strip_prefix("version:") {
        kind = format!("{kind} {}", cut(&shown(number), 24));
    }
    [cut(&shown(title), MOST_LABEL), kind]
}

/// Which nodes lie on a common cycle: the number of the strongly connected component of each.
///
/// Tarjan's algorithm without recursion, so that a long chain costs no stack.
pub(super) fn components(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for (from, to) in edges {
        if let Some(list) = next.get_mut(*from) {
            list.push(*to);
        }
    }
    let mut state = Components {
        next,
        index: vec![usize::MAX; nodes],
        low: vec![0; nodes],
        component: vec![usize::MAX; nodes],
        stack: Vec::new(),
        count: 0,
        found: 0,
    };
    for node in 0..nodes {
        if state.index[node] == usize::MAX {
            state.visit(node);
        }
    }
    state.component
}

struct Components {
    next: Vec<Vec<usize>>,
    index: Vec<usize>,
    low: Vec<usize>,
    component: Vec<usize>,
    stack: Vec<usize>,
    count: usize,
    found: usize,
}

impl Components {
    fn visit(&mut self, root: usize) {
        // A node, and how many of its edges were followed.
        let mut path = vec![(root, 0)];
        self.enter(root);
        while let Some((node, followed)) = path.last_mut() {
            let node = *node;
            if let Some(to) = self.next[node].get(*followed).copied() {
                *followed += 1;
                if self.index[to] == usize::MAX {
                    self.enter(to);
                    path.push((to, 0));
                } else if self.component[to] == usize::MAX {
                    self.low[node] = self.low[node].min(self.index[to]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                self.low[*parent] = self.low[*parent].min(self.low[node]);
            }
            self.leave(node);
        }
    }

    fn enter(&mut self, node: usize) {
        self.index[node] = self.count;
        self.low[node] = self.count;
        self.count += 1;
        self.stack.push(node);
    }

    fn leave(&mut self, node: usize) {
        if self.low[node] != self.index[node] {
            return;
        }
        while let Some(member) = self.stack.pop() {
            self.component[member] = self.found;
            if member == node {
                break;
            }
        }
        self.found += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether `to` can be reached from `from`.
    fn reaches(nodes: usize, edges: &[(usize, usize)], from: usize, to: usize) -> bool {
        let mut seen = vec![false; nodes];
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                open.extend(edges.iter().filter(|edge| edge.0 == node).map(|edge| edge.1));
            }
        }
        seen[to]
    }

    proptest! {
        #[test]
        fn two_nodes_are_of_one_component_where_each_reaches_the_other(
            edges in proptest::collection::vec((0..9_usize, 0..9_usize), 0..20)
        ) {
            let found = components(9, &edges);
            for a in 0..9 {
                for b in 0..9 {
                    let both = reaches(9, &edges, a, b) && reaches(9, &edges, b, a);
                    prop_assert_eq!(found[a] == found[b], both, "{} {}", a, b);
                }
            }
        }
    }

    #[test]
    fn a_long_chain_costs_no_stack() {
        let edges: Vec<(usize, usize)> = (0..200_000).map(|node| (node, node + 1)).collect();
        assert_eq!(components(200_001, &edges).len(), 200_001);
    }
}
