//! The JSON of an item of the site's image listing, as it is written here.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::rng::Rng;

/// One item.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Image<'a> {
    pub(crate) id: u64,
    pub(crate) url: String,
    pub(crate) hash: String,
    pub(crate) width: u64,
    pub(crate) height: u64,
    pub(crate) r#type: &'static str,
    pub(crate) nsfw: bool,
    pub(crate) nsfw_level: &'static str,
    pub(crate) browsing_level: u64,
    pub(crate) created_at: String,
    pub(crate) post_id: u64,
    pub(crate) username: &'a str,
    pub(crate) base_model: &'static str,
    pub(crate) model_version_ids: Vec<u64>,
    pub(crate) stats: Stats,
    pub(crate) meta: Option<Meta<'a>>,
}

/// Reactions.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stats {
    pub(crate) cry_count: u64,
    pub(crate) laugh_count: u64,
    pub(crate) like_count: u64,
    dislike_count: u64,
    pub(crate) heart_count: u64,
    pub(crate) comment_count: u64,
}

impl Stats {
    /// Few for most images, many for some.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let like_count = (rng.gauss() * 1.6 + 1.5).exp() as u64;
        Self {
            cry_count: like_count / 20,
            laugh_count: like_count / 11,
            like_count,
            dislike_count: 0,
            heart_count: like_count / 2,
            comment_count: rng.below(3),
        }
    }
}

/// Generation data in the flat form.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meta<'a> {
    #[serde(rename = "Size")]
    pub(crate) size: String,
    pub(crate) seed: u64,
    #[serde(rename = "Model")]
    pub(crate) model: &'a str,
    pub(crate) steps: u64,
    pub(crate) sampler: &'static str,
    pub(crate) cfg_scale: f64,
    pub(crate) clip_skip: u64,
    #[serde(rename = "Version")]
    pub(crate) version: &'a str,
    #[serde(rename = "Model hash")]
    pub(crate) model_hash: &'a str,
    pub(crate) prompt: String,
    pub(crate) negative_prompt: &'a str,
    pub(crate) hashes: Hashes<'a>,
    pub(crate) resources: Vec<Resource<'a>>,
    pub(crate) civitai_resources: Vec<SiteResource>,
}

/// `hashes`: an object in the order in which a generator writes it.
pub(crate) struct Hashes<'a>(Vec<(String, &'a str)>);

impl<'a> FromIterator<(String, &'a str)> for Hashes<'a> {
    fn from_iter<I: IntoIterator<Item = (String, &'a str)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl Serialize for Hashes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// An entry of `resources`.
#[derive(serde::Serialize)]
pub(crate) struct Resource<'a> {
    pub(crate) name: &'a str,
    pub(crate) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) weight: Option<f64>,
    pub(crate) hash: &'a str,
}

/// An entry of `civitaiResources`.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SiteResource {
    pub(crate) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) weight: Option<f64>,
    pub(crate) model_version_id: u64,
}
