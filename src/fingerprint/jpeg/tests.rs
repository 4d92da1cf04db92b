use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use proptest::prelude::*;

use super::*;

const LIMITS: PictureLimits = PictureLimits { max_file_bytes: 1 << 24, max_pixels: 1 << 22 };

/// A picture whose pixels keep clear of black and white, so that no decoder clips.
fn pixels(width: u16, height: u16) -> Vec<u8> {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (f64::from(x), f64::from(y))));
    let pixel = |(x, y): (f64, f64)| {
        let wave =
            |a: f64, b: f64| (128.0 + 45.0 * (x / a + y / b).sin() + 15.0 * (y / 3.0 - x / 2.0).cos()) as u8;
        [wave(11.0, 17.0), wave(23.0, 9.0), wave(7.0, 31.0)]
    };
    places.flat_map(pixel).collect()
}

/// How a file is made.
#[derive(Clone, Copy, Debug)]
struct Coding {
    sides: (u16, u16),
    sampling: SamplingFactor,
    progressive: bool,
    optimized: bool,
    restart_interval: Option<u16>,
}

const PLAIN: Coding = Coding {
    sides: (83, 61),
    sampling: SamplingFactor::F_2_2,
    progressive: false,
    optimized: false,
    restart_interval: None,
};

fn coded(coding: Coding) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    encoder.set_sampling_factor(coding.sampling);
    encoder.set_progressive(coding.progressive);
    // The encoder makes its own tables without looking at where it restarts, and then lacks codes.
    encoder.set_optimized_huffman_tables(coding.optimized && coding.restart_interval.is_none());
    if let Some(interval) = coding.restart_interval {
        encoder.set_restart_interval(interval);
    }
    let (width, height) = coding.sides;
    encoder.encode(&pixels(width, height), width, height, ColorType::Rgb).unwrap();
    bytes
}

/// Largest difference between the means of whole blocks and those of fully decoded pixels.
fn apart(bytes: &[u8]) -> f64 {
    let eighth = read(bytes, &LIMITS, 1).unwrap();
    let decoded = image::load_from_memory(bytes).unwrap().into_rgb8();
    assert_eq!(decoded.dimensions(), (eighth.width, eighth.height));
    let (mut worst, mut blocks) = (0.0_f64, 0);
    for (row, column) in
        (0..eighth.height / 8).flat_map(|row| (0..eighth.width / 8).map(move |column| (row, column)))
    {
        let block = image::imageops::crop_imm(&decoded, column * 8, row * 8, 8, 8).to_image();
        let luma = |pixel: &image::Rgb<u8>| {
            0.299 * f64::from(pixel.0[0]) + 0.587 * f64::from(pixel.0[1]) + 0.114 * f64::from(pixel.0[2])
        };
        let mean = block.pixels().map(luma).sum::<f64>() / 64.0;
        let means = &eighth.means[0];
        worst = worst
            .max((f64::from(means.values[row as usize * means.stride + column as usize]) / 8.0 - mean).abs());
        blocks += 1;
    }
    assert!(blocks > 0);
    worst
}

/// The image crate misreads sequential pictures in which brightness is sampled four times as finely, or more finely
/// downwards in a scan of its own (zune-jpeg 0.5.15; libjpeg agrees with this reader). A progressive coding has the same
/// coefficients, so that is what it is asked about, and the others must agree with that.
fn check(coding: Coding) {
    let progressive = coded(Coding { progressive: true, restart_interval: None, ..coding });
    let worst = apart(&progressive);
    assert!(worst < 1.0, "{coding:?}: {worst}");
    let bytes = coded(coding);
    let (these, those) = (read(&bytes, &LIMITS, 1).unwrap(), read(&progressive, &LIMITS, 1).unwrap());
    assert_eq!(these.means.len(), those.means.len());
    for (these, those) in these.means.iter().zip(&those.means) {
        assert_eq!((these.stride, these.pixels), (those.stride, those.pixels));
        let shown = |means: &Means| -> Vec<Vec<u16>> {
            let (across, down) = (
                u32::from(coding.sides.0).div_ceil(means.pixels.0),
                u32::from(coding.sides.1).div_ceil(means.pixels.1),
            );
            means
                .values
                .chunks(means.stride)
                .take(down as usize)
                .map(|line| line[..across as usize].to_vec())
                .collect()
        };
        assert_eq!(shown(these), shown(those), "{coding:?}");
    }
}

#[test]
fn means_are_those_of_the_decoded_blocks_in_every_coding() {
    use SamplingFactor as S;
    let mut seen = 0;
    for sampling in [S::F_1_1, S::F_2_1, S::F_1_2, S::F_2_2, S::F_4_1, S::F_4_2, S::F_1_4, S::F_2_4] {
        for (progressive, optimized) in [(false, false), (false, true), (true, false), (true, true)] {
            for restart_interval in [None, Some(1), Some(7)] {
                for sides in [(83, 61), (64, 64), (8, 9)] {
                    check(Coding { sides, sampling, progressive, optimized, restart_interval });
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 8 * 4 * 3 * 3);
}

/// 40x24 waves as libjpeg-turbo codes them progressively: the lowest bit of the DC coefficients comes in a scan of its own.
const REFINED: &str = "ffd8ffdb004300140e0f120f0d14121012171514181e32211e1c1c1e3d2c2e243249404c4b47404645505a736250556d5645\
     466488656d777b8182814e608d978c7d96737e817cffdb0043011517171e1a1e3b21213b7c5346537c7c7c7c7c7c7c7c7c7c\
     7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7cffc20011080018002803\
     012200021101031101ffc4001800010101010100000000000000000000000003010402ffc400180101000301000000000000\
     0000000000000200010304ffda000c03010002100310000001bcbdf229b695c09b077c91797580e03a6bffc4001710010101\
     0100000000000000000000000001000210ffda00080101000105022d3c26596c9c6d31649e7fffc400171100030100000000\
     00000000000000000000010211ffda0008010301013f014cada64c2c2445533fffc400191101010003010000000000000000\
     000000000201112141ffda0008010201013f0195dbaf13dcb4ffc40014100100000000000000000000000000000030ffda00\
     08010100063f027fffc400191000030101010000000000000000000000000111102131ffda0008010100013f2148b34eb3c6\
     668b3c245a92b228785e9fffda000c03010002000300000010a3e0be73ff00ffc40017110101010100000000000000000000\
     000001001121ffda0008010301013f100db810ba889136037fffc40018110101010101000000000000000000000001001121\
     31ffda0008010201013f1006edd308d16b07a410bfffc4001810010101010100000000000000000000000100211011ffda00\
     08010100013f101bf0ce06238a1e197836cae4bca084fa9fffd9";

#[test]
fn bits_of_dc_coefficients_that_come_later_are_added() {
    let digit = |place: usize| u8::from_str_radix(&REFINED[place..place + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..REFINED.len()).step_by(2).map(digit).collect();
    assert!(apart(&bytes) < 1.0, "{}", apart(&bytes));
}

#[test]
fn grey_pictures_have_one_plane() {
    let mut bytes = Vec::new();
    let grey: Vec<u8> = pixels(50, 40).into_iter().step_by(3).collect();
    Encoder::new(&mut bytes, 85).encode(&grey, 50, 40, ColorType::Luma).unwrap();
    assert_eq!(read(&bytes, &LIMITS, 1).unwrap().means.len(), 1);
    assert!(apart(&bytes) < 1.0);
}

#[test]
fn what_is_not_usual_is_left_to_others() {
    let refused = |bytes: &[u8]| read(bytes, &LIMITS, 1).unwrap_err();
    for (colours, kind, count) in [(ColorType::Cmyk, Odd::Unusual, 4), (ColorType::Ycck, Odd::Unusual, 4)] {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes, 85).encode(&vec![90; 16 * 16 * count], 16, 16, colours).unwrap();
        assert_eq!(refused(&bytes), kind);
    }
    let bytes = coded(PLAIN);
    assert_eq!(read(&bytes, &LIMITS, 62).unwrap_err(), Odd::Small);
    assert_eq!(
        read(&bytes, &PictureLimits { max_pixels: 83 * 61 - 1, ..LIMITS }, 1).unwrap_err(),
        Odd::TooLarge
    );
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    for marker in [0xC3, 0xC5, 0xC9, 0xCA, 0xCF] {
        let mut other = bytes.clone();
        other[frame + 1] = marker;
        assert_eq!(refused(&other), Odd::Unusual, "{marker:X}");
    }
    let mut deep = bytes;
    deep[frame + 4] = 12;
    assert_eq!(refused(&deep), Odd::Unusual);
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_damaged() {
    let mut seen = 0;
    for coding in [PLAIN, Coding { progressive: true, restart_interval: Some(3), ..PLAIN }] {
        let bytes = coded(coding);
        for end in 0..bytes.len() - 1 {
            assert!(read(&bytes[..end], &LIMITS, 1).is_err(), "{end} of {}", bytes.len());
            seen += 1;
        }
    }
    assert!(seen > 1000);
}

/// Mean difference of 4x4 pixels from samples that each stand for so many quarters of blocks a side.
fn quarters_apart(read: &Eighth, decoded: &image::RgbImage, side: usize) -> f64 {
    let (mut total, mut count) = (0.0, 0.0);
    let means = &read.means[0];
    for (row, column) in
        (0..read.height / 4).flat_map(|row| (0..read.width / 4).map(move |column| (row, column)))
    {
        let part = image::imageops::crop_imm(decoded, column * 4, row * 4, 4, 4).to_image();
        let luma = |pixel: &image::Rgb<u8>| {
            0.299 * f64::from(pixel.0[0]) + 0.587 * f64::from(pixel.0[1]) + 0.114 * f64::from(pixel.0[2])
        };
        let mean = part.pixels().map(luma).sum::<f64>() / 16.0;
        let place = row as usize / side * means.stride + column as usize / side;
        total += (f64::from(means.values[place]) / 8.0 - mean).abs();
        count += 1.0;
    }
    total / count
}

#[test]
fn quarters_of_blocks_have_the_mean_of_the_block_and_are_nearer_to_the_pixels() {
    use SamplingFactor as S;
    let mut seen = 0;
    for (sampling, restart_interval) in [(S::F_1_1, None), (S::F_2_1, Some(3)), (S::F_2_2, None)] {
        for optimized in [false, true] {
            let bytes = coded(Coding { sampling, optimized, restart_interval, ..PLAIN });
            let eighth = read(&bytes, &LIMITS, 1).unwrap();
            let quarter = read_detail(&bytes, &LIMITS, 1, Detail::Quarter).unwrap();
            assert_eq!(quarter.coded, eighth.coded);
            for (fine, coarse) in quarter.means.iter().zip(&eighth.means) {
                assert_eq!(fine.stride, 2 * coarse.stride);
                assert_eq!((2 * fine.pixels.0, 2 * fine.pixels.1), coarse.pixels);
                for (place, value) in coarse.values.iter().enumerate() {
                    let at = place / coarse.stride * 2 * fine.stride + place % coarse.stride * 2;
                    let four = [at, at + 1, at + fine.stride, at + fine.stride + 1];
                    let sum: u16 = four.iter().map(|at| fine.values[*at]).sum();
                    assert!((sum / 4).abs_diff(*value) <= 2, "{sum} of {value}");
                }
            }
            // The same coefficients, in a coding that the image crate reads rightly; see `check`.
            let progressive = Coding { sampling, progressive: true, ..PLAIN };
            let decoded = image::load_from_memory(&coded(progressive)).unwrap().into_rgb8();
            let (fine, coarse) =
                (quarters_apart(&quarter, &decoded, 1), quarters_apart(&eighth, &decoded, 2));
            assert!(fine < 1.5 && fine * 4.0 < coarse, "{fine} and {coarse}");
            seen += 1;
        }
    }
    assert_eq!(seen, 6);
    let progressive = coded(Coding { progressive: true, ..PLAIN });
    assert_eq!(read_detail(&progressive, &LIMITS, 1, Detail::Quarter).unwrap_err(), Odd::Small);
}

#[test]
fn a_file_that_lost_only_its_last_marker_is_whole() {
    let mut seen = 0;
    for coding in [PLAIN, Coding { progressive: true, ..PLAIN }] {
        let bytes = coded(coding);
        assert!(!is_cut_off(&bytes, &LIMITS));
        assert!(!is_cut_off(&bytes[..bytes.len() - 2], &LIMITS));
        let scan = bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
        for end in (2..scan + 40).step_by(7) {
            assert!(is_cut_off(&bytes[..end], &LIMITS), "{end} of {}", bytes.len());
            seen += 1;
        }
        let damaged = [&bytes[..scan], b"no segment", &bytes[scan..]].concat();
        assert!(!is_cut_off(&damaged, &LIMITS));
    }
    assert!(seen > 100);
    assert!(!is_cut_off(b"no JPEG", &LIMITS));
}

#[test]
fn the_hash_of_what_is_coded_ignores_metadata_but_not_the_way_up() {
    let plain = coded(PLAIN);
    let with = |segment: &[u8]| [&plain[..2], segment, &plain[2..]].concat();
    let hash = |bytes: &[u8]| read(bytes, &LIMITS, 1).unwrap().coded;
    assert_eq!(hash(&with(b"\xFF\xFE\0\x07hello")), hash(&plain));
    assert_eq!(hash(&with(b"\xFF\xE2\0\x06ICC_")), hash(&plain));
    let trailing = [&plain[..], b"and more"].concat();
    assert_eq!(hash(&trailing), hash(&plain));
    let exif = b"\xFF\xE1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    assert_ne!(hash(&with(exif)), hash(&plain));
    assert_eq!(read(&with(exif), &LIMITS, 1).unwrap().turn, Turn::Rotate90);
    assert_ne!(hash(&coded(Coding { optimized: true, ..PLAIN })), hash(&plain));
}

#[test]
fn scans_that_come_again_are_damage_and_cost_no_more() {
    let bytes = coded(PLAIN);
    let scan = bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    let twice = [&bytes[..bytes.len() - 2], &bytes[scan..]].concat();
    assert_eq!(read(&twice, &LIMITS, 1).unwrap_err(), Odd::Damaged);
}

#[test]
fn a_large_frame_without_data_ends_at_once() {
    let mut bytes = coded(PLAIN);
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0x27, 0x10, 0x27, 0x10]);
    let limits = PictureLimits { max_pixels: 100_000_000, ..LIMITS };
    assert_eq!(read(&bytes, &limits, 1).unwrap_err(), Odd::Damaged);
}

fn coding() -> impl Strategy<Value = Coding> {
    let sampling =
        prop::sample::select(vec![SamplingFactor::F_1_1, SamplingFactor::F_2_2, SamplingFactor::F_4_1]);
    (9_u16..60, 9_u16..60, sampling, any::<bool>(), any::<bool>(), prop::option::of(1_u16..9)).prop_map(
        |(width, height, sampling, progressive, optimized, restart_interval)| Coding {
            sides: (width, height),
            sampling,
            progressive,
            optimized,
            restart_interval,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&[b"\xFF\xD8".as_slice(), &bytes].concat(), &LIMITS, 1);
    }

    #[test]
    fn changed_files_are_read_or_refused(
        coding in coding(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = coded(coding);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(eighth) = read(&bytes, &LIMITS, 1) {
            for cell in eighth.grid().channels.iter().flat_map(|plane| plane.iter()) {
                prop_assert!((0.0..=255.0).contains(cell));
            }
        }
    }

    #[test]
    fn any_size_and_coding_is_near_the_full_decoder(coding in coding()) {
        check(coding);
    }
}
