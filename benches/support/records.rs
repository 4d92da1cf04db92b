//! A seed and two counts in, records like the site's out: for benchmarks, tests and trials.
//!
//! - Input: a [`Plan`]. The same plan gives the same bytes, whatever is drawn first and on however many
//!   threads.
//! - Output: models (one JSON object each) and images (NDJSON, or pages as the site's listing has them).
//! - Never: files, clocks, threads, anybody's real records or prompts.
//!
//! The shape follows what public records look like: about 1.6 KB an image, three resources an image, one
//! LoRA in ten unknown to the catalogue, tags by Zipf's law.

use std::ops::Range;

mod blur;
mod images;
pub(crate) mod models;
mod rng;
mod time;
pub(crate) mod wire;
mod words;

use models::Catalogue;

/// How much to draw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Images; those of one plan have ascending ids and times.
    pub(crate) images: u64,
    /// Versions in the catalogue, at least one.
    pub(crate) versions: u64,
    /// Everything follows from this number.
    pub(crate) seed: u64,
}

/// A plan and all that its records draw from.
pub(crate) struct Records {
    catalogue: Catalogue,
    gallery: images::Gallery,
}

impl Records {
    /// Draws the catalogue and the vocabulary; images are drawn when asked for.
    pub(crate) fn new(plan: Plan) -> Self {
        let tags = (plan.images / 4).clamp(4_000, 180_000) as usize;
        let words = words::invented_words(plan.seed, tags / 3);
        let vocabulary = words::vocabulary(plan.seed, &words, tags);
        let catalogue = Catalogue::new(plan.seed, plan.versions);
        Self { catalogue, gallery: images::Gallery::new(plan, &words, vocabulary) }
    }

    /// The same records, where every image is made with versions of one checkpoint.
    #[must_use]
    pub(crate) fn of_one_checkpoint(mut self) -> Self {
        self.catalogue = self.catalogue.of_one_checkpoint();
        self
    }

    /// All that is published.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Every model as a line of JSON.
    ///
    /// # Errors
    ///
    /// None that these types can cause; serde's are handed on.
    pub(crate) fn models(&self) -> serde_json::Result<Vec<u8>> {
        let mut lines = Vec::new();
        for model in &self.catalogue.models {
            lines.extend(model.to_json()?);
            lines.push(b'\n');
        }
        Ok(lines)
    }

    /// The images of `range`, one a line.
    ///
    /// # Errors
    ///
    /// As [`Records::models`].
    pub(crate) fn images(&self, range: Range<u64>) -> serde_json::Result<Vec<u8>> {
        let mut lines = self.buffer(&range);
        self.gallery.draw(&self.catalogue, range, |image| {
            serde_json::to_writer(&mut lines, &image)?;
            lines.push(b'\n');
            Ok(())
        })?;
        Ok(lines)
    }

    /// Hands the images of `range` to `each`, in order.
    pub(crate) fn each_image(&self, range: Range<u64>, mut each: impl FnMut(&wire::Image<'_>)) {
        // The only failure would be one of `each`, which has none.
        let _ = self.gallery.draw(&self.catalogue, range, |image| {
            each(&image);
            Ok(())
        });
    }

    /// The images of `range` as one page of the site's listing, in one line.
    ///
    /// # Errors
    ///
    /// As [`Records::models`].
    pub(crate) fn page(&self, range: Range<u64>) -> serde_json::Result<Vec<u8>> {
        let mut page = self.buffer(&range);
        let end = range.end;
        page.extend_from_slice(b"{\"items\":[");
        let mut separator: &[u8] = b"";
        self.gallery.draw(&self.catalogue, range, |image| {
            page.extend_from_slice(separator);
            separator = b",";
            serde_json::to_writer(&mut page, &image)
        })?;
        page.extend_from_slice(format!("],\"metadata\":{{\"nextCursor\":\"{end}\"}}}}\n").as_bytes());
        Ok(page)
    }

    /// Which earlier image's stored bytes image `index` shows; its own index for most.
    pub(crate) fn media_of(&self, index: u64) -> u64 {
        self.gallery.media_of(index)
    }

    /// Of which earlier media image `index` shows a near-copy; [`Records::media_of`] it for most.
    pub(crate) fn picture_of(&self, index: u64) -> u64 {
        self.gallery.picture_of(self.gallery.media_of(index))
    }

    fn buffer(&self, range: &Range<u64>) -> Vec<u8> {
        const TYPICAL_IMAGE_BYTES: usize = 2_000;
        Vec::with_capacity((range.end.saturating_sub(range.start) as usize).min(10_000) * TYPICAL_IMAGE_BYTES)
    }
}
