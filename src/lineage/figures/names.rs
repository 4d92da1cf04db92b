//! Texts as numbers, so that counting compares numbers.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::slice::ParallelSliceMut as _;

/// Texts with a number each, in the order in which they came first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    list: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Names {
    /// The number of a text, a new one if it has none.
    pub fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.push(Arc::from(text))
    }

    /// The text with a number; empty for a number that was never given.
    pub fn text(&self, number: u32) -> &str {
        self.list.get(number as usize).map_or("", |text| text)
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Takes the texts of others, and says what each of their numbers is here.
    pub(in crate::lineage) fn take(&mut self, other: Self) -> Vec<u32> {
        let renumber = |text: Arc<str>| match self.numbers.get(&text) {
            Some(number) => *number,
            None => self.push(text),
        };
        other.list.into_iter().map(renumber).collect()
    }

    /// Numbers the texts anew in alphabetical order, and says what each number is now.
    pub(super) fn sort(&mut self) -> Vec<u32> {
        let mut order: Vec<(Arc<str>, u32)> = std::mem::take(&mut self.list).into_iter().zip(0..).collect();
        order.par_sort_unstable();
        let mut now = vec![0; order.len()];
        for (number, (text, was)) in (0_u32..).zip(order) {
            now[was as usize] = number;
            if let Some(known) = self.numbers.get_mut(&text) {
                *known = number;
            }
            self.list.push(text);
        }
        now
    }

    fn push(&mut self, text: Arc<str>) -> u32 {
        // A prompt has a bounded number of chunks, and memory ends before four thousand million texts are there.
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }
}
