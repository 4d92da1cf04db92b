//! `show`: everything known about one image or model file, or what sets two images apart.
//!
//! - An image of the catalog, or a file on disk, which is read on the spot and needs no catalog.

mod diff;
mod document;
mod model;
mod pixels;
mod subject;
mod text;
mod words;

use super::args::ShowArgs;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::history;
use super::output::Supported;
use super::session::Session;
use document::Shown;

/// Prints the image, its history, or how it differs from another.
pub(crate) fn run(arguments: &ShowArgs, session: &Session) -> Outcome {
    match (arguments.targets.as_slice(), arguments.diff) {
        ([one, other], true) => {
            let sink = session.sink(Supported::Document)?;
            let pair = [subject::find(one, session)?, subject::find(other, session)?];
            sink.document(&diff::Difference::new(&pair), diff::Difference::text)?;
        }
        ([_], true) => {
            return Err(Failure::usage("--diff needs two targets").hint("`stemmata show --diff A B`"));
        }
        ([one], false) if arguments.history => return history::run(&one.to_string_lossy(), session),
        ([one], false) => {
            let sink = session.sink(Supported::Document)?;
            if let Some(shown) = subject::model(one, session)? {
                sink.document(&shown, |shown, terminal| shown.text(arguments.raw, terminal))?;
                return Ok(Exit::Done);
            }
            let subject = subject::find(one, session)?;
            let shown = Shown::new(&subject, arguments.raw);
            sink.document(&shown, |shown, terminal| text::text(&subject, shown, terminal))?;
        }
        _ => {
            return Err(Failure::usage("`show` takes one target").hint("two are compared with --diff"));
        }
    }
    Ok(Exit::Done)
}
