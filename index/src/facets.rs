//! How often each value occurs among the matches of a query.

use std::collections::BTreeMap;

use crate::error::IndexError;
use crate::query::{Query, Resolver};
use crate::reader::Reader;

/// What can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FacetField {
    /// Canonical sampler.
    Sampler,
    /// Canonical scheduler.
    Scheduler,
    /// Base model.
    Base,
    /// Who posted it.
    User,
    /// Normalised chunks between the commas of the prompt.
    Chunk,
    /// Normalised chunks between the commas of the negative prompt.
    NegativeChunk,
    /// Numbers of resources, in decimal digits.
    Resource,
}

/// One value and how many of the matches have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The value.
    pub value: String,
    /// Matches with it.
    pub count: u64,
}

/// The values of one field among the matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// Which field.
    pub field: FacetField,
    /// The most frequent values, most frequent first, ties by value.
    pub buckets: Vec<Bucket>,
    /// How many distinct values there are.
    pub distinct: u64,
    /// Matches without any value.
    pub missing: u64,
}

impl Reader {
    /// Counts the `top` most frequent values of each field among the matches of a query.
    ///
    /// # Errors
    ///
    /// As [`Reader::search`].
    pub fn facets(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        fields: &[FacetField],
        top: usize,
    ) -> Result<Vec<Facet>, IndexError> {
        let mut counted = vec![BTreeMap::<String, u64>::new(); fields.len()];
        let mut missing = vec![0; fields.len()];
        self.for_each(resolver, query, &mut |facts| {
            for (number, field) in fields.iter().enumerate() {
                let value = match field {
                    FacetField::Sampler => facts.sampler,
                    FacetField::Scheduler => facts.scheduler,
                    FacetField::Base => facts.base_model,
                    FacetField::User => facts.username,
                    FacetField::Chunk | FacetField::NegativeChunk | FacetField::Resource => None,
                };
                match value {
                    Some(value) => *counted[number].entry(value.to_owned()).or_default() += 1,
                    None => missing[number] += 1,
                }
            }
        })?;
        let facet = |(number, field): (usize, &FacetField)| {
            let values = &counted[number];
            let mut buckets: Vec<Bucket> =
                values.iter().map(|(value, &count)| Bucket { value: value.clone(), count }).collect();
            buckets.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
            buckets.truncate(top);
            Facet { field: *field, buckets, distinct: values.len() as u64, missing: missing[number] }
        };
        Ok(fields.iter().enumerate().map(facet).collect())
    }
}
