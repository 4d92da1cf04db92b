//! Reports from the catalog alone, by reading every image.
//!
//! - In: a catalog. Out: the same report as from an index, later.
//! - Never: an index.

use std::collections::HashMap;

use stemmata_index::{MAX_TEXT_BYTES, chunks};

use crate::catalog::{Catalog, Usage};
use crate::entity::VersionId;

use super::Result;
use super::figures::{Census, Names, Representative, Representatives, Sighting, Tally};
use super::owners::{ChunkOwners, OwnerCount};
use super::report::{Background, ChunkCounts, Inputs, LineageReport, report_of};

/// Reads what every linked resource stands for.
///
/// # Errors
///
/// [`super::LineageError::Catalog`].
pub fn representatives(catalog: &Catalog) -> Result<Representatives> {
    let mut found = Representatives::default();
    catalog.for_each_linked(None, |resource, links, digits| {
        found.extend(Representative::of(links, digits).map(|representative| (resource, representative)));
    })?;
    Ok(found)
}

/// Reports on a scope of versions from the catalog alone.
///
/// # Errors
///
/// [`super::LineageError::Catalog`].
pub fn report(inputs: &Inputs<'_>) -> Result<LineageReport> {
    let catalog = inputs.catalog;
    let links = representatives(catalog)?;
    let refused = catalog.refusals_of_images()?;
    let mut tally = Tally::new(&inputs.scope.members, inputs.period).without(&refused);
    if inputs.scope.compares() {
        tally = tally.comparing();
    }
    let mut census = Census::default();
    let (mut prompt, mut negative) = (Vec::new(), Vec::new());
    catalog.for_each_usage(|usage: Usage<'_>| {
        census.add(&usage, &links);
        if !tally.concerns(&usage, &links) {
            return;
        }
        number_chunks(usage.prompt, tally.names(), &mut prompt);
        number_chunks(usage.negative, tally.names(), &mut negative);
        tally.add(&Sighting { usage, prompt: &prompt, negative: &negative }, 0, &links);
    })?;
    report_of(inputs, &tally.finish(), &Everywhere { catalog, census })
}

fn number_chunks(text: Option<&str>, names: &mut Names, into: &mut Vec<u32>) {
    into.clear();
    into.extend(chunks_of(text).map(|chunk| names.number(&chunk)));
}

/// The chunks of a text as the index has them.
fn chunks_of(text: Option<&str>) -> impl Iterator<Item = String> {
    let text = text.filter(|text| !text.trim().is_empty()).unwrap_or_default();
    let end = (0..=text.len().min(MAX_TEXT_BYTES)).rev().find(|end| text.is_char_boundary(*end));
    chunks(text.get(..end.unwrap_or(0)).unwrap_or_default())
}

/// Counts by the catalog.
struct Everywhere<'c> {
    catalog: &'c Catalog,
    census: Census,
}

impl Background for Everywhere<'_> {
    fn images(&self) -> Result<u64> {
        Ok(self.census.images)
    }

    fn made_with(&self, version: VersionId) -> Result<u64> {
        Ok(self.census.made_with.get(&version).copied().unwrap_or(0))
    }

    fn chunks(&self, prompt: &[&str], negative: &[&str]) -> Result<[ChunkCounts; 2]> {
        let places = [prompt, negative].map(places);
        let empty = |chunks: &[&str]| ChunkCounts { images: 0, with: vec![0; chunks.len()] };
        let mut counted = [empty(prompt), empty(negative)];
        if prompt.is_empty() && negative.is_empty() {
            return Ok(counted);
        }
        self.catalog.for_each_prompt(|prompt, negative| {
            for ((text, places), counts) in [prompt, negative].into_iter().zip(&places).zip(&mut counted) {
                if places.is_empty() {
                    continue;
                }
                let mut said = chunks_of(text).peekable();
                counts.images += u64::from(said.peek().is_some());
                for chunk in said {
                    if let Some(count) =
                        places.get(chunk.as_str()).and_then(|place| counts.with.get_mut(*place as usize))
                    {
                        *count += 1;
                    }
                }
            }
        })?;
        Ok(counted)
    }

    fn owners(&self, images: &[i64], prompt: &[&str], negative: &[&str]) -> Result<[Vec<ChunkOwners>; 2]> {
        let places = [prompt, negative].map(places);
        let (mut count, mut said) = (OwnerCount::default(), [Vec::new(), Vec::new()]);
        self.catalog.for_each_usage(|usage: Usage<'_>| {
            if images.binary_search(&usage.image.get()).is_err() {
                return;
            }
            for ((text, places), said) in
                [usage.prompt, usage.negative].into_iter().zip(&places).zip(&mut said)
            {
                said.clear();
                if !places.is_empty() {
                    said.extend(chunks_of(text).filter_map(|chunk| places.get(chunk.as_str()).copied()));
                }
            }
            count.add(usage.username, [&said[0], &said[1]]);
        })?;
        Ok(count.finish([prompt.len(), negative.len()]))
    }
}

/// The place of each chunk in its list.
fn places<'c>(chunks: &[&'c str]) -> HashMap<&'c str, u32> {
    chunks.iter().copied().zip(0..).collect()
}
