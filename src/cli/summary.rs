//! What an import or a crawl did: for people on stderr, for scripts as one JSON object on stdout.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use serde::Serialize;
use stemmata::catalog::{BatchReport, Outcome};

use super::output::SCHEMA;

/// Failures told to people; scripts get all that were kept.
const FAILURES_TOLD: usize = 10;
/// Names of fields told to people.
const FIELDS_TOLD: usize = 10;

/// What one command did to the catalog.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    schema: u32,
    r#type: &'static str,
    /// `import` or `crawl`.
    pub(crate) command: &'static str,
    /// How it ended: `done`, `enough`, `interrupted`, `stalled`.
    pub(crate) end: &'static str,
    /// Documents, pages or entities read, by what they are called.
    pub(crate) read: BTreeMap<&'static str, u64>,
    /// Items found.
    pub(crate) items: u64,
    /// What became of them.
    pub(crate) written: Written,
    /// Generation of the catalog afterwards; null when nothing was written.
    pub(crate) generation: Option<u64>,
    /// What was lost: files, lines, items.
    pub(crate) failed: u64,
    /// The first of these.
    pub(crate) failures: Vec<Loss>,
    /// Fields left out of items, by name.
    pub(crate) field_warnings: BTreeMap<String, u64>,
    /// The first item that lost each of these, where that is known.
    pub(crate) first_warnings: BTreeMap<String, Loss>,
    /// What the site did and should not have done, by name.
    pub(crate) anomalies: BTreeMap<&'static str, u64>,
    /// What linking did afterwards; null when it was left out.
    pub(crate) linked: Option<Linked>,
    /// What indexing did afterwards; null when it was left out.
    pub(crate) indexed: Option<Indexed>,
    /// Wall time of reading and writing.
    pub(crate) elapsed_ms: u64,
}

/// What linking did.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Linked {
    /// Resources looked at.
    pub(crate) examined: u64,
    /// Resources whose links changed.
    pub(crate) changed: u64,
    /// Of those looked at, how many nothing explains.
    pub(crate) unresolved: u64,
    /// Wall time.
    pub(crate) elapsed_ms: u64,
}

/// What indexing did.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Indexed {
    /// Images written to the index.
    pub(crate) images: u64,
    /// The generation that it now shows.
    pub(crate) generation: u64,
    /// Wall time.
    pub(crate) elapsed_ms: u64,
}

impl Linked {
    /// One line for people.
    pub(crate) fn text(&self) -> String {
        let (examined, unresolved) = (counted(self.examined, "resources"), grouped(self.unresolved));
        format!("linked: {examined}, {unresolved} of them unexplained, {}", seconds(self.elapsed_ms))
    }
}

impl Indexed {
    /// One line for people.
    pub(crate) fn text(&self) -> String {
        format!("indexed: {}, {}", counted(self.images, "images"), seconds(self.elapsed_ms))
    }
}

/// What became of the items, by kind; version images count as images.
#[derive(Debug, Serialize)]
pub(crate) struct Written {
    images: Counts,
    models: Counts,
    versions: Counts,
    creators_and_tags: Counts,
}

#[derive(Debug, Serialize)]
struct Counts {
    new: u64,
    changed: u64,
    unchanged: u64,
}

/// One file, line or item that was lost, and why.
#[derive(Debug, Serialize)]
pub(crate) struct Loss {
    /// The file, page or entity.
    pub(crate) place: String,
    /// The line, from 1.
    pub(crate) line: Option<u64>,
    /// The item, from 0.
    pub(crate) item: Option<usize>,
    /// What is wrong.
    pub(crate) reason: String,
}

impl From<Outcome> for Counts {
    fn from(outcome: Outcome) -> Self {
        Self { new: outcome.new, changed: outcome.changed, unchanged: outcome.unchanged }
    }
}

impl From<&BatchReport> for Written {
    fn from(report: &BatchReport) -> Self {
        Self {
            images: report.images.into(),
            models: report.models.into(),
            versions: report.versions.into(),
            creators_and_tags: report.others.into(),
        }
    }
}

impl Summary {
    /// A summary of `command` that still counts nothing but what was written.
    pub(crate) fn new(command: &'static str, end: &'static str, written: &BatchReport) -> Self {
        Self {
            schema: SCHEMA,
            r#type: "summary",
            command,
            end,
            read: BTreeMap::new(),
            items: 0,
            written: written.into(),
            generation: written.generation,
            failed: 0,
            failures: Vec::new(),
            field_warnings: BTreeMap::new(),
            first_warnings: BTreeMap::new(),
            anomalies: BTreeMap::new(),
            linked: None,
            indexed: None,
            elapsed_ms: 0,
        }
    }

    /// The summary for people, several lines.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}: {}", self.command, counted(self.items, "items"));
        for (name, count) in &self.read {
            append(&mut text, &format!(", {}", counted(*count, name)));
        }
        append(&mut text, &format!(", {}\n", seconds(self.elapsed_ms)));
        let kinds = [
            ("images", &self.written.images),
            ("models", &self.written.models),
            ("versions", &self.written.versions),
            ("creators and tags", &self.written.creators_and_tags),
        ];
        for (name, counts) in kinds {
            if counts.new + counts.changed + counts.unchanged > 0 {
                append(&mut text, &counts.line(name));
            }
        }
        self.append_losses(&mut text);
        append_counts(
            &mut text,
            "fields left out",
            self.field_warnings.iter().map(|(k, n)| (k.as_str(), *n)),
            &self.first_warnings,
        );
        let anomalies = self.anomalies.iter().map(|(k, n)| (*k, *n));
        append_counts(&mut text, "oddities of the site", anomalies, &BTreeMap::new());
        for line in self.linked.iter().map(Linked::text).chain(self.indexed.iter().map(Indexed::text)) {
            append(&mut text, &format!("{line}\n"));
        }
        text.truncate(text.trim_end().len());
        text
    }

    fn append_losses(&self, text: &mut String) {
        if self.failed == 0 {
            return;
        }
        append(text, &format!("  failed: {}\n", grouped(self.failed)));
        for loss in self.failures.iter().take(FAILURES_TOLD) {
            append(text, &format!("    {}\n", loss.line()));
        }
        let told = self.failures.len().min(FAILURES_TOLD) as u64;
        if self.failed > told {
            let more = grouped(self.failed - told);
            let kept = self.failures.len() as u64;
            let listed =
                if self.failed > kept { format!("the first {}", grouped(kept)) } else { "them".to_owned() };
            append(text, &format!("    and {more} more; --format json lists {listed}\n"));
        }
    }
}

impl Counts {
    fn line(&self, name: &str) -> String {
        let (new, changed, unchanged) = (grouped(self.new), grouped(self.changed), grouped(self.unchanged));
        format!("  {name}: {new} new, {changed} changed, {unchanged} unchanged\n")
    }
}

impl Loss {
    fn place(&self) -> String {
        let line = self.line.map(|line| format!(" line {line}")).unwrap_or_default();
        let item = self.item.map(|item| format!(" item {item}")).unwrap_or_default();
        format!("{}{line}{item}", self.place)
    }

    fn line(&self) -> String {
        format!("{}: {}", self.place(), self.reason)
    }
}

/// The largest counts first, ties by name, how many names were left out, and where each was met first.
fn append_counts<'a>(
    text: &mut String,
    title: &str,
    counts: impl Iterator<Item = (&'a str, u64)>,
    first: &BTreeMap<String, Loss>,
) {
    let mut counts: Vec<(&str, u64)> = counts.collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
    if counts.is_empty() {
        return;
    }
    append(text, &format!("  {title}: {}\n", grouped(counts.iter().map(|(_, count)| count).sum())));
    for (name, count) in counts.iter().take(FIELDS_TOLD) {
        let place = first.get(*name).map(|loss| format!(", first in {}", loss.place())).unwrap_or_default();
        append(text, &format!("    {name} ({}){place}\n", grouped(*count)));
    }
    let more = counts.len().saturating_sub(FIELDS_TOLD);
    if more > 0 {
        append(text, &format!("    and {more} more; --format json lists them\n"));
    }
}

fn append(text: &mut String, more: &str) {
    text.write_str(more).expect("writing to a string cannot fail");
}

/// A count with its thousands apart: `1,234,567`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun, which is given in the plural: `1 file`, `2 files`.
pub(crate) fn counted(count: u64, nouns: &str) -> String {
    let noun = match nouns {
        _ if count != 1 => nouns,
        "retries" => "retry",
        "other files left alone" => "other file left alone",
        _ => nouns.strip_suffix('s').unwrap_or(nouns),
    };
    format!("{} {noun}", grouped(count))
}

/// Milliseconds since `started`.
pub(crate) fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// A duration for people: `0.4 s`.
pub(crate) fn seconds(elapsed_ms: u64) -> String {
    format!("{}.{} s", elapsed_ms / 1000, elapsed_ms % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(seconds(12_345), "12.3 s");
    }

    #[test]
    fn one_of_a_kind_is_told_in_the_singular() {
        let words = ["items", "files", "retries", "bytes", "found", "other files left alone"];
        assert_eq!(
            words.map(|word| counted(1, word)),
            ["1 item", "1 file", "1 retry", "1 byte", "1 found", "1 other file left alone"]
        );
        assert_eq!(words.map(|word| counted(1000, word)), words.map(|word| format!("1,000 {word}")));
    }

    #[test]
    fn a_summary_names_counts_losses_and_fields() {
        let written = BatchReport {
            generation: Some(3),
            images: Outcome { new: 1200, changed: 3, unchanged: 0 },
            ..BatchReport::default()
        };
        let mut summary = Summary::new("import", "done", &written);
        summary.items = 1204;
        summary.read.insert("files", 2);
        summary.failed = 1;
        summary.failures.push(Loss {
            place: "a.ndjson".to_owned(),
            line: Some(7),
            item: None,
            reason: "not JSON".to_owned(),
        });
        summary.field_warnings = BTreeMap::from([("meta.steps".to_owned(), 2), ("id".to_owned(), 9)]);
        let first = Loss { place: "b.json".to_owned(), line: None, item: Some(3), reason: String::new() };
        summary.first_warnings.insert("meta.steps".to_owned(), first);
        summary.elapsed_ms = 250;
        assert_eq!(
            summary.text(),
            "import: 1,204 items, 2 files, 0.2 s\n  images: 1,200 new, 3 changed, 0 unchanged\n  failed: 1\n    \
             a.ndjson line 7: not JSON\n  fields left out: 11\n    id (9)\n    meta.steps (2), first in b.json item 3"
        );
    }
}
