//! What pixels look like, as `show` prints it.

use serde::Serialize;
use stemmata::catalog::{Looked, PixelOrigin, StoredFingerprint};
use stemmata::entity::FINGERPRINT_ALGORITHM;

/// What looking at the pixels of an image gave.
#[derive(Serialize)]
pub(super) struct Pixels<'a> {
    algorithm: u32,
    /// `file`, `original`, or `preview`: a smaller rendition, whose bytes and pixels are not those of the image.
    origin: &'static str,
    /// The width that was asked for, of a preview.
    preview_width: Option<u32>,
    /// The BlurHash of these pixels; the site's own stands beside it.
    blurhash: Option<&'a str>,
    width: Option<u32>,
    height: Option<u32>,
    /// Too flat to be compared.
    flat: Option<bool>,
    /// Double gradient and DCT signs, 64 bits each, in hexadecimal.
    code: Option<String>,
    /// BLAKE3 of the decoded pixels.
    pixels: Option<String>,
    /// BLAKE3 of the coded picture without its metadata.
    coded: Option<String>,
    /// Why there are no numbers.
    failure: Option<&'a str>,
}

impl<'a> Pixels<'a> {
    pub(super) fn new(stored: &'a StoredFingerprint) -> Self {
        let (seen, failure) = match &stored.looked {
            Looked::Seen(fingerprint) => (Some(fingerprint), None),
            Looked::Failed(reason) => (None, Some(reason.as_str())),
        };
        let preview_width = match stored.origin {
            PixelOrigin::Preview { width } => Some(width),
            PixelOrigin::File | PixelOrigin::Original => None,
        };
        Self {
            algorithm: FINGERPRINT_ALGORITHM,
            origin: stored.origin.as_str(),
            preview_width,
            blurhash: stored.blurhash.as_deref(),
            width: seen.map(|seen| seen.width),
            height: seen.map(|seen| seen.height),
            flat: seen.map(|seen| seen.is_flat()),
            code: seen.map(|seen| seen.code().map(|word| format!("{word:016x}")).concat()),
            pixels: seen.and_then(|seen| seen.pixels.as_ref().map(hex)),
            coded: seen.and_then(|seen| seen.coded.as_ref().map(hex)),
            failure,
        }
    }

    /// One line for people.
    pub(super) fn text(&self) -> String {
        if let Some(failure) = self.failure {
            return failure.to_owned();
        }
        let code = self.code.as_deref().unwrap_or_default();
        let origin = match (self.origin, self.preview_width) {
            ("preview", Some(width)) => format!(", from a preview {width} wide"),
            _ => String::new(),
        };
        let flat = if self.flat == Some(true) { ", too flat to compare" } else { "" };
        format!("{code}{origin}{flat}")
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
