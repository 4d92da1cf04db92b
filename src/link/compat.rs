//! The answer that the site itself gives: its matching function, rule by rule, over what the catalog holds.
//!
//! - In: the generation data of one image as received, the versions that it was posted for, published hashes.
//! - Out: one link a version as the site stores them, and the candidates that its choice of one hides.
//! - Never: a part in Stemmata's own answer. Source: the description of the site's function of August 2026.
//!
//! Its rules, by number, are named where they are applied:
//!
//! 1. candidates are each element of `resources`, each pair of `hashes`, `Model hash` where `hashes` is present and no
//!    object, each element of `civitaiResources`, and the version of the post;
//! 2. hashes are compared for equality with every kind of hash, whatever their length;
//! 3. what is called exactly `vae`, the empty hash of 12 digits, and models that were taken down are left out;
//! 4. of equal hashes, and again of equal versions, one row stays: detected, with a strength, published, the earliest
//!    version, the lowest file; rows without a hash stay always;
//! 5. of each version the first row counts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::catalog::{Catalog, FileFacts};
use crate::entity::{
    Confidence, Evidence, HashKind, ImageKey, MetaState, PublishState, VersionId, VersionRelation,
};

use super::merge::Verdict;
use super::{LinkError, Result};

/// The one junk value that the site knows.
const EMPTY_HASH: &str = "e3b0c44298fc";

/// Elements read of one list: no picture names so many, and anybody may have written it.
const MOST_ROWS: usize = 10_000;

/// What the site says of an image, and how that differs from Stemmata's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compat {
    /// One row a version, by version.
    pub links: Vec<SiteLink>,
    /// Candidates of equal hash that the site drops without a word, by version.
    pub hidden: Vec<Hidden>,
    /// Versions that only Stemmata says the image was made with; links by name alone are left out.
    pub only_ours: Vec<VersionId>,
    /// Versions that only the site says so, detected ones.
    pub only_site: Vec<VersionId>,
    /// Whether both lists are empty.
    pub agrees: bool,
}

/// One link as the site stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SiteLink {
    /// The version.
    pub version: VersionId,
    /// Where it comes from: `resources`, `hashes`, `model_hash`, `civitai_resources`, `post`.
    pub source: Source,
    /// The name that is shown, without the role that writers put before it.
    pub name: Option<String>,
    /// The hash that led there, in lower case.
    pub hash: Option<String>,
    /// Weight in hundredths.
    pub strength: Option<i64>,
    /// Whether metadata says so, and not only the post.
    pub detected: bool,
}

/// A version with the same hash as one that the site chose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Hidden {
    /// The version that is not told.
    pub version: VersionId,
    /// The hash that both have.
    pub hash: String,
    /// The version that is told instead; `None` when another rule dropped that too.
    pub instead: Option<VersionId>,
}

/// Which of the five sources a candidate is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An element of `resources`.
    Resources,
    /// A pair of `hashes`.
    Hashes,
    /// `Model hash`.
    ModelHash,
    /// An element of `civitaiResources`.
    CivitaiResources,
    /// The version of the post.
    Post,
}

/// A candidate before hashes are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    source: Source,
    name: Option<String>,
    hash: Option<String>,
    version: Option<VersionId>,
    strength: Option<i64>,
}

/// A candidate with a version.
#[derive(Clone, Debug)]
struct Row {
    candidate: Candidate,
    version: VersionId,
    /// What ranks it in its groups; the least wins.
    rank: Rank,
}

/// Not detected, without strength, not published, date in milliseconds, file.
type Rank = (bool, bool, bool, i64, i64);

/// Gives the site's answer for an image, compared with `verdicts`, which are Stemmata's.
///
/// # Errors
///
/// [`LinkError::NoImage`]; [`LinkError::Catalog`].
pub fn compat(catalog: &Catalog, image: ImageKey, verdicts: &[Verdict]) -> Result<Compat> {
    let facts = catalog.image_facts(image)?.ok_or(LinkError::NoImage { image })?;
    let text = if facts.meta == MetaState::Present { catalog.raw_of(facts.key)? } else { None };
    // Items are JSON that was read before; one that cannot be read any more has no generation data.
    let item: Value = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let mut candidates = candidates(generation_data(of_image(&item, facts.key)));
    for posted in catalog.posted_for(facts.key)? {
        if posted.relation == VersionRelation::Posted {
            candidates.push(of_post(catalog, posted.version)?);
        }
    }
    let rows = matched(catalog, candidates)?;
    Ok(compared(choose(rows), verdicts))
}

/// The image inside the document that described it: the document itself, or one of a model's or version's pictures.
pub(super) fn of_image(item: &Value, key: ImageKey) -> &Value {
    let has_list = |key: &str| item.get(key).is_some_and(Value::is_array);
    if item.get("meta").is_some() || !(has_list("images") || has_list("modelVersions")) {
        return item;
    }
    let versions = item.get("modelVersions").and_then(Value::as_array).into_iter().flatten();
    let pictures = std::iter::once(item).chain(versions).flat_map(|version| {
        version.get("images").and_then(Value::as_array).into_iter().flatten().take(MOST_ROWS)
    });
    let mut own = pictures.filter(|picture| {
        let stem = || {
            let file = picture.get("url")?.as_str()?.rsplit('/').next()?;
            file.split('.').next()?.parse::<i64>().ok()
        };
        picture.get("id").and_then(Value::as_i64).or_else(stem) == Some(key.get())
    });
    own.next().unwrap_or(&Value::Null)
}

/// The generation data inside an item: `meta`, which the database path wraps once more, or all of a document.
fn generation_data(item: &Value) -> &Value {
    let meta = item.get("meta").filter(|meta| meta.is_object()).unwrap_or(item);
    meta.get("meta").filter(|inner| inner.is_object()).unwrap_or(meta)
}

/// Rule 1, without the post.
fn candidates(meta: &Value) -> Vec<Candidate> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let strength = |value: &Value| {
        let weight = value.get("weight").and_then(Value::as_f64).filter(|weight| weight.abs() < 1e6);
        Some(weight.map_or(100, |weight| (weight * 100.0).round() as i64))
    };
    let list = |key: &str| meta.get(key).and_then(Value::as_array).into_iter().flatten().take(MOST_ROWS);
    let mut found: Vec<Candidate> = list("resources")
        .map(|element| Candidate {
            source: Source::Resources,
            name: text(element, "name"),
            hash: text(element, "hash"),
            version: None,
            strength: strength(element),
        })
        .collect();
    let hashes = meta.get("hashes");
    let pairs = hashes.and_then(Value::as_object).into_iter().flatten().take(MOST_ROWS);
    found.extend(pairs.map(|(key, value)| Candidate {
        source: Source::Hashes,
        name: Some(key.clone()),
        hash: value.as_str().map(str::to_owned),
        version: None,
        strength: None,
    }));
    // Where `hashes` is missing the site compares with nothing, and so finds nothing.
    if hashes.is_some_and(|hashes| !hashes.is_object()) {
        found.extend(text(meta, "Model hash").map(|hash| Candidate {
            source: Source::ModelHash,
            name: Some(text(meta, "Model").unwrap_or_else(|| "model".to_owned())),
            hash: Some(hash),
            version: None,
            strength: None,
        }));
    }
    found.extend(list("civitaiResources").map(|element| Candidate {
        source: Source::CivitaiResources,
        name: text(element, "type"),
        hash: None,
        version: element.get("modelVersionId").and_then(Value::as_u64).and_then(VersionId::new),
        strength: strength(element),
    }));
    found
}

fn of_post(catalog: &Catalog, version: VersionId) -> Result<Candidate> {
    let title = catalog.version_title(version)?;
    let names = title.map(|title| [title.model_name, title.name]).unwrap_or_default();
    let names: Vec<String> = names.into_iter().flatten().collect();
    let mut hash = None;
    for file in catalog.files_around_version(version)? {
        let own = catalog.file(file)?.is_some_and(|file| file.version == version && file.primary);
        let mut hashes = catalog.hashes_of_file(file)?.into_iter().filter(|_| own);
        hash = hash.or_else(|| hashes.find(|(_, kind)| *kind == HashKind::AutoV2).map(|(digits, _)| digits));
    }
    let name = (!names.is_empty()).then(|| names.join(" "));
    Ok(Candidate { source: Source::Post, name, hash, version: Some(version), strength: None })
}

/// Rules 2 and 3.
fn matched(catalog: &Catalog, candidates: Vec<Candidate>) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for mut candidate in candidates {
        candidate.hash = candidate.hash.map(|hash| hash.to_lowercase());
        let is_empty = candidate.hash.as_deref() == Some(EMPTY_HASH);
        if candidate.name.as_deref() == Some("vae") || is_empty {
            continue;
        }
        let detected = candidate.source != Source::Post;
        if let Some(version) = candidate.version {
            let rank = rank(catalog, &candidate, version, None, detected)?;
            rows.push(Row { candidate, version, rank });
            continue;
        }
        for file in files_with(catalog, candidate.hash.as_deref().unwrap_or_default())? {
            let taken_down = catalog.version_facts(file.version)?.is_some_and(|facts| {
                matches!(facts.state, PublishState::Unpublished | PublishState::NotFound)
            });
            if !taken_down {
                let rank = rank(catalog, &candidate, file.version, Some(&file), detected)?;
                rows.push(Row { version: file.version, candidate: candidate.clone(), rank });
            }
        }
    }
    Ok(rows)
}

/// Files with exactly this hash, of any kind, by row number. Only what metadata could write is looked up.
fn files_with(catalog: &Catalog, hash: &str) -> Result<Vec<FileFacts>> {
    if hash.is_empty() || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Vec::new());
    }
    let mut numbers = BTreeSet::new();
    catalog.file_hashes_starting_with(hash, |digits, _, file| {
        if digits == hash {
            numbers.insert(file);
        }
    })?;
    let mut files = Vec::new();
    for number in numbers {
        files.extend(catalog.file(number)?);
    }
    Ok(files)
}

fn rank(
    catalog: &Catalog,
    candidate: &Candidate,
    version: VersionId,
    file: Option<&FileFacts>,
    detected: bool,
) -> Result<Rank> {
    let facts = catalog.version_facts(version)?;
    let published = facts.as_ref().is_some_and(|facts| facts.state == PublishState::Published);
    let date = facts.and_then(|facts| facts.date).map_or(i64::MAX, |date| date.as_millis());
    let file = file.map_or(i64::MAX, |file| file.site_id.unwrap_or(file.file));
    Ok((!detected, candidate.strength.is_none(), !published, date, file))
}

/// Rules 4 and 5, and what they hide.
fn choose(rows: Vec<Row>) -> (Vec<SiteLink>, Vec<Hidden>) {
    let mut by_hash: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    let mut by_version: BTreeMap<VersionId, &Row> = BTreeMap::new();
    for row in &rows {
        if let Some(hash) = &row.candidate.hash {
            by_hash.entry(hash).or_default().push(row);
        }
        by_version.entry(row.version).and_modify(|best| *best = better(best, row)).or_insert(row);
    }
    let first_of_hash: BTreeMap<&str, &Row> = by_hash
        .iter()
        .filter_map(|(hash, rows)| Some((*hash, rows.iter().copied().reduce(better)?)))
        .collect();
    let stays = |row: &Row| match row.candidate.hash.as_deref() {
        None => true,
        Some(hash) => {
            let first = first_of_hash.get(hash).is_some_and(|first| std::ptr::eq(*first, row));
            let best = by_version.get(&row.version);
            first && best.is_some_and(|best| std::ptr::eq(*best, row) || best.candidate.hash.is_none())
        }
    };
    let mut links: BTreeMap<VersionId, SiteLink> = BTreeMap::new();
    for row in rows.iter().filter(|row| stays(row)) {
        links.entry(row.version).or_insert_with(|| row.link());
    }
    let mut hidden: BTreeSet<Hidden> = BTreeSet::new();
    for (hash, rows) in &by_hash {
        for row in rows.iter().filter(|row| !links.contains_key(&row.version)) {
            let instead = first_of_hash.get(hash).map(|first| first.version);
            let instead = instead.filter(|version| links.contains_key(version));
            hidden.insert(Hidden { version: row.version, hash: (*hash).to_owned(), instead });
        }
    }
    (links.into_values().collect(), hidden.into_iter().collect())
}

/// The one that ranks first; of equals the former, since the site states no order.
fn better<'a>(a: &'a Row, b: &'a Row) -> &'a Row {
    if b.rank < a.rank { b } else { a }
}

impl Row {
    fn link(&self) -> SiteLink {
        let shown = |name: &String| {
            let prefixes = ["lora:", "embed:", "hypernet:"];
            prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name).to_owned()
        };
        SiteLink {
            version: self.version,
            source: self.candidate.source,
            name: self.candidate.name.as_ref().map(shown),
            hash: self.candidate.hash.clone(),
            strength: self.candidate.strength,
            detected: self.candidate.source != Source::Post,
        }
    }
}

fn compared((links, hidden): (Vec<SiteLink>, Vec<Hidden>), verdicts: &[Verdict]) -> Compat {
    let sites: BTreeSet<VersionId> =
        links.iter().filter(|link| link.detected).map(|link| link.version).collect();
    let counts = |verdict: &&Verdict| {
        verdict.evidence != Some(Evidence::Name) && verdict.confidence > Some(Confidence::NONE)
    };
    let ours: BTreeSet<VersionId> =
        verdicts.iter().filter(counts).filter_map(|verdict| verdict.version).collect();
    let only_ours: Vec<VersionId> = ours.difference(&sites).copied().collect();
    let only_site: Vec<VersionId> = sites.difference(&ours).copied().collect();
    let agrees = only_ours.is_empty() && only_site.is_empty();
    Compat { links, hidden, only_ours, only_site, agrees }
}

#[cfg(test)]
mod tests;
