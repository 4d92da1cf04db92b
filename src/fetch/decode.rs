//! Bytes as they come over the wire in, the body that they pack out, within a limit.
//!
//! - In: chunks of any size, packed as the `Content-Encoding` says. Assume an enemy packed them.
//! - Out: at most the limit of bytes, or why there are none.
//! - Never: memory beyond the limit and one window, of at most 16 MiB; I/O.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::MultiGzDecoder;
use zstd::stream::write::Decoder as ZstdDecoder;

/// The codings that a [`Decoder`] reads, for the `Accept-Encoding` header.
pub(super) const ACCEPTED: &str = "gzip, br, zstd";

/// The largest window of a zstd frame, as a power of two: 8 MiB, what RFC 9659 permits.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Bytes unpacked at a time.
const BUFFER_BYTES: usize = 16 * 1024;

/// Why a body cannot be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecodeError {
    /// Packed in a way that was not asked for.
    Unknown,
    /// Larger than the limit once unpacked.
    TooLarge,
    /// Damaged, or not complete.
    Broken,
}

/// Unpacks one body.
pub(super) struct Decoder {
    coding: Coding,
    /// Bytes that may yet come over the wire: packing makes nothing twice as large, unless by malice.
    wire_bytes_left: u64,
}

/// Bytes by which even a body of nothing may exceed its limit while it is packed: headers, checksums.
const PACKING_BYTES: u64 = 1024;

enum Coding {
    Plain(Bounded),
    Gzip(Box<MultiGzDecoder<Bounded>>),
    /// With whether its first byte was seen.
    Brotli(Box<DecompressorWriter<Bounded>>, bool),
    Zstd(Box<ZstdDecoder<'static, Bounded>>),
}

impl Decoder {
    /// For a body with this `Content-Encoding` and at most `limit_bytes` once unpacked.
    pub(super) fn new(coding: Option<&str>, limit_bytes: u64) -> Result<Self, DecodeError> {
        let out = Bounded { bytes: Vec::new(), limit_bytes, is_full: false };
        let coding = coding.unwrap_or_default().trim().to_ascii_lowercase();
        let coding = match coding.as_str() {
            "" | "identity" => Coding::Plain(out),
            "gzip" | "x-gzip" => Coding::Gzip(Box::new(MultiGzDecoder::new(out))),
            "br" => Coding::Brotli(Box::new(DecompressorWriter::new(out, BUFFER_BYTES)), false),
            "zstd" => {
                let mut raw = zstd::stream::raw::Decoder::new().map_err(|_| DecodeError::Broken)?;
                let window = zstd::zstd_safe::DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX);
                raw.set_parameter(window).map_err(|_| DecodeError::Broken)?;
                Coding::Zstd(Box::new(ZstdDecoder::with_decoder(out, raw)))
            }
            _ => return Err(DecodeError::Unknown),
        };
        let wire_bytes_left = limit_bytes.saturating_mul(2).saturating_add(PACKING_BYTES);
        Ok(Self { coding, wire_bytes_left })
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), DecodeError> {
        let Some(left) = self.wire_bytes_left.checked_sub(chunk.len() as u64) else {
            return Err(DecodeError::TooLarge);
        };
        self.wire_bytes_left = left;
        let pushed = match &mut self.coding {
            Coding::Plain(out) => out.write_all(chunk),
            Coding::Gzip(gzip) => gzip.write_all(chunk),
            Coding::Brotli(_, false) if chunk.first().is_some_and(|byte| byte & 0x7f == LARGE_WINDOW) => {
                return Err(DecodeError::Broken);
            }
            Coding::Brotli(brotli, is_begun) => {
                *is_begun |= !chunk.is_empty();
                brotli.write_all(chunk)
            }
            Coding::Zstd(zstd) => zstd.write_all(chunk),
        };
        pushed.map_err(|_| self.reason())
    }

    /// The whole body.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, DecodeError> {
        let finished = match &mut self.coding {
            Coding::Plain(_) => Ok(()),
            // A packed body of no bytes at all is an empty body.
            Coding::Brotli(_, false) => Ok(()),
            Coding::Gzip(gzip) => gzip.try_finish(),
            Coding::Brotli(brotli, true) => brotli.close(),
            Coding::Zstd(zstd) => zstd.do_finish(),
        };
        if finished.is_err() {
            return Err(self.reason());
        }
        Ok(self.into_partial())
    }

    /// What was unpacked so far, be it complete or not.
    pub(super) fn into_partial(self) -> Vec<u8> {
        match self.coding {
            Coding::Plain(out) => out.bytes,
            Coding::Gzip(mut gzip) => std::mem::take(&mut gzip.get_mut().bytes),
            Coding::Brotli(mut brotli, _) => std::mem::take(&mut brotli.get_mut().bytes),
            Coding::Zstd(zstd) => zstd.into_inner().bytes,
        }
    }

    fn reason(&self) -> DecodeError {
        if self.out().is_full { DecodeError::TooLarge } else { DecodeError::Broken }
    }

    fn out(&self) -> &Bounded {
        match &self.coding {
            Coding::Plain(out) => out,
            Coding::Gzip(gzip) => gzip.get_ref(),
            Coding::Brotli(brotli, _) => brotli.get_ref(),
            Coding::Zstd(zstd) => zstd.get_ref(),
        }
    }
}

/// The first seven bits of a Brotli stream with a window of up to 1 GiB, which the format for the web (RFC 7932,
/// section 9.1) leaves out.
const LARGE_WINDOW: u8 = 0b001_0001;

/// Memory that takes so many bytes and no more.
struct Bounded {
    bytes: Vec<u8>,
    limit_bytes: u64,
    is_full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.limit_bytes.saturating_sub(self.bytes.len() as u64);
        let fits = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..fits]);
        if fits < bytes.len() {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `body` as Brotli in stored blocks, since no encoder is among the dependencies.
    fn brotli(body: &[u8]) -> Vec<u8> {
        // RFC 7932: WBITS 16 is one 0 bit; ISLAST 0; MNIBBLES 4 is 00; MLEN - 1 in 16 bits; ISUNCOMPRESSED 1;
        // then bytes from the next whole byte; at last ISLAST 1 and ISLASTEMPTY 1.
        let mut packed = Vec::new();
        for block in body.chunks(1 << 16) {
            let length = (block.len() - 1) as u32;
            let first = packed.is_empty();
            // 21 or 20 bits, both three bytes.
            let bits = if first { length << 4 | 1 << 20 } else { length << 3 | 1 << 19 };
            packed.extend_from_slice(&bits.to_le_bytes()[..3]);
            packed.extend_from_slice(block);
        }
        packed.push(if packed.is_empty() { 0b110 } else { 0b11 });
        packed
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(body).expect("memory takes every byte");
        packer.finish().expect("memory takes every byte")
    }

    fn pack(coding: &str, body: &[u8]) -> Vec<u8> {
        match coding {
            "gzip" => gzip(body),
            "br" => brotli(body),
            "zstd" => zstd::bulk::compress(body, 1).expect("packs"),
            _ => body.to_vec(),
        }
    }

    fn unpack(coding: &str, packed: &[u8], step: usize, limit_bytes: u64) -> Result<Vec<u8>, DecodeError> {
        let mut decoder = Decoder::new(Some(coding), limit_bytes)?;
        for chunk in packed.chunks(step.max(1)) {
            decoder.push(chunk)?;
        }
        decoder.finish()
    }

    const CODINGS: [&str; 4] = ["identity", "gzip", "br", "zstd"];

    #[test]
    fn a_body_that_unpacks_beyond_the_limit_is_refused_before_it_is_in_memory() {
        for coding in CODINGS {
            let packed = pack(coding, &vec![b' '; 1 << 20]);
            assert_eq!(unpack(coding, &packed, 4096, 1 << 16), Err(DecodeError::TooLarge), "{coding}");
            assert_eq!(
                unpack(coding, &packed, 4096, 1 << 20).map(|body| body.len()),
                Ok(1 << 20),
                "{coding}"
            );
        }
    }

    #[test]
    fn a_body_that_packs_nothing_for_ever_ends_too() {
        let nothing = gzip(b"").repeat(1000);
        assert_eq!(unpack("gzip", &nothing, 4096, 100), Err(DecodeError::TooLarge));
        assert_eq!(unpack("gzip", &nothing[..1000], 4096, 100), Ok(Vec::new()));
    }

    #[test]
    fn a_body_cut_short_or_packed_otherwise_is_named() {
        for coding in ["gzip", "br", "zstd"] {
            let packed = pack(coding, b"{\"items\":[1,2,3]}");
            let short = &packed[..packed.len() - 1];
            assert_eq!(unpack(coding, short, 7, 100), Err(DecodeError::Broken), "{coding}");
            assert_eq!(unpack(coding, b"{\"items\":[]}", 7, 100), Err(DecodeError::Broken), "{coding}");
        }
        assert!(matches!(Decoder::new(Some("gzip, br"), 1), Err(DecodeError::Unknown)));
        assert!(matches!(Decoder::new(Some("compress"), 1), Err(DecodeError::Unknown)));
        assert!(Decoder::new(None, 1).is_ok());
    }

    #[test]
    fn a_brotli_window_of_a_gigabyte_is_refused() {
        assert_eq!(unpack("br", &[0x11, 0x1e, 0, 0, 0, 0], 6, 100), Err(DecodeError::Broken));
    }

    proptest! {
        #[test]
        fn every_coding_gives_back_what_was_packed(body: Vec<u8>, step in 1_usize..40) {
            for coding in CODINGS {
                let packed = pack(coding, &body);
                let unpacked = unpack(coding, &packed, step, body.len() as u64);
                prop_assert_eq!(unpacked.as_ref(), Ok(&body), "{}", coding);
            }
        }

        #[test]
        fn no_bytes_make_a_decoder_panic_or_exceed_its_limit(packed: Vec<u8>, step in 1_usize..40) {
            for coding in CODINGS {
                if let Ok(body) = unpack(coding, &packed, step, 64) {
                    prop_assert!(body.len() <= 64);
                }
            }
        }
    }
}
