//! Sources: their JSON in, entities out.

pub mod civitai;
