//! The line that goes on with what this process leaves.

/// The line that this process was started with, as a shell takes it; general words where it may hold a password.
pub(crate) fn line() -> String {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() || words.iter().any(|word| word.contains("://") && word.contains('@')) {
        return "the same line".to_owned();
    }
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    format!("`stemmata {}`", quoted.join(" "))
}

fn quote(word: &str) -> String {
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | ',' | '=' | '@' | '%' | '+')
    };
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let printable: String = word.chars().filter(|c| !c.is_control()).collect();
    format!("'{}'", printable.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_as_a_shell_needs_it() {
        assert_eq!(quote("--model-id"), "--model-id");
        assert_eq!(quote("SDXL 1.0,Pony"), "'SDXL 1.0,Pony'");
        assert_eq!(quote("it's\u{7}"), "'it'\\''s'");
        assert_eq!(quote(""), "''");
    }
}
