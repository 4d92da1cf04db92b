//! `completions`: a script for the shell, which asks this program for what it completes.

use std::ffi::OsString;

use clap::CommandFactory as _;
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};
use clap_complete::{CompleteEnv, Shell};

use super::args::{Cli, CompletionsArgs};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::query_words;

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
    if arguments.shell == Shell::Zsh {
        script = without_blank_after_fields(&String::from_utf8_lossy(&script)).into_bytes();
    }
    std::io::stdout().write_all(&script).map_err(|error| Failure::output(&error))?;
    Ok(Exit::Done)
}

/// Answers the script of a shell that asks, and ends the program; returns where nobody does.
pub(crate) fn answer(arguments: &[OsString]) {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    // What stands before the line is the program's own name.
    let at = arguments.iter().position(|argument| argument == "--").map_or(arguments.len(), |at| at + 1);
    let (own, line) = arguments.split_at(at);
    let line = query_words::protect(line.to_vec(), &Cli::command());
    let folder = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(Cli::command).var(VARIABLE);
    if asked
        .try_complete(own.iter().cloned().chain(line), folder.as_deref())
        .unwrap_or_else(|error| error.exit())
    {
        std::process::exit(0);
    }
}

/// The script for zsh, which else ends every word with a blank: the value of a field follows its colon.
fn without_blank_after_fields(script: &str) -> String {
    script
        .replace("        local -a other=()\n", "        local -a other=()\n        local -a fields=()\n")
        .replace(
            "            else\n                other+=",
            "            elif [[ \"$completion\" == *'\\:' || \"$completion\" == *'\\::'* ]]; then\n                \
             fields+=(\"$completion\")\n            else\n                other+=",
        )
        .replace(
            "        [[ -n $other ]]",
            "        [[ -n $fields ]] && _describe -V 'values' fields -S ''\n        [[ -n $other ]]",
        )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zsh_writes_no_blank_between_a_field_and_its_value() {
        let mut script = Vec::new();
        Zsh.write_registration(VARIABLE, "stemmata", "stemmata", "stemmata", &mut script).expect("written");
        let script = without_blank_after_fields(&String::from_utf8_lossy(&script));
        for line in ["local -a fields=()", "fields+=(\"$completion\")", "fields -S ''"] {
            assert_eq!(script.matches(line).count(), 1, "{line}: {script}");
        }
    }
}
