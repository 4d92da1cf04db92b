//! A picture file: the reader of JPEGs, and every way to a fingerprint.
#![no_main]

#[allow(dead_code, reason = "each target tries one of them")]
#[path = "../promises.rs"]
mod promises;

libfuzzer_sys::fuzz_target!(|data: &[u8]| promises::pictures(data));
