//! Groups in, groups without two members that a person decided are no duplicates out.
//!
//! - In: groups whose members come in order, the representative first.
//! - Out: each group whole, or split; every member that may stand together with the representative still does.
//! - Never: a look at pictures. What looks alike was found before.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, CatalogError};
use crate::entity::{Decisions, ImageName, Ruling};

/// Pairs that are to be kept apart, the lesser first.
#[derive(Clone, Debug)]
pub(super) struct Apart<T>(BTreeSet<(T, T)>);

impl Apart<ImageName> {
    /// Takes the pairs from the decisions in force. An image is never kept apart from itself.
    pub(super) fn of(decisions: &Decisions) -> Self {
        let pair = |ruling: &Ruling| match ruling {
            Ruling::NotDuplicate { one, other } if one != other => Some((one.clone(), other.clone())),
            _ => None,
        };
        Self(decisions.in_force().into_iter().filter_map(|decision| pair(&decision.ruling)).collect())
    }

    /// The media of these images, by number. Images of one media have the same bytes, whatever was decided.
    pub(super) fn of_media(&self, catalog: &Catalog) -> Result<Apart<u64>, CatalogError> {
        let media = |name: &ImageName| -> Result<Option<u64>, CatalogError> {
            let key = catalog.image_by_name(name)?;
            Ok(key.map(|key| catalog.media_of_image(key)).transpose()?.flatten().map(|media| media.get()))
        };
        let mut pairs = BTreeSet::new();
        for (one, other) in &self.0 {
            let (Some(one), Some(other)) = (media(one)?, media(other)?) else { continue };
            if one != other {
                pairs.insert((one.min(other), one.max(other)));
            }
        }
        Ok(Apart(pairs))
    }
}

impl Apart<u64> {
    /// Everything that is kept apart from something.
    pub(super) fn members(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().flat_map(|(one, other)| [*one, *other])
    }
}

impl<T: Ord + Clone> Apart<T> {
    /// Splits a group of members by a name of each, as [`Self::split`] does.
    pub(super) fn split_by<M: Clone>(&self, members: Vec<M>, name: impl Fn(&M) -> &T) -> Vec<Vec<M>> {
        let names: Vec<T> = members.iter().map(|member| name(member).clone()).collect();
        let mut parts = self.split(names.clone());
        if parts.len() == 1 {
            return vec![members];
        }
        let of = |wanted: &T| names.iter().position(|name| name == wanted);
        let pick =
            |part: &mut Vec<T>| part.iter().filter_map(|name| members.get(of(name)?).cloned()).collect();
        parts.iter_mut().map(pick).collect()
    }

    /// Splits a group until no part holds a pair that is to be kept apart.
    ///
    /// Each member joins the first part where nothing speaks against it. A part that the representative is not in
    /// takes it as well, where nothing speaks against that, so that a member stays with what it was found by.
    pub(super) fn split(&self, members: Vec<T>) -> Vec<Vec<T>> {
        if self.0.is_empty() || !self.splits(&members) {
            return vec![members];
        }
        let representative = members.first().cloned();
        let mut parts: Vec<Vec<T>> = Vec::new();
        for member in members {
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
        parts
    }

    fn splits(&self, members: &[T]) -> bool {
        let present: BTreeSet<&T> = members.iter().collect();
        self.0.iter().any(|(one, other)| present.contains(one) && present.contains(other))
    }

    fn may_join(&self, a: &T, b: &T) -> bool {
        let pair = if a <= b { (a, b) } else { (b, a) };
        // The set owns its members, and a lookup by reference would need a key type of its own.
        !self.0.contains(&(pair.0.clone(), pair.1.clone()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn apart(pairs: &[(u64, u64)]) -> Apart<u64> {
        Apart(pairs.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect())
    }

    #[test]
    fn two_images_that_are_no_duplicates_stay_with_the_representative() {
        assert_eq!(apart(&[]).split(vec![1, 2, 3]), [[1, 2, 3]]);
        assert_eq!(apart(&[(2, 3)]).split(vec![1, 2, 3]), [[1, 2], [1, 3]]);
        assert_eq!(apart(&[(1, 2)]).split(vec![1, 2]), [[1], [2]]);
        assert_eq!(apart(&[(1, 3), (2, 3)]).split(vec![1, 2, 3, 4]), [vec![1, 2, 4], vec![3]]);
    }

    proptest! {
        #[test]
        fn no_part_holds_a_pair_and_no_member_is_lost(
            pairs in proptest::collection::vec((1..8_u64, 1..8_u64), 0..9), count in 1..8_u64
        ) {
            let pairs: Vec<(u64, u64)> = pairs.into_iter().filter(|(a, b)| a != b).collect();
            let apart = apart(&pairs);
            let all: Vec<u64> = (1..=count).collect();
            let parts = apart.split(all.clone());
            for part in &parts {
                for a in part {
                    prop_assert!(part.iter().all(|b| apart.may_join(a, b)));
                }
            }
            for id in all {
                prop_assert!(parts.iter().any(|part| part.contains(&id)));
            }
        }
    }
}
