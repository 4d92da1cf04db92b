//! PNG files, chunk by chunk.

use std::io::Write;

use super::{Exif, gradient};

/// A PNG in the making.
pub(crate) struct Png {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
    idat_bytes: usize,
    before: Vec<u8>,
    after: Vec<u8>,
    trailing: Vec<u8>,
}

/// A chunk with a right checksum.
pub(crate) fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut sum = crc32fast::Hasher::new();
    sum.update(name);
    sum.update(data);
    [&(data.len() as u32).to_be_bytes(), name.as_slice(), data, &sum.finalize().to_be_bytes()].concat()
}

/// A zlib stream.
pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).expect("a vector takes all bytes");
    packer.finish().expect("a vector takes all bytes")
}

/// A text chunk as Pillow writes it.
pub(crate) fn text_chunk(keyword: &str, text: &str) -> Vec<u8> {
    let latin1: Option<Vec<u8>> = text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    match latin1 {
        Some(text) => chunk(b"tEXt", &[keyword.as_bytes(), b"\0", &text].concat()),
        None => chunk(b"iTXt", &[keyword.as_bytes(), b"\0\0\0\0\0", text.as_bytes()].concat()),
    }
}

/// A compressed text chunk.
pub(crate) fn packed_chunk(keyword: &str, text: &[u8]) -> Vec<u8> {
    chunk(b"zTXt", &[keyword.as_bytes(), b"\0\0", &zlib(text)].concat())
}

/// A compressed international text chunk.
pub(crate) fn packed_international_chunk(keyword: &str, text: &str) -> Vec<u8> {
    chunk(
        b"iTXt",
        &[keyword.as_bytes(), b"\0\x01\0en\0", keyword.as_bytes(), b"\0", &zlib(text.as_bytes())].concat(),
    )
}

/// A chunk that tools which convert to PNG write for a block of another format.
pub(crate) fn profile_chunk(kind: &str, block: &[u8]) -> Vec<u8> {
    let digits: String = block
        .chunks(36)
        .map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n")
        .collect();
    let text = format!("\n{kind}\n{:8}\n{digits}", block.len());
    packed_chunk(&format!("Raw profile type {kind}"), text.as_bytes())
}

impl Png {
    /// 16 by 16 pixels.
    pub(crate) fn new(seed: u64) -> Self {
        Self::sized(16, 16, seed)
    }

    /// A gradient of that size.
    pub(crate) fn sized(width: u32, height: u32, seed: u64) -> Self {
        Self::pixels(width, height, gradient(width, height, seed))
    }

    /// These pixels, four bytes each.
    pub(crate) fn pixels(width: u32, height: u32, rgba: Vec<u8>) -> Self {
        Self {
            width,
            height,
            rgba,
            idat_bytes: 64 << 10,
            before: Vec::new(),
            after: Vec::new(),
            trailing: Vec::new(),
        }
    }

    /// Splits the pixels into pieces of so many bytes.
    pub(crate) fn idat_bytes(mut self, bytes: usize) -> Self {
        self.idat_bytes = bytes;
        self
    }

    /// Bytes before the pixels, such as chunks.
    pub(crate) fn before(mut self, bytes: &[u8]) -> Self {
        self.before.extend_from_slice(bytes);
        self
    }

    /// Bytes between the pixels and the end.
    pub(crate) fn after(mut self, bytes: &[u8]) -> Self {
        self.after.extend_from_slice(bytes);
        self
    }

    /// Bytes after the end.
    pub(crate) fn trailing(mut self, bytes: &[u8]) -> Self {
        self.trailing.extend_from_slice(bytes);
        self
    }

    /// A text before the pixels as Pillow writes it.
    pub(crate) fn text(self, keyword: &str, text: &str) -> Self {
        self.before(&text_chunk(keyword, text))
    }

    /// A `tEXt` chunk of any bytes.
    pub(crate) fn raw_text(self, keyword: &str, text: &[u8]) -> Self {
        self.before(&chunk(b"tEXt", &[keyword.as_bytes(), b"\0", text].concat()))
    }

    pub(crate) fn exif(self, exif: &Exif) -> Self {
        self.before(&chunk(b"eXIf", &exif.build()))
    }

    pub(crate) fn xmp(self, packet: &str) -> Self {
        self.before(&chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", packet.as_bytes()].concat()))
    }

    pub(crate) fn c2pa(self, store: &[u8]) -> Self {
        self.before(&chunk(b"caBX", store))
    }

    pub(crate) fn build(self) -> Vec<u8> {
        let header = [&self.width.to_be_bytes()[..], &self.height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
        let row_bytes = self.width as usize * 4;
        let rows: Vec<u8> = self.rgba.chunks(row_bytes).flat_map(|row| [&[0], row].concat()).collect();
        let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
        file.extend(chunk(b"IHDR", &header));
        file.extend(self.before);
        for piece in zlib(&rows).chunks(self.idat_bytes) {
            file.extend(chunk(b"IDAT", piece));
        }
        file.extend(self.after);
        file.extend(chunk(b"IEND", &[]));
        file.extend(self.trailing);
        file
    }
}
