//! One readable document: asked for again while what comes is no document of the API.

use crate::fetch::{Body, FetchError};
use crate::source::civitai::open;

/// How often a document that cannot be read is asked for.
const TRIES: u32 = 3;

/// What asking for a document brought.
pub(super) struct Asked {
    /// The text; one that still cannot be read comes back too, so that its reader can say why.
    pub(super) text: Result<String, FetchError>,
    /// How many unreadable ones came before it.
    pub(super) unreadable: u32,
}

/// Looks at `first`, and asks again by `fetch` while the answer cannot be read.
pub(super) async fn readable(
    first: Result<Body, FetchError>,
    fetch: impl AsyncFn() -> Result<Body, FetchError>,
) -> Asked {
    let mut answer = first;
    for unreadable in 0..TRIES - 1 {
        let body = match answer {
            Ok(body) => body,
            Err(error) => return Asked { text: Err(error), unreadable },
        };
        let text = body.text();
        if open(&text).is_ok() {
            return Asked { text: Ok(text.into_owned()), unreadable };
        }
        answer = fetch().await;
    }
    Asked { text: answer.map(|body| body.text().into_owned()), unreadable: TRIES - 1 }
}
