//! What several tests need.

pub(crate) mod cli;
#[path = "../../src/cli/demo_site.rs"]
pub(crate) mod demo_site;
pub(crate) mod home;
pub(crate) mod pictures;
pub(crate) mod site;
pub(crate) mod world;
