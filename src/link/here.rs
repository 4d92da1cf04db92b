//! Files of this machine joined with what the site published, in both directions.
//!
//! - In: scanned pictures and model files, links, and what became of versions.
//! - Out: rows by path or image, each with the evidence that joins the two ends.
//! - Never: a hash of a file that is not given; a look at the disk.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, LocalUse, LocalUses, NamingImage, Removal};
use crate::entity::{
    Confidence, Evidence, EvidenceClass, FileHash, Fit, HexHash, ImageKey, ImageName, Link, Resource,
    VersionId,
};

use super::candidate::{Class, confidence_in_use};
use super::hygiene::hash_evidence;
use super::merge::class_of;
use super::{ImageRefusals, Result, Trace};

/// A local picture that was made with a version.
#[derive(Clone, Debug, PartialEq)]
pub struct UseHere {
    /// The picture and its reference, with the representative.
    pub used: LocalUse,
    /// How far to trust that.
    pub confidence: Confidence,
    /// Why the site no longer offers the version, if it does not.
    pub removal: Option<Removal>,
    /// The newest version of the same model that the site still serves, for a version that is gone.
    pub replaced_by: Option<VersionId>,
}

/// The versions that scanned pictures were made with, by path, version and resource.
///
/// References that several ways of writing lead to the same version are one row, the most trusted. What a person
/// decided against is left out.
///
/// # Errors
///
/// [`super::LinkError::Catalog`].
pub fn uses(catalog: &Catalog, which: LocalUses) -> Result<Vec<UseHere>> {
    let refusals = ImageRefusals::of(catalog)?;
    let refused: BTreeMap<&ImageName, &BTreeSet<VersionId>> = refusals.images().collect();
    let mut best: BTreeMap<(ImageName, VersionId), (Confidence, LocalUse)> = BTreeMap::new();
    catalog.for_each_local_use(which, |used| {
        let version = used.link.version;
        if refused.get(&used.name).is_some_and(|versions| versions.contains(&version)) {
            return;
        }
        let confidence = confidence_in_use(&used.link, used.sources);
        let key = (used.name.clone(), version);
        if best.get(&key).is_none_or(|(known, _)| confidence > *known) {
            best.insert(key, (confidence, used));
        }
    })?;
    let mut became: BTreeMap<VersionId, (Option<Removal>, Option<VersionId>)> = BTreeMap::new();
    let mut rows = Vec::with_capacity(best.len());
    for (confidence, used) in best.into_values() {
        let version = used.link.version;
        let (removal, replaced_by) = match became.get(&version) {
            Some(known) => *known,
            None => {
                let removal = catalog.removal_of(version)?;
                let newest = if removal.is_some() { catalog.newest_sibling(version)? } else { None };
                became.insert(version, (removal, newest));
                (removal, newest)
            }
        };
        rows.push(UseHere { used, confidence, removal, replaced_by });
    }
    Ok(rows)
}

/// An image that names a model file.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageOf {
    /// The use.
    pub naming: NamingImage,
    /// What it names.
    pub resource: Resource,
    /// What joins the reference and the file: a hash, or that of the version that was published with this file.
    pub evidence: Evidence,
    /// The class of that evidence.
    pub class: EvidenceClass,
    /// How far to trust it.
    pub confidence: Confidence,
    /// The version through which they are joined; `None` where the hash in the metadata is that of the file.
    pub version: Option<VersionId>,
}

/// The images that were made with a file of these hashes, by image; of several references the most trusted.
///
/// # Errors
///
/// [`super::LinkError::Catalog`].
pub fn images_of(catalog: &Catalog, hashes: &[FileHash]) -> Result<Vec<ImageOf>> {
    let mut resources: BTreeMap<u64, Joined> = BTreeMap::new();
    for hash in hashes.iter().filter(|hash| hash.value.junk().is_none()) {
        for id in catalog.resources_for_hash(&hash.value)? {
            if resources.contains_key(&id) {
                continue;
            }
            let Some(stored) = catalog.resource(id.cast_signed())? else { continue };
            let links = catalog.links_of(stored.id)?;
            if let Some(joined) = Joined::of(catalog, stored.resource, &links, hashes)? {
                resources.insert(id, joined);
            }
        }
    }
    let ids: Vec<u64> = resources.keys().copied().collect();
    let refusals = catalog.refusals_of_images()?;
    let mut best: BTreeMap<ImageKey, ImageOf> = BTreeMap::new();
    catalog.for_each_naming(&ids, |naming| {
        let Some(joined) = resources.get(&naming.resource.cast_unsigned()) else { return };
        let refused = refusals.get(&naming.image);
        if joined.version.is_some_and(|version| refused.is_some_and(|all| all.contains(&version))) {
            return;
        }
        let row = joined.in_image(naming);
        let is_better = best.get(&row.naming.image).is_none_or(|known| row.confidence > known.confidence);
        if is_better {
            best.insert(row.naming.image, row);
        }
    })?;
    Ok(best.into_values().collect())
}

/// How one reference and a file belong together.
struct Joined {
    resource: Resource,
    evidence: Evidence,
    confidence: Confidence,
    version: Option<VersionId>,
    link: Option<Link>,
}

impl Joined {
    fn of(
        catalog: &Catalog,
        resource: Resource,
        links: &[Link],
        hashes: &[FileHash],
    ) -> Result<Option<Self>> {
        if let Some((evidence, digits)) = by_hash(&resource, hashes) {
            let confidence = Class::of_hash(evidence, digits).confidence(Fit::Unknown, false);
            return Ok(Some(Self { resource, evidence, confidence, version: None, link: None }));
        }
        let Some(link) = Link::representative(links) else { return Ok(None) };
        let published = catalog.whole_hashes_of(link.version)?;
        let same_file = hashes.iter().any(|hash| published.contains(&hash.value));
        Ok(same_file.then(|| Self {
            resource,
            evidence: link.evidence,
            confidence: link.confidence,
            version: Some(link.version),
            link: Some(link.clone()),
        }))
    }

    fn in_image(&self, naming: NamingImage) -> ImageOf {
        let digits = self.resource.hash.as_ref().map_or(0, |hash| hash.as_str().len());
        let link = self.link.as_ref();
        ImageOf {
            resource: self.resource.clone(),
            evidence: self.evidence,
            class: link.map_or_else(
                || EvidenceClass::of(self.evidence, digits, naming.sources),
                |link| class_of(&self.resource, link, naming.sources),
            ),
            confidence: link.map_or(self.confidence, |link| confidence_in_use(link, naming.sources)),
            version: self.version,
            naming,
        }
    }
}

/// The strongest agreement of a written hash with one of a file's, and its number of digits.
fn by_hash(resource: &Resource, hashes: &[FileHash]) -> Option<(Evidence, usize)> {
    let written = resource.hash.as_ref()?;
    let evidence =
        hashes.iter().filter_map(|hash| hash_evidence(written, hash.kind, hash.value.as_str())).min()?;
    Some((evidence, written.as_str().len()))
}

/// A model file of this machine that an image was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelOf {
    /// The position of the reference in [`Trace::resources`].
    pub resource: usize,
    /// Its absolute path, as the platform's bytes.
    pub path: Vec<u8>,
    /// `present`, `missing` or `failed`.
    pub state: &'static str,
    /// What joins them.
    pub evidence: Evidence,
    /// The version that was published with this file, where it joins them.
    pub version: Option<VersionId>,
}

/// The model files of this machine that an image was made with, by reference and path.
///
/// First those whose hash the metadata names, then those that its versions were published with.
///
/// # Errors
///
/// [`super::LinkError::Catalog`].
pub fn models_of(catalog: &Catalog, trace: &Trace) -> Result<Vec<ModelOf>> {
    let mut rows: Vec<ModelOf> = Vec::new();
    for (position, traced) in trace.resources.iter().enumerate() {
        let mut found: BTreeMap<Vec<u8>, ModelOf> = BTreeMap::new();
        let mut add =
            |hash: &HexHash, evidence: Option<Evidence>, version: Option<VersionId>| -> Result<()> {
                for model in catalog.local_models_with_hash(hash)? {
                    let own = || {
                        let all = model.facts.hashes.iter();
                        all.filter_map(|known| hash_evidence(hash, known.kind, known.value.as_str())).min()
                    };
                    let Some(evidence) = evidence.or_else(own) else { continue };
                    let (path, state) = (model.path, model.state.as_str());
                    found.entry(path.clone()).or_insert(ModelOf {
                        resource: position,
                        path,
                        state,
                        evidence,
                        version,
                    });
                }
                Ok(())
            };
        if let Some(hash) = &traced.hash {
            add(hash, None, None)?;
        }
        let own = trace.verdicts.iter().filter(|verdict| verdict.resources.contains(&position));
        for (version, evidence) in own.filter_map(|verdict| verdict.version.zip(verdict.evidence)) {
            for hash in catalog.whole_hashes_of(version)? {
                add(&hash, Some(evidence), Some(version))?;
            }
        }
        rows.extend(found.into_values());
    }
    Ok(rows)
}
