//! The raw record of a picture on disk: its metadata blocks, verbatim, as one JSON text.
//!
//! - A payload that is UTF-8 is a JSON string, any other one is base64; so a batch's raw block is readable as it is.
//! - What was understood is not part of it: a better reader reads the blocks again.
//! - Never: where the file is, so that a file that moved has the same record.

use serde::{Deserialize, Serialize};

use super::base64;
use crate::parse::{Block, Carrier, Container, Encoding, Extraction, Warning};

/// The number of the shape of a record; counts breaking changes.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Record {
    scan: u32,
    container: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blake3: Option<String>,
    blocks: Vec<StoredBlock>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<StoredWarning>,
}

#[derive(Serialize, Deserialize)]
struct StoredBlock {
    carrier: StoredCarrier,
    range: [u64; 2],
    encoding: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredCarrier {
    PngText { chunk: String, keyword: String },
    Exif { directory: u8, tag: u16 },
    Xmp,
    Iptc { record: u8, dataset: u8 },
    Comment,
    C2pa,
    Tag { name: String },
    Stealth { signature: String },
    Sidecar,
}

#[derive(Serialize, Deserialize)]
struct StoredWarning {
    code: String,
    place: String,
    detail: String,
}

/// The record of what a file holds. `content` is a BLAKE3 of its bytes, where known.
pub fn write(extraction: &Extraction, content: Option<&[u8; 32]>) -> String {
    let record = Record {
        scan: FORMAT,
        container: extraction.container.as_str().to_owned(),
        width: extraction.width,
        height: extraction.height,
        blake3: content.map(|content| blake3::Hash::from_bytes(*content).to_string()),
        blocks: extraction.blocks.iter().map(stored_block).collect(),
        warnings: extraction.warnings.iter().map(stored_warning).collect(),
    };
    serde_json::to_string(&record).expect("strings and numbers always serialise")
}

/// What a record says that the file held; `None` if the text is no record of a scan.
///
/// Its warnings come back under the code `recorded`, with their own code in front of their words.
pub fn read(text: &str) -> Option<Extraction> {
    let record: Record = serde_json::from_str(text).ok()?;
    let container = container(&record.container)?;
    let blocks = record.blocks.into_iter().map(block).collect::<Option<_>>()?;
    let warnings = record.warnings.into_iter().map(|warning| Warning {
        code: "recorded",
        place: warning.place,
        detail: format!("{}: {}", warning.code, warning.detail),
    });
    Some(Extraction {
        container,
        width: record.width,
        height: record.height,
        blocks,
        warnings: warnings.collect(),
    })
}

fn stored_warning(warning: &Warning) -> StoredWarning {
    StoredWarning {
        code: warning.code.to_owned(),
        place: warning.place.clone(),
        detail: warning.detail.clone(),
    }
}

fn stored_block(block: &Block) -> StoredBlock {
    let text = std::str::from_utf8(&block.bytes).ok();
    StoredBlock {
        carrier: stored_carrier(&block.carrier),
        range: [block.range.start, block.range.end],
        encoding: block.encoding.as_str().to_owned(),
        truncated: block.truncated,
        text: text.map(str::to_owned),
        base64: text.is_none().then(|| base64::encode(&block.bytes)),
    }
}

fn block(stored: StoredBlock) -> Option<Block> {
    let [start, end] = stored.range;
    Some(Block {
        carrier: carrier(stored.carrier)?,
        range: start..end,
        encoding: encoding(&stored.encoding)?,
        truncated: stored.truncated,
        bytes: match (stored.text, stored.base64) {
            (Some(text), _) => text.into_bytes(),
            (None, Some(text)) => base64::decode(&text)?,
            (None, None) => return None,
        },
    })
}

fn stored_carrier(carrier: &Carrier) -> StoredCarrier {
    match carrier {
        Carrier::PngText { chunk, keyword } => StoredCarrier::PngText {
            chunk: chunk.iter().copied().map(char::from).collect(),
            keyword: keyword.clone(),
        },
        Carrier::Exif { directory, tag } => StoredCarrier::Exif { directory: *directory, tag: *tag },
        Carrier::Xmp => StoredCarrier::Xmp,
        Carrier::Iptc { record, dataset } => StoredCarrier::Iptc { record: *record, dataset: *dataset },
        Carrier::Comment => StoredCarrier::Comment,
        Carrier::C2pa => StoredCarrier::C2pa,
        Carrier::Tag { name } => StoredCarrier::Tag { name: name.clone() },
        Carrier::Stealth { signature } => StoredCarrier::Stealth { signature: signature.clone() },
        Carrier::Sidecar => StoredCarrier::Sidecar,
    }
}

fn carrier(stored: StoredCarrier) -> Option<Carrier> {
    Some(match stored {
        StoredCarrier::PngText { chunk, keyword } => {
            let letters: Option<Vec<u8>> = chunk.chars().map(|letter| u8::try_from(letter).ok()).collect();
            Carrier::PngText { chunk: letters?.try_into().ok()?, keyword }
        }
        StoredCarrier::Exif { directory, tag } => Carrier::Exif { directory, tag },
        StoredCarrier::Xmp => Carrier::Xmp,
        StoredCarrier::Iptc { record, dataset } => Carrier::Iptc { record, dataset },
        StoredCarrier::Comment => Carrier::Comment,
        StoredCarrier::C2pa => Carrier::C2pa,
        StoredCarrier::Tag { name } => Carrier::Tag { name },
        StoredCarrier::Stealth { signature } => Carrier::Stealth { signature },
        StoredCarrier::Sidecar => Carrier::Sidecar,
    })
}

/// Every container, so that a record's word finds its own.
const CONTAINERS: [Container; 13] = [
    Container::Png,
    Container::Jpeg,
    Container::WebP,
    Container::Avif,
    Container::Heif,
    Container::Jxl,
    Container::Gif,
    Container::Tiff,
    Container::Bmp,
    Container::Mp4,
    Container::Matroska,
    Container::Sidecar,
    Container::Unknown,
];

fn container(word: &str) -> Option<Container> {
    CONTAINERS.into_iter().find(|container| container.as_str() == word)
}

/// Every encoding.
const ENCODINGS: [Encoding; 6] = [
    Encoding::Ascii,
    Encoding::Utf8,
    Encoding::Latin1,
    Encoding::Utf16Be,
    Encoding::Utf16Le,
    Encoding::Binary,
];

fn encoding(word: &str) -> Option<Encoding> {
    ENCODINGS.into_iter().find(|encoding| encoding.as_str() == word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn carriers() -> Vec<Carrier> {
        vec![
            Carrier::PngText { chunk: *b"i\xffXt", keyword: "parameters".to_owned() },
            Carrier::Exif { directory: 1, tag: 0x9286 },
            Carrier::Xmp,
            Carrier::Iptc { record: 2, dataset: 120 },
            Carrier::Comment,
            Carrier::C2pa,
            Carrier::Tag { name: "prompt".to_owned() },
            Carrier::Stealth { signature: "stealth_pngcomp".to_owned() },
            Carrier::Sidecar,
        ]
    }

    proptest! {
        #[test]
        fn blocks_come_back_byte_for_byte(
            payloads in proptest::collection::vec((0..9_usize, 0..6_usize, any::<Vec<u8>>(), any::<bool>()), 0..5),
            container in 0..13_usize,
            width: Option<u32>,
        ) {
            let blocks = payloads.into_iter().map(|(carrier, encoding, bytes, truncated)| Block {
                carrier: carriers()[carrier].clone(),
                range: 3..u64::MAX,
                encoding: ENCODINGS[encoding],
                truncated,
                bytes,
            });
            let extraction = Extraction {
                container: CONTAINERS[container],
                width,
                height: None,
                blocks: blocks.collect(),
                warnings: Vec::new(),
            };
            let text = write(&extraction, Some(&[7; 32]));
            prop_assert_eq!(read(&text), Some(extraction));
        }
    }

    #[test]
    fn a_warning_comes_back_as_words() {
        let warning = Warning { code: "crc", place: "IEND".to_owned(), detail: "wrong".to_owned() };
        let extraction = Extraction {
            container: Container::Png,
            width: None,
            height: None,
            blocks: Vec::new(),
            warnings: vec![warning],
        };
        let back = read(&write(&extraction, None)).expect("a record");
        assert_eq!(back.warnings[0].to_string(), "IEND: crc: wrong");
    }

    #[test]
    fn other_documents_are_no_records() {
        for text in
            ["", "{}", "[]", r#"{"id":7,"url":"https://x"}"#, r#"{"scan":1,"container":"x","blocks":[]}"#]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
