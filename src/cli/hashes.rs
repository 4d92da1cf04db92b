//! `hashes report`: which hashes are ambiguous, shared or mixed up.

use std::collections::BTreeMap;

use serde::Serialize;
use stemmata::catalog::Catalog;
use stemmata::entity::VersionId;
use stemmata::link::disputes::{self, DisputedFile, Finding, FindingKind};

use super::args::{FindingChoice, HashesArgs, HashesReportArgs, HashesWhat};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::output::{Column, Row, SCHEMA, Supported};
use super::session::Session;
use super::summary::{counted, grouped};

/// Versions told in a table.
const VERSIONS_TOLD: usize = 4;

/// Prints the report.
pub(crate) fn run(arguments: &HashesArgs, session: &Session) -> Outcome {
    let HashesWhat::Report(arguments) = &arguments.what;
    report(arguments, session)
}

fn report(arguments: &HashesReportArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let catalog = session.catalog()?;
    let mut findings = disputes::disputes(&catalog)?;
    let only: Vec<FindingKind> = arguments.only.iter().copied().map(kind).collect();
    findings.retain(|finding| only.is_empty() || only.contains(&finding.kind));
    let total = findings.len() as u64;
    let mut by_kind = BTreeMap::new();
    for finding in &findings {
        *by_kind.entry(finding.kind.as_str()).or_insert(0) += 1;
    }
    if arguments.limit > 0 {
        findings.truncate(arguments.limit as usize);
    }
    let mut rows = sink.rows::<FindingRow>("findings");
    for finding in &findings {
        rows.push(&FindingRow::of(&catalog, finding)?)?;
    }
    let shown = findings.len() as u64;
    let summary = Summary { r#type: "summary", schema: SCHEMA, shown, findings: total, by_kind };
    rows.finish(&summary)?;
    let left_out = if shown < total { format!("; {} shown", grouped(shown)) } else { String::new() };
    let kinds: Vec<String> =
        summary.by_kind.iter().map(|(kind, count)| format!("{kind} {}", grouped(*count))).collect();
    session.talk.note(&format!("{}{left_out}; {}", counted(total, "findings"), kinds.join(", ")));
    Ok(Exit::Done)
}

fn kind(choice: FindingChoice) -> FindingKind {
    match choice {
        FindingChoice::Swap => FindingKind::Swap,
        FindingChoice::Collision => FindingKind::Collision,
        FindingChoice::Reuploaded => FindingKind::Reuploaded,
        FindingChoice::Republished => FindingKind::Republished,
        FindingChoice::SharedFile => FindingKind::SharedFile,
        FindingChoice::SameTensors => FindingKind::SameTensors,
        FindingChoice::ManyHashes => FindingKind::ManyHashes,
        FindingChoice::Junk => FindingKind::Junk,
    }
}

#[derive(Serialize)]
struct Summary {
    r#type: &'static str,
    schema: u32,
    /// Rows printed.
    shown: u64,
    /// Rows without the limit.
    findings: u64,
    /// These by what they are.
    by_kind: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct FindingRow {
    r#type: &'static str,
    finding: FindingKind,
    images: u64,
    hashes: Vec<HashRow>,
    files: Vec<FileRow>,
    file_count: u64,
    junk: Option<&'static str>,
}

#[derive(Serialize)]
struct HashRow {
    kind: &'static str,
    hash: String,
}

#[derive(Serialize)]
struct FileRow {
    version: VersionId,
    version_name: Option<String>,
    model_name: Option<String>,
    file: Option<String>,
    kind: Option<String>,
    former: bool,
}

impl FindingRow {
    fn of(catalog: &Catalog, finding: &Finding) -> Result<Self, Failure> {
        let hashes = finding.hashes.iter();
        Ok(Self {
            r#type: "finding",
            finding: finding.kind,
            images: finding.images,
            hashes: hashes.map(|(kind, hash)| HashRow { kind: kind.name(), hash: hash.clone() }).collect(),
            files: finding.files.iter().map(|file| FileRow::of(catalog, file)).collect::<Result<_, _>>()?,
            file_count: finding.file_count,
            junk: finding.junk.map(|reason| reason.as_str()),
        })
    }

    fn versions(&self) -> String {
        let mut told: Vec<String> = Vec::new();
        for file in &self.files {
            let title = [file.model_name.as_deref(), file.version_name.as_deref()];
            let title: Vec<&str> = title.into_iter().flatten().collect();
            let former = if file.former { ", formerly" } else { "" };
            let text = format!("{} ({}{former})", file.version, title.join(" "));
            if !told.contains(&text) {
                told.push(text);
            }
        }
        let more = told.len().saturating_sub(VERSIONS_TOLD);
        told.truncate(VERSIONS_TOLD);
        if more > 0 {
            told.push(format!("{more} more"));
        }
        match self.junk {
            Some(reason) => format!("{reason}, {}", counted(self.file_count, "files")),
            None => told.join(", "),
        }
    }
}

impl FileRow {
    fn of(catalog: &Catalog, file: &DisputedFile) -> Result<Self, Failure> {
        let title = catalog.version_title(file.version)?;
        let (version_name, model_name) =
            title.map(|title| (title.name, title.model_name)).unwrap_or_default();
        Ok(Self {
            version: file.version,
            version_name,
            model_name,
            file: file.name.clone(),
            kind: file.kind.clone(),
            former: file.former,
        })
    }
}

impl Row for FindingRow {
    const COLUMNS: &'static [Column] = &[
        Column::right("images"),
        Column::left("finding"),
        Column::left("kind"),
        Column::flexible("hash"),
        Column::right("files"),
        Column::flexible("versions"),
    ];

    fn cells(&self) -> Vec<String> {
        let hashes: Vec<&str> = self.hashes.iter().map(|hash| hash.hash.as_str()).collect();
        vec![
            self.images.to_string(),
            self.finding.as_str().to_owned(),
            self.hashes.first().map_or("", |hash| hash.kind).to_owned(),
            hashes.join(" "),
            self.file_count.to_string(),
            self.versions(),
        ]
    }

    fn handles(&self) -> Vec<String> {
        self.hashes.iter().map(|hash| hash.hash.clone()).collect()
    }
}
