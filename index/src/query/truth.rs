//! Three values of truth: what is known to be so, what is known not to be so, and what nobody knows.
//!
//! A condition on something that is not known of an image is unknown, and so is its negation: `-steps:20` finds images
//! with another number of steps, not those whose steps nobody knows. What is unknown never matches. Conjunction and
//! disjunction are Kleene's: false and unknown is false, true or unknown is true.
//!
//! Known is: of settings, the number or word itself; of prompts and resources, that there is any generation data at all,
//! so that `-negative:blurry` finds images without a negative prompt; of facts of files, that it is a local file. Of
//! names and numbers of the site an image without one is known not to have the one that is asked for.

use tantivy::query::{BooleanQuery, EmptyQuery, Occur};

use super::ask::{Ask, State};
use super::ast::{Node, Query};
use super::field::{IntegerField, KeywordField, Presence, RealField, TextField, WordField};
use super::lower::{Engine, Lowering, SamplerName, everything, excluded, union};
use crate::error::IndexError;

/// What must be known of an image before a condition on it can be false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing.
    Always,
    /// Any generation data.
    Meta,
    /// This.
    Presence(Presence),
    /// Both sides.
    Sides,
    /// That it is a file of this machine.
    Local,
    /// Its size and that of what was generated first.
    Scale,
    /// Generation data that were searched for a graph.
    Graph,
    /// That it is a file of this machine, which was searched for credentials.
    Credentials,
}

impl Known {
    /// What makes a condition false rather than unknown.
    pub(crate) fn of(node: &Node) -> Self {
        match node {
            Node::Text { .. }
            | Node::Chunk { .. }
            | Node::Resource { .. }
            | Node::ResourceIds(_)
            | Node::Uses { .. } => Self::Meta,
            Node::Pattern { field: WordField::Text(_) | WordField::Name(_), .. } => Self::Meta,
            Node::Pattern { field: WordField::Keyword(field), .. } | Node::Keyword { field, .. } => {
                keyword(*field)
            }
            Node::Integer { field, .. } | Node::Digits { field, .. } => integer(*field),
            Node::Real { field: RealField::Cfg, .. } => Self::Presence(Presence::Cfg),
            Node::Real { field: RealField::Denoise, .. } => Self::Presence(Presence::Denoise),
            Node::Real { field: RealField::Hires, .. } | Node::Has(Presence::Hires) => Self::Scale,
            Node::Real { .. } | Node::Shape(_) => Self::Sides,
            Node::Created(_) => Self::Presence(Presence::Date),
            Node::Has(Presence::Workflow) => Self::Graph,
            Node::Has(Presence::C2pa | Presence::Trained) => Self::Credentials,
            Node::Has(presence) if is_generation_data(*presence) => Self::Meta,
            Node::Ask(Ask::FileSize(_) | Ask::Modified(_)) => Self::Local,
            Node::Ask(
                Ask::Linked(_)
                | Ask::Via(_)
                | Ask::Confidence(_)
                | Ask::Descends(_)
                | Ask::Is(State::Unresolved | State::Ambiguous | State::TakenDown),
            ) => Self::Meta,
            Node::All
            | Node::And(_)
            | Node::Or(_)
            | Node::Not(_)
            | Node::Has(_)
            | Node::Absent(_)
            | Node::Ask(_) => Self::Always,
        }
    }

    /// Whether it holds wherever a condition is true.
    fn follows_from(self, node: &Node) -> bool {
        let says_how = match node {
            Node::Text { field: TextField::Prompt, .. }
            | Node::Chunk { field: TextField::Prompt, .. }
            | Node::Pattern { field: WordField::Text(TextField::Prompt), .. }
            | Node::Integer { field: IntegerField::Steps | IntegerField::Seed, .. }
            | Node::Digits { field: IntegerField::Steps | IntegerField::Seed, .. }
            | Node::Real { field: RealField::Cfg, .. }
            | Node::ResourceIds(_)
            | Node::Uses { .. } => true,
            Node::Has(presence) => matches!(
                presence,
                Presence::Meta | Presence::Prompt | Presence::Steps | Presence::Seed | Presence::Cfg
            ),
            _ => false,
        };
        match self {
            Self::Always => true,
            Self::Meta => says_how,
            Self::Presence(wanted) => Self::of(node) == self || *node == Node::Has(wanted),
            Self::Sides | Self::Scale => Self::of(node) == self,
            Self::Graph | Self::Credentials => false,
            Self::Local => {
                matches!(node, Node::Keyword { field: KeywordField::Source, value, prefix: false } if value == "local")
            }
        }
    }
}

fn keyword(field: KeywordField) -> Known {
    match field {
        KeywordField::Sampler => Known::Presence(Presence::Sampler),
        KeywordField::Scheduler => Known::Presence(Presence::Scheduler),
        KeywordField::Base => Known::Presence(Presence::Base),
        KeywordField::Tool => Known::Presence(Presence::Tool),
        KeywordField::User | KeywordField::Type | KeywordField::Source => Known::Always,
    }
}

fn integer(field: IntegerField) -> Known {
    Known::Presence(match field {
        IntegerField::Steps => Presence::Steps,
        IntegerField::Seed => Presence::Seed,
        IntegerField::ClipSkip => Presence::ClipSkip,
        IntegerField::Width => Presence::Width,
        IntegerField::Height => Presence::Height,
        IntegerField::Likes => Presence::Likes,
        IntegerField::Reactions => Presence::Reactions,
        IntegerField::Comments => Presence::Comments,
        IntegerField::Nsfw => Presence::Nsfw,
        IntegerField::Post | IntegerField::Id | IntegerField::PostedFor => return Known::Always,
    })
}

/// Whether it is missing wherever there is no generation data, which does not say that there was none.
fn is_generation_data(presence: Presence) -> bool {
    match presence {
        Presence::Prompt
        | Presence::Negative
        | Presence::Model
        | Presence::Lora
        | Presence::Embedding
        | Presence::Hypernetwork
        | Presence::Vae
        | Presence::Controlnet
        | Presence::Upscaler
        | Presence::Resource
        | Presence::Sampler
        | Presence::Scheduler
        | Presence::Tool
        | Presence::Steps
        | Presence::Cfg
        | Presence::Seed
        | Presence::ClipSkip
        | Presence::Denoise
        | Presence::Hires
        | Presence::Workflow
        | Presence::C2pa
        | Presence::Trained => true,
        Presence::Meta
        | Presence::Base
        | Presence::User
        | Presence::Type
        | Presence::Width
        | Presence::Height
        | Presence::Likes
        | Presence::Reactions
        | Presence::Comments
        | Presence::Nsfw
        | Presence::Post
        | Presence::Id
        | Presence::Date
        | Presence::PostedFor => false,
    }
}

impl Lowering<'_> {
    /// The engine's form of a query: the documents of which it is true.
    pub(crate) fn lower(&self, query: &Query) -> Result<Engine, IndexError> {
        Ok(self.truth(query, true)?.unwrap_or_else(everything))
    }

    /// The documents of which a query is true, or false, as `wanted` says; `None` for one that asks nothing.
    pub(super) fn truth(&self, query: &Query, wanted: bool) -> Result<Option<Engine>, IndexError> {
        match (&query.node, wanted) {
            (Node::Not(inner), _) => self.truth(inner, !wanted),
            (Node::And(parts), true) | (Node::Or(parts), false) => self.all_of(parts, wanted),
            (Node::Or(parts), true) | (Node::And(parts), false) => {
                let mut choices = Vec::with_capacity(parts.len());
                for part in parts {
                    choices.extend(self.truth(part, wanted)?);
                }
                Ok(if choices.is_empty() { None } else { Some(union(choices)) })
            }
            (_, true) => self.condition(query),
            (_, false) => self.all_of(std::slice::from_ref(query), false),
        }
    }

    /// The documents of which all parts are true, or all are false.
    fn all_of(&self, parts: &[Query], wanted: bool) -> Result<Option<Engine>, IndexError> {
        let mut found = Vec::new();
        let mut unwanted = Vec::new();
        let mut known: Vec<Known> = Vec::new();
        let mut is_true: Vec<&Node> = Vec::new();
        for part in parts {
            let (part, wanted) = match &part.node {
                Node::Not(inner) => (&**inner, !wanted),
                _ => (part, wanted),
            };
            match &part.node {
                Node::And(_) | Node::Or(_) | Node::Not(_) => found.extend(self.truth(part, wanted)?),
                node if wanted => {
                    is_true.push(node);
                    found.extend(self.condition(part)?);
                }
                Node::All => found.push(Box::new(EmptyQuery) as Engine),
                Node::Keyword { field: KeywordField::Sampler, value, prefix: false } => {
                    found.push(self.another_sampler(value));
                }
                node => {
                    let Some(condition) = self.condition(part)? else { continue };
                    unwanted.push(condition);
                    if !known.contains(&Known::of(node)) {
                        known.push(Known::of(node));
                    }
                }
            }
        }
        known.retain(|known| !is_true.iter().any(|node| known.follows_from(node)));
        found.extend(known.into_iter().filter_map(|known| self.known(known)));
        if found.is_empty() && unwanted.is_empty() {
            return Ok(None);
        }
        if found.len() == 1 && unwanted.is_empty() {
            return Ok(found.pop());
        }
        if found.is_empty() {
            found.push(everything());
        }
        let found = found.into_iter().map(|query| (Occur::Must, query));
        let unwanted = unwanted.into_iter().map(|query| (Occur::MustNot, excluded(query)));
        Ok(Some(Box::new(BooleanQuery::new(found.chain(unwanted).collect()))))
    }

    /// Another sampler, or another scheduler than the one that the name of a sampler says.
    fn another_sampler(&self, value: &str) -> Engine {
        let SamplerName { sampler, scheduler } = self.sampler(value);
        let sampler =
            sampler.map(|name| self.another(KeywordField::Sampler, Presence::Sampler, &name)).into_iter();
        let scheduler =
            scheduler.map(|name| self.another(KeywordField::Scheduler, Presence::Scheduler, &name));
        union(sampler.chain(scheduler).collect())
    }
}
