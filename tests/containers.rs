//! Every container gives up what it carries, whoever wrote it, and survives whatever is wrong with it.

use stemmata::parse::{Carrier, Container, Encoding, Extraction, Limits, extract_bytes};

use crate::support::pictures::boxes::{self, Heif, Place, boxed, brob, c2pa_uuid, xmp_uuid};
use crate::support::pictures::c2pa::{Action, Manifest};
use crate::support::pictures::gif::Gif;
use crate::support::pictures::mp4::Mp4;
use crate::support::pictures::png::{
    chunk, packed_chunk, packed_international_chunk, profile_chunk, text_chunk,
};
use crate::support::pictures::{
    self, Comment, Exif, Jpeg, Order, Png, WebP, c2pa, jpeg, jxl, matroska, webp, xmp,
};

mod hidden;
mod hostile;

const PROMPT: &str =
    "a kite, \u{51e7}\nNegative prompt: rain\nSteps: 20, Sampler: Euler a, Seed: 7, Size: 16x16";

/// What the file carries, as `carrier = text`; blocks that are no text give their length.
fn seen(found: &Extraction) -> Vec<String> {
    let line = |block: &stemmata::parse::Block| match block.text() {
        Some(text) => format!("{} = {text}", block.carrier),
        None => format!("{} = {} bytes", block.carrier, block.bytes.len()),
    };
    found.blocks.iter().map(line).collect()
}

/// Reads a file that has nothing wrong with it.
#[track_caller]
fn check(file: &[u8], container: Container, size: (u32, u32), blocks: &[&str]) -> Extraction {
    let found = extract_bytes(file, &Limits::default());
    assert_eq!(found.warnings, []);
    assert_eq!(found.container, container);
    assert_eq!(seen(&found), blocks);
    assert_eq!((found.width, found.height), (Some(size.0), Some(size.1)));
    for block in &found.blocks {
        let range = block.range.start as usize..block.range.end as usize;
        assert!(range.end <= file.len() && !block.truncated, "{block:?}");
    }
    found
}

/// Reads a file that has something wrong with it: `code place` of each warning.
#[track_caller]
fn check_damaged(file: &[u8], blocks: &[&str], warnings: &[&str]) -> Extraction {
    let found = extract_bytes(file, &Limits::default());
    assert_eq!(seen(&found), blocks);
    let worded: Vec<String> =
        found.warnings.iter().map(|warning| format!("{} {}", warning.code, warning.place)).collect();
    assert_eq!(worded, warnings);
    found
}

/// A store as OpenAI writes it.
fn store() -> Vec<u8> {
    let action =
        Action { action: "c2pa.created", source: Some("trainedAlgorithmicMedia"), agent: Some("gpt-image") };
    c2pa::store(&[Manifest { label: "urn:c2pa:1", generator: ("A Service", "1.0"), actions: &[action] }])
}

#[test]
fn text_chunks_of_every_kind_are_read_and_stay_where_they_are() {
    let file = Png::new(1)
        .text("parameters", "a kite")
        .text("parameters", PROMPT)
        .before(&packed_chunk("workflow", b"{}"))
        .before(&packed_international_chunk("Comment", PROMPT))
        .before(&chunk(b"comf", b"prompt\0{}"))
        .build();
    let (itxt, packed) = (format!("png iTXt parameters = {PROMPT}"), format!("png iTXt Comment = {PROMPT}"));
    let found = check(
        &file,
        Container::Png,
        (16, 16),
        &["png tEXt parameters = a kite", &itxt, "png zTXt workflow = {}", &packed, "png comf prompt = {}"],
    );
    let plain = &found.blocks[0];
    assert_eq!(&file[plain.range.start as usize..plain.range.end as usize], b"a kite");
    assert_eq!(found.blocks[1].encoding, Encoding::Utf8);
}

#[test]
fn utf8_and_latin1_both_stand_in_chunks_for_latin1() {
    let file =
        Png::new(1).raw_text("a", "k\u{ef}te\0".as_bytes()).text("b", "k\u{ef}te").raw_text("c", b"").build();
    let found = check(
        &file,
        Container::Png,
        (16, 16),
        &["png tEXt a = k\u{ef}te", "png tEXt b = k\u{ef}te", "png tEXt c = "],
    );
    assert_eq!(
        found.blocks.iter().map(|block| block.encoding).collect::<Vec<_>>(),
        [Encoding::Utf8, Encoding::Latin1, Encoding::Ascii]
    );
    assert_eq!(found.blocks[0].bytes, "k\u{ef}te\0".as_bytes(), "the bytes stay as they are");
}

#[test]
fn text_behind_the_pixels_and_behind_the_end_is_read() {
    let file = Png::sized(64, 64, 1)
        .idat_bytes(64)
        .after(&packed_chunk("parameters", PROMPT.as_bytes()))
        .trailing(&text_chunk("late", "kite"))
        .build();
    let packed = format!("png zTXt parameters = {PROMPT}");
    check(&file, Container::Png, (64, 64), &[&packed, "png tEXt late = kite"]);
}

#[test]
fn an_archive_behind_a_png_is_left_alone_and_said() {
    let file = Png::new(1).text("a", "b").trailing(b"PK\x03\x04 an archive").build();
    check_damaged(&file, &["png tEXt a = b"], &["trailing png"]);
}

#[test]
fn a_png_carries_exif_xmp_and_c2pa() {
    let packet = xmp::attributes(&[("xmp:CreatorTool", "Draw Things")]);
    let exif = Exif::new(Order::Little).ascii(0, 0x0131, "a tool").comment(Comment::Utf16Le, PROMPT);
    let file = Png::new(1).exif(&exif).xmp(&packet).c2pa(&store()).build();
    let blocks = [
        "exif ifd0 0x0131 = a tool".to_owned(),
        format!("exif ifd1 0x9286 = {PROMPT}"),
        format!("xmp = {packet}"),
        format!("c2pa = {} bytes", store().len()),
    ];
    check(&file, Container::Png, (16, 16), &blocks.each_ref().map(String::as_str));
}

#[test]
fn blocks_of_other_formats_are_read_out_of_hexadecimal_digits() {
    let exif = [b"Exif\0\0", Exif::new(Order::Big).ascii(0, 0x010E, "a kite").build().as_slice()].concat();
    let packet = xmp::attributes(&[("dc:format", "image/png")]);
    let file = Png::new(1)
        .before(&profile_chunk("exif", &exif))
        .before(&profile_chunk("APP1", &exif))
        .before(&profile_chunk("xmp", packet.as_bytes()))
        .before(&profile_chunk("iptc", &jpeg::iptc_resource(&[(120, "a caption")])))
        .before(&profile_chunk("icc", b"colours"))
        .build();
    let found = check_damaged(
        &file,
        &[
            "exif ifd0 0x010e = a kite",
            "exif ifd0 0x010e = a kite",
            &format!("xmp = {packet}"),
            "iptc 2:120 = a caption",
            "png zTXt Raw profile type icc = \nicc\n       7\n636f6c6f757273\n",
        ],
        &[],
    );
    assert!(found.blocks.iter().all(|block| !block.range.is_empty()));
}

#[test]
fn a_wrong_checksum_or_a_missing_keyword_costs_a_warning() {
    let mut wrong = text_chunk("a", "b");
    *wrong.last_mut().unwrap() ^= 1;
    let file = Png::new(1).before(&wrong).before(&chunk(b"tEXt", b"no keyword")).text("c", "d").build();
    check_damaged(
        &file,
        &["png tEXt a = b", "png tEXt  = no keyword", "png tEXt c = d"],
        &["checksum png tEXt at byte 33", "damaged png tEXt at byte 48"],
    );
}

#[test]
fn a_jpeg_carries_exif_xmp_iptc_and_comments() {
    let packet = xmp::alternatives(&[("dc:description", "a kite")]);
    let exif = Exif::new(Order::Big).comment(Comment::Utf16Be, PROMPT).ascii(0, 0x013B, "ai");
    let file = Jpeg::new(1)
        .jfif()
        .exif(&exif)
        .raw(&[0xFF, 0xFF])
        .xmp(&packet)
        .iptc(&[(120, "a c\u{e4}ption"), (110, "Made by")])
        .comment(b"{\"prompt\": \"a kite\"}")
        .build();
    let blocks = [
        "exif ifd0 0x013b = ai".to_owned(),
        format!("exif ifd1 0x9286 = {PROMPT}"),
        format!("xmp = {packet}"),
        "iptc 2:120 = a c\u{e4}ption".to_owned(),
        "iptc 2:110 = Made by".to_owned(),
        "comment = {\"prompt\": \"a kite\"}".to_owned(),
    ];
    check(&file, Container::Jpeg, (16, 16), &blocks.each_ref().map(String::as_str));
}

#[test]
fn user_comments_of_every_writer_say_the_same() {
    use Comment::{Ascii, Bare, Undefined, Utf8AsUnicode, Utf16Be, Utf16BeMarked, Utf16Le, Utf16LeMarked};
    for comment in [Utf16Be, Utf16Le, Utf16BeMarked, Utf16LeMarked, Utf8AsUnicode, Ascii, Undefined, Bare] {
        for order in [Order::Big, Order::Little] {
            let file = Jpeg::new(1).exif(&Exif::new(order).comment(comment, PROMPT)).build();
            let text = format!("exif ifd1 0x9286 = {PROMPT}");
            let found = check(&file, Container::Jpeg, (16, 16), &[&text]);
            let block = &found.blocks[0];
            let stored = &file[block.range.start as usize..block.range.end as usize];
            assert_eq!(stored, block.bytes, "{comment:?}");
        }
    }
}

#[test]
fn a_user_comment_in_the_first_directory_has_no_code() {
    let exif = Exif::new(Order::Big).ascii(0, 0x9286, "{\"prompt\": {}}").windows(0x9C9C, "\u{51e7}");
    let file = Jpeg::new(1).exif(&exif).build();
    check(
        &file,
        Container::Jpeg,
        (16, 16),
        &["exif ifd0 0x9286 = {\"prompt\": {}}", "exif ifd0 0x9c9c = \u{51e7}"],
    );
}

#[test]
fn split_xmp_and_split_manifests_are_joined() {
    let packet = xmp::attributes(&[("xmpNote:HasExtendedXMP", &"A".repeat(32))]);
    let long = xmp::attributes(&[("dc:description", &"kite ".repeat(200))]);
    let file = Jpeg::new(1).extended_xmp(&long, 300).xmp(&packet).c2pa(&store(), 100).build();
    let blocks =
        [format!("xmp = {packet}"), format!("xmp = {long}"), format!("c2pa = {} bytes", store().len())];
    let found = check(&file, Container::Jpeg, (16, 16), &blocks.each_ref().map(String::as_str));
    assert_eq!(found.blocks[2].bytes, store());
}

#[test]
fn a_webp_carries_exif_with_and_without_the_mark_of_jpeg() {
    let exif = Exif::new(Order::Big).ascii(0, 0x0110, "prompt:{}").ascii(0, 0x010F, "workflow:{}");
    let blocks = ["exif ifd0 0x010f = workflow:{}", "exif ifd0 0x0110 = prompt:{}"];
    check(&WebP::new(1).exif(&exif).build(), Container::WebP, (16, 16), &blocks);
    check(&WebP::new(1).marked_exif(&exif).build(), Container::WebP, (16, 16), &blocks);
}

#[test]
fn a_webp_carries_xmp_and_c2pa() {
    let packet = xmp::elements(&[("comfy:prompt", "{\"1\": {}}")]);
    let file = WebP::new(1).xmp(&packet).c2pa(&store()).build();
    let blocks = [format!("xmp = {packet}"), format!("c2pa = {} bytes", store().len())];
    check(&file, Container::WebP, (16, 16), &blocks.each_ref().map(String::as_str));
    let odd = WebP::new(1).after(&webp::chunk(b"ODD ", b"abc")).xmp("<x/>").build();
    check(&odd, Container::WebP, (16, 16), &["xmp = <x/>"]);
    let unpadded = WebP::new(1).after(b"ODD \x03\0\0\0abc").xmp("<x/>").build();
    check(&unpadded, Container::WebP, (16, 16), &["xmp = <x/>"]);
}

#[test]
fn items_of_avif_and_heif_are_read_wherever_they_lie() {
    let packet = xmp::attributes(&[("comfy:workflow", "{}")]);
    let exif = Exif::new(Order::Big).comment(Comment::Utf16Be, PROMPT);
    let blocks = [format!("exif ifd1 0x9286 = {PROMPT}"), format!("xmp = {packet}")];
    let blocks = blocks.each_ref().map(String::as_str);
    for place in [Place::Mdat, Place::Idat] {
        let file = Heif::new(b"avif").place(place).exif(&exif).xmp(&packet).build();
        let found = check(&file, Container::Avif, (16, 12), &blocks);
        let xmp = &found.blocks[1];
        assert_eq!(&file[xmp.range.start as usize..xmp.range.end as usize], packet.as_bytes());
        let file = Heif::new(b"heic").place(place).marked_exif(&exif).xmp(&packet).build();
        check(&file, Container::Heif, (16, 12), &blocks);
    }
    check(&Heif::new(b"heic").crop(15, 11).build(), Container::Heif, (15, 11), &[]);
    check(&Heif::new(b"heic").crop(17, 11).build(), Container::Heif, (16, 12), &[]);
}

#[test]
fn boxes_beside_the_items_of_an_avif_are_read() {
    let after = [c2pa_uuid(&store()), brob(b"comf", b"{\"prompt\": {}}")].concat();
    let file = Heif::new(b"avif").after(&after).build();
    let manifest = format!("c2pa = {} bytes", store().len());
    let found = check(&file, Container::Avif, (16, 12), &[&manifest, "tag comf = {\"prompt\": {}}"]);
    assert_eq!(found.blocks[0].bytes, store());
}

#[test]
fn boxes_of_a_jpeg_xl_are_read_packed_or_not() {
    let exif =
        [&[0; 4], Exif::new(Order::Little).comment(Comment::Utf16Le, PROMPT).build().as_slice()].concat();
    let inner = &store()[8..];
    let file = jxl::jxl(&[boxed(b"Exif", &exif), boxed(b"xml ", b"<x/>"), boxed(b"jumb", inner)].concat());
    let blocks = [
        format!("exif ifd1 0x9286 = {PROMPT}"),
        "xmp = <x/>".to_owned(),
        format!("c2pa = {} bytes", store().len()),
    ];
    let blocks = blocks.each_ref().map(String::as_str);
    check(&file, Container::Jxl, (16, 16), &blocks);
    let long = vec![b'a'; 200_000];
    assert_eq!(boxes::brotli(&long).len(), 200_000 + 4 * 3 + 1);
    let file = jxl::jxl(&[brob(b"Exif", &exif), brob(b"xml ", b"<x/>"), brob(b"jumb", inner)].concat());
    let found = check(&file, Container::Jxl, (16, 16), &blocks);
    assert_eq!(found.blocks[2].bytes, store());
    check(&jxl::codestream(), Container::Jxl, (16, 16), &[]);
}

#[test]
fn a_gif_carries_comments_xmp_and_c2pa() {
    let packet = xmp::attributes(&[("dc:title", &"kite ".repeat(100))]);
    let long = "a kite, ".repeat(100);
    let file = Gif::new().comment(&long).xmp(&packet).c2pa(&store()).comment(PROMPT).build();
    let blocks = [
        format!("comment = {long}"),
        format!("xmp = {packet}"),
        format!("c2pa = {} bytes", store().len()),
        format!("comment = {PROMPT}"),
    ];
    check(&file, Container::Gif, (1, 1), &blocks.each_ref().map(String::as_str));
}

#[test]
fn a_tiff_is_exif_and_more() {
    let packet = xmp::attributes(&[("dc:title", "a kite")]);
    let exif = Exif::new(Order::Little)
        .long(0x0100, 64)
        .long(0x0101, 48)
        .ascii(0, 0x010E, "a kite")
        .value(0, 0x02BC, 1, packet.as_bytes())
        .value(0, 0x83BB, 7, b"\x1C\x02\x78\0\x04kite")
        .value(0, 0xCD41, 7, &store())
        .comment(Comment::Ascii, "steps");
    let blocks = [
        "exif ifd0 0x010e = a kite".to_owned(),
        format!("xmp = {packet}"),
        "iptc 2:120 = kite".to_owned(),
        format!("c2pa = {} bytes", store().len()),
        "exif ifd1 0x9286 = steps".to_owned(),
    ];
    let found = check(&exif.build(), Container::Tiff, (64, 48), &blocks.each_ref().map(String::as_str));
    let caption = found.blocks[2].range.clone();
    assert_eq!(&exif.build()[caption.start as usize..caption.end as usize], b"kite");
}

#[test]
fn a_bmp_has_a_size_and_nothing_else() {
    let mut file = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x10\0\0\0".to_vec();
    file.extend((-12_i32).to_le_bytes());
    check(&file, Container::Bmp, (16, 12), &[]);
    assert_eq!(extract_bytes(b"BMW is a car", &Limits::default()).container, Container::Unknown);
}

#[test]
fn items_and_keys_of_a_video_are_read_wherever_they_stand() {
    let video = || {
        Mp4::new().item(b"\xA9cmt", "{\"workflow\": {}}").key("prompt", "{\"1\": {}}").key("workflow", "{}")
    };
    let blocks = ["tag \u{a9}cmt = {\"workflow\": {}}", "tag prompt = {\"1\": {}}", "tag workflow = {}"];
    check(&video().build(), Container::Mp4, (64, 48), &blocks);
    check(&video().movie_first().build(), Container::Mp4, (64, 48), &blocks);
    check(&video().quicktime().build(), Container::Mp4, (64, 48), &blocks);
    let blocks = [format!("c2pa = {} bytes", store().len()), "xmp = <x/>".to_owned()];
    let after = [c2pa_uuid(&store()), xmp_uuid("<x/>")].concat();
    check(
        &Mp4::new().after(&after).build(),
        Container::Mp4,
        (64, 48),
        &blocks.each_ref().map(String::as_str),
    );
}

#[test]
fn tags_of_a_webm_are_read_behind_its_clusters() {
    let tags = [("PROMPT", "{\"1\": {}}"), ("COMMENT", PROMPT)];
    let comment = format!("tag COMMENT = {PROMPT}");
    let blocks = ["tag PROMPT = {\"1\": {}}", comment.as_str()];
    check(&matroska::webm(&tags), Container::Matroska, (64, 48), &blocks);
    check(&matroska::live_webm(&tags), Container::Matroska, (64, 48), &blocks);
}

#[test]
fn the_short_forms_give_what_the_long_ones_do() {
    let text = format!("exif ifd1 0x9286 = {PROMPT}");
    check(&pictures::jpeg_user_comment(PROMPT, Comment::Utf16Be), Container::Jpeg, (16, 16), &[&text]);
    check(&pictures::webp_user_comment(PROMPT, Comment::Utf16Be), Container::WebP, (16, 16), &[&text]);
    check(&pictures::avif(PROMPT, Comment::Utf16Be), Container::Avif, (16, 12), &[&text]);
    check(
        &pictures::webp_exif(&[(0x0110, "prompt:{}")]),
        Container::WebP,
        (16, 16),
        &["exif ifd0 0x0110 = prompt:{}"],
    );
    check(
        &pictures::png(&[("parameters", "a kite")]),
        Container::Png,
        (16, 16),
        &["png tEXt parameters = a kite"],
    );
    check(&pictures::mp4(&[("comment", "{}")]), Container::Mp4, (64, 48), &["tag comment = {}"]);
    check(&pictures::webm(&[("COMMENT", "{}")]), Container::Matroska, (64, 48), &["tag COMMENT = {}"]);
    check(&pictures::gif(&["a kite"]), Container::Gif, (1, 1), &["comment = a kite"]);
}

#[test]
fn pictures_that_tests_write_can_be_decoded() {
    let exif = Exif::new(Order::Big).ascii(0, 0x010E, "a kite");
    let files = [
        Png::new(1).exif(&exif).text("a", "b").build(),
        Jpeg::new(1).jfif().exif(&exif).build(),
        WebP::new(1).exif(&exif).build(),
        Gif::new().comment("a kite").build(),
    ];
    for file in files {
        image::load_from_memory(&file).unwrap();
    }
    assert_eq!(Carrier::Comment.to_string(), "comment");
}
