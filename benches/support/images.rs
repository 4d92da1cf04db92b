//! A catalogue and a vocabulary in, images as the site's listing shows them out.
//!
//! Images come in runs of 1 to 8 by one user, in one post, with the same resources and nearly the same
//! prompt. Every image can be drawn alone: nothing depends on what was drawn before.

use std::fmt::Write as _;
use std::ops::Range;

use super::blur::Blur;
use super::models::{Catalogue, PROSE_BASE};
use super::rng::{Rng, Zipf};
use super::wire::{self, Meta, Resource, SiteResource, Stats};
use super::words::NEGATIVE;
use super::{Plan, time};

/// Runs are laid out anew in each block of so many images, so that any image finds its run in a few steps.
const BLOCK: u64 = 64;
/// Most images in a run.
const MOST_IN_RUN: u64 = 8;
/// Tags that go together; long prompts repeat some.
const TAGS_IN_THEME: usize = 120;
/// Share of images that reuse the media of an earlier one.
const SHARED_MEDIA: f64 = 0.004;
/// Share of media that are near-copies of an earlier one.
const NEAR_COPIES: f64 = 0.05;
/// Share of runs whose generation data is null.
const NO_META: f64 = 0.12;
/// Share of LoRAs that the catalogue does not list.
const UNLISTED: f64 = 0.10;
/// Share of runs whose resources carry version ids.
const VERSION_IDS: f64 = 0.40;

const SAMPLERS: &[(&str, u64)] = &[
    ("Euler a", 30),
    ("DPM++ 2M Karras", 25),
    ("DPM++ SDE Karras", 12),
    ("Euler", 9),
    ("DPM++ 2M", 6),
    ("DPM++ 2M SDE Karras", 5),
    ("DDIM", 3),
    ("LCM", 3),
    ("DPM++ 3M SDE Exponential", 3),
    ("UniPC", 2),
    ("Heun", 1),
    ("DPM2 a Karras", 1),
];
const SIZES: &[((u64, u64), u64)] = &[
    ((832, 1216), 30),
    ((512, 768), 20),
    ((1024, 1024), 10),
    ((1216, 832), 10),
    ((768, 1152), 8),
    ((896, 1152), 6),
    ((1536, 2304), 6),
    ((512, 512), 6),
    ((1024, 1536), 4),
];
const LEVELS: &[((&str, u64), u64)] = &[(("None", 1), 6), (("Soft", 2), 3), (("Mature", 4), 1)];
const STEPS: &[u64] = &[20, 25, 28, 30, 35, 40, 50];
const GUIDANCE: &[f64] = &[3.5, 4.0, 5.0, 6.0, 7.0, 7.5, 9.0];
const LORAS_IN_RUN: &[u64] = &[0, 1, 1, 1, 2, 2, 2, 3, 4, 5];
const JOINTS: &[&str] = &[" with a ", " and ", " in the ", ", ", " of the ", " near "];

/// Everything that images draw from.
pub(crate) struct Gallery {
    plan: Plan,
    vocabulary: Vec<String>,
    vocabulary_rank: Zipf,
    users: Vec<String>,
    user_rank: Zipf,
    /// Tags that go together, as places in the vocabulary.
    themes: Vec<Vec<u32>>,
}

/// What the images of a run have in common.
struct Run<'a> {
    post: u64,
    user: &'a str,
    base: &'static str,
    checkpoint_version: u64,
    checkpoint_stem: &'a str,
    checkpoint_hash: String,
    loras: Vec<Lora<'a>>,
    tags: Vec<u32>,
    /// Whether every image of the run has the same prompt.
    fixed: bool,
    style: Style,
    style_seed: u64,
    negative: String,
    sampler: &'static str,
    steps: u64,
    guidance: f64,
    clip_skip: u64,
    tool_version: String,
    with_meta: bool,
    with_version_ids: bool,
}

/// How a prompt is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Tags,
    Prose,
}

/// A LoRA as a run uses it.
struct Lora<'a> {
    stem: &'a str,
    version: Option<u64>,
    /// Twelve digits in lower case.
    auto_v3: String,
    /// What `resources` says: the same, or ten digits of SHA-256.
    told: String,
    weight: f64,
}

impl Gallery {
    /// Prepares users and themes over a vocabulary; `words` name the users.
    pub(crate) fn new(plan: Plan, words: &[String], vocabulary: Vec<String>) -> Self {
        let vocabulary_rank = Zipf::new(vocabulary.len(), 1.02, 6.0);
        let mut rng = Rng::stream(plan.seed, "users", 0);
        let users: Vec<String> = (0..(plan.images / 30).max(50))
            .map(|_| format!("{}{}", words[rng.place(words.len())], rng.below(1000)))
            .collect();
        let user_rank = Zipf::new(users.len(), 0.8, 10.0);
        let themes = (0..(plan.images / 50).clamp(40, 20_000))
            .map(|theme| {
                let rng = &mut Rng::stream(plan.seed, "theme", theme);
                (0..TAGS_IN_THEME).map(|_| vocabulary_rank.draw(rng) as u32).collect()
            })
            .collect();
        Self { plan, vocabulary, vocabulary_rank, users, user_rank, themes }
    }

    /// Hands the images of `range`, as JSON objects without line ends, to `each` in order.
    pub(crate) fn draw(
        &self,
        catalogue: &Catalogue,
        range: Range<u64>,
        mut each: impl FnMut(wire::Image<'_>) -> serde_json::Result<()>,
    ) -> serde_json::Result<()> {
        let mut images = range;
        while let Some(first) = images.next() {
            let span = self.run_of(first);
            let run = self.run(catalogue, span.start);
            each(self.image(&run, first))?;
            for index in images.by_ref().take((span.end - first - 1) as usize) {
                each(self.image(&run, index))?;
            }
        }
        Ok(())
    }

    /// The image whose stored bytes image `index` shows: itself, or an earlier one.
    pub(crate) fn media_of(&self, mut index: u64) -> u64 {
        while let Some(earlier) = self.earlier("shared", SHARED_MEDIA, index) {
            index = earlier;
        }
        index
    }

    /// The media of which media `index` is a near-copy: itself, or an earlier one.
    pub(crate) fn picture_of(&self, mut index: u64) -> u64 {
        while let Some(earlier) = self.earlier("near-copy", NEAR_COPIES, index) {
            index = self.media_of(earlier);
        }
        index
    }

    fn earlier(&self, domain: &str, share: f64, index: u64) -> Option<u64> {
        let mut rng = Rng::stream(self.plan.seed, domain, index);
        (index > 0 && rng.chance(share)).then(|| rng.below(index))
    }

    /// The images of the run that holds image `index`.
    fn run_of(&self, index: u64) -> Range<u64> {
        let block = index / BLOCK;
        let mut rng = Rng::stream(self.plan.seed, "block", block);
        let block_end = ((block + 1) * BLOCK).min(self.plan.images.max(index + 1));
        let mut start = block * BLOCK;
        loop {
            let end = (start + rng.between(1, MOST_IN_RUN)).min(block_end);
            if index < end {
                return start..end;
            }
            start = end;
        }
    }

    fn run<'a>(&'a self, catalogue: &'a Catalogue, first: u64) -> Run<'a> {
        let rng = &mut Rng::stream(self.plan.seed, "run", first);
        let user = self.user_rank.draw(rng);
        let (model, version) = catalogue.checkpoint(rng);
        let style = if model.base == PROSE_BASE && rng.chance(0.7) { Style::Prose } else { Style::Tags };
        let count = (rng.gauss() * 0.55 + 2.9).exp().clamp(2.0, 140.0) as usize;
        Run {
            post: 200_000 + first,
            user: &self.users[user],
            base: model.base,
            checkpoint_version: version.id,
            checkpoint_stem: &version.primary().stem,
            checkpoint_hash: version.primary().hashes.auto_v2.to_ascii_lowercase(),
            loras: self.loras(catalogue, model.base, rng),
            tags: self.tags(user, count, rng),
            fixed: rng.chance(0.5),
            style,
            style_seed: rng.next_u64(),
            negative: self.negative(style, rng),
            sampler: rng.weighted(SAMPLERS),
            steps: rng.pick(STEPS),
            guidance: rng.pick(GUIDANCE),
            clip_skip: rng.between(1, 2),
            tool_version: format!("v1.{}.0", rng.between(4, 10)),
            with_meta: !rng.chance(NO_META),
            with_version_ids: rng.chance(VERSION_IDS),
        }
    }

    fn loras<'a>(&'a self, catalogue: &'a Catalogue, base: &str, rng: &mut Rng) -> Vec<Lora<'a>> {
        let ten_digits = rng.chance(0.3);
        let mut loras: Vec<Lora<'a>> = Vec::new();
        for _ in 0..rng.pick(LORAS_IN_RUN) {
            let weight = rng.between(2, 12) as f64 / 10.0;
            let listed = if rng.chance(UNLISTED) { None } else { catalogue.lora(base, rng) };
            let lora = match listed {
                Some((_, version)) => Lora::listed(version, ten_digits, weight),
                None => Lora::unlisted(catalogue.unlisted(rng), weight),
            };
            if loras.iter().all(|other| other.stem != lora.stem) {
                loras.push(lora);
            }
        }
        loras
    }

    /// Half of the tags from one of the user's few themes, half from the whole vocabulary.
    fn tags(&self, user: usize, count: usize, rng: &mut Rng) -> Vec<u32> {
        let theme = &self.themes[(user * 3 + rng.below(3) as usize) % self.themes.len()];
        (0..count)
            .map(|_| if rng.chance(0.5) { rng.pick(theme) } else { self.vocabulary_rank.draw(rng) as u32 })
            .collect()
    }

    fn negative(&self, style: Style, rng: &mut Rng) -> String {
        if style == Style::Prose && rng.chance(0.8) {
            return String::new();
        }
        let mut text = rng.pick(NEGATIVE).to_owned();
        if rng.chance(0.4) {
            for _ in 0..rng.between(1, 12) {
                text.push_str(", ");
                text.push_str(&self.vocabulary[self.vocabulary_rank.draw(rng)]);
            }
        }
        text
    }

    fn image<'a>(&self, run: &'a Run<'a>, index: u64) -> wire::Image<'a> {
        let rng = &mut Rng::stream(self.plan.seed, "image", index);
        let id = 1_000_000 + index * 7 + rng.below(7);
        let media = self.media_of(index);
        let picture = self.picture_of(media);
        let (width, height) = self.size(picture);
        let (nsfw_level, browsing_level) = rng.weighted(LEVELS);
        let listed = run.loras.iter().filter_map(|lora| lora.version);
        wire::Image {
            id,
            url: format!(
                "https://image.civitai.com/gEn3ratedByStemmata000/{key}/original=true/{key}.jpeg",
                key = self.media_key(media)
            ),
            hash: self.blur(media, picture),
            width,
            height,
            r#type: "image",
            nsfw: nsfw_level != "None",
            nsfw_level,
            browsing_level,
            created_at: time::created(index, self.plan.images, rng.below(3_600_000)),
            post_id: run.post,
            username: run.user,
            base_model: run.base,
            model_version_ids: std::iter::once(run.checkpoint_version).chain(listed).collect(),
            stats: Stats::draw(rng),
            meta: run.with_meta.then(|| self.meta(run, width, height, rng)),
        }
    }

    fn meta<'a>(&self, run: &'a Run<'a>, width: u64, height: u64, rng: &mut Rng) -> Meta<'a> {
        let checkpoint =
            Resource { name: run.checkpoint_stem, r#type: "model", weight: None, hash: &run.checkpoint_hash };
        let site_checkpoint =
            SiteResource { r#type: "checkpoint", weight: None, model_version_id: run.checkpoint_version };
        let site_resources =
            std::iter::once(site_checkpoint).chain(run.loras.iter().filter_map(Lora::on_site));
        let hashes = run.loras.iter().map(|lora| (format!("lora:{}", lora.stem), lora.auto_v3.as_str()));
        Meta {
            size: format!("{width}x{height}"),
            seed: rng.below(1 << 32),
            model: run.checkpoint_stem,
            steps: run.steps,
            sampler: run.sampler,
            cfg_scale: run.guidance,
            clip_skip: run.clip_skip,
            version: &run.tool_version,
            model_hash: &run.checkpoint_hash,
            prompt: self.prompt(run, rng),
            negative_prompt: &run.negative,
            hashes: std::iter::once(("model".to_owned(), run.checkpoint_hash.as_str()))
                .chain(hashes)
                .collect(),
            resources: std::iter::once(checkpoint).chain(run.loras.iter().map(Lora::as_resource)).collect(),
            civitai_resources: site_resources.filter(|_| run.with_version_ids).collect(),
        }
    }

    fn prompt(&self, run: &Run<'_>, rng: &mut Rng) -> String {
        let mut text = String::with_capacity(600);
        // The punctuation stays the same through a run even where a tag is replaced.
        let style = &mut Rng::stream(run.style_seed, "style", 0);
        for (place, tag) in run.tags.iter().enumerate() {
            let replaced = !run.fixed && rng.chance(0.12);
            let tag = if replaced { self.vocabulary_rank.draw(rng) } else { *tag as usize };
            if place > 0 {
                text.push_str(joint(run.style, style));
            }
            push_emphasised(&mut text, &self.vocabulary[tag], run.style, style.unit());
        }
        for lora in &run.loras {
            // Writing to a string cannot fail.
            let _ = write!(text, " <lora:{}:{}>", lora.stem, lora.weight);
        }
        text
    }

    fn size(&self, picture: u64) -> (u64, u64) {
        let run = self.run_of(picture).start;
        Rng::stream(self.plan.seed, "size", run).weighted(SIZES)
    }

    fn media_key(&self, media: u64) -> String {
        let hex = Rng::stream(self.plan.seed, "media", media).hex(32);
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    fn blur(&self, media: u64, picture: u64) -> String {
        let mut blur = Blur::draw(&mut Rng::stream(self.plan.seed, "blur", picture));
        if media != picture {
            blur.disturb(&mut Rng::stream(self.plan.seed, "disturb", media));
        }
        blur.to_text()
    }
}

impl<'a> Lora<'a> {
    fn listed(version: &'a super::models::Version, ten_digits: bool, weight: f64) -> Self {
        let file = version.primary();
        let auto_v3 = file.hashes.auto_v3.to_ascii_lowercase();
        let told = if ten_digits { file.hashes.auto_v2.to_ascii_lowercase() } else { auto_v3.clone() };
        Self { stem: &file.stem, version: Some(version.id), auto_v3, told, weight }
    }

    fn unlisted(lora: &'a super::models::Unlisted, weight: f64) -> Self {
        let auto_v3 = lora.auto_v3.clone();
        Self { stem: &lora.stem, version: None, told: auto_v3.clone(), auto_v3, weight }
    }

    fn as_resource(&self) -> Resource<'_> {
        Resource { name: self.stem, r#type: "lora", weight: Some(self.weight), hash: &self.told }
    }

    fn on_site(&self) -> Option<SiteResource> {
        let model_version_id = self.version?;
        Some(SiteResource { r#type: "lora", weight: Some(self.weight), model_version_id })
    }
}

fn joint(style: Style, rng: &mut Rng) -> &'static str {
    match style {
        Style::Prose => rng.pick(JOINTS),
        Style::Tags if rng.chance(0.03) => " BREAK ",
        Style::Tags => ", ",
    }
}

/// Appends a tag; in one of six cases with one of the four kinds of emphasis.
fn push_emphasised(text: &mut String, tag: &str, style: Style, point: f64) {
    let weight = 0.6 + (point * 90.0).floor() / 10.0;
    // Writing to a string cannot fail.
    let _ = match point {
        _ if style == Style::Prose => write!(text, "{tag}"),
        0.0..0.11 => write!(text, "({tag}:{weight:.1})"),
        0.11..0.14 => write!(text, "(({tag}))"),
        0.14..0.155 => write!(text, "[{tag}]"),
        0.155..0.17 => write!(text, "{{{tag}}}"),
        _ => write!(text, "{tag}"),
    };
}
