//! Any text where queries stand.
#![no_main]

#[allow(dead_code, reason = "each target tries one of them")]
#[path = "../promises.rs"]
mod promises;

libfuzzer_sys::fuzz_target!(|data: &[u8]| promises::query(data));
