//! A graph is read wherever its writers put it, and says the same everywhere.

use stemmata::parse::{Dialect, Field, Limits, Parsed, Strength, read_bytes, sidecar};

use crate::support::pictures::{self, Comment, Exif, Jpeg, Order, Png, WebP, png::chunk};

/// What ran: a red kite in an empty latent, with a LoRA and a control net.
const EXECUTED: &str = r#"{
    "3": {"class_type": "KSampler", "inputs": {"seed": 18446744073709551615, "steps": 20, "cfg": 6.5, "sampler_name": "dpmpp_2m",
        "scheduler": "karras", "denoise": 1, "model": ["10", 0], "positive": ["12", 0], "negative": ["12", 1], "latent_image": ["5", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sky/kite.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red kite, \u51e7", "clip": ["10", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blur", "clip": ["10", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "kite", "images": ["8", 0]}},
    "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "wind.safetensors", "strength_model": 0.8, "strength_clip": 1,
        "model": ["4", 0], "clip": ["4", 1]}},
    "11": {"class_type": "ControlNetLoader", "inputs": {"control_net_name": "depth.pth"}},
    "12": {"class_type": "ControlNetApplyAdvanced", "inputs": {"positive": ["6", 0], "negative": ["7", 0], "control_net": ["11", 0],
        "strength": 0.5, "is_changed": [NaN]}}}"#;

/// What the editor showed: another seed.
const EDITOR: &str = r#"{"nodes": [
    {"id": 4, "type": "CheckpointLoaderSimple", "mode": 0, "outputs": [{"type": "MODEL"}, {"type": "CLIP"}, {"type": "VAE"}],
        "widgets_values": ["sky/kite.safetensors"]},
    {"id": 6, "type": "CLIPTextEncode", "mode": 0, "inputs": [{"name": "clip", "type": "CLIP", "link": 2}],
        "outputs": [{"type": "CONDITIONING"}], "widgets_values": ["a red kite, \u51e7"]},
    {"id": 3, "type": "KSampler", "mode": 0, "inputs": [{"name": "model", "type": "MODEL", "link": 1},
        {"name": "positive", "type": "CONDITIONING", "link": 3}], "outputs": [{"type": "LATENT"}],
        "widgets_values": [99, "randomize", 20, 6.5, "dpmpp_2m", "karras", 1]},
    {"id": 9, "type": "SaveLatent", "mode": 0, "inputs": [{"name": "samples", "type": "LATENT", "link": 4}],
        "widgets_values": ["kite"]}],
    "links": [[1, 4, 0, 3, 0, "MODEL"], [2, 4, 1, 6, 0, "CLIP"], [3, 6, 0, 3, 1, "CONDITIONING"], [4, 3, 0, 9, 0, "LATENT"]],
    "version": 0.4}"#;

#[track_caller]
fn check(place: &str, parsed: &Parsed) {
    let view = &parsed.generation;
    assert_eq!(view.prompt.as_deref(), Some("a red kite, \u{51e7}"), "{place}: {:?}", parsed.warnings);
    assert_eq!(view.negative_prompt.as_deref(), Some("blur"), "{place}");
    assert_eq!(view.seed, Some(u64::MAX.into()), "{place}");
    assert_eq!((view.steps, view.cfg, view.denoise), (Some(20), Some(6.5), Some(1.0)), "{place}");
    assert_eq!(
        (view.sampler.as_deref(), view.scheduler.as_deref()),
        (Some("dpmpp_2m"), Some("karras")),
        "{place}"
    );
    assert_eq!((view.width, view.height), (Some(512), Some(768)), "{place}");
    assert_eq!(view.model.as_deref(), Some("sky/kite.safetensors"), "{place}");
    assert_eq!(view.tool.as_deref(), Some("comfyui"), "{place}");
    let used: Vec<String> = parsed
        .resources
        .iter()
        .map(|used| {
            format!(
                "{} {} {:?}",
                used.resource.kind,
                used.resource.name.as_deref().unwrap_or(""),
                used.weight
            )
        })
        .collect();
    let expected =
        ["model sky/kite.safetensors None", "lora wind.safetensors Some(0.8)", "controlnet depth.pth None"];
    assert_eq!(used, expected, "{place}");
    let seed = parsed.claims.iter().find(|claim| claim.field == Field::Seed).expect("it says a seed");
    assert_eq!((seed.dialect, seed.strength), (Dialect::ComfyPrompt, Strength::Ran), "{place}");
}

#[test]
fn a_graph_is_read_wherever_it_stands() {
    let both = format!("{{\"prompt\": {EXECUTED}, \"workflow\": {EDITOR}}}");
    let twice = serde_json::json!({"prompt": EXECUTED, "workflow": EDITOR}).to_string();
    let tags = |names: [&str; 2]| {
        let texts = [format!("{}{EXECUTED}", names[0]), format!("{}{EDITOR}", names[1])];
        pictures::webp_exif(&[(0x0110, &texts[0]), (0x010f, &texts[1])])
    };
    let exif = |text: &str| Exif::new(Order::Big).comment(Comment::Utf16Be, text);
    let files: [(&str, Vec<u8>); 11] = [
        ("png", pictures::png(&[("prompt", EXECUTED), ("workflow", EDITOR)])),
        ("png, the executed graph alone", pictures::png(&[("prompt", EXECUTED)])),
        ("png, an empty editor graph", pictures::png(&[("workflow", ""), ("prompt", EXECUTED)])),
        (
            "animated png",
            Png::new(1).before(&chunk(b"comf", format!("prompt\0{EXECUTED}").as_bytes())).build(),
        ),
        ("webp tags", tags(["prompt:", "workflow:"])),
        ("webp tags with blanks", tags(["Prompt: ", "Workflow: "])),
        ("webp comment", WebP::new(1).exif(&exif(&both)).build()),
        ("jpeg comment", Jpeg::new(1).exif(&exif(&both)).build()),
        ("avif comment", pictures::avif(&twice, Comment::Utf16Be)),
        ("mp4 keys", pictures::mp4(&[("prompt", EXECUTED), ("workflow", EDITOR)])),
        ("webm comment", pictures::webm(&[("COMMENT", &twice)])),
    ];
    for (place, file) in &files {
        check(place, &read_bytes(file, &Limits::default()));
    }
}

#[test]
fn a_sidecar_holds_the_editor_graph() {
    let found = sidecar(EDITOR.as_bytes(), "kite.json", &Limits::default());
    let parsed = stemmata::parse::interpret(found, &Limits::default());
    assert_eq!(parsed.generation.seed, Some(99));
    let seed = parsed.claims.iter().find(|claim| claim.field == Field::Seed).expect("it says a seed");
    assert_eq!((seed.dialect, seed.strength), (Dialect::ComfyWorkflow, Strength::Guess));
}

#[test]
fn the_text_of_a_save_node_and_the_graph_are_compared() {
    let text = "a red kite, \u{51e7}\nNegative prompt: blur\nSteps: 20, Sampler: dpmpp_2m_karras, CFG scale: 6.5, Seed: 12, Size: \
                512x768, Model hash: 0a1b2c3d4e, Model: kite, Version: ComfyUI";
    let file = pictures::png(&[("parameters", text), ("prompt", EXECUTED)]);
    let parsed = read_bytes(&file, &Limits::default());
    assert_eq!(parsed.generation.seed, Some(u64::MAX.into()));
    assert_eq!(parsed.generation.model_hash.as_deref(), Some("0a1b2c3d4e"));
    let fields: Vec<&str> = parsed.conflicts.iter().map(|conflict| conflict.field.as_str()).collect();
    assert_eq!(fields, ["seed"]);
}
