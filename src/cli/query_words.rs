//! Lets `search castle -negative:blurry --limit 5`, and the same after `count`, mean what it says.
//!
//! A query word that begins with a minus is not a flag, and flags may stand after the query. clap offers one
//! or the other, so such words are marked before it sees them and the mark is taken off by the value parser.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

/// A character that no keyboard types and that no prompt contains: from the private use area.
const MARK: char = '\u{f8f0}';

/// Marks the query words of a `search` line that would look like flags.
pub(crate) fn protect(arguments: Vec<OsString>, root: &Command) -> Vec<OsString> {
    let Some(start) = query_start(&arguments, root) else { return arguments };
    let mut flags_are_over = false;
    let mut protected = Vec::with_capacity(arguments.len());
    for (position, argument) in arguments.into_iter().enumerate() {
        flags_are_over |= argument == "--";
        match argument.to_str() {
            Some(text) if position >= start && !flags_are_over && is_query_word(text) => {
                protected.push(format!("{MARK}{text}").into());
            }
            _ => protected.push(argument),
        }
    }
    protected
}

/// Takes the mark off. The value parser of every flag and word of `search`.
pub(crate) fn unprotect(text: &str) -> Result<String, std::convert::Infallible> {
    Ok(text.strip_prefix(MARK).unwrap_or(text).to_owned())
}

/// Where the words of `search` begin, if that is the command.
fn query_start(arguments: &[OsString], root: &Command) -> Option<usize> {
    let mut position = 1;
    while let Some(argument) = arguments.get(position) {
        let text = argument.to_str()?;
        if !text.starts_with('-') {
            let command = root.find_subcommand(text)?;
            return matches!(command.get_name(), "search" | "count").then_some(position + 1);
        }
        position += if takes_next(text, root) { 2 } else { 1 };
    }
    None
}

/// Whether this flag's value is the next argument.
fn takes_next(flag: &str, root: &Command) -> bool {
    let is_it = |argument: &Arg| match flag.strip_prefix("--") {
        Some(long) => argument.get_long() == Some(long),
        None => argument.get_short().is_some_and(|short| flag.strip_prefix('-') == Some(&short.to_string())),
    };
    root.get_arguments().any(|argument| matches!(argument.get_action(), ArgAction::Set) && is_it(argument))
}

/// A single minus, then anything but a cluster of the short flags `-v -q -h -V -j -0`.
fn is_query_word(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('-') else { return false };
    if rest.is_empty() || rest.starts_with('-') {
        return false;
    }
    let is_jobs = rest.strip_prefix('j').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let is_cluster = rest.bytes().all(|b| b == b'v') || matches!(rest, "q" | "h" | "V" | "0");
    !is_jobs && !is_cluster
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::args::Cli;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let arguments = line.split(' ').map(OsString::from).collect();
        let protected = protect(arguments, &Cli::command());
        let text: Vec<String> =
            protected.iter().map(|word| word.to_string_lossy().replace(MARK, "~")).collect();
        assert_eq!(text.join(" "), expected);
    }

    #[test]
    fn excluded_words_are_marked_and_flags_are_not() {
        check("s search castle -negative:blurry --limit 5", "s search castle ~-negative:blurry --limit 5");
        check("s --home search search -vv -blurry -j4 -q", "s --home search search -vv ~-blurry -j4 -q");
        check("s -j 4 --json search -queen -v", "s -j 4 --json search ~-queen -v");
    }

    #[test]
    fn other_commands_and_words_after_two_dashes_are_left_alone() {
        check("s trace -x", "s trace -x");
        check("s search - a", "s search - a");
        check("s search -- -x", "s search -- -x");
        check("s --version", "s --version");
    }
}
