//! `index status|update|rebuild`: the derived part of the home.

use serde::Serialize;
use stemmata::catalog::Catalog;
use stemmata_index::{IndexError, Reader};

use super::args::{IndexArgs, IndexWhat};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::follow;
use super::near;
use super::output::{SCHEMA, Sink, Supported};
use super::session::Session;
use super::summary::{Indexed, grouped};

/// Looks at the index, or brings it up to date.
pub(crate) fn run(arguments: &IndexArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    let catalog = session.catalog()?;
    match arguments.what {
        IndexWhat::Status => status(session, &catalog, sink),
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
    /// `current`, `behind`, `missing` or `needs_rebuild`.
    state: &'static str,
    /// The generation that the index shows.
    generation: u64,
    /// The generation of the catalog.
    catalog_generation: u64,
    /// Images in the index.
    documents: u64,
}

fn status(session: &Session, catalog: &Catalog, sink: Sink) -> Outcome {
    let catalog_generation = catalog.generation()?;
    let (state, generation, documents) = match Reader::open(&session.settings.index()) {
        Ok(reader) if reader.generation() >= catalog_generation => {
            ("current", reader.generation(), reader.documents())
        }
        Ok(reader) => ("behind", reader.generation(), reader.documents()),
        Err(IndexError::Missing { .. }) => ("missing", 0, 0),
        Err(IndexError::NeedsRebuild { .. } | IndexError::Damaged(_)) => ("needs_rebuild", 0, 0),
        Err(error) => return Err(Failure::from(error)),
    };
    let status = Status { schema: SCHEMA, state, generation, catalog_generation, documents };
    sink.document(&status, |status, _| status.text())?;
    Ok(Exit::Done)
}

impl Status {
    fn text(&self) -> String {
        let advice = match self.state {
            "behind" | "missing" => "; run `stemmata index update`",
            "needs_rebuild" => "; run `stemmata index rebuild`",
            _ => "",
        };
        format!(
            "{}: {} images, generation {} of {}{advice}\n",
            self.state,
            grouped(self.documents),
            self.generation,
            self.catalog_generation
        )
    }
}
