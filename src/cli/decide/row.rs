//! One decision as `decide` prints it.

use serde::Serialize;
use stemmata::entity::{Decision, HexHash, Refused, Ruling, Timestamp, VersionId};
use stemmata::link::ImageRef;

use crate::cli::output::{Column, Row};

/// How a decision stands to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// It counts.
    InForce,
    /// A later decision about the same thing counts instead.
    Superseded,
    /// It was taken back.
    Undone,
    /// It takes another back.
    Undoing,
}

impl Standing {
    fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::Superseded => "superseded",
            Self::Undone => "undone",
            Self::Undoing => "undoing",
        }
    }
}

/// One decision.
#[derive(Serialize)]
pub(super) struct DecisionRow {
    r#type: &'static str,
    pub(super) id: String,
    at: Timestamp,
    by: String,
    what: &'static str,
    standing: Standing,
    hash: Option<HexHash>,
    kind: Option<&'static str>,
    name: Option<String>,
    images: Vec<ImageRef>,
    version: Option<VersionId>,
    undo: Option<String>,
}

impl DecisionRow {
    /// The row of a decision.
    pub(super) fn of(decision: &Decision, standing: Standing) -> Self {
        let mut row = Self {
            r#type: "decision",
            id: decision.id.clone(),
            at: decision.at,
            by: decision.by.clone(),
            what: "",
            standing,
            hash: None,
            kind: None,
            name: None,
            images: Vec::new(),
            version: None,
            undo: None,
        };
        match &decision.ruling {
            Ruling::Hash { hash, version } => {
                row.what = "hash";
                row.hash = Some(hash.clone());
                row.version = Some(*version);
            }
            Ruling::NotLink { what, version } => {
                row.what = "not_link";
                row.version = Some(*version);
                match what {
                    Refused::Image(image) => row.images.push(ImageRef(image.clone())),
                    Refused::Hash(hash) => row.hash = Some(hash.clone()),
                    Refused::Name(kind, name) => {
                        row.kind = Some(kind.as_str());
                        row.name = Some(name.clone());
                    }
                }
            }
            Ruling::NotDuplicate { one, other } => {
                row.what = "not_duplicate";
                row.images = vec![ImageRef(one.clone()), ImageRef(other.clone())];
            }
            Ruling::Undo { id } => {
                row.what = "undo";
                row.undo = Some(id.clone());
            }
        }
        row
    }

    /// What it says, for people.
    pub(super) fn sentence(&self) -> String {
        let version = self.version.map(|version| format!("version {version}")).unwrap_or_default();
        let hash = self.hash.as_ref().map(|hash| format!("hash {hash}"));
        let named = self.kind.zip(self.name.as_ref()).map(|(kind, name)| format!("{kind} {name}"));
        let images = || {
            let names: Vec<String> = self.images.iter().map(|image| format!("image {}", image.0)).collect();
            names.join(" and ")
        };
        match self.what {
            "hash" => format!("{} is {version}", hash.unwrap_or_default()),
            "not_link" => format!("{} is not {version}", hash.or(named).unwrap_or_else(images)),
            "not_duplicate" => format!("{} are no duplicates", images()),
            _ => format!("takes back {}", self.undo.as_deref().unwrap_or_default()),
        }
    }
}

impl Row for DecisionRow {
    const COLUMNS: &'static [Column] = &[
        Column::left("id"),
        Column::left("at"),
        Column::left("standing"),
        Column::secondary("by"),
        Column::flexible("decision"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.at.to_string(),
            self.standing.as_str().to_owned(),
            self.by.clone(),
            self.sentence(),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.id.clone()]
    }
}
