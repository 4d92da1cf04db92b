//! From arguments to an exit code: one file a command, the library does the work.
//!
//! - stdout carries results only; stderr carries everything said to people.
//! - A failure under `--format json` or `ndjson` is one JSON object on stderr, and stdout stays empty.
//! - Never: logic that a test of the library would miss.

mod args;
mod asking;
mod complete;
mod completions;
mod config;
mod count;
mod crawl;
mod damage;
mod decide;
mod demo;
mod demo_site;
mod dupes;
mod escape;
mod exit;
mod explain;
mod export;
mod export_links;
mod failure;
mod fingerprint;
mod follow;
mod hashes;
mod history;
mod home_lock;
mod import;
mod index;
mod interrupt;
mod kinship;
mod lineage;
mod lineage_exports;
mod link;
mod local;
mod logging;
mod man;
mod names;
mod near;
mod output;
mod pixels;
mod plan;
mod progress;
mod query_words;
mod resolve;
mod resume;
mod scan;
mod schema;
mod search;
mod session;
mod settings;
mod show;
mod similar;
mod site;
mod site_words;
mod stats;
mod summary;
mod sync;
mod talk;
mod target;
mod targets;
mod terminal;
mod token;
mod topics;
mod trace;
mod unresolved;
mod usage;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use args::{Cli, Command};
use exit::Exit;
use failure::{Failure, Outcome};
use session::Session;
use settings::Settings;
use talk::Talk;
use terminal::Terminal;

/// Runs the command line.
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    completions::answer(&arguments);
    let wishes = usage::Wishes::of(&arguments);
    let arguments = query_words::protect(arguments, &Cli::command());
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return usage::report(&error, wishes).into(),
    };
    let stderr = Terminal::stderr(cli.global.color);
    let talk = Talk::new(stderr, cli.global.quiet);
    logging::start(cli.global.verbose, &talk);
    if let Some(jobs) = cli.global.jobs {
        limit_threads(jobs.get().into());
    }
    let as_json = cli.global.format().is_json();
    let outcome = Settings::new(&cli.global).and_then(|settings| {
        let stdout = Terminal::stdout(cli.global.color);
        dispatch(&cli.command, &Session::new(settings, talk.clone(), stdout, stderr))
    });
    finish(outcome, &talk, as_json).into()
}

/// Limits the threads that compare pictures; without `-j` they start when they are first needed.
fn limit_threads(jobs: usize) {
    if let Err(error) = rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global() {
        tracing::warn!(%error, "the number of threads could not be limited");
    }
}

fn finish(outcome: Outcome, talk: &Talk, as_json: bool) -> Exit {
    match outcome {
        Ok(exit) => exit,
        Err(Failure::BrokenPipe) => Exit::Done,
        Err(Failure::Named(named)) => {
            if as_json {
                talk.failure_record(&named);
            } else {
                talk.failure(&named);
            }
            named.exit
        }
    }
}

fn dispatch(command: &Command, session: &Session) -> Outcome {
    match command {
        Command::Import(arguments) => import::run(arguments, session),
        Command::Scan(arguments) => scan::run(arguments, session),
        Command::Fingerprint(arguments) => fingerprint::run(arguments, session),
        Command::Stats => stats::run(session),
        Command::Export(arguments) => export::run(arguments, session),
        Command::Crawl(arguments) => crawl::run(arguments, session),
        Command::Resolve(arguments) => resolve::run(arguments, session),
        Command::Trace(arguments) => trace::run(arguments, session),
        Command::Local(arguments) => local::run(arguments, session),
        Command::Link(_) => link::run(session),
        Command::Unresolved(arguments) => unresolved::run(arguments, session),
        Command::Hashes(arguments) => hashes::run(arguments, session),
        Command::Decide(arguments) => decide::run(arguments, session),
        Command::Index(arguments) => damage::guarded(session, || index::run(arguments, session)),
        Command::Search(arguments) => damage::guarded(session, || search::run(arguments, session)),
        Command::Count(arguments) => damage::guarded(session, || count::run(arguments, session)),
        Command::Schema(arguments) => schema::run(arguments, session),
        Command::Demo(arguments) => demo::run(arguments, session),
        Command::Show(arguments) => show::run(arguments, session),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Config(arguments) => config::run(arguments, session),
        Command::Man(arguments) => man::run(arguments),
        Command::Help(arguments) => topics::run(arguments),
        Command::Dupes(arguments) => dupes::run(arguments, session),
        Command::Similar(arguments) => similar::run(arguments, session),
        Command::Lineage(arguments) => lineage::run(arguments, session),
    }
}
