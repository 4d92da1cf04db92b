//! What holds for any bytes: the bodies of the fuzz targets, which the ordinary tests run too.

use std::io::{Cursor, Read, Result, Seek, SeekFrom};

use stemmata::fingerprint::{PictureLimits, blurhash, jpeg, of_bytes, webp};
use stemmata::parse::{
    Block, Carrier, Container, Encoding, Extraction, Limits, Parsed, extract, extract_bytes, interpret,
    model_file, read_bytes,
};

/// Limits that small inputs reach, so that what happens there is tried too.
fn small() -> Limits {
    Limits {
        max_block_bytes: 4 << 10,
        max_inflated_bytes: 8 << 10,
        max_total_bytes: 16 << 10,
        max_chunks: 64,
        max_depth: 8,
        max_nodes: 32,
        max_steps: 2000,
        max_joined_bytes: 256,
    }
}

/// A file: its blocks lie in it, keep to the limits and do not depend on how it is read.
pub(crate) fn containers(data: &[u8]) {
    for limits in [Limits::default(), small()] {
        let found = extract_bytes(data, &limits);
        let mut dripping = Dripping { inner: Cursor::new(data) };
        let dripped = extract(&mut dripping, &limits).expect("bytes in memory can be read");
        assert_eq!(found, dripped, "the answer depends on how the file is read");
        let mut total_bytes = 0;
        for block in &found.blocks {
            assert!(
                block.range.start <= block.range.end && block.range.end <= data.len() as u64,
                "{block:?}"
            );
            total_bytes += block.bytes.len() as u64;
        }
        assert!(total_bytes <= limits.max_total_bytes, "{total_bytes} bytes of blocks");
    }
    check(&read_bytes(data, &small()));
}

/// A text where infotexts stand.
pub(crate) fn infotext(data: &[u8]) {
    told(&[("parameters", data)]);
}

/// A text where graphs stand: as the one that ran, as that of the editor, and as both.
pub(crate) fn comfyui(data: &[u8]) {
    told(&[("prompt", data)]);
    told(&[("workflow", data)]);
    told(&[("prompt", data), ("workflow", data)]);
}

/// A model file.
pub(crate) fn model_header(data: &[u8]) {
    let read = model_file::read(&mut Cursor::new(data)).expect("bytes in memory can be read");
    let dripped =
        model_file::read(&mut Dripping { inner: Cursor::new(data) }).expect("bytes in memory can be read");
    assert_eq!(format!("{read:?}"), format!("{dripped:?}"), "the answer depends on how the file is read");
}

/// A query, with a saved one that holds the same text, and as JSON: what can be read prints as what reads the same.
pub(crate) fn query(data: &[u8]) {
    use stemmata_index::query::{ParseOptions, Tree, UnknownFields, parse, parse_with, render};

    let text = String::from_utf8_lossy(data);
    let aliases = [("a".to_owned(), text.to_string())].into();
    for unknown_fields in [UnknownFields::Refuse, UnknownFields::AsText] {
        let options =
            ParseOptions { now_ms: Some(1_709_618_828_000), aliases: Some(&aliases), unknown_fields };
        match parse_with(&text, &options) {
            Ok(parsed) => {
                let printed = parsed.query.to_string();
                let again = parse(&printed).expect("what is printed can be read");
                assert_eq!(again.query, parsed.query, "{printed}");
            }
            Err(error) => assert!(!render(&error, &text).is_empty()),
        }
    }
    if let Ok(parsed) = Tree::read(&text) {
        assert!(parse(&parsed.query.to_string()).is_ok());
    }
}

/// A picture: the means of a JPEG or of a VP8 frame keep to their range, and what is described can be compared.
pub(crate) fn pictures(data: &[u8]) {
    let limits = PictureLimits { max_file_bytes: 1 << 20, max_pixels: 1 << 18 };
    if let Ok(eighth) = jpeg::read(data, &limits, 1) {
        assert!(u64::from(eighth.width) * u64::from(eighth.height) <= limits.max_pixels);
        for means in &eighth.means {
            assert!(means.stride > 0 && means.values.len() % means.stride == 0);
            assert!(means.values.iter().all(|value| *value <= 2040), "a mean is out of range");
        }
    }
    // The bytes themselves as a frame, so that no chunks stand between them and the reader.
    if let Ok(means) = webp::read(data, &limits) {
        assert!(u64::from(means.width) * u64::from(means.height) <= limits.max_pixels);
        let mut cells = means.planes.iter().flat_map(|plane| plane.iter());
        assert!(cells.all(|cell| (0.0..=255.0).contains(cell)), "a mean is out of range");
    }
    if let Ok(described) = of_bytes(data, &limits) {
        assert!(blurhash::Coefficients::decode(&described.blurhash).is_ok(), "{}", described.blurhash);
        assert_eq!(described.content, of_bytes(data, &limits).expect("described once before").content);
    }
}

/// Reads texts under these keywords.
fn told(texts: &[(&str, &[u8])]) {
    for limits in [Limits::default(), small()] {
        let block = |(keyword, bytes): &(&str, &[u8])| Block {
            carrier: Carrier::PngText { chunk: *b"tEXt", keyword: (*keyword).to_owned() },
            range: 0..0,
            bytes: bytes.to_vec(),
            encoding: Encoding::Utf8,
            truncated: false,
        };
        let blocks = texts.iter().map(block).collect();
        let found =
            Extraction { container: Container::Png, width: None, height: None, blocks, warnings: Vec::new() };
        check(&interpret(found, &limits));
    }
}

/// Every claim points into a block, and every conflict at claims.
fn check(parsed: &Parsed) {
    for claim in &parsed.claims {
        let block = parsed.blocks.get(claim.block).expect("a claim has its block");
        if let Some(span) = claim.span.clone() {
            let text = block.text().expect("what says something is text");
            assert!(text.get(span).is_some(), "{claim:?}");
        }
    }
    for conflict in &parsed.conflicts {
        assert!(conflict.kept != conflict.other, "{conflict:?}");
        assert!(conflict.kept.max(conflict.other) < parsed.claims.len(), "{conflict:?}");
    }
}

/// A reader that gives one byte at a time.
struct Dripping<'d> {
    inner: Cursor<&'d [u8]>,
}

impl Read for Dripping<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let end = into.len().min(1);
        self.inner.read(&mut into[..end])
    }
}

impl Seek for Dripping<'_> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.inner.seek(to)
    }
}
