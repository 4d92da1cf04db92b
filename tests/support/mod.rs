//! What several tests need.

pub(crate) mod ask;
pub(crate) mod cli;
pub(crate) mod coded;
#[allow(dead_code, reason = "the demo has uses for it that the tests have not")]
#[path = "../../src/cli/demo_site/mod.rs"]
pub(crate) mod demo_site;
pub(crate) mod everything;
pub(crate) mod home;
pub(crate) mod paint;
pub(crate) mod pictures;
pub(crate) mod schema;
pub(crate) mod site;
pub(crate) mod world;
