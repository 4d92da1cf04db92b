//! The table of copies in, groups with names and evidence out, one at a time.
//!
//! - In: [`Copies`], and what somebody wants to see of them.
//! - Out: groups by class, then name of the first member; the members of each: what stands for it first, then by class,
//!   distance and name.
//! - Never: all groups in memory. Only the name of each group's first member is held, to sort by.

use std::collections::HashSet;
use std::ops::ControlFlow;

use stemmata_index::near::{Copies, CopyClass, CopyGroup};

use super::levels::at_level;
use super::verdict::Reach;
use super::{Look, LookReader, MatchClass, Verdict, judge, kin};
use crate::catalog::{Catalog, CatalogError, MediaId};
use crate::entity::{ImageKey, ImageName, MediaIdentity};
use crate::link::apart::Apart;

/// One image of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its name outside the catalog.
    pub image: ImageName,
    /// Its key in the catalog.
    pub key: ImageKey,
    /// The media that it shows.
    pub media: MediaIdentity,
    /// The number of that media.
    pub media_id: MediaId,
    /// The size of the media, where known.
    pub size: Option<(u32, u32)>,
    /// What it is to the first member.
    pub verdict: Verdict,
    /// Whether it belongs to the group by another member than the first: then the verdict says how far it is from the
    /// first, and its class is that of the group.
    pub is_indirect: bool,
}

/// Images that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The weakest of the links that were allowed to hold it together.
    pub class: MatchClass,
    /// What stands for it first, then by class, distance and name.
    pub members: Vec<Member>,
}

/// One side of what groups must span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// Pictures on disk.
    Local,
    /// Pictures of the site and of other addresses.
    Remote,
    /// Pictures on disk below a folder: an absolute path, as the platform's bytes.
    Below(Vec<u8>),
}

impl Side {
    fn holds(&self, image: &ImageName) -> bool {
        match (self, image) {
            (Self::Local, ImageName::Path(_)) | (Self::Remote, ImageName::Site(_) | ImageName::Url(_)) => {
                true
            }
            (Self::Below(folder), ImageName::Path(path)) => crate::catalog::below(folder, path).is_some(),
            _ => false,
        }
    }
}

/// Which groups are wanted.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The weakest links that hold groups together.
    pub level: CopyClass,
    /// Only groups of this class.
    pub only: Option<CopyClass>,
    /// Only groups with images on both sides, and two of them if the sides are the same.
    pub across: Option<(Side, Side)>,
    /// Only groups with one of these images.
    pub with: Option<HashSet<ImageKey>>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { level: CopyClass::Candidate, only: None, across: None, with: None }
    }
}

/// What was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Groups.
    pub groups: u64,
    /// Images in them.
    pub images: u64,
}

/// Shows every group that is wanted to `visit`, until it breaks off.
///
/// # Errors
///
/// When the catalog cannot be read, or `visit` fails.
pub fn each_group<E: From<CatalogError>>(
    reader: LookReader<'_>,
    copies: &Copies,
    filter: &Filter,
    mut visit: impl FnMut(Group) -> Result<ControlFlow<()>, E>,
) -> Result<Answer, E> {
    let catalog = reader.catalog();
    let groups = at_level(copies.groups(), filter.level);
    let wanted = groups.into_iter().filter(|group| filter.only.is_none_or(|class| class == group.class));
    let mut ordered: Vec<(CopyClass, Option<ImageName>, &CopyGroup)> = Vec::new();
    for group in wanted {
        ordered.push((group.class, first_name(catalog, group)?, group));
    }
    ordered.sort_by(|a, b| (a.0, &a.1, &a.2.members).cmp(&(b.0, &b.1, &b.2.members)));
    let apart = Apart::of(&catalog.decisions()?);
    let mut answer = Answer::default();
    for (class, _, group) in ordered {
        let members = members(reader, group)?;
        for members in apart.split_by(members, |member| &member.image) {
            if members.len() < 2 || !filter.takes(&members) {
                continue;
            }
            answer.groups += 1;
            answer.images += members.len() as u64;
            if visit(Group { class: class.into(), members })?.is_break() {
                return Ok(answer);
            }
        }
    }
    Ok(answer)
}

impl Filter {
    /// Whether images of these may be told as a group: whether they span the sides, and one of them was asked for.
    pub fn takes(&self, members: &[Member]) -> bool {
        let spans = self.across.as_ref().is_none_or(|(one, other)| {
            let count = |side: &Side| members.iter().filter(|member| side.holds(&member.image)).count();
            let needed = if one == other { 2 } else { 1 };
            count(one) >= needed && count(other) >= needed
        });
        spans && self.with.as_ref().is_none_or(|with| members.iter().any(|member| with.contains(&member.key)))
    }
}

fn first_name(catalog: &Catalog, group: &CopyGroup) -> Result<Option<ImageName>, CatalogError> {
    let Some(media) = group.members.first().and_then(|media| MediaId::new(*media)) else { return Ok(None) };
    Ok(images(catalog, media)?.into_iter().next().map(|(name, _)| name))
}

/// The images that show a media, by name. An image without a name has been removed meanwhile.
pub(super) fn images(catalog: &Catalog, media: MediaId) -> Result<Vec<(ImageName, ImageKey)>, CatalogError> {
    named(catalog, catalog.images_of_media(media)?)
}

/// Images with their names, by name.
pub(super) fn named(
    catalog: &Catalog,
    keys: Vec<ImageKey>,
) -> Result<Vec<(ImageName, ImageKey)>, CatalogError> {
    let mut images = Vec::new();
    for key in keys {
        images.extend(catalog.image_name(key)?.map(|name| (name, key)));
    }
    images.sort();
    Ok(images)
}

fn members(reader: LookReader<'_>, group: &CopyGroup) -> Result<Vec<Member>, CatalogError> {
    let catalog = reader.catalog();
    let mut all: Vec<Member> = Vec::new();
    let mut first: Option<(Look, Option<ImageKey>)> = None;
    for media in group.members.iter().filter_map(|media| MediaId::new(*media)) {
        let (Some(look), Some(facts)) = (reader.look(media)?, catalog.media(media)?) else { continue };
        let images = images(catalog, media)?;
        let (verdict, is_indirect) = match &first {
            None => (bytes(), false),
            Some((best, key)) => {
                let mut found = verdict(best, &look, group.class);
                if let (Some(one), Some((_, other))) = (key, images.first()) {
                    refine(catalog, &mut found.0, (*one, best.size), (*other, look.size))?;
                }
                found
            }
        };
        let size = look.size;
        if first.is_none() {
            first = Some((look, images.first().map(|(_, key)| *key)));
        }
        all.extend(images.into_iter().map(|(image, key)| Member {
            image,
            key,
            media: facts.identity.clone(),
            media_id: media,
            size,
            verdict: verdict.clone(),
            is_indirect,
        }));
    }
    let best = first.map(|(look, _)| look.media);
    all.sort_by(|a, b| {
        let rank = |member: &Member| (Some(member.media_id) != best, member.verdict.class);
        let distance = a.verdict.distance().total_cmp(&b.verdict.distance());
        rank(a).cmp(&rank(b)).then(distance).then_with(|| a.image.cmp(&b.image))
    });
    Ok(all)
}

pub(super) fn bytes() -> Verdict {
    let evidence = super::Evidence { agrees: vec!["bytes"], ..super::Evidence::default() };
    Verdict { class: MatchClass::SameBytes, evidence }
}

/// What a member is to the first, and whether it is in the group by another one.
fn verdict(best: &Look, look: &Look, class: CopyClass) -> (Verdict, bool) {
    let far = Reach { bits: 192, blur: f32::INFINITY };
    let judged = judge(best, look, far);
    match judged {
        Some(verdict) if verdict.class.copy_class().is_some_and(|found| found <= class) => (verdict, false),
        judged => {
            let evidence = judged.map(|verdict| verdict.evidence).unwrap_or_default();
            (Verdict { class: class.into(), evidence }, true)
        }
    }
}

/// Tells a copy that a generator made larger from one that was resized.
pub(super) fn refine(
    catalog: &Catalog,
    verdict: &mut Verdict,
    (one, one_size): (ImageKey, Option<(u32, u32)>),
    (other, other_size): (ImageKey, Option<(u32, u32)>),
) -> Result<(), CatalogError> {
    let may_be = matches!(verdict.class, MatchClass::ReEncode | MatchClass::Edited);
    let (Some(one_size), Some(other_size), true) = (one_size, other_size, may_be) else { return Ok(()) };
    if one_size == other_size {
        return Ok(());
    }
    let (Some(a), Some(b)) = (catalog.image(one)?, catalog.image(other)?) else { return Ok(()) };
    let (a, b) = ((&a.generation_data, one_size), (&b.generation_data, other_size));
    if kin::is_upscaled(a, b) || kin::is_upscaled(b, a) {
        verdict.class = MatchClass::Upscaled;
        verdict.evidence.agrees.extend(["prompt", "seed"]);
        verdict.evidence.differs.push("size");
    }
    Ok(())
}
