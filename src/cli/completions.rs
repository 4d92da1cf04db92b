//! `completions`: a script for the shell.

use clap::CommandFactory as _;

use super::args::{Cli, CompletionsArgs};
use super::exit::Exit;
use super::failure::{Failure, Outcome};

/// Prints the script.
pub(crate) fn run(arguments: &CompletionsArgs) -> Outcome {
    use std::io::Write as _;

    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "stemmata", &mut script);
    std::io::stdout().write_all(&script).map_err(|error| Failure::output(&error))?;
    Ok(Exit::Done)
}
