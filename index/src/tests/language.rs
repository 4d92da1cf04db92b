//! Query text in, AST or error out.

use proptest::prelude::*;

use super::model;
use crate::query::{ErrorCode, Grouping, MAX_CLAUSES, MAX_DEPTH, MAX_QUERY_BYTES, Query, parse, render};
use crate::{Direction, SortField, SortKey};

/// Parses and prints in the normal form.
#[track_caller]
fn check(source: &str, expected: &str) {
    let parsed = parse(source).map_err(|error| render(&error, source)).expect(source);
    assert_eq!(parsed.query.to_string(), expected, "{source}");
    let again = parse(expected).expect("what is printed can be read");
    assert_eq!(again.query, parsed.query, "{source}");
}

#[track_caller]
fn check_error(source: &str, code: ErrorCode, marked: &str) {
    let error = parse(source).expect_err(source);
    assert_eq!(error.code, code, "{source}: {error}");
    assert_eq!(&source[error.span.start..error.span.end], marked, "{source}");
}

#[test]
fn words_are_joined_by_and() {
    check("cat dog", "cat dog");
    check("cat, dog,,  bird", "cat dog bird");
    check("", "*");
    check("*", "*");
}

#[test]
fn or_binds_weaker_than_and() {
    check("a b or c", "(a b) or c");
    check("a (b | c) OR d", "(a (b or c)) or d");
    check("or a | | b or", "a or b");
}

#[test]
fn minus_and_not_negate() {
    check("cat -comic not dog", "cat -comic -dog");
    check("-(a b) --c", "-(a b) c");
    check("- cat well-known", "cat \"well-known\"");
    check("cat not", "cat");
}

#[test]
fn fields_take_words_phrases_prefixes_and_lists() {
    check("prompt:\"castle on a hill\" neg:blurry", "\"castle on a hill\" negative:blurry");
    check("\"red hair\"~2 cat* \"red ha\"*", "\"red hair\"~2 cat* \"red ha\"*");
    check("negative:a,b c", "(negative:a or negative:b) c");
    check("prompt:(a b | c)", "(a b) or c");
    check("negative:(a | b -c)", "negative:a or (negative:b -negative:c)");
    check("model: foo", "model:foo");
    check("sampler:(Euler a | DPM++ 2M)", "sampler:\"Euler a\" or sampler:\"DPM++ 2M\"");
}

#[test]
fn numbers_compare_and_range() {
    check("steps:20..40 cfg:>=5 seed:-1", "steps:20..40 cfg:5.. seed:-1");
    check("steps:20-40 steps:>5 steps:<=7 steps:..9", "steps:20..40 steps:>5 steps:..7 steps:..9");
    check("steps:20,30", "steps:20 or steps:30");
    check("steps:!=5", "-steps:5");
    check("steps:(20 | >30)", "steps:20 or steps:>30");
    check("seed: -5", "seed:-5");
    check("cfg:4.5", "cfg:4.5");
}

#[test]
fn dates_have_three_grains() {
    check("date:2024-01..", "date:2024-01..");
    check("created:2024..2024-03-05", "date:2024..2024-03-05");
    check("date:>2024-02-29", "date:>2024-02-29");
    check_error("date:2023-02-29", ErrorCode::BadValue, "date:2023-02-29");
    check_error("date:today", ErrorCode::BadValue, "date:today");
}

#[test]
fn sizes_are_numbers_or_shapes() {
    check("size:512x768", "width:512 height:768");
    check("size:>=512x512", "width:512.. height:512..");
    check("size:Landscape", "size:landscape");
    check("size:16:9", "ratio:1.7422222222222221..1.8133333333333332");
    check("ratio:>=4:3 ratio:1.5 mp:2..", "ratio:1.3333333333333333.. ratio:1.5 mp:2..");
    check_error("size:16:0", ErrorCode::BadValue, "size:16:0");
}

#[test]
fn nsfw_levels_have_words() {
    check("nsfw:soft", "nsfw:2..3");
    check("nsfw:<=mature", "nsfw:..7");
    check("level:none,1", "nsfw:1 or nsfw:1");
    check("nsfw:>soft", "nsfw:>3");
}

#[test]
fn resources_take_a_strength() {
    check("lora:detail@0.4..0.9", "lora:detail@0.4..0.9");
    check("lora:\"add detail\"@>0.5", "lora:\"add detail\"@>0.5");
    check("lora:det*@-1", "lora:det*@-1");
    check("air:urn:air:sdxl:lora:civitai:12@34", "air:\"urn:air:sdxl:lora:civitai:12@34\"");
    check("resource_id:3,1,3", "resource_id:1,3");
}

#[test]
fn text_without_words_asks_nothing() {
    check("\"<a:>\"", "*");
    check("\"<a:>\" cat or \"...\"", "cat");
}

#[test]
fn absent_values_are_asked_for_by_none() {
    check("seed:none lora:none has:none size:none", "seed:none lora:none has:none width:none");
    check("-seed:none", "-seed:none");
    check("has:seed,lora -has:negative", "(has:seed or has:lora) -has:negative");
    check("lora:\"none\" none", "lora:\"none\" \"none\"");
}

#[test]
fn what_metadata_hold_besides_is_there_or_not() {
    check("hires:yes -hires:No has:hires hires:none", "has:hires has:hires has:hires hires:none");
    check("hires:1.5.. hires:2 hires>=1.5", "hires:1.5.. hires:1.96..2.04 hires:1.5..");
    check("workflow:no workflow:present workflow:none", "-has:workflow has:workflow workflow:none");
    check("workflow:KSampler", "has:workflow raw:KSampler");
    check("-workflow:\"yes\"", "-(has:workflow raw:yes)");
    check("c2pa:present c2pa:absent -c2pa:yes", "has:c2pa -has:c2pa -has:c2pa");
    check("source:trained trained:yes source:local", "has:trained has:trained source:local");
    check("(hires:1.2), (blur:1.3), blur", "hires blur blur");
    check_error("c2pa:valid", ErrorCode::BadValue, "c2pa:valid");
    check_error("trained:maybe", ErrorCode::BadValue, "trained:maybe");
    check_error("hires:high", ErrorCode::BadValue, "hires:high");
}

#[test]
fn a_seed_may_be_asked_for_by_its_first_digits() {
    check("seed:123* -seed:9*", "seed:123* -seed:9*");
    check("seed: 123*", "seed:123*");
    check("seed:(12* | 7)", "seed:12* or seed:7");
    check_error("seed:*", ErrorCode::BadValue, "seed:*");
    check_error("seed:0*", ErrorCode::BadValue, "seed:0*");
    check_error("seed:1*3", ErrorCode::BadValue, "seed:1*3");
    check_error("steps:2*", ErrorCode::BadValue, "steps:2*");
}

#[test]
fn ratios_are_read_in_every_spelling() {
    let expected = "ratio:1.7422222222222221..1.8133333333333332";
    for text in ["ratio:16:9", "ratio=16:9", "size:16:9", "size=16:9", "ratio: 16:9", "aspect:16:9"] {
        check(text, expected);
    }
}

#[test]
fn blurs_and_records_are_asked_of_the_catalog() {
    check("blur:9173928~0.1 blur:17", "blur:\"9173928\"~0.10 blur:17");
    check("blur:\"/a b.png\"~0.25 blur:7~2", "blur:\"/a b.png\"~0.25 blur:\"7\"~2.00");
    check("raw:\"Hires steps\" raw:/home/x", "raw:\"Hires steps\" raw:\"/home/x\"");
    check_error("like:7~0.5", ErrorCode::Unsupported, "like:7~0.5");
    check_error("cat steps:\"7\"~0.5", ErrorCode::Unsupported, "steps:\"7\"~0.5");
}

#[test]
fn pasted_prompts_are_text() {
    check("(masterpiece:1.2), ((best quality)), 1girl", "masterpiece best quality 1girl");
    check("<lora:add_detail:0.8>, castle BREAK hill", "lora:add_detail castle hill");
    check("(dark theme:1.3) [cat:dog:0.5] {red|blue}", "dark theme cat dog (red or blue)");
    check("hatsune_miku_(vocaloid), :d, ^_^", "\"hatsune_miku_(vocaloid)\" d");
    check(r"miku_\(vocaloid\)", r#""miku_\\(vocaloid\\)""#);
    check("a ((( b ]) \" c", "a b c");
    check("https://example.org/x background: forest", "\"https://example.org/x\" background forest");
    check("5\" heels, 16:9", "5 heels \"16:9\"");
    check("(raw:1.2) (type:1.1)", "raw type");
    check("masterpiece:1.2 (step:1.3)", "masterpiece step");
    check("\"...\" !!! cat.", "cat");
}

#[test]
fn unknown_fields_are_errors_with_a_suggestion() {
    check_error("castle negativ:blurry", ErrorCode::UnknownField, "negativ");
    check_error("step:20", ErrorCode::UnknownField, "step");
    check_error("foo:bar", ErrorCode::UnknownField, "foo");
    let source = "castle negativ:blurry steps:20..";
    let error = parse(source).expect_err("unknown");
    let expected = "error[query.unknown_field]: unknown field `negativ`\n  1 | castle negativ:blurry steps:20..\n    |        ^^^^^^^ did you mean `negative`?\n";
    assert_eq!(render(&error, source), expected);
}

#[test]
fn planned_fields_and_forms_say_so() {
    check_error("a caption:dup", ErrorCode::NotIndexed, "caption");
    check_error("as-of:2025-06-01 cat", ErrorCode::NotIndexed, "as-of");
    check_error("red-c*t", ErrorCode::Unsupported, "red-c*t");
}

#[test]
fn bad_values_are_errors() {
    check_error("steps:many", ErrorCode::BadValue, "steps:many");
    check_error("steps:40..20", ErrorCode::BadValue, "steps:40..20");
    check_error("steps:..", ErrorCode::BadValue, "steps:..");
    check_error("a steps:", ErrorCode::BadValue, "steps");
    check_error("hash:xyz", ErrorCode::BadValue, "hash:xyz");
    check_error("prompt:\"!!\"", ErrorCode::NothingToSearch, "prompt:\"!!\"");
    check_error("\"a b\"~99999999999", ErrorCode::BadValue, "\"a b\"~99999999999");
    check_error("has:sed", ErrorCode::BadValue, "has:sed");
}

#[test]
fn a_comparison_without_a_colon_is_one_all_the_same() {
    for (query, meant) in [
        ("steps>=20 castle", "steps:>=20 castle"),
        ("size>=500x500", "size:>=500x500"),
        ("-width<512", "-width:<512"),
        ("date>=2009-12-25", "date:>=2009-12-25"),
        ("loras=2", "loras:2"),
        ("filesize>2MB", "filesize:>2MB"),
    ] {
        let parsed = parse(query).expect("reads");
        assert_eq!(parsed.query.to_string(), parse(meant).expect("reads").query.to_string(), "{query}");
        assert_eq!(parsed.notes.len(), 1, "{query}");
    }
    for text in ["a=b", "prompt=5", "steps>", "steps>many", "x>=20", "steps=>20"] {
        assert_eq!(parse(text).expect("reads").notes, Vec::new(), "{text}");
    }
    check_error("steps>20x", ErrorCode::BadValue, ">20x");
}

#[test]
fn names_of_fields_elsewhere_lead_to_those_here() {
    let error = parse("score:>100").expect_err("no such field");
    assert_eq!(error.hint.as_deref(), Some("did you mean `reactions`?"));
    let error = parse("has:hash").expect_err("nothing known");
    assert!(!error.hint.expect("a hint").contains("`has`"));
}

#[test]
fn control_terms_are_taken_out() {
    let parsed = parse("castle sort:likes,-seed,+date limit:50 hill").expect("reads");
    assert_eq!(parsed.query.to_string(), "castle hill");
    assert_eq!(parsed.limit, Some(50));
    let key = |field, direction| SortKey { field, direction };
    assert_eq!(
        parsed.sort,
        [
            key(SortField::Likes, Direction::Descending),
            key(SortField::Seed, Direction::Descending),
            key(SortField::Created, Direction::Ascending),
        ]
    );
    check_error("(a sort:likes)", ErrorCode::Misplaced, "sort");
    check_error("-limit:3", ErrorCode::Misplaced, "limit");
    check_error("sort:like", ErrorCode::BadValue, "like");
    assert_eq!(parse("castle GROUP:Dup hill").expect("reads").group, Some(Grouping::Dup));
    check_error("-group:dup", ErrorCode::Misplaced, "group");
    check_error("group:dup group:seed", ErrorCode::Misplaced, "seed");
    check_error("group:dupe", ErrorCode::BadValue, "dupe");
}

#[test]
fn size_and_depth_are_bounded() {
    let deep = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&deep(MAX_DEPTH)).is_ok());
    assert_eq!(parse(&deep(MAX_DEPTH + 1)).expect_err("deep").code, ErrorCode::TooLarge);
    let many = |count: usize| "a ".repeat(count);
    assert!(parse(&many(MAX_CLAUSES)).is_ok());
    assert_eq!(parse(&many(MAX_CLAUSES + 1)).expect_err("many").code, ErrorCode::TooLarge);
    assert_eq!(parse(&"a".repeat(MAX_QUERY_BYTES + 1)).expect_err("long").code, ErrorCode::TooLarge);
}

#[test]
fn hostile_repetition_is_read_in_bounded_time() {
    let patterns = ["[)", "-", "\"\\", "<a:", "_(", "not ", "a:", "((", "|,", "\\", "a_(b", "@*", "[:"];
    for pattern in patterns {
        let text = pattern.repeat(MAX_QUERY_BYTES / pattern.len());
        if let Err(error) = parse(&text) {
            assert!(render(&error, &text).len() < 2000);
        }
        let _ = parse(&format!("{}{}", "[".repeat(30_000), ")".repeat(30_000)));
    }
}

#[test]
fn rendering_shows_the_place_and_hides_control_characters() {
    let source = "a\u{1b}[31m\t é foo:bar\nnext";
    let error = parse(source).expect_err("unknown");
    let text = render(&error, source);
    assert!(!text.contains('\u{1b}') && !text.contains('\t') && !text.contains("next"));
    let lines: Vec<&str> = text.lines().collect();
    let at = lines[1].chars().collect::<Vec<_>>();
    let caret = lines[2].chars().position(|c| c == '^').expect("a caret");
    assert_eq!(at[caret..caret + 3].iter().collect::<String>(), "foo");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_parses_or_errs(text in any::<String>()) {
        reads_back(&text)?;
    }

    #[test]
    fn any_syntax_parses_or_errs(text in "([-,|:*~@<>()\\[\\]{}\"\\\\. ]|a|or|not|steps|lora|sort|prompt|none|1\\.5|20){0,30}") {
        reads_back(&text)?;
    }

    #[test]
    fn what_is_printed_parses_back(query in model::query()) {
        let text = query.to_string();
        let parsed = parse(&text).map_err(|error| TestCaseError::fail(render(&error, &text)))?;
        prop_assert_eq!(parsed.query, query, "{}", text);
    }
}

fn reads_back(text: &str) -> Result<(), TestCaseError> {
    match parse(text) {
        Err(error) => {
            prop_assert!(error.span.end <= text.len());
            render(&error, text);
        }
        Ok(parsed) => {
            let printed = parsed.query.to_string();
            let again: Query =
                parse(&printed).map_err(|error| TestCaseError::fail(render(&error, &printed)))?.query;
            prop_assert_eq!(again, parsed.query, "{} printed {}", text, printed);
        }
    }
    Ok(())
}
