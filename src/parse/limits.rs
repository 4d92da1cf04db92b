//! How much of a file is read before the rest is left alone.

/// Bounds on the work and the memory that one file may cost. Every limit that bites becomes a [`super::Warning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest raw block kept, in bytes as stored; a longer one is cut and marked.
    pub max_block_bytes: u64,
    /// Most bytes that one compressed block may unpack to; checked while it unpacks.
    pub max_inflated_bytes: u64,
    /// Most bytes of all blocks of a file together, unpacked.
    pub max_total_bytes: u64,
    /// Chunks, segments, boxes or elements walked in one file.
    pub max_chunks: u32,
    /// Deepest nesting of boxes, directories and JSON.
    pub max_depth: u32,
    /// Most nodes of one graph or entries of one object.
    pub max_nodes: u32,
    /// Most steps that following the links of one graph may take.
    pub max_steps: u32,
    /// Longest text put together from parts, in bytes.
    pub max_joined_bytes: usize,
}

impl Default for Limits {
    /// What no honest file comes near: 32 MiB a block, 16 MiB unpacked, 64 MiB a file, 100,000 chunks, depth 128.
    fn default() -> Self {
        Self {
            max_block_bytes: 32 << 20,
            max_inflated_bytes: 16 << 20,
            max_total_bytes: 64 << 20,
            max_chunks: 100_000,
            max_depth: 128,
            max_nodes: 100_000,
            max_steps: 1_000_000,
            max_joined_bytes: 256 << 10,
        }
    }
}
