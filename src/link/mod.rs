//! Resources to versions, with evidence; groups of near-duplicates.
