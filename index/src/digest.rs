//! Hashes that stay the same from one build to the next: of whole documents, to compare an index with its source, and
//! of words.
//!
//! Never: safe against somebody who wants two texts to have one hash.

use crate::document::Document;

/// Odd numbers without a pattern, from the digits of pi.
const MIX: [u64; 2] = [0x2437_6A88_85A3_08D3, 0x1319_8A2E_0370_7345];

/// Takes bytes and numbers in order.
#[derive(Clone, Debug)]
pub(crate) struct Hasher(u64);

impl Hasher {
    pub(crate) fn new() -> Self {
        Self(MIX[0])
    }

    pub(crate) fn number(&mut self, value: u64) {
        let product = u128::from(self.0 ^ value) * u128::from(MIX[1] | 1);
        self.0 = (product as u64 ^ (product >> 64) as u64).rotate_left(23).wrapping_add(MIX[0]);
    }

    /// Takes bytes and how many they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.number(u64::from_le_bytes(*word));
        }
        self.number(match bytes.last_chunk::<8>() {
            // The rest and some bytes before it, which are shifted out.
            Some(last) => {
                let before = u64::BITS - 8 * rest.len() as u32;
                u64::from_le_bytes(*last).checked_shr(before).unwrap_or(0)
            }
            None => rest.iter().rev().fold(0, |last, byte| last << 8 | u64::from(*byte)),
        });
        self.number(bytes.len() as u64);
    }

    pub(crate) fn finish(&self) -> u64 {
        let mut value = self.0;
        value = (value ^ (value >> 31)).wrapping_mul(0x7FB5_D329_728E_A185);
        value = (value ^ (value >> 27)).wrapping_mul(0x81DA_DEF4_BC2D_D44D);
        value ^ (value >> 33)
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.bytes(text.as_bytes()),
            None => self.number(u64::MAX),
        }
    }

    fn optional(&mut self, value: Option<u64>) {
        self.number(u64::from(value.is_some()));
        self.number(value.unwrap_or_default());
    }
}

/// The hash of some bytes.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = Hasher::new();
    hasher.bytes(bytes);
    hasher.finish()
}

impl Document {
    /// A number that follows from everything in the document, the same in every build of this format. Two documents
    /// that differ have different digests but for one chance in four thousand million.
    pub fn digest(&self) -> u32 {
        let mut hasher = Hasher::new();
        hasher.number(self.key.cast_unsigned());
        for value in [
            self.image,
            self.media,
            self.model,
            self.width,
            self.height,
            self.steps,
            self.clip_skip,
            self.post,
            self.nsfw_bits,
            self.likes,
            self.reactions,
            self.comments,
            self.created_ms.map(i64::cast_unsigned),
            self.seed.map(i64::cast_unsigned),
            self.cfg.map(f64::to_bits),
            self.denoise.map(f64::to_bits),
            self.upscale_percent,
            self.traits.map(|traits| {
                u64::from(traits.workflow) | u64::from(traits.c2pa) << 1 | u64::from(traits.trained) << 2
            }),
        ] {
            hasher.optional(value);
        }
        for text in [
            &self.prompt,
            &self.negative,
            &self.sampler,
            &self.scheduler,
            &self.base_model,
            &self.username,
            &self.tool,
            &self.media_type,
            &self.source,
        ] {
            hasher.text(text.as_deref());
        }
        hasher.number(self.names.len() as u64);
        for (kind, name) in &self.names {
            hasher.number(*kind as u64);
            hasher.bytes(name.as_bytes());
        }
        hasher.number(self.resources.len() as u64);
        for used in &self.resources {
            hasher.number(used.id);
            hasher.optional(used.weight.map(f64::to_bits));
        }
        hasher.number(self.posted_for.len() as u64);
        for version in &self.posted_for {
            hasher.number(*version);
        }
        hasher.finish() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::Hasher;

    #[test]
    fn bytes_are_taken_eight_at_a_time_and_filled_up_with_zeros() {
        let all: Vec<u8> = (1..=40).collect();
        for length in 0..=all.len() {
            let (mut one, mut other) = (Hasher::new(), Hasher::new());
            one.bytes(&all[..length]);
            let mut filled = all[..length].to_vec();
            filled.resize(length / 8 * 8 + 8, 0);
            for eight in filled.as_chunks::<8>().0 {
                other.number(u64::from_le_bytes(*eight));
            }
            other.number(length as u64);
            assert_eq!(one.finish(), other.finish(), "{length}");
        }
    }
}
