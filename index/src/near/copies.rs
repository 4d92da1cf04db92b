//! Which pictures are copies of which, as it was last worked out: a table for those who count or search.
//!
//! - In: groups that somebody else judged, with the generation that they show.
//! - Out: the group of a picture, in memory or from a file.
//! - Never: a judgement of its own.

use std::path::Path;

use super::store::{Key, Opened, Record, Stamp, StoreError, Table};

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

/// Groups of copies. Groups of one class have no picture in common, unless somebody decided that two members of one are
/// no duplicates: then their representative is in both. A group of a weaker class may hold groups of stronger ones: where
/// it is the same, it is there once, with the strongest class.
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

    /// Writes them to a file, in place of what is there. A group without members is left out.
    ///
    /// `algorithm` is the caller's number for the way in which they were worked out.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`].
    pub fn save(&self, path: &Path, algorithm: u32) -> Result<(), StoreError> {
        let mut rows = Vec::with_capacity(self.places.len());
        for (group, copies) in (0_u32..).zip(&self.groups) {
            let members = (0_u32..).zip(&copies.members);
            rows.extend(members.map(|(place, &id)| Row { group, place, id, class: copies.class }));
        }
        Table::write(path, Stamp { generation: self.generation, algorithm }, &rows)?;
        Ok(())
    }

    /// The groups in a file; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: damaged, of another format, or of another algorithm than the caller's.
    pub fn open(path: &Path, algorithm: u32) -> Result<Option<Self>, StoreError> {
        let Some(Opened { table, records }) = Table::<Row>::open(path, algorithm)? else { return Ok(None) };
        let parts = records.chunk_by(|a, b| a.group == b.group);
        let groups = parts.map(|rows| CopyGroup {
            class: rows.iter().map(|row| row.class).max().unwrap_or(CopyClass::Candidate),
            members: rows.iter().map(|row| row.id).collect(),
        });
        Ok(Some(Self::new(table.stamp().generation, groups.collect())))
    }

    /// All groups.
    pub fn groups(&self) -> &[CopyGroup] {
        &self.groups
    }

    /// The widest group of a picture whose links were verified, else its group of candidates.
    pub fn group_of(&self, picture: u64) -> Option<&CopyGroup> {
        self.group_within(picture, CopyClass::Edited)
            .or_else(|| self.group_within(picture, CopyClass::Candidate))
    }

    /// The widest group of a picture that is held together by links at least as close as `weakest`.
    pub fn group_within(&self, picture: u64, weakest: CopyClass) -> Option<&CopyGroup> {
        let first = self.places.partition_point(|(member, _)| *member < picture);
        let places = self.places[first..].iter().take_while(|(member, _)| *member == picture);
        let groups = places.filter_map(|(_, group)| self.groups.get(*group as usize));
        // Of several of one class the first counts.
        groups
            .filter(|group| group.class <= weakest)
            .reduce(|widest, group| if group.class > widest.class { group } else { widest })
    }

    /// The picture that stands for this one among copies that are at least as close as `weakest`; itself where it has
    /// none.
    pub fn representative(&self, picture: u64, weakest: CopyClass) -> u64 {
        let group = self.group_within(picture, weakest);
        group.and_then(|group| group.members.first().copied()).unwrap_or(picture)
    }
}

/// One member of a group, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    group: u32,
    /// From 0, which stands for the group.
    place: u32,
    id: u64,
    class: CopyClass,
}

/// The classes by the numbers that stand for them in files. Only ever extended at its end.
const CLASSES: [CopyClass; 5] = [
    CopyClass::SameBytes,
    CopyClass::SamePixels,
    CopyClass::ReEncode,
    CopyClass::Edited,
    CopyClass::Candidate,
];

impl Record for Row {
    const KIND: [u8; 4] = *b"COPY";
    const BYTES: usize = 17;

    fn key(&self) -> Key {
        [self.group.into(), self.place.into()]
    }

    fn write(&self, row: &mut [u8]) {
        row[..4].copy_from_slice(&self.group.to_le_bytes());
        row[4..8].copy_from_slice(&self.place.to_le_bytes());
        row[8..16].copy_from_slice(&self.id.to_le_bytes());
        row[16] = self.class as u8;
    }

    fn read(row: &[u8]) -> Option<Self> {
        let (group, rest) = row.split_first_chunk()?;
        let (place, rest) = rest.split_first_chunk()?;
        let (id, rest) = rest.split_first_chunk()?;
        let class = *CLASSES.get(usize::from(*rest.first()?))?;
        let (group, place) = (u32::from_le_bytes(*group), u32::from_le_bytes(*place));
        Some(Self { group, place, id: u64::from_le_bytes(*id), class })
    }
}
