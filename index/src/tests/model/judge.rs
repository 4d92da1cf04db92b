//! Whether a query is true of a document, worked out from the document alone.

use super::{Numbers, answer};
use crate::query::{
    Ask, Found, IntegerField, KeywordField, Node, Pattern, Presence, Query, RealField, Resolver as _,
    ResourceField, Shape, Share, State, Test, TextField, WordField,
};
use crate::tokenizer::{Kind, keyword, words};
use crate::{Document, NameKind};

/// Whether a document matches; `None` for a query that asks nothing.
pub(in crate::tests) fn matches(query: &Query, document: &Document) -> Option<bool> {
    truth(query, document).map(|truth| truth == Some(true))
}

/// Whether a query is true of a document: `Some(None)` where nobody knows, `None` for a part that asks nothing.
fn truth(query: &Query, document: &Document) -> Option<Option<bool>> {
    let known_parts = |parts: &[Query]| -> Option<Vec<Option<bool>>> {
        let parts: Vec<_> = parts.iter().filter_map(|part| truth(part, document)).collect();
        (!parts.is_empty()).then_some(parts)
    };
    Some(match &query.node {
        Node::And(parts) => {
            let parts = known_parts(parts)?;
            if parts.contains(&Some(false)) {
                Some(false)
            } else if parts.contains(&None) {
                None
            } else {
                Some(true)
            }
        }
        Node::Or(parts) => {
            let parts = known_parts(parts)?;
            if parts.contains(&Some(true)) {
                Some(true)
            } else if parts.contains(&None) {
                None
            } else {
                Some(false)
            }
        }
        Node::Not(inner) => truth(inner, document)?.map(|truth| !truth),
        Node::Text { text, .. } if words(Kind::Prompt, text).is_empty() => return None,
        Node::Keyword { field: KeywordField::Sampler, value, prefix: false }
            if keyword(value) == "euler karras" =>
        {
            let is = |have: &Option<String>, want: &str| have.as_deref().map(|have| keyword(have) == want);
            match (is(&document.sampler, "euler"), is(&document.scheduler, "karras")) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            }
        }
        node if holds(node, document) => Some(true),
        node => can_be_false(node, document).then_some(false),
    })
}

/// Whether enough is known of a document for a condition that does not hold to be false.
fn can_be_false(node: &Node, document: &Document) -> bool {
    let meta = has(document, Presence::Meta);
    match node {
        Node::Text { .. }
        | Node::Chunk { .. }
        | Node::Resource { .. }
        | Node::ResourceIds(_)
        | Node::Uses { .. }
        | Node::Pattern { field: WordField::Text(_) | WordField::Name(_), .. } => meta,
        Node::Pattern { .. } => document.scheduler.is_some(),
        Node::Keyword { field, .. } => match field {
            KeywordField::Sampler => document.sampler.is_some(),
            KeywordField::Scheduler => document.scheduler.is_some(),
            KeywordField::Base => document.base_model.is_some(),
            _ => true,
        },
        Node::Integer { field, .. } => match field {
            IntegerField::Steps => document.steps.is_some(),
            IntegerField::Seed => document.seed.is_some(),
            IntegerField::Width => document.width.is_some(),
            IntegerField::Likes => document.likes.is_some(),
            IntegerField::Nsfw => document.nsfw_bits.is_some(),
            _ => true,
        },
        Node::Real { field: RealField::Cfg, .. } => document.cfg.is_some(),
        Node::Real { field: RealField::Hires, .. } | Node::Has(Presence::Hires) => {
            document.upscale_percent.is_some()
        }
        Node::Real { .. } | Node::Shape(_) => document.width.is_some() && document.height.is_some(),
        Node::Created(_) => document.created_ms.is_some(),
        Node::Has(Presence::Meta | Presence::Width | Presence::Date | Presence::PostedFor) => true,
        Node::Has(Presence::Workflow) => meta && document.traits.is_some(),
        Node::Has(Presence::C2pa | Presence::Trained) => {
            document.source.is_some() && document.traits.is_some()
        }
        Node::Has(_) => meta,
        Node::Digits { .. } => document.seed.is_some(),
        Node::Ask(Ask::FileSize(_)) => document.source.is_some(),
        Node::Ask(Ask::Via(_) | Ask::Linked(_) | Ask::Is(State::Unresolved)) => meta,
        _ => true,
    }
}

/// Whether a condition is true of a document.
fn holds(node: &Node, document: &Document) -> bool {
    match node {
        Node::Text { field, text, prefix, .. } => {
            let prompt = document.prompt.as_deref().unwrap_or_default();
            let negative = document.negative.as_deref().unwrap_or_default();
            let names = || document.names.iter().any(|(_, name)| contains(name, text, *prefix));
            match field {
                TextField::Prompt => contains(prompt, text, *prefix),
                TextField::Negative => contains(negative, text, *prefix),
                TextField::Any => {
                    contains(prompt, text, *prefix) || contains(negative, text, *prefix) || names()
                }
            }
        }
        Node::Chunk { field, text } => {
            let of = if *field == TextField::Prompt { &document.prompt } else { &document.negative };
            let wanted = crate::chunks::chunk(text);
            of.as_deref().is_some_and(|of| crate::chunks::chunks(of).any(|have| Some(have) == wanted))
        }
        Node::Pattern { field, pattern } => {
            let any = |kind, text: &str| words(kind, text).iter().any(|word| fits(pattern, word));
            let prompt = || document.prompt.as_deref().is_some_and(|text| any(Kind::Prompt, text));
            let negative = || document.negative.as_deref().is_some_and(|text| any(Kind::Prompt, text));
            let name = |wanted: Option<NameKind>| {
                let named = |kind| wanted.is_none_or(|wanted| wanted == kind);
                document.names.iter().any(|(kind, name)| named(*kind) && any(Kind::Name, name))
            };
            match field {
                WordField::Text(TextField::Prompt) => prompt(),
                WordField::Text(TextField::Negative) => negative(),
                WordField::Text(TextField::Any) => prompt() || negative() || name(None),
                WordField::Name(ResourceField::Lora) => name(Some(NameKind::Lora)),
                WordField::Name(_) => name(None),
                WordField::Keyword(_) => {
                    document.scheduler.as_deref().is_some_and(|word| fits(pattern, &keyword(word)))
                }
            }
        }
        Node::Keyword { field, value, prefix } => has_keyword(document, *field, value, *prefix),
        Node::Integer { field, test } => {
            let one = |value: Option<u64>| value.is_some_and(|value| passes(*test, value as i64));
            match field {
                IntegerField::Steps => one(document.steps),
                IntegerField::Width => one(document.width),
                IntegerField::Likes => one(document.likes),
                IntegerField::Nsfw => one(document.nsfw_bits),
                IntegerField::Post => one(document.post),
                IntegerField::Id => one(document.image),
                IntegerField::PostedFor => document.posted_for.iter().any(|version| one(Some(*version))),
                IntegerField::Seed => document.seed.is_some_and(|seed| passes(*test, seed)),
                _ => unreachable!("not generated"),
            }
        }
        Node::Digits { digits, .. } => {
            document.seed.is_some_and(|seed| seed.to_string().starts_with(&digits.to_string()))
        }
        Node::Real { field: RealField::Hires, test } => {
            document.upscale_percent.is_some_and(|percent| passes_about(*test, percent as f64 / 100.0))
        }
        Node::Real { field: RealField::Cfg, test } => {
            document.cfg.is_some_and(|cfg| passes_about(*test, cfg))
        }
        Node::Real { field, test } => match (document.width, document.height) {
            (Some(width), Some(height)) if *field == RealField::Megapixels => {
                passes_about(*test, (width * height) as f64 / 1e6)
            }
            (Some(width), Some(height)) => height > 0 && passes_about(*test, width as f64 / height as f64),
            _ => false,
        },
        Node::Created(test) => document.created_ms.is_some_and(|at| match *test {
            Test::Equal(date) => at >= date.start_ms() && at < date.end_ms(),
            Test::Above(date) => at >= date.end_ms(),
            Test::AtLeast(date) => at >= date.start_ms(),
            Test::Below(date) => at < date.start_ms(),
            Test::AtMost(date) => at < date.end_ms(),
            Test::Between(first, last) => at >= first.start_ms() && at < last.end_ms(),
        }),
        Node::Shape(shape) => match (document.width, document.height) {
            (Some(width), Some(height)) => match shape {
                Shape::Landscape => width > height,
                Shape::Portrait => width < height,
                Shape::Square => width == height,
            },
            _ => false,
        },
        Node::Resource { field, value, prefix, weight } => {
            has_resource(document, *field, value, *prefix, *weight)
        }
        Node::ResourceIds(ids) => document.resources.iter().any(|used| ids.contains(&used.id)),
        Node::Uses { field, test } => {
            let counts = |id| *field == ResourceField::Resource || [1, 3, 5].contains(&id);
            let used: std::collections::BTreeSet<u64> =
                document.resources.iter().map(|used| used.id).filter(|id| counts(*id)).collect();
            has(document, Presence::Meta) && passes(*test, used.len() as i64)
        }
        Node::Has(presence) => has(document, *presence),
        Node::Absent(presence) => !has(document, *presence),
        Node::Ask(ask) => match (answer(ask), ask) {
            (Found::Images(keys), _) => keys.contains(&document.key),
            (Found::Media(media), _) => document.media.is_some_and(|own| media.contains(&own)),
            (Found::Resources(ids), Ask::Linked(share)) => {
                let inside = document.resources.iter().filter(|used| ids.contains(&used.id)).count();
                let all = document.resources.len();
                match share {
                    Share::Full => all > 0 && inside == all,
                    Share::Partial => inside > 0 && inside < all,
                    Share::None => all > 0 && inside == 0,
                }
            }
            (Found::Resources(ids), _) => document.resources.iter().any(|used| ids.contains(&used.id)),
        },
        _ => true,
    }
}

fn contains(text: &str, searched: &str, prefix: bool) -> bool {
    let (have, want) = (words(Kind::Prompt, text), words(Kind::Prompt, searched));
    have.windows(want.len()).any(|window| {
        let (last, first) = (want.len() - 1, &want[..want.len() - 1]);
        window[..last] == *first
            && if prefix { window[last].starts_with(&want[last]) } else { window[last] == want[last] }
    })
}

fn has_keyword(document: &Document, field: KeywordField, value: &str, prefix: bool) -> bool {
    let is = |have: &Option<String>, want: &str| have.as_deref().is_some_and(|have| keyword(have) == want);
    let begins = |have: &Option<String>| {
        have.as_deref().is_some_and(|have| keyword(have).starts_with(&keyword(value)))
    };
    let have = match field {
        KeywordField::Sampler => &document.sampler,
        KeywordField::Scheduler => &document.scheduler,
        KeywordField::Base => &document.base_model,
        _ => &document.username,
    };
    match (field, keyword(value).as_str(), prefix) {
        (_, _, true) => begins(have),
        (KeywordField::Sampler, "euler a", _) => is(have, "euler"),
        (KeywordField::Sampler, "euler karras", _) => is(have, "euler") && is(&document.scheduler, "karras"),
        (_, value, false) => is(have, value),
    }
}

fn has_resource(
    document: &Document,
    field: ResourceField,
    value: &str,
    prefix: bool,
    weight: Option<Test<f64>>,
) -> bool {
    let asked = if prefix { format!("{value}*") } else { value.to_owned() };
    let ids = Numbers.resources(field, &asked).expect("resolves");
    let used = document.resources.iter().filter(|used| ids.contains(&used.id));
    if let Some(test) = weight {
        return used.clone().any(|used| used.weight.is_some_and(|weight| passes_about(test, weight)));
    }
    let kind = match field {
        ResourceField::Lora => Some(NameKind::Lora),
        ResourceField::Model => Some(NameKind::Model),
        ResourceField::Resource => None,
        _ => return used.count() > 0,
    };
    let mut names = document.names.iter().filter(|(named, _)| kind.is_none_or(|kind| kind == *named));
    used.count() > 0 || names.any(|(_, name)| contains(name, value, prefix))
}

fn has(document: &Document, presence: Presence) -> bool {
    let text = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
    match presence {
        Presence::Meta => {
            document.prompt.is_some()
                || document.sampler.is_some()
                || document.steps.is_some()
                || document.seed.is_some()
                || document.cfg.is_some()
                || !document.resources.is_empty()
        }
        Presence::Prompt => text(&document.prompt),
        Presence::Negative => text(&document.negative),
        Presence::Lora => document.names.iter().any(|(kind, _)| *kind == NameKind::Lora),
        Presence::Resource => !document.names.is_empty() || !document.resources.is_empty(),
        Presence::Sampler => document.sampler.is_some(),
        Presence::Steps => document.steps.is_some(),
        Presence::Seed => document.seed.is_some(),
        Presence::Cfg => document.cfg.is_some(),
        Presence::Width => document.width.is_some(),
        Presence::Date => document.created_ms.is_some(),
        Presence::PostedFor => !document.posted_for.is_empty(),
        Presence::Hires => document.upscale_percent.is_some_and(|percent| percent > 102),
        Presence::Workflow => document.traits.is_some_and(|traits| traits.workflow),
        Presence::C2pa => document.traits.is_some_and(|traits| traits.c2pa),
        Presence::Trained => document.traits.is_some_and(|traits| traits.trained),
        _ => unreachable!("not generated"),
    }
}

fn passes(test: Test<i64>, value: i64) -> bool {
    match test {
        Test::Equal(limit) => value == limit,
        Test::Above(limit) => value > limit,
        Test::AtLeast(limit) => value >= limit,
        Test::Below(limit) => value < limit,
        Test::AtMost(limit) => value <= limit,
        Test::Between(low, high) => value >= low && value <= high,
    }
}

/// As [`passes`], where values a millionth apart are the same.
fn passes_about(test: Test<f64>, value: f64) -> bool {
    let same = |limit: f64| (value - limit).abs() <= 1e-6;
    match test {
        Test::Equal(limit) => same(limit),
        Test::Above(limit) => value > limit && !same(limit),
        Test::AtLeast(limit) => value > limit || same(limit),
        Test::Below(limit) => value < limit && !same(limit),
        Test::AtMost(limit) => value < limit || same(limit),
        Test::Between(low, high) => (value > low || same(low)) && (value < high || same(high)),
    }
}

/// Whether a folded word fits, worked out without an automaton.
fn fits(pattern: &Pattern, word: &str) -> bool {
    fn wild(pattern: &[char], word: &[char]) -> bool {
        match pattern.split_first() {
            None => word.is_empty(),
            Some(('*', rest)) => (0..=word.len()).any(|from| wild(rest, &word[from..])),
            Some((c, rest)) => word.first() == Some(c) && wild(rest, &word[1..]),
        }
    }
    match pattern {
        Pattern::Wildcard(text) => {
            let chars = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
            wild(&chars(text), &chars(word))
        }
        Pattern::Regex(text) => match text.as_str() {
            "c.t" => word.chars().count() == 3 && word.starts_with('c') && word.ends_with('t'),
            "RED|hair" => word == "red" || word == "hair",
            _ => !word.is_empty() && !word.contains('a'),
        },
    }
}
