//! Groups in, groups without two images that a person decided are no duplicates out.
//!
//! - In: groups whose members come by distance from the representative.
//! - Out: each group whole, or split; every pair of members that may stand together with the representative still does.
//! - Never: a look at pictures. What looks alike was found before.

use std::collections::BTreeSet;

use super::duplicates::{Group, Member};
use crate::entity::{Decisions, ImageName, Ruling};

/// Pairs of images that are to be kept apart, the lesser name first.
#[derive(Clone, Debug, Default)]
pub(super) struct Apart(BTreeSet<(ImageName, ImageName)>);

impl Apart {
    /// Takes the pairs from the decisions in force. An image is never kept apart from itself.
    pub(super) fn of(decisions: &Decisions) -> Self {
        let pair = |ruling: &Ruling| match ruling {
            Ruling::NotDuplicate { one, other } if one != other => Some((one.clone(), other.clone())),
            _ => None,
        };
        Self(decisions.in_force().into_iter().filter_map(|decision| pair(&decision.ruling)).collect())
    }

    /// Splits a group until no part holds a pair that is to be kept apart.
    ///
    /// Each member joins the first part where nothing speaks against it. A part that the representative is not in
    /// takes it as well, where nothing speaks against that, so that a member stays with what it was found by.
    pub(super) fn split(&self, group: Group) -> Vec<Group> {
        if self.0.is_empty() || !self.splits(&group.members) {
            return vec![group];
        }
        let representative = group.members.first().cloned();
        let mut parts: Vec<Vec<Member>> = Vec::new();
        for member in group.members {
            match parts.iter_mut().find(|part| part.iter().all(|other| self.may_join(&member, other))) {
                Some(part) => part.push(member),
                None => {
                    let with = representative
                        .clone()
                        .filter(|first| !parts.is_empty() && self.may_join(first, &member));
                    parts.push(with.into_iter().chain([member]).collect());
                }
            }
        }
        parts.into_iter().map(|members| Group { class: group.class, members }).collect()
    }

    fn splits(&self, members: &[Member]) -> bool {
        let names: BTreeSet<&ImageName> = members.iter().map(|member| &member.image).collect();
        self.0.iter().any(|(one, other)| names.contains(one) && names.contains(other))
    }

    fn may_join(&self, a: &Member, b: &Member) -> bool {
        let pair = if a.image <= b.image { (&a.image, &b.image) } else { (&b.image, &a.image) };
        // The set owns its names, and a lookup by reference would need a key type of its own.
        !self.0.contains(&(pair.0.clone(), pair.1.clone()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::duplicates::MatchClass;
    use super::*;
    use crate::entity::{ImageId, ImageKey, MediaIdentity, MediaKey};

    fn name(id: u64) -> ImageName {
        ImageName::Site(ImageId::new(id).expect("positive"))
    }

    fn group(ids: &[u64]) -> Group {
        let members = ids.iter().map(|id| Member {
            image: name(*id),
            key: ImageKey::from(ImageId::new(*id).expect("positive")),
            media: MediaIdentity::Key(MediaKey::from_bytes([0; 16])),
            distance: 0.0,
        });
        Group { class: MatchClass::Candidate, members: members.collect() }
    }

    fn apart(pairs: &[(u64, u64)]) -> Apart {
        Apart(pairs.iter().map(|(a, b)| (name(*a.min(b)), name(*a.max(b)))).collect())
    }

    fn ids(groups: &[Group]) -> Vec<Vec<String>> {
        groups
            .iter()
            .map(|group| group.members.iter().map(|member| member.image.to_string()).collect())
            .collect()
    }

    #[test]
    fn two_images_that_are_no_duplicates_stay_with_the_representative() {
        assert_eq!(ids(&apart(&[]).split(group(&[1, 2, 3]))), [["1", "2", "3"]]);
        assert_eq!(ids(&apart(&[(2, 3)]).split(group(&[1, 2, 3]))), [["1", "2"], ["1", "3"]]);
        assert_eq!(ids(&apart(&[(1, 2)]).split(group(&[1, 2]))), [["1"], ["2"]]);
        assert_eq!(
            ids(&apart(&[(1, 3), (2, 3)]).split(group(&[1, 2, 3, 4]))),
            [vec!["1", "2", "4"], vec!["3"]]
        );
    }

    proptest! {
        #[test]
        fn no_part_holds_a_pair_and_no_member_is_lost(
            pairs in proptest::collection::vec((1..8_u64, 1..8_u64), 0..9), count in 1..8_u64
        ) {
            let pairs: Vec<(u64, u64)> = pairs.into_iter().filter(|(a, b)| a != b).collect();
            let apart = apart(&pairs);
            let all: Vec<u64> = (1..=count).collect();
            let parts = apart.split(group(&all));
            for part in &parts {
                for a in &part.members {
                    prop_assert!(part.members.iter().all(|b| apart.may_join(a, b)));
                }
            }
            for id in all {
                prop_assert!(parts.iter().any(|part| part.members.iter().any(|member| member.image == name(id))));
            }
        }
    }
}
