//! A listing in words, for people: `images of model 5, newest first`.

use std::fmt;

use super::plan::{ImageFilter, Listing, ModelFilter};
use super::words::Period;

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = match self {
            Self::Images(filter) => images(filter),
            Self::Models(filter) => models(filter),
            Self::Creators { query } => vec![format!("creators{}", named(query.as_deref()))],
            Self::Tags { query } => vec![format!("tags{}", named(query.as_deref()))],
        };
        f.write_str(&parts.join(" "))
    }
}

fn named(query: Option<&str>) -> String {
    query.map_or_else(String::new, |query| format!(" with `{query}`"))
}

fn images(filter: &ImageFilter) -> Vec<String> {
    let ImageFilter { model, version, post, image, username, tags, media_type, base_models, .. } = filter;
    let mut parts =
        vec![media_type.map_or_else(|| "images".to_owned(), |kind| format!("{} items", kind.as_str()))];
    parts.extend(image.map(|id| format!("with number {id}")));
    parts.extend(model.map(|id| format!("of model {id}")));
    parts.extend(version.map(|id| format!("of version {id}")));
    parts.extend(post.map(|id| format!("of post {id}")));
    parts.extend(username.as_ref().map(|name| format!("by {name}")));
    parts.extend(list("with tags", tags));
    parts.extend(list("made with", base_models));
    parts.extend(span(filter.period));
    if filter.browsing_level != ImageFilter::default().browsing_level {
        parts.push(format!("at level {}", filter.browsing_level));
    }
    parts.push(format!("({})", filter.sort.as_str().to_lowercase()));
    parts
}

fn models(filter: &ModelFilter) -> Vec<String> {
    let ModelFilter { query, ids, tag, username, types, base_models, checkpoint_type, .. } = filter;
    let mut parts = vec!["models".to_owned()];
    parts.extend(query.as_ref().map(|query| format!("with `{query}`")));
    parts.extend(list("with numbers", ids));
    parts.extend(tag.as_ref().map(|tag| format!("with tag {tag}")));
    parts.extend(username.as_ref().map(|name| format!("by {name}")));
    parts.extend(list("of type", types));
    parts.extend(checkpoint_type.as_ref().map(|kind| format!("of kind {kind}")));
    parts.extend(list("for", base_models));
    parts.extend(span(filter.period));
    if !filter.nsfw {
        parts.push("without mature ones".to_owned());
    }
    parts.push(format!("({})", filter.sort.as_str().to_lowercase()));
    parts
}

fn list<T: ToString>(what: &str, values: &[T]) -> Option<String> {
    let values: Vec<String> = values.iter().map(T::to_string).collect();
    (!values.is_empty()).then(|| format!("{what} {}", values.join(", ")))
}

fn span(period: Period) -> Option<String> {
    (period != Period::AllTime).then(|| format!("of the last {}", period.as_str().to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{ModelId, VersionId};

    #[test]
    fn a_listing_is_told_by_what_makes_it_this_one() {
        let images =
            ImageFilter { model: ModelId::new(5), version: VersionId::new(9), ..ImageFilter::default() };
        assert_eq!(Listing::Images(images).to_string(), "images of model 5 of version 9 (newest)");
        let models = ModelFilter {
            types: vec!["LORA".to_owned(), "Checkpoint".to_owned()],
            period: Period::Month,
            nsfw: false,
            ..ModelFilter::default()
        };
        assert_eq!(
            Listing::Models(models).to_string(),
            "models of type LORA, Checkpoint of the last month without mature ones (most downloaded)"
        );
        assert_eq!(Listing::Tags { query: Some("la".to_owned()) }.to_string(), "tags with `la`");
    }
}
