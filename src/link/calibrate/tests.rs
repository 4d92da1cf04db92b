use stemmata_index::near::Entry;

use super::*;
use crate::catalog::PixelOrigin;
use crate::entity::{CHROMA_VALUES, Fingerprint};
use crate::link::copies::Looks;

const OPTIONS: CalibrateOptions = CalibrateOptions { precision: 0.99, samples: 1000, seed: 1 };

fn entry(id: u64, values: [f32; DIMENSIONS]) -> Entry {
    Entry { id, aspect: Aspect::of(512, 768), feature: Feature::new(values).expect("finite") }
}

/// Far from all others, and from all their mirror images.
fn lone(id: u64) -> Entry {
    let bits = scrambled(7, id);
    entry(id, std::array::from_fn(|place| if bits >> place & 1 == 1 { 0.8 } else { -0.8 }))
}

fn look(id: u64, code: [u64; 3]) -> Look {
    let seen = Fingerprint {
        width: 512,
        height: 768,
        pixels: None,
        coded: None,
        gradient: [code[0], code[1]],
        dct: code[2],
        chroma: [0; CHROMA_VALUES],
        contrast: 90,
    };
    let mut look = Look::new(MediaId::new(id).expect("positive"), id);
    look.pixels = Some((seen, PixelOrigin::File));
    look
}

fn step(calibration: &Calibration, kind: Kind, threshold: f64) -> &Step {
    let is_it = |step: &&Step| step.kind == kind && step.shape == Shape::All && step.threshold == threshold;
    calibration.steps.iter().find(is_it).expect("a step")
}

#[test]
fn copies_are_accepted_and_mirror_images_are_strangers() {
    // 1 and 2 are copies; 3 is near to the mirror image of 1.
    let mut turned = *mirrored(&lone(1).feature).values();
    turned[0] += 0.12;
    let mut near = *lone(1).feature.values();
    near[0] += 0.01;
    let mut blurs: Vec<Entry> = (10..200).map(lone).collect();
    blurs.extend([lone(1), entry(2, near), entry(3, turned)]);
    let calibration = calibrate(Compared { blurs, looks: Looks::default() }, OPTIONS, |_| None);
    let strict = step(&calibration, Kind::Blurhash, 0.06);
    assert_eq!((strict.sampled, strict.strangers_seen), (193, 0));
    assert!((strict.accepted_pairs - 1.0).abs() < 1e-9, "one pair of copies: {strict:?}");
    assert!(strict.false_pairs_at_most > 1.0, "193 pictures without a stranger are no proof");
    let wide = step(&calibration, Kind::Blurhash, 0.14);
    assert_eq!(wide.strangers_seen, 4, "1 and 2 mirrored meet 3, and 3 mirrored meets both");
    assert_eq!(calibration.suggested(Kind::Blurhash, Shape::All, 0.99), (Some(0.1), None));
}

#[test]
fn a_symmetric_picture_and_its_copy_are_no_strangers() {
    let mut values = [0.5; DIMENSIONS];
    for (place, value) in values.iter_mut().enumerate().take(DIMENSIONS - 3) {
        if (place / 3 + 1) % 4 % 2 == 1 {
            *value = 0.0;
        }
    }
    let blurs = vec![entry(1, values), entry(2, values)];
    let calibration = calibrate(Compared { blurs, looks: Looks::default() }, OPTIONS, |_| None);
    assert!(calibration.steps.iter().all(|step| step.strangers_seen == 0));
}

#[test]
fn pixels_are_measured_with_prompts_that_differ_and_flat_pictures_left_out() {
    let code = |id: u64| [scrambled(1, id), scrambled(2, id), scrambled(3, id)];
    let mut looks: Vec<Look> = (1..50).map(|id| look(id, code(id))).collect();
    let mut copy = code(1);
    copy[0] ^= 0b1011;
    looks.push(look(60, copy));
    let mut flat = look(61, code(1));
    flat.pixels.as_mut().expect("set").0.contrast = 0;
    looks.push(flat);
    let compared = Compared { blurs: Vec::new(), looks: Looks::new(looks) };
    let calibration = calibrate(compared, OPTIONS, |media| Some(media.get() / 60));
    assert_eq!(calibration.flat, 1);
    let step = step(&calibration, Kind::Pixels, 4.0);
    assert!(
        (step.accepted_pairs - 1.0).abs() < 1e-9 && (step.other_prompt_pairs - 1.0).abs() < 1e-9,
        "{step:?}"
    );
}

#[test]
fn a_draw_depends_on_the_seed_and_on_nothing_else() {
    let blurs: Vec<Entry> = (1..300).map(lone).collect();
    let run = |mut blurs: Vec<Entry>, seed| {
        blurs.reverse();
        calibrate(
            Compared { blurs, looks: Looks::default() },
            CalibrateOptions { samples: 20, seed, ..OPTIONS },
            |_| None,
        )
    };
    assert_eq!(run(blurs.clone(), 4), run(blurs.into_iter().rev().collect(), 4));
}

#[test]
fn nothing_seen_is_bounded_by_three_in_all() {
    assert!((at_most(0.0, 1000.0) - 0.003).abs() < 1e-9);
    assert!(at_most(10.0, 1000.0) > 0.01 && at_most(10.0, 1000.0) < 0.02);
    assert!((at_most(5.0, 5.0) - 1.0).abs() < 1e-9);
}
