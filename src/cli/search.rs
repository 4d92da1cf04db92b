//! `search`: images by prompt, settings and models.

mod charts;
mod facets;
mod fields;
mod group;
mod hit;
mod preview;
mod template;

use std::rc::Rc;
use std::time::Instant;

use serde::Serialize;
use stemmata::catalog::Catalog;
use stemmata::feed::{self, Standing};
use stemmata::search::{
    self, CatalogResolver, FacetCounts, GroupKind, Highlighter, Page, Sample, SearchError, SearchSettings,
};
use stemmata_index::query::{self, Parsed};
use stemmata_index::{Reader, SortKey};

pub(crate) use charts::{Ink, draw};
pub(crate) use facets::Facets;
pub(crate) use fields::{help as fields_help, near};

use super::args::SearchArgs;
use super::asking::{Asked, unreadable};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::kinship::Near;
use super::output::{Format, Marker, SCHEMA, Sink, Supported, json};
use super::session::Session;
use super::summary::{elapsed_ms, grouped, seconds};
use fields::Field;
use hit::{HitRow, View, name_bytes};
use preview::Drawing;
use template::Template;

/// Prints the hits.
pub(crate) fn run(arguments: &SearchArgs, session: &Session) -> Outcome {
    let started = Instant::now();
    let sink = session.sink(Supported::Rows)?;
    let shape = Shape::of(arguments, &sink)?;
    let facets = Facets::of(arguments)?;
    facets.suit(&sink, !arguments.stats)?;
    let Asked { text, parsed } = arguments.query.read(session)?;
    let settings = SearchSettings {
        limit: if arguments.stats { Some(0) } else { limit(arguments) },
        sort: arguments.sort.as_deref().map(sort_keys).transpose()?.unwrap_or_default(),
        after: arguments.after.clone(),
        sample: sample(arguments),
    };
    tell_of_overruled(arguments, &parsed, session);
    let catalog = session.catalog()?;
    let reader = Reader::open(&session.settings.index())?;
    let near = Near::new(session, &catalog);
    let resolver = near.resolver();
    if let Some(form) = arguments.explain {
        let settings = SearchSettings { limit: limit(arguments).or(Some(0)), ..settings };
        return super::explain::run(&resolver, &reader, &Asked { text, parsed }, &settings, form, session);
    }
    if let Some(kind) = group_kind(arguments, &parsed) {
        facets.none_beside_groups()?;
        let Shape::Rows(fields) = &shape else {
            return Err(Failure::usage("groups are printed as a table, as lists or as JSON")
                .hint("leave out `group:`, or else --template, --print0 or --preview"));
        };
        let (fields, fail_on_empty) = (fields.clone(), arguments.fail_on_empty);
        let asked =
            group::Asked { parsed: &parsed, text: &text, settings: &settings, kind, fields, fail_on_empty };
        return group::run(asked, &near, session, &reader, sink);
    }
    let page =
        search::answer(&resolver, &reader, &parsed, &settings).map_err(|error| failure(error, &text))?;
    let counted = facets.count(&resolver, &reader, &parsed.query).map_err(|error| failure(error, &text))?;
    let summary = Summary {
        r#type: "summary",
        schema: SCHEMA,
        total: page.total,
        shown: page.hits.len() as u64,
        elapsed_ms: (sink.format() == Format::Ndjson).then(|| elapsed_ms(started)),
        next: page.next.as_deref(),
        generation: page.generation,
        continued_from: page.continued_from,
        index: feed::standing(&catalog, &reader)?.as_str(),
    };
    print(sink, shape, &Answer { parsed: &parsed, page: &page, facets: &counted, summary: &summary })?;
    tell(session, &catalog, &reader, &page, started)?;
    if page.total == 0 {
        tell_of_empty(session, &resolver, &reader, &parsed)?;
    }
    near.warn();
    Ok(if page.total == 0 && arguments.fail_on_empty { Exit::NotFound } else { Exit::Done })
}

/// How hits are printed.
enum Shape {
    /// As rows, in the format of the command.
    Rows(Vec<&'static Field>),
    /// In the caller's words.
    Lines { template: Template, end: &'static str },
    /// As bare names that end in NUL.
    NulNames,
    /// With pictures beside them.
    Pictures(Drawing),
}

/// What there is to print.
struct Answer<'a> {
    parsed: &'a Parsed,
    page: &'a Page,
    facets: &'a [FacetCounts],
    summary: &'a Summary<'a>,
}

impl Shape {
    fn of(arguments: &SearchArgs, sink: &Sink) -> Result<Self, Failure> {
        let is_default = sink.was_auto();
        if let Some(text) = &arguments.template {
            if !is_default {
                return Err(Failure::usage("--template and --format exclude each other"));
            }
            let end = if arguments.print0 { "\0" } else { "\n" };
            return Ok(Self::Lines { template: Template::parse(text)?, end });
        }
        if arguments.print0 {
            return match sink.format() {
                Format::Paths => Ok(Self::NulNames),
                _ if is_default => Ok(Self::NulNames),
                _ => Err(Failure::usage("--print0 goes with --format paths or --template")),
            };
        }
        if let Some(drawing) = Drawing::of(arguments.preview, sink.terminal()) {
            if !is_default && sink.format() != Format::Table {
                return Err(Failure::usage("--preview goes with --format table"));
            }
            return Ok(Self::Pictures(drawing));
        }
        let room = (sink.format() == Format::Table).then_some(sink.terminal().width);
        let Some(fields) = &arguments.fields else { return Ok(Self::Rows(hit::usual(room))) };
        if !matches!(sink.format(), Format::Table | Format::Csv | Format::Tsv) {
            return Err(Failure::usage("--fields goes with --format table, csv or tsv")
                .hint("JSON has every field; --template prints single ones"));
        }
        let fields = fields.split(',').filter(|name| !name.trim().is_empty()).map(|name| {
            let name = name.trim();
            fields::find(name).ok_or_else(|| {
                let failure = Failure::new(Exit::Usage, "usage", format!("unknown field `{name}`"));
                match fields::nearest(name) {
                    Some(near) => failure.hint(format!("did you mean `{near}`?")),
                    None => failure.hint("such as image,prompt,model,seed; all are named by --help"),
                }
            })
        });
        let fields: Vec<_> = fields.collect::<Result<_, _>>()?;
        if fields.is_empty() {
            Err(Failure::usage("--fields names no field"))
        } else {
            Ok(Self::Rows(fields))
        }
    }
}

fn print(mut sink: Sink, shape: Shape, answer: &Answer<'_>) -> Result<(), Failure> {
    let hits = &answer.page.hits;
    let view = |fields, for_people| View { fields, for_people };
    match shape {
        Shape::Rows(fields) => rows(sink, fields, answer),
        Shape::Lines { template, end } => {
            let view = view(Vec::new(), false);
            for hit in hits {
                let line = template.line(hit, || json::value(&HitRow::new(hit, &view)));
                sink.text(&format!("{line}{end}"))?;
            }
            sink.close()
        }
        Shape::Pictures(drawing) => {
            let words = Highlighter::new(&answer.parsed.query);
            let (terminal, ink) = (sink.terminal(), Ink::of_environment());
            for hit in hits {
                sink.text(&format!("{}\n", preview::hit(hit, drawing, &words, terminal, ink)))?;
            }
            sink.text(&draw(answer.facets, terminal, ink))?;
            sink.close()
        }
        Shape::NulNames => {
            for hit in hits {
                sink.bytes(&name_bytes(hit))?;
                sink.bytes(b"\0")?;
            }
            sink.close()
        }
    }
}

fn rows(sink: Sink, fields: Vec<&'static Field>, answer: &Answer<'_>) -> Result<(), Failure> {
    let view = View { fields, for_people: sink.format() == Format::Table };
    let mut rows = sink.rows::<HitRow<'_>>("hits").with_columns(view.columns());
    let words = Highlighter::new(&answer.parsed.query);
    if !words.is_empty() {
        rows = rows.with_marker(Marker { title: "prompt", find: Rc::new(move |text| words.find(text)) });
    }
    for hit in &answer.page.hits {
        rows.push(&HitRow::new(hit, &view))?;
    }
    let beside = (!answer.facets.is_empty()).then_some(("facets", answer.facets));
    rows.finish_beside(
        beside,
        |terminal| draw(answer.facets, terminal, Ink::of_environment()),
        answer.summary,
    )
}

fn tell(
    session: &Session,
    catalog: &Catalog,
    reader: &Reader,
    page: &Page,
    started: Instant,
) -> Result<(), Failure> {
    let (shown, total) = (grouped(page.hits.len() as u64), grouped(page.total));
    session.talk.note(&format!("{shown} of {total} images, {}", seconds(elapsed_ms(started))));
    let missing = page.hits.iter().filter(|hit| hit.missing).count();
    if missing > 0 {
        session
            .talk
            .note(&format!("{} of these files were missing when last looked for", grouped(missing as u64)));
    }
    warn_of_change(session, page.continued_from, page.generation);
    warn_of_standing(session, feed::standing(catalog, reader)?);
    Ok(())
}

/// Says which of several conditions find nothing, where all of them together find nothing.
fn tell_of_empty(
    session: &Session,
    resolver: &CatalogResolver<'_>,
    reader: &Reader,
    parsed: &Parsed,
) -> Result<(), Failure> {
    const MOST: usize = 3;
    let clauses = reader.clauses(resolver, &parsed.query, &[])?;
    let empty: Vec<String> = clauses
        .iter()
        .filter(|clause| clause.images == 0)
        .map(|clause| format!("`{}`", super::escape::one_line(&clause.text)))
        .collect();
    if clauses.len() > 1 && !empty.is_empty() {
        let more = if empty.len() > MOST { " and others" } else { "" };
        let named: Vec<&str> = empty.iter().take(MOST).map(String::as_str).collect();
        session.talk.note(&format!("hint: no image has {}{more}", named.join(", ")));
    }
    Ok(())
}

/// Says when the index has changed between two pages.
fn warn_of_change(session: &Session, then: Option<u64>, now: u64) {
    if let Some(then) = then {
        session.talk.warn(&format!(
            "the index has changed since the page before this one (generation {then}, now {now}); images may be shown \
             twice or left out"
        ));
    }
}

/// Says when the index does not show what the catalog holds.
pub(crate) fn warn_of_standing(session: &Session, standing: Standing) {
    match standing {
        Standing::Current => {}
        Standing::Behind => {
            session.talk.warn("the index lacks the latest changes; run `stemmata index update`");
        }
        Standing::Ahead => session.talk.warn(
            "the index shows more than the catalog, as after restoring a backup; run `stemmata index rebuild`",
        ),
        Standing::Foreign => session
            .talk
            .warn("the index was made from another catalog; run `stemmata index rebuild`"),
    }
}

/// What makes hits one line; a flag wins over the query. Charts and lots are of single hits.
fn group_kind(arguments: &SearchArgs, parsed: &Parsed) -> Option<GroupKind> {
    let said = parsed.group.filter(|_| !arguments.stats && arguments.sample.is_none());
    arguments.group.map(GroupKind::from).or(said.map(GroupKind::from))
}

/// Says which terms of the query do not count because a flag says the same.
fn tell_of_overruled(arguments: &SearchArgs, parsed: &Parsed, session: &Session) {
    let terms = [
        ("limit", arguments.limit.is_some(), parsed.limit.is_some()),
        ("sort", arguments.sort.is_some(), !parsed.sort.is_empty()),
        ("group", arguments.group.is_some(), parsed.group.is_some()),
    ];
    for (name, flag, term) in terms {
        if flag && term {
            session.talk.note(&format!("--{name} counts, and not `{name}:` of the query"));
        }
    }
}

fn limit(arguments: &SearchArgs) -> Option<usize> {
    arguments.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

fn sample(arguments: &SearchArgs) -> Option<Sample> {
    let count = usize::try_from(arguments.sample?).unwrap_or(usize::MAX);
    Some(Sample { count, seed: arguments.seed.unwrap_or(0) })
}

/// Reads `--sort` as the query language reads `sort:`.
fn sort_keys(text: &str) -> Result<Vec<SortKey>, Failure> {
    let term = format!("sort:{text}");
    Ok(query::parse(&term).map_err(|error| unreadable(&error, &term))?.sort)
}

pub(crate) fn failure(error: SearchError, text: &str) -> Failure {
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
struct Summary<'a> {
    r#type: &'static str,
    schema: u32,
    /// All images that match.
    total: u64,
    /// Images of this page.
    shown: u64,
    /// Wall time, on a line of its own only: everything else is the same each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_ms: Option<u64>,
    next: Option<&'a str>,
    generation: u64,
    /// The generation of the page before this one, if the index has changed since.
    continued_from: Option<u64>,
    /// `current`, `behind`, `ahead` or `foreign`.
    index: &'static str,
}
