//! Which pictures are copies of which, how they are, and how we know.
//!
//! - In: [`Look`] values: what is known of the appearance of media, from pixels or from BlurHashes.
//! - Out: a [`Verdict`] for two of them, with its evidence; groups for each [`CopyClass`], strongest first.
//! - Never: decoding, changes to the catalog, a verdict that the evidence does not carry. What only BlurHashes say is a
//!   *candidate*; what shares a prompt is kin and no copy.
//!
//! # From looks to groups
//!
//! 1. Pairs. Every two pictures whose codes differ in at most [`MOST_BITS`] bits, or whose BlurHashes and shapes agree,
//!    are looked at once; [`judge`] says what they are. Of two pictures whose pixels are known BlurHashes say nothing.
//! 2. Levels. For each class, the links of that class and of stronger ones make groups; see [`levels`].
//! 3. Representatives. The picture that stands for a group is the best of it by [`Standing`].
//!
//! Each step is a function of what it is given and of nothing else, and of media that no chain of pairs connects none says
//! anything of the other: so an update works out anew what is connected with what changed, and gives what a rebuild gives.

mod arrange;
mod edges;
mod folder;
mod ground;
pub mod kin;
pub mod levels;
mod look;
mod reader;
mod report;
mod similar;
mod standing;
mod tables;
mod update;
mod verdict;

use serde::{Serialize, Serializer};
use stemmata_index::near::CopyClass;

pub use arrange::{Arranged, arrange};
pub use edges::{Compared, Edge, EdgeReport, Limits, PairMemory, edges};
pub use folder::{FolderError, FolderState, NearFolder, UpToDate};
pub use ground::Ground;
pub use look::{Look, Looks};
pub use reader::{Gathered, LookReader, Orders, Unfit, UnfitCounts};
pub use report::{Answer, Filter, Group, Member, Side, each_group};
pub use similar::{SimilarHit, SimilarOptions, SimilarQuery, SimilarReport, Turns, alike, blurred, similar};
pub use standing::Standing;
pub(in crate::link) use tables::TableCounts;
pub use verdict::{
    CHROMA_LIMIT, EDIT_BITS, EDIT_CHROMA, Edit, Evidence, FAR_CHROMA_LIMIT, LOOK_ALIKE_BITS, MOST_BITS,
    NEAR_BITS, Reach, Verdict, colours_agree, judge, judge_turned,
};

/// What two pictures are to one another, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchClass {
    /// The same stored bytes.
    SameBytes,
    /// The same pixels under other metadata.
    SamePixels,
    /// Saved again or resized.
    ReEncode,
    /// Cropped, marked, bordered or recoloured.
    Edited,
    /// Made larger by a generator: the same prompt and seed, more pixels than it was generated with.
    Upscaled,
    /// BlurHashes and shapes agree; nobody has compared the pixels.
    Candidate,
    /// Alike in pixels, and yet no copy.
    LookAlike,
    /// The same prompt and settings, another seed. Kin, not a copy.
    SameSettings,
    /// The same prompt and seed, another model. Kin, not a copy.
    OtherModel,
}

impl MatchClass {
    /// Every class, strongest first.
    pub const ALL: [Self; 9] = [
        Self::SameBytes,
        Self::SamePixels,
        Self::ReEncode,
        Self::Edited,
        Self::Upscaled,
        Self::Candidate,
        Self::LookAlike,
        Self::SameSettings,
        Self::OtherModel,
    ];

    /// The word of the machine contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameBytes => "same_bytes",
            Self::SamePixels => "same_pixels",
            Self::ReEncode => "re_encode",
            Self::Edited => "edited",
            Self::Upscaled => "upscaled",
            Self::Candidate => "candidate",
            Self::LookAlike => "look_alike",
            Self::SameSettings => "same_settings",
            Self::OtherModel => "other_model",
        }
    }

    /// The class of groups that such a link holds together; `None` for what is no copy.
    pub fn copy_class(self) -> Option<CopyClass> {
        match self {
            Self::SameBytes => Some(CopyClass::SameBytes),
            Self::SamePixels => Some(CopyClass::SamePixels),
            Self::ReEncode => Some(CopyClass::ReEncode),
            Self::Edited | Self::Upscaled => Some(CopyClass::Edited),
            Self::Candidate => Some(CopyClass::Candidate),
            Self::LookAlike | Self::SameSettings | Self::OtherModel => None,
        }
    }
}

impl From<CopyClass> for MatchClass {
    fn from(class: CopyClass) -> Self {
        match class {
            CopyClass::SameBytes => Self::SameBytes,
            CopyClass::SamePixels => Self::SamePixels,
            CopyClass::ReEncode => Self::ReEncode,
            CopyClass::Edited => Self::Edited,
            CopyClass::Candidate => Self::Candidate,
        }
    }
}

impl Serialize for MatchClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
