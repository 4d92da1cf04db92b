//! What the site refuses to answer, and with which status.

use serde_json::json;

use super::listings::{ImagePath, has_creator};
use super::{Answer, Asked, Query, World, segments};

/// The last item that a page number may reach.
const PAGE_CAP: u64 = 1_000;

/// The highest number that the site's database takes for an id.
const HIGHEST_ID: u64 = i32::MAX as u64;

/// Parameters of `/models` that are true or false in JSON, which no query string can say.
const STRICT_BOOLEANS: [&str; 3] = ["allowNoCredit", "allowDerivatives", "allowDifferentLicense"];

impl World {
    /// The error with which the site answers; `None` when it answers properly.
    pub(super) fn refusal(&self, asked: &Asked<'_>) -> Option<Answer> {
        let query = asked.query;
        match segments(asked.path).as_slice() {
            ["images"] => self.image_refusal(query),
            ["models" | "model-versions", ..] if is_wrong_verb(asked) => {
                Some(Answer::error(405, "Method not allowed"))
            }
            ["models"] => self.model_refusal(query),
            ["creators" | "tags"] => {
                let issue =
                    || json!([{ "code": "too_small", "path": ["limit"], "message": "Invalid limit" }]);
                bad_limit(query, 1, 200).then(|| Answer { status: 400, body: issue() })
            }
            ["models", id] | ["model-versions", "mini", id] if is_out_of_range(id) => {
                Some(Answer::error(400, "Invalid id"))
            }
            ["model-versions", id] if is_out_of_range(id) => {
                Some(Answer::error(500, "An unexpected error occurred"))
            }
            _ => None,
        }
    }

    fn image_refusal(&self, query: &Query) -> Option<Answer> {
        let is_word = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if query.get("username").is_some_and(|name| !is_word(name)) {
            return Some(invalid("username"));
        }
        let known = self.base_models();
        if query.get("baseModels").is_some_and(|names| names.split(',').any(|name| !known.contains(name))) {
            return Some(invalid("baseModels"));
        }
        if query.get("type").is_some_and(|kind| !["image", "video", "audio"].contains(&kind)) {
            return Some(invalid("type"));
        }
        if bad_limit(query, 0, 200) {
            return Some(invalid("limit"));
        }
        let is_database = ImagePath::of(query) == ImagePath::Database;
        let posted = |name: &str| self.images.iter().any(|image| image["username"] == name);
        if is_database && query.get("username").is_some_and(|name| !posted(name)) {
            return Some(Answer::error(404, "User not found"));
        }
        if !is_database && asks_for_nothing(query) && !self.images.is_empty() {
            return Some(Answer::error(500, "An unexpected error occurred"));
        }
        page_cap(query, 100)
    }

    fn model_refusal(&self, query: &Query) -> Option<Answer> {
        if query.get("favorites").is_some() || query.get("hidden").is_some() {
            return Some(Answer::error(401, "UNAUTHORIZED"));
        }
        if query.all("types").iter().any(|kind| kind.contains(',')) {
            return Some(invalid("types"));
        }
        if let Some(name) =
            STRICT_BOOLEANS.into_iter().chain(["browsingLevel"]).find(|name| query.get(name).is_some())
        {
            return Some(invalid(name));
        }
        if query.get("query").is_some() && query.get("page").is_some() {
            return Some(Answer::error(
                400,
                "Cannot use page param with query search. Use cursor-based pagination.",
            ));
        }
        if bad_limit(query, 0, 100) {
            return Some(invalid("limit"));
        }
        let publishes = |name: &str| self.models.iter().any(|model| has_creator(model, name));
        if query.get("username").is_some_and(|name| !publishes(name)) {
            return Some(Answer::error(404, "User not found"));
        }
        page_cap(query, 100)
    }
}

fn is_wrong_verb(asked: &Asked<'_>) -> bool {
    let takes_post = segments(asked.path).get(1) == Some(&"by-hash");
    asked.method != "GET" && !(takes_post && asked.method == "POST")
}

fn bad_limit(query: &Query, least: u64, most: u64) -> bool {
    let read = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<u64>().ok() };
    query.get("limit").is_some_and(|text| read(text).is_none_or(|limit| limit < least || limit > most))
}

fn asks_for_nothing(query: &Query) -> bool {
    query.get("limit").is_some_and(|text| text.is_empty() || text.parse() == Ok(0))
}

fn is_out_of_range(id: &str) -> bool {
    id.parse::<u128>().is_ok_and(|id| id == 0 || id > u128::from(HIGHEST_ID))
}

/// A page too far is answered so for ever.
fn page_cap(query: &Query, default_limit: u64) -> Option<Answer> {
    let page = query.number("page")?;
    let reach = page.saturating_mul(query.number("limit").unwrap_or(default_limit));
    let message = "You've requested too many pages, please use cursors instead";
    (reach > PAGE_CAP).then(|| Answer::error(429, message))
}

fn invalid(parameter: &str) -> Answer {
    let issue =
        json!({ "code": "invalid_type", "path": [parameter], "message": format!("Invalid {parameter}") });
    Answer { status: 400, body: json!({ "error": { "issues": [issue], "name": "ZodError" } }) }
}
