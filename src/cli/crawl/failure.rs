//! Words for a crawl that could not go on.

use stemmata::crawl::CrawlError;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::site::fetch_failure;

impl From<CrawlError> for Failure {
    fn from(error: CrawlError) -> Self {
        match error {
            CrawlError::Catalog(error) => error.into(),
            CrawlError::Page { ref source, .. }
            | CrawlError::Single { ref source, .. }
            | CrawlError::Resolve { ref source, .. }
            | CrawlError::Media { ref source, .. } => brief(fetch_failure(source, &error)),
            CrawlError::FilterIgnored { .. } => Self::of(Exit::Partial, "crawl.filter_ignored", &error).hint(
                "what came is kept, but the walk stopped, because it would take the whole site: check the spelling, \
                 or try again another day",
            ),
            CrawlError::ItemTooLarge { .. } => {
                brief(Self::of(Exit::Network, "crawl.item_too_large", &error).hint(
                    "what came before it is kept; crawl by version or by account to come past it from another side",
                ))
            }
            CrawlError::Keep(ref error) => Self::of(Exit::General, "file", error)
                .hint("make room, or give another folder in --keep; run the same line again to go on"),
            CrawlError::NeverCrawled { .. } => Self::of(Exit::NotFound, "crawl.never_crawled", &error)
                .hint("run the same line without `verify` first"),
            CrawlError::NoParts { .. } => Self::of(Exit::NotFound, "crawl.no_parts", &error).hint(
                "versions need --model-id, and accounts come from what was crawled before; \
                 period, base-model and type always work",
            ),
            _ => brief(Self::of(Exit::Network, "crawl.unreadable", &error).hint("run the same line again later")),
        }
    }
}

/// Leaves out the parameters of URLs: the words for the listing say the same, shorter.
fn brief(mut failure: Failure) -> Failure {
    if let Failure::Named(named) = &mut failure {
        named.message = without_parameters(&named.message);
    }
    failure
}

fn without_parameters(text: &str) -> String {
    let cut = |word: &str| match word.split_once('?') {
        Some((address, rest)) if address.contains("://") => {
            let end: String = rest.chars().rev().take_while(|c| matches!(c, ':' | ',' | ')')).collect();
            format!("{address}{}", end.chars().rev().collect::<String>())
        }
        _ => word.to_owned(),
    };
    text.split(' ').map(cut).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_the_address_without_its_parameters() {
        let long = "images of model 5 could not be walked further: https://x.example/api/v1/images?a=b&c=d%20e: why? 503";
        let short =
            "images of model 5 could not be walked further: https://x.example/api/v1/images: why? 503";
        assert_eq!(without_parameters(long), short);
    }
}
