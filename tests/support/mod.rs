//! What several tests need.

#[path = "../../src/cli/demo_site.rs"]
pub mod demo_site;
pub mod site;
pub mod world;
