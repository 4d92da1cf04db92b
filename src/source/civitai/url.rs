//! URLs of the site, and what people type to mean a picture or a model.
//!
//! - Input: text of any origin, read up to 4096 bytes. Output: canonical identities.
//! - One media key under any host, transform or file name is one identity.
//! - Never: network, trust in a file name from anywhere but a model or version endpoint.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use url::Url;

use super::air;
use crate::entity::{Air, HexHash, ImageId, MediaIdentity, MediaKey, ModelId, PostId, VersionId};

#[cfg(test)]
mod tests;

/// Hosts of the site; its pictures live on their subdomains.
pub const SITE_HOSTS: [&str; 3] = ["civitai.com", "civitai.red", "civitai.green"];

/// Longest URL read, in bytes.
const MAX_BYTES: usize = 4096;

/// What stays as it is in a path segment of a canonical URL: RFC 3986 unreserved and harmless delimiters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// What makes the bytes behind a URL the same: the media key on the site, else the canonical URL.
///
/// Query and fragment are dropped, scheme and host lower-cased, default ports removed, escapes normalised.
/// `None` for anything but an absolute `http` or `https` URL or a bare media key.
pub fn media_identity(text: &str) -> Option<MediaIdentity> {
    if let Some(key) = media_key(text) {
        return Some(MediaIdentity::Key(key));
    }
    canonical(text).map(MediaIdentity::Url)
}

/// The media key of a URL on a subdomain of the site, or of a bare key.
pub fn media_key(text: &str) -> Option<MediaKey> {
    let text = text.trim();
    if let Some(key) = MediaKey::parse(text.strip_prefix("civitai-media:").unwrap_or(text)) {
        return Some(key);
    }
    let (host, path) = host_and_path(text)?;
    if !is_media_host(host) {
        return None;
    }
    let key = |segment: &str| {
        // A key has 36 characters, three times that if every one is escaped.
        let decoded = (segment.len() <= 108).then(|| percent_decode_str(segment).decode_utf8().ok())??;
        MediaKey::parse(&decoded)
    };
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let first = segments.next()?;
    segments.find_map(key).or_else(|| key(first))
}

/// The number that is the file name of a site URL.
///
/// It is the image's id only if the URL came from a model or version endpoint; elsewhere it may be the
/// uploader's own file name.
pub fn numeric_stem(text: &str) -> Option<ImageId> {
    let (host, path) = host_and_path(text.trim())?;
    if !is_media_host(host) {
        return None;
    }
    let name = path.rsplit('/').next()?;
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    stem.bytes().all(|byte| byte.is_ascii_digit()).then(|| stem.parse().ok().and_then(ImageId::new))?
}

/// The canonical form of an absolute `http` or `https` URL, whatever its host.
pub fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        return None;
    }
    let url = Url::parse(text).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let mut out = format!("{}://{}", url.scheme(), url.host_str()?);
    if let Some(port) = url.port() {
        out.push_str(&format!(":{port}"));
    }
    for segment in url.path_segments()? {
        let decoded: Vec<u8> = percent_decode_str(segment).collect();
        out.push('/');
        out.extend(percent_encode(&decoded, SEGMENT));
    }
    Some(out)
}

/// Host and path of an `http` or `https` URL, without copying. The scheme may be missing.
fn host_and_path(text: &str) -> Option<(&str, &str)> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let rest = match text.split_once("://") {
        Some((scheme, rest)) => {
            let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
            is_web.then_some(rest)?
        }
        None => text.strip_prefix("//").unwrap_or(text),
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let rest = rest.get(..end)?;
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some((host.split_once(':').map_or(host, |(host, _)| host), path))
}

/// A subdomain of the site, such as `image.civitai.com`.
fn is_media_host(host: &str) -> bool {
    SITE_HOSTS.iter().any(|site| {
        let head = host.len().checked_sub(site.len() + 1);
        let tail = head.filter(|head| *head > 0).and_then(|head| host.get(head..));
        tail.is_some_and(|tail| {
            tail.starts_with('.') && tail.get(1..).is_some_and(|tail| tail.eq_ignore_ascii_case(site))
        })
    })
}

fn is_page_host(host: &str) -> bool {
    let host = host.strip_prefix("www.").unwrap_or(host);
    SITE_HOSTS.iter().any(|site| host.eq_ignore_ascii_case(site))
}

/// What a person means by a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An image of the site, from its page.
    Image(ImageId),
    /// Stored bytes of the site.
    Media(MediaKey),
    /// A picture on another host, under its canonical URL.
    MediaUrl(String),
    /// A model, from its page.
    Model(ModelId),
    /// A version.
    Version(VersionId),
    /// A version of a model, from the model's page.
    ModelVersion(ModelId, VersionId),
    /// A post.
    Post(PostId),
    /// A file, by a hash of 8, 10, 12 or 64 digits.
    Hash(HexHash),
    /// A model or version, by its identifier.
    Air(Air),
    /// A bare number, whose meaning only the caller knows. Hashes of decimal digits alone come here too,
    /// up to 19 digits.
    Number(u64),
}

impl Target {
    /// Reads what a person typed; `None` when it is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_BYTES {
            return None;
        }
        if text.len() < 20 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().map(Self::Number);
        }
        if let Some(key) = media_key(text) {
            return Some(Self::Media(key));
        }
        if let Some(air) = air::parse(text) {
            return Some(Self::Air(air));
        }
        if let Some(hash) =
            HexHash::parse(text).filter(|hash| matches!(hash.as_str().len(), 8 | 10 | 12 | 64))
        {
            return Some(Self::Hash(hash));
        }
        if let Some(Air { model, version: Some(version) }) = air::parse_short(text) {
            return Some(Self::ModelVersion(model, version));
        }
        match host_and_path(text) {
            Some((host, path)) if is_page_host(host) => Self::page(path, text),
            _ => canonical(text).map(Self::MediaUrl),
        }
    }

    /// Reads the path of a page or of an API call.
    fn page(path: &str, text: &str) -> Option<Self> {
        let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        if segments.starts_with(&["api", "v1"]) {
            segments.drain(..2);
        }
        let number = |at: usize| segments.get(at).and_then(|segment| segment.parse::<u64>().ok());
        match segments.first().copied()? {
            "images" => number(1).and_then(ImageId::new).map(Self::Image),
            "posts" => number(1).and_then(PostId::new).map(Self::Post),
            "model-versions" => number(1).and_then(VersionId::new).map(Self::Version),
            "api" if segments.get(1..3) == Some(["download", "models"].as_slice()) => {
                number(3).and_then(VersionId::new).map(Self::Version)
            }
            "models" => {
                let model = ModelId::new(number(1)?)?;
                let version = query_number(text, "modelVersionId").and_then(VersionId::new);
                Some(version.map_or(Self::Model(model), |version| Self::ModelVersion(model, version)))
            }
            _ => None,
        }
    }
}

fn query_number(text: &str, key: &str) -> Option<u64> {
    let (_, query) = text.split_once('?')?;
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| *name == key).find_map(|(_, value)| value.parse().ok())
}
