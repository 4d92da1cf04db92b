//! Copies and look-alikes, as a query asks for them.

use stemmata_index::near::Copies;

/// What the near index knows. Implemented by whoever has it open.
pub trait Kinship {
    /// The groups of copies as last worked out, over numbers of media; `None` where that was never done.
    ///
    /// # Errors
    ///
    /// A text for a person, where they cannot be read.
    fn copies(&self) -> Result<Option<&Copies>, String>;

    /// The media that look like this one, itself included: within so many bits, or what usually counts as alike.
    /// `None` where this one has no fingerprint.
    ///
    /// # Errors
    ///
    /// A text for a person, where fingerprints cannot be read or were never computed.
    fn alike(&self, media: u64, bits: Option<u32>) -> Result<Option<Vec<u64>>, String>;

    /// The media whose BlurHash is near that of this one and whose shape is the same, itself included: within a distance,
    /// or the usual one. `None` where this one has no BlurHash that can be compared.
    ///
    /// # Errors
    ///
    /// A text for a person, where BlurHashes cannot be read.
    fn blurred(&self, media: u64, distance: Option<f64>) -> Result<Option<Vec<u64>>, String>;
}
