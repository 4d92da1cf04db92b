//! Saved queries: `@name` in a query stands for the text of another one.
//!
//! Their nesting and their number are bounded, one that leads back to itself is an error, and so is an unknown one.

use super::ast::{Query, Span};
use super::error::{ErrorCode, QueryError};
use super::field;
use super::options::UnknownFields;
use super::parse::{Parser, check_length};
use super::value;

/// Deepest nesting of aliases.
const MAX_ALIAS_DEPTH: usize = 16;
/// Most uses of aliases in a query, those within aliases included.
const MAX_EXPANSIONS: usize = 64;

impl Parser<'_> {
    /// What `@name` stands for; `None` for text that looks like a name and may stay one.
    pub(super) fn alias(&mut self, name: &str, span: Span) -> Result<Option<Option<Query>>, QueryError> {
        let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        let Some(known) = self.options.aliases.filter(|_| is_name) else { return Ok(None) };
        let refuse = |message: String| QueryError::new(ErrorCode::BadAlias, message, span);
        let Some(text) = known.get(name) else {
            // Where nobody saved a query, `@name` is far more likely part of a pasted prompt.
            if known.is_empty() || self.options.unknown_fields == UnknownFields::AsText {
                self.note("unknown_alias", format!("`@{name}` is no alias and was searched as text"), span);
                return Ok(None);
            }
            let near = field::nearest(name, known.keys().map(String::as_str), 2);
            let error = refuse(format!("no alias is called `{}`", value::clip(name)));
            return Err(match near {
                Some(near) => error.hint(format!("did you mean `@{near}`?")),
                None => error.hint(format!("quote the text to search for it: \"@{}\"", value::clip(name))),
            });
        };
        if self.aliases.iter().any(|outer| outer == name) {
            let path: Vec<String> = self.aliases.iter().map(|outer| format!("@{outer}")).collect();
            return Err(refuse(format!("the alias leads back to itself: {} @{name}", path.join(" "))));
        }
        self.shared.expansions += 1;
        if self.aliases.len() >= MAX_ALIAS_DEPTH || self.shared.expansions > MAX_EXPANSIONS {
            return Err(refuse(format!(
                "aliases are used more than {MAX_EXPANSIONS} times, or nested deeper than {MAX_ALIAS_DEPTH}"
            )));
        }
        check_length(text, span)?;
        let mut inner = Parser::new(text, self.options);
        inner.brackets = self.brackets.clone();
        inner.is_negated = self.is_negated;
        inner.aliases = self.aliases.iter().cloned().chain([name.to_owned()]).collect();
        inner.shared = std::mem::take(&mut self.shared);
        let query = inner.alternatives();
        self.shared = inner.shared;
        match query {
            Ok(query) => Ok(Some(query.map(|query| query.at(span)))),
            Err(error) if error.message.starts_with("in `@") => Err(QueryError { span, ..error }),
            Err(error) => {
                let message = format!("in `@{name}`: {}", error.message);
                Err(QueryError { span, message, ..error })
            }
        }
    }
}
