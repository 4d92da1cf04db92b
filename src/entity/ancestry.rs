//! What a model descends from, as its file or its publisher says.

use super::HexHash;

/// How a model descends from a parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Descent {
    /// A network or a fine-tune was trained on the parent.
    TrainedOn,
    /// The VAE that training used.
    TrainedWithVae,
    /// The parent went into a merge.
    MergedFrom,
    /// A network that was baked into a checkpoint.
    BakesLora,
    /// The VAE that was baked in.
    VaeOf,
    /// Made from the parent by resizing, extracting, pruning or quantising.
    DerivedFrom,
}

impl Descent {
    /// Every relation.
    pub const ALL: [Self; 6] = [
        Self::TrainedOn,
        Self::TrainedWithVae,
        Self::MergedFrom,
        Self::BakesLora,
        Self::VaeOf,
        Self::DerivedFrom,
    ];

    /// The word that the catalog and output use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrainedOn => "trained_on",
            Self::TrainedWithVae => "trained_with_vae",
            Self::MergedFrom => "merged_from",
            Self::BakesLora => "bakes_lora",
            Self::VaeOf => "vae_of",
            Self::DerivedFrom => "derived_from",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|descent| descent.as_str() == word)
    }
}

/// What a parent is named by, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParentEvidence {
    /// SHA-256 of the whole file, 64 digits.
    Sha256,
    /// SHA-256 of the tensors, 64 digits.
    TensorHash,
    /// 8, 10 or 12 digits of some hash.
    ShortHash,
    /// A file name or a title.
    Name,
    /// Guessed from free text.
    Guess,
}

impl ParentEvidence {
    /// Every kind of evidence, strongest first.
    pub const ALL: [Self; 5] = [Self::Sha256, Self::TensorHash, Self::ShortHash, Self::Name, Self::Guess];

    /// The word that the catalog and output use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::TensorHash => "tensor_hash",
            Self::ShortHash => "short_hash",
            Self::Name => "name",
            Self::Guess => "guess",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|evidence| evidence.as_str() == word)
    }

    /// One class weaker, for claims of a header that was copied from another file.
    #[must_use]
    pub fn weaker(self) -> Self {
        match self {
            Self::Sha256 | Self::TensorHash => Self::ShortHash,
            Self::ShortHash => Self::Name,
            Self::Name | Self::Guess => Self::Guess,
        }
    }
}

/// One parent, as a file names it. At least one of `hash` and `name` is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AncestryEdge {
    /// How the file descends from it.
    pub descent: Descent,
    /// What it is named by.
    pub evidence: ParentEvidence,
    /// Its hash.
    pub hash: Option<HexHash>,
    /// Its name as written.
    pub name: Option<String>,
    /// Its part in a recipe: `A`, `B`, `C` or the name of a slot.
    pub role: Option<String>,
    /// How it was done, with its numbers: `Weighted sum, multiplier 0.3`.
    pub method: Option<String>,
    /// The parent that this edge starts from, where a recipe names parents of parents; `None` for the file itself.
    pub of: Option<HexHash>,
    /// The key of the header that says so.
    pub key: String,
}
