//! The text of decisions: one JSON object a line.
//!
//! - In: text of any origin. A line that is no decision is kept and named, and costs only itself.
//! - Out: the same lines in one order, so that two files with the same decisions are the same bytes.
//! - Never: a file, a clock.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::entity::{
    Decision, Decisions, HexHash, ImageId, ImageName, Refused, ResourceKind, Ruling, Timestamp, VersionId,
};

/// Longest line that is read as a decision, in bytes.
const MAX_LINE_BYTES: usize = 1 << 16;

/// Longest id of a decision, in bytes.
const MAX_ID_BYTES: usize = 64;

/// Digits of the ids that are made here: 48 bits, so that a million decisions hardly ever share one.
const ID_DIGITS: usize = 12;

/// What a file of decisions holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    /// The decisions that could be read.
    pub decisions: Decisions,
    /// Lines that are no decision of a kind known here, as they are.
    kept: BTreeSet<String>,
}

/// Why a line is no decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFault {
    /// It is not a JSON object with `id`, `at`, `by` and `what`.
    NotADecision,
    /// Its `what` is of a later version of Stemmata.
    UnknownKind,
    /// It is longer than 64 KiB.
    TooLong,
    /// A field that its kind needs is missing, or its value cannot be.
    BadField(&'static str),
}

impl LineFault {
    /// A phrase for messages.
    pub fn describe(self) -> String {
        match self {
            Self::NotADecision => "it is not a JSON object with id, at, by and what".to_owned(),
            Self::UnknownKind => "its kind is not known to this version".to_owned(),
            Self::TooLong => format!("it is longer than {MAX_LINE_BYTES} bytes"),
            Self::BadField(field) => format!("`{field}` is missing or cannot be"),
        }
    }
}

/// A decision on disk. Fields that are not of its kind are absent.
#[derive(Deserialize, Serialize)]
struct Line {
    id: String,
    at: String,
    by: String,
    what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    images: Option<[Value; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    undo: Option<String>,
}

impl Overlay {
    /// Reads a whole text; faults come with their line, from 1.
    pub fn read(text: &str) -> (Self, Vec<(u64, LineFault)>) {
        let mut overlay = Self::default();
        let faults = (1..)
            .zip(text.lines())
            .filter_map(|(number, line)| overlay.read_line(line).map(|fault| (number, fault)))
            .collect();
        (overlay, faults)
    }

    /// Reads one line. A blank one is nothing; one with a fault is kept.
    pub(super) fn read_line(&mut self, line: &str) -> Option<LineFault> {
        let line = line.trim();
        if line.is_empty() {
            return None;
        }
        match decision_of(line) {
            Ok(decision) => {
                self.decisions.insert(decision);
                None
            }
            Err(fault) => {
                self.kept.insert(line.to_owned());
                Some(fault)
            }
        }
    }

    /// Adds everything of another overlay, and returns how many decisions were new or newer.
    pub fn merge(&mut self, other: Self) -> u64 {
        self.kept.extend(other.kept);
        self.decisions.merge(other.decisions)
    }

    /// How many lines are kept without being understood.
    pub fn not_understood(&self) -> usize {
        self.kept.len()
    }

    /// The whole text: decisions by time and id, then the lines that are not understood.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (_, line) in self.rows() {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// Every line with what it is stored under.
    pub(super) fn rows(&self) -> impl Iterator<Item = (String, String)> {
        let decisions =
            self.decisions.all().into_iter().map(|decision| (decision.id.clone(), line_of(decision)));
        decisions.chain(self.kept.iter().map(|line| (format!("?{}", digest_of(line)), line.clone())))
    }

    /// Tells one overlay from another.
    pub(super) fn digest(&self) -> String {
        digest_of(&self.to_text())
    }
}

/// Makes a decision of this moment. Its id depends on all of it, so that the same decision taken twice is one.
pub fn new_decision(at: Timestamp, by: &str, ruling: Ruling) -> Decision {
    let mut decision = Decision { at, id: String::new(), by: by.to_owned(), ruling };
    let mut id = digest_of(&line_of(&decision));
    id.truncate(ID_DIGITS);
    decision.id = id;
    decision
}

fn digest_of(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

fn line_of(decision: &Decision) -> String {
    let mut line = Line {
        id: decision.id.clone(),
        at: decision.at.to_string(),
        by: decision.by.clone(),
        what: String::new(),
        hash: None,
        kind: None,
        name: None,
        image: None,
        images: None,
        version: None,
        undo: None,
    };
    match &decision.ruling {
        Ruling::Hash { hash, version } => {
            "hash".clone_into(&mut line.what);
            line.hash = Some(hash.to_string());
            line.version = Some(version.get());
        }
        Ruling::NotLink { what, version } => {
            "not_link".clone_into(&mut line.what);
            line.version = Some(version.get());
            match what {
                Refused::Image(image) => line.image = Some(image_to_json(image)),
                Refused::Hash(hash) => line.hash = Some(hash.to_string()),
                Refused::Name(kind, name) => {
                    line.kind = Some(kind.to_string());
                    line.name = Some(name.clone());
                }
            }
        }
        Ruling::NotDuplicate { one, other } => {
            "not_duplicate".clone_into(&mut line.what);
            line.images = Some([image_to_json(one), image_to_json(other)]);
        }
        Ruling::Undo { id } => {
            "undo".clone_into(&mut line.what);
            line.undo = Some(id.clone());
        }
    }
    serde_json::to_string(&line).expect("text and numbers always serialise")
}

fn decision_of(text: &str) -> Result<Decision, LineFault> {
    if text.len() > MAX_LINE_BYTES {
        return Err(LineFault::TooLong);
    }
    let line: Line = serde_json::from_str(text).map_err(|_| LineFault::NotADecision)?;
    let is_id_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if line.id.is_empty() || line.id.len() > MAX_ID_BYTES || !line.id.chars().all(is_id_char) {
        return Err(LineFault::BadField("id"));
    }
    let at = Timestamp::parse(&line.at).ok_or(LineFault::BadField("at"))?;
    let ruling = ruling_of(&line)?;
    Ok(Decision { at, id: line.id, by: line.by, ruling })
}

fn ruling_of(line: &Line) -> Result<Ruling, LineFault> {
    let hash = || line.hash.as_deref().and_then(HexHash::parse).ok_or(LineFault::BadField("hash"));
    let version = || line.version.and_then(VersionId::new).ok_or(LineFault::BadField("version"));
    match line.what.as_str() {
        "hash" => Ok(Ruling::Hash { hash: hash()?, version: version()? }),
        "not_link" => {
            let what = match (&line.image, &line.hash, &line.name) {
                (Some(image), None, None) => Refused::Image(image_of_json(image, "image")?),
                (None, Some(_), None) => Refused::Hash(hash()?),
                (None, None, Some(name)) if !name.trim().is_empty() => {
                    let kind = line.kind.as_deref().unwrap_or_default();
                    Refused::Name(ResourceKind::from_word(kind), name.trim().to_owned())
                }
                _ => return Err(LineFault::BadField("image, hash or name")),
            };
            Ok(Ruling::NotLink { what, version: version()? })
        }
        "not_duplicate" => {
            let [one, other] = line.images.as_ref().ok_or(LineFault::BadField("images"))?;
            Ok(Ruling::not_duplicate(image_of_json(one, "images")?, image_of_json(other, "images")?))
        }
        "undo" => Ok(Ruling::Undo { id: line.undo.clone().ok_or(LineFault::BadField("undo"))? }),
        _ => Err(LineFault::UnknownKind),
    }
}

/// A number, a URL or a path; a path that is not UTF-8 as `{"bytes": hexadecimal digits}`.
fn image_to_json(image: &ImageName) -> Value {
    match image {
        ImageName::Site(id) => id.get().into(),
        ImageName::Url(url) => url.as_str().into(),
        ImageName::Path(path) => match std::str::from_utf8(path) {
            Ok(text) if !is_url(text) => text.into(),
            _ => {
                let hex: String = path.iter().map(|byte| format!("{byte:02x}")).collect();
                serde_json::json!({ "bytes": hex })
            }
        },
    }
}

fn image_of_json(value: &Value, field: &'static str) -> Result<ImageName, LineFault> {
    let fault = LineFault::BadField(field);
    match value {
        Value::Number(id) => id.as_u64().and_then(ImageId::new).map(ImageName::Site).ok_or(fault),
        Value::String(text) if text.is_empty() => Err(fault),
        Value::String(url) if is_url(url) => Ok(ImageName::Url(url.clone())),
        Value::String(path) => Ok(ImageName::Path(path.clone().into_bytes())),
        Value::Object(map) => {
            let hex = map.get("bytes").and_then(Value::as_str).ok_or(fault)?;
            bytes_of_hex(hex).filter(|path| !path.is_empty()).map(ImageName::Path).ok_or(fault)
        }
        _ => Err(fault),
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn bytes_of_hex(hex: &str) -> Option<Vec<u8>> {
    let is_even = hex.len().is_multiple_of(2) && hex.is_ascii();
    let pairs = || (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok());
    is_even.then(|| pairs().collect()).flatten()
}
