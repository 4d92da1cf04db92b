use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// A document as the standard library of the world sees it; numbers that differ in kind only compare as floats.
fn same(ours: &Json<'_>, theirs: &Value) -> bool {
    match (&ours.data, theirs) {
        (Data::Null, Value::Null) => true,
        (Data::Bool(a), Value::Bool(b)) => a == b,
        (Data::Integer(a), Value::Number(b)) if b.is_u64() || b.is_i64() => {
            b.as_u64().map(i128::from).or(b.as_i64().map(i128::from)) == Some(*a)
        }
        (_, Value::Number(b)) => ours.number() == b.as_f64(),
        (Data::Text(a), Value::String(b)) => a == b,
        (Data::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Data::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|m| b.get(m.key.as_ref()).is_some_and(|b| same(&m.value, b)))
        }
        _ => false,
    }
}

#[track_caller]
fn read(text: &str) -> Document<'_> {
    parse(text, &Limits::default()).expect("a value starts here")
}

/// Checks what is read, written as strict JSON, and whether all of it was.
#[track_caller]
fn check(text: &str, expected: &str, complete: bool) {
    let read = read(text);
    let expected: Value = serde_json::from_str(expected).expect("the expectation is JSON");
    assert!(same(&read.root, &expected), "{text}: {:?}", read.root);
    assert_eq!(read.notes.is_complete(), complete, "{text}: {:?}", read.notes);
}

#[test]
fn what_no_standard_allows_is_read() {
    check(
        r#"{"a": NaN, "b": [Infinity, -Infinity, undefined], "c": "NaN"}"#,
        r#"{"a":null,"b":[null,null,null],"c":"NaN"}"#,
        true,
    );
    check("\u{feff}{\"a\": \"x\ty\u{1}\"}\0\0", r#"{"a":"x\ty\u0001"}"#, true);
    check("[1, 2, ]", "[1,2]", true);
    check("[1e999]", "[null]", true);
    check(r#"["\x \q"]"#, r#"["\\x \\q"]"#, true);
}

#[test]
fn seeds_of_64_bits_stay_exact() {
    let read = read(r#"[18446744073709551615, -9223372036854775808, "18446744073709551615", 7.0, 1e3]"#);
    let seeds: Vec<_> = read.root.items().iter().map(Json::integer).collect();
    let expected = [u64::MAX.into(), i64::MIN.into(), u64::MAX.into(), 7, 1000].map(Some);
    assert_eq!(seeds, expected);
    assert_eq!(read.root.items()[0].data, Data::Integer(u64::MAX.into()));
}

#[test]
fn surrogates_join_and_lone_ones_are_replaced() {
    let text = r#"["\ud83d\ude00", "\ud83d", "\ude00x", "\ud83d\u0041", "\u00e9", "\u12"]"#;
    let read = read(text);
    let texts: Vec<_> = read.root.items().iter().map(|item| item.text().unwrap()).collect();
    assert_eq!(texts, ["\u{1f600}", "\u{fffd}", "\u{fffd}x", "\u{fffd}A", "é", "\\u12"]);
}

#[test]
fn what_was_complete_before_the_cut_stays() {
    check(r#"{"a": 1, "b": {"c": [1, 2, "x"#, r#"{"a":1,"b":{"c":[1,2]}}"#, false);
    check(r#"{"a": 1, "b": 23"#, r#"{"a":1}"#, false);
    check(r#"{"a": 1, "b": tr"#, r#"{"a":1}"#, false);
    check(r#"{"a": 1, "b""#, r#"{"a":1}"#, false);
    check(r#"{"a": 1, b: 2}"#, r#"{"a":1}"#, false);
    check(r#"{"a": 1 "b": 2}"#, r#"{"a":1}"#, false);
    check(r#"{"a": {"b": 1} "#, r#"{"a":{"b":1}}"#, false);
    let cut = read(r#"{"a": [1, "#);
    assert_eq!(cut.notes.broken_at, Some(10));
    assert_eq!(cut.notes.warnings("prompt")[0].code, "truncated");
}

#[test]
fn the_last_of_equal_keys_counts_and_is_noted() {
    let read = read(r#"{"a": 1, "b": 2, "a": 3, "c": 4, "a": 5}"#);
    assert_eq!(read.root.get("a").unwrap().integer(), Some(5));
    let keys: Vec<_> = read.root.members().iter().map(|member| member.key.as_ref()).collect();
    assert_eq!(keys, ["b", "c", "a"]);
    assert_eq!(read.notes.duplicate_keys, 2);
    assert_eq!(read.notes.warnings("")[0].code, "duplicate_key");
}

#[test]
fn too_deep_values_cost_only_themselves() {
    let limits = Limits { max_depth: 2, ..Limits::default() };
    let text = r#"{"a": [[1, "]"], {"b": [2]}, 3], "c": 4}"#;
    let read = parse(text, &limits).unwrap();
    assert!(same(&read.root, &serde_json::json!({"a": [null, null, 3], "c": 4})), "{:?}", read.root);
    assert_eq!(read.notes.too_deep, 2);
    let flood = "[".repeat(1_000_000);
    assert!(!parse(&flood, &Limits { max_depth: u32::MAX, ..limits }).unwrap().notes.is_complete());
}

#[test]
fn too_many_values_end_the_document() {
    let limits = Limits { max_nodes: 1, ..Limits::default() };
    let read = parse("[1,2,3,4,5,6,7,8,9,10,11]", &limits).unwrap();
    assert_eq!(read.root.items().len(), 9);
    assert_eq!(read.notes.limited_at, Some(19));
}

#[test]
fn a_value_ends_where_other_text_begins() {
    let text = r#"Hashes: {"model": "ab"}, Version: 1"#;
    let read = parse_at(text, 7, &Limits::default()).unwrap();
    assert_eq!(&text[read.end..], ", Version: 1");
    assert!(!read.is_whole(text));
    assert!(read.notes.is_complete());
    for text in ["", "  ", "red", "truest", "12px", "\"open", "}", "-"] {
        assert_eq!(parse(text, &Limits::default()), None, "{text}");
    }
    assert_eq!(parse_at("é", 1, &Limits::default()), None);
    assert_eq!(parse_at("é", 9, &Limits::default()), None);
}

#[test]
fn json_inside_of_a_string_is_read_when_it_is_whole() {
    let outer = read(r#"["{\"seed\": 7}\u0000", "{\"a\": 1} b", "7"]"#);
    let limits = Limits::default();
    let inner = outer.root.items()[0].embedded(&limits).unwrap();
    assert_eq!(inner.root.get("seed").unwrap().integer(), Some(7));
    assert_eq!(outer.root.items()[1].embedded(&limits), None);
    assert_eq!(outer.root.items()[2].embedded(&limits), None);
}

#[test]
fn reading_takes_time_in_proportion_to_the_text() {
    // Each of these would take hours if any byte were looked at once per open bracket or escape.
    for part in ["[", "{\"a\":", "[{\"a\":[", "\"\\", "[\"\\ud83d", "{\"a\":1,", "-", "1"] {
        let text = format!("[{}", part.repeat(200_000));
        let _ = parse(&text, &Limits::default());
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((".{0,4}", inner), 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Every span begins and ends where its value does, and lies inside of that of its container.
fn check_spans(text: &str, json: &Json<'_>) {
    let written = text.get(json.span.clone()).expect("a span lies on characters");
    let again = parse(written, &Limits::default()).expect("a span holds its value");
    assert_eq!(again.end, written.len());
    for inner in json.items().iter().chain(json.members().iter().map(|member| &member.value)) {
        assert!(json.span.start < inner.span.start && inner.span.end <= json.span.end);
        check_spans(text, inner);
    }
}

proptest! {
    #[test]
    fn it_agrees_with_the_strict_reader_on_what_that_accepts(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.unwrap();
        let read = parse(&text, &Limits::default()).unwrap();
        prop_assert!(same(&read.root, &value), "{}: {:?}", text, read.root);
        prop_assert!(read.is_whole(&text) && read.notes.is_complete());
        check_spans(&text, &read.root);
    }

    #[test]
    fn it_agrees_on_mangled_text_too(text in r#"[\[\]{}:,"\\ 0-9eE.\-+ntfrue alsuNI\u{0}-\u{1f}é]{0,40}"#) {
        let ours = parse(&text, &Limits::default());
        if let Ok(theirs) = serde_json::from_str::<Value>(&text) {
            let ours = ours.unwrap();
            prop_assert!(same(&ours.root, &theirs), "{}: {:?}", text, ours.root);
            prop_assert!(ours.is_whole(&text) && ours.notes.is_complete());
        }
    }

    #[test]
    fn a_cut_at_any_byte_keeps_a_part_of_the_whole(value in any_json(), at in any::<prop::sample::Index>()) {
        let text = serde_json::to_string(&value).unwrap();
        let cut: String = text.chars().take(at.index(text.chars().count())).collect();
        let Some(read) = parse(&cut, &Limits::default()) else { return Ok(()) };
        if read.root.is_array() || read.root.is_object() {
            prop_assert!(!read.notes.is_complete());
            prop_assert!(is_part(&read.root, &value), "{}: {:?}", cut, read.root);
        }
    }
}

/// Whether a salvaged value says nothing that the whole does not say.
fn is_part(ours: &Json<'_>, theirs: &Value) -> bool {
    match (&ours.data, theirs) {
        (Data::Array(a), Value::Array(b)) => {
            a.len() <= b.len() && a.iter().zip(b).all(|(a, b)| is_part(a, b))
        }
        (Data::Object(a), Value::Object(b)) => {
            a.iter().all(|m| b.get(m.key.as_ref()).is_some_and(|b| is_part(&m.value, b)))
        }
        _ => same(ours, theirs),
    }
}
