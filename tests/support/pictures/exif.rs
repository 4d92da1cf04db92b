//! Exif blocks: two directories, values behind them.

/// Byte order of a block.
#[derive(Clone, Copy)]
pub(crate) enum Order {
    Big,
    Little,
}

/// How a `UserComment` is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Comment {
    /// `UNICODE`, UTF-16 big-endian, no mark: A1111 and its kin, Civitai.
    Utf16Be,
    /// `UNICODE`, UTF-16 little-endian, no mark: SwarmUI.
    Utf16Le,
    /// `UNICODE`, a mark, big-endian.
    Utf16BeMarked,
    /// `UNICODE`, a mark, little-endian.
    Utf16LeMarked,
    /// `UNICODE`, but UTF-8.
    Utf8AsUnicode,
    /// `ASCII`, really UTF-8: NovelAI.
    Ascii,
    /// Eight zeros, UTF-8.
    Undefined,
    /// No code at all, UTF-8.
    Bare,
}

impl Comment {
    /// Code and text.
    pub(crate) fn bytes(self, text: &str) -> Vec<u8> {
        let wide = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let (code, text): (&[u8], Vec<u8>) = match self {
            Self::Utf16Be => (b"UNICODE\0", wide(u16::to_be_bytes)),
            Self::Utf16Le => (b"UNICODE\0", wide(u16::to_le_bytes)),
            Self::Utf16BeMarked => (b"UNICODE\0\xFE\xFF", wide(u16::to_be_bytes)),
            Self::Utf16LeMarked => (b"UNICODE\0\xFF\xFE", wide(u16::to_le_bytes)),
            Self::Utf8AsUnicode => (b"UNICODE\0", text.into()),
            Self::Ascii => (b"ASCII\0\0\0", text.into()),
            Self::Undefined => (b"\0\0\0\0\0\0\0\0", text.into()),
            Self::Bare => (b"", text.into()),
        };
        [code, &text].concat()
    }
}

/// An Exif block in the making.
#[derive(Clone)]
pub(crate) struct Exif {
    order: Order,
    /// Tag, type and value of IFD0 and of the Exif directory.
    directories: [Vec<(u16, u16, Vec<u8>)>; 2],
}

impl Exif {
    pub(crate) fn new(order: Order) -> Self {
        Self { order, directories: [Vec::new(), Vec::new()] }
    }

    /// A value of type 1, 2 or 7 (bytes, ASCII, undefined) in directory 0 or 1.
    pub(crate) fn value(mut self, directory: usize, tag: u16, kind: u16, value: &[u8]) -> Self {
        self.directories[directory].push((tag, kind, value.into()));
        self
    }

    /// A text with its closing NUL; UTF-8 if it is not ASCII.
    pub(crate) fn ascii(self, directory: usize, tag: u16, text: &str) -> Self {
        self.value(directory, tag, 2, &[text.as_bytes(), b"\0"].concat())
    }

    /// A number of 32 bits in IFD0.
    pub(crate) fn long(self, tag: u16, number: u32) -> Self {
        let value = self.bytes32(number);
        self.value(0, tag, 4, &value)
    }

    /// A `UserComment` in the Exif directory.
    pub(crate) fn comment(self, comment: Comment, text: &str) -> Self {
        self.value(1, 0x9286, 7, &comment.bytes(text))
    }

    /// A text as Windows writes it, such as `0x9C9C` for `XPComment`.
    pub(crate) fn windows(self, tag: u16, text: &str) -> Self {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).chain([0, 0]).collect();
        self.value(0, tag, 1, &bytes)
    }

    fn bytes16(&self, number: u16) -> [u8; 2] {
        match self.order {
            Order::Big => number.to_be_bytes(),
            Order::Little => number.to_le_bytes(),
        }
    }

    fn bytes32(&self, number: u32) -> [u8; 4] {
        match self.order {
            Order::Big => number.to_be_bytes(),
            Order::Little => number.to_le_bytes(),
        }
    }

    /// The TIFF block, without any mark before it.
    pub(crate) fn build(&self) -> Vec<u8> {
        let [main, inner] = &self.directories;
        let links = usize::from(!inner.is_empty());
        let inner_at = 8 + 6 + 12 * (main.len() + links);
        let mut values_at = inner_at + if inner.is_empty() { 0 } else { 6 + 12 * inner.len() };
        let mut block = match self.order {
            Order::Big => b"MM\0\x2A\0\0\0\x08".to_vec(),
            Order::Little => b"II\x2A\0\x08\0\0\0".to_vec(),
        };
        let mut values = Vec::new();
        for (directory, links) in [(main, links), (inner, 0)] {
            if directory.is_empty() && links == 0 && block.len() > 8 {
                continue;
            }
            let mut rows: Vec<(u16, u16, Vec<u8>)> = directory.clone();
            if links == 1 {
                rows.push((0x8769, 4, self.bytes32(inner_at as u32).into()));
            }
            rows.sort_by_key(|row| row.0);
            block.extend(self.bytes16(rows.len() as u16));
            for (tag, kind, value) in rows {
                let count = if kind == 4 { value.len() / 4 } else { value.len() };
                block.extend(self.bytes16(tag));
                block.extend(self.bytes16(kind));
                block.extend(self.bytes32(count as u32));
                if value.len() <= 4 {
                    block.extend(value.iter().copied().chain([0; 4]).take(4));
                } else {
                    block.extend(self.bytes32(values_at as u32));
                    values_at += value.len();
                    values.extend(value);
                }
            }
            block.extend([0; 4]);
        }
        block.extend(values);
        block
    }
}
