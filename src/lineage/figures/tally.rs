//! One pass over images: what was made with the versions of a scope, and how.

use std::collections::BTreeMap;

use rayon::slice::ParallelSliceMut as _;

use crate::catalog::Usage;
use crate::entity::{Evidence, VersionId};

use super::counts::{ByNumber, Counts, Numbers};
use super::habits::{Habits, Recent, Words, one_more, sum};
use super::links::Representatives;
use super::names::Names;
use super::reading::{Reading, Refusals, Said};
use super::spread::by_key;
use super::weeks::week_of;
use super::{Members, Period, Sighting};

/// How strong the evidence of images is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strength {
    /// Images by their strongest evidence, names included.
    pub evidence: BTreeMap<Evidence, u64>,
    /// Images by the class of that evidence, names included.
    pub classes: BTreeMap<&'static str, u64>,
    /// Images by the confidence of that evidence, in hundredths, names left out.
    pub confidence: BTreeMap<u8, u64>,
}

impl Strength {
    fn add(&mut self, said: &Said) {
        *self.evidence.entry(said.evidence).or_default() += 1;
        *self.classes.entry(said.class).or_default() += 1;
        if said.is_certain() {
            *self.confidence.entry(said.confidence.percent()).or_default() += 1;
        }
    }

    fn take(&mut self, other: Self) {
        for (key, count) in other.evidence {
            *self.evidence.entry(key).or_default() += count;
        }
        for (key, count) in other.classes {
            *self.classes.entry(key).or_default() += count;
        }
        for (key, count) in other.confidence {
            *self.confidence.entry(key).or_default() += count;
        }
    }
}

/// How many images of the scope say something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// A sampler.
    pub sampler: u64,
    /// Steps.
    pub steps: u64,
    /// A guidance scale.
    pub cfg: u64,
    /// A seed.
    pub seed: u64,
    /// A prompt of at least one chunk.
    pub prompt: u64,
    /// A negative prompt of at least one chunk.
    pub negative: u64,
    /// When they were made.
    pub created: u64,
    /// Their size.
    pub size: u64,
    /// Their owner.
    pub creator: u64,
    /// Another version.
    pub co_used: u64,
    /// A version that they were posted for; only where the tally counts all images that come.
    pub posted: u64,
}

impl Known {
    fn take(&mut self, other: Self) {
        for (mine, more) in [
            (&mut self.sampler, other.sampler),
            (&mut self.steps, other.steps),
            (&mut self.cfg, other.cfg),
            (&mut self.seed, other.seed),
            (&mut self.prompt, other.prompt),
            (&mut self.negative, other.negative),
            (&mut self.created, other.created),
            (&mut self.size, other.size),
            (&mut self.creator, other.creator),
            (&mut self.co_used, other.co_used),
            (&mut self.posted, other.posted),
        ] {
            *mine += more;
        }
    }
}

/// What was counted for one version of the scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionFigures {
    /// Images whose metadata names it.
    pub made_with: u64,
    /// How strong their evidence is, those by name included.
    pub strength: Strength,
    /// When the first of them was made, in milliseconds since 1970-01-01 UTC.
    pub first_ms: Option<i64>,
    /// When the last of them was made.
    pub last_ms: Option<i64>,
    /// Images by week, as [`super::week_of`] counts them.
    pub weeks: Counts<i64>,
    /// The bytes of its images, ascending, each once.
    pub media: Vec<u64>,
    /// How they were made; only where the tally compares versions.
    pub habits: Option<Box<Habits>>,
}

/// What a [`Tally`] counted. Numbers of texts are in alphabetical order, so that the same images give equal figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Images of the scope.
    pub images: u64,
    /// How strong their evidence is; those by name alone are in no other count.
    pub strength: Strength,
    /// By version of the scope; those without images are left out.
    pub versions: BTreeMap<VersionId, VersionFigures>,
    /// When the first image was made, in milliseconds since 1970-01-01 UTC.
    pub first_ms: Option<i64>,
    /// When the last one was made.
    pub last_ms: Option<i64>,
    /// Images by week.
    pub weeks: Counts<i64>,
    /// How they were made.
    pub habits: Habits,
    /// Weights of other versions, where written: the bits of each with its count.
    pub weights: ByNumber<VersionId, Counts<u64>>,
    /// Owners.
    pub creators: Counts<u32>,
    /// How many images say something.
    pub known: Known,
    /// Images that also name a resource that nothing explains.
    pub unresolved_images: u64,
    /// Such resources, by row number.
    pub unresolved: Counts<u64>,
    /// Seeds, ascending.
    pub seeds: Vec<i64>,
    /// The bytes of the images, ascending, each once.
    pub media: Vec<u64>,
    /// The images, ascending.
    pub keys: Vec<i64>,
    /// The texts behind the numbers.
    pub names: Names,
}

/// A count in progress, for all images or for a part of them.
#[derive(Clone, Debug)]
pub struct Tally<'a> {
    figures: Figures,
    scope: Option<Numbers<VersionId>>,
    compares: bool,
    period: Period,
    refused: Option<&'a Refusals>,
    reading: Reading,
    recent: Recent,
}

impl<'a> Tally<'a> {
    /// Begins to count.
    pub fn new(members: &Members, period: Period) -> Self {
        let scope = match members {
            Members::Versions(versions) => Some(versions.iter().copied().collect()),
            Members::All => None,
        };
        Self {
            figures: Figures::default(),
            scope,
            compares: false,
            period,
            refused: None,
            reading: Reading::default(),
            recent: Recent::default(),
        }
    }

    /// Takes the versions that people decided single images were not made with; they count as unexplained there.
    #[must_use]
    pub fn without(mut self, refused: &'a Refusals) -> Self {
        self.refused = Some(refused);
        self
    }

    /// Counts habits for each version too, so that versions can be compared.
    #[must_use]
    pub fn comparing(mut self) -> Self {
        self.compares = true;
        self
    }

    /// The texts behind the numbers that images come with.
    pub fn names(&mut self) -> &mut Names {
        &mut self.figures.names
    }

    /// Whether an image may be of the scope: it names a resource that may stand for one of its versions.
    pub fn concerns(&self, usage: &Usage<'_>, links: &Representatives) -> bool {
        let Some(scope) = &self.scope else { return true };
        usage.resources.iter().filter_map(|(resource, _)| links.get(resource)).any(|found| {
            scope.contains(&found.version) || found.rivals.iter().any(|rival| scope.contains(rival))
        })
    }

    /// The numbers of the chunks that were counted, ascending: those of prompts, and those of negative prompts.
    pub fn chunks(&self) -> (Vec<u32>, Vec<u32>) {
        let sorted =
            |counts: &Counts<u32>| by_key(counts).into_iter().map(|(number, _)| number).collect::<Vec<u32>>();
        (sorted(&self.figures.habits.prompt), sorted(&self.figures.habits.negative))
    }

    /// Says which numbers of [`Self::names`] the chunks have that came with numbers of somebody else.
    pub fn name_chunks(&mut self, prompt: &[(u32, u32)], negative: &[(u32, u32)]) {
        let (prompt, negative) = (table(prompt), table(negative));
        self.figures.habits.name_chunks(&prompt, &negative);
        for habits in self.figures.versions.values_mut().filter_map(|version| version.habits.as_mut()) {
            habits.name_chunks(&prompt, &negative);
        }
    }

    /// Counts one image. Every image that names a version of the scope must come, each once; others may.
    pub fn add(&mut self, sighting: &Sighting<'_>, posted: usize, links: &Representatives) {
        if !self.period.holds(sighting.usage.created_ms) {
            return;
        }
        let mut reading = std::mem::take(&mut self.reading);
        reading.read(&sighting.usage, links, self.refused);
        self.count(sighting, &reading.said, &reading.unexplained, posted);
        self.reading = reading;
    }

    fn count(&mut self, sighting: &Sighting<'_>, said: &[Said], unexplained: &[u64], posted: usize) {
        let belongs = |said: &&Said| self.scope.as_ref().is_none_or(|scope| scope.contains(&said.version));
        let strongest = said.iter().filter(belongs).min_by_key(|said| said.strength()).copied();
        if let Some(strongest) = strongest {
            self.figures.strength.add(&strongest);
        }
        if self.scope.is_some() && !strongest.is_some_and(|said| said.is_certain()) {
            self.count_names(said);
            return;
        }
        let words = self.recent.words(sighting, &mut self.figures.names);
        self.count_image(sighting, words, unexplained);
        self.figures.known.posted += u64::from(self.scope.is_none() && posted > 0);
        let is_own = |version| self.scope.as_ref().is_some_and(|scope| scope.contains(&version));
        let others: Vec<&Said> =
            said.iter().filter(|said| said.is_certain() && !is_own(said.version)).collect();
        self.figures.known.co_used += u64::from(!others.is_empty());
        for other in &others {
            self.figures.habits.add_companion(other.version);
            if let Some(weight) = other.weight {
                one_more(self.figures.weights.entry(other.version).or_default(), (weight + 0.0).to_bits());
            }
        }
        for own in said.iter().filter(|said| is_own(said.version)) {
            let figures = self.figures.versions.entry(own.version).or_default();
            figures.strength.add(own);
            if own.is_certain() {
                count_version(figures, sighting, self.compares.then_some((words, &others)));
            }
        }
    }

    /// Counts the versions of the scope that an image bears the name of, and nothing else of it.
    fn count_names(&mut self, said: &[Said]) {
        for named in said {
            if self.scope.as_ref().is_some_and(|scope| scope.contains(&named.version)) {
                self.figures.versions.entry(named.version).or_default().strength.add(named);
            }
        }
    }

    fn count_image(&mut self, sighting: &Sighting<'_>, words: Words, unexplained: &[u64]) {
        let (usage, figures) = (&sighting.usage, &mut self.figures);
        figures.images += 1;
        figures.habits.add(sighting, words);
        if let Some(username) = words.username {
            one_more(&mut figures.creators, username);
        }
        if let Some(created_ms) = usage.created_ms {
            figures.first_ms = figures.first_ms.into_iter().chain([created_ms]).min();
            figures.last_ms = figures.last_ms.max(Some(created_ms));
            one_more(&mut figures.weeks, week_of(created_ms));
        }
        figures.seeds.extend(usage.seed);
        figures.media.push(usage.media.cast_unsigned());
        figures.keys.push(usage.image.get());
        for resource in unexplained {
            one_more(&mut figures.unresolved, *resource);
        }
        figures.unresolved_images += u64::from(!unexplained.is_empty());
        figures.known.take(Known {
            sampler: u64::from(words.sampler.is_some()),
            steps: u64::from(usage.steps.is_some()),
            cfg: u64::from(usage.cfg.is_some_and(f64::is_finite)),
            seed: u64::from(usage.seed.is_some()),
            prompt: u64::from(!sighting.prompt.is_empty()),
            negative: u64::from(!sighting.negative.is_empty()),
            created: u64::from(usage.created_ms.is_some()),
            size: u64::from(usage.width.is_some() && usage.height.is_some()),
            creator: u64::from(words.username.is_some()),
            co_used: 0,
            posted: 0,
        });
    }

    /// Takes the counts of another part of the images.
    pub fn take(&mut self, other: Tally<'_>) {
        let (mine, other) = (&mut self.figures, other.figures);
        let now = mine.names.take(other.names);
        mine.images += other.images;
        mine.strength.take(other.strength);
        for (version, figures) in other.versions {
            take_version(mine.versions.entry(version).or_default(), figures, &now);
        }
        mine.first_ms = mine.first_ms.into_iter().chain(other.first_ms).min();
        mine.last_ms = mine.last_ms.max(other.last_ms);
        sum(&mut mine.weeks, other.weeks, |week| week);
        mine.habits.take(other.habits, &now);
        for (version, weights) in other.weights {
            sum(mine.weights.entry(version).or_default(), weights, |weight| weight);
        }
        sum(&mut mine.creators, other.creators, |name| now.get(name as usize).copied().unwrap_or(name));
        mine.known.take(other.known);
        mine.unresolved_images += other.unresolved_images;
        sum(&mut mine.unresolved, other.unresolved, |resource| resource);
        mine.seeds.extend(other.seeds);
        mine.media.extend(other.media);
        mine.keys.extend(other.keys);
    }

    /// The figures, in one order whatever the order of the images was.
    pub fn finish(self) -> Figures {
        let mut figures = self.figures;
        let now = figures.names.sort();
        figures.habits = figures.habits.renumbered(&now);
        let creators = figures.creators.into_iter();
        figures.creators = creators.map(|(name, count)| (now[name as usize], count)).collect();
        for version in figures.versions.values_mut() {
            version.habits = version.habits.take().map(|habits| Box::new(habits.renumbered(&now)));
            version.media.par_sort_unstable();
            version.media.dedup();
        }
        figures.seeds.par_sort_unstable();
        figures.media.par_sort_unstable();
        figures.media.dedup();
        figures.keys.par_sort_unstable();
        figures
    }
}

/// What each number is now, by number; `u32::MAX` stands for one that is not named.
fn table(named: &[(u32, u32)]) -> Vec<u32> {
    let most = named.iter().map(|(was, _)| *was as usize + 1).max().unwrap_or(0);
    let mut now = vec![u32::MAX; most];
    for (was, is) in named {
        now[*was as usize] = *is;
    }
    now
}

fn count_version(
    figures: &mut VersionFigures,
    sighting: &Sighting<'_>,
    habits: Option<(Words, &Vec<&Said>)>,
) {
    figures.made_with += 1;
    if let Some(created_ms) = sighting.usage.created_ms {
        figures.first_ms = figures.first_ms.into_iter().chain([created_ms]).min();
        figures.last_ms = figures.last_ms.max(Some(created_ms));
        one_more(&mut figures.weeks, week_of(created_ms));
    }
    figures.media.push(sighting.usage.media.cast_unsigned());
    if let Some((words, others)) = habits {
        let habits = figures.habits.get_or_insert_default();
        habits.add(sighting, words);
        for other in others {
            habits.add_companion(other.version);
        }
    }
}

fn take_version(mine: &mut VersionFigures, other: VersionFigures, now: &[u32]) {
    mine.made_with += other.made_with;
    mine.strength.take(other.strength);
    mine.first_ms = mine.first_ms.into_iter().chain(other.first_ms).min();
    mine.last_ms = mine.last_ms.max(other.last_ms);
    sum(&mut mine.weeks, other.weeks, |week| week);
    mine.media.extend(other.media);
    if let Some(habits) = other.habits {
        mine.habits.get_or_insert_default().take(*habits, now);
    }
}
