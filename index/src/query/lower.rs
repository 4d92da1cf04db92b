//! AST to engine query.
//!
//! - Input: a [`Query`] and a [`Resolver`] for names that only the caller's store knows.
//! - Output: an engine query in which words of the positive prompt score and all else only filters.
//! - Never: parses text of a user, or passes it to the engine's own query parser.

use std::ops::Bound;
use std::sync::Arc;

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, ExistsQuery, InvertedIndexRangeQuery, Occur,
    PhrasePrefixQuery, PhraseQuery, Query as EngineQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::ask::{Ask, Found, Unanswered};
use super::ast::{Node, Pattern, Query, Span, Test};
use super::error::{ErrorCode, QueryError};
use super::excluded::Excluded;
use super::field::{KeywordField, Presence, ResourceField, Shape, TextField, WordField};
use super::pattern::{Fits, PatternQuery};
use super::scan::{IdSet, Look, Scan};
use super::truth::Known;
use super::value::MAX_SLOP;
use super::weighted::{Interval, WeightedResources};
use crate::chunked::Chunked;
use crate::document::NameKind;
use crate::entry::{UNREAD, UNSCALED};
use crate::error::IndexError;
use crate::phrase::Phrase;
use crate::schema::Fields;
use crate::tokenizer::{self, Kind};

/// Sets of so many ids and fewer are a union of their posting lists; larger ones walk the dictionary once.
const SMALL_SET: usize = 32;
/// Most words that the beginning of a phrase's last word is expanded to; the engine reserves a kilobyte for each.
const PHRASE_EXPANSIONS: u32 = 1 << 14;

/// What only the caller can look up, at the time of the query.
pub trait Resolver {
    /// The numbers, as in [`crate::DocumentResource`], of all resources that `value` means in `field`:
    /// by their own name, and by the model, version, file, creator or tag that they are linked to.
    ///
    /// A trailing `*` asks for everything that begins so. No match is an empty list, not an error.
    ///
    /// # Errors
    ///
    /// A text for a person, where the look-up itself failed.
    fn resources(&self, field: ResourceField, value: &str) -> Result<Vec<u64>, String>;

    /// The canonical name of a sampler as a person writes it.
    fn sampler(&self, text: &str) -> SamplerName;

    /// The numbers of all resources of the kind that a field names, for counting them.
    ///
    /// # Errors
    ///
    /// A text for a person, where the look-up itself failed.
    fn resources_of_kind(&self, _field: ResourceField) -> Result<Vec<u64>, String> {
        Err("there is no catalog to ask".into())
    }

    /// What only the caller can tell.
    ///
    /// # Errors
    ///
    /// Where the question names something unknown, or cannot be answered yet.
    fn look_up(&self, _ask: &Ask) -> Result<Found, Unanswered> {
        let message = "there is no catalog to ask".into();
        Err(Unanswered { code: ErrorCode::Unready, message, hint: None })
    }
}

/// A sampler and, where its name says so, the scheduler. Both `None`: not a name that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SamplerName {
    /// Such as `dpmpp_2m`.
    pub sampler: Option<String>,
    /// Such as `karras`.
    pub scheduler: Option<String>,
}

/// Knows nothing: resources are found only by their names as written, samplers only by their canonical names.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoResolver;

impl Resolver for NoResolver {
    fn resources(&self, _: ResourceField, _: &str) -> Result<Vec<u64>, String> {
        Ok(Vec::new())
    }

    fn sampler(&self, _: &str) -> SamplerName {
        SamplerName::default()
    }
}

/// A query of the engine.
pub(super) type Engine = Box<dyn EngineQuery>;

/// Lowers queries for one index.
pub(crate) struct Lowering<'a> {
    pub(super) fields: &'a Fields,
    resolver: &'a dyn Resolver,
}

impl<'a> Lowering<'a> {
    pub(crate) fn new(fields: &'a Fields, resolver: &'a dyn Resolver) -> Self {
        Self { fields, resolver }
    }

    /// One condition; `None` for a text without any word, which neither finds nor excludes anything.
    pub(super) fn condition(&self, query: &Query) -> Result<Option<Engine>, IndexError> {
        Ok(Some(match &query.node {
            Node::All => everything(),
            Node::And(_) | Node::Or(_) | Node::Not(_) => return self.truth(query, true),
            Node::Text { field, text, slop, prefix } => {
                return Ok(self.text(*field, text, *slop, *prefix));
            }
            Node::Chunk { field, text } => match Chunked::new(self.fields, *field, text) {
                Some(chunk) => filter(Box::new(chunk)),
                None => Box::new(EmptyQuery),
            },
            Node::Pattern { field, pattern } => self.pattern(*field, pattern, query.span)?,
            Node::Keyword { field, value, prefix } => self.keyword(*field, value, *prefix),
            Node::Integer { field, test } => self.integer(*field, *test),
            Node::Digits { field, digits } => Self::digits(*field, *digits),
            Node::Real { field, test } => self.real(*field, *test),
            Node::Created(test) => self.created(*test),
            Node::Shape(shape) => filter(self.term(self.fields.has, shape.as_str())),
            Node::Resource { field, value, prefix, weight } => {
                self.resource(*field, value, *prefix, *weight)?
            }
            Node::ResourceIds(ids) => filter(self.resource_set(ids)),
            Node::Uses { field, test } => self.uses(*field, *test)?,
            Node::Has(presence) => filter(self.presence(*presence)),
            Node::Absent(presence) => without(vec![filter(self.presence(*presence))]),
            Node::Ask(ask) => self.ask(ask, query.span)?,
        }))
    }

    /// Documents of which something is known.
    pub(super) fn known(&self, known: Known) -> Option<Engine> {
        Some(match known {
            Known::Always => return None,
            Known::Meta => filter(self.presence(Presence::Meta)),
            Known::Presence(presence) => filter(self.presence(presence)),
            Known::Sides => {
                filter(union(Shape::ALL.map(|shape| self.term(self.fields.has, shape.as_str())).into()))
            }
            Known::Local => filter(self.term(self.fields.source, "local")),
            Known::Scale => filter(union(vec![
                self.term(self.fields.has, UNSCALED),
                Box::new(ExistsQuery::new("upscale".into(), false)),
            ])),
            Known::Graph => self.read(self.presence(Presence::Meta)),
            Known::Credentials => self.read(self.term(self.fields.source, "local")),
        })
    }

    /// Those of some documents whose metadata somebody searched for traits.
    fn read(&self, known: Engine) -> Engine {
        let unread = (Occur::MustNot, excluded(self.term(self.fields.has, UNREAD)));
        Box::new(BooleanQuery::new(vec![(Occur::Must, filter(known)), unread]))
    }

    fn pattern(&self, field: WordField, pattern: &Pattern, span: Span) -> Result<Engine, IndexError> {
        let refused = |message| QueryError::new(ErrorCode::BadPattern, message, span);
        let fits = Arc::new(Fits::new(pattern).map_err(refused)?);
        let fields = self.fields;
        let columns = match field {
            WordField::Text(TextField::Prompt) => vec![fields.prompt],
            WordField::Text(TextField::Negative) => vec![fields.negative],
            WordField::Text(TextField::Any) => {
                [&[fields.prompt, fields.negative], &fields.names[..]].concat()
            }
            WordField::Keyword(field) => vec![self.fields.keyword(field)],
            WordField::Name(field) => match field.names() {
                Some(Some(kind)) => vec![fields.name(kind)],
                Some(None) => fields.names.to_vec(),
                None => return Ok(Box::new(EmptyQuery)),
            },
        };
        let query = |column| -> Engine { Box::new(PatternQuery::new(Arc::clone(&fits), column)) };
        Ok(filter(union(columns.into_iter().map(query).collect())))
    }

    fn uses(&self, field: ResourceField, test: Test<i64>) -> Result<Engine, IndexError> {
        let ids = match field {
            ResourceField::Resource => None,
            field => {
                let ids = self.resolver.resources_of_kind(field);
                let ids = ids.map_err(|reason| IndexError::Resolve { value: "resources".into(), reason })?;
                Some(Arc::new(IdSet::of(&ids)))
            }
        };
        let counted: Engine = Box::new(Scan(Look::Uses(ids, test)));
        // Nothing is counted where nothing is known: no metadata is not no LoRA.
        let known = self.known(Known::Meta).into_iter();
        Ok(filter(Box::new(BooleanQuery::intersection(known.chain([counted]).collect()))))
    }

    fn ask(&self, ask: &Ask, span: Span) -> Result<Engine, IndexError> {
        let found = self.resolver.look_up(ask).map_err(|unanswered| {
            let Unanswered { code, message, hint } = unanswered;
            QueryError { code, message, span, hint }
        })?;
        Ok(filter(match (found, ask) {
            (Found::Resources(ids), Ask::Linked(share)) => {
                Box::new(Scan(Look::Resources(Arc::new(IdSet::of(&ids)), *share)))
            }
            (Found::Resources(mut ids), _) => {
                ids.sort_unstable();
                ids.dedup();
                self.resource_set(&ids)
            }
            (Found::Media(ids), _) => Box::new(Scan(Look::Media(Arc::new(IdSet::of(&ids))))),
            (Found::Images(keys), _) if keys.is_empty() => Box::new(EmptyQuery),
            (Found::Images(keys), _) => Box::new(Scan(Look::Key(Arc::new(IdSet::new(keys))))),
        }))
    }

    fn text(&self, field: TextField, text: &str, slop: u32, prefix: bool) -> Option<Engine> {
        let prompt_words = tokenizer::words(Kind::Prompt, text);
        let name_words = || tokenizer::words(Kind::Name, text);
        let fields = self.fields;
        match field {
            TextField::Prompt => words_in(fields.prompt, &prompt_words, slop, prefix),
            TextField::Negative => words_in(fields.negative, &prompt_words, slop, prefix).map(filter),
            TextField::Any => {
                let choices: Vec<Engine> = [
                    words_in(fields.prompt, &prompt_words, slop, prefix),
                    words_in(fields.negative, &prompt_words, slop, prefix).map(filter),
                    self.named(None, &name_words(), slop, prefix).map(filter),
                ]
                .into_iter()
                .flatten()
                .collect();
                (!choices.is_empty()).then(|| union(choices))
            }
        }
    }

    fn keyword(&self, field: KeywordField, value: &str, prefix: bool) -> Engine {
        let folded = tokenizer::keyword(value);
        if prefix {
            return filter(beginning(self.fields.keyword(field), &folded));
        }
        if field != KeywordField::Sampler {
            return filter(self.term(self.fields.keyword(field), &folded));
        }
        let SamplerName { sampler, scheduler } = self.sampler(value);
        let sampler = sampler.map(|name| self.term(self.fields.sampler, &name));
        let scheduler = scheduler.map(|name| self.term(self.fields.scheduler, &name));
        filter(Box::new(BooleanQuery::intersection(sampler.into_iter().chain(scheduler).collect())))
    }

    /// What a name of a sampler asks of the columns of samplers and schedulers; one of them at least.
    pub(super) fn sampler(&self, value: &str) -> SamplerName {
        let known = self.resolver.sampler(value);
        match (&known.sampler, &known.scheduler) {
            (None, None) => SamplerName { sampler: Some(tokenizer::keyword(value)), scheduler: None },
            (sampler, scheduler) => SamplerName {
                sampler: sampler.as_deref().map(tokenizer::keyword),
                scheduler: scheduler.as_deref().map(tokenizer::keyword),
            },
        }
    }

    /// Documents with a known keyword that is not this folded one.
    pub(super) fn another(&self, field: KeywordField, presence: Presence, folded: &str) -> Engine {
        let clauses = vec![
            (Occur::Must, filter(self.presence(presence))),
            (Occur::MustNot, excluded(self.term(self.fields.keyword(field), folded))),
        ];
        Box::new(BooleanQuery::new(clauses))
    }

    fn resource(
        &self,
        field: ResourceField,
        value: &str,
        prefix: bool,
        weight: Option<Test<f64>>,
    ) -> Result<Engine, IndexError> {
        let asked = if prefix { format!("{value}*") } else { value.to_owned() };
        let mut ids = self
            .resolver
            .resources(field, &asked)
            .map_err(|reason| IndexError::Resolve { value: asked, reason })?;
        ids.sort_unstable();
        ids.dedup();
        let users = self.resource_set(&ids);
        if let Some(test) = weight {
            return Ok(filter(Box::new(WeightedResources::new(users, &ids, Interval::of(test)))));
        }
        let named =
            field.names().and_then(|kind| self.named(kind, &tokenizer::words(Kind::Name, value), 0, prefix));
        Ok(filter(match named {
            Some(named) if ids.is_empty() => named,
            Some(named) => union(vec![named, users]),
            None => users,
        }))
    }

    /// Words in the names of resources of one kind, or of any.
    fn named(&self, kind: Option<NameKind>, words: &[String], slop: u32, prefix: bool) -> Option<Engine> {
        let kinds = match &kind {
            Some(kind) => std::slice::from_ref(kind),
            None => &NameKind::ALL[..],
        };
        let choices: Vec<Engine> =
            kinds.iter().filter_map(|kind| words_in(self.fields.name(*kind), words, slop, prefix)).collect();
        (!choices.is_empty()).then(|| union(choices))
    }

    fn resource_set(&self, ids: &[u64]) -> Engine {
        let terms = ids.iter().map(|id| Term::from_field_u64(self.fields.resource, *id));
        match ids.len() {
            0 => Box::new(EmptyQuery),
            1..=SMALL_SET => union(terms.map(exact).collect()),
            _ => Box::new(TermSetQuery::new(terms)),
        }
    }

    fn presence(&self, presence: Presence) -> Engine {
        let word = |word| self.term(self.fields.has, word);
        let column = |name: &str| -> Engine { Box::new(ExistsQuery::new(name.to_owned(), false)) };
        match presence {
            Presence::Meta => word("meta"),
            Presence::Prompt => word("prompt"),
            Presence::Negative => word("negative"),
            Presence::Model => word("model"),
            Presence::Lora => word("lora"),
            Presence::Embedding => word("embedding"),
            Presence::Hypernetwork => word("hypernetwork"),
            Presence::Vae => word("vae"),
            Presence::Controlnet => word("controlnet"),
            Presence::Upscaler => word("upscaler"),
            Presence::Resource => word("resource"),
            Presence::Sampler => column("sampler"),
            Presence::Scheduler => column("scheduler"),
            Presence::Base => column("base"),
            Presence::User => column("user"),
            Presence::Tool => column("tool"),
            Presence::Type => column("type"),
            Presence::Steps => column("steps"),
            Presence::Cfg => column("cfg"),
            Presence::Seed => column("seed"),
            Presence::ClipSkip => column("clip_skip"),
            Presence::Denoise => column("denoise"),
            Presence::Width => column("width"),
            Presence::Height => column("height"),
            Presence::Likes => column("likes"),
            Presence::Reactions => column("reactions"),
            Presence::Comments => column("comments"),
            Presence::Nsfw => column("nsfw"),
            Presence::Post => column("post"),
            Presence::Id => column("image"),
            Presence::Date => column("created"),
            Presence::PostedFor => column("posted_for"),
            Presence::Hires => word("hires"),
            Presence::Workflow => word("workflow"),
            Presence::C2pa => word("c2pa"),
            Presence::Trained => word("trained"),
        }
    }

    pub(super) fn term(&self, field: Field, word: &str) -> Engine {
        exact(Term::from_field_text(field, word))
    }
}

/// Words in this order in a text field; `None` without words.
fn words_in(field: Field, words: &[String], slop: u32, prefix: bool) -> Option<Engine> {
    let mut terms: Vec<Term> = words.iter().map(|word| Term::from_field_text(field, word)).collect();
    Some(match (terms.len(), prefix) {
        (0, _) => return None,
        (1, true) => beginning(field, &words[0]),
        (1, false) => Box::new(TermQuery::new(terms.remove(0), IndexRecordOption::WithFreqs)),
        (_, true) => {
            let mut phrase = PhrasePrefixQuery::new(terms);
            phrase.set_max_expansions(PHRASE_EXPANSIONS);
            Box::new(phrase)
        }
        (_, false) if slop == 0 => Box::new(Phrase::new(terms)),
        (_, false) => {
            let mut phrase = PhraseQuery::new(terms);
            phrase.set_slop(slop.min(MAX_SLOP));
            Box::new(phrase)
        }
    })
}

/// Documents with a word that begins so.
fn beginning(field: Field, prefix: &str) -> Engine {
    let end = format!("{prefix}{}", char::MAX);
    Box::new(InvertedIndexRangeQuery::new(
        Bound::Included(Term::from_field_text(field, prefix)),
        Bound::Excluded(Term::from_field_text(field, &end)),
    ))
}

pub(super) fn exact(term: Term) -> Engine {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

pub(super) fn everything() -> Engine {
    filter(Box::new(AllQuery))
}

pub(super) fn without(unwanted: Vec<Engine>) -> Engine {
    let mut clauses = vec![(Occur::Must, everything())];
    clauses.extend(unwanted.into_iter().map(|query| (Occur::MustNot, excluded(query))));
    Box::new(BooleanQuery::new(clauses))
}

pub(super) fn excluded(query: Engine) -> Engine {
    Box::new(Excluded(query))
}

pub(super) fn union(mut choices: Vec<Engine>) -> Engine {
    if choices.len() == 1 {
        return choices.swap_remove(0);
    }
    Box::new(BooleanQuery::union(choices))
}

/// A condition that does not score.
pub(super) fn filter(query: Engine) -> Engine {
    Box::new(ConstScoreQuery::new(query, 0.0))
}
