//! Single images for PROV: what each was made with, by which evidence.

use crate::catalog::{Catalog, Usage};
use crate::entity::{Confidence, Evidence, ImageKey, ImageName, Timestamp, VersionId};
use crate::lineage::Result;
use crate::lineage::direct::representatives;
use crate::lineage::figures::{Members, Period, Representatives};
use crate::lineage::scope::Scope;

/// One image with its provenance.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvImage {
    /// What it is called.
    pub name: ImageName,
    /// When it was made, as far as anybody says.
    pub created_at: Option<Timestamp>,
    /// Its owner.
    pub creator: Option<String>,
    /// The program that made it.
    pub tool: Option<String>,
    /// The image that it was made from.
    pub made_from: Option<u64>,
    /// The versions that it was made with, by id.
    pub uses: Vec<ProvUse>,
}

/// One version that an image was made with.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvUse {
    /// The version.
    pub version: VersionId,
    /// What says so.
    pub evidence: Evidence,
    /// How far to trust that.
    pub confidence: Confidence,
    /// How strongly it was used, where written.
    pub weight: Option<f64>,
}

/// The first images of a scope of versions, by row number: those of this machine first, latest first, then those of the
/// site by id. They count as in the figures: names are no evidence, and what a person refused is left out.
///
/// Of a query there are none, as its images cannot be asked for here.
///
/// # Errors
///
/// [`crate::lineage::LineageError::Catalog`].
pub fn prov_images(catalog: &Catalog, scope: &Scope, period: Period, most: usize) -> Result<Vec<ProvImage>> {
    let Members::Versions(own) = &scope.members else { return Ok(Vec::new()) };
    let links = representatives(catalog)?;
    let refused = catalog.refusals_of_images()?;
    let mut found: Vec<(ImageKey, Vec<ProvUse>)> = Vec::new();
    catalog.for_each_usage(|usage| {
        if found.len() >= most || !period.holds(usage.created_ms) {
            return;
        }
        let mut uses = uses_of(&usage, &links);
        if let Some(refused) = refused.get(&usage.image) {
            uses.retain(|used| !refused.contains(&used.version));
        }
        if uses.iter().any(|used| own.contains(&used.version)) {
            found.push((usage.image, uses));
        }
    })?;
    found.into_iter().filter_map(|(image, uses)| described(catalog, image, uses).transpose()).collect()
}

/// Each version once, by its strongest evidence, by id.
fn uses_of(usage: &Usage<'_>, links: &Representatives) -> Vec<ProvUse> {
    let linked =
        || usage.resources.iter().filter_map(|(resource, weight)| Some((links.get(resource)?, *weight)));
    let by_id = |evidence| matches!(evidence, Evidence::Decision | Evidence::VersionId | Evidence::Air);
    let named: Vec<VersionId> =
        linked().filter(|(link, _)| by_id(link.evidence)).map(|(link, _)| link.version).collect();
    let mut uses: Vec<ProvUse> = linked()
        .filter(|(link, _)| link.evidence != Evidence::Name)
        .map(|(link, weight)| {
            // One of several versions that are as good is meant where the image also names it by id.
            let rival = link.rivals.iter().find(|rival| named.contains(rival));
            let version = rival.filter(|_| !named.contains(&link.version)).copied().unwrap_or(link.version);
            ProvUse { version, evidence: link.evidence, confidence: link.confidence, weight }
        })
        .collect();
    uses.sort_by_key(|used| (used.version, used.evidence));
    uses.dedup_by(|later, first| {
        let same = later.version == first.version;
        if same && first.weight.is_none() {
            first.weight = later.weight;
        }
        same
    });
    uses
}

fn described(catalog: &Catalog, image: ImageKey, uses: Vec<ProvUse>) -> Result<Option<ProvImage>> {
    let (Some(row), Some(name)) = (catalog.image(image)?, catalog.image_name(image)?) else {
        return Ok(None);
    };
    Ok(Some(ProvImage {
        name,
        created_at: row.created_at.or(row.published_at),
        creator: row.username,
        tool: row.generation_data.tool,
        made_from: row.remix_of.map(|parent| parent.get()),
        uses,
    }))
}
