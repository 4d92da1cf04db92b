//! Boxes in boxes: pictures of one shape and like appearance share a leaf.
//!
//! - In: the leading coordinates and shapes of pictures, which are sorted by shape.
//! - Out: nodes in depth-first order with the place to go on when a node is out of reach, and leaves of at
//!   most [`LANES`] pictures.
//! - Never: the full features.

use rayon::prelude::*;

use super::Aspect;
use super::block::{Block, Bounds, LANES, LEAD, Lead};

/// Pictures below which a subtree is built by one thread.
const PARALLEL_FROM: usize = 8 * 1024;

/// One box, with everything below it.
#[derive(Debug)]
pub(super) struct Node {
    /// Around its pictures.
    pub(super) bounds: Bounds,
    /// The narrowest and the widest shape in it.
    pub(super) aspects: (Aspect, Aspect),
    /// Index of the first node that is not below this one.
    pub(super) skip: usize,
    /// Number of the last leaf at or below it.
    pub(super) last_leaf: usize,
    /// Whether it is a leaf itself, namely `last_leaf`.
    pub(super) is_leaf: bool,
}

impl Node {
    /// Whether a picture in it may agree in shape with one between `other.0` and `other.1`.
    pub(super) fn may_agree(&self, other: (Aspect, Aspect)) -> bool {
        let (low, high) = self.aspects;
        (low <= other.1 && other.0 <= high) || high.agrees(other.0) || other.1.agrees(low)
    }
}

/// Pictures that are compared together.
#[derive(Debug)]
pub(super) struct Leaf {
    /// Their leading coordinates.
    pub(super) block: Block,
    /// Their numbers, at most [`LANES`].
    pub(super) pictures: Vec<u32>,
    /// Index of its node.
    pub(super) node: usize,
}

/// The tree.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// In depth-first order; the children of a node follow it.
    pub(super) nodes: Vec<Node>,
    /// In the order of their nodes.
    pub(super) leaves: Vec<Leaf>,
}

impl Tree {
    /// Builds the tree over pictures `0..leads.len()`, whose `aspects` must ascend.
    pub(super) fn build(leads: &[Lead], aspects: &[Aspect]) -> Self {
        let count = u32::try_from(leads.len()).expect("pictures take 200 bytes each, so 2^32 do not fit");
        let mut order: Vec<u32> = (0..count).collect();
        if order.is_empty() {
            return Self::default();
        }
        let shape = split_by_aspect(&mut order, leads, aspects);
        let mut plan = Plan::default();
        plan.lay_out(&shape, 0);
        plan.finish(&order, leads, aspects)
    }
}

/// How a range of pictures is divided.
enum Shape {
    /// So many pictures together.
    Leaf(usize),
    /// First this, then that.
    Inner(Box<(Shape, Shape)>),
}

impl Shape {
    fn inner(left: Self, right: Self) -> Self {
        Self::Inner(Box::new((left, right)))
    }
}

/// Divides pictures in ascending order of shape until all of a part agree with each other.
fn split_by_aspect(order: &mut [u32], leads: &[Lead], aspects: &[Aspect]) -> Shape {
    let of = |picture: u32| aspects[picture as usize];
    let (first, last) = (of(order[0]), of(order[order.len() - 1]));
    if first.agrees(last) || order.len() <= LANES {
        return split_by_axis(order, leads);
    }
    let middle = of(order[order.len() / 2]);
    let below = order.partition_point(|&picture| of(picture) < middle);
    let upto = order.partition_point(|&picture| of(picture) <= middle);
    let half = order.len() / 2;
    let cut = if below > 0 && half - below <= upto - half || upto == order.len() { below } else { upto };
    let (left, right) = order.split_at_mut(cut);
    let (left, right) =
        rayon::join(|| split_by_aspect(left, leads, aspects), || split_by_aspect(right, leads, aspects));
    Shape::inner(left, right)
}

/// Divides pictures at the middle of the axis along which they vary most.
fn split_by_axis(order: &mut [u32], leads: &[Lead]) -> Shape {
    let leaves = order.len().div_ceil(LANES);
    if leaves <= 1 {
        return Shape::Leaf(order.len());
    }
    let axis = widest_axis(order, leads);
    let cut = leaves / 2 * LANES;
    order.select_nth_unstable_by(cut, |&a, &b| {
        leads[a as usize][axis].total_cmp(&leads[b as usize][axis]).then(a.cmp(&b))
    });
    let parallel = order.len() >= PARALLEL_FROM;
    let (left, right) = order.split_at_mut(cut);
    let (left, right) = if parallel {
        rayon::join(|| split_by_axis(left, leads), || split_by_axis(right, leads))
    } else {
        (split_by_axis(left, leads), split_by_axis(right, leads))
    };
    Shape::inner(left, right)
}

fn widest_axis(order: &[u32], leads: &[Lead]) -> usize {
    let mut sum = [0.0_f64; LEAD];
    let mut squares = [0.0_f64; LEAD];
    for &picture in order {
        for (axis, &value) in leads[picture as usize].iter().enumerate() {
            sum[axis] += f64::from(value);
            squares[axis] += f64::from(value) * f64::from(value);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of pictures in memory is far below 2^53")]
    let count = order.len() as f64;
    let spread = |axis: usize| squares[axis] - sum[axis] * sum[axis] / count;
    (1..LEAD).fold(0, |best, axis| if spread(axis) > spread(best) { axis } else { best })
}

/// The tree while only its outline is known.
#[derive(Default)]
struct Plan {
    /// For each node: where to skip to, its last leaf, and whether it is that leaf.
    nodes: Vec<(usize, usize, bool)>,
    /// For each leaf: its range of the order, and its node.
    leaves: Vec<(std::ops::Range<usize>, usize)>,
}

impl Plan {
    /// Numbers the nodes and leaves of `shape`, whose pictures start at `from`; returns where they end.
    fn lay_out(&mut self, shape: &Shape, from: usize) -> usize {
        let node = self.nodes.len();
        self.nodes.push((0, 0, matches!(shape, Shape::Leaf(_))));
        let end = match shape {
            Shape::Leaf(count) => {
                self.leaves.push((from..from + count, node));
                from + count
            }
            Shape::Inner(children) => {
                let middle = self.lay_out(&children.0, from);
                self.lay_out(&children.1, middle)
            }
        };
        self.nodes[node].0 = self.nodes.len();
        self.nodes[node].1 = self.leaves.len() - 1;
        end
    }

    fn finish(self, order: &[u32], leads: &[Lead], aspects: &[Aspect]) -> Tree {
        let leaves: Vec<Leaf> = self
            .leaves
            .into_par_iter()
            .map(|(range, node)| {
                let pictures = order[range].to_vec();
                let block = Block::pack(pictures.iter().map(|&picture| &leads[picture as usize]));
                Leaf { block, pictures, node }
            })
            .collect();
        let mut nodes: Vec<Node> = Vec::with_capacity(self.nodes.len());
        // Children follow their parent, so going backwards meets them first.
        for (index, &(skip, last_leaf, is_leaf)) in self.nodes.iter().enumerate().rev() {
            let (bounds, aspects) = if is_leaf {
                around(&leaves[last_leaf], leads, aspects)
            } else {
                let left = &nodes[self.nodes.len() - 2 - index];
                let right = &nodes[self.nodes.len() - 1 - left.skip];
                let mut bounds = left.bounds.clone();
                bounds.merge(&right.bounds);
                let low = if left.aspects.0 <= right.aspects.0 { left } else { right };
                let high = if left.aspects.1 >= right.aspects.1 { left } else { right };
                (bounds, (low.aspects.0, high.aspects.1))
            };
            nodes.push(Node { bounds, aspects, skip, last_leaf, is_leaf });
        }
        nodes.reverse();
        Tree { nodes, leaves }
    }
}

fn around(leaf: &Leaf, leads: &[Lead], aspects: &[Aspect]) -> (Bounds, (Aspect, Aspect)) {
    let mut bounds = Bounds::EMPTY;
    let first = aspects[leaf.pictures[0] as usize];
    let mut range = (first, first);
    for &picture in &leaf.pictures {
        bounds.include(&leads[picture as usize]);
        let aspect = aspects[picture as usize];
        range.0 = if aspect < range.0 { aspect } else { range.0 };
        range.1 = if aspect > range.1 { aspect } else { range.1 };
    }
    (bounds, range)
}
