//! Every generator's metadata is read, wherever it stands, and one damaged field costs only itself.

use std::fmt::Write as _;

use stemmata::parse::{Claim, Dialect, Field, Limits, Parsed, Value, interpret, read_bytes, sidecar};

use crate::support::pictures::{self, Comment, Exif, Jpeg, Order, Png, WebP, xmp};

mod hostile;
mod spellings;
mod together;

/// Everything but absent values: one line for the settings, one a resource, one a conflict.
fn seen(parsed: &Parsed) -> String {
    let found = &parsed.generation;
    let mut text = String::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(text, "{}{name}={value}", if text.is_empty() { "" } else { " " });
        }
    };
    let quoted = |value: &Option<String>| value.as_ref().map(|value| format!("{value:?}"));
    add("prompt", quoted(&found.prompt));
    add("negative", quoted(&found.negative_prompt));
    add("sampler", found.sampler.clone());
    add("scheduler", found.scheduler.clone());
    add("steps", found.steps.map(|value| value.to_string()));
    add("cfg", found.cfg.map(|value| value.to_string()));
    add("seed", found.seed.map(|value| value.to_string()));
    add("size", found.width.zip(found.height).map(|(width, height)| format!("{width}x{height}")));
    add("clip", found.clip_skip.map(|value| value.to_string()));
    add("denoise", found.denoise.map(|value| value.to_string()));
    add("model", quoted(&found.model));
    add("hash", found.model_hash.clone());
    add("tool", found.tool.clone());
    add("version", quoted(&found.tool_version));
    for used in &parsed.resources {
        let resource = &used.resource;
        let _ = write!(text, "\n{}", resource.kind);
        let _ = resource.name.as_ref().map_or(Ok(()), |name| write!(text, " {name:?}"));
        let _ = resource.hash.as_ref().map_or(Ok(()), |hash| write!(text, " #{}", hash.as_str()));
        let _ = resource.version.map_or(Ok(()), |version| write!(text, " v{version}"));
        let _ = used.weight.map_or(Ok(()), |weight| write!(text, " *{weight}"));
    }
    for conflict in &parsed.conflicts {
        let _ = write!(text, "\nconflict about {}", conflict.field.as_str());
    }
    text
}

#[track_caller]
fn check(file: &[u8], dialect: Dialect, expected: &str) -> Parsed {
    check_parsed(read_bytes(file, &Limits::default()), dialect, expected)
}

#[track_caller]
fn check_parsed(parsed: Parsed, dialect: Dialect, expected: &str) -> Parsed {
    assert_eq!(seen(&parsed), expected);
    assert!(parsed.claims.iter().any(|claim| claim.dialect == dialect), "nothing of {}", dialect.as_str());
    for claim in &parsed.claims {
        let text = parsed.blocks[claim.block].text().unwrap_or_default();
        let inside = claim.span.as_ref().is_none_or(|span| text.get(span.clone()).is_some());
        assert!(inside, "{claim:?} stands nowhere");
    }
    parsed
}

/// What a claim about another field says.
#[track_caller]
fn other<'p>(parsed: &'p Parsed, name: &str) -> &'p Value {
    let is_it = |claim: &&Claim| claim.field == Field::Other(name.to_owned());
    &parsed.claims.iter().find(is_it).expect("something is said about it").value
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn sources(parsed: &Parsed) -> Vec<Value> {
    parsed
        .claims
        .iter()
        .filter(|claim| claim.field == Field::Source)
        .map(|claim| claim.value.clone())
        .collect()
}

const INFOTEXT: &str = "a kite \u{51e7} <lora:wind:0.8>\nNegative prompt: blur\nSteps: 20, Sampler: DPM++ 2M Karras, \
    CFG scale: 7, Seed: 7, Size: 512x768, Model hash: 0a1b2c3d4e, Model: kite, Version: v1.10.1";

const INFOTEXT_SEEN: &str = "prompt=\"a kite 凧 <lora:wind:0.8>\" negative=\"blur\" sampler=dpmpp_2m scheduler=karras \
    steps=20 cfg=7 seed=7 size=512x768 model=\"kite\" hash=0a1b2c3d4e tool=a1111 version=\"v1.10.1\"\n\
    lora \"wind\" *0.8\nmodel \"kite\" #0a1b2c3d4e";

#[test]
fn an_infotext_is_read_from_every_container() {
    let comment = Comment::Utf16Be;
    let files = [
        pictures::png(&[("parameters", INFOTEXT)]),
        pictures::jpeg_user_comment(INFOTEXT, comment),
        pictures::webp_user_comment(INFOTEXT, comment),
        pictures::avif(INFOTEXT, comment),
        pictures::gif(&[INFOTEXT]),
        pictures::webm(&[("COMMENT", INFOTEXT)]),
        pictures::mp4(&[("comment", INFOTEXT)]),
    ];
    for file in files {
        check(&file, Dialect::Infotext, INFOTEXT_SEEN);
    }
    let beside = interpret(sidecar(INFOTEXT.as_bytes(), "kite.txt", &Limits::default()), &Limits::default());
    check_parsed(beside, Dialect::Infotext, INFOTEXT_SEEN);
}

#[test]
fn a_caption_for_training_is_no_metadata() {
    let limits = Limits::default();
    let caption = "a kite over hills, photo of the seed: small, steps: two";
    let parsed = interpret(sidecar(caption.as_bytes(), "kite.txt", &limits), &limits);
    assert!(parsed.generation.is_empty() && parsed.claims.is_empty(), "{:?}", parsed.claims);
}

#[test]
fn swarmui_says_more_than_its_graph() {
    let json = r#"{"sui_image_params": {"prompt": "a kite <lora:wind//cid=1:0.8>", "negativeprompt": "blur", "model": "dir/kite",
        "seed": 18446744073709551615, "steps": "20", "cfgscale": 7.5, "width": 832, "height": 1216, "sampler": "euler_ancestral",
        "scheduler": "karras", "loras": ["wind", "sun"], "loraweights": ["0.8", "0.4"], "swarm_version": "0.9.7.4"},
        "sui_models": [{"name": "dir/kite.safetensors", "param": "model",
        "hash": "0x1111222233334444555566667777888811112222333344445555666677778888"},
        {"name": "sun.safetensors", "param": "loras", "hash": null}]}"#;
    let graph = r#"{"5": {"class_type": "KSampler", "inputs": {"seed": 3, "steps": 20, "cfg": 7.5, "sampler_name": "euler_ancestral",
        "scheduler": "karras", "denoise": 1.0, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["8", 0]}},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "kite.safetensors"}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a kite", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blur", "clip": ["4", 1]}},
        "8": {"class_type": "EmptyLatentImage", "inputs": {"width": 832, "height": 1216, "batch_size": 1}},
        "9": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["4", 2]}},
        "10": {"class_type": "SaveImage", "inputs": {"images": ["9", 0], "filename_prefix": "x"}}}"#;
    let expected = "prompt=\"a kite <lora:wind:0.8>\" negative=\"blur\" sampler=euler_ancestral scheduler=karras steps=20 cfg=7.5 \
        seed=18446744073709551615 size=832x1216 model=\"dir/kite\" hash=111122223333 tool=swarmui version=\"0.9.7.4\"\n\
        lora \"wind\" *0.8\nmodel \"dir/kite.safetensors\" #111122223333\nlora \"sun.safetensors\" *0.4";
    check(&pictures::png(&[("parameters", json)]), Dialect::SwarmUi, expected);
    check(&pictures::jpeg_user_comment(json, Comment::Utf16Le), Dialect::SwarmUi, expected);
    let both = pictures::png(&[("prompt", graph), ("parameters", json)]);
    let parsed = read_bytes(&both, &Limits::default());
    assert_eq!(parsed.generation.seed, Some(u64::MAX.into()));
    assert_eq!(parsed.generation.prompt.as_deref(), Some("a kite <lora:wind:0.8>"));
    assert_eq!(parsed.generation.tool.as_deref(), Some("swarmui"));
    let about: Vec<&str> = parsed.conflicts.iter().map(|conflict| conflict.field.as_str()).collect();
    assert_eq!(about, ["prompt", "seed"]);
    assert_eq!(parsed.resources.len(), 3, "{:?}", parsed.resources);
}

const NOVELAI: &str = r#"{"prompt": "1girl, kite", "steps": 28, "height": 1216, "width": 832, "scale": 5.5, "seed": 77,
    "sampler": "k_euler_ancestral", "noise_schedule": "karras", "uc": "blurry", "strength": 0.7, "v4_prompt": {"caption":
    {"base_caption": "1girl, kite", "char_captions": [{"char_caption": "girl, laughing", "centers": [{"x": 0.5, "y": 0.5}]}]}},
    "request_type": "PromptGenerateRequest", "signed_hash": "AAAA"}"#;

const NOVELAI_SEEN: &str = "prompt=\"1girl, kite\" negative=\"blurry\" sampler=euler_ancestral scheduler=karras steps=28 cfg=5.5 \
    seed=77 size=832x1216 model=\"NovelAI Diffusion V4.5 4BDE2A90\" tool=novelai";

#[test]
fn novelai_is_read_from_chunks_and_from_one_object() {
    let png = pictures::png(&[
        ("Title", "NovelAI generated image"),
        ("Description", "1girl, kite"),
        ("Software", "NovelAI"),
        ("Source", "NovelAI Diffusion V4.5 4BDE2A90"),
        ("Generation time", "3.7"),
        ("Comment", NOVELAI),
    ]);
    let parsed = check(&png, Dialect::NovelAi, NOVELAI_SEEN);
    assert_eq!(other(&parsed, "character prompt 1"), &text("girl, laughing"));
    assert_eq!(sources(&parsed), [text("novelai: a vendor signature is present; it was not checked")]);
    let wrapper = serde_json::json!({
        "Comment": NOVELAI, "Description": "1girl, kite", "Generation time": "3.7", "Software": "NovelAI",
        "Source": "NovelAI Diffusion V4.5 4BDE2A90", "Title": "NovelAI generated image",
    });
    let webp =
        WebP::new(1).exif(&Exif::new(Order::Big).comment(Comment::Ascii, &wrapper.to_string())).build();
    check(&webp, Dialect::NovelAi, NOVELAI_SEEN);
}

#[test]
fn texts_hidden_in_pixels_are_read_by_their_grammar() {
    let hidden = |text: &str| {
        let carrier = stemmata::parse::Carrier::Stealth { signature: "stealth_pngcomp".to_owned() };
        let encoding = stemmata::parse::Encoding::Utf8;
        let block =
            stemmata::parse::Block { carrier, range: 0..0, bytes: text.into(), encoding, truncated: false };
        let mut found = stemmata::parse::extract_bytes(&pictures::png(&[]), &Limits::default());
        found.blocks.push(block);
        interpret(found, &Limits::default())
    };
    let object = serde_json::json!({
        "Comment": NOVELAI, "Description": "1girl, kite", "Software": "NovelAI", "Source": "NovelAI Diffusion V4.5 4BDE2A90",
    });
    check_parsed(hidden(&object.to_string()), Dialect::NovelAi, NOVELAI_SEEN);
    check_parsed(hidden(INFOTEXT), Dialect::Infotext, INFOTEXT_SEEN);
}

#[test]
fn novelais_first_version_has_its_prompt_beside_the_comment() {
    let comment = r#"{"steps": 50, "sampler": "k_euler_ancestral", "seed": 7, "strength": 0.4, "noise": 0.0, "scale": 10.0, "uc": "blur"}"#;
    let png = pictures::png(&[
        ("Description", "a kite"),
        ("Software", "NovelAI"),
        ("Source", "Stable Diffusion 1D44365E"),
        ("Comment", comment),
    ]);
    let expected = "prompt=\"a kite\" negative=\"blur\" sampler=euler_ancestral steps=50 cfg=10 seed=7 \
        model=\"Stable Diffusion 1D44365E\" tool=novelai";
    check(&png, Dialect::NovelAi, expected);
}

#[test]
fn invokeai_is_read_in_every_era() {
    let dream =
        "\"a red kite [blur]\" -s 50 -S7 -W512 -H 768 -C7.5 -A k_euler_a -cf 0.75 -U 4 0.95 --seamless";
    let common = "prompt=\"a red kite\" negative=\"blur\"";
    check(
        &pictures::png(&[("Dream", dream)]),
        Dialect::InvokeAi,
        &format!("{common} sampler=euler_ancestral steps=50 cfg=7.5 seed=7 size=512x768 tool=invokeai"),
    );
    let unquoted = "a red kite -s50 -S 7 -A k_lms";
    check(
        &pictures::png(&[("dream", unquoted)]),
        Dialect::InvokeAi,
        "prompt=\"a red kite\" sampler=lms steps=50 seed=7 tool=invokeai",
    );
    let hash = "0a".repeat(32);
    let old = format!(
        r#"{{"model": "stable diffusion", "model_weights": "kite", "model_hash": "{hash}", "app_version": "2.3.0", "image": {{"prompt":
        [{{"prompt": "a red kite [blur]", "weight": 1}}], "steps": 50, "cfg_scale": 7.5, "seed": 7, "sampler": "k_lms", "width": 512,
        "height": 512, "type": "txt2img"}}}}"#
    );
    check(
        &pictures::png(&[("sd-metadata", &old)]),
        Dialect::InvokeAi,
        &format!(
            "{common} sampler=lms steps=50 cfg=7.5 seed=7 size=512x512 model=\"kite\" hash={hash} tool=invokeai version=\"2.3.0\"\n\
             model \"kite\" #{hash}"
        ),
    );
    let new = format!(
        r#"{{"generation_mode": "sdxl_txt2img", "positive_prompt": "a red kite", "negative_prompt": "blur", "seed": 7, "steps": 30,
        "cfg_scale": 5, "scheduler": "dpmpp_2m_k", "width": 512, "height": 512, "model": {{"key": "k", "hash": "blake3:{hash}",
        "name": "Kite", "base": "sdxl", "type": "main"}}, "loras": [{{"model": {{"name": "Wind", "hash": "random:{hash}"}}, "weight": 0.7}},
        {{"lora": {{"model_name": "Sun"}}, "weight": 0.2}}], "clip_skip": 1, "app_version": "6.10.0"}}"#
    );
    let parsed = check(
        &pictures::png(&[("invokeai_metadata", &new), ("invokeai_graph", "{\"nodes\": {}}")]),
        Dialect::InvokeAi,
        &format!(
            "{common} sampler=dpmpp_2m scheduler=karras steps=30 cfg=5 seed=7 size=512x512 model=\"Kite\" hash=blake3:{hash} \
             tool=invokeai version=\"6.10.0\"\nmodel \"Kite\" #{hash}\nlora \"Wind\" *0.7\nlora \"Sun\" *0.2"
        ),
    );
    assert_eq!(other(&parsed, "clip_skip"), &Value::Integer(1));
}

#[test]
fn fooocus_and_its_relatives_are_read() {
    let fooocus = r#"{"base_model": "kite", "base_model_hash": "0a1b2c3d4e", "loras": [["wind", 0.5, "1b2c3d4e5f"]],
        "lora_combined_1": "wind : 0.5", "lora_combined_2": "False : sun : 0.4", "prompt": "a kite", "negative_prompt": "blur",
        "resolution": "(896, 1152)", "seed": "7", "styles": "['Sharp']", "steps": 30, "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras",
        "guidance_scale": 4.0, "clip_skip": 2, "refiner_model": "None", "vae": "Default (model)", "version": "Fooocus v2.5.5"}"#;
    let parsed = check(
        &pictures::png(&[("parameters", fooocus), ("fooocus_scheme", "fooocus")]),
        Dialect::Fooocus,
        "prompt=\"a kite\" negative=\"blur\" sampler=dpmpp_2m_sde scheduler=karras steps=30 cfg=4 seed=7 size=896x1152 clip=2 \
         model=\"kite\" hash=0a1b2c3d4e tool=fooocus version=\"Fooocus v2.5.5\"\nmodel \"kite\" #0a1b2c3d4e\nlora \"wind\" #1b2c3d4e5f *0.5",
    );
    assert_eq!(other(&parsed, "styles"), &text("['Sharp']"));
    let exif = Exif::new(Order::Big).ascii(0, 0x9286, fooocus).ascii(0, 0x927c, "fooocus").ascii(
        0,
        0x0131,
        "Fooocus v2.5.5",
    );
    let jpeg = read_bytes(&Jpeg::new(1).exif(&exif).build(), &Limits::default());
    assert_eq!(seen(&jpeg), seen(&parsed));

    let mre = r#"{"prompt": "a kite", "negative_prompt": "", "real_prompt": ["a kite"], "steps": 30, "cfg": 7, "width": 896,
        "height": 1152, "seed": 7, "sampler": "euler", "base_model": "kite.safetensors"}"#;
    check(
        &pictures::png(&[("Comment", mre)]),
        Dialect::Fooocus,
        "prompt=\"a kite\" sampler=euler steps=30 cfg=7 seed=7 size=896x1152 model=\"kite.safetensors\" tool=fooocusmre\n\
         model \"kite.safetensors\"",
    );

    let ruined = r#"{"Prompt": "a kite", "Negative": "blur", "steps": 30, "cfg": 8, "width": 896, "height": 1152, "seed": 11246505945472473000,
        "sampler_name": "dpmpp_2m_sde_gpu", "scheduler": "karras", "base_model_name": "kite.safetensors", "base_model_hash": "CBC222B0",
        "loras": "Loras:<A-Rune\\Wind.safetensors 🗒️:1>,<None:0.5>", "start_step": 0, "denoise": null, "software": "RuinedFooocus"}"#;
    check(
        &pictures::png(&[("parameters", ruined)]),
        Dialect::Fooocus,
        "prompt=\"a kite\" negative=\"blur\" sampler=dpmpp_2m_sde scheduler=karras steps=30 cfg=8 seed=11246505945472473000 size=896x1152 \
         model=\"kite.safetensors\" hash=CBC222B0 tool=ruinedfooocus\nmodel \"kite.safetensors\" #cbc222b0\n\
         lora \"A-Rune\\\\Wind.safetensors\" *1",
    );
}

#[test]
fn easy_diffusion_is_read_from_chunks_labels_objects_and_files() {
    let expected = "prompt=\"a kite\" negative=\"blur\" sampler=euler_ancestral steps=25 cfg=7.5 seed=7 size=512x768 \
        model=\"models/kite\" tool=easydiffusion";
    let resources = "\nmodel \"models/kite\"\nlora \"wind\" *0.5\nlora \"sun\" *0.25";
    let chunks = pictures::png(&[
        ("prompt", "a kite"),
        ("negative_prompt", "blur"),
        ("seed", "7"),
        ("use_stable_diffusion_model", "models/kite"),
        ("sampler_name", "euler_a"),
        ("num_inference_steps", "25"),
        ("guidance_scale", "7.5"),
        ("width", "512"),
        ("height", "768"),
        ("use_lora_model", "[\"wind\", \"sun\"]"),
        ("lora_alpha", "[0.5, 0.25]"),
    ]);
    check(&chunks, Dialect::EasyDiffusion, &format!("{expected}{resources}"));
    let object = r#"{"prompt": "a kite", "negative_prompt": "blur", "seed": 7, "use_stable_diffusion_model": "models/kite",
        "sampler_name": "euler_a", "num_inference_steps": 25, "guidance_scale": 7.5, "width": 512, "height": 768,
        "use_lora_model": ["wind", "sun"], "lora_alpha": [0.5, 0.25]}"#;
    check(
        &pictures::jpeg_user_comment(object, Comment::Utf16Be),
        Dialect::EasyDiffusion,
        &format!("{expected}{resources}"),
    );
    let labels = pictures::png(&[
        ("Prompt", "a kite"),
        ("Negative Prompt", "blur"),
        ("Seed", "7"),
        ("Stable Diffusion model", "models/kite"),
        ("Sampler", "euler_a"),
        ("Steps", "25"),
        ("Guidance Scale", "7.5"),
        ("Width", "512"),
        ("Height", "768"),
    ]);
    check(&labels, Dialect::EasyDiffusion, &format!("{expected}\nmodel \"models/kite\""));
    let file = "Prompt: a kite\nNegative Prompt: blur\nSeed: 7\nStable Diffusion model: models/kite\nSampler: euler_a\nSteps: 25\n\
        Guidance Scale: 7.5\nWidth: 512\nHeight: 768\nLoRA model: wind\nLoRA Strength: 0.5\n";
    let limits = Limits::default();
    let beside = interpret(sidecar(file.as_bytes(), "kite.txt", &limits), &limits);
    check_parsed(
        beside,
        Dialect::EasyDiffusion,
        &format!("{expected}\nmodel \"models/kite\"\nlora \"wind\" *0.5"),
    );
}

#[test]
fn draw_things_is_read_from_both_properties() {
    let words = "a kite\n-blur\nSteps: 20, Sampler: DPM++ 2M Karras, Guidance Scale: 7.0, Seed: 7, Size: 512x768, Model: kite_f16.ckpt, \
        Strength: 1.0, Seed Mode: Scale Alike, LoRA Model: wind.ckpt, LoRA Weight: 0.6";
    let object = r#"{"c": "a kite", "uc": "blur", "scale": 7, "seed": 7, "steps": 20, "sampler": "DPM++ 2M Karras", "size": "512x768",
        "model": "kite_f16.ckpt", "strength": 1, "lora": [{"model": "wind.ckpt", "weight": 0.6}], "v2": {"x": 1}}"#;
    let common = "prompt=\"a kite\" negative=\"blur\" sampler=dpmpp_2m scheduler=karras steps=20 cfg=7 seed=7 size=512x768";
    let rest = "model=\"kite_f16.ckpt\" tool=drawthings\nmodel \"kite_f16.ckpt\"\nlora \"wind.ckpt\" *0.6";
    let packet = |properties: &[(&str, &str)]| pictures::Png::new(1).xmp(&xmp::elements(properties)).build();
    let both = packet(&[
        ("xmp:CreatorTool", "Draw Things"),
        ("dc:description", words),
        ("exif:UserComment", object),
    ]);
    check(&both, Dialect::DrawThings, &format!("{common} denoise=1 {rest}"));
    let text_only = packet(&[("xmp:CreatorTool", "Draw Things"), ("dc:description", words)]);
    check(&text_only, Dialect::DrawThings, &format!("{common} denoise=1 {rest}"));
}

#[test]
fn tensorart_leaves_the_seed_to_the_graph() {
    let request = "{\"prompt\": \"a kite\", \"negativePrompt\": \"blur\", \"width\": 768, \"height\": 1152, \"steps\": 25, \"cfgScale\": 7, \
        \"seed\": \"-1\", \"clipSkip\": 2, \"ksamplerName\": \"euler\", \"schedule\": \"normal\", \"baseModel\": {\"label\": \"Kite\", \
        \"modelFileName\": \"EMS-1-EMS\", \"hash\": \"0A1B2C3D4E\"}, \"models\": [{\"modelFileName\": \"wind\", \"type\": \"LORA\", \
        \"weight\": 0.8}]}\0";
    let graph = r#"{"5": {"class_type": "KSampler", "inputs": {"seed": 99, "steps": 25, "cfg": 7, "sampler_name": "euler", "scheduler": "normal",
        "denoise": 1.0, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["8", 0]}},
        "4": {"class_type": "ECHOCheckpointLoaderSimple", "inputs": {"ckpt_name": "EMS-1-EMS.safetensors"}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a kite", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blur", "clip": ["4", 1]}},
        "8": {"class_type": "EmptyLatentImage", "inputs": {"width": 768, "height": 1152, "batch_size": 1}},
        "9": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["4", 2]}},
        "10": {"class_type": "SaveImage", "inputs": {"images": ["9", 0], "filename_prefix": "x"}}}"#;
    let png = Png::new(1).raw_text("generation_data", request.as_bytes()).text("prompt", graph).build();
    check(
        &png,
        Dialect::TensorArt,
        "prompt=\"a kite\" negative=\"blur\" sampler=euler scheduler=normal steps=25 cfg=7 seed=99 size=768x1152 clip=2 denoise=1 \
         model=\"EMS-1-EMS\" hash=0A1B2C3D4E tool=tensorart\nmodel \"EMS-1-EMS\" #0a1b2c3d4e\nlora \"wind\" *0.8",
    );
}

#[test]
fn stability_matrix_names_versions_of_the_site() {
    let hash = "0A".repeat(32);
    let parameters = format!(
        "a kite\r\nNegative prompt: blur\r\nSteps: 20, Sampler: Euler Ancestral Karras, CFG scale: 5, Seed: 7, Size: 1024x1024, Model hash: {hash}, Model: kite.safetensors"
    );
    let json = format!(
        r#"{{"PositivePrompt": "a kite", "NegativePrompt": "blur", "Steps": 20, "Sampler": "Euler Ancestral Karras", "CfgScale": 5, "Seed": 7,
        "Height": 1024, "Width": 1024, "ModelHash": "{hash}", "ModelName": "kite.safetensors", "ModelVersionId": 9001,
        "ExtraNetworkModelVersionIds": [9002]}}"#
    );
    let project = r#"{"Version": 2, "ProjectType": "TextToImage", "State": {"Model": {"ClipSkip": 2, "IsClipSkipEnabled": true}}}"#;
    let lower = hash.to_lowercase();
    check(
        &pictures::png(&[("parameters", &parameters), ("parameters-json", &json), ("smproj", project)]),
        Dialect::StabilityMatrix,
        &format!(
            "prompt=\"a kite\" negative=\"blur\" sampler=euler_ancestral scheduler=karras steps=20 cfg=5 seed=7 size=1024x1024 clip=2 \
             model=\"kite.safetensors\" hash={hash} tool=stabilitymatrix\nmodel \"kite.safetensors\" #{lower} v9001\nunknown v9002"
        ),
    );
}

#[test]
fn a_space_of_hugging_face_is_read() {
    let hash = "0A".repeat(32);
    let json = format!(
        r#"{{"prompt": "a kite", "negative_prompt": "blur", "resolution": "832 x 1216", "guidance_scale": 5.5, "num_inference_steps": 20,
        "seed": 7, "sampler": "DPM++ 2M Karras", "Model": "Kite v1", "Model hash": "{hash}", "use_upscaler": null}}"#
    );
    let lower = hash.to_lowercase();
    check(
        &pictures::png(&[("parameters", &json)]),
        Dialect::HfSpace,
        &format!(
            "prompt=\"a kite\" negative=\"blur\" sampler=dpmpp_2m scheduler=karras steps=20 cfg=5.5 seed=7 size=832x1216 model=\"Kite v1\" \
             hash={hash} tool=hfspace\nmodel \"Kite v1\" #{lower}"
        ),
    );
    let nested = r#"{"prompt": "a kite", "resolution": "832 x 1216", "num_inference_steps": 20, "seed": 7, "sampler": "Euler a",
        "Model": {"Model": "Kite v1", "Model hash": "0a1b2c3d4e"}}"#;
    check(
        &pictures::png(&[("parameters", nested)]),
        Dialect::HfSpace,
        "prompt=\"a kite\" sampler=euler_ancestral steps=20 seed=7 size=832x1216 model=\"Kite v1\" hash=0a1b2c3d4e tool=hfspace\n\
         model \"Kite v1\" #0a1b2c3d4e",
    );
}

#[test]
fn mochi_captions_are_read_in_both_versions() {
    let first = "Include in Image: a kite; a red one; Exclude from Image: blur; Model: kite; Size: 512x512; Scheduler: DPM-Solver++; \
        Seed: 7; Steps: 12; Guidance Scale: 11.0; Generator: Mochi Diffusion 3.0";
    let second = "Metadata Version: 2\nInclude in Image: a kite\\nover hills\nExclude from Image: blur\nModel: kite\nSize: 512x512\nSeed: 7\n\
        Steps: 12\nGuidance Scale: 11.0\nGenerator: Mochi Diffusion 5.2";
    let rest = "steps=12 cfg=11 seed=7 size=512x512 model=\"kite\" tool=mochi";
    let jpeg = |caption: &str| Jpeg::new(1).iptc(&[(120, caption)]).build();
    let parsed = read_bytes(&jpeg(first), &Limits::default());
    assert_eq!(parsed.generation.prompt.as_deref(), Some("a kite; a red one"));
    assert_eq!((parsed.generation.steps, parsed.generation.tool_version.as_deref()), (Some(12), Some("3.0")));
    check(
        &jpeg(second),
        Dialect::Mochi,
        &format!("prompt=\"a kite\\nover hills\" negative=\"blur\" {rest} version=\"5.2\"\nmodel \"kite\""),
    );
}

#[test]
fn midjourney_flags_leave_the_prompt() {
    let description = "a red kite over hills --ar 3:2 --v 6.1 --no rain, snow --seed 7 --new-flag x \
        Job ID: 00000000-0000-4000-8000-000000000000";
    let parsed = check(
        &pictures::png(&[("Author", "somebody"), ("Description", description)]),
        Dialect::Midjourney,
        "prompt=\"a red kite over hills\" negative=\"rain, snow\" seed=7 tool=midjourney version=\"6.1\"",
    );
    assert_eq!(other(&parsed, "ar"), &text("3:2"));
    assert_eq!(other(&parsed, "new-flag"), &text("x"));
    assert_eq!(other(&parsed, "job_id"), &text("00000000-0000-4000-8000-000000000000"));
}

#[test]
fn the_sites_json_is_read_beside_its_graph() {
    let request = serde_json::json!({
        "prompt": "a kite", "negativePrompt": "blur", "cfgScale": 5, "sampler": "Euler a", "clipSkip": 2, "steps": 25, "seed": 7,
        "width": 1024, "height": 1024, "remixOfId": 33, "resources": [{"modelVersionId": 9002, "strength": 0.7}],
    });
    let graph = serde_json::json!({
        "extra": {"airs": ["urn:air:sdxl:checkpoint:civitai:55@9001"]}, "extraMetadata": request.to_string(),
    });
    let parsed = check(
        &pictures::jpeg_user_comment(&graph.to_string(), Comment::Utf16Be),
        Dialect::Civitai,
        "prompt=\"a kite\" negative=\"blur\" sampler=euler_ancestral steps=25 cfg=5 seed=7 size=1024x1024 clip=2 tool=civitai\n\
         model v9001\nunknown v9002 *0.7",
    );
    assert_eq!(parsed.remix_of.map(|id| id.get()), Some(33));
}
