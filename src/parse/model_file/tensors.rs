//! What a model is for, and for which base, by the names of its tensors.
//!
//! Names are the one thing in a header that nobody copies from another file. The marks are those that the formats of
//! the trainers and of the checkpoints have in common; a prefix that some writers add does not hide them.

use crate::entity::ResourceKind;

/// Marks met so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    lora: bool,
    control: bool,
    embedding: bool,
    encoder: bool,
    decoder: bool,
    vae_inside: bool,
    diffusion: bool,
    upscaler: bool,
    architecture: Option<Architecture>,
    guidance: bool,
    flux: bool,
}

/// A family, with how sure its mark is: the higher one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Architecture {
    sureness: u8,
    name: &'static str,
}

/// Parts of names that say what a file is for.
const LORA_MARKS: [&str; 9] = [
    "lora_down",
    "lora_up",
    "lora_a.",
    "lora_b.",
    "hada_w1",
    "lokr_w",
    "oft_blocks",
    "oft_diag",
    "dora_scale",
];

/// Parts of names that say for which base; tried on every name, surer ones count more.
const FAMILY_MARKS: [(&str, Architecture); 16] = [
    mark("conditioner.embedders.0.transformer.text_model.embeddings.position", 9, "sdxl"),
    mark("conditioner.embedders.0.model.ln_final", 9, "sdxl-refiner"),
    mark("cond_stage_model.model.ln_final", 9, "sd2"),
    mark("cond_stage_model.transformer.", 8, "sd1"),
    mark("joint_blocks", 8, "sd3"),
    mark("vquantizer.codebook", 8, "stable-cascade-a"),
    mark("clip_txt_mapper", 8, "stable-cascade-c"),
    mark("double_blocks", 8, "flux"),
    mark("single_transformer_blocks", 7, "flux"),
    mark("lora_te2_", 7, "sdxl"),
    mark("output_blocks_5_1_transformer_blocks_1", 7, "sdxl"),
    mark("down_blocks_2_attentions_1_transformer_blocks_9", 7, "sdxl"),
    mark("input_blocks_8_1_transformer_blocks", 6, "sdxl"),
    mark("up_blocks_3_attentions_2", 5, "sd1"),
    mark("down_blocks_0_attentions_0", 4, "sd1"),
    mark("input_blocks_1_1_transformer_blocks", 4, "sd1"),
];

const fn mark(part: &'static str, sureness: u8, name: &'static str) -> (&'static str, Architecture) {
    (part, Architecture { sureness, name })
}

impl Names {
    /// Looks at one tensor: its name, and the last number of its shape.
    pub(super) fn see(&mut self, name: &str, width: Option<i128>) {
        let name = name.to_ascii_lowercase();
        let has = |part: &str| name.contains(part);
        self.lora |= LORA_MARKS.iter().any(|part| has(part));
        self.control |= has("control_model.") || has("controlnet_") || name == "lora_controlnet";
        self.embedding |= matches!(name.as_str(), "emb_params" | "clip_l" | "clip_g" | "string_to_param.*");
        self.encoder |= name.starts_with("encoder.");
        self.decoder |= name.starts_with("decoder.");
        self.vae_inside |= has("first_stage_model.");
        self.diffusion |= has("diffusion_model.") || has("double_blocks.") || has("joint_blocks.");
        self.upscaler |= name.starts_with("conv_first.") || name.starts_with("model.0.") || has(".rdb1.");
        self.flux |= has("double_blocks");
        self.guidance |= has("guidance_in.in_layer");
        for (part, family) in FAMILY_MARKS {
            if has(part) && self.architecture.is_none_or(|known| known < family) {
                self.architecture = Some(family);
            }
        }
        // A learnt word is as wide as the text encoder of its base.
        let family = match (name.as_str(), width) {
            ("clip_g", _) => "sdxl",
            ("emb_params", Some(768)) => "sd1",
            ("emb_params", Some(1024)) => "sd2",
            _ => return,
        };
        self.architecture = Some(Architecture { sureness: 1, name: family });
    }

    /// What the file is for.
    pub(super) fn kind(&self) -> ResourceKind {
        if self.control {
            ResourceKind::Controlnet
        } else if self.lora {
            ResourceKind::Lora
        } else if self.diffusion {
            ResourceKind::Model
        } else if self.embedding {
            ResourceKind::Embedding
        } else if (self.encoder && self.decoder) || self.vae_inside {
            ResourceKind::Vae
        } else if self.upscaler {
            ResourceKind::Upscaler
        } else {
            ResourceKind::Unknown
        }
    }

    /// The family of the base model, where the names tell.
    pub(super) fn architecture(&self) -> Option<&'static str> {
        let name = self.architecture?.name;
        if name == "flux" && !self.lora && self.flux {
            return Some(if self.guidance { "flux-dev" } else { "flux-schnell" });
        }
        Some(name)
    }
}
