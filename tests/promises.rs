//! What the fuzz targets hold of any bytes holds of our own seeds and of random changes of them.

use proptest::prelude::*;

use crate::support::coded;
use crate::support::pictures::{self, Comment, Exif, Order, Png, WebP};

#[path = "../fuzz/promises.rs"]
mod entry_points;

const INFOTEXT: &str = "a red kite, <lora:wind:0.8>\nNegative prompt: blur\nSteps: 20, Sampler: DPM++ 2M, Schedule type: \
     Karras, CFG scale: 7, Seed: 11, Size: 512x768, Model hash: 0a1b2c3d4e, Model: kite, Lora hashes: \"wind: 1b2c3d4e5f6a\", \
     Civitai resources: [{\"type\":\"checkpoint\",\"modelVersionId\":9001}], Version: v1.10.1";

const GRAPH: &str = r#"{"3":{"class_type":"KSampler","inputs":{"seed":18446744073709551615,"steps":20,"cfg":6.5,
    "sampler_name":"dpmpp_2m","scheduler":"karras","model":["10",0],"positive":["6",0],"negative":["7",0],"latent_image":["5",0]}},
    "4":{"class_type":"CheckpointLoaderSimple","inputs":{"ckpt_name":"kite.safetensors"}},
    "5":{"class_type":"EmptyLatentImage","inputs":{"width":512,"height":768}},
    "6":{"class_type":"CLIPTextEncode","inputs":{"text":["11",0],"clip":["4",1]}},
    "7":{"class_type":"ConditioningZeroOut","inputs":{"conditioning":["6",0]}},
    "9":{"class_type":"SaveImage","inputs":{"images":["3",0]}},
    "10":{"class_type":"Power Lora Loader (rgthree)","inputs":{"lora_1":{"on":true,"lora":"wind.pt","strength":1},"model":["4",0]}},
    "11":{"class_type":"StringConcatenate","inputs":{"string_a":"a red kite","string_b":"embedding:dawn","delimiter":NaN}}}"#;

const EDITOR: &str = r#"{"nodes":[{"id":4,"type":"CheckpointLoaderSimple","mode":0,"outputs":[{"type":"MODEL"}],
    "widgets_values":["kite.safetensors"]},{"id":3,"type":"KSampler","mode":0,"inputs":[{"name":"model","type":"MODEL","link":1},
    {"name":"positive","type":"CONDITIONING","link":2}],"widgets_values":[11,"randomize",20,6.5,"dpmpp_2m","karras",1]},
    {"id":6,"type":"0b1c","mode":0,"inputs":[],"widgets_values":["a kite"],"properties":{"proxyWidgets":[["1","text"]]}},
    {"id":9,"type":"SaveLatent","mode":0,"inputs":[{"name":"samples","type":"LATENT","link":4}]}],
    "links":[[1,4,0,3,0,"MODEL"],[2,6,0,3,1,"CONDITIONING"],[4,3,0,9,0,"LATENT"]],"definitions":{"subgraphs":[{"id":"0b1c",
    "nodes":[{"id":1,"type":"CLIPTextEncode","mode":0,"inputs":[],"widgets_values":["blue"]}],
    "links":[{"id":6,"origin_id":1,"origin_slot":0,"target_id":-20,"target_slot":0}]}]}}"#;

/// A model file with this header.
fn safetensors(header: &str) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(&[7; 64]);
    file
}

fn files() -> Vec<Vec<u8>> {
    vec![
        pictures::png(&[("parameters", INFOTEXT)]),
        Png::new(2).text("prompt", GRAPH).text("workflow", EDITOR).build(),
        pictures::jpeg_user_comment(INFOTEXT, Comment::Utf16Be),
        WebP::new(3).exif(&Exif::new(Order::Little).comment(Comment::Utf16Le, INFOTEXT)).build(),
        pictures::webp_exif(&[(0x0110, &format!("prompt:{GRAPH}"))]),
        pictures::avif(INFOTEXT, Comment::Utf16Be),
        pictures::mp4(&[("prompt", GRAPH), ("workflow", EDITOR)]),
        pictures::webm(&[("prompt", GRAPH)]),
    ]
}

fn texts() -> Vec<Vec<u8>> {
    [INFOTEXT, GRAPH, EDITOR].map(|text| text.as_bytes().to_vec()).to_vec()
}

fn models() -> Vec<Vec<u8>> {
    let lora = r#"{"__metadata__":{"ss_sd_model_name":"base.safetensors","ss_tag_frequency":"{\"a\":{\"kite\":3}}"},
        "lora_unet.lora_down.weight":{"dtype":"F16","shape":[4,8],"data_offsets":[0,64]}}"#;
    vec![safetensors(lora), safetensors("{}")]
}

fn queries() -> Vec<Vec<u8>> {
    let tree = r#"{"version":1,"query":{"node":{"and":[{"node":{"text":{"field":"prompt","text":"kite","slop":0,"prefix":true}}},
        {"node":{"not":{"node":{"integer":{"field":"steps","test":{"between":[20,40]}}}}}}]}},"limit":5}"#;
    [
        tree,
        "castle \"on a hill\"~3 or -(negative:blurry steps:20..40) lora:\"add detail\"@0.4..0.9 sort:-likes limit:5",
        "path:/a/** filesize:>2MB mtime:-7d.. is:local like:\"/a b.png\"~8 date:[2024 TO *] age:<7d /dra(g|c)on.*/ *ast* @a",
        INFOTEXT,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// One change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Byte(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, u8),
    Repeat(prop::sample::Index, u8),
    Cut(prop::sample::Index),
}

impl Change {
    fn make(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let end = |at: usize, length: u8| (at + usize::from(length)).min(bytes.len());
        match self {
            Self::Byte(at, value) => {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            Self::Insert(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Remove(at, length) => {
                let at = at.index(bytes.len());
                bytes.drain(at..end(at, *length));
            }
            Self::Repeat(at, length) => {
                let at = at.index(bytes.len());
                let again = bytes[at..end(at, *length)].to_vec();
                bytes.splice(at..at, again);
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
}

fn any_change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, value)| Change::Byte(at, value)),
        2 => (at(), prop::sample::select(&b"{}[]\":,\\0123456789-"[..])).prop_map(|(at, value)| Change::Byte(at, value)),
        2 => (at(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, more)| Change::Insert(at, more)),
        2 => (at(), 1..60_u8).prop_map(|(at, length)| Change::Remove(at, length)),
        2 => (at(), 1..60_u8).prop_map(|(at, length)| Change::Repeat(at, length)),
        1 => at().prop_map(Change::Cut),
    ]
}

/// One of these seeds, changed a few times.
fn changed(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(seeds), prop::collection::vec(any_change(), 1..8)).prop_map(
        |(mut bytes, changes)| {
            changes.iter().for_each(|change| change.make(&mut bytes));
            bytes
        },
    )
}

#[test]
fn the_seeds_keep_the_promises() {
    let (files, texts, models) = (files(), texts(), models());
    assert_eq!((files.len(), texts.len(), models.len()), (8, 3, 2), "a seed was gained or lost");
    files.iter().for_each(|file| entry_points::containers(file));
    texts.iter().for_each(|text| entry_points::infotext(text));
    texts.iter().for_each(|text| entry_points::comfyui(text));
    models.iter().for_each(|file| entry_points::model_header(file));
    queries().iter().for_each(|query| entry_points::query(query));
    let coded = coded::files();
    assert_eq!(coded.len(), 8, "a seed was gained or lost");
    coded.iter().for_each(|file| entry_points::pictures(file));
}

proptest! {
    #[test]
    fn changed_pictures_keep_the_promises(bytes in changed(coded::files())) {
        entry_points::pictures(&bytes);
    }

    #[test]
    fn changed_files_keep_the_promises(bytes in changed(files())) {
        entry_points::containers(&bytes);
    }

    #[test]
    fn changed_texts_keep_the_promises(bytes in changed(texts())) {
        entry_points::infotext(&bytes);
        entry_points::comfyui(&bytes);
    }

    #[test]
    fn changed_queries_keep_the_promises(bytes in changed(queries())) {
        entry_points::query(&bytes);
    }

    #[test]
    fn changed_model_files_keep_the_promises(bytes in changed(models())) {
        entry_points::model_header(&bytes);
    }
}
