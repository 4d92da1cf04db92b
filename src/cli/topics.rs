//! `help`: topics beside the commands, and the one source of their texts.
//!
//! The fields and their examples come from the query language itself, exit codes from the table that the program exits
//! by. The manual pages print the same texts.

use clap::{Command, CommandFactory as _};
use stemmata_index::query::{FieldGroup, fields};

use super::args::{Cli, HelpArgs};
use super::exit::Exit;
use super::failure::{Failure, Outcome};

/// Topics with what they are about.
pub(crate) const TOPICS: [(&str, &str); 4] = [
    ("query", "the query language"),
    ("fields", "everything that a query can ask about"),
    ("exit-codes", "what a command ends with"),
    ("formats", "how results are printed"),
];

/// Queries with what they mean. A test reads each of them.
pub(crate) const SAMPLES: &[(&str, &[(&str, &str)])] = &[
    (
        "Words and phrases",
        &[
            ("castle hill", "both words in the prompt; a comma does the same, so pasted prompts work"),
            ("\"castle on a hill\"", "the phrase"),
            ("\"castle hill\"~3", "at most three words between"),
            ("cat*", "words that begin so"),
            ("*castle*", "words that hold it; looks at every word of the index, which costs"),
            (
                "/dra(g|c)on.*/",
                "a pattern that fits whole words; any field of texts, names or keywords takes one",
            ),
        ],
    ),
    (
        "Joining",
        &[
            ("castle or tower", "either; | does the same, and binds weaker than and"),
            ("(castle | tower) hill", "brackets group"),
            ("-blurry", "without; not blurry and not:blurry do the same"),
            ("castle -negative:blurry", "the negative prompt is searched only where it is named"),
        ],
    ),
    (
        "Fields",
        &[
            (
                "steps:20..40 cfg:>=5",
                "numbers compare and range; ends count as inside: 20.. ..40 20-40 [20 TO 40] !=20",
            ),
            ("sampler:euler,ddim", "a list means any of them"),
            ("prompt:(a b | c)", "a group in a field"),
            ("model:\"Dream Shaper\"", "names in quotes, where they have spaces"),
            ("lora:detail@0.4..0.9", "with a weight, tested on that same use"),
            ("date:2024-01..2024-03", "dates: years, months, days, seconds; today, yesterday, -30d"),
            ("age:<7d", "ages: h, d, w, mo, y"),
            ("size:16:9 mp:1..", "forms and sizes"),
            ("loras:2..", "how many"),
        ],
    ),
    (
        "What is not known",
        &[
            ("-steps:20", "another number of steps: images whose steps nobody knows are not found"),
            ("steps:none", "images whose steps nobody knows"),
            ("has:seed", "images whose seed is known"),
            (
                "-has:negative",
                "generation data without a negative prompt; negative:none finds images without any, too",
            ),
            (
                "-castle",
                "a prompt is known that does not say it; images without generation data are not found",
            ),
        ],
    ),
    (
        "Asked of the catalog",
        &[
            (
                "version:128713",
                "what links lead to that version now; nothing is indexed again when links change",
            ),
            ("linked:partial is:ambiguous", "how well resources are explained"),
            ("path:*/outputs/2024-*/**", "files of this machine"),
            ("like:9173928~8 -dupof:9173928", "looks like it, and is no copy of it"),
        ],
    ),
    ("Answering", &[("castle sort:-date limit:50", "order and amount; flags win")]),
];

const QUERY_END: &str = "\
Three values
  A condition is true, false or unknown of an image, and only what is true is found. Unknown stays unknown when it is
  negated. Settings are known one by one; prompts and resources where there is any generation data; facts of files where
  there is a file. `and` with something false is false, `or` with something true is true, whatever is unknown beside it.

Saved queries
  @name stands for a query of [query.alias] in config.toml, of the home or of the folder of settings:
    [query.alias]
    good = 'likes:100.. -negative:blurry'

Pasted prompts
  Emphasis such as (word:1.2), [a:b:0.5], BREAK and brackets without a partner are passed over; <lora:name:0.8> asks for
  that LoRA whatever its weight. A name before a colon that is no field is an error: quote it, or give --lenient.
  --like-prompt takes any text and ranks by the words shared.

Shells
  Quote what holds spaces, *, |, > or (. Ranges with .. need no quotes. --query-file FILE and a lone - read the query
  from elsewhere. --explain tells what a query means, finds and costs; --explain=json prints what --ast reads.
";

const FORMATS: &str = "\
Formats of results: --format F, or STEMMATA_FORMAT

  auto    table on a terminal; in a pipe tsv for rows, a text for reports, ndjson for exports
  table   columns for people, fitted to the terminal
  json    one JSON object
  ndjson  one JSON object a line; the last line of a list is its summary
  csv     values with commas, with a header
  tsv     values with tabs, without a header
  paths   one id, URL or path a line, for pipes: stemmata search castle --format paths | stemmata trace -

JSON is on stdout alone. Under json and ndjson a failure is one JSON object on stderr:
  {\"type\":\"error\",\"code\":\"query.unknown_field\",\"message\":...,\"span\":[7,14],\"hint\":...}
Codes are stable; names are never renamed without a new `schema`, but new ones may be added. Control characters are
escaped everywhere. `stemmata schema` prints the shapes.
";

/// Prints a topic, or the help page of a command.
pub(crate) fn run(arguments: &HelpArgs) -> Outcome {
    use std::io::Write as _;

    let text = match arguments.topic.as_slice() {
        [] => Cli::command().render_long_help().to_string(),
        [topic] if TOPICS.iter().any(|(name, _)| name == topic) => text(topic),
        path => command(path)?.render_long_help().to_string(),
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::output(&error))?;
    Ok(Exit::Done)
}

/// The command that a path of names means, under its full name.
///
/// # Errors
///
/// A usage failure where there is none.
pub(crate) fn command(path: &[String]) -> Result<Command, Failure> {
    let mut root = Cli::command();
    root.build();
    let mut found = root;
    for name in path {
        let Some(inner) = found.find_subcommand(name) else {
            let known: Vec<&str> = TOPICS.iter().map(|(name, _)| *name).collect();
            return Err(Failure::usage(format!("there is no topic or command `{}`", path.join(" ")))
                .hint(format!("topics are {}; `stemmata help` lists the commands", known.join(", "))));
        };
        found = inner.clone();
    }
    Ok(found)
}

/// The text of a topic; empty for something else.
pub(crate) fn text(topic: &str) -> String {
    match topic {
        "query" => query(),
        "fields" => all_fields(),
        "exit-codes" => Exit::help_table(),
        "formats" => FORMATS.to_owned(),
        _ => String::new(),
    }
}

fn query() -> String {
    let mut out = String::from("The query language\n\n");
    for (title, samples) in SAMPLES {
        out.push_str(&format!("{title}\n"));
        for (sample, meaning) in *samples {
            entry(&mut out, sample, 31, meaning);
        }
        out.push('\n');
    }
    out.push_str(QUERY_END);
    out.push_str("\n`stemmata help fields` tells what can be asked about.\n");
    out
}

/// The names of all fields of a query, by the headings of `help fields`: for help pages that are about something else.
pub(crate) fn field_names() -> String {
    let mut out = String::from("Fields of a query (`stemmata help fields` tells more):\n");
    for group in FieldGroup::ALL.into_iter().filter(|group| *group != FieldGroup::Later) {
        let names: Vec<&str> =
            fields().filter(|field| field.group == group).map(|field| field.name).collect();
        let title = group.title().split(" (").next().unwrap_or_default();
        entry(&mut out, title, 23, &names.join(" "));
    }
    out
}

fn all_fields() -> String {
    let mut out = String::from("Fields of a query\n\n");
    for group in FieldGroup::ALL {
        out.push_str(&format!("{}\n", group.title()));
        for field in fields().filter(|field| field.group == group) {
            let names: Vec<&str> = [field.name].into_iter().chain(field.aliases.iter().copied()).collect();
            entry(&mut out, &names.join(", "), 24, field.about);
            for example in field.examples {
                out.push_str(&format!("{:27}{example}\n", ""));
            }
        }
        out.push('\n');
    }
    out.push_str("field:none finds images of which it is not known; has:field those of which it is.\n");
    out
}

/// One entry with its meaning beside it, or below where it is too long.
fn entry(out: &mut String, name: &str, width: usize, meaning: &str) {
    const PAGE: usize = 110;
    if name.chars().count() > width {
        out.push_str(&format!("  {name}\n{:1$}", "", width + 3));
    } else {
        out.push_str(&format!("  {name:width$} "));
    }
    let mut column = width + 3;
    for (number, word) in meaning.split(' ').enumerate() {
        let length = word.chars().count();
        if number > 0 && column + 1 + length > PAGE {
            out.push_str(&format!("\n{:1$}", "", width + 3));
            column = width + 3;
        } else if number > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use stemmata_index::query::{ParseOptions, parse_with, render};

    use super::*;

    #[test]
    fn every_query_of_the_topic_is_read() {
        let options = ParseOptions { now_ms: Some(1_709_618_828_000), ..ParseOptions::default() };
        let mut seen = 0;
        for (sample, _) in SAMPLES.iter().flat_map(|(_, samples)| *samples) {
            let parsed = parse_with(sample, &options);
            assert!(parsed.is_ok(), "{}", parsed.err().map_or(String::new(), |error| render(&error, sample)));
            seen += 1;
        }
        assert!(seen >= 25, "only {seen} queries seen");
    }

    #[test]
    fn every_topic_has_a_text_that_fits_a_terminal() {
        for (topic, _) in TOPICS {
            let text = text(topic);
            assert!(text.lines().count() >= 10, "{topic}");
            for line in text.lines() {
                assert!(line.chars().count() <= 120, "{topic}: {line}");
            }
        }
    }

    #[test]
    fn the_topic_names_every_field() {
        let text = text("fields");
        for field in fields() {
            assert!(text.contains(&format!("  {}", field.name)), "{}", field.name);
        }
    }
}
