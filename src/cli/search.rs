//! `search`: images by prompt, settings and models.

use std::io::Read as _;
use std::time::Instant;

use serde::Serialize;
use stemmata::entity::{PostId, Timestamp};
use stemmata::search::{self, FoundImage, Page, SearchError, SearchSettings};
use stemmata_index::query::{self, QueryError};
use stemmata_index::{Reader, SortKey};

use super::args::SearchArgs;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::names::Called;
use super::output::{Column, Row, SCHEMA, Supported};
use super::session::Session;
use super::summary::{elapsed_ms, grouped, seconds};

/// Longest query read from stdin; the query language allows less.
const MAX_STDIN_BYTES: u64 = 1 << 20;

/// Prints the hits.
pub(crate) fn run(arguments: &SearchArgs, session: &Session) -> Outcome {
    let started = Instant::now();
    let sink = session.sink(Supported::Rows)?;
    let text = query_text(&arguments.query)?;
    let settings = SearchSettings {
        limit: arguments.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        sort: arguments.sort.as_deref().map(sort_keys).transpose()?.unwrap_or_default(),
        after: arguments.after.clone(),
    };
    let catalog = session.catalog()?;
    let parsed = query::parse(&text).map_err(|error| unreadable(&error, &text))?;
    let reader = Reader::open(&session.settings.index())?;
    let page =
        search::answer(&catalog, &reader, &parsed, &settings).map_err(|error| failure(error, &text))?;
    let behind = catalog.generation()? > page.generation;
    let mut rows = sink.rows::<HitRow<'_>>("hits");
    for hit in &page.hits {
        rows.push(&HitRow::from(hit))?;
    }
    let summary = Summary {
        r#type: "summary",
        schema: SCHEMA,
        total: page.total,
        elapsed_ms: elapsed_ms(started),
        next: page.next.as_deref(),
        generation: page.generation,
    };
    rows.finish(&summary)?;
    tell(session, &page, &summary, behind);
    Ok(if page.total == 0 && arguments.fail_on_empty { Exit::NotFound } else { Exit::Done })
}

fn tell(session: &Session, page: &Page, summary: &Summary<'_>, behind: bool) {
    let (shown, total) = (grouped(page.hits.len() as u64), grouped(page.total));
    session.talk.note(&format!("{shown} of {total} images, {}", seconds(summary.elapsed_ms)));
    if behind {
        session.talk.warn("the index lacks the latest changes; run `stemmata index update`");
    }
}

/// The words joined by blanks; a lone `-` reads them from stdin.
fn query_text(words: &[String]) -> Result<String, Failure> {
    if words != ["-"] {
        return Ok(words.join(" "));
    }
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(MAX_STDIN_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| Failure::file("reading the query from stdin", &error))?;
    Ok(text.trim().to_owned())
}

/// Reads `--sort` as the query language reads `sort:`.
fn sort_keys(text: &str) -> Result<Vec<SortKey>, Failure> {
    let term = format!("sort:{text}");
    Ok(query::parse(&term).map_err(|error| unreadable(&error, &term))?.sort)
}

fn unreadable(error: &QueryError, text: &str) -> Failure {
    Failure::from(error).picture(query::render(error, text))
}

fn failure(error: SearchError, text: &str) -> Failure {
    match error {
        SearchError::Query(error) => unreadable(&error, text),
        SearchError::Index(stemmata_index::IndexError::Query(error)) => unreadable(&error, text),
        SearchError::Index(error) => error.into(),
        SearchError::Catalog(error) => error.into(),
        SearchError::BadCursor { .. } => Failure::of(Exit::Usage, "search.bad_cursor", &error)
            .hint("take `next` of the summary that the last page ended with"),
        SearchError::OtherQuery => Failure::of(Exit::Usage, "search.other_query", &error)
            .hint("give the same query and order as for the page before, or leave out --after"),
        _ => Failure::of(Exit::General, "search.failed", &error),
    }
}

#[derive(Serialize)]
struct HitRow<'a> {
    r#type: &'static str,
    image: Called<'a>,
    score: Option<f32>,
    prompt: Option<&'a str>,
    negative_prompt: Option<&'a str>,
    model: Option<&'a str>,
    base_model: Option<&'a str>,
    sampler: Option<&'a str>,
    scheduler: Option<&'a str>,
    steps: Option<u32>,
    cfg: Option<f64>,
    seed: Option<i128>,
    media: String,
    url: Option<&'a str>,
    width: Option<u32>,
    height: Option<u32>,
    username: Option<&'a str>,
    post: Option<PostId>,
    created_at: Option<Timestamp>,
}

impl<'a> From<&'a FoundImage> for HitRow<'a> {
    fn from(hit: &'a FoundImage) -> Self {
        let row = &hit.image.row;
        let generation = &row.generation_data;
        Self {
            r#type: "hit",
            image: Called(&hit.image.name),
            score: hit.score,
            prompt: generation.prompt.as_deref(),
            negative_prompt: generation.negative_prompt.as_deref(),
            model: generation.model.as_deref(),
            base_model: row.base_model.as_deref(),
            sampler: generation.sampler.as_deref(),
            scheduler: generation.scheduler.as_deref(),
            steps: generation.steps,
            cfg: generation.cfg,
            seed: generation.seed,
            media: hit.image.media.to_string(),
            url: row.url.as_deref(),
            width: hit.image.width,
            height: hit.image.height,
            username: row.username.as_deref(),
            post: row.post,
            created_at: row.created_at,
        }
    }
}

impl Row for HitRow<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::right("image"),
        Column::flexible("prompt"),
        Column::secondary("model"),
        Column::left("sampler"),
        Column::right("steps"),
        Column::left("size"),
        Column::secondary("user"),
    ];

    fn cells(&self) -> Vec<String> {
        let size = self.width.zip(self.height).map(|(width, height)| format!("{width}x{height}"));
        vec![
            self.image.0.to_string(),
            self.prompt.unwrap_or_default().to_owned(),
            self.model.unwrap_or_default().to_owned(),
            self.sampler.unwrap_or_default().to_owned(),
            self.steps.map(|steps| steps.to_string()).unwrap_or_default(),
            size.unwrap_or_default(),
            self.username.unwrap_or_default().to_owned(),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.image.0.to_string()]
    }
}

#[derive(Serialize)]
struct Summary<'a> {
    r#type: &'static str,
    schema: u32,
    total: u64,
    elapsed_ms: u64,
    next: Option<&'a str>,
    generation: u64,
}
