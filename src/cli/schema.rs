//! `schema`: the shapes that scripts read, as JSON Schema (draft 2020-12).
//!
//! - In: the name of a record, or none for all.
//! - Out: one JSON document, always the same for a version of this program.
//! - Never: a promise that nothing is added. Fields may be; names and meanings stay until `schema` counts up.

mod records;

use serde_json::{Map, Value, json};

use super::args::SchemaArgs;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::output::{SCHEMA, Supported};
use super::search::near;
use super::session::Session;
use records::{Field, RECORDS, Record};

/// Prints the schema of a record, or of all.
pub(crate) fn run(arguments: &SchemaArgs, session: &Session) -> Outcome {
    let document = match &arguments.record {
        None => all(),
        Some(name) => {
            let record = RECORDS.iter().find(|record| record.name == name).ok_or_else(|| unknown(name))?;
            standalone(record)
        }
    };
    let mut sink = session.sink(Supported::Document)?;
    let text = serde_json::to_string_pretty(&document)
        .map_err(|error| Failure::new(Exit::General, "schema.failed", error.to_string()))?;
    sink.text(&format!("{text}\n"))?;
    sink.close()?;
    Ok(Exit::Done)
}

fn unknown(name: &str) -> Failure {
    let failure =
        Failure::new(Exit::NotFound, "schema.unknown_record", format!("there is no record `{name}`"));
    match near(name, RECORDS.iter().map(|record| record.name)) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => {
            let names: Vec<&str> = RECORDS.iter().map(|record| record.name).collect();
            failure.hint(format!("there are {}", names.join(", ")))
        }
    }
}

/// All records, each by its name.
fn all() -> Value {
    let records: Map<String, Value> =
        RECORDS.iter().map(|record| (record.name.to_owned(), shape(record, "#/$defs/"))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:stemmata:schema:{SCHEMA}"),
        "title": "What stemmata prints with --format json or ndjson",
        "schema": SCHEMA,
        "$defs": records,
    })
}

/// One record, with those that it holds.
fn standalone(record: &Record) -> Value {
    let Value::Object(mut own) = shape(record, "#/$defs/") else { return Value::Null };
    let mut held: Vec<&Record> = Vec::new();
    let mut next = vec![record];
    while let Some(outer) = next.pop() {
        for name in outer.fields.iter().filter_map(Field::held) {
            let inner = RECORDS.iter().find(|other| other.name == name);
            if let Some(inner) = inner.filter(|inner| !held.iter().any(|other| other.name == inner.name)) {
                held.push(inner);
                next.push(inner);
            }
        }
    }
    own.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    own.insert("$id".to_owned(), json!(format!("urn:stemmata:schema:{SCHEMA}:{}", record.name)));
    if !held.is_empty() {
        let defs: Map<String, Value> =
            held.iter().map(|inner| (inner.name.to_owned(), shape(inner, "#/$defs/"))).collect();
        own.insert("$defs".to_owned(), Value::Object(defs));
    }
    Value::Object(own)
}

fn shape(record: &Record, place: &str) -> Value {
    let properties: Map<String, Value> =
        record.fields.iter().map(|field| (field.name.to_owned(), field.schema(place))).collect();
    let required: Vec<&str> =
        record.fields.iter().filter(|field| !field.is_optional()).map(|field| field.name).collect();
    json!({
        "title": record.name,
        "description": record.about,
        "type": "object",
        "properties": properties,
        "required": required,
    })
}
