//! Raw blocks: the pieces of a file that carry metadata, verbatim, each with its place.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// What kind of file it is, by its bytes and never by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Container {
    /// PNG or APNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    WebP,
    /// AVIF.
    Avif,
    /// HEIF or HEIC.
    Heif,
    /// JPEG XL, boxed or bare.
    Jxl,
    /// GIF.
    Gif,
    /// TIFF.
    Tiff,
    /// BMP; holds no metadata.
    Bmp,
    /// MP4 or QuickTime.
    Mp4,
    /// Matroska or WebM.
    Matroska,
    /// A text file beside a picture: JSON, infotext, `key: value` lines, XMP.
    Sidecar,
    /// None of these.
    Unknown,
}

impl Container {
    /// The word that output uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::WebP => "webp",
            Self::Avif => "avif",
            Self::Heif => "heif",
            Self::Jxl => "jxl",
            Self::Gif => "gif",
            Self::Tiff => "tiff",
            Self::Bmp => "bmp",
            Self::Mp4 => "mp4",
            Self::Matroska => "matroska",
            Self::Sidecar => "sidecar",
            Self::Unknown => "unknown",
        }
    }
}

/// Where in a file a block stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carrier {
    /// A text chunk of a PNG (`tEXt`, `zTXt`, `iTXt` or `comf`) with its keyword as written, perhaps empty.
    PngText {
        /// The chunk's four letters.
        chunk: [u8; 4],
        /// The keyword as written.
        keyword: String,
    },
    /// One tag of an Exif block.
    Exif {
        /// Which directory: 0 for IFD0, 1 for the Exif directory, 3 for those that follow IFD0. GPS, which would be 2,
        /// is left alone.
        directory: u8,
        /// The tag's number, such as `0x9286` for `UserComment`.
        tag: u16,
    },
    /// An XMP packet; an extended one, its parts joined, is a block of its own.
    Xmp,
    /// One data set of IPTC-IIM.
    Iptc {
        /// Record number.
        record: u8,
        /// Data set number, such as 120 for the caption.
        dataset: u8,
    },
    /// A comment of a JPEG or a GIF.
    Comment,
    /// A C2PA manifest store (JUMBF).
    C2pa,
    /// A named value of a video or of a box: MP4 item or key, Matroska tag, `comf` box.
    Tag {
        /// The name as written: `prompt` of a key, `©cmt` of an item, `COMMENT` of a Matroska tag, `TITLE` and
        /// `WRITING_APP` of a Matroska segment, `comf` of that box.
        name: String,
    },
    /// Bits hidden in the pixels.
    Stealth {
        /// The signature found, such as `stealth_pngcomp`.
        signature: String,
    },
    /// A whole text file beside a picture.
    Sidecar,
}

impl fmt::Display for Carrier {
    /// `png tEXt parameters`, `exif 0x9286`, `xmp`, `iptc 2:120`, `comment`, `c2pa`, `tag prompt`, ...
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PngText { chunk, keyword } => {
                write!(f, "png {} {keyword}", String::from_utf8_lossy(chunk))
            }
            Self::Exif { directory, tag } => write!(f, "exif ifd{directory} 0x{tag:04x}"),
            Self::Xmp => f.write_str("xmp"),
            Self::Iptc { record, dataset } => write!(f, "iptc {record}:{dataset}"),
            Self::Comment => f.write_str("comment"),
            Self::C2pa => f.write_str("c2pa"),
            Self::Tag { name } => write!(f, "tag {name}"),
            Self::Stealth { signature } => write!(f, "stealth {signature}"),
            Self::Sidecar => f.write_str("sidecar"),
        }
    }
}

/// How the bytes of a block became its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Pure ASCII.
    Ascii,
    /// UTF-8, whatever was declared.
    Utf8,
    /// Latin-1.
    Latin1,
    /// UTF-16, big-endian.
    Utf16Be,
    /// UTF-16, little-endian.
    Utf16Le,
    /// Not text.
    Binary,
}

impl Encoding {
    /// The word that output uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ascii => "ascii",
            Self::Utf8 => "utf-8",
            Self::Latin1 => "latin-1",
            Self::Utf16Be => "utf-16be",
            Self::Utf16Le => "utf-16le",
            Self::Binary => "binary",
        }
    }
}

/// One raw block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it stands.
    pub carrier: Carrier,
    /// The bytes of the file that hold its payload, compressed or not; `0..0` where it lies in no one range.
    pub range: Range<u64>,
    /// The payload, unpacked and as bytes; never changed.
    pub bytes: Vec<u8>,
    /// How [`Self::text`] reads it.
    pub encoding: Encoding,
    /// Whether a limit or the end of the file cut it.
    pub truncated: bool,
}

impl Block {
    /// The payload as text: decoded by [`Self::encoding`], damaged sequences replaced; a byte-order mark and the NULs
    /// around the text are dropped.
    /// `None` for [`Encoding::Binary`].
    pub fn text(&self) -> Option<Cow<'_, str>> {
        let text = match self.encoding {
            Encoding::Binary => return None,
            Encoding::Ascii | Encoding::Utf8 => String::from_utf8_lossy(&self.bytes),
            Encoding::Latin1 => self.bytes.iter().copied().map(char::from).collect(),
            Encoding::Utf16Be => utf16(&self.bytes, u16::from_be_bytes).into(),
            Encoding::Utf16Le => utf16(&self.bytes, u16::from_le_bytes).into(),
        };
        Some(match text {
            Cow::Borrowed(text) => bare(text).into(),
            Cow::Owned(text) => match bare(&text) {
                bare if bare.len() == text.len() => text.into(),
                bare => bare.to_owned().into(),
            },
        })
    }
}

fn bare(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_matches('\0')
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// What a container holds, before anything of it is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extraction {
    /// What the file is, by its bytes.
    pub container: Container,
    /// Width as the header gives it, in pixels.
    pub width: Option<u32>,
    /// Height as the header gives it, in pixels.
    pub height: Option<u32>,
    /// The raw blocks, in the order of the file.
    pub blocks: Vec<Block>,
    /// What was damaged, cut or left alone.
    pub warnings: Vec<super::Warning>,
}
