//! `lineage`: what was made with a model, with what else, when, by whom.

use stemmata::catalog::Catalog;
use stemmata::entity::{Air, ModelId, VersionId};
use stemmata::lineage::{self, LineageError, Options, Wanted};
use stemmata::source::civitai::url::Target;
use stemmata_index::{IndexError, Reader};

use super::args::LineageArgs;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::output::Supported;
use super::session::Session;

/// Prints the report.
pub(crate) fn run(arguments: &LineageArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    let catalog = session.catalog()?;
    let scope = lineage::find_scope(&catalog, &wanted(&arguments.target, arguments.version)?)?;
    let options = Options { top: usize::from(arguments.top) };
    let report = match current_index(session, &catalog)? {
        Some(reader) => lineage::report_from_index(&catalog, &reader, &scope, options)?,
        None => lineage::report(&catalog, &scope, options)?,
    };
    sink.document(&report, |report, terminal| lineage::render(report, terminal.width))?;
    Ok(Exit::Done)
}

/// The index, if it shows what the catalog holds. Else the catalog itself is read, which gives the same figures,
/// only later; a command that asks does not write.
fn current_index(session: &Session, catalog: &Catalog) -> Result<Option<Reader>, Failure> {
    let (trouble, cure) = match Reader::open(&session.settings.index()) {
        Ok(reader) if lineage::is_current(catalog, &reader)? => return Ok(Some(reader)),
        Ok(_) => ("the index lacks the latest changes".to_owned(), "update"),
        Err(error @ IndexError::Missing { .. }) => (error.to_string(), "update"),
        Err(error @ (IndexError::NeedsRebuild { .. } | IndexError::Damaged(_))) => {
            (error.to_string(), "rebuild")
        }
        Err(error) => return Err(error.into()),
    };
    session.talk.note(&format!(
        "{trouble}, so all images of the catalog are read; `stemmata index {cure}` makes this faster"
    ));
    Ok(None)
}

/// What a person named: an id, a page, an AIR, a hash, or else a name.
fn wanted(text: &str, is_version: bool) -> Result<Wanted, Failure> {
    let wanted = match Target::parse(text) {
        Some(Target::Number(number)) if is_version => VersionId::new(number).map(Wanted::Version),
        Some(Target::Number(number)) => ModelId::new(number).map(|_| Wanted::Number(number)),
        Some(Target::Model(model)) => Some(Wanted::Model(model)),
        Some(Target::Version(version)) => Some(Wanted::Version(version)),
        Some(Target::ModelVersion(model, version)) => {
            Some(Wanted::Air(Air { model, version: Some(version) }))
        }
        Some(Target::Air(air)) => Some(Wanted::Air(air)),
        Some(Target::Hash(hash)) => Some(Wanted::Hash(hash)),
        Some(Target::Image(_) | Target::Post(_) | Target::Media(_) | Target::MediaUrl(_)) => None,
        None => Some(Wanted::parse(text)),
    };
    wanted.ok_or_else(|| {
        Failure::usage(format!("`{text}` names no model"))
            .hint("give a model id, the URL of its page, an AIR, a file hash, or a name")
    })
}

impl From<LineageError> for Failure {
    fn from(error: LineageError) -> Self {
        match &error {
            LineageError::NotFound { .. } => Self::of(Exit::NotFound, "lineage.not_found", &error)
                .hint("`stemmata crawl model ID` fetches a model of the site"),
            LineageError::Ambiguous { candidates, .. } => {
                let told: Vec<String> = candidates
                    .iter()
                    .map(|candidate| match &candidate.name {
                        Some(name) => format!("{candidate} ({name})"),
                        None => candidate.to_string(),
                    })
                    .collect();
                Self::of(Exit::Usage, "lineage.ambiguous", &error).hint(format!("one of {}", told.join(", ")))
            }
            LineageError::Catalog(_) => match error {
                LineageError::Catalog(error) => error.into(),
                other => Self::of(Exit::General, "lineage.failed", &other),
            },
            LineageError::Index(_) => match error {
                LineageError::Index(error) => error.into(),
                other => Self::of(Exit::General, "lineage.failed", &other),
            },
            _ => Self::of(Exit::General, "lineage.failed", &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let told = wanted(text, false).map_or_else(|_| "refused".to_owned(), |wanted| wanted.to_string());
        assert_eq!(told, expected, "{text}");
    }

    #[test]
    fn everything_that_people_call_a_model_is_read() {
        check("257749", "257749");
        check("https://civitai.com/models/257749/pony", "model:257749");
        check("https://civitai.com/models/257749?modelVersionId=290640", "civitai:257749@290640");
        check("urn:air:sdxl:checkpoint:civitai:257749@290640", "civitai:257749@290640");
        check("257749@290640", "civitai:257749@290640");
        check("model:5", "model:5");
        check("version:9", "version:9");
        check("67ab2fd8ec", "67ab2fd8ec");
        check("Dream Shaper", "Dream Shaper");
        check("https://civitai.com/images/5", "refused");
    }

    #[test]
    fn a_number_is_a_version_where_the_flag_says_so() {
        assert_eq!(wanted("7", true).ok(), VersionId::new(7).map(Wanted::Version));
        assert!(wanted("0", false).is_err());
    }
}
