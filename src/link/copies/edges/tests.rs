use std::collections::BTreeSet;

use proptest::prelude::*;
use stemmata_index::near::{Aspect, Feature};

use super::super::verdict::tests::{fingerprint, look};
use super::*;

const LIMITS: Limits = Limits { blur: 0.3, max_pairs: 1000 };

fn entry(id: u64, first: f32) -> Entry {
    let mut values = [0.1; 48];
    values[0] = first;
    Entry { id, aspect: Aspect::of(512, 768), feature: Feature::new(values).expect("finite") }
}

fn order(media: MediaId) -> Result<u64, DuplicateError> {
    Ok(media.get().wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

fn found(blurs: &[Entry], looks: &[Look], memory: &mut PairMemory) -> Vec<Edge> {
    let compared = Compared { blurs: blurs.to_vec(), looks: Looks::new(looks.to_vec()) };
    edges(compared, LIMITS, memory, &mut order, &RunContext::quiet()).expect("few pairs").edges
}

fn named(edges: &[Edge]) -> Vec<(u64, u64, CopyClass)> {
    edges.iter().map(|edge| (edge.left.get(), edge.right.get(), edge.class)).collect()
}

#[test]
fn unseen_pictures_are_candidates_and_seen_ones_are_judged_by_their_pixels() {
    let blurs = [entry(1, 0.0), entry(2, 0.1), entry(3, 0.2), entry(4, 0.2)];
    let (a, b) =
        (look(3, fingerprint([0; 3], 0, (512, 768))), look(4, fingerprint([u64::MAX; 3], 0, (512, 768))));
    let edges = found(&blurs, &[a, b], &mut PairMemory::default());
    let candidate = CopyClass::Candidate;
    assert_eq!(
        named(&edges),
        [(1, 2, candidate), (1, 3, candidate), (1, 4, candidate), (2, 3, candidate), (2, 4, candidate)],
        "3 and 4 have the same BlurHash and other pixels"
    );
}

#[test]
fn equal_blurhashes_hang_together_by_one_of_them() {
    let blurs: Vec<Entry> =
        (1..=50).map(|id| entry(id, 0.0)).chain([entry(60, 0.1), entry(61, 0.1)]).collect();
    let edges = found(&blurs, &[], &mut PairMemory::default());
    assert_eq!(edges.len(), 49 + 1 + 1, "each with the first of its set, and the two first with each other");
}

#[test]
fn more_pairs_than_allowed_are_an_error_and_change_no_memory() {
    let blurs: Vec<Entry> =
        (1..60).map(|id| entry(id, f32::from(u8::try_from(id).unwrap_or(0)) / 1000.0)).collect();
    let mut memory = PairMemory::default();
    let compared = Compared { blurs, looks: Looks::default() };
    let outcome = edges(compared, LIMITS, &mut memory, &mut order, &RunContext::quiet());
    assert!(matches!(outcome, Err(DuplicateError::TooManyPairs { max_pairs: 1000, .. })));
    assert_eq!(memory, PairMemory::default());
}

#[test]
fn a_large_set_with_one_code_is_compared_with_its_first() {
    let looks: Vec<Look> = (1..=100).map(|id| look(id, fingerprint([5; 3], 0, (512, 768)))).collect();
    let compared = Compared { blurs: Vec::new(), looks: Looks::new(looks) };
    let mut memory = PairMemory::default();
    let report = edges(compared, LIMITS, &mut memory, &mut order, &RunContext::quiet()).expect("few pairs");
    assert_eq!((report.edges.len(), report.shortened), (99, 100));
    let first = (1..=100).map(|id| (order(MediaId::new(id).expect("positive")).expect("a number"), id)).min();
    let ends = |edge: &Edge| [edge.left.get(), edge.right.get()].contains(&first.expect("some").1);
    assert!(report.edges.iter().all(ends));
}

/// A few looks: codes near one of two centres, some flat, some with known bytes.
fn looks() -> impl Strategy<Value = Vec<(u64, u64, bool, Option<u8>)>> {
    proptest::collection::vec((1..40_u64, any::<u64>(), any::<bool>(), proptest::option::of(0..4_u8)), 0..16)
}

fn picture((id, bits, far, bytes): &(u64, u64, bool, Option<u8>)) -> Look {
    let base = if *far { 0xffff_0000_ffff_0000 } else { 0 };
    let noise = bits & 0x1111_0000_0101_0011;
    let mut look =
        look(*id, fingerprint([base ^ noise, base, base ^ (bits & 3)], (bits % 9) as i8, (512, 768)));
    look.content = bytes.map(|byte| [byte; 32]);
    look
}

/// Entries that are far from each other and from all others.
fn far(id: u64) -> Entry {
    let bits = id.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let values = std::array::from_fn(|place| if bits >> place & 1 == 1 { 0.9 } else { -0.9 });
    Entry { feature: Feature::new(values).expect("finite"), ..entry(id, 0.0) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn seen_pictures_have_the_links_of_a_comparison_of_all_with_all(given in looks()) {
        let looks: Vec<Look> = Looks::new(given.iter().map(picture).collect()).all().to_vec();
        let edges = found(&[], &looks, &mut PairMemory::default());
        let reach = Reach { bits: MOST_BITS, blur: 0.0 };
        let mut expected = BTreeSet::new();
        for (place, a) in looks.iter().enumerate() {
            for b in &looks[place + 1..] {
                let class = judge(a, b, reach).and_then(|verdict| verdict.class.copy_class());
                // Equal bytes are linked through the first that has them.
                let pixels = judge(&Look { content: None, ..a.clone() }, b, reach).and_then(|v| v.class.copy_class());
                if class != Some(CopyClass::SameBytes) || pixels.is_some() {
                    expected.extend(class.map(|class| (a.media.get(), b.media.get(), class)));
                }
            }
        }
        let found: BTreeSet<_> = named(&edges).into_iter().collect();
        prop_assert!(expected.is_subset(&found), "{expected:?} {found:?}");
        for (left, right, class) in found.difference(&expected) {
            prop_assert_eq!(*class, CopyClass::SameBytes, "{} {}", left, right);
        }
    }

    #[test]
    fn what_is_remembered_gives_what_a_fresh_start_gives(
        rounds in proptest::collection::vec((looks(), proptest::collection::vec((1..60_u64, 0..40_u8), 0..30)), 1..5),
        many in any::<bool>(),
    ) {
        let mut memory = PairMemory::default();
        for (given, blurs) in rounds {
            let looks: Vec<Look> = given.iter().map(picture).collect();
            let mut seen = BTreeSet::new();
            let mut blurs: Vec<Entry> = blurs
                .iter()
                .filter(|(id, _)| seen.insert(*id))
                .map(|(id, place)| entry(*id, f32::from(*place) / 20.0))
                .collect();
            if many {
                // So many that a round is an update and no new start.
                blurs.extend((1000..3000).map(far));
            }
            let updated = found(&blurs, &looks, &mut memory);
            let mut fresh = PairMemory::default();
            prop_assert_eq!(&updated, &found(&blurs, &looks, &mut fresh));
            prop_assert_eq!(&memory, &fresh);
            blurs.reverse();
            prop_assert_eq!(&updated, &found(&blurs, &looks, &mut fresh), "in any order");
        }
    }
}
