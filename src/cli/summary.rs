//! What an import or a crawl did: for people on stderr, for scripts as one JSON object on stdout.

mod site;
mod steps;
mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use stemmata::catalog::{BatchReport, Outcome};
use stemmata::fetch::Traffic;

use super::output::SCHEMA;
pub(crate) use site::SiteTraffic;
pub(crate) use steps::Step;
pub(crate) use words::{counted, elapsed_ms, grouped, seconds, size};

/// Failures told to people; scripts get all that were kept.
const FAILURES_TOLD: usize = 10;
/// Reasons told to people when there are more failures than that.
const REASONS_TOLD: usize = 3;
/// What `read` holds of the traffic with a site; people get it on a line of its own.
const SITE_COUNTS: [&str; 3] = ["requests", "retries", "bytes"];
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
    /// The steps taken, by a command that takes several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) steps: Vec<Step>,
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
    /// What people read above these.
    #[serde(skip)]
    pub(crate) warnings_title: &'static str,
    /// Fields left out of items, by name.
    pub(crate) field_warnings: BTreeMap<String, u64>,
    /// The first item that lost each of these, where that is known.
    pub(crate) first_warnings: BTreeMap<String, Loss>,
    /// What the site did and should not have done, by name.
    pub(crate) anomalies: BTreeMap<&'static str, u64>,
    /// What was sent to the site and received; null where no site was asked.
    pub(crate) traffic: Option<SiteTraffic>,
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
            steps: Vec::new(),
            items: 0,
            written: written.into(),
            generation: written.generation,
            failed: 0,
            failures: Vec::new(),
            warnings_title: "fields left out",
            field_warnings: BTreeMap::new(),
            first_warnings: BTreeMap::new(),
            anomalies: BTreeMap::new(),
            traffic: None,
            linked: None,
            indexed: None,
            elapsed_ms: 0,
        }
    }

    /// Adds what was sent to the site and received.
    pub(crate) fn count_traffic(&mut self, traffic: &Traffic) {
        self.read.insert("requests", traffic.requests);
        self.read.insert("retries", traffic.retries);
        self.read.insert("bytes", traffic.bytes);
        self.traffic = Some(traffic.into());
    }

    /// Why items were lost, by how often among the failures that were kept, then by the words.
    fn reasons(&self) -> Vec<(&str, u64)> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for loss in &self.failures {
            *counts.entry(&loss.reason).or_default() += 1;
        }
        let mut reasons: Vec<(&str, u64)> = counts.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        reasons
    }

    /// The summary for people, several lines.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}: {}", self.command, counted(self.items, "items"));
        let of_site = |name: &str| self.traffic.is_some() && SITE_COUNTS.contains(&name);
        for (name, count) in self.read.iter().filter(|(name, count)| **count > 0 && !of_site(name)) {
            append(&mut text, &format!(", {}", counted(*count, name)));
        }
        append(&mut text, &format!(", {}\n", seconds(self.elapsed_ms)));
        for step in &self.steps {
            append(&mut text, &format!("  {}\n", step.text()));
        }
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
        if let Some(traffic) = &self.traffic {
            append(&mut text, &format!("  site: {}\n", traffic.text()));
        }
        self.append_losses(&mut text);
        append_counts(
            &mut text,
            self.warnings_title,
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
            let often: Vec<String> = self
                .reasons()
                .into_iter()
                .filter(|(_, count)| *count > 1)
                .take(REASONS_TOLD)
                .map(|(reason, count)| format!("{reason} ({})", grouped(count)))
                .collect();
            if !often.is_empty() {
                append(text, &format!("    most often: {}\n", often.join(", ")));
            }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stemmata::fetch::Waited;

    use super::*;

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

    #[test]
    fn what_the_site_was_asked_stands_on_a_line_of_its_own() {
        let mut summary = Summary::new("crawl", "done", &BatchReport::default());
        summary.read.insert("pages", 1);
        let waited = Waited { asked: Duration::from_millis(2500), ..Waited::default() };
        let traffic = Traffic {
            requests: 3,
            retries: 1,
            unchanged: 2,
            bytes: 20_940,
            wire_bytes: 7,
            waited,
            ..Traffic::default()
        };
        summary.count_traffic(&traffic);
        assert_eq!(
            summary.text(),
            "crawl: 0 items, 1 page, 0.0 s\n  site: 3 requests, 1 retry, 2 answers not modified, 20.9 kB (7 bytes \
             packed), waited 2.5 s because the site asked to"
        );
        let record = serde_json::to_value(&summary).expect("plain data");
        assert_eq!((&record["read"]["requests"], &record["read"]["bytes"]), (&3.into(), &20_940.into()));
        assert_eq!(
            record["traffic"].to_string(),
            r#"{"bytes":20940,"challenges":0,"not_modified":2,"requests":3,"retries":1,"waited_ms":{"asked":2500,"challenge":0,"pace":0,"retry":0,"total":2500},"wire_bytes":7}"#
        );
    }

    #[test]
    fn many_failures_are_told_with_their_most_frequent_reasons() {
        let mut summary = Summary::new("crawl", "done", &BatchReport::default());
        for item in 0..12 {
            let reason = if item < 9 { "item is null" } else { "item has no id" }.to_owned();
            summary.failures.push(Loss { place: "page 1".to_owned(), line: None, item: Some(item), reason });
        }
        summary.failed = 12;
        let text = summary.text();
        let end =
            "    and 2 more; --format json lists them\n    most often: item is null (9), item has no id (3)";
        assert!(text.ends_with(end), "{text}");
    }
}
