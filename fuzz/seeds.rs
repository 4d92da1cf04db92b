//! Writes a starting corpus: `cargo run --bin seeds` in this folder. Nothing in it is of others.

use std::fs;
use std::io::Result;
use std::path::Path;

#[path = "../tests/support/pictures/mod.rs"]
mod pictures;

#[path = "../tests/support/coded.rs"]
mod coded;

use pictures::{Comment, Exif, Order, Png, WebP};

const INFOTEXT: &str = "a red kite, <lora:wind:0.8>\nNegative prompt: blur\nSteps: 20, Sampler: DPM++ 2M, Schedule type: \
     Karras, CFG scale: 7, Seed: 11, Size: 512x768, Model hash: 0a1b2c3d4e, Model: kite, Lora hashes: \"wind: 1b2c3d4e5f6a\", \
     Version: v1.10.1";

const ON_SITE: &str = "a red kite\nNegative prompt: blur\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 11, Clip skip: 2, \
     Civitai resources: [{\"type\":\"checkpoint\",\"modelVersionId\":9001}], Civitai metadata: {\"remixOfId\":33}";

const SWARM: &str = r#"{"sui_image_params":{"prompt":"a kite","model":"dir/kite","seed":7,"steps":20,"cfgscale":7,"loras":["wind"],"loraweights":["0.8"]}}"#;

const EXECUTED: &str = r#"{"3":{"class_type":"KSampler","inputs":{"seed":18446744073709551615,"steps":20,"cfg":6.5,"sampler_name":"dpmpp_2m","scheduler":"karras","denoise":1.0,"model":["10",0],"positive":["6",0],"negative":["7",0],"latent_image":["5",0]}},"4":{"class_type":"CheckpointLoaderSimple","inputs":{"ckpt_name":"kite.safetensors"}},"5":{"class_type":"EmptyLatentImage","inputs":{"width":512,"height":768,"batch_size":1}},"6":{"class_type":"CLIPTextEncode","inputs":{"text":["11",0],"clip":["4",1]}},"7":{"class_type":"ConditioningZeroOut","inputs":{"conditioning":["6",0]}},"8":{"class_type":"VAEDecode","inputs":{"samples":["3",0],"vae":["4",2]}},"9":{"class_type":"SaveImage","inputs":{"filename_prefix":"kite","images":["8",0]}},"10":{"class_type":"Power Lora Loader (rgthree)","inputs":{"lora_1":{"on":true,"lora":"wind.safetensors","strength":0.8},"model":["4",0]},"is_changed":[NaN]},"11":{"class_type":"StringConcatenate","inputs":{"string_a":"a red kite","string_b":"embedding:dawn","delimiter":", "}}}"#;

const EDITOR: &str = r#"{"nodes":[{"id":4,"type":"CheckpointLoaderSimple","mode":0,"inputs":[],"outputs":[{"type":"MODEL"},{"type":"CLIP"},{"type":"VAE"}],"widgets_values":["kite.safetensors"]},{"id":3,"type":"KSampler","mode":0,"inputs":[{"name":"model","type":"MODEL","link":1},{"name":"positive","type":"CONDITIONING","link":2}],"outputs":[{"type":"LATENT"}],"widgets_values":[11,"randomize",20,6.5,"dpmpp_2m","karras",1]},{"id":6,"type":"0b1c","mode":0,"inputs":[{"name":"clip","type":"CLIP","link":3}],"outputs":[{"type":"CONDITIONING"}],"widgets_values":["a red kite"],"properties":{"proxyWidgets":[["1","text"]]}},{"id":9,"type":"SaveLatent","mode":0,"inputs":[{"name":"samples","type":"LATENT","link":4}],"widgets_values":["kite"]}],"links":[[1,4,0,3,0,"MODEL"],[2,6,0,3,1,"CONDITIONING"],[3,4,1,6,0,"CLIP"],[4,3,0,9,0,"LATENT"]],"definitions":{"subgraphs":[{"id":"0b1c","inputNode":{"id":-10},"outputNode":{"id":-20},"nodes":[{"id":1,"type":"CLIPTextEncode","mode":0,"inputs":[{"name":"clip","type":"CLIP","link":5}],"outputs":[{"type":"CONDITIONING"}],"widgets_values":["blue"]}],"links":[{"id":5,"origin_id":-10,"origin_slot":0,"target_id":1,"target_slot":0},{"id":6,"origin_id":1,"origin_slot":0,"target_id":-20,"target_slot":0}]}]}}"#;

fn main() -> Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let graphs = [("prompt", EXECUTED), ("workflow", EDITOR)];
    let exif = Exif::new(Order::Little).comment(Comment::Utf16Le, SWARM);
    let files = [
        ("png", pictures::png(&[("parameters", INFOTEXT)])),
        ("png-graphs", Png::new(2).text("prompt", EXECUTED).text("workflow", EDITOR).build()),
        ("jpeg", pictures::jpeg_user_comment(ON_SITE, Comment::Utf16Be)),
        ("webp", WebP::new(3).exif(&exif).build()),
        ("webp-graph", pictures::webp_exif(&[(0x0110, &format!("prompt:{EXECUTED}"))])),
        ("avif", pictures::avif(INFOTEXT, Comment::Utf16Be)),
        ("mp4", pictures::mp4(&graphs)),
        ("webm", pictures::webm(&graphs)),
    ];
    write(&corpus.join("containers"), &files)?;
    let coded = coded::files().into_iter().enumerate();
    let coded: Vec<(String, Vec<u8>)> =
        coded.map(|(number, bytes)| (format!("coded-{number}"), bytes)).collect();
    write(&corpus.join("pictures"), &coded)?;
    let texts = [("webui", INFOTEXT), ("on-site", ON_SITE), ("swarm", SWARM)];
    write(&corpus.join("infotext"), &texts.map(|(name, text)| (name, text.as_bytes().to_vec())))?;
    let wrapped = serde_json::json!({"prompt": EXECUTED, "extra_data": {}}).to_string();
    let texts = [("executed", EXECUTED), ("editor", EDITOR), ("wrapped", wrapped.as_str())];
    write(&corpus.join("comfyui"), &texts.map(|(name, text)| (name, text.as_bytes().to_vec())))?;
    let lora = r#"{"__metadata__":{"ss_sd_model_name":"base.safetensors","ss_network_module":"networks.lora","ss_tag_frequency":"{\"a\":{\"kite\":3}}"},"lora_unet.lora_down.weight":{"dtype":"F16","shape":[4,8],"data_offsets":[0,64]}}"#;
    write(&corpus.join("model_header"), &[("lora", safetensors(lora, 64)), ("empty", safetensors("{}", 0))])
}

/// A file of this header and so many bytes of weights.
fn safetensors(header: &str, weights_bytes: usize) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.resize(file.len() + weights_bytes, 7);
    file
}

fn write(folder: &Path, files: &[(impl AsRef<Path>, Vec<u8>)]) -> Result<()> {
    fs::create_dir_all(folder)?;
    files.iter().try_for_each(|(name, bytes)| fs::write(folder.join(name), bytes))
}
