//! Values of the fields that the caller's store answers.

use super::ask::{Ask, COPY_CLASSES, Share, State};
use super::ast::{Node, Query, Span};
use super::compare::{bytes, comparison, excluding, real};
use super::date;
use super::error::QueryError;
use super::field::{self, KeywordField};
use super::table::AskKind;
use super::value::{Value, bad, clip};

/// Longest path, glob or name of an image, in bytes.
const MAX_TARGET_BYTES: usize = 4096;

/// The state after `is:`.
pub(super) fn is(text: &str, span: Span) -> Result<Query, QueryError> {
    let found_in = |source: &str| {
        let field = KeywordField::Source;
        Query::new(Node::Keyword { field, value: source.into(), prefix: false }, span)
    };
    if text.eq_ignore_ascii_case("local") {
        return Ok(found_in("local"));
    }
    if text.eq_ignore_ascii_case("remote") {
        return Ok(Query::or(vec![found_in("civitai"), found_in("url")]));
    }
    match State::read(text) {
        Some(state) => Ok(Query::new(Node::Ask(Ask::Is(state)), span)),
        None => {
            let known = State::ALL.into_iter().map(State::as_str).chain(["local", "remote"]);
            Err(unknown("is", text, known, span))
        }
    }
}

/// What a value of such a field asks.
pub(super) fn ask(kind: AskKind, value: &Value, now_ms: Option<i64>) -> Result<Query, QueryError> {
    let span = value.span;
    let text = value.text.trim();
    if text.is_empty() || text.len() > MAX_TARGET_BYTES {
        return Err(bad(format!("the value is empty, or longer than {MAX_TARGET_BYTES} bytes"), span));
    }
    let mut negation = None;
    let ask = match kind {
        AskKind::Path => Ask::Path(text.into()),
        AskKind::Root => Ask::Root(text.into()),
        AskKind::Extension => Ask::Extension(text.trim_start_matches('.').to_ascii_lowercase()),
        AskKind::Descends => Ask::Descends(text.into()),
        AskKind::CopyOf => Ask::CopyOf(text.into()),
        AskKind::Like => Ask::Like { image: text.into(), bits: value.slop },
        AskKind::Blur => {
            let whole = value.slop.map(|units| units.saturating_mul(100));
            Ask::Blur { image: text.into(), hundredths: value.hundredths.or(whole) }
        }
        AskKind::Raw => Ask::Raw(text.into()),
        AskKind::Via => Ask::Via(text.to_ascii_lowercase()),
        AskKind::Linked => {
            let share = Share::ALL.into_iter().find(|share| share.as_str().eq_ignore_ascii_case(text));
            let known = Share::ALL.into_iter().map(Share::as_str);
            Ask::Linked(share.ok_or_else(|| unknown("linked", text, known, span))?)
        }
        AskKind::Class => {
            let word = text.to_ascii_lowercase().replace('-', "_");
            let word = if word == "re_encode" { "reencode".to_owned() } else { word };
            let class = COPY_CLASSES.into_iter().find(|class| *class == word);
            Ask::Class(class.ok_or_else(|| unknown("class", text, COPY_CLASSES.into_iter(), span))?.into())
        }
        AskKind::FileSize => {
            let (test, negated) = comparison(text, span, |text| bytes(text, span))?;
            negation = Some(negated);
            Ask::FileSize(test)
        }
        AskKind::Modified => {
            let (test, negated) = comparison(text, span, |text| date::read(text, now_ms, span))?;
            negation = Some(negated);
            Ask::Modified(test)
        }
        AskKind::Seen => {
            let (test, negated) = comparison(text, span, |text| date::read(text, now_ms, span))?;
            negation = Some(negated);
            Ask::Seen(test)
        }
        AskKind::Confidence => {
            let (test, negated) = comparison(text, span, |text| real(text, span))?;
            negation = Some(negated);
            Ask::Confidence(test)
        }
    };
    let query = Query::new(Node::Ask(ask), span);
    Ok(match negation {
        Some(negated) => excluding(negated, query),
        None => query,
    })
}

fn unknown<'a>(
    name: &str,
    text: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    span: Span,
) -> QueryError {
    let error = bad(format!("`{name}:` does not know `{}`", clip(text)), span);
    match field::nearest(text, known.clone(), 2) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("it knows {}", known.collect::<Vec<_>>().join(", "))),
    }
}
