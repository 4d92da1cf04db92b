//! `local`: files of this machine joined with what the site published.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;

use serde::Serialize;
use stemmata::catalog::{Catalog, LocalUses, Removal, VersionTitle};
use stemmata::crawl::hash_model_file;
use stemmata::entity::{
    Confidence, EvidenceClass, FileHash, HexHash, ImageName, ModelId, Timestamp, VersionId,
};
use stemmata::link::here::{self, ImageOf, ModelOf, UseHere};
use stemmata::link::{Trace, TraceResource};
use stemmata::parse::model_file::{self, ModelFormat};

use super::args::{LocalArgs, LocalWhat};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::names::{self, called};
use super::output::{Column, Row, SCHEMA, Supported};
use super::session::Session;
use super::summary::counted;
use super::trace;

/// Answers one of the three questions.
pub(crate) fn run(arguments: &LocalArgs, session: &Session) -> Outcome {
    match &arguments.what {
        LocalWhat::Uses(flags) => {
            uses(if flags.removed { LocalUses::Removed } else { LocalUses::All }, session)
        }
        LocalWhat::Images(flags) => images(&flags.file, flags.limit, session),
        LocalWhat::Models(flags) => models(&flags.target, session),
    }
}

fn uses(which: LocalUses, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let catalog = session.catalog()?;
    let found = here::uses(&catalog, which)?;
    let mut rows = sink.rows::<UseRow>("uses");
    let (mut images, mut last) = (0_u64, None);
    for one in &found {
        images += u64::from(last != Some(one.used.image));
        last = Some(one.used.image);
        rows.push(&UseRow::of(&catalog, one)?)?;
    }
    let versions: std::collections::BTreeSet<VersionId> =
        found.iter().map(|one| one.used.link.version).collect();
    let versions = versions.len() as u64;
    rows.finish(&UseSummary {
        r#type: "summary",
        schema: SCHEMA,
        uses: found.len() as u64,
        images,
        versions,
    })?;
    let removed = if which == LocalUses::Removed { " that the site has removed" } else { "" };
    let (images, versions) = (counted(images, "pictures"), counted(versions, "versions"));
    session.talk.note(&format!("{images} here, made with {versions}{removed}"));
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct UseSummary {
    r#type: &'static str,
    schema: u32,
    uses: u64,
    images: u64,
    versions: u64,
}

/// One picture and one version.
#[derive(Serialize)]
struct UseRow {
    r#type: &'static str,
    #[serde(serialize_with = "called")]
    image: ImageName,
    /// In hexadecimal, where they are not UTF-8.
    path_bytes: Option<String>,
    file_state: &'static str,
    kind: &'static str,
    name: Option<String>,
    hash: Option<HexHash>,
    version: VersionId,
    model: Option<ModelId>,
    version_name: Option<String>,
    model_name: Option<String>,
    evidence: &'static str,
    confidence: Confidence,
    /// How the version was removed; null for one that the site still offers.
    removed: Option<&'static str>,
    noticed_at: Option<Timestamp>,
    /// The newest version of the same model that the site still offers.
    replaced_by: Option<VersionId>,
    /// Model files of this machine that hold the version.
    kept_here: Vec<String>,
}

impl UseRow {
    fn of(catalog: &Catalog, one: &UseHere) -> Result<Self, Failure> {
        let title = catalog.version_title(one.used.link.version)?;
        let mut kept_here = Vec::new();
        for hash in catalog.whole_hashes_of(one.used.link.version)? {
            let models = catalog.local_models_with_hash(&hash)?;
            kept_here.extend(models.into_iter().map(|model| ImageName::Path(model.path).to_string()));
        }
        kept_here.sort();
        kept_here.dedup();
        let used = &one.used;
        Ok(Self {
            r#type: "use",
            image: used.name.clone(),
            path_bytes: names::path(&used.name).1,
            file_state: used.file_state,
            kind: used.resource.resource.kind.as_str(),
            name: used.resource.resource.name.clone(),
            hash: used.resource.resource.hash.clone(),
            version: used.link.version,
            model: title.as_ref().and_then(|title| title.model),
            version_name: title.as_ref().and_then(|title| title.name.clone()),
            model_name: title.and_then(|title| title.model_name),
            evidence: used.link.evidence.as_str(),
            confidence: one.confidence,
            removed: one.removal.map(|Removal { what, .. }| what.as_str()),
            noticed_at: one.removal.and_then(|removal| removal.noticed_at),
            replaced_by: one.replaced_by,
            kept_here,
        })
    }
}

impl Row for UseRow {
    const COLUMNS: &'static [Column] = &[
        Column::flexible("image"),
        Column::right("version"),
        Column::flexible("title"),
        Column::left("removed"),
        Column::left("noticed_at"),
        Column::right("replaced_by"),
        Column::left("evidence"),
        Column::right("confidence"),
        Column::secondary("kept_here"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.image.to_string(),
            self.version.to_string(),
            title(self.model_name.as_deref(), self.version_name.as_deref()),
            self.removed.unwrap_or_default().to_owned(),
            self.noticed_at.map(|at| at.to_string()).unwrap_or_default(),
            self.replaced_by.map(|version| version.to_string()).unwrap_or_default(),
            self.evidence.to_owned(),
            self.confidence.as_f64().to_string(),
            self.kept_here.first().cloned().unwrap_or_default(),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.image.to_string()]
    }
}

fn title(model: Option<&str>, version: Option<&str>) -> String {
    [model, version].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn images(file: &Path, limit: u64, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let catalog = session.catalog()?;
    let hashes = hashes_of(file, &catalog, session)?;
    let found = here::images_of(&catalog, &hashes)?;
    let total = found.len() as u64;
    let shown = if limit == 0 { total } else { limit.min(total) };
    let mut rows = sink.rows::<ImageRow>("images");
    for one in found.iter().take(usize::try_from(shown).unwrap_or(usize::MAX)) {
        rows.push(&ImageRow::of(&catalog, one)?)?;
    }
    let sha256 = hashes.first().map(|hash| hash.value.clone());
    let file = file.to_string_lossy().into_owned();
    rows.finish(&ImageSummary { r#type: "summary", schema: SCHEMA, file: &file, sha256, total, shown })?;
    let left_out = if shown < total { format!("; {shown} shown") } else { String::new() };
    session.talk.note(&format!("{} made with {file}{left_out}", counted(total, "images")));
    Ok(Exit::Done)
}

/// The hashes of a model file: those of the scan where they hold, else computed now.
fn hashes_of(file: &Path, catalog: &Catalog, session: &Session) -> Result<Vec<FileHash>, Failure> {
    let name = file.to_string_lossy();
    let absolute =
        file.canonicalize().or_else(|_| std::path::absolute(file)).unwrap_or_else(|_| file.to_owned());
    let known = catalog.local_model_at(absolute.as_os_str().as_encoded_bytes())?;
    let size = std::fs::metadata(file).ok().map(|facts| facts.len());
    let known = known.filter(|known| size.is_none_or(|size| size == known.size_bytes));
    if let Some(known) = known.filter(|known| !known.facts.hashes.is_empty()) {
        return Ok(known.facts.hashes);
    }
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::new(Exit::NotFound, "local.no_file", format!("there is no file {name}"))
                .hint("give a model file of this machine, such as detail.safetensors")
        }
        _ => Failure::file(format!("reading {name}"), &error),
    };
    let mut opened = BufReader::new(File::open(file).map_err(failed)?);
    let header = model_file::read(&mut opened).map_err(failed)?;
    let start = header.filter(|header| header.format == ModelFormat::Safetensors);
    let start = start.and_then(|header| header.data_start);
    opened.seek(SeekFrom::Start(0)).map_err(failed)?;
    let hashes = hash_model_file(opened.get_mut(), start, &session.reading()).map_err(failed)?;
    Ok(hashes.map(|hashes| hashes.as_file_hashes()).unwrap_or_default())
}

#[derive(Serialize)]
struct ImageSummary<'a> {
    r#type: &'static str,
    schema: u32,
    file: &'a str,
    sha256: Option<HexHash>,
    total: u64,
    shown: u64,
}

/// One image that was made with the file.
#[derive(Serialize)]
struct ImageRow {
    r#type: &'static str,
    #[serde(serialize_with = "called")]
    image: ImageName,
    /// In hexadecimal, where they are not UTF-8.
    path_bytes: Option<String>,
    source: &'static str,
    kind: &'static str,
    name: Option<String>,
    hash: Option<HexHash>,
    weight: Option<f64>,
    evidence: &'static str,
    class: EvidenceClass,
    confidence: Confidence,
    version: Option<VersionId>,
}

impl ImageRow {
    fn of(catalog: &Catalog, one: &ImageOf) -> Result<Self, Failure> {
        let key = one.naming.image;
        let image = catalog.image_name(key)?.unwrap_or_else(|| ImageName::Url(key.get().to_string()));
        Ok(Self {
            r#type: "image",
            path_bytes: names::path(&image).1,
            source: image.source(),
            image,
            kind: one.resource.kind.as_str(),
            name: one.resource.name.clone(),
            hash: one.resource.hash.clone(),
            weight: one.naming.weight,
            evidence: one.evidence.as_str(),
            class: one.class,
            confidence: one.confidence,
            version: one.version,
        })
    }
}

impl Row for ImageRow {
    const COLUMNS: &'static [Column] = &[
        Column::flexible("image"),
        Column::left("source"),
        Column::left("evidence"),
        Column::right("confidence"),
        Column::right("weight"),
        Column::right("version"),
        Column::flexible("name"),
        Column::secondary("hash"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.image.to_string(),
            self.source.to_owned(),
            self.evidence.to_owned(),
            self.confidence.as_f64().to_string(),
            self.weight.map(|weight| weight.to_string()).unwrap_or_default(),
            self.version.map(|version| version.to_string()).unwrap_or_default(),
            self.name.clone().unwrap_or_default(),
            self.hash.as_ref().map(ToString::to_string).unwrap_or_default(),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.image.to_string()]
    }
}

fn models(target: &OsStr, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let catalog = session.catalog()?;
    let traced = trace::one(target, &catalog, session)?;
    let found = here::models_of(&catalog, &traced)?;
    let mut rows = sink.rows::<ModelRow>("models");
    for one in &found {
        rows.push(&ModelRow::of(&catalog, &traced, one)?)?;
    }
    let total = found.len() as u64;
    rows.finish(&ModelSummary { r#type: "summary", schema: SCHEMA, target: &traced.target, total })?;
    session.talk.note(&format!("{} here, of {} named", counted(total, "model files"), traced.verdicts.len()));
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct ModelSummary<'a> {
    r#type: &'static str,
    schema: u32,
    target: &'a str,
    total: u64,
}

/// One model file that made the image.
#[derive(Serialize)]
struct ModelRow {
    r#type: &'static str,
    path: Option<String>,
    /// In hexadecimal, where they are not UTF-8.
    path_bytes: Option<String>,
    state: &'static str,
    kind: &'static str,
    name: Option<String>,
    hash: Option<HexHash>,
    weight: Option<f64>,
    evidence: &'static str,
    version: Option<VersionId>,
    title: Option<String>,
}

impl ModelRow {
    fn of(catalog: &Catalog, traced: &Trace, one: &ModelOf) -> Result<Self, Failure> {
        let (path, path_bytes) = names::path(&ImageName::Path(one.path.clone()));
        let resource: Option<&TraceResource> = traced.resources.get(one.resource);
        let found = one.version.map(|version| catalog.version_title(version)).transpose()?.flatten();
        let words = |found: VersionTitle| title(found.model_name.as_deref(), found.name.as_deref());
        Ok(Self {
            r#type: "model",
            path,
            path_bytes,
            state: one.state,
            kind: resource.map_or("unknown", |resource| resource.kind.as_str()),
            name: resource.and_then(|resource| resource.name.clone()),
            hash: resource.and_then(|resource| resource.hash.clone()),
            weight: resource.and_then(|resource| resource.weight),
            evidence: one.evidence.as_str(),
            version: one.version,
            title: found.map(words),
        })
    }
}

impl Row for ModelRow {
    const COLUMNS: &'static [Column] = &[
        Column::flexible("path"),
        Column::left("state"),
        Column::left("kind"),
        Column::left("evidence"),
        Column::right("version"),
        Column::flexible("name"),
        Column::secondary("hash"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.path.clone().unwrap_or_default(),
            self.state.to_owned(),
            self.kind.to_owned(),
            self.evidence.to_owned(),
            self.version.map(|version| version.to_string()).unwrap_or_default(),
            self.name.clone().unwrap_or_default(),
            self.hash.as_ref().map(ToString::to_string).unwrap_or_default(),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.path.clone().unwrap_or_default()]
    }
}
