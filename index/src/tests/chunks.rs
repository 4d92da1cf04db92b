//! Prompts in, chunks out.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::chunks::read;
use crate::tokenizer::{Kind, words};
use crate::{MAX_CHUNK_BYTES, MAX_CHUNK_WORDS, MAX_CHUNKS, chunk, chunks};

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(chunks(text).collect::<Vec<_>>(), expected, "{text:?}");
}

#[test]
fn chunks_lie_between_commas() {
    check("Masterpiece, best  quality,\n1girl", &["masterpiece", "best quality", "1girl"]);
    check("cat, CAT, dog", &["cat", "dog"]);
    check(" ,, ... ,^_^", &[]);
    check("", &[]);
}

#[test]
fn emphasis_is_no_part_of_a_chunk() {
    for text in [
        "(blue eyes:1.2)",
        "((blue_eyes))",
        "[blue eyes]",
        "{blue eyes}",
        "blue eyes++",
        "(blue eyes)1.1",
        "1.2::blue eyes::",
        "blue eyes::1.2",
        "-0.5::blue eyes::",
        "Blue Eyes <lora:x:0.8>",
        "<lora:x:0.8>blue eyes.",
        "(blue eyes:1.1), ((blue eyes))",
        "[blue eyes:0.5]",
        "BREAK blue eyes AND",
    ] {
        check(text, &["blue eyes"]);
    }
    check("(cat, dog:1.3)", &["cat", "dog"]);
    check("[cat:dog:0.5], [owl|fox]", &["cat", "dog", "owl", "fox"]);
}

#[test]
fn signs_inside_a_chunk_stay() {
    check(
        r"miku_\(vocaloid\), bird's-eye view, f/1.8, 16:9",
        &["miku (vocaloid)", "bird's-eye view", "f/1.8", "16:9"],
    );
    check("c++17, sci-fi", &["c++17", "sci-fi"]);
}

#[test]
fn scripts_are_folded() {
    check("Café，猫　耳、ＡＢ", &["cafe", "猫 耳", "ab"]);
    check("❤️, 👍🏽", &["❤", "👍"]);
}

#[test]
fn sentences_are_no_chunks() {
    check("a cat that sits on a very old wall, cat", &["cat"]);
    check(&format!("{}, cat", "x".repeat(MAX_CHUNK_BYTES + 1)), &["cat"]);
    check(&format!("{}, cat", "x".repeat(100_000)), &["cat"]);
}

#[test]
fn a_text_gives_a_bounded_number() {
    let many: Vec<String> = (0..10 * MAX_CHUNKS).map(|number| format!("tag {number}")).collect();
    assert_eq!(chunks(&many.join(",")).count(), MAX_CHUNKS);
}

#[test]
fn a_chunk_is_what_a_whole_text_is() {
    assert_eq!(chunk("(Blue_Eyes:1.2)").as_deref(), Some("blue eyes"));
    assert_eq!(chunk("blue, eyes"), None);
    assert_eq!(chunk("..."), None);
}

/// A word or two, as plain text.
fn tag() -> impl Strategy<Value = String> {
    let word = select(&["cat", "Red", "hair", "2girls", "猫", "café", "8k", "😀"][..]);
    vec(word, 1..4).prop_map(|words| words.join(" "))
}

/// The same text with emphasis in the way of some tool.
fn emphasised(tag: &str, form: usize) -> String {
    match form {
        0 => tag.to_owned(),
        1 => format!("({tag}:1.2)"),
        2 => format!("(({tag}))"),
        3 => format!("[{tag}]"),
        4 => format!("{{{tag}}}"),
        5 => format!("({tag})1.15"),
        6 => format!("({tag})++"),
        7 => format!("1.2::{tag}::"),
        8 => format!("{tag}::1.2"),
        9 => format!("[{tag}:0.4]"),
        10 => tag.replace(' ', "_"),
        _ => format!("(((({tag}:-0.5)))) <lora:some name:0.8>"),
    }
}

proptest! {
    #[test]
    fn emphasis_changes_neither_words_nor_chunks(parts in vec((tag(), 0..12usize), 0..6)) {
        let plain: Vec<&str> = parts.iter().map(|(tag, _)| tag.as_str()).collect();
        let marked: Vec<String> = parts.iter().map(|(tag, form)| emphasised(tag, *form)).collect();
        let (plain, marked) = (plain.join(", "), marked.join(", "));
        prop_assert_eq!(words(Kind::Prompt, &plain), words(Kind::Prompt, &marked), "{}", &marked);
        prop_assert_eq!(chunks(&plain).collect::<Vec<_>>(), chunks(&marked).collect::<Vec<_>>(), "{}", &marked);
    }

    #[test]
    fn the_words_of_a_chunk_stand_together_in_its_text(
        text in r"([-,:()\[\]{}|<>\\+.$_ ]|::|1\.2|BREAK|AND|cat|Dog|2|猫|é|，|\n){0,24}"
    ) {
        let all = words(Kind::Prompt, &text);
        for chunk in chunks(&text) {
            let own = words(Kind::Plain, &chunk);
            prop_assert!(!own.is_empty());
            prop_assert!(all.windows(own.len()).any(|window| window == own), "{:?} of {:?}", chunk, &text);
        }
    }

    #[test]
    fn any_text_gives_bounded_chunks(text in any::<String>()) {
        for chunk in chunks(&text) {
            prop_assert!(!chunk.is_empty() && chunk.len() <= MAX_CHUNK_BYTES);
            prop_assert!(chunk.split(' ').count() <= MAX_CHUNK_WORDS);
        }
    }
}

#[test]
fn a_chunk_is_found_and_longer_ones_with_its_words_are_not() {
    use tantivy::collector::DocSetCollector;
    use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
    use tantivy::schema::IndexRecordOption;

    let prompts = [
        "blue eyes, cat",
        "(Blue_Eyes:1.2)",
        "very blue eyes",
        "blue, eyes",
        "cat, blue eyes up",
        "cat",
        "cat BREAK blue eyes",
    ];
    let documents: Vec<crate::Document> = (0..)
        .zip(prompts)
        .map(|(key, prompt)| crate::Document {
            key,
            prompt: Some(prompt.into()),
            ..crate::Document::default()
        })
        .collect();
    let dir = tempfile::tempdir().expect("a folder");
    super::model::write(dir.path(), &documents, 100);
    let reader = crate::Reader::open(dir.path()).expect("opens");
    let term = |word| tantivy::Term::from_field_text(reader.fields().prompt, word);
    let cat: Box<dyn Query> = Box::new(TermQuery::new(term("cat"), IndexRecordOption::Basic));
    let field = crate::query::TextField::Prompt;
    let chunk = crate::chunked::Chunked::new(reader.fields(), field, "Blue Eyes").expect("a chunk");
    let found = |query: &dyn Query| {
        let found = reader.searcher().search(query, &DocSetCollector).expect("searches");
        let docs: std::collections::BTreeSet<u32> = found.into_iter().map(|at| at.doc_id).collect();
        docs.into_iter().collect::<Vec<u32>>()
    };
    assert_eq!(found(&chunk), [0, 1, 6]);
    let clause =
        |occur| vec![(Occur::Must, cat.box_clone()), (occur, Box::new(chunk.clone()) as Box<dyn Query>)];
    assert_eq!(found(&BooleanQuery::new(clause(Occur::Must))), [0, 6]);
    assert_eq!(found(&BooleanQuery::new(clause(Occur::MustNot))), [4, 5]);
}

#[test]
fn prompts_of_the_same_words_have_one_hash() {
    let hash = |text: &str| read(text).hash();
    assert_eq!(hash("(Red_Hair:1.2), café"), hash("red hair cafe"));
    assert_eq!(hash("<lora:x:1> ,, "), None);
    assert_ne!(hash("red hair"), hash("redhair"));
    assert_ne!(hash("red, hair"), hash("hair, red"));
    let sentence = "word ".repeat(200);
    assert_ne!(hash(&sentence), hash(&format!("{sentence}猫")), "what is too long for a chunk has words");
    let many: String = (0..=MAX_CHUNKS).map(|number| format!("tag{number},")).collect();
    assert_ne!(hash(&many), hash(&format!("{many}more")), "words behind the last chunk count");
}

proptest! {
    #[test]
    fn one_reading_finds_the_chunks_and_the_words(text in "[a-cA-C1é猫，,._:()\\[\\] -]{0,80}") {
        let reading = read(&text);
        let found: Vec<&str> = (0..).map_while(|place| reading.chunk(place)).collect();
        prop_assert_eq!(found, chunks(&text).collect::<Vec<_>>());
        prop_assert_eq!(reading.hash().is_some(), !words(Kind::Prompt, &text).is_empty());
    }
}
