use proptest::prelude::*;
use stemmata_index::near::{Aspect, Feature};

use super::*;
use crate::catalog::{MediaId, PixelOrigin};
use crate::entity::CHROMA_VALUES;

pub(in crate::link::copies) fn fingerprint(code: [u64; 3], chroma: i8, size: (u32, u32)) -> Fingerprint {
    Fingerprint {
        width: size.0,
        height: size.1,
        pixels: None,
        coded: None,
        gradient: [code[0], code[1]],
        dct: code[2],
        chroma: [chroma; CHROMA_VALUES],
        contrast: 200,
    }
}

pub(in crate::link::copies) fn look(media: u64, fingerprint: Fingerprint) -> Look {
    let mut look =
        Look::new(MediaId::new(media).expect("positive"), media.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    look.size = Some((fingerprint.width, fingerprint.height));
    look.pixels = Some((fingerprint, PixelOrigin::File));
    look
}

const REACH: Reach = Reach { bits: LOOK_ALIKE_BITS, blur: 0.3 };
const SIZE: (u32, u32) = (512, 768);

#[track_caller]
fn check(one: &Look, other: &Look, expected: Option<(MatchClass, Option<Edit>)>) -> Option<Verdict> {
    let verdict = judge(one, other, REACH);
    let found = verdict.as_ref().map(|verdict| (verdict.class, verdict.evidence.edit));
    assert_eq!(found, expected);
    let back = judge(other, one, REACH).map(|verdict| (verdict.class, verdict.evidence.edit));
    assert_eq!(back, expected, "the same whichever comes first");
    verdict
}

#[test]
fn the_same_bytes_then_the_same_pixels_come_before_any_distance() {
    let mut one = look(1, fingerprint([0; 3], 0, SIZE));
    let mut other = look(2, fingerprint([u64::MAX; 3], 0, SIZE));
    check(&one, &other, None);
    for slot in [&mut one, &mut other] {
        slot.pixels.as_mut().expect("set").0.coded = Some([7; 32]);
    }
    check(&one, &other, Some((MatchClass::SamePixels, None)));
    (one.content, other.content) = (Some([1; 32]), Some([1; 32]));
    let verdict = check(&one, &other, Some((MatchClass::SameBytes, None))).expect("a verdict");
    assert_eq!((verdict.distance(), verdict.unit()), (0.0, "none"));
}

#[test]
fn a_rendition_has_neither_the_bytes_nor_the_pixels_of_its_media() {
    let mut seen = fingerprint([0; 3], 0, SIZE);
    seen.pixels = Some([3; 32]);
    let one = look(1, seen);
    let mut other = look(2, seen);
    other.pixels = Some((seen, PixelOrigin::Preview { width: 450 }));
    let verdict = check(&one, &other, Some((MatchClass::ReEncode, None))).expect("a verdict");
    assert!(verdict.evidence.rendition);
}

#[test]
fn bits_and_colours_tell_saving_again_from_editing_and_from_look_alikes() {
    let base = look(1, fingerprint([0; 3], 0, SIZE));
    let with = |code: [u64; 3], chroma: i8, size| look(2, fingerprint(code, chroma, size));
    let class = |class, edit| Some((class, edit));
    check(&base, &with([0b111, 0, 0b111], 1, SIZE), class(MatchClass::ReEncode, None));
    let half = check(&base, &with([0b111, 0, 0], 1, (256, 384)), class(MatchClass::ReEncode, None));
    assert_eq!(half.and_then(|verdict| verdict.evidence.scale), Some(0.5));
    check(&base, &with([0b111, 0, 0], 1, (512, 700)), class(MatchClass::Edited, Some(Edit::CropOrBorder)));
    check(&base, &with([0, 0, 0], 8, SIZE), class(MatchClass::Edited, Some(Edit::Colour)));
    check(&base, &with([0x0f0f_0f0f, 0x0f0f, 0], 1, SIZE), class(MatchClass::Edited, Some(Edit::Local)));
    check(&base, &with([0x8040_2010_0804_0201; 3], 1, SIZE), class(MatchClass::Edited, Some(Edit::Other)));
    check(&base, &with([0, 0, 0], 20, SIZE), class(MatchClass::LookAlike, None));
    check(&base, &with([u64::from(u32::MAX), 0, 0], 1, SIZE), class(MatchClass::LookAlike, None));
    check(&base, &with([u64::MAX, 0, 0], 1, SIZE), None);
}

#[test]
fn flat_pictures_are_only_equal_by_bytes_or_pixels() {
    let mut flat = fingerprint([0; 3], 0, SIZE);
    flat.contrast = Fingerprint::LEAST_CONTRAST - 1;
    check(&look(1, flat), &look(2, fingerprint([0; 3], 0, SIZE)), None);
    let blur = Some((Feature::new([0.1; 48]).expect("finite"), Aspect::of(2, 3)));
    let unseen = Look { blur: blur.clone(), ..Look::new(MediaId::new(3).expect("positive"), 3) };
    check(&Look { blur: blur.clone(), ..look(1, flat) }, &unseen, None);
    check(
        &Look { blur, ..look(1, fingerprint([0; 3], 0, SIZE)) },
        &unseen,
        Some((MatchClass::Candidate, None)),
    );
}

#[test]
fn blurhashes_say_nothing_where_both_pixels_are_known() {
    let blur = Some((Feature::new([0.1; 48]).expect("finite"), Aspect::of(2, 3)));
    let one = Look { blur: blur.clone(), ..look(1, fingerprint([0; 3], 0, SIZE)) };
    let other = Look { blur, ..look(2, fingerprint([u64::MAX; 3], 0, SIZE)) };
    check(&one, &other, None);
}

proptest! {
    #[test]
    fn a_verdict_is_the_same_both_ways(
        a in any::<[u64; 3]>(), flips in any::<[u64; 3]>(), mask in any::<[u64; 3]>(),
        more in any::<[u64; 3]>(), chroma in -20..20_i8, width in 1..2000_u32, height in 1..2000_u32,
    ) {
        let near: [u64; 3] = std::array::from_fn(|word| a[word] ^ (flips[word] & mask[word] & more[word] & (flips[word] >> 7)));
        let (one, other) = (look(1, fingerprint(a, 0, SIZE)), look(2, fingerprint(near, chroma, (width, height))));
        let class = |a: &Look, b: &Look| judge(a, b, REACH).map(|verdict| (verdict.class, verdict.evidence.edit));
        prop_assert_eq!(class(&one, &other), class(&other, &one));
    }
}
