//! The chain behind a trace: where a reference is said, what it was looked up as, what would settle it.
//!
//! - In: the references of a trace, and the document that described the image, from anyone.
//! - Out: places as paths into that document with the text as written.
//! - Never: another answer than the trace itself gives; this only says how it came about.

use serde::Serialize;
use serde_json::Value;

use crate::entity::{Evidence, HashKind, HexHash, ImageKey, VersionId, normalised_name};
use crate::link::compat::of_image;

use super::{Note, Trace, TraceResource};

/// Values of one document that are looked at.
const MOST_VALUES: usize = 200_000;

/// Places told of one reference.
const MOST_PLACES: usize = 8;

/// Longest text kept as written, in characters.
const MOST_RAW: usize = 200;

/// Longest tag inside a prompt, in bytes.
const MOST_TAG: usize = 300;

/// Longest text inside a document that is read as a document of its own, in bytes.
const MOST_INNER: usize = 4 << 20;

/// The chain from metadata to candidates, for one reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Why {
    /// Where it is said, in the order of the document or file.
    pub said: Vec<Said>,
    /// What it was looked up as, in the order of the attempts: words of [`Evidence`].
    pub looked_up_as: Vec<&'static str>,
    /// The name as it is compared: without folder, extension, case and the number of a training snapshot.
    pub compared_name: Option<String>,
    /// Why its hash names no file, if it is junk.
    pub junk: Option<&'static str>,
    /// Commands that would settle what is open, the most telling first.
    pub settle: Vec<Settle>,
}

/// One place where a reference is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Said {
    /// A path into the document such as `meta.resources[1].hash`, or the block of a file and its grammar.
    pub place: String,
    /// The text as written, cut after 200 characters.
    pub raw: String,
    /// The block of the file, counted from 0.
    pub block: Option<usize>,
    /// The bytes of the file that hold that block.
    pub range: Option<[u64; 2]>,
    /// The bytes of the text at that place that say it.
    pub span: Option<[usize; 2]>,
}

/// A command that would settle something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settle {
    /// The line to type; words in capitals are to be filled in.
    pub command: String,
    /// What that does.
    pub what: &'static str,
}

impl Said {
    /// A place with its text, which is cut where it is long.
    pub fn new(place: String, raw: &str) -> Self {
        let mut cut: String = raw.chars().take(MOST_RAW).collect();
        if cut.len() < raw.len() {
            cut.push('…');
        }
        Self { place, raw: cut, ..Self::default() }
    }
}

impl Trace {
    /// Adds the chain to every reference; `said` gives the places of the one at a position.
    ///
    /// A reference without a place gets the names of its sources.
    pub fn explain(&mut self, mut said: impl FnMut(usize, &TraceResource) -> Vec<Said>) {
        for (position, resource) in self.resources.iter_mut().enumerate() {
            let mut places = said(position, resource);
            places.truncate(MOST_PLACES);
            if places.is_empty() {
                places = resource.sources.iter().map(|source| in_words(source, resource)).collect();
            }
            resource.why = Some(why(resource, places));
        }
    }
}

fn in_words(source: &str, resource: &TraceResource) -> Said {
    let hash = resource.hash.as_ref().map(HexHash::as_str);
    let version = resource.version.map(|version| version.to_string());
    let raw = hash.or(resource.name.as_deref()).or(resource.air.as_deref()).or(version.as_deref());
    Said::new(source.to_owned(), raw.unwrap_or_default())
}

fn why(resource: &TraceResource, said: Vec<Said>) -> Why {
    let hash = resource.hash.as_ref();
    let junk = hash.and_then(HexHash::junk);
    let compared_name = resource.name.as_deref().and_then(normalised_name);
    let mut looked_up_as = Vec::new();
    if resource.version.is_some() {
        looked_up_as.push(Evidence::VersionId.as_str());
    }
    if resource.air.is_some() && resource.note != Some(Note::ModelOnly) {
        looked_up_as.push(Evidence::Air.as_str());
    }
    if let Some(hash) = hash.filter(|_| junk.is_none()) {
        looked_up_as.extend(hash.flavours().iter().map(|kind| evidence_of(*kind).as_str()));
        if hash.as_str().len() < HexHash::MAX_DIGITS {
            looked_up_as.push(Evidence::Sha256Prefix.as_str());
        }
    }
    if compared_name.is_some() && resource.links.iter().all(|link| link.evidence == Evidence::Name) {
        looked_up_as.push(Evidence::Name.as_str());
    }
    let settle = settle(resource);
    Why { said, looked_up_as, compared_name, junk: junk.map(|reason| reason.as_str()), settle }
}

/// The evidence that equality with a hash of this kind is.
fn evidence_of(kind: HashKind) -> Evidence {
    match kind {
        HashKind::Sha256 => Evidence::Sha256,
        HashKind::Blake3 => Evidence::Blake3,
        HashKind::AutoV3 => Evidence::Autov3,
        HashKind::AutoV2 => Evidence::Autov2,
        HashKind::AutoV1 => Evidence::Autov1,
        HashKind::Crc32 => Evidence::Crc32,
    }
}

fn settle(resource: &TraceResource) -> Vec<Settle> {
    let mut steps = Vec::new();
    let mut step = |command: String, what| steps.push(Settle { command, what });
    let best = resource.links.first().filter(|link| link.rank == 1);
    let hash = resource.hash.as_ref().filter(|hash| hash.junk().is_none());
    if let (None, Some(model)) = (best, resource.model) {
        step(format!("stemmata crawl model {model}"), "lists the versions of that model");
    }
    if let Some(link) = best.filter(|link| link.version_name.is_none() && link.model_name.is_none()) {
        step(format!("stemmata crawl version {}", link.version), "says what this version is");
    }
    let is_open = best.is_none_or(|link| link.evidence == Evidence::Name);
    if let Some(hash) = hash {
        if is_open {
            step("stemmata resolve --kind hash".to_owned(), "asks the site for this hash");
            step(format!("stemmata decide hash {hash} VERSION"), "settles it, if you know the version");
        } else if let Some(other) = resource.links.get(1).map(|link| link.version) {
            step(format!("stemmata decide hash {hash} {other}"), "settles it, if it was the other one");
        }
    } else if is_open && resource.name.is_some() && resource.version.is_none() {
        step(
            "stemmata scan --hash-models FOLDER".to_owned(),
            "finds a model file of that name here, and its hash",
        );
    }
    steps
}

/// The places of a document of the site that say each of `resources`, in their order.
///
/// `text` is the document as received, `image` the picture in it that is meant. A text that is no JSON says nothing.
pub fn said_in_document(text: &str, image: ImageKey, resources: &[TraceResource]) -> Vec<Vec<Said>> {
    let mut walk = Walk {
        wanted: resources.iter().map(Wanted::of).collect(),
        found: resources.iter().map(|_| Vec::new()).collect(),
        left: MOST_VALUES,
    };
    if let Ok(document) = serde_json::from_str::<Value>(text) {
        walk.value(of_image(&document, image), "", "", 0);
    }
    walk.found
}

/// What one reference looks like in a document.
struct Wanted<'a> {
    hash: Option<&'a HexHash>,
    name: Option<&'a str>,
    version: Option<VersionId>,
    air: Option<&'a str>,
    in_prompt: bool,
}

impl<'a> Wanted<'a> {
    fn of(resource: &'a TraceResource) -> Self {
        Self {
            hash: resource.hash.as_ref(),
            name: resource.name.as_deref(),
            version: resource.version,
            air: resource.air.as_deref(),
            in_prompt: resource.sources.contains(&"prompt tag"),
        }
    }

    /// Whether only its name can tell where it is said.
    fn has_only_a_name(&self) -> bool {
        self.hash.is_none() && self.version.is_none() && self.air.is_none()
    }

    fn is_said_by(&self, leaf: &Leaf<'_>) -> bool {
        let same_hash = || self.hash.is_some() && self.hash == leaf.hash.as_ref();
        let same_name = || self.has_only_a_name() && self.name == Some(leaf.text.trim());
        let same_air = || self.air.is_some_and(|air| holds_air(leaf.text, air));
        same_hash() || same_name() || same_air()
    }
}

/// A text of the document.
struct Leaf<'t> {
    text: &'t str,
    hash: Option<HexHash>,
}

struct Walk<'a> {
    wanted: Vec<Wanted<'a>>,
    found: Vec<Vec<Said>>,
    left: usize,
}

impl Walk<'_> {
    /// `key` is the nearest name above the value, `inner` how many texts were opened around it.
    fn value(&mut self, value: &Value, path: &str, key: &str, inner: u8) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                let number = number.as_u64();
                if key.to_ascii_lowercase().contains("version") && number.is_some() {
                    self.note(path, &value.to_string(), |wanted| {
                        wanted.version.map(VersionId::get) == number
                    });
                }
            }
            Value::String(text) => self.text(text, path, inner),
            Value::Array(values) => {
                for (position, value) in values.iter().enumerate() {
                    self.value(value, &format!("{path}[{position}]"), key, inner);
                }
            }
            Value::Object(members) => {
                for (key, value) in members {
                    self.value(value, &below(path, key), key, inner);
                }
            }
        }
    }

    fn text(&mut self, text: &str, path: &str, inner: u8) {
        let is_document = inner == 0 && text.len() <= MOST_INNER && text.trim_start().starts_with(['{', '[']);
        if is_document && let Ok(value) = serde_json::from_str::<Value>(text) {
            return self.value(&value, path, "", 1);
        }
        let leaf = Leaf { text, hash: HexHash::parse(text) };
        self.note(path, text, |wanted| wanted.is_said_by(&leaf));
        self.tags(text, path);
    }

    fn note(&mut self, path: &str, raw: &str, says: impl Fn(&Wanted<'_>) -> bool) {
        for (wanted, found) in self.wanted.iter().zip(&mut self.found) {
            if found.len() < MOST_PLACES && says(wanted) {
                found.push(Said::new(path.to_owned(), raw));
            }
        }
    }

    /// Tags such as `<lora:name:0.8>`.
    fn tags(&mut self, text: &str, path: &str) {
        if !self.wanted.iter().any(|wanted| wanted.in_prompt) {
            return;
        }
        for (start, _) in text.match_indices('<') {
            let Some(rest) = text.get(start..) else { continue };
            let Some(tag) = rest.find('>').filter(|end| *end < MOST_TAG).and_then(|end| rest.get(..=end))
            else {
                continue;
            };
            let name =
                tag.trim_start_matches('<').split(':').nth(1).map(|name| name.trim_end_matches('>').trim());
            for (wanted, found) in self.wanted.iter().zip(&mut self.found) {
                if wanted.in_prompt && wanted.name == name && name.is_some() && found.len() < MOST_PLACES {
                    let span = Some([start, start + tag.len()]);
                    found.push(Said { span, ..Said::new(path.to_owned(), tag) });
                }
            }
        }
    }
}

/// Whether a text holds an identifier as this program writes it: the same numbers, whatever stands around them.
fn holds_air(text: &str, air: &str) -> bool {
    let numbers = air.rsplit(':').next().unwrap_or(air);
    let Some(after) = text.rsplit(':').next() else { return false };
    let digits = after.split(|c: char| !c.is_ascii_digit() && c != '@').next().unwrap_or_default();
    !numbers.is_empty() && digits == numbers
}

/// The path of a member: `a.b`, or `a["x y"]` for names that are no words.
fn below(path: &str, key: &str) -> String {
    let is_word = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match (is_word, path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{}]", Value::from(key)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entity::ResourceKind;

    fn wanted(name: &str, hash: &str, version: u64, sources: Vec<&'static str>) -> TraceResource {
        TraceResource {
            kind: ResourceKind::Lora,
            name: Some(name.to_owned()).filter(|name| !name.is_empty()),
            hash: HexHash::parse(hash),
            version: VersionId::new(version),
            air: None,
            weight: None,
            sources,
            origins: Vec::new(),
            model: None,
            model_confidence: None,
            note: None,
            links: Vec::new(),
            why: None,
        }
    }

    fn places(document: &str, resource: TraceResource) -> Vec<(String, String, Option<[usize; 2]>)> {
        let image = ImageKey::new(7).expect("not zero");
        let mut found = said_in_document(document, image, &[resource]);
        found.remove(0).into_iter().map(|said| (said.place, said.raw, said.span)).collect()
    }

    const DOCUMENT: &str = r#"{"id":7,"modelVersionIds":[44],"meta":{"prompt":"kite <lora:wind:0.8>, red","seed":44,
        "hashes":{"lora:wind":"0xA1A2A3A4B5"},"resources":[{"name":"wind","hash":"a1a2a3a4b5"}],"Model":"dream"}}"#;

    #[test]
    fn a_hash_is_found_in_every_spelling_with_its_path() {
        let found = places(DOCUMENT, wanted("wind", "a1a2a3a4b5", 0, vec!["hashes"]));
        let place = |path: &str, raw: &str| (path.to_owned(), raw.to_owned(), None);
        assert_eq!(
            found,
            [
                place("meta.hashes[\"lora:wind\"]", "0xA1A2A3A4B5"),
                place("meta.resources[0].hash", "a1a2a3a4b5")
            ]
        );
    }

    #[test]
    fn a_tag_is_found_by_its_bytes_and_a_version_by_the_key_above_it() {
        let tag = places(DOCUMENT, wanted("wind", "", 5, vec!["prompt tag"]));
        assert_eq!(tag, [("meta.prompt".to_owned(), "<lora:wind:0.8>".to_owned(), Some([5, 20]))]);
        let version = places(DOCUMENT, wanted("", "", 44, vec!["modelVersionIds (index)"]));
        assert_eq!(
            version,
            [("modelVersionIds[0]".to_owned(), "44".to_owned(), None)],
            "the seed is no version"
        );
        assert_eq!(places(DOCUMENT, wanted("dream", "", 0, vec!["hash key"]))[0].0, "meta.Model");
    }

    #[test]
    fn identifiers_agree_by_their_numbers() {
        assert!(holds_air("urn:air:sdxl:lora:civitai:257@300", "civitai:257@300"));
        assert!(holds_air(
            "urn:air:sdxl:lora:civitai:257@300.safetensors",
            "urn:air:sd1:lora:civitai:257@300"
        ));
        assert!(!holds_air("civitai:257@3001", "civitai:257@300"));
    }

    #[test]
    fn what_is_open_names_the_commands_that_settle_it() {
        let steps = |resource: &TraceResource| -> Vec<String> {
            settle(resource).into_iter().map(|step| step.command).collect()
        };
        let hashed = wanted("wind", "a1a2a3a4b5", 0, vec![]);
        assert_eq!(
            steps(&hashed),
            ["stemmata resolve --kind hash", "stemmata decide hash a1a2a3a4b5 VERSION"]
        );
        assert_eq!(steps(&wanted("wind", "", 0, vec![])), ["stemmata scan --hash-models FOLDER"]);
        assert_eq!(steps(&wanted("", "e3b0c44298fc", 0, vec![])), [""; 0], "junk cannot be settled");
    }

    proptest! {
        #[test]
        fn any_document_gives_an_answer(text in ".{0,200}", name in ".{0,8}", hash in "[0-9a-f]{8,12}") {
            let resource = wanted(&name, &hash, 3, vec!["prompt tag"]);
            places(&text, resource.clone());
            let document = serde_json::json!({"meta": {"prompt": text, "deep": [[{"hash": hash}]]}}).to_string();
            let found = places(&document, resource);
            prop_assert!(found.iter().any(|(place, ..)| place == "meta.deep[0][0].hash"));
        }
    }
}
