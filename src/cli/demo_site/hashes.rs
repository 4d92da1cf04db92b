//! Look-ups by the hashes of files, one by one and in heaps.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::entities::dress;
use super::{Answer, World, id_of, items};

/// Hashes that one request for whole versions may hold.
const MOST_VERSIONS: usize = 100;

/// Hashes that one request for ids may hold.
const MOST_IDS: usize = 10_000;

impl World {
    /// The version with a file of this hash of any kind; of several the one published first, then the lowest id.
    pub(super) fn version_by_hash(&self, hash: &str) -> Option<Value> {
        let (model, version) = self
            .versions()
            .filter(|(_, version)| items(&version["files"]).iter().any(|file| has_hash(file, hash)))
            .min_by_key(|(_, version)| (version["publishedAt"].as_str(), id_of(version)))?;
        Some(dress(model, version))
    }

    /// One element a matching file, in no order of the request, with the same version repeated and a null where
    /// something was not found; download links lead nowhere.
    pub(super) fn versions_by_hashes(&self, body: &[u8]) -> Answer {
        let hashes = match read_hashes(body, MOST_VERSIONS) {
            Ok(hashes) => hashes,
            Err(refusal) => return refusal,
        };
        let matches = self.matches(&hashes);
        let missed = hashes.iter().any(|hash| !matches.iter().any(|found| found.hash == *hash));
        let mut answer: Vec<Value> = matches
            .iter()
            .map(|found| {
                let mut version = dress(found.model, found.version);
                version["downloadUrl"] =
                    json!(format!("https://undefined/api/download/models/{}", id_of(&version)));
                version
            })
            .collect();
        if missed {
            answer.insert(answer.len() / 2, Value::Null);
        }
        Answer::ok(Value::Array(answer))
    }

    /// Which versions have files of these hashes: one element a file; what is not found is not mentioned.
    pub(super) fn ids_by_hashes(&self, body: &[u8]) -> Answer {
        let hashes = match read_hashes(body, MOST_IDS) {
            Ok(hashes) => hashes,
            Err(refusal) => return refusal,
        };
        let element = |found: &Match<'_>| json!({ "modelVersionId": id_of(found.version), "hash": found.hash, "modelId": id_of(found.model) });
        Answer::ok(self.matches(&hashes).iter().map(element).collect())
    }

    /// Files whose SHA-256 is asked for, the highest file id first.
    fn matches(&self, hashes: &[String]) -> Vec<Match<'_>> {
        let mut matches: Vec<(u64, Match<'_>)> = self
            .versions()
            .flat_map(|(model, version)| {
                items(&version["files"]).iter().filter_map(move |file| {
                    let hash = file["hashes"]["SHA256"].as_str()?.to_uppercase();
                    let asked = hashes.contains(&hash);
                    asked.then_some((id_of(file), Match { model, version, hash }))
                })
            })
            .collect();
        matches.sort_by_key(|(file, found)| (Reverse(*file), id_of(found.version)));
        matches.into_iter().map(|(_, found)| found).collect()
    }
}

/// A file that was asked for.
struct Match<'a> {
    model: &'a Value,
    version: &'a Value,
    /// SHA-256 in upper case.
    hash: String,
}

/// The hashes of a request, in upper case.
fn read_hashes(body: &[u8], most: usize) -> Result<Vec<String>, Answer> {
    let refusal = |message: &str| {
        let issue = json!([{ "code": "custom", "path": [], "message": message }]);
        Answer { status: 400, body: json!({ "error": { "issues": issue, "name": "ZodError" } }) }
    };
    let Ok(hashes) = serde_json::from_slice::<Vec<String>>(body) else {
        return Err(refusal("Expected array of strings"));
    };
    if hashes.len() > most {
        return Err(refusal(&format!("Array must contain at most {most} element(s)")));
    }
    if hashes.iter().any(|hash| hash.chars().count() != 64) {
        return Err(refusal("String must contain exactly 64 character(s)"));
    }
    Ok(hashes.iter().map(|hash| hash.to_uppercase()).collect())
}

fn has_hash(file: &Value, hash: &str) -> bool {
    let hashes = file["hashes"].as_object().into_iter().flat_map(Map::values).filter_map(Value::as_str);
    hashes.into_iter().any(|stored| stored.eq_ignore_ascii_case(hash))
}
