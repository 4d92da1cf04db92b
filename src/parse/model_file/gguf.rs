//! GGUF: a magic, counts, keys with typed values, tensors. Little-endian; the layout is that of versions 2 and 3.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::tensors::Names;
use super::{MAX_HEADER_BYTES, MAX_VALUE_BYTES, ModelFormat, ModelHeader};

/// Most keys and most tensors that are read.
const MAX_ENTRIES: u64 = 200_000;

/// Most elements of an array that are stepped over.
const MAX_ELEMENTS: u64 = 10_000_000;

/// Elements of an array that are kept.
const KEPT_ELEMENTS: u64 = 64;

/// Longest name of a key or a tensor, in bytes.
const MAX_NAME_BYTES: u64 = 65_535;

/// Why reading stopped.
enum Stop {
    /// The file ends, or holds what no writer writes.
    Damaged(&'static str),
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::Damaged("it ends too early")
        } else {
            Self::Io(error)
        }
    }
}

/// Reads the keys and the names of the tensors.
pub(super) fn read<R: Read + Seek>(source: &mut R, size_bytes: u64) -> io::Result<ModelHeader> {
    let mut header = ModelHeader::new(ModelFormat::Gguf, size_bytes);
    source.seek(SeekFrom::Start(4))?;
    let mut cursor = Cursor { source: BufReader::new(source.take(MAX_HEADER_BYTES)) };
    match cursor.walk(&mut header) {
        Ok(()) => {}
        Err(Stop::Io(error)) => return Err(error),
        Err(Stop::Damaged(what)) => {
            header.truncated = what == "it ends too early";
            header.warn("damaged", "header", what);
        }
    }
    Ok(header)
}

struct Cursor<R> {
    source: BufReader<R>,
}

impl<R: Read> Cursor<R> {
    fn walk(&mut self, header: &mut ModelHeader) -> Result<(), Stop> {
        let version = self.u32()?;
        if !(2..=3).contains(&version) {
            let swapped = version.swap_bytes();
            let big_endian = (2..=3).contains(&swapped);
            return Err(Stop::Damaged(if big_endian {
                "big-endian files are not read"
            } else {
                "its version is not one that is known"
            }));
        }
        let (tensors, keys) = (self.u64()?, self.u64()?);
        if tensors > MAX_ENTRIES || keys > MAX_ENTRIES {
            return Err(Stop::Damaged("it counts more keys or tensors than any model has"));
        }
        header.tensors = tensors;
        for _ in 0..keys {
            let name = self.text(MAX_NAME_BYTES)?;
            let kind = self.u32()?;
            let value = self.value(kind, 0)?;
            header.metadata.push((name, value));
        }
        let mut names = Names::default();
        for _ in 0..tensors {
            let name = self.text(MAX_NAME_BYTES)?;
            let dimensions = self.u32()?;
            if dimensions > 8 {
                return Err(Stop::Damaged("a tensor has more than eight dimensions"));
            }
            let mut width = None;
            for place in 0..dimensions {
                let size = self.u64()?;
                // Sizes stand in the opposite order of safetensors: the last one first.
                width = if place == 0 { Some(i128::from(size)) } else { width };
            }
            self.u32()?;
            self.u64()?;
            names.see(&name, width);
        }
        header.kind = names.kind();
        header.architecture = names.architecture().map(str::to_owned);
        Ok(())
    }

    /// A value as text; of an array the first elements.
    fn value(&mut self, kind: u32, depth: u32) -> Result<String, Stop> {
        Ok(match kind {
            0 => self.bytes::<1>()?[0].to_string(),
            1 => i8::from_le_bytes(self.bytes()?).to_string(),
            2 => u16::from_le_bytes(self.bytes()?).to_string(),
            3 => i16::from_le_bytes(self.bytes()?).to_string(),
            4 => self.u32()?.to_string(),
            5 => i32::from_le_bytes(self.bytes()?).to_string(),
            6 => f32::from_le_bytes(self.bytes()?).to_string(),
            7 => (self.bytes::<1>()?[0] != 0).to_string(),
            8 => self.text(MAX_VALUE_BYTES as u64)?,
            9 => self.array(depth)?,
            10 => self.u64()?.to_string(),
            11 => i64::from_le_bytes(self.bytes()?).to_string(),
            12 => f64::from_le_bytes(self.bytes()?).to_string(),
            _ => return Err(Stop::Damaged("a key has a type that is not known")),
        })
    }

    fn array(&mut self, depth: u32) -> Result<String, Stop> {
        let (kind, elements) = (self.u32()?, self.u64()?);
        if elements > MAX_ELEMENTS || depth > 3 {
            return Err(Stop::Damaged("an array is too long or too deep"));
        }
        let mut kept = Vec::new();
        for place in 0..elements {
            let value = self.value(kind, depth.saturating_add(1))?;
            if place < KEPT_ELEMENTS {
                kept.push(value);
            }
        }
        let more = if elements > KEPT_ELEMENTS { ", ..." } else { "" };
        Ok(format!("[{}{more}]", kept.join(", ")))
    }

    fn text(&mut self, most_bytes: u64) -> Result<String, Stop> {
        let length = self.u64()?;
        if length > most_bytes {
            return Err(Stop::Damaged("a text is longer than any writer makes it"));
        }
        let mut bytes = Vec::new();
        (&mut self.source).take(length).read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < length {
            return Err(Stop::Damaged("it ends too early"));
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn u32(&mut self) -> Result<u32, Stop> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> Result<u64, Stop> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
