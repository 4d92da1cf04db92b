//! Groups that were brought up to date, held against groups from nothing, over random lives of a catalog.

use std::collections::BTreeMap;

use proptest::prelude::*;
use stemmata_index::near::Feature;
use stemmata_index::near::blur::Digits;

use super::super::folder::NearFolder;
use super::super::ground::Ground;
use super::super::reader::Unfit;
use super::super::similar::{SimilarOptions, SimilarQuery, SimilarReport, Turns, similar};
use super::super::verdict::tests::fingerprint;
use super::*;
use crate::catalog::{Access, Catalog, Looked, NewFingerprint};
use crate::entity::Timestamp;
use crate::link::duplicates::duplicates;

/// `"3,-2"` are the digits of the first two numbers, each worth 0.08.
fn decode(text: &str) -> Result<Feature, Unfit> {
    let (first, second) = text.split_once(',').ok_or(Unfit::Malformed)?;
    let mut waves = [0; 45];
    waves[0] = first.parse().map_err(|_| Unfit::OtherGrid)?;
    waves[1] = second.parse().map_err(|_| Unfit::Flat)?;
    Digits::new(waves, [128; 3], 82).map(|digits| digits.feature()).ok_or(Unfit::KnownBad)
}

/// What becomes of a catalog. Numbers choose among what is there.
#[derive(Clone, Debug)]
enum Step {
    /// A new image shows a new media.
    Add { blur: (i8, i8), is_bad: bool, size: u32 },
    /// A new image shows a media that is there.
    Repeat(usize),
    /// Somebody looks at the pixels of a media.
    See { media: usize, bits: (u8, u8), chroma: i8, is_flat: bool, hash: Option<u8>, is_preview: bool },
    /// The pixels of a media are forgotten.
    Forget(usize),
    /// An image shows another media from now on; what nothing shows is gone, and its number free.
    Replace { image: usize, blur: (i8, i8) },
    /// An image is no image any more.
    Hide(usize),
    /// More is known of an image, nothing of its look.
    Touch(usize),
    /// Somebody decides that two images are no duplicates.
    Decide(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let blur = || (-9..10_i8, prop_oneof![4 => Just(0_i8), 1 => -9..10_i8]);
    prop_oneof![
        6 => (blur(), prop::bool::weighted(0.1), 0..2_u32)
            .prop_map(|(blur, is_bad, size)| Step::Add { blur, is_bad, size }),
        1 => any::<usize>().prop_map(Step::Repeat),
        6 => (
            any::<usize>(),
            (0..64_u8, prop_oneof![3 => Just(0_u8), 1 => 0..64_u8]),
            -9..9_i8,
            prop::bool::weighted(0.1),
            prop::option::weighted(0.3, 0..3_u8),
            prop::bool::weighted(0.2),
        )
            .prop_map(|(media, bits, chroma, is_flat, hash, is_preview)| {
                Step::See { media, bits, chroma, is_flat, hash, is_preview }
            }),
        1 => any::<usize>().prop_map(Step::Forget),
        2 => (any::<usize>(), blur()).prop_map(|(image, blur)| Step::Replace { image, blur }),
        1 => any::<usize>().prop_map(Step::Hide),
        2 => any::<usize>().prop_map(Step::Touch),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Step::Decide(a, b)),
    ]
}

struct World {
    home: tempfile::TempDir,
    catalog: Catalog,
    /// The media of each image.
    images: BTreeMap<u64, u64>,
    /// How many things were ever named.
    named: u64,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let catalog = Catalog::open(&home.path().join("catalog.db"), Access::Write).expect("a new catalog");
        Self { home, catalog, images: BTreeMap::new(), named: 0 }
    }

    fn folder(&self) -> NearFolder {
        NearFolder::new(&self.home.path().join("near"))
    }

    fn reader(&self) -> LookReader<'_> {
        LookReader::new(&self.catalog, decode)
    }

    fn run(&self, sql: &str) {
        self.catalog.execute_for_tests(sql);
    }

    fn begin(&self) {
        self.run(
            "INSERT INTO generations (generation, at, stage, source, items)
             VALUES ((SELECT coalesce(max(generation), 0) + 1 FROM generations), 0, 'x', 'x', 0)",
        );
    }

    fn add_media(&mut self, text: &str, size: Option<u32>) -> u64 {
        self.named += 1;
        let size = size.map_or("NULL, NULL".to_owned(), |side| format!("{}, 768", 512 + 256 * side));
        let sql = format!(
            "INSERT INTO media (kind, identity, blurhash, width, height)
             VALUES (2, CAST('https://a.org/{}' AS BLOB), {text}, {size})",
            self.named
        );
        self.run(&sql);
        let name = crate::entity::MediaIdentity::Url(format!("https://a.org/{}", self.named));
        self.catalog.media_by_identity(&name).expect("reads").expect("is there").get()
    }

    fn add_image(&mut self, media: u64) {
        self.named += 1;
        let image = self.named;
        self.run(&format!(
            "INSERT INTO images (image, generation, added, media, dialects, meta_state) VALUES
                ({image}, (SELECT max(generation) FROM generations), 1, {media}, 2, 0)"
        ));
        self.images.insert(image, media);
    }

    fn image(&self, number: usize) -> Option<(u64, u64)> {
        self.images.iter().nth(number % self.images.len().max(1)).map(|(image, media)| (*image, *media))
    }

    /// Drops a media that nothing shows, as writers do.
    fn drop_unused(&self, media: u64) {
        self.run(&format!(
            "DELETE FROM fingerprints WHERE media = {media} AND NOT EXISTS (SELECT 1 FROM images
                WHERE media = {media});
             DELETE FROM media WHERE media = {media} AND NOT EXISTS (SELECT 1 FROM images
                WHERE media = {media})"
        ));
    }

    fn take(&mut self, step: &Step) {
        self.begin();
        let now = "generation = (SELECT max(generation) FROM generations)";
        match step {
            Step::Add { blur, is_bad, size } => {
                let text = format!("'{},{}'", blur.0, if *is_bad { 99 } else { blur.1 });
                let text = if *is_bad && blur.0 < 0 { "NULL".to_owned() } else { text };
                let media = self.add_media(&text, Some(*size));
                self.add_image(media);
            }
            Step::Repeat(number) => {
                if let Some((_, media)) = self.image(*number) {
                    self.add_image(media);
                }
            }
            Step::See { media, bits, chroma, is_flat, hash, is_preview } => {
                if let Some((_, media)) = self.image(*media) {
                    self.see(media, *bits, (*chroma, *is_flat), *hash, *is_preview);
                }
            }
            Step::Forget(number) => {
                if let Some((_, media)) = self.image(*number) {
                    self.run(&format!("DELETE FROM fingerprints WHERE media = {media}"));
                }
            }
            Step::Replace { image, blur } => {
                if let Some((image, old)) = self.image(*image) {
                    let media = self.add_media(&format!("'{},{}'", blur.0, blur.1), None);
                    self.run(&format!("UPDATE images SET media = {media}, {now} WHERE image = {image}"));
                    self.images.insert(image, media);
                    self.drop_unused(old);
                }
            }
            Step::Hide(number) => {
                if let Some((image, _)) = self.image(*number) {
                    self.run(&format!("UPDATE images SET same_as = image, {now} WHERE image = {image}"));
                    self.images.remove(&image);
                }
            }
            Step::Touch(number) => {
                if let Some((image, _)) = self.image(*number) {
                    self.run(&format!("UPDATE images SET username = 'a', {now} WHERE image = {image}"));
                }
            }
            Step::Decide(one, other) => {
                if let (Some((one, _)), Some((other, _))) = (self.image(*one), self.image(*other)) {
                    self.named += 1;
                    let id = self.named;
                    self.run(&format!(
                        r#"INSERT INTO decisions (id, line) VALUES ('d{id}', '{{"id":"d{id}","by":"a",
                            "at":"2024-01-01T00:00:00Z","what":"not_duplicate","images":[{one},{other}]}}')"#
                    ));
                }
            }
        }
    }

    fn see(
        &mut self,
        media: u64,
        bits: (u8, u8),
        (chroma, is_flat): (i8, bool),
        hash: Option<u8>,
        is_preview: bool,
    ) {
        let low = |bits: u8| (1_u64 << bits) - 1;
        let mut numbers = fingerprint([low(bits.0), low(bits.1), 0], chroma * 8, (512, 768));
        numbers.pixels = hash.map(|hash| [hash; 32]);
        numbers.coded = hash.filter(|hash| *hash == 0).map(|_| [9; 32]);
        if is_flat {
            numbers.contrast = 0;
        }
        let row = NewFingerprint {
            media: MediaId::new(media).expect("positive"),
            origin: if is_preview { PixelOrigin::Preview { width: 450 } } else { PixelOrigin::Original },
            file: None,
            content: hash.filter(|hash| *hash == 1).map(|hash| [hash; 32]),
            blurhash: Some(format!("{},0", bits.0 / 7)),
            looked: Looked::Seen(numbers),
            expires_at: None,
        };
        let at = Timestamp::from_millis(1).expect("a moment");
        self.catalog.write_fingerprints("x", "x", at, &[row]).expect("writes");
    }

    fn worked_out_anew(&self) -> Duplicates {
        let options = DuplicateOptions::default();
        duplicates(self.reader(), &options, &mut PairMemory::default(), &RunContext::quiet()).expect("groups")
    }

    /// What looks like each media, in all the ways in which one may ask.
    fn likenesses(&self, ground: &Ground<'_>) -> Vec<SimilarReport> {
        let mut all = Vec::new();
        let shown: Vec<u64> = self.images.values().copied().collect();
        for media in media_of(&shown.into_iter().collect()).take(6) {
            let look = self.reader().look(media).expect("reads");
            for (media, turns, bits) in [(Some(media), Turns::None, 48), (None, Turns::All, 100)] {
                let usual = SimilarOptions::default();
                let reach = Reach { bits, ..usual.reach };
                let query = SimilarQuery { look: look.clone(), media, target: None };
                let options = SimilarOptions { reach, turns, limit: 1000, ..usual };
                all.push(similar(ground, &query, options).expect("reads"));
            }
        }
        all
    }

    #[track_caller]
    fn check_ground(&self) {
        let by_tables = Ground::open(self.reader(), &self.folder()).expect("opens");
        let nowhere = NearFolder::new(&self.home.path().join("nowhere"));
        let by_all = Ground::open(self.reader(), &nowhere).expect("opens");
        assert_eq!(self.likenesses(&by_tables), self.likenesses(&by_all));
    }

    /// Brings the folder up to date, and holds it against groups from nothing; whether it was a part that was worked out.
    #[track_caller]
    fn check(&self) -> bool {
        self.check_ground();
        let (folder, quiet) = (self.folder(), RunContext::quiet());
        let updated = folder.brought_up_to_date(self.reader(), &quiet).expect("readable");
        let is_part = updated.is_some();
        let found = match updated {
            Some((found, kept)) => {
                kept.expect("writes");
                found
            }
            None => folder.up_to_date(self.reader(), &quiet).expect("groups").found,
        };
        let expected = self.worked_out_anew();
        assert_eq!(found.counts, expected.counts);
        assert_eq!(found.copies.groups(), expected.copies.groups());
        let (kept, state) = folder.current(&self.catalog).expect("readable").expect("current");
        assert_eq!((kept.groups(), state.counts), (expected.copies.groups(), expected.counts));
        self.check_ground();
        is_part
    }
}

#[test]
fn a_crash_at_any_file_leaves_the_former_groups_and_costs_only_time() {
    let mut world = World::new();
    for number in 0..6_i8 {
        world.take(&Step::Add { blur: (number, 0), is_bad: false, size: 0 });
    }
    assert!(!world.check());
    let former = world.folder().last().expect("groups").0;
    world.take(&Step::Add { blur: (0, 0), is_bad: false, size: 0 });
    // The tables were written, and nothing else.
    let tables = world.folder().tables(&world.catalog).expect("readable").expect("tables");
    let options = DuplicateOptions::default();
    let (copies, state) = world.folder().last().expect("groups");
    let quiet = RunContext::quiet();
    let updated = update(world.reader(), (&copies, state.counts), &tables, &options, &quiet).expect("groups");
    let Updated { found, old, new } = updated.expect("one image is a part");
    assert_ne!(found.copies.groups(), former.groups());
    tables.replace(&old, &new, found.copies.generation()).expect("writes");
    assert_eq!(world.folder().last().expect("groups").0, former);
    assert!(world.folder().tables(&world.catalog).expect("readable").is_none(), "of another generation");
    assert!(!world.check(), "from nothing");
    // The groups were written, and not the state.
    let former = world.folder().last().expect("groups").0;
    world.take(&Step::Add { blur: (1, 0), is_bad: false, size: 0 });
    let other = Copies::new(99, Vec::new());
    let near = world.home.path().join("near");
    let state = std::fs::read(near.join("state.json")).expect("is there");
    assert!(world.check());
    std::fs::write(near.join("state.json"), state).expect("writes");
    assert_eq!(world.folder().last().expect("groups").0, former);
    assert_ne!(former, other);
    assert!(!world.check(), "the tables are ahead");
}

proptest! {
    // Each case is the life of a catalog.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_part_worked_out_anew_gives_what_all_of_it_would(
        first in prop::collection::vec(step(), 0..30),
        rounds in prop::collection::vec(prop::collection::vec(step(), 0..4), 1..8),
    ) {
        let mut world = World::new();
        for step in &first {
            world.take(step);
        }
        world.check();
        for round in &rounds {
            for step in round {
                world.take(step);
            }
            let decided = round.iter().any(|step| matches!(step, Step::Decide(..)));
            let is_part = world.check();
            prop_assert!(is_part || decided, "{round:?}");
        }
    }
}
