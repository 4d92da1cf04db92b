//! A file on disk: what it says itself, else what an image with its bytes says, else what looks like it.
//!
//! - Works for files that no scan has seen. Never: what only looks like the file told as if it were the file.

use std::path::Path;

use stemmata::crawl::scan::{self, Inspected};
use stemmata::entity::{MediaIdentity, MetaState};
use stemmata::fingerprint::{self, PictureLimits};
use stemmata::link::copies::{Ground, MatchClass, SimilarOptions, SimilarQuery, similar};
use stemmata::link::{ImageRef, Spoken, Trace, TraceOther, Via};
use stemmata::parse::{Container, Limits, Parsed};

use super::{Tracing, said};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::near;
use crate::cli::scan::DECODER;
use crate::cli::similar::look_of;
use crate::cli::target::{self, Found};

/// Images that look like the file and are asked what made them.
const MOST_LOOKS: usize = 20;

/// Other images told of one file.
const MOST_OTHERS: usize = 5;

impl Tracing<'_> {
    /// Traces a file that is there.
    pub(super) fn file(&mut self, path: &Path) -> Result<Trace, Failure> {
        let name = path.to_string_lossy().into_owned();
        let known = match path.to_str() {
            Some(text) => target::local(self.catalog, text)?,
            None => self.by_path(path)?,
        };
        let Inspected { content, parsed, .. } = scan::inspect(path, &Limits::default(), Some(DECODER))
            .map_err(|error| Failure::file(format!("reading {name}"), &error))?;
        let is_picture = !matches!(parsed.container, Container::Unknown | Container::Sidecar);
        match known {
            // A document that was imported describes another picture.
            Some(found) if !is_picture => return self.of_image(&name, found, None),
            _ if !is_picture && parsed.claims.is_empty() => return Err(no_picture(&name)),
            _ => {}
        }
        if !parsed.resources.is_empty() || parsed.remix_of.is_some() {
            return self.spoken(&name, &parsed, known);
        }
        if let Some(trace) = self.with_the_bytes(&name, content, known)? {
            return Ok(trace);
        }
        if let Some(trace) = self.with_the_looks(path, &name, known)? {
            return Ok(trace);
        }
        Err(nothing_known(&name))
    }

    fn spoken(&mut self, name: &str, parsed: &Parsed, known: Option<Found>) -> Result<Trace, Failure> {
        let image = known.map(|found| found.key);
        let spoken = Spoken { uses: &parsed.resources, remix_of: parsed.remix_of, image };
        let mut trace = self.tracer.spoken(name, &spoken)?;
        if self.why {
            trace.explain(|_, resource| said::in_file(parsed, resource));
        }
        Ok(trace)
    }

    /// What another image with exactly these bytes says.
    fn with_the_bytes(
        &mut self,
        name: &str,
        content: Option<[u8; 32]>,
        known: Option<Found>,
    ) -> Result<Option<Trace>, Failure> {
        let Some(content) = content else { return Ok(None) };
        let by_content = self.catalog.media_by_identity(&MediaIdentity::Content(content))?;
        let by_image = known.map(|found| self.catalog.media_of_image(found.key)).transpose()?.flatten();
        let mut keys = Vec::new();
        for media in by_content.into_iter().chain(by_image) {
            keys.extend(self.catalog.images_of_media(media)?);
        }
        keys.retain(|key| known.is_none_or(|known| known.key != *key));
        keys.sort_unstable();
        keys.dedup();
        let candidates = keys.into_iter().map(|key| (Found { key, via: Via::SameBytes }, None)).collect();
        self.first_that_speaks(name, candidates)
    }

    /// What the nearest of the images says that look like this file.
    fn with_the_looks(
        &mut self,
        path: &Path,
        name: &str,
        known: Option<Found>,
    ) -> Result<Option<Trace>, Failure> {
        // A picture that cannot be decoded, or is flat, looks like nothing.
        let Ok(described) = fingerprint::of_file(path, &PictureLimits::default()) else { return Ok(None) };
        if self.ground.get().is_none() {
            let ground = Ground::open(near::reader(self.catalog), &self.near)?;
            self.ground.get_or_init(|| ground);
        }
        let Some(ground) = self.ground.get() else { return Ok(None) };
        let look = Some(look_of(described));
        let query = SimilarQuery { look, media: None, target: known.map(|found| found.key) };
        let options = SimilarOptions { limit: MOST_LOOKS, ..SimilarOptions::default() };
        let report = similar(ground, &query, options)?;
        let candidates = report
            .hits
            .iter()
            .filter_map(|hit| {
                let distance = hit.verdict.distance();
                let (via, distance) = match hit.verdict.class {
                    MatchClass::SameBytes => (Via::SameBytes, None),
                    MatchClass::SamePixels => (Via::SamePixels, None),
                    MatchClass::ReEncode | MatchClass::Edited | MatchClass::Upscaled => {
                        (Via::NearDuplicate, Some(distance))
                    }
                    MatchClass::Candidate => (Via::Blurhash, Some(distance)),
                    // What is no copy says nothing of how this one was made.
                    MatchClass::LookAlike | MatchClass::SameSettings | MatchClass::OtherModel => return None,
                };
                Some((Found { key: hit.key, via }, distance))
            })
            .collect();
        self.first_that_speaks(name, candidates)
    }

    /// The trace of the first image that knows anything, with the others beside it.
    fn first_that_speaks(
        &mut self,
        name: &str,
        mut candidates: Vec<(Found, Option<f64>)>,
    ) -> Result<Option<Trace>, Failure> {
        for position in 0..candidates.len() {
            let Some((found, distance)) = candidates.get(position).copied() else { break };
            let mut trace = self.of_image(name, found, distance)?;
            if !speaks(&trace) {
                continue;
            }
            candidates.remove(position);
            for (other, distance) in candidates.into_iter().take(MOST_OTHERS) {
                let image = self.catalog.image_name(other.key)?.map(ImageRef);
                trace.others.extend(image.map(|image| TraceOther { image, via: other.via, distance }));
            }
            return Ok(Some(trace));
        }
        Ok(None)
    }
}

/// Whether a trace says anything about how the image came about.
fn speaks(trace: &Trace) -> bool {
    let says = !trace.resources.is_empty() || !trace.posted_for.is_empty() || !trace.made_from.is_empty();
    says && trace.state != MetaState::Hidden
}

fn no_picture(name: &str) -> Failure {
    let words = format!("{name} is no picture or video that Stemmata can read, and no sidecar of one");
    Failure::new(Exit::NotFound, "trace.no_picture", words)
}

fn nothing_known(name: &str) -> Failure {
    let words = format!(
        "nothing is known of what made {name}: its metadata names no model, and no image of the catalog with the same \
         bytes or the same look does"
    );
    Failure::new(Exit::NotFound, "trace.nothing_known", words).hint(
        "`stemmata show FILE` prints what the file says; a crawl of the site's images, or `stemmata scan --hash` of your \
         folders, may bring its original",
    )
}
