//! Texts that no grammar owns, that disagree, or that complete each other.

use super::*;

#[test]
fn what_no_grammar_knows_is_guessed_from_familiar_words() {
    let expected = "prompt=\"a kite\" negative=\"blur\" sampler=euler steps=20 cfg=7 seed=7 size=512x768";
    let sygil = pictures::png(&[
        ("SD:prompt", "a kite"),
        ("SD:negative_prompt", "blur"),
        ("SD:sampler_name", "k_euler"),
        ("SD:steps", "20"),
        ("SD:cfg_scale", "7"),
        ("SD:seed", "7"),
        ("SD:width", "512"),
        ("SD:height", "768"),
    ]);
    check(&sygil, Dialect::Generic, expected);
    let object = r#"{"description": "x", "provider": "someone", "input": {"prompt": "a kite", "negative_prompt": "blur", "sampler": "Euler",
        "num_inference_steps": 20, "guidance_scale": 7, "seed": 7, "size": "512x768"}}"#;
    check(&pictures::png(&[("comment", object)]), Dialect::Generic, &format!("{expected} tool=someone"));
    let lines = "Prompt: a kite\nNegative prompt: blur\nSampling method: Euler\nSteps: 20\nGuidance: 7\nSeed: 7\nSize: 512x768";
    check(&pictures::png(&[("parameters", lines)]), Dialect::Generic, expected);
}

#[test]
fn an_upscaled_picture_names_its_upscaler_and_no_prompt() {
    let details = "Postprocess upscale by: 4, Postprocess upscaler: 4x_sharp";
    let parsed =
        check(&pictures::png(&[("postprocessing", details)]), Dialect::Infotext, "\nupscaler \"4x_sharp\"");
    assert_eq!(other(&parsed, "Postprocess upscale by"), &text("4"));
}

#[test]
fn a_camera_and_an_editor_are_no_generators() {
    let exif =
        Exif::new(Order::Big).ascii(0, 0x010f, "Canon").ascii(0, 0x0110, "EOS").ascii(0, 0x0131, "Lightroom");
    let jpeg = Jpeg::new(1).exif(&exif).comment(b"Created with GIMP").build();
    let parsed = read_bytes(&jpeg, &Limits::default());
    assert!(parsed.claims.is_empty(), "{:?}", parsed.claims);
    let card =
        pictures::png(&[("chara", "eyJzcGVjIjogImNoYXJhX2NhcmRfdjIifQ=="), ("Comment", "Created with GIMP")]);
    assert!(read_bytes(&card, &Limits::default()).claims.is_empty());
}

#[test]
fn where_a_picture_says_it_comes_from_is_stated_and_not_vouched_for() {
    let label = r#"{"Label": "1", "ContentProducer": "someone.example", "ProduceID": "42"}"#;
    let parsed = read_bytes(&pictures::png(&[("AIGC", label)]), &Limits::default());
    assert_eq!(sources(&parsed), [text("aigc: a provider's label is present; it was not checked")]);
    assert_eq!(other(&parsed, "aigc_ProduceID"), &text("42"));
    let packet = xmp::attributes(&[(
        "Iptc4xmpExt:DigitalSourceType",
        "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    )]);
    let parsed = read_bytes(&Jpeg::new(1).xmp(&packet).build(), &Limits::default());
    assert!(parsed.claims.iter().any(|claim| claim.field == Field::Source), "{:?}", parsed.claims);
}

#[test]
fn texts_that_disagree_are_both_kept() {
    let other = INFOTEXT.replace("Seed: 7", "Seed: 8").replace("a kite", "a hat");
    let png = Png::new(1)
        .text("parameters", INFOTEXT)
        .exif(&Exif::new(Order::Big).comment(Comment::Utf16Be, &other))
        .build();
    let parsed = read_bytes(&png, &Limits::default());
    assert_eq!(parsed.generation.seed, Some(7));
    let about: Vec<&str> = parsed.conflicts.iter().map(|conflict| conflict.field.as_str()).collect();
    assert_eq!(about, ["prompt", "seed"]);
    for conflict in &parsed.conflicts {
        let (kept, other) = (&parsed.claims[conflict.kept], &parsed.claims[conflict.other]);
        assert!(kept.block != other.block && kept.value != other.value && kept.field == other.field);
    }
    let same = Png::new(1)
        .text("parameters", INFOTEXT)
        .exif(&Exif::new(Order::Big).comment(Comment::Utf16Be, INFOTEXT))
        .build();
    assert_eq!(read_bytes(&same, &Limits::default()).conflicts, []);
}

#[test]
fn a_save_nodes_text_completes_what_only_the_run_knew() {
    let graph = r#"{"5": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 20, "cfg": 7, "sampler_name": "euler", "scheduler": "normal",
        "denoise": 1.0, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["8", 0]}},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "kite.safetensors"}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["11", 0], "clip": ["4", 1]}},
        "11": {"class_type": "StringConcatenate", "inputs": {"string_a": "a kite", "string_b": ["12", 0], "delimiter": ", "}},
        "12": {"class_type": "OllamaGenerate", "inputs": {"model": "llama", "seed": 1, "instruction": "describe"}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blur", "clip": ["4", 1]}},
        "8": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
        "9": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["4", 2]}},
        "10": {"class_type": "SaveImage", "inputs": {"images": ["9", 0], "filename_prefix": "x"}}}"#;
    let words = "a kite, over hills\nNegative prompt: blur\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 7, Size: 512x768, \
        Model hash: 0a1b2c3d4e, Model: kite, Version: ComfyUI";
    let parsed = read_bytes(&pictures::png(&[("prompt", graph), ("parameters", words)]), &Limits::default());
    assert!(
        parsed.warnings.iter().any(|warning| warning.code == "prompt_incomplete"),
        "{:?}",
        parsed.warnings
    );
    assert_eq!(parsed.generation.prompt.as_deref(), Some("a kite, over hills"));
    assert_eq!(parsed.generation.model_hash.as_deref(), Some("0a1b2c3d4e"));
    assert_eq!(parsed.conflicts, []);
}
