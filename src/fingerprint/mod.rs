//! Pixels and BlurHashes to comparable numbers.
//!
//! - In: BlurHashes as the site gave them; bytes of pictures, from anyone.
//! - Out: entries for [`stemmata_index::near`], and for what has none the reason.
//! - Never: the catalog, the network; a picture is decoded only after its header has been checked.

pub mod blurhash;
pub mod picture;
pub mod pixels;
pub mod preview;
