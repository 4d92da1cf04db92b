//! `demo`: a tour through the questions on a bundled miniature site, offline.
//!
//! Every step prints its command line and what it shows, then runs that very line.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Parser as _;
use tokio::runtime::Runtime;

use super::args::{Cli, DemoArgs};
use super::demo_site::{self, World};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::query_words;
use super::session::Session;

struct Step {
    shows: &'static str,
    line: &'static [&'static str],
}

/// The crawls go through the same client as those of the real site, only faster.
const CRAWLS: &[Step] = &[
    Step {
        shows: "The models with versions, files and hashes, from a site on this machine.",
        line: &["crawl", "models", "--max-rps", "500"],
    },
    Step {
        shows: "The images with their generation data, which are then linked and indexed.",
        line: &["crawl", "images", "--max-rps", "500"],
    },
];

/// With faults the site is asked more often, so that there is something to fail.
const SMALL_PAGES: [&str; 2] = ["--limit", "5"];

const QUESTIONS: &[Step] = &[
    Step { shows: "What the catalog holds now.", line: &["stats"] },
    Step {
        shows: "Search: words of the prompt, a word to leave out, a range, an order.",
        line: &["search", "lighthouse", "-watercolour", "steps:20..40", "--sort", "-likes", "--limit", "5"],
    },
    Step {
        shows: "Trace: which versions made this image, how we know, and what else it could be.",
        line: &["trace", "900045"],
    },
    Step {
        shows: "Dupes: images that show the same bytes, and candidates whose BlurHashes agree.",
        line: &["dupes"],
    },
    Step {
        shows: "Similar: which images look like this one; nobody has compared the pixels yet.",
        line: &["similar", "900004"],
    },
    Step {
        shows: "Lineage: what was made with a model, with what else, when, by whom.",
        line: &["lineage", "Inkwash Lines", "--list", "5"],
    },
];

/// Runs the tour.
pub(crate) fn run(arguments: &DemoArgs, session: &Session) -> Outcome {
    let home = Home::new(arguments.keep.as_deref())?;
    let session = session.for_demo(&home.path);
    let runtime = runtime()?;
    let world = World::bundled().map_err(|error| Failure::file("reading the bundled site", &error))?;
    let (address, _server) = runtime
        .block_on(async {
            match arguments.faults {
                None => demo_site::serve(world).await,
                Some(seed) => demo_site::serve_failing(world, seed).await,
            }
        })
        .map_err(|error| Failure::file("serving the bundled site on this machine", &error))?;
    say("Stemmata on a bundled miniature site: nothing leaves this machine.\n")?;
    let base = format!("http://{address}/api/v1");
    let small_pages: &[&str] = if arguments.faults.is_some() { &SMALL_PAGES } else { &[] };
    if arguments.faults.is_some() {
        say("A third of the requests fail on purpose: errors, web pages, broken documents.\n")?;
    }
    for step in CRAWLS {
        let line: Vec<&str> =
            step.line.iter().chain(small_pages).copied().chain(["--api-base", &base]).collect();
        walk(step.shows, &line, &session)?;
    }
    for step in QUESTIONS {
        walk(step.shows, step.line, &session)?;
    }
    say(&home.farewell())?;
    Ok(Exit::Done)
}

fn walk(shows: &str, line: &[&str], session: &Session) -> Result<(), Failure> {
    let quoted: Vec<String> = line.iter().map(|word| quote(word)).collect();
    say(&format!("\n{shows}\n$ stemmata {}\n", quoted.join(" ")))?;
    let words = std::iter::once("stemmata").chain(line.iter().copied()).map(Into::into).collect();
    let words = query_words::protect(words, &<Cli as clap::CommandFactory>::command());
    let cli = Cli::try_parse_from(words).map_err(|error| Failure::usage(error.to_string()))?;
    match super::dispatch(&cli.command, session)? {
        Exit::Done => Ok(()),
        exit => {
            Err(Failure::new(exit, "demo.stopped", "the tour ends here, because this step did not succeed"))
        }
    }
}

/// The word as a shell needs it.
fn quote(word: &str) -> String {
    if word.contains([' ', '"']) { format!("'{word}'") } else { word.to_owned() }
}

fn say(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| Failure::output(&error))
}

fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::file("starting the server", &error))
}

/// The demo's folder; removed at the end unless the user wants to keep it.
struct Home {
    path: PathBuf,
    kept: bool,
}

impl Home {
    fn new(keep: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = keep else { return Self::temporary() };
        let used = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
        if used {
            return Err(Failure::usage(format!("{} is not empty", path.display()))
                .hint("the demo keeps its home only in an empty or new folder"));
        }
        fs::create_dir_all(path).map_err(|error| Self::refused(path, &error))?;
        Ok(Self { path: path.to_owned(), kept: true })
    }

    /// A folder that did not exist before, so that nobody can have prepared it.
    fn temporary() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("stemmata-demo-{}", std::process::id()));
        fs::create_dir(&path).map_err(|error| Self::refused(&path, &error))?;
        Ok(Self { path, kept: false })
    }

    fn refused(path: &Path, error: &io::Error) -> Failure {
        Failure::file(format!("making the folder {}", path.display()), error)
    }

    fn farewell(&self) -> String {
        let mut text =
            String::from("\nNext: `stemmata crawl images --model-id ID` takes what the real site has,\n");
        text.push_str("`stemmata import PATH...` what is on disk; `stemmata --help` lists the rest.\n");
        if self.kept {
            text.push_str(&format!(
                "The demo's home stays: stemmata --home {} search ...\n",
                self.path.display()
            ));
        } else {
            text.push_str("To play with this data: `stemmata demo --keep DIR`, then `stemmata --home DIR search ...`.\n");
        }
        text
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.kept && fs::remove_dir_all(&self.path).is_err() {
            tracing::warn!(path = %self.path.display(), "the demo's folder could not be removed");
        }
    }
}
