use proptest::prelude::*;

use super::*;

/// A text of four by three components: mean `HV6n` = 17, 31, 6, 49 = 0x979695.
const SCENE: &str = "LEHV6nWB2yk8pyo0adR*.7kCMdnj";

/// Encodes soft colours that depend on `seed` with the crate.
fn encoded(columns: u32, rows: u32, seed: u32) -> String {
    let (width, height) = (24, 32);
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let wave = |a: u32, b: u32| {
                let phase = f64::from(x * a) / 9.0 + f64::from(y * b) / 7.0 + f64::from(seed);
                (127.5 + 127.5 * phase.sin()) as u8
            };
            pixels.extend([wave(1, 2), wave(3, 1 + seed % 3), wave(seed % 2, 2), 255]);
        }
    }
    ::blurhash::encode(columns, rows, width, height, &pixels).unwrap()
}

/// Renders coefficients to `width` x `height` pixels, straight from the definition.
fn rendered(coefficients: &Coefficients, width: u32, height: u32) -> Vec<[u8; 3]> {
    let (columns, rows) = coefficients.grid();
    let mut waves = vec![coefficients.mean().map(to_linear)];
    waves.extend(coefficients.digits().iter().map(|digits| {
        digits.map(|digit| {
            let share = f64::from(digit) / 9.0;
            share * share.abs() * f64::from(coefficients.maximum())
        })
    }));
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let mut colour = [0.0; 3];
            for row in 0..u32::from(rows) {
                for column in 0..u32::from(columns) {
                    let angle = |place: u32, of: u32, wave: u32| {
                        (std::f64::consts::PI * f64::from(place) * f64::from(wave) / f64::from(of)).cos()
                    };
                    let basis = angle(x, width, column) * angle(y, height, row);
                    let wave = waves[(row * u32::from(columns) + column) as usize];
                    (0..3).for_each(|channel| colour[channel] += wave[channel] * basis);
                }
            }
            pixels.push(colour.map(to_srgb));
        }
    }
    pixels
}

fn to_linear(value: u8) -> f64 {
    let share = f64::from(value) / 255.0;
    if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
}

fn to_srgb(value: f64) -> u8 {
    let value = value.clamp(0.0, 1.0);
    let share = if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
    (share * 255.0 + 0.5) as u8
}

#[test]
fn coefficients_render_to_the_pixels_of_the_blurhash_crate() {
    let mut compared = 0;
    for (columns, rows) in [(4, 4), (1, 1), (9, 9), (4, 3), (1, 9), (6, 2)] {
        for seed in 0..6 {
            let text = encoded(columns, rows, seed);
            let coefficients = Coefficients::decode(&text).unwrap();
            assert_eq!(coefficients.grid(), (columns as u8, rows as u8));
            let theirs = ::blurhash::decode(&text, 12, 10, 1.0).unwrap();
            for (ours, theirs) in rendered(&coefficients, 12, 10).iter().zip(theirs.chunks_exact(4)) {
                // The crate rounds twice, so it may be one brighter.
                let close = ours.iter().zip(theirs).all(|(a, b)| a.abs_diff(*b) <= 2);
                assert!(close, "{text}: {ours:?} against {theirs:?}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 36 * 120);
}

#[test]
fn a_known_text_gives_its_digits() {
    let coefficients = Coefficients::decode(SCENE).unwrap();
    assert_eq!(coefficients.grid(), (4, 3));
    assert_eq!(coefficients.digits().len(), 11);
    assert_eq!((coefficients.maximum() * 166.0).round() as u32, 15);
    assert_eq!(coefficients.mean(), [0x97, 0x96, 0x95]);
    assert_eq!(coefficients.feature(), Err(Excluded::OtherGrid { columns: 4, rows: 3 }));
}

#[test]
fn a_feature_holds_signed_roots_and_the_mean() {
    let text = encoded(4, 4, 1);
    let coefficients = Coefficients::decode(&text).unwrap();
    let feature = feature(&text).unwrap();
    let (values, digit) = (feature.values(), coefficients.digits()[2][1]);
    let amplitude = (f32::from(digit) / 9.0).powi(2) * coefficients.maximum();
    assert!(digit != 0 && (values[2 * 3 + 1].abs() - amplitude.sqrt()).abs() < 1e-6);
    assert_eq!(values[2 * 3 + 1] < 0.0, digit < 0);
    assert_eq!(values[45], f32::from(coefficients.mean()[0]) / 255.0);
}

#[test]
fn each_damage_has_its_name() {
    let good = encoded(4, 4, 2);
    let damaged = |at: usize, with: &str| {
        let mut text = good.clone();
        text.replace_range(at..at + with.len(), with);
        Coefficients::decode(&text).unwrap_err()
    };
    assert_eq!(Coefficients::decode(""), Err(BlurHashError::Length { expected: 6, found: 0 }));
    assert_eq!(Coefficients::decode(&good[..35]), Err(BlurHashError::Length { expected: 36, found: 35 }));
    assert_eq!(Coefficients::decode("~00000"), Err(BlurHashError::Digit { position: 0 }));
    for at in 1..36 {
        assert_eq!(damaged(at, "\""), BlurHashError::Digit { position: at });
    }
    assert_eq!(damaged(2, "~~~~"), BlurHashError::MeanOutOfRange);
    assert_eq!(damaged(34, "~~"), BlurHashError::CoefficientOutOfRange { component: 15 });
}

#[test]
fn pictures_without_anything_to_compare_are_left_out_by_reason() {
    let good = encoded(4, 4, 3);
    let flat = ::blurhash::encode(4, 4, 64, 64, &[90; 64 * 64 * 4]).unwrap();
    let mut collector = Collector::default();
    collector.add(1, Some(&good), Some(512), Some(768));
    collector.add(2, None, Some(512), Some(768));
    collector.add(3, Some("not one"), None, None);
    collector.add(4, Some(&encoded(4, 3, 3)), None, None);
    collector.add(5, Some(&flat), None, None);
    collector.add(6, Some(KNOWN_BAD[0]), None, None);
    collector.add(7, Some(&good), Some(512), None);
    let features = collector.finish();
    let aspects: Vec<_> = features.entries.iter().map(|entry| (entry.id, entry.aspect)).collect();
    assert_eq!(aspects, [(1, Aspect::of(2, 3)), (7, Aspect::UNKNOWN)]);
    let once = ExcludedCounts { missing: 1, malformed: 1, other_grid: 1, flat: 1, known_bad: 1 };
    assert_eq!((features.excluded, features.excluded.total()), (once, 5));
}

#[test]
fn many_are_decoded_in_input_order() {
    let texts: Vec<String> = (0..500).map(|seed| encoded(4, 4, seed)).chain([String::new()]).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let expected: Vec<_> = texts.iter().map(|text| feature(text)).collect();
    assert_eq!(decode_all(&texts), expected);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = feature(&text);
    }

    #[test]
    fn any_text_of_the_alphabet_decodes_as_the_crate_does(
        digits in prop::collection::vec(0_usize..83, 35),
    ) {
        let tail = digits.into_iter().map(|digit| char::from(ALPHABET[digit]));
        let text: String = std::iter::once('U').chain(tail).collect();
        if let Ok(coefficients) = Coefficients::decode(&text) {
            let theirs = ::blurhash::decode(&text, 5, 4, 1.0).unwrap();
            for (ours, theirs) in rendered(&coefficients, 5, 4).iter().zip(theirs.chunks_exact(4)) {
                prop_assert!(ours.iter().zip(theirs).all(|(a, b)| a.abs_diff(*b) <= 2));
            }
        }
    }
}

#[test]
fn many_pictures_are_collected_in_the_order_of_arrival() {
    let (good, count) = (encoded(4, 4, 5), TEXTS_AT_ONCE as u64 * 2 + 3);
    let mut collector = Collector::default();
    for id in 0..count {
        collector.add(id, Some(if id % 5 == 0 { "not one" } else { &good }), Some(512), Some(768));
    }
    let features = collector.finish();
    let ids: Vec<u64> = features.entries.iter().map(|entry| entry.id).collect();
    let expected: Vec<u64> = (0..count).filter(|id| id % 5 != 0).collect();
    assert_eq!(ids, expected);
    assert_eq!(features.excluded.malformed, count.div_ceil(5));
}
