//! `show` for a model file: what its header says, its hashes, what was published with them, what it descends from.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Serialize;
use stemmata::catalog::Catalog;
use stemmata::crawl::scan;
use stemmata::entity::{AncestryEdge, HashKind, HexHash, ImageName, ResourceKind, VersionId};
use stemmata::parse::model_file::{self, ModelFormat};

use crate::cli::escape::one_line;
use crate::cli::failure::Failure;
use crate::cli::names;
use crate::cli::output::SCHEMA;
use crate::cli::summary::grouped;
use crate::cli::terminal::Terminal;

/// What is to be known of a file with the name of a model and the bytes of none.
const NO_HEADER: &str = "no_header: its first bytes begin no model file that is known here; \
    an unfinished download looks like this";

/// Values of the header that people see without `--raw`, in characters.
const SHOWN_CHARACTERS: usize = 60;

/// A model file, in the shape of the machine contract.
#[derive(Serialize)]
pub(super) struct ShownModel {
    schema: u32,
    target: String,
    kind: &'static str,
    path: Option<String>,
    /// In hexadecimal, where they are not UTF-8.
    path_bytes: Option<String>,
    size_bytes: u64,
    /// `present`, `missing`, `failed`, or `unknown` for a file that was not scanned.
    state: &'static str,
    format: Option<String>,
    /// What it is for, as resources name it.
    r#use: &'static str,
    architecture: Option<String>,
    title: Option<String>,
    author: Option<String>,
    tensors: u64,
    /// `unclaimed`, `consistent`, `stale`; null while the file is not hashed.
    header_truth: Option<String>,
    hashes: BTreeMap<&'static str, HexHash>,
    versions: Vec<Published>,
    ancestry: Vec<Parent>,
    header: BTreeMap<String, String>,
    warnings: Vec<String>,
}

/// A version that was published with such a file.
#[derive(Serialize)]
struct Published {
    version: VersionId,
    name: Option<String>,
    model_name: Option<String>,
}

/// What it descends from, and who that is as far as it is known here.
#[derive(Serialize)]
struct Parent {
    descent: &'static str,
    evidence: &'static str,
    hash: Option<HexHash>,
    name: Option<String>,
    role: Option<String>,
    method: Option<String>,
    /// The ancestor that descends so; null for the file itself.
    of: Option<HexHash>,
    key: String,
    versions: Vec<Published>,
    files: Vec<String>,
}

/// The model file that a path names: as the catalog knows it, else read on the spot; `None` where it is none.
///
/// # Errors
///
/// When the file or the catalog cannot be read.
pub(super) fn find(
    path: &Path,
    target: &str,
    catalog: Option<&Catalog>,
) -> Result<Option<ShownModel>, Failure> {
    let absolute = super::subject::absolute(path);
    let bytes = absolute.as_os_str().as_encoded_bytes();
    let known = catalog.map(|catalog| catalog.local_model_at(bytes)).transpose()?.flatten();
    let now = std::fs::metadata(&absolute).ok().map(|facts| facts.len());
    let known = known.filter(|known| now.is_none_or(|size| size == known.size_bytes));
    let (facts, size_bytes, state, warnings) = match known {
        Some(known) => {
            let no_header = known.facts.format.is_none().then(|| NO_HEADER.to_owned());
            (known.facts, known.size_bytes, known.state.as_str(), Vec::from_iter(no_header))
        }
        None => {
            let Ok(file) = File::open(&absolute) else { return Ok(None) };
            let read = model_file::read(&mut BufReader::new(file))
                .map_err(|error| Failure::file(format!("reading {target}"), &error))?;
            let Some(header) = read else { return Ok(None) };
            // Any zip archive begins like one of a pickle; as for a scan, the name tells.
            if header.format == ModelFormat::Pickle && !scan::is_model(bytes) {
                return Ok(None);
            }
            let warnings = header.warnings.iter().map(|warning| format!("{}: {warning}", warning.code));
            let (size_bytes, warnings) = (header.size_bytes, warnings.collect());
            (scan::model_facts(header), size_bytes, "unknown", warnings)
        }
    };
    let name = ImageName::Path(bytes.to_vec());
    let (path, path_bytes) = names::path(&name);
    let is_hashed = !facts.hashes.is_empty();
    let mut shown = ShownModel {
        schema: SCHEMA,
        target: target.to_owned(),
        kind: "model_file",
        path,
        path_bytes,
        size_bytes,
        state,
        format: facts.format,
        r#use: facts.kind.unwrap_or(ResourceKind::Unknown).as_str(),
        architecture: facts.architecture,
        title: facts.title,
        author: facts.author,
        tensors: facts.tensors,
        header_truth: facts.truth,
        hashes: facts.hashes.into_iter().map(|hash| (hash.kind.name(), hash.value)).collect(),
        versions: Vec::new(),
        ancestry: Vec::new(),
        header: facts.header,
        warnings,
    };
    if let (Some(catalog), Some(sha256)) = (catalog, shown.hashes.get(HashKind::Sha256.name())) {
        shown.versions = published(catalog, sha256)?;
    }
    for edge in facts.ancestry {
        shown.ancestry.push(parent(edge, catalog)?);
    }
    if !is_hashed {
        shown
            .warnings
            .push("its weights were not hashed; `stemmata scan --hash-models` does that".to_owned());
    }
    Ok(Some(shown))
}

fn published(catalog: &Catalog, hash: &HexHash) -> Result<Vec<Published>, Failure> {
    let mut found = Vec::new();
    for version in catalog.versions_with_hash(hash)? {
        let title = catalog.version_title(version)?;
        let (name, model_name) = title.map_or((None, None), |title| (title.name, title.model_name));
        found.push(Published { version, name, model_name });
    }
    Ok(found)
}

fn parent(edge: AncestryEdge, catalog: Option<&Catalog>) -> Result<Parent, Failure> {
    let (mut versions, mut files) = (Vec::new(), Vec::new());
    if let (Some(catalog), Some(hash)) = (catalog, &edge.hash) {
        versions = published(catalog, hash)?;
        let local = catalog.local_models_with_hash(hash)?;
        files = local.into_iter().map(|model| ImageName::Path(model.path).to_string()).collect();
    }
    Ok(Parent {
        descent: edge.descent.as_str(),
        evidence: edge.evidence.as_str(),
        hash: edge.hash,
        name: edge.name,
        role: edge.role,
        method: edge.method,
        of: edge.of,
        key: edge.key,
        versions,
        files,
    })
}

impl ShownModel {
    /// The answer for people; `raw` shows the whole header.
    pub(super) fn text(&self, raw: bool, terminal: Terminal) -> String {
        let title = format!("model file {}", one_line(&self.target));
        let mut text = format!("{}\n", terminal.paint.bold(&title));
        let facts = [
            ("title", self.title.clone()),
            ("author", self.author.clone()),
            ("use", (self.r#use != "unknown").then(|| self.r#use.to_owned())),
            ("base", self.architecture.clone()),
            ("format", self.format.clone()),
            ("bytes", Some(grouped(self.size_bytes))),
            ("tensors", (self.tensors > 0).then(|| grouped(self.tensors))),
            ("state", (self.state != "present").then(|| self.state.replace("unknown", "not scanned"))),
            ("header", self.header_truth.as_deref().and_then(truth).map(str::to_owned)),
        ];
        for (name, value) in facts {
            if let Some(value) = value {
                writeln!(text, "  {name:<12} {}", one_line(&value)).expect("writing to a string cannot fail");
            }
        }
        self.push_hashes(&mut text, terminal);
        self.push_ancestry(&mut text, terminal);
        self.push_header(&mut text, raw, terminal);
        if !self.warnings.is_empty() {
            text.push_str(&format!("{}\n", terminal.paint.bold("to be known")));
            for warning in &self.warnings {
                text.push_str(&format!("  {}\n", one_line(warning)));
            }
        }
        text
    }

    fn push_hashes(&self, text: &mut String, terminal: Terminal) {
        if self.hashes.is_empty() {
            return;
        }
        text.push_str(&format!("{}\n", terminal.paint.bold("hashes")));
        for (kind, hash) in &self.hashes {
            writeln!(text, "  {kind:<12} {hash}").expect("writing to a string cannot fail");
        }
        text.push_str(&format!("{}\n", terminal.paint.bold("published as")));
        for version in &self.versions {
            writeln!(text, "  {}", version.words()).expect("writing to a string cannot fail");
        }
        if self.versions.is_empty() {
            text.push_str("  no version that is known here; `stemmata resolve` asks the site\n");
        }
    }

    fn push_ancestry(&self, text: &mut String, terminal: Terminal) {
        if self.ancestry.is_empty() {
            return;
        }
        text.push_str(&format!("{}\n", terminal.paint.bold("descends from")));
        for parent in &self.ancestry {
            writeln!(text, "  {}", parent.words()).expect("writing to a string cannot fail");
            for version in &parent.versions {
                writeln!(text, "    = {}", version.words()).expect("writing to a string cannot fail");
            }
            for file in &parent.files {
                writeln!(text, "    = {}", one_line(file)).expect("writing to a string cannot fail");
            }
        }
    }

    fn push_header(&self, text: &mut String, raw: bool, terminal: Terminal) {
        if self.header.is_empty() {
            return;
        }
        text.push_str(&format!("{}\n", terminal.paint.bold("header")));
        for (key, value) in &self.header {
            let value = one_line(value);
            let shown = value.chars().take(if raw { usize::MAX } else { SHOWN_CHARACTERS });
            let shown: String = shown.collect();
            let more = if shown.len() < value.len() { " ..." } else { "" };
            writeln!(text, "  {} = {shown}{more}", one_line(key)).expect("writing to a string cannot fail");
        }
    }
}

fn truth(word: &str) -> Option<&'static str> {
    match word {
        "consistent" => Some("claims the hash that its weights have"),
        "stale" => Some("claims another hash than its weights have: copied, or the weights were changed"),
        _ => None,
    }
}

impl Published {
    fn words(&self) -> String {
        let names = [&self.model_name, &self.name].into_iter().flatten().map(|name| one_line(name));
        let names: Vec<_> = names.collect();
        format!("{} (version {})", names.join(" "), self.version).trim().to_owned()
    }
}

impl Parent {
    fn words(&self) -> String {
        let who = self.name.as_deref().map(one_line).unwrap_or_default();
        let hash = self.hash.as_ref().map(|hash| format!("hash {hash}"));
        let of = self.of.as_ref().map(|of| format!("for {}", of.as_str().get(..10).unwrap_or_default()));
        let role = self.role.as_deref().map(|role| format!("as {}", one_line(role)));
        let method = self.method.as_deref().map(|method| one_line(method).into_owned());
        let more: Vec<String> = [
            hash,
            role,
            method,
            of,
            Some(format!("by {}", self.evidence.replace('_', " "))),
            Some(self.key.clone()),
        ]
        .into_iter()
        .flatten()
        .collect();
        format!("{:<18} {who} ({})", self.descent.replace('_', " "), more.join(", "))
    }
}
