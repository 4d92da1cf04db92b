use super::*;

/// Checks sampler, scheduler, steps, seed and CFG of the headline.
#[track_caller]
fn check(
    graph: &Tree,
    sampler: &str,
    scheduler: Option<&str>,
    steps: u32,
    seed: i128,
    cfg: Option<f64>,
) -> Parsed {
    let parsed = read(graph);
    let view = &parsed.generation;
    let found = (view.sampler.as_deref(), view.scheduler.as_deref(), view.steps, view.seed, view.cfg);
    assert_eq!(found, (Some(sampler), scheduler, Some(steps), Some(seed), cfg));
    parsed
}

#[test]
fn decomposed_samplers_are_put_together() {
    let parsed = check(
        &with(json!({
            "3": node("SamplerCustomAdvanced", json!({
                "noise": ["20", 0], "guider": ["21", 0], "sampler": ["22", 0], "sigmas": ["24", 0], "latent_image": ["5", 0]
            })),
            "20": node("RandomNoise", json!({"noise_seed": 99})),
            "21": node("BasicGuider", json!({"model": ["4", 0], "conditioning": ["23", 0]})),
            "22": node("KSamplerSelect", json!({"sampler_name": "euler"})),
            "23": node("FluxGuidance", json!({"guidance": 3.5, "conditioning": ["6", 0]})),
            "24": node("SplitSigmas", json!({"step": 4, "sigmas": ["25", 0]})),
            "25": node("BasicScheduler", json!({"scheduler": "beta", "steps": 24, "denoise": 0.9, "model": ["4", 0]}))
        })),
        "euler",
        Some("beta"),
        24,
        99,
        None,
    );
    assert_eq!(parsed.generation.prompt.as_deref(), Some("a red kite"));
    assert_eq!(parsed.generation.negative_prompt, None);
    assert_eq!(parsed.generation.denoise, Some(0.9));
    assert_eq!(parsed.generation.model.as_deref(), Some("kite.safetensors"));
    assert_eq!(said(&parsed, "guidance"), [json!(3.5)]);
}

#[test]
fn guiders_give_cfg_and_both_prompts() {
    let graph = with(json!({
        "3": node("SamplerCustomAdvanced", json!({
            "noise": ["20", 0], "guider": ["21", 0], "sampler": ["22", 0], "sigmas": ["24", 0], "latent_image": ["5", 0]
        })),
        "20": node("RandomNoise", json!({"noise_seed": 5})),
        "21": node("CFGGuider", json!({"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "cfg": 4})),
        "22": node("SamplerDPMPP_2M_SDE", json!({"eta": 1.0, "solver_type": "midpoint"})),
        "24": node("KarrasScheduler", json!({"steps": 12, "sigma_max": 14.6}))
    }));
    let parsed = check(&graph, "dpmpp_2m_sde", Some("karras"), 12, 5, Some(4.0));
    assert_eq!(parsed.generation.negative_prompt.as_deref(), Some("blur"));
}

#[test]
fn the_custom_sampler_has_its_seed_itself() {
    let graph = with(json!({
        "3": node("SamplerCustom", json!({
            "add_noise": true, "noise_seed": 8, "cfg": 1, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0],
            "sampler": ["22", 0], "sigmas": ["24", 0], "latent_image": ["5", 0]
        })),
        "22": node("KSamplerSelect", json!({"sampler_name": "euler_ancestral"})),
        "24": node("SDTurboScheduler", json!({"steps": 1, "denoise": 1, "model": ["4", 0]}))
    }));
    check(&graph, "euler_ancestral", Some("turbo"), 1, 8, Some(1.0));
}

#[test]
fn a_bundle_is_looked_into() {
    let graph = with(json!({
        "3": node("KSamplerBasicPipe", json!({"basic_pipe": ["30", 0], "seed": 4, "steps": 9, "cfg": 7, "sampler_name":
            "heun", "scheduler": "normal", "denoise": 1, "latent_image": ["5", 0]})),
        "30": node("ToBasicPipe", json!({"model": ["4", 0], "clip": ["4", 1], "vae": ["4", 2], "positive": ["6", 0],
            "negative": ["7", 0]}))
    }));
    let parsed = check(&graph, "heun", Some("normal"), 9, 4, Some(7.0));
    assert_eq!(parsed.generation.prompt.as_deref(), Some("a red kite"));
    assert_eq!(parsed.generation.model.as_deref(), Some("kite.safetensors"));
}

#[test]
fn a_loader_with_everything_in_it_is_read() {
    let graph = json!({
        "1": node("Efficient Loader", json!({"ckpt_name": "wind.ckpt", "vae_name": "Baked VAE", "clip_skip": -2,
            "lora_name": "None", "lora_model_strength": 1, "lora_clip_strength": 1, "positive": "a kite", "negative":
            "rain", "empty_latent_width": 640, "empty_latent_height": 448, "batch_size": 1})),
        "2": node("KSampler (Efficient)", json!({"seed": 3, "steps": 15, "cfg": 5, "sampler_name": "euler", "scheduler":
            "normal", "denoise": 1, "model": ["1", 0], "positive": ["1", 1], "negative": ["1", 2], "latent_image": ["1", 3]})),
        "3": node("SaveImage", json!({"filename_prefix": "x", "images": ["2", 5]}))
    });
    let parsed = check(&graph, "euler", Some("normal"), 15, 3, Some(5.0));
    let view = &parsed.generation;
    assert_eq!((view.prompt.as_deref(), view.negative_prompt.as_deref()), (Some("a kite"), Some("rain")));
    assert_eq!((view.width, view.height, view.clip_skip), (Some(640), Some(448), Some(2)));
    assert_eq!(used(&parsed), ["model wind.ckpt"]);
}

#[test]
fn video_wrappers_keep_prompts_in_their_embeddings() {
    let graph = json!({
        "1": node("WanVideoModelLoader", json!({"model": "wan2.safetensors", "base_precision": "fp16"})),
        "2": node("WanVideoTextEncode", json!({"positive_prompt": "a kite flies", "negative_prompt": "still", "t5": ["9", 0]})),
        "9": node("LoadWanVideoT5TextEncoder", json!({"model_name": "umt5.safetensors"})),
        "3": node("WanVideoSampler", json!({"model": ["1", 0], "text_embeds": ["2", 0], "image_embeds": ["4", 0], "steps":
            30, "cfg": 6, "shift": 5, "seed": 2, "scheduler": "unipc"})),
        "4": node("WanVideoEmptyEmbeds", json!({"width": 832, "height": 480, "num_frames": 81})),
        "5": node("VHS_VideoCombine", json!({"images": ["3", 0], "filename_prefix": "wan"}))
    });
    let parsed = check(&graph, "uni_pc", None, 30, 2, Some(6.0));
    let view = &parsed.generation;
    assert_eq!(
        (view.prompt.as_deref(), view.negative_prompt.as_deref()),
        (Some("a kite flies"), Some("still"))
    );
    assert_eq!(view.model.as_deref(), Some("wan2.safetensors"));
}

/// The base graph with a second pass over a larger picture, and the nodes that make it.
fn two_passes(enlarge: Tree) -> Tree {
    let mut graph = with(json!({
        "8": node("VAEDecode", json!({"samples": ["2", 0], "vae": ["4", 2]})),
        "2": node("KSampler", json!({
            "seed": 12, "steps": 8, "cfg": 5, "sampler_name": "euler", "scheduler": "simple", "denoise": 0.4,
            "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["1", 0]
        }))
    }));
    for (id, node) in enlarge.as_object().unwrap() {
        graph[id] = node.clone();
    }
    graph
}

#[test]
fn the_first_pass_speaks_and_the_second_is_told_beside() {
    let latent = json!({"1": node("LatentUpscaleBy", json!({"scale_by": 2, "samples": ["3", 0]}))});
    let pixels = json!({
        "1": node("VAEEncode", json!({"pixels": ["10", 0], "vae": ["4", 2]})),
        "10": node("ImageScale", json!({"width": 1024, "height": 1536, "upscale_method": "area", "image": ["11", 0]})),
        "11": node("ImageUpscaleWithModel", json!({"upscale_model": ["12", 0], "image": ["13", 0]})),
        "12": node("UpscaleModelLoader", json!({"model_name": "4x-kite.pth"})),
        "13": node("VAEDecode", json!({"samples": ["3", 0], "vae": ["4", 2]}))
    });
    for enlarge in [latent, pixels] {
        let parsed = check(&two_passes(enlarge), "dpmpp_2m", Some("karras"), 20, 11, Some(6.5));
        assert_eq!((parsed.generation.width, parsed.generation.height), (Some(512), Some(768)));
        assert_eq!(said(&parsed, "pass 2 (hires) steps"), [json!(8)]);
        assert_eq!(said(&parsed, "pass 2 (hires) denoise"), [json!(0.4)]);
    }
}

#[test]
fn a_refiner_goes_on_with_the_steps_of_another_pass() {
    let advanced = |model: &str, latent: &str, start: u32, end: u32| {
        node(
            "KSamplerAdvanced",
            json!({"add_noise": "enable", "noise_seed": 21, "steps": 30, "cfg": 8, "sampler_name": "dpmpp_2m", "scheduler":
                "karras", "start_at_step": start, "end_at_step": end, "model": [model, 0], "positive": ["6", 0],
                "negative": ["7", 0], "latent_image": [latent, 0]}),
        )
    };
    let graph = with(json!({
        "3": advanced("4", "5", 0, 24),
        "2": advanced("14", "3", 24, 10000),
        "14": node("CheckpointLoaderSimple", json!({"ckpt_name": "refiner.safetensors"})),
        "8": node("VAEDecode", json!({"samples": ["2", 0], "vae": ["14", 2]}))
    }));
    let parsed = check(&graph, "dpmpp_2m", Some("karras"), 30, 21, Some(8.0));
    assert_eq!(parsed.generation.model.as_deref(), Some("kite.safetensors"));
    assert_eq!(said(&parsed, "pass 2 (refiner) denoise"), [json!(0.2)]);
    assert_eq!(used(&parsed), ["model kite.safetensors", "model refiner.safetensors"]);
}

#[test]
fn a_loaded_picture_makes_it_another_kind_of_pass() {
    let changes = json!({
        "5": node("VAEEncode", json!({"pixels": ["50", 0], "vae": ["4", 2]})),
        "50": node("ImageScale", json!({"width": 1536, "height": 1024, "upscale_method": "area", "image": ["51", 0]})),
        "51": node("LoadImage", json!({"image": "sky.png"}))
    });
    let mut graph = with(changes);
    graph["3"]["inputs"]["denoise"] = json!(0.6);
    let parsed = check(&graph, "dpmpp_2m", Some("karras"), 20, 11, Some(6.5));
    assert_eq!((parsed.generation.width, parsed.generation.height), (Some(1536), Some(1024)));
    assert_eq!(parsed.generation.denoise, Some(0.6));
}

#[test]
fn detailers_and_tiles_never_speak_for_the_picture() {
    let graph = with(json!({
        "9": node("SaveImage", json!({"filename_prefix": "x", "images": ["2", 0]})),
        "1": node("FaceDetailer", json!({"image": ["8", 0], "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0],
            "guide_size": 512, "seed": 1, "steps": 50, "cfg": 3, "sampler_name": "euler", "scheduler": "normal",
            "denoise": 0.5, "bbox_detector": ["15", 0]})),
        "15": node("UltralyticsDetectorProvider", json!({"model_name": "bbox/face_yolov8m.pt"})),
        "2": node("UltimateSDUpscale", json!({"image": ["1", 0], "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0],
            "upscale_by": 2, "seed": 2, "steps": 60, "cfg": 3, "sampler_name": "euler", "scheduler": "normal",
            "denoise": 0.2, "tile_width": 512}))
    }));
    let parsed = check(&graph, "dpmpp_2m", Some("karras"), 20, 11, Some(6.5));
    assert_eq!(said(&parsed, "pass 2 (detailer) steps"), [json!(50)]);
    assert_eq!(said(&parsed, "pass 3 (tiled) steps"), [json!(60)]);
    assert_eq!(used(&parsed), ["model kite.safetensors", "other bbox/face_yolov8m.pt"]);
}

#[test]
fn numbers_are_followed_to_where_they_stand() {
    let graph = {
        let mut graph = sampling(
            json!({"seed": ["30", 0], "steps": ["31", 0], "cfg": ["32", 3], "sampler_name": ["33", 0]}),
        );
        graph["30"] = node("Seed (rgthree)", json!({"seed": 77}));
        graph["31"] = node("Reroute", json!({"": ["34", 0]}));
        graph["34"] = node("PrimitiveInt", json!({"value": 33}));
        graph["32"] = node("easy pipeOut", json!({"cfg": 2.5}));
        graph["33"] = node("Sampler Selector", json!({"sampler_name": "lcm"}));
        graph["5"]["inputs"]["width"] = json!(["35", 0]);
        graph["35"] = node("CM_IntBinaryOperation", json!({"op": "Mul", "a": ["34", 0], "b": 4}));
        graph
    };
    let parsed = check(&graph, "lcm", Some("karras"), 33, 77, Some(2.5));
    assert_eq!(parsed.generation.width, Some(132));
}

#[test]
fn a_calculation_is_done_and_one_that_is_not_understood_says_nothing() {
    let mut graph = sampling(json!({"steps": ["30", 0]}));
    graph["30"] = node("MathExpression|pysssss", json!({"expression": "min(a, 40)", "a": 15}));
    assert_eq!(read(&graph).generation.steps, None);
    graph["30"]["inputs"]["expression"] = json!("a * 3 // 2");
    assert_eq!(read(&graph).generation.steps, Some(22));
    graph["30"]["inputs"]["a"] = json!(["30", 0]);
    let parsed = read(&graph);
    assert_eq!(parsed.generation.steps, None);
    assert_eq!(parsed.generation.seed, Some(11));
}

#[test]
fn size_may_be_a_text() {
    let mut graph = base();
    graph["5"] = node(
        "SDXL Empty Latent Image (rgthree)",
        json!({"dimensions": "1152 x 896 (landscape)", "batch_size": 1}),
    );
    let parsed = read(&graph);
    assert_eq!((parsed.generation.width, parsed.generation.height), (Some(1152), Some(896)));
}

#[test]
fn what_saves_files_is_no_sampler() {
    let mut graph = base();
    graph["9"] = node(
        "Save Image w/Metadata",
        json!({"images": ["8", 0], "steps": 1, "cfg": 1, "sampler_name": "ddim", "scheduler": "simple", "seed_value": 0,
            "positive": "unknown", "negative": "unknown", "modelname": "another.safetensors"}),
    );
    let parsed = check(&graph, "dpmpp_2m", Some("karras"), 20, 11, Some(6.5));
    assert_eq!(parsed.generation.prompt.as_deref(), Some("a red kite"));
}

#[test]
fn saved_pictures_count_before_previews_and_what_is_not_live_not_at_all() {
    let mut graph = base();
    graph["2"] = node(
        "KSampler",
        json!({"seed": 1, "steps": 2, "cfg": 3, "sampler_name": "euler", "scheduler": "normal", "denoise": 1, "model":
            ["14", 0], "positive": ["7", 0], "negative": ["6", 0], "latent_image": ["5", 0]}),
    );
    graph["14"] = node("CheckpointLoaderSimple", json!({"ckpt_name": "other.safetensors"}));
    graph["1"] = node("PreviewImage", json!({"images": ["2", 0]}));
    let parsed = check(&graph, "dpmpp_2m", Some("karras"), 20, 11, Some(6.5));
    assert_eq!(used(&parsed), ["model kite.safetensors"]);
    assert_eq!(said(&parsed, "unused_resource"), [json!("model: other.safetensors")]);
}

#[test]
fn pipes_carry_the_checkpoint_and_the_prompts_of_their_loader() {
    let graph = json!({
        "1": node("easy fullLoader", json!({"ckpt_name": "kite.safetensors", "vae_name": "Baked VAE", "clip_skip": -2,
            "lora_name": "wind.safetensors", "lora_model_strength": 0.5, "resolution": "832 x 1216", "empty_latent_width": 832,
            "empty_latent_height": 1216, "positive": "a kite", "negative": "rain"})),
        "2": node("easy preSampling", json!({"pipe": ["1", 0], "steps": 25, "cfg": 5, "sampler_name": "euler", "scheduler":
            "beta", "denoise": 1, "seed": 6})),
        "3": node("easy kSampler", json!({"pipe": ["2", 0], "image_output": "Preview"})),
        "4": node("SaveImage", json!({"filename_prefix": "x", "images": ["3", 1]}))
    });
    let parsed = check(&graph, "euler", Some("beta"), 25, 6, Some(5.0));
    let view = &parsed.generation;
    assert_eq!((view.prompt.as_deref(), view.negative_prompt.as_deref()), (Some("a kite"), Some("rain")));
    assert_eq!((view.width, view.height, view.clip_skip), (Some(832), Some(1216), Some(2)));
    assert_eq!(view.model.as_deref(), Some("kite.safetensors"));
    assert_eq!(used(&parsed), ["lora wind.safetensors@0.5", "model kite.safetensors"]);
}

#[test]
fn a_node_that_makes_pictures_elsewhere_says_what_was_asked_of_it() {
    let graph = json!({
        "1": node("FluxProUltraImageNode", json!({"prompt": ["3", 0], "seed": 44, "aspect_ratio": "16:9", "raw": false})),
        "2": node("SaveImage", json!({"filename_prefix": "x", "images": ["4", 0]})),
        "3": node("PrimitiveStringMultiline", json!({"value": "a red kite"})),
        "4": node("ImageScale", json!({"image": ["1", 0], "width": 64, "height": 64}))
    });
    let parsed = check_prompts(&graph, Some("a red kite"), None);
    assert_eq!(parsed.generation.seed, Some(44));
}

#[test]
fn the_only_checkpoint_counts_where_the_way_to_it_is_unknown() {
    let mut graph = base();
    graph["3"]["inputs"]["model"] = json!(["20", 0]);
    graph["20"] = node("Somebody's Patch", json!({"thing": ["4", 0]}));
    assert_eq!(read(&graph).generation.model.as_deref(), Some("kite.safetensors"));
}

#[test]
fn a_sampler_that_writes_its_files_itself_is_one() {
    let parsed = read(&json!({
        "1": node("easy a1111Loader", json!({"ckpt_name": "kite.safetensors", "positive": "a red kite", "negative": "blur"})),
        "3": node("easy fullkSampler", json!({
            "pipe": ["1", 0], "seed": 11, "steps": 20, "cfg": 6.5, "sampler_name": "euler", "scheduler": "karras", "denoise": 1,
            "image_output": "Save", "save_prefix": "kite"
        }))
    }));
    let view = parsed.generation;
    assert_eq!((view.prompt.as_deref(), view.negative_prompt.as_deref()), (Some("a red kite"), Some("blur")));
    assert_eq!((view.seed, view.model.as_deref()), (Some(11), Some("kite.safetensors")));
}

#[test]
fn the_size_of_a_video_stands_where_its_frames_are_laid_out() {
    let mut graph =
        sampling(json!({"positive": ["40", 0], "negative": ["40", 1], "latent_image": ["40", 2]}));
    graph["40"] = node(
        "WanImageToVideo",
        json!({"width": 832, "height": 480, "length": 33, "positive": ["6", 0], "negative": ["7", 0], "start_image": ["41", 0]}),
    );
    graph["41"] = node("LoadImage", json!({"image": "first.png"}));
    let view = read(&graph).generation;
    assert_eq!((view.width, view.height), (Some(832), Some(480)));
    assert_eq!(view.prompt.as_deref(), Some("a red kite"));
}

#[test]
fn a_model_may_be_a_folder() {
    let mut graph = sampling(json!({"model": ["40", 0]}));
    graph["40"] = node("NunchakuFluxDiTLoader", json!({"model_path": "kite-int4", "attention": "fp16"}));
    assert_eq!(read(&graph).generation.model.as_deref(), Some("kite-int4"));
}
