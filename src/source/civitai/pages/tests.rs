use proptest::prelude::*;

use super::*;

fn texts(text: &str) -> Vec<&str> {
    open(text).expect("a document").items.into_iter().map(|item| item.text).collect()
}

#[test]
fn a_page_gives_its_items_and_the_way_on() {
    let opened = open(
        "\u{feff} {\"metadata\":{\"nextCursor\":\"5|9\",\"totalItems\":\"12\",\"pageSize\":2}, \"items\":[ {\"id\":1} , {\"id\":2}]} \n",
    )
    .expect("a page");
    assert_eq!(opened.items.iter().map(|item| item.text).collect::<Vec<_>>(), ["{\"id\":1}", "{\"id\":2}"]);
    assert_eq!(opened.pagination.next_cursor.as_deref(), Some("5|9"));
    assert_eq!(opened.pagination.total_items, Some(12));
    assert_eq!(opened.pagination.page_size, Some(2));
}

#[test]
fn a_numeric_cursor_becomes_text_and_a_null_one_ends_the_list() {
    let page = |cursor: &str| format!("{{\"items\":[],\"metadata\":{{\"nextCursor\":{cursor}}}}}");
    let cursor = |text: &str| open(&page(text)).expect("a page").pagination.next_cursor;
    assert_eq!(cursor("77").as_deref(), Some("77"));
    assert_eq!(cursor("null"), None);
    assert_eq!(cursor("\"0|bdx:{\\\"a\\\":1}\"").as_deref(), Some("0|bdx:{\"a\":1}"));
}

#[test]
fn a_damaged_item_costs_only_itself() {
    let opened = open(r#"{"items":[{"id":1},null,7,"x",{"a":[1},{"b":,},{"id":2}]}"#).expect("a page");
    let kept: Vec<_> = opened.items.iter().map(|item| (item.position, item.text)).collect();
    assert_eq!(kept, [(0, r#"{"id":1}"#), (4, r#"{"a":[1}"#), (5, r#"{"b":,}"#), (6, r#"{"id":2}"#)]);
    let problems: Vec<_> = opened.problems.iter().map(|problem| (problem.position, problem.kind)).collect();
    let expected =
        [(1, ItemProblemKind::Null), (2, ItemProblemKind::NotAnObject), (3, ItemProblemKind::NotAnObject)];
    assert_eq!(problems, expected);
}

#[test]
fn an_item_that_nests_too_deep_costs_only_itself() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let page = format!("{{\"items\":[{deep},{{\"id\":2}}]}}");
    let opened = open(&page).expect("a page");
    assert_eq!(opened.problems, [ItemProblem { position: 0, kind: ItemProblemKind::TooDeep }]);
    assert_eq!(opened.items.len(), 1);
    assert_eq!(open(&deep), Err(DocumentError::TooDeep));
}

#[test]
fn one_entity_and_an_array_are_documents_too() {
    assert_eq!(texts(r#" {"id": 5, "name": "x"} "#), [r#"{"id": 5, "name": "x"}"#]);
    assert_eq!(texts(r#"[{"id":5},{"id":6}]"#), [r#"{"id":5}"#, r#"{"id":6}"#]);
    assert_eq!(texts("[]"), Vec::<&str>::new());
    assert_eq!(open("[null]").expect("an array").problems.len(), 1);
}

#[test]
fn error_bodies_of_every_shape_are_errors_of_the_site() {
    let cases = [
        (r#"{"error":"No model with id 0"}"#, "No model with id 0"),
        (r#"{"error":{"issues":[{"message":"bad limit"}],"name":"ZodError"}}"#, "bad limit"),
        (r#"{"error":{"name":"ZodError","message":"[1]"}}"#, "[1]"),
        (r#"{"error":"Region blocked","code":"REGION_BLOCKED"}"#, "Region blocked"),
        (r#"{"message":"Invalid cursor","code":"BAD_REQUEST"}"#, "Invalid cursor"),
        (r#"{"error":"Bad","message":"why"}"#, "Bad: why"),
        (r#"[{"code":"too_big","path":["limit"],"message":"at most 200"}]"#, "at most 200"),
    ];
    for (text, message) in cases {
        assert_eq!(open(text), Err(DocumentError::Api { message: message.to_owned() }), "{text}");
    }
}

#[test]
fn what_is_no_document_says_why() {
    assert_eq!(open(" \n"), Err(DocumentError::Empty));
    assert_eq!(open("\u{feff}"), Err(DocumentError::Empty));
    assert_eq!(open("<!DOCTYPE html><p>Just a moment"), Err(DocumentError::Html));
    assert_eq!(open(r#"{"items":[{"id":1},{"id":"#), Err(DocumentError::Truncated));
    assert_eq!(open(r#"[{"id":1},{"id":"#), Err(DocumentError::Truncated));
    assert_eq!(open("{\"id\":1}\n{\"id\":2}"), Err(DocumentError::SeveralValues { offset: 9 }));
    assert_eq!(open("17"), Err(DocumentError::NotADocument));
    assert_eq!(open("hello"), Err(DocumentError::Syntax { offset: 0 }));
    assert_eq!(open(r#"{"items":3}"#), Err(DocumentError::ItemsNotAnArray));
}

#[test]
fn the_whole_items_of_a_broken_document_can_be_salvaged() {
    let cut = ItemProblem { position: 2, kind: ItemProblemKind::CutOff };
    for text in [r#"{"items":[{"id":1},{"id":2},{"id":"#, r#"[{"id":1},{"id":2}"#, r#"[{"id":1},{"id":2} x"#]
    {
        assert!(open(text).is_err());
        let opened = salvage(text);
        assert_eq!(
            opened.items.iter().map(|item| item.text).collect::<Vec<_>>(),
            [r#"{"id":1}"#, r#"{"id":2}"#]
        );
        assert_eq!(opened.problems, [cut]);
    }
    assert!(salvage("<html>").items.is_empty());
}

#[test]
fn a_page_that_carries_generation_data_was_asked_for_it() {
    let asked = open(r#"[{"id":1,"meta": null},{"id":2,"meta" : {"prompt":"x"}}]"#).expect("an array");
    assert_eq!(asked.meta_request(), MetaRequest::Asked);
    let silent = open(r#"[{"id":1,"meta":null}]"#).expect("an array");
    assert_eq!(silent.meta_request(), MetaRequest::Unknown);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}\",:\\\\ \u{e9}nul1items]{0,60}") {
        let _ = open(&text);
        let _ = salvage(&text);
    }

    #[test]
    fn any_json_array_is_split_as_a_parser_splits_it(
        values in prop::collection::vec("[ \\{\\}\\[\\],:\"\\\\a\u{1f600}]{0,12}", 0..6)
    ) {
        let items: Vec<Value> = values.iter().map(|text| serde_json::json!({ "k": [text, 1] })).collect();
        let text = Value::from(items.clone()).to_string();
        let opened = open(&text).expect("valid JSON");
        let read: Vec<Value> = opened
            .items
            .iter()
            .map(|item| serde_json::from_str(item.text).expect("an item of valid JSON"))
            .collect();
        prop_assert_eq!(read, items);
    }
}
