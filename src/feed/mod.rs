//! Catalog to index: changes since the index's generation.
