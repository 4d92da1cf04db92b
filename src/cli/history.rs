//! `show --history`: what changed about an image, a model or a version since it was first seen.

use std::fmt::Write as _;

use serde::Serialize;
use stemmata::catalog::{Absent, Catalog, Change};
use stemmata::entity::{ModelId, Timestamp, VersionId};
use stemmata::source::civitai::url::Target;

use super::escape::one_line;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::output::{SCHEMA, Supported};
use super::session::Session;
use super::target;

/// Prints the history of what `text` names.
pub(crate) fn run(text: &str, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    let catalog = session.catalog()?;
    let page = Page::find(&catalog, text)?;
    sink.document(&page, |page, terminal| page.text(terminal.paint.bold(&page.title)))?;
    Ok(Exit::Done)
}

/// One change, in the shape of the machine contract.
#[derive(Serialize)]
pub(crate) struct Event {
    at: Timestamp,
    field: String,
    was: Option<String>,
    now: Option<String>,
}

/// Changes in the shape of the machine contract.
pub(crate) fn events(changes: Vec<Change>) -> Vec<Event> {
    changes.into_iter().map(|Change { at, field, was, now }| Event { at, field, was, now }).collect()
}

/// Changes for people, a line each.
pub(crate) fn lines(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        writeln!(text, "  {}  {}", event.at, sentence(event)).expect("writing to a string cannot fail");
    }
    text
}

fn sentence(event: &Event) -> String {
    let field = one_line(&event.field);
    let was = event.was.as_deref().map(one_line);
    let now = event.now.as_deref().map(one_line);
    match (event.field.as_str(), was, now) {
        ("absent", _, Some(status)) => format!("not found (status {status})"),
        ("absent", _, None) => "found again".to_owned(),
        ("meta", _, Some(now)) if now == "hidden" => "generation data withdrawn or hidden".to_owned(),
        ("meta", _, Some(_)) => "generation data shown again".to_owned(),
        (_, Some(was), Some(now)) => format!("{field}: {was} -> {now}"),
        (_, Some(was), None) => format!("{field}: no longer {was}"),
        (_, None, Some(now)) => format!("{field}: now {now}"),
        (_, None, None) => field.to_string(),
    }
}

#[derive(Serialize)]
struct Page<'a> {
    schema: u32,
    target: &'a str,
    /// `image`, `model` or `version`.
    kind: &'static str,
    /// The site's number, or the name of an image without one.
    id: serde_json::Value,
    #[serde(skip)]
    title: String,
    history: Vec<Event>,
}

impl<'a> Page<'a> {
    fn find(catalog: &Catalog, text: &'a str) -> Result<Self, Failure> {
        match Target::parse(text) {
            Some(Target::Model(id)) => Self::of_model(catalog, text, id),
            Some(Target::Version(id) | Target::ModelVersion(_, id)) => Self::of_version(catalog, text, id),
            _ => Self::of_image(catalog, text),
        }
    }

    fn of_model(catalog: &Catalog, target: &'a str, id: ModelId) -> Result<Self, Failure> {
        let facts = catalog.model_facts(id)?.ok_or_else(|| unknown("model", id.get()))?;
        let name = facts.name.unwrap_or_else(|| "without a name".to_owned());
        let title = format!("model {id}, {}", one_line(&name));
        let history = events(catalog.history(Absent::Model, id.get())?);
        Ok(Self { schema: SCHEMA, target, kind: "model", id: id.get().into(), title, history })
    }

    fn of_version(catalog: &Catalog, target: &'a str, id: VersionId) -> Result<Self, Failure> {
        let facts = catalog.version_title(id)?.ok_or_else(|| unknown("version", id.get()))?;
        let names = [facts.model_name, facts.name].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let name = if names.is_empty() { "without a name".to_owned() } else { names };
        let title = format!("version {id}, {}, {}", one_line(&name), facts.state.as_str().replace('_', " "));
        let history = events(catalog.history(Absent::Version, id.get())?);
        Ok(Self { schema: SCHEMA, target, kind: "version", id: id.get().into(), title, history })
    }

    fn of_image(catalog: &Catalog, target: &'a str) -> Result<Self, Failure> {
        let found = target::image(catalog, target)?;
        let name = catalog.image_name(found.key)?;
        let id = match found.key.site_id() {
            Some(id) => id.get().into(),
            None => name.map(|name| name.to_string()).into(),
        };
        let title = format!("image {}", one_line(target));
        let history = events(catalog.image_history(found.key)?);
        Ok(Self { schema: SCHEMA, target, kind: "image", id, title, history })
    }

    fn text(&self, title: String) -> String {
        if self.history.is_empty() {
            return format!("{title}\n  no change since it was first seen\n");
        }
        format!("{title}\n{}", lines(&self.history))
    }
}

fn unknown(kind: &str, id: u64) -> Failure {
    Failure::new(Exit::NotFound, "target.not_found", format!("{kind} {id} is not in the catalog"))
        .hint(format!("`stemmata crawl {kind} {id}` fetches it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(field: &str, was: Option<&str>, now: Option<&str>, expected: &str) {
        let event = Event {
            at: Timestamp::from_millis(0).expect("in range"),
            field: field.to_owned(),
            was: was.map(str::to_owned),
            now: now.map(str::to_owned),
        };
        assert_eq!(lines(&[event]), format!("  1970-01-01T00:00:00.000Z  {expected}\n"));
    }

    #[test]
    fn a_change_is_told_in_words() {
        check("name", Some("Kite"), Some("Dragon"), "name: Kite -> Dragon");
        check("mode", None, Some("TakenDown"), "mode: now TakenDown");
        check("mode", Some("Archived"), None, "mode: no longer Archived");
        check("file a.pt", Some("listed"), None, "file a.pt: no longer listed");
        check("absent", None, Some("404"), "not found (status 404)");
        check("absent", Some("404"), None, "found again");
        check("meta", Some("present"), Some("hidden"), "generation data withdrawn or hidden");
        check("name", Some("a\u{1b}[31m"), Some("b"), "name: a\\u{1b}[31m -> b");
    }
}
