//! The host of the pictures: `ACCOUNT/KEY/TRANSFORM/NAME`, painted for whoever asks.
//!
//! What a picture shows follows from the last group of its key, so that two keys can be of one picture.

use stemmata::entity::MediaKey;

use super::super::paint;
use super::wire::{Reply, Request};

/// Size of what was uploaded, in pixels.
pub(crate) const ORIGINAL: (u32, u32) = (208, 304);

/// What a key shows.
pub(crate) fn seed_of(key: &str) -> u64 {
    key.rsplit('-').next().and_then(|group| u64::from_str_radix(group, 16).ok()).unwrap_or(0)
}

/// The bytes that were uploaded under a key.
pub(crate) fn original(key: &str) -> Vec<u8> {
    paint::png(&paint::paint(seed_of(key), ORIGINAL.0, ORIGINAL.1))
}

/// The picture that is asked for; `None` for any other path.
pub(super) fn reply(request: &Request) -> Option<Reply> {
    let parts: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let [_, key, transform, _] = parts.as_slice() else { return None };
    MediaKey::parse(key)?;
    if *transform == "original=true" {
        return Some(Reply { kind: "image/png", ..Reply::bytes(200, original(key)) });
    }
    let width: u32 = transform.strip_prefix("width=")?.parse().ok()?;
    let width = width.min(ORIGINAL.0);
    let picture = paint::paint(seed_of(key), width, width * ORIGINAL.1 / ORIGINAL.0);
    Some(Reply { kind: "image/jpeg", ..Reply::bytes(200, paint::jpeg(&picture, 85)) })
}
