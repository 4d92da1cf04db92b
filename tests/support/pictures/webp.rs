//! WebP files, chunk by chunk.

use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::{Exif, gradient};

/// A WebP in the making.
pub(crate) struct WebP {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    chunks: Vec<u8>,
    /// Which of Exif and XMP the head announces.
    announced: u8,
}

/// A chunk, padded.
pub(crate) fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let pad: &[u8] = if data.len().is_multiple_of(2) { &[] } else { &[0] };
    [name, &(data.len() as u32).to_le_bytes()[..], data, pad].concat()
}

impl WebP {
    /// 16 by 16 pixels, lossless.
    pub(crate) fn new(seed: u64) -> Self {
        Self::pixels(16, 16, &gradient(16, 16, seed))
    }

    /// These pixels, four bytes each, lossless.
    pub(crate) fn pixels(width: u32, height: u32, rgba: &[u8]) -> Self {
        let mut file = Vec::new();
        WebPEncoder::new_lossless(&mut file)
            .write_image(rgba, width, height, ExtendedColorType::Rgba8)
            .expect("the pixels fit the size");
        let at = file.windows(4).position(|name| name == b"VP8L").expect("a lossless picture");
        Self { width, height, pixels: file[at..].to_vec(), chunks: Vec::new(), announced: 0 }
    }

    /// Bytes after the pixels, such as chunks.
    pub(crate) fn after(mut self, bytes: &[u8]) -> Self {
        self.chunks.extend_from_slice(bytes);
        self
    }

    fn announce(mut self, flag: u8) -> Self {
        self.announced |= flag;
        self
    }

    pub(crate) fn exif(self, exif: &Exif) -> Self {
        self.announce(0x08).after(&chunk(b"EXIF", &exif.build()))
    }

    /// An Exif chunk with the mark that belongs into JPEG.
    pub(crate) fn marked_exif(self, exif: &Exif) -> Self {
        self.announce(0x08).after(&chunk(b"EXIF", &[b"Exif\0\0", exif.build().as_slice()].concat()))
    }

    pub(crate) fn xmp(self, packet: &str) -> Self {
        self.announce(0x04).after(&chunk(b"XMP ", packet.as_bytes()))
    }

    pub(crate) fn c2pa(self, store: &[u8]) -> Self {
        self.after(&chunk(b"C2PA", store))
    }

    pub(crate) fn build(self) -> Vec<u8> {
        let side = |pixels: u32| (pixels - 1).to_le_bytes()[..3].to_vec();
        let flags = 0x10 | self.announced;
        let canvas =
            chunk(b"VP8X", &[&[flags, 0, 0, 0], side(self.width).as_slice(), &side(self.height)].concat());
        let body = [b"WEBP", canvas.as_slice(), &self.pixels, &self.chunks].concat();
        [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
    }
}
