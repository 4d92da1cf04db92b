//! `count`: how many images match, and which values occur how often among them.

use serde::Serialize;
use stemmata::feed;
use stemmata::search::FacetCounts;
use stemmata_index::Reader;

use super::args::CountArgs;
use super::asking::Asked;
use super::exit::Exit;
use super::failure::Outcome;
use super::kinship::Near;
use super::output::{Column, Format, Row, SCHEMA, Supported};
use super::search::{Facets, Ink, draw, failure, warn_of_standing};
use super::session::Session;
use super::summary::grouped;

/// Prints the count.
pub(crate) fn run(arguments: &CountArgs, session: &Session) -> Outcome {
    let facets = Facets::of_flags(&arguments.facets)?;
    let sink = session.sink(if facets.is_empty() { Supported::Document } else { Supported::Rows })?;
    let Asked { text, parsed } = arguments.query.read(session)?;
    let catalog = session.catalog()?;
    let reader = Reader::open(&session.settings.index())?;
    let near = Near::new(session, &catalog);
    let resolver = near.resolver();
    let total = reader.count(&resolver, &parsed.query).map_err(|error| failure(error.into(), &text))?;
    let counted = facets.count(&resolver, &reader, &parsed.query).map_err(|error| failure(error, &text))?;
    let standing = feed::standing(&catalog, &reader)?;
    let count = Count {
        r#type: "count",
        schema: SCHEMA,
        total,
        generation: reader.generation(),
        index: standing.as_str(),
        facets: &counted,
    };
    match sink.format() {
        Format::Csv | Format::Tsv | Format::Paths => {
            let mut rows = sink.rows::<BucketRow<'_>>("facets");
            for facet in &counted {
                for row in rows_of(facet) {
                    rows.push(&row)?;
                }
            }
            rows.finish_without_summary()?;
        }
        _ => sink.document(&count, |count, terminal| {
            let total = if terminal.is_terminal { grouped(count.total) } else { count.total.to_string() };
            let charts = draw(count.facets, terminal, Ink::of_environment());
            let gap = if charts.is_empty() { "" } else { "\n" };
            format!("{total}\n{gap}{charts}")
        })?,
    }
    warn_of_standing(session, standing);
    near.warn();
    Ok(if total == 0 && arguments.fail_on_empty { Exit::NotFound } else { Exit::Done })
}

#[derive(Serialize)]
struct Count<'a> {
    r#type: &'static str,
    schema: u32,
    total: u64,
    generation: u64,
    index: &'static str,
    facets: &'a [FacetCounts],
}

/// One value of one facet, as a line of a list.
#[derive(Serialize)]
struct BucketRow<'a> {
    facet: &'a str,
    value: &'a str,
    count: u64,
    version: Option<u64>,
}

/// The values, then what was left out and what has none.
fn rows_of(facet: &FacetCounts) -> Vec<BucketRow<'_>> {
    let row = |value, count, version| BucketRow { facet: &facet.facet, value, count, version };
    let mut rows: Vec<BucketRow<'_>> = facet
        .buckets
        .iter()
        .map(|bucket| row(bucket.value.as_str(), bucket.count, bucket.version.map(|version| version.get())))
        .collect();
    rows.push(row("(other)", facet.other, None));
    rows.push(row("(none)", facet.missing, None));
    rows
}

impl Row for BucketRow<'_> {
    const COLUMNS: &'static [Column] =
        &[Column::left("facet"), Column::flexible("value"), Column::right("count"), Column::right("version")];

    fn cells(&self) -> Vec<String> {
        let version = self.version.map(|version| version.to_string()).unwrap_or_default();
        vec![self.facet.to_owned(), self.value.to_owned(), self.count.to_string(), version]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.value.to_owned()]
    }
}
