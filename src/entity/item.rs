//! One document of a source, as entities.

use super::{Creator, Image, Model, ModelVersion, Tag};

/// What one raw record turned out to hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// One image.
    Image(Box<Image>),
    /// A model with its versions, and the images inside those versions.
    Model(Box<Model>, Vec<Image>),
    /// A version by itself, and the images inside it.
    Version(Box<ModelVersion>, Vec<Image>),
    /// A creator.
    Creator(Creator),
    /// A tag.
    Tag(Tag),
}

impl Item {
    /// `image`, `model`, `version`, `creator` or `tag`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Image(_) => "image",
            Self::Model(..) => "model",
            Self::Version(..) => "version",
            Self::Creator(_) => "creator",
            Self::Tag(_) => "tag",
        }
    }
}
