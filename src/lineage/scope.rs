//! From what a person names to the versions that a report is about.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Works};
use crate::entity::{Air, HexHash, ModelId, VersionId};

use super::figures::Members;
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
    /// Digits alone are a number, which [`find_scope`] takes for a hash when no id fits; with a leading zero
    /// or more than 19 of them they are a hash.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let number = |text: &str| text.parse::<u64>().ok();
        if let Some(model) = text.strip_prefix("model:").and_then(number).and_then(ModelId::new) {
            return Self::Model(model);
        }
        if let Some(version) = text.strip_prefix("version:").and_then(number).and_then(VersionId::new) {
            return Self::Version(version);
        }
        let no_id = |_: &u64| !text.starts_with('0');
        match (number(text).filter(no_id), HexHash::parse(text)) {
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

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    /// All versions of a model.
    Model,
    /// One version.
    Version,
    /// All models of a creator.
    Creator,
    /// All versions that work with a base model.
    BaseModel,
    /// All models with a tag.
    Tag,
    /// The images that a query finds.
    Query,
}

impl ScopeKind {
    /// The word of the machine contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Version => "version",
            Self::Creator => "creator",
            Self::BaseModel => "base_model",
            Self::Tag => "tag",
            Self::Query => "query",
        }
    }
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
        write!(f, "{}:{}", self.kind.as_str(), self.id)
    }
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// What kind of thing it is.
    pub kind: ScopeKind,
    /// The id of a model or version.
    pub id: Option<u64>,
    /// The title of a model or version; else the name, tag or query as given.
    pub name: Option<String>,
    /// Whose images count.
    pub members: Members,
}

impl Scope {
    /// The images that a query finds, whatever they were made with.
    pub fn query(text: &str) -> Self {
        Self { kind: ScopeKind::Query, id: None, name: Some(text.to_owned()), members: Members::All }
    }

    /// Whether its versions are compared with each other.
    pub(super) fn compares(&self) -> bool {
        self.kind == ScopeKind::Model
    }

    /// A set of versions by the name of what they have in common.
    ///
    /// # Errors
    ///
    /// [`LineageError::NothingOf`] where there is none, [`LineageError::Catalog`].
    pub fn works(catalog: &Catalog, works: Works<'_>) -> Result<Self> {
        let (kind, name) = match works {
            Works::Creator(name) => (ScopeKind::Creator, name),
            Works::BaseModel(name) => (ScopeKind::BaseModel, name),
            Works::Tag(name) => (ScopeKind::Tag, name),
        };
        let versions = catalog.versions_of(works)?;
        if versions.is_empty() {
            return Err(LineageError::NothingOf { kind, name: name.to_owned() });
        }
        Ok(Self { kind, id: None, name: Some(name.to_owned()), members: Members::Versions(versions) })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.id, &self.name) {
            (Some(id), _) => write!(f, "{}:{id}", self.kind.as_str()),
            (None, name) => write!(f, "{} {:?}", self.kind.as_str(), name.as_deref().unwrap_or_default()),
        }
    }
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
        Wanted::Hash(hash) => by_hash(catalog, hash)?,
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
                _ => VersionId::new(about.id).into_iter().collect(),
            };
            let Candidate { kind, id, name } = about;
            Ok(Scope { kind, id: Some(id), name, members: Members::Versions(versions) })
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
    match HexHash::parse(&number.to_string()).filter(|_| found.is_empty()) {
        Some(hash) => by_hash(catalog, &hash),
        None => Ok(found),
    }
}

fn by_hash(catalog: &Catalog, hash: &HexHash) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    for version in catalog.versions_with_hash(hash)? {
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
    use crate::catalog::{Fixture, SomeFile, SomeVersion};
    use crate::entity::HashKind;

    fn shop() -> Fixture {
        let fixture = Fixture::new();
        fixture.model(7, "Deliberate Realism", Some("Checkpoint"));
        fixture.model(8, "Deliberate Anime", Some("Checkpoint"));
        for (version, model) in [(8, 7), (20, 8)] {
            let state = "published";
            fixture.version(&SomeVersion { version, model: Some(model), name: "v1", state, date_ms: None });
        }
        let (name, kind) = (Some("anime.safetensors"), Some("Model"));
        fixture.file(&SomeFile {
            file: 1,
            version: 20,
            site_id: None,
            name,
            kind,
            primary: true,
            former: false,
        });
        fixture.hash(1, HashKind::AutoV2, "1234567890");
        fixture.hash(1, HashKind::AutoV1, "01234567");
        fixture
    }

    fn found(text: &str) -> String {
        match find_scope(&shop().catalog, &Wanted::parse(text)) {
            Ok(scope) => scope.to_string(),
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
        assert_eq!(found("1234567890"), "version:20", "no id has this number, but a file has this hash");
        assert_eq!(found("01234567"), "version:20", "no id begins with a zero");
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
