//! The forms of a report besides JSON and the terminal.
//!
//! - In: a [`LineageReport`], whether it was made just now or read back; for PROV also single images, where asked for.
//! - Out: whole documents as text: HTML, Markdown, CSV tables, DOT, Mermaid, PROV-JSON. The same report gives the same
//!   bytes.
//! - Never: a clock, a file, the network, or a word of a stranger that was not escaped for where it stands.

mod csv;
mod dot;
mod graph;
mod html;
mod markdown;
mod mermaid;
mod prov;
mod prov_images;
mod tables;
#[cfg(test)]
mod tests;
mod words;

pub use csv::{CsvFile, csv};
pub use dot::dot;
pub use html::html;
pub use markdown::markdown;
pub use mermaid::mermaid;
pub use prov::prov;
pub use prov_images::{ProvImage, ProvUse, prov_images};
