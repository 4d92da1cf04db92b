//! The files that `lineage --export-...` writes.
//!
//! - Each file is written beside its place and then put there as a whole, so that a reader sees the old one or the new
//!   one. What was there is replaced. In a folder of CSV files, other files stay.
//! - All forms are made before the first file is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use stemmata::lineage::{self, LineageReport, ProvImage};

use super::args::LineageExports;
use super::failure::Failure;
use super::session::Session;

/// A form and how it is made.
type Form = (&'static str, fn(&LineageReport, &[ProvImage]) -> Result<String, Failure>);

/// Forms of one file each, by the flag that asks for them.
const FORMS: [Form; 6] = [
    ("--export-html", |report, _| Ok(lineage::html(report))),
    ("--export-markdown", |report, _| Ok(lineage::markdown(report))),
    ("--export-json", |report, _| json(report)),
    ("--export-dot", |report, _| Ok(lineage::dot(report))),
    ("--export-mermaid", |report, _| Ok(lineage::mermaid(report))),
    ("--export-prov", |report, images| json(&lineage::prov(report, images))),
];

/// What is to be written where.
pub(super) struct Exports<'a> {
    files: Vec<(&'a Path, &'static Form)>,
    csv: Option<&'a Path>,
}

impl<'a> Exports<'a> {
    /// Refuses what cannot be: two exports to stdout or to one file, a folder there.
    pub(super) fn of(arguments: &'a LineageExports) -> Result<Self, Failure> {
        let given = [
            &arguments.export_html,
            &arguments.export_markdown,
            &arguments.export_json,
            &arguments.export_dot,
            &arguments.export_mermaid,
            &arguments.export_prov,
        ];
        let files: Vec<(&Path, &Form)> =
            given.into_iter().zip(&FORMS).filter_map(|(path, form)| Some((path.as_deref()?, form))).collect();
        for (place, (path, (flag, _))) in files.iter().enumerate() {
            if let Some((_, (other, _))) = files.iter().take(place).find(|(other, _)| other == path) {
                let what =
                    if is_stdout(path) { "stdout".to_owned() } else { format!("`{}`", path.display()) };
                return Err(Failure::usage(format!("{other} and {flag} both write to {what}"))
                    .hint("give each a file of its own; one of them may be `-`"));
            }
            if path.is_dir() {
                return Err(Failure::usage(format!("{flag}: `{}` is a folder", path.display()))
                    .hint("name a file in it"));
            }
        }
        let csv = arguments.export_csv.as_deref();
        if let Some(path) = csv.filter(|path| is_stdout(path) || path.is_file()) {
            return Err(Failure::usage(format!("--export-csv: `{}` is no folder", path.display()))
                .hint("CSV is several files, one for each table"));
        }
        Ok(Self { files, csv })
    }

    /// Writes them. Whether one of them went to stdout, so that nothing else belongs there.
    pub(super) fn write(
        &self,
        report: &LineageReport,
        images: &[ProvImage],
        session: &Session,
    ) -> Result<bool, Failure> {
        let mut texts = Vec::new();
        for (path, (_, make)) in &self.files {
            texts.push((*path, make(report, images)?));
        }
        if let Some(folder) = self.csv {
            fs::create_dir_all(folder).map_err(|error| Failure::file(folder.display(), &error))?;
            let files = lineage::csv(report);
            for file in &files {
                replace(&folder.join(&file.name), &file.text)?;
            }
            session.talk.note(&format!("wrote {} files into {}", files.len(), folder.display()));
        }
        for (path, text) in texts.iter().filter(|(path, _)| !is_stdout(path)) {
            replace(path, text)?;
            session.talk.note(&format!("wrote {}", path.display()));
        }
        let Some((_, text)) = texts.iter().find(|(path, _)| is_stdout(path)) else { return Ok(false) };
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| Failure::output(&error))?;
        Ok(true)
    }
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| Failure::of(super::exit::Exit::General, "lineage.failed", &error))?;
    Ok(text + "\n")
}

/// Puts a whole file in its place. What was begun is taken away when it fails.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::file(path.display(), &error);
    let (next, mut file) = beside(path).map_err(failed)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| keep_permissions(path, &file))
        .and_then(|()| fs::rename(&next, path));
    written.map_err(|error| {
        // The first failure is the one to tell.
        let _ = fs::remove_file(&next);
        failed(error)
    })
}

/// A new file in the same folder, under a name that nobody else has.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let Some(name) = path.file_name() else { return Err(io::Error::from(io::ErrorKind::InvalidInput)) };
    for number in 0..100_u32 {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{number}.new", std::process::id()));
        let next = path.with_file_name(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&next) {
            Ok(file) => return Ok((next, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// A file that is replaced keeps who may read it.
fn keep_permissions(path: &Path, file: &File) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(before) => file.set_permissions(before.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("report.html");
        replace(&path, "first and longer").expect("it can be written");
        replace(&path, "second").expect("it can be written");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "second");
        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1);
        assert!(replace(&folder.path().join("no/such/folder"), "x").is_err());
        assert!(replace(folder.path(), "x").is_err(), "a folder is not replaced");
    }
}
