//! Any text where ComfyUI's graphs stand.
#![no_main]

#[allow(dead_code, reason = "each target tries one of them")]
#[path = "../promises.rs"]
mod promises;

libfuzzer_sys::fuzz_target!(|data: &[u8]| promises::comfyui(data));
