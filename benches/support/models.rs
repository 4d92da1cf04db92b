//! A seed and a number of versions in, a catalogue of models out, as the site lists them.

use serde::Serialize;

use super::rng::{Rng, Zipf};
use super::time;
use super::words::invented;

/// Base models, by how much is published for them.
const BASES: &[(&str, u64)] = &[
    ("SD 1.5", 30),
    ("Pony", 20),
    ("SDXL 1.0", 18),
    ("Illustrious", 16),
    ("Flux.1 D", 10),
    ("NoobAI", 4),
    ("SD 3.5", 1),
    ("Other", 1),
];

const TOPICS: &[&str] =
    &["style", "landscape", "photorealistic", "animal", "building", "clothing", "tool", "base model"];

/// The base model whose users write sentences, not tags.
pub(crate) const PROSE_BASE: &str = "Flux.1 D";

/// The first model id and the first version id.
const FIRST_MODEL: u64 = 500;
const FIRST_VERSION: u64 = 1000;

/// All that is published.
pub(crate) struct Catalogue {
    /// Models by ascending id; version ids ascend through them.
    pub(crate) models: Vec<Model>,
    checkpoints: Ranked,
    /// One a base model, in the order of [`BASES`].
    loras: Vec<Ranked>,
    /// LoRAs that people use and nobody published here.
    pub(crate) unlisted: Vec<Unlisted>,
    unlisted_rank: Zipf,
}

/// One published resource.
pub(crate) struct Model {
    /// The site's number.
    pub(crate) id: u64,
    /// Its title.
    pub(crate) name: String,
    /// Checkpoint or LoRA.
    pub(crate) kind: Kind,
    /// Its base model, the same for all its versions.
    pub(crate) base: &'static str,
    /// Who published it.
    pub(crate) creator: String,
    topic: &'static str,
    /// Its releases, 1 to 4, oldest first.
    pub(crate) versions: Vec<Version>,
}

/// What a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole model.
    Checkpoint,
    /// An addition to one.
    Lora,
}

/// One release of a model.
pub(crate) struct Version {
    /// The site's number.
    pub(crate) id: u64,
    name: String,
    /// Its files, 1 or 2, the primary first.
    pub(crate) files: Vec<File>,
}

/// One file of a release.
pub(crate) struct File {
    /// Its name without the extension.
    pub(crate) stem: String,
    kilobytes: u64,
    /// Its hashes.
    pub(crate) hashes: Hashes,
}

/// The six hashes of a file, in upper case as the site serves them.
#[derive(Serialize)]
pub(crate) struct Hashes {
    /// Eight digits.
    #[serde(rename = "AutoV1")]
    pub(crate) auto_v1: String,
    /// The first ten digits of `sha256`.
    #[serde(rename = "AutoV2")]
    pub(crate) auto_v2: String,
    /// 64 digits.
    #[serde(rename = "SHA256")]
    pub(crate) sha256: String,
    /// Eight digits.
    #[serde(rename = "CRC32")]
    pub(crate) crc32: String,
    /// 64 digits.
    #[serde(rename = "BLAKE3")]
    pub(crate) blake3: String,
    /// Twelve digits.
    #[serde(rename = "AutoV3")]
    pub(crate) auto_v3: String,
}

/// A LoRA that no catalogue lists.
pub(crate) struct Unlisted {
    /// File name without the extension.
    pub(crate) stem: String,
    /// Twelve digits in lower case.
    pub(crate) auto_v3: String,
}

/// Places of versions, the most used first.
struct Ranked {
    places: Vec<(usize, usize)>,
    law: Zipf,
}

impl Ranked {
    fn new(places: Vec<(usize, usize)>, exponent: f64, shift: f64) -> Self {
        let law = Zipf::new(places.len(), exponent, shift);
        Self { places, law }
    }

    fn draw(&self, rng: &mut Rng) -> Option<(usize, usize)> {
        self.places.get(self.law.draw(rng)).copied()
    }
}

impl Catalogue {
    /// Publishes exactly `versions` versions, at least one; the first model is a checkpoint.
    pub(crate) fn new(seed: u64, versions: u64) -> Self {
        let mut models = Vec::new();
        let mut left = versions.max(1);
        let mut version_id = FIRST_VERSION;
        while left > 0 {
            let model = Model::draw(seed, models.len() as u64, left, &mut version_id);
            left -= model.versions.len() as u64;
            models.push(model);
        }
        let places = |wanted: &dyn Fn(&Model) -> bool| -> Vec<(usize, usize)> {
            (0..)
                .zip(&models)
                .filter(|(_, model)| wanted(model))
                .flat_map(|(place, model)| (0..model.versions.len()).map(move |release| (place, release)))
                .collect()
        };
        let checkpoints = Ranked::new(places(&|model| model.kind == Kind::Checkpoint), 1.0, 3.0);
        let loras = BASES
            .iter()
            .map(|(base, _)| places(&|model| model.kind == Kind::Lora && model.base == *base))
            .map(|places| Ranked::new(places, 0.95, 5.0))
            .collect();
        let unlisted: Vec<Unlisted> = (0..(versions / 5).max(3))
            .map(|index| Unlisted::draw(&mut Rng::stream(seed, "unlisted", index)))
            .collect();
        let unlisted_rank = Zipf::new(unlisted.len(), 0.9, 5.0);
        Self { models, checkpoints, loras, unlisted, unlisted_rank }
    }

    /// The same catalogue, where everybody uses one checkpoint: the one with the most versions, then the first.
    #[must_use]
    pub(crate) fn of_one_checkpoint(mut self) -> Self {
        let releases = |place: usize| self.models[place].versions.len();
        let checkpoints = (0..self.models.len()).filter(|place| self.models[*place].kind == Kind::Checkpoint);
        let favourite = checkpoints.min_by_key(|place| (std::cmp::Reverse(releases(*place)), *place));
        let places =
            favourite.into_iter().flat_map(|place| (0..releases(place)).map(move |release| (place, release)));
        self.checkpoints = Ranked::new(places.collect(), 1.0, 3.0);
        self
    }

    /// A checkpoint's version, by popularity.
    pub(crate) fn checkpoint(&self, rng: &mut Rng) -> (&Model, &Version) {
        let (model, release) = self.checkpoints.draw(rng).unwrap_or_default();
        self.at(model, release)
    }

    /// A LoRA's version for `base`, by popularity; `None` when nobody published one.
    pub(crate) fn lora(&self, base: &str, rng: &mut Rng) -> Option<(&Model, &Version)> {
        let group = BASES.iter().position(|(name, _)| *name == base)?;
        let (model, release) = self.loras[group].draw(rng)?;
        Some(self.at(model, release))
    }

    /// A LoRA that is not in the catalogue, by popularity.
    pub(crate) fn unlisted(&self, rng: &mut Rng) -> &Unlisted {
        &self.unlisted[self.unlisted_rank.draw(rng)]
    }

    fn at(&self, model: usize, release: usize) -> (&Model, &Version) {
        let model = &self.models[model];
        (model, &model.versions[release])
    }
}

impl Model {
    fn draw(seed: u64, index: u64, most_versions: u64, next_version: &mut u64) -> Self {
        let rng = &mut Rng::stream(seed, "model", index);
        let kind = if index == 0 || rng.chance(0.2) { Kind::Checkpoint } else { Kind::Lora };
        let name = format!("{} {}", invented(rng), invented(rng));
        let base = rng.weighted(BASES);
        let creator = format!("{}{}", invented(rng), rng.below(100));
        let topic = rng.pick(TOPICS);
        let versions = (1..=rng.between(1, 4).min(most_versions))
            .map(|release| {
                *next_version += 1 + rng.below(4);
                Version::draw(rng, *next_version, release, &name, kind)
            })
            .collect();
        Self { id: FIRST_MODEL + index, name, kind, base, creator, topic, versions }
    }

    /// The model as one item of the site's listing, without a line end.
    pub(crate) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&wire::Model::from(self))
    }
}

impl Version {
    fn draw(rng: &mut Rng, id: u64, release: u64, title: &str, kind: Kind) -> Self {
        let stem = format!("{}_v{release}", title.replace(' ', "_"));
        let name = format!("v{release}.{}", rng.below(10));
        let files = ["", "_pruned"].iter().take(rng.between(1, 2) as usize);
        let files = files.map(|suffix| File::draw(rng, format!("{stem}{suffix}"), kind)).collect();
        Self { id, name, files }
    }

    /// The file that people use.
    pub(crate) fn primary(&self) -> &File {
        &self.files[0]
    }
}

impl File {
    fn draw(rng: &mut Rng, stem: String, kind: Kind) -> Self {
        let kilobytes = match kind {
            Kind::Checkpoint => rng.between(2_000_000, 7_000_000),
            Kind::Lora => rng.between(9_000, 900_000),
        };
        Self { stem, kilobytes, hashes: Hashes::draw(rng) }
    }
}

impl Hashes {
    fn draw(rng: &mut Rng) -> Self {
        let mut digits = |count| rng.hex(count).to_ascii_uppercase();
        let sha256 = digits(64);
        let auto_v2 = sha256[..10].to_owned();
        Self {
            auto_v1: digits(8),
            auto_v2,
            crc32: digits(8),
            blake3: digits(64),
            auto_v3: digits(12),
            sha256,
        }
    }
}

impl Unlisted {
    fn draw(rng: &mut Rng) -> Self {
        let stem = format!("{}_{}_{}", invented(rng), invented(rng), rng.below(100));
        Self { stem, auto_v3: rng.hex(12) }
    }
}

/// The site's JSON.
mod wire {
    use serde::Serialize;

    use super::{Hashes, Kind, time};

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    pub(super) struct Model<'a> {
        id: u64,
        name: &'a str,
        r#type: &'static str,
        nsfw: bool,
        nsfw_level: u32,
        availability: &'static str,
        allow_no_credit: bool,
        allow_commercial_use: [&'static str; 1],
        allow_derivatives: bool,
        allow_different_license: bool,
        stats: Stats,
        creator: Creator<'a>,
        tags: [&'static str; 1],
        model_versions: Vec<Version<'a>>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Stats {
        download_count: u64,
        thumbs_up_count: u64,
    }

    #[derive(Serialize)]
    struct Creator<'a> {
        username: &'a str,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Version<'a> {
        id: u64,
        name: &'a str,
        base_model: &'static str,
        published_at: String,
        trained_words: Vec<&'a str>,
        files: Vec<File<'a>>,
        images: [(); 0],
        download_url: String,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct File<'a> {
        id: u64,
        name: String,
        r#type: &'static str,
        #[serde(rename = "sizeKB")]
        size_kb: u64,
        hashes: &'a Hashes,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        primary: bool,
    }

    impl<'a> From<&'a super::Model> for Model<'a> {
        fn from(model: &'a super::Model) -> Self {
            Self {
                id: model.id,
                name: &model.name,
                r#type: match model.kind {
                    Kind::Checkpoint => "Checkpoint",
                    Kind::Lora => "LORA",
                },
                nsfw: false,
                nsfw_level: 1,
                availability: "Public",
                allow_no_credit: true,
                allow_commercial_use: ["Image"],
                allow_derivatives: true,
                allow_different_license: true,
                stats: Stats { download_count: 1_000_000 / model.id, thumbs_up_count: 80_000 / model.id },
                creator: Creator { username: &model.creator },
                tags: [model.topic],
                model_versions: model.versions.iter().map(|version| version_of(model, version)).collect(),
            }
        }
    }

    fn version_of<'a>(model: &'a super::Model, version: &'a super::Version) -> Version<'a> {
        let words = (model.kind == Kind::Lora).then(|| model.name.split(' ').next()).flatten();
        Version {
            id: version.id,
            name: &version.name,
            base_model: model.base,
            published_at: time::published(version.id),
            trained_words: words.into_iter().collect(),
            files: (0..).zip(&version.files).map(|(place, file)| file_of(version.id, place, file)).collect(),
            images: [],
            download_url: format!("https://civitai.com/api/download/models/{}", version.id),
        }
    }

    fn file_of(version: u64, place: u64, file: &super::File) -> File<'_> {
        File {
            id: version * 10 + place,
            name: format!("{}.safetensors", file.stem),
            r#type: if place == 0 { "Model" } else { "Pruned Model" },
            size_kb: file.kilobytes,
            hashes: &file.hashes,
            primary: place == 0,
        }
    }
}
