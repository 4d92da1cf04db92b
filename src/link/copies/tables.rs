//! What the groups were made of, in a form that is searched: the tables beside them in `near/`.
//!
//! - In: what can be compared. Out: which media may have anything to do with a look, and what is kept of a media.
//! - Never: a verdict. What is found here is read from the catalog and judged there.
//!
//! `blurs` holds the BlurHashes, `codes` the codes of pixels, `marks` all else: numbers that are equal for equal bytes
//! and pixels, which pictures are flat, and why a media has no BlurHash that compares. Each is as of a generation.

use std::collections::BTreeSet;
use std::path::Path;

use rayon::prelude::*;
use stemmata_index::near::blur::{BlurRecord, BlurSet, Digits};
use stemmata_index::near::codes::{Code, CodeSet};
use stemmata_index::near::store::{CodeRecord, Key, Opened, Record, Stamp, StoreError, Table};
use stemmata_index::near::{Aspect, Entry, Feature};

use super::reader::Unfit;
use super::{Gathered, Look, Reach, UnfitCounts};
use crate::catalog::MediaId;

/// The files.
pub(super) const NAMES: [&str; 3] = ["blurs", "codes", "marks"];

/// What a [`Mark`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    /// Its number is of the bytes.
    Content,
    /// Its number is of the pixels.
    Pixels,
    /// Its number is of the coded picture.
    Coded,
    /// The picture is flat.
    Flat,
    /// Its number is of the images that show the media, of which there are several.
    Shared,
    /// The BlurHash is not compared.
    Unfit(Unfit),
}

impl Says {
    const ALL: [Self; 10] = [
        Self::Content,
        Self::Pixels,
        Self::Coded,
        Self::Flat,
        Self::Shared,
        Self::Unfit(Unfit::Missing),
        Self::Unfit(Unfit::Malformed),
        Self::Unfit(Unfit::OtherGrid),
        Self::Unfit(Unfit::Flat),
        Self::Unfit(Unfit::KnownBad),
    ];

    fn code(self) -> u8 {
        let place = Self::ALL.iter().position(|says| *says == self);
        place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
    }
}

/// One thing said of a media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    says: Says,
    /// The first bytes of a hash, or a count; else zero.
    number: u64,
    media: u64,
}

impl Record for Mark {
    const KIND: [u8; 4] = *b"MARK";
    const BYTES: usize = 17;

    fn key(&self) -> Key {
        [self.media, u64::from(self.says.code())]
    }

    fn write(&self, row: &mut [u8]) {
        row[..8].copy_from_slice(&self.number.to_le_bytes());
        row[8..16].copy_from_slice(&self.media.to_le_bytes());
        row[16] = self.says.code();
    }

    fn read(row: &[u8]) -> Option<Self> {
        let (number, rest) = row.split_first_chunk()?;
        let (media, rest) = rest.split_first_chunk()?;
        let says = *Says::ALL.get(usize::from(*rest.first()?))?;
        Some(Self { says, number: u64::from_le_bytes(*number), media: u64::from_le_bytes(*media) })
    }
}

/// What is kept of some media.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rows {
    pub(super) blurs: Vec<BlurRecord>,
    pub(super) codes: Vec<CodeRecord<3>>,
    pub(super) marks: Vec<Mark>,
}

impl Rows {
    /// The rows of everything that was gathered. `None` where a feature is none of a BlurHash, which the table could not
    /// give back.
    pub(super) fn of(gathered: &Gathered) -> Option<Self> {
        let record =
            |entry: &Entry| Some(BlurRecord::new(entry.id, entry.aspect, Digits::of(&entry.feature)?));
        let mut rows = Self {
            blurs: gathered.compared.blurs.par_iter().map(record).collect::<Option<_>>()?,
            ..Self::default()
        };
        for look in gathered.compared.looks.all() {
            let id = look.media.get();
            rows.marks.extend(hashes(look).map(|(says, number)| Mark { says, number, media: id }));
            match look.comparable() {
                Some(fingerprint) => rows.codes.push(CodeRecord { code: Code(fingerprint.code()), id }),
                None => rows.marks.push(Mark { says: Says::Flat, number: 0, media: id }),
            }
        }
        let unfit = gathered.unfit.iter();
        rows.marks.extend(unfit.map(|(media, reason)| Mark {
            says: Says::Unfit(*reason),
            number: 0,
            media: *media,
        }));
        let shared = gathered.shared.iter();
        rows.marks.extend(shared.map(|(media, images)| Mark {
            says: Says::Shared,
            number: *images,
            media: *media,
        }));
        rows.sort();
        Some(rows)
    }

    fn sort(&mut self) {
        self.blurs.par_sort_unstable();
        self.codes.par_sort_unstable();
        self.marks.par_sort_unstable();
    }

    /// The rows of some of these media, which ascend.
    pub(super) fn among(&self, media: &[u64]) -> Self {
        let is_wanted = |id: u64| media.binary_search(&id).is_ok();
        Self {
            blurs: self.blurs.iter().filter(|row| is_wanted(row.id)).copied().collect(),
            codes: self.codes.iter().filter(|row| is_wanted(row.id)).copied().collect(),
            marks: self.marks.iter().filter(|row| is_wanted(row.media)).copied().collect(),
        }
    }

    /// What they look for.
    pub(super) fn sought(&self) -> Sought {
        Sought {
            blurs: self.blurs.iter().map(|row| (row.digits.feature(), row.aspect())).collect(),
            codes: self.codes.iter().map(|row| row.code).collect(),
            hashes: self.marks.iter().map(|mark| (mark.says, mark.number)).collect(),
        }
    }

    /// The media whose pictures are flat.
    pub(super) fn flat(&self) -> impl Iterator<Item = u64> + '_ {
        self.marks.iter().filter(|mark| mark.says == Says::Flat).map(|mark| mark.media)
    }

    /// The rows of both, each once.
    pub(super) fn joined(mut self, mut more: Self) -> Self {
        self.blurs.append(&mut more.blurs);
        self.codes.append(&mut more.codes);
        self.marks.append(&mut more.marks);
        self.sort();
        self.blurs.dedup();
        self.codes.dedup();
        self.marks.dedup();
        self
    }

    /// The media that have other rows in the other.
    pub(super) fn differing(&self, other: &Self) -> BTreeSet<u64> {
        fn left<'r, R: Record>(one: &'r [R], other: &'r [R]) -> impl Iterator<Item = u64> + use<'r, R> {
            one.iter().filter(|row| other.binary_search(row).is_err()).map(|row| row.key()[0])
        }
        let mut media: BTreeSet<u64> = BTreeSet::new();
        for (one, other) in [(self, other), (other, self)] {
            media.extend(left(&one.blurs, &other.blurs));
            media.extend(left(&one.codes, &other.codes));
            media.extend(left(&one.marks, &other.marks));
        }
        media
    }

    /// The BlurHashes, for a comparison.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let entry =
            |row: &BlurRecord| Entry { id: row.id, aspect: row.aspect(), feature: row.digits.feature() };
        self.blurs.iter().map(entry).collect()
    }

    fn counts(&self) -> TableCounts {
        TableCounts::of(self.blurs.len(), self.codes.len(), &self.marks)
    }

    /// Those that are not in the other, by what they are found by.
    fn keys_without(&self, kept: &Self) -> [Vec<Key>; 3] {
        fn left<R: Record>(old: &[R], new: &[R]) -> Vec<Key> {
            let kept: BTreeSet<Key> = new.iter().map(Record::key).collect();
            old.iter().map(Record::key).filter(|key| !kept.contains(key)).collect()
        }
        [left(&self.blurs, &kept.blurs), left(&self.codes, &kept.codes), left(&self.marks, &kept.marks)]
    }
}

/// The numbers of a look that are equal only for equal bytes or pixels.
fn hashes(look: &Look) -> impl Iterator<Item = (Says, u64)> + use<> {
    let [pixels, coded] = look.exact();
    let all = [(Says::Content, look.content), (Says::Pixels, pixels), (Says::Coded, coded)];
    all.into_iter().filter_map(|(says, hash)| {
        let [a, b, c, d, e, f, g, h, ..] = hash?;
        Some((says, u64::from_le_bytes([a, b, c, d, e, f, g, h])))
    })
}

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Sought {
    pub(super) blurs: Vec<(Feature, Aspect)>,
    pub(super) codes: Vec<Code<3>>,
    hashes: Vec<(Says, u64)>,
}

impl Sought {
    /// Everything that looks like one picture. What it looks like turned can be added to the codes.
    pub(super) fn like(look: &Look) -> Self {
        Self {
            blurs: look.blur.iter().cloned().collect(),
            codes: look.comparable().map(|fingerprint| Code(fingerprint.code())).into_iter().collect(),
            hashes: hashes(look).collect(),
        }
    }
}

/// How many media a set of tables has, by what is known of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::link) struct TableCounts {
    pub(in crate::link) by_blurhash: u64,
    pub(in crate::link) by_pixels: u64,
    pub(in crate::link) flat: u64,
    pub(in crate::link) unfit: UnfitCounts,
}

impl TableCounts {
    /// As tables of everything that was gathered would have.
    pub(in crate::link) fn of_gathered(Gathered { compared, unfit, .. }: &Gathered) -> Self {
        let looks = compared.looks.all();
        let flat = looks.iter().filter(|look| look.comparable().is_none()).count();
        Self {
            by_blurhash: compared.blurs.len() as u64,
            by_pixels: (looks.len() - flat) as u64,
            flat: flat as u64,
            unfit: unfit.iter().map(|(_, reason)| *reason).collect(),
        }
    }

    fn of(blurs: usize, codes: usize, marks: &[Mark]) -> Self {
        let reasons = marks.iter().filter_map(|mark| match mark.says {
            Says::Unfit(reason) => Some(reason),
            Says::Content | Says::Pixels | Says::Coded | Says::Flat | Says::Shared => None,
        });
        Self {
            by_blurhash: blurs as u64,
            by_pixels: codes as u64,
            flat: marks.iter().filter(|mark| mark.says == Says::Flat).count() as u64,
            unfit: reasons.collect(),
        }
    }

    fn joined(self, other: Self, join: fn(u64, u64) -> u64) -> Self {
        Self {
            by_blurhash: join(self.by_blurhash, other.by_blurhash),
            by_pixels: join(self.by_pixels, other.by_pixels),
            flat: join(self.flat, other.flat),
            unfit: self.unfit.joined(other.unfit, join),
        }
    }

    fn plus(self, other: Self) -> Self {
        self.joined(other, u64::saturating_add)
    }

    fn minus(self, other: Self) -> Self {
        self.joined(other, u64::saturating_sub)
    }
}

/// The tables, read.
#[derive(Debug)]
pub(super) struct Tables {
    generation: u64,
    blurs: BlurSet,
    codes: CodeSet<3>,
    marks: Vec<Mark>,
    files: (Table<BlurRecord>, Table<CodeRecord<3>>, Table<Mark>),
}

impl Tables {
    /// The tables of a folder; `None` where one is missing, or they are of different generations.
    pub(super) fn open(folder: &Path, algorithm: u32) -> Option<Self> {
        let path = |name: &str| folder.join(name);
        let [blurs, codes, marks] = NAMES;
        let ((blurs, codes), marks) = rayon::join(
            || {
                let blurs = || BlurSet::open(&path(blurs), algorithm).ok().flatten();
                rayon::join(blurs, || CodeSet::open(&path(codes), algorithm).ok().flatten())
            },
            || Table::<Mark>::open(&path(marks), algorithm).ok().flatten(),
        );
        let ((blurs, blur_file), (codes, code_file)) = blurs.zip(codes)?;
        let Opened { table: mark_file, records: marks } = marks?;
        let generation = blur_file.stamp().generation;
        let stamps = [code_file.stamp().generation, mark_file.stamp().generation];
        let files = (blur_file, code_file, mark_file);
        (stamps == [generation; 2]).then_some(Self { generation, blurs, codes, marks, files })
    }

    /// Writes the tables anew.
    pub(super) fn write(folder: &Path, rows: &Rows, stamp: Stamp) -> Result<(), StoreError> {
        let [blurs, codes, marks] = NAMES.map(|name| folder.join(name));
        Table::write(&blurs, stamp, &rows.blurs)?;
        Table::write(&codes, stamp, &rows.codes)?;
        Table::write(&marks, stamp, &rows.marks)?;
        Ok(())
    }

    /// Puts new rows of some media in the place of their old ones, on disk.
    pub(super) fn replace(self, old: &Rows, new: &Rows, generation: u64) -> Result<(), StoreError> {
        let (mut blurs, mut codes, mut marks) = self.files;
        let gone = old.keys_without(new);
        blurs.append(generation, &new.blurs, &gone[0])?;
        codes.append(generation, &new.codes, &gone[1])?;
        marks.append(generation, &new.marks, &gone[2])
    }

    /// The generation that they show.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// How many media there are of each kind.
    pub(super) fn counts(&self) -> TableCounts {
        TableCounts::of(self.blurs.len(), self.codes.len(), &self.marks)
    }

    /// As [`Self::counts`], with these new rows in the place of these old ones.
    pub(super) fn counts_with(&self, old: &Rows, new: &Rows) -> TableCounts {
        self.counts().plus(new.counts()).minus(old.counts())
    }

    /// The rows of these media, which ascend.
    pub(super) fn rows(&self, media: &[u64]) -> Rows {
        let is_wanted = |id: u64| media.binary_search(&id).is_ok();
        let codes = self.codes.rows().filter(|(_, id)| is_wanted(*id));
        let mut rows = Rows {
            blurs: self.blurs.records().filter(|row| is_wanted(row.id)).copied().collect(),
            codes: codes.map(|(code, id)| CodeRecord { code, id }).collect(),
            marks: self.marks.iter().filter(|mark| is_wanted(mark.media)).copied().collect(),
        };
        rows.sort();
        rows
    }

    /// The media that are shown by none of these, which ascend, or by more or fewer images than the tables say.
    pub(super) fn shown_otherwise(&self, shown: &[(MediaId, u64)]) -> BTreeSet<u64> {
        let images = |media: u64| {
            let place = shown.binary_search_by_key(&media, |(media, _)| media.get()).ok()?;
            Some(shown[place].1)
        };
        let media = self.blurs.records().map(|row| row.id).chain(self.codes.rows().map(|(_, id)| id));
        let media = media.chain(self.marks.iter().map(|mark| mark.media));
        let mut found: BTreeSet<u64> = media.filter(|media| images(*media).is_none()).collect();
        let from = self.marks.partition_point(|mark| mark.says < Says::Shared);
        let shared = self.marks[from..].iter().take_while(|mark| mark.says == Says::Shared);
        let had: BTreeSet<(u64, u64)> = shared.map(|mark| (mark.media, mark.number)).collect();
        let several = shown.iter().filter(|(_, images)| *images > 1);
        let has: BTreeSet<(u64, u64)> = several.map(|(media, images)| (media.get(), *images)).collect();
        found.extend(had.symmetric_difference(&has).map(|(media, _)| *media));
        found
    }

    /// The media that may be what is looked for: all that are, and others.
    pub(super) fn around(&self, sought: &Sought, reach: Reach) -> BTreeSet<u64> {
        let codes = self.codes.neighbours(&sought.codes, reach.bits);
        let blurs = sought.blurs.par_iter().map(|(feature, aspect)| {
            let hits = self.blurs.within(feature, *aspect, reach.blur);
            hits.into_iter().map(|hit| hit.id).collect::<Vec<u64>>()
        });
        let blurs: Vec<Vec<u64>> = blurs.collect();
        let mut found: BTreeSet<u64> = codes.into_iter().flatten().map(|hit| hit.id).collect();
        found.extend(blurs.into_iter().flatten());
        for (says, number) in &sought.hashes {
            let is_hash = matches!(says, Says::Content | Says::Pixels | Says::Coded);
            let from = self.marks.partition_point(|mark| (mark.says, mark.number) < (*says, *number));
            let equal =
                self.marks[from..].iter().take_while(|mark| (mark.says, mark.number) == (*says, *number));
            found.extend(equal.filter(|_| is_hash).map(|mark| mark.media));
        }
        found
    }
}
