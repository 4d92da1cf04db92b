//! Spellings that only some versions of a generator use.

use super::*;

#[test]
fn adapters_of_invokeai_are_resources() {
    let text = r#"{"positive_prompt": "a kite", "seed": 7, "ipAdapters": [{"ip_adapter_model": {"name": "look"}, "weight": 0.5}],
        "t2iAdapters": [{"t2i_adapter_model": {"model_name": "lines"}, "weight": 0.25}]}"#;
    check(
        &pictures::png(&[("invokeai_metadata", text)]),
        Dialect::InvokeAi,
        "prompt=\"a kite\" seed=7 tool=invokeai\nother \"look\" *0.5\nother \"lines\" *0.25",
    );
}

#[test]
fn fooocus_is_known_by_the_tags_of_other_containers() {
    let object = r#"{"base_model": "kite", "prompt": "a kite", "seed": "7", "steps": 30}"#;
    for (tag, word) in [(0x927C, "fooocus"), (0x0131, "Fooocus v2.5.5")] {
        let block = Exif::new(Order::Little).ascii(0, 0x9286, object).ascii(0, tag, word);
        check(
            &Jpeg::new(1).exif(&block).build(),
            Dialect::Fooocus,
            "prompt=\"a kite\" steps=30 seed=7 model=\"kite\" tool=fooocus\nmodel \"kite\"",
        );
    }
}

#[test]
fn logs_of_fooocus_are_read_by_their_labels() {
    let object = r#"{"Prompt": "a kite", "Negative Prompt": "blur", "Resolution": "(896, 1152)", "Guidance Scale": 4, "Seed": 7,
        "Base Model": "kite.safetensors", "LoRA 1": "wind.safetensors : 0.5", "Version": "v2.1"}"#;
    check(
        &pictures::png(&[("parameters", object)]),
        Dialect::Generic,
        "prompt=\"a kite\" negative=\"blur\" cfg=4 seed=7 size=896x1152 model=\"kite.safetensors\"\nlora \"wind.safetensors\" *0.5",
    );
}

#[test]
fn ruinedfooocus_may_put_a_hash_before_the_name() {
    let hash = "0a".repeat(32);
    let object = format!(
        r#"{{"Prompt": "a kite", "base_model_name": "kite", "loras": [["{hash}", "0.5 - wind.safetensors"]], "software": "RuinedFooocus"}}"#
    );
    check(
        &pictures::png(&[("parameters", &object)]),
        Dialect::Fooocus,
        &format!(
            "prompt=\"a kite\" model=\"kite\" tool=ruinedfooocus\nmodel \"kite\"\nlora \"wind.safetensors\" #{hash} *0.5"
        ),
    );
}

#[test]
fn easy_diffusions_object_may_have_labels_and_other_weights() {
    let object = r#"{"Prompt": "a kite", "Seed": 7, "Stable Diffusion model": "kite", "LoRA model": "wind", "LoRA Strength": 0.5,
        "Hypernetwork model": "sky", "Hypernetwork Strength": 0.25}"#;
    check(
        &pictures::jpeg_user_comment(object, Comment::Utf16Be),
        Dialect::EasyDiffusion,
        "prompt=\"a kite\" seed=7 model=\"kite\" tool=easydiffusion\nmodel \"kite\"\nlora \"wind\" *0.5\nhypernetwork \"sky\" *0.25",
    );
}

#[test]
fn draw_things_may_leave_the_negative_prompt_out() {
    let object = r#"{"c": "a kite", "scale": 7, "seed": 7, "model": "kite.ckpt"}"#;
    let packet = |properties: &[(&str, &str)]| pictures::Png::new(1).xmp(&xmp::elements(properties)).build();
    check(
        &packet(&[("xmp:CreatorTool", "Draw Things"), ("exif:UserComment", object)]),
        Dialect::DrawThings,
        "prompt=\"a kite\" cfg=7 seed=7 model=\"kite.ckpt\" tool=drawthings\nmodel \"kite.ckpt\"",
    );
    let words = "a kite\nSteps: 20, Seed: 7, Model: kite.ckpt, Refiner: late.ckpt, Upscaler: large.ckpt, Strength: 0.5";
    check(
        &packet(&[("xmp:CreatorTool", "Draw Things"), ("dc:description", words)]),
        Dialect::DrawThings,
        "prompt=\"a kite\" steps=20 seed=7 denoise=0.5 model=\"kite.ckpt\" tool=drawthings\nmodel \"kite.ckpt\"\n\
         model \"late.ckpt\"\nupscaler \"large.ckpt\"",
    );
}

#[test]
fn midjourney_is_known_without_the_number_of_its_job() {
    let description = "a red kite --ar 3:2 --v 6.1";
    check(
        &pictures::png(&[("Author", "somebody"), ("Description", description)]),
        Dialect::Midjourney,
        "prompt=\"a red kite\" tool=midjourney version=\"6.1\"",
    );
    let alone = read_bytes(&pictures::png(&[("Description", description)]), &Limits::default());
    assert_eq!(alone.claims, []);
}

#[test]
fn a_record_of_a_service_says_what_was_asked_of_which_model() {
    let version = "0a".repeat(32);
    let record = format!(
        r#"{{"description": "MediaProvenance (v1)", "provider": "replicate", "model": "somebody/kite", "input": {{"prompt": "a kite",
        "seed": 7}}, "output": ["x"], "meta": {{"id": "1", "version": "{version}"}}}}"#
    );
    let parsed = check(
        &pictures::png(&[("Comment", &record)]),
        Dialect::Generic,
        "prompt=\"a kite\" seed=7 model=\"somebody/kite\" tool=replicate",
    );
    assert_eq!(other(&parsed, "model_version"), &text(&version));
}
