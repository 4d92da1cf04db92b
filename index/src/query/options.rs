//! What a query's text means depends on: the time, saved queries, how strict to be.

use std::collections::BTreeMap;

/// What to do with a name before a colon that is no field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownFields {
    /// An error, with what may have been meant.
    #[default]
    Refuse,
    /// Text, with a note that says so.
    AsText,
}

/// How to read a query.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParseOptions<'a> {
    /// The present moment, in milliseconds since 1970 (UTC), for `today` and its like; they are errors without it.
    pub now_ms: Option<i64>,
    /// What `@name` stands for: query text by name.
    pub aliases: Option<&'a BTreeMap<String, String>>,
    /// What to do with unknown fields.
    pub unknown_fields: UnknownFields,
}
