//! Parents and children of versions, as far as publishers and headers of model files tell.
//!
//! - In: versions. Out: a graph whose unknown parents are nodes with the name that they are given. A parent that only
//!   has a name is the one published file that is called so, and its edge says that this is a guess.
//! - Never: an endless walk. Depth and size are bounded, and what is left out is counted; cycles end where they began.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::catalog::{Bearer, Catalog, LocalModel};
use crate::entity::{
    AncestryEdge, Descent, Fit, HexHash, ResourceKind, VersionId, fit, holds_weights, normalised_name,
};

use super::Result;
use super::report::{Ancestry, BaseModel, Edge, FamilyGraph, Node, NodeKind, Remixes, Tie, Truncation};
use super::score::VersionsKnown;

/// Generations looked at in each direction.
const DEPTH: u32 = 8;

/// Most nodes of a graph.
const MOST_NODES: usize = 500;

/// Most versions of a scope whose relatives are looked for: those of the lowest ids.
const MOST_VERSIONS: usize = 200;

/// Digits of the short forms of a SHA-256 that headers write.
const SHORT: [usize; 2] = [10, 12];

/// All that is known of the relatives of a scope; `images` are the row numbers of its images, ascending.
pub(super) fn ancestry(
    catalog: &Catalog,
    versions: &[VersionId],
    images: &[i64],
) -> Result<(Ancestry, VersionsKnown)> {
    let mut bases: BTreeMap<String, Vec<VersionId>> = BTreeMap::new();
    let mut ancestry = Ancestry::default();
    let mut known = VersionsKnown { versions: versions.len() as u64, ..VersionsKnown::default() };
    for version in versions {
        if let Some(base) = catalog.version_title(*version)?.and_then(|title| title.base_model) {
            bases.entry(base).or_default().push(*version);
            known.with_base += 1;
        }
        known.with_hash += u64::from(!catalog.whole_hashes_of(*version)?.is_empty());
    }
    ancestry.base_models = bases.into_iter().map(|(name, versions)| BaseModel { name, versions }).collect();
    let near = versions.get(..MOST_VERSIONS).unwrap_or(versions);
    for version in near {
        for file in catalog.shared_files(*version)? {
            if file.kind.as_deref() == Some("VAE") {
                ancestry.linked_vae.push(file);
            } else {
                ancestry.same_files.push(file);
            }
        }
    }
    let mut walk = Walk::new(catalog, near)?;
    walk.graph.truncated.nodes += (versions.len() - near.len()) as u64;
    walk.shared(&ancestry)?;
    walk.up()?;
    walk.down()?;
    ancestry.graph = walk.finish();
    let counts = catalog.remixes_of(images)?;
    ancestry.remixes = Some(Remixes {
        made_from_others: counts.made_from_others,
        made_from_own: counts.made_from_own,
        children: counts.children,
        parents: counts.parents,
    });
    Ok((ancestry, known))
}

/// A graph in the making.
struct Walk<'c> {
    catalog: &'c Catalog,
    scope: Vec<VersionId>,
    nodes: BTreeMap<String, Node>,
    edges: BTreeSet<Edge>,
    graph: FamilyGraph,
}

/// Something that may have parents or children.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Version(VersionId),
    /// A file of this machine, by one of its hashes.
    File(HexHash),
}

/// How the node of a parent was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grounds {
    /// By what the header says.
    Said,
    /// It is the only one of that name.
    Guessed,
}

impl<'c> Walk<'c> {
    fn new(catalog: &'c Catalog, versions: &[VersionId]) -> Result<Self> {
        let mut walk = Self {
            catalog,
            scope: versions.to_vec(),
            nodes: BTreeMap::new(),
            edges: BTreeSet::new(),
            graph: FamilyGraph {
                truncated: Truncation { depth: DEPTH, ..Truncation::default() },
                ..FamilyGraph::default()
            },
        };
        for version in versions {
            walk.version(*version)?;
        }
        Ok(walk)
    }

    /// Edges that the site itself tells: earlier versions, and files that other versions list too.
    fn shared(&mut self, ancestry: &Ancestry) -> Result<()> {
        let mut by_model: BTreeMap<u64, Vec<(bool, i64, VersionId)>> = BTreeMap::new();
        for version in self.scope.clone() {
            let Some(title) = self.catalog.version_title(version)? else { continue };
            let Some(model) = title.model else { continue };
            let published = title.published_at.map_or(0, |at| at.as_millis());
            by_model.entry(model.get()).or_default().push((title.published_at.is_none(), published, version));
        }
        for versions in by_model.values_mut() {
            versions.sort_unstable();
            for pair in versions.windows(2) {
                if let [(.., earlier), (.., later)] = pair {
                    self.site_edge(&version_id(*later), &version_id(*earlier), Tie::SucceedsVersion, None);
                }
            }
        }
        let vae = ancestry.linked_vae.iter().map(|file| (Tie::SharesVae, file));
        let same = ancestry.same_files.iter().map(|file| (Tie::SameFile, file));
        for (tie, file) in vae.chain(same) {
            let (first, second) = (file.version.min(file.other), file.version.max(file.other));
            if let (Some(first), Some(second)) = (self.version(first)?, self.version(second)?) {
                self.site_edge(&second, &first, tie, file.file.clone());
            }
        }
        Ok(())
    }

    fn site_edge(&mut self, from: &str, to: &str, relation: Tie, detail: Option<String>) {
        let (from, to, evidence) = (from.to_owned(), to.to_owned(), "site".to_owned());
        self.edges.insert(Edge { from, to, relation, evidence, detail });
    }

    /// What the scope descends from, generation by generation.
    fn up(&mut self) -> Result<()> {
        let mut seen: BTreeSet<Subject> = self.scope.iter().copied().map(Subject::Version).collect();
        let mut queue: VecDeque<(Subject, u32)> = seen.iter().cloned().map(|subject| (subject, 0)).collect();
        while let Some((subject, depth)) = queue.pop_front() {
            if depth >= DEPTH {
                self.graph.truncated.at_depth += 1;
                continue;
            }
            for parent in self.parents(&subject)? {
                if seen.insert(parent.clone()) {
                    queue.push_back((parent, depth + 1));
                }
            }
        }
        Ok(())
    }

    /// What went into other models, generation by generation.
    fn down(&mut self) -> Result<()> {
        let mut seen: BTreeSet<Subject> = self.scope.iter().copied().map(Subject::Version).collect();
        let mut queue: VecDeque<(Subject, u32)> = seen.iter().cloned().map(|subject| (subject, 0)).collect();
        while let Some((subject, depth)) = queue.pop_front() {
            if depth >= DEPTH {
                self.graph.truncated.at_depth += 1;
                continue;
            }
            for child in self.children(&subject)? {
                if seen.insert(child.clone()) {
                    queue.push_back((child, depth + 1));
                }
            }
        }
        Ok(())
    }

    /// Adds the edges to the parents of one subject, and says which parents may have parents themselves.
    fn parents(&mut self, subject: &Subject) -> Result<Vec<Subject>> {
        let Some((own, files)) = self.files_of(subject)? else { return Ok(Vec::new()) };
        if let Subject::Version(version) = subject
            && let Some(base) = self.catalog.version_title(*version)?.and_then(|title| title.base_model)
            && let Some(to) = self.node(format!("base:{base}"), NodeKind::BaseModel, base, true)
        {
            self.site_edge(&own, &to, Tie::BasedOn, None);
        }
        let mut found = Vec::new();
        for file in files {
            for edge in &file.facts.ancestry {
                let from = match &edge.of {
                    Some(child) => self.named(Some(child), None)?.map(|(id, _)| id),
                    None => Some(own.clone()),
                };
                if let (Some(from), Some((to, subject, grounds))) = (from, self.parent(&own, &file, edge)?) {
                    self.add(&from, &to, edge, grounds);
                    found.extend(subject);
                }
            }
        }
        Ok(found)
    }

    /// Adds the edges from the children of one subject, and says which children may have children themselves.
    fn children(&mut self, subject: &Subject) -> Result<Vec<Subject>> {
        let mut hashes: BTreeSet<HexHash> = match subject {
            Subject::Version(version) => self.catalog.hashes_of(*version)?.into_iter().collect(),
            Subject::File(hash) => [hash.clone()].into(),
        };
        for file in self.files_of(subject)?.map(|(_, files)| files).unwrap_or_default() {
            hashes.extend(file.facts.hashes.into_iter().map(|hash| hash.value));
        }
        let short: Vec<HexHash> = hashes
            .iter()
            .filter(|hash| hash.as_str().len() == 64)
            .flat_map(|hash| SHORT.iter().filter_map(|digits| HexHash::parse(hash.as_str().get(..*digits)?)))
            .collect();
        hashes.extend(short);
        let mut found = Vec::new();
        for hash in hashes.iter().filter(|hash| hash.junk().is_none()) {
            for child in self.catalog.local_models_descending_from(hash)? {
                found.extend(self.child(&child, hash)?);
            }
        }
        Ok(found)
    }

    /// Adds the edges by which a file descends from a parent of this hash.
    fn child(&mut self, child: &LocalModel, hash: &HexHash) -> Result<Vec<Subject>> {
        let Some((own, subject)) = self.file(child)? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for edge in child.facts.ancestry.iter().filter(|edge| edge.hash.as_ref() == Some(hash)) {
            let from = match &edge.of {
                Some(between) => self.named(Some(between), None)?,
                None => Some((own.clone(), subject.clone())),
            };
            let to = self.named(edge.hash.as_ref(), edge.name.as_deref())?;
            if let (Some((from, subject)), Some((to, _))) = (from, to) {
                self.add(&from, &to, edge, Grounds::Said);
                found.extend(subject);
            }
            // The file itself descends from it too, by way of what stands between.
            found.extend(subject.clone());
        }
        Ok(found)
    }

    /// The node of a parent, whether it can be asked for its own parents, and how it was found.
    ///
    /// A name without a hash stands for the only version that has a file called so, other than the child itself.
    fn parent(
        &mut self,
        child: &str,
        file: &LocalModel,
        edge: &AncestryEdge,
    ) -> Result<Option<(String, Option<Subject>, Grounds)>> {
        let by_name =
            edge.name.as_deref().filter(|_| edge.hash.as_ref().is_none_or(|hash| hash.junk().is_some()));
        let only =
            by_name.map(|name| self.only_version_called(name, role(edge, file))).transpose()?.flatten();
        if let Some(version) = only.filter(|version| version_id(*version) != child) {
            let node = self.version(version)?;
            return Ok(node.map(|id| (id, Some(Subject::Version(version)), Grounds::Guessed)));
        }
        let named = self.named(edge.hash.as_ref(), edge.name.as_deref())?;
        Ok(named.map(|(id, subject)| (id, subject, Grounds::Said)))
    }

    /// The version whose files bear this name where there is one alone; `None` while names are not up to date, too.
    fn only_version_called(&self, name: &str, role: ResourceKind) -> Result<Option<VersionId>> {
        let Some(name) = normalised_name(name) else { return Ok(None) };
        if !self.catalog.file_names_are_current()? {
            return Ok(None);
        }
        let mut found = BTreeSet::new();
        for row in self.catalog.rows_named(Bearer::File, &name)? {
            let Some(file) = self.catalog.file(row)? else { continue };
            let title = self.catalog.version_title(file.version)?;
            let model_kind = title.as_ref().and_then(|title| title.model_kind.as_deref());
            let file_kind = file.kind.as_deref();
            if holds_weights(file_kind) && fit(role, model_kind, file_kind) != Fit::Mismatch {
                found.insert(file.version);
            }
        }
        Ok(found.pop_first().filter(|_| found.is_empty()))
    }

    fn add(&mut self, from: &str, to: &str, edge: &AncestryEdge, grounds: Grounds) {
        // A node that is known does not show any more what the header called it.
        let named = edge
            .name
            .as_deref()
            .filter(|_| grounds == Grounds::Guessed)
            .map(|name| format!("named {name:?}"));
        let parts: Vec<&str> =
            [named.as_deref(), edge.role.as_deref(), edge.method.as_deref()].into_iter().flatten().collect();
        self.edges.insert(Edge {
            from: from.to_owned(),
            to: to.to_owned(),
            relation: tie(edge.descent),
            evidence: match grounds {
                Grounds::Said => edge.evidence.as_str().to_owned(),
                Grounds::Guessed => Edge::GUESSED_BY_NAME.to_owned(),
            },
            detail: (!parts.is_empty()).then(|| parts.join(", ")),
        });
    }

    /// The node of a subject, and the files of this machine that are it.
    fn files_of(&mut self, subject: &Subject) -> Result<Option<(String, Vec<LocalModel>)>> {
        match subject {
            Subject::Version(version) => {
                let Some(own) = self.version(*version)? else { return Ok(None) };
                let mut files = BTreeMap::new();
                for hash in self.catalog.whole_hashes_of(*version)? {
                    for file in self.catalog.local_models_with_hash(&hash)? {
                        files.insert(file.file, file);
                    }
                }
                // Copies of one file say the same; one of them is enough, and the lowest number is always the same one.
                Ok(Some((own, files.into_values().collect())))
            }
            Subject::File(hash) => {
                let files = self.catalog.local_models_with_hash(hash)?;
                let Some(first) = files.first() else { return Ok(None) };
                let own = self.file(first)?.map(|(id, _)| id);
                Ok(own.map(|own| (own, files.into_iter().take(1).collect())))
            }
        }
    }

    /// The node of what a header names, and whether it can be asked for its own parents. A hash leads to the version
    /// that publishes it, else to a file of this machine; without either it stays what it was called.
    fn named(
        &mut self,
        hash: Option<&HexHash>,
        name: Option<&str>,
    ) -> Result<Option<(String, Option<Subject>)>> {
        let usable = hash.filter(|hash| hash.junk().is_none());
        if let Some(hash) = usable {
            // Uploads of one file are tied to each other by edges of their own; the first stands for all.
            if let Some(version) = self.catalog.versions_with_hash(hash)?.first().copied() {
                let node = self.version(version)?;
                return Ok(node.map(|id| (id, Some(Subject::Version(version)))));
            }
            if let Some(file) = self.catalog.local_models_with_hash(hash)?.first() {
                return self.file(file);
            }
        }
        let title = |fallback: &str| name.unwrap_or(fallback).to_owned();
        let node = match (usable, name) {
            (Some(hash), _) => {
                self.node(format!("file:{hash}"), NodeKind::UnknownFile, title(hash.as_str()), false)
            }
            (None, Some(name)) => {
                self.node(format!("name:{name}"), NodeKind::UnknownName, name.to_owned(), false)
            }
            (None, None) => None,
        };
        Ok(node.map(|id| (id, None)))
    }

    /// The node of a file of this machine: the version that publishes it, else the file by its hash.
    fn file(&mut self, file: &LocalModel) -> Result<Option<(String, Option<Subject>)>> {
        let whole = file.facts.hashes.iter().filter(|hash| hash.value.as_str().len() == 64);
        let Some(hash) = whole.min().map(|hash| hash.value.clone()) else {
            // Nobody hashed it: its name is all there is. Folders are not told.
            let name = file_name(&file.path);
            let title = file.facts.title.clone().unwrap_or_else(|| name.clone());
            let node = self.node(format!("local:{name}"), NodeKind::LocalFile, title, true);
            return Ok(node.map(|id| (id, None)));
        };
        for known in &file.facts.hashes {
            if known.value.as_str().len() == 64
                && let Some(version) = self.catalog.versions_with_hash(&known.value)?.first().copied()
            {
                let node = self.version(version)?;
                return Ok(node.map(|id| (id, Some(Subject::Version(version)))));
            }
        }
        let title = file.facts.title.clone().unwrap_or_else(|| file_name(&file.path));
        let node = self.node(format!("file:{hash}"), NodeKind::LocalFile, title, true);
        Ok(node.map(|id| (id, Some(Subject::File(hash)))))
    }

    fn version(&mut self, version: VersionId) -> Result<Option<String>> {
        let id = version_id(version);
        if self.nodes.contains_key(&id) {
            return Ok(Some(id));
        }
        let title = self.catalog.version_title(version)?;
        let known = title.is_some();
        let names: Vec<String> =
            title.into_iter().flat_map(|title| [title.model_name, title.name]).flatten().collect();
        let title = if names.is_empty() { id.clone() } else { names.join(" ") };
        Ok(self.node(id, NodeKind::Version, title, known))
    }

    /// Makes a node unless it is there; `None` when the graph has as many as it may have.
    fn node(&mut self, id: String, kind: NodeKind, title: String, known: bool) -> Option<String> {
        if self.nodes.contains_key(&id) {
            return Some(id);
        }
        if self.nodes.len() >= MOST_NODES {
            self.graph.truncated.nodes += 1;
            return None;
        }
        let in_scope = self.scope.iter().any(|version| version_id(*version) == id);
        self.nodes.insert(id.clone(), Node { id: id.clone(), kind, title, known, in_scope });
        Some(id)
    }

    fn finish(self) -> FamilyGraph {
        let mut nodes: Vec<Node> = self.nodes.into_values().collect();
        nodes.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
        let edges = self.edges.into_iter().filter(|edge| edge.from != edge.to).collect();
        FamilyGraph { nodes, edges, truncated: self.graph.truncated }
    }
}

fn version_id(version: VersionId) -> String {
    format!("version:{version}")
}

/// What a parent must be, as far as that is plain.
fn role(edge: &AncestryEdge, child: &LocalModel) -> ResourceKind {
    match edge.descent {
        Descent::TrainedOn => ResourceKind::Model,
        Descent::TrainedWithVae | Descent::VaeOf => ResourceKind::Vae,
        Descent::BakesLora => ResourceKind::Lora,
        // Like is merged with like, but what a recipe says of a parent's parent is no word about the file.
        Descent::MergedFrom if edge.of.is_none() => child.facts.kind.unwrap_or(ResourceKind::Unknown),
        Descent::MergedFrom | Descent::DerivedFrom => ResourceKind::Unknown,
    }
}

/// The last part of a path, as text.
fn file_name(path: &[u8]) -> String {
    let last = path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or(path);
    String::from_utf8_lossy(last).into_owned()
}

fn tie(descent: Descent) -> Tie {
    match descent {
        Descent::TrainedOn => Tie::TrainedOn,
        Descent::TrainedWithVae => Tie::TrainedWithVae,
        Descent::MergedFrom => Tie::MergedFrom,
        Descent::BakesLora => Tie::BakesLora,
        Descent::VaeOf => Tie::VaeOf,
        Descent::DerivedFrom => Tie::DerivedFrom,
    }
}

#[cfg(test)]
mod tests;
