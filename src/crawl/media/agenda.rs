//! Which pictures of the site to ask for next: by media number, a window at a time.

use std::collections::VecDeque;

use super::{MediaChoice, MediaOptions, MediaReport, Rendition, address};
use crate::catalog::{Catalog, MediaId, RemoteMedia, Wanted};
use crate::crawl::CrawlError;
use crate::entity::MediaType;
use crate::run::RunContext;

/// Media that are looked up at once.
const WINDOW: usize = 256;

/// Which pictures are left.
pub(super) struct Agenda {
    wanted: Wanted,
    most: Option<u64>,
    source: Source,
    window: VecDeque<RemoteMedia>,
}

enum Source {
    All { after: Option<MediaId>, is_over: bool },
    These(VecDeque<MediaId>),
}

impl Agenda {
    pub(super) fn new(options: &MediaOptions, context: &RunContext) -> Self {
        let source = match &options.choice {
            MediaChoice::All => Source::All { after: None, is_over: false },
            MediaChoice::These(media) => {
                let mut media = media.clone();
                media.sort_unstable();
                media.dedup();
                Source::These(media.into())
            }
        };
        let exact = options.rendition == Rendition::Original;
        let wanted = Wanted { exact, failures: options.failures, now: context.clock.now() };
        Self { wanted, most: options.most, source, window: VecDeque::new() }
    }

    /// Pictures at most, those included that move or turn out to be spared.
    pub(super) fn total(&self, catalog: &Catalog) -> Result<u64, CrawlError> {
        match &self.source {
            Source::All { .. } => Ok(catalog.wanted_media_count(self.wanted)?),
            Source::These(media) => Ok(media.len() as u64),
        }
    }

    pub(super) fn has_room(&self, asked: u64) -> bool {
        self.most.is_none_or(|most| asked < most)
    }

    pub(super) fn next(
        &mut self,
        catalog: &Catalog,
        report: &mut MediaReport,
    ) -> Result<Option<RemoteMedia>, CrawlError> {
        loop {
            let Some(remote) = self.window.pop_front() else {
                if !self.fill(catalog, report)? {
                    return Ok(None);
                }
                continue;
            };
            if is_moving(&remote) {
                report.moving += 1;
                continue;
            }
            return Ok(Some(remote));
        }
    }

    /// Fills the window; says whether there may be more.
    fn fill(&mut self, catalog: &Catalog, report: &mut MediaReport) -> Result<bool, CrawlError> {
        match &mut self.source {
            Source::All { is_over: true, .. } => Ok(false),
            Source::All { after, is_over } => {
                let found = catalog.wanted_media(*after, WINDOW, self.wanted)?;
                *after = found.last().map(|remote| remote.media).or(*after);
                *is_over = found.len() < WINDOW;
                self.window.extend(found);
                Ok(true)
            }
            Source::These(media) => {
                let Some(next) = media.pop_front() else { return Ok(false) };
                match catalog.remote_media(next, self.wanted)? {
                    Some((remote, true)) => self.window.push_back(remote),
                    Some((_, false)) => report.spared += 1,
                    None => report.elsewhere += 1,
                }
                Ok(true)
            }
        }
    }
}

/// Whether it is a video or a sound, by what the site says, or by the name of its file.
fn is_moving(remote: &RemoteMedia) -> bool {
    match remote.media_type {
        Some(MediaType::Video | MediaType::Audio) => true,
        Some(MediaType::Image) => false,
        Some(MediaType::Other) | None => address::is_moving(&remote.url),
    }
}
