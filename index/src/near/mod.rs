//! Near search over fingerprints.
