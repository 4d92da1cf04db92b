//! Files beside a picture that describe it: text, JSON, XMP, C2PA.
//!
//! - In: the bytes of such a file, or the names of one folder. Out: its block, or who belongs to whom.
//! - A sidecar is weaker evidence than what stands in the picture: it may belong to an earlier file of that name.
//! - Never: a name taken from inside a file, a file opened.

use std::collections::BTreeMap;

use super::container::encoding;
use super::{Block, Carrier, Container, Encoding, Extraction, Limits, Warning};

/// What kind of sidecar a name promises, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SidecarKind {
    /// `x.swarm.json`: the JSON that SwarmUI else embeds.
    Swarm,
    /// `x.json`: a graph, or an object of a generator. Also `x.recipe.json`, which LoRA Manager writes.
    Json,
    /// `x.txt`: infotext, `label: value` lines, or only a caption.
    Text,
    /// `x.xmp`: an XMP packet.
    Xmp,
    /// `x.c2pa`: a C2PA manifest store.
    C2pa,
}

/// Endings of sidecars. The longest that fits counts, so they stand in that order.
const ENDINGS: [(&[u8], SidecarKind); 6] = [
    (b".swarm.json", SidecarKind::Swarm),
    (b".recipe.json", SidecarKind::Json),
    (b".json", SidecarKind::Json),
    (b".c2pa", SidecarKind::C2pa),
    (b".txt", SidecarKind::Text),
    (b".xmp", SidecarKind::Xmp),
];

/// Endings of pictures and videos.
const PICTURES: [&[u8]; 18] = [
    b".png", b".apng", b".jpg", b".jpeg", b".jpe", b".jfif", b".webp", b".avif", b".heic", b".heif", b".jxl",
    b".gif", b".tif", b".tiff", b".mp4", b".mov", b".webm", b".mkv",
];

/// Which kind of sidecar a name promises; `None` for any other file.
///
/// ```
/// use stemmata::parse::{SidecarKind, sidecar_kind};
/// assert_eq!(sidecar_kind(b"kite.Swarm.JSON"), Some(SidecarKind::Swarm));
/// assert_eq!(sidecar_kind(b"kite.png"), None);
/// ```
pub fn sidecar_kind(name: &[u8]) -> Option<SidecarKind> {
    stem(&folded(name)).map(|(_, kind)| kind)
}

/// Who belongs to whom among the names of one folder: places of a picture and of its sidecar.
///
/// A sidecar carries the name of its picture with another ending (`kite.txt`) or with one more (`kite.png.txt`), in
/// any case. A name with one more ending belongs to that picture only; one with another ending belongs to every
/// picture of its stem, since nobody can tell which was meant. Sorted by picture, then by kind, then by sidecar.
///
/// ```
/// let names: [&[u8]; 4] = [b"kite.png", b"KITE.TXT", b"kite.png.json", b"other.txt"];
/// assert_eq!(stemmata::parse::pair_sidecars(&names), [(0, 2), (0, 1)]);
/// ```
pub fn pair_sidecars<N: AsRef<[u8]>>(names: &[N]) -> Vec<(usize, usize)> {
    let folded: Vec<Vec<u8>> = names.iter().map(|name| folded(name.as_ref())).collect();
    let mut whole: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    let mut stems: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    for (place, name) in folded.iter().enumerate() {
        if let Some(stem) = PICTURES.iter().find_map(|ending| name.strip_suffix(*ending)) {
            whole.entry(name).or_default().push(place);
            stems.entry(stem).or_default().push(place);
        }
    }
    let mut pairs = Vec::new();
    for (sidecar, name) in folded.iter().enumerate() {
        let Some((stem, kind)) = stem(name) else { continue };
        let pictures = whole.get(stem).or_else(|| stems.get(stem));
        pairs.extend(pictures.into_iter().flatten().map(|picture| (*picture, kind, sidecar)));
    }
    pairs.sort_unstable();
    pairs.into_iter().map(|(picture, _, sidecar)| (picture, sidecar)).collect()
}

/// Reads a sidecar; `name` only helps where its bytes could be several things.
///
/// The container is always [`Container::Sidecar`]. What is no text and no manifest store gives a warning and no block.
pub fn sidecar(bytes: &[u8], name: &str, limits: &Limits) -> Extraction {
    let mut found = Extraction {
        container: Container::Sidecar,
        width: None,
        height: None,
        blocks: Vec::new(),
        warnings: Vec::new(),
    };
    let most = limits.max_block_bytes.min(limits.max_total_bytes);
    let kept = bytes.get(..usize::try_from(most).unwrap_or(usize::MAX)).unwrap_or(bytes);
    let truncated = kept.len() < bytes.len();
    let mut warn = |code, detail: String| {
        found.warnings.push(Warning { code, place: "sidecar".to_owned(), detail });
    };
    if truncated {
        warn("limit", format!("{} bytes; only the first {most} are kept", bytes.len()));
    }
    if kept.is_empty() {
        warn("empty", "the file is empty".to_owned());
        return found;
    }
    let mut block = |carrier, encoding| {
        let range = 0..kept.len() as u64;
        found.blocks.push(Block { carrier, range, bytes: kept.to_vec(), encoding, truncated });
    };
    let encoding = encoding(kept);
    if super::container::is_c2pa(kept) {
        block(Carrier::C2pa, Encoding::Binary);
    } else if !is_text(kept, encoding) {
        warn("not_text", "the file is neither text nor a manifest store".to_owned());
    } else if is_xmp(kept) || sidecar_kind(name.as_bytes()) == Some(SidecarKind::Xmp) {
        block(Carrier::Xmp, encoding);
    } else {
        block(Carrier::Sidecar, encoding);
    }
    found
}

/// Whether an XMP packet begins here.
fn is_xmp(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    text.starts_with(b"<?xpacket") || text.starts_with(b"<x:xmpmeta") || text.starts_with(b"<rdf:RDF")
}

/// Whether bytes of this encoding are text: control characters other than white space are rare in it.
fn is_text(bytes: &[u8], encoding: Encoding) -> bool {
    let odd = |byte: &&u8| **byte < 0x20 && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B);
    match encoding {
        Encoding::Utf16Be | Encoding::Utf16Le => true,
        Encoding::Binary => false,
        Encoding::Ascii | Encoding::Utf8 | Encoding::Latin1 => {
            bytes.iter().filter(odd).count() <= bytes.len() / 100
        }
    }
}

/// The name before a sidecar's ending, and its kind.
fn stem(folded: &[u8]) -> Option<(&[u8], SidecarKind)> {
    ENDINGS.iter().find_map(|(ending, kind)| Some((folded.strip_suffix(*ending)?, *kind)))
}

/// The name in lower case: letters of every script if it is UTF-8, else those of ASCII.
fn folded(name: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(name) => name.to_lowercase().into_bytes(),
        Err(_) => name.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], expected: &[(&str, &str)]) {
        let found: Vec<_> = pair_sidecars(names)
            .into_iter()
            .map(|(picture, sidecar)| (names[picture], names[sidecar]))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_sidecar_shares_the_stem_or_the_whole_name() {
        check(&["a.png", "a.txt", "b.txt", "a.png.bak"], &[("a.png", "a.txt")]);
        check(&["a.PNG", "A.Json"], &[("a.PNG", "A.Json")]);
        check(&["\u{c4}.png", "\u{e4}.xmp"], &[("\u{c4}.png", "\u{e4}.xmp")]);
        check(&["a.b.png", "a.b.txt", "a.txt"], &[("a.b.png", "a.b.txt")]);
        check(&["a.mp4", "a.json"], &[("a.mp4", "a.json")]);
        check(&["a.webp", "a.recipe.json"], &[("a.webp", "a.recipe.json")]);
        check(&["a.txt", "a.json"], &[]);
    }

    #[test]
    fn the_whole_name_says_which_of_two_pictures_is_meant() {
        check(&["a.png", "a.jpg", "a.jpg.txt"], &[("a.jpg", "a.jpg.txt")]);
        check(&["a.png", "a.jpg", "a.txt"], &[("a.png", "a.txt"), ("a.jpg", "a.txt")]);
    }

    #[test]
    fn the_most_telling_sidecar_comes_first() {
        check(
            &["a.txt", "a.json", "a.swarm.json", "a.png"],
            &[("a.png", "a.swarm.json"), ("a.png", "a.json"), ("a.png", "a.txt")],
        );
    }

    #[test]
    fn names_that_are_no_text_pair_by_their_bytes() {
        let names: [&[u8]; 3] = [b"\xFF.PNG", b"\xFF.txt", b"\xFE.txt"];
        assert_eq!(pair_sidecars(&names), [(0, 1)]);
    }

    #[test]
    fn a_sidecar_is_what_its_bytes_are() {
        let read = |bytes: &[u8], name: &str| sidecar(bytes, name, &Limits::default());
        let carrier =
            |bytes: &[u8], name: &str| read(bytes, name).blocks.first().map(|block| block.carrier.clone());
        assert_eq!(carrier(b"a kite\nSteps: 20", "a.txt"), Some(Carrier::Sidecar));
        assert_eq!(carrier(b"<x:xmpmeta/>", "a.txt"), Some(Carrier::Xmp));
        assert_eq!(carrier(b"<?xml version='1.0'?><a/>", "a.xmp"), Some(Carrier::Xmp));
        assert_eq!(read("\u{feff}a kite".as_bytes(), "a.txt").blocks[0].text().unwrap(), "a kite");
        assert_eq!(read(b"\xFF\xFEa\0b\0", "a.txt").blocks[0].text().unwrap(), "ab");
        assert_eq!(read(&[0, 1, 2, 3, 0xFF], "a.txt").warnings[0].code, "not_text");
        assert_eq!(read(b"", "a.txt").warnings[0].code, "empty");
        let short = Limits { max_block_bytes: 3, ..Limits::default() };
        let cut = sidecar(b"a kite", "a.txt", &short);
        assert!(cut.blocks[0].truncated && cut.blocks[0].bytes == b"a k" && cut.warnings[0].code == "limit");
    }
}
