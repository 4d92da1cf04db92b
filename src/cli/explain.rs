//! `search --explain`: what a query means, what each condition finds and costs, why hits match.

use serde::Serialize;
use stemmata::search::{self, CatalogResolver, Explanation, SearchSettings};
use stemmata_index::Reader;
use stemmata_index::query::{Cost, Node, Span, Tree};

use super::args::ExplainForm;
use super::asking::Asked;
use super::escape;
use super::exit::Exit;
use super::failure::Outcome;
use super::names::Called;
use super::output::{SCHEMA, Supported};
use super::search::failure;
use super::session::Session;
use super::summary::grouped;

/// Prints the explanation.
pub(crate) fn run(
    resolver: &CatalogResolver<'_>,
    reader: &Reader,
    asked: &Asked,
    settings: &SearchSettings,
    form: ExplainForm,
    session: &Session,
) -> Outcome {
    let explanation = search::explain(resolver, reader, &asked.parsed, settings)
        .map_err(|error| failure(error, &asked.text))?;
    let told = Told::new(asked, &explanation);
    let mut sink = session.sink(Supported::Document)?;
    if form == ExplainForm::Json && !sink.format().is_json() {
        sink.text(&format!("{}\n", super::output::json::value(&told)))?;
        sink.close()?;
    } else {
        sink.document(&told, |told, _| told.text(asked))?;
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Told<'a> {
    r#type: &'static str,
    schema: u32,
    /// The normal form.
    query: String,
    ast: Tree,
    total: u64,
    clauses: Vec<ClauseTold<'a>>,
    hits: Vec<HitTold<'a>>,
}

#[derive(Serialize)]
struct ClauseTold<'a> {
    text: &'a str,
    span: Span,
    cost: Cost,
    images: u64,
    unknown: u64,
}

#[derive(Serialize)]
struct HitTold<'a> {
    image: Called<'a>,
    /// The conditions that are true of it.
    clauses: Vec<&'a str>,
    /// The words of its prompts that the query asks for.
    words: &'a [String],
}

impl<'a> Told<'a> {
    fn new(asked: &Asked, explanation: &'a Explanation) -> Self {
        let clauses = &explanation.clauses;
        let of_hit = |number: usize| {
            let is_true = |clause: &&stemmata_index::query::Clause| {
                clause.hits.get(number).copied().unwrap_or_default()
            };
            clauses.iter().filter(is_true).map(|clause| clause.text.as_str()).collect()
        };
        let hits = explanation.page.hits.iter().zip(&explanation.words).enumerate();
        Self {
            r#type: "explanation",
            schema: SCHEMA,
            query: asked.parsed.query.to_string(),
            ast: Tree::of(&asked.parsed),
            total: explanation.page.total,
            clauses: clauses
                .iter()
                .map(|clause| ClauseTold {
                    text: &clause.text,
                    span: clause.span,
                    cost: clause.cost,
                    images: clause.images,
                    unknown: clause.unknown,
                })
                .collect(),
            hits: hits
                .map(|(number, (hit, words))| HitTold {
                    image: Called(&hit.image.name),
                    clauses: of_hit(number),
                    words,
                })
                .collect(),
        }
    }

    fn text(&self, asked: &Asked) -> String {
        let mut out =
            format!("query      {}\nimages     {}\n", escape::one_line(&self.query), grouped(self.total));
        if asked.parsed.query.node == Node::All {
            return out;
        }
        let rows: Vec<[String; 4]> = self
            .clauses
            .iter()
            .map(|clause| {
                let text = escape::one_line(clause.text).into_owned();
                [grouped(clause.images), grouped(clause.unknown), clause.cost.as_str().to_owned(), text]
            })
            .collect();
        let heads = ["images", "unknown", "cost", "condition"].map(str::to_owned);
        let width = |column: usize| {
            rows.iter().chain([&heads]).map(|row| row[column].chars().count()).max().unwrap_or_default()
        };
        let (first, second, third) = (width(0), width(1), width(2));
        out.push('\n');
        for [images, unknown, cost, text] in [&heads].into_iter().chain(&rows) {
            out.push_str(&format!("{images:>first$}  {unknown:>second$}  {cost:<third$}  {text}\n"));
        }
        for hit in &self.hits {
            let clauses: Vec<String> =
                hit.clauses.iter().map(|text| escape::one_line(text).into_owned()).collect();
            out.push_str(&format!("\n{}\n", escape::one_line(&hit.image.0.to_string())));
            out.push_str(&format!("  matches  {}\n", clauses.join("; ")));
            if !hit.words.is_empty() {
                out.push_str(&format!("  words    {}\n", escape::one_line(&hit.words.join(", "))));
            }
        }
        out
    }
}
