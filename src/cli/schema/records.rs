//! The records and their fields.

use serde_json::{Value, json};

/// One shape of output.
pub(super) struct Record {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) fields: &'static [Field],
}

/// One field of a record.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// `string`, `integer`, `number`, `boolean`, `time`, `name` (a number or a text), `path`, `=word` for that word alone, `@record`;
    /// `[]` behind it for a list, `?` for what may be null, `!` for what may not be there at all.
    kind: &'static str,
    about: &'static str,
}

const fn field(name: &'static str, kind: &'static str, about: &'static str) -> Field {
    Field { name, kind, about }
}

impl Field {
    /// The record that it holds, if it holds one.
    pub(super) fn held(&self) -> Option<&'static str> {
        self.kind.trim_end_matches(['?', '!', '[', ']']).strip_prefix('@')
    }

    pub(super) fn is_optional(&self) -> bool {
        self.kind.ends_with('!')
    }

    pub(super) fn schema(&self, place: &str) -> Value {
        let kind = self.kind.trim_end_matches('!');
        let (kind, may_be_null) = kind.strip_suffix('?').map_or((kind, false), |kind| (kind, true));
        let (kind, is_list) = kind.strip_suffix("[]").map_or((kind, false), |kind| (kind, true));
        let mut schema = one(kind, place);
        if is_list {
            schema = json!({ "type": "array", "items": schema });
        }
        if may_be_null {
            schema = json!({ "anyOf": [schema, { "type": "null" }] });
        }
        if let Value::Object(map) = &mut schema
            && !self.about.is_empty()
        {
            map.insert("description".to_owned(), json!(self.about));
        }
        schema
    }
}

fn one(kind: &str, place: &str) -> Value {
    match kind {
        "time" => json!({ "type": "string", "format": "date-time" }),
        "name" => json!({ "type": ["integer", "string"] }),
        "span" => json!({ "type": "array", "items": { "type": "integer" }, "minItems": 2, "maxItems": 2 }),
        "path" => json!({
            "type": "object",
            "properties": {
                "text": { "type": "string" },
                "bytes": { "type": "string", "contentEncoding": "base64" },
            },
        }),
        _ => match (kind.strip_prefix('='), kind.strip_prefix('@')) {
            (Some(word), _) => json!({ "const": word }),
            (_, Some(record)) => json!({ "$ref": format!("{place}{record}") }),
            _ => json!({ "type": kind }),
        },
    }
}

/// What `index` of a summary can say.
const STANDING: &str =
    "current, behind, ahead (an older catalog was put in place) or foreign (fed from another catalog)";

/// What `near` of an answer can say.
const NEAR: &str = "the groups of copies: current, behind, ahead or missing";

/// Every record, in the order of the help page.
pub(super) const RECORDS: &[Record] = &[
    Record {
        name: "hit",
        about: "one image that search found",
        fields: &[
            field("type", "=hit", ""),
            field("image", "name", "the site's number, else a path or a URL"),
            field(
                "path",
                "path?",
                "the path of a local file: text, or base64 of its bytes where they are not UTF-8",
            ),
            field("missing", "boolean", "whether the last scan no longer found that file"),
            field("score", "number?", "how well the words match; null where the order does not ask"),
            field("prompt", "string?", ""),
            field("negative_prompt", "string?", ""),
            field("model", "string?", "the checkpoint as the metadata has it"),
            field("checkpoint", "@linked?", "the version that stands for the checkpoint today"),
            field("base_model", "string?", ""),
            field("sampler", "string?", "canonical, such as dpmpp_2m"),
            field("scheduler", "string?", ""),
            field("steps", "integer?", ""),
            field("cfg", "number?", ""),
            field("seed", "integer?", "up to 64 bits, beyond what a double holds"),
            field("media", "string", "what identifies the stored bytes"),
            field("url", "string?", "as received"),
            field("width", "integer?", "pixels"),
            field("height", "integer?", "pixels"),
            field("username", "string?", "who posted it"),
            field("post", "integer?", ""),
            field("created_at", "time?", ""),
        ],
    },
    Record {
        name: "linked",
        about: "a version of the site with what it is called",
        fields: &[
            field("version", "integer", ""),
            field("version_name", "string?", ""),
            field("model", "integer?", ""),
            field("model_name", "string?", ""),
        ],
    },
    Record {
        name: "summary",
        about: "what comes after the hits of search",
        fields: &[
            field("type", "=summary", ""),
            field("schema", "integer", "version of these shapes"),
            field("total", "integer", "all images that match"),
            field("shown", "integer", "images of this page"),
            field("elapsed_ms", "integer!", "wall time; in NDJSON only"),
            field("next", "string?", "for --after; null on the last page"),
            field("generation", "integer", "the generation of the catalog that the index shows"),
            field(
                "continued_from",
                "integer?",
                "the generation of the page before, if the index has changed since",
            ),
            field("index", "string", STANDING),
        ],
    },
    Record {
        name: "group",
        about: "hits that belong together, of search --group",
        fields: &[
            field("type", "=group", ""),
            field("by", "string", "prompt, model, seed or dup"),
            field("count", "integer", "images of the group"),
            field("best", "@hit", "the first of them in the order asked for"),
        ],
    },
    Record {
        name: "group_summary",
        about: "what comes after the groups",
        fields: &[
            field("type", "=summary", ""),
            field("schema", "integer", "version of these shapes"),
            field("by", "string", "prompt, model, seed or dup"),
            field("total", "integer", "all images that match"),
            field("groups", "integer", "all groups"),
            field("without", "integer", "images in no group, because they have no such value"),
            field("shown", "integer", "groups of this page"),
            field("next", "string?", "for --after; null on the last page"),
            field("generation", "integer", "the generation of the catalog that the index shows"),
            field(
                "continued_from",
                "integer?",
                "the generation of the page before, if the index has changed since",
            ),
            field("index", "string", STANDING),
        ],
    },
    Record {
        name: "facet",
        about: "how often which value occurs among the hits",
        fields: &[
            field("type", "=facet", ""),
            field("facet", "string", "such as sampler or date:month"),
            field(
                "buckets",
                "@bucket[]",
                "most frequent first, ties by value; ranges and dates in their own order",
            ),
            field("distinct", "integer", "how many values there are"),
            field("other", "integer", "occurrences of values that are not among the buckets"),
            field("missing", "integer", "images without a value"),
            field("total", "integer", "all images that match"),
        ],
    },
    Record {
        name: "bucket",
        about: "one value of a facet",
        fields: &[
            field("value", "string", ""),
            field("count", "integer", "images with it"),
            field("version", "integer?", "for a resource that is linked"),
            field("model", "integer?", "the model of that version"),
            field("from", "number?", "the least number of a range; for dates in milliseconds since 1970"),
            field("to", "number?", "the number that it ends before"),
        ],
    },
    Record {
        name: "count",
        about: "the answer of count",
        fields: &[
            field("type", "=count", ""),
            field("schema", "integer", "version of these shapes"),
            field("total", "integer", "all images that match"),
            field("generation", "integer", "the generation of the catalog that the index shows"),
            field("index", "string", STANDING),
            field("facets", "@facet[]", ""),
        ],
    },
    Record {
        name: "explanation",
        about: "the answer of search --explain=json",
        fields: &[
            field("type", "=explanation", ""),
            field("schema", "integer", "version of these shapes"),
            field("query", "string", "the normal form, which reads as the same query"),
            field("ast", "object", "the query as a tree, which --ast reads"),
            field("total", "integer", "all images that match"),
            field("clauses", "@clause[]", "its conditions, in the order of the normal form"),
            field("hits", "@explained_hit[]", "the first hits, where --limit asks for some"),
        ],
    },
    Record {
        name: "clause",
        about: "one condition of a query",
        fields: &[
            field("text", "string", "in normal form"),
            field("span", "@place", "where it was said"),
            field("cost", "string", "index, column, scan, catalog or similarity"),
            field("images", "integer", "of how many images it is true"),
            field(
                "unknown",
                "integer",
                "of how many nobody knows, so that neither it nor its negation finds them",
            ),
        ],
    },
    Record {
        name: "place",
        about: "a place in a query, in bytes",
        fields: &[field("start", "integer", ""), field("end", "integer", "the byte after the last one")],
    },
    Record {
        name: "explained_hit",
        about: "why an image matched",
        fields: &[
            field("image", "name", "the site's number, else a path or a URL"),
            field("clauses", "string[]", "the conditions that are true of it"),
            field("words", "string[]", "the words of its prompts that the query asks for"),
        ],
    },
    Record {
        name: "index_status",
        about: "the answer of index status",
        fields: &[
            field("schema", "integer", "version of these shapes"),
            field("state", "string", "current, behind, ahead, foreign, missing or needs_rebuild"),
            field("generation", "integer", "the generation that the index shows"),
            field("catalog_generation", "integer", "the last generation of the catalog"),
            field("documents", "integer", "images in the index"),
            field("size_bytes", "integer", "bytes of its files"),
            field("near", "string", NEAR),
        ],
    },
    Record {
        name: "index_verify",
        about: "the answer of index verify",
        fields: &[
            field("schema", "integer", "version of these shapes"),
            field("type", "=summary", ""),
            field("command", "=index verify", ""),
            field("state", "string", "current or behind"),
            field("generation", "integer", "the generation that the index shows"),
            field("catalog_generation", "integer", "the last generation of the catalog"),
            field("compared", "integer", "images compared"),
            field("pending", "integer", "images that changed since, not compared"),
            field("missing", "integer", "images that the index lacks"),
            field("extra", "integer", "documents without an image"),
            field("different", "integer", "documents that say something else"),
            field("differences", "@difference[]", "the first of each kind"),
            field("complete", "boolean", "whether it came to the end"),
            field("near", "string", NEAR),
        ],
    },
    Record {
        name: "index_compact",
        about: "the answer of index compact",
        fields: &[
            field("schema", "integer", "version of these shapes"),
            field("type", "=summary", ""),
            field("command", "=index compact", ""),
            field("documents", "integer", "images in the index"),
            field("size_bytes_before", "integer", "bytes of its files before"),
            field("size_bytes", "integer", "bytes of its files now"),
        ],
    },
    Record {
        name: "difference",
        about: "one difference between index and catalog",
        fields: &[
            field("what", "string", "missing, extra or different"),
            field(
                "key",
                "integer",
                "the image's number on the site; below zero the row of one that has none",
            ),
        ],
    },
    Record {
        name: "error",
        about: "why a command stopped, on stderr; stdout stays empty",
        fields: &[
            field("type", "=error", ""),
            field("code", "string", "a stable word, such as query.unknown_field"),
            field("message", "string", ""),
            field("span", "span?", "where in the query or template, from byte to byte"),
            field("hint", "string?", "what to try"),
        ],
    },
];
