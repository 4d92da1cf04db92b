//! What to ask a listing for: filters in, canonical parameters out. Pure.
//!
//! Order, period, maturity and metadata are always said explicitly, because the site's defaults have changed
//! and depend on the path that answers.

use crate::entity::{Dialect, ImageId, MediaType, ModelId, PostId, VersionId};
use crate::fetch::{FetchError, SafeUrl};

use super::context::VersionList;
use super::words::{ImageSort, ModelSort, Period};

/// The public site's API.
pub const DEFAULT_API_BASE: &str = "https://civitai.com/api/v1";

/// Below which path of a host the API lives.
const API_PATH: &str = "/api/v1";

/// All maturity levels that can be selected: PG, PG13, R, X, XXX.
const ALL_LEVELS: u32 = 31;

/// Reads the address of an API; one without the path `/api/v1` gets it appended.
///
/// # Errors
///
/// [`FetchError::BadUrl`] or [`FetchError::Insecure`], see [`SafeUrl::parse`].
pub fn api_base(text: &str) -> Result<SafeUrl, FetchError> {
    let url = SafeUrl::parse(text)?.join("", &[]);
    Ok(if url.path().ends_with(API_PATH) { url } else { url.join(API_PATH, &[]) })
}

/// One listing of the API.
#[derive(Clone, Debug, PartialEq)]
pub enum Listing {
    /// `/images`.
    Images(ImageFilter),
    /// `/models`.
    Models(ModelFilter),
    /// `/creators`.
    Creators {
        /// Part of the name.
        query: Option<String>,
    },
    /// `/tags`.
    Tags {
        /// Beginning of the name.
        query: Option<String>,
    },
}

/// Which images.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageFilter {
    /// Of this model; answered by the site's database, whose engagement orders are all newest.
    pub model: Option<ModelId>,
    /// Of this version.
    pub version: Option<VersionId>,
    /// In this post.
    pub post: Option<PostId>,
    /// This one image.
    pub image: Option<ImageId>,
    /// Of this account.
    pub username: Option<String>,
    /// With any of these tags, by number.
    pub tags: Vec<u64>,
    /// Pictures, videos or sound only.
    pub media_type: Option<MediaType>,
    /// Made with any of these base models.
    pub base_models: Vec<String>,
    /// In which order.
    pub sort: ImageSort,
    /// How far back.
    pub period: Period,
    /// Maturity bits that are wanted; see [`crate::entity::NsfwLevel`].
    pub browsing_level: u32,
}

impl Default for ImageFilter {
    /// Every image of every level, newest first.
    fn default() -> Self {
        Self {
            model: None,
            version: None,
            post: None,
            image: None,
            username: None,
            tags: Vec::new(),
            media_type: None,
            base_models: Vec::new(),
            sort: ImageSort::default(),
            period: Period::default(),
            browsing_level: ALL_LEVELS,
        }
    }
}

/// Which models. Archived ones are always included.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFilter {
    /// Words to search for.
    pub query: Option<String>,
    /// These models.
    pub ids: Vec<ModelId>,
    /// With this tag.
    pub tag: Option<String>,
    /// Of this account.
    pub username: Option<String>,
    /// Of any of these types, in the site's spelling.
    pub types: Vec<String>,
    /// With a version for any of these base models.
    pub base_models: Vec<String>,
    /// `Trained` or `Merge`: only such checkpoints.
    pub checkpoint_type: Option<String>,
    /// Whether mature models and pictures are wanted too.
    pub nsfw: bool,
    /// In which order.
    pub sort: ModelSort,
    /// How far back.
    pub period: Period,
}

impl Default for ModelFilter {
    /// Every model of every level, most downloaded first.
    fn default() -> Self {
        Self {
            query: None,
            ids: Vec::new(),
            tag: None,
            username: None,
            types: Vec::new(),
            base_models: Vec::new(),
            checkpoint_type: None,
            nsfw: true,
            sort: ModelSort::default(),
            period: Period::default(),
        }
    }
}

/// How a listing is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paging {
    /// Each page names the cursor of the next.
    Cursor,
    /// Pages are numbered from 1.
    Number,
}

impl Listing {
    /// `images`, `models`, `creators` or `tags`: the path below the API's base.
    pub fn path(&self) -> &'static str {
        match self {
            Self::Images(_) => "images",
            Self::Models(_) => "models",
            Self::Creators { .. } => "creators",
            Self::Tags { .. } => "tags",
        }
    }

    /// The largest page that the API gives.
    pub fn max_page_limit(&self) -> u32 {
        match self {
            Self::Models(_) => 100,
            Self::Images(_) | Self::Creators { .. } | Self::Tags { .. } => 200,
        }
    }

    /// What makes this listing this one: sorted by name, then value; without limit, position and secrets.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let mut parameters = Parameters::default();
        match self {
            Self::Images(filter) => image_parameters(filter, &mut parameters),
            Self::Models(filter) => model_parameters(filter, &mut parameters),
            Self::Creators { query } | Self::Tags { query } => parameters.some("query", query.as_deref()),
        }
        parameters.0.sort();
        parameters.0.dedup();
        parameters.0
    }

    /// The text under which the catalog keeps where this listing stands: host, path and parameters.
    pub fn key(&self, base: &SafeUrl) -> String {
        let url = base.join(self.path(), &self.parameters());
        let text = url.to_string();
        text.split_once("://").map_or(text.clone(), |(_, rest)| rest.to_owned())
    }

    /// Whether models in it come with all their versions: a base model leaves versions out, and maturity may.
    pub(super) fn version_list(&self) -> VersionList {
        match self {
            Self::Models(filter) if filter.base_models.is_empty() && filter.nsfw => VersionList::Whole,
            _ => VersionList::Part,
        }
    }

    /// The version that this listing was asked for.
    pub(super) fn version(&self) -> Option<VersionId> {
        match self {
            Self::Images(filter) => filter.version,
            _ => None,
        }
    }

    /// The path of the site that answers a listing of images: a model without a version and a single image are asked
    /// of the database. Its answers cannot be told by their form, because flat `meta` is asked for.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        let Self::Images(filter) = self else { return None };
        let is_database = filter.image.is_some() || (filter.model.is_some() && filter.version.is_none());
        Some(if is_database { Dialect::Database } else { Dialect::Index })
    }

    pub(super) fn paging(&self) -> Paging {
        match self {
            Self::Images(_) | Self::Models(_) => Paging::Cursor,
            Self::Creators { .. } | Self::Tags { .. } => Paging::Number,
        }
    }
}

#[derive(Default)]
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn add(&mut self, name: &str, value: impl ToString) {
        self.0.push((name.to_owned(), value.to_string()));
    }

    fn some(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// Joined by commas, in a stable order.
    fn joined<T: ToString>(&mut self, name: &str, values: &[T]) {
        if !values.is_empty() {
            let mut texts: Vec<String> = values.iter().map(T::to_string).collect();
            texts.sort();
            texts.dedup();
            self.add(name, texts.join(","));
        }
    }

    /// The parameter repeated: what `/models` wants, which takes a comma for part of a name.
    fn repeated(&mut self, name: &str, values: &[String]) {
        values.iter().for_each(|value| self.add(name, value));
    }
}

fn image_parameters(filter: &ImageFilter, parameters: &mut Parameters) {
    parameters.some("modelId", filter.model);
    parameters.some("modelVersionId", filter.version);
    parameters.some("postId", filter.post);
    parameters.some("imageId", filter.image);
    parameters.some("username", filter.username.as_deref());
    parameters.joined("tags", &filter.tags);
    parameters.some("type", filter.media_type.map(MediaType::as_str));
    parameters.joined("baseModels", &filter.base_models);
    parameters.add("sort", filter.sort.as_str());
    parameters.add("period", filter.period.as_str());
    parameters.add("browsingLevel", filter.browsing_level);
    parameters.add("withMeta", true);
    parameters.add("flatMeta", true);
}

fn model_parameters(filter: &ModelFilter, parameters: &mut Parameters) {
    parameters.some("query", filter.query.as_deref());
    parameters.joined("ids", &filter.ids);
    parameters.some("tag", filter.tag.as_deref());
    parameters.some("username", filter.username.as_deref());
    parameters.repeated("types", &filter.types);
    parameters.repeated("baseModels", &filter.base_models);
    parameters.add("sort", filter.sort.as_str());
    parameters.add("period", filter.period.as_str());
    parameters.some("checkpointType", filter.checkpoint_type.as_deref());
    parameters.add("nsfw", filter.nsfw);
    parameters.add("archived", true);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> SafeUrl {
        api_base(DEFAULT_API_BASE).expect("the default is valid")
    }

    #[test]
    fn an_address_with_and_without_the_path_of_the_api_is_the_same() {
        for text in ["https://civitai.com", "https://civitai.com/", "https://civitai.com/api/v1/"] {
            assert_eq!(api_base(text).expect("valid"), base(), "{text}");
        }
        assert!(api_base("http://civitai.com").is_err());
    }

    #[test]
    fn images_are_asked_for_with_everything_said_explicitly() {
        let version = VersionId::new(9);
        let listing = Listing::Images(ImageFilter { version, ..ImageFilter::default() });
        assert_eq!(
            listing.key(&base()),
            "civitai.com/api/v1/images?browsingLevel=31&flatMeta=true&modelVersionId=9&period=AllTime&sort=Newest&withMeta=true"
        );
    }

    #[test]
    fn the_key_does_not_depend_on_the_order_in_which_values_were_given() {
        let images = |names: [&str; 2]| {
            Listing::Images(ImageFilter {
                base_models: names.map(str::to_owned).to_vec(),
                ..ImageFilter::default()
            })
        };
        assert_eq!(images(["Pony", "SDXL 1.0"]).key(&base()), images(["SDXL 1.0", "Pony"]).key(&base()));
        let models = |types: [&str; 2]| {
            Listing::Models(ModelFilter {
                types: types.map(str::to_owned).to_vec(),
                ..ModelFilter::default()
            })
        };
        assert_eq!(models(["LORA", "Checkpoint"]).key(&base()), models(["Checkpoint", "LORA"]).key(&base()));
        assert!(models(["LORA", "Checkpoint"]).key(&base()).contains("types=Checkpoint&types=LORA"));
    }

    #[test]
    fn listings_that_differ_in_a_filter_have_different_keys() {
        let images = Listing::Images(ImageFilter::default());
        let newest = Listing::Models(ModelFilter { sort: ModelSort::Newest, ..ModelFilter::default() });
        let query = Some("an".to_owned());
        let listings = [
            images,
            newest,
            Listing::Models(ModelFilter::default()),
            Listing::Creators { query: None },
            Listing::Creators { query: query.clone() },
            Listing::Tags { query },
        ];
        let keys: std::collections::BTreeSet<String> =
            listings.iter().map(|listing| listing.key(&base())).collect();
        assert_eq!(keys.len(), listings.len());
    }
}
