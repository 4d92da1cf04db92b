//! From what a person names to the versions that a report is about.

use std::fmt;

use serde::Serialize;

use crate::catalog::Catalog;
use crate::entity::{Air, HexHash, ModelId, VersionId};

use super::{LineageError, Result};

/// Most candidates that an ambiguity lists.
const MOST_CANDIDATES: u32 = 20;

/// What a person named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A model by id.
    Model(ModelId),
    /// A version by id.
    Version(VersionId),
    /// A model or version by AIR; a version if the AIR names one.
    Air(Air),
    /// A number that may be either.
    Number(u64),
    /// The version with a file of this hash.
    Hash(HexHash),
    /// A model by its whole name or by words of it.
    Name(String),
}

impl Wanted {
    /// Reads `model:55`, `version:9002`, a number, a hash of 8 digits or more, or a name. An AIR is for the
    /// caller to recognise first.
    ///
    /// Digits alone are a number up to 19 of them and then a hash.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let number = |text: &str| text.parse::<u64>().ok();
        if let Some(model) = text.strip_prefix("model:").and_then(number).and_then(ModelId::new) {
            return Self::Model(model);
        }
        if let Some(version) = text.strip_prefix("version:").and_then(number).and_then(VersionId::new) {
            return Self::Version(version);
        }
        match (number(text), HexHash::parse(text)) {
            (Some(number), _) => Self::Number(number),
            (None, Some(hash)) => Self::Hash(hash),
            (None, None) => Self::Name(text.to_owned()),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(model) => write!(f, "model:{model}"),
            Self::Version(version) => write!(f, "version:{version}"),
            Self::Air(air) => air.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Hash(hash) => hash.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Whether a report is about a whole model or one version of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    /// All versions of a model.
    Model,
    /// One version.
    Version,
}

/// One of several things that a name could mean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Candidate {
    /// Model or version.
    pub kind: ScopeKind,
    /// Its id.
    pub id: u64,
    /// Its title; for a version with that of its model.
    pub name: Option<String>,
}

impl fmt::Display for Candidate {
    /// `model:55` or `version:9002`, as [`Wanted::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ScopeKind::Model => write!(f, "model:{}", self.id),
            ScopeKind::Version => write!(f, "version:{}", self.id),
        }
    }
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The model or version.
    pub about: Candidate,
    /// Its versions, by id; never empty for a version.
    pub versions: Vec<VersionId>,
}

/// Finds the one model or version that is meant.
///
/// # Errors
///
/// [`LineageError::NotFound`], [`LineageError::Ambiguous`] with the candidates, [`LineageError::Catalog`].
pub fn find_scope(catalog: &Catalog, wanted: &Wanted) -> Result<Scope> {
    let candidates = match wanted {
        Wanted::Model(model) => model_candidate(catalog, *model)?.into_iter().collect(),
        Wanted::Version(version) => version_candidate(catalog, *version)?.into_iter().collect(),
        Wanted::Air(Air { version: Some(version), .. }) => {
            version_candidate(catalog, *version)?.into_iter().collect()
        }
        Wanted::Air(Air { model, version: None }) => model_candidate(catalog, *model)?.into_iter().collect(),
        Wanted::Number(number) => by_number(catalog, *number)?,
        Wanted::Hash(hash) => {
            let mut found = Vec::new();
            for version in catalog.versions_with_hash(hash)? {
                found.extend(version_candidate(catalog, version)?);
            }
            found
        }
        Wanted::Name(name) => by_name(catalog, name)?,
    };
    only(catalog, wanted, candidates)
}

fn only(catalog: &Catalog, wanted: &Wanted, mut candidates: Vec<Candidate>) -> Result<Scope> {
    candidates.sort();
    match (candidates.len(), candidates.pop()) {
        (1, Some(about)) => {
            let versions = match about.kind {
                ScopeKind::Model => ModelId::new(about.id)
                    .map(|model| catalog.versions_of_model(model))
                    .transpose()?
                    .unwrap_or_default(),
                ScopeKind::Version => VersionId::new(about.id).into_iter().collect(),
            };
            Ok(Scope { about, versions })
        }
        (_, None) => Err(LineageError::NotFound { wanted: wanted.to_string() }),
        (_, Some(last)) => {
            candidates.push(last);
            candidates.truncate(MOST_CANDIDATES as usize);
            Err(LineageError::Ambiguous { wanted: wanted.to_string(), candidates })
        }
    }
}

fn by_number(catalog: &Catalog, number: u64) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    if let Some(model) = ModelId::new(number) {
        found.extend(model_candidate(catalog, model)?);
    }
    if let Some(version) = VersionId::new(number) {
        found.extend(version_candidate(catalog, version)?);
    }
    Ok(found)
}

fn by_name(catalog: &Catalog, name: &str) -> Result<Vec<Candidate>> {
    let mut models = catalog.models_with_name(name, MOST_CANDIDATES)?;
    if models.is_empty() {
        models = catalog.models_with_words(name, MOST_CANDIDATES)?;
    }
    let mut found = Vec::new();
    for model in models {
        found.extend(model_candidate(catalog, model)?);
    }
    Ok(found)
}

/// The model, also if the catalog only has versions that say they belong to it.
fn model_candidate(catalog: &Catalog, model: ModelId) -> Result<Option<Candidate>> {
    let facts = catalog.model_facts(model)?;
    if facts.is_none() && catalog.versions_of_model(model)?.is_empty() {
        return Ok(None);
    }
    let name = facts.and_then(|facts| facts.name);
    Ok(Some(Candidate { kind: ScopeKind::Model, id: model.get(), name }))
}

fn version_candidate(catalog: &Catalog, version: VersionId) -> Result<Option<Candidate>> {
    Ok(catalog.version_title(version)?.map(|title| {
        let names: Vec<String> = [title.model_name, title.name].into_iter().flatten().collect();
        let name = (!names.is_empty()).then(|| names.join(" "));
        Candidate { kind: ScopeKind::Version, id: version.get(), name }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Fixture, SomeVersion};

    fn shop() -> Fixture {
        let fixture = Fixture::new();
        fixture.model(7, "Deliberate Realism", Some("Checkpoint"));
        fixture.model(8, "Deliberate Anime", Some("Checkpoint"));
        for (version, model) in [(8, 7), (20, 8)] {
            let state = "published";
            fixture.version(&SomeVersion { version, model: Some(model), name: "v1", state, date_ms: None });
        }
        fixture
    }

    fn found(text: &str) -> String {
        match find_scope(&shop().catalog, &Wanted::parse(text)) {
            Ok(scope) => scope.about.to_string(),
            Err(LineageError::Ambiguous { candidates, .. }) => {
                candidates.iter().map(|candidate| format!("{candidate}?")).collect()
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn ids_names_and_words_find_the_one_that_is_meant() {
        assert_eq!(found("model:8"), "model:8");
        assert_eq!(found("version:8"), "version:8");
        assert_eq!(found("7"), "model:7");
        assert_eq!(found("deliberate REALISM"), "model:7");
        assert_eq!(found("anime"), "model:8");
    }

    #[test]
    fn what_fits_several_is_an_error_that_lists_them() {
        assert_eq!(found("8"), "model:8?version:8?");
        assert_eq!(found("deliberate"), "model:7?model:8?");
        assert_eq!(
            found("nothing of the kind"),
            "no model or version \"nothing of the kind\" in the catalog"
        );
        assert_eq!(found("\" OR *"), "no model or version \"\\\" OR *\" in the catalog");
    }
}
