//! The stored bytes behind an image.

use std::fmt;

/// The site's key for stored bytes: 32 hexadecimal digits in 8-4-4-4-12 groups.
///
/// Old keys are not valid RFC 9562 UUIDs, so only the pattern counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaKey([u8; 16]);

impl MediaKey {
    /// Reads the dashed form, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 36 {
            return None;
        }
        let mut key = [0_u8; 16];
        let mut digits = 0_usize;
        for (position, &byte) in bytes.iter().enumerate() {
            if matches!(position, 8 | 13 | 18 | 23) {
                if byte != b'-' {
                    return None;
                }
                continue;
            }
            let digit = u8::try_from(char::from(byte).to_digit(16)?).ok()?;
            let slot = key.get_mut(digits / 2)?;
            *slot = (*slot << 4) | digit;
            digits += 1;
        }
        Some(Self(key))
    }

    /// The 16 bytes that the digits spell.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Takes the 16 bytes as stored.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaKey({self})")
    }
}

/// What makes two pictures the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaIdentity {
    /// Stored by the site under this key.
    Key(MediaKey),
    /// On another host, under this canonical URL.
    Url(String),
    /// On disk, with this BLAKE3 of its bytes.
    Content([u8; 32]),
}

impl fmt::Display for MediaIdentity {
    /// `civitai-media:KEY`, the URL, or `blake3:DIGITS`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "civitai-media:{key}"),
            Self::Url(url) => url.fmt(f),
            Self::Content(bytes) => {
                f.write_str("blake3:")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

/// Stored bytes with what is known of them without reading them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// What makes it this media and no other.
    pub identity: MediaIdentity,
    /// The BlurHash as the source gave it, valid or not.
    pub blurhash: Option<String>,
    /// Width of the stored picture, in pixels.
    pub width: Option<u32>,
    /// Height of the stored picture, in pixels.
    pub height: Option<u32>,
}
