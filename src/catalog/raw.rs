//! Items as received, packed: a zstd frame of an RFC 7464 JSON text sequence.
//!
//! - In: texts of JSON items. Out: one block, and the texts again.
//! - Each text stands between U+001E, which no JSON text can hold outside a string escape, and a line feed; so
//!   `zstd -d` of a block is readable as it is.

use std::io::Read;

use super::{CatalogError, Result};

/// Level of zstd: 1 packs generated records about five times smaller at several hundred MB/s a core.
const LEVEL: i32 = 1;

/// Most bytes that a block may unpack to; no block that was written here comes near it.
const MAX_UNPACKED_BYTES: u64 = 2 << 30;

const RECORD_SEPARATOR: u8 = 0x1E;

/// Which reading of raw records the catalog holds; part of [`raw_hash`], so that an unchanged document is read
/// again by a later reader.
const READING: u32 = 2;

/// Raw records, packed for storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawBlock {
    /// How many texts it holds.
    pub items: u32,
    /// The zstd frame.
    pub data: Vec<u8>,
}

impl RawBlock {
    /// Packs texts; the n-th of them gets position n, from 0.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Raw`] when zstd fails.
    pub fn pack(texts: &[&str]) -> Result<Self> {
        let bytes = texts.iter().map(|text| text.len() + 2).sum();
        let mut sequence = Vec::with_capacity(bytes);
        for text in texts {
            sequence.push(RECORD_SEPARATOR);
            sequence.extend_from_slice(text.as_bytes());
            sequence.push(b'\n');
        }
        let data = pack(&sequence)?;
        Ok(Self { items: u32::try_from(texts.len()).unwrap_or(u32::MAX), data })
    }

    /// Unpacks the texts.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Raw`] when the block is damaged, is not UTF-8, or unpacks to more than 2 GiB.
    pub fn unpack(data: &[u8]) -> Result<Vec<String>> {
        unpack(data)?
            .split(|byte| *byte == RECORD_SEPARATOR)
            .skip(1)
            .map(|text| {
                let text = text.strip_suffix(b"\n").unwrap_or(text);
                String::from_utf8(text.to_vec())
                    .map_err(|error| CatalogError::Raw(std::io::Error::other(error)))
            })
            .collect()
    }
}

/// Shows each text of a block with its position. What is not UTF-8 is passed over.
///
/// # Errors
///
/// [`CatalogError::Raw`] when the block is damaged or unpacks to more than 2 GiB.
pub(super) fn for_each_text(data: &[u8], mut visit: impl FnMut(u32, &str)) -> Result<()> {
    let texts = unpack(data)?;
    for (position, text) in (0..).zip(texts.split(|byte| *byte == RECORD_SEPARATOR).skip(1)) {
        if let Ok(text) = std::str::from_utf8(text) {
            visit(position, text);
        }
    }
    Ok(())
}

/// Packs bytes as a zstd frame.
pub(super) fn pack(bytes: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL).map_err(CatalogError::Raw)
}

/// Unpacks a zstd frame of at most 2 GiB.
pub(super) fn unpack(data: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let decoder = zstd::stream::Decoder::new(data).map_err(CatalogError::Raw)?;
    decoder.take(MAX_UNPACKED_BYTES).read_to_end(&mut bytes).map_err(CatalogError::Raw)?;
    Ok(bytes)
}

/// Tells apart two versions of one document: 64 bits of a BLAKE3 over the text and the number of the reading.
pub fn raw_hash(text: &str) -> i64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&READING.to_le_bytes());
    hasher.update(text.as_bytes());
    let mut head = [0_u8; 8];
    hasher.finalize_xof().fill(&mut head);
    i64::from_le_bytes(head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_damaged_block_is_an_error() {
        assert!(matches!(RawBlock::unpack(b"not zstd"), Err(CatalogError::Raw(_))));
    }

    proptest! {
        #[test]
        fn texts_come_back_as_they_were(texts in proptest::collection::vec("[^\u{1E}]{0,40}", 0..9)) {
            let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
            let block = RawBlock::pack(&borrowed).expect("packs");
            prop_assert_eq!(block.items as usize, texts.len());
            prop_assert_eq!(RawBlock::unpack(&block.data).expect("unpacks"), texts);
        }
    }
}
