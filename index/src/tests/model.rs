//! Random small documents and queries, and what each query finds, worked out one document at a time.

use std::path::Path;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::query::{
    Ask, Date, Found, IntegerField, KeywordField, Node, Pattern, Presence, Query, RealField, Resolver,
    ResourceField, SamplerName, Shape, Share, State, Test, TextField, Unanswered, WordField,
};
use crate::tokenizer::{Kind, keyword, words};
use crate::{Document, DocumentResource, NameKind, Writer, WriterOptions};

const VOCABULARY: [&str; 6] = ["cat", "dog", "red", "hair", "redder", "猫"];
const KEYWORDS: [&str; 4] = ["euler", "Euler A", "karras", "SD 1.5"];

/// One indexing thread and the least memory.
pub(super) fn small() -> WriterOptions {
    WriterOptions { threads: 1, memory_bytes: 0 }
}

/// Writes documents in commits of `size`, so that there are several segments.
pub(super) fn write(dir: &Path, documents: &[Document], size: usize) {
    let mut writer = Writer::open(dir, small()).expect("opens");
    for (number, part) in documents.chunks(size).enumerate() {
        for document in part {
            writer.add(document).expect("adds");
        }
        writer.commit(number as u64 + 1).expect("commits");
    }
    writer.close().expect("closes");
}

/// Resolves a version to the resource of the same number, `tag:even` to the even ones.
pub(super) struct Numbers;

impl Resolver for Numbers {
    fn resources(&self, field: ResourceField, value: &str) -> Result<Vec<u64>, String> {
        Ok(match field {
            ResourceField::Version => value.parse().into_iter().collect(),
            ResourceField::Tag if value == "even" => (0..100).rev().step_by(2).map(|id| id - 1).collect(),
            ResourceField::Lora if value == "cat" => vec![1, 2],
            _ => Vec::new(),
        })
    }

    fn sampler(&self, text: &str) -> SamplerName {
        match keyword(text).as_str() {
            "euler a" => SamplerName { sampler: Some("euler".into()), scheduler: None },
            "euler karras" => SamplerName { sampler: Some("euler".into()), scheduler: Some("karras".into()) },
            _ => SamplerName::default(),
        }
    }

    fn resources_of_kind(&self, _: ResourceField) -> Result<Vec<u64>, String> {
        Ok(vec![5, 1, 3])
    }

    fn look_up(&self, ask: &Ask) -> Result<Found, Unanswered> {
        Ok(answer(ask))
    }
}

/// Some sets, small and large ones.
fn answer(ask: &Ask) -> Found {
    match ask {
        Ask::Path(_) => Found::Images(vec![-30, 20, 40]),
        Ask::Root(_) => Found::Images(Vec::new()),
        Ask::FileSize(_) => Found::Images((-30..2000).step_by(20).collect()),
        Ask::Seen(_) => Found::Images((-30..9_000_000_000).step_by(90_000_030).chain([50, 60]).collect()),
        Ask::Via(_) => Found::Resources(vec![4, 2]),
        Ask::Is(State::Unresolved) => Found::Resources((0..80).step_by(2).collect()),
        Ask::Linked(_) => Found::Resources(vec![0, 2, 4]),
        _ => Found::Media(vec![1, 3, 4]),
    }
}

/// Every kind of question that [`answer`] knows.
fn asks() -> Vec<Ask> {
    let mut asks = vec![
        Ask::Path("/a b/**".into()),
        Ask::Root("pictures".into()),
        Ask::FileSize(Test::AtLeast(2000)),
        Ask::Seen(Test::Equal(Date::Year(2024))),
        Ask::Via("sha256".into()),
        Ask::Is(State::Unresolved),
        Ask::Is(State::Dup),
        Ask::Like { image: "17".into(), bits: Some(0) },
        Ask::Like { image: "a \"b\"".into(), bits: None },
        Ask::CopyOf("none".into()),
        Ask::Class("reencode".into()),
    ];
    asks.extend(Share::ALL.map(Ask::Linked));
    asks
}

fn text() -> impl Strategy<Value = String> {
    vec(select([&VOCABULARY[..], &[","]].concat()), 0..7).prop_map(|words| words.join(" "))
}

fn number() -> impl Strategy<Value = Option<u64>> {
    option::weighted(0.7, 0..6u64)
}

fn word() -> impl Strategy<Value = Option<String>> {
    option::weighted(0.6, select(&KEYWORDS[..]).prop_map(str::to_owned))
}

fn real() -> impl Strategy<Value = f64> + Clone {
    select(&[-1.0, 0.0, 0.45, 0.449_999_988_079_071_04, 0.5, 1.0, 7.0][..])
}

/// A document without a key.
pub(super) fn document() -> impl Strategy<Value = Document> {
    let texts = (option::of(text()), option::of(text()), vec((select(&NameKind::ALL[..]), text()), 0..3));
    let lists = (vec((0..6u64, option::of(real())), 0..4), vec(0..6u64, 0..3));
    let words = (word(), word(), word(), word());
    let sizes = (number(), number(), number(), number());
    let counts = (number(), number(), number(), number());
    let others = (
        option::of(real()),
        option::of(-3..3i64),
        option::of(1_704_000_000_000..1_712_000_000_000i64),
        any::<bool>(),
    );
    (texts, lists, words, sizes, counts, others).prop_map(|(texts, lists, words, sizes, counts, others)| {
        Document {
            prompt: texts.0,
            negative: texts.1,
            names: texts.2,
            resources: lists.0.into_iter().map(|(id, weight)| DocumentResource { id, weight }).collect(),
            posted_for: lists.1,
            sampler: words.0,
            scheduler: words.1,
            base_model: words.2,
            username: words.3,
            source: others.3.then(|| "local".into()),
            width: sizes.0,
            height: sizes.1,
            steps: sizes.2,
            post: sizes.3,
            nsfw_bits: counts.0,
            likes: counts.1,
            image: counts.2,
            media: counts.3,
            reactions: counts.3,
            cfg: others.0,
            seed: others.1,
            created_ms: others.2,
            ..Document::default()
        }
    })
}

/// Documents with keys that are in no order.
pub(super) fn documents(most: usize) -> impl Strategy<Value = Vec<Document>> {
    vec(document(), 1..most).prop_map(|mut documents| {
        let count = documents.len();
        for (number, document) in documents.iter_mut().enumerate() {
            document.key = ((number * 7919) % count) as i64 * 10 - 30 + (number / count) as i64;
        }
        documents.sort_by_key(|document| document.key % 7);
        documents.dedup_by_key(|document| document.key);
        documents
    })
}

fn test<T: Copy + PartialOrd + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = Test<T>> {
    prop_oneof![
        value.clone().prop_map(Test::Equal),
        value.clone().prop_map(Test::Above),
        value.clone().prop_map(Test::AtLeast),
        value.clone().prop_map(Test::Below),
        value.clone().prop_map(Test::AtMost),
        (value.clone(), value).prop_map(|(a, b)| if a <= b {
            Test::Between(a, b)
        } else {
            Test::Between(b, a)
        }),
    ]
}

fn date() -> impl Strategy<Value = Date> + Clone {
    prop_oneof![
        (2023..2026u16).prop_map(Date::Year),
        (1..13u8).prop_map(|month| Date::Month(2024, month)),
        (1..13u8, 1..29u8).prop_map(|(month, day)| Date::Day(2024, month, day)),
    ]
}

/// Text to search for. One without words, such as the tag `<a:>`, asks nothing and is no part of a query.
fn searched() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => vec(select(&VOCABULARY[..]), 1..4).prop_map(|words| words.join(" ")),
        1 => "[a-d\"\\\\ .:*()~@<>-]{0,6}[a-d][a-d\"\\\\ .:*()~@<>-]{0,6}",
        1 => select(&["or", "not", "none", "re", "h", "has:x"][..]).prop_map(str::to_owned),
    ]
    .prop_filter("no words", |text| !words(Kind::Prompt, text).is_empty())
}

fn leaf() -> impl Strategy<Value = Node> {
    let text_field = select(&[TextField::Prompt, TextField::Negative, TextField::Any][..]);
    let keyword_field =
        select(&[KeywordField::Sampler, KeywordField::Scheduler, KeywordField::Base, KeywordField::User][..]);
    let integer_field = select(
        &[
            IntegerField::Steps,
            IntegerField::Seed,
            IntegerField::Width,
            IntegerField::Likes,
            IntegerField::Nsfw,
            IntegerField::Post,
            IntegerField::Id,
            IntegerField::PostedFor,
        ][..],
    );
    let named = select(&[ResourceField::Lora, ResourceField::Model, ResourceField::Resource][..]);
    let weight = || option::of(test(real()));
    prop_oneof![
        1 => Just(Node::All),
        4 => (text_field, searched(), any::<bool>())
            .prop_map(|(field, text, prefix)| Node::Text { field, text, slop: 0, prefix }),
        2 => (keyword_field, select(&["euler", "euler a", "EULER", "sd", "euler karras", "none", "k"][..]), any::<bool>())
            .prop_map(|(field, value, prefix)| Node::Keyword { field, value: value.into(), prefix }),
        4 => (integer_field, test(-3..7i64)).prop_map(|(field, test)| Node::Integer { field, test }),
        2 => test(real()).prop_map(|test| Node::Real { field: RealField::Cfg, test }),
        2 => (select(&[RealField::Ratio, RealField::Megapixels][..]), test(select(&[0.0, 3e-6, 6e-6, 0.5, 1.0, 1.5][..])))
            .prop_map(|(field, test)| Node::Real { field, test }),
        2 => (select(&[ResourceField::Lora, ResourceField::Resource][..]), test(0..4i64))
            .prop_map(|(field, test)| Node::Uses { field, test }),
        2 => select(&PRESENCES[..]).prop_map(Node::Absent),
        3 => select(asks()).prop_map(Node::Ask),
        3 => pattern(),
        2 => (select(&[TextField::Prompt, TextField::Negative][..]), select(&["red hair", "Cat", "dog", "redder dog", "猫"][..]))
            .prop_map(|(field, text)| Node::Chunk { field, text: text.into() }),
        2 => test(date())
            .prop_filter("an empty range", |test| !matches!(test, Test::Between(a, b) if a.start_ms() > b.start_ms()))
            .prop_map(Node::Created),
        1 => select(&Shape::ALL[..]).prop_map(Node::Shape),
        2 => (named, select(&["cat", "red hair", "ca"][..]), any::<bool>(), weight()).prop_map(
            |(field, value, prefix, weight)| Node::Resource { field, value: value.into(), prefix, weight }
        ),
        2 => (select(&["1", "2", "77"][..]), weight()).prop_map(|(value, weight)| Node::Resource {
            field: ResourceField::Version,
            value: value.into(),
            prefix: false,
            weight
        }),
        1 => weight().prop_map(|weight| Node::Resource {
            field: ResourceField::Tag,
            value: "even".into(),
            prefix: false,
            weight
        }),
        1 => vec(0..7u64, 0..4).prop_map(|ids| Query::resource_ids(ids).node),
        3 => select(&PRESENCES[..]).prop_map(Node::Has),
    ]
}

fn pattern() -> impl Strategy<Value = Node> {
    let fields = [
        WordField::Text(TextField::Prompt),
        WordField::Text(TextField::Negative),
        WordField::Text(TextField::Any),
        WordField::Keyword(KeywordField::Scheduler),
        WordField::Name(ResourceField::Lora),
        WordField::Name(ResourceField::Resource),
    ];
    let wildcards =
        ["*ed*", "re*r", "*a*", "*猫", "k*s", "**t", "C*T"].map(|text| Pattern::Wildcard(text.into()));
    let regexes = ["c.t", "RED|hair", "[^a]+"].map(|text| Pattern::Regex(text.into()));
    (select(fields.to_vec()), select([wildcards.to_vec(), regexes.to_vec()].concat()))
        .prop_map(|(field, pattern)| Node::Pattern { field, pattern })
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

const PRESENCES: [Presence; 12] = [
    Presence::Meta,
    Presence::Prompt,
    Presence::Negative,
    Presence::Lora,
    Presence::Resource,
    Presence::Sampler,
    Presence::Steps,
    Presence::Seed,
    Presence::Cfg,
    Presence::Width,
    Presence::Date,
    Presence::PostedFor,
];

/// A query in its normal form.
pub(super) fn query() -> impl Strategy<Value = Query> {
    leaf().prop_map(Query::from).prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(Query::and),
            vec(inner.clone(), 1..4).prop_map(Query::or),
            inner.prop_map(Query::negate),
        ]
    })
}

/// Whether a document matches; `None` for a query that asks nothing.
pub(super) fn matches(query: &Query, document: &Document) -> Option<bool> {
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
        Node::Real { .. } | Node::Shape(_) => document.width.is_some() && document.height.is_some(),
        Node::Created(_) => document.created_ms.is_some(),
        Node::Has(Presence::Meta | Presence::Width | Presence::Date | Presence::PostedFor) => true,
        Node::Has(_) => meta,
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
