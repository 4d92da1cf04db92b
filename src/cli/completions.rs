//! `completions`: a script for the shell, which asks this program for what it completes.

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use super::args::{Cli, CompletionsArgs};
use super::exit::Exit;
use super::failure::{Failure, Outcome};

/// The variable by which a script asks for completions.
pub(crate) const VARIABLE: &str = "STEMMATA_COMPLETE";

/// Prints the script.
pub(crate) fn run(arguments: &CompletionsArgs) -> Outcome {
    use std::io::Write as _;

    let mut script = Vec::new();
    match (arguments.r#static, asking(arguments.shell)) {
        (false, Some(shell)) => shell
            .write_registration(VARIABLE, "stemmata", "stemmata", "stemmata", &mut script)
            .map_err(|error| Failure::output(&error))?,
        _ => clap_complete::generate(arguments.shell, &mut Cli::command(), "stemmata", &mut script),
    }
    std::io::stdout().write_all(&script).map_err(|error| Failure::output(&error))?;
    Ok(Exit::Done)
}

/// The script of a shell that asks.
fn asking(shell: Shell) -> Option<&'static dyn EnvCompleter> {
    Some(match shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Elvish => &Elvish,
        Shell::PowerShell => &Powershell,
        _ => return None,
    })
}
