//! `index status|update|rebuild|compact|verify|path`: the derived part of the home.

use std::path::Path;

use serde::Serialize;
use stemmata::catalog::Catalog;
use stemmata::feed::{self, Standing, VerifyReport};
use stemmata_index::{IndexError, Reader};

use super::args::{IndexArgs, IndexWhat};
use super::damage;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::follow;
use super::kinship::NearStanding;
use super::near;
use super::output::{Format, SCHEMA, Sink, Supported};
use super::session::Session;
use super::summary::{Indexed, grouped, size};

/// Looks at the index, or brings it up to date.
pub(crate) fn run(arguments: &IndexArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    if arguments.what == IndexWhat::Path {
        return path(session, sink);
    }
    let catalog = session.catalog()?;
    match arguments.what {
        IndexWhat::Status => status(session, &catalog, sink),
        IndexWhat::Verify => verify(session, &catalog, sink),
        IndexWhat::Path => path(session, sink),
        IndexWhat::Compact => compact(session, sink),
        IndexWhat::Update | IndexWhat::Rebuild => {
            let run = session.writing();
            let indexed = if arguments.what == IndexWhat::Update {
                follow::index(session, &catalog, &run)?
            } else {
                follow::rebuild(session, &catalog, &run)?
            };
            match arguments.what {
                IndexWhat::Rebuild => near::rebuild(session, &catalog, &run),
                _ => near::follow(session, &catalog, &run),
            }
            let report = Report { schema: SCHEMA, r#type: "summary", command: "index", indexed };
            sink.document(&report, |report, _| format!("{}\n", report.indexed.text()))?;
            Ok(if run.cancel.is_requested() { Exit::Interrupted } else { Exit::Done })
        }
    }
}

#[derive(Serialize)]
struct Report {
    schema: u32,
    r#type: &'static str,
    command: &'static str,
    indexed: Indexed,
}

#[derive(Serialize)]
struct Status {
    schema: u32,
    /// `current`, `behind`, `ahead`, `foreign`, `missing` or `needs_rebuild`.
    state: &'static str,
    /// The generation that the index shows.
    generation: u64,
    /// The generation of the catalog.
    catalog_generation: u64,
    /// Images in the index.
    documents: u64,
    /// Bytes of its files.
    size_bytes: u64,
    /// The groups of copies: `current`, `behind`, `ahead` or `missing`.
    near: &'static str,
}

fn status(session: &Session, catalog: &Catalog, sink: Sink) -> Outcome {
    let folder = session.settings.index();
    let (state, generation, documents) = match Reader::open(&folder) {
        Ok(reader) => (feed::standing(catalog, &reader)?.as_str(), reader.generation(), reader.documents()),
        Err(IndexError::Missing { .. }) => ("missing", 0, 0),
        Err(IndexError::NeedsRebuild { .. } | IndexError::Damaged(_)) => ("needs_rebuild", 0, 0),
        Err(error) => return Err(Failure::from(error)),
    };
    let status = Status {
        schema: SCHEMA,
        state,
        generation,
        catalog_generation: catalog.generation()?,
        documents,
        size_bytes: bytes_below(&folder),
        near: NearStanding::of(session, catalog)?.as_str(),
    };
    sink.document(&status, |status, _| status.text())?;
    Ok(Exit::Done)
}

impl Status {
    fn text(&self) -> String {
        let advice = match self.state {
            "behind" | "missing" => "; run `stemmata index update`",
            "ahead" => {
                "; it shows more than the catalog, as after restoring a backup; run `stemmata index rebuild`"
            }
            "foreign" => "; it was made from another catalog; run `stemmata index rebuild`",
            "needs_rebuild" => "; run `stemmata index rebuild`",
            _ => "",
        };
        format!(
            "{}: {} images, {}, generation {} of {}{advice}\n",
            self.state,
            grouped(self.documents),
            size(self.size_bytes),
            self.generation,
            self.catalog_generation
        ) + near_text(self.near)
    }
}

/// Where the groups of copies stand, as a line.
fn near_text(near: &str) -> &'static str {
    match near {
        "behind" => "copies: behind; run `stemmata dupes`, which brings them up to date\n",
        "ahead" => "copies: of a later catalog; run `stemmata dupes`, which works them out anew\n",
        "missing" => "copies: not worked out yet; run `stemmata dupes`\n",
        _ => "copies: current\n",
    }
}

/// The bytes of the files in a folder of an index, which has no folders of its own. What cannot be read counts nothing.
fn bytes_below(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum()
}

#[derive(Serialize)]
struct Compacted {
    schema: u32,
    r#type: &'static str,
    command: &'static str,
    documents: u64,
    size_bytes_before: u64,
    size_bytes: u64,
}

fn compact(session: &Session, sink: Sink) -> Outcome {
    let folder = session.settings.index();
    // Reading first: a writer would make the index that is missing.
    Reader::open(&folder)?;
    let size_bytes_before = bytes_below(&folder);
    feed::compact(&folder, follow::options(session))?;
    let documents = Reader::open(&folder)?.documents();
    let compacted = Compacted {
        schema: SCHEMA,
        r#type: "summary",
        command: "index compact",
        documents,
        size_bytes_before,
        size_bytes: bytes_below(&folder),
    };
    sink.document(&compacted, |compacted, _| {
        let (before, after) = (size(compacted.size_bytes_before), size(compacted.size_bytes));
        format!("{} images, {before} before, {after} now\n", grouped(compacted.documents))
    })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Verified {
    schema: u32,
    r#type: &'static str,
    command: &'static str,
    /// `current` or `behind`.
    state: &'static str,
    generation: u64,
    catalog_generation: u64,
    compared: u64,
    pending: u64,
    missing: u64,
    extra: u64,
    different: u64,
    /// The first of each kind.
    differences: Vec<Named>,
    complete: bool,
    /// The groups of copies: `current`, `behind`, `ahead` or `missing`.
    near: &'static str,
}

#[derive(Serialize)]
struct Named {
    what: &'static str,
    /// The image's number on the site, or below zero the row of an image that has none.
    key: i64,
}

fn verify(session: &Session, catalog: &Catalog, sink: Sink) -> Outcome {
    let folder = session.settings.index();
    let damaged = stemmata_index::damaged_files(&folder)?;
    if let Some(first) = damaged.first() {
        return Err(damage::failure(Exit::Problems, damaged.len(), first));
    }
    let reader = Reader::open(&folder)?;
    let run = session.reading();
    let standing = feed::standing(catalog, &reader)?;
    let report = feed::verify(catalog, &reader, &run)?;
    let verified =
        Verified::new(&report, standing, &reader, catalog.generation()?, NearStanding::of(session, catalog)?);
    sink.document(&verified, |verified, _| verified.text())?;
    if standing == Standing::Behind {
        session.talk.warn("the index lacks the latest changes; run `stemmata index update`");
    }
    if !report.is_clean() {
        session.talk.warn("the index does not say what the catalog says; run `stemmata index rebuild`");
        return Ok(Exit::Problems);
    }
    Ok(if report.complete { Exit::Done } else { Exit::Interrupted })
}

impl Verified {
    fn new(
        report: &VerifyReport,
        standing: Standing,
        reader: &Reader,
        catalog_generation: u64,
        near: NearStanding,
    ) -> Self {
        let named = |(what, key): &(feed::Difference, i64)| Named { what: what.as_str(), key: *key };
        Self {
            schema: SCHEMA,
            r#type: "summary",
            command: "index verify",
            state: standing.as_str(),
            generation: reader.generation(),
            catalog_generation,
            compared: report.compared,
            pending: report.pending,
            missing: report.missing,
            extra: report.extra,
            different: report.different,
            differences: report.first.iter().map(named).collect(),
            complete: report.complete,
            near: near.as_str(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!(
            "compared {} images: {} missing, {} left over, {} different\n",
            grouped(self.compared),
            grouped(self.missing),
            grouped(self.extra),
            grouped(self.different)
        );
        if self.pending > 0 {
            text.push_str(&format!("{} changed since and were not compared\n", grouped(self.pending)));
        }
        for named in &self.differences {
            text.push_str(&format!("  {:<9} {}\n", named.what, named.key));
        }
        text + near_text(self.near)
    }
}

fn path(session: &Session, mut sink: Sink) -> Outcome {
    let folder = session.settings.index();
    if matches!(sink.format(), Format::Json | Format::Ndjson) {
        let text = folder.to_string_lossy().into_owned();
        sink.document(&serde_json::json!({ "schema": SCHEMA, "path": text }), |_, _| String::new())?;
        return Ok(Exit::Done);
    }
    sink.bytes(folder.as_os_str().as_encoded_bytes())?;
    sink.text("\n")?;
    sink.close()?;
    Ok(Exit::Done)
}
