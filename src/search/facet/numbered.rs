//! Sets and tables over the catalog's numbers of resources, which are dense and small.
//!
//! - In: numbers, most of them below [`DENSE`]. Out: the same, ascending, or what was kept for one.
//! - Never: memory by a number that a damaged index may hold; those above take the slow way.

use std::collections::{BTreeSet, HashMap};

/// Numbers below are looked up by place: at most 8 MiB of bits, and 256 MiB for a table.
const DENSE: u64 = 1 << 26;

/// A set of numbers.
#[derive(Default)]
pub(super) struct NumberSet {
    bits: Vec<u64>,
    rest: BTreeSet<u64>,
}

impl NumberSet {
    pub(super) fn insert(&mut self, number: u64) {
        let Some((word, bit)) = place(number) else {
            self.rest.insert(number);
            return;
        };
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= bit;
    }

    pub(super) fn merge(&mut self, other: Self) {
        if self.bits.len() < other.bits.len() {
            self.bits.resize(other.bits.len(), 0);
        }
        for (mine, theirs) in self.bits.iter_mut().zip(other.bits) {
            *mine |= theirs;
        }
        self.rest.extend(other.rest);
    }

    /// How many numbers it has.
    pub(super) fn len(&self) -> u64 {
        let dense: u64 = self.bits.iter().map(|word| u64::from(word.count_ones())).sum();
        dense + self.rest.len() as u64
    }

    /// Whether it has a number.
    pub(super) fn contains(&self, number: u64) -> bool {
        match place(number) {
            Some((word, bit)) => self.bits.get(word).is_some_and(|bits| bits & bit != 0),
            None => self.rest.contains(&number),
        }
    }

    /// Every number, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        let dense = (0_u64..).zip(&self.bits).flat_map(|(word, bits)| {
            (0..u64::from(u64::BITS)).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
        });
        dense.chain(self.rest.iter().copied())
    }
}

fn place(number: u64) -> Option<(usize, u64)> {
    let word = usize::try_from(number / 64).ok().filter(|_| number < DENSE)?;
    Some((word, 1 << (number % 64)))
}

/// Lists of labels by number.
#[derive(Default)]
pub(super) struct NumberTable {
    /// The place of the list behind each number, plus one; zero where there is none.
    slots: Vec<u32>,
    lists: Vec<Vec<u32>>,
    rest: HashMap<u64, Vec<u32>>,
}

impl NumberTable {
    /// Keeps a list for a number that has none yet.
    pub(super) fn insert(&mut self, number: u64, list: Vec<u32>) {
        let place = usize::try_from(number).ok().filter(|_| number < DENSE);
        let (Some(place), Ok(slot)) = (place, u32::try_from(self.lists.len() + 1)) else {
            self.rest.insert(number, list);
            return;
        };
        if place >= self.slots.len() {
            self.slots.resize(place + 1, 0);
        }
        self.slots[place] = slot;
        self.lists.push(list);
    }

    /// What was kept; nothing for another number.
    pub(super) fn get(&self, number: u64) -> &[u32] {
        if number >= DENSE {
            return self.rest.get(&number).map_or(&[], Vec::as_slice);
        }
        let slot = usize::try_from(number).ok().and_then(|place| self.slots.get(place)).copied();
        let list = slot.and_then(|slot| self.lists.get((slot as usize).checked_sub(1)?));
        list.map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_come_back_in_order() {
        let numbers = [u64::MAX, 0, 63, 64, DENSE - 1, DENSE, 7, 7];
        let (mut one, mut other) = (NumberSet::default(), NumberSet::default());
        for (place, number) in numbers.into_iter().enumerate() {
            if place % 2 == 0 { one.insert(number) } else { other.insert(number) }
        }
        one.merge(other);
        let expected = [0, 7, 63, 64, DENSE - 1, DENSE, u64::MAX];
        assert_eq!(one.iter().collect::<Vec<_>>(), expected);
        assert_eq!(one.len(), 7);
        assert!(expected.into_iter().all(|number| one.contains(number)));
        assert!(![1, 65, DENSE + 1, DENSE - 2].into_iter().any(|number| one.contains(number)));
        let mut table = NumberTable::default();
        for number in expected {
            table.insert(number, vec![(number % 1000) as u32, 1]);
        }
        for number in expected {
            assert_eq!(table.get(number), [(number % 1000) as u32, 1], "{number}");
        }
        assert!(table.get(1).is_empty() && table.get(DENSE + 1).is_empty());
    }
}
