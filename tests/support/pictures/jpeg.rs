//! JPEG files, segment by segment.

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::{Exif, gradient};

/// A JPEG in the making.
pub(crate) struct Jpeg {
    pixels: Vec<u8>,
    segments: Vec<u8>,
}

/// A segment with its length.
pub(crate) fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    [&[0xFF, marker], &(body.len() as u16 + 2).to_be_bytes()[..], body].concat()
}

impl Jpeg {
    /// 16 by 16 pixels, without JFIF.
    pub(crate) fn new(seed: u64) -> Self {
        Self::sized(16, 16, seed)
    }

    /// A gradient of that size.
    pub(crate) fn sized(width: u32, height: u32, seed: u64) -> Self {
        let rgb: Vec<u8> =
            gradient(width, height, seed).chunks(4).flat_map(|pixel| pixel[..3].to_vec()).collect();
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, 90)
            .write_image(&rgb, width, height, ExtendedColorType::Rgb8)
            .expect("the pixels fit the size");
        assert_eq!(file[..4], [0xFF, 0xD8, 0xFF, 0xE0], "an encoder that starts with JFIF");
        let jfif = 4 + usize::from(u16::from_be_bytes([file[4], file[5]])) - 2 + 2;
        Self { pixels: file[jfif..].to_vec(), segments: Vec::new() }
    }

    /// Bytes before the tables and pixels, such as segments.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.segments.extend_from_slice(bytes);
        self
    }

    /// The segment that most programs start with.
    pub(crate) fn jfif(self) -> Self {
        self.raw(&segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"))
    }

    pub(crate) fn exif(self, exif: &Exif) -> Self {
        self.raw(&segment(0xE1, &[b"Exif\0\0", exif.build().as_slice()].concat()))
    }

    pub(crate) fn xmp(self, packet: &str) -> Self {
        self.raw(&segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", packet.as_bytes()].concat()))
    }

    /// A packet split into parts of so many bytes.
    pub(crate) fn extended_xmp(self, packet: &str, part_bytes: usize) -> Self {
        let mut offset = 0_u32;
        let total = packet.len() as u32;
        packet.as_bytes().chunks(part_bytes).fold(self, |jpeg, part| {
            let mark: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
            let id = [b'A'; 32];
            let body = [mark, &id, &total.to_be_bytes(), &offset.to_be_bytes(), part].concat();
            offset += part.len() as u32;
            jpeg.raw(&segment(0xE1, &body))
        })
    }

    /// Data sets of IPTC-IIM's record 2.
    pub(crate) fn iptc(self, sets: &[(u8, &str)]) -> Self {
        let body = [b"Photoshop 3.0\0", iptc_resource(sets).as_slice()].concat();
        self.raw(&segment(0xED, &body))
    }

    pub(crate) fn comment(self, text: &[u8]) -> Self {
        self.raw(&segment(0xFE, text))
    }

    /// A manifest store in parts of so many bytes.
    pub(crate) fn c2pa(self, store: &[u8], part_bytes: usize) -> Self {
        let (head, body) = store.split_at(8);
        body.chunks(part_bytes).zip(1_u32..).fold(self, |jpeg, (part, sequence)| {
            let body = [b"JP\0\x01", &sequence.to_be_bytes()[..], head, part].concat();
            jpeg.raw(&segment(0xEB, &body))
        })
    }

    pub(crate) fn build(self) -> Vec<u8> {
        [&[0xFF, 0xD8], self.segments.as_slice(), &self.pixels].concat()
    }
}

/// The Photoshop resource that holds IPTC-IIM, UTF-8.
pub(crate) fn iptc_resource(sets: &[(u8, &str)]) -> Vec<u8> {
    let mut records = b"\x1C\x01\x5A\0\x03\x1B%G".to_vec();
    for (dataset, text) in sets {
        records.extend([0x1C, 2, *dataset]);
        records.extend((text.len() as u16).to_be_bytes());
        records.extend(text.as_bytes());
    }
    let mut resource = [b"8BIM\x04\x04\0\0", &(records.len() as u32).to_be_bytes()[..], &records].concat();
    if !records.len().is_multiple_of(2) {
        resource.push(0);
    }
    resource
}
