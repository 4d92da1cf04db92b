//! safetensors: eight bytes with the length of a JSON object, the object, the weights.
//!
//! Read although the reference library refuses it: values that are no text, duplicate keys, unknown types, bytes behind
//! the last tensor, a file that ends early. The format is that of the safetensors project.

use std::io::{self, Read, Seek, SeekFrom};

use super::tensors::Names;
use super::{MAX_HEADER_BYTES, MAX_VALUE_BYTES, ModelFormat, ModelHeader};
use crate::parse::Limits;
use crate::parse::json::{self, Data, Json};

/// Bytes before the header.
const LENGTH_BYTES: u64 = 8;

/// The key under which everything but tensors stands.
const METADATA: &str = "__metadata__";

/// Reads the header of a file that [`super::sniff`] took for one of these.
pub(super) fn read<R: Read + Seek>(source: &mut R, size_bytes: u64) -> io::Result<ModelHeader> {
    let mut header = ModelHeader::new(ModelFormat::Safetensors, size_bytes);
    source.seek(SeekFrom::Start(0))?;
    let mut length = [0_u8; 8];
    source.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    header.data_start = length.checked_add(LENGTH_BYTES);
    if length > MAX_HEADER_BYTES {
        header.warn("limit", "header", format!("a header of {length} bytes is not read"));
        return Ok(header);
    }
    let mut bytes = Vec::new();
    source.take(length).read_to_end(&mut bytes)?;
    if std::str::from_utf8(&bytes).is_err() {
        header.warn("encoding", "header", "it is not UTF-8; what is not was replaced");
    }
    let text = String::from_utf8_lossy(&bytes);
    // Each tensor is about ten values.
    let limits = Limits { max_depth: 64, max_nodes: 200_000, ..Limits::default() };
    let Some(document) = json::parse(&text, &limits) else { return Ok(header) };
    header.warnings.extend(document.notes.warnings("header"));
    let mut names = Names::default();
    let mut end = 0_u64;
    for member in document.root.members() {
        if member.key == METADATA {
            keep_metadata(&mut header, &member.value, &text);
        } else {
            header.tensors = header.tensors.saturating_add(1);
            names.see(&member.key, width(&member.value));
            end = end.max(end_of(&member.value).unwrap_or(0));
        }
    }
    header.truncated =
        header.data_start.and_then(|start| start.checked_add(end)).is_none_or(|end| end > size_bytes);
    if header.truncated {
        header.warn("truncated", "", "the file ends before its last tensor does");
    }
    header.kind = names.kind();
    header.architecture = names.architecture().map(str::to_owned);
    Ok(header)
}

fn width(tensor: &Json<'_>) -> Option<i128> {
    tensor.get("shape")?.items().last()?.integer()
}

fn end_of(tensor: &Json<'_>) -> Option<u64> {
    u64::try_from(tensor.get("data_offsets")?.items().get(1)?.integer()?).ok()
}

fn keep_metadata(header: &mut ModelHeader, metadata: &Json<'_>, text: &str) {
    for member in metadata.members() {
        let value = match &member.value.data {
            Data::Text(value) => value.as_ref(),
            _ => text.get(member.value.span.clone()).unwrap_or_default(),
        };
        let kept = kept(value);
        if kept.len() < value.len() {
            header.warn("limit", &member.key, format!("a value of {} bytes is not kept whole", value.len()));
        }
        header.metadata.push((member.key.to_string(), kept.to_owned()));
    }
}

/// What is kept of a value: pictures only by their head.
fn kept(value: &str) -> &str {
    let most = if value.starts_with("data:") { 64 } else { MAX_VALUE_BYTES };
    let whole = value.len().min(most);
    (0..=whole).rev().take(4).find_map(|end| value.get(..end)).unwrap_or_default()
}
