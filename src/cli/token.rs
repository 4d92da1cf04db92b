//! The site's token: from the environment or from a file that only its owner can read. Never a flag.

use std::env;
use std::path::Path;

use stemmata::fetch::{Token, TokenError};

use super::exit::Exit;
use super::failure::Failure;

/// Variables that may hold the token, first one wins; both names occur in the site's own tools.
const VARIABLES: [&str; 2] = ["CIVITAI_TOKEN", "CIVITAI_API_KEY"];

/// Reads the token, if there is one.
///
/// # Errors
///
/// When the file cannot be read or is readable for others, or the text cannot be a token.
pub(crate) fn read(file: Option<&Path>) -> Result<Option<Token>, Failure> {
    if let Some(path) = file {
        return Ok(Some(Token::from_file(path)?));
    }
    let text = VARIABLES.iter().find_map(|name| env::var(name).ok().filter(|text| !text.trim().is_empty()));
    Ok(text.map(|text| Token::parse(&text)).transpose()?)
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self::of(Exit::Authentication, "token.refused", &error)
    }
}
