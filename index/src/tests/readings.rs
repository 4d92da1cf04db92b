//! What a query's text means beyond its words: the time, saved queries, leniency, JSON.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::model;
use crate::query::{
    ErrorCode, Grouping, MAX_QUERY_BYTES, ParseOptions, Parsed, QueryError, TREE_VERSION, TextField, Tree,
    UnknownFields, fields, like_prompt, matched_words, parse, parse_with, render,
};

/// 2024-03-05T06:07:08Z.
const NOW_MS: i64 = 1_709_618_828_000;

fn aliases() -> BTreeMap<String, String> {
    [
        ("good", "likes:100.. -negative:blurry"),
        ("best", "@good or steps:50.."),
        ("loop", "castle @round"),
        ("round", "@loop"),
        ("broken", "negativ:x"),
        ("outer", "cat @broken"),
        ("sorted", "sort:likes"),
        ("empty", "..."),
        ("bomb0", "@empty @empty @empty @empty @empty @empty @empty @empty"),
        ("bomb1", "@bomb0 @bomb0 @bomb0 @bomb0 @bomb0 @bomb0 @bomb0 @bomb0"),
        ("deep", "((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}

fn read(source: &str) -> Result<Parsed, QueryError> {
    let options = ParseOptions { now_ms: Some(NOW_MS), aliases: Some(&aliases()), ..ParseOptions::default() };
    parse_with(source, &options)
}

#[track_caller]
fn check(source: &str, expected: &str) {
    let parsed = read(source).map_err(|error| render(&error, source)).expect(source);
    assert_eq!(parsed.query.to_string(), expected, "{source}");
    let again = parse(expected).expect("what is printed can be read, at any time and without aliases");
    assert_eq!(again.query, parsed.query, "{source}");
}

#[track_caller]
fn check_error(source: &str, code: ErrorCode, marked: &str) -> QueryError {
    let error = read(source).expect_err(source);
    assert_eq!(error.code, code, "{source}: {error}");
    assert_eq!(&source[error.span.start..error.span.end], marked, "{source}");
    error
}

#[test]
fn dates_may_depend_on_the_moment_of_the_question() {
    check("date:today", "date:2024-03-05");
    check("date:yesterday..", "date:2024-03-04..");
    check("date:-30d..", "date:2024-02-04..");
    check("date:-2d..-1d", "date:2024-03-03..2024-03-04");
    check("date:>-6h", "date:>2024-03-05T00:07:08Z");
    check("age:<7d", "date:>2024-02-27T06:07:08Z");
    check("age:1w..2w", "date:2024-02-20T06:07:08Z..2024-02-27T06:07:08Z");
    check("age:3d", "date:2024-03-02");
    check("mtime:..-1mo", "mtime:..2024-02-04");
    check("date:2024-05..2024", "date:2024-05..2024");
    check_error("date:2024-05..2024-04", ErrorCode::BadValue, "date:2024-05..2024-04");
    assert_eq!(parse("date:today").expect_err("no clock").code, ErrorCode::BadValue);
}

#[test]
fn aliases_stand_for_their_text() {
    check("castle @good", "castle likes:100.. -negative:blurry");
    check("-@good", "-(likes:100.. -negative:blurry)");
    check("@best cat", "((likes:100.. -negative:blurry) or steps:50..) cat");
    check("@empty", "*");
    assert_eq!(read("@sorted cat").expect("reads").sort.len(), 1);
    check_error("(@sorted cat)", ErrorCode::Misplaced, "@sorted");
    let error = check_error("cat @god", ErrorCode::BadAlias, "@god");
    assert_eq!(error.hint.as_deref(), Some("did you mean `@good`?"));
    check_error("cat @somebody_else", ErrorCode::BadAlias, "@somebody_else");
    let error = check_error("a @outer", ErrorCode::UnknownField, "@outer");
    assert_eq!(error.message, "in `@broken`: unknown field `negativ`");
    let error = check_error("x @loop", ErrorCode::BadAlias, "@loop");
    assert_eq!(error.message, "in `@round`: the alias leads back to itself: @loop @round @loop");
    check_error("@bomb1", ErrorCode::BadAlias, "@bomb1");
    check("\"@good\" m@good", "\"@good\" \"m@good\"");
    let deep = format!("{}@deep{}", "(".repeat(40), ")".repeat(40));
    assert_eq!(read(&deep).expect_err("deep").code, ErrorCode::TooLarge);
    let options = ParseOptions { aliases: Some(&BTreeMap::new()), ..ParseOptions::default() };
    assert_eq!(parse_with("by @good", &options).expect("reads").notes[0].code, "unknown_alias");
    assert_eq!(parse("@good").expect("no aliases are text").query.to_string(), "good");
}

#[test]
fn patterns_fit_one_word() {
    check("*castle* c*t cat*", "*castle* c*t cat*");
    check("prompt:/dra(g|c)on/ -neg:/bl.*/", "prompt:/dra(g|c)on/ -negative:/bl.*/");
    check("/ca?t/ /imagine a/b", "prompt:/ca?t/ \"/imagine\" \"a/b\"");
    check("sampler:*2m* base:/sdxl .*/", "sampler:*2m* base:/sdxl .*/");
    check("lora:*detail*,/add.*/", "lora:*detail* or lora:/add.*/");
    check(r"neg:/a\/b|c/", r"negative:/a\/b|c/");
    check_error("prompt:/(/", ErrorCode::BadPattern, "prompt:/(/");
    check_error("prompt:/a b/", ErrorCode::BadPattern, "prompt:/a b/");
    check_error("prompt:/((a?){100}){100}/", ErrorCode::BadPattern, "prompt:/((a?){100}){100}/");
    check_error("version:/1.*/", ErrorCode::Unsupported, "version:/1.*/");
    check_error("steps:/1.*/", ErrorCode::Unsupported, "steps:/1.*/");
    let many = "/a.*/ ".repeat(17);
    assert_eq!(read(&many).expect_err("many").code, ErrorCode::TooLarge);
    assert_eq!(read("*castle").expect("reads").notes[0].code, "leading_wildcard");
}

#[test]
fn questions_to_the_catalog_read_back() {
    check("path:*/a/** root:Pictures ext:.PNG,webp", "path:\"*/a/**\" root:Pictures (ext:png or ext:webp)");
    check("filesize:>2MB filesize:1KiB..1.5kB", "filesize:>2000000 filesize:1024..1500");
    check("is:local is:offline is:taken-down", "source:local is:missing is:taken_down");
    check("is:remote", "source:civitai or source:url");
    check("linked:Full -linked:none via:SHA256", "linked:full -linked:none via:sha256");
    check("confidence:0.8.. descends:\"Pony Diffusion\"", "confidence:0.8.. descends:\"Pony Diffusion\"");
    check("like:917~8 like:\"/a b.png\"~0 like:917", "like:\"917\"~8 like:\"/a b.png\"~0 like:917");
    check("dupof:917 class:re-encode is:dup", "dupof:917 class:reencode is:dup");
    check("seen:today loras:2.. resources:0", "seen:2024-03-05 loras:2.. resources:0");
    check("[a] steps:[20 TO 40] cfg:[5 TO *] date:[* TO 2024]", "a steps:20..40 cfg:5.. date:..2024");
    check_error("steps:{20 TO 40}", ErrorCode::Unsupported, "steps:{20 TO 40}");
    check_error("like:917~99", ErrorCode::BadValue, "like:917~99");
    check_error("is:dupp", ErrorCode::BadValue, "is:dupp");
    check_error("linked:most", ErrorCode::BadValue, "linked:most");
    check_error("source:trainer", ErrorCode::BadValue, "source:trainer");
    check_error("filesize:big", ErrorCode::BadValue, "filesize:big");
    check_error("path:\"\"", ErrorCode::BadValue, "path:\"\"");
}

#[test]
fn not_may_be_written_for_the_shell() {
    check("castle not:negative:blurry not:tower", "castle -negative:blurry -tower");
    check("why not: because", "why \"not\" because");
}

#[test]
fn unknown_fields_are_text_where_that_is_asked_for() {
    let options = ParseOptions { unknown_fields: UnknownFields::AsText, ..ParseOptions::default() };
    let parsed = parse_with("castle negativ:blurry foo:(a b)", &options).expect("reads");
    assert_eq!(parsed.query.to_string(), "castle negativ blurry foo a b");
    let told: Vec<_> = parsed.notes.iter().map(|note| (note.code, note.message.as_str())).collect();
    assert_eq!(told, [("unknown_field", "`negativ` is no field and was searched as text")]);
}

#[test]
fn a_space_after_the_colon_is_told_once() {
    let notes = read("steps: 20 cfg: 5 sampler: euler").expect("reads").notes;
    let told: Vec<_> = notes.iter().map(|note| note.message.as_str()).collect();
    assert_eq!(told, ["`steps: value` is read as `steps:value`"]);
}

#[test]
fn every_example_of_every_field_is_read() {
    let mut seen = 0;
    for field in fields() {
        let is_planned = field.examples.is_empty();
        for name in field.aliases.iter().chain([&field.name]) {
            let code = read(&format!("{name}:1")).err().map(|error| error.code);
            assert_ne!(code, Some(ErrorCode::UnknownField), "{name}");
            assert_eq!(code == Some(ErrorCode::NotIndexed), is_planned, "{name}");
        }
        for example in field.examples {
            let parsed = read(example).map_err(|error| render(&error, example)).expect(example);
            assert!(parsed.notes.iter().all(|note| note.code == "leading_wildcard"), "{example}");
            let used = [field.name].into_iter().chain(field.aliases.iter().copied());
            assert!(used.into_iter().any(|name| example.contains(name)), "{example} shows {}", field.name);
            seen += 1;
        }
        let none = read(&format!("{}:none", field.name));
        let is_nsfw = field.name == "nsfw";
        assert!(!field.takes_none || none.is_ok() || is_nsfw, "{}:none", field.name);
    }
    assert!(seen >= 70, "only {seen} examples seen");
}

#[test]
fn a_text_ranks_by_its_words_whatever_they_are() {
    let query = like_prompt("castle, (hill:1.2) or -castle model:x <lora:a:1>");
    assert_eq!(query.to_string(), "castle or hill or \"or\" or model or x");
    assert_eq!(like_prompt("...").to_string(), "*");
    assert_eq!(like_prompt(&"é".repeat(MAX_QUERY_BYTES)).clauses(), 1);
}

#[test]
fn the_words_that_match_are_found_in_the_text() {
    #[track_caller]
    fn check(query: &str, text: &str, expected: &[&str]) {
        let query = parse(query).expect("reads").query;
        let found: Vec<&str> =
            matched_words(&query, TextField::Prompt, text).into_iter().map(|place| &text[place]).collect();
        assert_eq!(found, expected, "{query} in {text}");
    }
    check("castle hill", "a (Castle:1.2) on a hill, castles", &["Castle", "hill"]);
    check("\"red hair\" -blue", "red hair, hair, blue eyes", &["red", "hair"]);
    check("cast* or /ey.s/", "castles, eyes, eye", &["castles", "eyes"]);
    check("negative:castle any:hill", "castle hill", &["hill"]);
    check("\"red eyes\"~3", "red and blue eyes", &["red", "eyes"]);
    check("steps:20", "steps 20", &[]);
}

#[test]
fn a_tree_is_read_only_where_a_text_could_say_it() {
    let bad = |json: &str| Tree::read(json).expect_err(json);
    assert_eq!(bad("{").code, ErrorCode::BadTree);
    let unknown = bad(r#"{"version":1,"query":{"node":{"tekst":{"field":"prompt"}}}}"#);
    assert!(unknown.message.contains("tekst"), "{unknown}");
    assert!(bad(r#"{"version":2,"query":{"node":"none at all"}}"#).message.contains("version 2"));
    assert_eq!(bad(r#"{"version":1,"query":{"node":"all"},"more":1}"#).code, ErrorCode::BadTree);
    let hash = r#"{"version":1,"query":{"node":{"resource":{"field":"hash","value":"xyz","prefix":false,"weight":null}}}}"#;
    assert_eq!(bad(hash).code, ErrorCode::BadValue);
    let regex =
        r#"{"version":1,"query":{"node":{"pattern":{"field":{"text":"prompt"},"pattern":{"regex":"("}}}}}"#;
    assert_eq!(bad(regex).code, ErrorCode::BadPattern);
    let deep = format!(
        r#"{{"version":1,"query":{}{{"node":"all"}}{}}}"#,
        r#"{"node":{"not":"#.repeat(200),
        "}}".repeat(200)
    );
    assert_eq!(bad(&deep).code, ErrorCode::BadTree);
    assert_eq!(bad(&" ".repeat(2 << 20)).code, ErrorCode::TooLarge);
    let text = r#"{"version":1,"query":{"node":{"text":{"field":"prompt","text":"a\" or steps:5","slop":0,"prefix":false}}}}"#;
    assert_eq!(Tree::read(text).expect("reads").query.to_string(), r#""a\" or steps:5""#);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_reads_back(query in model::query()) {
        let parsed = Parsed {
            query,
            sort: Vec::new(),
            limit: Some(3),
            group: Some(Grouping::Prompt),
            notes: Vec::new(),
        };
        let tree = Tree::of(&parsed);
        prop_assert_eq!(tree.version, TREE_VERSION);
        let json = serde_json::to_string(&tree).expect("serialises");
        let again = Tree::read(&json).map_err(|error| TestCaseError::fail(format!("{error}: {json}")))?;
        prop_assert_eq!(again.query, parsed.query);
        prop_assert_eq!((again.limit, again.group), (parsed.limit, parsed.group));
    }

    #[test]
    fn any_bytes_are_a_tree_or_none(bytes in "[{}\\[\\]\":,a-z0-9]{0,80}") {
        let _ = Tree::read(&bytes);
    }

    #[test]
    fn any_syntax_reads_or_errs_with_aliases_and_a_clock(
        text in "([-,|:*~@<>()\\[\\]{}\"\\\\./ ]|a|or|not:|steps|date|-3d|like|path|@good|@loop|@bomb0|TO|today|/a.b/|20){0,24}"
    ) {
        if let Ok(parsed) = read(&text) {
            let printed = parsed.query.to_string();
            let again = parse(&printed).map_err(|error| TestCaseError::fail(render(&error, &printed)))?;
            prop_assert_eq!(again.query, parsed.query, "{} printed {}", text, printed);
        }
    }
}
