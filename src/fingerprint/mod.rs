//! Pixels and BlurHashes to comparable numbers.
