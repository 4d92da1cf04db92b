//! Links in, groups for every class of them out.
//!
//! - In: the number of images of each picture, and links between pictures. They are numbered from 0, in an order that
//!   follows from the pictures.
//! - Out: [`LevelGroup`] values. At each level a picture is in at most one group.
//! - Never: a look at pictures or names, or a result that depends on the order of the links or on threads.
//!
//! # What a group is
//!
//! Of each class there is a level, made of the links of that class and of stronger ones:
//!
//! - `same_bytes` and `same_pixels` are equalities: groups are what they connect.
//! - `re_encode` and `edited`: pictures with the same pixels are one point, and points are grouped around those with
//!   most company, as [`crate::link::groups`] says. Each member is within the threshold of another one, and within twice
//!   the threshold of the middle: a chain of look-alikes ends after two steps.
//! - `candidate`: the groups of `edited`, and all other pictures, are points, and the links that nobody has verified group
//!   them in the same way. A candidate group is so made of whole verified groups, and what is verified is never torn
//!   apart by what is not.
//!
//! A group that is the same at two levels is told once, at the stronger of them.

use std::collections::HashSet;
use std::ops::RangeBounds;

use stemmata_index::near::{CopyClass, CopyGroup, Pair};

use crate::link::groups::groups;

/// A link between two pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// One of them.
    pub left: u32,
    /// The other.
    pub right: u32,
    /// What it says.
    pub class: CopyClass,
    /// How far apart they are, for links of one class to be compared with each other.
    pub distance: f32,
}

/// Pictures that belong together at a level.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LevelGroup {
    /// The strongest level at which they are this group.
    pub class: CopyClass,
    /// The pictures, ascending.
    pub members: Vec<u32>,
}

/// Every level, strongest first.
pub const LEVELS: [CopyClass; 5] = [
    CopyClass::SameBytes,
    CopyClass::SamePixels,
    CopyClass::ReEncode,
    CopyClass::Edited,
    CopyClass::Candidate,
];

/// All groups of all levels, by class, then members. Links with pictures that are not there are ignored.
///
/// `images` says how many images show each picture; a picture of several images is a group by itself.
pub fn level_groups(images: &[u32], links: &[Link]) -> Vec<LevelGroup> {
    let count = u32::try_from(images.len()).unwrap_or(u32::MAX);
    let links: Vec<Link> = links
        .iter()
        .filter(|link| link.left.max(link.right) < count && link.left != link.right)
        .copied()
        .collect();
    let mut all: Vec<LevelGroup> = Vec::new();
    let mut told = Told { last: vec![None; images.len()], number: 0, images };
    let bytes = connected(count, &links, CopyClass::SameBytes);
    let pixels = connected(count, &links, CopyClass::SamePixels);
    let saved = stars(&pixels, images, &links, ..=CopyClass::ReEncode);
    let edited = stars(&pixels, images, &links, ..=CopyClass::Edited);
    // A verified link between two groups was cut on purpose, and does not join them here.
    let looks = stars(&edited, images, &links, CopyClass::Candidate..);
    for (class, points) in LEVELS.into_iter().zip([bytes, pixels, saved, edited, looks]) {
        told.tell(class, &points, &mut all);
    }
    all.sort_unstable();
    all
}

/// The groups of one level out of those of all, by class, then in their order.
///
/// A group that the weaker levels, up to this one, do not tell is one that they have as it is: so it counts for them
/// unless one of its members is in another group of theirs.
pub fn at_level(groups: &[CopyGroup], level: CopyClass) -> Vec<&CopyGroup> {
    let mut taken: HashSet<u64> = HashSet::new();
    let mut found: Vec<&CopyGroup> = Vec::new();
    for class in LEVELS.into_iter().rev().filter(|class| *class <= level) {
        let of_class = groups.iter().filter(|group| group.class == class);
        let free: Vec<&CopyGroup> =
            of_class.filter(|group| group.members.iter().all(|member| !taken.contains(member))).collect();
        taken.extend(free.iter().flat_map(|group| &group.members));
        found.extend(free);
    }
    found.sort_by_key(|group| group.class);
    found
}

/// Images that show these pictures.
fn shown(images: &[u32], members: &[u32]) -> u32 {
    let counts = members.iter().map(|member| images.get(*member as usize).copied().unwrap_or_default());
    counts.fold(0, u32::saturating_add)
}

/// For each picture the number of its point; points are numbered by their lowest picture.
struct Points {
    point: Vec<u32>,
    /// The pictures of each point, ascending.
    members: Vec<Vec<u32>>,
}

impl Points {
    /// From any label a picture.
    fn of(labels: impl Iterator<Item = u32>, count: u32) -> Self {
        let mut number = vec![u32::MAX; count as usize];
        let mut points = Self { point: Vec::with_capacity(count as usize), members: Vec::new() };
        for (picture, label) in (0..).zip(labels) {
            let slot = &mut number[label as usize];
            if *slot == u32::MAX {
                *slot = u32::try_from(points.members.len()).unwrap_or(u32::MAX);
                points.members.push(Vec::new());
            }
            points.point.push(*slot);
            points.members[*slot as usize].push(picture);
        }
        points
    }
}

/// What links of a class, and stronger ones, connect.
fn connected(count: u32, links: &[Link], class: CopyClass) -> Points {
    let mut roots: Vec<u32> = (0..count).collect();
    for link in links.iter().filter(|link| link.class <= class) {
        let (a, b) = (root(&mut roots, link.left), root(&mut roots, link.right));
        roots[a.max(b) as usize] = a.min(b);
    }
    let labels: Vec<u32> = (0..count).map(|picture| root(&mut roots, picture)).collect();
    Points::of(labels.into_iter(), count)
}

fn root(roots: &mut [u32], picture: u32) -> u32 {
    let mut at = picture;
    while roots[at as usize] != at {
        roots[at as usize] = roots[roots[at as usize] as usize];
        at = roots[at as usize];
    }
    at
}

/// Points grouped around those with most company, by links of these classes.
fn stars(points: &Points, images: &[u32], links: &[Link], classes: impl RangeBounds<CopyClass>) -> Points {
    let sizes: Vec<u32> = points.members.iter().map(|members| shown(images, members)).collect();
    let place = |picture: u32| points.point[picture as usize];
    // Between two points the strongest link counts, then the shortest.
    let mut between: Vec<(u32, u32, CopyClass, f32)> = links
        .iter()
        .filter(|link| classes.contains(&link.class))
        .map(|link| (place(link.left), place(link.right), link))
        .filter(|(a, b, _)| a != b)
        .map(|(a, b, link)| (a.min(b), a.max(b), link.class, link.distance))
        .collect();
    between.sort_unstable_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then(a.3.total_cmp(&b.3)));
    between.dedup_by_key(|link| (link.0, link.1));
    let pairs: Vec<Pair> =
        between.into_iter().map(|(left, right, _, distance)| Pair { left, right, distance }).collect();
    let mut label: Vec<u32> = (0..).zip(&sizes).map(|(point, _)| point).collect();
    for star in groups(&sizes, &pairs) {
        star.clusters.iter().for_each(|point| label[*point as usize] = star.representative);
    }
    let count = u32::try_from(points.point.len()).unwrap_or(u32::MAX);
    let of_point: Vec<u32> = label.iter().map(|point| points.members[*point as usize][0]).collect();
    Points::of(points.point.iter().map(|point| of_point[*point as usize]), count)
}

/// Which groups were told, so that none is told twice.
struct Told<'a> {
    images: &'a [u32],
    /// For each picture the size and number of the group that was last told of it.
    last: Vec<Option<(usize, usize)>>,
    number: usize,
}

impl Told<'_> {
    fn tell(&mut self, class: CopyClass, points: &Points, all: &mut Vec<LevelGroup>) {
        for members in points.members.iter().filter(|members| shown(self.images, members) > 1) {
            let first = self.last[members[0] as usize];
            let is_known = first.is_some_and(|(size, _)| size == members.len())
                && members.iter().all(|member| self.last[*member as usize] == first);
            if is_known {
                continue;
            }
            self.number += 1;
            let mark = Some((members.len(), self.number));
            members.iter().for_each(|member| self.last[*member as usize] = mark);
            all.push(LevelGroup { class, members: members.clone() });
        }
    }
}

#[cfg(test)]
mod tests;
