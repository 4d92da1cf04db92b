//! Where the nodes of a graph go: columns from left to right, and an order in each with few crossings.
//!
//! Sugiyama's scheme: edges that close a cycle are turned round, columns are longest paths, long edges pass through
//! dummy places, and the order follows the mean place of the neighbours. Everything is settled by the order of nodes.

use super::{HEIGHT, ROW_GAP};

/// Sweeps over the columns, there and back.
const SWEEPS: usize = 6;

/// The room that a passing edge takes, in pixels.
const PASSING: f64 = 20.0;

/// Places of nodes.
#[derive(Debug, PartialEq)]
pub(super) struct Layout {
    /// The column of each node, from 0 on the left.
    pub(super) layers: Vec<usize>,
    /// How many columns there are.
    pub(super) columns: usize,
    /// The upper edge of each node.
    pub(super) tops: Vec<f64>,
    /// For each edge the heights at which it passes the columns between its ends, from left to right.
    pub(super) ways: Vec<Vec<f64>>,
    /// The lower end of all.
    pub(super) height: f64,
}

/// Lays out `nodes` nodes; each edge leads from the one that should stand further left.
pub(super) fn lay_out(nodes: usize, edges: &[(usize, usize)]) -> Layout {
    let turned = without_cycles(nodes, edges);
    let layers = layers(nodes, &turned);
    let columns = layers.iter().max().map_or(0, |last| last + 1);
    let mut slots = Slots::new(&layers, columns);
    let chains: Vec<Vec<usize>> = turned.iter().map(|(left, right)| slots.chain(*left, *right)).collect();
    slots.sort();
    let (middles, height) = slots.middles(nodes);
    let tops = (0..nodes).map(|node| middles[node] - HEIGHT / 2.0).collect();
    let ways = chains.iter().map(|chain| chain.iter().map(|slot| middles[*slot]).collect()).collect();
    Layout { layers, columns, tops, ways, height }
}

/// The same edges with those turned round that close a cycle, found depth first.
fn without_cycles(nodes: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut turned = edges.to_vec();
    let mut state = vec![State::New; nodes];
    let mut from: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for (place, (left, _)) in edges.iter().enumerate() {
        from[*left].push(place);
    }
    for root in 0..nodes {
        if state[root] != State::New {
            continue;
        }
        state[root] = State::Open;
        let mut path = vec![(root, 0)];
        while let Some((node, followed)) = path.last_mut() {
            let Some(edge) = from[*node].get(*followed).copied() else {
                state[*node] = State::Done;
                path.pop();
                continue;
            };
            *followed += 1;
            let (left, right) = edges[edge];
            match state[right] {
                State::New => {
                    state[right] = State::Open;
                    path.push((right, 0));
                }
                State::Open => turned[edge] = (right, left),
                State::Done => {}
            }
        }
    }
    turned
}

/// Columns by longest path; a node without anything to its left moves next to what is on its right.
fn layers(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layers = vec![0_usize; nodes];
    // Without cycles, as many rounds as nodes are enough; mostly it is a few.
    for _ in 0..nodes {
        let mut changed = false;
        for (left, right) in edges {
            if layers[*right] <= layers[*left] {
                layers[*right] = layers[*left] + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for node in 0..nodes {
        let has_parents = edges.iter().any(|(_, right)| *right == node);
        let nearest = edges.iter().filter(|(left, _)| *left == node).map(|(_, right)| layers[*right]).min();
        if let (false, Some(nearest)) = (has_parents, nearest) {
            layers[node] = nearest.saturating_sub(1);
        }
    }
    layers
}

/// Nodes and dummies: nodes first, by number.
struct Slots {
    layers: Vec<usize>,
    columns: Vec<Vec<usize>>,
    neighbours: Vec<[Vec<usize>; 2]>,
}

impl Slots {
    fn new(layers: &[usize], columns: usize) -> Self {
        let mut slots =
            Self { layers: Vec::new(), columns: vec![Vec::new(); columns], neighbours: Vec::new() };
        for layer in layers {
            slots.add(*layer);
        }
        slots
    }

    fn add(&mut self, layer: usize) -> usize {
        let slot = self.layers.len();
        self.layers.push(layer);
        self.columns[layer].push(slot);
        self.neighbours.push([Vec::new(), Vec::new()]);
        slot
    }

    /// Joins two nodes by dummies, and returns those.
    fn chain(&mut self, left: usize, right: usize) -> Vec<usize> {
        let mut before = left;
        let mut dummies = Vec::new();
        for layer in self.layers[left] + 1..self.layers[right] {
            let dummy = self.add(layer);
            self.join(before, dummy);
            dummies.push(dummy);
            before = dummy;
        }
        self.join(before, right);
        dummies
    }

    fn join(&mut self, left: usize, right: usize) {
        self.neighbours[left][1].push(right);
        self.neighbours[right][0].push(left);
    }

    /// Orders each column by the mean place of the neighbours on one side, then on the other.
    fn sort(&mut self) {
        let count = self.columns.len();
        for sweep in 0..SWEEPS {
            let side = sweep % 2;
            for step in 0..count {
                let column = if side == 0 { step } else { count - 1 - step };
                let mut place = vec![0.0; self.layers.len()];
                for slots in &self.columns {
                    for (position, slot) in slots.iter().enumerate() {
                        // Between 0 and 1, so that columns of different lengths can be compared.
                        place[*slot] = (position as f64 + 0.5) / slots.len() as f64;
                    }
                }
                let mean = |slot: &usize| {
                    let near = &self.neighbours[*slot][side];
                    if near.is_empty() {
                        return place[*slot];
                    }
                    near.iter().map(|slot| place[*slot]).sum::<f64>() / near.len() as f64
                };
                let mut sorted: Vec<(f64, usize)> =
                    self.columns[column].iter().map(|slot| (mean(slot), *slot)).collect();
                sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
                self.columns[column] = sorted.into_iter().map(|(_, slot)| slot).collect();
            }
        }
    }

    /// The middle of each slot from above, columns centred, and the height of the tallest.
    fn middles(&self, nodes: usize) -> (Vec<f64>, f64) {
        let size = |slot: usize| if slot < nodes { HEIGHT } else { PASSING };
        let tall = |slots: &[usize]| {
            slots.iter().map(|slot| size(*slot)).sum::<f64>() + ROW_GAP * slots.len().saturating_sub(1) as f64
        };
        let height = self.columns.iter().map(|slots| tall(slots)).fold(0.0, f64::max);
        let mut middles = vec![0.0; self.layers.len()];
        for slots in &self.columns {
            let mut down = (height - tall(slots)) / 2.0;
            for slot in slots {
                middles[*slot] = down + size(*slot) / 2.0;
                down += size(*slot) + ROW_GAP;
            }
        }
        (middles, height)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ancestors_stand_on_the_left_and_a_late_one_next_to_its_child() {
        let layout = lay_out(5, &[(0, 1), (1, 2), (2, 3), (4, 3), (0, 3)]);
        assert_eq!(layout.layers, [0, 1, 2, 3, 2]);
        assert_eq!(layout.ways[4].len(), 2, "a long edge passes two columns");
    }

    proptest! {
        #[test]
        fn no_two_nodes_overlap_and_no_edge_stays_in_its_column(
            edges in proptest::collection::vec((0..10_usize, 0..10_usize), 0..24)
        ) {
            let edges: Vec<_> = edges.into_iter().filter(|(a, b)| a != b).collect();
            let layout = lay_out(10, &edges);
            for a in 0..10 {
                prop_assert!(layout.tops[a] >= 0.0 && layout.tops[a] + HEIGHT <= layout.height + 0.001);
                for b in 0..a {
                    let apart = (layout.tops[a] - layout.tops[b]).abs() >= HEIGHT;
                    prop_assert!(apart || layout.layers[a] != layout.layers[b]);
                }
            }
            for ((a, b), way) in edges.iter().zip(&layout.ways) {
                let distance = layout.layers[*a].abs_diff(layout.layers[*b]);
                prop_assert!(distance > 0);
                prop_assert_eq!(way.len(), distance - 1);
            }
        }
    }
}
