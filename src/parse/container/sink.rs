//! Where the walkers put what they find, and who counts what it costs.

use std::io;
use std::ops::Range;

use super::super::{Block, Carrier, Container, Encoding, Extraction, Limits, Warning};
use super::text;
use super::unpack::{self, End, Packing};
use super::window::Window;

/// Warnings kept of one file; a file of a hundred thousand damaged chunks says so once.
const MAX_WARNINGS: usize = 64;

/// Bytes copied out of a file.
pub(super) struct Payload {
    /// Where they stand.
    pub(super) range: Range<u64>,
    /// They themselves.
    pub(super) bytes: Vec<u8>,
    /// Whether a limit or the end of the file cut them.
    pub(super) truncated: bool,
}

/// Blocks and warnings of one file, and what of its limits is left.
pub(super) struct Sink<'a> {
    pub(super) limits: &'a Limits,
    found: Extraction,
    bytes_left: u64,
    /// Bytes that may still be copied out of the file; parts of it may overlap.
    copy_left: u64,
    unpack_left: u64,
    chunks_left: u32,
}

impl<'a> Sink<'a> {
    pub(super) fn new(container: Container, limits: &'a Limits) -> Self {
        let found =
            Extraction { container, width: None, height: None, blocks: Vec::new(), warnings: Vec::new() };
        Self {
            limits,
            found,
            bytes_left: limits.max_total_bytes,
            copy_left: limits.max_total_bytes.saturating_mul(2),
            unpack_left: limits.max_total_bytes,
            chunks_left: limits.max_chunks,
        }
    }

    pub(super) fn finish(self) -> Extraction {
        self.found
    }

    /// Whether one more chunk may be walked. The first refusal is a warning.
    pub(super) fn step(&mut self) -> bool {
        if let Some(left) = self.chunks_left.checked_sub(1) {
            self.chunks_left = left;
            return true;
        }
        let most = self.limits.max_chunks;
        if !self.found.warnings.iter().any(|warning| warning.code == "limit" && warning.place.is_empty()) {
            self.warn("limit", "", format!("more than {most} parts; the rest is left alone"));
        }
        false
    }

    /// The size of the picture in pixels; the first that makes sense counts.
    pub(super) fn size(&mut self, width: u32, height: u32) {
        if self.found.width.is_none() && width > 0 && height > 0 {
            self.found.width = Some(width);
            self.found.height = Some(height);
        }
    }

    /// One side of the picture, where a header gives them apart.
    pub(super) fn side(&mut self, is_width: bool, pixels: u32) {
        let side = if is_width { &mut self.found.width } else { &mut self.found.height };
        if side.is_none() && pixels > 0 {
            *side = Some(pixels);
        }
    }

    pub(super) fn container(&self) -> Container {
        self.found.container
    }

    /// Notes something damaged, cut or left alone.
    pub(super) fn warn(&mut self, code: &'static str, place: impl Into<String>, detail: impl Into<String>) {
        let warnings = &mut self.found.warnings;
        if warnings.len() < MAX_WARNINGS {
            warnings.push(Warning { code, place: place.into(), detail: detail.into() });
        } else if warnings.len() == MAX_WARNINGS {
            let detail = "more was damaged than is listed here".to_owned();
            warnings.push(Warning { code: "more_warnings", place: String::new(), detail });
        }
    }

    /// Notes that a part ends before its length says.
    pub(super) fn cut(&mut self, place: impl Into<String>) {
        self.warn("truncated", place, "the file ends inside it");
    }

    /// How many of `length` bytes may be copied; they count as copied.
    pub(super) fn ration(&mut self, length: u64) -> u64 {
        let most = length.min(self.limits.max_block_bytes).min(self.copy_left);
        self.copy_left = self.copy_left.saturating_sub(most);
        most
    }

    /// Copies `length` bytes from `at`, as far as the limits and the file go, and warns about what is missing.
    pub(super) fn payload(
        &mut self,
        window: &mut Window<'_>,
        at: u64,
        length: u64,
        place: &str,
    ) -> io::Result<Payload> {
        let most = self.ration(length);
        let bytes = window.get(at, usize::try_from(most).unwrap_or(usize::MAX))?.to_vec();
        let got = bytes.len() as u64;
        if got < most {
            self.cut(place);
        } else if most < length {
            self.warn("limit", place, format!("{length} bytes; only the first {most} are kept"));
        }
        Ok(Payload { range: at..at.saturating_add(got), bytes, truncated: got < length })
    }

    /// Unpacks bytes within the limits of a block and of the file; what was unpacked before damage is kept.
    /// The flag tells whether something is missing.
    pub(super) fn unpack(&mut self, packing: Packing, packed: &[u8], place: &str) -> (Vec<u8>, bool) {
        let most = self.limits.max_inflated_bytes.min(self.unpack_left);
        let (bytes, end) = unpack::unpack(packing, packed, most);
        self.unpack_left = self.unpack_left.saturating_sub(bytes.len() as u64);
        match end {
            End::Complete => {}
            End::Limit => {
                self.warn("limit", place, format!("unpacks to more than {most} bytes; the rest is cut"));
            }
            End::Damaged => self.warn("damaged", place, "the packed data is damaged or cut"),
        }
        (bytes, end != End::Complete)
    }

    /// Keeps a block, as far as the bytes of a whole file allow.
    pub(super) fn block(
        &mut self,
        carrier: Carrier,
        range: Range<u64>,
        mut bytes: Vec<u8>,
        encoding: Encoding,
        truncated: bool,
    ) {
        let most = usize::try_from(self.bytes_left).unwrap_or(usize::MAX);
        let over = bytes.len() > most;
        if over {
            let (limit, place) = (self.limits.max_total_bytes, carrier.to_string());
            self.warn("limit", place, format!("all blocks together exceed {limit} bytes; this one is cut"));
            bytes.truncate(most);
        }
        // Of a block that is cut to nothing only the warning is worth anything.
        if bytes.is_empty() && (truncated || over) {
            return;
        }
        self.bytes_left = self.bytes_left.saturating_sub(bytes.len() as u64);
        self.found.blocks.push(Block { carrier, range, bytes, encoding, truncated: truncated || over });
    }

    /// Keeps a payload whose encoding shows in its bytes.
    pub(super) fn text(&mut self, carrier: Carrier, payload: Payload) {
        let encoding = text::encoding(&payload.bytes);
        self.block(carrier, payload.range, payload.bytes, encoding, payload.truncated);
    }
}
