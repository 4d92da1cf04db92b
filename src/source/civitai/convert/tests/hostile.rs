//! What damage costs.

use proptest::prelude::*;

use super::*;

#[test]
fn half_a_surrogate_pair_costs_one_character() {
    let text =
        r#"{"id":5,"url":"https://image.civitai.com/a/b/c","meta":{"prompt":"a \ud83d kite","seed":NaN}}"#;
    let read = convert(text, &context(MetaRequest::Unknown)).expect("an item");
    let expected = [("meta.prompt", FieldProblem::BadCharacter), ("meta.seed", FieldProblem::NotJson)];
    let found: Vec<_> =
        read.warnings.iter().map(|warning| (warning.field.as_str(), warning.problem)).collect();
    assert_eq!(found, expected);
    let Item::Image(image) = read.item else { unreachable!("an image") };
    assert_eq!(image.generation.prompt.as_deref(), Some("a \u{fffd} kite"));
}

#[test]
fn nul_characters_are_removed() {
    let item =
        json!({"id": 5, "url": site_url("x"), "username": "a\0nn", "meta": {"prompt": "k\0i\0t\0e\0"}});
    let read = image(&item);
    assert_eq!(read.username.as_deref(), Some("ann"));
    assert_eq!(read.generation.prompt.as_deref(), Some("kite"));
    let bad = FieldProblem::BadCharacter;
    assert_eq!(warnings(&item), [("meta.prompt".to_owned(), bad), ("username".to_owned(), bad)]);
}

#[test]
fn numbers_come_as_text_and_as_floats() {
    let read = image(&json!({
        "id": "501", "url": site_url("x"), "postId": 77.0, "width": "832", "modelVersionIds": ["9001", 9002.0],
        "stats": {"likeCount": "3"}
    }));
    assert_eq!((read.name.to_string().as_str(), read.post.map(|post| post.get())), ("501", Some(77)));
    assert_eq!((read.media.width, read.stats.map(|stats| stats.likes)), (Some(832), Some(3)));
    assert_eq!(read.resources.len(), 2);
}

#[test]
fn numbers_out_of_range_cost_only_their_field() {
    let item = json!({
        "id": 501, "url": site_url("x"), "postId": -3, "width": 99_999_999_999_u64, "height": 0,
        "modelVersionIds": [0, 1.5, 7], "createdAt": "yesterday", "stats": {"likeCount": -1, "heartCount": 2}
    });
    let mut found = warnings(&item);
    found.sort();
    let expected = [
        ("createdAt", FieldProblem::BadValue),
        ("height", FieldProblem::OutOfRange),
        ("modelVersionIds[]", FieldProblem::OutOfRange),
        ("modelVersionIds[]", FieldProblem::BadValue),
        ("postId", FieldProblem::OutOfRange),
        ("stats.likeCount", FieldProblem::OutOfRange),
        ("width", FieldProblem::OutOfRange),
    ];
    assert_eq!(found, expected.map(|(field, problem)| (field.to_owned(), problem)));
    assert_eq!(image(&item).stats.map(|stats| stats.hearts), Some(2));
}

#[test]
fn warnings_are_bounded() {
    let item = json!({"id": 501, "url": site_url("x"), "modelVersionIds": vec![0; 5000]});
    let found = warnings(&item);
    assert_eq!(found.len(), 201);
    assert_eq!(found.last().map(|(_, problem)| *problem), Some(FieldProblem::TooMany));
}

/// Keys that one of the readers looks at, so that random objects reach every one of them.
const KEYS: [&str; 48] = [
    "id",
    "url",
    "meta",
    "modelVersions",
    "files",
    "images",
    "image",
    "hashes",
    "resources",
    "civitaiResources",
    "extra",
    "type",
    "name",
    "hash",
    "weight",
    "strength",
    "modelVersionId",
    "modelVersionIds",
    "modelId",
    "air",
    "stats",
    "username",
    "creator",
    "nsfw",
    "nsfwLevel",
    "browsingLevel",
    "createdAt",
    "width",
    "height",
    "Size",
    "seed",
    "steps",
    "prompt",
    "sampler",
    "Model",
    "Model hash",
    "comfy",
    "versionIds",
    "models",
    "TI hashes",
    "Lora hashes",
    "Hypernet",
    "AddNet Model 1",
    "metadata",
    "sizeKB",
    "SHA256",
    "hasMeta",
    "allowCommercialUse",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0_i64..10).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9a-fx.:@<>-]{0,12}".prop_map(Value::from),
        Just(Value::from(site_url("5.png"))),
        Just(Value::from("<lora:a:0.5> urn:air:sdxl:lora:civitai:5@7")),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        let key = prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

type Shown = fn(&Image) -> String;

/// What the keys decide, as text, for items in which these keys are sound.
const DECIDED: [(&[&str], Shown); 14] = [
    (&["id"], |image| image.name.to_string()),
    (&["url"], |image| format!("{:?} {:?}", image.url, image.media.identity)),
    (&["hash"], |image| format!("{:?}", image.media.blurhash)),
    (&["width", "height"], |image| format!("{:?}", (image.media.width, image.media.height))),
    (&["type"], |image| format!("{:?}", image.media_type)),
    (&["browsingLevel"], |image| format!("{:?}", image.nsfw_level)),
    (&["createdAt"], |image| format!("{:?}", image.created_at)),
    (&["postId"], |image| format!("{:?}", image.post)),
    (&["username"], |image| format!("{:?}", image.username)),
    (&["baseModel"], |image| format!("{:?}", image.base_model)),
    (&["stats"], |image| format!("{:?}", image.stats)),
    (&["tags"], |image| format!("{:?}", image.tags)),
    (&["meta"], |image| format!("{:?} {:?} {:?}", image.meta, image.dialect, image.generation)),
    (&["meta", "modelVersionIds"], |image| format!("{:?}", image.resources)),
];

const SPOILABLE: [&str; 17] = [
    "id",
    "hash",
    "width",
    "height",
    "type",
    "nsfw",
    "nsfwLevel",
    "browsingLevel",
    "createdAt",
    "postId",
    "username",
    "baseModel",
    "modelVersionIds",
    "tags",
    "remixOfId",
    "stats",
    "meta",
];

proptest! {
    #[test]
    fn any_json_converts_or_errs(value in any_json()) {
        let text = value.to_string();
        let kinds = [ItemKind::Image, ItemKind::Model, ItemKind::Version, ItemKind::Creator, ItemKind::Tag];
        for kind in kinds.into_iter().map(Some).chain([None]) {
            let _ = convert(&text, &Context { kind, ..context(MetaRequest::Unknown) });
        }
    }

    #[test]
    fn any_text_converts_or_errs(text in "\\{[\\PC\"\\\\:,{}\\[\\]u0-9]{0,80}\\}") {
        let _ = convert(&text, &context(MetaRequest::Unknown));
    }

    #[test]
    fn spoilt_fields_cost_only_themselves(
        spoilt in prop::collection::btree_map(prop::sample::select(SPOILABLE.to_vec()), any_json(), 0..12),
        spoil_url in any::<bool>(),
    ) {
        let sound = image(&whole_item());
        let mut item = whole_item();
        let mut keys: Vec<&str> = spoilt.keys().copied().collect();
        for (key, value) in spoilt {
            item[key] = value;
        }
        // One of the two must remain: without either, nothing says which image this is.
        if spoil_url && !keys.contains(&"id") {
            item["url"] = json!(7);
            keys.push("url");
        }
        let context = Context { kind: Some(ItemKind::Image), ..context(MetaRequest::Unknown) };
        let read = image_with(&item, &context);
        for (deciding, show) in DECIDED {
            if !deciding.iter().any(|key| keys.contains(key)) {
                prop_assert_eq!(show(&read), show(&sound), "{:?}", deciding);
            }
        }
    }
}
