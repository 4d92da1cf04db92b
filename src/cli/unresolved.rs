//! `unresolved`: what images name and nothing explains, ranked by how many images it would explain.

use serde::Serialize;
use stemmata::catalog::Catalog;
use stemmata::entity::{Air, HashKind, HexHash, ResourceKind, VersionId};
use stemmata::link::ledger::{self, GuessKind, LedgerOptions, Reason, Unresolved};

use super::args::{RoleChoice, UnresolvedArgs};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::output::{Column, Row, SCHEMA, Supported};
use super::session::Session;
use super::summary::{counted, grouped};

/// Prints the ledger.
pub(crate) fn run(arguments: &UnresolvedArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let catalog = session.catalog()?;
    let options = LedgerOptions {
        kind: arguments.kind.map(role),
        min_images: arguments.min_images,
        limit: (arguments.limit > 0).then_some(arguments.limit as usize),
    };
    let ledger = ledger::unresolved(&catalog, &options)?;
    let mut rows = sink.rows::<LedgerRow>("unresolved");
    for unresolved in &ledger.rows {
        rows.push(&LedgerRow::of(&catalog, unresolved)?)?;
    }
    let shown = ledger.rows.len() as u64;
    rows.finish(&Summary {
        r#type: "summary",
        schema: SCHEMA,
        shown,
        unresolved: ledger.total,
        uses: ledger.uses,
    })?;
    let left_out = if shown < ledger.total { format!("; {} shown", grouped(shown)) } else { String::new() };
    session.talk.note(&format!(
        "{} nothing explains, named {} times{left_out}",
        counted(ledger.total, "resources"),
        grouped(ledger.uses)
    ));
    Ok(Exit::Done)
}

fn role(choice: RoleChoice) -> ResourceKind {
    match choice {
        RoleChoice::Model => ResourceKind::Model,
        RoleChoice::Lora => ResourceKind::Lora,
        RoleChoice::Embedding => ResourceKind::Embedding,
        RoleChoice::Hypernetwork => ResourceKind::Hypernetwork,
        RoleChoice::Vae => ResourceKind::Vae,
        RoleChoice::Controlnet => ResourceKind::Controlnet,
        RoleChoice::Upscaler => ResourceKind::Upscaler,
        RoleChoice::Other => ResourceKind::Other,
        RoleChoice::Unknown => ResourceKind::Unknown,
    }
}

#[derive(Serialize)]
struct Summary {
    r#type: &'static str,
    schema: u32,
    /// Rows printed.
    shown: u64,
    /// Rows without the limit.
    unresolved: u64,
    /// How often images name these.
    uses: u64,
}

#[derive(Serialize)]
struct LedgerRow {
    r#type: &'static str,
    images: u64,
    kind: &'static str,
    name: Option<String>,
    hash: Option<HexHash>,
    air: Option<String>,
    reason: Reason,
    could_be: Vec<&'static str>,
    guesses: Vec<GuessRow>,
}

#[derive(Serialize)]
struct GuessRow {
    version: VersionId,
    version_name: Option<String>,
    model_name: Option<String>,
    why: GuessKind,
}

impl LedgerRow {
    fn of(catalog: &Catalog, unresolved: &Unresolved) -> Result<Self, Failure> {
        let mut guesses = Vec::new();
        for guess in &unresolved.guesses {
            let title = catalog.version_title(guess.version)?;
            let (version_name, model_name) =
                title.map(|title| (title.name, title.model_name)).unwrap_or_default();
            guesses.push(GuessRow { version: guess.version, version_name, model_name, why: guess.why });
        }
        let resource = &unresolved.resource;
        Ok(Self {
            r#type: "unresolved",
            images: unresolved.images,
            kind: resource.kind.as_str(),
            name: resource.name.clone(),
            hash: resource.hash.clone(),
            air: resource.air.as_ref().map(Air::to_string),
            reason: unresolved.reason,
            could_be: unresolved.could_be.iter().copied().map(HashKind::name).collect(),
            guesses,
        })
    }
}

impl Row for LedgerRow {
    const COLUMNS: &'static [Column] = &[
        Column::right("images"),
        Column::left("kind"),
        Column::flexible("name"),
        Column::flexible("hash"),
        Column::left("reason"),
        Column::secondary("guess"),
    ];

    fn cells(&self) -> Vec<String> {
        let guess = self.guesses.first().map(|guess| {
            let titles = [guess.model_name.as_deref(), guess.version_name.as_deref()];
            let title: Vec<&str> = titles.into_iter().flatten().collect();
            format!("version {} {} ({})", guess.version, title.join(" "), guess.why.as_str())
        });
        vec![
            self.images.to_string(),
            self.kind.to_owned(),
            self.name.clone().or_else(|| self.air.clone()).unwrap_or_default(),
            self.hash.as_ref().map(ToString::to_string).unwrap_or_default(),
            self.reason.as_str().to_owned(),
            guess.unwrap_or_default(),
        ]
    }

    fn handles(&self) -> Vec<String> {
        let handle = self.hash.as_ref().map(ToString::to_string);
        vec![handle.or_else(|| self.name.clone()).or_else(|| self.air.clone()).unwrap_or_default()]
    }
}
