//! A group as a row.

use serde::Serialize;
use stemmata::entity::ImageName;
use stemmata::link::copies::{Evidence, Group, MatchClass, Member};

use crate::cli::args::{ClassChoice, LinkChoice};
use crate::cli::names::called;
use crate::cli::output::{Column, Row};
use stemmata_index::near::CopyClass;

#[derive(Serialize)]
pub(super) struct GroupRow {
    r#type: &'static str,
    class: MatchClass,
    members: Vec<MemberRow>,
}

#[derive(Serialize)]
struct MemberRow {
    #[serde(serialize_with = "called")]
    image: ImageName,
    media: String,
    distance: f64,
    unit: &'static str,
    class: MatchClass,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    indirect: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
}

impl From<&Group> for GroupRow {
    fn from(group: &Group) -> Self {
        let first = group.members.first().map(|member| member.media_id);
        let members = group.members.iter().map(|member| MemberRow::of(member, first)).collect();
        Self { r#type: "group", class: group.class, members }
    }
}

impl MemberRow {
    fn of(member: &Member, first: Option<stemmata::catalog::MediaId>) -> Self {
        Self {
            image: member.image.clone(),
            media: member.media.to_string(),
            distance: member.verdict.distance(),
            unit: member.verdict.unit(),
            class: member.verdict.class,
            indirect: member.is_indirect,
            evidence: (Some(member.media_id) != first).then(|| member.verdict.evidence.clone()),
        }
    }
}

impl GroupRow {
    fn names(&self) -> Vec<String> {
        self.members.iter().map(|member| member.image.to_string()).collect()
    }

    /// The largest distance, in its unit; bits where there are both.
    fn farthest(&self) -> String {
        let most = |unit: &str| {
            let distances = self.members.iter().filter(|member| member.unit == unit);
            distances.map(|member| member.distance).reduce(f64::max)
        };
        match (most("bits"), most("blurhash")) {
            (Some(bits), _) => format!("{bits:.0} bits"),
            (None, Some(distance)) => format!("{distance:.3}"),
            (None, None) => String::new(),
        }
    }
}

impl Row for GroupRow {
    const COLUMNS: &'static [Column] = &[
        Column::left("class"),
        Column::right("images"),
        Column::right("farthest"),
        Column::flexible("members, the one that stands for them first"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.class.as_str().to_owned(),
            self.members.len().to_string(),
            self.farthest(),
            self.names().join(" "),
        ]
    }

    fn handles(&self) -> Vec<String> {
        self.names()
    }
}

/// A class in the words of the library.
pub(crate) fn match_class(choice: ClassChoice) -> MatchClass {
    match choice {
        ClassChoice::SameBytes => MatchClass::SameBytes,
        ClassChoice::SamePixels => MatchClass::SamePixels,
        ClassChoice::ReEncode => MatchClass::ReEncode,
        ClassChoice::Edited => MatchClass::Edited,
        ClassChoice::Upscaled => MatchClass::Upscaled,
        ClassChoice::Candidate => MatchClass::Candidate,
        ClassChoice::LookAlike => MatchClass::LookAlike,
        ClassChoice::SameSettings => MatchClass::SameSettings,
        ClassChoice::OtherModel => MatchClass::OtherModel,
    }
}

/// The weakest link of groups in the words of the library.
pub(super) fn link_class(choice: LinkChoice) -> CopyClass {
    match choice {
        LinkChoice::SameBytes => CopyClass::SameBytes,
        LinkChoice::SamePixels => CopyClass::SamePixels,
        LinkChoice::ReEncode => CopyClass::ReEncode,
        LinkChoice::Edited => CopyClass::Edited,
        LinkChoice::Candidate => CopyClass::Candidate,
    }
}
