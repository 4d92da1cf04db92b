//! What a graph puts out, and which of its nodes had a part in that.

use std::collections::{BTreeSet, VecDeque};

use super::graph::{Graph, Input, Link, Node};
use super::walk::Walk;

/// The nodes that end at an output, and what else is known of them.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// Places of nodes.
    pub(super) nodes: BTreeSet<usize>,
    /// Outputs that a live node takes.
    pub(super) taken: BTreeSet<Link>,
    /// How many outputs of the same rank there are.
    pub(super) outputs: usize,
}

/// How likely an output is the one that wrote the file; the lowest one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Save,
    Preview,
    Other,
}

/// Inputs by which a node puts something out.
const SHOWN: [&str; 10] =
    ["images", "image", "video", "samples", "filenames", "frames", "audio", "latents", "image_a", "images_a"];

impl<'a> Walk<'_, 'a> {
    /// The live sets of a graph, the likeliest first: saved, then previewed, then whatever nobody takes.
    ///
    /// A graph whose ends cannot be told is live as a whole.
    pub(super) fn live_sets(&self) -> Vec<Live> {
        let taken: BTreeSet<usize> =
            self.graph.nodes.iter().flat_map(Node::links).map(|(_, link)| link.node).collect();
        let mut ends: Vec<(Rank, usize)> = Vec::new();
        for (at, node) in self.graph.nodes.iter().enumerate() {
            if !taken.contains(&at) {
                ends.extend(rank(node).map(|rank| (rank, at)));
            }
        }
        let mut sets = Vec::new();
        for wanted in [Rank::Save, Rank::Preview, Rank::Other] {
            let roots: Vec<usize> =
                ends.iter().filter(|(rank, _)| *rank == wanted).map(|(_, at)| *at).collect();
            if !roots.is_empty() {
                sets.push(self.ancestors(&roots));
            }
        }
        if sets.is_empty() {
            sets.push(whole(self.graph));
        }
        sets
    }

    /// Everything that these nodes are made from, with themselves. Branches that a switch leaves out are left out.
    pub(super) fn ancestors(&self, roots: &[usize]) -> Live {
        let mut live = Live { outputs: roots.len(), ..Live::default() };
        let mut waiting = roots.to_vec();
        while let Some(at) = waiting.pop() {
            if !self.step() || !live.nodes.insert(at) {
                continue;
            }
            let Some(node) = self.node(at) else { continue };
            let links = match self.chosen(node, 0) {
                Some(Some(Input::Link(link))) => vec![link],
                Some(_) => Vec::new(),
                None => node.links().iter().map(|(_, link)| *link).collect(),
            };
            for link in links {
                live.taken.insert(link);
                waiting.push(link.node);
            }
        }
        live
    }
}

impl<'g, 'a> Walk<'g, 'a> {
    /// The node nearest to an output, up the way of pictures, that was given a prompt and a seed.
    pub(super) fn maker(&self, live: &Live) -> Option<&'g Node<'a>> {
        let is_maker = |node: &Node<'a>| {
            node.has_any(&["prompt", "positive_prompt", "positive"]) && node.has_any(&["seed", "noise_seed"])
        };
        let taken: BTreeSet<usize> = live.taken.iter().map(|link| link.node).collect();
        let ends = live.nodes.iter().filter(|at| !taken.contains(at));
        let mut seen = BTreeSet::new();
        let mut waiting: VecDeque<usize> = ends.copied().collect();
        while let Some(at) = waiting.pop_front() {
            if !self.step() || !seen.insert(at) {
                continue;
            }
            let Some(node) = self.node(at) else { continue };
            if taken.contains(&at) && is_maker(node) {
                return Some(node);
            }
            waiting.extend(SHOWN.iter().filter_map(|name| node.link(name)).map(|link| link.node));
        }
        None
    }
}

fn whole(graph: &Graph<'_>) -> Live {
    Live {
        nodes: (0..graph.nodes.len()).collect(),
        taken: graph.nodes.iter().flat_map(Node::links).map(|(_, link)| *link).collect(),
        outputs: 0,
    }
}

fn rank(node: &Node<'_>) -> Option<Rank> {
    let is_shown = SHOWN.iter().any(|name| node.link(name).is_some());
    let is_saver = node.has_any(&["filename_prefix", "save_prefix"])
        || ["save", "videocombine", "output", "sendimage", "websocket"]
            .iter()
            .any(|word| node.class_has(word));
    if is_saver && !node.links().is_empty() {
        return Some(Rank::Save);
    }
    if !is_shown {
        return None;
    }
    let is_preview = ["preview", "show", "view", "compare"].iter().any(|word| node.class_has(word));
    Some(if is_preview { Rank::Preview } else { Rank::Other })
}
