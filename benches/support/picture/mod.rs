//! A seed in, picture files with known relations out.
//!
//! Every prompt gives a base picture and, mostly, variants of it: these belong together. Beside them it gives pictures
//! that only look alike: the same composition with things moved (`hn_seed`), in other colours (`hn_color`), or another
//! subject before the same background (`hn_obj`). Two files are copies of one another exactly if they have the same
//! `group`. Anything is drawn from its own stream, so the same numbers give the same files in any order and number.

pub(crate) mod canvas;
pub(crate) mod scene;
pub(crate) mod store;
pub(crate) mod variant;

use std::io::Result;

use image::RgbImage;
use serde::Serialize;

use crate::rng::Rng;
use scene::{Recipe, has_subject, render};
use store::{JpegPlan, jpeg, png, webp};
use variant::{KINDS, variant};

/// Sides of base pictures with their weights: those of Stable Diffusion, in its usual shares.
const SIZES: &[((u32, u32), u64)] = &[
    ((512, 768), 20),
    ((768, 512), 6),
    ((512, 512), 10),
    ((832, 1216), 26),
    ((1216, 832), 10),
    ((1024, 1024), 14),
    ((1536, 2304), 7),
    ((896, 1152), 7),
];

/// What to make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Variants of a base picture that has any.
    pub(crate) variants: usize,
    /// Share of base pictures that have variants.
    pub(crate) varied: f64,
    /// Pictures of the same prompt with things moved.
    pub(crate) takes: u64,
    /// See [`Recipe::grain`].
    pub(crate) grain: f64,
    /// Percent of the usual sides; 100 but for quick tests.
    pub(crate) scale_percent: u32,
}

/// One line of the labels.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Label {
    /// Path below the folder.
    pub(crate) file: String,
    /// Files of one group are copies of one another.
    pub(crate) group: String,
    /// `base`, a kind of variant, or `hn_seed`, `hn_color`, `hn_obj`.
    pub(crate) kind: &'static str,
    /// Pictures of one prompt that are not of one group are the hard negatives.
    pub(crate) prompt: u64,
    pub(crate) seed: u64,
    pub(crate) fmt: &'static str,
    /// Quality of a JPEG.
    pub(crate) q: Option<u8>,
    pub(crate) w: u32,
    pub(crate) h: u32,
    pub(crate) bytes: u64,
}

/// One file.
pub(crate) struct Made {
    pub(crate) label: Label,
    pub(crate) bytes: Vec<u8>,
}

/// All files of one prompt, the base picture first.
pub(crate) fn make(plan: &Plan, prompt: u64) -> Result<Vec<Made>> {
    let mut rng = Rng::stream(plan.seed, "job", prompt);
    let (width, height) = rng.weighted(SIZES);
    let side = |pixels: u32| (pixels * plan.scale_percent / 100).max(64);
    let (width, height) = (side(width), side(height));
    let base =
        Recipe { seed: plan.seed, prompt, take: 0, palette: 0, subject: 0, width, height, grain: plan.grain };
    let mut made = Vec::new();
    let picture = render(&base);
    let own = format(&mut rng);
    let quality = rng.pick(&[90, 95]);
    let copies = |kind| Label::new(prompt, kind, format!("p{prompt:05}t0"), 0);
    made.push(store(&picture, copies("base"), own, quality)?);
    if rng.chance(plan.varied) {
        let mut kinds = KINDS.to_vec();
        for _ in 0..plan.variants.min(KINDS.len()) {
            let kind = kinds.remove(rng.place(kinds.len()));
            let changed = variant(&picture, kind, &mut rng);
            let (fmt, quality) = stored_as(kind, own, changed.quality, &mut rng);
            made.push(store(&changed.picture, copies(kind), fmt, quality)?);
        }
    }
    let mut look_alike = |kind, recipe: Recipe, group: String| {
        let fmt = format(&mut rng);
        store(&render(&recipe), Label::new(prompt, kind, group, recipe.take), fmt, 92)
    };
    for take in 1..=plan.takes {
        made.push(look_alike("hn_seed", Recipe { take, ..base }, format!("p{prompt:05}t{take}"))?);
    }
    if prompt.is_multiple_of(2) || !has_subject(plan.seed, prompt) {
        made.push(look_alike("hn_color", Recipe { palette: 1, ..base }, format!("p{prompt:05}c1"))?);
    } else {
        made.push(look_alike("hn_obj", Recipe { subject: 1, ..base }, format!("p{prompt:05}o1"))?);
    }
    Ok(made)
}

fn format(rng: &mut Rng) -> &'static str {
    rng.weighted(&[("jpg", 60), ("png", 34), ("webp", 6)])
}

/// Format and quality of a variant: those of the kind, else mostly those of the base picture.
fn stored_as(kind: &str, base: &'static str, quality: Option<u8>, rng: &mut Rng) -> (&'static str, u8) {
    let others: Vec<&'static str> =
        ["jpg", "png", "webp"].into_iter().filter(|other| *other != base).collect();
    let fmt = match (kind, quality) {
        (_, Some(_)) => "jpg",
        ("format", None) => rng.pick(&others),
        _ => rng.weighted(&[(base, 5), ("jpg", 4), ("webp", 1)]),
    };
    (fmt, quality.unwrap_or_else(|| rng.pick(&[85, 90, 92])))
}

fn store(picture: &RgbImage, mut label: Label, fmt: &'static str, quality: u8) -> Result<Made> {
    let bytes = match fmt {
        "jpg" => jpeg(picture, JpegPlan::usual(quality))?,
        "png" => png(picture)?,
        _ => webp(picture)?,
    };
    label.file = format!("{:02}/{}_{}.{fmt}", label.prompt % 50, label.group, label.kind);
    label.q = (fmt == "jpg").then_some(quality);
    (label.fmt, label.w, label.h, label.bytes) = (fmt, picture.width(), picture.height(), bytes.len() as u64);
    Ok(Made { label, bytes })
}

impl Label {
    fn new(prompt: u64, kind: &'static str, group: String, seed: u64) -> Self {
        Self { file: String::new(), group, kind, prompt, seed, fmt: "", q: None, w: 0, h: 0, bytes: 0 }
    }
}
