//! Links between media in, the table of copies out.
//!
//! - In: [`Edge`] values, and the media that several images show.
//! - Out: [`Copies`]: for each class the groups, with the picture first that stands for them.
//! - Never: two pictures in one group that a person decided are no duplicates.

use std::collections::BTreeSet;

use stemmata_index::near::{Copies, CopyGroup};

use super::levels::{Link, level_groups};
use super::{Edge, Standing};
use crate::catalog::{Catalog, CatalogError, MediaId};
use crate::link::apart::Apart;

/// The groups, and what was left out.
#[derive(Clone, Debug)]
pub struct Arranged {
    /// The groups, by class, then members.
    pub copies: Copies,
    /// Pairs of media that would be in one group, had nobody decided otherwise.
    pub kept_apart: u64,
}

/// Groups the media of links, and `besides` those that several images may show; `size` knows their size in pixels where
/// no image says it, `order` numbers them by identity.
///
/// # Errors
///
/// When the catalog cannot be read.
pub fn arrange<E: From<CatalogError>>(
    catalog: &Catalog,
    edges: &[Edge],
    besides: impl IntoIterator<Item = MediaId>,
    generation: u64,
    size: impl Fn(MediaId) -> Option<(u32, u32)>,
    mut order: impl FnMut(MediaId) -> Result<u64, E>,
) -> Result<Arranged, E> {
    let mut media: BTreeSet<MediaId> = edges.iter().flat_map(|edge| [edge.left, edge.right]).collect();
    media.extend(besides);
    let mut numbered: Vec<(u64, MediaId)> = Vec::with_capacity(media.len());
    for media in media {
        numbered.push((order(media)?, media));
    }
    numbered.sort_unstable();
    let mut standings: Vec<Standing> = Vec::with_capacity(numbered.len());
    for (_, media) in &numbered {
        standings.push(Standing::of(catalog, *media, size(*media))?);
    }
    let images: Vec<u32> =
        standings.iter().map(|standing| u32::try_from(standing.images()).unwrap_or(u32::MAX)).collect();
    let mut places: Vec<(MediaId, u32)> = numbered.iter().map(|(_, media)| *media).zip(0..).collect();
    places.sort_unstable();
    let place = |media: MediaId| {
        places.binary_search_by_key(&media, |(media, _)| *media).ok().map(|found| places[found].1)
    };
    let links: Vec<Link> = edges
        .iter()
        .filter_map(|edge| {
            let (left, right) = (place(edge.left)?, place(edge.right)?);
            Some(Link { left, right, class: edge.class, distance: edge.distance })
        })
        .collect();
    let apart = Apart::of(&catalog.decisions()?).of_media(catalog)?;
    let mut kept_apart = 0;
    let mut groups: Vec<CopyGroup> = Vec::new();
    for group in level_groups(&images, &links) {
        let mut members: Vec<&Standing> =
            group.members.iter().filter_map(|member| standings.get(*member as usize)).collect();
        // The first stands for all; the others follow by number.
        let Some(best) = members.iter().min().copied() else { continue };
        members.sort_by_key(|standing| (standing.media() != best.media(), standing.media()));
        let members: Vec<u64> = members.into_iter().map(|standing| standing.media().get()).collect();
        let parts = apart.split(members);
        kept_apart += (parts.len() - 1) as u64;
        let is_shown = |members: &Vec<u64>| {
            let count = members.iter().filter_map(|media| place(MediaId::new(*media)?));
            count.map(|place| images[place as usize]).fold(0, u32::saturating_add) > 1
        };
        let kept = parts.into_iter().filter(is_shown);
        groups.extend(kept.map(|members| CopyGroup { class: group.class, members }));
    }
    groups.sort_unstable_by(|a, b| (a.class, &a.members).cmp(&(b.class, &b.members)));
    Ok(Arranged { copies: Copies::new(generation, groups), kept_apart })
}
