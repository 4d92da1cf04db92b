//! Pictures of the site, looked at: the smallest rendition that serves, described, and its bytes dropped.
//!
//! - In: media of the catalog that nobody has looked at, one paced client for the host that serves them, and somebody
//!   who can decode. Out: their fingerprints, committed every few pictures, so that a run can be stopped anywhere.
//! - What is not there, no picture, or too large is remembered for a time and not asked for again meanwhile.
//! - Never: another host than the client's, the original unless asked for, more than one picture in memory for each
//!   request under way, a file overwritten.
//!
//! A rendition is resized and encoded again by the site: its fingerprint shows likeness, and never says that bytes or
//! pixels are the same.

mod address;
mod agenda;
mod keep;
mod verdict;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::path::PathBuf;

use tokio::task::JoinSet;

use super::error::CrawlError;
use super::scan::pixels::{Described, Describer};
use crate::catalog::{Catalog, Failures, Looked, MediaId, NewFingerprint, PixelOrigin, RemoteMedia};
use crate::fetch::{Client, FetchError, Traffic};
use crate::run::{Counted, RunContext};

use agenda::Agenda;
pub use keep::KeepError;
use verdict::{Verdict, judge};

/// Where the site serves pictures.
pub const DEFAULT_MEDIA_BASE: &str = "https://image.civitai.com";

/// The width that is asked for unless another is, in pixels.
///
/// A fingerprint is made of 64x64 averages, of which a picture of this width has at least seven samples a side each;
/// and the site showed every picture of a model page at it for years, so that its edge is likely to have it.
pub const DEFAULT_PREVIEW_WIDTH: u32 = 450;

/// The widths at which the site's own pages show pictures.
pub const PREVIEW_WIDTHS: [u32; 8] = [96, 320, 450, 512, 800, 1200, 1600, 2200];

/// Pictures in one batch: what a killed run has to do again.
const BATCH: usize = 16;

/// Failures in a row after which it is not the pictures that fail.
const MOST_FAILURES_IN_A_ROW: u32 = 8;

/// Tries that one picture gets; a host that asks to slow down gets more patience.
const FEW_TRIES: u32 = 3;

/// Failures that are kept by name; the others are only counted.
const MAX_NAMED_FAILURES: usize = 1000;

/// What is asked for of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendition {
    /// Resized to this width.
    Preview {
        /// In pixels.
        width: u32,
    },
    /// As it was uploaded.
    Original,
}

impl Rendition {
    fn origin(self) -> PixelOrigin {
        match self {
            Self::Preview { width } => PixelOrigin::Preview { width },
            Self::Original => PixelOrigin::Original,
        }
    }
}

/// Which pictures.
#[derive(Clone, Debug)]
pub enum MediaChoice {
    /// All that are known.
    All,
    /// These.
    These(Vec<MediaId>),
}

/// How to look at pictures of the site.
#[derive(Clone, Debug)]
pub struct MediaOptions {
    /// What to ask for.
    pub rendition: Rendition,
    /// Which pictures.
    pub choice: MediaChoice,
    /// Pictures to ask for at most.
    pub most: Option<u64>,
    /// Whether failures that still spare a try are tried all the same.
    pub failures: Failures,
    /// Who computes.
    pub describer: Describer,
    /// A folder for the bytes, under names that are their hashes; `None`: they are dropped.
    pub keep: Option<PathBuf>,
    /// Requests under way at once; at least 1.
    pub in_flight: usize,
}

/// What looking at pictures of the site gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MediaReport {
    /// Pictures that were asked for.
    pub asked: u64,
    /// Pictures that have a fingerprint now and had none, or another.
    pub fingerprinted: u64,
    /// Those of them that are too flat to be compared.
    pub flat: u64,
    /// Pictures that look as was known.
    pub unchanged: u64,
    /// Of the chosen ones, those of which enough is known, or which failed not long ago.
    pub spared: u64,
    /// Videos and sounds, which are left alone.
    pub moving: u64,
    /// Of the chosen ones, those that lie elsewhere or have no address.
    pub elsewhere: u64,
    /// Pictures whose bytes were kept.
    pub kept: u64,
    /// Pictures that could not be had or decoded.
    pub failed: u64,
    /// The first 1,000 of these.
    pub failures: Vec<MediaFailure>,
    /// How many failed for each reason.
    pub reasons: BTreeMap<String, u64>,
    /// What was sent and received.
    pub traffic: Traffic,
    /// The last batch that changed anything.
    pub generation: Option<u64>,
    /// Whether as many were asked for as were wanted, and there may be more.
    pub enough: bool,
    /// Whether somebody asked to stop before the end.
    pub interrupted: bool,
    /// Whether no more requests or bytes are allowed.
    pub budget_spent: bool,
}

/// One picture that could not be had, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaFailure {
    /// An image that shows it, as `image 501`, or its media key.
    pub what: String,
    /// What is wrong.
    pub reason: String,
}

/// Looks at pictures of the site, by media number.
///
/// # Errors
///
/// [`CrawlError::Media`] when the host refuses everything, cannot be reached or asks for more patience than there is;
/// [`CrawlError::Keep`] when bytes could not be kept; [`CrawlError::Catalog`]. What was committed before stays, and the
/// next run goes on from there.
pub async fn crawl_media(
    client: &Client,
    catalog: &mut Catalog,
    options: &MediaOptions,
    context: &RunContext,
) -> Result<MediaReport, CrawlError> {
    let mut run = Run {
        client,
        options,
        context,
        agenda: Agenda::new(options, context),
        report: MediaReport::default(),
        in_a_row: 0,
    };
    let total = run.agenda.total(catalog)?;
    context.progress.begin("media", Some(options.most.map_or(total, |most| most.min(total))));
    let ended = run.all(catalog).await;
    context.progress.end();
    let mut report = run.report;
    report.traffic = client.traffic();
    match ended {
        Ok(()) => Ok(report),
        Err(Ended::Fetch(FetchError::Cancelled)) => Ok(MediaReport { interrupted: true, ..report }),
        Err(Ended::Fetch(FetchError::BudgetSpent { .. })) => Ok(MediaReport { budget_spent: true, ..report }),
        Err(Ended::Fetch(source)) => Err(CrawlError::Media { report: Box::new(report), source }),
        Err(Ended::Other(error)) => Err(error),
    }
}

/// Why no more pictures are asked for.
enum Ended {
    Fetch(FetchError),
    Other(CrawlError),
}

impl<E: Into<CrawlError>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// What came of one picture.
struct Done {
    remote: RemoteMedia,
    verdict: Verdict,
}

struct Run<'a> {
    client: &'a Client,
    options: &'a MediaOptions,
    context: &'a RunContext,
    agenda: Agenda,
    report: MediaReport,
    in_a_row: u32,
}

impl Run<'_> {
    async fn all(&mut self, catalog: &mut Catalog) -> Result<(), Ended> {
        loop {
            let mut batch = Vec::new();
            while batch.len() < BATCH && self.agenda.has_room(self.report.asked + batch.len() as u64) {
                let Some(remote) = self.agenda.next(catalog, &mut self.report)? else { break };
                batch.push(remote);
            }
            if batch.is_empty() {
                self.report.enough = !self.agenda.has_room(self.report.asked);
                return Ok(());
            }
            let (done, ended) = self.fetch(batch).await;
            self.store(catalog, done)?;
            match ended {
                Some(ended) => return Err(ended),
                None if self.context.cancel.is_requested() => {
                    return Err(Ended::Fetch(FetchError::Cancelled));
                }
                None => {}
            }
        }
    }

    /// Asks for the pictures of one batch, a few at once; those that were answered, by media number, and why it ended
    /// before its time.
    async fn fetch(&mut self, batch: Vec<RemoteMedia>) -> (Vec<Done>, Option<Ended>) {
        let mut waiting = VecDeque::from(batch);
        let mut tasks = JoinSet::new();
        let mut done: Vec<Done> = Vec::new();
        let mut ended = None;
        loop {
            while ended.is_none() && tasks.len() < self.options.in_flight.max(1) {
                let Some(remote) = waiting.pop_front() else { break };
                let one = One {
                    client: self.client.clone(),
                    context: self.context.clone(),
                    describer: self.options.describer,
                    rendition: self.options.rendition,
                    keep: self.options.keep.clone(),
                };
                self.report.asked += 1;
                tasks.spawn(async move {
                    let came = one.look(&remote).await;
                    (remote, came)
                });
            }
            let Some(joined) = tasks.join_next().await else { break };
            let (remote, came) = joined.expect("a task is neither aborted nor does it panic");
            self.context.progress.advance(1);
            match came {
                Ok(verdict) => {
                    let ends = self.ends(&verdict);
                    done.push(Done { remote, verdict });
                    if let Some(error) = ends {
                        ended.get_or_insert(Ended::Fetch(error));
                    }
                }
                Err(error) => {
                    self.report.asked = self.report.asked.saturating_sub(1);
                    ended.get_or_insert(error);
                }
            }
        }
        done.sort_by_key(|one| one.remote.media);
        (done, ended)
    }

    /// Counts failures in a row that may be the host's, and gives the last one when there are too many.
    fn ends(&mut self, verdict: &Verdict) -> Option<FetchError> {
        let Verdict::Failed { suspect, .. } = verdict else {
            self.in_a_row = 0;
            return None;
        };
        match suspect {
            None => self.in_a_row = 0,
            Some(_) => self.in_a_row += 1,
        }
        let suspect = suspect.as_ref().filter(|_| self.in_a_row >= MOST_FAILURES_IN_A_ROW)?;
        suspect.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }

    fn store(&mut self, catalog: &mut Catalog, done: Vec<Done>) -> Result<(), CrawlError> {
        if done.is_empty() {
            return Ok(());
        }
        let now = self.context.clock.now();
        let mut failed = 0;
        let mut rows = Vec::with_capacity(done.len());
        for Done { remote, verdict } in done {
            let row = NewFingerprint {
                media: remote.media,
                origin: self.options.rendition.origin(),
                file: None,
                content: None,
                blurhash: None,
                looked: Looked::Failed(String::new()),
                expires_at: None,
            };
            rows.push(match verdict {
                Verdict::Seen { described, kept } => {
                    let Described { content, blurhash, fingerprint } = *described;
                    self.report.flat += u64::from(fingerprint.is_flat());
                    self.report.kept += u64::from(kept);
                    let looked = Looked::Seen(fingerprint);
                    NewFingerprint { content: Some(content), blurhash: Some(blurhash), looked, ..row }
                }
                Verdict::Failed { reason, spared_for, .. } => {
                    failed += 1;
                    self.context.progress.count(Counted::Failure, 1);
                    self.fail(&remote, &reason);
                    let expires_at = spared_for.and_then(|span| verdict::after(now, span));
                    NewFingerprint { looked: Looked::Failed(reason), expires_at, ..row }
                }
            });
        }
        let written = catalog.write_fingerprints("media", &self.client.base().to_string(), now, &rows)?;
        // A failure that says nothing new counts as unchanged there, and is told as a failure here.
        let all = written.changed + written.unchanged;
        let fresh = written.changed.min(all.saturating_sub(failed));
        self.report.fingerprinted += fresh;
        self.report.unchanged += all.saturating_sub(failed).saturating_sub(fresh);
        self.report.generation = written.generation.or(self.report.generation);
        Ok(())
    }

    fn fail(&mut self, remote: &RemoteMedia, reason: &str) {
        self.report.failed += 1;
        *self.report.reasons.entry(reason.to_owned()).or_default() += 1;
        if self.report.failures.len() < MAX_NAMED_FAILURES {
            let what = match remote.image.site_id() {
                Some(id) => format!("image {id}"),
                None => format!("media {}", remote.key),
            };
            self.report.failures.push(MediaFailure { what, reason: reason.to_owned() });
        }
    }
}

/// One picture: asked for, described, perhaps kept.
struct One {
    client: Client,
    context: RunContext,
    describer: Describer,
    rendition: Rendition,
    keep: Option<PathBuf>,
}

impl One {
    async fn look(self, remote: &RemoteMedia) -> Result<Verdict, Ended> {
        let Some(path) = address::path(&remote.url, remote.key, self.rendition) else {
            return Ok(Verdict::lasting("its address is none of the site's"));
        };
        let quick = self.client.get_picture(&path, Some(FEW_TRIES), &self.context).await;
        let fetched = match quick {
            // That is not for the picture to answer for.
            Err(FetchError::Throttled { .. } | FetchError::Connect { .. }) => {
                self.client.get_picture(&path, None, &self.context).await
            }
            fetched => fetched,
        };
        let bytes = match judge(fetched) {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(verdict)) => return Ok(verdict),
            Err(error) => return Err(Ended::Fetch(error)),
        };
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let Self { describer, keep, .. } = self;
        rayon::spawn(move || {
            let described = describer.of(&bytes).map(|described| {
                let kept = keep.map(|folder| keep::keep(&folder, &described.content, &bytes)).transpose();
                (described, kept)
            });
            // Nobody listens only if the run is over.
            drop(sender.send(described));
        });
        match receiver.await.expect("a picture that makes its decoder panic is caught") {
            Ok((described, Ok(kept))) => {
                Ok(Verdict::Seen { described: Box::new(described), kept: kept.unwrap_or(false) })
            }
            Ok((_, Err(error))) => Err(Ended::Other(CrawlError::Keep(error))),
            Err(reason) => Ok(Verdict::undecodable(reason)),
        }
    }
}
