//! Random small documents and queries, and what each query finds, worked out one document at a time.

mod judge;

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
use crate::{Document, DocumentResource, DocumentTraits, NameKind, Writer, WriterOptions};

pub(super) use judge::matches;

const VOCABULARY: [&str; 6] = ["cat", "dog", "red", "hair", "redder", "猫"];
/// Sizes beside those of the pictures generated first.
const PERCENTS: [u64; 6] = [50, 100, 101, 103, 150, 200];
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
pub(super) fn answer(ask: &Ask) -> Found {
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
        Ask::Raw("Hires \"steps\"".into()),
        Ask::Blur { image: "17".into(), hundredths: Some(5) },
        Ask::Blur { image: "/a b".into(), hundredths: Some(100) },
        Ask::Blur { image: "17".into(), hundredths: None },
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
        (option::of(select(&PERCENTS[..])), option::of((any::<bool>(), any::<bool>(), any::<bool>()))),
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
            upscale_percent: others.4.0,
            traits: (others.4.1).map(|(workflow, c2pa, trained)| DocumentTraits { workflow, c2pa, trained }),
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
        2 => test(select(&[0.5, 0.98, 1.0, 1.03, 1.5, 2.0, 1e9][..])).prop_map(|test| Node::Real {
            // A single number is read with some tolerance.
            test: if let Test::Equal(times) = test { Test::Between(times, times + 0.5) } else { test },
            field: RealField::Hires,
        }),
        1 => select(&[1_i64, 2, 12, i64::MAX][..])
            .prop_map(|digits| Node::Digits { field: IntegerField::Seed, digits }),
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

const PRESENCES: [Presence; 16] = [
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
    Presence::Hires,
    Presence::Workflow,
    Presence::C2pa,
    Presence::Trained,
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
