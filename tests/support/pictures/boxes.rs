//! AVIF and HEIF: boxes, items, where they lie.

use super::Exif;

/// A box with a 32-bit length.
pub(crate) fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat()
}

/// A box with version and flags, both zero unless given.
pub(crate) fn full(name: &[u8; 4], version: u8, body: &[u8]) -> Vec<u8> {
    boxed(name, &[&[version, 0, 0, 0], body].concat())
}

/// The box that holds a C2PA manifest store.
pub(crate) fn c2pa_uuid(store: &[u8]) -> Vec<u8> {
    let id = b"\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81";
    boxed(b"uuid", &[id, &[0; 4][..], b"manifest\0", &[0; 8], store].concat())
}

/// The box that holds XMP in a video.
pub(crate) fn xmp_uuid(packet: &str) -> Vec<u8> {
    let id = b"\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC";
    boxed(b"uuid", &[id, packet.as_bytes()].concat())
}

/// A box packed with Brotli, here stored without compression.
pub(crate) fn brob(inner: &[u8; 4], body: &[u8]) -> Vec<u8> {
    boxed(b"brob", &[inner, brotli(body).as_slice()].concat())
}

/// A Brotli stream of uncompressed pieces.
pub(crate) fn brotli(body: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    for (place, piece) in body.chunks(1 << 16).enumerate() {
        // Bits from the lowest: not the last piece, four nibbles of length less one, uncompressed.
        let bits = ((piece.len() as u32 - 1) << 3) | (1 << 19);
        // The first piece comes after one bit for the window.
        let bits = if place == 0 { bits << 1 } else { bits };
        stream.extend(&bits.to_le_bytes()[..3]);
        stream.extend(piece);
    }
    stream.push(if body.is_empty() { 0x06 } else { 0x03 });
    stream
}

/// Where the bytes of items lie.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// In `mdat`, at the end.
    Mdat,
    /// In `idat`, inside `meta`.
    Idat,
}

/// An AVIF or HEIF in the making.
pub(crate) struct Heif {
    brand: [u8; 4],
    place: Place,
    items: Vec<([u8; 4], &'static str, Vec<u8>)>,
    crop: Option<(u32, u32)>,
    after: Vec<u8>,
}

impl Heif {
    pub(crate) fn new(brand: &[u8; 4]) -> Self {
        Self {
            brand: *brand,
            place: Place::Mdat,
            items: vec![(*b"av01", "", b"no picture".to_vec())],
            crop: None,
            after: Vec::new(),
        }
    }

    pub(crate) fn place(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    fn item(mut self, name: &[u8; 4], content: &'static str, body: Vec<u8>) -> Self {
        self.items.push((*name, content, body));
        self
    }

    pub(crate) fn exif(self, exif: &Exif) -> Self {
        self.item(b"Exif", "", [&[0; 4], exif.build().as_slice()].concat())
    }

    /// An Exif item whose block stands behind the mark that belongs into JPEG.
    pub(crate) fn marked_exif(self, exif: &Exif) -> Self {
        self.item(b"Exif", "", [b"\0\0\0\x06Exif\0\0", exif.build().as_slice()].concat())
    }

    pub(crate) fn xmp(self, packet: &str) -> Self {
        self.item(b"mime", "application/rdf+xml", packet.into())
    }

    /// Shows less than the 16 by 12 pixels that are coded.
    pub(crate) fn crop(mut self, width: u32, height: u32) -> Self {
        self.crop = Some((width, height));
        self
    }

    /// Boxes at the end of the file.
    pub(crate) fn after(mut self, boxes: &[u8]) -> Self {
        self.after.extend_from_slice(boxes);
        self
    }

    pub(crate) fn build(self) -> Vec<u8> {
        let ftyp = boxed(b"ftyp", &[&self.brand[..], &[0; 4], b"mif1", &self.brand].concat());
        let meta = |base| self.meta(base).len();
        let base = (ftyp.len() + meta(0) + 8) as u32;
        let bodies: Vec<u8> = self.items.iter().flat_map(|item| item.2.clone()).collect();
        let media = match self.place {
            Place::Mdat => boxed(b"mdat", &bodies),
            Place::Idat => Vec::new(),
        };
        [ftyp, self.meta(base), media, self.after].concat()
    }

    fn meta(&self, base: u32) -> Vec<u8> {
        let hdlr = full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0");
        let mut infos = (self.items.len() as u16).to_be_bytes().to_vec();
        // No size of offsets but 4, none of lengths but 4, and a method of construction per item.
        let mut places = [&[0x44, 0x00], &(self.items.len() as u16).to_be_bytes()[..]].concat();
        let mut offset = match self.place {
            Place::Mdat => base,
            Place::Idat => 0,
        };
        for (number, (name, content, body)) in (1_u16..).zip(&self.items) {
            let content = if name == b"mime" { [content.as_bytes(), b"\0"].concat() } else { Vec::new() };
            infos.extend(full(
                b"infe",
                2,
                &[&number.to_be_bytes(), &[0, 0][..], name, b"\0", &content].concat(),
            ));
            let method = u16::from(matches!(self.place, Place::Idat));
            places.extend([number.to_be_bytes(), method.to_be_bytes(), [0, 0], [0, 1]].concat());
            places.extend([offset.to_be_bytes(), (body.len() as u32).to_be_bytes()].concat());
            offset += body.len() as u32;
        }
        let size = full(b"ispe", 0, &[16_u32.to_be_bytes(), 12_u32.to_be_bytes()].concat());
        let crop = self.crop.map(|(width, height)| {
            let fields = [width, 1, height, 1, 0, 1, 0, 1];
            boxed(b"clap", &fields.map(u32::to_be_bytes).concat())
        });
        let links: &[u8] = match &crop {
            None => &[0, 0, 0, 1, 0, 1, 1, 0x81],
            Some(_) => &[0, 0, 0, 1, 0, 1, 2, 0x81, 0x82],
        };
        let list = [size, crop.unwrap_or_default()].concat();
        let properties = boxed(b"iprp", &[boxed(b"ipco", &list), full(b"ipma", 0, links)].concat());
        let data = match self.place {
            Place::Mdat => Vec::new(),
            Place::Idat => {
                boxed(b"idat", &self.items.iter().flat_map(|item| item.2.clone()).collect::<Vec<u8>>())
            }
        };
        let body = [
            hdlr,
            full(b"pitm", 0, &[0, 1]),
            full(b"iinf", 0, &infos),
            full(b"iloc", 1, &places),
            properties,
            data,
        ];
        full(b"meta", 0, &body.concat())
    }
}
