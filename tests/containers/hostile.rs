//! Files that lie, end early or never end.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use proptest::prelude::*;
use stemmata::parse::{Block, Carrier, Extraction, Limits, extract, extract_bytes, sidecar};

use super::{PROMPT, store};
use crate::support::pictures::boxes::{Heif, Place, boxed, brob, c2pa_uuid};
use crate::support::pictures::gif::Gif;
use crate::support::pictures::mp4::Mp4;
use crate::support::pictures::png::{
    chunk, packed_chunk, packed_international_chunk, profile_chunk, text_chunk,
};
use crate::support::pictures::{Comment, Exif, Jpeg, Order, Png, WebP, jxl, matroska, webp, xmp};

/// One file of every container, each with everything that it can carry.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let packet = xmp::attributes(&[("comfy:prompt", "{\"1\": {}}"), ("xmp:CreatorTool", "a tool")]);
    let long = xmp::alternatives(&[("dc:description", &"kite ".repeat(60))]);
    let exif = || Exif::new(Order::Big).ascii(0, 0x0131, "a tool").comment(Comment::Utf16Be, PROMPT);
    let offset_exif = [&[0; 4], exif().build().as_slice()].concat();
    let png = Png::new(1)
        .text("parameters", PROMPT)
        .before(&packed_chunk("workflow", PROMPT.repeat(4).as_bytes()))
        .before(&packed_international_chunk("Comment", &PROMPT.repeat(4)))
        .before(&profile_chunk("exif", &exif().build()))
        .exif(&exif())
        .xmp(&packet)
        .c2pa(&store())
        .idat_bytes(50)
        .after(&text_chunk("late", "a kite"))
        .build();
    let jpeg = Jpeg::new(1)
        .jfif()
        .exif(&exif())
        .xmp(&packet)
        .extended_xmp(&long, 200)
        .iptc(&[(120, "a caption"), (110, "Made by")])
        .c2pa(&store(), 100)
        .comment(b"a kite")
        .build();
    let heif = |place| Heif::new(b"avif").place(place).exif(&exif()).xmp(&packet);
    let tags = [("PROMPT", "{\"1\": {}}"), ("COMMENT", PROMPT)];
    let movie = || Mp4::new().item(b"\xA9cmt", PROMPT).key("prompt", "{}").key("workflow", PROMPT);
    vec![
        ("png", png),
        ("jpeg", jpeg),
        ("webp", WebP::new(1).exif(&exif()).xmp(&packet).c2pa(&store()).build()),
        (
            "avif",
            heif(Place::Mdat)
                .after(&[c2pa_uuid(&store()), brob(b"comf", PROMPT.as_bytes())].concat())
                .build(),
        ),
        ("idat", heif(Place::Idat).build()),
        (
            "jxl",
            jxl::jxl(
                &[
                    boxed(b"Exif", &offset_exif),
                    boxed(b"jumb", &store()[8..]),
                    brob(b"Exif", &offset_exif),
                    brob(b"xml ", packet.as_bytes()),
                    brob(b"jumb", &store()[8..]),
                ]
                .concat(),
            ),
        ),
        ("gif", Gif::new().comment(&PROMPT.repeat(5)).xmp(&packet).c2pa(&store()).build()),
        ("tiff", exif().long(0x0100, 64).long(0x0101, 48).value(0, 0x02BC, 1, packet.as_bytes()).build()),
        ("mp4", movie().after(&c2pa_uuid(&store())).build()),
        ("mov", movie().movie_first().quicktime().build()),
        ("webm", matroska::webm(&tags)),
        ("live", matroska::live_webm(&tags)),
    ]
}

/// Gives one byte at a time, and counts how often it was asked.
struct Slow {
    file: Cursor<Vec<u8>>,
    most: usize,
    reads: usize,
}

impl Slow {
    fn new(file: &[u8], most: usize) -> Self {
        Self { file: Cursor::new(file.to_vec()), most, reads: 0 }
    }
}

impl Read for Slow {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        let most = into.len().min(self.most);
        self.file.read(&mut into[..most])
    }
}

impl Seek for Slow {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn read(file: &[u8]) -> Extraction {
    extract_bytes(file, &Limits::default())
}

fn codes(found: &Extraction) -> Vec<&str> {
    found.warnings.iter().map(|warning| warning.code).collect()
}

/// Whether a block of a cut file is one of the whole file, or marked and the beginning of one.
fn is_part(block: &Block, whole: &Extraction) -> bool {
    // A block in hexadecimal digits that is cut too early to tell its kind stays text.
    if block.truncated && block.carrier.to_string().starts_with("png zTXt Raw profile") {
        return true;
    }
    whole.blocks.iter().any(|full| {
        full.carrier == block.carrier
            && match block.truncated {
                // The length at the head of an unpacked store is counted, so it is that of the part.
                true if block.carrier == Carrier::C2pa => {
                    full.bytes[4..].starts_with(block.bytes.get(4..).unwrap_or_default())
                }
                true => full.bytes.starts_with(&block.bytes),
                false => full.bytes == block.bytes,
            }
    })
}

#[test]
fn a_file_cut_anywhere_gives_what_is_left_of_it() {
    let files = files();
    assert_eq!(files.len(), 12);
    for (name, file) in files {
        let whole = read(&file);
        assert!(whole.blocks.len() >= 2, "{name}");
        let (mut blocks, mut silent) = (0, 0);
        for length in 0..file.len() {
            let cut = read(&file[..length]);
            for block in &cut.blocks {
                assert!(is_part(block, &whole), "{name} cut at {length} of {}: {block:?}", file.len());
            }
            assert!(cut.blocks.len() <= whole.blocks.len(), "{name} cut at {length}");
            blocks = blocks.max(cut.blocks.len());
            silent +=
                usize::from(length >= 64 && cut.warnings.is_empty() && cut.blocks.len() < whole.blocks.len());
        }
        // Nothing says how many boxes a file has, so a cut between two of them cannot be seen; and what was recorded
        // live may end anywhere.
        let boxes = match name {
            "png" | "jpeg" | "webp" | "gif" | "tiff" => 0,
            "live" => file.len(),
            _ => 8,
        };
        assert!(silent <= boxes, "{name} is cut at {silent} places without a word");
        assert!(blocks + 1 >= whole.blocks.len(), "{name}");
    }
}

#[test]
fn what_is_found_does_not_depend_on_how_the_reader_gives_it() {
    for (name, file) in files() {
        let whole = read(&file);
        for most in [1, 7, 1000] {
            assert_eq!(extract(&mut Slow::new(&file, most), &Limits::default()).unwrap(), whole, "{name}");
        }
    }
}

#[test]
fn pixels_are_jumped_over() {
    let pixels = vec![0x55; 3_000_000];
    let many: Vec<u8> = pixels.chunks(3000).flat_map(|piece| chunk(b"IDAT", piece)).collect();
    let png = Png::new(1).text("parameters", PROMPT).idat_bytes(usize::MAX).build();
    let at = png.windows(4).position(|name| name == b"IDAT").unwrap() - 4;
    let png = [&png[..at], &many, &chunk(b"IDAT", b"the last"), &chunk(b"IEND", b"")].concat();
    let video =
        [Mp4::new().build(), boxed(b"mdat", &pixels), Mp4::new().key("prompt", "{}").build()].concat();
    let webp = WebP::new(1).after(&webp::chunk(b"ANMF", &pixels)).xmp("<x/>").build();
    for (name, file, most) in [("png", png, 5), ("mp4", video, 30), ("webp", webp, 5)] {
        let mut source = Slow::new(&file, usize::MAX);
        let found = extract(&mut source, &Limits::default()).unwrap();
        assert_eq!(codes(&found), [""; 0], "{name}");
        assert_eq!(found.blocks.len(), 1, "{name}");
        assert!(source.reads <= most, "{name}: {} reads", source.reads);
    }
}

#[test]
fn text_among_or_behind_equal_chunks_of_pixels_is_not_missed() {
    let pieces: Vec<u8> = (0..20).flat_map(|_| chunk(b"IDAT", &[0x55; 100])).collect();
    let text = text_chunk("late", "a kite");
    let head = &Png::new(1).build()[..33];
    let end = chunk(b"IEND", b"");
    for tail in [[&text, &end[..]].concat(), [&end, &text[..]].concat(), [&text[..], &pieces, &end].concat()]
    {
        let found = read(&[head, &pieces, &tail].concat());
        assert_eq!(found.blocks.len(), 1, "{found:?}");
    }
}

#[test]
fn a_failing_reader_is_the_only_error() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is on fire"))
        }
    }
    impl Seek for Broken {
        fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
            Ok(100)
        }
    }
    assert_eq!(extract(&mut Broken, &Limits::default()).unwrap_err().to_string(), "the disk is on fire");
}

#[test]
fn bombs_unpack_to_the_limit() {
    let limits = Limits { max_inflated_bytes: 10_000, ..Limits::default() };
    let bomb = vec![b'a'; 5_000_000];
    let png = Png::new(1).before(&packed_chunk("parameters", &bomb)).build();
    assert!(png.len() < 10_000);
    // What Brotli makes of a mebibyte of zeros.
    let zeros = [0x5B, 0xFF, 0xFF, 0x8F, 0x7F, 0x02, 0x20, 0x1E, 0x0B, 0x04, 0x72, 0xEF, 0x1F, 0x00];
    let packed = boxed(b"brob", &[b"comf", &zeros[..]].concat());
    for (name, file) in [("png", png), ("jxl", jxl::jxl(&packed))] {
        let found = extract_bytes(&file, &limits);
        assert_eq!(codes(&found), ["limit"], "{name}");
        assert_eq!(found.blocks[0].bytes.len(), 10_000, "{name}");
        assert!(found.blocks[0].truncated, "{name}");
    }
}

#[test]
fn many_bombs_unpack_to_the_limit_of_the_file() {
    let limits = Limits { max_inflated_bytes: 1 << 20, max_total_bytes: 2 << 20, ..Limits::default() };
    let profile = packed_chunk("Raw profile type icc", &vec![b'a'; 1 << 20]);
    let found = extract_bytes(&Png::new(1).before(&profile.repeat(50)).build(), &limits);
    assert_eq!(found.blocks.iter().map(|block| block.bytes.len()).sum::<usize>(), 2 << 20);
    assert!(codes(&found).contains(&"limit"));
}

#[test]
fn lengths_that_lie_cost_only_themselves() {
    let mut long = text_chunk("late", "a kite");
    long[..4].copy_from_slice(&0x7FFF_FFFF_u32.to_be_bytes());
    let found = read(&Png::new(1).text("a", "b").before(&long).build());
    assert_eq!((found.blocks[0].truncated, found.blocks[1].truncated), (false, true));
    long[..4].copy_from_slice(&u32::MAX.to_be_bytes());
    let found = read(&Png::new(1).text("a", "b").before(&long).build());
    assert_eq!((found.blocks.len(), codes(&found)), (1, vec!["damaged"]));
    let found = read(&Jpeg::new(1).comment(b"a").raw(&[0xFF, 0xFE, 0, 1]).build());
    assert_eq!((found.blocks.len(), codes(&found)), (1, vec!["damaged"]));
    for size in [u64::MAX, 1 << 62, 15] {
        let huge = [&[0, 0, 0, 1], &b"free"[..], &size.to_be_bytes()].concat();
        let found = read(&[Mp4::new().key("prompt", "{}").build(), huge].concat());
        assert_eq!((found.blocks.len(), found.warnings.len()), (1, 1), "{size}");
    }
    let endless = [&[0, 0, 0, 0][..], b"xml ", b"<x/>"].concat();
    let found = read(&jxl::jxl(&endless));
    assert!(found.blocks[0].text().unwrap().starts_with("<x/>"));
}

#[test]
fn directories_that_loop_or_claim_billions_end() {
    // A directory of one entry whose next is itself, another that points to itself as Exif directory.
    let loops = b"II*\0\x08\0\0\0\x02\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x0E\x01\x02\0\xFF\xFF\xFF\xFF\x20\0\0\0\x08\0\0\0kite";
    let found = read(loops);
    assert_eq!(codes(&found), ["truncated", "damaged", "damaged"]);
    assert_eq!(found.blocks.len(), 1);
    assert!(found.blocks[0].truncated);
    let far = b"II*\0\xFF\xFF\xFF\xFF";
    assert_eq!(codes(&read(far)), ["damaged"]);
    let many =
        [b"II*\0\x08\0\0\0\xFF\xFF", [0x0E, 1, 2, 0, 1, 0, 0, 0, b'a', 0, 0, 0].repeat(65535).as_slice()]
            .concat();
    let found = read(&many);
    assert_eq!((found.blocks.len(), codes(&found)), (512, vec!["limit"]));
}

#[test]
fn values_that_overlap_are_copied_to_the_limit_of_the_file() {
    let mut directory = b"II*\0\x08\0\0\0\x00\x02".to_vec();
    let rest = 8 + 2 + 512 * 12 + 4;
    for _ in 0..512 {
        directory.extend([0x0E, 1, 2, 0]);
        directory.extend((1_u32 << 20).to_le_bytes());
        directory.extend((rest as u32).to_le_bytes());
    }
    directory.extend([0; 4]);
    directory.extend(vec![b'a'; 1 << 20]);
    let limits = Limits { max_total_bytes: 3 << 20, ..Limits::default() };
    let found = extract_bytes(&directory, &limits);
    assert_eq!(found.blocks.iter().map(|block| block.bytes.len()).sum::<usize>(), 3 << 20);
    assert!(codes(&found).contains(&"limit"));
}

#[test]
fn a_hundred_thousand_parts_are_enough() {
    let count = 150_000;
    let piece = |name: &str| -> Vec<u8> {
        match name {
            "png" => Png::new(1).before(&chunk(b"teSt", b"").repeat(count)).text("a", "b").build(),
            "jpeg" => Jpeg::new(1).raw(&[0xFF, 0xE7, 0, 2].repeat(count)).comment(b"a").build(),
            "fill" => Jpeg::new(1).raw(&vec![0xFF; count]).comment(b"a").build(),
            "webp" => WebP::new(1).after(&webp::chunk(b"TEST", b"").repeat(count)).xmp("<x/>").build(),
            "mp4" => {
                [Mp4::new().build(), boxed(b"free", b"").repeat(count), Mp4::new().key("a", "b").build()]
                    .concat()
            }
            "gif" => {
                let gif = Gif::new().comment("").build();
                [&gif[..19], &b"\x21\xFE\0".repeat(count), &gif[19..]].concat()
            }
            _ => {
                let file = matroska::webm(&[("A", "b")]);
                [&file[..file.len()], &[0xEC, 0x80].repeat(count)].concat()
            }
        }
    };
    for name in ["png", "jpeg", "fill", "webp", "mp4", "gif"] {
        let found = read(&piece(name));
        assert_eq!(codes(&found), ["limit"], "{name}");
        assert!(found.blocks.len() <= 100_000, "{name}");
    }
    assert_eq!(read(&piece("matroska")).blocks.len(), 1);
}

#[test]
fn a_hundred_thousand_faults_are_not_all_told() {
    let mut wrong = text_chunk("a", "b");
    *wrong.last_mut().unwrap() ^= 1;
    let found = read(&Png::new(1).before(&wrong.repeat(1000)).build());
    assert_eq!(found.blocks.len(), 1000);
    assert_eq!((found.warnings.len(), found.warnings.last().unwrap().code), (65, "more_warnings"));
}

#[test]
fn every_limit_that_bites_is_told() {
    let text = "a kite, ".repeat(100);
    let exif = Exif::new(Order::Big).ascii(0, 0x010E, &text);
    let files = [
        Png::new(1).text("a", &text).build(),
        Jpeg::new(1).comment(text.as_bytes()).build(),
        WebP::new(1).xmp(&text).build(),
        Gif::new().comment(&text).build(),
        exif.build(),
        Mp4::new().key("a", &text).build(),
        matroska::webm(&[("a", &text)]),
        Heif::new(b"avif").xmp(&text).build(),
        jxl::jxl(&boxed(b"xml ", text.as_bytes())),
    ];
    for limits in [
        Limits { max_block_bytes: 100, ..Limits::default() },
        Limits { max_total_bytes: 100, ..Limits::default() },
    ] {
        for file in &files {
            let found = extract_bytes(file, &limits);
            assert!(found.blocks[0].truncated && found.blocks[0].bytes.len() <= 200, "{found:?}");
            assert!(codes(&found).contains(&"limit"), "{found:?}");
        }
    }
}

#[test]
fn a_location_table_of_nothing_ends() {
    // Items whose extents take no bytes, 65,535 each, as many as a megabyte names.
    let item = [0, 1, 0, 0, 0, 0, 0xFF, 0xFF];
    let table = [&[0, 0, 0, 0, 0, 0, 0xFF, 0xFF][..], &item.repeat(65_535)].concat();
    let info = boxed(b"infe", b"\x02\0\0\0\0\x01\0\0Exif\0");
    let infos = boxed(b"iinf", &[&[0, 0, 0, 0, 0, 1][..], &info].concat());
    let meta = boxed(b"meta", &[&[0; 4][..], &infos, &boxed(b"iloc", &table)].concat());
    let found = read(&[boxed(b"ftyp", b"avif\0\0\0\0"), meta].concat());
    assert!(found.blocks.is_empty() && !found.warnings.is_empty(), "{found:?}");
}

fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let heads: Vec<Vec<u8>> =
        files().into_iter().map(|(_, file)| file[..file.len().min(40)].to_vec()).collect();
    (proptest::sample::select(heads), 0_usize..40, proptest::collection::vec(any::<u8>(), 0..400))
        .prop_map(|(head, keep, tail)| [&head[..keep.min(head.len())], &tail].concat())
}

fn mutated_file() -> impl Strategy<Value = Vec<u8>> {
    let edits = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0_usize..4), 1..8);
    (proptest::sample::select(files()), edits).prop_map(|((_, mut file), edits)| {
        for (place, byte, how) in edits {
            let at = place.index(file.len());
            match how {
                0 => file[at] = byte,
                1 => file[at] ^= 1 << (byte % 8),
                2 => file.insert(at, byte),
                _ => drop(file.drain(at..(at + usize::from(byte)).min(file.len() - 1).max(at))),
            }
        }
        file
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn jumping_over_pixels_finds_what_a_walk_finds(
        before in 0_usize..3,
        pieces in proptest::collection::vec(0_usize..60, 1..20),
        equal in any::<bool>(),
        behind in 0_usize..3,
        trailing in 0_usize..2,
        cut in 0_usize..30,
    ) {
        let texts = |count: usize| text_chunk("a", "kite").repeat(count);
        let size = |place: usize| pieces[if equal && place + 1 < pieces.len() { 0 } else { place }];
        let pixels: Vec<u8> = (0..pieces.len()).flat_map(|place| chunk(b"IDAT", &vec![0x55; size(place)])).collect();
        let head = &Png::new(1).build()[..33];
        let end = chunk(b"IEND", b"");
        let file = [head, &texts(before), &pixels, &texts(behind), &end, &texts(trailing)].concat();
        prop_assert_eq!(read(&file).blocks.len(), before + behind + trailing);
        let file = &file[..file.len() - cut];
        // Whoever visits every chunk finds these.
        let mut expected = 0;
        let mut at = 8;
        while let Some(head) = file.get(at..at + 9) {
            expected += usize::from(&head[4..8] == b"tEXt" && (file.len() >= at + 10));
            at += 12 + u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        }
        let found = read(file);
        prop_assert!(found.blocks.len() == expected || found.blocks.len() + 1 == expected, "{found:?}");
        prop_assert!(found.blocks.len() == expected || codes(&found).contains(&"truncated"), "{found:?}");
    }

    #[test]
    fn no_bytes_make_it_panic(file in any_file()) {
        let found = read(&file);
        let slow = extract(&mut Slow::new(&file, 1), &Limits::default()).unwrap();
        prop_assert_eq!(&found, &slow);
        sidecar(&file, "a.txt", &Limits::default());
    }

    #[test]
    fn no_damage_makes_it_panic(file in mutated_file()) {
        let found = read(&file);
        let slow = extract(&mut Slow::new(&file, 3), &Limits::default()).unwrap();
        prop_assert_eq!(&found, &slow);
        for block in &found.blocks {
            prop_assert!(block.range.start <= block.range.end && block.range.end <= file.len() as u64);
            let _text = block.text();
        }
        stemmata::parse::provenance::claims(&found.blocks, &Limits::default());
    }
}
