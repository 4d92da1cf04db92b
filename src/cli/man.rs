//! `man`: manual pages, from the definition of the command line and the texts of the help topics.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use clap::{Command, CommandFactory as _};

use super::args::{Cli, ManArgs};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::topics;

/// Prints one page, or writes all of them.
pub(crate) fn run(arguments: &ManArgs) -> Outcome {
    if let Some(folder) = &arguments.out {
        return write_all(folder);
    }
    let page = match arguments.page.as_slice() {
        [topic] if topic == "query" => query_page(),
        [root] if root == "stemmata" => page(&Cli::command())?,
        path => {
            let command = topics::command(path)?;
            let name = std::iter::once("stemmata").chain(path.iter().map(String::as_str)).collect::<Vec<_>>();
            page(&command.name(name.join("-")))?
        }
    };
    std::io::stdout().write_all(&page).map_err(|error| Failure::output(&error))?;
    Ok(Exit::Done)
}

fn write_all(folder: &Path) -> Outcome {
    let failed = |error: &std::io::Error| Failure::file(format!("writing to {}", folder.display()), error);
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let mut root = Cli::command();
    root.build();
    let mut waiting = vec![("stemmata".to_owned(), root)];
    while let Some((name, command)) = waiting.pop() {
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
            waiting.push((format!("{name}-{}", inner.get_name()), inner.clone()));
        }
        let bytes = page(&command.name(name.clone()))?;
        fs::write(folder.join(format!("{name}.1")), bytes).map_err(|error| failed(&error))?;
    }
    fs::write(folder.join("stemmata-query.7"), query_page()).map_err(|error| failed(&error))?;
    Ok(Exit::Done)
}

fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let command = command.clone().version(env!("CARGO_PKG_VERSION"));
    let man = clap_mangen::Man::new(command).section("1").source("Stemmata").manual("Stemmata");
    man.render(&mut bytes).map_err(|error| Failure::output(&error))?;
    Ok(bytes)
}

/// The page of the query language.
fn query_page() -> Vec<u8> {
    let mut out = format!(
        ".TH stemmata-query 7 \"\" \"Stemmata {}\" Stemmata\n.SH NAME\nstemmata-query \\- the query language of Stemmata\n",
        env!("CARGO_PKG_VERSION")
    );
    for (heading, topic) in [("SYNTAX", "query"), ("FIELDS", "fields")] {
        out.push_str(&format!(".SH {heading}\n.nf\n"));
        for line in topics::text(topic).lines().skip(2) {
            out.push_str(&literal(line));
            out.push('\n');
        }
        out.push_str(".fi\n");
    }
    out.push_str(".SH SEE ALSO\n.BR stemmata-search (1),\n.BR stemmata-count (1)\n");
    out.into_bytes()
}

/// A line as it is.
fn literal(line: &str) -> String {
    let line = line
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
        .replace('`', "\\(ga")
        .replace('^', "\\(ha")
        .replace('~', "\\(ti");
    if line.starts_with('.') { format!("\\&{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(write_all(dir.path()).is_ok());
        let names: Vec<String> = fs::read_dir(dir.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        for name in ["stemmata.1", "stemmata-search.1", "stemmata-crawl-images.1", "stemmata-query.7"] {
            assert!(names.iter().any(|known| known == name), "{name} of {names:?}");
        }
        assert!(names.len() >= 35, "only {} pages", names.len());
    }

    #[test]
    fn no_line_of_a_text_is_a_command_of_the_typesetter() {
        assert_eq!(literal(".5 a\\b -x"), "\\&.5 a\\eb \\-x");
        let page = String::from_utf8(query_page()).expect("text");
        let commands = page.lines().filter(|line| line.starts_with(['.', '\'']));
        assert!(commands.clone().count() >= 8);
        for line in commands {
            assert!(
                [".TH ", ".SH ", ".BR ", ".nf", ".fi"].iter().any(|known| line.starts_with(known)),
                "{line}"
            );
        }
    }
}
