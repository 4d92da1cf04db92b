//! One file on disk, read on the spot: for whoever asks about a file that no scan has seen.
//!
//! - In: a path. Out: what the file and the sidecars beside it say, and a hash of its bytes.
//! - Never: the catalog.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::window::{self, Window};
use super::{Decoder, names, path};
use crate::catalog::FileStat;
use crate::parse::{self, Container, Extraction, Limits, Parsed, Plane};

/// Longest file that is hashed by the way, in bytes.
const MOST_HASHED_BYTES: u64 = 1 << 30;

/// A file as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// Size and time.
    pub stat: FileStat,
    /// BLAKE3 of its bytes; `None` for a file of more than a gibibyte, which nobody asked to read to its end.
    pub content: Option<[u8; 32]>,
    /// What it says, its sidecars included.
    pub parsed: Parsed,
}

/// Reads a picture, a video, or a text file that could stand beside one. A `decoder` looks for text in the pixels of
/// a picture that says nothing otherwise.
///
/// # Errors
///
/// When the file cannot be read. A sidecar that cannot be read is left out.
pub fn inspect(file: &Path, limits: &Limits, decoder: Option<Decoder>) -> io::Result<Inspected> {
    let (opened, stat) = window::open(file)?;
    let mut buffer = Vec::new();
    let mut window = Window::open(opened, stat.size_bytes, &mut buffer)?;
    let mut extraction = parse::extract(&mut window, limits)?;
    let is_short = stat.size_bytes <= MOST_HASHED_BYTES;
    let content = is_short.then(|| window.content()).transpose()?;
    if extraction.container == Container::Unknown {
        extraction = read_sidecar(file, limits)?;
    } else {
        for sidecar in beside(file) {
            if let Ok(more) = read_sidecar(&sidecar, limits) {
                extraction.blocks.extend(more.blocks);
                extraction.warnings.extend(more.warnings);
            }
        }
    }
    if let Some(decoder) = decoder {
        hidden(decoder, file, &mut extraction, limits);
    }
    Ok(Inspected { stat, content, parsed: parse::interpret(extraction, limits) })
}

/// Adds what is hidden in the pixels of a picture that says nothing otherwise.
pub(super) fn hidden(decoder: Decoder, file: &Path, extraction: &mut Extraction, limits: &Limits) {
    let lossless = matches!(extraction.container, Container::Png | Container::WebP);
    if !lossless || !parse::interpret(extraction.clone(), limits).generation.is_empty() {
        return;
    }
    // A picture that cannot be decoded hides nothing that could be read.
    let Some(pixels) = (decoder.0)(file) else { return };
    let found = [Plane::Alpha, Plane::Rgb]
        .into_iter()
        .find_map(|plane| parse::stealth(plane, pixels.width, pixels.height, |x, y| pixels.at(x, y), limits));
    if let Some((block, warnings)) = found {
        extraction.blocks.push(block);
        extraction.warnings.extend(warnings);
    }
}

fn read_sidecar(file: &Path, limits: &Limits) -> io::Result<Extraction> {
    let (opened, _) = window::open(file)?;
    let mut bytes = Vec::new();
    opened.take(limits.max_block_bytes).read_to_end(&mut bytes)?;
    Ok(parse::sidecar(&bytes, &path::shown(path::bytes(file)), limits))
}

/// The sidecars of a picture, the most telling first.
fn beside(file: &Path) -> Vec<PathBuf> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Some(name), Ok(entries)) = (file.file_name(), std::fs::read_dir(folder)) else { return Vec::new() };
    let others = entries.filter_map(|entry| Some(entry.ok()?.file_name())).take(names::MOST_NAMES);
    let names: Vec<OsString> =
        std::iter::once(name.to_owned()).chain(others.filter(|other| other != name)).collect();
    let bytes: Vec<&[u8]> = names.iter().map(|name| name.as_encoded_bytes()).collect();
    let own = names::pairs(&bytes).into_iter().filter(|(picture, _)| *picture == 0);
    own.filter_map(|(_, sidecar)| Some(folder.join(names.get(sidecar)?))).collect()
}
