//! A small validator of JSON Schema: what `stemmata schema` uses of it, and nothing else.

use serde_json::Value;

/// What is wrong with a value, each with its place; a property that the schema does not name is wrong, too.
pub(crate) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "$", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let inner = root.pointer(name.trim_start_matches('#')).expect("a reference leads somewhere");
        return check(root, inner, value, place, found);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let fits = |choice: &Value| {
            let mut inner = Vec::new();
            check(root, choice, value, place, &mut inner);
            inner
        };
        let all: Vec<Vec<String>> = choices.iter().map(fits).collect();
        if all.iter().all(|inner| !inner.is_empty()) {
            found.extend(all.into_iter().next().unwrap_or_default());
        }
        return;
    }
    if let Some(word) = schema.get("const")
        && word != value
    {
        found.push(format!("{place}: {value} is not {word}"));
    }
    if !is_of_type(&schema["type"], value) {
        found.push(format!("{place}: {value} is not of type {}", schema["type"]));
        return;
    }
    if let (Some(properties), Some(object)) = (schema["properties"].as_object(), value.as_object()) {
        for (name, inner) in object {
            match properties.get(name) {
                Some(schema) => check(root, schema, inner, &format!("{place}.{name}"), found),
                None => found.push(format!("{place}.{name} is not in the schema")),
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                found.push(format!("{place}.{name} is missing"));
            }
        }
    }
    if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
        for (number, item) in list.iter().enumerate() {
            check(root, items, item, &format!("{place}[{number}]"), found);
        }
    }
}

fn is_of_type(kind: &Value, value: &Value) -> bool {
    let is = |kind: &str| match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => unreachable!("`{other}` is no type"),
    };
    match kind {
        Value::Null => true,
        Value::String(kind) => is(kind),
        kinds => kinds.as_array().into_iter().flatten().filter_map(Value::as_str).any(is),
    }
}
