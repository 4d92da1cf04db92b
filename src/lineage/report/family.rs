//! The shape of a family tree of models.

use serde::{Deserialize, Serialize};

use crate::catalog::SharedFile;
use crate::entity::VersionId;

/// What a scope descends from, what descends from it, and what it shares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestry {
    /// Base models that its versions work with, by name.
    pub base_models: Vec<BaseModel>,
    /// VAE files that other versions list too.
    pub linked_vae: Vec<SharedFile>,
    /// Other files that other versions list too: uploads of the same file.
    pub same_files: Vec<SharedFile>,
    /// Parents and children, as far as they are known.
    pub graph: FamilyGraph,
    /// Images made from images; `None` only in reports of programs that could not count them.
    pub remixes: Option<Remixes>,
}

/// A base model with the versions that work with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseModel {
    /// As the site names it.
    pub name: String,
    /// Versions, by id.
    pub versions: Vec<VersionId>,
}

/// A directed graph of descent. It may have cycles where files contradict each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyGraph {
    /// By kind and id. Every end of an edge is among them.
    pub nodes: Vec<Node>,
    /// By `from`, `to`, relation and evidence; each once.
    pub edges: Vec<Edge>,
    /// What was left out.
    pub truncated: Truncation,
}

/// What a graph leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truncation {
    /// Generations looked at in each direction.
    pub depth: u32,
    /// Nodes that may have further relatives and were not asked, because they lie at that depth.
    pub at_depth: u64,
    /// Relatives that were left out because the graph has as many nodes as it may have.
    pub nodes: u64,
}

/// One end of an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Unique in the graph: `version:11`, `model:7`, `base:SDXL 1.0`, `file:<hash>`, `name:<name>`.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// What to call it.
    pub title: String,
    /// Whether the catalog or a scanned file describes it; else only others name it.
    pub known: bool,
    /// Whether it is of the scope.
    pub in_scope: bool,
}

/// What a node of a family tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// A published version.
    Version,
    /// The family of a base model, as the site names it.
    BaseModel,
    /// A model file of this machine that no known version publishes.
    LocalFile,
    /// A file that only others name, by hash.
    UnknownFile,
    /// Something that only others name, by its name.
    UnknownName,
}

/// One relation: `from` descends from, or shares with, `to`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// The descendant.
    pub from: String,
    /// The ancestor.
    pub to: String,
    /// How.
    pub relation: Tie,
    /// What says so: `site`, or what a header names its parent by: `sha256`, `tensor_hash`, `short_hash`, `name`,
    /// `guess`; or [`Edge::GUESSED_BY_NAME`].
    pub evidence: String,
    /// The part in a recipe, and how it was done: `A, Weighted sum, multiplier 0.3`. Before it, of a parent that was
    /// guessed, what the header calls it.
    pub detail: Option<String>,
}

impl Edge {
    /// The evidence of an edge to a version that no hash names: it is the only one with a file that is called what the
    /// header calls its parent.
    pub const GUESSED_BY_NAME: &'static str = "guessed_by_name";

    /// Whether a name alone led to the ancestor.
    pub fn is_guessed(&self) -> bool {
        self.evidence == Self::GUESSED_BY_NAME
    }

    /// The evidence in words, to stand behind "by".
    pub(in crate::lineage) fn grounds(&self) -> &str {
        if self.is_guessed() { "a guess, the only file called so" } else { &self.evidence }
    }
}

/// How one node of a family tree stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// Works with this family of base models, as its publisher says.
    BasedOn,
    /// A network or fine-tune that was trained on it.
    TrainedOn,
    /// Its training used this VAE.
    TrainedWithVae,
    /// It went into the merge.
    MergedFrom,
    /// A network that was baked in.
    BakesLora,
    /// A VAE that was baked in.
    VaeOf,
    /// Resized, extracted, pruned or quantised from it.
    DerivedFrom,
    /// Another upload of the same file; the earlier version is the ancestor.
    SameFile,
    /// Lists the same VAE file; the earlier version is the ancestor.
    SharesVae,
    /// A later version of the same model.
    SucceedsVersion,
}

/// Images made from images: what the site calls remixes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remixes {
    /// Images of the scope that were made from another image.
    pub made_from_others: u64,
    /// Of these, those whose parent is of the scope too.
    pub made_from_own: u64,
    /// Images anywhere that were made from an image of the scope.
    pub children: u64,
    /// Images of the scope that others were made from.
    pub parents: u64,
}
