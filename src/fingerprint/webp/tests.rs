use std::io::Cursor;

use image_webp::vp8::Vp8Decoder;
use proptest::prelude::*;

use super::super::grid::{Plane, Reducer};
use super::writer::Writer;
use super::*;

const LIMITS: PictureLimits = PictureLimits { max_file_bytes: 1 << 24, max_pixels: 1 << 22 };

/// 40x24 waves as libwebp codes them, its loop filter on.
const WAVES: &str = "7006009d012a280018003ecd4ca44ca7a423a2355bfc00f019896a009d32fffb5906c782dfe4ae6ad311a9f15d3e8693af31\
     5866a1e178b774aa80a000fcee2ef957a9467101497c33d3b4d98f962f05b91ec12f522ebed2914099785551b9f9ce5b1483\
     4ee3a96ed09ff70bf70d235a3168642e36f1921c689701ff97b07cb58ef51bf1fe6f4c53f1e31475758d40000000";

fn waves() -> Vec<u8> {
    let digit = |place: usize| u8::from_str_radix(&WAVES[place..place + 2], 16).unwrap();
    (0..WAVES.len()).step_by(2).map(digit).collect()
}

/// The same averages by the decoder of the image crate.
fn by_frame(data: &[u8]) -> Option<[Plane; 3]> {
    let frame = Vp8Decoder::decode_frame(Cursor::new(data)).ok()?;
    let stride = usize::from(frame.width).next_multiple_of(16);
    let (width, height) = (u32::from(frame.width), u32::from(frame.height));
    let reduced = |plane: &[u8], stride: usize, width: u32, height: u32| {
        let mut reducer = Reducer::<1>::new(width, height);
        plane.chunks_exact(stride).take(height as usize).for_each(|line| reducer.row(line));
        reducer.finish().map(|[plane]| plane)
    };
    let chroma = |plane: &[u8]| reduced(plane, stride / 2, width.div_ceil(2), height.div_ceil(2));
    Some([reduced(&frame.ybuf, stride, width, height)?, chroma(&frame.ubuf)?, chroma(&frame.vbuf)?])
}

/// The largest difference between two cells.
fn apart(these: &[Plane; 3], those: &[Plane; 3]) -> f32 {
    let cells = |planes: &[Plane; 3]| planes.iter().flat_map(|plane| plane.to_vec()).collect::<Vec<_>>();
    cells(these).into_iter().zip(cells(those)).fold(0.0, |worst, (a, b)| worst.max((a - b).abs()))
}

/// What a frame begins with; the rest is noise, and noise is a picture to an arithmetic decoder.
#[derive(Clone, Debug)]
struct Coding {
    sides: (u16, u16),
    /// Whether they stand for themselves, the quantisers, and probabilities of segments.
    segments: Option<(bool, [u32; 4], Option<[u8; 3]>)>,
    log_parts: u32,
    quantiser: u32,
    deltas: [Option<(u32, bool)>; 5],
    skip: Option<u8>,
    seed: u64,
}

fn noise(seed: &mut u64, count: usize) -> Vec<u8> {
    let mut byte = || {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed.to_be_bytes()[0]
    };
    (0..count).map(|_| byte()).collect()
}

fn optional(writer: &mut Writer, value: Option<(u32, bool)>, bits: u32) {
    writer.write(128, value.is_some());
    if let Some((size, is_negative)) = value {
        writer.number(size, bits);
        writer.write(128, is_negative);
    }
}

fn coded(coding: &Coding) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.number(0, 2);
    writer.write(128, coding.segments.is_some());
    if let Some((is_absolute, quantisers, tree)) = &coding.segments {
        writer.write(128, tree.is_some());
        writer.write(128, true);
        writer.write(128, *is_absolute);
        quantisers.iter().for_each(|quantiser| optional(&mut writer, Some((*quantiser, false)), 7));
        (0..4).for_each(|_| optional(&mut writer, None, 6));
        for probability in tree.iter().flatten() {
            writer.write(128, true);
            writer.number((*probability).into(), 8);
        }
    }
    // No loop filter.
    writer.number(0, 1 + 6 + 3);
    writer.write(128, false);
    writer.number(coding.log_parts, 2);
    writer.number(coding.quantiser, 7);
    coding.deltas.iter().for_each(|delta| optional(&mut writer, *delta, 4));
    writer.write(128, false);
    for update in tables::UPDATES.as_flattened().as_flattened().as_flattened() {
        writer.write(*update, false);
    }
    writer.write(128, coding.skip.is_some());
    if let Some(probability) = coding.skip {
        writer.number(probability.into(), 8);
    }
    let mut seed = coding.seed;
    let (width, height) = coding.sides;
    let macroblocks = usize::from(width.div_ceil(16)) * usize::from(height.div_ceil(16));
    let mut first = writer.finish();
    first.extend(noise(&mut seed, 100 * macroblocks));
    let tag = (first.len() as u32) << 5 | 1 << 4;
    let mut bytes = tag.to_le_bytes()[..3].to_vec();
    bytes.extend([0x9D, 0x01, 0x2A]);
    bytes.extend(width.to_le_bytes());
    bytes.extend(height.to_le_bytes());
    bytes.extend(first);
    let part = 2000 * macroblocks;
    let count = 1 << coding.log_parts;
    (1..count).for_each(|_| bytes.extend(&(part as u32).to_le_bytes()[..3]));
    for _ in 0..count {
        let from = bytes.len();
        bytes.extend(noise(&mut seed, part));
        // No coder begins with 255: the number would be beyond its range, and decoders differ in what follows.
        bytes[from] &= 127;
    }
    bytes
}

fn coding() -> impl Strategy<Value = Coding> {
    let quantisers = prop::array::uniform4(0_u32..6);
    let segments = (any::<bool>(), quantisers, prop::option::of(prop::array::uniform3(1_u8..)));
    (
        (1_u16..70, 1_u16..70),
        prop::option::of(segments),
        0_u32..4,
        0_u32..8,
        prop::array::uniform5(prop::option::of((0_u32..4, any::<bool>()))),
        prop::option::of(1_u8..),
        any::<u64>(),
    )
        .prop_map(|(sides, segments, log_parts, quantiser, deltas, skip, seed)| Coding {
            sides,
            segments,
            log_parts,
            quantiser,
            deltas,
            skip,
            seed,
        })
}

#[test]
fn a_file_of_libwebp_differs_by_the_loop_filter_only() {
    let data = waves();
    let means = read(&data, &LIMITS).unwrap();
    assert_eq!((means.width, means.height), (40, 24));
    // Cells are smaller than pixels here, so this is what the filter does to single pixels.
    let apart = apart(&means.planes, &by_frame(&data).unwrap());
    assert!(apart > 0.0 && apart < 8.0, "{apart}");
}

#[test]
fn data_that_are_cut_off_are_damaged() {
    let data = waves();
    // A coder ends with up to four bytes that decide nothing.
    for end in 0..data.len() - 4 {
        assert_eq!(read(&data[..end], &LIMITS).unwrap_err(), Odd::Damaged, "{end} of {}", data.len());
    }
}

#[test]
fn a_large_frame_without_data_ends_at_once() {
    let mut data = waves();
    data[6..10].copy_from_slice(&[0xFF, 0x3F, 0xFF, 0x3F]);
    assert_eq!(read(&data, &LIMITS).unwrap_err(), Odd::TooLarge);
    let limits = PictureLimits { max_pixels: u64::MAX, ..LIMITS };
    assert_eq!(read(&data, &limits).unwrap_err(), Odd::Damaged);
}

#[test]
fn what_is_no_key_frame_is_left_to_others() {
    let mut later = waves();
    later[0] |= 1;
    assert_eq!(read(&later, &LIMITS).unwrap_err(), Odd::Unusual);
    let mut hidden = waves();
    hidden[0] &= !(1 << 4);
    assert_eq!(read(&hidden, &LIMITS).unwrap_err(), Odd::Unusual);
    let mut empty = waves();
    empty[6..8].fill(0);
    assert_eq!(read(&empty, &LIMITS).unwrap_err(), Odd::Damaged);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn without_a_loop_filter_every_pixel_is_that_of_another_decoder(coding in coding()) {
        let data = coded(&coding);
        let (these, those) = (read(&data, &LIMITS).unwrap(), by_frame(&data).unwrap());
        let apart = apart(&these.planes, &those);
        prop_assert!(apart < 0.01, "{apart}");
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        sides in (1_u16..99, 1_u16..99),
        tag in prop::array::uniform3(any::<u8>()),
        bytes in prop::collection::vec(any::<u8>(), 0..3000),
    ) {
        let mut data = vec![tag[0] & 0xF0 | 0x10, tag[1] & 3, 0, 0x9D, 0x01, 0x2A];
        data.extend(sides.0.to_le_bytes());
        data.extend(sides.1.to_le_bytes());
        data.extend(bytes);
        if let Ok(means) = read(&data, &LIMITS) {
            for cell in means.planes.iter().flat_map(|plane| plane.iter()) {
                prop_assert!((0.0..=255.0).contains(cell));
            }
        }
    }

    #[test]
    fn changed_files_are_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut data = waves();
        for (place, byte) in changes {
            let place = place.index(data.len());
            data[place] = byte;
        }
        if let Ok(means) = read(&data, &LIMITS) {
            for cell in means.planes.iter().flat_map(|plane| plane.iter()) {
                prop_assert!((0.0..=255.0).contains(cell));
            }
        }
    }
}
