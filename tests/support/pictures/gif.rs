//! GIF files, block by block.

/// A GIF of one pixel in the making.
pub(crate) struct Gif {
    blocks: Vec<u8>,
}

fn sub_blocks(bytes: &[u8]) -> Vec<u8> {
    let mut blocks: Vec<u8> =
        bytes.chunks(255).flat_map(|block| [&[block.len() as u8], block].concat()).collect();
    blocks.push(0);
    blocks
}

impl Gif {
    pub(crate) fn new() -> Self {
        Self { blocks: Vec::new() }
    }

    pub(crate) fn comment(mut self, text: &str) -> Self {
        self.blocks.extend([0x21, 0xFE]);
        self.blocks.extend(sub_blocks(text.as_bytes()));
        self
    }

    /// A packet as Adobe writes it: bare, then a trailer that ends it for readers of sub-blocks.
    pub(crate) fn xmp(mut self, packet: &str) -> Self {
        self.blocks.extend(b"\x21\xFF\x0BXMP DataXMP");
        self.blocks.extend(packet.as_bytes());
        self.blocks.push(1);
        self.blocks.extend((0..=255).rev());
        self.blocks.push(0);
        self
    }

    pub(crate) fn c2pa(mut self, store: &[u8]) -> Self {
        self.blocks.extend(b"\x21\xFF\x0BC2PA_GIF\x01\0\0");
        self.blocks.extend(sub_blocks(store));
        self
    }

    pub(crate) fn build(self) -> Vec<u8> {
        let head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF";
        let pixel = b"\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x4C\x01\0";
        [head.as_slice(), &self.blocks, pixel, b";"].concat()
    }
}
