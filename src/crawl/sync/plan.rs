//! What a sync would ask, and what that costs. Sends nothing, and is the same for the same catalog and moment.

use crate::catalog::{Catalog, Result};
use crate::entity::Timestamp;
use crate::fetch::SafeUrl;

use super::super::estimate::Requests;
use super::super::resolve::Agenda;
use super::stale::Stale;
use super::{SyncOptions, SyncStep, due, resolve_options};

/// One step of a sync that is only planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStep {
    /// Which.
    pub step: SyncStep,
    /// Things that it would look at; `None` where only the site knows.
    pub items: Option<u64>,
    /// Things beyond the most that were asked for.
    pub beyond: u64,
    /// Things that answers of the last days spare.
    pub spared: u64,
    /// The listings that it would walk, in words.
    pub listings: Vec<String>,
    /// What it would cost.
    pub requests: Requests,
}

/// Plans `steps`, in the order given. Hashes are planned from the links as they are.
///
/// # Errors
///
/// When the catalog cannot be read.
pub fn plan(
    catalog: &Catalog,
    base: &SafeUrl,
    steps: &[SyncStep],
    options: &SyncOptions,
    now: Timestamp,
) -> Result<Vec<PlannedStep>> {
    steps.iter().map(|step| planned(catalog, base, *step, options, now)).collect()
}

fn planned(
    catalog: &Catalog,
    base: &SafeUrl,
    step: SyncStep,
    options: &SyncOptions,
    now: Timestamp,
) -> Result<PlannedStep> {
    let nothing = PlannedStep {
        step,
        items: Some(0),
        beyond: 0,
        spared: 0,
        listings: Vec::new(),
        requests: Requests::default(),
    };
    match step {
        SyncStep::Images | SyncStep::Models => {
            let walks = due::walks(catalog, base, step, options.period, now)?;
            // One page is enough where all of it is known.
            let requests = Requests::from(walks.len() as u64);
            let listings = walks.iter().map(|due| due.listing.to_string()).collect();
            Ok(PlannedStep { items: None, listings, requests, ..nothing })
        }
        SyncStep::Stale => {
            let stale = Stale::draw_up(catalog, base, options, now)?;
            let (items, beyond) = (Some(stale.items()), stale.beyond);
            Ok(PlannedStep { items, beyond, requests: stale.requests(), ..nothing })
        }
        SyncStep::Versions | SyncStep::Hashes => {
            let agenda = Agenda::draw_up(catalog, &resolve_options(step, options), now)?;
            let items = Some(agenda.wanted.len() as u64);
            let (beyond, spared) = (agenda.beyond, agenda.spared);
            Ok(PlannedStep { items, beyond, spared, requests: agenda.requests(), ..nothing })
        }
    }
}
