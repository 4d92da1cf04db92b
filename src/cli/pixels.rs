//! Pixels for whoever asks for fingerprints: who decodes, and the words for what came of it.

use std::path::PathBuf;

use stemmata::catalog::{Catalog, Failures};
use stemmata::crawl::scan::pixels::{self, Described, Describer, PixelOptions, PixelReport};
use stemmata::fingerprint::{self, PictureError, PictureLimits};
use stemmata::run::RunContext;

use super::failure::Failure;
use super::session::Session;
use super::summary::{Loss, Summary, grouped};

/// Who decodes pictures.
pub(crate) fn describer() -> Describer {
    Describer { most_bytes: PictureLimits::default().max_file_bytes, describe }
}

fn describe(bytes: &[u8]) -> Result<Described, String> {
    let described =
        fingerprint::of_bytes(bytes, &PictureLimits::default()).map_err(|error| reason(&error))?;
    let fingerprint::Described { content, fingerprint, blurhash, .. } = described;
    Ok(Described { content, blurhash, fingerprint })
}

/// The same words for every picture that fails in the same way.
fn reason(error: &PictureError) -> String {
    match error {
        PictureError::PixelCount { max_pixels, .. } => {
            format!("not between 1 and {} pixels", grouped(*max_pixels))
        }
        other => other.to_string(),
    }
}

/// Brings the fingerprints of the pictures below `paths` up to date, and counts that in `summary`.
///
/// # Errors
///
/// When the catalog cannot be read or written, or nothing below a path was ever scanned.
pub(crate) fn catch_up(
    catalog: &mut Catalog,
    paths: &[PathBuf],
    failures: Failures,
    session: &Session,
    run: &RunContext,
) -> Result<PixelReport, Failure> {
    let options = PixelOptions { describer: describer(), failures, threads: session.settings.jobs };
    Ok(pixels::fingerprint(catalog, paths, &options, run)?)
}

/// Adds what looking at pixels gave.
pub(crate) fn count(report: &PixelReport, summary: &mut Summary) {
    let counts = [
        ("fingerprinted", report.fingerprinted),
        ("too flat to compare", report.flat),
        ("looking as before", report.unchanged),
        ("taken over from copies", report.adopted),
        ("changed since the scan", report.stale),
        ("skipped videos", report.videos),
    ];
    summary.read.extend(counts.into_iter().filter(|(_, count)| *count > 0));
    summary.failed += report.failed;
    summary.failures.extend(report.failures.iter().map(|failure| Loss {
        place: failure.shown_path(),
        line: None,
        item: None,
        reason: failure.reason.clone(),
    }));
    summary.generation = report.generation.or(summary.generation);
    if report.interrupted {
        summary.end = "interrupted";
    }
}
