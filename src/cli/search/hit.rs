//! One hit: its record for scripts, its row for people.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use stemmata::catalog::LinkedName;
use stemmata::entity::{ImageName, PostId, Timestamp};
use stemmata::search::FoundImage;

use super::super::names::Called;
use super::super::output::{Column, Row, base64};
use super::fields::{self, Field};

/// A hit as it is printed.
#[derive(Serialize)]
pub(crate) struct HitRow<'a> {
    r#type: &'static str,
    image: Called<'a>,
    path: Option<PathRecord<'a>>,
    missing: bool,
    score: Option<f32>,
    prompt: Option<&'a str>,
    negative_prompt: Option<&'a str>,
    model: Option<&'a str>,
    checkpoint: Option<&'a LinkedName>,
    base_model: Option<&'a str>,
    sampler: Option<&'a str>,
    scheduler: Option<&'a str>,
    steps: Option<u32>,
    cfg: Option<f64>,
    seed: Option<i128>,
    media: String,
    url: Option<&'a str>,
    width: Option<u32>,
    height: Option<u32>,
    username: Option<&'a str>,
    post: Option<PostId>,
    created_at: Option<Timestamp>,
    #[serde(skip)]
    hit: &'a FoundImage,
    #[serde(skip)]
    view: &'a View,
}

/// Which fields of a hit a table shows, and to whom.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) fields: Vec<&'static Field>,
    /// Whether people read it: then a name says also that its file is missing.
    pub(crate) for_people: bool,
}

impl View {
    /// The columns of these fields.
    pub(crate) fn columns(&self) -> Vec<Column> {
        self.fields.iter().map(|field| field.column).collect()
    }
}

/// A path: `{"text": ...}`, or `{"bytes": base64}` where it is not UTF-8.
pub(crate) struct PathRecord<'a>(&'a [u8]);

impl Serialize for PathRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match std::str::from_utf8(self.0) {
            Ok(text) => map.serialize_entry("text", text)?,
            Err(_) => map.serialize_entry("bytes", &base64::encode(self.0))?,
        }
        map.end()
    }
}

impl<'a> HitRow<'a> {
    pub(crate) fn new(hit: &'a FoundImage, view: &'a View) -> Self {
        let row = &hit.image.row;
        let generation = &row.generation_data;
        let path = match &hit.image.name {
            ImageName::Path(bytes) => Some(PathRecord(bytes)),
            ImageName::Site(_) | ImageName::Url(_) => None,
        };
        Self {
            r#type: "hit",
            image: Called(&hit.image.name),
            path,
            missing: hit.missing,
            score: hit.score,
            prompt: generation.prompt.as_deref(),
            negative_prompt: generation.negative_prompt.as_deref(),
            model: generation.model.as_deref(),
            checkpoint: hit.checkpoint.as_ref(),
            base_model: row.base_model.as_deref(),
            sampler: generation.sampler.as_deref(),
            scheduler: generation.scheduler.as_deref(),
            steps: generation.steps,
            cfg: generation.cfg,
            seed: generation.seed,
            media: hit.image.media.to_string(),
            url: row.url.as_deref(),
            width: hit.image.width,
            height: hit.image.height,
            username: row.username.as_deref(),
            post: row.post,
            created_at: row.created_at,
            hit,
            view,
        }
    }
}

/// The name of a hit as bytes: a path as the platform has it.
pub(crate) fn name_bytes(hit: &FoundImage) -> Vec<u8> {
    match &hit.image.name {
        ImageName::Path(bytes) => bytes.clone(),
        name => name.to_string().into_bytes(),
    }
}

impl Row for HitRow<'_> {
    /// Not used: the view says which columns there are.
    const COLUMNS: &'static [Column] = &[];

    fn cells(&self) -> Vec<String> {
        let cell = |field: &&Field| {
            let text = field.text(self.hit);
            if self.view.for_people && self.missing && field.name == "image" {
                return format!("{text} (missing)");
            }
            text
        };
        self.view.fields.iter().map(cell).collect()
    }

    fn handles(&self) -> Vec<String> {
        vec![self.image.0.to_string()]
    }
}

/// The fields of the usual table: fewer of them where it is too narrow for all.
pub(crate) fn usual(room: Option<usize>) -> Vec<&'static Field> {
    let shown = match room {
        Some(..60) => 3,
        Some(60..80) => 5,
        _ => fields::USUAL.len(),
    };
    fields::USUAL.iter().take(shown).filter_map(|name| fields::find(name)).collect()
}
