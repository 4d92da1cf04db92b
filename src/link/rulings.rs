//! What people decided, ready to be asked for one resource or one image.
//!
//! - In: the decisions that are in force.
//! - Out: the version that a resource was ruled to be, and those that it was ruled not to be.
//! - Never: a judgement of its own. Of rulings that meet, the latest counts, ties by id.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, ImageLink};
use crate::entity::{
    Decisions, HexHash, ImageName, Refused, Resource, ResourceKind, Ruling, VersionId, normalised_name,
};

use super::Result;
use super::candidate::refuse;

/// Fewest digits of which a ruling speaks for longer forms of a hash: shorter ones collide.
const MIN_FORM_DIGITS: usize = 10;

/// One ruling: its place in the order of time, what it says, and by which decision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    order: usize,
    is: Is,
    version: VersionId,
    id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Is {
    Yes,
    No,
}

/// Every ruling in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Rulings {
    by_hash: BTreeMap<HexHash, Vec<Said>>,
    by_name: BTreeMap<(ResourceKind, String), Vec<Said>>,
    by_image: BTreeMap<ImageName, Vec<Said>>,
}

/// The rulings on one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ruled {
    /// The version that it is, and the hash that was ruled on.
    pub(super) version: Option<(VersionId, String)>,
    /// The versions that it is not.
    pub(super) refused: BTreeSet<VersionId>,
    /// The decision that counts for each of these versions, by id.
    pub(super) decisions: BTreeMap<VersionId, String>,
}

impl Rulings {
    /// Sorts the decisions in force by what they are about.
    pub(super) fn of(decisions: &Decisions) -> Self {
        let mut rulings = Self::default();
        for (order, decision) in decisions.in_force().into_iter().enumerate() {
            let said = |is, version| Said { order, is, version, id: decision.id.clone() };
            match &decision.ruling {
                Ruling::Hash { hash, version } => {
                    rulings.by_hash.entry(hash.clone()).or_default().push(said(Is::Yes, *version));
                }
                Ruling::NotLink { what: Refused::Hash(hash), version } => {
                    rulings.by_hash.entry(hash.clone()).or_default().push(said(Is::No, *version));
                }
                Ruling::NotLink { what: Refused::Name(kind, name), version } => {
                    if let Some(name) = normalised_name(name) {
                        rulings.by_name.entry((*kind, name)).or_default().push(said(Is::No, *version));
                    }
                }
                Ruling::NotLink { what: Refused::Image(image), version } => {
                    rulings.by_image.entry(image.clone()).or_default().push(said(Is::No, *version));
                }
                Ruling::NotDuplicate { .. } | Ruling::Undo { .. } => {}
            }
        }
        rulings
    }

    /// What was ruled on a resource, wherever it occurs.
    pub(super) fn on(&self, resource: &Resource) -> Ruled {
        let mut said: Vec<(&Said, Option<&HexHash>)> = Vec::new();
        if let Some(hash) = resource.hash.as_ref().filter(|hash| hash.junk().is_none()) {
            for (form, all) in self.forms_of(hash) {
                said.extend(all.iter().map(|one| (one, Some(form))));
            }
        }
        if !self.by_name.is_empty()
            && let Some(name) = resource.name.as_deref().and_then(normalised_name)
        {
            let named = self.by_name.get(&(resource.kind, name));
            said.extend(named.into_iter().flatten().map(|one| (one, None)));
        }
        said.sort();
        let mut ruled = Ruled::default();
        for (one, form) in said {
            ruled.take(one, form);
        }
        ruled
    }

    /// What was ruled on one image alone.
    pub(super) fn on_image(&self, image: &ImageName) -> Ruled {
        let mut ruled = Ruled::default();
        for one in self.by_image.get(image).into_iter().flatten() {
            ruled.take(one, None);
        }
        ruled
    }

    /// Rulings on this hash, on what begins with it, and on what it begins with.
    fn forms_of<'a>(&'a self, hash: &'a HexHash) -> impl Iterator<Item = (&'a HexHash, &'a Vec<Said>)> {
        let digits = hash.as_str();
        let longer = self
            .by_hash
            .range(hash..)
            .take_while(move |(form, _)| form.as_str().starts_with(digits))
            .filter(move |(form, _)| digits.len() >= MIN_FORM_DIGITS || *form == hash);
        let shorter = (MIN_FORM_DIGITS..digits.len())
            .filter_map(move |length| self.by_hash.get_key_value(&HexHash::parse(digits.get(..length)?)?));
        longer.chain(shorter)
    }
}

/// What people decided about single images, for exports and reports over all of them.
#[derive(Clone, Debug, Default)]
pub struct ImageRefusals {
    by_image: BTreeMap<ImageName, BTreeSet<VersionId>>,
}

impl ImageRefusals {
    /// Reads the decisions that linking last saw.
    ///
    /// # Errors
    ///
    /// [`super::LinkError::Catalog`].
    pub fn of(catalog: &Catalog) -> Result<Self> {
        let rulings = Rulings::of(&catalog.decisions()?);
        let images = rulings.by_image.keys().map(|image| (image.clone(), rulings.on_image(image).refused));
        Ok(Self { by_image: images.collect() })
    }

    /// The images that any refusal is about, by name, each with the versions that it was not made with.
    pub fn images(&self) -> impl Iterator<Item = (&ImageName, &BTreeSet<VersionId>)> {
        self.by_image.iter()
    }

    /// Puts the refused candidates of one resource of an image last, and ranks anew.
    pub fn apply(&self, image: &ImageName, found: &mut Vec<ImageLink>) {
        let Some(refused) = self.by_image.get(image) else { return };
        let mut by_version: BTreeMap<VersionId, ImageLink> = BTreeMap::new();
        let mut links = Vec::with_capacity(found.len());
        for one in found.drain(..) {
            links.push(one.link.clone());
            by_version.insert(one.link.version, one);
        }
        for link in refuse(links, refused) {
            found.extend(by_version.remove(&link.version).map(|one| ImageLink { link, ..one }));
        }
    }
}

impl Ruled {
    fn take(&mut self, said: &Said, form: Option<&HexHash>) {
        match said.is {
            Is::Yes => {
                self.refused.remove(&said.version);
                self.version = form.map(|form| (said.version, form.to_string()));
            }
            Is::No => {
                self.refused.insert(said.version);
                self.version = self.version.take().filter(|(version, _)| *version != said.version);
            }
        }
        self.decisions.insert(said.version, said.id.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{new_decision, text_resource};
    use crate::entity::Timestamp;

    const SHA: &str = "a1a2a3a411bb22cc33dd44ee55ff66007788990011223344556677889900aabb";

    fn version(id: u64) -> VersionId {
        VersionId::new(id).expect("positive")
    }

    fn hash(digits: &str) -> HexHash {
        HexHash::parse(digits).expect("a hash")
    }

    fn rulings(list: Vec<Ruling>) -> Rulings {
        let decisions = (1..)
            .zip(list)
            .map(|(at, ruling)| new_decision(Timestamp::from_millis(at).expect("a time"), "ann", ruling));
        Rulings::of(&decisions.collect())
    }

    fn is(digits: &str, id: u64) -> Ruling {
        Ruling::Hash { hash: hash(digits), version: version(id) }
    }

    fn is_not(digits: &str, id: u64) -> Ruling {
        Ruling::NotLink { what: Refused::Hash(hash(digits)), version: version(id) }
    }

    fn on(rulings: &Rulings, digits: &str) -> (Option<u64>, Vec<u64>) {
        let ruled = rulings.on(&text_resource(ResourceKind::Lora, "Detail", digits));
        (ruled.version.map(|(id, _)| id.get()), ruled.refused.into_iter().map(VersionId::get).collect())
    }

    #[test]
    fn a_ruling_on_a_hash_speaks_for_its_forms_of_ten_digits_or_more() {
        let long = rulings(vec![is(SHA, 7)]);
        for length in [10, 12, 64] {
            assert_eq!(on(&long, &SHA[..length]), (Some(7), vec![]), "{length}");
        }
        assert_eq!(on(&long, &SHA[..8]), (None, vec![]), "eight digits are too few");
        let short = rulings(vec![is(&SHA[..10], 7), is(&SHA[..8], 8)]);
        assert_eq!(on(&short, SHA), (Some(7), vec![]));
        assert_eq!(on(&short, &SHA[..8]), (Some(8), vec![]));
        assert_eq!(
            on(&rulings(vec![is("e3b0c44298fc", 7)]), "e3b0c44298fc"),
            (None, vec![]),
            "junk names no file"
        );
    }

    #[test]
    fn of_rulings_that_meet_the_latest_counts() {
        let all = rulings(vec![is(SHA, 7), is(&SHA[..10], 8), is_not(SHA, 9)]);
        assert_eq!(on(&all, &SHA[..12]), (Some(8), vec![9]));
        let back = rulings(vec![is(SHA, 7), is_not(&SHA[..10], 7)]);
        assert_eq!(on(&back, &SHA[..12]), (None, vec![7]));
        let forth = rulings(vec![is_not(SHA, 7), is(&SHA[..10], 7)]);
        assert_eq!(on(&forth, &SHA[..12]), (Some(7), vec![]));
    }

    #[test]
    fn a_ruling_on_a_name_speaks_for_its_role_and_every_spelling() {
        let what = Refused::Name(ResourceKind::Lora, "detail.safetensors".to_owned());
        let all = rulings(vec![Ruling::NotLink { what, version: version(7) }]);
        assert_eq!(on(&all, ""), (None, vec![7]));
        let other = all.on(&text_resource(ResourceKind::Model, "detail", ""));
        assert_eq!(other, Ruled::default());
    }
}
