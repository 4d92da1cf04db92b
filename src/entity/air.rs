//! AIR, the resource identifiers of the site: `urn:air:sdxl:lora:civitai:55@9002`.

use std::fmt;

use super::{ModelId, VersionId};

/// An identifier that names a model of the site and perhaps its version.
///
/// Ecosystem and type are left out on purpose: the same resource occurs with several of both, so only
/// source, id and version identify it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Air {
    /// The model.
    pub model: ModelId,
    /// The version, if named.
    pub version: Option<VersionId>,
}

impl fmt::Display for Air {
    /// The short form `civitai:MODEL@VERSION`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "civitai:{}", self.model)?;
        self.version.map_or(Ok(()), |version| write!(f, "@{version}"))
    }
}
