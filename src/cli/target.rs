//! What a person gave, as an image of the catalog.

use std::path::Path;

use stemmata::catalog::Catalog;
use stemmata::entity::{HexHash, ImageId, ImageKey, ImageName, MediaIdentity, MetaState};
use stemmata::link::Via;
use stemmata::source::civitai::url::Target;

use super::exit::Exit;
use super::failure::Failure;

/// An image, and how the target led to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The image.
    pub(crate) key: ImageKey,
    /// How it was found.
    pub(crate) via: Via,
}

/// Finds the image that `text` names: an id, a page URL, a media URL, a media key, the hash of its bytes, or a document
/// on disk.
///
/// A media that several images show stands for the one whose generation data is known; ties go to the
/// lowest key.
///
/// # Errors
///
/// [`Exit::NotFound`] when the catalog has no such image, [`Exit::Usage`] when the text names no image.
pub(crate) fn image(catalog: &Catalog, text: &str) -> Result<Found, Failure> {
    let found = match Target::parse(text) {
        Some(Target::Image(id)) => by_id(catalog, id)?,
        Some(Target::Number(number)) => match ImageId::new(number) {
            Some(id) => by_id(catalog, id)?,
            None => None,
        },
        Some(Target::Media(key)) => by_media(catalog, &MediaIdentity::Key(key))?,
        Some(Target::MediaUrl(url)) => by_media(catalog, &MediaIdentity::Url(url))?,
        Some(Target::Hash(hash)) if hash.as_str().len() == 64 => by_content(catalog, &hash)?,
        _ => match local(catalog, text)? {
            None if !Path::new(text).exists() => {
                return Err(Failure::usage(format!("`{text}` names no image")).hint(
                    "give an image id, the URL of its page or of its media, a media key, or a file on disk",
                ));
            }
            found => return found.ok_or_else(|| unknown(text)),
        },
    };
    match found {
        Some(found) => Ok(found),
        None => local(catalog, text)?.ok_or_else(|| unknown(text)),
    }
}

/// Finds the picture that an imported document on disk describes, from any folder.
///
/// `text` is a path, or the name that an export shows: a path with what sets the document apart in its file,
/// such as `dump.ndjson#line-2`.
///
/// # Errors
///
/// When the catalog cannot be read.
pub(crate) fn local(catalog: &Catalog, text: &str) -> Result<Option<Found>, Failure> {
    let as_given = catalog.image_by_name(&ImageName::Path(text.as_bytes().to_vec()))?;
    let mut key = as_given;
    let ends = std::iter::once(text.len()).chain(text.rmatch_indices('#').map(|(at, _)| at));
    for (path, rest) in ends.filter_map(|end| text.split_at_checked(end)) {
        if key.is_some() {
            break;
        }
        let absolute = Path::new(path).canonicalize().or_else(|_| std::path::absolute(path));
        let Ok(absolute) = absolute else { continue };
        let name = [absolute.as_os_str().as_encoded_bytes(), rest.as_bytes()].concat();
        key = catalog.image_by_name(&ImageName::Path(name))?;
    }
    Ok(key.map(|key| Found { key, via: Via::Id }))
}

/// The failure of naming an image that the catalog does not have.
pub(crate) fn unknown(text: &str) -> Failure {
    Failure::new(Exit::NotFound, "image.not_found", format!("`{text}` is not in the catalog"))
        .hint("`stemmata crawl image ID` fetches an image of the site")
}

fn by_id(catalog: &Catalog, id: ImageId) -> Result<Option<Found>, Failure> {
    let key = ImageKey::from(id);
    Ok(catalog.image_facts(key)?.map(|_| Found { key, via: Via::Id }))
}

/// A BLAKE3 of all bytes of a picture, which is known of pictures that were scanned with `--hash`.
fn by_content(catalog: &Catalog, hash: &HexHash) -> Result<Option<Found>, Failure> {
    let digits = hash.as_str().as_bytes().chunks_exact(2);
    let bytes: Option<Vec<u8>> =
        digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    let Some(content) = bytes.and_then(|bytes| bytes.try_into().ok()) else { return Ok(None) };
    let found = by_media(catalog, &MediaIdentity::Content(content))?;
    Ok(found.map(|found| Found { via: Via::SameBytes, ..found }))
}

fn by_media(catalog: &Catalog, identity: &MediaIdentity) -> Result<Option<Found>, Failure> {
    let Some(media) = catalog.media_by_identity(identity)? else { return Ok(None) };
    let keys = catalog.images_of_media(media)?;
    let via = if keys.len() == 1 { Via::Id } else { Via::SameBytes };
    let mut best: Option<(bool, ImageKey)> = None;
    for key in keys {
        let knows = catalog.image(key)?.is_some_and(|row| row.meta == MetaState::Present);
        if best.is_none_or(|(knew, _)| knows && !knew) {
            best = Some((knows, key));
        }
    }
    Ok(best.map(|(_, key)| Found { key, via }))
}
