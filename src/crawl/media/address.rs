//! Where a rendition of a picture is: `ACCOUNT/KEY/TRANSFORM/NAME` below the host that serves them.
//!
//! Only the account is taken from the address that the site gave: hosts have changed, and what else stands there never
//! says more than the key.

use super::Rendition;
use crate::entity::MediaKey;

/// Longest name of an account.
const MAX_ACCOUNT_CHARS: usize = 64;

/// Ends of names of files that move or sound.
const MOVING: [&str; 6] = [".mp4", ".webm", ".mov", ".mp3", ".wav", ".m4a"];

/// The path of a rendition; `None` where the address does not have the site's form.
pub(super) fn path(url: &str, key: MediaKey, rendition: Rendition) -> Option<String> {
    let account = account(url, key)?;
    let transform = match rendition {
        Rendition::Preview { width } => format!("width={width}"),
        Rendition::Original => "original=true".to_owned(),
    };
    Some(format!("{account}/{key}/{transform}/{key}.jpeg"))
}

/// The part before the key.
fn account(url: &str, key: MediaKey) -> Option<&str> {
    let (_, rest) = without_query(url).split_once("://")?;
    let mut parts = rest.split('/').skip(1);
    let account = parts.next()?;
    let is_account = (1..=MAX_ACCOUNT_CHARS).contains(&account.len())
        && account.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let has_key = parts.any(|part| MediaKey::parse(part) == Some(key));
    (is_account && has_key).then_some(account)
}

/// Whether the name of the file is that of a video or a sound.
pub(super) fn is_moving(url: &str) -> bool {
    let url = without_query(url).to_ascii_lowercase();
    MOVING.iter().any(|end| url.ends_with(end))
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "0a1b2c3d-1111-4222-8333-444455556666";

    #[track_caller]
    fn check(url: &str, rendition: Rendition, expected: Option<&str>) {
        let key = MediaKey::parse(KEY).expect("a key");
        assert_eq!(path(url, key, rendition).as_deref(), expected, "{url}");
    }

    #[test]
    fn every_form_of_address_leads_to_the_same_renditions() {
        let preview = Rendition::Preview { width: 450 };
        let expected = format!("xG1nkqKTMzGDvpLrqFT7WA/{KEY}/width=450/{KEY}.jpeg");
        for form in [
            "https://image.civitai.com/xG1nkqKTMzGDvpLrqFT7WA/KEY/original=true/KEY.jpeg",
            "https://imagecache.civitai.com/xG1nkqKTMzGDvpLrqFT7WA/KEY/width=450",
            "https://image.civitai.com/xG1nkqKTMzGDvpLrqFT7WA/KEY/width=1024/9173928.jpeg?token=x",
            "https://image.civitai.com/xG1nkqKTMzGDvpLrqFT7WA/KEY/name.png",
        ] {
            check(&form.replace("KEY", KEY), preview, Some(&expected));
        }
        let url = format!("https://image.civitai.com/a_b/{KEY}/width=450/5.jpeg");
        check(&url, Rendition::Original, Some(&format!("a_b/{KEY}/original=true/{KEY}.jpeg")));
    }

    #[test]
    fn an_address_of_another_form_leads_nowhere() {
        let preview = Rendition::Preview { width: 450 };
        for form in [
            "",
            "image.civitai.com/a/KEY",
            "https://image.civitai.com/KEY/x.jpeg",
            "https://image.civitai.com/../KEY/x.jpeg",
            "https://image.civitai.com/a%2Fb/KEY/x.jpeg",
            "https://image.civitai.com//KEY/x.jpeg",
            "https://image.civitai.com/a/0a1b2c3d-1111-4222-8333-444455556667/x.jpeg",
        ] {
            check(&form.replace("KEY", KEY), preview, None);
        }
    }

    #[test]
    fn the_end_of_a_name_tells_what_moves() {
        assert!(is_moving("https://x/a/b/clip.MP4?x=1"));
        assert!(!is_moving("https://x/a/b/clip.jpeg"));
    }

    proptest! {
        #[test]
        fn whatever_the_address_the_path_stays_below_the_key(url in ".{0,200}", account in ".{0,80}") {
            let key = MediaKey::parse(KEY).expect("a key");
            for url in [url, format!("https://h/{account}/{KEY}/x")] {
                if let Some(path) = path(&url, key, Rendition::Original) {
                    let parts: Vec<&str> = path.split('/').collect();
                    prop_assert_eq!(parts.len(), 4);
                    prop_assert_eq!(parts[1], KEY);
                    prop_assert!(parts.iter().all(|part| !part.is_empty() && *part != "." && *part != ".."));
                }
            }
        }
    }
}
