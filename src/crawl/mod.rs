//! What to fetch or read next: listings, single entities, files and folders.

pub mod import;
