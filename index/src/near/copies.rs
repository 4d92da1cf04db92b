//! Which pictures are copies of which, as it was last worked out: a table for those who count or search.
//!
//! - In: groups that somebody else judged, with the generation that they show.
//! - Out: the group of a picture, in memory or from a file.
//! - Never: a judgement of its own.

/// What is known of the kinship of the pictures of a group, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CopyClass {
    /// The same stored bytes.
    SameBytes,
    /// The same pixels under other metadata.
    SamePixels,
    /// Saved again or resized.
    ReEncode,
    /// Cropped, marked, bordered or recoloured.
    Edited,
    /// BlurHashes agree; nobody compared the pixels.
    Candidate,
}

/// Pictures that are copies of one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyGroup {
    /// The weakest link that holds it together.
    pub class: CopyClass,
    /// The caller's numbers of the pictures: the one that stands for the group first, then ascending.
    pub members: Vec<u64>,
}

/// Groups of copies, each picture in one at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    generation: u64,
    groups: Vec<CopyGroup>,
    /// Member and group, ascending.
    places: Vec<(u64, u32)>,
}

impl Copies {
    /// The groups as of a generation.
    pub fn new(generation: u64, groups: Vec<CopyGroup>) -> Self {
        let mut places: Vec<(u64, u32)> = Vec::new();
        for (number, group) in (0_u32..).zip(&groups) {
            places.extend(group.members.iter().map(|member| (*member, number)));
        }
        places.sort_unstable();
        Self { generation, groups, places }
    }

    /// The generation that the groups show.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// All groups.
    pub fn groups(&self) -> &[CopyGroup] {
        &self.groups
    }

    /// The group of a picture.
    pub fn group_of(&self, picture: u64) -> Option<&CopyGroup> {
        let place = self.places.binary_search_by_key(&picture, |(member, _)| *member).ok()?;
        self.groups.get(self.places[place].1 as usize)
    }

    /// The picture that stands for this one among copies that are at least as close as `weakest`; itself where it has
    /// none.
    pub fn representative(&self, picture: u64, weakest: CopyClass) -> u64 {
        let group = self.group_of(picture).filter(|group| group.class <= weakest);
        group.and_then(|group| group.members.first().copied()).unwrap_or(picture)
    }
}
