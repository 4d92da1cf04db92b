//! `--facet`, `--facet-top` and `--stats`.

use stemmata::search::{self, CatalogResolver, FacetCounts, FacetKind, SearchError};
use stemmata_index::Reader;
use stemmata_index::query::Query;

use super::super::args::{FacetFlags, SearchArgs};
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::{Format, Sink};
use super::fields::near;

/// Values a facet unless somebody says otherwise.
const USUAL_TOP: u16 = 10;
/// What `--stats` counts.
const STATS: &[&str] = &["date:month", "model", "lora", "base", "sampler", "steps", "cfg", "size"];

/// Which facets were asked for.
#[derive(Debug)]
pub(crate) struct Facets {
    kinds: Vec<FacetKind>,
    top: usize,
}

impl Facets {
    pub(crate) fn of(arguments: &SearchArgs) -> Result<Self, Failure> {
        let mut facets = Self::of_flags(&arguments.facets)?;
        if arguments.stats && facets.kinds.is_empty() {
            facets.kinds = STATS.iter().filter_map(|name| name.parse().ok()).collect();
        }
        Ok(facets)
    }

    pub(crate) fn of_flags(flags: &FacetFlags) -> Result<Self, Failure> {
        let mut kinds = Vec::new();
        for name in flags.facet.iter().flat_map(|list| list.split(',')).map(str::trim) {
            if name.is_empty() {
                continue;
            }
            let kind: FacetKind = name.parse().map_err(|_| unknown(name))?;
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        Ok(Self { kinds, top: usize::from(flags.facet_top.unwrap_or(USUAL_TOP)) })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Refuses a format that has no place for facets beside hits.
    pub(crate) fn suit(&self, sink: &Sink, beside_hits: bool) -> Result<(), Failure> {
        let is_list = matches!(sink.format(), Format::Csv | Format::Tsv | Format::Paths);
        if self.is_empty() || !is_list || (sink.was_auto() && !beside_hits) {
            return Ok(());
        }
        Err(Failure::usage("lists of hits have no place for facets")
            .hint("take --format table, json or ndjson, or `stemmata count` with --facet"))
    }

    pub(crate) fn none_beside_groups(&self) -> Result<(), Failure> {
        if self.is_empty() {
            return Ok(());
        }
        Err(Failure::usage("--facet counts hits and --group prints groups").hint("leave out one of them"))
    }

    pub(crate) fn count(
        &self,
        resolver: &CatalogResolver<'_>,
        reader: &Reader,
        query: &Query,
    ) -> Result<Vec<FacetCounts>, SearchError> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        search::facets(resolver, reader, query, &self.kinds, self.top)
    }
}

fn unknown(name: &str) -> Failure {
    let failure = Failure::new(Exit::Usage, "usage", format!("unknown facet `{name}`"));
    match near(name, FacetKind::names()) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint(format!("there are {}", FacetKind::names().collect::<Vec<_>>().join(", "))),
    }
}
