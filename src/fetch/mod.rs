//! The only socket: one paced, redacting, bounded HTTP client.
//!
//! - In: a path and parameters below one base URL. Whatever answers is assumed hostile.
//! - Out: one complete body that may be JSON, or a picture, or an error that says whether waiting helps and who can act.
//! - Never: a request to another host than the base's, a token outside its header, a body above the limit,
//!   more than the permitted number of requests at once or a second.

mod body;
mod breaker;
mod brief;
mod client;
mod contact;
mod decode;
mod error;
mod exchange;
mod pace;
mod redact;
mod refusal;
mod retry;
#[cfg(test)]
mod scripted;
mod settings;
#[cfg(test)]
mod tests;
mod token;
mod traffic;
mod url;
mod validators;

pub use body::{Body, Fetched};
pub use breaker::Breaker;
pub use brief::Brief;
pub use client::Client;
pub use contact::{Contact, ContactError};
pub use error::{Actor, Budget, FetchError};
pub use redact::redact_tokens;
pub use retry::Backoff;
pub use settings::{MAX_IN_FLIGHT, MAX_RPS, Settings};
pub use token::{Token, TokenError};
pub use traffic::{Traffic, Waited};
pub use url::SafeUrl;
pub use validators::Validators;
