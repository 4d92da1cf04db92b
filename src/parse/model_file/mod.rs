//! What a model file says of itself: its header, never its weights.
//!
//! - In: a seekable file, from anyone. Out: a [`ModelHeader`], or nothing where it is no model file.
//! - Formats: safetensors, GGUF. Pickles and archives of them are recognised and never opened: loading one runs it.
//! - Read: 8 + N bytes of a safetensors file, the keys of a GGUF file. Weights are for hashing, which is not done here.
//! - Never: memory sized by a number of the file that its length does not cover, a header above [`MAX_HEADER_BYTES`].

mod ancestry;
mod gguf;
mod graph;
mod recipe;
mod safetensors;
mod tensors;
#[cfg(test)]
mod tests;

use std::io::{self, Read, Seek, SeekFrom};

use crate::entity::{AncestryEdge, HexHash, ResourceKind};

use super::Warning;

/// The longest header that is read, in bytes. The format allows 100,000,000.
pub const MAX_HEADER_BYTES: u64 = 64 << 20;

/// The longest value of a header that is kept, in bytes; a longer one is cut and marked.
const MAX_VALUE_BYTES: usize = 16 << 20;

/// What kind of model file it is, by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModelFormat {
    /// safetensors.
    Safetensors,
    /// GGUF.
    Gguf,
    /// A pickle, bare or in a zip archive: recognised, never opened.
    Pickle,
}

impl ModelFormat {
    /// The word that output uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "gguf",
            Self::Pickle => "pickle",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Safetensors, Self::Gguf, Self::Pickle].into_iter().find(|format| format.as_str() == word)
    }
}

/// A hash of its own weights that a header claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedHash {
    /// The key that claims it.
    pub key: String,
    /// SHA-256 of the tensors, 64 digits.
    pub value: HexHash,
}

/// Whether a header belongs to the weights that it stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderTruth {
    /// It claims no hash of them.
    Unclaimed,
    /// It claims their hash.
    Consistent,
    /// It claims another: it was copied from another file, or the weights were changed.
    Stale,
}

/// What one model file says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelHeader {
    /// What it is, by its bytes.
    pub format: ModelFormat,
    /// Length of the file, in bytes.
    pub size_bytes: u64,
    /// Where the weights start, in bytes; `None` where the format does not tell.
    pub data_start: Option<u64>,
    /// Whether the file ends before its last tensor does.
    pub truncated: bool,
    /// What it is for, by its tensors; [`ResourceKind::Unknown`] where they do not tell.
    pub kind: ResourceKind,
    /// The family of the base model, by its tensors, else as the header says.
    pub architecture: Option<String>,
    /// Number of tensors.
    pub tensors: u64,
    /// The title that the header gives, or the name under which it was trained.
    pub title: Option<String>,
    /// Who made it, as the header says.
    pub author: Option<String>,
    /// Keys and values as written, in the order of the file; values that are no text as JSON. Pictures inside
    /// (`data:` URLs) are cut out.
    pub metadata: Vec<(String, String)>,
    /// Hashes of its weights that the header claims.
    pub claimed_hashes: Vec<ClaimedHash>,
    /// What it descends from, in the order of the header's keys.
    pub ancestry: Vec<AncestryEdge>,
    /// What was damaged, cut or odd.
    pub warnings: Vec<Warning>,
}

impl HeaderTruth {
    /// The word that the catalog and output use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unclaimed => "unclaimed",
            Self::Consistent => "consistent",
            Self::Stale => "stale",
        }
    }
}

impl ModelHeader {
    fn new(format: ModelFormat, size_bytes: u64) -> Self {
        Self {
            format,
            size_bytes,
            data_start: None,
            truncated: false,
            kind: ResourceKind::Unknown,
            architecture: None,
            tensors: 0,
            title: None,
            author: None,
            metadata: Vec::new(),
            claimed_hashes: Vec::new(),
            ancestry: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn warn(&mut self, code: &'static str, place: &str, detail: impl Into<String>) {
        self.warnings.push(Warning { code, place: place.to_owned(), detail: detail.into() });
    }

    /// The value of a key; `None` too for the words by which writers say that there is none.
    fn value(&self, key: &str) -> Option<&str> {
        let (_, value) = self.metadata.iter().find(|(known, _)| known == key)?;
        let value = value.trim();
        (!matches!(value, "" | "None" | "null" | "NOFILE" | "IsADirectory")).then_some(value)
    }

    /// Holds the header's claims against the weights: `tensor_hash` is the SHA-256 of all that follows the header.
    ///
    /// A header that was copied from another file says little: all its edges become one class weaker, once.
    pub fn check(&mut self, tensor_hash: &HexHash) -> HeaderTruth {
        if self.claimed_hashes.is_empty() {
            return HeaderTruth::Unclaimed;
        }
        if self.claimed_hashes.iter().any(|claim| claim.value == *tensor_hash) {
            return HeaderTruth::Consistent;
        }
        for edge in &mut self.ancestry {
            edge.evidence = edge.evidence.weaker();
        }
        self.warn(
            "stale_header",
            "",
            "the header claims another hash than its weights have: it was copied, or they were changed",
        );
        HeaderTruth::Stale
    }
}

/// Reads the header of a model file; `None` where it is none.
///
/// ```
/// use std::io::Cursor;
/// use stemmata::parse::model_file;
///
/// let header = r#"{"__metadata__":{"ss_sd_model_name":"base.safetensors","ss_network_module":"networks.lora"}}"#;
/// let mut file = (header.len() as u64).to_le_bytes().to_vec();
/// file.extend_from_slice(header.as_bytes());
/// let read = model_file::read(&mut Cursor::new(file))?.expect("it is a safetensors file");
/// assert_eq!(read.ancestry[0].name.as_deref(), Some("base.safetensors"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// Only what reading fails with; a damaged header is a [`ModelHeader`] with warnings.
pub fn read<R: Read + Seek>(source: &mut R) -> io::Result<Option<ModelHeader>> {
    let size_bytes = source.seek(SeekFrom::End(0))?;
    source.seek(SeekFrom::Start(0))?;
    let mut head = Vec::with_capacity(16);
    source.take(16).read_to_end(&mut head)?;
    let mut header = match sniff(&head, size_bytes) {
        Some(ModelFormat::Safetensors) => safetensors::read(source, size_bytes)?,
        Some(ModelFormat::Gguf) => gguf::read(source, size_bytes)?,
        Some(ModelFormat::Pickle) => return Ok(Some(ModelHeader::new(ModelFormat::Pickle, size_bytes))),
        None => return Ok(None),
    };
    describe(&mut header);
    ancestry::find(&mut header);
    Ok(Some(header))
}

/// What the first 16 bytes of a file of `size_bytes` begin; a zip archive may be any other archive too.
pub fn sniff(head: &[u8], size_bytes: u64) -> Option<ModelFormat> {
    if head.starts_with(b"GGUF") {
        return Some(ModelFormat::Gguf);
    }
    if head.starts_with(b"PK\x03\x04") || matches!(head, [0x80, 2..=5, ..]) {
        return Some(ModelFormat::Pickle);
    }
    let length = u64::from_le_bytes(head.first_chunk().copied()?);
    let plausible = (2..=100_000_000).contains(&length) && length <= size_bytes.saturating_sub(8);
    (plausible && head.get(8) == Some(&b'{')).then_some(ModelFormat::Safetensors)
}

/// What a header says that the file is for.
fn said_kind(network: Option<&str>, architecture: Option<&str>) -> ResourceKind {
    let adapter = architecture.and_then(|said| said.split_once('/')).map(|(_, adapter)| adapter);
    match adapter {
        Some("textual-inversion" | "embedding") => ResourceKind::Embedding,
        Some("lora") => ResourceKind::Lora,
        _ if network.is_some() => ResourceKind::Lora,
        _ => ResourceKind::Unknown,
    }
}

/// Title, author, family and claimed hashes, from the keys of every writer.
fn describe(header: &mut ModelHeader) {
    // OneTrainer fills title and author with those of the base model.
    let is_filled_in = header.metadata.iter().any(|(key, _)| key.starts_with("ot_"));
    let text = |key: &str| header.value(key).map(str::to_owned);
    let spec = |key: &str| if is_filled_in { None } else { text(key) };
    let title = spec("modelspec.title").or_else(|| text("ss_output_name")).or_else(|| text("general.name"));
    let author = spec("modelspec.author").or_else(|| text("general.author"));
    let said = ["modelspec.architecture", "ss_base_model_version", "general.architecture"];
    let architecture = header.architecture.clone().or_else(|| said.iter().find_map(|key| text(key)));
    let claims: Vec<ClaimedHash> = ["sshs_model_hash", "modelspec.hash_sha256"]
        .into_iter()
        .filter_map(|key| {
            let value = HexHash::parse(header.value(key)?)?;
            let is_usable = value.as_str().len() == 64 && value.junk().is_none();
            is_usable.then(|| ClaimedHash { key: key.to_owned(), value })
        })
        .collect();
    // Only where no tensor tells: headers are copied from file to file.
    if header.kind == ResourceKind::Unknown {
        header.kind = said_kind(header.value("ss_network_module"), architecture.as_deref());
    }
    header.title = title;
    header.author = author;
    header.architecture = architecture.map(|said| said.split('/').next().unwrap_or_default().to_owned());
    header.claimed_hashes = claims;
}
