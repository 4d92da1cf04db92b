//! Rows of pixels in, one hash out that does not depend on how the picture was stored.
//!
//! Colours and alpha are hashed apart, so that an alpha channel counts from the first pixel on although whether there
//! is one that shows is only known at the last.

use blake3::Hasher;

/// Bytes that are hashed at once: many blocks of BLAKE3 go through the processor together.
const AT_ONCE: usize = 64 << 10;
/// Bytes of an opaque alpha channel that are hashed at once.
const OPAQUE: [u8; 4096] = [255; 4096];

/// Hashes the pixels of a picture, row by row.
pub(super) struct PixelHasher {
    width: u32,
    height: u32,
    colours: Hasher,
    /// Rows that wait until there are enough of them to be hashed side by side.
    waiting: Vec<u8>,
    /// From the first pixel on that is not opaque.
    alpha: Option<Box<Hasher>>,
    pixels: u64,
}

impl PixelHasher {
    /// For a picture of these sides as displayed.
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self { width, height, colours: Hasher::new(), waiting: Vec::new(), alpha: None, pixels: 0 }
    }

    /// Takes the next row: three bytes a pixel, and the alpha of each unless all are opaque.
    pub(super) fn row(&mut self, rgb: &[u8], alpha: Option<&[u8]>) {
        self.waiting.extend_from_slice(rgb);
        if self.waiting.len() >= AT_ONCE {
            self.colours.update(&self.waiting);
            self.waiting.clear();
        }
        let before = self.pixels;
        self.pixels += rgb.len() as u64 / 3;
        match (alpha, &mut self.alpha) {
            (None, None) => {}
            (None, Some(hasher)) => opaque(hasher, self.pixels - before),
            (Some(alpha), Some(hasher)) => drop(hasher.update(alpha)),
            (Some(alpha), none) => {
                let mut hasher = Hasher::new();
                opaque(&mut hasher, before);
                hasher.update(alpha);
                *none = Some(Box::new(hasher));
            }
        }
    }

    /// The hash of everything.
    pub(super) fn finish(mut self) -> [u8; 32] {
        self.colours.update(&self.waiting);
        let mut whole = Hasher::new();
        whole.update(&self.width.to_le_bytes()).update(&self.height.to_le_bytes());
        whole.update(self.colours.finalize().as_bytes());
        if let Some(alpha) = self.alpha {
            whole.update(alpha.finalize().as_bytes());
        }
        *whole.finalize().as_bytes()
    }
}

fn opaque(hasher: &mut Hasher, pixels: u64) {
    let mut left = pixels;
    while left > 0 {
        let part = left.min(OPAQUE.len() as u64);
        hasher.update(&OPAQUE[..part as usize]);
        left -= part;
    }
}
