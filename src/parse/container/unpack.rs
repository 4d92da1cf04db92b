//! Packed bytes in, unpacked bytes out, never more than asked for.
//!
//! The bound is checked while unpacking: a kilobyte may unpack to gigabytes.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

/// Unpacked bytes fetched at a time.
const STEP_BYTES: usize = 16 << 10;

/// How bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// A zlib stream.
    Zlib,
    /// A gzip file.
    Gzip,
    /// A Brotli stream.
    Brotli,
}

/// Why unpacking ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// There is no more.
    Complete,
    /// There is more than allowed.
    Limit,
    /// The stream is damaged or ends too early.
    Damaged,
}

/// The first `most` unpacked bytes, and why there are no more.
pub(crate) fn unpack(packing: Packing, packed: &[u8], most: u64) -> (Vec<u8>, End) {
    match packing {
        Packing::Zlib => drain(ZlibDecoder::new(packed), most),
        Packing::Gzip => drain(GzDecoder::new(packed), most),
        Packing::Brotli => drain(brotli_decompressor::Decompressor::new(packed, 4096), most),
    }
}

fn drain(mut reader: impl Read, most: u64) -> (Vec<u8>, End) {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    let mut step = [0; STEP_BYTES];
    loop {
        match reader.read(&mut step) {
            Ok(0) => return (bytes, End::Complete),
            Ok(read) => {
                let fits = read.min(most.saturating_sub(bytes.len()));
                bytes.extend_from_slice(step.get(..fits).unwrap_or_default());
                if fits < read {
                    return (bytes, End::Limit);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return (bytes, End::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn a_bomb_unpacks_to_the_limit_and_no_further() {
        let bomb = zlib(&vec![b'a'; 1 << 20]);
        assert!(bomb.len() < 2000);
        let (bytes, end) = unpack(Packing::Zlib, &bomb, 1000);
        assert_eq!((bytes.len(), end), (1000, End::Limit));
        let (bytes, end) = unpack(Packing::Zlib, &bomb, 1 << 20);
        assert_eq!((bytes.len(), end), (1 << 20, End::Complete));
        assert_eq!(unpack(Packing::Zlib, &bomb, 0), (Vec::new(), End::Limit));
    }

    #[test]
    fn a_cut_stream_gives_what_it_has() {
        let words: String = (0..3000).map(|word| format!("word {word}, ")).collect();
        let packed = zlib(words.as_bytes());
        let (bytes, end) = unpack(Packing::Zlib, &packed[..packed.len() / 2], 1 << 20);
        assert_eq!(end, End::Damaged);
        assert!(words.as_bytes().starts_with(&bytes) && !bytes.is_empty());
    }

    #[test]
    fn a_brotli_bomb_unpacks_to_the_limit_and_no_further() {
        // Brotli's own empty stream, then nonsense: both end without a byte.
        assert_eq!(unpack(Packing::Brotli, &[0x06], 10), (Vec::new(), End::Complete));
        assert_eq!(unpack(Packing::Brotli, &[0xFF; 40], 10).1, End::Damaged);
    }
}
