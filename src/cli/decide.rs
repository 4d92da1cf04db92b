//! `decide`: what people settle about hashes, links and duplicates.

mod row;

use std::path::{Path, PathBuf};

use serde::Serialize;
use stemmata::catalog::{Catalog, DecisionsFile, LineFault, Overlay, new_decision};
use stemmata::entity::{Air, HexHash, ImageId, ImageName, Refused, ResourceKind, Ruling, VersionId};
use stemmata::source::civitai::url::Target;

use super::args::{DecideArgs, DecideWhat};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::output::{Format, SCHEMA, Supported};
use super::session::Session;
use super::summary::{Linked, counted};
use super::{follow, target};
use row::{DecisionRow, Standing};

/// Lines that are no decisions told to people.
const FAULTS_TOLD: usize = 5;

/// Makes, takes back, lists or shares decisions.
pub(crate) fn run(arguments: &DecideArgs, session: &Session) -> Outcome {
    let by = arguments.by.clone().unwrap_or_else(user);
    match &arguments.what {
        DecideWhat::List => list(session),
        DecideWhat::Export { file } => export(file, session),
        DecideWhat::Import { file } => import(file, session),
        DecideWhat::Undo { id } => undo(id, &by, session),
        DecideWhat::Hash { hash, version } => {
            let ruling = Ruling::Hash { hash: usable_hash(hash)?, version: version_of(version)? };
            decide(ruling, &by, session)
        }
        DecideWhat::NotLink { what, version } => {
            let ruling = Ruling::NotLink { what: refused(what, session)?, version: version_of(version)? };
            decide(ruling, &by, session)
        }
        DecideWhat::NotDuplicate { one, other } => {
            let (one, other) = (image_of(one, session)?, image_of(other, session)?);
            if one == other {
                return Err(
                    Failure::usage(format!("both are the image {one}")).hint("name two different images")
                );
            }
            decide(Ruling::not_duplicate(one, other), &by, session)
        }
    }
}

/// Who the environment says is sitting here.
fn user() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    r#type: &'static str,
    command: &'static str,
    /// The decision that was made; null for an import.
    decision: Option<DecisionRow>,
    /// Decisions that were new or newer.
    taken: u64,
    /// Lines of an imported file that are kept without being understood.
    not_understood: u64,
    /// Where decisions are kept.
    file: &'a Path,
    /// What linking did afterwards; null when there is no catalog yet.
    linked: Option<Linked>,
}

fn decide(ruling: Ruling, by: &str, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    let decision = new_decision(session.reading().clock.now(), by, ruling);
    warn_of_unknown(&decision.ruling, session)?;
    let file = file_to_change(session)?;
    let taken =
        file.change(copied(session)?, |overlay| u64::from(overlay.decisions.insert(decision.clone())))?;
    let linked = relink(session)?;
    let row = DecisionRow::of(&decision, Standing::InForce);
    let path = file.path();
    let report = Report {
        schema: SCHEMA,
        r#type: "summary",
        command: "decide",
        decision: Some(row),
        taken,
        not_understood: 0,
        file: path,
        linked,
    };
    sink.document(&report, |report, _| {
        let decided = report.decision.as_ref().map(|row| format!("{} {}\n", row.id, row.sentence()));
        let linked = report.linked.map(|linked| format!("{}\n", linked.text()));
        [decided, linked].into_iter().flatten().collect()
    })?;
    Ok(Exit::Done)
}

fn undo(id: &str, by: &str, session: &Session) -> Outcome {
    let overlay = current(session)?;
    let known = overlay.decisions.get(id).map(|decision| &decision.ruling);
    match known {
        None => {
            Err(Failure::new(Exit::NotFound, "decision.not_found", format!("there is no decision `{id}`"))
                .hint("`stemmata decide list` shows every decision with its id"))
        }
        Some(Ruling::Undo { .. }) => {
            Err(Failure::usage("what was taken back cannot be taken back again")
                .hint("make the decision anew"))
        }
        Some(_) => decide(Ruling::Undo { id: id.to_owned() }, by, session),
    }
}

fn import(path: &Path, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    let (theirs, faults) = DecisionsFile::at(path).read_with_faults()?.ok_or_else(|| {
        Failure::new(Exit::NotFound, "file.not_found", format!("there is no file {}", path.display()))
    })?;
    if theirs.decisions.is_empty() && theirs.not_understood() > 0 {
        return Err(Failure::usage(format!("{} holds no decision", path.display()))
            .hint("it should have been written by `stemmata decide export`"));
    }
    let not_understood = theirs.not_understood() as u64;
    tell_faults(path, &faults, session);
    let file = file_to_change(session)?;
    let taken = file.change(copied(session)?, |overlay| overlay.merge(theirs))?;
    let linked = relink(session)?;
    let report = Report {
        schema: SCHEMA,
        r#type: "summary",
        command: "decide",
        decision: None,
        taken,
        not_understood,
        file: file.path(),
        linked,
    };
    sink.document(&report, |report, _| {
        let linked = report.linked.map(|linked| format!("{}\n", linked.text())).unwrap_or_default();
        format!("taken: {}\n{linked}", counted(report.taken, "decisions"))
    })?;
    Ok(Exit::Done)
}

/// Names the first lines of a file that are no decisions. They are kept, so that a later version can read them.
fn tell_faults(path: &Path, faults: &[(u64, LineFault)], session: &Session) {
    for (line, fault) in faults.iter().take(FAULTS_TOLD) {
        session.talk.warn(&format!("{} line {line}: {}; kept as it is", path.display(), fault.describe()));
    }
    if let Some(more) = faults.len().checked_sub(FAULTS_TOLD).filter(|more| *more > 0) {
        session.talk.warn(&format!("and {more} more lines"));
    }
}

fn export(path: &PathBuf, session: &Session) -> Outcome {
    let text = current(session)?.to_text();
    if path.as_os_str() == "-" {
        // What goes out is the file itself, whatever `--format` says.
        let mut sink = session.sink(Supported::Export)?;
        sink.text(&text)?;
        sink.close()?;
    } else {
        std::fs::write(path, text)
            .map_err(|error| Failure::file(format!("writing {}", path.display()), &error))?;
    }
    Ok(Exit::Done)
}

fn list(session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let as_file = sink.format() == Format::Paths;
    let overlay = current(session)?;
    let undone = overlay.decisions.undone();
    let in_force = overlay.decisions.in_force();
    let mut rows = sink.rows::<DecisionRow>("decisions");
    for decision in overlay.decisions.all() {
        let standing = match &decision.ruling {
            Ruling::Undo { .. } => Standing::Undoing,
            _ if undone.contains(decision.id.as_str()) => Standing::Undone,
            _ if in_force.contains(&decision) => Standing::InForce,
            _ => Standing::Superseded,
        };
        if !as_file || standing == Standing::InForce {
            rows.push(&DecisionRow::of(decision, standing))?;
        }
    }
    let summary = Summary {
        r#type: "summary",
        schema: SCHEMA,
        decisions: overlay.decisions.len() as u64,
        in_force: in_force.len() as u64,
        not_understood: overlay.not_understood() as u64,
    };
    rows.finish(&summary)?;
    let (all, counting) = (counted(summary.decisions, "decisions"), summary.in_force);
    session.talk.note(&format!("{all}, {counting} in force"));
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Summary {
    r#type: &'static str,
    schema: u32,
    decisions: u64,
    in_force: u64,
    not_understood: u64,
}

/// The decisions as they are now: those of the file, or their copy where it is missing.
fn current(session: &Session) -> Result<Overlay, Failure> {
    let file = DecisionsFile::beside(&session.settings.catalog());
    match file.read()? {
        Some(overlay) => Ok(overlay),
        None => copied(session),
    }
}

/// The copy in the catalog, which a file that is missing begins with.
fn copied(session: &Session) -> Result<Overlay, Failure> {
    if !session.settings.catalog().exists() {
        return Ok(Overlay::default());
    }
    Ok(session.catalog()?.copied_overlay()?)
}

fn file_to_change(session: &Session) -> Result<DecisionsFile, Failure> {
    session.settings.create_home()?;
    Ok(DecisionsFile::beside(&session.settings.catalog()))
}

/// Applies the decisions to the catalog, if there is one; else the first import does.
fn relink(session: &Session) -> Result<Option<Linked>, Failure> {
    if !session.settings.catalog().exists() {
        return Ok(None);
    }
    let mut catalog = session.present_catalog_to_write()?;
    follow::link(&mut catalog, &session.writing()).map(Some)
}

/// A hash to decide about: well spelt, and no junk.
fn usable_hash(text: &str) -> Result<HexHash, Failure> {
    let hash = HexHash::check(text).map_err(|fault| {
        Failure::usage(format!("`{text}` is no hash: it {}", fault.as_str()))
            .hint("give 8 to 64 hexadecimal digits, as metadata writes them")
    })?;
    match hash.junk() {
        Some(reason) => {
            Err(Failure::usage(format!("{hash} stands for no file: it is the {}", reason.as_str()))
                .hint("many unrelated files share it, so nothing can be decided by it"))
        }
        None => Ok(hash),
    }
}

fn version_of(text: &str) -> Result<VersionId, Failure> {
    let version = match Target::parse(text) {
        Some(Target::Number(number)) => VersionId::new(number),
        Some(Target::Version(version) | Target::ModelVersion(_, version)) => Some(version),
        Some(Target::Air(Air { version, .. })) => version,
        _ => None,
    };
    version.ok_or_else(|| {
        Failure::usage(format!("`{text}` names no version"))
            .hint("give a version id, an AIR or the URL of the version")
    })
}

/// What `not-link` is about.
fn refused(text: &str, session: &Session) -> Result<Refused, Failure> {
    if let Some(hash) = text.strip_prefix("hash:") {
        return Ok(Refused::Hash(usable_hash(hash)?));
    }
    if let Some(image) = text.strip_prefix("image:") {
        return Ok(Refused::Image(image_of(image, session)?));
    }
    if let Some((role, name)) = text.split_once(':') {
        let kind = ResourceKind::from_word(role);
        let is_role = ResourceKind::ALL.into_iter().any(|kind| kind.as_str() == role);
        if (is_role || kind != ResourceKind::Other) && !name.starts_with("//") && !name.trim().is_empty() {
            return Ok(Refused::Name(kind, name.trim().to_owned()));
        }
    }
    match Target::parse(text) {
        Some(Target::Hash(hash)) => Ok(Refused::Hash(usable_hash(hash.as_str())?)),
        _ => Ok(Refused::Image(image_of(text, session)?)),
    }
}

/// The image that a text names. A bare number needs no catalog.
fn image_of(text: &str, session: &Session) -> Result<ImageName, Failure> {
    match Target::parse(text) {
        Some(Target::Image(id)) => return Ok(ImageName::Site(id)),
        Some(Target::Number(number)) => {
            if let Some(id) = ImageId::new(number) {
                return Ok(ImageName::Site(id));
            }
        }
        _ => {}
    }
    let catalog = session.catalog()?;
    let found = target::image(&catalog, text)?;
    catalog.image_name(found.key)?.ok_or_else(|| target::unknown(text))
}

/// Says when a decision is about something that the catalog does not have: it may be a slip.
fn warn_of_unknown(ruling: &Ruling, session: &Session) -> Result<(), Failure> {
    if !session.settings.catalog().exists() {
        return Ok(());
    }
    let catalog = session.catalog()?;
    let (version, images): (Option<VersionId>, Vec<&ImageName>) = match ruling {
        Ruling::Hash { version, .. } => (Some(*version), Vec::new()),
        Ruling::NotLink { what: Refused::Image(image), version } => (Some(*version), vec![image]),
        Ruling::NotLink { version, .. } => (Some(*version), Vec::new()),
        Ruling::NotDuplicate { one, other } => (None, vec![one, other]),
        Ruling::Undo { .. } => (None, Vec::new()),
    };
    if let Some(version) = version
        && catalog.version_title(version)?.is_none()
    {
        session
            .talk
            .warn(&format!("version {version} is not in the catalog yet; the decision counts all the same"));
    }
    for image in images {
        if !is_known(&catalog, image)? {
            session
                .talk
                .warn(&format!("image {image} is not in the catalog yet; the decision counts all the same"));
        }
    }
    Ok(())
}

fn is_known(catalog: &Catalog, image: &ImageName) -> Result<bool, Failure> {
    match image {
        ImageName::Site(id) => Ok(catalog.image((*id).into())?.is_some()),
        name => Ok(catalog.image_by_name(name)?.is_some()),
    }
}
