//! `export`: everything the catalog holds of one kind, in the order of its ids.

use serde::Serialize;
use stemmata::catalog::{Catalog, ModelRecord, NamedImage, VersionRecord};
use stemmata::entity::{GenerationData, ImageName, PostId, Timestamp};

use super::args::{ExportArgs, ExportWhat};
use super::exit::Exit;
use super::export_links;

use super::failure::{Failure, Outcome};
use super::names::{self, called};
use super::output::{Column, Row, Rows, SCHEMA, Supported};
use super::session::Session;

/// Prints one kind.
pub(crate) fn run(arguments: &ExportArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Export)?;
    let catalog = session.catalog()?;
    match arguments.what {
        ExportWhat::Images => images(&catalog, sink.rows("images"))?,
        ExportWhat::Models => models(&catalog, sink.rows("models"))?,
        ExportWhat::Versions => versions(&catalog, sink.rows("versions"))?,
        ExportWhat::Links => export_links::links(&catalog, sink.rows("links"))?,
    }
    Ok(Exit::Done)
}

fn images(catalog: &Catalog, mut rows: Rows<ExportedImage>) -> Result<(), Failure> {
    catalog.for_each_named_image(|image| rows.push(&ExportedImage::from(image)))?;
    rows.finish_without_summary()
}

fn models(catalog: &Catalog, mut rows: Rows<ModelRecord>) -> Result<(), Failure> {
    catalog.for_each_model_record(|model| rows.push(&model))?;
    rows.finish_without_summary()
}

fn versions(catalog: &Catalog, mut rows: Rows<VersionRecord>) -> Result<(), Failure> {
    catalog.for_each_version_record(|version| rows.push(&version))?;
    rows.finish_without_summary()
}

#[derive(Serialize)]
struct ExportedImage {
    schema: u32,
    #[serde(serialize_with = "called")]
    image: ImageName,
    media: String,
    source: &'static str,
    url: Option<String>,
    path: Option<String>,
    path_bytes: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    created_at: Option<Timestamp>,
    username: Option<String>,
    post: Option<PostId>,
    base_model: Option<String>,
    blurhash: Option<String>,
    generation: GenerationData,
}

impl From<NamedImage> for ExportedImage {
    fn from(image: NamedImage) -> Self {
        let (path, path_bytes) = names::path(&image.name);
        Self {
            schema: SCHEMA,
            media: image.media.to_string(),
            source: image.name.source(),
            url: image.row.url,
            path,
            path_bytes,
            width: image.width,
            height: image.height,
            created_at: image.row.created_at,
            username: image.row.username,
            post: image.row.post,
            base_model: image.row.base_model,
            blurhash: image.blurhash,
            generation: image.row.generation_data,
            image: image.name,
        }
    }
}

fn text<T: ToString>(value: Option<&T>) -> String {
    value.map(T::to_string).unwrap_or_default()
}

impl Row for ExportedImage {
    const COLUMNS: &'static [Column] = &[
        Column::right("image"),
        Column::left("source"),
        Column::right("width"),
        Column::right("height"),
        Column::left("created_at"),
        Column::flexible("username"),
        Column::left("sampler"),
        Column::right("steps"),
        Column::right("cfg"),
        Column::right("seed"),
        Column::flexible("model"),
        Column::flexible("prompt"),
        Column::flexible("negative_prompt"),
    ];

    fn cells(&self) -> Vec<String> {
        let generation = &self.generation;
        vec![
            self.image.to_string(),
            self.source.to_owned(),
            text(self.width.as_ref()),
            text(self.height.as_ref()),
            text(self.created_at.as_ref()),
            text(self.username.as_ref()),
            text(generation.sampler.as_ref()),
            text(generation.steps.as_ref()),
            text(generation.cfg.as_ref()),
            text(generation.seed.as_ref()),
            text(generation.model.as_ref()),
            text(generation.prompt.as_ref()),
            text(generation.negative_prompt.as_ref()),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.image.to_string()]
    }
}

impl Row for ModelRecord {
    const COLUMNS: &'static [Column] = &[
        Column::right("id"),
        Column::flexible("name"),
        Column::left("type"),
        Column::flexible("creator"),
        Column::right("downloads"),
        Column::right("thumbs_up"),
        Column::flexible("tags"),
        Column::flexible("versions"),
    ];

    fn cells(&self) -> Vec<String> {
        let versions: Vec<String> = self.versions.iter().map(ToString::to_string).collect();
        vec![
            self.id.to_string(),
            text(self.name.as_ref()),
            text(self.r#type.as_ref()),
            text(self.creator.as_ref()),
            text(self.downloads.as_ref()),
            text(self.thumbs_up.as_ref()),
            self.tags.join(" "),
            versions.join(" "),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.id.to_string()]
    }
}

impl Row for VersionRecord {
    const COLUMNS: &'static [Column] = &[
        Column::right("id"),
        Column::flexible("name"),
        Column::right("model"),
        Column::flexible("model_name"),
        Column::left("model_type"),
        Column::left("base_model"),
        Column::left("state"),
        Column::left("published_at"),
        Column::flexible("sha256"),
    ];

    fn cells(&self) -> Vec<String> {
        let main_file = self.files.iter().find(|file| file.primary).or_else(|| self.files.first());
        let sha256 = main_file.and_then(|file| file.hashes.get("SHA256"));
        vec![
            self.id.to_string(),
            text(self.name.as_ref()),
            text(self.model.as_ref()),
            text(self.model_name.as_ref()),
            text(self.model_type.as_ref()),
            text(self.base_model.as_ref()),
            self.state.clone(),
            text(self.published_at.as_ref()),
            text(sha256),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.id.to_string()]
    }
}
