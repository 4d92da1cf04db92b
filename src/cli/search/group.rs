//! `--group`: one line for hits that belong together.

use serde::Serialize;
use stemmata::feed;
use stemmata::search::{self, FoundGroup, GroupKind, SearchSettings};
use stemmata_index::Reader;
use stemmata_index::query::Parsed;

use super::super::args::GroupChoice;
use super::super::exit::Exit;
use super::super::failure::{Failure, Outcome};
use super::super::kinship::Near;
use super::super::output::{Column, Format, Row, SCHEMA, Sink};
use super::super::session::Session;
use super::super::summary::{counted, grouped};
use super::fields::Field;
use super::hit::{HitRow, View};

impl From<GroupChoice> for GroupKind {
    fn from(choice: GroupChoice) -> Self {
        match choice {
            GroupChoice::Prompt => Self::Prompt,
            GroupChoice::Model => Self::Model,
            GroupChoice::Seed => Self::Seed,
            GroupChoice::Dup => Self::Dup,
        }
    }
}

/// What was asked.
pub(crate) struct Asked<'a> {
    pub(crate) parsed: &'a Parsed,
    pub(crate) text: &'a str,
    pub(crate) settings: &'a SearchSettings,
    pub(crate) kind: GroupKind,
    pub(crate) fields: Vec<&'static Field>,
    pub(crate) fail_on_empty: bool,
}

/// Prints the groups.
pub(crate) fn run(
    asked: Asked<'_>,
    near: &Near<'_>,
    session: &Session,
    reader: &Reader,
    sink: Sink,
) -> Outcome {
    let resolver = near.resolver();
    let Asked { parsed, settings, kind, .. } = asked;
    let copies = match kind {
        GroupKind::Dup => near.groups()?,
        _ => None,
    };
    let page = search::answer_groups(&resolver, reader, parsed, settings, kind, copies)
        .map_err(|error| super::failure(error, asked.text))?;
    let view = View { fields: asked.fields, for_people: sink.format() == Format::Table };
    let columns = std::iter::once(Column::right("images")).chain(view.columns()).collect();
    let mut rows = sink.rows::<GroupRow<'_>>("groups").with_columns(columns);
    for group in &page.groups {
        rows.push(&GroupRow::new(group, kind, &view))?;
    }
    let standing = feed::standing(resolver.catalog(), reader).map_err(Failure::from)?;
    rows.finish(&Summary {
        r#type: "summary",
        schema: SCHEMA,
        by: kind.as_str(),
        total: page.total,
        groups: page.groups_in_all,
        without: page.without,
        shown: page.groups.len() as u64,
        next: page.next.as_deref(),
        generation: page.generation,
        continued_from: page.continued_from,
        index: standing.as_str(),
    })?;
    session.talk.note(&format!(
        "{} of {} of {}, {} in none",
        grouped(page.groups.len() as u64),
        counted(page.groups_in_all, "groups"),
        counted(page.total, "images"),
        grouped(page.without)
    ));
    super::warn_of_change(session, page.continued_from, page.generation);
    super::warn_of_standing(session, standing);
    near.warn();
    Ok(if page.total == 0 && asked.fail_on_empty { Exit::NotFound } else { Exit::Done })
}

#[derive(Serialize)]
struct GroupRow<'a> {
    r#type: &'static str,
    by: &'static str,
    count: u64,
    best: HitRow<'a>,
}

impl<'a> GroupRow<'a> {
    fn new(group: &'a FoundGroup, kind: GroupKind, view: &'a View) -> Self {
        let best = HitRow::new(&group.best, view);
        Self { r#type: "group", by: kind.as_str(), count: group.count, best }
    }
}

impl Row for GroupRow<'_> {
    /// Not used: the view says which columns there are.
    const COLUMNS: &'static [Column] = &[];

    fn cells(&self) -> Vec<String> {
        std::iter::once(self.count.to_string()).chain(self.best.cells()).collect()
    }

    fn handles(&self) -> Vec<String> {
        self.best.handles()
    }
}

#[derive(Serialize)]
struct Summary<'a> {
    r#type: &'static str,
    schema: u32,
    by: &'static str,
    /// All images that match.
    total: u64,
    /// All groups.
    groups: u64,
    /// Images in no group.
    without: u64,
    /// Groups of this page.
    shown: u64,
    next: Option<&'a str>,
    generation: u64,
    continued_from: Option<u64>,
    index: &'static str,
}
