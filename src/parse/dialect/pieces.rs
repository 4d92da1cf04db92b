//! The blocks of a file as texts, each under the word for its place.
//!
//! - In: raw blocks. Out: [`Piece`]s; those that hold JSON are read as JSON once, when somebody asks.
//! - One block may give several texts: the properties of an XMP packet are texts of their own.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use crate::parse::json::{self, Document, Json};
use crate::parse::{Block, Carrier, Limits, xmp};

/// One text of a file.
pub(in crate::parse) struct Piece<'t> {
    /// Its block, by its place in the extraction.
    pub(super) block: usize,
    /// The lower-cased word for its place: a keyword, or what [`place`] calls a tag.
    pub(super) place: String,
    /// The text.
    pub(super) text: &'t str,
    /// Where it stands in the block's text; `None` if it is that text.
    pub(super) within: Option<Range<usize>>,
    json: OnceCell<Option<Document<'t>>>,
}

/// A text that a block gives, before it is borrowed as a [`Piece`].
pub(in crate::parse) struct Source<'b> {
    block: usize,
    place: String,
    text: Cow<'b, str>,
    within: Option<Range<usize>>,
}

/// The texts of these blocks, in their order.
///
/// A packet of XMP gives its properties, each under its name without a prefix.
pub(in crate::parse) fn sources<'b>(blocks: &'b [Block], limits: &Limits) -> Vec<Source<'b>> {
    let mut found = Vec::with_capacity(blocks.len());
    for (block, raw) in blocks.iter().enumerate() {
        let Some(text) = raw.text() else { continue };
        if raw.carrier == Carrier::Xmp {
            // What is odd about the packet is reported with its provenance.
            for property in xmp::properties(&text, limits).0 {
                let (place, text) = (property.name.to_lowercase(), Cow::Owned(property.value));
                found.push(Source { block, place, text, within: Some(property.span) });
            }
            continue;
        }
        found.push(Source { block, place: place(&raw.carrier), text, within: None });
    }
    found
}

impl<'t> Piece<'t> {
    pub(in crate::parse) fn new(source: &'t Source<'_>) -> Self {
        Self {
            block: source.block,
            place: source.place.clone(),
            text: &source.text,
            within: source.within.clone(),
            json: OnceCell::new(),
        }
    }

    /// The object that this text is, if it starts as one.
    pub(super) fn object(&self, limits: &Limits) -> Option<&Json<'t>> {
        self.document(limits).map(|read| &read.root).filter(|root| root.is_object())
    }

    /// The JSON that this text starts with, if it starts with a bracket.
    pub(super) fn document(&self, limits: &Limits) -> Option<&Document<'t>> {
        let starts = || self.text.trim_start_matches(is_padding).starts_with(['{', '[']);
        let start = || self.text.find(|c| !is_padding(c)).unwrap_or_default();
        self.json
            .get_or_init(|| starts().then(|| json::parse_at(self.text, start(), limits)).flatten())
            .as_ref()
    }

    /// The JSON that somebody asked for before.
    pub(super) fn read_document(&self) -> Option<&Document<'t>> {
        self.json.get()?.as_ref()
    }

    /// Whether it stands at one of these places.
    pub(super) fn is_at(&self, places: &[&str]) -> bool {
        places.contains(&self.place.as_str())
    }
}

/// What writers leave before a text: blanks, NULs, a byte-order mark.
fn is_padding(c: char) -> bool {
    c.is_whitespace() || c == '\0' || c == '\u{feff}'
}

/// The lower-cased word for a place: keywords as they are, tags by their names.
fn place(carrier: &Carrier) -> String {
    let tag = |tag: u16| match tag {
        0x010d => "documentname".to_owned(),
        0x010e => "imagedescription".to_owned(),
        0x010f => "make".to_owned(),
        0x0110 => "model".to_owned(),
        0x0131 => "software".to_owned(),
        0x013b => "artist".to_owned(),
        0x927c => "makernote".to_owned(),
        0x9286 => "usercomment".to_owned(),
        0x9c9b => "xptitle".to_owned(),
        0x9c9c => "xpcomment".to_owned(),
        0x9c9d => "xpauthor".to_owned(),
        0x9c9e => "xpkeywords".to_owned(),
        0x9c9f => "xpsubject".to_owned(),
        other => format!("exif {other:04x}"),
    };
    match carrier {
        Carrier::PngText { keyword, .. } => keyword.trim().to_lowercase(),
        Carrier::Exif { tag: number, .. } => tag(*number),
        Carrier::Xmp => "xmp".to_owned(),
        Carrier::Iptc { record: 2, dataset: 120 } => "caption".to_owned(),
        Carrier::Iptc { record, dataset } => format!("iptc {record}:{dataset}"),
        Carrier::Comment => "comment".to_owned(),
        Carrier::C2pa => "c2pa".to_owned(),
        Carrier::Tag { name } => name.trim().to_lowercase(),
        Carrier::Stealth { .. } => "stealth".to_owned(),
        Carrier::Sidecar => "sidecar".to_owned(),
    }
}
