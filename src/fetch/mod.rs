//! The only socket: one paced, redacting, bounded HTTP client.
//!
//! - In: a path and parameters below one base URL. Whatever answers is assumed hostile.
//! - Out: one complete body that may be JSON, or an error that says whether waiting helps and who can act.
//! - Never: a request to another host than the base's, a token outside its header, a body above the limit,
//!   more than the permitted number of requests at once or a second.

mod body;
mod client;
mod error;
mod pace;
mod retry;
#[cfg(test)]
mod tests;
mod token;
mod url;

pub use body::Body;
pub use client::{Client, Settings, Traffic};
pub use error::{Actor, FetchError};
pub use retry::Backoff;
pub use token::{Token, TokenError};
pub use url::SafeUrl;
