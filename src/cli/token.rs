//! The site's token: from the environment or from a file that only its owner can read. Never a flag.

use std::env;
use std::fs;
use std::path::Path;

use super::exit::Exit;
use super::failure::Failure;

/// Variables that may hold the token, first one wins; both names occur in the site's own tools.
const VARIABLES: [&str; 2] = ["CIVITAI_TOKEN", "CIVITAI_API_KEY"];
/// Longest file that is still a token.
const MAX_TOKEN_BYTES: u64 = 4096;

/// Reads the token, if there is one. The text must go nowhere but into the client.
///
/// # Errors
///
/// When the file cannot be read, is readable for others, or holds no single word.
pub(crate) fn read(file: Option<&Path>) -> Result<Option<String>, Failure> {
    if let Some(path) = file {
        return from_file(path).map(Some);
    }
    let from_environment = VARIABLES.iter().find_map(|name| env::var(name).ok());
    Ok(from_environment.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

fn from_file(path: &Path) -> Result<String, Failure> {
    let unreadable =
        |error: &std::io::Error| Failure::file(format!("reading the token file {}", path.display()), error);
    let facts = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if is_readable_for_others(&facts) {
        return Err(refused(path, "is readable for others").hint(format!("chmod 600 {}", path.display())));
    }
    if facts.len() > MAX_TOKEN_BYTES {
        return Err(refused(path, "is too long for a token"));
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    let token = text.trim();
    if token.is_empty() || token.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(refused(path, "does not hold one word"));
    }
    Ok(token.to_owned())
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::new(Exit::Authentication, "token.refused", format!("the token file {} {why}", path.display()))
}

#[cfg(unix)]
fn is_readable_for_others(facts: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    facts.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_readable_for_others(_facts: &fs::Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(text.as_bytes()).expect("room for a line");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("own file");
        file
    }

    #[test]
    fn a_private_file_gives_the_token_without_the_line_break() {
        let token = read(Some(file("abc123\n", 0o600).path())).expect("readable");
        assert_eq!(token.as_deref(), Some("abc123"));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_and_its_text_not_repeated() {
        let Err(Failure::Named(named)) = read(Some(file("abc123\n", 0o644).path())) else {
            unreachable!("mode 644 is readable for others")
        };
        assert_eq!(named.exit, Exit::Authentication);
        assert!(!named.message.contains("abc123"));
    }

    #[test]
    fn a_file_that_holds_no_single_word_is_refused() {
        for text in ["", " \n", "two words", "a\nb"] {
            assert!(read(Some(file(text, 0o600).path())).is_err(), "{text:?}");
        }
    }
}
