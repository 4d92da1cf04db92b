//! What people decided about links and duplicates, as data that can be merged.
//!
//! - In: single decisions, from one file or from several people's.
//! - Out: one set, the same whatever the order in which they came, and the rulings that are in force.
//! - Never: a decision that disappears. Undoing one is a decision too.

use std::collections::{BTreeMap, BTreeSet};

use super::{HexHash, ImageName, ResourceKind, Timestamp, VersionId};

/// What a decision says of itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decision {
    /// When it was made. Of decisions about the same thing the latest counts, ties by id.
    pub at: Timestamp,
    /// What tells it from every other: 1 to 64 letters, digits, `-` and `_`.
    pub id: String,
    /// Who made it, in their own words.
    pub by: String,
    /// What it says.
    pub ruling: Ruling,
}

/// What a decision is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ruling {
    /// Files with this hash are this version.
    Hash {
        /// The hash, in any length that names a file.
        hash: HexHash,
        /// The version.
        version: VersionId,
    },
    /// What is named here is not this version.
    NotLink {
        /// An image, or every resource that is written so.
        what: Refused,
        /// The version.
        version: VersionId,
    },
    /// Two images are not duplicates of one another, whatever they look like.
    NotDuplicate {
        /// One of them; the lesser by order of names in what [`Ruling::not_duplicate`] makes.
        one: ImageName,
        /// The other.
        other: ImageName,
    },
    /// Another decision no longer counts.
    Undo {
        /// Its id.
        id: String,
    },
}

/// Whose link is refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// One image.
    Image(ImageName),
    /// Every resource with this hash, or with a shorter or longer form of it of 10 digits or more.
    Hash(HexHash),
    /// Every resource of this role and name; spelling as for links by name.
    Name(ResourceKind, String),
}

impl Ruling {
    /// Rules that two images are not duplicates; which is named first does not matter.
    pub fn not_duplicate(a: ImageName, b: ImageName) -> Self {
        let (one, other) = if a <= b { (a, b) } else { (b, a) };
        Self::NotDuplicate { one, other }
    }

    /// What two rulings must have in common to be in conflict.
    fn subject(&self) -> Subject<'_> {
        match self {
            Self::Hash { hash, .. } => Subject::Hash(hash),
            Self::NotLink { what, version } => Subject::NotLink(what, *version),
            Self::NotDuplicate { one, other } => Subject::NotDuplicate(one, other),
            Self::Undo { id } => Subject::Undo(id),
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Subject<'a> {
    Hash(&'a HexHash),
    NotLink(&'a Refused, VersionId),
    NotDuplicate(&'a ImageName, &'a ImageName),
    Undo(&'a str),
}

/// A set of decisions. Merging is commutative, associative and idempotent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    by_id: BTreeMap<String, Decision>,
}

impl Decisions {
    /// Adds a decision. Of two with one id, which only an edited file can bring, the later and then the greater stays.
    ///
    /// Returns whether the set is another one now.
    pub fn insert(&mut self, decision: Decision) -> bool {
        match self.by_id.get_mut(&decision.id) {
            Some(known) if *known >= decision => false,
            Some(known) => {
                *known = decision;
                true
            }
            None => {
                self.by_id.insert(decision.id.clone(), decision);
                true
            }
        }
    }

    /// Adds every decision of another set, and returns how many were new or newer.
    pub fn merge(&mut self, other: Self) -> u64 {
        other.by_id.into_values().map(|decision| u64::from(self.insert(decision))).sum()
    }

    /// A decision by id.
    pub fn get(&self, id: &str) -> Option<&Decision> {
        self.by_id.get(id)
    }

    /// How many there are, undone ones and undoings included.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// All of them, by time, then id.
    pub fn all(&self) -> Vec<&Decision> {
        let mut all: Vec<&Decision> = self.by_id.values().collect();
        all.sort();
        all
    }

    /// Ids of decisions that another one takes back.
    pub fn undone(&self) -> BTreeSet<&str> {
        let undone = |decision: &'_ Decision| match &decision.ruling {
            Ruling::Undo { id } => self.by_id.get_key_value(id),
            _ => None,
        };
        self.by_id.values().filter_map(undone).map(|(id, _)| id.as_str()).collect()
    }

    /// The decisions that count: not undone, and the latest about their subject; by time, then id.
    ///
    /// An undoing is never among them, and cannot be undone itself: whoever regrets it decides again.
    pub fn in_force(&self) -> Vec<&Decision> {
        let undone = self.undone();
        let mut latest: BTreeMap<Subject<'_>, &Decision> = BTreeMap::new();
        for decision in self.all() {
            let counts = !matches!(decision.ruling, Ruling::Undo { .. });
            if counts && !undone.contains(decision.id.as_str()) {
                latest.insert(decision.ruling.subject(), decision);
            }
        }
        let mut in_force: Vec<&Decision> = latest.into_values().collect();
        in_force.sort();
        in_force
    }
}

impl FromIterator<Decision> for Decisions {
    fn from_iter<T: IntoIterator<Item = Decision>>(decisions: T) -> Self {
        let mut set = Self::default();
        for decision in decisions {
            set.insert(decision);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entity::ImageId;

    fn version(id: u64) -> VersionId {
        VersionId::new(id).expect("positive")
    }

    fn ruling() -> impl Strategy<Value = Ruling> {
        let hash = prop_oneof!["[ab]{10}", "[ab]{12}"]
            .prop_map(|digits| HexHash::parse(&digits).expect("ten or twelve digits"));
        let image = (1..4_u64).prop_map(|id| ImageName::Site(ImageId::new(id).expect("positive")));
        prop_oneof![
            (hash.clone(), 1..3_u64).prop_map(|(hash, id)| Ruling::Hash { hash, version: version(id) }),
            (hash, 1..3_u64)
                .prop_map(|(hash, id)| Ruling::NotLink { what: Refused::Hash(hash), version: version(id) }),
            (image.clone(), image).prop_map(|(a, b)| Ruling::not_duplicate(a, b)),
            (0..6_u8).prop_map(|id| Ruling::Undo { id: format!("d{id}") }),
        ]
    }

    fn decision() -> impl Strategy<Value = Decision> {
        (0..6_u8, 0..4_i64, ruling()).prop_map(|(id, at, ruling)| Decision {
            id: format!("d{id}"),
            at: Timestamp::from_millis(at).expect("a time"),
            by: "ann".to_owned(),
            ruling,
        })
    }

    proptest! {
        #[test]
        fn merging_twice_is_once_and_the_order_does_not_matter(
            one in proptest::collection::vec(decision(), 0..8),
            two in proptest::collection::vec(decision(), 0..8),
            three in proptest::collection::vec(decision(), 0..8),
        ) {
            let sets = [one, two, three].map(|list| list.into_iter().collect::<Decisions>());
            let merged = |order: [usize; 3]| {
                let mut all = Decisions::default();
                for position in order {
                    all.merge(sets[position].clone());
                }
                all
            };
            let forward = merged([0, 1, 2]);
            for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
                prop_assert_eq!(&merged(order), &forward);
            }
            let mut again = forward.clone();
            prop_assert_eq!(again.merge(forward.clone()), 0);
            prop_assert_eq!(&again, &forward);
            let mut inner = sets[1].clone();
            inner.merge(sets[2].clone());
            let mut grouped = sets[0].clone();
            grouped.merge(inner);
            prop_assert_eq!(&grouped, &forward);
        }

        #[test]
        fn what_is_in_force_is_the_latest_of_each_subject_that_nobody_undid(
            list in proptest::collection::vec(decision(), 0..12)
        ) {
            let set: Decisions = list.into_iter().collect();
            let all = set.all();
            let in_force = set.in_force();
            for decision in &all {
                let is_undoing = matches!(decision.ruling, Ruling::Undo { .. });
                let is_undone = all.iter().any(
                    |other| matches!(&other.ruling, Ruling::Undo { id } if *id == decision.id));
                let is_beaten = all.iter().any(|other| {
                    let undone = all.iter().any(|third| matches!(&third.ruling, Ruling::Undo { id } if *id == other.id));
                    other.ruling.subject() == decision.ruling.subject() && !undone && other > decision
                });
                let counts = !is_undoing && !is_undone && !is_beaten;
                prop_assert_eq!(in_force.contains(decision), counts, "{:?}", decision);
            }
        }
    }
}
