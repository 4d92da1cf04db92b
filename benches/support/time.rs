//! Places in a sequence in, times of the site's spelling out.

use jiff::Timestamp;

/// 2022-01-01, when the catalogue begins, in milliseconds since 1970.
const CATALOGUE_START_MS: i64 = 1_640_995_200_000;
/// 2023-01-01, when images begin: after every version was published.
const IMAGES_START_MS: i64 = 1_672_531_200_000;
/// 2023 to 2025, in milliseconds.
const IMAGES_SPAN_MS: u64 = 1096 * 86_400_000;
/// How far version ids may spread before their times do not rise any more, in minutes of one year.
const CATALOGUE_MINUTES: u64 = 365 * 1440;

/// When a version was published; later for higher ids, within 2022.
pub(crate) fn published(version: u64) -> String {
    spell(CATALOGUE_START_MS + (version.min(CATALOGUE_MINUTES - 1) * 60_000) as i64)
}

/// When image `index` of `total` was made; `noise_ms` spreads it within an hour or so.
pub(crate) fn created(index: u64, total: u64, noise_ms: u64) -> String {
    let share = u128::from(IMAGES_SPAN_MS) * u128::from(index) / u128::from(total.max(1));
    spell(IMAGES_START_MS + share as i64 + noise_ms as i64)
}

fn spell(milliseconds: i64) -> String {
    let time = Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}
