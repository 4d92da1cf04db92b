//! `lineage`: what was made with a model, with what else, when, by whom.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use stemmata::catalog::Catalog;
use stemmata::entity::{Air, ModelId, VersionId};
use stemmata::lineage::{
    self, Inputs, LineageError, LineageReport, Options, Period, ProvImage, Scope, ScopeKind, Wanted, Works,
};
use stemmata::source::civitai::url::Target;
use stemmata_index::near::Copies;
use stemmata_index::{IndexError, Reader};

use super::args::LineageArgs;
use super::asking;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::kinship::Near;
use super::lineage_exports::Exports;
use super::output::Supported;
use super::session::Session;

mod dates;
mod rank;

/// Largest file that is looked at as a saved report, in bytes.
const MAX_FILE_BYTES: u64 = lineage::MAX_REPORT_BYTES as u64;

/// Prints a report, a comparison or a ranking.
pub(crate) fn run(arguments: &LineageArgs, session: &Session) -> Outcome {
    if let Some(top) = arguments.top {
        return rank::run(arguments, top as usize, session);
    }
    if arguments.compare.is_some() || arguments.compare_at.is_some() {
        return compare(arguments, session);
    }
    let sink = session.sink(Supported::Document)?;
    let exports = Exports::of(&arguments.export)?;
    let (report, images) = match &arguments.from {
        Some(path) => (LineageReport::from_json(&read_report(path)?)?, Vec::new()),
        None => made(arguments, session)?,
    };
    let to_stdout = exports.write(&report, &images, session)?;
    if to_stdout {
        return Ok(Exit::Done);
    }
    sink.document(&report, |report, terminal| {
        let mut text = lineage::render(report, terminal.width);
        if arguments.explain {
            text.push_str(&lineage::render_explanations(report, terminal.width));
        }
        text
    })?;
    Ok(Exit::Done)
}

/// A report from the catalog, with the images that an export asks for.
fn made(arguments: &LineageArgs, session: &Session) -> Result<(LineageReport, Vec<ProvImage>), Failure> {
    let asked = Asked::open(arguments, session)?;
    let scope = asked.scope()?;
    let mut report = asked.report(&scope, asked.period)?;
    if arguments.stamp {
        report.stamp = Some(lineage::stamp(&asked.catalog, session.reading().clock.now())?);
    }
    let images = match arguments.export.prov_images {
        Some(most) => lineage::prov_images(&asked.catalog, &scope, asked.period, most as usize)?,
        None => Vec::new(),
    };
    Ok((report, images))
}

/// Prints how two reports differ.
fn compare(arguments: &LineageArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    let (a, b) = match (&arguments.compare, &arguments.compare_at) {
        (Some(targets), _) => {
            let sides: Vec<LineageReport> =
                targets.iter().map(|target| side(target, arguments, session)).collect::<Result<_, _>>()?;
            <[LineageReport; 2]>::try_from(sides)
                .map(Into::into)
                .map_err(|_| Failure::usage("two reports differ"))?
        }
        (None, Some(date)) => {
            let (at, asked) = (dates::moment(date)?, Asked::open(arguments, session)?);
            let (scope, period) = (asked.scope()?, asked.period);
            let before = asked.report(&scope, Period { until: Some(at), ..period })?;
            (before, asked.report(&scope, Period { since: Some(at), ..period })?)
        }
        (None, None) => return Err(Failure::usage("nothing to compare")),
    };
    let comparison = lineage::compare(&a, &b);
    sink.document(&comparison, |comparison, terminal| {
        lineage::render_comparison(comparison, terminal.width)
    })?;
    Ok(Exit::Done)
}

/// One side of a comparison: a saved report, or a model or version.
fn side(target: &str, arguments: &LineageArgs, session: &Session) -> Result<LineageReport, Failure> {
    let path = Path::new(target);
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) || path.is_file() {
        return Ok(LineageReport::from_json(&read_report(path)?)?);
    }
    let asked = Asked::open(arguments, session)?;
    asked.report(&asked.named(target)?, asked.period)
}

/// Reads a file that should be a report, and no more of it than a report can have.
fn read_report(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: std::io::Error| Failure::file(path.display(), &error);
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        return Ok(bytes);
    }
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// What was asked, and all that answers it.
struct Asked<'a> {
    arguments: &'a LineageArgs,
    session: &'a Session,
    catalog: Catalog,
    reader: Option<Reader>,
    copies: Option<Copies>,
    options: Options,
    period: Period,
}

impl<'a> Asked<'a> {
    fn open(arguments: &'a LineageArgs, session: &'a Session) -> Result<Self, Failure> {
        let period = dates::period(arguments.since.as_deref(), arguments.until.as_deref())?;
        let catalog = session.catalog()?;
        let reader = current_index(session, &catalog)?;
        let copies = Near::new(session, &catalog).into_groups();
        let options = Options { list: usize::from(arguments.list) };
        Ok(Self { arguments, session, catalog, reader, copies, options, period })
    }

    /// The scope that the flags name.
    fn scope(&self) -> Result<Scope, Failure> {
        let arguments = self.arguments;
        if let Some(query) = &arguments.query {
            return Ok(Scope::query(query));
        }
        let works = arguments
            .creator
            .as_deref()
            .map(Works::Creator)
            .or(arguments.base.as_deref().map(Works::BaseModel))
            .or(arguments.tag.as_deref().map(Works::Tag));
        match (works, &arguments.target) {
            (Some(works), _) => Ok(Scope::works(&self.catalog, works)?),
            (None, Some(target)) => self.named(target),
            (None, None) => Err(Failure::usage("nothing to report on")
                .hint("name a model, or give `--creator`, `--base`, `--tag`, `--query` or `--top`")),
        }
    }

    /// The scope of a model or version that a person named.
    fn named(&self, target: &str) -> Result<Scope, Failure> {
        Ok(lineage::find_scope(&self.catalog, &wanted(target, self.arguments.version)?)?)
    }

    fn report(&self, scope: &Scope, period: Period) -> Result<LineageReport, Failure> {
        let inputs = Inputs {
            catalog: &self.catalog,
            scope,
            period,
            copies: self.copies.as_ref(),
            options: self.options,
        };
        if scope.kind == ScopeKind::Query {
            return self.report_on_query(&inputs, scope.name.as_deref().unwrap_or_default());
        }
        Ok(match &self.reader {
            Some(reader) => lineage::report_from_index(&inputs, reader)?,
            None => lineage::report(&inputs)?,
        })
    }

    fn report_on_query(&self, inputs: &Inputs<'_>, text: &str) -> Result<LineageReport, Failure> {
        let Some(reader) = &self.reader else {
            return Err(LineageError::NeedsIndex.into());
        };
        let asked = asking::read(text, self.session)?;
        let near = Near::new(self.session, &self.catalog);
        let report = lineage::report_on_matches(inputs, reader, &near.resolver(), &asked.parsed.query)?;
        near.warn();
        Ok(report)
    }
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
            LineageError::NeedsIndex => Self::of(Exit::Unready, "lineage.needs_index", &error)
                .hint("`stemmata index update` brings the index up to date"),
            LineageError::NothingOf { .. } => Self::of(Exit::NotFound, "lineage.not_found", &error)
                .hint("names are compared whole; `stemmata export models` prints those of the catalog"),
            LineageError::NotAReport { .. }
            | LineageError::OtherSchema { .. }
            | LineageError::ReportTooLarge { .. } => Self::of(Exit::Usage, "lineage.no_report", &error)
                .hint("`stemmata lineage MODEL --format json` prints a report that can be read back"),
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
