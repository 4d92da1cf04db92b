//! Lines that could not be parsed, told in the format that they asked for.

use std::env;
use std::ffi::OsString;

use clap::ValueEnum as _;
use clap::error::{Error, ErrorKind};

use super::escape;
use super::exit::Exit;
use super::failure::{Failure, Named};
use super::output::Format;
use super::talk::Talk;
use super::terminal::{ColorChoice, Terminal};

/// What a line asks for, read without understanding it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wishes {
    format: Format,
    color: ColorChoice,
}

impl Wishes {
    /// Looks for `--format`, `--json` and `--color`, else asks the environment.
    pub(crate) fn of(arguments: &[OsString]) -> Self {
        let value = |flag: &str, variable: &str| {
            let mut found = env::var(variable).ok();
            let mut words =
                arguments.iter().filter_map(|word| word.to_str()).take_while(|word| *word != "--");
            while let Some(word) = words.next() {
                let Some(rest) = word.strip_prefix(flag) else { continue };
                found = match rest.strip_prefix('=') {
                    Some(value) => Some(value.to_owned()),
                    None if rest.is_empty() => words.next().map(str::to_owned),
                    None => continue,
                };
            }
            found.unwrap_or_default()
        };
        let format = Format::from_str(&value("--format", "STEMMATA_FORMAT"), true).unwrap_or_default();
        let asks_json = arguments.iter().take_while(|word| *word != "--").any(|word| word == "--json");
        Self {
            format: if asks_json { Format::Json } else { format },
            color: ColorChoice::from_str(&value("--color", "STEMMATA_COLOR"), true).unwrap_or_default(),
        }
    }
}

/// Prints help where it was asked for, else says what is wrong with the line.
pub(crate) fn report(error: &Error, wishes: Wishes) -> Exit {
    let stdout_wanted = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if stdout_wanted {
        let rendered = error.render();
        let paint = Terminal::stdout(wishes.color).paint;
        let text = if paint.0 { rendered.ansi().to_string() } else { rendered.to_string() };
        return match write_stdout(&text) {
            Ok(()) | Err(Failure::BrokenPipe) => Exit::Done,
            Err(Failure::Named(named)) => named.exit,
        };
    }
    let stderr = Terminal::stderr(wishes.color);
    let talk = Talk::new(stderr, false);
    let plain = error.render().to_string();
    if wishes.format.is_json() {
        talk.failure_record(&named(&plain));
    } else if stderr.paint.0 && !plain.chars().any(|c| c != '\n' && escape::is_steering(c)) {
        talk.write(&error.render().ansi().to_string());
    } else {
        talk.write(&escape::lines(&plain));
    }
    Exit::Usage
}

fn write_stdout(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;

    std::io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::output(&error))
}

/// Takes clap's text apart: the first paragraph is the message, a line `tip:` the hint.
fn named(text: &str) -> Named {
    let message = text.split("\n\n").next().unwrap_or_default();
    let message: Vec<&str> = message.trim_start_matches("error: ").lines().map(str::trim).collect();
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    Named {
        exit: Exit::Usage,
        code: "usage",
        message: message.join(" "),
        span: None,
        hint: Some(tip.unwrap_or("try --help").to_owned()),
        picture: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(line: &str) -> Wishes {
        Wishes::of(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_format_is_found_in_a_line_that_makes_no_sense() {
        assert!(wishes("s --nonsense --format json stats").format.is_json());
        assert!(wishes("s stats --format=ndjson --what").format.is_json());
        assert!(wishes("s --json bogus").format.is_json());
        assert!(!wishes("s search -- --json").format.is_json());
        assert!(!wishes("s --format csv bogus").format.is_json());
    }

    #[test]
    fn the_message_of_a_wrong_flag_stands_on_one_line() {
        let named = named(
            "error: unexpected argument '--lmit' found\n\n  tip: a similar argument exists: '--limit'\n\nUsage: x\n",
        );
        assert_eq!(named.message, "unexpected argument '--lmit' found");
        assert_eq!(named.hint.as_deref(), Some("a similar argument exists: '--limit'"));
    }
}
