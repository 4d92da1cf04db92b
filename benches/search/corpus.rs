//! Records as documents, and questions about them.

use std::ops::Range;

use rayon::prelude::*;
use stemmata_index::{Document, DocumentResource, DocumentTraits, NameKind, chunks};

use crate::engines::{Kind, Question};
use crate::records::{Plan, Records, wire};

/// Images drawn by one task.
const TASK: u64 = 1_000;

/// All that is drawn.
pub(crate) struct Corpus {
    records: Records,
    images: u64,
}

impl Corpus {
    pub(crate) fn new(images: u64) -> Self {
        let plan = Plan { images, versions: (images / 20).clamp(100, 50_000), seed: 1 };
        Self { records: Records::new(plan), images }
    }

    pub(crate) fn len(&self) -> u64 {
        self.images
    }

    /// The documents of a range, in order.
    pub(crate) fn documents(&self, range: Range<u64>) -> Vec<Document> {
        let tasks: Vec<Range<u64>> = (range.start..range.end)
            .step_by(TASK as usize)
            .map(|start| start..(start + TASK).min(range.end))
            .collect();
        let drawn: Vec<Vec<Document>> = tasks
            .into_par_iter()
            .map(|task| {
                let mut documents = Vec::with_capacity(TASK as usize);
                let mut media = task.clone();
                self.records.each_image(task, |image| {
                    let index = media.next().unwrap_or_default();
                    documents.push(document(image, self.records.media_of(index)));
                });
                documents
            })
            .collect();
        drawn.into_iter().flatten().collect()
    }

    /// `count` questions of each kind, with words of images drawn from all over: half as often as they occur, half from
    /// the very commonest tags, which are the hard ones.
    pub(crate) fn questions(&self, count: usize) -> Vec<Question> {
        let common = [
            "best quality",
            "highly detailed",
            "soft light",
            "sharp focus",
            "one person",
            "depth of field",
            "mountain lake",
            "wide view",
            "old oak tree",
            "looking at viewer",
        ];
        let mut questions = Vec::new();
        for kind in Kind::ALL {
            let mut made = 0;
            let mut at: u64 = 17 + kind as u64 * 7919;
            while made < count {
                at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let index = (at >> 24) % self.images;
                let image = self.documents(index..index + 1).remove(0);
                let chunks: Vec<String> = chunks(image.prompt.as_deref().unwrap_or_default())
                    .filter(|chunk| is_plain(chunk))
                    .collect();
                if chunks.len() < 3 {
                    continue;
                }
                let is_hard = made % 2 == 1;
                let pick = |number: usize| -> &str {
                    if is_hard {
                        common[(made + number * 3) % common.len()]
                    } else {
                        &chunks[(at as usize / 7 + number) % chunks.len()]
                    }
                };
                let word = |number: usize| pick(number).split(' ').next_back().unwrap_or_default().to_owned();
                let words = match kind {
                    Kind::And | Kind::Filter if made % 4 < 2 => vec![word(0), word(1)],
                    Kind::And => vec![word(0), word(1), word(2)],
                    Kind::Phrase | Kind::PhraseTotal => {
                        let Some(phrase) = (0..chunks.len()).map(pick).find(|chunk| chunk.contains(' '))
                        else {
                            continue;
                        };
                        phrase.split(' ').map(str::to_owned).collect()
                    }
                    Kind::Prefix => vec![word(0).chars().take(4).collect()],
                    _ => vec![word(0)],
                };
                let distinct: std::collections::BTreeSet<&String> = words.iter().collect();
                if distinct.len() < words.len() || words.iter().any(|word| word.len() < 2) {
                    continue;
                }
                questions.push(Question { kind, words, sampler: "euler a".into() });
                made += 1;
            }
        }
        questions
    }
}

/// Words that every engine splits alike.
fn is_plain(chunk: &str) -> bool {
    chunk.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ')
}

fn document(image: &wire::Image<'_>, media: u64) -> Document {
    let meta = image.meta.as_ref();
    let resources = meta.map(|meta| &meta.resources[..]).unwrap_or_default();
    let created: jiff::Timestamp = image.created_at.parse().unwrap_or_default();
    Document {
        key: image.id.cast_signed(),
        image: Some(image.id),
        media: Some(media),
        prompt: meta.map(|meta| cleaned(&meta.prompt)),
        negative: meta.map(|meta| meta.negative_prompt.to_owned()).filter(|text| !text.is_empty()),
        names: resources
            .iter()
            .map(|used| {
                (if used.r#type == "model" { NameKind::Model } else { NameKind::Lora }, used.name.to_owned())
            })
            .collect(),
        resources: resources
            .iter()
            .map(|used| DocumentResource { id: number(used.name), weight: used.weight })
            .collect(),
        model: resources.iter().find(|used| used.r#type == "model").map(|used| number(used.name)),
        posted_for: image.model_version_ids.clone(),
        sampler: meta.map(|meta| meta.sampler.to_lowercase()),
        scheduler: None,
        base_model: Some(image.base_model.to_owned()),
        username: Some(image.username.to_owned()),
        tool: meta.map(|_| "a1111".to_owned()),
        media_type: Some("image".to_owned()),
        source: Some("civitai".to_owned()),
        created_ms: Some(created.as_millisecond()),
        width: Some(image.width),
        height: Some(image.height),
        steps: meta.map(|meta| meta.steps),
        clip_skip: meta.map(|meta| meta.clip_skip),
        post: Some(image.post_id),
        nsfw_bits: Some(image.browsing_level),
        likes: Some(image.stats.like_count),
        reactions: Some(image.stats.like_count + image.stats.heart_count + image.stats.laugh_count),
        comments: Some(image.stats.comment_count),
        cfg: meta.map(|meta| meta.cfg_scale),
        denoise: None,
        seed: meta.map(|meta| meta.seed.cast_signed()),
        // As large as generated, and read for traits without any: so is most of what the site has.
        upscale_percent: meta.map(|_| 100),
        traits: meta.map(|_| DocumentTraits::default()),
    }
}

/// A prompt without what only our analyzer drops, so that all engines see the same words in the same places.
fn cleaned(prompt: &str) -> String {
    let mut out = String::with_capacity(prompt.len());
    for (number, part) in prompt.split('<').enumerate() {
        out.push_str(if number == 0 { part } else { part.split_once('>').map_or("", |(_, rest)| rest) });
    }
    out.replace(" BREAK ", ", ")
}

/// A row number for a resource, as a catalog would give it.
fn number(name: &str) -> u64 {
    name.bytes().fold(5381_u64, |hash, byte| hash.wrapping_mul(33) ^ u64::from(byte)) % 200_000
}
