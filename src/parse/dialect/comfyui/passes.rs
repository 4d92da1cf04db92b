//! Sampling passes: found by the names of their inputs, in the order in which they ran.

use std::collections::BTreeSet;

use crate::entity::{canonical_sampler, canonical_scheduler};

use super::graph::{Input, Link, Node};
use super::live::Live;
use super::walk::{Found, MAX_CHAIN, Scalar, Walk, Want};

/// Most passes of one graph that are looked at.
const MAX_PASSES: usize = 64;

/// What a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// From noise to the first picture.
    Base,
    /// From a picture that was loaded.
    Img2Img,
    /// From a loaded picture and a mask.
    Inpaint,
    /// The rest of the steps of another pass.
    Refiner,
    /// Over an enlarged result of another pass.
    Hires,
    /// Over a part of a picture.
    Detailer,
    /// Over an enlarged picture, tile by tile.
    Tiled,
}

impl Role {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Img2Img => "img2img",
            Self::Inpaint => "inpaint",
            Self::Refiner => "refiner",
            Self::Hires => "hires",
            Self::Detailer => "detailer",
            Self::Tiled => "tiled",
        }
    }
}

/// One sampling pass and its settings.
#[derive(Debug)]
pub(super) struct Pass {
    /// The sampler node.
    pub(super) node: usize,
    pub(super) role: Role,
    pub(super) seed: Option<Found>,
    pub(super) steps: Option<Found>,
    pub(super) cfg: Option<Found>,
    pub(super) sampler: Option<Found>,
    pub(super) scheduler: Option<Found>,
    pub(super) denoise: Option<Found>,
    pub(super) width: Option<Found>,
    pub(super) height: Option<Found>,
}

/// Inputs that take the picture or latent that a pass starts from.
const STARTS: [&str; 14] = [
    "latent_image",
    "samples",
    "latent",
    "latents",
    "optional_latent",
    "upscaled_latent",
    "latent_image1",
    "pixels",
    "image",
    "images",
    "destination",
    "start_image",
    "source",
    "input",
];

const LATENTS: [&str; 6] = ["latent_image", "latent", "samples", "latents", "optional_latent", "image"];

const BUNDLES: [&str; 6] =
    ["basic_pipe", "pipe", "sdxl_tuple", "detailer_pipe", "context", "base_basic_pipe"];

impl<'a> Walk<'_, 'a> {
    /// The passes among the live nodes; the one that speaks for the picture is the first.
    pub(super) fn passes(&self, live: &Live) -> Vec<Pass> {
        let is_sampler = |at: &usize| self.node(*at).is_some_and(|node| self.is_sampler(*at, node, live));
        let found: Vec<usize> = live.nodes.iter().copied().filter(is_sampler).take(MAX_PASSES).collect();
        let known: BTreeSet<usize> = found.iter().copied().collect();
        let before: Vec<BTreeSet<usize>> = found
            .iter()
            .map(|at| self.ancestors(&[*at]).nodes.intersection(&known).copied().collect())
            .collect();
        let mut passes: Vec<(usize, usize, Pass)> = Vec::new();
        for (at, mine) in found.iter().zip(&before) {
            let Some(node) = self.node(*at) else { continue };
            let after = before.iter().filter(|others| others.contains(at)).count();
            passes.push((mine.len(), after, self.pass(*at, node, &known)));
        }
        // A first pass comes before those that build on it; of several, the one that most others build on.
        let is_part = |role: Role| role >= Role::Refiner;
        passes.sort_by_key(|(before, after, pass)| {
            (is_part(pass.role), *before, std::cmp::Reverse(*after), pass.role, pass.node)
        });
        passes.into_iter().map(|(_, _, pass)| pass).collect()
    }

    fn is_sampler(&self, at: usize, node: &Node<'a>, live: &Live) -> bool {
        // What writes files may repeat all settings, but nobody takes anything from it. Some samplers write their files
        // themselves.
        let is_taken =
            live.taken.range(Link { node: at, slot: 0 }..).next().is_some_and(|link| link.node == at);
        if !(is_taken || node.class_has("ksampler")) || node.class_has("save") {
            return false;
        }
        let has = |name: &str| node.has(name);
        let linked = |names: &[&str]| names.iter().any(|name| node.link(name).is_some());
        if has("sigmas") && has("sampler") && (has("guider") || has("positive")) {
            return true;
        }
        let settings = ["steps", "cfg", "sampler_name", "scheduler", "positive", "negative", "latent_image"];
        let count = settings.iter().filter(|name| has(name)).count();
        let count = count.saturating_add(usize::from(has("seed") || has("noise_seed")));
        let is_loader = has("ckpt_name") || has("sampler") && has("sigmas");
        let takes_model = linked(&["model", "MODEL", "base_model", "unet"]);
        let is_whole = has("steps") && has("cfg") && has("sampler_name");
        // A guider has everything but the steps.
        let runs = node.has_any(&["steps", "sampler_name", "seed", "noise_seed"]);
        if !is_loader
            && (takes_model && runs && count >= 3
                || is_whole && (takes_model || linked(&STARTS) || linked(&BUNDLES)))
        {
            return true;
        }
        let is_bundled = linked(&BUNDLES) && (has("steps") || has("seed") && (has("denoise") || has("cfg")));
        let is_video = linked(&["text_embeds"]) && has("steps");
        let is_staged = has("stage1_steps") && has("stage2_steps");
        !is_loader && (is_bundled || is_video || is_staged)
    }

    fn pass(&self, at: usize, node: &Node<'a>, known: &BTreeSet<usize>) -> Pass {
        let number = |names: &[&str]| self.scalar(node, names, Want::Number, 0);
        let behind = |name: &str| self.behind(node, name);
        let mut pass = Pass {
            node: at,
            role: Role::Base,
            seed: number(&["seed", "noise_seed", "rand_seed", "seed_num"]),
            steps: number(&["steps", "steps_total", "stage1_steps"]),
            cfg: number(&["cfg", "CFG", "cfg_scale", "guidance_scale"]),
            sampler: self.scalar(node, &["sampler_name"], Want::Text, 0),
            scheduler: self.scalar(node, &["scheduler"], Want::Text, 0),
            denoise: number(&["denoise", "denoise_strength"]),
            width: None,
            height: None,
        };
        if let Some(noise) = behind("noise") {
            pass.seed = pass.seed.or_else(|| self.scalar(noise, &["noise_seed", "seed"], Want::Number, 0));
        }
        if let Some(sampler) = behind("sampler") {
            let named = self.scalar(sampler, &["sampler_name", "sampler", "solver"], Want::Text, 0);
            pass.sampler = pass.sampler.or(named).or_else(|| name_of_class(sampler, "Sampler"));
        }
        if let Some(guider) = behind("guider") {
            let cfg = self.scalar(guider, &["cfg", "cfg_conds", "cfg_cond2_negative"], Want::Number, 0);
            pass.cfg = pass.cfg.or(cfg);
        }
        if let Some(sigmas) = self.sigmas(node) {
            let number = |names: &[&str]| self.scalar(sigmas, names, Want::Number, 0);
            pass.steps = pass.steps.or_else(|| number(&["steps"]));
            pass.denoise = pass.denoise.or_else(|| number(&["denoise"]));
            let named = self.scalar(sigmas, &["scheduler", "scheduler_name"], Want::Text, 0);
            pass.scheduler = pass.scheduler.or(named).or_else(|| name_of_class(sigmas, "Scheduler"));
        }
        if node.link("text_embeds").is_some() && pass.sampler.is_none() {
            // The wrappers of video models have one word for both.
            pass.sampler = pass.scheduler.take();
        }
        self.start(node, known, &mut pass);
        pass
    }

    /// The node that an input, or one of the same name in a bundle, is linked to.
    pub(super) fn behind(&self, node: &Node<'a>, name: &str) -> Option<&'_ Node<'a>> {
        let (_, Input::Link(link)) = self.lookup(node, name)? else { return None };
        self.target(link).map(|(_, node)| node)
    }

    /// The node that lays out the noise levels, behind those that split or turn them.
    fn sigmas(&self, node: &Node<'a>) -> Option<&'_ Node<'a>> {
        let mut found = self.behind(node, "sigmas")?;
        for _ in 0..MAX_CHAIN {
            let lays_out = found.has_any(&["steps", "scheduler"]);
            let next = ["sigmas", "sigmas_1", "high_sigmas", "_sigmas"]
                .iter()
                .find(|name| found.link(name).is_some());
            match next {
                Some(next) if !lays_out => found = self.behind(found, next)?,
                _ => break,
            }
        }
        Some(found)
    }

    /// Finds what a pass starts from: that gives its role, its size and, for parts of the steps, its denoise.
    fn start(&self, node: &Node<'a>, known: &BTreeSet<usize>, pass: &mut Pass) {
        let origin = self.origin(node, known);
        let number =
            |name: &str| self.scalar(node, &[name], Want::Number, 0).and_then(|found| found.number());
        let first = number("start_at_step").or_else(|| number("start_step")).unwrap_or_default();
        if pass.denoise.is_none() && first > 0.0 {
            let steps = pass.steps.as_ref().and_then(Found::number).filter(|steps| *steps > 0.0);
            let last = number("end_at_step").unwrap_or(f64::INFINITY);
            let share = steps.map(|steps| (last.min(steps) - first) / steps);
            let value = share.filter(|share| (0.0..=1.0).contains(share)).map(Scalar::Number);
            pass.denoise = value.map(|value| Found { value, span: None, positional: node.positional });
        }
        pass.role = if node.has_any(&["guide_size", "bbox_detector", "segs"]) {
            Role::Detailer
        } else if node.has_any(&["upscale_by", "tile_width"]) {
            Role::Tiled
        } else if origin.pass {
            // The same steps go on, unless something was enlarged between the two.
            if origin.scaled || first <= 0.0 { Role::Hires } else { Role::Refiner }
        } else if origin.image && origin.mask {
            Role::Inpaint
        } else if origin.image {
            Role::Img2Img
        } else {
            Role::Base
        };
        if matches!(pass.role, Role::Base | Role::Img2Img | Role::Inpaint) {
            (pass.width, pass.height) = (origin.width, origin.height);
            if pass.width.is_none() && pass.role == Role::Base {
                pass.width = self.scalar(node, &["empty_latent_width", "width"], Want::Number, 0);
                pass.height = self.scalar(node, &["empty_latent_height", "height"], Want::Number, 0);
            }
        }
    }

    /// Walks up from the latent of a pass to where it comes from.
    fn origin(&self, node: &Node<'a>, known: &BTreeSet<usize>) -> Origin {
        let mut origin = Origin::default();
        let start = LATENTS.iter().find_map(|name| self.lookup(node, name));
        let Some((_, Input::Link(start))) = start else { return origin };
        let mut seen = BTreeSet::new();
        let mut next = Some(start);
        while let Some(link) = next {
            if !self.step() || !seen.insert(link.node) {
                break;
            }
            let Some((link, node)) = self.target(link) else { break };
            if known.contains(&link.node) {
                origin.pass = true;
                break;
            }
            origin.mask |= node.link("mask").is_some() || node.class_has("inpaint");
            let scales = node.class_has("upscale") || node.class_has("scale") || node.class_has("resize");
            if scales && origin.width.is_none() && node.has("width") && node.has("height") {
                // The nearest one to the sampler says how large its picture is.
                origin.width = self.scalar(node, &["width"], Want::Number, 0);
                origin.height = self.scalar(node, &["height"], Want::Number, 0);
            }
            let makes_frames = node.has_any(&["length", "video_frames", "num_frames"]);
            if makes_frames && origin.width.is_none() {
                // Pictures may be the start of a video, whose size is said where its frames are laid out.
                origin.width = self.scalar(node, &["width"], Want::Number, 0);
                origin.height = self.scalar(node, &["height"], Want::Number, 0);
            }
            origin.scaled |= scales;
            origin.image |=
                node.class_has("loadimage") || node.class_has("load image") || node.class_has("loadvideo");
            next = STARTS.iter().find_map(|name| node.link(name));
            if next.is_none() {
                self.size(node, &mut origin);
            }
        }
        origin
    }

    /// Reads the size of an empty latent or of a node that bundles one.
    fn size(&self, node: &Node<'a>, origin: &mut Origin) {
        if origin.image || origin.width.is_some() || node.has("upscale_method") {
            return;
        }
        let number = |names: &[&str]| self.scalar(node, names, Want::Number, 0);
        origin.width = number(&["width", "empty_latent_width", "Width"]);
        origin.height = number(&["height", "empty_latent_height", "Height"]);
        if origin.width.is_some() || origin.height.is_some() {
            return;
        }
        let words = ["dimensions", "preset", "resolution", "size"];
        let Some(found) = self.scalar(node, &words, Want::Text, 0) else { return };
        let Some((width, height)) = found.text().and_then(dimensions) else { return };
        let side = |value: u32| Some(Found { value: Scalar::Integer(value.into()), ..found.clone() });
        (origin.width, origin.height) = (side(width), side(height));
    }
}

/// Where the latent of a pass comes from.
#[derive(Debug, Default)]
struct Origin {
    /// Another pass made it.
    pass: bool,
    /// It was enlarged on the way.
    scaled: bool,
    /// It was loaded.
    image: bool,
    /// A mask covers a part of it.
    mask: bool,
    width: Option<Found>,
    height: Option<Found>,
}

/// `1024 x 768 (landscape)` as two numbers.
fn dimensions(text: &str) -> Option<(u32, u32)> {
    let text = text.get(text.find(|c: char| c.is_ascii_digit())?..)?;
    let end_of_number = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (width, rest) = text.split_at_checked(end_of_number(text))?;
    let rest = rest.trim_start().strip_prefix(['x', 'X', '\u{d7}', '*'])?.trim_start();
    let height = rest.get(..end_of_number(rest))?;
    Some((width.parse().ok()?, height.parse().ok()?))
}

/// The sampler or scheduler that a class is named after: `SamplerDPMPP_2M_SDE`, `KarrasScheduler`.
fn name_of_class(node: &Node<'_>, word: &str) -> Option<Found> {
    let name = match word {
        "Sampler" => node.class.strip_prefix(word)?,
        _ => node.class.strip_suffix(word)?,
    };
    let name = name.strip_suffix("Sampling").unwrap_or(name);
    let name = match name {
        "SDTurbo" => "turbo",
        "AlignYourSteps" => "align_your_steps",
        "" | "Custom" | "CustomAdvanced" | "Basic" | "Select" => return None,
        other => other,
    };
    let lower = name.to_ascii_lowercase();
    Some(Found { value: Scalar::Text(lower), span: None, positional: false })
}

impl Pass {
    /// The sampler and the scheduler, canonical; a name of both at once is split.
    pub(super) fn sampling(&self) -> (Option<String>, Option<String>) {
        let text = |found: &Option<Found>| found.as_ref().and_then(Found::text).map(str::to_owned);
        let read = text(&self.sampler).map(|name| canonical_sampler(&name)).unwrap_or_default();
        let scheduler = text(&self.scheduler).and_then(|name| canonical_scheduler(&name));
        (read.sampler, scheduler.or(read.scheduler))
    }
}
