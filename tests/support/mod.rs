//! What several tests need.

pub mod cli;
#[path = "../../src/cli/demo_site.rs"]
pub mod demo_site;
pub mod site;
pub mod world;
