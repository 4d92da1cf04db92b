//! How far two distributions lie apart.
//!
//! - In: counts by value on two sides. Out: the Jensen-Shannon divergence in bits, what chance alone would show, and the
//!   values that move most.
//! - Never: a verdict. Small samples differ by chance, and the caller says how small they are.

/// One value with its counts on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair<K> {
    /// The value.
    pub value: K,
    /// Its count on the first side.
    pub a: u64,
    /// Its count on the second side.
    pub b: u64,
}

/// Both sides together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Divergence {
    /// All counts of the first side.
    pub a_values: u64,
    /// All counts of the second side.
    pub b_values: u64,
    /// Jensen-Shannon divergence with equal weights, in bits: 0 the same, 1 nothing in common.
    pub bits: f64,
    /// What two samples of these sizes from one distribution stay below 19 times in 20, about, at most 1. To the second
    /// order the divergence is `(1 / a + 1 / b) / (8 ln 2)` times a chi-squared number of `d = values - 1` degrees of
    /// freedom, which has the mean `d` and the standard deviation `sqrt(2 d)`; this is the mean and two deviations.
    pub by_chance: f64,
}

impl Divergence {
    /// Of counts; `None` where a side has none.
    pub fn of<K>(pairs: &[Pair<K>]) -> Option<Self> {
        let (a_values, b_values) = pairs.iter().fold((0, 0), |(a, b), pair| (a + pair.a, b + pair.b));
        if a_values == 0 || b_values == 0 {
            return None;
        }
        let (a_all, b_all) = (a_values as f64, b_values as f64);
        let mut bits = 0.0;
        for pair in pairs {
            let (p, q) = (pair.a as f64 / a_all, pair.b as f64 / b_all);
            let middle = (p + q) / 2.0;
            bits += [p, q].iter().filter(|x| **x > 0.0).map(|x| x * (x / middle).log2() / 2.0).sum::<f64>();
        }
        let seen = pairs.iter().filter(|pair| pair.a + pair.b > 0).count() as f64;
        let freedom = seen - 1.0;
        let by_chance = (freedom + 2.0 * (2.0 * freedom).sqrt()) * (1.0 / a_all + 1.0 / b_all)
            / (8.0 * std::f64::consts::LN_2);
        Some(Self { a_values, b_values, bits: bits.clamp(0.0, 1.0), by_chance: by_chance.clamp(0.0, 1.0) })
    }
}

/// The pairs whose shares of their side move most: largest movement first, then by value.
pub(super) fn movers<K: Ord + Clone>(pairs: &[Pair<K>], a_all: u64, b_all: u64, most: usize) -> Vec<Pair<K>> {
    let share = |count: u64, all: u64| if all == 0 { 0.0 } else { count as f64 / all as f64 };
    let moved = |pair: &Pair<K>| (share(pair.a, a_all) - share(pair.b, b_all)).abs();
    let mut order: Vec<&Pair<K>> = pairs.iter().filter(|pair| moved(pair) > 0.0).collect();
    order.sort_by(|a, b| moved(b).total_cmp(&moved(a)).then_with(|| a.value.cmp(&b.value)));
    order.into_iter().take(most).cloned().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(counts: &[(u64, u64)]) -> Vec<Pair<usize>> {
        counts.iter().enumerate().map(|(value, (a, b))| Pair { value, a: *a, b: *b }).collect()
    }

    #[test]
    fn the_same_shares_are_no_distance_and_nothing_in_common_is_one_bit() {
        let bits = |counts: &[(u64, u64)]| Divergence::of(&pairs(counts)).map(|found| found.bits);
        assert_eq!(bits(&[(1, 10), (3, 30)]), Some(0.0));
        assert_eq!(bits(&[(5, 0), (0, 7)]), Some(1.0));
        assert_eq!(bits(&[(5, 0)]), None);
        // Half against three quarters, by hand.
        let h = |p: f64| -p * p.log2() - (1.0 - p) * (1.0 - p).log2();
        let by_hand = h(0.625) - (h(0.5) + h(0.75)) / 2.0;
        assert!((bits(&[(1, 3), (1, 1)]).unwrap_or(9.0) - by_hand).abs() < 1e-12);
    }

    #[test]
    fn those_that_move_most_come_first() {
        let all = pairs(&[(10, 10), (80, 10), (5, 40), (5, 40)]);
        let found: Vec<usize> = movers(&all, 100, 100, 3).iter().map(|pair| pair.value).collect();
        assert_eq!(found, [1, 2, 3]);
    }

    proptest! {
        #[test]
        fn divergence_is_symmetric_bounded_and_zero_only_for_equal_shares(
            counts in proptest::collection::vec((0..50_u64, 0..50_u64), 1..8),
        ) {
            let swapped: Vec<(u64, u64)> = counts.iter().map(|(a, b)| (*b, *a)).collect();
            let (one, other) = (Divergence::of(&pairs(&counts)), Divergence::of(&pairs(&swapped)));
            prop_assert_eq!(one.map(|found| (found.bits * 1e9).round()), other.map(|found| (found.bits * 1e9).round()));
            if let Some(found) = one {
                prop_assert!((0.0..=1.0).contains(&found.bits));
                let equal = counts.iter().all(|(a, b)| a * found.b_values == b * found.a_values);
                prop_assert_eq!(equal, found.bits < 1e-12, "{:?}", found);
            }
        }

        #[test]
        fn samples_of_one_distribution_rarely_lie_farther_apart_than_chance_says(seed in any::<u64>()) {
            // Two hundred draws of two samples of 400 from ten equal values.
            let mut state = seed;
            let mut draw = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                usize::try_from((state >> 33) % 10).unwrap_or(0)
            };
            let (mut bits, mut chance, mut beyond) = (0.0, 0.0, 0);
            for _ in 0..200 {
                let mut counts = vec![(0, 0); 10];
                (0..400).for_each(|_| { counts[draw()].0 += 1; counts[draw()].1 += 1; });
                let found = Divergence::of(&pairs(&counts)).expect("both sides have values");
                bits += found.bits;
                chance += found.by_chance;
                beyond += u32::from(found.bits > found.by_chance);
            }
            // Of ten expected; the mean is 9 of 9 + 2 * sqrt(18).
            prop_assert!((1..=30).contains(&beyond), "{beyond} of 200");
            prop_assert!((0.4..0.65).contains(&(bits / chance)), "{bits} {chance}");
        }
    }
}
