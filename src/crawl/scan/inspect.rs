//! One file on disk, read on the spot: for whoever asks about a file that no scan has seen.
//!
//! - In: a path. Out: what the file and the sidecars beside it say, and a hash of its bytes.
//! - Never: the catalog.

use std::io::{self, Read};
use std::path::Path;

use super::window::{self, Window};
use super::{names, path};
use crate::catalog::FileStat;
use crate::parse::{self, Block, Carrier, Container, Encoding, Extraction, Limits, Parsed};

/// A file as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// Size and time.
    pub stat: FileStat,
    /// BLAKE3 of its bytes.
    pub content: [u8; 32],
    /// What it says, its sidecars included.
    pub parsed: Parsed,
}

/// Reads a picture, a video, or a text file that could stand beside one.
///
/// # Errors
///
/// When the file cannot be read. A sidecar that cannot be read is left out.
pub fn inspect(file: &Path, limits: &Limits) -> io::Result<Inspected> {
    let (opened, stat) = window::open(file)?;
    let mut buffer = Vec::new();
    let mut window = Window::open(opened, stat.size_bytes, &mut buffer)?;
    let mut extraction = parse::extract(&mut window, limits)?;
    let content = window.content()?;
    if extraction.container == Container::Unknown {
        extraction = read_sidecar(file, limits)?;
    } else {
        for name in names::sidecars_of(path::bytes(file)) {
            if let Ok(more) = read_sidecar(&path::from_bytes(&name), limits) {
                extraction.blocks.extend(more.blocks);
                extraction.warnings.extend(more.warnings);
            }
        }
    }
    Ok(Inspected { stat, content, parsed: parse::interpret(extraction, limits) })
}

fn read_sidecar(file: &Path, limits: &Limits) -> io::Result<Extraction> {
    let (opened, _) = window::open(file)?;
    let mut bytes = Vec::new();
    opened.take(limits.max_block_bytes).read_to_end(&mut bytes)?;
    Ok(sidecar(bytes, &path::shown(path::bytes(file))))
}

/// A text file beside a picture, as a block.
pub(super) fn sidecar(bytes: Vec<u8>, _name: &str) -> Extraction {
    let block = Block {
        carrier: Carrier::Sidecar,
        range: 0..bytes.len() as u64,
        bytes,
        encoding: Encoding::Utf8,
        truncated: false,
    };
    Extraction {
        container: Container::Sidecar,
        width: None,
        height: None,
        blocks: vec![block],
        warnings: Vec::new(),
    }
}
