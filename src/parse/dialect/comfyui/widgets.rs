//! The values of an editor node's widgets by name: said by the node, known by its class, or guessed by their kind.

use crate::entity::{canonical_sampler, sampler_label};
use crate::parse::json::{Data, Json};

use super::models::is_file;

/// Values with names.
pub(super) struct Named<'a> {
    pub(super) values: Vec<(&'a str, &'a Json<'a>)>,
    /// Whether the names were told by position or kind.
    pub(super) positional: bool,
}

/// The word that says what becomes of a seed after a run; stands behind it and has no name.
const CONTROL: &str = "*";

/// The order of the widgets of classes that do not say it themselves.
const ORDERS: &[(&str, &[&str])] = &[
    ("KSampler", &["seed", CONTROL, "steps", "cfg", "sampler_name", "scheduler", "denoise"]),
    ("KSampler (Efficient)", &["seed", CONTROL, "steps", "cfg", "sampler_name", "scheduler", "denoise"]),
    (
        "KSamplerAdvanced",
        &[
            "add_noise",
            "noise_seed",
            CONTROL,
            "steps",
            "cfg",
            "sampler_name",
            "scheduler",
            "start_at_step",
            "end_at_step",
        ],
    ),
    (
        "KSampler Adv. (Efficient)",
        &[
            "add_noise",
            "noise_seed",
            CONTROL,
            "steps",
            "cfg",
            "sampler_name",
            "scheduler",
            "start_at_step",
            "end_at_step",
        ],
    ),
    (
        "KSampler SDXL (Eff.)",
        &[
            "noise_seed",
            CONTROL,
            "steps",
            "cfg",
            "sampler_name",
            "scheduler",
            "start_at_step",
            "refine_at_step",
        ],
    ),
    (
        "ClownsharKSampler_Beta",
        &[
            "eta",
            "sampler_name",
            "scheduler",
            "steps",
            "steps_to_run",
            "denoise",
            "cfg",
            "seed",
            CONTROL,
            "sampler_mode",
        ],
    ),
    ("SamplerCustom", &["add_noise", "noise_seed", CONTROL, "cfg"]),
    ("RandomNoise", &["noise_seed", CONTROL]),
    ("KSamplerSelect", &["sampler_name"]),
    ("BasicScheduler", &["scheduler", "steps", "denoise"]),
    ("BetaSamplingScheduler", &["steps", "alpha", "beta"]),
    ("SDTurboScheduler", &["steps", "denoise"]),
    ("AlignYourStepsScheduler", &["model_type", "steps", "denoise"]),
    ("CFGGuider", &["cfg"]),
    ("DualCFGGuider", &["cfg_conds", "cfg_cond2_negative"]),
    ("FluxGuidance", &["guidance"]),
    ("EmptyLatentImage", &["width", "height", "batch_size"]),
    ("EmptySD3LatentImage", &["width", "height", "batch_size"]),
    ("EmptyFlux2LatentImage", &["width", "height", "batch_size"]),
    ("StableCascade_EmptyLatentImage", &["width", "height", "compression", "batch_size"]),
    ("EmptyHunyuanLatentVideo", &["width", "height", "length", "batch_size"]),
    ("EmptyLTXVLatentVideo", &["width", "height", "length", "batch_size"]),
    ("WanImageToVideo", &["width", "height", "length", "batch_size"]),
    ("HunyuanImageToVideo", &["width", "height", "length", "batch_size"]),
    ("LTXVImgToVideo", &["width", "height", "length", "batch_size"]),
    ("SVD_img2vid_Conditioning", &["width", "height", "video_frames", "motion_bucket_id", "fps"]),
    ("SDXL Empty Latent Image (rgthree)", &["dimensions", "clip_scale", "batch_size"]),
    ("EmptyLatentImageFromPresetsSD15", &["preset", "batch_size"]),
    ("EmptyLatentImageFromPresetsSDXL", &["preset", "batch_size"]),
    ("CheckpointLoaderSimple", &["ckpt_name"]),
    ("CheckpointLoader|pysssss", &["ckpt_name"]),
    ("LoraLoader|pysssss", &["lora_name", "strength_model", "strength_clip"]),
    ("unCLIPCheckpointLoader", &["ckpt_name"]),
    ("ImageOnlyCheckpointLoader", &["ckpt_name"]),
    ("CheckpointLoader", &["config_name", "ckpt_name"]),
    ("UNETLoader", &["unet_name", "weight_dtype"]),
    ("UnetLoaderGGUF", &["unet_name"]),
    ("VAELoader", &["vae_name"]),
    ("CLIPLoader", &["clip_name", "type"]),
    ("DualCLIPLoader", &["clip_name1", "clip_name2", "type", "device"]),
    ("TripleCLIPLoader", &["clip_name1", "clip_name2", "clip_name3"]),
    ("CLIPSetLastLayer", &["stop_at_clip_layer"]),
    ("LoraLoader", &["lora_name", "strength_model", "strength_clip"]),
    ("LoraLoaderModelOnly", &["lora_name", "strength_model"]),
    ("HypernetworkLoader", &["hypernetwork_name", "strength"]),
    ("ControlNetLoader", &["control_net_name"]),
    ("UpscaleModelLoader", &["model_name"]),
    ("CLIPTextEncode", &["text"]),
    (
        "CLIPTextEncodeSDXL",
        &["width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l"],
    ),
    ("CLIPTextEncodeSDXLRefiner", &["ascore", "width", "height", "text"]),
    ("CLIPTextEncodeFlux", &["clip_l", "t5xxl", "guidance"]),
    ("CLIPTextEncodeSD3", &["clip_l", "clip_g", "t5xxl", "empty_padding"]),
    ("CLIPTextEncodeHiDream", &["clip_l", "clip_g", "t5xxl", "llama"]),
    ("CLIPTextEncodeHunyuanDiT", &["bert", "mt5xl"]),
    ("CLIPTextEncodeLumina2", &["system_prompt", "user_prompt"]),
    (
        "Efficient Loader",
        &[
            "ckpt_name",
            "vae_name",
            "clip_skip",
            "lora_name",
            "lora_model_strength",
            "lora_clip_strength",
            "positive",
            "negative",
            "token_normalization",
            "weight_interpretation",
            "empty_latent_width",
            "empty_latent_height",
        ],
    ),
    (
        "Eff. Loader SDXL",
        &[
            "base_ckpt_name",
            "base_clip_skip",
            "refiner_ckpt_name",
            "refiner_clip_skip",
            "positive_ascore",
            "negative_ascore",
            "vae_name",
            "positive",
            "negative",
            "token_normalization",
            "weight_interpretation",
            "empty_latent_width",
            "empty_latent_height",
        ],
    ),
    ("ImpactWildcardProcessor", &["wildcard_text", "populated_text", "mode", "seed"]),
    ("ImpactWildcardEncode", &["wildcard_text", "populated_text", "mode"]),
    (
        "UltimateSDUpscale",
        &[
            "upscale_by",
            "seed",
            CONTROL,
            "steps",
            "cfg",
            "sampler_name",
            "scheduler",
            "denoise",
            "mode_type",
            "tile_width",
        ],
    ),
    ("ttN concat", &["text1", "text2", "text3", "delimiter"]),
    ("StringConcatenate", &["string_a", "string_b", "delimiter"]),
    ("PrimitiveNode", &["value", CONTROL]),
    ("PrimitiveInt", &["value", CONTROL]),
    ("PrimitiveFloat", &["value"]),
    ("PrimitiveString", &["value"]),
    ("PrimitiveStringMultiline", &["value"]),
    ("Seed (rgthree)", &["seed"]),
    ("SaveImage", &["filename_prefix"]),
    ("ModelMergeSimple", &["ratio"]),
    (
        "Lora Loader Stack (rgthree)",
        &[
            "lora_01",
            "strength_01",
            "lora_02",
            "strength_02",
            "lora_03",
            "strength_03",
            "lora_04",
            "strength_04",
        ],
    ),
    (
        "CR LoRA Stack",
        &[
            "switch_1",
            "lora_name_1",
            "model_weight_1",
            "clip_weight_1",
            "switch_2",
            "lora_name_2",
            "model_weight_2",
            "clip_weight_2",
            "switch_3",
            "lora_name_3",
            "model_weight_3",
            "clip_weight_3",
        ],
    ),
];

/// Names of objects among the widgets, which rgthree and LoRA Manager write.
const SLOTS: [&str; 16] = [
    "lora_1", "lora_2", "lora_3", "lora_4", "lora_5", "lora_6", "lora_7", "lora_8", "lora_9", "lora_10",
    "lora_11", "lora_12", "lora_13", "lora_14", "lora_15", "lora_16",
];

/// Gives the widgets of a node their names.
pub(super) fn named<'a>(class: &str, node: &'a Json<'a>) -> Named<'a> {
    let Some(widgets) = node.get("widgets_values") else {
        return Named { values: Vec::new(), positional: false };
    };
    if widgets.is_object() {
        let values = widgets.members().iter().map(|member| (member.key.as_ref(), &member.value)).collect();
        return Named { values, positional: false };
    }
    let widgets = widgets.items();
    let listed = || listed_names(node).and_then(|names| assign(&names, widgets));
    if let Some(values) = listed() {
        return Named { values, positional: false };
    }
    let known =
        ORDERS.iter().find(|(known, _)| *known == class).and_then(|(_, names)| assign(names, widgets));
    Named { values: known.unwrap_or_else(|| guessed(class, widgets)), positional: true }
}

/// The names that the node itself gives, if it names all of its widgets.
fn listed_names<'a>(node: &'a Json<'a>) -> Option<Vec<&'a str>> {
    let sockets = node.get("inputs").map(Json::items).unwrap_or_default();
    let names: Vec<&str> =
        sockets.iter().filter_map(|socket| socket.get("widget")?.get("name")?.text()).collect();
    let plain = |json: &&Json<'_>| !is_control(json);
    let count = node.get("widgets_values").map(|widgets| widgets.items().iter().filter(plain).count());
    (!names.is_empty() && count == Some(names.len())).then_some(names)
}

/// Values in the order of names; `None` if one of them cannot be what its name says.
fn assign<'a>(names: &[&'a str], widgets: &'a [Json<'a>]) -> Option<Vec<(&'a str, &'a Json<'a>)>> {
    let mut values = Vec::new();
    let mut left = widgets.iter().peekable();
    for name in names {
        if *name == CONTROL {
            // Some versions of the efficiency nodes leave it empty.
            left.next_if(|json| is_control(json) || json.is_null());
            continue;
        }
        // A seed's word is there even where the order does not say so.
        if left.peek().is_some_and(|json| is_control(json)) && !is_text_name(name) {
            left.next();
        }
        let Some(value) = left.next() else { break };
        if !fits(name, value) {
            return None;
        }
        values.push((*name, value));
    }
    Some(values)
}

fn is_control(json: &Json<'_>) -> bool {
    matches!(json.text(), Some("fixed" | "increment" | "decrement" | "randomize" | "increment-wrap"))
}

fn is_text_name(name: &str) -> bool {
    matches!(
        name,
        "text" | "positive" | "negative" | "value" | "text1" | "text2" | "text3" | "text_g" | "text_l"
    ) || name.ends_with("_name")
}

/// Whether a value can be what a name says.
fn fits(name: &str, value: &Json<'_>) -> bool {
    if value.is_null() {
        return true;
    }
    match name {
        "seed" | "noise_seed" | "steps" | "cfg" | "denoise" | "width" | "height" | "batch_size"
        | "start_at_step" | "end_at_step" | "guidance" | "strength_model" | "strength_clip" | "clip_skip"
        | "stop_at_clip_layer" => {
            matches!(value.data, Data::Integer(_) | Data::Number(_))
        }
        "sampler_name" | "scheduler" => {
            value.text().is_some_and(|text| text.len() < 64 && !text.contains('\n'))
        }
        name if is_text_name(name) && name != "value" => {
            value.text().is_some() || value.is_object() || value.is_array()
        }
        _ => true,
    }
}

/// What can be told of values without an order: files by their endings, samplers by their names, the rest by place.
fn guessed<'a>(class: &str, widgets: &'a [Json<'a>]) -> Vec<(&'a str, &'a Json<'a>)> {
    let has = |word: &str| class.to_ascii_lowercase().contains(word);
    let mut values: Vec<(&'a str, &'a Json<'a>)> = Vec::new();
    let objects = widgets.iter().filter(|json| json.get("lora").is_some());
    values.extend(SLOTS.into_iter().zip(objects));
    let lists = widgets.iter().find(|json| {
        json.items()
            .iter()
            .chain(json.get("__value__").map(Json::items).unwrap_or_default())
            .any(|item| item.get("name").is_some() && item.get("strength").is_some())
    });
    values.extend(lists.map(|list| ("loras", list)));
    if let Some(file) = widgets.iter().find(|json| json.text().is_some_and(is_file)) {
        let names = [
            ("lora", "lora_name"),
            ("vae", "vae_name"),
            ("controlnet", "control_net_name"),
            ("upscale", "model_name"),
            ("checkpoint", "ckpt_name"),
            ("ckpt", "ckpt_name"),
            ("unet", "unet_name"),
            ("diffusion", "unet_name"),
            ("gguf", "unet_name"),
            ("clip", "clip_name"),
        ];
        let name = names.iter().find(|(word, _)| has(word)).map(|(_, name)| *name);
        if let Some(name) = name.filter(|_| values.is_empty()) {
            values.push((name, file));
            let strength =
                widgets.iter().find(|json| matches!(json.data, Data::Number(_) | Data::Integer(_)));
            values.extend(
                strength.filter(|_| name == "lora_name").map(|strength| ("strength_model", strength)),
            );
        }
    }
    if has("sampler") || has("detailer") || has("upscale") {
        values.extend(guessed_sampler(widgets));
    }
    let texts: Vec<_> =
        widgets.iter().filter(|json| json.text().is_some_and(|text| !is_file(text))).collect();
    if let (true, [text, ..]) = (has("text") || has("prompt") || has("string"), texts.as_slice()) {
        values.push(("text", text));
    }
    if let (true, [value, ..]) = (has("seed"), widgets) {
        values.push(("seed", value));
    }
    if let (true, [value]) = (has("int") || has("float") || has("number") || has("constant"), widgets) {
        values.push(("value", value));
    }
    values
}

/// Settings around the name of a known sampler: before it seed, steps and CFG, behind it scheduler and denoise.
fn guessed_sampler<'a>(widgets: &'a [Json<'a>]) -> Vec<(&'a str, &'a Json<'a>)> {
    let is_sampler = |json: &Json<'_>| {
        let name = json.text().and_then(|text| canonical_sampler(text).sampler);
        name.is_some_and(|name| sampler_label(&name) != name)
    };
    let Some(at) = widgets.iter().position(is_sampler) else { return Vec::new() };
    let place = |distance: usize| widgets.get(at.checked_sub(distance)?);
    let after = |distance: usize| widgets.get(at.checked_add(distance)?);
    let control = widgets.iter().take(at).position(is_control);
    let seed = control.and_then(|control| widgets.get(control.checked_sub(1)?));
    let found = [
        ("seed", seed),
        ("steps", place(2)),
        ("cfg", place(1)),
        ("sampler_name", place(0)),
        ("scheduler", after(1)),
        ("denoise", after(2)),
    ];
    found
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| fits(name, value))?)))
        .collect()
}
