//! MP4 files of no picture.

use super::boxes::{boxed, full};

/// A video in the making.
pub(crate) struct Mp4 {
    items: Vec<u8>,
    keys: Vec<(String, String)>,
    movie_first: bool,
    quicktime: bool,
    after: Vec<u8>,
}

fn data(text: &str) -> Vec<u8> {
    boxed(b"data", &[&[0, 0, 0, 1, 0, 0, 0, 0], text.as_bytes()].concat())
}

impl Mp4 {
    pub(crate) fn new() -> Self {
        Self { items: Vec::new(), keys: Vec::new(), movie_first: false, quicktime: false, after: Vec::new() }
    }

    /// An item by four letters, such as `\xA9cmt`.
    pub(crate) fn item(mut self, name: &[u8; 4], text: &str) -> Self {
        self.items.extend(boxed(name, &data(text)));
        self
    }

    /// A value by name.
    pub(crate) fn key(mut self, name: &str, text: &str) -> Self {
        self.keys.push((name.into(), text.into()));
        self
    }

    /// Puts `moov` before the pixels, not after them.
    pub(crate) fn movie_first(mut self) -> Self {
        self.movie_first = true;
        self
    }

    /// Writes `meta` as QuickTime does, without a version.
    pub(crate) fn quicktime(mut self) -> Self {
        self.quicktime = true;
        self
    }

    /// Boxes at the end of the file.
    pub(crate) fn after(mut self, boxes: &[u8]) -> Self {
        self.after.extend_from_slice(boxes);
        self
    }

    fn meta(&self, handler: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let hdlr = full(b"hdlr", 0, &[&[0; 4], &handler[..], &[0; 13]].concat());
        let body = [hdlr.as_slice(), body].concat();
        if self.quicktime { boxed(b"meta", &body) } else { full(b"meta", 0, &body) }
    }

    fn movie(&self) -> Vec<u8> {
        let mut track = vec![0; 80];
        track[72..80].copy_from_slice(&[0, 64, 0, 0, 0, 48, 0, 0]);
        let mut movie = boxed(b"trak", &full(b"tkhd", 0, &track));
        if !self.items.is_empty() {
            movie.extend(boxed(b"udta", &self.meta(b"mdir", &boxed(b"ilst", &self.items))));
        }
        if !self.keys.is_empty() {
            let mut names = (self.keys.len() as u32).to_be_bytes().to_vec();
            let mut values = Vec::new();
            for (number, (name, text)) in (1_u32..).zip(&self.keys) {
                names.extend(boxed(b"mdta", name.as_bytes()));
                values.extend(boxed(&number.to_be_bytes(), &data(text)));
            }
            movie.extend(self.meta(b"mdta", &[full(b"keys", 0, &names), boxed(b"ilst", &values)].concat()));
        }
        boxed(b"moov", &movie)
    }

    pub(crate) fn build(self) -> Vec<u8> {
        let kind: &[u8] = if self.quicktime { b"qt  \0\0\0\0qt  " } else { b"isom\0\0\x02\0isomiso2mp41" };
        let (movie, pixels) = (self.movie(), boxed(b"mdat", b"no picture"));
        let body = if self.movie_first { [movie, pixels] } else { [pixels, movie] };
        [boxed(b"ftyp", kind), body.concat(), self.after].concat()
    }
}
